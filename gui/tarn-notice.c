/* tarn-notice.c - see tarn-notice.h. */
#include "gui/tarn-notice.h"

#include "gui/tarn-config.h"

struct _TarnNotice {
    GtkBox parent;
    GtkRevealer *revealer;
    GtkBox *bar;
    GtkLabel *text;
    GtkButton *button;
    TarnNoticeLevel level;
};
G_DEFINE_FINAL_TYPE(TarnNotice, tarn_notice, GTK_TYPE_BOX)

/* Name and target never disagree on the way. */
static void set_action(GtkActionable *a, const char *detailed)
{
    g_autofree char *name = NULL;
    g_autoptr(GVariant) target = NULL;
    gtk_actionable_set_action_name(a, NULL);
    if (!g_action_parse_detailed_name(detailed, &name, &target, NULL))
        return;
    gtk_actionable_set_action_target_value(a, target);
    gtk_actionable_set_action_name(a, name);
}

void tarn_notice_show(TarnNotice *n, TarnNoticeLevel level, const char *text,
                      const char *button, const char *action)
{
    gboolean shown = gtk_revealer_get_reveal_child(n->revealer);
    if (shown && n->level > level)
        return;
    n->level = level;
    gtk_label_set_text(n->text, text);
    gtk_widget_set_visible(GTK_WIDGET(n->button), button != NULL);
    if (button) {
        gtk_button_set_label(n->button, button);
        set_action(GTK_ACTIONABLE(n->button), action);
    }
    if (level == TARN_NOTICE_ERROR)
        gtk_widget_add_css_class(GTK_WIDGET(n->bar), "error-bar");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(n->bar), "error-bar");
    gtk_widget_set_visible(GTK_WIDGET(n), TRUE);
    gtk_revealer_set_reveal_child(n->revealer, TRUE);
}

void tarn_notice_hide(TarnNotice *n)
{
    gtk_revealer_set_reveal_child(n->revealer, FALSE);
    gtk_widget_set_visible(GTK_WIDGET(n), FALSE);
}

static void tarn_notice_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_notice_parent_class)->dispose(o);
}

static void tarn_notice_class_init(TarnNoticeClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_notice_dispose;
    gtk_widget_class_set_accessible_role(w, GTK_ACCESSIBLE_ROLE_GROUP);
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-notice.ui");
    gtk_widget_class_bind_template_child(w, TarnNotice, revealer);
    gtk_widget_class_bind_template_child(w, TarnNotice, bar);
    gtk_widget_class_bind_template_child(w, TarnNotice, text);
    gtk_widget_class_bind_template_child(w, TarnNotice, button);
    gtk_widget_class_bind_template_callback(w, tarn_notice_hide);
}

static void tarn_notice_init(TarnNotice *n)
{
    gtk_widget_init_template(GTK_WIDGET(n));
    gtk_accessible_update_property(GTK_ACCESSIBLE(n),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, "Notice", -1);
}
