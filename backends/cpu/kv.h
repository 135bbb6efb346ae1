/* kv.h - one value of a K/V page: where it stands and in what form.
 *
 * Halves are kept as floats where the machine has no instruction for them
 * (TARN_CPU_WIDE_HALVES); canonical bytes (state_read) do not show that.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_KV_H
#define TARN_CPU_KV_H

#include <string.h>

#include "backends/cpu/cpu.h"
#include "backends/cpu/vec.h"

/* Bytes of a value and of a scale in a page. */
struct kv_kind {
    uint32_t value, scale;
};
static inline struct kv_kind kv_kind(uint32_t type)
{
    const uint32_t half = TARN_CPU_WIDE_HALVES ? 4 : 2;
    return type == TARN_Q8_0  ? (struct kv_kind){ 1, half }
           : type == TARN_F32 ? (struct kv_kind){ 4, 0 }
                              : (struct kv_kind){ half, 0 };
}

/* Values are converted when they are read. */
static inline bool kv_narrow(uint32_t type)
{
    return kv_kind(type).value < 4;
}

/* Index of value c of position t; see cpu.h for the layout. */
static inline size_t kv_k_at(const struct tarn_state *st, uint32_t c,
                             uint32_t t)
{
    const uint32_t unit = st->unit;
    return (size_t)(c / unit) * unit * 256 + (size_t)(t / 16) * unit * 16 +
           (size_t)(c % unit) * 16 + t % 16;
}

static inline size_t kv_v_at(const struct tarn_state *st, uint32_t c,
                             uint32_t t)
{
    const uint32_t unit = st->unit;
    return (size_t)(c / unit) * unit * 256 + (size_t)t * unit + c % unit;
}

static inline void kv_put_half(uint8_t *p, size_t at, uint16_t half)
{
#if TARN_CPU_WIDE_HALVES
    const float f = tarn_f16_to_f32(half);
    memcpy(p + at * 4, &f, 4);
#else
    memcpy(p + at * 2, &half, 2);
#endif
}

static inline uint16_t kv_get_half(const uint8_t *p, size_t at)
{
#if TARN_CPU_WIDE_HALVES
    float f;
    memcpy(&f, p + at * 4, 4);
    return tarn_f32_to_f16(f);
#else
    uint16_t half;
    memcpy(&half, p + at * 2, 2);
    return half;
#endif
}

static inline void kv_put_scale(uint8_t *p, size_t at, uint16_t half)
{
    kv_put_half(p, at, half);
}

/* F16 and F32 only. */
static inline void kv_put(uint32_t type, uint8_t *p, size_t at, float x)
{
    if (type == TARN_F32)
        memcpy(p + at * 4, &x, 4);
    else
        kv_put_half(p, at, tarn_f32_to_f16(x));
}

/* Value c of a canonical row, from place `at` of a page (scales apart). */
static inline void kv_read(uint32_t type, const uint8_t *values,
                           const uint8_t *scales, size_t at, uint32_t c,
                           uint32_t t, uint8_t *row)
{
    if (type == TARN_F32) {
        memcpy(row + c * 4, values + at * 4, 4);
    } else if (type == TARN_F16) {
        const uint16_t half = kv_get_half(values, at);
        memcpy(row + c * 2, &half, 2);
    } else {
        uint8_t *block = row + c / 32 * 34;
        const uint16_t d = kv_get_half(scales, (size_t)(c / 32) * 256 + t);
        memcpy(block, &d, 2);
        block[2 + c % 32] = values[at];
    }
}

static inline void kv_write(uint32_t type, uint8_t *values, uint8_t *scales,
                            size_t at, uint32_t c, uint32_t t,
                            const uint8_t *row)
{
    if (type == TARN_F32) {
        memcpy(values + at * 4, row + c * 4, 4);
    } else if (type == TARN_F16) {
        uint16_t half;
        memcpy(&half, row + c * 2, 2);
        kv_put_half(values, at, half);
    } else {
        const uint8_t *block = row + c / 32 * 34;
        uint16_t d;
        memcpy(&d, block, 2);
        kv_put_half(scales, (size_t)(c / 32) * 256 + t, d);
        values[at] = block[2 + c % 32];
    }
}

#endif
