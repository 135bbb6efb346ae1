/* vulkan_conformance_test.c - every step of the Vulkan backend against ref on
 * a software device, under the validation layer, with rows on one lane, with
 * rows shared by lanes, in tiles, and in tiles of float16; with weights that
 * are copied or read where they are.
 *
 * A sample, drawn by TARN_SEED and dealt out to four of these; TARN_SOAK: the whole
 * sweep and 1,000 random cases of every step, or TARN_CASES of them. */
#include "backends/conformance/conformance.h"
#include "tests/vulkan/vulkan_layer.h"

enum { PARTS = 8 }; /* four of them in a run, others by the next seed */

static uint64_t seed(void)
{
    const char *v = getenv("TARN_SEED");
    return v ? strtoull(v, NULL, 10) : 1;
}

static void report(void *user, const char *line, bool ok)
{
    uint32_t *refused = user;
    if (!ok)
        printf("# %s\n", line);
    *refused += ok && strstr(line, ": refused (") != NULL;
}

static void play(const struct tarn_backend *backend, const char *tuning,
                 uint32_t turn)
{
    const uint32_t part = (uint32_t)((seed() + 2 * turn) % PARTS);
    char patient[128]; /* shaders are compiled when they are first used */
    struct bench b;
    uint32_t passed = 0, failed = 0, refused = 0;
    snprintf(patient, sizeof patient, "%s,hung=60000", tuning);
    vulkan_world(patient);
    bench_open(&b, backend);
    const enum tarn_status s =
        tarn_conformance_sample(backend, 0, &b.host, seed(), part, PARTS,
                                report, &refused, &passed, &failed);
    CHECK_SAYS(s == TARN_OK && failed == 0 && passed > 25,
               "%s, seed %llu: status %d, %u passed, %u failed", tuning,
               (unsigned long long)seed(), (int)s, passed, failed);
    printf("# %s: %u cases passed\n", tuning, passed);
    bench_close(&b);
}

/* A device is used for so many cases only: it keeps every pipeline. */
enum { PIECE = 100 };

static void soak_kind(const struct tarn_backend *backend, const char *tuning,
                      const char *kind, uint32_t wanted)
{
    const uint32_t piece = wanted < PIECE ? wanted : PIECE;
    uint32_t passed = 0, failed = 0, refused = 0;
    for (uint32_t first = 0; passed < wanted && first < 4 * wanted;
         first += piece) {
        struct bench b;
        uint32_t more = 0, wrong = 0;
        bench_open(&b, backend);
        const enum tarn_status s =
            tarn_conformance_kind(backend, 0, &b.host, seed(), kind, first,
                                  PIECE, report, &refused, &more, &wrong);
        CHECK_SAYS(s == TARN_OK && wrong == 0, "%s from %u on: %d, %u failed",
                   kind, first, (int)s, wrong);
        passed += more;
        failed += wrong;
        bench_close(&b);
    }
    CHECK_SAYS(passed >= wanted, "%s: %u cases", kind, passed);
    printf("# %s: %s: %u passed, %u failed, %u refused\n", tuning, kind, passed,
           failed, refused);
    fflush(stdout);
}

/* The sweep, then so many cases of every step; a tenth of it of networks. */
static void soak(const struct tarn_backend *backend, const char *tuning,
                 uint32_t wanted)
{
    static const char *const kinds[] = {
        "embed", "norm",    "matmul", "conv",    "attend", "glu",   "add",
        "route", "experts", "logits", "network", "replay", "cancel"
    };
    char patient[128];
    uint32_t passed = 0, failed = 0, refused = 0;
    struct bench b;
    snprintf(patient, sizeof patient, "%s,hung=3600000", tuning);
    vulkan_world(patient);
    bench_open(&b, backend);
    const enum tarn_status s = tarn_conformance_run(
        backend, 0, &b.host, seed(), 0, report, &refused, &passed, &failed);
    CHECK_SAYS(s == TARN_OK && failed == 0 && passed > 300,
               "%s: status %d, %u passed, %u failed", tuning, (int)s, passed,
               failed);
    printf("# %s: sweep: %u passed, %u failed, %u refused\n", tuning, passed,
           failed, refused);
    bench_close(&b);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        soak_kind(backend, tuning, kinds[k], k < 10 ? wanted : wanted / 10);
}

static enum tarn_status claim_exact(const struct tarn_host *host,
                                    uint32_t index,
                                    struct tarn_device_info *out,
                                    struct tarn_error *err)
{
    const enum tarn_status s =
        tarn_backend_vulkan()->device_info(host, index, out, err);
    out->exact = s == TARN_OK;
    return s;
}

/* Whatever the sizes: a real device may round a quotient in its own way, this
 * one does not, so what differs is a mistake of a shader. */
static void test_every_case_has_the_bits_of_the_reference(void)
{
    static struct tarn_backend strict;
    const char *cases = getenv("TARN_CASES");
    const uint32_t many = cases ? (uint32_t)strtoul(cases, NULL, 10) : 1000;
    strict = *tarn_backend_vulkan();
    strict.device_info = claim_exact;
    if (getenv("TARN_SOAK") == NULL) {
        const bool here = seed() / PARTS % 2; /* one of them in place */
        play(&strict, VULKAN_ALONE, 0);
        play(&strict, here ? VULKAN_SHARED_HERE : VULKAN_SHARED, 1);
        play(&strict, here ? VULKAN_TILED : VULKAN_TILED_HERE, 2);
        play(&strict, VULKAN_TILED_HALF, 3);
        return;
    }
    soak(&strict, VULKAN_ALONE, many);
    soak(&strict, VULKAN_SHARED, many);
    soak(&strict, VULKAN_TILED, many);
    soak(&strict, VULKAN_TILED_HALF, many);
    soak(&strict, VULKAN_ALONE_HERE, many / 10);
    soak(&strict, VULKAN_SHARED_HERE, many / 10);
    soak(&strict, VULKAN_TILED_HERE, many / 10);
    soak(&strict, VULKAN_NARROW, many / 10);
    soak(&strict, VULKAN_TILED_64, many / 10);
    soak(&strict, VULKAN_TILED_256, many / 10);
}

int main(void)
{
    watch_with_the_layer();
    if (vulkan_here()) {
        RUN(test_every_case_has_the_bits_of_the_reference);
        RUN(test_the_layer_has_nothing_to_say);
    } else {
        printf("1..0 # SKIP no software Vulkan device\n");
        return 0;
    }
    return tap_end();
}
