#version 450
#extension GL_GOOGLE_include_directive : require
// conv.comp - gate, causal convolution with carried tail, gate: contract 9.
//
// A lane per channel and row; behind the rows of the batch come the rows of
// the new tails.  Which earlier value a tap meets was worked out by the host:
// entry >= 0 is a row of this batch, below 0 it is row -1 - entry of the old
// tail.
//
// args.p: 0 input [row][3 d], 1 kernel [d][taps], 2 out [row][d], 3 rows of
//         the batch, 4 entries [n_rows + n_seqs (taps - 1)][taps], 5 tails of
//         each sequence (two addresses), 6 offsets of this layer in them
// args.n: 0 d, 1 taps, 2 rows, 3 sequences, 4 layers of convolution, 5 layer,
//         6 words per row of the kernel
#include "common.glsl"
layout(constant_id = 1) const uint TYPE = 0; // of the kernel: 0, 1, 30

float kernel_at(uint c, uint j)
{
    Words w = Words(args.p[1]);
    if (TYPE == 0u)
        return uintBitsToFloat(w.v[c * args.n[6] + j]);
    const uint h = half_at(w, c * args.n[6], j);
    return TYPE == 1u ? half_value(h) : uintBitsToFloat(h << 16);
}

float tap(int entry, uint seq, uint c)
{
    const uint d = args.n[0];
    Floats x = Floats(args.p[0]);
    if (entry >= 0) {
        const uint at = uint(entry) * 3u * d;
        precise const float u = x.v[at + c] * x.v[at + 2u * d + c];
        return u;
    }
    Floats tail = Floats(Pointers(args.p[5]).v[2u * seq]);
    const uint from = Words(args.p[6]).v[2u * (seq * args.n[4] + args.n[5])];
    return tail.v[from + uint(-1 - entry) * d + c];
}

void main()
{
    const uint d = args.n[0], taps = args.n[1], n_rows = args.n[2];
    const uint at = flat_lane(), row = at / d, c = at % d;
    Ints entries = Ints(args.p[4]);
    if (row < n_rows) {
        const uint seq = Words(args.p[3]).v[4u * row + 2u];
        precise float v = 0.0;
        for (uint j = 0u; j < taps; j++) {
            precise const float p = kernel_at(c, j) *
                                    tap(entries.v[row * taps + j], seq, c);
            v = v + p;
        }
        precise const float y =
            Floats(args.p[0]).v[row * 3u * d + d + c] * v;
        Floats(args.p[2]).v[row * d + c] = y;
        return;
    }
    const uint k = row - n_rows, length = taps - 1u;
    if (length == 0u || k >= args.n[3] * length)
        return;
    const uint seq = k / length;
    Floats tail = Floats(Pointers(args.p[5]).v[2u * seq + 1u]);
    const uint to = Words(args.p[6]).v[2u * (seq * args.n[4] + args.n[5]) + 1u];
    tail.v[to + (k % length) * d + c] = tap(entries.v[row * taps], seq, c);
}
