/* file_test.c - only regular files are read, and files are replaced whole. */
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "tests/tap.h"

static char folder[] = "/tmp/tarn-file-test-XXXXXX";

static const char *at(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void test_file_is_written_mapped_and_read(void)
{
    char *text = NULL;
    size_t size = 0;
    struct tarn_map m;
    CHECK(tarn_file_write(at("a"), "hello", 5, NULL) == TARN_OK);
    CHECK(tarn_map_open(at("a"), &m, NULL) == TARN_OK);
    CHECK(m.size == 5 && memcmp(m.data, "hello", 5) == 0);
    tarn_map_close(&m);
    tarn_map_close(&m);
    CHECK(tarn_file_read(at("a"), 5, &text, &size, NULL) == TARN_OK);
    CHECK(size == 5 && strcmp(text, "hello") == 0);
    tarn_free(text);
    struct tarn_error err;
    CHECK(tarn_file_read(at("a"), 4, &text, &size, &err) == TARN_LIMIT);
    CHECK_SAYS(!strcmp(err.text, "has 5 bytes, at most 4 can be read"), "%s",
               err.text);
}

static void test_replacing_keeps_the_mode_and_old_maps(void)
{
    struct stat st;
    struct tarn_map m;
    CHECK(chmod(at("a"), 0600) == 0);
    CHECK(tarn_map_open(at("a"), &m, NULL) == TARN_OK);
    CHECK(tarn_file_write(at("a"), "other", 5, NULL) == TARN_OK);
    CHECK(memcmp(m.data, "hello", 5) == 0);
    tarn_map_close(&m);
    CHECK(stat(at("a"), &st) == 0 && (st.st_mode & 0777) == 0600);
}

static void test_failed_write_leaves_nothing(void)
{
    struct tarn_error err;
    CHECK(tarn_file_write(at("no/such"), "x", 1, &err) == TARN_IO);
    CHECK_SAYS(!strcmp(err.text, "cannot be written: its folder is not there"),
               "%s", err.text);
    CHECK(mkdir(at("d"), 0700) == 0);
    CHECK(tarn_file_write(at("d"), "x", 1, &err) == TARN_IO);
    char name[300];
    snprintf(name, sizeof name, "%s.tmp-%ld", at("d"), (long)getpid());
    CHECK(access(name, F_OK) != 0);
}

/* ------------------------------------------------------- F05: faults, kills */
static unsigned n_calls, fail_at;
static int fail_with; /* errno; 0: the process is killed */

static int on_call(void *user)
{
    (void)user;
    if (++n_calls != fail_at)
        return 0;
    if (!fail_with)
        raise(SIGKILL);
    return fail_with;
}

/* The contents of `path`; "" if it can't be read. */
static const char *content(const char *path)
{
    static char text[64];
    char *data = NULL;
    size_t size = 0;
    text[0] = 0;
    if (tarn_file_read(path, sizeof text - 1, &data, &size, NULL) == TARN_OK)
        memcpy(text, data, size + 1);
    tarn_free(data);
    return text;
}

static enum tarn_status write_pieces(const char *path, struct tarn_error *err)
{
    struct tarn_writer w;
    const enum tarn_status s = tarn_writer_open(&w, path, true, err);
    if (s)
        return s;
    tarn_writer_add(&w, "ne", 2);
    tarn_writer_add(&w, "w", 1);
    return tarn_writer_commit(&w, err);
}

static void test_f05_each_call_may_fail_and_the_old_file_stays(void)
{
    static const int NUMBERS[] = { ENOSPC, EIO, EFBIG, EROFS, EINTR };
    const int64_t held = tarn_memory_held();
    char left[300];
    snprintf(left, sizeof left, "%s.tmp-%ld", at("f"), (long)getpid());
    tarn_file_on_write(on_call, NULL);
    for (int i = 0; i < 5; i++)
        for (fail_at = 1;; fail_at++) {
            struct tarn_error err = { 0 };
            fail_at += 1000;
            CHECK(tarn_file_write_private(at("f"), "old", 3, NULL) == TARN_OK);
            fail_at -= 1000;
            n_calls = 0;
            fail_with = NUMBERS[i];
            const enum tarn_status s = write_pieces(at("f"), &err);
            if (n_calls < fail_at) {
                CHECK(s == TARN_OK && fail_at == 7);
                break;
            }
            /* EINTR of write() is tried again. */
            const bool good = fail_with == EINTR && s == TARN_OK;
            CHECK_SAYS(good || (s == TARN_IO && err.text[0]), "%d %s", s,
                       err.text);
            CHECK(!strcmp(content(at("f")), good ? "new" : "old"));
            CHECK(access(left, F_OK) != 0);
        }
    tarn_file_on_write(NULL, NULL);
    CHECK(tarn_memory_held() == held);
}

static void test_f05_killed_at_each_call_the_file_is_old_or_new(void)
{
    int killed = 0;
    fail_with = 0;
    for (fail_at = 1; fail_at < 8; fail_at++) {
        char left[300];
        int status = 0;
        CHECK(tarn_file_write_private(at("f"), "old", 3, NULL) == TARN_OK);
        const pid_t child = fork();
        if (child == 0) {
            n_calls = 0;
            tarn_file_on_write(on_call, NULL);
            _exit((int)write_pieces(at("f"), NULL));
        }
        CHECK(waitpid(child, &status, 0) == child);
        killed += WIFSIGNALED(status);
        const bool whole = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        CHECK(!strcmp(content(at("f")), whole ? "new" : "old"));
        snprintf(left, sizeof left, "%s.tmp-%ld", at("f"), (long)child);
        CHECK((access(left, F_OK) == 0) == (!whole && fail_at > 1));
        /* The next one that writes there takes it away. */
        CHECK(tarn_file_write_private(at("f"), "old", 3, NULL) == TARN_OK);
        CHECK(access(left, F_OK) != 0);
    }
    CHECK(killed == 6);
}

static void test_f07_private_files_are_private_whatever_the_umask_says(void)
{
    struct stat st;
    const mode_t mask = umask(0);
    unlink(at("f"));
    CHECK(tarn_file_write_private(at("f"), "x", 1, NULL) == TARN_OK);
    CHECK(stat(at("f"), &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(chmod(at("f"), 0666) == 0);
    CHECK(tarn_file_write_private(at("f"), "x", 1, NULL) == TARN_OK);
    CHECK(stat(at("f"), &st) == 0 && (st.st_mode & 0777) == 0600);
    umask(mask);
}

static void test_a_file_and_memory_are_read_alike(void)
{
    struct tarn_reading r[2];
    struct tarn_error err;
    char got[8] = "";
    CHECK(tarn_file_write(at("f"), "abcdef", 6, NULL) == TARN_OK);
    CHECK(tarn_reading_open(&r[0], at("f"), NULL) == TARN_OK);
    r[1] = tarn_reading_of("abcdef", 6);
    for (int i = 0; i < 2; i++) {
        CHECK(!tarn_reading_take(&r[i], got, 4, &err) && !strcmp(got, "abcd"));
        CHECK(tarn_reading_take(&r[i], got, 3, &err) == TARN_BAD_FILE);
        CHECK_SAYS(!strcmp(err.text, "is cut: needs 3 more bytes after byte 4, "
                                     "has 2"),
                   "%s", err.text);
        CHECK(!tarn_reading_take(&r[i], got, 2, &err) && got[0] == 'e');
        CHECK(!tarn_reading_take(&r[i], got, 0, &err));
        CHECK(tarn_reading_rewind(&r[i]));
        CHECK(!tarn_reading_take(&r[i], got, 1, &err) && got[0] == 'a');
    }
    CHECK(truncate(at("f"), 2) == 0); /* shorter than it was when opened */
    CHECK(tarn_reading_take(&r[0], got, 4, &err) == TARN_BAD_FILE);
    for (int i = 0; i < 2; i++) {
        tarn_reading_close(&r[i]);
        tarn_reading_close(&r[i]);
    }
    unlink(at("f"));
}

static void test_empty_file_is_read(void)
{
    struct tarn_map m;
    char *text = NULL;
    size_t size = 1;
    CHECK(tarn_file_write(at("e"), "", 0, NULL) == TARN_OK);
    CHECK(tarn_map_open(at("e"), &m, NULL) == TARN_OK && m.size == 0 && m.data);
    tarn_map_close(&m);
    CHECK(tarn_file_read(at("e"), 0, &text, &size, NULL) == TARN_OK);
    CHECK(size == 0 && text && *text == 0);
    tarn_free(text);
}

static void expect(const char *path, enum tarn_status status, const char *says)
{
    struct tarn_map m;
    struct tarn_error err = { 0 };
    const enum tarn_status s = tarn_map_open(path, &m, &err);
    CHECK_SAYS(s == status, "%s: %d", path, (int)s);
    CHECK_SAYS(strcmp(err.text, says) == 0, "%s: %s", path, err.text);
}

static void test_g02_other_kinds_are_refused_unread(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    CHECK(mkfifo(at("fifo"), 0600) == 0);
    memcpy(a.sun_path, at("socket"), strlen(at("socket")) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
    expect(folder, TARN_BAD_FILE, "is a folder, not a regular file");
    expect(at("fifo"), TARN_BAD_FILE, "is not a regular file");
    expect(at("socket"), TARN_BAD_FILE, "is not a regular file");
    expect("/dev/zero", TARN_BAD_FILE, "is not a regular file");
    expect("/dev/random", TARN_BAD_FILE, "is not a regular file");
    close(fd);
}

/* A rename would put a file where a device or a pipe was. */
static void test_pipes_are_written_not_replaced(void)
{
    struct stat st = { 0 };
    char got[8] = "";
    struct tarn_error err;
    CHECK(mkfifo(at("pipe"), 0600) == 0);
    CHECK(tarn_file_write(at("pipe"), "abc", 3, &err) == TARN_IO);
    const int fd = open(at("pipe"), O_RDONLY | O_NONBLOCK);
    CHECK(tarn_file_write(at("pipe"), "abc", 3, &err) == TARN_OK);
    CHECK(read(fd, got, sizeof got) == 3 && !memcmp(got, "abc", 3));
    CHECK(tarn_file_write_private(at("pipe"), "d", 1, &err) == TARN_OK);
    CHECK(stat(at("pipe"), &st) == 0 && S_ISFIFO(st.st_mode));
    CHECK(tarn_file_write(folder, "abc", 3, &err) == TARN_IO);
    close(fd);
    if (getuid() != 0) { /* who may replace it must not try */
        CHECK(tarn_file_write("/dev/full", "abc", 3, &err) == TARN_IO);
        CHECK(tarn_file_write("/dev/null", "abc", 3, &err) == TARN_OK);
    }
}

static bool is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* A file that is a link into a synced folder must stay one. */
static void test_a_link_stays_and_its_target_is_written(void)
{
    char real[300], link[300];
    struct stat st;
    struct tarn_error err;
    snprintf(real, sizeof real, "%s", at("d/real"));
    snprintf(link, sizeof link, "%s", at("link"));
    CHECK(symlink("d/real", link) == 0);
    CHECK(symlink(link, at("d/chain")) == 0); /* absolute, to another link */
    /* Nothing is behind it yet; then an old file, whose mode is kept. */
    CHECK(tarn_file_write(link, "1", 1, NULL) == TARN_OK);
    CHECK(!strcmp(content(real), "1") && is_link(link));
    CHECK(chmod(real, 0640) == 0);
    CHECK(tarn_file_write(at("d/chain"), "2", 1, NULL) == TARN_OK);
    CHECK(!strcmp(content(real), "2") && !is_link(real));
    CHECK(is_link(link) && is_link(at("d/chain")));
    CHECK(stat(real, &st) == 0 && (st.st_mode & 0777) == 0640);
    CHECK(tarn_file_write_private(link, "3", 1, NULL) == TARN_OK);
    CHECK(!strcmp(content(real), "3") && is_link(link));
    CHECK(stat(real, &st) == 0 && (st.st_mode & 0777) == 0600);
    /* The temporary file is beside the target, and a failed write leaves all. */
    tarn_file_on_write(on_call, NULL);
    fail_with = ENOSPC;
    for (fail_at = 1; fail_at < 7; fail_at++) {
        n_calls = 0;
        CHECK(write_pieces(link, NULL) == TARN_IO);
        CHECK(!strcmp(content(real), "3") && is_link(link));
    }
    tarn_file_on_write(NULL, NULL);
    CHECK(unlink(link) == 0 && symlink("no/such", link) == 0);
    CHECK(tarn_file_write(link, "4", 1, &err) == TARN_IO);
    CHECK(symlink("round", at("round")) == 0);
    CHECK(tarn_file_write(at("round"), "5", 1, &err) == TARN_IO);
    CHECK_SAYS(!strcmp(err.text, "cannot be written: its symbolic links go "
                                 "round in a circle"),
               "%s", err.text);
    CHECK(is_link(at("round")));
    unlink(real);
    unlink(at("d/chain"));
}

static void test_g23_strange_paths(void)
{
    char longest[4200];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    CHECK(symlink("loop", at("loop")) == 0);
    expect(at("loop"), TARN_IO,
           "cannot be opened: its symbolic links go round in a circle");
    expect(longest, TARN_IO, "cannot be opened: its name is too long");
    expect(at("\xff\n"), TARN_IO, "cannot be opened: there is no such file");
    expect("", TARN_IO, "cannot be opened: there is no such file");
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    RUN(test_file_is_written_mapped_and_read);
    RUN(test_replacing_keeps_the_mode_and_old_maps);
    RUN(test_failed_write_leaves_nothing);
    RUN(test_f05_each_call_may_fail_and_the_old_file_stays);
    RUN(test_f05_killed_at_each_call_the_file_is_old_or_new);
    RUN(test_f07_private_files_are_private_whatever_the_umask_says);
    RUN(test_a_file_and_memory_are_read_alike);
    RUN(test_empty_file_is_read);
    RUN(test_g02_other_kinds_are_refused_unread);
    RUN(test_pipes_are_written_not_replaced);
    RUN(test_a_link_stays_and_its_target_is_written);
    RUN(test_g23_strange_paths);
    static const char *const NAMES[] = { "a",    "e",    "fifo", "socket",
                                         "loop", "pipe", "link", "round" };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        unlink(at(NAMES[i]));
    rmdir(at("d"));
    return rmdir(folder) != 0 || tap_end();
}
