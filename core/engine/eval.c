/* eval.c - computing without a turn: logits of given ids. */
#include <string.h>

#include "backends/numerics.h"
#include "core/base/error.h"
#include "core/engine/engine.h"

static enum tarn_status check_eval(struct tarn_engine *e,
                                   const struct tarn_eval *io,
                                   struct tarn_error *err)
{
    if (tarn_engine_busy(e))
        return tarn_fail(err, TARN_BUSY, "the engine is generating an answer");
    if (io->n_ids < 1 || io->n_ids > e->cache.n_context)
        return tarn_fail(err, TARN_LIMIT,
                         "%zu tokens do not fit the context of %u", io->n_ids,
                         e->cache.n_context);
    for (size_t i = 0; i < io->n_ids; i++)
        if (io->ids[i] < 0 || (uint32_t)io->ids[i] >= e->model->info.n_vocab)
            return tarn_fail(err, TARN_USAGE,
                             "token id %d is outside the vocabulary of %u",
                             io->ids[i], e->model->info.n_vocab);
    for (size_t i = 0; i < io->n_rows; i++)
        if (io->rows[i] >= io->n_ids || (i && io->rows[i] <= io->rows[i - 1]))
            return tarn_fail(err, TARN_USAGE,
                             "row %u is not behind the one before it, or not "
                             "among the %zu tokens", io->rows[i], io->n_ids);
    if (io->n_beside && (io->experts || io->n_beside >= e->cache.n_seqs))
        return tarn_fail(err, TARN_USAGE,
                         "%u sequences beside this one can't be computed by an "
                         "engine of %u%s", io->n_beside, e->cache.n_seqs,
                         io->experts ? " that reports experts" : "");
    return TARN_OK;
}

/* Positions [at, at + n); *row goes on over those whose logits are wanted. */
static enum tarn_status eval_piece(struct tarn_engine *e,
                                   const struct tarn_eval *io,
                                   struct tarn_sequence *s, uint32_t at,
                                   uint32_t n, size_t *row,
                                   struct tarn_error *err)
{
    size_t per_row = (size_t)e->model->info.n_moe_layers *
                     e->model->info.n_expert_used;
    float *logits = io->logits
                        ? io->logits + *row * e->model->info.n_vocab : NULL;
    size_t first = *row;
    for (uint32_t i = 0; i < n; i++) {
        bool want = *row < io->n_rows && io->rows[*row] == at + i;
        *row += want;
        e->rows[i] = (struct tarn_row){
            .token = io->ids[at + i], .pos = at + i,
            .flags = want ? (uint32_t)TARN_ROW_LOGITS : 0 };
    }
    enum tarn_status st = tarn_seq_reserve(&e->cache, s, at + n, err);
    if (st)
        return st;
    struct tarn_seq view = tarn_seq_view(s);
    struct tarn_batch b = {
        .size = sizeof b, .rows = e->rows, .n_rows = n, .seqs = &view,
        .n_seqs = 1, .logits = *row > first ? logits : NULL,
        .experts = io->experts ? io->experts + at * per_row : NULL };
    st = tarn_engine_run(e, &b, err);
    if (!st)
        tarn_seq_advance(s, at + n);
    return st;
}

static enum tarn_status eval_alone(struct tarn_engine *e,
                                   const struct tarn_eval *io,
                                   struct tarn_sequence *s,
                                   struct tarn_error *err)
{
    const uint32_t n_ids = (uint32_t)io->n_ids;
    enum tarn_status st = TARN_OK;
    size_t row = 0;
    for (uint32_t at = 0; !st && at < n_ids;) {
        uint32_t n = n_ids - at < e->max_rows ? n_ids - at : e->max_rows;
        st = eval_piece(e, io, s, at, n, &row, err);
        at += n;
    }
    return st;
}

/* Positions [at, at + n) of sequence k become rows of the view `view`; others
 * than 0 have made-up tokens. */
static void add_rows(struct tarn_engine *e, const struct tarn_eval *io,
                     uint32_t k, uint32_t at, uint32_t n, uint32_t view,
                     struct tarn_row *rows, size_t *row)
{
    const uint32_t n_vocab = e->model->info.n_vocab;
    for (uint32_t i = 0; i < n; i++) {
        const bool want = k == 0 && *row < io->n_rows &&
                          io->rows[*row] == at + i;
        *row += want;
        rows[i] = (struct tarn_row){
            .token = k == 0 ? io->ids[at + i]
                            : (int32_t)(tarn_mix((at + i) * 64u + k) % n_vocab),
            .pos = at + i, .seq = view,
            .flags = want ? (uint32_t)TARN_ROW_LOGITS : 0 };
    }
}

/* One batch of up to 5 rows of each sequence, another one first each time;
 * the others begin again when they are as long as ours. */
static enum tarn_status eval_round(struct tarn_engine *e,
                                   const struct tarn_eval *io,
                                   struct tarn_sequence *const *s,
                                   uint32_t round, size_t *row,
                                   struct tarn_error *err)
{
    const uint32_t n_seqs = io->n_beside + 1, n_ids = (uint32_t)io->n_ids;
    struct tarn_sequence *in[TARN_MAX_SEQS];
    uint32_t end[TARN_MAX_SEQS], n_rows = 0, n_in = 0;
    const size_t first = *row;
    for (uint32_t j = 0; j < n_seqs && n_rows < e->max_rows; j++) {
        const uint32_t k = (round + j) % n_seqs;
        if (k && s[k]->n_kv == n_ids)
            tarn_seq_rewind(&e->cache, s[k], 0);
        const uint32_t at = s[k]->n_kv, room = e->max_rows - n_rows;
        uint32_t n = 1 + (at + k) % 5;
        n = n < room ? n : room;
        n = n < n_ids - at ? n : n_ids - at;
        const enum tarn_status st = tarn_seq_reserve(&e->cache, s[k], at + n,
                                                     err);
        if (st)
            return st;
        add_rows(e, io, k, at, n, n_in, e->rows + n_rows, row);
        e->seqs[n_in] = tarn_seq_view(s[k]);
        in[n_in] = s[k];
        end[n_in++] = at + n;
        n_rows += n;
    }
    struct tarn_batch b = {
        .size = sizeof b, .rows = e->rows, .n_rows = n_rows, .seqs = e->seqs,
        .n_seqs = n_in,
        .logits = *row > first
            ? io->logits + first * e->model->info.n_vocab : NULL };
    const enum tarn_status st = tarn_engine_run(e, &b, err);
    for (uint32_t j = 0; !st && j < n_in; j++)
        tarn_seq_advance(in[j], end[j]);
    return st;
}

enum tarn_status tarn_eval(struct tarn_engine *e, const struct tarn_eval *io,
                           struct tarn_error *err)
{
    const uint32_t n_ids = (uint32_t)io->n_ids;
    struct tarn_sequence *s[TARN_MAX_SEQS];
    uint32_t n = 0;
    size_t row = 0;
    enum tarn_status st = check_eval(e, io, err);
    if (st)
        return st;
    for (; n <= io->n_beside; n++) /* every row may be wanted: all is run */
        s[n] = tarn_kv_take_empty(&e->cache);
    memcpy(s[0]->ids, io->ids, n_ids * sizeof *io->ids);
    s[0]->n_ids = n_ids;
    e->computing = true;
    if (!io->n_beside)
        st = eval_alone(e, io, s[0], err);
    for (uint32_t round = 0; !st && s[0]->n_kv < n_ids; round++)
        st = eval_round(e, io, s, round, &row, err);
    e->computing = false;
    while (n--) { /* only what was asked for is worth keeping */
        if (st || n)
            tarn_seq_rewind(&e->cache, s[n], 0);
        tarn_kv_give(&e->cache, s[n]);
    }
    return st;
}
