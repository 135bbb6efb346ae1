/* one_128.c - Q4_K, Q6_K, Q8_0 and Q4_0 against one row of activations, in
 * vectors of 16 bytes: WebAssembly (plain and relaxed), SSE2, SSSE3.
 *
 * Four rows of weights together: what is made of the activations is made once
 * for four, the integer sums of four rows are transposed into lanes, and the
 * float part, whose order over blocks is fixed, goes on in lanes = rows.
 * Bytes multiply into pairs of int16 (bytes.h), pairs meet their scale in one
 * product that also widens.
 *
 * w: any alignment.  Lanes without a row repeat the last one.  Figures:
 * SPEED.md. */
#include <string.h>

#include "backends/cpu/bytes.h"
#include "backends/cpu/cpu.h"

/* Four rows of a tile. */
struct rows4 {
    const uint8_t *w[4];
};

static struct rows4 rows_at(const struct cpu_tile *t, uint32_t row)
{
    struct rows4 r;
    for (uint32_t i = 0; i < 4; i++)
        r.w[i] = t->w + (row + i < t->n_rows ? row + i : t->n_rows - 1) *
                            t->row_bytes;
    return r;
}

static void put(const struct cpu_tile *t, uint32_t row, vf acc)
{
    const uint32_t left = t->n_rows - row;
    float *y = t->y[0] + t->y_at + row;
    if (left >= 4)
        vf_store(y, acc);
    else
        vf_store_some(y, acc, left);
}

/* The sums of four vectors, one per lane. */
INLINE vi add_up4(const vi x[4])
{
    const vi a = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5) +
                 __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
    const vi b = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5) +
                 __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
    return __builtin_shufflevector(a, b, 0, 1, 4, 5) +
           __builtin_shufflevector(a, b, 2, 3, 6, 7);
}

INLINE int32_t half_bits(const uint8_t *p)
{
    return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8);
}

/* The half at `at` of each row. */
INLINE vf halves4(const struct rows4 *r, size_t at)
{
    return vf_of_halves((vi){ half_bits(r->w[0] + at), half_bits(r->w[1] + at),
                              half_bits(r->w[2] + at),
                              half_bits(r->w[3] + at) });
}

INLINE vi low_nibbles(vi v)
{
    return v & 0x0f0f0f0f;
}

INLINE vi high_nibbles(vi v)
{
    return (vi)((vus)v >> 4) & 0x0f0f0f0f;
}

typedef uint8_t vub __attribute__((vector_size(16)));

/* Each int16 of the low, the high half twice: pairs that meet pairs. */
INLINE vi low_pairs(vi v)
{
    return (vi)__builtin_shufflevector((vs)v, (vs)v, 0, 0, 1, 1, 2, 2, 3, 3);
}

INLINE vi high_pairs(vi v)
{
    return (vi)__builtin_shufflevector((vs)v, (vs)v, 4, 4, 5, 5, 6, 6, 7, 7);
}

/* Lane i in all lanes; i is a constant where this is inlined. */
INLINE vi lane(vi v, int i)
{
    switch (i) {
    case 0: return __builtin_shufflevector(v, v, 0, 0, 0, 0);
    case 1: return __builtin_shufflevector(v, v, 1, 1, 1, 1);
    case 2: return __builtin_shufflevector(v, v, 2, 2, 2, 2);
    default: return __builtin_shufflevector(v, v, 3, 3, 3, 3);
    }
}

INLINE uint32_t word_at(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

/* ------------------------------------------------------------------- Q4_K */

/* The scales of one superblock as pairs [2][4], its minima as int16 [8]. */
struct heads {
    vi scale[2], min;
};

INLINE struct heads load_heads(const uint8_t *s)
{
    const uint32_t a = word_at(s), b = word_at(s + 4), c = word_at(s + 8);
    const uint32_t six = 0x3f3f3f3fu, four = 0x0f0f0f0fu, top = 0x30303030u;
    const vi v = { (int32_t)(a & six), (int32_t)((c & four) | (a >> 2 & top)),
                   (int32_t)(b & six),
                   (int32_t)((c >> 4 & four) | (b >> 2 & top)) };
    const vub zero = { 0 };
    const vi scale =
        (vi)__builtin_shufflevector((vub)v, zero, 0, 16, 1, 17, 2, 18, 3, 19,
                                    4, 20, 5, 21, 6, 22, 7, 23);
    const vi min =
        (vi)__builtin_shufflevector((vub)v, zero, 8, 24, 9, 25, 10, 26, 11, 27,
                                    12, 28, 13, 29, 14, 30, 15, 31);
    return (struct heads){ { low_pairs(scale), high_pairs(scale) }, min };
}

INLINE vi quants_q4_k(const uint8_t *p, const struct heads *h,
                      const struct signed_bytes *a, int c, vi sum)
{
    const vi v0 = vi_load(p + 16 + 32 * c), v1 = vi_load(p + 32 + 32 * c);
    const vi x = vi_add16(mul_bytes(low_nibbles(v0), a[0]),
                          mul_bytes(low_nibbles(v1), a[1]));
    const vi y = vi_add16(mul_bytes(high_nibbles(v0), a[2]),
                          mul_bytes(high_nibbles(v1), a[3]));
    sum = vi_dot2(sum, x, lane(h->scale[c / 2], 2 * (c % 2)));
    return vi_dot2(sum, y, lane(h->scale[c / 2], 2 * (c % 2) + 1));
}

KERNEL static vf rows_q4_k(const struct rows4 *r, const uint8_t *act,
                           const struct cpu_act_layout *l, uint32_t nb)
{
    const float *d = (const float *)(const void *)(act + l->d);
    vf acc = vf_zero();
    for (uint32_t b = 0; b < nb; b++) {
        const size_t at = b * (size_t)144;
        const vi sums = vi_load(act + l->sums + 16 * (size_t)b);
        struct heads h[4];
        vi is[4], ms[4];
        for (int i = 0; i < 4; i++) {
            h[i] = load_heads(r->w[i] + at + 4);
            ms[i] = vi_dot2(vi_splat(0), h[i].min, sums);
            is[i] = vi_splat(0);
        }
        for (int c = 0; c < 4; c++) {
            struct signed_bytes a[4];
            for (int i = 0; i < 4; i++)
                a[i] = signed_bytes(
                    vi_load(act + 256 * (size_t)b + 64 * c + 16 * i));
            for (int i = 0; i < 4; i++)
                is[i] = quants_q4_k(r->w[i] + at, h + i, a, c, is[i]);
        }
        const vf u = halves4(r, at) * vf_from_vi(add_up4(is));
        const vf v = halves4(r, at + 2) * vf_from_vi(add_up4(ms));
        acc = acc + d[b] * (u - v);
    }
    return acc;
}

void tarn_cpu_q4_k_one(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    for (uint32_t row = 0; row < t->n_rows; row += 4) {
        const struct rows4 r = rows_at(t, row);
        put(t, row, rows_q4_k(&r, t->acts[0], &l, t->k / 256));
    }
}

/* ------------------------------------------------------------------- Q6_K */

/* Half of a superblock of one row, 128 values; a: their activations, s:
 * eight scales as pairs [2][4]. */
INLINE vi quants_q6_k(const uint8_t *ql, const uint8_t *qh,
                      const struct signed_bytes *a, const vi s[2], vi sum)
{
    for (int i = 0; i < 2; i++) {
        const vi top = (vi){ 0 } + 0x30303030;
        const vi low = vi_load(ql + 16 * i), over = vi_load(ql + 32 + 16 * i);
        const vus high = (vus)vi_load(qh + 16 * i);
        const vi q0 = low_nibbles(low) | ((vi)(high << 4) & top);
        const vi q1 = low_nibbles(over) | ((vi)(high << 2) & top);
        const vi q2 = high_nibbles(low) | ((vi)high & top);
        const vi q3 = high_nibbles(over) | ((vi)(high >> 2) & top);
        sum = vi_dot2(sum, mul_bytes(q0, a[i]), lane(s[0], i));
        sum = vi_dot2(sum, mul_bytes(q1, a[2 + i]), lane(s[0], 2 + i));
        sum = vi_dot2(sum, mul_bytes(q2, a[4 + i]), lane(s[1], i));
        sum = vi_dot2(sum, mul_bytes(q3, a[6 + i]), lane(s[1], 2 + i));
    }
    return sum;
}

/* Eight int8 as int16. */
INLINE vi widen8(const void *p)
{
#if defined(__SSE2__)
    const __m128i v = _mm_loadl_epi64((const void *)p);
    return (vi)_mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8);
#else
    typedef int8_t v8 __attribute__((vector_size(8), aligned(1), may_alias));
    return (vi)__builtin_convertvector(*(const v8 *)p, vs);
#endif
}

KERNEL static vf rows_q6_k(const struct rows4 *r, const uint8_t *act,
                           const struct cpu_act_layout *l, uint32_t nb)
{
    const float *d = (const float *)(const void *)(act + l->d);
    vf acc = vf_zero();
    for (uint32_t b = 0; b < nb; b++) {
        const size_t at = b * (size_t)210;
        vi is[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
        for (int n = 0; n < 2; n++) {
            const uint8_t *q = act + 256 * (size_t)b + 128 * n;
            const vi sums = vi_load(act + l->s16 + 32 * (size_t)b + 16 * n);
            struct signed_bytes a[8];
            for (int j = 0; j < 8; j++)
                a[j] = signed_bytes(vi_load(q + 16 * j));
            for (int i = 0; i < 4; i++) {
                const uint8_t *p = r->w[i] + at;
                const vi s = widen8(p + 192 + 8 * n);
                const vi pairs[2] = { low_pairs(s), high_pairs(s) };
                /* What 32 too much in each value makes goes off first. */
                is[i] = is[i] - (vi_dot2(vi_splat(0), s, sums) << 5);
                is[i] = quants_q6_k(p + 64 * n, p + 128 + 32 * n, a, pairs,
                                    is[i]);
            }
        }
        acc = acc +
              d[b] * (halves4(r, at + 208) * vf_from_vi(add_up4(is)));
    }
    return acc;
}

void tarn_cpu_q6_k_one(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    for (uint32_t row = 0; row < t->n_rows; row += 4) {
        const struct rows4 r = rows_at(t, row);
        put(t, row, rows_q6_k(&r, t->acts[0], &l, t->k / 256));
    }
}

/* ------------------------------------------------------------- Q8_0, Q4_0 */

KERNEL static vf rows_q8_0(const struct rows4 *r, const uint8_t *act,
                           const struct cpu_act_layout *l, uint32_t nb)
{
    const float *d = (const float *)(const void *)(act + l->d);
    vf acc = vf_zero();
    for (uint32_t b = 0; b < nb; b++) {
        const size_t at = b * (size_t)34;
        vi a[4], is[4];
        for (int j = 0; j < 4; j++)
            a[j] = widen8(act + 32 * (size_t)b + 8 * j);
        for (int i = 0; i < 4; i++) {
            const uint8_t *p = r->w[i] + at + 2;
            is[i] = vi_dot2(vi_splat(0), widen8(p), a[0]);
            for (int j = 1; j < 4; j++)
                is[i] = vi_dot2(is[i], widen8(p + 8 * j), a[j]);
        }
        acc = acc + d[b] * (halves4(r, at) * vf_from_vi(add_up4(is)));
    }
    return acc;
}

void tarn_cpu_q8_0_one(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    for (uint32_t row = 0; row < t->n_rows; row += 4) {
        const struct rows4 r = rows_at(t, row);
        put(t, row, rows_q8_0(&r, t->acts[0], &l, t->k / 32));
    }
}

KERNEL static vf rows_q4_0(const struct rows4 *r, const uint8_t *act,
                           const struct cpu_act_layout *l, uint32_t nb)
{
    const float *d = (const float *)(const void *)(act + l->d);
    const int32_t *sums = (const int32_t *)(const void *)(act + l->sums);
    vf acc = vf_zero();
    for (uint32_t b = 0; b < nb; b++) {
        const size_t at = b * (size_t)18;
        const uint8_t *q = act + 32 * (size_t)b;
        const struct signed_bytes a0 = signed_bytes(vi_load(q));
        const struct signed_bytes a1 = signed_bytes(vi_load(q + 16));
        vi is[4];
        for (int i = 0; i < 4; i++) {
            const vi v = vi_load(r->w[i] + at + 2);
            is[i] = vi_dot2(vi_splat(0),
                            vi_add16(mul_bytes(low_nibbles(v), a0),
                                     mul_bytes(high_nibbles(v), a1)),
                            vi_splat(0x10001));
        }
        const vi s = add_up4(is) - 8 * sums[b];
        acc = acc + d[b] * (halves4(r, at) * vf_from_vi(s));
    }
    return acc;
}

void tarn_cpu_q4_0_one(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    for (uint32_t row = 0; row < t->n_rows; row += 4) {
        const struct rows4 r = rows_at(t, row);
        put(t, row, rows_q4_0(&r, t->acts[0], &l, t->k / 32));
    }
}
