/* cache.c - see cache.h. */
#include "core/engine/cache.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

static uint32_t pages_for(uint32_t n)
{
    return (n + TARN_PAGE_POSITIONS - 1) / TARN_PAGE_POSITIONS;
}

/* The face may look at these while the owner computes. */
static void show(struct tarn_kv_cache *c)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->n_slots; i++)
        kept += !c->seqs[i].busy && c->seqs[i].n_pages > 0;
    atomic_store(&c->shown_pages, c->n_pages);
    atomic_store(&c->shown_used, c->n_pages - c->n_free);
    atomic_store(&c->shown_kept, kept);
}

static enum tarn_status open_seqs(struct tarn_kv_cache *c, struct tarn_error *err)
{
    c->seqs = tarn_alloc(c->n_slots, sizeof *c->seqs);
    c->free_pages = tarn_alloc(c->max_pages, sizeof *c->free_pages);
    c->page_users = tarn_alloc(c->max_pages, sizeof *c->page_users);
    bool whole = c->seqs && c->free_pages && c->page_users;
    for (uint32_t i = 0; whole && i < c->n_slots; i++) {
        struct tarn_sequence *s = &c->seqs[i];
        s->ids = tarn_alloc(c->n_context + 1u, sizeof *s->ids);
        s->pages = tarn_alloc(pages_for(c->n_context), sizeof *s->pages);
        s->tails[0] = 1 + i * TARN_TAILS_PER_SEQ;
        s->tails[1] = s->tails[0] + 1;
        s->saved = s->tails[0] + 2;
        whole = s->ids && s->pages;
    }
    return whole ? TARN_OK
                 : tarn_fail(err, TARN_NO_MEMORY,
                             "no memory for %u sequences of %u tokens",
                             c->n_slots, c->n_context);
}

/* What one page and one tail take, and so how many pages are allowed. */
static enum tarn_status count_pages(struct tarn_kv_cache *c, uint64_t max_bytes,
                                    struct tarn_error *err)
{
    const struct tarn_model *m = c->model;
    struct tarn_plan plan = tarn_plan_view(m, 1, c->n_context);
    struct tarn_state_shape shape = tarn_state_view(m, c->kv_type);
    const uint64_t one = pages_for(c->n_context), most = one * c->n_slots;
    uint64_t work = 0, n = one * c->n_seqs;
    enum tarn_status s = tarn_model_cost(m, &plan, &shape, &work,
                                          &c->page_bytes, &c->tail_bytes, err);
    if (s)
        return s;
    if (max_bytes && c->page_bytes)
        n = max_bytes / c->page_bytes;
    /* More than every slot can fill are never taken. */
    n = n < one ? one : n > most ? most : n;
    c->max_pages = n < UINT32_MAX / 2 ? (uint32_t)n : UINT32_MAX / 2;
    return TARN_OK;
}

enum tarn_status tarn_kv_open(struct tarn_kv_cache *c, struct tarn_model *m,
                              const struct tarn_kv_options *opt,
                              struct tarn_error *err)
{
    struct tarn_state_shape shape = tarn_state_view(m, opt->kv_type);
    *c = (struct tarn_kv_cache){
        .model = m, .n_context = opt->n_context, .kv_type = opt->kv_type,
        .n_seqs = opt->n_seqs, .n_slots = opt->n_seqs + opt->n_kept,
        .replay = (m->hp.conv_len - 1) * m->hp.n_conv,
    };
    enum tarn_status s = count_pages(c, opt->max_bytes, err);
    if (!s)
        s = open_seqs(c, err);
    if (!s)
        s = m->backend->state_open(m->dev, &shape, &c->state, err);
    if (!s)
        s = m->backend->state_room(c->state, 0,
                                   1 + c->n_slots * TARN_TAILS_PER_SEQ, err);
    if (s)
        tarn_kv_close(c);
    return s;
}

void tarn_kv_close(struct tarn_kv_cache *c)
{
    if (c->state)
        c->model->backend->state_close(c->state);
    for (uint32_t i = 0; c->seqs && i < c->n_slots; i++) {
        tarn_free(c->seqs[i].ids);
        tarn_free(c->seqs[i].pages);
    }
    tarn_free(c->seqs);
    tarn_free(c->free_pages);
    tarn_free(c->page_users);
    *c = (struct tarn_kv_cache){ 0 };
}

/* ---------------------------------------------------------------- rewind */
static void drop_page(struct tarn_kv_cache *c, uint32_t page)
{
    if (--c->page_users[page] == 0)
        c->free_pages[c->n_free++] = page;
}

/* Nothing is known of the tail: what replay begins with. */
static void guess_tail(const struct tarn_kv_cache *c, struct tarn_sequence *s)
{
    s->tail = TARN_TAIL_ZERO;
    s->tail_at = s->n_kv > c->replay ? s->n_kv - c->replay : 0;
    s->guessed = s->tail_at > 0;
}

/* tails[0] becomes a copy of that tail, which is exact at n_kv. */
static bool copy_tail(struct tarn_kv_cache *c, struct tarn_sequence *s,
                      uint32_t from)
{
    if (c->model->backend->state_copy(c->state, false, s->tails[0], from, NULL))
        return false;
    s->tail = s->tails[0];
    s->tail_at = s->n_kv;
    s->guessed = false;
    return true;
}

void tarn_seq_rewind(struct tarn_kv_cache *c, struct tarn_sequence *s, uint32_t n)
{
    s->n_ids = s->n_ids < n ? s->n_ids : n;
    if (s->has_saved && s->saved_at > n)
        s->has_saved = false;
    if (s->n_kv > n)
        s->n_kv = n;
    while (s->n_pages > pages_for(s->n_kv))
        drop_page(c, s->pages[--s->n_pages]);
    if (!s->n_kv)
        s->chat = 0;
    if (s->tail_at <= s->n_kv && !s->guessed)
        return; /* the tail is not ahead: nothing to undo */
    if (!s->has_saved || s->saved_at != s->n_kv || !copy_tail(c, s, s->saved))
        guess_tail(c, s);
}

void tarn_kv_forget(struct tarn_kv_cache *c)
{
    for (uint32_t i = 0; i < c->n_slots; i++) {
        struct tarn_sequence *s = &c->seqs[i];
        while (s->n_pages > 0)
            drop_page(c, s->pages[--s->n_pages]);
        s->n_kv = s->tail_at = 0;
        s->tail = TARN_TAIL_ZERO;
        s->guessed = s->has_saved = false;
        if (!s->busy)
            s->n_ids = 0;
    }
    show(c);
}

/* `to` is empty; it becomes the first n positions of `from`. */
static void branch(struct tarn_kv_cache *c, struct tarn_sequence *to,
                   const struct tarn_sequence *from, uint32_t n)
{
    to->n_pages = pages_for(n);
    for (uint32_t i = 0; i < to->n_pages; i++) {
        to->pages[i] = from->pages[i];
        c->page_users[to->pages[i]]++;
    }
    to->n_kv = n;
    bool exact = from->tail_at == n && !from->guessed &&
                 from->tail != TARN_TAIL_ZERO && copy_tail(c, to, from->tail);
    if (!exact && from->has_saved && from->saved_at == n)
        exact = copy_tail(c, to, from->saved);
    if (!exact)
        guess_tail(c, to);
}

void tarn_seq_save_tail(struct tarn_kv_cache *c, struct tarn_sequence *s)
{
    s->has_saved = s->tail_at == s->n_kv && s->tail != TARN_TAIL_ZERO &&
                   !s->guessed &&
                   !c->model->backend->state_copy(c->state, false, s->saved,
                                                  s->tail, NULL);
    s->saved_at = s->n_kv;
}

void tarn_seq_know_tail(struct tarn_kv_cache *c, struct tarn_sequence *s,
                        bool exact)
{
    if (!exact) {
        guess_tail(c, s);
        return;
    }
    s->tail = s->tails[0];
    s->tail_at = s->n_kv;
    s->guessed = false;
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

/* Has that chat only gone on from what the sequence ends with? */
static bool superseded(const struct tarn_sequence *s,
                       const struct tarn_asker *who)
{
    if (!who || !who->chat || s->chat != who->chat)
        return false;
    for (size_t i = 0; i < who->n_path; i++)
        if (who->path[i] == s->message)
            return true;
    return false;
}

/* An idle one that is empty, else the one not used for longest. */
static struct tarn_sequence *oldest_idle(struct tarn_kv_cache *c)
{
    struct tarn_sequence *best = NULL;
    for (uint32_t i = 0; i < c->n_slots; i++) {
        struct tarn_sequence *s = &c->seqs[i];
        if (s->busy)
            continue;
        if (!s->n_kv)
            return s;
        if (!best || s->used_at < best->used_at)
            best = s;
    }
    return best;
}

static struct tarn_sequence *begin_use(struct tarn_kv_cache *c,
                                       struct tarn_sequence *s)
{
    s->busy = true;
    s->chat = 0;
    s->used_at = ++c->clock;
    c->n_busy++;
    show(c);
    return s;
}

struct tarn_sequence *tarn_kv_take_empty(struct tarn_kv_cache *c)
{
    if (c->n_busy >= c->n_seqs)
        return NULL;
    struct tarn_sequence *s = oldest_idle(c);
    tarn_seq_rewind(c, s, 0);
    s->has_saved = false;
    return begin_use(c, s);
}

/* Where the ids go on: in `from` itself, or in a branch of it. */
static struct tarn_sequence *place_for(struct tarn_kv_cache *c,
                                       struct tarn_sequence *from,
                                       uint32_t common,
                                       const struct tarn_asker *who)
{
    /* One token less is no loss: a prompt that is all there runs its last. */
    if (!from->busy && (common + 1 >= from->n_kv || superseded(from, who))) {
        tarn_seq_rewind(c, from, common);
        return from;
    }
    /* If it is itself what was not used for longest, nothing else has to go. */
    struct tarn_sequence *s = oldest_idle(c);
    if (s == from) {
        tarn_seq_rewind(c, from, common);
        return from;
    }
    tarn_seq_rewind(c, s, 0);
    s->has_saved = false;
    if (common > c->replay) /* sharing less than a replay saves nothing */
        branch(c, s, from, common);
    return s;
}

struct tarn_sequence *tarn_kv_take(struct tarn_kv_cache *c, const int32_t *ids,
                                   uint32_t n, const struct tarn_asker *who,
                                   uint32_t *n_reused)
{
    struct tarn_sequence *best = NULL;
    uint32_t most = 0;
    if (c->n_busy >= c->n_seqs)
        return NULL;
    for (uint32_t i = 0; i < c->n_slots; i++) {
        struct tarn_sequence *s = &c->seqs[i];
        uint32_t common = common_prefix(s, ids, n);
        /* An idle one, if it is as good: it may do without a branch. */
        if (common > most || (common == most && best && best->busy && !s->busy))
            best = s;
        most = common > most ? common : most;
    }
    if (most == n)
        most = n - 1;
    struct tarn_sequence *s =
        most ? place_for(c, best, most, who) : oldest_idle(c);
    if (!most)
        tarn_seq_rewind(c, s, 0);
    memcpy(s->ids, ids, n * sizeof *ids);
    s->n_ids = n;
    *n_reused = s->n_kv;
    return begin_use(c, s);
}

void tarn_kv_give(struct tarn_kv_cache *c, struct tarn_sequence *s)
{
    s->n_ids = s->n_kv;
    s->busy = false;
    s->used_at = ++c->clock;
    c->n_busy--;
    show(c);
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
    const uint32_t tails = 1 + c->n_slots * TARN_TAILS_PER_SEQ;
    if (want >= c->n_pages + need)
        s = c->model->backend->state_room(c->state, want, tails, err);
    if (s == TARN_NO_MEMORY && want > c->n_pages + need) { /* a full device */
        want = c->n_pages + need;
        s = c->model->backend->state_room(c->state, want, tails, err);
    }
    if (s)
        return s;
    while (c->n_pages < want)
        c->free_pages[c->n_free++] = c->n_pages++;
    return TARN_OK;
}

static bool give_up_idle(struct tarn_kv_cache *c)
{
    struct tarn_sequence *oldest = NULL;
    for (uint32_t i = 0; i < c->n_slots; i++) {
        struct tarn_sequence *s = &c->seqs[i];
        if (!s->busy && s->n_pages && (!oldest || s->used_at < oldest->used_at))
            oldest = s;
    }
    if (oldest)
        tarn_seq_rewind(c, oldest, 0);
    return oldest != NULL;
}

/* Some page is free then, or an idle sequence was given up (which may have
 * only shared what it had: look again). */
static enum tarn_status make_free(struct tarn_kv_cache *c, uint32_t need,
                                  struct tarn_error *err)
{
    if (c->n_free)
        return TARN_OK;
    enum tarn_status s = grow(c, need, err);
    return s && give_up_idle(c) ? TARN_OK : s;
}

static uint32_t take_free(struct tarn_kv_cache *c)
{
    const uint32_t page = c->free_pages[--c->n_free];
    c->page_users[page] = 1;
    return page;
}

/* A page that others use too, and that will be written: a copy, unless the
 * others had to go meanwhile. */
static enum tarn_status own_page(struct tarn_kv_cache *c, uint32_t *page,
                                 struct tarn_error *err)
{
    while (c->page_users[*page] > 1) {
        enum tarn_status s = make_free(c, 1, err);
        if (s)
            return s;
        if (!c->n_free)
            continue;
        const uint32_t copy = take_free(c);
        s = c->model->backend->state_copy(c->state, true, copy, *page, err);
        drop_page(c, s ? copy : *page);
        if (s)
            return s;
        *page = copy;
    }
    return TARN_OK;
}

enum tarn_status tarn_seq_reserve(struct tarn_kv_cache *c,
                                  struct tarn_sequence *s, uint32_t n,
                                  struct tarn_error *err)
{
    const uint32_t before = c->n_pages - c->n_free;
    enum tarn_status st = TARN_OK;
    for (uint32_t i = s->n_kv / TARN_PAGE_POSITIONS;
         !st && i < s->n_pages && s->n_kv < n; i++)
        st = own_page(c, &s->pages[i], err);
    while (!st && s->n_pages < pages_for(n)) {
        st = make_free(c, pages_for(n) - s->n_pages, err);
        if (!st && c->n_free)
            s->pages[s->n_pages++] = take_free(c);
    }
    if (c->n_pages - c->n_free != before)
        show(c);
    return st;
}
