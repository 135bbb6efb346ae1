#version 450
#extension GL_GOOGLE_include_directive : require
// bound.comp - the second: the largest bound that at least k of a row's peaks
// reach.  So at least k logits reach it, and the k best are among those that do.
// Found bit by bit from the top; 0, which all reach, if there are fewer peaks.
// A workgroup per row.
//
// args.p: 0 peaks [row][block], 1 records, 2 k of each row
// args.n: 0 rows, 1 blocks, 2 words of a record
#include "common.glsl"
layout(constant_id = 1) const uint ROOM = 2048; // peaks, at most

shared uint keys[ROOM];
shared uint reached[32];

void main()
{
    const uint row = flat_group(), n = args.n[1], lane = gl_LocalInvocationIndex;
    if (row >= args.n[0])
        return;
    const uint k = Words(args.p[2]).v[row];
    for (uint i = lane; i < n; i += WG)
        keys[i] = Words(args.p[0]).v[row * n + i];
    for (uint i = lane; i < 32u; i += WG)
        reached[i] = 0u;
    barrier();
    uint bound = 0u;
    for (uint bit = 32u; bit-- > 0u;) {
        const uint next = bound | 1u << bit;
        uint mine = 0u;
        for (uint i = lane; i < n; i += WG)
            mine += keys[i] >= next ? 1u : 0u;
        atomicAdd(reached[bit], mine);
        barrier();
        if (reached[bit] >= k)
            bound = next;
    }
    if (lane == 0u) {
        Words(args.p[1]).v[row * args.n[2]] = 0u;
        Words(args.p[1]).v[row * args.n[2] + 1u] = bound;
    }
}
