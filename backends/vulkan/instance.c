/* instance.c - libvulkan, the instance, and which devices there are.
 *
 * The instance lives as long as the process: drivers leave threads behind, and
 * making it anew for every question costs tens of milliseconds.  It is the one
 * thing here that is global, because a process has one loader. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backends/vulkan/import.h"
#include "backends/vulkan/vulkan.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct vk_instance it;
    uint32_t n_users;
    bool made;
} only;

/* ---------------------------------------------------------------- loading */

static PFN_vkGetInstanceProcAddr open_library(struct tarn_error *err)
{
    void *library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "vkGetInstanceProcAddr") : NULL;
    PFN_vkGetInstanceProcAddr get = NULL;
    if (!symbol) {
        tarn_backend_fail(err, TARN_DEVICE,
                          library ? "no device: libvulkan.so.1 is not a Vulkan "
                                    "loader"
                                  : "no device: Vulkan is not installed "
                                    "(libvulkan.so.1 can't be loaded)");
        return NULL;
    }
    memcpy(&get, &symbol, sizeof get); /* POSIX: data and code fit alike */
    return get;
}

static enum tarn_status missing(struct tarn_error *err, const char *name)
{
    return tarn_backend_fail(err, TARN_DEVICE,
                             "no device: the Vulkan loader lacks vk%s", name);
}

#define FETCH(table, get, handle, name)                                        \
    do {                                                                       \
        PFN_vkVoidFunction f_ = get(handle, "vk" #name);                       \
        if (!f_)                                                               \
            return missing(err, #name);                                        \
        memcpy(&(table)->name, &f_, sizeof f_);                                \
    } while (0);

static enum tarn_status fetch_global(struct vk_global_api *g,
                                     struct tarn_error *err)
{
#define X(f) FETCH(g, g->GetInstanceProcAddr, NULL, f)
    VK_GLOBAL_FUNCTIONS(X)
#undef X
    return TARN_OK;
}

static enum tarn_status fetch_instance(struct vk_instance *in,
                                       struct tarn_error *err)
{
#define X(f) FETCH(&in->fn, in->global.GetInstanceProcAddr, in->handle, f)
    VK_INSTANCE_FUNCTIONS(X)
#undef X
    return TARN_OK;
}

static enum tarn_status make_instance(struct vk_instance *in,
                                      struct tarn_error *err)
{
    uint32_t version = VK_API_VERSION_1_0;
    in->global.GetInstanceProcAddr = open_library(err);
    if (!in->global.GetInstanceProcAddr)
        return TARN_DEVICE;
    enum tarn_status s = fetch_global(&in->global, err);
    if (s)
        return s;
    if (in->global.EnumerateInstanceVersion(&version) != VK_SUCCESS ||
        version < VK_API_VERSION_1_2)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "no device: the Vulkan loader is of version "
                                 "%u.%u; 1.2 is needed",
                                 VK_API_VERSION_MAJOR(version),
                                 VK_API_VERSION_MINOR(version));
    const VkApplicationInfo app = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "tarn",
        .apiVersion = VK_API_VERSION_1_2,
    };
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &app,
    };
    const VkResult r = in->global.CreateInstance(&info, NULL, &in->handle);
    if (r == VK_ERROR_INCOMPATIBLE_DRIVER)
        return tarn_backend_fail(
            err, TARN_DEVICE,
            "no device: Vulkan is installed, but no driver "
            "for one");
    if (r != VK_SUCCESS)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "no device: Vulkan can't be started (error "
                                 "%d)",
                                 (int)r);
    s = fetch_instance(in, err);
    if (s && in->fn.DestroyInstance)
        in->fn.DestroyInstance(in->handle, NULL);
    return s;
}

enum tarn_status vk_instance_take(const struct vk_instance **out,
                                  struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    pthread_mutex_lock(&mutex);
    if (!only.made) {
        memset(&only.it, 0, sizeof only.it);
        s = make_instance(&only.it, err);
        only.made = s == TARN_OK;
    }
    if (s == TARN_OK) {
        only.n_users++;
        *out = &only.it;
    }
    pthread_mutex_unlock(&mutex);
    return s;
}

void vk_instance_give(void)
{
    pthread_mutex_lock(&mutex);
    only.n_users--;
    pthread_mutex_unlock(&mutex);
}

void tarn_vulkan_forget(void)
{
    pthread_mutex_lock(&mutex);
    if (only.made && only.n_users == 0) {
        only.it.fn.DestroyInstance(only.it.handle, NULL);
        only.made = false;
    }
    vk_import_forget();
    pthread_mutex_unlock(&mutex);
}

/* ---------------------------------------------------------------- judging */

static bool wants_software(void)
{
    const char *v = getenv("TARN_VULKAN_SOFTWARE");
    return v && v[0] && strcmp(v, "0") != 0;
}

static uint32_t kind_of(VkPhysicalDeviceType type)
{
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return TARN_DEVICE_DISCRETE;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return TARN_DEVICE_SOFTWARE;
    default: /* virtual and other ones share somebody's memory */
        return TARN_DEVICE_INTEGRATED;
    }
}

/* Text of a driver: printable ASCII only. */
static void take_text(char *out, size_t room, const char *text)
{
    tarn_plain_name(out, room, text);
}

static bool has_extension(const struct vk_instance *in, VkPhysicalDevice d,
                          const char *name)
{
    uint32_t n = 0;
    if (in->fn.EnumerateDeviceExtensionProperties(d, NULL, &n, NULL) ||
        n == 0 || n > 4096)
        return false;
    VkExtensionProperties *all = calloc(n, sizeof *all);
    bool found = false;
    if (all && in->fn.EnumerateDeviceExtensionProperties(d, NULL, &n, all) >= 0)
        for (uint32_t i = 0; i < n && !found; i++)
            found = strncmp(all[i].extensionName, name,
                            sizeof all[i].extensionName) == 0;
    free(all);
    return found;
}

static void read_properties(const struct vk_instance *in,
                            struct vk_device_facts *f, bool dot)
{
    VkPhysicalDeviceShaderIntegerDotProductProperties dots = {
        .sType =
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES
    };
    VkPhysicalDeviceSubgroupProperties groups = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES,
        .pNext = dot ? &dots : NULL,
    };
    VkPhysicalDeviceMaintenance3Properties limits = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES,
        .pNext = &groups,
    };
    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
        .pNext = &limits,
    };
    VkPhysicalDeviceIDProperties id = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
        .pNext = &driver,
    };
    VkPhysicalDeviceProperties2 all = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &id
    };
    in->fn.GetPhysicalDeviceProperties2(f->handle, &all);
    const VkPhysicalDeviceProperties *p = &all.properties;
    f->kind = kind_of(p->deviceType);
    f->vendor = p->vendorID;
    f->device = p->deviceID;
    f->driver_version = p->driverVersion;
    f->api_version = p->apiVersion;
    memcpy(f->uuid, id.deviceUUID, sizeof f->uuid);
    take_text(f->name, sizeof f->name, p->deviceName);
    char driver_name[48], driver_info[48];
    take_text(driver_name, sizeof driver_name, driver.driverName);
    take_text(driver_info, sizeof driver_info, driver.driverInfo);
    snprintf(f->driver, sizeof f->driver, "%.45s %.45s", driver_name,
             driver_info);
    f->subgroup = groups.subgroupSize;
    f->max_shared = p->limits.maxComputeSharedMemorySize;
    f->max_lanes = p->limits.maxComputeWorkGroupSize[0];
    if (f->max_lanes > p->limits.maxComputeWorkGroupInvocations)
        f->max_lanes = p->limits.maxComputeWorkGroupInvocations;
    f->max_allocation = limits.maxMemoryAllocationSize;
    f->fast_dot =
        dot && dots.integerDotProduct4x8BitPackedSignedAccelerated == VK_TRUE;
}

/* The largest heap that the device calls its own, and what is free of it:
 * told by VK_EXT_memory_budget, else 80 % are assumed. */
static void read_memory(const struct vk_instance *in, struct vk_device_facts *f)
{
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT
    };
    VkPhysicalDeviceMemoryProperties2 all = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2
    };
    f->budget =
        has_extension(in, f->handle, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    all.pNext = f->budget ? &budget : NULL;
    in->fn.GetPhysicalDeviceMemoryProperties2(f->handle, &all);
    f->memory = all.memoryProperties;
    if (f->memory.memoryHeapCount > VK_MAX_MEMORY_HEAPS)
        f->memory.memoryHeapCount = VK_MAX_MEMORY_HEAPS;
    if (f->memory.memoryTypeCount > VK_MAX_MEMORY_TYPES)
        f->memory.memoryTypeCount = VK_MAX_MEMORY_TYPES;
    for (uint32_t i = 0; i < f->memory.memoryHeapCount; i++) {
        const VkMemoryHeap *h = &f->memory.memoryHeaps[i];
        if (!(h->flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) ||
            h->size <= f->memory_total)
            continue;
        f->memory_total = h->size;
        f->memory_free = h->size / 5 * 4;
        if (f->budget) {
            const uint64_t has = budget.heapBudget[i],
                           used = budget.heapUsage[i];
            f->memory_free = has > used ? has - used : 0;
        }
        if (f->memory_free > f->memory_total)
            f->memory_free = f->memory_total;
    }
}

static bool find_queue(const struct vk_instance *in, struct vk_device_facts *f)
{
    VkQueueFamilyProperties all[32];
    uint32_t n = sizeof all / sizeof *all;
    in->fn.GetPhysicalDeviceQueueFamilyProperties(f->handle, &n, all);
    for (uint32_t i = 0; i < n; i++)
        if ((all[i].queueFlags & VK_QUEUE_COMPUTE_BIT) && all[i].queueCount) {
            f->queue_family = i;
            return true;
        }
    return false;
}

static void read_features(const struct vk_instance *in,
                          struct vk_device_facts *f, bool dot)
{
    VkPhysicalDeviceShaderIntegerDotProductFeatures dots = {
        .sType =
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES
    };
    VkPhysicalDeviceVulkan12Features core = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .pNext = dot ? &dots : NULL,
    };
    VkPhysicalDeviceFeatures2 all = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &core
    };
    in->fn.GetPhysicalDeviceFeatures2(f->handle, &all);
    f->integer_dot = dot && dots.shaderIntegerDotProduct;
    if (!core.bufferDeviceAddress)
        snprintf(f->refusal, sizeof f->refusal,
                 "its driver has no buffer addresses");
    else if (!core.timelineSemaphore)
        snprintf(f->refusal, sizeof f->refusal,
                 "its driver has no timeline semaphores");
}

static void judge(const struct vk_instance *in, struct vk_device_facts *f)
{
    VkPhysicalDeviceProperties2 first = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
    };
    in->fn.GetPhysicalDeviceProperties2(f->handle, &first);
    if (first.properties.apiVersion < VK_API_VERSION_1_2) {
        take_text(f->name, sizeof f->name, first.properties.deviceName);
        f->kind = kind_of(first.properties.deviceType);
        snprintf(f->refusal, sizeof f->refusal,
                 "its driver is of Vulkan %u.%u; 1.2 is needed",
                 VK_API_VERSION_MAJOR(first.properties.apiVersion),
                 VK_API_VERSION_MINOR(first.properties.apiVersion));
        return;
    }
    const bool dot = has_extension(
        in, f->handle, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
    read_properties(in, f, dot);
    read_memory(in, f);
    read_features(in, f, dot);
    if (has_extension(in, f->handle,
                      VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
        f->import_at = vk_import_pages(in, f->handle);
    if (!f->refusal[0] && !find_queue(in, f))
        snprintf(f->refusal, sizeof f->refusal, "it can't compute");
    if (!f->refusal[0] && (f->max_shared < 16384 || f->max_lanes < 64))
        snprintf(f->refusal, sizeof f->refusal, "its workgroups are too small");
    if (!f->refusal[0] && f->memory_total == 0)
        snprintf(f->refusal, sizeof f->refusal, "it has no memory");
    if (!f->refusal[0] && f->kind == TARN_DEVICE_SOFTWARE && !wants_software())
        snprintf(f->refusal, sizeof f->refusal,
                 "it is this processor in disguise; TARN_VULKAN_SOFTWARE=1 "
                 "uses it");
}

/* ---------------------------------------------------------------- the list */

static bool asked_for(const struct vk_device_facts *f)
{
    const char *want = getenv("TARN_VULKAN_DEVICE");
    return want && want[0] && strstr(f->name, want) != NULL;
}

/* Usable ones first; then the one that was named, discrete before integrated
 * before software, more memory before less. */
static bool before(const struct vk_device_facts *a,
                   const struct vk_device_facts *b)
{
    if (!a->refusal[0] != !b->refusal[0])
        return !a->refusal[0];
    if (asked_for(a) != asked_for(b))
        return asked_for(a);
    if (a->kind != b->kind)
        return a->kind < b->kind; /* the enum is in this order */
    return a->memory_total > b->memory_total;
}

/* The same card under a second driver. */
static bool seen(const struct vk_list *l, const struct vk_device_facts *f)
{
    static const uint8_t none[VK_UUID_SIZE];
    for (uint32_t i = 0; i < l->n; i++)
        if (!l->facts[i].refusal[0] &&
            memcmp(f->uuid, none, sizeof none) != 0 &&
            memcmp(f->uuid, l->facts[i].uuid, sizeof f->uuid) == 0)
            return true;
    return false;
}

void vk_devices_list(const struct vk_instance *in, struct vk_list *out)
{
    VkPhysicalDevice all[VK_MAX_DEVICES];
    uint32_t n = VK_MAX_DEVICES;
    out->n = out->n_usable = 0;
    if (in->fn.EnumeratePhysicalDevices(in->handle, &n, all) < 0)
        return;
    for (uint32_t i = 0; i < n; i++) {
        struct vk_device_facts f = { .handle = all[i] };
        judge(in, &f);
        if (!f.refusal[0] && seen(out, &f))
            continue;
        uint32_t at = out->n;
        while (at > 0 && before(&f, &out->facts[at - 1]))
            at--;
        memmove(&out->facts[at + 1], &out->facts[at], (out->n - at) * sizeof f);
        out->facts[at] = f;
        out->n++;
        out->n_usable += !f.refusal[0];
    }
}

/* At most 80 columns: longer ones are cut where they are shown. */
enum tarn_status vk_no_device(const struct vk_list *list,
                              struct tarn_error *err)
{
    if (list->n == 0)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "no device: Vulkan is installed, but there is "
                                 "no graphics device");
    if (list->facts[0].kind == TARN_DEVICE_SOFTWARE && !wants_software())
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "no device but this processor in disguise "
                                 "(TARN_VULKAN_SOFTWARE=1 uses it)");
    return tarn_backend_fail(err, TARN_DEVICE, "no device: %.28s: %.130s",
                             list->facts[0].name, list->facts[0].refusal);
}

/* ----------------------------------------------------------------- tuning */

static uint32_t power_below(uint32_t v, uint32_t most)
{
    uint32_t p = 1;
    while (p * 2 <= v && p * 2 <= most)
        p *= 2;
    return p;
}

/* "name=value" in a list with commas. */
static void override(const char *list, const char *name, uint32_t *value)
{
    const size_t n = strlen(name);
    for (const char *at = list; at && *at;) {
        if (strncmp(at, name, n) == 0 && at[n] == '=')
            *value = (uint32_t)strtoul(at + n + 1, NULL, 10);
        at = strchr(at, ',');
        at += at != NULL;
    }
}

void vk_tuning_choose(const struct vk_device_facts *f, struct vk_tuning *t)
{
    /* A software device runs the lanes of a subgroup in one vector and pays
     * for every barrier: a row per lane, no sharing.  Elsewhere lanes share a
     * row, so that neighbors read neighbors. */
    const bool soft = f->kind == TARN_DEVICE_SOFTWARE;
    uint32_t dot = f->integer_dot && f->fast_dot, stage = !soft, half = 0;
    t->wg = soft ? 8 : 64;
    t->lpr = soft ? 1 : 32;
    t->nt = 8;
    t->lanes = soft ? 1 : 64;
    t->tile = soft ? 0 : 128;
    t->from = 16; /* below, half of a tile would be empty */
    t->piece_us = 8000;
    t->hung_ms = 10000;
    t->canary = 256;
    /* A device that has the machine's own memory needs no second copy.  Others
     * would read every weight over their bus; and on a software device a
     * file that is lost ends the program (docs/vulkan.md). */
    t->import = f->kind == TARN_DEVICE_INTEGRATED ? TARN_ALL_IN_PLACE : 0;
    const char *list = getenv("TARN_VULKAN_TUNE");
    override(list, "wg", &t->wg);
    override(list, "lpr", &t->lpr);
    override(list, "nt", &t->nt);
    override(list, "tile", &t->tile);
    override(list, "from", &t->from);
    override(list, "half", &half);
    override(list, "dot", &dot);
    override(list, "stage", &stage);
    override(list, "piece", &t->piece_us);
    override(list, "hung", &t->hung_ms);
    override(list, "canary", &t->canary);
    override(list, "import", &t->import);
    if (!f->import_at && (t->import != TARN_EXPERTS_IN_PLACE ||
                          !vk_has_host_memory(&f->memory)))
        t->import = 0;
    if (t->import > TARN_EXPERTS_IN_PLACE)
        t->import = 0;
    const uint32_t most = f->max_lanes < 256 ? f->max_lanes : 256;
    t->wg = power_below(t->wg < 8 ? 8 : t->wg, most);
    t->lpr = t->lpr <= 1 ? 1 : power_below(t->lpr < 8 ? 8 : t->lpr, t->wg);
    t->nt = power_below(t->nt ? t->nt : 1, 8);
    t->lanes = t->lpr > 1 && t->wg >= 16 ? t->wg : 1;
    t->half = half != 0;
    t->tile = t->tile ? power_below(t->tile < 64 ? 64 : t->tile, most) : 0;
    if (t->tile == 256 && f->max_shared < 32768)
        t->tile = 128;
    t->dot = dot && f->integer_dot;
    t->stage = stage != 0;
}
