/* experts.c - the chosen experts of all rows.
 *
 * The (row, rank) pairs of a batch are sorted by expert, so each expert's
 * weights are read once for all its rows.  Gate and up meet the rows where
 * they lie (pointers); the gated hidden rows are quantised, go through down,
 * and a last pass adds each row's outputs in rank order (KERNELS 1.13).  The
 * order in which experts run is free, so paged experts come in any number. */
#include <string.h>

#include "backends/cpu/cpu.h"
#include "backends/fail.h"

/* Sorts the pairs; returns how many experts have some. */
static uint32_t sort_pairs(const struct cpu_run *r, const struct tarn_step *s)
{
    const struct tarn_prepared *p = r->p;
    const struct cpu_experts *x = &p->experts;
    const uint32_t used = p->shape.n_expert_used, n = r->n_rows * used;
    const uint16_t *ids =
        p->route_ids + (size_t)s->slot * p->max_rows * used;
    uint32_t n_list = 0, at = 0;
    for (uint32_t e = 0; e < p->shape.n_expert; e++)
        x->count[e] = 0;
    for (uint32_t i = 0; i < n; i++)
        x->count[ids[i]]++;
    for (uint32_t e = 0; e < p->shape.n_expert; e++) {
        x->start[e] = at;
        at += x->count[e];
        if (x->count[e])
            x->list[n_list++] = (uint16_t)e;
        x->count[e] = 0;
    }
    for (uint32_t i = 0; i < n; i++)
        x->place[i] = x->start[ids[i]] + x->count[ids[i]]++;
    return n_list;
}

/* Pointers of all pairs, by place: rows for gate and for up (which may have
 * other forms), and where hidden rows go. */
static void point_pairs(const struct cpu_run *r, const struct tarn_step *s,
                        const uint8_t **gate, const uint8_t **up, float **y)
{
    const struct tarn_prepared *p = r->p;
    const struct cpu_experts *x = &p->experts;
    const struct cpu_buffer *a = p->buffers + s->a;
    const uint32_t used = p->shape.n_expert_used;
    const uint8_t *row[2] = { 0 };
    for (uint32_t t = 0; t < r->n_rows; t++) {
        const struct tarn_weight *w[2] = { s->w0, s->w1 };
        for (int i = 0; i < 2; i++) {
            const uint32_t form = w[i]->ops->form;
            row[i] = form == CPU_F32
                         ? (const uint8_t *)(const void *)(a->data +
                                                           t * a->stride)
                         : p->acts[form] +
                               t * tarn_cpu_act_layout(form, a->width, p->wide)
                                       .stride;
        }
        for (uint32_t k = 0; k < used; k++) {
            const uint32_t at = x->place[t * used + k];
            gate[at] = row[0];
            up[at] = row[1];
            y[at] = x->hidden + at * x->stride;
        }
    }
}

/* --------------------------------------------------------------- gathering */

struct gather_job {
    const struct cpu_experts *x;
    const uint16_t *list;
    const uint8_t **gate, **up;
    size_t bytes; /* of a row */
};

static void gather_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct gather_job *j = arg;
    const uint32_t e = j->list[i], n = j->x->count[e];
    (void)worker;
    if (n < tarn_cpu_even_from)
        return;
    for (uint32_t at = j->x->start[e]; at < j->x->start[e] + n; at++) {
        uint8_t *to = j->x->acts + at * j->bytes;
        memcpy(to, j->gate[at], j->bytes);
        j->gate[at] = j->up[at] = to;
    }
}

/* Rows for gate and up side by side, where the level's products want that and
 * both weights read the same form.  They lie where hidden rows come later. */
static bool gather(const struct cpu_run *r, const struct tarn_step *s,
                   const uint16_t *list, uint32_t n, const uint8_t **gate,
                   const uint8_t **up)
{
    const struct cpu_experts *x = &r->p->experts;
    const uint32_t form = s->w0->ops->form;
    uint32_t most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = x->count[list[i]] > most ? x->count[list[i]] : most;
    if (most < tarn_cpu_even_from || form != s->w1->ops->form ||
        form == CPU_F32)
        return true;
    struct gather_job j = { x, list, gate, up, 0 };
    j.bytes = tarn_cpu_act_layout(form, s->w0->k, r->p->wide).stride;
    return tarn_cpu_parallel(r, gather_task, &j, n,
                             (uint64_t)most * s->w0->k);
}

/* Experts list[0..n), whose weights are present. */
static bool run_group(const struct cpu_run *r, const struct tarn_step *s,
                      const uint16_t *list, uint32_t n)
{
    const struct tarn_prepared *p = r->p;
    const struct cpu_experts *x = &p->experts;
    const uint32_t pairs = p->max_rows * p->shape.n_expert_used;
    const uint8_t **gate = p->act_rows, **up = gate + pairs;
    const uint8_t **down = up + pairs;
    float **hidden = p->y_rows, **out = hidden + pairs;
    if (!gather(r, s, list, n, gate, up))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t e = list[i], at = x->start[e];
        p->parts[i] = (struct cpu_part){ .w = s->w0,
                                         .w_up = s->w1,
                                         .data = tarn_cpu_slice(s->w0, e),
                                         .data_up = tarn_cpu_slice(s->w1, e),
                                         .n = x->count[e],
                                         .acts = gate + at,
                                         .acts_up = up + at,
                                         .y = hidden + at };
    }
    if (!tarn_cpu_multiply(r, p->parts, n))
        return false;
    const uint32_t form = s->w2->ops->form, ff = s->w2->k;
    const uint32_t first = x->start[list[0]];
    const uint32_t end = x->start[list[n - 1]] + x->count[list[n - 1]];
    const size_t bytes = form == CPU_F32
                             ? x->stride * sizeof(float)
                             : tarn_cpu_act_layout(form, ff, p->wide).stride;
    uint8_t *acts =
        form == CPU_F32 ? (uint8_t *)(void *)x->hidden : x->acts;
    if (form != CPU_F32 &&
        !tarn_cpu_quantize_rows(r, form, x->hidden + first * x->stride,
                                x->stride, ff, end - first,
                                x->acts + first * bytes))
        return false;
    for (uint32_t i = first; i < end; i++) {
        down[i] = acts + i * bytes;
        out[i] = x->out + i * x->stride;
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t e = list[i], at = x->start[e];
        p->parts[i] = (struct cpu_part){ .w = s->w2,
                                         .data = tarn_cpu_slice(s->w2, e),
                                         .n = x->count[e],
                                         .acts = down + at,
                                         .y = out + at };
    }
    return tarn_cpu_multiply(r, p->parts, n);
}

/* All experts, as many at a time as the host can make present. */
static enum tarn_status run_all(const struct cpu_run *r,
                                const struct tarn_step *s, uint32_t n)
{
    const struct tarn_prepared *p = r->p;
    const struct tarn_host *h = p->dev->host;
    const bool paged = s->w0->slices || s->w1->slices || s->w2->slices;
    for (uint32_t done = 0; done < n;) {
        uint32_t present = n - done;
        const uint16_t *list = p->experts.list + done;
        if (paged && h->want_experts) {
            const enum tarn_status st = h->want_experts(
                h->user, s->layer, list, n - done, &present, r->err);
            if (st != TARN_OK)
                return st;
            if (present == 0 || present > n - done) {
                h->done_experts(h->user, s->layer);
                return tarn_backend_fail(r->err, TARN_INTERNAL,
                                     "no expert of layer %u can be loaded",
                                     (unsigned)s->layer);
            }
        }
        bool there = true;
        for (uint32_t i = 0; i < present; i++)
            there = there && tarn_cpu_slice(s->w0, list[i]) &&
                    tarn_cpu_slice(s->w1, list[i]) &&
                    tarn_cpu_slice(s->w2, list[i]);
        const bool ran = there && run_group(r, s, list, present);
        if (paged && h->done_experts)
            h->done_experts(h->user, s->layer);
        if (!there)
            return tarn_backend_fail(r->err, TARN_INTERNAL,
                                 "an expert of layer %u is not present",
                                 (unsigned)s->layer);
        if (!ran)
            return tarn_cpu_stopped(r);
        done += present;
    }
    return TARN_OK;
}

/* ------------------------------------------------------------ the sum */

struct sum_job {
    const struct cpu_run *r;
    const struct tarn_step *s;
};

#define SUM_ROWS 8u

static void sum_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct sum_job *j = arg;
    const struct tarn_prepared *p = j->r->p;
    const struct cpu_experts *x = &p->experts;
    const struct cpu_buffer *o = p->buffers + j->s->out;
    const uint32_t used = p->shape.n_expert_used;
    const float *gates =
        p->route_gates + (size_t)j->s->slot * p->max_rows * used;
    (void)worker;
    for (uint32_t t = i * SUM_ROWS;
         t < (i + 1) * SUM_ROWS && t < j->r->n_rows; t++) {
        float *y = o->data + t * o->stride;
        for (uint32_t k = 0; k < used; k++) {
            const float w = gates[t * used + k];
            const float *e = x->out + x->place[t * used + k] * x->stride;
            if (k == 0)
                for (uint32_t c = 0; c < o->width; c++)
                    y[c] = w * e[c];
            else
                for (uint32_t c = 0; c < o->width; c++)
                    y[c] = y[c] + w * e[c];
        }
    }
}

enum tarn_status tarn_cpu_run_experts(const struct cpu_run *r,
                                      const struct tarn_step *s)
{
    const struct tarn_prepared *p = r->p;
    const uint32_t pairs = p->max_rows * p->shape.n_expert_used;
    const uint32_t n = sort_pairs(r, s);
    struct sum_job j = { r, s };
    point_pairs(r, s, p->act_rows, p->act_rows + pairs, p->y_rows);
    const enum tarn_status st = run_all(r, s, n);
    if (st != TARN_OK)
        return st;
    return tarn_cpu_parallel(r, sum_task, &j,
                             (r->n_rows + SUM_ROWS - 1) / SUM_ROWS,
                             (uint64_t)SUM_ROWS * s->w2->rows *
                                 p->shape.n_expert_used)
               ? TARN_OK
               : tarn_cpu_stopped(r);
}
