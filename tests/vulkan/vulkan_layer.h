/* vulkan_layer.h - the software device under the validation layer.
 *
 *     watch_with_the_layer();                   // before the first call
 *     RUN(test_the_layer_has_nothing_to_say);   // behind the last
 *
 * Owns: two files in /tmp.  Threads: one.
 */
#ifndef TARN_TESTS_VULKAN_LAYER_H
#define TARN_TESTS_VULKAN_LAYER_H

#include <unistd.h>

#include "tests/vulkan/vulkan_bench.h"

static char layer_log[64];

/* The layer writes into a file of its own; before the first call of Vulkan. */
static void watch_with_the_layer(void)
{
    char settings[64];
    snprintf(settings, sizeof settings, "/tmp/tarn-layer-%ld.txt",
             (long)getpid());
    snprintf(layer_log, sizeof layer_log, "/tmp/tarn-layer-%ld.log",
             (long)getpid());
    FILE *f = fopen(settings, "w");
    if (!f)
        return;
    fprintf(f,
            "khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG\n"
            "khronos_validation.report_flags = error,warn,info\n"
            "khronos_validation.log_filename = %s\n",
            layer_log);
    fclose(f);
    setenv("VK_LAYER_SETTINGS_PATH", settings, 1);
    setenv("VK_INSTANCE_LAYERS", "VK_LAYER_KHRONOS_validation", 1);
}

static void test_the_layer_has_nothing_to_say(void)
{
    char line[4096];
    unsigned active = 0, messages = 0;
    tarn_vulkan_forget();
    FILE *f = fopen(layer_log, "r");
    if (!f) {
        printf("# the validation layer is not installed: nothing watched\n");
        return;
    }
    while (fgets(line, sizeof line, f)) {
        /* The layer misses a cache of its own at its first use. */
        if (!strstr(line, "msgNum:") || strstr(line, "cache-file-error"))
            continue;
        if (strstr(line, "createinstance-status-message"))
            active++;
        else if (messages++ < 5)
            printf("# %.900s\n", line);
    }
    fclose(f);
    CHECK(active > 0);
    CHECK_SAYS(messages == 0, "%u messages", messages);
    remove(layer_log);
    remove(getenv("VK_LAYER_SETTINGS_PATH"));
}

#endif
