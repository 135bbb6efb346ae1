/* random.c - random activations, and random blocks of all types.
 * Block contents are any bytes, also such as no quantiser writes; only the
 * scales are chosen, so that results stay finite. */
#include <string.h>

#include "backends/conformance/inside.h"
#include "backends/numerics.h"

const uint32_t conf_types[] = { TARN_F32,     TARN_F16,    TARN_BF16,
                                TARN_Q4_0,    TARN_Q4_1,   TARN_Q5_0,
                                TARN_Q5_1,    TARN_Q8_0,   TARN_Q2_K,
                                TARN_Q3_K,    TARN_Q4_K,   TARN_Q5_K,
                                TARN_Q6_K,    TARN_IQ4_NL, TARN_IQ4_XS,
                                TARN_IQ2_XXS, TARN_IQ2_XS, TARN_IQ2_S,
                                TARN_IQ3_XXS, TARN_IQ3_S,  TARN_MXFP4 };
const uint32_t conf_n_types = sizeof conf_types / sizeof *conf_types;

uint64_t conf_word(struct conf_random *r)
{
    return tarn_mix(r->state += UINT64_C(0x9e3779b97f4a7c15));
}

uint32_t conf_range(struct conf_random *r, uint32_t low, uint32_t high)
{
    return low + (uint32_t)(conf_word(r) % ((uint64_t)high - low + 1));
}

float conf_float(struct conf_random *r)
{
    return (float)((double)(conf_word(r) >> 40) * 0x1p-23 - 1.0);
}

void conf_rows(struct conf_random *r, uint32_t k, uint32_t n, float *out)
{
    for (uint32_t row = 0; row < n; row++, out += k) {
        const uint32_t kind = conf_range(r, 0, 9);
        const float size = kind == 0   ? 0.0f
                           : kind == 1 ? 1e4f
                           : kind == 2 ? 1e-31f
                           : kind == 3 ? 1e-20f
                                       : 2.0f;
        for (uint32_t i = 0; i < k; i++)
            out[i] = conf_float(r) * size;
        if (kind == 4)
            out[conf_range(r, 0, k - 1)] = 300.0f;
        if (kind == 5 && k >= 32) /* one block of zeros */
            memset(out + conf_range(r, 0, k / 32 - 1) * 32, 0, 128);
    }
}

/* ----------------------------------------------------------------- blocks */

static uint16_t sane_half(struct conf_random *r)
{
    /* 2^-10 to 2^-4, either sign */
    return (uint16_t)((conf_word(r) & 0x83ff) | conf_range(r, 5, 11) << 10);
}

static uint16_t extreme_half(struct conf_random *r)
{
    static const uint16_t halves[] = { 0x0000, 0x8000, 0x0001, 0x8001,
                                       0x03ff, 0x83ff, 0x0400, 0x8400,
                                       0x7bff, 0xfbff, 0x3c00, 0xbc00 };
    return halves[conf_range(r, 0, sizeof halves / sizeof *halves - 1)];
}

static uint16_t some_half(struct conf_random *r, enum conf_scales scales)
{
    return scales == CONF_EXTREME ? extreme_half(r) : sane_half(r);
}

static float extreme_float(struct conf_random *r)
{
    static const float floats[] = { 0.0f,    -0.0f,   0x1p-149f, -0x1p-140f,
                                    1e-38f,  -1e-30f, 1e20f,     -1e20f,
                                    65504.f, 1.0f,    -1.0f,     3e-5f };
    return floats[conf_range(r, 0, sizeof floats / sizeof *floats - 1)];
}

static void put_half(uint8_t *p, uint16_t h)
{
    p[0] = (uint8_t)h;
    p[1] = (uint8_t)(h >> 8);
}

/* Where a type keeps its scales; MXFP4 and the plain types: -1. */
static int scale_at(uint32_t type, int *minimum_at)
{
    *minimum_at = -1;
    switch (type) {
    case TARN_Q2_K:
        *minimum_at = 82;
        return 80;
    case TARN_Q3_K:
        return 108;
    case TARN_Q6_K:
        return 208;
    case TARN_Q4_K:
    case TARN_Q5_K:
    case TARN_Q4_1:
    case TARN_Q5_1:
        *minimum_at = 2;
        return 0;
    case TARN_MXFP4:
    case TARN_F32:
    case TARN_F16:
    case TARN_BF16:
        return -1;
    default:
        return 0;
    }
}

static void plain_value(struct conf_random *r, uint32_t type,
                        enum conf_scales scales, uint8_t *p)
{
    const float f = scales == CONF_EXTREME ? extreme_float(r) : conf_float(r);
    const uint32_t u = tarn_f32_bits(f);
    if (type == TARN_F32) {
        put_half(p, (uint16_t)u);
        put_half(p + 2, (uint16_t)(u >> 16));
    } else if (type == TARN_BF16) {
        put_half(p, tarn_f32_to_bf16(f));
    } else {
        put_half(p,
                 scales == CONF_EXTREME ? extreme_half(r) : tarn_f32_to_f16(f));
    }
}

static uint8_t mx_scale(struct conf_random *r, enum conf_scales scales)
{
    static const uint8_t extremes[] = { 0, 1, 2, 60, 127, 128, 190 };
    return scales == CONF_EXTREME
               ? extremes[conf_range(r, 0, sizeof extremes - 1)]
               : (uint8_t)conf_range(r, 118, 124);
}

void conf_blocks(struct conf_random *r, uint32_t type, uint64_t n_blocks,
                 enum conf_scales scales, uint8_t *out)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    int minimum;
    const int scale = scale_at(type, &minimum);
    for (uint64_t b = 0; b < n_blocks; b++, out += t.bytes) {
        if (t.block == 1) {
            plain_value(r, type, scales, out);
            continue;
        }
        for (uint32_t i = 0; i < t.bytes; i++)
            out[i] = (uint8_t)conf_word(r);
        if (scales == CONF_EDGES) { /* all bits 0, all 1, all -128 */
            static const uint8_t fill[] = { 0x00, 0xff, 0x80, 0x7f };
            memset(out, fill[conf_range(r, 0, 3)], t.bytes);
        }
        if (type == TARN_MXFP4)
            out[0] = mx_scale(r, scales);
        else
            put_half(out + scale, some_half(r, scales));
        if (minimum >= 0)
            put_half(out + minimum, some_half(r, scales));
    }
}
