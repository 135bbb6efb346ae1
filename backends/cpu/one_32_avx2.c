/* one_32_avx2.c - types with blocks of 32 against one row of activations, eight
 * rows of weights side by side (rows8.h).
 *
 * w: any alignment, k divides by 32.  Figures: SPEED.md. */
#include "backends/cpu/blocks32.h"
#include "backends/cpu/rows8.h"

#define FRONT 14 /* bytes that words8() may read in front of a block */

/* The 16-bit words at `at` of eight rows.  Each is loaded with so much of what
 * stands in front that it comes to its place, and blended in, which every port
 * does; insertions wait for the two that shuffle.  In front of row n, at most
 * 2 n bytes are read: rows of the same tile. */
INLINE __m128i words8(const struct rows8 *r, size_t at)
{
#define WORD(n_) (__m128i)load16(row8(r, n_) + at - 2 * (n_))
    __m128i v = WORD(0);
    v = _mm_blend_epi16(v, WORD(1), 1 << 1);
    v = _mm_blend_epi16(v, WORD(2), 1 << 2);
    v = _mm_blend_epi16(v, WORD(3), 1 << 3);
    v = _mm_blend_epi16(v, WORD(4), 1 << 4);
    v = _mm_blend_epi16(v, WORD(5), 1 << 5);
    v = _mm_blend_epi16(v, WORD(6), 1 << 6);
    return _mm_blend_epi16(v, WORD(7), 1 << 7);
#undef WORD
}

INLINE vf halves8(const struct rows8 *r, size_t at)
{
    return (vf)_mm256_cvtph_ps(words8(r, at));
}

/* d of eight rows. */
INLINE vf scales8(uint32_t type, const struct rows8 *r, size_t at)
{
    if (type != TARN_MXFP4)
        return halves8(r, at);
    const vi e = (vi)_mm256_cvtepu16_epi32(words8(r, at)) & 255;
    const vi low = (vi)(e < 2); /* as scales32() */
    return (vf)(((0x00200000 + (e << 21)) & low) | ((e - 1) << 23 & ~low));
}

/* Where bit 16 half + k of a row's word is set, k the byte of its half: 16. */
INLINE vi fifth_bits(vi bits, uint32_t half)
{
    const vi each = (vi)_mm256_set1_epi64x((int64_t)0x8040201008040201u);
    const int64_t first = half ? 0x0202020202020202 : 0;
    const int64_t next = half ? 0x0303030303030303 : 0x0101010101010101;
    const vi v = (vi)_mm256_shuffle_epi8(
        (__m256i)bits, _mm256_setr_epi64x(first, next, first, next));
    return (vi)_mm256_cmpeq_epi8((__m256i)(v & each), (__m256i)each) &
           splat_byte(16);
}

/* Values 0-15 or 16-31 of rows n and n + 4. */
INLINE vi half_values(uint32_t type, const struct rows8 *r, uint32_t n,
                      size_t at, uint32_t half)
{
    const struct kind32 kind = kind32_of(type);
    if (type == TARN_Q8_0)
        return two_rows(r, n, at + kind.qs + 16 * half);
    const vi v = bits_of(two_rows(r, n, at + kind.qs), 4 * half, 4);
    if (type == TARN_IQ4_NL)
        return pick16(tarn_cpu_nl_values, v);
    if (type == TARN_MXFP4)
        return pick16(tarn_cpu_mx_values, v);
    return kind.qh ? v | fifth_bits(two_words(r, n, at + kind.qh), half) : v;
}

/* How many blocks of a row are one step of the loop. */
#define STEP 4

/* The terms of the sums of the block at `at` of eight rows; i: which of a step
 * it is. */
INLINE vf terms8(uint32_t type, const struct rows8 *r, size_t at,
                 const uint8_t *q, const int32_t *asum,
                 const struct asked *next, uint32_t i)
{
    const struct kind32 kind = kind32_of(type);
    const bool together = fit_of(kind.most) >= 4;
    const struct signed_bytes a[2] = { both_halves(q), both_halves(q + 16) };
    vi x[4];
    UNROLL
    for (uint32_t n = 0; n < 4; n++) {
        ask(next, 4 * i + n);
        x[n] = terms(half_values(type, r, n, at, 0), a[0], kind.is_signed);
        const vi y =
            terms(half_values(type, r, n, at, 1), a[1], kind.is_signed);
        x[n] = together ? vi_add16(x[n], y) : more_sums(widen_terms(x[n]), y);
    }
    vi sum = together ? add_up8_terms(x, kind.most, 4) : add_up8(x);
    const vi s = (vi)_mm256_set1_epi32(*asum);
    if (kind.zero)
        sum = sum - kind.zero * s;
    const vf v = scales8(type, r, at) * vf_from_vi(sum);
    return kind.min ? v + halves8(r, at + 2) * vf_from_vi(s) : v;
}

INLINE void one(const struct cpu_tile *t, uint32_t type)
{
    const struct kind32 kind = kind32_of(type);
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    const uint8_t *q = t->acts[0];
    const int32_t *sums = (const int32_t *)(const void *)(q + l.sums);
    const float *d = (const float *)(const void *)(q + l.d);
    const uint32_t n_blocks = t->k / 32;
#define TERMS(i_)                                                       \
    vf_splat(d[b + (i_)]) * terms8(type, &r, (i_) * kind.bytes,         \
                                   q + 32 * (size_t)(b + (i_)),         \
                                   sums + b + (i_), &next, i_)
    for (uint32_t row = 0; row < t->n_rows; row = next_row8(t, row)) {
        struct rows8 r = rows8_at(t, row);
        const uint8_t *const w = r.low;
        struct asked next = { w, 8 * STEP * kind.bytes, 4 * STEP };
        vf acc = vf_zero();
        uint32_t b = 0;
        for (; r.stride && b + STEP <= n_blocks; b += STEP) {
            KEEP_STRIDE(r);
            UNROLL
            for (uint32_t i = 0; i < STEP; i++)
                acc = acc + TERMS(i);
            step_rows8(&r, STEP * kind.bytes);
            next.p += next.size;
        }
        for (; b < n_blocks; b++) {
            uint8_t room[FRONT + 34] = { 0 };
            if (!r.stride) { /* one row alone has nothing in front */
                memcpy(room + FRONT, w + b * kind.bytes, kind.bytes);
                r.low = r.high = room + FRONT;
            }
            acc = acc + TERMS(0);
            step_rows8(&r, kind.bytes);
        }
        put_rows8(t, row, acc);
    }
#undef TERMS
}

ONE_OF_ALL_32
