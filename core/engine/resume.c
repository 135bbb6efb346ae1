/* resume.c - a state file is read: everything is checked in a first pass, and
 * only the second one touches the cache. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/memory.h"
#include "core/chat/chat.h"
#include "core/engine/engine.h"
#include "core/engine/state_file.h"

struct loading {
    struct tarn_engine *e;      /* NULL: only the chat is wanted */
    struct tarn_sequence *seq;  /* NULL in the first pass */
    struct tarn_reading in;
    struct tarn_error *err;
    uint8_t *room; /* of the engine's sizes */
    struct tarn_state_sizes sizes;
    int32_t *ids;
    uint32_t n_ids, message;
    struct tarn_buf chat;
    uint32_t n_left; /* sections */
    bool has_tail;
    struct { uint32_t kind, n; uint64_t size, sum; } at; /* the open section */
};

/* ---------------------------------------------------------------- sections */
static enum tarn_status damaged(struct loading *l, const char *what)
{
    return tarn_fail(l->err, TARN_BAD_FILE,
                     "is damaged: %s before byte %llu", what,
                     (unsigned long long)l->in.at);
}

static enum tarn_status read_head(struct loading *l)
{
    uint8_t head[TARN_STATE_HEAD];
    enum tarn_status s = tarn_reading_take(&l->in, head, 8, l->err);
    if (s)
        return s;
    if (memcmp(head, TARN_STATE_MAGIC, 8) != 0)
        return tarn_fail(l->err, TARN_BAD_FILE, "is no state file of tarn");
    s = tarn_reading_take(&l->in, head + 8, sizeof head - 8, l->err);
    if (s)
        return s;
    if (tarn_fnv1a(TARN_FNV1A_START, head, 24) != tarn_get64(head + 24))
        return damaged(l, "the checksum of its head is wrong");
    if (tarn_get32(head + 8) > TARN_STATE_VERSION)
        return tarn_fail(l->err, TARN_BAD_FILE,
                         "was saved by a newer tarn: its form has number %u, "
                         "this tarn reads up to %u",
                         tarn_get32(head + 8), TARN_STATE_VERSION);
    if (tarn_get32(head + 8) == 0)
        return damaged(l, "its form has number 0");
    if (tarn_get64(head + 16) != l->in.size)
        return tarn_fail(l->err, TARN_BAD_FILE,
                         "is damaged: it has %llu bytes but was saved with "
                         "%llu",
                         (unsigned long long)l->in.size,
                         (unsigned long long)tarn_get64(head + 16));
    l->n_left = tarn_get32(head + 12);
    return TARN_OK;
}

/* The next section's head. */
static enum tarn_status open_section(struct loading *l)
{
    uint8_t head[TARN_STATE_SECTION];
    if (!l->n_left)
        return damaged(l, "a part is missing");
    l->n_left--;
    enum tarn_status s = tarn_reading_take(&l->in, head, sizeof head, l->err);
    l->at.kind = tarn_get32(head);
    l->at.n = tarn_get32(head + 4);
    l->at.size = tarn_get64(head + 8);
    l->at.sum = tarn_get64(head + 16);
    return s;
}

/* Its content, which has `size` bytes. */
static enum tarn_status take_section(struct loading *l, void *out, size_t size)
{
    uint8_t head[16];
    if (l->at.size != size)
        return damaged(l, "a part has a wrong size");
    enum tarn_status s = tarn_reading_take(&l->in, out, size, l->err);
    if (s)
        return s;
    tarn_put32(head, l->at.kind);
    tarn_put32(head + 4, l->at.n);
    tarn_put64(head + 8, l->at.size);
    uint64_t sum = tarn_fnv1a(TARN_FNV1A_START, head, sizeof head);
    return tarn_fnv1a(sum, out, size) == l->at.sum
               ? TARN_OK
               : damaged(l, "the checksum of a part is wrong");
}

/* ------------------------------------------------------------------ content */
static enum tarn_status compare_model(struct loading *l, const uint8_t *is,
                                      const char *name)
{
    uint8_t want[TARN_STATE_MODEL];
    const struct tarn_kv_cache *c = &l->e->cache;
    tarn_state_model(c, want);
    if (memcmp(is, want, 32) != 0)
        return tarn_fail(l->err, TARN_BAD_FILE,
                         "was saved with another model file, %s; this is %s",
                         tarn_shown_str(name).text, c->model->info.name);
    if (tarn_get32(is + 32) != tarn_get32(want + 32))
        return tarn_fail(l->err, TARN_BAD_FILE,
                         "was computed by arithmetic number %u, this tarn has "
                         "%u", tarn_get32(is + 32), tarn_get32(want + 32));
    if (tarn_get32(is + 36) != c->kv_type) {
        const char *kind = tarn_type_traits(tarn_get32(is + 36)).name;
        return tarn_fail(l->err, TARN_BAD_FILE,
                         "was saved with a K/V cache of type %s; this one is "
                         "%s (--kv)", kind ? kind : "unknown",
                         tarn_type_traits(c->kv_type).name);
    }
    if (memcmp(is + 40, want + 40, 24) != 0) /* all but `exact` */
        return damaged(l, "its shape is not that of its model");
    return TARN_OK;
}

static enum tarn_status read_model(struct loading *l)
{
    uint8_t is[TARN_STATE_MODEL + TARN_STATE_MAX_NAME + 1] = { 0 };
    enum tarn_status s = open_section(l);
    if (s)
        return s;
    if (l->at.kind != TARN_SECTION_MODEL || l->at.size < TARN_STATE_MODEL ||
        l->at.size >= sizeof is)
        return damaged(l, "the model's part is none");
    s = take_section(l, is, (size_t)l->at.size);
    if (s || !l->e)
        return s;
    return compare_model(l, is, (const char *)is + TARN_STATE_MODEL);
}

static enum tarn_status read_tokens(struct loading *l)
{
    enum tarn_status s = open_section(l);
    if (s)
        return s;
    if (l->at.kind != TARN_SECTION_TOKENS || l->at.size < 8 ||
        l->at.size % 4 || l->at.size > l->in.size - l->in.at)
        return damaged(l, "the tokens' part is none");
    const uint64_t n = l->at.size / 4 - 2;
    if (l->e && n > l->e->cache.n_context)
        return tarn_fail(l->err, TARN_LIMIT,
                         "holds %llu tokens, more than the context of %u; use "
                         "a larger one (--ctx)",
                         (unsigned long long)n, l->e->cache.n_context);
    uint8_t *bytes = tarn_alloc((size_t)l->at.size, 1);
    tarn_free(l->ids);
    l->ids = tarn_alloc((size_t)n, sizeof *l->ids);
    if (!bytes || !l->ids)
        s = tarn_fail(l->err, TARN_NO_MEMORY,
                      "cannot be read: there is no memory");
    if (!s)
        s = take_section(l, bytes, (size_t)l->at.size);
    if (!s && tarn_get32(bytes) != n)
        s = damaged(l, "the number of tokens is wrong");
    l->n_ids = (uint32_t)n;
    l->message = s ? 0 : tarn_get32(bytes + 4);
    for (uint64_t i = 0; !s && i < n; i++) {
        l->ids[i] = (int32_t)tarn_get32(bytes + 8 + 4 * i);
        if (l->e && (l->ids[i] < 0 ||
                     (uint32_t)l->ids[i] >= l->e->model->info.n_vocab))
            s = damaged(l, "a token is outside the vocabulary");
    }
    tarn_free(bytes);
    return s;
}

static enum tarn_status read_chat(struct loading *l)
{
    if (l->at.size > TARN_STATE_MAX_CHAT ||
        l->at.size > l->in.size - l->in.at)
        return damaged(l, "the chat's part is too large");
    tarn_buf_clear(&l->chat);
    const size_t size = (size_t)l->at.size;
    char *text = tarn_alloc(size + 1, 1);
    if (!text)
        return tarn_fail(l->err, TARN_NO_MEMORY,
                         "cannot be read: there is no memory");
    enum tarn_status s = take_section(l, text, size);
    if (!s)
        tarn_buf_add(&l->chat, text, size);
    tarn_free(text);
    return !s && l->chat.failed ? tarn_fail(l->err, TARN_NO_MEMORY,
                                            "cannot be read: there is no "
                                            "memory")
                                : s;
}

/* ------------------------------------------------------------------- state */
static bool finite_f16(const uint8_t *p, size_t n, size_t stride)
{
    for (size_t i = 0; i + 2 <= n; i += stride)
        if ((p[i + 1] & 0x7C) == 0x7C)
            return false;
    return true;
}

static bool finite_f32(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 4 <= n; i += 4)
        if ((tarn_get32(p + i) & 0x7F800000u) == 0x7F800000u)
            return false;
    return true;
}

/* A block of Q8_0 is its scale and 32 bytes. */
static bool finite_kv(uint32_t type, const uint8_t *p, size_t n)
{
    return type == TARN_F32   ? finite_f32(p, n)
           : type == TARN_F16 ? finite_f16(p, n, 2)
                              : finite_f16(p, n, 34);
}

static enum tarn_status read_tail(struct loading *l)
{
    struct tarn_kv_cache *c = &l->e->cache;
    enum tarn_status s = take_section(l, l->room, l->sizes.tail);
    l->has_tail = true;
    if (!s && (!l->n_ids || !finite_f32(l->room, l->sizes.tail)))
        s = damaged(l, "the convolution's tail is none");
    if (s || !l->seq)
        return s;
    s = c->model->backend->state_write(c->state, false, l->seq->tails[0],
                                       l->room, l->err);
    l->seq->tail = l->seq->tails[0];
    return s;
}

static enum tarn_status read_page(struct loading *l, uint32_t i)
{
    struct tarn_kv_cache *c = &l->e->cache;
    if (l->at.kind != TARN_SECTION_PAGE || l->at.n != i)
        return damaged(l, "a page is missing");
    enum tarn_status s = take_section(l, l->room, l->sizes.page);
    if (!s && !finite_kv(c->kv_type, l->room, l->sizes.page))
        s = damaged(l, "a page holds values that are no numbers");
    if (s || !l->seq)
        return s;
    return c->model->backend->state_write(c->state, true, l->seq->pages[i],
                                          l->room, l->err);
}

static enum tarn_status read_state(struct loading *l, bool open)
{
    enum tarn_status s = TARN_OK;
    const uint32_t n = (l->n_ids + TARN_PAGE_POSITIONS - 1) /
                       TARN_PAGE_POSITIONS;
    if (open && l->at.kind == TARN_SECTION_TAIL) {
        s = read_tail(l);
        open = false;
    }
    for (uint32_t i = 0; !s && i < n; i++) {
        if (!open)
            s = open_section(l);
        open = false;
        if (!s)
            s = read_page(l, i);
    }
    return s || (!open && !l->n_left && l->in.at == l->in.size)
               ? s
               : damaged(l, "there is more than belongs to it");
}

/* One pass over the whole file. */
static enum tarn_status read_all(struct loading *l)
{
    bool open = false; /* a section's head was read, but not its content */
    enum tarn_status s = read_head(l);
    if (!s)
        s = read_model(l);
    if (!s)
        s = read_tokens(l);
    if (!s && l->n_left) {
        s = open_section(l);
        open = true;
    }
    if (!s && open && l->at.kind == TARN_SECTION_CHAT) {
        s = read_chat(l);
        open = false;
        if (!s && l->e && l->n_left) {
            s = open_section(l);
            open = true;
        }
    }
    return s || !l->e ? s : read_state(l, open);
}

/* ------------------------------------------------------------------ loading */
static enum tarn_status fill(struct loading *l)
{
    struct tarn_kv_cache *c = &l->e->cache;
    struct tarn_sequence *s = tarn_kv_take_empty(c);
    if (!s)
        return tarn_fail(l->err, TARN_BUSY,
                         "the engine is generating an answer");
    enum tarn_status st = tarn_seq_reserve(c, s, l->n_ids, l->err);
    l->seq = s;
    l->in.at = 0;
    if (!st)
        st = read_all(l);
    if (st) {
        tarn_seq_rewind(c, s, 0);
    } else {
        memcpy(s->ids, l->ids, l->n_ids * sizeof *s->ids);
        s->n_kv = s->n_ids = l->n_ids;
        tarn_seq_know_tail(c, s, l->has_tail);
    }
    tarn_kv_give(c, s);
    return st;
}

static enum tarn_status make_chat(struct loading *l, struct tarn_chat **chat)
{
    *chat = NULL;
    if (!l->chat.size)
        return TARN_OK;
    return tarn_chat_from_json(l->chat.data, l->chat.size, chat, l->err);
}

static void end(struct loading *l)
{
    tarn_reading_close(&l->in);
    tarn_buf_finish(&l->chat);
    tarn_free(l->ids);
    tarn_free(l->room);
}

static enum tarn_status load(struct loading *l, struct tarn_chat **out)
{
    struct tarn_engine *e = l->e;
    struct tarn_chat *chat = NULL;
    if (e->active || atomic_load(&e->incoming))
        return tarn_fail(l->err, TARN_BUSY,
                         "the engine is generating an answer");
    l->sizes = tarn_state_sizes(&e->cache);
    l->room = tarn_alloc(l->sizes.page > l->sizes.tail ? l->sizes.page
                                                       : l->sizes.tail, 1);
    if (!l->room)
        return tarn_fail(l->err, TARN_NO_MEMORY,
                         "cannot be read: there is no memory");
    enum tarn_status s = read_all(l);
    if (!s && out)
        s = make_chat(l, &chat);
    if (!s && l->n_ids && !tarn_reading_rewind(&l->in))
        s = tarn_fail(l->err, TARN_IO, "cannot be read a second time");
    if (!s && l->n_ids)
        s = fill(l);
    if (s) {
        tarn_chat_destroy(chat);
        return s;
    }
    struct tarn_message m;
    if (l->seq && chat && tarn_chat_find(chat, l->message, &m)) {
        l->seq->chat = tarn_chat_number(chat, &e->last_chat);
        l->seq->message = l->message;
    }
    if (out)
        *out = chat;
    return TARN_OK;
}

enum tarn_status tarn_state_load_from(struct tarn_engine *e, const void *data,
                                      size_t size, struct tarn_chat **chat,
                                      struct tarn_error *err)
{
    struct tarn_error none;
    struct loading l = { .e = e, .in = tarn_reading_of(data, size),
                         .err = err ? err : &none };
    const enum tarn_status s = load(&l, chat);
    end(&l);
    return s;
}

enum tarn_status tarn_state_load(struct tarn_engine *e, const char *path,
                                 struct tarn_chat **chat,
                                 struct tarn_error *err)
{
    struct tarn_error none;
    struct loading l = { .e = e, .err = err ? err : &none };
    enum tarn_status s = tarn_reading_open(&l.in, path, l.err);
    if (!s)
        s = load(&l, chat);
    end(&l);
    if (s && s != TARN_BUSY)
        tarn_error_prefix(err, path);
    return s;
}

enum tarn_status tarn_state_chat(const char *path, struct tarn_chat **chat,
                                 struct tarn_error *err)
{
    struct tarn_error none;
    struct loading l = { .err = err ? err : &none };
    enum tarn_status s = tarn_reading_open(&l.in, path, l.err);
    if (!s)
        s = read_all(&l);
    if (!s)
        s = make_chat(&l, chat);
    if (!s && !*chat)
        s = tarn_fail(l.err, TARN_BAD_FILE, "holds no chat");
    end(&l);
    if (s)
        tarn_error_prefix(err, path);
    return s;
}
