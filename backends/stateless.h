/* stateless.h - the functions of a backend that has no CONV and no ATTEND.
 *
 * For backends that are being written, and for those that only multiply:
 *
 *     static const struct tarn_backend backend = {
 *         TARN_STATELESS,
 *         .size = sizeof backend, ...
 *
 * state_open() answers TARN_UNSUPPORTED, so the others are never reached.
 *
 * Owns: nothing.
 */
#ifndef TARN_STATELESS_H
#define TARN_STATELESS_H

#include <stdio.h>

#include "backends/backend.h"

static inline enum tarn_status tarn_stateless(struct tarn_error *err)
{
    if (err) {
        err->status = TARN_UNSUPPORTED;
        snprintf(err->text, sizeof err->text,
                 "This backend keeps no state for convolution and attention.");
    }
    return TARN_UNSUPPORTED;
}

static inline enum tarn_status
tarn_stateless_open(struct tarn_dev *dev, const struct tarn_state_shape *shape,
                    struct tarn_state **out, struct tarn_error *err)
{
    (void)dev, (void)shape, (void)out;
    return tarn_stateless(err);
}

static inline void tarn_stateless_close(struct tarn_state *st)
{
    (void)st;
}

static inline enum tarn_status tarn_stateless_room(struct tarn_state *st,
                                                   uint32_t n_pages,
                                                   uint32_t n_tails,
                                                   struct tarn_error *err)
{
    (void)st, (void)n_pages, (void)n_tails;
    return tarn_stateless(err);
}

static inline enum tarn_status tarn_stateless_copy(struct tarn_state *st,
                                                   bool page, uint32_t to,
                                                   uint32_t from,
                                                   struct tarn_error *err)
{
    (void)st, (void)page, (void)to, (void)from;
    return tarn_stateless(err);
}

static inline enum tarn_status tarn_stateless_read(struct tarn_state *st,
                                                   bool page, uint32_t n,
                                                   uint32_t n_pos, void *out,
                                                   struct tarn_error *err)
{
    (void)st, (void)page, (void)n, (void)n_pos, (void)out;
    return tarn_stateless(err);
}

static inline enum tarn_status tarn_stateless_write(struct tarn_state *st,
                                                    bool page, uint32_t n,
                                                    const void *in,
                                                    struct tarn_error *err)
{
    (void)st, (void)page, (void)n, (void)in;
    return tarn_stateless(err);
}

#define TARN_STATELESS                                                       \
    .state_open = tarn_stateless_open, .state_close = tarn_stateless_close,  \
    .state_room = tarn_stateless_room, .state_copy = tarn_stateless_copy,    \
    .state_read = tarn_stateless_read, .state_write = tarn_stateless_write

#endif
