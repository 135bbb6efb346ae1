/* value.c - see value.h.
 *
 * The reader of JSON limits the depth to 64, so a small stack of our own walks
 * any tree. */
#include "core/text/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "core/text/unicode.h"

enum { MAX_DEPTH = 64 };

/* ----------------------------------------------------------------- numbers */

/* Significant digits of a double: 0.d1 d2 d3 ... times ten to the exponent. */
struct decimal {
    char digit[20];
    int n, exponent;
};

static double value_of(const struct decimal *d)
{
    char text[40];
    snprintf(text, sizeof text, "%.*se%d", d->n, d->digit, d->exponent - d->n);
    return strtod(text, NULL);
}

/* The next decimal above with as many digits. */
static struct decimal next_above(struct decimal d)
{
    int i = d.n - 1;
    while (i >= 0 && d.digit[i] == '9')
        d.digit[i--] = '0';
    if (i >= 0) {
        d.digit[i]++;
    } else {
        d.digit[0] = '1';
        d.exponent++;
    }
    return d;
}

/* v > 0, rounded to n digits. */
static struct decimal round_to(double v, int n)
{
    char text[40];
    struct decimal d = { .n = 0 };
    snprintf(text, sizeof text, "%.*e", n - 1, v);
    const char *p = text;
    for (; *p && *p != 'e'; p++)
        if (*p >= '0' && *p <= '9') /* skips the locale's point */
            d.digit[d.n++] = *p;
    d.exponent = atoi(p + 1) + 1;
    return d;
}

/* The fewest digits that read back as v > 0, the nearest of these.  Just
 * above a power of two the nearest decimal may lie too far below it while the
 * one above reads back: so two are tried. */
static struct decimal shortest(double v)
{
    for (int n = 1; n < 17; n++) {
        const struct decimal d = round_to(v, n), up = next_above(d);
        if (value_of(&d) >= v && value_of(&d) <= v)
            return d;
        if (value_of(&up) >= v && value_of(&up) <= v)
            return up;
    }
    return round_to(v, 17);
}

/* As Python's repr(): exponents below -4 and from 16 on get the form 1e-07. */
static void add_float(struct tarn_buf *b, double v)
{
    if (v < 0 || (v <= 0 && 1 / v < 0))
        tarn_buf_byte(b, '-');
    v = v < 0 ? -v : v;
    if (v <= 0) {
        tarn_buf_text(b, "0.0");
        return;
    }
    const struct decimal d = shortest(v);
    if (d.exponent > 16 || d.exponent < -3) {
        tarn_buf_byte(b, d.digit[0]);
        if (d.n > 1) {
            tarn_buf_byte(b, '.');
            tarn_buf_add(b, d.digit + 1, (size_t)d.n - 1);
        }
        tarn_buf_printf(b, "e%c%02d", d.exponent > 0 ? '+' : '-',
                        abs(d.exponent - 1));
        return;
    }
    for (int i = d.exponent < 1 ? d.exponent - 1 : 0;
         i < d.n || i <= d.exponent; i++) {
        if (i == d.exponent)
            tarn_buf_byte(b, '.');
        tarn_buf_byte(b, i >= 0 && i < d.n ? d.digit[i] : '0');
    }
}

static void add_number(struct tarn_buf *b, const struct tarn_json *v,
                       enum tarn_value_form form)
{
    double d;
    if (!strpbrk(v->text, ".eE")) {
        if (strcmp(v->text, "-0") == 0)
            tarn_buf_text(b, "0");
        else
            tarn_buf_add(b, v->text, v->size);
    } else if (tarn_json_f64(v, &d)) {
        add_float(b, d);
    } else { /* too large for a double */
        if (v->text[0] == '-')
            tarn_buf_byte(b, '-');
        tarn_buf_text(b, form == TARN_VALUE_JSON ? "Infinity" : "inf");
    }
}

/* ----------------------------------------------------------------- strings */

static const char *short_escape(int32_t code, enum tarn_value_form form)
{
    switch (code) {
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '\b':
        return form == TARN_VALUE_JSON ? "\\b" : NULL;
    case '\f':
        return form == TARN_VALUE_JSON ? "\\f" : NULL;
    default:
        return NULL;
    }
}

static void add_json_char(struct tarn_buf *b, int32_t code, const char *text,
                          size_t size)
{
    if (code == '"')
        tarn_buf_text(b, "\\\"");
    else if (code >= 0 && code < 0x20)
        tarn_buf_printf(b, "\\u%04x", (unsigned)code);
    else
        tarn_buf_add(b, text, size);
}

static void add_python_char(struct tarn_buf *b, int32_t code, const char *text,
                            size_t size, char quote)
{
    if (code == quote)
        tarn_buf_printf(b, "\\%c", quote);
    else if (code < 0 || tarn_unicode_printable(code))
        tarn_buf_add(b, text, size);
    else if (code < 0x100)
        tarn_buf_printf(b, "\\x%02x", (unsigned)code);
    else if (code < 0x10000)
        tarn_buf_printf(b, "\\u%04x", (unsigned)code);
    else
        tarn_buf_printf(b, "\\U%08x", (unsigned)code);
}

static void add_string(struct tarn_buf *b, const char *text, size_t size,
                       enum tarn_value_form form)
{
    const bool json = form == TARN_VALUE_JSON;
    const bool doubled =
        json || (size && memchr(text, '\'', size) && !memchr(text, '"', size));
    const char quote = doubled ? '"' : '\'';
    tarn_buf_byte(b, quote);
    for (size_t at = 0, n; at < size; at += n) {
        int32_t code;
        n = tarn_utf8_decode(text + at, size - at, &code);
        const char *escape = short_escape(code, form);
        if (escape)
            tarn_buf_text(b, escape);
        else if (json)
            add_json_char(b, code, text + at, n);
        else
            add_python_char(b, code, text + at, n, quote);
    }
    tarn_buf_byte(b, quote);
}

/* ------------------------------------------------------------------ values */

static void add_scalar(struct tarn_buf *b, const struct tarn_json *v,
                       enum tarn_value_form form)
{
    const bool json = form == TARN_VALUE_JSON;
    switch (v->kind) {
    case TARN_JSON_NULL:
        tarn_buf_text(b, json ? "null" : "None");
        break;
    case TARN_JSON_FALSE:
        tarn_buf_text(b, json ? "false" : "False");
        break;
    case TARN_JSON_TRUE:
        tarn_buf_text(b, json ? "true" : "True");
        break;
    case TARN_JSON_NUMBER:
        add_number(b, v, form);
        break;
    case TARN_JSON_STRING:
        add_string(b, v->text, v->size, form);
        break;
    case TARN_JSON_ARRAY:
        tarn_buf_text(b, "[");
        break;
    case TARN_JSON_OBJECT:
        tarn_buf_text(b, "{");
        break;
    }
}

static bool is_open(const struct tarn_json *v)
{
    return v->kind == TARN_JSON_ARRAY || v->kind == TARN_JSON_OBJECT;
}

void tarn_value_add(struct tarn_buf *b, const struct tarn_json *v,
                    enum tarn_value_form form)
{
    const struct tarn_json *open[MAX_DEPTH];
    size_t depth = 0;
    for (;;) {
        if (depth && open[depth - 1]->kind == TARN_JSON_OBJECT) {
            add_string(b, v->key, v->key_size, form);
            tarn_buf_text(b, ": ");
        }
        add_scalar(b, v, form);
        if (is_open(v) && v->first && depth < MAX_DEPTH) {
            open[depth++] = v;
            v = v->first;
            continue;
        }
        if (is_open(v))
            tarn_buf_byte(b, v->kind == TARN_JSON_ARRAY ? ']' : '}');
        while (depth && !v->next) {
            v = open[--depth];
            tarn_buf_byte(b, v->kind == TARN_JSON_ARRAY ? ']' : '}');
        }
        if (!depth)
            return;
        tarn_buf_text(b, ", ");
        v = v->next;
    }
}

/* Without recursion: JSON is at most 64 deep. */
bool tarn_value_is_finite(const struct tarn_json *v)
{
    const struct tarn_json *around[64];
    size_t depth = 0;
    double d;
    for (;;) {
        if (v->kind == TARN_JSON_NUMBER && strpbrk(v->text, ".eE") &&
            !tarn_json_f64(v, &d))
            return false;
        if (v->first && depth < 64) {
            around[depth++] = v;
            v = v->first;
            continue;
        }
        while (depth > 0 && !v->next)
            v = around[--depth];
        if (depth == 0)
            return true;
        v = v->next;
    }
}
