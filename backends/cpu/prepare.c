/* prepare.c - groups a plan's steps into phases, and takes all the memory
 * that running needs, in one block.
 *
 * The block is laid out by one function that runs twice: once to count, once
 * to hand out.  cost() runs the counting alone, so what it says is what is
 * taken. */
#include <string.h>

#include "backends/cpu/attend.h"
#include "backends/cpu/cpu.h"
#include "backends/fail.h"
#include "backends/numerics.h"
#include "backends/state_shape.h"

/* ------------------------------------------------------------------ sizes */

/* What the steps of a plan need, as far as its weights are known. */
struct needs {
    uint32_t act_k[CPU_FORMS]; /* longest quantised row of each form */
    uint32_t ff, group_max, n_moe, n_slots;
    uint64_t kv, logits; /* widest K; widest row that meets a head */
    uint32_t gate_forms, down_forms; /* bit per form */
    uint32_t gate_k;
    size_t product;      /* scratch of `many` */
    bool wide, attend, experts;
};

static uint64_t wider(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A weight that is not known may be of any type. */
static void need_product(struct needs *n, const struct tarn_weight *w,
                         uint32_t k)
{
    for (uint32_t f = CPU_A32; f < CPU_FORMS; f++)
        if ((!w || w->ops->form == f) && k > n->act_k[f])
            n->act_k[f] = k;
    const size_t s = !w ? tarn_cpu_any_scratch(k)
                     : w->ops->scratch ? w->ops->scratch(k)
                                       : 0;
    n->product = s > n->product ? s : n->product;
    n->wide = n->wide || (w && w->ops->wide);
}

static struct needs needs_of(const struct tarn_plan *p)
{
    struct needs n = { 0 };
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const struct tarn_step *s = p->steps + i;
        if (s->op == TARN_MATMUL)
            need_product(&n, s->w0, p->widths[s->a]);
        if (s->op == TARN_LOGITS) {
            need_product(&n, s->w1, p->widths[s->a]);
            n.logits = wider(n.logits, p->widths[s->a]);
        }
        if (s->op == TARN_ATTEND && p->widths[s->b]) {
            const uint32_t group = p->widths[s->a] / p->widths[s->b];
            n.group_max = group > n.group_max ? group : n.group_max;
            n.kv = wider(n.kv, p->widths[s->b]);
            n.attend = true;
        }
        if (s->op == TARN_ROUTE)
            n.n_moe++;
        if ((s->op == TARN_ROUTE || s->op == TARN_EXPERTS) &&
            s->slot >= n.n_slots)
            n.n_slots = s->slot + 1u;
        if (s->op == TARN_EXPERTS) {
            /* Hidden rows of unknown length are taken as long as others. */
            const uint32_t ff = s->w0 ? s->w0->rows : p->shape.n_embd;
            n.ff = ff > n.ff ? ff : n.ff;
            n.experts = true;
            need_product(&n, s->w0, p->widths[s->a]);
            need_product(&n, s->w1, p->widths[s->a]);
            need_product(&n, s->w2, ff);
            n.gate_forms |= s->w0 ? 1u << s->w0->ops->form : 1u << CPU_A256;
            n.gate_k = (uint32_t)wider(n.gate_k, p->widths[s->a]);
            n.down_forms |= s->w2 ? 1u << s->w2->ops->form : 1u << CPU_A256;
        }
    }
    return n;
}

/* Cleared at once; the others before the first batch that has so many.  8B
 * shapes, 2,048 rows: 470 MB, which cost half a second before a short
 * question was answered. */
#define FIRST_ROWS 256u
/* Vectors may read beyond the last row. */
#define SPARE_ROWS 16u
/* Areas beside the buffers: forms of rows, rope, q, k, norm, experts. */
#define MORE_AREAS (CPU_FORMS + 8u)

/* A block that is counted first (base NULL) and handed out then: what is
 * small, and behind it the rows of a batch. */
struct carve {
    uint8_t *base, *rows;
    uint64_t at, rows_at;
};

static void *take(struct carve *c, uint64_t n, uint64_t size)
{
    void *p = c->base ? c->base + c->at : NULL;
    c->at += (n * size + 63) / 64 * 64;
    return p;
}

/* n rows of `size` bytes, n a multiple of max_rows. */
static void *take_rows(struct carve *c, struct tarn_prepared *p, uint64_t n,
                       uint64_t size)
{
    uint8_t *at = c->rows ? c->rows + c->rows_at : NULL;
    c->rows_at += (n * size + 63) / 64 * 64;
    if (at && size)
        p->areas[p->n_areas++] =
            (struct cpu_area){ at, n / p->max_rows * size };
    return at;
}

static void carve_experts(struct carve *c, struct tarn_prepared *p,
                          const struct needs *n)
{
    struct cpu_experts *x = &p->experts;
    const uint64_t pairs = (uint64_t)p->max_rows * p->shape.n_expert_used;
    const uint32_t widest = n->ff > p->shape.n_embd ? n->ff : p->shape.n_embd;
    x->stride = (widest + 15) / 16 * 16;
    x->count = take(c, p->shape.n_expert, sizeof *x->count);
    x->start = take(c, p->shape.n_expert, sizeof *x->start);
    x->list = take(c, p->shape.n_expert, sizeof *x->list);
    x->place = take(c, pairs, sizeof *x->place);
    x->hidden = take_rows(c, p, pairs, x->stride * sizeof(float));
    /* Outputs may lie on hidden rows that have been quantised. */
    x->out = n->down_forms & 1u << CPU_F32
                 ? take_rows(c, p, pairs, x->stride * sizeof(float))
                 : x->hidden;
    uint64_t row = 0;
    for (uint32_t f = CPU_A32; f < CPU_FORMS; f++) {
        if (n->down_forms & 1u << f)
            row = wider(row, tarn_cpu_act_layout(f, n->ff, p->wide).stride);
        if (tarn_cpu_even_from <= pairs && n->gate_forms & 1u << f)
            row = wider(row, tarn_cpu_act_layout(f, n->gate_k, p->wide).stride);
    }
    x->acts = take_rows(c, p, pairs, row);
}

static void carve_all(struct carve *c, struct tarn_prepared *p,
                      const struct tarn_plan *plan, const struct needs *n)
{
    const uint64_t rows = p->max_rows, hd = p->shape.head_dim;
    const uint64_t pairs =
        rows * wider(CPU_PHASE_MATS, n->experts ? 3 * p->shape.n_expert_used
                                                : 0);
    p->steps = take(c, p->n_steps, sizeof *p->steps);
    p->phases = take(c, p->n_steps, sizeof *p->phases);
    p->ranges = take(c, p->threads, sizeof *p->ranges);
    p->buffers = take(c, p->n_buffers, sizeof *p->buffers);
    p->areas = take(c, p->n_buffers + MORE_AREAS, sizeof *p->areas);
    for (uint32_t i = 0; i < p->n_buffers; i++) {
        const size_t stride = (plan->widths[i] + 15) / 16 * 16;
        float *data = take_rows(c, p, rows, stride * sizeof(float));
        if (p->buffers)
            p->buffers[i] =
                (struct cpu_buffer){ data, stride, plan->widths[i] };
    }
    p->parts = take(c, wider(CPU_PHASE_MATS, p->shape.n_expert),
                    sizeof *p->parts);
    for (uint32_t f = CPU_A32; f < CPU_FORMS; f++)
        p->acts[f] =
            take_rows(c, p, rows,
                      tarn_cpu_act_layout(f, n->act_k[f], p->wide).stride);
    p->act_rows = take(c, pairs, sizeof *p->act_rows);
    p->y_rows = take(c, pairs, sizeof *p->y_rows);
    if (n->attend) {
        const uint64_t chunks = ((uint64_t)p->max_pos + 255) / 256;
        p->rope_inverse = take(c, hd / 2, sizeof *p->rope_inverse);
        p->rope = take_rows(c, p, rows, hd * sizeof(float));
        p->q = take_rows(c, p, rows, p->shape.n_head * hd * sizeof(float));
        p->k = take_rows(c, p, rows, (n->kv + 15) / 16 * 64);
        p->partial = take(c,
                          (uint64_t)p->threads * TARN_CPU_ATTEND_ROWS *
                              n->group_max * chunks,
                          tarn_cpu_partial((uint32_t)hd) * sizeof(float));
        p->wide_kv = take(c, p->threads,
                          tarn_cpu_wide_kv((uint32_t)hd) * sizeof(float));
    }
    if (n->logits) {
        p->norm = take_rows(c, p, rows, (n->logits + 15) / 16 * 64);
        p->logit_rows = take(c, rows, sizeof *p->logit_rows);
    }
    p->prev = take(c, rows, sizeof *p->prev);
    p->last = take(c, rows, sizeof *p->last);
    const uint64_t routes = n->n_slots * rows * p->shape.n_expert_used;
    p->route_ids = take(c, routes, sizeof *p->route_ids);
    p->route_gates = take(c, routes, sizeof *p->route_gates);
    if (n->experts)
        carve_experts(c, p, n);
    p->product_scratch = (n->product + 63) / 64 * 64;
    p->scratch_bytes =
        p->product_scratch + (n->experts ? tarn_cpu_gated_scratch() : 0) + 64;
    p->scratch_bytes = (p->scratch_bytes + 63) / 64 * 64;
    p->scratch = take(c, p->threads, p->scratch_bytes);
}

/* ---------------------------------------------------------------- clearing */

/* The first n_rows of every area, as far as they are not yet; `stop`: asked
 * every megabyte. */
static bool clear(struct tarn_prepared *p, uint32_t n_rows,
                  const struct tarn_host *stop)
{
    const uint64_t most = n_rows + SPARE_ROWS, piece = 1u << 20;
    const uint64_t to = most < p->max_rows ? most : p->max_rows;
    for (uint32_t i = 0; i < p->n_areas; i++) {
        const struct cpu_area *a = p->areas + i;
        for (uint64_t at = p->n_clear * a->row; at < to * a->row;
             at += piece) {
            const uint64_t left = to * a->row - at;
            if (stop && stop->cancelled && stop->cancelled(stop->user))
                return false;
            memset(a->at + at, 0, (size_t)(left < piece ? left : piece));
        }
    }
    p->n_clear = (uint32_t)to;
    return true;
}

bool tarn_cpu_clear_rows(struct tarn_prepared *p, uint32_t n_rows)
{
    return n_rows + SPARE_ROWS <= p->n_clear || p->n_clear == p->max_rows ||
           clear(p, p->max_rows, p->dev->host);
}

/* ----------------------------------------------------------------- phases */

static bool same_phase(const struct tarn_step *a, const struct tarn_step *b)
{
    return a->op == TARN_MATMUL && b->op == TARN_MATMUL && a->a == b->a;
}

/* Which quantised forms a step reads of buffer a, a bit each. */
static uint32_t forms_read(const struct tarn_step *s)
{
    uint32_t forms = 0;
    if (s->op == TARN_MATMUL)
        forms = 1u << s->w0->ops->form;
    if (s->op == TARN_EXPERTS)
        forms = 1u << s->w0->ops->form | 1u << s->w1->ops->form;
    return forms & ~(1u << CPU_F32);
}

/* Consecutive MATMUL steps that read one buffer become a phase; a buffer is
 * quantised once, until it is written or another one takes its place. */
static void make_phases(struct tarn_prepared *p)
{
    uint32_t held[CPU_FORMS] = { TARN_NO_BUFFER, TARN_NO_BUFFER,
                                 TARN_NO_BUFFER };
    uint32_t moe = 0;
    for (uint32_t i = 0; i < p->n_steps;) {
        struct cpu_phase *ph = p->phases + p->n_phases++;
        const struct tarn_step *s = p->steps + i;
        *ph = (struct cpu_phase){ .step = i, .n_steps = 1, .moe = moe };
        moe += s->op == TARN_ROUTE;
        while (i + ph->n_steps < p->n_steps && ph->n_steps < CPU_PHASE_MATS &&
               same_phase(s, s + ph->n_steps))
            ph->n_steps++;
        for (uint32_t k = 0; k < ph->n_steps; k++)
            for (uint32_t f = CPU_A32; f < CPU_FORMS; f++)
                if (forms_read(s + k) & 1u << f && held[f] != s->a) {
                    ph->quantize |= 1u << f;
                    held[f] = s->a;
                }
        for (uint32_t k = 0; k < ph->n_steps; k++)
            for (uint32_t f = CPU_A32; f < CPU_FORMS; f++)
                if (held[f] == s[k].out || s[k].op == TARN_LOGITS)
                    held[f] = TARN_NO_BUFFER;
        i += ph->n_steps;
    }
}

/* ----------------------------------------------------------------- public */

static uint32_t threads_of(const struct tarn_host *h)
{
    const uint32_t n = h->threads ? h->threads(h->user) : 1;
    return n ? n : 1;
}

/* Norms, biases and kernels of convolutions are met as floats. */
static bool make_floats(const struct tarn_step *s)
{
    switch ((enum tarn_op)s->op) {
    case TARN_NORM:
    case TARN_CONV:
    case TARN_LOGITS: return tarn_cpu_make_floats(s->w0);
    case TARN_ROUTE: return !s->w0 || tarn_cpu_make_floats(s->w0);
    case TARN_ATTEND:
        return tarn_cpu_make_floats(s->w0) && tarn_cpu_make_floats(s->w1);
    case TARN_EMBED:
    case TARN_MATMUL:
    case TARN_GLU:
    case TARN_EXPERTS:
    case TARN_ADD: break;
    }
    return true;
}

static struct tarn_prepared outline(const struct tarn_host *h,
                                    const struct tarn_plan *plan,
                                    const struct needs *n)
{
    return (struct tarn_prepared){ .shape = plan->shape,
                                   .n_steps = plan->n_steps,
                                   .n_buffers = plan->n_buffers,
                                   .n_moe = n->n_moe,
                                   .n_slots = n->n_slots,
                                   .threads = threads_of(h),
                                   .max_rows = plan->max_rows,
                                   .max_pos = plan->max_pos,
                                   .in_buffer = plan->in_buffer,
                                   .out_buffer = plan->out_buffer,
                                   .wide = n->wide };
}

enum tarn_status tarn_cpu_cost(const struct tarn_host *host, uint32_t device,
                               const struct tarn_plan *plan,
                               const struct tarn_state_shape *shape,
                               uint64_t *work_bytes, uint64_t *page_bytes,
                               uint64_t *tail_bytes, struct tarn_error *err)
{
    (void)device;
    (void)err;
    const struct needs n = needs_of(plan);
    struct tarn_prepared p = outline(host, plan, &n);
    struct carve count = { 0 };
    carve_all(&count, &p, plan, &n);
    *work_bytes = count.at + count.rows_at + sizeof p;
    *page_bytes = tarn_cpu_page_layout(shape, NULL);
    uint64_t canonical;
    tarn_state_bytes(shape, &canonical, tail_bytes);
    *tail_bytes *= 2; /* two copies */
    return TARN_OK;
}

enum tarn_status tarn_cpu_prepare(struct tarn_dev *dev,
                                  const struct tarn_plan *plan,
                                  struct tarn_state *st,
                                  struct tarn_prepared **out,
                                  struct tarn_error *err)
{
    const struct tarn_host *h = dev->host;
    if (plan->max_rows == 0 || plan->max_pos == 0)
        return tarn_backend_fail(err, TARN_INTERNAL,
                             "a plan for no rows or no positions");
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const struct tarn_step *s = plan->steps + i;
        /* No page was taken yet: a head shall lie in one piece. */
        if (s->op == TARN_ATTEND && st && st->n_pages == 0 &&
            plan->shape.head_dim && st->unit % plan->shape.head_dim == 0)
            st->unit = plan->shape.head_dim;
    }
    const enum tarn_status status = tarn_cpu_check_plan(plan, st, err);
    if (status != TARN_OK)
        return status;
    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (!make_floats(plan->steps + i))
            return tarn_backend_fail(err, TARN_NO_MEMORY,
                                     "No memory left for a norm.");
    const struct needs n = needs_of(plan);
    struct tarn_prepared shell = outline(h, plan, &n);
    struct carve c = { 0 };
    carve_all(&c, &shell, plan, &n);
    const uint64_t small = c.at + (sizeof shell + 63) / 64 * 64;
    const uint64_t size = small + c.rows_at;
    uint8_t *block =
        size > SIZE_MAX ? NULL : h->alloc(h->user, (size_t)size, 64);
    if (!block)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "no memory left for batches of %u rows "
                             "(%llu MB)",
                             (unsigned)plan->max_rows,
                             (unsigned long long)(size / 1000000));
    /* Touched here and not in the middle of the first prompt; also, padding
     * that a vector may load holds numbers. */
    memset(block, 0, (size_t)small);
    struct tarn_prepared *p = (struct tarn_prepared *)(void *)block;
    *p = shell;
    p->dev = dev;
    p->st = st;
    c = (struct carve){ block + (sizeof shell + 63) / 64 * 64, block + small,
                        0, 0 };
    carve_all(&c, p, plan, &n);
    clear(p, FIRST_ROWS, NULL);
    memcpy(p->steps, plan->steps, p->n_steps * sizeof *p->steps);
    make_phases(p);
    if (n.attend)
        tarn_rope_inverse((double)p->shape.rope_base, p->shape.head_dim / 2,
                          p->rope_inverse);
    tarn_cpu_own(dev, CPU_PLANS, &p->owned);
    *out = p;
    return TARN_OK;
}

void tarn_cpu_release(struct tarn_prepared *p)
{
    if (!p)
        return;
    tarn_cpu_disown(&p->owned);
    p->dev->host->free(p->dev->host->user, p);
}
