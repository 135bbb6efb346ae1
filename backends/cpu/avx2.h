/* avx2.h - small pieces that the AVX2 kernels share.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_AVX2_H
#define TARN_CPU_AVX2_H

#include "backends/cpu/x86.h"

INLINE __m256i add_pairs32(__m256i a, __m256i b)
{
    return _mm256_add_epi32(_mm256_unpacklo_epi32(a, b),
                            _mm256_unpackhi_epi32(a, b));
}

INLINE __m256i add_pairs64(__m256i a, __m256i b)
{
    return _mm256_add_epi32(_mm256_unpacklo_epi64(a, b),
                            _mm256_unpackhi_epi64(a, b));
}

/* The sums of eight vectors, in order. */
INLINE __m256i add_up8(const __m256i *x)
{
    const __m256i a = add_pairs64(add_pairs32(x[0], x[1]),
                                  add_pairs32(x[2], x[3]));
    const __m256i b = add_pairs64(add_pairs32(x[4], x[5]),
                                  add_pairs32(x[6], x[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                            _mm256_permute2x128_si256(a, b, 0x31));
}

/* Halves at p, p + stride, ...: n of eight, the rest repeat the first. */
INLINE __m256 halves8(const uint8_t *p, size_t stride, uint32_t n)
{
    int16_t h[8];
    for (uint32_t i = 0; i < 8; i++)
        memcpy(h + i, p + (i < n ? i : 0) * stride, 2);
    return _mm256_cvtph_ps(_mm_setr_epi16(h[0], h[1], h[2], h[3], h[4], h[5],
                                          h[6], h[7]));
}

#endif
