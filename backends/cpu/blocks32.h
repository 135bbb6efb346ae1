/* blocks32.h - blocks of 32 values as vectors of bytes, for every type that has
 * them.
 *
 * A weight is d * (byte - zero) + m.  Bytes come out unsigned, at most 127, or
 * signed (Q8_0, IQ4_NL), in the order of the values.  At VL 16 a vector holds
 * two blocks, at VL 4 half of one.  Layouts: docs/formats.md.
 *
 * `type` and `i` are constants where these functions are inlined.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_BLOCKS32_H
#define TARN_CPU_BLOCKS32_H

#include "backends/cpu/bytes.h"
#include "backends/cpu/grid.h"
#include "backends/cpu/rows4.h"

/* The kernels of all of them (rows4.h). */
#define ONE_OF_ALL_32        \
    ONE(q4_0, TARN_Q4_0)     \
    ONE(q4_1, TARN_Q4_1)     \
    ONE(q5_0, TARN_Q5_0)     \
    ONE(q5_1, TARN_Q5_1)     \
    ONE(q8_0, TARN_Q8_0)     \
    ONE(iq4_nl, TARN_IQ4_NL) \
    ONE(mxfp4, TARN_MXFP4)

struct kind32 {
    uint32_t bytes;  /* of a block */
    uint32_t qh, qs; /* where fifth bits (0: none) and the rest stand */
    int32_t zero;    /* what bytes are too large by */
    uint32_t most;   /* largest magnitude of a byte */
    bool min, is_signed;
};

INLINE struct kind32 kind32_of(uint32_t type)
{
    const bool s = TARN_CPU_NEON; /* products take signs on both sides */
    switch (type) {
    case TARN_Q4_0: return (struct kind32){ 18, 0, 2, 8, 15, false, false };
    case TARN_Q4_1: return (struct kind32){ 20, 0, 4, 0, 15, true, false };
    case TARN_Q5_0: return (struct kind32){ 22, 2, 6, 16, 31, false, false };
    case TARN_Q5_1: return (struct kind32){ 24, 4, 8, 0, 31, true, false };
    case TARN_IQ4_NL: return (struct kind32){ 18, 0, 2, 0, 127, false, true };
    case TARN_MXFP4:
        return (struct kind32){ 17, 0, 1, s ? 0 : 12, s ? 12 : 24, false, s };
    default: return (struct kind32){ 34, 0, 2, 0, 128, false, true }; /* Q8_0 */
    }
}

/* Of the block at p (and of the one at `second`); i: which half. */
INLINE vi values32(uint32_t type, const uint8_t *p, const uint8_t *second,
                   uint32_t i)
{
    const struct kind32 kind = kind32_of(type);
    if (type == TARN_Q8_0) {
#if VL == 16
        return (vi)_mm512_inserti64x4(
            _mm512_castsi256_si512(
                _mm256_loadu_si256((const void *)(p + 2))),
            _mm256_loadu_si256((const void *)(second + 2)), 1);
#else
        return vi_load(p + 2 + 16 * i);
#endif
    }
    const vi v = spread16(p + kind.qs, second + kind.qs, i);
    if (type == TARN_IQ4_NL)
        return pick16(tarn_cpu_nl_values, v);
    if (type == TARN_MXFP4)
        return pick16(tarn_cpu_mx_values, v);
    if (!kind.qh)
        return v;
    uint64_t bits = word_at(p + kind.qh);
    if (VL == 16)
        bits |= (uint64_t)word_at(second + kind.qh) << 32;
    else
        bits >>= 16 * i;
    return where(bit_mask(bits), add_bytes(v, splat_byte(16)), v);
}

/* d of a block. */
INLINE float scale32(uint32_t type, const uint8_t *p)
{
    return type == TARN_MXFP4 ? tarn_e8m0_half(p[0]) : float_of_half(p);
}

/* d of four rows. */
INLINE v4f scales32(uint32_t type, const struct rows4 *r)
{
    if (type != TARN_MXFP4)
        return halves4(r, 0);
    const v4i e = { r->w[0][0], r->w[1][0], r->w[2][0], r->w[3][0] };
    const v4i low = (v4i)(e < 2);
    return (v4f)(((0x00200000 + (e << 21)) & low) | ((e - 1) << 23 & ~low));
}

#endif
