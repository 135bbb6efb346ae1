#version 450
#extension GL_GOOGLE_include_directive : require
// group.comp - places sorted by their expert, cut into tiles of at most NT.
// One workgroup.  A tile is (expert, first, how many) in the sorted list; the
// order within an expert is chance, and no result depends on it.
//
// args.p: 0 expert of each place, 1 tiles, 2 sorted places
// args.n: 0 places, 1 experts, 2 room for tiles
#include "common.glsl"
layout(constant_id = 2) const uint NT = 8;
layout(constant_id = 4) const uint SHARED = 64; // experts + 1

shared uint begin[SHARED];
shared uint tile_begin[SHARED];

void main()
{
    const uint n = args.n[0], n_expert = args.n[1];
    const uint lane = gl_LocalInvocationIndex;
    Words ids = Words(args.p[0]);
    for (uint e = lane; e < n_expert; e += WG)
        begin[e] = 0u;
    barrier();
    for (uint i = lane; i < n; i += WG)
        atomicAdd(begin[ids.v[i]], 1u);
    barrier();
    if (lane == 0u) {
        uint at = 0u, tile = 0u;
        for (uint e = 0u; e < n_expert; e++) {
            const uint count = begin[e];
            begin[e] = at;
            tile_begin[e] = tile;
            at += count;
            tile += (count + NT - 1u) / NT;
        }
        begin[n_expert] = at;
        tile_begin[n_expert] = tile;
    }
    barrier();
    Words tiles = Words(args.p[1]);
    for (uint e = lane; e < n_expert; e += WG) {
        for (uint k = tile_begin[e]; k < tile_begin[e + 1u]; k++) {
            const uint first = begin[e] + (k - tile_begin[e]) * NT;
            tiles.v[3u * k] = e;
            tiles.v[3u * k + 1u] = first;
            tiles.v[3u * k + 2u] = min(begin[e + 1u] - first, NT);
        }
    }
    barrier();
    for (uint i = lane; i < n; i += WG)
        Words(args.p[2]).v[atomicAdd(begin[ids.v[i]], 1u)] = i;
    for (uint k = tile_begin[n_expert] + lane; k < args.n[2]; k += WG) {
        tiles.v[3u * k] = 0u;
        tiles.v[3u * k + 1u] = 0u;
        tiles.v[3u * k + 2u] = 0u;
    }
}
