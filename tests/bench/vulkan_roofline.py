#!/usr/bin/env python3
"""Bytes, multiply-adds and dispatches of each shader per decoded token and for
a prompt of some hundred rows, and what three cards could do at best.  Nothing is measured here: shapes are those
of the 8B (Q4_K_M), cards are their data sheets.

  vulkan_roofline.py [--depth N] [--launch MICROSECONDS] [--rows N]

Prints Markdown; docs/vulkan.md holds its output.
"""
import argparse

D, VOCAB, LAYERS, ATTN, DENSE = 2048, 128000, 24, 6, 2
HEADS, KV, HEAD, FF, EFF, EXPERTS, USED, TAPS = 32, 8, 64, 7168, 1792, 32, 4, 3
CONV, MOE = LAYERS - ATTN, LAYERS - DENSE
PEAKS, ASKED = 2048, 145  # of digest.c; of the published settings
Q4K, Q6K = 144 / 256, 210 / 256  # bytes per weight
DOWN = (Q4K + Q6K) / 2           # half of the down and v matrices are Q6_K
CARDS = [  # name, GB/s, 10^12 int8 operations by dot instructions (lanes x clock x 8)
    ("RX 7600", 288, 43), ("RTX 4060", 272, 30), ("Arc B580", 456, 55)]


def matrix(k, n, per_weight):
    return k * n * per_weight, k * n


def rows(depth):
    """(shader, dispatches per token, bytes, multiply-adds) per token."""
    parts = {}

    def add(name, times, size, macs):
        t = parts.setdefault(name, [0, 0.0, 0.0])
        t[0] += times
        t[1] += times * size
        t[2] += times * macs

    act = 4 * D
    add("embed", 1, D * Q6K + act, D)
    add("norm", 2 * LAYERS + 1, 2 * act, 2 * D)
    add("quant", CONV * 2 + ATTN * 2 + MOE * 2 + DENSE * 2 + 1, act + D, D)
    for k, n, w, times in ((D, 3 * D, Q4K, CONV), (D, D, Q4K, CONV), (D, HEADS * HEAD, Q4K, ATTN),
                           (D, KV * HEAD, Q4K, ATTN), (D, KV * HEAD, DOWN, ATTN), (HEADS * HEAD, D, Q4K, ATTN),
                           (D, FF, Q4K, 2 * DENSE), (FF, D, DOWN, DENSE)):
        add("mat: dense", times, *matrix(k, n, w))
    add("mat: experts", 2 * MOE, *matrix(D, EFF * USED, Q4K))
    add("mat: experts", MOE, *matrix(EFF * USED, D, DOWN))
    add("mat: head", 1, *matrix(D, VOCAB, Q6K))
    add("matf: router", MOE, D * EXPERTS * 4, D * EXPERTS)
    add("conv", CONV, 4 * D * (4 + TAPS), D * TAPS)
    add("turn", ATTN, 8 * D, 8 * D)
    add("attend", ATTN, depth * KV * HEAD * 2 * 2, depth * HEADS * HEAD * 2)
    add("merge", ATTN, (depth / 256 + 1) * HEADS * (HEAD + 2) * 4, D * (depth / 256 + 1))
    add("route", MOE, EXPERTS * 8, EXPERTS * EXPERTS)
    per = -(-VOCAB // PEAKS)
    blocks = -(-VOCAB // per)
    add("digest: peaks", 1, 4 * VOCAB + 4 * blocks, 12 * VOCAB)  # an exponential takes about 12
    add("digest: bound", 1, 4 * blocks, 32 * blocks)
    add("digest: pick", 1, 4 * blocks + ASKED * per * 4, ASKED * per)
    add("pair: GLU", MOE, 12 * EFF * USED, EFF * USED)
    add("pair: GLU", DENSE, 12 * FF, FF)
    add("pair: ADD", 2 * LAYERS, 3 * act, D)
    add("combine", MOE, act * (USED + 1), D * USED)
    return parts


TILE_ROWS, TILE_VECTORS = 64, 32  # of tile.comp


def tiles(n):
    """(shader, dispatches, bytes that reach the lanes, bytes of weights, multiply-adds) for n rows of a prompt.

    A tile reads its rows of the matrix once per 32 vectors and its vectors once per 64 rows; what of that comes from
    the card's memory and not from its cache is at least every weight once."""
    parts = {}

    def add(name, times, k, rows, vectors, per_weight, n_matrices=1):
        t = parts.setdefault(name, [0, 0.0, 0.0, 0.0])
        groups = -(-vectors // TILE_VECTORS)
        t[0] += times
        t[1] += times * n_matrices * (k * rows * per_weight * groups + vectors * k * -(-rows // TILE_ROWS))
        t[2] += times * n_matrices * k * rows * per_weight
        t[3] += times * n_matrices * k * rows * vectors

    for k, m, w, times in ((D, 3 * D, Q4K, CONV), (D, D, Q4K, CONV), (D, HEADS * HEAD, Q4K, ATTN),
                           (D, KV * HEAD, Q4K, ATTN), (D, KV * HEAD, DOWN, ATTN), (HEADS * HEAD, D, Q4K, ATTN),
                           (D, FF, Q4K, 2 * DENSE), (FF, D, DOWN, DENSE)):
        add("tile: dense", times, k, m, n, w)
    each = n * USED // EXPERTS
    add("tile: experts", 2 * MOE, D, EFF, each, Q4K, EXPERTS)
    add("tile: experts", MOE, EFF, D, each, DOWN, EXPERTS)
    return parts


def print_tiles(n):
    parts = tiles(n)
    print("| %d rows | dispatches | GB of weights | GB into tiles | G multiply-adds | %s |" % (
        n, " | ".join("%s, ms" % c[0] for c in CARDS)))
    print("|---|---|---|---|---|" + "---|" * len(CARDS))
    total = [0, 0.0, 0.0, 0.0]
    for name, p in parts.items():
        total = [a + b for a, b in zip(total, p)]
        print("| %s | %d | %.2f | %.2f | %.0f | %s |" % (name, p[0], p[2] / 1e9, p[1] / 1e9, p[3] / 1e9, " | ".join(
            "%.1f" % max(p[2] / gb / 1e6, 2 * p[3] / ops / 1e9) for _, gb, ops in CARDS)))
    best = [max(total[2] / gb / 1e6, 2 * total[3] / ops / 1e9) for _, gb, ops in CARDS]
    print("| **both** | **%d** | **%.2f** | **%.2f** | **%.0f** | %s |" % (
        total[0], total[2] / 1e9, total[1] / 1e9, total[3] / 1e9, " | ".join("**%.1f**" % t for t in best)))
    print("| tokens/s at most | | | | | %s |" % " | ".join("%.0f" % (1e3 * n / t) for t in best))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--depth", type=int, default=1024)
    a.add_argument("--launch", type=float, default=4.0)
    a.add_argument("--rows", type=int, default=512)
    o = a.parse_args()
    parts = rows(o.depth)
    print("| shader | dispatches | MB | M multiply-adds | " + " | ".join("%s, us" % c[0] for c in CARDS) + " |")
    print("|---|---|---|---|" + "---|" * len(CARDS))
    total = [0, 0.0, 0.0]
    for name, (n, size, macs) in parts.items():
        times = " | ".join("%.0f" % max(size / gb / 1e3, 2 * macs / ops / 1e6) for _, gb, ops in CARDS)
        print("| %s | %d | %.2f | %.1f | %s |" % (name, n, size / 1e6, macs / 1e6, times))
        for i, v in enumerate((n, size, macs)):
            total[i] += v
    times = [max(total[1] / gb / 1e3, 2 * total[2] / ops / 1e6) for _, gb, ops in CARDS]
    print("| **all** | **%d** | **%.0f** | **%.0f** | %s |" % (
        total[0], total[1] / 1e6, total[2] / 1e6, " | ".join("**%.0f**" % t for t in times)))
    print()
    print("| depth %d | %s |" % (o.depth, " | ".join(c[0] for c in CARDS)))
    print("|---|" + "---|" * len(CARDS))
    print("| tokens/s at the card's bandwidth | %s |" % " | ".join("%.0f" % (1e6 / t) for t in times))
    print("| with %g us per dispatch and 80 %% of the bandwidth | %s |" % (
        o.launch, " | ".join("%.0f" % (1e6 / (t / 0.8 + total[0] * o.launch)) for t in times)))
    print()
    print_tiles(o.rows)


main()
