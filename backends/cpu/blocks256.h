/* blocks256.h - superblocks of 256 values as vectors of bytes and int16 scales,
 * for every type that has them.
 *
 * A weight is (d * factor) * scale * (byte - zero) - dmin * min, one scale for
 * each of 8 or 16 sub-blocks.  Bytes come out unsigned, at most 127, and the
 * `zero` that they are too large by goes off through the sums of activations;
 * IQ4_XS, whose table spans eight bits, comes out signed.  Vectors are in the
 * order of the values, whatever the level's width.  Layouts: docs/formats.md.
 *
 * `type` and `i` are constants where these functions are inlined.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_BLOCKS256_H
#define TARN_CPU_BLOCKS256_H

#include "backends/cpu/bytes.h"
#include "backends/cpu/grid.h"
#include "backends/cpu/rows4.h"

#define VECTORS (64 / VL) /* of a superblock */

struct kind256 {
    uint32_t bytes; /* of a superblock */
    uint32_t d;     /* where d stands, dmin behind it */
    uint32_t subs;  /* 8 or 16 */
    int32_t zero;   /* what bytes are too large by */
    uint32_t most;  /* largest magnitude of a byte */
    bool min, is_signed;
    float factor;
};

INLINE struct kind256 kind256_of(uint32_t type)
{
    /* Grids span -43 .. 43, -62 .. 62, -15 .. 15: where products take signs
     * on both sides, nothing is added. */
    const bool s = TARN_CPU_NEON;
    switch (type) {
    case TARN_Q2_K:
        return (struct kind256){ 84, 80, 16, 0, 3, true, false, 1.0f };
    case TARN_Q3_K:
        return (struct kind256){ 110, 108, 16, 4, 7, false, false, 1.0f };
    case TARN_Q4_K:
        return (struct kind256){ 144, 0, 8, 0, 15, true, false, 1.0f };
    case TARN_Q5_K:
        return (struct kind256){ 176, 0, 8, 0, 31, true, false, 1.0f };
    case TARN_Q6_K:
        return (struct kind256){ 210, 208, 16, 32, 63, false, false, 1.0f };
    case TARN_IQ2_XXS:
        return (struct kind256){ 66, 0, 8, s ? 0 : 43, s ? 43 : 86, false, s,
                                 0.125f };
    case TARN_IQ2_XS:
        return (struct kind256){ 74, 0, 16, s ? 0 : 43, s ? 43 : 86, false, s,
                                 0.125f };
    case TARN_IQ2_S:
        return (struct kind256){ 82, 0, 16, s ? 0 : 43, s ? 43 : 86, false, s,
                                 0.125f };
    case TARN_IQ3_XXS:
        return (struct kind256){ 98, 0, 8, s ? 0 : 62, s ? 62 : 124, false, s,
                                 0.25f };
    case TARN_IQ3_S:
        return (struct kind256){ 110, 0, 8, s ? 0 : 15, s ? 15 : 30, false, s,
                                 1.0f };
    default: /* IQ4_XS */
        return (struct kind256){ 136, 0, 8, 0, 127, false, true, 1.0f };
    }
}

/* ------------------------------------------------------------------ values */

/* Vector i of the 128 values whose two upper bits stand in 32 bytes at p: `low`
 * has the lower four and rubbish above.  Below 64 bytes in one shift. */
INLINE vi upper_bits_q6_k(vi low, const uint8_t *p, uint32_t i)
{
#if VL == 16 || TARN_CPU_NEON
    return put_above(low, 4, spread32(p, i, 2));
#else
    const vi v = vi_load(VL == 4 ? p + 16 * (i % 2) : p);
    return (low & splat_byte(15)) |
           (shift_bits(v, VL == 4 ? i / 2 * 2 : i * 2, 4) & splat_byte(48));
#endif
}

/* Vector i of Q6_K: halves of 128 values, 64 bytes of nibbles and 32 bytes of
 * two more bits each. */
INLINE vi values_q6_k(const uint8_t *p, uint32_t i)
{
    const uint32_t half = i / (VECTORS / 2), e = i % (VECTORS / 2) * 4 * VL;
    const vi low =
        shift_bits(vi_load(p + 64 * half + e % 64), e / 64 * 4, 0);
    return upper_bits_q6_k(low, p + 128 + 32 * half, i % (VECTORS / 2));
}

/* Bytes 4 VL i .. of a superblock. */
INLINE vi values256(uint32_t type, const uint8_t *p, uint32_t i)
{
    const uint32_t e = i * 4 * VL, per128 = VECTORS / 2;
    const uint32_t per64 = VECTORS > 4 ? VECTORS / 4 : 1;
    switch (type) {
    case TARN_Q2_K:
        return spread32(p + 16 + e / 128 * 32, i % per128, 2);
    case TARN_Q3_K:
        return spread32_bit(p + 32 + e / 128 * 32, i % per128, 2, p, i);
    case TARN_Q4_K:
        return spread32(p + 16 + e / 64 * 32, i % per64, 4);
    case TARN_Q5_K:
        return spread32_bit(p + 48 + e / 64 * 32, i % per64, 4, p + 16, i);
    case TARN_Q6_K:
        return values_q6_k(p, i);
    case TARN_IQ4_XS:
        return pick16(tarn_cpu_nl_values,
                      spread16(p + 8 + e / 32 * 16, p + 24 + e / 32 * 16,
                               i % 2));
    default:
        return grid_values(type, p, i, kind256_of(type).zero);
    }
}

/* ------------------------------------------------------------------ scales */

struct scales256 {
    v8s scale[2], min[2]; /* the first alone where there are 8 */
};

/* Six-bit scales and minima of Q4_K and Q5_K, twelve bytes (behind d and dmin:
 * four more may be read in front). */
INLINE struct scales256 scales_q45_k(const uint8_t *s)
{
    /* Words 1 and 2: six bits of four scales and four minima, top bits of four
     * more above; word 3: the low nibbles of those. */
    const v16b v = load16(s - 4);
    const v16b low = v & 0x3f;
    const v4i four = __builtin_shufflevector((v4i)v, (v4i)v, 3, 3, 3, 3);
#if TARN_CPU_NEON
    const v16b top = v >> 2 & 0x30;
    const v16b nibbles = (v16b)four >> (v16b)(v4i){ 0, 0, 0x04040404, 0 } & 15;
#else /* no shift of bytes, nor one that differs from lane to lane */
    const v16b top = (v16b)((v8u)v >> 2) & 0x30;
    const v4i next = (v4i)((v8u)four >> 4);
    const v16b nibbles =
        (v16b)__builtin_shufflevector(four, next, 0, 1, 6, 7) & 15;
#endif
    const v4i l = (v4i)low, h = (v4i)(top | nibbles);
    const v4i scale = __builtin_shufflevector(l, h, 1, 5, 2, 6);
    return (struct scales256){ { widen_low((v16b)scale) },
                               { widen_high((v16b)scale) } };
}

/* Six bits less 32, twelve bytes (at the end of a block). */
INLINE struct scales256 scales_q3_k(const uint8_t *s)
{
#if TARN_CPU_NEON
    const v16b v = load16(s - 4);
    const v16b low = (v16b)__builtin_shufflevector((v4i)v, (v4i)v, 1, 2, 1, 2) >>
                     (v16b)(v4i){ 0, 0, 0x04040404, 0x04040404 };
    const v16b top = (v16b)vshlq_u8(
        (uint8x16_t)__builtin_shufflevector((v4i)v, (v4i)v, 3, 3, 3, 3),
        (int8x16_t)(v4i){ 0x04040404, 0x02020202, 0,
                          (int32_t)0xfefefefeu });
    const int8x16_t all = (int8x16_t)(((low & 15) | (top & 0x30)) - 32);
    return (struct scales256){ { (v8s)vmovl_s8(vget_low_s8(all)),
                                 (v8s)vmovl_high_s8(all) },
                               { { 0 } } };
#else
    const uint32_t a = word_at(s), b = word_at(s + 4), c = word_at(s + 8);
    const uint32_t four = 0x0f0f0f0fu, top = 0x30303030u;
    const v4i v = { (int32_t)((a & four) | (c << 4 & top)),
                    (int32_t)((b & four) | (c << 2 & top)),
                    (int32_t)((a >> 4 & four) | (c & top)),
                    (int32_t)((b >> 4 & four) | (c >> 2 & top)) };
    return (struct scales256){ { widen_low((v16b)v) - 32,
                                 widen_high((v16b)v) - 32 },
                               { { 0 } } };
#endif
}

/* Bytes of two nibbles, the low one first, as 16 odd scales 2s + 1. */
INLINE struct scales256 odd_scales16(const uint8_t *s)
{
    uint64_t eight;
    memcpy(&eight, s, sizeof eight);
    const v16b v = (v16b)(v4i){ (int32_t)eight, (int32_t)(eight >> 32) };
    const v16b n = __builtin_shufflevector(v & 15, v >> 4, 0, 16, 1, 17, 2, 18,
                                           3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return (struct scales256){ { 2 * widen_low(n) + 1, 2 * widen_high(n) + 1 },
                               { { 0 } } };
}

/* The top four bits of eight words, `stride` apart, as odd scales. */
INLINE struct scales256 odd_scales8(const uint8_t *s, size_t stride)
{
    int16_t v[8];
    for (uint32_t k = 0; k < 8; k++)
        v[k] = (int16_t)(s[k * stride + 3] >> 4);
    const v8s x = { v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7] };
    return (struct scales256){ { 2 * x + 1 }, { { 0 } } };
}

/* Eight nibbles, the low ones first, in the lanes. */
INLINE v8s nibbles8(const uint8_t *s)
{
    const v4i v = { (int32_t)word_at(s) };
    const v16b n = __builtin_shufflevector(
        (v16b)v & 15, (v16b)v >> 4, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
        6, 22, 7, 23);
    return widen_low(n);
}

INLINE struct scales256 scales_iq4_xs(const uint8_t *p)
{
    const v8u two = { 0, 2, 4, 6, 8, 10, 12, 14 };
    const v8u high = (((v8u){ 0 } + (uint16_t)half_bits(p + 2)) >> two) & 3;
    return (struct scales256){ { (nibbles8(p + 4) | (v8s)(high << 4)) - 32 },
                               { { 0 } } };
}

INLINE struct scales256 scales256(uint32_t type, const uint8_t *p)
{
    v16b v;
    switch (type) {
    case TARN_Q2_K:
        v = load16(p);
        return (struct scales256){
            { widen_low(v & 15), widen_high(v & 15) },
            { widen_low(v >> 4), widen_high(v >> 4) }
        };
    case TARN_Q3_K:
        return scales_q3_k(p + 96);
    case TARN_Q4_K:
    case TARN_Q5_K:
        return scales_q45_k(p + 4);
    case TARN_Q6_K:
#if defined(__AVX2__)
        return (struct scales256){
            { (v8s)_mm_cvtepi8_epi16(_mm_loadl_epi64((const void *)(p + 192))),
              (v8s)_mm_cvtepi8_epi16(
                  _mm_loadl_epi64((const void *)(p + 200))) },
            { { 0 } }
        };
#elif TARN_CPU_NEON
        v = load16(p + 192);
        return (struct scales256){
            { (v8s)vmovl_s8(vget_low_s8((int8x16_t)v)),
              (v8s)vmovl_high_s8((int8x16_t)v) },
            { { 0 } }
        };
#else /* 128 is added and goes off again */
        v = load16(p + 192) ^ 128;
        return (struct scales256){ { widen_low(v) - 128, widen_high(v) - 128 },
                                   { { 0 } } };
#endif
    case TARN_IQ2_XXS:
        return odd_scales8(p + 6, 8);
    case TARN_IQ2_XS:
        return odd_scales16(p + 66);
    case TARN_IQ2_S:
        return odd_scales16(p + 74);
    case TARN_IQ3_XXS:
        return odd_scales8(p + 66, 4);
    case TARN_IQ3_S:
        return (struct scales256){ { 2 * nibbles8(p + 106) + 1 }, { { 0 } } };
    default:
        return scales_iq4_xs(p);
    }
}

#endif
