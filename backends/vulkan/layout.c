/* layout.c - the work memory of a plan, and preparing one.
 * Counting and cutting are one function, so that cost() can't be wrong. */
#include <string.h>

#include "backends/numerics.h"
#include "backends/vulkan/record.h"

enum { LOGITS_ROOM = 32 << 20, PARTS_ROOM = 32 << 20, UNKNOWN_VOCAB = 131072 };

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct carving {
    uint64_t at;
    bool full;
};

/* n * m * size bytes at a multiple of 256. */
static uint64_t carve(struct carving *c, uint64_t n, uint64_t m, uint64_t size)
{
    const uint64_t at = (c->at + 255) / 256 * 256;
    if (c->full || (m != 0 && n > (UINT64_C(1) << 40) / m / size)) {
        c->full = true;
        return 0;
    }
    c->at = at + n * m * size;
    return at;
}

/* What the plan's steps are made of. */
struct extent {
    bool attends, convolves, experts, logits;
    uint64_t max_width, expert_width, n_vocab, n_routes;
};

static struct extent measure(const struct tarn_plan *plan)
{
    struct extent e = { 0 };
    for (uint32_t i = 0; i < plan->n_buffers; i++)
        e.max_width = larger(e.max_width, plan->widths[i]);
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const struct tarn_step *s = &plan->steps[i];
        e.attends |= s->op == TARN_ATTEND;
        e.convolves |= s->op == TARN_CONV;
        e.experts |= s->op == TARN_EXPERTS;
        e.n_routes += s->op == TARN_ROUTE;
        if (s->op == TARN_EXPERTS && s->w0)
            e.expert_width = larger(e.expert_width, s->w0->n_rows);
        if (s->op == TARN_LOGITS) {
            e.logits = true;
            e.n_vocab =
                larger(e.n_vocab, s->w1 ? s->w1->n_rows : UNKNOWN_VOCAB);
        }
    }
    if (e.experts && e.expert_width == 0)
        e.expert_width =
            plan->shape.expert_width ? plan->shape.expert_width : e.max_width;
    return e;
}

static uint32_t chunks_of(const struct tarn_plan *plan)
{
    return plan->max_pos / TARN_PAGE_POSITIONS + 1;
}

/* Rounded copies: of rows for a matrix, or of places for the experts. */
static void carve_rounded(struct carving *c, const struct tarn_plan *plan,
                          const struct extent *e, struct vk_work *out)
{
    const uint64_t rows = plan->max_rows, used = plan->shape.n_expert_used;
    const uint64_t values = larger(
        rows * e->max_width, e->experts ? rows * used * e->expert_width : 0);
    for (int f = 0; f < VK_FORMS; f++) {
        out->q[f] = carve(c, values, 1, 1);
        out->d[f] = carve(c, values / (f == VK_A256 ? 256 : 32) + 1, 1, 4);
        out->s[f] = carve(c, values / 16 + 2, 1, 4);
    }
}

static void carve_experts(struct carving *c, const struct vk_tuning *t,
                          const struct tarn_plan *plan, const struct extent *e,
                          struct vk_work *out)
{
    const uint64_t places =
        (uint64_t)plan->max_rows * plan->shape.n_expert_used;
    out->ids = carve(c, e->n_routes, places, 4);
    out->gates = carve(c, e->n_routes, places, 4);
    if (!e->experts)
        return;
    out->gate = carve(c, places, e->expert_width, 4);
    out->up = carve(c, places, e->expert_width, 4);
    out->outputs = carve(c, places, e->max_width, 4);
    out->places = carve(c, places, 1, 4);
    out->tiles = carve(c, places / t->nt + plan->shape.n_expert + 1, 3, 4);
}

/* The most words that a batch's description takes. */
static uint64_t batch_words(const struct tarn_plan *plan,
                            const struct extent *e, uint32_t n_conv)
{
    const uint64_t rows = plan->max_rows, taps = plan->shape.conv_len;
    uint64_t n = 4 * rows + 2 * rows; /* rows, picked, wanted */
    if (e->attends)
        n += rows * plan->shape.head_dim + 2 * rows * chunks_of(plan);
    if (e->convolves)
        n += rows * (taps + 1) * taps + 4 * rows + 2 * rows * n_conv;
    return n + 64;
}

bool vk_layout(const struct vk_tuning *t, const struct tarn_plan *plan,
               uint32_t n_conv, struct vk_work *out)
{
    const struct tarn_shape *shape = &plan->shape;
    const struct extent e = measure(plan);
    const uint64_t rows = plan->max_rows, used = shape->n_expert_used;
    struct carving c = { 0, false };
    for (uint32_t i = 0; i < plan->n_buffers; i++) {
        const uint64_t at = carve(&c, rows, plan->widths[i], 4);
        if (out->buffers)
            out->buffers[i] = at;
    }
    carve_rounded(&c, plan, &e, out);
    carve_experts(&c, t, plan, &e, out);
    if (e.attends) {
        const uint64_t row = (uint64_t)shape->n_head * chunks_of(plan) *
                             (2 + (uint64_t)shape->head_dim) * 4;
        out->turned =
            carve(&c, rows, (uint64_t)shape->n_head * shape->head_dim, 4);
        out->parts_size = smaller(rows * row, larger(PARTS_ROOM, row));
        out->parts = carve(&c, out->parts_size, 1, 1);
    }
    out->logits_down = 0;
    if (e.logits) {
        out->logit_rows =
            (uint32_t)smaller(rows, larger(LOGITS_ROOM / (e.n_vocab * 4), 1));
        const uint64_t logits = out->logit_rows * e.n_vocab * 4;
        out->normed = carve(&c, out->logit_rows, e.max_width, 4);
        out->logits = carve(&c, logits, 1, 1);
        struct vk_digests *d = &out->digests;
        vk_digest_layout(t, e.n_vocab, out->logit_rows, d);
        d->peaks = carve(&c, d->peak_rows, d->n_blocks, 4);
        d->records = carve(&c, d->rows, d->words, 4);
        out->logits_down =
            larger(logits, (uint64_t)d->rows * d->words * 4);
    }
    const uint64_t words = batch_words(plan, &e, n_conv);
    out->batch = carve(&c, words, 1, 4);
    out->size = c.at;
    const uint64_t cut = rows * shape->n_embd * 4;
    out->up_size = (words * 4 + 255) / 256 * 256 +
                   (plan->in_buffer != TARN_NO_BUFFER ? cut : 0);
    out->down_size = (out->logits_down + 255) / 256 * 256 +
                     (plan->out_buffer != TARN_NO_BUFFER ? cut : 0) +
                     2 * e.n_routes * rows * used * 4 + 256;
    /* The canary's row goes in and out the same ways. */
    out->up_size = larger(out->up_size, 4 * e.max_width);
    out->down_size = larger(out->down_size, 4 * VK_CANARY_ROWS);
    return !c.full;
}

struct vk_batch_map vk_batch_layout(const struct tarn_prepared *p,
                                    uint32_t n_rows, uint32_t n_seqs,
                                    uint32_t n_logits)
{
    const struct tarn_state *st = p->st;
    struct vk_batch_map m = { .pages_per_seq = p->max_chunks };
    uint32_t at = 4 * n_rows;
    m.picked = at;
    at += n_logits;
    m.wanted = at;
    at += n_logits;
    if (p->attends) {
        m.turns = at;
        at += n_rows * (p->plan.shape.head_dim / 2) * 2;
        m.pages = at;
        at += 2 * n_seqs * m.pages_per_seq;
    }
    if (p->convolves) {
        const uint32_t taps = st->shape.conv_len;
        m.entries = at;
        at += (n_rows + n_seqs * (taps - 1)) * taps;
        at += at % 2; /* addresses stand at multiples of 8 bytes */
        m.tails = at;
        at += 4 * n_seqs;
        m.offsets = at;
        at += 2 * n_seqs * st->shape.n_conv;
    }
    m.words = at;
    return m;
}

/* ---------------------------------------------------------------- prepare */

static enum tarn_status no_memory(struct tarn_error *err)
{
    return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "There is no memory for a plan's table.");
}

/* Which routing every EXPERTS step means: the last one to its slot. */
static void link_routes(struct tarn_prepared *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->plan.n_steps; i++) {
        if (p->steps[i].op == TARN_ROUTE)
            p->route_of[i] = (uint16_t)n++;
        for (uint32_t k = i; p->steps[i].op == TARN_EXPERTS && k-- > 0;)
            if (p->steps[k].op == TARN_ROUTE &&
                p->steps[k].slot == p->steps[i].slot) {
                p->route_of[i] = p->route_of[k];
                break;
            }
    }
    p->n_routes = n;
}

static enum tarn_status copy_plan(struct tarn_prepared *p,
                                  const struct tarn_plan *plan,
                                  struct tarn_error *err)
{
    const struct tarn_host *host = p->dev->host;
    p->plan = *plan;
    p->steps = vk_alloc(host, plan->n_steps, sizeof *p->steps);
    p->widths = vk_alloc(host, plan->n_buffers, sizeof *p->widths);
    p->route_of = vk_alloc(host, plan->n_steps, sizeof *p->route_of);
    p->at.buffers = vk_alloc(host, plan->n_buffers, sizeof *p->at.buffers);
    p->inverse =
        vk_alloc(host, plan->shape.head_dim / 2 + 1, sizeof *p->inverse);
    if (!p->steps || !p->widths || !p->route_of || !p->at.buffers ||
        !p->inverse)
        return no_memory(err);
    memcpy(p->steps, plan->steps, plan->n_steps * sizeof *p->steps);
    memcpy(p->widths, plan->widths, plan->n_buffers * sizeof *p->widths);
    p->plan.steps = p->steps;
    p->plan.widths = p->widths;
    p->max_chunks = chunks_of(plan);
    const struct extent e = measure(plan);
    p->attends = e.attends;
    p->convolves = e.convolves;
    link_routes(p);
    if (plan->shape.head_dim >= 2)
        tarn_rope_inverse((double)plan->shape.rope_base,
                          plan->shape.head_dim / 2, p->inverse);
    return TARN_OK;
}

static struct vk_ground *find_ground(const struct tarn_dev *dev,
                                     const struct vk_work *need)
{
    struct vk_ground *g = dev->grounds;
    while (g && (g->work.size < need->size || g->up.size < need->up_size ||
                 g->down.size < need->down_size))
        g = g->next;
    return g;
}

static void give_ground(struct tarn_dev *dev, struct vk_ground *g)
{
    struct vk_ground **at = &dev->grounds;
    if (!g || --g->n_users > 0)
        return;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    vk_buffer_free(dev, &g->work);
    vk_buffer_free(dev, &g->up);
    vk_buffer_free(dev, &g->down);
    vk_free(dev->host, g);
}

/* Room of another plan if it is large enough: the segments of a model whose
 * experts are elsewhere are many plans that run one after the other. */
static enum tarn_status take_ground(struct tarn_prepared *p,
                                    struct tarn_error *err)
{
    struct tarn_dev *dev = p->dev;
    struct vk_ground *g = find_ground(dev, &p->at);
    p->ground = g;
    if (g) {
        g->n_users++;
        return TARN_OK;
    }
    g = p->ground = vk_alloc(dev->host, 1, sizeof *g);
    if (!g)
        return no_memory(err);
    g->n_users = 1;
    g->next = dev->grounds;
    dev->grounds = g;
    enum tarn_status s =
        vk_buffer_make(dev, p->at.size, VK_ON_DEVICE, &g->work, err);
    if (s == TARN_OK)
        s = vk_clear(dev, &g->work, err);
    if (s == TARN_OK)
        s = vk_buffer_make(dev, p->at.up_size, VK_UP, &g->up, err);
    if (s == TARN_OK)
        s = vk_buffer_make(dev, p->at.down_size, VK_DOWN, &g->down, err);
    return s;
}

static enum tarn_status take_memory(struct tarn_prepared *p,
                                    struct tarn_error *err)
{
    struct tarn_dev *dev = p->dev;
    if (!vk_layout(&dev->tune, &p->plan, p->st ? p->st->shape.n_conv : 0,
                   &p->at))
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "Batches of %u rows need more memory than "
                                 "can be counted.",
                                 p->plan.max_rows);
    return take_ground(p, err);
}

static bool has_grid(uint32_t type)
{
    return type == TARN_IQ2_XXS || type == TARN_IQ2_XS || type == TARN_IQ2_S ||
           type == TARN_IQ3_XXS || type == TARN_IQ3_S;
}

static enum tarn_status make_grids(struct tarn_prepared *p,
                                   struct tarn_error *err)
{
    for (uint32_t i = 0; i < p->plan.n_steps; i++) {
        const struct tarn_weight *const w[3] = { p->steps[i].w0, p->steps[i].w1,
                                                 p->steps[i].w2 };
        for (int k = 0; k < 3; k++)
            if (w[k] && has_grid(w[k]->type))
                return vk_grids_make(p->dev, err);
    }
    return TARN_OK;
}

/* Goes through the steps without recording, so that all pipelines exist
 * before the first run. */
static enum tarn_status make_pipelines(struct tarn_prepared *p,
                                       struct tarn_error *err)
{
    static const uint32_t rows[] = { 1, 2, 4, 8, 9, 64, UINT32_MAX };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint32_t n =
            rows[i] < p->plan.max_rows ? rows[i] : p->plan.max_rows;
        const struct vk_batch_map map = { 0 };
        struct vk_recorder r = { .p = p,
                                 .err = err,
                                 .map = &map,
                                 .n_rows = n,
                                 .n_seqs = 1,
                                 .n_logits = 1,
                                 .chunks = 1,
                                 .rounded = VK_NOTHING_ROUNDED };
        vk_record_steps(&r);
        for (uint32_t k = 0; k < p->plan.n_steps; k++)
            if (p->steps[k].op == TARN_LOGITS) {
                vk_record_logits(&r, &p->steps[k], 0,
                                 n < p->at.logit_rows ? n : p->at.logit_rows);
                vk_record_results(&r, &p->steps[k], 0, 1, true);
            }
        if (r.status)
            return r.status;
        if (n == p->plan.max_rows)
            break;
    }
    return TARN_OK;
}

enum tarn_status vk_prepare(struct tarn_dev *dev, const struct tarn_plan *plan,
                            struct tarn_state *st, struct tarn_prepared **out,
                            struct tarn_error *err)
{
    enum tarn_status s = vk_check_plan(plan, st, false, err);
    if (s)
        return s;
    struct tarn_prepared *p = vk_alloc(dev->host, 1, sizeof *p);
    if (!p)
        return no_memory(err);
    p->dev = dev;
    p->st = st;
    p->next = dev->prepared;
    dev->prepared = p;
    s = copy_plan(p, plan, err);
    if (s == TARN_OK)
        s = take_memory(p, err);
    if (s == TARN_OK)
        s = make_grids(p, err);
    if (s == TARN_OK)
        s = make_pipelines(p, err);
    if (s == TARN_OK)
        s = vk_canary(p, true, err);
    if (s) {
        vk_release(p);
        return s;
    }
    *out = p;
    return TARN_OK;
}

void vk_release(struct tarn_prepared *p)
{
    if (!p)
        return;
    struct tarn_dev *dev = p->dev;
    struct tarn_prepared **at = &dev->prepared;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    vk_settle(dev);
    for (int i = 0; i < VK_CLASSES; i++)
        if (p->classes[i].cb)
            dev->fn.FreeCommandBuffers(dev->handle, dev->pool, 1,
                                       &p->classes[i].cb);
    for (uint32_t i = 0; i < p->n_pieces; i++)
        dev->fn.FreeCommandBuffers(dev->handle, dev->pool, 1, &p->pieces[i]);
    give_ground(dev, p->ground);
    vk_free(dev->host, p->steps);
    vk_free(dev->host, p->widths);
    vk_free(dev->host, p->route_of);
    vk_free(dev->host, p->at.buffers);
    vk_free(dev->host, p->inverse);
    vk_free(dev->host, p);
}
