/* numerics64.h - the float64 part of numerics.h, which includes it.
 *
 * exp and log (sampler, odd head sizes), the RoPE table, the random number of
 * a draw.  + - * / and sqrt only: libm's functions differ between systems in
 * their last bits.
 *
 * Owns: nothing.  Threads: any.  Fails: never.
 */
#ifndef TARN_BACKENDS_NUMERICS64_H
#define TARN_BACKENDS_NUMERICS64_H

#include <math.h> /* sqrt alone: an IEEE operation */
#include <stdint.h>
#include <string.h>

static inline uint64_t tarn_f64_bits(double f)
{
    uint64_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline double tarn_f64_of(uint64_t u)
{
    double f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* ------------------------------------------------- exp and log in float64
 * Error below 1 ulp, at most 1 where exp is subnormal. */
#define TARN_LN2_HI 0x1.62e42fefap-1 /* 36 bits: n * it is exact */
#define TARN_LN2_LO 0x1.cf79abc9e3b3ap-40

/* For -745.14 <= x <= 709.79, without a branch, so that a loop of it can run
 * in vectors (no operation depends on its neighbors: the bits are the same).
 */
static inline double tarn_exp64_inside(double x)
{
    const double t = x * 0x1.71547652b82fep+0 + 6755399441055744.0;
    const double n = t - 6755399441055744.0;
    const double hi = x - n * TARN_LN2_HI;
    const double lo = n * TARN_LN2_LO;
    const double r = hi - lo; /* |r| <= 0.347 */
    /* The Taylor series from r^2/2 to r^14/14!; the rest is below 2^-60. */
    double p = 1.0 / 87178291200.0;
    p = p * r + 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    /* 1 + hi loses at most `lost`, which joins the small terms. */
    const double one = 1.0 + hi;
    const double lost = hi - (one - 1.0);
    const double y = one + (lost + (r * r * p - lo));
    /* Two powers of two, so that neither leaves the exponent's range. */
    const int32_t k = (int32_t)n;
    const int32_t half = k / 2;
    const double a = tarn_f64_of((uint64_t)(1023 + half) << 52);
    const double b = tarn_f64_of((uint64_t)(1023 + (k - half)) << 52);
    return y * a * b;
}

static inline double tarn_exp64(double x)
{
    if (x != x)
        return x;
    if (x > 709.79)
        return (double)INFINITY;
    if (x < -745.14)
        return 0.0;
    return tarn_exp64_inside(x);
}

/* -inf for 0, NaN below. */
static inline double tarn_log64(double x)
{
    if (x != x || x > 0x1.fffffffffffffp+1023)
        return x;
    if (x <= 0.0)
        return x < 0.0 ? (double)NAN : -(double)INFINITY;
    int32_t e = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        e = -54;
    }
    uint64_t u = tarn_f64_bits(x);
    e += (int32_t)(u >> 52) - 1023;
    u = (u & 0x000fffffffffffffu) | 0x3ff0000000000000u;
    double m = tarn_f64_of(u);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        e++;
    }
    /* With s = f / (2 + f): log(1 + f) = f - (f^2/2 - s (f^2/2 + R)), where
     * R = 2 s^2/3 + 2 s^4/5 + ...; |s| <= 0.172. */
    const double f = m - 1.0;
    const double s = f / (2.0 + f);
    const double z = s * s;
    double p = 2.0 / 25.0;
    p = p * z + 2.0 / 23.0;
    p = p * z + 2.0 / 21.0;
    p = p * z + 2.0 / 19.0;
    p = p * z + 2.0 / 17.0;
    p = p * z + 2.0 / 15.0;
    p = p * z + 2.0 / 13.0;
    p = p * z + 2.0 / 11.0;
    p = p * z + 2.0 / 9.0;
    p = p * z + 2.0 / 7.0;
    p = p * z + 2.0 / 5.0;
    p = p * z + 2.0 / 3.0;
    const double rest = z * p;
    const double sq = 0.5 * f * f;
    const double big = (double)e * TARN_LN2_HI;
    const double hi = big + f; /* |big| > |f| or big is 0 */
    const double lost = f - (hi - big);
    return hi + (lost - (sq - (s * (sq + rest) + (double)e * TARN_LN2_LO)));
}

/* ------------------------------------------------------------------- RoPE */

/* Inverse frequencies base^(-2i/d), i < half = d/2.  Square roots where half
 * is a power of two, else our own exp and log. */
static inline void tarn_rope_inverse(double base, uint32_t half, double *inv)
{
    double g = base; /* becomes base^(1/half) */
    if ((half & (half - 1)) == 0)
        for (uint32_t k = half; k > 1; k >>= 1)
            g = sqrt(g);
    else
        g = tarn_exp64(tarn_log64(base) / (double)half);
    double p = 1.0;
    for (uint32_t i = 0; i < half; i++) {
        inv[i] = 1.0 / p;
        p = p * g;
    }
}

/* Sine and cosine of angles up to 1.6e6, within 2e-14: pi/2 in three parts of
 * 33 bits, Taylor series, + - * only. */
static inline void tarn_sincos(double angle, double *sine, double *cosine)
{
    const double t = angle * 0.63661977236758134308 + 6755399441055744.0;
    const double n = t - 6755399441055744.0;
    double r = angle - n * 1.57079632673412561417e+00;
    r = r - n * 6.07710050630396597660e-11;
    r = r - n * 2.02226624871116645580e-21;
    const double z = r * r;
    double s = 1.0 / 6227020800.0;
    s = s * z - 1.0 / 39916800.0;
    s = s * z + 1.0 / 362880.0;
    s = s * z - 1.0 / 5040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    s = r + r * (z * s);
    double c = -1.0 / 87178291200.0;
    c = c * z + 1.0 / 479001600.0;
    c = c * z - 1.0 / 3628800.0;
    c = c * z + 1.0 / 40320.0;
    c = c * z - 1.0 / 720.0;
    c = c * z + 1.0 / 24.0;
    c = c * z - 0.5;
    c = 1.0 + z * c;
    const int64_t quadrant = (int64_t)n & 3;
    *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
    *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
}

/* One row of the table: cosines and sines [half] of one position, each rounded
 * once to float32. */
static inline void tarn_rope_row(const double *inv, uint32_t half, uint32_t pos,
                                 float *cosines, float *sines)
{
    for (uint32_t i = 0; i < half; i++) {
        double s, c;
        tarn_sincos((double)pos * inv[i], &s, &c);
        sines[i] = (float)s;
        cosines[i] = (float)c;
    }
}

/* ----------------------------------------------------------------- random */
static inline uint64_t tarn_mix(uint64_t z)
{
    z ^= z >> 30;
    z *= UINT64_C(0xbf58476d1ce4e5b9);
    z ^= z >> 27;
    z *= UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The random number of one draw, in [0, 1): of these three alone. */
static inline double tarn_random(uint64_t seed, uint64_t position,
                                 uint64_t attempt)
{
    const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t r = tarn_mix(seed + golden * (position + 1));
    r = tarn_mix(r ^ tarn_mix(attempt + golden));
    return (double)(r >> 11) * 0x1p-53;
}

#endif
