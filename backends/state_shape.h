/* state_shape.h - sizes and checks of a state that do not depend on where a
 * backend keeps it, and how its tables grow.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_BACKENDS_STATE_SHAPE_H
#define TARN_BACKENDS_STATE_SHAPE_H

#include <string.h>

#include "backends/backend.h"
#include "backends/fail.h"

/* Canonical bytes of one position of K (or of V). */
static inline size_t tarn_kv_row_bytes(uint32_t kv_type, uint32_t width)
{
    const struct tarn_type_traits t = tarn_type_traits(kv_type);
    return t.block ? (size_t)(width / t.block) * t.bytes : 0;
}

/* Canonical bytes of a page and of a tail. */
static inline void tarn_state_bytes(const struct tarn_state_shape *shape,
                                    uint64_t *page, uint64_t *tail)
{
    *page = 0;
    for (uint32_t i = 0; i < shape->n_attn; i++)
        *page +=
            (uint64_t)tarn_kv_row_bytes(shape->kv_type, shape->kv_widths[i]) *
            2 * TARN_PAGE_POSITIONS;
    *tail = shape->conv_len == 0
                ? 0
                : (uint64_t)shape->n_conv * (shape->conv_len - 1) *
                      shape->conv_width * sizeof(float);
}

/* most: bytes that a page, or two copies of a tail, may have. */
static inline enum tarn_status
tarn_check_state(const struct tarn_state_shape *shape, uint64_t most,
                 struct tarn_error *err)
{
    const uint32_t type = shape->kv_type;
    uint64_t page, tail;
    if (type != TARN_F16 && type != TARN_F32 && type != TARN_Q8_0)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                                 "K/V can be kept as f16, f32 or q8_0, not as "
                                 "type %u.",
                                 type);
    for (uint32_t i = 0; i < shape->n_attn; i++)
        if (shape->kv_widths[i] == 0 ||
            shape->kv_widths[i] % tarn_type_traits(type).block != 0)
            return tarn_backend_fail(
                err, TARN_UNSUPPORTED,
                "K/V of %u values can't be kept as q8_0, which needs heads of "
                "a multiple of 32 values; use f16.",
                shape->kv_widths[i]);
    if (shape->n_conv > 0 && shape->conv_len == 0)
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "A state with convolutions of length 0 was "
                                 "asked for.");
    tarn_state_bytes(shape, &page, &tail);
    if (page > most || tail > most / 2)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "One page of the state is larger than the "
                                 "memory.");
    return TARN_OK;
}

/* Page or tail n of `room`. */
static inline enum tarn_status
tarn_check_number(bool page, uint32_t n, uint32_t room, struct tarn_error *err)
{
    if (n < room)
        return TARN_OK;
    return tarn_backend_fail(err, TARN_INTERNAL,
                             "There is no %s %u: the state has %u.",
                             page ? "page" : "tail", n, room);
}

/* A longer copy of the table (of which table_pointer is the address), zeroed
 * behind the old entries; the old one is freed.  False: nothing changed. */
static inline bool tarn_grow_table(const struct tarn_host *host,
                                   void *table_pointer, size_t n_old,
                                   size_t n_new, size_t size)
{
    void *old, *table = NULL;
    if (size == 0 || n_new <= SIZE_MAX / size)
        table = host->alloc(host->user, n_new * size + 1, 64);
    if (!table)
        return false;
    memset(table, 0, n_new * size + 1);
    memcpy(&old, table_pointer, sizeof old);
    if (old) {
        memcpy(table, old, n_old * size);
        host->free(host->user, old);
    }
    memcpy(table_pointer, &table, sizeof table);
    return true;
}

#endif
