/* pool.c - the threads that backends compute on; see thread.h.
 *
 * One word says what is to be done: the number of the phase above, the pieces
 * still to be taken below.  A thread takes a piece by counting that word down
 * with compare-and-swap, so a late thread can never take a piece of another
 * phase, and a phase does not wait for threads that took nothing: one that
 * the system has put aside costs nothing.  Whoever took a piece holds the
 * phase open, therefore fn, arg and n may be read after the taking.
 *
 * Waiting is a bounded spin and then a futex (elsewhere a condition variable).
 * How long the spin is follows from what is seen.  With CPUs to spare it is
 * long enough to bridge the caller's own small steps between phases.  On a
 * loaded machine spinning takes time from the very thread that is waited for
 * (4,000 pauses: 53 us per phase on two CPUs, 40: 2 us): a phase that waited
 * longer than it worked makes the spin short at once, and only many good ones
 * make it long again.  Two threads beside two busy programs on two CPUs, 8B
 * decode, tokens/s: 24-30 with at most 40 pauses, 26-31 with 500, 22-29 with
 * 2,000; one thread 22-25. */
#include "core/base/thread.h"

#include <stdatomic.h>
#include <stddef.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/base/clock.h"
#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/memory.h"

enum {
    MOST_PAUSES = 500, /* 20 to 40 us */
    LEAST_PAUSES = 32,
    LINE = 64 /* bytes of a cache line: what many write stands apart */
};
static const double LONG_WAIT_MS = 0.1;

struct worker {
    struct tarn_pool *pool;
    struct tarn_thread *thread;
    uint32_t number;
};

struct tarn_pool {
    _Alignas(LINE) _Atomic uint64_t ticket; /* phase << 32 | pieces left */
    _Alignas(LINE) _Atomic uint32_t done;   /* pieces finished; futex */
    _Atomic uint32_t caller_sleeps;
    _Alignas(LINE) _Atomic uint32_t phase; /* futex of the workers */
    _Atomic uint32_t sleeping;             /* workers on it */
    _Atomic uint32_t pauses;
    _Atomic bool stop;

    /* Written by the caller between phases, read by whoever took a piece. */
    _Alignas(LINE) void (*fn)(void *arg, uint32_t i, uint32_t worker);
    void *arg;
    uint32_t n;

    uint32_t n_workers; /* without the caller */
    struct worker *workers;
#if !defined(__linux__)
    struct tarn_mutex *lock;
    struct tarn_cond *workers_wake, *caller_wakes;
#endif
};

/* ------------------------------------------------------- sleep and wake up */

#if defined(__linux__)
static bool init_sleep(struct tarn_pool *p)
{
    (void)p;
    return true;
}

static void finish_sleep(struct tarn_pool *p)
{
    (void)p;
}

/* Returns when *word is not `seen` (or for no reason: the caller looks). */
static void sleep_on(struct tarn_pool *p, _Atomic uint32_t *word, uint32_t seen)
{
    (void)p;
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void wake(struct tarn_pool *p, _Atomic uint32_t *word, uint32_t n)
{
    (void)p;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}
#else
static bool init_sleep(struct tarn_pool *p)
{
    p->lock = tarn_mutex_create();
    p->workers_wake = tarn_cond_create();
    p->caller_wakes = tarn_cond_create();
    return p->lock && p->workers_wake && p->caller_wakes;
}

static void finish_sleep(struct tarn_pool *p)
{
    tarn_cond_destroy(p->workers_wake);
    tarn_cond_destroy(p->caller_wakes);
    tarn_mutex_destroy(p->lock);
}

static struct tarn_cond *cond_of(struct tarn_pool *p,
                                 const _Atomic uint32_t *word)
{
    return word == &p->phase ? p->workers_wake : p->caller_wakes;
}

static void sleep_on(struct tarn_pool *p, _Atomic uint32_t *word, uint32_t seen)
{
    tarn_mutex_lock(p->lock);
    if (atomic_load(word) == seen)
        tarn_cond_wait(cond_of(p, word), p->lock, -1);
    tarn_mutex_unlock(p->lock);
}

static void wake(struct tarn_pool *p, _Atomic uint32_t *word, uint32_t n)
{
    tarn_mutex_lock(p->lock);
    while (n--)
        tarn_cond_signal(cond_of(p, word));
    tarn_mutex_unlock(p->lock);
}
#endif

/* --------------------------------------------------------------- the phase */

/* Takes pieces until none is left. */
static void work(struct tarn_pool *p, uint32_t worker)
{
    uint32_t finished = 0;
    uint64_t t = atomic_load(&p->ticket);
    while ((uint32_t)t) {
        if (!atomic_compare_exchange_weak(&p->ticket, &t, t - 1))
            continue;
        p->fn(p->arg, p->n - (uint32_t)t, worker);
        finished++;
        t = atomic_load(&p->ticket);
    }
    if (!finished)
        return;
    const uint32_t n = p->n; /* the phase is open until the next line */
    if (atomic_fetch_add(&p->done, finished) + finished == n &&
        atomic_load(&p->caller_sleeps))
        wake(p, &p->done, 1);
}

/* Waits until *word is not `seen`; false if the spin was not enough. */
static bool spin_on(struct tarn_pool *p, const _Atomic uint32_t *word,
                    uint32_t seen)
{
    const uint32_t pauses =
        atomic_load_explicit(&p->pauses, memory_order_relaxed);
    for (uint32_t i = 0; i < pauses; i++) {
        if (atomic_load_explicit(word, memory_order_acquire) != seen)
            return true;
        tarn_pause();
    }
    return false;
}

static void run_worker(void *arg)
{
    const struct worker *w = arg;
    struct tarn_pool *p = w->pool;
    uint32_t seen = 0;
    (void)tarn_fp_begin();
    for (;;) {
        if (!spin_on(p, &p->phase, seen)) {
            atomic_fetch_add(&p->sleeping, 1);
            while (atomic_load(&p->phase) == seen)
                sleep_on(p, &p->phase, seen);
            atomic_fetch_sub(&p->sleeping, 1);
        }
        seen = atomic_load(&p->phase);
        if (atomic_load(&p->stop))
            return;
        work(p, w->number);
    }
}

/* Longer or shorter spins from now on. */
static void learn(struct tarn_pool *p, double worked_ms, double waited_ms)
{
    const uint32_t pauses =
        atomic_load_explicit(&p->pauses, memory_order_relaxed);
    uint32_t next = pauses;
    if (waited_ms > LONG_WAIT_MS && waited_ms > worked_ms)
        next = LEAST_PAUSES;
    else if (pauses < MOST_PAUSES)
        next = pauses + pauses / 32;
    if (next != pauses)
        atomic_store_explicit(&p->pauses,
                              next < MOST_PAUSES ? next : MOST_PAUSES,
                              memory_order_relaxed);
}

/* Until the pieces that others took are done; began: the phase. */
static void wait_for_others(struct tarn_pool *p, double began)
{
    const double from = tarn_now_ms();
    const uint32_t pauses =
        atomic_load_explicit(&p->pauses, memory_order_relaxed);
    bool done = false;
    for (uint32_t i = 0; !done && i < pauses; i++) {
        done = atomic_load_explicit(&p->done, memory_order_acquire) == p->n;
        if (!done)
            tarn_pause();
    }
    if (!done) {
        atomic_store(&p->caller_sleeps, 1);
        for (;;) {
            const uint32_t d = atomic_load(&p->done);
            if (d == p->n)
                break;
            sleep_on(p, &p->done, d);
        }
        atomic_store(&p->caller_sleeps, 0);
    }
    learn(p, from - began, tarn_now_ms() - from);
}

void tarn_pool_run(struct tarn_pool *p,
                   void (*fn)(void *arg, uint32_t i, uint32_t worker),
                   void *arg, uint32_t n)
{
    const uint64_t fp = tarn_fp_begin();
    if (p->n_workers == 0 || n <= 1) {
        for (uint32_t i = 0; i < n; i++)
            fn(arg, i, 0);
    } else {
        const uint32_t phase = atomic_load(&p->phase) + 1;
        const double began = tarn_now_ms();
        p->fn = fn;
        p->arg = arg;
        p->n = n;
        atomic_store(&p->done, 0);
        atomic_store(&p->ticket, (uint64_t)phase << 32 | n);
        atomic_store(&p->phase, phase);
        const uint32_t sleeping = atomic_load(&p->sleeping);
        if (sleeping)
            wake(p, &p->phase, sleeping < n - 1 ? sleeping : n - 1);
        work(p, 0);
        wait_for_others(p, began);
    }
    tarn_fp_end(fp);
}

uint32_t tarn_pool_threads(const struct tarn_pool *p)
{
    return p->n_workers + 1;
}

/* ------------------------------------------------------ creating and ending */

enum tarn_status tarn_pool_create(uint32_t n_threads, struct tarn_pool **out,
                                  uint32_t *got, struct tarn_error *err)
{
    const uint32_t allowed = tarn_threads_allowed();
    if (n_threads == 0 || n_threads > allowed)
        n_threads = allowed;
    struct tarn_pool *p = tarn_alloc_aligned(sizeof *p, LINE);
    if (!p)
        goto no_memory;
    *p = (struct tarn_pool){ .pauses = MOST_PAUSES };
    p->workers = tarn_alloc(n_threads, sizeof *p->workers);
    if (!p->workers || !init_sleep(p))
        goto no_memory;
    while (p->n_workers < n_threads - 1) {
        struct worker *w = &p->workers[p->n_workers];
        w->pool = p;
        w->number = p->n_workers + 1;
        if (tarn_thread_start(&w->thread, run_worker, w, NULL) != TARN_OK)
            break; /* goes on with those that there are */
        p->n_workers++;
    }
    *out = p;
    if (got)
        *got = p->n_workers + 1;
    return TARN_OK;
no_memory:
    tarn_pool_destroy(p);
    return tarn_fail(err, TARN_NO_MEMORY,
                     "there is no memory for a pool of %u threads",
                     (unsigned)n_threads);
}

void tarn_pool_destroy(struct tarn_pool *p)
{
    if (!p)
        return;
    atomic_store(&p->stop, true);
    atomic_fetch_add(&p->phase, 1);
    if (p->n_workers)
        wake(p, &p->phase, p->n_workers);
    for (uint32_t i = 0; i < p->n_workers; i++)
        tarn_thread_join(p->workers[i].thread);
    finish_sleep(p);
    tarn_free(p->workers);
    tarn_free_aligned(p);
}
