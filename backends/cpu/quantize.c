/* quantize.c - rows of float activations to int8 blocks (KERNELS 1.4).
 *
 * The largest magnitude is found on the bits, so a NaN wins and is seen in
 * the scale; the same rule as tarn_quantize_block(), in lanes. */
#include "backends/cpu/cpu.h"
#include "backends/cpu/vec.h"

INLINE uint32_t top_bits(const float *x, uint32_t n)
{
    vi top = { 0 };
    for (uint32_t i = 0; i < n; i += VL) {
        const vi u = (vi)vf_load(x + i) & 0x7fffffff;
        const vi more = (vi)(u > top);
        top = (u & more) | (top & ~more);
    }
    int32_t t[VL], best = 0;
    vi_store(t, top);
    for (int i = 0; i < VL; i++)
        best = t[i] > best ? t[i] : best;
    return (uint32_t)best;
}

/* n int8 of 32 or 256; returns the scale. */
INLINE float quantize_block(const float *x, uint32_t n, int8_t *q)
{
    const uint32_t top = top_bits(x, n);
    const float amax = tarn_f32_of(top);
    if (amax < 1e-30f) {
        memset(q, 0, n);
        return 0.0f;
    }
    const float d = amax / 127.0f;
    const float id = 127.0f / amax;
    if (top >= 0x7f800000u) { /* not finite: all that counts is the scale */
        memset(q, 1, n);
        return d;
    }
    for (uint32_t i = 0; i < n; i += VL)
        vi_store_i8(q + i, vi_rne(vf_load(x + i) * id));
    return d;
}

static void quantize_a256(const float *x, uint32_t k, uint8_t *row,
                          const struct cpu_act_layout *l)
{
    int8_t *q = (int8_t *)row;
    float *d = (float *)(void *)(row + l->d);
    int16_t *s32 = (int16_t *)(void *)(row + l->sums);
    int16_t *s16 = (int16_t *)(void *)(row + l->s16);
    for (uint32_t b = 0; b < k / 256; b++) {
        d[b] = quantize_block(x + 256 * (size_t)b, 256, q + 256 * (size_t)b);
        for (uint32_t j = 16 * b; j < 16 * b + 16; j++)
            s16[j] = (int16_t)sum16_i8(q + 16 * (size_t)j);
        for (uint32_t j = 8 * b; j < 8 * b + 8; j++)
            s32[j] = (int16_t)(s16[2 * j] + s16[2 * j + 1]);
    }
}

static void quantize_a32(const float *x, uint32_t k, uint8_t *row,
                         const struct cpu_act_layout *l)
{
    int8_t *q = (int8_t *)row;
    float *d = (float *)(void *)(row + l->d);
    int32_t *sums = (int32_t *)(void *)(row + l->sums);
    for (uint32_t b = 0; b < k / 32; b++) {
        d[b] = quantize_block(x + 32 * (size_t)b, 32, q + 32 * (size_t)b);
        sums[b] = sum16_i8(q + 32 * (size_t)b) +
                  sum16_i8(q + 32 * (size_t)b + 16);
    }
}

void tarn_cpu_quantize(uint32_t form, const float *x, uint32_t k, bool wide,
                       uint8_t *row)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(form, k, wide);
    if (form == CPU_A256)
        quantize_a256(x, k, row, &l);
    else
        quantize_a32(x, k, row, &l);
    if (wide) {
        const int8_t *q = (const int8_t *)row;
        int16_t *q16 = (int16_t *)(void *)(row + l.q16);
        for (uint32_t i = 0; i < k; i++)
            q16[i] = q[i];
    }
}

/* -------------------------------------------------------------- many rows */
struct quantize_job {
    uint32_t form, k, n, per;
    bool wide;
    const float *x;
    size_t stride, row_bytes;
    uint8_t *acts;
};

static void quantize_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct quantize_job *j = arg;
    (void)worker;
    for (uint32_t t = i * j->per; t < (i + 1) * j->per && t < j->n; t++)
        tarn_cpu_quantize(j->form, j->x + t * j->stride, j->k, j->wide,
                          j->acts + t * j->row_bytes);
}

bool tarn_cpu_quantize_rows(const struct cpu_run *r, uint32_t form,
                            const float *x, size_t stride, uint32_t k,
                            uint32_t n, uint8_t *acts)
{
    const bool wide = r->p->wide;
    struct quantize_job j = { form, k, n, 8, wide, x, stride, 0, acts };
    j.row_bytes = tarn_cpu_act_layout(form, k, wide).stride;
    /* A pair of rows takes less time than waking a thread. */
    if (n <= 2)
        j.per = n;
    return tarn_cpu_parallel(r, quantize_task, &j, (n + j.per - 1) / j.per,
                             (uint64_t)j.per * k * 4);
}
