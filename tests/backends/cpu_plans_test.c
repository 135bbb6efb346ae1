/* cpu_plans_test.c - whole plans with all ten steps on one build of the cpu
 * backend, against ref, bit by bit: threads, cuts into batches, sequences
 * mixed in one batch, f16, f32 and q8_0 K/V, replay, page borders, cancel. */
#include "tests/backends/cpu_bench.h"

static const struct tarn_backend *level;

/* A small mixture-of-experts model with random weights. */
enum { D = 256, HEAD = 32, HEADS = 8, KV = 2, FF = 512, EXPERTS = 5, USED = 3,
       VOCAB = 77, MAX_POS = 600, TAPS = 3, LAYERS = 3 };
enum { X, H, QKV3, Q, K, V, O, G, U, R, BUFFERS };
static const uint32_t WIDTHS[BUFFERS] = { D, D, 3 * D, HEAD * HEADS, HEAD *KV,
                                          HEAD *KV, D, FF, FF, EXPERTS };

struct model {
    struct bench b;
    struct tarn_step steps[64];
    struct tarn_plan plan;
    struct tarn_state *st;
    struct tarn_prepared *prepared;
    uint32_t pages[8][4]; /* of up to 8 sequences */
};

/* The same weights for every backend: drawn once. */
static struct {
    uint8_t *data;
    uint32_t type, k, n_rows, n_slices;
} drawn[64];
static uint32_t n_drawn, next_drawn;

static struct tarn_weight *weight(struct model *m, uint32_t type, uint32_t k,
                                  uint32_t n_rows, uint32_t n_slices)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    if (next_drawn == n_drawn) {
        drawn[n_drawn].data =
            dice_blocks(type, (size_t)k / t.block * n_rows * n_slices);
        n_drawn++;
    }
    return bench_weight(&m->b, type, k, n_rows, n_slices,
                        drawn[next_drawn++].data);
}

static void add(struct model *m, struct tarn_step s)
{
    m->steps[m->plan.n_steps++] = s;
}

static void add_layer(struct model *m, uint16_t l)
{
    add(m, (struct tarn_step){ .op = TARN_NORM, .layer = l, .a = X, .out = H,
                               .w0 = weight(m, TARN_F32, D, 1, 1) });
    if (l != 1) { /* layers 0 and 2: convolution */
        add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = H,
                                   .out = QKV3,
                                   .w0 = weight(m, TARN_Q4_K, D, 3 * D, 1) });
        add(m, (struct tarn_step){ .op = TARN_CONV, .layer = l, .a = QKV3,
                                   .out = O, .slot = l / 2,
                                   .w0 = weight(m, TARN_F32, TAPS, D, 1) });
    } else {
        add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = H,
                                   .out = Q,
                                   .w0 = weight(m, TARN_Q4_0, D, D, 1) });
        add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = H,
                                   .out = K,
                                   .w0 = weight(m, TARN_Q8_0, D, HEAD * KV,
                                                1) });
        add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = H,
                                   .out = V,
                                   .w0 = weight(m, TARN_Q6_K, D, HEAD * KV,
                                                1) });
        add(m, (struct tarn_step){ .op = TARN_ATTEND, .layer = l, .a = Q,
                                   .b = K, .c = V, .out = O,
                                   .w0 = weight(m, TARN_F32, HEAD, 1, 1),
                                   .w1 = weight(m, TARN_F32, HEAD, 1, 1) });
    }
    add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = O, .out = H,
                               .w0 = weight(m, TARN_F16, D, D, 1) });
    add(m, (struct tarn_step){ .op = TARN_ADD, .layer = l, .a = X, .b = H,
                               .out = X });
    add(m, (struct tarn_step){ .op = TARN_NORM, .layer = l, .a = X, .out = H,
                               .w0 = weight(m, TARN_F32, D, 1, 1) });
    if (l == 0) {
        add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = H,
                                   .out = G,
                                   .w0 = weight(m, TARN_Q5_K, D, FF, 1) });
        add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = H,
                                   .out = U,
                                   .w0 = weight(m, TARN_IQ4_NL, D, FF, 1) });
        add(m, (struct tarn_step){ .op = TARN_GLU, .layer = l, .a = G, .b = U,
                                   .out = G });
        add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = G,
                                   .out = H,
                                   .w0 = weight(m, TARN_Q4_K, FF, D, 1) });
    } else {
        const uint32_t down = l == 1 ? TARN_Q6_K : TARN_F16;
        const uint32_t up = l == 1 ? TARN_Q4_K : TARN_Q8_0;
        add(m, (struct tarn_step){ .op = TARN_MATMUL, .layer = l, .a = H,
                                   .out = R,
                                   .w0 = weight(m, TARN_F32, D, EXPERTS, 1) });
        add(m, (struct tarn_step){ .op = TARN_ROUTE, .layer = l, .a = R,
                                   .slot = 0,
                                   .w0 = weight(m, TARN_F32, EXPERTS, 1, 1) });
        add(m, (struct tarn_step){
                   .op = TARN_EXPERTS, .layer = l, .a = H, .out = H, .slot = 0,
                   .w0 = weight(m, TARN_Q4_K, D, FF, EXPERTS),
                   .w1 = weight(m, up, D, FF, EXPERTS),
                   .w2 = weight(m, down, FF, D, EXPERTS) });
    }
    add(m, (struct tarn_step){ .op = TARN_ADD, .layer = l, .a = X, .b = H,
                               .out = X });
}

static void model_open(struct model *m, const struct tarn_backend *backend,
                       uint32_t threads, uint32_t kv_type, uint32_t max_rows)
{
    *m = (struct model){ 0 };
    bench_open(&m->b, backend);
    if (threads > 1)
        bench_hire(&m->b, threads);
    next_drawn = 0;
    m->plan = (struct tarn_plan){
        .size = sizeof m->plan,
        .shape = { .size = sizeof m->plan.shape,
                   .n_embd = D,
                   .n_head = HEADS,
                   .head_dim = HEAD,
                   .conv_len = TAPS,
                   .n_expert = EXPERTS,
                   .n_expert_used = USED,
                   .norm_eps = 1e-5f,
                   .rope_base = 1e6f,
                   .attn_scale = 0.17677669f,
                   .expert_scale = 1.25f },
        .steps = m->steps,
        .widths = WIDTHS,
        .n_buffers = BUFFERS,
        .max_rows = max_rows,
        .max_pos = MAX_POS,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = TARN_NO_BUFFER,
    };
    add(m, (struct tarn_step){ .op = TARN_EMBED, .out = X,
                               .w0 = weight(m, TARN_Q6_K, D, VOCAB, 1) });
    for (uint16_t l = 0; l < LAYERS; l++)
        add_layer(m, l);
    add(m, (struct tarn_step){ .op = TARN_LOGITS, .a = X,
                               .w0 = weight(m, TARN_F32, D, 1, 1),
                               .w1 = weight(m, TARN_Q6_K, D, VOCAB, 1) });
    const uint32_t kv_width = HEAD * KV;
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .kv_widths = &kv_width,
                                            .n_attn = 1,
                                            .conv_width = D,
                                            .conv_len = TAPS,
                                            .n_conv = 2,
                                            .kv_type = kv_type };
    bench_ok(&m->b,
             backend->state_open(m->b.dev, &shape, &m->st, &m->b.err));
    bench_ok(&m->b, backend->prepare(m->b.dev, &m->plan, m->st, &m->prepared,
                                     &m->b.err));
    bench_ok(&m->b, backend->state_room(m->st, 24, 8, &m->b.err));
    for (uint32_t s = 0; s < 8; s++)
        for (uint32_t p = 0; p < 3; p++)
            m->pages[s][p] = (s * 5 + p * 11) % 24; /* any order */
}

static enum tarn_status run_rows(struct model *m, const struct tarn_row *rows,
                                 uint32_t n, float *logits, uint16_t *experts,
                                 float *gates)
{
    struct tarn_seq seqs[8];
    for (uint32_t s = 0; s < 8; s++)
        seqs[s] = (struct tarn_seq){ m->pages[s], s, s };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows,
                                      .n_rows = n,
                                      .seqs = seqs,
                                      .n_seqs = 8,
                                      .logits = logits,
                                      .experts = experts,
                                      .gates = gates };
    m->b.running = true;
    const enum tarn_status s =
        m->b.backend->run(m->prepared, &batch, &m->b.err);
    m->b.running = false;
    return s;
}

/* n positions of sequence 0 in batches of `cut`; logits of every row. */
static void run_cut(const struct tarn_backend *backend, uint32_t threads,
                    uint32_t kv_type, uint32_t n, uint32_t cut, float *logits,
                    uint16_t *experts, float *gates)
{
    struct model m;
    struct tarn_row *rows = calloc(n, sizeof *rows);
    model_open(&m, backend, threads, kv_type, cut);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = (struct tarn_row){ .token = (int32_t)(i * 31 % VOCAB),
                                     .pos = i,
                                     .flags = TARN_ROW_LOGITS };
    for (uint32_t i = 0; i < n; i += cut)
        bench_ok(&m.b, run_rows(&m, rows + i, n - i < cut ? n - i : cut,
                                logits + (size_t)i * VOCAB,
                                experts + (size_t)i * 2 * USED,
                                gates + (size_t)i * 2 * USED));
    free(rows);
    bench_close(&m.b);
}

struct result {
    float *logits, *gates;
    uint16_t *experts;
};

static struct result result_new(uint32_t n)
{
    return (struct result){ calloc(n, VOCAB * sizeof(float)),
                            calloc(n, 2 * USED * sizeof(float)),
                            calloc(n, 2 * USED * sizeof(uint16_t)) };
}

static void result_free(struct result *r)
{
    free(r->logits);
    free(r->gates);
    free(r->experts);
}

static void compare_cut(const struct result *right, uint32_t kv_type,
                        uint32_t n, uint32_t threads, uint32_t cut)
{
    struct result r = result_new(n);
    run_cut(level, threads, kv_type, n, cut, r.logits, r.experts, r.gates);
    const size_t size = (size_t)n * VOCAB,
                 at = first_difference(r.logits, right->logits, size);
    CHECK_SAYS(at == size,
               "K/V type %u, %u threads, batches of %u: position %u is %a, "
               "not %a",
               kv_type, threads, cut, (unsigned)(at / VOCAB),
               (double)r.logits[at], (double)right->logits[at]);
    CHECK(memcmp(r.experts, right->experts, n * 2 * USED * 2) == 0);
    CHECK(memcmp(r.gates, right->gates, n * 2 * USED * 4) == 0);
    result_free(&r);
}

/* What is right: ref; under a sanitizer, which sees the lines and not the bits,
 * and where ref takes most of the time, the build itself on one thread. */
static const struct tarn_backend *judge(void)
{
    return TAP_WATCHED ? level : tarn_backend_ref();
}

static void test_threads_and_cuts_have_refs_bits(void)
{
    static const uint32_t types[] = { TARN_F16, TARN_F32, TARN_Q8_0 };
    enum { N = 300 }; /* over a page's border */
    for (int i = 0; i < 3; i++) {
        struct result right = result_new(N);
        run_cut(judge(), 1, types[i], N, N, right.logits, right.experts,
                right.gates);
        compare_cut(&right, types[i], N, 3, 17);
        if (!TAP_WATCHED)
            compare_cut(&right, types[i], N, 1, N);
        if (i == 0 && !TAP_WATCHED) {
            compare_cut(&right, types[i], N, 2, 1);
            compare_cut(&right, types[i], N, 1, 2);
            compare_cut(&right, types[i], N, 7, 256);
        }
        result_free(&right);
    }
}

/* Eight sequences, rows shuffled into one another, then decoded together. */
static void run_mixed(const struct tarn_backend *backend, uint32_t threads,
                      float *logits, uint32_t *n_logits, uint8_t *states)
{
    struct model m;
    struct tarn_row rows[64];
    uint32_t next[8] = { 0 };
    dice_state = 777;
    model_open(&m, backend, threads, TARN_F16, 64);
    *n_logits = 0;
    for (int step = 0; step < 6; step++) {
        const uint32_t n = step % 2 ? 8 : 50;
        uint32_t wanted = 0;
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t s = n == 8 ? i : dice() % 8;
            rows[i] = (struct tarn_row){ .token = (int32_t)(dice() % VOCAB),
                                         .pos = next[s]++,
                                         .seq = s,
                                         .flags = dice() % 3 ? 0u : 1u };
            wanted += rows[i].flags;
        }
        bench_ok(&m.b, run_rows(&m, rows, n, logits + *n_logits * VOCAB, NULL,
                                NULL));
        *n_logits += wanted;
    }
    /* Again the last 4 positions of sequence 3, K/V untouched. */
    for (uint32_t i = 0; i < 4; i++)
        rows[i] = (struct tarn_row){ .token = 5,
                                     .pos = next[3] - 4 + i,
                                     .seq = 3,
                                     .flags = TARN_ROW_LOGITS |
                                              TARN_ROW_REPLAY };
    bench_ok(&m.b, run_rows(&m, rows, 4, logits + *n_logits * VOCAB, NULL,
                            NULL));
    *n_logits += 4;
    const size_t page = 256 * HEAD * KV * 2 * 2, tail = 2 * (TAPS - 1) * D * 4;
    bench_ok(&m.b, m.b.backend->state_copy(m.st, true, 23, m.pages[3][0],
                                           &m.b.err));
    bench_ok(&m.b,
             m.b.backend->state_read(m.st, true, 23, 11, states, &m.b.err));
    bench_ok(&m.b, m.b.backend->state_copy(m.st, false, 7, 3, &m.b.err));
    bench_ok(&m.b, m.b.backend->state_read(m.st, false, 7, 0, states + page,
                                           &m.b.err));
    /* What was read goes back in and comes out again. */
    bench_ok(&m.b,
             m.b.backend->state_write(m.st, true, 22, states, &m.b.err));
    bench_ok(&m.b, m.b.backend->state_read(m.st, true, 22, 256,
                                           states + page + tail, &m.b.err));
    bench_close(&m.b);
}

static void test_mixed_sequences_have_refs_bits(void)
{
    enum { STATES = 2 * 256 * HEAD * KV * 2 * 2 + 2 * (TAPS - 1) * D * 4 };
    float *right = calloc(300, VOCAB * sizeof *right);
    float *y = calloc(300, VOCAB * sizeof *y);
    uint8_t *right_states = calloc(1, STATES), *states = calloc(1, STATES);
    uint32_t n_right = 0, n = 0;
    run_mixed(judge(), 1, right, &n_right, right_states);
    for (uint32_t threads = TAP_WATCHED ? 3 : 1; threads < 4; threads += 2) {
        run_mixed(level, threads, y, &n, states);
        CHECK(n == n_right);
        const size_t at = first_difference(y, right, (size_t)n * VOCAB);
        CHECK_SAYS(at == (size_t)n * VOCAB, "row %u of %u differs",
                   (unsigned)(at / VOCAB), n);
        CHECK(memcmp(states, right_states, STATES) == 0);
    }
    free(right);
    free(y);
    free(right_states);
    free(states);
}

/* Six sequences of different lengths, first alone, then a token of each at
 * once, again and again; with `together` false one after the other. */
static void run_deep(const struct tarn_backend *backend, uint32_t threads,
                     uint32_t kv_type, bool together, float *logits)
{
    static const uint32_t lengths[6] = { 1, 255, 256, 300, 511, 530 };
    struct model m;
    model_open(&m, backend, threads, kv_type, 64);
    for (uint32_t s = 0; s < 6; s++) {
        for (uint32_t p = 0; p < 3; p++)
            m.pages[s][p] = s * 3 + (p * 2 + s) % 3;
        for (uint32_t at = 0; at < lengths[s];) {
            struct tarn_row rows[64];
            uint32_t n = 0;
            for (; n < 64 && at < lengths[s]; n++, at++)
                rows[n] = (struct tarn_row){
                    .token = (int32_t)((at * 7 + s * 13) % VOCAB),
                    .pos = at, .seq = s };
            bench_ok(&m.b, run_rows(&m, rows, n, logits, NULL, NULL));
        }
    }
    for (uint32_t step = 0; step < 3; step++) {
        struct tarn_row rows[6];
        for (uint32_t s = 0; s < 6; s++)
            rows[s] = (struct tarn_row){ .token = (int32_t)(step + s),
                                         .pos = lengths[s] + step,
                                         .seq = s,
                                         .flags = TARN_ROW_LOGITS };
        const uint32_t each = together ? 6 : 1;
        for (uint32_t s = 0; s < 6; s += each)
            bench_ok(&m.b, run_rows(&m, rows + s, each,
                                    logits + (step * 6 + s) * VOCAB, NULL,
                                    NULL));
    }
    bench_close(&m.b);
}

static void test_deep_sequences_decode_together_as_alone(void)
{
    static const uint32_t types[] = { TARN_F16, TARN_F32, TARN_Q8_0 };
    static float right[18 * VOCAB], y[18 * VOCAB];
    /* A sanitizer sees each line, and threads at work, in one round. */
    for (int i = TAP_WATCHED ? 2 : 0; i < 3; i++) {
        run_deep(level, 1, types[i], false, right);
        for (uint32_t threads = TAP_WATCHED ? 3 : 1; threads < 4; threads++) {
            run_deep(level, threads, types[i], true, y);
            const size_t at = first_difference(y, right, 18 * VOCAB);
            CHECK_SAYS(at == 18 * VOCAB,
                       "K/V type %u, %u threads: row %u differs", types[i],
                       threads, (unsigned)(at / VOCAB));
        }
    }
}

static void test_a_cancelled_run_leaves_the_tails(void)
{
    struct model m;
    struct tarn_row rows[40];
    float *first = calloc(40, VOCAB * sizeof *first);
    float *again = calloc(40, VOCAB * sizeof *again);
    for (uint32_t i = 0; i < 40; i++)
        rows[i] = (struct tarn_row){ .token = (int32_t)i,
                                     .pos = i,
                                     .flags = TARN_ROW_LOGITS };
    model_open(&m, level, 1, TARN_F16, 40);
    bench_ok(&m.b, run_rows(&m, rows, 10, first, NULL, NULL));
    for (int64_t k = 0; k < 30; k += 7) { /* in the middle, ever later */
        m.b.stop_after = k;
        CHECK(run_rows(&m, rows + 10, 30, first, NULL, NULL) ==
              TARN_CANCELLED);
    }
    m.b.stop_after = -1;
    bench_ok(&m.b, run_rows(&m, rows + 10, 30, again, NULL, NULL));
    bench_close(&m.b);
    model_open(&m, level, 1, TARN_F16, 40);
    bench_ok(&m.b, run_rows(&m, rows, 10, first, NULL, NULL));
    bench_ok(&m.b, run_rows(&m, rows + 10, 30, first, NULL, NULL));
    bench_close(&m.b);
    CHECK(first_difference(first, again, 30 * VOCAB) == 30 * VOCAB);
    free(first);
    free(again);
}

static void test_memory_is_what_cost_says(void)
{
    struct model m;
    uint64_t work = 0, page = 0, tail = 0;
    const uint32_t kv_width = HEAD * KV;
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .kv_widths = &kv_width,
                                            .n_attn = 1,
                                            .conv_width = D,
                                            .conv_len = TAPS,
                                            .n_conv = 2,
                                            .kv_type = TARN_F16 };
    model_open(&m, level, 1, TARN_F16, 32);
    CHECK(level->cost(&m.b.host, 0, &m.plan, &shape, &work, &page, &tail,
                      &m.b.err) == TARN_OK);
    CHECK(work > 32u * (5 * D + 2 * FF) * 4 && work < 16u << 20);
    CHECK(page >= 256 * HEAD * KV * 2 * 2 &&
          page <= 256 * HEAD * KV * 2 * 4 + 256);
    CHECK(tail == 2 * 2 * (TAPS - 1) * D * 4);
    /* Allocations that fail are told, and nothing is left behind. */
    for (int64_t k = 0; k < 1; k++) {
        struct tarn_prepared *p = NULL;
        const int64_t held = m.b.held;
        m.b.fail_after = k;
        CHECK(level->prepare(m.b.dev, &m.plan, m.st, &p, &m.b.err) ==
              TARN_NO_MEMORY);
        CHECK(m.b.held == held);
    }
    m.b.fail_after = 1;
    CHECK(level->state_room(m.st, 30, 8, &m.b.err) == TARN_NO_MEMORY);
    m.b.fail_after = -1;
    bench_close(&m.b);
}

int main(void)
{
    level = level_here();
    if (!level) {
        printf("1..0 # SKIP this machine can't run this build\n");
        return 0;
    }
    RUN(test_threads_and_cuts_have_refs_bits);
    RUN(test_mixed_sequences_have_refs_bits);
    RUN(test_deep_sequences_decode_together_as_alone);
    RUN(test_a_cancelled_run_leaves_the_tails);
    RUN(test_memory_is_what_cost_says);
    tarn_pool_destroy(crew.pool);
    for (uint32_t i = 0; i < n_drawn; i++)
        free(drawn[i].data);
    return tap_end();
}
