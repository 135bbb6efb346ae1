/* tarn-window-models.c - models and files: opened, taken, refused.  See
 * tarn-window-inside.h. */
#include <string.h>

#include "gui/tarn-backends.h"
#include "gui/tarn-config.h"
#include "gui/tarn-model-list.h"
#include "gui/tarn-places.h"
#include "gui/tarn-transfer.h"
#include "gui/tarn-window-inside.h"
#include "gui/tarn-words.h"
#include "store/models.h"

static gboolean is_pocket(const char *path)
{
    g_autofree char *pocket = tarn_places_pocket();
    return path && pocket && !strcmp(path, pocket);
}

/* What plugins/ has to say to a person, once. */
static void tell_plugins(TarnWindow *w)
{
    const struct tarn_plugins *plugins = tarn_worker_plugins(w->worker);
    const char *said = plugins ? tarn_plugins_notice(plugins) : NULL;
    if (!said || w->plugins_told)
        return;
    w->plugins_told = TRUE;
    g_autofree char *text = tarn_words_valid(said, -1);
    tarn_page_notice(w->page, FALSE, text, _("Details"), "win.backends");
}

/* ------------------------------------------------------- another backend */
typedef struct {
    TarnWindow *window; /* only while its worker has the seat */
    char *name;
    struct tarn_error err;
} Move;

static void move(struct tarn_engine *engine, const struct tarn_model *model,
                 gpointer data)
{
    Move *m = data;
    (void)model;
    tarn_engine_move(engine, m->name, &m->err);
}

static void on_moved(gpointer data)
{
    Move *m = data;
    TarnWindow *w = m->window;
    tarn_page_set_away(w->page, NULL);
    tarn_window_update_title(w);
    if (m->err.status) {
        g_autofree char *said = tarn_words_valid(m->err.text, -1);
        tarn_page_notice(w->page, TRUE, said, _("Details"), "win.backends");
        return;
    }
    tarn_page_forget_speed(w->page);
    g_autofree char *said = g_strdup_printf(
        _("Computing with %s. Nothing is read again."), m->name);
    tarn_window_toast(w, said);
}

static void drop_move(gpointer data)
{
    g_free(((Move *)data)->name);
    g_free(data);
}

static void use_backend(const char *name, gpointer user)
{
    TarnWindow *w = user;
    Move *m = g_new0(Move, 1);
    m->window = w;
    m->name = g_strdup(name);
    const TarnErrand errand = { move, on_moved, drop_move, m };
    g_autofree char *why = g_strdup_printf(_("Changing to %s…"), name);
    if (tarn_page_is_running(w->page)) {
        drop_move(m);
        tarn_window_toast(w, _("The answer is still being written."));
    } else if (tarn_worker_send(w->worker, &errand)) {
        tarn_page_set_away(w->page, why);
    }
}

void tarn_window_show_backends(TarnWindow *w)
{
    struct tarn_model *m = tarn_worker_model(w->worker);
    tarn_backends_present(GTK_WINDOW(w), tarn_worker_plugins(w->worker),
                          m ? tarn_model_info(m)->backend : NULL, use_backend,
                          w);
}

void tarn_window_stop_waiting(TarnWindow *w)
{
    tarn_worker_cancel(w->worker);
    tarn_worker_hurry(w->worker);
}

/* ------------------------------------------------------------- the models */
static void use_model(const char *path, gpointer user)
{
    tarn_window_open(user, path);
}

static void choose_model(gpointer user)
{
    tarn_window_open_chooser(user);
}

void tarn_window_show_models(TarnWindow *w)
{
    const char *path = tarn_worker_path(w->worker);
    tarn_model_list_present(GTK_WINDOW(w), path, use_model, choose_model, w);
}

/* For Models. */
static void remember(const struct tarn_model_info *info)
{
    struct tarn_models *all = NULL;
    struct tarn_error err = { 0 };
    if (tarn_models_load(&all, &err) || tarn_models_note(all, info, &err))
        g_message("the list of models was not saved: %s", err.text);
    tarn_models_free(all);
}

/* MN01, and how to get past it. */
static void tell_pocket(TarnWindow *w)
{
    if (w->pocket_told)
        return;
    w->pocket_told = TRUE;
    const struct tarn_model_info *info =
        tarn_model_info(tarn_worker_model(w->worker));
    g_autofree char *n = tarn_words_params(info->n_params);
    g_autofree char *text = g_strdup_printf(
        _("This is the pocket model: %s parameters, for trying tarn out. It "
          "makes mistakes with facts. For real work open a GGUF file of "
          "LFM2.5-8B-A1B (5.2 GB)."),
        n);
    tarn_page_notice(w->page, FALSE, text, _("Open a model…"),
                     "win.open-model");
}

static void take(TarnWindow *w)
{
    tarn_worker_take(w->worker);
    const char *path = tarn_worker_path(w->worker);
    const struct tarn_model_info *info =
        tarn_model_info(tarn_worker_model(w->worker));
    gboolean pocket = is_pocket(path);
    tarn_page_set_loading(w->page, NULL, -1);
    remember(info);
    if (!w->keep_notice)
        tarn_page_hide_notice(w->page);
    w->keep_notice = FALSE;
    tarn_page_model_changed(w->page, pocket);
    tarn_window_update_title(w);
    if (pocket)
        tell_pocket(w);
    tell_plugins(w);
    if (!info->layout_known) {
        g_autofree char *base = g_path_get_basename(path);
        g_autofree char *text = g_strdup_printf(
            _("%s carries a chat layout that tarn does not know; tarn uses "
              "its own for %s."),
            base, info->architecture);
        tarn_page_notice(w->page, FALSE, text, NULL, NULL);
    }
    g_free(w->settings->model);
    w->settings->model = pocket ? NULL : g_strdup(path);
    g_clear_pointer(&w->settings->opening, g_free);
    tarn_settings_save(w->settings);
}

void tarn_window_on_opened(TarnWindow *w)
{
    if (tarn_page_is_running(w->page))
        tarn_page_stop(w->page); /* taken when it is idle */
    else
        take(w);
}

void tarn_window_on_idle(TarnWindow *w)
{
    if (w->closing) {
        gtk_window_destroy(GTK_WINDOW(w));
        return;
    }
    if (tarn_worker_has_opened(w->worker))
        take(w);
    tarn_window_set_enabled(w, "stop", FALSE);
    tarn_window_update_title(w);
}

/* The window names a file by its base name (UX 2.2); the core by its path. */
static char *with_base_name(const char *text, const char *path)
{
    g_autofree char *base = path ? g_path_get_basename(path) : NULL;
    g_autofree char *shown = base ? tarn_words_valid(base, -1) : NULL;
    return path && g_str_has_prefix(text, path)
               ? g_strconcat(shown, text + strlen(path), NULL)
               : g_strdup(text);
}

void tarn_window_on_failed(TarnWindow *w, const char *said)
{
    g_autofree char *text = with_base_name(said, w->settings->opening);
    tarn_page_set_loading(w->page, NULL, -1);
    g_clear_pointer(&w->settings->opening, g_free);
    tarn_settings_save(w->settings);
    if (*text)
        tarn_page_notice(w->page, TRUE, text, _("Open a model…"),
                         "win.open-model");
    /* The model of last time may be gone: there is always the small one. */
    if (!tarn_worker_engine(w->worker) && w->settings->model) {
        g_clear_pointer(&w->settings->model, g_free);
        w->keep_notice = TRUE;
        tarn_window_open(w, NULL);
    }
}

/* The first time that a model is opened where there is a graphics device. */
void tarn_window_on_timing(TarnWindow *w, const char *backend)
{
    g_autofree char *said =
        g_strdup_printf(_("Timing %s with this model, once…"), backend);
    tarn_page_set_away(w->page, said);
}

void tarn_window_on_progress(TarnWindow *w, const char *path, int percent)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *shown = tarn_words_valid(base, -1);
    tarn_page_set_loading(w->page, shown, percent);
}

static void import_chat(TarnWindow *w, GFile *file)
{
    g_autofree char *why = NULL;
    g_autoptr(TarnConversation) c = tarn_transfer_import(file, &why);
    if (!c) {
        tarn_page_notice(w->page, TRUE, why, NULL, NULL);
        return;
    }
    tarn_window_leave_chat(w);
    tarn_shelf_save_all(w->archive, c);
    tarn_window_show_chat(w, c);
    if (why)
        tarn_page_notice(w->page, TRUE, why, NULL, NULL);
}

/* A chat goes without a model of its own: the one of last time is opened if
 * there is none yet. */
static gboolean open_chat(TarnWindow *w, const char *path)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    if (!tarn_transfer_is_chat(file))
        return FALSE;
    import_chat(w, file);
    return TRUE;
}

void tarn_window_open(TarnWindow *w, const char *path)
{
    g_autofree char *pocket = tarn_places_pocket();
    if (path && open_chat(w, path)) {
        if (tarn_worker_engine(w->worker) || tarn_worker_is_opening(w->worker))
            return;
        path = NULL;
    }
    if (!path && w->settings->opening) { /* it may have ended the last run */
        g_autofree char *base = g_path_get_basename(w->settings->opening);
        g_autofree char *text = g_strdup_printf(
            _("tarn ended while it was opening %s, so that file is not opened "
              "by itself."),
            base);
        tarn_page_notice(w->page, TRUE, text, _("Open a model…"),
                         "win.open-model");
        w->pocket_told = w->keep_notice = TRUE;
        g_clear_pointer(&w->settings->model, g_free);
        g_clear_pointer(&w->settings->opening, g_free);
    }
    if (!path)
        path = w->settings->model ? w->settings->model : pocket;
    if (!path) {
        tarn_page_notice(w->page, TRUE,
                         _("The built-in model pocket.gguf is not where it "
                           "was installed. Open another model."),
                         _("Open a model…"), "win.open-model");
        return;
    }
    g_autofree char *keep = g_strdup(path);
    g_free(w->settings->opening);
    w->settings->opening = g_strdup(keep);
    tarn_settings_save(w->settings);
    tarn_worker_open(w->worker, keep);
}

static gboolean has_ending(GFile *file, const char *const *endings)
{
    g_autofree char *base = g_file_get_basename(file);
    for (; *endings; endings++)
        if (g_str_has_suffix(base, *endings))
            return TRUE;
    return FALSE;
}

static void open_file(TarnWindow *w, GFile *file)
{
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    static const char *const TEXTS[] = { ".txt", ".md", ".csv", ".log", NULL };
    if (path && has_ending(file, TEXTS))
        tarn_window_attach(w, file);
    else if (path)
        tarn_window_open(w, path);
    else
        tarn_page_notice(w->page, TRUE,
                         _("That place is not on this computer. Copy the file "
                           "here first, then open it."),
                         NULL, NULL);
}

static void on_file(TarnWindow *w, int response)
{
    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) f =
            gtk_file_chooser_get_file(GTK_FILE_CHOOSER(w->chooser));
        open_file(w, f);
    }
    g_clear_object(&w->chooser);
}

void tarn_window_open_chooser(TarnWindow *w)
{
    if (w->chooser)
        return;
    w->chooser = gtk_file_chooser_native_new(
        _("Open a model or a chat"), GTK_WINDOW(w),
        GTK_FILE_CHOOSER_ACTION_OPEN, _("_Open"), _("_Cancel"));
    g_autoptr(GtkFileFilter) models = gtk_file_filter_new();
    gtk_file_filter_set_name(models, _("Models and chats (.gguf, .json)"));
    gtk_file_filter_add_pattern(models, "*.gguf");
    gtk_file_filter_add_pattern(models, "*.json");
    g_autoptr(GtkFileFilter) all = gtk_file_filter_new();
    gtk_file_filter_set_name(all, _("All files"));
    gtk_file_filter_add_pattern(all, "*");
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(w->chooser), models);
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(w->chooser), all);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(w->chooser), TRUE);
    g_signal_connect_swapped(w->chooser, "response", G_CALLBACK(on_file), w);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(w->chooser));
}

gboolean tarn_window_on_drop(TarnWindow *w, const GValue *value)
{
    GSList *files = g_value_get_boxed(value);
    if (!files)
        return FALSE;
    if (files->next)
        tarn_page_notice(w->page, TRUE,
                         _("Several files were dropped. Drop one file at a "
                           "time."),
                         NULL, NULL);
    else
        open_file(w, files->data);
    return TRUE;
}
