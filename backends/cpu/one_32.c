/* one_32.c - types with blocks of 32 against one row of activations, in vectors
 * of 16 or 32 bytes: the way of one_256.c, with one scale for 32 values.
 *
 * w: any alignment, k divides by 32.  Figures: SPEED.md. */
#include "backends/cpu/blocks32.h"

/* Q8_0 without a product of bytes. */
#if VL == 4 && !defined(__SSSE3__) && !TARN_CPU_NEON
#define BY_INT16 1
#else
#define BY_INT16 0
#endif

/* The sums of one block of four rows. */
INLINE void sums32(uint32_t type, const struct rows4 *r, const uint8_t *q,
                   vi is[4])
{
    const struct kind32 kind = kind32_of(type);
    /* Two vectors share one if the bytes are small. */
    const bool together = TARN_CPU_DOT || fit_of(kind.most) >= 4;
    struct signed_bytes a[2];
    for (uint32_t i = 0; i < (VL == 4 ? 2 : 1); i++)
        a[i] = signed_bytes(vi_load(q + 16 * i));
    for (uint32_t n = 0; n < 4; n++) {
        const vi v0 = values32(type, r->w[n], r->w[n], 0);
        vi x = terms(v0, a[0], kind.is_signed);
        if (VL > 4) {
            is[n] = widen_terms(x);
            continue;
        }
        const vi v1 = values32(type, r->w[n], r->w[n], 1);
        if (together)
            is[n] = widen_terms(more_terms(x, v1, a[1], kind.is_signed));
        else
            is[n] = more_sums(widen_terms(x),
                              terms(v1, a[1], kind.is_signed));
    }
}

#if BY_INT16
/* Eight int8 as int16. */
INLINE vi widen8(const void *p)
{
#if defined(__SSE2__)
    const __m128i v = _mm_loadl_epi64((const void *)p);
    return (vi)_mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8);
#else
    typedef int8_t v8 __attribute__((vector_size(8), aligned(1), may_alias));
    return (vi)__builtin_convertvector(*(const v8 *)p, vs);
#endif
}

/* Without a product of bytes, int16 do better; and the relaxed one does not
 * take -128. */
INLINE void sums_q8_0(const struct rows4 *r, const uint8_t *q, vi is[4])
{
    vi a[4];
    for (int j = 0; j < 4; j++)
        a[j] = widen8(q + 8 * j);
    for (int n = 0; n < 4; n++) {
        is[n] = vi_splat(0);
        for (int j = 0; j < 4; j++)
            is[n] = vi_dot2(is[n], widen8(r->w[n] + 2 + 8 * j), a[j]);
    }
}
#endif

#if VL == 8
/* Two blocks of four rows, one in each half of a vector: what is a vector a row
 * else is half of one, and the float part has eight lanes.  (Blocks of Q8_0
 * fill vectors.) */
struct pair32 {
    struct signed_bytes low, high; /* values 0-15, 16-31 of both blocks */
    vi sums;
    vf d;
};

/* The word at p in the low half, the one at q in the high one. */
INLINE vi two_splats(const void *p, const void *q)
{
    int32_t x, y;
    memcpy(&x, p, sizeof x);
    memcpy(&y, q, sizeof y);
    return (vi)_mm256_blend_epi32(_mm256_set1_epi32(x), _mm256_set1_epi32(y),
                                  0xf0);
}

INLINE struct pair32 load_pair32(const uint8_t *q, const int32_t *sums,
                                 const float *d)
{
    struct pair32 a;
    const __m256i x = (__m256i)vi_load(q), y = (__m256i)vi_load(q + 32);
    a.low.v = (vi)_mm256_permute2x128_si256(x, y, 0x20);
    a.high.v = (vi)_mm256_permute2x128_si256(x, y, 0x31);
    a.sums = two_splats(sums, sums + 1);
    a.d = (vf)two_splats(d, d + 1);
    return a;
}

/* Where bit 16 i + k of `bits` (i: 0 or 1, k: byte of a half) is set: 16. */
INLINE vi fifth_bits(vi bits, bool high)
{
    const vi each = (vi)_mm256_set1_epi64x((int64_t)0x8040201008040201u);
    const int64_t first = high ? 0x0202020202020202 : 0;
    const int64_t next = high ? 0x0303030303030303 : 0x0101010101010101;
    const vi v = (vi)_mm256_shuffle_epi8(
        (__m256i)bits, _mm256_setr_epi64x(first, next, first, next));
    return (vi)_mm256_cmpeq_epi8((__m256i)(v & each), (__m256i)each) &
           splat_byte(16);
}

/* Values 0-15 (low) or 16-31 of two blocks. */
INLINE vi pair_values32(uint32_t type, vi nibbles, vi bits, bool high)
{
    const vi v = bits_of(nibbles, high ? 4 : 0, 4);
    if (type == TARN_IQ4_NL)
        return pick16(tarn_cpu_nl_values, v);
    if (type == TARN_MXFP4)
        return pick16(tarn_cpu_mx_values, v);
    return kind32_of(type).qh ? v | fifth_bits(bits, high) : v;
}

/* The words at `at` of four rows. */
INLINE __m128i words4(const struct rows4 *r, size_t at)
{
    int32_t v[4];
    for (int n = 0; n < 4; n++)
        memcpy(v + n, r->w[n] + at, sizeof *v);
    return _mm_setr_epi32(v[0], v[1], v[2], v[3]);
}

/* The halves at `at` of four rows' blocks, and of the blocks behind them.  From
 * there on two bytes in front are read, so that the halves come to stand in the
 * upper half of their words. */
INLINE vf pair_halves(const struct rows4 *r, uint32_t bytes, size_t at)
{
    const __m128i both = _mm_blend_epi16(
        words4(r, at), words4(r, bytes + at - 2), 0xaa);
    return (vf)_mm256_cvtph_ps(_mm_shuffle_epi8(
        both, _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14,
                            15)));
}

INLINE vf pair_scales32(uint32_t type, const struct rows4 *r, uint32_t bytes)
{
    if (type != TARN_MXFP4)
        return pair_halves(r, bytes, 0);
    struct rows4 second;
    for (int n = 0; n < 4; n++)
        second.w[n] = r->w[n] + bytes;
    return (vf)_mm256_setr_m128((__m128)scales32(type, r),
                                (__m128)scales32(type, &second));
}

/* The terms of the sums of two blocks of four rows. */
INLINE vf pair_terms32(uint32_t type, const struct rows4 *r,
                       const struct pair32 *a)
{
    const struct kind32 kind = kind32_of(type);
    vi is[4];
    for (uint32_t n = 0; n < 4; n++) {
        const uint8_t *w = r->w[n], *x = w + kind.bytes;
        const vi v = (vi)_mm256_setr_m128i((__m128i)load16(w + kind.qs),
                                           (__m128i)load16(x + kind.qs));
        const vi bits = kind.qh ? two_splats(w + kind.qh, x + kind.qh) : v;
        const vi low = terms(pair_values32(type, v, bits, false), a->low,
                             kind.is_signed);
        const vi high = pair_values32(type, v, bits, true);
        if (fit_of(kind.most) >= 4)
            is[n] = widen_terms(
                more_terms(low, high, a->high, kind.is_signed));
        else
            is[n] = more_sums(widen_terms(low),
                              terms(high, a->high, kind.is_signed));
    }
    vi sum = add_up_halves(is);
    if (kind.zero)
        sum = sum - kind.zero * a->sums;
    vf v = pair_scales32(type, r, kind.bytes) * vf_from_vi(sum);
    if (kind.min)
        v = v + pair_halves(r, kind.bytes, 2) * vf_from_vi(a->sums);
    return a->d * v;
}
#endif

INLINE void one(const struct cpu_tile *t, uint32_t type)
{
    const struct kind32 kind = kind32_of(type);
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    const uint8_t *q = t->acts[0];
    const int32_t *sums = (const int32_t *)(const void *)(q + l.sums);
    const float *d = (const float *)(const void *)(q + l.d);
    for (uint32_t row = 0; row < t->n_rows; row += 4) {
        struct rows4 r = rows_at(t, row);
        fetch_rows(t, row + 4);
        const uint8_t *ahead = r.w[0];
        v4f acc = { 0 };
        uint32_t b = 0;
#if VL == 8
        for (; type != TARN_Q8_0 && b + 1 < t->k / 32; b += 2) {
            const struct pair32 a =
                load_pair32(q + 32 * (size_t)b, sums + b, d + b);
            if (b % 8 == 0)
                ahead = fetch(ahead, 32 * kind.bytes);
            const vf v = pair_terms32(type, &r, &a);
            acc = acc + (v4f)_mm256_castps256_ps128((__m256)v);
            acc = acc + (v4f)_mm256_extractf128_ps((__m256)v, 1);
            for (uint32_t n = 0; n < 4; n++)
                r.w[n] += 2 * kind.bytes;
        }
#endif
        for (; b < t->k / 32; b++) {
            vi is[4];
            if (b % 8 == 0)
                ahead = fetch(ahead, 32 * kind.bytes);
#if BY_INT16
            if (type == TARN_Q8_0)
                sums_q8_0(&r, q + 32 * (size_t)b, is);
            else
#endif
                sums32(type, &r, q + 32 * (size_t)b, is);
            v4i sum = add_up_wide(is);
            if (kind.zero)
                sum = sum - kind.zero * sums[b];
            v4f v = scales32(type, &r) * float4(sum);
            if (kind.min)
                v = v + halves4(&r, 2) * (float)sums[b];
            acc = acc + d[b] * v;
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
ONE(q4_0, TARN_Q4_0)
ONE(q4_1, TARN_Q4_1)
ONE(q5_0, TARN_Q5_0)
ONE(q5_1, TARN_Q5_1)
ONE(q8_0, TARN_Q8_0)
ONE(iq4_nl, TARN_IQ4_NL)
ONE(mxfp4, TARN_MXFP4)
#undef ONE
