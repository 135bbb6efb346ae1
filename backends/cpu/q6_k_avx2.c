/* q6_k_avx2.c - Q6_K rows against one row of activations: the way of
 * q6_k_avx512.c in vectors of 32 bytes.
 *
 * w: any alignment, k divides by 256.  Figures: SPEED.md. */
#include "backends/cpu/avx2.h"

#define BYTES 210u

/* Sixteen values per scale: lane 0 of a vector has scale i, lane 1 i + 1. */
INLINE __m256i scale_pick(int i)
{
    const int16_t a = (int16_t)(0x0100 + 0x0404 * (i / 2));
    return _mm256_setr_m128i(_mm_set1_epi16(a),
                             _mm_set1_epi16((int16_t)(a + 0x0202)));
}

INLINE __m256i superblock(const uint8_t *p, const int8_t *a,
                          const int16_t *s16)
{
    const __m256i m4 = _mm256_set1_epi8(15), m2 = _mm256_set1_epi8(0x30);
    const __m256i s8 =
        _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(p + 192)));
    const __m256i off =
        _mm256_madd_epi16(s8, _mm256_loadu_si256((const void *)s16));
    __m256i x = _mm256_sub_epi32(_mm256_setzero_si256(),
                                 _mm256_slli_epi32(off, 5));
    for (int h = 0; h < 2; h++) {
        const __m256i s = h ? _mm256_permute2x128_si256(s8, s8, 0x11)
                            : _mm256_permute2x128_si256(s8, s8, 0x00);
        const __m256i hq =
            _mm256_loadu_si256((const void *)(p + 128 + 32 * h));
        for (int i = 0; i < 2; i++) {
            const __m256i l =
                _mm256_loadu_si256((const void *)(p + 64 * h + 32 * i));
            const __m256i t = i ? _mm256_slli_epi16(hq, 2)
                                : _mm256_slli_epi16(hq, 4);
            const __m256i o = i ? _mm256_srli_epi16(hq, 2) : hq;
            const __m256i q0 = _mm256_or_si256(_mm256_and_si256(l, m4),
                                               _mm256_and_si256(t, m2));
            const __m256i q1 = _mm256_or_si256(
                _mm256_and_si256(_mm256_srli_epi16(l, 4), m4),
                _mm256_and_si256(o, m2));
            const int8_t *b = a + 128 * h + 32 * i;
            const __m256i a0 = _mm256_loadu_si256((const void *)b);
            const __m256i a1 = _mm256_loadu_si256((const void *)(b + 64));
            x = _mm256_add_epi32(
                x, _mm256_madd_epi16(
                       _mm256_maddubs_epi16(q0, a0),
                       _mm256_shuffle_epi8(s, scale_pick(2 * i))));
            x = _mm256_add_epi32(
                x, _mm256_madd_epi16(
                       _mm256_maddubs_epi16(q1, a1),
                       _mm256_shuffle_epi8(s, scale_pick(2 * i + 4))));
        }
    }
    return x;
}

INLINE float eight(const uint8_t *w, uint32_t n, const int8_t *q,
                   const int16_t *s16, const float *d, float acc)
{
    __m256i x[8];
    float t[8];
    for (uint32_t i = 0; i < 8; i++) {
        if (i >= n) {
            x[i] = _mm256_setzero_si256();
            continue;
        }
        fetch(w + i * BYTES, i % 4 == 3 ? 4 : 3);
        x[i] = superblock(w + i * BYTES, q + 256 * i, s16 + 16 * i);
    }
    const __m256 u = _mm256_mul_ps(halves8(w + 208, BYTES, n),
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
