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

/* Steps that follow each other on one side, and the plan made of them. */
struct segment {
    int part;
    uint32_t n_routes, first_route;
    struct tarn_prepared *plan;
};

struct tarn_prepared {
    struct tarn_dev *dev;
    struct segment *segments;
    uint32_t n_segments, n_embd, n_used, n_routes;
    float *rows[2];    /* [max_rows][n_embd] that cross, in turns */
    uint16_t *experts; /* [max_rows][n_routes][n_used] of a segment */
    float *gates;
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

/* The experts of this layer are with part 0, and so is what leads to them. */
static bool parts_experts(const struct tarn_split *s, unsigned long layer)
{
    return layer >= s->n_first && layer < s->n_experts &&
           layer < s->hp->n_layers && s->hp->layers[layer].moe;
}

/* Which parts want a tensor: a layer's has one; the embedding is the head, too,
 * where there is no other; the rest belongs to the head. */
static void wanted_by(const struct tarn_split *s, const char *name,
                      bool part[2])
{
    const bool embedding = !strcmp(name, "token_embd.weight");
    bool first = false;
    if (!strncmp(name, "blk.", 4)) {
        char *end;
        const unsigned long layer = strtoul(name + 4, &end, 10);
        first = layer < s->n_first ||
                (parts_experts(s, layer) && (!strncmp(end, ".ffn_", 5) ||
                                             !strncmp(end, ".exp_", 5)));
    }
    part[0] = first || (embedding && s->n_first > 0);
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

/* What walks over the steps: which side has the next one. */
struct walk {
    const struct tarn_split *split;
    uint32_t layer, n_norms; /* NORM steps of this layer so far */
};

static int side_of(struct walk *w, const struct tarn_step *t)
{
    if (t->op == TARN_EMBED)
        return w->split->n_first == 0;
    if (t->op == TARN_LOGITS)
        return 1;
    if (t->layer != w->layer)
        *w = (struct walk){ w->split, t->layer, 0 };
    w->n_norms += t->op == TARN_NORM;
    /* The second norm begins the feed-forward. */
    return !(t->layer < w->split->n_first ||
             (w->n_norms > 1 && parts_experts(w->split, t->layer)));
}

static uint32_t count_segments(const struct tarn_split *s,
                               const struct tarn_plan *all)
{
    struct walk w = { s, UINT32_MAX, 0 };
    uint32_t n = 0;
    int before = -1;
    for (uint32_t i = 0; i < all->n_steps; i++) {
        const int side = side_of(&w, &all->steps[i]);
        n += side != before;
        before = side;
    }
    return n;
}

/* A plan of one segment; its steps and widths are owned. */
struct piece {
    struct tarn_plan plan;
    struct tarn_step *steps;
    uint32_t *widths;
    uint32_t n_routes;
    int part;
};

static void finish_piece(struct piece *p)
{
    tarn_free(p->steps);
    tarn_free(p->widths);
}

/* Buffers of a segment are numbered anew, so that none is taken in vain. */
static void number_buffer(const struct tarn_plan *all, struct piece *p,
                          uint16_t *map, uint16_t *buffer)
{
    if (*buffer == TARN_NO_BUFFER)
        return;
    if (map[*buffer] == TARN_NO_BUFFER) {
        map[*buffer] = (uint16_t)p->plan.n_buffers;
        p->widths[p->plan.n_buffers++] = all->widths[*buffer];
    }
    *buffer = map[*buffer];
}

static struct tarn_weight *part_of(struct tarn_weight *w, int part)
{
    return w ? w->part[part] : NULL;
}

static void take_step(const struct tarn_split *s, const struct tarn_plan *all,
                      struct tarn_step t, struct piece *p, uint16_t *map)
{
    t.w0 = part_of(t.w0, p->part);
    t.w1 = part_of(t.w1, p->part);
    t.w2 = part_of(t.w2, p->part);
    if (p->part && t.op == TARN_ATTEND)
        t.slot = (uint16_t)(t.slot - s->n_attn);
    if (p->part && t.op == TARN_CONV)
        t.slot = (uint16_t)(t.slot - s->n_conv);
    number_buffer(all, p, map, &t.a);
    number_buffer(all, p, map, &t.b);
    number_buffer(all, p, map, &t.c);
    number_buffer(all, p, map, &t.out);
    p->n_routes += t.op == TARN_ROUTE;
    p->steps[p->plan.n_steps++] = t;
}

/* Segment `number`; the residual crosses in the buffer that EMBED fills.
 * False: no memory. */
static bool make_piece(const struct tarn_split *s, const struct tarn_plan *all,
                       uint32_t number, struct piece *p)
{
    uint16_t *map = tarn_alloc(all->n_buffers + 1, sizeof *map);
    *p = (struct piece){ .plan = *all };
    p->steps = tarn_alloc(all->n_steps + 1, sizeof *p->steps);
    p->widths = tarn_alloc(all->n_buffers + 1, sizeof *p->widths);
    if (!map || !p->steps || !p->widths) {
        tarn_free(map);
        finish_piece(p);
        return false;
    }
    memset(map, 0xff, (all->n_buffers + 1) * sizeof *map);
    p->plan.steps = p->steps;
    p->plan.widths = p->widths;
    p->plan.n_steps = p->plan.n_buffers = 0;
    struct walk w = { s, UINT32_MAX, 0 };
    uint32_t at = 0;
    uint16_t residual = 0;
    int before = -1;
    for (uint32_t i = 0; i < all->n_steps; i++) {
        const int side = side_of(&w, &all->steps[i]);
        at += before >= 0 && side != before;
        before = side;
        if (all->steps[i].op == TARN_EMBED)
            residual = all->steps[i].out;
        if (at != number)
            continue;
        p->part = side;
        take_step(s, all, all->steps[i], p, map);
    }
    number_buffer(all, p, map, &residual);
    p->plan.in_buffer = number ? residual : TARN_NO_BUFFER;
    p->plan.out_buffer = number < at ? residual : TARN_NO_BUFFER;
    tarn_free(map);
    return true;
}

static void release(struct tarn_prepared *p)
{
    if (!p)
        return;
    for (uint32_t i = 0; i < p->n_segments; i++)
        if (p->segments[i].plan)
            p->dev->split->part[p->segments[i].part]->release(
                p->segments[i].plan);
    tarn_free(p->segments);
    tarn_free(p->experts);
    tarn_free(p->gates);
    tarn_free(p->rows[0]);
    tarn_free(p->rows[1]);
    tarn_free(p);
}

static enum tarn_status prepare_segment(struct tarn_prepared *p,
                                        const struct tarn_plan *all,
                                        struct tarn_state *st, uint32_t i,
                                        struct tarn_error *err)
{
    const struct tarn_dev *d = p->dev;
    struct segment *g = &p->segments[i];
    struct piece piece;
    if (!make_piece(d->split, all, i, &piece))
        return no_memory(err);
    g->part = piece.part;
    g->n_routes = piece.n_routes;
    g->first_route = p->n_routes;
    p->n_routes += g->n_routes;
    const enum tarn_status s = d->split->part[g->part]->prepare(
        d->part[g->part], &piece.plan, st ? st->part[g->part] : NULL, &g->plan,
        err);
    finish_piece(&piece);
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
    p->n_segments = count_segments(d->split, plan);
    p->segments = tarn_alloc(p->n_segments, sizeof *p->segments);
    const size_t rows = plan->max_rows;
    enum tarn_status s = p->segments ? TARN_OK : no_memory(err);
    if (s)
        p->n_segments = 0;
    for (uint32_t i = 0; i < p->n_segments && !s; i++)
        s = prepare_segment(p, plan, st, i, err);
    for (int i = 0; i < 2 && !s; i++) {
        p->rows[i] = tarn_alloc(rows * p->n_embd, sizeof *p->rows[i]);
        s = p->rows[i] ? TARN_OK : no_memory(err);
    }
    if (!s) {
        const size_t n = rows * p->n_routes * p->n_used + 1;
        p->experts = tarn_alloc(n, sizeof *p->experts);
        p->gates = tarn_alloc(n, sizeof *p->gates);
        s = p->experts && p->gates ? TARN_OK : no_memory(err);
    }
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
    const uint32_t n = count_segments(s, plan);
    uint64_t most = 0, page[2] = { 0 }, tail[2] = { 0 };
    *work_bytes = 0;
    for (uint32_t i = 0; i < n && !status; i++) {
        struct piece piece;
        uint64_t work = 0;
        if (!make_piece(s, plan, i, &piece))
            return no_memory(err);
        const int k = piece.part;
        const struct tarn_state_shape part = shape_of(s, shape, k);
        for (uint32_t j = 0; j < piece.plan.n_steps; j++) /* sizes count */
            piece.steps[j].w0 = piece.steps[j].w1 = piece.steps[j].w2 = NULL;
        status = s->part[k]->cost(host, 0, &piece.plan, &part, &work, &page[k],
                                  &tail[k], err);
        finish_piece(&piece);
        if (k == 0)
            *work_bytes += work;
        else
            most = work > most ? work : most;
    }
    *work_bytes += most;
    *page_bytes = page[0] + page[1];
    *tail_bytes = tail[0] + tail[1];
    return status;
}

/* --------------------------------------------------------------------- run */

/* The choices of a segment to their places among those of the whole plan. */
static void join(const struct tarn_prepared *p, const struct segment *g,
                 const struct tarn_batch *b)
{
    const size_t used = p->n_used;
    for (size_t t = 0; t < b->n_rows; t++)
        for (size_t k = 0; k < g->n_routes; k++) {
            const size_t from = (t * g->n_routes + k) * used;
            const size_t to = (t * p->n_routes + g->first_route + k) * used;
            if (b->experts)
                memcpy(b->experts + to, p->experts + from,
                       used * sizeof *b->experts);
            if (b->gates)
                memcpy(b->gates + to, p->gates + from, used * sizeof *b->gates);
        }
}

static enum tarn_status run(struct tarn_prepared *p, const struct tarn_batch *b,
                            struct tarn_error *err)
{
    const uint32_t n = p->n_segments;
    enum tarn_status s = TARN_OK;
    for (uint32_t i = 0; i < b->n_seqs; i++)
        if (b->seqs[i].tail_in == b->seqs[i].tail_out)
            return tarn_fail(err, TARN_UNSUPPORTED,
                             "a split model needs two tails per sequence");
    for (uint32_t i = 0; i < n && !s; i++) {
        const struct segment *g = &p->segments[i];
        struct tarn_batch part = *b;
        part.in = i ? p->rows[i & 1] : NULL;
        part.out = i + 1 < n ? p->rows[(i + 1) & 1] : NULL;
        part.experts = b->experts && g->n_routes ? p->experts : NULL;
        part.gates = b->gates && g->n_routes ? p->gates : NULL;
        if (i + 1 < n) {
            part.logits = NULL;
            part.digests = NULL;
        }
        s = p->dev->split->part[g->part]->run(g->plan, &part, err);
        if (!s)
            join(p, g, b);
    }
    return s;
}

/* ------------------------------------------------------------------- table */

void tarn_split_init(struct tarn_split *s, const struct tarn_backend *first,
                     const struct tarn_backend *rest, uint32_t n_first,
                     uint32_t n_experts, const struct tarn_hparams *hp)
{
    *s = (struct tarn_split){ .part = { first, rest },
                              .hp = hp,
                              .n_first = n_first,
                              .n_experts = n_experts };
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
