/* tarn-window-acts.c - the actions of the window.  See tarn-window-inside.h. */
#include <string.h>

#include "gui/tarn-preferences.h"
#include "gui/tarn-rename.h"
#include "gui/tarn-text-dialog.h"
#include "gui/tarn-transfer.h"
#include "gui/tarn-window-inside.h"
#include "gui/tarn-words.h"

static void new_chat_act(TarnWindow *w)
{
    tarn_window_leave_chat(w);
    tarn_window_new_chat(w);
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

static void on_exported(gpointer user, gboolean ok, const char *text)
{
    TarnWindow *w = user;
    if (ok)
        tarn_window_toast(w, text);
    else
        tarn_page_notice(w->page, TRUE, text, NULL, NULL);
}

static void export_chat(TarnWindow *w)
{
    tarn_transfer_export(GTK_WINDOW(w), tarn_page_conversation(w->page),
                         on_exported, w);
}

static void on_renamed(gint64 chat, const char *title, gpointer user)
{
    TarnWindow *w = user;
    TarnConversation *c = tarn_page_conversation(w->page);
    const TarnChatInfo *old = tarn_window_find_info(w, chat);
    if (tarn_conversation_number(c) == chat) {
        tarn_conversation_set_title(c, title);
        tarn_shelf_save(w->archive, c, 0);
        tarn_window_update_title(w);
    } else if (old) {
        TarnChatInfo *i = g_new(TarnChatInfo, 1);
        *i = (TarnChatInfo){ .number = chat,
                             .title = tarn_words_line(title, 200),
                             .model = g_strdup(old->model),
                             .draft = g_strdup(old->draft),
                             .changed = old->changed,
                             .end = old->end };
        tarn_archive_save_chat(w->archive, i);
    }
}

/* chat 0: the one on the screen, which may not be on the shelf yet. */
static void rename_chat(TarnWindow *w, gint64 chat)
{
    TarnConversation *c = tarn_page_conversation(w->page);
    const TarnChatInfo *info = chat ? tarn_window_find_info(w, chat) : NULL;
    if (!chat)
        chat = tarn_conversation_number(c);
    static const TarnNameAsk ASK = { .title = N_("Title of the chat"),
                                     .deed = N_("Rename") };
    tarn_rename_present(GTK_WINDOW(w), &ASK, chat,
                        info ? info->title : tarn_conversation_title(c),
                        on_renamed, w);
}

static void rename_this(TarnWindow *w)
{
    rename_chat(w, 0);
}

void tarn_window_on_settings(gpointer user)
{
    static const AdwColorScheme SCHEMES[] = { ADW_COLOR_SCHEME_DEFAULT,
                                              ADW_COLOR_SCHEME_FORCE_LIGHT,
                                              ADW_COLOR_SCHEME_FORCE_DARK };
    TarnWindow *w = user;
    const TarnSettings *t = w->settings;
    tarn_worker_set_memory(w->worker, t->context, t->kv);
    tarn_page_set_settings(w->page, t);
    if (!g_getenv("TARN_SCHEME")) /* for pictures */
        adw_style_manager_set_color_scheme(adw_style_manager_get_default(),
                                           SCHEMES[t->scheme]);
    g_action_group_change_action_state(G_ACTION_GROUP(w), "budget",
                                       g_variant_new_int32(t->budget));
    g_action_group_change_action_state(G_ACTION_GROUP(w), "tools",
                                       g_variant_new_boolean(t->tools));
    tarn_settings_save(t);
}

static void show_settings(TarnWindow *w)
{
    tarn_preferences_present(GTK_WINDOW(w), w->settings,
                             tarn_window_on_settings, w);
}

static void on_attach(TarnWindow *w, int response)
{
    g_autoptr(GFile) f =
        response == GTK_RESPONSE_ACCEPT
            ? gtk_file_chooser_get_file(GTK_FILE_CHOOSER(w->chooser))
            : NULL;
    g_clear_object(&w->chooser);
    if (f)
        tarn_window_attach(w, f);
}

void tarn_window_attach(TarnWindow *w, GFile *f)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_autofree char *base = g_file_get_basename(f);
    gsize size = 0;
    if (g_file_load_contents(f, NULL, &text, &size, NULL, &error)) {
        tarn_page_attach(w->page, base, text, size);
    } else {
        g_autofree char *said =
            g_strdup_printf(_("%s cannot be read: %s."), base, error->message);
        tarn_page_notice(w->page, TRUE, said, NULL, NULL);
    }
}

static void attach(TarnWindow *w)
{
    if (w->chooser)
        return;
    w->chooser = gtk_file_chooser_native_new(
        _("Attach a text file"), GTK_WINDOW(w), GTK_FILE_CHOOSER_ACTION_OPEN,
        _("_Attach"), _("_Cancel"));
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(w->chooser), TRUE);
    g_signal_connect_swapped(w->chooser, "response", G_CALLBACK(on_attach), w);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(w->chooser));
}

static void copy_text(TarnWindow *w, const char *text)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(w)), text);
    tarn_window_toast(w, _("Copied"));
}

static void copy_with_thought(TarnWindow *w, guint message)
{
    g_autofree char *text = tarn_page_answer(w->page, message, TRUE);
    if (text)
        copy_text(w, text);
}

static void copy_answer(TarnWindow *w)
{
    g_autofree char *text = tarn_page_answer(w->page, 0, FALSE);
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

void tarn_window_begin_with(TarnWindow *w, const char *text)
{
    gsize before = tarn_chat_length(
        tarn_conversation_chat(tarn_page_conversation(w->page)));
    if (tarn_page_set_instructions(w->page, text) && before > 1)
        tarn_page_notice(w->page, FALSE,
                         _("The chat begins again with these instructions. Its "
                           "old beginning is a branch."),
                         NULL, NULL);
}

static void on_instructions(const char *text, gpointer user)
{
    tarn_window_begin_with(user, text);
}

static void instructions(TarnWindow *w)
{
    g_autofree char *now = tarn_page_instructions(w->page);
    if (tarn_page_is_running(w->page)) {
        tarn_window_toast(w, _("The answer is still being written."));
        return;
    }
    const TarnTextAsk ask = {
        .title = _("Instructions"),
        .hint = _("The text before the first message (system prompt). Other "
                  "instructions begin the chat again; what is there stays as "
                  "a branch."),
        .text = now,
        .deed = _("Use"),
        .other = now ? _("None") : NULL,
        .done = on_instructions,
        .user = w
    };
    tarn_text_dialog_present(GTK_WINDOW(w), &ask);
}

static char *check_schema(const char *text)
{
    struct tarn_error err = { 0 };
    return tarn_schema_check(text, strlen(text), &err)
               ? tarn_words_valid(err.text, -1)
               : NULL;
}

static void on_schema(const char *text, gpointer user)
{
    tarn_page_set_schema(TARN_WINDOW(user)->page, text);
}

static void schema(TarnWindow *w)
{
    const char *now = tarn_page_schema(w->page);
    const TarnTextAsk ask = {
        .title = _("Schema for the answer"),
        .hint = _("A JSON Schema that every answer must fit from now on. The "
                  "thought stays free."),
        .text = now,
        .deed = _("Use"),
        .other = now ? _("None") : NULL,
        .code = TRUE,
        .check = check_schema,
        .done = on_schema,
        .user = w
    };
    tarn_text_dialog_present(GTK_WINDOW(w), &ask);
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
                 { "open-model", tarn_window_open_chooser, NULL },
                 { "backends", tarn_window_show_backends, NULL },
                 { "models", tarn_window_show_models, NULL },
                 { "instructions", instructions, NULL },
                 { "schema", schema, NULL },
                 { "save-preset", tarn_window_save_preset, NULL },
                 { "restore-preset", tarn_window_restore_preset, NULL },
                 { "break-circle", NULL, tarn_page_break_circle },
                 { "settings", show_settings, NULL },
                 { "rename", rename_this, NULL },
                 { "attach", attach, NULL },
                 { "find", NULL, tarn_page_find },
                 { "export", export_chat, NULL },
                 { "copy-answer", copy_answer, NULL },
                 { "copy-chat", copy_chat, NULL },
                 { "stop", NULL, tarn_page_stop },
                 { "answer-now", NULL, tarn_page_answer_now },
                 { "edit-last", NULL, tarn_page_edit_last },
                 { "toggle-thought", NULL, tarn_page_toggle_thought },
                 { "trace", tarn_window_show_trace, NULL },
                 { "focus-composer", NULL, tarn_page_focus } };
    const char *name = g_action_get_name(G_ACTION(action));
    for (gsize i = 0; i < G_N_ELEMENTS(ACTS); i++)
        if (!strcmp(name, ACTS[i].name)) {
            ACTS[i].on_window ? ACTS[i].on_window(w) : ACTS[i].on_page(w->page);
            return;
        }
    if (!strcmp(name, "say-copied"))
        tarn_window_toast(w, _("Copied"));
    else if (!strcmp(name, "cancel-open"))
        tarn_window_stop_waiting(w);
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
    int delta = 0, budget = 0;
    const char *text = NULL;
    if (!strcmp(name, "regenerate-message")) {
        tarn_page_regenerate(w->page, g_variant_get_uint32(v));
    } else if (!strcmp(name, "regenerate-with")) {
        g_variant_get(v, "(ui)", &id, &budget);
        tarn_page_regenerate_with(w->page, id, budget);
    } else if (!strcmp(name, "regenerate-as")) {
        g_variant_get(v, "(u&s)", &id, &text);
        tarn_page_regenerate_as(w->page, id, text);
    } else if (!strcmp(name, "continue")) {
        tarn_page_continue(w->page, g_variant_get_uint32(v));
    } else if (!strcmp(name, "copy-with-thought")) {
        copy_with_thought(w, g_variant_get_uint32(v));
    } else if (!strcmp(name, "trace-of")) {
        tarn_window_trace_of(w, g_variant_get_uint32(v));
    } else if (!strcmp(name, "undo-loop")) {
        tarn_page_undo_loop(w->page, g_variant_get_uint32(v));
    } else if (!strcmp(name, "branch")) {
        g_variant_get(v, "(ui)", &id, &delta);
        tarn_page_branch(w->page, id, delta);
    } else if (!strcmp(name, "rename-chat")) {
        rename_chat(w, g_variant_get_int64(v));
    } else if (!strcmp(name, "delete-chat")) {
        tarn_window_delete_chat(w, g_variant_get_int64(v));
    } else if (!strcmp(name, "undelete-chat")) {
        tarn_archive_undelete(w->archive, g_variant_get_int64(v));
    } else if (!strcmp(name, "preset")) {
        tarn_window_use_preset(w, g_variant_get_string(v, NULL));
    } else if (!strcmp(name, "remove-preset")) {
        tarn_window_remove_preset(w, g_variant_get_string(v, NULL));
    } else if (!strcmp(name, "edited")) {
        g_variant_get(v, "(u&s)", &id, &text);
        tarn_page_edited(w->page, id, text);
    }
}

/* MN10 */
static void say_no_budget(TarnWindow *w, int old, int budget)
{
    struct tarn_model *m = tarn_worker_model(w->worker);
    if (!budget && old && m && tarn_model_info(m)->thinks)
        tarn_page_notice(w->page, FALSE,
                         _("This model always thinks first. With a budget of 0 "
                           "its answers get worse."),
                         _("Use 256"), "win.budget(256)");
    else if (budget && !old)
        tarn_page_hide_notice(w->page);
}

static void set_budget(GSimpleAction *action, GVariant *v, gpointer user)
{
    TarnWindow *w = user;
    g_autoptr(GVariant) old = g_action_get_state(G_ACTION(action));
    g_simple_action_set_state(action, v);
    w->settings->budget = g_variant_get_int32(v);
    say_no_budget(w, g_variant_get_int32(old), w->settings->budget);
    tarn_page_set_settings(w->page, w->settings);
    tarn_settings_save(w->settings);
}

static void set_tools(GSimpleAction *action, GVariant *v, gpointer user)
{
    TarnWindow *w = user;
    g_simple_action_set_state(action, v);
    w->settings->tools = g_variant_get_boolean(v);
    tarn_page_set_settings(w->page, w->settings);
    tarn_settings_save(w->settings);
}

static const GActionEntry ACTIONS[] = {
    { .name = "new-chat", .activate = act },
    { .name = "open-model", .activate = act },
    { .name = "cancel-open", .activate = act },
    { .name = "backends", .activate = act },
    { .name = "models", .activate = act },
    { .name = "instructions", .activate = act },
    { .name = "schema", .activate = act },
    { .name = "save-preset", .activate = act },
    { .name = "restore-preset", .activate = act },
    { .name = "preset", .activate = act_with, .parameter_type = "s" },
    { .name = "remove-preset", .activate = act_with, .parameter_type = "s" },
    { .name = "break-circle", .activate = act },
    { .name = "settings", .activate = act },
    { .name = "rename", .activate = act },
    { .name = "attach", .activate = act },
    { .name = "find", .activate = act },
    { .name = "export", .activate = act },
    { .name = "copy-answer", .activate = act },
    { .name = "copy-chat", .activate = act },
    { .name = "say-copied", .activate = act },
    { .name = "stop", .activate = act },
    { .name = "answer-now", .activate = act },
    { .name = "regenerate", .activate = act },
    { .name = "edit-last", .activate = act },
    { .name = "toggle-thought", .activate = act },
    { .name = "trace", .activate = act },
    { .name = "previous-turn", .activate = act },
    { .name = "next-turn", .activate = act },
    { .name = "focus-composer", .activate = act },
    { .name = "sidebar", .activate = act },
    { .name = "search-chats", .activate = act },
    { .name = "rename-chat", .activate = act_with, .parameter_type = "x" },
    { .name = "delete-chat", .activate = act_with, .parameter_type = "x" },
    { .name = "undelete-chat", .activate = act_with, .parameter_type = "x" },
    { .name = "regenerate-message",
      .activate = act_with,
      .parameter_type = "u" },
    { .name = "regenerate-with",
      .activate = act_with,
      .parameter_type = "(ui)" },
    { .name = "regenerate-as", .activate = act_with, .parameter_type = "(us)" },
    { .name = "continue", .activate = act_with, .parameter_type = "u" },
    { .name = "copy-with-thought",
      .activate = act_with,
      .parameter_type = "u" },
    { .name = "trace-of", .activate = act_with, .parameter_type = "u" },
    { .name = "undo-loop", .activate = act_with, .parameter_type = "u" },
    { .name = "branch", .activate = act_with, .parameter_type = "(ui)" },
    { .name = "edited", .activate = act_with, .parameter_type = "(us)" },
    { .name = "tools", .state = "false", .change_state = set_tools },
    { .name = "budget",
      .parameter_type = "i",
      .state = "2048",
      .change_state = set_budget }
};

void tarn_window_add_actions(TarnWindow *w)
{
    g_action_map_add_action_entries(G_ACTION_MAP(w), ACTIONS,
                                    G_N_ELEMENTS(ACTIONS), w);
}
