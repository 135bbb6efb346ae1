/* gguf_value.c - single values out of the metadata; see gguf.h. */
#include "core/gguf/gguf_impl.h"

#include <float.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/span.h"

const char *tarn_gguf_kind_name(enum tarn_gguf_kind kind)
{
    static const char *const NAMES[] = { "u8",     "i8",    "u16", "i16",
                                         "u32",    "i32",   "f32", "bool",
                                         "string", "array", "u64", "i64",
                                         "f64" };
    return (unsigned)kind <= TARN_GGUF_F64 ? NAMES[kind] : "";
}

/* Element i as bytes in the machine's order, zero-extended; false if there is
 * none.  *kind is the element's. */
static bool read_bits(const struct tarn_gguf_value *v, uint64_t i,
                      enum tarn_gguf_kind *kind, uint64_t *bits)
{
    if (!v || i >= v->n)
        return false;
    *kind = v->kind == TARN_GGUF_ARRAY ? v->item : v->kind;
    const size_t each = v->n ? v->raw_size / (size_t)v->n : 0;
    if (*kind == TARN_GGUF_STRING || each == 0 || each > 8)
        return false;
    const uint8_t *p = v->raw + (size_t)i * each;
    *bits = 0;
    for (size_t k = 0; k < each; k++)
        *bits |= (uint64_t)p[k] << 8 * k;
    return true;
}

bool tarn_gguf_i64_of(const struct tarn_gguf_value *v, uint64_t i, int64_t *out)
{
    enum tarn_gguf_kind kind;
    uint64_t b;
    if (!read_bits(v, i, &kind, &b))
        return false;
    switch (kind) {
    case TARN_GGUF_U8:
    case TARN_GGUF_U16:
    case TARN_GGUF_U32:
        *out = (int64_t)b;
        return true;
    case TARN_GGUF_U64:
        if (b > INT64_MAX)
            return false;
        *out = (int64_t)b;
        return true;
    case TARN_GGUF_I8:
        *out = (int8_t)b;
        return true;
    case TARN_GGUF_I16:
        *out = (int16_t)b;
        return true;
    case TARN_GGUF_I32:
        *out = (int32_t)b;
        return true;
    case TARN_GGUF_I64:
        *out = (int64_t)b;
        return true;
    case TARN_GGUF_F32:
    case TARN_GGUF_F64:
    case TARN_GGUF_BOOL:
    case TARN_GGUF_STRING:
    case TARN_GGUF_ARRAY:
        return false;
    }
    return false;
}

bool tarn_gguf_f64_of(const struct tarn_gguf_value *v, uint64_t i, double *out)
{
    enum tarn_gguf_kind kind;
    uint64_t b;
    int64_t n;
    if (!read_bits(v, i, &kind, &b))
        return false;
    if (kind == TARN_GGUF_F32) {
        const uint32_t low = (uint32_t)b;
        float f;
        memcpy(&f, &low, sizeof f);
        *out = (double)f;
        return true;
    }
    if (kind == TARN_GGUF_F64) {
        memcpy(out, &b, sizeof *out);
        return true;
    }
    if (kind == TARN_GGUF_U64) {
        *out = (double)b;
        return true;
    }
    if (!tarn_gguf_i64_of(v, i, &n))
        return false;
    *out = (double)n;
    return true;
}

const struct tarn_gguf_value *
tarn_gguf_part_find(const struct tarn_gguf_part *part, const char *key)
{
    const uint32_t *i = tarn_table_get(&part->keys, key, strlen(key));
    return i ? &part->values[*i] : NULL;
}

static enum tarn_status fail_missing(struct tarn_error *err, const char *key)
{
    return tarn_fail(err, TARN_BAD_FILE, "has no key \"%s\"", key);
}

static enum tarn_status fail_kind(struct tarn_error *err,
                                  const struct tarn_gguf_value *v,
                                  const char *wanted)
{
    return tarn_fail(err, TARN_BAD_FILE,
                     "key \"%s\" is of type %s; %s was expected", v->key,
                     tarn_gguf_kind_name(v->kind), wanted);
}

static bool is_integer(enum tarn_gguf_kind kind)
{
    return kind <= TARN_GGUF_I32 || kind == TARN_GGUF_U64 ||
           kind == TARN_GGUF_I64;
}

enum tarn_status tarn_gguf_part_u32(const struct tarn_gguf_part *part,
                                    const char *key, uint32_t lo, uint32_t hi,
                                    bool required, uint32_t other,
                                    uint32_t *out, struct tarn_error *err)
{
    const struct tarn_gguf_value *v = tarn_gguf_part_find(part, key);
    int64_t n;
    if (!v && required)
        return fail_missing(err, key);
    if (!v) {
        *out = other;
        return TARN_OK;
    }
    if (!is_integer(v->kind))
        return fail_kind(err, v, "a whole number");
    if (!tarn_gguf_i64_of(v, 0, &n)) /* only a u64 can be too large */
        n = INT64_MAX;
    if (n < (int64_t)lo || n > (int64_t)hi)
        return tarn_fail(err, TARN_BAD_FILE,
                         "key \"%s\" is %s%lld, allowed are %u to %u", v->key,
                         n == INT64_MAX ? "at least " : "", (long long)n,
                         (unsigned)lo, (unsigned)hi);
    *out = (uint32_t)n;
    return TARN_OK;
}

enum tarn_status tarn_gguf_u32(const struct tarn_gguf *g, const char *key,
                               uint32_t lo, uint32_t hi, uint32_t *out,
                               struct tarn_error *err)
{
    return tarn_gguf_part_u32(&g->parts[0], key, lo, hi, true, 0, out, err);
}

enum tarn_status tarn_gguf_u32_or(const struct tarn_gguf *g, const char *key,
                                  uint32_t lo, uint32_t hi, uint32_t other,
                                  uint32_t *out, struct tarn_error *err)
{
    return tarn_gguf_part_u32(&g->parts[0], key, lo, hi, false, other, out,
                              err);
}

enum tarn_status tarn_gguf_f32_or(const struct tarn_gguf *g, const char *key,
                                  float other, float *out,
                                  struct tarn_error *err)
{
    const struct tarn_gguf_value *v = tarn_gguf_find(g, key);
    double d;
    if (!v) {
        *out = other;
        return TARN_OK;
    }
    if (v->kind == TARN_GGUF_ARRAY || !tarn_gguf_f64_of(v, 0, &d))
        return fail_kind(err, v, "a number");
    if (d > FLT_MAX || d < -FLT_MAX)
        return tarn_fail(err, TARN_BAD_FILE,
                         "key \"%s\" is %g, which is too large", v->key, d);
    *out = (float)d; /* NaN stays: whoever asks knows what is allowed */
    return TARN_OK;
}

enum tarn_status tarn_gguf_string_or(const struct tarn_gguf *g, const char *key,
                                     struct tarn_gguf_string *out,
                                     struct tarn_error *err)
{
    const struct tarn_gguf_value *v = tarn_gguf_find(g, key);
    if (!v) {
        *out = (struct tarn_gguf_string){ NULL, 0 };
        return TARN_OK;
    }
    if (v->kind != TARN_GGUF_STRING)
        return fail_kind(err, v, "a string");
    *out = v->strings[0];
    return TARN_OK;
}
