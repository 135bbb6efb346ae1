/* tarn-text-dialog.c - see tarn-text-dialog.h. */
#include "gui/tarn-text-dialog.h"

#include <string.h>

#include "gui/tarn-words.h"

enum { MOST = 1 << 20 /* bytes of a file */ };

typedef struct {
    AdwMessageDialog *dialog;
    GtkTextBuffer *buffer;
    GtkLabel *wrong;
    GtkFileChooserNative *chooser;
    char *(*check)(const char *text);
    void (*done)(const char *text, gpointer user);
    gpointer user;
} Sheet;

static void free_sheet(gpointer p)
{
    Sheet *s = p;
    g_clear_object(&s->chooser);
    g_free(s);
}

static char *text_of(Sheet *s)
{
    GtkTextIter from, to;
    gtk_text_buffer_get_bounds(s->buffer, &from, &to);
    return g_strstrip(gtk_text_buffer_get_text(s->buffer, &from, &to, FALSE));
}

static void say(Sheet *s, const char *wrong)
{
    gtk_label_set_text(s->wrong, wrong ? wrong : "");
    gtk_widget_set_visible(GTK_WIDGET(s->wrong), wrong != NULL);
}

static void on_changed(Sheet *s)
{
    g_autofree char *text = text_of(s);
    g_autofree char *wrong = *text && s->check ? s->check(text) : NULL;
    say(s, wrong);
    adw_message_dialog_set_response_enabled(s->dialog, "deed", *text && !wrong);
}

static void on_file(Sheet *s, int response)
{
    g_autoptr(GFile) f =
        response == GTK_RESPONSE_ACCEPT
            ? gtk_file_chooser_get_file(GTK_FILE_CHOOSER(s->chooser))
            : NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize size = 0;
    g_clear_object(&s->chooser);
    if (!f)
        return;
    g_autofree char *base = g_file_get_basename(f);
    g_autofree char *said = NULL;
    if (!g_file_load_contents(f, NULL, &text, &size, NULL, &error))
        said =
            g_strdup_printf(_("%s cannot be read: %s."), base, error->message);
    else if (size > MOST || memchr(text, 0, size) ||
             !g_utf8_validate_len(text, size, NULL))
        said = g_strdup_printf(_("%s is not text, or too long."), base);
    else
        gtk_text_buffer_set_text(s->buffer, text, (int)size);
    if (said)
        say(s, said);
}

static void on_open(Sheet *s)
{
    if (s->chooser)
        return;
    s->chooser = gtk_file_chooser_native_new(
        _("Take the text of a file"), GTK_WINDOW(s->dialog),
        GTK_FILE_CHOOSER_ACTION_OPEN, _("_Open"), _("_Cancel"));
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(s->chooser), TRUE);
    g_signal_connect_swapped(s->chooser, "response", G_CALLBACK(on_file), s);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(s->chooser));
}

static void on_response(Sheet *s, const char *response)
{
    g_autofree char *text = text_of(s);
    if (!g_strcmp0(response, "deed"))
        s->done(text, s->user);
    else if (!g_strcmp0(response, "other"))
        s->done(NULL, s->user);
}

static GtkWidget *make_field(Sheet *s, const TarnTextAsk *ask)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
    GtkWidget *scroller = gtk_scrolled_window_new();
    GtkWidget *view = gtk_text_view_new();
    GtkWidget *open = gtk_button_new_with_label(_("Open a file…"));
    s->buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view));
    s->wrong = GTK_LABEL(g_object_new(GTK_TYPE_LABEL, "accessible-role",
                                      GTK_ACCESSIBLE_ROLE_STATUS, "xalign", 0.0,
                                      "wrap", TRUE, "visible", FALSE, NULL));
    gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(view), GTK_WRAP_WORD_CHAR);
    gtk_text_view_set_monospace(GTK_TEXT_VIEW(view), ask->code);
    gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(view), FALSE);
    gtk_text_view_set_top_margin(GTK_TEXT_VIEW(view), 8);
    gtk_text_view_set_bottom_margin(GTK_TEXT_VIEW(view), 8);
    gtk_text_view_set_left_margin(GTK_TEXT_VIEW(view), 8);
    gtk_text_view_set_right_margin(GTK_TEXT_VIEW(view), 8);
    gtk_accessible_update_property(
        GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, ask->title, -1);
    gtk_widget_set_size_request(scroller, 460, 180);
    gtk_widget_set_vexpand(scroller, TRUE);
    gtk_widget_add_css_class(scroller, "card");
    gtk_widget_add_css_class(GTK_WIDGET(s->wrong), "error-line");
    gtk_widget_set_halign(open, GTK_ALIGN_START);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), view);
    gtk_box_append(GTK_BOX(box), scroller);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(s->wrong));
    gtk_box_append(GTK_BOX(box), open);
    g_signal_connect_swapped(open, "clicked", G_CALLBACK(on_open), s);
    g_object_set_data(G_OBJECT(box), "view", view);
    return box;
}

void tarn_text_dialog_present(GtkWindow *parent, const TarnTextAsk *ask)
{
    Sheet *s = g_new0(Sheet, 1);
    GtkWidget *d = adw_message_dialog_new(parent, ask->title, ask->hint);
    s->dialog = ADW_MESSAGE_DIALOG(d);
    s->check = ask->check;
    s->done = ask->done;
    s->user = ask->user;
    GtkWidget *field = make_field(s, ask);
    adw_message_dialog_set_extra_child(s->dialog, field);
    adw_message_dialog_add_response(s->dialog, "cancel", _("Cancel"));
    if (ask->other)
        adw_message_dialog_add_response(s->dialog, "other", ask->other);
    adw_message_dialog_add_response(s->dialog, "deed", ask->deed);
    adw_message_dialog_set_response_appearance(s->dialog, "deed",
                                               ADW_RESPONSE_SUGGESTED);
    adw_message_dialog_set_close_response(s->dialog, "cancel");
    g_object_set_data_full(G_OBJECT(d), "sheet", s, free_sheet);
    g_signal_connect_swapped(s->buffer, "changed", G_CALLBACK(on_changed), s);
    g_signal_connect_swapped(d, "response", G_CALLBACK(on_response), s);
    gtk_text_buffer_set_text(s->buffer, ask->text ? ask->text : "", -1);
    on_changed(s);
    gtk_window_present(GTK_WINDOW(d));
    gtk_widget_grab_focus(g_object_get_data(G_OBJECT(field), "view"));
}
