/* file.c - see file.h. */
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if !defined(__wasi__)
#include <sys/mman.h>
#endif

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/watch.h"

static const uint8_t NO_BYTES[1];

/* The words for errno that a person may meet; strerror() speaks the locale's
 * language and is not safe in threads. */
static const char *reason(int number)
{
    switch (number) {
    case ENOENT:
        return "there is no such file";
    case EACCES:
    case EPERM:
        return "access is not allowed";
    case ELOOP:
        return "its symbolic links go round in a circle";
    case ENAMETOOLONG:
        return "its name is too long";
    case ENOTDIR:
        return "a part of its path is not a folder";
    case EISDIR:
        return "it is a folder";
    case ENOSPC:
        return "the disk is full";
    case EROFS:
        return "the disk can only be read";
    case EIO:
        return "the disk reports an error";
    case EMFILE:
    case ENFILE:
        return "too many files are open";
    case EFBIG:
        return "it would be larger than this disk or the shell's limit allows";
    case EBADF:
        return "it is closed";
    case EPIPE:
        return "nobody reads it any more";
    default:
        return NULL;
    }
}

enum tarn_status tarn_file_fail(struct tarn_error *err, const char *what,
                                int number)
{
    const enum tarn_status status =
        number == ENOMEM || number == EMFILE || number == ENFILE
            ? TARN_NO_MEMORY
            : TARN_IO;
    const char *why = number == ENOMEM ? "there is no memory" : reason(number);
    if (why)
        return tarn_fail(err, status, "cannot be %s: %s", what, why);
    return tarn_fail(err, status, "cannot be %s: error %d of the system", what,
                     number);
}

/* O_NONBLOCK: opening a FIFO must not wait for a writer.  A socket and some
 * devices refuse to be opened at all, with ENXIO. */
static enum tarn_status open_regular(const char *path, int *fd, uint64_t *size,
                                     struct tarn_error *err)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0 && errno == ENXIO)
        return tarn_fail(err, TARN_BAD_FILE, "is not a regular file");
    if (*fd < 0)
        return tarn_file_fail(err, "opened", errno);
    if (fstat(*fd, &st) != 0) {
        const int number = errno;
        close(*fd);
        return tarn_file_fail(err, "read", number);
    }
    if (!S_ISREG(st.st_mode)) {
        close(*fd);
        return tarn_fail(err, TARN_BAD_FILE,
                         S_ISDIR(st.st_mode) ? "is a folder, not a regular file"
                                             : "is not a regular file");
    }
    *size = (uint64_t)st.st_size;
    return TARN_OK;
}

/* Up to `size` bytes; the file may have become shorter meanwhile. */
static enum tarn_status read_up_to(int fd, uint8_t *data, size_t size,
                                   size_t *got, struct tarn_error *err)
{
    *got = 0;
    while (*got < size) {
        /* read() may refuse more than SSIZE_MAX */
        const size_t left = size - *got;
        const ssize_t n =
            read(fd, data + *got, left < 0x40000000 ? left : 0x40000000);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tarn_file_fail(err, "read", errno);
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return TARN_OK;
}

static enum tarn_status no_memory(struct tarn_error *err, uint64_t size)
{
    return tarn_fail(err, TARN_NO_MEMORY,
                     "there is no memory for its %llu bytes",
                     (unsigned long long)size);
}

#if defined(__wasi__)
/* fd is closed or kept by the watch. */
static enum tarn_status map_fd(int fd, uint64_t size, struct tarn_map *out,
                               struct tarn_error *err)
{
    size_t got;
    uint8_t *data =
        size <= SIZE_MAX ? tarn_alloc_aligned((size_t)size, 64) : NULL;
    if (!data) {
        close(fd);
        return no_memory(err, size);
    }
    const enum tarn_status s = read_up_to(fd, data, (size_t)size, &got, err);
    close(fd);
    if (s) {
        tarn_free_aligned(data);
        return s;
    }
    *out = (struct tarn_map){ .data = data, .size = got };
    return TARN_OK;
}
#else
/* fd is closed or kept by the watch. */
static enum tarn_status map_fd(int fd, uint64_t size, struct tarn_map *out,
                               struct tarn_error *err)
{
    void *data = size > PTRDIFF_MAX ? MAP_FAILED
                                    : mmap(NULL, (size_t)size, PROT_READ,
                                           MAP_SHARED, fd, 0);
    struct tarn_map m = { .data = data, .size = size, .mapped = true };
    if (data == MAP_FAILED) {
        const int number = size > PTRDIFF_MAX ? ENOMEM : errno;
        close(fd);
        return number == ENOMEM ? no_memory(err, size)
                                : tarn_file_fail(err, "mapped", number);
    }
    const enum tarn_status s = tarn_watch_begin(&m.watch, fd, data, size, err);
    if (s)
        tarn_map_close(&m);
    else
        *out = m;
    return s;
}
#endif

enum tarn_status tarn_map_open(const char *path, struct tarn_map *out,
                               struct tarn_error *err)
{
    int fd;
    uint64_t size = 0;
    const enum tarn_status s = open_regular(path, &fd, &size, err);
    if (s)
        return s;
    if (size)
        return map_fd(fd, size, out, err);
    close(fd);
    *out = (struct tarn_map){ .data = NO_BYTES };
    return TARN_OK;
}

void tarn_map_close(struct tarn_map *m)
{
#if !defined(__wasi__)
    tarn_watch_end(m->watch);
    if (m->mapped)
        munmap((void *)(uintptr_t)m->data, (size_t)m->size);
#endif
    if (!m->mapped && m->data && m->data != NO_BYTES)
        tarn_free_aligned((void *)(uintptr_t)m->data);
    *m = (struct tarn_map){ 0 };
}

enum tarn_status tarn_map_check(const struct tarn_map *m,
                                struct tarn_error *err)
{
#if defined(__wasi__)
    (void)m, (void)err;
    return TARN_OK;
#else
    return m->watch ? tarn_watch_check(m->watch, err) : TARN_OK;
#endif
}

void tarn_map_prefault(struct tarn_map *m, uint64_t n)
{
#if defined(__wasi__)
    (void)m, (void)n;
#else
    if (m->watch)
        tarn_watch_prefault(m->watch, n < m->size ? n : m->size);
#endif
}

void tarn_map_settle(struct tarn_map *m)
{
#if defined(__wasi__)
    (void)m;
#else
    if (m->watch)
        tarn_watch_settle(m->watch);
#endif
}

bool tarn_folder_make(char *path)
{
    for (char *p = path + 1;; p++) {
        const char was = *p;
        if (was != '/' && was != 0)
            continue;
        *p = 0;
        const bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
        *p = was;
        if (!ok || was == 0)
            return ok;
    }
}

bool tarn_file_small(const char *path, char *out, size_t room)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t size = 0;
    ssize_t n;
    while (size + 1 < room && (n = read(fd, out + size, room - 1 - size)) > 0)
        size += (size_t)n;
    close(fd);
    out[size] = 0;
    return size > 0;
}

enum tarn_status tarn_file_read(const char *path, size_t limit, char **out,
                                size_t *size, struct tarn_error *err)
{
    int fd;
    uint64_t n = 0;
    enum tarn_status s = open_regular(path, &fd, &n, err);
    if (s)
        return s;
    if (n > limit) {
        close(fd);
        return tarn_fail(err, TARN_LIMIT,
                         "has %llu bytes, at most %zu can be read",
                         (unsigned long long)n, limit);
    }
    size_t got = 0;
    char *data = tarn_alloc((size_t)n + 1, 1);
    s = data ? read_up_to(fd, (uint8_t *)data, (size_t)n, &got, err)
             : no_memory(err, n);
    close(fd);
    if (s) {
        tarn_free(data);
        return s;
    }
    data[got] = 0;
    *out = data;
    *size = got;
    return TARN_OK;
}

/* A file in pieces, or memory read like one. */
enum tarn_status tarn_reading_open(struct tarn_reading *r, const char *path,
                                   struct tarn_error *err)
{
    *r = (struct tarn_reading){ .fd = -1 };
    return open_regular(path, &r->fd, &r->size, err);
}

struct tarn_reading tarn_reading_of(const void *data, size_t size)
{
    return (struct tarn_reading){ .fd = -1, .data = data ? data : NO_BYTES,
                                  .size = size };
}

enum tarn_status tarn_reading_take(struct tarn_reading *r, void *out,
                                   size_t size, struct tarn_error *err)
{
    size_t got = 0;
    enum tarn_status s = TARN_OK;
    if (size > r->size - r->at) {
        s = TARN_BAD_FILE;
    } else if (r->data) {
        if (size)
            memcpy(out, r->data + r->at, size);
        got = size;
    } else {
        s = read_up_to(r->fd, out, size, &got, err);
        if (s)
            return s;
    }
    if (s || got < size)
        return tarn_fail(err, TARN_BAD_FILE,
                         "is cut: needs %zu more bytes after byte %llu, has %llu",
                         size, (unsigned long long)r->at,
                         (unsigned long long)(r->size - r->at));
    r->at += size;
    return TARN_OK;
}

bool tarn_reading_rewind(struct tarn_reading *r)
{
    r->at = 0;
    return r->data || lseek(r->fd, 0, SEEK_SET) == 0;
}

void tarn_reading_close(struct tarn_reading *r)
{
    if (!r->data && r->fd > 0)
        close(r->fd);
    *r = (struct tarn_reading){ .fd = -1 };
}
