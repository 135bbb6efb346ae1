#version 450
#extension GL_GOOGLE_include_directive : require
// quant.comp - rows to int8 blocks, contract 3: a lane per 32 values.
//
// A32: every lane has a block.  A256: eight neighbors share one; they agree
// on its largest magnitude in shared memory (LANES 8), or each reads the
// whole block (LANES 1).
//
// args.p: 0 x, 1 q, 2 d, 3 sums of 16
// args.n: 0 values per row, 1 rows, 2 stride of x
#include "common.glsl"
layout(constant_id = 1) const uint LANES = 1;
layout(constant_id = 2) const uint BLOCK = 32;
layout(constant_id = 4) const uint SHARED = 1; // WG if LANES > 1

shared uint tops[SHARED];

uint largest(Floats x, uint at, uint n)
{
    uint top = 0u;
    for (uint i = 0u; i < n; i++)
        top = max(top, floatBitsToUint(x.v[at + i]) & 0x7fffffffu);
    return top;
}

void main()
{
    const uint per_row = args.n[0] / 32u, all = per_row * args.n[1];
    const uint chunk = min(flat_lane(), all - 1u);
    const uint t = chunk / per_row, i = chunk % per_row;
    Floats x = Floats(args.p[0]);
    const uint from = t * args.n[2] + 32u * i;
    uint top;
    if (BLOCK == 32u) {
        top = largest(x, from, 32u);
    } else if (LANES == 1u) {
        top = largest(x, from - 32u * (i % 8u), 256u);
    } else {
        const uint me = gl_LocalInvocationIndex;
        tops[me] = largest(x, from, 32u);
        barrier();
        top = 0u;
        for (uint k = 0u; k < 8u; k++)
            top = max(top, tops[me / 8u * 8u + k]);
    }
    if (flat_lane() >= all)
        return;
    const float amax = uintBitsToFloat(top);
    precise float d = amax / 127.0, id = 127.0 / amax;
    if (top < 0x0da24260u) // 1e-30
        d = 0.0;
    const bool counts = top >= 0x0da24260u && top < 0x7f800000u;
    uint word = 0u;
    int sum = 0;
    for (uint k = 0u; k < 32u; k++) {
        precise const float scaled = x.v[from + k] * id;
        const int v = counts ? nearest(scaled) : top >= 0x7f800000u ? 1 : 0;
        word |= uint(v & 255) << 8u * (k & 3u);
        sum += v;
        if ((k & 3u) == 3u) {
            Words(args.p[1]).v[chunk * 8u + k / 4u] = word;
            word = 0u;
        }
        if ((k & 15u) == 15u) {
            Ints(args.p[3]).v[chunk * 2u + k / 16u] = sum;
            sum = 0;
        }
    }
    if (BLOCK == 32u)
        Floats(args.p[2]).v[chunk] = d;
    else if (i % 8u == 0u)
        Floats(args.p[2]).v[chunk / 8u] = d;
}
