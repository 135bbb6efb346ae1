/* prompt.c - see prompt.h. */
#include "core/engine/prompt.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/chat/chat.h"

static const char *role_name(enum tarn_role role)
{
    switch (role) {
    case TARN_SYSTEM: return "system";
    case TARN_USER: return "user";
    case TARN_ASSISTANT: return "assistant";
    case TARN_TOOL: return "tool";
    }
    return "user";
}

/* The conversation in the field's usual form, made as a tree at once: text
 * that is no UTF-8 must reach the tokenizer byte for byte, which JSON text
 * could not carry.  Per message four nodes:
 * {"role":...,"content":...,"tool_calls":...}, the last where it was imported. */
struct conversation {
    struct tarn_json *nodes; /* root, messages, flag, tools, then the messages */
    size_t n;
    struct tarn_buf text;    /* what assistants said, thoughts inline */
    struct tarn_json *tools; /* parsed, or NULL */
    struct tarn_json **extras; /* [n] parsed, or NULL */
};
#define NODES_OF_MESSAGE 4

static void set_key(struct tarn_json *v, const char *key)
{
    v->key = key;
    v->key_size = strlen(key);
}

static struct tarn_json string_node(const char *key, const char *text,
                                    size_t size)
{
    struct tarn_json v = { .kind = TARN_JSON_STRING, .text = text,
                           .size = size };
    set_key(&v, key);
    return v;
}

static struct tarn_json *nodes_of(const struct conversation *c, size_t i)
{
    return c->nodes + 4 + NODES_OF_MESSAGE * i;
}

/* A thought, or calls: their text is not the message's own. */
static bool is_made(const struct tarn_message *m)
{
    return (m->thought && m->thought_size) || m->n_calls > 0;
}

/* The layouts differ in where a thought goes (a field of its own, or inline),
 * so it is written inline, as the model wrote it; calls by their markers'
 * names, which prompt_calls.c turns into tokens. */
static void add_said(struct tarn_buf *b, const struct tarn_chat *chat,
                     const struct tarn_message *m)
{
    if (m->thought && m->thought_size) {
        tarn_buf_text(b, "<think>");
        tarn_buf_add(b, m->thought, m->thought_size);
        tarn_buf_text(b, "</think>");
    }
    tarn_buf_add(b, m->text, m->text_size);
    tarn_prompt_spell_calls(chat, m->id, b);
}

/* What other programs' calls were imported with. */
static enum tarn_status read_extra(struct conversation *c, size_t i,
                                   const char *extra, struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    if (!extra || !strstr(extra, "\"tool_calls\""))
        return TARN_OK;
    tarn_buf_byte(&b, '{');
    tarn_buf_text(&b, extra);
    tarn_buf_byte(&b, '}');
    enum tarn_status s =
        b.failed ? tarn_fail(err, TARN_NO_MEMORY, "no memory for the prompt")
                 : tarn_json_read(b.data, b.size, &c->extras[i], err);
    tarn_buf_finish(&b);
    return s;
}

static void add_message(struct conversation *c, size_t i,
                        const struct tarn_message *m, const char **said)
{
    struct tarn_json *v = nodes_of(c, i);
    const char *text = m->text;
    size_t size = m->text_size;
    if (is_made(m)) {
        text = *said;
        size = v[2].size;
        *said += size;
    }
    const char *role = role_name(m->role);
    const struct tarn_json *calls =
        tarn_json_get(c->extras[i], "tool_calls");
    v[1] = string_node("role", role, strlen(role));
    v[2] = string_node("content", text ? text : "", size);
    v[1].next = &v[2];
    v[0] = (struct tarn_json){ .kind = TARN_JSON_OBJECT, .first = &v[1],
                               .n = 2,
                               .next = i + 1 < c->n ? v + NODES_OF_MESSAGE
                                                    : NULL };
    if (calls && m->role == TARN_ASSISTANT && !m->n_calls) {
        v[3] = *calls;
        v[3].next = NULL;
        set_key(&v[3], "tool_calls");
        v[2].next = &v[3];
        v[0].n = 3;
    }
}

/* The size of what was made goes into its node at once. */
static enum tarn_status make_texts(const struct tarn_chat *chat,
                                   struct conversation *c,
                                   struct tarn_error *err)
{
    struct tarn_message m;
    for (size_t i = 0; i < c->n; i++) {
        if (!tarn_chat_message(chat, i, &m))
            continue;
        const size_t from = c->text.size;
        if (is_made(&m))
            add_said(&c->text, chat, &m);
        nodes_of(c, i)[2].size = c->text.size - from;
        enum tarn_status s = read_extra(c, i, tarn_chat_extra(chat, m.id), err);
        if (s)
            return s;
    }
    return c->text.failed ? tarn_fail(err, TARN_NO_MEMORY,
                                      "no memory for the prompt")
                          : TARN_OK;
}

static enum tarn_status make_conversation(const struct tarn_chat *chat,
                                          size_t n, const char *tools_json,
                                          struct conversation *c,
                                          struct tarn_error *err)
{
    struct tarn_message m;
    c->n = n;
    c->nodes = tarn_alloc(4 + NODES_OF_MESSAGE * c->n, sizeof *c->nodes);
    c->extras = tarn_alloc(c->n, sizeof(struct tarn_json *));
    if (!c->nodes || !c->extras)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the prompt");
    enum tarn_status s = make_texts(chat, c, err);
    if (s)
        return s;
    const char *said = c->text.data;
    for (size_t i = 0; i < c->n; i++)
        if (tarn_chat_message(chat, i, &m))
            add_message(c, i, &m, &said);
    struct tarn_json *v = c->nodes;
    v[0] = (struct tarn_json){ .kind = TARN_JSON_OBJECT, .first = &v[1],
                               .n = 2 };
    v[1] = (struct tarn_json){ .kind = TARN_JSON_ARRAY, .next = &v[2],
                               .first = c->n ? &v[4] : NULL, .n = c->n };
    v[2] = (struct tarn_json){ .kind = TARN_JSON_TRUE };
    set_key(&v[1], "messages");
    set_key(&v[2], "add_generation_prompt");
    if (!tools_json)
        return TARN_OK;
    s = tarn_json_read(tools_json, strlen(tools_json), &c->tools, err);
    if (s)
        return s;
    v[3] = *c->tools;
    v[3].next = NULL;
    set_key(&v[3], "tools");
    v[2].next = &v[3];
    v[0].n = 3;
    return TARN_OK;
}

/* Of the sampled ids, those from `first` on that are text and say exactly
 * this; false where they don't (edited, trimmed differently). */
static bool ids_say(const struct tarn_text *t, const int32_t *ids, size_t n,
                    const char *text, size_t size)
{
    for (size_t i = 0; i < n; i++) {
        size_t k;
        const char *bytes = tarn_text_bytes(t, ids[i], &k);
        if (k > size || memcmp(bytes, text, k))
            return false;
        text += k;
        size -= k;
    }
    return size == 0;
}

/* The answer's part of what was sampled: behind the last </think>, before the
 * token that ended the turn. */
static const int32_t *answer_ids(const struct tarn_text *t, const int32_t *ids,
                                 size_t *n)
{
    int32_t close = tarn_text_control(t, TARN_CTL_THINK_END);
    size_t first = 0, end = *n;
    for (size_t i = 0; i < *n; i++)
        if (ids[i] == close && close >= 0)
            first = i + 1;
    while (end > first && tarn_text_is_end(t, ids[end - 1]))
        end--;
    *n = end - first;
    return ids + first;
}

#define ASSISTANT "assistant\n"

/* "assistant\n" + answer as one run: the ids of both, if the answer's were
 * kept and still say the same. */
static bool add_kept(const struct tarn_text *t, const struct tarn_chat *chat,
                     const struct tarn_prompt_piece *p, struct tarn_ids *out,
                     struct tarn_error *err)
{
    struct tarn_message msg;
    size_t skip = sizeof ASSISTANT - 1, n;
    if (p->control >= 0 || p->message == UINT32_MAX || p->size <= skip ||
        memcmp(p->text, ASSISTANT, skip) ||
        !tarn_chat_message(chat, p->message, &msg) ||
        msg.role != TARN_ASSISTANT)
        return false;
    const int32_t *ids = tarn_chat_ids(chat, msg.id, &n);
    ids = n ? answer_ids(t, ids, &n) : NULL;
    if (!ids || !ids_say(t, ids, n, p->text + skip, p->size - skip))
        return false;
    if (tarn_text_encode(t, p->text, skip, out, err))
        return false;
    for (size_t i = 0; i < n; i++)
        tarn_ids_add(out, ids[i]);
    return true;
}

static enum tarn_status add_pieces(const struct tarn_model *m,
                                   const struct tarn_chat *chat,
                                   const struct tarn_prompt *p,
                                   struct tarn_ids *out,
                                   struct tarn_error *err)
{
    for (size_t i = 0; i < p->n_pieces; i++) {
        const struct tarn_prompt_piece *piece = &p->pieces[i];
        const size_t n = tarn_prompt_call_turn(m, chat, p, i);
        if (n > 0) {
            enum tarn_status s = tarn_prompt_add_call_turn(
                m, chat, piece, n, out, err);
            if (s)
                return s;
            i += n - 1;
        } else if (piece->control >= 0)
            tarn_ids_add(out, piece->control);
        else if (!add_kept(m->text, chat, piece, out, err)) {
            enum tarn_status s = tarn_text_encode(m->text, piece->text,
                                                  piece->size, out, err);
            if (s)
                return s;
        }
    }
    return out->failed ? tarn_fail(err, TARN_NO_MEMORY,
                                   "no memory for the prompt")
                       : TARN_OK;
}

enum tarn_status tarn_prompt_of_path(const struct tarn_model *m,
                                     const struct tarn_chat *chat, size_t n,
                                     const char *tools_json,
                                     struct tarn_ids *out,
                                     struct tarn_error *err)
{
    struct conversation c = { 0 };
    struct tarn_prompt prompt = { 0 };
    struct tarn_prompt_options opt = { .layout = m->info.layout,
                                       .add_generation_prompt = true };
    enum tarn_status s = make_conversation(chat, n, tools_json, &c, err);
    if (!s)
        s = tarn_prompt_build(m->text, c.nodes, &opt, &prompt, err);
    if (!s)
        s = add_pieces(m, chat, &prompt, out, err);
    tarn_prompt_finish(&prompt);
    tarn_json_free(c.tools);
    for (size_t i = 0; c.extras && i < c.n; i++)
        tarn_json_free(c.extras[i]);
    tarn_free(c.extras);
    tarn_free(c.nodes);
    tarn_buf_finish(&c.text);
    return s;
}

/* ------------------------------------------------------ answers that go on */
static enum tarn_status add_tag(const struct tarn_text *t, enum tarn_control c,
                                const char *name, struct tarn_ids *out,
                                struct tarn_error *err)
{
    const int32_t id = tarn_text_control(t, c);
    if (id < 0)
        return tarn_text_encode(t, name, strlen(name), out, err);
    tarn_ids_add(out, id);
    return TARN_OK;
}

enum { ENOUGH = 256 }; /* bytes that tell one text from another */

/* What is no character became U+FFFD in the text: neither counts. */
static void add_characters(struct tarn_buf *b, const char *text, size_t size)
{
    int32_t code;
    for (size_t n; size; text += n, size -= n) {
        n = tarn_utf8_decode(text, size, &code);
        if (code >= 0 && code != 0xFFFD)
            tarn_buf_add(b, text, n);
    }
}

/* Is the text's beginning in there? */
static bool holds(const struct tarn_buf *all, const char *text, size_t size)
{
    struct tarn_buf b = { 0 };
    add_characters(&b, text, size < ENOUGH ? size : ENOUGH);
    bool found = b.failed || !b.size;
    for (size_t i = 0; !found && i + b.size <= all->size; i++)
        found = !memcmp(all->data + i, b.data, b.size);
    tarn_buf_finish(&b);
    return found;
}

/* Another model's ids mean other words; what a message with calls says is not
 * all in its text. */
static bool ids_are_of(const struct tarn_text *t, const int32_t *ids, size_t n,
                       const struct tarn_message *m)
{
    struct tarn_buf raw = { 0 }, b = { 0 };
    for (size_t i = 0; i < n && !m->n_calls; i++) {
        size_t size;
        const char *bytes = tarn_text_bytes(t, ids[i], &size);
        tarn_buf_add(&raw, bytes, size);
    }
    add_characters(&b, raw.data, raw.size);
    const bool are = m->n_calls || raw.failed || b.failed ||
                     (holds(&b, m->text, m->text_size) &&
                      holds(&b, m->thought, m->thought_size));
    tarn_buf_finish(&raw);
    tarn_buf_finish(&b);
    return are;
}

enum tarn_status tarn_prompt_of_answer(const struct tarn_model *m,
                                       const struct tarn_chat *chat,
                                       tarn_message_id id,
                                       struct tarn_ids *out,
                                       struct tarn_error *err)
{
    const bool opened = tarn_layout_opens_thought(m->info.layout);
    struct tarn_message msg;
    size_t n;
    const int32_t *ids = tarn_chat_ids(chat, id, &n);
    enum tarn_status s = TARN_OK;
    while (n && tarn_text_is_end(m->text, ids[n - 1]))
        n--;
    if (!tarn_chat_find(chat, id, &msg))
        return s;
    if (!ids_are_of(m->text, ids, n, &msg))
        n = 0;
    for (size_t i = 0; i < n; i++)
        tarn_ids_add(out, ids[i]);
    if (n)
        return s;
    if (msg.n_calls)
        return tarn_fail(err, TARN_USAGE,
                         "the answer's tokens were not kept and it has tool "
                         "calls; try it again instead");
    if (msg.thought && !opened)
        s = add_tag(m->text, TARN_CTL_THINK, "<think>", out, err);
    if (!s && msg.thought)
        s = tarn_text_encode(m->text, msg.thought, msg.thought_size, out, err);
    if (!s && msg.text_size && (msg.thought || opened))
        s = add_tag(m->text, TARN_CTL_THINK_END, "</think>", out, err);
    return s ? s : tarn_text_encode(m->text, msg.text, msg.text_size, out, err);
}
