/* engine.c - the engine's life and its step.  See engine.h. */
#include "core/engine/engine.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "core/chat/chat.h"

/* ------------------------------------------------------------------- life */
static bool cancelled(void *user)
{
    struct tarn_engine *e = user;
    return !e->computing &&
           atomic_load_explicit(&e->interrupt, memory_order_relaxed);
}

/* From inside run(): how far the batch is.  A long prompt is told about four
 * times a second even if a batch takes many. */
static void progress(void *user, uint64_t done, uint64_t total)
{
    struct tarn_engine *e = user;
    double now = tarn_now_ms();
    if (e->computing || !total || now - e->told_at < 250 ||
        tarn_ring_room(&e->ring) < TARN_RING_RESERVE / 2)
        return;
    e->told_at = now;
    for (struct tarn_request *q = e->active; q; q = q->next)
        if (q->in_batch && q->phase == TARN_PHASE_PREFILL)
            tarn_request_progress(q, (double)done / (double)total);
}

/* 2,048 rows prefill a mixture of experts fastest (every expert sees many
 * rows); smaller where memory or the context is. */
static uint32_t choose_rows(struct tarn_model *m, uint32_t asked,
                            uint32_t n_context, uint32_t kv_type)
{
    uint32_t rows = asked ? asked : TARN_DEFAULT_ROWS;
    struct tarn_fit fit;
    if (rows > n_context)
        rows = n_context;
    while (!asked && rows > 512 &&
           (tarn_model_fit(m, n_context, kv_type, rows, &fit, NULL) ||
            fit.work > TARN_DEFAULT_WORK))
        rows /= 2;
    return rows;
}

static enum tarn_status check_options(struct tarn_model *m,
                                      const struct tarn_engine_options *opt,
                                      uint32_t *n_context, uint32_t *kv_type,
                                      struct tarn_error *err)
{
    uint32_t most = m->info.max_context;
    *n_context = opt->n_context ? opt->n_context
                 : most < TARN_DEFAULT_CONTEXT ? most : TARN_DEFAULT_CONTEXT;
    if (*n_context > most)
        return tarn_fail(err, TARN_USAGE,
                         "a context of %u tokens is more than the %u that "
                         "%s was made for",
                         *n_context, most, m->info.name);
    *kv_type = opt->kv_given ? opt->kv_type : (uint32_t)TARN_F16;
    if (*kv_type != TARN_F16 && *kv_type != TARN_F32 && *kv_type != TARN_Q8_0)
        return tarn_fail(err, TARN_USAGE,
                         "the K/V type must be F16, F32 or Q8_0");
    if (*kv_type == TARN_Q8_0 && m->hp.head_dim % 32)
        return tarn_fail(err, TARN_USAGE,
                         "a q8_0 K/V cache needs heads of a multiple of 32 "
                         "values; %s has %u: use f16",
                         m->info.name, m->hp.head_dim);
    return TARN_OK;
}

/* E02: the kernel must not have to kill somebody.  The file's pages can be
 * given back and read again, the rest can't. */
static enum tarn_status check_memory(struct tarn_model *m, uint32_t n_context,
                                     uint32_t kv_type, uint32_t max_rows,
                                     uint32_t n_seqs, uint64_t *kv_bytes,
                                     struct tarn_error *err)
{
#if defined(__wasm__)
    (void)m, (void)n_context, (void)kv_type, (void)max_rows, (void)n_seqs;
    (void)kv_bytes, (void)err;
#else
    struct tarn_fit fit;
    uint64_t free = tarn_memory_available(NULL);
    if (tarn_model_fit(m, n_context, kv_type, max_rows, &fit, NULL))
        return TARN_OK; /* prepare() will say it */
    if (!*kv_bytes && fit.kv * (n_seqs - 1) > free / 4)
        *kv_bytes = fit.kv + free / 4;
    double gb = 1e9, taken = (double)(fit.total - fit.weights);
    if (fit.total - fit.weights > free)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "a context of %u tokens needs %.1f GB, %.1f GB are "
                         "free; try --ctx %u or --kv q8_0",
                         n_context, taken / gb, (double)free / gb,
                         n_context / 4);
    if (fit.total > free)
        tarn_log(m->rt, 0,
                 "%s needs %.1f GB, %.1f GB are free: parts of it will be read "
                 "again and again, slowly; try a smaller file",
                 m->info.name, (double)fit.total / gb, (double)free / gb);
#endif
    return TARN_OK;
}

static enum tarn_status open_parts(struct tarn_engine *e,
                                   const struct tarn_engine_options *opt,
                                   struct tarn_error *err)
{
    struct tarn_model *m = e->model;
    uint32_t n_context = 0, kv_type = 0;
    uint32_t n_seqs = opt->n_sequences ? opt->n_sequences : TARN_DEFAULT_SEQS;
    struct tarn_kv_options ko = {
        .n_seqs = n_seqs, .max_bytes = opt->kv_bytes,
        .n_kept = !opt->n_kept ? TARN_DEFAULT_KEPT
                  : opt->n_kept == UINT32_MAX ? 0 : opt->n_kept };
    enum tarn_status s = check_options(m, opt, &n_context, &kv_type, err);
    if (s)
        return s;
    if (n_seqs > TARN_MAX_SEQS)
        return tarn_fail(err, TARN_USAGE, "at most %u sequences, not %u",
                         TARN_MAX_SEQS, n_seqs);
    if (ko.n_kept > TARN_MAX_KEPT)
        return tarn_fail(err, TARN_USAGE,
                         "at most %u branches can be kept, not %u",
                         TARN_MAX_KEPT, ko.n_kept);
    e->max_rows = choose_rows(m, opt->max_rows, n_context, kv_type);
    m->fit_context = n_context;
    m->fit_kv = kv_type;
    m->fit_rows = e->max_rows;
    s = check_memory(m, n_context, kv_type, e->max_rows, n_seqs, &ko.max_bytes,
                     err);
    if (s)
        return s;
    ko.n_context = n_context;
    ko.kv_type = kv_type;
    e->rows = tarn_alloc(e->max_rows, sizeof *e->rows);
    e->seqs = tarn_alloc(n_seqs, sizeof *e->seqs);
    e->logits = tarn_alloc(n_seqs * (size_t)m->info.n_vocab, sizeof(float));
    const size_t most = n_seqs * (size_t)TARN_SAMPLER_MOST;
    e->digests = tarn_alloc(n_seqs, sizeof *e->digests);
    e->best_ids = tarn_alloc(most, sizeof *e->best_ids);
    e->best_logits = tarn_alloc(most, sizeof *e->best_logits);
    e->mutex = tarn_mutex_create();
    e->cond = tarn_cond_create();
    if (!e->rows || !e->seqs || !e->logits || !e->digests || !e->best_ids ||
        !e->best_logits || !e->mutex || !e->cond)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the engine");
    s = tarn_ring_init(&e->ring, err);
    if (!s)
        s = tarn_kv_open(&e->cache, m, &ko, err);
    if (s)
        return s;
    struct tarn_plan plan = tarn_plan_view(m, e->max_rows, n_context);
    return m->backend->prepare(m->dev, &plan, e->cache.state, &e->prepared,
                               err);
}

/* What open_parts() made, or a part of it; may be opened again. */
static void close_parts(struct tarn_engine *e)
{
    if (e->prepared)
        e->model->backend->release(e->prepared);
    tarn_kv_close(&e->cache);
    tarn_ring_finish(&e->ring);
    tarn_cond_destroy(e->cond);
    tarn_mutex_destroy(e->mutex);
    tarn_free(e->rows);
    tarn_free(e->seqs);
    tarn_free(e->logits);
    tarn_free(e->digests);
    tarn_free(e->best_ids);
    tarn_free(e->best_logits);
    e->prepared = NULL;
    e->cond = NULL;
    e->mutex = NULL;
    e->rows = NULL;
    e->seqs = NULL;
    e->logits = NULL;
    e->digests = NULL;
    e->best_ids = NULL;
    e->best_logits = NULL;
}

enum tarn_status tarn_engine_create(struct tarn_model *model,
                                    const struct tarn_engine_options *opt,
                                    struct tarn_engine **out,
                                    struct tarn_error *err)
{
    static const struct tarn_engine_options NONE = { .size = sizeof NONE };
    struct tarn_engine *e = tarn_alloc(1, sizeof *e);
    if (!e)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the engine");
    e->model = model;
    model->n_engines++;
    enum tarn_status s = open_parts(e, opt ? opt : &NONE, err);
    while (s == TARN_NO_MEMORY && model->n_engines == 1) {
        close_parts(e);
        if (!tarn_model_shrink(model))
            break;
        s = open_parts(e, opt ? opt : &NONE, err);
    }
    if (s) {
        tarn_engine_destroy(e);
        return s;
    }
    model->cancelled = cancelled;
    model->progress = progress;
    model->run_user = e;
    *out = e;
    return TARN_OK;
}

void tarn_engine_destroy(struct tarn_engine *e)
{
    if (!e)
        return;
    struct tarn_event ev;
    while (e->ring.bytes && tarn_engine_next_event(e, &ev))
        continue; /* frees requests that have ended */
    for (size_t i = 0; i < e->n_live; i++) {
        if (e->live[i]->chat)
            tarn_chat_drop(e->live[i]->chat);
        tarn_request_free(e->live[i]);
    }
    tarn_free(e->live);
    tarn_lexicon_destroy(e->lexicon);
    close_parts(e);
    e->model->cancelled = NULL;
    e->model->progress = NULL;
    tarn_model_unuse(e->model);
    tarn_free(e);
}

uint32_t tarn_engine_context(const struct tarn_engine *engine)
{
    return engine->cache.n_context;
}

uint32_t tarn_engine_kv_type(const struct tarn_engine *engine)
{
    return engine->cache.kv_type;
}

void tarn_engine_state_memory(const struct tarn_engine *engine,
                              struct tarn_state_memory *out)
{
    const struct tarn_kv_cache *c = &engine->cache;
    const uint32_t taken = atomic_load(&c->shown_pages);
    *out = (struct tarn_state_memory){
        .size = sizeof *out, .n_kept = atomic_load(&c->shown_kept),
        .pages_used = atomic_load(&c->shown_used), .pages_taken = taken,
        .pages_most = c->max_pages, .page_bytes = c->page_bytes,
        .kv_bytes = taken * c->page_bytes,
        .tail_bytes = (1 + (uint64_t)c->n_slots * TARN_TAILS_PER_SEQ) *
                      c->tail_bytes,
        .page_tokens = TARN_PAGE_POSITIONS,
        .chat_tail_bytes = TARN_TAILS_PER_SEQ * c->tail_bytes };
}

/* ------------------------------------------------------------------- wait */
bool tarn_engine_busy(struct tarn_engine *e)
{
    return e->active || atomic_load(&e->incoming);
}

void tarn_engine_wait(struct tarn_engine *e)
{
    tarn_mutex_lock(e->mutex);
    for (;;) {
        bool full = tarn_ring_room(&e->ring) < TARN_RING_RESERVE;
        atomic_store(&e->starved, full);
        if (atomic_exchange(&e->woken, false) || (tarn_engine_busy(e) && !full))
            break;
        /* The time limit only covers a face that drained between the two
         * looks above. */
        tarn_cond_wait(e->cond, e->mutex, full ? 20 : -1);
    }
    atomic_store(&e->starved, false);
    tarn_mutex_unlock(e->mutex);
}

void tarn_engine_wake(struct tarn_engine *e)
{
    tarn_mutex_lock(e->mutex);
    atomic_store(&e->woken, true);
    tarn_cond_signal(e->cond);
    tarn_mutex_unlock(e->mutex);
}

/* ------------------------------------------------------------------- step */
static void take_new(struct tarn_engine *e)
{
    struct tarn_request *q = atomic_exchange(&e->incoming, NULL), *in_order = NULL;
    while (q) { /* the stack has the newest first */
        struct tarn_request *next = q->next;
        q->next = in_order;
        in_order = q;
        q = next;
    }
    struct tarn_request **end = &e->active;
    while (*end)
        end = &(*end)->next;
    *end = in_order;
}

/* A stop ends the request wherever it is; requests that wait for a sequence
 * get one when there is one. */
static void attend(struct tarn_engine *e)
{
    bool all = atomic_exchange(&e->stop_all, false);
    for (struct tarn_request *q = e->active; q; q = q->next) {
        if (q->phase == TARN_PHASE_DONE)
            continue;
        if (all || atomic_load(&q->stop)) {
            tarn_request_end(q, TARN_STOP_CANCELLED);
        } else if (q->phase == TARN_PHASE_NEW) {
            const struct tarn_asker who = { q->chat_number, q->path,
                                            q->n_path };
            q->seq = tarn_kv_take(&e->cache, q->prompt,
                                  q->n_prompt + q->n_given, &who,
                                  &q->n_reused);
            if (q->seq)
                tarn_request_begin(q);
        }
    }
}

static void add_rows(struct tarn_engine *e, struct tarn_request *q,
                     uint32_t end, uint32_t seq, uint32_t *n_rows,
                     uint32_t *n_logits)
{
    struct tarn_sequence *s = q->seq;
    for (uint32_t pos = s->tail_at; pos < end; pos++) {
        bool last = pos + 1 == s->n_ids;
        e->rows[(*n_rows)++] = (struct tarn_row){
            .token = s->ids[pos], .pos = pos, .seq = seq,
            .flags = (last ? (uint32_t)TARN_ROW_LOGITS : 0) |
                     (pos < s->n_kv ? (uint32_t)TARN_ROW_REPLAY : 0),
        };
        if (last) {
            q->batch_row = *n_rows - 1;
            q->row = (*n_logits)++;
        }
    }
    e->seqs[seq] = tarn_seq_view(s);
    q->chunk_end = end;
    q->in_batch = true;
}

/* Decoding requests first, one row each; then prompts, in order of arrival. */
static uint32_t fill_batch(struct tarn_engine *e, uint32_t *n_seqs,
                           uint32_t *n_logits)
{
    uint32_t n_rows = 0, room;
    *n_seqs = *n_logits = 0;
    for (int pass = 0; pass < 2; pass++) {
        enum tarn_phase phase = pass ? TARN_PHASE_PREFILL : TARN_PHASE_DECODE;
        room = pass && n_rows && e->max_rows > n_rows + TARN_MIXED_ROWS
                   ? n_rows + TARN_MIXED_ROWS : e->max_rows;
        for (struct tarn_request *q = e->active; q; q = q->next) {
            if (!pass) {
                q->in_batch = false;
                q->row = UINT32_MAX;
            }
            if (q->phase != phase || n_rows >= room ||
                q->n_told < q->n_given)
                continue;
            uint32_t end = q->seq->n_ids;
            if (end - q->seq->tail_at > room - n_rows)
                end = q->seq->tail_at + (room - n_rows);
            struct tarn_error err;
            if (tarn_seq_reserve(&e->cache, q->seq, end, &err)) {
                tarn_request_fail(q, &err);
                continue;
            }
            add_rows(e, q, end, (*n_seqs)++, &n_rows, n_logits);
        }
    }
    return n_rows;
}

enum tarn_status tarn_engine_run(struct tarn_engine *e,
                                 const struct tarn_batch *b,
                                 struct tarn_error *err)
{
    enum tarn_status s = e->model->backend->run(e->prepared, b, err);
    return s ? s : tarn_model_unchanged(e->model, err);
}

/* One table holds the experts of all rows: that of the first who wants any. */
static const struct tarn_request *find_lender(struct tarn_engine *e)
{
    const struct tarn_request *lender = NULL;
    for (struct tarn_request *q = e->active; q; q = q->next) {
        if (!lender && q->in_batch && q->n_slots && q->row != UINT32_MAX)
            lender = q;
        q->lender = lender;
    }
    return lender;
}

struct tarn_digest *tarn_engine_digests(struct tarn_engine *e, uint32_t n,
                                        uint32_t k)
{
    if (!e->model->device.digests)
        return NULL;
    for (uint32_t i = 0; i < n; i++) {
        const size_t at = (size_t)i * TARN_SAMPLER_MOST;
        e->digests[i] =
            (struct tarn_digest){ .k = k,
                                  .best_ids = e->best_ids + at,
                                  .best_logits = e->best_logits + at };
    }
    return e->digests;
}

/* What this batch's rows will be drawn from: digests, where the device has
 * them and no draw needs more; else NULL, and it is the logits. */
static struct tarn_digest *ask_digests(struct tarn_engine *e, uint32_t n)
{
    struct tarn_digest *d = tarn_engine_digests(e, n, 0);
    for (struct tarn_request *q = e->active; d && q; q = q->next) {
        if (!q->in_batch || q->row == UINT32_MAX)
            continue;
        d[q->row].k =
            q->excluded < 0 ? tarn_sampler_wants(q->sampler) : 0;
        if (d[q->row].k == 0)
            return NULL;
    }
    return d;
}

static void tell_given(struct tarn_engine *e)
{
    for (struct tarn_request *q = e->active; q; q = q->next)
        if (q->phase == TARN_PHASE_PREFILL && q->n_told < q->n_given)
            tarn_request_tell_given(q);
}

/* digests: NULL if it was logits. */
static void after_run(struct tarn_engine *e, const struct tarn_digest *digests)
{
    size_t n_vocab = e->model->info.n_vocab;
    for (struct tarn_request *q = e->active; q; q = q->next) {
        if (!q->in_batch)
            continue;
        tarn_seq_advance(q->seq, q->chunk_end);
        if (q->phase == TARN_PHASE_PREFILL)
            tarn_request_reading(q);
        if (q->row != UINT32_MAX)
            tarn_request_token(q, digests ? NULL : e->logits + q->row * n_vocab,
                               digests ? &digests[q->row] : NULL);
    }
}

static void drop_done(struct tarn_engine *e)
{
    struct tarn_request **at = &e->active;
    while (*at) {
        struct tarn_request *q = *at;
        if (q->phase == TARN_PHASE_DONE) {
            *at = q->next;
            if (q->seq) {
                q->seq->chat = q->chat_number;
                q->seq->message = q->message;
                tarn_kv_give(&e->cache, q->seq);
            }
            q->seq = NULL;
            /* The face may free q as soon as it has the END event. */
            struct tarn_event ev = { .kind = TARN_EV_END,
                                     .summary = &q->sum,
                                     .error = q->error.status ? &q->error
                                                              : NULL };
            tarn_emit(q, &ev);
        } else {
            at = &q->next;
        }
    }
}

enum tarn_progress tarn_engine_step(struct tarn_engine *e)
{
    uint32_t n_seqs, n_logits;
    if (tarn_ring_room(&e->ring) < TARN_RING_RESERVE)
        return TARN_MORE; /* the face must drain first */
    atomic_store(&e->interrupt, false);
    take_new(e);
    attend(e);
    tell_given(e);
    uint32_t n_rows = fill_batch(e, &n_seqs, &n_logits);
    enum tarn_status s = TARN_OK;
    if (n_rows) {
        struct tarn_error err = { TARN_OK, "" };
        struct tarn_batch b = { .size = sizeof b, .rows = e->rows,
                                .n_rows = n_rows, .seqs = e->seqs,
                                .n_seqs = n_seqs,
                                .digests = ask_digests(e, n_logits) };
        b.logits = n_logits && !b.digests ? e->logits : NULL;
        const struct tarn_request *lender = find_lender(e);
        b.experts = lender ? lender->expert_ids : NULL;
        b.gates = lender ? lender->expert_gates : NULL;
        s = tarn_engine_run(e, &b, &err);
        if (s == TARN_OK) {
            after_run(e, b.digests);
            tarn_engine_mend_scores(e);
        } else if ((s == TARN_DEVICE || s == TARN_NO_MEMORY) &&
                 tarn_engine_fall_back(e, &err))
            s = TARN_OK; /* the rows are computed again */
        else if (s != TARN_CANCELLED)
            for (struct tarn_request *q = e->active; q; q = q->next)
                if (q->in_batch)
                    tarn_request_fail(q, &err);
    }
    if (s == TARN_CANCELLED)
        attend(e);
    drop_done(e);
    if (s != TARN_OK && s != TARN_CANCELLED)
        return TARN_FAILED;
    return tarn_engine_busy(e) ? TARN_MORE : TARN_IDLE;
}
