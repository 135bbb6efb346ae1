/* many_256_avx512.c - types with superblocks of 256 against many rows of
 * activations, with VNNI.
 *
 * A panel of 32 rows of weights (panel.h): four activations (one broadcast)
 * meet 16 rows in one vpdpbusd.  The panel of one superblock is 8 KiB and
 * stays in the first cache while up to BATCH rows of activations pass it, ACTS
 * at a time.  What the bytes are too large by goes off through `pairs`, which
 * meet the sums of 16 or 32 activations, as minima do.
 *
 * Q4_K, Q5_K and Q6_K are turned before they are split into values: half the
 * shuffles.
 *
 * Bits: integers are exact, the float part has one accumulator per output,
 * blocks ascending.  Figures: SPEED.md. */
#include "backends/cpu/avx512.h"
#include "backends/cpu/panel.h"

#define ACTS 6u
#define BATCH 48u
#define FEW 24u

/* ---------------------------------------------------------------- unpacking */

/* The same 16 bytes of 16 rows, turned: vector i holds dword i of each. */
INLINE void load_columns(const uint8_t *const *rows, size_t at, __m512i d[4])
{
    __m512i v[4];
    for (int i = 0; i < 4; i++) {
        const uint8_t *const *r = rows + 4 * i;
        v[i] = _mm512_castsi128_si512(
            _mm_loadu_si128((const void *)(r[0] + at)));
        v[i] = _mm512_inserti32x4(
            v[i], _mm_loadu_si128((const void *)(r[1] + at)), 1);
        v[i] = _mm512_inserti32x4(
            v[i], _mm_loadu_si128((const void *)(r[2] + at)), 2);
        v[i] = _mm512_inserti32x4(
            v[i], _mm_loadu_si128((const void *)(r[3] + at)), 3);
    }
    for (int i = 0; i < 4; i++) {
        const __m512i pick = _mm512_add_epi32(
            _mm512_set1_epi32(i),
            _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0,
                              0));
        const __m512i x = _mm512_permutex2var_epi32(v[0], pick, v[1]);
        const __m512i y = _mm512_permutex2var_epi32(v[2], pick, v[3]);
        d[i] = _mm512_inserti64x4(x, _mm512_castsi512_si256(y), 1);
    }
}

/* 64 bytes of each row from `at` on, turned: vector i holds dword i. */
INLINE void load_square(const uint8_t *const *rows, size_t at,
                        __m512i out[16])
{
    uint8_t t[16][64] __attribute__((aligned(64)));
    for (int i = 0; i < 16; i++)
        _mm512_store_si512(t[i], _mm512_loadu_si512(rows[i] + at));
    transpose_words(t, 64, out, 64);
}

/* d, dmin, scales and minima of Q4_K and Q5_K; v: which half of the panel. */
INLINE void unpack_heads(const uint8_t *const *rows, struct panel *o,
                         uint32_t v)
{
    const __m512i byte = _mm512_set1_epi32(255);
    __m512i d[4], sm[4];
    load_columns(rows, 0, d);
    _mm512_store_ps(o->d[0][v],
                    _mm512_cvtph_ps(_mm512_cvtepi32_epi16(d[0])));
    _mm512_store_ps(o->m[0][v], _mm512_cvtph_ps(_mm512_cvtepi32_epi16(
                                  _mm512_srli_epi32(d[0], 16))));
    /* Dwords 1 and 2: scales and minima 0-3 in six bits of each byte, the top
     * bits of 4-7 above; dword 3: low nibbles of scales, high of minima. */
    const __m512i six = _mm512_set1_epi8(0x3f), top = _mm512_set1_epi8(0x30);
    const __m512i four = _mm512_set1_epi8(0x0f);
    for (int i = 0; i < 2; i++) {
        sm[2 * i] = _mm512_and_si512(d[1 + i], six);
        sm[2 * i + 1] = _mm512_or_si512(
            _mm512_and_si512(_mm512_srli_epi32(d[1 + i], 2), top),
            _mm512_and_si512(i ? _mm512_srli_epi32(d[3], 4) : d[3], four));
    }
    for (unsigned j = 0; j < 8; j++)
        _mm512_store_si512(
            o->scale[j][v],
            _mm512_and_si512(_mm512_srli_epi32(sm[j / 4], 8 * (j % 4)), byte));
    for (unsigned j = 0; j < 4; j++) {
        const __m512i m = _mm512_srli_epi32(sm[2 + j / 2], 16 * (j % 2));
        _mm512_store_si512(
            o->pairs[j][v],
            _mm512_or_si512(_mm512_and_si512(m, byte),
                            _mm512_slli_epi32(
                                _mm512_and_si512(_mm512_srli_epi32(m, 8),
                                                 byte),
                                16)));
    }
}

/* 16 rows of Q4_K or Q5_K: nibbles are split after turning. */
INLINE void unpack_q45(const uint8_t *const *rows, bool five,
                       struct panel *o, uint32_t v)
{
    const __m512i m4 = _mm512_set1_epi8(15), bit = _mm512_set1_epi8(16);
    __m512i h[16];
    unpack_heads(rows, o, v);
    if (five) { /* qh [32], then qs: dwords 0-7 are qh */
        __m512i t[8];
        load_columns(rows, 16, t);
        load_columns(rows, 32, t + 4);
        memcpy(h, t, sizeof t);
    }
    for (unsigned half = 0; half < 2; half++) {
        __m512i q[16];
        load_square(rows, (five ? 48 : 16) + 64 * half, q);
        for (unsigned i = 0; i < 16; i++) {
            const unsigned c = 2 * half + i / 8, e = i % 8;
            __m512i a = _mm512_and_si512(q[i], m4);
            __m512i b = _mm512_and_si512(_mm512_srli_epi16(q[i], 4), m4);
            if (five) { /* bit 2c for the low half, 2c + 1 for the high */
                const __m512i x = _mm512_srlv_epi16(
                    h[e], _mm512_set1_epi16((int16_t)(2 * c)));
                const __m512i low = _mm512_slli_epi16(x, 4);
                const __m512i high = _mm512_slli_epi16(x, 3);
                a = _mm512_or_si512(a, _mm512_and_si512(low, bit));
                b = _mm512_or_si512(b, _mm512_and_si512(high, bit));
            }
            _mm512_store_si512(o->q[16 * c + e][v], a);
            _mm512_store_si512(o->q[16 * c + 8 + e][v], b);
        }
    }
}

/* 16 rows of Q6_K. */
INLINE void unpack_q6(const uint8_t *const *rows, struct panel *o,
                      uint32_t v)
{
    const __m512i m4 = _mm512_set1_epi8(15), m2 = _mm512_set1_epi8(0x30);
    __m512i h[16], s[4];
    uint16_t d[16];
    load_columns(rows, 192, s);
    for (unsigned j = 0; j < 16; j += 2) {
        const __m512i a = _mm512_srai_epi32(
            _mm512_slli_epi32(s[j / 4], 24 - 8 * (j % 4)), 24);
        const __m512i b = _mm512_srai_epi32(
            _mm512_slli_epi32(s[j / 4], 16 - 8 * (j % 4)), 24);
        _mm512_store_si512(o->scale[j][v], a);
        _mm512_store_si512(o->scale[j + 1][v], b);
        /* -32 times each, as int16. */
        const __m512i low = _mm512_and_si512(
            _mm512_sub_epi32(_mm512_setzero_si512(),
                             _mm512_slli_epi32(a, 5)),
            _mm512_set1_epi32(0xffff));
        const __m512i high = _mm512_slli_epi32(
            _mm512_sub_epi32(_mm512_setzero_si512(), b), 21);
        _mm512_store_si512(o->pairs[j / 2][v], _mm512_or_si512(low, high));
    }
    for (int i = 0; i < 16; i++)
        memcpy(d + i, rows[i] + 208, 2);
    _mm512_store_ps(o->d[0][v],
                    _mm512_cvtph_ps(_mm256_loadu_si256((const void *)d)));
    load_square(rows, 128, h);
    for (unsigned n = 0; n < 2; n++) {
        __m512i l[16];
        load_square(rows, 64 * n, l);
        for (unsigned e = 0; e < 8; e++) {
            const __m512i x = h[8 * n + e], p = l[e], q = l[e + 8];
            const __m512i x4 = _mm512_and_si512(_mm512_slli_epi16(x, 4), m2);
            const __m512i x2 = _mm512_and_si512(_mm512_slli_epi16(x, 2), m2);
            const __m512i x0 = _mm512_and_si512(x, m2);
            const __m512i xr = _mm512_and_si512(_mm512_srli_epi16(x, 2), m2);
            int32_t(*out)[2][VL] = o->q + 32 * n + e;
            _mm512_store_si512(
                out[0][v], _mm512_or_si512(_mm512_and_si512(p, m4), x4));
            _mm512_store_si512(
                out[8][v], _mm512_or_si512(_mm512_and_si512(q, m4), x2));
            _mm512_store_si512(
                out[16][v],
                _mm512_or_si512(
                    _mm512_and_si512(_mm512_srli_epi16(p, 4), m4), x0));
            _mm512_store_si512(
                out[24][v],
                _mm512_or_si512(
                    _mm512_and_si512(_mm512_srli_epi16(q, 4), m4), xr));
        }
    }
}

/* Lanes without a row repeat the last one; nobody reads them. */
INLINE void unpack_turned(const struct cpu_tile *t, uint32_t row,
                          uint32_t type, struct panel *p)
{
    for (uint32_t v = 0; v < 2; v++) {
        const uint8_t *rows[16];
        for (uint32_t i = 0; i < 16; i++) {
            const uint32_t r = row + 16 * v + i;
            rows[i] =
                t->w + (r < t->n_rows ? r : t->n_rows - 1) * t->row_bytes;
        }
        for (uint32_t b = 0; b < t->k / 256; b++) {
            if (type == TARN_Q6_K)
                unpack_q6(rows, p + b, v);
            else
                unpack_q45(rows, type == TARN_Q5_K, p + b, v);
            for (int i = 0; i < 16; i++)
                rows[i] += kind256_of(type).bytes;
        }
    }
}

/* ----------------------------------------------------------------- product */

/* One superblock of the panel against n activations; acc [n][2][16]. */
INLINE void product_256(const struct panel *p, struct kind256 kind,
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
            const __m512i s = _mm512_load_si512(p->scale[j][v]);
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
                _mm512_load_ps(p->d[0][v]),
                _mm512_cvtepi32_ps(kind.min ? is[t][v] : m));
            if (kind.min)
                f = _mm512_sub_ps(f, _mm512_mul_ps(_mm512_load_ps(p->m[0][v]),
                                                   _mm512_cvtepi32_ps(m)));
            float *o = acc + (2 * t + v) * 16;
            _mm512_store_ps(o, _mm512_add_ps(_mm512_load_ps(o),
                                             _mm512_mul_ps(da, f)));
        }
    }
}

/* Bytes of IQ4_XS get 128 added. */
INLINE int32_t zero_of(uint32_t type)
{
    return kind256_of(type).is_signed ? 128 : kind256_of(type).zero;
}

/* Two functions per type: a panel is unpacked, a panel meets activations. */
struct kernel {
    uint32_t type;
    void (*unpack)(const struct cpu_tile *t, uint32_t row, struct panel *p);
    void (*run)(const struct panel *p, uint32_t n, const uint8_t *const *acts,
                const struct cpu_act_layout *l, uint32_t b, float *acc);
};

#define CALL(n_) product_256(p, kind, n_, acts, l, b, acc)
#define MAKE_RUN(name_, type_)                                               \
    KERNEL static void run_##name_(                                          \
        const struct panel *p, uint32_t n, const uint8_t *const *acts,       \
        const struct cpu_act_layout *l, uint32_t b, float *acc)              \
    {                                                                        \
        const struct kind256 kind = kind256_of(type_);                       \
        FOR_N(CALL)                                                          \
    }
MAKE_RUN(min8, TARN_Q4_K)
MAKE_RUN(min16, TARN_Q2_K)
MAKE_RUN(zero8, TARN_IQ4_XS)
MAKE_RUN(zero16, TARN_Q6_K)

#define TURNED(X) X(TARN_Q4_K, min8) X(TARN_Q5_K, min8) X(TARN_Q6_K, zero16)
#define OTHERS(X)                                                            \
    X(TARN_Q2_K, min16)                                                      \
    X(TARN_Q3_K, zero16) X(TARN_IQ4_XS, zero8) X(TARN_IQ2_XXS, zero8)        \
    X(TARN_IQ2_XS, zero16) X(TARN_IQ2_S, zero16) X(TARN_IQ3_XXS, zero8)      \
    X(TARN_IQ3_S, zero8)
#define MAKE_TURNED(type_, run_)                                             \
    KERNEL static void unpack_##type_(const struct cpu_tile *t, uint32_t row, \
                                      struct panel *p)                       \
    {                                                                        \
        unpack_turned(t, row, type_, p);                                     \
    }
#define MAKE_OTHER(type_, run_)                                              \
    KERNEL static void unpack_##type_(const struct cpu_tile *t, uint32_t row, \
                                      struct panel *p)                       \
    {                                                                        \
        unpack_rows(t, row, type_, zero_of(type_), p);                       \
    }
TURNED(MAKE_TURNED)
OTHERS(MAKE_OTHER)

#define ENTRY(type_, name_) { type_, unpack_##type_, run_##name_ },
static const struct kernel KERNELS[] = { TURNED(ENTRY) OTHERS(ENTRY) };

static const struct kernel *kernel_of(uint32_t type)
{
    const struct kernel *k = KERNELS;
    while (k->type != type)
        k++;
    return k;
}

/* ------------------------------------------------------------------- tiles */

size_t tarn_cpu_many_256_scratch(uint32_t k)
{
    return k / 256 * sizeof(struct panel) + BATCH * PANEL * sizeof(float);
}

/* A few rows of activations: a superblock is unpacked and met at once, so the
 * panel stays in the first cache, and fetching goes on evenly. */
static void few(const struct cpu_tile *t, const struct kernel *kernel,
                const struct cpu_act_layout *l, uint32_t row)
{
    const uint32_t nb = t->k / 256, groups = (t->n_acts + ACTS - 1) / ACTS;
    const uint32_t each = (t->n_acts + groups - 1) / groups;
    struct panel *p = t->scratch;
    float *acc = (float *)(void *)(p + nb);
    struct fetcher next = fetcher_of(t, (size_t)nb * (groups + 1));
    struct cpu_tile one = *t;
    one.k = 256;
    memset(acc, 0, (size_t)t->n_acts * PANEL * sizeof *acc);
    for (uint32_t b = 0; b < nb; b++) {
        if (next.at)
            fetch_some(&next);
        kernel->unpack(&one, row, p);
        one.w += t->row_bytes / nb;
        for (uint32_t i = 0; i < t->n_acts; i += each) {
            if (next.at)
                fetch_some(&next);
            kernel->run(p, t->n_acts - i < each ? t->n_acts - i : each,
                        t->acts + i, l, b, acc + i * PANEL);
        }
    }
    put_panel(t, row, 0, t->n_acts, acc);
}

void tarn_cpu_panel_256(const struct cpu_tile *t, uint32_t row, uint32_t b,
                        struct panel *p)
{
    struct cpu_tile one = *t;
    one.k = 256;
    one.w += b * (t->row_bytes / (t->k / 256));
    kernel_of(t->ops->type)->unpack(&one, row, p);
}

int32_t tarn_cpu_panel_zero_256(uint32_t type)
{
    return zero_of(type);
}

void tarn_cpu_many_256(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    const uint32_t nb = t->k / 256;
    const struct kernel *kernel = kernel_of(t->ops->type);
    struct panel *p = t->scratch;
    float *acc = (float *)(void *)(p + nb);
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        if (t->n_acts <= FEW) {
            few(t, kernel, &l, row);
            continue;
        }
        struct fetcher next =
            fetcher_of(t, (size_t)nb * ((t->n_acts + ACTS - 1) / ACTS));
        kernel->unpack(t, row, p);
        for (uint32_t a = 0; a < t->n_acts; a += BATCH) {
            const uint32_t n = t->n_acts - a < BATCH ? t->n_acts - a : BATCH;
            memset(acc, 0, (size_t)n * PANEL * sizeof *acc);
            for (uint32_t b = 0; b < nb; b++)
                for (uint32_t i = 0; i < n; i += ACTS) {
                    if (next.at)
                        fetch_some(&next);
                    kernel->run(p + b, n - i < ACTS ? n - i : ACTS,
                                t->acts + a + i, &l, b, acc + i * PANEL);
                }
            put_panel(t, row, a, n, acc);
        }
    }
}
