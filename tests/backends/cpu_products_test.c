/* cpu_products_test.c - every product of one build of the cpu backend against
 * ref, bit by bit: all types, odd numbers of rows and blocks, one to many
 * rows of activations (each way through a kernel), rows of zeros.  The step
 * is LOGITS, whose result may have any width. */
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

/* One shape on ref and on the level, one thread and several. */
static void compare(uint32_t type, uint32_t k, uint32_t n_rows, uint32_t n)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    uint8_t *w = dice_blocks(type, (size_t)k / t.block * n_rows);
    float *norm = dice_floats(k), *x = dice_floats((size_t)n * k);
    memset(x + (size_t)(n / 2) * k, 0, (n > 2 ? k : 0) * sizeof *x);
    const size_t size = (size_t)n * n_rows;
    float *right = calloc(size, sizeof *right), *y = calloc(size, sizeof *y);
    const struct product p = { type, k, n_rows, n, w, norm, x };
    multiply(tarn_backend_ref(), 1, &p, right);
    for (uint32_t threads = 1; threads <= 3; threads += 2) {
        multiply(level, threads, &p, y);
        const size_t at = first_difference(y, right, size);
        CHECK_SAYS(at == size,
                   "%s, %u rows of %u, %u activations, %u threads: row %u of "
                   "%u is %a, not %a",
                   t.name, n_rows, k, n, threads, (unsigned)(at % n_rows),
                   (unsigned)(at / n_rows), (double)y[at], (double)right[at]);
    }
    free(w);
    free(norm);
    free(x);
    free(right);
    free(y);
}

static void test_every_type_in_every_shape_has_refs_bits(void)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        const uint32_t type = all_types[i];
        const uint32_t block = tarn_type_traits(type).block;
        const uint32_t step = block == 1 ? 31 : block;
        const uint32_t ks[] = { step, 3 * step, 9 * step };
        for (uint32_t k = 0; k < 3; k++) {
            compare(type, ks[k], 1, 1);
            compare(type, ks[k], 67, 1);
            compare(type, ks[k], 5, 2);
            compare(type, ks[k], 33, 5);
            compare(type, ks[k], 18, 17);
        }
        compare(type, block == 1 ? 64 : 2 * block, 7, 131);
        compare(type, block == 1 ? 256 : 8 * block, 130, 70);
    }
}

static void test_extreme_blocks_have_refs_bits(void)
{
    /* dice_blocks() puts the all-0, all-1 and scale-0 blocks first: with rows
     * of one block each of them is a row. */
    for (size_t i = 0; i < N_TYPES; i++)
        if (tarn_type_traits(all_types[i]).block > 1)
            for (uint32_t n = 1; n < 40; n += 13)
                compare(all_types[i], tarn_type_traits(all_types[i]).block, 16,
                        n);
}

int main(void)
{
    level = level_here();
    if (!level) {
        printf("1..0 # SKIP this machine can't run this build\n");
        return 0;
    }
    RUN(test_every_type_in_every_shape_has_refs_bits);
    RUN(test_extreme_blocks_have_refs_bits);
    tarn_pool_destroy(crew.pool);
    return tap_end();
}
