/* attend.c - the ATTEND step: norms and RoPE, new K/V into the pages, then
 * every row against its own pages.
 *
 * A piece of work is some rows against one K/V head, chunk by chunk, so that
 * rows of one sequence meet a chunk while it is in the cache (as floats, made
 * once for all of them); partial results of all chunks wait in the worker's
 * part of p->partial until the merge.
 * Where no two rows are of one sequence (decode), and where that makes too few
 * pieces, a piece is one chunk of one row for some K/V heads, and the merge a
 * phase of its own; p->partial then takes a few rows at a time.  A piece has as
 * many heads as leave enough pieces: they lie side by side in a page, so
 * reading goes straight on (18 % faster from memory than head by head). */
#include <string.h>

#include "backends/cpu/attend.h"
#include "backends/cpu/cpu.h"
#include "backends/cpu/kv.h"

#define ROWS TARN_CPU_ATTEND_ROWS

struct attend_job {
    const struct cpu_run *r;
    const struct tarn_step *s;
    uint32_t n_kv, group; /* K/V heads; query heads of each */
    uint32_t per;         /* rows of a piece */
    uint32_t first;       /* row of this pass, where pieces are chunks */
    uint32_t heads;       /* K/V heads of such a piece */
    size_t stride;        /* floats of one partial result */
    uint32_t max_chunks;
};

/* ------------------------------------------------------------ preparation */

static void turn_head(const struct attend_job *j, const float *x,
                      const struct tarn_weight *norm, uint32_t row, float *y)
{
    const struct tarn_prepared *p = j->r->p;
    const uint32_t hd = p->shape.head_dim;
    const float *rope = p->rope + (size_t)row * hd;
    tarn_cpu_norm_row(x, tarn_cpu_floats(norm), hd,
                      p->shape.norm_eps, y);
    tarn_rope_turn(y, hd / 2, rope, rope + hd / 2);
}

static void prepare_row(const struct attend_job *j, uint32_t row)
{
    const struct tarn_prepared *p = j->r->p;
    const struct tarn_row *r = j->r->b->rows + row;
    const struct cpu_buffer *a = p->buffers + j->s->a;
    const struct cpu_buffer *b = p->buffers + j->s->b;
    const struct cpu_buffer *c = p->buffers + j->s->c;
    const uint32_t hd = p->shape.head_dim, n_head = p->shape.n_head;
    const float *q = a->data + row * a->stride;
    const float *k = b->data + row * b->stride;
    for (uint32_t h = 0; h < n_head; h++)
        turn_head(j, q + h * hd, j->s->w0, row,
                  p->q + ((size_t)row * n_head + h) * hd);
    if (r->flags & TARN_ROW_REPLAY)
        return;
    float *turned = p->k + (size_t)row * b->stride;
    for (uint32_t h = 0; h < j->n_kv; h++)
        turn_head(j, k + h * hd, j->s->w1, row, turned + h * hd);
    const uint32_t page = j->r->b->seqs[r->seq].pages[r->pos / 256];
    tarn_cpu_kv_put(p->st, p->st->pages[page], j->s->slot, r->pos % 256,
                    turned, c->data + row * c->stride);
}

static void prepare_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct attend_job *j = arg;
    (void)worker;
    for (uint32_t t = i * j->per;
         t < (i + 1) * j->per && t < j->r->n_rows; t++)
        prepare_row(j, t);
}

/* ---------------------------------------------------------------- pieces */

static uint32_t chunks_of(const struct attend_job *j, uint32_t row)
{
    return j->r->b->rows[row].pos / 256 + 1;
}

/* The page of a row's chunk c. */
static uint32_t page_of(const struct attend_job *j, uint32_t row, uint32_t c)
{
    const struct tarn_row *r = j->r->b->rows + row;
    return j->r->b->seqs[r->seq].pages[c];
}

static struct cpu_keys keys_of(const struct attend_job *j, uint32_t row,
                               uint32_t h, uint32_t c)
{
    const struct tarn_prepared *p = j->r->p;
    const struct tarn_state *st = p->st;
    const struct cpu_kv *kv = st->kv + j->s->slot;
    const uint8_t *page = st->pages[page_of(j, row, c)];
    const struct kv_kind kind = kv_kind(st->shape.kv_type);
    const uint32_t first = h * p->shape.head_dim;
    const size_t scale_at = (size_t)first / 32 * 256 * kind.scale;
    return (struct cpu_keys){
        .k = page + kv->k + kv_k_at(st, first, 0) * kind.value,
        .v = page + kv->v + kv_v_at(st, first, 0) * kind.value,
        .k_scale = page + kv->k_scale + scale_at,
        .v_scale = page + kv->v_scale + scale_at,
    };
}

/* Chunk c of a row for K/V head h; results of query head g at
 * out + g * max_chunks * stride.  next_h: that of the next chunk, unless it
 * lies in this one. */
static struct cpu_chunk chunk_of(const struct attend_job *j, uint32_t row,
                                 uint32_t h, uint32_t c, uint32_t next_h,
                                 float *out)
{
    const struct tarn_prepared *p = j->r->p;
    const struct tarn_state *st = p->st;
    const uint32_t hd = p->shape.head_dim;
    const uint32_t left = j->r->b->rows[row].pos + 1 - c * 256;
    const bool turn = next_h <= h && c + 1 < chunks_of(j, row);
    return (struct cpu_chunk){
        .kv_type = st->shape.kv_type,
        .head_dim = hd,
        .unit = st->unit,
        .n_heads = j->group,
        .n_keys = left < 256 ? left : 256,
        .scale = p->shape.attn_scale,
        .q = p->q + ((size_t)row * p->shape.n_head + h * j->group) * hd,
        .at = keys_of(j, row, h, c),
        .next = keys_of(j, row, next_h, turn ? c + 1 : c),
        .out = out,
        .stride = j->max_chunks * j->stride,
    };
}

static void merge_row(const struct attend_job *j, uint32_t row, uint32_t h,
                      const float *partial)
{
    const struct tarn_prepared *p = j->r->p;
    const struct cpu_buffer *o = p->buffers + j->s->out;
    const uint32_t hd = p->shape.head_dim;
    for (uint32_t g = 0; g < j->group; g++)
        tarn_cpu_attend_merge(
            partial + (size_t)g * j->max_chunks * j->stride, j->stride,
            chunks_of(j, row), hd,
            o->data + row * o->stride + (h * j->group + g) * hd);
}

/* Chunk c of rows [first, first + n) against one K/V head.  Neighbours that
 * read the same page read it as floats. */
static void rows_chunk(const struct attend_job *j, uint32_t first, uint32_t n,
                       uint32_t h, uint32_t c, uint32_t worker)
{
    const struct tarn_prepared *p = j->r->p;
    const size_t per_row = j->group * j->max_chunks * j->stride;
    float *partial = p->partial + (size_t)worker * ROWS * per_row;
    float *wide = p->wide_kv + worker * tarn_cpu_wide_kv(p->shape.head_dim);
    uint32_t held = UINT32_MAX, held_keys = 0;
    for (uint32_t t = 0; t < n; t++) {
        if (c >= chunks_of(j, first + t))
            continue;
        struct cpu_chunk k = chunk_of(j, first + t, h, c, h,
                                      partial + t * per_row + c * j->stride);
        const uint32_t page = page_of(j, first + t, c);
        uint32_t keys = k.n_keys;
        for (uint32_t u = t + 1; page != held && u < n; u++)
            if (c < chunks_of(j, first + u) &&
                page_of(j, first + u, c) == page) {
                /* Later rows see more keys of it. */
                const uint32_t left = j->r->b->rows[first + u].pos + 1 - c * 256;
                const uint32_t more = left < 256 ? left : 256;
                keys = more > keys ? more : keys;
                held = page;
                held_keys = 0;
            }
        if (page == held && kv_narrow(k.kv_type)) {
            if (held_keys < keys)
                tarn_cpu_attend_widen(&k, keys, wide);
            held_keys = held_keys < keys ? keys : held_keys;
            tarn_cpu_attend_wide(&k, wide);
        }
        tarn_cpu_attend_chunk(&k);
    }
}

/* Rows of one piece against one K/V head. */
static void rows_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct attend_job *j = arg;
    const struct tarn_prepared *p = j->r->p;
    const uint32_t h = i % j->n_kv, first = i / j->n_kv * j->per;
    const uint32_t n = j->r->n_rows - first < j->per ? j->r->n_rows - first
                                                     : j->per;
    const size_t per_row = j->group * j->max_chunks * j->stride;
    const float *partial = p->partial + (size_t)worker * ROWS * per_row;
    for (uint32_t c = 0; c < j->max_chunks; c++)
        rows_chunk(j, first, n, h, c, worker);
    for (uint32_t t = 0; t < n; t++)
        merge_row(j, first + t, h, partial + t * per_row);
}

/* One row, one chunk, some K/V heads. */
static void chunk_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct attend_job *j = arg;
    const uint32_t groups = (j->n_kv + j->heads - 1) / j->heads;
    const uint32_t c = i / groups % j->max_chunks;
    const uint32_t row = i / groups / j->max_chunks;
    const uint32_t head = i % groups * j->heads;
    const size_t per = j->group * j->max_chunks * j->stride;
    (void)worker;
    if (c >= chunks_of(j, j->first + row))
        return;
    for (uint32_t h = head; h < head + j->heads && h < j->n_kv; h++) {
        const struct cpu_chunk k = chunk_of(
            j, j->first + row, h, c, h + 1 < j->n_kv ? h + 1 : 0,
            j->r->p->partial + (row * j->n_kv + h) * per + c * j->stride);
        tarn_cpu_attend_chunk(&k);
    }
}

static void merge_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct attend_job *j = arg;
    const size_t per = j->group * j->max_chunks * j->stride;
    (void)worker;
    merge_row(j, j->first + i / j->n_kv, i % j->n_kv,
              j->r->p->partial + i * per);
}

/* Rows [first, first + n): every chunk a piece, then the merge. */
static bool run_chunks(struct attend_job *j, uint32_t first, uint32_t n,
                       uint64_t per_chunk)
{
    const struct cpu_run *r = j->r;
    const uint32_t wanted = 8 * r->p->threads, chunks = n * j->max_chunks;
    j->first = first;
    j->heads = j->n_kv;
    while (j->heads > 1 &&
           chunks * ((j->n_kv + j->heads - 1) / j->heads) < wanted)
        j->heads = (j->heads + 1) / 2;
    return tarn_cpu_parallel(r, chunk_task, j,
                             chunks * ((j->n_kv + j->heads - 1) / j->heads),
                             per_chunk * j->heads) &&
           tarn_cpu_parallel(r, merge_task, j, n * j->n_kv,
                             per_chunk / 64 * j->max_chunks);
}

static bool no_two_of_one_sequence(const struct cpu_run *r)
{
    for (uint32_t t = 0; t < r->n_rows; t++)
        if (r->p->prev[t] != UINT32_MAX)
            return false;
    return true;
}

static bool run_pieces(struct attend_job *j)
{
    const struct cpu_run *r = j->r;
    const uint32_t wanted = 4 * r->p->threads, pairs = r->n_rows * j->n_kv;
    const uint64_t per_chunk =
        (uint64_t)j->group * 256 * r->p->shape.head_dim * 8;
    /* Rows whose partial results of all heads there is room for. */
    const uint32_t room = r->p->threads * ROWS / j->n_kv;
    if (j->max_chunks > 1 && room &&
        (pairs < wanted || no_two_of_one_sequence(r))) {
        for (uint32_t t = 0; t < r->n_rows; t += room)
            if (!run_chunks(j, t, r->n_rows - t < room ? r->n_rows - t : room,
                            per_chunk))
                return false;
        return true;
    }
    j->per = pairs / (2 * wanted);
    j->per = j->per < 1 ? 1 : j->per > ROWS ? ROWS : j->per;
    /* Not too long between two questions whether to stop, at any depth. */
    const uint64_t may = tarn_cpu_pace / 200, each = per_chunk / 4;
    while (j->per > 1 && each * j->per * j->max_chunks > may)
        j->per /= 2;
    return tarn_cpu_parallel(
        r, rows_task, j, (r->n_rows + j->per - 1) / j->per * j->n_kv,
        per_chunk * j->per * j->max_chunks);
}

enum tarn_status tarn_cpu_run_attend(const struct cpu_run *r,
                                     const struct tarn_step *s)
{
    const struct tarn_prepared *p = r->p;
    struct attend_job j = { .r = r, .s = s };
    j.n_kv = p->buffers[s->b].width / p->shape.head_dim;
    j.group = p->shape.n_head / j.n_kv;
    j.stride = tarn_cpu_partial(p->shape.head_dim);
    for (uint32_t t = 0; t < r->n_rows; t++) {
        const uint32_t chunks = chunks_of(&j, t);
        j.max_chunks = chunks > j.max_chunks ? chunks : j.max_chunks;
    }
    j.per = r->n_rows <= 2 ? r->n_rows : 4;
    if (!tarn_cpu_parallel(r, prepare_task, &j,
                           (r->n_rows + j.per - 1) / j.per,
                           (uint64_t)p->buffers[s->a].width * j.per * 16) ||
        !run_pieces(&j))
        return tarn_cpu_stopped(r);
    return TARN_OK;
}
