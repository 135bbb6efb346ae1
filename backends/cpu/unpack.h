/* unpack.h - one block of any quantised type as exact integers.
 *
 * The common form that every type fits into, exactly:
 *
 *     weight i = d * w[i] - dm * mn[i / 16]
 *
 * w is the small integer of the file times its sub-block's scale (at most
 * 4096 in magnitude), so a product with int8 activations needs no scales:
 * isum = sum of w[i] * a[i] fits int32 (KERNELS 1.5).  Types without a minimum
 * have dm = 0; Q4_1 and Q5_1, which add theirs, have dm = -m and mn = 1.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_UNPACK_H
#define TARN_CPU_UNPACK_H

#include <stdint.h>

struct cpu_block {
    int16_t w[256]; /* [32] for types with blocks of 32 */
    int16_t mn[16]; /* per 16 values; not set for types without a minimum */
    float d, dm;
};

typedef void (*cpu_unpack_fn)(const uint8_t *block, struct cpu_block *out);

/* NULL for F32, F16, BF16 and unknown types. */
cpu_unpack_fn tarn_cpu_unpack(uint32_t type);

#endif
