/* attend_chunk.c - see attend.h.
 *
 * Scores: keys in the lanes, so the sum over d needs no reduction; K stands
 * as [group of 16][d][16] for that.  Outputs: d in the lanes.  Up to four
 * query heads share every load of K and V.  The products are separate
 * multiply and add; four heads by two vectors of keys are eight chains, which
 * covers the latency of an add. */
#include "backends/cpu/attend.h"

#include <float.h>

#include "backends/cpu/cpu.h"
#include "backends/cpu/kv.h"
#include "backends/cpu/vec.h"

#define HEADS 4

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

INLINE void fetch(const uint8_t *p)
{
#if defined(__SSE2__)
    _mm_prefetch((const char *)p, _MM_HINT_T0);
#elif TARN_CPU_NEON
    __builtin_prefetch(p);
#else
    (void)p;
#endif
}

/* How far ahead keys and values are asked for, in bytes: SPEED.md. */
INLINE void fetch_ahead(const uint8_t *p, uint32_t type)
{
    fetch(p + (type == TARN_Q8_0 ? 6144 : 12288));
}

/* The scales of the next head, which stand behind this one's: few lines, but
 * each would be waited for where it is needed first. */
INLINE void fetch_scales(const uint8_t *p, uint32_t head_dim)
{
    const uint32_t bytes =
        head_dim / 32 * 256 * (TARN_CPU_WIDE_HALVES ? 4 : 2);
    for (uint32_t i = 0; i < bytes; i += 64)
        fetch(p + bytes + i);
}

/* s[h][t] = (q_h . k_t) * scale for two vectors of keys from t on. */
INLINE void scores(const struct cpu_chunk *c, const float *q, uint32_t heads,
                   uint32_t type, uint32_t t, float (*s)[256])
{
    const uint32_t n = c->head_dim;
    size_t at[2];
    vf acc[HEADS][2], d[2] = { vf_zero(), vf_zero() };
    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t key = t + i * VL;
        at[i] = (size_t)(key / 16) * c->unit * 16 + key % 16;
    }
    for (uint32_t h = 0; h < heads; h++)
        acc[h][0] = acc[h][1] = vf_zero();
    for (uint32_t j = 0; j < n; j++) {
        vf k[2];
        if (type == TARN_Q8_0 && j % 32 == 0)
            for (uint32_t i = 0; i < 2; i++)
                d[i] =
                    load_scales(c->k_scale, (size_t)j / 32 * 256 + t + i * VL);
        for (uint32_t i = 0; i < 2; i++) {
            if (type != TARN_Q8_0 || j % 4 == 0) /* a line is four steps */
                fetch_ahead(c->k + (at[i] + (size_t)j * 16) *
                                       value_bytes(type),
                            type);
            k[i] = load_kv(c->k, at[i] + (size_t)j * 16, type);
            if (type == TARN_Q8_0)
                k[i] = k[i] * d[i];
        }
        for (uint32_t h = 0; h < heads; h++)
            for (uint32_t i = 0; i < 2; i++)
                acc[h][i] = acc[h][i] + q[h * n + j] * k[i];
    }
    for (uint32_t h = 0; h < heads; h++)
        for (uint32_t i = 0; i < 2; i++)
            vf_store(s[h] + t + i * VL, acc[h][i] * c->scale);
}

/* s to e = exp(s - m), +0 behind n; returns m, *l is the L16 sum. */
static float soften(float *s, uint32_t n, float *l)
{
    for (uint32_t t = n; t < (n + 15) / 16 * 16; t++)
        s[t] = -FLT_MAX;
    vf top = vf_load(s);
    for (uint32_t t = VL; t < n; t += VL)
        top = vf_max(vf_load(s + t), top);
    float m = top[0];
    for (int i = 1; i < VL; i++)
        m = top[i] > m ? top[i] : m;
    struct l16 sum;
    for (int i = 0; i < L16_N; i++)
        sum.a[i] = vf_zero();
    for (uint32_t t = 0; t < n; t += 16)
        for (uint32_t i = 0; i < L16_N; i++) {
            const vf e = vf_exp(vf_load(s + t + i * VL) - m);
            vf_store(s + t + i * VL, e);
            sum.a[i] = sum.a[i] + e;
        }
    *l = l16_fold(&sum);
    return m;
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
                     load_scales(c->v_scale, (size_t)(block + k) * 256 + t));
    for (uint32_t t = 0; t < c->n_keys; t++) {
        fetch_ahead(c->v + (size_t)t * c->unit * value_bytes(type), type);
        if (nd * VL * value_bytes(type) > 64)
            fetch_ahead(c->v + (size_t)t * c->unit * value_bytes(type) + 64,
                        type);
        for (uint32_t i = 0; i < nd; i++) {
            const uint32_t at = d + i * VL;
            vf v = load_kv(c->v, (size_t)t * c->unit + at, type);
            if (type == TARN_Q8_0)
                v = v * scale[at / 32 - block][t];
            for (uint32_t h = 0; h < heads; h++)
                acc[h][i] = acc[h][i] + e[h][t] * v;
        }
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
        fetch_scales(c->k_scale, c->head_dim);
        fetch_scales(c->v_scale, c->head_dim);
    }
    for (uint32_t t = 0; t < c->n_keys; t += 2 * VL)
        scores(c, c->q + (size_t)first * c->head_dim, heads, type, t, s);
    for (uint32_t h = 0; h < heads; h++) {
        float *o = out + h * c->stride + c->head_dim;
        o[0] = soften(s[h], c->n_keys, o + 1);
    }
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
                vf x = load_kv(c->k, at, type);
                if (type == TARN_Q8_0)
                    x = x * load_scales(c->k_scale,
                                        (size_t)j / 32 * 256 + g + i);
                vf_store(k + (size_t)g * n + (size_t)j * 16 + i, x);
            }
    for (uint32_t t = 0; t < keys; t++)
        for (uint32_t d = 0; d < n; d += VL) {
            vf x = load_kv(c->v, (size_t)t * c->unit + d, type);
            if (type == TARN_Q8_0)
                x = x * kv_scale(c->v_scale, (size_t)d / 32 * 256 + t);
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
    c->k = (const uint8_t *)(const void *)wide;
    c->v = (const uint8_t *)(const void *)(wide + (size_t)256 * c->head_dim);
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
