/* vulkan_bench.h - the software device of the Vulkan backend, for tests.
 *
 * Where there is none (no Mesa driver) a test says so and compares nothing:
 * ./run installs one for ./check.
 *
 * Owns: nothing.
 */
#ifndef TARN_TESTS_VULKAN_BENCH_H
#define TARN_TESTS_VULKAN_BENCH_H

#include "backends/vulkan/vulkan.h"
#include "tests/backends/bench.h"

/* A row per lane: the contract's order.  Lanes that share rows, shared memory,
 * staging, integer dot product: as on a real device; without these and
 * narrower.  All products that can be in tiles, of three sizes and of
 * float16 values.  Behind them: weights read where they are, in all three. */
#define VULKAN_ALONE "wg=8,lpr=1"
#define VULKAN_SHARED "wg=64,lpr=32,nt=4,stage=1,dot=1"
#define VULKAN_NARROW "wg=32,lpr=16,nt=2,stage=1"
#define VULKAN_TILED "wg=64,lpr=32,stage=1,dot=1,from=1,tile=128"
#define VULKAN_TILED_64 "wg=64,lpr=32,stage=1,from=1,tile=64"
#define VULKAN_TILED_HALF "wg=64,lpr=32,stage=1,from=1,tile=128,half=1"
#define VULKAN_ALONE_HERE VULKAN_ALONE ",import=1"
#define VULKAN_SHARED_HERE VULKAN_SHARED ",import=1"
#define VULKAN_TILED_HERE VULKAN_TILED ",import=1"
#define VULKAN_TILED_256 "wg=64,lpr=32,stage=1,from=1,tile=256"

static inline void vulkan_world(const char *tuning)
{
    setenv("TARN_VULKAN_SOFTWARE", "1", 1);
    setenv("TARN_VULKAN_TUNE", tuning, 1);
}

/* True if there is a device to test. */
static inline bool vulkan_here(void)
{
    struct bench b = { .fail_after = -1, .stop_after = -1 };
    b.host = (struct tarn_host){ .size = sizeof b.host,
                                 .user = &b,
                                 .alloc = bench_alloc,
                                 .free = bench_free };
    vulkan_world(VULKAN_ALONE);
    if (tarn_backend_vulkan()->device_count(&b.host) > 0)
        return true;
    printf("# no software Vulkan device here: nothing compared\n");
    return false;
}

#endif
