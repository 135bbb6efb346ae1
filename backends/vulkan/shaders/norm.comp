#version 450
#extension GL_GOOGLE_include_directive : require
// norm.comp - out = rmsnorm(x) * w per row, contract 5.
//
// args.p: 0 x, 1 w, 2 out, 3 rows of x to take (or unused)
// args.n: 0 values, 1 rows, 2 eps as bits, 3 rows are picked by p3, 4 stride
//         of x, 5 stride of out
#include "common.glsl"
#include "sums.glsl"

void main()
{
    const uint t = LANES == 1u ? flat_lane() : flat_group();
    if (t >= args.n[1])
        return;
    Floats x = Floats(args.p[0]);
    const uint row = args.n[3] != 0u ? Words(args.p[3]).v[t] : t;
    const uint from = row * args.n[4], to = t * args.n[5];
    const uint n = args.n[0];
    precise const float mean = sum_squares(x, from, n) / float(n);
    precise const float r = 1.0 / sqrt(mean + uintBitsToFloat(args.n[2]));
    const uint lane = LANES == 1u ? 0u : gl_LocalInvocationIndex;
    for (uint i = lane; i < n; i += LANES) {
        precise const float y = (x.v[from + i] * r) * Floats(args.p[1]).v[i];
        Floats(args.p[2]).v[to + i] = y;
    }
}
