/* tarn-page-events.c - what the engine tells of the turn that runs: drained
 * once per frame.  See tarn-page.h and tarn-page-inside.h. */
#include "gui/tarn-notes.h"
#include "gui/tarn-page-inside.h"
#include "gui/tarn-words.h"

enum {
    DRAIN_MS = 250,   /* when no frame comes: the window may be hidden */
    SAVE_EVERY_S = 2, /* of a growing message: D01 */
    PATIENCE_MS = 400 /* then it is said that something is read again */
};

/* ------------------------------------------------------------------ events */
static void on_span(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    r->span = ev->span;
    if (ev->span == TARN_SPAN_THOUGHT) {
        r->thought_from = ev->ms;
        tarn_page_announce(p, _("Thinking"), FALSE);
    }
}

static void on_span_end(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    r->span = 0;
    if (ev->span != TARN_SPAN_THOUGHT)
        return;
    r->thought = (TarnFigures){ .n_thought = r->n_thought,
                                .asked = r->asked,
                                .budget = r->budget,
                                .thought_ms = r->ms - r->thought_from,
                                .n_answer = 1 };
    if (!r->answer)
        return;
    tarn_answer_thought_done(r->answer, &r->thought);
    g_autofree char *line = tarn_figures_thought(&r->thought);
    if (line)
        tarn_page_announce(p, line, TRUE);
}

static void keep_figures(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    const struct tarn_turn_summary *s = ev->summary;
    TarnFigures *f = tarn_conversation_figures(r->conversation, r->message);
    /* What was told again took its time when it was written. */
    f->thought_ms = (r->given ? f->thought_ms : 0) + s->thought_ms;
    f->answer_ms = (r->given ? f->answer_ms : 0) + s->answer_ms;
    f->asked = r->asked || (r->given && f->asked);
    f->n_thought = s->n_thought;
    f->n_answer = s->n_answer;
    f->reason = s->reason;
    g_autofree char *speed = tarn_words_speed(f->n_thought + f->n_answer,
                                              f->thought_ms + f->answer_ms);
    if (speed) {
        g_free(p->speed);
        p->speed = g_steal_pointer(&speed);
    }
    p->used = s->n_prompt + s->n_total;
}

static void end_run(TarnPage *p)
{
    struct run *r = &p->run;
    g_autoptr(TarnConversation) c = g_steal_pointer(&r->conversation);
    tarn_message_id message = r->message;
    *r = (struct run){ 0 };
    tarn_page_update_composer(p);
    tarn_page_update_status(p);
    tarn_page_save(p, c, message);
    if (c == p->conversation)
        tarn_page_show_path(p); /* counters of branches */
    tarn_page_say_idle(p);
}

static void show_anew(TarnPage *p, tarn_message_id message)
{
    for (guint i = 0; i < tarn_transcript_length(p->transcript); i++)
        if (tarn_transcript_id(p->transcript, i) == message)
            tarn_transcript_cut(p->transcript, i);
    tarn_page_show_path(p);
}

/* It did not come as far as it was: what was stays. */
static void end_untold(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    tarn_message_id message = r->message;
    gboolean here = r->conversation == p->conversation;
    tarn_traces_drop(p->traces);
    end_run(p);
    if (here)
        show_anew(p, message);
    if (ev->error)
        tarn_page_show_error(p, ev->error);
}

static void on_end(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (r->told < r->given) {
        end_untold(p, ev);
        return;
    }
    keep_figures(p, ev);
    g_debug("end: taken at %.1f ms", (double)g_get_monotonic_time() / 1e3);
    TarnFigures *f = tarn_conversation_figures(r->conversation, r->message);
    g_autofree char *error =
        ev->error ? tarn_words_valid(ev->error->text, -1) : NULL;
    if (r->answer) {
        tarn_answer_finish(r->answer, f);
        g_autofree char *said =
            tarn_notes_show(r->answer, r->conversation, r->message, error);
        tarn_page_announce(p, said ? said : _("Answered"), TRUE);
    }
    gboolean ended = ev->summary->reason == TARN_STOP_END &&
                     r->conversation == p->conversation;
    tarn_message_id message = r->message;
    end_run(p);
    if (ended)
        tarn_page_ask(p, message);
}

/* The chat has moved text from the answer to the thought: show it anew. */
static void begin_again(TarnPage *p)
{
    struct run *r = &p->run;
    if (!r->answer)
        return;
    r->answer = NULL;
    show_anew(p, r->message);
}

static void on_token(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (ev->span == TARN_SPAN_THOUGHT)
        r->n_thought++;
    g_array_append_val(tarn_conversation_ids(r->conversation, r->message),
                       ev->id);
}

/* A sentence about this turn stands in the turn; text: moved. */
static void tell(TarnPage *p, char *text, gboolean circle)
{
    struct run *r = &p->run;
    g_ptr_array_add(tarn_conversation_notices(r->conversation, r->message),
                    text);
    if (r->answer)
        tarn_answer_note(r->answer, text, FALSE,
                         circle ? _("Break the circle") : NULL,
                         "win.break-circle", NULL);
    tarn_page_announce(p, text, circle);
}

static void on_notice(TarnPage *p, const struct tarn_event *ev)
{
    tell(p, tarn_words_valid(ev->text, (gssize)ev->text_size), ev->total > 0);
}

/* Kept, so that it can be undone: what was before, with what was taken. */
static void on_withdrawn(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    GArray *ids = tarn_conversation_ids(r->conversation, r->message);
    GArray *back = tarn_conversation_back(r->conversation, r->message);
    g_array_set_size(back, 0);
    g_array_append_vals(back, ids->data, ids->len);
    g_array_set_size(ids, MIN(ids->len, ev->at));
    if (ev->span == TARN_SPAN_THOUGHT)
        r->n_thought -= MIN(r->n_thought, (guint)ev->total);
    begin_again(p);
    if (ev->span == TARN_SPAN_ANSWER) /* of a thought the core tells itself */
        tell(p,
             g_strdup_printf(
                 ngettext("The circle was broken: %u token was taken back.",
                          "The circle was broken: %u tokens were taken back.",
                          (gulong)ev->total),
                 (guint)ev->total),
             FALSE);
}

/* All that was said has been told once more, at once: from here on the answer
 * grows. */
static void go_on(TarnPage *p)
{
    struct run *r = &p->run;
    TarnFigures *f = tarn_conversation_figures(r->conversation, r->message);
    GArray *ids = tarn_conversation_ids(r->conversation, r->message);
    size_t n;
    const int32_t *told =
        tarn_chat_ids(tarn_conversation_chat(r->conversation), r->message, &n);
    g_array_set_size(ids, 0);
    g_array_append_vals(ids, told, (guint)n);
    r->thought_from = r->ms - f->thought_ms;
    if (r->span != TARN_SPAN_THOUGHT)
        r->thought = (TarnFigures){ .n_thought = r->n_thought,
                                    .asked = f->asked,
                                    .budget = f->budget,
                                    .thought_ms = f->thought_ms,
                                    .n_answer = 1 };
    f->reason = 0;
    begin_again(p);
}

/* What is on the screen already stays there while it is told again. */
static void hear_again(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (ev->kind == TARN_EV_READING && r->answer && ev->done < ev->total &&
        ev->ms > PATIENCE_MS)
        tarn_answer_reading(r->answer, ev->done, ev->total);
    else if (ev->kind == TARN_EV_SPAN || ev->kind == TARN_EV_SPAN_END)
        r->span = ev->kind == TARN_EV_SPAN ? ev->span : 0;
    if (ev->kind != TARN_EV_TOKEN)
        return;
    r->n_thought += ev->span == TARN_SPAN_THOUGHT;
    if (++r->told == r->given)
        go_on(p);
}

static void on_event(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (!r->active || ev->turn != r->turn)
        return;
    tarn_traces_take(p->traces, ev);
    r->ms = ev->ms > 0 ? ev->ms : r->ms;
    if (r->told < r->given && ev->kind != TARN_EV_END) {
        hear_again(p, ev);
        return;
    }
    switch ((enum tarn_event_kind)ev->kind) {
    case TARN_EV_READING:
        if (r->answer)
            tarn_answer_reading(r->answer, ev->done, ev->total);
        break;
    case TARN_EV_SPAN:
        on_span(p, ev);
        break;
    case TARN_EV_TEXT:
    case TARN_EV_CALL:
        if (r->answer && ev->text)
            tarn_answer_text(
                r->answer, ev->kind == TARN_EV_CALL ? TARN_SPAN_CALL : ev->span,
                ev->text, ev->text_size);
        break;
    case TARN_EV_TOKEN:
        on_token(p, ev);
        break;
    case TARN_EV_SPAN_END:
        on_span_end(p, ev);
        break;
    case TARN_EV_NOTICE:
        on_notice(p, ev);
        break;
    case TARN_EV_WITHDRAWN:
        on_withdrawn(p, ev);
        break;
    case TARN_EV_WAS_THOUGHT:
        begin_again(p);
        break;
    case TARN_EV_END:
        on_end(p, ev);
        break;
    }
}

/* Everything there is, then one update of the widgets.  FALSE: nothing is
 * left to do until the next event. */
static gboolean drain(TarnPage *p)
{
    G_GNUC_UNUSED g_autoptr(TarnPage) keep = g_object_ref(p);
    struct tarn_engine *e;
    struct tarn_event ev = { .size = sizeof ev };
    struct run *r = &p->run;
    /* The end of a turn may close the window or bring another model: the
     * engine is asked for anew each time. */
    while (p->worker && (e = tarn_worker_engine(p->worker)) &&
           tarn_engine_next_event(e, &ev))
        on_event(p, &ev);
    if (!r->active || !p->worker)
        return FALSE;
    gboolean done = TRUE;
    if (r->answer && r->told == r->given) {
        tarn_answer_count(r->answer, r->n_thought, r->ms - r->thought_from);
        done = tarn_answer_frame(r->answer);
    }
    gint64 now = g_get_monotonic_time();
    if (r->told == r->given &&
        now - r->saved > SAVE_EVERY_S * G_USEC_PER_SEC) {
        r->saved = now;
        tarn_page_save(p, r->conversation, r->message);
    }
    return !done;
}

static gboolean on_tick(GtkWidget *w, GdkFrameClock *clock, gpointer user)
{
    (void)clock;
    (void)user;
    TarnPage *p = TARN_PAGE(w);
    guint tick = p->tick;
    if (drain(p))
        return G_SOURCE_CONTINUE;
    if (p->tick == tick) /* else the window is gone meanwhile */
        p->tick = 0;
    g_clear_handle_id(&p->guard, g_source_remove);
    return G_SOURCE_REMOVE;
}

static gboolean on_guard(gpointer user)
{
    TarnPage *p = user;
    p->guard = 0;
    if (p->tick)
        gtk_widget_remove_tick_callback(GTK_WIDGET(p), p->tick);
    p->tick = 0;
    if (drain(p))
        p->tick =
            gtk_widget_add_tick_callback(GTK_WIDGET(p), on_tick, NULL, NULL);
    return G_SOURCE_REMOVE;
}

/* The queue was empty and is not any more: take it at the next frame, or,
 * where no frame comes, a little later. */
void tarn_page_on_events(TarnPage *p)
{
    if (!p->tick)
        p->tick =
            gtk_widget_add_tick_callback(GTK_WIDGET(p), on_tick, NULL, NULL);
    if (!p->guard)
        p->guard = g_timeout_add(DRAIN_MS, on_guard, p);
}
