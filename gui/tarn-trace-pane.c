/* tarn-trace-pane.c - see tarn-trace-pane.h. */
#include "gui/tarn-trace-pane.h"

#include <string.h>

#include "gui/tarn-trace-export.h"
#include "gui/tarn-trace-pane-inside.h"
#include "gui/tarn-words.h"

enum { GROW_MS = 120 };

G_DEFINE_FINAL_TYPE(TarnTracePane, tarn_trace_pane, GTK_TYPE_BOX)

enum { FORK, CLOSED, FAILED, REPRODUCE, REVEAL, BRANCH, N_SIGNALS };
static guint signals[N_SIGNALS];

const struct tarn_trace_token *tarn_trace_pane_tokens(TarnTracePane *p,
                                                      gsize *n)
{
    *n = 0;
    return p->trace ? tarn_trace_tokens(p->trace, n) : NULL;
}

/* ------------------------------------------------------------------ selecting
 */
void tarn_trace_pane_tell(TarnTracePane *p)
{
    if (p->anchor != TARN_VIEW_NOTHING && p->selected != TARN_VIEW_NOTHING)
        tarn_trace_details_range(p->details, p->trace,
                                 MIN(p->anchor, p->selected),
                                 MAX(p->anchor, p->selected));
    else
        tarn_trace_details_token(p->details, p->trace,
                                 tarn_trace_lanes_view(p->lanes), p->selected,
                                 p->mark, p->can_fork);
    gsize n;
    tarn_trace_pane_tokens(p, &n);
    g_autofree char *count = tarn_words_count(n);
    g_autofree char *whole =
        gtk_widget_get_visible(GTK_WIDGET(p->details))
            ? g_strdup_printf(_("Timeline, %s"),
                              tarn_trace_details_said(p->details))
            : g_strdup_printf(ngettext("Trace, %s token. Use the table",
                                       "Trace, %s tokens. Use the table", n),
                              count);
    gtk_accessible_update_property(GTK_ACCESSIBLE(p->lanes),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, whole, -1);
}

static void move_to(TarnTracePane *p, guint token, int candidate)
{
    gsize n;
    tarn_trace_pane_tokens(p, &n);
    if (token != TARN_VIEW_NOTHING && token >= n)
        return;
    p->selected = token;
    p->mark = candidate >= 0 ? (guint)candidate : 0;
    if (token == TARN_VIEW_NOTHING)
        p->anchor = token;
    tarn_trace_lanes_select(p->lanes, token);
    tarn_trace_lanes_set_range(p->lanes, p->anchor, p->selected);
    tarn_trace_reading_select(p->reading, token);
    tarn_trace_table_select(p->table, token);
    tarn_trace_pane_tell(p);
}

void tarn_trace_pane_select(TarnTracePane *p, guint token, int candidate)
{
    p->anchor = TARN_VIEW_NOTHING;
    move_to(p, token, candidate);
}

void tarn_trace_pane_range(TarnTracePane *p, guint first, guint last)
{
    p->anchor = first;
    move_to(p, last, -1);
}

typedef gboolean (*Wanted)(TarnTracePane *p, guint token);

static gboolean any_token(TarnTracePane *p, guint token)
{
    (void)p;
    (void)token;
    return TRUE;
}

static gboolean begins_step(TarnTracePane *p, guint token)
{
    gsize n;
    const struct tarn_trace_step *s = tarn_trace_steps(p->trace, &n);
    for (gsize i = 0; i < n; i++)
        if (s[i].first == token)
            return TRUE;
    return FALSE;
}

static gboolean begins_hesitation(TarnTracePane *p, guint token)
{
    gsize n;
    const struct tarn_trace_hesitation *h =
        tarn_trace_hesitations(p->trace, &n);
    for (gsize i = 0; i < n; i++)
        if (h[i].first == token)
            return TRUE;
    return FALSE;
}

static gboolean is_fork(TarnTracePane *p, guint token)
{
    return tarn_trace_is_fork(p->trace, token);
}

static gboolean before_loop(TarnTracePane *p, guint token)
{
    gsize n;
    const struct tarn_trace_loop *l = tarn_trace_loops(p->trace, &n);
    for (gsize i = 0; i < n; i++)
        if (l[i].first == token + 1)
            return TRUE;
    return FALSE;
}

/* extend: a range goes along. */
static void go(TarnTracePane *p, int step, Wanted wanted, gboolean extend)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_pane_tokens(p, &n);
    gint64 at = p->selected == TARN_VIEW_NOTHING ? step > 0 ? -1 : (gint64)n
                                                 : (gint64)p->selected;
    if (extend && p->anchor == TARN_VIEW_NOTHING)
        p->anchor = p->selected;
    for (at += step; at >= 0 && at < (gint64)n; at += step)
        if (!(k[at].flags & TARN_TRACE_WITHDRAWN) && wanted(p, (guint)at)) {
            p->anchor = extend ? p->anchor : TARN_VIEW_NOTHING;
            move_to(p, (guint)at, -1);
            return;
        }
}

void tarn_trace_pane_fork(TarnTracePane *p)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_pane_tokens(p, &n);
    guint kept = 0;
    if (p->selected >= n || !tarn_trace_details_can_fork(p->details))
        return;
    for (guint i = 0; i < p->selected; i++)
        kept += !(k[i].flags & TARN_TRACE_WITHDRAWN);
    g_signal_emit(p, signals[FORK], 0, kept, k[p->selected].best[p->mark].id);
}

static void mark(TarnTracePane *p, int step)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_pane_tokens(p, &n);
    if (p->selected >= n)
        return;
    guint rows = tarn_trace_details_rows(&k[p->selected]);
    p->mark = (guint)CLAMP((int)p->mark + step, 0, MAX((int)rows, 1) - 1);
    tarn_trace_pane_tell(p);
}

void tarn_trace_pane_mark(TarnTracePane *p, guint rank)
{
    p->mark = rank;
    tarn_trace_pane_tell(p);
}

/* The keys go along. */
static void next_view(TarnTracePane *p)
{
    const char *now = gtk_stack_get_visible_child_name(p->stack);
    gtk_stack_set_visible_child_name(p->stack,
                                     !g_strcmp0(now, "timeline")  ? "reading"
                                     : !g_strcmp0(now, "reading") ? "table"
                                                                  : "timeline");
    now = gtk_stack_get_visible_child_name(p->stack);
    if (!g_strcmp0(now, "timeline"))
        gtk_widget_grab_focus(GTK_WIDGET(p->lanes));
    else if (!g_strcmp0(now, "reading"))
        gtk_widget_grab_focus(GTK_WIDGET(p->reading));
}

/* The token that is selected, or the range. */
static void copy(TarnTracePane *p)
{
    if (p->selected == TARN_VIEW_NOTHING)
        return;
    guint other = p->anchor == TARN_VIEW_NOTHING ? p->selected : p->anchor;
    g_autofree char *text = tarn_trace_text(p->trace, MIN(p->selected, other),
                                            MAX(p->selected, other));
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(p)), text);
    gtk_widget_activate_action(GTK_WIDGET(p), "win.say-copied", NULL);
}

/* In the search field letters are text. */
static gboolean search_key(TarnTracePane *p, guint key, GdkModifierType m)
{
    if (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter) {
        tarn_trace_pane_hunt(p, m & GDK_SHIFT_MASK ? -1 : 1);
        return TRUE;
    }
    if (key != GDK_KEY_Escape)
        return FALSE;
    gtk_editable_set_text(GTK_EDITABLE(p->search), "");
    gtk_widget_grab_focus(GTK_WIDGET(p->lanes));
    return TRUE;
}

static gboolean on_key(TarnTracePane *p, guint key, guint code,
                       GdkModifierType m)
{
    (void)code;
    int dir = m & GDK_SHIFT_MASK ? -1 : 1;
    gboolean rtl = gtk_widget_get_direction(GTK_WIDGET(p)) == GTK_TEXT_DIR_RTL;
    int side = rtl ? -1 : 1;
    gboolean at_lanes = gtk_widget_is_focus(GTK_WIDGET(p->lanes));
    GtkWidget *focus = gtk_root_get_focus(gtk_widget_get_root(GTK_WIDGET(p)));
    if (focus && gtk_widget_is_ancestor(focus, GTK_WIDGET(p->search)))
        return search_key(p, key, m);
    if (m & GDK_ALT_MASK)
        return FALSE;
    switch (key) {
    case GDK_KEY_Escape:
        if (p->tick || p->played_ms > 0)
            tarn_trace_pane_end_replay(p);
        else if (p->selected != TARN_VIEW_NOTHING)
            tarn_trace_pane_select(p, TARN_VIEW_NOTHING, -1);
        else
            g_signal_emit(p, signals[CLOSED], 0);
        return TRUE;
    case GDK_KEY_Right:
    case GDK_KEY_Left:
        if (!at_lanes)
            return FALSE;
        go(p, key == GDK_KEY_Right ? side : -side,
           m & GDK_CONTROL_MASK ? begins_step : any_token,
           (m & GDK_SHIFT_MASK) != 0);
        return TRUE;
    case GDK_KEY_Up:
    case GDK_KEY_Down:
        if (!at_lanes)
            return FALSE;
        mark(p, key == GDK_KEY_Down ? 1 : -1);
        return TRUE;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
        if (!at_lanes)
            return FALSE;
        tarn_trace_pane_fork(p);
        return TRUE;
    default:
        break;
    }
    if (m & GDK_CONTROL_MASK || !p->trace)
        return FALSE;
    switch (gdk_keyval_to_lower(key)) {
    case GDK_KEY_h:
        go(p, dir, begins_hesitation, FALSE);
        return TRUE;
    case GDK_KEY_f:
        go(p, dir, is_fork, FALSE);
        return TRUE;
    case GDK_KEY_l:
        go(p, dir, before_loop, FALSE);
        return TRUE;
    case GDK_KEY_t:
        next_view(p);
        return TRUE;
    case GDK_KEY_c:
        copy(p);
        return TRUE;
    case GDK_KEY_r:
        g_signal_emit(p, signals[REVEAL], 0);
        return TRUE;
    case GDK_KEY_slash:
        gtk_widget_grab_focus(GTK_WIDGET(p->search));
        return TRUE;
    case GDK_KEY_space:
        if (!at_lanes)
            return FALSE;
        tarn_trace_pane_replay(p);
        return TRUE;
    case GDK_KEY_plus:
    case GDK_KEY_equal:
    case GDK_KEY_KP_Add:
        tarn_trace_lanes_zoom(p->lanes, 2);
        return TRUE;
    case GDK_KEY_minus:
    case GDK_KEY_KP_Subtract:
        tarn_trace_lanes_zoom(p->lanes, 0.5);
        return TRUE;
    case GDK_KEY_0:
        tarn_trace_lanes_zoom(p->lanes, 0);
        return TRUE;
    default:
        return FALSE;
    }
}

/* -------------------------------------------------------------------- content
 */
static void fill_layers(TarnTracePane *p)
{
    const struct tarn_trace_info *i =
        p->trace ? tarn_trace_info(p->trace) : NULL;
    guint n = i ? i->n_moe_layers : 0;
    gtk_widget_set_visible(GTK_WIDGET(p->layer), n > 0);
    if (n == p->n_layers)
        return;
    p->n_layers = n;
    g_autoptr(GtkStringList) names = gtk_string_list_new(NULL);
    gtk_string_list_append(names, _("All layers"));
    for (guint l = 0; l < n; l++) {
        g_autofree char *name = g_strdup_printf(_("Layer %u"), l + 1);
        gtk_string_list_append(names, name);
    }
    gtk_drop_down_set_model(p->layer, G_LIST_MODEL(names));
}

/* What nobody sees is not filled while a turn grows. */
static void update_text(TarnTracePane *p, gboolean grown)
{
    const char *seen = gtk_stack_get_visible_child_name(p->stack);
    if (!g_strcmp0(seen, "reading") && p->text_old) {
        tarn_trace_reading_set(p->reading, p->trace);
        tarn_trace_reading_select(p->reading, p->selected);
        p->text_old = FALSE;
    } else if (!g_strcmp0(seen, "table")) {
        tarn_trace_table_set(p->table, p->trace, p->first, p->end,
                             grown && !p->table_old);
        tarn_trace_table_select(p->table, p->selected);
        p->table_old = FALSE;
    }
}

void tarn_trace_pane_view_changed(TarnTracePane *p)
{
    const char *seen = gtk_stack_get_visible_child_name(p->stack);
    if (!p->lanes) /* the pane is going */
        return;
    gtk_widget_set_visible(p->zooms, !g_strcmp0(seen, "timeline"));
    update_text(p, TRUE);
}

void tarn_trace_pane_part_changed(TarnTracePane *p)
{
    gsize n;
    tarn_trace_pane_tokens(p, &n);
    if (p->end - p->first >= n)
        return;
    p->table_old = TRUE;
    update_text(p, TRUE);
    tarn_trace_pane_search(p);
}

/* The thought in a line, and the answer. */
static char *sum_line(const struct tarn_trace *t)
{
    const struct tarn_trace_summary sum = tarn_trace_summary(t);
    const struct tarn_trace_line line = tarn_trace_summary_line(&sum);
    gsize n, tokens = 0;
    const struct tarn_trace_span *s = tarn_trace_spans(t, &n);
    double ms = 0;
    for (gsize i = 0; i < n; i++)
        if (s[i].kind == TARN_SPAN_ANSWER && !s[i].open) {
            tokens += s[i].n;
            ms += (double)(s[i].end_us - s[i].begin_us) / 1e3;
        }
    if (!tokens)
        return g_strdup(line.text);
    g_autofree char *count = tarn_words_count(tokens);
    g_autofree char *time = tarn_words_duration(ms);
    return g_strdup_printf(ngettext("%s · answer %s token in %s",
                                    "%s · answer %s tokens in %s", tokens),
                           line.text, count, time);
}

static void refresh(TarnTracePane *p, gboolean grown)
{
    if (p->trace) {
        g_autofree char *line = sum_line(p->trace);
        gtk_label_set_text(p->sum, line);
    } else {
        gtk_label_set_text(p->sum, _("The trace begins with the next answer."));
    }
    tarn_trace_pane_tell_name(p);
    fill_layers(p);
    tarn_trace_lanes_set(p->lanes, p->trace, grown);
    if (!grown) { /* the old one must not be asked for any more */
        tarn_trace_table_set(p->table, NULL, 0, 0, FALSE);
        tarn_trace_reading_set(p->reading, NULL);
    }
    tarn_trace_pane_take_part(p);
    p->text_old = TRUE;
    p->table_old = p->table_old || !grown;
    update_text(p, grown);
    if (!grown) {
        tarn_trace_pane_end_replay(p);
        tarn_trace_pane_forget_other(p);
        tarn_trace_pane_say(p, TRUE, NULL);
    }
    gtk_widget_set_sensitive(GTK_WIDGET(p->play), p->trace != NULL);
    gtk_widget_set_sensitive(p->other_menu, p->trace != NULL);
    tarn_trace_pane_search(p);
    if (!grown)
        tarn_trace_pane_select(p, TARN_VIEW_NOTHING, -1);
    else
        tarn_trace_pane_tell(p);
}

static gboolean on_grow(gpointer user)
{
    TarnTracePane *p = user;
    p->grow = 0;
    refresh(p, TRUE);
    return G_SOURCE_REMOVE;
}

void tarn_trace_pane_set(TarnTracePane *p, const struct tarn_trace *t,
                         gboolean can_fork)
{
    gboolean grown = t == p->trace && t;
    p->can_fork = can_fork;
    if (grown) { /* a few times a second is enough */
        if (!p->grow)
            p->grow = g_timeout_add(GROW_MS, on_grow, p);
        return;
    }
    g_clear_handle_id(&p->grow, g_source_remove);
    p->trace = t;
    refresh(p, FALSE);
    if (p->own && p->own != t)
        g_clear_pointer(&p->own, tarn_trace_destroy);
}

void tarn_trace_pane_open(TarnTracePane *p, const char *path)
{
    struct tarn_error err = { 0 };
    struct tarn_trace *t = NULL;
    if (tarn_trace_load(path, &t, &err)) {
        g_autofree char *said = tarn_words_valid(err.text, -1);
        g_signal_emit(p, signals[FAILED], 0, said);
        return;
    }
    struct tarn_trace *old = g_steal_pointer(&p->own);
    p->own = t;
    tarn_trace_pane_set(p, t, FALSE);
    tarn_trace_destroy(old);
}

void tarn_trace_pane_focus(TarnTracePane *p)
{
    gtk_widget_grab_focus(GTK_WIDGET(p->lanes));
}

static void tarn_trace_pane_dispose(GObject *o)
{
    TarnTracePane *p = TARN_TRACE_PANE(o);
    g_clear_handle_id(&p->grow, g_source_remove);
    if (p->tick)
        gtk_widget_remove_tick_callback(GTK_WIDGET(p), p->tick);
    p->tick = 0;
    if (p->lanes) {
        tarn_trace_lanes_set(p->lanes, NULL, FALSE);
        tarn_trace_reading_set(p->reading, NULL);
        tarn_trace_compare_set(p->compare, NULL, NULL, NULL);
    }
    p->lanes = NULL;
    g_clear_pointer(&p->hits, g_array_unref);
    g_clear_pointer(&p->other, tarn_trace_destroy);
    p->trace = NULL;
    g_clear_object(&p->chooser);
    g_clear_pointer(&p->own, tarn_trace_destroy);
    G_OBJECT_CLASS(tarn_trace_pane_parent_class)->dispose(o);
}

static void tarn_trace_pane_class_init(TarnTracePaneClass *klass)
{
    GType t = G_TYPE_FROM_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_trace_pane_dispose;
    signals[FORK] = g_signal_new("fork", t, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_INT);
    signals[CLOSED] = g_signal_new("closed", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
    signals[REPRODUCE] = g_signal_new("reproduce", t, G_SIGNAL_RUN_LAST, 0,
                                      NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[REVEAL] = g_signal_new("reveal", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
    signals[BRANCH] = g_signal_new("branch", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
    signals[FAILED] = g_signal_new("failed", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void tarn_trace_pane_init(TarnTracePane *p)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(p), GTK_ORIENTATION_VERTICAL);
    gtk_widget_add_css_class(GTK_WIDGET(p), "trace");
    p->selected = p->anchor = TARN_VIEW_NOTHING;
    p->speed = 1;
    tarn_trace_pane_make(p);
    GtkEventController *keys = gtk_event_controller_key_new();
    gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
    g_signal_connect_swapped(keys, "key-pressed", G_CALLBACK(on_key), p);
    gtk_widget_add_controller(GTK_WIDGET(p), keys);
    refresh(p, FALSE);
}

GtkWidget *tarn_trace_pane_new(void)
{
    return g_object_new(TARN_TYPE_TRACE_PANE, NULL);
}
