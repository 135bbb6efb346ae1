/* fit_test.c - the 8B's shapes at a context of 128,000 with q8_0 K/V: what the
 * engine really takes is what tarn_model_fit() said, within 1 %; and opening
 * the file costs little time, whatever its size.
 *
 *   fit_test MODEL.gguf      (gguf_make.py a1b FILE --sparse: no weights are
 *                             read, so they may be holes)
 */
#include <stdlib.h>
#include <time.h>

#include "backends/backend.h"
#include "core/tarn.h"
#include "tests/tap.h"

const struct tarn_backend *tarn_backend_cpu_base(void);

enum { CONTEXT = 128000, ROWS = 512 };
static const char *path;

/* Bytes of our own that are in memory. */
static double resident(void)
{
    char line[200];
    unsigned long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kb = strtoul(line + 8, NULL, 10);
    if (f)
        fclose(f);
    return (double)kb * 1024;
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void test_memory_is_what_fit_says(void)
{
    const struct tarn_backend *backends[1] = { tarn_backend_cpu_base() };
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 1 };
    struct tarn_engine_options eo = { .size = sizeof eo,
                                      .n_context = CONTEXT,
                                      .kv_type = TARN_Q8_0, .kv_given = true,
                                      .max_rows = ROWS, .n_sequences = 1 };
    struct tarn_runtime *rt = NULL;
    struct tarn_model *m = NULL;
    struct tarn_engine *e = NULL;
    struct tarn_fit fit;
    CHECK(!tarn_runtime_create(&ro, &rt, &err));
    const double began = cpu_ms();
    CHECK_SAYS(!tarn_model_open(rt, path, NULL, &m, &err), "%s", err.text);
    printf("# opened in %.0f ms of processor time\n", cpu_ms() - began);
    if (!m)
        return;
    CHECK(tarn_model_info(m)->n_layers == 24);
    CHECK(!tarn_model_fit(m, CONTEXT, TARN_Q8_0, ROWS, &fit, &err));
    const double before = resident();
    CHECK_SAYS(!tarn_engine_create(m, &eo, &e, &err), "%s", err.text);
    /* Every page is taken, nothing is computed. */
    struct tarn_bench pass = { .size = sizeof pass, .depth = CONTEXT };
    CHECK_SAYS(e && !tarn_engine_bench(e, &pass, &err), "%s", err.text);
    const double taken = resident() - before;
    const double said = (double)(fit.total - fit.weights);
    printf("# %.1f MB taken, %.1f MB said\n", taken / 1e6, said / 1e6);
    CHECK_SAYS(taken > 0.99 * said && taken < 1.01 * said,
               "%.0f taken, %.0f said", taken, said);
    /* K/V: 6 layers of 2 * 512 values, 34 bytes for 32. */
    const double kv = 6.0 * 2 * 512 * 34 / 32 * CONTEXT;
    CHECK_SAYS((double)fit.kv > 0.99 * kv && (double)fit.kv < 1.14 * kv,
               "%.0f for %.0f", (double)fit.kv, kv);
    tarn_engine_destroy(e);
    tarn_model_close(m);
    tarn_runtime_destroy(rt);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "model.gguf";
    RUN(test_memory_is_what_fit_says);
    return tap_end();
}
