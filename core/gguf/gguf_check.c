/* gguf_check.c - values and scales that are no numbers (G20).
 *
 * NaN in a weight shows up as ordinary wrong text, so it is looked for here,
 * where the tensor and the row can still be named.  Of a quantised block only
 * the scales can be NaN or infinite; denormal scales are usual (Q6_K). */
#include "core/gguf/gguf.h"

#include "backends/backend.h"
#include "core/base/error.h"

/* Where the half-precision scales of a block stand; second: -1 if none. */
struct scales {
    int first, second;
};

static struct scales scales_of(uint32_t type)
{
    switch (type) {
    case TARN_Q4_1:
    case TARN_Q5_1:
    case TARN_Q4_K:
    case TARN_Q5_K:
        return (struct scales){ 0, 2 };
    case TARN_Q2_K:
        return (struct scales){ 80, 82 };
    case TARN_Q3_K:
        return (struct scales){ 108, -1 };
    case TARN_Q6_K:
        return (struct scales){ 208, -1 };
    default: /* Q4_0, Q5_0, Q8_0, IQ2_*, IQ3_*, IQ4_* */
        return (struct scales){ 0, -1 };
    }
}

static unsigned le16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

/* The exponent of a half, a bfloat16 and (its upper half) a float32. */
static bool half_is_bad(unsigned h)
{
    return (h & 0x7c00) == 0x7c00;
}

static bool upper_is_bad(unsigned h)
{
    return (h & 0x7f80) == 0x7f80;
}

/* The first bad block of [0, n), or n.  *any: some scale is not zero. */
static uint64_t find_bad(const struct tarn_gguf_tensor *t, uint64_t n,
                         uint32_t bytes, bool *any)
{
    const uint8_t *p = t->data;
    uint64_t i = 0;
    switch (t->type) {
    case TARN_F32:
        *any = true;
        while (i < n && !upper_is_bad(le16(p + 4 * i + 2)))
            i++;
        return i;
    case TARN_F16:
        *any = true;
        while (i < n && !half_is_bad(le16(p + 2 * i)))
            i++;
        return i;
    case TARN_BF16:
        *any = true;
        while (i < n && !upper_is_bad(le16(p + 2 * i)))
            i++;
        return i;
    case TARN_MXFP4: /* one byte of exponent; 255 is NaN */
        *any = true;
        while (i < n && p[bytes * i] != 255)
            i++;
        return i;
    default:
        break;
    }
    const struct scales s = scales_of(t->type);
    unsigned all = 0;
    for (; i < n; i++) {
        const uint8_t *b = p + (uint64_t)bytes * i;
        const unsigned one = le16(b + s.first);
        const unsigned two = s.second < 0 ? 0 : le16(b + s.second);
        if (half_is_bad(one) || half_is_bad(two))
            break;
        all |= one | two;
    }
    *any = (all & 0x7fff) != 0; /* -0 is zero too */
    return i;
}

enum tarn_status tarn_gguf_check_tensor(const struct tarn_gguf_tensor *t,
                                        struct tarn_error *err)
{
    const struct tarn_type_traits traits = tarn_type_traits(t->type);
    const uint64_t n = t->size / traits.bytes;
    bool any = false;
    const uint64_t bad = find_bad(t, n, traits.bytes, &any);
    if (bad < n)
        return tarn_fail(err, TARN_BAD_FILE,
                         "tensor \"%s\" (%s) holds a %s in row %llu that is "
                         "not a finite number; the file is damaged",
                         tarn_shown_str(t->name).text, traits.name,
                         traits.block == 1 ? "value" : "scale",
                         (unsigned long long)(bad / (t->ge[0] / traits.block)));
    if (!any)
        return tarn_fail(err, TARN_BAD_FILE,
                         "tensor \"%s\" (%s) holds nothing: all its scales "
                         "are zero, from row 0 on; the file is damaged",
                         tarn_shown_str(t->name).text, traits.name);
    return TARN_OK;
}
