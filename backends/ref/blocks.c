/* blocks.c - see blocks.h.  Layouts: docs/formats.md, with the same letters.
 * Bytes are read one by one, so any alignment and byte order is right. */
#include "backends/ref/blocks.h"

#include <string.h>

#include "backends/backend.h"
#include "backends/grids.h"
#include "backends/numerics.h"

static uint32_t le16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static float half_at(const uint8_t *p)
{
    return tarn_f16_to_f32((uint16_t)le16(p));
}

static int lo(uint8_t b)
{
    return b & 15;
}

static int hi(uint8_t b)
{
    return b >> 4;
}

/* ------------------------------------------------------- blocks of 32 */

/* Q4_0, Q4_1, Q5_0, Q5_1: 16 bytes of nibbles, perhaps a fifth bit each. */
static void unpack_small(const uint8_t *qs, uint32_t fifth, int zero, int8_t *q)
{
    for (int j = 0; j < 16; j++) {
        const int low = lo(qs[j]) | (int)(fifth >> j & 1) << 4;
        const int high = hi(qs[j]) | (int)(fifth >> (j + 16) & 1) << 4;
        q[j] = (int8_t)(low - zero);
        q[j + 16] = (int8_t)(high - zero);
    }
}

/* Types with a minimum that is added: min = 1 everywhere, dmin = -minimum. */
static void add_minimum(const uint8_t *p, struct tarn_ref_block *b)
{
    b->dmin = -half_at(p);
    b->min[0] = 1;
    b->min[1] = 1;
}

static void unpack_table(const uint8_t *qs, const int8_t table[16], int8_t *q)
{
    for (int j = 0; j < 16; j++) {
        q[j] = table[lo(qs[j])];
        q[j + 16] = table[hi(qs[j])];
    }
}

static const int8_t iq4_table[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
};
/* E2M1 doubled. */
static const int8_t fp4_table[16] = { 0, 1,  2,  3,  4,  6,  8,  12,
                                      0, -1, -2, -3, -4, -6, -8, -12 };

/* -------------------------------------------------- K types, blocks of 256 */

/* Number i of Q2_K and of the low bits of Q3_K: halves of 32 bytes, in each
 * four bit pairs one after the other. */
static int two_bits(const uint8_t *qs, int i)
{
    return qs[32 * (i / 128) + i % 32] >> 2 * (i / 32 % 4) & 3;
}

/* scales[16], qs[64], d, dmin */
static void unpack_q2_k(const uint8_t *p, struct tarn_ref_block *b)
{
    b->d = half_at(p + 80);
    b->dmin = half_at(p + 82);
    for (int k = 0; k < 16; k++) {
        b->scale[k] = (int16_t)lo(p[k]);
        b->min[k] = (int16_t)hi(p[k]);
    }
    for (int i = 0; i < 256; i++)
        b->q[i] = (int8_t)two_bits(p + 16, i);
}

/* hmask[32], qs[64], scales[12], d */
static void unpack_q3_k(const uint8_t *p, struct tarn_ref_block *b)
{
    const uint8_t *s = p + 96;
    b->d = half_at(p + 108);
    for (int k = 0; k < 16; k++) {
        const int low = k < 8 ? lo(s[k]) : hi(s[k - 8]);
        const int high = s[8 + k % 4] >> 2 * (k / 4) & 3;
        b->scale[k] = (int16_t)((low | high << 4) - 32);
    }
    for (int i = 0; i < 256; i++) {
        const int high = p[i % 32] >> (i / 32) & 1;
        b->q[i] = (int8_t)(two_bits(p + 32, i) - (high ? 0 : 4));
    }
}

/* The scale of 32 values. */
static void set_group(struct tarn_ref_block *b, int k, int scale)
{
    b->scale[2 * k] = (int16_t)scale;
    b->scale[2 * k + 1] = (int16_t)scale;
}

/* Pair k of the 8 scales and minima, 6 bits each, in 12 bytes. */
static void scale_and_minimum(const uint8_t *s, int k, int *scale, int *min)
{
    if (k < 4) {
        *scale = s[k] & 63;
        *min = s[k + 4] & 63;
    } else {
        *scale = lo(s[k + 4]) | s[k - 4] >> 6 << 4;
        *min = hi(s[k + 4]) | s[k] >> 6 << 4;
    }
}

/* d, dmin, scales[12], (Q5_K: qh[32],) qs[128] */
static void unpack_q45_k(const uint8_t *p, bool five, struct tarn_ref_block *b)
{
    const uint8_t *qh = p + 16, *qs = five ? p + 48 : p + 16;
    b->d = half_at(p);
    b->dmin = half_at(p + 2);
    for (int k = 0; k < 8; k++) {
        int scale, min;
        scale_and_minimum(p + 4, k, &scale, &min);
        set_group(b, k, scale);
        b->min[2 * k] = (int16_t)min;
        b->min[2 * k + 1] = (int16_t)min;
        for (int l = 0; l < 32; l++) {
            const uint8_t byte = qs[32 * (k / 2) + l];
            int q = k % 2 ? hi(byte) : lo(byte);
            if (five)
                q |= (qh[l] >> k & 1) << 4;
            b->q[32 * k + l] = (int8_t)q;
        }
    }
}

/* ql[128], qh[64], scales[16] signed, d */
static void unpack_q6_k(const uint8_t *p, struct tarn_ref_block *b)
{
    b->d = half_at(p + 208);
    for (int k = 0; k < 16; k++)
        b->scale[k] = (int8_t)p[192 + k];
    for (int i = 0; i < 256; i++) {
        const int n = i / 128, quarter = i / 32 % 4, l = i % 32;
        const uint8_t low = p[64 * n + l + 32 * (quarter % 2)];
        const int high = p[128 + 32 * n + l] >> 2 * quarter & 3;
        b->q[i] =
            (int8_t)(((quarter < 2 ? lo(low) : hi(low)) | high << 4) - 32);
    }
}

/* ------------------------------------------------- IQ types, blocks of 256 */

/* Seven bits stand for eight signs: the number of minus signs is even. */
static uint32_t even_signs(uint32_t seven)
{
    uint32_t parity = seven ^ seven >> 4;
    parity ^= parity >> 2;
    parity ^= parity >> 1;
    return seven | (parity & 1) << 7;
}

/* Eight numbers: the magnitudes of one IQ2 entry, or of two IQ3 entries, with
 * their signs (bit j set: minus). */
static void put_eight(uint64_t magnitudes, uint32_t signs, int8_t *q)
{
    for (int j = 0; j < 8; j++) {
        const int value = (int)(magnitudes >> 8 * j & 255);
        q[j] = (int8_t)(signs >> j & 1 ? -value : value);
    }
}

/* IQ2_XS and IQ2_S: a 4-bit scale s per 16 values stands for 2 s + 1. */
static void odd_scales(const uint8_t *scales, struct tarn_ref_block *b)
{
    for (int k = 0; k < 8; k++) {
        b->scale[2 * k] = (int16_t)(2 * lo(scales[k]) + 1);
        b->scale[2 * k + 1] = (int16_t)(2 * hi(scales[k]) + 1);
    }
}

/* d, then per 32 values two words: four entries; signs and a 4-bit scale. */
static void unpack_iq2_xxs(const uint8_t *p, struct tarn_ref_block *b)
{
    b->d = half_at(p) * 0.125f;
    for (int k = 0; k < 8; k++) {
        const uint8_t *entries = p + 2 + 8 * k;
        const uint32_t v = le32(entries + 4);
        set_group(b, k, (int)(2 * (v >> 28) + 1));
        for (int l = 0; l < 4; l++)
            put_eight(tarn_grid_iq2_xxs[entries[l]],
                      even_signs(v >> 7 * l & 127), b->q + 32 * k + 8 * l);
    }
}

/* d, qs[32] of 16 bits (entry, signs), scales[8] */
static void unpack_iq2_xs(const uint8_t *p, struct tarn_ref_block *b)
{
    b->d = half_at(p) * 0.125f;
    odd_scales(p + 66, b);
    for (int i = 0; i < 32; i++) {
        const uint32_t v = le16(p + 2 + 2 * i);
        put_eight(tarn_grid_iq2_xs[v & 511], even_signs(v >> 9), b->q + 8 * i);
    }
}

/* d, qs[32], signs[32], qh[8], scales[8] */
static void unpack_iq2_s(const uint8_t *p, struct tarn_ref_block *b)
{
    b->d = half_at(p) * 0.125f;
    odd_scales(p + 74, b);
    for (int i = 0; i < 32; i++) {
        const uint32_t high = (uint32_t)p[66 + i / 4] >> 2 * (i % 4) & 3;
        put_eight(tarn_grid_iq2_s[p[2 + i] | high << 8], p[34 + i],
                  b->q + 8 * i);
    }
}

/* d, qs[64], then per 32 values a word of signs and a 4-bit scale */
static void unpack_iq3_xxs(const uint8_t *p, struct tarn_ref_block *b)
{
    b->d = half_at(p) * 0.25f;
    for (int i = 0; i < 32; i++) {
        const uint8_t *q = p + 2 + 2 * i;
        const uint32_t v = le32(p + 66 + 4 * (i / 4));
        set_group(b, i / 4, (int)(2 * (v >> 28) + 1));
        put_eight(tarn_grid_iq3_xxs[q[0]] | (uint64_t)tarn_grid_iq3_xxs[q[1]]
                                                << 32,
                  even_signs(v >> 7 * (i % 4) & 127), b->q + 8 * i);
    }
}

/* d, qs[64], qh[8], signs[32], scales[4] */
static void unpack_iq3_s(const uint8_t *p, struct tarn_ref_block *b)
{
    b->d = half_at(p);
    for (int k = 0; k < 8; k++)
        set_group(b, k, 2 * (p[106 + k / 2] >> 4 * (k % 2) & 15) + 1);
    for (int i = 0; i < 32; i++) {
        const uint8_t *q = p + 2 + 2 * i;
        const uint32_t high = (uint32_t)p[66 + i / 4] >> 2 * (i % 4);
        put_eight(tarn_grid_iq3_s[q[0] | (high & 1) << 8] |
                      (uint64_t)tarn_grid_iq3_s[q[1] | (high & 2) << 7] << 32,
                  p[74 + i], b->q + 8 * i);
    }
}

/* d, scales_h (16 bits), scales_l[4], qs[128] */
static void unpack_iq4_xs(const uint8_t *p, struct tarn_ref_block *b)
{
    const uint32_t scales_h = le16(p + 2);
    b->d = half_at(p);
    for (int k = 0; k < 8; k++) {
        const int low = p[4 + k / 2] >> 4 * (k % 2) & 15;
        set_group(b, k, (low | (int)(scales_h >> 2 * k & 3) << 4) - 32);
        unpack_table(p + 8 + 16 * k, iq4_table, b->q + 32 * k);
    }
}

/* ------------------------------------------------------------------ public */

/* One case per type. */
void tarn_ref_unpack(uint32_t type, const uint8_t *p, struct tarn_ref_block *b)
{
    b->d = 0.0f;
    b->dmin = 0.0f;
    memset(b->min, 0, sizeof b->min);
    b->scale[0] = 1; /* types without groups have blocks of 32 */
    b->scale[1] = 1;
    switch (type) {
    case TARN_Q4_0: /* d, qs[16] */
        b->d = half_at(p);
        unpack_small(p + 2, 0, 8, b->q);
        return;
    case TARN_Q4_1: /* d, m, qs[16] */
        b->d = half_at(p);
        add_minimum(p + 2, b);
        unpack_small(p + 4, 0, 0, b->q);
        return;
    case TARN_Q5_0: /* d, qh[4], qs[16] */
        b->d = half_at(p);
        unpack_small(p + 6, le32(p + 2), 16, b->q);
        return;
    case TARN_Q5_1: /* d, m, qh[4], qs[16] */
        b->d = half_at(p);
        add_minimum(p + 2, b);
        unpack_small(p + 8, le32(p + 4), 0, b->q);
        return;
    case TARN_Q8_0: /* d, qs[32] signed */
        b->d = half_at(p);
        for (int i = 0; i < 32; i++)
            b->q[i] = (int8_t)p[2 + i];
        return;
    case TARN_IQ4_NL: /* d, qs[16] */
        b->d = half_at(p);
        unpack_table(p + 2, iq4_table, b->q);
        return;
    case TARN_MXFP4: /* e, qs[16] */
        b->d = tarn_e8m0_half(p[0]);
        unpack_table(p + 1, fp4_table, b->q);
        return;
    case TARN_Q2_K:
        unpack_q2_k(p, b);
        return;
    case TARN_Q3_K:
        unpack_q3_k(p, b);
        return;
    case TARN_Q4_K:
        unpack_q45_k(p, false, b);
        return;
    case TARN_Q5_K:
        unpack_q45_k(p, true, b);
        return;
    case TARN_Q6_K:
        unpack_q6_k(p, b);
        return;
    case TARN_IQ2_XXS:
        unpack_iq2_xxs(p, b);
        return;
    case TARN_IQ2_XS:
        unpack_iq2_xs(p, b);
        return;
    case TARN_IQ2_S:
        unpack_iq2_s(p, b);
        return;
    case TARN_IQ3_XXS:
        unpack_iq3_xxs(p, b);
        return;
    case TARN_IQ3_S:
        unpack_iq3_s(p, b);
        return;
    case TARN_IQ4_XS:
        unpack_iq4_xs(p, b);
        return;
    default:
        return;
    }
}

void tarn_ref_dequantize(uint32_t type, const uint8_t *data, size_t n,
                         float *out)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    if (t.block == 1) {
        for (size_t i = 0; i < n; i++, data += t.bytes)
            out[i] = type == TARN_F32 ? tarn_f32_of(le32(data))
                     : type == TARN_BF16
                         ? tarn_bf16_to_f32((uint16_t)le16(data))
                         : half_at(data);
        return;
    }
    for (size_t at = 0; at < n; at += t.block, data += t.bytes) {
        struct tarn_ref_block b;
        tarn_ref_unpack(type, data, &b);
        for (uint32_t i = 0; i < t.block; i++)
            out[at + i] = b.d * (float)b.scale[i / 16] * (float)b.q[i] -
                          b.dmin * (float)b.min[i / 16];
    }
}
