// blocks.glsl - the weight types: 32 values of a block as packed int8.
//
// Rows lie in planes (repack.c): of every field of the blocks all bytes of a
// row stand together, each plane at a multiple of 16 bytes, so that lanes read
// words and neighbors read neighbors.  A row's plane begins at r + PLANE_n.
//
// TYPE is the GGUF number.  Value i of a block is
//     (d * scale[i / 16]) * (q[i] - ZERO) - dmin * min[i / 16].
#define Q4_0 2
#define Q4_1 3
#define Q5_0 6
#define Q5_1 7
#define Q8_0 8
#define Q2_K 10
#define Q3_K 11
#define Q4_K 12
#define Q5_K 13
#define Q6_K 14
#define IQ2_XXS 16
#define IQ2_XS 17
#define IQ3_XXS 18
#define IQ4_NL 20
#define IQ3_S 21
#define IQ2_S 22
#define IQ4_XS 23
#define MXFP4 39

#if TYPE == Q4_0 || TYPE == Q4_1 || TYPE == Q5_0 || TYPE == Q5_1 || \
    TYPE == Q8_0 || TYPE == IQ4_NL || TYPE == MXFP4
#define BLOCK 32u
#else
#define BLOCK 256u
#endif
#define SUBS (BLOCK / 32u)

#if TYPE == Q4_0
#define ZERO 8
#elif TYPE == Q5_0
#define ZERO 16
#elif TYPE == Q6_K
#define ZERO 32
#elif TYPE == Q3_K
#define ZERO 4
#else
#define ZERO 0
#endif

#if TYPE == Q4_1 || TYPE == Q5_1 || TYPE == Q2_K || TYPE == Q4_K || TYPE == Q5_K
#define HAS_MIN 1
#else
#define HAS_MIN 0
#endif

// Words of a plane with n bytes per block.
uint plane(uint nb, uint n)
{
    return (nb * n + 15u) / 16u * 4u;
}

struct Sub { // 32 values: two groups of 16
    uint q[8];
    ivec2 scale, min;
};

void nibbles(Words w, uint at, out uint q[8])
{
    [[unroll]] for (uint k = 0u; k < 4u; k++) {
        const uint v = w.v[at + k];
        q[k] = v & 0x0f0f0f0fu;
        q[k + 4u] = v >> 4 & 0x0f0f0f0fu;
    }
}

// Four bits become the lowest bits of four bytes.
uint spread(uint bits)
{
    return (bits & 1u) | (bits & 2u) << 7 | (bits & 4u) << 14 |
           (bits & 8u) << 21;
}

#if TYPE == IQ4_NL || TYPE == IQ4_XS || TYPE == MXFP4
#if TYPE == MXFP4 // E2M1 doubled
const uint TABLE[4] = uint[4](0x03020100u, 0x0c080604u, 0xfdfeff00u,
                              0xf4f8fafcu);
#else
const uint TABLE[4] = uint[4](0xbfad9881u, 0xf6eaddcfu, 0x26190d01u,
                              0x71594535u);
#endif
uint look_up(uint four)
{
    uint q = 0u;
    [[unroll]] for (uint k = 0u; k < 4u; k++) {
        const uint i = four >> 8u * k & 15u;
        q |= (TABLE[i / 4u] >> 8u * (i & 3u) & 0xffu) << 8u * k;
    }
    return q;
}
#endif

#if TYPE == IQ2_XXS || TYPE == IQ2_XS || TYPE == IQ2_S || TYPE == IQ3_XXS || \
    TYPE == IQ3_S
#define HAS_GRID 1
// Minus for the bytes whose sign bit is set; magnitudes are 1 and above.
uint with_signs(uint magnitudes, uint four)
{
    const uint s = spread(four);
    return (magnitudes ^ s * 0xffu) + s;
}
// Seven bits stand for eight signs: the number of minus signs is even.
uint even_signs(uint seven)
{
    return seven | (uint(bitCount(seven)) & 1u) << 7;
}
#else
#define HAS_GRID 0
#endif

// Factors of block b in a row that begins at word r and has nb blocks.
vec2 factors(Words w, uint r, uint nb, uint b)
{
#if TYPE == Q4_0 || TYPE == IQ4_NL
    return vec2(half_value(half_at(w, r + plane(nb, 16u), b)), 0.0);
#elif TYPE == Q4_1
    const uint dm = w.v[r + plane(nb, 16u) + b];
    return vec2(half_value(dm & 0xffffu), -half_value(dm >> 16));
#elif TYPE == Q5_0
    return vec2(half_value(half_at(w, r + plane(nb, 16u) + plane(nb, 4u), b)),
                0.0);
#elif TYPE == Q5_1
    const uint dm = w.v[r + plane(nb, 16u) + plane(nb, 4u) + b];
    return vec2(half_value(dm & 0xffffu), -half_value(dm >> 16));
#elif TYPE == Q8_0
    return vec2(half_value(half_at(w, r + plane(nb, 32u), b)), 0.0);
#elif TYPE == MXFP4
    return vec2(e8m0_half(byte_at(w, r + plane(nb, 16u), b)), 0.0);
#elif TYPE == Q2_K
    const uint dm = w.v[r + plane(nb, 64u) + plane(nb, 16u) + b];
    return vec2(half_value(dm & 0xffffu), half_value(dm >> 16));
#elif TYPE == Q3_K
    return vec2(half_value(half_at(w, r + plane(nb, 64u) + plane(nb, 32u) +
                                          plane(nb, 12u), b)), 0.0);
#elif TYPE == Q4_K
    const uint dm = w.v[r + plane(nb, 128u) + plane(nb, 12u) + b];
    return vec2(half_value(dm & 0xffffu), half_value(dm >> 16));
#elif TYPE == Q5_K
    const uint dm =
        w.v[r + plane(nb, 128u) + plane(nb, 32u) + plane(nb, 12u) + b];
    return vec2(half_value(dm & 0xffffu), half_value(dm >> 16));
#elif TYPE == Q6_K
    return vec2(half_value(half_at(w, r + plane(nb, 128u) + plane(nb, 64u) +
                                          plane(nb, 16u), b)), 0.0);
#elif TYPE == IQ2_XXS
    return vec2(half_value(half_at(w, r + plane(nb, 64u), b)) * 0.125, 0.0);
#elif TYPE == IQ2_XS
    return vec2(half_value(half_at(w, r + plane(nb, 64u) + plane(nb, 8u), b)) *
                    0.125, 0.0);
#elif TYPE == IQ2_S
    return vec2(half_value(half_at(w, r + 2u * plane(nb, 32u) +
                                          2u * plane(nb, 8u), b)) * 0.125, 0.0);
#elif TYPE == IQ3_XXS
    return vec2(half_value(half_at(w, r + plane(nb, 64u) + plane(nb, 32u), b)) *
                    0.25, 0.0);
#elif TYPE == IQ3_S
    return vec2(half_value(half_at(w, r + plane(nb, 64u) + plane(nb, 32u) +
                                          plane(nb, 8u) + plane(nb, 4u), b)),
                0.0);
#elif TYPE == IQ4_XS
    return vec2(half_value(w.v[r + plane(nb, 128u) + plane(nb, 4u) + b] &
                           0xffffu), 0.0);
#endif
}

// Values 32 j .. 32 j + 31 of block b.
void load_sub(Words w, Words grid, uint r, uint nb, uint b, uint j, out Sub s)
{
    s.scale = ivec2(1);
    s.min = ivec2(0);
#if TYPE == Q4_0 || TYPE == Q4_1
    nibbles(w, r + 4u * b, s.q);
    s.min = ivec2(HAS_MIN);
#elif TYPE == Q5_0 || TYPE == Q5_1
    nibbles(w, r + 4u * b, s.q);
    const uint fifth = w.v[r + plane(nb, 16u) + b];
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] |= spread(fifth >> 4u * k & 15u) << 4;
    s.min = ivec2(HAS_MIN);
#elif TYPE == Q8_0
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = w.v[r + 8u * b + k];
#elif TYPE == IQ4_NL || TYPE == MXFP4
    nibbles(w, r + 4u * b, s.q);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = look_up(s.q[k]);
#elif TYPE == Q2_K
    const uint at = r + 16u * b + 8u * (j / 4u), shift = 2u * (j & 3u);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = w.v[at + k] >> shift & 0x03030303u;
    const uint two = half_at(w, r + plane(nb, 64u) + 4u * b, j);
    s.scale = ivec2(two & 15u, two >> 8 & 15u);
    s.min = ivec2(two >> 4 & 15u, two >> 12 & 15u);
#elif TYPE == Q3_K
    const uint at = r + 16u * b + 8u * (j / 4u), shift = 2u * (j & 3u);
    const uint mask = r + plane(nb, 64u) + 8u * b;
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = (w.v[at + k] >> shift & 0x03030303u) |
                 (w.v[mask + k] >> j & 0x01010101u) << 2;
    const uint sc = r + plane(nb, 64u) + plane(nb, 32u) + 3u * b;
    [[unroll]] for (uint k = 0u; k < 2u; k++) {
        const uint g = 2u * j + k;
        const uint low = byte_at(w, sc, g & 7u) >> (g < 8u ? 0 : 4) & 15u;
        const uint high = byte_at(w, sc, 8u + (g & 3u)) >> 2u * (g / 4u) & 3u;
        s.scale[k] = int(low | high << 4) - 32;
    }
#elif TYPE == Q4_K || TYPE == Q5_K
    const uint at = r + 32u * b + 8u * (j / 2u), shift = 4u * (j & 1u);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = w.v[at + k] >> shift & 0x0f0f0f0fu;
    uint sc = r + plane(nb, 128u) + 3u * b;
#if TYPE == Q5_K
    const uint high = r + plane(nb, 128u) + 8u * b;
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] |= (w.v[high + k] >> j & 0x01010101u) << 4;
    sc += plane(nb, 32u);
#endif
    const uint w0 = w.v[sc], w1 = w.v[sc + 1u], w2 = w.v[sc + 2u];
    const uint by = 8u * (j & 3u);
    uint scale, minimum;
    if (j < 4u) {
        scale = w0 >> by & 63u;
        minimum = w1 >> by & 63u;
    } else {
        scale = (w2 >> by & 15u) | (w0 >> by + 6u & 3u) << 4;
        minimum = (w2 >> by + 4u & 15u) | (w1 >> by + 6u & 3u) << 4;
    }
    s.scale = ivec2(scale);
    s.min = ivec2(minimum);
#elif TYPE == Q6_K
    const uint half_block = j / 4u, quarter = j & 3u;
    const uint low = r + 32u * b + 16u * half_block + 8u * (quarter & 1u);
    const uint high = r + plane(nb, 128u) + 16u * b + 8u * half_block;
    const uint shift = quarter < 2u ? 0u : 4u;
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = (w.v[low + k] >> shift & 0x0f0f0f0fu) |
                 (w.v[high + k] >> 2u * quarter & 0x03030303u) << 4;
    const int two = int(half_at(
        w, r + plane(nb, 128u) + plane(nb, 64u) + 4u * b, j));
    s.scale = ivec2(bitfieldExtract(two, 0, 8), bitfieldExtract(two, 8, 8));
#elif TYPE == IQ2_XXS
    const uint entries = w.v[r + 16u * b + 2u * j];
    const uint v = w.v[r + 16u * b + 2u * j + 1u];
    s.scale = ivec2(2u * (v >> 28) + 1u);
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint e = entries >> 8u * l & 255u;
        const uint signs = even_signs(v >> 7u * l & 127u);
        s.q[2u * l] = with_signs(grid.v[2u * e], signs & 15u);
        s.q[2u * l + 1u] = with_signs(grid.v[2u * e + 1u], signs >> 4);
    }
#elif TYPE == IQ2_XS
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint v = half_at(w, r + 16u * b, 4u * j + l);
        const uint signs = even_signs(v >> 9), e = v & 511u;
        s.q[2u * l] = with_signs(grid.v[2u * e], signs & 15u);
        s.q[2u * l + 1u] = with_signs(grid.v[2u * e + 1u], signs >> 4);
    }
    const uint sc = byte_at(w, r + plane(nb, 64u) + 2u * b, j);
    s.scale = ivec2(2u * (sc & 15u) + 1u, 2u * (sc >> 4) + 1u);
#elif TYPE == IQ2_S
    const uint entries = w.v[r + 8u * b + j];
    const uint signs = w.v[r + plane(nb, 32u) + 8u * b + j];
    const uint high = byte_at(w, r + 2u * plane(nb, 32u) + 2u * b, j);
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint e = (entries >> 8u * l & 255u) | (high >> 2u * l & 3u) << 8;
        s.q[2u * l] = with_signs(grid.v[2u * e], signs >> 8u * l & 15u);
        s.q[2u * l + 1u] =
            with_signs(grid.v[2u * e + 1u], signs >> 8u * l + 4u & 15u);
    }
    const uint sc = byte_at(
        w, r + 2u * plane(nb, 32u) + plane(nb, 8u) + 2u * b, j);
    s.scale = ivec2(2u * (sc & 15u) + 1u, 2u * (sc >> 4) + 1u);
#elif TYPE == IQ3_XXS
    const uint v = w.v[r + plane(nb, 64u) + 8u * b + j];
    s.scale = ivec2(2u * (v >> 28) + 1u);
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint two = half_at(w, r + 16u * b, 4u * j + l);
        const uint signs = even_signs(v >> 7u * l & 127u);
        s.q[2u * l] = with_signs(grid.v[two & 255u], signs & 15u);
        s.q[2u * l + 1u] = with_signs(grid.v[two >> 8], signs >> 4);
    }
#elif TYPE == IQ3_S
    const uint signs = w.v[r + plane(nb, 64u) + 8u * b + j];
    const uint rest = r + plane(nb, 64u) + plane(nb, 32u);
    const uint high = byte_at(w, rest + 2u * b, j);
    const uint sc = byte_at(w, rest + plane(nb, 8u) + b, j / 2u);
    s.scale = ivec2(2u * (sc >> 4u * (j & 1u) & 15u) + 1u);
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint two = half_at(w, r + 16u * b, 4u * j + l);
        const uint h = high >> 2u * l;
        s.q[2u * l] = with_signs(grid.v[(two & 255u) | (h & 1u) << 8],
                                 signs >> 8u * l & 15u);
        s.q[2u * l + 1u] = with_signs(grid.v[two >> 8 | (h & 2u) << 7],
                                      signs >> 8u * l + 4u & 15u);
    }
#elif TYPE == IQ4_XS
    nibbles(w, r + 32u * b + 4u * j, s.q);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = look_up(s.q[k]);
    const uint low = byte_at(w, r + plane(nb, 128u) + b, j / 2u);
    const uint high = w.v[r + plane(nb, 128u) + plane(nb, 4u) + b] >> 16;
    s.scale = ivec2(int((low >> 4u * (j & 1u) & 15u) |
                        (high >> 2u * j & 3u) << 4) - 32);
#endif
}
