/* kernels.c - which product serves which weight type in this build. */
#include "backends/cpu/bytes.h"
#include "backends/cpu/cpu.h"
#include "backends/cpu/level.h"
#include "backends/cpu/tiles.h"
#include "backends/cpu/vec.h"

const uint32_t tarn_cpu_panel = 2 * VL;
const uint32_t tarn_cpu_even_from = TARN_CPU_TILES ? 16 : UINT32_MAX;

#if defined(__wasm__)
const uint64_t tarn_cpu_pace = UINT64_C(4000000000);
#elif VL == 4
const uint64_t tarn_cpu_pace = UINT64_C(8000000000);
#elif VL == 8
const uint64_t tarn_cpu_pace = UINT64_C(25000000000);
#else
const uint64_t tarn_cpu_pace = UINT64_C(50000000000);
#endif

/* A type's form, from how many rows `many` pays, `one`, `many`. */
#define OPS_OF(type_, form_, from_, one_, many_, wide_)                    \
    { .type = (type_), .form = (form_), .wide = (wide_),                   \
      .many_from = (from_), .one = tarn_cpu_##one_,                        \
      .many = tarn_cpu_##many_, .scratch = tarn_cpu_##many_##_scratch }
#define FLOATS(type_, name_)                                               \
    { .type = (type_), .form = CPU_F32, .many_from = 2,                    \
      .one = tarn_cpu_##name_##_one, .many = tarn_cpu_##name_##_many,      \
      .scratch = tarn_cpu_floats_scratch }

/* Many rows: products of bytes, where they fit (32: blocks of 32, 256:
 * superblocks; 8: the types whose values span eight bits), else int16. */
#if TARN_CPU_TILES
#define MANY_32(type_, from_, name_) \
    OPS_OF(type_, CPU_A32, from_, name_##_one, tiles_32, false)
#define MANY_32_8(type_, from_, name_) MANY_32(type_, from_, name_)
#define MANY_256(type_, from_, name_) \
    OPS_OF(type_, CPU_A256, from_, name_##_one, tiles_256, false)
#define MANY_256_8(type_, from_, name_) MANY_256(type_, from_, name_)
#elif defined(__AVX512VNNI__)
#define MANY_32(type_, from_, name_) \
    OPS_OF(type_, CPU_A32, from_, name_##_one, many_32, false)
#define MANY_32_8(type_, from_, name_) MANY_32(type_, from_, name_)
#define MANY_256(type_, from_, name_) \
    OPS_OF(type_, CPU_A256, from_, name_##_one, many_256, false)
#define MANY_256_8(type_, from_, name_) MANY_256(type_, from_, name_)
#else
#if TARN_CPU_NEON || VL == 8 /* many_bytes.c takes signed weights */
#define MANY_32_8(type_, from_, name_) MANY_32(type_, from_, name_)
#define MANY_256_8(type_, from_, name_) MANY_256(type_, from_, name_)
#else
#define MANY_32_8(type_, from_, name_) \
    OPS_OF(type_, CPU_A32, from_, name_##_one, common_many, true)
#define MANY_256_8(type_, from_, name_) \
    OPS_OF(type_, CPU_A256, from_, name_##_one, common_many, true)
#endif
#if TARN_CPU_BYTES
#define MANY_32(type_, from_, name_) \
    OPS_OF(type_, CPU_A32, from_, name_##_one, many_bytes, false)
#define MANY_256(type_, from_, name_) \
    OPS_OF(type_, CPU_A256, from_, name_##_one, many_bytes, false)
#else
#define MANY_32(type_, from_, name_) MANY_32_8(type_, from_, name_)
#define MANY_256(type_, from_, name_) MANY_256_8(type_, from_, name_)
#endif
#endif

/* From how many rows `many` pays; on Arm by count of instructions. */
#if TARN_CPU_DOT
#define FROM 4
#elif TARN_CPU_NEON
#define FROM 5
#else
#define FROM 3
#endif

static const struct cpu_ops OPS[] = {
    FLOATS(TARN_F32, f32),
    FLOATS(TARN_F16, f16),
    FLOATS(TARN_BF16, bf16),
    MANY_32(TARN_Q4_0, FROM, q4_0),
    MANY_32(TARN_Q4_1, FROM, q4_1),
    MANY_32(TARN_Q5_0, FROM, q5_0),
    MANY_32(TARN_Q5_1, FROM, q5_1),
    MANY_32_8(TARN_Q8_0, FROM, q8_0),
    MANY_32_8(TARN_IQ4_NL, FROM, iq4_nl),
    MANY_32(TARN_MXFP4, FROM, mxfp4),
    MANY_256(TARN_Q2_K, FROM, q2_k),
    MANY_256(TARN_Q3_K, FROM, q3_k),
    MANY_256(TARN_Q4_K, FROM, q4_k),
    MANY_256(TARN_Q5_K, FROM, q5_k),
    MANY_256(TARN_Q6_K, FROM, q6_k),
    MANY_256_8(TARN_IQ4_XS, FROM, iq4_xs),
    MANY_256(TARN_IQ2_XXS, FROM, iq2_xxs),
    MANY_256(TARN_IQ2_XS, FROM, iq2_xs),
    MANY_256(TARN_IQ2_S, FROM, iq2_s),
    MANY_256(TARN_IQ3_XXS, FROM, iq3_xxs),
    MANY_256(TARN_IQ3_S, FROM, iq3_s),
};

size_t tarn_cpu_any_scratch(uint32_t k)
{
    size_t most = 0;
    for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++) {
        const size_t s = OPS[i].scratch(k);
        most = s > most ? s : most;
    }
    return most;
}

const struct cpu_ops *tarn_cpu_ops(uint32_t type)
{
    for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++)
        if (OPS[i].type == type)
            return OPS + i;
    return NULL;
}
