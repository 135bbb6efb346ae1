/* span.c - see span.h.
 * Every check has the form "n > size - at".  at <= size holds, so it cannot
 * wrap; "at + n > size" wraps for a hostile n. */
#include "core/base/span.h"

struct tarn_span tarn_span_of(const void *base, size_t size)
{
    return (struct tarn_span){ .base = base, .size = base ? size : 0 };
}

const uint8_t *tarn_span_take(struct tarn_span *s, uint64_t n)
{
    if (s->failed || n > s->size - s->at) {
        s->failed = true;
        return NULL;
    }
    const uint8_t *p = s->base + s->at;
    s->at += (size_t)n;
    return p;
}

/* Byte by byte: right for any alignment and byte order of the host; compilers
 * make one load of it. */
static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

uint8_t tarn_span_u8(struct tarn_span *s)
{
    const uint8_t *p = tarn_span_take(s, 1);
    return p ? *p : 0;
}

uint32_t tarn_span_u32(struct tarn_span *s)
{
    const uint8_t *p = tarn_span_take(s, 4);
    return p ? le32(p) : 0;
}

uint64_t tarn_span_u64(struct tarn_span *s)
{
    const uint8_t *p = tarn_span_take(s, 8);
    return p ? le32(p) | (uint64_t)le32(p + 4) << 32 : 0;
}
