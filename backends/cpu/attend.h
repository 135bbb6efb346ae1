/* attend.h - one chunk of keys, and the merge of chunks (KERNELS 1.11).
 *
 * Owns: nothing.  Threads: any; a chunk's result depends on nothing else.
 */
#ifndef TARN_CPU_ATTEND_H
#define TARN_CPU_ATTEND_H

#include <stddef.h>
#include <stdint.h>

/* One K/V head of a page. */
struct cpu_keys {
    const uint8_t *k, *v;             /* where the head begins */
    const uint8_t *k_scale, *v_scale; /* q8_0: [head_dim / 32][256] */
};

/* Query heads that share one K/V head, against keys [0, n_keys) of a page. */
struct cpu_chunk {
    uint32_t kv_type, head_dim, unit, n_heads, n_keys; /* n_keys 1..256 */
    float scale;
    const float *q;           /* [n_heads][head_dim] */
    struct cpu_keys at;
    /* What this thread reads next, as far as can be told: asked for line by
     * line while the chunk is computed.  Laid out like `at`. */
    struct cpu_keys next;
    /* out, head h at h * stride: o [head_dim], m, l */
    float *out;
    size_t stride;
};

/* Floats from one head's partial result to the next chunk's. */
static inline size_t tarn_cpu_partial(uint32_t head_dim)
{
    return (head_dim + 15) / 16 * 16 + 16;
}

void tarn_cpu_attend_chunk(const struct cpu_chunk *c);

/* Floats of one head's chunk, K and V. */
static inline size_t tarn_cpu_wide_kv(uint32_t head_dim)
{
    return (size_t)2 * 256 * head_dim + 64;
}
/* K and V of the chunk's first n_keys keys (rounded up to 32) as the floats
 * that they stand for, at wide [tarn_cpu_wide_kv()], 64-aligned. */
void tarn_cpu_attend_widen(const struct cpu_chunk *c, uint32_t n_keys,
                           float *wide);
/* Lets c read them there. */
void tarn_cpu_attend_wide(struct cpu_chunk *c, const float *wide);

/* n partial results, `stride` floats apart, to y [head_dim]. */
void tarn_cpu_attend_merge(const float *partial, size_t stride, uint32_t n,
                           uint32_t head_dim, float *y);

#endif
