/* tarn-sidebar.c - see tarn-sidebar.h. */
#include "gui/tarn-sidebar.h"

#include "gui/tarn-chat-row.h"
#include "gui/tarn-config.h"
#include "gui/tarn-words.h"

struct _TarnSidebar {
    GtkBox parent;
    GtkSearchEntry *search;
    GtkListBox *list;
    GtkLabel *empty;
};
G_DEFINE_FINAL_TYPE(TarnSidebar, tarn_sidebar, GTK_TYPE_BOX)

static guint signal_chosen;

static void on_activated(TarnSidebar *s, GtkListBoxRow *row)
{
    g_signal_emit(s, signal_chosen, 0,
                  tarn_chat_row_number(TARN_CHAT_ROW(row)));
}

static void on_search(TarnSidebar *s)
{
    gtk_list_box_invalidate_filter(s->list);
    gtk_list_box_invalidate_headers(s->list);
}

static gboolean filter(GtkListBoxRow *row, gpointer user)
{
    TarnSidebar *s = user;
    return tarn_chat_row_matches(
        TARN_CHAT_ROW(row), gtk_editable_get_text(GTK_EDITABLE(s->search)));
}

static void head(GtkListBoxRow *row, GtkListBoxRow *before, gpointer user)
{
    (void)user;
    const char *group = tarn_chat_row_group(TARN_CHAT_ROW(row));
    if (before &&
        !g_strcmp0(group, tarn_chat_row_group(TARN_CHAT_ROW(before)))) {
        gtk_list_box_row_set_header(row, NULL);
        return;
    }
    GtkWidget *label = gtk_label_new(group);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_widget_add_css_class(label, "group");
    gtk_list_box_row_set_header(row, label);
}

void tarn_sidebar_set_current(TarnSidebar *s, gint64 current)
{
    GtkListBoxRow *row, *found = NULL;
    for (int i = 0; (row = gtk_list_box_get_row_at_index(s->list, i)); i++)
        if (tarn_chat_row_number(TARN_CHAT_ROW(row)) == current)
            found = row;
    gtk_list_box_select_row(s->list, found);
}

void tarn_sidebar_set_list(TarnSidebar *s, GPtrArray *list, gint64 current)
{
    GtkListBoxRow *row;
    while ((row = gtk_list_box_get_row_at_index(s->list, 0)))
        gtk_list_box_remove(s->list, GTK_WIDGET(row));
    for (guint i = 0; i < list->len; i++)
        gtk_list_box_append(s->list, tarn_chat_row_new(list->pdata[i]));
    gtk_widget_set_visible(GTK_WIDGET(s->empty), list->len == 0);
    tarn_sidebar_set_current(s, current);
}

void tarn_sidebar_search(TarnSidebar *s)
{
    gtk_widget_grab_focus(GTK_WIDGET(s->search));
}

static void tarn_sidebar_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_sidebar_parent_class)->dispose(o);
}

static void tarn_sidebar_class_init(TarnSidebarClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_sidebar_dispose;
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-sidebar.ui");
    gtk_widget_class_bind_template_child(w, TarnSidebar, search);
    gtk_widget_class_bind_template_child(w, TarnSidebar, list);
    gtk_widget_class_bind_template_child(w, TarnSidebar, empty);
    gtk_widget_class_bind_template_callback(w, on_activated);
    gtk_widget_class_bind_template_callback(w, on_search);
    signal_chosen =
        g_signal_new("chosen", TARN_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL,
                     NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
}

static void tarn_sidebar_init(TarnSidebar *s)
{
    gtk_widget_init_template(GTK_WIDGET(s));
    gtk_list_box_set_filter_func(s->list, filter, s, NULL);
    gtk_list_box_set_header_func(s->list, head, s, NULL);
}
