/* calc.c - see calc.h.
 *
 * Operator precedence with two stacks (Dijkstra's shunting yard).  As in
 * Python, a minus in front binds weaker than a power and // and % round down. */
#include "core/turn/calc.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "backends/numerics.h"

struct number {
    bool whole;  /* i counts, else x */
    bool rough;  /* went through a series: 12 digits are shown, not 15 */
    int64_t i;
    double x;
};

enum op {
    OP_OPEN, OP_CALL, /* a bracket; the function in front of one */
    OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_FLOOR_DIV, OP_MOD, OP_MINUS, OP_POWER
};
static const int BINDS[] = { 0, 0, 1, 1, 2, 2, 2, 2, 3, 4 };

enum fn {
    FN_ABS, FN_SQRT, FN_ROUND, FN_FLOOR, FN_CEIL, FN_MIN, FN_MAX, FN_SUM,
    FN_EXP, FN_LN, FN_LOG10, FN_LOG2, FN_SIN, FN_COS, FN_TAN, FN_POW, FN_GCD
};
static const struct {
    const char *name;
    enum fn fn;
    size_t least, most; /* arguments */
} FUNCTIONS[] = {
    { "abs", FN_ABS, 1, 1 },     { "sqrt", FN_SQRT, 1, 1 },
    { "round", FN_ROUND, 1, 2 }, { "floor", FN_FLOOR, 1, 1 },
    { "ceil", FN_CEIL, 1, 1 },   { "min", FN_MIN, 1, 32 },
    { "max", FN_MAX, 1, 32 },    { "sum", FN_SUM, 1, 32 },
    { "exp", FN_EXP, 1, 1 },     { "ln", FN_LN, 1, 1 },
    { "log", FN_LN, 1, 1 },      { "log10", FN_LOG10, 1, 1 },
    { "log2", FN_LOG2, 1, 1 },   { "sin", FN_SIN, 1, 1 },
    { "cos", FN_COS, 1, 1 },     { "tan", FN_TAN, 1, 1 },
    { "pow", FN_POW, 2, 2 },     { "gcd", FN_GCD, 2, 2 },
};
#define N_FUNCTIONS (sizeof FUNCTIONS / sizeof *FUNCTIONS)

#define PI 3.14159265358979323846
#define LN2 0.69314718055994530942
#define LN10 2.30258509299404568402

struct waiting {
    enum op op;
    size_t fn;     /* of OP_CALL: index into FUNCTIONS */
    size_t n_left; /* of OP_OPEN: values below it */
    size_t at;
};

struct calc {
    const char *text;
    size_t size, at;
    struct number value[TARN_CALC_MAX_DEPTH];
    struct waiting op[TARN_CALC_MAX_DEPTH];
    size_t n_values, n_ops;
    const char *wrong;
    size_t wrong_at;
};

static bool fail(struct calc *c, size_t at, const char *why)
{
    if (!c->wrong) {
        c->wrong = why;
        c->wrong_at = at;
    }
    return false;
}

/* ------------------------------------------------------------------ numbers */
static double as_float(struct number n)
{
    return n.whole ? (double)n.i : n.x;
}

static struct number whole(int64_t i)
{
    return (struct number){ .whole = true, .i = i };
}

static struct number real(double x, bool rough)
{
    return (struct number){ .x = x, .rough = rough };
}

/* A float64 that is a whole number goes on as one. */
static struct number simplified(double x, bool rough)
{
    const double most = 9007199254740992.0; /* 2^53 */
    return !rough && x > -most && x < most && x == (double)(int64_t)x
               ? whole((int64_t)x)
               : real(x, rough);
}

static bool add_whole(int64_t a, int64_t b, int64_t *out)
{
    if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b)
        return false;
    *out = a + b;
    return true;
}

static bool mul_whole(int64_t a, int64_t b, int64_t *out)
{
    if (a != 0 && b != 0) {
        const bool fits = a > 0 ? (b > 0 ? a <= INT64_MAX / b
                                         : b >= INT64_MIN / a)
                                : (b > 0 ? a >= INT64_MIN / b
                                         : b >= INT64_MAX / a);
        if (!fits)
            return false;
    }
    *out = a * b;
    return true;
}

static struct number multiplied(struct number a, struct number b)
{
    int64_t i;
    if (a.whole && b.whole && mul_whole(a.i, b.i, &i))
        return whole(i);
    return real(as_float(a) * as_float(b), a.rough || b.rough);
}

static struct number added(struct number a, struct number b)
{
    int64_t i;
    if (a.whole && b.whole && add_whole(a.i, b.i, &i))
        return whole(i);
    return real(as_float(a) + as_float(b), a.rough || b.rough);
}

static struct number negated(struct number a)
{
    if (a.whole && a.i != INT64_MIN)
        return whole(-a.i);
    return real(-as_float(a), a.rough);
}

static double rounded_down(double x)
{
    if (!(x > -4503599627370496.0 && x < 4503599627370496.0)) /* 2^52 */
        return x;
    const double t = (double)(int64_t)x;
    return t > x ? t - 1 : t;
}

static bool divide(struct calc *c, enum op op, struct number a,
                   struct number b, size_t at, struct number *out)
{
    if (as_float(b) == 0)
        return fail(c, at, "this divides by zero");
    if (a.whole && b.whole && a.i != INT64_MIN && b.i != INT64_MIN) {
        int64_t q = a.i / b.i, r = a.i % b.i;
        if (op == OP_DIV) {
            *out = r == 0 ? whole(q) : real((double)a.i / (double)b.i, false);
            return true;
        }
        if (r != 0 && (r < 0) != (b.i < 0)) { /* round down */
            q--;
            r += b.i;
        }
        *out = whole(op == OP_MOD ? r : q);
        return true;
    }
    const double x = as_float(a), y = as_float(b);
    const bool rough = a.rough || b.rough;
    if (op == OP_DIV)
        *out = simplified(x / y, rough);
    else if (op == OP_FLOOR_DIV)
        *out = simplified(rounded_down(x / y), rough);
    else
        *out = simplified(x - y * rounded_down(x / y), rough);
    return true;
}

/* By squaring; 64 steps at most. */
static struct number power_of_whole(struct number base, int64_t e)
{
    struct number y = whole(1);
    for (; e > 0; e /= 2) {
        if (e % 2)
            y = multiplied(y, base);
        if (e > 1)
            base = multiplied(base, base);
    }
    return y;
}

static bool raise(struct calc *c, struct number a, struct number b, size_t at,
                  struct number *out)
{
    if (b.whole && b.i >= 0) {
        *out = power_of_whole(a, b.i);
        return true;
    }
    const double x = as_float(a), y = as_float(b);
    if (x == 0)
        return fail(c, at, "this divides by zero");
    if (b.whole && b.i != INT64_MIN) {
        *out = simplified(1 / as_float(power_of_whole(a, -b.i)), a.rough);
        return true;
    }
    if (x < 0)
        return fail(c, at, "a root of a negative number is no real number");
    if (y == 0.5)
        *out = simplified(sqrt(x), a.rough);
    else
        *out = real(tarn_exp64(y * tarn_log64(x)), true);
    return true;
}

/* --------------------------------------------------------------- functions */
/* sin(r) of r in [-pi/4, pi/4] and cos(r), by their series. */
static void sin_cos(double r, double *s, double *c)
{
    double term = r, sum = r;
    for (int k = 3; k < 20; k += 2) {
        term = -term * r * r / (double)(k * (k - 1));
        sum += term;
    }
    *s = sum;
    term = sum = 1;
    for (int k = 2; k < 20; k += 2) {
        term = -term * r * r / (double)(k * (k - 1));
        sum += term;
    }
    *c = sum;
}

static bool angle(struct calc *c, enum fn fn, double x, size_t at,
                  struct number *out)
{
    if (!(x > -1e6 && x < 1e6))
        return fail(c, at, "this angle is beyond a million radians");
    /* pi/2 in two parts, so that what is taken away is exact. */
    const double turns = rounded_down(x / (PI / 2) + 0.5);
    const double r = (x - turns * 1.57079632673412561417) -
                     turns * 6.07710050650619224932e-11;
    double s, k;
    sin_cos(r, &s, &k);
    const int q = (int)((int64_t)turns & 3);
    const double sine = q == 0 ? s : q == 1 ? k : q == 2 ? -s : -k;
    const double cosine = q == 0 ? k : q == 1 ? -s : q == 2 ? -k : s;
    if (fn == FN_TAN && cosine > -1e-15 && cosine < 1e-15)
        return fail(c, at, "this tangent is infinite");
    double v = fn == FN_SIN ? sine : fn == FN_COS ? cosine : sine / cosine;
    if (v > -1e-15 && v < 1e-15)
        v = 0; /* sin(pi) */
    *out = real(v, true);
    return true;
}

/* Half away from zero, as people do it. */
static bool round_to(struct calc *c, struct number a, struct number digits,
                     size_t at, struct number *out)
{
    if (!digits.whole || digits.i < -15 || digits.i > 15)
        return fail(c, at, "this rounds to more than 15 digits");
    if (a.whole && digits.i >= 0) {
        *out = a;
        return true;
    }
    const int64_t n = digits.i < 0 ? -digits.i : digits.i;
    const double ten = as_float(power_of_whole(whole(10), n));
    double x = as_float(a);
    const bool minus = x < 0;
    x = minus ? -x : x;
    x = digits.i < 0 ? x / ten : x * ten;
    /* 2.675 is a little less in float64; a person means the digits. */
    x = rounded_down(x + 0.5 + x * 1e-15);
    x = digits.i < 0 ? x * ten : x / ten;
    *out = simplified(minus ? -x : x, false);
    return true;
}

static struct number least_or_most(const struct number *v, size_t n, bool most)
{
    struct number best = v[0];
    for (size_t i = 1; i < n; i++)
        if (most ? as_float(v[i]) > as_float(best)
                 : as_float(v[i]) < as_float(best))
            best = v[i];
    return best;
}

static bool logarithm(struct calc *c, enum fn fn, double x, size_t at,
                      struct number *out)
{
    if (!(x > 0))
        return fail(c, at, "only positive numbers have a logarithm");
    const double l = tarn_log64(x);
    *out = real(fn == FN_LN ? l : fn == FN_LOG10 ? l / LN10 : l / LN2, true);
    return true;
}

static bool common_divisor(struct calc *c, struct number a, struct number b,
                           size_t at, struct number *out)
{
    if (!a.whole || !b.whole || a.i == INT64_MIN || b.i == INT64_MIN)
        return fail(c, at, "gcd() is for whole numbers");
    int64_t x = a.i < 0 ? -a.i : a.i, y = b.i < 0 ? -b.i : b.i;
    while (y != 0) {
        const int64_t r = x % y;
        x = y;
        y = r;
    }
    *out = whole(x);
    return true;
}

static bool call(struct calc *c, enum fn fn, const struct number *v, size_t n,
                 size_t at, struct number *out)
{
    const double x = as_float(v[0]);
    switch (fn) {
    case FN_ABS:
        *out = x < 0 ? negated(v[0]) : v[0];
        return true;
    case FN_SQRT:
        if (x < 0)
            return fail(c, at, "a root of a negative number is no real number");
        *out = simplified(sqrt(x), v[0].rough);
        return true;
    case FN_ROUND:
        return round_to(c, v[0], n > 1 ? v[1] : whole(0), at, out);
    case FN_FLOOR:
        *out = v[0].whole ? v[0] : simplified(rounded_down(x), false);
        return true;
    case FN_CEIL:
        *out = v[0].whole ? v[0] : simplified(-rounded_down(-x), false);
        return true;
    case FN_MIN:
    case FN_MAX:
        *out = least_or_most(v, n, fn == FN_MAX);
        return true;
    case FN_SUM:
        *out = v[0];
        for (size_t i = 1; i < n; i++)
            *out = added(*out, v[i]);
        return true;
    case FN_EXP:
        *out = real(tarn_exp64(x), true);
        return true;
    case FN_LN:
    case FN_LOG10:
    case FN_LOG2:
        return logarithm(c, fn, x, at, out);
    case FN_SIN:
    case FN_COS:
    case FN_TAN:
        return angle(c, fn, x, at, out);
    case FN_POW:
        return raise(c, v[0], v[1], at, out);
    case FN_GCD:
        return common_divisor(c, v[0], v[1], at, out);
    }
    return false;
}

static bool factorial(struct calc *c, struct number a, struct number *out)
{
    if (!a.whole || a.i < 0 || a.i > 170)
        return fail(c, c->at, "only 0 to 170 have a factorial here");
    *out = whole(1);
    for (int64_t i = 2; i <= a.i; i++)
        *out = multiplied(*out, whole(i));
    return true;
}

/* ------------------------------------------------------------------ stacks */
static bool push_value(struct calc *c, struct number v)
{
    const double x = as_float(v);
    if (!(x >= -1.7e308 && x <= 1.7e308))
        return fail(c, c->at, "the value is too large");
    if (c->n_values == TARN_CALC_MAX_DEPTH)
        return fail(c, c->at, "more than 64 values wait");
    c->value[c->n_values++] = v;
    return true;
}

static bool push_op(struct calc *c, struct waiting w)
{
    if (c->n_ops == TARN_CALC_MAX_DEPTH)
        return fail(c, c->at, "it is nested more than 64 deep");
    c->op[c->n_ops++] = w;
    return true;
}

/* The operator on top takes its values. */
static bool reduce(struct calc *c)
{
    const struct waiting w = c->op[--c->n_ops];
    struct number out = whole(0);
    if (w.op == OP_MINUS)
        return push_value(c, negated(c->value[--c->n_values]));
    const struct number b = c->value[--c->n_values];
    const struct number a = c->value[--c->n_values];
    bool good = true;
    if (w.op == OP_ADD)
        out = added(a, b);
    else if (w.op == OP_SUB)
        out = added(a, negated(b));
    else if (w.op == OP_MUL)
        out = multiplied(a, b);
    else if (w.op == OP_POWER)
        good = raise(c, a, b, w.at, &out);
    else
        good = divide(c, w.op, a, b, w.at, &out);
    return good && push_value(c, out);
}

/* All that binds at least as strongly; brackets bind by 0. */
static bool reduce_to(struct calc *c, int binds)
{
    while (c->n_ops > 0 && c->op[c->n_ops - 1].op > OP_CALL &&
           BINDS[c->op[c->n_ops - 1].op] >= binds)
        if (!reduce(c))
            return false;
    return true;
}

static bool close_bracket(struct calc *c)
{
    if (!reduce_to(c, 1))
        return false;
    if (c->n_ops == 0)
        return fail(c, c->at, "this bracket was never opened");
    const struct waiting open = c->op[--c->n_ops];
    const bool called = c->n_ops > 0 && c->op[c->n_ops - 1].op == OP_CALL;
    const size_t n = c->n_values - open.n_left;
    if (!called)
        return n == 1 || fail(c, c->at, "a comma only stands between arguments");
    const struct waiting w = c->op[--c->n_ops];
    if (n < FUNCTIONS[w.fn].least || n > FUNCTIONS[w.fn].most)
        return fail(c, w.at, "this function wants another number of values");
    struct number out = whole(0);
    if (!call(c, FUNCTIONS[w.fn].fn, c->value + open.n_left, n, w.at, &out))
        return false;
    c->n_values = open.n_left;
    return push_value(c, out);
}

/* ------------------------------------------------------------------- words */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char peek(const struct calc *c)
{
    return c->at < c->size ? c->text[c->at] : 0;
}

/* Digits, a point, an exponent.  Own arithmetic instead of strtod: at most 18
 * digits are whole, and 10^n up to 22 is exact in float64. */
static bool read_number(struct calc *c)
{
    const size_t from = c->at;
    int64_t i = 0;
    int shift = 0, exponent = 0, digits = 0;
    bool point = false, any = false;
    for (; c->at < c->size; c->at++) {
        const char d = c->text[c->at];
        if (d == '.' && !point) {
            point = true;
        } else if (is_digit(d)) {
            any = true;
            if (digits < 18) {
                i = i * 10 + (d - '0');
                digits += i > 0;
                shift -= point;
            } else {
                shift += !point;
            }
        } else if (d != '_' || !any) {
            break;
        }
    }
    if (!any)
        return fail(c, from, "a number was expected");
    if (peek(c) == 'e' || peek(c) == 'E') {
        size_t at = c->at + 1;
        const bool minus = at < c->size && c->text[at] == '-';
        at += at < c->size && (c->text[at] == '-' || c->text[at] == '+');
        if (at < c->size && is_digit(c->text[at])) {
            for (; at < c->size && is_digit(c->text[at]); at++)
                exponent = exponent < 1000 ? exponent * 10 + c->text[at] - '0'
                                           : exponent;
            shift += minus ? -exponent : exponent;
            c->at = at;
        }
    }
    if (shift == 0)
        return push_value(c, whole(i));
    if (i == 0)
        return push_value(c, whole(0));
    double x = (double)i;
    shift = shift < -700 ? -700 : shift > 700 ? 700 : shift;
    for (; shift >= 22; shift -= 22)
        x *= 1e22;
    for (; shift <= -22; shift += 22)
        x /= 1e22;
    const double ten =
        as_float(power_of_whole(real(10, false), shift < 0 ? -shift : shift));
    return push_value(c, simplified(shift < 0 ? x / ten : x * ten, false));
}

/* A constant, or a function and its bracket; *value: a value stands there. */
static bool read_name(struct calc *c, bool *value)
{
    const size_t from = c->at;
    while (is_letter(peek(c)) || is_digit(peek(c)))
        c->at++;
    const char *name = c->text + from;
    const size_t n = c->at - from;
    *value = true;
    if (n == 2 && !memcmp(name, "pi", 2))
        return push_value(c, real(PI, false));
    if (n == 3 && !memcmp(name, "tau", 3))
        return push_value(c, real(2 * PI, false));
    if (n == 1 && *name == 'e')
        return push_value(c, real(2.71828182845904523536, false));
    *value = false;
    for (size_t i = 0; i < N_FUNCTIONS; i++) {
        if (strlen(FUNCTIONS[i].name) != n || memcmp(FUNCTIONS[i].name, name, n))
            continue;
        while (peek(c) == ' ')
            c->at++;
        if (peek(c) != '(')
            return fail(c, c->at, "a bracket is missing behind the function");
        c->at++;
        return push_op(c, (struct waiting){ .op = OP_CALL, .fn = i,
                                            .at = from }) &&
               push_op(c, (struct waiting){ .op = OP_OPEN,
                                            .n_left = c->n_values });
    }
    return fail(c, from, "this name is not known here");
}

/* One of the signs, and how long it is; false if none. */
static bool read_sign(const struct calc *c, enum op *op, size_t *n)
{
    static const struct {
        const char *sign;
        enum op op;
    } SIGNS[] = { { "**", OP_POWER }, { "//", OP_FLOOR_DIV }, { "+", OP_ADD },
                  { "-", OP_SUB }, { "*", OP_MUL }, { "/", OP_DIV },
                  { "%", OP_MOD }, { "^", OP_POWER }, { "\u00d7", OP_MUL },
                  { "\u00b7", OP_MUL }, { "\u00f7", OP_DIV },
                  { "\u2212", OP_SUB } };
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++) {
        *n = strlen(SIGNS[i].sign);
        if (*n <= c->size - c->at &&
            !memcmp(c->text + c->at, SIGNS[i].sign, *n)) {
            *op = SIGNS[i].op;
            return true;
        }
    }
    return false;
}

/* Where a value may begin; *done: one is whole now. */
static bool read_operand(struct calc *c, bool *done)
{
    const char d = peek(c);
    enum op op;
    size_t n;
    *done = false;
    if (d == '(') {
        c->at++;
        return push_op(c, (struct waiting){ .op = OP_OPEN,
                                            .n_left = c->n_values });
    }
    if (is_digit(d) || d == '.') {
        *done = true;
        return read_number(c);
    }
    if (is_letter(d))
        return read_name(c, done);
    if (read_sign(c, &op, &n) && (op == OP_ADD || op == OP_SUB)) {
        c->at += n;
        return op == OP_ADD ||
               push_op(c, (struct waiting){ .op = OP_MINUS, .at = c->at - n });
    }
    return fail(c, c->at, d ? "a value was expected here"
                            : "a value is missing at the end");
}

/* Behind a value; *done: the next thing is behind a value too. */
static bool read_operator(struct calc *c, bool *done)
{
    const size_t at = c->at;
    enum op op;
    size_t n;
    *done = true;
    if (peek(c) == '!') {
        struct number v = c->value[c->n_values - 1];
        c->at++;
        c->n_values--;
        return factorial(c, v, &v) && push_value(c, v);
    }
    if (peek(c) == ')') {
        const bool good = close_bracket(c);
        c->at++;
        return good;
    }
    *done = false;
    if (peek(c) == ',') {
        if (!reduce_to(c, 1))
            return false;
        if (c->n_ops == 0)
            return fail(c, at, "a comma only stands between arguments");
        c->at++;
        return true;
    }
    if (!read_sign(c, &op, &n))
        return fail(c, at, "an operator was expected here");
    /* A power takes what stands on its right first. */
    if (!reduce_to(c, op == OP_POWER ? BINDS[op] + 1 : BINDS[op]))
        return false;
    c->at += n;
    return push_op(c, (struct waiting){ .op = op, .at = at });
}

/* ------------------------------------------------------------------ public */
static bool evaluate(struct calc *c)
{
    bool done = false; /* a value stands in front */
    for (;;) {
        while (peek(c) == ' ' || (peek(c) >= '\t' && peek(c) <= '\r'))
            c->at++;
        if (c->at == c->size && done)
            break;
        if (!(done ? read_operator(c, &done) : read_operand(c, &done)))
            return false;
    }
    if (!reduce_to(c, 1))
        return false;
    return (c->n_ops == 0 && c->n_values == 1) ||
           fail(c, c->size, "a bracket is not closed");
}

/* The digits as everybody writes them, whatever the locale's point is. */
static void write_float(struct number v, char out[40])
{
    char raw[40];
    snprintf(raw, sizeof raw, v.rough ? "%.12g" : "%.15g", v.x);
    size_t n = 0;
    for (const char *p = raw; *p && n + 1 < sizeof raw; p++) {
        if (is_digit(*p) || *p == '-' || *p == '+' || *p == 'e')
            out[n++] = *p;
        else if (n == 0 || out[n - 1] != '.')
            out[n++] = '.';
    }
    out[n] = 0;
}

bool tarn_calc(const char *text, size_t size, struct tarn_calc *out)
{
    struct calc c = { .text = text, .size = size };
    *out = (struct tarn_calc){ .wrong = NULL };
    if (size > TARN_CALC_MAX_TEXT)
        fail(&c, TARN_CALC_MAX_TEXT, "the expression is too long");
    else if (evaluate(&c) && c.value[0].whole)
        snprintf(out->text, sizeof out->text, "%lld",
                 (long long)c.value[0].i);
    else if (!c.wrong)
        write_float(c.value[0], out->text);
    out->wrong = c.wrong;
    out->byte = c.wrong_at;
    return !c.wrong;
}
