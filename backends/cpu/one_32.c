/* one_32.c - types with blocks of 32 against one row of activations, in vectors
 * of 16 bytes: the way of one_256.c, with one scale for 32 values.
 *
 * w: any alignment, k divides by 32.  Figures: SPEED.md. */
#include "backends/cpu/blocks32.h"

/* Q8_0 without a product of bytes. */
#if !defined(__SSSE3__) && !TARN_CPU_NEON
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
    const struct signed_bytes a[2] = { signed_bytes(vi_load(q)),
                                       signed_bytes(vi_load(q + 16)) };
    for (uint32_t n = 0; n < 4; n++) {
        const vi v0 = values32(type, r->w[n], r->w[n], 0);
        const vi v1 = values32(type, r->w[n], r->w[n], 1);
        const vi x = terms(v0, a[0], kind.is_signed);
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
        for (uint32_t b = 0; b < t->k / 32; b++) {
            vi is[4];
            if (b % 8 == 0)
                ahead = fetch(ahead, 32 * kind.bytes);
#if BY_INT16
            if (type == TARN_Q8_0)
                sums_q8_0(&r, q + 32 * (size_t)b, is);
            else
#endif
                sums32(type, &r, q + 32 * (size_t)b, is);
            v4i sum = add_up4(is);
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

ONE_OF_ALL_32
