/* tarn-places.c - see tarn-places.h. */
#include "gui/tarn-places.h"

#include "core/tarn.h"

char *tarn_places_program(void)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    return exe ? g_path_get_dirname(exe) : g_strdup(".");
}

char *tarn_places_pocket(void)
{
    char path[4096];
    return tarn_pocket_path(path, sizeof path)
               ? g_canonicalize_filename(path, NULL)
               : NULL;
}
