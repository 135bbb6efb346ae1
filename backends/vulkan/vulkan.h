/* vulkan.h - the Vulkan backend: any GPU with a Vulkan 1.2 driver.
 *
 * libvulkan is opened by name when a device is first asked for; without it,
 * without a driver or without a GPU there are no devices, and device_info()
 * says in one sentence why.  Software devices (lavapipe) count only where
 * TARN_VULKAN_SOFTWARE=1 says so.
 *
 * Threads: as backend.h says; listing devices may happen on any.
 */
#ifndef TARN_VULKAN_H
#define TARN_VULKAN_H

#include "backends/backend.h"

#define TARN_VULKAN_VERSION "1.0"

const struct tarn_backend *tarn_backend_vulkan(void);

/* Destroys the instance that was kept for the next open; for tests, which
 * change the world between two looks.  All devices must be closed. */
void tarn_vulkan_forget(void);

#endif
