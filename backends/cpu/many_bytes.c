/* many_bytes.c - many rows of activations, where bytes multiply (bytes.h): the
 * types whose values fit seven bits; on NEON and with 32 bytes a vector all.
 *
 * A panel of weights (panel.h) meets four activations at a time; how is the
 * machine's affair (products_*.h).
 *
 * Bits: integers are exact, the float part has one accumulator per output,
 * blocks ascending.  Figures: SPEED.md. */
#include <string.h>

#include "backends/cpu/fetch.h"
#include "backends/cpu/panel.h"

#define BATCH 48u

/* A panel against up to ACTS activations: product_256(), product_32(). */
#if TARN_CPU_NEON
#include "backends/cpu/products_neon.h"
#else
#include "backends/cpu/products_pairs.h"
#endif

#define FOR_N(call)          \
    switch (n) {             \
    FOR_MORE(call)           \
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
#if TARN_CPU_NEON || VL == 8
#define TYPES_8(X) X(TARN_Q8_0) X(TARN_IQ4_NL) X(TARN_IQ4_XS)
#else
#define TYPES_8(X)
#endif
TYPES(MAKE)
TYPES_8(MAKE)

#define ENTRY(type_) { type_, unpack_##type_, run_##type_ },
static const struct kernel KERNELS[] = { TYPES(ENTRY) TYPES_8(ENTRY) };

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
    struct fetcher next =
        fetcher_of(t, (size_t)np * ((t->n_acts + ACTS - 1) / ACTS));
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        const uint32_t rows = t->n_rows - row < PANEL ? t->n_rows - row : PANEL;
        kernel->unpack(t, row, p);
        for (uint32_t a = 0; a < t->n_acts; a += BATCH) {
            const uint32_t n = t->n_acts - a < BATCH ? t->n_acts - a : BATCH;
            memset(acc, 0, (size_t)n * PANEL * sizeof *acc);
            for (uint32_t b = 0; b < np; b++) {
                const uint32_t left = (t->k - 256 * b) / 32;
                for (uint32_t i = 0; i < n; i += ACTS) {
                    kernel->run(p + b, n - i < ACTS ? n - i : ACTS,
                                left < 8 ? left : 8, t->acts + a + i, &l, b,
                                acc + i * PANEL);
                    fetch_some(&next);
                }
            }
            for (uint32_t i = 0; i < n; i++)
                memcpy(t->y[a + i] + t->y_at + row, acc + i * PANEL,
                       rows * sizeof(float));
        }
    }
}
