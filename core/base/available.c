/* available.c - memory that can be taken without driving others out (see
 * memory.h).
 *
 * The kernel's own estimate (MemAvailable counts page cache that can be given
 * back), or what the control group leaves if that is less.  Its limit counts
 * page cache too, which goes first, so the cache is added again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/memory.h"

static bool read_small(const char *root, const char *name, char *out,
                       size_t room)
{
    char path[700];
    snprintf(path, sizeof path, "%s%s", root, name);
    return tarn_file_small(path, out, room);
}

/* The number behind `key` at the beginning of a line; 0 if there is none. */
static uint64_t field(const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!strncmp(line, key, n))
            return strtoull(line + n, NULL, 10);
    }
    return 0;
}

/* What one control group leaves; UINT64_MAX without a limit. */
static uint64_t group_leaves(const char *root, const char *group)
{
    char name[560], text[4096];
    snprintf(name, sizeof name, "/sys/fs/cgroup%s/memory.max", group);
    if (!read_small(root, name, text, sizeof text) || !strncmp(text, "max", 3))
        return UINT64_MAX;
    uint64_t most = strtoull(text, NULL, 10);
    snprintf(name, sizeof name, "/sys/fs/cgroup%s/memory.current", group);
    if (!read_small(root, name, text, sizeof text))
        return most;
    uint64_t used = strtoull(text, NULL, 10), cache = 0;
    snprintf(name, sizeof name, "/sys/fs/cgroup%s/memory.stat", group);
    if (read_small(root, name, text, sizeof text))
        cache = field(text, "active_file ") + field(text, "inactive_file ");
    used -= cache < used ? cache : used;
    return used < most ? most - used : 0;
}

uint64_t tarn_memory_available(const char *root)
{
    char text[4096], group[400];
    uint64_t least = UINT64_MAX;
    root = root ? root : "";
    if (read_small(root, "/proc/meminfo", text, sizeof text) &&
        strstr(text, "MemAvailable:"))
        least = field(text, "MemAvailable:") * 1024;
    if (!read_small(root, "/proc/self/cgroup", text, sizeof text))
        return least;
    const char *path = strstr(text, "0::");
    if (!path)
        return least;
    snprintf(group, sizeof group, "%.*s", (int)strcspn(path + 3, "\n"),
             path + 3);
    for (;;) { /* a limit of any group above holds for us */
        uint64_t n = group_leaves(root, group);
        least = n < least ? n : least;
        char *slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = 0;
    }
}
