/* cache.c - see cache.h. */
#include "core/engine/cache.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

#define TAILS_PER_SEQ 3u

static uint32_t pages_for(uint32_t n)
{
    return (n + TARN_PAGE_POSITIONS - 1) / TARN_PAGE_POSITIONS;
}

static enum tarn_status open_seqs(struct tarn_kv_cache *c, struct tarn_error *err)
{
    c->seqs = tarn_alloc(c->n_seqs, sizeof *c->seqs);
    c->free_pages = tarn_alloc(c->max_pages, sizeof *c->free_pages);
    bool whole = c->seqs && c->free_pages;
    for (uint32_t i = 0; whole && i < c->n_seqs; i++) {
        struct tarn_sequence *s = &c->seqs[i];
        s->ids = tarn_alloc(c->n_context + 1u, sizeof *s->ids);
        s->pages = tarn_alloc(pages_for(c->n_context), sizeof *s->pages);
        s->tails[0] = 1 + i * TAILS_PER_SEQ;
        s->tails[1] = s->tails[0] + 1;
        s->saved = s->tails[0] + 2;
        whole = s->ids && s->pages;
    }
    return whole ? TARN_OK
                 : tarn_fail(err, TARN_NO_MEMORY,
                             "no memory for %u sequences of %u tokens",
                             c->n_seqs, c->n_context);
}

enum tarn_status tarn_kv_open(struct tarn_kv_cache *c, struct tarn_model *m,
                                 uint32_t n_context, uint32_t kv_type,
                                 uint32_t n_seqs, struct tarn_error *err)
{
    struct tarn_state_shape shape = tarn_state_view(m, kv_type);
    *c = (struct tarn_kv_cache){
        .model = m, .n_context = n_context, .kv_type = kv_type,
        .n_seqs = n_seqs, .max_pages = n_seqs * pages_for(n_context),
        .replay = (m->hp.conv_len - 1) * m->hp.n_conv,
    };
    enum tarn_status s = open_seqs(c, err);
    if (!s)
        s = m->backend->state_open(m->dev, &shape, &c->state, err);
    if (!s)
        s = m->backend->state_room(c->state, 0, 1 + n_seqs * TAILS_PER_SEQ,
                                   err);
    if (s)
        tarn_kv_close(c);
    return s;
}

void tarn_kv_close(struct tarn_kv_cache *c)
{
    if (c->state)
        c->model->backend->state_close(c->state);
    for (uint32_t i = 0; c->seqs && i < c->n_seqs; i++) {
        tarn_free(c->seqs[i].ids);
        tarn_free(c->seqs[i].pages);
    }
    tarn_free(c->seqs);
    tarn_free(c->free_pages);
    *c = (struct tarn_kv_cache){ 0 };
}

/* ---------------------------------------------------------------- rewind */
void tarn_seq_rewind(struct tarn_kv_cache *c, struct tarn_sequence *s, uint32_t n)
{
    s->n_ids = s->n_ids < n ? s->n_ids : n;
    if (s->has_saved && s->saved_at > n)
        s->has_saved = false;
    if (s->n_kv > n)
        s->n_kv = n;
    while (s->n_pages > pages_for(s->n_kv))
        c->free_pages[c->n_free++] = s->pages[--s->n_pages];
    if (s->tail_at <= s->n_kv && !s->guessed)
        return; /* the tail is not ahead: nothing to undo */
    if (s->has_saved && s->saved_at == s->n_kv &&
        !c->model->backend->state_copy(c->state, false, s->tails[0], s->saved,
                                       NULL)) {
        s->tail = s->tails[0];
        s->tail_at = s->n_kv;
        s->guessed = false;
        return;
    }
    s->tail = TARN_TAIL_ZERO;
    s->tail_at = s->n_kv > c->replay ? s->n_kv - c->replay : 0;
    s->guessed = s->tail_at > 0;
}

void tarn_seq_save_tail(struct tarn_kv_cache *c, struct tarn_sequence *s)
{
    s->has_saved = s->tail_at == s->n_kv && s->tail != TARN_TAIL_ZERO &&
                   !s->guessed &&
                   !c->model->backend->state_copy(c->state, false, s->saved,
                                                  s->tail, NULL);
    s->saved_at = s->n_kv;
}

struct tarn_seq tarn_seq_view(const struct tarn_sequence *s)
{
    uint32_t other = s->tail == s->tails[0] ? s->tails[1] : s->tails[0];
    return (struct tarn_seq){ .pages = s->pages, .tail_in = s->tail,
                              .tail_out = other };
}

void tarn_seq_advance(struct tarn_sequence *s, uint32_t n)
{
    s->tail = tarn_seq_view(s).tail_out;
    s->tail_at = n;
    if (n >= s->n_kv)
        s->guessed = false;
    if (n > s->n_kv)
        s->n_kv = n;
}

/* ------------------------------------------------------------- sequences */
static uint32_t common_prefix(const struct tarn_sequence *s,
                              const int32_t *ids, uint32_t n)
{
    uint32_t most = s->n_kv < n ? s->n_kv : n, k = 0;
    while (k < most && s->ids[k] == ids[k])
        k++;
    return k;
}

/* Most of a sequence must be worth keeping, else a free one is taken and the
 * old chat stays in the cache. */
static bool worth(const struct tarn_sequence *s, uint32_t common)
{
    return common > 0 && common >= s->n_kv / 4;
}

struct tarn_sequence *tarn_kv_take(struct tarn_kv_cache *c, const int32_t *ids,
                                      uint32_t n, uint32_t *n_reused)
{
    struct tarn_sequence *best = NULL, *oldest = NULL;
    uint32_t best_common = 0;
    for (uint32_t i = 0; i < c->n_seqs; i++) {
        struct tarn_sequence *s = &c->seqs[i];
        if (s->busy)
            continue;
        uint32_t common = common_prefix(s, ids, n);
        if (worth(s, common) && common > best_common) {
            best = s;
            best_common = common;
        }
        if (!oldest || s->used_at < oldest->used_at)
            oldest = s;
    }
    if (!best)
        best = oldest;
    if (!best)
        return NULL;
    if (best_common == n)
        best_common = n - 1;
    tarn_seq_rewind(c, best, best_common);
    memcpy(best->ids, ids, n * sizeof *ids);
    best->n_ids = n;
    best->busy = true;
    best->used_at = ++c->clock;
    *n_reused = best_common;
    return best;
}

void tarn_kv_give(struct tarn_kv_cache *c, struct tarn_sequence *s)
{
    s->n_ids = s->n_kv;
    s->busy = false;
    s->used_at = ++c->clock;
}

/* ----------------------------------------------------------------- pages */
/* Grows the room by a quarter at a time (at least 8 pages), so that a long
 * prefill does not ask for every page. */
static enum tarn_status grow(struct tarn_kv_cache *c, uint32_t need,
                             struct tarn_error *err)
{
    uint32_t want = c->n_pages + c->n_pages / 4;
    if (want < c->n_pages + 8)
        want = c->n_pages + 8;
    if (want < c->n_pages + need)
        want = c->n_pages + need;
    if (want > c->max_pages)
        want = c->max_pages;
    enum tarn_status s = tarn_fail(err, TARN_LIMIT,
                                   "all %u pages of the K/V cache are in use",
                                   c->max_pages);
    if (want >= c->n_pages + need)
        s = c->model->backend->state_room(c->state, want,
                                          1 + c->n_seqs * TAILS_PER_SEQ, err);
    if (s)
        return s;
    while (c->n_pages < want)
        c->free_pages[c->n_free++] = c->n_pages++;
    return TARN_OK;
}

static bool give_up_idle(struct tarn_kv_cache *c)
{
    struct tarn_sequence *oldest = NULL;
    for (uint32_t i = 0; i < c->n_seqs; i++) {
        struct tarn_sequence *s = &c->seqs[i];
        if (!s->busy && s->n_pages && (!oldest || s->used_at < oldest->used_at))
            oldest = s;
    }
    if (oldest)
        tarn_seq_rewind(c, oldest, 0);
    return oldest != NULL;
}

enum tarn_status tarn_seq_reserve(struct tarn_kv_cache *c,
                                  struct tarn_sequence *s, uint32_t n,
                                  struct tarn_error *err)
{
    while (s->n_pages < pages_for(n)) {
        if (!c->n_free) {
            enum tarn_status st = grow(c, pages_for(n) - s->n_pages, err);
            if (st && !give_up_idle(c))
                return st;
            continue;
        }
        s->pages[s->n_pages++] = c->free_pages[--c->n_free];
    }
    return TARN_OK;
}
