/* common.c - the common way through a product, for every quantised type.
 *
 * A block becomes exact int16 with the sub-block scales multiplied in
 * (unpack.h), so one integer product serves all types.  For many rows of
 * activations, weight rows are unpacked once into a panel: int16 pairs, rows
 * in the lanes, so that one pair of activations (broadcast) meets VL rows:
 *
 *     per block: pairs [n/2][2][VL][2] i16, then d, dm [2][VL] f32,
 *                minima [8][2][VL][2] i16 (A256) - all of 2 * VL rows
 *
 * Panel of two vectors by four activations: eight sums stay in registers on
 * machines with sixteen.  Bound on |isum|: unpack.h.  Measured: SPEED.md. */
#include <string.h>

#include "backends/cpu/fetch.h"
#include "backends/cpu/transpose.h"
#include "backends/cpu/vec.h"

#define PANEL (2 * VL)
#define ACTS 4   /* activations at a time */
#define BATCH 64 /* activations whose sums wait in the first cache */

struct panel_block {
    int32_t minima[8][2][VL]; /* pairs of int16; A256 */
    float d[2][VL], dm[2][VL];
};

/* Of a scratch: the pairs of all blocks, their panel_blocks, the sums. */
struct panel {
    int32_t *pairs; /* [k/2][2][VL] */
    struct panel_block *blocks;
    float *acc; /* [BATCH][2][VL] */
};

static struct panel panel_in(void *scratch, uint32_t k)
{
    struct panel p;
    uint8_t *at = scratch;
    p.pairs = scratch;
    at += (size_t)k * PANEL * sizeof(int16_t);
    p.blocks = (struct panel_block *)(void *)at;
    at += k / 32 * sizeof(struct panel_block);
    p.acc = (float *)(void *)at;
    return p;
}

size_t tarn_cpu_common_many_scratch(uint32_t k)
{
    return (size_t)k * PANEL * sizeof(int16_t) +
           k / 32 * sizeof(struct panel_block) +
           BATCH * PANEL * sizeof(float);
}

/* Block by block, VL rows at a time; lanes without a row
 * repeat the last one, nobody reads them. */
static void unpack_panel(const struct cpu_tile *t, uint32_t row,
                         const struct panel *p)
{
    const struct tarn_type_traits tr = tarn_type_traits(t->ops->type);
    const uint32_t n_blocks = t->k / tr.block, words = tr.block / 2;
    const cpu_unpack_fn unpack = tarn_cpu_unpack(t->ops->type);
    struct cpu_block b[VL];
    for (uint32_t i = 0; i < n_blocks; i++)
        for (uint32_t v = 0; v < 2; v++) {
            struct panel_block *o = p->blocks + i;
            for (uint32_t r = 0; r < VL; r++) {
                const uint32_t at = row + v * VL + r;
                const uint32_t from = at < t->n_rows ? at : t->n_rows - 1;
                unpack(t->w + from * t->row_bytes + (size_t)i * tr.bytes,
                       b + r);
                o->d[v][r] = b[r].d;
                o->dm[v][r] = b[r].dm;
                const bool min = b[r].dm != 0.0f;
                for (int j = 0; tr.block == 256 && j < 8; j++) {
                    int32_t pair = 0;
                    if (min)
                        memcpy(&pair, b[r].mn + 2 * j, 4);
                    o->minima[j][v][r] = pair;
                }
            }
            int32_t *pairs = p->pairs + (size_t)i * words * PANEL + v * VL;
            for (uint32_t j = 0; j < words; j += VL)
                transpose_words(b[0].w + 2 * j, sizeof *b, pairs + j * PANEL,
                                PANEL * sizeof *pairs);
        }
}

INLINE vi pair_splat(const int16_t *p)
{
    int32_t v;
    memcpy(&v, p, 4);
    return vi_splat(v);
}

INLINE const float *scales_in(const uint8_t *act,
                              const struct cpu_act_layout *l)
{
    return (const float *)(const void *)(act + l->d);
}

/* Adds da * (d * isum - dm * m) to acc [2][VL]. */
INLINE void add_terms(const struct panel_block *b, const vi is[2],
                      const vi m[2], float da, float *acc)
{
    for (int v = 0; v < 2; v++) {
        const vf x = vf_load(b->d[v]) * vf_from_vi(is[v]) -
                     vf_load(b->dm[v]) * vf_from_vi(m[v]);
        float *o = acc + v * VL;
        vf_store(o, vf_load(o) + da * x);
    }
}

/* The integer sums of n activations over `pairs` pairs; q: theirs. */
INLINE void pair_sums(const int32_t *w, uint32_t pairs, uint32_t n,
                      const int16_t *const *q, vi is[ACTS][2])
{
    for (uint32_t t = 0; t < n; t++)
        is[t][0] = is[t][1] = vi_splat(0);
    for (uint32_t j = 0; j < pairs; j++) {
        const vi w0 = vi_load(w + j * PANEL), w1 = vi_load(w + j * PANEL + VL);
        for (uint32_t t = 0; t < n; t++) {
            const vi a = pair_splat(q[t] + 2 * j);
            is[t][0] = vi_dot2(is[t][0], w0, a);
            is[t][1] = vi_dot2(is[t][1], w1, a);
            KEEP(is[t][0]);
            KEEP(is[t][1]);
        }
    }
}

/* Superblock `at` against n <= ACTS activations; acc [n][2][VL]. */
INLINE void product_a256(const struct panel *p, uint32_t n,
                         const uint8_t *const *acts,
                         const struct cpu_act_layout *l, uint32_t at,
                         float *acc)
{
    const struct panel_block *b = p->blocks + at;
    const int16_t *q[ACTS];
    vi is[ACTS][2];
    for (uint32_t t = 0; t < n; t++)
        q[t] = (const int16_t *)(const void *)(acts[t] + l->q16) +
               (size_t)at * 256;
    pair_sums(p->pairs + (size_t)at * 128 * PANEL, 128, n, q, is);
    for (uint32_t t = 0; t < n; t++) {
        const int16_t *s =
            (const int16_t *)(const void *)(acts[t] + l->s16) + 16 * at;
        vi m[2] = { { 0 }, { 0 } };
        for (int j = 0; j < 8; j++)
            for (int v = 0; v < 2; v++)
                m[v] = vi_dot2(m[v], vi_load(b->minima[j][v]),
                               pair_splat(s + 2 * j));
        add_terms(b, is[t], m, scales_in(acts[t], l)[at],
                  acc + (size_t)t * PANEL);
    }
}

/* Blocks [at, at + nb) of 32. */
INLINE void product_a32(const struct panel *p, uint32_t n,
                        const uint8_t *const *acts,
                        const struct cpu_act_layout *l, uint32_t at,
                        uint32_t nb, float *acc)
{
    for (uint32_t b = at; b < at + nb; b++) {
        const int16_t *q[ACTS];
        vi is[ACTS][2];
        for (uint32_t t = 0; t < n; t++)
            q[t] = (const int16_t *)(const void *)(acts[t] + l->q16) +
                   (size_t)b * 32;
        pair_sums(p->pairs + (size_t)b * 16 * PANEL, 16, n, q, is);
        for (uint32_t t = 0; t < n; t++) {
            const int32_t *sums =
                (const int32_t *)(const void *)(acts[t] + l->sums);
            const vi m[2] = { vi_splat(sums[b]), vi_splat(sums[b]) };
            add_terms(p->blocks + b, is[t], m, scales_in(acts[t], l)[b],
                      acc + (size_t)t * PANEL);
        }
    }
}

/* 256 values, number `at`, of which nb blocks of 32 are there. */
KERNEL static void run_panel(const struct panel *p, bool a256, uint32_t n,
                             const uint8_t *const *acts,
                             const struct cpu_act_layout *l, uint32_t at,
                             uint32_t nb, float *acc)
{
    if (a256)
        switch (n) {
        case 4: product_a256(p, 4, acts, l, at, acc); break;
        case 3: product_a256(p, 3, acts, l, at, acc); break;
        case 2: product_a256(p, 2, acts, l, at, acc); break;
        default: product_a256(p, 1, acts, l, at, acc); break;
        }
    else
        switch (n) {
        case 4: product_a32(p, 4, acts, l, 8 * at, nb, acc); break;
        case 3: product_a32(p, 3, acts, l, 8 * at, nb, acc); break;
        case 2: product_a32(p, 2, acts, l, 8 * at, nb, acc); break;
        default: product_a32(p, 1, acts, l, 8 * at, nb, acc); break;
        }
}

void tarn_cpu_common_many(const struct cpu_tile *t)
{
    const struct cpu_act_layout l =
        tarn_cpu_act_layout(t->ops->form, t->k, true);
    const struct panel p = panel_in(t->scratch, t->k);
    const size_t panels = (t->k + 255) / 256;
    struct fetcher next =
        fetcher_of(t, panels * ((t->n_acts + ACTS - 1) / ACTS));
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        const uint32_t rows = t->n_rows - row < PANEL ? t->n_rows - row : PANEL;
        unpack_panel(t, row, &p);
        for (uint32_t a = 0; a < t->n_acts; a += BATCH) {
            const uint32_t n = t->n_acts - a < BATCH ? t->n_acts - a : BATCH;
            memset(p.acc, 0, (size_t)n * PANEL * sizeof(float));
            for (uint32_t at = 0; at < panels; at++) {
                const uint32_t left = (t->k - 256 * at) / 32;
                for (uint32_t i = 0; i < n; i += ACTS) {
                    run_panel(&p, t->ops->form == CPU_A256,
                              n - i < ACTS ? n - i : ACTS, t->acts + a + i, &l,
                              at, left < 8 ? left : 8,
                              p.acc + (size_t)i * PANEL);
                    fetch_some(&next);
                }
            }
            for (uint32_t i = 0; i < n; i++)
                memcpy(t->y[a + i] + t->y_at + row, p.acc + (size_t)i * PANEL,
                       rows * sizeof(float));
        }
    }
}
