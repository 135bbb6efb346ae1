/* request.c - one turn, as the owner drives it: tokens drawn, read, told. */
#include <math.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/engine/engine.h"

enum { GIVEN_AT_ONCE = 32 }; /* their events must leave room for a step's */

void tarn_emit(struct tarn_request *q, struct tarn_event *ev)
{
    struct tarn_engine *e = q->engine;
    ev->size = sizeof *ev;
    ev->turn = q->id;
    ev->message = q->message;
    ev->ms = tarn_now_ms() - q->began;
    if (tarn_ring_push(&e->ring, ev) && e->on_event)
        e->on_event(e->on_event_user);
}

/* Long text goes as several events, cut between characters. */
static void emit_text(struct tarn_request *q, uint32_t kind, uint32_t span,
                      const char *text, size_t size)
{
    do {
        size_t n = size < TARN_RING_TEXT ? size : TARN_RING_TEXT;
        while (n < size && n > TARN_RING_TEXT - 4 &&
               ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
        struct tarn_event ev = { .kind = kind, .span = span, .text = text,
                                 .text_size = n, .at = q->sum.n_total };
        tarn_emit(q, &ev);
        text += n;
        size -= n;
    } while (size);
}

/* What is longer than an answer may hold is told as cut: it can't run. */
static void emit_call(struct tarn_request *q, const char *text, size_t size,
                      bool cut)
{
    cut = cut || size > TARN_MAX_CALL;
    size = size < TARN_MAX_CALL ? size : TARN_MAX_CALL;
    size_t at = 0;
    do {
        size_t n = size - at < TARN_RING_TEXT ? size - at : TARN_RING_TEXT;
        while (at + n < size && n > TARN_RING_TEXT - 4 &&
               ((unsigned char)text[at + n] & 0xC0) == 0x80)
            n--;
        struct tarn_event ev = { .kind = TARN_EV_CALL, .span = TARN_SPAN_CALL,
                                 .text = text + at, .text_size = n,
                                 .at = q->sum.n_total, .cut = cut,
                                 .done = at + n, .total = size };
        tarn_emit(q, &ev);
        at += n;
    } while (at < size);
}

void tarn_request_begin(struct tarn_request *q)
{
    q->phase = TARN_PHASE_PREFILL;
    q->sum.n_prompt = q->n_prompt;
    q->sum.n_reused = q->n_reused < q->n_prompt ? q->n_reused : q->n_prompt;
    q->sum.n_replayed = q->n_reused - q->seq->tail_at;
    for (uint32_t i = 0; i < q->n_prompt; i++)
        tarn_sampler_accept(q->sampler, q->prompt[i]);
    tarn_request_watch_anew(q);
    tarn_request_reading(q);
}

void tarn_request_progress(struct tarn_request *q, double part)
{
    uint32_t from = q->seq->n_kv;
    uint32_t n = q->chunk_end > from ? q->chunk_end - from : 0;
    struct tarn_event ev = { .kind = TARN_EV_READING,
                             .done = from + (uint64_t)(part * n),
                             .total = q->n_prompt + q->n_given };
    tarn_emit(q, &ev);
}

void tarn_request_reading(struct tarn_request *q)
{
    struct tarn_event ev = { .kind = TARN_EV_READING,
                             .done = q->seq->n_kv,
                             .total = q->n_prompt + q->n_given };
    tarn_emit(q, &ev);
    if (q->seq->n_kv < q->n_prompt + q->n_given)
        return;
    /* The next turn of this chat and a second try of this one begin here. */
    tarn_seq_save_tail(&q->engine->cache, q->seq);
    q->phase = TARN_PHASE_DECODE;
    q->prefill_done = tarn_now_ms();
    q->sum.prefill_ms = q->prefill_done - q->began;
    q->span_began = q->prefill_done;
}

/* ------------------------------------------------------------ stop strings */
/* Bytes at the end of held text that may be the beginning of a stop. */
static size_t undecided(const struct tarn_request *q)
{
    size_t most = 0;
    for (size_t i = 0; i < q->n_stops; i++) {
        size_t n = strlen(q->stops[i]);
        size_t k = n - 1 < q->n_held ? n - 1 : q->n_held;
        while (k > most && memcmp(q->held + q->n_held - k, q->stops[i], k))
            k--;
        if (k > most)
            most = k;
    }
    return most;
}

static bool find_stop(const struct tarn_request *q, size_t *at)
{
    bool found = false;
    for (size_t i = 0; i < q->n_stops; i++) {
        size_t n = strlen(q->stops[i]);
        for (size_t k = 0; k + n <= q->n_held; k++)
            if ((!found || k < *at) && !memcmp(q->held + k, q->stops[i], n)) {
                *at = k;
                found = true;
                break;
            }
    }
    return found;
}

static void release_held(struct tarn_request *q, size_t n)
{
    if (!n)
        return;
    emit_text(q, TARN_EV_TEXT, TARN_SPAN_ANSWER, q->held, n);
    memmove(q->held, q->held + n, q->n_held - n);
    q->n_held -= n;
}

static void answer_text(struct tarn_request *q, const char *text, size_t size)
{
    while (size && !q->hit_stop) {
        size_t n = q->held_room - q->n_held, at = 0;
        n = n < size ? n : size;
        memcpy(q->held + q->n_held, text, n);
        q->n_held += n;
        text += n;
        size -= n;
        if (find_stop(q, &at)) {
            release_held(q, at);
            q->n_held = 0;
            q->hit_stop = true;
        } else {
            release_held(q, q->n_held - undecided(q));
        }
    }
}

/* ----------------------------------------------------------------- reader */
void tarn_request_event(void *user, const struct tarn_reader_event *ev)
{
    struct tarn_request *q = user;
    if (ev->kind == TARN_READ_SPAN)
        q->span_bytes = 0;
    else if (ev->kind == TARN_READ_TEXT)
        q->span_bytes += ev->size;
    if (q->muted || (q->hit_stop && ev->kind != TARN_READ_SPAN_END))
        return;
    switch (ev->kind) {
    case TARN_READ_SPAN:
    case TARN_READ_SPAN_END: {
        double now = tarn_now_ms();
        if (ev->kind == TARN_READ_SPAN_END) {
            release_held(q, q->n_held);
            if (ev->span == TARN_SPAN_THOUGHT)
                q->sum.thought_ms += now - q->span_began;
            else
                q->sum.answer_ms += now - q->span_began;
        }
        q->span_began = now;
        struct tarn_event out = {
            .kind = ev->kind == TARN_READ_SPAN ? TARN_EV_SPAN
                                               : TARN_EV_SPAN_END,
            .span = ev->span, .at = q->sum.n_total };
        tarn_emit(q, &out);
        break;
    }
    case TARN_READ_TEXT:
        if (ev->span == TARN_SPAN_ANSWER && q->n_stops)
            answer_text(q, ev->text, ev->size);
        else
            emit_text(q, TARN_EV_TEXT, ev->span, ev->text, ev->size);
        break;
    case TARN_READ_CALL:
    case TARN_READ_UNREAD:
        emit_call(q, ev->text, ev->size, ev->kind == TARN_READ_UNREAD);
        break;
    case TARN_READ_WAS_THOUGHT: {
        struct tarn_event out = { .kind = TARN_EV_WAS_THOUGHT,
                                  .span = TARN_SPAN_THOUGHT,
                                  .at = q->sum.n_total };
        q->sum.n_thought += q->sum.n_answer;
        q->sum.n_answer = 0;
        q->sum.thought_ms += q->sum.answer_ms;
        q->sum.answer_ms = 0;
        tarn_emit(q, &out);
        break;
    }
    }
}

/* ------------------------------------------------------------------ tokens */
static enum tarn_status choose(struct tarn_request *q, float *logits,
                               const struct tarn_digest *digest,
                               struct tarn_choice *c, struct tarn_error *err)
{
    uint32_t again = 0;
    if (logits && q->excluded >= 0) { /* a digest is not asked for then */
        logits[q->excluded] = -INFINITY;
        again = q->sum.n_loops + q->n_tries;
        q->excluded = -1;
    }
    const uint32_t at = q->seq->n_ids, attempt = q->attempt + again;
    enum tarn_status s =
        logits ? tarn_sampler_draw(q->sampler, logits, at, attempt, c, err)
               : tarn_sampler_draw_digest(q->sampler, digest, at, attempt, c,
                                          err);
    if (s || !q->n_forced)
        return s;
    c->id = q->forced[0];
    memmove(q->forced, q->forced + 1, --q->n_forced * sizeof *q->forced);
    c->p = c->p_after = 0;
    for (int i = 0; i < 8; i++)
        if (c->best[i].id == c->id)
            c->p = c->best[i].p;
    return TARN_OK;
}

/* Tokens that may still be taken, the next one among them; at least 1. */
uint32_t tarn_request_room(const struct tarn_request *q)
{
    const uint32_t used = q->seq->n_ids, all = q->engine->cache.n_context;
    const uint32_t fit = all > used ? all - used : 1;
    const uint32_t asked =
        q->max_tokens > q->sum.n_total ? q->max_tokens - q->sum.n_total : 1;
    return fit < asked ? fit : asked;
}

static void tell_token(struct tarn_request *q, const struct tarn_choice *c,
                       uint32_t span)
{
    struct tarn_event ev = { .kind = TARN_EV_TOKEN, .span = span,
                             .at = q->sum.n_total, .id = c->id, .p = c->p,
                             .p_after = c->p_after,
                             .entropy_bits = c->entropy_bits };
    const struct tarn_request *l = q->lender;
    memcpy(ev.best, c->best, sizeof ev.best);
    /* With very many experts and sessions the figures matter more. */
    if (q->n_slots && l &&
        tarn_ring_room(&q->engine->ring) > TARN_RING_RESERVE / 2) {
        const size_t at = (size_t)q->batch_row * l->n_slots;
        ev.n_experts = q->n_slots;
        ev.experts = l->expert_ids + at;
        ev.gates = l->expert_gates + at;
    }
    tarn_emit(q, &ev);
}

/* Read, counted, told.  Ends the request where the token does; true: the turn
 * goes on. */
static bool take_token(struct tarn_request *q, const struct tarn_choice *c,
                       bool *same)
{
    struct tarn_error err = { TARN_OK, "" };
    uint32_t before = tarn_reader_span(q->reader);
    if (q->bound && !tarn_bind_token(&q->bind, c->id, before)) {
        tarn_fail(&err, TARN_LIMIT,
                  "The schema can be read in too many ways at once; make its "
                  "alternatives differ earlier.");
        tarn_request_fail(q, &err);
        return false;
    }
    bool more = tarn_reader_token(q->reader, c->id);
    uint32_t after = tarn_reader_span(q->reader);
    tarn_sampler_accept(q->sampler, c->id);
    q->seq->ids[q->n_prompt + q->sum.n_total++] = c->id;
    tarn_request_count(q, before, after);
    tell_token(q, c, after ? after : before);
    if (before != after) {
        tarn_request_watch_anew(q);
    }
    *same = after == before;
    if (tarn_reader_failed(q->reader)) {
        tarn_fail(&err, TARN_NO_MEMORY, "no memory for the answer's text");
        tarn_request_fail(q, &err);
    } else if (!more) {
        tarn_request_end(q, TARN_STOP_END);
    } else if (q->hit_stop) {
        tarn_request_end(q, TARN_STOP_STRING);
    } else if (q->sum.n_total >= q->max_tokens) {
        tarn_request_end(q, TARN_STOP_LENGTH);
    }
    return q->phase != TARN_PHASE_DONE;
}

bool tarn_request_tell_given(struct tarn_request *q)
{
    for (uint32_t n = 0; q->n_told < q->n_given && n < GIVEN_AT_ONCE; n++) {
        struct tarn_choice c = { .id = q->prompt[q->n_prompt + q->n_told] };
        bool same;
        if (tarn_ring_room(&q->engine->ring) < TARN_RING_RESERVE)
            return false;
        for (int i = 0; i < 8; i++)
            c.best[i].id = -1;
        q->n_told++;
        if (!take_token(q, &c, &same))
            return true;
        if (same) /* what was kept is not broken anew */
            tarn_request_watch_given(q, c.id);
    }
    return q->n_told == q->n_given;
}

void tarn_request_token(struct tarn_request *q, float *logits,
                        const struct tarn_digest *digest)
{
    struct tarn_choice c;
    struct tarn_error err = { TARN_OK, "" };
    if (atomic_load(&q->stop)) {
        tarn_request_end(q, TARN_STOP_CANCELLED);
        return;
    }
    tarn_request_steer(q);
    tarn_bind_next(&q->bind, tarn_reader_span(q->reader),
                   tarn_request_room(q) - 1);
    const int32_t excluded = q->excluded;
    if (choose(q, logits, digest, &c, &err)) {
        q->no_scores = err.status == TARN_BAD_FILE;
        q->excluded = excluded;
        if (!q->no_scores)
            tarn_request_fail(q, &err);
        return;
    }
    if (!(q->sum.first_token_ms > 0))
        q->sum.first_token_ms = tarn_now_ms() - q->began;
    struct tarn_sequence *s = q->seq;
    bool same;
    if (!take_token(q, &c, &same))
        return;
    if (s->n_ids >= q->engine->cache.n_context) {
        tarn_request_end(q, TARN_STOP_CONTEXT);
    } else {
        s->ids[s->n_ids++] = c.id;
        if (same)
            tarn_request_watch(q, c.id);
    }
}

/* --------------------------------------------------------------------- end */
void tarn_request_end(struct tarn_request *q, enum tarn_stop_reason reason)
{
    if (q->phase == TARN_PHASE_DONE)
        return;
    tarn_reader_end(q->reader);
    q->sum.reason = q->reason = reason;
    q->phase = TARN_PHASE_DONE;
}

void tarn_request_fail(struct tarn_request *q, const struct tarn_error *err)
{
    if (q->phase == TARN_PHASE_DONE)
        return;
    q->error = *err;
    if (q->seq) /* nothing of a failed run is trusted */
        tarn_seq_rewind(&q->engine->cache, q->seq, 0);
    tarn_request_end(q, TARN_STOP_FAILED);
}

void tarn_request_free(struct tarn_request *q)
{
    if (!q)
        return;
    tarn_sampler_destroy(q->sampler);
    tarn_reader_destroy(q->reader);
    tarn_bind_finish(&q->bind);
    for (size_t i = 0; i < q->n_stops; i++)
        tarn_free(q->stops[i]);
    tarn_free(q->held);
    tarn_buf_finish(&q->call);
    tarn_free(q->prompt);
    tarn_free(q->expert_ids);
    tarn_free(q->expert_gates);
    tarn_free(q->path);
    tarn_free(q);
}
