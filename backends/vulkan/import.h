/* import.h - weights that the device reads in the host's memory: where the
 * file is mapped, through VK_EXT_external_memory_host.
 *
 * Owns: nothing; the buffers are the weights'.  Threads: as inside.h.
 */
#ifndef TARN_VULKAN_IMPORT_H
#define TARN_VULKAN_IMPORT_H

#include "backends/vulkan/inside.h"

/* Size of the pages that can be imported, or 0: the device has the extension
 * and takes single pages. */
uint32_t vk_import_pages(const struct vk_instance *in, VkPhysicalDevice d);
/* True if there is memory that is the host's and not the device's. */
bool vk_has_host_memory(const VkPhysicalDeviceMemoryProperties *m);

/* True if this tensor is to be read where it is, and can be as it lies. */
bool vk_import_wanted(const struct tarn_dev *dev, const struct tarn_tensor *t);
/* The pages of data [size] as a buffer; *address: of data.  TARN_UNSUPPORTED,
 * without a sentence but with a line in the log: the driver refuses, this and
 * all that follows has to be copied. */
enum tarn_status vk_import(struct tarn_dev *dev, const void *data,
                           uint64_t size, struct vk_buffer *out,
                           uint64_t *address, struct tarn_error *err);

/* A driver that refused once is not asked again before vk_import_forget(). */
void vk_import_forget(void);

#endif
