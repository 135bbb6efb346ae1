/* steer.c - acts on a turn from outside the model: the thought is closed at its
 * budget or on request, circles are broken, tokens are taken back. */
#include <stdio.h>
#include <string.h>

#include "core/engine/engine.h"

/* Tokens in a row that an answer repeats before that is told: lists and
 * tables may well repeat. */
#define TARN_CIRCLE_LONG 256u

static void force(struct tarn_request *q, int32_t id)
{
    if (q->n_forced < sizeof q->forced / sizeof *q->forced)
        q->forced[q->n_forced++] = id;
}

/* The thought is closed where its budget ends or the person wants the answer:
 * by the token where the vocabulary has one, else by its text. */
void tarn_request_steer(struct tarn_request *q)
{
    const struct tarn_text *t = q->engine->model->text;
    bool thinking = tarn_reader_span(q->reader) == TARN_SPAN_THOUGHT;
    if (!thinking || q->n_forced)
        return;
    /* An answer that must have a form needs the tokens for it. */
    const bool late = tarn_request_room(q) <= tarn_bind_needs(&q->bind);
    if (!atomic_load(&q->answer_now) && q->sum.n_thought < q->budget && !late)
        return;
    int32_t close = tarn_text_control(t, TARN_CTL_THINK_END);
    if (close >= 0) {
        force(q, close);
        return;
    }
    struct tarn_ids ids = { 0 };
    if (!tarn_text_encode(t, "</think>", 8, &ids, NULL))
        for (size_t i = 0; i < ids.n; i++)
            force(q, ids.at[i]);
    tarn_ids_finish(&ids);
}

/* ------------------------------------------------------------------ counting */
/* Where the vocabulary has no token for a tag it comes as text: how many of
 * the turn's last tokens hold it and nothing else. */
static uint32_t text_tag_tokens(const struct tarn_request *q, const char *tag)
{
    const struct tarn_text *t = q->engine->model->text;
    const int32_t *ids = q->seq->ids + q->n_prompt;
    size_t left = strlen(tag), size;
    bool trailing = true; /* white space behind it belongs to its token */
    uint32_t n = 0;
    while (left && n < q->sum.n_total) {
        const char *bytes = tarn_text_bytes(t, ids[q->sum.n_total - 1 - n],
                                            &size);
        while (trailing && size &&
               (bytes[size - 1] == ' ' || bytes[size - 1] == '\n'))
            size--;
        trailing = trailing && !size;
        size_t k = size < left ? size : left;
        if (memcmp(bytes + size - k, tag + left - k, k))
            return 0;
        left -= k;
        n += size == k; /* else it holds something else as well */
    }
    return left ? 0 : n;
}

/* A tag that is text came as several tokens, which were counted as they came;
 * its last one is not. */
void tarn_request_count(struct tarn_request *q, uint32_t before,
                        uint32_t after)
{
    const struct tarn_text *t = q->engine->model->text;
    int32_t id = q->seq->ids[q->n_prompt + q->sum.n_total - 1];
    uint32_t n_tag = 0;
    if (tarn_text_is_end(t, id) ||
        (before != after && tarn_text_is_tag(t, id)))
        return;
    if (before != after && before == TARN_SPAN_THOUGHT)
        n_tag = text_tag_tokens(q, "</think>");
    else if (before != after && after == TARN_SPAN_THOUGHT)
        n_tag = text_tag_tokens(q, "<think>");
    uint32_t kind = n_tag ? before : after ? after : before;
    uint32_t *count = kind == TARN_SPAN_THOUGHT ? &q->sum.n_thought
                                                : &q->sum.n_answer;
    if (!n_tag)
        ++*count;
    else
        *count -= n_tag - 1 < *count ? n_tag - 1 : *count;
}

/* ---------------------------------------------------------------- taking back */
/* The reader has no memory of where it was, so it reads the turn again,
 * silently: bytes of text per token are few. */
void tarn_request_withdraw(struct tarn_request *q, uint32_t at)
{
    struct tarn_sequence *s = q->seq;
    uint32_t keep = q->n_prompt + at, n = s->n_ids - keep;
    tarn_seq_rewind(&q->engine->cache, s, keep - 1);
    s->n_ids = keep; /* its last one runs again: its logits are wanted */
    tarn_sampler_rewind(q->sampler, keep);
    q->n_forced = 0;
    q->muted = true;
    tarn_reader_reset(q->reader);
    tarn_bind_reset(&q->bind);
    for (uint32_t i = q->n_prompt; i < keep; i++) {
        if (q->bound)
            tarn_bind_token(&q->bind, s->ids[i], tarn_reader_span(q->reader));
        tarn_reader_token(q->reader, s->ids[i]);
    }
    q->muted = false;
    q->sum.n_total = at;
    uint32_t *count = tarn_reader_span(q->reader) == TARN_SPAN_THOUGHT
                          ? &q->sum.n_thought
                          : &q->sum.n_answer;
    *count -= n < *count ? n : *count;
    q->n_held = 0;
    q->sum.n_withdrawn += n;
    struct tarn_event ev = { .kind = TARN_EV_WITHDRAWN, .at = at,
                             .span = tarn_reader_span(q->reader),
                             .done = q->span_bytes, .total = n };
    tarn_emit(q, &ev);
}

static void notice(struct tarn_request *q, const char *text)
{
    struct tarn_event ev = { .kind = TARN_EV_NOTICE, .text = text,
                             .text_size = strlen(text) };
    tarn_emit(q, &ev);
}

/* ------------------------------------------------------------------- circles */
void tarn_request_watch_anew(struct tarn_request *q)
{
    q->span_first = q->sum.n_total;
    q->told_circle = false;
    tarn_circle_init(&q->circle);
}

static bool watch(struct tarn_request *q, int32_t id,
                  struct tarn_circle_found *found)
{
    size_t size;
    const char *bytes = tarn_text_bytes(q->engine->model->text, id, &size);
    return tarn_circle_token(&q->circle, id, bytes, size, found);
}

void tarn_request_watch_given(struct tarn_request *q, int32_t id)
{
    struct tarn_circle_found found;
    watch(q, id, &found);
}

/* The circle is cut at the second time's first token, which may not be drawn
 * there again.  Gives the number of tokens that were taken back. */
static uint32_t cut(struct tarn_request *q, uint32_t back_to)
{
    const uint32_t first = q->span_first, at = first + back_to;
    const int32_t *ids = q->seq->ids + q->n_prompt;
    const int32_t again = ids[at];
    const uint32_t n = q->sum.n_total - at;
    tarn_request_withdraw(q, at);
    tarn_circle_init(&q->circle);
    for (uint32_t i = first; i < at; i++)
        tarn_request_watch_given(q, ids[i]);
    q->excluded = again;
    return n;
}

/* If breaking it does not help, the thought is closed. */
static void break_thought(struct tarn_request *q, uint32_t back_to)
{
    const uint32_t at = q->span_first + back_to;
    const bool soon = q->sum.n_loops && at < q->last_break + 128;
    const uint32_t n = cut(q, back_to);
    if (soon || q->sum.n_loops >= 3) {
        notice(q, "The circle came back, so the thought was closed here.");
        q->budget = q->sum.n_thought; /* closed with the next token */
        q->excluded = -1;
        return;
    }
    char text[120];
    snprintf(text, sizeof text,
             "The thought went round in a circle; %u tokens were taken back "
             "and it went on another way.",
             n);
    notice(q, text);
    q->sum.n_loops++;
    q->last_break = at;
}

void tarn_request_watch(struct tarn_request *q, int32_t id)
{
    struct tarn_circle_found found;
    const uint32_t span = tarn_reader_span(q->reader);
    if (!watch(q, id, &found)) {
        atomic_store(&q->break_circle, false);
        return;
    }
    if (q->keep_loops)
        return;
    if (span == TARN_SPAN_THOUGHT) {
        break_thought(q, found.back_to);
    } else if (found.by_step) {
        return;
    } else if (span == TARN_SPAN_CALL) {
        notice(q, "The model wrote a call that goes round in a circle; it was "
                  "stopped there.");
        tarn_request_end(q, TARN_STOP_LENGTH);
    } else if (found.matched < TARN_CIRCLE_LONG) {
        return;
    } else if (atomic_exchange(&q->break_circle, false)) {
        cut(q, found.back_to);
        q->told_circle = false;
        q->n_tries++;
    } else if (!q->told_circle) {
        static const char text[] = "The answer goes round in a circle.";
        struct tarn_event ev = { .kind = TARN_EV_NOTICE, .text = text,
                                 .text_size = sizeof text - 1,
                                 .total = found.matched };
        q->told_circle = true;
        tarn_emit(q, &ev);
    }
}
