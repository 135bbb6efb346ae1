#version 450
#extension GL_GOOGLE_include_directive : require
// merge.comp - chunks of attention to one, in ascending order: contract 8.
// A lane per value of the result.
//
// args.p: 0 parts, 1 out, 2 the batch
// args.n: 0 first row, 1 rows, 2 query heads, 8 chunks per head in parts
#include "common.glsl"
layout(constant_id = 1) const uint HEAD = 64;

void main()
{
    const uint i = flat_lane(), n_q = args.n[2];
    const uint t = i / (n_q * HEAD);
    if (t >= args.n[1])
        return;
    const uint row = args.n[0] + t, h = i / HEAD % n_q, d = i % HEAD;
    const uint n = Words(args.p[2]).v[4u * row + 1u] / 256u + 1u;
    Floats parts = Floats(args.p[0]);
    const uint from = (t * n_q + h) * args.n[8] * (2u + HEAD);
    float m = parts.v[from];
    for (uint c = 1u; c < n; c++)
        m = max(m, parts.v[from + c * (2u + HEAD)]);
    precise float sum = 0.0, o = 0.0;
    for (uint c = 0u; c < n; c++) {
        const uint at = from + c * (2u + HEAD);
        precise const float below = parts.v[at] - m;
        const float w = contract_exp(below);
        precise const float l = w * parts.v[at + 1u];
        precise const float p = w * parts.v[at + 2u + d];
        sum = sum + l;
        o = o + p;
    }
    precise const float y = o / sum;
    Floats(args.p[1]).v[row * n_q * HEAD + h * HEAD + d] = y;
}
