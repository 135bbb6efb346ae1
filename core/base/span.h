/* span.h - a bounded window on bytes that may be hostile.
 *
 * Whatever tarn did not make itself (a model, a state, a reply) is read
 * through a span.  No read can pass its end.  The first failure sticks, so
 * a parser may read a whole header and test `failed` once.
 *
 * Owns: nothing; `base` must outlive the span.  Threads: one at a time.
 */
#ifndef TARN_BASE_SPAN_H
#define TARN_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tarn_span {
    const uint8_t *base;
    size_t size; /* bytes readable from base */
    size_t at;   /* next byte; at <= size always */
    bool failed; /* sticky */
};

struct tarn_span tarn_span_of(const void *base, size_t size);

/* The next n bytes, borrowed from base.  NULL and `failed` if fewer are
 * left; the position does not move then. */
const uint8_t *tarn_span_take(struct tarn_span *s, uint64_t n);

/* Little-endian integers; 0 once failed, so test `failed` before use. */
uint8_t tarn_span_u8(struct tarn_span *s);
uint32_t tarn_span_u32(struct tarn_span *s);
uint64_t tarn_span_u64(struct tarn_span *s);

#endif
