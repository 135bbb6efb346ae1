/* stub.c - one plugin, many misdeeds: each build defines one STUB_... word.
 *
 * All are doubles (their numbers are not judged) but STUB_WRONG_NUMBERS. */
#include <dlfcn.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "backends/note.h"

#ifndef STUB_NAME
#define STUB_NAME "stub"
#endif

/* ---------------------------------------------------------- constructors */
/* Leaves a mark that code of this file has run. */
static inline void leave_mark(void)
{
    const char *path = getenv("TARN_TEST_MARK");
    int fd = path ? open(path, O_CREAT | O_WRONLY, 0600) : -1;
    if (fd >= 0)
        close(fd);
}

#if defined(STUB_STACK)
static int eat_stack(volatile char *above)
{
    volatile char here[65536];
    here[0] = above ? above[0] : 1;
    int below = eat_stack(here);
    return here[0] + below; /* after the call: no tail call */
}
#endif

__attribute__((constructor)) static void begin(void)
{
    leave_mark();
#if defined(STUB_SEGV)
    raise(SIGSEGV);
#elif defined(STUB_ABORT)
    abort();
#elif defined(STUB_ILL)
    __builtin_trap();
#elif defined(STUB_EXIT)
    _exit(0);
#elif defined(STUB_STACK)
    eat_stack(NULL);
#elif defined(STUB_HANG)
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (;;)
        pause();
#elif defined(STUB_PRINTS)
    printf("# {\"good\":true}\n");
    fflush(stdout);
#endif
}

/* ---------------------------------------------------------------- manners */
/* What a library may do to its process, when it is loaded and when its device
 * is opened. */
static inline void misbehave(void)
{
#if defined(STUB_LOCALE)
    setlocale(LC_ALL, "C.UTF-8");
#elif defined(STUB_THREAD_LOCALE)
    uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
#elif defined(STUB_MASK)
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
#elif defined(STUB_FOLDER)
    if (chdir("/"))
        abort();
#elif defined(STUB_HANDLER)
    signal(SIGSEGV, SIG_IGN);
#elif defined(STUB_FLOATS) && defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* tiny numbers become zero */
#elif defined(STUB_FLOATS) && defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(UINT64_C(1) << 24));
#elif defined(STUB_SPEAKS)
    printf("a driver says hello\n"); /* stays in the buffer */
    if (write(1, "and hello\n", 10) < 0)
        abort();
#elif defined(STUB_LEAKS)
    if (open("/dev/null", O_RDONLY) < 0 ||
        mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
            MAP_FAILED)
        abort();
#endif
}

/* --------------------------------------------------------------- backend */
static uint32_t count(const struct tarn_host *h)
{
    (void)h;
#if defined(STUB_NO_DEVICE)
    return 0;
#elif defined(STUB_MANY)
    return 1000000000u;
#elif defined(STUB_LATE_ILL) /* what a note that lies ends in */
    __builtin_trap();
#elif defined(STUB_SLEEPS) /* in a driver; deaf to a polite end */
    signal(SIGTERM, SIG_IGN);
    for (int hours = 0; hours < 1000; hours++)
        sleep(3600);
    return 0;
#elif defined(STUB_TWICE)
    return 2;
#elif defined(STUB_DRIVER)
    return dlopen("libtarn-test-driver.so.1", RTLD_NOW) ? 2 : 1;
#else
    return 1;
#endif
}

static enum tarn_status info(const struct tarn_host *h, uint32_t i,
                             struct tarn_device_info *out,
                             struct tarn_error *err)
{
    (void)h;
    (void)i;
    (void)err;
    *out = (struct tarn_device_info){ .size = sizeof *out,
                                      .name = "stub device",
                                      .exact = true };
#if defined(STUB_MANY)
    memset(out->name, 'x', sizeof out->name); /* no NUL */
    memcpy(out->detail, "\x1b]52;bad\xff", 10);
    out->memory_total = UINT64_MAX;
    out->memory_free = UINT64_MAX;
#elif defined(STUB_BAD_KIND)
    out->kind = 77;
#elif defined(STUB_NAMELESS) /* and with no memory at all */
    memset(out->name, 0, sizeof out->name);
    out->kind = TARN_DEVICE_DISCRETE;
#endif
    return TARN_OK;
}

struct tarn_dev {
    int unused;
};
static struct tarn_dev the_device;

static enum tarn_status open_device(const struct tarn_host *h, uint32_t i,
                                    struct tarn_dev **out,
                                    struct tarn_error *err)
{
    (void)h;
    (void)i;
    misbehave();
#if defined(STUB_VANISHES)
    (void)out;
    if (err) {
        err->status = TARN_DEVICE;
        snprintf(err->text, sizeof err->text, "The device is gone.");
    }
    return TARN_DEVICE;
#else
    (void)err;
    *out = &the_device;
    return TARN_OK;
#endif
}

static void close_device(struct tarn_dev *d)
{
    (void)d;
}

static enum tarn_status weight(struct tarn_dev *d, const struct tarn_tensor *t,
                               struct tarn_weight **out,
                               struct tarn_error *err)
{
    (void)d;
    (void)err;
    *out = (struct tarn_weight *)(uintptr_t)t->data;
    return TARN_OK;
}

static void weight_free(struct tarn_dev *d, struct tarn_weight *w)
{
    (void)d;
    (void)w;
}

static enum tarn_status state_open(struct tarn_dev *d,
                                   const struct tarn_state_shape *s,
                                   struct tarn_state **out,
                                   struct tarn_error *err)
{
    (void)s;
    (void)err;
    *out = (struct tarn_state *)d;
    return TARN_OK;
}

static void state_close(struct tarn_state *s)
{
    (void)s;
}

static enum tarn_status state_room(struct tarn_state *s, uint32_t pages,
                                   uint32_t tails, struct tarn_error *err)
{
    (void)s;
    (void)pages;
    (void)tails;
    (void)err;
    return TARN_OK;
}

static enum tarn_status state_copy(struct tarn_state *s, bool page,
                                   uint32_t to, uint32_t from,
                                   struct tarn_error *err)
{
    (void)page;
    (void)to;
    return state_room(s, from, 0, err);
}

static enum tarn_status state_read(struct tarn_state *s, bool page, uint32_t n,
                                   uint32_t n_pos, void *out,
                                   struct tarn_error *err)
{
    (void)page;
    (void)out;
    return state_room(s, n, n_pos, err);
}

static enum tarn_status state_write(struct tarn_state *s, bool page,
                                    uint32_t n, const void *in,
                                    struct tarn_error *err)
{
    (void)page;
    (void)in;
    return state_room(s, n, 0, err);
}

static enum tarn_status prepare(struct tarn_dev *d, const struct tarn_plan *p,
                                struct tarn_state *s,
                                struct tarn_prepared **out,
                                struct tarn_error *err)
{
    (void)p;
    (void)s;
    (void)err;
    *out = (struct tarn_prepared *)d;
    return TARN_OK;
}

static void release(struct tarn_prepared *p)
{
    (void)p;
}

static enum tarn_status cost(const struct tarn_host *h, uint32_t device,
                             const struct tarn_plan *p,
                             const struct tarn_state_shape *s,
                             uint64_t *work, uint64_t *page, uint64_t *tail,
                             struct tarn_error *err)
{
    (void)h;
    (void)device;
    (void)p;
    (void)s;
    (void)err;
    *work = *page = *tail = 0;
    return TARN_OK;
}

static enum tarn_status run(struct tarn_prepared *p,
                            const struct tarn_batch *b,
                            struct tarn_error *err)
{
    (void)p;
    (void)b; /* success, but no logits */
    (void)err;
    return TARN_OK;
}

static const struct tarn_backend BACKEND = {
#if defined(STUB_SMALL_STRUCT)
    .size = sizeof(struct tarn_backend) - 8,
#elif defined(STUB_LARGE_STRUCT)
    .size = sizeof(struct tarn_backend) + 64,
#else
    .size = sizeof(struct tarn_backend),
#endif
#if defined(STUB_ABI_INSIDE)
    .abi = TARN_BACKEND_ABI + 1,
#else
    .abi = TARN_BACKEND_ABI,
#endif
#if defined(STUB_OTHER_NAME)
    .name = "somebody-else",
#else
    .name = STUB_NAME,
#endif
    .version = "1.0",
    .device_count = count,
    .device_info = info,
    .open = open_device,
    .close = close_device,
    .weight = weight,
    .weight_free = weight_free,
    .state_open = state_open,
    .state_close = state_close,
    .state_room = state_room,
    .state_copy = state_copy,
    .state_read = state_read,
    .state_write = state_write,
    .prepare = prepare,
    .release = release,
    .cost = cost,
#if !defined(STUB_NO_RUN)
    .run = run,
#endif
};

static inline const struct tarn_backend *get(void)
{
    (void)run; /* not in the struct of STUB_NO_RUN */
    (void)the_device;
    misbehave();
#if defined(STUB_NULL)
    return (void)&BACKEND, NULL;
#else
    return &BACKEND;
#endif
}

/* ------------------------------------------------------------------ notes */
#if defined(STUB_WRONG_NUMBERS)
#define FLAGS 0
#elif defined(STUB_DRIVER)
#define FLAGS (TARN_NOTE_DOUBLE | TARN_NOTE_LOADS)
#else
#define FLAGS TARN_NOTE_DOUBLE
#endif

#define RAW_NOTE(VARIABLE, KIND, CLAIMED, ABI, NEEDS, NAME, VERSION)         \
    __attribute__((section(".note.tarn"), used, aligned(4)))                 \
    static const struct {                                                    \
        uint32_t owner_size, note_size, type;                                \
        char owner[8];                                                       \
        struct tarn_note note;                                               \
    } VARIABLE = { 5,                                                        \
                   (CLAIMED),                                                \
                   (KIND),                                                   \
                   "tarn",                                                   \
                   { sizeof(struct tarn_note),                               \
                     (ABI),                                                  \
                     { 0, (NEEDS) },                                         \
                     FLAGS,                                                  \
                     NAME,                                                   \
                     VERSION } }

#define WHOLE ((uint32_t)sizeof(struct tarn_note))
#define NOTE(KIND, CLAIMED, ABI, NEEDS, NAME, VERSION)                       \
    RAW_NOTE(stub_note, KIND, CLAIMED, ABI, NEEDS, NAME, VERSION)

#if defined(STUB_NO_NOTE)
#elif defined(STUB_TWO_NOTES)
NOTE(1, WHOLE, TARN_BACKEND_ABI, 0, STUB_NAME, "1.0");
RAW_NOTE(stub_note_2, 1, WHOLE, TARN_BACKEND_ABI, 0, STUB_NAME, "1.0");
#elif defined(STUB_NOTE_KIND)
NOTE(7, WHOLE, TARN_BACKEND_ABI, 0, STUB_NAME, "1.0");
#elif defined(STUB_NOTE_SHORT)
NOTE(1, 40, TARN_BACKEND_ABI, 0, STUB_NAME, "1.0");
#elif defined(STUB_NOTE_HUGE)
NOTE(1, 0xfffffff0u, TARN_BACKEND_ABI, 0, STUB_NAME, "1.0");
#elif defined(STUB_ABI_OLD)
NOTE(1, WHOLE, TARN_BACKEND_ABI - 1, 0, STUB_NAME, "1.0");
#elif defined(STUB_ABI_NEW)
NOTE(1, WHOLE, TARN_BACKEND_ABI + 1, 0, STUB_NAME, "1.0");
#elif defined(STUB_NOTE_NAME)
NOTE(1, WHOLE, TARN_BACKEND_ABI, 0, "bad\x1b[31m", "1.0");
#elif defined(STUB_NEEDS)
NOTE(1, WHOLE, TARN_BACKEND_ABI, 0x80000000u, STUB_NAME, "1.0");
#else
NOTE(1, WHOLE, TARN_BACKEND_ABI, 0, STUB_NAME, "1.0");
#endif

#if !defined(STUB_NO_SYMBOL)
__attribute__((visibility("default"))) const struct tarn_backend *
tarn_backend_v1(void);
const struct tarn_backend *tarn_backend_v1(void)
{
    return get();
}
#else
__attribute__((visibility("default"))) const struct tarn_backend *
somebody_else(void);
const struct tarn_backend *somebody_else(void)
{
    return get();
}
#endif
