#version 450
#extension GL_GOOGLE_include_directive : require
// combine.comp - weighted sum of the experts' results in order of rank.
//
// args.p: 0 results [row][used][d], 1 weights [row][used], 2 out [row][d]
// args.n: 0 d, 1 used, 2 rows
#include "common.glsl"

void main()
{
    const uint i = flat_lane(), d = args.n[0], used = args.n[1];
    const uint t = i / d, c = i % d;
    if (t >= args.n[2])
        return;
    Floats e = Floats(args.p[0]);
    Floats w = Floats(args.p[1]);
    precise float sum = w.v[t * used] * e.v[t * used * d + c];
    for (uint k = 1u; k < used; k++) {
        precise const float p =
            w.v[t * used + k] * e.v[(t * used + k) * d + c];
        sum = sum + p;
    }
    Floats(args.p[2]).v[i] = sum;
}
