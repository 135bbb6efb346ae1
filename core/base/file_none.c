/* file_none.c - file.h in the page's module, which has no file system: a page
 * reads files itself and hands their bytes over. */
#include "core/base/file.h"

#include "core/base/error.h"

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
