/* bytes.h - products of bytes, and small pieces that make bytes of what stands
 * in a file.
 *
 * x86 and WebAssembly multiply bytes into pairs of int16: vpmaddubsw (SSSE3,
 * AVX2) and the relaxed dot do it in one instruction; elsewhere two products
 * of int16 give the same pairs.  The weight side must be 0..127: the relaxed
 * dot is only then the same in every engine.  The caller keeps every pair and
 * every sum of pairs within int16.  Weights with a sign go in as magnitudes,
 * their signs to the activations.
 *
 * NEON multiplies bytes with a sign on both sides, to int16 or, with dot
 * products (TARN_CPU_DOT), four at a time to int32.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_BYTES_H
#define TARN_CPU_BYTES_H

#include <stdbool.h>

#include "backends/cpu/vec.h"

#if defined(__SSSE3__) || defined(__wasm_relaxed_simd__) || TARN_CPU_NEON
#define TARN_CPU_BYTES 1
#else
#define TARN_CPU_BYTES 0
#endif
#if TARN_CPU_NEON && defined(__ARM_FEATURE_DOTPROD)
#define TARN_CPU_DOT 1
#else
#define TARN_CPU_DOT 0
#endif

typedef int16_t vs __attribute__((vector_size(4 * VL)));
typedef uint16_t vus __attribute__((vector_size(4 * VL)));
typedef uint8_t vub __attribute__((vector_size(4 * VL)));

INLINE vi vi_add16(vi a, vi b)
{
    return (vi)((vs)a + (vs)b);
}

/* How many products of weights up to `most` and activations one int16 holds,
 * as a power of two. */
INLINE uint32_t fit_of(uint32_t most)
{
    const uint32_t n = 32767 / (127 * most);
    return n >= 32 ? 32 : n >= 16 ? 16 : n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
}

/* The signed side, made ready once for many products. */
struct signed_bytes {
#if TARN_CPU_BYTES
    vi v;
#else
    vi even, odd; /* int16 */
#endif
};

INLINE struct signed_bytes signed_bytes(vi s)
{
#if TARN_CPU_BYTES
    return (struct signed_bytes){ s };
#else
    return (struct signed_bytes){ (vi)(((vs)s << 8) >> 8), (vi)((vs)s >> 8) };
#endif
}

#if !TARN_CPU_NEON
/* Pairs of u * s, u 0..127 unsigned, s signed. */
INLINE vi mul_bytes(vi u, struct signed_bytes s)
{
#if defined(__AVX512F__)
    return (vi)_mm512_maddubs_epi16((__m512i)u, (__m512i)s.v);
#elif defined(__AVX2__)
    return (vi)_mm256_maddubs_epi16((__m256i)u, (__m256i)s.v);
#elif defined(__SSSE3__)
    return (vi)_mm_maddubs_epi16((__m128i)u, (__m128i)s.v);
#elif defined(__wasm_relaxed_simd__)
    return (vi)wasm_i16x8_relaxed_dot_i8x16_i7x16((v128_t)s.v, (v128_t)u);
#else
    return (vi)((vs)((vus)u & 255) * (vs)s.even + (vs)((vus)u >> 8) * (vs)s.odd);
#endif
}

/* Pairs of w * s, w -127..127 (-128 too, but for the relaxed dot). */
INLINE vi mul_signed(vi w, struct signed_bytes s)
{
#if defined(__AVX512F__)
    const __m512i a = _mm512_mask_sub_epi8(
        (__m512i)s.v, _mm512_movepi8_mask((__m512i)w), _mm512_setzero_si512(),
        (__m512i)s.v);
    return (vi)_mm512_maddubs_epi16(_mm512_abs_epi8((__m512i)w), a);
#elif defined(__AVX2__)
    return (vi)_mm256_maddubs_epi16(_mm256_abs_epi8((__m256i)w),
                                    _mm256_sign_epi8((__m256i)s.v,
                                                     (__m256i)w));
#elif defined(__SSSE3__)
    return (vi)_mm_maddubs_epi16(_mm_abs_epi8((__m128i)w),
                                 _mm_sign_epi8((__m128i)s.v, (__m128i)w));
#elif defined(__wasm_relaxed_simd__)
    const v128_t m = wasm_i8x16_shr((v128_t)w, 7);
    const v128_t a = wasm_i8x16_sub(wasm_v128_xor((v128_t)s.v, m), m);
    return (vi)wasm_i16x8_relaxed_dot_i8x16_i7x16(
        a, wasm_i8x16_abs((v128_t)w));
#else
    return (vi)(((vs)w << 8 >> 8) * (vs)s.even + ((vs)w >> 8) * (vs)s.odd);
#endif
}
#endif

/* ------------------------------------------------------------------- terms
 * Products of a vector of weights and one of activations as their kernels for
 * one row want them, where the sum of all lanes counts and nothing else: pairs,
 * or what NEON makes, int32 or int16 in an order of its own.  Two vectors may
 * share one vector of int16 if their weights are below 64. */
INLINE vi terms(vi w, struct signed_bytes a, bool is_signed)
{
#if TARN_CPU_DOT
    (void)is_signed;
    return (vi)vdotq_s32(vdupq_n_s32(0), (int8x16_t)w, (int8x16_t)a.v);
#elif TARN_CPU_NEON
    (void)is_signed;
    const int16x8_t low =
        vmull_s8(vget_low_s8((int8x16_t)w), vget_low_s8((int8x16_t)a.v));
    return (vi)vmlal_high_s8(low, (int8x16_t)w, (int8x16_t)a.v);
#else
    return is_signed ? mul_signed(w, a) : mul_bytes(w, a);
#endif
}

INLINE vi more_terms(vi x, vi w, struct signed_bytes a, bool is_signed)
{
#if TARN_CPU_DOT
    (void)is_signed;
    return (vi)vdotq_s32((int32x4_t)x, (int8x16_t)w, (int8x16_t)a.v);
#elif TARN_CPU_NEON
    (void)is_signed;
    const int16x8_t low = vmlal_s8((int16x8_t)x, vget_low_s8((int8x16_t)w),
                                   vget_low_s8((int8x16_t)a.v));
    return (vi)vmlal_high_s8(low, (int8x16_t)w, (int8x16_t)a.v);
#else
    return vi_add16(x, terms(w, a, is_signed));
#endif
}

/* As int32. */
INLINE vi widen_terms(vi x)
{
#if TARN_CPU_DOT
    return x;
#elif TARN_CPU_NEON
    return (vi)vpaddlq_s16((int16x8_t)x);
#else
    return vi_dot2(vi_splat(0), x, vi_splat(0x10001));
#endif
}

/* sum + x * scale: int32 lanes with dot products, else int16 alike. */
INLINE vi meet_scale(vi sum, vi x, vi scale)
{
#if TARN_CPU_DOT
    return sum + x * scale;
#elif TARN_CPU_NEON
    const int32x4_t low =
        vmlal_s16((int32x4_t)sum, vget_low_s16((int16x8_t)x),
                  vget_low_s16((int16x8_t)scale));
    return (vi)vmlal_high_s16(low, (int16x8_t)x, (int16x8_t)scale);
#else
    return vi_dot2(sum, x, scale);
#endif
}

INLINE vi more_sums(vi sum, vi x)
{
#if TARN_CPU_DOT
    return sum + x;
#elif TARN_CPU_NEON
    return (vi)vpadalq_s16((int32x4_t)sum, (int16x8_t)x);
#else
    return vi_dot2(sum, x, vi_splat(0x10001));
#endif
}

/* ------------------------------------------------------------------- masks
 * Of a vector's bytes, from bits as they stand in a file: bit i of `bits` is
 * byte i. */
#if VL == 16
typedef __mmask64 vmask;
#else
typedef vi vmask; /* 0 or 255 */
#endif

INLINE vmask bit_mask(uint64_t bits)
{
#if VL == 16
    return (__mmask64)bits;
#elif VL == 8
    const __m256i each = _mm256_set1_epi64x((int64_t)0x8040201008040201u);
    const __m256i v = _mm256_shuffle_epi8(
        _mm256_set1_epi32((int32_t)bits),
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202,
                           0x0303030303030303));
    return (vi)_mm256_cmpeq_epi8(_mm256_and_si256(v, each), each);
#elif TARN_CPU_NEON
    const uint8x16_t each =
        vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u));
    const uint8x16_t at = vcombine_u8(vdup_n_u8(0), vdup_n_u8(1));
    const uint8x16_t two =
        vreinterpretq_u8_u16(vdupq_n_u16((uint16_t)bits));
    return (vi)vtstq_u8(vqtbl1q_u8(two, at), each);
#else
    typedef uint64_t v2q __attribute__((vector_size(16)));
    typedef uint8_t v16b __attribute__((vector_size(16)));
    const v16b each = (v16b)((v2q){ 0 } + 0x8040201008040201u);
    const v16b v = (v16b)(v2q){ (bits & 255) * 0x0101010101010101u,
                                (bits >> 8 & 255) * 0x0101010101010101u };
    return (vi)((v & each) == each);
#endif
}

/* v where the mask is not set, x where it is. */
INLINE vi where(vmask m, vi x, vi v)
{
#if VL == 16
    return (vi)_mm512_mask_mov_epi8((__m512i)v, m, (__m512i)x);
#elif VL == 8
    return (vi)_mm256_blendv_epi8((__m256i)v, (__m256i)x, (__m256i)m);
#else
    return (x & m) | (v & ~m);
#endif
}

INLINE vi splat_byte(int x)
{
    return vi_splat((int32_t)((uint32_t)(x & 255) * 0x01010101u));
}

INLINE vi add_bytes(vi a, vi b)
{
    return (vi)((vub)a + (vub)b);
}

INLINE vi sub_bytes(vi a, vi b)
{
    return (vi)((vub)a - (vub)b);
}

/* ------------------------------------------------------------------- bits */

/* Bits [from, ...) of each byte moved to `to`; what comes over from the next
 * byte is the caller's to mask off.  The counts are constants. */
INLINE vi shift_bits(vi v, uint32_t from, uint32_t to)
{
#if TARN_CPU_NEON /* shifts bytes: nothing comes over */
    return from > to ? (vi)((vub)v >> (from - to))
                     : (vi)((vub)v << (to - from));
#else
    return from > to ? (vi)((vus)v >> (from - to))
                     : (vi)((vus)v << (to - from));
#endif
}

/* n bits of each byte, from bit `from` on. */
INLINE vi bits_of(vi v, uint32_t from, uint32_t n)
{
    v = shift_bits(v, from, 0);
    return TARN_CPU_NEON && from + n == 8 ? v : v & splat_byte((1 << n) - 1);
}

/* The lowest n bits (2 or 4) of `low`, `high` above them. */
INLINE vi put_above(vi low, uint32_t n, vi high)
{
#if TARN_CPU_NEON
    const uint8x16_t l = (uint8x16_t)low, h = (uint8x16_t)high;
    return n == 2 ? (vi)vsliq_n_u8(l, h, 2) : (vi)vsliq_n_u8(l, h, 4);
#else
    return (low & splat_byte((1 << n) - 1)) | shift_bits(high, 0, n);
#endif
}

/* Vector i of the values whose bits stand `step` apart in the same 32 bytes:
 * values 0-31 in the lowest bits, 32-63 `step` higher and so on.  Not masked.
 */
INLINE vi spread32_raw(const uint8_t *p, uint32_t i, uint32_t step)
{
#if VL == 16
    const __m512i v = _mm512_broadcast_i64x4(
        _mm256_loadu_si256((const void *)p));
    const __m512i count = _mm512_inserti64x4(
        _mm512_set1_epi16((int16_t)(2 * i * step)),
        _mm256_set1_epi16((int16_t)((2 * i + 1) * step)), 1);
    return (vi)_mm512_srlv_epi16(v, count);
#elif VL == 8
    return shift_bits(vi_load(p), i * step, 0);
#else
    return shift_bits(vi_load(p + 16 * (i % 2)), i / 2 * step, 0);
#endif
}

/* The same of `step` bits. */
INLINE vi spread32(const uint8_t *p, uint32_t i, uint32_t step)
{
#if VL == 4
    return bits_of(vi_load(p + 16 * (i % 2)), i / 2 * step, step);
#else
    return spread32_raw(p, i, step) & splat_byte((1 << step) - 1);
#endif
}

/* The same of single bits (step 1), moved to bit `to` and masked. */
INLINE vi spread_bit(const uint8_t *p, uint32_t i, uint32_t to)
{
#if VL == 16
    const __m512i v = _mm512_broadcast_i64x4(
        _mm256_loadu_si256((const void *)p));
    const __m512i each = _mm512_inserti64x4(
        _mm512_set1_epi8((char)(1u << (2 * i))),
        _mm256_set1_epi8((char)(1u << (2 * i + 1))), 1);
    return (vi)_mm512_maskz_mov_epi8(_mm512_test_epi8_mask(v, each),
                                     _mm512_set1_epi8((char)(1u << to)));
#elif VL == 8
    return shift_bits(vi_load(p), i, to) & splat_byte(1 << to);
#else
    return shift_bits(bits_of(vi_load(p + 16 * (i % 2)), i / 2, 1), 0, to);
#endif
}

/* spread32() with the bit of spread_bit() above. */
INLINE vi spread32_bit(const uint8_t *p, uint32_t i, uint32_t step,
                       const uint8_t *bits, uint32_t bit)
{
#if TARN_CPU_NEON
    return put_above(spread32_raw(p, i, step), step, spread_bit(bits, bit, 0));
#else
    return spread32(p, i, step) | spread_bit(bits, bit, step);
#endif
}

/* Nibbles of 16 bytes are 32 values, the low ones first.  At VL 16: of two
 * such pieces; at VL 4: half of one, `high` says which. */
INLINE vi spread16(const uint8_t *p, const uint8_t *second, uint32_t high)
{
#if VL == 16
    const __m512i v = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_broadcastsi128_si256(
            _mm_loadu_si128((const void *)p))),
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)second)),
        1);
    (void)high;
    return (vi)_mm512_srlv_epi64(v, _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4,
                                                      4)) &
           splat_byte(15);
#elif VL == 8
    const __m256i v =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)p));
    (void)high;
    (void)second;
    return (vi)_mm256_srlv_epi64(v, _mm256_setr_epi64x(0, 0, 4, 4)) &
           splat_byte(15);
#else
    (void)second;
    return bits_of(vi_load(p), 4 * high, 4);
#endif
}

/* Entry v[i] (0..15) of a table of 16 bytes. */
INLINE vi pick16(const int8_t table[16], vi v)
{
#if defined(__AVX512F__)
    return (vi)_mm512_shuffle_epi8(
        _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)table)),
        (__m512i)v);
#elif defined(__AVX2__)
    return (vi)_mm256_shuffle_epi8(
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table)),
        (__m256i)v);
#elif defined(__SSSE3__)
    return (vi)_mm_shuffle_epi8(_mm_loadu_si128((const void *)table),
                                (__m128i)v);
#elif defined(__wasm_simd128__)
    return (vi)wasm_i8x16_swizzle(wasm_v128_load(table), (v128_t)v);
#elif TARN_CPU_NEON
    return (vi)vqtbl1q_s8(vld1q_s8(table), (uint8x16_t)v);
#else
    uint8_t at[4 * VL];
    memcpy(at, &v, sizeof at);
    for (uint32_t i = 0; i < sizeof at; i++)
        at[i] = (uint8_t)table[at[i]];
    return vi_load(at);
#endif
}

#endif
