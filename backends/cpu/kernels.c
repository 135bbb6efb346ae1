/* kernels.c - which product serves which weight type in this build. */
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

#define COMMON(type_, form_)                                               \
    { .type = (type_), .form = (form_), .wide = true, .many_from = 2,      \
      .one = tarn_cpu_common_one, .many = tarn_cpu_common_many,            \
      .scratch = tarn_cpu_common_scratch }
#define FLOATS(type_, one_, many_)                                         \
    { .type = (type_), .form = CPU_F32, .many_from = 2, .one = (one_),     \
      .many = (many_) }

/* A kernel for one row of activations, the common way for many. */
#define ONE(type_, form_, one_)                                            \
    { .type = (type_), .form = (form_), .wide = true, .many_from = 4,      \
      .one = (one_), .many = tarn_cpu_common_many,                         \
      .scratch = tarn_cpu_common_scratch }

static const struct cpu_ops OPS[] = {
    FLOATS(TARN_F32, tarn_cpu_f32_one, tarn_cpu_f32_many),
    FLOATS(TARN_F16, tarn_cpu_f16_one, tarn_cpu_f16_many),
    FLOATS(TARN_BF16, tarn_cpu_bf16_one, tarn_cpu_bf16_many),
    COMMON(TARN_Q4_1, CPU_A32),
    COMMON(TARN_Q5_0, CPU_A32),
    COMMON(TARN_Q5_1, CPU_A32),
    COMMON(TARN_IQ4_NL, CPU_A32),
    COMMON(TARN_MXFP4, CPU_A32),
    COMMON(TARN_Q2_K, CPU_A256),
    COMMON(TARN_Q3_K, CPU_A256),
    COMMON(TARN_Q5_K, CPU_A256),
    COMMON(TARN_IQ4_XS, CPU_A256),
    COMMON(TARN_IQ2_XXS, CPU_A256),
    COMMON(TARN_IQ2_XS, CPU_A256),
    COMMON(TARN_IQ2_S, CPU_A256),
    COMMON(TARN_IQ3_XXS, CPU_A256),
    COMMON(TARN_IQ3_S, CPU_A256),
#if defined(__AVX512VNNI__)
    ONE(TARN_Q4_K, CPU_A256, tarn_cpu_q4_k_one),
    ONE(TARN_Q6_K, CPU_A256, tarn_cpu_q6_k_one),
    ONE(TARN_Q8_0, CPU_A32, tarn_cpu_q8_0_one),
    ONE(TARN_Q4_0, CPU_A32, tarn_cpu_q4_0_one),
#else
    COMMON(TARN_Q4_K, CPU_A256),
    COMMON(TARN_Q6_K, CPU_A256),
    COMMON(TARN_Q8_0, CPU_A32),
    COMMON(TARN_Q4_0, CPU_A32),
#endif
};

const struct cpu_ops *tarn_cpu_ops(uint32_t type)
{
    for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++)
        if (OPS[i].type == type)
            return OPS + i;
    return NULL;
}
