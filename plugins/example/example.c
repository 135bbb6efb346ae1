/* example.c - the beginning of a backend: four of the ten steps, F32 weights.
 *
 * What it can't do yet it refuses with TARN_UNSUPPORTED, so that `tarn
 * backends --check` tells at every stage whether the rest is right.  Copy it,
 * add a step or a type, check again.  single.h does what needs no thought;
 * parallel() of struct tarn_host gives more threads. */
#include <string.h>

#include "backends/note.h"
#include "backends/numerics.h"
#include "backends/single.h"

enum { MAX = 32 }; /* steps, buffers */
enum {
    KNOWN = 1 << TARN_EMBED | 1 << TARN_NORM | 1 << TARN_MATMUL | 1 << TARN_GLU
};

struct tarn_weight {
    const float *data; /* borrowed: [rows][columns] */
    size_t columns;
};
struct tarn_prepared {
    struct tarn_plan plan; /* its steps and widths: those below */
    struct tarn_step steps[MAX];
    uint32_t widths[MAX];
    float *buffers[MAX]; /* [max_rows][width] each, behind this struct */
};

static enum tarn_status info(const struct tarn_host *host, uint32_t i,
                             struct tarn_device_info *out,
                             struct tarn_error *err)
{
    (void)host;
    if (tarn_single_check(i, err))
        return TARN_USAGE;
    *out = (struct tarn_device_info){ .size = sizeof *out,
                                      .name = "Example",
                                      .detail = "F32, one thread",
                                      .exact = true };
    return TARN_OK;
}

static enum tarn_status weight(struct tarn_dev *dev,
                               const struct tarn_tensor *t,
                               struct tarn_weight **out, struct tarn_error *err)
{
    if (t->type != TARN_F32 || !t->data || (uintptr_t)t->data % 4)
        return tarn_backend_fail(err, TARN_UNSUPPORTED, "Only F32 runs yet.");
    struct tarn_weight *w = tarn_single_take(dev, sizeof *w, err);
    if (!w)
        return TARN_NO_MEMORY;
    *w = (struct tarn_weight){ t->data, t->ge[0] };
    *out = w;
    return TARN_OK;
}

static enum tarn_status cost(const struct tarn_host *host, uint32_t device,
                             const struct tarn_plan *plan,
                             const struct tarn_state_shape *shape,
                             uint64_t *work, uint64_t *page, uint64_t *tail,
                             struct tarn_error *err)
{
    (void)host;
    *page = *tail = 0;
    *work = sizeof(struct tarn_prepared);
    for (uint32_t i = 0; i < plan->n_buffers; i++)
        *work += (uint64_t)plan->widths[i] * plan->max_rows * sizeof(float);
    return shape && (shape->n_attn || shape->n_conv)
               ? tarn_single_no_state(err)
               : tarn_single_check(device, err);
}

/* All memory of running is taken here, in one block. */
static enum tarn_status prepare(struct tarn_dev *dev,
                                const struct tarn_plan *plan,
                                struct tarn_state *st,
                                struct tarn_prepared **out,
                                struct tarn_error *err)
{
    uint64_t size, none;
    bool all = !st && plan->n_steps <= MAX && plan->n_buffers <= MAX;
    for (uint32_t i = 0; all && i < plan->n_steps; i++)
        all = KNOWN >> plan->steps[i].op & 1;
    if (!all)
        return tarn_backend_fail(err, TARN_UNSUPPORTED, "A step is missing.");
    cost(dev->host, 0, plan, NULL, &size, &none, &none, err);
    struct tarn_prepared *p = tarn_single_take(dev, size, err);
    if (!p)
        return TARN_NO_MEMORY;
    p->plan = *plan;
    memcpy(p->steps, plan->steps, plan->n_steps * sizeof *p->steps);
    memcpy(p->widths, plan->widths, plan->n_buffers * sizeof *p->widths);
    float *next = (float *)(p + 1);
    for (uint32_t i = 0; i < plan->n_buffers; i++) {
        p->buffers[i] = next;
        next += (size_t)p->widths[i] * plan->max_rows;
    }
    *out = p;
    return TARN_OK;
}

/* One step for row t.  numerics.h has the sums in the order that the contract
 * fixes: this device may call itself exact. */
static void run_row(const struct tarn_prepared *p, const struct tarn_step *s,
                    int32_t token, size_t t)
{
    const struct tarn_weight *w = s->w0;
    const size_t n = p->widths[s->out];
    float *out = p->buffers[s->out] + t * n;
    if (s->op == TARN_EMBED) {
        memcpy(out, w->data + (size_t)token * n, n * sizeof *out);
        return;
    }
    const float *a = p->buffers[s->a] + t * p->widths[s->a];
    if (s->op == TARN_NORM)
        tarn_rmsnorm(a, w->data, n, p->plan.shape.norm_eps, out);
    for (size_t i = 0; s->op == TARN_GLU && i < n; i++)
        out[i] = tarn_silu(a[i]) * p->buffers[s->b][t * n + i];
    for (size_t i = 0; s->op == TARN_MATMUL && i < n; i++)
        out[i] = tarn_dot_l16(w->data + i * w->columns, a, w->columns);
}

static enum tarn_status run(struct tarn_prepared *p, const struct tarn_batch *b,
                            struct tarn_error *err)
{
    const struct tarn_plan *plan = &p->plan;
    const struct tarn_host *host = tarn_single_device(p)->host;
    const size_t size = b->n_rows * plan->shape.n_embd * sizeof(float);
    if (plan->in_buffer != TARN_NO_BUFFER)
        memcpy(p->buffers[plan->in_buffer], b->in, size);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        for (size_t t = 0; t < b->n_rows; t++) {
            if (host->cancelled(host->user))
                return tarn_backend_fail(err, TARN_CANCELLED, "Stopped.");
            run_row(p, &p->steps[i], b->rows[t].token, t);
        }
    if (plan->out_buffer != TARN_NO_BUFFER)
        memcpy(b->out, p->buffers[plan->out_buffer], size);
    return TARN_OK;
}

static const struct tarn_backend backend = {
    TARN_SINGLE,        .size = sizeof backend, .name = "example",
    .version = "1.0",   .device_info = info,    .weight = weight,
    .prepare = prepare, .cost = cost,           .run = run,
};

static const struct tarn_backend *get(void)
{
    return &backend;
}

TARN_PLUGIN("example", "1.0", 0, get);
