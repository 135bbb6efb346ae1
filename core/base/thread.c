/* thread.c - locks and threads on pthreads; see thread.h.  The pool is in
 * pool.c. */
#include "core/base/thread.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "core/base/error.h"
#include "core/base/memory.h"

struct tarn_mutex {
    pthread_mutex_t m;
};

struct tarn_cond {
    pthread_cond_t c;
};

struct tarn_thread {
    pthread_t t;
    void (*fn)(void *arg);
    void *arg;
};

#if defined(__APPLE__)
#define WAIT_CLOCK CLOCK_REALTIME /* no other can be chosen there */
#else
#define WAIT_CLOCK CLOCK_MONOTONIC
#endif

struct tarn_mutex *tarn_mutex_create(void)
{
    struct tarn_mutex *m = tarn_alloc(1, sizeof *m);
    if (m && pthread_mutex_init(&m->m, NULL) != 0) {
        tarn_free(m);
        return NULL;
    }
    return m;
}

void tarn_mutex_destroy(struct tarn_mutex *m)
{
    if (!m)
        return;
    pthread_mutex_destroy(&m->m);
    tarn_free(m);
}

void tarn_mutex_lock(struct tarn_mutex *m)
{
    pthread_mutex_lock(&m->m);
}

void tarn_mutex_unlock(struct tarn_mutex *m)
{
    pthread_mutex_unlock(&m->m);
}

static int init_cond(pthread_cond_t *c)
{
#if defined(__APPLE__)
    return pthread_cond_init(c, NULL);
#else
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return ENOMEM;
    pthread_condattr_setclock(&attr, WAIT_CLOCK);
    const int failed = pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
    return failed;
#endif
}

struct tarn_cond *tarn_cond_create(void)
{
    struct tarn_cond *c = tarn_alloc(1, sizeof *c);
    if (c && init_cond(&c->c) != 0) {
        tarn_free(c);
        return NULL;
    }
    return c;
}

void tarn_cond_destroy(struct tarn_cond *c)
{
    if (!c)
        return;
    pthread_cond_destroy(&c->c);
    tarn_free(c);
}

void tarn_cond_wait(struct tarn_cond *c, struct tarn_mutex *m,
                    double timeout_ms)
{
    const double LONGEST = 1e12; /* 31 years: the sum stays in time_t */
    if (!(timeout_ms >= 0) || timeout_ms > LONGEST) {
        pthread_cond_wait(&c->c, &m->m);
        return;
    }
    struct timespec t;
    clock_gettime(WAIT_CLOCK, &t);
    const int64_t ns = (int64_t)(timeout_ms * 1e6) + t.tv_nsec;
    t.tv_sec += (time_t)(ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    pthread_cond_timedwait(&c->c, &m->m, &t);
}

void tarn_cond_signal(struct tarn_cond *c)
{
    pthread_cond_signal(&c->c);
}

static void *run_thread(void *arg)
{
    struct tarn_thread *t = arg;
    t->fn(t->arg);
    return NULL;
}

/* Signals are the program's affair: they go to its own threads.  Those that
 * the thread itself causes must stay open, or a handler can't catch them. */
static void block_signals(sigset_t *old)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGABRT);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, old);
}

enum tarn_status tarn_thread_start(struct tarn_thread **out,
                                   void (*fn)(void *arg), void *arg,
                                   struct tarn_error *err)
{
    struct tarn_thread *t = tarn_alloc(1, sizeof *t);
    if (!t)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory for another thread");
    t->fn = fn;
    t->arg = arg;
    sigset_t old;
    block_signals(&old);
    const int failed = pthread_create(&t->t, NULL, run_thread, t);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        tarn_free(t);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "the system allows no more threads (error %d)",
                         failed);
    }
    *out = t;
    return TARN_OK;
}

void tarn_thread_join(struct tarn_thread *t)
{
    if (!t)
        return;
    pthread_join(t->t, NULL);
    tarn_free(t);
}
