/* import.c - see import.h.
 *
 * Every tensor is an import of its own: the pages that hold it, and so no more
 * than what is used.  Tensors that are neighbors in the file share a page. */
#include "backends/vulkan/import.h"

#include <stdatomic.h>
#include <unistd.h>

static atomic_bool refused; /* by a driver, in this process */

void vk_import_forget(void)
{
    atomic_store(&refused, false);
}

/* ---------------------------------------------------------------- judging */

uint32_t vk_import_pages(const struct vk_instance *in, VkPhysicalDevice d)
{
    VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {
        .sType =
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT
    };
    VkPhysicalDeviceProperties2 all = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &host
    };
    const VkPhysicalDeviceExternalBufferInfo what = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
                 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
        .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT,
    };
    VkExternalBufferProperties can = {
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES
    };
    const long page = sysconf(_SC_PAGESIZE);
    if (atomic_load(&refused))
        return 0;
    in->fn.GetPhysicalDeviceProperties2(d, &all);
    in->fn.GetPhysicalDeviceExternalBufferProperties(d, &what, &can);
    const uint64_t unit = host.minImportedHostPointerAlignment;
    /* Larger units than a page would reach beyond the file. */
    if (page <= 0 || unit == 0 || (uint64_t)page % unit != 0 ||
        !(can.externalMemoryProperties.externalMemoryFeatures &
          VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT))
        return 0;
    return (uint32_t)page;
}

bool vk_has_host_memory(const VkPhysicalDeviceMemoryProperties *m)
{
    for (uint32_t i = 0; i < m->memoryTypeCount; i++) {
        const VkMemoryPropertyFlags f = m->memoryTypes[i].propertyFlags;
        if ((f & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) &&
            (f & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) &&
            !(f & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------- pages */

static uint64_t pages_of(const struct tarn_dev *dev, const void *data,
                         uint64_t size, uintptr_t *first)
{
    const uint64_t page = dev->facts.import_at;
    const uint64_t before = (uintptr_t)data % page;
    *first = (uintptr_t)data - (uintptr_t)before;
    return (before + size + page - 1) / page * page;
}

bool vk_import_wanted(const struct tarn_dev *dev, const struct tarn_tensor *t)
{
    const struct tarn_type_traits type = tarn_type_traits(t->type);
    const uint64_t row = t->ge[0] / type.block * type.bytes;
    uintptr_t first;
    if (dev->refuses || !dev->fn.GetMemoryHostPointerPropertiesEXT)
        return false;
    if (dev->tune.import == TARN_EXPERTS_IN_PLACE ? t->ge[2] == 1
                                                  : dev->tune.import == 0)
        return false;
    /* Vectors are few bytes, and some of them are unfolded (weight.c).  Shaders
     * read words at even places, and count bytes in 32 bits. */
    return t->ge[1] * t->ge[2] > 1 && (uintptr_t)t->data % 4 == 0 &&
           (!vk_is_plain(t->type) || row % 4 == 0) && t->size <= UINT32_MAX &&
           pages_of(dev, t->data, t->size, &first) <=
               dev->facts.max_allocation;
}

/* A memory type of these pages that needs no flushing; UINT32_MAX: none. */
static uint32_t type_of(const struct tarn_dev *dev, uint32_t allowed)
{
    const VkPhysicalDeviceMemoryProperties *m = &dev->facts.memory;
    for (uint32_t i = 0; i < m->memoryTypeCount; i++)
        if ((allowed >> i & 1) && (m->memoryTypes[i].propertyFlags &
                                   VK_MEMORY_PROPERTY_HOST_COHERENT_BIT))
            return i;
    return UINT32_MAX;
}

static VkResult import_pages(struct tarn_dev *dev, void *first, uint64_t size,
                             struct vk_buffer *b)
{
    const VkExternalMemoryHandleTypeFlagBits kind =
        VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
    const VkExternalMemoryBufferCreateInfo external = {
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
        .handleTypes = kind,
    };
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .pNext = &external,
        .size = size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
                 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
    };
    VkMemoryHostPointerPropertiesEXT pages = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT
    };
    VkResult r = dev->fn.GetMemoryHostPointerPropertiesEXT(dev->handle, kind,
                                                           first, &pages);
    if (r)
        return r;
    r = dev->fn.CreateBuffer(dev->handle, &info, NULL, &b->handle);
    if (r)
        return r;
    VkMemoryRequirements need;
    dev->fn.GetBufferMemoryRequirements(dev->handle, b->handle, &need);
    const uint32_t type =
        type_of(dev, pages.memoryTypeBits & need.memoryTypeBits);
    if (type == UINT32_MAX || need.size > size)
        return VK_ERROR_INVALID_EXTERNAL_HANDLE;
    const VkImportMemoryHostPointerInfoEXT from = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
        .handleType = kind,
        .pHostPointer = first,
    };
    const VkMemoryAllocateFlagsInfo flags = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
        .pNext = &from,
        .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
    };
    const VkMemoryAllocateInfo memory = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = &flags,
        .allocationSize = size,
        .memoryTypeIndex = type,
    };
    r = dev->fn.AllocateMemory(dev->handle, &memory, NULL, &b->memory);
    if (r == VK_SUCCESS)
        r = dev->fn.BindBufferMemory(dev->handle, b->handle, b->memory, 0);
    return r;
}

/* Some drivers take no pages of a file, or none that can't be written. */
static enum tarn_status refuse(struct tarn_dev *dev, VkResult r)
{
    const struct tarn_host *host = dev->host;
    char line[240];
    dev->refuses = true;
    atomic_store(&refused, true);
    snprintf(line, sizeof line,
             "%s can't read weights where the file is mapped (error %d): they "
             "are copied",
             dev->facts.name, (int)r);
    if (host->log)
        host->log(host->user, 0, line);
    return TARN_UNSUPPORTED;
}

enum tarn_status vk_import(struct tarn_dev *dev, const void *data,
                           uint64_t size, struct vk_buffer *out,
                           uint64_t *address, struct tarn_error *err)
{
    uintptr_t first;
    struct vk_buffer b = { .size = pages_of(dev, data, size, &first) };
    const VkResult r = import_pages(dev, (void *)first, b.size, &b);
    if (r) {
        vk_buffer_free(dev, &b);
        return r == VK_ERROR_DEVICE_LOST
                   ? vk_failed(dev, r, "AllocateMemory", err)
                   : refuse(dev, r);
    }
    const VkBufferDeviceAddressInfo where = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
        .buffer = b.handle,
    };
    b.address = dev->fn.GetBufferDeviceAddress(dev->handle, &where);
    *address = b.address + ((uintptr_t)data - first);
    *out = b;
    return TARN_OK;
}
