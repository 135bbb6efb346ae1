/* q4_k_avx512.c - Q4_K rows against one row of activations.
 *
 * Two rows of weights, eight superblocks at a time.  The sixteen bytes in
 * front of a superblock's quants (d, dmin, scales and minima) are unpacked for
 * four superblocks together, one in each 128-bit lane.  Nibbles (unsigned)
 * times activations give int16 pairs of at most 3810, which meet their
 * sub-block's scale in vpdpwssd.  The float part is eight superblocks wide;
 * only the last sum, whose order is fixed, goes one by one.
 *
 * w: any alignment, k divides by 256.  Bound: |isum| <= 63 * 15 * 127 * 256.
 * Figures: SPEED.md. */
#include "backends/cpu/avx512.h"

#define BYTES 144u

/* Of four superblocks, one per 128-bit lane. */
struct heads {
    __m512i scales; /* [4][8] int16 */
    __m512i mins;   /* [4][8] int16 */
    __m512i raw;    /* [4] d, dmin in the lowest 32 bits */
};

INLINE struct heads load_heads(const uint8_t *p, uint32_t n)
{
    struct heads h;
    const __m128i *at[4];
    for (uint32_t i = 0; i < 4; i++)
        at[i] = (const void *)(p + (i < n ? i : 0) * BYTES);
    __m512i v = _mm512_castsi128_si512(_mm_loadu_si128(at[0]));
    v = _mm512_inserti32x4(v, _mm_loadu_si128(at[1]), 1);
    v = _mm512_inserti32x4(v, _mm_loadu_si128(at[2]), 2);
    v = _mm512_inserti32x4(v, _mm_loadu_si128(at[3]), 3);
    /* Dwords 1 and 2 of a lane: scales 0-3 and minima 0-3 in the low six bits
     * of each byte, the top bits of 4-7 above; dword 3: low nibbles of scales
     * 4-7, high nibbles of minima 4-7. */
    const __m512i low = _mm512_and_si512(v, _mm512_set1_epi8(0x3f));
    const __m512i top = _mm512_and_si512(_mm512_srli_epi16(v, 2),
                                         _mm512_set1_epi8(0x30));
    const __m512i four = _mm512_srlv_epi32(
        _mm512_shuffle_epi32(v, 0xfc),
        _mm512_set4_epi32(0, 4, 0, 0));
    const __m512i high = _mm512_or_si512(
        top, _mm512_and_si512(four, _mm512_set1_epi8(0x0f)));
    const __m512i a = _mm512_unpacklo_epi32(low, high);
    const __m512i b = _mm512_unpackhi_epi32(low, high);
    const __m512i zero = _mm512_setzero_si512();
    h.scales = _mm512_unpackhi_epi8(a, zero);
    h.mins = _mm512_unpacklo_epi8(b, zero);
    h.raw = v;
    return h;
}

/* One superblock; s: its eight scales in every 128-bit lane. */
INLINE __m512i quants(const uint8_t *p, const __m512i a[4], __m512i s)
{
    const __m512i m4 = _mm512_set1_epi8(15);
    /* int16 number 0 or 2, 1 or 3, ... of a lane, by half. */
    const __m512i k0 = _mm512_inserti64x4(_mm512_set1_epi16(0x0100),
                                          _mm256_set1_epi16(0x0504), 1);
    const __m512i two = _mm512_set1_epi8(2), eight = _mm512_set1_epi8(8);
    const __m512i k1 = _mm512_add_epi8(k0, two);
    const __m512i k2 = _mm512_add_epi8(k0, eight);
    const __m512i k3 = _mm512_add_epi8(k1, eight);
    const __m512i v0 = _mm512_loadu_si512(p + 16);
    const __m512i v1 = _mm512_loadu_si512(p + 80);
    const __m512i q0 = _mm512_and_si512(v0, m4);
    const __m512i q1 = _mm512_and_si512(_mm512_srli_epi16(v0, 4), m4);
    const __m512i q2 = _mm512_and_si512(v1, m4);
    const __m512i q3 = _mm512_and_si512(_mm512_srli_epi16(v1, 4), m4);
    __m512i x = _mm512_setzero_si512(), y = x;
    x = _mm512_dpwssd_epi32(x, _mm512_maddubs_epi16(q0, a[0]),
                            _mm512_shuffle_epi8(s, k0));
    y = _mm512_dpwssd_epi32(y, _mm512_maddubs_epi16(q1, a[1]),
                            _mm512_shuffle_epi8(s, k1));
    x = _mm512_dpwssd_epi32(x, _mm512_maddubs_epi16(q2, a[2]),
                            _mm512_shuffle_epi8(s, k2));
    y = _mm512_dpwssd_epi32(y, _mm512_maddubs_epi16(q3, a[3]),
                            _mm512_shuffle_epi8(s, k3));
    return _mm512_add_epi32(x, y);
}

/* Sub-blocks 0|2, 1|3, 4|6, 5|7 of a superblock's activations, as a 64-byte
 * load of quants meets them. */
INLINE void load_acts(const int8_t *q, __m512i a[4])
{
    for (int i = 0; i < 4; i++) {
        const int8_t *p = q + (i / 2) * 128 + (i % 2) * 32;
        a[i] = _mm512_inserti64x4(
            _mm512_castsi256_si512(_mm256_loadu_si256((const void *)p)),
            _mm256_loadu_si256((const void *)(p + 64)), 1);
    }
}

INLINE __m512i lane(__m512i v, int i)
{
    switch (i) {
    case 0: return _mm512_shuffle_i32x4(v, v, 0x00);
    case 1: return _mm512_shuffle_i32x4(v, v, 0x55);
    case 2: return _mm512_shuffle_i32x4(v, v, 0xaa);
    default: return _mm512_shuffle_i32x4(v, v, 0xff);
    }
}

/* The terms of up to eight superblocks of one row. */
INLINE __m256 terms(const struct heads h[2], const __m512i x[8],
                    const int16_t *s32, const float *d, uint32_t n)
{
    const __m512i m0 = _mm512_madd_epi16(h[0].mins, _mm512_loadu_si512(s32));
    const __m512i m1 =
        _mm512_madd_epi16(h[1].mins, _mm512_loadu_si512(s32 + 32));
    /* Per 128-bit lane j: sums of superblocks j and 4 + j, twice each. */
    __m512i m = add_pairs64(m0, m1);
    m = _mm512_add_epi32(m, _mm512_shuffle_epi32(m, 0xb1));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0,
                                            0, 0, 0, 0, 0);
    const __m256i ms =
        _mm512_castsi512_si256(_mm512_permutexvar_epi32(order, m));
    const __m512i heads = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 0,
                                            0, 0, 0, 0, 0, 0);
    const __m256i halves = _mm512_castsi512_si256(
        _mm512_permutex2var_epi32(h[0].raw, heads, h[1].raw));
    const __m256 dw = _mm256_cvtph_ps(_mm256_cvtepi32_epi16(halves));
    const __m256 dm = _mm256_cvtph_ps(
        _mm256_cvtepi32_epi16(_mm256_srli_epi32(halves, 16)));
    const __m256 u = _mm256_mul_ps(dw, _mm256_cvtepi32_ps(add_up8(x)));
    const __m256 v = _mm256_mul_ps(dm, _mm256_cvtepi32_ps(ms));
    return _mm256_mul_ps(scales_of(d, n), _mm256_sub_ps(u, v));
}

/* Adds the terms of superblocks [0, n), n <= 8, of R rows to acc. */
INLINE void eight(const uint8_t *w, size_t row_bytes, uint32_t rows,
                  uint32_t n, const int8_t *q, const int16_t *s32,
                  const float *d, float *acc)
{
    __m512i x[2][8];
    struct heads h[2][2];
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t i = 0; i < 2; i++)
            h[r][i] = load_heads(w + r * row_bytes + (n > 4 * i ? 4 * i : 0) *
                                                         BYTES,
                                 n > 4 * i ? n - 4 * i : 1);
    for (uint32_t i = 0; i < 8; i++) {
        __m512i a[4];
        if (i >= n) {
            for (uint32_t r = 0; r < rows; r++)
                x[r][i] = _mm512_setzero_si512();
            continue;
        }
        load_acts(q + 256 * i, a);
        for (uint32_t r = 0; r < rows; r++) {
            const uint8_t *p = w + r * row_bytes + i * BYTES;
            fetch(p, i % 4 == 3 ? 3 : 2);
            x[r][i] = quants(p, a, lane(h[r][i / 4].scales, (int)(i % 4)));
        }
    }
    for (uint32_t r = 0; r < rows; r++) {
        float t[8];
        _mm256_storeu_ps(t, terms(h[r], x[r], s32, d, n));
        for (uint32_t i = 0; i < n; i++)
            acc[r] = acc[r] + t[i];
    }
}

INLINE void some_rows(const struct cpu_tile *t, uint32_t row, uint32_t rows)
{
    const uint32_t nb = t->k / 256;
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    const uint8_t *act = t->acts[0];
    const uint8_t *w = t->w + row * t->row_bytes;
    const int16_t *s32 = (const int16_t *)(const void *)(act + l.sums);
    const float *d = (const float *)(const void *)(act + l.d);
    float acc[2] = { 0.0f, 0.0f };
    uint32_t b = 0;
    for (; b + 8 <= nb; b += 8)
        eight(w + (size_t)b * BYTES, t->row_bytes, rows, 8,
              (const int8_t *)act + 256 * (size_t)b, s32 + 8 * b, d + b, acc);
#define TAIL(n)                                                        \
    eight(w + (size_t)b * BYTES, t->row_bytes, rows, n,                \
          (const int8_t *)act + 256 * (size_t)b, s32 + 8 * b, d + b, acc)
    WITH_CONSTANT_TAIL(nb - b, TAIL)
#undef TAIL
    for (uint32_t r = 0; r < rows; r++)
        t->y[0][t->y_at + row + r] = acc[r];
}

KERNEL void tarn_cpu_q4_k_one(const struct cpu_tile *t)
{
    uint32_t r = 0;
    for (; r + 2 <= t->n_rows; r += 2)
        some_rows(t, r, 2);
    if (r < t->n_rows)
        some_rows(t, r, 1);
}
