/* state.c - pages of K and V, tails of the convolutions (cpu.h has the
 * layout).
 *
 * Values are stored as the contract rounds them (KERNELS 1.10); where the
 * machine has no instruction for halves they are kept as the floats that
 * they stand for. */
#include <string.h>

#include "backends/cpu/cpu.h"
#include "backends/cpu/kv.h"
#include "backends/state_shape.h"

static size_t round64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

size_t tarn_cpu_page_layout(const struct tarn_state_shape *shape,
                            struct cpu_kv *kv)
{
    const struct kv_kind kind = kv_kind(shape->kv_type);
    size_t at = 0;
    for (uint32_t i = 0; i < shape->n_attn; i++) {
        const uint32_t w = shape->kv_widths[i];
        const size_t values = round64((size_t)w * 256 * kind.value);
        const size_t scales = round64((size_t)w / 32 * 256 * kind.scale);
        const struct cpu_kv v = { w, at, at + values, at + values + scales,
                                  at + 2 * values + scales };
        if (kv)
            kv[i] = v;
        at += 2 * (values + scales);
    }
    /* Vectors may be loaded across the end of the last row. */
    return round64(at + 64);
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

enum tarn_status tarn_cpu_state_open(struct tarn_dev *dev,
                                     const struct tarn_state_shape *shape,
                                     struct tarn_state **out,
                                     struct tarn_error *err)
{
    const struct tarn_host *h = dev->host;
    const enum tarn_status s = tarn_check_state(shape, SIZE_MAX / 4, err);
    if (s != TARN_OK)
        return s;
    struct tarn_state *st = h->alloc(h->user, sizeof *st, 64);
    uint32_t *widths;
    struct cpu_kv *kv = h->alloc(
        h->user, (shape->n_attn + 1) * (sizeof *kv + sizeof *widths), 64);
    if (!st || !kv) {
        h->free(h->user, st);
        h->free(h->user, kv);
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "no memory left for the state");
    }
    widths = (uint32_t *)(kv + shape->n_attn + 1);
    *st = (struct tarn_state){ .dev = dev, .shape = *shape, .kv = kv };
    st->shape.kv_widths = widths;
    st->page_bytes = tarn_cpu_page_layout(shape, kv);
    for (uint32_t i = 0; i < shape->n_attn; i++) {
        widths[i] = shape->kv_widths[i];
        st->unit = common_divisor(widths[i], st->unit);
    }
    st->tail_floats = shape->conv_len < 2 ? 0
                                          : (size_t)shape->n_conv *
                                                (shape->conv_len - 1) *
                                                shape->conv_width;
    tarn_cpu_own(dev, CPU_STATES, &st->owned);
    *out = st;
    return TARN_OK;
}

void tarn_cpu_state_close(struct tarn_state *st)
{
    if (!st)
        return;
    const struct tarn_host *h = st->dev->host;
    tarn_cpu_disown(&st->owned);
    for (uint32_t i = 0; i < st->n_blocks; i++)
        h->free(h->user, st->blocks[i]);
    h->free(h->user, st->blocks);
    for (uint32_t i = 0; i < st->n_tails; i++)
        h->free(h->user, st->tails[i]);
    h->free(h->user, st->pages);
    h->free(h->user, st->tails);
    h->free(h->user, st->current);
    h->free(h->user, st->kv);
    h->free(h->user, st);
}

/* A table of `n` pointers with the old ones in front, or NULL. */
static void *grow_table(const struct tarn_host *h, const void *old,
                        uint32_t n_old, uint32_t n, size_t size)
{
    void *t = h->alloc(h->user, (n + (size_t)1) * size + 1, 64);
    if (t && n_old)
        memcpy(t, old, n_old * size);
    return t;
}

/* All new pages in one block, which the host can give in large pages of the
 * machine: reading K/V of a deep position took 20 % less time with them. */
static bool grow_pages(struct tarn_state *st, uint32_t n)
{
    const struct tarn_host *h = st->dev->host;
    if (n <= st->n_pages)
        return true;
    const uint64_t size = (uint64_t)(n - st->n_pages) * st->page_bytes;
    uint8_t **t = grow_table(h, st->pages, st->n_pages, n, sizeof *t);
    uint8_t **b = grow_table(h, st->blocks, st->n_blocks, st->n_blocks + 1,
                             sizeof *b);
    uint8_t *block =
        t && b && size <= SIZE_MAX ? h->alloc(h->user, (size_t)size, 64) : NULL;
    if (!block) {
        h->free(h->user, t);
        h->free(h->user, b);
        return false;
    }
    memset(block, 0, (size_t)size);
    h->free(h->user, st->pages);
    h->free(h->user, st->blocks);
    st->pages = t;
    st->blocks = b;
    b[st->n_blocks++] = block;
    for (; st->n_pages < n; block += st->page_bytes)
        t[st->n_pages++] = block;
    return true;
}

static bool grow_tails(struct tarn_state *st, uint32_t n)
{
    const struct tarn_host *h = st->dev->host;
    const size_t size = (2 * st->tail_floats + 16) * sizeof(float);
    if (n <= st->n_tails)
        return true;
    float **t = grow_table(h, st->tails, st->n_tails, n, sizeof *t);
    uint8_t *c = grow_table(h, st->current, st->n_tails, n, st->shape.n_conv);
    if (!t || !c) {
        h->free(h->user, t);
        h->free(h->user, c);
        return false;
    }
    h->free(h->user, st->tails);
    h->free(h->user, st->current);
    st->tails = t;
    st->current = c;
    while (st->n_tails < n) {
        float *tail = h->alloc(h->user, size, 64);
        if (!tail)
            return false;
        memset(tail, 0, size);
        memset(st->current + (size_t)st->n_tails * st->shape.n_conv, 0,
               st->shape.n_conv);
        st->tails[st->n_tails++] = tail;
    }
    return true;
}

enum tarn_status tarn_cpu_state_room(struct tarn_state *st, uint32_t n_pages,
                                     uint32_t n_tails, struct tarn_error *err)
{
    if (!grow_pages(st, n_pages) || !grow_tails(st, n_tails))
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "no memory left for %u pages of K/V of %zu bytes "
                             "and %u tails",
                             (unsigned)n_pages, st->page_bytes,
                             (unsigned)n_tails);
    return TARN_OK;
}

float *tarn_cpu_tail(const struct tarn_state *st, uint32_t tail, uint32_t conv,
                     bool other)
{
    const size_t copy =
        st->current[(size_t)tail * st->shape.n_conv + conv] ^ (other ? 1u : 0u);
    return st->tails[tail] + copy * st->tail_floats +
           (size_t)conv * (st->shape.conv_len - 1) * st->shape.conv_width;
}

void tarn_cpu_tail_turn(const struct tarn_state *st, uint32_t tail,
                        uint32_t conv)
{
    st->current[(size_t)tail * st->shape.n_conv + conv] ^= 1;
}

/* Of one conv layer. */
static size_t tail_bytes(const struct tarn_state *st)
{
    const uint32_t n = st->shape.n_conv;
    return n ? st->tail_floats / n * sizeof(float) : 0;
}

static enum tarn_status check_number(const struct tarn_state *st, bool page,
                                     uint32_t n, struct tarn_error *err)
{
    return tarn_check_number(page, n, page ? st->n_pages : st->n_tails, err);
}

enum tarn_status tarn_cpu_state_copy(struct tarn_state *st, bool page,
                                     uint32_t to, uint32_t from,
                                     struct tarn_error *err)
{
    enum tarn_status s = check_number(st, page, to, err);
    if (s == TARN_OK)
        s = check_number(st, page, from, err);
    if (s != TARN_OK || to == from)
        return s;
    if (page)
        memcpy(st->pages[to], st->pages[from], st->page_bytes);
    else
        for (uint32_t i = 0; i < st->shape.n_conv; i++)
            memcpy(tarn_cpu_tail(st, to, i, false),
                   tarn_cpu_tail(st, from, i, false), tail_bytes(st));
    return TARN_OK;
}

/* -------------------------------------------------------- canonical bytes */

/* Row t of K or V in kv_type at `row`, to or from the page. */
static void read_row(const struct tarn_state *st, const uint8_t *page,
                     const struct cpu_kv *kv, bool v, uint32_t t, uint8_t *row)
{
    for (uint32_t c = 0; c < kv->width; c++) {
        const size_t at = v ? kv_v_at(st, c, t) : kv_k_at(st, c, t);
        kv_read(st->shape.kv_type, page + (v ? kv->v : kv->k),
                page + (v ? kv->v_scale : kv->k_scale), at, c, t, row);
    }
}

static void write_row(const struct tarn_state *st, uint8_t *page,
                      const struct cpu_kv *kv, bool v, uint32_t t,
                      const uint8_t *row)
{
    for (uint32_t c = 0; c < kv->width; c++) {
        const size_t at = v ? kv_v_at(st, c, t) : kv_k_at(st, c, t);
        kv_write(st->shape.kv_type, page + (v ? kv->v : kv->k),
                 page + (v ? kv->v_scale : kv->k_scale), at, c, t, row);
    }
}

enum tarn_status tarn_cpu_state_read(struct tarn_state *st, bool page,
                                     uint32_t n, uint32_t n_pos, void *out,
                                     struct tarn_error *err)
{
    const enum tarn_status s = check_number(st, page, n, err);
    if (s != TARN_OK)
        return s;
    if (!page) {
        for (uint32_t i = 0; i < st->shape.n_conv; i++)
            memcpy((uint8_t *)out + i * tail_bytes(st),
                   tarn_cpu_tail(st, n, i, false), tail_bytes(st));
        return TARN_OK;
    }
    uint8_t *o = out;
    for (uint32_t i = 0; i < st->shape.n_attn; i++)
        for (int v = 0; v < 2; v++) {
            const size_t bytes =
                tarn_kv_row_bytes(st->shape.kv_type, st->kv[i].width);
            for (uint32_t t = 0; t < 256; t++, o += bytes)
                if (t < n_pos)
                    read_row(st, st->pages[n], st->kv + i, v, t, o);
                else
                    memset(o, 0, bytes);
        }
    return TARN_OK;
}

enum tarn_status tarn_cpu_state_write(struct tarn_state *st, bool page,
                                      uint32_t n, const void *in,
                                      struct tarn_error *err)
{
    const enum tarn_status s = check_number(st, page, n, err);
    if (s != TARN_OK)
        return s;
    if (!page) {
        for (uint32_t i = 0; i < st->shape.n_conv; i++)
            memcpy(tarn_cpu_tail(st, n, i, false),
                   (const uint8_t *)in + i * tail_bytes(st), tail_bytes(st));
        return TARN_OK;
    }
    const uint8_t *p = in;
    for (uint32_t i = 0; i < st->shape.n_attn; i++)
        for (int v = 0; v < 2; v++) {
            const size_t bytes =
                tarn_kv_row_bytes(st->shape.kv_type, st->kv[i].width);
            for (uint32_t t = 0; t < 256; t++, p += bytes)
                write_row(st, st->pages[n], st->kv + i, v, t, p);
        }
    return TARN_OK;
}

/* ----------------------------------------------------------- new positions */

static void put_q8(const struct tarn_state *st, uint8_t *values,
                   uint8_t *scales, bool v, uint32_t t, const float *x,
                   uint32_t width)
{
    int8_t q[32];
    for (uint32_t c = 0; c < width; c += 32) {
        const float d = tarn_quantize_block(x + c, 32, q);
        kv_put_scale(scales, (size_t)c / 32 * 256 + t, tarn_f32_to_f16(d));
        for (uint32_t i = 0; i < 32; i++) {
            const size_t at = v ? kv_v_at(st, c + i, t) : kv_k_at(st, c + i, t);
            ((int8_t *)values)[at] = q[i];
        }
    }
}

void tarn_cpu_kv_put(const struct tarn_state *st, uint8_t *page, uint32_t attn,
                     uint32_t t, const float *k, const float *v)
{
    const struct cpu_kv *kv = st->kv + attn;
    if (st->shape.kv_type == TARN_Q8_0) {
        put_q8(st, page + kv->k, page + kv->k_scale, false, t, k, kv->width);
        put_q8(st, page + kv->v, page + kv->v_scale, true, t, v, kv->width);
        return;
    }
    for (uint32_t c = 0; c < kv->width; c += st->unit) {
        const size_t k_at = kv_k_at(st, c, t), v_at = kv_v_at(st, c, t);
        for (uint32_t i = 0; i < st->unit; i++) {
            kv_put(st->shape.kv_type, page + kv->k, k_at + 16 * (size_t)i,
                   k[c + i]);
            kv_put(st->shape.kv_type, page + kv->v, v_at + i, v[c + i]);
        }
    }
}
