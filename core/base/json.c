/* json.c - see json.h.
 *
 * The reader is a loop with its own stack of open values, so depth costs no C
 * stack.  Nodes come from blocks of one arena; all text is copied into one
 * string area, which can't be larger than the input: an escape is never
 * shorter than what it stands for, and every value or key leaves a quote,
 * comma, colon, bracket or the end of the text for its NUL. */
#include "core/base/json.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

enum { MAX_DEPTH = 64, BLOCK_NODES = 64, FEW_KEYS = 16 };

struct block {
    struct block *next;
    size_t n;
    struct tarn_json nodes[BLOCK_NODES];
};

/* The root is the first member of the document: its pointer is both. */
struct document {
    struct tarn_json root;
    struct block *blocks;
    char *text;
};

struct reader {
    const char *p;
    size_t size, at;
    struct document *doc;
    char *out; /* next free byte of doc->text */
    struct tarn_json *open[MAX_DEPTH];
    struct tarn_json *last[MAX_DEPTH]; /* last child of open[] */
    size_t depth;
    struct tarn_error *err;
};

static enum tarn_status fail_at(struct reader *r, const char *what)
{
    return tarn_fail(r->err, TARN_BAD_FILE, "byte %zu of the JSON: %s", r->at,
                     what);
}

static enum tarn_status no_memory(struct tarn_error *err, size_t size)
{
    return tarn_fail(err, TARN_NO_MEMORY,
                     "there is no memory to read %zu bytes of JSON", size);
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->size && (r->p[r->at] == ' ' || r->p[r->at] == '\n' ||
                               r->p[r->at] == '\r' || r->p[r->at] == '\t'))
        r->at++;
}

static bool is_digit(const struct reader *r)
{
    return r->at < r->size && r->p[r->at] >= '0' && r->p[r->at] <= '9';
}

static bool skip_digits(struct reader *r)
{
    const size_t from = r->at;
    while (is_digit(r))
        r->at++;
    return r->at > from;
}

static bool skip_char(struct reader *r, char c)
{
    if (r->at >= r->size || r->p[r->at] != c)
        return false;
    r->at++;
    return true;
}

static enum tarn_status read_number(struct reader *r, struct tarn_json *v)
{
    const size_t from = r->at;
    skip_char(r, '-');
    if (!skip_char(r, '0') && !skip_digits(r))
        return fail_at(r, "a digit was expected");
    if (is_digit(r))
        return fail_at(r, "a number begins with a superfluous zero");
    if (skip_char(r, '.') && !skip_digits(r))
        return fail_at(r, "a digit was expected after the point");
    if (skip_char(r, 'e') || skip_char(r, 'E')) {
        if (!skip_char(r, '+'))
            skip_char(r, '-');
        if (!skip_digits(r))
            return fail_at(r, "a digit was expected in the exponent");
    }
    v->kind = TARN_JSON_NUMBER;
    v->text = r->out;
    v->size = r->at - from;
    memcpy(r->out, r->p + from, v->size);
    r->out += v->size;
    *r->out++ = 0;
    return TARN_OK;
}

static bool read_hex4(struct reader *r, int32_t *code)
{
    int32_t c = 0;
    if (r->size - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        const char h = r->p[r->at + (size_t)i];
        int digit;
        if (h >= '0' && h <= '9')
            digit = h - '0';
        else if (h >= 'a' && h <= 'f')
            digit = h - 'a' + 10;
        else if (h >= 'A' && h <= 'F')
            digit = h - 'A' + 10;
        else
            return false;
        c = c * 16 + digit;
    }
    r->at += 4;
    *code = c;
    return true;
}

/* After "\u".  Half of a surrogate pair alone becomes U+FFFD: there is no
 * UTF-8 for it, and a whole conversation should not be lost for it. */
static enum tarn_status read_unicode(struct reader *r)
{
    int32_t code, low;
    if (!read_hex4(r, &code))
        return fail_at(r, "four hexadecimal digits were expected after \\u");
    if (code >= 0xd800 && code <= 0xdbff && r->size - r->at >= 6 &&
        r->p[r->at] == '\\' && r->p[r->at + 1] == 'u') {
        const size_t back = r->at;
        r->at += 2;
        if (!read_hex4(r, &low))
            return fail_at(r,
                           "four hexadecimal digits were expected after \\u");
        if (low >= 0xdc00 && low <= 0xdfff)
            code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
        else
            r->at = back;
    }
    if (code >= 0xd800 && code <= 0xdfff)
        code = 0xfffd;
    r->out += tarn_utf8_encode(code, r->out);
    return TARN_OK;
}

static enum tarn_status read_escape(struct reader *r)
{
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    if (r->at >= r->size)
        return fail_at(r, "the text ends inside a string");
    const char c = r->p[r->at];
    if (c == 'u') {
        r->at++;
        return read_unicode(r);
    }
    const char *found = c ? strchr(FROM, c) : NULL;
    if (!found)
        return fail_at(r, "an unknown escape follows the backslash");
    r->at++;
    *r->out++ = TO[found - FROM];
    return TARN_OK;
}

/* At the quote.  Gives the unescaped bytes, a NUL behind them. */
static enum tarn_status read_string(struct reader *r, const char **text,
                                    size_t *size)
{
    const char *begin = r->out;
    r->at++;
    for (;;) {
        if (r->at >= r->size)
            return fail_at(r, "the text ends inside a string");
        const unsigned char c = (unsigned char)r->p[r->at];
        if (c == '"')
            break;
        if (c < 0x20)
            return fail_at(r, "a control character stands in a string");
        if (c == '\\') {
            r->at++;
            const enum tarn_status s = read_escape(r);
            if (s)
                return s;
            continue;
        }
        int32_t code;
        const size_t n = tarn_utf8_decode(r->p + r->at, r->size - r->at, &code);
        if (code < 0)
            return fail_at(r, "the text is not UTF-8");
        memcpy(r->out, r->p + r->at, n);
        r->out += n;
        r->at += n;
    }
    r->at++;
    *text = begin;
    *size = (size_t)(r->out - begin);
    *r->out++ = 0;
    return TARN_OK;
}

static bool skip_word(struct reader *r, const char *word)
{
    const size_t n = strlen(word);
    if (r->size - r->at < n || memcmp(r->p + r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* A value; of arrays and objects the bracket only. */
static enum tarn_status read_head(struct reader *r, struct tarn_json *v)
{
    if (r->at >= r->size)
        return fail_at(r, "the text ends where a value was expected");
    const char c = r->p[r->at];
    if (c == '"') {
        v->kind = TARN_JSON_STRING;
        return read_string(r, &v->text, &v->size);
    }
    if (c == '{' || c == '[') {
        r->at++;
        v->kind = c == '{' ? TARN_JSON_OBJECT : TARN_JSON_ARRAY;
        if (r->depth == MAX_DEPTH)
            return tarn_fail(r->err, TARN_LIMIT,
                             "byte %zu of the JSON: values are nested deeper "
                             "than %d",
                             r->at - 1, MAX_DEPTH);
        r->open[r->depth] = v;
        r->last[r->depth] = NULL;
        r->depth++;
        return TARN_OK;
    }
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(r, v);
    if (skip_word(r, "true"))
        v->kind = TARN_JSON_TRUE;
    else if (skip_word(r, "false"))
        v->kind = TARN_JSON_FALSE;
    else if (skip_word(r, "null"))
        v->kind = TARN_JSON_NULL;
    else
        return fail_at(r, "a value was expected");
    return TARN_OK;
}

static struct tarn_json *new_node(struct document *doc)
{
    if (!doc->blocks || doc->blocks->n == BLOCK_NODES) {
        struct block *b = tarn_alloc(1, sizeof *b);
        if (!b)
            return NULL;
        b->next = doc->blocks;
        doc->blocks = b;
    }
    return &doc->blocks->nodes[doc->blocks->n++];
}

static bool same_key(const struct tarn_json *a, const struct tarn_json *b)
{
    return a->key_size == b->key_size &&
           memcmp(a->key, b->key, a->key_size) == 0;
}

/* Few keys are compared in pairs; many go through a table, so that a hostile
 * object costs linear time. */
static enum tarn_status check_keys(struct reader *r, const struct tarn_json *v)
{
    const struct tarn_json *twice = NULL;
    if (v->n <= FEW_KEYS) {
        for (const struct tarn_json *a = v->first; a && !twice; a = a->next)
            for (const struct tarn_json *b = a->next; b && !twice; b = b->next)
                if (same_key(a, b))
                    twice = b;
    } else {
        struct tarn_table t;
        bool found = false;
        if (!tarn_table_init(&t, v->n))
            return no_memory(r->err, r->size);
        for (const struct tarn_json *a = v->first; a && !twice; a = a->next) {
            tarn_table_put(&t, a->key, a->key_size, 0, &found);
            if (found)
                twice = a;
        }
        tarn_table_finish(&t);
    }
    if (!twice)
        return TARN_OK;
    return tarn_fail(r->err, TARN_BAD_FILE,
                     "byte %zu of the JSON: the key \"%s\" appears twice in "
                     "one object",
                     r->at, tarn_shown(twice->key, twice->key_size).text);
}

/* The next child of the innermost open value, its key included. */
static enum tarn_status read_child(struct reader *r)
{
    struct tarn_json *parent = r->open[r->depth - 1];
    struct tarn_json *v = new_node(r->doc);
    if (!v)
        return no_memory(r->err, r->size);
    if (parent->kind == TARN_JSON_OBJECT) {
        if (r->at >= r->size || r->p[r->at] != '"')
            return fail_at(r, "a key in quotes was expected");
        const enum tarn_status s = read_string(r, &v->key, &v->key_size);
        if (s)
            return s;
        skip_blanks(r);
        if (!skip_char(r, ':'))
            return fail_at(r, "a colon was expected after the key");
        skip_blanks(r);
    }
    if (r->last[r->depth - 1])
        r->last[r->depth - 1]->next = v;
    else
        parent->first = v;
    r->last[r->depth - 1] = v;
    parent->n++;
    return read_head(r, v);
}

/* Between the children: closes what ends, or reads the next child. */
static enum tarn_status go_on(struct reader *r)
{
    struct tarn_json *v = r->open[r->depth - 1];
    const bool object = v->kind == TARN_JSON_OBJECT;
    skip_blanks(r);
    if (skip_char(r, object ? '}' : ']')) {
        r->depth--;
        return object ? check_keys(r, v) : TARN_OK;
    }
    if (r->at >= r->size)
        return fail_at(r, object ? "the text ends inside an object"
                                 : "the text ends inside an array");
    if (v->n) {
        if (!skip_char(r, ','))
            return fail_at(r, object ? "a comma or } was expected"
                                     : "a comma or ] was expected");
        skip_blanks(r);
    }
    return read_child(r);
}

static enum tarn_status read_all(struct reader *r)
{
    if (r->size >= 3 && memcmp(r->p, "\xef\xbb\xbf", 3) == 0)
        r->at = 3; /* a byte order mark, which RFC 8259 lets us ignore */
    skip_blanks(r);
    enum tarn_status s = read_head(r, &r->doc->root);
    while (!s && r->depth)
        s = go_on(r);
    if (s)
        return s;
    skip_blanks(r);
    if (r->at < r->size)
        return fail_at(r, "something follows the value");
    return TARN_OK;
}

enum tarn_status tarn_json_read(const void *text, size_t size,
                                struct tarn_json **out, struct tarn_error *err)
{
    size_t room;
    struct document *doc = tarn_alloc(1, sizeof *doc);
    if (!doc)
        return no_memory(err, size);
    /* 4: the longest character that may stand at the end before its check */
    doc->text = tarn_add_size(size, 4, &room) ? tarn_alloc(room, 1) : NULL;
    if (!doc->text) {
        tarn_json_free(&doc->root);
        return no_memory(err, size);
    }
    struct reader r = { .p = text ? text : "",
                        .size = text ? size : 0,
                        .doc = doc,
                        .out = doc->text,
                        .err = err };
    const enum tarn_status s = read_all(&r);
    if (s)
        tarn_json_free(&doc->root);
    else
        *out = &doc->root;
    return s;
}

void tarn_json_free(struct tarn_json *root)
{
    if (!root)
        return;
    struct document *doc = (struct document *)root;
    while (doc->blocks) {
        struct block *next = doc->blocks->next;
        tarn_free(doc->blocks);
        doc->blocks = next;
    }
    tarn_free(doc->text);
    tarn_free(doc);
}

const struct tarn_json *tarn_json_get(const struct tarn_json *v,
                                      const char *key)
{
    if (!v || v->kind != TARN_JSON_OBJECT)
        return NULL;
    const size_t size = strlen(key);
    for (const struct tarn_json *c = v->first; c; c = c->next)
        if (c->key_size == size && memcmp(c->key, key, size) == 0)
            return c;
    return NULL;
}

const struct tarn_json *tarn_json_at(const struct tarn_json *v, size_t i)
{
    const struct tarn_json *c = v ? v->first : NULL;
    while (c && i--)
        c = c->next;
    return c;
}

bool tarn_json_i64(const struct tarn_json *v, int64_t *out)
{
    if (!v || v->kind != TARN_JSON_NUMBER)
        return false;
    const bool negative = v->text[0] == '-';
    const uint64_t most = (uint64_t)INT64_MAX + negative;
    uint64_t n = 0;
    for (size_t i = negative; i < v->size; i++) {
        const char c = v->text[i];
        if (c < '0' || c > '9')
            return false;
        const uint64_t digit = (uint64_t)(c - '0');
        if (n > (most - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

/* strtod() wants the point of the locale that a face has set. */
static bool parse_f64(const char *text, size_t size, double *out)
{
    const char *point = localeconv()->decimal_point;
    if (strcmp(point, ".") == 0) {
        *out = strtod(text, NULL);
        return true;
    }
    struct tarn_buf b = { 0 };
    for (size_t i = 0; i < size; i++)
        if (text[i] == '.')
            tarn_buf_text(&b, point);
        else
            tarn_buf_byte(&b, text[i]);
    const bool good = !b.failed && b.data;
    if (good)
        *out = strtod(b.data, NULL);
    tarn_buf_finish(&b);
    return good;
}

bool tarn_json_f64(const struct tarn_json *v, double *out)
{
    double d;
    if (!v || v->kind != TARN_JSON_NUMBER || !parse_f64(v->text, v->size, &d) ||
        !isfinite(d))
        return false;
    *out = d;
    return true;
}

bool tarn_json_is_string(const struct tarn_json *v, const char *text)
{
    return v && v->kind == TARN_JSON_STRING && v->size == strlen(text) &&
           memcmp(v->text, text, v->size) == 0;
}

/* ----------------------------------------------------------------- writing */

static void add_unicode(struct tarn_buf *b, int32_t code)
{
    if (code >= 0x10000) {
        const int32_t c = code - 0x10000;
        tarn_buf_printf(b, "\\u%04x\\u%04x", (unsigned)(0xd800 + (c >> 10)),
                        (unsigned)(0xdc00 + (c & 0x3ff)));
    } else {
        tarn_buf_printf(b, "\\u%04x", (unsigned)code);
    }
}

static void add_escape(struct tarn_buf *b, int32_t code)
{
    static const char FROM[] = "\"\\\b\f\n\r\t", TO[] = "\"\\bfnrt";
    const char *found =
        code > 0 && code < 0x80 ? strchr(FROM, (char)code) : NULL;
    if (found) {
        tarn_buf_byte(b, '\\');
        tarn_buf_byte(b, TO[found - FROM]);
    } else {
        add_unicode(b, code);
    }
}

void tarn_json_add_string(struct tarn_buf *b, const void *text, size_t size,
                          bool ascii)
{
    const char *p = text;
    size_t done = 0; /* written so far; plain runs go in one piece */
    tarn_buf_byte(b, '"');
    for (size_t at = 0; at < size;) {
        int32_t code;
        const size_t n = tarn_utf8_decode(p + at, size - at, &code);
        const bool plain = code >= 0x20 && code != '"' && code != '\\' &&
                           code != 0x7f && !(ascii && code > 0x7f);
        if (!plain) {
            tarn_buf_add(b, p + done, at - done);
            done = at + n;
            if (code >= 0)
                add_escape(b, code);
            else
                tarn_buf_text(b, ascii ? "\\ufffd" : "\xef\xbf\xbd");
        }
        at += n;
    }
    if (size > done)
        tarn_buf_add(b, p + done, size - done);
    tarn_buf_byte(b, '"');
}

/* Text of snprintf with the locale's point made a dot. */
static void add_number(struct tarn_buf *b, const char *text)
{
    const char *point = localeconv()->decimal_point;
    const char *at = *point ? strstr(text, point) : NULL;
    if (at && strcmp(point, ".") != 0) {
        tarn_buf_add(b, text, (size_t)(at - text));
        tarn_buf_byte(b, '.');
        text = at + strlen(point);
    }
    tarn_buf_text(b, text);
}

/* 15 digits give back every decimal of up to 15; 17 give back every double. */
void tarn_json_add_f64(struct tarn_buf *b, double v)
{
    char text[48];
    if (!isfinite(v)) {
        tarn_buf_text(b, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        const double back = strtod(text, NULL);
        if (memcmp(&back, &v, sizeof v) == 0)
            break;
    }
    add_number(b, text);
}

/* Most floats that are written are shares of one: their digits by one product.
 * TENS are exact and n is below 2^53, so n / ten is what a reader gets.  0: the
 * slow way knows. */
static size_t write_small(float v, char out[48])
{
    static const double TENS[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6,
                                   1e7, 1e8, 1e9, 1e10, 1e11, 1e12 };
    const double d = (double)v;
    int power = 1; /* 10^power <= d */
    if (!(d >= 1e-4 && d < 100))
        return 0;
    while (power > 0 ? d < TENS[power] : d * TENS[-power] < 1)
        power--;
    for (int digits = 6; digits <= 9; digits++) {
        int places = digits - 1 - power;
        const double scaled = d * TENS[places];
        uint64_t n = (uint64_t)scaled;
        const double rest = scaled - (double)n;
        if (rest > 0.4999 && rest < 0.5001)
            return 0; /* rounding decides */
        n += rest > 0.5;
        const float back = (float)((double)n / TENS[places]);
        if (memcmp(&back, &v, sizeof v) != 0)
            continue;
        if (n >= (uint64_t)TENS[digits])
            return 0;
        while (places && n % 10 == 0) {
            n /= 10;
            places--;
        }
        char reverse[24];
        size_t k = 0, size = 0;
        for (int i = 0; i < places; i++, n /= 10)
            reverse[k++] = (char)('0' + n % 10);
        if (places)
            reverse[k++] = '.';
        do {
            reverse[k++] = (char)('0' + n % 10);
            n /= 10;
        } while (n);
        while (k)
            out[size++] = reverse[--k];
        out[size] = 0;
        return size;
    }
    return 0;
}

/* As above with 6 and 9. */
void tarn_json_add_f32(struct tarn_buf *b, float v)
{
    char text[48];
    const size_t size = write_small(v, text);
    if (size) {
        tarn_buf_add(b, text, size);
        return;
    }
    if (!isfinite(v)) {
        tarn_buf_text(b, "null");
        return;
    }
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        const float back = strtof(text, NULL);
        if (memcmp(&back, &v, sizeof v) == 0)
            break;
    }
    add_number(b, text);
}
