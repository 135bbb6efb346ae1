/* gguf_impl.h - what the files of this folder share.
 *
 * gguf.c opens parts, reads each with tarn_gguf_read_part() (gguf_header.c),
 * then checks them together.  gguf_magic.c tells what a file is that is no
 * GGUF, gguf_value.c reads single values, gguf_check.c looks at tensor data.
 *
 * Owns: see struct tarn_gguf.
 */
#ifndef TARN_GGUF_IMPL_H
#define TARN_GGUF_IMPL_H

#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/gguf/gguf.h"

struct tarn_gguf_part {
    struct tarn_map map; /* owned, unless borrowed from open_memory() */
    bool borrowed;
    struct tarn_gguf_value *values;   /* [n_values] owned, strings too */
    struct tarn_gguf_string *singles; /* [n_values] for values of kind string */
    size_t n_values;
    struct tarn_table keys; /* name -> index into values */
    uint32_t version;
    size_t first_tensor, n_tensors; /* its range in tarn_gguf.tensors */
    uint64_t alignment, data_at;
};

struct tarn_gguf {
    char *path;
    struct tarn_gguf_part
        *parts; /* [n_parts]; metadata are those of the first */
    uint32_t n_parts;
    uint64_t file_size;
    struct tarn_gguf_tensor *tensors; /* [n_tensors] of all parts */
    size_t n_tensors;
    struct tarn_table names;      /* name -> index into tensors */
    struct tarn_gguf_text *texts; /* blocks of NUL-terminated names */
    char warning[300];
};

/* Copies a name into the blocks of g; NULL if memory is out. */
const char *tarn_gguf_keep_text(struct tarn_gguf *g, const char *text,
                                size_t size);
void tarn_gguf_free_texts(struct tarn_gguf *g);

/* Reads header, metadata and tensor table of g->parts[i], appending to
 * g->tensors. */
enum tarn_status tarn_gguf_read_part(struct tarn_gguf *g, uint32_t i,
                                     struct tarn_error *err);
void tarn_gguf_finish_part(struct tarn_gguf_part *part);

/* The same as the public functions, on one part. */
const struct tarn_gguf_value *
tarn_gguf_part_find(const struct tarn_gguf_part *part, const char *key);
enum tarn_status tarn_gguf_part_u32(const struct tarn_gguf_part *part,
                                    const char *key, uint32_t lo, uint32_t hi,
                                    bool required, uint32_t other,
                                    uint32_t *out, struct tarn_error *err);

/* Says what the bytes are, if they don't begin with "GGUF". */
enum tarn_status tarn_gguf_fail_magic(const uint8_t *data, uint64_t size,
                                      struct tarn_error *err);
/* The name of a type that tarn can't run, or NULL. */
const char *tarn_gguf_foreign_type(uint32_t type);

/* Checks that tensors of a part lie inside it and apart from each other. */
enum tarn_status tarn_gguf_check_places(struct tarn_gguf *g,
                                        const struct tarn_gguf_part *part,
                                        struct tarn_error *err);

#endif
