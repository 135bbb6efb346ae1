/* trace_look_test.c - how one looks at a trace in the pane: folds and grounds
 * of the reading view, the line and the tip under the pointer, the scale, whose
 * trace it is, and a part of a very long one.
 *
 *   trace_look_test TRACE.json        (on a display)
 */
#include "core/trace/record.h" /* figures of one's own */
#include "tests/gui/pane.h"

/* A machine that does much else gets some time. */
#define SOON(cond)                                                             \
    do {                                                                       \
        for (int i_ = 0; i_ < 250 && !(cond); i_++)                            \
            settle(20);                                                        \
        CHECK(cond);                                                           \
    } while (0)

static guint n_frames;

static gboolean on_frame(GtkWidget *w, GdkFrameClock *clock, gpointer user)
{
    (void)w;
    (void)clock;
    (void)user;
    return ++n_frames < 3 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Until all is where it belongs, and painted. */
static void draw(GtkWidget *w)
{
    n_frames = 0;
    SOON(gtk_widget_get_mapped(w) && gtk_widget_get_height(w) > 0);
    gtk_widget_add_tick_callback(w, on_frame, NULL, NULL);
    gtk_widget_queue_draw(w);
    SOON(n_frames >= 3);
}

static void turn_to(const char *view)
{
    GtkStack *stack = GTK_STACK(
        gtk_widget_get_ancestor(GTK_WIDGET(lanes()), GTK_TYPE_STACK));
    gtk_stack_set_visible_child_name(stack, view);
    draw(gtk_stack_get_visible_child(stack));
}

/* ---------------------------------------------------------------- reading view
 */
static GtkTextView *text_view(void)
{
    return GTK_TEXT_VIEW(find(GTK_WIDGET(pane), GTK_TYPE_TEXT_VIEW));
}

static char *text(void)
{
    GtkTextIter from, to;
    GtkTextBuffer *b = gtk_text_view_get_buffer(text_view());
    gtk_text_buffer_get_bounds(b, &from, &to);
    return gtk_text_buffer_get_text(b, &from, &to, TRUE);
}

/* Where that stands for the nth time, from 0. */
static gboolean place_of(const char *part, int nth, GtkTextIter *at)
{
    g_autofree char *all = text();
    const char *here = all;
    for (int i = 0; here && i <= nth; i++)
        here = strstr(here + (i > 0), part);
    if (here)
        gtk_text_buffer_get_iter_at_offset(
            gtk_text_view_get_buffer(text_view()), at,
            (int)g_utf8_pointer_to_offset(all, here));
    return here != NULL;
}

static gpointer controller(GtkWidget *w, GType type, const char *name)
{
    g_autoptr(GListModel) all = gtk_widget_observe_controllers(w);
    for (guint i = 0; i < g_list_model_get_n_items(all); i++) {
        g_autoptr(GObject) c = g_list_model_get_item(all, i);
        if (G_TYPE_CHECK_INSTANCE_TYPE(c, type) &&
            !g_strcmp0(name,
                       gtk_event_controller_get_name(
                           GTK_EVENT_CONTROLLER(c))))
            return c; /* the widget has it */
    }
    return NULL;
}

static void click(const char *part, int nth)
{
    GtkTextIter at;
    GdkRectangle box;
    int x, y;
    if (!place_of(part, nth, &at)) {
        CHECK_SAYS(FALSE, "no %s", part);
        return;
    }
    gtk_text_view_get_iter_location(text_view(), &at, &box);
    gtk_text_view_buffer_to_window_coords(
        text_view(), GTK_TEXT_WINDOW_WIDGET, box.x + 2,
        box.y + box.height / 2, &x, &y);
    g_signal_emit_by_name(controller(GTK_WIDGET(text_view()),
                                     GTK_TYPE_GESTURE_CLICK, "fold"),
                          "released", 1, (double)x, (double)y);
    settle(30);
}

static gboolean key(guint value)
{
    gboolean taken = FALSE;
    g_signal_emit_by_name(controller(GTK_WIDGET(text_view()),
                                     GTK_TYPE_EVENT_CONTROLLER_KEY, "fold"),
                          "key-pressed", value, 0u, (GdkModifierType)0,
                          &taken);
    settle(30);
    return taken;
}

static gboolean reads(const char *part)
{
    g_autofree char *all = text();
    return strstr(all, part) != NULL;
}

/* Whether a tag of the first such text sets that. */
static gboolean has(const char *part, const char *what)
{
    GtkTextIter at;
    gboolean any = FALSE;
    if (!place_of(part, 0, &at)) {
        CHECK_SAYS(FALSE, "no %s", part);
        return FALSE;
    }
    g_autoptr(GSList) tags = gtk_text_iter_get_tags(&at);
    for (GSList *t = tags; t; t = t->next) {
        gboolean on;
        g_object_get(t->data, what, &on, NULL);
        any |= on;
    }
    return any;
}

/* What was taken back is folded until one asks for it. */
static void test_what_was_taken_back_unfolds(void)
{
    turn_to("reading");
    CHECK(reads("step 1  13 tokens · ") && reads("Answer  4 tokens · "));
    CHECK(reads("✂ 48 tokens taken back  ▸\n") && !reads(" other other other"));
    click("✂ 48", 0);
    CHECK(reads("✂ 48 tokens taken back  ▾\n") && reads(" other other other"));
    CHECK(has(" other other other", "strikethrough-set"));
    click("✂ 48", 0);
    CHECK(!reads(" other other other"));
}

/* By pointer and by key; only then its title is shown; the rest of the text
 * stays what it is, and tokens are found where they are then. */
static void test_steps_fold(void)
{
    g_autofree char *whole = text();
    CHECK(!reads("…"));
    click("step 1", 0);
    CHECK(reads("▸\nword word word") && reads("wo…\n\nstep 2"));
    g_signal_emit_by_name(lanes(), "chosen", 15u, -1);
    settle(30);
    click("Wait", 0);
    CHECK(label_that_begins("token 14 of "));
    click("wo…", 0); /* a title unfolds, too */
    g_autofree char *again = text();
    CHECK_SAYS(!strcmp(whole, again), "%s", again);
    CHECK(has("step 1", "weight-set") && !has("13 tokens", "weight-set") &&
          !has(" word", "weight-set"));
    GtkTextIter at;
    CHECK(place_of("step 2", 0, &at));
    gtk_text_buffer_place_cursor(gtk_text_view_get_buffer(text_view()), &at);
    CHECK(key(GDK_KEY_space) && reads("▸\nWait word"));
    CHECK(key(GDK_KEY_space) && !reads("▸\nWait word"));
    CHECK(place_of("Wait", 0, &at));
    gtk_text_buffer_place_cursor(gtk_text_view_get_buffer(text_view()), &at);
    CHECK(key(GDK_KEY_Return) && label_that_begins("token 14 of "));
    CHECK(!key(GDK_KEY_a));
    g_autofree char *last = text();
    CHECK(!strcmp(whole, last));
}

/* A step stays folded while the turn grows, and is open in another trace. */
static void test_folds_stay(void)
{
    size_t all = trace->n_tokens;
    trace->n_tokens = 80;
    tarn_trace_pane_set(pane, NULL, FALSE);
    tarn_trace_pane_set(pane, trace, FALSE);
    settle(30);
    CHECK(!reads("▸\nword") && reads("Answer  3 tokens · "));
    click("step 1", 0);
    trace->n_tokens = all;
    tarn_trace_pane_set(pane, trace, FALSE);
    SOON(reads("Answer  4 tokens · "));
    CHECK(reads("▸\nword") && reads("Call  "));
    tarn_trace_pane_set(pane, NULL, FALSE);
    tarn_trace_pane_set(pane, trace, FALSE);
    settle(30);
    CHECK(!reads("▸\nword"));
}

static void test_calm_steps_fold_together(void)
{
    g_autofree char *whole = text();
    guint was = trace->hesitations[0].first;
    trace->hesitations[0].first = 14; /* so the first step is calm */
    g_signal_emit_by_name(button_of("Fold calm steps"), "clicked");
    settle(50);
    CHECK(reads("▸\nword") && !reads("▸\nWait"));
    click("step 1", 0);
    CHECK(!reads("▸\nword"));
    trace->hesitations[0].first = was;
    g_signal_emit_by_name(button_of("Unfold all steps"), "clicked");
    settle(50);
    g_autofree char *again = text();
    CHECK_SAYS(!strcmp(whole, again), "%s", again);
    CHECK(button_of("Fold calm steps") != NULL);
}

/* The ground behind a token of step 2; 0: it has none. */
static guint ground(void)
{
    GtkTextIter at;
    guint seen = 0;
    CHECK(place_of("Wait word", 0, &at));
    gtk_text_iter_forward_chars(&at, 5);
    g_autoptr(GSList) tags = gtk_text_iter_get_tags(&at);
    for (GSList *t = tags; t; t = t->next) {
        g_autoptr(GdkRGBA) c = NULL;
        g_object_get(t->data, "background-rgba", &c, NULL);
        if (c)
            seen = (guint)(c->red * 255 + 0.5f) << 16 |
                   (guint)(c->green * 255 + 0.5f) << 8 |
                   (guint)(c->blue * 255 + 0.5f);
    }
    return seen;
}

static GtkDropDown *grounds(void)
{
    return GTK_DROP_DOWN(
        find(gtk_widget_get_ancestor(GTK_WIDGET(button_of("Fold calm steps")),
                                     GTK_TYPE_BOX),
             GTK_TYPE_DROP_DOWN));
}

/* Entropy of 2 bits, a share of 40 %, ten milliseconds as all. */
static void test_the_ground_tells_what_is_chosen(void)
{
    static const guint WANTED[] = { 0xE9922F, 0xFFCE78, 0, 0 };
    tarn_trace_pane_set(pane, NULL, FALSE);
    tarn_trace_pane_set(pane, trace, FALSE);
    settle(50);
    CHECK(g_list_model_get_n_items(gtk_drop_down_get_model(grounds())) == 4);
    for (guint i = 0; i < 4; i++) {
        gtk_drop_down_set_selected(grounds(), i);
        settle(30);
        CHECK_SAYS(ground() == WANTED[i], "%u: %06x", i, ground());
    }
    gtk_drop_down_set_selected(grounds(), 0);
    settle(30);
}

/* Only where experts are recorded; the layer is the lanes' one. */
static void test_experts_can_be_the_ground(void)
{
    struct tarn_error err;
    struct tarn_trace *other = NULL;
    CHECK(!tarn_trace_load(path, &other, &err));
    other->info.n_moe_layers = 2;
    other->info.n_expert = 8;
    other->info.n_expert_used = 2;
    CHECK(!tarn_trace_shape(other, NULL) &&
          tarn_trace_room_experts(other, other->n_tokens));
    for (guint i = 0; i < other->n_tokens; i++) {
        const guint16 ids[4] = { 0, 1, (guint16)(i % 2 * 2),
                                 (guint16)(i % 2 * 2 + 1) };
        memcpy(other->expert_ids + 4 * i, ids, sizeof ids);
    }
    tarn_trace_pane_set(pane, other, FALSE);
    settle(50);
    CHECK(g_list_model_get_n_items(gtk_drop_down_get_model(grounds())) == 5);
    gtk_drop_down_set_selected(grounds(), 3);
    settle(30);
    CHECK(label_that_begins("Experts of all layers"));
    CHECK_SAYS(ground() == 0x6798C3, "%06x", ground()); /* half of them */
    GtkDropDown *layer = GTK_DROP_DOWN(find(GTK_WIDGET(pane),
                                            GTK_TYPE_DROP_DOWN));
    for (guint l = 1; l <= 2; l++) {
        gtk_drop_down_set_selected(layer, l);
        settle(50);
        CHECK(label_that_begins(l == 1 ? "Experts of layer 1"
                                       : "Experts of layer 2"));
        CHECK_SAYS(ground() == (l == 1 ? 0x0B3F6E : 0), "%06x", ground());
    }
    const char *tip = gtk_widget_get_tooltip_text(GTK_WIDGET(grounds()));
    CHECK_SAYS(strstr(tip, "layer 2") && strstr(tip, "token before"), "%s",
               tip);
    tarn_trace_pane_set(pane, trace, FALSE);
    settle(50);
    CHECK_SAYS(ground() == 0xE9922F, "%06x", ground()); /* entropy again */
    tarn_trace_destroy(other);
}

/* ---------------------------------------------------------------------- pixels
 */
static guint32 *picture_of(GtkWidget *w, int *width, int *height)
{
    g_autoptr(GdkPaintable) p = gtk_widget_paintable_new(w);
    draw(w); /* it is what was painted last */
    *width = gdk_paintable_get_intrinsic_width(p);
    *height = gdk_paintable_get_intrinsic_height(p);
    GtkSnapshot *s = gtk_snapshot_new();
    gdk_paintable_snapshot(p, GDK_SNAPSHOT(s), *width, *height);
    GskRenderNode *node = gtk_snapshot_free_to_node(s);
    g_autoptr(GdkTexture) t = gsk_renderer_render_texture(
        gtk_native_get_renderer(gtk_widget_get_native(w)), node,
        &GRAPHENE_RECT_INIT(0, 0, (float)*width, (float)*height));
    gsk_render_node_unref(node);
    guint32 *pixels = g_new0(guint32, (gsize)*width * (gsize)*height);
    gdk_texture_download(t, (guchar *)pixels, (gsize)*width * 4);
    return pixels;
}

/* Pixels of a column that are soft. */
static guint soft_pixels(const guint32 *pixels, int width, int height, int x)
{
    guint n = 0;
    for (int y = 0; y < height; y++)
        n += (pixels[y * width + x] & 0xFFFFFF) == 0x57534C;
    return n;
}

/* Beside the step that has one, and nowhere where none is. */
static void test_a_hesitation_has_a_bracket(void)
{
    int w, h;
    settle(100);
    for (int on = 1; on >= 0; on--) {
        size_t n = trace->n_hesitations;
        trace->n_hesitations = on ? n : 0;
        gtk_widget_queue_draw(GTK_WIDGET(text_view()));
        settle(50);
        g_autofree guint32 *pixels =
            picture_of(GTK_WIDGET(text_view()), &w, &h);
        guint soft = soft_pixels(pixels, w, h, 9);
        CHECK_SAYS(on ? soft > 20 : soft == 0, "%d: %u pixels", on, soft);
        trace->n_hesitations = n;
    }
}

/* -------------------------------------------------------------------- timeline
 */
static void point_at(double x, double y)
{
    g_signal_emit_by_name(controller(GTK_WIDGET(lanes()),
                                     GTK_TYPE_EVENT_CONTROLLER_MOTION, NULL),
                          "motion", x, y);
}

static int y_of(enum tarn_view_lane lane)
{
    const struct tarn_view_list *l = tarn_trace_lanes_list(lanes());
    for (gsize i = 0; i < l->n; i++)
        if (l->items[i].lane == lane && l->items[i].kind == TARN_VIEW_TEXT)
            return l->items[i].y;
    return -1;
}

/* Over all lanes but the steps; the words come a little later. */
static void test_a_line_follows_the_pointer(void)
{
    int w, h;
    turn_to("timeline");
    tarn_trace_lanes_zoom_to(lanes(), 10, 30);
    settle(50);
    const struct tarn_view_list *l = tarn_trace_lanes_list(lanes());
    int x = l->plot_x + (int)(l->zoom * 5.5 / TARN_ZOOM_ONE);
    int steps = y_of(TARN_LANE_STEPS), entropy = y_of(TARN_LANE_ENTROPY);
    g_autofree guint32 *before = picture_of(GTK_WIDGET(lanes()), &w, &h);
    point_at(x, entropy + 2);
    CHECK(!tarn_trace_lanes_tip(lanes()));
    SOON(tarn_trace_lanes_tip(lanes()));
    const char *tip = tarn_trace_lanes_tip(lanes());
    CHECK_SAYS(!g_strcmp0(tip, "15 “ word” · 2.0 bits · 40% · 10.0 ms"), "%s",
               tip ? tip : "none");
    g_autofree guint32 *after = picture_of(GTK_WIDGET(lanes()), &w, &h);
    int at = -1, changed = 0;
    for (int i = 0; i < w; i++)
        if (soft_pixels(after, w, h, i) > soft_pixels(before, w, h, i) + 200)
            at = i;
    for (int i = 0; i < w * h; i++)
        changed += after[i] != before[i];
    graphene_rect_t all; /* the picture has the padding, the list has not */
    g_assert_true(gtk_widget_compute_bounds(GTK_WIDGET(lanes()),
                                            GTK_WIDGET(lanes()), &all));
    x -= (int)all.origin.x;
    CHECK_SAYS(at >= 0 && ABS(at - x) <= 2, "%d, not %d", at, x);
    CHECK_SAYS(changed > 1000, "%d pixels", changed); /* the tip */
    steps -= (int)all.origin.y;
    for (int y = steps; at >= 0 && y < steps + 16; y++)
        CHECK(after[y * w + at] == before[y * w + at]);
    g_signal_emit_by_name(controller(GTK_WIDGET(lanes()),
                                     GTK_TYPE_EVENT_CONTROLLER_MOTION, NULL),
                          "leave");
    g_autofree guint32 *left = picture_of(GTK_WIDGET(lanes()), &w, &h);
    CHECK(!tarn_trace_lanes_tip(lanes()) &&
          !memcmp(left, before, (gsize)w * (gsize)h * 4));
    tarn_trace_lanes_zoom(lanes(), 0);
}

static GtkRange *slider(void)
{
    return GTK_RANGE(find(GTK_WIDGET(pane), GTK_TYPE_SCALE));
}

/* It is where the scale is, a little after that. */
static gboolean follows(void)
{
    double least, most;
    for (int i = 0; i < 100; i++) {
        settle(20);
        double at = tarn_trace_lanes_scale(lanes(), &least, &most);
        if (ABS(gtk_range_get_value(slider()) - at) < 0.5)
            return TRUE;
    }
    return FALSE;
}

/* Sixteen steps are a doubling. */
static void test_a_slider_zooms_and_follows(void)
{
    CHECK(follows());
    guint32 fit = tarn_trace_lanes_list(lanes())->zoom;
    double least =
        gtk_adjustment_get_lower(gtk_range_get_adjustment(slider()));
    CHECK(gtk_range_get_value(slider()) - least < 1.01);
    gtk_range_set_value(slider(), gtk_range_get_value(slider()) + 16);
    double by = (double)tarn_trace_lanes_list(lanes())->zoom / fit;
    CHECK_SAYS(by > 1.9 && by < 2.1, "%f times", by);
    double was = gtk_range_get_value(slider());
    tarn_trace_lanes_zoom(lanes(), 2);
    CHECK(follows());
    CHECK(ABS(gtk_range_get_value(slider()) - was - 16) < 1.01);
    g_signal_emit_by_name(button_of("Fit"), "clicked");
    CHECK(follows());
    CHECK(tarn_trace_lanes_list(lanes())->zoom == fit &&
          gtk_range_get_value(slider()) - least < 1.01);
    turn_to("reading");
    CHECK(!gtk_widget_get_mapped(GTK_WIDGET(slider())));
    turn_to("timeline");
    CHECK(gtk_widget_get_mapped(GTK_WIDGET(slider())));
}

static void test_two_fingers_zoom(void)
{
    GtkGesture *pinch =
        controller(GTK_WIDGET(lanes()), GTK_TYPE_GESTURE_ZOOM, NULL);
    guint32 fit = tarn_trace_lanes_list(lanes())->zoom;
    g_signal_emit_by_name(pinch, "begin", NULL);
    for (int i = 1; i <= 4; i++) /* from the beginning, each time */
        g_signal_emit_by_name(pinch, "scale-changed", 1 + i / 4.0);
    double by = (double)tarn_trace_lanes_list(lanes())->zoom / fit;
    CHECK_SAYS(by > 1.99 && by < 2.01, "%f times", by);
    tarn_trace_lanes_zoom(lanes(), 0);
    settle(50);
}

/* ------------------------------------------------------------------------ head
 */
static void test_the_branch_is_named(void)
{
    CHECK(label_that_begins("Answer of ") &&
          !strstr(label_that_begins("Answer of "), "branch"));
    tarn_trace_pane_set_branch(pane, 2, 3);
    const char *said = label_that_begins("Answer of ");
    CHECK_SAYS(g_str_has_suffix(said, ", branch 2 / 3"), "%s", said);
    tarn_trace_pane_set_branch(pane, 1, 1);
    CHECK(!strstr(label_that_begins("Answer of "), "branch"));
    tarn_trace_pane_set_branch(pane, 0, 0);
}

/* UX: clamp(420, 47.5 vw, 760) */
static void test_it_fits_into_420_px(void)
{
    int min, nat;
    static const char *const VIEWS[] = { "reading", "table", "timeline" };
    for (gsize i = 0; i < G_N_ELEMENTS(VIEWS); i++) {
        turn_to(VIEWS[i]);
        gtk_widget_measure(GTK_WIDGET(pane), GTK_ORIENTATION_HORIZONTAL, -1,
                           &min, &nat, NULL, NULL);
        CHECK_SAYS(min <= 420, "%s: %d px", VIEWS[i], min);
    }
}

/* ------------------------------------------------------------------- very long
 */
static struct tarn_trace *long_trace(guint n)
{
    struct tarn_error err;
    struct tarn_trace *t = NULL;
    CHECK(!tarn_trace_load(path, &t, &err));
    while (t->room_tokens < n + 1)
        if (!tarn_trace_grow(t, &t->tokens, t->room_tokens, &t->room_tokens,
                             sizeof *t->tokens))
            return t;
    struct tarn_trace_token one = t->tokens[84];
    for (guint i = (guint)t->n_tokens; i < n; i++) {
        t->tokens[i] = one;
        t->tokens[i].text_at = (guint32)t->bytes.size;
        t->tokens[i].us = t->tokens[i - 1].us + 10000;
    }
    t->n_tokens = n;
    return t;
}

static guint rows(void)
{
    GtkColumnView *v =
        GTK_COLUMN_VIEW(find(GTK_WIDGET(pane), GTK_TYPE_COLUMN_VIEW));
    return g_list_model_get_n_items(
        G_LIST_MODEL(gtk_column_view_get_model(v)));
}

/* Not the one inside a list of layers. */
static GtkEditable *entry(void)
{
    GtkWidget *row = gtk_widget_get_ancestor(GTK_WIDGET(slider()),
                                             GTK_TYPE_BOX);
    return GTK_EDITABLE(find(gtk_widget_get_parent(row),
                             GTK_TYPE_SEARCH_ENTRY));
}

static void test_of_200000_tokens_a_part_is_searched(void)
{
    struct tarn_trace *t = long_trace(200400);
    t->tokens[100].entropy_bits = t->tokens[200300].entropy_bits = 9;
    CHECK(!label_that_begins("Over 200,000 tokens"));
    tarn_trace_pane_set(pane, t, FALSE);
    gtk_editable_set_text(entry(), "H>8");
    SOON(label_that_begins("1 hit")); /* the entry waits for more letters */
    CHECK(label_that_begins("Over 200,000 tokens: table and search keep to "
                            "the visible part, 0 to 199,999."));
    tarn_trace_lanes_zoom_to(lanes(), 200200, 200399);
    SOON(label_that_begins("Over 200,000 tokens: table and search keep to "
                           "the visible part, 200,"));
    CHECK(label_that_begins("1 hit"));
    turn_to("table");
    SOON(label_that_begins("200201"));
    CHECK_SAYS(rows() >= 199 && rows() < 203, "%u rows", rows());
    CHECK(!label_that_begins("84"));
    turn_to("timeline");
    tarn_trace_lanes_zoom_to(lanes(), 200000, 200100);
    SOON(label_that_begins("none"));
    gtk_editable_set_text(entry(), "");
    SOON(!label_that_begins("none"));
    tarn_trace_pane_set(pane, trace, FALSE);
    settle(50);
    CHECK(!label_that_begins("Over 200,000 tokens"));
    turn_to("table");
    CHECK(rows() == trace->n_tokens);
    turn_to("timeline");
    tarn_trace_destroy(t);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "golden-1.json";
    if (!gtk_init_check()) {
        printf("1..0 # SKIP no display\n");
        return 0;
    }
    if (!show_pane())
        return tap_end();
    RUN(test_what_was_taken_back_unfolds);
    RUN(test_steps_fold);
    RUN(test_folds_stay);
    RUN(test_calm_steps_fold_together);
    RUN(test_the_ground_tells_what_is_chosen);
    RUN(test_experts_can_be_the_ground);
    RUN(test_a_hesitation_has_a_bracket);
    RUN(test_a_line_follows_the_pointer);
    RUN(test_a_slider_zooms_and_follows);
    RUN(test_two_fingers_zoom);
    RUN(test_the_branch_is_named);
    RUN(test_it_fits_into_420_px);
    RUN(test_of_200000_tokens_a_part_is_searched);
    end_pane();
    return tap_end();
}
