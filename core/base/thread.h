/* thread.h - locks, threads and the pool that backends compute on.
 *
 * Natively on pthreads.  In the WASI program there is one thread and all of
 * this is empty; in the browser workers enter through
 * tarn_pool_worker_enter() (wasm/).
 *
 * The pool: one epoch, one counter of pieces, a short bounded spin, then a
 * futex.  Workers set the floating point environment of
 * the numerics contract (round to nearest, no FTZ/DAZ) before they work.
 */
#ifndef TARN_BASE_THREAD_H
#define TARN_BASE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/types.h"

struct tarn_mutex;
struct tarn_cond;
struct tarn_thread;
struct tarn_pool;

struct tarn_mutex *tarn_mutex_create(void); /* NULL: no memory */
void tarn_mutex_destroy(struct tarn_mutex *m);
void tarn_mutex_lock(struct tarn_mutex *m);
void tarn_mutex_unlock(struct tarn_mutex *m);
struct tarn_cond *tarn_cond_create(void);
void tarn_cond_destroy(struct tarn_cond *c);
/* timeout_ms < 0: none. */
void tarn_cond_wait(struct tarn_cond *c, struct tarn_mutex *m,
                    double timeout_ms);
void tarn_cond_signal(struct tarn_cond *c);

enum tarn_status tarn_thread_start(struct tarn_thread **out,
                                   void (*fn)(void *arg), void *arg,
                                   struct tarn_error *err);
void tarn_thread_join(struct tarn_thread *t); /* frees it; NULL allowed */

/* What the affinity mask and the cgroup quota allow; at least 1. */
uint32_t tarn_threads_allowed(void);

/* n_threads counts the caller.  If fewer can be had, it runs with those and
 * says so in *got. */
enum tarn_status tarn_pool_create(uint32_t n_threads, struct tarn_pool **out,
                                  uint32_t *got, struct tarn_error *err);
void tarn_pool_destroy(struct tarn_pool *p);
uint32_t tarn_pool_threads(const struct tarn_pool *p);
/* fn(arg, i, worker) for every i in [0, n), in any order on any thread;
 * returns when all are done.  Not re-entrant. */
void tarn_pool_run(struct tarn_pool *p,
                   void (*fn)(void *arg, uint32_t i, uint32_t worker),
                   void *arg, uint32_t n);

#if defined(__wasm_atomics__)
/* A worker of the page gives itself to the pool and never returns.  Only
 * workers that have come before tarn_pool_create() are counted. */
_Noreturn void tarn_pool_worker_enter(void);
#endif

#endif
