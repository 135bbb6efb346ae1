#version 450
#extension GL_GOOGLE_include_directive : require
// pair.comp - two buffers to one, value by value: GLU (OP 0) or ADD (OP 1).
//
// args.p: 0 a, 1 b, 2 out       args.n: 0 values
#include "common.glsl"
layout(constant_id = 1) const uint OP = 0;

void main()
{
    const uint i = flat_lane();
    if (i >= args.n[0])
        return;
    const float a = Floats(args.p[0]).v[i], b = Floats(args.p[1]).v[i];
    precise float y;
    if (OP == 0u)
        y = contract_silu(a) * b;
    else
        y = a + b;
    Floats(args.p[2]).v[i] = y;
}
