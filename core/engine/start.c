/* start.c - a turn begins: the prompt, the sampler, the form, and what it goes
 * on from.  Runs on the face's thread and never waits for the owner. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/chat/chat.h"
#include "core/engine/engine.h"
#include "core/engine/prompt.h"

static enum tarn_status copy_stops(struct tarn_request *q,
                                   const struct tarn_turn_options *opt,
                                   struct tarn_error *err)
{
    size_t longest = 0;
    if (opt->n_stops > TARN_MAX_STOPS)
        return tarn_fail(err, TARN_USAGE, "at most %u stop strings, not %zu",
                         TARN_MAX_STOPS, opt->n_stops);
    for (size_t i = 0; i < opt->n_stops; i++) {
        size_t n = strlen(opt->stops[i]);
        if (!n || n > 256)
            return tarn_fail(err, TARN_USAGE,
                             "a stop string has 1 to 256 bytes, not %zu", n);
        q->stops[i] = tarn_dup_str(opt->stops[i]);
        if (!q->stops[i])
            return tarn_fail(err, TARN_NO_MEMORY, "no memory for stop strings");
        q->n_stops++;
        longest = n > longest ? n : longest;
    }
    q->held_room = longest + 1024;
    q->held = q->n_stops ? tarn_alloc(q->held_room, 1) : NULL;
    return q->n_stops && !q->held
               ? tarn_fail(err, TARN_NO_MEMORY, "no memory for stop strings")
               : TARN_OK;
}

static const char *bytes_of(void *user, int32_t id, size_t *size)
{
    return tarn_text_bytes(user, id, size);
}

/* The form of the answer and of calls, where one is asked for. */
static enum tarn_status make_bind(struct tarn_request *q,
                                  const struct tarn_turn_options *opt,
                                  struct tarn_error *err)
{
    struct tarn_engine *e = q->engine;
    const char *tools = opt->free_calls ? NULL : opt->tools_json;
    if (!opt->json_schema && !tools)
        return TARN_OK;
    enum tarn_status s = TARN_OK;
    if (!e->lexicon)
        s = tarn_lexicon_create(e->model->text, &e->lexicon, err);
    if (!s)
        s = tarn_bind_init(&q->bind, e->model->text, e->lexicon,
                           opt->json_schema, tools, err);
    q->bound = !s;
    uint32_t room = e->cache.n_context - q->n_prompt;
    room = room < q->max_tokens ? room : q->max_tokens;
    if (!s && tarn_bind_needs(&q->bind) > room)
        s = tarn_fail(err, TARN_LIMIT,
                      "The shortest answer that fits the schema may take %u "
                      "tokens, but only %u are allowed or fit the context.",
                      tarn_bind_needs(&q->bind), room);
    return s;
}

static enum tarn_status make_parts(struct tarn_request *q,
                                   const struct tarn_turn_options *opt,
                                   bool in_thought, struct tarn_error *err)
{
    struct tarn_model *m = q->engine->model;
    q->sampling = opt->sampling ? *opt->sampling : tarn_model_sampling(m);
    struct tarn_sampler_options so = {
        .sampling = &q->sampling, .token_bytes = bytes_of,
        .token_user = m->text, .max_history = q->engine->cache.n_context,
    };
    struct tarn_reader_options ro = { .in_thought = in_thought,
                                      .event = tarn_request_event, .user = q };
    struct tarn_constraint form = tarn_bind_constraint(&q->bind);
    enum tarn_status s = tarn_sampling_check(&q->sampling, err);
    if (!s)
        s = copy_stops(q, opt, err);
    if (!s)
        s = make_bind(q, opt, err);
    if (q->bound)
        so.constraint = &form;
    if (!s)
        s = tarn_sampler_create(m->info.n_vocab, &so, &q->sampler, err);
    if (!s)
        s = tarn_reader_create(m->text, &ro, &q->reader, err);
    return s;
}

static enum tarn_status check_prompt(const struct tarn_engine *e,
                                     const struct tarn_ids *ids,
                                     struct tarn_error *err)
{
    uint32_t n_vocab = e->model->info.n_vocab;
    if (ids->n >= e->cache.n_context)
        return tarn_fail(err, TARN_LIMIT,
                         "the conversation has %zu tokens but the context is "
                         "%u; begin a new chat, shorten it, or use a larger "
                         "context (--ctx)",
                         ids->n, e->cache.n_context);
    for (size_t i = 0; i < ids->n; i++)
        if (ids->at[i] < 0 || (uint32_t)ids->at[i] >= n_vocab)
            return tarn_fail(err, TARN_USAGE,
                             "token id %d is outside the vocabulary of %u",
                             ids->at[i], n_vocab);
    return TARN_OK;
}

static bool remember(struct tarn_engine *e, struct tarn_request *q)
{
    if (e->n_live == e->live_room) {
        size_t room = e->live_room ? e->live_room * 2 : 8;
        struct tarn_request **live =
            tarn_realloc(e->live, e->live_room, room, sizeof *live);
        if (!live)
            return false;
        e->live = live;
        e->live_room = room;
    }
    e->live[e->n_live++] = q;
    return true;
}

/* The answer's own beginning goes behind the prompt. */
static enum tarn_status add_given(const struct tarn_text *t,
                                  struct tarn_ids *ids,
                                  const struct tarn_turn_options *opt,
                                  struct tarn_error *err)
{
    if (!ids->n)
        return tarn_fail(err, TARN_USAGE, "the prompt is empty");
    for (size_t i = 0; i < opt->n_begin; i++) {
        if (tarn_text_is_end(t, opt->begin[i]))
            return tarn_fail(err, TARN_USAGE,
                             "token %zu of those that the answer is to begin "
                             "with would end it", i);
        tarn_ids_add(ids, opt->begin[i]);
    }
    return ids->failed
               ? tarn_fail(err, TARN_NO_MEMORY, "no memory for the prompt")
               : TARN_OK;
}

static enum tarn_status make_tables(struct tarn_request *q,
                                    struct tarn_error *err)
{
    const struct tarn_model_info *i = &q->engine->model->info;
    size_t n;
    if (!i->n_moe_layers)
        return TARN_OK;
    q->n_slots = i->n_moe_layers * i->n_expert_used;
    if (!tarn_mul_size(q->engine->max_rows, q->n_slots, &n))
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the experts");
    q->expert_ids = tarn_alloc(n, sizeof *q->expert_ids);
    q->expert_gates = tarn_alloc(n, sizeof *q->expert_gates);
    return q->expert_ids && q->expert_gates
               ? TARN_OK
               : tarn_fail(err, TARN_NO_MEMORY, "no memory for the experts");
}

/* ids are moved into the request, also on failure. */
static enum tarn_status start(struct tarn_engine *e, struct tarn_ids *ids,
                              const struct tarn_turn_options *opt,
                              bool in_thought, struct tarn_request **out,
                              struct tarn_error *err)
{
    static const struct tarn_turn_options NONE = { .size = sizeof NONE };
    opt = opt ? opt : &NONE;
    enum tarn_status s = add_given(e->model->text, ids, opt, err);
    if (!s)
        s = check_prompt(e, ids, err);
    struct tarn_request *q = s ? NULL : tarn_alloc(1, sizeof *q);
    if (!s && !q)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for the turn");
    if (s) {
        tarn_ids_finish(ids);
        return s;
    }
    q->engine = e;
    q->prompt = ids->at;
    q->n_prompt = (uint32_t)(ids->n - opt->n_begin);
    q->n_given = (uint32_t)opt->n_begin;
    q->attempt = opt->attempt;
    const int32_t least = opt->budget_given ? 0 : 1;
    q->budget = opt->thought_budget >= least ? (uint32_t)opt->thought_budget
                                             : UINT32_MAX;
    q->max_tokens = opt->max_tokens > 0 ? (uint32_t)opt->max_tokens
                                        : UINT32_MAX;
    q->keep_loops = opt->keep_loops;
    q->excluded = -1;
    s = make_parts(q, opt, in_thought, err);
    if (!s && opt->experts)
        s = make_tables(q, err);
    if (!s && !remember(e, q))
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for the turn");
    if (s) {
        tarn_request_free(q);
        return s;
    }
    q->id = ++e->last_id;
    q->began = tarn_now_ms();
    *out = q;
    return TARN_OK;
}

/* The owner has it from here. */
static void hand_over(struct tarn_engine *e, struct tarn_request *q)
{
    q->next = atomic_load(&e->incoming);
    while (!atomic_compare_exchange_weak(&e->incoming, &q->next, q))
        continue;
    tarn_engine_wake(e);
}

/* Does the prompt end inside a thought? */
static bool ends_in_thought(const struct tarn_text *t, const int32_t *ids,
                            size_t n)
{
    int32_t open = tarn_text_control(t, TARN_CTL_THINK);
    int32_t close = tarn_text_control(t, TARN_CTL_THINK_END);
    int32_t begin = tarn_text_control(t, TARN_CTL_IM_START);
    while (n-- && ids[n] != close && ids[n] != begin)
        if (ids[n] == open && open >= 0)
            return true;
    return false;
}

enum tarn_status tarn_turn_start_ids(struct tarn_engine *e, const int32_t *ids,
                                     size_t n_ids,
                                     const struct tarn_turn_options *opt,
                                     tarn_turn_id *out, struct tarn_error *err)
{
    struct tarn_ids copy = { 0 };
    struct tarn_request *q;
    for (size_t i = 0; i < n_ids; i++)
        tarn_ids_add(&copy, ids[i]);
    if (copy.failed) {
        tarn_ids_finish(&copy);
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the prompt");
    }
    enum tarn_status s = start(e, &copy, opt,
                               ends_in_thought(e->model->text, ids, n_ids), &q,
                               err);
    if (s)
        return s;
    *out = q->id;
    hand_over(e, q);
    return TARN_OK;
}

/* Who asks, so that the cache knows a branch from a chat that goes on. */
static enum tarn_status note_asker(struct tarn_request *q,
                                   struct tarn_chat *chat,
                                   struct tarn_error *err)
{
    const size_t n = tarn_chat_length(chat);
    struct tarn_message m;
    q->path = tarn_alloc(n, sizeof *q->path);
    if (!q->path)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the turn");
    while (q->n_path < n && tarn_chat_message(chat, q->n_path, &m))
        q->path[q->n_path++] = m.id;
    q->chat_number = tarn_chat_number(chat, &q->engine->last_chat);
    return TARN_OK;
}

/* What the turn goes on from: a question, or an answer that was cut (then its
 * ids are appended to `said`).  *n: messages of the prompt. */
static enum tarn_status check_end(struct tarn_engine *e,
                                  const struct tarn_chat *chat,
                                  const struct tarn_turn_options *opt,
                                  struct tarn_message *last, size_t *n,
                                  struct tarn_ids *said,
                                  struct tarn_error *err)
{
    struct tarn_message m;
    *n = tarn_chat_length(chat);
    const bool any = *n && tarn_chat_message(chat, *n - 1, last);
    if (opt && opt->go_on) {
        if (!any || last->role != TARN_ASSISTANT || last->finished ||
            tarn_chat_child(chat, last->id, 0))
            return tarn_fail(err, TARN_USAGE,
                             "only the last answer can go on, and only if it "
                             "was stopped or cut");
        if (opt->n_begin)
            return tarn_fail(err, TARN_USAGE,
                             "an answer that goes on has its own beginning");
        for (size_t i = 0; i < e->n_live; i++)
            if (e->live[i]->chat == chat && e->live[i]->message == last->id)
                return tarn_fail(err, TARN_BUSY,
                                 "this answer is being written");
        --*n;
    }
    if (!any || !*n || !tarn_chat_message(chat, *n - 1, &m) ||
        (m.role != TARN_USER && m.role != TARN_TOOL))
        return tarn_fail(err, TARN_USAGE,
                         "an answer can only follow a question");
    return opt && opt->go_on
               ? tarn_prompt_of_answer(e->model, chat, last->id, said, err)
               : TARN_OK;
}

/* The options of an answer that goes on: it begins with what it said. */
static void begin_with(struct tarn_turn_options *own,
                       const struct tarn_ids *said)
{
    own->begin = said->at;
    own->n_begin = said->n;
    if (own->max_tokens > 0)
        own->max_tokens = said->n < (size_t)(INT32_MAX - own->max_tokens)
                              ? own->max_tokens + (int32_t)said->n
                              : INT32_MAX;
}

/* *out: not in the chat yet. */
static enum tarn_status start_in(struct tarn_engine *e,
                                 const struct tarn_chat *chat,
                                 const struct tarn_turn_options *opt,
                                 struct tarn_message *last,
                                 struct tarn_request **out,
                                 struct tarn_error *err)
{
    struct tarn_ids ids = { 0 }, said = { 0 };
    struct tarn_turn_options own = { .size = sizeof own };
    size_t n;
    if (opt)
        own = *opt;
    enum tarn_status s = check_end(e, chat, opt, last, &n, &said, err);
    if (!s && said.failed)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for the prompt");
    if (!s)
        s = tarn_prompt_of_path(e->model, chat, n, own.tools_json, &ids, err);
    if (s) {
        tarn_ids_finish(&ids);
        tarn_ids_finish(&said);
        return s;
    }
    if (own.go_on)
        begin_with(&own, &said);
    s = start(e, &ids, &own, tarn_layout_opens_thought(e->model->info.layout),
              out, err);
    tarn_ids_finish(&said);
    return s;
}

enum tarn_status tarn_turn_start(struct tarn_engine *e, struct tarn_chat *chat,
                                 const struct tarn_turn_options *opt,
                                 tarn_turn_id *out, struct tarn_error *err)
{
    struct tarn_request *q;
    struct tarn_message last;
    enum tarn_status s = start_in(e, chat, opt, &last, &q, err);
    if (s)
        return s;
    s = note_asker(q, chat, err);
    q->message = last.id;
    if (opt && opt->go_on)
        q->again = TARN_AGAIN_WAITS;
    else if (!s)
        s = tarn_chat_begin(chat, last.id, &q->message, err);
    if (s) {
        e->n_live--;
        tarn_request_free(q);
        return s;
    }
    q->chat = chat;
    tarn_chat_hold(chat);
    *out = q->id;
    hand_over(e, q);
    return TARN_OK;
}
