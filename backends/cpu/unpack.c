/* unpack.c - see unpack.h.  Layouts: docs/formats.md.  Simple loops that a
 * compiler turns into vectors; the types that matter most have kernels of
 * their own and come here only for an embedding row. */
#include "backends/cpu/unpack.h"

#include <string.h>

#include "backends/backend.h"
#include "backends/grids.h"
#include "backends/cpu/vec.h"

static uint32_t le16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static float half_at(const uint8_t *p)
{
    return float_of_half(p);
}

/* ------------------------------------------------------- blocks of 32 */

static void unpack_q4_0(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p);
    o->dm = 0.0f;
    for (int j = 0; j < 16; j++) {
        o->w[j] = (int16_t)((p[2 + j] & 15) - 8);
        o->w[j + 16] = (int16_t)((p[2 + j] >> 4) - 8);
    }
}

static void unpack_q4_1(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p);
    o->dm = -half_at(p + 2);
    o->mn[0] = o->mn[1] = 1;
    for (int j = 0; j < 16; j++) {
        o->w[j] = (int16_t)(p[4 + j] & 15);
        o->w[j + 16] = (int16_t)(p[4 + j] >> 4);
    }
}

/* The fifth bits stand in a word of their own. */
static void unpack_five(const uint8_t *qh, const uint8_t *qs, int minus,
                        int16_t *w)
{
    const uint32_t h = le32(qh);
    for (int j = 0; j < 16; j++) {
        const int low = (int)(h >> j & 1) << 4;
        const int high = (int)(h >> (j + 16) & 1) << 4;
        w[j] = (int16_t)((qs[j] & 15) + low - minus);
        w[j + 16] = (int16_t)((qs[j] >> 4) + high - minus);
    }
}

static void unpack_q5_0(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p);
    o->dm = 0.0f;
    unpack_five(p + 2, p + 6, 16, o->w);
}

static void unpack_q5_1(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p);
    o->dm = -half_at(p + 2);
    o->mn[0] = o->mn[1] = 1;
    unpack_five(p + 4, p + 8, 0, o->w);
}

static void unpack_q8_0(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p);
    o->dm = 0.0f;
    for (int j = 0; j < 32; j++)
        o->w[j] = (int8_t)p[2 + j];
}

static const int8_t NL_VALUES[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                      1,    13,   25,  38,  53,  69,  89,  113 };
static const int8_t MX_VALUES[16] = { 0, 1,  2,  3,  4,  6,  8,  12,
                                      0, -1, -2, -3, -4, -6, -8, -12 };

static void unpack_iq4_nl(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p);
    o->dm = 0.0f;
    for (int j = 0; j < 16; j++) {
        o->w[j] = NL_VALUES[p[2 + j] & 15];
        o->w[j + 16] = NL_VALUES[p[2 + j] >> 4];
    }
}

static void unpack_mxfp4(const uint8_t *p, struct cpu_block *o)
{
    o->d = tarn_e8m0_half(p[0]);
    o->dm = 0.0f;
    for (int j = 0; j < 16; j++) {
        o->w[j] = MX_VALUES[p[1 + j] & 15];
        o->w[j + 16] = MX_VALUES[p[1 + j] >> 4];
    }
}

/* ------------------------------------------------------ blocks of 256 */

/* Two bits of each value, in the walk that Q2_K and Q3_K share: value
 * 128n + 32j + l takes bits 2j of byte 32n + l. */
static void unpack_two_bits(const uint8_t *qs, int16_t *w)
{
    for (int n = 0; n < 2; n++)
        for (int j = 0; j < 4; j++)
            for (int l = 0; l < 32; l++)
                w[128 * n + 32 * j + l] =
                    (int16_t)(qs[32 * n + l] >> (2 * j) & 3);
}

static void scale_sixteenths(int16_t *w, const int16_t *scale)
{
    for (int j = 0; j < 16; j++)
        for (int l = 0; l < 16; l++)
            w[16 * j + l] = (int16_t)(w[16 * j + l] * scale[j]);
}

static void unpack_q2_k(const uint8_t *p, struct cpu_block *o)
{
    int16_t scale[16];
    o->d = half_at(p + 80);
    o->dm = half_at(p + 82);
    for (int j = 0; j < 16; j++) {
        scale[j] = p[j] & 15;
        o->mn[j] = p[j] >> 4;
    }
    unpack_two_bits(p + 16, o->w);
    scale_sixteenths(o->w, scale);
}

static void unpack_q3_k(const uint8_t *p, struct cpu_block *o)
{
    const uint8_t *hmask = p, *s = p + 96;
    int16_t scale[16];
    o->d = half_at(p + 108);
    o->dm = 0.0f;
    for (int k = 0; k < 16; k++) {
        const int low = k < 8 ? s[k] & 15 : s[k - 8] >> 4;
        const int high = s[8 + k % 4] >> (2 * (k / 4)) & 3;
        scale[k] = (int16_t)((low | high << 4) - 32);
    }
    unpack_two_bits(p + 32, o->w);
    for (int j = 0; j < 8; j++)
        for (int l = 0; l < 32; l++)
            o->w[32 * j + l] = (int16_t)(o->w[32 * j + l] - 4 +
                                         ((hmask[l] >> j & 1) << 2));
    scale_sixteenths(o->w, scale);
}

void tarn_cpu_scales_k(const uint8_t s[12], uint8_t scale[8], uint8_t min[8])
{
    for (int k = 0; k < 4; k++) {
        scale[k] = s[k] & 63;
        min[k] = s[k + 4] & 63;
        scale[k + 4] = (uint8_t)((s[k + 8] & 15) | s[k] >> 6 << 4);
        min[k + 4] = (uint8_t)(s[k + 8] >> 4 | s[k + 4] >> 6 << 4);
    }
}

static void unpack_q4_k(const uint8_t *p, struct cpu_block *o)
{
    uint8_t scale[8], min[8];
    tarn_cpu_scales_k(p + 4, scale, min);
    o->d = half_at(p);
    o->dm = half_at(p + 2);
    for (int j = 0; j < 8; j++)
        o->mn[2 * j] = o->mn[2 * j + 1] = min[j];
    for (int c = 0; c < 4; c++) {
        const uint8_t *q = p + 16 + 32 * c;
        for (int l = 0; l < 32; l++) {
            o->w[64 * c + l] = (int16_t)((q[l] & 15) * scale[2 * c]);
            o->w[64 * c + 32 + l] = (int16_t)((q[l] >> 4) * scale[2 * c + 1]);
        }
    }
}

static void unpack_q5_k(const uint8_t *p, struct cpu_block *o)
{
    const uint8_t *qh = p + 16;
    uint8_t scale[8], min[8];
    tarn_cpu_scales_k(p + 4, scale, min);
    o->d = half_at(p);
    o->dm = half_at(p + 2);
    for (int j = 0; j < 8; j++)
        o->mn[2 * j] = o->mn[2 * j + 1] = min[j];
    for (int c = 0; c < 4; c++) {
        const uint8_t *q = p + 48 + 32 * c;
        for (int l = 0; l < 32; l++) {
            const int low = (q[l] & 15) | (qh[l] >> (2 * c) & 1) << 4;
            const int high = q[l] >> 4 | (qh[l] >> (2 * c + 1) & 1) << 4;
            o->w[64 * c + l] = (int16_t)(low * scale[2 * c]);
            o->w[64 * c + 32 + l] = (int16_t)(high * scale[2 * c + 1]);
        }
    }
}

static void unpack_q6_k(const uint8_t *p, struct cpu_block *o)
{
    const uint8_t *scales = p + 192;
    o->d = half_at(p + 208);
    o->dm = 0.0f;
    for (int n = 0; n < 2; n++) {
        const uint8_t *ql = p + 64 * n, *qh = p + 128 + 32 * n;
        int16_t *w = o->w + 128 * n;
        for (int l = 0; l < 32; l++) {
            w[l] = (int16_t)(((ql[l] & 15) | (qh[l] & 3) << 4) - 32);
            w[l + 32] =
                (int16_t)(((ql[l + 32] & 15) | (qh[l] >> 2 & 3) << 4) - 32);
            w[l + 64] = (int16_t)((ql[l] >> 4 | (qh[l] >> 4 & 3) << 4) - 32);
            w[l + 96] = (int16_t)((ql[l + 32] >> 4 | qh[l] >> 6 << 4) - 32);
        }
    }
    int16_t scale[16];
    for (int j = 0; j < 16; j++)
        scale[j] = (int8_t)scales[j];
    scale_sixteenths(o->w, scale);
}

static void unpack_iq4_xs(const uint8_t *p, struct cpu_block *o)
{
    const uint32_t high = le16(p + 2);
    o->d = half_at(p);
    o->dm = 0.0f;
    for (int b = 0; b < 8; b++) {
        const uint32_t low = (uint32_t)p[4 + b / 2] >> (4 * (b % 2)) & 15;
        const int scale = (int)(low | (high >> (2 * b) & 3) << 4) - 32;
        const uint8_t *q = p + 8 + 16 * b;
        for (int j = 0; j < 16; j++) {
            o->w[32 * b + j] = (int16_t)(NL_VALUES[q[j] & 15] * scale);
            o->w[32 * b + 16 + j] = (int16_t)(NL_VALUES[q[j] >> 4] * scale);
        }
    }
}

/* n magnitudes of a grid entry; bit j of signs set: value j is negative. */
static void put_grid(int16_t *w, uint64_t grid, uint32_t signs, int n,
                     int scale)
{
    for (int j = 0; j < n; j++) {
        const int v = (int)(grid >> (8 * j) & 255) * scale;
        w[j] = (int16_t)(signs >> j & 1 ? -v : v);
    }
}

/* Seven stored signs make eight with an even number of minus signs. */
static uint32_t even_signs(uint32_t seven)
{
    uint32_t parity = seven ^ seven >> 4;
    parity ^= parity >> 2;
    parity ^= parity >> 1;
    return seven | (parity & 1) << 7;
}

static void unpack_iq2_xxs(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p) * 0.125f;
    o->dm = 0.0f;
    for (int b = 0; b < 8; b++) {
        const uint8_t *q = p + 2 + 8 * b;
        const uint32_t v = le32(q + 4);
        const int scale = 2 * (int)(v >> 28) + 1;
        for (int l = 0; l < 4; l++)
            put_grid(o->w + 32 * b + 8 * l, tarn_grid_iq2_xxs[q[l]],
                     even_signs(v >> (7 * l) & 127), 8, scale);
    }
}

static void unpack_iq2_xs(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p) * 0.125f;
    o->dm = 0.0f;
    for (int b = 0; b < 8; b++)
        for (int l = 0; l < 4; l++) {
            const uint32_t v = le16(p + 2 + 8 * b + 2 * l);
            const int s = l < 2 ? p[66 + b] & 15 : p[66 + b] >> 4;
            put_grid(o->w + 32 * b + 8 * l, tarn_grid_iq2_xs[v & 511],
                     even_signs(v >> 9), 8, 2 * s + 1);
        }
}

static void unpack_iq2_s(const uint8_t *p, struct cpu_block *o)
{
    const uint8_t *qs = p + 2, *signs = p + 34, *qh = p + 66, *sc = p + 74;
    o->d = half_at(p) * 0.125f;
    o->dm = 0.0f;
    for (int b = 0; b < 8; b++)
        for (int l = 0; l < 4; l++) {
            const uint32_t k =
                qs[4 * b + l] | ((uint32_t)qh[b] << (8 - 2 * l) & 0x300);
            const int s = l < 2 ? sc[b] & 15 : sc[b] >> 4;
            put_grid(o->w + 32 * b + 8 * l, tarn_grid_iq2_s[k],
                     signs[4 * b + l], 8, 2 * s + 1);
        }
}

static void unpack_iq3_xxs(const uint8_t *p, struct cpu_block *o)
{
    o->d = half_at(p) * 0.25f;
    o->dm = 0.0f;
    for (int b = 0; b < 8; b++) {
        const uint8_t *q = p + 2 + 8 * b;
        const uint32_t v = le32(p + 66 + 4 * b);
        const int scale = 2 * (int)(v >> 28) + 1;
        for (int l = 0; l < 4; l++) {
            const uint64_t grid =
                tarn_grid_iq3_xxs[q[2 * l]] |
                (uint64_t)tarn_grid_iq3_xxs[q[2 * l + 1]] << 32;
            put_grid(o->w + 32 * b + 8 * l, grid,
                     even_signs(v >> (7 * l) & 127), 8, scale);
        }
    }
}

static void unpack_iq3_s(const uint8_t *p, struct cpu_block *o)
{
    const uint8_t *qs = p + 2, *qh = p + 66, *signs = p + 74, *sc = p + 106;
    o->d = half_at(p);
    o->dm = 0.0f;
    for (int b = 0; b < 8; b++) {
        const int s = b % 2 ? sc[b / 2] >> 4 : sc[b / 2] & 15;
        for (int l = 0; l < 4; l++) {
            const uint32_t h = qh[b];
            const uint32_t k0 = qs[8 * b + 2 * l] | (h << (8 - 2 * l) & 256);
            const uint32_t k1 =
                qs[8 * b + 2 * l + 1] | (h << (7 - 2 * l) & 256);
            const uint64_t grid = tarn_grid_iq3_s[k0] |
                                  (uint64_t)tarn_grid_iq3_s[k1] << 32;
            put_grid(o->w + 32 * b + 8 * l, grid, signs[4 * b + l], 8,
                     2 * s + 1);
        }
    }
}

cpu_unpack_fn tarn_cpu_unpack(uint32_t type)
{
    switch (type) {
    case TARN_Q4_0: return unpack_q4_0;
    case TARN_Q4_1: return unpack_q4_1;
    case TARN_Q5_0: return unpack_q5_0;
    case TARN_Q5_1: return unpack_q5_1;
    case TARN_Q8_0: return unpack_q8_0;
    case TARN_IQ4_NL: return unpack_iq4_nl;
    case TARN_MXFP4: return unpack_mxfp4;
    case TARN_Q2_K: return unpack_q2_k;
    case TARN_Q3_K: return unpack_q3_k;
    case TARN_Q4_K: return unpack_q4_k;
    case TARN_Q5_K: return unpack_q5_k;
    case TARN_Q6_K: return unpack_q6_k;
    case TARN_IQ4_XS: return unpack_iq4_xs;
    case TARN_IQ2_XXS: return unpack_iq2_xxs;
    case TARN_IQ2_XS: return unpack_iq2_xs;
    case TARN_IQ2_S: return unpack_iq2_s;
    case TARN_IQ3_XXS: return unpack_iq3_xxs;
    case TARN_IQ3_S: return unpack_iq3_s;
    default: return NULL;
    }
}
