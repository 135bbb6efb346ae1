/* prompt_calls.c - turns in which the model called tools; see prompt.h.
 *
 * The layouts render calls anew from their parsed form; here the calls go back
 * to the model as it wrote them, so that the cache still fits. */
#include <string.h>

#include "core/base/error.h"
#include "core/chat/chat.h"
#include "core/engine/prompt.h"

#define OPENS "<|tool_call_start|>"
#define ENDS "<|tool_call_end|>"
#define ASSISTANT "assistant\n"

void tarn_prompt_spell_calls(const struct tarn_chat *chat, tarn_message_id id,
                             struct tarn_buf *out)
{
    size_t size;
    bool cut;
    const char *text;
    for (size_t i = 0; (text = tarn_chat_call(chat, id, i, &size, &cut)); i++) {
        tarn_buf_text(out, OPENS);
        tarn_buf_add(out, text, size);
        if (!cut)
            tarn_buf_text(out, ENDS);
    }
}

static bool find_message(const struct tarn_chat *chat,
                         const struct tarn_prompt_piece *p,
                         struct tarn_message *out)
{
    return p->message != UINT32_MAX &&
           tarn_chat_message(chat, p->message, out) &&
           out->role == TARN_ASSISTANT && out->n_calls > 0;
}

size_t tarn_prompt_call_turn(const struct tarn_model *m,
                             const struct tarn_chat *chat,
                             const struct tarn_prompt *p, size_t at)
{
    const struct tarn_prompt_piece *first = &p->pieces[at];
    struct tarn_message msg;
    size_t n = 1;
    if (first->control < 0 || first->name != TARN_CTL_IM_START ||
        tarn_text_control(m->text, TARN_CTL_TOOL_CALL) < 0 ||
        tarn_text_control(m->text, TARN_CTL_TOOL_CALL_END) < 0 ||
        !find_message(chat, first, &msg))
        return 0;
    while (at + n < p->n_pieces && first[n].message == first->message)
        n++;
    /* marker, role and text, ..., marker, line feed */
    return n >= 4 && first[n - 2].name == TARN_CTL_IM_END &&
                   first[n - 2].control >= 0 && first[1].control < 0 &&
                   first[1].size >= sizeof ASSISTANT - 1
               ? n
               : 0;
}

/* Do the ids behind the thought hold exactly these calls? */
static bool ids_call(const struct tarn_text *t, const struct tarn_chat *chat,
                     tarn_message_id id, const int32_t *ids, size_t n)
{
    const int32_t open = tarn_text_control(t, TARN_CTL_TOOL_CALL);
    const int32_t end = tarn_text_control(t, TARN_CTL_TOOL_CALL_END);
    size_t block = 0, left = 0, k;
    bool inside = false, cut;
    const char *text = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *bytes = tarn_text_bytes(t, ids[i], &k);
        if (inside && ids[i] == end) {
            if (left > 0)
                return false;
            inside = false;
        } else if (inside) {
            if (k > left || memcmp(bytes, text, k))
                return false;
            text += k;
            left -= k;
        } else if (ids[i] == open) {
            text = tarn_chat_call(chat, id, block++, &left, &cut);
            inside = text != NULL;
            if (!text)
                return false;
        }
    }
    return left == 0 && !tarn_chat_call(chat, id, block, &k, &cut);
}

/* Does the layout keep this turn's thought? */
static bool keeps_thought(const struct tarn_prompt_piece *pieces, size_t n)
{
    static const char text[] = ASSISTANT "<think>";
    for (size_t i = 0; i < n; i++)
        if (pieces[i].control >= 0 && pieces[i].name == TARN_CTL_THINK)
            return true;
    return pieces[1].size >= sizeof text - 1 &&
           !memcmp(pieces[1].text, text, sizeof text - 1);
}

/* As they were sampled; false: they were not kept, or say something else. */
static bool add_sampled(const struct tarn_model *m,
                        const struct tarn_chat *chat, tarn_message_id id,
                        bool thought, struct tarn_ids *out)
{
    const struct tarn_text *t = m->text;
    const int32_t close = tarn_text_control(t, TARN_CTL_THINK_END);
    const int32_t think = tarn_text_control(t, TARN_CTL_THINK);
    size_t n, answer = 0;
    const int32_t *ids = tarn_chat_ids(chat, id, &n);
    while (n > 0 && tarn_text_is_end(t, ids[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++)
        if (ids[i] == close && close >= 0)
            answer = i + 1;
    /* A thought that is text has no border here. */
    if (n == 0 || (close < 0 && !thought) ||
        !ids_call(t, chat, id, ids + answer, n - answer))
        return false;
    if (thought && tarn_layout_opens_thought(m->info.layout) && think >= 0)
        tarn_ids_add(out, think);
    for (size_t i = thought ? 0 : answer; i < n; i++)
        tarn_ids_add(out, ids[i]);
    return true;
}

/* Text that may end with the calls, spelled. */
static enum tarn_status add_spelled(const struct tarn_text *t,
                                    const struct tarn_chat *chat,
                                    tarn_message_id id, const char *text,
                                    size_t size, struct tarn_ids *out,
                                    struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    tarn_prompt_spell_calls(chat, id, &b);
    if (b.failed)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the prompt");
    const bool here =
        b.size <= size && !memcmp(text + size - b.size, b.data, b.size);
    enum tarn_status s = tarn_text_encode(t, text, here ? size - b.size : size,
                                          out, err);
    tarn_buf_finish(&b);
    bool cut;
    for (size_t i = 0; s == TARN_OK && here &&
                       (text = tarn_chat_call(chat, id, i, &size, &cut)); i++) {
        tarn_ids_add(out, tarn_text_control(t, TARN_CTL_TOOL_CALL));
        s = tarn_text_encode(t, text, size, out, err);
        if (!cut)
            tarn_ids_add(out, tarn_text_control(t, TARN_CTL_TOOL_CALL_END));
    }
    return s;
}

enum tarn_status tarn_prompt_add_call_turn(
    const struct tarn_model *m, const struct tarn_chat *chat,
    const struct tarn_prompt_piece *pieces, size_t n, struct tarn_ids *out,
    struct tarn_error *err)
{
    const struct tarn_text *t = m->text;
    const size_t skip = sizeof ASSISTANT - 1;
    struct tarn_message msg;
    find_message(chat, pieces, &msg);
    tarn_ids_add(out, pieces[0].control);
    struct tarn_ids turn = { 0 };
    enum tarn_status s = TARN_OK;
    if (add_sampled(m, chat, msg.id, keeps_thought(pieces, n), &turn)) {
        s = tarn_text_encode(t, pieces[1].text, skip, out, err);
        for (size_t i = 0; i < turn.n; i++)
            tarn_ids_add(out, turn.at[i]);
        out->failed |= turn.failed;
    } else {
        for (size_t i = 1; i + 2 < n && s == TARN_OK; i++)
            if (pieces[i].control >= 0)
                tarn_ids_add(out, pieces[i].control);
            else
                s = add_spelled(t, chat, msg.id, pieces[i].text,
                                pieces[i].size, out, err);
    }
    tarn_ids_finish(&turn);
    if (s == TARN_OK) {
        tarn_ids_add(out, pieces[n - 2].control);
        s = tarn_text_encode(t, pieces[n - 1].text, pieces[n - 1].size, out,
                             err);
    }
    return s;
}
