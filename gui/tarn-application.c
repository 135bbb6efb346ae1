/* tarn-application.c - see tarn-application.h. */
#include "gui/tarn-application.h"

#include <glib-unix.h>
#include <signal.h>

#include "core/tarn.h"
#include "gui/tarn-config.h"
#include "gui/tarn-settings.h"
#include "gui/tarn-shot.h"
#include "gui/tarn-window.h"
#include "gui/tarn-words.h"

struct _TarnApplication {
    AdwApplication parent;
    TarnSettings settings;
    int exit_code;
};
G_DEFINE_FINAL_TYPE(TarnApplication, tarn_application, ADW_TYPE_APPLICATION)

static const struct {
    const char *action;
    const char *keys[3];
} KEYS[] = { /* UX 4.13 */
             { "win.new-chat", { "<Control>n" } },
             { "win.sidebar", { "F9" } },
             { "win.search-chats", { "<Control>k" } },
             { "win.open-model", { "<Control>o" } },
             { "win.models", { "<Control>m" } },
             { "win.find", { "<Control>f" } },
             { "win.rename", { "F2" } },
             { "win.settings", { "<Control>comma" } },
             { "win.answer-now", { "<Control><Shift>Return" } },
             { "win.toggle-thought", { "<Control>e" } },
             { "win.trace", { "<Control>t" } },
             { "win.regenerate", { "<Control>r" } },
             { "win.copy-answer", { "<Control><Shift>c" } },
             { "win.previous-turn", { "<Alt>Up" } },
             { "win.next-turn", { "<Alt>Down" } },
             { "win.focus-composer", { "<Control>l" } },
             { "win.stop", { "Escape" } },
             { "win.show-help-overlay", { "<Control>question" } },
             { "window.close", { "<Control>w" } },
             { "app.quit", { "<Control>q" } }
};

static void show_about(GSimpleAction *action, GVariant *v, gpointer user)
{
    (void)action;
    (void)v;
    adw_show_about_window(
        gtk_application_get_active_window(user), "application-name", "tarn",
        "application-icon", TARN_APP_ID, "version", TARN_VERSION,
        "developer-name", _("The tarn authors"), "license-type",
        GTK_LICENSE_MIT_X11, "comments",
        _("Chat with LFM2 and LFM2.5 models on your own machine and see how "
          "they think. Nothing leaves this computer."),
        NULL);
}

/* Windows may refuse for a moment, to keep what is being written. */
static void quit(GSimpleAction *action, GVariant *v, gpointer user)
{
    (void)action;
    (void)v;
    GList *windows = g_list_copy(gtk_application_get_windows(user));
    for (GList *l = windows; l; l = l->next)
        gtk_window_close(l->data);
    g_list_free(windows);
}

static gboolean on_term(gpointer user)
{
    TARN_APPLICATION(user)->exit_code = 143;
    quit(NULL, NULL, user);
    return G_SOURCE_CONTINUE;
}

static const GActionEntry ACTIONS[] = { { .name = "about",
                                          .activate = show_about },
                                        { .name = "quit", .activate = quit } };

static TarnWindow *the_window(TarnApplication *app)
{
    GtkWindow *w = gtk_application_get_active_window(GTK_APPLICATION(app));
    return w && TARN_IS_WINDOW(w) ? TARN_WINDOW(w) : NULL;
}

static TarnWindow *show_window(TarnApplication *app, const char *path)
{
    TarnWindow *w = the_window(app);
    gboolean first = !w;
    if (first) {
        w = tarn_window_new(ADW_APPLICATION(app), &app->settings);
        tarn_shot_arm(GTK_WIDGET(w));
    }
    if (first || path)
        tarn_window_open(w, path);
    gtk_window_present(GTK_WINDOW(w));
    return w;
}

/* Options of the first instance; a second one only hands over its file. */
static int tarn_application_local_options(GApplication *g, GVariantDict *o)
{
    TarnApplication *app = TARN_APPLICATION(g);
    if (g_variant_dict_contains(o, "version")) {
        g_print("tarn %s\n", TARN_VERSION);
        return 0;
    }
    g_variant_dict_lookup(o, "backend", "s", &app->settings.backend);
    if (!gtk_init_check()) { /* GTK's own end is a warning and a 1 */
        g_printerr(_("tarn-window: no display can be opened; tarn chat works "
                     "in a terminal\n"));
        return TARN_IO;
    }
    return -1; /* go on */
}

static void tarn_application_activate(GApplication *app)
{
    show_window(TARN_APPLICATION(app), NULL);
}

static void tarn_application_open(GApplication *app, GFile **files, int n,
                                  const char *hint)
{
    (void)hint;
    g_autofree char *path = n > 0 ? g_file_get_path(files[0]) : NULL;
    show_window(TARN_APPLICATION(app), path);
}

static void tarn_application_startup(GApplication *g)
{
    TarnApplication *app = TARN_APPLICATION(g);
    G_APPLICATION_CLASS(tarn_application_parent_class)->startup(g);
    tarn_settings_load(&app->settings);
    g_action_map_add_action_entries(G_ACTION_MAP(app), ACTIONS,
                                    G_N_ELEMENTS(ACTIONS), app);
    for (gsize i = 0; i < G_N_ELEMENTS(KEYS); i++)
        gtk_application_set_accels_for_action(GTK_APPLICATION(app),
                                              KEYS[i].action, KEYS[i].keys);
    const char *scheme = g_getenv("TARN_SCHEME"); /* for pictures */
    if (g_strcmp0(scheme, "dark") == 0)
        adw_style_manager_set_color_scheme(adw_style_manager_get_default(),
                                           ADW_COLOR_SCHEME_FORCE_DARK);
    gtk_window_set_default_icon_name(TARN_APP_ID);
    g_unix_signal_add(SIGTERM, on_term, app);
}

static void tarn_application_finalize(GObject *o)
{
    tarn_settings_finish(&TARN_APPLICATION(o)->settings);
    G_OBJECT_CLASS(tarn_application_parent_class)->finalize(o);
}

static void tarn_application_class_init(TarnApplicationClass *klass)
{
    GApplicationClass *g = G_APPLICATION_CLASS(klass);
    G_OBJECT_CLASS(klass)->finalize = tarn_application_finalize;
    g->handle_local_options = tarn_application_local_options;
    g->activate = tarn_application_activate;
    g->open = tarn_application_open;
    g->startup = tarn_application_startup;
}

static void tarn_application_init(TarnApplication *app)
{
    static const GOptionEntry OPTIONS[] = {
        { "backend", 0, 0, G_OPTION_ARG_STRING, NULL,
          N_("Compute with this backend (tarn backends lists them)"),
          N_("NAME") },
        { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Say the version"),
          NULL },
        { .long_name = NULL }
    };
    g_application_add_main_option_entries(G_APPLICATION(app), OPTIONS);
    g_application_set_option_context_parameter_string(G_APPLICATION(app),
                                                      _("[MODEL.gguf]"));
}

TarnApplication *tarn_application_new(void)
{
    return g_object_new(TARN_TYPE_APPLICATION, "application-id", TARN_APP_ID,
                        "resource-base-path", TARN_RESOURCES, "flags",
                        G_APPLICATION_HANDLES_OPEN, NULL);
}

int tarn_application_exit_code(TarnApplication *app)
{
    return app->exit_code;
}
