/* products_pairs.h - a panel of weights against a few activations, where bytes
 * multiply into pairs of int16 (bytes.h): x86 and WebAssembly.
 *
 * Eight sums of int16 stay in registers where there are sixteen.  Pairs are
 * added as int16 as long as they fit (nibbles make 3810, eight of them 30480);
 * then one product with the sub-block's scale, as an int16 pair, multiplies and
 * widens.  So the scales cost a quarter or less of the products.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_PRODUCTS_PAIRS_H
#define TARN_CPU_PRODUCTS_PAIRS_H

#include "backends/cpu/panel.h"

#define ACTS 4u
#define FOR_MORE(call)

INLINE vi splat4(const void *p)
{
    int32_t v;
    memcpy(&v, p, 4);
    return vi_splat(v);
}

/* pairs of int16: sums of `fit` products from step e on. */
INLINE void some_products(const struct panel *p, uint32_t fit, bool is_signed,
                          uint32_t n, const uint8_t *const *q, uint32_t e,
                          vi x[ACTS][2])
{
#if VL > 4 /* with 16 bytes the sums are too many for unrolling (SPEED.md) */
    UNROLL
#endif
    for (uint32_t i = 0; i < fit; i++) {
        const vi w0 = vi_load(p->q[e + i][0]), w1 = vi_load(p->q[e + i][1]);
        for (uint32_t t = 0; t < n; t++) {
            const struct signed_bytes a =
                signed_bytes(splat4(q[t] + 4 * (e + i)));
            const vi x0 = terms(w0, a, is_signed);
            const vi x1 = terms(w1, a, is_signed);
            x[t][0] = i ? vi_add16(x[t][0], x0) : x0;
            x[t][1] = i ? vi_add16(x[t][1], x1) : x1;
            KEEP(x[t][0]);
            KEEP(x[t][1]);
        }
    }
}

/* One superblock against n activations; acc [n][2][VL]. */
INLINE void product_256(const struct panel *p, struct kind256 kind, uint32_t n,
                        const uint8_t *const *acts,
                        const struct cpu_act_layout *l, uint32_t b, float *acc)
{
    const uint32_t steps = 64 / kind.subs;
    const uint32_t holds = fit_of(kind.most) / 2;
    const uint32_t fit = holds < steps ? holds : steps;
    const uint8_t *q[ACTS];
    vi is[ACTS][2];
    for (uint32_t t = 0; t < n; t++) {
        q[t] = acts[t] + (size_t)b * 256;
        is[t][0] = is[t][1] = vi_splat(0);
    }
    for (uint32_t j = 0; j < kind.subs; j++)
        for (uint32_t e = 0; e < steps; e += fit) {
            vi x[ACTS][2];
            some_products(p, fit, kind.is_signed, n, q, j * steps + e, x);
            for (uint32_t v = 0; v < 2; v++) {
                const vi s = vi_load(p->scale[j][v]);
                for (uint32_t t = 0; t < n; t++)
                    is[t][v] = vi_dot2(is[t][v], x[t][v], s);
            }
        }
    for (uint32_t t = 0; t < n; t++) {
        const uint8_t *s = acts[t] + (kind.subs == 8 ? l->sums : l->s16) +
                           (size_t)b * kind.subs * 2;
        const float da = ((const float *)(const void *)(acts[t] + l->d))[b];
        for (uint32_t v = 0; v < 2; v++) {
            vi m = kind.min ? vi_splat(0) : is[t][v];
            const uint32_t pairs = kind.min || kind.zero ? kind.subs / 2 : 0;
            for (uint32_t j = 0; j < pairs; j++)
                m = vi_dot2(m, vi_load(p->pairs[j][v]), splat4(s + 4 * j));
            vf f = vf_load(p->d[0][v]) * vf_from_vi(kind.min ? is[t][v] : m);
            if (kind.min)
                f = f - vf_load(p->m[0][v]) * vf_from_vi(m);
            float *o = acc + (2 * t + v) * VL;
            vf_store(o, vf_load(o) + da * f);
        }
    }
}

/* Blocks [0, nb), nb <= 8, of 32. */
INLINE void product_32(const struct panel *p, uint32_t type, uint32_t n,
                       uint32_t nb, const uint8_t *const *acts,
                       const struct cpu_act_layout *l, uint32_t b, float *acc)
{
    const struct kind32 kind = kind32_of(type);
    const uint32_t fit = fit_of(kind.most) / 2; /* at most 8 */
    const uint8_t *q[ACTS];
    const int32_t *sums[ACTS];
    const float *d[ACTS];
    for (uint32_t t = 0; t < n; t++) {
        q[t] = acts[t] + (size_t)b * 32;
        sums[t] = (const int32_t *)(const void *)(acts[t] + l->sums) + b;
        d[t] = (const float *)(const void *)(acts[t] + l->d) + b;
    }
    for (uint32_t i = 0; i < nb; i++) {
        vi x[ACTS][2], is[ACTS][2];
        for (uint32_t t = 0; t < n; t++)
            is[t][0] = is[t][1] = vi_splat(-kind.zero * sums[t][i]);
        for (uint32_t e = 0; e < 8; e += fit) {
            some_products(p, fit, kind.is_signed, n, q, 8 * i + e, x);
            for (uint32_t t = 0; t < n; t++)
                for (uint32_t v = 0; v < 2; v++)
                    is[t][v] =
                        vi_dot2(is[t][v], x[t][v], vi_splat(0x10001));
        }
        for (uint32_t t = 0; t < n; t++)
            for (uint32_t v = 0; v < 2; v++) {
                vf f = vf_load(p->d[i][v]) * vf_from_vi(is[t][v]);
                if (kind.min)
                    f = f + vf_load(p->m[i][v]) * (float)sums[t][i];
                float *o = acc + (2 * t + v) * VL;
                vf_store(o, vf_load(o) + d[t][i] * f);
            }
    }
}

#endif
