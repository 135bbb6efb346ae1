/* check.c - what a plan and a batch must be before anything is recorded.
 * A plan that makes no sense is a mistake of the core (INTERNAL); one that
 * this backend has no code for is UNSUPPORTED. */
#include "backends/numerics.h"
#include "backends/vulkan/inside.h"

enum { MAX_ROWS = 4096, MAX_POS = 1 << 20, MAX_HEAD = 256, MAX_EXPERTS = 1024 };

/* What the checks of one step look at. */
struct look {
    const struct tarn_plan *plan;
    const struct tarn_state *st;
    bool shapes_only;
    uint32_t i; /* number of the step */
    struct tarn_error *err;
};

static enum tarn_status say(const struct look *l, enum tarn_status status,
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

static enum tarn_status wrong(const struct look *l, const char *what)
{
    return say(l, TARN_INTERNAL, what);
}

/* Values per row of a buffer; 0: no such buffer. */
static uint32_t width(const struct look *l, uint16_t buffer)
{
    return buffer < l->plan->n_buffers ? l->plan->widths[buffer] : 0;
}

/* A weight must be there with rows of k values; n_rows and n_slices 0: any. */
static enum tarn_status check_weight(const struct look *l,
                                     const struct tarn_weight *w, uint32_t k,
                                     uint32_t n_rows, uint32_t n_slices)
{
    if (!w)
        return l->shapes_only ? TARN_OK : wrong(l, "a weight is missing");
    if (w->k == k && (n_rows == 0 || w->n_rows == n_rows) &&
        (n_slices == 0 || w->n_slices == n_slices))
        return TARN_OK;
    return tarn_backend_fail(
        l->err, TARN_INTERNAL,
        "Step %u of the plan: \"%s\" is %u x %u x %u, needed is %u x %u x %u.",
        l->i, w->name, w->k, w->n_rows, w->n_slices, k, n_rows, n_slices);
}

/* A vector of k plain numbers. */
static enum tarn_status check_vector(const struct look *l,
                                     const struct tarn_weight *w, uint32_t k)
{
    const enum tarn_status s = check_weight(l, w, k, 0, 0);
    if (s == TARN_OK && w && !w->floats)
        return say(l, TARN_UNSUPPORTED, "a vector of a quantised type");
    return s;
}

static enum tarn_status check_conv(const struct look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const uint32_t d = width(l, s->out);
    if (!l->shapes_only &&
        (!l->st || s->slot >= l->st->n_conv || l->st->conv_width != d ||
         l->st->conv_len != l->plan->shape.conv_len))
        return wrong(l, "the state has no such convolution");
    if (d == 0 || width(l, s->a) != 3 * (uint64_t)d)
        return wrong(l, "its input is not three times its output");
    if (s->w0 && !vk_is_plain(s->w0->type))
        return say(l, TARN_UNSUPPORTED, "a kernel of a quantised type");
    return check_weight(l, s->w0, l->plan->shape.conv_len, d, 0);
}

static enum tarn_status check_attend(const struct look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const struct tarn_shape *shape = &l->plan->shape;
    const uint32_t head = shape->head_dim, kv = width(l, s->b);
    if (head == 0 || head % 2 != 0 || head > MAX_HEAD)
        return say(l, TARN_UNSUPPORTED,
                   "heads must have an even number of values, at most 256");
    if (shape->n_head == 0 || shape->n_head > 4096)
        return wrong(l, "it needs 1 to 4,096 heads");
    if (width(l, s->a) != (uint64_t)shape->n_head * head ||
        width(l, s->out) != width(l, s->a))
        return wrong(l, "queries or results are not heads times head size");
    if (kv == 0 || kv % head != 0 || width(l, s->c) != kv ||
        shape->n_head % (kv / head) != 0)
        return wrong(l, "keys or values don't fit the heads");
    if (l->st || !l->shapes_only) {
        if (!l->st || s->slot >= l->st->n_attn ||
            l->st->kv_widths[s->slot] != kv)
            return wrong(l, "the state has no such layer");
        if (l->st->kv_type == TARN_Q8_0 && head % 32 != 0)
            return say(l, TARN_UNSUPPORTED,
                       "heads kept as q8_0 must be a multiple of 32 values");
    }
    const enum tarn_status status = check_vector(l, s->w0, head);
    return status ? status : check_vector(l, s->w1, head);
}

static enum tarn_status check_router(const struct look *l)
{
    const struct tarn_shape *shape = &l->plan->shape;
    if (shape->n_expert == 0 || shape->n_expert_used == 0 ||
        shape->n_expert_used > shape->n_expert)
        return wrong(l, "the numbers of experts make no sense");
    if (shape->n_expert > MAX_EXPERTS || shape->n_expert_used > TARN_ROUTE_MAX)
        return say(l, TARN_UNSUPPORTED,
                   "more than 1,024 experts, or 64 per token");
    return TARN_OK;
}

static enum tarn_status check_route(const struct look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const enum tarn_status status = check_router(l);
    if (status)
        return status;
    if (width(l, s->a) != l->plan->shape.n_expert)
        return wrong(l, "its input is not one score per expert");
    return s->w0 ? check_vector(l, s->w0, l->plan->shape.n_expert) : TARN_OK;
}

static enum tarn_status check_experts(const struct look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const uint32_t d = width(l, s->a), n = l->plan->shape.n_expert;
    enum tarn_status status = check_router(l);
    if (status)
        return status;
    if (d == 0 || width(l, s->out) != d)
        return wrong(l, "input and output differ in width");
    bool routed = false;
    for (uint32_t i = 0; i < l->i; i++)
        routed |= l->plan->steps[i].op == TARN_ROUTE &&
                  l->plan->steps[i].slot == s->slot;
    if (!routed)
        return wrong(l, "nothing was routed to its slot before");
    if (l->shapes_only && (!s->w0 || !s->w1 || !s->w2))
        return TARN_OK;
    status = check_weight(l, s->w0, d, 0, n);
    const uint32_t inner = status == TARN_OK ? s->w0->n_rows : 0;
    if (status == TARN_OK)
        status = check_weight(l, s->w1, d, inner, n);
    return status ? status : check_weight(l, s->w2, inner, d, n);
}

/* One case per step. */
static enum tarn_status check_step(const struct look *l)
{
    const struct tarn_step *s = &l->plan->steps[l->i];
    const uint32_t a = width(l, s->a), out = width(l, s->out);
    enum tarn_status status;
    switch (s->op) {
    case TARN_EMBED:
        return out == 0 ? wrong(l, "no output")
                        : check_weight(l, s->w0, out, 0, 0);
    case TARN_NORM:
        return a == 0 || a != out ? wrong(l, "input and output differ")
                                  : check_vector(l, s->w0, a);
    case TARN_MATMUL:
        return a == 0 || out == 0 || s->a == s->out
                   ? wrong(l, "input and output must be two buffers")
                   : check_weight(l, s->w0, a, out, 0);
    case TARN_CONV:
        return check_conv(l);
    case TARN_ATTEND:
        return check_attend(l);
    case TARN_GLU:
    case TARN_ADD:
        return a == 0 || a != width(l, s->b) || a != out
                   ? wrong(l, "the three buffers differ in width")
                   : TARN_OK;
    case TARN_ROUTE:
        return check_route(l);
    case TARN_EXPERTS:
        return check_experts(l);
    case TARN_LOGITS:
        if (a == 0)
            return wrong(l, "no input");
        status = check_vector(l, s->w0, a);
        return status ? status : check_weight(l, s->w1, a, 0, 0);
    default:
        return wrong(l, "there is no such step");
    }
}

/* NO_BUFFER, or a buffer as wide as the residual. */
static bool crosses_well(const struct tarn_plan *plan, uint32_t buffer)
{
    return buffer == TARN_NO_BUFFER ||
           (buffer < plan->n_buffers &&
            plan->widths[buffer] == plan->shape.n_embd);
}

enum tarn_status vk_check_plan(const struct tarn_plan *plan,
                               const struct tarn_state *st, bool shapes_only,
                               struct tarn_error *err)
{
    if (plan->max_rows == 0 || plan->max_rows > MAX_ROWS ||
        plan->max_pos > MAX_POS || plan->n_buffers > 4096)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                                 "A plan for Vulkan may have 1 to 4,096 rows, "
                                 "1,048,576 positions and 4,096 buffers.");
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const struct look l = { plan, st, shapes_only, i, err };
        const enum tarn_status s = check_step(&l);
        if (s)
            return s;
    }
    if (!crosses_well(plan, plan->in_buffer) ||
        !crosses_well(plan, plan->out_buffer))
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "A buffer at a cut of the plan is not as wide "
                                 "as the residual.");
    return TARN_OK;
}

/* ------------------------------------------------------------------ batch */

static enum tarn_status bad_row(struct tarn_error *err, uint32_t i,
                                const char *what)
{
    return tarn_backend_fail(err, TARN_INTERNAL, "Row %u of the batch: %s.", i,
                             what);
}

/* Shaders clamp a token to the table; the sentence comes from here. */
static enum tarn_status check_token(const struct tarn_prepared *p,
                                    int32_t token, struct tarn_error *err)
{
    for (uint32_t i = 0; i < p->plan.n_steps; i++) {
        const struct tarn_step *s = &p->steps[i];
        if (s->op == TARN_EMBED &&
            (token < 0 || (uint32_t)token >= s->w0->n_rows))
            return tarn_backend_fail(err, TARN_INTERNAL,
                                     "Token %d is not among the model's %u.",
                                     token, s->w0->n_rows);
        if (s->op == TARN_EMBED)
            break;
    }
    return TARN_OK;
}

static enum tarn_status check_row(const struct tarn_prepared *p,
                                  const struct tarn_batch *b, uint32_t i,
                                  struct tarn_error *err)
{
    const struct tarn_row *r = &b->rows[i];
    if (r->seq >= b->n_seqs)
        return bad_row(err, i, "there is no such sequence");
    if (r->pos >= p->plan.max_pos)
        return bad_row(err, i, "its position is beyond the context");
    for (uint32_t j = i; j > 0; j--)
        if (b->rows[j - 1].seq == r->seq) {
            if (b->rows[j - 1].pos >= r->pos)
                return bad_row(err, i, "positions of a sequence must ascend");
            break;
        }
    const struct tarn_seq *seq = &b->seqs[r->seq];
    if (p->st && p->st->n_attn > 0)
        for (uint32_t k = 0; k <= r->pos / TARN_PAGE_POSITIONS; k++)
            if (seq->pages[k] >= p->st->n_pages)
                return bad_row(err, i,
                               "its sequence has a page that the state "
                               "has no room for");
    return check_token(p, r->token, err);
}

enum tarn_status vk_check_batch(struct tarn_prepared *p,
                                const struct tarn_batch *b,
                                struct tarn_error *err)
{
    if (b->n_rows > p->plan.max_rows || b->n_seqs > p->plan.max_rows)
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "A batch of %u rows came; the plan was "
                                 "prepared for %u.",
                                 b->n_rows, p->plan.max_rows);
    if ((p->plan.in_buffer != TARN_NO_BUFFER && !b->in) ||
        (p->plan.out_buffer != TARN_NO_BUFFER && !b->out))
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "A batch came without rows for a cut.");
    for (uint32_t i = 0; i < b->n_rows; i++) {
        const enum tarn_status s = check_row(p, b, i, err);
        if (s)
            return s;
    }
    if (!p->st || p->st->n_conv == 0)
        return TARN_OK;
    p->st->run++;
    for (uint32_t i = 0; i < b->n_seqs; i++) {
        const struct tarn_seq *seq = &b->seqs[i];
        if (seq->tail_in >= p->st->n_tails || seq->tail_out >= p->st->n_tails)
            return tarn_backend_fail(err, TARN_INTERNAL,
                                     "Sequence %u has a tail that the state "
                                     "has no room for.",
                                     i);
        if (p->st->used[seq->tail_out] == p->st->run)
            return tarn_backend_fail(err, TARN_INTERNAL,
                                     "Two sequences write tail %u.",
                                     seq->tail_out);
        p->st->used[seq->tail_out] = p->st->run;
    }
    return TARN_OK;
}
