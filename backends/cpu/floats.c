/* floats.c - products with F32, F16 and BF16 weights (KERNELS 1.6).
 *
 * Every output is one L16 sum over k: sixteen accumulators, product and sum
 * rounded separately.  For many activations, 2 rows by 4 activations (AVX-512:
 * one vector per sum; narrower machines: 1 by 2, which is what their
 * registers hold). */
#include <string.h>

#include "backends/cpu/rows4.h"

#define ROWS (VL == 16 ? 4u : 2u)
#define ACTS (VL == 16 ? 4u : VL == 8 ? 2u : 1u)

INLINE vf load_weight(const uint8_t *w, size_t i, uint32_t type)
{
    if (type == TARN_F32)
        return vf_load((const float *)(const void *)w + i);
    if (type == TARN_F16)
        return vf_from_half((const uint16_t *)(const void *)w + i);
    return vf_from_bf16((const uint16_t *)(const void *)w + i);
}

/* Nothing is read behind the end of a row. */
INLINE vf load_weight_some(const uint8_t *w, size_t i, uint32_t n,
                           uint32_t type)
{
    const size_t size = type == TARN_F32 ? 4 : 2;
    uint8_t t[4 * VL] = { 0 };
    memcpy(t, w + i * size, n * size);
    return load_weight(t, 0, type);
}

/* rows x acts sums; all three constants where this is inlined. */
INLINE void dots(const struct cpu_tile *t, uint32_t row, uint32_t act,
                 uint32_t rows, uint32_t acts, uint32_t type)
{
    const uint8_t *w = t->w + row * t->row_bytes;
    const uint32_t whole = t->k / 16 * 16;
    struct l16 s[4][4];
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t a = 0; a < acts; a++)
            for (int i = 0; i < L16_N; i++)
                s[r][a].a[i] = vf_zero();
    const uint8_t *ahead = w;
    for (uint32_t k = 0; k < whole; k += 16) {
        if (acts == 1)
            ahead = fetch(ahead, 16 * rows * (type == TARN_F32 ? 4 : 2));
        for (uint32_t i = 0; i < L16_N; i++) {
            vf x[4];
            for (uint32_t a = 0; a < acts; a++)
                x[a] = vf_load((const float *)(const void *)t->acts[act + a] +
                               k + i * VL);
            for (uint32_t r = 0; r < rows; r++) {
                const vf v =
                    load_weight(w + r * t->row_bytes, k + i * VL, type);
                for (uint32_t a = 0; a < acts; a++)
                    s[r][a].a[i] = s[r][a].a[i] + v * x[a];
            }
        }
    }
    for (uint32_t k = whole, i = 0; k < t->k; k += VL, i++) {
        const uint32_t n = t->k - k < VL ? t->k - k : VL;
        for (uint32_t r = 0; r < rows; r++) {
            const vf v = load_weight_some(w + r * t->row_bytes, k, n, type);
            for (uint32_t a = 0; a < acts; a++) {
                const float *x = (const float *)(const void *)t->acts[act + a];
                s[r][a].a[i] = s[r][a].a[i] + v * vf_load_some(x + k, n);
            }
        }
    }
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t a = 0; a < acts; a++)
            t->y[act + a][t->y_at + row + r] = l16_fold(&s[r][a]);
}

INLINE void one(const struct cpu_tile *t, uint32_t type)
{
    uint32_t r = 0;
    for (; r + ROWS <= t->n_rows; r += ROWS)
        dots(t, r, 0, ROWS, 1, type);
    for (; r < t->n_rows; r++)
        dots(t, r, 0, 1, 1, type);
}

/* Activations in batches that stay in the second cache while all rows of the
 * tile pass them. */
#define BATCH 16u

INLINE void many_rows(const struct cpu_tile *t, uint32_t a0, uint32_t n,
                      uint32_t type)
{
    uint32_t r = 0;
    for (; r + ROWS <= t->n_rows; r += ROWS) {
        uint32_t a = a0;
        for (; a + ACTS <= a0 + n; a += ACTS)
            dots(t, r, a, ROWS, ACTS, type);
        for (; a < a0 + n; a++)
            dots(t, r, a, ROWS, 1, type);
    }
    for (; r < t->n_rows; r++)
        for (uint32_t a = a0; a < a0 + n; a++)
            dots(t, r, a, 1, 1, type);
}

INLINE void many(const struct cpu_tile *t, uint32_t type)
{
    for (uint32_t a = 0; a < t->n_acts; a += BATCH)
        many_rows(t, a, t->n_acts - a < BATCH ? t->n_acts - a : BATCH, type);
}

/* Rows of halves as floats, once for all activations: where there is no
 * instruction for halves, making floats of them costs four times the
 * product. */
INLINE void many_widened(const struct cpu_tile *t, uint32_t type)
{
    struct cpu_tile part = *t;
    float *w = t->scratch;
    part.w = t->scratch;
    part.row_bytes = (t->k + 15) / 16 * 64;
    for (uint32_t r = 0; r < t->n_rows; r += ROWS) {
        part.n_rows = t->n_rows - r < ROWS ? t->n_rows - r : ROWS;
        part.y_at = t->y_at + r;
        for (uint32_t i = 0; i < part.n_rows; i++) {
            const uint8_t *from = t->w + (r + i) * t->row_bytes;
            float *to = w + i * (part.row_bytes / 4);
            uint32_t k = 0;
            for (; k + VL <= t->k; k += VL)
                vf_store(to + k, load_weight(from, k, type));
            if (k < t->k)
                vf_store(to + k,
                         load_weight_some(from, k, t->k - k, type));
        }
        many(&part, TARN_F32);
    }
}

size_t tarn_cpu_floats_scratch(uint32_t k)
{
    return (size_t)ROWS * ((k + 15) / 16 * 64);
}

void tarn_cpu_f32_one(const struct cpu_tile *t)
{
    one(t, TARN_F32);
}

void tarn_cpu_f32_many(const struct cpu_tile *t)
{
    many(t, TARN_F32);
}

void tarn_cpu_f16_one(const struct cpu_tile *t)
{
    one(t, TARN_F16);
}

void tarn_cpu_f16_many(const struct cpu_tile *t)
{
    if (TARN_CPU_WIDE_HALVES)
        many_widened(t, TARN_F16);
    else
        many(t, TARN_F16);
}

void tarn_cpu_bf16_one(const struct cpu_tile *t)
{
    one(t, TARN_BF16);
}

void tarn_cpu_bf16_many(const struct cpu_tile *t)
{
    many(t, TARN_BF16);
}
