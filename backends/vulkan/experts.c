/* experts.c - the dispatches of EXPERTS.
 *
 * A place is a row and a rank.  The chosen numbers never leave the device:
 * with few places every place is a product of its own; with many they are
 * sorted by expert first, so that a weight that was read meets several rows. */
#include "backends/vulkan/record.h"

enum { FEW_PLACES = 32 };

struct ground {
    uint64_t ids, gates;
    uint32_t places, at_once, n_tiles;
};

static void group(struct vk_recorder *r, const struct ground *g)
{
    const struct tarn_shape *shape = &r->p->plan.shape;
    const struct vk_tuning *t = &r->p->dev->tune;
    const uint64_t base = r->p->ground->work.address;
    const uint32_t wg = t->wg < 32                         ? t->wg
                        : 256 < r->p->dev->facts.max_lanes ? 256
                                                           : t->wg;
    const uint32_t spec[VK_SPECS] = { wg, 0, g->at_once, 0,
                                      shape->n_expert + 1 };
    const struct vk_args a = {
        .p = { g->ids, base + r->p->at.tiles, base + r->p->at.places },
        .n = { g->places, shape->n_expert, g->n_tiles },
    };
    vk_dispatch(r, VK_SH_GROUP, spec, &a, 1, 1, 1, 2.0 * g->places);
}

void vk_record_experts(struct vk_recorder *r, const struct tarn_step *s,
                       uint32_t route)
{
    const struct tarn_shape *shape = &r->p->plan.shape;
    const struct tarn_prepared *p = r->p;
    const struct vk_tuning *t = &p->dev->tune;
    const uint64_t base = p->ground->work.address;
    const uint32_t used = shape->n_expert_used, d = p->widths[s->out];
    const uint64_t room = (uint64_t)p->plan.max_rows * used * 4;
    struct ground g = { .ids = base + p->at.ids + route * room,
                        .gates = base + p->at.gates + route * room,
                        .places = r->n_rows * used,
                        .at_once = t->nt };
    const bool many = g.places > FEW_PLACES && t->nt > 1;
    if (t->tile && g.places >= t->from * shape->n_expert)
        g.at_once = vk_tile_vectors(t);
    g.n_tiles = g.places / g.at_once + shape->n_expert + 1;
    if (many)
        group(r, &g);
    struct vk_product m = {
        .w = s->w0,
        .x = base + p->at.buffers[s->a],
        .y = base + p->at.gate,
        .buffer = s->a,
        .n_x = r->n_rows,
        .n = g.places,
        .per = used,
        .ids = g.ids,
        .tiles = many ? base + p->at.tiles : 0,
        .places = base + p->at.places,
        .n_tiles = g.n_tiles,
        .at_once = g.at_once,
    };
    vk_record_product(r, &m);
    m.w = s->w1;
    m.y = base + p->at.up;
    r->joins = true; /* unless x must be rounded in another way */
    vk_record_product(r, &m);
    const uint32_t inner = s->w0->n_rows;
    vk_record_pair(r, 0, base + p->at.gate, base + p->at.up, base + p->at.gate,
                   (uint64_t)g.places * inner);
    m.w = s->w2;
    m.x = base + p->at.gate;
    m.y = base + p->at.outputs;
    m.buffer = TARN_NO_BUFFER;
    m.n_x = g.places;
    m.per = 1;
    vk_record_product(r, &m);
    const uint32_t spec[VK_SPECS] = { t->wg };
    const struct vk_args a = {
        .p = { base + p->at.outputs, g.gates, base + p->at.buffers[s->out] },
        .n = { d, used, r->n_rows },
    };
    vk_dispatch_flat(r, VK_SH_COMBINE, spec, &a,
                     ((uint64_t)d * r->n_rows + t->wg - 1) / t->wg,
                     (double)d * g.places);
}
