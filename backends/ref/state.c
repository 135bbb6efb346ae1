/* state.c - pages of K/V and tails, kept in their canonical bytes. */
#include <string.h>

#include "backends/numerics.h"
#include "backends/ref/inside.h"
#include "backends/state_shape.h"

enum tarn_status tarn_ref_state_open(struct tarn_dev *dev,
                                     const struct tarn_state_shape *shape,
                                     struct tarn_state **out,
                                     struct tarn_error *err)
{
    const enum tarn_status s = tarn_check_state(shape, SIZE_MAX / 2, err);
    if (s != TARN_OK)
        return s;
    struct tarn_state *st = tarn_ref_alloc(dev->host, 1, sizeof *st);
    if (!st)
        goto no_memory;
    st->dev = dev;
    st->kv_widths =
        tarn_ref_alloc(dev->host, shape->n_attn, sizeof *st->kv_widths);
    st->kv_at = tarn_ref_alloc(dev->host, shape->n_attn, sizeof *st->kv_at);
    if (!st->kv_widths || !st->kv_at)
        goto no_memory;
    st->shape = *shape;
    st->shape.kv_widths = st->kv_widths;
    for (uint32_t i = 0; i < shape->n_attn; i++) {
        st->kv_widths[i] = shape->kv_widths[i];
        st->kv_at[i] = st->page_size;
        st->page_size +=
            tarn_kv_row_bytes(shape->kv_type, shape->kv_widths[i]) * 2 *
            TARN_PAGE_POSITIONS;
    }
    if (shape->n_conv > 0)
        st->window = (size_t)(shape->conv_len - 1) * shape->conv_width;
    st->next = dev->states;
    dev->states = st;
    *out = st;
    return TARN_OK;
no_memory:
    if (st) {
        tarn_ref_free(dev->host, st->kv_widths);
        tarn_ref_free(dev->host, st->kv_at);
        tarn_ref_free(dev->host, st);
    }
    return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "There is no memory for the state's table.");
}

void tarn_ref_state_close(struct tarn_state *st)
{
    if (!st)
        return;
    const struct tarn_host *host = st->dev->host;
    struct tarn_state **p = &st->dev->states;
    while (*p != st)
        p = &(*p)->next;
    *p = st->next;
    for (uint32_t i = 0; i < st->n_pages; i++)
        tarn_ref_free(host, st->pages[i]);
    for (uint32_t i = 0; i < st->n_tails; i++)
        tarn_ref_free(host, st->tails[i]);
    tarn_ref_free(host, st->pages);
    tarn_ref_free(host, st->tails);
    tarn_ref_free(host, st->current);
    tarn_ref_free(host, st->kv_widths);
    tarn_ref_free(host, st->kv_at);
    tarn_ref_free(host, st);
}

/* Rooms for the entries [n, n_new) of a table of pointers; none on failure. */
static bool fill(const struct tarn_host *host, void **table, uint32_t n,
                 uint32_t n_new, size_t count, size_t size)
{
    for (uint32_t i = n; i < n_new; i++) {
        table[i] = tarn_ref_alloc(host, count, size);
        if (table[i])
            continue;
        while (i > n) {
            tarn_ref_free(host, table[--i]);
            table[i] = NULL;
        }
        return false;
    }
    return true;
}

enum tarn_status tarn_ref_state_room(struct tarn_state *st, uint32_t n_pages,
                                     uint32_t n_tails, struct tarn_error *err)
{
    const struct tarn_host *host = st->dev->host;
    if (n_pages > st->n_pages) {
        if (!tarn_grow_table(host, &st->pages, st->n_pages, n_pages,
                             sizeof *st->pages) ||
            !fill(host, (void **)st->pages, st->n_pages, n_pages, st->page_size,
                  1))
            goto no_memory;
        st->n_pages = n_pages;
    }
    if (n_tails > st->n_tails) {
        if (!tarn_grow_table(host, &st->tails, st->n_tails, n_tails,
                             sizeof *st->tails) ||
            !tarn_grow_table(
                host, &st->current, (size_t)st->n_tails * st->shape.n_conv,
                (size_t)n_tails * st->shape.n_conv, sizeof *st->current) ||
            !fill(host, (void **)st->tails, st->n_tails, n_tails,
                  2 * st->shape.n_conv * st->window, sizeof(float)))
            goto no_memory;
        st->n_tails = n_tails;
    }
    return TARN_OK;
no_memory:
    return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "There is no memory for %u pages and %u tails.",
                             n_pages, n_tails);
}

float *tarn_ref_tail(const struct tarn_state *st, uint32_t tail, uint32_t layer,
                     bool next)
{
    const uint8_t now = st->current[(size_t)tail * st->shape.n_conv + layer];
    return st->tails[tail] + ((size_t)layer * 2 + (now ^ next)) * st->window;
}

static enum tarn_status check_number(const struct tarn_state *st, bool page,
                                     uint32_t n, struct tarn_error *err)
{
    return tarn_check_number(page, n, page ? st->n_pages : st->n_tails, err);
}

enum tarn_status tarn_ref_state_copy(struct tarn_state *st, bool page,
                                     uint32_t to, uint32_t from,
                                     struct tarn_error *err)
{
    enum tarn_status s = check_number(st, page, to, err);
    if (s == TARN_OK)
        s = check_number(st, page, from, err);
    if (s != TARN_OK || to == from)
        return s;
    if (page)
        memcpy(st->pages[to], st->pages[from], st->page_size);
    for (uint32_t i = 0; !page && i < st->shape.n_conv; i++)
        memcpy(tarn_ref_tail(st, to, i, false),
               tarn_ref_tail(st, from, i, false), st->window * sizeof(float));
    return TARN_OK;
}

enum tarn_status tarn_ref_state_read(struct tarn_state *st, bool page,
                                     uint32_t n, uint32_t n_pos, void *out,
                                     struct tarn_error *err)
{
    const enum tarn_status s = check_number(st, page, n, err);
    if (s != TARN_OK)
        return s;
    if (!page) {
        for (uint32_t i = 0; i < st->shape.n_conv; i++)
            memcpy((float *)out + i * st->window,
                   tarn_ref_tail(st, n, i, false), st->window * sizeof(float));
        return TARN_OK;
    }
    const size_t kept =
        n_pos < TARN_PAGE_POSITIONS ? n_pos : TARN_PAGE_POSITIONS;
    memset(out, 0, st->page_size);
    for (uint32_t i = 0; i < st->shape.n_attn; i++) {
        const size_t row =
            tarn_kv_row_bytes(st->shape.kv_type, st->kv_widths[i]);
        const size_t k = st->kv_at[i], v = k + row * TARN_PAGE_POSITIONS;
        memcpy((uint8_t *)out + k, st->pages[n] + k, row * kept);
        memcpy((uint8_t *)out + v, st->pages[n] + v, row * kept);
    }
    return TARN_OK;
}

enum tarn_status tarn_ref_state_write(struct tarn_state *st, bool page,
                                      uint32_t n, const void *in,
                                      struct tarn_error *err)
{
    const enum tarn_status s = check_number(st, page, n, err);
    if (s != TARN_OK)
        return s;
    if (page)
        memcpy(st->pages[n], in, st->page_size);
    for (uint32_t i = 0; !page && i < st->shape.n_conv; i++)
        memcpy(tarn_ref_tail(st, n, i, false),
               (const float *)in + i * st->window, st->window * sizeof(float));
    return TARN_OK;
}

/* Where a position's row of K or V begins. */
static uint8_t *kv_row(const struct tarn_state *st, uint32_t page,
                       uint32_t layer, enum tarn_ref_kv kv, uint32_t at)
{
    const size_t row =
        tarn_kv_row_bytes(st->shape.kv_type, st->kv_widths[layer]);
    return st->pages[page] + st->kv_at[layer] +
           row * ((kv == TARN_REF_V ? TARN_PAGE_POSITIONS : 0) + at);
}

static void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

void tarn_ref_kv_put(struct tarn_state *st, uint32_t page, uint32_t layer,
                     enum tarn_ref_kv kv, uint32_t at, const float *x)
{
    uint8_t *row = kv_row(st, page, layer, kv, at);
    const uint32_t width = st->kv_widths[layer];
    switch (st->shape.kv_type) {
    case TARN_F32:
        for (uint32_t i = 0; i < width; i++) {
            const uint32_t u = tarn_f32_bits(x[i]);
            put16(row + 4 * (size_t)i, (uint16_t)u);
            put16(row + 4 * (size_t)i + 2, (uint16_t)(u >> 16));
        }
        break;
    case TARN_F16:
        for (uint32_t i = 0; i < width; i++)
            put16(row + 2 * (size_t)i, tarn_f32_to_f16(x[i]));
        break;
    default: /* Q8_0: the numbers from the unrounded scale, then the scale */
        for (uint32_t i = 0; i < width; i += 32, row += 34) {
            int8_t q[32];
            put16(row, tarn_f32_to_f16(tarn_quantize_block(x + i, 32, q)));
            memcpy(row + 2, q, 32);
        }
    }
}

void tarn_ref_kv_get(const struct tarn_state *st, uint32_t page, uint32_t layer,
                     enum tarn_ref_kv kv, uint32_t at, uint32_t first,
                     uint32_t n, float *out)
{
    const uint8_t *row = kv_row(st, page, layer, kv, at);
    row += tarn_kv_row_bytes(st->shape.kv_type, first);
    if (st->shape.kv_type == TARN_F32) {
        for (uint32_t i = 0; i < n; i++, row += 4)
            out[i] =
                tarn_f32_of(row[0] | (uint32_t)row[1] << 8 |
                            (uint32_t)row[2] << 16 | (uint32_t)row[3] << 24);
    } else if (st->shape.kv_type == TARN_F16) {
        for (uint32_t i = 0; i < n; i++, row += 2)
            out[i] = tarn_f16_to_f32((uint16_t)(row[0] | row[1] << 8));
    } else {
        for (uint32_t i = 0; i < n; i += 32, row += 34) {
            const float d = tarn_f16_to_f32((uint16_t)(row[0] | row[1] << 8));
            for (uint32_t j = 0; j < 32; j++)
                out[i + j] = (float)(int8_t)row[2 + j] * d;
        }
    }
}
