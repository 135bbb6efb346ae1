/* tarn-message.c - see tarn-message.h. */
#include "gui/tarn-message.h"

#include <string.h>

#include "gui/tarn-branches.h"
#include "gui/tarn-config.h"
#include "gui/tarn-editor.h"
#include "gui/tarn-prose.h"
#include "gui/tarn-words.h"

enum { LABEL_UP_TO = 2000 }; /* characters: longer ones go into a text view */

struct _TarnMessage {
    TarnCullBox parent;
    GtkLabel *who;
    GtkBox *block, *actions;
    TarnEditor *editor;
    TarnBranches *branches;
    guint id;
    char *text;
};
G_DEFINE_FINAL_TYPE(TarnMessage, tarn_message, TARN_TYPE_CULL_BOX)

static void on_copy(TarnMessage *m)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(m)), m->text);
    gtk_widget_activate_action(GTK_WIDGET(m), "win.say-copied", NULL);
}

static void set_editing(TarnMessage *m, gboolean editing)
{
    gtk_widget_set_visible(GTK_WIDGET(m->block), !editing);
    gtk_widget_set_visible(GTK_WIDGET(m->actions), !editing);
}

void tarn_message_edit(TarnMessage *m)
{
    set_editing(m, TRUE);
    tarn_editor_open(m->editor, m->text, _("Edit message"),
                     _("Send as a new branch"));
}

static void on_edit(TarnMessage *m)
{
    tarn_message_edit(m);
}

static void on_cancelled(TarnMessage *m)
{
    set_editing(m, FALSE);
    gtk_widget_activate_action(GTK_WIDGET(m), "win.focus-composer", NULL);
}

static void on_done(TarnMessage *m, const char *text)
{
    set_editing(m, FALSE);
    gtk_widget_activate_action(GTK_WIDGET(m), "win.edited", "(us)", m->id,
                               text);
}

void tarn_message_set_branch(TarnMessage *m, guint at, guint n)
{
    tarn_branches_set(m->branches, m->id, at, n);
}

const char *tarn_message_text(TarnMessage *m)
{
    return m->text;
}

static GtkWidget *make_text(const char *text)
{
    if (g_utf8_strlen(text, -1) > LABEL_UP_TO) {
        GtkWidget *p = tarn_prose_new();
        gtk_widget_set_hexpand(p, TRUE);
        tarn_prose_append(TARN_PROSE(p), text, strlen(text));
        return p;
    }
    TarnBreak state = { 0 };
    GString *s = g_string_new(NULL);
    tarn_words_break(s, text, strlen(text), &state);
    GtkWidget *l = gtk_label_new(NULL);
    gtk_label_set_text(GTK_LABEL(l), s->str);
    g_string_free(s, TRUE);
    gtk_label_set_wrap(GTK_LABEL(l), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(l), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_natural_wrap_mode(GTK_LABEL(l), GTK_NATURAL_WRAP_NONE);
    gtk_label_set_xalign(GTK_LABEL(l), 0);
    gtk_label_set_selectable(GTK_LABEL(l), TRUE);
    return l;
}

GtkWidget *tarn_message_new(guint id, const char *text, gint64 time)
{
    TarnMessage *m = g_object_new(TARN_TYPE_MESSAGE, NULL);
    m->id = id;
    m->text = tarn_words_valid(text, -1);
    gtk_box_append(m->block, make_text(m->text));
    g_autofree char *when = tarn_words_date(time);
    g_autofree char *name = g_strdup_printf(_("Your message, %s"), when);
    gtk_accessible_update_property(GTK_ACCESSIBLE(m),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    return GTK_WIDGET(m);
}

void tarn_message_set_who(TarnMessage *m, const char *who)
{
    gtk_label_set_text(m->who, who);
    gtk_accessible_update_property(GTK_ACCESSIBLE(m),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, who, -1);
}

static void tarn_message_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_message_parent_class)->dispose(o);
}

static void tarn_message_finalize(GObject *o)
{
    g_free(TARN_MESSAGE(o)->text);
    G_OBJECT_CLASS(tarn_message_parent_class)->finalize(o);
}

static void tarn_message_class_init(TarnMessageClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_message_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_message_finalize;
    g_type_ensure(TARN_TYPE_BRANCHES);
    g_type_ensure(TARN_TYPE_EDITOR);
    gtk_widget_class_set_accessible_role(w, GTK_ACCESSIBLE_ROLE_GROUP);
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-message.ui");
    gtk_widget_class_bind_template_child(w, TarnMessage, block);
    gtk_widget_class_bind_template_child(w, TarnMessage, actions);
    gtk_widget_class_bind_template_child(w, TarnMessage, who);
    gtk_widget_class_bind_template_child(w, TarnMessage, editor);
    gtk_widget_class_bind_template_child(w, TarnMessage, branches);
    gtk_widget_class_bind_template_callback(w, on_copy);
    gtk_widget_class_bind_template_callback(w, on_edit);
    gtk_widget_class_bind_template_callback(w, on_cancelled);
    gtk_widget_class_bind_template_callback(w, on_done);
}

static void tarn_message_init(TarnMessage *m)
{
    gtk_widget_init_template(GTK_WIDGET(m));
}
