/* tarn-page-run.c - turns: begun, drained once per frame, ended; the acts that
 * begin them.  See tarn-page.h and tarn-page-inside.h. */
#include <string.h>

#include "gui/tarn-notes.h"
#include "gui/tarn-page-inside.h"
#include "gui/tarn-words.h"

enum {
    DRAIN_MS = 250,  /* when no frame comes: the window may be hidden */
    SAVE_EVERY_S = 2 /* of a growing message: D01 */
};

/* ------------------------------------------------------------------ events */
static void on_span(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (ev->span == TARN_SPAN_THOUGHT) {
        r->thought_from = ev->ms;
        tarn_page_announce(p, _("Thinking"), FALSE);
    }
}

static void on_span_end(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (ev->span != TARN_SPAN_THOUGHT || !r->answer)
        return;
    TarnFigures f = { .n_thought = r->n_thought,
                      .asked = r->asked,
                      .budget = r->budget,
                      .thought_ms = r->ms - r->thought_from,
                      .n_answer = 1 };
    tarn_answer_thought_done(r->answer, &f);
    g_autofree char *line = tarn_figures_thought(&f);
    if (line)
        tarn_page_announce(p, line, TRUE);
}

static void keep_figures(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    const struct tarn_turn_summary *s = ev->summary;
    TarnFigures *f = tarn_conversation_figures(r->conversation, r->message);
    f->n_thought = s->n_thought;
    f->n_answer = s->n_answer;
    f->thought_ms = s->thought_ms;
    f->answer_ms = s->answer_ms;
    f->reason = s->reason;
    f->asked = r->asked;
    g_autofree char *speed = tarn_words_speed(s->n_thought + s->n_answer,
                                              s->thought_ms + s->answer_ms);
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

static void on_end(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
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
    for (guint i = 0; i < tarn_transcript_length(p->transcript); i++)
        if (tarn_transcript_id(p->transcript, i) == r->message)
            tarn_transcript_cut(p->transcript, i);
    tarn_page_show_path(p);
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

static void on_event(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (!r->active || ev->turn != r->turn)
        return;
    tarn_traces_take(p->traces, ev);
    r->ms = ev->ms > 0 ? ev->ms : r->ms;
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
    if (r->answer) {
        tarn_answer_count(r->answer, r->n_thought, r->ms - r->thought_from);
        done = tarn_answer_frame(r->answer);
    }
    gint64 now = g_get_monotonic_time();
    if (now - r->saved > SAVE_EVERY_S * G_USEC_PER_SEC) {
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

/* ---------------------------------------------------------------- commands */
/* What is different in one turn; zero: nothing. */
struct other {
    guint attempt;
    guint budget; /* where has_budget */
    gboolean has_budget, keep_loops;
    double warmer;        /* added to the temperature */
    const GArray *begin;  /* gint32: the answer begins with them */
    tarn_message_id from; /* it is the beginning of this one */
};

/* The model's own, with what a person has set. */
static struct tarn_sampling sampling_of(TarnPage *p, const struct other *o)
{
    const TarnSettings *t = p->settings;
    struct tarn_sampling s = tarn_model_sampling(tarn_worker_model(p->worker));
    if (t->temperature >= 0)
        s.temperature = (float)t->temperature;
    if (t->top_k >= 0)
        s.top_k = t->top_k;
    if (t->repeat_penalty >= 0)
        s.repeat_penalty = (float)t->repeat_penalty;
    s.temperature = CLAMP(s.temperature + (float)o->warmer, 0, 5);
    s.seed = t->seed >= 0 ? (uint64_t)t->seed : tarn_random_seed();
    return s;
}

static gboolean post_turn(TarnPage *p, const struct other *other)
{
    struct tarn_error err = { 0 };
    struct tarn_sampling s = sampling_of(p, other);
    struct run *r = &p->run;
    r->budget = other->has_budget ? other->budget : p->settings->budget;
    struct tarn_turn_options o = { .size = sizeof o,
                                   .sampling = &s,
                                   .thought_budget = (int32_t)r->budget,
                                   .attempt = other->attempt,
                                   .tools_json = tarn_page_tools(p),
                                   .keep_loops = p->settings->keep_loops ||
                                                 other->keep_loops,
                                   .experts = true,
                                   .json_schema = p->schema };
    if (other->begin) {
        o.begin = (const int32_t *)(gpointer)other->begin->data;
        o.n_begin = other->begin->len;
    }
    if (!tarn_turn_start(tarn_worker_engine(p->worker),
                         tarn_conversation_chat(p->conversation), &o, &r->turn,
                         &err)) {
        tarn_traces_begin(p->traces, tarn_worker_engine(p->worker), r->turn, &o,
                          tarn_worker_model(p->worker), p->conversation,
                          tarn_conversation_end(p->conversation), other->from);
        return TRUE;
    }
    tarn_page_show_error(p, &err);
    tarn_page_show_path(p);
    return FALSE;
}

/* A turn below the active path's end. */
static void start_turn(TarnPage *p, const struct other *other)
{
    static const struct other USUAL = { 0 };
    struct run *r = &p->run;
    TarnConversation *c = p->conversation;
    tarn_message_id parent = tarn_conversation_end(c);
    if (!tarn_worker_engine(p->worker) || !post_turn(p, other ? other : &USUAL))
        return;
    tarn_page_give_up_asking(p);
    r->active = TRUE;
    r->conversation = g_object_ref(c);
    r->message = tarn_conversation_end(c);
    r->saved = g_get_monotonic_time();
    tarn_conversation_note(c, r->message, parent);
    TarnFigures *f = tarn_conversation_figures(c, r->message);
    g_free(f->model);
    f->model = g_strdup(tarn_page_model_name(p));
    f->budget = r->budget;
    tarn_page_update_composer(p);
    tarn_page_show_path(p);
    tarn_transcript_follow(p->transcript);
    tarn_page_on_events(p);
}

void tarn_page_next_turn(TarnPage *p)
{
    start_turn(p, NULL);
}

void tarn_page_send(TarnPage *p, const char *text)
{
    struct tarn_error err = { 0 };
    if (p->run.active || !tarn_worker_engine(p->worker))
        return;
    g_autofree char *valid = g_strchomp(tarn_words_valid(text, -1));
    tarn_message_id id = tarn_conversation_add(
        p->conversation, tarn_conversation_end(p->conversation), TARN_USER,
        valid, strlen(valid), &err);
    if (!id) {
        tarn_page_show_error(p, &err);
        tarn_composer_set_text(p->composer, text); /* nothing is lost */
        return;
    }
    tarn_page_save(p, p->conversation, id);
    start_turn(p, NULL);
}

static void post(TarnPage *p, enum tarn_command_kind kind)
{
    struct tarn_error err = { 0 };
    struct tarn_command cmd = { .size = sizeof cmd,
                                .kind = kind,
                                .turn = p->run.turn };
    if (p->run.active &&
        tarn_engine_post(tarn_worker_engine(p->worker), &cmd, &err))
        tarn_page_show_error(p, &err);
}

void tarn_page_stop(TarnPage *p)
{
    g_debug("stop: asked at %.1f ms", (double)g_get_monotonic_time() / 1e3);
    p->run.stopped = TRUE;
    post(p, TARN_CMD_STOP);
}

void tarn_page_answer_now(TarnPage *p)
{
    p->run.asked = p->run.active;
    if (p->run.active)
        tarn_traces_answered(p->traces);
    post(p, TARN_CMD_ANSWER_NOW);
}

void tarn_page_break_circle(TarnPage *p)
{
    post(p, TARN_CMD_BREAK_CIRCLE);
}

gboolean tarn_page_is_running(TarnPage *p)
{
    return p->run.active;
}

/* Another branch beside an answer, in some other way; answer 0: the last, or
 * the one that never came. */
static void branch_off(TarnPage *p, tarn_message_id answer, struct other *other)
{
    struct tarn_error err = { 0 };
    struct tarn_message m = { .size = sizeof m };
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    if (p->run.active || !tarn_worker_engine(p->worker))
        return;
    if (!answer &&
        tarn_chat_find(chat, tarn_conversation_end(p->conversation), &m) &&
        m.role == TARN_USER) {
        start_turn(p, other);
        return;
    }
    if (!answer)
        answer = tarn_conversation_last_of(p->conversation, TARN_ASSISTANT);
    if (!tarn_chat_find(chat, answer, &m) || m.role != TARN_ASSISTANT)
        return;
    if (tarn_chat_select(chat, m.parent, &err)) {
        tarn_page_show_error(p, &err);
        return;
    }
    other->attempt = m.n_siblings;
    start_turn(p, other);
}

void tarn_page_regenerate(TarnPage *p, guint message)
{
    struct other other = { 0 };
    branch_off(p, message, &other);
}

void tarn_page_regenerate_with(TarnPage *p, guint message, guint budget)
{
    struct other other = { .budget = budget, .has_budget = TRUE };
    branch_off(p, message, &other);
}

void tarn_page_regenerate_as(TarnPage *p, guint message, const char *way)
{
    guint budget = tarn_conversation_figures(p->conversation, message)->budget;
    struct other other = { 0 };
    if (!strcmp(way, "longer") && budget)
        other = (struct other){ .budget = 2 * budget, .has_budget = TRUE };
    else if (!strcmp(way, "cooler"))
        other.warmer = -0.2;
    else if (!strcmp(way, "warmer"))
        other.warmer = 0.4;
    branch_off(p, message, &other);
}

/* The ids are copied: the branch that grows has its own. */
static void go_on_with(TarnPage *p, guint message, const GArray *ids,
                       gboolean keep_loops)
{
    g_autoptr(GArray) begin = g_array_new(FALSE, FALSE, sizeof(gint32));
    struct other other = { .begin = begin,
                           .keep_loops = keep_loops,
                           .from = message };
    g_array_append_vals(begin, ids->data, ids->len);
    if (ids->len)
        branch_off(p, message, &other);
}

void tarn_page_continue(TarnPage *p, guint message)
{
    go_on_with(p, message, tarn_conversation_ids(p->conversation, message),
               FALSE);
}

void tarn_page_undo_loop(TarnPage *p, guint message)
{
    go_on_with(p, message, tarn_conversation_back(p->conversation, message),
               TRUE);
}

void tarn_page_fork(TarnPage *p, guint message, guint token, gint32 id)
{
    GArray *ids = tarn_conversation_ids(p->conversation, message);
    g_autoptr(GArray) begin = g_array_new(FALSE, FALSE, sizeof(gint32));
    if (token > ids->len)
        return;
    g_array_append_vals(begin, ids->data, token);
    g_array_append_val(begin, id);
    go_on_with(p, message, begin, FALSE);
}

void tarn_page_edit_last(TarnPage *p)
{
    tarn_message_id id = tarn_conversation_last_of(p->conversation, TARN_USER);
    GtkWidget *turn = id ? tarn_transcript_find(p->transcript, id) : NULL;
    if (turn && !p->run.active)
        tarn_message_edit(TARN_MESSAGE(turn));
}

/* What a person makes of an answer is a branch of its own; nothing is
 * computed. */
static void keep_edited(TarnPage *p, tarn_message_id id, tarn_message_id from)
{
    TarnFigures *f = tarn_conversation_figures(p->conversation, id);
    const TarnFigures *old = tarn_conversation_figures(p->conversation, from);
    g_free(f->model);
    f->model = g_strdup_printf(_("%s · edited"), old->model ? old->model : "");
    f->reason = TARN_STOP_END;
    tarn_page_show_path(p);
}

void tarn_page_edited(TarnPage *p, guint message, const char *text)
{
    struct tarn_error err = { 0 };
    struct tarn_message m = { .size = sizeof m };
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    if (p->run.active || !tarn_worker_engine(p->worker) ||
        !tarn_chat_find(chat, message, &m))
        return;
    enum tarn_role role = m.role;
    tarn_message_id id = tarn_conversation_add(p->conversation, m.parent, role,
                                               text, strlen(text), &err);
    if (!id) {
        tarn_page_show_error(p, &err);
        return;
    }
    if (role == TARN_ASSISTANT)
        keep_edited(p, id, message);
    tarn_page_save(p, p->conversation, id);
    if (role == TARN_USER)
        start_turn(p, NULL);
    else
        tarn_page_show_path(p);
    tarn_composer_focus(p->composer);
}

void tarn_page_branch(TarnPage *p, guint message, int delta)
{
    struct tarn_error err = { 0 };
    tarn_message_id other =
        tarn_conversation_sibling(p->conversation, message, delta);
    if (!other || p->run.active)
        return;
    if (!tarn_conversation_enter(p->conversation, other, &err))
        tarn_page_show_error(p, &err);
    tarn_page_show_path(p);
    tarn_page_save(p, p->conversation, 0);
}
