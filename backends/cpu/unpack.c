/* unpack.c - see unpack.h: what blocks256.h and blocks32.h load, as int16 with
 * the scales multiplied in.  And the code tables of the level, once. */
#include "backends/cpu/unpack.h"

#include "backends/cpu/blocks256.h"
#include "backends/cpu/blocks32.h"
#include "backends/grids.h"

const uint64_t *const tarn_cpu_grid_iq2_xxs = tarn_grid_iq2_xxs;
const uint64_t *const tarn_cpu_grid_iq2_xs = tarn_grid_iq2_xs;
const uint64_t *const tarn_cpu_grid_iq2_s = tarn_grid_iq2_s;
const uint32_t *const tarn_cpu_grid_iq3_xxs = tarn_grid_iq3_xxs;
const uint32_t *const tarn_cpu_grid_iq3_s = tarn_grid_iq3_s;
const int8_t tarn_cpu_nl_values[16] = { -127, -104, -83, -65, -49, -35,
                                        -22,  -10,  1,   13,  25,  38,
                                        53,   69,   89,  113 };
#if TARN_CPU_NEON
const int8_t tarn_cpu_mx_values[16] = { 0, 1,  2,  3,  4,  6,  8,  12,
                                        0, -1, -2, -3, -4, -6, -8, -12 };
#else
const int8_t tarn_cpu_mx_values[16] = { 12, 13, 14, 15, 16, 18, 20, 24,
                                        12, 11, 10, 9,  8,  6,  4,  0 };
#endif
#if VL == 4
#define BYTE(n_, b_) ((uint64_t)((n_) >> (b_) & 1 ? 255 : 0) << 8 * (b_))
#define ODD(n_) \
    (((n_) ^ (n_) >> 1 ^ (n_) >> 2 ^ (n_) >> 3 ^ (n_) >> 4 ^ (n_) >> 5 ^ \
      (n_) >> 6) & 1)
#define SIGNS(n_)                                                          \
    (BYTE(n_, 0) | BYTE(n_, 1) | BYTE(n_, 2) | BYTE(n_, 3) | BYTE(n_, 4) | \
     BYTE(n_, 5) | BYTE(n_, 6) | BYTE(ODD(n_) << 7, 7))
#define SIGNS4(n_) SIGNS(n_), SIGNS((n_) + 1), SIGNS((n_) + 2), SIGNS((n_) + 3)
#define SIGNS16(n_) \
    SIGNS4(n_), SIGNS4((n_) + 4), SIGNS4((n_) + 8), SIGNS4((n_) + 12)
const uint64_t tarn_cpu_even_signs[128] = {
    SIGNS16(0),  SIGNS16(16), SIGNS16(32), SIGNS16(48),
    SIGNS16(64), SIGNS16(80), SIGNS16(96), SIGNS16(112)
};
#endif

INLINE void unpack256(uint32_t type, const uint8_t *p, struct cpu_block *o)
{
    const struct kind256 kind = kind256_of(type);
    const struct scales256 s = scales256(type, p);
    uint8_t q[256];
    int16_t scale[16], min[16];
    UNROLL
    for (uint32_t i = 0; i < VECTORS; i++)
        vi_store(q + 4 * VL * i, values256(type, p, i));
    memcpy(scale, s.scale, sizeof scale);
    memcpy(min, s.min, sizeof min);
    o->d = float_of_half(p + kind.d) * kind.factor;
    o->dm = kind.min ? float_of_half(p + kind.d + 2) : 0.0f;
    for (uint32_t j = 0; j < 16; j++) {
        const uint32_t at = kind.subs == 8 ? j / 2 : j;
        o->mn[j] = kind.min ? min[at] : 0;
        for (uint32_t i = 16 * j; i < 16 * j + 16; i++) {
            const int v = kind.is_signed ? (int8_t)q[i] : q[i] - kind.zero;
            o->w[i] = (int16_t)(v * scale[at]);
        }
    }
}

INLINE void unpack32(uint32_t type, const uint8_t *p, struct cpu_block *o)
{
    const struct kind32 kind = kind32_of(type);
    uint8_t q[VL == 16 ? 64 : 32]; /* VL 16: the block twice */
    UNROLL
    for (uint32_t i = 0; i < sizeof q / (4 * VL); i++)
        vi_store(q + 4 * VL * i, values32(type, p, p, i));
    o->d = scale32(type, p);
    o->dm = kind.min ? -float_of_half(p + 2) : 0.0f;
    o->mn[0] = o->mn[1] = kind.min;
    for (uint32_t i = 0; i < 32; i++)
        o->w[i] =
            (int16_t)(kind.is_signed ? (int8_t)q[i] : q[i] - kind.zero);
}

/* The types: what is made of each. */
#define TYPES_32(X)                                                     \
    X(TARN_Q4_0)                                                        \
    X(TARN_Q4_1) X(TARN_Q5_0) X(TARN_Q5_1) X(TARN_Q8_0) X(TARN_IQ4_NL)  \
    X(TARN_MXFP4)
#define TYPES_256(X)                                                    \
    X(TARN_Q2_K)                                                        \
    X(TARN_Q3_K) X(TARN_Q4_K) X(TARN_Q5_K) X(TARN_Q6_K) X(TARN_IQ4_XS)  \
    X(TARN_IQ2_XXS) X(TARN_IQ2_XS) X(TARN_IQ2_S) X(TARN_IQ3_XXS)        \
    X(TARN_IQ3_S)

#define MAKE_32(type_)                                            \
    KERNEL static void unpack_##type_(const uint8_t *p,           \
                                      struct cpu_block *o)        \
    {                                                             \
        unpack32(type_, p, o);                                    \
    }
#define MAKE_256(type_)                                           \
    KERNEL static void unpack_##type_(const uint8_t *p,           \
                                      struct cpu_block *o)        \
    {                                                             \
        unpack256(type_, p, o);                                   \
    }
TYPES_32(MAKE_32)
TYPES_256(MAKE_256)

cpu_unpack_fn tarn_cpu_unpack(uint32_t type)
{
#define CASE(type_) case type_: return unpack_##type_;
    switch (type) {
        TYPES_32(CASE)
        TYPES_256(CASE)
    default: return NULL;
    }
#undef CASE
}
