/* json.h - JSON (RFC 8259) in and out, small and bounded.
 *
 * Reading makes a tree in one arena.  Numbers keep the text they were written
 * with (a chat template prints an integer of 21 digits as it came); objects
 * keep the order of their keys, a key that appears twice is refused.  Limits:
 * depth 64, size as the caller says.  Writing appends to a buffer.
 *
 *     struct tarn_json *doc;
 *     s = tarn_json_read(text, size, &doc, &err);
 *     const struct tarn_json *role = tarn_json_get(doc, "role");
 *     tarn_json_free(doc);
 *
 * Owns: the root owns all below it; text is copied.  Threads: any, read only.
 */
#ifndef TARN_BASE_JSON_H
#define TARN_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/types.h"

enum tarn_json_kind {
    TARN_JSON_NULL, TARN_JSON_FALSE, TARN_JSON_TRUE, TARN_JSON_NUMBER,
    TARN_JSON_STRING, TARN_JSON_ARRAY, TARN_JSON_OBJECT
};

struct tarn_json {
    enum tarn_json_kind kind;
    const char *text; /* number as written, or string's bytes; NUL behind */
    size_t size;      /* bytes of text */
    const char *key;  /* in an object; may hold NUL bytes: see key_size */
    size_t key_size;
    const struct tarn_json *first, *next; /* children, siblings */
    size_t n;         /* children */
};

/* TARN_BAD_FILE with the byte where it stopped; TARN_LIMIT; TARN_NO_MEMORY. */
enum tarn_status tarn_json_read(const void *text, size_t size,
                                struct tarn_json **out,
                                struct tarn_error *err);
void tarn_json_free(struct tarn_json *root); /* NULL allowed */

/* NULL if v is NULL, no object, or has no such key. */
const struct tarn_json *tarn_json_get(const struct tarn_json *v,
                                      const char *key);
const struct tarn_json *tarn_json_at(const struct tarn_json *v, size_t i);
/* false if v is NULL or no number of that kind and range. */
bool tarn_json_i64(const struct tarn_json *v, int64_t *out);
bool tarn_json_f64(const struct tarn_json *v, double *out);
bool tarn_json_is_string(const struct tarn_json *v, const char *text);

/* A string with its quotes; bytes that are no UTF-8 become U+FFFD; with
 * `ascii` everything above U+007F is written as \uXXXX. */
void tarn_json_add_string(struct tarn_buf *b, const void *text, size_t size,
                          bool ascii);
/* The shortest decimal that reads back equal; null for NaN and infinities. */
void tarn_json_add_f64(struct tarn_buf *b, double v);
void tarn_json_add_f32(struct tarn_buf *b, float v);

#endif
