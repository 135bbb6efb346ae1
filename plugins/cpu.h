/* cpu.h - what this processor can do, in the numbering of backends/note.h.
 *
 * A feature counts only if the system has switched its registers on (XCR0 on
 * x86; P07): CPUID alone lies in virtual machines.
 *
 * Threads: any.
 */
#ifndef TARN_PLUGINS_CPU_H
#define TARN_PLUGINS_CPU_H

#include <stddef.h>
#include <stdint.h>

/* The registers that the judgement reads; tests fill it with other machines. */
struct tarn_cpu_raw {
    uint32_t leaf1_ecx;
    uint32_t leaf7_ebx, leaf7_ecx, leaf7_edx;    /* leaf 7.0 */
    uint32_t leaf7_1_eax, leaf7_1_edx;           /* leaf 7.1 */
    uint32_t ext1_ecx;                           /* leaf 0x80000001 */
    uint64_t xcr0;                               /* 0 without OSXSAVE */
    uint64_t hwcap, hwcap2;                      /* Arm */
};
struct tarn_cpu_raw tarn_cpu_read(void);
void tarn_cpu_features(const struct tarn_cpu_raw *raw, uint32_t out[2]);

/* "AVX2 F16C"; the names of a mask of this machine's kind.  Unknown numbers
 * are written as #45.  Returns how many there are. */
uint32_t tarn_cpu_names(const uint32_t mask[2], char *out, size_t room);
/* For a cache: model and features of the processor as one line. */
void tarn_cpu_identity(char *out, size_t room);

#endif
