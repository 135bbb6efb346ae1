/* prompt.c - see prompt.h. */
#include "core/engine/prompt.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
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

/* The conversation in the field's usual form.  The layouts differ in where a
 * thought goes (a field of its own, or inline), so an assistant's thought is
 * written inline, as the model wrote it. */
static void write_conversation(const struct tarn_chat *chat,
                               const char *tools_json, struct tarn_buf *b)
{
    size_t n = tarn_chat_length(chat);
    tarn_buf_text(b, "{\"messages\":[");
    for (size_t i = 0; i < n; i++) {
        struct tarn_message msg;
        struct tarn_buf content = { 0 };
        if (!tarn_chat_message(chat, i, &msg))
            continue;
        if (msg.thought && msg.thought_size) {
            tarn_buf_text(&content, "<think>");
            tarn_buf_add(&content, msg.thought, msg.thought_size);
            tarn_buf_text(&content, "</think>");
        }
        tarn_buf_add(&content, msg.text, msg.text_size);
        tarn_buf_printf(b, "%s{\"role\":\"%s\",\"content\":", i ? "," : "",
                        role_name(msg.role));
        tarn_json_add_string(b, content.data ? content.data : "",
                             content.size, false);
        tarn_buf_text(b, "}");
        b->failed |= content.failed;
        tarn_buf_finish(&content);
    }
    tarn_buf_text(b, "]");
    if (tools_json)
        tarn_buf_printf(b, ",\"tools\":%s", tools_json);
    tarn_buf_text(b, ",\"add_generation_prompt\":true}");
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
        if (piece->control >= 0)
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

enum tarn_status tarn_prompt_of_chat(const struct tarn_model *m,
                                     const struct tarn_chat *chat,
                                     const char *tools_json,
                                     struct tarn_ids *out,
                                     struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    struct tarn_json *doc = NULL;
    struct tarn_prompt prompt = { 0 };
    struct tarn_prompt_options opt = { .layout = m->info.layout,
                                       .add_generation_prompt = true };
    write_conversation(chat, tools_json, &b);
    enum tarn_status s = b.failed ? tarn_fail(err, TARN_NO_MEMORY,
                                              "no memory for the prompt")
                                  : tarn_json_read(b.data, b.size, &doc, err);
    if (!s)
        s = tarn_prompt_build(m->text, doc, &opt, &prompt, err);
    if (!s)
        s = add_pieces(m, chat, &prompt, out, err);
    tarn_prompt_finish(&prompt);
    tarn_json_free(doc);
    tarn_buf_finish(&b);
    return s;
}
