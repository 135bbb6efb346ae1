/* transpose.h - squares of 32-bit words, VL by VL.
 *
 * Panels hold weight rows in the lanes; rows are unpacked one after the other
 * and turned here.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_TRANSPOSE_H
#define TARN_CPU_TRANSPOSE_H

#include "backends/cpu/vec.h"

/* VL rows of VL words, `in` bytes apart, to VL vectors `out` bytes apart:
 * vector i holds word i of every row. */
INLINE void transpose_words(const void *rows, size_t in, void *columns,
                            size_t out)
{
    const uint8_t *p = rows;
    uint8_t *o = columns;
#if VL == 4
    const vi a = vi_load(p), b = vi_load(p + in);
    const vi c = vi_load(p + 2 * in), d = vi_load(p + 3 * in);
    const vi ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const vi cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const vi ef = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const vi gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    vi_store(o, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
    vi_store(o + out, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
    vi_store(o + 2 * out, __builtin_shufflevector(ef, gh, 0, 1, 4, 5));
    vi_store(o + 3 * out, __builtin_shufflevector(ef, gh, 2, 3, 6, 7));
#elif VL == 8
    vi r[8], t[8];
    for (size_t i = 0; i < 8; i++)
        r[i] = vi_load(p + i * in);
    for (int i = 0; i < 8; i += 2) {
        t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5,
                                       13);
        t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14,
                                           7, 15);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = __builtin_shufflevector(t[i], t[i + 2], 0, 1, 8, 9, 4, 5, 12,
                                       13);
        r[i + 1] = __builtin_shufflevector(t[i], t[i + 2], 2, 3, 10, 11, 6, 7,
                                           14, 15);
        r[i + 2] = __builtin_shufflevector(t[i + 1], t[i + 3], 0, 1, 8, 9, 4,
                                           5, 12, 13);
        r[i + 3] = __builtin_shufflevector(t[i + 1], t[i + 3], 2, 3, 10, 11, 6,
                                           7, 14, 15);
    }
    for (size_t i = 0; i < 4; i++) {
        vi_store(o + i * out, __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2,
                                                      3, 8, 9, 10, 11));
        vi_store(o + (i + 4) * out,
                 __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13,
                                         14, 15));
    }
#else
    __m512i r[16], t[16];
    for (size_t i = 0; i < 16; i++)
        r[i] = _mm512_loadu_si512(p + i * in);
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (size_t i = 0; i < 4; i++) {
        const __m512i a = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        const __m512i b = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        const __m512i c = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        const __m512i d = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
        _mm512_storeu_si512(o + i * out, _mm512_shuffle_i32x4(a, c, 0x88));
        _mm512_storeu_si512(o + (i + 4) * out,
                            _mm512_shuffle_i32x4(b, d, 0x88));
        _mm512_storeu_si512(o + (i + 8) * out,
                            _mm512_shuffle_i32x4(a, c, 0xdd));
        _mm512_storeu_si512(o + (i + 12) * out,
                            _mm512_shuffle_i32x4(b, d, 0xdd));
    }
#endif
}

#endif
