/* tarn-trace-lanes-paint.c - the timeline on the screen and on paper.  See
 * tarn-trace-lanes-inside.h. */
#include "gui/tarn-trace-lanes-inside.h"
#include "gui/tarn-words.h"

enum { EDGE = 20, LINE = 18, TOP = EDGE + 2 * LINE + 12 }; /* px, on paper */
enum { STEPS = 16, TIP = 260 };                            /* px */

/* ------------------------------------------------------------------ painting
 */
static void read_colors(TarnTraceLanes *l)
{
    GtkStyleContext *c = gtk_widget_get_style_context(GTK_WIDGET(l));
    for (int i = 1; i < TARN_N_ROLES; i++) {
        g_autofree char *name = g_strconcat(
            "tarn_", tarn_view_role_name((enum tarn_view_role)i), NULL);
        g_strdelimit(name, "-", '_');
        if (!gtk_style_context_lookup_color(c, name, &l->colors[i]))
            l->colors[i] = (GdkRGBA){ 0, 0, 0, 0 };
    }
}

static void fill(GtkSnapshot *s, const GdkRGBA *c, float x, float y, float w,
                 float h)
{
    gtk_snapshot_append_color(s, c, &GRAPHENE_RECT_INIT(x, y, w, h));
}

static void paint_text(TarnTraceLanes *l, GtkSnapshot *s,
                       const struct tarn_view_item *k)
{
    g_autofree char *valid =
        tarn_words_valid(l->list.text.data + k->at, (gssize)k->size);
    g_autoptr(PangoLayout) p =
        gtk_widget_create_pango_layout(GTK_WIDGET(l), valid);
    int w, h, inset = k->kind == TARN_VIEW_CHIP ? 3 : 0;
    pango_layout_get_pixel_size(p, &w, &h);
    int x = k->x + inset, role = k->role;
    if (k->detail == TARN_ANCHOR_MIDDLE)
        x = k->x + (k->w - w) / 2;
    else if (k->detail == TARN_ANCHOR_END)
        x = k->x + k->w - w;
    if (k->kind != TARN_VIEW_TEXT)
        fill(s,
             &l->colors[k->kind == TARN_VIEW_CHIP ? TARN_ROLE_SURFACE
                                                  : TARN_ROLE_ACCENT],
             (float)k->x, (float)k->y, (float)k->w, (float)k->h);
    if (k->kind == TARN_VIEW_CHIP)
        role = TARN_ROLE_INK;
    gtk_snapshot_push_clip(s,
                           &GRAPHENE_RECT_INIT((float)k->x, (float)k->y - 4,
                                               (float)k->w, (float)k->h + 8));
    gtk_snapshot_save(s);
    gtk_snapshot_translate(
        s, &GRAPHENE_POINT_INIT((float)x, (float)(k->y + (k->h - h) / 2)));
    gtk_snapshot_append_layout(s, p, &l->colors[role]);
    gtk_snapshot_restore(s);
    gtk_snapshot_pop(s);
}

static void paint_heat(TarnTraceLanes *l, GtkSnapshot *s,
                       const struct tarn_view_item *k)
{
    gsize w = (gsize)k->w, h = (gsize)k->h;
    const guint8 *cells = (const guint8 *)l->list.cells.data + k->at;
    guint8 *pixels = g_malloc(w * h * 4), *to = pixels;
    for (gsize y = 0; y < h; y++) {
        const guint8 *row = cells + y * k->n / h * w;
        for (gsize x = 0; x < w; x++) {
            const GdkRGBA *c = &l->colors[TARN_ROLE_HEAT + row[x] % 8];
            *to++ = (guint8)(c->red * 255 + 0.5f);
            *to++ = (guint8)(c->green * 255 + 0.5f);
            *to++ = (guint8)(c->blue * 255 + 0.5f);
            *to++ = 255;
        }
    }
    g_autoptr(GBytes) bytes = g_bytes_new_take(pixels, w * h * 4);
    g_autoptr(GdkTexture) t =
        gdk_memory_texture_new(k->w, k->h, GDK_MEMORY_R8G8B8A8, bytes, w * 4);
    gtk_snapshot_append_texture(s, t,
                                &GRAPHENE_RECT_INIT((float)k->x, (float)k->y,
                                                    (float)k->w, (float)k->h));
}

/* Strokes and discs, all of the list in one node. */
static void paint_stroke(TarnTraceLanes *l, cairo_t *cr,
                         const struct tarn_view_item *k)
{
    double x = k->x + 0.5, y = k->y + 0.5, dash = 3;
    gdk_cairo_set_source_rgba(cr, &l->colors[k->role]);
    switch ((enum tarn_view_kind)k->kind) {
    case TARN_VIEW_LINE:
    case TARN_VIEW_DASH:
        cairo_set_dash(cr, &dash, k->kind == TARN_VIEW_DASH, 0);
        cairo_move_to(cr, x, y);
        cairo_line_to(cr, x + k->w, y + k->h);
        cairo_stroke(cr);
        cairo_set_dash(cr, NULL, 0, 0);
        break;
    case TARN_VIEW_DOT:
    case TARN_VIEW_RING:
        cairo_arc(cr, k->x + k->w / 2.0, k->y + k->h / 2.0, k->w / 2.0, 0,
                  2 * G_PI);
        k->kind == TARN_VIEW_DOT ? cairo_fill(cr) : cairo_stroke(cr);
        break;
    case TARN_VIEW_FORCED:
        cairo_move_to(cr, k->x, k->y + k->h);
        cairo_rel_line_to(cr, k->w, 0);
        cairo_line_to(cr, k->x + k->w / 2.0, k->y);
        cairo_fill(cr);
        break;
    case TARN_VIEW_BRACKET:
        cairo_move_to(cr, x, k->y);
        cairo_line_to(cr, x, y + k->h);
        cairo_line_to(cr, x + k->w - 1, y + k->h);
        cairo_line_to(cr, x + k->w - 1, k->y);
        cairo_stroke(cr);
        break;
    case TARN_VIEW_BAND: /* the pattern */
        cairo_save(cr);
        cairo_rectangle(cr, k->x, k->y, k->w, k->h);
        cairo_clip(cr);
        gdk_cairo_set_source_rgba(cr, &l->colors[TARN_ROLE_SURFACE]);
        for (double at = k->x - k->h; at < k->x + k->w; at += 4) {
            cairo_move_to(cr, at + 3.5, k->y + k->h);
            cairo_rel_line_to(cr, k->detail == TARN_PATTERN_HATCH ? k->h : 0,
                              -k->h);
        }
        cairo_stroke(cr);
        cairo_restore(cr);
        break;
    case TARN_VIEW_RECT:
    case TARN_VIEW_BAR:
    case TARN_VIEW_TEXT:
    case TARN_VIEW_CHIP:
    case TARN_VIEW_FLAG:
    case TARN_VIEW_HEAT:
        break;
    }
}

static void paint_box(TarnTraceLanes *l, GtkSnapshot *s,
                      const struct tarn_view_item *k)
{
    float x = (float)k->x, y = (float)k->y, w = (float)k->w, h = (float)k->h;
    fill(s, &l->colors[k->role], x, y, w, h);
    if (k->kind != TARN_VIEW_BAR)
        return;
    fill(s, &l->colors[k->edge], x, y, w, 1);
    if (k->w < 4)
        return;
    fill(s, &l->colors[k->edge], x, y, 1, h);
    fill(s, &l->colors[k->edge], x + w - 1, y, 1, h);
}

/* Neighbors in the list that are strokes share a node. */
static gboolean is_stroke(const struct tarn_view_item *k)
{
    return k->kind == TARN_VIEW_LINE || k->kind == TARN_VIEW_DASH ||
           k->kind == TARN_VIEW_DOT || k->kind == TARN_VIEW_RING ||
           k->kind == TARN_VIEW_FORCED || k->kind == TARN_VIEW_BRACKET ||
           (k->kind == TARN_VIEW_BAND && k->detail);
}

static GskRenderNode *paint_list(TarnTraceLanes *l)
{
    GtkSnapshot *s = gtk_snapshot_new();
    for (gsize i = 0; i < l->list.n; i++) {
        const struct tarn_view_item *k = &l->list.items[i];
        if (k->kind == TARN_VIEW_RECT || k->kind == TARN_VIEW_BAR ||
            k->kind == TARN_VIEW_BAND)
            paint_box(l, s, k);
        else if (k->kind == TARN_VIEW_HEAT)
            paint_heat(l, s, k);
    }
    cairo_t *cr = gtk_snapshot_append_cairo(
        s,
        &GRAPHENE_RECT_INIT(0, 0, (float)l->list.width, (float)l->list.height));
    cairo_set_line_width(cr, 1);
    for (gsize i = 0; i < l->list.n; i++)
        if (is_stroke(&l->list.items[i]))
            paint_stroke(l, cr, &l->list.items[i]);
    cairo_destroy(cr);
    for (gsize i = 0; i < l->list.n; i++) {
        const struct tarn_view_item *k = &l->list.items[i];
        if (k->kind == TARN_VIEW_TEXT || k->kind == TARN_VIEW_CHIP ||
            k->kind == TARN_VIEW_FLAG)
            paint_text(l, s, k);
    }
    return gtk_snapshot_free_to_node(s);
}

/* The band of the spans begins there. */
static float spans_y(const TarnTraceLanes *l)
{
    for (gsize i = 0; i < l->list.n; i++)
        if (l->list.items[i].lane == TARN_LANE_SPANS &&
            l->list.items[i].kind == TARN_VIEW_BAND)
            return (float)l->list.items[i].y;
    return 0;
}

static void paint_marks(TarnTraceLanes *l, GtkSnapshot *s)
{
    GdkRGBA shade = l->colors[TARN_ROLE_ACCENT];
    float first = (float)l->list.plot_x, y = spans_y(l);
    float last = first + (float)l->list.plot_w;
    shade.alpha = 0.15f;
    if (l->from != TARN_VIEW_NOTHING) {
        float x = tarn_trace_lanes_edge(l, l->from, 0);
        fill(s, &shade, x, y, MAX(tarn_trace_lanes_edge(l, l->to, 1) - x, 1),
             (float)l->list.height - y);
    }
    for (guint i = 0; i < l->hits->len; i++) {
        float x = tarn_trace_lanes_edge(l, g_array_index(l->hits, guint, i), 0);
        if (x > first - 1 && x < last)
            fill(s, &l->colors[TARN_ROLE_ACCENT], x, y - 6, 2, 5);
    }
}

/* Up to a token, and the gutter behind the plot. */
static void paint_part(TarnTraceLanes *l, GtkSnapshot *s)
{
    float seen = tarn_trace_lanes_edge(l, l->until, 1),
          h = (float)l->list.height;
    float behind = (float)(l->list.plot_x + l->list.plot_w);
    gtk_snapshot_push_clip(s, &GRAPHENE_RECT_INIT(0, 0, seen, h));
    gtk_snapshot_append_node(s, l->node);
    gtk_snapshot_pop(s);
    gtk_snapshot_push_clip(
        s, &GRAPHENE_RECT_INIT(behind, 0, (float)l->list.width - behind, h));
    gtk_snapshot_append_node(s, l->node);
    gtk_snapshot_pop(s);
}

/* The line of the token under the pointer, over all lanes but the steps. */
static void paint_hover(TarnTraceLanes *l, GtkSnapshot *s)
{
    const GdkRGBA *soft = &l->colors[TARN_ROLE_SOFT];
    float x = tarn_trace_lanes_middle(l, l->hovered), y = spans_y(l);
    float end = (float)l->list.height, gap = y;
    if (x < 0)
        return;
    for (gsize i = 0; i < l->list.n; i++) {
        const struct tarn_view_item *k = &l->list.items[i];
        if (k->lane == TARN_LANE_RULER)
            end = MIN(end, (float)k->y);
        else if (k->lane == TARN_LANE_STEPS && k->kind == TARN_VIEW_TEXT)
            gap = (float)k->y;
    }
    fill(s, soft, x, y, 1, gap - y);
    gap += gap > y ? STEPS : 0;
    fill(s, soft, x, gap, 1, end - gap);
}

/* Beside the pointer, where there is room. */
static void paint_tip(TarnTraceLanes *l, GtkSnapshot *s)
{
    g_autoptr(PangoLayout) p =
        gtk_widget_create_pango_layout(GTK_WIDGET(l), l->tip);
    int w, h, wide = l->list.width, low = (int)l->pointer_y;
    pango_layout_set_width(p, TIP * PANGO_SCALE);
    pango_layout_set_wrap(p, PANGO_WRAP_WORD_CHAR);
    pango_layout_get_pixel_size(p, &w, &h);
    w += 16;
    h += 8;
    float x = (float)CLAMP((int)l->pointer + 12, 0, MAX(wide - w - 4, 0));
    float y = (float)(low + 16 + h < tarn_trace_lanes_bottom(l)
                          ? low + 16
                          : MAX(low - h - 8, 0));
    fill(s, &l->colors[TARN_ROLE_LINE], x, y, (float)w, (float)h);
    fill(s, &l->colors[TARN_ROLE_SURFACE], x + 1, y + 1, (float)w - 2,
         (float)h - 2);
    gtk_snapshot_save(s);
    gtk_snapshot_translate(s, &GRAPHENE_POINT_INIT(x + 8, y + 4));
    gtk_snapshot_append_layout(s, p, &l->colors[TARN_ROLE_INK]);
    gtk_snapshot_restore(s);
}

void tarn_trace_lanes_paint(TarnTraceLanes *l, GtkSnapshot *s)
{
    tarn_trace_lanes_make_list(l);
    if (!l->listed)
        return;
    if (!l->node) {
        read_colors(l);
        l->node = paint_list(l);
    }
    if (!l->node)
        return;
    if (l->until == TARN_VIEW_NOTHING)
        gtk_snapshot_append_node(s, l->node);
    else
        paint_part(l, s);
    paint_marks(l, s);
    if (l->hovered != TARN_VIEW_NOTHING)
        paint_hover(l, s);
    if (l->tip)
        paint_tip(l, s);
}

/* -------------------------------------------------------------------- on paper
 */
static void print_colors(TarnTraceLanes *l)
{
    for (unsigned i = 0; i < TARN_N_ROLES; i++)
        if (!gdk_rgba_parse(&l->colors[i], tarn_view_print_color(i)))
            l->colors[i] = (GdkRGBA){ 0, 0, 0, 0 };
}

static void paint_line(TarnTraceLanes *l, GtkSnapshot *s, const char *text,
                       enum tarn_view_role role, float y)
{
    g_autofree char *valid = tarn_words_valid(text, -1);
    g_autoptr(PangoLayout) p =
        gtk_widget_create_pango_layout(GTK_WIDGET(l), valid);
    pango_layout_set_width(p, l->list.width * PANGO_SCALE);
    pango_layout_set_ellipsize(p, PANGO_ELLIPSIZE_END);
    gtk_snapshot_save(s);
    gtk_snapshot_translate(s, &GRAPHENE_POINT_INIT(EDGE, y));
    gtk_snapshot_append_layout(s, p, &l->colors[role]);
    gtk_snapshot_restore(s);
}

/* As above the SVG. */
static void paint_caption(TarnTraceLanes *l, GtkSnapshot *s)
{
    const struct tarn_trace_summary sum = tarn_trace_summary(l->trace);
    const struct tarn_trace_info *i = tarn_trace_info(l->trace);
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(i->unix_ms / 1000);
    g_autofree char *date = i->unix_ms > 0 && t
                                ? g_date_time_format(t, " · %Y-%m-%d %H:%M UTC")
                                : NULL;
    g_autofree char *line = g_strdup_printf(
        "%s · %s · seed %" G_GUINT64_FORMAT " · attempt %u%s", i->model,
        i->backend, (guint64)i->seed, i->attempt, date ? date : "");
    paint_line(l, s, tarn_trace_summary_line(&sum).text, TARN_ROLE_INK, EDGE);
    paint_line(l, s, line, TARN_ROLE_FAINT, EDGE + LINE);
}

GdkTexture *tarn_trace_lanes_texture(TarnTraceLanes *l)
{
    GtkNative *native = gtk_widget_get_native(GTK_WIDGET(l));
    tarn_trace_lanes_make_list(l);
    if (!l->listed || !native)
        return NULL;
    float w = (float)(l->list.width + 2 * EDGE);
    float h = (float)(l->list.height + TOP + EDGE);
    GtkSnapshot *s = gtk_snapshot_new();
    gtk_snapshot_scale(s, 2, 2);
    print_colors(l);
    fill(s, &l->colors[TARN_ROLE_SURFACE], 0, 0, w, h);
    paint_caption(l, s);
    gtk_snapshot_translate(s, &GRAPHENE_POINT_INIT(EDGE, TOP));
    GskRenderNode *lanes = paint_list(l);
    if (lanes)
        gtk_snapshot_append_node(s, lanes);
    g_clear_pointer(&lanes, gsk_render_node_unref);
    read_colors(l);
    GskRenderNode *node = gtk_snapshot_free_to_node(s);
    GdkTexture *t =
        gsk_renderer_render_texture(gtk_native_get_renderer(native), node,
                                    &GRAPHENE_RECT_INIT(0, 0, 2 * w, 2 * h));
    gsk_render_node_unref(node);
    return t;
}
