/* literal.c - see literal.h.
 *
 * Nested values are read in a loop over a small stack of brackets, so that
 * 60,000 of them cost an error and no stack (C02). */
#include "core/turn/literal.h"

#include <string.h>

#include "core/base/json.h"
#include "core/base/utf8.h"

bool tarn_literal_fail(struct tarn_literal *l, const char *why)
{
    if (!l->wrong)
        l->wrong = why;
    return false;
}

int tarn_literal_peek(const struct tarn_literal *l)
{
    return l->at < l->size ? (unsigned char)l->text[l->at] : -1;
}

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void tarn_literal_space(struct tarn_literal *l)
{
    while (is_space(tarn_literal_peek(l)))
        l->at++;
}

bool tarn_literal_skip(struct tarn_literal *l, char c)
{
    if (tarn_literal_peek(l) != (unsigned char)c)
        return false;
    l->at++;
    return true;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t tarn_literal_ident(const struct tarn_literal *l, size_t at, bool dashes)
{
    const size_t from = at;
    while (at < l->size) {
        const int c = (unsigned char)l->text[at];
        if (!is_letter(c) &&
            (at == from || (!is_digit(c) && !(dashes && c == '-'))))
            break;
        at++;
    }
    return at - from;
}

/* ------------------------------------------------------------------ strings */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n hexadecimal digits at `at`; false if there are fewer. */
static bool read_hex(const struct tarn_literal *l, size_t at, size_t n,
                     uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        const int d = at + i < l->size ? hex_digit(l->text[at + i]) : -1;
        if (d < 0)
            return false;
        *out = *out << 4 | (uint32_t)d;
    }
    return true;
}

static void add_code(struct tarn_buf *b, uint32_t code)
{
    char bytes[4];
    const size_t n =
        code < 0x110000 ? tarn_utf8_encode((int32_t)code, bytes) : 0;
    if (n > 0)
        tarn_buf_add(b, bytes, n);
    else
        tarn_buf_text(b, "\xEF\xBF\xBD"); /* half of a pair, or too large */
}

/* \xHH \uHHHH \UHHHHHHHH; a pair of surrogates is one character. */
static bool read_code(struct tarn_literal *l, char letter, struct tarn_buf *b)
{
    const size_t n = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
    uint32_t code, low;
    if (!read_hex(l, l->at + 1, n, &code))
        return false;
    l->at += 1 + n;
    if (letter == 'u' && code >= 0xD800 && code < 0xDC00 &&
        l->at + 1 < l->size && l->text[l->at] == '\\' &&
        l->text[l->at + 1] == 'u' && read_hex(l, l->at + 2, 4, &low) &&
        low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        l->at += 6;
    }
    add_code(b, code);
    return true;
}

/* Behind a backslash. */
static void read_escape(struct tarn_literal *l, struct tarn_buf *b)
{
    static const char from[] = "ntrbfav0\\'\"/";
    static const char to[] = "\n\t\r\b\f\a\v\0\\'\"/";
    const int c = tarn_literal_peek(l);
    const char *known = c > 0 ? strchr(from, c) : NULL;
    if (known) {
        tarn_buf_byte(b, to[known - from]);
        l->at++;
    } else if (c == '\n') {
        l->at++; /* the line goes on */
    } else if ((c != 'x' && c != 'u' && c != 'U') ||
               !read_code(l, (char)c, b)) {
        tarn_buf_byte(b, '\\'); /* Python's rule: it stays */
    }
}

/* Behind a quote: does the argument end here?  `, name =`, or `)` and then
 * `,` `]` or nothing. */
static bool argument_ends(const struct tarn_literal *l)
{
    struct tarn_literal p = *l;
    tarn_literal_space(&p);
    if (tarn_literal_skip(&p, ',')) {
        tarn_literal_space(&p);
        const size_t n = tarn_literal_ident(&p, p.at, false);
        p.at += n;
        tarn_literal_space(&p);
        return n > 0 && tarn_literal_peek(&p) == '=';
    }
    if (!tarn_literal_skip(&p, ')'))
        return false;
    tarn_literal_space(&p);
    const int c = tarn_literal_peek(&p);
    return c == ',' || c == ']' || c < 0;
}

static bool at_triple(const struct tarn_literal *l, char quote)
{
    return l->size - l->at >= 3 && l->text[l->at] == quote &&
           l->text[l->at + 1] == quote && l->text[l->at + 2] == quote;
}

/* The string at `at`, its escapes resolved, into `out`. */
static bool read_string(struct tarn_literal *l, bool loose,
                        struct tarn_buf *out)
{
    const char quote = l->text[l->at];
    const bool triple = at_triple(l, quote);
    l->at += triple ? 3 : 1;
    while (l->at < l->size) {
        const char c = l->text[l->at];
        if (triple && at_triple(l, quote)) {
            l->at += 3;
            return true;
        }
        l->at++;
        if (c == quote && !triple) {
            if (!loose || argument_ends(l))
                return true;
            l->problems |= TARN_CALL_NESTED_QUOTES;
        }
        if (c == '\\') {
            read_escape(l, out);
            continue;
        }
        if (!triple && (unsigned char)c < 32)
            l->problems |= TARN_CALL_RAW_CONTROL;
        tarn_buf_byte(out, c);
    }
    return tarn_literal_fail(l, "a string has no end");
}

static bool read_quoted(struct tarn_literal *l, bool loose,
                        struct tarn_buf *json)
{
    struct tarn_buf s = { 0 };
    const bool good = read_string(l, loose, &s);
    if (good)
        tarn_json_add_string(json, s.data ? s.data : "", s.size, false);
    json->failed |= s.failed;
    tarn_buf_finish(&s);
    return good;
}

/* ----------------------------------------------------------- numbers, words */

/* Digits with underscores between them; how many, 0 for none. */
static size_t read_digits(struct tarn_literal *l, struct tarn_buf *b)
{
    size_t n = 0;
    while (is_digit(tarn_literal_peek(l)) ||
           (n > 0 && tarn_literal_peek(l) == '_' && l->at + 1 < l->size &&
            is_digit((unsigned char)l->text[l->at + 1]))) {
        const char c = l->text[l->at++];
        if (c == '_')
            continue;
        tarn_buf_byte(b, c);
        n++;
    }
    return n;
}

/* Whole digits without the zeros in front. */
static bool read_whole(struct tarn_literal *l, struct tarn_buf *b)
{
    struct tarn_buf digits = { 0 };
    const size_t n = read_digits(l, &digits);
    size_t skip = 0;
    while (!digits.failed && skip + 1 < n && digits.data[skip] == '0')
        skip++;
    if (skip > 0)
        l->problems |= TARN_CALL_LEADING_ZERO;
    if (digits.failed)
        b->failed = true;
    else
        tarn_buf_add(b, n > 0 ? digits.data + skip : "0", n > 0 ? n - skip : 1);
    tarn_buf_finish(&digits);
    return n > 0;
}

static bool read_number(struct tarn_literal *l, struct tarn_buf *json)
{
    struct tarn_buf b = { 0 };
    double value;
    if (tarn_literal_skip(l, '-'))
        tarn_buf_byte(&b, '-');
    else
        tarn_literal_skip(l, '+');
    bool good = read_whole(l, &b);
    if (tarn_literal_skip(l, '.')) {
        tarn_buf_byte(&b, '.');
        const size_t n = read_digits(l, &b);
        if (n == 0)
            tarn_buf_byte(&b, '0'); /* "1." */
        good = good || n > 0;
    }
    const int e = tarn_literal_peek(l);
    if (good && (e == 'e' || e == 'E')) {
        l->at++;
        tarn_buf_byte(&b, 'e');
        const int sign = tarn_literal_peek(l);
        if (sign == '-' || sign == '+') {
            tarn_buf_byte(&b, sign);
            l->at++;
        }
        good = read_digits(l, &b) > 0;
    }
    const int next = tarn_literal_peek(l);
    good = good && !is_letter(next) && !is_digit(next) && next != '.';
    const struct tarn_json v = { .kind = TARN_JSON_NUMBER,
                                 .text = b.data,
                                 .size = b.size };
    json->failed |= b.failed;
    if (good && !b.failed && tarn_json_f64(&v, &value))
        tarn_buf_add(json, b.data, b.size);
    else
        good = false;
    tarn_buf_finish(&b);
    return good || tarn_literal_fail(l, "this is no finite number");
}

static bool read_word(struct tarn_literal *l, struct tarn_buf *json,
                      enum tarn_literal_kind *kind)
{
    static const struct {
        const char *word, *json;
        enum tarn_literal_kind kind;
    } words[] = {
        { "True", "true", TARN_LITERAL_BOOL },
        { "true", "true", TARN_LITERAL_BOOL },
        { "False", "false", TARN_LITERAL_BOOL },
        { "false", "false", TARN_LITERAL_BOOL },
        { "None", "null", TARN_LITERAL_NULL },
        { "null", "null", TARN_LITERAL_NULL },
    };
    const char *at = l->text + l->at;
    const size_t n = tarn_literal_ident(l, l->at, true);
    l->at += n;
    const int next = tarn_literal_peek(l);
    if (next == '"' || next == '\'')
        return tarn_literal_fail(l, "a string with a prefix is no literal");
    if (next == '(' || next == '.')
        return tarn_literal_fail(l, "an expression is no literal");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (n == strlen(words[i].word) && !memcmp(at, words[i].word, n)) {
            tarn_buf_text(json, words[i].json);
            *kind = words[i].kind;
            return true;
        }
    static const char *const numbers[] = { "NaN", "nan", "inf", "Infinity" };
    for (size_t i = 0; i < 4; i++)
        if (n == strlen(numbers[i]) && !memcmp(at, numbers[i], n))
            return tarn_literal_fail(l, "this is no finite number");
    *kind = TARN_LITERAL_WORD;
    return true;
}

static bool read_scalar(struct tarn_literal *l, bool loose,
                        struct tarn_buf *json, enum tarn_literal_kind *kind)
{
    const int c = tarn_literal_peek(l);
    if (c == '"' || c == '\'') {
        *kind = TARN_LITERAL_STRING;
        return read_quoted(l, loose, json);
    }
    if (is_digit(c) || c == '-' || c == '+' || c == '.') {
        *kind = TARN_LITERAL_NUMBER;
        return read_number(l, json);
    }
    if (is_letter(c))
        return read_word(l, json, kind);
    return tarn_literal_fail(l, c < 0 ? "a value is missing at the end"
                                      : "a value is missing here");
}

/* ------------------------------------------------------------------ nesting */

struct nest {
    char close[TARN_CALL_MAX_DEPTH];
    bool filled[TARN_CALL_MAX_DEPTH]; /* a value stands in it already */
    int depth;
};

static bool open_bracket(struct tarn_literal *l, struct nest *n,
                         struct tarn_buf *json)
{
    static const char opens[] = "[({", closes[] = "])}";
    const int c = tarn_literal_peek(l);
    const char *found = c > 0 ? strchr(opens, c) : NULL;
    if (!found)
        return false;
    if (n->depth == TARN_CALL_MAX_DEPTH)
        return tarn_literal_fail(l, TARN_CALL_TOO_DEEP);
    l->at++;
    n->close[n->depth] = closes[found - opens];
    n->filled[n->depth++] = false;
    tarn_buf_byte(json, c == '{' ? '{' : '[');
    return true;
}

static void close_bracket(struct tarn_literal *l, struct nest *n,
                          struct tarn_buf *json)
{
    l->at++;
    tarn_buf_byte(json, n->close[--n->depth] == '}' ? '}' : ']');
}

/* Inside a bracket, before a value: the comma between values in JSON, and a
 * key where one belongs. */
static bool begin_value(struct tarn_literal *l, struct nest *n,
                        struct tarn_buf *json)
{
    const int top = n->depth - 1;
    if (n->filled[top])
        tarn_buf_text(json, ", ");
    n->filled[top] = true;
    if (n->close[top] != '}')
        return true;
    const int c = tarn_literal_peek(l);
    if (c != '"' && c != '\'')
        return tarn_literal_fail(l, "a key is no string");
    if (!read_quoted(l, false, json))
        return false;
    tarn_literal_space(l);
    if (!tarn_literal_skip(l, ':'))
        return tarn_literal_fail(l, "a colon is missing behind a key");
    tarn_buf_text(json, ": ");
    tarn_literal_space(l);
    return true;
}

/* After a value inside brackets: past commas and closing brackets, to where
 * the next value begins, or out of all of them. */
static bool end_value(struct tarn_literal *l, struct nest *n,
                      struct tarn_buf *json)
{
    while (n->depth > 0) {
        tarn_literal_space(l);
        const bool comma = tarn_literal_skip(l, ',');
        tarn_literal_space(l);
        if (tarn_literal_peek(l) == n->close[n->depth - 1]) {
            close_bracket(l, n, json);
            continue;
        }
        return comma || tarn_literal_fail(l, "a comma is missing here");
    }
    return true;
}

bool tarn_literal_read(struct tarn_literal *l, struct tarn_buf *json,
                       enum tarn_literal_kind *kind)
{
    struct nest n = { .depth = 0 };
    const int first = tarn_literal_peek(l);
    for (;;) {
        enum tarn_literal_kind inner;
        tarn_literal_space(l);
        if (n.depth > 0 && !n.filled[n.depth - 1] &&
            tarn_literal_peek(l) == n.close[n.depth - 1]) {
            close_bracket(l, &n, json);
        } else {
            if (n.depth > 0 && !begin_value(l, &n, json))
                return false;
            if (open_bracket(l, &n, json))
                continue;
            if (l->wrong ||
                !read_scalar(l, l->loose_quotes && n.depth == 0, json, &inner))
                return false;
            if (n.depth == 0 && first != '[' && first != '(' && first != '{') {
                *kind = inner;
                return true;
            }
            if (inner == TARN_LITERAL_WORD)
                return tarn_literal_fail(l, "a word without quotes");
        }
        if (!end_value(l, &n, json))
            return false;
        if (n.depth == 0)
            break;
    }
    *kind = first == '{' ? TARN_LITERAL_OBJECT : TARN_LITERAL_LIST;
    return true;
}
