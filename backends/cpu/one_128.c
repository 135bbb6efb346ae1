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

/* An int16 twice, in all lanes. */
INLINE vi pair_of(int v)
{
    return vi_splat((int32_t)((uint32_t)(uint16_t)v * 0x10001u));
}

/* ------------------------------------------------------------------- Q4_K */

INLINE vi quants_q4_k(const uint8_t *p, const uint8_t scale[8],
                      const struct signed_bytes *a, int c, vi sum)
{
    const vi v0 = vi_load(p + 16 + 32 * c), v1 = vi_load(p + 32 + 32 * c);
    const vi x = vi_add16(mul_bytes(low_nibbles(v0), a[0]),
                          mul_bytes(low_nibbles(v1), a[1]));
    const vi y = vi_add16(mul_bytes(high_nibbles(v0), a[2]),
                          mul_bytes(high_nibbles(v1), a[3]));
    sum = vi_dot2(sum, x, pair_of(scale[2 * c]));
    return vi_dot2(sum, y, pair_of(scale[2 * c + 1]));
}

KERNEL static vf rows_q4_k(const struct rows4 *r, const uint8_t *act,
                           const struct cpu_act_layout *l, uint32_t nb)
{
    const float *d = (const float *)(const void *)(act + l->d);
    vf acc = vf_zero();
    for (uint32_t b = 0; b < nb; b++) {
        const size_t at = b * (size_t)144;
        const vi sums = vi_load(act + l->sums + 16 * (size_t)b);
        uint8_t scale[4][8], min[4][8];
        vi is[4], ms[4];
        for (int i = 0; i < 4; i++) {
            tarn_cpu_scales_k(r->w[i] + at + 4, scale[i], min[i]);
            const vs m = { min[i][0], min[i][1], min[i][2], min[i][3],
                           min[i][4], min[i][5], min[i][6], min[i][7] };
            ms[i] = vi_dot2(vi_splat(0), (vi)m, sums);
            is[i] = vi_splat(0);
        }
        for (int c = 0; c < 4; c++) {
            struct signed_bytes a[4];
            for (int i = 0; i < 4; i++)
                a[i] = signed_bytes(
                    vi_load(act + 256 * (size_t)b + 64 * c + 16 * i));
            for (int i = 0; i < 4; i++)
                is[i] = quants_q4_k(r->w[i] + at, scale[i], a, c, is[i]);
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

/* 16 values of group g (32 values: ql low, low, high, high) of half n. */
INLINE vi quants_q6_k(const uint8_t *p, int n, int g, int i)
{
    const vi low = vi_load(p + 64 * n + 32 * (g % 2) + 16 * i);
    const vi high = vi_load(p + 128 + 32 * n + 16 * i);
    const vi q = g < 2 ? low_nibbles(low) : high_nibbles(low);
    const vi h = g == 0   ? (vi)((vus)high << 4)
                 : g == 1 ? (vi)((vus)high << 2)
                 : g == 2 ? high
                          : (vi)((vus)high >> 2);
    return q | (h & 0x30303030);
}

KERNEL static vf rows_q6_k(const struct rows4 *r, const uint8_t *act,
                           const struct cpu_act_layout *l, uint32_t nb)
{
    const float *d = (const float *)(const void *)(act + l->d);
    vf acc = vf_zero();
    for (uint32_t b = 0; b < nb; b++) {
        const size_t at = b * (size_t)210;
        const uint8_t *s16 = act + l->s16 + 32 * (size_t)b;
        const vi s0 = vi_load(s16), s1 = vi_load(s16 + 16);
        vi is[4];
        for (int i = 0; i < 4; i++) { /* what 32 too much in each makes */
            const int8_t *s = (const int8_t *)r->w[i] + at + 192;
            const vs a = { s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7] };
            const vs c = { s[8],  s[9],  s[10], s[11],
                           s[12], s[13], s[14], s[15] };
            is[i] = vi_dot2(vi_dot2(vi_splat(0), (vi)a, s0), (vi)c, s1) * -32;
        }
        for (int j = 0; j < 16; j++) {
            const struct signed_bytes a =
                signed_bytes(vi_load(act + 256 * (size_t)b + 16 * j));
            for (int i = 0; i < 4; i++) {
                const uint8_t *p = r->w[i] + at;
                const vi q = quants_q6_k(p, j / 8, j / 2 % 4, j % 2);
                is[i] = vi_dot2(is[i], mul_bytes(q, a),
                                pair_of((int8_t)p[192 + j]));
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

/* Eight int8 as int16. */
INLINE vi widen8(const void *p)
{
    typedef int8_t v8 __attribute__((vector_size(8), aligned(1), may_alias));
    return (vi)__builtin_convertvector(*(const v8 *)p, vs);
}

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
