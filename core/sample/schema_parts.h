/* schema_parts.h - one schema's types; inside of schema.c and its parts.
 *
 * Owns: struct tarn_schema is schema.c's.  Threads: one at a time.
 */
#ifndef TARN_SAMPLE_SCHEMA_PARTS_H
#define TARN_SAMPLE_SCHEMA_PARTS_H

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/sample/schema.h"

#define SCHEMA_ITEMS (1u << 12) /* schemas in a document */
#define SCHEMA_SLOTS (1u << 13)
#define SCHEMA_ENUM 1000u
#define SCHEMA_NONE UINT32_MAX

enum schema_type { /* bits */
    SCHEMA_STRING = 1, SCHEMA_NUMBER = 2, SCHEMA_INTEGER = 4,
    SCHEMA_BOOLEAN = 8, SCHEMA_NULL = 16, SCHEMA_ARRAY = 32,
    SCHEMA_OBJECT = 64, SCHEMA_UNKNOWN = 128
};

struct schema_item {
    const struct tarn_json *v, *root;
    uint32_t rule;
    uint32_t parent;     /* item that spoke of it first */
    const char *keyword; /* by which it did, or NULL */
    const struct tarn_json *key; /* and under which name, or NULL */
};

struct tarn_schema {
    struct tarn_grammar *g;
    struct tarn_json_parts parts;
    struct schema_item items[SCHEMA_ITEMS];
    uint32_t slots[SCHEMA_SLOTS];
    uint32_t n_items, n_done;
    uint32_t now; /* the item that is compiled */
    bool loose, anything;
    enum tarn_status status;
    struct tarn_error *err;
};

/* The rule of a schema inside the present one. */
uint32_t tarn_schema_inner(struct tarn_schema *s, const struct tarn_json *v,
                      const char *keyword, const struct tarn_json *key);
/* false.  "The schema at PLACE: "keyword" why."; loose: any value. */
bool tarn_schema_fail(struct tarn_schema *s, const char *keyword, const char *why);
/* Exactly this value. */
uint32_t tarn_schema_literal(struct tarn_schema *s, const struct tarn_json *v,
                        uint32_t end);

/* schema_parts.c */
uint32_t tarn_schema_object(struct tarn_schema *s, const struct tarn_json *v,
                       uint32_t end);
uint32_t tarn_schema_array(struct tarn_schema *s, const struct tarn_json *v,
                      uint32_t end);
uint32_t tarn_schema_string(struct tarn_schema *s, const struct tarn_json *v,
                       uint32_t end);
uint32_t tarn_schema_number(struct tarn_schema *s, const struct tarn_json *v,
                       bool whole, uint32_t end);
/* As models write it: ", " and ": ". */
void tarn_schema_write(struct tarn_buf *b, const struct tarn_json *v);
#endif
