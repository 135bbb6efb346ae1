/* face.c - the face's side of the engine: events and commands pass through.
 * Runs on the face's thread and never waits for the owner. */
#include <string.h>

#include "core/base/error.h"
#include "core/chat/chat.h"
#include "core/engine/engine.h"

const char *tarn_stop_name(enum tarn_stop_reason reason)
{
    switch (reason) {
    case TARN_STOP_END: return "end";
    case TARN_STOP_LENGTH: return "length";
    case TARN_STOP_CONTEXT: return "context";
    case TARN_STOP_STRING: return "stop";
    case TARN_STOP_CANCELLED: return "cancelled";
    case TARN_STOP_FAILED: return "failed";
    }
    return "unknown";
}

/* ------------------------------------------------------- commands and events */
static struct tarn_request *find_live(struct tarn_engine *e, tarn_turn_id id,
                                      size_t *at)
{
    for (size_t i = 0; i < e->n_live; i++)
        if (e->live[i]->id == id) {
            *at = i;
            return e->live[i];
        }
    return NULL;
}

const int32_t *tarn_turn_prompt(const struct tarn_engine *e, tarn_turn_id id,
                                size_t *n)
{
    for (size_t i = 0; i < e->n_live; i++)
        if (e->live[i]->id == id) {
            *n = e->live[i]->n_prompt;
            return e->live[i]->prompt;
        }
    *n = 0;
    return NULL;
}

size_t tarn_turn_given(const struct tarn_engine *e, tarn_turn_id id)
{
    for (size_t i = 0; i < e->n_live; i++)
        if (e->live[i]->id == id)
            return e->live[i]->n_given;
    return 0;
}

enum tarn_status tarn_engine_post(struct tarn_engine *e,
                                  const struct tarn_command *cmd,
                                  struct tarn_error *err)
{
    size_t at;
    struct tarn_request *q = find_live(e, cmd->turn, &at);
    if (!q)
        return TARN_OK; /* it has ended meanwhile */
    switch (cmd->kind) {
    case TARN_CMD_STOP:
        atomic_store(&q->stop, true);
        atomic_store(&e->interrupt, true);
        break;
    case TARN_CMD_ANSWER_NOW:
        atomic_store(&q->answer_now, true);
        break;
    case TARN_CMD_BREAK_CIRCLE:
        atomic_store(&q->break_circle, true);
        break;
    default:
        return tarn_fail(err, TARN_USAGE, "there is no command %u", cmd->kind);
    }
    tarn_engine_wake(e);
    return TARN_OK;
}

void tarn_engine_stop_all(struct tarn_engine *e)
{
    atomic_store(&e->stop_all, true);
    atomic_store(&e->interrupt, true);
}

void tarn_engine_on_event(struct tarn_engine *e, void (*fn)(void *user),
                          void *user)
{
    e->on_event = fn;
    e->on_event_user = user;
}

static enum tarn_status keep_call(struct tarn_request *q,
                                  const struct tarn_event *ev,
                                  struct tarn_error *err)
{
    if (ev->done == ev->text_size)
        tarn_buf_clear(&q->call);
    tarn_buf_add(&q->call, ev->text, ev->text_size);
    if (q->call.failed)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for a tool call");
    if (ev->done < ev->total)
        return TARN_OK;
    return tarn_chat_add_call(q->chat, q->message,
                              q->call.data ? q->call.data : "", q->call.size,
                              ev->cut, err);
}

/* Of an answer that goes on: what it said is set aside when the first of it
 * comes again, and forgotten with the last. */
static enum tarn_status tell_again(struct tarn_request *q,
                                   const struct tarn_event *ev,
                                   struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    if (ev->kind == TARN_EV_READING || ev->kind == TARN_EV_END)
        return s;
    if (q->again == TARN_AGAIN_WAITS) {
        s = tarn_chat_regrow(q->chat, q->message, err);
        q->again = s ? TARN_AGAIN_LOST : TARN_AGAIN_COMES;
    }
    return s;
}

/* What was generated goes into the chat before the face hears of it. */
static void write_chat(struct tarn_request *q, struct tarn_event *ev)
{
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s = tell_again(q, ev, &err);
    if (s)
        atomic_store(&q->stop, true);
    if (q->again == TARN_AGAIN_LOST && ev->kind != TARN_EV_END)
        return;
    if (ev->kind == TARN_EV_TEXT)
        s = tarn_chat_grow(q->chat, q->message, ev->span, ev->text,
                           ev->text_size, &err);
    else if (ev->kind == TARN_EV_TOKEN)
        s = tarn_chat_grow_id(q->chat, q->message, ev->id, &err);
    else if (ev->kind == TARN_EV_CALL)
        s = keep_call(q, ev, &err);
    else if (ev->kind == TARN_EV_WITHDRAWN)
        tarn_chat_withdraw(q->chat, q->message, ev->at, ev->span,
                           (size_t)ev->done);
    else if (ev->kind == TARN_EV_WAS_THOUGHT)
        tarn_chat_was_thought(q->chat, q->message, &err);
    else if (ev->kind == TARN_EV_END)
        tarn_chat_end(q->chat, q->message,
                      q->again != TARN_AGAIN_LOST &&
                          (ev->summary->reason == TARN_STOP_END ||
                           ev->summary->reason == TARN_STOP_STRING));
    if (q->again == TARN_AGAIN_COMES && ev->kind == TARN_EV_TOKEN &&
        ev->at >= q->n_given && !s) {
        tarn_chat_regrown(q->chat, q->message);
        q->again = TARN_AGAIN_NO;
    }
    if (s) /* no memory for more of the answer: stop it, keep what is there */
        atomic_store(&q->stop, true);
    if (s && q->again == TARN_AGAIN_COMES)
        q->again = TARN_AGAIN_LOST;
}

bool tarn_engine_next_event(struct tarn_engine *e, struct tarn_event *out)
{
    size_t at;
    bool any = tarn_ring_pop(&e->ring, out);
    if (atomic_load(&e->starved))
        tarn_engine_wake(e);
    if (!any)
        return false;
    struct tarn_request *q = find_live(e, out->turn, &at);
    if (!q)
        return true;
    if (q->chat)
        write_chat(q, out);
    if (out->kind == TARN_EV_END) {
        if (q->chat)
            tarn_chat_drop(q->chat);
        tarn_request_free(q);
        e->live[at] = e->live[--e->n_live];
    }
    return true;
}
