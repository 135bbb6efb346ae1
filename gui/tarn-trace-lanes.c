/* tarn-trace-lanes.c - see tarn-trace-lanes.h.  The list is made when width,
 * zoom, trace or selection change, and painted into one render node, which
 * every frame then reuses. */
#include "gui/tarn-trace-lanes.h"

#include "gui/tarn-words.h"

struct _TarnTraceLanes {
    GtkWidget parent;
    const struct tarn_trace *trace; /* borrowed */
    struct tarn_trace_view *view;
    struct tarn_view_list list;
    struct tarn_view_options look;
    GskRenderNode *node; /* the list, painted; NULL: not yet */
    GdkRGBA colors[TARN_N_ROLES];
    double pointer;        /* x of the pointer, for zooming */
    guint from, to, until; /* tokens or NOTHING: marked; painted up to */
    GArray *hits;          /* guint */
    guint shared;          /* tokens of the scale; 0: its own */
    double drag_x, drag_y;
    gboolean listed;
};
G_DEFINE_FINAL_TYPE(TarnTraceLanes, tarn_trace_lanes, GTK_TYPE_WIDGET)

enum { EDGE = 20, LINE = 18, TOP = EDGE + 2 * LINE + 12 }; /* px, on paper */
enum { CHOSEN, RANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* ------------------------------------------------------------------- the list
 */
static void stale(TarnTraceLanes *l)
{
    g_clear_pointer(&l->node, gsk_render_node_unref);
    l->listed = FALSE;
    gtk_widget_queue_draw(GTK_WIDGET(l));
}

static void make_list(TarnTraceLanes *l)
{
    int width = gtk_widget_get_width(GTK_WIDGET(l));
    if (!l->view || l->listed || width <= 0)
        return;
    l->look.width = width;
    if (l->shared && !l->look.zoom) { /* the room of the plot is told first */
        tarn_trace_view_list(l->view, &l->look, &l->list);
        double zoom = (double)l->list.plot_w * TARN_ZOOM_ONE / l->shared;
        l->look.zoom = (guint32)CLAMP(zoom, 16, (double)TARN_ZOOM_MOST);
    }
    tarn_trace_view_list(l->view, &l->look, &l->list);
    l->look.scroll = l->list.scroll;
    l->listed = TRUE;
}

void tarn_trace_lanes_set(TarnTraceLanes *l, const struct tarn_trace *t,
                          gboolean keep)
{
    /* while tokens arrive, the end stays in sight where it was */
    gboolean at_end = keep && t == l->trace && l->look.zoom &&
                      l->list.scroll + l->list.plot_w >= l->list.content;
    if (t != l->trace || !keep) {
        g_clear_pointer(&l->view, tarn_trace_view_destroy);
        l->look.zoom = 0;
        l->look.scroll = 0;
        l->look.selected = TARN_VIEW_NOTHING;
        l->look.layer = -1;
        l->from = l->to = l->until = TARN_VIEW_NOTHING;
        g_array_set_size(l->hits, 0);
    }
    l->trace = t;
    if (t && l->view)
        tarn_trace_view_update(l->view);
    if (at_end)
        l->look.scroll = G_MAXINT64;
    else if (t)
        tarn_trace_view_create(t, &l->view, NULL);
    stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

/* The selected token comes into sight. */
static void bring(TarnTraceLanes *l)
{
    make_list(l);
    if (!l->look.zoom || !l->listed || l->look.selected == TARN_VIEW_NOTHING)
        return;
    gint64 col = tarn_trace_view_column(l->view, l->look.selected);
    gint64 x = col * l->list.zoom / TARN_ZOOM_ONE;
    if (x < l->list.scroll || x > l->list.scroll + l->list.plot_w - 20)
        l->look.scroll = MAX(0, x - l->list.plot_w / 2);
}

void tarn_trace_lanes_select(TarnTraceLanes *l, guint token)
{
    l->look.selected = token;
    bring(l);
    stale(l);
}

void tarn_trace_lanes_set_layer(TarnTraceLanes *l, int layer)
{
    l->look.layer = layer;
    stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

void tarn_trace_lanes_show(TarnTraceLanes *l, enum tarn_view_lane lane,
                           gboolean on)
{
    guint bit = 1u << lane;
    l->look.hidden = on ? l->look.hidden & ~bit : l->look.hidden | bit;
    stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

const struct tarn_view_options *tarn_trace_lanes_look(TarnTraceLanes *l)
{
    return &l->look;
}

static void zoom_at(TarnTraceLanes *l, double by, double x)
{
    make_list(l);
    if (!l->listed)
        return;
    double at = CLAMP(x - l->list.plot_x, 0, l->list.plot_w);
    double zoom = CLAMP(l->list.zoom * by, 16, (double)TARN_ZOOM_MOST);
    double left = ((double)l->list.scroll + at) * zoom / l->list.zoom - at;
    l->look.zoom = (guint32)zoom;
    l->look.scroll = (gint64)MAX(0, left);
    stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

/* Keys zoom around the selected token if it is seen, else around the middle. */
static double anchor(TarnTraceLanes *l)
{
    make_list(l);
    double middle = l->list.plot_x + l->list.plot_w / 2.0;
    if (!l->listed || l->look.selected == TARN_VIEW_NOTHING)
        return middle;
    gint64 col = tarn_trace_view_column(l->view, l->look.selected);
    gint64 x =
        l->list.plot_x + col * l->list.zoom / TARN_ZOOM_ONE - l->list.scroll;
    return x >= l->list.plot_x && x < l->list.plot_x + l->list.plot_w
               ? (double)x
               : middle;
}

void tarn_trace_lanes_zoom(TarnTraceLanes *l, double by)
{
    if (by > 0) {
        zoom_at(l, by, anchor(l));
        return;
    }
    l->look.zoom = 0;
    l->look.scroll = 0;
    stale(l);
}

void tarn_trace_lanes_share(TarnTraceLanes *l, guint n_tokens)
{
    l->shared = n_tokens;
    l->look.zoom = 0;
    stale(l);
}

void tarn_trace_lanes_set_range(TarnTraceLanes *l, guint first, guint last)
{
    gboolean none = MAX(first, last) == TARN_VIEW_NOTHING;
    l->from = none ? TARN_VIEW_NOTHING : MIN(first, last);
    l->to = MAX(first, last);
    gtk_widget_queue_draw(GTK_WIDGET(l));
}

void tarn_trace_lanes_set_hits(TarnTraceLanes *l, const GArray *tokens)
{
    g_array_set_size(l->hits, 0);
    if (tokens)
        g_array_append_vals(l->hits, tokens->data, tokens->len);
    gtk_widget_queue_draw(GTK_WIDGET(l));
}

void tarn_trace_lanes_set_until(TarnTraceLanes *l, guint token)
{
    l->until = token;
    gtk_widget_queue_draw(GTK_WIDGET(l));
}

void tarn_trace_lanes_zoom_to(TarnTraceLanes *l, guint first, guint last)
{
    make_list(l);
    if (!l->listed || first > last)
        return;
    guint from = tarn_trace_view_column(l->view, first);
    guint to = tarn_trace_view_column(l->view, last) + 1;
    double zoom = (double)l->list.plot_w * TARN_ZOOM_ONE / MAX(to - from, 1);
    l->look.zoom = (guint32)CLAMP(zoom, 16, (double)TARN_ZOOM_MOST);
    l->look.scroll = (gint64)from * l->look.zoom / TARN_ZOOM_ONE;
    stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

struct tarn_trace_view *tarn_trace_lanes_view(TarnTraceLanes *l)
{
    return l->view;
}

const struct tarn_view_list *tarn_trace_lanes_list(TarnTraceLanes *l)
{
    make_list(l);
    return &l->list;
}

struct tarn_view_point tarn_trace_lanes_at(TarnTraceLanes *l, double x,
                                           double y)
{
    static const struct tarn_view_point NOWHERE = { .lane = TARN_LANE_NONE,
                                                    .token = TARN_VIEW_NOTHING,
                                                    .first = TARN_VIEW_NOTHING,
                                                    .candidate =
                                                        TARN_VIEW_NOTHING };
    make_list(l);
    return l->listed ? tarn_trace_view_at(l->view, &l->look, (int)x, (int)y)
                     : NOWHERE;
}

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

/* Of a token's column; within the plot. */
static float edge_of(TarnTraceLanes *l, guint token, guint more)
{
    gint64 col = (gint64)tarn_trace_view_column(l->view, token) + more;
    gint64 x = col * l->list.zoom / TARN_ZOOM_ONE - l->list.scroll;
    return (float)(l->list.plot_x + CLAMP(x, 0, l->list.plot_w));
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
        float x = edge_of(l, l->from, 0);
        fill(s, &shade, x, y, MAX(edge_of(l, l->to, 1) - x, 1),
             (float)l->list.height - y);
    }
    for (guint i = 0; i < l->hits->len; i++) {
        float x = edge_of(l, g_array_index(l->hits, guint, i), 0);
        if (x > first - 1 && x < last)
            fill(s, &l->colors[TARN_ROLE_ACCENT], x, y - 6, 2, 5);
    }
}

/* Up to a token, and the gutter behind the plot. */
static void paint_part(TarnTraceLanes *l, GtkSnapshot *s)
{
    float seen = edge_of(l, l->until, 1), h = (float)l->list.height;
    float behind = (float)(l->list.plot_x + l->list.plot_w);
    gtk_snapshot_push_clip(s, &GRAPHENE_RECT_INIT(0, 0, seen, h));
    gtk_snapshot_append_node(s, l->node);
    gtk_snapshot_pop(s);
    gtk_snapshot_push_clip(
        s, &GRAPHENE_RECT_INIT(behind, 0, (float)l->list.width - behind, h));
    gtk_snapshot_append_node(s, l->node);
    gtk_snapshot_pop(s);
}

static void paint(TarnTraceLanes *l, GtkSnapshot *s)
{
    make_list(l);
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
}

static void tarn_trace_lanes_snapshot(GtkWidget *w, GtkSnapshot *s)
{
    paint(TARN_TRACE_LANES(w), s);
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
    g_autofree char *date =
        i->unix_ms > 0 && t
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
    make_list(l);
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
    GdkTexture *t = gsk_renderer_render_texture(
        gtk_native_get_renderer(native), node,
        &GRAPHENE_RECT_INIT(0, 0, 2 * w, 2 * h));
    gsk_render_node_unref(node);
    return t;
}

static void tarn_trace_lanes_measure(GtkWidget *w, GtkOrientation o, int size,
                                     int *min, int *nat, int *min_base,
                                     int *nat_base)
{
    TarnTraceLanes *l = TARN_TRACE_LANES(w);
    (void)size;
    struct tarn_view_list list = { 0 };
    if (o == GTK_ORIENTATION_VERTICAL && l->view) {
        tarn_trace_view_list(l->view, &l->look, &list);
        *min = *nat = list.height;
        tarn_view_list_finish(&list);
    } else {
        *min = o == GTK_ORIENTATION_VERTICAL ? 200 : 260;
        *nat = 620;
    }
    *min_base = *nat_base = -1;
}

static void tarn_trace_lanes_size_allocate(GtkWidget *w, int width, int height,
                                           int baseline)
{
    (void)width;
    (void)height;
    (void)baseline;
    stale(TARN_TRACE_LANES(w));
}

static void tarn_trace_lanes_css_changed(GtkWidget *w, GtkCssStyleChange *c)
{
    GTK_WIDGET_CLASS(tarn_trace_lanes_parent_class)->css_changed(w, c);
    g_clear_pointer(&TARN_TRACE_LANES(w)->node, gsk_render_node_unref);
}

/* -------------------------------------------------------------------- pointer
 */
/* A double click zooms to the step, or to the marked range. */
static void zoom_here(TarnTraceLanes *l, const struct tarn_view_point *p)
{
    gsize n;
    const struct tarn_trace_step *s = tarn_trace_steps(l->trace, &n);
    if (l->from != TARN_VIEW_NOTHING && p->token >= l->from &&
        p->token <= l->to)
        tarn_trace_lanes_zoom_to(l, l->from, l->to);
    else if (p->step < n)
        tarn_trace_lanes_zoom_to(l, s[p->step].first,
                                 s[p->step].first + MAX(s[p->step].n, 1) - 1);
}

static void on_press(TarnTraceLanes *l, int n, double x, double y)
{
    gtk_widget_grab_focus(GTK_WIDGET(l));
    struct tarn_view_point p = tarn_trace_lanes_at(l, x, y);
    if (n == 2 && l->view) {
        zoom_here(l, &p);
        return;
    }
    if (p.token != TARN_VIEW_NOTHING)
        g_signal_emit(l, signals[CHOSEN], 0, p.token,
                      p.candidate < 8 ? (int)p.candidate : -1);
}

static void on_drag_begin(TarnTraceLanes *l, double x, double y)
{
    l->drag_x = x;
    l->drag_y = y;
}

static void on_drag(TarnTraceLanes *l, double dx, double dy)
{
    (void)dy;
    if (ABS(dx) < 4 || !l->view)
        return;
    make_list(l);
    double last = l->list.plot_x + l->list.plot_w - 1;
    struct tarn_view_point a = tarn_trace_lanes_at(
        l, CLAMP(l->drag_x, l->list.plot_x, last), l->drag_y);
    struct tarn_view_point b = tarn_trace_lanes_at(
        l, CLAMP(l->drag_x + dx, l->list.plot_x, last), l->drag_y);
    if (a.token != TARN_VIEW_NOTHING && b.token != TARN_VIEW_NOTHING)
        g_signal_emit(l, signals[RANGED], 0, MIN(a.token, b.token),
                      MAX(a.token, b.token));
}

static void on_motion(TarnTraceLanes *l, double x, double y)
{
    (void)y;
    l->pointer = x;
}

/* Whether all lanes are seen, so that up and down is of no use. */
static gboolean all_seen(TarnTraceLanes *l)
{
    GtkWidget *s = gtk_widget_get_ancestor(GTK_WIDGET(l),
                                           GTK_TYPE_SCROLLED_WINDOW);
    GtkAdjustment *a =
        s ? gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(s)) : NULL;
    return !a || gtk_adjustment_get_upper(a) <= gtk_adjustment_get_page_size(a);
}

static gboolean on_scroll(TarnTraceLanes *l, double dx, double dy,
                          GtkEventControllerScroll *c)
{
    GdkModifierType m =
        gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(c));
    if (m & GDK_CONTROL_MASK) {
        zoom_at(l, dy < 0 ? 1.25 : 0.8, l->pointer);
        return TRUE;
    }
    gboolean wide = l->list.content > l->list.plot_w;
    if (m & GDK_SHIFT_MASK || (wide && all_seen(l)))
        dx += dy;
    if (dx == 0)
        return FALSE; /* up and down is the pane's */
    l->look.zoom = l->look.zoom ? l->look.zoom : l->list.zoom;
    l->look.scroll = MAX(0, l->look.scroll + (gint64)(dx * 60));
    stale(l);
    return TRUE;
}

static gboolean on_tip(TarnTraceLanes *l, int x, int y, gboolean keyboard,
                       GtkTooltip *tip)
{
    struct tarn_view_point p = tarn_trace_lanes_at(l, x, y);
    struct tarn_buf b = { 0 };
    if (keyboard || p.token == TARN_VIEW_NOTHING)
        return FALSE;
    tarn_view_tell(l->trace, p.token, &b);
    if (p.expert != TARN_VIEW_NOTHING && p.lane == TARN_LANE_EXPERTS)
        tarn_buf_printf(&b, ", expert %u", p.expert);
    if (p.lane == TARN_LANE_STATE)
        tarn_view_tell_state(l->trace, p.token, &b);
    g_autofree char *valid = tarn_words_valid(b.data ? b.data : "", -1);
    gtk_tooltip_set_text(tip, valid);
    tarn_buf_finish(&b);
    return TRUE;
}

/* --------------------------------------------------------------------- object
 */
static void tarn_trace_lanes_dispose(GObject *o)
{
    TarnTraceLanes *l = TARN_TRACE_LANES(o);
    g_clear_pointer(&l->node, gsk_render_node_unref);
    g_clear_pointer(&l->view, tarn_trace_view_destroy);
    tarn_view_list_finish(&l->list);
    g_clear_pointer(&l->hits, g_array_unref);
    G_OBJECT_CLASS(tarn_trace_lanes_parent_class)->dispose(o);
}

static void tarn_trace_lanes_class_init(TarnTraceLanesClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_trace_lanes_dispose;
    w->snapshot = tarn_trace_lanes_snapshot;
    w->measure = tarn_trace_lanes_measure;
    w->size_allocate = tarn_trace_lanes_size_allocate;
    w->css_changed = tarn_trace_lanes_css_changed;
    gtk_widget_class_set_css_name(w, "lanes");
    gtk_widget_class_set_accessible_role(w, GTK_ACCESSIBLE_ROLE_IMG);
    signals[CHOSEN] =
        g_signal_new("chosen", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0,
                     NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_INT);
    signals[RANGED] = g_signal_new("ranged", G_TYPE_FROM_CLASS(klass),
                                   G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
}

static void tarn_trace_lanes_init(TarnTraceLanes *l)
{
    GtkWidget *w = GTK_WIDGET(l);
    l->look = (struct tarn_view_options){ .size = sizeof l->look,
                                          .width = 620,
                                          .layer = -1,
                                          .hidden = TARN_LANES_OFF,
                                          .selected = TARN_VIEW_NOTHING };
    l->from = l->to = l->until = TARN_VIEW_NOTHING;
    l->hits = g_array_new(FALSE, FALSE, sizeof(guint));
    gtk_widget_set_focusable(w, TRUE);
    gtk_widget_set_has_tooltip(w, TRUE);
    g_signal_connect(l, "query-tooltip", G_CALLBACK(on_tip), NULL);
    GtkGesture *click = gtk_gesture_click_new();
    g_signal_connect_swapped(click, "pressed", G_CALLBACK(on_press), l);
    gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(click));
    GtkGesture *drag = gtk_gesture_drag_new();
    g_signal_connect_swapped(drag, "drag-begin", G_CALLBACK(on_drag_begin), l);
    g_signal_connect_swapped(drag, "drag-update", G_CALLBACK(on_drag), l);
    gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(drag));
    gtk_gesture_group(drag, click);
    GtkEventController *motion = gtk_event_controller_motion_new();
    g_signal_connect_swapped(motion, "motion", G_CALLBACK(on_motion), l);
    gtk_widget_add_controller(w, motion);
    GtkEventController *scroll =
        gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
    g_signal_connect_swapped(scroll, "scroll", G_CALLBACK(on_scroll), l);
    gtk_widget_add_controller(w, scroll);
}
