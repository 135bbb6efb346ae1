/* matmul.c - phases of matrix products: the pieces, and who does them.
 *
 * One row of activations, or a few: pieces of some 192 KiB of weights, at least
 * four per thread.  Many rows: a piece is one panel of weight rows against all
 * of them (against a part, if there would be too few pieces), so a panel is
 * unpacked once.  MATMUL steps that read the same rows are one phase. */
#include <string.h>

#include "backends/cpu/cpu.h"
#include "backends/fail.h"

/* Weights of a piece for one row of activations: long beside what is fetched
 * ahead (the beginning of a piece is not). */
#define PIECE_BYTES 196608u

/* Fewer rows of activations wait for weights, not the other way round. */
#define FEW 16u

/* Weight rows that stay in the first cache while several rows of activations
 * pass over them one by one. */
#define ROWS_IN_CACHE 16u

void tarn_cpu_mul(const struct cpu_tile *t)
{
    if (t->n_acts >= t->ops->many_from) {
        t->ops->many(t);
        return;
    }
    if (t->n_acts == 1) {
        t->ops->one(t);
        return;
    }
    struct cpu_tile part = *t;
    part.n_acts = 1;
    for (uint32_t r = 0; r < t->n_rows; r += ROWS_IN_CACHE) {
        part.n_rows =
            t->n_rows - r < ROWS_IN_CACHE ? t->n_rows - r : ROWS_IN_CACHE;
        part.w = t->w + r * t->row_bytes;
        part.y_at = t->y_at + r;
        for (uint32_t a = 0; a < t->n_acts; a++) {
            part.acts = t->acts + a;
            part.y = t->y + a;
            t->ops->one(&part);
        }
    }
}

/* Rows of activations that a gated piece takes at most: what comes out of
 * the second weight waits in the worker's scratch. */
#define GATED_ACTS 512u

size_t tarn_cpu_gated_scratch(void)
{
    return (size_t)GATED_ACTS * tarn_cpu_panel * sizeof(float);
}

struct multiply_job {
    const struct tarn_prepared *p;
    const struct cpu_part *parts;
    uint32_t n_parts;
};

/* Where the rows begin that this thread will want after [row, row + n) of a
 * piece that ends at `end`: in the piece, or in the one behind it, which will
 * probably be its next.  UINT32_MAX: not known. */
static uint32_t rows_after(const struct cpu_part *p, uint32_t row, uint32_t n,
                           uint32_t end)
{
    return row + n < end || (p->splits == 1 && row + 2 * n <= p->w->rows)
               ? row + n
               : UINT32_MAX;
}

/* Rows [row, row + n) of a part against the activations from `act` on. */
static void multiply_rows(const struct multiply_job *j,
                          const struct cpu_part *p, uint32_t row, uint32_t n,
                          uint32_t act, uint32_t end, uint32_t worker)
{
    uint8_t *scratch = j->p->scratch + worker * j->p->scratch_bytes;
    const uint32_t after = rows_after(p, row, n, end);
    const uint8_t *next =
        after == UINT32_MAX ? NULL : p->data + (size_t)after * p->w->row_bytes;
    struct cpu_tile t = {
        .ops = p->w->ops,
        .w = p->data + row * p->w->row_bytes,
        .row_bytes = p->w->row_bytes,
        .n_rows = n,
        .k = p->w->k,
        .n_acts = p->n - act < p->split ? p->n - act : p->split,
        .acts = p->acts + act,
        .y = p->y + act,
        .y_at = row,
        .scratch = scratch,
        .next = p->w_up ? p->data_up + row * p->w_up->row_bytes : next,
    };
    t.next_bytes =
        !t.next ? 0 : n * (p->w_up ? p->w_up->row_bytes : p->w->row_bytes);
    tarn_cpu_mul(&t);
    if (!p->w_up)
        return;
    /* The same rows of the second weight, then the gate. */
    float *up[GATED_ACTS];
    float *room = (float *)(void *)(scratch + j->p->product_scratch);
    for (uint32_t a = 0; a < t.n_acts; a++)
        up[a] = room + a * n;
    float *const *gate = t.y;
    t.ops = p->w_up->ops;
    t.w = p->data_up + row * p->w_up->row_bytes;
    t.row_bytes = p->w_up->row_bytes;
    t.acts = p->acts_up + act;
    t.y = up;
    t.y_at = 0;
    t.next = next;
    t.next_bytes = next ? n * p->w->row_bytes : 0;
    tarn_cpu_mul(&t);
    for (uint32_t a = 0; a < t.n_acts; a++)
        tarn_cpu_glu_row(gate[a] + row, up[a], n, gate[a] + row);
}

static void multiply_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct multiply_job *j = arg;
    const struct cpu_part *p = j->parts;
    uint32_t n = j->n_parts;
    while (n > 1) { /* the last part that begins at or before piece i */
        const uint32_t half = n / 2;
        if (p[half].first <= i)
            p += half;
        n -= half;
    }
    i -= p->first;
    const uint32_t row = i / p->splits * p->chunk;
    const uint32_t act = i % p->splits * p->split;
    const uint32_t end =
        p->w->rows - row < p->chunk ? p->w->rows : row + p->chunk;
    /* One row of activations: all at once.  Many: a panel at a time, so that
     * what comes next is known. */
    const uint32_t step =
        p->n < p->w->ops->many_from ? p->chunk : tarn_cpu_panel;
    for (uint32_t r = row; r < end; r += step)
        multiply_rows(j, p, r, end - r < step ? end - r : step, act, end,
                      worker);
}

/* Cuts a part into pieces. */
static void cut(struct cpu_part *p, uint32_t wanted)
{
    const struct tarn_weight *w = p->w;
    p->split = p->n;
    if (p->n < w->ops->many_from) {
        uint32_t rows = (uint32_t)(PIECE_BYTES / w->row_bytes) + 1;
        if (w->rows / rows < wanted)
            rows = w->rows / wanted;
        p->chunk = rows < 16 ? 16 : rows / 16 * 16;
        if (p->w_up && p->chunk * p->n > GATED_ACTS * tarn_cpu_panel)
            p->chunk = 16;
    } else {
        p->chunk = tarn_cpu_panel;
        /* A few rows are soon done with a panel: several make a piece. */
        if (p->n < FEW) {
            const size_t panels =
                PIECE_BYTES / (tarn_cpu_panel * w->row_bytes) + 1;
            const uint32_t most = w->rows / tarn_cpu_panel / wanted;
            p->chunk *= most < 1 ? 1 : panels < most ? (uint32_t)panels : most;
        }
        const uint32_t chunks = (w->rows + p->chunk - 1) / p->chunk;
        if (chunks < wanted && p->n >= 64) {
            const uint32_t want = (wanted + chunks - 1) / chunks;
            p->split = (p->n + want - 1) / want;
            p->split = p->split < 32 ? 32 : (p->split + 15) / 16 * 16;
        }
    }
    if (p->w_up && p->split > GATED_ACTS)
        p->split = GATED_ACTS;
    p->chunks = (w->rows + p->chunk - 1) / p->chunk;
    p->splits = (p->n + p->split - 1) / p->split;
}

bool tarn_cpu_multiply(const struct cpu_run *r, struct cpu_part *parts,
                       uint32_t n_parts)
{
    const struct multiply_job j = { r->p, parts, n_parts };
    const uint32_t wanted = (4 * r->p->threads + n_parts - 1) / n_parts;
    uint32_t pieces = 0;
    uint64_t work = 0;
    for (uint32_t i = 0; i < n_parts; i++) {
        struct cpu_part *p = parts + i;
        cut(p, wanted);
        p->first = pieces;
        pieces += p->chunks * p->splits;
        const uint64_t piece =
            (uint64_t)p->chunk * p->w->k * p->split * (p->w_up ? 2 : 1);
        work = piece > work ? piece : work;
    }
    return tarn_cpu_parallel(r, multiply_task, (void *)(uintptr_t)&j, pieces,
                             work);
}

void tarn_cpu_point(const struct tarn_prepared *p, uint32_t form,
                    const float *x, size_t stride, uint32_t k, uint32_t n,
                    const uint8_t **rows)
{
    const size_t bytes = form == CPU_F32
                             ? stride * sizeof(float)
                             : tarn_cpu_act_layout(form, k, p->wide).stride;
    const uint8_t *base =
        form == CPU_F32 ? (const uint8_t *)(const void *)x : p->acts[form];
    for (uint32_t t = 0; t < n; t++)
        rows[t] = base + t * bytes;
}

enum tarn_status tarn_cpu_run_matmul(const struct cpu_run *r,
                                     const struct cpu_phase *ph)
{
    const struct tarn_prepared *p = r->p;
    const struct tarn_step *s = p->steps + ph->step;
    const struct cpu_buffer *a = p->buffers + s->a;
    for (uint32_t i = 0; i < ph->n_steps; i++) {
        const struct cpu_buffer *out = p->buffers + s[i].out;
        const uint8_t **acts = p->act_rows + (size_t)i * p->max_rows;
        float **y = p->y_rows + (size_t)i * p->max_rows;
        tarn_cpu_point(p, s[i].w0->ops->form, a->data, a->stride, a->width,
                       r->n_rows, acts);
        for (uint32_t t = 0; t < r->n_rows; t++)
            y[t] = out->data + t * out->stride;
        p->parts[i] = (struct cpu_part){ .w = s[i].w0,
                                         .data = s[i].w0->data,
                                         .n = r->n_rows,
                                         .acts = acts,
                                         .y = y };
    }
    return tarn_cpu_multiply(r, p->parts, ph->n_steps) ? TARN_OK
                                                       : tarn_cpu_stopped(r);
}

/* ------------------------------------------------------------------ head */

struct logits_job {
    const struct cpu_run *r;
    const struct tarn_step *s;
};

static void logits_norm_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct logits_job *j = arg;
    const struct tarn_prepared *p = j->r->p;
    const struct cpu_buffer *a = p->buffers + j->s->a;
    (void)worker;
    tarn_cpu_norm_row(a->data + p->logit_rows[i] * a->stride,
                      tarn_cpu_floats(j->s->w0), a->width,
                      p->shape.norm_eps, p->norm + i * a->stride);
}

enum tarn_status tarn_cpu_run_logits(const struct cpu_run *r,
                                     const struct tarn_step *s)
{
    const struct tarn_prepared *p = r->p;
    const struct cpu_buffer *a = p->buffers + s->a;
    const uint32_t form = s->w1->ops->form, n = r->n_logits;
    struct logits_job lj = { r, s };
    if (n == 0)
        return TARN_OK;
    if (!r->b->logits)
        return tarn_backend_fail(r->err, TARN_UNSUPPORTED,
                                 "The cpu backend gives logits, not digests.");
    if (!tarn_cpu_parallel(r, logits_norm_task, &lj, n, a->width))
        return tarn_cpu_stopped(r);
    if (form != CPU_F32 &&
        !tarn_cpu_quantize_rows(r, form, p->norm, a->stride, a->width, n,
                                p->acts[form]))
        return tarn_cpu_stopped(r);
    tarn_cpu_point(p, form, p->norm, a->stride, a->width, n, p->act_rows);
    for (uint32_t t = 0; t < n; t++)
        p->y_rows[t] = r->b->logits + (size_t)t * s->w1->rows;
    p->parts[0] = (struct cpu_part){ .w = s->w1,
                                     .data = s->w1->data,
                                     .n = n,
                                     .acts = p->act_rows,
                                     .y = p->y_rows };
    return tarn_cpu_multiply(r, p->parts, 1) ? TARN_OK : tarn_cpu_stopped(r);
}
