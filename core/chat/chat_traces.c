/* chat_traces.c - traces in a chat's file: a turn's record as text, its prompt
 * as what the one above lacks.
 *
 * A damaged one is left out and told; the chat is read all the same.  Its
 * prompt stands apart from it and may be whole: those below are told by it, so
 * it is kept until all are read. */
#include "core/chat/tree.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"

#define FARTHEST 64 /* messages that a prompt is looked for above */
#define MAX_PROMPTS ((size_t)1 << 24) /* ids of all traces' prompts */

/* One that memory ran out for is left out. */
static bool has_trace(const struct message *m)
{
    return m->trace && !tarn_trace_failed(m->trace);
}

struct prompt {
    const int32_t *at; /* borrowed */
    size_t n;
    bool lost; /* there was one, but it is not known */
};

/* The prompt of the nearest turn above that has a trace: a prompt begins like
 * the one before it, so only the rest is written.  left: or NULL, see
 * tarn_traces_in. */
static struct prompt prompt_above(const struct tarn_chat *chat,
                                  tarn_message_id parent,
                                  const struct tarn_ids *left)
{
    for (int far = 0; parent && far < FARTHEST;
         parent = chat->at[parent - 1]->parent, far++) {
        const struct message *m = chat->at[parent - 1];
        const struct tarn_ids *l = left ? &left[parent - 1] : NULL;
        if (l && (l->failed || l->n))
            return (struct prompt){ l->at, l->n, l->failed };
        const struct tarn_trace_turn *u =
            has_trace(m) ? tarn_trace_turn(m->trace) : NULL;
        if (u && u->n_prompt)
            return (struct prompt){ u->prompt, u->n_prompt, false };
    }
    return (struct prompt){ NULL, 0, false };
}

/* --------------------------------------------------------------------- out */

static void add_prompt(struct tarn_buf *b, const struct tarn_chat *chat,
                       const struct message *m)
{
    const struct tarn_trace_turn *u = tarn_trace_turn(m->trace);
    const struct prompt above = prompt_above(chat, m->parent, NULL);
    size_t same = 0;
    if (!u || !u->n_prompt)
        return;
    while (same < above.n && same < u->n_prompt &&
           above.at[same] == u->prompt[same])
        same++;
    tarn_buf_printf(b, ", \"trace_prompt\": [%zu", same);
    for (size_t i = same; i < u->n_prompt; i++)
        tarn_buf_printf(b, ",%d", u->prompt[i]);
    tarn_buf_byte(b, ']');
}

enum tarn_status tarn_chat_add_trace(struct tarn_buf *b,
                                     const struct tarn_chat *chat,
                                     const struct message *m,
                                     struct tarn_error *err)
{
    struct tarn_buf text = { 0 };
    if (!has_trace(m))
        return TARN_OK;
    const enum tarn_status s = tarn_trace_write_short(m->trace, &text, err);
    if (s == TARN_OK) {
        tarn_buf_text(b, ", \"trace\": ");
        tarn_json_add_string(b, text.data, text.size, false);
        add_prompt(b, chat, m);
    }
    b->failed |= text.failed;
    tarn_buf_finish(&text);
    return s;
}

/* ---------------------------------------------------------------------- in */

/* *out: NULL where there is none.  TARN_BAD_FILE, TARN_LIMIT: damaged. */
static enum tarn_status read_record(const struct tarn_json *v,
                                    struct tarn_trace **out,
                                    struct tarn_error *err)
{
    const struct tarn_json *text = tarn_json_get(v, "trace");
    if (text && text->kind == TARN_JSON_STRING)
        return tarn_trace_read(text->text, text->size, out, err);
    if (text)
        return tarn_fail(err, TARN_BAD_FILE, "the trace is no text");
    if (tarn_json_get(v, "trace_prompt"))
        return tarn_fail(err, TARN_BAD_FILE, "there is a prompt and no trace");
    return TARN_OK;
}

/* What the trace's turn was asked: so many ids of the turn above, and the
 * rest.  A small file could ask for much memory by this; above the limit a
 * trace can be read, not computed again. */
static enum tarn_status make_prompt(const struct tarn_ids *said,
                                    struct prompt above,
                                    struct tarn_traces_in *in,
                                    struct tarn_ids *out,
                                    struct tarn_error *err)
{
    const size_t same = said->n ? (size_t)said->at[0] : 0;
    const size_t rest = said->n ? said->n - 1 : 0;
    if (same + rest > MAX_PROMPTS - in->n_ids) {
        in->n_ids = MAX_PROMPTS;
        return TARN_OK;
    }
    if (same > 0 && above.lost)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its prompt begins like one that is damaged");
    if (same > above.n)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its prompt begins with more than there is above it");
    in->n_ids += same + rest;
    for (size_t i = 0; i < same; i++)
        tarn_ids_add(out, above.at[i]);
    for (size_t i = 0; i < rest; i++)
        tarn_ids_add(out, said->at[1 + i]);
    return out->failed ? tarn_chat_no_memory(err, (same + rest) * 4) : TARN_OK;
}

static enum tarn_status read_prompt(const struct tarn_chat *chat,
                                    tarn_message_id id,
                                    const struct tarn_json *v,
                                    struct tarn_traces_in *in,
                                    struct tarn_ids *out,
                                    struct tarn_error *err)
{
    struct tarn_ids said = { 0 };
    const char *wrong =
        tarn_chat_ids_of(tarn_json_get(v, "trace_prompt"), &said);
    enum tarn_status s = TARN_OK;
    if (said.failed)
        s = tarn_chat_no_memory(err, said.n * 4);
    else if (wrong)
        s = tarn_fail(err, TARN_BAD_FILE, "its prompt %s", wrong);
    else
        s = make_prompt(&said,
                        prompt_above(chat, chat->at[id - 1]->parent, in->left),
                        in, out, err);
    tarn_ids_finish(&said);
    return s;
}

/* What those below are told by: moved. */
static enum tarn_status keep_prompt(struct tarn_traces_in *in,
                                    tarn_message_id id, struct tarn_ids *prompt,
                                    struct tarn_error *err)
{
    if (!in->left)
        in->left = tarn_alloc(in->n_messages, sizeof *in->left);
    if (!in->left)
        return tarn_chat_no_memory(err, in->n_messages * sizeof *in->left);
    prompt->failed = prompt->n == 0;
    in->left[id - 1] = *prompt;
    *prompt = (struct tarn_ids){ 0 };
    return TARN_OK;
}

static void note(struct tarn_loss *loss, tarn_message_id id,
                 const struct tarn_error *why)
{
    if (loss->n++ == 0) {
        loss->first = id;
        loss->why = *why;
    }
}

enum tarn_status tarn_chat_read_trace(struct tarn_chat *chat,
                                      tarn_message_id id,
                                      const struct tarn_json *v,
                                      struct tarn_traces_in *in,
                                      struct tarn_error *err)
{
    struct tarn_error why;
    struct tarn_trace *trace = NULL;
    struct tarn_ids prompt = { 0 };
    enum tarn_status s = read_record(v, &trace, &why);
    const bool lost = s != TARN_OK;
    if (lost && s != TARN_NO_MEMORY)
        note(&in->lost, id, &why);
    if (s != TARN_NO_MEMORY)
        s = read_prompt(chat, id, v, in, &prompt, &why);
    if (s == TARN_OK && prompt.n && !lost)
        s = tarn_trace_set_prompt(trace, prompt.at, prompt.n, &why);
    if (s == TARN_NO_MEMORY) {
        if (err)
            *err = why;
    } else {
        if (s != TARN_OK && !lost)
            note(&in->cut, id, &why);
        tarn_chat_attach(chat, id, trace);
        trace = NULL;
        s = s != TARN_OK || lost ? keep_prompt(in, id, &prompt, err) : TARN_OK;
    }
    tarn_trace_destroy(trace);
    tarn_ids_finish(&prompt);
    return s;
}

/* ------------------------------------------------------------- what was lost */

static void tell(struct tarn_error *out, const struct tarn_loss *lost,
                 const struct tarn_loss *cut)
{
    char more[80] = "";
    if (lost->n && cut->n)
        snprintf(more, sizeof more, " %zu more can be read, not computed again.",
                 cut->n);
    if (lost->n == 1)
        tarn_fail(out, TARN_BAD_FILE,
                  "Message %u is read without its trace: %s.%s", lost->first,
                  lost->why.text, more);
    else if (lost->n)
        tarn_fail(out, TARN_BAD_FILE,
                  "%zu messages are read without their traces; message %u: "
                  "%s.%s", lost->n, lost->first, lost->why.text, more);
    else if (cut->n == 1)
        tarn_fail(out, TARN_BAD_FILE,
                  "The trace of message %u can be read, not computed again: "
                  "%s.", cut->first, cut->why.text);
    else if (cut->n)
        tarn_fail(out, TARN_BAD_FILE,
                  "%zu traces can be read, not computed again; that of message "
                  "%u: %s.", cut->n, cut->first, cut->why.text);
}

void tarn_chat_end_traces(struct tarn_chat *chat, struct tarn_traces_in *in)
{
    for (size_t i = 0; in->left && i < in->n_messages; i++)
        tarn_ids_finish(&in->left[i]);
    tarn_free(in->left);
    tell(&chat->lost, &in->lost, &in->cut);
}

const char *tarn_chat_lost(const struct tarn_chat *chat)
{
    return chat->lost.text[0] ? chat->lost.text : NULL;
}
