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

typedef struct {
    void (*use)(const char *name, gpointer user);
    gpointer user;
} Sheet;

static void on_use(GtkButton *b, char *name)
{
    GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(b));
    const Sheet *s = g_object_get_data(G_OBJECT(root), "sheet");
    g_autofree char *kept = g_strdup(name);
    s->use(kept, s->user);
    gtk_window_destroy(GTK_WINDOW(root));
}

static void free_name(gpointer name, GClosure *closure)
{
    (void)closure;
    g_free(name);
}

static GtkWidget *make_use(const char *name)
{
    GtkWidget *b = gtk_button_new_with_label(_("Use"));
    g_autofree char *say = g_strdup_printf(_("Use %s"), name);
    gtk_widget_set_valign(b, GTK_ALIGN_CENTER);
    gtk_accessible_update_property(GTK_ACCESSIBLE(b),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, say, -1);
    g_signal_connect_data(b, "clicked", G_CALLBACK(on_use), g_strdup(name),
                          free_name, 0);
    return b;
}

static void add_plugin(AdwPreferencesGroup *group, const struct tarn_plugin *p,
                       const char *in_use, gboolean can_use)
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
    if (can_use && p->state == TARN_PLUGIN_READY && g_strcmp0(p->name, in_use))
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), make_use(p->name));
    adw_preferences_group_add(group, row);
}

static AdwPreferencesGroup *make_group(const struct tarn_plugins *plugins,
                                       const char *in_use, gboolean can_use,
                                       gboolean refused)
{
    AdwPreferencesGroup *group =
        ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    guint n = 0;
    for (size_t i = 0; plugins && i < tarn_plugins_count(plugins); i++) {
        const struct tarn_plugin *p = tarn_plugins_at(plugins, i);
        if ((p->state == TARN_PLUGIN_REFUSED) != refused)
            continue;
        add_plugin(group, p, in_use, can_use);
        n++;
    }
    adw_preferences_group_set_title(group, refused ? _("Refused") : _("Found"));
    gtk_widget_set_visible(GTK_WIDGET(group), n > 0);
    return group;
}

void tarn_backends_present(GtkWindow *parent,
                           const struct tarn_plugins *plugins,
                           const char *in_use,
                           void (*use)(const char *name, gpointer user),
                           gpointer user)
{
    Sheet *s = g_new0(Sheet, 1);
    s->use = use;
    s->user = user;
    AdwPreferencesWindow *w = g_object_new(
        ADW_TYPE_PREFERENCES_WINDOW, "title", _("Backends"), "transient-for",
        parent, "destroy-with-parent", TRUE, "search-enabled", FALSE,
        "default-width", 560, "default-height", 480, NULL);
    g_object_set_data_full(G_OBJECT(w), "sheet", s, g_free);
    AdwPreferencesPage *page = ADW_PREFERENCES_PAGE(adw_preferences_page_new());
    adw_preferences_page_set_title(page, _("Backends"));
    adw_preferences_page_add(
        page, make_group(plugins, in_use, in_use != NULL, FALSE));
    adw_preferences_page_add(page, make_group(plugins, in_use, FALSE, TRUE));
    adw_preferences_window_add(w, page);
    gtk_window_present(GTK_WINDOW(w));
}
