/* q6_k_avx512.c - Q6_K rows against one row of activations.
 *
 * The six bits are taken unsigned (0..63, pairs with int8 at most 16002), the
 * 32 that they are too large by goes off once per superblock: 32 times the sum
 * of scale * sum of 16 activations.  Eight superblocks at a time, as
 * q4_k_avx512.c.
 *
 * w: any alignment, k divides by 256.  Bound: |isum| <= 128 * 32 * 127 * 256,
 * and as much again before the correction.  Figures: SPEED.md. */
#include "backends/cpu/avx512.h"

#define BYTES 210u

INLINE __m512i superblock(const uint8_t *p, const int8_t *a,
                          const int16_t *s16)
{
    const __m512i m4 = _mm512_set1_epi8(15), m2 = _mm512_set1_epi8(0x30);
    /* Scale of value e is number e / 16: int16 pairs 0-7, 8-15, ... of a
     * 64-byte vector have one scale each. */
    const __m512i k0 = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_setr_m128i(
            _mm_set1_epi16(0), _mm_set1_epi16(1))),
        _mm256_setr_m128i(_mm_set1_epi16(2), _mm_set1_epi16(3)), 1);
    const __m256i s8 =
        _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(p + 192)));
    const __m512i s = _mm512_castsi256_si512(s8);
    const __m256i off =
        _mm256_madd_epi16(s8, _mm256_loadu_si256((const void *)s16));
    __m512i x = _mm512_zextsi256_si512(_mm256_sub_epi32(
        _mm256_setzero_si256(), _mm256_slli_epi32(off, 5)));
    __m512i y = _mm512_setzero_si512();
    for (int h = 0; h < 2; h++) {
        const __m512i l = _mm512_loadu_si512(p + 64 * h);
        const __m256i hq =
            _mm256_loadu_si256((const void *)(p + 128 + 32 * h));
        const __m512i hh = _mm512_inserti64x4(_mm512_castsi256_si512(hq),
                                              _mm256_srli_epi16(hq, 2), 1);
        const __m512i q0 = _mm512_or_si512(
            _mm512_and_si512(l, m4),
            _mm512_and_si512(_mm512_slli_epi16(hh, 4), m2));
        const __m512i q1 = _mm512_or_si512(
            _mm512_and_si512(_mm512_srli_epi16(l, 4), m4),
            _mm512_and_si512(hh, m2));
        const __m512i i0 =
            _mm512_add_epi16(k0, _mm512_set1_epi16((int16_t)(8 * h)));
        const __m512i i1 = _mm512_add_epi16(i0, _mm512_set1_epi16(4));
        x = _mm512_dpwssd_epi32(
            x,
            _mm512_maddubs_epi16(q0, _mm512_loadu_si512(a + 128 * h)),
            _mm512_permutexvar_epi16(i0, s));
        y = _mm512_dpwssd_epi32(
            y,
            _mm512_maddubs_epi16(q1, _mm512_loadu_si512(a + 128 * h + 64)),
            _mm512_permutexvar_epi16(i1, s));
    }
    return _mm512_add_epi32(x, y);
}

INLINE __m128i halves8(const uint8_t *p, uint32_t n)
{
    uint16_t d[8];
    for (uint32_t i = 0; i < 8; i++)
        memcpy(d + i, p + (i < n ? i : 0) * BYTES + 208, 2);
    return _mm_setr_epi16((int16_t)d[0], (int16_t)d[1], (int16_t)d[2],
                          (int16_t)d[3], (int16_t)d[4], (int16_t)d[5],
                          (int16_t)d[6], (int16_t)d[7]);
}

INLINE float eight(const uint8_t *w, uint32_t n, const int8_t *q,
                   const int16_t *s16, const float *d, float acc)
{
    __m512i x[8];
    float t[8];
    for (uint32_t i = 0; i < 8; i++) {
        if (i >= n) {
            x[i] = _mm512_setzero_si512();
            continue;
        }
        fetch(w + i * BYTES, i % 4 == 3 ? 4 : 3);
        x[i] = superblock(w + i * BYTES, q + 256 * i, s16 + 16 * i);
    }
    const __m256 u = _mm256_mul_ps(_mm256_cvtph_ps(halves8(w, n)),
                                   _mm256_cvtepi32_ps(add_up8(x)));
    _mm256_storeu_ps(t, _mm256_mul_ps(scales_of(d, n), u));
    for (uint32_t i = 0; i < n; i++)
        acc = acc + t[i];
    return acc;
}

KERNEL void tarn_cpu_q6_k_one(const struct cpu_tile *t)
{
    const uint32_t nb = t->k / 256;
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    const int8_t *q = (const int8_t *)t->acts[0];
    const int16_t *s16 = (const int16_t *)(const void *)(t->acts[0] + l.s16);
    const float *d = (const float *)(const void *)(t->acts[0] + l.d);
    for (uint32_t r = 0; r < t->n_rows; r++) {
        const uint8_t *w = t->w + r * t->row_bytes;
        float acc = 0.0f;
        uint32_t b = 0;
        for (; b + 8 <= nb; b += 8)
            acc = eight(w + (size_t)b * BYTES, 8, q + 256 * (size_t)b,
                        s16 + 16 * b, d + b, acc);
#define TAIL(n)                                                        \
    acc = eight(w + (size_t)b * BYTES, n, q + 256 * (size_t)b,         \
                s16 + 16 * b, d + b, acc)
        WITH_CONSTANT_TAIL(nb - b, TAIL)
#undef TAIL
        t->y[0][t->y_at + r] = acc;
    }
}
