/* bad_gguf.h - a small correct model, and defects to put into it.
 *
 * gguf_plan_good() describes a whole lfm2moe model of about 56 KB (weights
 * are random, always the same); functions change the description;
 * gguf_plan_write() makes the bytes.  GGUF_DEFECTS lists named defects by
 * their number in the list of faults.
 *
 *     gguf_plan_good(&p);
 *     gguf_defect_find("offset-wraps")->apply(&p, ...);
 *     gguf_plan_write(&p, &bytes);
 *     gguf_plan_finish(&p);
 *
 * Fails: memory that is out shows as a failed buffer.
 */
#ifndef TARN_TESTS_BAD_GGUF_H
#define TARN_TESTS_BAD_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

enum { PLAN_MAX_KEYS = 64, PLAN_MAX_TENSORS = 64 };

struct plan_key {
    char name[80];         /* to find it again */
    struct tarn_buf bytes; /* the whole record */
};

struct plan_tensor {
    struct tarn_buf name;
    uint64_t name_size; /* that is written */
    uint32_t n_dims, type;
    uint64_t ge[5];
    uint64_t offset; /* if fixed; else behind the one before */
    bool fixed;
    struct tarn_buf data;
};

struct gguf_plan {
    uint32_t version;
    uint64_t n_keys_said, n_tensors_said; /* UINT64_MAX: the true ones */
    struct plan_key keys[PLAN_MAX_KEYS];
    size_t n_keys;
    struct plan_tensor tensors[PLAN_MAX_TENSORS];
    size_t n_tensors;
    uint64_t alignment; /* that the data keep */
    uint64_t cut;       /* the file ends here; UINT64_MAX: whole */
    struct tarn_buf instead; /* if not empty: the whole file */
};

void gguf_plan_good(struct gguf_plan *p);
void gguf_plan_write(const struct gguf_plan *p, struct tarn_buf *out);
void gguf_plan_finish(struct gguf_plan *p);

/* Numbers little-endian, n bytes of them. */
void put_number(struct tarn_buf *b, uint64_t v, size_t n);
void put_text(struct tarn_buf *b, const char *text, size_t size);

/* Adds the key, or writes another value in its place.  value: as in a file. */
void plan_set(struct gguf_plan *p, const char *key, uint32_t kind,
              const void *value, size_t size);
void plan_set_u32(struct gguf_plan *p, const char *key, uint32_t v);
void plan_set_f32(struct gguf_plan *p, const char *key, float v);
void plan_set_text(struct gguf_plan *p, const char *key, const char *text);
void plan_set_i32s(struct gguf_plan *p, const char *key, const int32_t *v,
                   size_t n);
void plan_set_texts(struct gguf_plan *p, const char *key,
                    const char *const *texts, size_t n);
/* A record as it is, under a name of its own. */
void plan_add_raw(struct gguf_plan *p, const void *bytes, size_t size);
void plan_remove(struct gguf_plan *p, const char *key);
/* The words of the vocabulary, to be changed and set again; strings that are
 * valid until the next call. */
size_t plan_words(const char *const **out);

struct plan_tensor *plan_tensor(struct gguf_plan *p, const char *name);
struct plan_tensor *plan_add_tensor(struct gguf_plan *p, const char *name,
                                    uint32_t type, uint64_t ge0, uint64_t ge1,
                                    uint64_t ge2);
void plan_remove_tensor(struct gguf_plan *p, const char *name);
void plan_rename_tensor(struct plan_tensor *t, const char *name, size_t size);

/* Who must refuse it. */
enum defect_level {
    DEFECT_NONE, /* nobody: it loads */
    DEFECT_FILE, /* core/gguf */
    DEFECT_TEXT, /* core/text: tarn_text_open() */
    DEFECT_MODEL /* core/model: `tarn logits` */
};

struct gguf_defect {
    const char *number; /* "G13" */
    const char *name;   /* "offset-wraps" */
    enum defect_level level;
    const char *says;   /* what the sentence holds */
    void (*apply)(struct gguf_plan *p, uint64_t a, const char *text);
    uint64_t a;
    const char *text;
};

extern const struct gguf_defect GGUF_DEFECTS[];
extern const size_t GGUF_N_DEFECTS;
const struct gguf_defect *gguf_defect_find(const char *name); /* or NULL */
/* The file with that defect. */
void gguf_defect_write(const struct gguf_defect *d, struct tarn_buf *out);

#endif
