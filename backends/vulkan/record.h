/* record.h - steps to dispatches: between record.c, experts.c, run.c.
 *
 * Owns: nothing.
 */
#ifndef TARN_VULKAN_RECORD_H
#define TARN_VULKAN_RECORD_H

#include "backends/vulkan/inside.h"

struct vk_recorder {
    struct tarn_prepared *p;
    struct tarn_error *err;
    enum tarn_status status; /* sticky */
    VkCommandBuffer cb;      /* NULL: nothing is recorded, pipelines are made */
    const struct vk_batch_map *map;
    uint32_t n_rows, n_seqs, n_logits, chunks;
    /* What the rounded copies hold: buffer number, or TARN_NO_BUFFER. */
    uint16_t rounded[VK_FORMS];
    bool joins;   /* the next dispatch needs no barrier */
    double work;  /* multiply-adds recorded into cb */
    double limit; /* begin another command buffer beyond this; 0: never */
    enum tarn_status (*next)(struct vk_recorder *r);
    void *user;
};
/* All steps but LOGITS. */
void vk_record_steps(struct vk_recorder *r);
/* LOGITS of picked rows [first, first + n), then they or their digests into the
 * host's side (digest.c). */
void vk_record_logits(struct vk_recorder *r, const struct tarn_step *s,
                      uint32_t first, uint32_t n);
void vk_record_results(struct vk_recorder *r, const struct tarn_step *s,
                       uint32_t first, uint32_t n, bool digests);
void vk_dispatch(struct vk_recorder *r, uint32_t shader,
                 const uint32_t spec[VK_SPECS], const struct vk_args *a,
                 uint32_t x, uint32_t y, uint32_t z, double work);
/* A product: n vectors of x (per: places per vector, 1 but for experts), each
 * to a row of y; ids: addresses of the experts of the places. */
struct vk_product {
    const struct tarn_weight *w;
    uint64_t x, y;   /* addresses */
    uint16_t buffer; /* that x is, or TARN_NO_BUFFER */
    uint32_t n_x, n, per;
    uint32_t y_row;              /* first row of y */
    uint64_t ids, tiles, places; /* 0: a plain matrix */
    uint32_t n_tiles;
    uint32_t at_once; /* vectors of a tile, at most */
};
/* Rows and vectors of a tile of so many lanes (tune.tile). */
uint32_t vk_tile_rows(const struct vk_tuning *t);
uint32_t vk_tile_vectors(const struct vk_tuning *t);
#define VK_NOTHING_ROUNDED                                                     \
    {                                                                          \
        TARN_NO_BUFFER, TARN_NO_BUFFER                                         \
    }
void vk_record_product(struct vk_recorder *r, const struct vk_product *m);
void vk_record_pair(struct vk_recorder *r, uint32_t op, uint64_t a, uint64_t b,
                    uint64_t out, uint64_t n);
/* Lanes for n things; folded into y. */
void vk_dispatch_flat(struct vk_recorder *r, uint32_t shader,
                      const uint32_t spec[VK_SPECS], const struct vk_args *a,
                      uint64_t n_groups, double work);
void vk_record_experts(struct vk_recorder *r, const struct tarn_step *s,
                       uint32_t route);

#endif
