/* circle_test.c - a thought whose step comes for the third time is taken back
 * to the second one and goes on another way; a circle in an answer is told and
 * broken on request, one in a call ends the turn.
 *
 *   circle_test pocket.gguf MODELS_DIR */
#include "backends/backend.h"
#include "core/tarn.h"
#include "tests/tap.h"

/* The build of the cpu backend for any processor: sooner than ref. */
const struct tarn_backend *WORLD_BACKEND(void);

static const char *model_path, *folder;

/* Two other steps between, so that no tokens repeat in a row. */
#define SAME "So the sum of the two numbers is seventeen and nothing is left.\n\n"
static const char BEFORE[] =
    "First the digits are added from the right to the left side.\n\n";
static const char BETWEEN[] =
    "Then the letters are counted in another way, one after the other.\n\n";

struct seen {
    uint32_t n_withdrawn, at, n_notices;
    struct tarn_turn_summary sum;
};

static void run(struct tarn_engine *e, const struct tarn_text *t,
                bool keep_loops, size_t *second, struct seen *s)
{
    struct tarn_chat *chat = NULL;
    struct tarn_ids ids = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    tarn_turn_id turn;
    struct tarn_event ev;
    *s = (struct seen){ 0 };
    tarn_ids_add(&ids, tarn_text_control(t, TARN_CTL_THINK));
    CHECK(!tarn_text_encode(t, BEFORE, sizeof BEFORE - 1, &ids, NULL));
    CHECK(!tarn_text_encode(t, SAME, sizeof SAME - 1, &ids, NULL));
    CHECK(!tarn_text_encode(t, BETWEEN, sizeof BETWEEN - 1, &ids, NULL));
    *second = ids.n;
    CHECK(!tarn_text_encode(t, SAME, sizeof SAME - 1, &ids, NULL));
    CHECK(!tarn_text_encode(t, BEFORE, sizeof BEFORE - 1, &ids, NULL));
    CHECK(!tarn_text_encode(t, SAME, sizeof SAME - 1, &ids, NULL));
    const struct tarn_turn_options opt = {
        .size = sizeof opt, .begin = ids.at, .n_begin = ids.n,
        .max_tokens = (int32_t)ids.n + 24, .keep_loops = keep_loops
    };
    CHECK(!tarn_chat_create(&chat, NULL));
    CHECK(!tarn_chat_add(chat, TARN_USER, "What is 9 + 8?", 14, NULL, NULL));
    const enum tarn_status st = tarn_turn_start(e, chat, &opt, &turn, &err);
    CHECK_SAYS(!st, "%s", err.text);
    for (bool ended = st != TARN_OK; !ended;) {
        tarn_engine_step(e);
        while (tarn_engine_next_event(e, &ev)) {
            if (ev.kind == TARN_EV_WITHDRAWN && !s->n_withdrawn) {
                s->n_withdrawn = (uint32_t)ev.total;
                s->at = ev.at;
            }
            s->n_notices += ev.kind == TARN_EV_NOTICE;
            if (ev.kind == TARN_EV_END) {
                ended = true;
                s->sum = *ev.summary;
            }
        }
    }
    tarn_chat_destroy(chat);
    tarn_ids_finish(&ids);
}

static void test_the_third_time_of_a_step_is_taken_back(void)
{
    static const struct tarn_backend *backends[1];
    backends[0] = WORLD_BACKEND();
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 2 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 1024 };
    struct tarn_runtime *rt = NULL;
    struct tarn_model *model = NULL;
    struct tarn_engine *e = NULL;
    struct tarn_error err = { TARN_OK, "" };
    struct seen s;
    size_t second;
    const bool good = !tarn_runtime_create(&ro, &rt, &err) &&
                      !tarn_model_open(rt, model_path, NULL, &model, &err) &&
                      !tarn_engine_create(model, &eo, &e, &err);
    CHECK_SAYS(good, "%s", err.text);
    if (!good)
        return;
    run(e, tarn_model_text(model), false, &second, &s);
    CHECK_SAYS(s.at == second && s.n_withdrawn > 0, "%u taken back to %u, "
               "wanted %zu", s.n_withdrawn, s.at, second);
    CHECK(s.sum.n_loops >= 1 && s.n_notices >= 1);
    run(e, tarn_model_text(model), true, &second, &s);
    CHECK(s.n_withdrawn == 0 && s.sum.n_loops == 0);
    tarn_engine_destroy(e);
    tarn_model_close(model);
    tarn_runtime_destroy(rt);
}

/* ------------------------------------------------- answers, calls: exactly */
struct outside {
    uint32_t n_told, told_at, n_withdrawn, at, span, n_stopped;
    size_t text, kept; /* bytes of the answer; that stayed */
    struct tarn_turn_summary sum;
};

/* Random weights at temperature 0 love circles.  With `in_call` the answer
 * begins with a call. */
static void wander(struct tarn_engine *e, const struct tarn_text *t,
                   bool in_call, bool break_it, struct outside *o)
{
    struct tarn_sampling greedy = tarn_sampling_default();
    const int32_t ids[] = { tarn_text_control(t, TARN_CTL_BOS), 30 };
    const int32_t call = tarn_text_control(t, TARN_CTL_TOOL_CALL);
    struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &greedy,
                                     .max_tokens = 700, .begin = &call,
                                     .n_begin = in_call };
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_event ev;
    tarn_turn_id turn;
    *o = (struct outside){ 0 };
    greedy.temperature = 0;
    greedy.repeat_penalty = 1;
    const enum tarn_status st =
        tarn_turn_start_ids(e, ids, 2, &opt, &turn, &err);
    CHECK_SAYS(!st, "%s", err.text);
    for (bool ended = st != TARN_OK; !ended;) {
        tarn_engine_step(e);
        while (tarn_engine_next_event(e, &ev)) {
            if (ev.kind == TARN_EV_TEXT)
                o->text += ev.text_size;
            if (ev.kind == TARN_EV_NOTICE && ev.total) {
                struct tarn_command cmd = { .size = sizeof cmd, .turn = turn,
                                            .kind = TARN_CMD_BREAK_CIRCLE };
                o->told_at = (uint32_t)ev.total;
                if (o->n_told++ == 0 && break_it)
                    CHECK(!tarn_engine_post(e, &cmd, NULL));
            } else if (ev.kind == TARN_EV_NOTICE) {
                o->n_stopped++;
            }
            if (ev.kind == TARN_EV_WITHDRAWN) {
                o->n_withdrawn = (uint32_t)ev.total;
                o->at = ev.at;
                o->span = ev.span;
                o->kept = (size_t)ev.done;
                CHECK(ev.done <= o->text);
                o->text = (size_t)ev.done;
            }
            if (ev.kind == TARN_EV_END) {
                ended = true;
                o->sum = *ev.summary;
            }
        }
    }
}

static void test_circles_of_answers_and_calls(void)
{
    static const char *const names[] = { "dense-f32", "moe-f32", "moe-k" };
    static const struct tarn_backend *backends[1];
    backends[0] = WORLD_BACKEND();
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 1 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 1024 };
    uint32_t told = 0, broken = 0, stopped = 0;
    for (int i = 0; i < 3; i++) {
        struct tarn_runtime *rt = NULL;
        struct tarn_model *model = NULL;
        struct tarn_engine *e = NULL;
        struct tarn_error err = { TARN_OK, "" };
        struct outside o;
        char path[512];
        snprintf(path, sizeof path, "%s/%s.gguf", folder, names[i]);
        if (tarn_runtime_create(&ro, &rt, &err) ||
            tarn_model_open(rt, path, NULL, &model, &err) ||
            tarn_engine_create(model, &eo, &e, &err)) {
            CHECK_SAYS(false, "%s", err.text);
            return;
        }
        const struct tarn_text *t = tarn_model_text(model);
        wander(e, t, false, false, &o);
        CHECK(o.n_withdrawn == 0 && o.n_told <= 1);
        CHECK_SAYS(!o.n_told || o.told_at == 256, "%u", o.told_at);
        told += o.n_told;
        const uint32_t n = o.sum.n_total;
        wander(e, t, false, true, &o);
        CHECK_SAYS(!o.n_told || (o.n_withdrawn >= 256 &&
                                 o.span == TARN_SPAN_ANSWER),
                   "%s: %u taken back", names[i], o.n_withdrawn);
        CHECK(o.sum.n_withdrawn >= o.n_withdrawn && o.sum.n_total <= n);
        broken += o.n_withdrawn > 0;
        wander(e, t, true, false, &o);
        CHECK(o.n_withdrawn == 0);
        CHECK(!o.n_stopped || (o.sum.reason == TARN_STOP_LENGTH &&
                               o.sum.n_total < 700));
        stopped += o.n_stopped;
        tarn_engine_destroy(e);
        tarn_model_close(model);
        tarn_runtime_destroy(rt);
    }
    CHECK_SAYS(told > 0 && broken == told && stopped > 0,
               "%u told, %u broken, %u calls stopped", told, broken, stopped);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "models/pocket/pocket.gguf";
    folder = argc > 2 ? argv[2] : "build/tests/models";
    RUN(test_the_third_time_of_a_step_is_taken_back);
    RUN(test_circles_of_answers_and_calls);
    return tap_end();
}
