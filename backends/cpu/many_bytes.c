/* many_bytes.c - K-quants and Q4_0 against many rows of activations, where
 * bytes multiply into pairs of int16 (bytes.h).
 *
 * As many_avx512.c, with VL rows in a vector and two vectors of rows.  Pairs
 * are added as int16 as long as they fit: nibbles make 3810, eight of them
 * 30480; five bits 7874, four of them 31496; six bits 16002, two of them
 * 32004.  Then one product with the sub-block's scale (as an int16 pair)
 * multiplies and widens.  So the scales cost a quarter or less of the products.
 *
 * Four activations by two vectors are eight sums; they stay in registers where
 * there are sixteen.  Figures: SPEED.md. */
#include <string.h>

#include "backends/cpu/bytes.h"
#include "backends/cpu/cpu.h"
#include "backends/cpu/transpose.h"

#define PANEL (2 * VL)
#define ACTS 4u
#define BATCH 48u

/* One superblock, or eight blocks of 32, of PANEL rows. */
struct panel {
    int32_t q[64][2][VL];      /* four bytes of one row */
    int32_t scale[16][2][VL];  /* pairs of equal int16; Q4_0: not used */
    int32_t pairs[8][2][VL];   /* pairs of int16 that meet sums */
    float d[8][2][VL];         /* [1] in superblocks */
    float dm[2][VL];
};

/* What differs between the types, a constant where it is used. */
struct kind {
    uint32_t type;
    uint32_t fit; /* products of four bytes that int16 holds */
};
#define KIND_Q4_K ((struct kind){ TARN_Q4_K, 8 })
#define KIND_Q5_K ((struct kind){ TARN_Q5_K, 4 })
#define KIND_Q6_K ((struct kind){ TARN_Q6_K, 2 })
#define KIND_Q4_0 ((struct kind){ TARN_Q4_0, 8 })

/* ---------------------------------------------------------------- unpacking */

INLINE int32_t twice(int v)
{
    return (int32_t)((uint32_t)(uint16_t)v * 0x10001u);
}

/* One superblock of one row: bytes to q [256], the rest into lane r. */
static void unpack_k(const uint8_t *p, uint32_t type, uint8_t *q,
                     struct panel *o, uint32_t r)
{
    int16_t pairs[16];
    if (type == TARN_Q6_K) {
        for (int n = 0; n < 2; n++) {
            const uint8_t *ql = p + 64 * n, *qh = p + 128 + 32 * n;
            uint8_t *o128 = q + 128 * n;
            for (int l = 0; l < 32; l++) {
                o128[l] = (uint8_t)((ql[l] & 15) | (qh[l] & 3) << 4);
                o128[l + 32] =
                    (uint8_t)((ql[l + 32] & 15) | (qh[l] & 12) << 2);
                o128[l + 64] = (uint8_t)(ql[l] >> 4 | (qh[l] & 0x30));
                o128[l + 96] =
                    (uint8_t)(ql[l + 32] >> 4 | (qh[l] & 0xc0) >> 2);
            }
        }
        for (uint32_t j = 0; j < 16; j++) {
            const int s = (int8_t)p[192 + j];
            o->scale[j][r / VL][r % VL] = twice(s);
            pairs[j] = (int16_t)(-32 * s);
        }
    } else {
        const bool five = type == TARN_Q5_K;
        uint8_t scale[8], min[8];
        tarn_cpu_scales_k(p + 4, scale, min);
        for (int c = 0; c < 4; c++) {
            const uint8_t *v = p + (five ? 48 : 16) + 32 * c;
            for (int l = 0; l < 32; l++) {
                q[64 * c + l] = v[l] & 15;
                q[64 * c + 32 + l] = v[l] >> 4;
            }
            for (int l = 0; five && l < 32; l++) {
                const int bits = p[16 + l] >> (2 * c);
                q[64 * c + l] |= (uint8_t)((bits & 1) << 4);
                q[64 * c + 32 + l] |= (uint8_t)((bits & 2) << 3);
            }
        }
        for (uint32_t j = 0; j < 8; j++) {
            o->scale[j][r / VL][r % VL] = twice(scale[j]);
            pairs[j] = min[j];
        }
    }
    for (uint32_t j = 0; j < (type == TARN_Q6_K ? 8u : 4u); j++)
        memcpy(&o->pairs[j][r / VL][r % VL], pairs + 2 * j, 4);
    o->d[0][r / VL][r % VL] = float_of_half(type == TARN_Q6_K ? p + 208 : p);
    o->dm[r / VL][r % VL] = type == TARN_Q6_K ? 0.0f : float_of_half(p + 2);
}

/* Up to eight blocks of Q4_0 of one row. */
static void unpack_q4_0(const uint8_t *p, uint32_t n, uint8_t *q,
                        struct panel *o, uint32_t r)
{
    for (uint32_t b = 0; b < n; b++, p += 18, q += 32) {
        uint8_t v[16];
        memcpy(v, p + 2, sizeof v);
        o->d[b][r / VL][r % VL] = float_of_half(p);
        for (int l = 0; l < 16; l++)
            q[l] = v[l] & 15;
        for (int l = 0; l < 16; l++)
            q[l + 16] = v[l] >> 4;
    }
}

/* Lanes without a row repeat the last one; nobody reads them. */
KERNEL static void unpack_panel(const struct cpu_tile *t, uint32_t row,
                                struct panel *p)
{
    const uint32_t type = t->ops->type;
    const struct tarn_type_traits tr = tarn_type_traits(type);
    const uint32_t per = 256 / tr.block, nb = t->k / tr.block;
    uint8_t q[PANEL][256] __attribute__((aligned(64)));
    for (uint32_t b = 0; b < nb; b += per, p++) {
        const uint32_t n = nb - b < per ? nb - b : per;
        for (uint32_t i = 0; i < PANEL; i++) {
            const uint32_t r = row + i < t->n_rows ? row + i : t->n_rows - 1;
            const uint8_t *w =
                t->w + r * t->row_bytes + (size_t)b * tr.bytes;
            if (per == 1)
                unpack_k(w, type, q[i], p, i);
            else
                unpack_q4_0(w, n, q[i], p, i);
        }
        for (uint32_t j = 0; j < n * tr.block / 4; j += VL)
            for (uint32_t v = 0; v < 2; v++)
                transpose_words(q[v * VL] + 4 * j, 256, p->q[j][v],
                                sizeof p->q[0]);
    }
}

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
    for (uint32_t i = 0; i < fit; i++) {
        const vi w0 = vi_load(p->q[e + i][0]), w1 = vi_load(p->q[e + i][1]);
        for (uint32_t t = 0; t < n; t++) {
            const struct signed_bytes a =
                signed_bytes(splat4(q[t] + 4 * (e + i)));
            const vi x0 = mul_bytes(w0, a), x1 = mul_bytes(w1, a);
            x[t][0] = i ? vi_add16(x[t][0], x0) : x0;
            x[t][1] = i ? vi_add16(x[t][1], x1) : x1;
        }
    }
}

/* One superblock against n activations; acc [n][2][VL]. */
INLINE void product_k(const struct panel *p, struct kind kind, uint32_t n,
                      const uint8_t *const *acts,
                      const struct cpu_act_layout *l, uint32_t b, float *acc)
{
    const bool six = kind.type == TARN_Q6_K;
    const uint32_t subs = six ? 16 : 8, steps = 64 / subs;
    const uint8_t *q[ACTS];
    vi is[ACTS][2];
    for (uint32_t t = 0; t < n; t++) {
        q[t] = acts[t] + (size_t)b * 256;
        is[t][0] = is[t][1] = vi_splat(0);
    }
    for (uint32_t j = 0; j < subs; j++)
        for (uint32_t e = 0; e < steps; e += kind.fit) {
            vi x[ACTS][2];
            some_products(p, kind.fit, n, q, j * steps + e, x);
            for (uint32_t v = 0; v < 2; v++) {
                const vi s = vi_load(p->scale[j][v]);
                for (uint32_t t = 0; t < n; t++)
                    is[t][v] = vi_dot2(is[t][v], x[t][v], s);
            }
        }
    for (uint32_t t = 0; t < n; t++) {
        const uint8_t *s =
            acts[t] + (six ? l->s16 : l->sums) + (size_t)b * subs * 2;
        const float da = ((const float *)(const void *)(acts[t] + l->d))[b];
        for (uint32_t v = 0; v < 2; v++) {
            vi m = six ? is[t][v] : vi_splat(0);
            for (uint32_t j = 0; j < subs / 2; j++)
                m = vi_dot2(m, vi_load(p->pairs[j][v]), splat4(s + 4 * j));
            vf f = vf_load(p->d[0][v]) * vf_from_vi(six ? m : is[t][v]);
            if (!six)
                f = f - vf_load(p->dm[v]) * vf_from_vi(m);
            float *o = acc + (2 * t + v) * VL;
            vf_store(o, vf_load(o) + da * f);
        }
    }
}

/* Blocks [0, nb), nb <= 8, of Q4_0. */
INLINE void product_q4_0(const struct panel *p, uint32_t n, uint32_t nb,
                         const uint8_t *const *acts,
                         const struct cpu_act_layout *l, uint32_t b,
                         float *acc)
{
    const uint8_t *q[ACTS];
    const int32_t *sums[ACTS];
    const float *d[ACTS];
    for (uint32_t t = 0; t < n; t++) {
        q[t] = acts[t] + (size_t)b * 32;
        sums[t] = (const int32_t *)(const void *)(acts[t] + l->sums) + b;
        d[t] = (const float *)(const void *)(acts[t] + l->d) + b;
    }
    for (uint32_t i = 0; i < nb; i++) {
        vi x[ACTS][2];
        some_products(p, 8, n, q, 8 * i, x);
        for (uint32_t t = 0; t < n; t++)
            for (uint32_t v = 0; v < 2; v++) {
                const vi s = vi_dot2(vi_splat(-8 * sums[t][i]), x[t][v],
                                     vi_splat(0x10001));
                const vf f = vf_load(p->d[i][v]) * vf_from_vi(s);
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

KERNEL static void run_panel(const struct panel *p, uint32_t type, uint32_t n,
                             uint32_t nb, const uint8_t *const *acts,
                             const struct cpu_act_layout *l, uint32_t b,
                             float *acc)
{
#define Q4K(n_) product_k(p, KIND_Q4_K, n_, acts, l, b, acc)
#define Q5K(n_) product_k(p, KIND_Q5_K, n_, acts, l, b, acc)
#define Q6K(n_) product_k(p, KIND_Q6_K, n_, acts, l, b, acc)
#define Q40(n_) product_q4_0(p, n_, nb, acts, l, b * 8, acc)
    if (type == TARN_Q4_K) {
        FOR_N(Q4K)
    } else if (type == TARN_Q5_K) {
        FOR_N(Q5K)
    } else if (type == TARN_Q6_K) {
        FOR_N(Q6K)
    } else {
        FOR_N(Q40)
    }
#undef Q4K
#undef Q5K
#undef Q6K
#undef Q40
}

/* ------------------------------------------------------------------- tiles */

static uint32_t panels_of(uint32_t k)
{
    return (k + 255) / 256;
}

size_t tarn_cpu_many_bytes_scratch(uint32_t k)
{
    return panels_of(k) * sizeof(struct panel) +
           BATCH * PANEL * sizeof(float);
}

void tarn_cpu_many_bytes(const struct cpu_tile *t)
{
    const struct cpu_act_layout l =
        tarn_cpu_act_layout(t->ops->form, t->k, false);
    const uint32_t np = panels_of(t->k), type = t->ops->type;
    struct panel *p = t->scratch;
    float *acc = (float *)(void *)(p + np);
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        const uint32_t rows = t->n_rows - row < PANEL ? t->n_rows - row : PANEL;
        unpack_panel(t, row, p);
        for (uint32_t a = 0; a < t->n_acts; a += BATCH) {
            const uint32_t n = t->n_acts - a < BATCH ? t->n_acts - a : BATCH;
            memset(acc, 0, (size_t)n * PANEL * sizeof *acc);
            for (uint32_t b = 0; b < np; b++) {
                const uint32_t left = (t->k - 256 * b) / 32;
                for (uint32_t i = 0; i < n; i += ACTS)
                    run_panel(p + b, type, n - i < ACTS ? n - i : ACTS,
                              left < 8 ? left : 8, t->acts + a + i, &l, b,
                              acc + i * PANEL);
            }
            for (uint32_t i = 0; i < n; i++)
                memcpy(t->y[a + i] + t->y_at + row, acc + i * PANEL,
                       rows * sizeof(float));
        }
    }
}
