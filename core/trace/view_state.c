/* view_state.c - the lane of the state: what pages and tails take, in steps at
 * the borders of pages; in it the line of the positions that are used; a fall
 * where something was taken back. */
#include <stdio.h>

#include "core/base/error.h"
#include "core/trace/view_impl.h"

/* The lane's scale: pages up to a power of two that the turn never leaves. */
struct scale {
    uint32_t before, page; /* positions: of the prompt, of a page */
    uint64_t page_bytes, tails, top; /* bytes; top: at the upper edge */
};

static bool find_scale(const struct view_build *b, struct scale *s)
{
    const struct tarn_trace *t = b->t;
    struct tarn_trace_state at;
    uint32_t most = b->v->n;
    if (!tarn_trace_state(t, 0, &at))
        return false;
    s->before = at.used;
    for (size_t i = 0; i < t->n_loops; i++) {
        const uint32_t high =
            tarn_trace_view_column(b->v, t->loops[i].first) + t->loops[i].n;
        most = most > high ? most : high;
    }
    tarn_trace_state(t, most, &at);
    s->page = t->turn.page_tokens;
    s->page_bytes = t->turn.page_bytes;
    s->tails = t->turn.tail_bytes;
    uint64_t pages = 1;
    while (pages < at.pages)
        pages *= 2;
    s->top = s->tails + pages * s->page_bytes;
    s->top += !s->top;
    return true;
}

static int32_t height(const struct view_build *b, const struct scale *s,
                      uint64_t bytes)
{
    const uint64_t h = (uint64_t)b->h[TARN_LANE_STATE];
    return (int32_t)(bytes < s->top ? bytes * h / s->top : h);
}

/* Where the line of what is used stands above the foot: positions before a
 * column. */
static int32_t used(const struct view_build *b, const struct scale *s,
                    uint32_t col)
{
    const uint64_t n = (uint64_t)s->before + col;
    const int32_t most = b->h[TARN_LANE_STATE] - 1;
    const int32_t h = height(b, s, s->tails + n * s->page_bytes / s->page);
    return h < most ? h : most;
}

static void label(struct view_build *b, int32_t x, int32_t w, const char *text,
                  enum tarn_view_role role)
{
    tarn_view_text(b, TARN_VIEW_TEXT, TARN_LANE_STATE, x, b->y[TARN_LANE_STATE],
                   w, text)
        ->role = (uint8_t)role;
}

/* The lane is too low for a unit below its name: it stands beside it. */
static void name(struct view_build *b, const struct scale *s)
{
    const bool kilo = s->top < 1000000, giga = s->top >= UINT64_C(9999500000);
    const uint64_t unit = kilo ? 1000 : giga ? 1000000000 : 1000000;
    char text[24];
    label(b, 0, VIEW_GUTTER,
          kilo   ? "state, kB"
          : giga ? "state, GB"
                 : "state, MB",
          TARN_ROLE_SOFT);
    snprintf(text, sizeof text, "%u", (unsigned)((s->top + unit / 2) / unit));
    label(b, b->x1 + 6, VIEW_SCALE - 6, text, TARN_ROLE_FAINT);
}

static int32_t within(const struct view_build *b, int32_t x)
{
    return x < b->x0 ? b->x0 : x < b->x1 ? x : b->x1;
}

/* Columns [from, to): the page that they lie in, or several below 1 px. */
static void step(struct view_build *b, const struct scale *s, uint32_t from,
                 uint32_t to)
{
    const int32_t foot = b->y[TARN_LANE_STATE] + b->h[TARN_LANE_STATE];
    const int32_t x = within(b, tarn_view_x(b, from));
    const int32_t end = within(b, tarn_view_x(b, to));
    struct tarn_trace_state at;
    if (end <= x)
        return;
    tarn_trace_state(b->t, to, &at);
    int32_t h = height(b, s, at.bytes);
    h = h > 1 ? h : 1;
    struct tarn_view_item *k =
        tarn_view_box(b, TARN_VIEW_BAR, TARN_LANE_STATE, TARN_ROLE_LINE, x,
                      foot - h, end - x, h);
    k->edge = TARN_ROLE_SOFT;
    k->token = b->v->tokens[from];
    k->n = to - from;
    const int32_t y = foot - 1 - used(b, s, from);
    const int32_t last = foot - 1 - used(b, s, to);
    k = tarn_view_box(b, TARN_VIEW_LINE, TARN_LANE_STATE, TARN_ROLE_INK, x, y,
                      end - x, last - y);
    k->token = b->v->tokens[from];
    k->n = to - from;
}

static void steps(struct view_build *b, const struct scale *s)
{
    const uint64_t px = ((uint64_t)s->page * b->zoom) >> 16;
    const uint64_t pages = px ? 1 : 65536 / ((uint64_t)s->page * b->zoom) + 1;
    const uint64_t wide = pages * s->page, before = s->before;
    for (uint64_t col = b->first; col < b->end;) {
        uint64_t to = ((before + col) / wide + 1) * wide - before;
        to = to < b->end ? to : b->end;
        step(b, s, (uint32_t)col, (uint32_t)to);
        col = to;
    }
}

static void falls(struct view_build *b, const struct scale *s)
{
    const struct tarn_trace *t = b->t;
    const int32_t top = b->y[TARN_LANE_STATE];
    const int32_t foot = top + b->h[TARN_LANE_STATE];
    int32_t last = b->x0 - 1;
    for (size_t i = 0; i < t->n_loops; i++) {
        const uint32_t col = tarn_trace_view_column(b->v, t->loops[i].first);
        const int32_t x = tarn_view_x(b, col);
        if (x <= last || x >= b->x1)
            continue;
        last = x;
        const int32_t low = used(b, s, col);
        int32_t h = used(b, s, col + t->loops[i].n) - low, y = foot - low;
        h = h > 3 ? h : 3; /* a small one is seen as well */
        y = y - h > top ? y - h : top;
        struct tarn_view_item *k =
            tarn_view_box(b, TARN_VIEW_RECT, TARN_LANE_STATE, TARN_ROLE_ACCENT,
                          x, y, 2, h);
        k->token = t->loops[i].first;
        k->n = t->loops[i].n;
    }
}

void tarn_view_state(struct view_build *b)
{
    struct scale s = { .page = 0 };
    if (!b->h[TARN_LANE_STATE])
        return;
    if (!find_scale(b, &s)) {
        label(b, 0, VIEW_GUTTER, "state", TARN_ROLE_SOFT);
        tarn_view_missing(b, TARN_LANE_STATE);
        return;
    }
    name(b, &s);
    steps(b, &s);
    falls(b, &s);
}

void tarn_view_tell_state(const struct tarn_trace *t, uint32_t token,
                          struct tarn_buf *out)
{
    struct tarn_trace_state s;
    uint32_t kept = 0;
    if (token >= t->n_tokens ||
        t->tokens[token].flags & TARN_TRACE_WITHDRAWN)
        return;
    for (uint32_t i = 0; i <= token; i++)
        kept += !(t->tokens[i].flags & TARN_TRACE_WITHDRAWN);
    if (!tarn_trace_state(t, kept, &s))
        return;
    tarn_buf_text(out, ", ");
    tarn_trace_state_line(&s, out);
}
