/* file_none.c - file.h in the page's module, which has no file system: a page
 * reads files itself and hands their bytes over. */
#include "core/base/file.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/place.h"

static enum tarn_status refuse(struct tarn_error *err)
{
    return tarn_fail(err, TARN_IO, "a page has no files of its own");
}

enum tarn_status tarn_map_open(const char *path, struct tarn_map *out,
                               struct tarn_error *err)
{
    (void)path;
    (void)out;
    return refuse(err);
}

void tarn_map_close(struct tarn_map *m)
{
    (void)m;
}

enum tarn_status tarn_map_check(const struct tarn_map *m,
                                struct tarn_error *err)
{
    (void)m;
    (void)err;
    return TARN_OK;
}

void tarn_map_prefault(struct tarn_map *m, uint64_t n)
{
    (void)m;
    (void)n;
}

void tarn_map_settle(struct tarn_map *m)
{
    (void)m;
}

enum tarn_status tarn_file_read(const char *path, size_t limit, char **out,
                                size_t *size, struct tarn_error *err)
{
    (void)path;
    (void)limit;
    (void)out;
    (void)size;
    return refuse(err);
}

enum tarn_status tarn_file_write(const char *path, const void *data,
                                 size_t size, struct tarn_error *err)
{
    (void)path;
    (void)data;
    (void)size;
    return refuse(err);
}

enum tarn_status tarn_file_write_private(const char *path, const void *data,
                                         size_t size, struct tarn_error *err)
{
    return tarn_file_write(path, data, size, err);
}

enum tarn_status tarn_writer_open(struct tarn_writer *w, const char *path,
                                  bool private, struct tarn_error *err)
{
    (void)path;
    (void)private;
    *w = (struct tarn_writer){ .fd = -1 };
    return refuse(err);
}

void tarn_writer_add(struct tarn_writer *w, const void *data, size_t size)
{
    (void)w;
    (void)data;
    (void)size;
}

enum tarn_status tarn_writer_commit(struct tarn_writer *w,
                                    struct tarn_error *err)
{
    (void)w;
    return refuse(err);
}

void tarn_writer_cancel(struct tarn_writer *w)
{
    (void)w;
}

enum tarn_status tarn_reading_open(struct tarn_reading *r, const char *path,
                                   struct tarn_error *err)
{
    (void)path;
    *r = (struct tarn_reading){ .fd = -1 };
    return refuse(err);
}

struct tarn_reading tarn_reading_of(const void *data, size_t size)
{
    return (struct tarn_reading){ .fd = -1, .data = data, .size = size };
}

enum tarn_status tarn_reading_take(struct tarn_reading *r, void *out,
                                   size_t size, struct tarn_error *err)
{
    if (size > r->size - r->at)
        return tarn_fail(err, TARN_BAD_FILE,
                         "is cut: needs %zu more bytes after byte %llu, has %llu",
                         size, (unsigned long long)r->at,
                         (unsigned long long)(r->size - r->at));
    if (size)
        memcpy(out, r->data + r->at, size);
    r->at += size;
    return TARN_OK;
}

bool tarn_reading_rewind(struct tarn_reading *r)
{
    r->at = 0;
    return true;
}

void tarn_reading_close(struct tarn_reading *r)
{
    *r = (struct tarn_reading){ .fd = -1 };
}

bool tarn_place_program(char *out, size_t room)
{
    (void)out;
    (void)room;
    return false;
}

bool tarn_place_pocket(char *out, size_t room)
{
    return tarn_place_program(out, room);
}
