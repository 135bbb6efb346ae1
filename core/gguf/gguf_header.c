/* gguf_header.c - reads one part: header, metadata, table of tensors.
 *
 * Every number is compared with its limit first (so that nonsense is called
 * nonsense) and with what is left of the file second (so that a cut file is
 * called cut), both before any memory is asked for.  Bounds are tested as
 * "n > left", which can't wrap. */
#include "core/gguf/gguf_impl.h"

#include <stdio.h>
#include <string.h>

#include "backends/backend.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/span.h"
#include "core/base/utf8.h"
#include "core/gguf/gguf_limits.h"

enum {
    LEAST_KEY_RECORD = 8 + 1 + 4 + 1, /* a name of one byte, type, a u8 */
    LEAST_TENSOR_RECORD = 8 + 1 + 4 + 8 + 4 + 8
};

struct reader {
    struct tarn_span s;
    struct tarn_gguf *g;
    struct tarn_gguf_part *part;
    uint32_t number; /* of the part */
    struct tarn_error *err;
};

static enum tarn_status no_memory(const struct reader *r, uint64_t size)
{
    return tarn_fail(r->err, TARN_NO_MEMORY,
                     "there is no memory for %s bytes of its index",
                     tarn_count(size).text);
}

static uint64_t left(const struct reader *r)
{
    return r->s.size - r->s.at;
}

/* n bytes must follow; n is within a limit, so the sum can't wrap. */
static enum tarn_status need(const struct reader *r, uint64_t n)
{
    if (n <= left(r))
        return TARN_OK;
    return tarn_fail(r->err, TARN_BAD_FILE,
                     "is cut: needs at least %s bytes, has %s; the download "
                     "is probably incomplete, fetch it again",
                     tarn_count(r->s.at + n).text,
                     tarn_count(r->s.size).text);
}

/* ------------------------------------------------------------------ header */

static enum tarn_status check_version(const struct reader *r, uint32_t v)
{
    if (v == 2 || v == 3)
        return TARN_OK;
    if (v != 0 && (v & 0xffff) == 0)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "is a GGUF file of the other byte order (big-endian)"
                         "; tarn reads little-endian ones");
    if (v < 2)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "is of the obsolete GGUF version %u; tarn reads 2 "
                         "and 3, fetch a newer file",
                         (unsigned)v);
    return tarn_fail(r->err, TARN_BAD_FILE,
                     "is of GGUF version %u, newer than 3; tarn reads 2 and "
                     "3, perhaps a newer tarn reads it",
                     (unsigned)v);
}

static enum tarn_status check_count(const struct reader *r, uint64_t n,
                                    uint32_t most, const char *what)
{
    if (n <= most)
        return TARN_OK;
    return tarn_fail(r->err, TARN_BAD_FILE,
                     "says that it has %s %s; at most %s are allowed",
                     tarn_count(n).text, what, tarn_count(most).text);
}

static enum tarn_status read_counts(struct reader *r, uint64_t *n_tensors,
                                    uint64_t *n_keys)
{
    const uint64_t size = r->s.size;
    if (size < 4 ? memcmp(r->s.base, "GGUF", (size_t)size) != 0 || size == 0
                 : memcmp(r->s.base, "GGUF", 4) != 0)
        return tarn_gguf_fail_magic(r->s.base, size, r->err);
    enum tarn_status s = need(r, 8);
    if (s)
        return s;
    tarn_span_u32(&r->s);
    r->part->version = tarn_span_u32(&r->s);
    if ((s = check_version(r, r->part->version)) || (s = need(r, 16)))
        return s;
    *n_tensors = tarn_span_u64(&r->s);
    *n_keys = tarn_span_u64(&r->s);
    if ((s = check_count(r, *n_tensors, TARN_GGUF_MAX_TENSORS, "tensors")) ||
        (s = check_count(r, *n_keys, TARN_GGUF_MAX_KEYS, "metadata keys")))
        return s;
    return need(r,
                *n_keys * LEAST_KEY_RECORD + *n_tensors * LEAST_TENSOR_RECORD);
}

/* ---------------------------------------------------------------- metadata */

/* 0 for strings and arrays, which have no fixed size. */
static size_t size_of_kind(uint32_t kind)
{
    static const uint8_t SIZES[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
    return kind <= TARN_GGUF_F64 ? SIZES[kind] : 0;
}

/* The name of a key or a tensor: not empty, UTF-8, no NUL. */
static enum tarn_status read_name(struct reader *r, const char *what,
                                  uint64_t number, uint32_t most,
                                  struct tarn_gguf_string *out)
{
    enum tarn_status s = need(r, 8);
    if (s)
        return s;
    const uint64_t n = tarn_span_u64(&r->s);
    if (n == 0 || n > most)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the name of %s %s has %s bytes; allowed are 1 to "
                         "%u",
                         what, tarn_count(number).text,
                         tarn_count(n).text, (unsigned)most);
    if ((s = need(r, n)))
        return s;
    const char *text = (const char *)tarn_span_take(&r->s, n);
    if (memchr(text, 0, (size_t)n))
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the name of %s %s (\"%s\") has a NUL byte in it",
                         what, tarn_count(number).text,
                         tarn_shown(text, (size_t)n).text);
    if (!tarn_utf8_valid(text, (size_t)n))
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the name of %s %s (\"%s\") is not UTF-8", what,
                         tarn_count(number).text,
                         tarn_shown(text, (size_t)n).text);
    *out = (struct tarn_gguf_string){ text, (size_t)n };
    return TARN_OK;
}

static enum tarn_status read_string(struct reader *r,
                                    const struct tarn_gguf_value *v,
                                    struct tarn_gguf_string *out)
{
    enum tarn_status s = need(r, 8);
    if (s)
        return s;
    const uint64_t n = tarn_span_u64(&r->s);
    if (n > TARN_GGUF_MAX_STRING_BYTES)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "key \"%s\" has a string of %s bytes; at most %s "
                         "are allowed",
                         tarn_shown_str(v->key).text, tarn_count(n).text,
                         tarn_count(TARN_GGUF_MAX_STRING_BYTES).text);
    if ((s = need(r, n)))
        return s;
    const uint8_t *text = tarn_span_take(&r->s, n);
    *out = (struct tarn_gguf_string){ (const char *)text, (size_t)n };
    return TARN_OK;
}

static enum tarn_status check_bools(const struct reader *r,
                                    const struct tarn_gguf_value *v)
{
    for (size_t i = 0; i < v->raw_size; i++)
        if (v->raw[i] > 1)
            return tarn_fail(r->err, TARN_BAD_FILE,
                             "key \"%s\" is of type bool and holds %u; "
                             "allowed are 0 and 1",
                             tarn_shown_str(v->key).text, v->raw[i]);
    return TARN_OK;
}

static enum tarn_status read_numbers(struct reader *r,
                                     struct tarn_gguf_value *v, uint32_t kind)
{
    const uint64_t size = v->n * size_of_kind(kind); /* n is limited */
    const enum tarn_status s = need(r, size);
    if (s)
        return s;
    v->raw = tarn_span_take(&r->s, size);
    v->raw_size = (size_t)size;
    return kind == TARN_GGUF_BOOL ? check_bools(r, v) : TARN_OK;
}

/* One block of pointers for the whole array, none per string. */
static enum tarn_status read_strings(struct reader *r,
                                     struct tarn_gguf_value *v)
{
    enum tarn_status s = need(r, v->n * 8); /* each has a length */
    if (s)
        return s;
    struct tarn_gguf_string *all = tarn_alloc((size_t)v->n, sizeof *all);
    if (!all)
        return no_memory(r, v->n * sizeof *all);
    v->strings = all; /* owned by the part from here on */
    const size_t from = r->s.at;
    v->raw = r->s.base + from;
    for (uint64_t i = 0; i < v->n; i++)
        if ((s = read_string(r, v, &all[i])))
            return s;
    v->raw_size = r->s.at - from;
    return TARN_OK;
}

static enum tarn_status read_array(struct reader *r, struct tarn_gguf_value *v)
{
    const enum tarn_status s = need(r, 12);
    if (s)
        return s;
    const uint32_t item = tarn_span_u32(&r->s);
    const uint64_t n = tarn_span_u64(&r->s);
    const struct tarn_shown key = tarn_shown_str(v->key);
    if (item == TARN_GGUF_ARRAY)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "key \"%s\" is an array of arrays, which is not "
                         "allowed",
                         key.text);
    if (item > TARN_GGUF_F64)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "key \"%s\" is an array of the unknown type %u; "
                         "allowed are 0 to 12",
                         key.text, (unsigned)item);
    if (n > TARN_GGUF_MAX_ITEMS)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "key \"%s\" is an array of %s elements; at most %s "
                         "are allowed",
                         key.text, tarn_count(n).text,
                         tarn_count(TARN_GGUF_MAX_ITEMS).text);
    v->item = (enum tarn_gguf_kind)item;
    v->n = n;
    return item == TARN_GGUF_STRING ? read_strings(r, v)
                                    : read_numbers(r, v, item);
}

static enum tarn_status read_value(struct reader *r, size_t i)
{
    struct tarn_gguf_value *v = &r->part->values[i];
    enum tarn_status s = need(r, 4);
    if (s)
        return s;
    const uint32_t kind = tarn_span_u32(&r->s);
    if (kind > TARN_GGUF_F64)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "key \"%s\" is of the unknown type %d; allowed are "
                         "0 to 12",
                         tarn_shown_str(v->key).text, (int)kind);
    v->kind = (enum tarn_gguf_kind)kind;
    if (kind == TARN_GGUF_ARRAY)
        return read_array(r, v);
    v->n = 1;
    v->item = v->kind;
    if (kind != TARN_GGUF_STRING)
        return read_numbers(r, v, kind);
    v->raw = r->s.base + r->s.at;
    s = read_string(r, v, &r->part->singles[i]);
    v->strings = &r->part->singles[i];
    v->raw_size = (size_t)(r->s.base + r->s.at - v->raw);
    return s;
}

static enum tarn_status check_metadata_size(const struct reader *r)
{
    if (r->s.at <= TARN_GGUF_MAX_METADATA_BYTES)
        return TARN_OK;
    return tarn_fail(r->err, TARN_BAD_FILE,
                     "its metadata have more than %s bytes, which is the most "
                     "that is allowed",
                     tarn_count(TARN_GGUF_MAX_METADATA_BYTES).text);
}

static enum tarn_status read_key(struct reader *r, size_t i)
{
    struct tarn_gguf_string name;
    bool found;
    enum tarn_status s =
        read_name(r, "metadata key", i, TARN_GGUF_MAX_KEY_BYTES, &name);
    if (s)
        return s;
    const char *key = tarn_gguf_keep_text(r->g, name.text, name.size);
    if (!key)
        return no_memory(r, name.size);
    tarn_table_put(&r->part->keys, key, name.size, (uint32_t)i, &found);
    if (found)
        return tarn_fail(r->err, TARN_BAD_FILE, "has the key \"%s\" twice",
                         tarn_shown_str(key).text);
    r->part->values[i].key = key;
    s = read_value(r, i);
    return s ? s : check_metadata_size(r);
}

static enum tarn_status read_metadata(struct reader *r, size_t n)
{
    struct tarn_gguf_part *part = r->part;
    part->values = tarn_alloc(n, sizeof *part->values);
    part->singles = tarn_alloc(n, sizeof *part->singles);
    if (!part->values || !part->singles || !tarn_table_init(&part->keys, n))
        return no_memory(r, n * (sizeof *part->values + sizeof *part->singles));
    for (size_t i = 0; i < n; i++) {
        part->n_values = i + 1; /* what a failure leaves is freed */
        const enum tarn_status s = read_key(r, i);
        if (s)
            return s;
    }
    return TARN_OK;
}

static enum tarn_status read_alignment(const struct reader *r)
{
    static const char KEY[] = "general.alignment";
    uint32_t a;
    const enum tarn_status s =
        tarn_gguf_part_u32(r->part, KEY, TARN_GGUF_MIN_ALIGNMENT,
                           TARN_GGUF_MAX_ALIGNMENT, false, 32, &a, r->err);
    if (s)
        return s;
    if (a & (a - 1))
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "key \"%s\" is %u, which is not a power of two", KEY,
                         (unsigned)a);
    r->part->alignment = a;
    return TARN_OK;
}

/* ----------------------------------------------------------------- tensors */

static enum tarn_status check_type(const struct reader *r,
                                   const struct tarn_gguf_tensor *t)
{
    const struct tarn_type_traits traits = tarn_type_traits(t->type);
    const struct tarn_shown name = tarn_shown_str(t->name);
    const char *foreign = tarn_gguf_foreign_type(t->type);
    if (!traits.block && foreign)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "tensor \"%s\" is of type %u (%s); tarn runs F32 F16 "
                         "BF16 Q4_0/1 Q5_0/1 Q8_0 Q2_K-Q6_K IQ2_XXS-IQ4_XS "
                         "MXFP4",
                         name.text, (unsigned)t->type, foreign);
    if (!traits.block)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "tensor \"%s\" is of the unknown type %d; tarn runs "
                         "F32 F16 BF16 Q4_0/1 Q5_0/1 Q8_0 Q2_K-Q6_K "
                         "IQ2_XXS-IQ4_XS MXFP4",
                         name.text, (int)t->type);
    if (t->ge[0] % traits.block)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "tensor \"%s\" has rows of %s values, which is no "
                         "multiple of the %u of a %s block",
                         name.text, tarn_count(t->ge[0]).text,
                         (unsigned)traits.block, traits.name);
    return TARN_OK;
}

static enum tarn_status size_tensor(const struct reader *r,
                                    struct tarn_gguf_tensor *t)
{
    const struct tarn_type_traits traits = tarn_type_traits(t->type);
    uint64_t size = t->ge[0] / traits.block; /* a multiple of it */
    bool fits = tarn_mul_u64(size, traits.bytes, &size);
    for (uint32_t d = 1; d < TARN_GGUF_MAX_DIMS; d++)
        fits = fits && tarn_mul_u64(size, t->ge[d], &size);
    if (!fits || size > TARN_GGUF_MAX_FILE_BYTES)
        return tarn_fail(
            r->err, TARN_BAD_FILE,
            "tensor \"%s\" of %llu x %llu x %llu x %llu values "
            "would need more than %s bytes",
            tarn_shown_str(t->name).text, (unsigned long long)t->ge[0],
            (unsigned long long)t->ge[1], (unsigned long long)t->ge[2],
            (unsigned long long)t->ge[3],
            tarn_count(TARN_GGUF_MAX_FILE_BYTES).text);
    t->size = size;
    return TARN_OK;
}

static enum tarn_status read_shape(struct reader *r, struct tarn_gguf_tensor *t)
{
    enum tarn_status s = need(r, 4);
    if (s)
        return s;
    t->n_dims = tarn_span_u32(&r->s);
    if (t->n_dims < 1 || t->n_dims > TARN_GGUF_MAX_DIMS)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "tensor \"%s\" has %s dimensions; allowed are 1 to "
                         "%u",
                         tarn_shown_str(t->name).text,
                         tarn_count(t->n_dims).text, TARN_GGUF_MAX_DIMS);
    if ((s = need(r, t->n_dims * 8 + 12)))
        return s;
    for (uint32_t d = 0; d < TARN_GGUF_MAX_DIMS; d++) {
        t->ge[d] = d < t->n_dims ? tarn_span_u64(&r->s) : 1;
        if (t->ge[d] < 1 || t->ge[d] > TARN_GGUF_MAX_DIM)
            return tarn_fail(r->err, TARN_BAD_FILE,
                             "dimension %u of tensor \"%s\" is %lld; allowed "
                             "are 1 to %u",
                             (unsigned)d, tarn_shown_str(t->name).text,
                             (long long)t->ge[d], TARN_GGUF_MAX_DIM);
    }
    t->type = tarn_span_u32(&r->s);
    t->offset = tarn_span_u64(&r->s); /* from data_at, until place_tensors */
    s = check_type(r, t);
    return s ? s : size_tensor(r, t);
}

static enum tarn_status read_tensor(struct reader *r, uint64_t number)
{
    struct tarn_gguf *g = r->g;
    struct tarn_gguf_string name;
    bool found;
    const size_t i = r->part->first_tensor + (size_t)number;
    struct tarn_gguf_tensor *t = &g->tensors[i];
    const enum tarn_status s =
        read_name(r, "tensor", number, TARN_GGUF_MAX_NAME_BYTES, &name);
    if (s)
        return s;
    t->part = r->number;
    t->name = tarn_gguf_keep_text(g, name.text, name.size);
    if (!t->name ||
        !tarn_table_put(&g->names, t->name, name.size, (uint32_t)i, &found))
        return no_memory(r, name.size);
    if (found)
        return tarn_fail(r->err, TARN_BAD_FILE, "has the tensor \"%s\" twice",
                         tarn_shown_str(t->name).text);
    return read_shape(r, t);
}

static enum tarn_status read_tensors(struct reader *r, size_t n)
{
    struct tarn_gguf *g = r->g;
    r->part->first_tensor = g->n_tensors;
    const enum tarn_status s = check_count(r, (uint64_t)g->n_tensors + n,
                                           TARN_GGUF_MAX_TENSORS, "tensors");
    if (s)
        return s;
    struct tarn_gguf_tensor *all =
        tarn_realloc(g->tensors, g->n_tensors, g->n_tensors + n, sizeof *all);
    if (!all)
        return no_memory(r, (g->n_tensors + n) * sizeof *all);
    g->tensors = all;
    if (!g->names.slots && !tarn_table_init(&g->names, n))
        return no_memory(r, n * 48);
    for (size_t i = 0; i < n; i++) {
        const enum tarn_status st = read_tensor(r, i);
        if (st)
            return st;
    }
    g->n_tensors += n;
    r->part->n_tensors = n;
    return TARN_OK;
}

enum tarn_status tarn_gguf_read_part(struct tarn_gguf *g, uint32_t i,
                                     struct tarn_error *err)
{
    struct tarn_gguf_part *part = &g->parts[i];
    struct reader r = { .s = tarn_span_of(part->map.data,
                                          (size_t)part->map.size),
                        .g = g,
                        .part = part,
                        .number = i,
                        .err = err };
    uint64_t n_tensors = 0, n_keys = 0;
    if (part->map.size > TARN_GGUF_MAX_FILE_BYTES)
        return tarn_fail(err, TARN_BAD_FILE,
                         "has %s bytes; at most %s are allowed",
                         tarn_count(part->map.size).text,
                         tarn_count(TARN_GGUF_MAX_FILE_BYTES).text);
    enum tarn_status s = read_counts(&r, &n_tensors, &n_keys);
    if (s || (s = read_metadata(&r, (size_t)n_keys)) ||
        (s = read_alignment(&r)) || (s = read_tensors(&r, (size_t)n_tensors)))
        return s;
    const uint64_t a = part->alignment;
    part->data_at = (r.s.at + a - 1) / a * a;
    return tarn_gguf_check_places(g, part, err);
}

void tarn_gguf_finish_part(struct tarn_gguf_part *part)
{
    for (size_t i = 0; i < part->n_values; i++)
        if (part->values[i].kind == TARN_GGUF_ARRAY)
            tarn_free((void *)(uintptr_t)part->values[i].strings);
    tarn_free(part->values);
    tarn_free(part->singles);
    tarn_table_finish(&part->keys);
    if (!part->borrowed)
        tarn_map_close(&part->map);
    *part = (struct tarn_gguf_part){ 0 };
}
