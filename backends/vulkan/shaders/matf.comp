#version 450
#extension GL_GOOGLE_include_directive : require
// matf.comp - y = W x for F32, F16 and BF16 matrices, contract 4: L16.
//
// LPR is 16 (a lane per accumulator) or 1 (a lane has all sixteen).
//
// args.p: 0 W, 1 x, 4 y, 5 expert of each place or tiles, 6 places
// args.n: 0 values per row, 1 rows of W, 2 vectors, 3 words per row of W,
//         4 words per expert, 5 stride of y, 6 places per vector of x,
//         7 first row of y, 8 stride of x
#include "common.glsl"
layout(constant_id = 1) const uint LPR = 1;
layout(constant_id = 2) const uint NT = 1;
layout(constant_id = 3) const uint IDS = 0;
layout(constant_id = 4) const uint SHARED = 1; // WG if LPR > 1

shared float part[SHARED];

float weight(Words w, uint r, uint i)
{
#if TYPE == 0
    return uintBitsToFloat(w.v[r + i]);
#elif TYPE == 1
    return half_value(half_at(w, r, i));
#else
    return uintBitsToFloat(half_at(w, r, i) << 16);
#endif
}

float one(Words w, uint r, Floats x, uint at, uint lane)
{
    if (LPR == 1u) {
        precise float acc[16];
        [[unroll]] for (uint l = 0u; l < 16u; l++)
            acc[l] = 0.0;
        for (uint i = 0u; i < args.n[0]; i += 16u)
            [[unroll]] for (uint l = 0u; l < 16u; l++)
                if (i + l < args.n[0]) {
                    precise const float p =
                        weight(w, r, i + l) * x.v[at + i + l];
                    acc[l] = acc[l] + p;
                }
        for (uint h = 8u; h > 0u; h >>= 1)
            for (uint l = 0u; l < h; l++)
                acc[l] = acc[l] + acc[l + h];
        return acc[0];
    }
    precise float sum = 0.0;
    for (uint i = lane; i < args.n[0]; i += 16u) {
        precise const float p = weight(w, r, i) * x.v[at + i];
        sum = sum + p;
    }
    const uint me = gl_LocalInvocationIndex;
    part[me] = sum;
    for (uint h = 8u; h > 0u; h >>= 1) {
        barrier();
        if (lane < h) {
            precise const float s = part[me] + part[me + h];
            part[me] = s;
        }
    }
    sum = part[me];
    barrier();
    return sum;
}

void main()
{
    const uint lane = gl_LocalInvocationIndex % LPR;
    const uint group = gl_WorkGroupID.x + gl_WorkGroupID.z * gl_NumWorkGroups.x;
    const uint row = group * (WG / LPR) + gl_LocalInvocationIndex / LPR;
    uint first = gl_WorkGroupID.y * NT, n_tok = args.n[2], expert = 0u;
    if (IDS == 1u) {
        expert = Words(args.p[5]).v[first];
    } else if (IDS == 2u) {
        const uint tile = 3u * gl_WorkGroupID.y;
        expert = Words(args.p[5]).v[tile];
        first = Words(args.p[5]).v[tile + 1u];
        n_tok = first + Words(args.p[5]).v[tile + 2u];
    }
    Words w = Words(args.p[0]);
    const uint r =
        expert * args.n[4] + min(row, args.n[1] - 1u) * args.n[3];
    for (uint t = first; t < min(first + NT, n_tok); t++) {
        const uint y = IDS == 2u ? Words(args.p[6]).v[t] : t;
        const float v = one(w, r, Floats(args.p[1]),
                            y / args.n[6] * args.n[8], lane);
        if (lane == 0u && row < args.n[1])
            Floats(args.p[4]).v[(args.n[7] + y) * args.n[5] + row] = v;
    }
}
