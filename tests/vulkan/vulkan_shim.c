/* vulkan_shim.c - a libvulkan.so.1 that stands before the real one.
 *
 * A test loads it by path; its soname is libvulkan.so.1, so the backend's
 * dlopen() of that name finds it.  It passes every call on, and on demand:
 * makes call k fail, lets a wait time out for ever, gives poisoned memory,
 * keeps count of objects that live, shows a device smaller than it is, and
 * spoils what lies on the device. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vulkan/vulkan_shim.h"

__attribute__((
    visibility("default"))) struct vulkan_shim vulkan_shim = { .fail_at = 0 };

static PFN_vkGetInstanceProcAddr real_gipa;
static PFN_vkGetDeviceProcAddr real_gdpa;
static VkDevice the_device;
static PFN_vkMapMemory real_map;
static PFN_vkUnmapMemory real_unmap;

enum { MAX_MEMORIES = 4096 };
static struct {
    VkDeviceMemory handle;
    uint64_t size;
    void *map;
} memories[MAX_MEMORIES];

/* True if this call is to fail. */
static bool strike(const char *name)
{
    struct vulkan_shim *s = &vulkan_shim;
    s->n_calls++;
    if (s->only && strcmp(s->only, name) != 0)
        return false;
    s->n_counted++;
    if (s->fail_at == 0 ||
        (s->for_ever ? s->n_counted < s->fail_at : s->n_counted != s->fail_at))
        return false;
    s->struck = name;
    return true;
}

#define WRAP(name, params, args)                                               \
    static PFN_vk##name real_##name;                                           \
    static VKAPI_ATTR VkResult VKAPI_CALL wrap_##name params                   \
    {                                                                          \
        if (strike(#name))                                                     \
            return vulkan_shim.result;                                         \
        return real_##name args;                                               \
    }
/* The same, and one more object lives. */
#define MAKE(name, params, args)                                               \
    static PFN_vk##name real_##name;                                           \
    static VKAPI_ATTR VkResult VKAPI_CALL wrap_##name params                   \
    {                                                                          \
        if (strike(#name))                                                     \
            return vulkan_shim.result;                                         \
        const VkResult r = real_##name args;                                   \
        vulkan_shim.n_alive += r == VK_SUCCESS;                                \
        return r;                                                              \
    }
#define KILL(name, params, args, handle)                                       \
    static PFN_vk##name real_##name;                                           \
    static VKAPI_ATTR void VKAPI_CALL wrap_##name params                       \
    {                                                                          \
        vulkan_shim.n_alive -= handle != VK_NULL_HANDLE;                       \
        real_##name args;                                                      \
    }
#define A const VkAllocationCallbacks *a

WRAP(EnumerateInstanceVersion, (uint32_t * v), (v))
MAKE(CreateDevice,
     (VkPhysicalDevice p, const VkDeviceCreateInfo *c, A, VkDevice *d),
     (p, c, a, d))
MAKE(CreateBuffer, (VkDevice d, const VkBufferCreateInfo *c, A, VkBuffer *b),
     (d, c, a, b))
WRAP(BindBufferMemory,
     (VkDevice d, VkBuffer b, VkDeviceMemory m, VkDeviceSize o), (d, b, m, o))
MAKE(CreateShaderModule,
     (VkDevice d, const VkShaderModuleCreateInfo *c, A, VkShaderModule *m),
     (d, c, a, m))
MAKE(CreatePipelineLayout,
     (VkDevice d, const VkPipelineLayoutCreateInfo *c, A, VkPipelineLayout *l),
     (d, c, a, l))
MAKE(CreateComputePipelines,
     (VkDevice d, VkPipelineCache p, uint32_t n,
      const VkComputePipelineCreateInfo *c, A, VkPipeline *l),
     (d, p, n, c, a, l))
WRAP(GetPipelineCacheData,
     (VkDevice d, VkPipelineCache p, size_t *n, void *data), (d, p, n, data))
MAKE(CreateCommandPool,
     (VkDevice d, const VkCommandPoolCreateInfo *c, A, VkCommandPool *p),
     (d, c, a, p))
WRAP(AllocateCommandBuffers,
     (VkDevice d, const VkCommandBufferAllocateInfo *c, VkCommandBuffer *b),
     (d, c, b))
WRAP(BeginCommandBuffer, (VkCommandBuffer b, const VkCommandBufferBeginInfo *i),
     (b, i))
WRAP(EndCommandBuffer, (VkCommandBuffer b), (b))
MAKE(CreateSemaphore,
     (VkDevice d, const VkSemaphoreCreateInfo *c, A, VkSemaphore *s),
     (d, c, a, s))
WRAP(QueueSubmit, (VkQueue q, uint32_t n, const VkSubmitInfo *s, VkFence f),
     (q, n, s, f))
WRAP(DeviceWaitIdle, (VkDevice d), (d))
KILL(DestroyInstance, (VkInstance i, A), (i, a), i)
KILL(DestroyDevice, (VkDevice d, A), (d, a), d)
KILL(DestroyBuffer, (VkDevice d, VkBuffer b, A), (d, b, a), b)
KILL(DestroyShaderModule, (VkDevice d, VkShaderModule m, A), (d, m, a), m)
KILL(DestroyPipelineLayout, (VkDevice d, VkPipelineLayout l, A), (d, l, a), l)
KILL(DestroyPipeline, (VkDevice d, VkPipeline p, A), (d, p, a), p)
KILL(DestroyPipelineCache, (VkDevice d, VkPipelineCache p, A), (d, p, a), p)
KILL(DestroyCommandPool, (VkDevice d, VkCommandPool p, A), (d, p, a), p)
KILL(DestroySemaphore, (VkDevice d, VkSemaphore s, A), (d, s, a), s)

static PFN_vkCreateInstance real_CreateInstance;
static VKAPI_ATTR VkResult VKAPI_CALL
wrap_CreateInstance(const VkInstanceCreateInfo *c, A, VkInstance *i)
{
    if (strike("CreateInstance"))
        return vulkan_shim.result;
    const VkResult r = real_CreateInstance(c, a, i);
    vulkan_shim.n_alive += r == VK_SUCCESS;
    return r;
}

static PFN_vkEnumeratePhysicalDevices real_EnumeratePhysicalDevices;
static VKAPI_ATTR VkResult VKAPI_CALL wrap_EnumeratePhysicalDevices(
    VkInstance i, uint32_t *n, VkPhysicalDevice *d)
{
    if (strike("EnumeratePhysicalDevices"))
        return vulkan_shim.result;
    if (vulkan_shim.no_devices)
        *n = 0;
    return vulkan_shim.no_devices ? VK_SUCCESS
                                  : real_EnumeratePhysicalDevices(i, n, d);
}

static PFN_vkCreatePipelineCache real_CreatePipelineCache;
static VKAPI_ATTR VkResult VKAPI_CALL
wrap_CreatePipelineCache(VkDevice d, const VkPipelineCacheCreateInfo *c, A,
                         VkPipelineCache *p)
{
    vulkan_shim.cache_shown = c->initialDataSize;
    if (strike("CreatePipelineCache"))
        return vulkan_shim.result;
    const VkResult r = real_CreatePipelineCache(d, c, a, p);
    vulkan_shim.n_alive += r == VK_SUCCESS;
    return r;
}

static PFN_vkEnumerateDeviceExtensionProperties
    real_EnumerateDeviceExtensionProperties;
static VKAPI_ATTR VkResult VKAPI_CALL
wrap_EnumerateDeviceExtensionProperties(VkPhysicalDevice d, const char *layer,
                                        uint32_t *n, VkExtensionProperties *p)
{
    if (strike("EnumerateDeviceExtensionProperties"))
        return vulkan_shim.result;
    if (vulkan_shim.small.no_extensions) {
        *n = 0;
        return VK_SUCCESS;
    }
    return real_EnumerateDeviceExtensionProperties(d, layer, n, p);
}

/* A wait that fails may say TIMEOUT, which is no failure by itself. */
static PFN_vkWaitSemaphores real_WaitSemaphores;
static VKAPI_ATTR VkResult VKAPI_CALL
wrap_WaitSemaphores(VkDevice d, const VkSemaphoreWaitInfo *i, uint64_t t)
{
    if (strike("WaitSemaphores"))
        return vulkan_shim.result;
    return real_WaitSemaphores(d, i, t);
}

/* ---------------------------------------------------------------- memory */

WRAP(GetMemoryHostPointerPropertiesEXT,
     (VkDevice d, VkExternalMemoryHandleTypeFlagBits t, const void *p,
      VkMemoryHostPointerPropertiesEXT *o),
     (d, t, p, o))

static bool is_import(const VkMemoryAllocateInfo *c)
{
    for (const VkBaseInStructure *i = c->pNext; i; i = i->pNext)
        if (i->sType == VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT)
            return true;
    return false;
}

static PFN_vkAllocateMemory real_AllocateMemory;
static VKAPI_ATTR VkResult VKAPI_CALL wrap_AllocateMemory(
    VkDevice d, const VkMemoryAllocateInfo *c, A, VkDeviceMemory *m)
{
    const uint64_t heap = vulkan_shim.small.heap;
    if (strike("AllocateMemory"))
        return vulkan_shim.result;
    if (is_import(c)) {
        const VkResult r = vulkan_shim.no_import
                               ? VK_ERROR_INVALID_EXTERNAL_HANDLE
                               : real_AllocateMemory(d, c, a, m);
        vulkan_shim.n_alive += r == VK_SUCCESS;
        vulkan_shim.imported += r == VK_SUCCESS ? c->allocationSize : 0;
        return r;
    }
    if (heap && vulkan_shim.memory + c->allocationSize > heap)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const VkResult r = real_AllocateMemory(d, c, a, m);
    if (r)
        return r;
    vulkan_shim.n_alive++;
    vulkan_shim.memory += c->allocationSize;
    if (vulkan_shim.memory > vulkan_shim.most_memory)
        vulkan_shim.most_memory = vulkan_shim.memory;
    for (size_t i = 0; i < MAX_MEMORIES; i++)
        if (!memories[i].handle) {
            memories[i].handle = *m;
            memories[i].size = c->allocationSize;
            memories[i].map = NULL;
            if (vulkan_shim.poison &&
                real_map(d, *m, 0, VK_WHOLE_SIZE, 0, &memories[i].map) == 0) {
                memset(memories[i].map, 0xa5, c->allocationSize);
                real_unmap(d, *m);
                memories[i].map = NULL;
            }
            break;
        }
    return VK_SUCCESS;
}

static PFN_vkFreeMemory real_FreeMemory;
static VKAPI_ATTR void VKAPI_CALL wrap_FreeMemory(VkDevice d, VkDeviceMemory m,
                                                  A)
{
    for (size_t i = 0; m && i < MAX_MEMORIES; i++)
        if (memories[i].handle == m) {
            vulkan_shim.memory -= memories[i].size;
            memories[i].handle = VK_NULL_HANDLE;
            break;
        }
    vulkan_shim.n_alive -= m != VK_NULL_HANDLE;
    real_FreeMemory(d, m, a);
}

static VKAPI_ATTR VkResult VKAPI_CALL
wrap_MapMemory(VkDevice d, VkDeviceMemory m, VkDeviceSize o, VkDeviceSize n,
               VkMemoryMapFlags f, void **p)
{
    if (strike("MapMemory"))
        return vulkan_shim.result;
    const VkResult r = real_map(d, m, o, n, f, p);
    for (size_t i = 0; r == VK_SUCCESS && i < MAX_MEMORIES; i++)
        if (memories[i].handle == m)
            memories[i].map = *p;
    return r;
}

__attribute__((visibility("default"))) void vulkan_shim_spoil(uint64_t least)
{
    for (size_t i = 0; i < MAX_MEMORIES; i++)
        if (memories[i].handle && memories[i].map && memories[i].size >= least)
            for (uint64_t k = 0; k < memories[i].size; k++)
                ((uint8_t *)memories[i].map)[k] ^= 0x11;
}

/* ------------------------------------------------- a smaller device */

static PFN_vkGetPhysicalDeviceProperties2 real_GetPhysicalDeviceProperties2;
static VKAPI_ATTR void VKAPI_CALL wrap_GetPhysicalDeviceProperties2(
    VkPhysicalDevice d, VkPhysicalDeviceProperties2 *p)
{
    const struct vulkan_small *s = &vulkan_shim.small;
    real_GetPhysicalDeviceProperties2(d, p);
    VkPhysicalDeviceLimits *l = &p->properties.limits;
    if (s->api_version)
        p->properties.apiVersion = s->api_version;
    if (s->driver_version)
        p->properties.driverVersion = s->driver_version;
    if (s->type)
        p->properties.deviceType = s->type;
    if (s->name)
        strncpy(p->properties.deviceName, s->name,
                sizeof p->properties.deviceName - 1);
    if (s->range)
        l->maxStorageBufferRange = s->range;
    if (s->shared)
        l->maxComputeSharedMemorySize = s->shared;
    if (s->lanes) {
        l->maxComputeWorkGroupSize[0] = s->lanes;
        l->maxComputeWorkGroupInvocations = s->lanes;
    }
    for (VkBaseOutStructure *o = p->pNext; o; o = o->pNext) {
        if (o->sType ==
                VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES &&
            s->allocation)
            ((VkPhysicalDeviceMaintenance3Properties *)(void *)o)
                ->maxMemoryAllocationSize = s->allocation;
        if (o->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES &&
            s->subgroup)
            ((VkPhysicalDeviceSubgroupProperties *)(void *)o)->subgroupSize =
                s->subgroup;
    }
}

static PFN_vkGetPhysicalDeviceFeatures2 real_GetPhysicalDeviceFeatures2;
static VKAPI_ATTR void VKAPI_CALL wrap_GetPhysicalDeviceFeatures2(
    VkPhysicalDevice d, VkPhysicalDeviceFeatures2 *p)
{
    real_GetPhysicalDeviceFeatures2(d, p);
    for (VkBaseOutStructure *o = p->pNext; o; o = o->pNext)
        if (o->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES) {
            VkPhysicalDeviceVulkan12Features *f = (void *)o;
            if (vulkan_shim.small.no_addresses)
                f->bufferDeviceAddress = VK_FALSE;
            if (vulkan_shim.small.no_timeline)
                f->timelineSemaphore = VK_FALSE;
        }
}

static PFN_vkGetPhysicalDeviceMemoryProperties2
    real_GetPhysicalDeviceMemoryProperties2;
static VKAPI_ATTR void VKAPI_CALL wrap_GetPhysicalDeviceMemoryProperties2(
    VkPhysicalDevice d, VkPhysicalDeviceMemoryProperties2 *p)
{
    real_GetPhysicalDeviceMemoryProperties2(d, p);
    if (vulkan_shim.small.heap)
        for (uint32_t i = 0; i < p->memoryProperties.memoryHeapCount; i++)
            p->memoryProperties.memoryHeaps[i].size = vulkan_shim.small.heap;
}

/* ------------------------------------------------------------- the doors */

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
wrap_GetDeviceProcAddr(VkDevice d, const char *name);

#define HOOK(n)                                                                \
    if (strcmp(name, "vk" #n) == 0) {                                          \
        memcpy(&real_##n, &f, sizeof f);                                       \
        PFN_vk##n mine = wrap_##n;                                             \
        memcpy(&f, &mine, sizeof f);                                           \
        return f;                                                              \
    }

/* The wrapper of a function, or the function itself. */
static PFN_vkVoidFunction hook(const char *name, PFN_vkVoidFunction f)
{
    if (!f)
        return f;
    HOOK(CreateInstance)
    HOOK(EnumerateInstanceVersion)
    HOOK(DestroyInstance)
    HOOK(EnumeratePhysicalDevices)
    HOOK(EnumerateDeviceExtensionProperties)
    HOOK(GetPhysicalDeviceProperties2)
    HOOK(GetPhysicalDeviceFeatures2)
    HOOK(GetPhysicalDeviceMemoryProperties2)
    HOOK(CreateDevice)
    HOOK(DestroyDevice)
    HOOK(CreateBuffer)
    HOOK(DestroyBuffer)
    HOOK(AllocateMemory)
    HOOK(GetMemoryHostPointerPropertiesEXT)
    HOOK(FreeMemory)
    HOOK(BindBufferMemory)
    HOOK(CreateShaderModule)
    HOOK(DestroyShaderModule)
    HOOK(CreatePipelineLayout)
    HOOK(DestroyPipelineLayout)
    HOOK(CreateComputePipelines)
    HOOK(DestroyPipeline)
    HOOK(CreatePipelineCache)
    HOOK(DestroyPipelineCache)
    HOOK(GetPipelineCacheData)
    HOOK(CreateCommandPool)
    HOOK(DestroyCommandPool)
    HOOK(AllocateCommandBuffers)
    HOOK(BeginCommandBuffer)
    HOOK(EndCommandBuffer)
    HOOK(CreateSemaphore)
    HOOK(DestroySemaphore)
    HOOK(WaitSemaphores)
    HOOK(QueueSubmit)
    HOOK(DeviceWaitIdle)
    if (strcmp(name, "vkMapMemory") == 0) {
        PFN_vkMapMemory mine = wrap_MapMemory;
        memcpy(&real_map, &f, sizeof f);
        memcpy(&f, &mine, sizeof f);
    }
    if (strcmp(name, "vkGetDeviceProcAddr") == 0) {
        PFN_vkGetDeviceProcAddr mine = wrap_GetDeviceProcAddr;
        memcpy(&real_gdpa, &f, sizeof f);
        memcpy(&f, &mine, sizeof f);
    }
    return f;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
wrap_GetDeviceProcAddr(VkDevice d, const char *name)
{
    the_device = d;
    PFN_vkVoidFunction unmap = real_gdpa(d, "vkUnmapMemory");
    memcpy(&real_unmap, &unmap, sizeof unmap);
    return hook(name, real_gdpa(d, name));
}

__attribute__((visibility("default"))) VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vkGetInstanceProcAddr(VkInstance instance, const char *name)
{
    if (!real_gipa) {
        void *real = dlopen(vulkan_shim.real, RTLD_NOW | RTLD_LOCAL);
        void *f = real ? dlsym(real, "vkGetInstanceProcAddr") : NULL;
        if (!f)
            return NULL;
        memcpy(&real_gipa, &f, sizeof f);
    }
    return hook(name, real_gipa(instance, name));
}

/* For whole programs: what the variables say. */
__attribute__((constructor)) static void read_variables(void)
{
    const char *heap = getenv("TARN_SHIM_HEAP");
    const char *most = getenv("TARN_SHIM_ALLOCATION");
    vulkan_shim.real = getenv("TARN_SHIM_REAL");
    vulkan_shim.no_import = getenv("TARN_SHIM_NO_IMPORT") != NULL;
    vulkan_shim.small.heap = heap ? strtoull(heap, NULL, 10) : 0;
    vulkan_shim.small.allocation = most ? strtoull(most, NULL, 10) : 0;
    vulkan_shim.small.range = most ? (uint32_t)strtoull(most, NULL, 10) : 0;
}
