/* one_256.c - types with superblocks of 256 against one row of activations.
 *
 * Four rows of weights together (rows4.h); bytes multiply into pairs of int16
 * (bytes.h), pairs meet their sub-block's scale in one product that also
 * widens.  What bytes are too large by goes off once per superblock.
 *
 * w: any alignment, k divides by 256.  Bound: |isum| and what is taken off it
 * are at most 128 * 63 * 127 * 256.  Figures: SPEED.md. */
#include "backends/cpu/blocks256.h"

/* Scales where kernels find them: at 128 bits pairs of equal int16, four to a
 * vector; wider, eight scales in each 128 bits. */
struct ready {
#if VL == 4
    v4i v[4];
#else
    vi v[2];
#endif
};

INLINE struct ready make_ready(const struct scales256 *s, uint32_t subs)
{
    struct ready r;
    for (uint32_t i = 0; i < subs / 8; i++) {
#if VL == 16
        r.v[i] = (vi)_mm512_broadcast_i32x4((__m128i)s->scale[i]);
#elif VL == 8
        r.v[i] = (vi)_mm256_broadcastsi128_si256((__m128i)s->scale[i]);
#else
        const v8s v = s->scale[i];
        r.v[2 * i] =
            (v4i)__builtin_shufflevector(v, v, 0, 0, 1, 1, 2, 2, 3, 3);
        r.v[2 * i + 1] =
            (v4i)__builtin_shufflevector(v, v, 4, 4, 5, 5, 6, 6, 7, 7);
#endif
    }
    return r;
}

/* The scale of each pair of vector i. */
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
    const v4i v = r->v[k / 4];
    switch (k % 4) {
    case 0: return __builtin_shufflevector(v, v, 0, 0, 0, 0);
    case 1: return __builtin_shufflevector(v, v, 1, 1, 1, 1);
    case 2: return __builtin_shufflevector(v, v, 2, 2, 2, 2);
    default: return __builtin_shufflevector(v, v, 3, 3, 3, 3);
    }
#endif
}

/* Sums of scale and sums of activations; v: scales or minima. */
INLINE v4i meet_sums(const v8s v[2], const int16_t *sums, uint32_t subs)
{
    const v4i x = dot4(v[0], *(const v8s_any *)sums);
    return subs == 8 ? x : x + dot4(v[1], *(const v8s_any *)(sums + 8));
}

INLINE v4f superblock(uint32_t type, const struct rows4 *r, const uint8_t *q,
                      const int16_t *sums, float da, v4f acc)
{
    const struct kind256 kind = kind256_of(type);
    struct ready s[4];
    v4i off[4];
    vi is[4];
    UNROLL
    for (uint32_t n = 0; n < 4; n++) {
        const struct scales256 h = scales256(type, r->w[n]);
        fetch(r->w[n], kind.bytes / 64 + 1);
        s[n] = make_ready(&h, kind.subs);
        is[n] = vi_splat(0);
        if (kind.min || kind.zero)
            off[n] = meet_sums(kind.min ? h.min : h.scale, sums, kind.subs);
    }
    UNROLL
    for (uint32_t i = 0; i < VECTORS; i++) {
        const struct signed_bytes a = signed_bytes(vi_load(q + 4 * VL * i));
        UNROLL
        for (uint32_t n = 0; n < 4; n++) {
            const vi v = values256(type, r->w[n], i);
            is[n] = vi_dot2(is[n],
                            kind.is_signed ? mul_signed(v, a)
                                           : mul_bytes(v, a),
                            scale_at(s + n, kind.subs, i));
        }
    }
    v4i sum = add_up_wide(is);
    if (kind.zero)
        sum = sum - kind.zero * add_up4(off);
    const v4f d = halves4(r, kind.d) * kind.factor;
    v4f t = d * float4(sum);
    if (kind.min)
        t = t - halves4(r, kind.d + 2) * float4(add_up4(off));
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
        v4f acc = { 0 };
        for (uint32_t b = 0; b < t->k / 256; b++) {
            acc = superblock(type, &r, q + 256 * (size_t)b,
                             sums + kind.subs * b, d[b], acc);
            for (uint32_t n = 0; n < 4; n++)
                r.w[n] += kind.bytes;
        }
        put_rows(t, row, acc);
    }
}

#define ONE(name_, type_)                                        \
    KERNEL void tarn_cpu_##name_##_one(const struct cpu_tile *t) \
    {                                                            \
        one(t, type_);                                           \
    }
ONE(q2_k, TARN_Q2_K)
ONE(q3_k, TARN_Q3_K)
#if VL == 4
ONE(q4_k, TARN_Q4_K)
ONE(q6_k, TARN_Q6_K)
#endif
ONE(q5_k, TARN_Q5_K)
ONE(iq4_xs, TARN_IQ4_XS)
ONE(iq2_xxs, TARN_IQ2_XXS)
ONE(iq2_xs, TARN_IQ2_XS)
ONE(iq2_s, TARN_IQ2_S)
ONE(iq3_xxs, TARN_IQ3_XXS)
ONE(iq3_s, TARN_IQ3_S)
#undef ONE
