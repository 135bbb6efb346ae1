// blocks.glsl - the weight types: 32 values of a block as packed int8.
//
// A row of weights has one of two forms.  In planes (weight.c): of every field
// of the blocks all bytes of a row stand together, each plane at a multiple of
// 16 bytes, so that lanes read words and neighbors read neighbors.  Or as in
// the file, block behind block, where the device reads the file's own pages
// (import.c).  word(), half_of() and byte_of() know both.
//
// TYPE is the GGUF number.  Value i of a block is
//     (d * scale[i / 16]) * (q[i] - ZERO) - dmin * min[i / 16].
layout(constant_id = 6) const uint FORM = 0; // 0 planes, 1 as in the file

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

// The fields of a block, each as: its byte in the file's block, its size, the
// words of the planes before its own.  BYTES: of the file's block.  In the
// order of weight.c.
#if TYPE == Q4_0 || TYPE == IQ4_NL
#define BYTES 18u
#define VALUES 2u, 16u, 0u
#define FACTOR 0u, 2u, plane(nb, 16u)
#elif TYPE == Q4_1
#define BYTES 20u
#define VALUES 4u, 16u, 0u
#define FACTOR 0u, 4u, plane(nb, 16u)
#elif TYPE == Q5_0
#define BYTES 22u
#define VALUES 6u, 16u, 0u
#define HIGH 2u, 4u, plane(nb, 16u)
#define FACTOR 0u, 2u, plane(nb, 16u) + plane(nb, 4u)
#elif TYPE == Q5_1
#define BYTES 24u
#define VALUES 8u, 16u, 0u
#define HIGH 4u, 4u, plane(nb, 16u)
#define FACTOR 0u, 4u, plane(nb, 16u) + plane(nb, 4u)
#elif TYPE == Q8_0
#define BYTES 34u
#define VALUES 2u, 32u, 0u
#define FACTOR 0u, 2u, plane(nb, 32u)
#elif TYPE == MXFP4
#define BYTES 17u
#define VALUES 1u, 16u, 0u
#define FACTOR 0u, 1u, plane(nb, 16u)
#elif TYPE == Q2_K
#define BYTES 84u
#define VALUES 16u, 64u, 0u
#define SCALES 0u, 16u, plane(nb, 64u)
#define FACTOR 80u, 4u, plane(nb, 64u) + plane(nb, 16u)
#elif TYPE == Q3_K
#define BYTES 110u
#define VALUES 32u, 64u, 0u
#define HIGH 0u, 32u, plane(nb, 64u)
#define SCALES 96u, 12u, plane(nb, 64u) + plane(nb, 32u)
#define FACTOR 108u, 2u, plane(nb, 64u) + plane(nb, 32u) + plane(nb, 12u)
#elif TYPE == Q4_K
#define BYTES 144u
#define VALUES 16u, 128u, 0u
#define SCALES 4u, 12u, plane(nb, 128u)
#define FACTOR 0u, 4u, plane(nb, 128u) + plane(nb, 12u)
#elif TYPE == Q5_K
#define BYTES 176u
#define VALUES 48u, 128u, 0u
#define HIGH 16u, 32u, plane(nb, 128u)
#define SCALES 4u, 12u, plane(nb, 128u) + plane(nb, 32u)
#define FACTOR 0u, 4u, plane(nb, 128u) + plane(nb, 32u) + plane(nb, 12u)
#elif TYPE == Q6_K
#define BYTES 210u
#define VALUES 0u, 128u, 0u
#define HIGH 128u, 64u, plane(nb, 128u)
#define SCALES 192u, 16u, plane(nb, 128u) + plane(nb, 64u)
#define FACTOR 208u, 2u, plane(nb, 128u) + plane(nb, 64u) + plane(nb, 16u)
#elif TYPE == IQ2_XXS
#define BYTES 66u
#define VALUES 2u, 64u, 0u
#define FACTOR 0u, 2u, plane(nb, 64u)
#elif TYPE == IQ2_XS
#define BYTES 74u
#define VALUES 2u, 64u, 0u
#define SCALES 66u, 8u, plane(nb, 64u)
#define FACTOR 0u, 2u, plane(nb, 64u) + plane(nb, 8u)
#elif TYPE == IQ2_S
#define BYTES 82u
#define VALUES 2u, 32u, 0u
#define SIGNS 34u, 32u, plane(nb, 32u)
#define HIGH 66u, 8u, 2u * plane(nb, 32u)
#define SCALES 74u, 8u, 2u * plane(nb, 32u) + plane(nb, 8u)
#define FACTOR 0u, 2u, 2u * plane(nb, 32u) + 2u * plane(nb, 8u)
#elif TYPE == IQ3_XXS
#define BYTES 98u
#define VALUES 2u, 64u, 0u
#define SIGNS 66u, 32u, plane(nb, 64u)
#define FACTOR 0u, 2u, plane(nb, 64u) + plane(nb, 32u)
#elif TYPE == IQ3_S
#define BYTES 110u
#define VALUES 2u, 64u, 0u
#define SIGNS 74u, 32u, plane(nb, 64u)
#define HIGH 66u, 8u, plane(nb, 64u) + plane(nb, 32u)
#define SCALES 106u, 4u, plane(nb, 64u) + plane(nb, 32u) + plane(nb, 8u)
#define FACTOR 0u, 2u, plane(nb, 64u) + plane(nb, 32u) + plane(nb, 8u) + \
    plane(nb, 4u)
#elif TYPE == IQ4_XS
#define BYTES 136u
#define VALUES 8u, 128u, 0u
#define SCALES 4u, 4u, plane(nb, 128u)
#define FACTOR 0u, 4u, plane(nb, 128u) + plane(nb, 4u)
#endif

// Where a block is: a row of nb blocks begins at word r of the planes, or at
// byte r of the file's; b is the block's number.
#define HERE w, r, nb, b

// Word i of a field.  In the file it may begin at any byte; where it takes one
// aligned word only, no other is touched: the next one may not be there.
uint word(Words w, uint r, uint nb, uint b, uint at, uint size, uint before,
          uint i)
{
    if (FORM == 0u)
        return w.v[r + before + b * (size / 4u) + i];
    const uint byte = r + b * BYTES + at + 4u * i;
    if (BYTES % 4u == 0u)
        return w.v[byte / 4u];
    const uint shift = 8u * (byte & 3u);
    const uint low = w.v[byte / 4u], high = w.v[(byte + 3u) / 4u];
    return shift == 0u ? low : low >> shift | high << 32u - shift;
}

// Halves are fields of even blocks at even places: never in two words.
uint half_of(Words w, uint r, uint nb, uint b, uint at, uint size, uint before,
             uint i)
{
    if (FORM == 0u)
        return half_at(w, r + before, b * (size / 2u) + i);
    return half_at(w, 0u, (r + b * BYTES + at) / 2u + i);
}

uint byte_of(Words w, uint r, uint nb, uint b, uint at, uint size, uint before,
             uint i)
{
    if (FORM == 0u)
        return byte_at(w, r + before, b * size + i);
    return byte_at(w, 0u, r + b * BYTES + at + i);
}

struct Sub { // 32 values: two groups of 16
    uint q[8];
    ivec2 scale, min;
};

// 16 bytes of a field from its word i on: their low halves, then the high.
void nibbles(Words w, uint r, uint nb, uint b, uint at, uint size, uint before,
             uint i, out uint q[8])
{
    [[unroll]] for (uint k = 0u; k < 4u; k++) {
        const uint v = word(w, r, nb, b, at, size, before, i + k);
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

// Factors of a block.
vec2 factors(Words w, uint r, uint nb, uint b)
{
#if TYPE == MXFP4
    return vec2(e8m0_half(byte_of(HERE, FACTOR, 0u)), 0.0);
#elif TYPE == Q4_1 || TYPE == Q5_1
    const uint dm = word(HERE, FACTOR, 0u);
    return vec2(half_value(dm & 0xffffu), -half_value(dm >> 16));
#elif HAS_MIN
    const uint dm = word(HERE, FACTOR, 0u);
    return vec2(half_value(dm & 0xffffu), half_value(dm >> 16));
#elif TYPE == IQ4_XS
    return vec2(half_value(word(HERE, FACTOR, 0u) & 0xffffu), 0.0);
#elif TYPE == IQ2_XXS || TYPE == IQ2_XS || TYPE == IQ2_S
    return vec2(half_value(half_of(HERE, FACTOR, 0u)) * 0.125, 0.0);
#elif TYPE == IQ3_XXS
    return vec2(half_value(half_of(HERE, FACTOR, 0u)) * 0.25, 0.0);
#else
    return vec2(half_value(half_of(HERE, FACTOR, 0u)), 0.0);
#endif
}

// Values 32 j .. 32 j + 31 of block b.
void load_sub(Words w, Words grid, uint r, uint nb, uint b, uint j, out Sub s)
{
    s.scale = ivec2(1);
    s.min = ivec2(0);
#if TYPE == Q4_0 || TYPE == Q4_1
    nibbles(HERE, VALUES, 0u, s.q);
    s.min = ivec2(HAS_MIN);
#elif TYPE == Q5_0 || TYPE == Q5_1
    nibbles(HERE, VALUES, 0u, s.q);
    const uint fifth = word(HERE, HIGH, 0u);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] |= spread(fifth >> 4u * k & 15u) << 4;
    s.min = ivec2(HAS_MIN);
#elif TYPE == Q8_0
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = word(HERE, VALUES, k);
#elif TYPE == IQ4_NL || TYPE == MXFP4
    nibbles(HERE, VALUES, 0u, s.q);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = look_up(s.q[k]);
#elif TYPE == Q2_K
    const uint at = 8u * (j / 4u), shift = 2u * (j & 3u);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = word(HERE, VALUES, at + k) >> shift & 0x03030303u;
    const uint two = half_of(HERE, SCALES, j);
    s.scale = ivec2(two & 15u, two >> 8 & 15u);
    s.min = ivec2(two >> 4 & 15u, two >> 12 & 15u);
#elif TYPE == Q3_K
    const uint at = 8u * (j / 4u), shift = 2u * (j & 3u);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = (word(HERE, VALUES, at + k) >> shift & 0x03030303u) |
                 (word(HERE, HIGH, k) >> j & 0x01010101u) << 2;
    [[unroll]] for (uint k = 0u; k < 2u; k++) {
        const uint g = 2u * j + k;
        const uint low =
            byte_of(HERE, SCALES, g & 7u) >> (g < 8u ? 0 : 4) & 15u;
        const uint high =
            byte_of(HERE, SCALES, 8u + (g & 3u)) >> 2u * (g / 4u) & 3u;
        s.scale[k] = int(low | high << 4) - 32;
    }
#elif TYPE == Q4_K || TYPE == Q5_K
    const uint at = 8u * (j / 2u), shift = 4u * (j & 1u);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = word(HERE, VALUES, at + k) >> shift & 0x0f0f0f0fu;
#if TYPE == Q5_K
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] |= (word(HERE, HIGH, k) >> j & 0x01010101u) << 4;
#endif
    const uint w0 = word(HERE, SCALES, 0u), w1 = word(HERE, SCALES, 1u);
    const uint w2 = word(HERE, SCALES, 2u), by = 8u * (j & 3u);
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
    const uint low = 16u * half_block + 8u * (quarter & 1u);
    const uint high = 8u * half_block, shift = quarter < 2u ? 0u : 4u;
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = (word(HERE, VALUES, low + k) >> shift & 0x0f0f0f0fu) |
                 (word(HERE, HIGH, high + k) >> 2u * quarter & 0x03030303u)
                     << 4;
    const int two = int(half_of(HERE, SCALES, j));
    s.scale = ivec2(bitfieldExtract(two, 0, 8), bitfieldExtract(two, 8, 8));
#elif TYPE == IQ2_XXS
    const uint entries = word(HERE, VALUES, 2u * j);
    const uint v = word(HERE, VALUES, 2u * j + 1u);
    s.scale = ivec2(2u * (v >> 28) + 1u);
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint e = entries >> 8u * l & 255u;
        const uint signs = even_signs(v >> 7u * l & 127u);
        s.q[2u * l] = with_signs(grid.v[2u * e], signs & 15u);
        s.q[2u * l + 1u] = with_signs(grid.v[2u * e + 1u], signs >> 4);
    }
#elif TYPE == IQ2_XS
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint v = half_of(HERE, VALUES, 4u * j + l);
        const uint signs = even_signs(v >> 9), e = v & 511u;
        s.q[2u * l] = with_signs(grid.v[2u * e], signs & 15u);
        s.q[2u * l + 1u] = with_signs(grid.v[2u * e + 1u], signs >> 4);
    }
    const uint sc = byte_of(HERE, SCALES, j);
    s.scale = ivec2(2u * (sc & 15u) + 1u, 2u * (sc >> 4) + 1u);
#elif TYPE == IQ2_S
    const uint entries = word(HERE, VALUES, j);
    const uint signs = word(HERE, SIGNS, j);
    const uint high = byte_of(HERE, HIGH, j);
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint e = (entries >> 8u * l & 255u) | (high >> 2u * l & 3u) << 8;
        s.q[2u * l] = with_signs(grid.v[2u * e], signs >> 8u * l & 15u);
        s.q[2u * l + 1u] =
            with_signs(grid.v[2u * e + 1u], signs >> 8u * l + 4u & 15u);
    }
    const uint sc = byte_of(HERE, SCALES, j);
    s.scale = ivec2(2u * (sc & 15u) + 1u, 2u * (sc >> 4) + 1u);
#elif TYPE == IQ3_XXS
    const uint v = word(HERE, SIGNS, j);
    s.scale = ivec2(2u * (v >> 28) + 1u);
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint two = half_of(HERE, VALUES, 4u * j + l);
        const uint signs = even_signs(v >> 7u * l & 127u);
        s.q[2u * l] = with_signs(grid.v[two & 255u], signs & 15u);
        s.q[2u * l + 1u] = with_signs(grid.v[two >> 8], signs >> 4);
    }
#elif TYPE == IQ3_S
    const uint signs = word(HERE, SIGNS, j);
    const uint high = byte_of(HERE, HIGH, j);
    const uint sc = byte_of(HERE, SCALES, j / 2u);
    s.scale = ivec2(2u * (sc >> 4u * (j & 1u) & 15u) + 1u);
    [[unroll]] for (uint l = 0u; l < 4u; l++) {
        const uint two = half_of(HERE, VALUES, 4u * j + l);
        const uint h = high >> 2u * l;
        s.q[2u * l] = with_signs(grid.v[(two & 255u) | (h & 1u) << 8],
                                 signs >> 8u * l & 15u);
        s.q[2u * l + 1u] = with_signs(grid.v[two >> 8 | (h & 2u) << 7],
                                      signs >> 8u * l + 4u & 15u);
    }
#elif TYPE == IQ4_XS
    nibbles(HERE, VALUES, 4u * j, s.q);
    [[unroll]] for (uint k = 0u; k < 8u; k++)
        s.q[k] = look_up(s.q[k]);
    const uint low = byte_of(HERE, SCALES, j / 2u);
    const uint high = word(HERE, FACTOR, 0u) >> 16;
    s.scale = ivec2(int((low >> 4u * (j & 1u) & 15u) |
                        (high >> 2u * j & 3u) << 4) - 32);
#endif
}
