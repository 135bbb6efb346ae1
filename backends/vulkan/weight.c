/* weight.c - weights on the device, in planes, or where the file is mapped.
 *
 * A block of the file is 17 to 210 bytes long, so words of it lie at odd
 * places.  On the device the rows stay as they are, but within a row all bytes
 * of each field stand together: every plane begins at a multiple of 16 bytes
 * and neighboring lanes read neighboring words.  Nothing is lost or rounded,
 * and nothing grows but the padding of the planes.  What the device reads where
 * the file is mapped stays as it is (import.c). */
#include <string.h>

#include "backends/grids.h"
#include "backends/numerics.h"
#include "backends/tensor_check.h"
#include "backends/vulkan/import.h"

enum { BLOCK_SIZE = 64 << 20, ALIGN = 256, MAX_FIELDS = 5 };

struct field {
    uint16_t at, size; /* bytes in a block of the file */
};

/* Planes of each type, in the order of shaders/blocks.glsl; size 0 ends. */
static const struct field *fields_of(uint32_t type)
{
    static const struct field q4_0[] = { { 2, 16 }, { 0, 2 }, { 0, 0 } };
    static const struct field q4_1[] = { { 4, 16 }, { 0, 4 }, { 0, 0 } };
    static const struct field q5_0[] = {
        { 6, 16 }, { 2, 4 }, { 0, 2 }, { 0, 0 }
    };
    static const struct field q5_1[] = {
        { 8, 16 }, { 4, 4 }, { 0, 4 }, { 0, 0 }
    };
    static const struct field q8_0[] = { { 2, 32 }, { 0, 2 }, { 0, 0 } };
    static const struct field mxfp4[] = { { 1, 16 }, { 0, 1 }, { 0, 0 } };
    static const struct field q2_k[] = {
        { 16, 64 }, { 0, 16 }, { 80, 4 }, { 0, 0 }
    };
    static const struct field q3_k[] = {
        { 32, 64 }, { 0, 32 }, { 96, 12 }, { 108, 2 }, { 0, 0 }
    };
    static const struct field q4_k[] = {
        { 16, 128 }, { 4, 12 }, { 0, 4 }, { 0, 0 }
    };
    static const struct field q5_k[] = {
        { 48, 128 }, { 16, 32 }, { 4, 12 }, { 0, 4 }, { 0, 0 }
    };
    static const struct field q6_k[] = {
        { 0, 128 }, { 128, 64 }, { 192, 16 }, { 208, 2 }, { 0, 0 }
    };
    static const struct field iq2_xxs[] = { { 2, 64 }, { 0, 2 }, { 0, 0 } };
    static const struct field iq2_xs[] = {
        { 2, 64 }, { 66, 8 }, { 0, 2 }, { 0, 0 }
    };
    static const struct field iq2_s[] = { { 2, 32 }, { 34, 32 }, { 66, 8 },
                                          { 74, 8 }, { 0, 2 },   { 0, 0 } };
    static const struct field iq3_xxs[] = {
        { 2, 64 }, { 66, 32 }, { 0, 2 }, { 0, 0 }
    };
    static const struct field iq3_s[] = { { 2, 64 },  { 74, 32 }, { 66, 8 },
                                          { 106, 4 }, { 0, 2 },   { 0, 0 } };
    static const struct field iq4_xs[] = {
        { 8, 128 }, { 4, 4 }, { 0, 4 }, { 0, 0 }
    };
    static const struct field f32[] = { { 0, 4 }, { 0, 0 } };
    static const struct field f16[] = { { 0, 2 }, { 0, 0 } };
    switch (type) {
    case TARN_F32:
        return f32;
    case TARN_F16:
    case TARN_BF16:
        return f16;
    case TARN_Q4_0:
    case TARN_IQ4_NL:
        return q4_0;
    case TARN_Q4_1:
        return q4_1;
    case TARN_Q5_0:
        return q5_0;
    case TARN_Q5_1:
        return q5_1;
    case TARN_Q8_0:
        return q8_0;
    case TARN_MXFP4:
        return mxfp4;
    case TARN_Q2_K:
        return q2_k;
    case TARN_Q3_K:
        return q3_k;
    case TARN_Q4_K:
        return q4_k;
    case TARN_Q5_K:
        return q5_k;
    case TARN_Q6_K:
        return q6_k;
    case TARN_IQ2_XXS:
        return iq2_xxs;
    case TARN_IQ2_XS:
        return iq2_xs;
    case TARN_IQ2_S:
        return iq2_s;
    case TARN_IQ3_XXS:
        return iq3_xxs;
    case TARN_IQ3_S:
        return iq3_s;
    case TARN_IQ4_XS:
        return iq4_xs;
    default:
        return NULL;
    }
}

bool vk_is_plain(uint32_t type)
{
    return type == TARN_F32 || type == TARN_F16 || type == TARN_BF16;
}

bool vk_is_wide(uint32_t type)
{
    return tarn_type_traits(type).block == 256;
}

static size_t plane_size(const struct field *f, size_t n_blocks)
{
    return (n_blocks * f->size + 15) / 16 * 16;
}

static size_t row_size_of(uint32_t type, size_t n_blocks)
{
    size_t size = 0;
    for (const struct field *f = fields_of(type); f->size; f++)
        size += plane_size(f, n_blocks);
    return size;
}

/* ----------------------------------------------------------------- repack */

struct repack {
    const uint8_t *from; /* first row of this piece, as in the file */
    uint8_t *to;
    const struct field *fields;
    size_t n_blocks, block_size, from_size, to_size; /* bytes of a row */
    uint64_t n_rows;
    uint32_t n_parts;
};

static void repack_row(const struct repack *r, const uint8_t *from, uint8_t *to)
{
    for (const struct field *f = r->fields; f->size; f++) {
        const size_t used = r->n_blocks * f->size;
        const size_t whole = plane_size(f, r->n_blocks);
        if (f->size == r->block_size)
            memcpy(to, from, used);
        else
            for (size_t b = 0; b < r->n_blocks; b++)
                memcpy(to + b * f->size, from + b * r->block_size + f->at,
                       f->size);
        memset(to + used, 0, whole - used);
        to += whole;
    }
}

static void repack_part(void *arg, uint32_t i, uint32_t worker)
{
    const struct repack *r = arg;
    (void)worker;
    const uint64_t first = r->n_rows * i / r->n_parts;
    const uint64_t end = r->n_rows * (i + 1) / r->n_parts;
    for (uint64_t k = first; k < end; k++)
        repack_row(r, r->from + k * r->from_size, r->to + k * r->to_size);
}

static void repack_rows(const struct tarn_host *host, struct repack *r)
{
    const uint32_t threads = host->threads ? host->threads(host->user) : 1;
    r->n_parts = r->n_rows * r->to_size > 1u << 20 ? 4 * threads : 1;
    if (r->n_parts > r->n_rows)
        r->n_parts = (uint32_t)r->n_rows;
    if (r->n_parts > 1 && host->parallel)
        host->parallel(host->user, repack_part, r, r->n_parts);
    else
        for (uint32_t i = 0; i < r->n_parts; i++)
            repack_part(r, i, 0);
}

/* ------------------------------------------------------------------- room */

static struct vk_block *find_room(struct tarn_dev *dev, uint64_t size,
                                  enum vk_place place, uint64_t *at)
{
    for (struct vk_block *b = dev->blocks; b; b = b->next)
        if (b->place == place && b->buffer.size - b->used >= size) {
            *at = b->used;
            return b;
        }
    return NULL;
}

/* A place for a weight: in a block with room, else in a new one. */
static enum tarn_status take_room(struct tarn_dev *dev, uint64_t size,
                                  enum vk_place place, struct vk_block **out,
                                  uint64_t *at, struct tarn_error *err)
{
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    struct vk_block *b = find_room(dev, size, place, at);
    if (!b) {
        b = vk_alloc(dev->host, 1, sizeof *b);
        if (!b)
            return tarn_backend_fail(err, TARN_NO_MEMORY,
                                     "There is no memory for a weight's "
                                     "entry.");
        uint64_t room = BLOCK_SIZE;
        if (dev->facts.memory_total / 32 < room) /* a small card: finer */
            room = dev->facts.memory_total / 32 / ALIGN * ALIGN;
        const enum tarn_status s = vk_buffer_make(
            dev, size > room ? size : room, place, &b->buffer, err);
        if (s) {
            vk_free(dev->host, b);
            return s;
        }
        b->place = place;
        b->next = dev->blocks;
        dev->blocks = b;
        *at = 0;
    }
    b->used += size;
    b->n_users++;
    *out = b;
    return TARN_OK;
}

static void give_room(struct tarn_dev *dev, struct vk_block *b)
{
    if (!b || --b->n_users > 0)
        return;
    struct vk_block **p = &dev->blocks;
    while (*p != b)
        p = &(*p)->next;
    *p = b->next;
    vk_buffer_free(dev, &b->buffer);
    vk_free(dev->host, b);
}

/* ----------------------------------------------------------------- upload */

static enum tarn_status upload(struct tarn_dev *dev, struct tarn_weight *w,
                               uint64_t at, const uint8_t *data,
                               struct tarn_error *err)
{
    const struct tarn_type_traits t = tarn_type_traits(w->type);
    const struct tarn_host *host = dev->host;
    struct repack r = {
        .fields = fields_of(w->type),
        .n_blocks = w->k / t.block,
        .block_size = t.bytes,
        .from_size = (size_t)(w->k / t.block) * t.bytes,
        .to_size = (size_t)w->row_words * 4,
    };
    const uint64_t rows = (uint64_t)w->n_rows * w->n_slices;
    uint8_t *map = w->block->buffer.map;
    uint64_t most = dev->stage.size / r.to_size;
    if (most == 0)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                                 "Rows of \"%s\" are larger than %.0f MB.",
                                 w->name, (double)dev->stage.size * 1e-6);
    for (uint64_t row = 0; row < rows; row += r.n_rows) {
        if (row > 0 && host->cancelled && host->cancelled(host->user))
            return tarn_backend_fail(err, TARN_CANCELLED,
                                     "Loading was stopped on request.");
        r.n_rows = rows - row < most ? rows - row : most;
        r.from = data + row * r.from_size;
        r.to = map ? map + at + row * r.to_size : dev->stage.map;
        repack_rows(host, &r);
        if (!map) {
            const VkBufferCopy region = { 0, at + row * r.to_size,
                                          r.n_rows * r.to_size };
            const enum tarn_status s =
                vk_copy(dev, &w->block->buffer, &dev->stage, &region, 1, err);
            if (s)
                return s;
        }
        if (host->progress)
            host->progress(host->user, row + r.n_rows, rows);
    }
    return TARN_OK;
}

/* A single row of F16 or BF16 as float32, for norms and biases. */
static enum tarn_status upload_floats(struct tarn_dev *dev,
                                      struct tarn_weight *w, uint64_t at,
                                      const uint8_t *data,
                                      struct tarn_error *err)
{
    float *values = vk_alloc(dev->host, w->k, sizeof *values);
    if (!values)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "There is no memory for a weight's entry.");
    for (uint32_t i = 0; i < w->k; i++) {
        const uint16_t h =
            (uint16_t)(data[2 * (size_t)i] | data[2 * (size_t)i + 1] << 8);
        values[i] =
            w->type == TARN_F16 ? tarn_f16_to_f32(h) : tarn_bf16_to_f32(h);
    }
    const enum tarn_status s =
        vk_write(dev, &w->block->buffer, at, values, 4 * (uint64_t)w->k, err);
    vk_free(dev->host, values);
    return s;
}

/* ------------------------------------------------------------------ public */

static enum tarn_status check_tensor(const struct tarn_tensor *t,
                                     struct tarn_error *err)
{
    const enum tarn_status s = tarn_check_tensor(t, "Vulkan", err);
    if (s)
        return s;
    if (!fields_of(t->type))
        return tarn_refuse_tensor(
            t, TARN_UNSUPPORTED, "has a type that the Vulkan backend can't run",
            err);
    if (!t->data)
        return tarn_refuse_tensor(
            t, TARN_UNSUPPORTED,
            "comes in pieces, which the Vulkan backend can't take", err);
    /* Shaders count words in 32 bits. */
    if (t->size / 4 > UINT32_MAX / 2)
        return tarn_refuse_tensor(t, TARN_UNSUPPORTED, "is larger than 8 GB",
                                  err);
    return TARN_OK;
}

/* Rows in planes, and float32 beside them where something wants a vector. */
static enum tarn_status copy_weight(struct tarn_dev *dev, struct tarn_weight *w,
                                    const struct tarn_tensor *t,
                                    struct tarn_error *err)
{
    const uint32_t block = tarn_type_traits(t->type).block;
    w->row_words = (uint32_t)(row_size_of(t->type, w->k / block) / 4);
    w->slice_words = w->row_words * w->n_rows;
    w->size = (uint64_t)w->row_words * 4 * w->n_rows * w->n_slices;
    const bool single = vk_is_plain(t->type) && w->n_rows == 1;
    const uint64_t extra =
        single && t->type != TARN_F32 ? 4 * (uint64_t)w->k : 0;
    const uint64_t place = (w->size + 15) / 16 * 16;
    const bool outside =
        dev->tune.import == TARN_EXPERTS_IN_PLACE && w->n_slices > 1;
    uint64_t at = 0;
    enum tarn_status s =
        take_room(dev, place + extra, outside ? VK_IN_HOST : VK_ON_DEVICE,
                  &w->block, &at, err);
    if (s == TARN_OK)
        s = upload(dev, w, at, t->data, err);
    if (s == TARN_OK && extra)
        s = upload_floats(dev, w, at + place, t->data, err);
    if (s) {
        give_room(dev, w->block);
        return s;
    }
    w->address = w->block->buffer.address + at;
    if (single)
        w->floats = extra ? w->address + place : w->address;
    return TARN_OK;
}

/* Where the file is mapped.  Plain rows are the same as in one plane; of
 * others the shaders count bytes. */
static enum tarn_status read_in_place(struct tarn_dev *dev,
                                      struct tarn_weight *w,
                                      const struct tarn_tensor *t,
                                      struct tarn_error *err)
{
    const struct tarn_host *host = dev->host;
    const struct tarn_type_traits type = tarn_type_traits(t->type);
    const bool plain = vk_is_plain(t->type);
    w->form = !plain;
    w->row_words = w->k / type.block * type.bytes / (plain ? 4 : 1);
    w->slice_words = w->row_words * w->n_rows;
    if (host->cancelled && host->cancelled(host->user))
        return tarn_backend_fail(err, TARN_CANCELLED,
                                 "Loading was stopped on request.");
    const enum tarn_status s =
        vk_import(dev, t->data, t->size, &w->pages, &w->address, err);
    if (s == TARN_OK && host->progress)
        host->progress(host->user, t->size, t->size);
    return s;
}

enum tarn_status vk_weight_take(struct tarn_dev *dev,
                                const struct tarn_tensor *t,
                                struct tarn_weight **out,
                                struct tarn_error *err)
{
    enum tarn_status s = check_tensor(t, err);
    if (s)
        return s;
    struct tarn_weight *w = vk_alloc(dev->host, 1, sizeof *w);
    if (!w)
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "There is no memory for a weight's entry.");
    tarn_plain_name(w->name, sizeof w->name, t->name);
    w->type = t->type;
    w->k = (uint32_t)t->ge[0];
    w->n_rows = (uint32_t)t->ge[1];
    w->n_slices = (uint32_t)t->ge[2];
    s = TARN_UNSUPPORTED;
    if (vk_import_wanted(dev, t))
        s = read_in_place(dev, w, t, err);
    if (s == TARN_UNSUPPORTED) {
        w->form = 0;
        s = copy_weight(dev, w, t, err);
    }
    if (s) {
        vk_free(dev->host, w);
        return s;
    }
    w->next = dev->weights;
    dev->weights = w;
    *out = w;
    return TARN_OK;
}

void vk_weight_free(struct tarn_dev *dev, struct tarn_weight *w)
{
    if (!w)
        return;
    struct tarn_weight **p = &dev->weights;
    while (*p != w)
        p = &(*p)->next;
    *p = w->next;
    give_room(dev, w->block);
    vk_buffer_free(dev, &w->pages);
    vk_free(dev->host, w);
}

/* ------------------------------------------------------------------ grids */

enum tarn_status vk_grids_make(struct tarn_dev *dev, struct tarn_error *err)
{
    static const struct {
        uint32_t type;
        const void *data;
        size_t size;
    } grids[] = {
        { TARN_IQ2_XXS, tarn_grid_iq2_xxs, sizeof tarn_grid_iq2_xxs },
        { TARN_IQ2_XS, tarn_grid_iq2_xs, sizeof tarn_grid_iq2_xs },
        { TARN_IQ2_S, tarn_grid_iq2_s, sizeof tarn_grid_iq2_s },
        { TARN_IQ3_XXS, tarn_grid_iq3_xxs, sizeof tarn_grid_iq3_xxs },
        { TARN_IQ3_S, tarn_grid_iq3_s, sizeof tarn_grid_iq3_s },
    };
    enum { N = sizeof grids / sizeof *grids };
    uint64_t size = 0;
    if (dev->grids.handle)
        return TARN_OK;
    for (size_t i = 0; i < N; i++)
        size += grids[i].size;
    enum tarn_status s =
        vk_buffer_make(dev, size, VK_ON_DEVICE, &dev->grids, err);
    uint64_t at = 0;
    for (size_t i = 0; i < N && s == TARN_OK; i++) {
        s = vk_write(dev, &dev->grids, at, grids[i].data, grids[i].size, err);
        dev->grid_at[grids[i].type] = dev->grids.address + at;
        at += grids[i].size;
    }
    if (s)
        vk_buffer_free(dev, &dev->grids);
    return s;
}
