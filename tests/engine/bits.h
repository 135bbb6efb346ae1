/* bits.h - is an engine's state, bit for bit, that of a straight run?
 *
 * Looks inside: K/V pages as canonical bytes, and the logits that come next. */
#ifndef TARN_TESTS_ENGINE_BITS_H
#define TARN_TESTS_ENGINE_BITS_H

#include "core/engine/engine.h"
#include "tests/engine/world.h"

/* Runs what of s->ids is not in the state yet, as many rows at a time as a
 * batch takes; the logits of the last one are e->logits then. */
static inline bool run_to_end(struct tarn_engine *e, struct tarn_sequence *s)
{
    struct tarn_error err = { TARN_OK, "" };
    while (s->tail_at < s->n_ids) {
        uint32_t end = s->n_ids, n = 0;
        if (end - s->tail_at > e->max_rows)
            end = s->tail_at + e->max_rows;
        if (tarn_seq_reserve(&e->cache, s, end, &err))
            break;
        for (uint32_t pos = s->tail_at; pos < end; pos++)
            e->rows[n++] = (struct tarn_row){
                .token = s->ids[pos], .pos = pos,
                .flags = (pos + 1 == s->n_ids ? (uint32_t)TARN_ROW_LOGITS : 0) |
                         (pos < s->n_kv ? (uint32_t)TARN_ROW_REPLAY : 0) };
        struct tarn_seq view = tarn_seq_view(s);
        struct tarn_batch b = { .size = sizeof b, .rows = e->rows, .n_rows = n,
                                .seqs = &view, .n_seqs = 1,
                                .logits = e->logits };
        if (e->model->backend->run(e->prepared, &b, &err))
            break;
        tarn_seq_advance(s, end);
    }
    CHECK_SAYS(s->tail_at == s->n_ids, "%s", err.text);
    return s->tail_at == s->n_ids;
}

/* The state after ids [n], taken from the cache as it is there and finished. */
struct bits {
    float *logits; /* [n_vocab] */
    uint8_t *kv;   /* canonical bytes of all pages */
    uint8_t *tail;
    size_t n_kv, n_tail;
    uint32_t reused;
};

static inline bool bits_take(struct tarn_engine *e, const int32_t *ids,
                             uint32_t n, struct bits *b)
{
    struct tarn_model *m = e->model;
    struct tarn_kv_cache *c = &e->cache;
    struct tarn_state_shape shape = tarn_state_view(m, c->kv_type);
    struct tarn_type_traits t = tarn_type_traits(c->kv_type);
    size_t page = 0;
    *b = (struct bits){ 0 };
    struct tarn_sequence *s = tarn_kv_take(c, ids, n, NULL, &b->reused);
    if (!s || !run_to_end(e, s))
        return false;
    for (uint32_t i = 0; i < shape.n_attn; i++)
        page += (size_t)2 * TARN_PAGE_POSITIONS * shape.kv_widths[i] /
                t.block * t.bytes;
    b->n_kv = page * s->n_pages;
    b->n_tail = (size_t)shape.n_conv * (shape.conv_len - 1) *
                shape.conv_width * sizeof(float);
    b->logits = calloc(m->info.n_vocab, sizeof *b->logits);
    b->kv = calloc(b->n_kv + 1, 1);
    b->tail = calloc(b->n_tail + 1, 1);
    memcpy(b->logits, e->logits, m->info.n_vocab * sizeof *b->logits);
    bool good = !m->backend->state_read(c->state, false, s->tail, 0, b->tail,
                                        NULL);
    for (uint32_t i = 0; i < s->n_pages; i++) {
        uint32_t left = n - i * TARN_PAGE_POSITIONS;
        good &= !m->backend->state_read(
            c->state, true, s->pages[i],
            left < TARN_PAGE_POSITIONS ? left : TARN_PAGE_POSITIONS,
            b->kv + i * page, NULL);
    }
    tarn_kv_give(c, s);
    return good;
}

static inline void bits_free(struct bits *b)
{
    free(b->logits);
    free(b->kv);
    free(b->tail);
}

/* Is the state after ids [n] that of an engine which never did anything else?
 * At least `reused` positions must have come from the cache. */
static inline bool bits_are_straight(struct tarn_engine *e, const int32_t *ids,
                                     uint32_t n, uint32_t reused)
{
    struct tarn_engine_options eo = { .size = sizeof eo,
                                      .n_context = e->cache.n_context,
                                      .max_rows = 32, .n_sequences = 1,
                                      .kv_type = e->cache.kv_type,
                                      .kv_given = true };
    struct tarn_engine *fresh = NULL;
    struct bits a = { 0 }, b = { 0 };
    bool same = bits_take(e, ids, n, &a) &&
                !tarn_engine_create(e->model, &eo, &fresh, NULL) &&
                bits_take(fresh, ids, n, &b);
    CHECK_SAYS(same && a.reused >= reused, "%u of %u were there", a.reused, n);
    same = same && a.n_kv == b.n_kv && !memcmp(a.kv, b.kv, a.n_kv) &&
           !memcmp(a.tail, b.tail, a.n_tail) &&
           !memcmp(a.logits, b.logits,
                   e->model->info.n_vocab * sizeof *a.logits);
    bits_free(&a);
    bits_free(&b);
    tarn_engine_destroy(fresh);
    return same;
}

#endif
