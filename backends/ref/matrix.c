/* matrix.c - matrix times vectors, numerics contract 4 to 6.
 * Every output has one accumulator.  Blocks are unpacked once and meet all
 * vectors, so a long batch costs little more than the products. */
#include "backends/numerics.h"
#include "backends/ref/blocks.h"
#include "backends/ref/inside.h"

void tarn_ref_row(const struct tarn_weight *w, uint64_t row, float *out)
{
    const uint8_t *data = w->data ? w->data : w->slices[0];
    tarn_ref_dequantize(w->type, data + row * w->row_size, w->k, out);
}

/* F32, F16, BF16: the weight exactly, the vector as it is, L16. */
static bool matmul_float(struct tarn_prepared *p, const struct tarn_weight *w,
                         const uint8_t *data, const float *const *x,
                         float *const *y, uint32_t n)
{
    for (uint32_t o = 0; o < w->n_rows; o++) {
        if (tarn_ref_tired(p, (uint64_t)n * w->k))
            return false;
        tarn_ref_dequantize(w->type, data + o * w->row_size, w->k,
                            p->work.vector);
        for (uint32_t t = 0; t < n; t++)
            y[t][o] = tarn_dot_l16(p->work.vector, x[t], w->k);
    }
    return true;
}

/* One block of weights and one of activations (scale da): the term
 * da * (d * isum - dmin * msum).  Both sums are exact: |isum| is at most
 * 128 * 32 * 127 * 256, below 2^27. */
static float block_term(const struct tarn_ref_block *b, const int8_t *a,
                        float da, uint32_t n)
{
    int32_t isum = 0, msum = 0;
    for (uint32_t j = 0; j < n / 16; j++) {
        int32_t product = 0, sum = 0;
        for (uint32_t i = 16 * j; i < 16 * j + 16; i++) {
            product += b->q[i] * a[i];
            sum += a[i];
        }
        isum += b->scale[j] * product;
        msum += b->min[j] * sum;
    }
    const float u = b->d * (float)isum;
    const float v = b->dmin * (float)msum;
    return da * (u - v);
}

static bool matmul_blocks(struct tarn_prepared *p, const struct tarn_weight *w,
                          const uint8_t *data, const float *const *x,
                          float *const *y, uint32_t n)
{
    const struct tarn_type_traits type = tarn_type_traits(w->type);
    const uint32_t n_blocks = w->k / type.block;
    for (uint32_t t = 0; t < n; t++)
        for (uint32_t b = 0; b < n_blocks; b++)
            p->work.d[(size_t)t * n_blocks + b] = tarn_quantize_block(
                x[t] + (size_t)b * type.block, type.block,
                p->work.q + (size_t)t * w->k + (size_t)b * type.block);
    for (uint32_t o = 0; o < w->n_rows; o++) {
        if (tarn_ref_tired(p, (uint64_t)(n + 2) * w->k))
            return false;
        for (uint32_t t = 0; t < n; t++)
            y[t][o] = 0.0f;
        const uint8_t *row = data + o * w->row_size;
        for (uint32_t b = 0; b < n_blocks; b++) {
            struct tarn_ref_block block;
            tarn_ref_unpack(w->type, row + (size_t)b * type.bytes, &block);
            for (uint32_t t = 0; t < n; t++)
                y[t][o] += block_term(
                    &block,
                    p->work.q + (size_t)t * w->k + (size_t)b * type.block,
                    p->work.d[(size_t)t * n_blocks + b], type.block);
        }
    }
    return true;
}

bool tarn_ref_matmul(struct tarn_prepared *p, const struct tarn_weight *w,
                     const uint8_t *data, const float *const *x,
                     float *const *y, uint32_t n)
{
    if (tarn_type_traits(w->type).block == 1)
        return matmul_float(p, w, data, x, y, n);
    return matmul_blocks(p, w, data, x, y, n);
}
