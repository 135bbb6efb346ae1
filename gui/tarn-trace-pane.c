/* tarn-trace-pane.c - see tarn-trace-pane.h. */
#include "gui/tarn-trace-pane.h"

#include <string.h>

#include "gui/tarn-trace-reading.h"
#include "gui/tarn-trace-table.h"
#include "gui/tarn-words.h"

enum { ROWS = 6, LAYERS = 5, GROW_MS = 120, BAR = 140 };

struct _TarnTracePane {
    GtkBox parent;
    GtkLabel *sum, *tell, *seed, *experts;
    GtkStack *stack;
    TarnTraceLanes *lanes;
    TarnTraceReading *reading;
    TarnTraceTable *table;
    GtkDropDown *layer;
    GtkWidget *details, *rows, *fork;
    GtkFileChooserNative *chooser;
    const struct tarn_trace *trace; /* borrowed, or `own` */
    struct tarn_trace *own;         /* from a file */
    guint selected, mark, grow;
    guint n_layers;
    gboolean can_fork;
    gboolean text_old, table_old; /* made anew when they are seen */
};
G_DEFINE_FINAL_TYPE(TarnTracePane, tarn_trace_pane, GTK_TYPE_BOX)

enum { FORK, CLOSED, FAILED, N_SIGNALS };
static guint signals[N_SIGNALS];

static const struct tarn_trace_token *tokens_of(TarnTracePane *p, gsize *n)
{
    *n = 0;
    return p->trace ? tarn_trace_tokens(p->trace, n) : NULL;
}

/* -------------------------------------------------------------------- details
 */
static char *piece(TarnTracePane *p, gint32 id)
{
    gsize size;
    const char *bytes = tarn_trace_piece(p->trace, id, &size);
    g_autofree char *valid = tarn_words_valid(bytes, (gssize)size);
    GString *s = g_string_new(valid);
    g_string_replace(s, "\n", "↵", 0);
    g_string_replace(s, "\t", "⇥", 0);
    return g_string_free(s, FALSE);
}

static void update_details(TarnTracePane *p);

static void on_row(TarnTracePane *p, GtkButton *row)
{
    p->mark = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(row), "rank"));
    update_details(p);
}

static GtkWidget *label(const char *text, float x, const char *css)
{
    GtkWidget *l = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(l), x);
    if (css)
        gtk_widget_add_css_class(l, css);
    return l;
}

static GtkWidget *candidate_row(TarnTracePane *p,
                                const struct tarn_trace_token *k, guint c)
{
    g_autofree char *word = piece(p, k->best[c].id);
    g_autofree char *quoted = g_strdup_printf("%u  “%s”", c + 1, word);
    g_autofree char *share = tarn_trace_percent(k->best[c].p);
    gboolean own = k->best[c].id == k->id;
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
    GtkWidget *name = label(quoted, 0, "monospace");
    gtk_label_set_width_chars(GTK_LABEL(name), 14);
    gtk_label_set_max_width_chars(GTK_LABEL(name), 14);
    gtk_label_set_ellipsize(GTK_LABEL(name), PANGO_ELLIPSIZE_END);
    GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    GtkWidget *filled = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_widget_set_size_request(filled, (int)(k->best[c].p * BAR), 8);
    gtk_widget_add_css_class(filled, own ? "share-own" : "share");
    gtk_widget_set_valign(filled, GTK_ALIGN_CENTER);
    gtk_widget_set_size_request(bar, BAR, -1);
    gtk_widget_set_hexpand(bar, TRUE);
    gtk_box_append(GTK_BOX(bar), filled);
    GtkWidget *number = label(share, 1, "numeric");
    gtk_label_set_width_chars(GTK_LABEL(number), 6);
    GtkWidget *say = label(own            ? _("chosen")
                           : c == p->mark ? _("marked")
                                          : "",
                           0, "soft");
    gtk_label_set_width_chars(GTK_LABEL(say), 7);
    gtk_box_append(GTK_BOX(box), name);
    gtk_box_append(GTK_BOX(box), bar);
    gtk_box_append(GTK_BOX(box), number);
    gtk_box_append(GTK_BOX(box), say);
    GtkWidget *row = gtk_button_new();
    gtk_button_set_child(GTK_BUTTON(row), box);
    gtk_widget_add_css_class(row, "flat");
    gtk_widget_add_css_class(row, "candidate");
    if (c == p->mark)
        gtk_widget_add_css_class(row, "marked");
    g_object_set_data(G_OBJECT(row), "rank", GUINT_TO_POINTER(c));
    g_autofree char *spoken = g_strdup_printf(
        "%s, %s%s%s", quoted, share, own ? ", " : "", own ? _("chosen") : "");
    gtk_accessible_update_property(GTK_ACCESSIBLE(row),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
    g_signal_connect_swapped(row, "clicked", G_CALLBACK(on_row), p);
    return row;
}

static void show_experts(TarnTracePane *p)
{
    const guint16 *ids, *gates;
    const struct tarn_trace_info *i = tarn_trace_info(p->trace);
    g_autoptr(GString) s = g_string_new(NULL);
    if (tarn_trace_experts_of(p->trace, p->selected, &ids, &gates)) {
        for (guint l = 0; l < i->n_moe_layers && l < LAYERS; l++) {
            g_string_append_printf(s, _("%slayer %u   "), l ? "\n" : "", l + 1);
            for (guint e = 0; e < i->n_expert_used; e++)
                g_string_append_printf(s, "%s%u", e ? " · " : "",
                                       ids[l * i->n_expert_used + e]);
        }
        if (i->n_moe_layers > LAYERS)
            g_string_append_printf(s, _("\n%u more layers"),
                                   i->n_moe_layers - LAYERS);
    }
    gtk_label_set_text(p->experts, s->str);
}

static void update_details(TarnTracePane *p)
{
    gsize n;
    const struct tarn_trace_token *k = tokens_of(p, &n);
    GtkWidget *child;
    gtk_widget_set_visible(p->details, p->selected < n);
    if (p->selected >= n)
        return;
    k += p->selected;
    struct tarn_buf b = { 0 };
    tarn_view_tell(p->trace, p->selected, &b);
    g_autofree char *said = tarn_words_valid(b.data ? b.data : "", -1);
    tarn_buf_finish(&b);
    gtk_label_set_text(p->tell, said);
    g_autofree char *whole = g_strdup_printf(_("Timeline, %s"), said);
    gtk_accessible_update_property(GTK_ACCESSIBLE(p->lanes),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, whole, -1);
    while ((child = gtk_widget_get_first_child(p->rows)))
        gtk_box_remove(GTK_BOX(p->rows), child);
    for (guint c = 0; c < ROWS && k->best[c].id >= 0; c++)
        gtk_box_append(GTK_BOX(p->rows), candidate_row(p, k, c));
    show_experts(p);
    const struct tarn_trace_info *i = tarn_trace_info(p->trace);
    g_autofree char *after = tarn_trace_percent(k->p_after);
    g_autofree char *seed = g_strdup_printf(
        _("after cuts %s · seed %" G_GUINT64_FORMAT " · attempt %u"), after,
        (guint64)i->seed, i->attempt);
    gtk_label_set_text(p->seed, seed);
    gint32 wanted = k->best[p->mark % 8].id;
    gboolean good = p->can_fork && wanted >= 0 && wanted != k->id &&
                    !(k->flags & TARN_TRACE_WITHDRAWN);
    gtk_widget_set_visible(p->fork, good);
    if (good) {
        g_autofree char *word = piece(p, wanted);
        g_autofree char *text = g_strdup_printf(_("Fork here with “%s”"), word);
        gtk_button_set_label(GTK_BUTTON(p->fork), text);
    }
}

/* ------------------------------------------------------------------ selecting
 */
static void select_token(TarnTracePane *p, guint token, int candidate)
{
    gsize n;
    tokens_of(p, &n);
    if (token != TARN_VIEW_NOTHING && token >= n)
        return;
    p->selected = token;
    p->mark = candidate >= 0 ? (guint)candidate : 0;
    tarn_trace_lanes_select(p->lanes, token);
    tarn_trace_reading_select(p->reading, token);
    tarn_trace_table_select(p->table, token);
    update_details(p);
}

static void on_lanes(TarnTracePane *p, guint token, int candidate)
{
    select_token(p, token, candidate);
}

/* From the text or the table. */
static void on_reading(TarnTracePane *p, guint token)
{
    select_token(p, token, -1);
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

static void go(TarnTracePane *p, int step, Wanted wanted)
{
    gsize n;
    const struct tarn_trace_token *k = tokens_of(p, &n);
    gint64 at = p->selected == TARN_VIEW_NOTHING ? step > 0 ? -1 : (gint64)n
                                                 : (gint64)p->selected;
    for (at += step; at >= 0 && at < (gint64)n; at += step)
        if (!(k[at].flags & TARN_TRACE_WITHDRAWN) && wanted(p, (guint)at)) {
            select_token(p, (guint)at, -1);
            return;
        }
}

static void fork_here(TarnTracePane *p)
{
    gsize n;
    const struct tarn_trace_token *k = tokens_of(p, &n);
    guint kept = 0;
    if (p->selected >= n || !gtk_widget_get_visible(p->fork))
        return;
    for (guint i = 0; i < p->selected; i++)
        kept += !(k[i].flags & TARN_TRACE_WITHDRAWN);
    g_signal_emit(p, signals[FORK], 0, kept, k[p->selected].best[p->mark].id);
}

static void mark(TarnTracePane *p, int step)
{
    gsize n;
    const struct tarn_trace_token *k = tokens_of(p, &n);
    if (p->selected >= n)
        return;
    guint last = 0;
    while (last + 1 < ROWS && k[p->selected].best[last + 1].id >= 0)
        last++;
    p->mark = (guint)CLAMP((int)p->mark + step, 0, (int)last);
    update_details(p);
}

static void next_view(TarnTracePane *p)
{
    const char *now = gtk_stack_get_visible_child_name(p->stack);
    gtk_stack_set_visible_child_name(p->stack,
                                     !g_strcmp0(now, "timeline")  ? "reading"
                                     : !g_strcmp0(now, "reading") ? "table"
                                                                  : "timeline");
}

static gboolean on_key(TarnTracePane *p, guint key, guint code,
                       GdkModifierType m)
{
    (void)code;
    int dir = m & GDK_SHIFT_MASK ? -1 : 1;
    gboolean rtl = gtk_widget_get_direction(GTK_WIDGET(p)) == GTK_TEXT_DIR_RTL;
    int side = rtl ? -1 : 1;
    gboolean at_lanes = gtk_widget_is_focus(GTK_WIDGET(p->lanes));
    if (m & GDK_ALT_MASK)
        return FALSE;
    switch (key) {
    case GDK_KEY_Escape:
        if (p->selected != TARN_VIEW_NOTHING)
            select_token(p, TARN_VIEW_NOTHING, -1);
        else
            g_signal_emit(p, signals[CLOSED], 0);
        return TRUE;
    case GDK_KEY_Right:
    case GDK_KEY_Left:
        if (!at_lanes)
            return FALSE;
        go(p, key == GDK_KEY_Right ? side : -side,
           m & GDK_CONTROL_MASK ? begins_step : any_token);
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
        fork_here(p);
        return TRUE;
    default:
        break;
    }
    if (m & GDK_CONTROL_MASK || !p->trace)
        return FALSE;
    switch (gdk_keyval_to_lower(key)) {
    case GDK_KEY_h:
        go(p, dir, begins_hesitation);
        return TRUE;
    case GDK_KEY_f:
        go(p, dir, is_fork);
        return TRUE;
    case GDK_KEY_l:
        go(p, dir, before_loop);
        return TRUE;
    case GDK_KEY_t:
        next_view(p);
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
        tarn_trace_table_set(p->table, p->trace, grown && !p->table_old);
        tarn_trace_table_select(p->table, p->selected);
        p->table_old = FALSE;
    }
}

static void on_view(TarnTracePane *p)
{
    if (p->lanes) /* else the pane is going */
        update_text(p, TRUE);
}

static void refresh(TarnTracePane *p, gboolean grown)
{
    if (p->trace) {
        const struct tarn_trace_summary s = tarn_trace_summary(p->trace);
        gtk_label_set_text(p->sum, tarn_trace_summary_line(&s).text);
    } else {
        gtk_label_set_text(p->sum, _("The trace begins with the next answer."));
    }
    fill_layers(p);
    tarn_trace_lanes_set(p->lanes, p->trace, grown);
    if (!grown) /* the old one must not be asked for any more */
        tarn_trace_table_set(p->table, NULL, FALSE);
    p->text_old = TRUE;
    p->table_old = p->table_old || !grown;
    update_text(p, grown);
    if (!grown)
        select_token(p, TARN_VIEW_NOTHING, -1);
    else
        update_details(p);
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

/* ---------------------------------------------------------------------- files
 */
static void save(TarnTracePane *p, const char *path, gboolean svg)
{
    struct tarn_buf b = { 0 };
    struct tarn_error err = { 0 };
    g_autoptr(GError) error = NULL;
    const struct tarn_view_options o = { .size = sizeof o,
                                         .width = 960,
                                         .layer = -1,
                                         .selected = TARN_VIEW_NOTHING };
    if (!svg) {
        if (tarn_trace_save(p->trace, path, &err))
            g_signal_emit(p, signals[FAILED], 0, err.text);
        return;
    }
    tarn_trace_view_svg(tarn_trace_lanes_view(p->lanes), &o, &b);
    if (!g_file_set_contents(path, b.data ? b.data : "", (gssize)b.size,
                             &error))
        g_signal_emit(p, signals[FAILED], 0, error->message);
    tarn_buf_finish(&b);
}

static void on_file(TarnTracePane *p, int response)
{
    g_autoptr(GFile) f =
        gtk_file_chooser_get_file(GTK_FILE_CHOOSER(p->chooser));
    g_autofree char *path = f ? g_file_get_path(f) : NULL;
    const char *what = g_object_get_data(G_OBJECT(p->chooser), "what");
    if (response == GTK_RESPONSE_ACCEPT && path && *what == 'o')
        tarn_trace_pane_open(p, path);
    else if (response == GTK_RESPONSE_ACCEPT && path && p->trace)
        save(p, path, *what == 's');
    g_clear_object(&p->chooser);
}

static void choose(TarnTracePane *p, const char *title, const char *what,
                   const char *name)
{
    GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(p));
    if (p->chooser || (!p->trace && *what != 'o'))
        return;
    p->chooser =
        gtk_file_chooser_native_new(title, GTK_WINDOW(root),
                                    *what == 'o' ? GTK_FILE_CHOOSER_ACTION_OPEN
                                                 : GTK_FILE_CHOOSER_ACTION_SAVE,
                                    NULL, NULL);
    g_object_set_data(G_OBJECT(p->chooser), "what", (gpointer)what);
    if (name)
        gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(p->chooser), name);
    g_signal_connect_swapped(p->chooser, "response", G_CALLBACK(on_file), p);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(p->chooser));
}

static void act(GSimpleAction *a, GVariant *v, gpointer user)
{
    const char *name = g_action_get_name(G_ACTION(a));
    (void)v;
    if (!strcmp(name, "open"))
        choose(user, _("Open a trace"), "open", NULL);
    else if (!strcmp(name, "save-json"))
        choose(user, _("Save the trace"), "json", "trace.json");
    else if (!strcmp(name, "save-svg"))
        choose(user, _("Save the timeline"), "svg", "trace.svg");
}

/* --------------------------------------------------------------------- object
 */
static void on_layer(TarnTracePane *p)
{
    tarn_trace_lanes_set_layer(p->lanes,
                               (int)gtk_drop_down_get_selected(p->layer) - 1);
}

static void on_less(TarnTracePane *p)
{
    tarn_trace_lanes_zoom(p->lanes, 0.5);
}

static void on_more(TarnTracePane *p)
{
    tarn_trace_lanes_zoom(p->lanes, 2);
}

static void on_fit(TarnTracePane *p)
{
    tarn_trace_lanes_zoom(p->lanes, 0);
}

static void on_close(TarnTracePane *p)
{
    g_signal_emit(p, signals[CLOSED], 0);
}

static GtkWidget *sign(TarnTracePane *p, const char *icon, const char *name,
                       GCallback done)
{
    GtkWidget *b = gtk_button_new_from_icon_name(icon);
    gtk_widget_add_css_class(b, "flat");
    gtk_widget_set_tooltip_text(b, name);
    gtk_accessible_update_property(GTK_ACCESSIBLE(b),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    g_signal_connect_swapped(b, "clicked", done, p);
    return b;
}

static GtkWidget *make_head(TarnTracePane *p)
{
    static const GActionEntry ACTS[] = {
        { .name = "open", .activate = act },
        { .name = "save-json", .activate = act },
        { .name = "save-svg", .activate = act }
    };
    g_autoptr(GSimpleActionGroup) group = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(group), ACTS,
                                    G_N_ELEMENTS(ACTS), p);
    gtk_widget_insert_action_group(GTK_WIDGET(p), "trace",
                                   G_ACTION_GROUP(group));
    g_autoptr(GMenu) menu = g_menu_new();
    g_menu_append(menu, _("Open a trace…"), "trace.open");
    g_menu_append(menu, _("Save as JSON…"), "trace.save-json");
    g_menu_append(menu, _("Save the timeline as SVG…"), "trace.save-svg");
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
    GtkWidget *title = label(_("Trace"), 0, "heading");
    GtkWidget *more = gtk_menu_button_new();
    gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(more), "view-more-symbolic");
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(more), G_MENU_MODEL(menu));
    gtk_widget_set_tooltip_text(more, _("Trace menu"));
    gtk_widget_add_css_class(more, "flat");
    gtk_widget_set_hexpand(title, TRUE);
    gtk_widget_add_css_class(head, "trace-head");
    gtk_box_append(GTK_BOX(head), title);
    gtk_box_append(GTK_BOX(head), more);
    gtk_box_append(GTK_BOX(head),
                   sign(p, "window-close-symbolic", _("Close the trace"),
                        G_CALLBACK(on_close)));
    return head;
}

static GtkWidget *make_tools(TarnTracePane *p)
{
    GtkWidget *tools = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
    GtkWidget *tabs = gtk_stack_switcher_new();
    gtk_stack_switcher_set_stack(GTK_STACK_SWITCHER(tabs), p->stack);
    gtk_widget_set_hexpand(tabs, TRUE);
    gtk_widget_set_halign(tabs, GTK_ALIGN_START);
    p->layer = GTK_DROP_DOWN(gtk_drop_down_new(NULL, NULL));
    gtk_widget_set_visible(GTK_WIDGET(p->layer), FALSE);
    g_signal_connect_swapped(p->layer, "notify::selected", G_CALLBACK(on_layer),
                             p);
    GtkWidget *fit = gtk_button_new_with_label(_("Fit"));
    gtk_widget_add_css_class(fit, "flat");
    g_signal_connect_swapped(fit, "clicked", G_CALLBACK(on_fit), p);
    gtk_widget_add_css_class(tools, "trace-tools");
    gtk_box_append(GTK_BOX(tools), tabs);
    gtk_box_append(GTK_BOX(tools), GTK_WIDGET(p->layer));
    gtk_box_append(GTK_BOX(tools), sign(p, "zoom-out-symbolic", _("Smaller"),
                                        G_CALLBACK(on_less)));
    gtk_box_append(GTK_BOX(tools), sign(p, "zoom-in-symbolic", _("Larger"),
                                        G_CALLBACK(on_more)));
    gtk_box_append(GTK_BOX(tools), fit);
    return tools;
}

static GtkWidget *scrolled(GtkWidget *child)
{
    GtkWidget *s = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(s), child);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(s), GTK_POLICY_NEVER,
                                   GTK_POLICY_AUTOMATIC);
    gtk_widget_set_vexpand(s, TRUE);
    return s;
}

static void make_stack(TarnTracePane *p)
{
    p->stack = GTK_STACK(gtk_stack_new());
    p->lanes = g_object_new(TARN_TYPE_TRACE_LANES, "margin-start", 20,
                            "margin-end", 12, NULL);
    g_signal_connect_swapped(p->lanes, "chosen", G_CALLBACK(on_lanes), p);
    p->reading = g_object_new(TARN_TYPE_TRACE_READING, NULL);
    g_signal_connect_swapped(p->reading, "chosen", G_CALLBACK(on_reading), p);
    p->table = g_object_new(TARN_TYPE_TRACE_TABLE, NULL);
    g_signal_connect_swapped(p->table, "chosen", G_CALLBACK(on_reading), p);
    gtk_stack_add_titled(p->stack, scrolled(GTK_WIDGET(p->lanes)), "timeline",
                         _("Timeline"));
    gtk_stack_add_titled(p->stack, scrolled(GTK_WIDGET(p->reading)), "reading",
                         _("Reading"));
    gtk_stack_add_titled(p->stack, GTK_WIDGET(p->table), "table", _("Table"));
    gtk_widget_set_vexpand(GTK_WIDGET(p->stack), TRUE);
    g_signal_connect_swapped(p->stack, "notify::visible-child",
                             G_CALLBACK(on_view), p);
}

static void make_details(TarnTracePane *p)
{
    p->details = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
    gtk_widget_add_css_class(p->details, "trace-details");
    p->tell = GTK_LABEL(g_object_new(GTK_TYPE_LABEL, "accessible-role",
                                     GTK_ACCESSIBLE_ROLE_STATUS, "xalign", 0.0,
                                     "wrap", TRUE, NULL));
    GtkWidget *two = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 20);
    p->rows = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_set_hexpand(p->rows, TRUE);
    p->experts = GTK_LABEL(label("", 0, "soft"));
    gtk_widget_add_css_class(GTK_WIDGET(p->experts), "numeric");
    gtk_label_set_yalign(p->experts, 0);
    gtk_box_append(GTK_BOX(two), p->rows);
    gtk_box_append(GTK_BOX(two), GTK_WIDGET(p->experts));
    GtkWidget *foot = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
    p->seed = GTK_LABEL(label("", 0, "soft"));
    gtk_label_set_ellipsize(p->seed, PANGO_ELLIPSIZE_END);
    gtk_widget_set_hexpand(GTK_WIDGET(p->seed), TRUE);
    p->fork = gtk_button_new();
    g_signal_connect_swapped(p->fork, "clicked", G_CALLBACK(fork_here), p);
    gtk_box_append(GTK_BOX(foot), GTK_WIDGET(p->seed));
    gtk_box_append(GTK_BOX(foot), p->fork);
    gtk_box_append(GTK_BOX(p->details), GTK_WIDGET(p->tell));
    gtk_box_append(GTK_BOX(p->details), two);
    gtk_box_append(GTK_BOX(p->details), foot);
}

static void tarn_trace_pane_dispose(GObject *o)
{
    TarnTracePane *p = TARN_TRACE_PANE(o);
    g_clear_handle_id(&p->grow, g_source_remove);
    if (p->lanes)
        tarn_trace_lanes_set(p->lanes, NULL, FALSE);
    p->lanes = NULL;
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
    signals[FAILED] = g_signal_new("failed", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void tarn_trace_pane_init(TarnTracePane *p)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(p), GTK_ORIENTATION_VERTICAL);
    gtk_widget_add_css_class(GTK_WIDGET(p), "trace");
    p->selected = TARN_VIEW_NOTHING;
    p->sum = GTK_LABEL(label("", 0, "trace-sum"));
    gtk_label_set_wrap(p->sum, TRUE);
    make_stack(p);
    make_details(p);
    gtk_box_append(GTK_BOX(p), make_head(p));
    gtk_box_append(GTK_BOX(p), GTK_WIDGET(p->sum));
    gtk_box_append(GTK_BOX(p), make_tools(p));
    gtk_box_append(GTK_BOX(p), GTK_WIDGET(p->stack));
    gtk_box_append(GTK_BOX(p), p->details);
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
