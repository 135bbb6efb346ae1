/* memory.c - buffers, and moving bytes to and from them. */
#include <string.h>

#include "backends/vulkan/inside.h"

enum { STAGE_SIZE = 8 << 20 };

/* The first memory type that has `need`, preferring those with `like`. */
static uint32_t memory_type(const VkPhysicalDeviceMemoryProperties *m,
                            uint32_t allowed, VkMemoryPropertyFlags need,
                            VkMemoryPropertyFlags like)
{
    uint32_t second = UINT32_MAX;
    for (uint32_t i = 0; i < m->memoryTypeCount; i++) {
        const VkMemoryPropertyFlags f = m->memoryTypes[i].propertyFlags;
        if (!(allowed >> i & 1) || (f & need) != need)
            continue;
        if ((f & like) == like)
            return i;
        if (second == UINT32_MAX)
            second = i;
    }
    return second;
}

static uint32_t choose_type(const struct tarn_dev *dev, uint32_t allowed,
                            enum vk_place place)
{
    const VkPhysicalDeviceMemoryProperties *m = &dev->facts.memory;
    const VkMemoryPropertyFlags seen = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                       VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    switch (place) {
    case VK_ON_DEVICE:
        return memory_type(m, allowed, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
                           dev->tune.stage ? 0 : seen);
    case VK_UP:
        return memory_type(m, allowed, seen, 0);
    case VK_IN_HOST:
        for (uint32_t i = 0; i < m->memoryTypeCount; i++)
            if ((allowed >> i & 1) &&
                (m->memoryTypes[i].propertyFlags &
                 (seen | VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT)) == seen)
                return i;
        return memory_type(m, allowed, seen, 0);
    default:
        return memory_type(m, allowed, seen,
                           VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    }
}

static enum tarn_status fill_buffer(struct tarn_dev *dev, enum vk_place place,
                                    struct vk_buffer *b, struct tarn_error *err)
{
    VkMemoryRequirements need;
    dev->fn.GetBufferMemoryRequirements(dev->handle, b->handle, &need);
    const uint32_t type = choose_type(dev, need.memoryTypeBits, place);
    if (type == UINT32_MAX)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "%s has no memory of the kind that is needed.",
                                 dev->facts.name);
    const VkMemoryAllocateFlagsInfo flags = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
        .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
    };
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = &flags,
        .allocationSize = need.size,
        .memoryTypeIndex = type,
    };
    VkResult r = dev->fn.AllocateMemory(dev->handle, &info, NULL, &b->memory);
    if (r == VK_ERROR_OUT_OF_HOST_MEMORY || r == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "%s has no room for %.1f MB more.",
                                 dev->facts.name, (double)need.size * 1e-6);
    if (r)
        return vk_failed(dev, r, "AllocateMemory", err);
    r = dev->fn.BindBufferMemory(dev->handle, b->handle, b->memory, 0);
    if (r)
        return vk_failed(dev, r, "BindBufferMemory", err);
    const bool seen = dev->facts.memory.memoryTypes[type].propertyFlags &
                      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
    if (place != VK_ON_DEVICE || (seen && !dev->tune.stage)) {
        r = dev->fn.MapMemory(dev->handle, b->memory, 0, VK_WHOLE_SIZE, 0,
                              &b->map);
        if (r)
            return vk_failed(dev, r, "MapMemory", err);
    }
    const VkBufferDeviceAddressInfo where = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
        .buffer = b->handle,
    };
    b->address = dev->fn.GetBufferDeviceAddress(dev->handle, &where);
    return TARN_OK;
}

enum tarn_status vk_buffer_make(struct tarn_dev *dev, uint64_t size,
                                enum vk_place place, struct vk_buffer *out,
                                struct tarn_error *err)
{
    struct vk_buffer b = { .size = (size + 255) / 256 * 256 };
    if (b.size == 0)
        b.size = 256;
    if (b.size > dev->facts.max_allocation)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "%.1f MB in one piece are more than the "
                                 "%.1f MB that %s gives.",
                                 (double)b.size * 1e-6,
                                 (double)dev->facts.max_allocation * 1e-6,
                                 dev->facts.name);
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = b.size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
                 VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
    };
    const VkResult r =
        dev->fn.CreateBuffer(dev->handle, &info, NULL, &b.handle);
    if (r)
        return vk_failed(dev, r, "CreateBuffer", err);
    const enum tarn_status s = fill_buffer(dev, place, &b, err);
    if (s) {
        vk_buffer_free(dev, &b);
        return s;
    }
    *out = b;
    return TARN_OK;
}

void vk_buffer_free(struct tarn_dev *dev, struct vk_buffer *b)
{
    vk_settle(dev);
    if (b->handle)
        dev->fn.DestroyBuffer(dev->handle, b->handle, NULL);
    if (b->memory)
        dev->fn.FreeMemory(dev->handle, b->memory, NULL);
    *b = (struct vk_buffer){ 0 };
}

enum tarn_status vk_stage_make(struct tarn_dev *dev, struct tarn_error *err)
{
    const uint64_t part = dev->facts.memory_total / 64; /* of a small one */
    return vk_buffer_make(dev, part < STAGE_SIZE ? part : STAGE_SIZE, VK_DOWN,
                          &dev->stage, err);
}

/* -------------------------------------------------------------- transfers */

static enum tarn_status finish_transfer(struct tarn_dev *dev,
                                        struct tarn_error *err)
{
    vk_barrier(dev, dev->transfer);
    const VkResult r = dev->fn.EndCommandBuffer(dev->transfer);
    if (r)
        return vk_failed(dev, r, "EndCommandBuffer", err);
    return vk_submit_and_wait(dev, dev->transfer, err);
}

static enum tarn_status begin_transfer(struct tarn_dev *dev,
                                       struct tarn_error *err)
{
    if (dev->lost)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "%s failed before and is not used again.",
                                 dev->facts.name);
    return vk_begin(dev, dev->transfer, true, err);
}

enum tarn_status vk_clear(struct tarn_dev *dev, struct vk_buffer *b,
                          struct tarn_error *err)
{
    const enum tarn_status s = begin_transfer(dev, err);
    if (s)
        return s;
    dev->fn.CmdFillBuffer(dev->transfer, b->handle, 0, VK_WHOLE_SIZE, 0);
    return finish_transfer(dev, err);
}

enum tarn_status vk_copy(struct tarn_dev *dev, struct vk_buffer *to,
                         struct vk_buffer *from, const VkBufferCopy *regions,
                         uint32_t n, struct tarn_error *err)
{
    const enum tarn_status s = begin_transfer(dev, err);
    if (s)
        return s;
    dev->fn.CmdCopyBuffer(dev->transfer, from->handle, to->handle, n, regions);
    return finish_transfer(dev, err);
}

enum tarn_status vk_write(struct tarn_dev *dev, struct vk_buffer *to,
                          uint64_t at, const void *from, uint64_t size,
                          struct tarn_error *err)
{
    const uint8_t *bytes = from;
    if (to->map) {
        memcpy((uint8_t *)to->map + at, from, size);
        return TARN_OK;
    }
    while (size > 0) {
        const uint64_t n = size < dev->stage.size ? size : dev->stage.size;
        memcpy(dev->stage.map, bytes, n);
        const VkBufferCopy region = { 0, at, n };
        const enum tarn_status s =
            vk_copy(dev, to, &dev->stage, &region, 1, err);
        if (s)
            return s;
        at += n;
        bytes += n;
        size -= n;
    }
    return TARN_OK;
}

enum tarn_status vk_read(struct tarn_dev *dev, struct vk_buffer *from,
                         uint64_t at, void *to, uint64_t size,
                         struct tarn_error *err)
{
    uint8_t *bytes = to;
    while (size > 0) {
        const uint64_t n = size < dev->stage.size ? size : dev->stage.size;
        const VkBufferCopy region = { at, 0, n };
        const enum tarn_status s =
            vk_copy(dev, &dev->stage, from, &region, 1, err);
        if (s)
            return s;
        memcpy(bytes, dev->stage.map, n);
        at += n;
        bytes += n;
        size -= n;
    }
    return TARN_OK;
}
