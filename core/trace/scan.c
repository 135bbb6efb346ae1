/* scan.c - see scan.h. */
#include "core/trace/scan.h"

#include <string.h>

#include "core/base/json.h"
#include "core/base/utf8.h"

enum { MAX_DEPTH = 64, MAX_DIGITS = 40 };

void tarn_scan_fail(struct tarn_scan *s, const char *reason)
{
    if (s->reason)
        return;
    s->reason = reason;
    s->reason_at = s->at;
}

char tarn_scan_peek(struct tarn_scan *s)
{
    if (s->reason)
        return 0;
    while (s->at < s->size && (s->p[s->at] == ' ' || s->p[s->at] == '\n' ||
                               s->p[s->at] == '\r' || s->p[s->at] == '\t'))
        s->at++;
    return s->at < s->size ? s->p[s->at] : 0;
}

bool tarn_scan_skip(struct tarn_scan *s, char c)
{
    if (tarn_scan_peek(s) != c || s->reason || s->at >= s->size)
        return false;
    s->at++;
    return true;
}

void tarn_scan_expect(struct tarn_scan *s, char c)
{
    if (tarn_scan_skip(s, c))
        return;
    switch (c) {
    case '[':
        tarn_scan_fail(s, "a list was expected");
        break;
    case '{':
        tarn_scan_fail(s, "an object was expected");
        break;
    case '"':
        tarn_scan_fail(s, "a string was expected");
        break;
    case ',':
        tarn_scan_fail(s, "something is missing in a list");
        break;
    default:
        tarn_scan_fail(s, "another character was expected");
    }
}

/* ------------------------------------------------------------------ numbers */
static size_t digits(const char *text, size_t at)
{
    const size_t from = at;
    while (text[at] >= '0' && text[at] <= '9')
        at++;
    return at - from;
}

/* text ends with a NUL. */
static bool is_number(const char *text, bool *whole)
{
    size_t at = text[0] == '-', n = digits(text, at);
    if (!n || (n > 1 && text[at] == '0'))
        return false;
    at += n;
    *whole = !text[at];
    if (text[at] == '.') {
        n = digits(text, at + 1);
        if (!n)
            return false;
        at += n + 1;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        at++;
        at += text[at] == '+' || text[at] == '-';
        n = digits(text, at);
        if (!n)
            return false;
        at += n;
    }
    return !text[at];
}

/* Takes a number's text; false after a failure. */
static bool take_number(struct tarn_scan *s, char out[MAX_DIGITS + 1],
                        bool *whole)
{
    size_t n = 0;
    tarn_scan_peek(s);
    while (!s->reason && s->at + n < s->size && n <= MAX_DIGITS &&
           s->p[s->at + n] && strchr("+-.0123456789Ee", s->p[s->at + n]))
        n++;
    if (s->reason || !n || n > MAX_DIGITS) {
        tarn_scan_fail(s, "a number was expected");
        return false;
    }
    memcpy(out, s->p + s->at, n);
    out[n] = 0;
    if (!is_number(out, whole)) {
        tarn_scan_fail(s, "a number was expected");
        return false;
    }
    s->at += n;
    return true;
}

int64_t tarn_scan_i64(struct tarn_scan *s, int64_t lo, int64_t hi)
{
    char text[MAX_DIGITS + 1];
    bool whole;
    if (!take_number(s, text, &whole))
        return lo;
    const struct tarn_json v = { .kind = TARN_JSON_NUMBER, .text = text,
                                 .size = strlen(text) };
    int64_t n;
    if (whole && tarn_json_i64(&v, &n) && n >= lo && n <= hi)
        return n;
    s->at -= v.size;
    tarn_scan_fail(s, "a number is out of its bounds");
    return lo;
}

double tarn_scan_f64(struct tarn_scan *s, double lo, double hi)
{
    char text[MAX_DIGITS + 1];
    bool whole;
    if (!take_number(s, text, &whole))
        return lo;
    const struct tarn_json v = { .kind = TARN_JSON_NUMBER, .text = text,
                                 .size = strlen(text) };
    double d;
    if (tarn_json_f64(&v, &d) && d >= lo && d <= hi)
        return d;
    s->at -= v.size;
    tarn_scan_fail(s, "a number is out of its bounds");
    return lo;
}

/* ------------------------------------------------------------------ strings */
/* From the quote on: the bytes up to the one that closes it. */
static bool find_end(struct tarn_scan *s, size_t *end, bool *plain)
{
    *plain = true;
    for (size_t i = s->at + 1; i < s->size; i++) {
        if (s->p[i] == '"') {
            *end = i;
            return true;
        }
        if ((unsigned char)s->p[i] < ' ')
            break;
        if (s->p[i] == '\\') {
            *plain = false;
            i++;
        }
    }
    tarn_scan_fail(s, "a string does not end");
    return false;
}

void tarn_scan_string(struct tarn_scan *s, struct tarn_buf *out)
{
    size_t end;
    bool plain;
    if (tarn_scan_peek(s) != '"') {
        tarn_scan_fail(s, "a string was expected");
        return;
    }
    if (!find_end(s, &end, &plain))
        return;
    const char *p = s->p + s->at + 1;
    const size_t n = end - s->at - 1;
    if (plain && tarn_utf8_valid(p, n)) {
        tarn_buf_add(out, p, n);
        s->at = end + 1;
        return;
    }
    struct tarn_json *v;
    const enum tarn_status st = tarn_json_read(p - 1, n + 2, &v, NULL);
    if (st) {
        s->no_memory |= st == TARN_NO_MEMORY;
        tarn_scan_fail(s, "a string is damaged");
        return;
    }
    tarn_buf_add(out, v->text, v->size);
    tarn_json_free(v);
    s->at = end + 1;
}

void tarn_scan_word(struct tarn_scan *s, char *out, size_t room)
{
    struct tarn_buf b = { 0 };
    *out = 0;
    tarn_scan_string(s, &b);
    if (b.failed)
        s->no_memory = true;
    if (b.failed || b.size >= room) /* long strings are cut by nobody's hand */
        tarn_scan_fail(s, "a string is too long");
    else if (b.size)
        memcpy(out, b.data, b.size + 1);
    tarn_buf_finish(&b);
}

/* --------------------------------------------------------------- what it is */
static void skip_string(struct tarn_scan *s)
{
    size_t end;
    bool plain;
    if (find_end(s, &end, &plain))
        s->at = end + 1;
}

static void skip_scalar(struct tarn_scan *s)
{
    static const char *const WORDS[] = { "null", "true", "false" };
    char text[MAX_DIGITS + 1];
    bool whole;
    for (size_t i = 0; i < 3; i++) {
        const size_t n = strlen(WORDS[i]);
        if (s->size - s->at >= n && !memcmp(s->p + s->at, WORDS[i], n)) {
            s->at += n;
            return;
        }
    }
    take_number(s, text, &whole);
}

/* Brackets must match; what stands between them is looked at loosely. */
void tarn_scan_value(struct tarn_scan *s)
{
    char open[MAX_DEPTH];
    size_t depth = 0;
    do {
        const char c = tarn_scan_peek(s);
        if (c == '[' || c == '{') {
            if (depth == MAX_DEPTH) {
                tarn_scan_fail(s, "it is nested too deep");
                return;
            }
            open[depth++] = c == '[' ? ']' : '}';
            s->at++;
        } else if (depth && c == open[depth - 1]) {
            depth--;
            s->at++;
        } else if (depth && (c == ',' || c == ':')) {
            s->at++;
        } else if (c == '"') {
            skip_string(s);
        } else {
            skip_scalar(s);
        }
    } while (depth && !s->reason);
}
