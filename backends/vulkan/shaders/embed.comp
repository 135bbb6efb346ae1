#version 450
#extension GL_GOOGLE_include_directive : require
// embed.comp - rows of a table as float32: a lane per 32 values (per value for
// plain types).
//
// args.p: 0 table, 1 tokens, 2 out, 7 grid
// args.n: 0 blocks (plain types: values) per row, 1 rows of the table,
//         2 rows of out, 3 words per row, 4 width of out
#include "common.glsl"
#if TYPE > 1 && TYPE != 30
#include "blocks.glsl"
#endif

void main()
{
    const uint at = flat_lane();
    Words w = Words(args.p[0]);
    Floats y = Floats(args.p[2]);
#if TYPE > 1 && TYPE != 30
    const uint per_row = args.n[0] * SUBS;
#else
    const uint per_row = args.n[0];
#endif
    const uint t = at / per_row, i = at % per_row;
    if (t >= args.n[2])
        return;
    const uint token = min(Words(args.p[1]).v[4u * t], args.n[1] - 1u);
    const uint r = token * args.n[3], to = t * args.n[4];
#if TYPE == 0
    y.v[to + i] = uintBitsToFloat(w.v[r + i]);
#elif TYPE == 1
    y.v[to + i] = half_value(half_at(w, r, i));
#elif TYPE == 30
    y.v[to + i] = uintBitsToFloat(half_at(w, r, i) << 16);
#else
    const vec2 f = factors(w, r, args.n[0], i / SUBS);
    Sub s;
    load_sub(w, Words(args.p[7]), r, args.n[0], i / SUBS, i % SUBS, s);
    for (uint k = 0u; k < 32u; k++) {
        const int q = bitfieldExtract(int(s.q[k / 4u]), int(8u * (k & 3u)), 8);
        const uint g = k / 16u;
        precise const float u = f.x * float(s.scale[g]) * float(q - ZERO);
        precise const float v = f.y * float(s.min[g]);
        precise const float value = u - v;
        y.v[to + 32u * i + k] = value;
    }
#endif
}
