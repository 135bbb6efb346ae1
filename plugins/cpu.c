/* cpu.c - see cpu.h. */
#include "plugins/cpu.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "backends/note.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

/* Which register, which bit, and what the system must save (XCR0 bits). */
enum source { LEAF1_ECX, LEAF7_EBX, LEAF7_ECX, LEAF7_EDX, LEAF7_1_EAX,
              LEAF7_1_EDX, EXT1_ECX, HWCAP, HWCAP2 };
enum { NO_STATE = 0, YMM = 0x6, ZMM = 0xe6, TILES = 0x60000 };

struct feature {
    uint8_t number;
    uint8_t source, bit;
    uint32_t state;
    const char *name;
};

#if defined(__x86_64__)
static const struct feature FEATURES[] = {
    { TARN_NEEDS_SSE3, LEAF1_ECX, 0, NO_STATE, "SSE3" },
    { TARN_NEEDS_SSSE3, LEAF1_ECX, 9, NO_STATE, "SSSE3" },
    { TARN_NEEDS_SSE4_1, LEAF1_ECX, 19, NO_STATE, "SSE4.1" },
    { TARN_NEEDS_SSE4_2, LEAF1_ECX, 20, NO_STATE, "SSE4.2" },
    { TARN_NEEDS_POPCNT, LEAF1_ECX, 23, NO_STATE, "POPCNT" },
    { TARN_NEEDS_AVX, LEAF1_ECX, 28, YMM, "AVX" },
    { TARN_NEEDS_F16C, LEAF1_ECX, 29, YMM, "F16C" },
    { TARN_NEEDS_FMA, LEAF1_ECX, 12, YMM, "FMA" },
    { TARN_NEEDS_AVX2, LEAF7_EBX, 5, YMM, "AVX2" },
    { TARN_NEEDS_BMI1, LEAF7_EBX, 3, NO_STATE, "BMI1" },
    { TARN_NEEDS_BMI2, LEAF7_EBX, 8, NO_STATE, "BMI2" },
    { TARN_NEEDS_LZCNT, EXT1_ECX, 5, NO_STATE, "LZCNT" },
    { TARN_NEEDS_AVX512F, LEAF7_EBX, 16, ZMM, "AVX512F" },
    { TARN_NEEDS_AVX512CD, LEAF7_EBX, 28, ZMM, "AVX512CD" },
    { TARN_NEEDS_AVX512DQ, LEAF7_EBX, 17, ZMM, "AVX512DQ" },
    { TARN_NEEDS_AVX512BW, LEAF7_EBX, 30, ZMM, "AVX512BW" },
    { TARN_NEEDS_AVX512VL, LEAF7_EBX, 31, ZMM, "AVX512VL" },
    { TARN_NEEDS_AVX512IFMA, LEAF7_EBX, 21, ZMM, "AVX512-IFMA" },
    { TARN_NEEDS_AVX512VBMI, LEAF7_ECX, 1, ZMM, "AVX512-VBMI" },
    { TARN_NEEDS_AVX512VNNI, LEAF7_ECX, 11, ZMM, "AVX512-VNNI" },
    { TARN_NEEDS_AVX512BF16, LEAF7_1_EAX, 5, ZMM, "AVX512-BF16" },
    { TARN_NEEDS_AVX512VBMI2, LEAF7_ECX, 6, ZMM, "AVX512-VBMI2" },
    { TARN_NEEDS_AVX512BITALG, LEAF7_ECX, 12, ZMM, "AVX512-BITALG" },
    { TARN_NEEDS_AVX512VPOPCNTDQ, LEAF7_ECX, 14, ZMM, "AVX512-VPOPCNTDQ" },
    { TARN_NEEDS_AVX512FP16, LEAF7_EDX, 23, ZMM, "AVX512-FP16" },
    { TARN_NEEDS_AVXVNNI, LEAF7_1_EAX, 4, YMM, "AVX-VNNI" },
    { TARN_NEEDS_AVXVNNIINT8, LEAF7_1_EDX, 4, YMM, "AVX-VNNI-INT8" },
    { TARN_NEEDS_GFNI, LEAF7_ECX, 8, NO_STATE, "GFNI" },
    { TARN_NEEDS_MOVBE, LEAF1_ECX, 22, NO_STATE, "MOVBE" },
    { TARN_NEEDS_AMX_TILE, LEAF7_EDX, 24, TILES, "AMX-TILE" },
    { TARN_NEEDS_AMX_INT8, LEAF7_EDX, 25, TILES, "AMX-INT8" },
    { TARN_NEEDS_AMX_BF16, LEAF7_EDX, 22, TILES, "AMX-BF16" },
};
_Static_assert(sizeof FEATURES / sizeof *FEATURES == TARN_NEEDS_X86_END,
               "every feature of note.h is judged");
#else
/* Bits of Linux' AT_HWCAP and AT_HWCAP2 on arm64. */
static const struct feature FEATURES[] = {
    { TARN_NEEDS_DOTPROD, HWCAP, 20, NO_STATE, "DOTPROD" },
    { TARN_NEEDS_FP16, HWCAP, 10, NO_STATE, "FP16" },
    { TARN_NEEDS_I8MM, HWCAP2, 13, NO_STATE, "I8MM" },
    { TARN_NEEDS_BF16, HWCAP2, 14, NO_STATE, "BF16" },
    { TARN_NEEDS_SVE, HWCAP, 22, NO_STATE, "SVE" },
    { TARN_NEEDS_SVE2, HWCAP2, 1, NO_STATE, "SVE2" },
    { TARN_NEEDS_SME, HWCAP2, 23, NO_STATE, "SME" },
    { TARN_NEEDS_CRC32, HWCAP, 7, NO_STATE, "CRC32" },
    { TARN_NEEDS_LSE, HWCAP, 8, NO_STATE, "LSE" },
};
_Static_assert(sizeof FEATURES / sizeof *FEATURES == TARN_NEEDS_ARM64_END,
               "every feature of note.h is judged");
#endif
#define N_FEATURES (sizeof FEATURES / sizeof *FEATURES)

struct tarn_cpu_raw tarn_cpu_read(void)
{
    struct tarn_cpu_raw r = { 0 };
#if defined(__x86_64__)
    uint32_t a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d))
        r.leaf1_ecx = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        r.leaf7_ebx = b;
        r.leaf7_ecx = c;
        r.leaf7_edx = d;
        if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
            r.leaf7_1_eax = a;
            r.leaf7_1_edx = d;
        }
    }
    if (__get_cpuid(0x80000001u, &a, &b, &c, &d))
        r.ext1_ecx = c;
    if (r.leaf1_ecx & 1u << 27) { /* OSXSAVE: xgetbv is there */
        uint32_t lo, hi;
        __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
        r.xcr0 = (uint64_t)hi << 32 | lo;
    }
#elif defined(__aarch64__)
    r.hwcap = getauxval(AT_HWCAP);
    r.hwcap2 = getauxval(AT_HWCAP2);
#endif
    return r;
}

static uint64_t source_word(const struct tarn_cpu_raw *r, unsigned source)
{
    switch (source) {
    case LEAF1_ECX: return r->leaf1_ecx;
    case LEAF7_EBX: return r->leaf7_ebx;
    case LEAF7_ECX: return r->leaf7_ecx;
    case LEAF7_EDX: return r->leaf7_edx;
    case LEAF7_1_EAX: return r->leaf7_1_eax;
    case LEAF7_1_EDX: return r->leaf7_1_edx;
    case EXT1_ECX: return r->ext1_ecx;
    case HWCAP: return r->hwcap;
    default: return r->hwcap2;
    }
}

void tarn_cpu_features(const struct tarn_cpu_raw *raw, uint32_t out[2])
{
    out[0] = out[1] = 0;
    for (size_t i = 0; i < N_FEATURES; i++) {
        const struct feature *f = &FEATURES[i];
        bool there = source_word(raw, f->source) >> f->bit & 1;
        if (there && (raw->xcr0 & f->state) == f->state)
            out[f->number / 32] |= 1u << f->number % 32;
    }
}

uint32_t tarn_cpu_names(const uint32_t mask[2], char *out, size_t room)
{
    uint32_t n = 0;
    size_t at = 0;
    if (room)
        out[0] = 0;
    for (uint32_t bit = 0; bit < 64; bit++) {
        if (!(mask[bit / 32] >> bit % 32 & 1))
            continue;
        char number[8];
        const char *name = number;
        snprintf(number, sizeof number, "#%u", bit);
        for (size_t i = 0; i < N_FEATURES; i++)
            if (FEATURES[i].number == bit)
                name = FEATURES[i].name;
        n++;
        if (at + strlen(name) + 2 < room)
            at += (size_t)snprintf(out + at, room - at, "%s%s",
                                   at ? " " : "", name);
    }
    return n;
}

void tarn_cpu_identity(char *out, size_t room)
{
    struct tarn_cpu_raw raw = tarn_cpu_read();
    uint32_t mask[2], model = 0;
    tarn_cpu_features(&raw, mask);
#if defined(__x86_64__)
    uint32_t b, c, d;
    if (!__get_cpuid(1, &model, &b, &c, &d))
        model = 0;
#endif
    snprintf(out, room, "%08x-%08x%08x", model, mask[1], mask[0]);
}
