/* tarn-window-presets.c - presets in the window: listed, used, saved, removed.
 * See tarn-window-inside.h. */
#include "gui/tarn-presets.h"
#include "gui/tarn-rename.h"
#include "gui/tarn-window-inside.h"
#include "gui/tarn-words.h"

enum { NAME = 60, UNDO_S = 10 };

void tarn_window_list_presets(TarnWindow *w)
{
    g_auto(GStrv) names = tarn_presets_names();
    tarn_page_set_presets(w->page, names);
}

/* Its instructions begin the chat; one without leaves the chat's as they are.
 */
void tarn_window_use_preset(TarnWindow *w, const char *name)
{
    g_autofree char *instructions = NULL;
    if (tarn_page_is_running(w->page)) {
        tarn_window_toast(w, _("The answer is still being written."));
        return;
    }
    if (!tarn_presets_take(name, &instructions, w->settings)) {
        tarn_window_list_presets(w);
        return;
    }
    tarn_window_on_settings(w);
    if (instructions)
        tarn_window_begin_with(w, instructions);
    g_autofree char *said = g_strdup_printf(_("Using “%s”"), name);
    tarn_window_toast(w, said);
}

static void on_named(gint64 none, const char *title, gpointer user)
{
    TarnWindow *w = user;
    g_autofree char *name = tarn_words_line(title, NAME);
    g_autofree char *instructions = tarn_page_instructions(w->page);
    g_autofree char *reason = NULL;
    (void)none;
    if (tarn_presets_save(name, instructions, w->settings, &reason)) {
        g_autofree char *said = g_strdup_printf(_("Saved as “%s”"), name);
        tarn_window_toast(w, said);
    } else {
        g_autofree char *said =
            g_strdup_printf(_("The preset could not be saved: %s."), reason);
        tarn_page_notice(w->page, TRUE, said, NULL, NULL);
    }
    tarn_window_list_presets(w);
}

void tarn_window_save_preset(TarnWindow *w)
{
    static const TarnNameAsk ASK = { .title = N_("Name of the preset"),
                                     .hint = N_("It keeps the chat’s "
                                                "instructions, the budget, "
                                                "the settings of writing and "
                                                "the tools. One of the same "
                                                "name is replaced."),
                                     .deed = N_("Save") };
    tarn_rename_present(GTK_WINDOW(w), &ASK, 0, "", on_named, w);
}

void tarn_window_remove_preset(TarnWindow *w, const char *name)
{
    AdwToast *t = adw_toast_new(_("Preset removed"));
    tarn_presets_remove(name);
    tarn_window_list_presets(w);
    adw_toast_set_button_label(t, _("Undo"));
    adw_toast_set_action_name(t, "win.restore-preset");
    adw_toast_set_priority(t, ADW_TOAST_PRIORITY_HIGH); /* while it can be */
    adw_toast_set_timeout(t, UNDO_S);
    adw_toast_overlay_add_toast(w->toasts, t);
}

void tarn_window_restore_preset(TarnWindow *w)
{
    tarn_presets_restore();
    tarn_window_list_presets(w);
}
