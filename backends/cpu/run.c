/* run.c - one batch through the plan, phase by phase.
 *
 * Nothing is allocated here and no lock is taken.  K/V of the batch's own
 * rows go into their pages, new tails into the copies that are not current;
 * only when all steps are done are the tails turned over, so whatever ends a
 * run early leaves every earlier position and every tail as it was. */
#include <stdatomic.h>
#include <string.h>

#include "backends/cpu/cpu.h"
#include "backends/fail.h"
#include "backends/numerics.h"

/* Work between two questions whether to stop: 4 ms of every thread. */
#define QUESTIONS_PER_S 250u

/* Pieces lie side by side in memory, so each worker has a range of them to
 * itself, from the front; when that is empty it takes from the back of the
 * others'.  So what is fetched ahead at the end of a piece is the beginning
 * of the next one (1.2B decode on two threads: 51 -> 55-58 tokens/s, 8B alone
 * the same, eight sequences at once 72 -> 79). */
struct spread {
    cpu_task_fn fn;
    void *arg;
    struct cpu_range *ranges; /* [threads] */
    uint32_t threads;
};

static void spread_task(void *arg, uint32_t i, uint32_t worker)
{
    const struct spread *s = arg;
    (void)i; /* as many calls as pieces: every call finds one */
    for (uint32_t w = worker;; w = w + 1 < s->threads ? w + 1 : 0) {
        _Atomic uint64_t *r = &s->ranges[w].from_to;
        uint64_t v = atomic_load_explicit(r, memory_order_relaxed);
        while ((uint32_t)(v >> 32) < (uint32_t)v) {
            const bool own = w == worker;
            const uint64_t left = own ? v + (UINT64_C(1) << 32) : v - 1;
            if (!atomic_compare_exchange_weak(r, &v, left))
                continue;
            s->fn(s->arg, own ? (uint32_t)(v >> 32) : (uint32_t)v - 1, worker);
            return;
        }
    }
}

static void spread(const struct cpu_run *r, cpu_task_fn fn, void *arg,
                   uint32_t first, uint32_t n)
{
    const struct tarn_host *h = r->p->dev->host;
    const uint32_t threads = r->p->threads;
    struct spread s = { fn, arg, r->p->ranges, threads };
    for (uint32_t w = 0; w < threads; w++) {
        const uint64_t from = first + (uint64_t)n * w / threads;
        const uint64_t to = first + (uint64_t)n * (w + 1) / threads;
        atomic_store_explicit(&s.ranges[w].from_to, from << 32 | to,
                              memory_order_relaxed);
    }
    h->parallel(h->user, spread_task, &s, n);
}

bool tarn_cpu_parallel(const struct cpu_run *r, cpu_task_fn fn, void *arg,
                       uint32_t n, uint64_t work)
{
    const struct tarn_host *h = r->p->dev->host;
    const uint64_t may = tarn_cpu_pace / QUESTIONS_PER_S;
    const uint64_t each = work > may ? 1 : may / (work ? work : 1);
    const uint64_t many = each * r->p->threads;
    const uint32_t at_once = many < n ? (uint32_t)many : n;
    for (uint32_t i = 0; i < n; i += at_once) {
        const uint32_t left = n - i < at_once ? n - i : at_once;
        if (n > at_once && h->cancelled && h->cancelled(h->user))
            return false;
        if (left == 1)
            fn(arg, i, 0);
        else
            spread(r, fn, arg, i, left);
    }
    return true;
}

enum tarn_status tarn_cpu_stopped(const struct cpu_run *r)
{
    return tarn_backend_fail(r->err, TARN_CANCELLED, "stopped");
}

/* ---------------------------------------------------------- begin and end */

/* Links each row to the one before it in its sequence. */
static void link_rows(const struct cpu_run *r)
{
    const struct tarn_row *rows = r->b->rows;
    struct tarn_prepared *p = r->p;
    for (uint32_t i = 0; i < r->n_rows; i++) {
        uint32_t before = i;
        while (before > 0 && rows[before - 1].seq != rows[i].seq)
            before--;
        p->prev[i] = before ? before - 1 : UINT32_MAX;
        p->last[i] = 1;
        if (before)
            p->last[before - 1] = 0;
    }
}

static enum tarn_status begin(struct cpu_run *r)
{
    struct tarn_prepared *p = r->p;
    const enum tarn_status s = tarn_cpu_check_batch(p, r->b, r->err);
    if (s != TARN_OK)
        return s;
    if (!tarn_cpu_clear_rows(p, r->n_rows))
        return tarn_cpu_stopped(r);
    link_rows(r);
    for (uint32_t i = 0; i < r->n_rows; i++) {
        if (p->logit_rows && r->b->rows[i].flags & TARN_ROW_LOGITS)
            p->logit_rows[r->n_logits++] = i;
        if (p->rope) {
            const uint32_t hd = p->shape.head_dim;
            float *at = p->rope + (size_t)i * hd;
            tarn_rope_row(p->rope_inverse, hd / 2, r->b->rows[i].pos, at,
                          at + hd / 2);
        }
    }
    if (r->b->in && p->in_buffer < p->n_buffers) {
        const struct cpu_buffer *in = p->buffers + p->in_buffer;
        for (uint32_t i = 0; i < r->n_rows; i++)
            memcpy(in->data + i * in->stride,
                   r->b->in + (size_t)i * in->width,
                   in->width * sizeof(float));
    }
    return TARN_OK;
}

static void end(const struct cpu_run *r)
{
    struct tarn_prepared *p = r->p;
    if (r->b->out && p->out_buffer < p->n_buffers) {
        const struct cpu_buffer *out = p->buffers + p->out_buffer;
        for (uint32_t i = 0; i < r->n_rows; i++)
            memcpy(r->b->out + (size_t)i * out->width,
                   out->data + i * out->stride, out->width * sizeof(float));
    }
    for (uint32_t k = 0; k < p->n_steps; k++)
        for (uint32_t i = 0;
             p->steps[k].op == TARN_CONV && i < r->b->n_seqs; i++)
            tarn_cpu_tail_turn(p->st, r->b->seqs[i].tail_out,
                               p->steps[k].slot);
}

/* ------------------------------------------------------------------- steps */

static enum tarn_status run_phase(const struct cpu_run *r,
                                  const struct cpu_phase *ph)
{
    const struct tarn_prepared *p = r->p;
    const struct tarn_step *s = p->steps + ph->step;
    for (uint32_t f = CPU_A32; f < CPU_FORMS; f++)
        if (ph->quantize & 1u << f) {
            const struct cpu_buffer *a = p->buffers + s->a;
            if (!tarn_cpu_quantize_rows(r, f, a->data, a->stride, a->width,
                                        r->n_rows, p->acts[f]))
                return tarn_cpu_stopped(r);
        }
    switch ((enum tarn_op)s->op) {
    case TARN_EMBED: return tarn_cpu_run_embed(r, s);
    case TARN_NORM: return tarn_cpu_run_norm(r, s);
    case TARN_MATMUL: return tarn_cpu_run_matmul(r, ph);
    case TARN_CONV: return tarn_cpu_run_conv(r, s);
    case TARN_ATTEND: return tarn_cpu_run_attend(r, s);
    case TARN_GLU: return tarn_cpu_run_glu(r, s);
    case TARN_ROUTE: return tarn_cpu_run_route(r, s, ph->moe);
    case TARN_EXPERTS: return tarn_cpu_run_experts(r, s);
    case TARN_ADD: return tarn_cpu_run_add(r, s);
    case TARN_LOGITS: return tarn_cpu_run_logits(r, s);
    }
    return tarn_backend_fail(r->err, TARN_INTERNAL, "a step of kind %u",
                         (unsigned)s->op);
}

enum tarn_status tarn_cpu_run(struct tarn_prepared *p,
                              const struct tarn_batch *b,
                              struct tarn_error *err)
{
    const struct tarn_host *h = p->dev->host;
    struct cpu_run r = { p, b, err, b->n_rows, 0 };
    if (b->n_rows == 0)
        return TARN_OK;
    enum tarn_status s = begin(&r);
    for (uint32_t i = 0; s == TARN_OK && i < p->n_phases; i++) {
        if (h->cancelled && h->cancelled(h->user))
            s = tarn_cpu_stopped(&r);
        else
            s = run_phase(&r, p->phases + i);
        if (b->n_rows > 1 && h->progress)
            h->progress(h->user, i + 1, p->n_phases);
    }
    if (s == TARN_OK)
        end(&r);
    return s;
}
