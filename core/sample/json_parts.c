/* json_parts.c - what every JSON text is made of; see grammar.h.
 *
 * Only forms that models write and every reader takes alike: one space or a
 * line feed with an indent between tokens, short escapes, numbers of at most
 * 15 digits. */
#include "core/sample/grammar.h"

#define MAX_INDENT 32u

static uint32_t range(struct tarn_grammar *g, unsigned lo, unsigned hi,
                      uint32_t to)
{
    return tarn_grammar_range(g, lo, hi, to);
}

/* ---------------------------------------------------------------- characters */

static unsigned encode(uint32_t code, uint8_t out[4])
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    const unsigned n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t MARK[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (unsigned i = n; i-- > 1; code >>= 6)
        out[i] = (uint8_t)(0x80 | (code & 0x3F));
    out[0] = (uint8_t)(MARK[n] | code);
    return n;
}

/* Byte strings of n bytes from lo to hi, each byte behind the first from 0x80
 * to 0xBF: from the last byte to the first, what follows a byte that is at
 * lo's border, at hi's, or at none. */
static uint32_t byte_strings(struct tarn_grammar *g, const uint8_t *lo,
                             const uint8_t *hi, unsigned n, uint32_t to)
{
    uint32_t at_lo = to, at_hi = to, free = to, both = to;
    for (unsigned i = n; i-- > 0;) {
        const unsigned least = i ? 0x80 : 0, most = i ? 0xBF : 0xFF;
        const uint32_t low = tarn_grammar_either(
            g, range(g, lo[i], lo[i], at_lo),
            lo[i] < most ? range(g, lo[i] + 1u, most, free) : TARN_NO_NODE);
        const uint32_t high = tarn_grammar_either(
            g, range(g, hi[i], hi[i], at_hi),
            hi[i] > least ? range(g, least, hi[i] - 1u, free) : TARN_NO_NODE);
        uint32_t here[3] = { TARN_NO_NODE, TARN_NO_NODE, TARN_NO_NODE };
        if (lo[i] == hi[i]) {
            here[0] = range(g, lo[i], lo[i], both);
        } else {
            here[0] = range(g, lo[i], lo[i], at_lo);
            here[1] = range(g, hi[i], hi[i], at_hi);
            if (lo[i] + 1u < hi[i])
                here[2] = range(g, lo[i] + 1u, hi[i] - 1u, free);
        }
        both = tarn_grammar_split(g, here, 3);
        if (i > 0)
            free = range(g, 0x80, 0xBF, free);
        at_lo = low;
        at_hi = high;
    }
    return both;
}

/* Code points from 0x80 on; no surrogates. */
static uint32_t beyond_ascii(struct tarn_grammar *g, uint32_t lo, uint32_t hi,
                             uint32_t to)
{
    static const struct tarn_code_range LENGTHS[] = {
        { 0x80, 0x7FF }, { 0x800, 0xD7FF }, { 0xE000, 0xFFFF },
        { 0x10000, 0x10FFFF }
    };
    uint32_t parts[4];
    for (int i = 0; i < 4; i++) {
        const uint32_t from = lo > LENGTHS[i].lo ? lo : LENGTHS[i].lo;
        const uint32_t end = hi < LENGTHS[i].hi ? hi : LENGTHS[i].hi;
        uint8_t a[4] = { 0 }, b[4] = { 0 };
        parts[i] = TARN_NO_NODE;
        if (from <= end && encode(from, a) == encode(end, b))
            parts[i] = byte_strings(g, a, b, encode(end, b), to);
    }
    return tarn_grammar_split(g, parts, 4);
}

uint32_t tarn_json_class(struct tarn_grammar *g,
                         const struct tarn_code_range *ranges, size_t n,
                         uint32_t to)
{
    static const char ESCAPED[] = "\"\\\n\t\r\f\b";
    static const char LETTERS[] = "\"\\ntrfb";
    struct tarn_byte_set plain = { { 0 } }, letters = { { 0 } };
    bool any = false, escapes = false;
    uint32_t all = TARN_NO_NODE;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t c = ranges[i].lo; c <= ranges[i].hi && c < 0x80; c++)
            if (c >= 0x20 && c != '"' && c != '\\') {
                tarn_byte_add(&plain, c, c);
                any = true;
            }
        for (size_t k = 0; k + 1 < sizeof ESCAPED; k++)
            if ((unsigned char)ESCAPED[k] >= ranges[i].lo &&
                (unsigned char)ESCAPED[k] <= ranges[i].hi) {
                tarn_byte_add(&letters, (unsigned char)LETTERS[k],
                              (unsigned char)LETTERS[k]);
                escapes = true;
            }
        if (ranges[i].hi >= 0x80)
            all = tarn_grammar_either(
                g, all, beyond_ascii(g, ranges[i].lo, ranges[i].hi, to));
    }
    if (any)
        all = tarn_grammar_either(g, all, tarn_grammar_bytes(g, &plain, to));
    if (escapes)
        all = tarn_grammar_either(
            g, all,
            range(g, '\\', '\\', tarn_grammar_bytes(g, &letters, to)));
    return all;
}

/* Any one, with \u00XX for what has no short escape. */
uint32_t tarn_json_character(struct tarn_grammar *g, uint32_t to)
{
    static const struct tarn_code_range ALL = { 0, 0x10FFFF };
    struct tarn_byte_set hex = { { 0 } }, not_d = { { 0 } };
    tarn_byte_add(&hex, '0', '9');
    tarn_byte_add(&hex, 'a', 'f');
    tarn_byte_add(&hex, 'A', 'F');
    tarn_byte_add(&not_d, '0', '9');
    tarn_byte_add(&not_d, 'a', 'c');
    tarn_byte_add(&not_d, 'e', 'f');
    tarn_byte_add(&not_d, 'A', 'C');
    tarn_byte_add(&not_d, 'E', 'F');
    /* not D800 to DFFF: half a character is none */
    const uint32_t two = tarn_grammar_bytes(g, &hex,
                                            tarn_grammar_bytes(g, &hex, to));
    const uint32_t three = tarn_grammar_bytes(g, &not_d,
                                              tarn_grammar_bytes(g, &hex, two));
    const uint32_t d = tarn_grammar_either(
        g, range(g, 'd', 'd', range(g, '0', '7', two)),
        range(g, 'D', 'D', range(g, '0', '7', two)));
    const uint32_t u = range(g, 'u', 'u', tarn_grammar_either(g, three, d));
    const uint32_t slash = range(g, '/', '/', to);
    return tarn_grammar_either(
        g, tarn_json_class(g, &ALL, 1, to),
        range(g, '\\', '\\', tarn_grammar_either(g, u, slash)));
}

/* --------------------------------------------------------------------- rules */
static uint32_t space_rule(struct tarn_grammar *g)
{
    const uint32_t r = tarn_grammar_rule(g), end = tarn_grammar_return(g);
    const uint32_t blank = range(g, ' ', ' ', tarn_grammar_return(g));
    const uint32_t indent = tarn_grammar_loop(g, blank, 0, MAX_INDENT, end);
    const uint32_t ways[] = { end, range(g, ' ', ' ', end),
                              range(g, '\n', '\n', indent) };
    tarn_grammar_start(g, r, tarn_grammar_split(g, ways, 3));
    return r;
}

static uint32_t string_rule(struct tarn_grammar *g)
{
    const uint32_t r = tarn_grammar_rule(g);
    const uint32_t quote = range(g, '"', '"', tarn_grammar_return(g));
    const uint32_t body = tarn_json_character(g, tarn_grammar_return(g));
    const uint32_t all = tarn_grammar_loop(g, body, 0, TARN_FOREVER, quote);
    tarn_grammar_start(g, r, range(g, '"', '"', all));
    return r;
}

static uint32_t number_rule(struct tarn_grammar *g)
{
    static const struct tarn_number_range ANY = { .whole = false };
    const uint32_t r = tarn_grammar_rule(g), end = tarn_grammar_return(g);
    const uint32_t two = range(g, '0', '9', end);
    const uint32_t digits =
        tarn_grammar_either(g, two, range(g, '1', '9', two));
    struct tarn_byte_set sign = { { 0 } }, e = { { 0 } };
    tarn_byte_add(&sign, '+', '+');
    tarn_byte_add(&sign, '-', '-');
    tarn_byte_add(&e, 'e', 'e');
    tarn_byte_add(&e, 'E', 'E');
    const uint32_t exponent = tarn_grammar_bytes(
        g, &e,
        tarn_grammar_either(g, digits, tarn_grammar_bytes(g, &sign, digits)));
    uint32_t start = TARN_NO_NODE;
    tarn_grammar_number(g, &ANY, tarn_grammar_either(g, end, exponent), &start);
    tarn_grammar_start(g, r, start);
    return r;
}

/* [first, more, ...] with at most one value before the loop. */
static uint32_t any_list(struct tarn_grammar *g,
                         const struct tarn_json_parts *p)
{
    const uint32_t r = tarn_grammar_rule(g);
    const uint32_t close = range(g, ']', ']', tarn_grammar_return(g));
    const uint32_t end = tarn_grammar_call(g, p->space, close);
    uint32_t item = tarn_grammar_call(g, p->value, tarn_grammar_return(g));
    item = range(g, ',', ',', tarn_grammar_call(g, p->space, item));
    uint32_t all = tarn_grammar_loop(g, item, 0, TARN_FOREVER, end);
    all = tarn_grammar_call(g, p->value, all);
    all = tarn_grammar_call(g, p->space, all);
    all = tarn_grammar_either(g, close, all);
    tarn_grammar_start(g, r, range(g, '[', '[', all));
    if (r != TARN_NO_NODE)
        g->rules[r].bracket = true;
    return r;
}

static uint32_t any_object(struct tarn_grammar *g,
                           const struct tarn_json_parts *p)
{
    const uint32_t r = tarn_grammar_rule(g);
    const uint32_t close = range(g, '}', '}', tarn_grammar_return(g));
    const uint32_t end = tarn_grammar_call(g, p->space, close);
    uint32_t member = tarn_grammar_call(g, p->value, tarn_grammar_return(g));
    member = range(g, ':', ':', tarn_grammar_call(g, p->space, member));
    member = tarn_grammar_call(g, p->string, member);
    const uint32_t more =
        range(g, ',', ',', tarn_grammar_call(g, p->space, member));
    uint32_t all = tarn_grammar_loop(g, more, 0, TARN_FOREVER, end);
    all = tarn_grammar_loop(g, member, 1, 1, all);
    all = tarn_grammar_either(g, close, tarn_grammar_call(g, p->space, all));
    tarn_grammar_start(g, r, range(g, '{', '{', all));
    if (r != TARN_NO_NODE)
        g->rules[r].bracket = true;
    return r;
}

void tarn_json_parts(struct tarn_grammar *g, struct tarn_json_parts *out)
{
    out->space = space_rule(g);
    out->string = string_rule(g);
    out->number = number_rule(g);
    out->value = tarn_grammar_rule(g);
    const uint32_t list = any_list(g, out), object = any_object(g, out);
    const uint32_t end = tarn_grammar_return(g);
    const uint32_t ways[] = {
        tarn_grammar_call(g, out->string, end),
        tarn_grammar_call(g, out->number, end),
        tarn_grammar_call(g, list, end),
        tarn_grammar_call(g, object, end),
        tarn_grammar_text(g, "true", 4, end),
        tarn_grammar_text(g, "false", 5, end),
        tarn_grammar_text(g, "null", 4, end),
    };
    tarn_grammar_start(g, out->value, tarn_grammar_split(g, ways, 7));
}
