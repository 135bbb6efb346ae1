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

/* Row r is made of byte r alone, but for its scales, which are as large or as
 * small as halves can be; activations are all 127, all -127, or in turns.  So
 * integer sums reach their bounds. */
static void compare_bytes(uint32_t type, uint32_t n, uint16_t scale)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    const uint32_t k = 3 * t.block;
    uint8_t *w = dice_blocks(type, 3 * 256);
    for (uint32_t i = 0; i < 3 * 256; i++) {
        uint8_t *p = w + (size_t)i * t.bytes;
        const uint16_t two[2] = { scale, (uint16_t)(scale ^ 0x8000) };
        memset(p, (int)(i / 3), t.bytes);
        switch (type) {
        case TARN_Q4_1:
        case TARN_Q5_1:
        case TARN_Q4_K:
        case TARN_Q5_K: memcpy(p, two, 4); break;
        case TARN_Q2_K: memcpy(p + 80, two, 4); break;
        case TARN_Q3_K: memcpy(p + 108, two, 2); break;
        case TARN_Q6_K: memcpy(p + 208, two, 2); break;
        case TARN_MXFP4: p[0] = scale > 1 ? 200 : 0; break;
        default: memcpy(p, two, 2); break;
        }
    }
    float *norm = malloc(k * sizeof *norm);
    float *x = malloc((size_t)n * k * sizeof *x);
    for (uint32_t i = 0; i < k; i++)
        norm[i] = 1.0f;
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t i = 0; i < k; i++)
            x[a * k + i] = a % 4 == 0 || (a % 4 > 1 && i >> a % 8 & 1)
                               ? 1.0f
                               : -1.0f;
    const struct product p = { type, k, 256, n, w, norm, x };
    compare_product(&p);
    free(w);
    free(norm);
    free(x);
}

static void test_bounds_of_every_byte_have_refs_bits(void)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (tarn_type_traits(all_types[i]).block > 1) {
            compare_bytes(all_types[i], 1, 0x7bff);
            compare_bytes(all_types[i], 9, 0x7bff);
            compare_bytes(all_types[i], 2, 0x0001);
        }
}

/* The wide run (suite slow): more lengths, rows and activations. */
static void test_many_shapes_have_refs_bits(void)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        const uint32_t type = all_types[i];
        const uint32_t block = tarn_type_traits(type).block;
        const uint32_t step = block == 1 ? 31 : block;
        for (uint32_t k = 1; k < 18; k += k < 8 ? 1 : 3)
            for (uint32_t n = 1; n < 64; n += n < 9 ? 1 : 13)
                compare(type, k * step, 1 + dice() % 80, n);
        for (uint32_t n = 3; block > 1 && n < 16; n++)
            compare_bytes(type, n, (uint16_t)(dice() & 0xfbff));
    }
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
    RUN(test_bounds_of_every_byte_have_refs_bits);
    if (getenv("TARN_WIDE"))
        RUN(test_many_shapes_have_refs_bits);
    tarn_pool_destroy(crew.pool);
    return tap_end();
}
