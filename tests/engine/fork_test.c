/* fork_test.c - a turn that begins with given tokens, the experts of its
 * tokens, and the turn computed again from its record.
 *
 *   fork_test MODELS_DIR       (tiny models with random weights)
 */
#include <stdlib.h>

#include "backends/backend.h"
#include "core/base/memory.h"
#include "core/tarn.h"
#include "core/trace/trace.h"
#include "tests/tap.h"

#define MOST 60

/* The cpu backend's build for any processor of this kind. */
const struct tarn_backend *WORLD_BACKEND(void);

static const char *folder;
static bool goes_on; /* record() is of an answer that goes on, no fork */

struct world {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    struct tarn_sampling sampling;
};

static bool open_world(struct world *w, const char *name)
{
    static const struct tarn_backend *backends[1];
    backends[0] = WORLD_BACKEND();
    struct tarn_error err = { TARN_OK, "" };
    const struct tarn_runtime_options ro = { .size = sizeof ro,
                                             .backends = backends,
                                             .n_backends = 1, .threads = 1 };
    const struct tarn_engine_options eo = { .size = sizeof eo,
                                            .n_context = 1024,
                                            .max_rows = 32 };
    char path[512];
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    *w = (struct world){ .sampling = tarn_sampling_default() };
    w->sampling.temperature = 1;
    w->sampling.seed = 7;
    const bool good = !tarn_runtime_create(&ro, &w->rt, &err) &&
                      !tarn_model_open(w->rt, path, NULL, &w->model, &err) &&
                      !tarn_engine_create(w->model, &eo, &w->engine, &err);
    CHECK_SAYS(good, "%s: %s", name, err.text);
    return good;
}

static void close_world(struct world *w)
{
    tarn_engine_destroy(w->engine);
    tarn_model_close(w->model);
    tarn_runtime_destroy(w->rt);
}

/* The turn to its end; the record is the caller's.  stop_at, answer_at: after
 * so many tokens; 0: never. */
static struct tarn_trace *record(struct world *w, const int32_t *ids, size_t n,
                                 struct tarn_turn_options *opt,
                                 const struct tarn_trace *from, size_t stop_at,
                                 size_t answer_at)
{
    const struct tarn_model_info *m = tarn_model_info(w->model);
    struct tarn_trace_info info = { .size = sizeof info, .model = m->name,
                                    .n_vocab = m->n_vocab,
                                    .seed = w->sampling.seed,
                                    .attempt = opt->attempt };
    struct tarn_trace *t = NULL;
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_event ev;
    tarn_turn_id turn = 0;
    bool ended = false;
    if (opt->experts) {
        info.n_moe_layers = m->n_moe_layers;
        info.n_expert = m->n_expert;
        info.n_expert_used = m->n_expert_used;
    }
    opt->size = sizeof *opt;
    opt->sampling = &w->sampling;
    CHECK(!tarn_trace_create(tarn_model_text(w->model), &info, &t, &err));
    if (from && goes_on)
        CHECK(!tarn_trace_go_on(t, from, opt->n_begin, &err));
    else if (from)
        CHECK(!tarn_trace_inherit(t, from, opt->n_begin, &err));
    CHECK_SAYS(!tarn_turn_start_ids(w->engine, ids, n, opt, &turn, &err), "%s",
               err.text);
    CHECK(!tarn_trace_note(t, w->engine, turn, opt, &err));
    size_t n_tokens = 0;
    while (!ended && turn) {
        struct tarn_command c = { .size = sizeof c, .turn = turn };
        if (stop_at && n_tokens >= stop_at) {
            c.kind = TARN_CMD_STOP;
            tarn_engine_post(w->engine, &c, NULL);
        }
        if (answer_at && n_tokens >= answer_at) {
            answer_at = 0;
            c.kind = TARN_CMD_ANSWER_NOW;
            tarn_engine_post(w->engine, &c, NULL);
            tarn_trace_answered(t);
        }
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev)) {
            tarn_trace_take(t, &ev);
            n_tokens += ev.kind == TARN_EV_TOKEN;
            ended |= ev.kind == TARN_EV_END;
        }
    }
    return t;
}

static size_t prompt_of(const struct world *w, int32_t ids[3])
{
    const struct tarn_text *t = tarn_model_text(w->model);
    ids[0] = tarn_text_control(t, TARN_CTL_BOS);
    ids[1] = 40;
    ids[2] = tarn_text_control(t, TARN_CTL_THINK);
    return ids[2] < 0 ? 2 : 3;
}

static bool same_figures(const struct tarn_trace_token *a,
                         const struct tarn_trace_token *b)
{
    return a->id == b->id && !memcmp(&a->p, &b->p, 3 * sizeof(float)) &&
           !memcmp(a->best, b->best, sizeof a->best);
}

/* A fork at `at` with the second candidate: what follows is that of a straight
 * run whose prompt holds all of it, in another engine. */
static void check_fork(const char *name, size_t at)
{
    struct world w, fresh;
    int32_t ids[3 + MOST];
    if (!open_world(&w, name) || !open_world(&fresh, name))
        return;
    const size_t n_prompt = prompt_of(&w, ids);
    struct tarn_turn_options opt = { .max_tokens = MOST, .keep_loops = true,
                                     .experts = true };
    struct tarn_trace *a = record(&w, ids, n_prompt, &opt, NULL, 0, 0);
    size_t n, m, k;
    const struct tarn_trace_token *x = tarn_trace_tokens(a, &n);
    if (at >= n)
        at = n - 1;
    for (size_t i = 0; i < at; i++)
        ids[n_prompt + i] = x[i].id;
    ids[n_prompt + at] = x[at].best[x[at].best[0].id == x[at].id].id;
    opt.begin = ids + n_prompt;
    opt.n_begin = at + 1;
    struct tarn_trace *b = record(&w, ids, n_prompt, &opt, a, 0, 0);
    const struct tarn_trace_token *y = tarn_trace_tokens(b, &m);
    CHECK_SAYS(m > at, "%zu tokens", m);
    for (size_t i = 0; i < at && i < m; i++)
        CHECK_SAYS(same_figures(&x[i], &y[i]), "%s: kept token %zu", name, i);
    CHECK(y[at].id == ids[n_prompt + at]);
    CHECK((y[at].flags & TARN_TRACE_FORCED) && y[at].p > 0);
    CHECK(!memcmp(x[at].best, y[at].best, sizeof x[at].best));

    struct tarn_turn_options straight = { .max_tokens = MOST,
                                          .keep_loops = true,
                                          .experts = true };
    straight.max_tokens = (int32_t)(MOST - at - 1);
    struct tarn_trace *c = at + 1 < MOST
        ? record(&fresh, ids, n_prompt + at + 1, &straight, NULL, 0, 0) : NULL;
    const struct tarn_trace_token *z = c ? tarn_trace_tokens(c, &k) : NULL;
    for (size_t i = 0; c && i < k && at + 1 + i < m; i++) {
        const uint16_t *e[2], *g[2];
        const bool good = same_figures(&y[at + 1 + i], &z[i]);
        const size_t slots = tarn_model_info(w.model)->n_moe_layers *
                             tarn_model_info(w.model)->n_expert_used;
        CHECK_SAYS(good, "%s: fork at %zu, token %zu", name, at, i);
        CHECK(tarn_trace_experts_of(b, at + 1 + i, &e[0], &g[0]) ==
              (slots > 0));
        if (slots && tarn_trace_experts_of(c, i, &e[1], &g[1]))
            CHECK(!memcmp(e[0], e[1], slots * 2) &&
                  !memcmp(g[0], g[1], slots * 2));
    }
    CHECK(!c || m - at - 1 == k);
    tarn_trace_destroy(a);
    tarn_trace_destroy(b);
    tarn_trace_destroy(c);
    close_world(&w);
    close_world(&fresh);
}

static void test_a_fork_is_a_straight_run(void)
{
    static const size_t AT[] = { 0, 1, 5, 31, 40, MOST - 1 };
    for (size_t i = 0; i < sizeof AT / sizeof *AT; i++) {
        check_fork("moe-f32", AT[i]);
        check_fork("dense-q4_0", AT[i]);
    }
}

/* The tables are those of tarn_eval(): of the pass that drew the token. */
static void test_experts_are_those_of_the_pass(void)
{
    struct world w;
    int32_t ids[3 + MOST];
    uint16_t all[(3 + MOST) * 64];
    if (!open_world(&w, "moe-f32"))
        return;
    const size_t n_prompt = prompt_of(&w, ids);
    const size_t slots = tarn_model_info(w.model)->n_moe_layers *
                         tarn_model_info(w.model)->n_expert_used;
    struct tarn_turn_options opt = { .max_tokens = 20, .keep_loops = true,
                                     .experts = true };
    struct tarn_trace *t = record(&w, ids, n_prompt, &opt, NULL, 0, 0);
    size_t n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    for (size_t i = 0; i < n; i++)
        ids[n_prompt + i] = k[i].id;
    const struct tarn_eval io = { .size = sizeof io, .ids = ids,
                                  .n_ids = n_prompt + n, .experts = all };
    CHECK(slots > 0 && slots <= 64 && !tarn_eval(w.engine, &io, NULL));
    for (size_t i = 0; i < n; i++) {
        const uint16_t *e, *g;
        CHECK(tarn_trace_experts_of(t, i, &e, &g));
        CHECK_SAYS(!memcmp(e, all + (n_prompt + i - 1) * slots, slots * 2),
                   "token %zu", i);
    }
    opt.experts = false; /* not asked for: not there */
    struct tarn_trace *none = record(&w, ids, n_prompt, &opt, NULL, 0, 0);
    const uint16_t *e, *g;
    CHECK(!tarn_trace_experts_of(none, 0, &e, &g));
    tarn_trace_destroy(none);
    tarn_trace_destroy(t);
    close_world(&w);
}

static void replay(struct world *w, const struct tarn_trace *t, bool same,
                   size_t at, const char *what)
{
    struct tarn_buf b = { 0 };
    struct tarn_trace *loaded = NULL, *again = NULL;
    struct tarn_trace_difference d = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    CHECK(!tarn_trace_write(t, &b, &err));
    CHECK_SAYS(!tarn_trace_read(b.data, b.size, &loaded, &err), "%s", err.text);
    if (loaded)
        CHECK_SAYS(!tarn_trace_replay(loaded, w->engine,
                                      tarn_model_text(w->model), &d, &again,
                                      &err), "%s", err.text);
    CHECK_SAYS(d.differs == !same && (same || d.at == at) &&
               (same || !strcmp(d.what, what)),
               "%s at %zu: %s", d.differs ? "differs" : "same", d.at, d.what);
    tarn_trace_destroy(loaded);
    tarn_trace_destroy(again);
    tarn_buf_finish(&b);
}

static void check_replay(const char *name, struct tarn_turn_options opt,
                         size_t stop_at, size_t answer_at)
{
    struct world w, other;
    int32_t ids[3];
    if (!open_world(&w, name) || !open_world(&other, name))
        return;
    opt.experts = true;
    struct tarn_trace *t = record(&w, ids, prompt_of(&w, ids), &opt, NULL,
                                  stop_at, answer_at);
    replay(&other, t, true, 0, "");
    tarn_trace_destroy(t);
    close_world(&w);
    close_world(&other);
}

static void test_a_replay_is_the_same(void)
{
    static const char *const STOPS[] = { "\xc2\xa0never", "zz" };
    check_replay("moe-f32", (struct tarn_turn_options){ .max_tokens = MOST }, 0,
                 0);
    check_replay("moe-k", (struct tarn_turn_options){ .max_tokens = MOST,
                 .thought_budget = 9, .stops = STOPS, .n_stops = 2,
                 .attempt = 3 }, 0, 0);
    check_replay("moe-f32", (struct tarn_turn_options){ .max_tokens = 0 }, 17,
                 0);
    check_replay("dense-k", (struct tarn_turn_options){ .max_tokens = MOST }, 0,
                 11);
    check_replay("dense-k", (struct tarn_turn_options){ .max_tokens = MOST }, 30,
                 11);
    check_replay("dense-k", (struct tarn_turn_options){ .max_tokens = MOST,
                 .thought_budget = 5, .json_schema = "{\"enum\":[\"a\",7]}",
                 .attempt = 1 }, 0, 0);
}

static size_t check_circles(const char *name)
{
    struct world w, other;
    int32_t ids[3], begin[8];
    if (!open_world(&w, name) || !open_world(&other, name))
        return 0;
    w.sampling.temperature = 0;
    w.sampling.repeat_penalty = 1;
    struct tarn_turn_options opt = { .max_tokens = 600 };
    const size_t n_prompt = prompt_of(&w, ids);
    struct tarn_trace *t = record(&w, ids, n_prompt, &opt, NULL, 0, 0);
    size_t n_loops, n;
    tarn_trace_loops(t, &n_loops);
    replay(&other, t, true, 0, "");
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    for (int i = 0; i < 8; i++)
        begin[i] = k[i].id;
    begin[7] = k[7].best[1].id;
    opt.begin = begin;
    opt.n_begin = 8;
    struct tarn_trace *fork = record(&w, ids, n_prompt, &opt, t, 0, 0);
    replay(&other, fork, true, 0, "");
    tarn_trace_destroy(fork);
    tarn_trace_destroy(t);
    close_world(&w);
    close_world(&other);
    return n_loops;
}

/* Circles are taken back again, and a fork is forked again. */
static void test_circles_and_forks_are_replayed(void)
{
    const size_t n = check_circles("dense-f32") + check_circles("moe-k");
    CHECK_SAYS(n > 0, "no circle");
}

/* What `from` kept: so many ids. */
static size_t kept_ids(const struct tarn_trace *from, int32_t *ids)
{
    size_t n, kept = 0;
    const struct tarn_trace_token *k = tarn_trace_tokens(from, &n);
    for (size_t i = 0; i < n; i++)
        if (!(k[i].flags & TARN_TRACE_WITHDRAWN))
            ids[kept++] = k[i].id;
    return kept;
}

/* `t` begins with all of `from`, what was taken back and its times too. */
static void check_begins(const struct tarn_trace *t,
                         const struct tarn_trace *from, bool experts)
{
    size_t n, m, n_spans, m_spans, n_loops, m_loops;
    const struct tarn_trace_token *x = tarn_trace_tokens(from, &n);
    const struct tarn_trace_token *y = tarn_trace_tokens(t, &m);
    const struct tarn_trace_span *a = tarn_trace_spans(from, &n_spans);
    const struct tarn_trace_span *b = tarn_trace_spans(t, &m_spans);
    const struct tarn_trace_loop *k = tarn_trace_loops(from, &n_loops);
    const struct tarn_trace_loop *l = tarn_trace_loops(t, &m_loops);
    CHECK_SAYS(m >= n && m_spans >= n_spans && m_loops >= n_loops,
               "%zu tokens of %zu, %zu spans of %zu, %zu loops of %zu", m, n,
               m_spans, n_spans, m_loops, n_loops);
    for (size_t i = 0; i < n && i < m; i++) {
        const bool gone = x[i].flags & TARN_TRACE_WITHDRAWN;
        const uint16_t *e[2], *g[2];
        size_t size[2];
        const char *p = tarn_trace_bytes(from, i, &size[0]);
        const char *q = tarn_trace_bytes(t, i, &size[1]);
        CHECK_SAYS(same_figures(&x[i], &y[i]) && x[i].us == y[i].us &&
                       x[i].span == y[i].span && size[0] == size[1] &&
                       !memcmp(p, q, size[0]), "token %zu", i);
        CHECK(gone == ((y[i].flags & TARN_TRACE_BEFORE) != 0));
        CHECK(!gone || y[i].flags & TARN_TRACE_WITHDRAWN);
        CHECK(!experts || (tarn_trace_experts_of(from, i, &e[0], &g[0]) &&
                           tarn_trace_experts_of(t, i, &e[1], &g[1]) &&
                           !memcmp(e[0], e[1], 2) && !memcmp(g[0], g[1], 2)));
    }
    for (size_t i = n ? n : 1; i < m; i++)
        CHECK(y[i].us >= y[i - 1].us && !(y[i].flags & TARN_TRACE_BEFORE));
    for (size_t i = 0; i < n_spans && i < m_spans; i++)
        CHECK_SAYS(a[i].first == b[i].first && a[i].kind == b[i].kind &&
                       a[i].begin_us == b[i].begin_us &&
                       (i + 1 == n_spans || (a[i].n == b[i].n &&
                                             a[i].end_us == b[i].end_us)),
                   "span %zu", i);
    for (size_t i = 0; i < n_loops && i < m_loops; i++)
        CHECK(k[i].first == l[i].first && k[i].n == l[i].n &&
              k[i].broken == l[i].broken);
}

/* Stopped after `first` and again after `second` more tokens; then to the
 * end.  Each record is of all of the answer, and is replayed. */
static void check_going_on(const char *name, size_t first, size_t second,
                           bool experts)
{
    struct world w, other;
    int32_t ids[3], begin[700];
    if (!open_world(&w, name) || !open_world(&other, name))
        return;
    w.sampling.temperature = 0;
    w.sampling.repeat_penalty = 1;
    struct tarn_turn_options opt = { .max_tokens = 600, .experts = experts };
    const size_t n_prompt = prompt_of(&w, ids);
    struct tarn_trace *t[3];
    t[0] = record(&w, ids, n_prompt, &opt, NULL, first, 0);
    goes_on = true;
    opt.begin = begin;
    for (int i = 1; i < 3; i++) {
        opt.n_begin = kept_ids(t[i - 1], begin);
        t[i] = record(&w, ids, n_prompt, &opt, t[i - 1],
                      i == 1 ? opt.n_begin + second : 0, 0);
        check_begins(t[i], t[i - 1], experts);
        replay(&other, t[i], true, 0, "");
    }
    goes_on = false;
    for (int i = 0; i < 3; i++)
        tarn_trace_destroy(t[i]);
    close_world(&w);
    close_world(&other);
}

/* Stopped before anything was told again, and in the middle of that. */
static void check_ended_early(const char *name)
{
    struct world w;
    int32_t ids[3], begin[700];
    if (!open_world(&w, name))
        return;
    struct tarn_turn_options opt = { .max_tokens = 200, .experts = true };
    const size_t n_prompt = prompt_of(&w, ids);
    struct tarn_trace *whole = record(&w, ids, n_prompt, &opt, NULL, 40, 0);
    opt.n_begin = kept_ids(whole, begin);
    opt.begin = begin;
    const struct tarn_turn_summary sum = { .reason = TARN_STOP_CANCELLED };
    size_t n, m, n_spans, m_spans;
    const struct tarn_trace_token *x = tarn_trace_tokens(whole, &n);
    tarn_trace_spans(whole, &n_spans);
    for (size_t told = 0; told < opt.n_begin; told += 7) {
        struct tarn_trace *t = NULL;
        struct tarn_event ev = { .size = sizeof ev, .kind = TARN_EV_TOKEN };
        CHECK(!tarn_trace_create(tarn_model_text(w.model),
                                 tarn_trace_info(whole), &t, NULL));
        CHECK(!tarn_trace_go_on(t, whole, opt.n_begin, NULL));
        for (size_t i = 0; i < told; i++) {
            ev.id = x[i].id;
            tarn_trace_take(t, &ev);
        }
        ev = (struct tarn_event){ .size = sizeof ev, .kind = TARN_EV_END,
                                  .summary = &sum };
        tarn_trace_take(t, &ev);
        tarn_trace_tokens(t, &m);
        tarn_trace_spans(t, &m_spans);
        CHECK_SAYS(m == n && m_spans == n_spans, "%zu told: %zu", told, m);
        check_begins(t, whole, tarn_model_info(w.model)->n_moe_layers > 0);
        tarn_trace_destroy(t);
    }
    /* Another answer than the one that is told: as a fork of it. */
    struct tarn_trace *t = NULL;
    struct tarn_event ev = { .size = sizeof ev, .kind = TARN_EV_TOKEN,
                             .best = { { -1, 0 } } };
    CHECK(!tarn_trace_create(tarn_model_text(w.model), tarn_trace_info(whole),
                             &t, NULL));
    CHECK(!tarn_trace_go_on(t, whole, opt.n_begin, NULL));
    for (size_t i = 0; i < n; i++) {
        ev.id = x[i].id ^ (i == 9);
        tarn_trace_take(t, &ev);
    }
    const struct tarn_trace_token *y = tarn_trace_tokens(t, &m);
    CHECK(m == n && y[9].id != x[9].id && same_figures(&x[8], &y[8]));
    tarn_trace_destroy(t);
    /* Its clock goes on where it stood. */
    CHECK(!tarn_trace_create(tarn_model_text(w.model), tarn_trace_info(whole),
                             &t, NULL));
    CHECK(!tarn_trace_go_on(t, whole, opt.n_begin, NULL));
    for (size_t i = 0; i <= opt.n_begin; i++) {
        ev.ms = i < opt.n_begin ? 0.5 : 2;
        ev.id = begin[i < opt.n_begin ? i : 0];
        tarn_trace_take(t, &ev);
    }
    y = tarn_trace_tokens(t, &m);
    CHECK(m == n + 1 && y[n].us >= x[n - 1].us + 2000);
    tarn_trace_destroy(t);
    tarn_trace_destroy(whole);
    close_world(&w);
}

static void test_an_answer_that_goes_on_keeps_its_trace(void)
{
    static const char *const NAMES[] = { "dense-f32", "moe-k" };
    size_t n_loops = 0;
    for (int i = 0; i < 2; i++) {
        struct world w;
        int32_t ids[3];
        size_t n, n_first = 0, n_last = 0;
        if (!open_world(&w, NAMES[i]))
            return;
        w.sampling.temperature = 0;
        w.sampling.repeat_penalty = 1;
        struct tarn_turn_options opt = { .max_tokens = 600 };
        struct tarn_trace *t = record(&w, ids, prompt_of(&w, ids), &opt, NULL,
                                      0, 0);
        const struct tarn_trace_loop *l = tarn_trace_loops(t, &n);
        if (n) {
            n_first = l[0].first + l[0].n;
            n_last = l[n - 1].first + l[n - 1].n - n_first;
        }
        n_loops += n;
        tarn_trace_destroy(t);
        close_world(&w);
        check_ended_early(NAMES[i]);
        if (!n)
            continue;
        if (i == 0) /* just taken back */
            check_going_on(NAMES[i], n_first, 3, false);
        else
            check_going_on(NAMES[i], n_first / 2, n_last, true);
        check_going_on(NAMES[i], n_first + 5, n_last / 2, i == 1);
    }
    CHECK_SAYS(n_loops > 0, "no circle");
}

static void test_a_replay_says_where_not(void)
{
    struct world w;
    int32_t ids[3];
    if (!open_world(&w, "moe-f32"))
        return;
    struct tarn_turn_options opt = { .max_tokens = 30, .experts = true };
    struct tarn_trace *t = record(&w, ids, prompt_of(&w, ids), &opt, NULL, 0, 0);
    size_t n;
    struct tarn_trace_token *k;
    const struct tarn_trace_token *borrowed = tarn_trace_tokens(t, &n);
    memcpy(&k, &borrowed, sizeof k); /* damage it on purpose */
    k[13].p_after *= 0.5f;
    replay(&w, t, false, 13, "probability");
    k[12].best[7].id ^= 1;
    replay(&w, t, false, 12, "candidates");
    k[5].id ^= 1;
    replay(&w, t, false, 5, "token");
    k[2].entropy_bits += 0.25f;
    replay(&w, t, false, 2, "entropy");
    tarn_trace_destroy(t);
    close_world(&w);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    RUN(test_a_fork_is_a_straight_run);
    RUN(test_experts_are_those_of_the_pass);
    RUN(test_a_replay_is_the_same);
    RUN(test_circles_and_forks_are_replayed);
    RUN(test_an_answer_that_goes_on_keeps_its_trace);
    RUN(test_a_replay_says_where_not);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
