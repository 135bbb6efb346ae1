/* one_45_avx2.c - Q4_K and Q5_K against one row of activations, eight rows of
 * weights side by side (rows8.h).
 *
 * Sums of a sub-block of eight rows are brought into their lanes as int16 and
 * meet their scales there: scales, minima and the float part are vectors whose
 * lanes are rows.
 *
 * w: any alignment, k divides by 256.  Bounds: one_256.c.  Figures: SPEED.md. */
#include "backends/cpu/blocks256.h"
#include "backends/cpu/rows8.h"

/* What stands in front of the values in a superblock of eight rows. */
struct heads8 {
    vi d; /* halves: d, dmin */
    vi scales[2], mins[2]; /* bytes: 0-3, 4-7 */
};

INLINE struct heads8 load_heads8(const struct rows8 *r)
{
    /* Four words of each row, turned: words 1 and 2 are scales 0-3 and minima
     * 0-3 in the low six bits of each byte, the top bits of 4-7 above; word 3:
     * low nibbles of scales 4-7, high nibbles of minima 4-7. */
    const __m256i a = (__m256i)two_rows(r, 0, 0), b = (__m256i)two_rows(r, 1, 0);
    const __m256i c = (__m256i)two_rows(r, 2, 0), d = (__m256i)two_rows(r, 3, 0);
    const __m256i ab01 = _mm256_unpacklo_epi32(a, b);
    const __m256i ab23 = _mm256_unpackhi_epi32(a, b);
    const __m256i cd01 = _mm256_unpacklo_epi32(c, d);
    const __m256i cd23 = _mm256_unpackhi_epi32(c, d);
    const vi scales = (vi)_mm256_unpackhi_epi64(ab01, cd01);
    const vi mins = (vi)_mm256_unpacklo_epi64(ab23, cd23);
    const vi four = (vi)_mm256_unpackhi_epi64(ab23, cd23);
    const vi top = splat_byte(0x30);
    struct heads8 h;
    h.d = (vi)_mm256_unpacklo_epi64(ab01, cd01);
    h.scales[0] = scales & splat_byte(0x3f);
    h.scales[1] = (shift_bits(scales, 2, 0) & top) | (four & splat_byte(15));
    h.mins[0] = mins & splat_byte(0x3f);
    h.mins[1] = (shift_bits(mins, 2, 0) & top) | bits_of(four, 4, 4);
    return h;
}

/* Bytes `first` and `second` (0-3) of each lane as int16. */
INLINE vi two_bytes(vi v, uint32_t first, uint32_t second)
{
    const uint32_t m = 0x80008000u | first | second << 16;
    const int lane[4] = { (int)m, (int)(m + 0x00040004u),
                          (int)(m + 0x00080008u), (int)(m + 0x000c000cu) };
    return (vi)_mm256_shuffle_epi8(
        (__m256i)v,
        _mm256_setr_epi32(lane[0], lane[1], lane[2], lane[3], lane[0], lane[1],
                          lane[2], lane[3]));
}

/* Sixteen values of sub-block `sub` (0 or 1) of the 64 whose nibbles are v. */
INLINE vi nibbles_of(uint32_t type, vi v, vi bits, uint32_t j, uint32_t sub)
{
    const vi low = bits_of(v, 4 * sub, 4);
    return type == TARN_Q4_K
               ? low
               : low | (shift_bits(bits, 2 * j + sub, 4) & splat_byte(16));
}

/* Sums of a sub-block in x, of eight rows, and their scales s (two int16 alike
 * in each lane): the products.  Eight values of Q5_K are what an int16 holds,
 * so there only half of the tree comes before the scales. */
INLINE vi scaled8(uint32_t type, const vi x[4], vi s)
{
    const vi e = join16(x[0], x[1]), f = join16(x[2], x[3]), none = vi_splat(0);
    if (type == TARN_Q4_K)
        return vi_dot2(none, order16(e, f), s);
    return order32(
        vi_dot2(none, e, (vi)_mm256_shuffle_epi32((__m256i)s, 0x44)),
        vi_dot2(none, f, (vi)_mm256_shuffle_epi32((__m256i)s, 0xee)));
}

/* The terms of the sums of eight rows. */
INLINE vf superblock8(uint32_t type, const struct rows8 *r, const uint8_t *q,
                      const int16_t *sums, const struct asked *next)
{
    const uint32_t values = type == TARN_Q4_K ? 16 : 48;
    const struct heads8 h = load_heads8(r);
    vi isum = vi_splat(0), msum = vi_splat(0);
    UNROLL
    for (uint32_t j = 0; j < 4; j++) { /* 64 values, 32 bytes of nibbles */
        const uint32_t k = 2 * (j % 2);
        struct signed_bytes a[4];
        vi x[2][4];
        UNROLL
        for (uint32_t i = 0; i < 4; i++)
            a[i] = both_halves(q + 64 * j + 16 * i);
        UNROLL
        for (uint32_t n = 0; n < 4; n++) {
            ask(next, 4 * j + n);
            const vi v0 = two_rows(r, n, values + 32 * j);
            const vi v1 = two_rows(r, n, values + 32 * j + 16);
            const vi b0 = type == TARN_Q4_K ? v0 : two_rows(r, n, 16);
            const vi b1 = type == TARN_Q4_K ? v1 : two_rows(r, n, 32);
            UNROLL
            for (uint32_t sub = 0; sub < 2; sub++)
                x[sub][n] = vi_add16(
                    mul_bytes(nibbles_of(type, v0, b0, j, sub), a[2 * sub]),
                    mul_bytes(nibbles_of(type, v1, b1, j, sub),
                              a[2 * sub + 1]));
        }
        UNROLL
        for (uint32_t sub = 0; sub < 2; sub++) {
            isum = isum + scaled8(type, x[sub],
                                  two_bytes(h.scales[j / 2], k + sub, k + sub));
            KEEP(isum);
        }
        int32_t two;
        memcpy(&two, sums + 2 * j, sizeof two);
        msum = vi_dot2(msum, two_bytes(h.mins[j / 2], k, k + 1),
                       vi_splat(two));
    }
    const __m256i halves = _mm256_permute4x64_epi64(
        _mm256_shuffle_epi8((__m256i)h.d,
                            _mm256_broadcastsi128_si256(_mm_setr_epi8(
                                0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11,
                                14, 15))),
        0xd8);
    const vf d = (vf)_mm256_cvtph_ps(_mm256_castsi256_si128(halves));
    const vf dmin = (vf)_mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1));
    return d * vf_from_vi(isum) - dmin * vf_from_vi(msum);
}

INLINE void one(const struct cpu_tile *t, uint32_t type)
{
    const struct kind256 kind = kind256_of(type);
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    const uint8_t *q = t->acts[0];
    const int16_t *sums = (const int16_t *)(const void *)(q + l.sums);
    const float *d = (const float *)(const void *)(q + l.d);
    for (uint32_t row = 0; row < t->n_rows; row = next_row8(t, row)) {
        struct rows8 r = rows8_at(t, row);
        struct asked next = { r.low, 8 * kind.bytes, 16 };
        vf acc = vf_zero();
        for (uint32_t b = 0; b < t->k / 256; b++) {
            KEEP_STRIDE(r);
            acc = acc + vf_splat(d[b]) *
                            superblock8(type, &r, q + 256 * (size_t)b,
                                        sums + kind.subs * b, &next);
            next.p += next.size;
            step_rows8(&r, kind.bytes);
        }
        put_rows8(t, row, acc);
    }
}

ONE(q4_k, TARN_Q4_K)
ONE(q5_k, TARN_Q5_K)
