/* vulkan_faults_test.c - every call of Vulkan fails once; devices that hang,
 * lose themselves, calculate wrongly, are small, or lack something.
 *
 * Without TARN_SOAK a sample of the calls, chosen by TARN_SEED. */
#include <time.h>

#include "tests/vulkan/vulkan_scene.h"

/* ------------------------------------------------------------------ tests */

static void test_the_scene_is_right_and_leaves_nothing(void)
{
    CHECK(right.b.held == 0 && shim->n_alive == 0);
    CHECK(right.logits[0] != 0.0f && right.digests[1].n_best == 1);
    CHECK(right.digests[2].n_best == BEST && right.best_logits[2][0] != 0.0f);
    printf("# %llu calls\n", (unsigned long long)shim->n_calls);
}

static uint64_t n_submitted[N_TOKENS];

static void count_submissions(int token)
{
    n_submitted[token] = shim->n_counted;
}

/* A digest comes with its token's one submission; only a row that must be
 * fetched takes another. */
static void test_a_token_costs_one_submission(void)
{
    struct scene c = { .between = count_submissions };
    reset();
    shim->only = "QueueSubmit";
    CHECK(whole(&c) == TARN_OK && same(&c));
    CHECK(n_submitted[1] - n_submitted[0] == 1);
    CHECK(n_submitted[2] - n_submitted[1] == 2);
}

/* Call k says `result`: no crash, no leak, a sentence, or the right numbers
 * where nothing was lost (the cache file). */
static void fail_one(const char *world, uint64_t k, VkResult result)
{
    struct scene c = { .between = NULL };
    reset();
    vulkan_world(world);
    shim->fail_at = k;
    shim->result = result;
    const enum tarn_status s = whole(&c);
    const char *call = shim->struck ? shim->struck : "none";
    CHECK_SAYS(s ? has_sentence(&c) : same(&c),
               "call %llu (%s) says %d: status %d, \"%s\"",
               (unsigned long long)k, call, (int)result, (int)s, c.b.err.text);
    CHECK_SAYS(c.b.held == 0 && shim->n_alive == 0,
               "call %llu (%s) says %d: %lld blocks and %lld objects are left",
               (unsigned long long)k, call, (int)result, (long long)c.b.held,
               (long long)shim->n_alive);
    shim->n_alive = 0;
}

#define COPIED "wg=8,lpr=1,hung=5000"
#define IN_PLACE COPIED ",import=1"

static void every_call_may_fail(const char *world, int sample)
{
    static const VkResult results[] = { VK_ERROR_DEVICE_LOST,
                                        VK_ERROR_OUT_OF_DEVICE_MEMORY,
                                        VK_ERROR_OUT_OF_HOST_MEMORY,
                                        VK_ERROR_INITIALIZATION_FAILED };
    const char *seed = getenv("TARN_SEED");
    uint64_t random = seed ? strtoull(seed, NULL, 10) : 1;
    struct scene c = { .between = NULL };
    reset();
    vulkan_world(world);
    CHECK(whole(&c) == TARN_OK && same(&c));
    const uint64_t n = shim->n_calls;
    if (getenv("TARN_SOAK"))
        for (uint64_t k = 1; k <= n; k++)
            for (size_t i = 0; i < 4; i++)
                fail_one(world, k, results[i]);
    else
        for (int i = 0; i < sample; i++) {
            random = tarn_mix(random + 1);
            fail_one(world, 1 + random % n, results[random >> 40 & 3]);
        }
    reset();
    CHECK(whole(&c) == TARN_OK && same(&c));
}

static void test_v02_v03_every_call_may_fail(void)
{
    every_call_may_fail(COPIED, 8);
    every_call_may_fail(IN_PLACE, 4);
}

/* The device is lost for good in the middle: what comes behind fails quickly,
 * with a sentence, and the device is not asked again. */
static void test_v02_a_lost_device_is_not_used_again(void)
{
    struct scene c = { .between = NULL };
    reset();
    shim->only = "QueueSubmit";
    CHECK(whole(&c) == TARN_OK);
    const uint64_t last = shim->n_counted; /* state_read */
    reset();
    shim->only = "QueueSubmit";
    shim->fail_at = last - 2;
    shim->for_ever = true;
    shim->result = VK_ERROR_DEVICE_LOST;
    CHECK(whole(&c) == TARN_DEVICE);
    CHECK_SAYS(strstr(c.b.err.text, "driver") != NULL, "%s", c.b.err.text);
    CHECK(c.b.held == 0 && shim->n_alive == 0);
}

static void test_v04_a_wait_without_end_ends(void)
{
    struct scene c = { .between = NULL };
    struct timespec a, b;
    reset();
    vulkan_world("wg=8,lpr=1,hung=1000");
    shim->only = "WaitSemaphores";
    shim->fail_at = 4;
    shim->for_ever = true;
    shim->result = VK_TIMEOUT;
    clock_gettime(CLOCK_MONOTONIC, &a);
    CHECK(whole(&c) == TARN_DEVICE);
    clock_gettime(CLOCK_MONOTONIC, &b);
    CHECK_SAYS(strstr(c.b.err.text, "does not answer") != NULL, "%s",
               c.b.err.text);
    CHECK(b.tv_sec - a.tv_sec < 5);
    CHECK(c.b.held == 0 && shim->n_alive == 0);
}

/* V04: a device that is only slow is given up as well; what it still does must
 * not meet memory that is gone. */
static void test_v04_a_slow_device_is_left_in_peace(void)
{
    for (uint64_t k = 1; k < 8; k++) {
        struct scene c = { .between = NULL };
        reset();
        vulkan_world("wg=8,lpr=1,hung=1");
        shim->only = "WaitSemaphores";
        shim->fail_at = k; /* nobody waits for what was submitted */
        shim->for_ever = true;
        shim->result = VK_TIMEOUT;
        const enum tarn_status s = whole(&c);
        CHECK_SAYS(s == TARN_DEVICE && has_sentence(&c), "status %d, \"%s\"",
                   (int)s, c.b.err.text);
        CHECK(c.b.held == 0 && shim->n_alive == 0);
    }
}

/* Weights that are read where they are: whatever part of it is refused, they
 * are copied instead, but for a device that is lost. */
static void test_a_refused_import_becomes_a_copy(void)
{
    static const char *const calls[] = { "GetMemoryHostPointerPropertiesEXT",
                                         "AllocateMemory", "CreateBuffer",
                                         "BindBufferMemory" };
    static const VkResult results[] = { VK_ERROR_INVALID_EXTERNAL_HANDLE,
                                        VK_ERROR_OUT_OF_HOST_MEMORY,
                                        VK_ERROR_DEVICE_LOST };
    struct scene c = { .between = NULL };
    reset();
    vulkan_world(IN_PLACE);
    CHECK_SAYS(whole(&c) == TARN_OK && same(&c), "%s", c.b.err.text);
    /* Every matrix but the kernel's pages, and the table's twice: never a
     * page too many. */
    CHECK_SAYS(shim->imported >= 4 * 4096 + sizeof table &&
                   shim->imported <= 12 * 4096 + sizeof table,
               "%llu bytes are imported", (unsigned long long)shim->imported);
    reset();
    vulkan_world(IN_PLACE);
    shim->no_import = true;
    CHECK_SAYS(whole(&c) == TARN_OK && same(&c), "%s", c.b.err.text);
    CHECK(shim->imported == 0 && c.b.held == 0 && shim->n_alive == 0);
    for (size_t i = 0; i < 4 * 3; i++) {
        reset();
        vulkan_world(IN_PLACE);
        shim->only = calls[i / 3];
        shim->fail_at = i / 3 ? 2 : 1; /* the first one is the stage's */
        shim->result = results[i % 3];
        const enum tarn_status s = whole(&c);
        CHECK_SAYS(i % 3 == 2 ? s == TARN_DEVICE && has_sentence(&c)
                              : s == TARN_OK && same(&c),
                   "%s says %d: status %d, \"%s\"", calls[i / 3],
                   (int)results[i % 3], (int)s, c.b.err.text);
        CHECK(shim->struck && c.b.held == 0 && shim->n_alive == 0);
    }
}

/* V05: what the feature table of a device decides. */
static void test_v05_devices_that_lack_something(void)
{
    static const struct {
        struct vulkan_small small;
        const char *says; /* NULL: it is used, and right */
    } cases[] = {
        { { .api_version = VK_API_VERSION_1_1 }, "1.2 is needed" },
        { { .no_addresses = true }, "buffer addresses" },
        { { .no_timeline = true }, "timeline" },
        { { .shared = 8192 }, "workgroups" },
        { { .shared = 16384,
            .lanes = 128,
            .subgroup = 64,
            .range = 128u << 20,
            .name = "like an AMD GCN card",
            .type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU },
          NULL },
        { { .shared = 49152,
            .subgroup = 32,
            .no_extensions = true,
            .name = "like an NVIDIA card of 2016",
            .type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU },
          NULL },
        { { .shared = 32768,
            .subgroup = 16,
            .lanes = 256,
            .name = "like an Intel integrated one",
            .type = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU },
          NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene c = { .between = NULL };
        reset();
        shim->small = cases[i].small;
        const enum tarn_status s = whole(&c);
        if (cases[i].says)
            CHECK_SAYS(s == TARN_DEVICE && strstr(c.b.err.text, cases[i].says),
                       "case %zu: %d %s", i, (int)s, c.b.err.text);
        else
            CHECK_SAYS(s == TARN_OK && same(&c), "case %zu: %d %s", i, (int)s,
                       c.b.err.text);
        CHECK(c.b.held == 0 && shim->n_alive == 0);
    }
}

/* V09: nothing of what stood in new memory is ever seen. */
static void test_v09_poisoned_memory_changes_nothing(void)
{
    struct scene c = { .between = NULL };
    reset();
    shim->poison = true;
    CHECK_SAYS(whole(&c) == TARN_OK && same(&c), "%s", c.b.err.text);
}

static void spoil_after_first(int token)
{
    if (token == 0)
        spoil(1u << 20);
}

/* V06: memory of the device changes under us. */
static void test_v06_a_device_that_forgets_is_found_out(void)
{
    struct scene c = { .between = spoil_after_first };
    reset();
    vulkan_world("wg=8,lpr=1,stage=0,canary=2");
    CHECK(whole(&c) == TARN_DEVICE);
    CHECK_SAYS(strstr(c.b.err.text, "wrong") != NULL, "%s", c.b.err.text);
    CHECK(c.b.held == 0 && shim->n_alive == 0);
}

int main(int argc, char **argv)
{
    if (!begin_scene(argc, argv))
        return 0;
    RUN(test_the_scene_is_right_and_leaves_nothing);
    RUN(test_a_token_costs_one_submission);
    RUN(test_v02_v03_every_call_may_fail);
    RUN(test_v02_a_lost_device_is_not_used_again);
    RUN(test_v04_a_wait_without_end_ends);
    RUN(test_v04_a_slow_device_is_left_in_peace);
    RUN(test_v05_devices_that_lack_something);
    RUN(test_a_refused_import_becomes_a_copy);
    RUN(test_v06_a_device_that_forgets_is_found_out);
    RUN(test_v09_poisoned_memory_changes_nothing);
    return tap_end();
}
