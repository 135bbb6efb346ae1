/* digest.h - sizes of what comes back of a row of logits (digest.c).
 *
 * Owns: nothing.
 */
#ifndef TARN_VULKAN_DIGEST_H
#define TARN_VULKAN_DIGEST_H

#include <stdint.h>

struct vk_tuning;

/* Digests of `rows` rows of logits, made at once. */
struct vk_digests {
    uint32_t n_blocks, n_parts; /* of a row */
    uint32_t room;              /* logits in a list */
    uint32_t words;             /* of a record: what comes back of a row */
    uint32_t rows, peak_rows;
    uint64_t peaks, records; /* [peak_rows][n_blocks], [rows][words] */
};

/* All but the offsets. */
void vk_digest_layout(const struct vk_tuning *t, uint64_t n_vocab,
                      uint32_t logit_rows, struct vk_digests *out);

#endif
