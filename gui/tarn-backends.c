/* tarn-backends.c - see tarn-backends.h. */
#include "gui/tarn-backends.h"

#include "gui/tarn-words.h"

static char *describe(const struct tarn_plugin *p, const char *in_use)
{
    GString *s = g_string_new(NULL);
    if (p->state != TARN_PLUGIN_READY)
        g_string_append(s, p->reason);
    else if (!g_strcmp0(p->name, in_use))
        g_string_append(s, _("in use"));
    else
        g_string_append(s, _("ready"));
    if (p->state == TARN_PLUGIN_READY && p->speed > 0)
        g_string_append_printf(
            s, _(" · %.3g billion multiplications per second and thread"),
            p->speed);
    if (*p->needs && p->state == TARN_PLUGIN_READY)
        g_string_append_printf(s, _(" · uses %s"), p->needs);
    char *valid = tarn_words_valid(s->str, (gssize)s->len);
    g_string_free(s, TRUE);
    return valid;
}

static void add_plugin(AdwPreferencesGroup *group, const struct tarn_plugin *p,
                       const char *in_use)
{
    g_autofree char *base = g_path_get_basename(p->path);
    g_autofree char *name = tarn_words_valid(*p->name ? p->name : base, -1);
    g_autofree char *path = tarn_words_valid(p->path, -1);
    g_autofree char *text = describe(p, in_use);
    GtkWidget *row = adw_action_row_new();
    /* Titles of rows are markup unless told otherwise (W01). */
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), name);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), text);
    gtk_widget_set_tooltip_text(row, path);
    adw_preferences_group_add(group, row);
}

static AdwPreferencesGroup *make_group(const struct tarn_plugins *plugins,
                                       const char *in_use, gboolean refused)
{
    AdwPreferencesGroup *group =
        ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    guint n = 0;
    for (size_t i = 0; plugins && i < tarn_plugins_count(plugins); i++) {
        const struct tarn_plugin *p = tarn_plugins_at(plugins, i);
        if ((p->state == TARN_PLUGIN_REFUSED) != refused)
            continue;
        add_plugin(group, p, in_use);
        n++;
    }
    adw_preferences_group_set_title(group, refused ? _("Refused") : _("Found"));
    gtk_widget_set_visible(GTK_WIDGET(group), n > 0);
    return group;
}

void tarn_backends_present(GtkWindow *parent,
                           const struct tarn_plugins *plugins,
                           const char *in_use)
{
    AdwPreferencesWindow *w =
        g_object_new(ADW_TYPE_PREFERENCES_WINDOW, "title", _("Backends"),
                     "transient-for", parent, "search-enabled", FALSE,
                     "default-width", 560, "default-height", 480, NULL);
    AdwPreferencesPage *page = ADW_PREFERENCES_PAGE(adw_preferences_page_new());
    adw_preferences_page_set_title(page, _("Backends"));
    adw_preferences_page_add(page, make_group(plugins, in_use, FALSE));
    adw_preferences_page_add(page, make_group(plugins, in_use, TRUE));
    adw_preferences_window_add(w, page);
    gtk_window_present(GTK_WINDOW(w));
}
