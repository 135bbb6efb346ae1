/* numerics.h - the functions that the numerics contract fixes for everybody.
 *
 * docs/numerics.md is the contract in words.  All of it is IEEE arithmetic in
 * the order written here: round to nearest even, no fused multiply-add, no
 * flush to zero (build with -ffp-contract=off).  `ref`, the scalar parts of
 * the cpu builds and the sampler use these very functions; vector code gives
 * the same bits for finite values.  A NaN that goes in comes out, so that a
 * poisoned weight is seen in the logits.
 *
 * Owns: nothing.  Threads: any.  Fails: never.
 */
#ifndef TARN_BACKENDS_NUMERICS_H
#define TARN_BACKENDS_NUMERICS_H

#include <math.h> /* sqrtf alone: an IEEE operation */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "backends/numerics64.h" /* exp64, log64, RoPE table, random */

/* Part of every saved state: states of another version are not read. */
#define TARN_NUMERICS_VERSION 1u

/* ------------------------------------------------------------------- bits */
static inline uint32_t tarn_f32_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float tarn_f32_of(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* Exact for every half, subnormal ones included. */
static inline float tarn_f16_to_f32(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    const uint32_t rest = h & 0x7fffu;
    if (rest >= 0x7c00u) /* infinity; a NaN becomes quiet */
        return tarn_f32_of(sign | 0x7f800000u | rest << 13 |
                           (rest > 0x7c00u ? 0x00400000u : 0));
    if (rest >= 0x0400u)
        return tarn_f32_of(sign | ((rest << 13) + (112u << 23)));
    /* Subnormal or zero: rest * 2^-24. */
    return tarn_f32_of(sign | tarn_f32_bits((float)rest * 0x1p-24f));
}

/* Nearest even; too large becomes infinity, NaN stays (quiet). */
static inline uint16_t tarn_f32_to_f16(float f)
{
    const uint32_t u = tarn_f32_bits(f);
    const uint16_t sign = (uint16_t)(u >> 16 & 0x8000u);
    const uint32_t a = u & 0x7fffffffu;
    if (a > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u | (a >> 13 & 0x1ffu));
    if (a >= 0x47800000u) /* 2^16 and above */
        return (uint16_t)(sign | 0x7c00u);
    if (a >= 0x38800000u) { /* 2^-14 and above: normal half */
        const uint32_t r = a + 0xfffu + (a >> 13 & 1u);
        return (uint16_t)(sign | (r - (112u << 23)) >> 13);
    }
    /* Adding 0.5 leaves multiples of 2^-24 and rounds them to nearest even. */
    const float t = tarn_f32_of(a) + 0.5f;
    return (uint16_t)(sign | (tarn_f32_bits(t) - 0x3f000000u));
}

static inline float tarn_bf16_to_f32(uint16_t b)
{
    return tarn_f32_of((uint32_t)b << 16);
}

/* Nearest even; NaN stays (quiet). */
static inline uint16_t tarn_f32_to_bf16(float f)
{
    const uint32_t u = tarn_f32_bits(f);
    if ((u & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(u >> 16 | 0x40u);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

/* Half of the E8M0 number e, 2^(e - 128): the scale of MXFP4. */
static inline float tarn_e8m0_half(uint8_t e)
{
    return tarn_f32_of(e < 2 ? 0x00200000u << e : (uint32_t)(e - 1u) << 23);
}

/* Nearest integer, ties to even, for |x| < 2^22. */
static inline int32_t tarn_rne(float x)
{
    return (int32_t)(tarn_f32_bits(x + 12582912.0f) - 0x4b400000u);
}

/* ------------------------------------------------------ element functions */

/* e^x within 1.0e-7; exactly +0 below -87, as for 88 above 88; e^0 is 1. */
static inline float tarn_exp(float x)
{
    float z = x < -87.0f ? -87.0f : x; /* this way round a NaN stays */
    z = z > 88.0f ? 88.0f : z;
    const float t = z * 1.44269504f + 12582912.0f;
    const float n = t - 12582912.0f;
    float r = z - n * 0.693359375f; /* ln 2 in two parts, the first exact */
    r = r - n * -2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const uint32_t shift = (tarn_f32_bits(t) - 0x4b400000u) << 23;
    return x < -87.0f ? 0.0f : tarn_f32_of(tarn_f32_bits(p) + shift);
}

static inline float tarn_sigmoid(float x)
{
    return 1.0f / (1.0f + tarn_exp(-x));
}

static inline float tarn_silu(float x)
{
    return x / (1.0f + tarn_exp(-x));
}

/* Turns one head x [2 * half]; the pair is (i, i + half). */
static inline void tarn_rope_turn(float *x, uint32_t half, const float *cosines,
                                  const float *sines)
{
    for (uint32_t i = 0; i < half; i++) {
        const float x0 = x[i], x1 = x[i + half];
        x[i] = x0 * cosines[i] - x1 * sines[i];
        x[i + half] = x0 * sines[i] + x1 * cosines[i];
    }
}

/* ------------------------------------------------------------------- sums */

/* The end of an L16 sum: sixteen accumulators to one. */
static inline float tarn_l16_fold(const float acc[16])
{
    float s[8];
    for (int l = 0; l < 8; l++)
        s[l] = acc[l] + acc[l + 8];
    for (int l = 0; l < 4; l++)
        s[l] += s[l + 4];
    s[0] += s[2];
    s[1] += s[3];
    return s[0] + s[1];
}

/* L16 of x[i] * y[i]. */
static inline float tarn_dot_l16(const float *x, const float *y, size_t n)
{
    float acc[16] = { 0 };
    size_t i = 0;
    for (; n - i >= 16; i += 16)
        for (size_t l = 0; l < 16; l++)
            acc[l] += x[i + l] * y[i + l];
    for (size_t l = 0; i + l < n; l++)
        acc[l] += x[i + l] * y[i + l];
    return tarn_l16_fold(acc);
}

/* L16 of x[i]. */
static inline float tarn_sum_l16(const float *x, size_t n)
{
    float acc[16] = { 0 };
    for (size_t i = 0; i < n; i++)
        acc[i % 16] += x[i];
    return tarn_l16_fold(acc);
}

/* y = rmsnorm(x) * w over n values; y may be x. */
static inline void tarn_rmsnorm(const float *x, const float *w, size_t n,
                                float eps, float *y)
{
    const float mean = tarn_dot_l16(x, x, n) / (float)n;
    const float r = 1.0f / sqrtf(mean + eps);
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] * r) * w[i];
}

/* ------------------------------------------------------------ activations */

/* One block of activations (256 values: A256, 32: A32) to int8; returns the
 * scale.  q is within +-127.  The largest magnitude is taken by bits, which is
 * the same for numbers and lets a NaN win: then the scale is NaN. */
static inline float tarn_quantize_block(const float *x, uint32_t n, int8_t *q)
{
    uint32_t top = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t u = tarn_f32_bits(x[i]) & 0x7fffffffu;
        top = u > top ? u : top;
    }
    const float amax = tarn_f32_of(top);
    if (amax < 1e-30f) {
        memset(q, 0, n);
        return 0.0f;
    }
    const float d = amax / 127.0f;
    const float id = 127.0f / amax;
    if (top >= 0x7f800000u) { /* not finite: all that counts is the scale */
        memset(q, 1, n);
        return d;
    }
    for (uint32_t i = 0; i < n; i++)
        q[i] = (int8_t)tarn_rne(x[i] * id);
    return d;
}

/* ----------------------------------------------------------------- router */
#define TARN_ROUTE_MAX 64u /* experts used per token, at most */

/* The n_used experts with the largest sigmoid(logit) + bias, ties to the lower
 * id, best first; gates are their sigmoids over the sum of these.  bias may be
 * NULL; scale 0 and 1 change nothing.  n_used <= n_expert, TARN_ROUTE_MAX. */
static inline void tarn_route(const float *logits, const float *bias,
                              uint32_t n_expert, uint32_t n_used, float scale,
                              uint16_t *ids, float *gates)
{
    float key[TARN_ROUTE_MAX];
    uint32_t n = 0;
    for (uint32_t e = 0; e < n_expert; e++) {
        const float p = tarn_sigmoid(logits[e]);
        const float k = bias ? p + bias[e] : p;
        uint32_t at = n;
        while (at > 0 && k > key[at - 1])
            at--;
        if (at == n_used)
            continue;
        for (uint32_t i = n < n_used ? n : n_used - 1; i > at; i--) {
            key[i] = key[i - 1];
            ids[i] = ids[i - 1];
            gates[i] = gates[i - 1];
        }
        key[at] = k;
        ids[at] = (uint16_t)e;
        gates[at] = p;
        n += n < n_used;
    }
    float sum = 0.0f;
    for (uint32_t i = 0; i < n_used; i++)
        sum = i == 0 ? gates[0] : sum + gates[i];
    const float floor = 6.103515625e-5f; /* 2^-14 */
    for (uint32_t i = 0; i < n_used; i++) {
        gates[i] = gates[i] / (sum < floor ? floor : sum);
        if (scale != 0.0f && scale != 1.0f)
            gates[i] = gates[i] * scale;
    }
}

#endif
