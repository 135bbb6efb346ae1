/* cpu.c - the backend's table: the device, the weights.
 *
 * There is one device, the processor itself.  Weights are used as they lie in
 * the file: nothing is copied, nothing is repacked (SPEED.md says why). */
#include <string.h>

#include "backends/cpu/cpu.h"
#include "backends/cpu/level.h"
#include "backends/cpu/tiles.h"
#include "backends/fail.h"

static uint32_t device_count(const struct tarn_host *host)
{
    (void)host;
    return 1;
}

static enum tarn_status device_info(const struct tarn_host *host,
                                    uint32_t index,
                                    struct tarn_device_info *out,
                                    struct tarn_error *err)
{
    (void)host;
    if (index != 0)
        return tarn_backend_fail(err, TARN_USAGE, "%s has one device, not %u",
                             TARN_CPU_NAME, (unsigned)index + 1);
    const uint32_t size = out->size;
    *out = (struct tarn_device_info){ .size = size,
                                      .kind = TARN_DEVICE_CPU,
                                      .exact = true };
    snprintf(out->name, sizeof out->name, "%s", "CPU");
    snprintf(out->detail, sizeof out->detail, "%s", TARN_CPU_DETAIL);
    return TARN_OK;
}

static enum tarn_status open_device(const struct tarn_host *host,
                                    uint32_t device, struct tarn_dev **out,
                                    struct tarn_error *err)
{
    if (device != 0)
        return tarn_backend_fail(err, TARN_USAGE, "%s has one device, not %u",
                             TARN_CPU_NAME, (unsigned)device + 1);
#if TARN_CPU_TILES
    const enum tarn_status tiles = tarn_cpu_tiles_open(err);
    if (tiles != TARN_OK)
        return tiles;
#endif
    struct tarn_dev *d = host->alloc(host->user, sizeof *d, 64);
    if (!d)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "no memory left for a device");
    *d = (struct tarn_dev){ .host = host };
    *out = d;
    return TARN_OK;
}

void tarn_cpu_own(struct tarn_dev *dev, enum cpu_kind kind,
                  struct cpu_owned *o)
{
    o->next = dev->owned[kind];
    o->back = dev->owned + kind;
    if (o->next)
        o->next->back = &o->next;
    *o->back = o;
}

void tarn_cpu_disown(struct cpu_owned *o)
{
    *o->back = o->next;
    if (o->next)
        o->next->back = o->back;
}

static enum tarn_status add_weight(struct tarn_dev *dev,
                                   const struct tarn_tensor *t,
                                   struct tarn_weight **out,
                                   struct tarn_error *err)
{
    const struct tarn_host *h = dev->host;
    const struct tarn_type_traits tr = tarn_type_traits(t->type);
    const struct cpu_ops *ops = tarn_cpu_ops(t->type);
    if (!tr.block || !ops)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                             "weight type %u is not run by %s",
                             (unsigned)t->type, TARN_CPU_NAME);
    /* Absent dimensions are 1, or 0 from a careless caller. */
    const uint64_t rows = t->ge[1] ? t->ge[1] : 1;
    const uint64_t slices = t->ge[2] ? t->ge[2] : 1;
    if (t->ge[0] == 0 || t->ge[0] % tr.block != 0 || t->ge[0] > 1u << 24 ||
        rows > 1u << 28 || slices > 65536)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                             "a %s matrix of %llu values in %llu rows",
                             tr.name, (unsigned long long)t->ge[0],
                             (unsigned long long)rows);
    const uint64_t slice_bytes = t->ge[0] / tr.block * tr.bytes * rows;
    if ((t->data && slice_bytes * slices > t->size) ||
        slice_bytes > SIZE_MAX)
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "A weight has %llu bytes and needs %llu.",
                                 (unsigned long long)t->size,
                                 (unsigned long long)(slice_bytes * slices));
    struct tarn_weight *w = h->alloc(h->user, sizeof *w, 64);
    if (!w)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "no memory left for a weight");
    *w = (struct tarn_weight){
        .dev = dev,
        .ops = ops,
        .data = t->data,
        .slices = t->slices,
        .type = t->type,
        .k = (uint32_t)t->ge[0],
        .rows = (uint32_t)rows,
        .n_slices = (uint32_t)slices,
        .row_bytes = (size_t)t->ge[0] / tr.block * tr.bytes,
    };
    w->slice_bytes = (size_t)slice_bytes;
    tarn_cpu_own(dev, CPU_WEIGHTS, &w->owned);
    *out = w;
    return TARN_OK;
}

static void free_weight(struct tarn_dev *dev, struct tarn_weight *w)
{
    if (!w)
        return;
    tarn_cpu_disown(&w->owned);
    dev->host->free(dev->host->user, w->floats);
    dev->host->free(dev->host->user, w);
}

static void close_device(struct tarn_dev *dev)
{
    if (!dev)
        return;
    while (dev->owned[CPU_PLANS])
        tarn_cpu_release((struct tarn_prepared *)dev->owned[CPU_PLANS]);
    while (dev->owned[CPU_STATES])
        tarn_cpu_state_close((struct tarn_state *)dev->owned[CPU_STATES]);
    while (dev->owned[CPU_WEIGHTS])
        free_weight(dev, (struct tarn_weight *)dev->owned[CPU_WEIGHTS]);
    dev->host->free(dev->host->user, dev);
}

bool tarn_cpu_make_floats(struct tarn_weight *w)
{
    const struct tarn_host *h = w->dev->host;
    if (w->type == TARN_F32 || w->floats)
        return true;
    w->floats =
        h->alloc(h->user, (size_t)w->k * w->rows * sizeof *w->floats, 64);
    for (uint32_t r = 0; w->floats && r < w->rows; r++)
        tarn_cpu_row(w, r, w->floats + (size_t)r * w->k);
    return w->floats != NULL;
}

const float *tarn_cpu_floats(const struct tarn_weight *w)
{
    return w->floats ? w->floats : (const float *)(const void *)w->data;
}

const uint8_t *tarn_cpu_slice(const struct tarn_weight *w, uint32_t e)
{
    if (w->slices)
        return w->slices[e];
    return w->data ? w->data + e * w->slice_bytes : NULL;
}

static const struct tarn_backend BACKEND = {
    .size = sizeof(struct tarn_backend),
    .abi = TARN_BACKEND_ABI,
    .name = TARN_CPU_NAME,
    .version = TARN_CPU_VERSION,
    .device_count = device_count,
    .device_info = device_info,
    .open = open_device,
    .close = close_device,
    .weight = add_weight,
    .weight_free = free_weight,
    .state_open = tarn_cpu_state_open,
    .state_close = tarn_cpu_state_close,
    .state_room = tarn_cpu_state_room,
    .state_copy = tarn_cpu_state_copy,
    .state_read = tarn_cpu_state_read,
    .state_write = tarn_cpu_state_write,
    .prepare = tarn_cpu_prepare,
    .release = tarn_cpu_release,
    .cost = tarn_cpu_cost,
    .run = tarn_cpu_run,
};

const struct tarn_backend *TARN_CPU_GET(void)
{
    return &BACKEND;
}
