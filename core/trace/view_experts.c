/* view_experts.c - which experts worked: one layer as a map of its experts, or
 * all layers by how many experts they kept from the token before.
 *
 * A cell is a pixel wide.  The share of an expert is that of the bin and the
 * 16 tokens on each side; a window slides over the columns, so the cost does
 * not depend on its width. */
#include <string.h>

#include "core/base/memory.h"
#include "core/trace/view_impl.h"

enum { AROUND = 16, MOST_EXPERTS = 4096 };

/* Columns that a pixel stands for: whole bins. */
static uint32_t column_of(const struct view_build *b, int32_t x)
{
    uint64_t col = (((uint64_t)(x + b->scroll) + 1) << 16) / b->zoom;
    while (col && (int64_t)((col * b->zoom) >> 16) > x + b->scroll)
        col--;
    return (uint32_t)(col < b->v->n ? col : b->v->n) & ~(b->bin - 1);
}

/* Steps are multiples of even use, in halves: 0, >0, 1/2, 1, 3/2, 2, 3, 4. */
static uint8_t level_of(uint64_t used, uint64_t even)
{
    static const uint8_t HALVES[] = { 1, 2, 3, 4, 6, 8 };
    uint8_t level = used > 0;
    while (level && level < 7 && 2 * used >= HALVES[level - 1] * even)
        level++;
    return level;
}

struct window {
    uint16_t *counts; /* [n_expert] */
    uint32_t from, end, known;
};

/* A column comes into the window or leaves it. */
static void count(const struct view_build *b, struct window *w, uint32_t col,
                  bool comes)
{
    const struct tarn_trace_info *i = &b->t->info;
    const uint16_t *ids, *gates;
    if (!tarn_trace_experts_of(b->t, b->v->tokens[col], &ids, &gates))
        return;
    ids += (size_t)b->o->layer * i->n_expert_used;
    for (uint32_t k = 0; k < i->n_expert_used; k++)
        if (ids[k] < i->n_expert)
            w->counts[ids[k]] =
                (uint16_t)(w->counts[ids[k]] + (comes ? 1 : -1));
    w->known += comes ? 1u : (uint32_t)-1;
}

static void slide(const struct view_build *b, struct window *w, uint32_t first)
{
    const uint32_t n = b->v->n, behind = first + b->bin + AROUND;
    const uint32_t from = first > AROUND ? first - AROUND : 0;
    const uint32_t end = behind < n ? behind : n;
    while (w->end < end)
        count(b, w, w->end++, true);
    while (w->from < from)
        count(b, w, w->from++, false);
}

static void one_layer(struct view_build *b, uint8_t *cells, int32_t width)
{
    const struct tarn_trace_info *i = &b->t->info;
    struct window w = { .counts = tarn_alloc(i->n_expert, sizeof *w.counts) };
    uint32_t done = UINT32_MAX;
    if (!w.counts) {
        b->l->failed = true;
        return;
    }
    w.from = w.end = b->first > AROUND ? b->first - AROUND : 0;
    for (int32_t x = 0; x < width; x++) {
        const uint32_t first = column_of(b, x);
        if (first >= b->v->n)
            break;
        if (first == done) { /* the same bin as the pixel before */
            for (uint32_t k = 0; k < i->n_expert; k++)
                cells[(size_t)k * (size_t)width + (size_t)x] =
                    cells[(size_t)k * (size_t)width + (size_t)x - 1];
            continue;
        }
        done = first;
        slide(b, &w, first);
        const uint64_t even = (uint64_t)w.known * i->n_expert_used;
        for (uint32_t k = 0; k < i->n_expert && w.known; k++)
            cells[(size_t)k * (size_t)width + (size_t)x] =
                level_of((uint64_t)w.counts[k] * i->n_expert, even);
    }
    tarn_free(w.counts);
}

/* How many experts of each layer a column shares with the one before it. */
struct reuse {
    uint32_t *sums;  /* [n_moe_layers] */
    uint64_t *masks; /* [n_moe_layers] of the column `at`, numbers below 64 */
    uint32_t at;     /* UINT32_MAX: none */
    uint32_t known;  /* columns in the sums */
};

uint32_t tarn_view_kept(const uint16_t *now, const uint16_t *before,
                        uint32_t used)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < used; k++)
        for (uint32_t m = 0; m < used; m++)
            n += now[k] == before[m];
    return n;
}

/* Makes col the one before; adds it to the sums if that was its neighbor. */
static void add_reuse(const struct view_build *b, uint32_t col, bool add,
                      struct reuse *r)
{
    const struct tarn_trace_info *i = &b->t->info;
    const uint32_t used = i->n_expert_used;
    const uint16_t *now, *before, *gates;
    if (!tarn_trace_experts_of(b->t, b->v->tokens[col], &now, &gates)) {
        r->at = UINT32_MAX;
        return;
    }
    add = add && col && r->at == col - 1;
    if (i->n_expert > 64) {
        if (add &&
            tarn_trace_experts_of(b->t, b->v->tokens[col - 1], &before, &gates))
            for (uint32_t k = 0; k < i->n_moe_layers; k++)
                r->sums[k] += tarn_view_kept(now + k * used,
                                             before + k * used, used);
    } else {
        for (uint32_t k = 0; k < i->n_moe_layers; k++) {
            const uint64_t old = r->masks[k];
            uint64_t mask = 0;
            uint32_t n = 0;
            for (uint32_t m = 0; m < used; m++, now++) {
                mask |= UINT64_C(1) << (*now & 63);
                n += (uint32_t)(old >> (*now & 63)) & 1;
            }
            r->masks[k] = mask;
            r->sums[k] += add ? n : 0;
        }
    }
    r->known += add;
    r->at = col;
}

static void all_layers(struct view_build *b, uint8_t *cells, int32_t width)
{
    const struct tarn_trace_info *i = &b->t->info;
    struct reuse r = { .sums = tarn_alloc(i->n_moe_layers, sizeof *r.sums),
                       .masks = tarn_alloc(i->n_moe_layers, sizeof *r.masks),
                       .at = UINT32_MAX };
    uint32_t done = UINT32_MAX;
    const bool good = r.sums && r.masks;
    b->l->failed |= !good;
    for (int32_t x = 0; x < width && good; x++) {
        const uint32_t first = column_of(b, x);
        if (first >= b->v->n)
            break;
        if (first != done) {
            memset(r.sums, 0, i->n_moe_layers * sizeof *r.sums);
            r.known = 0;
            if (first && r.at != first - 1)
                add_reuse(b, first - 1, false, &r);
            for (uint32_t k = 0; k < b->bin && first + k < b->v->n; k++)
                add_reuse(b, first + k, true, &r);
        }
        done = first;
        const uint32_t all = r.known * i->n_expert_used;
        for (uint32_t k = 0; k < i->n_moe_layers && all; k++)
            cells[(size_t)k * (size_t)width + (size_t)x] =
                (uint8_t)((7 * r.sums[k] + all / 2) / all);
    }
    tarn_free(r.sums);
    tarn_free(r.masks);
}

void tarn_view_experts(struct view_build *b)
{
    const struct tarn_trace_info *i = &b->t->info;
    const bool all = b->o->layer < 0;
    const int32_t h = b->h[TARN_LANE_EXPERTS];
    const uint32_t rows = all ? i->n_moe_layers : i->n_expert;
    int32_t width = tarn_view_x(b, b->v->n) - b->x0;
    if (!h || !b->t->room_experts || !b->v->n || rows > MOST_EXPERTS ||
        b->o->layer >= (int32_t)i->n_moe_layers)
        return;
    if (width > b->x1 - b->x0)
        width = b->x1 - b->x0;
    if (width < 1)
        return;
    const size_t size = (size_t)width * rows;
    struct tarn_view_item *k =
        tarn_view_box(b, TARN_VIEW_HEAT, TARN_LANE_EXPERTS, TARN_ROLE_HEAT,
                      b->x0, b->y[TARN_LANE_EXPERTS], width, h);
    k->n = rows;
    k->at = 0;
    k->size = (uint32_t)size;
    uint8_t *cells = tarn_alloc(size, 1);
    if (!cells) {
        b->l->failed = true;
        return;
    }
    if (all)
        all_layers(b, cells, width);
    else
        one_layer(b, cells, width);
    tarn_buf_add(&b->l->cells, cells, size);
    tarn_free(cells);
}
