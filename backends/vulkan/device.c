/* device.c - the backend's table; opening a device; submitting and waiting. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/state_shape.h"
#include "backends/vulkan/inside.h"
#include "backends/vulkan/vulkan.h"

enum { SLICE_NS = 2000000 };

void *vk_alloc(const struct tarn_host *host, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        return NULL;
    const size_t bytes = n * size > 0 ? n * size : 1;
    void *p = host->alloc(host->user, bytes, 64);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void vk_free(const struct tarn_host *host, void *p)
{
    if (p)
        host->free(host->user, p);
}

enum tarn_status vk_failed(struct tarn_dev *dev, VkResult r, const char *call,
                           struct tarn_error *err)
{
    if (r == VK_ERROR_OUT_OF_HOST_MEMORY || r == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "%s has no memory left (vk%s).",
                                 dev->facts.name, call);
    if (r == VK_ERROR_DEVICE_LOST) {
        dev->lost = true;
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "The graphics driver of %s was reset (device "
                                 "lost in vk%s).",
                                 dev->facts.name, call);
    }
    return tarn_backend_fail(err, TARN_DEVICE,
                             "The graphics driver of %s failed (error %d in "
                             "vk%s).",
                             dev->facts.name, (int)r, call);
}

/* --------------------------------------------------------------- commands */

enum tarn_status vk_begin(struct tarn_dev *dev, VkCommandBuffer cb, bool once,
                          struct tarn_error *err)
{
    const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags =
            once ? (uint32_t)VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT : 0,
    };
    const VkResult r = dev->fn.BeginCommandBuffer(cb, &info);
    return r ? vk_failed(dev, r, "BeginCommandBuffer", err) : TARN_OK;
}

void vk_barrier(struct tarn_dev *dev, VkCommandBuffer cb)
{
    const VkMemoryBarrier all = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask =
            VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT |
                         VK_ACCESS_SHADER_WRITE_BIT |
                         VK_ACCESS_TRANSFER_READ_BIT |
                         VK_ACCESS_TRANSFER_WRITE_BIT | VK_ACCESS_HOST_READ_BIT,
    };
    dev->fn.CmdPipelineBarrier(
        cb,
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT |
            VK_PIPELINE_STAGE_HOST_BIT,
        0, 1, &all, 0, NULL, 0, NULL);
}

enum tarn_status vk_submit(struct tarn_dev *dev, VkCommandBuffer cb,
                           struct tarn_error *err)
{
    const uint64_t value = dev->submitted + 1;
    const VkTimelineSemaphoreSubmitInfo when = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &value,
    };
    const VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .pNext = &when,
        .commandBufferCount = 1,
        .pCommandBuffers = &cb,
        .signalSemaphoreCount = 1,
        .pSignalSemaphores = &dev->timeline,
    };
    const VkResult r =
        dev->fn.QueueSubmit(dev->queue, 1, &info, VK_NULL_HANDLE);
    if (r)
        return vk_failed(dev, r, "QueueSubmit", err);
    dev->submitted = value;
    return TARN_OK;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

enum tarn_status vk_wait(struct tarn_dev *dev, uint64_t value, bool *stop,
                         struct tarn_error *err)
{
    const struct tarn_host *host = dev->host;
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &dev->timeline,
        .pValues = &value,
    };
    const double began = now_ms();
    for (;;) {
        const VkResult r = dev->fn.WaitSemaphores(dev->handle, &info, SLICE_NS);
        if (r == VK_SUCCESS)
            return TARN_OK;
        if (r != VK_TIMEOUT && r != VK_NOT_READY) {
            /* Whatever is in flight may still write; a device that is really
             * lost is idle at once. */
            dev->lost = true;
            dev->fn.DeviceWaitIdle(dev->handle);
            return vk_failed(dev, r, "WaitSemaphores", err);
        }
        if (stop && host->cancelled && host->cancelled(host->user))
            *stop = true;
        if (now_ms() - began > dev->tune.hung_ms) {
            dev->lost = true;
            return tarn_backend_fail(err, TARN_DEVICE,
                                     "%s does not answer for %.1f s.",
                                     dev->facts.name, dev->tune.hung_ms * 1e-3);
        }
    }
}

void vk_settle(struct tarn_dev *dev)
{
    if (dev->lost && !dev->settled)
        dev->fn.DeviceWaitIdle(dev->handle);
    dev->settled = dev->lost;
}

enum tarn_status vk_submit_and_wait(struct tarn_dev *dev, VkCommandBuffer cb,
                                    struct tarn_error *err)
{
    enum tarn_status s = vk_submit(dev, cb, err);
    return s ? s : vk_wait(dev, dev->submitted, NULL, err);
}

/* ------------------------------------------------------------------- open */

static bool imports(const struct tarn_dev *dev)
{
    return dev->tune.import != 0 && dev->facts.import_at != 0;
}

static enum tarn_status fetch_device(const struct vk_instance *in,
                                     struct tarn_dev *dev,
                                     struct tarn_error *err)
{
#define X(f)                                                                   \
    do {                                                                       \
        PFN_vkVoidFunction p_ =                                                \
            in->fn.GetDeviceProcAddr(dev->handle, "vk" #f);                    \
        if (!p_)                                                               \
            return tarn_backend_fail(err, TARN_DEVICE,                         \
                                     "the driver of %s has no vk" #f,          \
                                     dev->facts.name);                         \
        memcpy(&dev->fn.f, &p_, sizeof p_);                                    \
    } while (0);
    VK_DEVICE_FUNCTIONS(X)
#undef X
    if (imports(dev)) {
        PFN_vkVoidFunction p = in->fn.GetDeviceProcAddr(
            dev->handle, "vkGetMemoryHostPointerPropertiesEXT");
        memcpy(&dev->fn.GetMemoryHostPointerPropertiesEXT, &p, sizeof p);
    }
    return TARN_OK;
}

static enum tarn_status make_device(const struct vk_instance *in,
                                    struct tarn_dev *dev,
                                    struct tarn_error *err)
{
    const float priority = 1.0f;
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = dev->facts.queue_family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    VkPhysicalDeviceShaderIntegerDotProductFeatures dots = {
        .sType =
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES,
        .shaderIntegerDotProduct = VK_TRUE,
    };
    VkPhysicalDeviceVulkan12Features core = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .pNext = dev->tune.dot ? &dots : NULL,
        .bufferDeviceAddress = VK_TRUE,
        .timelineSemaphore = VK_TRUE,
    };
    const char *extensions[2];
    uint32_t n = 0;
    if (dev->tune.dot)
        extensions[n++] = VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME;
    if (imports(dev))
        extensions[n++] = VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &core,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = n,
        .ppEnabledExtensionNames = extensions,
    };
    const VkResult r =
        in->fn.CreateDevice(dev->facts.handle, &info, NULL, &dev->handle);
    if (r)
        return vk_failed(dev, r, "CreateDevice", err);
    const enum tarn_status s = fetch_device(in, dev, err);
    if (s == TARN_OK)
        dev->fn.GetDeviceQueue(dev->handle, dev->facts.queue_family, 0,
                               &dev->queue);
    return s;
}

static enum tarn_status make_parts(struct tarn_dev *dev, struct tarn_error *err)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = dev->facts.queue_family,
    };
    VkResult r =
        dev->fn.CreateCommandPool(dev->handle, &pool, NULL, &dev->pool);
    if (r)
        return vk_failed(dev, r, "CreateCommandPool", err);
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo timeline = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type
    };
    r = dev->fn.CreateSemaphore(dev->handle, &timeline, NULL, &dev->timeline);
    if (r)
        return vk_failed(dev, r, "CreateSemaphore", err);
    const VkPushConstantRange args = { VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                       sizeof(struct vk_args) };
    const VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &args,
    };
    r = dev->fn.CreatePipelineLayout(dev->handle, &layout, NULL, &dev->layout);
    if (r)
        return vk_failed(dev, r, "CreatePipelineLayout", err);
    const VkCommandBufferAllocateInfo one = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = dev->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    r = dev->fn.AllocateCommandBuffers(dev->handle, &one, &dev->transfer);
    if (r)
        return vk_failed(dev, r, "AllocateCommandBuffers", err);
    dev->pipes = vk_alloc(dev->host, VK_MAX_PIPES, sizeof *dev->pipes);
    if (!dev->pipes)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "There is no memory for a device.");
    return vk_stage_make(dev, err);
}

static void close_device(struct tarn_dev *dev)
{
    if (!dev)
        return;
    if (dev->handle && dev->fn.DestroyDevice) {
        if (dev->fn.DeviceWaitIdle)
            dev->fn.DeviceWaitIdle(dev->handle);
        while (dev->prepared)
            vk_release(dev->prepared);
        while (dev->states)
            vk_state_close(dev->states);
        while (dev->weights)
            vk_weight_free(dev, dev->weights);
        vk_buffer_free(dev, &dev->grids);
        vk_buffer_free(dev, &dev->stage);
        vk_cache_save(dev);
        for (uint32_t i = 0; i < dev->n_pipes; i++)
            dev->fn.DestroyPipeline(dev->handle, dev->pipes[i].handle, NULL);
        if (dev->cache)
            dev->fn.DestroyPipelineCache(dev->handle, dev->cache, NULL);
        if (dev->layout)
            dev->fn.DestroyPipelineLayout(dev->handle, dev->layout, NULL);
        if (dev->timeline)
            dev->fn.DestroySemaphore(dev->handle, dev->timeline, NULL);
        if (dev->pool)
            dev->fn.DestroyCommandPool(dev->handle, dev->pool, NULL);
        dev->fn.DestroyDevice(dev->handle, NULL);
    }
    vk_free(dev->host, dev->pipes);
    vk_free(dev->host, dev);
    vk_instance_give();
}

/* The facts of usable device `index`, and the instance, which the caller gives
 * back. */
static enum tarn_status find_device(const struct tarn_host *host,
                                    uint32_t index,
                                    const struct vk_instance **in,
                                    struct vk_device_facts *out,
                                    struct tarn_error *err)
{
    enum tarn_status s = vk_instance_take(in, err);
    if (s)
        return s;
    struct vk_list *list = vk_alloc(host, 1, sizeof *list);
    if (!list) {
        s = tarn_backend_fail(err, TARN_NO_MEMORY,
                              "There is no memory for a list of devices.");
    } else {
        vk_devices_list(*in, list);
        if (index < list->n_usable)
            *out = list->facts[index];
        else if (list->n_usable == 0)
            s = vk_no_device(list, err);
        else
            s = tarn_backend_fail(err, TARN_DEVICE,
                                  "Vulkan has %u usable devices here; number "
                                  "%u was asked for.",
                                  list->n_usable, index);
    }
    vk_free(host, list);
    if (s)
        vk_instance_give();
    return s;
}

static enum tarn_status open_device(const struct tarn_host *host,
                                    uint32_t index, struct tarn_dev **out,
                                    struct tarn_error *err)
{
    struct vk_device_facts facts;
    const struct vk_instance *in;
    enum tarn_status s = find_device(host, index, &in, &facts, err);
    if (s)
        return s;
    struct tarn_dev *dev = vk_alloc(host, 1, sizeof *dev);
    if (!dev) {
        vk_instance_give();
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "There is no memory for a device.");
    }
    dev->host = host;
    dev->facts = facts;
    dev->rate = facts.kind == TARN_DEVICE_SOFTWARE ? 1e3 : 1e5;
    vk_tuning_choose(&facts, &dev->tune);
    s = make_device(in, dev, err);
    if (s == TARN_OK)
        s = make_parts(dev, err);
    if (s) {
        close_device(dev);
        return s;
    }
    vk_cache_load(dev);
    *out = dev;
    return TARN_OK;
}

/* ------------------------------------------------------------------- info */

static uint32_t device_count(const struct tarn_host *host)
{
    const struct vk_instance *in;
    uint32_t n = 0;
    if (vk_instance_take(&in, NULL))
        return 0;
    struct vk_list *list = vk_alloc(host, 1, sizeof *list);
    if (list) {
        vk_devices_list(in, list);
        n = list->n_usable;
    }
    vk_free(host, list);
    vk_instance_give();
    return n;
}

static enum tarn_status device_info(const struct tarn_host *host,
                                    uint32_t index,
                                    struct tarn_device_info *out,
                                    struct tarn_error *err)
{
    struct vk_device_facts f;
    const struct vk_instance *in;
    const enum tarn_status s = find_device(host, index, &in, &f, err);
    if (s)
        return s;
    vk_instance_give();
    static const char *const kinds[] = { "", "discrete", "integrated",
                                         "software" };
    static const char *const in_place[] = { "", ", weights in place",
                                            ", experts outside" };
    struct vk_tuning tune;
    vk_tuning_choose(&f, &tune);
    struct tarn_device_info info = {
        .size = out->size,
        .kind = f.kind,
        .memory_total = f.memory_total,
        .memory_free = f.memory_free,
        .max_weight_bytes = f.max_allocation,
        .in_place = tune.import,
        .digests = true,
    };
    snprintf(info.name, sizeof info.name, "%.95s", f.name);
    snprintf(info.detail, sizeof info.detail,
             "%s, %u lanes, %s, %.1f GB free%s%s, Vulkan %u.%u, %.70s",
             kinds[f.kind & 3], f.subgroup,
             f.fast_dot      ? "integer dot"
             : f.integer_dot ? "slow integer dot"
                             : "no integer dot",
             (double)f.memory_free * 1e-9, f.budget ? "" : "?",
             in_place[tune.import],
             VK_API_VERSION_MAJOR(f.api_version),
             VK_API_VERSION_MINOR(f.api_version), f.driver);
    *out = info;
    return TARN_OK;
}

static enum tarn_status cost(const struct tarn_host *host, uint32_t device,
                             const struct tarn_plan *plan,
                             const struct tarn_state_shape *shape,
                             uint64_t *work_bytes, uint64_t *page_bytes,
                             uint64_t *tail_bytes, struct tarn_error *err)
{
    struct vk_device_facts facts;
    struct vk_tuning tune;
    const struct vk_instance *in;
    enum tarn_status s = find_device(host, device, &in, &facts, err);
    if (s)
        return s;
    vk_instance_give();
    vk_tuning_choose(&facts, &tune);
    s = vk_check_plan(plan, NULL, true, err);
    if (s)
        return s;
    struct vk_work work = { 0 };
    if (!vk_layout(&tune, plan, shape ? shape->n_conv : 0, &work))
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "The work of this plan can't be counted.");
    *work_bytes = work.size + work.up_size + work.down_size;
    *page_bytes = 0;
    *tail_bytes = 0;
    if (shape)
        tarn_state_bytes(shape, page_bytes, tail_bytes);
    *tail_bytes *= 2; /* two windows */
    return TARN_OK;
}

const struct tarn_backend *tarn_backend_vulkan(void)
{
    static const struct tarn_backend vulkan = {
        .size = sizeof vulkan,
        .abi = TARN_BACKEND_ABI,
        .name = "vulkan",
        .version = TARN_VULKAN_VERSION,
        .device_count = device_count,
        .device_info = device_info,
        .open = open_device,
        .close = close_device,
        .weight = vk_weight_take,
        .weight_free = vk_weight_free,
        .state_open = vk_state_open,
        .state_close = vk_state_close,
        .state_room = vk_state_room,
        .state_copy = vk_state_copy,
        .state_read = vk_state_read,
        .state_write = vk_state_write,
        .prepare = vk_prepare,
        .release = vk_release,
        .cost = cost,
        .run = vk_run,
    };
    return &vulkan;
}
