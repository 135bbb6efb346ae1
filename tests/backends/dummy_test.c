/* dummy_test.c - nonsense that can be relied on, and faults on demand. */
#include <math.h>
#include <time.h>

#include "backends/dummy/dummy.h"
#include "tests/backends/bench.h"

enum { VOCAB = 1000, D = 32 };

/* One attention layer, logits of VOCAB tokens, routes of one layer. */
struct rig {
    struct bench b;
    struct tarn_state *st;
    struct tarn_prepared *p;
    float logits[8 * VOCAB];
    uint16_t experts[8 * 2];
    float gates[8 * 2];
};

static uint8_t zeros[VOCAB * D * 4];

static enum tarn_status rig_prepare(struct rig *r)
{
    struct tarn_weight *w = bench_weight(&r->b, TARN_F32, D, VOCAB, 1, zeros);
    const struct tarn_step steps[] = {
        { .op = TARN_EMBED, .out = 0, .w0 = w },
        { .op = TARN_ROUTE, .a = 0 },
        { .op = TARN_LOGITS, .a = 0, .w1 = w },
    };
    const uint32_t widths[] = { D };
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape,
                   .n_embd = D,
                   .n_expert = 8,
                   .n_expert_used = 2 },
        .steps = steps,
        .n_steps = 3,
        .widths = widths,
        .n_buffers = 1,
        .max_rows = 8,
        .max_pos = 512,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = TARN_NO_BUFFER,
    };
    return r->b.backend->prepare(r->b.dev, &plan, r->st, &r->p, &r->b.err);
}

static struct rig *rig_open(const char *options)
{
    const uint32_t widths[] = { D };
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .kv_widths = widths,
                                            .n_attn = 1,
                                            .kv_type = TARN_F16 };
    struct rig *r = calloc(1, sizeof *r);
    setenv("TARN_DUMMY", options, 1);
    bench_open(&r->b, tarn_backend_dummy());
    const struct tarn_backend *b = r->b.backend;
    bench_ok(&r->b, b->state_open(r->b.dev, &shape, &r->st, &r->b.err));
    bench_ok(&r->b, b->state_room(r->st, 2, 2, &r->b.err));
    bench_ok(&r->b, rig_prepare(r));
    return r;
}

static void rig_close(struct rig *r)
{
    bench_close(&r->b); /* frees the state and the plan with the device */
    free(r);
}

/* n tokens from position `pos` on; all rows want logits. */
static enum tarn_status rig_run(struct rig *r, const int32_t *tokens,
                                uint32_t pos, uint32_t n)
{
    struct tarn_row rows[8];
    const uint32_t pages[] = { 1, 0 };
    const struct tarn_seq seq = { .pages = pages };
    for (uint32_t i = 0; i < n; i++)
        rows[i] = (struct tarn_row){ .token = tokens[i],
                                     .pos = pos + i,
                                     .flags = TARN_ROW_LOGITS };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows,
                                      .n_rows = n,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .logits = r->logits,
                                      .experts = r->experts,
                                      .gates = r->gates };
    return r->b.backend->run(r->p, &batch, &r->b.err);
}

static int32_t best(const float *logits)
{
    int32_t at = 0;
    for (int32_t i = 1; i < VOCAB; i++)
        at = logits[i] > logits[at] ? i : at;
    return at;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void test_same_past_gives_same_logits_however_it_is_cut(void)
{
    static float whole[4 * VOCAB];
    const int32_t tokens[] = { 1, 6, 300, 301 };
    struct rig *r = rig_open("");
    CHECK(bench_ok(&r->b, rig_run(r, tokens, 0, 4)));
    memcpy(whole, r->logits, sizeof whole);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(bench_ok(&r->b, rig_run(r, tokens + i, i, 1)));
        CHECK(memcmp(r->logits, whole + i * VOCAB, VOCAB * 4) == 0);
    }
    const int32_t other[] = { 302 };
    CHECK(bench_ok(&r->b, rig_run(r, other, 1, 1)));
    CHECK(memcmp(r->logits, whole + VOCAB, VOCAB * 4) != 0);
    CHECK(r->experts[0] < 8 && r->experts[1] < 8 &&
          r->experts[0] != r->experts[1] && r->gates[0] == 0.5f);
    rig_close(r);
}

static void test_says_what_it_is_told_and_ends(void)
{
    struct rig *r = rig_open("say=17.500.18,after=6,skip=2,end=7");
    const int32_t prompt[] = { 1, 6, 400, 401 };
    const int32_t want[] = { 17, 500, 18, 7 };
    CHECK(bench_ok(&r->b, rig_run(r, prompt, 0, 4)));
    int32_t token = best(r->logits + 3 * VOCAB);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_SAYS(token == want[i], "token %u is %d", i, token);
        CHECK(bench_ok(&r->b, rig_run(r, &token, 4 + i, 1)));
        token = best(r->logits);
    }
    rig_close(r);
}

static void test_nonsense_ends_after_its_length(void)
{
    struct rig *r = rig_open("length=3,after=6,skip=0");
    int32_t token = 6;
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(bench_ok(&r->b, rig_run(r, &token, i, 1)));
        token = best(r->logits);
        CHECK_SAYS(i < 3 ? token >= VOCAB / 2 : token == 7, "%u: %d", i, token);
    }
    rig_close(r);
}

static void test_faults_come_when_ordered(void)
{
    const int32_t token = 9;
    struct rig *r = rig_open("fail=2,nan=3,hang=4,nomem=2");
    CHECK(rig_run(r, &token, 0, 1) == TARN_OK);
    CHECK(rig_run(r, &token, 1, 1) == TARN_DEVICE && r->b.err.text[0]);
    CHECK(rig_run(r, &token, 1, 1) == TARN_OK && isnan(r->logits[5]));
    r->b.stop_after = 3;
    CHECK(rig_run(r, &token, 2, 1) == TARN_CANCELLED);
    r->b.stop_after = -1;
    CHECK(rig_run(r, &token, 2, 1) == TARN_OK && !isnan(r->logits[5]));
    struct tarn_prepared *p = r->p;
    CHECK(rig_prepare(r) == TARN_NO_MEMORY);
    CHECK(r->p == p);
    rig_close(r);
}

static void test_types_are_refused_when_ordered(void)
{
    struct bench b;
    setenv("TARN_DUMMY", "refuse=12", 1);
    bench_open(&b, tarn_backend_dummy());
    const struct tarn_tensor t = { .name = "a",
                                   .data = zeros,
                                   .size = 144,
                                   .type = TARN_Q4_K,
                                   .ge = { 256, 1, 1, 1 } };
    struct tarn_weight *w = NULL;
    CHECK(b.backend->weight(b.dev, &t, &w, &b.err) == TARN_UNSUPPORTED && !w);
    CHECK(bench_weight(&b, TARN_F32, 4, 4, 1, zeros) != NULL);
    bench_close(&b);
}

static void test_speed_is_as_ordered(void)
{
    const int32_t token = 9;
    struct rig *r = rig_open("tps=50");
    const double start = now_ms();
    for (uint32_t i = 0; i < 5; i++)
        CHECK(rig_run(r, &token, i, 1) == TARN_OK);
    const double ms = now_ms() - start;
    CHECK_SAYS(ms >= 99 && ms < 2000, "5 tokens took %.1f ms", ms);
    rig_close(r);
}

static void test_bad_options_are_refused_with_the_word(void)
{
    static const char *const bad[] = {
        "speed=3", "tps=",   "tps=-1", "tps=1;",
        "say=",    "say=1.", "say=x",  "fail=99999999999999999999"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tarn_host host = { .size = sizeof host };
        struct tarn_dev *dev = NULL;
        struct tarn_error err = { TARN_OK, "" };
        setenv("TARN_DUMMY", bad[i], 1);
        CHECK_SAYS(tarn_backend_dummy()->open(&host, 0, &dev, &err) ==
                       TARN_USAGE,
                   "%s", bad[i]);
        CHECK(strstr(err.text, "TARN_DUMMY") && !dev);
    }
}

int main(void)
{
    RUN(test_same_past_gives_same_logits_however_it_is_cut);
    RUN(test_says_what_it_is_told_and_ends);
    RUN(test_nonsense_ends_after_its_length);
    RUN(test_faults_come_when_ordered);
    RUN(test_types_are_refused_when_ordered);
    RUN(test_speed_is_as_ordered);
    RUN(test_bad_options_are_refused_with_the_word);
    return tap_end();
}
