/* a32_avx512.c - Q8_0 and Q4_0 rows against one row of activations.
 *
 * Two blocks of 32 in a vector, sixteen blocks of a row at a time, four rows
 * together: a block ends in one add whose order is fixed, and four rows make
 * four chains of such adds.  Q8_0 is made unsigned by adding 128 (vpdpbusd
 * wants one unsigned side), Q4_0 is stored with 8 added; what that is too
 * much goes off as 128 or 8 times the block's sum of activations.
 *
 * w: any alignment, k divides by 32.  Figures: SPEED.md. */
#include "backends/cpu/avx512.h"

struct kind {
    uint32_t bytes, shift; /* of a block; log2 of what was added */
};
#define Q8_0 ((struct kind){ 34, 7 })
#define Q4_0 ((struct kind){ 18, 3 })

INLINE __m512i two_blocks(const uint8_t *p, struct kind kind, bool second)
{
    if (kind.shift == 7) {
        __m512i v = _mm512_zextsi256_si512(
            _mm256_loadu_si256((const void *)(p + 2)));
        if (second)
            v = _mm512_inserti64x4(
                v, _mm256_loadu_si256((const void *)(p + 36)), 1);
        return _mm512_xor_si512(v, _mm512_set1_epi8((char)0x80));
    }
    const __m128i a = _mm_loadu_si128((const void *)(p + 2));
    __m512i v = _mm512_zextsi128_si512(a);
    if (second)
        v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(p + 20)), 2);
    /* Low nibbles in lanes 0 and 2, high ones beside them. */
    v = _mm512_shuffle_i32x4(v, v, 0xa0);
    v = _mm512_mask_srli_epi16(v, 0xff00ff00u, v, 4);
    return _mm512_and_si512(v, _mm512_set1_epi8(15));
}

/* Halves of sixteen blocks. */
INLINE __m512 scales16(const uint8_t *p, struct kind kind, uint32_t n)
{
    int16_t h[16];
    for (uint32_t i = 0; i < 16; i++)
        memcpy(h + i, p + (i < n ? i : 0) * kind.bytes, 2);
    return _mm512_cvtph_ps(_mm256_setr_epi16(
        h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10],
        h[11], h[12], h[13], h[14], h[15]));
}

/* The terms of blocks [0, n), n <= 16, of one row. */
INLINE __m512 terms(const uint8_t *w, struct kind kind, uint32_t n,
                    const __m512i a[8], __m512i off, __m512 d)
{
    __m512i x[8];
    for (uint32_t i = 0; i < 8; i++)
        x[i] = 2 * i >= n
                   ? _mm512_setzero_si512()
                   : _mm512_dpbusd_epi32(
                         _mm512_setzero_si512(),
                         two_blocks(w + 2 * i * kind.bytes, kind,
                                    2 * i + 1 < n),
                         a[i]);
    /* Lanes 0, 1 belong to the even blocks, 2, 3 to the odd ones. */
    const __m512i p = add_lanes4(x), q = add_lanes4(x + 4);
    const __m512i s = _mm512_add_epi32(_mm512_shuffle_i32x4(p, q, 0x88),
                                       _mm512_shuffle_i32x4(p, q, 0xdd));
    const __m512i order = _mm512_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9,
                                            13, 10, 14, 11, 15);
    const __m512i is =
        _mm512_sub_epi32(_mm512_permutexvar_epi32(order, s), off);
    return _mm512_mul_ps(
        d, _mm512_mul_ps(scales16(w, kind, n), _mm512_cvtepi32_ps(is)));
}

INLINE void sixteen(const uint8_t *w, size_t row_bytes, uint32_t rows,
                    struct kind kind, uint32_t n, const int8_t *q,
                    const int32_t *sums, const float *d, float *acc)
{
    const __mmask16 there = (__mmask16)((1u << n) - 1);
    __m512i a[8];
    float t[4][16];
    for (uint32_t i = 0; i < 8; i++)
        a[i] = 2 * i >= n ? _mm512_setzero_si512()
                          : _mm512_loadu_si512(q + 64 * i);
    const __m512i off = _mm512_slli_epi32(_mm512_maskz_loadu_epi32(there, sums),
                                          kind.shift);
    const __m512 da = _mm512_maskz_loadu_ps(there, d);
    for (uint32_t r = 0; r < rows; r++) {
        const uint8_t *p = w + r * row_bytes;
        fetch(p, kind.shift == 7 ? 9 : 5);
        _mm512_storeu_ps(t[r], terms(p, kind, n, a, off, da));
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t r = 0; r < rows; r++)
            acc[r] = acc[r] + t[r][i];
}

INLINE void some_rows(const struct cpu_tile *t, uint32_t row, uint32_t rows,
                      struct kind kind)
{
    const uint32_t nb = t->k / 32;
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    const int8_t *q = (const int8_t *)t->acts[0];
    const int32_t *sums = (const int32_t *)(const void *)(t->acts[0] + l.sums);
    const float *d = (const float *)(const void *)(t->acts[0] + l.d);
    const uint8_t *w = t->w + row * t->row_bytes;
    float acc[4] = { 0.0f, 0.0f, 0.0f, 0.0f };
    uint32_t b = 0;
    for (; b + 16 <= nb; b += 16)
        sixteen(w + (size_t)b * kind.bytes, t->row_bytes, rows, kind, 16,
                q + 32 * (size_t)b, sums + b, d + b, acc);
    if (b < nb)
        sixteen(w + (size_t)b * kind.bytes, t->row_bytes, rows, kind, nb - b,
                q + 32 * (size_t)b, sums + b, d + b, acc);
    for (uint32_t r = 0; r < rows; r++)
        t->y[0][t->y_at + row + r] = acc[r];
}

KERNEL void tarn_cpu_q8_0_one(const struct cpu_tile *t)
{
    uint32_t r = 0;
    for (; r + 4 <= t->n_rows; r += 4)
        some_rows(t, r, 4, Q8_0);
    for (; r < t->n_rows; r++)
        some_rows(t, r, 1, Q8_0);
}

KERNEL void tarn_cpu_q4_0_one(const struct cpu_tile *t)
{
    uint32_t r = 0;
    for (; r + 4 <= t->n_rows; r += 4)
        some_rows(t, r, 4, Q4_0);
    for (; r < t->n_rows; r++)
        some_rows(t, r, 1, Q4_0);
}
