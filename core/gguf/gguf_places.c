/* gguf_places.c - where tensors lie: inside the file, apart from each other.
 *
 * Any order is fine; an overlap is not (a published file once reserved too
 * few bytes per tensor, and every tensor read its tail from the next). */
#include "core/gguf/gguf_impl.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/memory.h"

/* Indices of a part's tensors by ascending offset.  Heapsort: constant memory,
 * n log n whatever the file says.  `t` are the part's tensors. */
static void sift_down(uint32_t *order, size_t at, size_t n,
                      const struct tarn_gguf_tensor *t)
{
    const uint32_t x = order[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n &&
            t[order[child + 1]].offset > t[order[child]].offset)
            child++;
        if (t[order[child]].offset <= t[x].offset)
            break;
        order[at] = order[child];
    }
    order[at] = x;
}

static void sort_by_offset(uint32_t *order, size_t n,
                           const struct tarn_gguf_tensor *t)
{
    bool sorted = true;
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint32_t)i;
        sorted = sorted && (i == 0 || t[i - 1].offset <= t[i].offset);
    }
    if (sorted)
        return;
    for (size_t i = n / 2; i-- > 0;)
        sift_down(order, i, n, t);
    for (size_t end = n; --end > 0;) {
        const uint32_t x = order[0];
        order[0] = order[end];
        order[end] = x;
        sift_down(order, 0, end, t);
    }
}

/* What the data would take if they lay one behind the other, as writers put
 * them: if they do, a file that ends early is cut; if not, an offset is
 * wrong. */
static bool lies_gapless(const struct tarn_gguf_tensor *t, size_t n,
                         uint64_t alignment, uint64_t *end)
{
    uint64_t at = 0;
    *end = 0;
    for (size_t i = 0; i < n; i++) {
        if (t[i].offset != at)
            return false;
        *end = at + t[i].size; /* at most 2^16 times 2^46: no wrap */
        at = (*end + alignment - 1) / alignment * alignment;
    }
    return true;
}

/* What is wrong with a tensor that is not aligned or not inside `room`. */
static enum tarn_status wrong_place(const struct tarn_gguf_part *part,
                                    const struct tarn_gguf_tensor *t,
                                    uint64_t room, struct tarn_error *err)
{
    const struct tarn_shown name = tarn_shown_str(t->name);
    if (t->offset % part->alignment)
        return tarn_fail(err, TARN_BAD_FILE,
                         "tensor \"%s\" begins at %s, which is no "
                         "multiple of the file's alignment of %s",
                         name.text, tarn_count(t->offset).text,
                         tarn_count(part->alignment).text);
    if (t->offset > room)
        return tarn_fail(err, TARN_BAD_FILE,
                         "tensor \"%s\" begins at %s of the data, behind "
                         "their end at %s",
                         name.text, tarn_count(t->offset).text,
                         tarn_count(room).text);
    return tarn_fail(err, TARN_BAD_FILE,
                     "tensor \"%s\" ends %s bytes after the end of "
                     "the file; the download is probably incomplete, "
                     "fetch it again",
                     name.text,
                     tarn_count(t->size - (room - t->offset)).text);
}

static enum tarn_status check_ends(const struct tarn_gguf_part *part,
                                   const struct tarn_gguf_tensor *t,
                                   struct tarn_error *err)
{
    const uint64_t size = part->map.size;
    const uint64_t room = part->data_at < size ? size - part->data_at : 0;
    uint64_t end;
    if (lies_gapless(t, part->n_tensors, part->alignment, &end) && end > room)
        return tarn_fail(err, TARN_BAD_FILE,
                         "is cut: needs %s bytes, has %s; the download is "
                         "probably incomplete, fetch it again",
                         tarn_count(part->data_at + end).text,
                         tarn_count(size).text);
    for (size_t i = 0; i < part->n_tensors; i++) {
        const bool inside =
            t[i].offset <= room && t[i].size <= room - t[i].offset;
        if (!inside || t[i].offset % part->alignment)
            return wrong_place(part, t + i, room, err);
    }
    return TARN_OK;
}

static enum tarn_status check_neighbours(struct tarn_gguf *g,
                                         const struct tarn_gguf_part *part,
                                         const struct tarn_gguf_tensor *t,
                                         const uint32_t *order,
                                         struct tarn_error *err)
{
    for (size_t i = 0; i + 1 < part->n_tensors; i++) {
        const struct tarn_gguf_tensor *a = &t[order[i]], *b = &t[order[i + 1]];
        const uint64_t end = a->offset + a->size; /* inside the file */
        if (end > b->offset)
            return tarn_fail(err, TARN_BAD_FILE,
                             "tensors \"%s\" and \"%s\" overlap by %s bytes; "
                             "the file is damaged",
                             tarn_shown_str(a->name).text,
                             tarn_shown_str(b->name).text,
                             tarn_count(end - b->offset).text);
        if (b->offset - end > part->alignment && !g->warning[0])
            snprintf(g->warning, sizeof g->warning,
                     "a gap of %s bytes lies before tensor \"%s\"",
                     tarn_count(b->offset - end).text,
                     tarn_shown_str(b->name).text);
    }
    return TARN_OK;
}

enum tarn_status tarn_gguf_check_places(struct tarn_gguf *g,
                                        const struct tarn_gguf_part *part,
                                        struct tarn_error *err)
{
    struct tarn_gguf_tensor *t = g->tensors + part->first_tensor;
    enum tarn_status s = check_ends(part, t, err);
    if (s || part->n_tensors == 0)
        return s;
    uint32_t *order = tarn_alloc(part->n_tensors, sizeof *order);
    if (!order)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory for %s bytes of its index",
                         tarn_count(part->n_tensors * sizeof *order).text);
    sort_by_offset(order, part->n_tensors, t);
    s = check_neighbours(g, part, t, order, err);
    tarn_free(order);
    for (size_t i = 0; i < part->n_tensors; i++) {
        t[i].offset += part->data_at;
        t[i].data = part->map.data + t[i].offset;
    }
    return s;
}
