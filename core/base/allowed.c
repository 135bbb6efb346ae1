/* allowed.c - how many threads may run at once (see thread.h).
 *
 * The affinity mask says where we may run, the control group's quota for how
 * much of the time.  More threads than that only wait for each other: with 16
 * threads on 2 CPUs a phase of the pool took 26 us instead of 2. */
#include "core/base/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__)
#include <sched.h>
#endif

#include "core/base/file.h"
#include "core/base/memory.h"

enum { MAX_THREADS = 1024 };

/* "QUOTA PERIOD" in microseconds -> threads, rounded up; 0: no limit. */
static uint32_t threads_of_quota(const char *text)
{
    char *end;
    const long long quota = strtoll(text, &end, 10);
    if (end == text || quota <= 0) /* "max" of version 2, -1 of version 1 */
        return 0;
    const long long period = strtoll(end, NULL, 10);
    if (period <= 0)
        return 0;
    const long long n = quota / period + (quota % period != 0);
    return n > MAX_THREADS ? MAX_THREADS : (uint32_t)n;
}

/* Both files of version 1 made one line. */
static bool read_quota(const char *folder, bool v2, char *out, size_t room)
{
    char path[600];
    if (v2) {
        snprintf(path, sizeof path, "%s/cpu.max", folder);
        return tarn_file_small(path, out, room);
    }
    char quota[32], period[32];
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!tarn_file_small(path, quota, sizeof quota))
        return false;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!tarn_file_small(path, period, sizeof period))
        return false;
    snprintf(out, room, "%s %s", quota, period);
    return true;
}

/* The smallest limit from our group up to the root; a limit of any of them
 * holds for us.  0: none. */
static uint32_t smallest_quota(const char *root, char *group, bool v2)
{
    uint32_t least = 0;
    for (;;) {
        char folder[560], text[80];
        snprintf(folder, sizeof folder, "%s%s", root, group);
        const uint32_t n = read_quota(folder, v2, text, sizeof text)
                               ? threads_of_quota(text)
                               : 0;
        if (n && (!least || n < least))
            least = n;
        char *slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = 0;
    }
}

static uint32_t quota_threads(void)
{
    char text[4096], group[400];
    if (!tarn_file_small("/proc/self/cgroup", text, sizeof text))
        return 0;
    uint32_t least = 0;
    char *rest = text;
    while (rest && *rest) { /* lines of "ID:CONTROLLERS:PATH" */
        char *line = rest;
        rest = strchr(rest, '\n');
        if (rest)
            *rest++ = 0;
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = 0;
        names++;
        const bool v2 = *names == 0;
        if (!v2 && strncmp(names, "cpu", 3) != 0)
            continue;
        snprintf(group, sizeof group, "%s", path);
        const uint32_t n = smallest_quota(
            v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu", group, v2);
        if (n && (!least || n < least))
            least = n;
    }
    return least;
}

#if defined(__linux__)
/* The kernel refuses a mask that is too short: double it until it fits. */
static uint32_t affinity_threads(void)
{
    for (size_t n = 1024; n <= 1 << 20; n *= 2) {
        const size_t size = CPU_ALLOC_SIZE(n);
        cpu_set_t *set = tarn_alloc(size, 1);
        if (!set)
            return 1;
        const bool good = sched_getaffinity(0, size, set) == 0;
        const int count = good ? CPU_COUNT_S(size, set) : 0;
        tarn_free(set);
        if (good)
            return count > 0 ? (uint32_t)count : 1;
    }
    return 1;
}
#else
static uint32_t affinity_threads(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint32_t)n : 1;
}
#endif

uint32_t tarn_threads_allowed(void)
{
    uint32_t n = affinity_threads();
    const uint32_t quota = quota_threads();
    if (quota && quota < n)
        n = quota;
    return n < MAX_THREADS ? n : MAX_THREADS;
}
