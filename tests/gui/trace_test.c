/* trace_test.c - the trace pane without the rest of the window: what a click
 * finds agrees with the list at 1,000 points, something is painted, selecting
 * tells the same everywhere.
 *
 *   trace_test TRACE.json [PICTURE.png]        (on a display)
 */
#include "gui/tarn-trace-pane.h"
#include "tests/tap.h"

static const char *path, *picture;
static GtkWidget *window;
static TarnTracePane *pane;
static struct tarn_trace *trace;

static GtkWidget *find(GtkWidget *w, GType type)
{
    if (g_type_is_a(G_OBJECT_TYPE(w), type))
        return w;
    for (GtkWidget *c = gtk_widget_get_first_child(w); c;
         c = gtk_widget_get_next_sibling(c)) {
        GtkWidget *found = find(c, type);
        if (found)
            return found;
    }
    return NULL;
}

static void settle(int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;
    while (g_get_monotonic_time() < end)
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
}

static TarnTraceLanes *lanes(void)
{
    return TARN_TRACE_LANES(find(GTK_WIDGET(pane), TARN_TYPE_TRACE_LANES));
}

static guint32 seed = 1;

static guint32 next(guint32 n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static gboolean per_column(const struct tarn_view_item *k)
{
    return k->token != TARN_VIEW_NOTHING && k->w > 0 && k->h > 0 &&
           (k->lane == TARN_LANE_ENTROPY || k->lane == TARN_LANE_CHOSEN ||
            k->lane == TARN_LANE_TIME);
}

static guint check_point(const struct tarn_view_list *l, int x, int y)
{
    struct tarn_view_point p =
        tarn_trace_lanes_at(lanes(), x + 0.4, y + 0.4);
    guint hits = 0;
    for (gsize i = 0; i < l->n; i++) {
        const struct tarn_view_item *k = &l->items[i];
        if (!per_column(k) || x < k->x || x >= k->x + k->w || y < k->y ||
            y >= k->y + k->h)
            continue;
        CHECK_SAYS(p.first == k->token && p.n == k->n,
                   "%d %d: token %u, but %u lies there", x, y, p.first,
                   k->token);
        hits++;
    }
    return hits;
}

static void test_1000_points_agree_with_the_list(void)
{
    guint hits = 0;
    for (int zoom = 0; zoom < 10; zoom++) {
        const struct tarn_view_list *l = tarn_trace_lanes_list(lanes());
        CHECK(l->n > 30 && l->width == gtk_widget_get_width(
                                           GTK_WIDGET(lanes())));
        for (int i = 0; i < 50; i++)
            hits += check_point(l, l->plot_x + (int)next((guint32)l->plot_w),
                                (int)next((guint32)l->height));
        for (int i = 0; i < 50;) {
            const struct tarn_view_item *k = &l->items[next((guint32)l->n)];
            if (!per_column(k))
                continue;
            hits += check_point(l, k->x + (int)next((guint32)k->w),
                                k->y + (int)next((guint32)k->h));
            i++;
        }
        tarn_trace_lanes_zoom(lanes(), zoom < 5 ? 1.7 : 0.4);
        settle(20);
    }
    CHECK_SAYS(hits >= 500, "%u hits", hits);
    tarn_trace_lanes_zoom(lanes(), 0);
    settle(50);
}

static void test_the_list_is_painted(void)
{
    GtkWidget *w = GTK_WIDGET(pane);
    int width = gtk_widget_get_width(w), height = gtk_widget_get_height(w);
    g_autoptr(GdkPaintable) p = gtk_widget_paintable_new(w);
    GtkSnapshot *s = gtk_snapshot_new();
    gdk_paintable_snapshot(p, GDK_SNAPSHOT(s), width, height);
    GskRenderNode *node = gtk_snapshot_free_to_node(s);
    CHECK(node != NULL);
    if (!node)
        return;
    g_autoptr(GdkTexture) t = gsk_renderer_render_texture(
        gtk_native_get_renderer(gtk_widget_get_native(w)), node,
        &GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height));
    gsk_render_node_unref(node);
    g_autofree guint32 *pixels = g_new0(guint32, (gsize)width * (gsize)height);
    gdk_texture_download(t, (guchar *)pixels, (gsize)width * 4);
    guint inked = 0;
    for (int i = 0; i < width * height; i++)
        inked += pixels[i] >> 24 && (pixels[i] & 0xFFFFFF) != 0xFFFFFF;
    CHECK_SAYS(inked > 3000, "%u pixels", inked);
    if (picture)
        CHECK(gdk_texture_save_to_png(t, picture));
}

static void test_a_selected_token_is_told(void)
{
    g_signal_emit_by_name(lanes(), "chosen", 15u, -1);
    settle(50);
    GtkWidget *fork = NULL;
    gboolean told = FALSE;
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    g_ptr_array_add(todo, pane);
    for (guint i = 0; i < todo->len; i++) {
        GtkWidget *w = todo->pdata[i];
        if (GTK_IS_LABEL(w))
            told |= g_str_has_prefix(gtk_label_get_text(GTK_LABEL(w)),
                                     "token 15 of ");
        if (GTK_IS_BUTTON(w) && gtk_button_get_label(GTK_BUTTON(w)) &&
            g_str_has_prefix(gtk_button_get_label(GTK_BUTTON(w)), "Fork"))
            fork = w;
        for (GtkWidget *c = gtk_widget_get_first_child(w); c;
             c = gtk_widget_get_next_sibling(c))
            g_ptr_array_add(todo, c);
    }
    CHECK(told);
    CHECK(fork == NULL || !gtk_widget_get_visible(fork)); /* a file */
}

int main(int argc, char **argv)
{
    struct tarn_error err = { 0 };
    path = argc > 1 ? argv[1] : "golden-1.json";
    picture = argc > 2 ? argv[2] : NULL;
    if (!gtk_init_check()) {
        printf("1..0 # SKIP no display\n");
        return 0;
    }
    CHECK_SAYS(!tarn_trace_load(path, &trace, &err), "%s", err.text);
    if (!trace)
        return tap_end();
    GtkCssProvider *css = gtk_css_provider_new();
    gtk_css_provider_load_from_resource(css, "/org/tarn/Tarn/style.css");
    gtk_style_context_add_provider_for_display(
        gdk_display_get_default(), GTK_STYLE_PROVIDER(css),
        GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    window = gtk_window_new();
    gtk_window_set_default_size(GTK_WINDOW(window), 760, 900);
    pane = TARN_TRACE_PANE(tarn_trace_pane_new());
    gtk_window_set_child(GTK_WINDOW(window), GTK_WIDGET(pane));
    tarn_trace_pane_set(pane, trace, FALSE);
    gtk_window_present(GTK_WINDOW(window));
    settle(300);
    RUN(test_1000_points_agree_with_the_list);
    RUN(test_a_selected_token_is_told);
    RUN(test_the_list_is_painted);
    tarn_trace_pane_set(pane, NULL, FALSE);
    gtk_window_destroy(GTK_WINDOW(window));
    settle(50);
    tarn_trace_destroy(trace);
    return tap_end();
}
