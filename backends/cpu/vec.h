/* vec.h - vectors of the width that this build has, in one spelling.
 *
 * The driver's loops (norms, gates, attention, float products, the common
 * integer product) are written once on `vf` and `vi`, VL lanes of float and
 * int32, and compiled for each level.  Outputs sit in the lanes, never the
 * terms of a sum, so the bits do not depend on VL; the one sum that is cut
 * into sixteen (L16) is `struct l16`.
 *
 * GCC's and clang's vector extension does the arithmetic; what it lacks
 * (rounding, halves, products of int16 pairs) has one spelling per machine
 * and a plain one for all others.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_VEC_H
#define TARN_CPU_VEC_H

#include <stdint.h>
#include <string.h>

#include "backends/cpu/unroll.h"
#include "backends/numerics.h"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#define TARN_CPU_NEON 1
#endif
#if !defined(TARN_CPU_NEON)
#define TARN_CPU_NEON 0
#endif

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

/* GCC 12 has dropped the effect of functions that write through vector stores
 * alone (KERNELS 12.2). */
#if defined(__GNUC__) && !defined(__clang__)
#define KERNEL __attribute__((noipa))
#else
#define KERNEL __attribute__((noinline))
#endif

/* A sum as far as it has come: GCC must not gather its terms and add them
 * later.  It does where eight sums fill the registers: all 64 products of a
 * loop went to memory and came back (half the speed). */
#if defined(__AVX__) && defined(__GNUC__) && !defined(__clang__)
#define KEEP(v_) __asm__("" : "+v"(v_))
#elif TARN_CPU_NEON && defined(__GNUC__) && !defined(__clang__)
#define KEEP(v_) __asm__("" : "+w"(v_))
#else
#define KEEP(v_) (void)(v_)
#endif

#define INLINE static inline __attribute__((always_inline, unused))

typedef float vf __attribute__((vector_size(4 * VL)));
typedef int32_t vi __attribute__((vector_size(4 * VL)));
typedef uint16_t vh __attribute__((vector_size(2 * VL)));
typedef int8_t vb __attribute__((vector_size(VL)));
/* The same at any address. */
typedef float vf_any
    __attribute__((vector_size(4 * VL), aligned(4), may_alias));
typedef int32_t vi_any
    __attribute__((vector_size(4 * VL), aligned(1), may_alias));
typedef uint16_t vh_any
    __attribute__((vector_size(2 * VL), aligned(2), may_alias));
typedef int8_t vb_any __attribute__((vector_size(VL), aligned(1), may_alias));

INLINE vf vf_load(const float *p)
{
    return *(const vf_any *)p;
}

INLINE void vf_store(float *p, vf v)
{
    *(vf_any *)p = v;
}

INLINE vi vi_load(const void *p)
{
    return *(const vi_any *)p;
}

INLINE void vi_store(void *p, vi v)
{
    *(vi_any *)p = v;
}

INLINE vf vf_zero(void)
{
    return (vf){ 0 };
}

INLINE vf vf_splat(float x)
{
    return x - vf_zero(); /* of x alone: -0 stays */
}

INLINE vi vi_splat(int32_t x)
{
    return (vi){ 0 } + x;
}

INLINE vf vf_from_vi(vi v)
{
    return __builtin_convertvector(v, vf);
}

/* The first n < VL values, the rest +0. */
INLINE vf vf_load_some(const float *p, uint32_t n)
{
    float t[VL] = { 0 };
    memcpy(t, p, n * sizeof *t);
    return vf_load(t);
}

INLINE void vf_store_some(float *p, vf v, uint32_t n)
{
    float t[VL];
    vf_store(t, v);
    memcpy(p, t, n * sizeof *t);
}

/* Lanes of a where the mask is all ones, else of b. */
INLINE vf vf_pick(vi mask, vf a, vf b)
{
    return (vf)(((vi)a & mask) | ((vi)b & ~mask));
}

/* x > y ? x : y and x < y ? x : y; NaN in x gives y. */
INLINE vf vf_max(vf x, vf y)
{
#if defined(__AVX512F__)
    return (vf)_mm512_max_ps((__m512)x, (__m512)y);
#elif defined(__AVX2__)
    return (vf)_mm256_max_ps((__m256)x, (__m256)y);
#elif defined(__SSE2__)
    return (vf)_mm_max_ps((__m128)x, (__m128)y);
#elif defined(__wasm_simd128__)
    return (vf)wasm_f32x4_pmax((v128_t)y, (v128_t)x);
#else
    return vf_pick((vi)(x > y), x, y);
#endif
}

INLINE vf vf_min(vf x, vf y)
{
#if defined(__AVX512F__)
    return (vf)_mm512_min_ps((__m512)x, (__m512)y);
#elif defined(__AVX2__)
    return (vf)_mm256_min_ps((__m256)x, (__m256)y);
#elif defined(__SSE2__)
    return (vf)_mm_min_ps((__m128)x, (__m128)y);
#elif defined(__wasm_simd128__)
    return (vf)wasm_f32x4_pmin((v128_t)y, (v128_t)x);
#else
    return vf_pick((vi)(x < y), x, y);
#endif
}

/* Nearest integer, ties to even, for |x| < 2^22. */
INLINE vi vi_rne(vf x)
{
#if defined(__AVX512F__)
    return (vi)_mm512_cvtps_epi32((__m512)x);
#elif defined(__AVX2__)
    return (vi)_mm256_cvtps_epi32((__m256)x);
#elif defined(__SSE2__)
    return (vi)_mm_cvtps_epi32((__m128)x);
#elif TARN_CPU_NEON
    return (vi)vcvtnq_s32_f32((float32x4_t)x);
#else
    return (vi)(x + 12582912.0f) - 0x4b400000;
#endif
}

/* acc + the products of the two int16 of each lane. */
INLINE vi vi_dot2(vi acc, vi a, vi b)
{
#if defined(__AVX512VNNI__)
    return (vi)_mm512_dpwssd_epi32((__m512i)acc, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return acc + (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return acc + (vi)_mm_madd_epi16((__m128i)a, (__m128i)b);
#elif defined(__wasm_simd128__)
    return acc + (vi)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#else
    return acc + ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
#endif
}

/* Halves.  TARN_CPU_WIDE_HALVES: this machine has no instruction for them,
 * so caches keep the rounded values as floats. */
#if defined(__F16C__) || defined(__AVX512F__) || TARN_CPU_NEON
#define TARN_CPU_WIDE_HALVES 0
#else
#define TARN_CPU_WIDE_HALVES 1
#endif

/* GCC 12 turns __builtin_convertvector from narrow integers into scalar code
 * (q8_0 attention ran four times slower), so x86 and Arm say it themselves. */
INLINE vi vi_from_u16(const uint16_t *p)
{
#if defined(__AVX512F__)
    return (vi)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p));
#elif defined(__AVX2__)
    return (vi)_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p));
#elif defined(__SSE2__)
    return (vi)_mm_unpacklo_epi16(_mm_loadl_epi64((const void *)p),
                                  _mm_setzero_si128());
#elif TARN_CPU_NEON
    return (vi)vmovl_u16(vld1_u16(p));
#else
    return __builtin_convertvector(*(const vh_any *)p, vi);
#endif
}

INLINE vi vi_from_i8(const int8_t *p)
{
#if defined(__AVX512F__)
    return (vi)_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p));
#elif defined(__AVX2__)
    return (vi)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p));
#elif defined(__SSE2__)
    int32_t four;
    memcpy(&four, p, 4);
    const __m128i v = _mm_cvtsi32_si128(four);
    const __m128i pairs = _mm_unpacklo_epi8(v, v);
    return (vi)_mm_srai_epi32(_mm_unpacklo_epi16(pairs, pairs), 24);
#elif TARN_CPU_NEON
    int32_t four;
    memcpy(&four, p, 4);
    const int8x8_t v = vreinterpret_s8_s32(vdup_n_s32(four));
    return (vi)vmovl_s16(vget_low_s16(vmovl_s8(v)));
#else
    return __builtin_convertvector(*(const vb_any *)p, vi);
#endif
}

/* Of halves in the low 16 bits of the lanes. */
INLINE vf vf_of_halves(vi h)
{
    /* Normal halves by moving their bits, subnormal ones as integers times
     * 2^-24 (both exact, and no operand is subnormal, which would be slow);
     * infinities and NaN get their exponent back. */
    const vi rest = h & 0x7fff;
    const vf normal = (vf)((rest << 13) + (112 << 23));
    const vf small = vf_from_vi(rest) * 0x1p-24f;
    const vi v = (vi)vf_pick((vi)(rest < 0x0400), small, normal);
    return (vf)(v | ((vi)(rest >= 0x7c00) & 0x7f800000) | (h & 0x8000) << 16);
}

INLINE vf vf_from_half(const uint16_t *p)
{
#if defined(__AVX512F__)
    return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const void *)p));
#elif defined(__AVX2__) && defined(__F16C__)
    return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const void *)p));
#elif TARN_CPU_NEON
    return (vf)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
#else
    return vf_of_halves(vi_from_u16(p));
#endif
}

/* The half at p, as a float. */
INLINE float float_of_half(const void *p)
{
    uint16_t h;
    memcpy(&h, p, 2);
#if defined(__F16C__)
    return _cvtsh_ss(h);
#elif TARN_CPU_NEON
    return vgetq_lane_f32(
        vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(h))), 0);
#else
    return tarn_f16_to_f32(h);
#endif
}

/* Values of -128..127 as bytes. */
INLINE void vi_store_i8(int8_t *p, vi v)
{
#if defined(__AVX512F__)
    _mm_storeu_si128((void *)p, _mm512_cvtepi32_epi8((__m512i)v));
#elif defined(__AVX2__)
    const __m128i words = _mm_packs_epi32(
        _mm256_castsi256_si128((__m256i)v),
        _mm256_extracti128_si256((__m256i)v, 1));
    _mm_storel_epi64((void *)p, _mm_packs_epi16(words, words));
#elif defined(__SSE2__)
    const __m128i words = _mm_packs_epi32((__m128i)v, (__m128i)v);
    const int32_t four = _mm_cvtsi128_si32(_mm_packs_epi16(words, words));
    memcpy(p, &four, 4);
#elif TARN_CPU_NEON
    const int16x4_t words = vmovn_s32((int32x4_t)v);
    const int8x8_t b = vmovn_s16(vcombine_s16(words, words));
    const int32_t four = vget_lane_s32(vreinterpret_s32_s8(b), 0);
    memcpy(p, &four, 4);
#else
    const vb b = __builtin_convertvector(v, vb);
    memcpy(p, &b, sizeof b);
#endif
}

/* The sum of sixteen int8. */
INLINE int32_t sum16_i8(const int8_t *p)
{
#if defined(__SSE2__)
    const __m128i v = _mm_xor_si128(_mm_loadu_si128((const void *)p),
                                    _mm_set1_epi8((char)0x80));
    const __m128i s = _mm_sad_epu8(v, _mm_setzero_si128());
    return _mm_cvtsi128_si32(s) + _mm_extract_epi16(s, 4) - 16 * 128;
#elif TARN_CPU_NEON
    return vaddlvq_s8(vld1q_s8(p));
#else
    int32_t s = 0;
    for (int i = 0; i < 16; i++)
        s += p[i];
    return s;
#endif
}

INLINE vf vf_from_bf16(const uint16_t *p)
{
    return (vf)(vi_from_u16(p) << 16);
}

INLINE vf vf_from_i8(const int8_t *p)
{
    return vf_from_vi(vi_from_i8(p));
}

/* --------------------------------------------------------------- functions */

/* tarn_exp() in lanes, of n <= 8 vectors side by side: one is a chain of 26
 * operations, each of which waits for the one before. */
INLINE void vf_exps(vf *x, uint32_t n)
{
#define EACH VEC_UNROLL(8) for (uint32_t i = 0; i < n; i++)
    vf r[8], t[8], p[8];
    EACH r[i] = vf_min(vf_max(x[i], vf_splat(-87.0f)), vf_splat(88.0f));
    EACH t[i] = r[i] * 1.44269504f + 12582912.0f;
    EACH p[i] = t[i] - 12582912.0f;
    EACH r[i] = r[i] - p[i] * 0.693359375f;
    EACH r[i] = r[i] - p[i] * -2.12194440e-4f;
    EACH p[i] = vf_splat(1.0f / 5040);
    EACH p[i] = p[i] * r[i] + 1.0f / 720;
    EACH p[i] = p[i] * r[i] + 1.0f / 120;
    EACH p[i] = p[i] * r[i] + 1.0f / 24;
    EACH p[i] = p[i] * r[i] + 1.0f / 6;
    EACH p[i] = p[i] * r[i] + 0.5f;
    EACH p[i] = p[i] * r[i] + 1.0f;
    EACH p[i] = p[i] * r[i] + 1.0f;
    EACH
    {
        const vi shift = ((vi)t[i] - 0x4b400000) << 23;
        x[i] = (vf)(((vi)p[i] + shift) & ~(vi)(x[i] < -87.0f));
    }
#undef EACH
}

INLINE vf vf_exp(vf x)
{
    vf_exps(&x, 1);
    return x;
}

INLINE vf vf_silu(vf x)
{
    return x / (1.0f + vf_exp(-x));
}

/* ------------------------------------------------------------------ L16 */

/* Sixteen accumulators of one sum. */
#define L16_N (16 / VL)
struct l16 {
    vf a[L16_N];
};

INLINE float l16_fold(const struct l16 *s)
{
    float t[16];
    for (int i = 0; i < L16_N; i++)
        vf_store(t + i * VL, s->a[i]);
    return tarn_l16_fold(t);
}

#endif
