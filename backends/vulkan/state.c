/* state.c - pages of K/V and tails on the device.
 *
 * A page has the bytes of its canonical form, but Q8_0 lies in two planes (all
 * numbers, then all scales) so that shaders read words; the host puts them
 * together when a page is read or written.  Every tail has two windows per
 * layer, as in ref: a run writes the one that does not hold. */
#include <string.h>

#include "backends/state_shape.h"
#include "backends/vulkan/inside.h"

static enum tarn_status check_shape(const struct tarn_state_shape *shape,
                                    struct tarn_error *err)
{
    for (uint32_t i = 0; i < shape->n_attn; i++)
        if (shape->kv_widths[i] % 2 != 0)
            return tarn_backend_fail(err, TARN_UNSUPPORTED,
                                     "K/V of %u values can't be kept on the "
                                     "device, which needs an even number.",
                                     shape->kv_widths[i]);
    return tarn_check_state(shape, UINT32_MAX, err);
}

enum tarn_status vk_state_open(struct tarn_dev *dev,
                               const struct tarn_state_shape *shape,
                               struct tarn_state **out, struct tarn_error *err)
{
    const enum tarn_status s = check_shape(shape, err);
    if (s)
        return s;
    struct tarn_state *st = vk_alloc(dev->host, 1, sizeof *st);
    if (!st)
        goto no_memory;
    st->dev = dev;
    st->kv_widths = vk_alloc(dev->host, shape->n_attn, sizeof *st->kv_widths);
    st->kv_at = vk_alloc(dev->host, shape->n_attn, sizeof *st->kv_at);
    if (!st->kv_widths || !st->kv_at)
        goto no_memory;
    st->shape = *shape;
    st->shape.kv_widths = st->kv_widths;
    for (uint32_t i = 0; i < shape->n_attn; i++) {
        st->kv_widths[i] = shape->kv_widths[i];
        st->kv_at[i] = (uint32_t)(st->page_size / 4);
        st->page_size +=
            tarn_kv_row_bytes(shape->kv_type, shape->kv_widths[i]) * 2 *
            TARN_PAGE_POSITIONS;
    }
    if (shape->n_conv > 0)
        st->window = (uint64_t)(shape->conv_len - 1) * shape->conv_width;
    st->next = dev->states;
    dev->states = st;
    *out = st;
    return TARN_OK;
no_memory:
    if (st) {
        vk_free(dev->host, st->kv_widths);
        vk_free(dev->host, st->kv_at);
        vk_free(dev->host, st);
    }
    return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "There is no memory for the state's table.");
}

void vk_state_close(struct tarn_state *st)
{
    if (!st)
        return;
    const struct tarn_host *host = st->dev->host;
    struct tarn_state **p = &st->dev->states;
    while (*p != st)
        p = &(*p)->next;
    *p = st->next;
    while (st->rooms) {
        struct vk_room *room = st->rooms;
        st->rooms = room->next;
        vk_buffer_free(st->dev, &room->buffer);
        vk_free(host, room);
    }
    vk_free(host, st->pages);
    vk_free(host, st->tails);
    vk_free(host, st->current);
    vk_free(host, st->kv_widths);
    vk_free(host, st->kv_at);
    vk_free(host, st);
}

/* ------------------------------------------------------------------- room */

/* Zeroed places for entries [n, n_new), in as few buffers as the device's
 * largest allocation allows.  What was made before a failure stays unused. */
static enum tarn_status make_spots(struct tarn_state *st, struct vk_spot *table,
                                   uint32_t n, uint32_t n_new, uint64_t size,
                                   struct tarn_error *err)
{
    struct tarn_dev *dev = st->dev;
    const uint64_t stride = (size + 255) / 256 * 256;
    uint64_t most = stride ? (256u << 20) / stride : n_new;
    if (most == 0)
        most = 1;
    while (n < n_new) {
        const uint64_t count = n_new - n < most ? n_new - n : most;
        struct vk_room *room = vk_alloc(dev->host, 1, sizeof *room);
        if (!room)
            return tarn_backend_fail(err, TARN_NO_MEMORY,
                                     "There is no memory for the state's "
                                     "table.");
        enum tarn_status s = vk_buffer_make(dev, count * stride, VK_ON_DEVICE,
                                            &room->buffer, err);
        if (s == TARN_OK) /* V09: no old text of somebody in there */
            s = vk_clear(dev, &room->buffer, err);
        if (s) {
            vk_buffer_free(dev, &room->buffer);
            vk_free(dev->host, room);
            return s;
        }
        room->next = st->rooms;
        st->rooms = room;
        for (uint64_t i = 0; i < count; i++)
            table[n++] = (struct vk_spot){ &room->buffer, i * stride };
    }
    return TARN_OK;
}

enum tarn_status vk_state_room(struct tarn_state *st, uint32_t n_pages,
                               uint32_t n_tails, struct tarn_error *err)
{
    const struct tarn_host *host = st->dev->host;
    enum tarn_status s = TARN_OK;
    if (n_pages > st->n_pages) {
        if (!tarn_grow_table(host, &st->pages, st->n_pages, n_pages,
                             sizeof *st->pages))
            goto no_memory;
        s = make_spots(st, st->pages, st->n_pages, n_pages, st->page_size, err);
        if (s)
            return s;
        st->n_pages = n_pages;
    }
    if (n_tails > st->n_tails) {
        if (!tarn_grow_table(host, &st->tails, st->n_tails, n_tails,
                             sizeof *st->tails) ||
            !tarn_grow_table(
                host, &st->current, (size_t)st->n_tails * st->shape.n_conv,
                (size_t)n_tails * st->shape.n_conv, sizeof *st->current))
            goto no_memory;
        s = make_spots(st, st->tails, st->n_tails, n_tails,
                       2 * st->shape.n_conv * st->window * sizeof(float), err);
        if (s)
            return s;
        st->n_tails = n_tails;
    }
    return TARN_OK;
no_memory:
    return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "There is no memory for %u pages and %u tails.",
                             n_pages, n_tails);
}

/* ------------------------------------------------------------- copy, read */

uint32_t vk_tail_word(const struct tarn_state *st, uint32_t tail,
                      uint32_t layer, bool next)
{
    const uint8_t now = st->current[(size_t)tail * st->shape.n_conv + layer];
    return (uint32_t)(((uint64_t)layer * 2 + (now ^ next)) * st->window);
}

static enum tarn_status check_number(const struct tarn_state *st, bool page,
                                     uint32_t n, struct tarn_error *err)
{
    return tarn_check_number(page, n, page ? st->n_pages : st->n_tails, err);
}

enum tarn_status vk_state_copy(struct tarn_state *st, bool page, uint32_t to,
                               uint32_t from, struct tarn_error *err)
{
    enum tarn_status s = check_number(st, page, to, err);
    if (s == TARN_OK)
        s = check_number(st, page, from, err);
    if (s != TARN_OK || to == from)
        return s;
    const struct vk_spot *a = page ? &st->pages[to] : &st->tails[to];
    const struct vk_spot *b = page ? &st->pages[from] : &st->tails[from];
    if (page) {
        const VkBufferCopy region = { b->at, a->at, st->page_size };
        return st->page_size == 0
                   ? TARN_OK
                   : vk_copy(st->dev, a->buffer, b->buffer, &region, 1, err);
    }
    if (st->window == 0)
        return TARN_OK;
    VkBufferCopy regions[64];
    for (uint32_t i = 0; i < st->shape.n_conv && s == TARN_OK;) {
        uint32_t n = 0;
        for (; n < 64 && i < st->shape.n_conv; n++, i++)
            regions[n] = (VkBufferCopy){
                b->at + 4 * (uint64_t)vk_tail_word(st, from, i, false),
                a->at + 4 * (uint64_t)vk_tail_word(st, to, i, false),
                4 * st->window
            };
        s = vk_copy(st->dev, a->buffer, b->buffer, regions, n, err);
    }
    return s;
}

/* One side (K or V) of a layer of Q8_0: blocks of the canonical form to planes
 * or back; n positions. */
static void to_planes(uint8_t *planes, const uint8_t *blocks, uint32_t width)
{
    const size_t n = (size_t)TARN_PAGE_POSITIONS * width / 32;
    for (size_t b = 0; b < n; b++) {
        memcpy(planes + 32 * b, blocks + 34 * b + 2, 32);
        memcpy(planes + 32 * n + 2 * b, blocks + 34 * b, 2);
    }
}

static void from_planes(uint8_t *blocks, const uint8_t *planes, uint32_t width)
{
    const size_t n = (size_t)TARN_PAGE_POSITIONS * width / 32;
    for (size_t b = 0; b < n; b++) {
        memcpy(blocks + 34 * b + 2, planes + 32 * b, 32);
        memcpy(blocks + 34 * b, planes + 32 * n + 2 * b, 2);
    }
}

/* Turns all sides of a page; `scratch` has the room of the largest. */
static void turn_page(const struct tarn_state *st, uint8_t *page, bool back,
                      uint8_t *scratch)
{
    for (uint32_t i = 0; i < st->shape.n_attn; i++) {
        const size_t side =
            tarn_kv_row_bytes(st->shape.kv_type, st->kv_widths[i]) *
            TARN_PAGE_POSITIONS;
        uint8_t *at = page + 4 * (size_t)st->kv_at[i];
        for (int k = 0; k < 2; k++, at += side) {
            memcpy(scratch, at, side);
            if (back)
                from_planes(at, scratch, st->kv_widths[i]);
            else
                to_planes(at, scratch, st->kv_widths[i]);
        }
    }
}

static enum tarn_status no_scratch(struct tarn_error *err)
{
    return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "There is no memory to move a page.");
}

static enum tarn_status read_page(struct tarn_state *st, uint32_t n,
                                  uint32_t n_pos, uint8_t *out,
                                  struct tarn_error *err)
{
    const struct tarn_host *host = st->dev->host;
    uint8_t *copy = vk_alloc(host, 2, (size_t)st->page_size);
    if (!copy)
        return no_scratch(err);
    const enum tarn_status s =
        vk_read(st->dev, st->pages[n].buffer, st->pages[n].at, copy,
                st->page_size, err);
    if (s == TARN_OK && st->shape.kv_type == TARN_Q8_0)
        turn_page(st, copy, true, copy + st->page_size);
    const size_t kept =
        n_pos < TARN_PAGE_POSITIONS ? n_pos : TARN_PAGE_POSITIONS;
    if (s == TARN_OK)
        memset(out, 0, (size_t)st->page_size);
    for (uint32_t i = 0; i < st->shape.n_attn && s == TARN_OK; i++) {
        const size_t row =
            tarn_kv_row_bytes(st->shape.kv_type, st->kv_widths[i]);
        const size_t k = 4 * (size_t)st->kv_at[i];
        const size_t v = k + row * TARN_PAGE_POSITIONS;
        memcpy(out + k, copy + k, row * kept);
        memcpy(out + v, copy + v, row * kept);
    }
    vk_free(host, copy);
    return s;
}

enum tarn_status vk_state_read(struct tarn_state *st, bool page, uint32_t n,
                               uint32_t n_pos, void *out,
                               struct tarn_error *err)
{
    enum tarn_status s = check_number(st, page, n, err);
    if (s == TARN_OK && page)
        return st->page_size ? read_page(st, n, n_pos, out, err) : TARN_OK;
    for (uint32_t i = 0; i < st->shape.n_conv && s == TARN_OK && st->window;
         i++)
        s = vk_read(st->dev, st->tails[n].buffer,
                    st->tails[n].at +
                        4 * (uint64_t)vk_tail_word(st, n, i, false),
                    (float *)out + i * st->window, 4 * st->window, err);
    return s;
}

enum tarn_status vk_state_write(struct tarn_state *st, bool page, uint32_t n,
                                const void *in, struct tarn_error *err)
{
    enum tarn_status s = check_number(st, page, n, err);
    if (s)
        return s;
    if (page && st->page_size == 0)
        return TARN_OK;
    if (page && st->shape.kv_type != TARN_Q8_0)
        return vk_write(st->dev, st->pages[n].buffer, st->pages[n].at, in,
                        st->page_size, err);
    if (page) {
        uint8_t *copy = vk_alloc(st->dev->host, 2, (size_t)st->page_size);
        if (!copy)
            return no_scratch(err);
        memcpy(copy, in, (size_t)st->page_size);
        turn_page(st, copy, false, copy + st->page_size);
        s = vk_write(st->dev, st->pages[n].buffer, st->pages[n].at, copy,
                     st->page_size, err);
        vk_free(st->dev->host, copy);
        return s;
    }
    for (uint32_t i = 0; i < st->shape.n_conv && s == TARN_OK && st->window;
         i++)
        s = vk_write(st->dev, st->tails[n].buffer,
                     st->tails[n].at +
                         4 * (uint64_t)vk_tail_word(st, n, i, false),
                     (const float *)in + i * st->window, 4 * st->window, err);
    return s;
}
