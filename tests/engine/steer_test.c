/* steer_test.c - budget, "answer now", forced tokens, stop strings and the undo
 * of a broken circle: exact in what they do, and what they leave behind is the
 * state of a straight run, bit for bit.
 *
 *   steer_test POCKET.gguf MODELS_DIR
 */
#include "core/trace/trace.h"
#include "tests/engine/bits.h"

#define MOST 512

static const char *folder;

/* A turn, token by token. */
struct seen {
    int32_t ids[MOST];     /* what stayed */
    int32_t second[MOST];  /* the runner-up of each */
    int32_t back[MOST];    /* what was taken back first, and where */
    uint32_t n, n_back, back_at, n_breaks;
    struct tarn_turn_summary sum;
    char answer[2048];
    bool ended;
};

static void see(struct seen *s, const struct tarn_event *ev)
{
    if (ev->kind == TARN_EV_TOKEN && s->n < MOST) {
        s->second[s->n] = ev->best[1].id;
        s->ids[s->n++] = ev->id;
    } else if (ev->kind == TARN_EV_WITHDRAWN) {
        if (!s->n_breaks++) {
            s->back_at = ev->at;
            s->n_back = (uint32_t)ev->total;
            memcpy(s->back, s->ids + ev->at, s->n_back * sizeof *s->back);
        }
        s->n = ev->at;
    } else if (ev->kind == TARN_EV_TEXT && ev->span == TARN_SPAN_ANSWER) {
        add(s->answer, sizeof s->answer, ev->text, ev->text_size);
    } else if (ev->kind == TARN_EV_END) {
        s->sum = *ev->summary;
        s->ended = true;
    }
}

/* now_at: "answer now" after that many tokens; 0: never.  trace: or NULL. */
static void watch_into(struct world *w, tarn_turn_id turn, uint32_t now_at,
                       struct seen *s, struct tarn_trace *trace)
{
    struct tarn_event ev;
    *s = (struct seen){ 0 };
    for (int i = 0; i < 4000 && !s->ended; i++) {
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev)) {
            see(s, &ev);
            if (trace)
                tarn_trace_take(trace, &ev);
        }
        if (now_at && s->n >= now_at) {
            struct tarn_command cmd = { .size = sizeof cmd, .turn = turn,
                                        .kind = TARN_CMD_ANSWER_NOW };
            CHECK(!tarn_engine_post(w->engine, &cmd, NULL));
            now_at = 0;
        }
    }
    CHECK(s->ended);
}

static void watch(struct world *w, tarn_turn_id turn, uint32_t now_at,
                  struct seen *s)
{
    watch_into(w, turn, now_at, s, NULL);
}

static void turn_of(struct world *w, const struct tarn_turn_options *opt,
                    uint32_t now_at, struct seen *s)
{
    struct tarn_error err = { TARN_OK, "" };
    tarn_turn_id turn;
    if (tarn_turn_start(w->engine, w->chat, opt, &turn, &err))
        CHECK_SAYS(false, "%s", err.text);
    else
        watch(w, turn, now_at, s);
}

/* Tokens between <think> and </think>; where in `s` the latter is. */
static uint32_t inside(const struct world *w, const struct seen *s,
                       uint32_t *close)
{
    const struct tarn_text *t = tarn_model_text(w->model);
    uint32_t open = 0;
    *close = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->ids[i] == tarn_text_control(t, TARN_CTL_THINK))
            open = i + 1;
        if (s->ids[i] == tarn_text_control(t, TARN_CTL_THINK_END) && !*close)
            *close = i;
    }
    return *close - open;
}

/* The prompt that the turn had, and behind it what was generated (but for the
 * last token, which was not run). */
static uint32_t whole(const struct world *w, const struct seen *s,
                      int32_t *ids, uint32_t *n_prompt)
{
    struct tarn_kv_cache *c = &w->engine->cache;
    const struct tarn_sequence *last = NULL;
    for (uint32_t i = 0; i < c->n_slots; i++)
        if (!last || c->seqs[i].used_at > last->used_at)
            last = &c->seqs[i];
    *n_prompt = s->sum.n_prompt;
    memcpy(ids, last->ids, *n_prompt * sizeof *ids);
    memcpy(ids + *n_prompt, s->ids, s->n * sizeof *ids);
    CHECK(last->n_kv + 1 >= *n_prompt + s->n);
    CHECK(!memcmp(ids, last->ids, last->n_kv * sizeof *ids));
    return *n_prompt + s->n;
}

static void check_straight(struct world *w, const struct seen *s)
{
    int32_t ids[2 * MOST];
    uint32_t n_prompt, n = whole(w, s, ids, &n_prompt);
    CHECK(bits_are_straight(w->engine, ids, n, n - 2));
}

static void test_a_budget_of_n_closes_the_thought_behind_n_tokens(void)
{
    static const int32_t BUDGETS[] = { 0, 1, 2, 19 };
    struct tarn_turn_options opt = options();
    struct world w;
    struct seen s;
    uint32_t close;
    if (open_world(&w, 512)) {
        tarn_message_id q = say(&w, "What is 123456 + 654321?");
        for (int i = 0; i < 4; i++) {
            opt.thought_budget = BUDGETS[i];
            opt.budget_given = true;
            CHECK(!tarn_chat_select(w.chat, q, NULL));
            turn_of(&w, &opt, 0, &s);
            CHECK_SAYS(inside(&w, &s, &close) == (uint32_t)BUDGETS[i] &&
                           s.sum.n_thought == (uint32_t)BUDGETS[i],
                       "%u and %u for a budget of %d", inside(&w, &s, &close),
                       s.sum.n_thought, BUDGETS[i]);
            CHECK(s.answer[0]);
            check_straight(&w, &s);
        }
    }
    close_world(&w);
}

/* The thought of a model with random weights, which has no end of its own.
 * `drawn`: its tag is the answer's first token, not the prompt's last. */
static void check_budget(const char *name, int32_t budget, bool drawn)
{
    struct tarn_sampling greedy = tarn_sampling_default();
    struct tarn_turn_options opt = options();
    struct world w;
    struct seen s;
    tarn_turn_id turn;
    char path[512];
    const char *pocket = model_path;
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    model_path = strcmp(name, "pocket") ? path : pocket;
    greedy.temperature = 0;
    opt.sampling = &greedy;
    opt.keep_loops = opt.budget_given = true;
    opt.thought_budget = budget;
    opt.max_tokens = budget + 6;
    if (open_world(&w, 512)) {
        const struct tarn_text *t = tarn_model_text(w.model);
        const int32_t think = tarn_text_control(t, TARN_CTL_THINK);
        const int32_t ids[] = { tarn_text_control(t, TARN_CTL_BOS), 40, think };
        const struct tarn_trace_info info = {
            .size = sizeof info, .n_vocab = tarn_text_n_vocab(t) };
        struct tarn_trace *trace = NULL;
        uint32_t close;
        opt.begin = &think;
        opt.n_begin = drawn;
        CHECK(!tarn_trace_create(t, &info, &trace, NULL));
        CHECK(!tarn_turn_start_ids(w.engine, ids, drawn ? 2 : 3, &opt, &turn,
                                   NULL));
        watch_into(&w, turn, 0, &s, trace);
        const uint32_t n = inside(&w, &s, &close);
        const struct tarn_trace_summary sum = tarn_trace_summary(trace);
        CHECK_SAYS(n == (uint32_t)budget && s.sum.n_thought == n &&
                       sum.tokens == n && close == n + drawn,
                   "%s: %u, %u and %u for a budget of %d", name, n,
                   s.sum.n_thought, sum.tokens, budget);
        CHECK(sum.end == TARN_TRACE_END_BUDGET);
        CHECK(s.sum.n_thought + s.sum.n_answer + 1 + drawn == s.sum.n_total ||
              s.sum.reason == TARN_STOP_END);
        if (drawn && budget < 2)
            check_straight(&w, &s);
        tarn_trace_destroy(trace);
    }
    close_world(&w);
    model_path = pocket;
}

/* Whatever kind of token the file calls the tags: pocket calls them
 * user-defined, the others control. */
static void test_a_budget_counts_no_tag(void)
{
    static const int32_t BUDGETS[] = { 0, 1, 2, 64 };
    for (int i = 0; i < 4; i++) {
        check_budget("dense-k", BUDGETS[i], true);
        check_budget("moe-k", BUDGETS[i], false);
    }
    check_budget("pocket", 0, true);
    check_budget("pocket", 1, true);
}

/* As it was before there was a budget of 0. */
static void test_a_budget_that_is_not_given_is_none(void)
{
    struct tarn_turn_options opt = options();
    struct world w;
    struct seen s, same;
    if (open_world(&w, 512)) {
        tarn_message_id q = say(&w, "What is 17 + 25?");
        turn_of(&w, &opt, 0, &s);
        opt.thought_budget = -1;
        opt.budget_given = true;
        CHECK(!tarn_chat_select(w.chat, q, NULL));
        turn_of(&w, &opt, 0, &same);
        CHECK(s.n == same.n && !memcmp(s.ids, same.ids, s.n * sizeof *s.ids));
        CHECK(s.sum.n_thought > 2);
    }
    close_world(&w);
}

static void test_answer_now_closes_the_thought_within_one_token(void)
{
    struct tarn_turn_options opt = options();
    struct world w;
    struct seen s;
    uint32_t close;
    if (open_world(&w, 512)) {
        tarn_message_id q = say(&w, "What is 123456 + 654321?");
        for (uint32_t at = 2; at < 12; at += 4) {
            CHECK(!tarn_chat_select(w.chat, q, NULL));
            turn_of(&w, &opt, at, &s);
            inside(&w, &s, &close);
            CHECK_SAYS(close == at, "asked after %u tokens, closed by token %u",
                       at, close);
            CHECK(s.answer[0]);
            check_straight(&w, &s);
        }
    }
    close_world(&w);
}

static void test_a_forced_token_goes_on_like_a_straight_run(void)
{
    struct tarn_turn_options opt = options();
    struct world w, fresh;
    struct seen s, fork, same;
    if (open_world(&w, 512) && open_world(&fresh, 512)) {
        tarn_message_id q = say(&w, "What is 17 + 25?");
        say(&fresh, "What is 17 + 25?");
        turn_of(&w, &opt, 0, &s);
        for (uint32_t at = 1; at + 2 < s.n; at += s.n / 3) {
            int32_t begin[MOST];
            memcpy(begin, s.ids, at * sizeof *begin);
            begin[at] = s.second[at];
            if (tarn_text_is_end(tarn_model_text(w.model), begin[at]))
                continue;
            opt.begin = begin;
            opt.n_begin = at + 1;
            opt.attempt = at;
            CHECK(!tarn_chat_select(w.chat, q, NULL));
            turn_of(&w, &opt, 0, &fork);
            CHECK(!memcmp(fork.ids, begin, (at + 1) * sizeof *begin));
            CHECK_SAYS(fork.sum.n_reused == fork.sum.n_prompt &&
                           fork.sum.n_replayed <= w.engine->cache.replay,
                       "%u of %u, %u again", fork.sum.n_reused,
                       fork.sum.n_prompt, fork.sum.n_replayed);
            CHECK(!tarn_chat_select(fresh.chat, 1, NULL));
            turn_of(&fresh, &opt, 0, &same);
            CHECK(fork.n == same.n && fork.sum.n_thought == same.sum.n_thought
                  && !memcmp(fork.ids, same.ids, fork.n * sizeof *fork.ids));
            check_straight(&w, &fork);
        }
        struct tarn_message m;
        CHECK(tarn_chat_message(w.chat, 1, &m) && m.n_siblings > 2);
    }
    close_world(&fresh);
    close_world(&w);
}

static void test_an_answer_may_not_begin_with_its_end(void)
{
    struct tarn_turn_options opt = options();
    struct tarn_error err = { TARN_OK, "" };
    struct world w;
    tarn_turn_id turn;
    if (open_world(&w, 512)) {
        const struct tarn_text *t = tarn_model_text(w.model);
        int32_t begin[2] = { 40, tarn_text_control(t, TARN_CTL_IM_END) };
        opt.begin = begin;
        opt.n_begin = 2;
        say(&w, "Hi");
        CHECK(tarn_turn_start(w.engine, w.chat, &opt, &turn, &err) ==
              TARN_USAGE && strstr(err.text, "token 1"));
        begin[1] = (int32_t)tarn_text_n_vocab(t);
        CHECK(tarn_turn_start(w.engine, w.chat, &opt, &turn, &err) ==
              TARN_USAGE && strstr(err.text, "vocabulary"));
        CHECK(tarn_chat_length(w.chat) == 1);
    }
    close_world(&w);
}

/* A begin of more tokens than a ring of events holds. */
static void test_a_long_beginning_is_told_in_pieces(void)
{
    static int32_t begin[2000];
    struct tarn_turn_options opt = options();
    struct tarn_event ev;
    struct world w;
    tarn_turn_id turn;
    uint32_t n = 0, most = 0;
    bool ended = false;
    for (int i = 0; i < 2000; i++)
        begin[i] = 300 + i % 700;
    opt.begin = begin;
    opt.n_begin = 2000;
    opt.max_tokens = 2000;
    if (open_world(&w, 2048)) {
        say(&w, "Hi");
        CHECK(!tarn_turn_start(w.engine, w.chat, &opt, &turn, NULL));
        for (int i = 0; i < 1000 && !ended; i++) {
            uint32_t at_once = 0;
            tarn_engine_step(w.engine);
            while (tarn_engine_next_event(w.engine, &ev)) {
                if (ev.kind == TARN_EV_TOKEN && ++at_once)
                    CHECK(ev.id == begin[n++] && ev.at == n);
                ended |= ev.kind == TARN_EV_END;
            }
            most = at_once > most ? at_once : most;
        }
        CHECK_SAYS(ended && n == 2000 && most < 1500, "%u, %u at once", n,
                   most);
    }
    close_world(&w);
}

static void test_a_stop_string_over_several_tokens_leaves_a_good_state(void)
{
    const char *const stops[] = { "5 = 4" };
    struct tarn_turn_options opt = options();
    struct world w;
    struct seen s, next;
    struct tarn_message m;
    if (open_world(&w, 512)) {
        say(&w, "What is 17 + 25?");
        opt.stops = stops;
        opt.n_stops = 1;
        turn_of(&w, &opt, 0, &s);
        CHECK(s.sum.reason == TARN_STOP_STRING);
        CHECK_SAYS(!strcmp(s.answer, "17 + 2"), "\"%s\"", s.answer);
        CHECK(tarn_chat_message(w.chat, 1, &m) && m.finished &&
              !strcmp(m.text, "17 + 2"));
        check_straight(&w, &s);
        say(&w, "What is 4821 + 977?");
        opt.n_stops = 0;
        turn_of(&w, &opt, 0, &next);
        CHECK_SAYS(strstr(next.answer, "5798"), "\"%s\"", next.answer);
        check_straight(&w, &next);
    }
    close_world(&w);
}

/* ---------------------------------------------------------- broken circles */
static void run_ids(struct world *w, const struct tarn_turn_options *opt,
                    struct seen *s)
{
    const struct tarn_text *t = tarn_model_text(w->model);
    const int32_t ids[3] = { tarn_text_control(t, TARN_CTL_BOS), 40,
                             tarn_text_control(t, TARN_CTL_THINK) };
    tarn_turn_id turn;
    CHECK(!tarn_turn_start_ids(w->engine, ids, 3, opt, &turn, NULL));
    watch(w, turn, 0, s);
}

static void check_undo(const char *name, uint32_t *n_loops)
{
    struct tarn_sampling greedy = tarn_sampling_default();
    struct tarn_turn_options opt = options();
    struct world w, fresh;
    struct seen s, undone, straight;
    char path[512];
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    const char *pocket = model_path;
    model_path = path;
    greedy.temperature = 0;
    greedy.repeat_penalty = 1;
    opt.sampling = &greedy;
    opt.max_tokens = 260;
    if (open_world(&w, 1024) && open_world(&fresh, 1024)) {
        run_ids(&w, &opt, &s);
        check_straight(&w, &s);
        if (s.n_breaks) {
            int32_t begin[MOST];
            ++*n_loops;
            memcpy(begin, s.ids, s.back_at * sizeof *begin);
            memcpy(begin + s.back_at, s.back, s.n_back * sizeof *begin);
            opt.keep_loops = true;
            run_ids(&fresh, &opt, &straight);
            opt.begin = begin;
            opt.n_begin = s.back_at + s.n_back;
            run_ids(&w, &opt, &undone);
            CHECK_SAYS(undone.n == straight.n && !undone.n_breaks &&
                           !memcmp(undone.ids, straight.ids,
                                   undone.n * sizeof *undone.ids),
                       "%s: %u and %u tokens", name, undone.n, straight.n);
            check_straight(&w, &undone);
        }
    }
    close_world(&fresh);
    close_world(&w);
    model_path = pocket;
}

static void test_a_broken_circle_and_its_undo_leave_a_good_state(void)
{
    static const char *const NAMES[] = { "dense-k", "dense-legacy", "moe-k" };
    uint32_t n_loops = 0;
    for (int i = 0; i < 3; i++)
        check_undo(NAMES[i], &n_loops);
    CHECK_SAYS(n_loops > 0, "no circle was met");
    printf("# %u circles\n", n_loops);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "pocket.gguf";
    folder = argc > 2 ? argv[2] : ".";
    RUN(test_a_budget_of_n_closes_the_thought_behind_n_tokens);
    RUN(test_a_budget_counts_no_tag);
    RUN(test_a_budget_that_is_not_given_is_none);
    RUN(test_answer_now_closes_the_thought_within_one_token);
    RUN(test_a_forced_token_goes_on_like_a_straight_run);
    RUN(test_an_answer_may_not_begin_with_its_end);
    RUN(test_a_long_beginning_is_told_in_pieces);
    RUN(test_a_stop_string_over_several_tokens_leaves_a_good_state);
    RUN(test_a_broken_circle_and_its_undo_leave_a_good_state);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
