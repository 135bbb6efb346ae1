/* thread_wasm.c - thread.h in WebAssembly.
 *
 * Two builds.  The WASI program has one thread: locks are empty and a pool
 * runs its pieces in a loop.  The page's module (atomics on) shares its
 * memory with workers; a page cannot be asked for threads from here, so the
 * workers come by themselves, through tarn_pool_worker_enter(), before the
 * pool is made, and stay for good.
 *
 * Nothing here may run on a page's main thread: waiting traps there.
 */
#include "core/base/thread.h"

#include <stdatomic.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/base/memory.h"

#if !defined(__wasm__)
#error "thread_wasm.c is for WebAssembly"
#endif

struct tarn_mutex {
    atomic_int held; /* 0 free, 1 held, 2 held and somebody waits */
};
struct tarn_cond {
    atomic_int rung;
};
struct tarn_pool {
    uint32_t n_threads; /* the caller counted */
};

#if defined(__wasm_atomics__)

/* 20,000 polls are about 20 us in current engines: a decode step has 150 to
 * 200 joins per token, and waiting at once costs 20 to 90 us each. */
enum { SPIN = 20000, MAX_THREADS = 64 };

static void wait_while(atomic_int *at, int value, int64_t timeout_ns)
{
    __builtin_wasm_memory_atomic_wait32((int *)at, value, timeout_ns);
}

static void wake(atomic_int *at, unsigned n)
{
    __builtin_wasm_memory_atomic_notify((int *)at, n);
}

static void lock(struct tarn_mutex *m)
{
    int seen = 0;
    if (atomic_compare_exchange_strong(&m->held, &seen, 1))
        return;
    while (atomic_exchange(&m->held, 2) != 0)
        wait_while(&m->held, 2, -1);
}

static void unlock(struct tarn_mutex *m)
{
    if (atomic_exchange(&m->held, 0) == 2)
        wake(&m->held, 1);
}

#else

static void lock(struct tarn_mutex *m)
{
    (void)m;
}

static void unlock(struct tarn_mutex *m)
{
    (void)m;
}

#endif

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
    lock(m);
}

void tarn_mutex_unlock(struct tarn_mutex *m)
{
    unlock(m);
}

struct tarn_cond *tarn_cond_create(void)
{
    return tarn_alloc(1, sizeof(struct tarn_cond));
}

void tarn_cond_destroy(struct tarn_cond *c)
{
    tarn_free(c);
}

/* With one thread nobody could ring: it returns at once, and its callers
 * look at their condition again. */
void tarn_cond_wait(struct tarn_cond *c, struct tarn_mutex *m,
                    double timeout_ms)
{
#if defined(__wasm_atomics__)
    const int seen = atomic_load(&c->rung);
    unlock(m);
    wait_while(&c->rung, seen,
               timeout_ms < 0 ? -1 : (int64_t)(timeout_ms * 1e6));
    lock(m);
#else
    (void)c;
    (void)m;
    (void)timeout_ms;
#endif
}

void tarn_cond_signal(struct tarn_cond *c)
{
    atomic_fetch_add(&c->rung, 1);
#if defined(__wasm_atomics__)
    wake(&c->rung, 1);
#endif
}

enum tarn_status tarn_thread_start(struct tarn_thread **out,
                                   void (*fn)(void *arg), void *arg,
                                   struct tarn_error *err)
{
    (void)out;
    (void)fn;
    (void)arg;
    return tarn_fail(err, TARN_UNSUPPORTED,
                     "WebAssembly code cannot start a thread by itself");
}

void tarn_thread_join(struct tarn_thread *t)
{
    (void)t;
}

/* ------------------------------------------------------------------ pool */
#if defined(__wasm_atomics__)

/* The one job at a time that all workers see.  fn, arg and n rest while
 * `left` is not 0.  The number of threads travels inside the epoch, so that a
 * worker which is late for a job of a small pool cannot take it for a job of
 * a larger one. */
static struct {
    _Alignas(64) atomic_int epoch; /* jobs so far * 64 + threads of this job */
    _Alignas(64) atomic_uint next; /* piece that nobody took yet */
    _Alignas(64) atomic_int left;  /* workers still at the job */
    atomic_int sleeping;           /* workers that wait on epoch */
    atomic_int joining;            /* 1: the caller waits on left */
    atomic_int here;               /* workers that have come */
    void (*fn)(void *arg, uint32_t i, uint32_t worker);
    void *arg;
    uint32_t n;
} gate;

static void take_pieces(uint32_t worker)
{
    for (;;) {
        const uint32_t i = atomic_fetch_add(&gate.next, 1);
        if (i >= gate.n)
            return;
        gate.fn(gate.arg, i, worker);
    }
}

static int await_epoch_after(int last)
{
    for (int polls = 0; polls < SPIN; polls++) {
        const int now = atomic_load(&gate.epoch);
        if (now != last)
            return now;
    }
    atomic_fetch_add(&gate.sleeping, 1);
    int now;
    while ((now = atomic_load(&gate.epoch)) == last)
        wait_while(&gate.epoch, last, -1);
    atomic_fetch_sub(&gate.sleeping, 1);
    return now;
}

_Noreturn void tarn_pool_worker_enter(void)
{
    /* The epoch is read before the worker counts as here, so no job that
     * counts on it can be missed. */
    int last = atomic_load(&gate.epoch);
    const uint32_t me = (uint32_t)atomic_fetch_add(&gate.here, 1) + 1;
    for (;;) {
        last = await_epoch_after(last);
        if (me >= (uint32_t)last % MAX_THREADS)
            continue;
        take_pieces(me);
        if (atomic_fetch_sub(&gate.left, 1) == 1 &&
            atomic_load(&gate.joining))
            wake(&gate.left, 1);
    }
}

uint32_t tarn_threads_allowed(void)
{
    const uint32_t n = (uint32_t)atomic_load(&gate.here) + 1;
    return n < MAX_THREADS ? n : MAX_THREADS - 1;
}

static void await_workers(void)
{
    for (int polls = 0; polls < SPIN; polls++)
        if (atomic_load(&gate.left) == 0)
            return;
    atomic_store(&gate.joining, 1);
    int left;
    while ((left = atomic_load(&gate.left)) != 0)
        wait_while(&gate.left, left, -1);
    atomic_store(&gate.joining, 0);
}

static void run_shared(const struct tarn_pool *p,
                       void (*fn)(void *arg, uint32_t i, uint32_t worker),
                       void *arg, uint32_t n)
{
    gate.fn = fn;
    gate.arg = arg;
    gate.n = n;
    atomic_store(&gate.next, 0);
    atomic_store(&gate.left, (int)p->n_threads - 1);
    const uint32_t jobs = (uint32_t)atomic_load(&gate.epoch) / MAX_THREADS;
    atomic_store(&gate.epoch, (int)((jobs + 1) * MAX_THREADS + p->n_threads));
    if (atomic_load(&gate.sleeping) > 0)
        wake(&gate.epoch, ~0u);
    take_pieces(0);
    await_workers();
}

#else

uint32_t tarn_threads_allowed(void)
{
    return 1;
}

#endif

enum tarn_status tarn_pool_create(uint32_t n_threads, struct tarn_pool **out,
                                  uint32_t *got, struct tarn_error *err)
{
    const uint32_t most = tarn_threads_allowed();
    struct tarn_pool *p = tarn_alloc(1, sizeof *p);
    if (!p)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "no memory for the thread pool");
    p->n_threads = n_threads < 1 ? 1 : n_threads > most ? most : n_threads;
    *out = p;
    if (got)
        *got = p->n_threads;
    return TARN_OK;
}

void tarn_pool_destroy(struct tarn_pool *p)
{
    tarn_free(p);
}

uint32_t tarn_pool_threads(const struct tarn_pool *p)
{
    return p->n_threads;
}

void tarn_pool_run(struct tarn_pool *p,
                   void (*fn)(void *arg, uint32_t i, uint32_t worker),
                   void *arg, uint32_t n)
{
#if defined(__wasm_atomics__)
    if (p->n_threads > 1 && n > 1) {
        run_shared(p, fn, arg, n);
        return;
    }
#else
    (void)p;
#endif
    for (uint32_t i = 0; i < n; i++)
        fn(arg, i, 0);
}
