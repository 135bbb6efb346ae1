/* many_avx512.c - weights against many rows of activations, with VNNI.
 *
 * 32 rows of weights are unpacked to unsigned bytes, rows in the lanes: a
 * vector holds four values of 16 rows, so that four activations (one
 * broadcast) meet 16 rows in one vpdpbusd.  The panel of one superblock is 8
 * KiB and stays in the first cache while up to BATCH rows of activations pass
 * it, ACTS at a time.
 *
 * A256: bytes [64][2][16][4], then per sub-block a scale; what the bytes are
 *   too large by (32 in Q6_K) goes off through `pairs`: int16 pairs that meet
 *   the sums of 16 or 32 activations.  Q4_K's minima meet the same sums.
 * A32: bytes [8][2][16][4] with 128 added, d and m per row.
 *
 * Bits: integers are exact, the float part has one accumulator per output,
 * blocks ascending.  Figures: SPEED.md. */
#include "backends/cpu/avx512.h"
#include "backends/cpu/transpose.h"

#define PANEL 32
#define ACTS 6u
#define BATCH 48u

struct panel_256 {
    uint8_t q[64][2][64];
    int16_t scale[16][PANEL]; /* [8] where sub-blocks are 32 long */
    int32_t pairs[8][2][16];  /* [4] likewise */
    float d[2][16], dm[2][16];
};

struct panel_32 {
    uint8_t q[8][2][64];
    float d[2][16], dm[2][16];
};

/* What differs between the types, a constant where it is used. */
struct kind {
    uint32_t type, subs; /* sub-blocks of a superblock: 8 or 16 */
    bool min;            /* pairs are minima; else they correct isum */
};
#define KIND_Q4_K ((struct kind){ TARN_Q4_K, 8, true })
#define KIND_Q5_K ((struct kind){ TARN_Q5_K, 8, true })
#define KIND_Q6_K ((struct kind){ TARN_Q6_K, 16, false })

/* ---------------------------------------------------------------- unpacking */

/* One block of one row: bytes to q [256], the rest into lane r. */
INLINE void unpack_row(const uint8_t *p, struct kind kind, uint8_t *q,
                       struct panel_256 *o, uint32_t r)
{
    const __m256i m4 = _mm256_set1_epi8(15);
    uint16_t h[2] = { 0, 0 };
    if (kind.type == TARN_Q6_K) {
        memcpy(h, p + 208, 2);
        for (int n = 0; n < 2; n++) {
            const __m256i m2 = _mm256_set1_epi8(0x30);
            const __m256i high =
                _mm256_loadu_si256((const void *)(p + 128 + 32 * n));
            for (int i = 0; i < 2; i++) {
                const __m256i low =
                    _mm256_loadu_si256((const void *)(p + 64 * n + 32 * i));
                const __m256i top = i ? _mm256_slli_epi16(high, 2)
                                      : _mm256_slli_epi16(high, 4);
                const __m256i over = i ? _mm256_srli_epi16(high, 2) : high;
                _mm256_store_si256(
                    (void *)(q + 128 * n + 32 * i),
                    _mm256_or_si256(_mm256_and_si256(low, m4),
                                    _mm256_and_si256(top, m2)));
                _mm256_store_si256(
                    (void *)(q + 128 * n + 64 + 32 * i),
                    _mm256_or_si256(
                        _mm256_and_si256(_mm256_srli_epi16(low, 4), m4),
                        _mm256_and_si256(over, m2)));
            }
        }
        int16_t off[16];
        for (uint32_t j = 0; j < 16; j++) {
            const int s = (int8_t)p[192 + j];
            o->scale[j][r] = (int16_t)s;
            off[j] = (int16_t)(-32 * s);
        }
        for (uint32_t j = 0; j < 8; j++)
            memcpy(&o->pairs[j][r / 16][r % 16], off + 2 * j, 4);
    } else {
        uint8_t scale[8], min[8];
        memcpy(h, p, 4);
        tarn_cpu_scales_k(p + 4, scale, min);
        const bool five = kind.type == TARN_Q5_K;
        const __m256i high =
            five ? _mm256_loadu_si256((const void *)(p + 16))
                 : _mm256_setzero_si256();
        for (int c = 0; c < 4; c++) {
            const __m256i v = _mm256_loadu_si256(
                (const void *)(p + (five ? 48 : 16) + 32 * c));
            __m256i a = _mm256_and_si256(v, m4);
            __m256i b = _mm256_and_si256(_mm256_srli_epi16(v, 4), m4);
            if (five) {
                const __m256i bit = _mm256_set1_epi8(1);
                const __m256i t = _mm256_srli_epi16(high, 2 * c);
                const __m256i x = _mm256_and_si256(t, bit);
                const __m256i y =
                    _mm256_and_si256(_mm256_srli_epi16(t, 1), bit);
                a = _mm256_or_si256(a, _mm256_slli_epi16(x, 4));
                b = _mm256_or_si256(b, _mm256_slli_epi16(y, 4));
            }
            _mm256_store_si256((void *)(q + 64 * c), a);
            _mm256_store_si256((void *)(q + 64 * c + 32), b);
        }
        for (uint32_t j = 0; j < 8; j++)
            o->scale[j][r] = scale[j];
        for (uint32_t j = 0; j < 4; j++)
            o->pairs[j][r / 16][r % 16] =
                min[2 * j] | (int32_t)min[2 * j + 1] << 16;
    }
    o->d[r / 16][r % 16] = _cvtsh_ss(h[0]);
    o->dm[r / 16][r % 16] = _cvtsh_ss(h[1]);
}

/* Lanes without a row repeat the last one; nobody reads them. */
KERNEL static void unpack_256(const struct cpu_tile *t, uint32_t row,
                              struct kind kind, struct panel_256 *p)
{
    const size_t bytes = tarn_type_traits(kind.type).bytes;
    uint8_t q[16][256] __attribute__((aligned(64)));
    for (uint32_t b = 0; b < t->k / 256; b++)
        for (uint32_t v = 0; v < 2; v++) {
            for (uint32_t i = 0; i < 16; i++) {
                uint32_t r = row + 16 * v + i;
                r = r < t->n_rows ? r : t->n_rows - 1;
                const uint8_t *w = t->w + r * t->row_bytes + b * bytes;
                if (kind.type == TARN_Q4_K)
                    unpack_row(w, KIND_Q4_K, q[i], p + b, 16 * v + i);
                else if (kind.type == TARN_Q5_K)
                    unpack_row(w, KIND_Q5_K, q[i], p + b, 16 * v + i);
                else
                    unpack_row(w, KIND_Q6_K, q[i], p + b, 16 * v + i);
            }
            for (int j = 0; j < 4; j++)
                transpose_words(q[0] + 64 * j, 256, p[b].q[16 * j][v], 128);
        }
}

/* One block of 32 of one row, 128 added. */
INLINE __m256i unpack_block(const uint8_t *p, uint32_t type,
                            cpu_unpack_fn unpack, float *d, float *dm)
{
    const __m256i half = _mm256_set1_epi8((char)0x80);
    if (type == TARN_Q8_0 || type == TARN_Q4_0) {
        uint16_t h;
        memcpy(&h, p, 2);
        *d = _cvtsh_ss(h);
        *dm = 0.0f;
        if (type == TARN_Q8_0)
            return _mm256_xor_si256(
                _mm256_loadu_si256((const void *)(p + 2)), half);
        const __m128i v = _mm_loadu_si128((const void *)(p + 2));
        const __m256i q = _mm256_and_si256(
            _mm256_setr_m128i(v, _mm_srli_epi16(v, 4)), _mm256_set1_epi8(15));
        return _mm256_add_epi8(q, _mm256_set1_epi8(120));
    }
    struct cpu_block o;
    unpack(p, &o);
    *d = o.d;
    *dm = o.dm;
    return _mm256_xor_si256(_mm512_cvtepi16_epi8(_mm512_loadu_si512(o.w)),
                            half);
}

/* Two blocks at a time, since a transposition takes 64 bytes of each row; an
 * odd last block is its own neighbour. */
INLINE void unpack_type(const struct cpu_tile *t, uint32_t row, uint32_t type,
                        struct panel_32 *p)
{
    const size_t bytes = tarn_type_traits(type).bytes;
    const cpu_unpack_fn unpack = tarn_cpu_unpack(type);
    const uint32_t nb = t->k / 32;
    uint8_t q[16][64] __attribute__((aligned(64)));
    uint8_t out[16][128] __attribute__((aligned(64)));
    for (uint32_t b = 0; b < nb; b += 2)
        for (uint32_t v = 0; v < 2; v++) {
            for (uint32_t i = 0; i < 16; i++) {
                uint32_t r = row + 16 * v + i;
                r = r < t->n_rows ? r : t->n_rows - 1;
                for (uint32_t k = 0; k < 2; k++) {
                    const uint32_t at = b + k < nb ? b + k : b;
                    _mm256_store_si256(
                        (void *)(q[i] + 32 * k),
                        unpack_block(t->w + r * t->row_bytes + at * bytes,
                                     type, unpack, &p[at].d[v][i],
                                     &p[at].dm[v][i]));
                }
            }
            transpose_words(q[0], 64, out[0], 128);
            for (uint32_t i = 0; i < 8; i++) {
                memcpy(p[b].q[i][v], out[i], 64);
                if (b + 1 < nb)
                    memcpy(p[b + 1].q[i][v], out[i + 8], 64);
            }
        }
}

KERNEL static void unpack_32(const struct cpu_tile *t, uint32_t row,
                             struct panel_32 *p)
{
    if (t->ops->type == TARN_Q8_0)
        unpack_type(t, row, TARN_Q8_0, p);
    else if (t->ops->type == TARN_Q4_0)
        unpack_type(t, row, TARN_Q4_0, p);
    else
        unpack_type(t, row, t->ops->type, p);
}

/* ----------------------------------------------------------------- product */

INLINE __m512i splat32(const void *p)
{
    int32_t v;
    memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
}

/* One superblock of the panel against n activations; acc [n][2][16]. */
INLINE void product_256(const struct panel_256 *p, struct kind kind,
                        uint32_t n, const uint8_t *const *acts,
                        const struct cpu_act_layout *l, uint32_t b, float *acc)
{
    const uint32_t steps = 64 / kind.subs;
    const uint8_t *q[ACTS];
    __m512i is[ACTS][2];
    for (uint32_t t = 0; t < n; t++) {
        q[t] = acts[t] + (size_t)b * 256;
        is[t][0] = is[t][1] = _mm512_setzero_si512();
    }
    for (uint32_t j = 0; j < kind.subs; j++) {
        __m512i x[ACTS][2];
        for (uint32_t t = 0; t < n; t++)
            x[t][0] = x[t][1] = _mm512_setzero_si512();
        for (uint32_t e = 0; e < steps; e++) {
            const __m512i w0 = _mm512_load_si512(p->q[j * steps + e][0]);
            const __m512i w1 = _mm512_load_si512(p->q[j * steps + e][1]);
            for (uint32_t t = 0; t < n; t++) {
                const __m512i a = splat32(q[t] + 4 * (j * steps + e));
                x[t][0] = _mm512_dpbusd_epi32(x[t][0], w0, a);
                x[t][1] = _mm512_dpbusd_epi32(x[t][1], w1, a);
            }
        }
        for (uint32_t v = 0; v < 2; v++) {
            const __m512i s = _mm512_cvtepi16_epi32(
                _mm256_load_si256((const void *)(p->scale[j] + 16 * v)));
            for (uint32_t t = 0; t < n; t++)
                is[t][v] = _mm512_add_epi32(is[t][v],
                                            _mm512_mullo_epi32(x[t][v], s));
        }
    }
    for (uint32_t t = 0; t < n; t++) {
        const uint8_t *s = acts[t] + (kind.subs == 8 ? l->sums : l->s16) +
                           (size_t)b * kind.subs * 2;
        const __m512 da =
            _mm512_set1_ps(((const float *)(const void *)(acts[t] + l->d))[b]);
        for (uint32_t v = 0; v < 2; v++) {
            __m512i m = kind.min ? _mm512_setzero_si512() : is[t][v];
            for (uint32_t j = 0; j < kind.subs / 2; j++)
                m = _mm512_dpwssd_epi32(
                    m, _mm512_load_si512(p->pairs[j][v]), splat32(s + 4 * j));
            __m512 f = _mm512_mul_ps(
                _mm512_load_ps(p->d[v]),
                _mm512_cvtepi32_ps(kind.min ? is[t][v] : m));
            if (kind.min)
                f = _mm512_sub_ps(f, _mm512_mul_ps(_mm512_load_ps(p->dm[v]),
                                                   _mm512_cvtepi32_ps(m)));
            float *o = acc + (2 * t + v) * 16;
            _mm512_store_ps(o, _mm512_add_ps(_mm512_load_ps(o),
                                             _mm512_mul_ps(da, f)));
        }
    }
}

/* Blocks [0, nb) of 32 of the panel against n activations. */
INLINE void product_32(const struct panel_32 *p, bool min, uint32_t n,
                       const uint8_t *const *acts,
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
    for (uint32_t b = 0; b < nb; b++, p++) {
        __m512i x[ACTS][2];
        for (uint32_t t = 0; t < n; t++)
            x[t][0] = x[t][1] = _mm512_set1_epi32(-128 * sums[t][b]);
        for (uint32_t e = 0; e < 8; e++) {
            const __m512i w0 = _mm512_load_si512(p->q[e][0]);
            const __m512i w1 = _mm512_load_si512(p->q[e][1]);
            for (uint32_t t = 0; t < n; t++) {
                const __m512i a = splat32(acts[t] + 32 * (size_t)b + 4 * e);
                x[t][0] = _mm512_dpbusd_epi32(x[t][0], w0, a);
                x[t][1] = _mm512_dpbusd_epi32(x[t][1], w1, a);
            }
        }
        for (uint32_t t = 0; t < n; t++)
            for (uint32_t v = 0; v < 2; v++) {
                __m512 f = _mm512_mul_ps(_mm512_load_ps(p->d[v]),
                                         _mm512_cvtepi32_ps(x[t][v]));
                if (min)
                    f = _mm512_sub_ps(
                        f, _mm512_mul_ps(_mm512_load_ps(p->dm[v]),
                                         _mm512_set1_ps((float)sums[t][b])));
                sum[t][v] = _mm512_add_ps(
                    sum[t][v], _mm512_mul_ps(_mm512_set1_ps(d[t][b]), f));
            }
    }
    for (uint32_t t = 0; t < n; t++)
        for (uint32_t v = 0; v < 2; v++)
            _mm512_store_ps(acc + (2 * t + v) * 16, sum[t][v]);
}

#define FOR_N(call)                    \
    switch (n) {                       \
    case 6: call(6); break;            \
    case 5: call(5); break;            \
    case 4: call(4); break;            \
    case 3: call(3); break;            \
    case 2: call(2); break;            \
    default: call(1); break;           \
    }

KERNEL static void run_256(const struct panel_256 *p, uint32_t type,
                           uint32_t n, const uint8_t *const *acts,
                           const struct cpu_act_layout *l, uint32_t b,
                           float *acc)
{
#define Q4(n_) product_256(p, KIND_Q4_K, n_, acts, l, b, acc)
#define Q6(n_) product_256(p, KIND_Q6_K, n_, acts, l, b, acc)
    if (type == TARN_Q6_K) {
        FOR_N(Q6)
    } else {
        FOR_N(Q4)
    }
#undef Q4
#undef Q6
}

KERNEL static void run_32(const struct panel_32 *p, bool min, uint32_t n,
                          const uint8_t *const *acts,
                          const struct cpu_act_layout *l, uint32_t nb,
                          float *acc)
{
#define PLAIN(n_) product_32(p, false, n_, acts, l, nb, acc)
#define MIN(n_) product_32(p, true, n_, acts, l, nb, acc)
    if (min) {
        FOR_N(MIN)
    } else {
        FOR_N(PLAIN)
    }
#undef PLAIN
#undef MIN
}

/* ------------------------------------------------------------------- tiles */

size_t tarn_cpu_many_256_scratch(uint32_t k)
{
    return k / 256 * sizeof(struct panel_256) + BATCH * PANEL * sizeof(float);
}

size_t tarn_cpu_many_32_scratch(uint32_t k)
{
    return k / 32 * sizeof(struct panel_32) + BATCH * PANEL * sizeof(float);
}

static void put(const struct cpu_tile *t, uint32_t row, uint32_t act,
                uint32_t n, const float *acc)
{
    const uint32_t rows = t->n_rows - row < PANEL ? t->n_rows - row : PANEL;
    for (uint32_t i = 0; i < n; i++)
        memcpy(t->y[act + i] + t->y_at + row, acc + i * PANEL,
               rows * sizeof(float));
}

void tarn_cpu_many_256(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    const uint32_t nb = t->k / 256, type = t->ops->type;
    struct panel_256 *p = t->scratch;
    float *acc = (float *)(void *)(p + nb);
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        unpack_256(t, row,
                   type == TARN_Q4_K   ? KIND_Q4_K
                   : type == TARN_Q5_K ? KIND_Q5_K
                                       : KIND_Q6_K,
                   p);
        for (uint32_t a = 0; a < t->n_acts; a += BATCH) {
            const uint32_t n = t->n_acts - a < BATCH ? t->n_acts - a : BATCH;
            memset(acc, 0, (size_t)n * PANEL * sizeof *acc);
            for (uint32_t b = 0; b < nb; b++)
                for (uint32_t i = 0; i < n; i += ACTS)
                    run_256(p + b, type, n - i < ACTS ? n - i : ACTS,
                            t->acts + a + i, &l, b, acc + i * PANEL);
            put(t, row, a, n, acc);
        }
    }
}

void tarn_cpu_many_32(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    const uint32_t nb = t->k / 32, type = t->ops->type;
    const bool min = type == TARN_Q4_1 || type == TARN_Q5_1;
    struct panel_32 *p = t->scratch;
    float *acc = (float *)(void *)(p + nb);
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        unpack_32(t, row, p);
        for (uint32_t a = 0; a < t->n_acts; a += ACTS) {
            const uint32_t n = t->n_acts - a < ACTS ? t->n_acts - a : ACTS;
            run_32(p, min, n, t->acts + a, &l, nb, acc);
            put(t, row, a, n, acc);
        }
    }
}
