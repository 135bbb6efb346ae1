/* ref.c - the reference backend: one device, its weights and plans. */
#include "backends/ref/ref.h"

#include <string.h>

#include "backends/fail.h"
#include "backends/numerics.h"
#include "backends/ref/inside.h"
#include "backends/state_shape.h"
#include "backends/tensor_check.h"

void *tarn_ref_alloc(const struct tarn_host *host, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        return NULL;
    const size_t bytes = n * size > 0 ? n * size : 1;
    void *p = host->alloc(host->user, bytes, 64);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void tarn_ref_free(const struct tarn_host *host, void *p)
{
    if (p)
        host->free(host->user, p);
}

bool tarn_ref_tired(struct tarn_prepared *p, uint64_t multiply_adds)
{
    const struct tarn_host *host = p->dev->host;
    p->effort += multiply_adds;
    if (p->effort < 1u << 20) /* some 0.5 ms */
        return false;
    p->effort = 0;
    return host->cancelled && host->cancelled(host->user);
}

/* ---------------------------------------------------------------- device */

static uint32_t device_count(const struct tarn_host *host)
{
    (void)host;
    return 1;
}

static enum tarn_status check_device(uint32_t index, struct tarn_error *err)
{
    if (index == 0)
        return TARN_OK;
    return tarn_backend_fail(err, TARN_DEVICE,
                             "The reference backend has one device; number %u "
                             "was asked for.",
                             index);
}

static enum tarn_status device_info(const struct tarn_host *host,
                                    uint32_t index,
                                    struct tarn_device_info *out,
                                    struct tarn_error *err)
{
    (void)host;
    const enum tarn_status s = check_device(index, err);
    if (s != TARN_OK)
        return s;
    const struct tarn_device_info info = {
        .size = sizeof info,
        .kind = TARN_DEVICE_CPU,
        .name = "Reference",
        .detail = "plain C, one thread",
        .exact = true,
    };
    *out = info;
    return TARN_OK;
}

static enum tarn_status open_device(const struct tarn_host *host,
                                    uint32_t device, struct tarn_dev **out,
                                    struct tarn_error *err)
{
    const enum tarn_status s = check_device(device, err);
    if (s != TARN_OK)
        return s;
    struct tarn_dev *dev = tarn_ref_alloc(host, 1, sizeof *dev);
    if (!dev)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "There is no memory for a device.");
    dev->host = host;
    *out = dev;
    return TARN_OK;
}

/* --------------------------------------------------------------- weights */

static enum tarn_status check_tensor(const struct tarn_tensor *t,
                                     struct tarn_error *err)
{
    const enum tarn_status s = tarn_check_tensor(t, "reference", err);
    return s == TARN_OK && !t->data && !t->slices
               ? tarn_refuse_tensor(t, TARN_INTERNAL, "has no data", err)
               : s;
}

static enum tarn_status take_weight(struct tarn_dev *dev,
                                    const struct tarn_tensor *t,
                                    struct tarn_weight **out,
                                    struct tarn_error *err)
{
    const enum tarn_status s = check_tensor(t, err);
    if (s != TARN_OK)
        return s;
    const struct tarn_type_traits type = tarn_type_traits(t->type);
    struct tarn_weight *w = tarn_ref_alloc(dev->host, 1, sizeof *w);
    if (!w)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "There is no memory for a weight's entry.");
    tarn_plain_name(w->name, sizeof w->name, t->name);
    w->data = t->data;
    w->slices = t->data ? NULL : t->slices;
    w->type = t->type;
    w->k = (uint32_t)t->ge[0];
    w->n_rows = (uint32_t)t->ge[1];
    w->n_slices = (uint32_t)t->ge[2];
    w->row_size = (size_t)(w->k / type.block) * type.bytes;
    w->slice_size = w->row_size * w->n_rows;
    w->next = dev->weights;
    dev->weights = w;
    *out = w;
    return TARN_OK;
}

static void free_weight(struct tarn_dev *dev, struct tarn_weight *w)
{
    if (!w)
        return;
    struct tarn_weight **p = &dev->weights;
    while (*p != w)
        p = &(*p)->next;
    *p = w->next;
    tarn_ref_free(dev->host, w);
}

/* ------------------------------------------------------------------ plan */

static void release(struct tarn_prepared *p)
{
    if (!p)
        return;
    const struct tarn_host *host = p->dev->host;
    struct tarn_prepared **at = &p->dev->prepared;
    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    tarn_ref_free(host, p->steps);
    tarn_ref_free(host, p->widths);
    tarn_ref_free(host, p->block);
    tarn_ref_free(host, p);
}

static enum tarn_status prepare(struct tarn_dev *dev,
                                const struct tarn_plan *plan,
                                struct tarn_state *st,
                                struct tarn_prepared **out,
                                struct tarn_error *err)
{
    const enum tarn_status s = tarn_ref_check_plan(plan, st, false, err);
    if (s != TARN_OK)
        return s;
    const struct tarn_host *host = dev->host;
    struct tarn_ref_work work;
    const uint32_t n_slots = tarn_ref_slots(plan);
    const size_t size = tarn_ref_carve(plan, n_slots, NULL, &work);
    struct tarn_prepared *p = tarn_ref_alloc(host, 1, sizeof *p);
    if (!p)
        goto no_memory;
    p->dev = dev;
    p->st = st;
    p->plan = *plan;
    p->n_slots = n_slots;
    p->steps = tarn_ref_alloc(host, plan->n_steps, sizeof *p->steps);
    p->widths = tarn_ref_alloc(host, plan->n_buffers, sizeof *p->widths);
    p->block = size == SIZE_MAX ? NULL : tarn_ref_alloc(host, 1, size);
    if (!p->steps || !p->widths || !p->block)
        goto no_memory;
    memcpy(p->steps, plan->steps, plan->n_steps * sizeof *p->steps);
    memcpy(p->widths, plan->widths, plan->n_buffers * sizeof *p->widths);
    p->plan.steps = p->steps;
    p->plan.widths = p->widths;
    tarn_ref_carve(&p->plan, n_slots, p->block, &p->work);
    if (p->work.inverse)
        tarn_rope_inverse((double)plan->shape.rope_base,
                          plan->shape.head_dim / 2, p->work.inverse);
    p->next = dev->prepared;
    dev->prepared = p;
    *out = p;
    return TARN_OK;
no_memory:
    release(p);
    return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "There is no memory to run batches of %u rows "
                             "(%zu bytes).",
                             plan->max_rows, size);
}

static enum tarn_status cost(const struct tarn_host *host, uint32_t device,
                             const struct tarn_plan *plan,
                             const struct tarn_state_shape *shape,
                             uint64_t *work_bytes, uint64_t *page_bytes,
                             uint64_t *tail_bytes, struct tarn_error *err)
{
    (void)host;
    enum tarn_status s = check_device(device, err);
    if (s == TARN_OK)
        s = tarn_ref_check_plan(plan, NULL, true, err);
    if (s != TARN_OK)
        return s;
    struct tarn_ref_work work;
    *work_bytes = tarn_ref_carve(plan, tarn_ref_slots(plan), NULL, &work);
    *page_bytes = 0;
    *tail_bytes = 0;
    if (shape)
        tarn_state_bytes(shape, page_bytes, tail_bytes);
    *tail_bytes *= 2; /* two windows */
    return TARN_OK;
}

static void close_device(struct tarn_dev *dev)
{
    if (!dev)
        return;
    while (dev->prepared)
        release(dev->prepared);
    while (dev->states)
        tarn_ref_state_close(dev->states);
    while (dev->weights)
        free_weight(dev, dev->weights);
    tarn_ref_free(dev->host, dev);
}

const struct tarn_backend *tarn_backend_ref(void)
{
    static const struct tarn_backend ref = {
        .size = sizeof ref,
        .abi = TARN_BACKEND_ABI,
        .name = "ref",
        .version = "1.0",
        .device_count = device_count,
        .device_info = device_info,
        .open = open_device,
        .close = close_device,
        .weight = take_weight,
        .weight_free = free_weight,
        .state_open = tarn_ref_state_open,
        .state_close = tarn_ref_state_close,
        .state_room = tarn_ref_state_room,
        .state_copy = tarn_ref_state_copy,
        .state_read = tarn_ref_state_read,
        .state_write = tarn_ref_state_write,
        .prepare = prepare,
        .release = release,
        .cost = cost,
        .run = tarn_ref_run,
    };
    return &ref;
}
