/* view.c - columns and their sums, the lanes' places, the inverse. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/trace/view_impl.h"

/* ----------------------------------------------------------------- columns */
enum tarn_status tarn_trace_view_create(const struct tarn_trace *t,
                                        struct tarn_trace_view **out,
                                        struct tarn_error *err)
{
    struct tarn_trace_view *v = tarn_alloc(1, sizeof *v);
    if (v)
        v->t = t;
    if (!v || !tarn_trace_view_update(v)) {
        tarn_trace_view_destroy(v);
        return tarn_fail(err, TARN_NO_MEMORY, "no memory to show the trace");
    }
    *out = v;
    return TARN_OK;
}

void tarn_trace_view_destroy(struct tarn_trace_view *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < VIEW_LEVELS; i++)
        tarn_free(v->sums[i]);
    tarn_free(v->tokens);
    tarn_free(v);
}

/* 8 times the binary logarithm, rounded down by pieces of straight line. */
static uint32_t log8(uint64_t us)
{
    uint32_t k = 0;
    while (us >> (k + 1))
        k++;
    return us ? 8 * k + (uint32_t)((us << 3 >> k) & 7) : 0;
}

int32_t tarn_view_log(uint64_t us, int32_t height)
{
    /* 256 log2(us / 1000) over 256 log2(10^4) = 3402 */
    if (us <= 1000)
        return 0;
    uint32_t k = 0;
    while (us >> (k + 1))
        k++;
    const int64_t log =
        256 * (int64_t)k + (int64_t)((us << 8 >> k) & 255) - 2551;
    const int64_t h = (log < 0 ? 0 : log) * height / 3402;
    return (int32_t)(h < height ? h : height);
}

uint64_t tarn_view_us(const struct tarn_trace *t, uint32_t token)
{
    if (token)
        return t->tokens[token].us - t->tokens[token - 1].us;
    return t->n_spans && t->tokens[0].us > t->spans[0].begin_us
               ? t->tokens[0].us - t->spans[0].begin_us
               : 0;
}

static struct view_sum sum_of(const struct tarn_trace *t, uint32_t token)
{
    const struct tarn_trace_token *k = &t->tokens[token];
    const uint64_t us = tarn_view_us(t, token);
    const uint16_t h = (uint16_t)(k->entropy_bits * 256 + 0.5f);
    const uint32_t small = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
    return (struct view_sum){
        .h_min = h,
        .h_max = h,
        .h_sum = h,
        .p_min = (uint16_t)((k->p < 1 ? k->p : 1) * 65535 + 0.5f),
        .forks = tarn_trace_is_fork(t, token),
        .us_max = small,
        .us_sum = small
    };
}

static struct view_sum joined(const struct view_sum *a,
                              const struct view_sum *b)
{
    const uint64_t us = (uint64_t)a->us_sum + b->us_sum;
    const uint32_t forks = (uint32_t)a->forks + b->forks;
    return (struct view_sum){
        .h_min = a->h_min < b->h_min ? a->h_min : b->h_min,
        .h_max = a->h_max > b->h_max ? a->h_max : b->h_max,
        .h_sum = a->h_sum + b->h_sum,
        .p_min = a->p_min < b->p_min ? a->p_min : b->p_min,
        .forks = (uint16_t)(forks < UINT16_MAX ? forks : UINT16_MAX),
        .us_max = a->us_max > b->us_max ? a->us_max : b->us_max,
        .us_sum = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX
    };
}

static bool room_for(struct tarn_trace_view *v, uint32_t level, uint32_t n)
{
    if (n < v->room_sums[level])
        return true;
    const uint32_t room = v->room_sums[level] ? v->room_sums[level] * 2 : 64;
    struct view_sum *grown =
        tarn_realloc(v->sums[level], v->room_sums[level], room, sizeof *grown);
    if (!grown)
        return false;
    v->sums[level] = grown;
    v->room_sums[level] = room;
    return true;
}

/* A column at the end; each level above grows when two below are whole. */
static bool add_column(struct tarn_trace_view *v, uint32_t token)
{
    if (v->n == v->room) {
        const uint32_t room = v->room ? v->room * 2 : 256;
        uint32_t *grown = tarn_realloc(v->tokens, v->room, room, sizeof *grown);
        if (!grown)
            return false;
        v->tokens = grown;
        v->room = room;
    }
    struct view_sum s = sum_of(v->t, token);
    uint32_t at = v->n;
    for (uint32_t level = 0; level < VIEW_LEVELS; level++) {
        if (!room_for(v, level, at))
            return false;
        v->sums[level][at] = s;
        if (!(at & 1))
            break;
        s = joined(&v->sums[level][at - 1], &s);
        at >>= 1;
    }
    v->times[log8(v->sums[0][v->n].us_max)]++;
    v->tokens[v->n++] = token;
    return true;
}

bool tarn_trace_view_update(struct tarn_trace_view *v)
{
    const struct tarn_trace *t = v->t;
    if (t->n_loops != v->n_loops || t->n_edits != v->n_edits) {
        v->n = v->seen = 0; /* some columns are gone: all anew */
        v->n_loops = t->n_loops;
        v->n_edits = t->n_edits;
        memset(v->times, 0, sizeof v->times);
    }
    for (; v->seen < t->n_tokens && !v->failed; v->seen++)
        if (!(t->tokens[v->seen].flags & TARN_TRACE_WITHDRAWN))
            v->failed = !add_column(v, v->seen);
    return !v->failed;
}

uint32_t tarn_trace_view_columns(const struct tarn_trace_view *v)
{
    return v->n;
}

uint32_t tarn_trace_view_token(const struct tarn_trace_view *v, uint32_t col)
{
    return col < v->n ? v->tokens[col] : TARN_VIEW_NOTHING;
}

uint32_t tarn_trace_view_column(const struct tarn_trace_view *v, uint32_t token)
{
    uint32_t lo = 0, hi = v->n;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (v->tokens[mid] < token)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct view_sum tarn_view_sum(const struct tarn_trace_view *v, uint32_t first,
                              uint32_t n)
{
    uint32_t level = 0;
    while (n >> (level + 1))
        level++;
    if (first + n <= v->n && level < VIEW_LEVELS)
        return v->sums[level][first >> level];
    /* the last one is not whole: from the largest pieces that are */
    struct view_sum s = v->sums[0][first];
    bool any = false;
    while (first < v->n) {
        level = 0;
        while (level + 1 < VIEW_LEVELS && !(first & ((2u << level) - 1)) &&
               first + (2u << level) <= v->n)
            level++;
        const struct view_sum *p = &v->sums[level][first >> level];
        s = any ? joined(&s, p) : *p;
        any = true;
        first += 1u << level;
    }
    return s;
}

/* ------------------------------------------------------------------- layout */
static uint32_t choose_zoom(const struct view_build *b, uint32_t asked)
{
    const uint64_t plot = (uint64_t)(b->x1 - b->x0);
    if (asked)
        return asked < TARN_ZOOM_MOST ? asked : TARN_ZOOM_MOST;
    const uint64_t fit = (plot << 16) / (b->v->n ? b->v->n : 1);
    const uint64_t most = 24 * TARN_ZOOM_ONE; /* three tokens are no posters */
    return (uint32_t)(fit < 1 ? 1 : fit < most ? fit : most);
}

static void place_lanes(struct view_build *b)
{
    static const int32_t HEIGHTS[TARN_N_LANES] = { 20, 16, 16,  72, 18, 18,
                                                   40, 24, 128, 32, 16, 20,
                                                   0 };
    const struct tarn_trace *t = b->t;
    int32_t y = 0;
    for (uint32_t i = 0; i < TARN_LANE_CROSS; i++) {
        int32_t h = HEIGHTS[i];
        if (i == TARN_LANE_OTHERS && b->zoom >= 20 * TARN_ZOOM_ONE)
            h = b->zoom >= 72 * TARN_ZOOM_ONE ? 54 : 36;
        if (i == TARN_LANE_EXPERTS && !t->room_experts)
            h = 16;
        else if (i == TARN_LANE_EXPERTS && b->o->layer < 0)
            h = 4 * (int32_t)t->info.n_moe_layers;
        else if (i == TARN_LANE_EXPERTS)
            h = t->info.n_expert <= 64 ? 4 * (int32_t)t->info.n_expert : 128;
        if (i == TARN_LANE_EXPERTS && t->room_experts && h < 32)
            h = 32;
        const bool group = i >= TARN_LANE_STEPS && i != TARN_LANE_HESITATION &&
                           i != TARN_LANE_LOOP;
        b->h[i] = b->o->hidden & 1u << i ? 0 : h;
        y += b->h[i] && group ? VIEW_GAP : 0;
        b->y[i] = y;
        y += b->h[i];
    }
    b->height = y + 2;
}

static uint64_t find_slow(const struct tarn_trace_view *v)
{
    uint32_t n = 0, i = 0;
    while (i < 255 && (n += v->times[i]) * 2 < v->n)
        i++;
    /* the piece of straight line backwards: 2^k (1 + f / 8), and 4 times it */
    return v->n ? ((UINT64_C(8) + (i & 7)) << (i >> 3) >> 3) * 4 : UINT64_MAX;
}

bool tarn_view_is_slow(const struct tarn_trace_view *v, uint32_t token)
{
    return token < v->t->n_tokens &&
           tarn_view_us(v->t, token) > find_slow(v);
}

void tarn_view_lay_out(struct view_build *b, const struct tarn_trace_view *v,
                       const struct tarn_view_options *o)
{
    *b = (struct view_build){ .v = v,
                              .t = v->t,
                              .o = o,
                              .x0 = VIEW_GUTTER,
                              .x1 = o->width - VIEW_SCALE };
    if (b->x1 < b->x0 + 40)
        b->x1 = b->x0 + 40;
    b->zoom = choose_zoom(b, o->zoom);
    place_lanes(b);
    const int64_t plot = b->x1 - b->x0;
    const int64_t content = (int64_t)(((uint64_t)v->n * b->zoom) >> 16);
    const int64_t most = content > plot ? content - plot : 0;
    b->scroll = o->scroll < 0 ? 0 : o->scroll < most ? o->scroll : most;
    b->bin = 1;
    if (b->zoom < TARN_ZOOM_ONE + TARN_ZOOM_ONE / 2)
        while ((uint64_t)b->bin * b->zoom < 2 * TARN_ZOOM_ONE) {
            b->bin <<= 1;
            b->level++;
        }
    const uint64_t first = ((uint64_t)b->scroll << 16) / b->zoom;
    const uint64_t end = ((uint64_t)(b->scroll + plot) << 16) / b->zoom + 1;
    b->first = (uint32_t)(first < v->n ? first : v->n) & ~(b->bin - 1);
    b->end = (uint32_t)(end < v->n ? end : v->n);
    b->slow_us = find_slow(v);
}

int32_t tarn_view_x(const struct view_build *b, uint32_t col)
{
    const int64_t x = (int64_t)(((uint64_t)col * b->zoom) >> 16) - b->scroll;
    const int64_t most = 1 << 28;
    return b->x0 + (int32_t)(x < -most ? -most : x > most ? most : x);
}

/* --------------------------------------------------------------------- items
 */
struct tarn_view_item *tarn_view_add(struct view_build *b,
                                     enum tarn_view_kind kind,
                                     enum tarn_view_lane lane,
                                     enum tarn_view_role role)
{
    struct tarn_view_list *l = b->l;
    if (l->n == l->room && !l->failed) {
        const size_t room = l->room ? l->room * 2 : 512;
        struct tarn_view_item *grown =
            tarn_realloc(l->items, l->room, room, sizeof *grown);
        l->failed = !grown;
        if (grown) {
            l->items = grown;
            l->room = room;
        }
    }
    if (l->failed)
        return &b->nowhere;
    struct tarn_view_item *k = &l->items[l->n++];
    *k = (struct tarn_view_item){ .kind = (uint8_t)kind,
                                  .lane = (uint8_t)lane,
                                  .role = (uint8_t)role,
                                  .token = TARN_VIEW_NOTHING };
    return k;
}

struct tarn_view_item *tarn_view_box(struct view_build *b,
                                     enum tarn_view_kind kind,
                                     enum tarn_view_lane lane,
                                     enum tarn_view_role role, int32_t x,
                                     int32_t y, int32_t w, int32_t h)
{
    struct tarn_view_item *k = tarn_view_add(b, kind, lane, role);
    k->x = x;
    k->y = y;
    k->w = w;
    k->h = h;
    return k;
}

struct tarn_view_item *tarn_view_text(struct view_build *b,
                                      enum tarn_view_kind kind,
                                      enum tarn_view_lane lane, int32_t x,
                                      int32_t y, int32_t w, const char *text)
{
    struct tarn_view_item *k =
        tarn_view_box(b, kind, lane, TARN_ROLE_SOFT, x, y, w, 16);
    k->at = (uint32_t)b->l->text.size;
    k->size = (uint32_t)strlen(text);
    tarn_buf_add(&b->l->text, text, k->size);
    return k;
}

void tarn_trace_view_list(const struct tarn_trace_view *v,
                          const struct tarn_view_options *o,
                          struct tarn_view_list *l)
{
    struct view_build b;
    tarn_view_lay_out(&b, v, o);
    l->n = 0;
    l->failed = false;
    tarn_buf_clear(&l->text);
    tarn_buf_clear(&l->cells);
    b.l = l;
    l->width = b.x1 + VIEW_SCALE;
    l->height = b.height;
    l->plot_x = b.x0;
    l->plot_w = b.x1 - b.x0;
    l->content = (int64_t)(((uint64_t)v->n * b.zoom) >> 16);
    l->zoom = b.zoom;
    l->scroll = b.scroll;
    tarn_view_frame(&b);
    tarn_view_experts(&b);
    tarn_view_bars(&b);
    tarn_view_marks(&b);
    tarn_view_state(&b);
    tarn_view_cross(&b);
    l->failed |= l->text.failed || l->cells.failed;
}

void tarn_view_list_finish(struct tarn_view_list *l)
{
    tarn_free(l->items);
    tarn_buf_finish(&l->text);
    tarn_buf_finish(&l->cells);
    *l = (struct tarn_view_list){ .n = 0 };
}

/* ------------------------------------------------------------------ inverse */
static uint32_t lane_at(const struct view_build *b, int32_t y)
{
    for (uint32_t i = 0; i < TARN_LANE_CROSS; i++)
        if (b->h[i] && y >= b->y[i] && y < b->y[i] + b->h[i])
            return i;
    return TARN_LANE_NONE;
}

static void find_expert(const struct view_build *b, int32_t y,
                        struct tarn_view_point *p)
{
    const int32_t h = b->h[TARN_LANE_EXPERTS], at = y - b->y[TARN_LANE_EXPERTS];
    if (!b->t->room_experts)
        return;
    if (b->o->layer < 0) {
        p->layer = (uint32_t)((int64_t)at * b->t->info.n_moe_layers / h);
    } else {
        p->layer = (uint32_t)b->o->layer;
        p->expert = (uint32_t)((int64_t)at * b->t->info.n_expert / h);
    }
}

struct tarn_view_point tarn_trace_view_at(const struct tarn_trace_view *v,
                                          const struct tarn_view_options *o,
                                          int32_t x, int32_t y)
{
    struct view_build b;
    struct tarn_view_point p = { TARN_LANE_NONE,    TARN_VIEW_NOTHING,
                                 TARN_VIEW_NOTHING, 0,
                                 TARN_VIEW_NOTHING, TARN_VIEW_NOTHING,
                                 TARN_VIEW_NOTHING, TARN_VIEW_NOTHING };
    tarn_view_lay_out(&b, v, o);
    p.lane = lane_at(&b, y);
    if (x < b.x0 || x >= b.x1)
        return p;
    /* the last column that begins at or before x */
    uint64_t col = (((uint64_t)(x - b.x0 + b.scroll) + 1) << 16) / b.zoom;
    while (col && (int64_t)((col * b.zoom) >> 16) > x - b.x0 + b.scroll)
        col--;
    if ((col & ~(uint64_t)(b.bin - 1)) >= v->n)
        return p;
    col = col < v->n ? col : v->n - 1; /* the last bin is painted whole */
    const uint32_t first = (uint32_t)col & ~(b.bin - 1);
    p.first = v->tokens[first];
    p.n = first + b.bin <= v->n ? b.bin : v->n - first;
    p.token = v->tokens[col];
    p.step = tarn_view_step(v->t, p.token);
    if (p.lane == TARN_LANE_OTHERS && b.bin == 1)
        p.candidate = tarn_view_candidate(&b, (uint32_t)col, y);
    if (p.lane == TARN_LANE_EXPERTS)
        find_expert(&b, y, &p);
    return p;
}
