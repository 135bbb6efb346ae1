/* gguf.c - opens a model file and its parts; see gguf.h. */
#include "core/gguf/gguf.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/gguf/gguf_impl.h"
#include "core/gguf/gguf_limits.h"

enum { TEXT_BLOCK = 4096, SUFFIX = 20 /* "-00001-of-00003.gguf" */ };

struct tarn_gguf_text {
    struct tarn_gguf_text *next;
    size_t used;
    char text[TEXT_BLOCK];
};

/* A name is at most 256 bytes, so a block holds several and is never too
 * small. */
const char *tarn_gguf_keep_text(struct tarn_gguf *g, const char *text,
                                size_t size)
{
    if (!g->texts || size + 1 > TEXT_BLOCK - g->texts->used) {
        struct tarn_gguf_text *b = tarn_alloc(1, sizeof *b);
        if (!b)
            return NULL;
        b->next = g->texts;
        g->texts = b;
    }
    char *to = g->texts->text + g->texts->used;
    memcpy(to, text, size);
    to[size] = 0;
    g->texts->used += size + 1;
    return to;
}

void tarn_gguf_free_texts(struct tarn_gguf *g)
{
    while (g->texts) {
        struct tarn_gguf_text *next = g->texts->next;
        tarn_free(g->texts);
        g->texts = next;
    }
}

/* ------------------------------------------------------------- split files */

/* PREFIX of PREFIX-00001-of-00003.gguf; 0 if the path is not of that form or
 * says other numbers. */
static size_t prefix_of(const char *path, uint32_t part, uint32_t n_parts)
{
    char suffix[40];
    const size_t size = strlen(path);
    snprintf(suffix, sizeof suffix, "-%05u-of-%05u.gguf", (unsigned)part + 1,
             (unsigned)n_parts);
    return size > SUFFIX && strcmp(path + size - SUFFIX, suffix) == 0
               ? size - SUFFIX
               : 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What split.* say of a part; count 1: it is whole. */
struct split {
    uint32_t no, count, n_tensors;
};

static enum tarn_status read_split(const struct tarn_gguf_part *part,
                                   struct split *out, struct tarn_error *err)
{
    enum tarn_status s;
    *out = (struct split){ 0, 1, 0 };
    if ((s = tarn_gguf_part_u32(part, "split.count", 0, TARN_GGUF_MAX_PARTS,
                                false, 1, &out->count, err)))
        return s;
    if (out->count <= 1) {
        out->count = 1;
        return TARN_OK;
    }
    if ((s = tarn_gguf_part_u32(part, "split.no", 0, out->count - 1, true, 0,
                                &out->no, err)))
        return s;
    return tarn_gguf_part_u32(part, "split.tensors.count", 0,
                              TARN_GGUF_MAX_TENSORS, true, 0, &out->n_tensors,
                              err);
}

static bool same_string(const struct tarn_gguf_part *a,
                        const struct tarn_gguf_part *b, const char *key)
{
    const struct tarn_gguf_value *x = tarn_gguf_part_find(a, key),
                                 *y = tarn_gguf_part_find(b, key);
    if (!x || !y) /* later parts usually say nothing of the model */
        return true;
    return x->kind == TARN_GGUF_STRING && y->kind == TARN_GGUF_STRING &&
           x->strings[0].size == y->strings[0].size &&
           memcmp(x->strings[0].text, y->strings[0].text, x->strings[0].size) ==
               0;
}

static enum tarn_status check_part(const struct tarn_gguf *g, uint32_t i,
                                   const struct split *first, const char *name,
                                   struct tarn_error *err)
{
    struct split here;
    const enum tarn_status s = read_split(&g->parts[i], &here, err);
    if (s)
        return s;
    if (here.count != first->count || here.n_tensors != first->n_tensors)
        return tarn_fail(err, TARN_BAD_FILE,
                         "part %u (%s) belongs to another model: it says %u "
                         "parts and %u tensors, the first says %u and %u",
                         (unsigned)i + 1, name, (unsigned)here.count,
                         (unsigned)here.n_tensors, (unsigned)first->count,
                         (unsigned)first->n_tensors);
    if (!same_string(&g->parts[0], &g->parts[i], "general.architecture") ||
        !same_string(&g->parts[0], &g->parts[i], "general.name"))
        return tarn_fail(err, TARN_BAD_FILE,
                         "part %u (%s) belongs to another model: its name or "
                         "architecture is another than the first part's",
                         (unsigned)i + 1, name);
    if (here.no != i)
        return tarn_fail(err, TARN_BAD_FILE,
                         "part %u (%s) says that it is part %u; the parts "
                         "were mixed up or renamed",
                         (unsigned)i + 1, name, (unsigned)here.no + 1);
    return TARN_OK;
}

/* Opens and reads part i; its sentence names the part's file. */
static enum tarn_status open_part(struct tarn_gguf *g, uint32_t i,
                                  const struct split *first, size_t prefix,
                                  struct tarn_error *err)
{
    struct tarn_buf path = { 0 };
    struct tarn_error why = { TARN_OK, "" };
    tarn_buf_add(&path, g->path, prefix);
    tarn_buf_printf(&path, "-%05u-of-%05u.gguf", (unsigned)i + 1,
                    (unsigned)first->count);
    if (path.failed) {
        tarn_buf_finish(&path);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory for the name of part %u",
                         (unsigned)i + 1);
    }
    const struct tarn_shown name = tarn_shown_str(base_name(path.data));
    struct tarn_gguf_part *part = &g->parts[i];
    enum tarn_status s = tarn_map_open(path.data, &part->map, &why);
    if (s == TARN_IO)
        s = tarn_fail(err, TARN_BAD_FILE, "part %u of %u is missing: %s %s",
                      (unsigned)i + 1, (unsigned)first->count, name.text,
                      why.text);
    else if (s || (s = tarn_gguf_read_part(g, i, &why)))
        s = tarn_fail(err, s, "part %u (%s): %s", (unsigned)i + 1, name.text,
                      why.text);
    else
        s = check_part(g, i, first, name.text, err);
    g->file_size += part->map.size;
    tarn_buf_finish(&path);
    return s;
}

static enum tarn_status open_parts(struct tarn_gguf *g,
                                   const struct split *first, bool is_file,
                                   struct tarn_error *err)
{
    const unsigned n = (unsigned)first->count;
    if (first->no != 0)
        return tarn_fail(err, TARN_BAD_FILE,
                         "is part %u of %u of a model; open the first part, "
                         "its name ends in -00001-of-%05u.gguf",
                         (unsigned)first->no + 1, n, n);
    const size_t prefix = is_file ? prefix_of(g->path, 0, first->count) : 0;
    if (!prefix)
        return tarn_fail(err, TARN_BAD_FILE,
                         "is the first of %u parts of a model; its name must "
                         "end in -00001-of-%05u.gguf so that the others can "
                         "be found",
                         n, n);
    struct tarn_gguf_part *parts =
        tarn_realloc(g->parts, 1, first->count, sizeof *parts);
    if (!parts)
        return tarn_fail(err, TARN_NO_MEMORY, "there is no memory for %u parts",
                         n);
    g->parts = parts;
    for (uint32_t i = 1; i < first->count; i++) {
        g->n_parts = i + 1;
        const enum tarn_status s = open_part(g, i, first, prefix, err);
        if (s)
            return s;
    }
    if (g->n_tensors != first->n_tensors)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its %u parts have %zu tensors together; "
                         "split.tensors.count says %u",
                         n, g->n_tensors, (unsigned)first->n_tensors);
    return TARN_OK;
}

/* ------------------------------------------------------- opening and closing
 */

/* g->parts[0] is mapped. */
static enum tarn_status read_all(struct tarn_gguf *g, bool is_file,
                                 struct tarn_error *err)
{
    struct split first;
    g->file_size = g->parts[0].map.size;
    enum tarn_status s = tarn_gguf_read_part(g, 0, err);
    if (s || (s = read_split(&g->parts[0], &first, err)))
        return s;
    return first.count > 1 ? open_parts(g, &first, is_file, err) : TARN_OK;
}

static struct tarn_gguf *create(const char *name)
{
    struct tarn_gguf *g = tarn_alloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->n_parts = 1;
    g->parts = tarn_alloc(1, sizeof *g->parts);
    g->path = tarn_dup_str(name ? name : "");
    if (!g->parts || !g->path) {
        tarn_gguf_close(g);
        return NULL;
    }
    return g;
}

static enum tarn_status finish_open(struct tarn_gguf *g, enum tarn_status s,
                                    struct tarn_gguf **out,
                                    struct tarn_error *err)
{
    /* A file that goes away while it is read looks damaged. */
    struct tarn_error gone = { TARN_OK, "" };
    if (tarn_gguf_unchanged(g, &gone)) {
        s = gone.status;
        if (err)
            *err = gone;
    }
    if (s) {
        tarn_error_prefix(err, base_name(g->path));
        tarn_gguf_close(g);
        return s;
    }
    *out = g;
    return TARN_OK;
}

enum tarn_status tarn_gguf_open(const char *path, struct tarn_gguf **out,
                                struct tarn_error *err)
{
    struct tarn_gguf *g = create(path);
    if (!g)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory to open a model");
    enum tarn_status s = tarn_map_open(path, &g->parts[0].map, err);
    if (!s)
        s = read_all(g, true, err);
    return finish_open(g, s, out, err);
}

enum tarn_status tarn_gguf_open_memory(const void *data, size_t size,
                                       const char *name, struct tarn_gguf **out,
                                       struct tarn_error *err)
{
    struct tarn_gguf *g = create(name);
    if (!g)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory to open a model");
    g->parts[0].map = (struct tarn_map){ .data = data, .size = size };
    g->parts[0].borrowed = true;
    return finish_open(g, read_all(g, false, err), out, err);
}

void tarn_gguf_close(struct tarn_gguf *g)
{
    if (!g)
        return;
    for (uint32_t i = 0; g->parts && i < g->n_parts; i++)
        tarn_gguf_finish_part(&g->parts[i]);
    tarn_gguf_free_texts(g);
    tarn_table_finish(&g->names);
    tarn_free(g->tensors);
    tarn_free(g->parts);
    tarn_free(g->path);
    tarn_free(g);
}

enum tarn_status tarn_gguf_unchanged(const struct tarn_gguf *g,
                                     struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    for (uint32_t i = 0; !s && i < g->n_parts; i++)
        s = tarn_map_check(&g->parts[i].map, err);
    return s;
}

void tarn_gguf_prefault(struct tarn_gguf *g)
{
#if !defined(__wasm__)
    uint64_t room = tarn_memory_available(NULL);
    for (uint32_t i = 0; i < g->n_parts; i++) {
        struct tarn_map *m = &g->parts[i].map;
        tarn_map_prefault(m, room);
        room -= m->size < room ? m->size : room;
    }
#else
    (void)g;
#endif
}

void tarn_gguf_settle(struct tarn_gguf *g)
{
    for (uint32_t i = 0; i < g->n_parts; i++)
        tarn_map_settle(&g->parts[i].map);
}

/* ----------------------------------------------------------------- looking */

const char *tarn_gguf_path(const struct tarn_gguf *g)
{
    return g->path;
}

uint32_t tarn_gguf_version(const struct tarn_gguf *g)
{
    return g->parts[0].version;
}

uint64_t tarn_gguf_file_size(const struct tarn_gguf *g)
{
    return g->file_size;
}

uint32_t tarn_gguf_n_parts(const struct tarn_gguf *g)
{
    return g->n_parts;
}

size_t tarn_gguf_n_values(const struct tarn_gguf *g)
{
    return g->parts[0].n_values;
}

const struct tarn_gguf_value *tarn_gguf_value_at(const struct tarn_gguf *g,
                                                 size_t i)
{
    return i < g->parts[0].n_values ? &g->parts[0].values[i] : NULL;
}

const struct tarn_gguf_value *tarn_gguf_find(const struct tarn_gguf *g,
                                             const char *key)
{
    return tarn_gguf_part_find(&g->parts[0], key);
}

size_t tarn_gguf_n_tensors(const struct tarn_gguf *g)
{
    return g->n_tensors;
}

const struct tarn_gguf_tensor *tarn_gguf_tensor_at(const struct tarn_gguf *g,
                                                   size_t i)
{
    return i < g->n_tensors ? &g->tensors[i] : NULL;
}

const struct tarn_gguf_tensor *tarn_gguf_tensor(const struct tarn_gguf *g,
                                                const char *name)
{
    const uint32_t *i = tarn_table_get(&g->names, name, strlen(name));
    return i ? &g->tensors[*i] : NULL;
}

const char *tarn_gguf_warning(const struct tarn_gguf *g)
{
    return g->warning;
}
