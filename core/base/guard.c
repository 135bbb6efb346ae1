/* guard.c - see guard.h. */
#include "core/base/guard.h"

#include "core/base/compiler.h"
#include "core/base/memory.h"

#if defined(__wasm__)
struct tarn_guard *tarn_guard_begin(void)
{
    return NULL;
}

unsigned tarn_guard_end(struct tarn_guard *g, char *what, size_t room)
{
    (void)g;
    if (room)
        what[0] = 0;
    return 0;
}
#else

#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Exceptions that have happened are no setting. */
#if defined(__x86_64__) || defined(__i386__)
#define FP_SETTINGS (~UINT64_C(0x3f))
#else
#define FP_SETTINGS (~UINT64_C(0))
#endif

struct tarn_guard {
    char *locale;         /* owned */
    locale_t thread_locale;
    sigset_t mask;
    struct sigaction handlers[NSIG];
    uint64_t known[2];    /* bit of a signal: its handler could be asked for */
    uint64_t fp;
    int folder, out;      /* descriptors; -1: none */
};

static uint64_t fp_now(void)
{
    const uint64_t fp = tarn_fp_begin();
    tarn_fp_end(fp);
    return fp;
}

static bool is_known(const struct tarn_guard *g, int number)
{
    return g->known[number / 64] >> number % 64 & 1;
}

struct tarn_guard *tarn_guard_begin(void)
{
    struct tarn_guard *g = tarn_alloc(1, sizeof *g);
    if (!g)
        return NULL;
    const char *locale = setlocale(LC_ALL, NULL);
    g->locale = locale ? tarn_dup_str(locale) : NULL;
    g->thread_locale = uselocale((locale_t)0);
    pthread_sigmask(SIG_SETMASK, NULL, &g->mask);
    for (int i = 1; i < NSIG; i++)
        if (!sigaction(i, NULL, &g->handlers[i]))
            g->known[i / 64] |= UINT64_C(1) << i % 64;
    g->folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fflush(stdout); /* what is ours goes where it belongs */
    g->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    if (g->out >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        close(g->out);
        g->out = -1;
    }
    g->fp = fp_now();
    return g;
}

/* ---------------------------------------------------------- one thing each */
static bool put_locale_back(const struct tarn_guard *g)
{
    const char *now = setlocale(LC_ALL, NULL);
    const bool same = !g->locale || (now && !strcmp(now, g->locale));
    const bool same_here = uselocale((locale_t)0) == g->thread_locale;
    if (!same)
        setlocale(LC_ALL, g->locale);
    if (!same_here)
        uselocale(g->thread_locale);
    return !same || !same_here;
}

static bool put_mask_back(const struct tarn_guard *g)
{
    sigset_t now;
    bool same = true;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    for (int i = 1; i < NSIG; i++)
        same = same && sigismember(&now, i) == sigismember(&g->mask, i);
    if (!same)
        pthread_sigmask(SIG_SETMASK, &g->mask, NULL);
    return !same;
}

static bool put_handlers_back(const struct tarn_guard *g)
{
    bool changed = false;
    for (int i = 1; i < NSIG; i++) {
        struct sigaction now;
        const struct sigaction *was = &g->handlers[i];
        if (!is_known(g, i) || sigaction(i, NULL, &now) ||
            (now.sa_handler == was->sa_handler &&
             now.sa_flags == was->sa_flags))
            continue;
        changed |= !sigaction(i, was, NULL);
    }
    return changed;
}

static bool put_folder_back(const struct tarn_guard *g)
{
    struct stat now, was;
    if (g->folder < 0 || fstat(g->folder, &was))
        return false;
    if (!stat(".", &now) && now.st_dev == was.st_dev &&
        now.st_ino == was.st_ino)
        return false;
    return !fchdir(g->folder);
}

static bool put_fp_back(const struct tarn_guard *g)
{
    if (((fp_now() ^ g->fp) & FP_SETTINGS) == 0)
        return false;
    tarn_fp_end(g->fp);
    return true;
}

unsigned tarn_guard_end(struct tarn_guard *g, char *what, size_t room)
{
    static const struct {
        bool (*put_back)(const struct tarn_guard *g);
        const char *name;
    } THINGS[] = { { put_fp_back, "the floating point environment" },
                   { put_locale_back, "the locale" },
                   { put_mask_back, "the signal mask" },
                   { put_handlers_back, "signal handlers" },
                   { put_folder_back, "the current folder" } };
    unsigned n = 0;
    size_t at = 0;
    if (room)
        what[0] = 0;
    if (!g)
        return 0;
    for (size_t i = 0; i < sizeof THINGS / sizeof *THINGS; i++)
        if (THINGS[i].put_back(g)) {
            n++;
            if (at + strlen(THINGS[i].name) + 3 <= room)
                at += (size_t)snprintf(what + at, room - at, "%s%s",
                                       at ? ", " : "", THINGS[i].name);
        }
    fflush(stdout); /* what the library left in the buffer */
    if (g->out >= 0) {
        dup2(g->out, STDOUT_FILENO);
        close(g->out);
    }
    if (g->folder >= 0)
        close(g->folder);
    tarn_free(g->locale);
    tarn_free(g);
    return n;
}
#endif
