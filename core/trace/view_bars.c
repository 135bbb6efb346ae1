/* view_bars.c - a bar per column or bin: entropy, what the chosen one lacks,
 * the others, the experts, the time. */
#include <string.h>

#include "core/base/error.h"
#include "core/trace/view_impl.h"

enum { MOST_BITS = 4 * 256 }; /* the entropy lane ends there */

unsigned tarn_view_ramp(float bits)
{
    static const float FROM[] = { 0.10f, 0.35f, 0.75f, 1.25f, 2.0f, 3.0f };
    unsigned level = 0;
    while (level < 6 && bits >= FROM[level])
        level++;
    return level;
}

unsigned tarn_view_rank(const struct tarn_trace_token *k)
{
    for (unsigned i = 0; i < 8; i++)
        if (k->best[i].id == k->id)
            return i + 1;
    return 0;
}

/* A bar: its pixels, its columns, their sum. */
struct bar {
    uint32_t col, n, token;
    int32_t x, w; /* painted: with a gap where there is room for one */
    struct view_sum s;
};

static struct bar bar_at(const struct view_build *b, uint32_t col)
{
    struct bar r = { .col = col, .token = b->v->tokens[col] };
    r.n = col + b->bin <= b->v->n ? b->bin : b->v->n - col;
    int32_t end = tarn_view_x(b, col + b->bin);
    r.x = tarn_view_x(b, col);
    if (b->zoom >= 6 * TARN_ZOOM_ONE)
        end--;
    r.x = r.x > b->x0 ? r.x : b->x0;
    end = end < b->x1 ? end : b->x1;
    r.w = end - r.x;
    r.s = b->bin == 1 ? b->v->sums[0][col] : tarn_view_sum(b->v, col, b->bin);
    return r;
}

static struct tarn_view_item *
put(struct view_build *b, const struct bar *r, enum tarn_view_kind kind,
    enum tarn_view_lane lane, enum tarn_view_role role, int32_t y, int32_t h)
{
    struct tarn_view_item *k =
        tarn_view_box(b, kind, lane, role, r->x, y, r->w, h);
    k->token = r->token;
    k->n = r->n;
    return k;
}

/* ------------------------------------------------------------------ entropy */
static int32_t entropy_height(uint32_t h256, int32_t height)
{
    const uint32_t h = h256 < MOST_BITS ? h256 : MOST_BITS;
    return (int32_t)(h * (uint32_t)height / MOST_BITS);
}

/* A_t at a column: the mean of 8 of the same span; -1: fewer. */
static int32_t mean_of_8(const struct view_build *b, uint32_t col)
{
    const struct tarn_trace_token *k = b->t->tokens;
    const uint32_t *tokens = b->v->tokens;
    uint32_t sum = 0;
    if (col < 7 || k[tokens[col]].span != TARN_SPAN_THOUGHT ||
        k[tokens[col - 7]].span != TARN_SPAN_THOUGHT)
        return -1;
    for (uint32_t i = col - 7; i <= col; i++)
        sum += b->v->sums[0][i].h_sum;
    return (int32_t)(sum / 8);
}

static void entropy(struct view_build *b, const struct bar *r, int32_t *last_x,
                    int32_t *last_y)
{
    const int32_t h = b->h[TARN_LANE_ENTROPY];
    const int32_t foot = b->y[TARN_LANE_ENTROPY] + h;
    if (!h)
        return;
    if (b->bin > 1 && r->s.h_max > r->s.h_min) {
        const int32_t top = entropy_height(r->s.h_max, h);
        const int32_t low = entropy_height(r->s.h_min, h);
        if (top > low)
            put(b, r, TARN_VIEW_RECT, TARN_LANE_ENTROPY, TARN_ROLE_LINE,
                foot - top, top - low);
    }
    const uint32_t mean = r->s.h_sum / r->n;
    const int32_t high = entropy_height(mean, h);
    const unsigned level = tarn_view_ramp((float)mean / 256);
    if (high > 0 && level > 0)
        put(b, r, TARN_VIEW_BAR, TARN_LANE_ENTROPY,
            (enum tarn_view_role)(TARN_ROLE_RAMP + level), foot - high, high)
            ->edge = TARN_ROLE_RAMP_EDGE;
    if (b->bin == 1 && r->s.h_max > MOST_BITS)
        put(b, r, TARN_VIEW_RECT, TARN_LANE_ENTROPY, TARN_ROLE_INK,
            foot - h - 2, 2);
    const int32_t a = mean_of_8(b, r->col + r->n - 1);
    const int32_t x = r->x + r->w / 2,
                  y = foot - 1 - entropy_height(a > 0 ? (uint32_t)a : 0, h - 1);
    if (a >= 0 && *last_x > INT32_MIN && x > *last_x)
        tarn_view_box(b, TARN_VIEW_LINE, TARN_LANE_ENTROPY, TARN_ROLE_SOFT,
                      *last_x, *last_y, x - *last_x, y - *last_y);
    *last_x = a >= 0 ? x : INT32_MIN;
    *last_y = y;
}

/* ------------------------------------------------------------------- chosen */
static void chosen(struct view_build *b, const struct bar *r)
{
    const int32_t h = b->h[TARN_LANE_CHOSEN], y = b->y[TARN_LANE_CHOSEN];
    const struct tarn_trace_token *k = &b->t->tokens[r->token];
    const int32_t lacks =
        (int32_t)((65535u - r->s.p_min) * (uint32_t)h / 65535u);
    if (!h)
        return;
    if (b->bin == 1 && k->flags & TARN_TRACE_FORCED) {
        const int32_t w = r->w < 7 ? r->w : 7;
        struct tarn_view_item *f = put(b, r, TARN_VIEW_FORCED, TARN_LANE_CHOSEN,
                                       TARN_ROLE_ACCENT, y + 2, 7);
        f->w = w > 3 ? w : 3;
        return;
    }
    if (lacks > 0)
        put(b, r, TARN_VIEW_RECT, TARN_LANE_CHOSEN, TARN_ROLE_FAINT, y, lacks);
    if (b->bin == 1 && lacks > 0 && tarn_view_rank(k) != 1)
        put(b, r, TARN_VIEW_RECT, TARN_LANE_CHOSEN, TARN_ROLE_ACCENT,
            y + lacks - 1, 2);
}

/* ------------------------------------------------------------------- others */
uint32_t tarn_view_dots(const struct view_build *b)
{
    /* at most 4 items to a pixel, whatever the zoom */
    const uint32_t most = (uint32_t)(((uint64_t)b->zoom * 4) >> 16);
    return most < 8 ? most > 1 ? most - 1 : 0 : 7;
}

static bool shows_text(const struct view_build *b)
{
    return b->zoom >= 20 * TARN_ZOOM_ONE;
}

/* The height in the lane: less likely, lower. */
static int32_t dot_y(const struct view_build *b, float p)
{
    const int32_t h = b->h[TARN_LANE_OTHERS] - 6;
    return b->y[TARN_LANE_OTHERS] + 1 + (int32_t)((1 - p) * (float)h);
}

/* Walks over the candidates that are drawn: the n-th, or 8. */
static uint32_t next_other(const struct view_build *b,
                           const struct tarn_trace_token *k, uint32_t from)
{
    const float least = shows_text(b) ? 0.005f : 0.10f;
    while (from < 8 && (k->best[from].id < 0 || k->best[from].id == k->id ||
                        k->best[from].p < least))
        from++;
    return from;
}

/* Line feeds and tabs have signs of their own. */
static struct tarn_shown shown_word(const char *p, size_t size)
{
    char word[160];
    size_t n = 0;
    for (size_t i = 0; i < size && i < 48; i++) {
        const char *sign = p[i] == '\n'   ? "\u21b5"
                           : p[i] == '\t' ? "\u21e5"
                                          : NULL;
        if (sign)
            memcpy(word + n, sign, 3);
        else
            word[n] = p[i];
        n += sign ? 3 : 1;
    }
    return tarn_shown(word, n);
}

static uint32_t text_rows(const struct view_build *b)
{
    return b->zoom >= 72 * TARN_ZOOM_ONE ? 3 : 2;
}

static void other_texts(struct view_build *b, const struct bar *r)
{
    const struct tarn_trace_token *k = &b->t->tokens[r->token];
    uint32_t c = next_other(b, k, 0);
    for (uint32_t row = 0; row < text_rows(b) && c < 8; row++) {
        size_t size;
        const char *p = tarn_trace_piece(b->t, k->best[c].id, &size);
        const struct tarn_shown shown = shown_word(p, size);
        struct tarn_view_item *i = tarn_view_text(
            b, TARN_VIEW_TEXT, TARN_LANE_OTHERS, r->x,
            b->y[TARN_LANE_OTHERS] + 18 * (int32_t)row, r->w, shown.text);
        i->token = r->token;
        i->n = 1;
        i->role = TARN_ROLE_FAINT;
        c = next_other(b, k, c + 1);
    }
}

static void others(struct view_build *b, const struct bar *r)
{
    const struct tarn_trace_token *k = &b->t->tokens[r->token];
    const int32_t y = b->y[TARN_LANE_OTHERS];
    if (!b->h[TARN_LANE_OTHERS])
        return;
    if (b->bin > 1) { /* forks: their number as the dot's size */
        const int32_t d = r->s.forks > 7 ? 8 : (int32_t)r->s.forks + 1;
        if (r->s.forks) {
            struct tarn_view_item *i =
                put(b, r, TARN_VIEW_DOT, TARN_LANE_OTHERS, TARN_ROLE_ACCENT,
                    y + 12 - d / 2, d);
            i->x += (r->w - d) / 2;
            i->w = d;
        }
        return;
    }
    if (shows_text(b)) {
        other_texts(b, r);
        return;
    }
    const bool fork = r->s.forks > 0;
    const uint32_t most = tarn_view_dots(b);
    uint32_t c = next_other(b, k, 0);
    for (uint32_t n = 0; c < 8 && n < most; n++) {
        const int32_t d = fork && n == 0 ? 6 : 3;
        struct tarn_view_item *i =
            put(b, r, fork && n == 0 ? TARN_VIEW_RING : TARN_VIEW_DOT,
                TARN_LANE_OTHERS, fork ? TARN_ROLE_ACCENT : TARN_ROLE_SOFT,
                dot_y(b, k->best[c].p) + 2 - d / 2, d);
        i->x += (r->w - d) / 2;
        i->w = d;
        i->detail = c;
        c = next_other(b, k, c + 1);
    }
}

uint32_t tarn_view_candidate(const struct view_build *b, uint32_t col,
                             int32_t y)
{
    const struct tarn_trace_token *k = &b->t->tokens[b->v->tokens[col]];
    uint32_t best = TARN_VIEW_NOTHING, c = next_other(b, k, 0);
    int32_t least = INT32_MAX;
    for (uint32_t n = 0; c < 8; n++) {
        const int32_t at = shows_text(b)
                               ? b->y[TARN_LANE_OTHERS] + 18 * (int32_t)n + 8
                               : dot_y(b, k->best[c].p) + 2;
        const int32_t far = at > y ? at - y : y - at;
        if (n >= (shows_text(b) ? text_rows(b) : tarn_view_dots(b)))
            break;
        if (far < least) {
            least = far;
            best = c;
        }
        c = next_other(b, k, c + 1);
    }
    return best;
}

/* --------------------------------------------------------------------- time */
static void times(struct view_build *b, const struct bar *r)
{
    const int32_t h = b->h[TARN_LANE_TIME], foot = b->y[TARN_LANE_TIME] + h;
    if (!h)
        return;
    if (b->bin > 1) {
        const int32_t top = tarn_view_log(r->s.us_max, h);
        const int32_t mean = tarn_view_log(r->s.us_sum / r->n, h);
        if (top > mean)
            put(b, r, TARN_VIEW_RECT, TARN_LANE_TIME, TARN_ROLE_LINE,
                foot - top, top - mean);
    }
    const int32_t high = tarn_view_log(r->s.us_sum / r->n, h);
    if (high > 0)
        put(b, r, TARN_VIEW_BAR, TARN_LANE_TIME, TARN_ROLE_LINE, foot - high,
            high)
            ->edge = TARN_ROLE_SOFT;
    if (r->s.us_max > b->slow_us)
        put(b, r, TARN_VIEW_RECT, TARN_LANE_TIME, TARN_ROLE_ACCENT,
            foot - tarn_view_log(r->s.us_max, h) - 2, 2);
}

/* --------------------------------------------------------------------- text */
static void texts(struct view_build *b, const struct bar *r)
{
    size_t size;
    const char *p = tarn_trace_bytes(b->t, r->token, &size);
    if (!b->h[TARN_LANE_HEAD] || !shows_text(b) || b->o->selected == r->token)
        return;
    const struct tarn_shown shown = shown_word(p, size);
    struct tarn_view_item *k =
        tarn_view_text(b, TARN_VIEW_TEXT, TARN_LANE_HEAD, r->x,
                       b->y[TARN_LANE_HEAD] + 2, r->w, shown.text);
    k->token = r->token;
    k->n = 1;
    k->role = TARN_ROLE_INK;
}

void tarn_view_bars(struct view_build *b)
{
    int32_t last_x = INT32_MIN, last_y = 0;
    for (uint32_t col = b->first; col < b->end; col += b->bin) {
        const struct bar r = bar_at(b, col);
        if (r.w <= 0)
            continue;
        texts(b, &r);
        entropy(b, &r, &last_x, &last_y);
        chosen(b, &r);
        others(b, &r);
        times(b, &r);
    }
}
