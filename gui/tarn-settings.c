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

static int number_in(GKeyFile *k, const char *group, const char *key, int lo,
                     int hi, int standard)
{
    g_autoptr(GError) error = NULL;
    int n = g_key_file_get_integer(k, group, key, &error);
    return error || n < lo || n > hi ? standard : n;
}

static int number(GKeyFile *k, const char *key, int lo, int hi, int standard)
{
    return number_in(k, GROUP, key, lo, hi, standard);
}

static double real_in(GKeyFile *k, const char *group, const char *key,
                      double hi)
{
    g_autoptr(GError) error = NULL;
    double x = g_key_file_get_double(k, group, key, &error);
    return error || !(x >= 0 && x <= hi) ? -1 : x;
}

static char *path(GKeyFile *k, const char *key)
{
    char *text = g_key_file_get_string(k, GROUP, key, NULL);
    if (text && *text && g_path_is_absolute(text))
        return text;
    g_free(text);
    return NULL;
}

void tarn_settings_reset(TarnSettings *s)
{
    s->budget = 2048;
    s->thoughts = TARN_THOUGHTS_LIVE;
    s->keep_loops = FALSE;
    s->tools = FALSE;
    s->temperature = s->repeat_penalty = -1;
    s->top_k = -1;
    s->seed = -1;
    s->context = 0;
    s->kv = TARN_KV_F16;
    s->scheme = TARN_SCHEME_SYSTEM;
    s->ctrl_sends = FALSE;
}

void tarn_settings_read_turn(TarnSettings *s, GKeyFile *k, const char *group)
{
    g_autoptr(GError) unset = NULL;
    s->budget = number_in(k, group, "budget", -1, 131072, 2048);
    s->keep_loops = g_key_file_get_boolean(k, group, "keep-loops", NULL);
    s->tools = g_key_file_get_boolean(k, group, "tools", NULL);
    s->temperature = real_in(k, group, "temperature", 5);
    s->repeat_penalty = real_in(k, group, "repeat-penalty", 2);
    s->top_k = number_in(k, group, "top-k", 0, 1000, -1);
    s->seed = g_key_file_get_int64(k, group, "seed", &unset);
    if (unset || s->seed < 0)
        s->seed = -1;
}

static void load_choices(TarnSettings *s, GKeyFile *k)
{
    tarn_settings_read_turn(s, k, GROUP);
    s->thoughts = (guint)number(k, "thoughts", 0, 2, 0);
    s->context = (guint)number(k, "context", 0, 131072, 0);
    s->kv = (guint)number(k, "kv", 0, 2, 0);
    s->scheme = (guint)number(k, "scheme", 0, 2, 0);
    s->ctrl_sends = g_key_file_get_boolean(k, GROUP, "ctrl-sends", NULL);
}

/* What is as usual is not written: a later version may know better. */
void tarn_settings_write_turn(const TarnSettings *s, GKeyFile *k,
                              const char *group)
{
    g_key_file_set_integer(k, group, "budget", s->budget);
    if (s->keep_loops)
        g_key_file_set_boolean(k, group, "keep-loops", TRUE);
    if (s->tools)
        g_key_file_set_boolean(k, group, "tools", TRUE);
    if (s->temperature >= 0)
        g_key_file_set_double(k, group, "temperature", s->temperature);
    if (s->repeat_penalty >= 0)
        g_key_file_set_double(k, group, "repeat-penalty", s->repeat_penalty);
    if (s->top_k >= 0)
        g_key_file_set_integer(k, group, "top-k", s->top_k);
    if (s->seed >= 0)
        g_key_file_set_int64(k, group, "seed", s->seed);
}

static void save_choices(const TarnSettings *s, GKeyFile *k)
{
    tarn_settings_write_turn(s, k, GROUP);
    if (s->thoughts)
        g_key_file_set_integer(k, GROUP, "thoughts", (int)s->thoughts);
    if (s->context)
        g_key_file_set_integer(k, GROUP, "context", (int)s->context);
    if (s->kv)
        g_key_file_set_integer(k, GROUP, "kv", (int)s->kv);
    if (s->scheme)
        g_key_file_set_integer(k, GROUP, "scheme", (int)s->scheme);
    if (s->ctrl_sends)
        g_key_file_set_boolean(k, GROUP, "ctrl-sends", TRUE);
}

void tarn_settings_read_file(GKeyFile *k, const char *name, const char *what)
{
    g_autoptr(GError) error = NULL;
    if (!g_key_file_load_from_file(k, name, G_KEY_FILE_NONE, &error) &&
        !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_autofree char *bad = g_strconcat(name, ".bad", NULL);
        if (g_rename(name, bad))
            g_message("the %s in %s cannot be read", what, name);
    }
}

void tarn_settings_load(TarnSettings *s)
{
    g_autoptr(GKeyFile) k = g_key_file_new();
    g_autofree char *name = file_name();
    tarn_settings_read_file(k, name, "settings");
    s->width = number(k, "width", 360, 16384, 1080);
    s->height = number(k, "height", 480, 16384, 760);
    s->maximized = g_key_file_get_boolean(k, GROUP, "maximized", NULL);
    load_choices(s, k);
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
    save_choices(s, k);
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
