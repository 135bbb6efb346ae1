#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
// half.comp - y = W x for many vectors with products in float16: a mode of its
// own, near the contract and not in it.
//
// As tile.comp, with the same rounded vectors, which float16 holds exactly (in
// sixteenths); but weights are unpacked to float16, and 32 products are added
// up in it before float32 takes over.  Sums stay in its range as long as
// weights stay below 512.  Worth it where float16 runs at twice the rate of
// float32 and there is no integer dot product.
//
// args: as mat.comp
#include "common.glsl"
#include "blocks.glsl"
layout(constant_id = 1) const uint GM = 8;
layout(constant_id = 2) const uint GN = 8;   // GM * GN = WG
layout(constant_id = 3) const uint IDS = 0;  // 0 plain, 2 tiles of experts
layout(constant_id = 4) const uint KS = 2;   // times 32 values
layout(constant_id = 5) const uint ROOM = 9; // uvec4 of a row: 4 KS + 1

shared uvec4 w_tile[4u * GM * ROOM], x_tile[4u * GN * ROOM];
shared float x_factor[4u * GN * KS];

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Quads {
    uvec4 v[];
};

struct Job {
    uint expert, row0, first, n_tok;
};

// Vector number k of the job's: its row of x, its row of y.
uvec2 vector_of(Job job, uint k)
{
    const uint at = min(job.first + k, job.n_tok - 1u);
    const uint y = IDS == 2u ? Words(args.p[6]).v[at] : at;
    return uvec2(y / args.n[6], y);
}

// Two weights: d (scale q) - dmin min.
uint two_weights(Sub s, vec2 f, uint i)
{
    const uint g = i / 16u;
    const float d = f.x * float(s.scale[g]), m = f.y * float(s.min[g]);
    const int word = int(s.q[i / 4u]), by = int(8u * (i & 2u));
    return packFloat2x16(
        f16vec2(d * float(bitfieldExtract(word, by, 8) - ZERO) - m,
                d * float(bitfieldExtract(word, by + 8, 8) - ZERO) - m));
}

void load_weights(Job job, uint row, uint k, uint sub)
{
    const uint nb = args.n[0];
    const uint at = min(job.row0 + row, args.n[1] - 1u);
    const uint r = job.expert * args.n[4] + at * args.n[3];
    const uint to = row * ROOM + 4u * k;
    Words w = Words(args.p[0]);
    if (sub >= nb * SUBS) {
        for (uint i = 0u; i < 4u; i++)
            w_tile[to + i] = uvec4(0u);
        return;
    }
    Sub s;
    load_sub(w, Words(args.p[7]), r, nb, sub / SUBS, sub % SUBS, s);
    const vec2 f = factors(w, r, nb, sub / SUBS);
    [[unroll]] for (uint i = 0u; i < 4u; i++)
        w_tile[to + i] =
            uvec4(two_weights(s, f, 8u * i), two_weights(s, f, 8u * i + 2u),
                  two_weights(s, f, 8u * i + 4u),
                  two_weights(s, f, 8u * i + 6u));
}

// Two of the four int8 in a word, from this bit on.
uint sixteenths(uint word, int by)
{
    const float a = float(bitfieldExtract(int(word), by, 8));
    const float b = float(bitfieldExtract(int(word), by + 8, 8));
    return packFloat2x16(f16vec2(a * 0.0625, b * 0.0625));
}

void load_vectors(uint x, uint v, uint k, uint sub)
{
    const uint nb = args.n[0];
    const bool inside = sub < nb * SUBS;
    const uint at = x * nb * (BLOCK / 16u) + sub * 2u, to = v * ROOM + 4u * k;
    [[unroll]] for (uint i = 0u; i < 2u; i++) {
        const uvec4 q = inside ? Quads(args.p[1]).v[at + i] : uvec4(0u);
        x_tile[to + 2u * i] = uvec4(sixteenths(q.x, 0), sixteenths(q.x, 16),
                                    sixteenths(q.y, 0), sixteenths(q.y, 16));
        x_tile[to + 2u * i + 1u] =
            uvec4(sixteenths(q.z, 0), sixteenths(q.z, 16), sixteenths(q.w, 0),
                  sixteenths(q.w, 16));
    }
    x_factor[v * KS + k] =
        inside ? 16.0 * Floats(args.p[2]).v[x * nb + sub / SUBS] : 0.0;
}

f16vec2 dot8(uvec4 a, uvec4 b, f16vec2 sum)
{
    sum += unpackFloat2x16(a.x) * unpackFloat2x16(b.x);
    sum += unpackFloat2x16(a.y) * unpackFloat2x16(b.y);
    sum += unpackFloat2x16(a.z) * unpackFloat2x16(b.z);
    return sum + unpackFloat2x16(a.w) * unpackFloat2x16(b.w);
}

void main()
{
    const uint me = gl_LocalInvocationIndex, m = me % GM, n = me / GM;
    const uint rows = 4u * GM, vectors = 4u * GN, all = args.n[0] * SUBS;
    Job job;
    job.expert = 0u;
    job.row0 =
        (gl_WorkGroupID.x + gl_WorkGroupID.z * gl_NumWorkGroups.x) * rows;
    job.first = gl_WorkGroupID.y * vectors;
    job.n_tok = args.n[2];
    if (IDS == 2u) {
        const uint tile = 3u * gl_WorkGroupID.y;
        job.expert = Words(args.p[5]).v[tile];
        job.first = Words(args.p[5]).v[tile + 1u];
        job.n_tok = job.first + Words(args.p[5]).v[tile + 2u];
    }
    if (job.first >= job.n_tok || job.row0 >= args.n[1])
        return; // the whole workgroup
    float acc[16];
    [[unroll]] for (uint i = 0u; i < 16u; i++)
        acc[i] = 0.0;
    for (uint from = 0u; from < all; from += KS) {
        for (uint i = me; i < rows * KS; i += WG)
            load_weights(job, i / KS, i % KS, from + i % KS);
        for (uint i = me; i < vectors * KS; i += WG)
            load_vectors(vector_of(job, i / KS).x, i / KS, i % KS,
                         from + i % KS);
        barrier();
        for (uint k = 0u; k < KS; k++) {
            f16vec2 sum[16];
            [[unroll]] for (uint i = 0u; i < 16u; i++)
                sum[i] = f16vec2(0.0);
            for (uint q = 4u * k; q < 4u * k + 4u; q++) {
                uvec4 x[4];
                [[unroll]] for (uint j = 0u; j < 4u; j++)
                    x[j] = x_tile[(n + GN * j) * ROOM + q];
                [[unroll]] for (uint i = 0u; i < 4u; i++) {
                    const uvec4 w = w_tile[(m + GM * i) * ROOM + q];
                    [[unroll]] for (uint j = 0u; j < 4u; j++)
                        sum[4u * i + j] = dot8(w, x[j], sum[4u * i + j]);
                }
            }
            [[unroll]] for (uint j = 0u; j < 4u; j++) {
                const float f = x_factor[(n + GN * j) * KS + k];
                [[unroll]] for (uint i = 0u; i < 4u; i++) {
                    const f16vec2 s = sum[4u * i + j];
                    acc[4u * i + j] += f * (float(s.x) + float(s.y));
                }
            }
        }
        barrier();
    }
    [[unroll]] for (uint j = 0u; j < 4u; j++) {
        const uint k = n + GN * j;
        if (job.first + k >= job.n_tok)
            continue;
        const uint y = (args.n[7] + vector_of(job, k).y) * args.n[5];
        [[unroll]] for (uint i = 0u; i < 4u; i++) {
            const uint row = job.row0 + m + GM * i;
            if (row < args.n[1])
                Floats(args.p[4]).v[y + row] = acc[4u * i + j];
        }
    }
}
