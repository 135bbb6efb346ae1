/* split.c - see split.h.
 *
 * A tail that is read and written in place would be lost if the first part
 * succeeded and the second did not, so a split wants two tails per sequence,
 * which the engine always gives. */
#include "core/model/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/model/model.h"

struct tarn_dev {
    const struct tarn_split *split;
    struct tarn_dev *part[2];
    struct tarn_weight *weights; /* closed with the device */
};

struct tarn_weight {
    struct tarn_weight *next;
    struct tarn_weight *part[2]; /* either may be NULL */
};

struct tarn_state {
    struct tarn_dev *dev;
    struct tarn_state *part[2];
    size_t page[2], tail[2]; /* canonical bytes */
};

struct tarn_prepared {
    struct tarn_dev *dev;
    struct tarn_prepared *part[2];
    uint32_t n_embd, n_used, routes[2];
    float *rows;          /* [max_rows][n_embd] at the cut */
    uint16_t *experts[2]; /* [max_rows][routes of the part][n_used] */
    float *gates[2];
};

static enum tarn_status no_memory(struct tarn_error *err)
{
    return tarn_fail(err, TARN_NO_MEMORY, "no memory for a split model");
}

/* ----------------------------------------------------------------- devices */

enum tarn_status tarn_split_open(const struct tarn_split *s,
                                 const struct tarn_host *host,
                                 struct tarn_dev **out, struct tarn_error *err)
{
    struct tarn_dev *d = tarn_alloc(1, sizeof *d);
    if (!d)
        return no_memory(err);
    d->split = s;
    enum tarn_status status = TARN_OK;
    for (int i = 0; i < 2 && !status; i++)
        status = tarn_device_open(s->part[i], host, 0, &d->part[i], err);
    if (status)
        s->table.close(d);
    else
        *out = d;
    return status;
}

static void free_weight(struct tarn_dev *d, struct tarn_weight *w);

static void close_device(struct tarn_dev *d)
{
    while (d && d->weights)
        free_weight(d, d->weights);
    for (int i = 0; d && i < 2; i++)
        if (d->part[i])
            d->split->part[i]->close(d->part[i]);
    tarn_free(d);
}

/* ----------------------------------------------------------------- weights */

/* Which parts want a tensor: a layer's has one; the embedding is the head, too,
 * where there is no other; the rest belongs to the head. */
static void wanted_by(const struct tarn_split *s, const char *name,
                      bool part[2])
{
    const bool layer = !strncmp(name, "blk.", 4);
    const bool embedding = !strcmp(name, "token_embd.weight");
    const bool first =
        layer && strtoul(name + 4, NULL, 10) < (unsigned long)s->n_first;
    part[0] = first || embedding;
    part[1] = !first;
}

static void free_weight(struct tarn_dev *d, struct tarn_weight *w)
{
    struct tarn_weight **at = &d->weights;
    while (*at && *at != w)
        at = &(*at)->next;
    if (*at)
        *at = w->next;
    for (int i = 0; w && i < 2; i++)
        if (w->part[i])
            d->split->part[i]->weight_free(d->part[i], w->part[i]);
    tarn_free(w);
}

static enum tarn_status take_weight(struct tarn_dev *d,
                                    const struct tarn_tensor *t,
                                    struct tarn_weight **out,
                                    struct tarn_error *err)
{
    bool wanted[2];
    struct tarn_weight *w = tarn_alloc(1, sizeof *w);
    if (!w)
        return no_memory(err);
    wanted_by(d->split, t->name, wanted);
    enum tarn_status s = TARN_OK;
    for (int i = 0; i < 2 && !s; i++)
        if (wanted[i])
            s = d->split->part[i]->weight(d->part[i], t, &w->part[i], err);
    w->next = d->weights;
    d->weights = w;
    if (s)
        free_weight(d, w);
    else
        *out = w;
    return s;
}

/* ------------------------------------------------------------------- state */

/* The layers of one part. */
static struct tarn_state_shape shape_of(const struct tarn_split *s,
                                        const struct tarn_state_shape *all,
                                        int part)
{
    struct tarn_state_shape shape = *all;
    shape.n_attn = part ? all->n_attn - s->n_attn : s->n_attn;
    shape.n_conv = part ? all->n_conv - s->n_conv : s->n_conv;
    shape.kv_widths = all->kv_widths + (part ? s->n_attn : 0);
    return shape;
}

static size_t page_size(const struct tarn_state_shape *shape)
{
    const struct tarn_type_traits t = tarn_type_traits(shape->kv_type);
    size_t n = 0;
    for (uint32_t i = 0; i < shape->n_attn; i++)
        n += (size_t)shape->kv_widths[i] / t.block * t.bytes * 2 *
             TARN_PAGE_POSITIONS;
    return n;
}

static void close_state(struct tarn_state *st)
{
    for (int i = 0; st && i < 2; i++)
        if (st->part[i])
            st->dev->split->part[i]->state_close(st->part[i]);
    tarn_free(st);
}

static enum tarn_status open_state(struct tarn_dev *d,
                                   const struct tarn_state_shape *shape,
                                   struct tarn_state **out,
                                   struct tarn_error *err)
{
    struct tarn_state *st = tarn_alloc(1, sizeof *st);
    if (!st)
        return no_memory(err);
    st->dev = d;
    enum tarn_status s = TARN_OK;
    for (int i = 0; i < 2 && !s; i++) {
        const struct tarn_state_shape part = shape_of(d->split, shape, i);
        st->page[i] = page_size(&part);
        st->tail[i] = part.conv_len
                          ? (size_t)part.n_conv * (part.conv_len - 1) *
                                part.conv_width * sizeof(float)
                          : 0;
        s = d->split->part[i]->state_open(d->part[i], &part, &st->part[i], err);
    }
    if (s)
        close_state(st);
    else
        *out = st;
    return s;
}

static enum tarn_status give_room(struct tarn_state *st, uint32_t n_pages,
                                  uint32_t n_tails, struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    for (int i = 0; i < 2 && !s; i++)
        s = st->dev->split->part[i]->state_room(st->part[i], n_pages, n_tails,
                                                err);
    return s;
}

static enum tarn_status copy_state(struct tarn_state *st, bool page,
                                   uint32_t to, uint32_t from,
                                   struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    for (int i = 0; i < 2 && !s; i++)
        s = st->dev->split->part[i]->state_copy(st->part[i], page, to, from,
                                                err);
    return s;
}

static enum tarn_status read_state(struct tarn_state *st, bool page, uint32_t n,
                                   uint32_t n_pos, void *out,
                                   struct tarn_error *err)
{
    uint8_t *at = out;
    enum tarn_status s = TARN_OK;
    for (int i = 0; i < 2 && !s; i++) {
        s = st->dev->split->part[i]->state_read(st->part[i], page, n, n_pos, at,
                                                err);
        at += page ? st->page[i] : st->tail[i];
    }
    return s;
}

static enum tarn_status write_state(struct tarn_state *st, bool page,
                                    uint32_t n, const void *in,
                                    struct tarn_error *err)
{
    const uint8_t *at = in;
    enum tarn_status s = TARN_OK;
    for (int i = 0; i < 2 && !s; i++) {
        s = st->dev->split->part[i]->state_write(st->part[i], page, n, at, err);
        at += page ? st->page[i] : st->tail[i];
    }
    return s;
}

/* -------------------------------------------------------------------- plan */

struct half {
    struct tarn_plan plan;
    struct tarn_step *steps; /* owned */
    uint32_t n_routes;
};

static struct tarn_weight *part_of(struct tarn_weight *w, int part)
{
    return w ? w->part[part] : NULL;
}

/* The steps of one part; the residual crosses in the buffer that EMBED fills.
 */
static bool make_half(const struct tarn_split *s, const struct tarn_plan *all,
                      int part, struct half *h)
{
    *h = (struct half){ .plan = *all };
    h->steps = tarn_alloc(all->n_steps + 1, sizeof *h->steps);
    uint32_t n = 0;
    uint16_t residual = 0;
    for (uint32_t i = 0; h->steps && i < all->n_steps; i++) {
        struct tarn_step t = all->steps[i];
        const bool first =
            t.op == TARN_EMBED || (t.op != TARN_LOGITS && t.layer < s->n_first);
        if (t.op == TARN_EMBED)
            residual = t.out;
        if (first != (part == 0))
            continue;
        t.w0 = part_of(t.w0, part);
        t.w1 = part_of(t.w1, part);
        t.w2 = part_of(t.w2, part);
        if (part && t.op == TARN_ATTEND)
            t.slot = (uint16_t)(t.slot - s->n_attn);
        if (part && t.op == TARN_CONV)
            t.slot = (uint16_t)(t.slot - s->n_conv);
        h->n_routes += t.op == TARN_ROUTE;
        h->steps[n++] = t;
    }
    h->plan.steps = h->steps;
    h->plan.n_steps = n;
    h->plan.in_buffer = part ? residual : TARN_NO_BUFFER;
    h->plan.out_buffer = part ? TARN_NO_BUFFER : residual;
    return h->steps != NULL;
}

static void release(struct tarn_prepared *p)
{
    if (!p)
        return;
    for (int i = 0; i < 2; i++) {
        if (p->part[i])
            p->dev->split->part[i]->release(p->part[i]);
        tarn_free(p->experts[i]);
        tarn_free(p->gates[i]);
    }
    tarn_free(p->rows);
    tarn_free(p);
}

static enum tarn_status prepare_part(struct tarn_prepared *p,
                                     const struct tarn_plan *plan,
                                     struct tarn_state *st, int i,
                                     struct tarn_error *err)
{
    struct half h;
    const struct tarn_dev *d = p->dev;
    enum tarn_status s = TARN_OK;
    if (!make_half(d->split, plan, i, &h))
        return no_memory(err);
    const size_t n = (size_t)plan->max_rows * h.n_routes * p->n_used;
    p->routes[i] = h.n_routes;
    p->experts[i] = tarn_alloc(n + 1, sizeof *p->experts[i]);
    p->gates[i] = tarn_alloc(n + 1, sizeof *p->gates[i]);
    if (!p->experts[i] || !p->gates[i])
        s = no_memory(err);
    if (!s)
        s = d->split->part[i]->prepare(
            d->part[i], &h.plan, st ? st->part[i] : NULL, &p->part[i], err);
    tarn_free(h.steps);
    return s;
}

static enum tarn_status
prepare(struct tarn_dev *d, const struct tarn_plan *plan, struct tarn_state *st,
        struct tarn_prepared **out, struct tarn_error *err)
{
    struct tarn_prepared *p = tarn_alloc(1, sizeof *p);
    if (!p)
        return no_memory(err);
    p->dev = d;
    p->n_embd = plan->shape.n_embd;
    p->n_used = plan->shape.n_expert_used;
    p->rows = tarn_alloc((size_t)plan->max_rows * p->n_embd, sizeof *p->rows);
    enum tarn_status s = p->rows ? TARN_OK : no_memory(err);
    for (int i = 0; i < 2 && !s; i++)
        s = prepare_part(p, plan, st, i, err);
    if (s)
        release(p);
    else
        *out = p;
    return s;
}

enum tarn_status tarn_split_cost(const struct tarn_split *s,
                                 const struct tarn_host *host,
                                 const struct tarn_plan *plan,
                                 const struct tarn_state_shape *shape,
                                 uint64_t *work_bytes, uint64_t *page_bytes,
                                 uint64_t *tail_bytes, struct tarn_error *err)
{
    enum tarn_status status = TARN_OK;
    *work_bytes = *page_bytes = *tail_bytes = 0;
    for (int i = 0; i < 2 && !status; i++) {
        struct half h;
        uint64_t work = 0, page = 0, tail = 0;
        const struct tarn_state_shape part = shape_of(s, shape, i);
        if (!make_half(s, plan, i, &h))
            return no_memory(err);
        for (uint32_t k = 0; k < h.plan.n_steps; k++) /* sizes alone count */
            h.steps[k].w0 = h.steps[k].w1 = h.steps[k].w2 = NULL;
        status =
            s->part[i]->cost(host, 0, &h.plan, &part, &work, &page, &tail, err);
        tarn_free(h.steps);
        *work_bytes += work;
        *page_bytes += page;
        *tail_bytes += tail;
    }
    return status;
}

/* --------------------------------------------------------------------- run */

/* [row][routes of the part][used] of both parts, one behind the other. */
static void join(const struct tarn_prepared *p, const struct tarn_batch *b)
{
    const size_t used = p->n_used, n0 = p->routes[0], n1 = p->routes[1];
    for (size_t t = 0; t < b->n_rows; t++)
        for (size_t k = 0; k < n0 + n1; k++) {
            const int part = k >= n0;
            const size_t from =
                part ? (t * n1 + k - n0) * used : (t * n0 + k) * used;
            const size_t to = (t * (n0 + n1) + k) * used;
            if (b->experts)
                memcpy(b->experts + to, p->experts[part] + from,
                       used * sizeof *b->experts);
            if (b->gates)
                memcpy(b->gates + to, p->gates[part] + from,
                       used * sizeof *b->gates);
        }
}

static enum tarn_status run(struct tarn_prepared *p, const struct tarn_batch *b,
                            struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    for (uint32_t i = 0; i < b->n_seqs; i++)
        if (b->seqs[i].tail_in == b->seqs[i].tail_out)
            return tarn_fail(err, TARN_UNSUPPORTED,
                             "a split model needs two tails per sequence");
    for (int i = 0; i < 2 && !s; i++) {
        struct tarn_batch part = *b;
        part.in = i ? p->rows : NULL;
        part.out = i ? NULL : p->rows;
        part.experts = b->experts ? p->experts[i] : NULL;
        part.gates = b->gates ? p->gates[i] : NULL;
        if (i == 0) {
            part.logits = NULL;
            part.digests = NULL;
        }
        s = p->dev->split->part[i]->run(p->part[i], &part, err);
    }
    if (!s)
        join(p, b);
    return s;
}

/* ------------------------------------------------------------------- table */

void tarn_split_init(struct tarn_split *s, const struct tarn_backend *first,
                     const struct tarn_backend *rest, uint32_t n_first,
                     const struct tarn_hparams *hp)
{
    *s = (struct tarn_split){ .part = { first, rest }, .n_first = n_first };
    for (uint32_t i = 0; i < n_first; i++) {
        s->n_attn += hp->layers[i].n_head_kv > 0;
        s->n_conv += hp->layers[i].n_head_kv == 0;
    }
    snprintf(s->name, sizeof s->name, "%.28s+%.28s", rest->name, first->name);
    s->table = (struct tarn_backend){
        .size = sizeof s->table,
        .abi = TARN_BACKEND_ABI,
        .name = s->name,
        .version = rest->version,
        .close = close_device,
        .weight = take_weight,
        .weight_free = free_weight,
        .state_open = open_state,
        .state_close = close_state,
        .state_room = give_room,
        .state_copy = copy_state,
        .state_read = read_state,
        .state_write = write_state,
        .prepare = prepare,
        .release = release,
        .run = run,
    };
}
