/* many_32_avx512.c - types with blocks of 32 against many rows of activations,
 * with VNNI: the way of many_256_avx512.c.
 *
 * What the bytes are too large by, times the block's sum of activations, is
 * where the integer sum begins.
 *
 * Bits: integers are exact, the float part has one accumulator per output,
 * blocks ascending.  Figures: SPEED.md. */
#include "backends/cpu/avx512.h"
#include "backends/cpu/panel.h"

#define ACTS 6u

/* Types with eight bits get 128 added. */
INLINE int32_t zero_of(uint32_t type)
{
    return kind32_of(type).is_signed ? 128 : kind32_of(type).zero;
}

/* ----------------------------------------------------------------- product */

/* Blocks [0, nb) of 32 of the panel against n activations. */
INLINE void product_32(const struct panel *p, bool min, int32_t zero,
                       uint32_t n, const uint8_t *const *acts,
                       const struct cpu_act_layout *l, uint32_t nb, float *acc)
{
    const int32_t *sums[ACTS];
    const float *d[ACTS];
    __m512 sum[ACTS][2];
    for (uint32_t t = 0; t < n; t++) {
        sums[t] = (const int32_t *)(const void *)(acts[t] + l->sums);
        d[t] = (const float *)(const void *)(acts[t] + l->d);
        sum[t][0] = sum[t][1] = _mm512_setzero_ps();
    }
    for (uint32_t b = 0; b < nb; b++) {
        const uint32_t i = b % 8;
        const struct panel *o = p + b / 8;
        __m512i x[ACTS][2];
        for (uint32_t t = 0; t < n; t++)
            x[t][0] = x[t][1] = _mm512_set1_epi32(-zero * sums[t][b]);
        for (uint32_t e = 0; e < 8; e++) {
            const __m512i w0 = _mm512_load_si512(o->q[8 * i + e][0]);
            const __m512i w1 = _mm512_load_si512(o->q[8 * i + e][1]);
            for (uint32_t t = 0; t < n; t++) {
                const __m512i a = splat32(acts[t] + 32 * (size_t)b + 4 * e);
                x[t][0] = _mm512_dpbusd_epi32(x[t][0], w0, a);
                x[t][1] = _mm512_dpbusd_epi32(x[t][1], w1, a);
            }
        }
        for (uint32_t t = 0; t < n; t++)
            for (uint32_t v = 0; v < 2; v++) {
                __m512 f = _mm512_mul_ps(_mm512_load_ps(o->d[i][v]),
                                         _mm512_cvtepi32_ps(x[t][v]));
                if (min)
                    f = _mm512_add_ps(
                        f, _mm512_mul_ps(_mm512_load_ps(o->m[i][v]),
                                         _mm512_set1_ps((float)sums[t][b])));
                sum[t][v] = _mm512_add_ps(
                    sum[t][v], _mm512_mul_ps(_mm512_set1_ps(d[t][b]), f));
            }
    }
    for (uint32_t t = 0; t < n; t++)
        for (uint32_t v = 0; v < 2; v++)
            _mm512_store_ps(acc + (2 * t + v) * 16, sum[t][v]);
}

KERNEL static void run_32(const struct panel *p, bool min, int32_t zero,
                          uint32_t n, const uint8_t *const *acts,
                          const struct cpu_act_layout *l, uint32_t nb,
                          float *acc)
{
#define PLAIN(n_) product_32(p, false, zero, n_, acts, l, nb, acc)
#define MIN(n_) product_32(p, true, zero, n_, acts, l, nb, acc)
    if (min) {
        FOR_N(MIN)
    } else {
        FOR_N(PLAIN)
    }
#undef PLAIN
#undef MIN
}

/* ------------------------------------------------------------------- tiles */

#define TYPES(X)                                                           \
    X(TARN_Q4_0)                                                           \
    X(TARN_Q4_1) X(TARN_Q5_0) X(TARN_Q5_1) X(TARN_Q8_0) X(TARN_IQ4_NL)     \
    X(TARN_MXFP4)
#define MAKE(type_)                                                        \
    KERNEL static void unpack_##type_(const struct cpu_tile *t,            \
                                      uint32_t row, struct panel *p)       \
    {                                                                      \
        unpack_rows(t, row, type_, zero_of(type_), p);                     \
    }
TYPES(MAKE)

static void unpack(const struct cpu_tile *t, uint32_t row, struct panel *p)
{
#define CASE(type_) \
    case type_: unpack_##type_(t, row, p); break;
    switch (t->ops->type) {
        TYPES(CASE)
    default: break;
    }
#undef CASE
}

void tarn_cpu_panels_32(const struct cpu_tile *t, uint32_t row,
                        struct panel *p)
{
    unpack(t, row, p);
}

int32_t tarn_cpu_panel_zero_32(uint32_t type)
{
    return zero_of(type);
}

size_t tarn_cpu_many_32_scratch(uint32_t k)
{
    return panels_of(k) * sizeof(struct panel) + ACTS * PANEL * sizeof(float);
}

void tarn_cpu_many_32(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    const uint32_t nb = t->k / 32, type = t->ops->type;
    const bool min = kind32_of(type).min;
    struct panel *p = t->scratch;
    float *acc = (float *)(void *)(p + panels_of(t->k));
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        unpack(t, row, p);
        for (uint32_t a = 0; a < t->n_acts; a += ACTS) {
            const uint32_t n = t->n_acts - a < ACTS ? t->n_acts - a : ACTS;
            run_32(p, min, zero_of(type), n, t->acts + a, &l, nb, acc);
            put_panel(t, row, a, n, acc);
        }
    }
}
