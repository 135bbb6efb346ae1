/* tarn-settings.c - see tarn-settings.h. */
#include "gui/tarn-settings.h"

#include <glib/gstdio.h>
#include <string.h>

#define GROUP "window"

static char *file_name(void)
{
    return g_build_filename(g_get_user_config_dir(), "tarn", "window.ini",
                            NULL);
}

static int number(GKeyFile *k, const char *key, int lo, int hi, int standard)
{
    g_autoptr(GError) error = NULL;
    int n = g_key_file_get_integer(k, GROUP, key, &error);
    return error || n < lo || n > hi ? standard : n;
}

static char *path(GKeyFile *k, const char *key)
{
    char *text = g_key_file_get_string(k, GROUP, key, NULL);
    if (text && *text && g_path_is_absolute(text))
        return text;
    g_free(text);
    return NULL;
}

void tarn_settings_load(TarnSettings *s)
{
    g_autoptr(GKeyFile) k = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *name = file_name();
    if (!g_key_file_load_from_file(k, name, G_KEY_FILE_NONE, &error) &&
        !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_autofree char *bad = g_strconcat(name, ".bad", NULL);
        if (g_rename(name, bad))
            g_message("the settings in %s cannot be read", name);
    }
    s->width = number(k, "width", 360, 16384, 1080);
    s->height = number(k, "height", 480, 16384, 760);
    s->maximized = g_key_file_get_boolean(k, GROUP, "maximized", NULL);
    s->budget = (guint)number(k, "budget", 0, 131072, 2048);
    g_autoptr(GError) unset = NULL;
    s->sidebar =
        g_key_file_get_boolean(k, GROUP, "sidebar", &unset) || unset != NULL;
    s->chat = MAX(g_key_file_get_int64(k, GROUP, "chat", NULL), 0);
    s->draft = g_key_file_get_string(k, GROUP, "draft", NULL);
    s->model = path(k, "model");
    s->opening = path(k, "opening");
}

void tarn_settings_save(const TarnSettings *s)
{
    g_autoptr(GKeyFile) k = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *name = file_name();
    g_autofree char *folder = g_path_get_dirname(name);
    g_key_file_set_integer(k, GROUP, "width", s->width);
    g_key_file_set_integer(k, GROUP, "height", s->height);
    g_key_file_set_boolean(k, GROUP, "maximized", s->maximized);
    g_key_file_set_integer(k, GROUP, "budget", (int)s->budget);
    g_key_file_set_boolean(k, GROUP, "sidebar", s->sidebar);
    g_key_file_set_int64(k, GROUP, "chat", s->chat);
    if (s->draft && *s->draft)
        g_key_file_set_string(k, GROUP, "draft", s->draft);
    if (s->model)
        g_key_file_set_string(k, GROUP, "model", s->model);
    if (s->opening)
        g_key_file_set_string(k, GROUP, "opening", s->opening);
    g_mkdir_with_parents(folder, 0700);
    if (!g_key_file_save_to_file(k, name, &error))
        g_message("the settings were not saved: %s", error->message);
}

void tarn_settings_finish(TarnSettings *s)
{
    g_clear_pointer(&s->model, g_free);
    g_clear_pointer(&s->draft, g_free);
    g_clear_pointer(&s->opening, g_free);
    g_clear_pointer(&s->backend, g_free);
}
