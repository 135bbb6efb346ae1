/* digest_test.c - a device that gives digests: the same tokens as from whole
 * rows, whole rows where a draw needs them, and the ways out when it fails.
 *
 *   digest_test POCKET.gguf
 *
 * The device is the cpu backend in disguise, which keeps the rows for itself.
 */
#include <math.h>

#include "backends/digest.h"
#include "tests/engine/world.h"

/* ------------------------------------------------------------- the disguise */
enum { MOST_ROWS = 4 };
static uint32_t n_digests, n_rows, n_unasked; /* batches of each kind */
static int spoil_run = -1, fail_run = -1;     /* < 0: none */
static float *scratch;                        /* [MOST_ROWS][n_vocab] */
static uint32_t n_vocab;

static enum tarn_status far_info(const struct tarn_host *host, uint32_t index,
                                 struct tarn_device_info *out,
                                 struct tarn_error *err)
{
    const enum tarn_status s =
        WORLD_BACKEND()->device_info(host, index, out, err);
    out->kind = TARN_DEVICE_DISCRETE;
    out->digests = true;
    return s;
}

static uint32_t wanted_rows(const struct tarn_batch *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n_rows; i++)
        n += (b->rows[i].flags & TARN_ROW_LOGITS) != 0;
    return n;
}

static enum tarn_status far_run(struct tarn_prepared *p,
                                const struct tarn_batch *b,
                                struct tarn_error *err)
{
    const uint32_t n = wanted_rows(b);
    struct tarn_batch own = *b;
    own.digests = NULL;
    if (n && !b->logits)
        own.logits = scratch;
    n_digests += n && !b->logits;
    n_rows += n && b->logits;
    n_unasked += n > MOST_ROWS || (n && !b->logits && !b->digests);
    if (n && fail_run >= 0 && fail_run-- == 0) {
        *err = (struct tarn_error){ TARN_DEVICE, "It was reset." };
        return TARN_DEVICE;
    }
    const enum tarn_status s = WORLD_BACKEND()->run(p, &own, err);
    if (n && spoil_run >= 0 && spoil_run-- == 0)
        own.logits[7] = NAN;
    for (uint32_t i = 0; i < n && !s && !b->logits; i++)
        tarn_digest_row(&b->digests[i], scratch + (size_t)i * n_vocab, n_vocab);
    return s;
}

static const struct tarn_backend *far_device(void)
{
    static struct tarn_backend b;
    b = *WORLD_BACKEND();
    b.name = "far";
    b.device_info = far_info;
    b.run = far_run;
    return &b;
}

/* ---------------------------------------------------------------- the world */

static bool open_with(struct world *w, bool far, uint32_t layers)
{
    static const struct tarn_backend *backends[2];
    backends[0] = far_device();
    backends[1] = WORLD_BACKEND();
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = {
        .size = sizeof ro, .backends = backends, .n_backends = 2,
        .backend = far ? "far" : WORLD_BACKEND()->name, .threads = 2 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 1024,
                                      .n_sequences = MOST_ROWS,
                                      .max_rows = 64 };
    const struct tarn_model_options mo = { .size = sizeof mo,
                                           .device_layers = layers };
    *w = (struct world){ 0 };
    n_digests = n_rows = n_unasked = 0;
    spoil_run = fail_run = -1;
    bool good = !tarn_runtime_create(&ro, &w->rt, &err) &&
                !tarn_model_open(w->rt, model_path, &mo, &w->model, &err) &&
                !tarn_engine_create(w->model, &eo, &w->engine, &err) &&
                !tarn_chat_create(&w->chat, &err);
    CHECK_SAYS(good, "%s", err.text);
    if (good && !scratch) {
        n_vocab = tarn_model_info(w->model)->n_vocab;
        scratch = calloc(MOST_ROWS * (size_t)n_vocab, sizeof *scratch);
    }
    return good;
}

/* All that a turn says of its tokens. */
struct heard {
    int32_t id[256], best[256][8];
    float p[256], p_after[256], entropy[256];
    uint32_t n, n_withdrawn;
    bool ended;
    struct tarn_error error;
};

static void hear(struct heard *h, const struct tarn_event *ev)
{
    if (ev->kind == TARN_EV_WITHDRAWN) {
        h->n = ev->at;
        h->n_withdrawn += (uint32_t)ev->total;
    } else if (ev->kind == TARN_EV_TOKEN && h->n < 256) {
        h->id[h->n] = ev->id;
        h->p[h->n] = ev->p;
        h->p_after[h->n] = ev->p_after;
        h->entropy[h->n] = ev->entropy_bits;
        for (int i = 0; i < 8; i++)
            h->best[h->n][i] = ev->best[i].id;
        h->n++;
    } else if (ev->kind == TARN_EV_END) {
        h->ended = true;
        if (ev->error)
            h->error = *ev->error;
    }
}

/* The turns of `chats`, all at once. */
static void listen(struct world *w, uint32_t n, const tarn_turn_id *turns,
                   struct heard *out)
{
    struct tarn_event ev;
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct heard){ .n = 0 };
    for (int step = 0; step < 4000; step++) {
        bool all = true;
        for (uint32_t i = 0; i < n; i++)
            all &= out[i].ended;
        if (all)
            return;
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev))
            for (uint32_t i = 0; i < n; i++)
                if (ev.turn == turns[i])
                    hear(&out[i], &ev);
    }
    CHECK(false);
}

static void ask_one(struct world *w, const char *question,
                    const struct tarn_sampling *set, struct heard *out)
{
    struct tarn_turn_options opt = options();
    tarn_turn_id turn = 0;
    opt.sampling = set;
    opt.max_tokens = 48;
    say(w, question);
    CHECK(!tarn_turn_start(w->engine, w->chat, &opt, &turn, NULL));
    listen(w, 1, &turn, out);
}

static bool same(const struct heard *a, const struct heard *b)
{
    bool good = a->n == b->n && a->n > 0 && a->n_withdrawn == b->n_withdrawn;
    for (uint32_t i = 0; i < a->n && good; i++)
        good = a->id[i] == b->id[i] &&
               !memcmp(&a->p_after[i], &b->p_after[i], sizeof(float)) &&
               !memcmp(a->best[i], b->best[i], sizeof a->best[i]) &&
               fabsf(a->p[i] - b->p[i]) <= 1e-6f &&
               fabsf(a->entropy[i] - b->entropy[i]) <= 1e-5f;
    return good;
}

static const char QUESTION[] = "Spell the word river.";
static struct tarn_sampling warm; /* the published settings, warmer */
static struct heard straight;     /* what is said from rows */

/* ---------------------------------------------------------------- the tests */

static void test_the_same_is_said_from_digests(void)
{
    struct world w;
    struct heard h;
    warm = tarn_sampling_default();
    warm.temperature = 1.5f;
    warm.seed = 11;
    if (open_with(&w, false, 0))
        ask_one(&w, QUESTION, &warm, &straight);
    CHECK(n_digests == 0 && straight.error.status == TARN_OK);
    close_world(&w);
    for (uint32_t layers = 0; layers < 3; layers += 2) { /* whole, and split */
        if (open_with(&w, true, layers))
            ask_one(&w, QUESTION, &warm, &h);
        CHECK_SAYS(same(&straight, &h), "%u and %u tokens", straight.n, h.n);
        CHECK_SAYS(n_digests == h.n && n_rows == 0 && n_unasked == 0,
                   "%u tokens: %u batches with digests, %u with rows", h.n,
                   n_digests, n_rows);
        close_world(&w);
    }
}

/* A cut that takes nothing out, but must see everything. */
static void test_whole_rows_for_settings_that_need_them(void)
{
    struct world w;
    struct heard h;
    struct tarn_sampling set = warm;
    set.top_n_sigma = 1000;
    if (open_with(&w, true, 0))
        ask_one(&w, QUESTION, &set, &h);
    CHECK(same(&straight, &h));
    CHECK(n_digests == 0 && n_rows == h.n);
    close_world(&w);
}

/* Several at once: a batch has rows as long as one of its turns needs them. */
static void test_turns_of_both_kinds_at_once(void)
{
    static const char *const questions[3] = { QUESTION, "Is 7 prime?",
                                              "What is 17 + 25?" };
    static struct heard alone[3], beside[3];
    tarn_turn_id turns[3];
    struct world w;
    struct tarn_sampling sigma = warm;
    sigma.top_n_sigma = 1000;
    for (int i = 0; i < 3; i++)
        if (open_with(&w, false, 0)) {
            ask_one(&w, questions[i], &warm, &alone[i]);
            close_world(&w);
        }
    for (int odd = 0; odd < 2; odd++) {
        struct tarn_chat *chats[3] = { NULL };
        if (!open_with(&w, true, 0))
            return;
        for (int i = 0; i < 3; i++) {
            struct tarn_turn_options opt = options();
            opt.sampling = odd && i == 1 ? &sigma : &warm;
            opt.max_tokens = odd && i == 1 ? 6 : 48;
            CHECK(!tarn_chat_create(&chats[i], NULL) &&
                  !tarn_chat_add(chats[i], TARN_USER, questions[i],
                                 strlen(questions[i]), NULL, NULL) &&
                  !tarn_turn_start(w.engine, chats[i], &opt, &turns[i], NULL));
        }
        listen(&w, 3, turns, beside);
        for (int i = 0; i < 3; i++) {
            if (odd && i == 1)
                alone[1].n = 6;
            CHECK_SAYS(same(&alone[i], &beside[i]), "turn %d", i);
        }
        CHECK_SAYS(n_digests > 0 && n_unasked == 0 && (n_rows > 0) == odd,
                   "%u digests, %u rows", n_digests, n_rows);
        for (int i = 0; i < 3; i++)
            tarn_chat_destroy(chats[i]);
        close_world(&w);
    }
}

#define STEP "So the sum of the two numbers is seventeen and nothing is left.\n\n"
#define FIRST "First the digits are added from the right to the left side.\n\n"
#define OTHER                                                                  \
    "Then the letters are counted in another way, one after the other.\n\n"

/* A circle is broken by a token that may not be drawn: that draw sees all. */
static void hear_circle(bool far, struct heard *out)
{
    static const char text[] = FIRST STEP OTHER STEP FIRST STEP;
    struct world w;
    struct tarn_ids ids = { 0 };
    tarn_turn_id turn;
    if (!open_with(&w, far, 0))
        return;
    const struct tarn_text *t = tarn_model_text(w.model);
    tarn_ids_add(&ids, tarn_text_control(t, TARN_CTL_THINK));
    CHECK(!tarn_text_encode(t, text, sizeof text - 1, &ids, NULL));
    const struct tarn_turn_options opt = {
        .size = sizeof opt, .begin = ids.at,
        .n_begin = ids.n, .max_tokens = (int32_t)ids.n + 24 };
    say(&w, "What is 9 + 8?");
    CHECK(!tarn_turn_start(w.engine, w.chat, &opt, &turn, NULL));
    listen(&w, 1, &turn, out);
    tarn_ids_finish(&ids);
    close_world(&w);
}

static void test_an_excluded_token_takes_the_whole_row(void)
{
    static struct heard a, b;
    hear_circle(false, &a);
    hear_circle(true, &b);
    CHECK_SAYS(a.n_withdrawn > 0 && same(&a, &b), "%u taken back",
               a.n_withdrawn);
    CHECK_SAYS(n_rows >= 1 && n_digests > n_rows, "%u rows, %u digests", n_rows,
               n_digests);
}

/* V02, E09: the device is lost, or gives no numbers; the processor goes on,
 * which has no digests. */
static void test_v02_a_device_that_fails_is_left(void)
{
    for (int i = 0; i < 2; i++) {
        struct world w;
        struct heard h;
        if (!open_with(&w, true, 0))
            return;
        *(i ? &spoil_run : &fail_run) = 9;
        ask_one(&w, QUESTION, &warm, &h);
        CHECK_SAYS(h.error.status == TARN_OK && same(&straight, &h), "%s",
                   h.error.text);
        CHECK_SAYS(n_digests == 10 && n_rows == 0, "%u, %u", n_digests, n_rows);
        close_world(&w);
    }
}

static void test_benchmarks_ask_for_what_a_chat_asks(void)
{
    struct world w;
    struct tarn_bench pass = { .size = sizeof pass, .n_prompt = 8,
                               .n_tokens = 5, .n_seqs = 3 };
    if (open_with(&w, true, 0))
        CHECK(!tarn_engine_bench(w.engine, &pass, NULL));
    CHECK_SAYS(n_digests == 6 && n_rows == 0, "%u, %u", n_digests, n_rows);
    close_world(&w);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "model.gguf";
    RUN(test_the_same_is_said_from_digests);
    RUN(test_whole_rows_for_settings_that_need_them);
    RUN(test_turns_of_both_kinds_at_once);
    RUN(test_an_excluded_token_takes_the_whole_row);
    RUN(test_v02_a_device_that_fails_is_left);
    RUN(test_benchmarks_ask_for_what_a_chat_asks);
    free(scratch);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
