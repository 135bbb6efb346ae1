/* tarn-rename.c - see tarn-rename.h. */
#include "gui/tarn-rename.h"

#include "gui/tarn-words.h"

typedef struct {
    gint64 what;
    GtkWidget *entry;
    void (*done)(gint64 what, const char *name, gpointer user);
    gpointer user;
} Asked;

static void on_response(AdwMessageDialog *d, const char *response, Asked *a)
{
    (void)d;
    if (g_strcmp0(response, "rename") != 0)
        return;
    g_autofree char *name =
        g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(a->entry))));
    if (*name)
        a->done(a->what, name, a->user);
}

void tarn_rename_present(GtkWindow *parent, const TarnNameAsk *ask, gint64 what,
                         const char *name,
                         void (*done)(gint64 what, const char *name,
                                      gpointer user),
                         gpointer user)
{
    Asked *a = g_new0(Asked, 1);
    GtkWidget *d =
        adw_message_dialog_new(parent, gettext(ask->title),
                               ask->hint ? gettext(ask->hint) : NULL);
    a->what = what;
    a->done = done;
    a->user = user;
    a->entry = gtk_entry_new();
    gtk_editable_set_text(GTK_EDITABLE(a->entry), name);
    gtk_entry_set_max_length(GTK_ENTRY(a->entry), 200);
    gtk_entry_set_activates_default(GTK_ENTRY(a->entry), TRUE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(a->entry),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   gettext(ask->title), -1);
    adw_message_dialog_set_extra_child(ADW_MESSAGE_DIALOG(d), a->entry);
    adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(d), "cancel",
                                     _("Cancel"), "rename",
                                     gettext(ask->deed), NULL);
    adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(d), "rename");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(d), "cancel");
    g_object_set_data_full(G_OBJECT(d), "asked", a, g_free);
    g_signal_connect(d, "response", G_CALLBACK(on_response), a);
    gtk_window_present(GTK_WINDOW(d));
    gtk_widget_grab_focus(a->entry);
}
