/* run.c - a batch: described, submitted, waited for, read back.
 *
 * A short batch (decoding) is recorded once per class, replayed from then on,
 * and costs one submission.  A long one is recorded anew and cut into pieces
 * of some milliseconds, so that a stop is heard soon and no driver thinks that
 * the device hangs. */
#include <string.h>
#include <time.h>

#include "backends/vulkan/run.h"

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static enum tarn_status stopped(struct tarn_error *err)
{
    return tarn_backend_fail(err, TARN_CANCELLED,
                             "The run was stopped on request.");
}

/* -------------------------------------------------------------- recording */

static void record_begin(struct vk_run_state *r, VkCommandBuffer cb)
{
    struct tarn_prepared *p = r->p;
    struct tarn_dev *dev = p->dev;
    const VkBufferCopy words = { 0, p->at.batch, 4 * (uint64_t)r->map.words };
    vk_barrier(dev, cb); /* behind the reads of the run before */
    dev->fn.CmdCopyBuffer(cb, p->ground->up.handle, p->ground->work.handle, 1,
                          &words);
    if (p->plan.in_buffer != TARN_NO_BUFFER) {
        const VkBufferCopy rows = { vk_cut_in_at(p),
                                    p->at.buffers[p->plan.in_buffer],
                                    (uint64_t)r->b->n_rows *
                                        p->plan.shape.n_embd * 4 };
        dev->fn.CmdCopyBuffer(cb, p->ground->up.handle, p->ground->work.handle,
                              1, &rows);
    }
}

static void record_end(struct vk_run_state *r, VkCommandBuffer cb)
{
    struct tarn_prepared *p = r->p;
    struct tarn_dev *dev = p->dev;
    vk_barrier(dev, cb);
    if (p->plan.out_buffer != TARN_NO_BUFFER) {
        const VkBufferCopy rows = { p->at.buffers[p->plan.out_buffer],
                                    vk_cut_out_at(r),
                                    (uint64_t)r->b->n_rows *
                                        p->plan.shape.n_embd * 4 };
        dev->fn.CmdCopyBuffer(cb, p->ground->work.handle,
                              p->ground->down.handle, 1, &rows);
    }
    if (r->flags & VK_WANTS_ROUTES) {
        const uint64_t all = (uint64_t)p->n_routes * p->plan.max_rows *
                             p->plan.shape.n_expert_used * 4;
        const VkBufferCopy both[2] = {
            { p->at.ids, vk_routes_at(r), all },
            { p->at.gates, vk_routes_at(r) + all, all },
        };
        dev->fn.CmdCopyBuffer(cb, p->ground->work.handle,
                              p->ground->down.handle, 2, both);
    }
    vk_barrier(dev, cb);
}

static struct vk_recorder recorder(struct vk_run_state *r, VkCommandBuffer cb,
                                   uint32_t chunks)
{
    return (struct vk_recorder){
        .p = r->p,
        .err = r->err,
        .cb = cb,
        .map = &r->map,
        .n_rows = r->b->n_rows,
        .n_seqs = r->b->n_seqs,
        .n_logits = r->n_logits,
        .chunks = chunks,
        .rounded = VK_NOTHING_ROUNDED,
        .user = r,
    };
}

static enum tarn_status end_recording(struct tarn_dev *dev, VkCommandBuffer cb,
                                      struct tarn_error *err)
{
    const VkResult v = dev->fn.EndCommandBuffer(cb);
    return v ? vk_failed(dev, v, "EndCommandBuffer", err) : TARN_OK;
}

static enum tarn_status make_commands(struct tarn_dev *dev,
                                      VkCommandBuffer *out,
                                      struct tarn_error *err)
{
    const VkCommandBufferAllocateInfo one = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = dev->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    const VkResult v = dev->fn.AllocateCommandBuffers(dev->handle, &one, out);
    return v ? vk_failed(dev, v, "AllocateCommandBuffers", err) : TARN_OK;
}

/* ---------------------------------------------------------------- classes */

/* The recorded class of this batch, or one to record anew: chunks of attention
 * are a power of two, so that a class serves until the depth has doubled. */
static struct vk_class *find_class(struct vk_run_state *r, bool *fresh)
{
    struct tarn_prepared *p = r->p;
    struct vk_class *oldest = &p->classes[0];
    const uint32_t flags = r->flags | r->chunks << 8;
    for (int i = 0; i < VK_CLASSES; i++) {
        struct vk_class *c = &p->classes[i];
        if (c->cb && c->n_rows == r->b->n_rows && c->n_seqs == r->b->n_seqs &&
            c->n_logits == r->n_logits && c->flags == flags) {
            c->used_at = ++p->clock;
            *fresh = false;
            return c;
        }
        if (c->used_at < oldest->used_at)
            oldest = c;
    }
    *fresh = true;
    oldest->n_rows = r->b->n_rows;
    oldest->n_seqs = r->b->n_seqs;
    oldest->n_logits = r->n_logits;
    oldest->flags = flags;
    oldest->used_at = ++p->clock;
    return oldest;
}

static enum tarn_status record_class(struct vk_run_state *r, struct vk_class *c)
{
    struct tarn_dev *dev = r->p->dev;
    enum tarn_status s = TARN_OK;
    const uint32_t n_rows = c->n_rows;
    c->n_rows = 0; /* not valid until it is whole */
    if (!c->cb)
        s = make_commands(dev, &c->cb, r->err);
    if (s == TARN_OK)
        s = vk_begin(dev, c->cb, false, r->err);
    if (s)
        return s;
    record_begin(r, c->cb);
    struct vk_recorder rec = recorder(r, c->cb, r->chunks);
    vk_record_steps(&rec);
    if (r->n_logits) {
        vk_record_logits(&rec, r->logits, 0, r->n_logits);
        vk_record_results(&rec, r->logits, 0, r->n_logits,
                          (r->flags & VK_WANTS_DIGESTS) != 0);
    }
    record_end(r, c->cb);
    s = end_recording(dev, c->cb, r->err);
    if (rec.status)
        s = rec.status;
    if (s == TARN_OK)
        c->n_rows = n_rows;
    return s;
}

static enum tarn_status run_class(struct vk_run_state *r)
{
    struct tarn_dev *dev = r->p->dev;
    bool fresh;
    struct vk_class *c = find_class(r, &fresh);
    enum tarn_status s = fresh ? record_class(r, c) : TARN_OK;
    if (s == TARN_OK)
        s = vk_submit(dev, c->cb, r->err);
    if (s == TARN_OK)
        s = vk_wait(dev, dev->submitted, &r->stop, r->err);
    if (s == TARN_OK && r->n_logits)
        s = vk_take_results(r, 0, r->n_logits);
    return s;
}

/* ----------------------------------------------------------------- pieces */

/* Waits for the piece before the last one and learns the device's speed. */
static enum tarn_status wait_piece(struct vk_run_state *r, uint32_t which)
{
    struct tarn_dev *dev = r->p->dev;
    const enum tarn_status s = vk_wait(dev, r->value[which], &r->stop, r->err);
    if (s)
        return s;
    const double now = now_us();
    const double began = r->began[which] > r->done ? r->began[which] : r->done;
    r->done = now;
    if (r->piece_work[which] > 1e5 && now > began + 50) {
        const double rate = r->piece_work[which] / (now - began);
        dev->rate = 0.7 * dev->rate + 0.3 * rate;
        if (dev->rate < 10)
            dev->rate = 10;
    }
    return TARN_OK;
}

/* Ends and submits the recorder's piece; at most two are in flight. */
static enum tarn_status submit_piece(struct vk_recorder *rec)
{
    struct vk_run_state *r = rec->user;
    struct tarn_dev *dev = r->p->dev;
    const uint32_t which = r->n_submitted % 2;
    vk_barrier(dev, rec->cb);
    enum tarn_status s = end_recording(dev, rec->cb, r->err);
    if (s == TARN_OK && r->n_submitted >= 2)
        s = wait_piece(r, which);
    if (s == TARN_OK && !r->stop && dev->host->cancelled &&
        dev->host->cancelled(dev->host->user))
        r->stop = true;
    if (s == TARN_OK && r->stop)
        s = stopped(r->err);
    if (s == TARN_OK)
        s = vk_submit(dev, rec->cb, r->err);
    if (s)
        return s;
    r->value[which] = dev->submitted;
    r->began[which] = now_us();
    r->piece_work[which] = rec->work;
    r->n_submitted++;
    return TARN_OK;
}

static enum tarn_status begin_piece(struct vk_run_state *r, VkCommandBuffer *cb)
{
    struct tarn_prepared *p = r->p;
    while (p->n_pieces < VK_PIECES) {
        const enum tarn_status s =
            make_commands(p->dev, &p->pieces[p->n_pieces], r->err);
        if (s)
            return s;
        p->n_pieces++;
    }
    *cb = p->pieces[r->n_submitted % VK_PIECES];
    return vk_begin(p->dev, *cb, true, r->err);
}

static enum tarn_status next_piece(struct vk_recorder *rec)
{
    const enum tarn_status s = submit_piece(rec);
    return s ? s : begin_piece(rec->user, &rec->cb);
}

static enum tarn_status finish_pieces(struct vk_recorder *rec)
{
    struct vk_run_state *r = rec->user;
    const enum tarn_status s = submit_piece(rec);
    return s ? s : vk_wait(r->p->dev, r->p->dev->submitted, &r->stop, r->err);
}

static enum tarn_status run_logits(struct vk_run_state *r,
                                   struct vk_recorder *rec)
{
    const uint32_t most = vk_logit_rows(r);
    for (uint32_t first = 0; first < r->n_logits; first += most) {
        const uint32_t n =
            r->n_logits - first < most ? r->n_logits - first : most;
        vk_record_logits(rec, r->logits, first, n);
        vk_record_results(rec, r->logits, first, n,
                          (r->flags & VK_WANTS_DIGESTS) != 0);
        enum tarn_status s = rec->status;
        if (s == TARN_OK)
            s = finish_pieces(rec);
        if (s == TARN_OK)
            s = vk_take_results(r, first, n);
        if (s == TARN_OK)
            s = begin_piece(r, &rec->cb);
        if (s)
            return s;
        rec->work = 0;
    }
    return TARN_OK;
}

static enum tarn_status run_pieces(struct vk_run_state *r)
{
    VkCommandBuffer cb;
    enum tarn_status s = begin_piece(r, &cb);
    if (s)
        return s;
    record_begin(r, cb);
    struct vk_recorder rec = recorder(r, cb, r->chunks);
    rec.next = next_piece;
    rec.limit = r->p->dev->rate * r->p->dev->tune.piece_us;
    vk_record_steps(&rec);
    s = rec.status;
    if (s == TARN_OK)
        s = run_logits(r, &rec);
    if (s == TARN_OK) {
        record_end(r, rec.cb);
        s = finish_pieces(&rec);
    }
    /* What is in flight must end before anything is touched again. */
    if (s && !r->p->dev->lost)
        vk_wait(r->p->dev, r->p->dev->submitted, NULL, NULL);
    return s;
}

/* -------------------------------------------------------------------- run */

static void take_results(struct vk_run_state *r)
{
    const struct tarn_plan *plan = &r->p->plan;
    const uint8_t *down = r->p->ground->down.map;
    const size_t used = plan->shape.n_expert_used, n_routes = r->p->n_routes;
    if (plan->out_buffer != TARN_NO_BUFFER)
        memcpy(r->b->out, down + vk_cut_out_at(r),
               (size_t)r->b->n_rows * plan->shape.n_embd * 4);
    if (!(r->flags & VK_WANTS_ROUTES))
        return;
    const uint32_t *ids =
        (const uint32_t *)(const void *)(down + vk_routes_at(r));
    const size_t all = n_routes * plan->max_rows * used;
    const float *gates = (const float *)(const void *)(ids + all);
    for (size_t k = 0; k < n_routes; k++)
        for (size_t t = 0; t < r->b->n_rows; t++)
            for (size_t i = 0; i < used; i++) {
                const size_t from = (k * plan->max_rows + t) * used + i;
                const size_t to = (t * n_routes + k) * used + i;
                if (r->b->experts)
                    r->b->experts[to] = (uint16_t)ids[from];
                if (r->b->gates)
                    r->b->gates[to] = gates[from];
            }
}

/* After success: the windows that this plan's layers wrote hold. */
static void turn_tails(const struct vk_run_state *r)
{
    struct tarn_state *st = r->p->st;
    for (uint32_t i = 0; i < r->p->plan.n_steps; i++) {
        const struct tarn_step *s = &r->p->steps[i];
        for (uint32_t k = 0; s->op == TARN_CONV && k < r->b->n_seqs; k++)
            st->current[(size_t)r->b->seqs[k].tail_out * st->shape.n_conv +
                        s->slot] ^= 1;
    }
}

/* What of the batch decides how it is run. */
static enum tarn_status look_at(struct vk_run_state *r)
{
    const struct tarn_prepared *p = r->p;
    const struct tarn_batch *b = r->b;
    for (uint32_t i = 0; i < p->plan.n_steps; i++)
        if (p->steps[i].op == TARN_LOGITS)
            r->logits = &p->steps[i];
    uint32_t last = 0;
    for (uint32_t t = 0; t < b->n_rows; t++) {
        last = b->rows[t].pos > last ? b->rows[t].pos : last;
        r->n_logits += r->logits && (b->rows[t].flags & TARN_ROW_LOGITS) != 0;
    }
    if (r->n_logits && !b->logits && !b->digests)
        return tarn_backend_fail(r->err, TARN_INTERNAL,
                                 "A batch wants logits and has no room for "
                                 "them.");
    r->n_vocab = r->logits ? r->logits->w1->n_rows : 0;
    r->flags = p->n_routes && (b->experts || b->gates) ? VK_WANTS_ROUTES : 0;
    r->flags |= r->n_logits && !b->logits ? VK_WANTS_DIGESTS : 0;
    const uint32_t chunks = last / TARN_PAGE_POSITIONS + 1;
    r->chunks = 1;
    while (r->chunks < chunks)
        r->chunks *= 2;
    r->chunks = r->chunks > p->max_chunks ? p->max_chunks : r->chunks;
    r->map = vk_batch_layout(p, b->n_rows, b->n_seqs, r->n_logits);
    return TARN_OK;
}

/* Multiply-adds of the batch, nearly: is it short enough for one piece? */
static bool is_short(const struct vk_run_state *r)
{
    const struct tarn_prepared *p = r->p;
    double work = 0;
    if (r->b->n_rows > VK_CLASS_ROWS || r->n_logits > vk_logit_rows(r))
        return false;
    for (uint32_t i = 0; i < p->plan.n_steps; i++) {
        const struct tarn_step *s = &p->steps[i];
        const struct tarn_weight *const w[3] = { s->w0, s->w1, s->w2 };
        for (int k = 0; k < 3; k++)
            if (w[k] && s->op != TARN_EMBED)
                work +=
                    (double)w[k]->k * w[k]->n_rows *
                    (s->op == TARN_EXPERTS ? p->plan.shape.n_expert_used : 1);
    }
    return work * r->b->n_rows < p->dev->rate * p->dev->tune.piece_us * 4 ||
           r->b->n_rows == 1;
}

enum tarn_status vk_run(struct tarn_prepared *p, const struct tarn_batch *b,
                        struct tarn_error *err)
{
    struct vk_run_state r = { .p = p, .b = b, .err = err };
    struct tarn_dev *dev = p->dev;
    if (dev->lost)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "%s failed before and is not used again.",
                                 dev->facts.name);
    enum tarn_status s = vk_check_batch(p, b, err);
    if (s || b->n_rows == 0)
        return s;
    if (dev->host->cancelled && dev->host->cancelled(dev->host->user))
        return stopped(err);
    s = look_at(&r);
    if (s)
        return s;
    if (dev->tune.canary && ++p->n_runs % dev->tune.canary == 0) {
        s = vk_canary(p, false, err);
        if (s)
            return s;
    }
    vk_describe(&r);
    s = is_short(&r) ? run_class(&r) : run_pieces(&r);
    if (s == TARN_OK && r.stop)
        s = stopped(err);
    if (s)
        return s;
    take_results(&r);
    if (p->convolves)
        turn_tails(&r);
    return TARN_OK;
}
