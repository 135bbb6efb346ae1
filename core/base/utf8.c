/* utf8.c - see utf8.h. */
#include "core/base/utf8.h"

/* Length by the first byte, 0 if none can begin with it, and the smallest
 * code point that needs that length (overlong forms fall below it). */
static size_t first_byte(unsigned c, int32_t *least)
{
    if (c < 0x80) {
        *least = 0;
        return 1;
    }
    if (c >= 0xc2 && c <= 0xdf) {
        *least = 0x80;
        return 2;
    }
    if (c >= 0xe0 && c <= 0xef) {
        *least = 0x800;
        return 3;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t tarn_utf8_decode(const void *text, size_t size, int32_t *code)
{
    const unsigned char *p = text;
    int32_t least = 0;
    size_t n = first_byte(p[0], &least);
    *code = -1;
    if (n == 0 || n > size)
        return 1;
    if (n == 1) {
        *code = p[0];
        return 1;
    }
    int32_t c = p[0] & (0x7f >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 1;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 1;
    *code = c;
    return n;
}

size_t tarn_utf8_encode(int32_t code, char out[4])
{
    unsigned char b[4];
    size_t n;
    if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    const uint32_t c = (uint32_t)code;
    if (c < 0x80) {
        b[0] = (unsigned char)c;
        n = 1;
    } else if (c < 0x800) {
        b[0] = (unsigned char)(0xc0 | c >> 6);
        n = 2;
    } else if (c < 0x10000) {
        b[0] = (unsigned char)(0xe0 | c >> 12);
        n = 3;
    } else {
        b[0] = (unsigned char)(0xf0 | c >> 18);
        n = 4;
    }
    for (size_t i = 1; i < n; i++)
        b[i] = (unsigned char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
    for (size_t i = 0; i < n; i++)
        out[i] = (char)b[i];
    return n;
}

bool tarn_utf8_valid(const void *text, size_t size)
{
    const unsigned char *p = text;
    for (size_t at = 0; at < size;) {
        int32_t code;
        at += tarn_utf8_decode(p + at, size - at, &code);
        if (code < 0)
            return false;
    }
    return true;
}

/* The second byte narrows what E0, ED, F0 and F4 may begin, so that bytes
 * which can't become a character are not held back. */
static bool second_fits(unsigned a, unsigned b)
{
    if ((b & 0xc0) != 0x80)
        return false;
    return !((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) ||
             (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f));
}

size_t tarn_utf8_tail(const void *text, size_t size)
{
    const unsigned char *p = text;
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        const unsigned char *q = p + size - back;
        if ((*q & 0xc0) == 0x80)
            continue;
        int32_t least;
        size_t n = first_byte(*q, &least);
        if (n <= back || (back >= 2 && !second_fits(q[0], q[1])))
            return 0;
        return back;
    }
    return 0;
}
