/* error.c - see error.h. */
#include "core/base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/utf8.h"

/* Ends text at most at `size` bytes, never inside a character. */
static void cut(char *text, size_t size)
{
    text[size] = 0;
    text[size - tarn_utf8_tail(text, size)] = 0;
}

enum tarn_status tarn_fail(struct tarn_error *err, enum tarn_status status,
                           const char *format, ...)
{
    if (!err)
        return status;
    err->status = status;
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(err->text, sizeof err->text, format, ap);
    va_end(ap);
    if (n < 0)
        err->text[0] = 0;
    else if ((size_t)n >= sizeof err->text)
        cut(err->text, sizeof err->text - 1);
    return status;
}

void tarn_error_prefix(struct tarn_error *err, const char *name)
{
    if (!err)
        return;
    const struct tarn_shown shown = tarn_shown_str(name);
    char text[sizeof err->text + sizeof shown.text];
    const int n = snprintf(text, sizeof text, "%s: %s", shown.text, err->text);
    const size_t size = n < 0 ? 0 : (size_t)n;
    const size_t keep = size < sizeof err->text ? size : sizeof err->text - 1;
    memcpy(err->text, text, keep);
    cut(err->text, keep);
}

/* What would move the cursor, reorder the line or hide in it. */
static bool is_unfit(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0xad ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

/* Columns on a terminal: wide scripts and pictures take two. */
static unsigned columns(int32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                   (c >= 0xac00 && c <= 0xd7a3) ||
                   (c >= 0xf900 && c <= 0xfaff) ||
                   (c >= 0xfe30 && c <= 0xfe6f) ||
                   (c >= 0xff00 && c <= 0xff60) ||
                   (c >= 0x1f300 && c <= 0x1faff) ||
                   (c >= 0x20000 && c <= 0x3fffd)
               ? 2
               : 1;
}

struct tarn_shown tarn_shown(const void *text, size_t size)
{
    enum { MAX_COLUMNS = 80, ELLIPSIS = 3 /* bytes of U+2026 */ };
    struct tarn_shown out;
    const char *p = text;
    size_t n = 0, good = 0; /* good: where "…" can still be put */
    unsigned wide = 0;
    for (size_t at = 0; at < size;) {
        int32_t code;
        const size_t len = tarn_utf8_decode(p + at, size - at, &code);
        char piece[16];
        int got;
        unsigned w;
        if (code < 0 || is_unfit(code)) {
            if (code < 0x80)
                got = snprintf(piece, sizeof piece, "\\x%02X",
                               (unsigned)(unsigned char)p[at]);
            else
                got =
                    snprintf(piece, sizeof piece, "\\u{%04X}", (unsigned)code);
            w = (unsigned)got;
        } else {
            memcpy(piece, p + at, len);
            got = (int)len;
            w = columns(code);
        }
        if (wide + w > MAX_COLUMNS || n + (size_t)got >= sizeof out.text) {
            memcpy(out.text + good, "\xe2\x80\xa6", ELLIPSIS);
            n = good + ELLIPSIS;
            break;
        }
        memcpy(out.text + n, piece, (size_t)got);
        n += (size_t)got;
        wide += w;
        at += len;
        if (wide < MAX_COLUMNS && n + ELLIPSIS < sizeof out.text)
            good = n;
    }
    out.text[n] = 0;
    return out;
}

struct tarn_shown tarn_shown_str(const char *text)
{
    return tarn_shown(text ? text : "", text ? strlen(text) : 0);
}

void tarn_show(char *out, size_t room, const void *text, size_t size)
{
    const struct tarn_shown shown = tarn_shown(text, size);
    size_t n = strlen(shown.text);
    if (n > room - 1)
        n = room - 1;
    memcpy(out, shown.text, n);
    cut(out, n);
}

const char *tarn_status_name(enum tarn_status status)
{
    switch (status) {
    case TARN_OK:
        return "OK";
    case TARN_INTERNAL:
        return "INTERNAL";
    case TARN_USAGE:
        return "USAGE";
    case TARN_BAD_FILE:
        return "BAD_FILE";
    case TARN_NO_MEMORY:
        return "NO_MEMORY";
    case TARN_IO:
        return "IO";
    case TARN_DEVICE:
        return "DEVICE";
    case TARN_NET:
        return "NET";
    case TARN_BUSY:
        return "BUSY";
    case TARN_LIMIT:
        return "LIMIT";
    case TARN_UNSUPPORTED:
        return "UNSUPPORTED";
    case TARN_CANCELLED:
        return "CANCELLED";
    }
    return "UNKNOWN";
}

struct tarn_count tarn_count(uint64_t n)
{
    struct tarn_count out;
    char digits[24];
    const int size =
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    char *to = out.text;
    for (int i = 0; i < size; i++) {
        if (i && (size - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = 0;
    return out;
}
