/* vulkan_canary_test.c - the canary's plan and its timing on the software
 * device: exact with a row per lane, near with shared rows.
 *
 * Regression: the plan that measures speed has a state, but no step of it;
 * its batches were larger than the memory that was taken for them. */
#include "plugins/canary.h"
#include "tests/vulkan/vulkan_bench.h"

static void try_tuning(const char *tuning, bool exact)
{
    float out[TARN_CANARY_LOGITS] = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    vulkan_world(tuning);
    CHECK_SAYS(!tarn_canary_run(tarn_backend_vulkan(), 0, out, &err) &&
                   !tarn_canary_judge(out, exact, &err),
               "%s: %s", tuning, err.text);
    CHECK(tarn_canary_speed(tarn_backend_vulkan(), 0) > 0);
}

static void test_the_canary_lives(void)
{
    try_tuning(VULKAN_ALONE, true);
    try_tuning(VULKAN_SHARED, false);
}

int main(void)
{
    if (!vulkan_here()) {
        printf("1..0 # SKIP no software Vulkan device\n");
        return 0;
    }
    RUN(test_the_canary_lives);
    return tap_end();
}
