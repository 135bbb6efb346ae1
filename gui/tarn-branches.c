/* tarn-branches.c - see tarn-branches.h. */
#include "gui/tarn-branches.h"

#include "gui/tarn-config.h"
#include "gui/tarn-words.h"

struct _TarnBranches {
    GtkBox parent;
    GtkLabel *counter;
    GtkButton *previous, *next;
    guint message;
};
G_DEFINE_FINAL_TYPE(TarnBranches, tarn_branches, GTK_TYPE_BOX)

static void on_previous(TarnBranches *b)
{
    gtk_widget_activate_action(GTK_WIDGET(b), "win.branch", "(ui)", b->message,
                               -1);
}

static void on_next(TarnBranches *b)
{
    gtk_widget_activate_action(GTK_WIDGET(b), "win.branch", "(ui)", b->message,
                               1);
}

void tarn_branches_set(TarnBranches *b, guint message, guint at, guint n)
{
    g_autofree char *text = g_strdup_printf(_("%u / %u"), at + 1, n);
    g_autofree char *name =
        g_strdup_printf(_("Previous branch, %u of %u"), at + 1, n);
    b->message = message;
    gtk_label_set_text(b->counter, text);
    gtk_widget_set_sensitive(GTK_WIDGET(b->previous), at > 0);
    gtk_widget_set_sensitive(GTK_WIDGET(b->next), at + 1 < n);
    gtk_widget_set_visible(GTK_WIDGET(b), n > 1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(b->previous),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void tarn_branches_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_branches_parent_class)->dispose(o);
}

static void tarn_branches_class_init(TarnBranchesClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_branches_dispose;
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-branches.ui");
    gtk_widget_class_bind_template_child(w, TarnBranches, counter);
    gtk_widget_class_bind_template_child(w, TarnBranches, previous);
    gtk_widget_class_bind_template_child(w, TarnBranches, next);
    gtk_widget_class_bind_template_callback(w, on_previous);
    gtk_widget_class_bind_template_callback(w, on_next);
}

static void tarn_branches_init(TarnBranches *b)
{
    gtk_widget_init_template(GTK_WIDGET(b));
}
