// common.glsl - what all shaders share: addresses, numbers, the contract's
// functions.
//
// Shaders get addresses, not bound buffers: args.p holds 64-bit device
// addresses, args.n numbers; each shader says what is where.  Values follow
// docs/numerics.md; `precise` keeps the compiler from fusing.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_control_flow_attributes : require

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint WG = 64;   // lanes of a workgroup

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words {
    uint v[];
};
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Ints {
    int v[];
};
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats {
    float v[];
};
layout(buffer_reference, std430, buffer_reference_align = 8) buffer Pointers {
    uvec2 v[];
};

layout(push_constant, std430) uniform Args {
    uvec2 p[8];
    uint n[16];
} args;

// One number per workgroup and per lane of a grid that may be folded in y.
uint flat_group()
{
    return gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x;
}
uint flat_lane()
{
    return flat_group() * WG + gl_LocalInvocationIndex;
}

// ------------------------------------------------------------- conversions
// Exact for every half, subnormal ones included.
float half_value(uint h)
{
    const uint sign = (h & 0x8000u) << 16, rest = h & 0x7fffu;
    if (rest >= 0x7c00u)
        return uintBitsToFloat(sign | 0x7f800000u | rest << 13 |
                               (rest > 0x7c00u ? 0x00400000u : 0u));
    if (rest >= 0x0400u)
        return uintBitsToFloat(sign | ((rest << 13) + (112u << 23)));
    return uintBitsToFloat(sign | floatBitsToUint(float(rest) * 5.9604644775390625e-8));
}

// Nearest even; too large becomes infinity, NaN stays.
uint half_bits(float f)
{
    const uint u = floatBitsToUint(f), sign = u >> 16 & 0x8000u;
    const uint a = u & 0x7fffffffu;
    if (a > 0x7f800000u)
        return sign | 0x7e00u;
    if (a >= 0x47800000u)
        return sign | 0x7c00u;
    if (a >= 0x38800000u)
        return sign | ((a + 0xfffu + (a >> 13 & 1u)) - (112u << 23)) >> 13;
    precise const float t = uintBitsToFloat(a) + 0.5;
    return sign | (floatBitsToUint(t) - 0x3f000000u);
}

// Half of the E8M0 number e: the scale of MXFP4.
float e8m0_half(uint e)
{
    return uintBitsToFloat(e < 2u ? 0x00200000u << e : (e - 1u) << 23);
}

// Half number i of the words from `at` on; byte number i.
uint half_at(Words w, uint at, uint i)
{
    return w.v[at + i / 2u] >> 16u * (i & 1u) & 0xffffu;
}
uint byte_at(Words w, uint at, uint i)
{
    return w.v[at + i / 4u] >> 8u * (i & 3u) & 0xffu;
}

// -------------------------------------------------------- element functions
float contract_exp(float x)
{
    float z = x < -87.0 ? -87.0 : x;
    z = z > 88.0 ? 88.0 : z;
    precise const float t = z * 1.44269504 + 12582912.0;
    precise const float n = t - 12582912.0;
    precise const float hi = z - n * 0.693359375;
    precise const float r = hi - n * -2.12194440e-4;
    precise float p = 1.98412698412698e-4; // 1/5040
    p = p * r + 1.38888888888889e-3;     // 1/720
    p = p * r + 8.33333333333333e-3;     // 1/120
    p = p * r + 4.16666666666667e-2;     // 1/24
    p = p * r + 1.66666666666667e-1;     // 1/6
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    const uint shift = (floatBitsToUint(t) - 0x4b400000u) << 23;
    return x < -87.0 ? 0.0 : uintBitsToFloat(floatBitsToUint(p) + shift);
}

float contract_sigmoid(float x)
{
    precise const float y = 1.0 / (1.0 + contract_exp(-x));
    return y;
}

float contract_silu(float x)
{
    precise const float y = x / (1.0 + contract_exp(-x));
    return y;
}

// Nearest integer, ties to even, for |x| < 2^22.
int nearest(float x)
{
    precise const float t = x + 12582912.0;
    return int(floatBitsToUint(t) - 0x4b400000u);
}

// ------------------------------------------------------------ integer dot
#ifdef NATIVE_DOT
// OpSDot on four int8 in a word, by number: Debian's glslang 12 has no
// GL_EXT_integer_dot_product.
#extension GL_EXT_spirv_intrinsics : require
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"],
                  capabilities = [6019, 6018], id = 4450)
int op_sdot(int a, int b, spirv_literal int format);
int dot4(uint a, uint b)
{
    return op_sdot(int(a), int(b), 0);
}
#else
int dot4(uint a, uint b)
{
    const int x = int(a), y = int(b);
    return bitfieldExtract(x, 0, 8) * bitfieldExtract(y, 0, 8) +
           bitfieldExtract(x, 8, 8) * bitfieldExtract(y, 8, 8) +
           bitfieldExtract(x, 16, 8) * bitfieldExtract(y, 16, 8) +
           (x >> 24) * (y >> 24);
}
#endif
