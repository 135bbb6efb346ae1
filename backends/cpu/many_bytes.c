/* many_bytes.c - many rows of activations, where bytes multiply into pairs of
 * int16 (bytes.h): the types whose values fit seven bits.
 *
 * A panel of weights (panel.h) against four activations: eight sums of int16,
 * which stay in registers where there are sixteen.  Pairs are added as int16 as
 * long as they fit (nibbles make 3810, eight of them 30480); then one product
 * with the sub-block's scale, as an int16 pair, multiplies and widens.  So the
 * scales cost a quarter or less of the products.
 *
 * Bits: integers are exact, the float part has one accumulator per output,
 * blocks ascending.  Figures: SPEED.md. */
#include <string.h>

#include "backends/cpu/panel.h"

#define ACTS 4u
#define BATCH 48u

/* ----------------------------------------------------------------- product */

INLINE vi splat4(const void *p)
{
    int32_t v;
    memcpy(&v, p, 4);
    return vi_splat(v);
}

/* pairs of int16: sums of `fit` products from step e on. */
INLINE void some_products(const struct panel *p, uint32_t fit, uint32_t n,
                          const uint8_t *const *q, uint32_t e, vi x[ACTS][2])
{
#if VL > 4 /* with 16 bytes the sums are too many for unrolling (SPEED.md) */
    UNROLL
#endif
    for (uint32_t i = 0; i < fit; i++) {
        const vi w0 = vi_load(p->q[e + i][0]), w1 = vi_load(p->q[e + i][1]);
        for (uint32_t t = 0; t < n; t++) {
            const struct signed_bytes a =
                signed_bytes(splat4(q[t] + 4 * (e + i)));
            const vi x0 = mul_bytes(w0, a), x1 = mul_bytes(w1, a);
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
    const uint32_t fit = kind.fit < steps ? kind.fit : steps;
    const uint8_t *q[ACTS];
    vi is[ACTS][2];
    for (uint32_t t = 0; t < n; t++) {
        q[t] = acts[t] + (size_t)b * 256;
        is[t][0] = is[t][1] = vi_splat(0);
    }
    for (uint32_t j = 0; j < kind.subs; j++)
        for (uint32_t e = 0; e < steps; e += fit) {
            vi x[ACTS][2];
            some_products(p, fit, n, q, j * steps + e, x);
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
            for (uint32_t j = 0; j < kind.subs / 2; j++)
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
    const uint32_t fit = kind.qh || type == TARN_MXFP4 ? 4 : 8;
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
            some_products(p, fit, n, q, 8 * i + e, x);
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

#define FOR_N(call)          \
    switch (n) {             \
    case 4: call(4); break;  \
    case 3: call(3); break;  \
    case 2: call(2); break;  \
    default: call(1); break; \
    }

/* Two functions per type: a panel is unpacked, a panel meets activations. */
typedef void (*unpack_fn)(const struct cpu_tile *t, uint32_t row,
                          struct panel *p);
typedef void (*run_fn)(const struct panel *p, uint32_t n, uint32_t nb,
                       const uint8_t *const *acts,
                       const struct cpu_act_layout *l, uint32_t b, float *acc);
struct kernel {
    uint32_t type;
    unpack_fn unpack;
    run_fn run;
};

#define CALL_256(n_) product_256(p, kind, n_, acts, l, b, acc)
#define CALL_32(n_) product_32(p, type, n_, nb, acts, l, 8 * b, acc)
#define MAKE(type_)                                                           \
    KERNEL static void unpack_##type_(const struct cpu_tile *t, uint32_t row, \
                                      struct panel *p)                        \
    {                                                                         \
        unpack_rows(t, row, type_, zero_of(type_), p);                        \
    }                                                                         \
    KERNEL static void run_##type_(                                           \
        const struct panel *p, uint32_t n, uint32_t nb,                       \
        const uint8_t *const *acts, const struct cpu_act_layout *l,           \
        uint32_t b, float *acc)                                               \
    {                                                                         \
        run(type_, p, n, nb, acts, l, b, acc);                                \
    }

INLINE int32_t zero_of(uint32_t type)
{
    return tarn_type_traits(type).block == 256 ? kind256_of(type).zero
                                               : kind32_of(type).zero;
}

INLINE void run(uint32_t type, const struct panel *p, uint32_t n, uint32_t nb,
                const uint8_t *const *acts, const struct cpu_act_layout *l,
                uint32_t b, float *acc)
{
    if (tarn_type_traits(type).block == 256) {
        const struct kind256 kind = kind256_of(type);
        FOR_N(CALL_256)
    } else {
        FOR_N(CALL_32)
    }
}

#define TYPES(X)                                                              \
    X(TARN_Q4_0)                                                              \
    X(TARN_Q4_1) X(TARN_Q5_0) X(TARN_Q5_1) X(TARN_MXFP4) X(TARN_Q2_K)         \
    X(TARN_Q3_K) X(TARN_Q4_K) X(TARN_Q5_K) X(TARN_Q6_K) X(TARN_IQ2_XXS)       \
    X(TARN_IQ2_XS) X(TARN_IQ2_S) X(TARN_IQ3_XXS) X(TARN_IQ3_S)
TYPES(MAKE)

#define ENTRY(type_) { type_, unpack_##type_, run_##type_ },
static const struct kernel KERNELS[] = { TYPES(ENTRY) };

static const struct kernel *kernel_of(uint32_t type)
{
    const struct kernel *k = KERNELS;
    while (k->type != type)
        k++;
    return k;
}

/* ------------------------------------------------------------------- tiles */

size_t tarn_cpu_many_bytes_scratch(uint32_t k)
{
    return panels_of(k) * sizeof(struct panel) +
           BATCH * PANEL * sizeof(float);
}

void tarn_cpu_many_bytes(const struct cpu_tile *t)
{
    const struct cpu_act_layout l =
        tarn_cpu_act_layout(t->ops->form, t->k, false);
    const uint32_t np = panels_of(t->k);
    const struct kernel *kernel = kernel_of(t->ops->type);
    struct panel *p = t->scratch;
    float *acc = (float *)(void *)(p + np);
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        const uint32_t rows = t->n_rows - row < PANEL ? t->n_rows - row : PANEL;
        kernel->unpack(t, row, p);
        for (uint32_t a = 0; a < t->n_acts; a += BATCH) {
            const uint32_t n = t->n_acts - a < BATCH ? t->n_acts - a : BATCH;
            memset(acc, 0, (size_t)n * PANEL * sizeof *acc);
            for (uint32_t b = 0; b < np; b++) {
                const uint32_t left = (t->k - 256 * b) / 32;
                for (uint32_t i = 0; i < n; i += ACTS)
                    kernel->run(p + b, n - i < ACTS ? n - i : ACTS,
                                left < 8 ? left : 8, t->acts + a + i, &l, b,
                                acc + i * PANEL);
            }
            for (uint32_t i = 0; i < n; i++)
                memcpy(t->y[a + i] + t->y_at + row, acc + i * PANEL,
                       rows * sizeof(float));
        }
    }
}
