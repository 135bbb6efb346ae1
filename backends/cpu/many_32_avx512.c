/* many_32_avx512.c - weights with blocks of 32 against many rows of
 * activations, with VNNI: the way of many_256_avx512.c.
 *
 * Bytes [8][2][16][4] per block with 128 added, which makes every type
 * unsigned; 128 times the block's sum of activations is where the integer sum
 * begins.  d and m per row.  Q8_0 and Q4_0 are unpacked directly, the others
 * through unpack.h.
 *
 * Bits: integers are exact, the float part has one accumulator per output,
 * blocks ascending.  Figures: SPEED.md. */
#include "backends/cpu/avx512.h"
#include "backends/cpu/transpose.h"

#define ACTS 6u

struct panel_32 {
    uint8_t q[8][2][64];
    float d[2][16], dm[2][16];
};

/* ---------------------------------------------------------------- unpacking */

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

size_t tarn_cpu_many_32_scratch(uint32_t k)
{
    return k / 32 * sizeof(struct panel_32) + ACTS * PANEL * sizeof(float);
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
            put_panel(t, row, a, n, acc);
        }
    }
}
