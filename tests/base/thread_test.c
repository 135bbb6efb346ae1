/* thread_test.c - every piece is done once, whatever the threads do. */
#include "core/base/allowed.c" /* their static helpers are tested too */
#include "core/base/pool.c"

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/thread.h"
#include "tests/tap.h"

enum { N = 5000 };
static _Atomic uint32_t hits[N];
static _Atomic uint32_t wrong;
static uint32_t most_workers;

static void hit(void *arg, uint32_t i, uint32_t worker)
{
    if (i >= *(uint32_t *)arg || worker >= most_workers)
        atomic_fetch_add(&wrong, 1);
    else
        atomic_fetch_add(&hits[i], 1);
}

static void test_every_piece_is_done_once(void)
{
    struct tarn_pool *p = NULL;
    uint32_t got = 0;
    CHECK(tarn_pool_create(64, &p, &got, NULL) == TARN_OK);
    CHECK(got >= 1 && got <= tarn_threads_allowed());
    CHECK(tarn_pool_threads(p) == got);
    most_workers = got;
    uint32_t bad = 0;
    for (uint32_t round = 0; round < 3000; round++) {
        uint32_t n = round % 7 == 0 ? round % N : round % 17;
        for (uint32_t i = 0; i < n; i++)
            atomic_store_explicit(&hits[i], 0, memory_order_relaxed);
        tarn_pool_run(p, hit, &n, n);
        for (uint32_t i = 0; i < n; i++)
            bad += atomic_load_explicit(&hits[i], memory_order_relaxed) != 1;
    }
    CHECK_SAYS(bad == 0 && wrong == 0, "%u bad, %u wrong", bad, wrong);
    tarn_pool_destroy(p);
}

static void test_pools_come_and_go(void)
{
    uint32_t n = 3;
    const int64_t held = tarn_memory_held();
    for (int i = 0; i < 200; i++) {
        struct tarn_pool *p = NULL;
        CHECK(tarn_pool_create(0, &p, NULL, NULL) == TARN_OK);
        if (i % 2)
            tarn_pool_run(p, hit, &n, n);
        tarn_pool_destroy(p);
    }
    tarn_pool_destroy(NULL);
    CHECK(tarn_memory_held() == held);
}

static void take_long(void *arg, uint32_t i, uint32_t worker)
{
    (void)worker;
    const double end = tarn_now_ms() + (i == 0 ? 3 : 0);
    while (tarn_now_ms() < end)
        tarn_pause();
    atomic_fetch_add((_Atomic uint32_t *)arg, 1);
}

static void test_caller_sleeps_until_the_last_piece(void)
{
    struct tarn_pool *p = NULL;
    CHECK(tarn_pool_create(2, &p, NULL, NULL) == TARN_OK);
    for (int i = 0; i < 20; i++) {
        _Atomic uint32_t count = 0;
        tarn_pool_run(p, take_long, &count, 5);
        CHECK_SAYS(count == 5, "%u", (unsigned)count);
    }
    tarn_pool_destroy(p);
}

/* One that the system has put aside: it sleeps instead. */
static void sleep_long(void *arg, uint32_t i, uint32_t worker)
{
    const struct timespec time = { 0, i == 0 ? 150000000 : 0 };
    (void)worker;
    nanosleep(&time, NULL);
    atomic_fetch_add((_Atomic uint32_t *)arg, 1);
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void test_e08_waiting_for_a_starved_thread_burns_nothing(void)
{
    struct tarn_pool *p = NULL;
    CHECK(tarn_pool_create(2, &p, NULL, NULL) == TARN_OK);
    for (uint32_t n = 1; n < 4; n++) {
        _Atomic uint32_t count = 0;
        const double from = cpu_ms();
        tarn_pool_run(p, sleep_long, &count, n);
        CHECK(count == n);
        CHECK_SAYS(cpu_ms() - from < 50, "%.1f ms", cpu_ms() - from);
    }
    tarn_pool_destroy(p);
}

#if defined(__SSE2__)
static void see_environment(void *arg, uint32_t i, uint32_t worker)
{
    (void)i, (void)worker;
    if ((_mm_getcsr() & 0xffc0) != 0x1f80)
        atomic_fetch_add((_Atomic uint32_t *)arg, 1);
}

static void test_e13_flush_to_zero_is_switched_off(void)
{
    const unsigned old = _mm_getcsr();
    _mm_setcsr(old | 0x8040); /* as a library built with -ffast-math does */
    struct tarn_pool *p = NULL;
    _Atomic uint32_t bad = 0;
    CHECK(tarn_pool_create(2, &p, NULL, NULL) == TARN_OK);
    for (uint32_t i = 0; i < 200; i++)
        tarn_pool_run(p, see_environment, &bad, i % 5 + 1);
    tarn_pool_destroy(p);
    CHECK(bad == 0);
    CHECK((_mm_getcsr() & 0x8040) == 0x8040); /* the caller's own is kept */
    _mm_setcsr(old);
}
#endif

static void test_e07_quotas_are_rounded_up(void)
{
    CHECK(threads_of_quota("max 100000\n") == 0);
    CHECK(threads_of_quota("-1\n 100000\n") == 0);
    CHECK(threads_of_quota("50000 100000\n") == 1);
    CHECK(threads_of_quota("200000 100000\n") == 2);
    CHECK(threads_of_quota("200001 100000\n") == 3);
    CHECK(threads_of_quota("100000 0") == 0);
    CHECK(threads_of_quota("9223372036854775807 1") == MAX_THREADS);
    CHECK(threads_of_quota("") == 0);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* A group below another one; the tighter of the two holds. */
static void test_quota_of_any_group_above_holds(void)
{
    char root[] = "/tmp/tarn-thread-test-XXXXXX", path[200], group[40];
    static const char *const files[] = { "/a/b/cpu.max", "/a/cpu.max",
                                         "/a/b/cpu.cfs_quota_us",
                                         "/a/b/cpu.cfs_period_us" };
    static const char *const texts[] = { "max 100000\n", "150000 100000\n",
                                         "300000\n", "100000\n" };
    CHECK(mkdtemp(root) != NULL);
    snprintf(path, sizeof path, "%s/a", root);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/a/b", root);
    CHECK(mkdir(path, 0700) == 0);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", root, files[i]);
        put(path, texts[i]);
    }
    CHECK(smallest_quota(root, strcpy(group, "/a/b"), true) == 2);
    CHECK(smallest_quota(root, strcpy(group, "/a/b"), false) == 3);
    CHECK(smallest_quota(root, strcpy(group, "/other"), true) == 0);
    snprintf(path, sizeof path, "%s/a/b/cpu.max", root);
    put(path, "50000 100000\n");
    CHECK(smallest_quota(root, strcpy(group, "/a/b"), true) == 1);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", root, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/a/b", root);
    rmdir(path);
    snprintf(path, sizeof path, "%s/a", root);
    rmdir(path);
    rmdir(root);
}

static void test_spin_is_short_under_load_and_comes_back(void)
{
    struct tarn_pool p = { .pauses = MOST_PAUSES };
    learn(&p, 3.0, 0.01); /* others were done soon */
    CHECK(p.pauses == MOST_PAUSES);
    learn(&p, 3.0, 2.0); /* a long piece of a long phase */
    CHECK(p.pauses == MOST_PAUSES);
    learn(&p, 0.02, 3.0); /* somebody was put aside */
    CHECK(p.pauses == LEAST_PAUSES);
    learn(&p, 0.02, 0.01);
    CHECK(p.pauses > LEAST_PAUSES && p.pauses < LEAST_PAUSES + 10);
    for (int i = 0; i < 200; i++)
        learn(&p, 0.02, 0.01);
    CHECK(p.pauses == MOST_PAUSES);
}

static void test_e07_affinity_is_respected(void)
{
    cpu_set_t old, one;
    CHECK(sched_getaffinity(0, sizeof old, &old) == 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &old)) {
            CPU_SET(i, &one);
            break;
        }
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(tarn_threads_allowed() == 1);
    struct tarn_pool *p = NULL;
    uint32_t got = 0, n = 9;
    CHECK(tarn_pool_create(8, &p, &got, NULL) == TARN_OK && got == 1);
    tarn_pool_run(p, hit, &n, n);
    tarn_pool_destroy(p);
    sched_setaffinity(0, sizeof old, &old);
}

static struct tarn_mutex *lock;
static struct tarn_cond *cond;
static uint32_t counter;

static void count_up(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10000; i++) {
        tarn_mutex_lock(lock);
        counter++;
        tarn_mutex_unlock(lock);
    }
    tarn_mutex_lock(lock);
    counter += 1000000;
    tarn_cond_signal(cond);
    tarn_mutex_unlock(lock);
}

static void test_lock_excludes_and_cond_wakes(void)
{
    lock = tarn_mutex_create();
    cond = tarn_cond_create();
    struct tarn_thread *a = NULL, *b = NULL;
    CHECK(tarn_thread_start(&a, count_up, NULL, NULL) == TARN_OK);
    CHECK(tarn_thread_start(&b, count_up, NULL, NULL) == TARN_OK);
    tarn_mutex_lock(lock);
    while (counter < 2000000)
        tarn_cond_wait(cond, lock, -1);
    CHECK(counter == 2020000);
    const double from = tarn_now_ms();
    tarn_cond_wait(cond, lock, 5);
    CHECK(tarn_now_ms() - from >= 4.9);
    tarn_mutex_unlock(lock);
    tarn_thread_join(a);
    tarn_thread_join(b);
    tarn_thread_join(NULL);
    tarn_cond_destroy(cond);
    tarn_mutex_destroy(lock);
}

static void test_e01_pool_without_memory(void)
{
    const int64_t held = tarn_memory_held();
    enum tarn_status s = TARN_NO_MEMORY;
    for (uint64_t k = 1; s; k++) {
        struct tarn_pool *p = NULL;
        struct tarn_error err = { 0 };
        tarn_memory_fail_at(k, true);
        s = tarn_pool_create(2, &p, NULL, &err);
        tarn_memory_fail_at(0, false);
        CHECK(s == TARN_OK || (s == TARN_NO_MEMORY && err.text[0]));
        if (!s)
            tarn_pool_destroy(p);
        CHECK_SAYS(tarn_memory_held() == held, "k = %d", (int)k);
    }
}

int main(void)
{
    RUN(test_every_piece_is_done_once);
    RUN(test_pools_come_and_go);
    RUN(test_caller_sleeps_until_the_last_piece);
    RUN(test_e08_waiting_for_a_starved_thread_burns_nothing);
#if defined(__SSE2__)
    RUN(test_e13_flush_to_zero_is_switched_off);
#endif
    RUN(test_e07_quotas_are_rounded_up);
    RUN(test_quota_of_any_group_above_holds);
    RUN(test_spin_is_short_under_load_and_comes_back);
    RUN(test_e07_affinity_is_respected);
    RUN(test_lock_excludes_and_cond_wakes);
    RUN(test_e01_pool_without_memory);
    return tap_end();
}
