/* record.c - steps to dispatches.
 *
 * A recorder walks the plan and writes one dispatch or a few per step, with a
 * barrier between any two that depend on each other.  Without a command buffer
 * it only makes the pipelines. */
#include <string.h>

#include "backends/numerics.h"
#include "backends/vulkan/record.h"

enum {
    FOLD = 32768,       /* groups in x; every device allows 65,535 */
    SHARED_TERMS = 1024 /* three arrays of them in shared memory: 12 KB */
};

static uint64_t at(const struct vk_recorder *r, uint64_t offset)
{
    return r->p->ground->work.address + offset;
}

static uint64_t buffer(const struct vk_recorder *r, uint16_t number)
{
    return at(r, r->p->at.buffers[number]);
}

static uint32_t width(const struct vk_recorder *r, uint16_t number)
{
    return r->p->widths[number];
}

static uint64_t batch(const struct vk_recorder *r, uint32_t word)
{
    return at(r, r->p->at.batch) + 4 * (uint64_t)word;
}

/* ------------------------------------------------------------- dispatching */

/* Pipeline, barrier, arguments; false if nothing is to be recorded. */
static bool set_up(struct vk_recorder *r, uint32_t shader,
                   const uint32_t spec[VK_SPECS], const struct vk_args *a,
                   double work)
{
    struct tarn_dev *dev = r->p->dev;
    VkPipeline pipe;
    if (r->status)
        return false;
    r->status = vk_pipe_get(dev, shader, spec, &pipe, r->err);
    if (r->status || !r->cb)
        return false;
    if (r->limit > 0 && r->work + work > r->limit && r->work > 0) {
        r->status = r->next(r);
        if (r->status)
            return false;
        r->work = 0;
        r->joins = false;
    }
    if (!r->joins)
        vk_barrier(dev, r->cb);
    r->joins = false;
    r->work += work;
    dev->fn.CmdBindPipeline(r->cb, VK_PIPELINE_BIND_POINT_COMPUTE, pipe);
    dev->fn.CmdPushConstants(r->cb, dev->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                             sizeof *a, a);
    return true;
}

void vk_dispatch(struct vk_recorder *r, uint32_t shader,
                 const uint32_t spec[VK_SPECS], const struct vk_args *a,
                 uint32_t x, uint32_t y, uint32_t z, double work)
{
    if (set_up(r, shader, spec, a, work))
        r->p->dev->fn.CmdDispatch(r->cb, x, y, z);
}

void vk_dispatch_flat(struct vk_recorder *r, uint32_t shader,
                      const uint32_t spec[VK_SPECS], const struct vk_args *a,
                      uint64_t n_groups, double work)
{
    const uint32_t x = n_groups < FOLD ? (uint32_t)n_groups : FOLD;
    vk_dispatch(r, shader, spec, a, x, (uint32_t)((n_groups + x - 1) / x), 1,
                work);
}

static uint64_t groups(const struct vk_recorder *r, uint64_t lanes)
{
    const uint32_t wg = r->p->dev->tune.wg;
    return (lanes + wg - 1) / wg;
}

/* -------------------------------------------------------------- products */

static void record_round(struct vk_recorder *r, uint64_t x, uint32_t k,
                         uint32_t n, enum vk_form form)
{
    const struct vk_tuning *t = &r->p->dev->tune;
    const struct vk_work *w = &r->p->at;
    const bool wide = form == VK_A256;
    const bool shares = wide && t->lpr > 1;
    const uint32_t spec[VK_SPECS] = {
        t->wg, shares ? 8 : 1, wide ? 256 : 32, 0, shares ? t->wg : 1, 0
    };
    const struct vk_args a = {
        .p = { x, at(r, w->q[form]), at(r, w->d[form]), at(r, w->s[form]) },
        .n = { k, n, k },
    };
    vk_dispatch_flat(r, VK_SH_QUANT, spec, &a, groups(r, (uint64_t)k / 32 * n),
                     (double)k * n);
}

/* Lanes per row: not more than there is work for, and as many as vectors that
 * are taken at once (a lane adds up one of them). */
static uint32_t lanes_per_row(const struct vk_tuning *t, uint32_t type,
                              uint32_t k)
{
    uint32_t lanes = t->lpr;
    if (lanes <= 1)
        return 1;
    if (vk_is_plain(type))
        return t->wg >= 16 ? 16 : 1;
    while (lanes > 8 && lanes > k / 32)
        lanes /= 2;
    return lanes;
}

static uint32_t vectors_at_once(const struct vk_tuning *t, uint32_t n)
{
    uint32_t nt = 1;
    while (nt < n && nt < t->nt)
        nt *= 2;
    return nt > 1 && t->lpr == 1 ? t->nt : nt; /* fewer pipelines */
}

/* Lanes of a tile of 64 rows by 32 vectors, or of half or twice that; every
 * lane has 4 by 4 of it. */
uint32_t vk_tile_rows(const struct vk_tuning *t)
{
    return t->tile == 64 ? 32 : 64;
}

uint32_t vk_tile_vectors(const struct vk_tuning *t)
{
    return t->tile == 256 ? 64 : 32;
}

/* How a product is made: shader, its constants, rows and vectors of a group. */
struct way {
    uint32_t shader, ids, rows, vectors;
    enum vk_form form;
    uint32_t spec[VK_SPECS];
};

static struct way tiled_way(const struct vk_tuning *t, uint32_t type,
                            uint32_t form, uint32_t ids)
{
    struct way y = { .shader = (t->half ? VK_SH_HALF : VK_SH_TILE) + type,
                     .ids = ids,
                     .rows = vk_tile_rows(t),
                     .vectors = vk_tile_vectors(t),
                     .form = vk_is_wide(type) ? VK_A256 : VK_A32 };
    const uint32_t gm = y.rows / 4, gn = y.vectors / 4;
    const uint32_t steps = t->half ? 2 : gn / 4;
    const uint32_t spec[VK_SPECS] = { t->tile, gm,
                                      gn,      ids,
                                      steps,   (t->half ? 4 : 2) * steps + 1,
                                      form };
    memcpy(y.spec, spec, sizeof y.spec);
    return y;
}

static struct way way_of(const struct vk_tuning *t, const struct vk_product *m)
{
    const uint32_t type = m->w->type;
    const bool plain = vk_is_plain(type);
    const uint32_t ids = !m->ids ? 0 : m->tiles ? 2 : 1;
    if (t->tile && !plain &&
        (ids == 2 ? m->at_once > t->nt : ids == 0 && m->n >= t->from))
        return tiled_way(t, type, m->w->form, ids);
    const uint32_t lanes = lanes_per_row(t, type, m->w->k);
    const uint32_t nt = ids == 2   ? m->at_once
                        : ids == 1 ? 1
                                   : vectors_at_once(t, m->n);
    const uint32_t sums = t->wg / lanes * nt; /* of a workgroup */
    const uint32_t chunk =
        lanes == 1 || plain ? 1 : SHARED_TERMS / sums / 8 * 8;
    const uint32_t shared = lanes == 1 ? 1 : plain ? t->wg : sums * chunk;
    return (struct way){ .shader = VK_SH_MAT + type,
                         .ids = ids,
                         .rows = t->wg / lanes,
                         .vectors = nt,
                         .form = vk_is_wide(type) ? VK_A256 : VK_A32,
                         .spec = { t->wg, lanes, nt, ids, shared, chunk,
                                   m->w->form } };
}

void vk_record_product(struct vk_recorder *r, const struct vk_product *m)
{
    const struct tarn_weight *w = m->w;
    const struct vk_work *o = &r->p->at;
    const bool plain = vk_is_plain(w->type);
    const uint32_t block = tarn_type_traits(w->type).block;
    const struct way way = way_of(&r->p->dev->tune, m);
    if (!plain &&
        (m->buffer == TARN_NO_BUFFER || r->rounded[way.form] != m->buffer)) {
        record_round(r, m->x, w->k, m->n_x, way.form);
        r->rounded[way.form] = m->buffer;
        r->joins = false;
    }
    const struct vk_args a = {
        .p = { w->address, plain ? m->x : at(r, o->q[way.form]),
               at(r, o->d[way.form]), at(r, o->s[way.form]), m->y,
               way.ids == 2 ? m->tiles : m->ids, m->places,
               r->p->dev->grid_at[w->type] },
        .n = { w->k / block, w->n_rows, m->n, w->row_words, w->slice_words,
               w->n_rows, m->per, m->y_row, w->k },
    };
    const uint32_t n_groups = (w->n_rows + way.rows - 1) / way.rows;
    const uint32_t x = n_groups < FOLD ? n_groups : FOLD;
    vk_dispatch(r, way.shader, way.spec, &a, x,
                way.ids == 2 ? m->n_tiles
                             : (m->n + way.vectors - 1) / way.vectors,
                (n_groups + x - 1) / x, (double)w->k * w->n_rows * m->n);
}

void vk_record_pair(struct vk_recorder *r, uint32_t op, uint64_t a, uint64_t b,
                    uint64_t out, uint64_t n)
{
    const uint32_t spec[VK_SPECS] = { r->p->dev->tune.wg, op };
    const struct vk_args args = { .p = { a, b, out }, .n = { (uint32_t)n } };
    vk_dispatch_flat(r, VK_SH_PAIR, spec, &args, groups(r, n), (double)n);
}

/* ------------------------------------------------------------------ steps */

static void embed(struct vk_recorder *r, const struct tarn_step *s)
{
    const struct tarn_weight *w = s->w0;
    const struct vk_tuning *t = &r->p->dev->tune;
    const uint32_t block = tarn_type_traits(w->type).block;
    const uint32_t spec[VK_SPECS] = { t->wg, 0, 0, 0, 0, 0, w->form };
    const struct vk_args a = {
        .p = { w->address, batch(r, 0), buffer(r, s->out), 0, 0, 0, 0,
               r->p->dev->grid_at[w->type] },
        .n = { w->k / block, w->n_rows, r->n_rows, w->row_words, w->k },
    };
    const uint64_t lanes = (uint64_t)w->k / (block == 1 ? 1 : 32) * r->n_rows;
    vk_dispatch_flat(r, VK_SH_EMBED + w->type, spec, &a, groups(r, lanes),
                     (double)w->k * r->n_rows);
}

/* picked: address of row numbers, or 0. */
static void norm(struct vk_recorder *r, uint64_t x, uint64_t out,
                 const struct tarn_weight *w, uint32_t k, uint32_t n,
                 uint64_t picked)
{
    const struct vk_tuning *t = &r->p->dev->tune;
    const uint32_t spec[VK_SPECS] = { t->wg, t->lanes };
    const struct vk_args a = {
        .p = { x, w->floats, out, picked },
        .n = { k, n, tarn_f32_bits(r->p->plan.shape.norm_eps), picked != 0, k,
               k },
    };
    vk_dispatch_flat(r, VK_SH_NORM, spec, &a, t->lanes == 1 ? groups(r, n) : n,
                     4.0 * k * n);
}

static void matmul(struct vk_recorder *r, const struct tarn_step *s)
{
    const struct vk_product m = {
        .w = s->w0,
        .x = buffer(r, s->a),
        .y = buffer(r, s->out),
        .buffer = s->a,
        .n_x = r->n_rows,
        .n = r->n_rows,
        .per = 1,
    };
    vk_record_product(r, &m);
}

static void conv(struct vk_recorder *r, const struct tarn_step *s)
{
    const struct tarn_state *st = r->p->st;
    const uint32_t d = width(r, s->out), taps = st->shape.conv_len;
    const struct vk_batch_map *m = r->map;
    const uint32_t spec[VK_SPECS] = { r->p->dev->tune.wg, s->w0->type };
    const struct vk_args a = {
        .p = { buffer(r, s->a), s->w0->address, buffer(r, s->out), batch(r, 0),
               batch(r, m->entries), batch(r, m->tails), batch(r, m->offsets) },
        .n = { d, taps, r->n_rows, r->n_seqs, st->shape.n_conv, s->slot,
               s->w0->row_words },
    };
    const uint64_t rows = r->n_rows + (uint64_t)r->n_seqs * (taps - 1);
    vk_dispatch_flat(r, VK_SH_CONV, spec, &a, groups(r, rows * d),
                     (double)rows * d * taps);
}

static void turn(struct vk_recorder *r, const struct tarn_step *s,
                 uint32_t n_kv)
{
    const struct tarn_shape *shape = &r->p->plan.shape;
    const struct tarn_state *st = r->p->st;
    const struct vk_batch_map *m = r->map;
    const uint32_t wg = r->p->dev->tune.wg;
    const uint32_t spec[VK_SPECS] = { wg, shape->head_dim,  0, 0,
                                      0,  st->shape.kv_type };
    const struct vk_args a = {
        .p = { buffer(r, s->a), buffer(r, s->b), buffer(r, s->c),
               at(r, r->p->at.turned), s->w0->floats, s->w1->floats,
               batch(r, 0) },
        .n = { r->n_rows, shape->n_head, n_kv, m->turns, m->pages,
               m->pages_per_seq, st->kv_at[s->slot],
               tarn_f32_bits(shape->norm_eps) },
    };
    const uint64_t heads = shape->n_head + 2 * (uint64_t)n_kv;
    vk_dispatch_flat(r, VK_SH_TURN, spec, &a, heads * r->n_rows,
                     8.0 * (double)heads * r->n_rows * shape->head_dim);
}

/* Query heads of one K/V head that a workgroup takes: a divisor of the group,
 * at most 8. */
static uint32_t heads_at_once(uint32_t group)
{
    uint32_t n = group < 8 ? group : 8;
    while (group % n)
        n--;
    return n;
}

static void attend(struct vk_recorder *r, const struct tarn_step *s)
{
    const struct tarn_shape *shape = &r->p->plan.shape;
    const struct tarn_state *st = r->p->st;
    const struct tarn_dev *dev = r->p->dev;
    const struct vk_batch_map *m = r->map;
    const uint32_t head = shape->head_dim, n_q = shape->n_head;
    const uint32_t n_kv = width(r, s->b) / head;
    const uint32_t g = heads_at_once(n_q / n_kv), wg = dev->tune.wg;
    turn(r, s, n_kv);
    const uint64_t row = (uint64_t)n_q * r->chunks * (2 + (uint64_t)head) * 4;
    uint32_t most = (uint32_t)(r->p->at.parts_size / row);
    most = most > r->n_rows ? r->n_rows : most;
    const uint32_t spec[VK_SPECS] = {
        wg, head, g, 0, g * 256, st->shape.kv_type
    };
    const uint32_t merge[VK_SPECS] = { wg, head };
    for (uint32_t first = 0; first < r->n_rows && !r->status; first += most) {
        const uint32_t n = r->n_rows - first < most ? r->n_rows - first : most;
        struct vk_args a = {
            .p = { at(r, r->p->at.turned), at(r, r->p->at.parts), batch(r, 0) },
            .n = { first, n, n_q, n_kv, m->pages, m->pages_per_seq,
                   st->kv_at[s->slot], tarn_f32_bits(shape->attn_scale),
                   r->chunks },
        };
        const double work = 2.0 * n * n_q * head * 256 * r->chunks;
        vk_dispatch(r, VK_SH_ATTEND, spec, &a, n_q / g, r->chunks, n, work);
        a.p[0] = a.p[1];
        a.p[1] = buffer(r, s->out);
        vk_dispatch_flat(r, VK_SH_MERGE, merge, &a,
                         groups(r, (uint64_t)n * n_q * head),
                         (double)n * n_q * head * r->chunks);
    }
}

static void route(struct vk_recorder *r, const struct tarn_step *s,
                  uint32_t number)
{
    const struct tarn_shape *shape = &r->p->plan.shape;
    const uint64_t places =
        (uint64_t)r->p->plan.max_rows * shape->n_expert_used * 4;
    const uint32_t spec[VK_SPECS] = { r->p->dev->tune.wg, 0, 0, 0,
                                      shape->n_expert };
    const struct vk_args a = {
        .p = { buffer(r, s->a), s->w0 ? s->w0->floats : 0,
               at(r, r->p->at.ids + number * places),
               at(r, r->p->at.gates + number * places) },
        .n = { shape->n_expert, shape->n_expert_used, r->n_rows, s->w0 != NULL,
               tarn_f32_bits(shape->expert_scale) },
    };
    vk_dispatch_flat(r, VK_SH_ROUTE, spec, &a, r->n_rows,
                     (double)shape->n_expert * shape->n_expert * r->n_rows);
}

static void record_step(struct vk_recorder *r, uint32_t i)
{
    const struct tarn_step *s = &r->p->steps[i];
    switch (s->op) {
    case TARN_EMBED:
        embed(r, s);
        break;
    case TARN_NORM:
        norm(r, buffer(r, s->a), buffer(r, s->out), s->w0, width(r, s->a),
             r->n_rows, 0);
        break;
    case TARN_MATMUL:
        matmul(r, s);
        break;
    case TARN_CONV:
        conv(r, s);
        break;
    case TARN_ATTEND:
        attend(r, s);
        break;
    case TARN_GLU:
    case TARN_ADD:
        vk_record_pair(r, s->op == TARN_ADD, buffer(r, s->a), buffer(r, s->b),
                       buffer(r, s->out), (uint64_t)width(r, s->a) * r->n_rows);
        break;
    case TARN_ROUTE:
        route(r, s, r->p->route_of[i]);
        break;
    case TARN_EXPERTS:
        vk_record_experts(r, s, r->p->route_of[i]);
        break;
    default: /* LOGITS: vk_record_logits() */
        break;
    }
    for (int f = 0; f < VK_FORMS; f++)
        if (r->rounded[f] == s->out && s->out != TARN_NO_BUFFER)
            r->rounded[f] = TARN_NO_BUFFER;
}

/* Products that read the same buffer and write different ones, one after the
 * other, need no barrier between them. */
static bool follows(const struct vk_recorder *r, uint32_t i)
{
    const struct tarn_step *s = &r->p->steps[i];
    if (i == 0 || s->op != TARN_MATMUL)
        return false;
    for (uint32_t k = i; k-- > 0;) {
        const struct tarn_step *before = &r->p->steps[k];
        if (before->op != TARN_MATMUL || before->a != s->a)
            return k + 1 < i;
        if (before->out == s->out || before->out == s->a)
            return false;
    }
    return true;
}

void vk_record_steps(struct vk_recorder *r)
{
    for (uint32_t i = 0; i < r->p->plan.n_steps && !r->status; i++) {
        r->joins = follows(r, i);
        record_step(r, i);
    }
}

void vk_record_logits(struct vk_recorder *r, const struct tarn_step *s,
                      uint32_t first, uint32_t n)
{
    const struct vk_work *o = &r->p->at;
    const uint32_t k = width(r, s->a);
    norm(r, buffer(r, s->a), at(r, o->normed), s->w0, k, n,
         batch(r, r->map->picked + first));
    const struct vk_product m = {
        .w = s->w1,
        .x = at(r, o->normed),
        .y = at(r, o->logits),
        .buffer = TARN_NO_BUFFER,
        .n_x = n,
        .n = n,
        .per = 1,
    };
    vk_record_product(r, &m);
}
