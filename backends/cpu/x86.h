/* x86.h - what all kernels for x86 share.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_X86_H
#define TARN_CPU_X86_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "backends/cpu/cpu.h"
#include "backends/cpu/vec.h"

/* How far ahead of the weight pointer memory is asked for. */
#define AHEAD 2048

INLINE void fetch(const uint8_t *p, int lines)
{
    for (int i = 0; i < lines; i++)
        _mm_prefetch((const char *)p + AHEAD + 64 * i, _MM_HINT_T0);
}

#endif
