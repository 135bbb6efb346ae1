/* file.h - the only door of the core to the file system.
 *
 * A mapped file stays readable until it is closed: bytes that the file loses
 * meanwhile are zeros then, and tarn_map_check() tells it.  Where there is no
 * mmap (WebAssembly) the file is read into memory.
 *
 * Threads: any; one object at a time.
 */
#ifndef TARN_BASE_FILE_H
#define TARN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"

struct tarn_map {
    const uint8_t *data;
    uint64_t size;
    bool mapped; /* false: read into memory of our own */
    struct tarn_watch *watch; /* owned; NULL where nothing can change */
};

/* Regular files only (others are refused without being read: opened with
 * O_NONBLOCK, then fstat).  The sentence has no file name in front; the
 * caller adds it. */
enum tarn_status tarn_map_open(const char *path, struct tarn_map *out,
                               struct tarn_error *err);
void tarn_map_close(struct tarn_map *m); /* zeroed allowed */
/* TARN_IO if the file was changed, cut or became unreadable since open(): what
 * was read from the map may be wrong.  A system call; any thread. */
enum tarn_status tarn_map_check(const struct tarn_map *m,
                                struct tarn_error *err);
/* Lets a thread fill the page tables for the first n bytes (all, if there are
 * fewer), so that the first pass over them does not stop at every page. */
void tarn_map_prefault(struct tarn_map *m, uint64_t n);
void tarn_map_settle(struct tarn_map *m); /* waits until that is done */

/* The whole of a small file, at most `limit` bytes: TARN_LIMIT above that.
 * *out is owned, with a NUL behind it. */
enum tarn_status tarn_file_read(const char *path, size_t limit, char **out,
                                size_t *size, struct tarn_error *err);
/* What the system tells in a file of /proc or /sys, which have no size: at most
 * room - 1 bytes, with a NUL behind them.  False: nothing could be read.  Not
 * in WebAssembly. */
bool tarn_file_small(const char *path, char *out, size_t room);
/* Writes path.tmp-PID, syncs, renames: the old file or the new one is there,
 * never half of one.  What a process that died left there goes away.  Where
 * `path` is a symbolic link, all of that happens to the file it leads to, and
 * the link stays.  A device or a pipe is written as it is. */
enum tarn_status tarn_file_write(const char *path, const void *data,
                                 size_t size, struct tarn_error *err);
/* The same; only its owner may read or write the file, whatever the umask and
 * the file that was there say. */
enum tarn_status tarn_file_write_private(const char *path, const void *data,
                                         size_t size, struct tarn_error *err);

/* The same in pieces, for what is too large to be held twice.  Failures stick:
 * test the end alone.  A writer that is not ended with commit() must be
 * cancelled; then the file that was there stays. */
struct tarn_writer {
    int fd;
    int number;      /* errno of the first failure */
    char *path, *temporary; /* owned */
};
enum tarn_status tarn_writer_open(struct tarn_writer *w, const char *path,
                                  bool private, struct tarn_error *err);
void tarn_writer_add(struct tarn_writer *w, const void *data, size_t size);
enum tarn_status tarn_writer_commit(struct tarn_writer *w,
                                    struct tarn_error *err);
void tarn_writer_cancel(struct tarn_writer *w); /* zeroed or ended allowed */

/* A regular file from its beginning to its end, or bytes in memory (borrowed)
 * that are read like one. */
struct tarn_reading {
    int fd;
    const uint8_t *data;
    uint64_t size, at; /* of the file when it was opened; bytes read */
};
enum tarn_status tarn_reading_open(struct tarn_reading *r, const char *path,
                                   struct tarn_error *err);
struct tarn_reading tarn_reading_of(const void *data, size_t size);
/* All of them or TARN_BAD_FILE (the file ends before). */
enum tarn_status tarn_reading_take(struct tarn_reading *r, void *out,
                                   size_t size, struct tarn_error *err);
bool tarn_reading_rewind(struct tarn_reading *r);
void tarn_reading_close(struct tarn_reading *r); /* zeroed allowed */

/* Makes a folder and those above it, for their owner alone; good if it is
 * there.  False leaves errno.  The path is as it was when this returns. */
bool tarn_folder_make(char *path);

/* The sentence "cannot be WHAT: REASON" of an errno; its status. */
enum tarn_status tarn_file_fail(struct tarn_error *err, const char *what,
                                int number);

/* For tests: asked before every call of the system that writes a file (open,
 * write, fsync, close, rename); errno instead of 0 makes that call fail. */
void tarn_file_on_write(int (*fn)(void *user), void *user);

#endif
