/* view_marks.c - what stands around the bars: gutters and scales, spans, steps,
 * hesitations, circles, the ruler, the line of the selected token. */
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/trace/view_impl.h"

/* ------------------------------------------------------------------- frame */
static void name_lane(struct view_build *b, enum tarn_view_lane lane,
                      const char *name, const char *unit)
{
    if (!b->h[lane])
        return;
    tarn_view_text(b, TARN_VIEW_TEXT, lane, 0, b->y[lane], VIEW_GUTTER, name);
    if (unit && b->h[lane] >= 30)
        tarn_view_text(b, TARN_VIEW_TEXT, lane, 0, b->y[lane] + 14,
                       VIEW_GUTTER - 6, unit)
            ->role = TARN_ROLE_FAINT;
}

void tarn_view_missing(struct view_build *b, enum tarn_view_lane lane)
{
    if (b->h[lane])
        tarn_view_text(b, TARN_VIEW_TEXT, lane, b->x0, b->y[lane],
                       b->x1 - b->x0, "not recorded")
            ->role = TARN_ROLE_FAINT;
}

static void scale(struct view_build *b, enum tarn_view_lane lane, int32_t y,
                  const char *text, bool line)
{
    if (!b->h[lane])
        return;
    tarn_view_text(b, TARN_VIEW_TEXT, lane, b->x1 + 6, b->y[lane] + y - 8,
                   VIEW_SCALE - 6, text)
        ->role = TARN_ROLE_FAINT;
    if (line)
        tarn_view_box(b, TARN_VIEW_RECT, lane, TARN_ROLE_LINE, b->x0,
                      b->y[lane] + y, b->x1 - b->x0, 1);
}

/* 1, 2 or 5 times a power of ten, at least 50 px apart. */
static uint32_t ruler_step(const struct view_build *b)
{
    static const uint32_t FACTORS[] = { 1, 2, 5 };
    uint64_t step = 1;
    for (uint32_t i = 0; step * b->zoom < UINT64_C(50) << 16 && i < 27; i++) {
        step = FACTORS[(i + 1) % 3];
        for (uint32_t k = 0; k < (i + 1) / 3; k++)
            step *= 10;
    }
    return (uint32_t)step;
}

static void ruler(struct view_build *b)
{
    const uint32_t step = ruler_step(b), small = step >= 5 ? step / 5 : step;
    const int32_t y = b->y[TARN_LANE_RULER];
    char text[16];
    if (!b->h[TARN_LANE_RULER])
        return;
    for (uint32_t col = b->first - b->first % small; col < b->end;
         col += small) {
        const int32_t x = tarn_view_x(b, col);
        if (x < b->x0 || x >= b->x1)
            continue;
        const bool whole = col % step == 0;
        tarn_view_box(b, TARN_VIEW_RECT, TARN_LANE_RULER,
                      whole ? TARN_ROLE_SOFT : TARN_ROLE_LINE, x, y, 1,
                      whole ? 5 : 3);
        if (!whole)
            continue;
        snprintf(text, sizeof text, "%u", col);
        struct tarn_view_item *k = tarn_view_text(
            b, TARN_VIEW_TEXT, TARN_LANE_RULER, x - 24, y + 4, 48, text);
        k->role = TARN_ROLE_FAINT;
        k->detail = TARN_ANCHOR_MIDDLE;
    }
}

void tarn_view_frame(struct view_build *b)
{
    char text[40];
    const struct tarn_trace_info *i = &b->t->info;
    name_lane(b, TARN_LANE_SPANS, "spans", NULL);
    name_lane(b, TARN_LANE_STEPS, "steps", NULL);
    name_lane(b, TARN_LANE_ENTROPY, "entropy", "bits");
    name_lane(b, TARN_LANE_HESITATION, "hesitation", NULL);
    name_lane(b, TARN_LANE_LOOP, "loop", NULL);
    name_lane(b, TARN_LANE_CHOSEN, "chosen", "%");
    name_lane(b, TARN_LANE_OTHERS, "others", NULL);
    if (b->o->layer < 0)
        snprintf(text, sizeof text, "reuse");
    else
        snprintf(text, sizeof text, "layer %d", b->o->layer + 1);
    name_lane(b, TARN_LANE_EXPERTS, "experts", text);
    name_lane(b, TARN_LANE_TIME, "time", "ms, log");
    name_lane(b, TARN_LANE_RULER, "token", NULL);
    scale(b, TARN_LANE_ENTROPY, 0, "4", true);
    scale(b, TARN_LANE_ENTROPY, 36, "2", true);
    scale(b, TARN_LANE_ENTROPY, 71, "0", true);
    scale(b, TARN_LANE_CHOSEN, 0, "100", true);
    scale(b, TARN_LANE_CHOSEN, 39, "0", true);
    scale(b, TARN_LANE_TIME, 0, "10 s", true);
    scale(b, TARN_LANE_TIME, 31, "1 ms", true);
    if (b->t->room_experts) {
        scale(b, TARN_LANE_EXPERTS, 8, "1", false);
        snprintf(text, sizeof text, "%u",
                 b->o->layer < 0 ? i->n_moe_layers : i->n_expert);
        scale(b, TARN_LANE_EXPERTS, b->h[TARN_LANE_EXPERTS] - 8, text, false);
    } else {
        tarn_view_missing(b, TARN_LANE_EXPERTS);
    }
    ruler(b);
}

/* ------------------------------------------------------------------- marks */
struct place {
    int32_t x, end; /* within the plot */
    bool seen;
};

/* Tokens [first, first + n) of the record. */
static struct place place_of(const struct view_build *b, uint32_t first,
                             uint32_t n)
{
    const uint32_t from = tarn_trace_view_column(b->v, first);
    const uint32_t to = tarn_trace_view_column(b->v, first + n);
    struct place p = { tarn_view_x(b, from), tarn_view_x(b, to), false };
    p.seen = p.end > b->x0 && p.x < b->x1 && from < b->v->n;
    p.x = p.x > b->x0 ? p.x : b->x0;
    p.end = p.end < b->x1 ? p.end : b->x1;
    return p;
}

static void name_span(struct view_build *b, const struct place *p,
                      enum tarn_span_kind kind, int32_t *free_x)
{
    static const char *const WORDS[] = { "", "Thought", "Answer", "Call" };
    static const char *const LETTERS[] = { "", "T", "A", "C" };
    const int32_t w = p->end - p->x, y = b->y[TARN_LANE_SPANS];
    if (w >= 90) {
        tarn_view_text(b, TARN_VIEW_CHIP, TARN_LANE_SPANS, p->x + 1, y + 1, 58,
                       WORDS[kind])
            ->h = 14;
    } else if (w >= 18) {
        tarn_view_text(b, TARN_VIEW_CHIP, TARN_LANE_SPANS, p->x + 1, y + 1, 14,
                       LETTERS[kind])
            ->h = 14;
    } else if (p->x >= *free_x && b->h[TARN_LANE_HEAD]) {
        tarn_view_text(b, TARN_VIEW_TEXT, TARN_LANE_HEAD, p->x,
                       b->y[TARN_LANE_HEAD] + 2, 14, LETTERS[kind]);
        *free_x = p->x + 12;
    }
}

static void spans(struct view_build *b)
{
    static const uint8_t ROLES[] = { 0, TARN_ROLE_THOUGHT, TARN_ROLE_ANSWER,
                                     TARN_ROLE_CALL };
    static const uint8_t PATTERNS[] = { 0, TARN_PATTERN_HATCH,
                                        TARN_PATTERN_SOLID, TARN_PATTERN_BARS };
    const struct tarn_trace *t = b->t;
    int32_t end = INT32_MIN, call = INT32_MIN, free_x = INT32_MIN;
    for (size_t i = 0; i < t->n_spans && b->h[TARN_LANE_SPANS]; i++) {
        const struct tarn_trace_span *s = &t->spans[i];
        const uint32_t n = s->open ? (uint32_t)t->n_tokens - s->first : s->n;
        struct place p = place_of(b, s->first, n);
        const bool is_call = s->kind == TARN_SPAN_CALL;
        if (is_call && p.seen && p.end < p.x + 3)
            p.end = p.x + 3;
        if (!p.seen || p.end <= p.x)
            continue;
        /* at most one band and one call begin at a pixel */
        if (is_call ? p.x <= call : p.end <= end)
            continue;
        struct tarn_view_item *k =
            tarn_view_box(b, TARN_VIEW_BAND, TARN_LANE_SPANS, ROLES[s->kind],
                          p.x, b->y[TARN_LANE_SPANS], p.end - p.x, 16);
        k->detail = PATTERNS[s->kind];
        k->token = s->first;
        k->n = n;
        if (is_call)
            call = p.x;
        else
            end = p.end;
        name_span(b, &p, (enum tarn_span_kind)s->kind, &free_x);
    }
}

/* The first step that can be seen. */
static size_t first_step(const struct view_build *b)
{
    size_t lo = 0, hi = b->t->n_steps;
    const uint32_t token = b->first < b->v->n ? b->v->tokens[b->first] : 0;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (b->t->steps[mid].first <= token)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? lo - 1 : 0;
}

/* A title without what a line can't hold. */
static void put_title(struct view_build *b, int32_t x, int32_t w,
                      const struct tarn_trace_title *title, size_t number)
{
    char line[160];
    int n = snprintf(line, sizeof line, "%zu %s", number, title->text);
    if (n < 0 || (size_t)n >= sizeof line)
        n = (int)sizeof line - 1;
    for (int i = 0; i < n; i++)
        if (line[i] >= '\t' && line[i] <= '\r')
            line[i] = ' ';
    const struct tarn_shown shown = tarn_shown(line, (size_t)n);
    tarn_view_text(b, TARN_VIEW_TEXT, TARN_LANE_STEPS, x + 4,
                   b->y[TARN_LANE_STEPS], w - 6, shown.text);
}

static void steps(struct view_build *b)
{
    const struct tarn_trace *t = b->t;
    int32_t last = INT32_MIN, free_x = b->x0;
    for (size_t i = first_step(b); i < t->n_steps && b->h[TARN_LANE_STEPS];
         i++) {
        const uint32_t next = i + 1 < t->n_steps ? t->steps[i + 1].first
                                                 : (uint32_t)t->n_tokens;
        const int32_t x =
            tarn_view_x(b, tarn_trace_view_column(b->v, t->steps[i].first));
        const int32_t end = tarn_view_x(b, tarn_trace_view_column(b->v, next));
        if (x >= b->x1)
            break;
        if (x < b->x0 || x == last)
            continue;
        last = x;
        struct tarn_view_item *k =
            tarn_view_box(b, TARN_VIEW_RECT, TARN_LANE_STEPS, TARN_ROLE_SOFT, x,
                          b->y[TARN_LANE_STEPS] + 2, 1, 12);
        k->token = t->steps[i].first;
        k->n = t->steps[i].n;
        char number[16];
        const int n = snprintf(number, sizeof number, "%zu", i + 1);
        const int32_t w = (end < b->x1 ? end : b->x1) - x;
        if (w >= 60) {
            const struct tarn_trace_title title = tarn_trace_title(t, i);
            put_title(b, x, w, &title, i + 1);
            free_x = x + w;
        } else if (x >= free_x && w >= 7 * n + 6) {
            tarn_view_text(b, TARN_VIEW_TEXT, TARN_LANE_STEPS, x + 4,
                           b->y[TARN_LANE_STEPS], 7 * n + 4, number);
            free_x = x + 7 * n + 6;
        }
    }
}

static void hesitations(struct view_build *b)
{
    const struct tarn_trace *t = b->t;
    int32_t last = INT32_MIN;
    for (size_t i = 0; i < t->n_hesitations && b->h[TARN_LANE_HESITATION];
         i++) {
        const struct tarn_trace_hesitation *h = &t->hesitations[i];
        struct place p = place_of(b, h->first, h->last + 1 - h->first);
        if (!p.seen || p.x == last)
            continue;
        last = p.x;
        if (p.end < p.x + 3)
            p.end = p.x + 3;
        struct tarn_view_item *k = tarn_view_box(
            b, TARN_VIEW_BRACKET, TARN_LANE_HESITATION, TARN_ROLE_SOFT, p.x,
            b->y[TARN_LANE_HESITATION] + 2, p.end - p.x, 8);
        k->token = h->first;
        k->n = h->last + 1 - h->first;
    }
}

/* A siding: from the token gone back to, as long as what was taken back. */
static void loops(struct view_build *b)
{
    const struct tarn_trace *t = b->t;
    const int32_t y = b->y[TARN_LANE_LOOP];
    int32_t free_x = INT32_MIN;
    for (size_t i = 0; i < t->n_loops && b->h[TARN_LANE_LOOP]; i++) {
        const struct tarn_trace_loop *k = &t->loops[i];
        const int32_t x =
            tarn_view_x(b, tarn_trace_view_column(b->v, k->first));
        if (x < b->x0 || x >= b->x1 || x < free_x)
            continue;
        const int64_t full = (int64_t)(((uint64_t)k->n * b->zoom) >> 16);
        int32_t w = full < b->x1 - x ? (int32_t)full : b->x1 - x;
        w = w > 8 ? w : 8;
        char text[48];
        snprintf(text, sizeof text, "\u2702 %u taken back", k->n);
        const bool behind = x + w + 110 <= b->x1;
        tarn_view_box(b, TARN_VIEW_RECT, TARN_LANE_LOOP, TARN_ROLE_SOFT, x, y,
                      1, 9)
            ->token = k->first;
        struct tarn_view_item *line = tarn_view_box(
            b, TARN_VIEW_DASH, TARN_LANE_LOOP, TARN_ROLE_SOFT, x, y + 9, w, 0);
        line->token = k->first;
        line->n = k->n;
        if (!behind && x - 114 < b->x0) {
            free_x = x + w;
            continue;
        }
        struct tarn_view_item *said =
            tarn_view_text(b, TARN_VIEW_TEXT, TARN_LANE_LOOP,
                           behind ? x + w + 2 : x - 114, y, 110, text);
        said->detail = behind ? TARN_ANCHOR_START : TARN_ANCHOR_END;
        free_x = behind ? x + w + 112 : x + w;
    }
}

void tarn_view_marks(struct view_build *b)
{
    spans(b);
    steps(b);
    hesitations(b);
    loops(b);
}

/* ---------------------------------------------------------------- selected */
void tarn_view_cross(struct view_build *b)
{
    const uint32_t token = b->o->selected;
    char text[16];
    if (token >= b->t->n_tokens)
        return;
    const uint32_t col = tarn_trace_view_column(b->v, token);
    if (col >= b->v->n || b->v->tokens[col] != token)
        return;
    const int32_t half = (int32_t)(b->zoom >> 17);
    const int32_t x = tarn_view_x(b, col) + half;
    if (x < b->x0 || x >= b->x1)
        return;
    const int32_t top = b->y[TARN_LANE_HEAD] + b->h[TARN_LANE_HEAD];
    const int32_t steps_y = b->y[TARN_LANE_STEPS];
    const int32_t under = steps_y + b->h[TARN_LANE_STEPS];
    const int32_t end = b->y[TARN_LANE_RULER];
    struct tarn_view_item *k =
        tarn_view_box(b, TARN_VIEW_RECT, TARN_LANE_CROSS, TARN_ROLE_ACCENT, x,
                      top, 1, steps_y - top);
    k->token = token;
    k->n = 1;
    k = tarn_view_box(b, TARN_VIEW_RECT, TARN_LANE_CROSS, TARN_ROLE_ACCENT, x,
                      under, 1, end - under);
    k->token = token;
    k->n = 1;
    snprintf(text, sizeof text, "%u", col);
    const int32_t w = 14 + 7 * (int32_t)strlen(text);
    k = tarn_view_text(b, TARN_VIEW_FLAG, TARN_LANE_CROSS, x - w / 2,
                       b->y[TARN_LANE_HEAD] + 2, w, text);
    k->role = TARN_ROLE_ON_ACCENT;
    k->detail = TARN_ANCHOR_MIDDLE;
}
