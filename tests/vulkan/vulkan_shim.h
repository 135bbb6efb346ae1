/* vulkan_shim.h - what a test tells the shim before libvulkan, and hears of it.
 *
 * Owns: nothing.  Threads: one.
 */
#ifndef TARN_TESTS_VULKAN_SHIM_H
#define TARN_TESTS_VULKAN_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan.h>

struct vulkan_small {          /* what the device seems to be; 0: as it is */
    uint64_t heap, allocation; /* bytes */
    uint32_t range, shared, lanes, subgroup, api_version, driver_version;
    VkPhysicalDeviceType type;
    const char *name;
    bool no_addresses, no_timeline, no_extensions;
};

struct vulkan_shim {
    const char *real; /* path of the real loader */
    uint64_t fail_at; /* the call that fails, counted from 1; 0: none */
    const char *only; /* count only calls of this name; NULL: all */
    VkResult result;  /* what it says */
    bool for_ever;    /* and so do all behind it */
    bool poison;      /* new memory is full of 0xa5 */
    bool no_devices;  /* all are gone */
    bool no_import;   /* pages of the host are refused */
    struct vulkan_small small;
    /* What was seen. */
    uint64_t n_calls, n_counted;
    const char *struck; /* the call that failed; NULL: none did */
    int64_t n_alive;    /* objects and memories made and not destroyed */
    uint64_t memory, most_memory; /* bytes; none of imported pages */
    uint64_t imported; /* bytes, so far */
    size_t cache_shown; /* bytes of a pipeline cache, to the driver, last */
};

/* Turns bits over in all mapped memory of `least` bytes and more. */
void vulkan_shim_spoil(uint64_t least);

#endif
