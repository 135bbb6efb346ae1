#version 450
#extension GL_GOOGLE_include_directive : require
// turn.comp - heads of q and k normed and turned by position; K and V into
// the pages: contract 5 to 7.  A workgroup per row and head: first the query
// heads, then those of K, then those of V.
//
// args.p: 0 q, 1 k, 2 v, 3 turned q, 4 norm of q, 5 norm of k, 6 the batch
// args.n: 0 rows, 1 query heads, 2 K/V heads, 3 words from the batch's begin
//         to cosines, 4 to pages, 5 pages per sequence, 6 word of the layer
//         in a page, 7 eps as bits, 8 halves of a row of cosines
#include "common.glsl"
#include "kv.glsl"
layout(constant_id = 1) const uint HEAD = 64;

shared float x[HEAD];
shared float y[HEAD];
shared float l16[16];

void norm_and_turn(Floats w, uint t)
{
    const uint lane = gl_LocalInvocationIndex, half_head = HEAD / 2u;
    for (uint l = lane; l < 16u; l += WG) {
        precise float sum = 0.0;
        for (uint i = l; i < HEAD; i += 16u) {
            precise const float p = x[i] * x[i];
            sum = sum + p;
        }
        l16[l] = sum;
    }
    for (uint h = 8u; h > 0u; h >>= 1) {
        barrier();
        if (lane < h) {
            precise const float s = l16[lane] + l16[lane + h];
            l16[lane] = s;
        }
    }
    barrier();
    precise const float mean = l16[0] / float(HEAD);
    precise const float r = 1.0 / sqrt(mean + uintBitsToFloat(args.n[7]));
    Floats turns = Floats(args.p[6]);
    const uint c = args.n[3] + 2u * t * half_head;
    for (uint i = lane; i < half_head; i += WG) {
        precise const float x0 = (x[i] * r) * w.v[i];
        precise const float x1 = (x[i + half_head] * r) * w.v[i + half_head];
        const float co = turns.v[c + i], si = turns.v[c + half_head + i];
        precise const float y0 = x0 * co - x1 * si;
        precise const float y1 = x0 * si + x1 * co;
        y[i] = y0;
        y[i + half_head] = y1;
    }
    barrier();
}

// y into the page, rounded to its type.
void put(Words page, uint base, uint width, uint at, uint first)
{
    const uint lane = gl_LocalInvocationIndex, n = at * width + first;
    if (KV_TYPE == 0u) {
        for (uint i = lane; i < HEAD; i += WG)
            page.v[base + n + i] = floatBitsToUint(y[i]);
    } else if (KV_TYPE == 1u) {
        for (uint i = lane; i < HEAD / 2u; i += WG)
            page.v[base + n / 2u + i] =
                half_bits(y[2u * i]) | half_bits(y[2u * i + 1u]) << 16;
    } else {
        // A lane per two blocks of 32: their scales share a word, unless the
        // head has an odd number of them; then two heads could share one.
        for (uint b = lane; b < HEAD / 32u; b += WG) {
            uint top = 0u;
            for (uint i = 0u; i < 32u; i++)
                top = max(top,
                          floatBitsToUint(y[32u * b + i]) & 0x7fffffffu);
            const float amax = uintBitsToFloat(top);
            precise float d = amax / 127.0, id = 127.0 / amax;
            if (top < 0x0da24260u)
                d = 0.0;
            const bool counts = top >= 0x0da24260u && top < 0x7f800000u;
            for (uint i = 0u; i < 8u; i++) {
                uint word = 0u;
                for (uint k = 0u; k < 4u; k++) {
                    precise const float s = y[32u * b + 4u * i + k] * id;
                    const int v =
                        counts ? nearest(s) : top >= 0x7f800000u ? 1 : 0;
                    word |= uint(v & 255) << 8u * k;
                }
                page.v[base + n / 4u + 8u * b + i] = word;
            }
            const uint place = at * (width / 32u) + first / 32u + b;
            const uint word = base + 64u * width + place / 2u;
            const uint shift = 16u * (place & 1u);
            atomicAnd(page.v[word], ~(0xffffu << shift));
            atomicOr(page.v[word], half_bits(d) << shift);
        }
    }
}

void main()
{
    const uint lane = gl_LocalInvocationIndex;
    const uint n_q = args.n[1], n_kv = args.n[2], all = n_q + 2u * n_kv;
    const uint t = flat_group() / all, h = flat_group() % all;
    if (t >= args.n[0])
        return;
    Words batch = Words(args.p[6]);
    const uint pos = batch.v[4u * t + 1u], seq = batch.v[4u * t + 2u];
    const bool replay = (batch.v[4u * t + 3u] & 2u) != 0u;
    if (h < n_q) {
        const uint from = (t * n_q + h) * HEAD;
        for (uint i = lane; i < HEAD; i += WG)
            x[i] = Floats(args.p[0]).v[from + i];
        barrier();
        norm_and_turn(Floats(args.p[4]), t);
        for (uint i = lane; i < HEAD; i += WG)
            Floats(args.p[3]).v[from + i] = y[i];
        return;
    }
    if (replay)
        return;
    const uint width = n_kv * HEAD;
    const bool is_v = h >= n_q + n_kv;
    const uint g = is_v ? h - n_q - n_kv : h - n_q;
    Floats from = Floats(is_v ? args.p[2] : args.p[1]);
    for (uint i = lane; i < HEAD; i += WG) {
        const float v = from.v[t * width + g * HEAD + i];
        if (is_v)
            y[i] = v;
        else
            x[i] = v;
    }
    barrier();
    if (!is_v)
        norm_and_turn(Floats(args.p[5]), t);
    const uint entry =
        args.n[4] + 2u * (seq * args.n[5] + pos / 256u);
    Words page = Words(uvec2(batch.v[entry], batch.v[entry + 1u]));
    put(page, args.n[6] + (is_v ? kv_words(width) : 0u), width, pos % 256u,
        g * HEAD);
}
