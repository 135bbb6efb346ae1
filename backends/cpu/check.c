/* check.c - what a plan must be before it is prepared.
 *
 * The core made the plan from a checked file, so a failure here is a broken
 * invariant of the core, not of the file. */
#include "backends/cpu/cpu.h"
#include "backends/fail.h"
#include "backends/numerics.h"

/* ------------------------------------------------------------------ checks */

static enum tarn_status bad(const struct tarn_step *s, const char *what,
                            struct tarn_error *err)
{
    return tarn_backend_fail(err, TARN_INTERNAL,
                         "a step of layer %u (kind %u) has %s",
                         (unsigned)s->layer, (unsigned)s->op, what);
}

static bool has_values(const struct tarn_weight *w, uint64_t n)
{
    return w && w->data && (uint64_t)w->k * w->rows >= n;
}

static bool fits(const struct tarn_weight *w, uint32_t k, uint32_t rows)
{
    return w && w->ops && w->k == k && w->rows == rows;
}

static enum tarn_status check_attend(const struct tarn_plan *plan,
                                     const struct tarn_step *s,
                                     const struct tarn_state *st,
                                     struct tarn_error *err)
{
    const uint32_t hd = plan->shape.head_dim, n_head = plan->shape.n_head;
    const uint32_t *w = plan->widths;
    if (hd < 2 || hd % 2 != 0 || n_head == 0 || w[s->a] != n_head * hd ||
        w[s->out] != w[s->a] || w[s->b] == 0 || w[s->b] % hd != 0 ||
        w[s->c] != w[s->b] || n_head % (w[s->b] / hd) != 0)
        return bad(s, "heads that do not fit its buffers", err);
    if (!has_values(s->w0, hd) || !has_values(s->w1, hd))
        return bad(s, "no weights for its norms", err);
    if (!st || s->slot >= st->n_attn || st->kv[s->slot].width != w[s->b])
        return bad(s, "no place in the state", err);
    if (st->kv_type == TARN_Q8_0 && hd % 32 != 0)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                             "q8_0 pages need heads of 32, 64, ... values, "
                             "these have %u",
                             (unsigned)hd);
    if (st->unit % hd != 0)
        return bad(s, "heads that do not fit the state", err);
    return TARN_OK;
}

static enum tarn_status check_experts(const struct tarn_plan *plan,
                                      const struct tarn_step *s,
                                      struct tarn_error *err)
{
    const struct tarn_weight *g = s->w0, *u = s->w1, *d = s->w2;
    const uint32_t n = plan->shape.n_expert, used = plan->shape.n_expert_used;
    if (n == 0 || used == 0 || used > n || used > TARN_ROUTE_MAX || n > 65535)
        return bad(s, "a number of experts that cannot be", err);
    if (!g || !u || !d || !fits(g, plan->widths[s->a], g->rows) ||
        !fits(u, g->k, g->rows) || !fits(d, g->rows, plan->widths[s->out]) ||
        g->n_slices < n || u->n_slices < n || d->n_slices < n)
        return bad(s, "expert weights of other shapes than it needs", err);
    return TARN_OK;
}

/* The numbers of buffers that a step names, by kind. */
static bool has_buffers(const struct tarn_plan *p, const struct tarn_step *s)
{
    const uint32_t n = p->n_buffers;
    switch ((enum tarn_op)s->op) {
    case TARN_EMBED: return s->out < n;
    case TARN_NORM:
    case TARN_MATMUL:
    case TARN_CONV:
    case TARN_EXPERTS: return s->a < n && s->out < n;
    case TARN_GLU:
    case TARN_ADD: return s->a < n && s->b < n && s->out < n;
    case TARN_ATTEND: return s->a < n && s->b < n && s->c < n && s->out < n;
    case TARN_ROUTE:
    case TARN_LOGITS: return s->a < n;
    }
    return false;
}

enum tarn_status tarn_cpu_check_step(const struct tarn_plan *p,
                                     const struct tarn_step *s,
                                     const struct tarn_state *st,
                                     struct tarn_error *err)
{
    const uint32_t *w = p->widths;
    if (!has_buffers(p, s))
        return bad(s, "no such buffer, or is no step of this version", err);
    switch ((enum tarn_op)s->op) {
    case TARN_EMBED:
        return s->w0 && s->w0->data && s->w0->k == w[s->out]
                   ? TARN_OK
                   : bad(s, "no embedding of its width", err);
    case TARN_NORM:
        return has_values(s->w0, w[s->a]) && w[s->out] == w[s->a]
                   ? TARN_OK
                   : bad(s, "no weights of its width", err);
    case TARN_MATMUL:
        return fits(s->w0, w[s->a], w[s->out]) && s->w0->data &&
                       s->a != s->out
                   ? TARN_OK
                   : bad(s, "a matrix of another shape", err);
    case TARN_CONV:
        return p->shape.conv_len > 0 && w[s->a] == 3 * (uint64_t)w[s->out] &&
                       has_values(s->w0,
                                (uint64_t)p->shape.conv_len * w[s->out]) &&
                       st && s->slot < st->n_conv &&
                       st->conv_width == w[s->out] &&
                       st->conv_len == p->shape.conv_len && s->a != s->out
                   ? TARN_OK
                   : bad(s, "a kernel or a state of another shape", err);
    case TARN_ATTEND: return check_attend(p, s, st, err);
    case TARN_GLU:
    case TARN_ADD:
        return w[s->a] == w[s->b] && w[s->a] == w[s->out]
                   ? TARN_OK
                   : bad(s, "buffers of different widths", err);
    case TARN_ROUTE:
        return w[s->a] == p->shape.n_expert && p->shape.n_expert_used &&
                       p->shape.n_expert_used <= p->shape.n_expert &&
                       p->shape.n_expert_used <= TARN_ROUTE_MAX &&
                       (!s->w0 || has_values(s->w0, p->shape.n_expert))
                   ? TARN_OK
                   : bad(s, "a number of experts that cannot be", err);
    case TARN_EXPERTS: return check_experts(p, s, err);
    case TARN_LOGITS:
        return has_values(s->w0, w[s->a]) && s->w1 && s->w1->data &&
                       s->w1->ops && s->w1->k == w[s->a]
                   ? TARN_OK
                   : bad(s, "no head of its width", err);
    }
    return TARN_OK;
}
