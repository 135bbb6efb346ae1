/* inherit.c - a record that begins with what another one knows.
 *
 * A fork is an answer of its own: the tokens it was given keep their figures,
 * and are told at its own times.  An answer that goes on is the same one: its
 * record becomes the other's as soon as all of that was told again, with the
 * times, the pieces taken back and the spans' borders. */
#include "core/trace/record.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

/* -------------------------------------------------------------------- forks */
void tarn_trace_take_experts(struct tarn_trace *t, size_t i)
{
    if (t->room_experts < t->n_tokens &&
        !tarn_trace_room_experts(t, t->room_tokens)) {
        t->failed = true;
        return;
    }
    const size_t n = t->n_slots * sizeof(uint16_t);
    memcpy(t->expert_ids + i * t->n_slots, t->given_ids + i * t->n_slots, n);
    memcpy(t->expert_gates + i * t->n_slots, t->given_gates + i * t->n_slots,
           n);
}

void tarn_trace_take_figures(struct tarn_trace *t, struct tarn_trace_token *k)
{
    const struct tarn_trace_token *g = &t->given[t->n_tokens];
    if (k->best[0].id >= 0)
        return;
    k->entropy_bits = g->entropy_bits;
    memcpy(k->best, g->best, sizeof k->best);
    if (k->id == g->id) {
        k->p = g->p;
        k->p_after = g->p_after;
        k->flags = g->flags & TARN_TRACE_FORCED;
        return;
    }
    for (int i = 0; i < 8; i++)
        if (k->best[i].id == k->id)
            k->p = k->best[i].p;
}

enum tarn_status tarn_trace_inherit(struct tarn_trace *t,
                                    const struct tarn_trace *from,
                                    size_t n_begin, struct tarn_error *err)
{
    const size_t slots = t->n_slots && from->n_slots == t->n_slots &&
                                 from->room_experts
                             ? t->n_slots : 0;
    size_t n = 0;
    n_begin = n_begin < from->n_tokens ? n_begin : from->n_tokens;
    t->given = tarn_alloc(n_begin, sizeof *t->given);
    if (slots) {
        t->given_ids = tarn_alloc(n_begin, slots * sizeof(uint16_t));
        t->given_gates = tarn_alloc(n_begin, slots * sizeof(uint16_t));
    }
    if (!t->given || (slots && (!t->given_ids || !t->given_gates)))
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for a trace");
    for (size_t i = 0; i < from->n_tokens && n < n_begin; i++) {
        const uint16_t *ids, *gates;
        if (from->tokens[i].flags & TARN_TRACE_WITHDRAWN)
            continue;
        t->given[n] = from->tokens[i];
        const bool known = slots && tarn_trace_experts_of(from, i, &ids,
                                                          &gates);
        for (size_t k = 0; k < slots; k++) {
            t->given_ids[n * slots + k] = known ? ids[k] : UINT16_MAX;
            t->given_gates[n * slots + k] = known ? gates[k] : 0;
        }
        n++;
    }
    t->n_given = n;
    return TARN_OK;
}

/* ------------------------------------------------------------------ going on */
static void *copy_of(const void *from, size_t n, size_t size)
{
    void *p = tarn_alloc(n, size);
    if (p && n)
        memcpy(p, from, n * size);
    return p;
}

/* n tokens' experts; those that are not recorded stay marked so. */
static bool copy_experts(struct tarn_trace *to, const struct tarn_trace *from,
                         size_t n, uint32_t slots)
{
    if (!slots || from->n_slots != slots || !from->room_experts)
        return true;
    to->n_slots = slots;
    if (!tarn_trace_room_experts(to, n))
        return false;
    const size_t known = from->room_experts < n ? from->room_experts : n;
    const size_t size = known * slots * sizeof(uint16_t);
    memcpy(to->expert_ids, from->expert_ids, size);
    memcpy(to->expert_gates, from->expert_gates, size);
    return true;
}

/* The first n tokens of a record, as they were when the turn went on: gone
 * are those with these flags. */
static bool copy_beginning(struct tarn_trace *to, const struct tarn_trace *from,
                           size_t n, uint8_t gone, uint32_t slots)
{
    const bool all = n == from->n_tokens;
    uint32_t given = 0;
    to->tokens = copy_of(from->tokens, n, sizeof *to->tokens);
    to->fed = tarn_alloc(n + 1, sizeof *to->fed);
    to->spans = copy_of(from->spans, from->n_spans, sizeof *to->spans);
    to->loops = copy_of(from->loops, from->n_loops, sizeof *to->loops);
    tarn_buf_add(&to->bytes, from->bytes.data,
                 all ? from->bytes.size : from->tokens[n].text_at);
    if (!to->tokens || !to->fed || !to->spans || !to->loops ||
        to->bytes.failed || !copy_experts(to, from, n, slots))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t *flags = &to->tokens[i].flags;
        to->fed[i] = given;
        given += !(*flags & gone);
        *flags = *flags & gone
                     ? (uint8_t)(*flags | TARN_TRACE_BEFORE |
                                 TARN_TRACE_WITHDRAWN)
                     : (uint8_t)(*flags & ~TARN_TRACE_WITHDRAWN);
    }
    to->fed[n] = given;
    to->n_tokens = n;
    while (to->n_spans < from->n_spans && from->spans[to->n_spans].first <= n)
        to->n_spans++;
    for (size_t i = 0; i < from->n_loops; i++) /* the others come later */
        if (from->loops[i].first < n &&
            to->tokens[from->loops[i].first].flags & TARN_TRACE_BEFORE)
            to->loops[to->n_loops++] = from->loops[i];
    to->us = all ? from->us : to->tokens[n - 1].us;
    to->end = from->end;
    return true;
}

enum tarn_status tarn_trace_begin_as(struct tarn_trace *t,
                                     const struct tarn_trace *from,
                                     size_t n_given, uint8_t gone,
                                     struct tarn_error *err)
{
    const enum tarn_status s = tarn_trace_inherit(t, from, n_given, err);
    size_t n = 0, given = 0;
    while (n < from->n_tokens &&
           (given < n_given || from->tokens[n].flags & gone))
        given += !(from->tokens[n++].flags & gone);
    if (s || !n_given || given < n_given)
        return s;
    struct tarn_trace *b = tarn_alloc(1, sizeof *b);
    if (!b || !copy_beginning(b, from, n, gone, t->n_slots)) {
        tarn_trace_destroy(b);
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for a trace");
    }
    t->before = b;
    t->told = 0;
    while (b->tokens[t->told].flags & TARN_TRACE_BEFORE)
        t->told++;
    if (from->info.unix_ms)
        t->info.unix_ms = from->info.unix_ms;
    return TARN_OK;
}

enum tarn_status tarn_trace_go_on(struct tarn_trace *t,
                                  const struct tarn_trace *from,
                                  size_t n_given, struct tarn_error *err)
{
    return tarn_trace_begin_as(t, from, n_given, TARN_TRACE_WITHDRAWN, err);
}

/* The place of the i-th token that was given; behind all: n_tokens. */
static uint32_t place_of(const struct tarn_trace *b, uint32_t i)
{
    size_t lo = 0, hi = b->n_tokens; /* the last place with i before it */
    while (lo < hi) {
        const size_t mid = hi - (hi - lo) / 2;
        if (b->fed[mid] <= i)
            lo = mid;
        else
            hi = mid - 1;
    }
    return (uint32_t)lo;
}

static uint64_t us_at(const struct tarn_trace *b, size_t place)
{
    return place < b->n_tokens ? b->tokens[place].us : b->us;
}

/* Spans as they were told again, with the borders and times of the record
 * where it has the same. */
static void place_spans(struct tarn_trace *t, const struct tarn_trace *b)
{
    size_t k = 0;
    uint32_t end = 0;
    for (size_t i = 0; i < t->n_spans; i++) {
        struct tarn_trace_span *s = &t->spans[i];
        const uint32_t first = s->first, last = first + s->n;
        while (k < b->n_spans &&
               (b->fed[b->spans[k].first] < first ||
                (b->fed[b->spans[k].first] == first &&
                 b->spans[k].kind != s->kind)))
            k++;
        const bool same = k < b->n_spans &&
                          b->fed[b->spans[k].first] == first;
        const struct tarn_trace_span *was = same ? &b->spans[k++] : NULL;
        s->first = was ? was->first : place_of(b, first);
        s->first = s->first > end ? s->first : end;
        s->begin_us = was ? was->begin_us : us_at(b, s->first);
        end = s->first;
        if (s->open)
            continue;
        const bool whole = was && !was->open &&
                           was->n <= b->n_tokens - was->first &&
                           b->fed[was->first + was->n] == last;
        end = whole ? was->first + was->n : place_of(b, last);
        end = end > s->first ? end : s->first;
        s->n = end - s->first;
        s->end_us = whole ? was->end_us : us_at(b, end);
        s->end_us = s->end_us > s->begin_us ? s->end_us : s->begin_us;
    }
}

/* All of it: the turn ended before it was told. */
static void take_spans(struct tarn_trace *t, struct tarn_trace *b)
{
    tarn_free(t->spans);
    t->spans = b->spans;
    t->n_spans = t->room_spans = b->n_spans;
    b->spans = NULL;
    for (size_t i = 0; i < t->n_spans; i++) {
        struct tarn_trace_span *s = &t->spans[i];
        const uint32_t most = (uint32_t)b->n_tokens - s->first;
        s->n = s->open || s->n > most ? most : s->n;
        s->end_us = s->open ? b->us : s->end_us;
        s->open = false;
    }
}

static void swap(void *a, void *b, size_t size)
{
    unsigned char c[sizeof(struct tarn_buf)];
    memcpy(c, a, size);
    memcpy(a, b, size);
    memcpy(b, c, size);
}
#define SWAP(member) swap(&t->member, &b->member, sizeof t->member)

/* The record becomes what is set aside; its spans are placed. */
static void become(struct tarn_trace *t)
{
    struct tarn_trace *b = t->before;
    t->before = NULL;
    SWAP(tokens);
    SWAP(bytes);
    SWAP(loops);
    SWAP(expert_ids);
    SWAP(expert_gates);
    SWAP(room_experts);
    t->n_tokens = t->room_tokens = b->n_tokens;
    t->n_loops = t->room_loops = b->n_loops;
    t->us = t->before_us = b->us;
    t->n_given = 0;
    t->n_edits++;
    tarn_trace_destroy(b);
    t->n_steps = t->n_hesitations = 0;
    t->thought = TARN_TRACE_NO_SPAN;
    for (size_t i = 0; i < t->n_spans && !t->failed; i++)
        if (t->spans[i].kind == TARN_SPAN_THOUGHT)
            tarn_trace_reread(t, (uint32_t)i);
}

void tarn_trace_told_again(struct tarn_trace *t, int32_t id)
{
    struct tarn_trace *b = t->before;
    if (!b)
        return;
    if (b->tokens[t->told].id != id || t->n_loops) { /* another answer */
        t->before = NULL;
        tarn_trace_destroy(b);
        return;
    }
    do
        t->told++;
    while (t->told < b->n_tokens &&
           b->tokens[t->told].flags & TARN_TRACE_BEFORE);
    if (t->told < b->n_tokens)
        return;
    place_spans(t, b);
    if (t->end != TARN_TRACE_END_NONE)
        t->end = b->end;
    become(t);
}

void tarn_trace_not_told_again(struct tarn_trace *t)
{
    if (!t->before)
        return;
    take_spans(t, t->before);
    t->end = t->before->end;
    become(t);
}
