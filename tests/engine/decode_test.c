/* decode_test.c - a decoded token costs no allocation and no lock.
 *
 *   decode_test MODEL.gguf            counts calls while tokens are decoded
 *   decode_test MODEL.gguf --tokens   decodes 16 tokens on one thread, for
 *                                     instructions.py to count under callgrind
 *
 * The linker puts __wrap_X in the place of X in all of the core and the
 * backend (not inside libc, which is not asked for anything here). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/compiler.h"
#include "core/tarn.h"
#include "tests/tap.h"

/* Which build of the backend: see meson.build. */
const struct tarn_backend *TARN_TEST_BACKEND(void);

static const char *path;
static atomic_bool counting;
static atomic_uint allocations, locks;

static void *counted(void *p)
{
    if (atomic_load(&counting))
        atomic_fetch_add(&allocations, 1);
    return p;
}

static void count_lock(void)
{
    if (atomic_load(&counting))
        atomic_fetch_add(&locks, 1);
}

#define REAL(type, name, ...)                                                 \
    type __real_##name(__VA_ARGS__);                                          \
    type __wrap_##name(__VA_ARGS__)

REAL(void *, malloc, size_t n);
REAL(void *, calloc, size_t n, size_t size);
REAL(void *, realloc, void *p, size_t n);
REAL(void *, aligned_alloc, size_t align, size_t n);
REAL(int, pthread_mutex_lock, pthread_mutex_t *m);
REAL(int, pthread_mutex_unlock, pthread_mutex_t *m);
REAL(int, pthread_cond_wait, pthread_cond_t *c, pthread_mutex_t *m);

void *__wrap_malloc(size_t n)
{
    return counted(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
    return counted(__real_realloc(p, n));
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return counted(__real_aligned_alloc(align, n));
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
    count_lock();
    return __real_pthread_mutex_lock(m);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
    count_lock();
    return __real_pthread_mutex_unlock(m);
}

int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    count_lock();
    return __real_pthread_cond_wait(c, m);
}

struct world {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
};

static bool open_world(struct world *w, uint32_t threads)
{
    static const struct tarn_backend *backends[1];
    backends[0] = TARN_TEST_BACKEND();
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = threads };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 512,
                                      .max_rows = 32, .n_sequences = 2 };
    *w = (struct world){ 0 };
    const bool good = !tarn_runtime_create(&ro, &w->rt, &err) &&
                      !tarn_model_open(w->rt, path, NULL, &w->model, &err) &&
                      !tarn_engine_create(w->model, &eo, &w->engine, &err);
    CHECK_SAYS(good, "%s", err.text);
    return good;
}

static void close_world(struct world *w)
{
    tarn_engine_destroy(w->engine);
    tarn_model_close(w->model);
    tarn_runtime_destroy(w->rt);
}

/* Two turns at once, drawn with every stage of the sampler that the defaults
 * switch on; events are drained as a face does. */
static void test_decode_allocates_nothing_and_takes_no_lock(void)
{
    struct world w;
    static const int32_t ids[3] = { 1, 2, 3 };
    struct tarn_sampling sampling = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .max_tokens = 300,
                                     .keep_loops = true,
                                     .sampling = &sampling };
    tarn_turn_id turn[2];
    uint32_t tokens = 0, ended = 0;
    sampling.seed = 5;
    if (!open_world(&w, 2))
        return;
    for (int i = 0; i < 2; i++)
        CHECK(!tarn_turn_start_ids(w.engine, ids, 3, &opt, &turn[i], NULL));
    for (int step = 0; step < 400 && !ended; step++) {
        struct tarn_event ev;
        atomic_store(&counting, step > 4);
        tarn_engine_step(w.engine);
        atomic_store(&counting, false);
        while (tarn_engine_next_event(w.engine, &ev)) {
            tokens += ev.kind == TARN_EV_TOKEN;
            ended += ev.kind == TARN_EV_END;
        }
    }
    CHECK_SAYS(tokens > 60, "only %u tokens", tokens);
    CHECK_SAYS(allocations == 0, "%u allocations in %u tokens",
               (unsigned)allocations, tokens);
    CHECK_SAYS(locks == 0, "%u locks in %u tokens", (unsigned)locks, tokens);
    close_world(&w);
}

/* The counters count: opening allocates, waking takes the lock. */
static void test_the_counters_count(void)
{
    struct world w;
    atomic_store(&counting, true);
    if (open_world(&w, 1)) {
        tarn_engine_wake(w.engine);
        atomic_store(&counting, false);
        CHECK(allocations > 20 && locks >= 2);
        close_world(&w);
    }
    atomic_store(&counting, false);
    atomic_store(&allocations, 0);
    atomic_store(&locks, 0);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "model.gguf";
#if defined(TARN_TEST_NEEDS)
    if (!__builtin_cpu_supports(TARN_TEST_NEEDS)) {
        printf("1..0 # SKIP this processor lacks %s\n", TARN_TEST_NEEDS);
        return 0;
    }
#endif
    if (argc > 2) {
        struct world w;
        struct tarn_bench pass = { .size = sizeof pass, .n_tokens = 16,
                                   .depth = 200 };
        const bool good = open_world(&w, 1) &&
                          !tarn_engine_bench(w.engine, &pass, NULL);
        close_world(&w);
        return good ? 0 : 1;
    }
    RUN(test_the_counters_count);
    RUN(test_decode_allocates_nothing_and_takes_no_lock);
    return tap_end();
}
