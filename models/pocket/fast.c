/* Fused bf16 kernels for training the pocket model on a CPU.
 * Build: gcc -O3 -march=native -ffast-math -fopenmp -shared -fPIC fast.c -o
 * libfast.so -lm Activations are bfloat16 (uint16_t), statistics and small
 * weights are float. */
#include <stdint.h>
#include <string.h>
#include <math.h>
#include <stdlib.h>
#include <omp.h>
typedef uint16_t bf;
static inline float up(bf v)
{
    uint32_t u = (uint32_t)v << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}
static inline bf dn(float f)
{
    uint32_t u;
    memcpy(&u, &f, 4);
    u += 0x7fff + ((u >> 16) & 1);
    return (bf)(u >> 16);
}
#define PAR _Pragma("omp parallel for schedule(static)")

/* s = x + h (h may be NULL), y = s * rstd(s) * w */
void addnorm_f(const bf *x, const bf *h, const float *w, bf *s, bf *y,
               float *rs, long n, long d, float eps)
{
    PAR for (long i = 0; i < n; i++)
    {
        const bf *xi = x + i * d;
        bf *si = s + i * d, *yi = y + i * d;
        float t[1024], a = 0;
        if (h) {
            const bf *hi = h + i * d;
            for (long j = 0; j < d; j++) {
                si[j] = dn(up(xi[j]) + up(hi[j]));
                t[j] = up(si[j]);
                a += t[j] * t[j];
            }
        } else
            for (long j = 0; j < d; j++) {
                t[j] = up(xi[j]);
                a += t[j] * t[j];
            }
        float r = 1.0f / sqrtf(a / d + eps);
        rs[i] = r;
        for (long j = 0; j < d; j++)
            yi[j] = dn(t[j] * r * w[j]);
    }
}
/* gs may be NULL; gx = gs + d(norm)/ds ; gw accumulates */
void addnorm_b(const bf *s, const float *w, const float *rs, const bf *gy,
               const bf *gs, bf *gx, float *gw, long n, long d)
{
#pragma omp parallel
    {
        float acc[1024];
        memset(acc, 0, sizeof acc);
#pragma omp for schedule(static)
        for (long i = 0; i < n; i++) {
            const bf *si = s + i * d, *gi = gy + i * d;
            bf *o = gx + i * d;
            float r = rs[i], dot = 0, t[1024];
            for (long j = 0; j < d; j++) {
                float g = up(gi[j]), xh = up(si[j]) * r;
                acc[j] += g * xh;
                t[j] = g * w[j];
                dot += t[j] * xh;
            }
            dot /= d;
            if (gs) {
                const bf *g2 = gs + i * d;
                for (long j = 0; j < d; j++)
                    o[j] = dn(up(g2[j]) + r * (t[j] - up(si[j]) * r * dot));
            } else
                for (long j = 0; j < d; j++)
                    o[j] = dn(r * (t[j] - up(si[j]) * r * dot));
        }
#pragma omp critical
        for (long j = 0; j < d; j++)
            gw[j] += acc[j];
    }
}
/* a [n][2f] = gate|up ; y = silu(gate)*up*(p?p[i]:1) */
void swiglu_f(const bf *a, const float *p, bf *y, long n, long f)
{
    PAR for (long i = 0; i < n; i++)
    {
        const bf *g = a + i * 2 * f, *u = g + f;
        bf *o = y + i * f;
        float s = p ? p[i] : 1.0f;
        for (long j = 0; j < f; j++) {
            float x = up(g[j]);
            o[j] = dn(x / (1.0f + expf(-x)) * up(u[j]) * s);
        }
    }
}
void swiglu_b(const bf *a, const float *p, const bf *gy, bf *ga, float *gp,
              long n, long f)
{
    PAR for (long i = 0; i < n; i++)
    {
        const bf *g = a + i * 2 * f, *u = g + f, *gi = gy + i * f;
        bf *o = ga + i * 2 * f, *o2 = o + f;
        float s = p ? p[i] : 1.0f, acc = 0;
        for (long j = 0; j < f; j++) {
            float x = up(g[j]), v = up(u[j]), k = up(gi[j]),
                  sg = 1.0f / (1.0f + expf(-x)), si = x * sg;
            acc += k * si * v;
            k *= s;
            o[j] = dn(k * v * (sg + si * (1.0f - sg)));
            o2[j] = dn(k * si);
        }
        if (gp)
            gp[i] = acc;
    }
}
/* y[r] = x[idx[r]] */
void gather(const bf *x, const int64_t *idx, bf *y, long n, long d)
{
    PAR for (long i = 0; i < n; i++)
        memcpy(y + i * d, x + idx[i] * d, d * sizeof(bf));
}
/* y[i] = sum_k x[pos[i*k..]] */
void psum(const bf *x, const int64_t *pos, bf *y, long n, long k, long d)
{
    PAR for (long i = 0; i < n; i++)
    {
        float t[1024];
        const bf *a = x + pos[i * k] * d;
        for (long j = 0; j < d; j++)
            t[j] = up(a[j]);
        for (long q = 1; q < k; q++) {
            a = x + pos[i * k + q] * d;
            for (long j = 0; j < d; j++)
                t[j] += up(a[j]);
        }
        for (long j = 0; j < d; j++)
            y[i * d + j] = dn(t[j]);
    }
}
/* short convolution, kernel 3; a [b][t][3d] = B|C|X ; w [3][d] ; st[b][t] =
 * first position of the segment */
void conv_f(const bf *a, const float *w, const int32_t *st, bf *y, long b,
            long T, long d)
{
    PAR for (long i = 0; i < b * T; i++)
    {
        long t = i % T, lim = t - st[i];
        const bf *B = a + i * 3 * d, *C = B + d, *X = C + d;
        float v[1024];
        for (long j = 0; j < d; j++)
            v[j] = w[2 * d + j] * up(dn(up(B[j]) * up(X[j])));
        for (long k = 1; k <= 2 && k <= lim; k++) {
            const bf *Bk = B - k * 3 * d, *Xk = X - k * 3 * d;
            const float *wk = w + (2 - k) * d;
            for (long j = 0; j < d; j++)
                v[j] += wk[j] * up(dn(up(Bk[j]) * up(Xk[j])));
        }
        for (long j = 0; j < d; j++)
            y[i * d + j] = dn(up(C[j]) * v[j]);
    }
}
void conv_b(const bf *a, const float *w, const int32_t *st, const bf *gy,
            bf *ga, float *gw, long b, long T, long d)
{
#pragma omp parallel
    {
        float acc[3072];
        memset(acc, 0, sizeof acc);
#pragma omp for schedule(static)
        for (long i = 0; i < b * T; i++) {
            long t = i % T, lim = t - st[i];
            const bf *B = a + i * 3 * d, *C = B + d, *X = C + d,
                     *g = gy + i * d;
            bf *o = ga + i * 3 * d;
            float v[1024], e[1024];
            for (long j = 0; j < d; j++) {
                float z = up(B[j]) * up(X[j]), q = up(g[j]) * up(C[j]);
                v[j] = w[2 * d + j] * z;
                acc[2 * d + j] += q * z;
                e[j] = w[2 * d + j] * q;
            }
            for (long k = 1; k <= 2 && k <= lim; k++) {
                const bf *Bk = B - k * 3 * d, *Xk = X - k * 3 * d;
                const float *wk = w + (2 - k) * d;
                float *ak = acc + (2 - k) * d;
                for (long j = 0; j < d; j++) {
                    float z = up(Bk[j]) * up(Xk[j]);
                    v[j] += wk[j] * z;
                    ak[j] += up(g[j]) * up(C[j]) * z;
                }
            }
            for (long k = 1; k <= 2 && t + k < T && st[i + k] <= t; k++) {
                const bf *Ck = C + k * 3 * d, *gk = g + k * d;
                const float *wk = w + (2 - k) * d;
                for (long j = 0; j < d; j++)
                    e[j] += wk[j] * up(gk[j]) * up(Ck[j]);
            }
            for (long j = 0; j < d; j++) {
                o[j] = dn(e[j] * up(X[j]));
                o[d + j] = dn(up(g[j]) * v[j]);
                o[2 * d + j] = dn(e[j] * up(B[j]));
            }
        }
#pragma omp critical
        for (long j = 0; j < 3 * d; j++)
            gw[j] += acc[j];
    }
}
/* qkv [b][T][(H+2K)*e] -> q [b][H][T][e], k, v [b][K][T][e]; RMS norm per head
 * on q and k, then NEOX rotation */
void qkv_f(const bf *a, const float *wq, const float *wk, const float *cs,
           bf *q, bf *k, bf *v, float *rs, long b, long T, long H, long K,
           long e, float eps)
{
    PAR for (long i = 0; i < b * T; i++)
    {
        long bi = i / T, t = i % T, hh = e / 2;
        const float *c = cs + t * e, *s = c + hh;
        for (long h = 0; h < H + K; h++) {
            const bf *x = a + (i * (H + 2 * K) + h) * e;
            const float *w = h < H ? wq : wk;
            float z[128], m = 0;
            bf *o = h < H ? q + ((bi * H + h) * T + t) * e
                          : k + ((bi * K + h - H) * T + t) * e;
            for (long j = 0; j < e; j++) {
                z[j] = up(x[j]);
                m += z[j] * z[j];
            }
            float r = 1.0f / sqrtf(m / e + eps);
            rs[i * (H + K) + h] = r;
            for (long j = 0; j < e; j++)
                z[j] *= r * w[j];
            for (long j = 0; j < hh; j++) {
                o[j] = dn(z[j] * c[j] - z[j + hh] * s[j]);
                o[j + hh] = dn(z[j + hh] * c[j] + z[j] * s[j]);
            }
        }
        for (long h = 0; h < K; h++)
            memcpy(v + ((bi * K + h) * T + t) * e,
                   a + (i * (H + 2 * K) + H + K + h) * e, e * sizeof(bf));
    }
}
void qkv_b(const bf *a, const float *wq, const float *wk, const float *cs,
           const bf *gq, const bf *gk, const bf *gv, const float *rs, bf *ga,
           float *gwq, float *gwk, long b, long T, long H, long K, long e)
{
#pragma omp parallel
    {
        float aq[128], ak[128];
        memset(aq, 0, sizeof aq);
        memset(ak, 0, sizeof ak);
#pragma omp for schedule(static)
        for (long i = 0; i < b * T; i++) {
            long bi = i / T, t = i % T, hh = e / 2;
            const float *c = cs + t * e, *s = c + hh;
            for (long h = 0; h < H + K; h++) {
                const bf *x = a + (i * (H + 2 * K) + h) * e;
                const float *w = h < H ? wq : wk;
                float *ac = h < H ? aq : ak;
                float z[128], g[128], r = rs[i * (H + K) + h], dot = 0;
                const bf *gi = h < H ? gq + ((bi * H + h) * T + t) * e
                                     : gk + ((bi * K + h - H) * T + t) * e;
                bf *o = ga + (i * (H + 2 * K) + h) * e;
                for (long j = 0; j < hh; j++) {
                    float g0 = up(gi[j]), g1 = up(gi[j + hh]);
                    g[j] = g0 * c[j] + g1 * s[j];
                    g[j + hh] = g1 * c[j] - g0 * s[j];
                }
                for (long j = 0; j < e; j++) {
                    z[j] = up(x[j]) * r;
                    ac[j] += g[j] * z[j];
                    g[j] *= w[j];
                    dot += g[j] * z[j];
                }
                dot /= e;
                for (long j = 0; j < e; j++)
                    o[j] = dn(r * (g[j] - z[j] * dot));
            }
            for (long h = 0; h < K; h++)
                memcpy(ga + (i * (H + 2 * K) + H + K + h) * e,
                       gv + ((bi * K + h) * T + t) * e, e * sizeof(bf));
        }
#pragma omp critical
        for (long j = 0; j < e; j++) {
            gwq[j] += aq[j];
            gwk[j] += ak[j];
        }
    }
}
/* in place softmax of x [b][R][T] (R rows = groups*T), keys st..t only */
void smax_f(bf *x, const int32_t *st, float scale, long b, long per, long R,
            long T)
{
    PAR for (long i = 0; i < b * R; i++)
    {
        long t = (i % R) % T, lo = st[(i / R / per) * T + t];
        bf *p = x + i * T;
        float m = -1e30f, z = 0, v[2048];
        for (long j = lo; j <= t; j++) {
            v[j] = up(p[j]) * scale;
            m = v[j] > m ? v[j] : m;
        }
        for (long j = lo; j <= t; j++) {
            v[j] = expf(v[j] - m);
            z += v[j];
        }
        z = 1.0f / z;
        memset(p, 0, lo * sizeof(bf));
        memset(p + t + 1, 0, (T - t - 1) * sizeof(bf));
        for (long j = lo; j <= t; j++)
            p[j] = dn(v[j] * z);
    }
}
void smax_b(const bf *p, bf *g, const int32_t *st, float scale, long b,
            long per, long R, long T)
{
    PAR for (long i = 0; i < b * R; i++)
    {
        long t = (i % R) % T, lo = st[(i / R / per) * T + t];
        const bf *q = p + i * T;
        bf *o = g + i * T;
        float d = 0;
        for (long j = lo; j <= t; j++)
            d += up(q[j]) * up(o[j]);
        memset(o, 0, lo * sizeof(bf));
        memset(o + t + 1, 0, (T - t - 1) * sizeof(bf));
        for (long j = lo; j <= t; j++)
            o[j] = dn(up(q[j]) * (up(o[j]) - d) * scale);
    }
}
/* cross entropy: x [n][V] logits replaced by gradient*gs ; returns the loss
 * sum; hit[i] = argmax is right */
double xent(bf *x, const int64_t *y, float gs, long n, long V, uint8_t *hit)
{
    double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (long i = 0; i < n; i++) {
        bf *p = x + i * V;
        float m = -1e30f, z = 0, v[8192];
        float ly = up(p[y[i]]);
        for (long j = 0; j < V; j++) {
            v[j] = up(p[j]);
            m = v[j] > m ? v[j] : m;
        }
        hit[i] = ly >= m;
        for (long j = 0; j < V; j++) {
            v[j] = expf(v[j] - m);
            z += v[j];
        }
        sum += logf(z) + m - ly;
        z = gs / z;
        v[y[i]] -= gs / z;
        for (long j = 0; j < V; j++)
            p[j] = dn(v[j] * z);
    }
    return sum;
}
