/* cpu_speed.c - how fast the products of one build of the cpu backend are; not
 * a test.  SPEED.md has its figures.
 *
 *     ninja -C build tests/backends/cpu_speed_avx2
 *     build/tests/backends/cpu_speed_avx2 [TYPE] [K] [one]
 *
 * One thread, thread CPU time, best of several: GB/s of weights with one row
 * of activations (weights in the second cache; from memory), then Gop/s (a
 * multiply-add is 2) with several, unpacking included ("one" leaves those out). */
#include <time.h>

#include "backends/cpu/cpu.h"
#include "tests/backends/cpu_bench.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct speed {
    struct cpu_tile tile;
    uint8_t *scratch;
    const uint8_t *acts[512];
    float *y[512];
};

/* Seconds that each figure is measured for.  WebAssembly is compiled well only
 * after a while. */
#if defined(__wasm__)
#define LONG 0.7
#define LARGE 60000000
#else
#define LONG 0.05
#define LARGE 150000000
#endif

/* Best seconds of a pass over all rows of a weight, in tiles of `chunk`. */
static double best_of(struct speed *s, uint32_t rows, uint32_t chunk,
                      uint32_t n)
{
    const uint8_t *w = s->tile.w;
    const double begin = now();
    double best = 1e9;
    for (int i = 0; i < 5 || now() - begin < LONG; i++) {
        const double t = now();
        for (uint32_t r = 0; r < rows; r += chunk) {
            struct cpu_tile part = s->tile;
            part.w = w + r * part.row_bytes;
            part.n_rows = rows - r < chunk ? rows - r : chunk;
            part.n_acts = n;
            part.y_at = r;
            part.next = r + chunk < rows ? part.w + chunk * part.row_bytes
                                         : NULL;
            part.next_bytes = chunk * part.row_bytes;
            tarn_cpu_mul(&part);
        }
        const double took = now() - t;
        best = took < best ? took : best;
    }
    return best;
}

static void measure(uint32_t type, uint32_t k, bool one)
{
    const struct tarn_type_traits tr = tarn_type_traits(type);
    const struct cpu_ops *ops = tarn_cpu_ops(type);
    const size_t row_bytes = k / tr.block * tr.bytes;
    const uint32_t small = (uint32_t)(400000 / row_bytes) / 32 * 32;
    const uint32_t large = (uint32_t)(LARGE / row_bytes) / 32 * 32;
    uint8_t *w = dice_blocks(type, (size_t)k / tr.block * small);
    uint8_t *all = malloc(large * row_bytes + 64);
    for (uint32_t r = 0; r + small <= large; r += small)
        memcpy(all + r * row_bytes, w, small * row_bytes);
    const size_t act_bytes =
        ops->form == CPU_F32
            ? k * sizeof(float)
            : tarn_cpu_act_layout(ops->form, k, ops->wide).stride;
    uint8_t *acts = aligned_alloc(64, 512 * (act_bytes + 63) / 64 * 64 + 64);
    struct speed *s = calloc(1, sizeof *s);
    for (uint32_t t = 0; t < 512; t++) {
        float *x = dice_floats(k);
        if (ops->form == CPU_F32)
            memcpy(acts + t * act_bytes, x, act_bytes);
        else
            tarn_cpu_quantize(ops->form, x, k, ops->wide,
                              acts + t * act_bytes);
        free(x);
        s->acts[t] = acts + t * act_bytes;
        s->y[t] = malloc(large * sizeof(float));
    }
    const size_t scratch = ops->scratch ? ops->scratch(k) : 0;
    s->tile = (struct cpu_tile){ .ops = ops, .w = w, .row_bytes = row_bytes,
                                 .k = k, .acts = s->acts, .y = s->y };
    s->tile.scratch = s->scratch =
        aligned_alloc(64, (scratch + 127) / 64 * 64);
    printf("%-8s %5u", tr.name, k);
    const double bytes = (double)(small * row_bytes);
    printf("  %5.1f", bytes / best_of(s, small, 64, 1) / 1e9);
    s->tile.w = all;
    printf(" %5.1f GB/s |", (double)(large / small * small * row_bytes) /
                                best_of(s, large / small * small, 96, 1) /
                                1e9);
    s->tile.w = w;
    for (uint32_t n = 2; !one && n <= 512; n *= n == 16 ? 4 : n == 64 ? 8 : 2)
        printf(" %5.0f", 2.0 * small * k * n /
                             best_of(s, small, tarn_cpu_panel, n) /
                             1e9);
    printf(" Gop/s\n");
    fflush(stdout);
    for (uint32_t t = 0; t < 512; t++)
        free(s->y[t]);
    free(s->scratch);
    free(s);
    free(acts);
    free(all);
    free(w);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "all";
    const uint32_t k = argc > 2 ? (uint32_t)atoi(argv[2]) : 2048;
    if (!level_here() || k == 0 || k % 256)
        return 1;
    printf("%-8s %5s  cache   memory   | n =  2     4     8    16    64   "
           "512\n", "", "k");
    for (size_t i = 0; i < N_TYPES; i++)
        if (!strcmp(name, "all") ||
            !strcmp(name, tarn_type_traits(all_types[i]).name))
            measure(all_types[i], k, argc > 3);
    return 0;
}
