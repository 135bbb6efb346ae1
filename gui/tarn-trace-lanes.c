/* tarn-trace-lanes.c - see tarn-trace-lanes.h.  The list is made when width,
 * zoom, trace or selection change, and painted into one render node, which
 * every frame then reuses. */
#include "gui/tarn-trace-lanes-inside.h"

#include <math.h>

G_DEFINE_FINAL_TYPE(TarnTraceLanes, tarn_trace_lanes, GTK_TYPE_WIDGET)

/* The slider counts in powers of two, so many steps each. */
enum { FINE = 16 };
enum { CHOSEN, RANGED, SCALED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* ------------------------------------------------------------------- the list
 */
static gboolean tell(gpointer user)
{
    TarnTraceLanes *l = user;
    l->telling = 0;
    g_signal_emit(l, signals[SCALED], 0);
    return G_SOURCE_REMOVE;
}

/* Who wants to know is told when the list can be made, and once. */
void tarn_trace_lanes_stale(TarnTraceLanes *l)
{
    g_clear_pointer(&l->node, gsk_render_node_unref);
    l->listed = FALSE;
    gtk_widget_queue_draw(GTK_WIDGET(l));
    if (!l->telling)
        l->telling = g_idle_add(tell, l);
}

void tarn_trace_lanes_make_list(TarnTraceLanes *l)
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
        tarn_trace_lanes_leave(l);
    }
    l->trace = t;
    if (t && l->view)
        tarn_trace_view_update(l->view);
    else if (t)
        tarn_trace_view_create(t, &l->view, NULL);
    if (at_end)
        l->look.scroll = G_MAXINT64;
    tarn_trace_lanes_stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

/* The selected token comes into sight. */
static void bring(TarnTraceLanes *l)
{
    tarn_trace_lanes_make_list(l);
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
    tarn_trace_lanes_stale(l);
}

void tarn_trace_lanes_set_layer(TarnTraceLanes *l, int layer)
{
    l->look.layer = layer;
    tarn_trace_lanes_stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

void tarn_trace_lanes_show(TarnTraceLanes *l, enum tarn_view_lane lane,
                           gboolean on)
{
    guint bit = 1u << lane;
    l->look.hidden = on ? l->look.hidden & ~bit : l->look.hidden | bit;
    tarn_trace_lanes_stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

const struct tarn_view_options *tarn_trace_lanes_look(TarnTraceLanes *l)
{
    return &l->look;
}

void tarn_trace_lanes_zoom_at(TarnTraceLanes *l, double by, double x)
{
    tarn_trace_lanes_make_list(l);
    if (!l->listed)
        return;
    double at = CLAMP(x - l->list.plot_x, 0, l->list.plot_w);
    double zoom = CLAMP(l->list.zoom * by, 16, (double)TARN_ZOOM_MOST);
    double left = ((double)l->list.scroll + at) * zoom / l->list.zoom - at;
    l->look.zoom = (guint32)zoom;
    l->look.scroll = (gint64)MAX(0, left);
    tarn_trace_lanes_stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

/* Keys zoom around the selected token if it is seen, else around the middle. */
static double anchor(TarnTraceLanes *l)
{
    tarn_trace_lanes_make_list(l);
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
        tarn_trace_lanes_zoom_at(l, by, anchor(l));
        return;
    }
    l->look.zoom = 0;
    l->look.scroll = 0;
    tarn_trace_lanes_stale(l);
}

void tarn_trace_lanes_share(TarnTraceLanes *l, guint n_tokens)
{
    l->shared = n_tokens;
    l->look.zoom = 0;
    tarn_trace_lanes_stale(l);
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
    tarn_trace_lanes_make_list(l);
    if (!l->listed || first > last)
        return;
    guint from = tarn_trace_view_column(l->view, first);
    guint to = tarn_trace_view_column(l->view, last) + 1;
    double zoom = (double)l->list.plot_w * TARN_ZOOM_ONE / MAX(to - from, 1);
    l->look.zoom = (guint32)CLAMP(zoom, 16, (double)TARN_ZOOM_MOST);
    l->look.scroll = (gint64)from * l->look.zoom / TARN_ZOOM_ONE;
    tarn_trace_lanes_stale(l);
    gtk_widget_queue_resize(GTK_WIDGET(l));
}

float tarn_trace_lanes_edge(TarnTraceLanes *l, guint token, guint more)
{
    gint64 col = (gint64)tarn_trace_view_column(l->view, token) + more;
    gint64 x = col * l->list.zoom / TARN_ZOOM_ONE - l->list.scroll;
    return (float)(l->list.plot_x + CLAMP(x, 0, l->list.plot_w));
}

float tarn_trace_lanes_middle(TarnTraceLanes *l, guint token)
{
    gsize n = 0;
    const struct tarn_trace_token *k =
        l->listed ? tarn_trace_tokens(l->trace, &n) : NULL;
    if (token >= n || k[token].flags & TARN_TRACE_WITHDRAWN)
        return -1;
    gint64 col = tarn_trace_view_column(l->view, token);
    gint64 x = col * l->list.zoom / TARN_ZOOM_ONE - l->list.scroll +
               (l->list.zoom >> 17);
    return x >= 0 && x < l->list.plot_w ? (float)(l->list.plot_x + x) : -1;
}

/* Steps of the slider; the zoom that fits is the least unless one went below.
 */
static double steps_of(double zoom)
{
    return FINE * log2(CLAMP(zoom, 16, (double)TARN_ZOOM_MOST));
}

double tarn_trace_lanes_scale(TarnTraceLanes *l, double *least, double *most)
{
    *least = steps_of(TARN_ZOOM_ONE);
    *most = steps_of(TARN_ZOOM_MOST);
    tarn_trace_lanes_make_list(l);
    if (!l->listed)
        return *least;
    guint n = MAX(tarn_trace_view_columns(l->view), 1);
    double fit = (double)l->list.plot_w * TARN_ZOOM_ONE / n;
    *least = floor(steps_of(MIN(fit, l->list.zoom)));
    return round(steps_of(l->list.zoom));
}

void tarn_trace_lanes_set_scale(TarnTraceLanes *l, double steps)
{
    tarn_trace_lanes_make_list(l);
    if (l->listed && round(steps_of(l->list.zoom)) != round(steps))
        tarn_trace_lanes_zoom(l, exp2(steps / FINE) / l->list.zoom);
}

void tarn_trace_lanes_seen(TarnTraceLanes *l, guint *first, guint *end)
{
    gsize n = 0;
    if (l->trace)
        tarn_trace_tokens(l->trace, &n);
    *first = 0;
    *end = (guint)n;
    tarn_trace_lanes_make_list(l);
    if (!l->listed)
        return;
    gint64 columns = tarn_trace_view_columns(l->view);
    gint64 from = l->list.scroll * TARN_ZOOM_ONE / l->list.zoom;
    gint64 to =
        (l->list.scroll + l->list.plot_w - 1) * TARN_ZOOM_ONE / l->list.zoom;
    if (from > 0 && from < columns)
        *first = tarn_trace_view_token(l->view, (guint)from);
    if (to + 1 < columns)
        *end = tarn_trace_view_token(l->view, (guint)to + 1);
}

struct tarn_trace_view *tarn_trace_lanes_view(TarnTraceLanes *l)
{
    return l->view;
}

const struct tarn_view_list *tarn_trace_lanes_list(TarnTraceLanes *l)
{
    tarn_trace_lanes_make_list(l);
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
    tarn_trace_lanes_make_list(l);
    return l->listed ? tarn_trace_view_at(l->view, &l->look, (int)x, (int)y)
                     : NOWHERE;
}

/* --------------------------------------------------------------------- object
 */
static void tarn_trace_lanes_snapshot(GtkWidget *w, GtkSnapshot *s)
{
    tarn_trace_lanes_paint(TARN_TRACE_LANES(w), s);
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
    tarn_trace_lanes_stale(TARN_TRACE_LANES(w));
}

static void tarn_trace_lanes_css_changed(GtkWidget *w, GtkCssStyleChange *c)
{
    GTK_WIDGET_CLASS(tarn_trace_lanes_parent_class)->css_changed(w, c);
    g_clear_pointer(&TARN_TRACE_LANES(w)->node, gsk_render_node_unref);
}

static void tarn_trace_lanes_dispose(GObject *o)
{
    TarnTraceLanes *l = TARN_TRACE_LANES(o);
    tarn_trace_lanes_leave(l);
    g_clear_handle_id(&l->telling, g_source_remove);
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
    signals[SCALED] =
        g_signal_new("scaled", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0,
                     NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void tarn_trace_lanes_init(TarnTraceLanes *l)
{
    GtkWidget *w = GTK_WIDGET(l);
    l->look = (struct tarn_view_options){ .size = sizeof l->look,
                                          .width = 620,
                                          .layer = -1,
                                          .hidden = TARN_LANES_OFF,
                                          .selected = TARN_VIEW_NOTHING };
    l->from = l->to = l->until = l->hovered = TARN_VIEW_NOTHING;
    l->hits = g_array_new(FALSE, FALSE, sizeof(guint));
    gtk_widget_set_focusable(w, TRUE);
    tarn_trace_lanes_listen(l);
}
