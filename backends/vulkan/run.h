/* run.h - one call of run(), between describe.c and run.c.
 *
 * Owns: nothing.
 */
#ifndef TARN_VULKAN_RUN_H
#define TARN_VULKAN_RUN_H

#include "backends/vulkan/record.h"

enum { VK_WANTS_ROUTES = 1, VK_WANTS_DIGESTS = 2 };

struct vk_run_state {
    struct tarn_prepared *p;
    const struct tarn_batch *b;
    struct tarn_error *err;
    struct vk_batch_map map;
    uint32_t n_logits, n_vocab, flags, chunks;
    const struct tarn_step *logits; /* the step, or NULL */
    uint32_t n_submitted;           /* pieces of this run */
    uint64_t value[2];              /* of the last two pieces */
    double began[2], done, piece_work[2];
    bool stop;
};

/* digest.c: after the wait, the logits or digests of picked rows [first,
 * first + n); n is at most vk_logit_rows(). */
enum tarn_status vk_take_results(struct vk_run_state *r, uint32_t first,
                                 uint32_t n);
uint32_t vk_logit_rows(const struct vk_run_state *r);
/* Fills the host's side of the batch. */
void vk_describe(struct vk_run_state *r);
/* Bytes to what crosses on the host's side: rows that come in (in `up`), rows
 * that leave, and chosen experts with their weights (in `down`). */
uint64_t vk_cut_in_at(const struct tarn_prepared *p);
uint64_t vk_cut_out_at(const struct vk_run_state *r);
uint64_t vk_routes_at(const struct vk_run_state *r);

#endif
