/* products_neon.h - a panel of weights against a few activations on NEON: dot
 * products of four bytes, products of int8 matrices (2 x 8 by 8 x 2), or
 * products of bytes to int16 alone.
 *
 * Everything is signed on both sides, so all types go this way.  The sums of a
 * sub-block meet its scale as int32.  Four activations (six for matrices) by
 * eight rows are eight sums, and as many or twice as many on the way, of
 * thirty-two registers.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_PRODUCTS_NEON_H
#define TARN_CPU_PRODUCTS_NEON_H

#include "backends/cpu/panel.h"

#if TARN_CPU_MATRIX
#define ACTS 6u
#define FOR_MORE(call)      \
    case 6: call(6); break; \
    case 5: call(5); break;
#else
#define ACTS 4u
#define FOR_MORE(call)
#endif

INLINE int8x16_t bytes16(const void *p)
{
    return vld1q_s8(p);
}

/* word_sums(): sums over `steps` words (4 or 8) of a panel from word e on, x
 * [n][2][VL]; most: the largest magnitude of a weight.
 * untangle(): x, or what came of it lane by lane, as rows in the lanes. */
#if TARN_CPU_MATRIX
/* Vectors 2u and 2u + 1 hold activations 2u and 2u + 1: of the first two rows,
 * of the next two. */
#define TANGLED(n_) (((n_) + 1) / 2 * 2)
INLINE void word_sums(const struct panel *p, uint32_t most, uint32_t n,
                      const uint8_t *const *q, uint32_t e, uint32_t steps,
                      vi x[ACTS][2])
{
    /* Without a second activation the first goes twice. */
    int32x4_t s[ACTS / 2][4];
    const uint32_t pairs = (n + 1) / 2;
    (void)most;
    UNROLL
    for (uint32_t u = 0; u < pairs; u++)
        UNROLL
        for (uint32_t r = 0; r < 4; r++)
            s[u][r] = vdupq_n_s32(0);
    UNROLL
    for (uint32_t i = e; i < e + steps; i += 4) {
        int8x16_t a[ACTS / 2][2];
        UNROLL
        for (uint32_t u = 0; u < pairs; u++) {
            const int64x2_t one =
                vreinterpretq_s64_s8(bytes16(q[2 * u] + 4 * i));
            const int64x2_t two = vreinterpretq_s64_s8(
                bytes16(q[2 * u + 1 < n ? 2 * u + 1 : 2 * u] + 4 * i));
            a[u][0] = vreinterpretq_s8_s64(vzip1q_s64(one, two));
            a[u][1] = vreinterpretq_s8_s64(vzip2q_s64(one, two));
        }
        UNROLL
        for (uint32_t h = 0; h < 2; h++)
            UNROLL
            for (uint32_t r = 0; r < 4; r++) {
                const int8x16_t w = bytes16(p->q[i + 2 * h + r % 2][r / 2]);
                UNROLL
                for (uint32_t u = 0; u < pairs; u++)
                    s[u][r] = vmmlaq_s32(s[u][r], w, a[u][h]);
            }
    }
    UNROLL
    for (uint32_t u = 0; u < pairs; u++)
        UNROLL
        for (uint32_t v = 0; v < 2; v++) {
            x[2 * u][v] = (vi)s[u][2 * v];
            x[2 * u + 1][v] = (vi)s[u][2 * v + 1];
        }
}

INLINE void untangle(uint32_t n, vi x[ACTS][2])
{
    UNROLL
    for (uint32_t t = 0; t < n; t += 2)
        UNROLL
        for (uint32_t v = 0; v < 2; v++) {
            const int32x4_t a = (int32x4_t)x[t][v];
            const int32x4_t b = (int32x4_t)x[t + 1][v];
            x[t][v] = (vi)vuzp1q_s32(a, b);
            x[t + 1][v] = (vi)vuzp2q_s32(a, b);
        }
}
#else
#define TANGLED(n_) (n_)
INLINE void untangle(uint32_t n, vi x[ACTS][2])
{
    (void)n;
    (void)x;
}
#endif

#if TARN_CPU_DOT && !TARN_CPU_MATRIX
/* Word k of a against every word of w. */
INLINE int32x4_t dot_word(int32x4_t s, int8x16_t w, int8x16_t a, uint32_t k)
{
    switch (k) {
    case 0: return vdotq_laneq_s32(s, w, a, 0);
    case 1: return vdotq_laneq_s32(s, w, a, 1);
    case 2: return vdotq_laneq_s32(s, w, a, 2);
    default: return vdotq_laneq_s32(s, w, a, 3);
    }
}

INLINE void word_sums(const struct panel *p, uint32_t most, uint32_t n,
                      const uint8_t *const *q, uint32_t e, uint32_t steps,
                      vi x[ACTS][2])
{
    int32x4_t s[ACTS][2];
    (void)most;
    UNROLL
    for (uint32_t t = 0; t < n; t++)
        s[t][0] = s[t][1] = vdupq_n_s32(0);
    UNROLL
    for (uint32_t i = e; i < e + steps; i += 4) {
        int8x16_t a[ACTS];
        UNROLL
        for (uint32_t t = 0; t < n; t++)
            a[t] = bytes16(q[t] + 4 * i);
        UNROLL
        for (uint32_t k = 0; k < 4; k++)
            UNROLL
            for (uint32_t v = 0; v < 2; v++) {
                const int8x16_t w = bytes16(p->q[i + k][v]);
                UNROLL
                for (uint32_t t = 0; t < n; t++)
                    s[t][v] = dot_word(s[t][v], w, a[t], k);
            }
    }
    UNROLL
    for (uint32_t t = 0; t < n; t++)
        UNROLL
        for (uint32_t v = 0; v < 2; v++)
            x[t][v] = (vi)s[t][v];
}
#elif !TARN_CPU_DOT
/* Of `words` words from word e + i on; a vector of int16 has two rows. */
INLINE void some_products(const struct panel *p, uint32_t n,
                          const uint8_t *const *q, uint32_t e, uint32_t i,
                          uint32_t words, int16x8_t s[ACTS][2][2])
{
    UNROLL
    for (uint32_t k = i; k < i + words; k++)
        UNROLL
        for (uint32_t t = 0; t < n; t++) {
            /* Four words are loaded at once. */
            const vi four = vi_load(q[t] + 4 * e + k / 4 * 16);
            const int8x16_t a = (int8x16_t)vi_splat(four[k % 4]);
            UNROLL
            for (uint32_t v = 0; v < 2; v++) {
                const int8x16_t w = bytes16(p->q[e + k][v]);
                int16x8_t *o = s[t][v];
                o[0] = k == i ? vmull_s8(vget_low_s8(w), vget_low_s8(a))
                              : vmlal_s8(o[0], vget_low_s8(w),
                                         vget_low_s8(a));
                o[1] = k == i ? vmull_high_s8(w, a)
                              : vmlal_high_s8(o[1], w, a);
            }
        }
}

INLINE void word_sums(const struct panel *p, uint32_t most, uint32_t n,
                      const uint8_t *const *q, uint32_t e, uint32_t steps,
                      vi x[ACTS][2])
{
    /* Products that one int16 holds: of that many words, and then of two
     * neighbours if it holds twice as many. */
    const uint32_t holds = fit_of(most), fit = holds < steps ? holds : steps;
    const bool twice = holds >= 2 * steps;
    int32x4_t sum[ACTS][2][2];
    UNROLL
    for (uint32_t t = 0; t < n; t++)
        UNROLL
        for (uint32_t v = 0; v < 2; v++)
            sum[t][v][0] = sum[t][v][1] = vdupq_n_s32(0);
    UNROLL
    for (uint32_t i = 0; i < steps; i += fit) {
        int16x8_t s[ACTS][2][2]; /* two rows each */
        some_products(p, n, q, e, i, fit, s);
        UNROLL
        for (uint32_t t = 0; t < n; t++)
            UNROLL
            for (uint32_t v = 0; v < 2; v++)
                if (twice)
                    x[t][v] = (vi)vpaddlq_s16(
                        vpaddq_s16(s[t][v][0], s[t][v][1]));
                else
                    UNROLL
                    for (uint32_t h = 0; h < 2; h++)
                        sum[t][v][h] =
                            i == 0 ? vpaddlq_s16(s[t][v][h])
                                   : vpadalq_s16(sum[t][v][h], s[t][v][h]);
    }
    UNROLL
    for (uint32_t t = 0; t < n && !twice; t++)
        UNROLL
        for (uint32_t v = 0; v < 2; v++)
            x[t][v] = (vi)vpaddq_s32(sum[t][v][0], sum[t][v][1]);
}
#endif

/* Adds to m [n][2][VL] what stands in p->pairs against n rows of sums. */
INLINE void meet_pairs(const struct panel *p, uint32_t subs, uint32_t n,
                       const int16_t *const *sums, vi m[ACTS][2])
{
    const int16_t *w = (const int16_t *)(const void *)p->pairs;
    UNROLL
    for (uint32_t j = 0; j < subs; j++) {
        const int16x8_t rows = vld1q_s16(w + 2 * VL * j);
        UNROLL
        for (uint32_t t = 0; t < n; t++) {
            m[t][0] = (vi)vmlal_n_s16((int32x4_t)m[t][0], vget_low_s16(rows),
                                      sums[t][j]);
            m[t][1] = (vi)vmlal_high_n_s16((int32x4_t)m[t][1], rows,
                                           sums[t][j]);
        }
    }
}

/* One superblock against n activations; acc [n][2][VL]. */
INLINE void product_256(const struct panel *p, struct kind256 kind, uint32_t n,
                        const uint8_t *const *acts,
                        const struct cpu_act_layout *l, uint32_t b, float *acc)
{
    const uint32_t steps = 64 / kind.subs;
    const uint8_t *q[ACTS];
    const int16_t *sums[ACTS];
    vi is[ACTS][2], m[ACTS][2];
    UNROLL
    for (uint32_t t = 0; t < n; t++) {
        q[t] = acts[t] + (size_t)b * 256;
        sums[t] = (const int16_t *)(const void *)(
                      acts[t] + (kind.subs == 8 ? l->sums : l->s16)) +
                  (size_t)b * kind.subs;
    }
    UNROLL
    for (uint32_t t = 0; t < TANGLED(n); t++)
        is[t][0] = is[t][1] = vi_splat(0);
    for (uint32_t j = 0; j < kind.subs; j++) {
        vi x[ACTS][2];
        word_sums(p, kind.most, n, q, j * steps, steps, x);
        UNROLL
        for (uint32_t v = 0; v < 2; v++)
            UNROLL
            for (uint32_t t = 0; t < TANGLED(n); t++) {
                const int32_t *s = p->scale[j][v];
                if (TARN_CPU_MATRIX)
                    s += t % 2 * VL;
                is[t][v] = is[t][v] + x[t][v] * vi_load(s);
                KEEP(is[t][v]);
            }
    }
    untangle(n, is);
    UNROLL
    for (uint32_t t = 0; t < n; t++)
        UNROLL
        for (uint32_t v = 0; v < 2; v++)
            m[t][v] = kind.min ? vi_splat(0) : is[t][v];
    if (kind.min || kind.zero)
        meet_pairs(p, kind.subs, n, sums, m);
    UNROLL
    for (uint32_t t = 0; t < n; t++) {
        const float da = ((const float *)(const void *)(acts[t] + l->d))[b];
        UNROLL
        for (uint32_t v = 0; v < 2; v++) {
            vf f = vf_load(p->d[0][v]) *
                   vf_from_vi(kind.min ? is[t][v] : m[t][v]);
            if (kind.min)
                f = f - vf_load(p->m[0][v]) * vf_from_vi(m[t][v]);
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
    const uint8_t *q[ACTS];
    const int32_t *sums[ACTS];
    const float *d[ACTS];
    vf o[ACTS][2];
    UNROLL
    for (uint32_t t = 0; t < n; t++) {
        q[t] = acts[t] + (size_t)b * 32;
        sums[t] = (const int32_t *)(const void *)(acts[t] + l->sums) + b;
        d[t] = (const float *)(const void *)(acts[t] + l->d) + b;
        UNROLL
        for (uint32_t v = 0; v < 2; v++)
            o[t][v] = vf_load(acc + (2 * t + v) * VL);
    }
    for (uint32_t i = 0; i < nb; i++) {
        vi x[ACTS][2];
        word_sums(p, kind.most, n, q, 8 * i, 8, x);
        untangle(n, x);
        UNROLL
        for (uint32_t v = 0; v < 2; v++) {
            const vf dw = vf_load(p->d[i][v]), mw = vf_load(p->m[i][v]);
            UNROLL
            for (uint32_t t = 0; t < n; t++) {
                const vi is =
                    kind.zero ? x[t][v] - kind.zero * sums[t][i] : x[t][v];
                vf f = dw * vf_from_vi(is);
                if (kind.min)
                    f = f + mw * (float)sums[t][i];
                o[t][v] = o[t][v] + d[t][i] * f;
            }
        }
    }
    UNROLL
    for (uint32_t t = 0; t < n; t++)
        UNROLL
        for (uint32_t v = 0; v < 2; v++)
            vf_store(acc + (2 * t + v) * VL, o[t][v]);
}

#endif
