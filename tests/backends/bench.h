/* bench.h - a backend opened for a test, and batches of one plan on it.
 *
 *     struct bench b;
 *     bench_open(&b, tarn_backend_ref());
 *     struct tarn_weight *w = bench_weight(&b, TARN_Q4_K, 256, 8, 1, data);
 *     ... bench_run(&b, &plan, state, &batch)
 *
 * Owns: the device and its host.  A failing call prints its sentence.
 */
#ifndef TARN_TESTS_BENCH_H
#define TARN_TESTS_BENCH_H

#include <stdlib.h>

#include "backends/backend.h"
#include "tests/tap.h"

struct bench {
    const struct tarn_backend *backend;
    struct tarn_host host;
    struct tarn_dev *dev;
    struct tarn_error err;
    int64_t held;       /* blocks allocated and not freed */
    int64_t fail_after; /* allocations that still succeed; < 0: all */
    int64_t stop_after; /* the question from which on cancelled() is true */
    uint64_t asked;     /* calls of cancelled() */
    bool running;       /* an allocation now is a mistake */
};

static void *bench_alloc(void *user, size_t size, size_t align)
{
    struct bench *b = user;
    void *p = NULL;
    CHECK(!b->running);
    if (b->fail_after == 0)
        return NULL;
    if (b->fail_after > 0)
        b->fail_after--;
    if (posix_memalign(&p, align < sizeof p ? sizeof p : align, size) != 0)
        return NULL;
    memset(p, 0xa5, size);
    b->held++;
    return p;
}

static void bench_free(void *user, void *p)
{
    struct bench *b = user;
    b->held -= p != NULL;
    free(p);
}

static void bench_log(void *user, int level, const char *sentence)
{
    (void)user;
    printf("# log %d: %s\n", level, sentence);
}

static void bench_parallel(void *user,
                           void (*fn)(void *arg, uint32_t i, uint32_t worker),
                           void *arg, uint32_t n)
{
    (void)user;
    for (uint32_t i = 0; i < n; i++)
        fn(arg, i, 0);
}

static uint32_t bench_threads(void *user)
{
    (void)user;
    return 1;
}

static bool bench_cancelled(void *user)
{
    struct bench *b = user;
    b->asked++;
    b->stop_after -= b->stop_after > 0;
    return b->stop_after == 0;
}

static inline void bench_open(struct bench *b,
                              const struct tarn_backend *backend)
{
    *b = (struct bench){ .backend = backend,
                         .fail_after = -1,
                         .stop_after = -1 };
    b->host = (struct tarn_host){
        .size = sizeof b->host,
        .user = b,
        .alloc = bench_alloc,
        .free = bench_free,
        .log = bench_log,
        .parallel = bench_parallel,
        .threads = bench_threads,
        .cancelled = bench_cancelled,
    };
    CHECK(backend->open(&b->host, 0, &b->dev, &b->err) == TARN_OK);
}

static inline void bench_close(struct bench *b)
{
    b->backend->close(b->dev);
    CHECK_SAYS(b->held == 0, "%lld blocks are still held", (long long)b->held);
}

static inline bool bench_ok(struct bench *b, enum tarn_status s)
{
    CHECK_SAYS(s == TARN_OK, "%d: %s", (int)s, b->err.text);
    return s == TARN_OK;
}

static inline struct tarn_weight *bench_weight(struct bench *b, uint32_t type,
                                               uint32_t k, uint32_t n_rows,
                                               uint32_t n_slices,
                                               const void *data)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    const struct tarn_tensor tensor = {
        .name = t.name,
        .data = data,
        .size = (uint64_t)k / t.block * t.bytes * n_rows * n_slices,
        .type = type,
        .ge = { k, n_rows, n_slices, 1 },
    };
    struct tarn_weight *w = NULL;
    bench_ok(b, b->backend->weight(b->dev, &tensor, &w, &b->err));
    return w;
}

/* Prepares, runs once, releases. */
static inline enum tarn_status bench_run(struct bench *b,
                                         const struct tarn_plan *plan,
                                         struct tarn_state *st,
                                         const struct tarn_batch *batch)
{
    struct tarn_prepared *p = NULL;
    enum tarn_status s = b->backend->prepare(b->dev, plan, st, &p, &b->err);
    if (s != TARN_OK)
        return s;
    b->running = true;
    s = b->backend->run(p, batch, &b->err);
    b->running = false;
    b->backend->release(p);
    return s;
}

#endif
