#version 450
#extension GL_GOOGLE_include_directive : require
// mat.comp - y = W x for quantised W and int8 activations, contract 4.
//
// With LPR = 1 a lane has a row of W and takes block after block.  Else LPR
// lanes share a row; each takes 32 values at a time and leaves its integers in
// shared memory, from which the terms d_a (d isum - dmin msum) are made and
// added in the order of the blocks: the contract's SEQ in both ways.  NT
// vectors meet the 32 values that were read.
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
layout(constant_id = 4) const uint SHARED = 1; // WG / LPR * NT * CHUNK
layout(constant_id = 5) const uint CHUNK = 1;  // times 32 values, LPR or more

shared int isums[SHARED]; // [row][vector][32 values]
shared int msums[SHARED];
shared float terms[SHARED];

struct Job {
    uint r, first, n_tok; // the row's first word; vectors first .. n_tok - 1
    uint x[8], y[8];
};

// Integers of values 32 sub .. 32 sub + 31 of the row, for all NT vectors.
void multiply(Job job, uint sub, inout int isum[8], inout int msum[8])
{
    const uint nb = args.n[0];
    Words q = Words(args.p[1]);
    Ints sums = Ints(args.p[3]);
    Sub s;
    load_sub(Words(args.p[0]), Words(args.p[7]), job.r, nb, sub / SUBS,
             sub % SUBS, s);
    [[unroll]] for (uint t = 0u; t < 8u; t++) {
        if (t < NT) {
            const uint at = job.x[t] * nb * (BLOCK / 4u) + sub * 8u;
            int lo = 0, hi = 0;
            [[unroll]] for (uint i = 0u; i < 4u; i++) {
                lo += dot4(s.q[i], q.v[at + i]);
                hi += dot4(s.q[i + 4u], q.v[at + i + 4u]);
            }
#if ZERO != 0 || HAS_MIN
            const uint g = job.x[t] * nb * (BLOCK / 16u) + 2u * sub;
            const int s0 = sums.v[g], s1 = sums.v[g + 1u];
            lo -= ZERO * s0;
            hi -= ZERO * s1;
            msum[t] += s.min.x * s0 + s.min.y * s1;
#endif
            isum[t] += s.scale.x * lo + s.scale.y * hi;
        }
    }
}

float term(vec2 f, float da, int isum, int msum)
{
    precise const float u = f.x * float(isum);
    precise const float v = f.y * float(msum);
    precise const float t = da * (u - v);
    return t;
}

// A row per lane.
void alone(Job job, uint row)
{
    const uint nb = args.n[0];
    float acc[8];
    [[unroll]] for (uint t = 0u; t < 8u; t++)
        acc[t] = 0.0;
    for (uint b = 0u; b < nb; b++) {
        const vec2 f = factors(Words(args.p[0]), job.r, nb, b);
        int isum[8], msum[8];
        [[unroll]] for (uint t = 0u; t < 8u; t++) {
            isum[t] = 0;
            msum[t] = 0;
        }
        for (uint j = 0u; j < SUBS; j++)
            multiply(job, b * SUBS + j, isum, msum);
        [[unroll]] for (uint t = 0u; t < 8u; t++)
            if (t < NT) {
                const float da = Floats(args.p[2]).v[job.x[t] * nb + b];
                precise const float sum =
                    acc[t] + term(f, da, isum[t], msum[t]);
                acc[t] = sum;
            }
    }
    if (row >= args.n[1])
        return;
    [[unroll]] for (uint t = 0u; t < 8u; t++)
        if (t < NT && job.first + t < job.n_tok)
            Floats(args.p[4])
                .v[(args.n[7] + job.y[t]) * args.n[5] + row] = acc[t];
}

// Integers of the workgroup's rows to terms: a lane per row, vector, block.
void make_terms(uint row0, uint first_sub, uint n_sub, uint first, uint n_tok)
{
    const uint rows = WG / LPR, nb = args.n[0];
    for (uint i = gl_LocalInvocationIndex; i < rows * NT * (n_sub / SUBS);
         i += WG) {
        const uint k = i % (n_sub / SUBS), v = i / (n_sub / SUBS);
        const uint b = first_sub / SUBS + k;
        const uint row = min(row0 + v / NT, args.n[1] - 1u);
        uint expert = 0u, at = min(first + v % NT, n_tok - 1u);
        if (IDS == 1u)
            expert = Words(args.p[5]).v[first];
        else if (IDS == 2u)
            expert = Words(args.p[5]).v[3u * gl_WorkGroupID.y];
        if (IDS == 2u)
            at = Words(args.p[6]).v[at];
        const uint r = expert * args.n[4] + row * args.n[3];
        int isum = 0, msum = 0;
        for (uint j = 0u; j < SUBS; j++) {
            isum += isums[v * CHUNK + k * SUBS + j];
            msum += msums[v * CHUNK + k * SUBS + j];
        }
        const float da = Floats(args.p[2]).v[at / args.n[6] * nb + b];
        terms[v * CHUNK + k] =
            term(factors(Words(args.p[0]), r, nb, b), da, isum, msum);
    }
}

// LPR lanes per row.
void together(Job job, uint row0)
{
    const uint lane = gl_LocalInvocationIndex % LPR;
    const uint mine = gl_LocalInvocationIndex / LPR;
    const uint all = args.n[0] * SUBS, rows = WG / LPR;
    const uint me = gl_LocalInvocationIndex;
    precise float acc = 0.0; // of row me / NT and vector me % NT
    for (uint from = 0u; from < all; from += CHUNK) {
        const uint n = min(CHUNK, all - from);
        for (uint k = lane; k < n; k += LPR) {
            int isum[8], msum[8];
            [[unroll]] for (uint t = 0u; t < 8u; t++) {
                isum[t] = 0;
                msum[t] = 0;
            }
            multiply(job, from + k, isum, msum);
            [[unroll]] for (uint t = 0u; t < 8u; t++)
                if (t < NT) {
                    isums[(mine * NT + t) * CHUNK + k] = isum[t];
                    msums[(mine * NT + t) * CHUNK + k] = msum[t];
                }
        }
        barrier();
        make_terms(row0, from, n, job.first, job.n_tok);
        barrier();
        if (me < rows * NT)
            for (uint k = 0u; k < n / SUBS; k++)
                acc = acc + terms[me * CHUNK + k];
    }
    const uint row = row0 + me / NT, at = job.first + me % NT;
    if (me < rows * NT && row < args.n[1] && at < job.n_tok) {
        const uint y = IDS == 2u ? Words(args.p[6]).v[at] : at;
        Floats(args.p[4]).v[(args.n[7] + y) * args.n[5] + row] = acc;
    }
}

void main()
{
    const uint group = gl_WorkGroupID.x + gl_WorkGroupID.z * gl_NumWorkGroups.x;
    const uint row0 = group * (WG / LPR);
    const uint row = row0 + gl_LocalInvocationIndex / LPR;
    uint expert = 0u;
    Job job;
    job.first = gl_WorkGroupID.y * NT;
    job.n_tok = args.n[2];
    if (IDS == 1u) {
        expert = Words(args.p[5]).v[job.first];
    } else if (IDS == 2u) {
        // A tile: expert, first place, how many; 0 behind the last.
        const uint tile = 3u * gl_WorkGroupID.y;
        expert = Words(args.p[5]).v[tile];
        job.first = Words(args.p[5]).v[tile + 1u];
        job.n_tok = job.first + Words(args.p[5]).v[tile + 2u];
        if (job.n_tok == job.first)
            return;
    }
    job.r = expert * args.n[4] + min(row, args.n[1] - 1u) * args.n[3];
    [[unroll]] for (uint t = 0u; t < 8u; t++) {
        if (t < NT) {
            const uint at = min(job.first + t, job.n_tok - 1u);
            job.y[t] = IDS == 2u ? Words(args.p[6]).v[at] : at;
            job.x[t] = job.y[t] / args.n[6];
        }
    }
    if (LPR == 1u)
        alone(job, row);
    else
        together(job, row0);
}
