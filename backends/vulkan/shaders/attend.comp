#version 450
#extension GL_GOOGLE_include_directive : require
// attend.comp - G query heads of one K/V head against one chunk of 256 keys,
// contract 8.  A workgroup per (part of heads, chunk, row); chunks behind the
// row's position are skipped.
//
// args.p: 0 turned q, 1 parts [row][head][chunk][2 + HEAD], 2 the batch
// args.n: 0 first row, 1 rows, 2 query heads, 3 K/V heads, 4 words to pages,
//         5 pages per sequence, 6 word of the layer in a page, 7 scale as
//         bits, 8 chunks per head in parts
#include "common.glsl"
#include "kv.glsl"
layout(constant_id = 1) const uint HEAD = 64;
layout(constant_id = 2) const uint G = 4; // at most 8
layout(constant_id = 4) const uint SHARED = 1024; // G * 256

shared float e[SHARED];
shared float q[G * HEAD];
shared float sixteen[G * 16];

void main()
{
    const uint lane = gl_LocalInvocationIndex;
    const uint chunk = gl_WorkGroupID.y;
    const uint t = args.n[0] + gl_WorkGroupID.z;
    const uint n_q = args.n[2], n_kv = args.n[3];
    const uint first = gl_WorkGroupID.x * G; // query head
    const uint g = first / (n_q / n_kv), width = n_kv * HEAD;
    Words batch = Words(args.p[2]);
    const uint pos = batch.v[4u * t + 1u], seq = batch.v[4u * t + 2u];
    if (chunk * 256u > pos)
        return;
    const uint n = min(pos + 1u - chunk * 256u, 256u);
    const uint entry = args.n[4] + 2u * (seq * args.n[5] + chunk);
    Words page = Words(uvec2(batch.v[entry], batch.v[entry + 1u]));
    const uint k_at = args.n[6], v_at = k_at + kv_words(width);
    for (uint i = lane; i < G * HEAD; i += WG)
        q[i] = Floats(args.p[0]).v[(t * n_q + first) * HEAD + i];
    barrier();
    // Scores: SEQ over the head, a key per lane.
    for (uint k = lane; k < n; k += WG) {
        precise float s[8];
        [[unroll]] for (uint h = 0u; h < 8u; h++)
            s[h] = 0.0;
        for (uint d = 0u; d < HEAD; d++) {
            const float key = kv_get(page, k_at, width, k, g * HEAD + d);
            [[unroll]] for (uint h = 0u; h < 8u; h++)
                if (h < G) {
                    precise const float p = q[h * HEAD + d] * key;
                    s[h] = s[h] + p;
                }
        }
        [[unroll]] for (uint h = 0u; h < 8u; h++)
            if (h < G) {
                precise const float scaled = s[h] * uintBitsToFloat(args.n[7]);
                e[h * 256u + k] = scaled;
            }
    }
    barrier();
    // Largest score of each head, in sixteen parts.
    for (uint i = lane; i < G * 16u; i += WG) {
        float m = e[i / 16u * 256u];
        for (uint k = i % 16u; k < n; k += 16u)
            m = max(m, e[i / 16u * 256u + k]);
        sixteen[i] = m;
    }
    barrier();
    float top[8];
    [[unroll]] for (uint h = 0u; h < 8u; h++)
        if (h < G) {
            top[h] = sixteen[h * 16u];
            for (uint k = 1u; k < 16u; k++)
                top[h] = max(top[h], sixteen[h * 16u + k]);
        }
    barrier();
    for (uint k = lane; k < n; k += WG)
        [[unroll]] for (uint h = 0u; h < 8u; h++)
            if (h < G) {
                precise const float below = e[h * 256u + k] - top[h];
                e[h * 256u + k] = contract_exp(below);
            }
    barrier();
    // l: L16 of e.
    for (uint i = lane; i < G * 16u; i += WG) {
        precise float sum = 0.0;
        for (uint k = i % 16u; k < n; k += 16u)
            sum = sum + e[i / 16u * 256u + k];
        sixteen[i] = sum;
    }
    barrier();
    Floats parts = Floats(args.p[1]);
    const uint stride = args.n[8] * (2u + HEAD);
    const uint to = ((t - args.n[0]) * n_q + first) * stride +
                    chunk * (2u + HEAD);
    [[unroll]] for (uint h = 0u; h < 8u; h++)
        if (h < G && lane == h % WG) {
            precise float s[16];
            for (uint k = 0u; k < 16u; k++)
                s[k] = sixteen[h * 16u + k];
            for (uint d = 8u; d > 0u; d >>= 1)
                for (uint k = 0u; k < d; k++)
                    s[k] = s[k] + s[k + d];
            parts.v[to + h * stride] = top[h];
            parts.v[to + h * stride + 1u] = s[0];
        }
    // o: SEQ over the keys, a dimension per lane.
    for (uint i = lane; i < G * HEAD; i += WG) {
        const uint h = i / HEAD, d = i % HEAD;
        precise float o = 0.0;
        for (uint k = 0u; k < n; k++) {
            precise const float p =
                e[h * 256u + k] * kv_get(page, v_at, width, k, g * HEAD + d);
            o = o + p;
        }
        parts.v[to + h * stride + 2u + d] = o;
    }
}
