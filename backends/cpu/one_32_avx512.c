/* one_32_avx512.c - types with blocks of 32 against one row of activations.
 *
 * Sixteen blocks of a row at a time, four rows together: a block ends in one
 * add whose order is fixed, and four rows make four chains of such adds.
 *
 * Q8_0: two blocks in a vector.  The others: the sixteen bytes of nibbles of
 * four blocks in a vector, so that low and high nibbles meet activations one
 * after the other in the same four lanes; what stands before the nibbles comes
 * by permutations of what was loaded, since storing halves one by one and
 * loading them together stalls.  vpdpbusd wants one unsigned side: signed
 * values get 128 added.  What bytes are too large by goes off as that many
 * times the block's sum of activations.
 *
 * w: any alignment, k divides by 32; nothing behind a row is read.
 * Figures: SPEED.md. */
#include "backends/cpu/avx512.h"

INLINE int32_t zero_of(uint32_t type)
{
    return kind32_of(type).is_signed ? 128 : kind32_of(type).zero;
}

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

/* ------------------------------------------------------------- four blocks */

/* Of four blocks the first and the last 64 bytes. */
struct quad {
    __m512i first, last;
};

/* `size` bytes at p, the rest 0. */
INLINE __m512i load_bytes(const uint8_t *p, int32_t size)
{
    return size >= 64  ? _mm512_loadu_si512(p)
           : size <= 0 ? _mm512_setzero_si512()
                       : _mm512_maskz_loadu_epi8(((uint64_t)1 << size) - 1, p);
}

/* n of them are there; MXFP4: the nibbles alone. */
INLINE struct quad load_quad(uint32_t type, const uint8_t *p, uint32_t n)
{
    const uint32_t bytes = kind32_of(type).bytes, last = 4 * bytes - 64;
    if (type != TARN_MXFP4)
        return (struct quad){ load_bytes(p, (int32_t)(n * bytes)),
                              load_bytes(p + last,
                                         (int32_t)(n * bytes - last)) };
    __m128i v[4];
    for (uint32_t i = 0; i < 4; i++)
        v[i] = _mm_loadu_si128((const void *)(p + 1 + (i < n ? i : 0) * 17));
    const __m256i low = _mm256_setr_m128i(v[0], v[1]);
    const __m256i high = _mm256_setr_m128i(v[2], v[3]);
    return (struct quad){
        _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1),
        _mm512_setzero_si512()
    };
}

/* Word (of 16 bits) w of four blocks of b bytes, as vpermt2w finds it. */
#define WORD(b_, w_) ((w_) < 32 ? (w_) : (w_) - (2 * (b_)-32) + 32)
#define EIGHT(b_, w_)                                                   \
    WORD(b_, w_), WORD(b_, (w_) + 1), WORD(b_, (w_) + 2),               \
        WORD(b_, (w_) + 3), WORD(b_, (w_) + 4), WORD(b_, (w_) + 5),     \
        WORD(b_, (w_) + 6), WORD(b_, (w_) + 7)
/* The eight words at byte `at` of each block. */
#define NIBBLES(b_, at_)                                                \
    { EIGHT(b_, (at_) / 2), EIGHT(b_, ((b_) + (at_)) / 2),              \
      EIGHT(b_, (2 * (b_) + (at_)) / 2), EIGHT(b_, (3 * (b_) + (at_)) / 2) }
/* The word at byte `at` of each block, four times over. */
#define FOUR(b_, at_)                                                   \
    WORD(b_, (at_) / 2), WORD(b_, ((b_) + (at_)) / 2),                  \
        WORD(b_, (2 * (b_) + (at_)) / 2), WORD(b_, (3 * (b_) + (at_)) / 2)
#define HEADS(b_, at_)                                                  \
    { FOUR(b_, at_), FOUR(b_, at_), FOUR(b_, at_), FOUR(b_, at_) }
/* The words at bytes `at` and `at` + 2. */
#define FIFTHS(b_, at_) { FOUR(b_, at_), FOUR(b_, (at_) + 2) }

struct picks {
    int16_t nibbles[32], d[16], m[16], fifths[8];
};
static const struct picks PICKS[] __attribute__((aligned(64))) = {
    { NIBBLES(18, 2), HEADS(18, 0), { 0 }, { 0 } },
    { NIBBLES(20, 4), HEADS(20, 0), HEADS(20, 2), { 0 } },
    { NIBBLES(22, 6), HEADS(22, 0), { 0 }, FIFTHS(22, 2) },
    { NIBBLES(24, 8), HEADS(24, 0), HEADS(24, 2), FIFTHS(24, 4) },
};

INLINE const struct picks *picks_of(uint32_t type)
{
    return PICKS + (type == TARN_Q4_1   ? 1
                    : type == TARN_Q5_0 ? 2
                    : type == TARN_Q5_1 ? 3
                                        : 0);
}

/* Nibbles to bytes 0..255; `bits`: fifth bits. */
INLINE __m512i values_of(uint32_t type, __m512i nibbles, uint64_t bits)
{
    const __m512i v = _mm512_and_si512(nibbles, _mm512_set1_epi8(15));
    if (type == TARN_IQ4_NL)
        return _mm512_xor_si512((__m512i)pick16(tarn_cpu_nl_values, (vi)v),
                                _mm512_set1_epi8((char)0x80));
    if (type == TARN_MXFP4)
        return (__m512i)pick16(tarn_cpu_mx_values, (vi)v);
    if (kind32_of(type).qh)
        return _mm512_mask_add_epi8(v, bits, v, _mm512_set1_epi8(16));
    return v;
}

/* Sums of four blocks, four lanes of each; a: what low, what high nibbles
 * meet. */
INLINE __m512i sums_quad(uint32_t type, const struct quad *q,
                         const __m512i a[2])
{
    const struct picks *pick = picks_of(type);
    uint64_t low = 0, high = 0;
    __m512i v = q->first;
    if (type != TARN_MXFP4)
        v = _mm512_permutex2var_epi16(
            v, _mm512_loadu_si512(pick->nibbles), q->last);
    if (kind32_of(type).qh) {
        const __m128i h = _mm512_castsi512_si128(_mm512_permutex2var_epi16(
            q->first,
            _mm512_castsi128_si512(
                _mm_loadu_si128((const void *)pick->fifths)),
            q->last));
        low = (uint64_t)_mm_cvtsi128_si64(h);
        high = (uint64_t)_mm_extract_epi64(h, 1);
    }
    const __m512i x = _mm512_dpbusd_epi32(_mm512_setzero_si512(),
                                          values_of(type, v, low), a[0]);
    return _mm512_dpbusd_epi32(
        x, values_of(type, _mm512_srli_epi16(v, 4), high), a[1]);
}

/* One word of each of sixteen blocks, as halves. */
INLINE __m512 halves_of(const struct quad q[4], const int16_t pick[16])
{
    const __m512i at = _mm512_castsi256_si512(
        _mm256_loadu_si256((const void *)pick));
    __m512i h = _mm512_setzero_si512();
    for (uint32_t i = 0; i < 4; i++)
        h = _mm512_or_si512(h, _mm512_maskz_permutex2var_epi16(
                                   15u << 4 * i, q[i].first, at, q[i].last));
    return _mm512_cvtph_ps(_mm512_castsi512_si256(h));
}

/* The exponents of MXFP4: tarn_e8m0_half(). */
INLINE __m512 exponents_of(const uint8_t *p, uint32_t n)
{
    uint8_t e[16];
    for (uint32_t i = 0; i < 16; i++)
        e[i] = p[(i < n ? i : 0) * 17];
    const __m512i v = _mm512_cvtepu8_epi32(_mm_setr_epi8(
        (char)e[0], (char)e[1], (char)e[2], (char)e[3], (char)e[4],
        (char)e[5], (char)e[6], (char)e[7], (char)e[8], (char)e[9],
        (char)e[10], (char)e[11], (char)e[12], (char)e[13], (char)e[14],
        (char)e[15]));
    const __m512i one = _mm512_set1_epi32(1);
    return _mm512_castsi512_ps(_mm512_mask_blend_epi32(
        _mm512_cmpgt_epi32_mask(v, one),
        _mm512_sllv_epi32(_mm512_set1_epi32(0x00200000), v),
        _mm512_slli_epi32(_mm512_sub_epi32(v, one), 23)));
}

/* --------------------------------------------------------------------- all */

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

/* The integer sums of n <= 16 blocks of one row, their d and m. */
struct sums {
    __m512i is;
    __m512 d, m;
};

INLINE struct sums sums_of(uint32_t type, const uint8_t *p, uint32_t n,
                           const __m512i a[8])
{
    struct sums s;
    s.m = _mm512_setzero_ps();
    if (type == TARN_Q8_0) {
        s.is = sums_q8_0(p, n, a);
        s.d = scales_q8_0(p, n);
        return s;
    }
    struct quad q[4];
    __m512i x[4];
    for (uint32_t i = 0; i < 4; i++) {
        x[i] = q[i].first = q[i].last = _mm512_setzero_si512();
        if (4 * i >= n)
            continue;
        q[i] = load_quad(type, p + 4 * i * kind32_of(type).bytes,
                         n - 4 * i < 4 ? n - 4 * i : 4);
        x[i] = sums_quad(type, q + i, a + 2 * i);
    }
    /* Dword i of lane j: block 4i + j. */
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10,
                                            14, 3, 7, 11, 15);
    s.is = _mm512_permutexvar_epi32(order, add_lanes4(x));
    s.d = type == TARN_MXFP4 ? exponents_of(p, n)
                             : halves_of(q, picks_of(type)->d);
    if (kind32_of(type).min)
        s.m = halves_of(q, picks_of(type)->m);
    return s;
}

INLINE void sixteen(uint32_t type, const uint8_t *w, size_t row_bytes,
                    uint32_t rows, uint32_t n, const int8_t *q,
                    const int32_t *sums, const float *d, float *acc)
{
    const __mmask16 there = (__mmask16)((1u << n) - 1);
    __m512i a[8];
    float t[4][16] __attribute__((aligned(64)));
    load_acts(q, n, type == TARN_Q8_0, a);
    const __m512i asum = _mm512_maskz_loadu_epi32(there, sums);
    const __m512i off = (__m512i)((vi)asum * zero_of(type));
    const __m512 da = _mm512_maskz_loadu_ps(there, d);
    for (uint32_t r = 0; r < rows; r++) {
        const uint8_t *p = w + r * row_bytes;
        const struct sums s = sums_of(type, p, n, a);
        __m512 u = _mm512_mul_ps(
            s.d, _mm512_cvtepi32_ps(_mm512_sub_epi32(s.is, off)));
        if (kind32_of(type).min)
            u = _mm512_add_ps(
                u, _mm512_mul_ps(s.m, _mm512_cvtepi32_ps(asum)));
        _mm512_store_ps(t[r], _mm512_mul_ps(da, u));
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t r = 0; r < rows; r++)
            acc[r] = acc[r] + t[r][i];
}

INLINE void some_rows(uint32_t type, const struct cpu_tile *t, uint32_t row,
                      uint32_t rows)
{
    const uint32_t nb = t->k / 32, bytes = kind32_of(type).bytes;
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    const int8_t *q = (const int8_t *)t->acts[0];
    const int32_t *sums = (const int32_t *)(const void *)(t->acts[0] + l.sums);
    const float *d = (const float *)(const void *)(t->acts[0] + l.d);
    const uint8_t *w = t->w + row * t->row_bytes;
    const uint8_t *ahead = w;
    float acc[4] = { 0.0f, 0.0f, 0.0f, 0.0f };
    uint32_t b = 0;
    for (; b + 16 <= nb; b += 16) {
        ahead = fetch(ahead, 16 * rows * bytes);
        sixteen(type, w + (size_t)b * bytes, t->row_bytes, rows, 16,
                q + 32 * (size_t)b, sums + b, d + b, acc);
    }
    if (b < nb)
        sixteen(type, w + (size_t)b * bytes, t->row_bytes, rows, nb - b,
                q + 32 * (size_t)b, sums + b, d + b, acc);
    for (uint32_t r = 0; r < rows; r++)
        t->y[0][t->y_at + row + r] = acc[r];
}

INLINE void one(const struct cpu_tile *t, uint32_t type)
{
    uint32_t r = 0;
    for (; r + 4 <= t->n_rows; r += 4)
        some_rows(type, t, r, 4);
    for (; r < t->n_rows; r++)
        some_rows(type, t, r, 1);
}

ONE_OF_ALL_32
