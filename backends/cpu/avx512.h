/* avx512.h - small pieces that the AVX-512 kernels share.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_AVX512_H
#define TARN_CPU_AVX512_H

#include "backends/cpu/panel.h"

/* Sixteen lanes each of a and b: lanes of the result alternate between sums
 * of a and of b, two lanes of the arguments each. */
INLINE __m512i add_pairs32(__m512i a, __m512i b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b),
                            _mm512_unpackhi_epi32(a, b));
}

INLINE __m512i add_pairs64(__m512i a, __m512i b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b),
                            _mm512_unpackhi_epi64(a, b));
}

/* Each 128-bit lane: four sums, of x[0], x[1], x[2], x[3]. */
INLINE __m512i add_lanes4(const __m512i *x)
{
    return add_pairs64(add_pairs32(x[0], x[1]), add_pairs32(x[2], x[3]));
}

/* ------------------------------------------------- panels of 32 weight rows */

INLINE __m512i splat32(const void *p)
{
    int32_t v;
    memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
}

/* Superblock b of rows [row, row + 32) of a tile, and what its bytes are too
 * large by; all blocks of 32 of those rows (many_256_avx512.c,
 * many_32_avx512.c; for tiles). */
void tarn_cpu_panel_256(const struct cpu_tile *t, uint32_t row, uint32_t b,
                        struct panel *p);
int32_t tarn_cpu_panel_zero_256(uint32_t type);
void tarn_cpu_panels_32(const struct cpu_tile *t, uint32_t row,
                        struct panel *p);
int32_t tarn_cpu_panel_zero_32(uint32_t type);

INLINE void put_panel(const struct cpu_tile *t, uint32_t row, uint32_t act,
                uint32_t n, const float *acc)
{
    const uint32_t rows = t->n_rows - row < PANEL ? t->n_rows - row : PANEL;
    for (uint32_t i = 0; i < n; i++)
        memcpy(t->y[act + i] + t->y_at + row, acc + i * PANEL,
               rows * sizeof(float));
}

/* call(n) with n as a constant 1..6. */
#define FOR_N(call)                    \
    switch (n) {                       \
    case 6: call(6); break;            \
    case 5: call(5); break;            \
    case 4: call(4); break;            \
    case 3: call(3); break;            \
    case 2: call(2); break;            \
    default: call(1); break;           \
    }

#endif
