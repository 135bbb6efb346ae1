/* tarn-presets.c - see tarn-presets.h. */
#include "gui/tarn-presets.h"

#include <string.h>

#define GONE "removed"

static char *file_name(void)
{
    return g_build_filename(g_get_user_config_dir(), "tarn", "presets.ini",
                            NULL);
}

static GKeyFile *load(void)
{
    GKeyFile *k = g_key_file_new();
    g_autofree char *name = file_name();
    tarn_settings_read_file(k, name, "presets");
    return k;
}

static gboolean save(GKeyFile *k, char **reason)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = file_name();
    g_autofree char *folder = g_path_get_dirname(name);
    g_mkdir_with_parents(folder, 0700);
    if (g_key_file_save_to_file(k, name, &error))
        return TRUE;
    if (reason)
        *reason = g_strdup(error->message);
    else
        g_message("the presets were not saved: %s", error->message);
    return FALSE;
}

static gboolean is_gone(GKeyFile *k, const char *group)
{
    return g_key_file_get_boolean(k, group, GONE, NULL);
}

static int by_name(const void *a, const void *b)
{
    return g_utf8_collate(*(char *const *)a, *(char *const *)b);
}

/* A group's name may not hold all that a preset's may. */
static char *group_of(const char *name)
{
    return g_uri_escape_string(name, " ", TRUE);
}

char **tarn_presets_names(void)
{
    g_autoptr(GKeyFile) k = load();
    g_auto(GStrv) groups = g_key_file_get_groups(k, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (gsize i = 0; groups[i]; i++) {
        char *name = is_gone(k, groups[i])
                         ? NULL
                         : g_uri_unescape_string(groups[i], NULL);
        if (name && *name && g_utf8_validate(name, -1, NULL))
            g_ptr_array_add(names, name);
        else
            g_free(name);
    }
    if (names->len)
        qsort(names->pdata, names->len, sizeof *names->pdata, by_name);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

gboolean tarn_presets_save(const char *name, const char *instructions,
                           const TarnSettings *s, char **reason)
{
    g_autoptr(GKeyFile) k = load();
    g_autofree char *group = group_of(name);
    g_key_file_remove_group(k, group, NULL);
    tarn_settings_write_turn(s, k, group);
    if (instructions && *instructions)
        g_key_file_set_string(k, group, "instructions", instructions);
    return save(k, reason);
}

gboolean tarn_presets_take(const char *name, char **instructions,
                           TarnSettings *s)
{
    g_autoptr(GKeyFile) k = load();
    g_autofree char *group = group_of(name);
    if (!g_key_file_has_group(k, group) || is_gone(k, group))
        return FALSE;
    *instructions = g_key_file_get_string(k, group, "instructions", NULL);
    tarn_settings_read_turn(s, k, group);
    return TRUE;
}

void tarn_presets_remove(const char *name)
{
    g_autoptr(GKeyFile) k = load();
    g_autofree char *group = group_of(name);
    g_auto(GStrv) groups = g_key_file_get_groups(k, NULL);
    for (gsize i = 0; groups[i]; i++)
        if (is_gone(k, groups[i]))
            g_key_file_remove_group(k, groups[i], NULL);
    if (g_key_file_has_group(k, group)) {
        g_key_file_set_boolean(k, group, GONE, TRUE);
        save(k, NULL);
    }
}

void tarn_presets_restore(void)
{
    g_autoptr(GKeyFile) k = load();
    g_auto(GStrv) groups = g_key_file_get_groups(k, NULL);
    for (gsize i = 0; groups[i]; i++)
        if (is_gone(k, groups[i]))
            g_key_file_remove_key(k, groups[i], GONE, NULL);
    save(k, NULL);
}
