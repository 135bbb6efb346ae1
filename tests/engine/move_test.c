/* move_test.c - the engine changes its backend between two turns, and by
 * itself when a device fails in the middle of one.
 *
 *   move_test POCKET.gguf
 *
 * The failing device is the cpu backend in disguise: its run() fails from a
 * given call on, as after a driver's reset, and so does all that it is asked.
 */
#include <math.h>

#include "backends/ref/ref.h"
#include "tests/engine/world.h"

/* ------------------------------------------------------------- the disguise */
static int runs_left = -1; /* < 0: it never fails */
static int nan_run = -1;   /* this run's scores are no numbers; < 0: none's */
static bool gone;

static enum tarn_status fail_device(struct tarn_error *err)
{
    static const char text[] = "The graphics driver was reset.";
    gone = true;
    if (err) {
        err->status = TARN_DEVICE;
        memcpy(err->text, text, sizeof text);
    }
    return TARN_DEVICE;
}

static enum tarn_status frail_info(const struct tarn_host *host, uint32_t index,
                                   struct tarn_device_info *out,
                                   struct tarn_error *err)
{
    const enum tarn_status s =
        WORLD_BACKEND()->device_info(host, index, out, err);
    out->kind = TARN_DEVICE_DISCRETE;
    return s;
}

static enum tarn_status frail_run(struct tarn_prepared *p,
                                  const struct tarn_batch *b,
                                  struct tarn_error *err)
{
    if (gone || runs_left == 0)
        return fail_device(err);
    runs_left -= runs_left > 0;
    const enum tarn_status s = WORLD_BACKEND()->run(p, b, err);
    if (nan_run >= 0 && nan_run-- == 0 && b->logits)
        b->logits[7] = NAN;
    return s;
}

static enum tarn_status frail_read(struct tarn_state *st, bool page, uint32_t n,
                                   uint32_t n_pos, void *out,
                                   struct tarn_error *err)
{
    return gone ? fail_device(err)
                : WORLD_BACKEND()->state_read(st, page, n, n_pos, out, err);
}

static const struct tarn_backend *frail(void)
{
    static struct tarn_backend b;
    b = *WORLD_BACKEND();
    b.name = "frail";
    b.device_info = frail_info;
    b.run = frail_run;
    b.state_read = frail_read;
    return &b;
}

/* ---------------------------------------------------------------- the world */
static char logged[512];

static void keep_log(void *user, int level, const char *sentence)
{
    (void)user, (void)level;
    snprintf(logged, sizeof logged, "%s", sentence);
}

static bool open_with(struct world *w, const char *backend, uint32_t layers,
                      uint32_t experts)
{
    static const struct tarn_backend *backends[3];
    backends[0] = frail();
    backends[1] = WORLD_BACKEND();
    backends[2] = tarn_backend_ref();
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends,
                                       .n_backends = 3,
                                       .backend = backend,
                                       .threads = 2,
                                       .log = keep_log };
    struct tarn_engine_options eo = { .size = sizeof eo,
                                      .n_context = 1024,
                                      .max_rows = 64 };
    const struct tarn_model_options mo = { .size = sizeof mo,
                                           .device_layers = layers,
                                           .cpu_experts = experts };
    *w = (struct world){ 0 };
    runs_left = nan_run = -1;
    gone = false;
    logged[0] = 0;
    bool good = !tarn_runtime_create(&ro, &w->rt, &err) &&
                !tarn_model_open(w->rt, model_path, &mo, &w->model, &err) &&
                !tarn_engine_create(w->model, &eo, &w->engine, &err) &&
                !tarn_chat_create(&w->chat, &err);
    CHECK_SAYS(good, "%s", err.text);
    return good;
}

static bool open_on(struct world *w, const char *backend)
{
    return open_with(w, backend, 0, 0);
}

static const char *const QUESTIONS[] = { "What is 17 + 25?", "Is 7 prime?",
                                         "Spell the word river." };

static void ask_one(struct world *w, int i, struct told *t)
{
    struct tarn_sampling greedy = tarn_sampling_default();
    struct tarn_turn_options opt = options();
    greedy.temperature = 0;
    opt.sampling = &greedy;
    opt.max_tokens = 60;
    say(w, QUESTIONS[i]);
    ask(w, &opt, 0, t);
}

/* What is said, and how much is read again, on one backend all along. */
static struct told straight[3];

static void hear_straight(void)
{
    struct world w;
    if (open_on(&w, WORLD_BACKEND()->name))
        for (int i = 0; i < 3; i++)
            ask_one(&w, i, &straight[i]);
    close_world(&w);
}

static bool same(const struct told *t, int i)
{
    return t->n_tokens == straight[i].n_tokens &&
           !memcmp(t->ids, straight[i].ids, t->n_tokens * sizeof *t->ids);
}

/* -------------------------------------------------------------------- tests */
static void test_backends_change_between_turns(void)
{
    struct world w;
    struct told t;
    struct tarn_error err = { TARN_OK, "" };
    if (open_on(&w, "frail")) {
        ask_one(&w, 0, &t);
        CHECK(same(&t, 0));
        CHECK_SAYS(!tarn_engine_move(w.engine, "ref", &err), "%s", err.text);
        CHECK(!strcmp(tarn_model_info(w.model)->backend, "ref"));
        ask_one(&w, 1, &t);
        CHECK(same(&t, 1));
        CHECK_SAYS(t.sum.n_reused == straight[1].sum.n_reused,
                   "%u positions kept, not %u", t.sum.n_reused,
                   straight[1].sum.n_reused);
        CHECK_SAYS(!tarn_engine_move(w.engine, "frail", &err), "%s", err.text);
        ask_one(&w, 2, &t);
        CHECK(same(&t, 2) && t.sum.n_reused == straight[2].sum.n_reused);
    }
    close_world(&w);
}

static void test_a_move_that_fails_changes_nothing(void)
{
    struct world w;
    struct told t;
    struct tarn_error err = { TARN_OK, "" };
    if (open_on(&w, "frail")) {
        ask_one(&w, 0, &t);
        CHECK(tarn_engine_move(w.engine, "none", &err) == TARN_USAGE);
        gone = true; /* nothing can be read any more */
        CHECK(tarn_engine_move(w.engine, "ref", &err) == TARN_DEVICE);
        gone = false;
        CHECK(!strcmp(tarn_model_info(w.model)->backend, "frail"));
        ask_one(&w, 1, &t);
        CHECK(same(&t, 1));
    }
    close_world(&w);
}

/* V02: at every run of a turn, in its prompt and in its answer. */
static void test_v02_a_lost_device_is_left_in_the_middle(void)
{
    for (int k = 0; k < 12; k += TAP_WATCHED ? 5 : 1) {
        struct world w;
        struct told t;
        if (open_on(&w, "frail")) {
            ask_one(&w, 0, &t);
            runs_left = k;
            ask_one(&w, 1, &t);
            CHECK_SAYS(same(&t, 1) && !t.error.status, "run %d: %s", k,
                       t.error.text);
            CHECK(strstr(logged, "Going on with the processor") != NULL);
            CHECK(strcmp(tarn_model_info(w.model)->backend, "frail") != 0);
            ask_one(&w, 2, &t);
            CHECK(same(&t, 2));
        }
        close_world(&w);
    }
}

/* E09: what a device says is no number the processor computes again. */
static void test_e09_scores_of_a_device_are_computed_again(void)
{
    for (int k = 0; k < 12; k += 5) {
        struct world w;
        struct told t;
        if (open_on(&w, "frail")) {
            ask_one(&w, 0, &t);
            nan_run = k;
            ask_one(&w, 1, &t);
            CHECK_SAYS(same(&t, 1) && !t.error.status, "run %d: %s", k,
                       t.error.text);
            CHECK_SAYS(strstr(logged, "no finite scores") &&
                           strstr(logged, "Going on with the processor"),
                       "\"%s\"", logged);
            ask_one(&w, 2, &t);
            CHECK(same(&t, 2));
        }
        close_world(&w);
    }
}

/* Cuts between layers, and experts of some layers with the processor. */
static const struct cut {
    uint32_t layers, experts;
} CUTS[] = { { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 }, { 5, 0 },
             { 0, 1 }, { 0, 3 }, { 0, 6 }, { 4, 5 }, { 3, 99 } };
enum {
    N_CUTS = sizeof CUTS / sizeof *CUTS,
    CUT_STEP = TAP_WATCHED ? 4 : 1 /* of layers, of all, of both kinds */
};

/* Every cut: the same text, the state moves there and back, and the experts'
 * numbers come in the order of the layers. */
static void test_a_split_model_says_the_same(void)
{
    for (int i = 0; i < N_CUTS; i += CUT_STEP) {
        struct world w;
        struct told t;
        struct tarn_error err = { TARN_OK, "" };
        if (open_with(&w, "frail", CUTS[i].layers, CUTS[i].experts)) {
            CHECK(strchr(tarn_model_info(w.model)->backend, '+') != NULL);
            ask_one(&w, 0, &t);
            CHECK(same(&t, 0));
            CHECK_SAYS(!tarn_engine_move(w.engine, "ref", &err), "%s",
                       err.text);
            ask_one(&w, 1, &t);
            CHECK(same(&t, 1) && t.sum.n_reused == straight[1].sum.n_reused);
            CHECK(!tarn_engine_move(w.engine, "frail", &err));
            ask_one(&w, 2, &t);
            CHECK(same(&t, 2) && t.sum.n_reused == straight[2].sum.n_reused);
        }
        close_world(&w);
    }
}

static void experts_of(struct world *w, uint16_t *out, float *logits)
{
    const struct tarn_model_info *m = tarn_model_info(w->model);
    int32_t ids[20];
    uint32_t rows[1] = { 19 };
    for (int i = 0; i < 20; i++)
        ids[i] = 300 + 7 * i;
    const struct tarn_eval io = { .size = sizeof io,
                                  .ids = ids,
                                  .n_ids = 20,
                                  .rows = rows,
                                  .n_rows = 1,
                                  .logits = logits,
                                  .experts = out };
    CHECK((size_t)20 * m->n_moe_layers * m->n_expert_used <= 4096 &&
          m->n_vocab <= 65536);
    CHECK(!tarn_eval(w->engine, &io, NULL));
}

static void test_a_split_model_has_the_same_logits_and_experts(void)
{
    static uint16_t want[4096], got[4096];
    static float logits[2][65536];
    struct world w;
    if (open_on(&w, "frail"))
        experts_of(&w, want, logits[0]);
    close_world(&w);
    for (int i = 0; i < N_CUTS; i += CUT_STEP) {
        memset(got, 0xff, sizeof got);
        if (open_with(&w, "frail", CUTS[i].layers, CUTS[i].experts))
            experts_of(&w, got, logits[1]);
        CHECK(!memcmp(got, want,
                      (size_t)20 * tarn_model_info(w.model)->n_moe_layers *
                          tarn_model_info(w.model)->n_expert_used *
                          sizeof *got));
        CHECK(!memcmp(logits[0], logits[1],
                      tarn_model_info(w.model)->n_vocab * sizeof(float)));
        close_world(&w);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    model_path = argv[1];
    hear_straight();
    RUN(test_backends_change_between_turns);
    RUN(test_a_move_that_fails_changes_nothing);
    RUN(test_a_split_model_says_the_same);
    RUN(test_a_split_model_has_the_same_logits_and_experts);
    RUN(test_v02_a_lost_device_is_left_in_the_middle);
    RUN(test_e09_scores_of_a_device_are_computed_again);
    return tap_end();
}
