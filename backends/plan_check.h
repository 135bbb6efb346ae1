/* plan_check.h - what a plan and a batch must be before anything is computed.
 *
 * A plan that makes no sense is a mistake of the core (INTERNAL); one that a
 * backend has no code for is UNSUPPORTED.  What only the backend knows of its
 * weights and its state comes as facts:
 *
 *     const struct tarn_plan_facts f = { .weight = weight_facts, ... };
 *     status = tarn_check_plan(plan, &f, err);       // in prepare()
 *     status = tarn_check_batch(plan, &f, batch, err); // in run()
 *
 * Functions in a header, because plugins link nothing of each other's.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_BACKENDS_PLAN_CHECK_H
#define TARN_BACKENDS_PLAN_CHECK_H

#include "backends/backend.h"
#include "backends/fail.h"
#include "backends/numerics.h"

/* What a step wants a weight for. */
enum tarn_role {
    TARN_AS_TABLE,  /* rows of an embedding */
    TARN_AS_VECTOR, /* one row of a norm or a bias */
    TARN_AS_MATRIX,
    TARN_AS_KERNEL, /* of a convolution */
    TARN_AS_STACK   /* of experts */
};

struct tarn_weight_facts {
    const char *name; /* of the tensor, printable; or "" */
    uint32_t k, n_rows, n_slices;
    const char *unfit; /* why it can't serve in this role, or NULL */
};

struct tarn_plan_facts {
    bool shapes_only; /* cost(): weights and state may be missing */
    uint32_t max_head, max_experts; /* 0: as many as can be counted */
    struct tarn_weight_facts (*weight)(const struct tarn_weight *w,
                                       enum tarn_role role);
    const struct tarn_state_shape *state; /* as it was opened; NULL: none */
    uint32_t n_pages, n_tails;            /* that it has room for */
};

/* What the checks of one step look at. */
struct tarn_look {
    const struct tarn_plan *plan;
    const struct tarn_plan_facts *facts;
    uint32_t i; /* number of the step */
    struct tarn_error *err;
};

static inline enum tarn_status tarn_look_say(const struct tarn_look *l,
                                             enum tarn_status status,
                                             const char *what)
{
    static const char *const names[] = { "EMBED",  "NORM",  "MATMUL", "CONV",
                                         "ATTEND", "GLU",   "ROUTE",  "EXPERTS",
                                         "ADD",    "LOGITS" };
    const struct tarn_step *s = &l->plan->steps[l->i];
    return tarn_backend_fail(
        l->err, status, "Step %u of the plan (%s, layer %u): %s.", l->i,
        s->op < sizeof names / sizeof *names ? names[s->op] : "unknown",
        s->layer, what);
}

static inline enum tarn_status tarn_look_wrong(const struct tarn_look *l,
                                               const char *what)
{
    return tarn_look_say(l, TARN_INTERNAL, what);
}

/* Values per row of a buffer; 0: no such buffer. */
static inline uint32_t tarn_look_width(const struct tarn_look *l,
                                       uint16_t buffer)
{
    return buffer < l->plan->n_buffers ? l->plan->widths[buffer] : 0;
}

/* A weight must be there with rows of k values; n_rows, n_slices 0: any. */
static inline enum tarn_status tarn_look_weight(const struct tarn_look *l,
                                                const struct tarn_weight *w,
                                                enum tarn_role role, uint32_t k,
                                                uint32_t n_rows,
                                                uint32_t n_slices)
{
    if (!w)
        return l->facts->shapes_only
                   ? TARN_OK
                   : tarn_look_wrong(l, "a weight is missing");
    const struct tarn_weight_facts f = l->facts->weight(w, role);
    if (f.k != k || (n_rows != 0 && f.n_rows != n_rows) ||
        (n_slices != 0 && f.n_slices != n_slices)) {
        char what[160];
        snprintf(what, sizeof what,
                 "\"%.63s\" is %u x %u x %u, needed is %u x %u x %u", f.name,
                 f.k, f.n_rows, f.n_slices, k, n_rows, n_slices);
        return tarn_look_wrong(l, what);
    }
    return f.unfit ? tarn_look_say(l, TARN_UNSUPPORTED, f.unfit) : TARN_OK;
}

static inline enum tarn_status tarn_look_vector(const struct tarn_look *l,
                                                const struct tarn_weight *w,
                                                uint32_t k)
{
    return tarn_look_weight(l, w, TARN_AS_VECTOR, k, 0, 0);
}

static inline enum tarn_status tarn_look_conv(const struct tarn_look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const struct tarn_state_shape *st = l->facts->state;
    const uint32_t d = tarn_look_width(l, s->out);
    if (!l->facts->shapes_only &&
        (!st || s->slot >= st->n_conv || st->conv_width != d ||
         st->conv_len != l->plan->shape.conv_len))
        return tarn_look_wrong(l, "the state has no such convolution");
    if (d == 0 || tarn_look_width(l, s->a) != 3 * (uint64_t)d)
        return tarn_look_wrong(l, "its input is not three times its output");
    return tarn_look_weight(l, s->w0, TARN_AS_KERNEL, l->plan->shape.conv_len,
                            d, 0);
}

static inline enum tarn_status tarn_look_heads(const struct tarn_look *l)
{
    const struct tarn_shape *shape = &l->plan->shape;
    const uint32_t head = shape->head_dim, most = l->facts->max_head;
    if (head == 0 || head % 2 != 0)
        return tarn_backend_fail(l->err, TARN_UNSUPPORTED,
                                 "Heads of %u values can't be turned by "
                                 "position: the number must be even.",
                                 head);
    if (most && head > most)
        return tarn_backend_fail(l->err, TARN_UNSUPPORTED,
                                 "Heads of %u values are more than %u.", head,
                                 most);
    if (shape->n_head == 0 || shape->n_head > 4096)
        return tarn_look_wrong(l, "it needs 1 to 4,096 heads");
    return TARN_OK;
}

static inline enum tarn_status tarn_look_attend(const struct tarn_look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const struct tarn_state_shape *st = l->facts->state;
    const uint32_t head = l->plan->shape.head_dim;
    const uint32_t n_head = l->plan->shape.n_head;
    const uint32_t q = tarn_look_width(l, s->a), kv = tarn_look_width(l, s->b);
    enum tarn_status status = tarn_look_heads(l);
    if (status)
        return status;
    if (q != (uint64_t)n_head * head || tarn_look_width(l, s->out) != q)
        return tarn_look_wrong(l, "queries or results are not heads times "
                                  "head size");
    if (kv == 0 || kv % head != 0 || tarn_look_width(l, s->c) != kv ||
        n_head % (kv / head) != 0)
        return tarn_look_wrong(l, "keys or values don't fit the heads");
    if (st || !l->facts->shapes_only) {
        if (!st || s->slot >= st->n_attn || st->kv_widths[s->slot] != kv)
            return tarn_look_wrong(l, "the state has no such layer");
        if (st->kv_type == TARN_Q8_0 && head % 32 != 0)
            return tarn_backend_fail(
                l->err, TARN_UNSUPPORTED,
                "Heads of %u values can't be kept as q8_0, which needs a "
                "multiple of 32; use f16.",
                head);
    }
    status = tarn_look_vector(l, s->w0, head);
    return status ? status : tarn_look_vector(l, s->w1, head);
}

static inline enum tarn_status tarn_look_router(const struct tarn_look *l)
{
    const uint32_t n = l->plan->shape.n_expert;
    const uint32_t used = l->plan->shape.n_expert_used;
    if (n == 0 || n > UINT16_MAX || used == 0 || used > n)
        return tarn_look_wrong(l, "the numbers of experts make no sense");
    if (l->facts->max_experts && n > l->facts->max_experts)
        return tarn_backend_fail(l->err, TARN_UNSUPPORTED,
                                 "%u experts are more than %u.", n,
                                 l->facts->max_experts);
    if (used > TARN_ROUTE_MAX)
        return tarn_backend_fail(l->err, TARN_UNSUPPORTED,
                                 "%u experts per token are more than %u.", used,
                                 (unsigned)TARN_ROUTE_MAX);
    return TARN_OK;
}

static inline enum tarn_status tarn_look_route(const struct tarn_look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const enum tarn_status status = tarn_look_router(l);
    if (status)
        return status;
    if (tarn_look_width(l, s->a) != l->plan->shape.n_expert)
        return tarn_look_wrong(l, "its input is not one score per expert");
    return s->w0 ? tarn_look_vector(l, s->w0, l->plan->shape.n_expert)
                 : TARN_OK;
}

static inline enum tarn_status tarn_look_experts(const struct tarn_look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const uint32_t d = tarn_look_width(l, s->a), n = l->plan->shape.n_expert;
    enum tarn_status status = tarn_look_router(l);
    if (status)
        return status;
    if (d == 0 || tarn_look_width(l, s->out) != d)
        return tarn_look_wrong(l, "input and output differ in width");
    bool routed = false;
    for (uint32_t i = 0; i < l->i; i++)
        routed |= l->plan->steps[i].op == TARN_ROUTE &&
                  l->plan->steps[i].slot == s->slot;
    if (!routed)
        return tarn_look_wrong(l, "nothing was routed to its slot before");
    if (l->facts->shapes_only && (!s->w0 || !s->w1 || !s->w2))
        return TARN_OK;
    status = tarn_look_weight(l, s->w0, TARN_AS_STACK, d, 0, n);
    const uint32_t inner =
        status ? 0 : l->facts->weight(s->w0, TARN_AS_STACK).n_rows;
    if (!status)
        status = tarn_look_weight(l, s->w1, TARN_AS_STACK, d, inner, n);
    return status ? status
                  : tarn_look_weight(l, s->w2, TARN_AS_STACK, inner, d, n);
}

/* One case per step. */
static inline enum tarn_status tarn_look_step(const struct tarn_look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const uint32_t a = tarn_look_width(l, s->a);
    const uint32_t out = tarn_look_width(l, s->out);
    enum tarn_status status;
    switch (s->op) {
    case TARN_EMBED:
        return out == 0 ? tarn_look_wrong(l, "no output")
                        : tarn_look_weight(l, s->w0, TARN_AS_TABLE, out, 0, 0);
    case TARN_NORM:
        return a == 0 || a != out
                   ? tarn_look_wrong(l, "input and output differ")
                   : tarn_look_vector(l, s->w0, a);
    case TARN_MATMUL:
        return a == 0 || out == 0 || s->a == s->out
                   ? tarn_look_wrong(l, "input and output must be two buffers")
                   : tarn_look_weight(l, s->w0, TARN_AS_MATRIX, a, out, 0);
    case TARN_CONV:
        return tarn_look_conv(l);
    case TARN_ATTEND:
        return tarn_look_attend(l);
    case TARN_GLU:
    case TARN_ADD:
        return a == 0 || a != tarn_look_width(l, s->b) || a != out
                   ? tarn_look_wrong(l, "the three buffers differ in width")
                   : TARN_OK;
    case TARN_ROUTE:
        return tarn_look_route(l);
    case TARN_EXPERTS:
        return tarn_look_experts(l);
    case TARN_LOGITS:
        if (a == 0)
            return tarn_look_wrong(l, "no input");
        status = tarn_look_vector(l, s->w0, a);
        return status ? status
                      : tarn_look_weight(l, s->w1, TARN_AS_MATRIX, a, 0, 0);
    default:
        return tarn_look_wrong(l, "there is no such step");
    }
}

/* NO_BUFFER, or a buffer as wide as the residual. */
static inline bool tarn_crosses_well(const struct tarn_plan *plan,
                                     uint32_t buffer)
{
    return buffer == TARN_NO_BUFFER ||
           (buffer < plan->n_buffers &&
            plan->widths[buffer] == plan->shape.n_embd);
}

/* All steps, and where rows cross a cut.  How many rows, positions and buffers
 * a backend can take is its own affair. */
static inline enum tarn_status
tarn_check_plan(const struct tarn_plan *plan,
                const struct tarn_plan_facts *facts, struct tarn_error *err)
{
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const struct tarn_look l = { plan, facts, i, err };
        const enum tarn_status s = tarn_look_step(&l);
        if (s)
            return s;
    }
    if (!tarn_crosses_well(plan, plan->in_buffer) ||
        !tarn_crosses_well(plan, plan->out_buffer))
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "A buffer at a cut of the plan is not as wide "
                                 "as the residual.");
    return TARN_OK;
}

/* ------------------------------------------------------------------ batch */

static inline enum tarn_status
tarn_check_row(const struct tarn_plan *plan, const struct tarn_plan_facts *f,
               const struct tarn_batch *b, uint32_t i, struct tarn_error *err)
{
    const struct tarn_row *r = &b->rows[i];
    const char *wrong = NULL;
    uint32_t from = 0, j = i; /* pages that a row before has shown are good */
    if (r->seq >= b->n_seqs)
        wrong = "there is no such sequence";
    else if (r->pos >= plan->max_pos)
        wrong = "its position is beyond the context";
    /* Nearly always the row before belongs to the same sequence, or the batch
     * is short: looking back is cheap. */
    while (!wrong && j > 0 && b->rows[j - 1].seq != r->seq)
        j--;
    if (!wrong && j > 0) {
        from = b->rows[j - 1].pos / TARN_PAGE_POSITIONS;
        if (b->rows[j - 1].pos >= r->pos)
            wrong = "positions of a sequence must ascend";
    }
    if (!wrong && f->state && f->state->n_attn > 0)
        for (uint32_t k = from; k <= r->pos / TARN_PAGE_POSITIONS; k++)
            if (b->seqs[r->seq].pages[k] >= f->n_pages)
                wrong = "its sequence has a page that the state has no room "
                        "for";
    return wrong ? tarn_backend_fail(err, TARN_INTERNAL,
                                     "Row %u of the batch: %s.", i, wrong)
                 : TARN_OK;
}

static inline enum tarn_status tarn_check_tails(const struct tarn_plan_facts *f,
                                                const struct tarn_batch *b,
                                                struct tarn_error *err)
{
    for (uint32_t i = 0; i < b->n_seqs; i++) {
        const struct tarn_seq *seq = &b->seqs[i];
        if (seq->tail_in >= f->n_tails || seq->tail_out >= f->n_tails)
            return tarn_backend_fail(err, TARN_INTERNAL,
                                     "Sequence %u has a tail that the state "
                                     "has no room for.",
                                     i);
        for (uint32_t k = 0; k < i; k++)
            if (b->seqs[k].tail_out == seq->tail_out)
                return tarn_backend_fail(err, TARN_INTERNAL,
                                         "Two sequences write tail %u.",
                                         seq->tail_out);
    }
    return TARN_OK;
}

static inline enum tarn_status tarn_check_batch(const struct tarn_plan *plan,
                                                const struct tarn_plan_facts *f,
                                                const struct tarn_batch *b,
                                                struct tarn_error *err)
{
    if (b->n_rows > plan->max_rows)
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "A batch of %u rows came; the plan was "
                                 "prepared for %u.",
                                 b->n_rows, plan->max_rows);
    if ((plan->in_buffer != TARN_NO_BUFFER && !b->in) ||
        (plan->out_buffer != TARN_NO_BUFFER && !b->out))
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "A batch came without rows for a cut.");
    for (uint32_t i = 0; i < b->n_rows; i++) {
        const enum tarn_status s = tarn_check_row(plan, f, b, i, err);
        if (s)
            return s;
    }
    return f->state && f->state->n_conv > 0 ? tarn_check_tails(f, b, err)
                                            : TARN_OK;
}

#endif
