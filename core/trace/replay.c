/* replay.c - a turn computed again, and where two records of it part.
 *
 * The numerics contract makes every CPU build give the same bits, and a draw
 * depends on seed, position and attempt alone; so the same prompt and settings
 * must give the same tokens, figures and experts.  What a person did meanwhile
 * ("answer now", stop) is in the record and is done again at the same token. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/trace/record.h"

enum { BEHIND = 8 }; /* tokens computed behind the first difference */

enum tarn_status tarn_trace_note(struct tarn_trace *t,
                                 const struct tarn_engine *engine,
                                 tarn_turn_id id,
                                 const struct tarn_turn_options *opt,
                                 struct tarn_error *err)
{
    struct tarn_state_memory state;
    tarn_engine_state_memory(engine, &state);
    struct tarn_trace_turn turn = {
        .budget = opt->thought_budget > 0 ? opt->thought_budget : 0,
        .max_tokens = opt->max_tokens > 0 ? opt->max_tokens : 0,
        .n_begin = (uint32_t)(opt->go_on ? tarn_turn_given(engine, id)
                                         : opt->n_begin),
        .keep_loops = opt->keep_loops,
        .stops = opt->stops,
        .n_stops = opt->n_stops,
        .kv_type = tarn_engine_kv_type(engine),
        .n_context = tarn_engine_context(engine),
        .json_schema = opt->json_schema,
        .tools_json = opt->tools_json,
        .free_calls = opt->free_calls,
        .budget_given = opt->budget_given && opt->thought_budget >= 0,
        .page_tokens = state.page_tokens,
        .page_bytes = state.page_bytes,
        .tail_bytes = state.chat_tail_bytes,
    };
    if (!opt->sampling)
        return tarn_fail(err, TARN_USAGE,
                         "a trace needs the turn's own settings");
    turn.sampling = *opt->sampling;
    if (opt->go_on && turn.max_tokens > 0 &&
        turn.n_begin < (uint32_t)(INT32_MAX - turn.max_tokens))
        turn.max_tokens += (int32_t)turn.n_begin;
    turn.prompt = tarn_turn_prompt(engine, id, &turn.n_prompt);
    return turn.prompt ? tarn_trace_set_turn(t, &turn, err)
                       : tarn_fail(err, TARN_USAGE, "the turn has ended");
}

/* ----------------------------------------------------------------- comparing
 */
static bool same_bits(float a, float b)
{
    return !memcmp(&a, &b, sizeof a);
}

static const char *difference(const struct tarn_trace *a,
                              const struct tarn_trace *b, size_t i)
{
    const struct tarn_trace_token *x = &a->tokens[i], *y = &b->tokens[i];
    const uint16_t *xi, *xg, *yi, *yg;
    if (x->id != y->id)
        return "token";
    if (!same_bits(x->entropy_bits, y->entropy_bits))
        return "entropy";
    if (!same_bits(x->p, y->p) || !same_bits(x->p_after, y->p_after))
        return "probability";
    if (memcmp(x->best, y->best, sizeof x->best))
        return "candidates";
    if (x->span != y->span)
        return "span";
    if (tarn_trace_experts_of(a, i, &xi, &xg) &&
        tarn_trace_experts_of(b, i, &yi, &yg) && a->n_slots == b->n_slots) {
        const size_t n = a->n_slots * sizeof *xi;
        if (memcmp(xi, yi, n) || memcmp(xg, yg, n))
            return "experts";
    }
    return NULL;
}

/* Tokens from `at` on that both have. */
static struct tarn_trace_difference
compare_from(const struct tarn_trace *a, const struct tarn_trace *b, size_t at)
{
    const size_t n = a->n_tokens < b->n_tokens ? a->n_tokens : b->n_tokens;
    for (; at < n; at++) {
        const char *what = difference(a, b, at);
        if (what)
            return (struct tarn_trace_difference){ true, at, what };
    }
    return (struct tarn_trace_difference){ false, n, "" };
}

struct tarn_trace_difference tarn_trace_compare(const struct tarn_trace *a,
                                                const struct tarn_trace *b)
{
    struct tarn_trace_difference d = compare_from(a, b, 0);
    if (d.differs)
        return d;
    d.differs = a->n_tokens != b->n_tokens;
    d.what = d.differs ? "length" : "";
    for (size_t i = 0; !d.differs && i < a->n_tokens; i++)
        if (a->tokens[i].flags != b->tokens[i].flags)
            d = (struct tarn_trace_difference){ true, i, "flags" };
    return d;
}

/* -------------------------------------------------------------------- again */
struct again {
    const struct tarn_trace *from;
    struct tarn_trace *to;
    struct tarn_engine *engine;
    tarn_turn_id turn;
    size_t answer_at; /* token that closes a thought on request */
    bool told_answer, told_stop, ended;
    struct tarn_trace_difference found;
    struct tarn_error failure;
};

/* The closing tag that "answer now" forced: it ends the last thought. */
static size_t find_answer(const struct tarn_trace *t)
{
    size_t at = SIZE_MAX;
    if (t->end != TARN_TRACE_END_ANSWERED)
        return at;
    for (size_t i = t->n_spans; i-- > 0 && at == SIZE_MAX;)
        if (t->spans[i].kind == TARN_SPAN_THOUGHT)
            at = t->spans[i].first + t->spans[i].n;
    if (at > t->n_tokens)
        return SIZE_MAX;
    /* a tag may be several tokens, and it may be inside or behind the span */
    while (at < t->n_tokens && t->tokens[at].flags & TARN_TRACE_FORCED)
        at++;
    while (at && t->tokens[at - 1].flags & TARN_TRACE_FORCED)
        at--;
    return at;
}

static void post(struct again *g, enum tarn_command_kind kind)
{
    const struct tarn_command cmd = { .size = sizeof cmd,
                                      .kind = kind,
                                      .turn = g->turn };
    tarn_engine_post(g->engine, &cmd, NULL);
}

/* What a person did at this place, and an end where nothing is left to say. */
static void act(struct again *g)
{
    const struct tarn_trace *f = g->from;
    const size_t n = g->to->n_tokens;
    if (g->to->before)
        return; /* that is told again, not done again */
    if (n == g->answer_at && !g->told_answer) {
        g->told_answer = true;
        tarn_trace_answered(g->to);
        post(g, TARN_CMD_ANSWER_NOW);
    }
    /* A circle of an answer is broken behind its last token, if asked for. */
    for (size_t i = 0; i < f->n_loops; i++) {
        const struct tarn_trace_loop *l = &f->loops[i];
        if (l->n && l->first < f->n_tokens && n + 1 == l->first + l->n &&
            f->tokens[l->first].span == TARN_SPAN_ANSWER)
            post(g, TARN_CMD_BREAK_CIRCLE);
    }
    const bool stopped = f->reason == TARN_STOP_CANCELLED ||
                         f->reason == TARN_STOP_FAILED || !f->reason;
    const bool enough = (stopped && n >= f->n_tokens) ||
                        n > f->n_tokens + BEHIND ||
                        (g->found.differs && n > g->found.at + BEHIND);
    if (enough && !g->told_stop) {
        g->told_stop = true;
        post(g, TARN_CMD_STOP);
    }
}

static void drain(struct again *g)
{
    struct tarn_event ev;
    while (tarn_engine_next_event(g->engine, &ev)) {
        if (ev.turn != g->turn)
            continue;
        const size_t before = g->to->n_tokens;
        tarn_trace_take(g->to, &ev);
        if (!g->found.differs && !g->to->before && g->to->n_tokens > before)
            g->found = compare_from(g->from, g->to, before);
        if (ev.kind == TARN_EV_END) {
            g->ended = true;
            if (ev.error)
                g->failure = *ev.error;
        }
    }
}

static enum tarn_status start(struct again *g, const struct tarn_text *text,
                              struct tarn_error *err)
{
    const struct tarn_trace *f = g->from;
    const struct tarn_trace_turn *u = &f->turn;
    struct tarn_turn_options opt = {
        .size = sizeof opt,
        .sampling = &u->sampling,
        .thought_budget = u->budget,
        .max_tokens = u->max_tokens,
        .stops = u->stops,
        .n_stops = u->n_stops,
        .attempt = f->info.attempt,
        .keep_loops = u->keep_loops,
        .json_schema = u->json_schema,
        .tools_json = u->tools_json,
        .free_calls = u->free_calls,
        .budget_given = u->budget_given,
        .experts = f->room_experts > 0,
    };
    struct tarn_sampling sampling = u->sampling;
    sampling.size = sizeof sampling;
    sampling.seed = f->info.seed;
    opt.sampling = &sampling;
    struct tarn_trace_info info = f->info;
    if (u->n_begin > f->n_tokens)
        return tarn_fail(err, TARN_BAD_FILE,
                         "the trace has fewer tokens than were given to it");
    int32_t *begin = tarn_alloc(u->n_begin, sizeof *begin);
    if (!begin)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory to replay the trace");
    size_t n = 0;
    for (size_t i = 0; i < f->n_tokens && n < u->n_begin; i++)
        if (!(f->tokens[i].flags & TARN_TRACE_BEFORE))
            begin[n++] = f->tokens[i].id;
    opt.begin = begin;
    opt.n_begin = n;
    enum tarn_status s = tarn_trace_create(text, &info, &g->to, err);
    if (!s && n)
        s = tarn_trace_begin_as(g->to, f, n, TARN_TRACE_BEFORE, err);
    if (!s)
        s = tarn_turn_start_ids(g->engine, u->prompt, u->n_prompt, &opt,
                                &g->turn, err);
    if (!s)
        s = tarn_trace_set_turn(g->to, u, err);
    tarn_free(begin);
    return s;
}

enum tarn_status tarn_trace_replay(const struct tarn_trace *t,
                                   struct tarn_engine *engine,
                                   const struct tarn_text *text,
                                   struct tarn_trace_difference *out,
                                   struct tarn_trace **again,
                                   struct tarn_error *err)
{
    struct again g = { .from = t,
                       .engine = engine,
                       .answer_at = find_answer(t) };
    if (!t->has_turn || !t->turn.n_prompt)
        return tarn_fail(err, TARN_USAGE,
                         "the trace does not say what was asked; it can be "
                         "read, not computed again");
    if (t->turn.n_context && tarn_engine_context(engine) < t->turn.n_context)
        return tarn_fail(err, TARN_USAGE,
                         "the trace was made with a context of %u tokens; "
                         "give as many (--ctx)",
                         t->turn.n_context);
    if (t->turn.kv_type != tarn_engine_kv_type(engine))
        return tarn_fail(err, TARN_USAGE,
                         "the trace was made with another K/V type (--kv)");
    enum tarn_status s = start(&g, text, err);
    while (!s && !g.ended) {
        act(&g);
        tarn_engine_step(engine);
        drain(&g);
    }
    if (!s && g.failure.status) {
        if (err)
            *err = g.failure;
        s = g.failure.status;
    }
    if (!s && g.to->failed)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory to replay the trace");
    if (!s)
        *out = g.found.differs ? g.found : tarn_trace_compare(t, g.to);
    if (!s && again)
        *again = g.to;
    else
        tarn_trace_destroy(g.to);
    return s;
}
