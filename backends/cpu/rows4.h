/* rows4.h - four rows of weights side by side, one in each lane of 128 bits.
 *
 * Kernels for one row of activations take four rows of weights together: what
 * is made of the activations is made once for four, and the float part, whose
 * order over blocks is fixed, goes on in lanes = rows.  Integer sums begin in
 * vectors of the level's width (vec.h) and are folded to four lanes here; from
 * there on all levels share this code.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_ROWS4_H
#define TARN_CPU_ROWS4_H

#include "backends/cpu/fetch.h"
#include "backends/cpu/vec.h"

typedef float v4f __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));
typedef int16_t v8s __attribute__((vector_size(16)));
typedef uint16_t v8u __attribute__((vector_size(16)));
typedef uint8_t v16b __attribute__((vector_size(16)));
typedef v8s v8s_any __attribute__((aligned(2), may_alias));
typedef v16b v16b_any __attribute__((aligned(1), may_alias));

/* Inner loops are unrolled whole: their counters become constants of shifts
 * and shuffles. */
#if defined(TARN_PLAIN_LOOPS) /* sanitizers; see meson.build */
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* ------------------------------------------------------------------- rows */

struct rows4 {
    const uint8_t *w[4];
};

/* Lanes without a row repeat the last one. */
INLINE struct rows4 rows_at(const struct cpu_tile *t, uint32_t row)
{
    struct rows4 r;
    for (uint32_t i = 0; i < 4; i++)
        r.w[i] = t->w + (row + i < t->n_rows ? row + i : t->n_rows - 1) *
                            t->row_bytes;
    return r;
}

INLINE void put_rows(const struct cpu_tile *t, uint32_t row, v4f acc)
{
    const uint32_t left = t->n_rows - row;
    memcpy(t->y[0] + t->y_at + row, &acc,
           (left < 4 ? left : 4) * sizeof(float));
}

/* A kernel for one row of activations: the file's one(tile, type). */
#define ONE(name_, type_)                                        \
    KERNEL void tarn_cpu_##name_##_one(const struct cpu_tile *t) \
    {                                                            \
        one(t, type_);                                           \
    }

/* ------------------------------------------------------------------ lanes */

/* The sums of four vectors, one per lane. */
INLINE v4i add_up4(const v4i x[4])
{
#if TARN_CPU_NEON
    return (v4i)vpaddq_s32(
        vpaddq_s32((int32x4_t)x[0], (int32x4_t)x[1]),
        vpaddq_s32((int32x4_t)x[2], (int32x4_t)x[3]));
#else
    const v4i a = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5) +
                  __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
    const v4i b = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5) +
                  __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
    return __builtin_shufflevector(a, b, 0, 1, 4, 5) +
           __builtin_shufflevector(a, b, 2, 3, 6, 7);
#endif
}

#if VL > 4
/* The same of the level's vectors, for each 128 bits of them. */
INLINE vi add_up_halves(const vi x[4])
{
#if VL == 16
    typedef __m512i wide;
#define LOW(n_, a_, b_) _mm512_unpacklo_epi##n_(a_, b_)
#define HIGH(n_, a_, b_) _mm512_unpackhi_epi##n_(a_, b_)
#else
    typedef __m256i wide;
#define LOW(n_, a_, b_) _mm256_unpacklo_epi##n_(a_, b_)
#define HIGH(n_, a_, b_) _mm256_unpackhi_epi##n_(a_, b_)
#endif
    const wide a = (wide)x[0], b = (wide)x[1], c = (wide)x[2], d = (wide)x[3];
    const wide e = (wide)((vi)LOW(32, a, b) + (vi)HIGH(32, a, b));
    const wide f = (wide)((vi)LOW(32, c, d) + (vi)HIGH(32, c, d));
    return (vi)LOW(64, e, f) + (vi)HIGH(64, e, f);
#undef LOW
#undef HIGH
}
#endif

/* The same of the level's vectors. */
INLINE v4i add_up_wide(const vi x[4])
{
#if VL == 4
    return add_up4(x);
#else
    const vi s = add_up_halves(x);
#if VL == 16
    const __m256i h = _mm256_add_epi32(
        _mm512_castsi512_si256((__m512i)s),
        _mm512_extracti64x4_epi64((__m512i)s, 1));
#else
    const __m256i h = (__m256i)s;
#endif
    return (v4i)_mm_add_epi32(_mm256_castsi256_si128(h),
                              _mm256_extracti128_si256(h, 1));
#endif
}

/* Sums of the products of two pairs each (of neighbours, but on NEON). */
INLINE v4i dot4(v8s a, v8s b)
{
#if defined(__SSE2__)
    return (v4i)_mm_madd_epi16((__m128i)a, (__m128i)b);
#elif defined(__wasm_simd128__)
    return (v4i)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#elif TARN_CPU_NEON
    const int16x8_t x = (int16x8_t)a, y = (int16x8_t)b;
    return (v4i)vmlal_high_s16(vmull_s16(vget_low_s16(x), vget_low_s16(y)), x,
                               y);
#else
    const v4i x = (v4i)a, y = (v4i)b;
    return ((x << 16) >> 16) * ((y << 16) >> 16) + (x >> 16) * (y >> 16);
#endif
}

INLINE v4f float4(v4i v)
{
    return __builtin_convertvector(v, v4f);
}

INLINE int32_t half_bits(const uint8_t *p)
{
    return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8);
}

/* Halves in the low 16 bits of each lane, the high ones 0. */
INLINE v4f floats_of_halves(v4i h)
{
    /* As vf_of_halves(). */
    const v4i rest = h & 0x7fff, low = (v4i)(rest < 0x0400);
    const v4i normal = (rest << 13) + (112 << 23);
    const v4i small = (v4i)(float4(rest) * 0x1p-24f);
    const v4i v = (small & low) | (normal & ~low);
    return (v4f)(v | ((v4i)(rest >= 0x7c00) & 0x7f800000) |
                 (h & 0x8000) << 16);
}

/* The half at `at` of each row. */
INLINE v4f halves4(const struct rows4 *r, size_t at)
{
#if defined(__F16C__)
    int16_t h[4];
    for (int i = 0; i < 4; i++)
        memcpy(h + i, r->w[i] + at, 2);
    return (v4f)_mm_cvtph_ps(
        _mm_setr_epi16(h[0], h[1], h[2], h[3], 0, 0, 0, 0));
#elif TARN_CPU_NEON
    uint16x4_t h = vld1_dup_u16((const void *)(r->w[0] + at));
    h = vld1_lane_u16((const void *)(r->w[1] + at), h, 1);
    h = vld1_lane_u16((const void *)(r->w[2] + at), h, 2);
    h = vld1_lane_u16((const void *)(r->w[3] + at), h, 3);
    return (v4f)vcvt_f32_f16(vreinterpret_f16_u16(h));
#else
    return floats_of_halves((v4i){
        half_bits(r->w[0] + at), half_bits(r->w[1] + at),
        half_bits(r->w[2] + at), half_bits(r->w[3] + at) });
#endif
}

/* ------------------------------------------------------------------ bytes */

INLINE v16b load16(const uint8_t *p)
{
    return *(const v16b_any *)p;
}

INLINE uint32_t word_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

/* Two halves that stand behind each other at `at` of each row. */
INLINE void half_pairs4(const struct rows4 *r, size_t at, v4f *first,
                        v4f *second)
{
#if defined(__F16C__) || TARN_CPU_NEON
    *first = halves4(r, at);
    *second = halves4(r, at + 2);
#else
    const v4i h = {
        (int32_t)word_at(r->w[0] + at), (int32_t)word_at(r->w[1] + at),
        (int32_t)word_at(r->w[2] + at), (int32_t)word_at(r->w[3] + at)
    };
    *first = floats_of_halves(h & 0xffff);
    *second = floats_of_halves(h >> 16 & 0xffff);
#endif
}

/* Bytes 0-7, 8-15 as int16. */
INLINE v8s widen_low(v16b v)
{
    return (v8s)__builtin_shufflevector(v, (v16b){ 0 }, 0, 16, 1, 17, 2, 18, 3,
                                        19, 4, 20, 5, 21, 6, 22, 7, 23);
}

INLINE v8s widen_high(v16b v)
{
    return (v8s)__builtin_shufflevector(v, (v16b){ 0 }, 8, 24, 9, 25, 10, 26,
                                        11, 27, 12, 28, 13, 29, 14, 30, 15,
                                        31);
}

#endif
