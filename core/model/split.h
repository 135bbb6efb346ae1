/* split.h - a backend made of two: the first layers, or the experts of some,
 * on one; the rest and the head on the other.
 *
 * For a graphics device that is too small for the whole model.  The processor
 * takes the first layers, and of the layers behind them it may take the
 * experts, which are most of the weights, with what stands before them (norm,
 * router): then all K/V stays on the device.  Rows of the residual cross
 * wherever the other side goes on.  To the engine it is one backend; pages and
 * tails have one numbering, and their canonical bytes are those of the parts,
 * one behind the other.
 *
 *     tarn_split_init(&s, cpu, gpu, n_first, n_experts, hp);
 *     tarn_split_open(&s, host, &dev, &err);     // then as any backend
 *
 * Owns: nothing but what its functions make.  Threads: as backend.h.
 */
#ifndef TARN_MODEL_SPLIT_H
#define TARN_MODEL_SPLIT_H

#include "backends/backend.h"

struct tarn_hparams;

struct tarn_split {
    struct tarn_backend table; /* what the engine sees */
    const struct tarn_backend *part[2];
    const struct tarn_hparams *hp; /* borrowed */
    uint32_t n_first;            /* layers of part 0 */
    uint32_t n_experts;          /* layers whose experts it has, from the
                                    first on */
    uint32_t n_attn, n_conv;     /* of the first layers */
    char name[64];
};

void tarn_split_init(struct tarn_split *s, const struct tarn_backend *first,
                     const struct tarn_backend *rest, uint32_t n_first,
                     uint32_t n_experts, const struct tarn_hparams *hp);
/* Device 0 of both; s must outlive it, hp must outlive s. */
enum tarn_status tarn_split_open(const struct tarn_split *s,
                                 const struct tarn_host *host,
                                 struct tarn_dev **out,
                                 struct tarn_error *err);
/* As cost() of a backend, which has no way to know the split.  The rest's plans
 * run one after the other and are taken to share their work memory. */
enum tarn_status tarn_split_cost(const struct tarn_split *s,
                                 const struct tarn_host *host,
                                 const struct tarn_plan *plan,
                                 const struct tarn_state_shape *shape,
                                 uint64_t *work_bytes, uint64_t *page_bytes,
                                 uint64_t *tail_bytes, struct tarn_error *err);

#endif
