#version 450
#extension GL_GOOGLE_include_directive : require
// pick.comp - the third: lists the logits that reach the bound, in any order, as
// far as there is room, and counts them all.  A lane per block; most blocks'
// peaks don't reach it.
//
// args.p: 0 logits [row][n], 1 records, 2 peaks [row][block]
// args.n: 0 logits of a row, 1 rows, 2 blocks, 3 parts, 4 words of a record,
//         5 room of the list
#include "common.glsl"
#include "order.glsl"

void main()
{
    const uint n = args.n[0], n_blocks = args.n[2];
    const uint row = flat_group() / args.n[3];
    const uint block = flat_group() % args.n[3] * WG + gl_LocalInvocationIndex;
    if (row >= args.n[1] || block >= n_blocks)
        return;
    Words logits = Words(args.p[0]);
    Words record = Words(args.p[1]);
    const uint head = row * args.n[4];
    const uint bound = record.v[head + 1u];
    if (Words(args.p[2]).v[row * n_blocks + block] < bound)
        return;
    const uint list = head + RECORD_HEAD + args.n[3] * PART_WORDS;
    for (uint i = block; i < n; i += n_blocks) {
        const uint bits = logits.v[row * n + i];
        if (key_of(bits) < bound)
            continue;
        const uint at = atomicAdd(record.v[head], 1u);
        if (at < args.n[5]) {
            record.v[list + 2u * at] = i;
            record.v[list + 2u * at + 1u] = bits;
        }
    }
}
