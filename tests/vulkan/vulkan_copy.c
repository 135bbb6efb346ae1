/* vulkan_copy.c - how fast a graphics device copies its own memory: what its
 * bandwidth is measured against in tests/bench/vulkan.sh.
 *
 *   vulkan_copy [MEGABYTES [TIMES]]
 *
 * Prints 10^9 bytes per second, read and written together, the best of some
 * rounds.  Exit code 1 and a sentence where there is no device. */
#include <time.h>

#include "backends/vulkan/inside.h"
#include "tests/vulkan/vulkan_bench.h"

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Rounds of `times` copies each. */
static enum tarn_status measure(struct tarn_dev *dev, uint64_t size,
                                uint32_t times, double *best,
                                struct tarn_error *err)
{
    struct vk_buffer a = { 0 }, b = { 0 };
    enum tarn_status s = vk_buffer_make(dev, size, VK_ON_DEVICE, &a, err);
    if (s == TARN_OK)
        s = vk_buffer_make(dev, size, VK_ON_DEVICE, &b, err);
    for (int round = 0; round < 6 && s == TARN_OK; round++) {
        const VkBufferCopy all = { 0, 0, size };
        const double began = now_s();
        s = vk_begin(dev, dev->transfer, true, err);
        for (uint32_t i = 0; i < times && s == TARN_OK; i++) {
            vk_barrier(dev, dev->transfer);
            dev->fn.CmdCopyBuffer(dev->transfer, i & 1 ? b.handle : a.handle,
                                  i & 1 ? a.handle : b.handle, 1, &all);
        }
        if (s == TARN_OK && dev->fn.EndCommandBuffer(dev->transfer))
            s = TARN_DEVICE;
        if (s == TARN_OK)
            s = vk_submit_and_wait(dev, dev->transfer, err);
        const double rate =
            2e-9 * (double)size * times / (now_s() - began + 1e-9);
        if (round > 0 && rate > *best) /* the first one touches the memory */
            *best = rate;
    }
    vk_buffer_free(dev, &a);
    vk_buffer_free(dev, &b);
    return s;
}

int main(int argc, char **argv)
{
    const uint64_t mb = argc > 1 ? strtoull(argv[1], NULL, 10) : 512;
    const uint32_t times =
        argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 8;
    const struct tarn_backend *v = tarn_backend_vulkan();
    struct bench b = { .fail_after = -1, .stop_after = -1 };
    double best = 0;
    b.host = (struct tarn_host){ .size = sizeof b.host,
                                 .user = &b,
                                 .alloc = bench_alloc,
                                 .free = bench_free };
    enum tarn_status s = v->open(&b.host, 0, &b.dev, &b.err);
    if (s == TARN_OK)
        s = measure(b.dev, mb << 20, times, &best, &b.err);
    v->close(b.dev);
    if (s)
        printf("%s\n", b.err.text);
    else
        printf("%.1f GB/s\n", best);
    return s != TARN_OK;
}
