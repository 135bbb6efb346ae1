/* tarn-window.c - see tarn-window.h. */
#include <string.h>

#include "gui/tarn-config.h"
#include "gui/tarn-window-inside.h"
#include "gui/tarn-words.h"

enum {
    TOAST_S = 5,
    UNDO_S = 10,
    NARROW = 720, /* px: the sidebar lies over the chat below it (UX 4.1) */
    DRAFT_MS = 1000
};

G_DEFINE_FINAL_TYPE(TarnWindow, tarn_window, ADW_TYPE_APPLICATION_WINDOW)

void tarn_window_toast(TarnWindow *w, const char *text)
{
    AdwToast *t = adw_toast_new("");
    g_autofree char *safe = g_markup_escape_text(text, -1); /* titles are
                                                               markup in 1.2 */
    adw_toast_set_title(t, safe);
    adw_toast_set_timeout(t, TOAST_S);
    adw_toast_overlay_add_toast(w->toasts, t);
}

void tarn_window_update_title(TarnWindow *w)
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

void tarn_window_set_enabled(TarnWindow *w, const char *name, gboolean enabled)
{
    GAction *a = g_action_map_lookup_action(G_ACTION_MAP(w), name);
    if (a)
        g_simple_action_set_enabled(G_SIMPLE_ACTION(a), enabled);
}

/* ------------------------------------------------------------------- chats */
void tarn_window_show_chat(TarnWindow *w, TarnConversation *c)
{
    tarn_page_set_conversation(w->page, c);
    w->settings->chat = tarn_conversation_number(c);
    tarn_settings_save(w->settings);
    tarn_sidebar_set_current(w->sidebar, w->settings->chat);
    tarn_window_update_title(w);
    if (w->narrow)
        adw_flap_set_reveal_flap(w->flap, FALSE);
    tarn_page_focus(w->page);
}

void tarn_window_new_chat(TarnWindow *w)
{
    g_autoptr(TarnConversation) c = tarn_conversation_new();
    if (c)
        tarn_window_show_chat(w, c);
}

const TarnChatInfo *tarn_window_find_info(TarnWindow *w, gint64 number)
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
        tarn_shelf_load(number, rows, tarn_window_find_info(w, number));
    if (c)
        tarn_window_show_chat(w, c);
}

/* What is on the screen keeps its draft. */
void tarn_window_leave_chat(TarnWindow *w)
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
    tarn_window_leave_chat(w);
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
    if (w->settings->chat && tarn_window_find_info(w, w->settings->chat) &&
        tarn_conversation_is_empty(c))
        tarn_archive_load(w->archive, w->settings->chat, on_rows, w);
    else if (w->settings->draft && tarn_conversation_is_empty(c))
        tarn_page_fill(w->page, w->settings->draft);
}

static void on_unsaved(TarnWindow *w, const char *text)
{
    tarn_page_notice(w->page, TRUE, text, _("Export…"), "win.export");
}

void tarn_window_delete_chat(TarnWindow *w, gint64 number)
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
        tarn_window_new_chat(w);
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
    tarn_window_update_title(w);
    tarn_window_set_enabled(w, "stop", tarn_page_is_running(w->page));
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
    int width = gtk_widget_get_width(GTK_WIDGET(w));
    if (w->settings && (width < NARROW) != w->narrow)
        set_narrow(w, width < NARROW);
    if (w->settings && tarn_window_trace_misplaced(w, width))
        tarn_window_place_trace(w);
    return G_SOURCE_REMOVE;
}

/* Not from within the allocation: what is changed here asks for another. */
static void tarn_window_size_allocate(GtkWidget *widget, int width, int height,
                                      int baseline)
{
    GTK_WIDGET_CLASS(tarn_window_parent_class)
        ->size_allocate(widget, width, height, baseline);
    if ((width < NARROW) != TARN_WINDOW(widget)->narrow ||
        tarn_window_trace_misplaced(TARN_WINDOW(widget), width))
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
    if (w->traced_in)
        tarn_trace_pane_set(w->pane, NULL, FALSE);
    g_clear_object(&w->traced_in);
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
    gtk_widget_class_bind_template_child(w, TarnWindow, paned);
    gtk_widget_class_bind_template_callback(w, on_chosen);
    gtk_widget_class_bind_template_callback(w, on_draft);
    gtk_widget_class_bind_template_callback(w, on_changed);
    gtk_widget_class_bind_template_callback(w, tarn_window_on_idle);
}

static void tarn_window_init(TarnWindow *w)
{
    gtk_widget_init_template(GTK_WIDGET(w));
    tarn_window_add_actions(w);
    /* Escape is the popovers' and the editor's while nothing is written. */
    tarn_window_set_enabled(w, "stop", FALSE);
    w->worker = tarn_worker_new();
    g_signal_connect_swapped(w->worker, "opened",
                             G_CALLBACK(tarn_window_on_opened), w);
    g_signal_connect_swapped(w->worker, "failed",
                             G_CALLBACK(tarn_window_on_failed), w);
    g_signal_connect_swapped(w->worker, "progress",
                             G_CALLBACK(tarn_window_on_progress), w);
    g_signal_connect_swapped(w->worker, "timing",
                             G_CALLBACK(tarn_window_on_timing), w);
    tarn_page_set_worker(w->page, w->worker);
    GtkDropTarget *drop =
        gtk_drop_target_new(GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
    g_signal_connect_swapped(drop, "drop", G_CALLBACK(tarn_window_on_drop), w);
    gtk_widget_add_controller(GTK_WIDGET(w), GTK_EVENT_CONTROLLER(drop));
}

TarnWindow *tarn_window_new(AdwApplication *app, TarnSettings *settings)
{
    TarnWindow *w = g_object_new(TARN_TYPE_WINDOW, "application", app, NULL);
    w->settings = settings;
    tarn_page_set_settings(w->page, settings);
    g_autofree char *chats =
        g_build_filename(g_get_user_data_dir(), "tarn", "chats.db", NULL);
    g_autoptr(TarnConversation) c = tarn_conversation_new();
    if (!c)
        g_error("there is not enough memory for a chat");
    tarn_page_set_conversation(w->page, c);
    tarn_window_update_title(w);
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
    tarn_window_on_settings(w);
    tarn_window_list_presets(w);
    return w;
}
