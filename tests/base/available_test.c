/* available_test.c - E02: what is free is read from /proc and the group. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/memory.h"
#include "tests/tap.h"

static char root[64];

static void put(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", root, name);
    for (char *p = path + strlen(root) + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            mkdir(path, 0700);
            *p = '/';
        }
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    if (f) {
        fputs(text, f);
        fclose(f);
    }
}

static void test_e02_the_kernels_estimate_counts(void)
{
    put("/proc/meminfo", "MemTotal: 9000 kB\nMemFree: 1 kB\n"
                         "MemAvailable:    4000 kB\n");
    CHECK(tarn_memory_available(root) == UINT64_C(4000) * 1024);
}

static void test_e02_a_groups_limit_counts_if_it_is_less(void)
{
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    put("/sys/fs/cgroup/a/memory.max", "3000000\n");
    put("/sys/fs/cgroup/a/memory.current", "2500000\n");
    put("/sys/fs/cgroup/a/memory.stat",
        "anon 1\ninactive_file 400000\nactive_file 100000\n");
    CHECK(tarn_memory_available(root) == 1000000);
}

static void test_e02_no_proc_means_unknown(void)
{
    CHECK(tarn_memory_available("/nowhere") == UINT64_MAX);
}

int main(void)
{
    snprintf(root, sizeof root, "%s", "available-XXXXXX");
    if (!mkdtemp(root))
        return 1;
    RUN(test_e02_the_kernels_estimate_counts);
    RUN(test_e02_a_groups_limit_counts_if_it_is_less);
    RUN(test_e02_no_proc_means_unknown);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return tap_end() | (system(command) != 0);
}
