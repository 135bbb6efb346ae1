/* turn_test.c - turns from outside: events, chats, stops, reuse of the cache.
 *
 *   turn_test MODEL.gguf      (any model with a chat layout; pocket in meson)
 */
#include "core/base/thread.h"
#include "tests/engine/world.h"

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
        say(&w, "What is 4821 + 977?");
        ask(&w, &opt, 0, &again);
        CHECK_SAYS(again.sum.n_reused >= t.sum.n_prompt,
                   "%u of %u, first prompt %u", again.sum.n_reused,
                   again.sum.n_prompt, t.sum.n_prompt);
        CHECK_SAYS(strstr(again.answer, "5798"), "\"%s\"", again.answer);
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
