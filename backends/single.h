/* single.h - what a backend with one device and no state need not write.
 *
 * For backends that are being written, and for those that only multiply: no
 * CONV, no ATTEND, weights and plans in the host's memory.
 *
 *     struct tarn_weight { ... };   // from tarn_single_take(), as is
 *     struct tarn_prepared { ... }; // what prepare() makes
 *     static const struct tarn_backend backend = {
 *         TARN_SINGLE,
 *         .size = sizeof backend, ...
 *
 * That leaves device_info, weight, prepare, cost and run.  A backend that has
 * outgrown this sets a function of its own behind TARN_SINGLE.
 *
 * Owns: all that was taken of a device goes with it.
 */
#ifndef TARN_SINGLE_H
#define TARN_SINGLE_H

#include "backends/backend.h"
#include "backends/fail.h"

struct tarn_dev {
    const struct tarn_host *host;
    struct tarn_block *blocks;
};

/* Stands before everything that was taken. */
struct tarn_block {
    _Alignas(64) struct tarn_block *next;
    struct tarn_dev *dev;
};

/* The host's memory; NULL, and the sentence of TARN_NO_MEMORY, if none is
 * left. */
static inline void *tarn_single_take(struct tarn_dev *dev, size_t size,
                                     struct tarn_error *err)
{
    const struct tarn_host *host = dev->host;
    void *p = NULL;
    if (size <= SIZE_MAX - sizeof(struct tarn_block))
        p = host->alloc(host->user, sizeof(struct tarn_block) + size, 64);
    if (!p) {
        tarn_backend_fail(err, TARN_NO_MEMORY,
                          "There is no memory for %zu bytes.", size);
        return NULL;
    }
    struct tarn_block *b = p;
    *b = (struct tarn_block){ .next = dev->blocks, .dev = dev };
    dev->blocks = b;
    return b + 1;
}

static inline struct tarn_dev *tarn_single_device(const void *taken)
{
    return ((const struct tarn_block *)taken - 1)->dev;
}

static inline void tarn_single_give(void *taken)
{
    if (!taken)
        return;
    struct tarn_block *b = (struct tarn_block *)taken - 1;
    const struct tarn_host *host = b->dev->host;
    struct tarn_block **at = &b->dev->blocks;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    host->free(host->user, b);
}

/* ----------------------------------------------------------- TARN_SINGLE */
static inline uint32_t tarn_single_count(const struct tarn_host *host)
{
    (void)host;
    return 1;
}

static inline enum tarn_status tarn_single_check(uint32_t device,
                                                 struct tarn_error *err)
{
    return device ? tarn_backend_fail(err, TARN_USAGE,
                                      "There is only one such device.")
                  : TARN_OK;
}

static inline enum tarn_status tarn_single_open(const struct tarn_host *host,
                                                uint32_t device,
                                                struct tarn_dev **out,
                                                struct tarn_error *err)
{
    const enum tarn_status s = tarn_single_check(device, err);
    struct tarn_dev *d = s ? NULL : host->alloc(host->user, sizeof *d, 64);
    if (!s && !d)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "There is no memory for a device.");
    if (!s) {
        *d = (struct tarn_dev){ .host = host };
        *out = d;
    }
    return s;
}

static inline void tarn_single_close(struct tarn_dev *dev)
{
    while (dev && dev->blocks)
        tarn_single_give(dev->blocks + 1);
    if (dev)
        dev->host->free(dev->host->user, dev);
}

static inline void tarn_single_free(struct tarn_dev *dev, struct tarn_weight *w)
{
    (void)dev;
    tarn_single_give(w);
}

static inline void tarn_single_release(struct tarn_prepared *p)
{
    tarn_single_give(p);
}

/* What the functions of the state answer; state_open() is the first of them,
 * so the others are never reached. */
static inline enum tarn_status tarn_single_no_state(struct tarn_error *err)
{
    return tarn_backend_fail(err, TARN_UNSUPPORTED,
                             "This backend keeps no state for convolution and "
                             "attention.");
}

static inline enum tarn_status
tarn_single_state_open(struct tarn_dev *dev,
                       const struct tarn_state_shape *shape,
                       struct tarn_state **out, struct tarn_error *err)
{
    (void)dev, (void)shape, (void)out;
    return tarn_single_no_state(err);
}

static inline void tarn_single_state_close(struct tarn_state *st)
{
    (void)st;
}

static inline enum tarn_status tarn_single_room(struct tarn_state *st,
                                                uint32_t n_pages,
                                                uint32_t n_tails,
                                                struct tarn_error *err)
{
    (void)st, (void)n_pages, (void)n_tails;
    return tarn_single_no_state(err);
}

static inline enum tarn_status tarn_single_copy(struct tarn_state *st,
                                                bool page, uint32_t to,
                                                uint32_t from,
                                                struct tarn_error *err)
{
    (void)st, (void)page, (void)to, (void)from;
    return tarn_single_no_state(err);
}

static inline enum tarn_status tarn_single_read(struct tarn_state *st,
                                                bool page, uint32_t n,
                                                uint32_t n_pos, void *out,
                                                struct tarn_error *err)
{
    (void)st, (void)page, (void)n, (void)n_pos, (void)out;
    return tarn_single_no_state(err);
}

static inline enum tarn_status tarn_single_write(struct tarn_state *st,
                                                 bool page, uint32_t n,
                                                 const void *in,
                                                 struct tarn_error *err)
{
    (void)st, (void)page, (void)n, (void)in;
    return tarn_single_no_state(err);
}

/* clang-format off */
#define TARN_SINGLE                                                         \
    .abi = TARN_BACKEND_ABI, .device_count = tarn_single_count,             \
    .open = tarn_single_open, .close = tarn_single_close,                   \
    .weight_free = tarn_single_free, .release = tarn_single_release,        \
    .state_open = tarn_single_state_open,                                   \
    .state_close = tarn_single_state_close, .state_room = tarn_single_room, \
    .state_copy = tarn_single_copy, .state_read = tarn_single_read,         \
    .state_write = tarn_single_write
/* clang-format on */

#endif
