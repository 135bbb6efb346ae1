#version 450
#extension GL_GOOGLE_include_directive : require
// peaks.comp - the first of three that make a digest: the largest logit of every
// block, and the sums of a part of the row.  A lane per block, a workgroup per
// part: its largest logit m, the sum of e = exp(l - m), of e (l - m), and whether
// it holds a NaN or +infinity.  Float32 with the rounding carried along: the
// processor joins the parts in float64.
//
// args.p: 0 logits [row][n], 1 records, 2 peaks [row][block]
// args.n: 0 logits of a row, 1 rows, 2 blocks, 3 parts, 4 words of a record
#include "common.glsl"
#include "order.glsl"

shared uint top[WG];
shared uint wrong[WG];
shared float sums[WG];
shared float products[WG];

void main()
{
    const uint n = args.n[0], n_blocks = args.n[2], lane = gl_LocalInvocationIndex;
    const uint row = flat_group() / args.n[3], part = flat_group() % args.n[3];
    if (row >= args.n[1])
        return;
    Words logits = Words(args.p[0]);
    const uint block = part * WG + lane;
    uint peak = 0u, bad = 0u;
    for (uint i = block; block < n_blocks && i < n; i += n_blocks) {
        const uint bits = logits.v[row * n + i];
        peak = max(peak, key_of(bits));
        bad |= (bits & 0x7fffffffu) > 0x7f800000u || bits == 0x7f800000u ? 1u : 0u;
    }
    if (block < n_blocks)
        Words(args.p[2]).v[row * n_blocks + block] = peak;
    top[lane] = peak;
    wrong[lane] = bad;
    for (uint h = WG / 2u; h > 0u; h >>= 1) {
        barrier();
        if (lane < h) {
            top[lane] = max(top[lane], top[lane + h]);
            wrong[lane] |= wrong[lane + h];
        }
    }
    barrier();
    const float m = value_of(top[0]);
    const bool counts = top[0] > LEAST && wrong[0] == 0u;
    precise float sum = 0.0, lost = 0.0, product = 0.0, missing = 0.0;
    for (uint i = block; counts && block < n_blocks && i < n; i += n_blocks) {
        precise const float off = uintBitsToFloat(logits.v[row * n + i]) - m;
        const float e = contract_exp(off);
        precise const float y = e - lost;
        precise const float s = sum + y;
        lost = (s - sum) - y;
        sum = s;
        precise const float t = e > 0.0 ? e * off : 0.0;
        precise const float z = t - missing;
        precise const float p = product + z;
        missing = (p - product) - z;
        product = p;
    }
    sums[lane] = sum;
    products[lane] = product;
    for (uint h = WG / 2u; h > 0u; h >>= 1) {
        barrier();
        if (lane < h) {
            sums[lane] += sums[lane + h];
            products[lane] += products[lane + h];
        }
    }
    if (lane != 0u)
        return;
    Words record = Words(args.p[1]);
    const uint to = row * args.n[4] + RECORD_HEAD + part * PART_WORDS;
    record.v[to] = floatBitsToUint(m);
    record.v[to + 1u] = floatBitsToUint(sums[0]);
    record.v[to + 2u] = floatBitsToUint(products[0]);
    record.v[to + 3u] = wrong[0];
}
