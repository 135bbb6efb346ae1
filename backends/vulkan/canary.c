/* canary.c - does the device still calculate as it did?
 *
 * When a plan is prepared, its first matrix meets a fixed row and the result is
 * kept.  Every 256 runs the same is done again and must give the same bits: a
 * driver that goes wrong, or memory that forgets, is found out before long
 * (V06).  That the first result is right is the business of the probe; that
 * tiles, which the probe's few rows don't reach, give the same bits as a row
 * alone is looked at here. */
#include <string.h>

#include "backends/vulkan/record.h"

static const struct tarn_step *first_matmul(const struct tarn_prepared *p)
{
    for (uint32_t i = 0; i < p->plan.n_steps; i++)
        if (p->steps[i].op == TARN_MATMUL)
            return &p->steps[i];
    return NULL;
}

static uint64_t bytes_in(const struct tarn_prepared *p,
                         const struct tarn_step *s)
{
    return 4 * (uint64_t)p->widths[s->a];
}

static uint64_t bytes_out(const struct tarn_prepared *p,
                          const struct tarn_step *s)
{
    const uint64_t n = p->widths[s->out];
    return 4 * (n < VK_CANARY_ROWS ? n : VK_CANARY_ROWS);
}

enum { MOST = 40 }; /* rows at once: more than a tile has in one dimension */

/* The row, n times over; the last result counts.  It goes in through the host's
 * side, which a run fills anew. */
static enum tarn_status sing(struct tarn_prepared *p, const struct tarn_step *s,
                             uint32_t n, uint64_t *hash, struct tarn_error *err)
{
    struct tarn_dev *dev = p->dev;
    float *x = p->ground->up.map;
    for (uint32_t i = 0; i < p->widths[s->a]; i++)
        x[i] = (float)((i * 2654435761u >> 8 & 0xffff) - 32768.0) * 0x1p-15f;
    enum tarn_status status = vk_begin(dev, dev->transfer, true, err);
    if (status)
        return status;
    VkBufferCopy in[MOST];
    for (uint32_t i = 0; i < n; i++)
        in[i] = (VkBufferCopy){ 0, p->at.buffers[s->a] + i * bytes_in(p, s),
                                bytes_in(p, s) };
    const uint64_t last = 4 * (uint64_t)p->widths[s->out] * (n - 1);
    const VkBufferCopy out = { p->at.buffers[s->out] + last, 0,
                               bytes_out(p, s) };
    vk_barrier(dev, dev->transfer);
    dev->fn.CmdCopyBuffer(dev->transfer, p->ground->up.handle,
                          p->ground->work.handle, n, in);
    struct vk_recorder r = { .p = p,
                             .err = err,
                             .cb = dev->transfer,
                             .n_rows = n,
                             .rounded = VK_NOTHING_ROUNDED };
    const struct vk_product m = {
        .w = s->w0,
        .x = p->ground->work.address + p->at.buffers[s->a],
        .y = p->ground->work.address + p->at.buffers[s->out],
        .buffer = TARN_NO_BUFFER,
        .n_x = n,
        .n = n,
        .per = 1,
    };
    vk_record_product(&r, &m);
    vk_barrier(dev, dev->transfer);
    dev->fn.CmdCopyBuffer(dev->transfer, p->ground->work.handle,
                          p->ground->down.handle, 1, &out);
    vk_barrier(dev, dev->transfer);
    const VkResult v = dev->fn.EndCommandBuffer(dev->transfer);
    if (v || r.status)
        return r.status ? r.status : vk_failed(dev, v, "EndCommandBuffer", err);
    status = vk_submit_and_wait(dev, dev->transfer, err);
    const uint8_t *bytes = p->ground->down.map;
    *hash = UINT64_C(0xcbf29ce484222325);
    for (uint64_t i = 0; i < bytes_out(p, s); i++)
        *hash = (*hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return status;
}

enum tarn_status vk_canary(struct tarn_prepared *p, bool first,
                           struct tarn_error *err)
{
    const struct tarn_step *s = first_matmul(p);
    uint64_t hash = 0;
    if (!s)
        return TARN_OK;
    const struct vk_tuning *t = &p->dev->tune;
    const uint32_t n = p->plan.max_rows < MOST ? p->plan.max_rows : MOST;
    enum tarn_status status = sing(p, s, 1, &hash, err);
    if (status)
        return status;
    if (first)
        p->canary = hash;
    if (first && t->tile && n >= t->from)
        status = sing(p, s, n, &hash, err);
    if (status || hash == p->canary)
        return status;
    p->dev->lost = true;
    return tarn_backend_fail(err, TARN_DEVICE,
                             "%.60s (%.60s) calculates wrongly: the same "
                             "product gave another result than before.",
                             p->dev->facts.name, p->dev->facts.driver);
}
