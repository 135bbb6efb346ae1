/* turn_test.c - turns from outside: events, chats, stops, reuse of the cache.
 *
 *   turn_test MODEL.gguf      (any model with a chat layout; pocket in meson)
 */
#include <stdlib.h>

#include "backends/ref/ref.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "core/tarn.h"
#include "tests/tap.h"

static const char *model_path;

struct world {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    struct tarn_chat *chat;
};

/* What a turn told, gathered. */
struct told {
    char thought[4096], answer[4096];
    int32_t ids[512];
    uint32_t n_tokens, n_spans, n_ends, last_at, n_withdrawn;
    bool ended, failed_order;
    struct tarn_turn_summary sum;
    struct tarn_error error;
};

static bool open_world(struct world *w, uint32_t n_context)
{
    static const struct tarn_backend *backends[1];
    backends[0] = tarn_backend_ref();
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 2 };
    struct tarn_engine_options eo = { .size = sizeof eo,
                                      .n_context = n_context,
                                      .max_rows = 64 };
    *w = (struct world){ 0 };
    bool good = !tarn_runtime_create(&ro, &w->rt, &err) &&
                !tarn_model_open(w->rt, model_path, NULL, &w->model, &err) &&
                !tarn_engine_create(w->model, &eo, &w->engine, &err) &&
                !tarn_chat_create(&w->chat, &err);
    CHECK_SAYS(good, "%s", err.text);
    return good;
}

static void close_world(struct world *w)
{
    tarn_chat_destroy(w->chat);
    tarn_engine_destroy(w->engine);
    tarn_model_close(w->model);
    tarn_runtime_destroy(w->rt);
}

static void add(char *to, size_t room, const char *text, size_t size)
{
    size_t n = strlen(to);
    if (n + size < room) {
        memcpy(to + n, text, size);
        to[n + size] = 0;
    }
}

static void take(struct told *t, const struct tarn_event *ev)
{
    switch ((enum tarn_event_kind)ev->kind) {
    case TARN_EV_SPAN:
        t->n_spans++;
        t->failed_order |= t->n_spans != t->n_ends + 1;
        break;
    case TARN_EV_SPAN_END:
        t->n_ends++;
        t->failed_order |= t->n_spans != t->n_ends;
        break;
    case TARN_EV_TEXT:
        t->failed_order |= t->n_spans != t->n_ends + 1;
        add(ev->span == TARN_SPAN_THOUGHT ? t->thought : t->answer, 4096,
            ev->text, ev->text_size);
        break;
    case TARN_EV_TOKEN:
        t->failed_order |= ev->at != t->last_at + 1;
        t->last_at = ev->at;
        if (t->n_tokens < 512)
            t->ids[t->n_tokens++] = ev->id;
        break;
    case TARN_EV_END:
        t->ended = true;
        t->sum = *ev->summary;
        if (ev->error)
            t->error = *ev->error;
        break;
    case TARN_EV_READING:
    case TARN_EV_CALL:
    case TARN_EV_NOTICE:
    case TARN_EV_WAS_THOUGHT:
        break;
    case TARN_EV_WITHDRAWN:
        t->n_withdrawn += (uint32_t)ev->total;
        t->last_at = t->n_tokens = ev->at;
        t->thought[ev->done] = 0;
        break;
    }
}

/* Steps until every event is drained; after `stop_at` tokens a stop is
 * posted (0: never). */
static void drive(struct world *w, tarn_turn_id turn, uint32_t stop_at,
                  struct told *t)
{
    struct tarn_event ev;
    *t = (struct told){ 0 };
    for (int i = 0; i < 4000 && !t->ended; i++) {
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev))
            if (ev.turn == turn)
                take(t, &ev);
        if (stop_at && t->n_tokens >= stop_at) {
            struct tarn_command cmd = { .size = sizeof cmd, .turn = turn,
                                        .kind = TARN_CMD_STOP };
            tarn_engine_post(w->engine, &cmd, NULL);
            stop_at = 0;
        }
    }
    CHECK(t->ended);
    CHECK(!t->failed_order);
}

static tarn_message_id say(struct world *w, const char *text)
{
    tarn_message_id id = 0;
    CHECK(!tarn_chat_add(w->chat, TARN_USER, text, strlen(text), &id, NULL));
    return id;
}

static bool ask(struct world *w, const struct tarn_turn_options *opt,
                uint32_t stop_at, struct told *t)
{
    tarn_turn_id turn;
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s = tarn_turn_start(w->engine, w->chat, opt, &turn, &err);
    CHECK_SAYS(!s, "%s", err.text);
    if (s)
        return false;
    drive(w, turn, stop_at, t);
    return true;
}

static struct tarn_turn_options options(void)
{
    return (struct tarn_turn_options){ .size = sizeof(struct tarn_turn_options),
                                       .max_tokens = 200 };
}

static void test_a_question_is_answered_into_the_chat(void)
{
    struct world w;
    struct told t;
    struct tarn_message m;
    struct tarn_turn_options opt = options();
    if (open_world(&w, 1024)) {
        say(&w, "What is 17 + 25?");
        if (ask(&w, &opt, 0, &t)) {
            CHECK_SAYS(strstr(t.answer, "42"), "answer is \"%s\"", t.answer);
            CHECK(t.sum.reason == TARN_STOP_END);
            CHECK(t.sum.n_total == t.n_tokens);
            CHECK(tarn_chat_length(w.chat) == 2);
            CHECK(tarn_chat_message(w.chat, 1, &m));
            CHECK(m.finished && m.text && !strcmp(m.text, t.answer));
            CHECK(m.thought && !strcmp(m.thought, t.thought));
        }
    }
    close_world(&w);
}

static void test_the_second_turn_computes_only_what_is_new(void)
{
    struct world w;
    struct told t, again;
    struct tarn_turn_options opt = options();
    if (open_world(&w, 1024)) {
        say(&w, "What is 17 + 25?");
        ask(&w, &opt, 0, &t);
        say(&w, "What is 3 + 4?");
        ask(&w, &opt, 0, &again);
        CHECK_SAYS(again.sum.n_reused >= t.sum.n_prompt,
                   "%u of %u, first prompt %u", again.sum.n_reused,
                   again.sum.n_prompt, t.sum.n_prompt);
        CHECK_SAYS(strstr(again.answer, "7"), "\"%s\"", again.answer);
    }
    close_world(&w);
}

static void test_regenerate_gives_the_same_with_the_same_attempt(void)
{
    struct world w;
    struct told a, b;
    struct tarn_turn_options opt = options();
    if (open_world(&w, 1024)) {
        tarn_message_id q = say(&w, "What is 17 + 25?");
        ask(&w, &opt, 0, &a);
        CHECK(!tarn_chat_select(w.chat, q, NULL));
        ask(&w, &opt, 0, &b);
        CHECK(a.n_tokens == b.n_tokens &&
              !memcmp(a.ids, b.ids, a.n_tokens * sizeof *a.ids));
        CHECK(b.sum.n_reused == b.sum.n_prompt - 1);
        struct tarn_message m;
        CHECK(tarn_chat_message(w.chat, 1, &m) && m.n_siblings == 2);
    }
    close_world(&w);
}

static void test_a_stop_keeps_what_is_written(void)
{
    struct world w;
    struct told t;
    struct tarn_message m;
    struct tarn_turn_options opt = options();
    if (open_world(&w, 1024)) {
        say(&w, "What is 123456 + 654321?");
        ask(&w, &opt, 5, &t);
        CHECK(t.sum.reason == TARN_STOP_CANCELLED);
        CHECK_SAYS(t.n_tokens >= 5 && t.n_tokens <= 6, "%u", t.n_tokens);
        CHECK(tarn_chat_message(w.chat, 1, &m) && !m.finished);
    }
    close_world(&w);
}

static void test_a_stop_string_ends_the_answer_before_it(void)
{
    struct world w;
    struct told t;
    const char *const stops[] = { "never there", "= 4" };
    struct tarn_turn_options opt = options();
    opt.stops = stops;
    opt.n_stops = 2;
    if (open_world(&w, 1024)) {
        say(&w, "What is 17 + 25?");
        ask(&w, &opt, 0, &t);
        CHECK(t.sum.reason == TARN_STOP_STRING);
        CHECK_SAYS(!strcmp(t.answer, "17 + 25 "), "\"%s\"", t.answer);
    }
    close_world(&w);
}

static void test_the_budget_closes_the_thought_at_n_tokens(void)
{
    struct world w;
    struct told t;
    struct tarn_turn_options opt = options();
    opt.thought_budget = 9;
    if (open_world(&w, 1024)) {
        say(&w, "What is 123456 + 654321?");
        ask(&w, &opt, 0, &t);
        CHECK_SAYS(t.sum.n_thought <= 10, "%u", t.sum.n_thought);
        CHECK(t.answer[0]);
    }
    close_world(&w);
}

static void test_e03_a_full_context_says_so(void)
{
    struct world w;
    struct told t;
    struct tarn_turn_options opt = options();
    struct tarn_error err = { TARN_OK, "" };
    tarn_turn_id turn;
    if (open_world(&w, 48)) {
        say(&w, "What is 123456 + 654321?");
        ask(&w, &opt, 0, &t);
        CHECK(t.sum.reason == TARN_STOP_CONTEXT);
        say(&w, "one two three four five six seven eight nine ten one two "
                "three four five six seven eight nine ten");
        CHECK(tarn_turn_start(w.engine, w.chat, &opt, &turn, &err) ==
              TARN_LIMIT);
        CHECK_SAYS(strstr(err.text, "context"), "%s", err.text);
    }
    close_world(&w);
}

static void test_e06_a_chat_may_go_while_its_turn_runs(void)
{
    struct world w;
    struct told t;
    tarn_turn_id turn;
    struct tarn_turn_options opt = options();
    if (open_world(&w, 1024)) {
        say(&w, "What is 17 + 25?");
        CHECK(!tarn_turn_start(w.engine, w.chat, &opt, &turn, NULL));
        tarn_engine_step(w.engine);
        tarn_chat_destroy(w.chat);
        w.chat = NULL;
        drive(&w, turn, 0, &t);
        CHECK(t.sum.reason == TARN_STOP_END);
    }
    close_world(&w);
}

static void test_two_turns_at_once_say_what_each_says_alone(void)
{
    struct world w;
    struct told a, b;
    struct tarn_turn_options opt = options();
    struct tarn_chat *other = NULL;
    tarn_turn_id one, two;
    tarn_message_id id;
    if (open_world(&w, 1024) && !tarn_chat_create(&other, NULL)) {
        say(&w, "What is 17 + 25?");
        ask(&w, &opt, 0, &a);
        tarn_chat_select(w.chat, 1, NULL);
        tarn_chat_add(other, TARN_USER, "Is 7 prime?", 11, &id, NULL);
        tarn_turn_start(w.engine, other, &opt, &one, NULL);
        tarn_turn_start(w.engine, w.chat, &opt, &two, NULL);
        drive(&w, two, 0, &b);
        CHECK(a.n_tokens == b.n_tokens &&
              !memcmp(a.ids, b.ids, a.n_tokens * sizeof *a.ids));
    }
    tarn_chat_destroy(other);
    close_world(&w);
}

static void owner(void *arg)
{
    struct world *w = arg;
    enum tarn_progress p = TARN_MORE;
    for (int turns = 0; turns < 1;) {
        p = tarn_engine_step(w->engine);
        turns += p == TARN_IDLE;
        if (p == TARN_IDLE && turns < 1)
            tarn_engine_wait(w->engine);
    }
}

static void test_an_owner_thread_computes_while_the_face_drains(void)
{
    struct world w;
    struct tarn_thread *thread;
    struct tarn_event ev;
    struct told t = { 0 };
    tarn_turn_id turn;
    struct tarn_turn_options opt = options();
    if (open_world(&w, 1024)) {
        say(&w, "What is 17 + 25?");
        CHECK(!tarn_turn_start(w.engine, w.chat, &opt, &turn, NULL));
        CHECK(!tarn_thread_start(&thread, owner, &w, NULL));
        while (!t.ended)
            while (tarn_engine_next_event(w.engine, &ev))
                take(&t, &ev);
        tarn_thread_join(thread);
        CHECK(strstr(t.answer, "42"));
    }
    close_world(&w);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "pocket.gguf";
    RUN(test_a_question_is_answered_into_the_chat);
    RUN(test_the_second_turn_computes_only_what_is_new);
    RUN(test_regenerate_gives_the_same_with_the_same_attempt);
    RUN(test_a_stop_keeps_what_is_written);
    RUN(test_a_stop_string_ends_the_answer_before_it);
    RUN(test_the_budget_closes_the_thought_at_n_tokens);
    RUN(test_e03_a_full_context_says_so);
    RUN(test_e06_a_chat_may_go_while_its_turn_runs);
    RUN(test_two_turns_at_once_say_what_each_says_alone);
    RUN(test_an_owner_thread_computes_while_the_face_drains);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
