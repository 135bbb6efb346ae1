/* place.c - see place.h. */
#include "core/base/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool tarn_place_program(char *out, size_t room)
{
#if defined(__linux__)
    const ssize_t n = readlink("/proc/self/exe", out, room - 1);
    if (n <= 0 || (size_t)n >= room - 1)
        return false; /* none, or cut */
    out[n] = 0;
    char *slash = strrchr(out, '/');
    if (!slash)
        return false;
    slash[slash == out] = 0;
    return true;
#else
    (void)out;
    (void)room;
    return false;
#endif
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool tarn_place_pocket(char *out, size_t room)
{
    static const char *const PLACES[] = {
        "/../models/pocket/pocket.gguf", "/../share/tarn/pocket.gguf",
        "/pocket.gguf", "/../../models/pocket/pocket.gguf",
        "/models/pocket/pocket.gguf" };
    const char *given = getenv("TARN_POCKET");
    char folder[4096];
    if (given && *given)
        return snprintf(out, room, "%s", given) < (int)room;
#if defined(__wasi__)
    folder[0] = '.';
    folder[1] = 0;
#else
    if (!tarn_place_program(folder, sizeof folder))
        return false;
#endif
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++)
        if (snprintf(out, room, "%s%s", folder, PLACES[i]) < (int)room &&
            is_file(out))
            return true;
    return false;
}

/* Relative values are ignored, as XDG wants it.  A home that is not there is
 * none: that of a service says /nonexistent, and stays away. */
static bool find_own(const char *variable, const char *below_home, char *out,
                     size_t room)
{
    const char *given = getenv(variable), *home = getenv("HOME");
    int n = -1;
    if (given && *given == '/')
        n = snprintf(out, room, "%s/tarn", given);
    else if (home && *home == '/' && is_folder(home))
        n = snprintf(out, room, "%s/%s/tarn", home, below_home);
    return n > 0 && (size_t)n + 64 < room;
}

bool tarn_place_data(char *out, size_t room)
{
    return find_own("XDG_DATA_HOME", ".local/share", out, room);
}

bool tarn_place_cache(char *out, size_t room)
{
    return find_own("XDG_CACHE_HOME", ".cache", out, room);
}
