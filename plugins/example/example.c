/* example.c - the beginning of a backend: four of the ten steps, F32 weights.
 *
 * What it can't do yet it refuses with TARN_UNSUPPORTED, so that `tarn
 * backends --check` tells at every stage whether the rest is right.  Copy it,
 * add a step or a type, check again.  Rows are computed one after another on
 * the caller's thread; parallel() in struct tarn_host gives more. */
#include <stdio.h>
#include <string.h>

#include "backends/note.h"
#include "backends/numerics.h"
#include "backends/stateless.h"

enum { MAX_BUFFERS = 32 };

struct tarn_dev {
    const struct tarn_host *host;
};
struct tarn_weight {
    const float *data; /* borrowed: [rows][columns] */
    size_t columns, rows;
};
struct tarn_prepared {
    struct tarn_dev *dev;
    struct tarn_plan plan;
    struct tarn_step *steps;
    float *buffers[MAX_BUFFERS]; /* [max_rows][width] */
    size_t widths[MAX_BUFFERS];
};

static enum tarn_status fail(struct tarn_error *err, enum tarn_status status,
                             const char *sentence)
{
    if (err) {
        err->status = status;
        snprintf(err->text, sizeof err->text, "%s", sentence);
    }
    return status;
}

/* All memory comes from the host; run() takes none. */
static void *take(const struct tarn_host *host, size_t size)
{
    return host->alloc(host->user, size, 64);
}

static uint32_t count(const struct tarn_host *host)
{
    (void)host;
    return 1;
}

static enum tarn_status info(const struct tarn_host *host, uint32_t i,
                             struct tarn_device_info *out,
                             struct tarn_error *err)
{
    if (i >= count(host))
        return fail(err, TARN_USAGE, "There is only one example device.");
    *out = (struct tarn_device_info){ .size = sizeof *out,
                                      .kind = TARN_DEVICE_CPU,
                                      .name = "Example",
                                      .detail = "F32, one thread",
                                      .exact = true };
    return TARN_OK;
}

static enum tarn_status open_device(const struct tarn_host *host, uint32_t i,
                                    struct tarn_dev **out,
                                    struct tarn_error *err)
{
    if (i >= count(host))
        return fail(err, TARN_USAGE, "There is only one example device.");
    if (!(*out = take(host, sizeof **out)))
        return fail(err, TARN_NO_MEMORY, "No memory is left for a device.");
    (*out)->host = host;
    return TARN_OK;
}

static void close_device(struct tarn_dev *dev)
{
    if (dev)
        dev->host->free(dev->host->user, dev);
}

static enum tarn_status weight(struct tarn_dev *dev,
                               const struct tarn_tensor *t,
                               struct tarn_weight **out, struct tarn_error *err)
{
    if (t->type != TARN_F32 || !t->data || (uintptr_t)t->data % 4)
        return fail(err, TARN_UNSUPPORTED, "Only F32 weights run here yet.");
    struct tarn_weight *w = take(dev->host, sizeof *w);
    if (!w)
        return fail(err, TARN_NO_MEMORY, "No memory is left for a weight.");
    *w = (struct tarn_weight){ t->data, t->ge[0], t->ge[1] };
    *out = w;
    return TARN_OK;
}

static void weight_free(struct tarn_dev *dev, struct tarn_weight *w)
{
    dev->host->free(dev->host->user, w);
}

static size_t work_bytes(const struct tarn_plan *plan)
{
    size_t values = 0;
    for (uint32_t i = 0; i < plan->n_buffers; i++)
        values += plan->widths[i];
    return sizeof(struct tarn_prepared) +
           plan->n_steps * sizeof(struct tarn_step) +
           values * plan->max_rows * sizeof(float);
}

static bool known(const struct tarn_step *s)
{
    return s->op == TARN_EMBED || s->op == TARN_NORM || s->op == TARN_MATMUL ||
           s->op == TARN_GLU;
}

/* One block: the struct, the steps, the buffers. */
static enum tarn_status prepare(struct tarn_dev *dev,
                                const struct tarn_plan *plan,
                                struct tarn_state *st,
                                struct tarn_prepared **out,
                                struct tarn_error *err)
{
    bool all = !st && plan->n_buffers <= MAX_BUFFERS;
    for (uint32_t i = 0; i < plan->n_steps; i++)
        all = all && known(&plan->steps[i]);
    if (!all)
        return fail(err, TARN_UNSUPPORTED, "A step is not written yet.");
    struct tarn_prepared *p = take(dev->host, work_bytes(plan));
    if (!p)
        return fail(err, TARN_NO_MEMORY, "No memory is left for a plan.");
    *p = (struct tarn_prepared){ .dev = dev, .plan = *plan };
    p->steps = (struct tarn_step *)(p + 1);
    memcpy(p->steps, plan->steps, plan->n_steps * sizeof *p->steps);
    float *next = (float *)(p->steps + plan->n_steps);
    for (uint32_t i = 0; i < plan->n_buffers; i++) {
        p->buffers[i] = next;
        p->widths[i] = plan->widths[i];
        next += p->widths[i] * plan->max_rows;
    }
    *out = p;
    return TARN_OK;
}

static void release(struct tarn_prepared *p)
{
    if (p)
        p->dev->host->free(p->dev->host->user, p);
}

static enum tarn_status cost(const struct tarn_host *host, uint32_t device,
                             const struct tarn_plan *plan,
                             const struct tarn_state_shape *shape,
                             uint64_t *work, uint64_t *page, uint64_t *tail,
                             struct tarn_error *err)
{
    (void)host, (void)device;
    if (shape && (shape->n_attn || shape->n_conv))
        return tarn_stateless(err);
    *work = work_bytes(plan);
    *page = *tail = 0;
    return TARN_OK;
}

/* One step for row t.  numerics.h has the sums in the order that the contract
 * fixes: this device may call itself exact. */
static void run_row(const struct tarn_prepared *p, const struct tarn_step *s,
                    const struct tarn_row *row, size_t t)
{
    const struct tarn_weight *w = s->w0;
    const size_t n = p->widths[s->out];
    const bool reads = s->op != TARN_EMBED;
    float *out = p->buffers[s->out] + t * n;
    const float *a = reads ? p->buffers[s->a] + t * p->widths[s->a] : NULL;
    if (s->op == TARN_EMBED)
        memcpy(out, w->data + (size_t)row->token * n, n * sizeof *out);
    else if (s->op == TARN_NORM)
        tarn_rmsnorm(a, w->data, n, p->plan.shape.norm_eps, out);
    else if (s->op == TARN_GLU)
        for (size_t i = 0; i < n; i++)
            out[i] = tarn_silu(a[i]) * p->buffers[s->b][t * n + i];
    else
        for (size_t o = 0; o < n; o++)
            out[o] = tarn_dot_l16(w->data + o * w->columns, a, w->columns);
}

static enum tarn_status run(struct tarn_prepared *p, const struct tarn_batch *b,
                            struct tarn_error *err)
{
    const struct tarn_plan *plan = &p->plan;
    const struct tarn_host *host = p->dev->host;
    const size_t size = b->n_rows * plan->shape.n_embd * sizeof(float);
    if (plan->in_buffer != TARN_NO_BUFFER)
        memcpy(p->buffers[plan->in_buffer], b->in, size);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        for (size_t t = 0; t < b->n_rows; t++) {
            if (host->cancelled(host->user))
                return fail(err, TARN_CANCELLED, "The run was stopped.");
            run_row(p, &p->steps[i], &b->rows[t], t);
        }
    if (plan->out_buffer != TARN_NO_BUFFER)
        memcpy(b->out, p->buffers[plan->out_buffer], size);
    return TARN_OK;
}

static const struct tarn_backend backend = {
    TARN_STATELESS,
    .size = sizeof backend,
    .abi = TARN_BACKEND_ABI,
    .name = "example",
    .version = "1.0",
    .device_count = count,
    .device_info = info,
    .open = open_device,
    .close = close_device,
    .weight = weight,
    .weight_free = weight_free,
    .prepare = prepare,
    .release = release,
    .cost = cost,
    .run = run,
};

static const struct tarn_backend *get(void)
{
    return &backend;
}

TARN_PLUGIN("example", "1.0", 0, get);
