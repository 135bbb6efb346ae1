/* tarn-trace-pane-acts.c - acts on a trace: searched, replayed, compared,
 * exported.  See tarn-trace-pane-inside.h. */
#include <string.h>

#include "gui/tarn-trace-pane-inside.h"
#include "gui/tarn-trace-saver.h"
#include "gui/tarn-trace-search.h"
#include "gui/tarn-words.h"

/* ------------------------------------------------------------------ searching
 */
static void show_count(TarnTracePane *p, const char *wrong)
{
    guint at = 0;
    while (p->hits && at < p->hits->len &&
           g_array_index(p->hits, guint, at) < p->selected)
        at++;
    gboolean here = p->hits && at < p->hits->len &&
                    g_array_index(p->hits, guint, at) == p->selected;
    g_autofree char *text =
        wrong           ? g_strdup(wrong)
        : !p->hits      ? g_strdup("")
        : !p->hits->len ? g_strdup(_("none"))
        : here          ? g_strdup_printf(_("%u of %u"), at + 1, p->hits->len)
               : g_strdup_printf(ngettext("%u hit", "%u hits", p->hits->len),
                                 p->hits->len);
    gtk_label_set_text(p->count, text);
    for (int i = 0; i < 2; i++)
        gtk_widget_set_visible(p->hunt[i], p->hits && p->hits->len);
}

void tarn_trace_pane_hunt(TarnTracePane *p, int step)
{
    guint n = p->hits ? p->hits->len : 0, at = 0;
    if (!n)
        return;
    while (at < n && p->selected != TARN_VIEW_NOTHING &&
           g_array_index(p->hits, guint, at) < p->selected)
        at++;
    gboolean here = at < n && g_array_index(p->hits, guint, at) == p->selected;
    if (step > 0)
        at = here ? at + 1 : at;
    else
        at = at + n - 1;
    tarn_trace_pane_select(p, g_array_index(p->hits, guint, at % n), -1);
    show_count(p, NULL);
}

void tarn_trace_pane_search(TarnTracePane *p)
{
    const char *query = gtk_editable_get_text(GTK_EDITABLE(p->search));
    g_autofree char *wrong = NULL;
    g_clear_pointer(&p->hits, g_array_unref);
    if (*query && p->trace)
        p->hits = tarn_trace_search(p->trace, p->first, p->end, query, &wrong);
    tarn_trace_lanes_set_hits(p->lanes, p->hits);
    tarn_trace_reading_set_hits(p->reading, p->hits);
    show_count(p, wrong);
}

/* ------------------------------------------------------------------ replaying
 */
static void stop_replay(TarnTracePane *p)
{
    if (p->tick)
        gtk_widget_remove_tick_callback(GTK_WIDGET(p), p->tick);
    p->tick = 0;
    gtk_button_set_label(p->play, _("Replay"));
}

void tarn_trace_pane_end_replay(TarnTracePane *p)
{
    stop_replay(p);
    p->played_ms = 0;
    if (p->lanes)
        tarn_trace_lanes_set_until(p->lanes, TARN_VIEW_NOTHING);
}

/* Its own times, so many times as fast: the last token that is there. */
static gboolean on_frame(GtkWidget *widget, GdkFrameClock *clock, gpointer user)
{
    TarnTracePane *p = TARN_TRACE_PANE(widget);
    gint64 now = gdk_frame_clock_get_frame_time(clock);
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_pane_tokens(p, &n);
    (void)user;
    p->played_ms += (double)(now - p->frame) / 1e3 * p->speed;
    p->frame = now;
    guint at = 0;
    while (at < n && (double)k[at].us / 1e3 <= p->played_ms)
        at++;
    if (at >= n) {
        tarn_trace_pane_end_replay(p);
        tarn_trace_pane_select(p, TARN_VIEW_NOTHING, -1);
        return G_SOURCE_REMOVE;
    }
    if (at > 0 && at - 1 != p->selected)
        tarn_trace_pane_select(p, at - 1, -1);
    tarn_trace_lanes_set_until(p->lanes, at ? at - 1 : 0);
    return G_SOURCE_CONTINUE;
}

void tarn_trace_pane_replay(TarnTracePane *p)
{
    gsize n;
    tarn_trace_pane_tokens(p, &n);
    if (p->tick) {
        stop_replay(p);
        return;
    }
    if (!n)
        return;
    p->frame = g_get_monotonic_time();
    gtk_button_set_label(p->play, _("Pause"));
    p->tick = gtk_widget_add_tick_callback(GTK_WIDGET(p), on_frame, NULL, NULL);
}

/* ------------------------------------------------------------------ comparing
 */
void tarn_trace_pane_forget_other(TarnTracePane *p)
{
    tarn_trace_compare_set(p->compare, NULL, NULL, NULL);
    g_clear_pointer(&p->other, tarn_trace_destroy);
    gtk_widget_set_visible(p->to_compare, FALSE);
    gtk_stack_page_set_visible(gtk_stack_get_page(p->stack, p->compared),
                               FALSE);
}

void tarn_trace_pane_set_other(TarnTracePane *p, struct tarn_trace *other,
                               const char *name)
{
    tarn_trace_pane_forget_other(p);
    p->other = other;
    if (!other || !p->trace)
        return;
    tarn_trace_compare_set(p->compare, p->trace, other, name);
    gtk_stack_page_set_visible(gtk_stack_get_page(p->stack, p->compared), TRUE);
}

void tarn_trace_pane_show_compare(TarnTracePane *p)
{
    if (p->other)
        gtk_stack_set_visible_child_name(p->stack, "compare");
}

void tarn_trace_pane_say(TarnTracePane *p, gboolean good, const char *text)
{
    gtk_label_set_text(p->say, text ? text : "");
    gtk_widget_set_visible(p->note, text != NULL);
    gtk_widget_set_visible(p->to_compare, p->other != NULL);
    if (good)
        gtk_widget_add_css_class(p->note, "good");
    else
        gtk_widget_remove_css_class(p->note, "good");
}

const struct tarn_trace *tarn_trace_pane_get(TarnTracePane *p)
{
    return p->trace;
}

/* ---------------------------------------------------------------------- files
 */
static void on_saved(gpointer pane, gboolean good, const char *text)
{
    if (good)
        tarn_trace_pane_say(pane, TRUE, text);
    else
        g_signal_emit_by_name(pane, "failed", text);
}

static void compare_with_file(TarnTracePane *p, const char *path)
{
    struct tarn_error err = { 0 };
    struct tarn_trace *t = NULL;
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = tarn_words_valid(base, -1);
    if (tarn_trace_load(path, &t, &err)) {
        g_autofree char *said = tarn_words_valid(err.text, -1);
        g_signal_emit_by_name(p, "failed", said);
        return;
    }
    tarn_trace_pane_set_other(p, t, name);
    tarn_trace_pane_show_compare(p);
}

static void on_file(TarnTracePane *p, int response)
{
    g_autoptr(GFile) f =
        gtk_file_chooser_get_file(GTK_FILE_CHOOSER(p->chooser));
    g_autofree char *path = f ? g_file_get_path(f) : NULL;
    gboolean compare = g_object_get_data(G_OBJECT(p->chooser), "compare") != 0;
    if (response == GTK_RESPONSE_ACCEPT && path && !compare)
        tarn_trace_pane_open(p, path);
    else if (response == GTK_RESPONSE_ACCEPT && path && p->trace)
        compare_with_file(p, path);
    g_clear_object(&p->chooser);
}

static void choose(TarnTracePane *p, const char *title, gboolean compare)
{
    GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(p));
    if (p->chooser)
        return;
    p->chooser = gtk_file_chooser_native_new(
        title, GTK_WINDOW(root), GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
    g_object_set_data(G_OBJECT(p->chooser), "compare",
                      GINT_TO_POINTER(compare));
    g_signal_connect_swapped(p->chooser, "response", G_CALLBACK(on_file), p);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(p->chooser));
}

static void act(GSimpleAction *a, GVariant *v, gpointer user)
{
    const char *name = g_action_get_name(G_ACTION(a));
    TarnTracePane *p = user;
    if (!strcmp(name, "open"))
        choose(p, _("Open a trace"), FALSE);
    else if (!p->trace)
        tarn_trace_pane_say(p, FALSE, _("There is no trace yet."));
    else if (!strcmp(name, "compare-file"))
        choose(p, _("Compare with a trace"), TRUE);
    else if (!strcmp(name, "compare-branch"))
        g_signal_emit_by_name(p, "branch");
    else if (!strcmp(name, "reproduce"))
        g_signal_emit_by_name(p, "reproduce");
    else if (!strcmp(name, "export"))
        tarn_trace_saver_ask(p->lanes, p->trace, g_variant_get_string(v, NULL),
                             on_saved, p);
}

static void set_speed(GSimpleAction *a, GVariant *v, gpointer user)
{
    g_simple_action_set_state(a, v);
    TARN_TRACE_PANE(user)->speed = (guint)g_variant_get_int32(v);
}

/* ---------------------------------------------------------------------- lanes
 */
static const struct {
    enum tarn_view_lane lane;
    const char *action, *label;
} LANES[] = {
    { TARN_LANE_STEPS, "lane-steps", N_("Steps") },
    { TARN_LANE_ENTROPY, "lane-entropy", N_("Entropy") },
    { TARN_LANE_HESITATION, "lane-hesitation", N_("Hesitations") },
    { TARN_LANE_LOOP, "lane-loop", N_("Loops") },
    { TARN_LANE_CHOSEN, "lane-chosen", N_("Chosen") },
    { TARN_LANE_OTHERS, "lane-others", N_("Others") },
    { TARN_LANE_EXPERTS, "lane-experts", N_("Experts") },
    { TARN_LANE_TIME, "lane-time", N_("Time") },
    { TARN_LANE_STATE, "lane-state", N_("State") }
};

static void show_lane(GSimpleAction *a, GVariant *v, gpointer user)
{
    TarnTracePane *p = user;
    const char *name = g_action_get_name(G_ACTION(a));
    gboolean on = g_variant_get_boolean(v);
    gsize i = 0;
    while (strcmp(LANES[i].action, name))
        i++;
    g_simple_action_set_state(a, v);
    tarn_trace_lanes_show(p->lanes, LANES[i].lane, on);
    if (LANES[i].lane == TARN_LANE_STATE)
        tarn_trace_details_with_state(p->details, on);
    tarn_trace_pane_tell(p);
}

static void add_lanes(TarnTracePane *p, GActionMap *map)
{
    for (gsize i = 0; i < G_N_ELEMENTS(LANES); i++) {
        gboolean on = !(TARN_LANES_OFF & 1u << LANES[i].lane);
        g_autoptr(GSimpleAction) a = g_simple_action_new_stateful(
            LANES[i].action, NULL, g_variant_new_boolean(on));
        g_signal_connect(a, "change-state", G_CALLBACK(show_lane), p);
        g_action_map_add_action(map, G_ACTION(a));
    }
}

static void add_item(GMenu *menu, const char *label, const char *action,
                     GVariant *target)
{
    g_autoptr(GMenuItem) item = g_menu_item_new(label, NULL);
    g_menu_item_set_action_and_target_value(item, action, target);
    g_menu_append_item(menu, item);
}

GMenu *tarn_trace_pane_menu(void)
{
    static const char *const KINDS[][2] = {
        { N_("Export as JSON…"), "json" },
        { N_("Export as CSV…"), "csv" },
        { N_("Export as Markdown…"), "md" },
        { N_("Export the timeline as SVG…"), "svg" },
        { N_("Export the timeline as PNG…"), "png" }
    };
    GMenu *menu = g_menu_new();
    g_autoptr(GMenu) acts = g_menu_new();
    g_autoptr(GMenu) speeds = g_menu_new();
    g_autoptr(GMenu) kinds = g_menu_new();
    g_autoptr(GMenu) lanes = g_menu_new();
    add_item(acts, _("Reproduce"), "trace.reproduce", NULL);
    add_item(acts, _("Open a trace…"), "trace.open", NULL);
    for (int speed = 1; speed <= 16; speed *= 4) {
        g_autofree char *name = g_strdup_printf(_("Replay ×%d"), speed);
        add_item(speeds, name, "trace.speed", g_variant_new_int32(speed));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(KINDS); i++)
        add_item(kinds, gettext(KINDS[i][0]), "trace.export",
                 g_variant_new_string(KINDS[i][1]));
    for (gsize i = 0; i < G_N_ELEMENTS(LANES); i++) {
        g_autofree char *action = g_strconcat("trace.", LANES[i].action, NULL);
        add_item(lanes, gettext(LANES[i].label), action, NULL);
    }
    g_menu_append_submenu(acts, _("Lanes"), G_MENU_MODEL(lanes));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(acts));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(speeds));
    g_menu_append_section(menu, NULL, G_MENU_MODEL(kinds));
    return menu;
}

GMenu *tarn_trace_pane_others(void)
{
    GMenu *menu = g_menu_new();
    add_item(menu, _("Another branch"), "trace.compare-branch", NULL);
    add_item(menu, _("A file…"), "trace.compare-file", NULL);
    return menu;
}

void tarn_trace_pane_add_actions(TarnTracePane *p)
{
    static const GActionEntry ACTS[] = {
        { .name = "open", .activate = act },
        { .name = "compare-file", .activate = act },
        { .name = "compare-branch", .activate = act },
        { .name = "reproduce", .activate = act },
        { .name = "export", .activate = act, .parameter_type = "s" },
        { .name = "speed",
          .parameter_type = "i",
          .state = "1",
          .change_state = set_speed }
    };
    g_autoptr(GSimpleActionGroup) group = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(group), ACTS,
                                    G_N_ELEMENTS(ACTS), p);
    add_lanes(p, G_ACTION_MAP(group));
    gtk_widget_insert_action_group(GTK_WIDGET(p), "trace",
                                   G_ACTION_GROUP(group));
}
