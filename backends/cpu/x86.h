/* x86.h - what all kernels for x86 share.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_X86_H
#define TARN_CPU_X86_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "backends/cpu/rows4.h"

/* Scales of n <= 8 superblocks of activations, the rest 0: what stands behind
 * the last one may look like a subnormal number, and those are slow. */
INLINE __m256 scales_of(const float *d, uint32_t n)
{
    if (n >= 8)
        return _mm256_loadu_ps(d);
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(
        d, _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)n), lanes));
}

/* call(n) with n as a constant 1..7: the superblocks left over at the end of
 * a row.  With a number that is not known, loops stay loops and the kernels
 * run at 40 % (measured: Q4_K, four superblocks, 18 against 44 GB/s). */
#define WITH_CONSTANT_TAIL(n, call) \
    switch (n) {                    \
    case 7: call(7); break;         \
    case 6: call(6); break;         \
    case 5: call(5); break;         \
    case 4: call(4); break;         \
    case 3: call(3); break;         \
    case 2: call(2); break;         \
    case 1: call(1); break;         \
    default: break;                 \
    }

#endif
