/* one_256.c - types with superblocks of 256 against one row of activations.
 *
 * Four rows of weights together (rows4.h); bytes multiply into terms
 * (bytes.h), terms meet their sub-block's scale in one product that also
 * widens.  What bytes are too large by goes off once per superblock.
 *
 * w: any alignment, k divides by 256.  Bound: |isum| and what is taken off it
 * are at most 128 * 63 * 127 * 256.  Figures: SPEED.md. */
#include "backends/cpu/blocks256.h"

/* What the body of the inner loop is.  All vectors of four rows where counters
 * must be constants, of shuffles or of lanes, and registers are many.  At 128
 * bits else all vectors of one row: nibbles of the same bytes meet, and a body
 * of four rows is more than V8 keeps in registers.  Of grids one step of four
 * rows; all their entries at once fill NEON's registers. */
#define ALL_AT_ONCE(type_) (VL > 4 || (TARN_CPU_NEON && !is_grid(type_)))
#if defined(__clang__)
#define NO_UNROLL _Pragma("nounroll")
#else
#define NO_UNROLL _Pragma("GCC unroll 1")
#endif

/* Scales where kernels find them: wide, eight scales in each 128 bits; at 128
 * bits pairs of equal int16, to be splatted; NEON multiplies by a
 * lane, of int32 with dot products, else of int16. */
struct ready {
#if TARN_CPU_DOT
    v4i v[4];
#elif TARN_CPU_NEON
    v8s v[2];
#elif VL == 4
    int32_t pair[16];
#else
    vi v[2];
#endif
};

INLINE void make_ready(struct ready *r, const struct scales256 *s,
                       uint32_t subs)
{
    for (uint32_t i = 0; i < subs / 8; i++) {
#if VL == 16
        r->v[i] = (vi)_mm512_broadcast_i32x4((__m128i)s->scale[i]);
#elif VL == 8
        r->v[i] = (vi)_mm256_broadcastsi128_si256((__m128i)s->scale[i]);
#elif TARN_CPU_DOT
        const int16x8_t v = (int16x8_t)s->scale[i];
        r->v[2 * i] = (v4i)vmovl_s16(vget_low_s16(v));
        r->v[2 * i + 1] = (v4i)vmovl_high_s16(v);
#elif TARN_CPU_NEON
        r->v[i] = s->scale[i];
#else
        const v8s v = s->scale[i];
        vi_store(r->pair + 8 * i, (vi)__builtin_shufflevector(
                                     v, v, 0, 0, 1, 1, 2, 2, 3, 3));
        vi_store(r->pair + 8 * i + 4, (vi)__builtin_shufflevector(
                                         v, v, 4, 4, 5, 5, 6, 6, 7, 7));
#endif
    }
}

/* The scale of each of the terms of vector i. */
INLINE vi scale_at(const struct ready *r, uint32_t subs, uint32_t i)
{
#if VL == 16
    const uint32_t k = subs == 8 ? 2 * i : 4 * (i % 2);
    const __m512i each = _mm512_inserti64x4(
        _mm512_setzero_si512(), _mm256_set1_epi8(subs == 8 ? 2 : 4), 1);
    const __m512i odd = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_setr_epi64x(0, 0, 0x0202020202020202,
                                                  0x0202020202020202)),
        _mm256_setr_epi64x(0, 0, 0x0202020202020202, 0x0202020202020202), 1);
    __m512i pick = _mm512_add_epi8(
        each, _mm512_set1_epi16((int16_t)(0x0100 + 0x0202 * k)));
    if (subs == 16)
        pick = _mm512_add_epi8(pick, odd);
    return (vi)_mm512_shuffle_epi8(
        (__m512i)r->v[subs == 8 ? 0 : i / 2], pick);
#elif VL == 8
    const uint32_t k = subs == 8 ? i : 2 * (i % 4);
    const __m256i odd =
        subs == 8 ? _mm256_setzero_si256()
                  : _mm256_setr_epi64x(0, 0, 0x0202020202020202,
                                       0x0202020202020202);
    return (vi)_mm256_shuffle_epi8(
        (__m256i)r->v[subs == 8 ? 0 : i / 4],
        _mm256_add_epi8(_mm256_set1_epi16((int16_t)(0x0100 + 0x0202 * k)),
                        odd));
#else
    const uint32_t k = subs == 8 ? i / 2 : i;
#if TARN_CPU_DOT
    return vi_splat(r->v[k / 4][k % 4]);
#elif TARN_CPU_NEON
    return (vi)((v8s){ 0 } + r->v[k / 8][k % 8]);
#else
    return vi_splat(r->pair[k]);
#endif
#endif
}

/* Sums of scale and sums of activations; v: scales or minima. */
INLINE v4i meet_sums(const v8s v[2], const int16_t *sums, uint32_t subs)
{
    const v4i x = dot4(v[0], *(const v8s_any *)sums);
    return subs == 8 ? x : x + dot4(v[1], *(const v8s_any *)(sums + 8));
}

/* What stands beside the values in a superblock of each row. */
struct heads {
    struct ready s[4];
    v4i off; /* sums of minima, or of scales, and sums of activations */
    v4f d, dm;
};

#if VL == 16
/* Q4_K, Q5_K: the sixteen bytes in front of four superblocks at once, one in
 * each 128-bit lane. */
INLINE struct heads load_heads_q45(const struct rows4 *r, const int16_t *sums)
{
    struct heads h;
    __m512i v = _mm512_castsi128_si512((__m128i)load16(r->w[0]));
    v = _mm512_inserti32x4(v, (__m128i)load16(r->w[1]), 1);
    v = _mm512_inserti32x4(v, (__m128i)load16(r->w[2]), 2);
    v = _mm512_inserti32x4(v, (__m128i)load16(r->w[3]), 3);
    /* Dwords 1 and 2 of a lane: scales 0-3 and minima 0-3 in the low six bits
     * of each byte, the top bits of 4-7 above; dword 3: low nibbles of scales
     * 4-7, high nibbles of minima 4-7. */
    const __m512i low = _mm512_and_si512(v, _mm512_set1_epi8(0x3f));
    const __m512i top = _mm512_and_si512(_mm512_srli_epi16(v, 2),
                                         _mm512_set1_epi8(0x30));
    const __m512i four = _mm512_srlv_epi32(_mm512_shuffle_epi32(v, 0xfc),
                                           _mm512_set4_epi32(0, 4, 0, 0));
    const __m512i high = _mm512_or_si512(
        top, _mm512_and_si512(four, _mm512_set1_epi8(0x0f)));
    const __m512i zero = _mm512_setzero_si512();
    const __m512i scales = _mm512_unpackhi_epi8(
        _mm512_unpacklo_epi32(low, high), zero);
    const __m512i mins = _mm512_unpacklo_epi8(
        _mm512_unpackhi_epi32(low, high), zero);
    h.s[0].v[0] = (vi)_mm512_shuffle_i32x4(scales, scales, 0x00);
    h.s[1].v[0] = (vi)_mm512_shuffle_i32x4(scales, scales, 0x55);
    h.s[2].v[0] = (vi)_mm512_shuffle_i32x4(scales, scales, 0xaa);
    h.s[3].v[0] = (vi)_mm512_shuffle_i32x4(scales, scales, 0xff);
    vi m = (vi)_mm512_madd_epi16(
        mins, _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)sums)));
    m = m + (vi)_mm512_shuffle_epi32((__m512i)m, 0x4e);
    m = m + (vi)_mm512_shuffle_epi32((__m512i)m, 0xb1);
    const __m512i firsts =
        _mm512_castsi128_si512(_mm_setr_epi32(0, 4, 8, 12));
    h.off = (v4i)_mm512_castsi512_si128(
        _mm512_permutexvar_epi32(firsts, (__m512i)m));
    const __m128i halves =
        _mm512_castsi512_si128(_mm512_permutexvar_epi32(firsts, v));
    h.d = (v4f)_mm_cvtph_ps(_mm_cvtepi32_epi16(halves));
    h.dm = (v4f)_mm_cvtph_ps(_mm_cvtepi32_epi16(_mm_srli_epi32(halves, 16)));
    return h;
}
#endif

INLINE struct heads load_heads(uint32_t type, const struct rows4 *r,
                               const int16_t *sums)
{
    const struct kind256 kind = kind256_of(type);
    struct heads h;
    v4i off[4];
#if VL == 16
    if (type == TARN_Q4_K || type == TARN_Q5_K)
        return load_heads_q45(r, sums);
#endif
    UNROLL
    for (uint32_t n = 0; n < 4; n++) {
        const struct scales256 s = scales256(type, r->w[n]);
        make_ready(h.s + n, &s, kind.subs);
        off[n] = kind.min || kind.zero
                     ? meet_sums(kind.min ? s.min : s.scale, sums, kind.subs)
                     : (v4i){ 0 };
    }
    h.off = add_up4(off);
    if (kind.min) { /* its factor is 1 */
        half_pairs4(r, kind.d, &h.d, &h.dm);
    } else {
        h.d = halves4(r, kind.d) * kind.factor;
        h.dm = (v4f){ 0 };
    }
    return h;
}

/* Activations as products take them.  Where that is not how they stand, they
 * are made once for all rows. */
struct ready_acts {
    const uint8_t *q;
#if !TARN_CPU_BYTES
    struct signed_bytes a[VECTORS];
#endif
};

INLINE struct ready_acts make_acts(const uint8_t *q)
{
    struct ready_acts r;
    r.q = q;
#if !TARN_CPU_BYTES
    for (uint32_t i = 0; i < VECTORS; i++)
        r.a[i] = signed_bytes(vi_load(q + 4 * VL * i));
#endif
    return r;
}

INLINE struct signed_bytes acts_at(const struct ready_acts *r, uint32_t i)
{
#if TARN_CPU_BYTES
    return signed_bytes(vi_load(r->q + 4 * VL * i));
#else
    return r->a[i];
#endif
}

/* Vectors of 16 bytes with one scale that meet it together. */
INLINE uint32_t together_of(const struct kind256 *kind)
{
    return VL == 4 && kind->subs == 8 &&
                   (TARN_CPU_DOT || fit_of(kind->most) >= 4)
               ? 2
               : 1;
}

/* Vectors i .. of a row and of activations: their products, scaled, on `sum`. */
INLINE vi meet(uint32_t type, vi sum, const struct ready *s, const uint8_t *w,
               const struct ready_acts *acts, uint32_t i)
{
    const struct kind256 kind = kind256_of(type);
    vi x = terms(values256(type, w, i), acts_at(acts, i), kind.is_signed);
    if (together_of(&kind) == 2)
        x = more_terms(x, values256(type, w, i + 1), acts_at(acts, i + 1),
                       kind.is_signed);
    return meet_scale(sum, x, scale_at(s, kind.subs, i));
}

INLINE v4f superblock(uint32_t type, const struct rows4 *r, const uint8_t *q,
                      const int16_t *sums, float da, v4f acc,
                      const struct asked *next)
{
    const struct kind256 kind = kind256_of(type);
    const struct heads h = load_heads(type, r, sums);
    const struct ready_acts acts = make_acts(q);
    const uint32_t step = together_of(&kind);
    vi is[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
    if (!ASKS_IN_STEPS)
        ask(next, 0);
    if (ALL_AT_ONCE(type)) {
        UNROLL
        for (uint32_t i = 0; i < VECTORS; i += step) {
            UNROLL
            for (uint32_t n = 0; n < 4; n++) {
                if (ASKS_IN_STEPS)
                    ask(next, 4 * i + n);
                is[n] = meet(type, is[n], h.s + n, r->w[n], &acts, i);
                KEEP(is[n]);
            }
        }
    } else if (!is_grid(type)) {
        NO_UNROLL
        for (uint32_t n = 0; n < 4; n++) {
            vi sum = { 0 };
            UNROLL
            for (uint32_t i = 0; i < VECTORS; i += step)
                sum = meet(type, sum, h.s + n, r->w[n], &acts, i);
            is[n] = sum;
        }
    } else {
        NO_UNROLL
        for (uint32_t i = 0; i < VECTORS; i += step) {
            UNROLL
            for (uint32_t n = 0; n < 4; n++)
                is[n] = meet(type, is[n], h.s + n, r->w[n], &acts, i);
        }
    }
    const v4i sum = add_up_wide(is);
    const v4f t = kind.min ? h.d * float4(sum) - h.dm * float4(h.off)
                           : h.d * float4(sum - kind.zero * h.off);
    return acc + da * t;
}

INLINE void one(const struct cpu_tile *t, uint32_t type)
{
    const struct kind256 kind = kind256_of(type);
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    const uint8_t *q = t->acts[0];
    const int16_t *sums = (const int16_t *)(const void *)(
        q + (kind.subs == 8 ? l.sums : l.s16));
    const float *d = (const float *)(const void *)(q + l.d);
    for (uint32_t row = 0; row < t->n_rows; row += 4) {
        struct rows4 r = rows_at(t, row);
        fetch_rows(t, row + 4);
        struct asked next = { r.w[0], 4 * kind.bytes, 4 * VECTORS };
        v4f acc = { 0 };
        for (uint32_t b = 0; b < t->k / 256; b++) {
            acc = superblock(type, &r, q + 256 * (size_t)b,
                             sums + kind.subs * b, d[b], acc, &next);
            next.p += next.size;
            for (uint32_t n = 0; n < 4; n++)
                r.w[n] += kind.bytes;
        }
        put_rows(t, row, acc);
    }
}

ONE(q2_k, TARN_Q2_K)
ONE(q3_k, TARN_Q3_K)
#if VL != 8 /* AVX2: one_45_avx2.c */
ONE(q4_k, TARN_Q4_K)
ONE(q5_k, TARN_Q5_K)
#endif
ONE(q6_k, TARN_Q6_K)
ONE(iq4_xs, TARN_IQ4_XS)
ONE(iq2_xxs, TARN_IQ2_XXS)
ONE(iq2_xs, TARN_IQ2_XS)
ONE(iq2_s, TARN_IQ2_S)
ONE(iq3_xxs, TARN_IQ3_XXS)
ONE(iq3_s, TARN_IQ3_S)
