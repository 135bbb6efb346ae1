/* thread_single.c - thread.h for a program with one thread (WASI): there is
 * nobody to wait for and nobody to keep out. */
#include "core/base/thread.h"

#include "core/base/error.h"
#include "core/base/memory.h"

struct tarn_mutex {
    int unused;
};

struct tarn_cond {
    int unused;
};

struct tarn_pool {
    int unused;
};

struct tarn_mutex *tarn_mutex_create(void)
{
    return tarn_alloc(1, sizeof(struct tarn_mutex));
}

void tarn_mutex_destroy(struct tarn_mutex *m)
{
    tarn_free(m);
}

void tarn_mutex_lock(struct tarn_mutex *m)
{
    (void)m;
}

void tarn_mutex_unlock(struct tarn_mutex *m)
{
    (void)m;
}

struct tarn_cond *tarn_cond_create(void)
{
    return tarn_alloc(1, sizeof(struct tarn_cond));
}

void tarn_cond_destroy(struct tarn_cond *c)
{
    tarn_free(c);
}

void tarn_cond_wait(struct tarn_cond *c, struct tarn_mutex *m,
                    double timeout_ms)
{
    (void)c, (void)m, (void)timeout_ms; /* a wake-up for no reason is allowed */
}

void tarn_cond_signal(struct tarn_cond *c)
{
    (void)c;
}

enum tarn_status tarn_thread_start(struct tarn_thread **out,
                                   void (*fn)(void *arg), void *arg,
                                   struct tarn_error *err)
{
    (void)out, (void)fn, (void)arg;
    return tarn_fail(err, TARN_UNSUPPORTED, "there are no threads here");
}

void tarn_thread_join(struct tarn_thread *t)
{
    (void)t;
}

uint32_t tarn_threads_allowed(void)
{
    return 1;
}

enum tarn_status tarn_pool_create(uint32_t n_threads, struct tarn_pool **out,
                                  uint32_t *got, struct tarn_error *err)
{
    (void)n_threads;
    struct tarn_pool *p = tarn_alloc(1, sizeof *p);
    if (!p)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory for the pool");
    *out = p;
    if (got)
        *got = 1;
    return TARN_OK;
}

void tarn_pool_destroy(struct tarn_pool *p)
{
    tarn_free(p);
}

uint32_t tarn_pool_threads(const struct tarn_pool *p)
{
    (void)p;
    return 1;
}

void tarn_pool_run(struct tarn_pool *p,
                   void (*fn)(void *arg, uint32_t i, uint32_t worker),
                   void *arg, uint32_t n)
{
    (void)p;
    for (uint32_t i = 0; i < n; i++)
        fn(arg, i, 0);
}
