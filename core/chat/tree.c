/* tree.c - messages with parents, and the active path; see tarn.h and chat.h.
 *
 * Messages are never moved, so an id is an index; what is deleted is hidden and
 * can come back (acts.c).  The path to the active end is kept as a list: faces
 * ask for it all the time. */
#include "core/chat/tree.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

/* ------------------------------------------------------------------- whole */

enum tarn_status tarn_chat_create(struct tarn_chat **out,
                                  struct tarn_error *err)
{
    struct tarn_chat *chat = tarn_alloc(1, sizeof *chat);
    if (!chat)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory for a chat.");
    *out = chat;
    return TARN_OK;
}

/* What was said, and nothing else. */
static void free_said(struct message *m)
{
    tarn_buf_finish(&m->text);
    tarn_buf_finish(&m->thought);
    tarn_ids_finish(&m->ids);
    for (uint32_t i = 0; i < m->n_calls; i++)
        tarn_free(m->calls[i].text);
    tarn_free(m->calls);
}

static void move_said(struct message *to, const struct message *from)
{
    to->text = from->text;
    to->thought = from->thought;
    to->ids = from->ids;
    to->calls = from->calls;
    to->n_calls = from->n_calls;
    to->has_thought = from->has_thought;
}

static void drop_before(struct message *m)
{
    if (m->before)
        free_said(m->before);
    tarn_free(m->before);
    m->before = NULL;
}

static void free_message(struct message *m)
{
    drop_before(m);
    free_said(m);
    tarn_free(m->extra);
    tarn_trace_destroy(m->trace);
    tarn_free(m);
}

void tarn_chat_destroy(struct tarn_chat *chat)
{
    if (!chat)
        return;
    chat->doomed = true;
    if (chat->held > 0)
        return; /* the last drop() comes here again */
    for (size_t i = 0; i < chat->n; i++)
        free_message(chat->at[i]);
    tarn_free(chat->at);
    tarn_free(chat->path);
    tarn_free(chat);
}

uint64_t tarn_chat_number(struct tarn_chat *chat, uint64_t *last)
{
    if (!chat->number)
        chat->number = ++*last;
    return chat->number;
}

void tarn_chat_hold(struct tarn_chat *chat)
{
    chat->held++;
}

void tarn_chat_drop(struct tarn_chat *chat)
{
    if (chat->held > 0 && --chat->held == 0 && chat->doomed)
        tarn_chat_destroy(chat);
}

/* ---------------------------------------------------------------- messages */

struct message *tarn_chat_at(const struct tarn_chat *chat, tarn_message_id id)
{
    if (id == 0 || id > chat->n || chat->at[id - 1]->hidden)
        return NULL;
    return chat->at[id - 1];
}

/* How many are below `parent` (0: how many roots there are). */
uint32_t *tarn_chat_children(struct tarn_chat *chat, tarn_message_id parent)
{
    return parent == 0 ? &chat->n_roots : &chat->at[parent - 1]->n_children;
}

static bool make_room(struct tarn_chat *chat)
{
    if (chat->n < chat->room)
        return true;
    const size_t room = chat->room > 0 ? 2 * chat->room : 16;
    struct message **at = tarn_realloc(chat->at, chat->room, room, sizeof *at);
    if (!at)
        return false;
    chat->at = at;
    tarn_message_id *path =
        tarn_realloc(chat->path, chat->room, room, sizeof *path);
    if (!path)
        return false; /* at is larger than it says: no harm */
    chat->path = path;
    chat->room = room;
    return true;
}

enum tarn_status tarn_chat_no_memory(struct tarn_error *err, size_t size)
{
    return tarn_fail(err, TARN_NO_MEMORY,
                     "There was not enough memory for a message of %zu bytes.",
                     size);
}

void tarn_chat_walk(struct tarn_chat *chat, tarn_message_id end)
{
    size_t n = 0;
    for (tarn_message_id id = end; id != 0; id = chat->at[id - 1]->parent)
        n++;
    chat->n_path = n;
    for (tarn_message_id id = end; id != 0; id = chat->at[id - 1]->parent)
        chat->path[--n] = id;
}

tarn_message_id tarn_chat_end_id(const struct tarn_chat *chat)
{
    return chat->n_path > 0 ? chat->path[chat->n_path - 1] : 0;
}

/* A new message below `parent`; the path ends with it. */
static enum tarn_status append(struct tarn_chat *chat, tarn_message_id parent,
                               enum tarn_role role, const char *text,
                               size_t size, tarn_message_id *out,
                               struct tarn_error *err)
{
    if (chat->n >= TARN_CHAT_MAX_MESSAGES)
        return tarn_fail(err, TARN_LIMIT,
                         "A chat holds %u messages at most; begin a new one.",
                         TARN_CHAT_MAX_MESSAGES);
    struct message *m = tarn_alloc(1, sizeof *m);
    if (!m)
        return tarn_chat_no_memory(err, size);
    tarn_buf_add(&m->text, text, size);
    if (m->text.failed || !make_room(chat)) {
        free_message(m);
        return tarn_chat_no_memory(err, size);
    }
    m->parent = parent;
    m->role = role;
    m->sibling = (*tarn_chat_children(chat, parent))++;
    chat->at[chat->n++] = m;
    if (parent)
        chat->at[parent - 1]->newest = (tarn_message_id)chat->n;
    else
        chat->newest_root = (tarn_message_id)chat->n;
    if (parent == tarn_chat_end_id(chat))
        chat->path[chat->n_path++] = (tarn_message_id)chat->n;
    else
        tarn_chat_walk(chat, (tarn_message_id)chat->n);
    if (out)
        *out = (tarn_message_id)chat->n;
    return TARN_OK;
}

enum tarn_status tarn_chat_add(struct tarn_chat *chat, enum tarn_role role,
                               const char *text, size_t text_size,
                               tarn_message_id *out, struct tarn_error *err)
{
    if ((unsigned)role > TARN_TOOL)
        return tarn_fail(err, TARN_USAGE,
                         "Role %d is none of system, user, assistant, tool.",
                         (int)role);
    if (text_size > TARN_CHAT_MAX_TEXT)
        return tarn_fail(err, TARN_LIMIT,
                         "The message has %zu bytes; at most %zu are allowed.",
                         text_size, TARN_CHAT_MAX_TEXT);
    const tarn_message_id end = tarn_chat_end_id(chat);
    tarn_message_id id;
    const enum tarn_status status =
        append(chat, end, role, text, text_size, &id, err);
    if (status != TARN_OK)
        return status;
    chat->at[id - 1]->finished = true;
    tarn_chat_note_add(chat, id, end);
    if (out)
        *out = id;
    return TARN_OK;
}

size_t tarn_chat_length(const struct tarn_chat *chat)
{
    return chat->n_path;
}

bool tarn_chat_message(const struct tarn_chat *chat, size_t at,
                       struct tarn_message *out)
{
    return at < chat->n_path && tarn_chat_find(chat, chat->path[at], out);
}

bool tarn_chat_find(const struct tarn_chat *chat, tarn_message_id id,
                    struct tarn_message *out)
{
    const struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return false;
    *out = (struct tarn_message){
        .size = sizeof *out,
        .id = id,
        .parent = m->parent,
        .role = m->role,
        .text = m->text.data ? m->text.data : "",
        .text_size = m->text.size,
        .finished = m->finished,
        .n_calls = m->n_calls,
    };
    if (m->has_thought) {
        out->thought = m->thought.data ? m->thought.data : "";
        out->thought_size = m->thought.size;
    }
    out->sibling = m->sibling;
    out->n_siblings =
        m->parent == 0 ? chat->n_roots : chat->at[m->parent - 1]->n_children;
    return true;
}

enum tarn_status tarn_chat_select(struct tarn_chat *chat, tarn_message_id id,
                                  struct tarn_error *err)
{
    if (id != 0 && !tarn_chat_at(chat, id))
        return tarn_fail(err, TARN_USAGE,
                         "There is no message %u in this chat.", id);
    tarn_chat_note_select(chat, tarn_chat_end_id(chat));
    tarn_chat_walk(chat, id);
    return TARN_OK;
}

/* ------------------------------------------------------------ while it grows
 */

enum tarn_status tarn_chat_begin(struct tarn_chat *chat, tarn_message_id parent,
                                 tarn_message_id *out, struct tarn_error *err)
{
    if (!tarn_chat_at(chat, parent))
        return tarn_fail(err, TARN_USAGE,
                         "An answer needs a message above it; %u is none.",
                         parent);
    const tarn_message_id end = tarn_chat_end_id(chat);
    const enum tarn_status s =
        append(chat, parent, TARN_ASSISTANT, "", 0, out, err);
    if (s == TARN_OK)
        tarn_chat_note_add(chat, *out, end);
    return s;
}

enum tarn_status tarn_chat_grow(struct tarn_chat *chat, tarn_message_id id,
                                uint32_t span, const char *text, size_t size,
                                struct tarn_error *err)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return TARN_OK;
    struct tarn_buf *b = span == TARN_SPAN_THOUGHT ? &m->thought : &m->text;
    m->has_thought |= span == TARN_SPAN_THOUGHT;
    tarn_buf_add(b, text, size);
    return b->failed ? tarn_chat_no_memory(err, b->size + size) : TARN_OK;
}

enum tarn_status tarn_chat_grow_id(struct tarn_chat *chat, tarn_message_id id,
                                   int32_t token, struct tarn_error *err)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return TARN_OK;
    tarn_ids_add(&m->ids, token);
    return m->ids.failed ? tarn_chat_no_memory(err, m->ids.n * sizeof token) : TARN_OK;
}

enum tarn_status tarn_chat_regrow(struct tarn_chat *chat, tarn_message_id id,
                                  struct tarn_error *err)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return TARN_OK;
    struct message *aside = tarn_alloc(1, sizeof *aside);
    if (!aside)
        return tarn_chat_no_memory(err, m->text.size);
    static const struct message NOTHING = { .parent = 0 };
    drop_before(m);
    move_said(aside, m);
    move_said(m, &NOTHING);
    m->before = aside;
    m->finished = false;
    return TARN_OK;
}

void tarn_chat_regrown(struct tarn_chat *chat, tarn_message_id id)
{
    struct message *m = tarn_chat_at(chat, id);
    if (m)
        drop_before(m);
}

static void shorten(struct tarn_buf *b, size_t size)
{
    if (size < b->size) {
        b->size = size;
        b->data[size] = 0;
    }
}

void tarn_chat_withdraw(struct tarn_chat *chat, tarn_message_id id,
                        size_t n_ids, uint32_t span, size_t size)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return;
    if (n_ids < m->ids.n)
        m->ids.n = n_ids;
    shorten(span == TARN_SPAN_THOUGHT ? &m->thought : &m->text, size);
}

void tarn_chat_was_thought(struct tarn_chat *chat, tarn_message_id id,
                           struct tarn_error *err)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return;
    tarn_buf_add(&m->thought, m->text.data, m->text.size);
    if (m->thought.failed) {
        tarn_chat_no_memory(err, m->text.size);
        return;
    }
    tarn_buf_clear(&m->text);
    m->has_thought = true;
}

void tarn_chat_end(struct tarn_chat *chat, tarn_message_id id, bool finished)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return;
    m->finished = finished;
    if (m->before && !finished) { /* it was not told again to its end */
        free_said(m);
        move_said(m, m->before);
        tarn_free(m->before);
        m->before = NULL;
    }
    drop_before(m);
    if (m->text.size > 0 || m->thought.size > 0 || m->n_calls > 0 ||
        m->n_children > 0)
        return;
    tarn_chat_hide(chat, id);
    if (tarn_chat_end_id(chat) == id)
        chat->n_path--;
}

enum tarn_status tarn_chat_add_call(struct tarn_chat *chat, tarn_message_id id,
                                    const char *text, size_t size, bool cut,
                                    struct tarn_error *err)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return TARN_OK;
    struct call *more =
        tarn_realloc(m->calls, m->n_calls, m->n_calls + 1, sizeof *more);
    if (more)
        m->calls = more;
    char *copy = more ? tarn_dup(text, size) : NULL;
    if (!copy)
        return tarn_chat_no_memory(err, size);
    m->calls[m->n_calls++] = (struct call){ copy, size, cut };
    return TARN_OK;
}

const char *tarn_chat_call(const struct tarn_chat *chat, tarn_message_id id,
                           size_t i, size_t *size, bool *cut)
{
    const struct message *m = tarn_chat_at(chat, id);
    if (!m || i >= m->n_calls)
        return NULL;
    *size = m->calls[i].size;
    *cut = m->calls[i].cut;
    return m->calls[i].text;
}

const int32_t *tarn_chat_ids(const struct tarn_chat *chat, tarn_message_id id,
                             size_t *n)
{
    const struct message *m = tarn_chat_at(chat, id);
    *n = m ? m->ids.n : 0;
    return m ? m->ids.at : NULL;
}

/* ------------------------------------------------------------------ imports */

enum tarn_status tarn_chat_put(struct tarn_chat *chat, tarn_message_id parent,
                               const struct tarn_message_parts *p,
                               tarn_message_id *out, struct tarn_error *err)
{
    tarn_message_id id = 0;
    if (parent != 0 && !tarn_chat_at(chat, parent))
        return tarn_fail(err, TARN_USAGE,
                         "There is no message %u in this chat.", parent);
    if ((unsigned)p->role > TARN_TOOL)
        return tarn_fail(err, TARN_USAGE,
                         "Role %d is none of system, user, assistant, tool.",
                         (int)p->role);
    if (p->text_size > TARN_CHAT_MAX_TEXT ||
        (p->thought && p->thought_size > TARN_CHAT_MAX_TEXT))
        return tarn_fail(err, TARN_LIMIT,
                         "The message has more than %zu bytes.",
                         TARN_CHAT_MAX_TEXT);
    const size_t size = p->text_size + p->thought_size;
    struct tarn_buf thought = { 0 };
    struct tarn_ids ids = { 0 };
    if (p->thought)
        tarn_buf_add(&thought, p->thought, p->thought_size);
    for (size_t i = 0; i < p->n_ids; i++)
        tarn_ids_add(&ids, p->ids[i]);
    enum tarn_status s = thought.failed || ids.failed
                             ? tarn_chat_no_memory(err, size)
                             : append(chat, parent, p->role, p->text,
                                      p->text_size, &id, err);
    if (s != TARN_OK) {
        tarn_buf_finish(&thought);
        tarn_ids_finish(&ids);
        return s;
    }
    struct message *m = chat->at[id - 1];
    m->thought = thought;
    m->has_thought = p->thought != NULL;
    m->ids = ids;
    m->finished = !p->unfinished;
    for (size_t i = 0; s == TARN_OK && i < p->n_calls; i++)
        s = tarn_chat_add_call(chat, id, p->calls[i].text, p->calls[i].size,
                               p->calls[i].cut, err);
    if (s != TARN_OK) {
        tarn_chat_hide(chat, id);
        tarn_chat_walk(chat, parent);
        return s;
    }
    if (out)
        *out = id;
    return TARN_OK;
}

void tarn_chat_attach(struct tarn_chat *chat, tarn_message_id id,
                      struct tarn_trace *trace)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m) {
        tarn_trace_destroy(trace);
        return;
    }
    tarn_trace_destroy(m->trace);
    m->trace = trace;
}

const struct tarn_trace *tarn_chat_trace(const struct tarn_chat *chat,
                                         tarn_message_id id)
{
    const struct message *m = tarn_chat_at(chat, id);
    return m ? m->trace : NULL;
}

const char *tarn_role_name(enum tarn_role role)
{
    static const char *const names[] = { "system", "user", "assistant",
                                         "tool" };
    return (unsigned)role <= TARN_TOOL ? names[role] : "user";
}

void tarn_chat_keep_extra(struct tarn_chat *chat, tarn_message_id id,
                          char *extra)
{
    struct message *m = tarn_chat_at(chat, id);
    if (!m) {
        tarn_free(extra);
        return;
    }
    tarn_free(m->extra);
    m->extra = extra;
}

const char *tarn_chat_extra(const struct tarn_chat *chat, tarn_message_id id)
{
    const struct message *m = tarn_chat_at(chat, id);
    return m ? m->extra : NULL;
}

void tarn_text_free(char *owned)
{
    tarn_free(owned);
}
