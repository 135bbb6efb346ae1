/* medium_test.c - G22: the medium fails while a file is mapped.
 *
 * A file system of our own (FUSE, spoken here by hand) gives a file and, from
 * some read on, nothing but errors; in the second test its server dies.  It is
 * mounted in a mount name space of this process, as root or as the root of a
 * user name space; where neither may be had, the test is skipped. */
#include "core/base/file.h"

#include <fcntl.h>
#include <errno.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.h"
#include "tests/tap.h"

enum { SIZE = 8 << 20, FILE_NODE = 2, ROOM = 1 << 20 };
static char folder[] = "/tmp/tarn-medium-test-XXXXXX";

/* ------------------------------------------------------------ the server */

static void reply(int fd, uint64_t unique, int error, const void *data,
                  size_t size)
{
    static uint8_t out[ROOM];
    const struct fuse_out_header h = {
        .len = (uint32_t)(sizeof h + size), .error = error, .unique = unique
    };
    memcpy(out, &h, sizeof h);
    memcpy(out + sizeof h, data, size);
    if (write(fd, out, sizeof h + size) < 0 && errno != ENOENT)
        _exit(1);
}

static struct fuse_attr attr_of(uint64_t node)
{
    const bool file = node == FILE_NODE;
    return (struct fuse_attr){ .ino = node,
                               .size = file ? SIZE : 0,
                               .mode = file ? S_IFREG | 0444
                                            : S_IFDIR | 0555,
                               .nlink = 1,
                               .mtime = 1000 };
}

static void serve(int fd, int good_reads)
{
    static uint8_t in[ROOM], sevens[ROOM / 2];
    memset(sevens, 7, sizeof sevens);
    for (;;) {
        const ssize_t n = read(fd, in, sizeof in);
        if (n < 0 && errno == EPERM) { /* not mounted yet */
            usleep(1000);
            continue;
        }
        if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
            continue;
        if (n < (ssize_t)sizeof(struct fuse_in_header))
            _exit(0); /* unmounted */
        struct fuse_in_header h;
        memcpy(&h, in, sizeof h);
        const uint8_t *arg = in + sizeof h;
        if (h.opcode == FUSE_INIT) {
            struct fuse_init_in want;
            memcpy(&want, arg, 16); /* what all versions have */
            const struct fuse_init_out o = { .major = 7, .minor = 31,
                                             .max_readahead = 65536,
                                             .max_write = 65536 };
            reply(fd, h.unique, 0, &o, sizeof o);
        } else if (h.opcode == FUSE_LOOKUP) {
            const struct fuse_entry_out o = { .nodeid = FILE_NODE,
                                              .entry_valid = 1000,
                                              .attr_valid = 1000,
                                              .attr = attr_of(FILE_NODE) };
            reply(fd, h.unique, 0, &o, sizeof o);
        } else if (h.opcode == FUSE_GETATTR) {
            const struct fuse_attr_out o = { .attr_valid = 1000,
                                             .attr = attr_of(h.nodeid) };
            reply(fd, h.unique, 0, &o, sizeof o);
        } else if (h.opcode == FUSE_OPEN) {
            const struct fuse_open_out o = { .open_flags = FOPEN_KEEP_CACHE };
            reply(fd, h.unique, 0, &o, sizeof o);
        } else if (h.opcode == FUSE_READ) {
            struct fuse_read_in r;
            memcpy(&r, arg, sizeof r);
            if (good_reads-- > 0)
                reply(fd, h.unique, 0, sevens, r.size);
            else
                reply(fd, h.unique, -EIO, NULL, 0);
        } else if (h.opcode != FUSE_FORGET && h.opcode != FUSE_BATCH_FORGET &&
                   h.opcode != FUSE_INTERRUPT) {
            const bool plain =
                h.opcode == FUSE_RELEASE || h.opcode == FUSE_FLUSH;
            reply(fd, h.unique, plain ? 0 : -ENOSYS, NULL, 0);
        }
    }
}

/* The server's process; 0 if there can be none. */
static pid_t mount_it(int good_reads)
{
    char options[100];
    const int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return 0;
    snprintf(options, sizeof options,
             "fd=%d,rootmode=40000,user_id=%u,group_id=%u", fd,
             (unsigned)getuid(), (unsigned)getgid());
    fflush(stdout);
    const pid_t server = fork();
    if (server == 0)
        serve(fd, good_reads);
    if (server > 0 &&
        mount("tarn-test", folder, "fuse", MS_NOSUID | MS_NODEV, options)) {
        printf("# mount: %s\n", strerror(errno));
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
        close(fd);
        return 0;
    }
    close(fd);
    return server > 0 ? server : 0;
}

static void unmount_it(pid_t server)
{
    CHECK(umount2(folder, MNT_DETACH) == 0);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

/* ------------------------------------------------------------------- tests */

static void read_on(bool kill_server)
{
    char path[200];
    struct tarn_map m;
    struct tarn_error err = { TARN_OK, "" };
    const pid_t server = mount_it(kill_server ? 1000 : 4);
    if (!server) {
        printf("# no file system can be mounted here\n");
        return;
    }
    snprintf(path, sizeof path, "%s/model.gguf", folder);
    const enum tarn_status s = tarn_map_open(path, &m, &err);
    CHECK_SAYS(s == TARN_OK, "%s", err.text);
    if (s == TARN_OK) {
        CHECK(m.size == SIZE && m.data[0] == 7);
        CHECK(tarn_map_check(&m, &err) == TARN_OK);
        if (kill_server)
            kill(server, SIGKILL);
        unsigned sum = 0;
        for (size_t i = 0; i < SIZE; i += 4096)
            sum += ((const volatile uint8_t *)m.data)[i];
        CHECK_SAYS(sum >= 7 && sum < 7 * (SIZE / 4096), "%u", sum);
        CHECK(tarn_map_check(&m, &err) == TARN_IO);
        CHECK_SAYS(!strcmp(err.text, "can't be read any more: its disk or "
                                     "connection fails"),
                   "%s", err.text);
        tarn_map_close(&m);
    }
    unmount_it(server);
}

static void test_g22_errors_of_the_disk(void)
{
    read_on(false);
}

static void test_g22_file_system_dies(void)
{
    read_on(true);
}

static void write_to(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY);
    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        printf("# %s can't be written\n", path);
    if (fd >= 0)
        close(fd);
}

/* A mount name space of our own; as somebody else than root, root of a user
 * name space first. */
static bool make_space(void)
{
    if (getuid() == 0)
        return unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    char map[60];
    snprintf(map, sizeof map, "0 %u 1", (unsigned)getuid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", (unsigned)getegid());
    write_to("/proc/self/gid_map", map);
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    const pid_t trial =
        access("/dev/fuse", R_OK | W_OK) == 0 && make_space() ? mount_it(0)
                                                              : 0;
    if (!trial) {
        printf("1..0 # SKIP no file system can be mounted here\n");
        rmdir(folder);
        return 0;
    }
    unmount_it(trial);
    RUN(test_g22_errors_of_the_disk);
    RUN(test_g22_file_system_dies);
    rmdir(folder);
    return tap_end();
}
