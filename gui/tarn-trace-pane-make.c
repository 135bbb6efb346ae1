/* tarn-trace-pane-make.c - the widgets of the trace pane.  See
 * tarn-trace-pane-inside.h. */
#include "gui/tarn-trace-pane-inside.h"
#include "gui/tarn-words.h"

static GtkWidget *label(const char *text, float x, const char *css)
{
    GtkWidget *l = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(l), x);
    if (css)
        gtk_widget_add_css_class(l, css);
    return l;
}

static void on_layer(TarnTracePane *p)
{
    int layer = (int)gtk_drop_down_get_selected(p->layer) - 1;
    tarn_trace_lanes_set_layer(p->lanes, layer);
    tarn_trace_reading_set_layer(p->reading, layer);
}

static void on_close(TarnTracePane *p)
{
    g_signal_emit_by_name(p, "closed");
}

GtkWidget *tarn_trace_pane_sign(TarnTracePane *p, const char *icon,
                                const char *name, GCallback done)
{
    GtkWidget *b = gtk_button_new_from_icon_name(icon);
    gtk_widget_add_css_class(b, "flat");
    gtk_widget_set_tooltip_text(b, name);
    gtk_accessible_update_property(GTK_ACCESSIBLE(b),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    g_signal_connect_swapped(b, "clicked", done, p);
    return b;
}

static void on_previous(TarnTracePane *p)
{
    tarn_trace_pane_hunt(p, -1);
}

static void on_next(TarnTracePane *p)
{
    tarn_trace_pane_hunt(p, 1);
}

static void on_lanes(TarnTracePane *p, guint token, int candidate)
{
    tarn_trace_pane_select(p, token, candidate);
}

/* From the text or the table. */
static void on_reading(TarnTracePane *p, guint token)
{
    tarn_trace_pane_select(p, token, -1);
}

static GtkWidget *make_compare(TarnTracePane *p)
{
    g_autoptr(GMenu) menu = tarn_trace_pane_others();
    p->other_menu = gtk_menu_button_new();
    gtk_menu_button_set_label(GTK_MENU_BUTTON(p->other_menu), _("Compare"));
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(p->other_menu),
                                   G_MENU_MODEL(menu));
    gtk_accessible_update_property(GTK_ACCESSIBLE(p->other_menu),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, _("Compare"),
                                   -1);
    gtk_widget_add_css_class(p->other_menu, "flat");
    return p->other_menu;
}

static GtkWidget *make_head(TarnTracePane *p)
{
    g_autoptr(GMenu) menu = tarn_trace_pane_menu();
    GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
    GtkWidget *title = label(_("Trace"), 0, "heading");
    GtkWidget *more = gtk_menu_button_new();
    tarn_trace_pane_add_actions(p);
    p->play = GTK_BUTTON(gtk_button_new_with_label(_("Replay")));
    gtk_widget_add_css_class(GTK_WIDGET(p->play), "flat");
    g_signal_connect_swapped(p->play, "clicked",
                             G_CALLBACK(tarn_trace_pane_replay), p);
    gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(more), "view-more-symbolic");
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(more), G_MENU_MODEL(menu));
    gtk_widget_set_tooltip_text(more, _("Trace menu"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(more),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Trace menu"), -1);
    gtk_widget_add_css_class(more, "flat");
    p->of = GTK_LABEL(label("", 0, "soft"));
    gtk_label_set_ellipsize(p->of, PANGO_ELLIPSIZE_END);
    gtk_widget_set_hexpand(GTK_WIDGET(p->of), TRUE);
    gtk_widget_set_margin_start(GTK_WIDGET(p->of), 8);
    gtk_widget_add_css_class(head, "trace-head");
    gtk_box_append(GTK_BOX(head), title);
    gtk_box_append(GTK_BOX(head), GTK_WIDGET(p->of));
    gtk_box_append(GTK_BOX(head), make_compare(p));
    gtk_box_append(GTK_BOX(head), GTK_WIDGET(p->play));
    gtk_box_append(GTK_BOX(head), more);
    gtk_box_append(GTK_BOX(head),
                   tarn_trace_pane_sign(p, "window-close-symbolic",
                                        _("Close the trace"),
                                        G_CALLBACK(on_close)));
    return head;
}

static void on_note_closed(TarnTracePane *p)
{
    tarn_trace_pane_say(p, TRUE, NULL);
}

/* What became of an act: MN17, MN18, an export. */
static GtkWidget *make_note(TarnTracePane *p)
{
    p->note = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
    p->say = GTK_LABEL(g_object_new(GTK_TYPE_LABEL, "accessible-role",
                                    GTK_ACCESSIBLE_ROLE_STATUS, "xalign", 0.0,
                                    "wrap", TRUE, "hexpand", TRUE, NULL));
    p->to_compare = gtk_button_new_with_label(_("Compare"));
    gtk_widget_set_valign(p->to_compare, GTK_ALIGN_CENTER);
    g_signal_connect_swapped(p->to_compare, "clicked",
                             G_CALLBACK(tarn_trace_pane_show_compare), p);
    gtk_widget_add_css_class(p->note, "trace-note");
    gtk_box_append(GTK_BOX(p->note), GTK_WIDGET(p->say));
    gtk_box_append(GTK_BOX(p->note), p->to_compare);
    gtk_box_append(GTK_BOX(p->note),
                   tarn_trace_pane_sign(p, "window-close-symbolic",
                                        _("Close the message"),
                                        G_CALLBACK(on_note_closed)));
    gtk_widget_set_visible(p->note, FALSE);
    return p->note;
}

static GtkWidget *make_search(TarnTracePane *p)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
    p->search = GTK_SEARCH_ENTRY(gtk_search_entry_new());
    g_object_set(p->search, "placeholder-text", _("word, or is:fork H>2 …"),
                 "hexpand", TRUE, NULL);
    gtk_editable_set_width_chars(GTK_EDITABLE(p->search), 6);
    gtk_accessible_update_property(GTK_ACCESSIBLE(p->search),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Search the trace"), -1);
    g_signal_connect_swapped(p->search, "search-changed",
                             G_CALLBACK(tarn_trace_pane_search), p);
    p->count = GTK_LABEL(g_object_new(GTK_TYPE_LABEL, "accessible-role",
                                      GTK_ACCESSIBLE_ROLE_STATUS, NULL));
    gtk_widget_add_css_class(GTK_WIDGET(p->count), "soft");
    gtk_widget_add_css_class(GTK_WIDGET(p->count), "numeric");
    p->hunt[0] = tarn_trace_pane_sign(p, "go-up-symbolic",
                                      _("Previous hit in the trace"),
                                      G_CALLBACK(on_previous));
    p->hunt[1] = tarn_trace_pane_sign(
        p, "go-down-symbolic", _("Next hit in the trace"), G_CALLBACK(on_next));
    gtk_widget_add_css_class(row, "trace-search");
    gtk_box_append(GTK_BOX(row), GTK_WIDGET(p->search));
    gtk_box_append(GTK_BOX(row), GTK_WIDGET(p->count));
    gtk_box_append(GTK_BOX(row), p->hunt[0]);
    gtk_box_append(GTK_BOX(row), p->hunt[1]);
    gtk_box_append(GTK_BOX(row), tarn_trace_pane_make_zooms(p));
    return row;
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
    gtk_widget_add_css_class(tools, "trace-tools");
    gtk_box_append(GTK_BOX(tools), tabs);
    gtk_box_append(GTK_BOX(tools), GTK_WIDGET(p->layer));
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
    p->lanes = g_object_new(TARN_TYPE_TRACE_LANES, NULL);
    g_signal_connect_swapped(p->lanes, "chosen", G_CALLBACK(on_lanes), p);
    g_signal_connect_swapped(p->lanes, "ranged",
                             G_CALLBACK(tarn_trace_pane_range), p);
    g_signal_connect_swapped(p->lanes, "scaled",
                             G_CALLBACK(tarn_trace_pane_scaled), p);
    p->reading = g_object_new(TARN_TYPE_TRACE_READING, NULL);
    g_signal_connect_swapped(p->reading, "chosen", G_CALLBACK(on_reading), p);
    p->table = g_object_new(TARN_TYPE_TRACE_TABLE, NULL);
    g_signal_connect_swapped(p->table, "chosen", G_CALLBACK(on_reading), p);
    gtk_stack_add_titled(p->stack, scrolled(GTK_WIDGET(p->lanes)), "timeline",
                         _("Timeline"));
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_box_append(GTK_BOX(page), tarn_trace_reading_bar(p->reading));
    gtk_box_append(GTK_BOX(page), scrolled(GTK_WIDGET(p->reading)));
    gtk_stack_add_titled(p->stack, page, "reading", _("Reading"));
    gtk_stack_add_titled(p->stack, GTK_WIDGET(p->table), "table", _("Table"));
    p->compare = g_object_new(TARN_TYPE_TRACE_COMPARE, NULL);
    p->compared = scrolled(GTK_WIDGET(p->compare));
    gtk_stack_add_titled(p->stack, p->compared, "compare", _("Compare"));
    gtk_stack_page_set_visible(gtk_stack_get_page(p->stack, p->compared),
                               FALSE);
    gtk_widget_set_vexpand(GTK_WIDGET(p->stack), TRUE);
    g_signal_connect_swapped(p->stack, "notify::visible-child",
                             G_CALLBACK(tarn_trace_pane_view_changed), p);
}

void tarn_trace_pane_make(TarnTracePane *p)
{
    p->sum = GTK_LABEL(label("", 0, "trace-sum"));
    gtk_label_set_wrap(p->sum, TRUE);
    p->part = GTK_LABEL(label("", 0, "trace-sum"));
    gtk_label_set_ellipsize(p->part, PANGO_ELLIPSIZE_END);
    gtk_widget_set_visible(GTK_WIDGET(p->part), FALSE);
    make_stack(p);
    p->details = g_object_new(TARN_TYPE_TRACE_DETAILS, NULL);
    g_signal_connect_swapped(p->details, "marked",
                             G_CALLBACK(tarn_trace_pane_mark), p);
    g_signal_connect_swapped(p->details, "fork",
                             G_CALLBACK(tarn_trace_pane_fork), p);
    gtk_box_append(GTK_BOX(p), make_head(p));
    gtk_box_append(GTK_BOX(p), GTK_WIDGET(p->sum));
    gtk_box_append(GTK_BOX(p), make_note(p));
    gtk_box_append(GTK_BOX(p), make_tools(p));
    gtk_box_append(GTK_BOX(p), make_search(p));
    gtk_box_append(GTK_BOX(p), GTK_WIDGET(p->part));
    gtk_box_append(GTK_BOX(p), GTK_WIDGET(p->stack));
    gtk_box_append(GTK_BOX(p), GTK_WIDGET(p->details));
}
