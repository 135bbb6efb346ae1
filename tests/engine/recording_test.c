/* recording_test.c - what recording a turn costs.
 *
 *   recording_test MODEL.gguf                  the record holds every token
 *   recording_test MODEL.gguf N none|record|write   a turn of N tokens on one
 *                                  thread, for recording.py to count */
#include <stdlib.h>

#include "core/base/memory.h"
#include "core/tarn.h"
#include "core/trace/trace.h"
#include "tests/tap.h"

/* Which build of the backend: see meson.build. */
const struct tarn_backend *TARN_TEST_BACKEND(void);

static const char *path;

static struct tarn_trace *new_trace(struct tarn_model *model)
{
    const struct tarn_model_info *m = tarn_model_info(model);
    const struct tarn_trace_info info = {
        .size = sizeof info, .n_vocab = m->n_vocab,
        .n_moe_layers = m->n_moe_layers, .n_expert = m->n_expert,
        .n_expert_used = m->n_expert_used
    };
    struct tarn_trace *t = NULL;
    CHECK(!tarn_trace_create(tarn_model_text(model), &info, &t, NULL));
    return t;
}

/* Callgrind counts what happens in here; t may be NULL. */
size_t run_turn(struct tarn_engine *e, struct tarn_trace *t);
void write_trace(const struct tarn_trace *t);

__attribute__((noinline)) size_t run_turn(struct tarn_engine *e,
                                          struct tarn_trace *t)
{
    struct tarn_event ev;
    size_t n = 0;
    bool ended = false;
    while (!ended) {
        tarn_engine_step(e);
        while (tarn_engine_next_event(e, &ev)) {
            if (t)
                tarn_trace_take(t, &ev);
            n += ev.kind == TARN_EV_TOKEN;
            ended |= ev.kind == TARN_EV_END;
        }
    }
    return n;
}

/* And, for the file, in here. */
__attribute__((noinline)) void write_trace(const struct tarn_trace *t)
{
    struct tarn_buf b = { 0 };
    CHECK(!tarn_trace_write(t, &b, NULL));
    printf("# %zu bytes\n", b.size);
    tarn_buf_finish(&b);
}

/* A warm turn may end by itself, so turns go on until n tokens are there. */
static size_t turns(struct tarn_engine *e, struct tarn_model *m, size_t n,
                    const char *how)
{
    struct tarn_sampling s = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &s,
                                     .keep_loops = true,
                                     .experts = how[0] != 'n' };
    const int32_t ids[] = { tarn_text_control(tarn_model_text(m),
                                              TARN_CTL_BOS), 300, 310, 320 };
    size_t done = 0;
    s.temperature = 1.5f;
    for (uint32_t attempt = 0; done < n; attempt++) {
        struct tarn_trace *t = opt.experts ? new_trace(m) : NULL;
        tarn_turn_id turn;
        size_t k = 0;
        opt.attempt = attempt;
        opt.max_tokens = (int32_t)(n - done);
        CHECK(!tarn_turn_start_ids(e, ids, 4, &opt, &turn, NULL));
        done += run_turn(e, t);
        if (t)
            tarn_trace_tokens(t, &k);
        CHECK(!t || (k > 0 && !tarn_trace_failed(t)));
        if (how[0] == 'w')
            write_trace(t);
        tarn_trace_destroy(t);
    }
    return done;
}

static size_t with_engine(size_t n, const char *how)
{
    static const struct tarn_backend *backends[1];
    backends[0] = TARN_TEST_BACKEND();
    const struct tarn_runtime_options ro = { .size = sizeof ro,
                                             .backends = backends,
                                             .n_backends = 1, .threads = 1 };
    const struct tarn_engine_options eo = { .size = sizeof eo,
                                            .n_context = 2048 };
    struct tarn_runtime *rt = NULL;
    struct tarn_model *model = NULL;
    struct tarn_engine *engine = NULL;
    struct tarn_error err = { TARN_OK, "" };
    size_t done = 0;
    CHECK_SAYS(!tarn_runtime_create(&ro, &rt, &err) &&
               !tarn_model_open(rt, path, NULL, &model, &err) &&
               !tarn_engine_create(model, &eo, &engine, &err), "%s", err.text);
    if (engine)
        done = turns(engine, model, n, how);
    tarn_engine_destroy(engine);
    tarn_model_close(model);
    tarn_runtime_destroy(rt);
    return done;
}

static void test_the_record_holds_every_token(void)
{
    CHECK(with_engine(60, "write") == 60);
    CHECK(with_engine(60, "none") == 60);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "pocket.gguf";
#if defined(TARN_TEST_NEEDS)
    if (!__builtin_cpu_supports(TARN_TEST_NEEDS)) {
        printf("1..0 # SKIP this processor lacks %s\n", TARN_TEST_NEEDS);
        return 0;
    }
#endif
    if (argc > 3) {
        printf("# %zu tokens\n", with_engine((size_t)atoi(argv[2]), argv[3]));
        return 0;
    }
    RUN(test_the_record_holds_every_token);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
