/* trace_test.c - the trace pane without the rest of the window: what a click
 * finds agrees with the list at 1,000 points, something is painted, selecting
 * tells the same everywhere.
 *
 *   trace_test TRACE.json [HOSTILE [PICTURE.png]]        (on a display)
 *
 * HOSTILE: the folder of tests/trace/hostile.py.
 */
#include <stdlib.h>

#include "core/trace/record.h" /* a trace that grows */
#include "gui/tarn-trace-saver.h"
#include "tests/gui/pane.h"

static const char *hostile, *picture;

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

/* The thought and the answer in a line; a token's share that no row has. */
static void test_sums_are_said(void)
{
    CHECK(label_that_begins("thought 27 tokens in 0.8 s, 1 hesitation, 1 loop "
                            "broken, budget reached · answer 6 tokens in "
                            "0.05 s"));
    g_signal_emit_by_name(lanes(), "chosen", 4u, -1);
    settle(50);
    CHECK(label_that_begins("rest 5.0%"));
}

/* A row has what the picture has: span, step, and what else it could be. */
static void test_the_table_tells_it_all(void)
{
    GtkStack *stack = GTK_STACK(
        gtk_widget_get_ancestor(GTK_WIDGET(lanes()), GTK_TYPE_STACK));
    gtk_stack_set_visible_child_name(stack, "table");
    settle(200);
    GtkColumnView *view =
        GTK_COLUMN_VIEW(find(GTK_WIDGET(stack), GTK_TYPE_COLUMN_VIEW));
    CHECK(g_list_model_get_n_items(gtk_column_view_get_columns(view)) == 9);
    CHECK(label_that_begins("most likely") && label_that_begins("thought"));
    CHECK(label_that_begins(" word 90%   other 5.0%"));
    for (guint i = 0; i < 9; i++) { /* each is sorted by, and back */
        g_autoptr(GtkColumnViewColumn) c = g_list_model_get_item(
            gtk_column_view_get_columns(view), i);
        gtk_column_view_sort_by_column(view, c, GTK_SORT_DESCENDING);
        settle(20);
    }
    gtk_column_view_sort_by_column(view, NULL, GTK_SORT_ASCENDING);
    gtk_stack_set_visible_child_name(stack, "timeline");
    settle(50);
}

static void test_a_range_has_sums(void)
{
    CHECK(label_that_begins("Answer of "));
    g_signal_emit_by_name(lanes(), "ranged", 3u, 9u);
    settle(50);
    const char *said = label_that_begins("tokens 3 to 9: ");
    CHECK_SAYS(said && strstr(said, "7 tokens · "), "%s", said ? said : "-");
    g_signal_emit_by_name(lanes(), "chosen", 4u, -1);
    settle(50);
    CHECK(!label_that_begins("tokens 3 to 9: ") &&
          label_that_begins("token 4 of "));
}

/* Not the one inside a list of layers. */
static GtkWidget *search_entry(void)
{
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    g_ptr_array_add(todo, pane);
    for (guint i = 0; i < todo->len; i++) {
        GtkWidget *w = todo->pdata[i];
        if (GTK_IS_SEARCH_ENTRY(w) && gtk_widget_get_mapped(w))
            return w;
        for (GtkWidget *c = gtk_widget_get_first_child(w); c;
             c = gtk_widget_get_next_sibling(c))
            g_ptr_array_add(todo, c);
    }
    return NULL;
}

static void test_a_search_counts_and_goes_round(void)
{
    GtkWidget *entry = search_entry();
    gtk_editable_set_text(GTK_EDITABLE(entry), "is:loop");
    settle(400); /* the entry waits for more letters */
    CHECK(label_that_begins("48 hits"));
    gtk_editable_set_text(GTK_EDITABLE(entry), "is:what");
    settle(400);
    CHECK(label_that_begins("“is:what” means nothing here."));
    gtk_editable_set_text(GTK_EDITABLE(entry), "");
    settle(400);
}

/* The trace took 0.86 s. */
static void test_a_replay_takes_its_time(void)
{
    GtkButton *play = button_of("Replay");
    CHECK(play != NULL);
    if (!play)
        return;
    g_signal_emit_by_name(play, "clicked");
    settle(300);
    const char *said = label_that_begins("token ");
    int at = said ? atoi(said + 6) : -1;
    CHECK_SAYS(at > 3 && at < 60, "%s", said ? said : "-");
    CHECK(button_of("Pause") == play);
    g_signal_emit_by_name(play, "clicked");
    settle(300);
    said = label_that_begins("token ");
    CHECK(said && atoi(said + 6) <= at + 4 && button_of("Replay") == play);
    g_signal_emit_by_name(play, "clicked");
    settle(1500);
    CHECK(button_of("Replay") == play && !label_that_begins("token "));
}

static void test_every_kind_can_be_saved(void)
{
    static const struct {
        const char *kind, *begin;
    } KINDS[] = { { "json", "{\"tarn_trace\":" }, { "csv", "token,text," },
                  { "md", "# Trace\n" }, { "svg", "<svg" },
                  { "png", "\x89PNG" } };
    for (gsize i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        g_autofree char *why = NULL;
        g_autoptr(GBytes) bytes = tarn_trace_saver_make(
            lanes(), trace, KINDS[i].kind, &why);
        gsize size = 0;
        const char *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;
        CHECK_SAYS(size > 100 && !memcmp(data, KINDS[i].begin,
                                         strlen(KINDS[i].begin)),
                   "%s: %s", KINDS[i].kind, why ? why : "wrong");
    }
}

/* Pixels of exactly this colour. */
static guint count_pixels(GBytes *png, guint32 rgb, int *width, int *height)
{
    g_autoptr(GdkTexture) t = gdk_texture_new_from_bytes(png, NULL);
    *width = gdk_texture_get_width(t);
    *height = gdk_texture_get_height(t);
    gsize n = (gsize)*width * (gsize)*height;
    g_autofree guint32 *pixels = g_new(guint32, n);
    guint count = 0;
    gdk_texture_download(t, (guchar *)pixels, (gsize)*width * 4);
    for (gsize i = 0; i < n; i++)
        count += (pixels[i] & 0xFFFFFF) == rgb;
    return count;
}

/* White paper, black ink, whatever the screen's scheme is. */
static void test_the_picture_is_printed(void)
{
    GdkDisplay *display = gdk_display_get_default();
    g_autoptr(GtkCssProvider) css = gtk_css_provider_new();
    g_autofree char *why = NULL;
    int w, h, w2, h2;
    guint paper[2];
    for (int dark = 0; dark < 2; dark++) {
        gtk_css_provider_load_from_resource(
            css, dark ? "/org/tarn/Tarn/style-dark.css"
                      : "/org/tarn/Tarn/style.css");
        gtk_style_context_add_provider_for_display(
            display, GTK_STYLE_PROVIDER(css),
            GTK_STYLE_PROVIDER_PRIORITY_USER);
        settle(200);
        g_autoptr(GBytes) png =
            tarn_trace_saver_make(lanes(), trace, "png", &why);
        paper[dark] = count_pixels(png, 0xFFFFFF, &w, &h);
        CHECK(count_pixels(png, 0x000000, &w2, &h2) > 100);
        CHECK_SAYS(paper[dark] > (guint)(w * h / 2), "%u of %d", paper[dark],
                   w * h);
        CHECK_SAYS(!count_pixels(png, 0x1D1C1A, &w2, &h2) &&
                       !count_pixels(png, 0xEDEBE6, &w2, &h2),
                   "ink of the screen");
        if (dark && g_getenv("TARN_PICTURE"))
            g_file_set_contents(g_getenv("TARN_PICTURE"),
                                g_bytes_get_data(png, NULL),
                                (gssize)g_bytes_get_size(png), NULL);
    }
    CHECK(paper[0] == paper[1]);
    const struct tarn_view_list *l = tarn_trace_lanes_list(lanes());
    CHECK_SAYS(w == 2 * (l->width + 40) && h == 2 * (l->height + 88),
               "%d x %d", w, h);
    gtk_style_context_remove_provider_for_display(display,
                                                  GTK_STYLE_PROVIDER(css));
    settle(200);
}

static guint state_items(void)
{
    const struct tarn_view_list *l = tarn_trace_lanes_list(lanes());
    guint n = 0;
    for (gsize i = 0; i < l->n; i++)
        n += l->items[i].lane == TARN_LANE_STATE;
    return n;
}

/* Off at first; when it is on, the picture, the words and the file have it. */
static void test_the_state_is_shown_when_wanted(void)
{
    static const gint32 prompt[300];
    const struct tarn_trace_turn asked = {
        .prompt = prompt, .n_prompt = 300, .n_context = 4096,
        .sampling = tarn_sampling_default(), .page_tokens = 256,
        .page_bytes = 3145728, .tail_bytes = 884736
    };
    CHECK(!tarn_trace_set_turn(trace, &asked, NULL));
    g_signal_emit_by_name(lanes(), "chosen", 4u, -1);
    CHECK(state_items() == 0);
    for (int on = 1; on >= 0; on--) {
        g_autofree char *why = NULL;
        CHECK(gtk_widget_activate_action(GTK_WIDGET(lanes()),
                                         "trace.lane-state", NULL));
        settle(100);
        CHECK_SAYS(state_items() == (on ? 5 : 0), "%u items", state_items());
        const char *said = label_that_begins("token 4 of ");
        CHECK_SAYS(said && !strstr(said, ", context 305 of 4,096 tokens, "
                                         "state 7 MB") == !on, "%s", said);
        g_autoptr(GBytes) svg = tarn_trace_saver_make(lanes(), trace, "svg",
                                                      &why);
        gsize size;
        const char *data = g_bytes_get_data(svg, &size);
        CHECK(!g_strstr_len(data, (gssize)size, ">state, MB<") == !on);
    }
}

static char *refused; /* what was said of the file */

static void on_failed(TarnTracePane *p, const char *said)
{
    (void)p;
    g_free(refused);
    refused = g_strdup(said);
}

/* The files of tests/trace/hostile.py; the page gets the same.  What is legal
 * is shown in each view, the rest refused with one sentence, and what was there
 * stays. */
static void test_f06_hostile_files(void)
{
    GtkStack *stack = GTK_STACK(
        gtk_widget_get_ancestor(GTK_WIDGET(lanes()), GTK_TYPE_STACK));
    g_autoptr(GDir) dir = hostile ? g_dir_open(hostile, 0, NULL) : NULL;
    CHECK(gtk_stack_get_child_by_name(stack, "timeline") != NULL);
    gulong told = g_signal_connect(pane, "failed", G_CALLBACK(on_failed), NULL);
    const char *name;
    guint n = 0;
    while (dir && (name = g_dir_read_name(dir)) && ++n) {
        g_autofree char *file = g_build_filename(hostile, name, NULL);
        gboolean good = g_str_has_prefix(name, "good");
        const struct tarn_trace *was = tarn_trace_pane_get(pane);
        g_clear_pointer(&refused, g_free);
        tarn_trace_pane_open(pane, file);
        CHECK_SAYS(good == !refused, "%s: %s", name, refused ? refused : "-");
        CHECK(good || (g_utf8_validate(refused, -1, NULL) &&
                       !strchr(refused, '\n') &&
                       tarn_trace_pane_get(pane) == was));
        static const char *const VIEWS[] = { "reading", "table", "timeline" };
        for (gsize i = 0; good && i < G_N_ELEMENTS(VIEWS); i++) {
            gtk_stack_set_visible_child_name(stack, VIEWS[i]);
            settle(60);
        }
        CHECK(!good || label_that_begins("thought "));
    }
    CHECK_SAYS(!hostile || n > 20, "%u files", n);
    g_signal_handler_disconnect(pane, told);
    g_clear_pointer(&refused, g_free);
    tarn_trace_pane_set(pane, trace, FALSE);
    settle(50);
}

/* Tokens that came are seen if the end was; else nothing moves. */
static void test_the_end_is_followed(void)
{
    size_t all = trace->n_tokens;
    tarn_trace_lanes_set(lanes(), NULL, FALSE);
    trace->n_tokens = 60;
    tarn_trace_lanes_set(lanes(), trace, FALSE);
    tarn_trace_lanes_zoom_to(lanes(), 40, 59);
    const struct tarn_view_list *l = tarn_trace_lanes_list(lanes());
    gint64 first = l->scroll;
    CHECK(first > 0 && l->scroll + l->plot_w >= l->content - 1);
    for (int end = 1; end >= 0; end--) {
        if (!end)
            tarn_trace_lanes_zoom_to(lanes(), 5, 9);
        l = tarn_trace_lanes_list(lanes());
        first = l->scroll;
        trace->n_tokens = end ? 80 : all;
        tarn_trace_lanes_set(lanes(), trace, TRUE);
        l = tarn_trace_lanes_list(lanes());
        CHECK_SAYS(end ? l->scroll + l->plot_w == l->content &&
                             l->scroll > first
                       : l->scroll == first,
                   "%d: %d px, then %d", end, (int)first, (int)l->scroll);
    }
    tarn_trace_pane_set(pane, NULL, FALSE);
    tarn_trace_pane_set(pane, trace, FALSE);
    settle(50);
}

static gboolean wheel(double dy)
{
    g_autoptr(GListModel) all =
        gtk_widget_observe_controllers(GTK_WIDGET(lanes()));
    for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
        g_autoptr(GObject) c = g_list_model_get_item(all, i);
        gboolean taken = FALSE;
        if (!GTK_IS_EVENT_CONTROLLER_SCROLL(c))
            continue;
        g_signal_emit_by_name(c, "scroll", 0.0, dy, &taken);
        return taken;
    }
    return FALSE;
}

/* The window is high enough for all lanes. */
static void test_the_wheel_goes_sideways(void)
{
    tarn_trace_lanes_zoom(lanes(), 0);
    settle(50);
    tarn_trace_lanes_list(lanes());
    CHECK(!wheel(1)); /* all is seen */
    tarn_trace_lanes_zoom_to(lanes(), 4, 20);
    settle(50);
    gint64 was = tarn_trace_lanes_list(lanes())->scroll;
    CHECK(wheel(1) && tarn_trace_lanes_list(lanes())->scroll == was + 60);
    gtk_window_set_default_size(GTK_WINDOW(window), 760, 400);
    settle(300);
    CHECK(!wheel(1)); /* up and down is of use */
    gtk_window_set_default_size(GTK_WINDOW(window), 760, 900);
    settle(300);
    tarn_trace_lanes_zoom(lanes(), 0);
}

static void test_two_traces_stand_beside_each_other(void)
{
    struct tarn_error err;
    struct tarn_trace *other = NULL;
    CHECK(!tarn_trace_load(path, &other, &err));
    tarn_trace_pane_set_other(pane, other, "a copy");
    tarn_trace_pane_show_compare(pane);
    settle(200);
    CHECK(label_that_begins("A ") && label_that_begins("B: a copy"));
    CHECK(label_that_begins("They do not part."));
    tarn_trace_pane_set_other(pane, NULL, NULL);
    settle(50);
    CHECK(!label_that_begins("B: a copy"));
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "golden-1.json";
    hostile = argc > 2 ? argv[2] : NULL;
    picture = argc > 3 ? argv[3] : NULL;
    if (!gtk_init_check()) {
        printf("1..0 # SKIP no display\n");
        return 0;
    }
    if (!show_pane())
        return tap_end();
    RUN(test_1000_points_agree_with_the_list);
    RUN(test_a_selected_token_is_told);
    RUN(test_the_list_is_painted);
    RUN(test_sums_are_said);
    RUN(test_the_table_tells_it_all);
    RUN(test_a_range_has_sums);
    RUN(test_a_search_counts_and_goes_round);
    RUN(test_a_replay_takes_its_time);
    RUN(test_every_kind_can_be_saved);
    RUN(test_the_picture_is_printed);
    RUN(test_the_state_is_shown_when_wanted);
    RUN(test_f06_hostile_files);
    RUN(test_the_end_is_followed);
    RUN(test_the_wheel_goes_sideways);
    RUN(test_two_traces_stand_beside_each_other);
    end_pane();
    return tap_end();
}
