/* tarn-editor.c - see tarn-editor.h. */
#include "gui/tarn-editor.h"

#include "gui/tarn-config.h"
#include "gui/tarn-words.h"

struct _TarnEditor {
    GtkBox parent;
    GtkTextView *text;
    GtkButton *done;
};
G_DEFINE_FINAL_TYPE(TarnEditor, tarn_editor, GTK_TYPE_BOX)

enum { DONE, CANCELLED, N_SIGNALS };
static guint signals[N_SIGNALS];

void tarn_editor_open(TarnEditor *e, const char *text, const char *name,
                      const char *done)
{
    gtk_text_buffer_set_text(gtk_text_view_get_buffer(e->text), text, -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(e->text),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    gtk_button_set_label(e->done, done);
    gtk_widget_set_visible(GTK_WIDGET(e), TRUE);
    gtk_widget_grab_focus(GTK_WIDGET(e->text));
}

static void on_cancel(TarnEditor *e)
{
    gtk_widget_set_visible(GTK_WIDGET(e), FALSE);
    g_signal_emit(e, signals[CANCELLED], 0);
}

/* What is done with the text may take this widget away: not from within the
 * signal of its own button. */
static gboolean tell_done(gpointer user)
{
    TarnEditor *e = user;
    char *text = g_object_steal_data(G_OBJECT(e), "text");
    if (text && gtk_widget_get_root(GTK_WIDGET(e)))
        g_signal_emit(e, signals[DONE], 0, text);
    g_free(text);
    return G_SOURCE_REMOVE;
}

static void on_done(TarnEditor *e)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(e->text);
    GtkTextIter from, to;
    gtk_text_buffer_get_bounds(b, &from, &to);
    char *text = gtk_text_buffer_get_text(b, &from, &to, FALSE);
    g_autofree char *bare = g_strstrip(g_strdup(text));
    if (!*bare) {
        g_free(text);
        return;
    }
    gtk_widget_set_visible(GTK_WIDGET(e), FALSE);
    g_object_set_data_full(G_OBJECT(e), "text", text, g_free);
    g_idle_add_full(G_PRIORITY_DEFAULT, tell_done, g_object_ref(e),
                    g_object_unref);
}

static gboolean on_key(TarnEditor *e, guint key, guint code,
                       GdkModifierType mods)
{
    (void)code;
    if (key == GDK_KEY_Escape) {
        on_cancel(e);
        return TRUE;
    }
    if ((key == GDK_KEY_Return || key == GDK_KEY_KP_Enter) &&
        !(mods & GDK_SHIFT_MASK)) {
        on_done(e);
        return TRUE;
    }
    return FALSE;
}

static void tarn_editor_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_editor_parent_class)->dispose(o);
}

static void tarn_editor_class_init(TarnEditorClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    GType t = TARN_TYPE_EDITOR;
    G_OBJECT_CLASS(klass)->dispose = tarn_editor_dispose;
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-editor.ui");
    gtk_widget_class_bind_template_child(w, TarnEditor, text);
    gtk_widget_class_bind_template_child(w, TarnEditor, done);
    gtk_widget_class_bind_template_callback(w, on_cancel);
    gtk_widget_class_bind_template_callback(w, on_done);
    gtk_widget_class_bind_template_callback(w, on_key);
    signals[DONE] = g_signal_new("done", t, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
    signals[CANCELLED] = g_signal_new("cancelled", t, G_SIGNAL_RUN_LAST, 0,
                                      NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void tarn_editor_init(TarnEditor *e)
{
    gtk_widget_init_template(GTK_WIDGET(e));
}
