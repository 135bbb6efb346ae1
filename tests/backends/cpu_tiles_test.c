/* cpu_tiles_test.c - the amx build: who goes by tiles, with ref's bits; that
 * they are given back; what happens where the system or the processor fails.
 *
 * Built twice: with tiles as calls (amx-in-c), and the level as it is shipped,
 * whose instructions are done in C as they come, or by the machine. */
#include "tests/backends/cpu_multiply.h"
#include "tests/backends/tiles.h"

/* The machine itself multiplies: nothing can be counted. */
static bool by_machine;

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Products of tiles for n_rows of a weight against n rows of activations. */
static uint64_t tiles_of(uint32_t type, uint32_t k, uint32_t n_rows,
                         uint32_t n)
{
    const uint64_t pairs = (uint64_t)((n_rows + 31) / 32) * 2 * ((n + 15) / 16);
    if (n < 16)
        return 0;
    return tarn_type_traits(type).block == 32
               ? pairs * (k / 32)
               : pairs * (k / 256) * (type == TARN_Q2_K ? 4 : 8);
}

/* Since `before`; the device's own try is two products. */
static void check_counts(const struct tile_counts *before, uint64_t opened,
                         uint64_t want, const char *what)
{
    const struct tile_counts c = tiles_counted();
    const uint64_t got = c.products - before->products - 2 * opened;
    CHECK_SAYS(by_machine || got == want, "%s: %llu products of tiles, not %llu",
               what, (unsigned long long)got, (unsigned long long)want);
    CHECK(c.configs == c.releases && tiles_are_free());
}

/* compare() runs the level with one and with three threads. */
static void compare_and_count(uint32_t type, uint32_t k, uint32_t n_rows,
                              uint32_t n)
{
    const struct tile_counts before = tiles_counted();
    compare(type, k, n_rows, n);
    check_counts(&before, 2, 2 * tiles_of(type, k, n_rows, n),
                 tarn_type_traits(type).name);
}

static void test_sixteen_rows_and_more_go_by_tiles(void)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        const uint32_t type = all_types[i];
        const uint32_t block = tarn_type_traits(type).block;
        if (block == 1)
            continue;
        compare_and_count(type, block, 33, 15);
        compare_and_count(type, block, 33, 16);
#if defined(CPU_IS_amx_in_c)
        compare_and_count(type, 3 * block, 70, 17);
        compare_and_count(type, 2 * block, 5, 31);
        compare_and_count(type, 9 * block, 32, 33);
        compare_and_count(type, block, 40, 48);
#else
        compare_and_count(type, 3 * block, 7, 33);
#endif
    }
#if defined(CPU_IS_amx_in_c)
    /* More than a batch of tiles: planes are kept.  Rows for as many pieces as
     * three threads want, so that none is cut into fewer activations. */
    compare_and_count(TARN_Q4_K, 768, 386, 135);
    compare_and_count(TARN_Q6_K, 512, 400, 260);
    compare_and_count(TARN_Q2_K, 256, 385, 129);
    compare_and_count(TARN_Q8_0, 96, 400, 145);
#endif
}

/* ------------------------------------------------------------------ experts */

enum { D = 256, FF = 256, EXPERTS = 4, USED = 2, ROWS = 37 };

static void run_experts(const struct tarn_backend *backend,
                        const uint32_t *types, uint8_t *const *data,
                        const float *x, const float *scores, float *y)
{
    static const uint32_t WIDTHS[] = { D, EXPERTS, D };
    struct bench b;
    bench_open(&b, backend);
    const struct tarn_step steps[] = {
        { .op = TARN_MATMUL, .a = 0, .out = 1,
          .w0 = bench_weight(&b, TARN_F32, D, EXPERTS, 1, scores) },
        { .op = TARN_ROUTE, .a = 1, .slot = 0 },
        { .op = TARN_EXPERTS, .a = 0, .out = 2, .slot = 0,
          .w0 = bench_weight(&b, types[0], D, FF, EXPERTS, data[0]),
          .w1 = bench_weight(&b, types[1], D, FF, EXPERTS, data[1]),
          .w2 = bench_weight(&b, types[2], FF, D, EXPERTS, data[2]) },
    };
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape, .n_embd = D,
                   .n_expert = EXPERTS, .n_expert_used = USED,
                   .norm_eps = 1e-5f, .expert_scale = 1.0f },
        .steps = steps,
        .n_steps = 3,
        .widths = WIDTHS,
        .n_buffers = 3,
        .max_rows = ROWS,
        .max_pos = ROWS,
        .in_buffer = 0,
        .out_buffer = 2,
    };
    struct tarn_row rows[ROWS];
    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = (struct tarn_row){ .pos = i };
    const struct tarn_seq seq = { 0 };
    const struct tarn_batch batch = { .size = sizeof batch, .rows = rows,
                                      .n_rows = ROWS, .seqs = &seq,
                                      .n_seqs = 1, .in = x, .out = y };
    bench_ok(&b, bench_run(&b, &plan, NULL, &batch));
    bench_close(&b);
}

/* How many rows choose which expert: by the same scores as the plan. */
static void count_choices(const float *x, const float *scores,
                          uint32_t counts[EXPERTS])
{
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t e = 0; e < EXPERTS; e++) {
            double mine = 0;
            uint32_t better = 0;
            for (uint32_t k = 0; k < D; k++)
                mine += (double)x[i * D + k] * (double)scores[e * D + k];
            for (uint32_t o = 0; o < EXPERTS; o++) {
                double other = 0;
                for (uint32_t k = 0; k < D; k++)
                    other += (double)x[i * D + k] * (double)scores[o * D + k];
                better += other > mine;
            }
            counts[e] += better < USED;
        }
}

static void compare_experts(uint32_t gate, uint32_t up, uint32_t down)
{
    const uint32_t types[3] = { gate, up, down };
    uint8_t *data[3];
    for (int i = 0; i < 3; i++)
        data[i] = dice_blocks(types[i], (size_t)D * FF * EXPERTS /
                                            tarn_type_traits(types[i]).block);
    float *x = dice_floats((size_t)ROWS * D);
    float *scores = dice_floats((size_t)EXPERTS * D);
    for (uint32_t i = 0; i < EXPERTS * D; i++)
        scores[i] *= 0x1p-6f; /* else sigmoids of two are both 1 */
    float *right = calloc((size_t)ROWS * D, sizeof *right);
    float *y = calloc((size_t)ROWS * D, sizeof *y);
    uint32_t counts[EXPERTS] = { 0 }, gathered = 0;
    count_choices(x, scores, counts);
    run_experts(tarn_backend_ref(), types, data, x, scores, right);
    const struct tile_counts before = tiles_counted();
    run_experts(level, types, data, x, scores, y);
    const size_t at = first_difference(y, right, (size_t)ROWS * D);
    CHECK_SAYS(at == (size_t)ROWS * D, "row %u of the experts is %a, not %a",
               (unsigned)(at / D), (double)y[at], (double)right[at]);
    uint64_t want = 0;
    const bool same = tarn_type_traits(gate).block ==
                      tarn_type_traits(up).block;
    for (uint32_t e = 0; e < EXPERTS; e++) {
        want += same ? tiles_of(gate, D, FF, counts[e]) +
                           tiles_of(up, D, FF, counts[e])
                     : 0;
        want += tiles_of(down, FF, D, counts[e]);
        gathered = most(gathered, counts[e]);
    }
    CHECK(gathered >= 16); /* else this shows nothing */
    check_counts(&before, 1, want, "experts");
    for (int i = 0; i < 3; i++)
        free(data[i]);
    free(x);
    free(scores);
    free(right);
    free(y);
}

static void test_experts_go_by_tiles(void)
{
    compare_experts(TARN_Q4_K, TARN_Q4_K, TARN_Q6_K);
#if defined(CPU_IS_amx_in_c)
    compare_experts(TARN_Q4_0, TARN_Q8_0, TARN_Q4_0);
    compare_experts(TARN_Q2_K, TARN_IQ3_S, TARN_Q8_0);
    compare_experts(TARN_Q4_K, TARN_Q8_0, TARN_Q5_K); /* cannot be gathered */
#endif
}

/* ------------------------------------------------------------------ refusals */

static void expect_refusal(const char *words)
{
    struct bench b = { .backend = level, .fail_after = -1 };
    b.host = (struct tarn_host){ .size = sizeof b.host, .user = &b,
                                 .alloc = bench_alloc, .free = bench_free,
                                 .log = bench_log };
    CHECK(level->open(&b.host, 0, &b.dev, &b.err) == TARN_DEVICE);
    CHECK_SAYS(strstr(b.err.text, words) != NULL, "%s", b.err.text);
    CHECK(b.held == 0 && tiles_are_free());
}

static void test_a_system_that_refuses_tiles_is_told(void)
{
    tiles_permission = -1;
    expect_refusal("does not let this process use");
    tiles_permission = 0;
}

static void test_tiles_that_multiply_wrongly_are_refused(void)
{
    tiles_wrong = true;
    expect_refusal("multiply wrongly");
    tiles_wrong = false;
}

int main(void)
{
    if (!__builtin_cpu_supports("avx512vnni")) {
        printf("1..0 # SKIP this machine has no AVX-512 with VNNI\n");
        return 0;
    }
    level = tarn_backend_cpu_amx();
#if defined(CPU_IS_amx)
    by_machine = tiles_are_here();
    tiles_catch();
#endif
    RUN(test_sixteen_rows_and_more_go_by_tiles);
    RUN(test_experts_go_by_tiles);
    RUN(test_a_system_that_refuses_tiles_is_told);
    if (!by_machine)
        RUN(test_tiles_that_multiply_wrongly_are_refused);
#if defined(CPU_IS_amx)
    printf("# %llu instructions were caught\n",
           (unsigned long long)tiles_counted().caught);
    CHECK(by_machine || tiles_counted().caught > 1000);
#endif
    tarn_pool_destroy(crew.pool);
    return tap_end();
}
