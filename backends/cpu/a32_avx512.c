/* a32_avx512.c - Q8_0 and Q4_0 rows against one row of activations.
 *
 * Sixteen blocks of a row at a time, four rows together: a block ends in one
 * add whose order is fixed, and four rows make four chains of such adds.
 *
 * Q8_0: two blocks in a vector, made unsigned by adding 128 (vpdpbusd wants
 * one unsigned side).  Q4_0: the sixteen bytes of four blocks in a vector, so
 * that low and high nibbles meet activations one after the other in the same
 * four lanes; scales by a permutation of what was loaded, since storing
 * sixteen halves one by one and loading them together stalls.  What was added
 * (128, 8) goes off as that many times the block's sum of activations.
 *
 * w: any alignment, k divides by 32; nothing behind a row is read.
 * Figures: SPEED.md. */
#include "backends/cpu/avx512.h"

/* -------------------------------------------------------------------- Q8_0 */

INLINE __m512i two_blocks(const uint8_t *p, bool second)
{
    __m512i v =
        _mm512_zextsi256_si512(_mm256_loadu_si256((const void *)(p + 2)));
    if (second)
        v = _mm512_inserti64x4(v, _mm256_loadu_si256((const void *)(p + 36)),
                               1);
    return _mm512_xor_si512(v, _mm512_set1_epi8((char)0x80));
}

/* Halves of sixteen blocks. */
INLINE __m512 scales_q8_0(const uint8_t *p, uint32_t n)
{
    int16_t h[16];
    for (uint32_t i = 0; i < 16; i++)
        memcpy(h + i, p + (i < n ? i : 0) * 34, 2);
    const __m128i a =
        _mm_setr_epi16(h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]);
    const __m128i b =
        _mm_setr_epi16(h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15]);
    return _mm512_cvtph_ps(_mm256_setr_m128i(a, b));
}

/* The sums of blocks [0, n), n <= 16, of one row. */
INLINE __m512i sums_q8_0(const uint8_t *w, uint32_t n, const __m512i a[8])
{
    __m512i x[8];
    for (uint32_t i = 0; i < 8; i++)
        x[i] = 2 * i >= n ? _mm512_setzero_si512()
                          : _mm512_dpbusd_epi32(
                                _mm512_setzero_si512(),
                                two_blocks(w + 68 * i, 2 * i + 1 < n), a[i]);
    /* Lanes 0, 1 belong to the even blocks, 2, 3 to the odd ones. */
    const __m512i p = add_lanes4(x), q = add_lanes4(x + 4);
    const __m512i s = _mm512_add_epi32(_mm512_shuffle_i32x4(p, q, 0x88),
                                       _mm512_shuffle_i32x4(p, q, 0xdd));
    const __m512i order = _mm512_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9,
                                            13, 10, 14, 11, 15);
    return _mm512_permutexvar_epi32(order, s);
}

/* -------------------------------------------------------------------- Q4_0 */

/* `size` bytes at p, the rest 0. */
INLINE __m512i load_bytes(const uint8_t *p, uint32_t size)
{
    return size >= 64 ? _mm512_loadu_si512(p)
                      : _mm512_maskz_loadu_epi8(
                            ((uint64_t)1 << size) - 1, p);
}

/* The sixteen bytes of n <= 4 blocks, one block per 128-bit lane. */
INLINE __m512i four_blocks(const uint8_t *p, uint32_t n)
{
    /* Words 9i + 1 .. 9i + 8; the second load begins at word 4. */
    const __m512i pick = _mm512_setr_epi32(
        0x00020001, 0x00040003, 0x00060005, 0x00080007, 0x000b000a, 0x000d000c,
        0x000f000e, 0x00110010, 0x00140013, 0x00160015, 0x00180017, 0x001a0019,
        0x001d001c, 0x001f001e, 0x003d003c, 0x003f003e);
    const __m512i a = load_bytes(p, 18 * n);
    const __m512i b =
        n == 4 ? _mm512_loadu_si512(p + 8) : _mm512_setzero_si512();
    return _mm512_permutex2var_epi16(a, pick, b);
}

/* Halves of eight blocks (words 0, 9, ..., 63). */
INLINE __m128i scales8_q4_0(const uint8_t *p, uint32_t n)
{
    const __m512i pick = _mm512_castsi128_si512(
        _mm_setr_epi16(0, 9, 18, 27, 36, 45, 54, 63));
    const uint32_t size = 18 * n;
    const __m512i a = load_bytes(p, size);
    const __m512i b = load_bytes(p + 64, size > 64 ? size - 64 : 0);
    return _mm512_castsi512_si128(_mm512_permutex2var_epi16(a, pick, b));
}

INLINE __m512 scales_q4_0(const uint8_t *p, uint32_t n)
{
    const __m128i a = scales8_q4_0(p, n < 8 ? n : 8);
    const __m128i b =
        n > 8 ? scales8_q4_0(p + 144, n - 8) : _mm_setzero_si128();
    return _mm512_cvtph_ps(_mm256_setr_m128i(a, b));
}

/* a: of four blocks each, first the values that low nibbles meet. */
INLINE __m512i sums_q4_0(const uint8_t *w, uint32_t n, const __m512i a[8])
{
    const __m512i m4 = _mm512_set1_epi8(15);
    __m512i x[4];
    for (uint32_t i = 0; i < 4; i++) {
        x[i] = _mm512_setzero_si512();
        if (4 * i >= n)
            continue;
        const __m512i v =
            four_blocks(w + 72 * i, n - 4 * i < 4 ? n - 4 * i : 4);
        x[i] = _mm512_dpbusd_epi32(x[i], _mm512_and_si512(v, m4), a[2 * i]);
        x[i] = _mm512_dpbusd_epi32(
            x[i], _mm512_and_si512(_mm512_srli_epi16(v, 4), m4),
            a[2 * i + 1]);
    }
    /* Dword i of lane j: block 4i + j. */
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10,
                                            14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, add_lanes4(x));
}

/* -------------------------------------------------------------------- both */

INLINE void load_acts(const int8_t *q, uint32_t n, bool q8, __m512i a[8])
{
    for (uint32_t i = 0; i < 8; i++)
        a[i] = 2 * i >= n ? _mm512_setzero_si512()
                          : _mm512_loadu_si512(q + 64 * i);
    for (uint32_t i = 0; !q8 && i < 8; i += 2) {
        const __m512i low = _mm512_shuffle_i32x4(a[i], a[i + 1], 0x88);
        a[i + 1] = _mm512_shuffle_i32x4(a[i], a[i + 1], 0xdd);
        a[i] = low;
    }
}

INLINE void sixteen(const uint8_t *w, size_t row_bytes, uint32_t rows, bool q8,
                    uint32_t n, const int8_t *q, const int32_t *sums,
                    const float *d, float *acc)
{
    const __mmask16 there = (__mmask16)((1u << n) - 1);
    __m512i a[8];
    float t[4][16] __attribute__((aligned(64)));
    load_acts(q, n, q8, a);
    const __m512i off = _mm512_slli_epi32(
        _mm512_maskz_loadu_epi32(there, sums), q8 ? 7 : 3);
    const __m512 da = _mm512_maskz_loadu_ps(there, d);
    for (uint32_t r = 0; r < rows; r++) {
        const uint8_t *p = w + r * row_bytes;
        fetch(p, q8 ? 9 : 5);
        const __m512i s = q8 ? sums_q8_0(p, n, a) : sums_q4_0(p, n, a);
        const __m512 dw = q8 ? scales_q8_0(p, n) : scales_q4_0(p, n);
        const __m512 u =
            _mm512_mul_ps(dw, _mm512_cvtepi32_ps(_mm512_sub_epi32(s, off)));
        _mm512_store_ps(t[r], _mm512_mul_ps(da, u));
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
    for (; b + 16 <= nb; b += 16)
        sixteen(w + b * bytes, t->row_bytes, rows, q8, 16, q + 32 * (size_t)b,
                sums + b, d + b, acc);
    if (b < nb)
        sixteen(w + b * bytes, t->row_bytes, rows, q8, nb - b,
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
