/* number.c - numbers between bounds as nodes; see grammar.h.
 *
 * A number is written digit by digit beside its bounds: as long as its digits
 * equal a bound's it is TIGHT there, and the next digit may not pass the
 * bound's; once away from it, any digit will do.  So every place has at most
 * four kinds of nodes (tight below, above, both, none), times the remainder
 * where a multiple is wanted. */
#include <string.h>

#include "core/base/memory.h"
#include "core/sample/grammar.h"

#define MAX_DIGITS 15 /* a float64 keeps them all */
#define MAX_MULTIPLE 100u

struct decimal {
    char whole[MAX_DIGITS + 1]; /* digits, no zero in front but "0" */
    char part[MAX_DIGITS + 1];  /* behind the point, no zeros at the end */
    int n_whole, n_part;
    bool negative;
};

/* false: more digits than can be held. */
static bool read_decimal(const char *text, struct decimal *out)
{
    char digits[2 * MAX_DIGITS] = { 0 };
    int n = 0, point = 0, exponent = 0;
    bool seen_point = false;
    *out = (struct decimal){ .negative = *text == '-' };
    text += *text == '-';
    for (; (*text >= '0' && *text <= '9') || *text == '.'; text++) {
        if (*text == '.') {
            seen_point = true;
            continue;
        }
        if (n == 0 && *text == '0') {
            point -= seen_point;
            continue;
        }
        if (n == (int)sizeof digits && *text != '0')
            return false;
        if (n < (int)sizeof digits)
            digits[n++] = *text;
        point += !seen_point;
    }
    if (*text == 'e' || *text == 'E') {
        const bool minus = text[1] == '-';
        text += 1 + (text[1] == '-' || text[1] == '+');
        for (; *text >= '0' && *text <= '9'; text++)
            exponent = exponent < 1000 ? exponent * 10 + *text - '0' : exponent;
        exponent = minus ? -exponent : exponent;
    }
    while (n > 0 && digits[n - 1] == '0')
        n--;
    point = n > 0 ? point + exponent : 0;
    if (n > MAX_DIGITS || point > MAX_DIGITS || n - point > MAX_DIGITS)
        return false;
    for (int i = 0; i < point; i++)
        out->whole[out->n_whole++] = i < n ? digits[i] : '0';
    if (out->n_whole == 0)
        out->whole[out->n_whole++] = '0';
    for (int i = point < n ? point : n; i < n; i++)
        out->part[out->n_part++] = i < 0 ? '0' : digits[i];
    out->negative = out->negative && n > 0;
    return true;
}

/* Magnitudes from a to b; b NULL: no end. */
struct span {
    struct tarn_grammar *g;
    const struct decimal *a, *b;
    bool above, below, whole;
    uint32_t multiple; /* at least 1 */
    int n_part;        /* digits behind the point, at most */
    uint32_t to;
};

static int digit_of(const char *digits, int n, int at)
{
    return at < n ? digits[at] - '0' : 0;
}

static bool rest_is_zero(const struct decimal *d, int at)
{
    return d->n_part <= at;
}

/* May the number end behind `at` digits of its part? */
static bool may_end(const struct span *s, int at, bool low, bool high)
{
    if (low && (s->above || !rest_is_zero(s->a, at)))
        return false;
    return !high || !s->below || !rest_is_zero(s->b, at);
}

/* One digit between those of the bounds: next[low][high] is what follows. */
static uint32_t digit(struct tarn_grammar *g, int least, int most, bool low,
                      bool high, int from, int end,
                      uint32_t next[2][2])
{
    uint32_t ways[3] = { TARN_NO_NODE, TARN_NO_NODE, TARN_NO_NODE };
    int a = from, b = end;
    if (low && least > a)
        a = least;
    if (high && most < b)
        b = most;
    if (a > b)
        return TARN_NO_NODE;
    if (low && a == least) {
        const bool still = high && a == most;
        ways[0] = tarn_grammar_range(g, (unsigned)('0' + a),
                                     (unsigned)('0' + a), next[1][still]);
        a++;
    }
    if (high && b == most && a <= b) {
        ways[1] = tarn_grammar_range(g, (unsigned)('0' + b),
                                     (unsigned)('0' + b), next[0][1]);
        b--;
    }
    if (a <= b)
        ways[2] = tarn_grammar_range(g, (unsigned)('0' + a),
                                     (unsigned)('0' + b), next[0][0]);
    return tarn_grammar_split(g, ways, 3);
}

/* What may stand behind the whole digits: nothing, or a point and a part. */
static void add_parts(const struct span *s, uint32_t out[2][2])
{
    uint32_t next[2][2];
    for (int low = 0; low < 2; low++)
        for (int high = 0; high < 2; high++)
            next[low][high] = TARN_NO_NODE;
    for (int at = s->n_part; at-- > 0;) { /* the digit number `at` */
        uint32_t here[2][2];
        for (int low = 0; low < 2; low++)
            for (int high = 0; high < 2; high++) {
                uint32_t then[2][2]; /* behind it: the end, or more digits */
                for (int l = 0; l < 2; l++)
                    for (int h = 0; h < 2; h++)
                        then[l][h] = tarn_grammar_either(
                            s->g,
                            may_end(s, at + 1, l, h) ? s->to : TARN_NO_NODE,
                            next[l][h]);
                here[low][high] =
                    (low && !s->a) || (high && !s->b)
                        ? TARN_NO_NODE
                        : digit(s->g,
                                low ? digit_of(s->a->part, s->a->n_part, at)
                                    : 0,
                                high ? digit_of(s->b->part, s->b->n_part, at)
                                     : 9,
                                low, high, 0, 9, then);
            }
        memcpy(next, here, sizeof next);
    }
    for (int low = 0; low < 2; low++)
        for (int high = 0; high < 2; high++)
            out[low][high] = tarn_grammar_either(
                s->g,
                !(high && !s->b) && may_end(s, 0, low, high) ? s->to
                                                             : TARN_NO_NODE,
                next[low][high] == TARN_NO_NODE
                    ? TARN_NO_NODE
                    : tarn_grammar_range(s->g, '.', '.', next[low][high]));
}

/* Numbers whose whole part has n digits, any value modulo 1. */
static uint32_t with_digits(const struct span *s, int n)
{
    const bool tight_low = n == s->a->n_whole;
    const bool tight_high = s->b && n == s->b->n_whole;
    uint32_t next[2][2];
    add_parts(s, next);
    for (int at = n; at-- > 0;) {
        uint32_t here[2][2];
        for (int low = 0; low < 2; low++)
            for (int high = 0; high < 2; high++)
                here[low][high] =
                    (low && !tight_low) || (high && !tight_high)
                        ? TARN_NO_NODE
                        : digit(s->g, low ? s->a->whole[at] - '0' : 0,
                                high ? s->b->whole[at] - '0' : 9, low, high,
                                at == 0 && n > 1, 9, next);
        memcpy(next, here, sizeof next);
    }
    return next[tight_low][tight_high];
}

/* The same for whole numbers of a multiple: one kind of node more for each
 * remainder.  rows: [2 * multiple][4] work space. */
static uint32_t with_remainders(const struct span *s, int n,
                                uint32_t (*rows)[4])
{
    const bool tight_low = n == s->a->n_whole;
    const bool tight_high = s->b && n == s->b->n_whole;
    const uint32_t m = s->multiple;
    uint32_t(*next)[4] = rows, (*here)[4] = rows + m;
    for (uint32_t r = 0; r < m; r++)
        for (int k = 0; k < 4; k++)
            next[r][k] = r == 0 && !((k & 1) && !s->b) &&
                                 may_end(s, 0, k & 2, k & 1)
                             ? s->to
                             : TARN_NO_NODE;
    for (int at = n; at-- > 0;) {
        for (uint32_t i = 0; i < 4 * m; i++) {
            const uint32_t r = i / 4;
            const bool low = i & 2, high = i & 1;
            here[r][i % 4] = TARN_NO_NODE;
            if ((low && !tight_low) || (high && !tight_high))
                continue;
            const int least = low ? s->a->whole[at] - '0' : 0;
            const int most = high ? s->b->whole[at] - '0' : 9;
            uint32_t ways[10];
            size_t n_ways = 0;
            for (int d = at == 0 && n > 1; d < 10; d++) {
                const unsigned c = (unsigned)('0' + d);
                const int then = (low && d == least ? 2 : 0) |
                                 (high && d == most ? 1 : 0);
                const uint32_t to = next[(r * 10 + (uint32_t)d) % m][then];
                if (d >= least && d <= most && to != TARN_NO_NODE)
                    ways[n_ways++] = tarn_grammar_range(s->g, c, c, to);
            }
            here[r][i % 4] = tarn_grammar_split(s->g, ways, n_ways);
        }
        uint32_t(*swap)[4] = next;
        next = here;
        here = swap;
    }
    return next[0][(tight_low ? 2 : 0) | (tight_high ? 1 : 0)];
}

static uint32_t magnitudes(struct span *s)
{
    uint32_t all = TARN_NO_NODE, (*rows)[4] = NULL;
    const int most = s->b ? s->b->n_whole : MAX_DIGITS;
    if (s->multiple > 1 &&
        !(rows = tarn_alloc((size_t)s->multiple * 2, sizeof *rows))) {
        s->g->failed = true;
        return TARN_NO_NODE;
    }
    for (int n = s->a->n_whole; n <= most; n++) {
        s->n_part = s->whole ? 0 : MAX_DIGITS - n;
        all = tarn_grammar_either(s->g, all,
                                  rows ? with_remainders(s, n, rows)
                                       : with_digits(s, n));
    }
    tarn_free(rows);
    return all;
}

bool tarn_grammar_number(struct tarn_grammar *g,
                         const struct tarn_number_range *range, uint32_t to,
                         uint32_t *out)
{
    static const struct decimal ZERO = { .whole = "0", .n_whole = 1 };
    struct decimal least, most;
    const bool has_least = range->least, has_most = range->most;
    *out = TARN_NO_NODE;
    if ((has_least && !read_decimal(range->least, &least)) ||
        (has_most && !read_decimal(range->most, &most)) ||
        range->multiple > MAX_MULTIPLE)
        return false;
    struct span s = { .g = g, .whole = range->whole, .to = to,
                      .multiple = range->multiple ? range->multiple : 1 };
    uint32_t minus = TARN_NO_NODE;
    if (!has_most || !most.negative) {
        const bool from_zero = !has_least || least.negative;
        s.a = from_zero ? &ZERO : &least;
        s.b = has_most ? &most : NULL;
        s.above = !from_zero && range->above;
        s.below = range->below;
        *out = magnitudes(&s);
    }
    if (!has_least || least.negative) {
        const bool to_zero = !has_most || !most.negative;
        s.a = to_zero ? &ZERO : &most;
        s.b = has_least ? &least : NULL;
        s.above = to_zero || range->below; /* there is no minus zero */
        s.below = range->above;
        minus = magnitudes(&s);
    }
    if (minus != TARN_NO_NODE)
        minus = tarn_grammar_range(g, '-', '-', minus);
    *out = tarn_grammar_either(g, *out, minus);
    return true;
}
