/* go_on_test.c - an answer that was stopped or cut goes on: in its own message,
 * as if nothing had been, and nothing of it is lost whatever happens.
 *
 *   go_on_test POCKET.gguf
 */
#include "core/trace/trace.h"
#include "tests/engine/bits.h"

#define QUESTION "What is 17 + 25?"

static struct told straight; /* the answer without a stop */

static struct tarn_turn_options going_on(void)
{
    struct tarn_turn_options opt = options();
    opt.go_on = true;
    return opt;
}

static tarn_message_id last_id(const struct world *w, struct tarn_message *m)
{
    CHECK(tarn_chat_message(w->chat, tarn_chat_length(w->chat) - 1, m));
    return m->id;
}

/* The message at the chat's end is the straight answer, whole. */
static void check_whole(const struct world *w, const char *what)
{
    struct tarn_message m;
    size_t n;
    const tarn_message_id id = last_id(w, &m);
    const int32_t *ids = tarn_chat_ids(w->chat, id, &n);
    CHECK_SAYS(m.finished && m.n_siblings == 1 && m.thought &&
                   !strcmp(m.text, straight.answer) &&
                   !strcmp(m.thought, straight.thought),
               "%s: \"%s\" \"%s\"", what, m.thought, m.text);
    CHECK_SAYS(n == straight.n_tokens &&
                   !memcmp(ids, straight.ids, n * sizeof *ids),
               "%s: %zu of %u ids", what, n, straight.n_tokens);
}

static void test_a_stopped_answer_goes_on_in_its_message(void)
{
    struct tarn_turn_options opt = options(), on = going_on();
    struct world w;
    struct told t;
    if (open_world(&w, 512)) {
        say(&w, QUESTION);
        ask(&w, &opt, 0, &straight);
        CHECK(straight.sum.reason == TARN_STOP_END && straight.thought[0]);
    }
    close_world(&w);
    for (uint32_t at = 1; at < straight.n_tokens; at += 1 + at / 2) {
        struct tarn_message m;
        char what[40];
        snprintf(what, sizeof what, "stopped after %u", at);
        if (open_world(&w, 512)) {
            say(&w, QUESTION);
            ask(&w, &opt, at, &t);
            if (tarn_chat_length(w.chat) < 2) { /* nothing was said yet */
                close_world(&w);
                CHECK(at < 3);
                continue;
            }
            const tarn_message_id id = last_id(&w, &m);
            size_t n;
            tarn_chat_ids(w.chat, id, &n);
            CHECK(!m.finished && n == t.n_tokens && n < straight.n_tokens);
            ask(&w, &on, 0, &t);
            CHECK(last_id(&w, &m) == id && tarn_chat_length(w.chat) == 2);
            check_whole(&w, what);
            CHECK(t.n_tokens == straight.n_tokens &&
                  t.sum.n_thought == straight.sum.n_thought);
            CHECK_SAYS(t.sum.n_reused == t.sum.n_prompt &&
                           t.sum.n_replayed <= w.engine->cache.replay,
                       "%u of %u, %u again", t.sum.n_reused, t.sum.n_prompt,
                       t.sum.n_replayed);
            CHECK(tarn_chat_undo(w.chat) && !tarn_chat_length(w.chat));
        }
        close_world(&w);
    }
}

/* A few tokens at a time, by the limit. */
static void test_an_answer_cut_by_its_limit_goes_on(void)
{
    struct tarn_turn_options opt = options(), on = going_on();
    struct world w;
    struct told t;
    uint32_t times = 0;
    opt.max_tokens = on.max_tokens = 6;
    if (open_world(&w, 512)) {
        say(&w, QUESTION);
        ask(&w, &opt, 0, &t);
        CHECK(t.sum.reason == TARN_STOP_LENGTH && t.n_tokens == 6);
        while (t.sum.reason == TARN_STOP_LENGTH && ++times < 100) {
            const uint32_t before = t.n_tokens;
            ask(&w, &on, 0, &t);
            CHECK(t.n_tokens == before + 6 || t.sum.reason == TARN_STOP_END);
        }
        check_whole(&w, "six at a time");
        CHECK(times > 2);
        CHECK(bits_are_straight(w.engine, straight.ids, 8, 0));
    }
    close_world(&w);
}

/* Stopped before anything of it was told again, and in the middle of that. */
static void test_what_was_said_stays_whatever_happens(void)
{
    struct tarn_turn_options opt = options(), on = going_on();
    struct world w;
    struct told t;
    if (!open_world(&w, 512)) {
        close_world(&w);
        return;
    }
    say(&w, QUESTION);
    ask(&w, &opt, straight.n_tokens - 3, &t);
    char *before = NULL, *after = NULL;
    size_t size, n;
    CHECK(!tarn_chat_tree_json(w.chat, &before, &size, NULL));
    for (int events = 0; events < 60; events++) {
        tarn_turn_id turn;
        struct tarn_event ev;
        int k = 0;
        bool ended = false;
        CHECK(!tarn_turn_start(w.engine, w.chat, &on, &turn, NULL));
        struct tarn_command stop = { .size = sizeof stop, .turn = turn,
                                     .kind = TARN_CMD_STOP };
        CHECK(tarn_turn_start(w.engine, w.chat, &on, &turn, NULL) ==
              TARN_BUSY);
        if (!events)
            CHECK(!tarn_engine_post(w.engine, &stop, NULL));
        while (!ended) {
            tarn_engine_step(w.engine);
            while (tarn_engine_next_event(w.engine, &ev)) {
                if (++k == events)
                    CHECK(!tarn_engine_post(w.engine, &stop, NULL));
                if (k <= events) {
                    /* while it is told again, a file has all of it */
                    CHECK(!tarn_chat_tree_json(w.chat, &after, &n, NULL));
                    CHECK_SAYS(n >= size && strstr(after, "\"ids\""), "%s",
                               after);
                    tarn_text_free(after);
                }
                ended |= ev.kind == TARN_EV_END;
            }
        }
        CHECK(!tarn_chat_tree_json(w.chat, &after, &n, NULL));
        CHECK_SAYS(n + 20 >= size, "%d: %zu and %zu bytes: %s", events, n, size,
                   after);
        tarn_text_free(after);
        struct tarn_message m;
        last_id(&w, &m);
        if (m.finished)
            break;
    }
    struct tarn_message m;
    last_id(&w, &m);
    if (!m.finished)
        ask(&w, &on, 0, &t);
    check_whole(&w, "after many stops");
    tarn_text_free(before);
    close_world(&w);
}

static void check_refused(struct world *w, const struct tarn_turn_options *opt,
                          const char *word)
{
    struct tarn_error err = { TARN_OK, "" };
    tarn_turn_id turn;
    const enum tarn_status s = tarn_turn_start(w->engine, w->chat, opt, &turn,
                                               &err);
    CHECK_SAYS(s == TARN_USAGE && strstr(err.text, word), "%d %s", s, err.text);
}

static void test_only_the_last_answer_that_was_cut_goes_on(void)
{
    struct tarn_turn_options opt = options(), on = going_on();
    struct world w;
    struct told t;
    if (open_world(&w, 512)) {
        const int32_t begin = 300;
        check_refused(&w, &on, "last answer");
        tarn_message_id q = say(&w, QUESTION);
        check_refused(&w, &on, "last answer");
        ask(&w, &opt, 0, &t);
        check_refused(&w, &on, "stopped or cut");
        CHECK(!tarn_chat_select(w.chat, q, NULL));
        ask(&w, &opt, 4, &t);
        struct tarn_message m;
        const tarn_message_id a = last_id(&w, &m);
        on.begin = &begin;
        on.n_begin = 1;
        check_refused(&w, &on, "its own beginning");
        on.n_begin = 0;
        say(&w, "And then?");
        CHECK(!tarn_chat_select(w.chat, a, NULL));
        check_refused(&w, &on, "last answer"); /* a question follows it */
    }
    close_world(&w);
}

/* From a file that keeps no ids, or those of another model: what it said is
 * encoded. */
static void test_an_answer_without_ids_goes_on_from_its_text(void)
{
    static const int32_t OTHERS[] = { 300, 7, 301, 1 << 20 };
    struct tarn_turn_options on = going_on();
    struct world w;
    struct told t;
    for (int k = 0; k < 4; k++)
        if (open_world(&w, 512)) {
            const bool thought_only = k % 2;
            struct tarn_message_parts p = {
                .size = sizeof p, .role = TARN_ASSISTANT,
                .text = thought_only ? "" : "17 + 25 =",
                .text_size = thought_only ? 0 : 9, .thought = "17 + 25",
                .thought_size = 7, .ids = k < 2 ? NULL : OTHERS,
                .n_ids = k < 2 ? 0 : 4, .unfinished = true };
            struct tarn_message m;
            const tarn_message_id q = say(&w, QUESTION);
            CHECK(!tarn_chat_put(w.chat, q, &p, NULL, NULL));
            ask(&w, &on, 0, &t);
            last_id(&w, &m);
            CHECK_SAYS(m.finished && !strncmp(m.thought, "17 + 25", 7) &&
                           !strncmp(m.text, p.text, p.text_size) &&
                           m.text_size > p.text_size,
                       "\"%s\" \"%s\"", m.thought, m.text);
            CHECK(thought_only || m.thought_size == 7);
            close_world(&w);
        }
}

/* The record of the whole answer, computed again in one go. */
static void test_its_trace_is_computed_again(void)
{
    struct tarn_sampling s = tarn_sampling_default();
    struct tarn_turn_options opt = options(), on = going_on();
    struct world w;
    struct told t;
    s.seed = 11;
    opt.sampling = on.sampling = &s;
    on.max_tokens = 20;
    if (open_world(&w, 512)) {
        const struct tarn_text *text = tarn_model_text(w.model);
        const struct tarn_trace_info info = {
            .size = sizeof info, .n_vocab = tarn_text_n_vocab(text),
            .seed = s.seed };
        struct tarn_trace *trace = NULL, *again = NULL;
        struct tarn_trace_difference d;
        struct tarn_error err = { TARN_OK, "" };
        struct tarn_event ev;
        tarn_turn_id turn;
        bool ended = false;
        say(&w, QUESTION);
        ask(&w, &opt, 9, &t);
        CHECK(!tarn_turn_start(w.engine, w.chat, &on, &turn, &err));
        CHECK(tarn_turn_given(w.engine, turn) == t.n_tokens);
        CHECK(!tarn_trace_create(text, &info, &trace, &err) &&
              !tarn_trace_note(trace, w.engine, turn, &on, &err));
        while (!ended) {
            tarn_engine_step(w.engine);
            while (tarn_engine_next_event(w.engine, &ev)) {
                tarn_trace_take(trace, &ev);
                ended |= ev.kind == TARN_EV_END;
            }
        }
        CHECK(tarn_turn_given(w.engine, turn) == 0);
        const struct tarn_trace_turn *u = tarn_trace_turn(trace);
        CHECK(u && u->n_begin == t.n_tokens &&
              u->max_tokens == 20 + (int32_t)t.n_tokens);
        CHECK_SAYS(!tarn_trace_replay(trace, w.engine, text, &d, &again, &err),
                   "%s", err.text);
        CHECK_SAYS(!d.differs, "token %zu: %s", d.at, d.what);
        tarn_trace_destroy(again);
        tarn_trace_destroy(trace);
    }
    close_world(&w);
}

/* Every allocation of the turn fails once: the answer is what it was, or
 * longer. */
static void test_e01_no_memory_loses_nothing(void)
{
    struct tarn_turn_options opt = options(), on = going_on();
    struct world w;
    struct told t;
    on.max_tokens = 2;
    if (!open_world(&w, 512)) {
        close_world(&w);
        return;
    }
    say(&w, QUESTION);
    ask(&w, &opt, 8, &t);
    size_t least = t.n_tokens, n = 0;
    struct tarn_message m;
    const tarn_message_id id = last_id(&w, &m);
    for (uint64_t k = 1; k < 60; k++) {
        struct tarn_event ev;
        tarn_turn_id turn;
        bool ended = false;
        tarn_memory_fail_at(k, false);
        if (tarn_turn_start(w.engine, w.chat, &on, &turn, NULL))
            ended = true;
        while (!ended) {
            tarn_engine_step(w.engine);
            while (tarn_engine_next_event(w.engine, &ev))
                ended |= ev.kind == TARN_EV_END;
        }
        tarn_memory_fail_at(0, false);
        tarn_chat_ids(w.chat, id, &n);
        CHECK_SAYS(n >= least && !memcmp(tarn_chat_ids(w.chat, id, &n),
                                         straight.ids,
                                         (n < straight.n_tokens
                                              ? n : straight.n_tokens) *
                                             sizeof(int32_t)),
                   "%zu ids, there were %zu", n, least);
        least = n;
        last_id(&w, &m);
        if (m.finished)
            break;
    }
    on.max_tokens = 0;
    if (!m.finished)
        ask(&w, &on, 0, &t);
    check_whole(&w, "after failures");
    close_world(&w);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "pocket.gguf";
    RUN(test_a_stopped_answer_goes_on_in_its_message);
    RUN(test_an_answer_cut_by_its_limit_goes_on);
    RUN(test_what_was_said_stays_whatever_happens);
    RUN(test_only_the_last_answer_that_was_cut_goes_on);
    RUN(test_an_answer_without_ids_goes_on_from_its_text);
    RUN(test_its_trace_is_computed_again);
    RUN(test_e01_no_memory_loses_nothing);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
