/* note.h - what a plugin says about itself before any of its code runs.
 *
 * A plugin is a shared object with one exported function and one ELF note.
 * The loader reads the note from the file; a plugin for another ABI, or for a
 * processor that this is not, is refused without being opened.
 *
 *     static const struct tarn_backend my_backend = { ... };
 *     static const struct tarn_backend *my_get(void) { return &my_backend; }
 *     TARN_PLUGIN("mine", "1.0", 0, my_get)      // at file scope, once
 *
 * The features needed are those that the compiler was allowed to use in the
 * file that holds the macro: build all files of a plugin with the same -m
 * options.  Where objects are not ELF (WebAssembly) the macro makes nothing.
 *
 * Owns: nothing.
 */
#ifndef TARN_NOTE_H
#define TARN_NOTE_H

#include <stdint.h>

#include "backends/backend.h"

#define TARN_NOTE_OWNER "tarn" /* 5 bytes with the NUL */
#define TARN_NOTE_TYPE 1u

/* flags of a note */
#define TARN_NOTE_LAST 1u   /* right but slow: ordered behind all others */
#define TARN_NOTE_DOUBLE 2u /* makes its results up, for tests: the canary's
                               numbers are not judged, and it is left out
                               unless it is asked for by name */
#define TARN_NOTE_LOADS 4u  /* opens other libraries by bare name (a driver) */

/* The payload.  Only appended; little-endian as everything on the machines
 * that tarn runs on. */
struct tarn_note {
    uint32_t size;     /* of this struct */
    uint32_t abi;      /* TARN_BACKEND_ABI */
    uint32_t needs[2]; /* TARN_NEEDS_* of the file's machine */
    uint32_t flags;    /* TARN_NOTE_* */
    char name[32];     /* "cpu-avx2": letters, digits, '-', '_', '.'; NUL */
    char version[24];  /* the same letters; NUL */
};
_Static_assert(sizeof(struct tarn_note) == 76, "the note's layout is fixed");

/* Features, numbered per machine.  0-31: needs[0], 32-63: needs[1]. */
enum tarn_needs_x86 {
    TARN_NEEDS_SSE3, TARN_NEEDS_SSSE3, TARN_NEEDS_SSE4_1, TARN_NEEDS_SSE4_2,
    TARN_NEEDS_POPCNT, TARN_NEEDS_AVX, TARN_NEEDS_F16C, TARN_NEEDS_FMA,
    TARN_NEEDS_AVX2, TARN_NEEDS_BMI1, TARN_NEEDS_BMI2, TARN_NEEDS_LZCNT,
    TARN_NEEDS_AVX512F, TARN_NEEDS_AVX512CD, TARN_NEEDS_AVX512DQ,
    TARN_NEEDS_AVX512BW, TARN_NEEDS_AVX512VL, TARN_NEEDS_AVX512IFMA,
    TARN_NEEDS_AVX512VBMI, TARN_NEEDS_AVX512VNNI, TARN_NEEDS_AVX512BF16,
    TARN_NEEDS_AVX512VBMI2, TARN_NEEDS_AVX512BITALG,
    TARN_NEEDS_AVX512VPOPCNTDQ, TARN_NEEDS_AVX512FP16, TARN_NEEDS_AVXVNNI,
    TARN_NEEDS_AVXVNNIINT8, TARN_NEEDS_GFNI, TARN_NEEDS_MOVBE,
    TARN_NEEDS_AMX_TILE, TARN_NEEDS_AMX_INT8, TARN_NEEDS_AMX_BF16,
    TARN_NEEDS_X86_END
};
enum tarn_needs_arm64 {
    TARN_NEEDS_DOTPROD, TARN_NEEDS_FP16, TARN_NEEDS_I8MM, TARN_NEEDS_BF16,
    TARN_NEEDS_SVE, TARN_NEEDS_SVE2, TARN_NEEDS_SME, TARN_NEEDS_CRC32,
    TARN_NEEDS_LSE, TARN_NEEDS_ARM64_END
};

/* 1 if `macro` is defined as 1, 0 if it isn't defined: the argument is
 * expanded, pasted, and turns into "0, 1" or stays a single word. */
#define TARN_WORD_1 0, 1
#define TARN_SECOND_(a, b, ...) b
#define TARN_SECOND(...) TARN_SECOND_(__VA_ARGS__)
#define TARN_DEFINED_(value) TARN_SECOND(TARN_WORD_##value, 0, 0)
#define TARN_DEFINED(macro) TARN_DEFINED_(macro)
#define TARN_NEEDS_IF_(macro, feature) \
    ((uint32_t)TARN_DEFINED(macro) << (feature))

/* What the compiler may use here, beyond x86-64 and Armv8-A themselves.
 * gcc says __AMX_TILE__, clang says __AMXTILE__. */
#if defined(__x86_64__)
#define TARN_NEEDS_HERE                                                \
    (TARN_NEEDS_IF_(__SSE3__, TARN_NEEDS_SSE3) |                       \
     TARN_NEEDS_IF_(__SSSE3__, TARN_NEEDS_SSSE3) |                     \
     TARN_NEEDS_IF_(__SSE4_1__, TARN_NEEDS_SSE4_1) |                   \
     TARN_NEEDS_IF_(__SSE4_2__, TARN_NEEDS_SSE4_2) |                   \
     TARN_NEEDS_IF_(__POPCNT__, TARN_NEEDS_POPCNT) |                   \
     TARN_NEEDS_IF_(__AVX__, TARN_NEEDS_AVX) |                         \
     TARN_NEEDS_IF_(__F16C__, TARN_NEEDS_F16C) |                       \
     TARN_NEEDS_IF_(__FMA__, TARN_NEEDS_FMA) |                         \
     TARN_NEEDS_IF_(__AVX2__, TARN_NEEDS_AVX2) |                       \
     TARN_NEEDS_IF_(__BMI__, TARN_NEEDS_BMI1) |                        \
     TARN_NEEDS_IF_(__BMI2__, TARN_NEEDS_BMI2) |                       \
     TARN_NEEDS_IF_(__LZCNT__, TARN_NEEDS_LZCNT) |                     \
     TARN_NEEDS_IF_(__AVX512F__, TARN_NEEDS_AVX512F) |                 \
     TARN_NEEDS_IF_(__AVX512CD__, TARN_NEEDS_AVX512CD) |               \
     TARN_NEEDS_IF_(__AVX512DQ__, TARN_NEEDS_AVX512DQ) |               \
     TARN_NEEDS_IF_(__AVX512BW__, TARN_NEEDS_AVX512BW) |               \
     TARN_NEEDS_IF_(__AVX512VL__, TARN_NEEDS_AVX512VL) |               \
     TARN_NEEDS_IF_(__AVX512IFMA__, TARN_NEEDS_AVX512IFMA) |           \
     TARN_NEEDS_IF_(__AVX512VBMI__, TARN_NEEDS_AVX512VBMI) |           \
     TARN_NEEDS_IF_(__AVX512VNNI__, TARN_NEEDS_AVX512VNNI) |           \
     TARN_NEEDS_IF_(__AVX512BF16__, TARN_NEEDS_AVX512BF16) |           \
     TARN_NEEDS_IF_(__AVX512VBMI2__, TARN_NEEDS_AVX512VBMI2) |         \
     TARN_NEEDS_IF_(__AVX512BITALG__, TARN_NEEDS_AVX512BITALG) |       \
     TARN_NEEDS_IF_(__AVX512VPOPCNTDQ__, TARN_NEEDS_AVX512VPOPCNTDQ) | \
     TARN_NEEDS_IF_(__AVX512FP16__, TARN_NEEDS_AVX512FP16) |           \
     TARN_NEEDS_IF_(__AVXVNNI__, TARN_NEEDS_AVXVNNI) |                 \
     TARN_NEEDS_IF_(__AVXVNNIINT8__, TARN_NEEDS_AVXVNNIINT8) |         \
     TARN_NEEDS_IF_(__GFNI__, TARN_NEEDS_GFNI) |                       \
     TARN_NEEDS_IF_(__MOVBE__, TARN_NEEDS_MOVBE) |                     \
     TARN_NEEDS_IF_(__AMX_TILE__, TARN_NEEDS_AMX_TILE) |               \
     TARN_NEEDS_IF_(__AMX_INT8__, TARN_NEEDS_AMX_INT8) |               \
     TARN_NEEDS_IF_(__AMX_BF16__, TARN_NEEDS_AMX_BF16) |               \
     TARN_NEEDS_IF_(__AMXTILE__, TARN_NEEDS_AMX_TILE) |                \
     TARN_NEEDS_IF_(__AMXINT8__, TARN_NEEDS_AMX_INT8) |                \
     TARN_NEEDS_IF_(__AMXBF16__, TARN_NEEDS_AMX_BF16))
#elif defined(__aarch64__)
#define TARN_NEEDS_HERE                                                      \
    (TARN_NEEDS_IF_(__ARM_FEATURE_DOTPROD, TARN_NEEDS_DOTPROD) |             \
     TARN_NEEDS_IF_(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC, TARN_NEEDS_FP16) | \
     TARN_NEEDS_IF_(__ARM_FEATURE_MATMUL_INT8, TARN_NEEDS_I8MM) |            \
     TARN_NEEDS_IF_(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC, TARN_NEEDS_BF16) | \
     TARN_NEEDS_IF_(__ARM_FEATURE_SVE, TARN_NEEDS_SVE) |                     \
     TARN_NEEDS_IF_(__ARM_FEATURE_SVE2, TARN_NEEDS_SVE2) |                   \
     TARN_NEEDS_IF_(__ARM_FEATURE_SME, TARN_NEEDS_SME) |                     \
     TARN_NEEDS_IF_(__ARM_FEATURE_CRC32, TARN_NEEDS_CRC32) |                 \
     TARN_NEEDS_IF_(__ARM_FEATURE_ATOMICS, TARN_NEEDS_LSE))
#else
#define TARN_NEEDS_HERE 0u
#endif

/* ------------------------------------------------------------------ macro */
#if defined(__ELF__)
/* A note is three words, the owner's name padded to 4, the payload padded to
 * 4.  A const object that is `used` stays in the file and in a PT_NOTE
 * segment, so strip can't remove it. */
#define TARN_PLUGIN(NAME, VERSION, FLAGS, GET)                               \
    __attribute__((section(".note.tarn"), used, aligned(4)))                 \
    static const struct {                                                    \
        uint32_t owner_size, note_size, type;                                \
        char owner[8];                                                       \
        struct tarn_note note;                                               \
    } tarn_plugin_note = { 5,                                                \
                           sizeof(struct tarn_note),                         \
                           TARN_NOTE_TYPE,                                   \
                           TARN_NOTE_OWNER,                                  \
                           { sizeof(struct tarn_note),                       \
                             TARN_BACKEND_ABI,                               \
                             { TARN_NEEDS_HERE, 0 },                         \
                             (FLAGS),                                        \
                             NAME,                                           \
                             VERSION } };                                    \
    __attribute__((visibility("default")))                                   \
    const struct tarn_backend *tarn_backend_v1(void);                        \
    const struct tarn_backend *tarn_backend_v1(void)                         \
    {                                                                        \
        return GET();                                                        \
    }                                                                        \
    _Static_assert(sizeof(NAME) <= 32 && sizeof(VERSION) <= 24,              \
                   "the name and version of a plugin are short")
#else
#define TARN_PLUGIN(NAME, VERSION, FLAGS, GET)                               \
    _Static_assert(sizeof(NAME) <= 32 && sizeof(VERSION) <= 24,              \
                   "the name and version of a plugin are short")
#endif

#endif
