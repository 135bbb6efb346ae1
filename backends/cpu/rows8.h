/* rows8.h - eight rows of weights side by side in vectors of 32 bytes (AVX2).
 *
 * As rows4.h, but each half of a vector is a row: rows n and n + 4 share one, so
 * activations are 16 bytes that a load repeats, sums of eight rows come to stand
 * in the eight lanes by one tree of shuffles, and the float part is whole
 * vectors.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_ROWS8_H
#define TARN_CPU_ROWS8_H

#include "backends/cpu/bytes.h"
#include "backends/cpu/rows4.h"

/* Rows 0-3 and 4-7: eight addresses of two pointers and a stride. */
struct rows8 {
    const uint8_t *low, *high;
    size_t stride;
};

/* Of a tile that has fewer than eight rows: eight times the one at `row`. */
INLINE struct rows8 rows8_at(const struct cpu_tile *t, uint32_t row)
{
    const uint8_t *w = t->w + row * t->row_bytes;
    if (t->n_rows < 8)
        return (struct rows8){ w, w, 0 };
    return (struct rows8){ w, w + 4 * t->row_bytes, t->row_bytes };
}

/* What comes after `row`.  The last rows fill a vector, too, some of them once
 * more. */
INLINE uint32_t next_row8(const struct cpu_tile *t, uint32_t row)
{
    if (t->n_rows < 8)
        return row + 1;
    return row + 8 < t->n_rows && row + 16 > t->n_rows ? t->n_rows - 8
                                                       : row + 8;
}

INLINE void put_rows8(const struct cpu_tile *t, uint32_t row, vf acc)
{
    if (t->n_rows < 8)
        t->y[0][t->y_at + row] = acc[0];
    else
        vf_store(t->y[0] + t->y_at + row, acc);
}

/* The compiler else makes an address of its own of every row and every place
 * in a block, more than there are registers. */
#define KEEP_STRIDE(r_) __asm__("" : "+r"((r_).stride))

INLINE void step_rows8(struct rows8 *r, size_t bytes)
{
    r->low += bytes;
    r->high += bytes;
}

INLINE const uint8_t *row8(const struct rows8 *r, uint32_t n)
{
    return (n < 4 ? r->low : r->high) + n % 4 * r->stride;
}

/* Sixteen bytes at `at` of rows n and n + 4. */
INLINE vi two_rows(const struct rows8 *r, uint32_t n, size_t at)
{
    return (vi)_mm256_setr_m128i((__m128i)load16(row8(r, n) + at),
                                 (__m128i)load16(row8(r, n + 4) + at));
}

/* The word at `at` of rows n and n + 4, each in its half. */
INLINE vi two_words(const struct rows8 *r, uint32_t n, size_t at)
{
    int32_t x, y;
    memcpy(&x, row8(r, n) + at, sizeof x);
    memcpy(&y, row8(r, n + 4) + at, sizeof y);
    return (vi)_mm256_blend_epi32(_mm256_set1_epi32(x), _mm256_set1_epi32(y),
                                  0xf0);
}

/* Sixteen activations, in both halves. */
INLINE struct signed_bytes both_halves(const uint8_t *q)
{
    return signed_bytes((vi)_mm256_broadcastsi128_si256((__m128i)load16(q)));
}

/* Two steps of the tree: halves of a's and b's lanes [a b a b], then quarters
 * [a b c d]; sums of int16 or of int32. */
#define TREE_LOW(n_, a_, b_) \
    (vi) _mm256_unpacklo_epi##n_((__m256i)(a_), (__m256i)(b_))
#define TREE_HIGH(n_, a_, b_) \
    (vi) _mm256_unpackhi_epi##n_((__m256i)(a_), (__m256i)(b_))
INLINE vi join16(vi a, vi b)
{
    return vi_add16(TREE_LOW(32, a, b), TREE_HIGH(32, a, b));
}

INLINE vi join32(vi a, vi b)
{
    return TREE_LOW(32, a, b) + TREE_HIGH(32, a, b);
}

INLINE vi order16(vi e, vi f)
{
    return vi_add16(TREE_LOW(64, e, f), TREE_HIGH(64, e, f));
}

INLINE vi order32(vi e, vi f)
{
    return TREE_LOW(64, e, f) + TREE_HIGH(64, e, f);
}
#undef TREE_LOW
#undef TREE_HIGH

/* Sums of eight rows in the lanes: of int32, ... */
INLINE vi add_up8(const vi x[4])
{
    return order32(join32(x[0], x[1]), join32(x[2], x[3]));
}

/* ... and of int16, each of `n` products of weights up to `most`: widened as
 * late as they fit. */
INLINE vi add_up8_terms(const vi x[4], uint32_t most, uint32_t n)
{
    const uint32_t fit = fit_of(most);
    if (fit >= 4 * n)
        return widen_terms(
            order16(join16(x[0], x[1]), join16(x[2], x[3])));
    if (fit >= 2 * n)
        return order32(widen_terms(join16(x[0], x[1])),
                       widen_terms(join16(x[2], x[3])));
    const vi wide[4] = { widen_terms(x[0]), widen_terms(x[1]),
                         widen_terms(x[2]), widen_terms(x[3]) };
    return add_up8(wide);
}

#endif
