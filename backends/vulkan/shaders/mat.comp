#version 450
#extension GL_GOOGLE_include_directive : require
// mat.comp - y = W x for quantised W and int8 activations, contract 4.
//
// LPR lanes share a row of W; each takes 32 values at a time, meets NT vectors
// with them and adds d_a (d isum - dmin msum) to one accumulator per vector.
// With LPR = 1 a lane does whole blocks in order: the contract's SEQ.
//
// args.p: 0 W, 1 q, 2 d_a, 3 sums of 16, 4 y, 5 expert of each place (or list
//         of tiles), 6 places in order of tiles, 7 grid
// args.n: 0 blocks per row, 1 rows of W, 2 vectors, 3 words per row of W,
//         4 words per expert, 5 stride of y, 6 places per vector of x,
//         7 first row of y
#include "common.glsl"
#include "blocks.glsl"
layout(constant_id = 1) const uint LPR = 1;
layout(constant_id = 2) const uint NT = 1;    // at most 8
layout(constant_id = 3) const uint IDS = 0;   // 0 plain, 1 places, 2 tiles
layout(constant_id = 4) const uint SHARED = 1; // WG * NT if LPR > 1

shared float part[SHARED];

void main()
{
    const uint lane = gl_LocalInvocationIndex % LPR;
    const uint group = gl_WorkGroupID.x + gl_WorkGroupID.z * gl_NumWorkGroups.x;
    const uint row = group * (WG / LPR) + gl_LocalInvocationIndex / LPR;
    const uint nb = args.n[0], n_rows = args.n[1];
    uint first = gl_WorkGroupID.y * NT, n_tok = args.n[2], expert = 0u;
    if (IDS == 1u) {
        expert = Words(args.p[5]).v[first];
    } else if (IDS == 2u) {
        // A tile: expert, first place, how many; 0 behind the last.
        const uint tile = 3u * gl_WorkGroupID.y;
        expert = Words(args.p[5]).v[tile];
        first = Words(args.p[5]).v[tile + 1u];
        n_tok = first + Words(args.p[5]).v[tile + 2u];
        if (n_tok == first)
            return;
    }
    Words w = Words(args.p[0]);
    Words q = Words(args.p[1]);
    Floats da = Floats(args.p[2]);
    Ints sums = Ints(args.p[3]);
    Words grid = Words(args.p[7]);
    const uint r = expert * args.n[4] + min(row, n_rows - 1u) * args.n[3];
    uint x[8], y[8];
    float acc[8];
    [[unroll]] for (uint t = 0u; t < 8u; t++) {
        if (t < NT) {
            const uint at = min(first + t, n_tok - 1u);
            y[t] = IDS == 2u ? Words(args.p[6]).v[at] : at;
            x[t] = y[t] / args.n[6];
            acc[t] = 0.0;
        }
    }
    const uint span = LPR == 1u ? SUBS : 1u;
    for (uint sub = lane * span; sub < nb * SUBS; sub += LPR * span) {
        const uint b = sub / SUBS;
        const vec2 f = factors(w, r, nb, b);
        int isum[8], msum[8];
        [[unroll]] for (uint t = 0u; t < 8u; t++) {
            isum[t] = 0;
            msum[t] = 0;
        }
        for (uint k = 0u; k < span; k++) {
            const uint j = (sub + k) % SUBS;
            Sub s;
            load_sub(w, grid, r, nb, b, j, s);
            [[unroll]] for (uint t = 0u; t < 8u; t++) {
                if (t < NT) {
                    const uint at = x[t] * nb * (BLOCK / 4u) + (sub + k) * 8u;
                    int lo = 0, hi = 0;
                    [[unroll]] for (uint i = 0u; i < 4u; i++) {
                        lo += dot4(s.q[i], q.v[at + i]);
                        hi += dot4(s.q[i + 4u], q.v[at + i + 4u]);
                    }
#if ZERO != 0 || HAS_MIN
                    const uint g = x[t] * nb * (BLOCK / 16u) + 2u * (sub + k);
                    const int s0 = sums.v[g], s1 = sums.v[g + 1u];
                    lo -= ZERO * s0;
                    hi -= ZERO * s1;
                    msum[t] += s.min.x * s0 + s.min.y * s1;
#endif
                    isum[t] += s.scale.x * lo + s.scale.y * hi;
                }
            }
        }
        [[unroll]] for (uint t = 0u; t < 8u; t++) {
            if (t < NT) {
                precise const float u = f.x * float(isum[t]);
                precise const float v = f.y * float(msum[t]);
                precise const float term = da.v[x[t] * nb + b] * (u - v);
                precise const float sum = acc[t] + term;
                acc[t] = sum;
            }
        }
    }
    if (LPR > 1u) {
        [[unroll]] for (uint t = 0u; t < 8u; t++)
            if (t < NT)
                part[t * WG + gl_LocalInvocationIndex] = acc[t];
        for (uint h = LPR / 2u; h > 0u; h >>= 1) {
            barrier();
            if (lane < h)
                [[unroll]] for (uint t = 0u; t < 8u; t++)
                    if (t < NT)
                        part[t * WG + gl_LocalInvocationIndex] +=
                            part[t * WG + gl_LocalInvocationIndex + h];
        }
        [[unroll]] for (uint t = 0u; t < 8u; t++)
            if (t < NT)
                acc[t] = part[t * WG + gl_LocalInvocationIndex];
    }
    if (lane == 0u && row < n_rows) {
        Floats out_y = Floats(args.p[4]);
        [[unroll]] for (uint t = 0u; t < 8u; t++)
            if (t < NT && first + t < n_tok)
                out_y.v[(args.n[7] + y[t]) * args.n[5] + row] = acc[t];
    }
}
