/* chat_whole.c - a chat with all its branches as JSON, and back: docs/chat.md.
 *
 * Messages are numbered as they are written, so what was deleted leaves no
 * gap and a chat that was read is written the same. */
#include "core/chat/tree.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

#define FORM 1
#define MAX_CALLS 1024u         /* blocks of one message */
#define MAX_IDS ((size_t)1 << 20) /* of one message */

/* --------------------------------------------------------------------- out */

static bool has_begun(const struct message *m)
{
    return m->role != TARN_ASSISTANT || m->finished || m->text.size > 0 ||
           m->thought.size > 0 || m->ids.n > 0 || m->n_calls > 0 || m->before;
}

/* numbers [n]: what each message is called in the file, 0: left out.  Hidden
 * messages stay behind, and an answer that has not begun unless something that
 * is written follows it. */
static tarn_message_id *number_all(const struct tarn_chat *chat)
{
    tarn_message_id *numbers = tarn_alloc(chat->n + 1, sizeof *numbers), k = 0;
    for (size_t i = numbers ? chat->n : 0; i-- > 0;) {
        const struct message *m = chat->at[i];
        numbers[i] = !m->hidden && (numbers[i] || has_begun(m));
        if (numbers[i] && m->parent)
            numbers[m->parent - 1] = 1;
    }
    for (size_t i = 0; numbers && i < chat->n; i++)
        if (numbers[i])
            numbers[i] = ++k;
    return numbers;
}

bool tarn_chat_written_id(const struct tarn_chat *chat, tarn_message_id id,
                          tarn_message_id *out)
{
    *out = 0;
    if (!id || id > chat->n)
        return true;
    tarn_message_id *numbers = number_all(chat);
    if (numbers)
        *out = numbers[id - 1];
    const bool good = numbers != NULL;
    tarn_free(numbers);
    return good;
}

/* Text that is no UTF-8 goes as a list of bytes: JSON can't carry it. */
static void add_text(struct tarn_buf *b, const char *key,
                     const struct tarn_buf *text)
{
    if (tarn_utf8_valid(text->data ? text->data : "", text->size)) {
        tarn_buf_printf(b, ", \"%s\": ", key);
        tarn_json_add_string(b, text->data ? text->data : "", text->size,
                             false);
        return;
    }
    tarn_buf_printf(b, ", \"%s_bytes\": [", key);
    for (size_t i = 0; i < text->size; i++)
        tarn_buf_printf(b, i ? ",%u" : "%u", (unsigned char)text->data[i]);
    tarn_buf_byte(b, ']');
}

static void add_calls(struct tarn_buf *b, const struct message *m)
{
    for (uint32_t i = 0; i < m->n_calls; i++) {
        const struct call *c = &m->calls[i];
        const struct tarn_buf text = { .data = c->text, .size = c->size };
        tarn_buf_printf(b, "%s{\"n\": %u", i ? ", " : ", \"calls\": [", i + 1);
        add_text(b, "text", &text);
        tarn_buf_text(b, c->cut ? ", \"cut\": true}" : "}");
    }
    tarn_buf_text(b, m->n_calls ? "]" : "");
}

static enum tarn_status add_one(struct tarn_buf *b,
                                const struct tarn_chat *chat,
                                const struct message *m, tarn_message_id id,
                                tarn_message_id parent, struct tarn_error *err)
{
    const struct message *said = m->before ? m->before : m;
    tarn_buf_printf(b, "{\"id\": %u, \"parent\": %u, \"role\": \"%s\"", id,
                    parent, tarn_role_name(m->role));
    add_text(b, "content", &said->text);
    if (said->has_thought)
        add_text(b, "thinking", &said->thought);
    if (said->ids.n > 0)
        tarn_buf_text(b, ", \"ids\": [");
    for (size_t i = 0; i < said->ids.n; i++)
        tarn_buf_printf(b, i ? ",%d" : "%d", said->ids.at[i]);
    tarn_buf_text(b, said->ids.n > 0 ? "]" : "");
    add_calls(b, said);
    tarn_buf_text(b, m->finished ? "" : ", \"finished\": false");
    if (m->extra) {
        tarn_buf_text(b, ", ");
        tarn_buf_text(b, m->extra);
    }
    const enum tarn_status s = tarn_chat_add_trace(b, chat, m, err);
    tarn_buf_byte(b, '}');
    return s;
}

enum tarn_status tarn_chat_tree_json(const struct tarn_chat *chat, char **out,
                                     size_t *size, struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    tarn_message_id *numbers = number_all(chat);
    tarn_message_id end = tarn_chat_end_id(chat);
    enum tarn_status s = TARN_OK;
    b.failed = !numbers;
    while (numbers && end && !numbers[end - 1])
        end = chat->at[end - 1]->parent;
    tarn_buf_printf(&b, "{\"tarn_chat\": %d, \"active\": %u, \"messages\": [",
                    FORM, numbers && end ? numbers[end - 1] : 0);
    for (size_t i = 0; numbers && s == TARN_OK && i < chat->n; i++) {
        const struct message *m = chat->at[i];
        if (!numbers[i])
            continue;
        tarn_buf_text(&b, numbers[i] > 1 ? ",\n" : "\n");
        s = add_one(&b, chat, m, numbers[i],
                    m->parent ? numbers[m->parent - 1] : 0, err);
    }
    tarn_buf_text(&b, "\n]}\n");
    tarn_free(numbers);
    if (s == TARN_OK && b.failed)
        s = tarn_fail(err, TARN_NO_MEMORY,
                      "There was not enough memory to write the chat.");
    const size_t n = b.size;
    if (s == TARN_OK && !(*out = tarn_buf_take(&b)))
        s = tarn_fail(err, TARN_NO_MEMORY,
                      "There was not enough memory to write the chat.");
    if (s == TARN_OK)
        *size = n;
    tarn_buf_finish(&b);
    return s;
}

/* ---------------------------------------------------------------------- in */

static enum tarn_status bad(struct tarn_error *err, size_t index,
                            const char *what)
{
    return tarn_fail(err, TARN_USAGE, "Message %zu %s.", index + 1, what);
}

static bool number_of(const struct tarn_json *v, const char *key, int64_t lo,
                      int64_t hi, int64_t *out)
{
    return tarn_json_i64(tarn_json_get(v, key), out) && *out >= lo &&
           *out <= hi;
}

/* `key`, or the bytes of `key`_bytes. */
static enum tarn_status read_text(const struct tarn_json *v, const char *key,
                                  const char *bytes_key, size_t index,
                                  struct tarn_buf *out, bool *found,
                                  struct tarn_error *err)
{
    const struct tarn_json *bytes = tarn_json_get(v, bytes_key);
    const struct tarn_json *text = tarn_json_get(v, key);
    *found = bytes || (text && text->kind != TARN_JSON_NULL);
    if (!bytes)
        return tarn_chat_content_of(text, index, out, err);
    if (bytes->kind != TARN_JSON_ARRAY)
        return bad(err, index, "has bytes that are no list");
    for (const struct tarn_json *k = bytes->first; k; k = k->next) {
        int64_t byte;
        if (!tarn_json_i64(k, &byte) || byte < 0 || byte > 255)
            return bad(err, index, "has a byte that is none");
        tarn_buf_byte(out, (int)byte);
    }
    return TARN_OK;
}

const char *tarn_chat_ids_of(const struct tarn_json *list, struct tarn_ids *out)
{
    if (!list)
        return NULL;
    if (list->kind != TARN_JSON_ARRAY || list->n > MAX_IDS)
        return "has ids that are no list, or too many";
    for (const struct tarn_json *k = list->first; k; k = k->next) {
        int64_t id;
        if (!tarn_json_i64(k, &id) || id < 0 || id > INT32_MAX)
            return "has an id that is none";
        tarn_ids_add(out, (int32_t)id);
    }
    return NULL;
}

struct reading {
    struct tarn_buf text, thought, call;
    struct tarn_ids ids;
    struct tarn_traces_in *traces;
};

/* Blocks of calls go to the message, which is there already. */
static enum tarn_status read_calls(struct tarn_chat *chat, tarn_message_id id,
                                   const struct tarn_json *v, size_t index,
                                   struct reading *r, struct tarn_error *err)
{
    const struct tarn_json *list = tarn_json_get(v, "calls");
    if (!list)
        return TARN_OK;
    if (list->kind != TARN_JSON_ARRAY || list->n > MAX_CALLS)
        return bad(err, index, "has calls that are no list, or too many");
    for (const struct tarn_json *k = list->first; k; k = k->next) {
        const struct tarn_json *cut = tarn_json_get(k, "cut");
        bool found;
        tarn_buf_clear(&r->call);
        enum tarn_status s = read_text(k, "text", "text_bytes", index,
                                       &r->call, &found, err);
        if (s == TARN_OK && !found)
            s = bad(err, index, "has a call without text");
        if (s == TARN_OK && r->call.failed)
            s = tarn_chat_no_memory(err, r->call.size);
        if (s == TARN_OK)
            s = tarn_chat_add_call(chat, id, r->call.data ? r->call.data : "",
                                   r->call.size,
                                   cut && cut->kind == TARN_JSON_TRUE, err);
        if (s != TARN_OK)
            return s;
    }
    return TARN_OK;
}

static enum tarn_status put_one(struct tarn_chat *chat,
                                const struct tarn_json *v, size_t index,
                                struct reading *r, struct tarn_error *err)
{
    struct tarn_message_parts p = { .size = sizeof p };
    const struct tarn_json *f = tarn_json_get(v, "finished");
    int64_t id, parent;
    bool has_text, has_thought;
    if (v->kind != TARN_JSON_OBJECT)
        return bad(err, index, "is no JSON object");
    if (!number_of(v, "id", (int64_t)index + 1, (int64_t)index + 1, &id) ||
        !number_of(v, "parent", 0, (int64_t)index, &parent))
        return bad(err, index, "has an id that is not its place in the list, "
                               "or a parent that does not stand before it");
    if (!tarn_chat_role_of(tarn_json_get(v, "role"), &p.role))
        return bad(err, index, "has a role that is none of system, user, "
                               "assistant, tool");
    if (f && f->kind != TARN_JSON_TRUE && f->kind != TARN_JSON_FALSE)
        return bad(err, index, "is neither finished nor not");
    enum tarn_status s = read_text(v, "content", "content_bytes", index,
                                   &r->text, &has_text, err);
    if (s == TARN_OK)
        s = read_text(v, "thinking", "thinking_bytes", index, &r->thought,
                      &has_thought, err);
    const char *wrong = tarn_chat_ids_of(tarn_json_get(v, "ids"), &r->ids);
    if (s == TARN_OK && wrong)
        s = bad(err, index, wrong);
    if (s != TARN_OK)
        return s;
    if (r->text.failed || r->thought.failed || r->ids.failed)
        return tarn_chat_no_memory(err, r->text.size);
    p.text = r->text.data ? r->text.data : "";
    p.text_size = r->text.size;
    if (has_thought)
        p.thought = r->thought.data ? r->thought.data : "";
    p.thought_size = r->thought.size;
    p.ids = r->ids.at;
    p.n_ids = r->ids.n;
    p.unfinished = f && f->kind == TARN_JSON_FALSE;
    s = tarn_chat_put(chat, (tarn_message_id)parent, &p, NULL, err);
    if (s != TARN_OK)
        return s;
    s = tarn_chat_read_trace(chat, (tarn_message_id)id, v, r->traces, err);
    if (s == TARN_OK)
        s = read_calls(chat, (tarn_message_id)id, v, index, r, err);
    if (s != TARN_OK)
        return s;
    return tarn_chat_keep_others(chat, (tarn_message_id)id, v, err);
}

enum tarn_status tarn_chat_read_whole(const struct tarn_json *doc,
                                      struct tarn_chat *chat,
                                      struct tarn_error *err)
{
    int64_t form, active;
    size_t index = 0;
    if (!number_of(doc, "tarn_chat", 1, INT32_MAX, &form))
        return tarn_fail(err, TARN_USAGE, "The chat's form has no number.");
    if (form > FORM)
        return tarn_fail(err, TARN_BAD_FILE,
                         "The chat was saved by a newer tarn: its form has "
                         "number %d, this tarn reads up to %d.",
                         (int)form, FORM);
    const struct tarn_json *list = tarn_json_get(doc, "messages");
    struct tarn_traces_in traces = { .n_messages = list->n };
    enum tarn_status s = TARN_OK;
    for (const struct tarn_json *v = list->first; v && s == TARN_OK;
         v = v->next, index++) {
        struct reading r = { .traces = &traces };
        s = put_one(chat, v, index, &r, err);
        tarn_buf_finish(&r.text);
        tarn_buf_finish(&r.thought);
        tarn_buf_finish(&r.call);
        tarn_ids_finish(&r.ids);
    }
    tarn_chat_end_traces(chat, &traces);
    if (s != TARN_OK)
        return s;
    if (!number_of(doc, "active", 0, (int64_t)index, &active))
        return tarn_fail(err, TARN_USAGE,
                         "The chat does not say which message its path ends "
                         "with.");
    tarn_chat_walk(chat, (tarn_message_id)active);
    return TARN_OK;
}
