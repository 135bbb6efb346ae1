/* panel.h - 2 VL rows of weights as bytes, turned: rows in the lanes.
 *
 * A vector holds four values of VL rows, so that four activations (one
 * broadcast) meet VL rows in one product of bytes; eight values of two rows
 * where products of matrices are that large (TARN_CPU_MATRIX).  A panel is 256
 * values long: one superblock, or eight blocks of 32.  Rows are loaded one
 * after the other (blocks256.h, blocks32.h), stored, and turned in squares.
 *
 * `type` is a constant where these functions are inlined.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_PANEL_H
#define TARN_CPU_PANEL_H

#include "backends/cpu/blocks256.h"
#include "backends/cpu/blocks32.h"
#include "backends/cpu/transpose.h"

#define PANEL (2 * VL)

#if TARN_CPU_NEON && defined(__ARM_FEATURE_MATMUL_INT8)
#define TARN_CPU_MATRIX 1
#else
#define TARN_CPU_MATRIX 0
#endif
/* Scales are int32, not pairs of equal int16. */
#if defined(__AVX512VNNI__) || TARN_CPU_NEON
#define SCALE_IS_WIDE 1
#else
#define SCALE_IS_WIDE 0
#endif
/* Scales in the order of lanes; of products of matrices each one twice. */
#define SCALES (TARN_CPU_MATRIX ? 2 * VL : VL)

struct panel {
    int32_t q[64][2][VL];     /* four bytes of one row (eight of two) */
    int32_t scale[16][2][SCALES]; /* superblocks */
    int32_t pairs[8][2][VL];  /* superblocks: pairs of int16 that meet sums:
                                 minima, or -zero times the scales; NEON: one
                                 int16 of each row, [16][2][VL] */
    float d[8][2][VL];        /* [1] in superblocks */
    float m[8][2][VL];        /* dmin [1] in superblocks; m */
};

INLINE uint32_t panels_of(uint32_t k)
{
    return (k + 255) / 256;
}

/* What is turned of a row; squares may take words of the next field along. */
struct panel_row {
    int32_t scale[16];
    int16_t pairs[16];
    float d[8], m[8];
    uint8_t q[256];
};

/* `zero` is what the panel's bytes are too large by. */
INLINE void load_row256(uint32_t type, int32_t zero, const uint8_t *p,
                        struct panel_row *o)
{
    const struct kind256 kind = kind256_of(type);
    const struct scales256 s = scales256(type, p);
    UNROLL
    for (uint32_t i = 0; i < VECTORS; i++) {
        const vi v = values256(type, p, i);
        vi_store(o->q + 4 * VL * i,
                 kind.is_signed ? add_bytes(v, splat_byte(zero)) : v);
    }
    for (uint32_t i = 0; i < kind.subs / 8; i++) {
        const v8s v = s.scale[i];
#if defined(__AVX512VNNI__)
        const __m256i wide = _mm256_cvtepi16_epi32((__m128i)v);
        memcpy(o->scale + 8 * i, &wide, 32);
#elif SCALE_IS_WIDE
        vi_store(o->scale + 8 * i,
                 (vi)vmovl_s16(vget_low_s16((int16x8_t)v)));
        vi_store(o->scale + 8 * i + 4, (vi)vmovl_high_s16((int16x8_t)v));
#else
        const v8s a = __builtin_shufflevector(v, v, 0, 0, 1, 1, 2, 2, 3, 3);
        const v8s b = __builtin_shufflevector(v, v, 4, 4, 5, 5, 6, 6, 7, 7);
        memcpy(o->scale + 8 * i, &a, 16);
        memcpy(o->scale + 8 * i + 4, &b, 16);
#endif
        const v8s pairs = kind.min ? s.min[i] : v * (int16_t)-zero;
        memcpy(o->pairs + 8 * i, &pairs, 16);
    }
    o->d[0] = float_of_half(p + kind.d) * kind.factor;
    o->m[0] = kind.min ? float_of_half(p + kind.d + 2) : 0.0f;
}

/* n <= 8 blocks. */
INLINE void load_row32(uint32_t type, int32_t zero, const uint8_t *p,
                       uint32_t n, struct panel_row *o)
{
    const struct kind32 kind = kind32_of(type);
    for (uint32_t b = 0; b < n; b += VL == 16 ? 2 : 1) {
        const uint8_t *at = p + b * kind.bytes;
        const uint8_t *second = at + (b + 1 < n ? kind.bytes : 0);
        UNROLL
        for (uint32_t i = 0; i < (VL == 4 ? 2 : 1); i++) {
            const vi v = values32(type, at, second, i);
            vi_store(o->q + 32 * b + 16 * i,
                     kind.is_signed ? add_bytes(v, splat_byte(zero)) : v);
        }
    }
    for (uint32_t b = 0; b < n; b++) {
        o->d[b] = scale32(type, p + b * kind.bytes);
        o->m[b] = kind.min ? float_of_half(p + b * kind.bytes + 2) : 0.0f;
    }
}

/* n words of VL rows, `in` the first of them. */
INLINE void turn(const struct panel_row *rows, const void *in, uint32_t n,
                 void *out)
{
    const size_t column = 2 * VL * sizeof(int32_t);
    for (uint32_t j = 0; j < n; j += VL)
        transpose_words((const uint8_t *)in + 4 * j, sizeof *rows,
                        (uint8_t *)out + j * column, column);
}

#if TARN_CPU_MATRIX
/* Bytes of two rows in turns of eight. */
INLINE void turn_bytes(const struct panel_row *rows, uint32_t v,
                       struct panel *o)
{
    for (uint32_t i = 0; i < 16; i++)
        for (uint32_t r = 0; r < 2; r++) {
            const int64x2_t a =
                vreinterpretq_s64_u8(vld1q_u8(rows[2 * r].q + 16 * i));
            const int64x2_t b =
                vreinterpretq_s64_u8(vld1q_u8(rows[2 * r + 1].q + 16 * i));
            vi_store(o->q[4 * i + r][v], (vi)vzip1q_s64(a, b));
            vi_store(o->q[4 * i + 2 + r][v], (vi)vzip2q_s64(a, b));
        }
}

INLINE void turn_scales(const struct panel_row *rows, uint32_t v,
                        struct panel *o)
{
    int32_t one[16][2][VL];
    turn(rows, rows->scale, 16, one);
    for (uint32_t j = 0; j < 16; j++) {
        const int32x4_t s = vld1q_s32(one[j][0]);
        vst1q_s32(o->scale[j][v], vzip1q_s32(s, s));
        vst1q_s32(o->scale[j][v] + VL, vzip2q_s32(s, s));
    }
}
#else
INLINE void turn_bytes(const struct panel_row *rows, uint32_t v,
                       struct panel *o)
{
    turn(rows, rows->q, 64, o->q[0][v]);
}

INLINE void turn_scales(const struct panel_row *rows, uint32_t v,
                        struct panel *o)
{
    turn(rows, rows->scale, 16, o->scale[0][v]);
}
#endif

/* The pairs of VL rows. */
INLINE void put_pairs(int32_t pairs[16][2][VL], uint32_t v, struct panel *o)
{
#if TARN_CPU_NEON
    int16_t *out = (int16_t *)(void *)o->pairs;
    for (uint32_t j = 0; j < 8; j++) {
        const int32x4_t two = (int32x4_t)vi_load(pairs[j][v]);
        vst1_s16(out + (4 * j + v) * VL, vmovn_s32(two));
        vst1_s16(out + (4 * j + 2 + v) * VL, vshrn_n_s32(two, 16));
    }
#else
    for (uint32_t j = 0; j < 8; j++)
        memcpy(o->pairs[j][v], pairs[j][v], sizeof o->pairs[j][v]);
#endif
}

/* Of VL rows; v: which half of the panel. */
INLINE void turn_rows(const struct panel_row *rows, bool super, uint32_t v,
                      struct panel *o)
{
    turn_bytes(rows, v, o);
    if (!super) {
        float d[16][2][VL];
        turn(rows, rows->d, 16, d[0][v]);
        for (uint32_t b = 0; b < 8; b++) {
            memcpy(o->d[b][v], d[b][v], sizeof o->d[b][v]);
            memcpy(o->m[b][v], d[8 + b][v], sizeof o->m[b][v]);
        }
        return;
    }
    int32_t pairs[16][2][VL];
    turn_scales(rows, v, o);
    turn(rows, rows->pairs, VL == 16 ? 16 : 8, pairs[0][v]);
    put_pairs(pairs, v, o);
    for (uint32_t i = 0; i < VL; i++) {
        o->d[0][v][i] = rows[i].d[0];
        o->m[0][v][i] = rows[i].m[0];
    }
}

/* Rows [row, row + PANEL) of a tile to all its panels; lanes without a row
 * repeat the last one, nobody reads them. */
INLINE void unpack_rows(const struct cpu_tile *t, uint32_t row, uint32_t type,
                        int32_t zero, struct panel *o)
{
    const bool super = tarn_type_traits(type).block == 256;
    const uint32_t bytes =
        super ? kind256_of(type).bytes : 8 * kind32_of(type).bytes;
    struct panel_row rows[VL] __attribute__((aligned(64)));
    memset(rows, 0, sizeof rows);
    for (uint32_t b = 0; b < panels_of(t->k); b++, o++)
        for (uint32_t v = 0; v < 2; v++) {
            for (uint32_t i = 0; i < VL; i++) {
                uint32_t r = row + v * VL + i;
                r = r < t->n_rows ? r : t->n_rows - 1;
                const uint8_t *p =
                    t->w + r * t->row_bytes + (size_t)b * bytes;
                const uint32_t left = t->k / 32 - 8 * b;
                if (super)
                    load_row256(type, zero, p, rows + i);
                else
                    load_row32(type, zero, p, left < 8 ? left : 8, rows + i);
            }
            turn_rows(rows, super, v, o);
        }
}

#endif
