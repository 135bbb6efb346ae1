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

/* The whole of a small file, at most `limit` bytes: TARN_LIMIT above that.
 * *out is owned, with a NUL behind it. */
enum tarn_status tarn_file_read(const char *path, size_t limit, char **out,
                                size_t *size, struct tarn_error *err);
/* Writes path.tmp-PID, syncs, renames: the old file or the new one is there,
 * never half of one. */
enum tarn_status tarn_file_write(const char *path, const void *data,
                                 size_t size, struct tarn_error *err);
/* The same; only its owner may read or write the file, whatever the umask and
 * the file that was there say. */
enum tarn_status tarn_file_write_private(const char *path, const void *data,
                                         size_t size, struct tarn_error *err);

#endif
