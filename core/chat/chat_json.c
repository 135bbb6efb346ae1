/* chat_json.c - a chat's active path to and from the field's usual form:
 * {"messages":[{"role":...,"content":...,"thinking":...},...]}.
 *
 * Keys that a chat has no place for (tool_calls, name, ...) are kept as text
 * and come out again.  Content given as parts is joined if all are text. */
#include "core/chat/tree.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/text/value.h"

/* --------------------------------------------------------------------- out */

enum tarn_status tarn_chat_json(const struct tarn_chat *chat, char **out,
                                size_t *size, struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    struct tarn_message m;
    tarn_buf_text(&b, "{\"messages\": [");
    for (size_t i = 0; tarn_chat_message(chat, i, &m); i++) {
        tarn_buf_printf(&b,
                        "%s{\"role\": \"%s\", \"content\": ", i > 0 ? ", " : "",
                        tarn_role_name(m.role));
        tarn_json_add_string(&b, m.text, m.text_size, false);
        if (m.thought) {
            tarn_buf_text(&b, ", \"thinking\": ");
            tarn_json_add_string(&b, m.thought, m.thought_size, false);
        }
        const char *extra = tarn_chat_extra(chat, m.id);
        if (extra) {
            tarn_buf_text(&b, ", ");
            tarn_buf_text(&b, extra);
        }
        tarn_buf_byte(&b, '}');
    }
    tarn_buf_text(&b, "]}\n");
    const size_t n = b.size;
    *out = tarn_buf_take(&b);
    if (!*out)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory to write the chat.");
    *size = n;
    return TARN_OK;
}

/* ---------------------------------------------------------------------- in */

bool tarn_chat_role_of(const struct tarn_json *v, enum tarn_role *out)
{
    for (int r = TARN_SYSTEM; r <= TARN_TOOL; r++)
        if (tarn_json_is_string(v, tarn_role_name((enum tarn_role)r))) {
            *out = (enum tarn_role)r;
            return true;
        }
    return false;
}

static const struct tarn_json *thought_of(const struct tarn_json *v)
{
    static const char *const keys[] = { "thinking", "reasoning",
                                        "reasoning_content" };
    for (int i = 0; i < 3; i++) {
        const struct tarn_json *t = tarn_json_get(v, keys[i]);
        if (t && t->kind == TARN_JSON_STRING)
            return t;
    }
    return NULL;
}

/* Keys that one of the two forms has a place for. */
static bool has_place(const struct tarn_json *v)
{
    static const char *const keys[] = {
        "role", "content", "thinking", "reasoning", "reasoning_content",
        "id", "parent", "ids", "finished", "trace", "trace_prompt",
        "content_bytes", "thinking_bytes", "calls" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strlen(keys[i]) == v->key_size &&
            memcmp(keys[i], v->key, v->key_size) == 0)
            return true;
    return false;
}

/* Content: a string, null or nothing, or a list of text parts. */
enum tarn_status tarn_chat_content_of(const struct tarn_json *v, size_t index,
                                      struct tarn_buf *out,
                                      struct tarn_error *err)
{
    if (!v || v->kind == TARN_JSON_NULL)
        return TARN_OK;
    if (v->kind == TARN_JSON_STRING) {
        tarn_buf_add(out, v->text, v->size);
        return TARN_OK;
    }
    if (v->kind != TARN_JSON_ARRAY)
        return tarn_fail(err, TARN_USAGE,
                         "The content of message %zu is neither text nor a "
                         "list of parts.",
                         index);
    for (const struct tarn_json *part = v->first; part; part = part->next) {
        const struct tarn_json *text =
            part->kind == TARN_JSON_STRING ? part : tarn_json_get(part, "text");
        if (!text || text->kind != TARN_JSON_STRING)
            return tarn_fail(err, TARN_USAGE,
                             "Message %zu has a part that is not text; this "
                             "model reads text only.",
                             index);
        tarn_buf_add(out, text->text, text->size);
    }
    return TARN_OK;
}

enum tarn_status tarn_chat_keep_others(struct tarn_chat *chat,
                                       tarn_message_id id,
                                       const struct tarn_json *v,
                                       struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    for (const struct tarn_json *k = v->first; k; k = k->next) {
        if (has_place(k) || !tarn_value_is_finite(k))
            continue; /* Infinity could not be read again */
        if (b.size > 0)
            tarn_buf_text(&b, ", ");
        tarn_json_add_string(&b, k->key, k->key_size, false);
        tarn_buf_text(&b, ": ");
        tarn_value_add(&b, k, TARN_VALUE_JSON);
    }
    if (b.failed) {
        tarn_buf_finish(&b);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory to read the chat.");
    }
    if (b.size > 0)
        tarn_chat_keep_extra(chat, id, tarn_buf_take(&b));
    return TARN_OK;
}

static enum tarn_status add_message(struct tarn_chat *chat,
                                    const struct tarn_json *v, size_t index,
                                    struct tarn_error *err)
{
    enum tarn_role role;
    struct tarn_buf content = { 0 };
    tarn_message_id id = 0;
    if (v->kind != TARN_JSON_OBJECT)
        return tarn_fail(err, TARN_USAGE, "Message %zu is no JSON object.",
                         index);
    const struct tarn_json *r = tarn_json_get(v, "role");
    if (!tarn_chat_role_of(r, &role))
        return tarn_fail(err, TARN_USAGE,
                         "The role of message %zu is \"%s\"; it must be "
                         "system, user, assistant or tool.",
                         index,
                         r && r->text ? tarn_shown(r->text, r->size).text : "");
    enum tarn_status s =
        tarn_chat_content_of(tarn_json_get(v, "content"), index, &content,
                             err);
    if (s == TARN_OK && content.failed)
        s = tarn_fail(err, TARN_NO_MEMORY,
                      "There was not enough memory to read the chat.");
    const struct tarn_json *thought = thought_of(v);
    const struct tarn_message_parts parts = {
        .size = sizeof parts, .role = role,
        .text = content.data ? content.data : "", .text_size = content.size,
        .thought = thought ? thought->text : NULL,
        .thought_size = thought ? thought->size : 0 };
    if (s == TARN_OK)
        s = tarn_chat_put(chat, tarn_chat_end_id(chat), &parts, &id, err);
    tarn_buf_finish(&content);
    return s == TARN_OK ? tarn_chat_keep_others(chat, id, v, err) : s;
}

enum tarn_status tarn_chat_from_json(const char *text, size_t size,
                                     struct tarn_chat **out,
                                     struct tarn_error *err)
{
    struct tarn_json *doc = NULL;
    struct tarn_chat *chat = NULL;
    enum tarn_status s = tarn_json_read(text, size, &doc, err);
    if (s != TARN_OK)
        return s;
    const bool whole = tarn_json_get(doc, "tarn_chat") != NULL;
    const struct tarn_json *list =
        doc->kind == TARN_JSON_ARRAY ? doc : tarn_json_get(doc, "messages");
    if (!list || list->kind != TARN_JSON_ARRAY)
        s = tarn_fail(err, TARN_USAGE,
                      "The conversation has no list \"messages\".");
    if (s == TARN_OK)
        s = tarn_chat_create(&chat, err);
    size_t index = 0;
    if (s == TARN_OK && whole)
        s = tarn_chat_read_whole(doc, chat, err);
    for (const struct tarn_json *v = s || whole ? NULL : list->first;
         v && s == TARN_OK; v = v->next)
        s = add_message(chat, v, index++, err);
    tarn_json_free(doc);
    if (s != TARN_OK) {
        tarn_chat_destroy(chat);
        return s;
    }
    *out = chat;
    return TARN_OK;
}
