/* loop_test.c - a thought that goes in circles is taken back and goes on
 * another way, and the state after that is that of a straight run.
 *
 *   loop_test MODELS_DIR       (random weights love circles)
 */
#include <math.h>
#include <stdlib.h>

#include "backends/backend.h"
#include "core/base/memory.h"
#include "core/tarn.h"
#include "tests/tap.h"

#define MOST 600

/* The cpu backend's build for any processor of this kind. */
const struct tarn_backend *WORLD_BACKEND(void);

static const char *folder;

struct result {
    int32_t ids[MOST + 8];  /* prompt and what stayed */
    uint32_t n, n_prompt;
    uint32_t breaks[8];     /* token at which each circle was cut */
    uint32_t n_breaks;
    bool closed;            /* the circle came back */
    struct tarn_turn_summary sum;
};

static void take(struct result *r, const struct tarn_event *ev, bool *ended)
{
    if (ev->kind == TARN_EV_TOKEN && r->n < MOST + 8)
        r->ids[r->n++] = ev->id;
    if (ev->kind == TARN_EV_WITHDRAWN) {
        CHECK(r->n == r->n_prompt + ev->at + ev->total);
        r->n = r->n_prompt + ev->at;
        if (r->n_breaks < 8)
            r->breaks[r->n_breaks++] = r->n;
    }
    if (ev->kind == TARN_EV_NOTICE)
        r->closed |= strstr(ev->text, "came back") != NULL;
    if (ev->kind == TARN_EV_END) {
        r->sum = *ev->summary;
        *ended = true;
    }
}

static int32_t best(const float *row, uint32_t n)
{
    uint32_t b = 0;
    for (uint32_t i = 1; i < n; i++)
        if (row[i] > row[b])
            b = i;
    return (int32_t)b;
}

/* Greedy tokens of a straight run are the best ones everywhere but where a
 * circle was cut (there the best one was excluded) or the thought closed. */
static uint32_t differing(struct tarn_engine *e, const struct result *r,
                          uint32_t n_vocab)
{
    uint32_t rows[MOST + 8], n = 0;
    float *logits = calloc((size_t)r->n * n_vocab, sizeof *logits);
    struct tarn_error err = { TARN_OK, "" };
    for (uint32_t i = 0; i < r->n; i++)
        rows[i] = i;
    struct tarn_eval io = { .size = sizeof io, .ids = r->ids, .n_ids = r->n,
                            .rows = rows, .n_rows = r->n, .logits = logits };
    CHECK_SAYS(!tarn_eval(e, &io, &err), "%s", err.text);
    for (uint32_t i = r->n_prompt; i < r->n; i++)
        n += best(logits + (size_t)(i - 1) * n_vocab, n_vocab) != r->ids[i];
    free(logits);
    return n;
}

static void check_model(const char *name, uint32_t *n_loops)
{
    static const struct tarn_backend *backends[1];
    backends[0] = WORLD_BACKEND();
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 1 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 1024 };
    struct tarn_sampling greedy = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &greedy,
                                     .max_tokens = MOST };
    struct tarn_runtime *rt = NULL;
    struct tarn_model *model = NULL;
    struct tarn_engine *engine = NULL;
    char path[512];
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    greedy.temperature = 0;
    greedy.repeat_penalty = 1;
    if (!tarn_runtime_create(&ro, &rt, NULL) &&
        !tarn_model_open(rt, path, NULL, &model, NULL) &&
        !tarn_engine_create(model, &eo, &engine, NULL)) {
        const struct tarn_text *t = tarn_model_text(model);
        struct result r = { .n = 3, .n_prompt = 3 };
        tarn_turn_id turn;
        struct tarn_event ev;
        bool ended = false;
        r.ids[0] = tarn_text_control(t, TARN_CTL_BOS);
        r.ids[1] = 40;
        r.ids[2] = tarn_text_control(t, TARN_CTL_THINK);
        CHECK(!tarn_turn_start_ids(engine, r.ids, 3, &opt, &turn, NULL));
        while (!ended) {
            tarn_engine_step(engine);
            while (tarn_engine_next_event(engine, &ev))
                take(&r, &ev, &ended);
        }
        uint32_t n = differing(engine, &r, tarn_model_info(model)->n_vocab);
        /* At most one token per break is not the best one: the excluded one,
         * or the closing tag. */
        CHECK_SAYS(n <= r.n_breaks, "%s: %u tokens differ, %u breaks", name, n,
                   r.n_breaks);
        CHECK(r.sum.n_loops <= 4);
        CHECK(r.sum.n_total == r.n - r.n_prompt);
        *n_loops += r.n_breaks;
    } else {
        CHECK_SAYS(false, "%s could not be opened", name);
    }
    tarn_engine_destroy(engine);
    tarn_model_close(model);
    tarn_runtime_destroy(rt);
}

static void test_circles_are_broken_and_the_state_is_exact(void)
{
    static const char *const NAMES[] = { "dense-f32", "dense-k",
                                         "dense-legacy", "dense-q4_0",
                                         "moe-f32", "moe-k" };
    uint32_t n_loops = 0;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        check_model(NAMES[i], &n_loops);
    CHECK_SAYS(n_loops >= 3, "only %u circles", n_loops);
    printf("# %u circles were broken\n", n_loops);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    RUN(test_circles_are_broken_and_the_state_is_exact);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
