/* few_threads_test.c - E07: the system gives no more threads; what there is
 * computes; and a machine of more processors than the C library's mask holds.
 * Linked with --wrap=pthread_create and --wrap=sched_getaffinity. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "backends/ref/ref.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "core/tarn.h"
#include "tests/tap.h"

static unsigned n_created, fail_from; /* 0: none fails */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg)
{
    if (++n_created >= fail_from && fail_from)
        return EAGAIN;
    return __real_pthread_create(thread, attr, fn, arg);
}

static size_t n_processors; /* pretended; 0: those that there are */

int __real_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    if (!n_processors)
        return __real_sched_getaffinity(pid, size, set);
    if (size * 8 < n_processors) { /* as the kernel does */
        errno = EINVAL;
        return -1;
    }
    CPU_ZERO_S(size, set);
    for (size_t i = 0; i < n_processors; i++)
        CPU_SET_S(i, size, set);
    return 0;
}

/* A control group's quota may allow fewer. */
static void test_e07_a_thousand_processors(void)
{
    const int64_t held = tarn_memory_held();
    n_processors = 65536;
    const uint32_t quota = tarn_threads_allowed();
    static const size_t COUNTS[] = { 1, 1023, 1024, 1025, 5000 };
    for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
        n_processors = COUNTS[i];
        const uint32_t most = quota < COUNTS[i] ? quota : (uint32_t)COUNTS[i];
        CHECK_SAYS(tarn_threads_allowed() == most, "%zu: %u", COUNTS[i],
                   tarn_threads_allowed());
    }
    CHECK(quota >= 1 && quota <= 1024);
    n_processors = 0;
    CHECK(tarn_memory_held() == held);
}

static void count_piece(void *arg, uint32_t i, uint32_t worker)
{
    (void)worker;
    atomic_fetch_add((_Atomic uint32_t *)arg, i + 1);
}

static void test_e07_a_pool_of_fewer_threads(void)
{
    const int64_t held = tarn_memory_held();
    const uint32_t allowed = tarn_threads_allowed();
    const uint32_t wanted = allowed < 8 ? allowed : 8;
    for (fail_from = 1; fail_from <= wanted; fail_from++) {
        struct tarn_pool *p = NULL;
        _Atomic uint32_t sum = 0;
        uint32_t got = 0;
        n_created = 0;
        CHECK(tarn_pool_create(wanted, &p, &got, NULL) == TARN_OK);
        CHECK_SAYS(got == fail_from, "%u threads where the %u-th fails", got,
                   fail_from);
        tarn_pool_run(p, count_piece, &sum, 100);
        CHECK(sum == 5050);
        tarn_pool_destroy(p);
    }
    fail_from = 0;
    CHECK(tarn_memory_held() == held);
}

static int n_said;
static char said[200];
static void log_line(void *user, int level, const char *sentence)
{
    (void)user, (void)level;
    n_said++;
    snprintf(said, sizeof said, "%s", sentence);
}

static void test_e07_it_is_said_once(void)
{
    const struct tarn_backend *backends[1] = { tarn_backend_ref() };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 2, .log = log_line };
    struct tarn_runtime *rt = NULL;
    n_created = 0;
    fail_from = 1;
    CHECK(tarn_runtime_create(&ro, &rt, NULL) == TARN_OK);
    fail_from = 0;
    CHECK(tarn_runtime_threads(rt) == 1);
    CHECK_SAYS(n_said == 1 && !strcmp(said, "only 1 of 2 threads could be "
                                            "started"), "%d: %s", n_said, said);
    tarn_runtime_destroy(rt);
}

static void test_e07_a_thread_of_our_own_is_refused_with_a_sentence(void)
{
    struct tarn_thread *t = NULL;
    struct tarn_error err = { TARN_OK, "" };
    n_created = 0;
    fail_from = 1;
    CHECK(tarn_thread_start(&t, NULL, NULL, &err) == TARN_NO_MEMORY &&
          err.text[0] && !t);
    fail_from = 0;
}

int main(void)
{
    RUN(test_e07_a_thousand_processors);
    RUN(test_e07_a_pool_of_fewer_threads);
    RUN(test_e07_it_is_said_once);
    RUN(test_e07_a_thread_of_our_own_is_refused_with_a_sentence);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
