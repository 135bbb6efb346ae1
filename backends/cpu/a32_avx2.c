/* a32_avx2.c - Q8_0 and Q4_0 rows against one row of activations.
 *
 * Eight blocks of 32 at a time, four rows together, since every block ends in
 * one add whose order is fixed and four rows make four chains of them.  Q8_0:
 * |w| (128 at most, as unsigned) times the activation with w's sign; pairs
 * reach 32512, so vpmaddubsw is exact even for w = -128.  The reverse, |a|
 * times w with a's sign, is not.  Q4_0: nibbles unsigned, 8 times the block's
 * sum of activations goes off.
 *
 * w: any alignment, k divides by 32.  Figures: SPEED.md. */
#include "backends/cpu/avx2.h"

INLINE __m256i block_q8_0(const uint8_t *p, __m256i a)
{
    const __m256i v = _mm256_loadu_si256((const void *)(p + 2));
    const __m256i s = _mm256_maddubs_epi16(_mm256_abs_epi8(v),
                                           _mm256_sign_epi8(a, v));
    return _mm256_madd_epi16(s, _mm256_set1_epi16(1));
}

INLINE __m256i block_q4_0(const uint8_t *p, __m256i a)
{
    const __m128i v = _mm_loadu_si128((const void *)(p + 2));
    const __m256i q = _mm256_and_si256(
        _mm256_setr_m128i(v, _mm_srli_epi16(v, 4)), _mm256_set1_epi8(15));
    return _mm256_madd_epi16(_mm256_maddubs_epi16(q, a),
                             _mm256_set1_epi16(1));
}

INLINE void eight(const uint8_t *w, size_t row_bytes, uint32_t rows, bool q8,
                  uint32_t n, const int8_t *q, const int32_t *sums,
                  const float *d, float *acc)
{
    const size_t bytes = q8 ? 34 : 18;
    float t[4][8];
    const __m256i there = _mm256_cmpgt_epi32(
        _mm256_set1_epi32((int32_t)n),
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m256i off =
        q8 ? _mm256_setzero_si256()
           : _mm256_slli_epi32(_mm256_maskload_epi32(sums, there), 3);
    const __m256 da = _mm256_maskload_ps(d, there);
    for (uint32_t r = 0; r < rows; r++) {
        const uint8_t *p = w + r * row_bytes;
        __m256i x[8];
        fetch(p, q8 ? 5 : 3);
        for (uint32_t i = 0; i < 8; i++) {
            if (i >= n) {
                x[i] = _mm256_setzero_si256();
                continue;
            }
            const __m256i a = _mm256_loadu_si256((const void *)(q + 32 * i));
            x[i] = q8 ? block_q8_0(p + i * bytes, a)
                      : block_q4_0(p + i * bytes, a);
        }
        const __m256i is = _mm256_sub_epi32(add_up8(x), off);
        const __m256 u =
            _mm256_mul_ps(halves8(p, bytes, n), _mm256_cvtepi32_ps(is));
        _mm256_storeu_ps(t[r], _mm256_mul_ps(da, u));
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t r = 0; r < rows; r++)
            acc[r] = acc[r] + t[r][i];
}

INLINE void some_rows(const struct cpu_tile *t, uint32_t row, uint32_t rows,
                      bool q8)
{
    const uint32_t nb = t->k / 32;
    const size_t bytes = q8 ? 34 : 18;
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    const int8_t *q = (const int8_t *)t->acts[0];
    const int32_t *sums = (const int32_t *)(const void *)(t->acts[0] + l.sums);
    const float *d = (const float *)(const void *)(t->acts[0] + l.d);
    const uint8_t *w = t->w + row * t->row_bytes;
    float acc[4] = { 0.0f, 0.0f, 0.0f, 0.0f };
    uint32_t b = 0;
    for (; b + 8 <= nb; b += 8)
        eight(w + b * bytes, t->row_bytes, rows, q8, 8, q + 32 * (size_t)b,
              sums + b, d + b, acc);
    if (b < nb)
        eight(w + b * bytes, t->row_bytes, rows, q8, nb - b,
              q + 32 * (size_t)b, sums + b, d + b, acc);
    for (uint32_t r = 0; r < rows; r++)
        t->y[0][t->y_at + row + r] = acc[r];
}

KERNEL void tarn_cpu_q8_0_one(const struct cpu_tile *t)
{
    uint32_t r = 0;
    for (; r + 4 <= t->n_rows; r += 4)
        some_rows(t, r, 4, true);
    for (; r < t->n_rows; r++)
        some_rows(t, r, 1, true);
}

KERNEL void tarn_cpu_q4_0_one(const struct cpu_tile *t)
{
    uint32_t r = 0;
    for (; r + 4 <= t->n_rows; r += 4)
        some_rows(t, r, 4, false);
    for (; r < t->n_rows; r++)
        some_rows(t, r, 1, false);
}
