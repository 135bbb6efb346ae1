/* bytes.h - products of bytes into pairs of int16.
 *
 * vpmaddubsw (SSSE3, AVX2) and the relaxed dot of WebAssembly do it in one
 * instruction; elsewhere two products of int16 give the same pairs.  The
 * weight side must be 0..127: the relaxed dot is only then the same in every
 * engine.  The caller keeps every pair and every sum of pairs within int16.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_BYTES_H
#define TARN_CPU_BYTES_H

#include "backends/cpu/vec.h"

#if defined(__SSSE3__) || defined(__wasm_relaxed_simd__)
#define TARN_CPU_BYTES 1
#else
#define TARN_CPU_BYTES 0
#endif

typedef int16_t vs __attribute__((vector_size(4 * VL)));
typedef uint16_t vus __attribute__((vector_size(4 * VL)));

INLINE vi vi_add16(vi a, vi b)
{
    return (vi)((vs)a + (vs)b);
}

/* The signed side, made ready once for many products. */
struct signed_bytes {
#if TARN_CPU_BYTES
    vi v;
#else
    vi even, odd; /* int16 */
#endif
};

INLINE struct signed_bytes signed_bytes(vi s)
{
#if TARN_CPU_BYTES
    return (struct signed_bytes){ s };
#else
    return (struct signed_bytes){ (vi)(((vs)s << 8) >> 8), (vi)((vs)s >> 8) };
#endif
}

/* Pairs of u * s, u 0..127 unsigned, s signed. */
INLINE vi mul_bytes(vi u, struct signed_bytes s)
{
#if defined(__AVX512F__)
    return (vi)_mm512_maddubs_epi16((__m512i)u, (__m512i)s.v);
#elif defined(__AVX2__)
    return (vi)_mm256_maddubs_epi16((__m256i)u, (__m256i)s.v);
#elif defined(__SSSE3__)
    return (vi)_mm_maddubs_epi16((__m128i)u, (__m128i)s.v);
#elif defined(__wasm_relaxed_simd__)
    return (vi)wasm_i16x8_relaxed_dot_i8x16_i7x16((v128_t)s.v, (v128_t)u);
#else
    return (vi)((vs)((vus)u & 255) * (vs)s.even + (vs)((vus)u >> 8) * (vs)s.odd);
#endif
}

#endif
