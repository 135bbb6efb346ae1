/* save.c - a chat and the state that computed it go into a file. */
#include <string.h>

#include "backends/numerics.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/memory.h"
#include "core/chat/chat.h"
#include "core/engine/engine.h"
#include "core/engine/prompt.h"
#include "core/engine/state_file.h"

struct tarn_state_sizes tarn_state_sizes(const struct tarn_kv_cache *c)
{
    const struct tarn_state_shape shape = tarn_state_view(c->model, c->kv_type);
    const struct tarn_type_traits t = tarn_type_traits(c->kv_type);
    struct tarn_state_sizes s = {
        .tail = (size_t)shape.n_conv * (shape.conv_len - 1) *
                shape.conv_width * sizeof(float) };
    for (uint32_t i = 0; i < shape.n_attn; i++)
        s.page += (size_t)2 * TARN_PAGE_POSITIONS * shape.kv_widths[i] /
                  t.block * t.bytes;
    return s;
}

void tarn_state_model(const struct tarn_kv_cache *c,
                      uint8_t out[TARN_STATE_MODEL])
{
    const struct tarn_state_shape shape = tarn_state_view(c->model, c->kv_type);
    const struct tarn_state_sizes sizes = tarn_state_sizes(c);
    const uint32_t numbers[] = {
        TARN_NUMERICS_VERSION, c->kv_type, c->model->info.n_vocab,
        shape.n_attn, shape.n_conv, shape.conv_width, shape.conv_len,
        (uint32_t)sizes.page, c->model->device.exact };
    tarn_model_key(c->model, out);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        tarn_put32(out + 32 + 4 * i, numbers[i]);
}

/* ----------------------------------------------------------------- writing */
struct saving {
    struct tarn_kv_cache *c;
    const struct tarn_sequence *seq; /* NULL: nothing is computed */
    struct tarn_buf chat;
    uint32_t message;
    tarn_write_fn write;
    void *user;
    bool failed;
};

static void put(struct saving *w, const void *data, size_t size)
{
    if (!w->failed && size)
        w->failed = !w->write(w->user, data, size);
}

static void put_section(struct saving *w, enum tarn_state_section kind,
                        uint32_t n, const void *data, size_t size)
{
    uint8_t head[TARN_STATE_SECTION];
    tarn_put32(head, (uint32_t)kind);
    tarn_put32(head + 4, n);
    tarn_put64(head + 8, size);
    uint64_t sum = tarn_fnv1a(TARN_FNV1A_START, head, 16);
    tarn_put64(head + 16, tarn_fnv1a(sum, data, size));
    put(w, head, sizeof head);
    put(w, data, size);
}

static bool tail_is_exact(const struct tarn_sequence *s)
{
    return s && s->n_kv && s->tail_at == s->n_kv && !s->guessed &&
           s->tail != TARN_TAIL_ZERO;
}

/* Sizes are known before anything is written, so the head says them. */
static void put_head(struct saving *w, size_t n_name, size_t n_pages)
{
    const struct tarn_state_sizes z = tarn_state_sizes(w->c);
    const bool tail = z.tail && tail_is_exact(w->seq);
    const uint32_t n_ids = w->seq ? w->seq->n_kv : 0;
    const size_t n = 2u + (w->chat.size > 0) + tail + n_pages;
    uint8_t head[TARN_STATE_HEAD];
    memcpy(head, TARN_STATE_MAGIC, 8);
    tarn_put32(head + 8, TARN_STATE_VERSION);
    tarn_put32(head + 12, (uint32_t)n);
    tarn_put64(head + 16, TARN_STATE_HEAD + n * TARN_STATE_SECTION +
                              TARN_STATE_MODEL + n_name + 8 +
                              (uint64_t)4 * n_ids + w->chat.size +
                              (tail ? z.tail : 0) + (uint64_t)n_pages * z.page);
    tarn_put64(head + 24, tarn_fnv1a(TARN_FNV1A_START, head, 24));
    put(w, head, sizeof head);
}

static enum tarn_status put_state(struct saving *w, uint8_t *room,
                                  struct tarn_error *err)
{
    const struct tarn_sequence *s = w->seq;
    const struct tarn_backend *be = w->c->model->backend;
    const struct tarn_state_sizes z = tarn_state_sizes(w->c);
    const uint32_t n_ids = s ? s->n_kv : 0;
    enum tarn_status st = TARN_OK;
    tarn_put32(room, n_ids);
    tarn_put32(room + 4, w->message);
    for (uint32_t i = 0; i < n_ids; i++)
        tarn_put32(room + 8 + 4 * (size_t)i, (uint32_t)s->ids[i]);
    put_section(w, TARN_SECTION_TOKENS, 0, room, 8 + 4 * (size_t)n_ids);
    if (w->chat.size)
        put_section(w, TARN_SECTION_CHAT, 0, w->chat.data, w->chat.size);
    if (z.tail && tail_is_exact(s)) {
        st = be->state_read(w->c->state, false, s->tail, 0, room, err);
        if (!st)
            put_section(w, TARN_SECTION_TAIL, 0, room, z.tail);
    }
    for (uint32_t i = 0; !st && i < (s ? s->n_pages : 0); i++) {
        const uint32_t left = s->n_kv - i * TARN_PAGE_POSITIONS;
        st = be->state_read(w->c->state, true, s->pages[i],
                            left < TARN_PAGE_POSITIONS ? left
                                                       : TARN_PAGE_POSITIONS,
                            room, err);
        if (!st)
            put_section(w, TARN_SECTION_PAGE, i, room, z.page);
    }
    return st;
}

static enum tarn_status write_all(struct saving *w, struct tarn_error *err)
{
    const struct tarn_model *m = w->c->model;
    const struct tarn_state_sizes z = tarn_state_sizes(w->c);
    uint8_t model[TARN_STATE_MODEL + TARN_STATE_MAX_NAME];
    size_t n_name = strlen(m->info.name);
    size_t room = 8 + 4 * (size_t)w->c->n_context;
    n_name = n_name < TARN_STATE_MAX_NAME ? n_name : TARN_STATE_MAX_NAME;
    room = room > z.page ? room : z.page;
    room = room > z.tail ? room : z.tail;
    uint8_t *bytes = tarn_alloc(room, 1);
    if (!bytes)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory to save the state");
    tarn_state_model(w->c, model);
    memcpy(model + TARN_STATE_MODEL, m->info.name, n_name);
    put_head(w, n_name, w->seq ? w->seq->n_pages : 0);
    put_section(w, TARN_SECTION_MODEL, 0, model, TARN_STATE_MODEL + n_name);
    enum tarn_status s = put_state(w, bytes, err);
    tarn_free(bytes);
    return s;
}

/* ---------------------------------------------------------------- choosing */
/* The sequence that ends with the last message of the active path that any
 * ends with; NULL: nothing of the path is computed. */
static const struct tarn_sequence *find_state(struct tarn_engine *e,
                                              struct tarn_chat *chat)
{
    const struct tarn_kv_cache *c = &e->cache;
    const uint64_t number = tarn_chat_number(chat, &e->last_chat);
    struct tarn_message m;
    for (size_t i = tarn_chat_length(chat); i-- > 0;)
        for (uint32_t k = 0; tarn_chat_message(chat, i, &m) && k < c->n_slots;
             k++)
            if (c->seqs[k].n_kv && c->seqs[k].chat == number &&
                c->seqs[k].message == m.id)
                return &c->seqs[k];
    return NULL;
}

static const struct tarn_sequence *find_last(const struct tarn_kv_cache *c)
{
    const struct tarn_sequence *last = NULL;
    for (uint32_t i = 0; i < c->n_slots; i++)
        if (c->seqs[i].n_kv && (!last || c->seqs[i].used_at > last->used_at))
            last = &c->seqs[i];
    return last;
}

static enum tarn_status make_chat(struct saving *w, struct tarn_chat *chat,
                                  struct tarn_error *err)
{
    char *text;
    size_t size;
    const enum tarn_status s = tarn_chat_tree_json(chat, &text, &size, err);
    if (s)
        return s;
    tarn_buf_add(&w->chat, text, size);
    tarn_text_free(text);
    if (w->chat.failed ||
        (w->seq &&
         !tarn_chat_written_id(chat, w->seq->message, &w->message)))
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory to save the chat");
    return TARN_OK;
}

enum tarn_status tarn_state_save_to(struct tarn_engine *e,
                                    struct tarn_chat *chat, tarn_write_fn write,
                                    void *user, struct tarn_error *err)
{
    if (e->active || atomic_load(&e->incoming))
        return tarn_fail(err, TARN_BUSY, "the engine is generating an answer");
    struct saving w = { .c = &e->cache, .write = write, .user = user };
    w.seq = chat ? find_state(e, chat) : find_last(&e->cache);
    enum tarn_status s = chat ? make_chat(&w, chat, err) : TARN_OK;
    if (!s)
        s = write_all(&w, err);
    tarn_buf_finish(&w.chat);
    if (!s && w.failed)
        s = tarn_fail(err, TARN_IO, "the state could not be written");
    return s;
}

static bool to_file(void *user, const void *data, size_t size)
{
    struct tarn_writer *w = user;
    tarn_writer_add(w, data, size);
    return !w->number;
}

enum tarn_status tarn_state_save(struct tarn_engine *e, struct tarn_chat *chat,
                                 const char *path, struct tarn_error *err)
{
    struct tarn_writer file;
    struct tarn_error why = { TARN_OK, "" };
    enum tarn_status s = tarn_writer_open(&file, path, true, err);
    if (!s) {
        s = tarn_state_save_to(e, chat, to_file, &file, &why);
        if (s == TARN_OK || file.number) {
            s = tarn_writer_commit(&file, err); /* it knows the reason */
        } else {
            tarn_writer_cancel(&file);
            return err ? (*err = why).status : s;
        }
    }
    if (s)
        tarn_error_prefix(err, path);
    return s;
}
