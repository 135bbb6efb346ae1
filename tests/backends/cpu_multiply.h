/* cpu_multiply.h - one product of one build of the cpu backend beside ref, bit
 * by bit.  The step is LOGITS, whose result may have any width.
 *
 * Owns: nothing.
 */
#ifndef TARN_TESTS_CPU_MULTIPLY_H
#define TARN_TESTS_CPU_MULTIPLY_H

#include "tests/backends/cpu_bench.h"

static const struct tarn_backend *level;

struct product {
    uint32_t type, k, n_rows, n; /* weight n_rows x k, n rows of activations */
    const uint8_t *w;
    const float *norm, *x;
};

static void multiply(const struct tarn_backend *backend, uint32_t threads,
                     const struct product *p, float *y)
{
    struct bench b;
    bench_open(&b, backend);
    if (threads > 1)
        bench_hire(&b, threads);
    const struct tarn_step step = {
        .op = TARN_LOGITS,
        .a = 0,
        .w0 = bench_weight(&b, TARN_F32, p->k, 1, 1, p->norm),
        .w1 = bench_weight(&b, p->type, p->k, p->n_rows, 1, p->w)
    };
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape, .n_embd = p->k,
                   .norm_eps = 1e-5f },
        .steps = &step,
        .n_steps = 1,
        .widths = &p->k,
        .n_buffers = 1,
        .max_rows = p->n,
        .max_pos = p->n,
        .in_buffer = 0,
        .out_buffer = TARN_NO_BUFFER,
    };
    struct tarn_row *rows = calloc(p->n, sizeof *rows);
    for (uint32_t i = 0; i < p->n; i++)
        rows[i] = (struct tarn_row){ .pos = i, .flags = TARN_ROW_LOGITS };
    const struct tarn_seq seq = { 0 };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows,
                                      .n_rows = p->n,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .in = p->x,
                                      .logits = y };
    bench_ok(&b, bench_run(&b, &plan, NULL, &batch));
    free(rows);
    bench_close(&b);
}

/* One product on ref and on the level, one thread and several. */
static void compare_product(const struct product *p)
{
    const struct tarn_type_traits t = tarn_type_traits(p->type);
    const size_t size = (size_t)p->n * p->n_rows;
    float *right = calloc(size, sizeof *right), *y = calloc(size, sizeof *y);
    multiply(tarn_backend_ref(), 1, p, right);
    for (uint32_t threads = 1; threads <= 3; threads += 2) {
        multiply(level, threads, p, y);
        const size_t at = first_difference(y, right, size);
        CHECK_SAYS(at == size,
                   "%s, %u rows of %u, %u activations, %u threads: row %u of "
                   "%u is %a, not %a",
                   t.name, p->n_rows, p->k, p->n, threads,
                   (unsigned)(at % p->n_rows), (unsigned)(at / p->n_rows),
                   (double)y[at], (double)right[at]);
    }
    free(right);
    free(y);
}

static void compare(uint32_t type, uint32_t k, uint32_t n_rows, uint32_t n)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    uint8_t *w = dice_blocks(type, (size_t)k / t.block * n_rows);
    float *norm = dice_floats(k), *x = dice_floats((size_t)n * k);
    memset(x + (size_t)(n / 2) * k, 0, (n > 2 ? k : 0) * sizeof *x);
    const struct product p = { type, k, n_rows, n, w, norm, x };
    compare_product(&p);
    free(w);
    free(norm);
    free(x);
}

#endif
