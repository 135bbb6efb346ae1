/* file_test.c - only regular files are read, and files are replaced whole. */
#include "core/base/file.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
    CHECK_SAYS(!strcmp(err.text, "cannot be written: there is no such file"),
               "%s", err.text);
    CHECK(mkdir(at("d"), 0700) == 0);
    CHECK(tarn_file_write(at("d"), "x", 1, &err) == TARN_IO);
    char name[300];
    snprintf(name, sizeof name, "%s.tmp-%ld", at("d"), (long)getpid());
    CHECK(access(name, F_OK) != 0);
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
    RUN(test_empty_file_is_read);
    RUN(test_g02_other_kinds_are_refused_unread);
    RUN(test_g23_strange_paths);
    static const char *const NAMES[] = { "a", "e", "fifo", "socket", "loop" };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        unlink(at(NAMES[i]));
    rmdir(at("d"));
    return rmdir(folder) != 0 || tap_end();
}
