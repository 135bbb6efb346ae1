/* attend_chunk.c - see attend.h.
 *
 * Scores: keys in the lanes, so the sum over d needs no reduction; K stands
 * as [group of 16][d][16] for that.  Outputs: d in the lanes.  Up to four
 * query heads share every load of K and V.  The products are separate
 * multiply and add; four heads by two vectors of keys are eight chains, which
 * covers the latency of an add; AVX-512 has room for sixteen, which halves the
 * loads of q. */
#include "backends/cpu/attend.h"

#include <float.h>

#include "backends/cpu/cpu.h"
#include "backends/cpu/fetch.h"
#include "backends/cpu/kv.h"
#include "backends/cpu/vec.h"

#define HEADS 4
#define KEYS (VL == 16 ? 4u : 2u) /* vectors of keys at once */

/* VL values from `at`; q8_0 without its scale. */
INLINE vf load_kv(const uint8_t *p, size_t at, uint32_t type)
{
    if (type == TARN_Q8_0)
        return vf_from_i8((const int8_t *)p + at);
    if (type == TARN_F32 || TARN_CPU_WIDE_HALVES)
        return vf_load((const float *)(const void *)p + at);
    return vf_from_half((const uint16_t *)(const void *)p + at);
}

INLINE vf load_scales(const uint8_t *p, size_t at)
{
    return TARN_CPU_WIDE_HALVES
               ? vf_load((const float *)(const void *)p + at)
               : vf_from_half((const uint16_t *)(const void *)p + at);
}

/* One scale of q8_0. */
INLINE float kv_scale(const uint8_t *p, size_t at)
{
    float x;
    if (!TARN_CPU_WIDE_HALVES)
        return float_of_half(p + at * 2);
    memcpy(&x, p + at * 4, 4);
    return x;
}

INLINE uint32_t value_bytes(uint32_t type)
{
    return type == TARN_Q8_0 ? 1 : type == TARN_F16 && !TARN_CPU_WIDE_HALVES
                                   ? 2
                                   : 4;
}

INLINE void fetch_lines(const uint8_t *p, uint32_t bytes)
{
#if !FETCHES_NOTHING
#if !defined(TARN_PLAIN_LOOPS)
VEC_UNROLL(8)
#endif
    for (uint32_t i = 0; i < bytes; i += 64)
        __builtin_prefetch(p + i, 0, AHEAD_CACHE);
#else
    (void)p;
    (void)bytes;
#endif
}

/* acc[h][i] + q_h * k of KEYS vectors of keys; k: one value of them, groups of
 * 16 keys `group` bytes apart. */
INLINE void score_step(const uint8_t *k, size_t group, const float *const *q,
                       uint32_t at, uint32_t heads, uint32_t type,
                       const vf *d, vf (*acc)[KEYS])
{
    vf x[KEYS];
VEC_UNROLL(4)
    for (uint32_t i = 0; i < KEYS; i++) {
        x[i] = load_kv(k + i * VL / 16 * group, 16 * at + i * VL % 16, type);
        if (type == TARN_Q8_0)
            x[i] = x[i] * d[i];
    }
VEC_UNROLL(4)
    for (uint32_t h = 0; h < heads; h++) {
        const vf one = vf_splat(q[h][at]);
VEC_UNROLL(4)
        for (uint32_t i = 0; i < KEYS; i++) {
            acc[h][i] = acc[h][i] + one * x[i];
            KEEP(acc[h][i]);
        }
    }
}

/* s[h][t] = (q_h . k_t) * scale for KEYS vectors of keys from t on. */
INLINE void scores(const struct cpu_chunk *c, const float *q, uint32_t heads,
                   uint32_t type, uint32_t t, float (*s)[256])
{
    const uint32_t n = c->head_dim, bytes = value_bytes(type);
    const size_t group = (size_t)16 * c->unit * bytes;
    const uint8_t *line = c->at.k + t / 16 * group + t % 16 * bytes;
    const uint8_t *next = c->next.k + t / 16 * group;
    vf acc[HEADS][KEYS], d[KEYS] = { vf_zero() };
    for (uint32_t h = 0; h < heads; h++)
        for (uint32_t i = 0; i < KEYS; i++)
            acc[h][i] = vf_zero();
    const float *at[HEADS];
    for (uint32_t h = 0; h < heads; h++)
        at[h] = q + (size_t)h * n;
    uint32_t j = 0;
    for (; j + 4 <= n; j += 4) {
        if (type == TARN_Q8_0 && j % 32 == 0)
            for (uint32_t i = 0; i < KEYS; i++)
                d[i] = load_scales(c->at.k_scale,
                                   (size_t)j / 32 * 256 + t + i * VL);
        for (uint32_t i = 0; i < KEYS * VL; i += 16)
            fetch_lines(next + i / 16 * group, 64 * bytes);
VEC_UNROLL(4)
        for (uint32_t u = 0; u < 4; u++)
            score_step(line, group, at, u, heads, type, d, acc);
        line += 64 * bytes;
        next += 64 * bytes;
        for (uint32_t h = 0; h < heads; h++)
            at[h] += 4;
    }
    for (; j < n; j++)
        score_step(line, group, at, j % 4, heads, type, d, acc);
    for (uint32_t h = 0; h < heads; h++)
        for (uint32_t i = 0; i < KEYS; i++)
            vf_store(s[h] + t + i * VL, acc[h][i] * c->scale);
}

INLINE float top_of(vf v)
{
#if defined(__AVX512F__)
    return _mm512_reduce_max_ps((__m512)v);
#else
    float m = v[0];
    for (int i = 1; i < VL; i++)
        m = v[i] > m ? v[i] : m;
    return m;
#endif
}

/* s to e = exp(s - m), +0 behind n; m and the L16 sum go to o.  As many
 * vectors side by side as the registers hold (GROUPS times 16 keys of each
 * head): one exp after the other is mostly waiting. */
#define GROUPS (VL == 4 ? 1u : 2u)
INLINE void soften(float (*s)[256], uint32_t heads, uint32_t n, float *o,
                   size_t stride)
{
    const uint32_t per = 16 * GROUPS, last = (n + per - 1) / per * per;
    vf m[HEADS];
    struct l16 sum[HEADS];
    for (uint32_t h = 0; h < heads; h++) {
        for (uint32_t t = n; t < last; t++)
            s[h][t] = -FLT_MAX;
        vf top = vf_load(s[h]);
        for (uint32_t t = VL; t < n; t += VL)
            top = vf_max(vf_load(s[h] + t), top);
        o[h * stride] = top_of(top);
        m[h] = vf_splat(o[h * stride]);
        for (uint32_t i = 0; i < L16_N; i++)
            sum[h].a[i] = vf_zero();
    }
    for (uint32_t t = 0; t < last; t += per) {
        vf e[HEADS * GROUPS * L16_N];
        const uint32_t each = GROUPS * L16_N;
        for (uint32_t h = 0; h < heads; h++)
            for (uint32_t i = 0; i < each; i++)
                e[h * each + i] = vf_load(s[h] + t + i * VL) - m[h];
        vf_exps(e, heads * each);
        for (uint32_t h = 0; h < heads; h++)
            for (uint32_t i = 0; i < each; i++) {
                vf_store(s[h] + t + i * VL, e[h * each + i]);
                sum[h].a[i % L16_N] = sum[h].a[i % L16_N] + e[h * each + i];
            }
    }
    for (uint32_t h = 0; h < heads; h++)
        o[h * stride + 1] = l16_fold(&sum[h]);
}

static __attribute__((noinline)) void soften_one(float (*s)[256], uint32_t n,
                                                 float *o)
{
    soften(s, 1, n, o, 0);
}

static __attribute__((noinline, unused)) void
soften_four(float (*s)[256], uint32_t n, float *o, size_t stride)
{
    soften(s, 4, n, o, stride);
}

/* o[h][d] = sum over t of e[h][t] * v[t][d], for nd vectors from d on. */
INLINE void outputs(const struct cpu_chunk *c, float *out, uint32_t heads,
                    uint32_t nd, uint32_t type, uint32_t d,
                    float (*e)[256])
{
    vf acc[HEADS][4];
    float scale[2][256]; /* nd vectors lie in at most two blocks of 32 */
    const uint32_t block = d / 32;
    for (uint32_t h = 0; h < heads; h++)
        for (uint32_t i = 0; i < nd; i++)
            acc[h][i] = vf_zero();
    for (uint32_t k = 0; type == TARN_Q8_0 && k <= (d + nd * VL - 1) / 32 - block;
         k++)
        for (uint32_t t = 0; t < c->n_keys; t += VL)
            vf_store(scale[k] + t,
                     load_scales(c->at.v_scale, (size_t)(block + k) * 256 + t));
    const uint32_t bytes = value_bytes(type);
    const uint8_t *row = c->at.v + (size_t)d * bytes;
    const uint8_t *next = c->next.v + (size_t)d * bytes;
    const size_t each = (size_t)c->unit * bytes;
    for (uint32_t t = 0; t < c->n_keys; t++) {
        fetch_lines(next, nd * VL * bytes);
VEC_UNROLL(4)
        for (uint32_t i = 0; i < nd; i++) {
            vf v = load_kv(row, i * VL, type);
            if (type == TARN_Q8_0)
                v = v * scale[(d + i * VL) / 32 - block][t];
VEC_UNROLL(4)
            for (uint32_t h = 0; h < heads; h++)
                acc[h][i] = acc[h][i] + e[h][t] * v;
        }
        row += each;
        next += each;
    }
    for (uint32_t h = 0; h < heads; h++)
        for (uint32_t i = 0; i < nd; i++) {
            float *o = out + h * c->stride + d + i * VL;
            const uint32_t left = c->head_dim - d - i * VL;
            if (left >= VL)
                vf_store(o, acc[h][i]);
            else
                vf_store_some(o, acc[h][i], left);
        }
}

INLINE void some_heads(const struct cpu_chunk *c, uint32_t first,
                       uint32_t heads, uint32_t type)
{
    float s[HEADS][256] __attribute__((aligned(64)));
    float *out = c->out + first * c->stride;
    const uint32_t nd = VL == 16 ? 4 : 2;
    if (type == TARN_Q8_0 && first == 0) {
        const uint32_t bytes =
            c->head_dim / 32 * 256 * (TARN_CPU_WIDE_HALVES ? 4 : 2);
        fetch_lines(c->next.k_scale, bytes);
        fetch_lines(c->next.v_scale, bytes);
    }
    for (uint32_t t = 0; t < c->n_keys; t += KEYS * VL)
        scores(c, c->q + (size_t)first * c->head_dim, heads, type, t, s);
    if (VL == 16 && heads == 4)
        soften_four(s, c->n_keys, out + c->head_dim, c->stride);
    else
        for (uint32_t h = 0; h < heads; h++)
            soften_one(s + h, c->n_keys, out + h * c->stride + c->head_dim);
    uint32_t d = 0;
    for (; d + nd * VL <= c->head_dim; d += nd * VL)
        outputs(c, out, heads, nd, type, d, s);
    for (; d < c->head_dim; d += VL)
        outputs(c, out, heads, 1, type, d, s);
}

INLINE void all_heads(const struct cpu_chunk *c, uint32_t type)
{
    uint32_t h = 0;
    for (; h + 4 <= c->n_heads; h += 4)
        some_heads(c, h, 4, type);
    switch (c->n_heads - h) {
    case 3: some_heads(c, h, 3, type); break;
    case 2: some_heads(c, h, 2, type); break;
    case 1: some_heads(c, h, 1, type); break;
    default: break;
    }
}

static void chunk_f16(const struct cpu_chunk *c)
{
    all_heads(c, TARN_F16);
}

static void chunk_f32(const struct cpu_chunk *c)
{
    all_heads(c, TARN_F32);
}

static void chunk_q8(const struct cpu_chunk *c)
{
    all_heads(c, TARN_Q8_0);
}

void tarn_cpu_attend_chunk(const struct cpu_chunk *c)
{
    if (c->kv_type == TARN_F16)
        chunk_f16(c);
    else if (c->kv_type == TARN_F32)
        chunk_f32(c);
    else
        chunk_q8(c);
}

INLINE void widen(const struct cpu_chunk *c, uint32_t n_keys, uint32_t type,
                  float *wide)
{
    const uint32_t n = c->head_dim, keys = (n_keys + 31) / 32 * 32;
    float *k = wide, *v = wide + (size_t)256 * n;
    for (uint32_t g = 0; g < keys; g += 16)
        for (uint32_t j = 0; j < n; j++)
            for (uint32_t i = 0; i < 16; i += VL) {
                const size_t at = (size_t)g * c->unit + (size_t)j * 16 + i;
                vf x = load_kv(c->at.k, at, type);
                if (type == TARN_Q8_0)
                    x = x * load_scales(c->at.k_scale,
                                        (size_t)j / 32 * 256 + g + i);
                vf_store(k + (size_t)g * n + (size_t)j * 16 + i, x);
            }
    for (uint32_t t = 0; t < keys; t++)
        for (uint32_t d = 0; d < n; d += VL) {
            vf x = load_kv(c->at.v, (size_t)t * c->unit + d, type);
            if (type == TARN_Q8_0)
                x = x * kv_scale(c->at.v_scale, (size_t)d / 32 * 256 + t);
            vf_store(v + (size_t)t * n + d, x);
        }
}

void tarn_cpu_attend_widen(const struct cpu_chunk *c, uint32_t n_keys,
                           float *wide)
{
    if (c->kv_type == TARN_F16)
        widen(c, n_keys, TARN_F16, wide);
    else if (c->kv_type == TARN_F32)
        widen(c, n_keys, TARN_F32, wide);
    else
        widen(c, n_keys, TARN_Q8_0, wide);
}

void tarn_cpu_attend_wide(struct cpu_chunk *c, const float *wide)
{
    c->kv_type = TARN_F32;
    c->unit = c->head_dim;
    c->at.k = (const uint8_t *)(const void *)wide;
    c->at.v = (const uint8_t *)(const void *)(wide + (size_t)256 * c->head_dim);
    c->next = c->at;
}

void tarn_cpu_attend_merge(const float *partial, size_t stride, uint32_t n,
                           uint32_t head_dim, float *y)
{
    float top = partial[head_dim], sum = 0.0f;
    for (uint32_t i = 1; i < n; i++) {
        const float m = partial[i * stride + head_dim];
        top = m > top ? m : top;
    }
    for (uint32_t d = 0; d < head_dim; d++)
        y[d] = 0.0f;
    for (uint32_t i = 0; i < n; i++) {
        const float *o = partial + i * stride;
        const float w = tarn_exp(o[head_dim] - top);
        sum = sum + w * o[head_dim + 1];
        for (uint32_t d = 0; d < head_dim; d++)
            y[d] = y[d] + w * o[d];
    }
    for (uint32_t d = 0; d < head_dim; d++)
        y[d] = y[d] / sum;
}
