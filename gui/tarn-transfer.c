/* tarn-transfer.c - see tarn-transfer.h. */
#include "gui/tarn-transfer.h"

#include "gui/tarn-words.h"

enum { MOST_MB = 256 };

typedef struct {
    GtkFileChooserNative *chooser;
    TarnConversation *conversation;
    void (*said)(gpointer user, gboolean ok, const char *text);
    gpointer user;
} Export;

static void finish(gpointer p)
{
    Export *e = p;
    g_clear_object(&e->chooser);
    g_clear_object(&e->conversation);
    g_free(e);
}

/* ---------------------------------------------------------------------- out */
static gboolean write_to(Export *e, GFile *f, char **said)
{
    struct tarn_error err = { 0 };
    struct tarn_chat *chat = tarn_conversation_chat(e->conversation);
    g_autoptr(GError) error = NULL;
    g_autofree char *base = g_file_get_basename(f);
    g_autofree char *shown = tarn_words_valid(base, -1);
    char *text = NULL;
    size_t size = 0;
    enum tarn_status s =
        g_str_has_suffix(base, ".json")
            ? tarn_chat_tree_json(chat, &text, &size, &err)
            : tarn_chat_markdown(chat, TRUE, &text, &size, &err);
    if (s) {
        *said = tarn_words_valid(err.text, -1);
        return FALSE;
    }
    gboolean ok = g_file_replace_contents(f, text, size, NULL, FALSE,
                                          G_FILE_CREATE_REPLACE_DESTINATION,
                                          NULL, NULL, &error);
    *said = ok ? g_strdup_printf(_("Exported to %s"), shown)
               : g_strdup_printf(_("%s was not written: %s."), shown,
                                 error->message);
    tarn_text_free(text);
    return ok;
}

static void answered(GObject *parent, int response)
{
    Export *e = g_object_get_data(parent, "tarn-export");
    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) f =
            gtk_file_chooser_get_file(GTK_FILE_CHOOSER(e->chooser));
        g_autofree char *said = NULL;
        if (f) {
            gboolean ok = write_to(e, f, &said);
            e->said(e->user, ok, said);
        }
    }
    g_object_set_data(parent, "tarn-export", NULL);
}

static void add_filter(GtkFileChooser *chooser, const char *name,
                       const char *pattern)
{
    g_autoptr(GtkFileFilter) f = gtk_file_filter_new();
    gtk_file_filter_set_name(f, name);
    gtk_file_filter_add_pattern(f, pattern);
    gtk_file_chooser_add_filter(chooser, f);
}

void tarn_transfer_export(GtkWindow *parent, TarnConversation *c,
                          void (*said)(gpointer user, gboolean ok,
                                       const char *text),
                          gpointer user)
{
    if (g_object_get_data(G_OBJECT(parent), "tarn-export"))
        return;
    Export *e = g_new0(Export, 1);
    e->conversation = g_object_ref(c);
    e->said = said;
    e->user = user;
    e->chooser = gtk_file_chooser_native_new(_("Export the chat"), parent,
                                             GTK_FILE_CHOOSER_ACTION_SAVE,
                                             _("_Export"), _("_Cancel"));
    add_filter(GTK_FILE_CHOOSER(e->chooser),
               _("Everything, with branches (.json)"), "*.json");
    add_filter(GTK_FILE_CHOOSER(e->chooser), _("Text, Markdown (.md)"), "*.md");
    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(e->chooser),
                                      _("chat.json"));
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(e->chooser), TRUE);
    g_object_set_data_full(G_OBJECT(parent), "tarn-export", e, finish);
    g_signal_connect_object(e->chooser, "response", G_CALLBACK(answered),
                            parent, G_CONNECT_SWAPPED);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(e->chooser));
}

/* ----------------------------------------------------------------------- in */
gboolean tarn_transfer_is_chat(GFile *file)
{
    g_autoptr(GFileInputStream) in = g_file_read(file, NULL, NULL);
    char head[64] = "";
    gssize n = in ? g_input_stream_read(G_INPUT_STREAM(in), head,
                                        sizeof head - 1, NULL, NULL)
                  : 0;
    for (gssize i = 0; i < n; i++)
        if (!g_ascii_isspace(head[i]))
            return head[i] == '{' || head[i] == '[';
    return FALSE;
}

TarnConversation *tarn_transfer_import(GFile *file, char **why)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_autofree char *base = g_file_get_basename(file);
    g_autofree char *shown = tarn_words_valid(base, -1);
    struct tarn_error err = { 0 };
    struct tarn_chat *chat = NULL;
    gsize size = 0;
    if (!g_file_load_contents(file, NULL, &text, &size, NULL, &error)) {
        *why =
            g_strdup_printf(_("%s cannot be read: %s."), shown, error->message);
        return NULL;
    }
    if (size > (gsize)MOST_MB << 20 ||
        tarn_chat_from_json(text, size, &chat, &err)) {
        g_autofree char *reason = tarn_words_valid(err.text, -1);
        *why = g_strdup_printf(_("%s is not a tarn chat or trace: %s"), shown,
                               *reason ? reason : _("it is too large"));
        return NULL;
    }
    const char *lost = tarn_chat_lost(chat);
    if (lost)
        *why = tarn_words_valid(lost, -1);
    return tarn_conversation_of(chat);
}
