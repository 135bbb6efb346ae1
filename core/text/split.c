/* split.c - see split.h.
 *
 * The alternatives of the expression, in the order in which they are tried at
 * every position:
 *
 *   1  's 't 're 've 'm 'll 'd             in ASCII letters of any case
 *   2  [^\r\n\p{L}\p{N}]?\p{L}+            one odd character may lead letters
 *   3  \p{N}{1,3}
 *   4   ?[^\s\p{L}\p{N}]+[\r\n]*
 *   5  \s*[\r\n]+                          white space to its last line break
 *   6  \s+(?!\S)                           white space but its last, if text
 *   7  \s+                                 follows
 *
 * A run of white space is looked at twice at most: up to its last line break
 * is one piece, the rest is another. */
#include "core/text/split.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/base/utf8.h"
#include "core/text/unicode.h"

struct scan {
    const uint8_t *text;
    size_t size;
};

struct seen {
    enum tarn_unicode_kind kind;
    size_t size; /* bytes; 0 at the end of text */
};

/* Kinds of the 128 ASCII characters: O other, L, N, S. */
enum { O, L, N, S };
static const uint8_t ASCII[128] = {
    O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O, /* 09-0d */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, //
    S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* blank */
    N, N, N, N, N, N, N, N, N, N, O, O, O, O, O, O, /* 0-9 */
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* A-O */
    L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O, /* P-Z */
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* a-o */
    L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O, /* p-z */
};

static struct seen look(const struct scan *s, size_t at)
{
    if (at >= s->size)
        return (struct seen){ TARN_OTHER_CHAR, 0 };
    const uint8_t c = s->text[at];
    if (c < 128)
        return (struct seen){ (enum tarn_unicode_kind)ASCII[c], 1 };
    int32_t code;
    const size_t n = tarn_utf8_decode(s->text + at, s->size - at, &code);
    return (struct seen){ tarn_unicode_kind(code), n };
}

static bool is_break(const struct scan *s, size_t at)
{
    return at < s->size && (s->text[at] == '\n' || s->text[at] == '\r');
}

static size_t skip_kind(const struct scan *s, size_t at,
                        enum tarn_unicode_kind kind)
{
    for (;;) {
        const struct seen c = look(s, at);
        if (c.size == 0 || c.kind != kind)
            return at;
        at += c.size;
    }
}

/* Bytes of a contraction at `at`, 0 if there is none. */
static size_t contraction(const struct scan *s, size_t at)
{
    if (s->text[at] != '\'' || s->size - at < 2)
        return 0;
    const int a = s->text[at + 1] | 0x20;
    /* Setting bit 5 maps to s t m d only their upper case. */
    if (a == 's' || a == 't' || a == 'm' || a == 'd')
        return 2;
    if (s->size - at < 3)
        return 0;
    const int b = s->text[at + 2] | 0x20;
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') ||
        (a == 'l' && b == 'l'))
        return 3;
    return 0;
}

static size_t numbers(const struct scan *s, size_t at)
{
    for (int i = 0; i < 3; i++) {
        const struct seen c = look(s, at);
        if (c.size == 0 || c.kind != TARN_NUMBER)
            break;
        at += c.size;
    }
    return at;
}

static size_t spaces(const struct scan *s, size_t at)
{
    size_t last = at;  /* where the last space begins */
    size_t after = at; /* behind the last line break */
    size_t end = at;
    for (;;) {
        const struct seen c = look(s, end);
        if (c.size == 0 || c.kind != TARN_SPACE)
            break;
        last = end;
        end += c.size;
        if (is_break(s, last))
            after = end;
    }
    if (after > at)
        return after;
    return end < s->size && last > at ? last : end;
}

size_t tarn_split_next(const void *text, size_t size, size_t at)
{
    const struct scan s = { text, size };
    const size_t short_form = contraction(&s, at);
    if (short_form)
        return at + short_form;
    const struct seen c = look(&s, at);
    if (c.kind == TARN_LETTER)
        return skip_kind(&s, at + c.size, TARN_LETTER);
    if (c.kind == TARN_NUMBER)
        return numbers(&s, at);
    const struct seen next = look(&s, at + c.size);
    if (next.size && next.kind == TARN_LETTER && !is_break(&s, at))
        return skip_kind(&s, at + c.size, TARN_LETTER);
    const bool blank = s.text[at] == ' ';
    if (c.kind == TARN_OTHER_CHAR ||
        (blank && next.size && next.kind == TARN_OTHER_CHAR)) {
        size_t end = skip_kind(&s, at + c.size, TARN_OTHER_CHAR);
        while (is_break(&s, end))
            end++;
        return end;
    }
    return spaces(&s, at);
}
