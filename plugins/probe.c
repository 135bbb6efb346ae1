/* probe.c - see probe.h.
 *
 * The parent's half: starts the program again with --probe, waits for the end
 * of the pipe, never longer than the limit.  A child killed by a signal closes
 * the pipe as well, so only a hang costs the limit. */
#include "plugins/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"

#define MAX_ANSWER (128u << 10)
#define CHILD_FILE 3   /* the plugin, in the child */
#define CHILD_ANSWER 4 /* the pipe */

extern char **environ;

/* Under qemu-user a spawned program would run on the real processor: tests
 * put the emulator in front through this variable. */
#define WRAPPER_VARIABLE "TARN_PROBE_WRAPPER"

/* What the child's other output goes to, >= 10; a bare root has no /dev. */
static int open_nothing(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        fd = memfd_create("nothing", MFD_CLOEXEC);
    const int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (fd >= 0)
        close(fd);
    return high;
}

static int spawn_child(int file, int answer, int nothing, pid_t *pid)
{
    char self[4096];
    char *plain[] = { (char *)"tarn", (char *)"--probe",
                      (char *)"/proc/self/fd/3", (char *)"4", NULL };
    char *wrapped[] = { (char *)"sh", (char *)"-c",
                        (char *)"exec $" WRAPPER_VARIABLE
                                " \"$0\" --probe /proc/self/fd/3 4",
                        self, NULL };
    bool wrap = getenv(WRAPPER_VARIABLE) != NULL;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;

    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawn_file_actions_init(&fa);
    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc) {
        posix_spawn_file_actions_destroy(&fa);
        return rc;
    }
    /* All three are >= 10, so these can't overwrite each other. */
    for (int fd = 0; fd < 3; fd++)
        rc |= posix_spawn_file_actions_adddup2(&fa, nothing, fd);
    rc |= posix_spawn_file_actions_adddup2(&fa, file, CHILD_FILE);
    rc |= posix_spawn_file_actions_adddup2(&fa, answer, CHILD_ANSWER);
    rc |= posix_spawnattr_setsigmask(&attr, &none);
    rc |= posix_spawnattr_setsigdefault(&attr, &all);
    rc |= posix_spawnattr_setpgroup(&attr, 0);
    rc |= posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    if (rc)
        rc = ENOMEM;
    else
        rc = posix_spawn(pid, wrap ? "/bin/sh" : "/proc/self/exe", &fa, &attr,
                         wrap ? wrapped : plain, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&fa);
    return rc;
}

/* Reads until the end of the pipe; false if the time is up. */
static bool read_answer(int fd, double until, struct tarn_buf *out)
{
    char block[4096];
    for (;;) {
        double left = until - tarn_now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (left <= 0)
            return false;
        int ready = poll(&p, 1, (int)left + 1);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready <= 0)
            continue;
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        if (out->size + (size_t)n > MAX_ANSWER)
            return true; /* too long: it will not be read as an answer */
        tarn_buf_add(out, block, (size_t)n);
    }
}

/* The child closed the pipe; it should be gone in a moment.  *status is 0
 * where the program ignores SIGCHLD and so gets none. */
static bool wait_for_end(pid_t pid, double until, int *status)
{
    *status = 0;
    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            return true;
        if (tarn_now_ms() > until)
            return false;
        poll(NULL, 0, 1);
    }
}

static void refuse(struct tarn_verdict *v, bool passing,
                   const struct tarn_error *why)
{
    tarn_verdict_finish(v);
    v->good = false;
    v->passing = passing;
    memcpy(v->reason, why->text, sizeof v->reason);
}

static void judge_answer(const struct tarn_buf *answer, bool in_time,
                         int status, double limit_ms, struct tarn_verdict *v)
{
    struct tarn_json *doc = NULL;
    struct tarn_error why;
    if (!in_time) {
        tarn_fail(&why, TARN_DEVICE, "its probe did not answer within %d ms",
                  (int)limit_ms);
        refuse(v, true, &why);
        return;
    }
    bool read = !answer->failed && answer->size > 0 &&
                !tarn_json_read(answer->data, answer->size, &doc, NULL) &&
                tarn_verdict_read(doc, v);
    tarn_json_free(doc);
    if (read)
        return;
    if (WIFSIGNALED(status))
        tarn_fail(&why, TARN_DEVICE, "its probe died of signal %d (%s)",
                  WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        tarn_fail(&why, TARN_DEVICE,
                  "its probe ended without an answer, exit code %d",
                  WEXITSTATUS(status));
    refuse(v, false, &why);
}

void tarn_probe(int fd, double limit_ms, struct tarn_verdict *out)
{
    double begin = tarn_now_ms(), until = begin + limit_ms;
    struct tarn_verdict v = { .good = false };
    struct tarn_buf answer = { 0 };
    int ends[2] = { -1, -1 }, file = -1, write_end = -1, nothing = -1;
    int status = 0;
    pid_t pid = -1;

    int rc = pipe2(ends, O_CLOEXEC) ? errno : 0;
    if (!rc) {
        file = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        write_end = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
        nothing = open_nothing();
        rc = file < 0 || write_end < 0 || nothing < 0 ? EMFILE : 0;
    }
    if (!rc)
        rc = spawn_child(file, write_end, nothing, &pid);
    if (nothing >= 0)
        close(nothing);
    if (file >= 0)
        close(file);
    if (write_end >= 0)
        close(write_end);
    if (ends[1] >= 0)
        close(ends[1]);
    if (rc) {
        struct tarn_error why;
        tarn_fail(&why, TARN_DEVICE, "its probe could not be started: %s",
                  strerror(rc));
        refuse(&v, true, &why);
    } else {
        bool in_time = read_answer(ends[0], until, &answer) &&
                       wait_for_end(pid, until, &status);
        if (!in_time) {
            kill(-pid, SIGKILL); /* with everything that it started */
            kill(pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        }
        judge_answer(&answer, in_time, status, limit_ms, &v);
    }
    if (ends[0] >= 0)
        close(ends[0]);
    tarn_buf_finish(&answer);
    v.probe_ms = tarn_now_ms() - begin;
    *out = v;
}
