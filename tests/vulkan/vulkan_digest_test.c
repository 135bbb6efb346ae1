/* vulkan_digest_test.c - digests of the software device against its own logits,
 * under the validation layer, with groups of several sizes; and rows beyond
 * what is digested at once. */
#include "backends/conformance/inside.h"
#include "backends/digest.h"
#include "tests/vulkan/vulkan_layer.h"

static void check_with(const char *tuning)
{
    struct bench b;
    struct conf_side side = { .backend = tarn_backend_vulkan() };
    vulkan_world(tuning);
    bench_open(&b, side.backend);
    struct conf_arena arena = { .host = &b.host };
    conf_watch_init(&side.watch, &b.host);
    CHECK(!side.backend->open(&side.watch.host, 0, &side.dev, &b.err));
    const char *why = conf_check_digests(&side, &arena);
    CHECK_SAYS(!why, "%s: %s", tuning, why);
    side.backend->close(side.dev);
    conf_empty(&arena);
    bench_close(&b);
}

static void test_digests_are_those_of_the_logits(void)
{
    check_with(VULKAN_ALONE);
    check_with(VULKAN_SHARED);
    check_with(VULKAN_NARROW);
    check_with("wg=256,lpr=32,dot=1");
}

/* ------------------------------------------------------------ many at once */
enum { K = 32, V = 1500, N = 150, BEST = 20 };
static float table[N * K], head[V * K], ones[K], logits[N * V];
static int32_t ids[2][N][BEST];
static float best[2][N][BEST];

static enum tarn_status run_all(struct bench *b, struct tarn_prepared *p,
                                float *rows, struct tarn_digest *digests)
{
    static struct tarn_row row[N];
    const struct tarn_seq seq = { 0 };
    for (uint32_t i = 0; i < N; i++)
        row[i] = (struct tarn_row){ (int32_t)i, i, 0, TARN_ROW_LOGITS };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = row,
                                      .n_rows = N,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .logits = rows,
                                      .digests = digests };
    return b->backend->run(p, &batch, &b->err);
}

/* More rows than are digested at once, in pieces; every fifth has so many ties
 * that its row is fetched. */
static void test_many_rows_are_digested_in_turns(void)
{
    struct bench b;
    vulkan_world(VULKAN_SHARED);
    bench_open(&b, tarn_backend_vulkan());
    for (size_t i = 0; i < N * K; i++)
        table[i] = i / K % 5 ? (float)(int32_t)(tarn_mix(i) % 2001) - 1000 : 0;
    for (size_t i = 0; i < V * K; i++)
        head[i] = (float)(int32_t)(tarn_mix(~i) % 2001) * 1e-5f - 0.01f;
    for (size_t i = 0; i < K; i++)
        ones[i] = 1;
    struct tarn_weight *w[3] = { bench_weight(&b, TARN_F32, K, N, 1, table),
                                 bench_weight(&b, TARN_F32, K, 1, 1, ones),
                                 bench_weight(&b, TARN_F32, K, V, 1, head) };
    enum { NB = TARN_NO_BUFFER };
    const struct tarn_step steps[] = {
        { .op = TARN_EMBED, .a = NB, .b = NB, .c = NB, .w0 = w[0] },
        { .op = TARN_LOGITS, .b = NB, .c = NB, .out = NB, .w0 = w[1],
          .w1 = w[2] },
    };
    const uint32_t width = K;
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape, .n_embd = K, .norm_eps = 1e-5f },
        .steps = steps, .n_steps = 2, .widths = &width, .n_buffers = 1,
        .max_rows = N, .max_pos = N, .in_buffer = NB, .out_buffer = NB,
    };
    struct tarn_prepared *p = NULL;
    static struct tarn_digest got[N];
    bench_ok(&b, b.backend->prepare(b.dev, &plan, NULL, &p, &b.err));
    bench_ok(&b, run_all(&b, p, logits, NULL));
    for (uint32_t i = 0; i < N; i++)
        got[i] = (struct tarn_digest){ .k = 1 + i % BEST, .best_ids = ids[0][i],
                                       .best_logits = best[0][i] };
    for (int again = 0; again < 2; again++) {
        memset(ids, -1, sizeof ids);
        bench_ok(&b, run_all(&b, p, NULL, got));
        for (uint32_t i = 0; i < N; i++) {
            struct tarn_digest want = got[i];
            want.best_ids = ids[1][i];
            want.best_logits = best[1][i];
            tarn_digest_row(&want, logits + (size_t)i * V, V);
            CHECK_SAYS(got[i].n_best == want.n_best &&
                           !memcmp(ids[0][i], ids[1][i],
                                   want.n_best * sizeof **ids[0]) &&
                           !memcmp(best[0][i], best[1][i],
                                   want.n_best * sizeof **best[0]) &&
                           fabs(got[i].log_sum_exp - want.log_sum_exp) < 1e-5 &&
                           fabs(got[i].entropy - want.entropy) < 1e-5,
                       "row %u", i);
        }
    }
    b.backend->release(p);
    bench_close(&b);
}

int main(void)
{
    watch_with_the_layer();
    if (!vulkan_here()) {
        printf("1..0 # SKIP no software Vulkan device\n");
        return 0;
    }
    RUN(test_digests_are_those_of_the_logits);
    RUN(test_many_rows_are_digested_in_turns);
    RUN(test_the_layer_has_nothing_to_say);
    return tap_end();
}
