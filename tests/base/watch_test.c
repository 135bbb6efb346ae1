/* watch_test.c - G21, G22: a mapped file is cut, overwritten, replaced, or its
 * medium fails; reading goes on with zeros and the loss is told. */
#include "core/base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "tests/tap.h"

enum { SIZE = 3 << 20 };
static char folder[] = "/tmp/tarn-watch-test-XXXXXX";

static const char *at(const char *name)
{
    static char path[2][200];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[0], "%s/%s", folder, name);
    return path[turn];
}

/* SIZE bytes of 7. */
static void make(const char *name)
{
    char *bytes = malloc(SIZE);
    memset(bytes, 7, SIZE);
    CHECK(tarn_file_write(at(name), bytes, SIZE, NULL) == TARN_OK);
    free(bytes);
}

static bool says(const struct tarn_map *m, const char *words)
{
    struct tarn_error err = { TARN_OK, "" };
    const enum tarn_status s = tarn_map_check(m, &err);
    const bool good = words ? s == TARN_IO && !strcmp(err.text, words)
                            : s == TARN_OK;
    if (!good)
        printf("# %d: %s\n", (int)s, err.text);
    return good;
}

static const char CHANGED[] = "was changed while in use; open it again";

static void test_g21_cut_file_reads_as_zeros_and_is_told(void)
{
    struct tarn_map m;
    make("a");
    CHECK(tarn_map_open(at("a"), &m, NULL) == TARN_OK);
    CHECK(m.data[SIZE - 1] == 7 && says(&m, NULL));
    CHECK(truncate(at("a"), 4096) == 0);
    CHECK(m.data[SIZE - 1] == 0 && m.data[8192] == 0 && m.data[100] == 7);
    CHECK(says(&m, CHANGED));
    tarn_map_close(&m);
    /* Its place in the table serves another file. */
    make("a");
    CHECK(tarn_map_open(at("a"), &m, NULL) == TARN_OK && says(&m, NULL));
    tarn_map_close(&m);
}

static atomic_uint sum;

/* ThreadSanitizer takes the mmap() that lays zeros over a lost page for a write
 * beside these reads; the kernel changes a page's place whole. */
__attribute__((no_sanitize("thread"))) static void read_all(void *arg)
{
    const struct tarn_map *m = arg;
    unsigned s = 0;
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < SIZE; i += 512)
            s += ((const volatile uint8_t *)m->data)[i];
    atomic_fetch_add(&sum, s);
}

static void test_g21_four_readers_go_on_to_their_end(void)
{
    for (int i = 0; i < 5; i++) {
        struct tarn_thread *t[4];
        struct tarn_map m;
        make("b");
        CHECK(tarn_map_open(at("b"), &m, NULL) == TARN_OK);
        tarn_map_prefault(&m, UINT64_MAX);
        for (int k = 0; k < 4; k++)
            CHECK(tarn_thread_start(&t[k], read_all, &m, NULL) == TARN_OK);
        CHECK(truncate(at("b"), 0) == 0);
        for (int k = 0; k < 4; k++)
            tarn_thread_join(t[k]);
        CHECK(m.data[0] == 0 && says(&m, CHANGED));
        tarn_map_close(&m);
    }
}

static void test_g21_overwritten_bytes_are_told(void)
{
    struct tarn_map m;
    make("c");
    /* Times of files have the grain of the kernel's clock. */
    const struct timespec old[2] = { { .tv_sec = 1000000 },
                                     { .tv_sec = 1000000 } };
    CHECK(utimensat(AT_FDCWD, at("c"), old, 0) == 0);
    CHECK(tarn_map_open(at("c"), &m, NULL) == TARN_OK && says(&m, NULL));
    const int fd = open(at("c"), O_WRONLY);
    CHECK(pwrite(fd, "x", 1, 5000) == 1 && close(fd) == 0);
    CHECK(says(&m, CHANGED));
    tarn_map_close(&m);
}

static void test_g21_deleted_and_replaced_files_live_on(void)
{
    struct tarn_map m;
    make("d");
    CHECK(tarn_map_open(at("d"), &m, NULL) == TARN_OK);
    make("e");
    CHECK(rename(at("e"), at("d")) == 0);
    CHECK(m.data[SIZE - 1] == 7 && says(&m, NULL));
    tarn_map_close(&m);
    CHECK(tarn_map_open(at("d"), &m, NULL) == TARN_OK);
    CHECK(unlink(at("d")) == 0);
    CHECK(m.data[SIZE - 1] == 7 && says(&m, NULL));
    tarn_map_close(&m);
}

/* How a child ends that touches a lost page of a mapping that is not ours, or
 * gets the signal from somebody. */
static void die_of_bus(bool sent)
{
    struct tarn_map m;
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    make("f");
    (void)tarn_map_open(at("f"), &m, NULL); /* the handler is there */
    if (sent)
        kill(getpid(), SIGBUS);
    const int fd = open(at("f"), O_RDWR);
    const volatile uint8_t *p =
        mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
    if (ftruncate(fd, 0) == 0)
        (void)p[SIZE - 1];
    _exit(0);
}

static void test_g21_a_true_bug_still_ends_the_program(void)
{
    for (int sent = 0; sent < 2; sent++) {
        int how = 0;
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            const int quiet = open("/dev/null", O_WRONLY);
            dup2(quiet, 2); /* the sanitizer's report */
            die_of_bus(sent);
        }
        CHECK(waitpid(child, &how, 0) == child);
        /* The sanitizers' handler exits with its own code. */
        CHECK_SAYS((WIFSIGNALED(how) && WTERMSIG(how) == SIGBUS) ||
                       (WIFEXITED(how) && WEXITSTATUS(how) != 0),
                   "sent %d: %x", sent, (unsigned)how);
    }
}

static void test_e01_no_memory_for_the_watch(void)
{
    const int64_t held = tarn_memory_held();
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_map m = { 0 };
    make("g");
    tarn_memory_fail_at(1, true);
    CHECK(tarn_map_open(at("g"), &m, &err) == TARN_NO_MEMORY && err.text[0]);
    tarn_memory_fail_at(0, false);
    CHECK(tarn_memory_held() == held && !m.data);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    RUN(test_g21_cut_file_reads_as_zeros_and_is_told);
    RUN(test_g21_four_readers_go_on_to_their_end);
    RUN(test_g21_overwritten_bytes_are_told);
    RUN(test_g21_deleted_and_replaced_files_live_on);
    RUN(test_g21_a_true_bug_still_ends_the_program);
    RUN(test_e01_no_memory_for_the_watch);
    for (const char *n = "abcdefg"; *n; n++) {
        const char name[2] = { *n, 0 };
        unlink(at(name));
    }
    rmdir(folder);
    return tap_end();
}
