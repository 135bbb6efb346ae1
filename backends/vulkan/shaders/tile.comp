#version 450
#extension GL_GOOGLE_include_directive : require
// tile.comp - y = W x for quantised W and many int8 vectors, contract 4.
//
// A workgroup has a tile of 4 GM rows by 4 GN vectors, a lane 4 by 4 of it.
// Per step, KS times 32 values of the rows are unpacked into shared memory, the
// vectors' beside them; then all products are made from there.  A weight that
// was read meets 4 GN vectors.  Integers are exact and every output has one
// lane that adds its blocks in order: the contract's SEQ.
//
// HALF: the integers lie there as float16, which holds them exactly, and 16
// products are added up in float32, exactly as well (below 2^19): the same bits
// without integer multiplication, for devices where that is slow.
//
// args: as mat.comp
#include "common.glsl"
#include "blocks.glsl"
layout(constant_id = 1) const uint GM = 8;
layout(constant_id = 2) const uint GN = 8;   // GM * GN = WG
layout(constant_id = 3) const uint IDS = 0;  // 0 plain, 2 tiles of experts
layout(constant_id = 4) const uint KS = 2;   // times 32 values, GN / 4
layout(constant_id = 5) const uint ROOM = 5; // uvec4 of a row: WIDE KS + 1

#ifdef HALF
#define WIDE 4u // uvec4 of 32 values
#else
#define WIDE 2u
#endif

// A row of uvec4 is WIDE KS + 1 long: neighbors fall into different banks.
shared uvec4 w_tile[4u * GM * ROOM], x_tile[4u * GN * ROOM];
shared ivec2 w_scale[4u * GM * KS];
shared int w_min[HAS_MIN != 0 ? 8u * GM * KS : 1u];
shared int x_sum[HAS_MIN != 0 ? 8u * GN * KS : 1u];
shared vec2 w_factor[4u * GM * KS];  // by block of this step, at most KS
shared float x_factor[4u * GN * KS];

// Places of a step that share a factor.
#define SPAN (SUBS < KS ? SUBS : KS)

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

// Minus ZERO in every byte.
uint centered(uint q)
{
    return ZERO == 0 ? q
                     : ((q | 0x80808080u) - uint(ZERO) * 0x01010101u) ^
                           0x80808080u;
}

// 16 values of int8, each float16 in HALF, to this place of a tile.
#ifdef HALF
uvec2 halves(uint q)
{
    const int v = int(q);
    return uvec2(packHalf2x16(vec2(bitfieldExtract(v, 0, 8),
                                   bitfieldExtract(v, 8, 8))),
                 packHalf2x16(vec2(bitfieldExtract(v, 16, 8), v >> 24)));
}
#define STORE(tile, at, v)                                                     \
    tile[at] = uvec4(halves((v).x), halves((v).y));                            \
    tile[(at) + 1u] = uvec4(halves((v).z), halves((v).w))
#else
#define STORE(tile, at, v) tile[at] = (v)
#endif

// Sub `sub` of weight row `row` (of the tile) and its place in the step.
void load_weights(Job job, uint row, uint k, uint sub)
{
    const uint nb = args.n[0];
    const uint at = min(job.row0 + row, args.n[1] - 1u);
    const uint r = job.expert * args.n[4] + at * args.n[3];
    Words w = Words(args.p[0]);
    Sub s;
    if (sub < nb * SUBS) {
        load_sub(w, Words(args.p[7]), r, nb, sub / SUBS, sub % SUBS, s);
    } else {
        for (uint i = 0u; i < 8u; i++)
            s.q[i] = uint(ZERO) * 0x01010101u;
        s.scale = ivec2(0);
        s.min = ivec2(0);
    }
    const uint to = row * ROOM + WIDE * k;
    const uvec4 low = uvec4(centered(s.q[0]), centered(s.q[1]),
                            centered(s.q[2]), centered(s.q[3]));
    const uvec4 high = uvec4(centered(s.q[4]), centered(s.q[5]),
                             centered(s.q[6]), centered(s.q[7]));
    STORE(w_tile, to, low);
    STORE(w_tile, to + WIDE / 2u, high);
    w_scale[row * KS + k] = s.scale;
#if HAS_MIN
    w_min[2u * (row * KS + k)] = s.min.x;
    w_min[2u * (row * KS + k) + 1u] = s.min.y;
#endif
    if (k % SPAN == 0u)
        w_factor[row * KS + k / SPAN] =
            factors(w, r, nb, min(sub / SUBS, nb - 1u));
}

void load_vectors(uint x, uint v, uint k, uint sub)
{
    const uint nb = args.n[0];
    Quads q = Quads(args.p[1]);
    const bool inside = sub < nb * SUBS;
    const uint at = x * nb * (BLOCK / 16u) + sub * 2u, to = v * ROOM + WIDE * k;
    const uvec4 low = inside ? q.v[at] : uvec4(0u);
    const uvec4 high = inside ? q.v[at + 1u] : uvec4(0u);
    STORE(x_tile, to, low);
    STORE(x_tile, to + WIDE / 2u, high);
#if HAS_MIN
    const uint g = x * nb * (BLOCK / 16u) + 2u * sub;
    x_sum[2u * (v * KS + k)] = inside ? Ints(args.p[3]).v[g] : 0;
    x_sum[2u * (v * KS + k) + 1u] = inside ? Ints(args.p[3]).v[g + 1u] : 0;
#endif
    if (k % SPAN == 0u)
        x_factor[v * KS + k / SPAN] =
            Floats(args.p[2]).v[x * nb + min(sub / SUBS, nb - 1u)];
}

#ifdef HALF
// 8 values: two sums.
vec2 dot8(uvec4 a, uvec4 b, vec2 sum)
{
    sum += unpackHalf2x16(a.x) * unpackHalf2x16(b.x);
    sum += unpackHalf2x16(a.y) * unpackHalf2x16(b.y);
    sum += unpackHalf2x16(a.z) * unpackHalf2x16(b.z);
    return sum + unpackHalf2x16(a.w) * unpackHalf2x16(b.w);
}

int dot_at(uint a, uint b)
{
    const vec2 sum = dot8(w_tile[a + 1u], x_tile[b + 1u],
                          dot8(w_tile[a], x_tile[b], vec2(0.0)));
    return int(sum.x + sum.y);
}
#else
int dot16(uvec4 a, uvec4 b)
{
    return dot4(a.x, b.x) + dot4(a.y, b.y) + dot4(a.z, b.z) + dot4(a.w, b.w);
}
#endif

// Integers of place k of the step, for the lane's 4 by 4.
void multiply(uint m, uint n, uint k, inout int isum[16], inout int msum[16])
{
#ifndef HALF
    uvec4 x[8];
    [[unroll]] for (uint j = 0u; j < 4u; j++) {
        const uint at = (n + GN * j) * ROOM + 2u * k;
        x[2u * j] = x_tile[at];
        x[2u * j + 1u] = x_tile[at + 1u];
    }
#endif
    [[unroll]] for (uint i = 0u; i < 4u; i++) {
        const uint row = m + GM * i, at = row * ROOM + WIDE * k;
        const ivec2 scale = w_scale[row * KS + k];
#ifdef HALF
        [[unroll]] for (uint j = 0u; j < 4u; j++) {
            const uint x = (n + GN * j) * ROOM + WIDE * k;
            isum[4u * i + j] += scale.x * dot_at(at, x) +
                                scale.y * dot_at(at + 2u, x + 2u);
        }
#else
        const uvec4 w0 = w_tile[at], w1 = w_tile[at + 1u];
        [[unroll]] for (uint j = 0u; j < 4u; j++)
            isum[4u * i + j] += scale.x * dot16(w0, x[2u * j]) +
                                scale.y * dot16(w1, x[2u * j + 1u]);
#endif
#if HAS_MIN
        const uint low = 2u * (row * KS + k);
        [[unroll]] for (uint j = 0u; j < 4u; j++) {
            const uint s = 2u * ((n + GN * j) * KS + k);
            msum[4u * i + j] +=
                w_min[low] * x_sum[s] + w_min[low + 1u] * x_sum[s + 1u];
        }
#endif
    }
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
    precise float acc[16];
    int isum[16], msum[16];
    [[unroll]] for (uint i = 0u; i < 16u; i++) {
        acc[i] = 0.0;
        isum[i] = 0;
        msum[i] = 0;
    }
    for (uint from = 0u; from < all; from += KS) {
        for (uint i = me; i < rows * KS; i += WG)
            load_weights(job, i / KS, i % KS, from + i % KS);
        for (uint i = me; i < vectors * KS; i += WG)
            load_vectors(vector_of(job, i / KS).x, i / KS, i % KS,
                         from + i % KS);
        barrier();
        for (uint k = 0u; k < KS; k++) {
            multiply(m, n, k, isum, msum);
            if ((from + k) % SUBS != SUBS - 1u || from + k >= all)
                continue;
            const uint b = k / SPAN;
            [[unroll]] for (uint i = 0u; i < 4u; i++) {
                const vec2 f = w_factor[(m + GM * i) * KS + b];
                [[unroll]] for (uint j = 0u; j < 4u; j++) {
                    const uint at = 4u * i + j;
                    precise const float u = f.x * float(isum[at]);
                    precise const float v = f.y * float(msum[at]);
                    precise const float t =
                        x_factor[(n + GN * j) * KS + b] * (u - v);
                    acc[at] = acc[at] + t;
                    isum[at] = 0;
                    msum[at] = 0;
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
