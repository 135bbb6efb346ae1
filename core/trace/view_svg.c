/* view_svg.c - the display list as SVG: colours of print, text as text.  No
 * date, no face's name: the same record gives the same bytes everywhere. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/trace/view_impl.h"

enum { MARGIN = 20, LINE = 18 };

const char *tarn_view_role_name(enum tarn_view_role role)
{
    static const char *const NAMES[TARN_N_ROLES] = {
        "none",      "ink",          "soft",        "faint",     "line",
        "surface",   "accent",       "on-accent",   "ramp-0",    "ramp-1",
        "ramp-2",    "ramp-3",       "ramp-4",      "ramp-5",    "ramp-6",
        "ramp-edge", "span-thought", "span-answer", "span-call", "heat-0",
        "heat-1",    "heat-2",       "heat-3",      "heat-4",    "heat-5",
        "heat-6",    "heat-7"
    };
    return role < TARN_N_ROLES ? NAMES[role] : NAMES[0];
}

const char *tarn_view_print_color(unsigned role)
{
    static const char *const PRINT[TARN_N_ROLES] = {
        "none",    "#000000", "#3A3A3A", "#595959", "#B8B8B8", "#FFFFFF",
        "#0F6B63", "#FFFFFF", "none",    "#FFF4DC", "#FFE4AE", "#FFCE78",
        "#F9B24B", "#E9922F", "#D0741F", "#B3600F", "#5A2D82", "#1B6157",
        "#C8780F", "#F7F9FB", "#DCE7F1", "#BAD0E4", "#92B5D5", "#6798C3",
        "#3F7AAD", "#205C90", "#0B3F6E"
    };
    return role < TARN_N_ROLES ? PRINT[role] : PRINT[0];
}

static const char *color(unsigned role)
{
    return tarn_view_print_color(role);
}

static void add_escaped(struct tarn_buf *b, const char *p, size_t size)
{
    for (size_t at = 0; at < size;) {
        int32_t c;
        const size_t n = tarn_utf8_decode(p + at, size - at, &c);
        if (c == '<')
            tarn_buf_text(b, "&lt;");
        else if (c == '>')
            tarn_buf_text(b, "&gt;");
        else if (c == '&')
            tarn_buf_text(b, "&amp;");
        else if (c == '"')
            tarn_buf_text(b, "&quot;");
        else if (c < ' ' || c == 0x7F || c == 0xFFFE || c == 0xFFFF)
            tarn_buf_text(b, "\xef\xbf\xbd");
        else
            tarn_buf_add(b, p + at, n);
        at += n;
    }
}

static void rect(struct tarn_buf *b, int32_t x, int32_t y, int32_t w, int32_t h,
                 const char *fill)
{
    tarn_buf_printf(b,
                    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
                    "fill=\"%s\"/>\n",
                    x, y, w, h, fill);
}

static void text(struct tarn_buf *b, const struct tarn_view_list *l,
                 const struct tarn_view_item *k)
{
    static const char *const ANCHORS[] = { "start", "middle", "end" };
    const int32_t x = k->detail == TARN_ANCHOR_MIDDLE ? k->x + k->w / 2
                      : k->detail == TARN_ANCHOR_END  ? k->x + k->w
                                                      : k->x;
    /* as many characters as the box has room for: 7 px each */
    size_t size = 0;
    const char *p = l->text.data + k->at;
    for (int32_t room = k->w; size < k->size && room >= 7; room -= 7) {
        int32_t c;
        size += tarn_utf8_decode(p + size, k->size - size, &c);
    }
    if (!size)
        return;
    tarn_buf_printf(b,
                    "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" "
                    "fill=\"%s\">",
                    x, k->y + 12, ANCHORS[k->detail % 3], color(k->role));
    add_escaped(b, p, size);
    tarn_buf_text(b, "</text>\n");
}

static void box_text(struct tarn_buf *b, const struct tarn_view_list *l,
                     const struct tarn_view_item *k, const char *fill)
{
    struct tarn_view_item inside = *k;
    tarn_buf_printf(b,
                    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
                    "rx=\"3\" fill=\"%s\"/>\n",
                    k->x, k->y, k->w, k->h, fill);
    if (k->kind == TARN_VIEW_CHIP) {
        inside.x += 3;
        inside.y -= 1;
        inside.role = TARN_ROLE_INK;
    }
    text(b, l, &inside);
}

/* Cells of one row that are alike become one rectangle; the palest are the
 * ground. */
static void heat(struct tarn_buf *b, const struct tarn_view_list *l,
                 const struct tarn_view_item *k)
{
    const uint32_t w = (uint32_t)k->w;
    const uint8_t *cells = (const uint8_t *)l->cells.data + k->at;
    if (!k->n || l->cells.failed)
        return;
    rect(b, k->x, k->y, k->w, k->h, color(TARN_ROLE_HEAT));
    for (uint32_t row = 0; row < k->n; row++) {
        const int32_t y = (int32_t)((int64_t)k->h * row / k->n);
        const int32_t end = (int32_t)((int64_t)k->h * (row + 1) / k->n);
        for (uint32_t x = 0, from = 0; x < w; x = from) {
            const uint8_t level = cells[(size_t)row * w + x];
            while (from < w && cells[(size_t)row * w + from] == level)
                from++;
            if (level)
                rect(b, k->x + (int32_t)x, k->y + y, (int32_t)(from - x),
                     end - y, color(TARN_ROLE_HEAT + level));
        }
    }
}

static void bar(struct tarn_buf *b, const struct tarn_view_item *k)
{
    rect(b, k->x, k->y, k->w, k->h, color(k->role));
    /* the contour follows the top; sides only where there is room */
    rect(b, k->x, k->y, k->w, 1, color(k->edge));
    if (k->w >= 4) {
        rect(b, k->x, k->y, 1, k->h, color(k->edge));
        rect(b, k->x + k->w - 1, k->y, 1, k->h, color(k->edge));
    }
}

static void band(struct tarn_buf *b, const struct tarn_view_item *k)
{
    static const char *const FILLS[] = { "", "url(#hatch)", "url(#bars)" };
    if (k->detail % 3)
        rect(b, k->x, k->y, k->w, k->h, FILLS[k->detail % 3]);
    else
        rect(b, k->x, k->y, k->w, k->h, color(k->role));
}

static void paint(struct tarn_buf *b, const struct tarn_view_list *l,
                  const struct tarn_view_item *k)
{
    switch ((enum tarn_view_kind)k->kind) {
    case TARN_VIEW_RECT:
        rect(b, k->x, k->y, k->w, k->h, color(k->role));
        break;
    case TARN_VIEW_BAR:
        bar(b, k);
        break;
    case TARN_VIEW_BAND:
        band(b, k);
        break;
    case TARN_VIEW_LINE:
    case TARN_VIEW_DASH:
        tarn_buf_printf(b,
                        "<path d=\"M%d.5 %d.5l%d %d\" stroke=\"%s\" "
                        "shape-rendering=\"auto\"%s/>\n",
                        k->x, k->y, k->w, k->h, color(k->role),
                        k->kind == TARN_VIEW_DASH ? " stroke-dasharray=\"3\""
                                                  : "");
        break;
    case TARN_VIEW_DOT:
    case TARN_VIEW_RING:
        tarn_buf_printf(b,
                        "<circle cx=\"%d%s\" cy=\"%d%s\" r=\"%d%s\" "
                        "shape-rendering=\"auto\" ",
                        k->x + k->w / 2, k->w & 1 ? ".5" : "", k->y + k->h / 2,
                        k->h & 1 ? ".5" : "", k->w / 2, k->w & 1 ? ".5" : "");
        tarn_buf_printf(b,
                        k->kind == TARN_VIEW_RING
                            ? "fill=\"none\" stroke=\"%s\"/>\n"
                            : "fill=\"%s\"/>\n",
                        color(k->role));
        break;
    case TARN_VIEW_FORCED:
        tarn_buf_printf(b, "<path d=\"M%d %dh%dl%d.5 %dz\" fill=\"%s\"/>\n",
                        k->x, k->y + k->h, k->w, -(k->w / 2) - (k->w & 1),
                        -k->h, color(k->role));
        break;
    case TARN_VIEW_BRACKET:
        tarn_buf_printf(b,
                        "<path d=\"M%d.5 %dv%dh%dv%d\" fill=\"none\" "
                        "stroke=\"%s\"/>\n",
                        k->x, k->y, k->h, k->w - 1, -k->h, color(k->role));
        break;
    case TARN_VIEW_TEXT:
        text(b, l, k);
        break;
    case TARN_VIEW_CHIP:
        box_text(b, l, k, color(TARN_ROLE_SURFACE));
        break;
    case TARN_VIEW_FLAG:
        box_text(b, l, k, color(TARN_ROLE_ACCENT));
        break;
    case TARN_VIEW_HEAT:
        heat(b, l, k);
        break;
    }
}

/* "2026-11-21 17:20 UTC", from milliseconds since 1970. */
static void add_date(struct tarn_buf *b, int64_t unix_ms)
{
    if (unix_ms <= 0)
        return;
    const int64_t minutes = unix_ms / 60000, days = minutes / 1440;
    /* days to a date of the Gregorian calendar, years beginning in March */
    const int64_t z = days + 719468, era = z / 146097, doe = z % 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t m = (5 * doy + 2) / 153;
    const int64_t month = m < 10 ? m + 3 : m - 9;
    tarn_buf_printf(b, " \u00b7 %04d-%02d-%02d %02d:%02d UTC",
                    (int)(yoe + era * 400 + (month <= 2)), (int)month,
                    (int)(doy - (153 * m + 2) / 5 + 1),
                    (int)(minutes % 1440 / 60), (int)(minutes % 60));
}

static void caption(const struct tarn_trace *t, struct tarn_buf *out)
{
    const struct tarn_trace_summary s = tarn_trace_summary(t);
    const struct tarn_trace_line line = tarn_trace_summary_line(&s);
    const struct tarn_trace_info *i = &t->info;
    struct tarn_buf b = { 0 };
    tarn_buf_printf(out, "<text x=\"%d\" y=\"%d\" fill=\"#000000\">", MARGIN,
                    MARGIN + 12);
    add_escaped(out, line.text, strlen(line.text));
    tarn_buf_printf(out, "</text>\n<text x=\"%d\" y=\"%d\" fill=\"#595959\">",
                    MARGIN, MARGIN + LINE + 12);
    tarn_buf_printf(&b, "%s \u00b7 %s \u00b7 seed %llu \u00b7 attempt %u",
                    tarn_shown_str(i->model).text,
                    tarn_shown_str(i->backend).text,
                    (unsigned long long)i->seed, i->attempt);
    add_date(&b, i->unix_ms);
    add_escaped(out, b.data ? b.data : "", b.size);
    out->failed |= b.failed;
    tarn_buf_finish(&b);
    tarn_buf_text(out, "</text>\n");
}

void tarn_trace_view_svg(const struct tarn_trace_view *v,
                         const struct tarn_view_options *o,
                         struct tarn_buf *out)
{
    struct tarn_view_list l = { 0 };
    tarn_trace_view_list(v, o, &l);
    const int32_t top = MARGIN + 2 * LINE + 12;
    const int32_t w = l.width + 2 * MARGIN, h = l.height + top + MARGIN;
    tarn_buf_printf(out,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
                    "height=\"%d\" viewBox=\"0 0 %d %d\" "
                    "font-family=\"system-ui, sans-serif\" font-size=\"12\" "
                    "shape-rendering=\"crispEdges\">\n",
                    w, h, w, h);
    tarn_buf_printf(out,
                    "<defs><pattern id=\"hatch\" width=\"4\" height=\"4\" "
                    "patternUnits=\"userSpaceOnUse\" "
                    "patternTransform=\"rotate(45)\"><rect width=\"4\" "
                    "height=\"4\" fill=\"#FFFFFF\"/><rect width=\"2.6\" "
                    "height=\"4\" fill=\"%s\"/></pattern>"
                    "<pattern id=\"bars\" width=\"4\" height=\"4\" "
                    "patternUnits=\"userSpaceOnUse\"><rect width=\"4\" "
                    "height=\"4\" fill=\"#FFFFFF\"/><rect width=\"3\" "
                    "height=\"4\" fill=\"%s\"/></pattern></defs>\n",
                    color(TARN_ROLE_THOUGHT), color(TARN_ROLE_CALL));
    rect(out, 0, 0, w, h, "#FFFFFF");
    caption(v->t, out);
    tarn_buf_printf(out, "<g transform=\"translate(%d %d)\" fill=\"none\">\n",
                    MARGIN, top);
    for (size_t i = 0; i < l.n && !out->failed; i++)
        paint(out, &l, &l.items[i]);
    tarn_buf_text(out, "</g>\n</svg>\n");
    out->failed |= l.failed;
    tarn_view_list_finish(&l);
}
