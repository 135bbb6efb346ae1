/* record.c - events become a record; see trace.h. */
#include "core/trace/record.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

/* ------------------------------------------------------------------- memory */
bool tarn_trace_grow(struct tarn_trace *t, void *array, size_t n, size_t *room,
                     size_t size)
{
    if (t->failed || n < *room)
        return !t->failed;
    void *p;
    memcpy(&p, array, sizeof p);
    const size_t more = *room ? *room * 2 : 64;
    p = tarn_realloc(p, *room, more, size);
    if (!p) {
        t->failed = true;
        return false;
    }
    memcpy(array, &p, sizeof p);
    *room = more;
    return true;
}

enum tarn_status tarn_trace_shape(struct tarn_trace *t, struct tarn_error *err)
{
    const struct tarn_trace_info *i = &t->info;
    const uint64_t slots = (uint64_t)i->n_moe_layers * i->n_expert_used;
    if (slots > TARN_TRACE_MAX_SLOTS || (slots && !i->n_expert) ||
        i->n_expert > 65535)
        return tarn_fail(err, TARN_USAGE,
                         "a trace can't hold %u experts of %u in %u layers",
                         i->n_expert_used, i->n_expert, i->n_moe_layers);
    t->n_slots = (uint32_t)slots;
    return TARN_OK;
}

static char *dup_name(const char *name)
{
    size_t n = name ? strlen(name) : 0;
    n = n < TARN_TRACE_MAX_NAME ? n : TARN_TRACE_MAX_NAME;
    return tarn_dup(name ? name : "", n - tarn_utf8_tail(name ? name : "", n));
}

enum tarn_status tarn_trace_create(const struct tarn_text *text,
                                   const struct tarn_trace_info *info,
                                   struct tarn_trace **out,
                                   struct tarn_error *err)
{
    struct tarn_trace *t = tarn_alloc(1, sizeof *t);
    if (!t)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for a trace");
    t->text = text;
    t->info = *info;
    t->thought = TARN_TRACE_NO_SPAN;
    if (!(t->info.open_bits > 0) || !(t->info.close_bits > 0))
        tarn_hesitation_pair(info->model, &t->info.open_bits,
                             &t->info.close_bits);
    t->info.model = t->model = dup_name(info->model);
    t->info.backend = t->backend = dup_name(info->backend);
    enum tarn_status s = TARN_OK;
    if (!t->model || !t->backend)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for a trace");
    if (!s)
        s = tarn_trace_shape(t, err);
    if (s)
        tarn_trace_destroy(t);
    else
        *out = t;
    return s;
}

void tarn_trace_destroy(struct tarn_trace *t)
{
    if (!t)
        return;
    tarn_free(t->model);
    tarn_free(t->backend);
    tarn_free(t->tokens);
    tarn_free(t->spans);
    tarn_free(t->steps);
    tarn_free(t->hesitations);
    tarn_free(t->loops);
    tarn_free(t->fed);
    tarn_free(t->expert_ids);
    tarn_free(t->expert_gates);
    tarn_free(t->pieces);
    tarn_free(t->given);
    tarn_free(t->given_ids);
    tarn_free(t->given_gates);
    tarn_trace_destroy(t->before); /* which has none */
    tarn_trace_free_turn(t);
    tarn_buf_finish(&t->bytes);
    tarn_buf_finish(&t->piece_bytes);
    tarn_free(t);
}

/* ------------------------------------------------------------- the thought */
static void read_step(struct tarn_trace *t, size_t i)
{
    if (!tarn_trace_grow(t, &t->steps, t->n_steps, &t->room_steps,
                         sizeof *t->steps))
        return;
    if (!t->reader.n)
        t->steps[t->n_steps++] =
            (struct tarn_trace_step){ .first = (uint32_t)i };
    size_t size;
    const char *bytes = tarn_trace_bytes(t, i, &size);
    const uint32_t before = t->reader.first;
    struct tarn_step_begin b;
    if (tarn_steps_token(&t->reader, bytes, size, &b)) {
        t->steps[t->n_steps - 1].n = b.token - before;
        t->steps[t->n_steps - 1].repeats = b.loop;
        if (!tarn_trace_grow(t, &t->steps, t->n_steps, &t->room_steps,
                             sizeof *t->steps))
            return;
        t->steps[t->n_steps++] = (struct tarn_trace_step){
            .first = t->fed[b.token], .offset = b.offset };
    }
    t->steps[t->n_steps - 1].n = t->reader.n - t->reader.first;
}

static void read_hesitation(struct tarn_trace *t, size_t i)
{
    if (!tarn_trace_grow(t, &t->hesitations, t->n_hesitations,
                         &t->room_hesitations, sizeof *t->hesitations))
        return;
    const enum tarn_hesitation_event e =
        tarn_hesitation_token(&t->hesitation, t->tokens[i].entropy_bits);
    if (e == TARN_HESITATION_OPENS)
        t->hesitations[t->n_hesitations++] = (struct tarn_trace_hesitation){
            .first = t->fed[t->hesitation.first] };
    if (t->n_hesitations > t->first_hesitation &&
        (t->hesitation.open || e == TARN_HESITATION_CLOSES)) {
        struct tarn_trace_hesitation *h =
            &t->hesitations[t->n_hesitations - 1];
        h->open = t->hesitation.open;
        h->last = (uint32_t)i;
    }
}

/* Token i belongs to the open thought. */
static void feed(struct tarn_trace *t, size_t i)
{
    if (!tarn_trace_grow(t, &t->fed, t->n_fed, &t->room_fed, sizeof *t->fed))
        return;
    t->fed[t->n_fed++] = (uint32_t)i;
    read_step(t, i);
    read_hesitation(t, i);
}

static void begin_thought(struct tarn_trace *t, uint32_t span)
{
    t->thought = span;
    t->n_fed = 0;
    t->first_step = t->n_steps;
    t->first_hesitation = t->n_hesitations;
    tarn_steps_init(&t->reader);
    tarn_hesitation_init(&t->hesitation, t->info.open_bits,
                         t->info.close_bits);
}

static void end_thought(struct tarn_trace *t)
{
    if (t->n_hesitations > t->first_hesitation)
        t->hesitations[t->n_hesitations - 1].open = false;
    t->thought = TARN_TRACE_NO_SPAN;
}

void tarn_trace_reread(struct tarn_trace *t, uint32_t span)
{
    const struct tarn_trace_span *s = &t->spans[span];
    const size_t end = s->open ? t->n_tokens : s->first + s->n;
    while (t->n_steps && t->steps[t->n_steps - 1].first >= s->first)
        t->n_steps--;
    while (t->n_hesitations &&
           t->hesitations[t->n_hesitations - 1].first >= s->first)
        t->n_hesitations--;
    begin_thought(t, span);
    for (size_t i = s->first; i < end; i++)
        if (t->tokens[i].span == TARN_SPAN_THOUGHT &&
            !(t->tokens[i].flags & (TARN_TRACE_WITHDRAWN | TARN_TRACE_TAG)))
            feed(t, i);
    if (!s->open)
        end_thought(t);
}

/* -------------------------------------------------------------------- spans */
static void begin_span(struct tarn_trace *t, uint32_t kind)
{
    if (t->n_spans >= TARN_TRACE_MAX_SPANS)
        t->failed = true;
    if (!tarn_trace_grow(t, &t->spans, t->n_spans, &t->room_spans,
                         sizeof *t->spans))
        return;
    t->spans[t->n_spans] = (struct tarn_trace_span){
        .kind = kind, .first = (uint32_t)t->n_tokens, .begin_us = t->us,
        .open = true };
    if (kind == TARN_SPAN_THOUGHT) {
        begin_thought(t, (uint32_t)t->n_spans);
        t->end = TARN_TRACE_END_NONE;
    }
    t->n_spans++;
    t->span_changed = true;
}

static void end_span(struct tarn_trace *t)
{
    t->span_changed = true;
    struct tarn_trace_span *s = t->n_spans ? &t->spans[t->n_spans - 1] : NULL;
    if (!s || !s->open)
        return;
    s->open = false;
    s->n = (uint32_t)t->n_tokens - s->first;
    s->end_us = t->us;
    if (s->kind != TARN_SPAN_THOUGHT)
        return;
    end_thought(t);
    t->thought_ended = true;
}

/* A stray </think>: the answer that just ended was the thought. */
static void was_thought(struct tarn_trace *t)
{
    struct tarn_trace_span *s = t->n_spans ? &t->spans[t->n_spans - 1] : NULL;
    if (!s || s->open || s->kind != TARN_SPAN_ANSWER)
        return;
    s->kind = TARN_SPAN_THOUGHT;
    for (size_t i = s->first; i < s->first + s->n; i++)
        t->tokens[i].span = TARN_SPAN_THOUGHT;
    tarn_trace_reread(t, (uint32_t)t->n_spans - 1);
    t->thought_ended = true;
}

/* ------------------------------------------------------------------ experts */
bool tarn_trace_room_experts(struct tarn_trace *t, size_t n_tokens)
{
    if (n_tokens <= t->room_experts)
        return true;
    const size_t old = t->room_experts * t->n_slots;
    const size_t more = n_tokens * t->n_slots;
    uint16_t *ids = tarn_realloc(t->expert_ids, old, more, sizeof *ids);
    if (ids)
        t->expert_ids = ids;
    uint16_t *gates = tarn_realloc(t->expert_gates, old, more, sizeof *gates);
    if (gates)
        t->expert_gates = gates;
    if (!ids || !gates)
        return false;
    for (size_t i = old; i < more; i++)
        ids[i] = UINT16_MAX; /* not recorded */
    t->room_experts = n_tokens;
    return true;
}

void tarn_trace_experts(struct tarn_trace *t, const uint16_t *ids,
                        const float *gates)
{
    if (!t->n_slots || !t->n_tokens || t->failed)
        return;
    if (t->room_experts < t->n_tokens &&
        !tarn_trace_room_experts(t, t->room_tokens)) {
        t->failed = true;
        return;
    }
    const size_t at = (t->n_tokens - 1) * t->n_slots;
    for (size_t i = 0; i < t->n_slots; i++) {
        const float g = gates[i] > 0 ? gates[i] < 1 ? gates[i] : 1 : 0;
        t->expert_ids[at + i] = ids[i];
        t->expert_gates[at + i] = (uint16_t)(g * 65535 + 0.5f);
    }
}

/* ------------------------------------------------------------------- tokens */
/* Where the vocabulary has no token for a tag, it came as text: the tokens at
 * the end that hold it and nothing else. */
static void mark_text_tag(struct tarn_trace *t, const char *tag)
{
    const size_t n = strlen(tag);
    const char *p = t->bytes.data;
    size_t end = t->bytes.size;
    while (end && (p[end - 1] == ' ' || p[end - 1] == '\n'))
        end--;
    if (end < n || memcmp(p + end - n, tag, n))
        return;
    size_t i = t->n_tokens;
    while (i && t->tokens[i - 1].text_at >= end - n)
        t->tokens[--i].flags |= TARN_TRACE_TAG;
    if (t->n_spans && t->spans[t->n_spans - 1].kind == TARN_SPAN_THOUGHT)
        tarn_trace_reread(t, (uint32_t)t->n_spans - 1);
}

static bool is_tag(const struct tarn_trace *t, int32_t id)
{
    return t->text && (tarn_text_is_end(t->text, id) ||
                       (t->span_changed && tarn_text_is_tag(t->text, id)));
}

/* Which end the thought had shows in the token that closes it. */
static void note_end(struct tarn_trace *t, const struct tarn_trace_token *k)
{
    if (t->text && tarn_text_is_end(t->text, k->id)) {
        t->end = TARN_TRACE_END_CUT;
    } else if (!(k->flags & TARN_TRACE_FORCED)) {
        t->end = TARN_TRACE_END_CLOSED;
    } else if (t->withdrew && t->n_loops) {
        t->end = TARN_TRACE_END_CIRCLE;
        t->loops[t->n_loops - 1].broken = false;
    } else {
        t->end = t->answered ? TARN_TRACE_END_ANSWERED : TARN_TRACE_END_BUDGET;
    }
}

/* A file holds numbers only, and its reader wants them within bounds; what is
 * no number becomes 0. */
static float within(float v, float most)
{
    return v > 0 ? v < most ? v : most : 0;
}

static void make_sane(struct tarn_trace_token *k)
{
    k->p = within(k->p, 1);
    k->p_after = within(k->p_after, 1);
    k->entropy_bits = within(k->entropy_bits, 64);
    for (size_t i = 0; i < 8; i++) {
        struct tarn_candidate *c = &k->best[i];
        c->p = c->id < 0 ? 0 : within(c->p, 1);
        c->id = c->id < 0 ? -1 : c->id;
    }
}

static void take_token(struct tarn_trace *t, const struct tarn_event *ev)
{
    size_t size = 0;
    const char *bytes = t->text ? tarn_text_bytes(t->text, ev->id, &size) : "";
    if (t->n_tokens >= TARN_TRACE_MAX_TOKENS ||
        size > TARN_TRACE_MAX_TEXT - t->bytes.size)
        t->failed = true;
    if (!tarn_trace_grow(t, &t->tokens, t->n_tokens, &t->room_tokens,
                         sizeof *t->tokens))
        return;
    struct tarn_trace_token *k = &t->tokens[t->n_tokens];
    *k = (struct tarn_trace_token){
        .id = ev->id, .p = ev->p, .p_after = ev->p_after,
        .entropy_bits = ev->entropy_bits, .us = t->us,
        .text_at = (uint32_t)t->bytes.size, .span = (uint8_t)ev->span };
    memcpy(k->best, ev->best, sizeof k->best);
    make_sane(k);
    tarn_buf_add(&t->bytes, bytes, size);
    t->failed |= t->bytes.failed;
    if (!(ev->p_after > 0)) /* what is drawn has some probability left */
        k->flags |= TARN_TRACE_FORCED;
    if (t->n_tokens < t->n_given)
        tarn_trace_take_figures(t, k);
    if (is_tag(t, ev->id))
        k->flags |= TARN_TRACE_TAG;
    if (t->thought_ended)
        note_end(t, k);
    t->n_tokens++;
    const bool no_tag = !(k->flags & TARN_TRACE_TAG);
    if (t->thought != TARN_TRACE_NO_SPAN && no_tag &&
        k->span == TARN_SPAN_THOUGHT)
        feed(t, t->n_tokens - 1);
    if (t->failed)
        return;
    if (t->given_ids && t->n_tokens <= t->n_given)
        tarn_trace_take_experts(t, t->n_tokens - 1);
    if (t->span_changed && no_tag)
        mark_text_tag(t, t->thought_ended ? "</think>" : "<think>");
    t->span_changed = t->thought_ended = false;
    if (!(k->flags & TARN_TRACE_FORCED)) /* a tag may be several tokens */
        t->withdrew = false;
    if (ev->experts && ev->n_experts == t->n_slots)
        tarn_trace_experts(t, ev->experts, ev->gates);
    tarn_trace_told_again(t, ev->id);
}

/* The kept tokens from the at-th on (counted among those kept). */
static void withdraw(struct tarn_trace *t, uint32_t at)
{
    size_t kept = 0, i = t->n_tokens, first = t->n_tokens;
    uint32_t n = 0;
    for (size_t k = 0; k < t->n_tokens; k++)
        kept += !(t->tokens[k].flags & TARN_TRACE_WITHDRAWN);
    while (kept > at) {
        if (t->tokens[--i].flags & TARN_TRACE_WITHDRAWN)
            continue;
        t->tokens[i].flags |= TARN_TRACE_WITHDRAWN;
        first = i;
        kept--;
        n++;
    }
    if (t->n_loops >= TARN_TRACE_MAX_SPANS)
        t->failed = true;
    if (!n || !tarn_trace_grow(t, &t->loops, t->n_loops, &t->room_loops,
                               sizeof *t->loops))
        return;
    t->loops[t->n_loops++] = (struct tarn_trace_loop){
        .first = (uint32_t)first, .n = n, .broken = true };
    if (t->thought != TARN_TRACE_NO_SPAN)
        tarn_trace_reread(t, t->thought);
    t->withdrew = true;
}

static void take_end(struct tarn_trace *t, const struct tarn_event *ev)
{
    tarn_trace_not_told_again(t);
    end_span(t);
    if (ev->summary)
        t->reason = ev->summary->reason;
    if (t->thought_ended)
        t->end = t->reason == TARN_STOP_CANCELLED ? TARN_TRACE_END_STOPPED
                                                  : TARN_TRACE_END_CUT;
}

void tarn_trace_take(struct tarn_trace *t, const struct tarn_event *ev)
{
    const double us = ev->ms * 1000 + 0.5 + (double)t->before_us;
    if (t->failed)
        return;
    if (us > (double)t->us && us < 9e15) /* a clock never goes back here */
        t->us = (uint64_t)us;
    switch ((enum tarn_event_kind)ev->kind) {
    case TARN_EV_SPAN:
        begin_span(t, ev->span);
        break;
    case TARN_EV_SPAN_END:
        end_span(t);
        break;
    case TARN_EV_TOKEN:
        take_token(t, ev);
        break;
    case TARN_EV_WAS_THOUGHT:
        was_thought(t);
        break;
    case TARN_EV_WITHDRAWN:
        withdraw(t, ev->at);
        break;
    case TARN_EV_END:
        take_end(t, ev);
        break;
    case TARN_EV_READING:
    case TARN_EV_TEXT:
    case TARN_EV_CALL:
    case TARN_EV_NOTICE:
        break;
    }
}

void tarn_trace_answered(struct tarn_trace *t)
{
    t->answered = true;
}

/* ------------------------------------------------------------------- detached */
static bool keep_piece(struct tarn_trace *t, int32_t id)
{
    size_t size;
    const char *p = tarn_text_bytes(t->text, id, &size);
    if (!size)
        return true;
    if (!tarn_trace_grow(t, &t->pieces, t->n_pieces, &t->room_pieces,
                         sizeof *t->pieces))
        return false;
    t->pieces[t->n_pieces++] = (struct tarn_trace_piece){
        .id = id, .at = (uint32_t)t->piece_bytes.size };
    tarn_buf_add(&t->piece_bytes, p, size);
    return !t->piece_bytes.failed;
}

enum tarn_status tarn_trace_detach(struct tarn_trace *t, struct tarn_error *err)
{
    const uint32_t n = t->info.n_vocab;
    if (!t->text)
        return TARN_OK;
    unsigned char *seen = tarn_alloc((size_t)n / 8 + 1, 1);
    bool good = seen != NULL;
    for (size_t i = 0; good && i < t->n_tokens * 8; i++) {
        const int32_t id = t->tokens[i / 8].best[i % 8].id;
        if (id >= 0 && (uint32_t)id < n)
            seen[id / 8] |= (unsigned char)(1 << id % 8);
    }
    for (uint32_t id = 0; good && id < n; id++)
        if (seen[id / 8] & 1 << id % 8)
            good = keep_piece(t, (int32_t)id);
    tarn_free(seen);
    t->text = NULL; /* in any case: it may be gone soon */
    return good ? TARN_OK
                : tarn_fail(err, TARN_NO_MEMORY,
                            "no memory for the words of the trace");
}
