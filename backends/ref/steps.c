/* steps.c - what the ten steps mean.  Read beside docs/numerics.md.
 * Sums are of three kinds: integers; SEQ, one accumulator in ascending index;
 * L16 (numerics.h).  Nothing is fused, nothing is reordered. */
#include <string.h>

#include "backends/fail.h"
#include "backends/numerics.h"
#include "backends/ref/inside.h"

/* One call of run(). */
struct run {
    struct tarn_prepared *p;
    const struct tarn_batch *b;
    struct tarn_error *err;
    uint32_t n_routed; /* ROUTE steps so far */
};

static enum tarn_status stopped(const struct run *r)
{
    return tarn_backend_fail(r->err, TARN_CANCELLED,
                             "The run was stopped on request.");
}

/* Row t of a buffer. */
static float *row_of(const struct run *r, uint16_t buffer, uint32_t t)
{
    return r->p->work.buffers[buffer] + (size_t)t * r->p->plan.widths[buffer];
}

static uint32_t width_of(const struct run *r, uint16_t buffer)
{
    return r->p->plan.widths[buffer];
}

/* ------------------------------------------------- EMBED, NORM, MATMUL */

static enum tarn_status embed(const struct run *r, const struct tarn_step *s)
{
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        const int32_t token = r->b->rows[t].token;
        if (token < 0 || (uint32_t)token >= s->w0->n_rows)
            return tarn_backend_fail(r->err, TARN_INTERNAL,
                                     "Token %d is not among the model's %u.",
                                     token, s->w0->n_rows);
        tarn_ref_row(s->w0, (uint32_t)token, row_of(r, s->out, t));
    }
    return TARN_OK;
}

static enum tarn_status norm(const struct run *r, const struct tarn_step *s)
{
    const float eps = r->p->plan.shape.norm_eps;
    float *w = r->p->work.vector;
    tarn_ref_row(s->w0, 0, w);
    for (uint32_t t = 0; t < r->b->n_rows; t++)
        tarn_rmsnorm(row_of(r, s->a, t), w, width_of(r, s->a), eps,
                     row_of(r, s->out, t));
    return TARN_OK;
}

static enum tarn_status matmul(const struct run *r, const struct tarn_step *s)
{
    struct tarn_ref_work *w = &r->p->work;
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        w->x[t] = row_of(r, s->a, t);
        w->y[t] = row_of(r, s->out, t);
    }
    if (!tarn_ref_matmul(r->p, s->w0, s->w0->data, w->x, w->y, r->b->n_rows))
        return stopped(r);
    return TARN_OK;
}

/* ----------------------------------------------------------------- CONV
 * [B|C|X] = a; u = B * X; v = sum of k[j] u[t - (L-1) + j], oldest first;
 * out = C * v.  The window holds the last L-1 u of the sequence; the copy of
 * tail_out that is not current serves as the moving window. */

static void conv_row(const struct tarn_step *s, uint32_t d, uint32_t taps,
                     const float *in, float *window, float *kernel, float *out)
{
    for (uint32_t c = 0; c < d; c++) {
        const float u = in[c] * in[2 * (size_t)d + c];
        tarn_ref_row(s->w0, c, kernel);
        float v = 0.0f;
        for (uint32_t j = 0; j + 1 < taps; j++)
            v += kernel[j] * window[(size_t)j * d + c];
        v += kernel[taps - 1] * u;
        out[c] = in[d + c] * v;
        for (uint32_t j = 0; j + 2 < taps; j++)
            window[(size_t)j * d + c] = window[(size_t)(j + 1) * d + c];
        if (taps > 1)
            window[(size_t)(taps - 2) * d + c] = u;
    }
}

static enum tarn_status conv(const struct run *r, const struct tarn_step *s)
{
    const struct tarn_state *st = r->p->st;
    const uint32_t d = width_of(r, s->out), taps = st->shape.conv_len;
    for (uint32_t i = 0; i < r->b->n_seqs; i++)
        memcpy(tarn_ref_tail(st, r->b->seqs[i].tail_out, s->slot, true),
               tarn_ref_tail(st, r->b->seqs[i].tail_in, s->slot, false),
               st->window * sizeof(float));
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        const struct tarn_seq *seq = &r->b->seqs[r->b->rows[t].seq];
        conv_row(s, d, taps, row_of(r, s->a, t),
                 tarn_ref_tail(st, seq->tail_out, s->slot, true),
                 r->p->work.vector, row_of(r, s->out, t));
        if (tarn_ref_tired(r->p, (uint64_t)d * taps * 4))
            return stopped(r);
    }
    return TARN_OK;
}

/* After success: the windows of this plan's layers that were written become
 * current. */
static void turn_tails(const struct run *r)
{
    struct tarn_state *st = r->p->st;
    for (uint32_t i = 0; i < r->p->plan.n_steps; i++) {
        const struct tarn_step *s = &r->p->steps[i];
        for (uint32_t k = 0; s->op == TARN_CONV && k < r->b->n_seqs; k++)
            st->current[(size_t)r->b->seqs[k].tail_out * st->shape.n_conv +
                        s->slot] ^= 1;
    }
}

/* --------------------------------------------------------------- ATTEND */

/* Heads of x [n_heads][head_dim] normed with w and turned by row t's
 * position. */
static void norm_and_turn(const struct run *r, const float *w, uint32_t t,
                          uint32_t n_heads, float *x)
{
    const struct tarn_shape *shape = &r->p->plan.shape;
    const uint32_t head = shape->head_dim, half = head / 2;
    for (uint32_t h = 0; h < n_heads; h++, x += head) {
        tarn_rmsnorm(x, w, head, shape->norm_eps, x);
        tarn_rope_turn(x, half, r->p->work.cosines + (size_t)t * half,
                       r->p->work.sines + (size_t)t * half);
    }
}

/* K after norm and RoPE, V as it is, into the pages of the rows' sequences. */
static void write_keys(const struct run *r, const struct tarn_step *s)
{
    const uint32_t width = width_of(r, s->b);
    const uint32_t n_heads = width / r->p->plan.shape.head_dim;
    tarn_ref_row(s->w1, 0, r->p->work.vector);
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        const struct tarn_row *row = &r->b->rows[t];
        if (row->flags & TARN_ROW_REPLAY)
            continue;
        float *k = r->p->work.key;
        memcpy(k, row_of(r, s->b, t), width * sizeof *k);
        norm_and_turn(r, r->p->work.vector, t, n_heads, k);
        const uint32_t at = row->pos % TARN_PAGE_POSITIONS;
        const uint32_t page =
            r->b->seqs[row->seq].pages[row->pos / TARN_PAGE_POSITIONS];
        tarn_ref_kv_put(r->p->st, page, s->slot, TARN_REF_K, at, k);
        tarn_ref_kv_put(r->p->st, page, s->slot, TARN_REF_V, at,
                        row_of(r, s->c, t));
    }
}

/* One query head against one chunk of n keys: m = largest score, l = sum of
 * e^(score - m) as L16, o = sum of e^(score - m) v as SEQ; part is m, l, o. */
static void attend_chunk(const struct run *r, const float *q, uint32_t n,
                         float *part)
{
    const struct tarn_ref_work *w = &r->p->work;
    const uint32_t head = r->p->plan.shape.head_dim;
    const float scale = r->p->plan.shape.attn_scale;
    float e[TARN_PAGE_POSITIONS] = { 0 };
    float *o = part + 2;
    for (uint32_t d = 0; d < head; d++) /* SEQ over d, keys side by side */
        for (uint32_t t = 0; t < n; t++)
            e[t] += q[d] * w->k_turned[d * TARN_PAGE_POSITIONS + t];
    float m = e[0] * scale;
    for (uint32_t t = 0; t < n; t++) {
        e[t] = e[t] * scale;
        m = e[t] > m ? e[t] : m;
    }
    for (uint32_t t = 0; t < n; t++)
        e[t] = tarn_exp(e[t] - m);
    for (uint32_t d = 0; d < head; d++)
        o[d] = 0.0f;
    for (uint32_t t = 0; t < n; t++)
        for (uint32_t d = 0; d < head; d++)
            o[d] += e[t] * w->v_chunk[(size_t)t * head + d];
    part[0] = m;
    part[1] = tarn_sum_l16(e, n);
}

/* The chunks of one query head, merged in ascending order. */
static void merge_chunks(const float *parts, uint32_t n_chunks, uint32_t head,
                         float *out)
{
    const size_t stride = 2 + (size_t)head;
    float m = parts[0], sum = 0.0f;
    for (uint32_t c = 1; c < n_chunks; c++)
        m = parts[c * stride] > m ? parts[c * stride] : m;
    for (uint32_t d = 0; d < head; d++)
        out[d] = 0.0f;
    for (uint32_t c = 0; c < n_chunks; c++) {
        const float *part = parts + c * stride;
        const float weight = tarn_exp(part[0] - m);
        sum += weight * part[1];
        for (uint32_t d = 0; d < head; d++)
            out[d] += weight * part[2 + d];
    }
    for (uint32_t d = 0; d < head; d++)
        out[d] = out[d] / sum;
}

/* Keys and values of one chunk and K/V head, the keys transposed. */
static void load_chunk(const struct run *r, const struct tarn_step *s,
                       uint32_t page, uint32_t kv_head, uint32_t n)
{
    struct tarn_ref_work *w = &r->p->work;
    const uint32_t head = r->p->plan.shape.head_dim;
    for (uint32_t t = 0; t < n; t++) {
        float *v = w->v_chunk + (size_t)t * head;
        tarn_ref_kv_get(r->p->st, page, s->slot, TARN_REF_K, t, kv_head * head,
                        head, v);
        for (uint32_t d = 0; d < head; d++)
            w->k_turned[d * TARN_PAGE_POSITIONS + t] = v[d];
        tarn_ref_kv_get(r->p->st, page, s->slot, TARN_REF_V, t, kv_head * head,
                        head, v);
    }
}

/* Row t against the keys 0 .. pos of its sequence, in chunks of 256 keys at
 * multiples of 256.  False if the host wants to stop. */
static bool attend_row(const struct run *r, const struct tarn_step *s,
                       uint32_t t)
{
    const struct tarn_shape *shape = &r->p->plan.shape;
    const struct tarn_row *row = &r->b->rows[t];
    const uint32_t head = shape->head_dim;
    const uint32_t n_kv = width_of(r, s->b) / head;
    const uint32_t group = shape->n_head / n_kv;
    const uint32_t n_chunks = row->pos / TARN_PAGE_POSITIONS + 1;
    const size_t stride = n_chunks * (2 + (size_t)head);
    float *q = r->p->work.query;
    memcpy(q, row_of(r, s->a, t), width_of(r, s->a) * sizeof *q);
    norm_and_turn(r, r->p->work.vector, t, shape->n_head, q);
    for (uint32_t g = 0; g < n_kv; g++)
        for (uint32_t c = 0; c < n_chunks; c++) {
            const uint32_t left = row->pos + 1 - c * TARN_PAGE_POSITIONS;
            const uint32_t n =
                left < TARN_PAGE_POSITIONS ? left : TARN_PAGE_POSITIONS;
            if (tarn_ref_tired(r->p, (uint64_t)n * head * (2 * group + 4)))
                return false;
            load_chunk(r, s, r->b->seqs[row->seq].pages[c], g, n);
            for (uint32_t h = g * group; h < (g + 1) * group; h++)
                attend_chunk(r, q + (size_t)h * head, n,
                             r->p->work.part + h * stride +
                                 c * (2 + (size_t)head));
        }
    float *out = row_of(r, s->out, t);
    for (uint32_t h = 0; h < shape->n_head; h++)
        merge_chunks(r->p->work.part + h * stride, n_chunks, head,
                     out + (size_t)h * head);
    return true;
}

static enum tarn_status attend(const struct run *r, const struct tarn_step *s)
{
    write_keys(r, s);
    tarn_ref_row(s->w0, 0, r->p->work.vector);
    for (uint32_t t = 0; t < r->b->n_rows; t++)
        if (!attend_row(r, s, t))
            return stopped(r);
    return TARN_OK;
}

/* ------------------------------------------------------------- GLU, ADD */

static enum tarn_status glu(const struct run *r, const struct tarn_step *s)
{
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        const float *a = row_of(r, s->a, t), *b = row_of(r, s->b, t);
        float *out = row_of(r, s->out, t);
        for (uint32_t i = 0; i < width_of(r, s->a); i++)
            out[i] = tarn_silu(a[i]) * b[i];
    }
    return TARN_OK;
}

static enum tarn_status add(const struct run *r, const struct tarn_step *s)
{
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        const float *a = row_of(r, s->a, t), *b = row_of(r, s->b, t);
        float *out = row_of(r, s->out, t);
        for (uint32_t i = 0; i < width_of(r, s->a); i++)
            out[i] = a[i] + b[i];
    }
    return TARN_OK;
}

/* ------------------------------------------------------- ROUTE, EXPERTS */

/* Place of row t, rank 0 in the tables of a routing slot. */
static size_t routed(const struct run *r, uint32_t slot, uint32_t t)
{
    return ((size_t)slot * r->p->plan.max_rows + t) *
           r->p->plan.shape.n_expert_used;
}

static enum tarn_status route(struct run *r, const struct tarn_step *s)
{
    const struct tarn_shape *shape = &r->p->plan.shape;
    const size_t used = shape->n_expert_used;
    uint32_t n_routes = 0;
    for (uint32_t i = 0; i < r->p->plan.n_steps; i++)
        n_routes += r->p->steps[i].op == TARN_ROUTE;
    const float *bias = NULL;
    if (s->w0) {
        tarn_ref_row(s->w0, 0, r->p->work.vector);
        bias = r->p->work.vector;
    }
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        uint16_t *ids = r->p->work.chosen + routed(r, s->slot, t);
        float *gates = r->p->work.gates + routed(r, s->slot, t);
        tarn_route(row_of(r, s->a, t), bias, shape->n_expert,
                   shape->n_expert_used, shape->expert_scale, ids, gates);
        const size_t at = ((size_t)t * n_routes + r->n_routed) * used;
        if (r->b->experts)
            memcpy(r->b->experts + at, ids, used * sizeof *ids);
        if (r->b->gates)
            memcpy(r->b->gates + at, gates, used * sizeof *gates);
    }
    r->n_routed++;
    return TARN_OK;
}

static const uint8_t *expert_data(const struct tarn_weight *w, uint32_t e)
{
    return w->slices ? w->slices[e] : w->data + e * w->slice_size;
}

/* One expert for all rows that chose it; results go to their places. */
static enum tarn_status run_expert(const struct run *r,
                                   const struct tarn_step *s, uint32_t e)
{
    struct tarn_ref_work *w = &r->p->work;
    const uint32_t used = r->p->plan.shape.n_expert_used;
    const uint32_t inner = s->w0->n_rows, d = width_of(r, s->out);
    uint32_t n = 0;
    for (uint32_t t = 0; t < r->b->n_rows; t++)
        for (uint32_t rank = 0; rank < used; rank++)
            if (w->chosen[routed(r, s->slot, t) + rank] == e)
                w->at[n++] = t * used + rank;
    const uint8_t *gate = expert_data(s->w0, e), *up = expert_data(s->w1, e),
                  *down = expert_data(s->w2, e);
    if (!gate || !up || !down)
        return tarn_backend_fail(r->err, TARN_INTERNAL,
                                 "Expert %u of layer %u is not in memory.", e,
                                 s->layer);
    for (uint32_t i = 0; i < n; i++) {
        w->x[i] = row_of(r, s->a, w->at[i] / used);
        w->y[i] = w->gate + (size_t)i * inner;
    }
    if (!tarn_ref_matmul(r->p, s->w0, gate, w->x, w->y, n))
        return stopped(r);
    for (uint32_t i = 0; i < n; i++)
        w->y[i] = w->up + (size_t)i * inner;
    if (!tarn_ref_matmul(r->p, s->w1, up, w->x, w->y, n))
        return stopped(r);
    for (size_t i = 0; i < (size_t)n * inner; i++)
        w->gate[i] = tarn_silu(w->gate[i]) * w->up[i];
    for (uint32_t i = 0; i < n; i++) {
        w->x[i] = w->gate + (size_t)i * inner;
        w->y[i] = w->outputs + (size_t)w->at[i] * d;
    }
    if (!tarn_ref_matmul(r->p, s->w2, down, w->x, w->y, n))
        return stopped(r);
    return TARN_OK;
}

/* The wanted experts, as many at a time as the host has room for. */
static enum tarn_status
run_experts(const struct run *r, const struct tarn_step *s, uint32_t n_wanted)
{
    const struct tarn_host *host = r->p->dev->host;
    const uint16_t *wanted = r->p->work.wanted;
    const bool paged =
        host->want_experts && (s->w0->slices || s->w1->slices || s->w2->slices);
    for (uint32_t at = 0; at < n_wanted;) {
        uint32_t n = n_wanted - at;
        enum tarn_status status = TARN_OK;
        if (paged) {
            status = host->want_experts(host->user, s->layer, wanted + at,
                                        n_wanted - at, &n, r->err);
            if (status != TARN_OK)
                return status;
        }
        if (n == 0 || n > n_wanted - at)
            status = tarn_backend_fail(r->err, TARN_INTERNAL,
                                       "The host made %u of %u experts of "
                                       "layer %u present.",
                                       n, n_wanted - at, s->layer);
        for (uint32_t i = 0; i < n && status == TARN_OK; i++)
            status = run_expert(r, s, wanted[at + i]);
        if (paged && host->done_experts)
            host->done_experts(host->user, s->layer);
        if (status != TARN_OK)
            return status;
        at += n;
    }
    return TARN_OK;
}

static enum tarn_status experts(const struct run *r, const struct tarn_step *s)
{
    struct tarn_ref_work *w = &r->p->work;
    const uint32_t used = r->p->plan.shape.n_expert_used;
    const uint32_t d = width_of(r, s->out);
    uint32_t n_wanted = 0;
    for (uint32_t e = 0; e < r->p->plan.shape.n_expert; e++) {
        bool wanted = false;
        for (size_t i = 0; i < (size_t)r->b->n_rows * used; i++)
            wanted |= w->chosen[routed(r, s->slot, 0) + i] == e;
        if (wanted)
            w->wanted[n_wanted++] = (uint16_t)e;
    }
    const enum tarn_status status = run_experts(r, s, n_wanted);
    if (status != TARN_OK)
        return status;
    /* ((w0 e0 + w1 e1) + w2 e2) + w3 e3, in order of rank. */
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        const float *gates = w->gates + routed(r, s->slot, t);
        const float *outputs = w->outputs + (size_t)t * used * d;
        float *out = row_of(r, s->out, t);
        for (uint32_t i = 0; i < d; i++) {
            float sum = gates[0] * outputs[i];
            for (uint32_t rank = 1; rank < used; rank++)
                sum += gates[rank] * outputs[(size_t)rank * d + i];
            out[i] = sum;
        }
    }
    return TARN_OK;
}

/* --------------------------------------------------------------- LOGITS */

static enum tarn_status logits(const struct run *r, const struct tarn_step *s)
{
    struct tarn_ref_work *w = &r->p->work;
    const uint32_t d = width_of(r, s->a);
    uint32_t n = 0;
    for (uint32_t t = 0; t < r->b->n_rows; t++)
        n += (r->b->rows[t].flags & TARN_ROW_LOGITS) != 0;
    if (n == 0)
        return TARN_OK;
    if (!r->b->logits)
        return tarn_backend_fail(r->err, TARN_UNSUPPORTED,
                                 "The reference backend gives logits, not "
                                 "digests.");
    tarn_ref_row(s->w0, 0, w->vector);
    n = 0;
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        if (!(r->b->rows[t].flags & TARN_ROW_LOGITS))
            continue;
        float *h = w->normed + (size_t)n * d;
        tarn_rmsnorm(row_of(r, s->a, t), w->vector, d,
                     r->p->plan.shape.norm_eps, h);
        w->x[n] = h;
        w->y[n] = r->b->logits + (size_t)n * s->w1->n_rows;
        n++;
    }
    if (!tarn_ref_matmul(r->p, s->w1, s->w1->data, w->x, w->y, n))
        return stopped(r);
    return TARN_OK;
}

/* ------------------------------------------------------------------ run */

static enum tarn_status run_step(struct run *r, const struct tarn_step *s)
{
    switch (s->op) {
    case TARN_EMBED:
        return embed(r, s);
    case TARN_NORM:
        return norm(r, s);
    case TARN_MATMUL:
        return matmul(r, s);
    case TARN_CONV:
        return conv(r, s);
    case TARN_ATTEND:
        return attend(r, s);
    case TARN_GLU:
        return glu(r, s);
    case TARN_ROUTE:
        return route(r, s);
    case TARN_EXPERTS:
        return experts(r, s);
    case TARN_ADD:
        return add(r, s);
    default:
        return logits(r, s);
    }
}

/* Sines and cosines of the rows' positions. */
static void prepare_turns(const struct run *r)
{
    const uint32_t half = r->p->plan.shape.head_dim / 2;
    struct tarn_ref_work *w = &r->p->work;
    for (uint32_t t = 0; w->inverse && t < r->b->n_rows; t++)
        tarn_rope_row(w->inverse, half, r->b->rows[t].pos,
                      w->cosines + (size_t)t * half,
                      w->sines + (size_t)t * half);
}

enum tarn_status tarn_ref_run(struct tarn_prepared *p,
                              const struct tarn_batch *b,
                              struct tarn_error *err)
{
    struct run r = { p, b, err, 0 };
    const size_t row = p->plan.shape.n_embd * sizeof(float);
    enum tarn_status status = tarn_ref_check_batch(p, b, err);
    if (status != TARN_OK)
        return status;
    prepare_turns(&r);
    if (p->plan.in_buffer != TARN_NO_BUFFER)
        memcpy(p->work.buffers[p->plan.in_buffer], b->in, b->n_rows * row);
    for (uint32_t i = 0; i < p->plan.n_steps; i++) {
        if (tarn_ref_tired(p, UINT32_MAX)) /* ask between steps */
            return stopped(&r);
        status = run_step(&r, &p->steps[i]);
        if (status != TARN_OK)
            return status;
    }
    if (p->plan.out_buffer != TARN_NO_BUFFER)
        memcpy(b->out, p->work.buffers[p->plan.out_buffer], b->n_rows * row);
    if (p->st)
        turn_tails(&r);
    return TARN_OK;
}
