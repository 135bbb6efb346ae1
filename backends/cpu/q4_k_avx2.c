/* q4_k_avx2.c - Q4_K rows against one row of activations.
 *
 * Eight superblocks at a time.  The sixteen bytes in front of a superblock's
 * quants are unpacked for two superblocks together, one per 128-bit lane.
 * Nibbles (unsigned) times activations give int16 pairs of at most 3810, which
 * meet their sub-block's scale in vpmaddwd.
 *
 * w: any alignment, k divides by 256.  Bound: |isum| <= 63 * 15 * 127 * 256.
 * Figures: SPEED.md. */
#include "backends/cpu/avx2.h"

#define BYTES 144u

/* Of two superblocks, one per 128-bit lane. */
struct heads {
    __m256i scales, mins; /* [2][8] int16 */
};

INLINE struct heads load_heads(const uint8_t *p, const uint8_t *q)
{
    struct heads h;
    const __m256i v =
        _mm256_setr_m128i(_mm_loadu_si128((const void *)p),
                          _mm_loadu_si128((const void *)q));
    /* The dwords of a lane: as in q4_k_avx512.c. */
    const __m256i low = _mm256_and_si256(v, _mm256_set1_epi8(0x3f));
    const __m256i top = _mm256_and_si256(_mm256_srli_epi16(v, 2),
                                         _mm256_set1_epi8(0x30));
    const __m256i four =
        _mm256_srlv_epi32(_mm256_shuffle_epi32(v, 0xfc),
                          _mm256_setr_epi32(0, 0, 4, 0, 0, 0, 4, 0));
    const __m256i high = _mm256_or_si256(
        top, _mm256_and_si256(four, _mm256_set1_epi8(0x0f)));
    const __m256i zero = _mm256_setzero_si256();
    h.scales =
        _mm256_unpackhi_epi8(_mm256_unpacklo_epi32(low, high), zero);
    h.mins = _mm256_unpacklo_epi8(_mm256_unpackhi_epi32(low, high), zero);
    return h;
}

/* s: the eight scales of this superblock, in both lanes. */
INLINE __m256i quants(const uint8_t *p, const int8_t *a, __m256i s)
{
    const __m256i m4 = _mm256_set1_epi8(15);
    __m256i x = _mm256_setzero_si256(), y = x;
    for (int j = 0; j < 4; j++) {
        const __m256i v =
            _mm256_loadu_si256((const void *)(p + 16 + 32 * j));
        const __m256i a0 = _mm256_loadu_si256((const void *)(a + 64 * j));
        const __m256i a1 = _mm256_loadu_si256((const void *)(a + 64 * j + 32));
        const __m256i k0 = _mm256_set1_epi16((int16_t)(0x0100 + 0x0404 * j));
        const __m256i k1 = _mm256_set1_epi16((int16_t)(0x0302 + 0x0404 * j));
        const __m256i q0 = _mm256_and_si256(v, m4);
        const __m256i q1 = _mm256_and_si256(_mm256_srli_epi16(v, 4), m4);
        x = _mm256_add_epi32(
            x, _mm256_madd_epi16(_mm256_maddubs_epi16(q0, a0),
                                 _mm256_shuffle_epi8(s, k0)));
        y = _mm256_add_epi32(
            y, _mm256_madd_epi16(_mm256_maddubs_epi16(q1, a1),
                                 _mm256_shuffle_epi8(s, k1)));
    }
    return _mm256_add_epi32(x, y);
}

/* The sums of eight superblocks' minima, from pairs of them. */
INLINE __m256i add_up_mins(const __m256i m[4])
{
    /* Lane 0: superblocks 0, 2, 4, 6; lane 1: 1, 3, 5, 7. */
    const __m256i s = add_pairs64(add_pairs32(m[0], m[1]),
                                  add_pairs32(m[2], m[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(s, order);
}

/* Adds the terms of superblocks [0, n), n <= 8, to acc. */
INLINE float eight(const uint8_t *w, uint32_t n, const int8_t *q,
                   const int16_t *s32, const float *d, float acc)
{
    __m256i x[8], m[4];
    float t[8];
    for (uint32_t i = 0; i < 8; i += 2) {
        if (i >= n) {
            x[i] = x[i + 1] = m[i / 2] = _mm256_setzero_si256();
            continue;
        }
        const uint8_t *p = w + i * BYTES;
        const uint8_t *p1 = i + 1 < n ? p + BYTES : p;
        const struct heads h = load_heads(p, p1);
        fetch(p, 5);
        m[i / 2] = _mm256_madd_epi16(
            h.mins, _mm256_loadu_si256((const void *)(s32 + 8 * i)));
        x[i] = quants(p, q + 256 * i,
                      _mm256_permute2x128_si256(h.scales, h.scales, 0x00));
        x[i + 1] =
            i + 1 < n
                ? quants(p1, q + 256 * i + 256,
                         _mm256_permute2x128_si256(h.scales, h.scales, 0x11))
                : _mm256_setzero_si256();
    }
    const __m256 u =
        _mm256_mul_ps(halves8(w, BYTES, n), _mm256_cvtepi32_ps(add_up8(x)));
    const __m256 v = _mm256_mul_ps(halves8(w + 2, BYTES, n),
                                   _mm256_cvtepi32_ps(add_up_mins(m)));
    _mm256_storeu_ps(t, _mm256_mul_ps(scales_of(d, n),
                                      _mm256_sub_ps(u, v)));
    for (uint32_t i = 0; i < n; i++)
        acc = acc + t[i];
    return acc;
}

KERNEL void tarn_cpu_q4_k_one(const struct cpu_tile *t)
{
    const uint32_t nb = t->k / 256;
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    const int8_t *q = (const int8_t *)t->acts[0];
    const int16_t *s32 = (const int16_t *)(const void *)(t->acts[0] + l.sums);
    const float *d = (const float *)(const void *)(t->acts[0] + l.d);
    for (uint32_t r = 0; r < t->n_rows; r++) {
        const uint8_t *w = t->w + r * t->row_bytes;
        float acc = 0.0f;
        uint32_t b = 0;
        for (; b + 8 <= nb; b += 8)
            acc = eight(w + (size_t)b * BYTES, 8, q + 256 * (size_t)b,
                        s32 + 8 * b, d + b, acc);
#define TAIL(n)                                                        \
    acc = eight(w + (size_t)b * BYTES, n, q + 256 * (size_t)b,         \
                s32 + 8 * b, d + b, acc)
        WITH_CONSTANT_TAIL(nb - b, TAIL)
#undef TAIL
        t->y[0][t->y_at + r] = acc;
    }
}
