/* level.h - which build of the backend this is.
 *
 * The compiler's options decide; the build gives no name of its own.
 *
 * Owns: nothing.
 */
#ifndef TARN_CPU_LEVEL_H
#define TARN_CPU_LEVEL_H

#include "backends/backend.h"

#define TARN_CPU_VERSION "0.1.0"

/* GCC's spelling, clang's, and that of tests (tiles.h). */
#if defined(__AMX_INT8__) || defined(__AMXINT8__) || \
    defined(TARN_CPU_TILES_IN_C)
#define TARN_CPU_TILES 1
#else
#define TARN_CPU_TILES 0
#endif

#if defined(__wasm_relaxed_simd__)
#define TARN_CPU_NAME "cpu-wasm128-relaxed"
#define TARN_CPU_DETAIL "WebAssembly SIMD128 with the relaxed int8 product"
#define TARN_CPU_GET tarn_backend_cpu_wasm128_relaxed
#elif defined(__wasm_simd128__)
#define TARN_CPU_NAME "cpu-wasm128"
#define TARN_CPU_DETAIL "WebAssembly SIMD128"
#define TARN_CPU_GET tarn_backend_cpu_wasm128
#elif TARN_CPU_TILES
#define TARN_CPU_NAME "cpu-amx"
#define TARN_CPU_DETAIL "AVX-512 with VNNI, and int8 tiles (AMX)"
#define TARN_CPU_GET tarn_backend_cpu_amx
#elif defined(__AVX512VNNI__)
#define TARN_CPU_NAME "cpu-avx512"
#define TARN_CPU_DETAIL "AVX-512 with VNNI"
#define TARN_CPU_GET tarn_backend_cpu_avx512
#elif defined(__AVX2__)
#define TARN_CPU_NAME "cpu-avx2"
#define TARN_CPU_DETAIL "AVX2"
#define TARN_CPU_GET tarn_backend_cpu_avx2
#elif defined(__ARM_NEON) && defined(__ARM_FEATURE_MATMUL_INT8)
#define TARN_CPU_NAME "cpu-neon-i8mm"
#define TARN_CPU_DETAIL "NEON with products of int8 matrices"
#define TARN_CPU_GET tarn_backend_cpu_neon_i8mm
#elif defined(__ARM_NEON) && defined(__ARM_FEATURE_DOTPROD)
#define TARN_CPU_NAME "cpu-neon-dotprod"
#define TARN_CPU_DETAIL "NEON with dot products of int8"
#define TARN_CPU_GET tarn_backend_cpu_neon_dotprod
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define TARN_CPU_NAME "cpu-neon"
#define TARN_CPU_DETAIL "NEON"
#define TARN_CPU_GET tarn_backend_cpu_neon
#elif defined(__SSE2__)
#define TARN_CPU_NAME "cpu-base"
#define TARN_CPU_DETAIL "SSE2"
#define TARN_CPU_GET tarn_backend_cpu_base
#else
#define TARN_CPU_NAME "cpu-base"
#define TARN_CPU_DETAIL "plain C"
#define TARN_CPU_GET tarn_backend_cpu_base
#endif

const struct tarn_backend *TARN_CPU_GET(void);

#endif
