/* tarn-page-tools.c - calls of tools: asked about, answered, gone on with.
 * See tarn-page-inside.h and core/turn/toolbox.h. */
#include <string.h>

#include "core/base/clock.h"
#include "gui/tarn-consent.h"
#include "gui/tarn-page-inside.h"
#include "gui/tarn-words.h"

static struct tarn_toolbox *box_of(TarnPage *p)
{
    struct tarn_error err = { 0 };
    struct tarn_toolbox *box = tarn_conversation_box(p->conversation, &err);
    if (!box)
        tarn_page_show_error(p, &err);
    return box;
}

const char *tarn_page_tools(TarnPage *p)
{
    struct tarn_toolbox *box = p->settings->tools ? box_of(p) : NULL;
    return box ? tarn_toolbox_tools(box) : NULL;
}

static struct tarn_builtin_world world_now(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    return (struct tarn_builtin_world){
        .unix_ms = tarn_unix_ms(),
        .utc_offset_minutes =
            (int)(g_date_time_get_utc_offset(now) / G_TIME_SPAN_MINUTE)
    };
}

static void show_done(TarnPage *p, guint i, enum tarn_consent how)
{
    struct tarn_asked call = { .size = sizeof call };
    if (i < p->cards->len && p->cards->pdata[i] &&
        tarn_toolbox_call(box_of(p), i, &call))
        tarn_consent_done(p->cards->pdata[i], &call, how);
}

static gboolean allow(TarnPage *p, guint i, enum tarn_allow how)
{
    struct tarn_error err = { 0 };
    struct tarn_builtin_world world = world_now();
    if (!tarn_toolbox_allow(box_of(p), i, how, &world, &err))
        return TRUE;
    tarn_page_show_error(p, &err);
    tarn_toolbox_deny(box_of(p), i);
    return FALSE;
}

/* All are decided: their results go to the model. */
static void finish(TarnPage *p)
{
    struct tarn_error err = { 0 };
    bool go_on = false;
    tarn_message_id before = tarn_conversation_end(p->conversation);
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    struct tarn_message m = { .size = sizeof m };
    p->asking = 0;
    if (tarn_toolbox_finish(box_of(p), chat, &go_on, &err))
        tarn_page_show_error(p, &err);
    for (gsize i = 0, n = tarn_chat_length(chat); i < n; i++)
        if (tarn_chat_message(chat, i, &m) && m.id > before) {
            tarn_conversation_note(p->conversation, m.id, m.parent);
            tarn_page_save(p, p->conversation, m.id);
        }
    tarn_page_show_path(p);
    tarn_page_update_composer(p);
    if (go_on)
        tarn_page_next_turn(p);
}

static void finish_if_decided(TarnPage *p)
{
    struct tarn_asked call = { .size = sizeof call };
    for (guint i = 0; tarn_toolbox_call(box_of(p), i, &call); i++)
        if (call.decision == TARN_CALL_WAITS)
            return;
    finish(p);
}

static void on_decided(TarnPage *p, guint i, guint how, const char *text)
{
    struct tarn_error err = { 0 };
    struct tarn_toolbox *box = box_of(p);
    static const enum tarn_allow ALLOW[] = { 0, TARN_ALLOW_ONCE,
                                             TARN_ALLOW_THESE_ARGUMENTS,
                                             TARN_ALLOW_TOOL };
    if (!p->asking)
        return;
    if (how == TARN_CONSENT_DENY)
        tarn_toolbox_deny(box, i);
    else if (how != TARN_CONSENT_BY_HAND)
        allow(p, i, ALLOW[how]);
    else if (tarn_toolbox_answer(box, i, text, strlen(text), &err))
        tarn_page_show_error(p, &err);
    show_done(p, i, (enum tarn_consent)how);
    finish_if_decided(p);
}

/* Each call gets a card; what needs no question is decided at once. */
static void show_call(TarnPage *p, TarnAnswer *a, guint i,
                      const struct tarn_asked *call)
{
    GtkWidget *card = tarn_consent_new(i, call);
    g_ptr_array_add(p->cards, card);
    g_signal_connect_object(card, "decided", G_CALLBACK(on_decided), p,
                            G_CONNECT_SWAPPED);
    tarn_answer_add_card(a, card);
    if (call->decision == TARN_CALL_WAITS && call->runs_here && call->allowed)
        allow(p, i, TARN_ALLOW_ONCE);
    else if (call->decision == TARN_CALL_WAITS) {
        tarn_page_announce(
            p, gtk_label_get_text(tarn_consent_wants(TARN_CONSENT(card))),
            TRUE);
        return;
    }
    show_done(p, i, TARN_CONSENT_TOOL);
}

gboolean tarn_page_ask(TarnPage *p, tarn_message_id message)
{
    struct tarn_error err = { 0 };
    struct tarn_message m = { .size = sizeof m };
    struct tarn_asked call = { .size = sizeof call };
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    GtkWidget *turn = tarn_transcript_find(p->transcript, message);
    struct tarn_toolbox *box =
        p->settings->tools && TARN_IS_ANSWER(turn) ? box_of(p) : NULL;
    if (!box || !tarn_chat_find(chat, message, &m) || m.n_calls == 0)
        return FALSE;
    if (tarn_toolbox_begin(box, chat, message, &err)) {
        tarn_page_show_error(p, &err);
        return FALSE;
    }
    p->asking = message;
    g_ptr_array_set_size(p->cards, 0);
    tarn_answer_clear_calls(TARN_ANSWER(turn));
    for (guint i = 0; tarn_toolbox_call(box, i, &call); i++)
        show_call(p, TARN_ANSWER(turn), i, &call);
    tarn_page_update_composer(p);
    finish_if_decided(p);
    return TRUE;
}

/* Another chat is shown, or this one goes on elsewhere: nothing runs. */
void tarn_page_give_up_asking(TarnPage *p)
{
    p->asking = 0;
    g_ptr_array_set_size(p->cards, 0);
}
