/* watch.c - see watch.h. */
#include "core/base/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/thread.h"

/* A model may come in 1,024 parts, and there may be a few of them.  Of so
 * many not every file is kept open. */
enum { MOST_SLOTS = 2048, MOST_OPEN = 64 };
/* What prefault() does between two looks whether it shall stop: some
 * milliseconds from memory, some hundred from a slow disk. */
enum { PREFAULT_STEP = 8 << 20 };

/* The handler reads these: begin is 0 for a free slot, 1 while one is made. */
static struct slot {
    _Atomic uintptr_t begin, end; /* end: a whole page */
    atomic_bool lost;
} slots[MOST_SLOTS];
static struct sigaction before; /* whose signal it is otherwise */
static atomic_flag installed = ATOMIC_FLAG_INIT;
static _Atomic uint32_t n_open;
static uintptr_t page_size;

struct tarn_watch {
    struct slot *slot;
    int fd; /* -1: not kept */
    struct stat was;
    const uint8_t *data;
    uint64_t prefault; /* bytes */
    struct tarn_thread *thread;
    atomic_bool stop;
};

/* ---------------------------------------------------------------- handler */

static bool lay_zeros(uintptr_t at)
{
    for (int i = 0; i < MOST_SLOTS; i++) {
        const uintptr_t begin = atomic_load(&slots[i].begin);
        const uintptr_t end = atomic_load(&slots[i].end);
        if (begin < 2 || at < begin || at >= end)
            continue;
        const uintptr_t page = at & ~(page_size - 1);
        if (mmap((void *)page, end - page, PROT_READ,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
                 0) == MAP_FAILED)
            return false;
        atomic_store(&slots[i].lost, true);
        return true;
    }
    return false;
}

static void on_bus(int number, siginfo_t *info, void *context)
{
    const int saved = errno;
    /* si_code <= 0: somebody sent it, there is no address. */
    if (info->si_code > 0 && lay_zeros((uintptr_t)info->si_addr)) {
        errno = saved;
        return;
    }
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else if (before.sa_handler == SIG_DFL || info->si_code > 0) {
        /* As if we had not been here: the instruction fails again. */
        signal(number, SIG_DFL);
        if (info->si_code <= 0)
            raise(number);
    }
    errno = saved;
}

static void install(void)
{
    struct sigaction a = { .sa_sigaction = on_bus,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK };
    if (atomic_flag_test_and_set(&installed))
        return;
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&a.sa_mask);
    sigaction(SIGBUS, &a, &before);
}

/* ------------------------------------------------------------------ watching */

static struct slot *take_slot(const void *data, uint64_t size)
{
    const uintptr_t begin = (uintptr_t)data;
    for (int i = 0; i < MOST_SLOTS; i++) {
        uintptr_t none = 0;
        if (!atomic_compare_exchange_strong(&slots[i].begin, &none, 1))
            continue;
        atomic_store(&slots[i].lost, false);
        atomic_store(&slots[i].end, (begin + (uintptr_t)size + page_size - 1) &
                                        ~(page_size - 1));
        atomic_store(&slots[i].begin, begin);
        return &slots[i];
    }
    return NULL;
}

enum tarn_status tarn_watch_begin(struct tarn_watch **out, int fd,
                                  const void *data, uint64_t size,
                                  struct tarn_error *err)
{
    install();
    struct tarn_watch *w = tarn_alloc(1, sizeof *w);
    struct slot *slot = w ? take_slot(data, size) : NULL;
    if (!slot || fstat(fd, &w->was) != 0) {
        if (slot)
            atomic_store(&slot->begin, 0);
        tarn_free(w);
        close(fd);
        return tarn_fail(err, TARN_NO_MEMORY, "there is no memory to map it, or too many files are "
                         "mapped");
    }
    w->slot = slot;
    w->data = data;
    w->fd = fd;
    if (atomic_fetch_add(&n_open, 1) >= MOST_OPEN) {
        atomic_fetch_sub(&n_open, 1);
        close(fd);
        w->fd = -1;
    }
    *out = w;
    return TARN_OK;
}

void tarn_watch_settle(struct tarn_watch *w)
{
    tarn_thread_join(w->thread);
    w->thread = NULL;
}

void tarn_watch_end(struct tarn_watch *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    tarn_watch_settle(w);
    atomic_store(&w->slot->begin, 0);
    if (w->fd >= 0) {
        close(w->fd);
        atomic_fetch_sub(&n_open, 1);
    }
    tarn_free(w);
}

static bool changed(const struct tarn_watch *w)
{
    struct stat now;
    return w->fd >= 0 && fstat(w->fd, &now) == 0 &&
           (now.st_size != w->was.st_size ||
            now.st_mtim.tv_sec != w->was.st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != w->was.st_mtim.tv_nsec);
}

enum tarn_status tarn_watch_check(const struct tarn_watch *w,
                                  struct tarn_error *err)
{
    const bool other = changed(w);
    if (!other && !atomic_load(&w->slot->lost))
        return TARN_OK;
    return tarn_fail(err, TARN_IO,
                     other ? "was changed while in use; open it again"
                           : "can't be read any more: its disk or connection "
                             "fails");
}

/* ------------------------------------------------------------------ prefault */

/* 0, or errno. */
static int populate(const uint8_t *p, size_t n)
{
#if defined(MADV_POPULATE_READ)
    if (madvise((void *)(uintptr_t)p, n, MADV_POPULATE_READ) == 0)
        return 0;
    if (errno != EINVAL)
        return errno;
#endif
    for (size_t i = 0; i < n; i += 4096) /* Linux before 5.14, others */
        (void)*(const volatile uint8_t *)(p + i);
    return 0;
}

static void run_prefault(void *arg)
{
    struct tarn_watch *w = arg;
    for (uint64_t at = 0; at < w->prefault && !atomic_load(&w->stop);
         at += PREFAULT_STEP) {
        const uint64_t left = w->prefault - at;
        if (populate(w->data + at,
                     left < PREFAULT_STEP ? (size_t)left : PREFAULT_STEP))
            return; /* whoever reads it will find out */
    }
}

void tarn_watch_prefault(struct tarn_watch *w, uint64_t n)
{
    if (w->thread || n == 0)
        return;
    w->prefault = n;
    /* Without the thread the first pass takes longer, that is all. */
    (void)tarn_thread_start(&w->thread, run_prefault, w, NULL);
}
