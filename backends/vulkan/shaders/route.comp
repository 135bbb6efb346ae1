#version 450
#extension GL_GOOGLE_include_directive : require
// route.comp - the chosen experts of a row and their weights, contract 10.
// A workgroup per row.  An expert's rank is the number of those before it, so
// all ranks are found at once.
//
// args.p: 0 scores [row][n], 1 bias, 2 ids [row][used], 3 weights
// args.n: 0 experts, 1 used (at most 64), 2 rows, 3 has a bias, 4 scale bits
#include "common.glsl"
layout(constant_id = 4) const uint SHARED = 64; // experts

shared float key[SHARED];
shared float p[SHARED];
shared uint chosen[64];

void main()
{
    const uint n = args.n[0], used = args.n[1], t = flat_group();
    const uint lane = gl_LocalInvocationIndex;
    if (t >= args.n[2])
        return;
    for (uint e = lane; e < n; e += WG) {
        const float s = contract_sigmoid(Floats(args.p[0]).v[t * n + e]);
        p[e] = s;
        precise const float k =
            args.n[3] != 0u ? s + Floats(args.p[1]).v[e] : s;
        key[e] = k;
    }
    for (uint i = lane; i < used; i += WG)
        chosen[i] = i; // a NaN has no rank: whatever stays here is valid
    barrier();
    for (uint e = lane; e < n; e += WG) {
        uint rank = 0u;
        for (uint k = 0u; k < n; k++)
            rank += key[k] > key[e] || (key[k] == key[e] && k < e) ? 1u : 0u;
        if (rank < used && key[e] == key[e])
            chosen[rank] = e;
    }
    barrier();
    if (lane != 0u)
        return;
    precise float sum = p[chosen[0]];
    for (uint i = 1u; i < used; i++)
        sum = sum + p[chosen[i]];
    const float scale = uintBitsToFloat(args.n[4]);
    const float least = 6.103515625e-5;
    for (uint i = 0u; i < used; i++) {
        precise float w = p[chosen[i]] / (sum < least ? least : sum);
        if (scale != 0.0 && scale != 1.0)
            w = w * scale;
        Words(args.p[2]).v[t * used + i] = chosen[i];
        Floats(args.p[3]).v[t * used + i] = w;
    }
}
