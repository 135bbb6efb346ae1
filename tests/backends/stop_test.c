/* stop_test.c - a run asks often enough whether to stop.
 *
 * Counted is work, not time: steps of known size run on one thread, and of
 * their multiply-adds no more may lie between two questions than the build's
 * slowest product does in 10 ms (tarn_cpu_pace; that a pace is true is for the
 * benchmark to show).  How a step's work is spread over its course is measured
 * as shares of processor time, so a slow or busy machine changes little. */
#include <time.h>

#include "backends/cpu/cpu.h"
#include "tests/backends/cpu_bench.h"

static const struct tarn_backend *level;

/* When it was asked last, the longest time between, and all of it. */
struct watch {
    struct bench b;
    double last, most, all;
};

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static bool ask(void *user)
{
    struct watch *w = user;
    const double now = cpu_ms(), ms = now - w->last;
    w->most = ms > w->most ? ms : w->most;
    w->all += ms;
    w->last = now;
    w->b.asked++;
    return false;
}

static void watch_open(struct watch *w)
{
    *w = (struct watch){ 0 };
    bench_open(&w->b, level);
    w->b.host.cancelled = ask;
}

/* Seconds of the slowest product between two questions, at most. */
static void check(struct watch *w, const char *what, uint64_t products)
{
    const double s =
        (double)products * w->most / w->all / (double)tarn_cpu_pace;
    printf("# %s: asked %llu times, %.1f ms at the pace, %.1f ms here\n", what,
           (unsigned long long)w->b.asked, 1000 * s, w->most);
    CHECK_SAYS(s <= 0.010, "%s: %.1f ms", what, 1000 * s);
    CHECK(w->b.asked > 2);
}

enum { K = 1024, N = 4096, ROWS = 512 };

static void run_plan(struct watch *w, struct tarn_step *steps, uint32_t n,
                     const uint32_t *widths, uint32_t n_buffers,
                     struct tarn_shape shape, uint32_t rows_of_batch,
                     struct tarn_state *st, uint32_t pos,
                     const uint32_t *pages)
{
    struct tarn_plan plan = { .size = sizeof plan, .shape = shape,
                              .steps = steps, .n_steps = n, .widths = widths,
                              .n_buffers = n_buffers,
                              .max_rows = rows_of_batch,
                              .max_pos = pos + rows_of_batch, .in_buffer = 0,
                              .out_buffer = TARN_NO_BUFFER };
    struct tarn_row *rows = calloc(rows_of_batch, sizeof *rows);
    float *in = dice_floats((size_t)rows_of_batch * widths[0]);
    for (uint32_t i = 0; i < rows_of_batch; i++)
        rows[i].pos = pos + i;
    const struct tarn_seq seq = { .pages = pages };
    const struct tarn_batch batch = { .size = sizeof batch, .rows = rows,
                                      .n_rows = rows_of_batch, .seqs = &seq,
                                      .n_seqs = 1, .in = in };
    struct tarn_prepared *p = NULL;
    bench_ok(&w->b, level->prepare(w->b.dev, &plan, st, &p, &w->b.err));
    w->last = cpu_ms();
    bench_ok(&w->b, level->run(p, &batch, &w->b.err));
    ask(w);
    level->release(p);
    free(rows);
    free(in);
}

static void test_products_of_many_rows(void)
{
    static const uint32_t types[] = { TARN_Q4_K, TARN_Q8_0 };
    static const uint32_t widths[2] = { K, N };
    for (int i = 0; i < 2; i++) {
        struct watch w;
        uint8_t *data = dice_blocks(
            types[i], (size_t)K / tarn_type_traits(types[i]).block * N);
        watch_open(&w);
        struct tarn_step step = { .op = TARN_MATMUL, .a = 0, .out = 1,
                                  .w0 = bench_weight(&w.b, types[i], K, N, 1,
                                                     data) };
        run_plan(&w, &step, 1, widths, 2,
                 (struct tarn_shape){ .size = sizeof(struct tarn_shape),
                                      .n_embd = K },
                 ROWS, NULL, 0, NULL);
        check(&w, "product", (uint64_t)K * N * ROWS);
        bench_close(&w.b);
        free(data);
    }
}

/* At the end of a long context, a batch of few rows. */
static void test_attention_far_out(void)
{
    enum { HEAD = 64, HEADS = 8, KV = 2, FAR = 65536, FEW = 24 };
    static const uint32_t widths[4] = { HEADS * HEAD, KV *HEAD, KV *HEAD,
                                        HEADS *HEAD };
    static uint32_t pages[FAR / 256 + 1];
    const uint32_t kv_width = KV * HEAD;
    struct watch w;
    struct tarn_state *st = NULL;
    float ones[HEAD];
    watch_open(&w);
    for (uint32_t i = 0; i < HEAD; i++)
        ones[i] = 1;
    for (uint32_t i = 0; i <= FAR / 256; i++)
        pages[i] = i;
    struct tarn_weight *norm = bench_weight(&w.b, TARN_F32, HEAD, 1, 1, ones);
    struct tarn_step step = { .op = TARN_ATTEND, .a = 0, .b = 1, .c = 2,
                              .out = 3, .w0 = norm, .w1 = norm };
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .kv_widths = &kv_width,
                                            .n_attn = 1, .kv_type = TARN_F16 };
    bench_ok(&w.b, level->state_open(w.b.dev, &shape, &st, &w.b.err));
    bench_ok(&w.b, level->state_room(st, FAR / 256 + 1, 0, &w.b.err));
    run_plan(&w, &step, 1, widths, 4,
             (struct tarn_shape){ .size = sizeof(struct tarn_shape),
                                  .n_embd = HEADS * HEAD, .n_head = HEADS,
                                  .head_dim = HEAD, .norm_eps = 1e-5f,
                                  .rope_base = 1e6f, .attn_scale = 0.125f },
             FEW, st, FAR, pages);
    check(&w, "attention", (uint64_t)FEW * FAR * HEADS * HEAD * 2);
    bench_close(&w.b);
}

int main(void)
{
    level = level_here();
    if (!level) {
        printf("1..0 # SKIP this machine can't run that build\n");
        return 0;
    }
    RUN(test_products_of_many_rows);
    RUN(test_attention_far_out);
    return tap_end();
}
