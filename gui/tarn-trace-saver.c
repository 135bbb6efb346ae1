/* tarn-trace-saver.c - see tarn-trace-saver.h.  The bytes are made before the
 * person is asked: the turn may grow, or another be shown, meanwhile. */
#include "gui/tarn-trace-saver.h"

#include <glib/gstdio.h>
#include <string.h>

#include "gui/tarn-trace-export.h"
#include "gui/tarn-words.h"

static GBytes *take_buf(struct tarn_buf *b)
{
    GBytes *bytes = b->failed ? NULL : g_bytes_new(b->data, b->size);
    tarn_buf_finish(b);
    return bytes;
}

static GBytes *take_text(char *text)
{
    return g_bytes_new_take(text, strlen(text));
}

GBytes *tarn_trace_saver_make(TarnTraceLanes *lanes, const struct tarn_trace *t,
                              const char *kind, char **why)
{
    const struct tarn_view_options *look = tarn_trace_lanes_look(lanes);
    const struct tarn_view_options o = { .size = sizeof o,
                                         .width = 960,
                                         .layer = look->layer,
                                         .hidden = look->hidden,
                                         .selected = TARN_VIEW_NOTHING };
    struct tarn_buf b = { 0 };
    struct tarn_error err = { 0 };
    GBytes *bytes = NULL;
    if (!strcmp(kind, "csv")) {
        bytes = take_text(tarn_trace_csv(t));
    } else if (!strcmp(kind, "md")) {
        bytes = take_text(tarn_trace_markdown(t));
    } else if (!strcmp(kind, "png")) {
        g_autoptr(GdkTexture) picture = tarn_trace_lanes_texture(lanes);
        bytes = picture ? gdk_texture_save_to_png_bytes(picture) : NULL;
    } else if (!strcmp(kind, "svg")) {
        if (tarn_trace_lanes_view(lanes))
            tarn_trace_view_svg(tarn_trace_lanes_view(lanes), &o, &b);
        bytes = take_buf(&b);
    } else if (!tarn_trace_write(t, &b, &err)) {
        bytes = take_buf(&b);
    } else {
        tarn_buf_finish(&b);
    }
    *why = bytes ? NULL
                 : g_strdup(err.status ? err.text
                                       : _("There is nothing to save yet."));
    return bytes;
}

typedef struct {
    GtkFileChooserNative *chooser;
    GBytes *bytes;
    void (*told)(gpointer user, gboolean good, const char *text);
    gpointer user;
} Ask;

/* A trace holds what was said: only its owner may read the file. */
static void save(const Ask *a, GFile *file)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *base = g_file_get_basename(file);
    g_autofree char *shown = tarn_words_valid(base, -1);
    g_autofree char *said = NULL;
    gsize size;
    const char *data = g_bytes_get_data(a->bytes, &size);
    gboolean good =
        g_file_replace_contents(file, data, size, NULL, FALSE,
                                G_FILE_CREATE_PRIVATE, NULL, NULL, &error);
    said = good ? g_strdup_printf(_("Exported to %s"), shown)
                : g_strdup_printf(_("%s cannot be written: %s."), shown,
                                  error->message);
    a->told(a->user, good, said);
}

static void on_response(GtkNativeDialog *d, int response, Ask *a)
{
    g_autoptr(GFile) f =
        response == GTK_RESPONSE_ACCEPT
            ? gtk_file_chooser_get_file(GTK_FILE_CHOOSER(a->chooser))
            : NULL;
    (void)d;
    if (f)
        save(a, f);
    g_bytes_unref(a->bytes);
    g_object_unref(a->chooser);
    g_free(a);
}

void tarn_trace_saver_ask(
    TarnTraceLanes *lanes, const struct tarn_trace *t, const char *kind,
    void (*told)(gpointer user, gboolean good, const char *text), gpointer user)
{
    g_autofree char *why = NULL;
    g_autofree char *name = g_strdup_printf("trace.%s", kind);
    GBytes *bytes = tarn_trace_saver_make(lanes, t, kind, &why);
    if (!bytes) {
        told(user, FALSE, why);
        return;
    }
    Ask *a = g_new0(Ask, 1);
    a->bytes = bytes;
    a->told = told;
    a->user = user;
    a->chooser = gtk_file_chooser_native_new(
        _("Export the trace"),
        GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(lanes))),
        GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(a->chooser), TRUE);
    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(a->chooser), name);
    g_signal_connect(a->chooser, "response", G_CALLBACK(on_response), a);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(a->chooser));
}
