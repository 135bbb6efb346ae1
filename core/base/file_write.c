/* file_write.c - file.h's writing: the old file or the new one is there, never
 * half of one. */
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if !defined(__wasi__)
#include <dirent.h>
#include <signal.h>
#endif

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/memory.h"

#define MAX_LINKS 40 /* as Linux follows */

static int (*on_write)(void *user);
static void *on_write_user;

void tarn_file_on_write(int (*fn)(void *user), void *user)
{
    on_write = fn;
    on_write_user = user;
}

/* May the next call be made?  Else errno. */
static bool may(void)
{
    const int number = on_write ? on_write(on_write_user) : 0;
    if (number)
        errno = number;
    return !number;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        const ssize_t n =
            may() ? write(fd, data, size < 0x40000000 ? size : 0x40000000) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

/* The folder of a path; owned; NULL if memory is out. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? tarn_dup(path, slash == path ? 1 : (size_t)(slash - path))
                 : tarn_dup_str(".");
}

/* After a rename the folder's entry must reach the disk too.  Some file
 * systems can't sync a folder: then there is nothing more to be done. */
static void sync_folder(const char *path)
{
    char *folder = folder_of(path);
    if (!folder)
        return;
    const int fd = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    tarn_free(folder);
}

#if defined(__wasi__)
static void sweep(const char *path)
{
    (void)path; /* there are no processes that could die */
}
#else
/* Is this name NAME.tmp-N of a process N that is gone? */
static bool left_behind(const char *entry, const char *name)
{
    const size_t n = strlen(name);
    long id = 0;
    if (strncmp(entry, name, n) != 0 || strncmp(entry + n, ".tmp-", 5) != 0)
        return false;
    for (const char *p = entry + n + 5; *p; p++) {
        if (*p < '0' || *p > '9' || id > 1L << 40)
            return false;
        id = id * 10 + (*p - '0');
    }
    return id > 0 && id <= INT_MAX && kill((pid_t)id, 0) != 0 &&
           errno == ESRCH;
}

/* Files that a process which died while it wrote `path` has left. */
static void sweep(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *folder = folder_of(path);
    DIR *dir = folder ? opendir(folder) : NULL;
    const struct dirent *e;
    while (dir && (e = readdir(dir)))
        if (left_behind(e->d_name, name))
            (void)unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
    tarn_free(folder);
}
#endif

#if defined(__wasi__)
static int find_target(const char *path, char **out)
{
    *out = tarn_dup_str(path); /* WASI's hosts follow no links for us */
    return *out ? 0 : ENOMEM;
}
#else
/* The text of the link at `path`, seen from where `path` is seen; owned.  NULL
 * with *number 0: it is no link. */
static char *follow(const char *path, int *number)
{
    char text[PATH_MAX];
    const ssize_t n = readlink(path, text, sizeof text);
    struct tarn_buf b = { 0 };
    *number = n == sizeof text ? ENAMETOOLONG : 0;
    if (n < 0 || *number)
        return NULL;
    const char *slash = strrchr(path, '/');
    if (slash && text[0] != '/')
        tarn_buf_add(&b, path, (size_t)(slash + 1 - path));
    tarn_buf_add(&b, text, (size_t)n);
    char *next = tarn_buf_take(&b);
    *number = next ? 0 : ENOMEM;
    return next;
}

/* Where the symbolic links at the end of a path lead to, also where nothing is
 * yet: a rename over a link would put a file in its place.  *out is owned.
 * errno instead of 0. */
static int find_target(const char *path, char **out)
{
    int number = 0;
    char *at = tarn_dup_str(path), *next;
    if (!at)
        return ENOMEM;
    for (int i = 0; i < MAX_LINKS && (next = follow(at, &number)); i++) {
        tarn_free(at);
        at = next;
        number = ELOOP; /* if that was the last */
    }
    if (number) {
        tarn_free(at);
        return number;
    }
    *out = at;
    return 0;
}
#endif

#if !defined(__wasi__)
/* A device or a pipe takes the bytes as they come: a rename would put a file
 * in its place. */
static enum tarn_status open_special(struct tarn_writer *w, const char *path,
                                     struct tarn_error *err)
{
    const int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
    *w = (struct tarn_writer){ .fd = -1, .path = tarn_dup_str(path) };
    if (!w->path)
        return tarn_file_fail(err, "written", ENOMEM);
    /* A pipe that nobody reads would be waited for. */
    w->fd = may() ? open(path, flags | O_NONBLOCK) : -1;
    if (w->fd < 0 || fcntl(w->fd, F_SETFL, O_WRONLY) != 0) {
        const int number = errno;
        tarn_writer_cancel(w);
        return tarn_file_fail(err, "written", number);
    }
    return TARN_OK;
}
#endif

/* Sets w->path, w->temporary; errno instead of 0. */
static int name_files(struct tarn_writer *w, const char *path)
{
#if defined(__wasi__)
    const long id = 1; /* there are no processes */
#else
    const long id = (long)getpid();
#endif
    struct tarn_buf name = { 0 };
    const int number = find_target(path, &w->path);
    if (number)
        return number;
    tarn_buf_printf(&name, "%s.tmp-%ld", w->path, id);
    w->temporary = tarn_buf_take(&name);
    return w->temporary ? 0 : ENOMEM;
}

enum tarn_status tarn_writer_open(struct tarn_writer *w, const char *path,
                                  bool private, struct tarn_error *err)
{
    struct stat old = { 0 };
    const bool there = stat(path, &old) == 0;
    *w = (struct tarn_writer){ .fd = -1 };
    /* A link that the system does not follow is not followed here either. */
    if (!there && errno != ENOENT)
        return tarn_file_fail(err, "written", errno);
#if !defined(__wasi__)
    if (there && !S_ISREG(old.st_mode))
        return open_special(w, path, err);
#endif
    int number = name_files(w, path);
    if (!number) {
        sweep(w->path);
        w->fd = may() ? open(w->temporary,
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                             private ? 0600 : 0666)
                      : -1;
        number = w->fd < 0 ? errno : 0;
    }
    if (number) {
        tarn_writer_cancel(w);
        return number == ENOENT
                   ? tarn_fail(err, TARN_IO, "cannot be written: its folder is "
                                             "not there")
                   : tarn_file_fail(err, "written", number);
    }
#if !defined(__wasi__)
    if (private)
        (void)fchmod(w->fd, 0600);
    else if (there)
        (void)fchmod(w->fd, old.st_mode & 0777); /* keeps who may read it */
#endif
    return TARN_OK;
}

void tarn_writer_add(struct tarn_writer *w, const void *data, size_t size)
{
    if (!w->number && !write_all(w->fd, data, size))
        w->number = errno;
}

void tarn_writer_cancel(struct tarn_writer *w)
{
    if (w->fd >= 0 && w->path)
        close(w->fd);
    if (w->temporary && w->fd >= 0)
        unlink(w->temporary);
    tarn_free(w->path);
    tarn_free(w->temporary);
    *w = (struct tarn_writer){ .fd = -1 };
}

enum tarn_status tarn_writer_commit(struct tarn_writer *w,
                                    struct tarn_error *err)
{
    if (w->temporary && !w->number && (!may() || fsync(w->fd) != 0))
        w->number = errno;
    const bool may_close = may();
    const int refused = errno;
    if ((close(w->fd) != 0 || !may_close) && !w->number)
        w->number = may_close ? errno : refused;
    if (w->temporary && !w->number &&
        (!may() || rename(w->temporary, w->path) != 0))
        w->number = errno;
    const int number = w->number;
    if (w->temporary && number)
        unlink(w->temporary);
    else if (w->temporary)
        sync_folder(w->path);
    w->fd = -1;
    tarn_writer_cancel(w);
    return number ? tarn_file_fail(err, "written", number) : TARN_OK;
}

static enum tarn_status write_file(const char *path, const void *data,
                                   size_t size, bool private,
                                   struct tarn_error *err)
{
    struct tarn_writer w;
    const enum tarn_status s = tarn_writer_open(&w, path, private, err);
    if (s)
        return s;
    tarn_writer_add(&w, data, size);
    return tarn_writer_commit(&w, err);
}

enum tarn_status tarn_file_write(const char *path, const void *data,
                                 size_t size, struct tarn_error *err)
{
    return write_file(path, data, size, false, err);
}

enum tarn_status tarn_file_write_private(const char *path, const void *data,
                                         size_t size, struct tarn_error *err)
{
    return write_file(path, data, size, true, err);
}
