/* pipe.c - shaders to pipelines, and the cache that makes it quick next time.
 *
 * The cache is a file of ours around the driver's bytes: magic, sizes, the
 * device's identity, tarn's version, a checksum.  A file that does not fit in
 * every field is not shown to the driver (V08); it is written anew. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/vulkan/inside.h"
#include "backends/vulkan/vulkan.h"

/* -------------------------------------------------------------- pipelines */

static enum tarn_status make_pipe(struct tarn_dev *dev, uint32_t shader,
                                  const uint32_t spec[VK_SPECS],
                                  VkPipeline *out, struct tarn_error *err)
{
    const struct vk_code code = vk_shader_code(shader, dev->tune.dot);
    if (!code.words)
        return tarn_backend_fail(err, TARN_INTERNAL, "There is no shader %u.",
                                 shader);
    const VkShaderModuleCreateInfo module_info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = code.size,
        .pCode = code.words,
    };
    VkShaderModule module;
    VkResult r =
        dev->fn.CreateShaderModule(dev->handle, &module_info, NULL, &module);
    if (r)
        return vk_failed(dev, r, "CreateShaderModule", err);
    VkSpecializationMapEntry map[VK_SPECS];
    for (uint32_t i = 0; i < VK_SPECS; i++)
        map[i] = (VkSpecializationMapEntry){ i, 4 * i, 4 };
    const VkSpecializationInfo constants = { VK_SPECS, map, 4 * VK_SPECS,
                                             spec };
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = { .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                   .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                   .module = module,
                   .pName = "main",
                   .pSpecializationInfo = &constants },
        .layout = dev->layout,
    };
    r = dev->fn.CreateComputePipelines(dev->handle, dev->cache, 1, &info, NULL,
                                       out);
    dev->fn.DestroyShaderModule(dev->handle, module, NULL);
    return r ? vk_failed(dev, r, "CreateComputePipelines", err) : TARN_OK;
}

enum tarn_status vk_pipe_get(struct tarn_dev *dev, uint32_t shader,
                             const uint32_t spec[VK_SPECS], VkPipeline *out,
                             struct tarn_error *err)
{
    for (uint32_t i = 0; i < dev->n_pipes; i++)
        if (dev->pipes[i].shader == shader &&
            memcmp(dev->pipes[i].spec, spec, sizeof dev->pipes[i].spec) == 0) {
            *out = dev->pipes[i].handle;
            return TARN_OK;
        }
    if (dev->n_pipes == VK_MAX_PIPES)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                                 "The model needs more than %d shaders.",
                                 VK_MAX_PIPES);
    struct vk_pipe *p = &dev->pipes[dev->n_pipes];
    const enum tarn_status s = make_pipe(dev, shader, spec, &p->handle, err);
    if (s)
        return s;
    p->shader = shader;
    memcpy(p->spec, spec, sizeof p->spec);
    dev->n_pipes++;
    *out = p->handle;
    return TARN_OK;
}

/* ------------------------------------------------------------------ cache */

struct head {
    char magic[8];
    uint32_t size, vendor, device, driver_version;
    uint8_t uuid[VK_UUID_SIZE];
    char version[24];
    uint64_t data_size, hash;
};
enum { MAX_CACHE = 64 << 20 };

/* FNV-1a. */
static uint64_t hash_of(const uint8_t *data, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
    return h;
}

static struct head head_for(const struct tarn_dev *dev, const uint8_t *data,
                            size_t size)
{
    struct head h;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, "tarnvkpc", 8);
    h.size = sizeof h;
    h.vendor = dev->facts.vendor;
    h.device = dev->facts.device;
    h.driver_version = dev->facts.driver_version;
    memcpy(h.uuid, dev->facts.uuid, sizeof h.uuid);
    snprintf(h.version, sizeof h.version, "%s", TARN_VULKAN_VERSION);
    h.data_size = size;
    h.hash = hash_of(data, size);
    return h;
}

/* $XDG_CACHE_HOME/tarn, else ~/.cache/tarn; false: there is none.  The folder
 * is made by whoever writes first. */
static bool cache_path(const struct tarn_dev *dev, char *out, size_t room)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char folder[3072];
    if (cache && cache[0] == '/' && strlen(cache) < 3000)
        snprintf(folder, sizeof folder, "%s", cache);
    else if (home && home[0] == '/' && strlen(home) < 3000)
        snprintf(folder, sizeof folder, "%s/.cache", home);
    else
        return false;
    mkdir(folder, 0700);
    snprintf(out, room, "%s/tarn", folder);
    mkdir(out, 0700);
    snprintf(out, room, "%s/tarn/vulkan-%08x-%08x.bin", folder,
             dev->facts.vendor, dev->facts.device);
    return true;
}

static bool read_all(int fd, uint8_t *to, size_t size)
{
    while (size > 0) {
        const ssize_t n = read(fd, to, size);
        if (n <= 0)
            return false;
        to += n;
        size -= (size_t)n;
    }
    return true;
}

/* The driver's bytes of the file, or NULL; freed by the caller. */
static uint8_t *read_cache(const struct tarn_dev *dev, const char *path,
                           size_t *size)
{
    struct stat st;
    struct head h;
    uint8_t *data = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size > (off_t)sizeof h && st.st_size <= MAX_CACHE &&
        read_all(fd, (uint8_t *)&h, sizeof h) &&
        h.data_size == (uint64_t)st.st_size - sizeof h) {
        *size = (size_t)h.data_size;
        data = vk_alloc(dev->host, *size, 1);
        bool good = data && read_all(fd, data, *size);
        if (good) {
            const struct head want = head_for(dev, data, *size);
            good = memcmp(&want, &h, sizeof h) == 0;
        }
        if (!good) {
            vk_free(dev->host, data);
            data = NULL;
        }
    }
    close(fd);
    return data;
}

void vk_cache_load(struct tarn_dev *dev)
{
    char path[4096];
    size_t size = 0;
    uint8_t *data = cache_path(dev, path, sizeof path)
                        ? read_cache(dev, path, &size)
                        : NULL;
    const VkPipelineCacheCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
        .initialDataSize = data ? size : 0,
        .pInitialData = data,
    };
    /* Without a cache everything works, only slower. */
    if (dev->fn.CreatePipelineCache(dev->handle, &info, NULL, &dev->cache))
        dev->cache = VK_NULL_HANDLE;
    dev->cache_size = data ? size : 0;
    vk_free(dev->host, data);
}

static bool write_all(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        const ssize_t n = write(fd, at, size);
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

void vk_cache_save(struct tarn_dev *dev)
{
    char path[4096], temporary[4160];
    size_t size = 0;
    if (!dev->cache || dev->lost || !cache_path(dev, path, sizeof path) ||
        dev->fn.GetPipelineCacheData(dev->handle, dev->cache, &size, NULL) ||
        size == dev->cache_size || size > MAX_CACHE)
        return;
    uint8_t *data = vk_alloc(dev->host, size, 1);
    if (data && dev->fn.GetPipelineCacheData(dev->handle, dev->cache, &size,
                                             data) == VK_SUCCESS) {
        const struct head h = head_for(dev, data, size);
        snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
        const int fd =
            open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        const bool whole =
            fd >= 0 && write_all(fd, &h, sizeof h) && write_all(fd, data, size);
        if (fd >= 0)
            close(fd);
        if (!whole || rename(temporary, path) != 0)
            unlink(temporary);
    }
    vk_free(dev->host, data);
}
