/* kernels.c - which product serves which weight type in this build. */
#include "backends/cpu/bytes.h"
#include "backends/cpu/cpu.h"
#include "backends/cpu/vec.h"

const uint32_t tarn_cpu_panel = 2 * VL;

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
#define COMMON(type_, form_)                                               \
    OPS_OF(type_, form_, 2, common_one, common_many, true)
#define FLOATS(type_, name_)                                               \
    { .type = (type_), .form = CPU_F32, .many_from = 2,                    \
      .one = tarn_cpu_##name_##_one, .many = tarn_cpu_##name_##_many,      \
      .scratch = tarn_cpu_floats_scratch }

static const struct cpu_ops OPS[] = {
    FLOATS(TARN_F32, f32),
    FLOATS(TARN_F16, f16),
    FLOATS(TARN_BF16, bf16),
#if defined(__AVX512VNNI__)
    OPS_OF(TARN_Q4_0, CPU_A32, 3, q4_0_one, many_32, false),
    OPS_OF(TARN_Q8_0, CPU_A32, 3, q8_0_one, many_32, false),
    OPS_OF(TARN_Q4_1, CPU_A32, 2, common_one, many_32, true),
    OPS_OF(TARN_Q5_0, CPU_A32, 2, common_one, many_32, true),
    OPS_OF(TARN_Q5_1, CPU_A32, 2, common_one, many_32, true),
    OPS_OF(TARN_IQ4_NL, CPU_A32, 2, common_one, many_32, true),
    OPS_OF(TARN_MXFP4, CPU_A32, 2, common_one, many_32, true),
    OPS_OF(TARN_Q4_K, CPU_A256, 3, q4_k_one, many_256, false),
    OPS_OF(TARN_Q5_K, CPU_A256, 2, common_one, many_256, true),
    OPS_OF(TARN_Q6_K, CPU_A256, 3, q6_k_one, many_256, false),
#elif defined(__AVX2__)
    OPS_OF(TARN_Q4_0, CPU_A32, 20, q4_0_one, many_bytes, false),
    OPS_OF(TARN_Q8_0, CPU_A32, 7, q8_0_one, common_many, true),
    COMMON(TARN_Q4_1, CPU_A32),
    COMMON(TARN_Q5_0, CPU_A32),
    COMMON(TARN_Q5_1, CPU_A32),
    COMMON(TARN_IQ4_NL, CPU_A32),
    COMMON(TARN_MXFP4, CPU_A32),
    OPS_OF(TARN_Q4_K, CPU_A256, 5, q4_k_one, many_bytes, false),
    OPS_OF(TARN_Q5_K, CPU_A256, 2, common_one, many_bytes, true),
    OPS_OF(TARN_Q6_K, CPU_A256, 5, q6_k_one, many_bytes, false),
#else /* 128 bits */
    OPS_OF(TARN_Q8_0, CPU_A32, 3, q8_0_one, common_many, true),
    COMMON(TARN_Q4_1, CPU_A32),
    COMMON(TARN_Q5_0, CPU_A32),
    COMMON(TARN_Q5_1, CPU_A32),
    COMMON(TARN_IQ4_NL, CPU_A32),
    COMMON(TARN_MXFP4, CPU_A32),
#if TARN_CPU_BYTES
    OPS_OF(TARN_Q4_0, CPU_A32, 3, q4_0_one, many_bytes, false),
    OPS_OF(TARN_Q4_K, CPU_A256, 3, q4_k_one, many_bytes, false),
    OPS_OF(TARN_Q5_K, CPU_A256, 2, common_one, many_bytes, true),
    OPS_OF(TARN_Q6_K, CPU_A256, 3, q6_k_one, many_bytes, false),
#else
    OPS_OF(TARN_Q4_0, CPU_A32, 3, q4_0_one, common_many, true),
    OPS_OF(TARN_Q4_K, CPU_A256, 3, q4_k_one, common_many, true),
    COMMON(TARN_Q5_K, CPU_A256),
    OPS_OF(TARN_Q6_K, CPU_A256, 5, q6_k_one, common_many, true),
#endif
#endif
    COMMON(TARN_Q2_K, CPU_A256),
    COMMON(TARN_Q3_K, CPU_A256),
    COMMON(TARN_IQ4_XS, CPU_A256),
    COMMON(TARN_IQ2_XXS, CPU_A256),
    COMMON(TARN_IQ2_XS, CPU_A256),
    COMMON(TARN_IQ2_S, CPU_A256),
    COMMON(TARN_IQ3_XXS, CPU_A256),
    COMMON(TARN_IQ3_S, CPU_A256),
};

const struct cpu_ops *tarn_cpu_ops(uint32_t type)
{
    for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++)
        if (OPS[i].type == type)
            return OPS + i;
    return NULL;
}
