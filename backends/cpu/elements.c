/* elements.c - the steps that touch every value once: embedding rows, norms,
 * gates, sums, the convolution, the choice of experts. */
#include "backends/cpu/cpu.h"
#include "backends/cpu/vec.h"
#include "backends/fail.h"

/* ------------------------------------------------------------- one row */

void tarn_cpu_norm_row(const float *x, const float *w, uint32_t n, float eps,
                       float *y)
{
    const uint32_t whole = n / 16 * 16;
    struct l16 s;
    for (int i = 0; i < L16_N; i++)
        s.a[i] = vf_zero();
    for (uint32_t k = 0; k < whole; k += 16)
        for (uint32_t i = 0; i < L16_N; i++) {
            const vf v = vf_load(x + k + i * VL);
            s.a[i] = s.a[i] + v * v;
        }
    for (uint32_t k = whole, i = 0; k < n; k += VL, i++) {
        const vf v = vf_load_some(x + k, n - k < VL ? n - k : VL);
        s.a[i] = s.a[i] + v * v;
    }
    const float mean = l16_fold(&s) / (float)n;
    const float r = 1.0f / sqrtf(mean + eps);
    uint32_t i = 0;
    for (; i + VL <= n; i += VL)
        vf_store(y + i, (vf_load(x + i) * r) * vf_load(w + i));
    for (; i < n; i++)
        y[i] = (x[i] * r) * w[i];
}

void tarn_cpu_glu_row(const float *a, const float *b, uint32_t n, float *y)
{
    uint32_t i = 0;
    for (; i + VL <= n; i += VL)
        vf_store(y + i, vf_silu(vf_load(a + i)) * vf_load(b + i));
    for (; i < n; i++)
        y[i] = tarn_silu(a[i]) * b[i];
}

static void add_row(const float *a, const float *b, uint32_t n, float *y)
{
    for (uint32_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

/* ------------------------------------------------- steps, rows in pieces */

struct rows_job {
    const struct cpu_run *r;
    const struct tarn_step *s;
    uint32_t per, moe;
    void (*row)(const struct rows_job *j, uint32_t row);
};

static void rows_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct rows_job *j = arg;
    (void)worker;
    const uint32_t end = (i + 1) * j->per;
    for (uint32_t t = i * j->per; t < end && t < j->r->n_rows; t++)
        j->row(j, t);
}

/* Few rows are done by the caller: a piece takes a microsecond, as waking a
 * thread does. */
static enum tarn_status each_row(struct rows_job *j, uint64_t work)
{
    const uint32_t n = j->r->n_rows;
    j->per = n <= 4 ? n : n <= 64 ? 4 : 16;
    const uint32_t pieces = (n + j->per - 1) / j->per;
    return tarn_cpu_parallel(j->r, rows_task, j, pieces, work * j->per)
               ? TARN_OK
               : tarn_cpu_stopped(j->r);
}

static float *row_of(const struct rows_job *j, uint32_t buffer, uint32_t row)
{
    const struct cpu_buffer *b = j->r->p->buffers + buffer;
    return b->data + row * b->stride;
}

static uint32_t width_of(const struct rows_job *j, uint32_t buffer)
{
    return j->r->p->buffers[buffer].width;
}

static void norm_one(const struct rows_job *j, uint32_t row)
{
    const struct tarn_step *s = j->s;
    tarn_cpu_norm_row(row_of(j, s->a, row),
                      tarn_cpu_floats(s->w0),
                      width_of(j, s->a), j->r->p->shape.norm_eps,
                      row_of(j, s->out, row));
}

enum tarn_status tarn_cpu_run_norm(const struct cpu_run *r,
                                   const struct tarn_step *s)
{
    struct rows_job j = { .r = r, .s = s, .row = norm_one };
    return each_row(&j, width_of(&j, s->a));
}

static void glu_one(const struct rows_job *j, uint32_t row)
{
    tarn_cpu_glu_row(row_of(j, j->s->a, row), row_of(j, j->s->b, row),
                     width_of(j, j->s->out), row_of(j, j->s->out, row));
}

enum tarn_status tarn_cpu_run_glu(const struct cpu_run *r,
                                  const struct tarn_step *s)
{
    struct rows_job j = { .r = r, .s = s, .row = glu_one };
    return each_row(&j, (uint64_t)width_of(&j, s->out) * 20);
}

static void add_one(const struct rows_job *j, uint32_t row)
{
    add_row(row_of(j, j->s->a, row), row_of(j, j->s->b, row),
            width_of(j, j->s->out), row_of(j, j->s->out, row));
}

enum tarn_status tarn_cpu_run_add(const struct cpu_run *r,
                                  const struct tarn_step *s)
{
    struct rows_job j = { .r = r, .s = s, .row = add_one };
    return each_row(&j, width_of(&j, s->out));
}

/* ------------------------------------------------------------- embedding */

void tarn_cpu_row(const struct tarn_weight *w, uint32_t r, float *y)
{
    const struct tarn_type_traits tr = tarn_type_traits(w->type);
    const uint8_t *p = w->data + r * w->row_bytes;
    const cpu_unpack_fn unpack = tarn_cpu_unpack(w->type);
    struct cpu_block b;
    for (uint32_t i = 0; i < w->k / tr.block; i++) {
        if (w->type == TARN_F32) {
            memcpy(y + i, p + 4 * (size_t)i, 4);
        } else if (tr.block == 1) {
            uint16_t h;
            memcpy(&h, p + 2 * (size_t)i, 2);
            y[i] = w->type == TARN_F16 ? tarn_f16_to_f32(h)
                                       : tarn_bf16_to_f32(h);
        } else { /* every product is exact, the difference rounds once */
            unpack(p + (size_t)i * tr.bytes, &b);
            float *o = y + (size_t)i * tr.block;
            for (uint32_t v = 0; v < tr.block; v++) {
                o[v] = b.d * (float)b.w[v];
                if (b.dm != 0.0f)
                    o[v] = o[v] - b.dm * (float)b.mn[v / 16];
            }
        }
    }
}

static void embed_one(const struct rows_job *j, uint32_t row)
{
    tarn_cpu_row(j->s->w0, (uint32_t)j->r->b->rows[row].token,
                 row_of(j, j->s->out, row));
}

enum tarn_status tarn_cpu_run_embed(const struct cpu_run *r,
                                    const struct tarn_step *s)
{
    struct rows_job j = { .r = r, .s = s, .row = embed_one };
    for (uint32_t i = 0; i < r->n_rows; i++) {
        const int32_t token = r->b->rows[i].token;
        if (token < 0 || (uint32_t)token >= s->w0->rows)
            return tarn_backend_fail(r->err, TARN_INTERNAL,
                                 "token %d is not in the vocabulary of %u",
                                 (int)token, (unsigned)s->w0->rows);
    }
    return each_row(&j, (uint64_t)s->w0->k * 4);
}

/* ----------------------------------------------------------- convolution */

/* y += tap k of the kernel times u; u = b * x, or the tail's row if x is
 * NULL. */
static void add_tap(const float *w, uint32_t taps, uint32_t k, const float *b,
                    const float *x, uint32_t d, float *y)
{
    for (uint32_t c = 0; c < d; c++) {
        const float u = x ? b[c] * x[c] : b[c];
        const float t = w[(size_t)c * taps + k] * u;
        y[c] = (k ? y[c] : 0.0f) + t;
    }
}

/* Where u of `back` rows before this one comes from: B and X of an earlier
 * row of the same sequence in this batch, or the tail (x NULL), whose last
 * row is the youngest. */
struct conv_source {
    const float *b, *x;
};
static struct conv_source conv_source(const struct rows_job *j, uint32_t row,
                                      uint32_t back, const float *tail)
{
    const struct tarn_prepared *p = j->r->p;
    const uint32_t d = width_of(j, j->s->out), taps = p->shape.conv_len;
    for (; back > 0; back--) {
        if (p->prev[row] == UINT32_MAX)
            return (struct conv_source){
                tail + (size_t)(taps - 1 - back) * d, NULL
            };
        row = p->prev[row];
    }
    const float *b = row_of(j, j->s->a, row);
    return (struct conv_source){ b, b + 2 * (size_t)d };
}

static void conv_one(const struct rows_job *j, uint32_t row)
{
    const struct tarn_prepared *p = j->r->p;
    const struct tarn_seq *seq = j->r->b->seqs + j->r->b->rows[row].seq;
    const uint32_t d = width_of(j, j->s->out), taps = p->shape.conv_len;
    const float *tail = tarn_cpu_tail(p->st, seq->tail_in, j->s->slot, false);
    const float *w = tarn_cpu_floats(j->s->w0);
    const float *gate = row_of(j, j->s->a, row) + d;
    float *y = row_of(j, j->s->out, row);
    for (uint32_t k = 0; k < taps; k++) {
        const struct conv_source u = conv_source(j, row, taps - 1 - k, tail);
        add_tap(w, taps, k, u.b, u.x, d, y);
    }
    for (uint32_t c = 0; c < d; c++)
        y[c] = gate[c] * y[c];
    if (!p->last[row])
        return;
    float *next = tarn_cpu_tail(p->st, seq->tail_out, j->s->slot, true);
    for (uint32_t i = 0; i + 1 < taps; i++) {
        const struct conv_source u = conv_source(j, row, taps - 2 - i, tail);
        for (uint32_t c = 0; c < d; c++)
            next[(size_t)i * d + c] = u.x ? u.b[c] * u.x[c] : u.b[c];
    }
}

enum tarn_status tarn_cpu_run_conv(const struct cpu_run *r,
                                   const struct tarn_step *s)
{
    const struct tarn_state *st = r->p->st;
    struct rows_job j = { .r = r, .s = s, .row = conv_one };
    /* A sequence without rows in this batch keeps its tail. */
    for (uint32_t i = 0; i < r->b->n_seqs; i++)
        memcpy(tarn_cpu_tail(st, r->b->seqs[i].tail_out, s->slot, true),
               tarn_cpu_tail(st, r->b->seqs[i].tail_in, s->slot, false),
               (st->shape.conv_len - 1) * sizeof(float) * st->shape.conv_width);
    return each_row(&j, (uint64_t)width_of(&j, s->out) * 4);
}

/* --------------------------------------------------------------- routing */

static void route_one(const struct rows_job *j, uint32_t row)
{
    const struct tarn_prepared *p = j->r->p;
    const uint32_t used = p->shape.n_expert_used;
    const size_t at = ((size_t)j->s->slot * p->max_rows + row) * used;
    const float *bias =
        j->s->w0 ? tarn_cpu_floats(j->s->w0) : NULL;
    tarn_route(row_of(j, j->s->a, row), bias, p->shape.n_expert, used,
               p->shape.expert_scale, p->route_ids + at, p->route_gates + at);
    const size_t told = ((size_t)row * p->n_moe + j->moe) * used;
    if (j->r->b->experts)
        memcpy(j->r->b->experts + told, p->route_ids + at,
               used * sizeof(uint16_t));
    if (j->r->b->gates)
        memcpy(j->r->b->gates + told, p->route_gates + at,
               used * sizeof(float));
}

enum tarn_status tarn_cpu_run_route(const struct cpu_run *r,
                                    const struct tarn_step *s, uint32_t moe)
{
    struct rows_job j = { .r = r, .s = s, .moe = moe, .row = route_one };
    return each_row(&j, (uint64_t)r->p->shape.n_expert * 40);
}
