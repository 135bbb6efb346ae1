/* gguf.h - the model file: metadata and tensors, checked before anything
 * uses them.
 *
 * GGUF v2 and v3, little-endian, all metadata types, split files
 * (PREFIX-00001-of-00003.gguf: the first part is opened, the others found).
 * Every count, size and offset is compared with the file before it is used
 * (faults G01-G20, gguf_limits.h).  Tensor data are mapped, not copied.
 *
 *     tarn_gguf_open("m.gguf", &g, &err);
 *     tarn_gguf_u32(g, "lfm2.block_count", 1, 512, &n, &err);
 *     const struct tarn_gguf_tensor *t = tarn_gguf_tensor(g, "blk.0....");
 *     tarn_gguf_close(g);
 *
 * Owns: the map and the index.  Everything returned is borrowed from it.
 * Threads: any, read only.
 * Format: docs/gguf.md of github.com/ggml-org/ggml; tensor types:
 * docs/formats.md here.
 */
#ifndef TARN_GGUF_H
#define TARN_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"

struct tarn_gguf;

enum tarn_gguf_kind { /* numbers of the format */
    TARN_GGUF_U8 = 0, TARN_GGUF_I8, TARN_GGUF_U16, TARN_GGUF_I16,
    TARN_GGUF_U32, TARN_GGUF_I32, TARN_GGUF_F32, TARN_GGUF_BOOL,
    TARN_GGUF_STRING, TARN_GGUF_ARRAY, TARN_GGUF_U64, TARN_GGUF_I64,
    TARN_GGUF_F64
};

struct tarn_gguf_string {
    const char *text; /* not terminated */
    size_t size;
};

struct tarn_gguf_value {
    const char *key; /* NUL behind it */
    enum tarn_gguf_kind kind;
    enum tarn_gguf_kind item; /* of an array */
    uint64_t n;               /* elements of an array, else 1 */
    const uint8_t *raw;       /* the value or the first element, as in the file */
    size_t raw_size;
    const struct tarn_gguf_string *strings; /* [n] for (arrays of) strings */
};

struct tarn_gguf_tensor {
    const char *name; /* NUL behind it */
    uint32_t type;    /* enum tarn_type: one that tarn runs */
    uint32_t n_dims;
    uint64_t ge[4];   /* GGUF order: ge[0] is the row length; missing: 1 */
    uint64_t size;    /* bytes */
    uint64_t offset;  /* in its file, from the beginning */
    uint32_t part;    /* which file of a split one */
    const void *data; /* mapped */
};

enum tarn_status tarn_gguf_open(const char *path, struct tarn_gguf **out,
                                struct tarn_error *err);
/* data is borrowed until close.  `name` stands in sentences. */
enum tarn_status tarn_gguf_open_memory(const void *data, size_t size,
                                       const char *name,
                                       struct tarn_gguf **out,
                                       struct tarn_error *err);
void tarn_gguf_close(struct tarn_gguf *g);

/* TARN_IO if a part was changed, cut or became unreadable since it was opened
 * (G21, G22): what was read from its tensors may be wrong.  Quick; any
 * thread. */
enum tarn_status tarn_gguf_unchanged(const struct tarn_gguf *g,
                                     struct tarn_error *err);
/* A thread maps the tensors' pages, as far as the machine's free memory
 * reaches, so that the first pass over them does not stop at every page. */
void tarn_gguf_prefault(struct tarn_gguf *g);
void tarn_gguf_settle(struct tarn_gguf *g); /* waits until that is done */

const char *tarn_gguf_path(const struct tarn_gguf *g);
uint32_t tarn_gguf_version(const struct tarn_gguf *g);
uint64_t tarn_gguf_file_size(const struct tarn_gguf *g); /* all parts */
uint32_t tarn_gguf_n_parts(const struct tarn_gguf *g);
size_t tarn_gguf_n_values(const struct tarn_gguf *g);
const struct tarn_gguf_value *tarn_gguf_value_at(const struct tarn_gguf *g,
                                                 size_t i);
const struct tarn_gguf_value *tarn_gguf_find(const struct tarn_gguf *g,
                                             const char *key);
size_t tarn_gguf_n_tensors(const struct tarn_gguf *g);
const struct tarn_gguf_tensor *tarn_gguf_tensor_at(const struct tarn_gguf *g,
                                                   size_t i);
const struct tarn_gguf_tensor *tarn_gguf_tensor(const struct tarn_gguf *g,
                                                const char *name);

/* "" or one sentence on something odd that does no harm (gaps between
 * tensors). */
const char *tarn_gguf_warning(const struct tarn_gguf *g);

/* One element of a number or an array of numbers, whatever its width; false
 * if it is of another kind or does not fit. */
bool tarn_gguf_i64_of(const struct tarn_gguf_value *v, uint64_t i,
                      int64_t *out);
bool tarn_gguf_f64_of(const struct tarn_gguf_value *v, uint64_t i,
                      double *out);

/* Reads key; missing, of another kind or outside [lo, hi]: TARN_BAD_FILE with
 * a sentence.  The *_or forms take `other` when the key is missing. */
enum tarn_status tarn_gguf_u32(const struct tarn_gguf *g, const char *key,
                               uint32_t lo, uint32_t hi, uint32_t *out,
                               struct tarn_error *err);
enum tarn_status tarn_gguf_u32_or(const struct tarn_gguf *g, const char *key,
                                  uint32_t lo, uint32_t hi, uint32_t other,
                                  uint32_t *out, struct tarn_error *err);
enum tarn_status tarn_gguf_f32_or(const struct tarn_gguf *g, const char *key,
                                  float other, float *out,
                                  struct tarn_error *err);
/* out->text == NULL when the key is missing. */
enum tarn_status tarn_gguf_string_or(const struct tarn_gguf *g,
                                     const char *key,
                                     struct tarn_gguf_string *out,
                                     struct tarn_error *err);

/* Reads the whole tensor (so it costs what reading the file costs) and refuses
 * values or block scales that are NaN or infinite, and a quantised tensor
 * whose scales are all zero: TARN_BAD_FILE naming tensor and row (G20). */
enum tarn_status tarn_gguf_check_tensor(const struct tarn_gguf_tensor *t,
                                        struct tarn_error *err);

/* "u32", "string", ...; "" for a number that is none. */
const char *tarn_gguf_kind_name(enum tarn_gguf_kind kind);

#endif
