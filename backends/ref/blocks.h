/* blocks.h - what the blocks of the quantised types hold, as integers.
 *
 * All eighteen quantised types come to one form: groups of 16 numbers, each
 * group with an integer scale and minimum.  Weight i of a block is
 *
 *     (d * scale[i / 16]) * q[i] - dmin * min[i / 16]
 *
 * where dmin and min are 0 in types without a minimum.  All products are exact
 * in float32, so this is also the exact value rounded once.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_REF_BLOCKS_H
#define TARN_REF_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#define TARN_REF_BLOCK_MAX 256

struct tarn_ref_block {
    float d, dmin;
    int16_t scale[TARN_REF_BLOCK_MAX / 16]; /* -128 .. 127 */
    int16_t min[TARN_REF_BLOCK_MAX / 16];   /* 0 .. 63 */
    int8_t q[TARN_REF_BLOCK_MAX];
};

/* `type` has blocks of more than one value; data: one block of it. */
void tarn_ref_unpack(uint32_t type, const uint8_t *data,
                     struct tarn_ref_block *out);

/* n values of any of the 21 types as float32, n a multiple of the block. */
void tarn_ref_dequantize(uint32_t type, const uint8_t *data, size_t n,
                         float *out);

#endif
