/* cpu_test.c - P07: features of injected processors. */
#include "backends/note.h"
#include "plugins/cpu.h"
#include "tests/tap.h"

#if defined(__x86_64__)
#define HAS(mask, feature) ((mask)[(feature) / 32] >> (feature) % 32 & 1)

/* A processor that claims everything. */
static struct tarn_cpu_raw boaster(void)
{
    return (struct tarn_cpu_raw){ .leaf1_ecx = ~0u,
                                  .leaf7_ebx = ~0u,
                                  .leaf7_ecx = ~0u,
                                  .leaf7_edx = ~0u,
                                  .leaf7_1_eax = ~0u,
                                  .leaf7_1_edx = ~0u,
                                  .ext1_ecx = ~0u };
}

static void test_p07_registers_that_the_system_does_not_save(void)
{
    struct tarn_cpu_raw r = boaster();
    uint32_t m[2];
    r.xcr0 = 0; /* AVX in CPUID, not enabled */
    tarn_cpu_features(&r, m);
    CHECK(HAS(m, TARN_NEEDS_SSE4_2) && !HAS(m, TARN_NEEDS_AVX));
    CHECK(!HAS(m, TARN_NEEDS_AVX2) && !HAS(m, TARN_NEEDS_F16C));
    r.xcr0 = 0x7; /* x87, SSE, AVX */
    tarn_cpu_features(&r, m);
    CHECK(HAS(m, TARN_NEEDS_AVX2) && !HAS(m, TARN_NEEDS_AVX512F));
    r.xcr0 = 0x67; /* opmask and upper halves, but no ZMM16-31 */
    tarn_cpu_features(&r, m);
    CHECK(!HAS(m, TARN_NEEDS_AVX512F));
    r.xcr0 = 0xe7;
    tarn_cpu_features(&r, m);
    CHECK(HAS(m, TARN_NEEDS_AVX512VNNI) && !HAS(m, TARN_NEEDS_AMX_INT8));
    r.xcr0 = 0x600e7;
    tarn_cpu_features(&r, m);
    CHECK(HAS(m, TARN_NEEDS_AMX_INT8) && m[0] == ~0u && m[1] == 0);
}

static void test_features_that_cpuid_lacks(void)
{
    struct tarn_cpu_raw r = { .leaf1_ecx = 1u << 27, .xcr0 = ~0u };
    uint32_t m[2];
    tarn_cpu_features(&r, m);
    CHECK(m[0] == 0 && m[1] == 0);
    r.leaf7_ebx = 1u << 5;
    tarn_cpu_features(&r, m);
    CHECK(m[0] == 1u << TARN_NEEDS_AVX2);
}

static void test_names(void)
{
    char text[100];
    uint32_t m[2] = { 1u << TARN_NEEDS_AVX2 | 1u << TARN_NEEDS_F16C,
                      1u << 13 };
    CHECK(tarn_cpu_names(m, text, sizeof text) == 3);
    CHECK_SAYS(!strcmp(text, "F16C AVX2 #45"), "%s", text);
    m[0] = m[1] = ~0u; /* more than fits: cut, not overrun */
    CHECK(tarn_cpu_names(m, text, 20) == 64);
    CHECK(strlen(text) < 20);
}

#elif defined(__aarch64__)
static void test_words_of_the_system(void)
{
    struct tarn_cpu_raw r = { .hwcap = 1u << 20 };
    uint32_t m[2];
    tarn_cpu_features(&r, m);
    CHECK(m[0] == 1u << TARN_NEEDS_DOTPROD && m[1] == 0);
    r = (struct tarn_cpu_raw){ .hwcap2 = 1u << 13 };
    tarn_cpu_features(&r, m);
    CHECK(m[0] == 1u << TARN_NEEDS_I8MM);
    r = (struct tarn_cpu_raw){ 0 };
    tarn_cpu_features(&r, m);
    CHECK(m[0] == 0 && m[1] == 0);
}

static void test_names(void)
{
    char text[100];
    const uint32_t m[2] = { 1u << TARN_NEEDS_DOTPROD | 1u << TARN_NEEDS_LSE,
                            0 };
    CHECK(tarn_cpu_names(m, text, sizeof text) == 2);
    CHECK_SAYS(!strcmp(text, "DOTPROD LSE"), "%s", text);
}
#endif

#if defined(__x86_64__) || defined(__aarch64__)
/* What this test's own compiler flags allow is what its note would say. */
static void test_own_build_fits_this_processor(void)
{
    struct tarn_cpu_raw r = tarn_cpu_read();
    uint32_t m[2];
    tarn_cpu_features(&r, m);
    CHECK((TARN_NEEDS_HERE & ~m[0]) == 0);
#if defined(__AVX2__)
    CHECK(TARN_NEEDS_HERE >> TARN_NEEDS_AVX2 & 1);
#endif
}

int main(void)
{
#if defined(__x86_64__)
    RUN(test_p07_registers_that_the_system_does_not_save);
    RUN(test_features_that_cpuid_lacks);
#else
    RUN(test_words_of_the_system);
#endif
    RUN(test_own_build_fits_this_processor);
    RUN(test_names);
    return tap_end();
}
#else
int main(void)
{
    printf("1..0 # SKIP the tables are those of x86 and Arm\n");
    return 0;
}
#endif
