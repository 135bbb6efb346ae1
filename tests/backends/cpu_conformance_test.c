/* cpu_conformance_test.c - the whole conformance suite on one build of the cpu
 * backend, with 1, 2, 3 and 7 threads; every time other random cases.  Each run
 * draws some of the numbers of threads, 3 always. */
#include "backends/conformance/conformance.h"
#include "tests/backends/cpu_bench.h"

static void report(void *user, const char *line, bool ok)
{
    (void)user;
    if (!ok)
        printf("# %s\n", line);
}

static void test_every_case_has_the_bits_of_the_reference(void)
{
    static const uint32_t threads[] = { 1, 2, 3, 7 };
    const struct tarn_backend *level = level_here();
    if (!level) {
        printf("# this machine can't run this build: nothing compared\n");
        return;
    }
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        if (threads[i] != 3 && !tap_draws(i))
            continue;
        uint32_t passed = 0, failed = 0;
        struct bench b;
        bench_open(&b, level);
        bench_hire(&b, threads[i]);
        const enum tarn_status s = tarn_conformance_run(
            level, 0, &b.host, 1000 + i, 104, report, NULL, &passed, &failed);
        CHECK_SAYS(s == TARN_OK && failed == 0 && passed > 400,
                   "%u threads: status %d, %u passed, %u failed", threads[i],
                   (int)s, passed, failed);
        bench_close(&b);
    }
    tarn_pool_destroy(crew.pool);
}

int main(void)
{
    RUN(test_every_case_has_the_bits_of_the_reference);
    return tap_end();
}
