/* tarn-window.c - see tarn-window.h. */
#include "gui/tarn-window.h"

#include <string.h>

#include "gui/tarn-backends.h"
#include "gui/tarn-config.h"
#include "gui/tarn-page.h"
#include "gui/tarn-places.h"
#include "gui/tarn-shelf.h"
#include "gui/tarn-sidebar.h"
#include "gui/tarn-words.h"

enum {
    TOAST_S = 5,
    UNDO_S = 10,
    NARROW = 720, /* px: the sidebar lies over the chat below it (UX 4.1) */
    DRAFT_MS = 1000
};

struct _TarnWindow {
    AdwApplicationWindow parent;
    AdwToastOverlay *toasts;
    AdwWindowTitle *title;
    AdwFlap *flap;
    TarnSidebar *sidebar;
    TarnPage *page;
    TarnWorker *worker;
    TarnSettings *settings; /* borrowed */
    GtkFileChooserNative *chooser;
    TarnArchive *archive;
    guint draft;
    gboolean closing, pocket_told, plugins_told, narrow, restored;
    gboolean keep_notice; /* why another model is opened than was wanted */
};
G_DEFINE_FINAL_TYPE(TarnWindow, tarn_window, ADW_TYPE_APPLICATION_WINDOW)

static void toast(TarnWindow *w, const char *text)
{
    AdwToast *t = adw_toast_new("");
    g_autofree char *safe = g_markup_escape_text(text, -1); /* titles are
                                                               markup in 1.2 */
    adw_toast_set_title(t, safe);
    adw_toast_set_timeout(t, TOAST_S);
    adw_toast_overlay_add_toast(w->toasts, t);
}

static void update_title(TarnWindow *w)
{
    struct tarn_model *m = tarn_worker_model(w->worker);
    const char *title =
        tarn_conversation_title(tarn_page_conversation(w->page));
    adw_window_title_set_title(w->title, title);
    g_autofree char *name =
        m ? tarn_words_valid(tarn_model_info(m)->name, -1) : g_strdup("");
    adw_window_title_set_subtitle(w->title, name);
    g_autofree char *whole = g_strdup_printf(_("%s – tarn"), title);
    gtk_window_set_title(GTK_WINDOW(w), whole);
}

static void set_enabled(TarnWindow *w, const char *name, gboolean enabled)
{
    GAction *a = g_action_map_lookup_action(G_ACTION_MAP(w), name);
    if (a)
        g_simple_action_set_enabled(G_SIMPLE_ACTION(a), enabled);
}

/* ------------------------------------------------------------------- chats */
static void show_chat(TarnWindow *w, TarnConversation *c)
{
    tarn_page_set_conversation(w->page, c);
    w->settings->chat = tarn_conversation_number(c);
    tarn_settings_save(w->settings);
    tarn_sidebar_set_current(w->sidebar, w->settings->chat);
    update_title(w);
    if (w->narrow)
        adw_flap_set_reveal_flap(w->flap, FALSE);
    tarn_page_focus(w->page);
}

static void new_chat(TarnWindow *w)
{
    g_autoptr(TarnConversation) c = tarn_conversation_new();
    if (c)
        show_chat(w, c);
}

static const TarnChatInfo *find_info(TarnWindow *w, gint64 number)
{
    GPtrArray *list = tarn_archive_list(w->archive);
    for (guint i = 0; i < list->len; i++) {
        const TarnChatInfo *info = list->pdata[i];
        if (info->number == number)
            return info;
    }
    return NULL;
}

static void on_rows(gint64 number, GPtrArray *rows, gpointer user)
{
    TarnWindow *w = user;
    if (w->closing || !w->archive)
        return;
    g_autoptr(TarnConversation) c =
        tarn_shelf_load(number, rows, find_info(w, number));
    if (c)
        show_chat(w, c);
}

/* What is on the screen keeps its draft. */
static void leave_chat(TarnWindow *w)
{
    TarnConversation *c = tarn_page_conversation(w->page);
    if (c)
        tarn_shelf_save(w->archive, c, 0);
}

static void on_chosen(TarnWindow *w, gint64 number)
{
    TarnConversation *c = tarn_page_conversation(w->page);
    if (tarn_conversation_number(c) == number)
        return;
    leave_chat(w);
    tarn_archive_load(w->archive, number, on_rows, w);
}

static void on_listed(TarnWindow *w)
{
    TarnConversation *c = tarn_page_conversation(w->page);
    tarn_sidebar_set_list(w->sidebar, tarn_archive_list(w->archive),
                          tarn_conversation_number(c));
    if (w->restored)
        return;
    w->restored = TRUE; /* the chat of last time, unless one has begun */
    if (w->settings->chat && find_info(w, w->settings->chat) &&
        tarn_conversation_is_empty(c))
        tarn_archive_load(w->archive, w->settings->chat, on_rows, w);
    else if (w->settings->draft && tarn_conversation_is_empty(c))
        tarn_page_fill(w->page, w->settings->draft);
}

static void on_unsaved(TarnWindow *w, const char *text)
{
    tarn_page_notice(w->page, TRUE, text, _("Export…"), "win.export");
}

static void delete_chat(TarnWindow *w, gint64 number)
{
    TarnConversation *c = tarn_page_conversation(w->page);
    AdwToast *t = adw_toast_new(_("Chat deleted"));
    adw_toast_set_button_label(t, _("Undo"));
    adw_toast_set_action_name(t, "win.undelete-chat");
    adw_toast_set_action_target(t, "x", number);
    adw_toast_set_timeout(t, UNDO_S);
    adw_toast_overlay_add_toast(w->toasts, t);
    tarn_archive_delete(w->archive, number);
    if (tarn_conversation_number(c) == number)
        new_chat(w);
}

static gboolean save_draft(gpointer user)
{
    TarnWindow *w = user;
    w->draft = 0;
    TarnConversation *c = tarn_page_conversation(w->page);
    g_free(w->settings->draft);
    w->settings->draft = g_strdup(
        tarn_conversation_is_empty(c) ? tarn_conversation_draft(c) : NULL);
    tarn_settings_save(w->settings);
    tarn_shelf_save(w->archive, c, 0);
    return G_SOURCE_REMOVE;
}

static void on_draft(TarnWindow *w)
{
    if (!w->draft && w->archive)
        w->draft = g_timeout_add(DRAFT_MS, save_draft, w);
}

/* ------------------------------------------------------------------ models */
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

static void show_backends(TarnWindow *w)
{
    struct tarn_model *m = tarn_worker_model(w->worker);
    tarn_backends_present(GTK_WINDOW(w), tarn_worker_plugins(w->worker),
                          m ? tarn_model_info(m)->backend : NULL);
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
    if (!w->keep_notice)
        tarn_page_hide_notice(w->page);
    w->keep_notice = FALSE;
    tarn_page_model_changed(w->page, pocket);
    update_title(w);
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

static void on_opened(TarnWindow *w)
{
    if (tarn_page_is_running(w->page))
        tarn_page_stop(w->page); /* taken when it is idle */
    else
        take(w);
}

static void on_idle(TarnWindow *w)
{
    if (w->closing) {
        gtk_window_destroy(GTK_WINDOW(w));
        return;
    }
    if (tarn_worker_has_opened(w->worker))
        take(w);
    set_enabled(w, "stop", FALSE);
    update_title(w);
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

static void on_failed(TarnWindow *w, const char *said)
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
        tarn_window_open_model(w, NULL);
    }
}

static void on_progress(TarnWindow *w, const char *path, int percent)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *shown = tarn_words_valid(base, -1);
    tarn_page_set_loading(w->page, shown, percent);
}

void tarn_window_open_model(TarnWindow *w, const char *path)
{
    g_autofree char *pocket = tarn_places_pocket();
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

static void open_file(TarnWindow *w, GFile *file)
{
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (path)
        tarn_window_open_model(w, path);
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

static void open_chooser(TarnWindow *w)
{
    if (w->chooser)
        return;
    w->chooser = gtk_file_chooser_native_new(_("Open a model"), GTK_WINDOW(w),
                                             GTK_FILE_CHOOSER_ACTION_OPEN,
                                             _("_Open"), _("_Cancel"));
    g_autoptr(GtkFileFilter) models = gtk_file_filter_new();
    gtk_file_filter_set_name(models, _("Models (GGUF)"));
    gtk_file_filter_add_pattern(models, "*.gguf");
    g_autoptr(GtkFileFilter) all = gtk_file_filter_new();
    gtk_file_filter_set_name(all, _("All files"));
    gtk_file_filter_add_pattern(all, "*");
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(w->chooser), models);
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(w->chooser), all);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(w->chooser), TRUE);
    g_signal_connect_swapped(w->chooser, "response", G_CALLBACK(on_file), w);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(w->chooser));
}

static gboolean on_drop(TarnWindow *w, const GValue *value)
{
    GSList *files = g_value_get_boxed(value);
    if (!files)
        return FALSE;
    if (files->next)
        tarn_page_notice(w->page, TRUE,
                         _("Several files were dropped. Drop one model file "
                           "at a time."),
                         NULL, NULL);
    else
        open_file(w, files->data);
    return TRUE;
}

/* ----------------------------------------------------------------- actions */
static void new_chat_act(TarnWindow *w)
{
    leave_chat(w);
    new_chat(w);
}

static void toggle_sidebar(TarnWindow *w)
{
    gboolean open = !adw_flap_get_reveal_flap(w->flap);
    adw_flap_set_reveal_flap(w->flap, open);
    if (!w->narrow)
        w->settings->sidebar = open;
    tarn_settings_save(w->settings);
}

static void search_chats(TarnWindow *w)
{
    adw_flap_set_reveal_flap(w->flap, TRUE);
    tarn_sidebar_search(w->sidebar);
}

static void export_answered(TarnWindow *w, int response)
{
    struct tarn_error err = { 0 };
    char *text = NULL;
    size_t size = 0;
    g_autoptr(GFile) f =
        gtk_file_chooser_get_file(GTK_FILE_CHOOSER(w->chooser));
    TarnConversation *c = tarn_page_conversation(w->page);
    if (response == GTK_RESPONSE_ACCEPT && f &&
        tarn_chat_markdown(tarn_conversation_chat(c), TRUE, &text, &size,
                           &err) == TARN_OK) {
        g_autoptr(GError) error = NULL;
        g_autofree char *base = g_file_get_basename(f);
        gboolean ok = g_file_replace_contents(f, text, size, NULL, FALSE,
                                              G_FILE_CREATE_REPLACE_DESTINATION,
                                              NULL, NULL, &error);
        g_autofree char *said =
            ok ? g_strdup_printf(_("Exported to %s"), base)
               : g_strdup_printf(_("%s was not written: %s."), base,
                                 error->message);
        ok ? toast(w, said) : tarn_page_notice(w->page, TRUE, said, NULL, NULL);
        tarn_text_free(text);
    }
    g_clear_object(&w->chooser);
}

static void export_chat(TarnWindow *w)
{
    if (w->chooser)
        return;
    w->chooser = gtk_file_chooser_native_new(
        _("Export the chat"), GTK_WINDOW(w), GTK_FILE_CHOOSER_ACTION_SAVE,
        _("_Export"), _("_Cancel"));
    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(w->chooser),
                                      _("chat.md"));
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(w->chooser), TRUE);
    g_signal_connect_swapped(w->chooser, "response",
                             G_CALLBACK(export_answered), w);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(w->chooser));
}

static void copy_text(TarnWindow *w, const char *text)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(w)), text);
    toast(w, _("Copied"));
}

static void copy_answer(TarnWindow *w)
{
    g_autofree char *text = tarn_page_last_answer(w->page);
    if (text)
        copy_text(w, text);
}

static void copy_chat(TarnWindow *w)
{
    struct tarn_error err = { 0 };
    char *text = NULL;
    size_t size = 0;
    TarnConversation *c = tarn_page_conversation(w->page);
    if (tarn_chat_markdown(tarn_conversation_chat(c), FALSE, &text, &size,
                           &err)) {
        tarn_page_notice(w->page, TRUE, err.text, NULL, NULL);
        return;
    }
    g_autofree char *valid = tarn_words_valid(text, (gssize)size);
    tarn_text_free(text);
    copy_text(w, valid);
}

/* One entry per action without a parameter. */
static void act(GSimpleAction *action, GVariant *parameter, gpointer user)
{
    (void)parameter;
    TarnWindow *w = user;
    static const struct {
        const char *name;
        void (*on_window)(TarnWindow *w);
        void (*on_page)(TarnPage *p);
    } ACTS[] = { { "new-chat", new_chat_act, NULL },
                 { "sidebar", toggle_sidebar, NULL },
                 { "search-chats", search_chats, NULL },
                 { "open-model", open_chooser, NULL },
                 { "backends", show_backends, NULL },
                 { "export", export_chat, NULL },
                 { "copy-answer", copy_answer, NULL },
                 { "copy-chat", copy_chat, NULL },
                 { "stop", NULL, tarn_page_stop },
                 { "answer-now", NULL, tarn_page_answer_now },
                 { "edit-last", NULL, tarn_page_edit_last },
                 { "toggle-thought", NULL, tarn_page_toggle_thought },
                 { "focus-composer", NULL, tarn_page_focus } };
    const char *name = g_action_get_name(G_ACTION(action));
    for (gsize i = 0; i < G_N_ELEMENTS(ACTS); i++)
        if (!strcmp(name, ACTS[i].name)) {
            ACTS[i].on_window ? ACTS[i].on_window(w) : ACTS[i].on_page(w->page);
            return;
        }
    if (!strcmp(name, "say-copied"))
        toast(w, _("Copied"));
    else if (!strcmp(name, "cancel-open"))
        tarn_worker_cancel(w->worker);
    else if (!strcmp(name, "regenerate"))
        tarn_page_regenerate(w->page, 0);
    else if (!strcmp(name, "previous-turn"))
        tarn_page_step(w->page, -1);
    else if (!strcmp(name, "next-turn"))
        tarn_page_step(w->page, 1);
}

static void act_with(GSimpleAction *action, GVariant *v, gpointer user)
{
    TarnWindow *w = user;
    const char *name = g_action_get_name(G_ACTION(action));
    guint id = 0;
    int delta = 0;
    const char *text = NULL;
    if (!strcmp(name, "regenerate-message")) {
        tarn_page_regenerate(w->page, g_variant_get_uint32(v));
    } else if (!strcmp(name, "branch")) {
        g_variant_get(v, "(ui)", &id, &delta);
        tarn_page_branch(w->page, id, delta);
    } else if (!strcmp(name, "delete-chat")) {
        delete_chat(w, g_variant_get_int64(v));
    } else if (!strcmp(name, "undelete-chat")) {
        tarn_archive_undelete(w->archive, g_variant_get_int64(v));
    } else if (!strcmp(name, "edited")) {
        g_variant_get(v, "(u&s)", &id, &text);
        tarn_page_edited(w->page, id, text);
    }
}

static void set_budget(GSimpleAction *action, GVariant *v, gpointer user)
{
    TarnWindow *w = user;
    g_simple_action_set_state(action, v);
    w->settings->budget = (guint)g_variant_get_int32(v);
    tarn_page_set_budget(w->page, w->settings->budget);
    tarn_settings_save(w->settings);
}

static const GActionEntry ACTIONS[] = {
    { .name = "new-chat", .activate = act },
    { .name = "open-model", .activate = act },
    { .name = "cancel-open", .activate = act },
    { .name = "backends", .activate = act },
    { .name = "export", .activate = act },
    { .name = "copy-answer", .activate = act },
    { .name = "copy-chat", .activate = act },
    { .name = "say-copied", .activate = act },
    { .name = "stop", .activate = act },
    { .name = "answer-now", .activate = act },
    { .name = "regenerate", .activate = act },
    { .name = "edit-last", .activate = act },
    { .name = "toggle-thought", .activate = act },
    { .name = "previous-turn", .activate = act },
    { .name = "next-turn", .activate = act },
    { .name = "focus-composer", .activate = act },
    { .name = "sidebar", .activate = act },
    { .name = "search-chats", .activate = act },
    { .name = "delete-chat", .activate = act_with, .parameter_type = "x" },
    { .name = "undelete-chat", .activate = act_with, .parameter_type = "x" },
    { .name = "regenerate-message",
      .activate = act_with,
      .parameter_type = "u" },
    { .name = "branch", .activate = act_with, .parameter_type = "(ui)" },
    { .name = "edited", .activate = act_with, .parameter_type = "(us)" },
    { .name = "budget",
      .parameter_type = "i",
      .state = "2048",
      .change_state = set_budget }
};

/* ------------------------------------------------------------------ object */
static void on_changed(TarnWindow *w, TarnConversation *c, guint message)
{
    if (w->archive)
        tarn_shelf_save(w->archive, c, message);
    if (c == tarn_page_conversation(w->page) &&
        w->settings->chat != tarn_conversation_number(c)) {
        w->settings->chat = tarn_conversation_number(c);
        g_clear_pointer(&w->settings->draft, g_free);
        tarn_settings_save(w->settings);
    }
    update_title(w);
    set_enabled(w, "stop", tarn_page_is_running(w->page));
}

/* Below NARROW the sidebar lies over the chat. */
static void set_narrow(TarnWindow *w, gboolean narrow)
{
    w->narrow = narrow;
    adw_flap_set_fold_policy(w->flap, narrow ? ADW_FLAP_FOLD_POLICY_ALWAYS
                                             : ADW_FLAP_FOLD_POLICY_NEVER);
    adw_flap_set_reveal_flap(w->flap, !narrow && w->settings->sidebar);
    if (narrow)
        gtk_widget_add_css_class(GTK_WIDGET(w->page), "narrow");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(w->page), "narrow");
}

static gboolean check_width(gpointer user)
{
    TarnWindow *w = user;
    gboolean narrow = gtk_widget_get_width(GTK_WIDGET(w)) < NARROW;
    if (w->settings && narrow != w->narrow)
        set_narrow(w, narrow);
    return G_SOURCE_REMOVE;
}

/* Not from within the allocation: what is changed here asks for another. */
static void tarn_window_size_allocate(GtkWidget *widget, int width, int height,
                                      int baseline)
{
    GTK_WIDGET_CLASS(tarn_window_parent_class)
        ->size_allocate(widget, width, height, baseline);
    if ((width < NARROW) != TARN_WINDOW(widget)->narrow)
        g_idle_add_full(G_PRIORITY_DEFAULT, check_width, g_object_ref(widget),
                        g_object_unref);
}

static gboolean tarn_window_close_request(GtkWindow *window)
{
    TarnWindow *w = TARN_WINDOW(window);
    gtk_window_get_default_size(window, &w->settings->width,
                                &w->settings->height);
    w->settings->maximized = gtk_window_is_maximized(window);
    g_clear_handle_id(&w->draft, g_source_remove);
    save_draft(w);
    if (tarn_page_is_running(w->page) && !w->closing) {
        w->closing = TRUE; /* what is written is kept: wait for its end */
        tarn_page_stop(w->page);
        gtk_widget_set_visible(GTK_WIDGET(w), FALSE);
        return TRUE;
    }
    return FALSE;
}

static void tarn_window_dispose(GObject *o)
{
    TarnWindow *w = TARN_WINDOW(o);
    if (w->worker) {
        g_signal_handlers_disconnect_by_data(w->worker, w);
        tarn_worker_shut(w->worker);
    }
    g_clear_handle_id(&w->draft, g_source_remove);
    if (w->archive) {
        g_signal_handlers_disconnect_by_data(w->archive, w);
        tarn_archive_shut(w->archive);
    }
    g_clear_object(&w->archive);
    g_clear_object(&w->chooser);
    g_clear_object(&w->worker);
    G_OBJECT_CLASS(tarn_window_parent_class)->dispose(o);
}

static void tarn_window_class_init(TarnWindowClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_window_dispose;
    w->size_allocate = tarn_window_size_allocate;
    GTK_WINDOW_CLASS(klass)->close_request = tarn_window_close_request;
    g_type_ensure(TARN_TYPE_PAGE);
    g_type_ensure(TARN_TYPE_SIDEBAR);
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-window.ui");
    gtk_widget_class_bind_template_child(w, TarnWindow, toasts);
    gtk_widget_class_bind_template_child(w, TarnWindow, title);
    gtk_widget_class_bind_template_child(w, TarnWindow, flap);
    gtk_widget_class_bind_template_child(w, TarnWindow, sidebar);
    gtk_widget_class_bind_template_child(w, TarnWindow, page);
    gtk_widget_class_bind_template_callback(w, on_chosen);
    gtk_widget_class_bind_template_callback(w, on_draft);
    gtk_widget_class_bind_template_callback(w, on_changed);
    gtk_widget_class_bind_template_callback(w, on_idle);
}

static void tarn_window_init(TarnWindow *w)
{
    gtk_widget_init_template(GTK_WIDGET(w));
    g_action_map_add_action_entries(G_ACTION_MAP(w), ACTIONS,
                                    G_N_ELEMENTS(ACTIONS), w);
    /* Escape is the popovers' and the editor's while nothing is written. */
    set_enabled(w, "stop", FALSE);
    w->worker = tarn_worker_new();
    g_signal_connect_swapped(w->worker, "opened", G_CALLBACK(on_opened), w);
    g_signal_connect_swapped(w->worker, "failed", G_CALLBACK(on_failed), w);
    g_signal_connect_swapped(w->worker, "progress", G_CALLBACK(on_progress), w);
    tarn_page_set_worker(w->page, w->worker);
    GtkDropTarget *drop =
        gtk_drop_target_new(GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
    g_signal_connect_swapped(drop, "drop", G_CALLBACK(on_drop), w);
    gtk_widget_add_controller(GTK_WIDGET(w), GTK_EVENT_CONTROLLER(drop));
}

TarnWindow *tarn_window_new(AdwApplication *app, TarnSettings *settings)
{
    TarnWindow *w = g_object_new(TARN_TYPE_WINDOW, "application", app, NULL);
    w->settings = settings;
    g_autofree char *chats =
        g_build_filename(g_get_user_data_dir(), "tarn", "chats.db", NULL);
    g_autoptr(TarnConversation) c = tarn_conversation_new();
    if (!c)
        g_error("there is not enough memory for a chat");
    tarn_page_set_conversation(w->page, c);
    update_title(w);
    w->archive = tarn_archive_new(chats);
    g_signal_connect_swapped(w->archive, "listed", G_CALLBACK(on_listed), w);
    g_signal_connect_swapped(w->archive, "failed", G_CALLBACK(on_unsaved), w);
    set_narrow(w, settings->width < NARROW);
    tarn_page_focus(w->page);
    tarn_worker_set_backend(w->worker, settings->backend);
    gtk_window_set_default_size(GTK_WINDOW(w), settings->width,
                                settings->height);
    if (settings->maximized)
        gtk_window_maximize(GTK_WINDOW(w));
    g_action_group_change_action_state(
        G_ACTION_GROUP(w), "budget",
        g_variant_new_int32((gint32)settings->budget));
    return w;
}
