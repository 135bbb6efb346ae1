/* grid.h - values of the IQ2 and IQ3 types: entries of code tables, with signs.
 *
 * An entry holds the magnitudes of eight values (IQ3: two entries do); a bit
 * each says which are negative.  Bytes come out as value + zero, which is
 * never negative.
 *
 * `type` and `i` are constants where these functions are inlined.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_GRID_H
#define TARN_CPU_GRID_H

#include "backends/backend.h"
#include "backends/cpu/bytes.h"

/* In unpack.c: one copy for all kernels of a level. */
extern const uint64_t *const tarn_cpu_grid_iq2_xxs; /* [256] */
extern const uint64_t *const tarn_cpu_grid_iq2_xs;  /* [512] */
extern const uint64_t *const tarn_cpu_grid_iq2_s;   /* [1024] */
extern const uint32_t *const tarn_cpu_grid_iq3_xxs; /* [256] */
extern const uint32_t *const tarn_cpu_grid_iq3_s;   /* [512] */
extern const int8_t tarn_cpu_nl_values[16];         /* IQ4_NL, IQ4_XS */
extern const int8_t tarn_cpu_mx_values[16];         /* MXFP4, `zero` added */

INLINE bool is_grid(uint32_t type)
{
    return type == TARN_IQ2_XXS || type == TARN_IQ2_XS ||
           type == TARN_IQ2_S || type == TARN_IQ3_XXS || type == TARN_IQ3_S;
}

INLINE uint64_t bytes_at(const uint8_t *p, uint32_t n)
{
    uint64_t v = 0;
    memcpy(&v, p, n);
    return v;
}

INLINE uint64_t two_entries(const uint32_t *grid, uint32_t a, uint32_t b)
{
    return grid[a] | (uint64_t)grid[b] << 32;
}

/* Magnitudes of values 8k .. 8k + 7. */
INLINE uint64_t grid_entry(uint32_t type, const uint8_t *p, uint32_t k)
{
    const uint8_t *q = p + 2 + 2 * k; /* IQ2_XS, IQ3 */
    uint32_t high;
    switch (type) {
    case TARN_IQ2_XXS:
        return tarn_cpu_grid_iq2_xxs[p[2 + k / 4 * 8 + k % 4]];
    case TARN_IQ2_XS:
        return tarn_cpu_grid_iq2_xs[bytes_at(q, 2) & 511];
    case TARN_IQ2_S:
        high = (uint32_t)p[66 + k / 4] << (8 - 2 * (k % 4)) & 768;
        return tarn_cpu_grid_iq2_s[p[2 + k] | high];
    case TARN_IQ3_XXS:
        return two_entries(tarn_cpu_grid_iq3_xxs, q[0], q[1]);
    default: /* IQ3_S */
        high = (uint32_t)p[66 + k / 4] << (8 - 2 * (k % 4));
        return two_entries(tarn_cpu_grid_iq3_s, q[0] | (high & 256),
                           q[1] | (high >> 1 & 256));
    }
}

#if VL == 4
/* In unpack.c: eight bytes, 255 where a value is negative, of seven bits: an
 * even number of the eight is minus. */
extern const uint64_t tarn_cpu_even_signs[128];

/* Which bytes of vector i are negative. */
INLINE vi grid_minus(uint32_t type, const uint8_t *p, uint32_t i)
{
    typedef uint64_t v2q __attribute__((vector_size(16)));
    const uint64_t *even = tarn_cpu_even_signs;
    uint64_t v;
    switch (type) {
    case TARN_IQ2_XXS:
        v = bytes_at(p + 6 + i / 2 * 8, 4) >> 14 * (i % 2);
        return (vi)(v2q){ even[v & 127], even[v >> 7 & 127] };
    case TARN_IQ2_XS:
        return (vi)(v2q){ even[p[3 + 4 * i] >> 1], even[p[5 + 4 * i] >> 1] };
    case TARN_IQ2_S:
        return bit_mask(bytes_at(p + 34 + 2 * i, 2));
    case TARN_IQ3_XXS:
        v = bytes_at(p + 66 + i / 2 * 4, 4) >> 14 * (i % 2);
        return (vi)(v2q){ even[v & 127], even[v >> 7 & 127] };
    default: /* IQ3_S */
        return bit_mask(bytes_at(p + 74 + 2 * i, 2));
    }
}
#else
/* Seven bits of each byte stand for eight signs: an even number is minus. */
INLINE uint64_t even_signs(uint64_t seven)
{
    uint64_t parity = seven ^ seven >> 4;
    parity ^= parity >> 2;
    parity ^= parity >> 1;
    return seven | (parity & 0x0101010101010101u) << 7;
}

/* Four times seven bits of a word, to a byte each. */
INLINE uint64_t four_bytes(uint64_t v)
{
    return (v & 0x7f) | (v << 1 & 0x7f00) | (v << 2 & 0x7f0000) |
           (v << 3 & 0x7f000000);
}

/* Bits 9 .. 15 of each of four int16, to a byte each. */
INLINE uint64_t four_tops(uint64_t v)
{
    v = v >> 9 & 0x007f007f007f007fu;
    v = (v | v >> 8) & 0x0000ffff0000ffffu;
    return (v | v >> 16) & 0xffffffffu;
}

/* Signs of values 32g .. 32g + 31, a bit each. */
INLINE uint64_t grid_signs(uint32_t type, const uint8_t *p, uint32_t g)
{
    switch (type) {
    case TARN_IQ2_XXS:
        return even_signs(four_bytes(bytes_at(p + 6 + 8 * g, 4)));
    case TARN_IQ2_XS:
        return even_signs(four_tops(bytes_at(p + 2 + 8 * g, 8)));
    case TARN_IQ2_S:
        return bytes_at(p + 34 + 4 * g, 4);
    case TARN_IQ3_XXS:
        return even_signs(four_bytes(bytes_at(p + 66 + 4 * g, 4)));
    default: /* IQ3_S */
        return bytes_at(p + 74 + 4 * g, 4);
    }
}

#endif

/* Bytes 4 VL i .. of a superblock, `zero` added. */
INLINE vi grid_values(uint32_t type, const uint8_t *p, uint32_t i, int zero)
{
    typedef uint64_t vq __attribute__((vector_size(4 * VL)));
    const uint32_t k = i * VL / 2;
#define ENTRY(j) grid_entry(type, p, k + (j))
#if VL == 16
    const vq v = { ENTRY(0), ENTRY(1), ENTRY(2), ENTRY(3),
                   ENTRY(4), ENTRY(5), ENTRY(6), ENTRY(7) };
    const uint64_t signs = grid_signs(type, p, 2 * i) |
                           grid_signs(type, p, 2 * i + 1) << 32;
#elif VL == 8
    const vq v = { ENTRY(0), ENTRY(1), ENTRY(2), ENTRY(3) };
    const uint64_t signs = grid_signs(type, p, i);
#else
    const vq v = { ENTRY(0), ENTRY(1) };
    const vi minus = grid_minus(type, p, i);
    return add_bytes(sub_bytes((vi)v ^ minus, minus), splat_byte(zero));
#endif
#undef ENTRY
#if VL > 4
    const vi plus = add_bytes((vi)v, splat_byte(zero));
    return where(bit_mask(signs), sub_bytes(splat_byte(zero), (vi)v), plus);
#endif
}

#endif
