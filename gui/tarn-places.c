/* tarn-places.c - see tarn-places.h. */
#include "gui/tarn-places.h"

char *tarn_places_program(void)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    return exe ? g_path_get_dirname(exe) : g_strdup(".");
}

char *tarn_places_pocket(void)
{
    static const char *const PLACES[] = { "../models/pocket/pocket.gguf",
                                          "../share/tarn/pocket.gguf",
                                          "pocket.gguf",
                                          "../../models/pocket/pocket.gguf",
                                          "models/pocket/pocket.gguf" };
    const char *given = g_getenv("TARN_POCKET");
    if (given && *given)
        return g_strdup(given);
    g_autofree char *folder = tarn_places_program();
    for (gsize i = 0; i < G_N_ELEMENTS(PLACES); i++) {
        g_autofree char *raw = g_build_filename(folder, PLACES[i], NULL);
        g_autofree char *path = g_canonicalize_filename(raw, "/");
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    return NULL;
}
