/* cpu_bench.h - one build of the cpu backend beside ref, and random weights.
 *
 * The build is the one that is linked in (CPU_LEVEL).  On a machine that
 * can't run it a test says so and counts as skipped.
 *
 * Owns: nothing that its caller does not see.
 */
#ifndef TARN_TESTS_CPU_BENCH_H
#define TARN_TESTS_CPU_BENCH_H

#include "backends/numerics.h"
#include "backends/ref/ref.h"
#include "core/base/thread.h"
#include "tests/backends/bench.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif
#if defined(CPU_IS_amx)
#include "tests/backends/tiles.h"
#endif

const struct tarn_backend *tarn_backend_cpu_base(void);
const struct tarn_backend *tarn_backend_cpu_avx2(void);
const struct tarn_backend *tarn_backend_cpu_avx512(void);
const struct tarn_backend *tarn_backend_cpu_amx(void);
const struct tarn_backend *tarn_backend_cpu_neon(void);
const struct tarn_backend *tarn_backend_cpu_neon_dotprod(void);
const struct tarn_backend *tarn_backend_cpu_neon_i8mm(void);
const struct tarn_backend *tarn_backend_cpu_wasm128(void);
const struct tarn_backend *tarn_backend_cpu_wasm128_relaxed(void);

/* NULL where this machine can't run it. */
static inline const struct tarn_backend *level_here(void)
{
#if defined(CPU_IS_amx_in_c) /* tiles.h: the rest is AVX-512 */
    return __builtin_cpu_supports("avx512vnni") ? tarn_backend_cpu_amx() : NULL;
#elif defined(CPU_IS_amx)
    return __builtin_cpu_supports("avx512vnni") && tiles_are_here()
               ? tarn_backend_cpu_amx()
               : NULL;
#elif defined(CPU_IS_avx512)
    return __builtin_cpu_supports("avx512vnni") &&
                   __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq")
               ? tarn_backend_cpu_avx512()
               : NULL;
#elif defined(CPU_IS_avx2)
    /* clang 14 can't ask for f16c; every processor with AVX2 has it. */
    return __builtin_cpu_supports("avx2") ? tarn_backend_cpu_avx2() : NULL;
#elif defined(CPU_IS_ssse3)
    return __builtin_cpu_supports("ssse3") ? tarn_backend_cpu_base() : NULL;
#elif defined(CPU_IS_neon)
    return tarn_backend_cpu_neon();
#elif defined(CPU_IS_neon_dotprod)
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? tarn_backend_cpu_neon_dotprod()
                                               : NULL;
#elif defined(CPU_IS_neon_i8mm)
    return getauxval(AT_HWCAP2) & HWCAP2_I8MM ? tarn_backend_cpu_neon_i8mm()
                                              : NULL;
#elif defined(CPU_IS_wasm128)
    return tarn_backend_cpu_wasm128();
#elif defined(CPU_IS_wasm128_relaxed)
    return tarn_backend_cpu_wasm128_relaxed();
#else
    return tarn_backend_cpu_base();
#endif
}

/* --------------------------------------------------------------- threads */
struct crew {
    struct tarn_pool *pool;
};
static struct crew crew;

static void crew_parallel(void *user,
                          void (*fn)(void *arg, uint32_t i, uint32_t worker),
                          void *arg, uint32_t n)
{
    (void)user;
    tarn_pool_run(crew.pool, fn, arg, n);
}

static uint32_t crew_threads(void *user)
{
    (void)user;
    return tarn_pool_threads(crew.pool);
}

/* Gives an opened bench n threads (before anything is prepared). */
static inline void bench_hire(struct bench *b, uint32_t n)
{
    struct tarn_error err;
    uint32_t got = 0;
    tarn_pool_destroy(crew.pool);
    CHECK(tarn_pool_create(n, &crew.pool, &got, &err) == TARN_OK);
    b->host.parallel = crew_parallel;
    b->host.threads = crew_threads;
}

/* ---------------------------------------------------------------- random */
static uint64_t dice_state = 88172645463325252u;
static inline uint32_t dice(void)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return (uint32_t)(dice_state >> 32);
}

static inline float dice_float(void) /* about -1 .. 1, some much larger */
{
    const float x = (float)(int32_t)dice() * 0x1p-31f;
    return dice() % 37 == 0 ? x * 9.0f : x;
}

/* A half of magnitude up to about `top`; sometimes 0, subnormal, negative. */
static inline uint16_t dice_half(float top)
{
    const uint32_t kind = dice() % 16;
    if (kind == 0)
        return (uint16_t)(dice() & 0x83ff); /* zero or subnormal */
    return tarn_f32_to_f16((float)(int32_t)dice() * 0x1p-31f * top);
}

static const uint32_t all_types[] = { TARN_F32,     TARN_F16,    TARN_BF16,
                                      TARN_Q4_0,    TARN_Q4_1,   TARN_Q5_0,
                                      TARN_Q5_1,    TARN_Q8_0,   TARN_Q2_K,
                                      TARN_Q3_K,    TARN_Q4_K,   TARN_Q5_K,
                                      TARN_Q6_K,    TARN_IQ4_NL, TARN_IQ4_XS,
                                      TARN_IQ2_XXS, TARN_IQ2_XS, TARN_IQ2_S,
                                      TARN_IQ3_XXS, TARN_IQ3_S,  TARN_MXFP4 };
#define N_TYPES (sizeof all_types / sizeof *all_types)

/* n blocks of a type: every byte value, scales that are numbers; block 0 all
 * bits 0, block 1 all bits 1 (but for the scales), block 2 scale 0. */
static inline uint8_t *dice_blocks(uint32_t type, size_t n)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    uint8_t *data = malloc(n * t.bytes + 64);
    for (size_t i = 0; i < n * t.bytes; i++)
        data[i] = (uint8_t)dice();
    for (size_t i = 0; i < n; i++) {
        uint8_t *p = data + i * t.bytes;
        if (t.block > 1 && n > 3 && i < 2)
            memset(p, i == 0 ? 0 : 255, t.bytes);
        uint16_t h[2] = { dice_half(0.3f), dice_half(0.2f) };
        const float f = dice_float();
        if (i == 2 && n > 3)
            h[0] = h[1] = 0;
        switch (type) {
        case TARN_F32: memcpy(p, &f, 4); break;
        case TARN_F16: memcpy(p, h, 2); break;
        case TARN_BF16:
            h[0] = tarn_f32_to_bf16(f);
            memcpy(p, h, 2);
            break;
        case TARN_Q4_1:
        case TARN_Q5_1:
        case TARN_Q4_K:
        case TARN_Q5_K: memcpy(p, h, 4); break;
        case TARN_Q2_K: memcpy(p + 80, h, 4); break;
        case TARN_Q3_K: memcpy(p + 108, h, 2); break;
        case TARN_Q6_K: memcpy(p + 208, h, 2); break;
        case TARN_MXFP4: p[0] = (uint8_t)(i == 2 ? 0 : 100 + dice() % 40); break;
        default: memcpy(p, h, 2); break;
        }
    }
    return data;
}

static inline float *dice_floats(size_t n)
{
    float *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = dice_float();
    return x;
}

/* Where two rows of floats first differ in their bits; n: nowhere. */
static inline size_t first_difference(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0)
            return i;
    return n;
}

#endif
