/* tarn-page.c - see tarn-page.h. */
#include "gui/tarn-page.h"

#include <string.h>

#include "gui/tarn-answer.h"
#include "gui/tarn-composer.h"
#include "gui/tarn-config.h"
#include "gui/tarn-empty.h"
#include "gui/tarn-message.h"
#include "gui/tarn-notice.h"
#include "gui/tarn-transcript.h"
#include "gui/tarn-words.h"

enum {
    DRAIN_MS = 250,  /* when no frame comes: the window may be hidden */
    SHOWN = 30,      /* turns made at first, and more when one scrolls up */
    SAVE_EVERY_S = 2 /* of a growing message: D01 */
};

/* The turn that runs. */
struct run {
    gboolean active;
    tarn_turn_id turn;
    tarn_message_id message;
    TarnConversation *conversation; /* owned */
    TarnAnswer *answer; /* borrowed; NULL: its chat is not on the screen */
    gboolean asked, stopped, answering;
    guint n_thought;
    double thought_from, ms;
    gint64 saved;
    guint attempt;
};

struct _TarnPage {
    GtkBox parent;
    TarnNotice *notice;
    GtkStack *stack;
    TarnEmpty *empty;
    TarnTranscript *transcript;
    TarnComposer *composer;
    GtkBox *loading;
    GtkLabel *loading_text, *announce, *status;
    GtkProgressBar *loading_bar;
    TarnWorker *worker;
    TarnConversation *conversation;
    struct run run;
    guint budget, tick, guard;
    guint attempts;
    char *speed;
    gsize from; /* first message of the active path that is shown */
    guint used; /* tokens of the context after the last turn */
    gint64 announced;
};
G_DEFINE_FINAL_TYPE(TarnPage, tarn_page, GTK_TYPE_BOX)

enum { CHANGED, DRAFT, IDLE, N_SIGNALS };
static guint signals[N_SIGNALS];

/* ------------------------------------------------------------------ status */
static void update_status(TarnPage *p)
{
    struct tarn_model *model = tarn_worker_model(p->worker);
    gtk_widget_set_visible(GTK_WIDGET(p->status), model != NULL);
    if (!model)
        return;
    guint context = tarn_engine_context(tarn_worker_engine(p->worker));
    g_autofree char *used = tarn_words_count(p->used);
    g_autofree char *most = tarn_words_count(context);
    g_autofree char *line = g_strdup_printf(
        _("%s · %s · context %s of %s"), tarn_model_info(model)->backend,
        p->speed ? p->speed : _("not yet measured"), used, most);
    gtk_label_set_text(p->status, line);
}

/* A screen reader hears a label of role STATUS, or the composer's
 * description; at most one thing in two seconds unless it matters. */
static void announce(TarnPage *p, const char *text, gboolean matters)
{
    gint64 now = g_get_monotonic_time();
    if (!matters && now - p->announced < 2 * G_USEC_PER_SEC)
        return;
    p->announced = now;
    gtk_label_set_text(p->announce, text);
    tarn_composer_describe(p->composer, text);
}

static void update_composer(TarnPage *p)
{
    gboolean here = p->run.active && p->run.conversation == p->conversation;
    tarn_composer_set_state(p->composer, here,
                            !p->run.active && tarn_worker_engine(p->worker));
    tarn_composer_set_budget(p->composer, p->budget);
}

void tarn_page_notice(TarnPage *p, gboolean error, const char *text,
                      const char *button, const char *action)
{
    tarn_notice_show(p->notice, error ? TARN_NOTICE_ERROR : TARN_NOTICE_QUIET,
                     text, button, action);
    if (error)
        announce(p, text, TRUE);
}

void tarn_page_hide_notice(TarnPage *p)
{
    tarn_notice_hide(p->notice);
}

static void show_error(TarnPage *p, const struct tarn_error *err)
{
    g_autofree char *text = tarn_words_valid(err->text, -1);
    tarn_page_notice(p, TRUE, text, NULL, NULL);
}

/* ------------------------------------------------------------------- turns */
static const char *model_name(TarnPage *p)
{
    struct tarn_model *m = tarn_worker_model(p->worker);
    return m ? tarn_model_info(m)->name : "";
}

static void set_branch(TarnPage *p, GtkWidget *turn,
                       const struct tarn_message *m)
{
    (void)p;
    if (TARN_IS_MESSAGE(turn))
        tarn_message_set_branch(TARN_MESSAGE(turn), m->sibling, m->n_siblings);
    else
        tarn_answer_set_branch(TARN_ANSWER(turn), m->sibling, m->n_siblings);
}

/* What stands below an answer that did not end by itself. */
static const char *notice_of(const TarnFigures *f)
{
    switch ((enum tarn_stop_reason)f->reason) {
    case TARN_STOP_CANCELLED:
        return _("Stopped.");
    case TARN_STOP_CONTEXT:
        return _("The context is full.");
    case TARN_STOP_LENGTH:
        return _("The answer reached the limit of its length.");
    case TARN_STOP_FAILED:
        return _("The turn failed. What was written is kept.");
    case TARN_STOP_END:
    case TARN_STOP_STRING:
        break;
    }
    return f->cut ? _("tarn was closed while this was being written.") : NULL;
}

static GtkWidget *make_answer(TarnPage *p, const struct tarn_message *m)
{
    TarnFigures *f = tarn_conversation_figures(p->conversation, m->id);
    TarnAnswer *a = TARN_ANSWER(tarn_answer_new(m->id, f->model));
    gboolean growing = p->run.active && p->run.message == m->id &&
                       p->run.conversation == p->conversation;
    const char *thought = m->thought;
    gsize size = m->thought_size;
    if (!thought &&
        (thought = tarn_conversation_thought(p->conversation, m->id)))
        size = strlen(thought);
    if (growing)
        tarn_answer_begin(a, p->budget);
    if (thought && size)
        tarn_answer_text(a, TARN_SPAN_THOUGHT, thought, size);
    if (m->text_size)
        tarn_answer_text(a, TARN_SPAN_ANSWER, m->text, m->text_size);
    if (growing)
        p->run.answer = a;
    else
        tarn_answer_finish(a, f, notice_of(f), f->reason == TARN_STOP_FAILED);
    return GTK_WIDGET(a);
}

static GtkWidget *make_turn(TarnPage *p, const struct tarn_message *m)
{
    if (m->role == TARN_ASSISTANT)
        return make_answer(p, m);
    g_autofree char *text = tarn_words_valid(m->text, (gssize)m->text_size);
    TarnFigures *f = tarn_conversation_figures(p->conversation, m->id);
    return tarn_message_new(m->id, text, f->time);
}

/* A turn that grows and is not shown any more is written to no widget. */
static void check_answer(TarnPage *p, guint same)
{
    gboolean kept = FALSE;
    for (guint i = 0; i < same; i++)
        kept |= tarn_transcript_id(p->transcript, i) == p->run.message;
    if (!kept)
        p->run.answer = NULL;
}

/* Brings the transcript to the active path, from message number p->from on;
 * turns that are there already stay as they are. */
static void show_path(TarnPage *p)
{
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    gsize n = tarn_chat_length(chat), from = p->from;
    struct tarn_message m = { .size = sizeof m };
    guint same = 0;
    while (tarn_chat_message(chat, from + same, &m) &&
           tarn_transcript_id(p->transcript, same) == m.id)
        same++;
    if (p->run.active && p->run.answer)
        check_answer(p, same);
    tarn_transcript_cut(p->transcript, same);
    for (gsize i = from + same; i < n; i++)
        if (tarn_chat_message(chat, i, &m))
            tarn_transcript_append(p->transcript, m.id, make_turn(p, &m));
    for (gsize i = from; i < n; i++) {
        GtkWidget *turn;
        if (tarn_chat_message(chat, i, &m) &&
            (turn = tarn_transcript_find(p->transcript, m.id)))
            set_branch(p, turn, &m);
    }
    gtk_stack_set_visible_child(p->stack, n ? GTK_WIDGET(p->transcript)
                                            : GTK_WIDGET(p->empty));
    tarn_transcript_set_title(p->transcript,
                              tarn_conversation_title(p->conversation));
}

/* Earlier turns are made when somebody comes near them. */
static void on_top(TarnPage *p)
{
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    struct tarn_message m = { .size = sizeof m };
    for (int i = 0; i < SHOWN && p->from > 0; i++) {
        if (!tarn_chat_message(chat, --p->from, &m))
            continue;
        GtkWidget *turn = make_turn(p, &m);
        tarn_transcript_prepend(p->transcript, m.id, turn);
        set_branch(p, turn, &m);
    }
}

static void save(TarnPage *p, TarnConversation *c, tarn_message_id id)
{
    g_signal_emit(p, signals[CHANGED], 0, c, id);
}

/* ------------------------------------------------------------------ events */
static void on_span(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (ev->span == TARN_SPAN_THOUGHT) {
        r->thought_from = ev->ms;
        announce(p, _("Thinking"), FALSE);
    }
}

static void on_span_end(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (ev->span != TARN_SPAN_THOUGHT || !r->answer)
        return;
    TarnFigures f = { .n_thought = r->n_thought,
                      .asked = r->asked,
                      .budget = p->budget,
                      .thought_ms = r->ms - r->thought_from,
                      .n_answer = 1 };
    tarn_answer_thought_done(r->answer, &f);
    g_autofree char *line = tarn_figures_thought(&f);
    if (line)
        announce(p, line, TRUE);
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
    update_composer(p);
    update_status(p);
    save(p, c, message);
    if (c == p->conversation)
        show_path(p); /* counters of branches */
    g_signal_emit(p, signals[IDLE], 0);
}

static void on_end(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    keep_figures(p, ev);
    g_debug("end: taken at %.1f ms", (double)g_get_monotonic_time() / 1e3);
    TarnFigures *f = tarn_conversation_figures(r->conversation, r->message);
    const char *notice = notice_of(f);
    g_autofree char *error = NULL;
    if (ev->error) {
        error = tarn_words_valid(ev->error->text, -1);
        notice = error;
    }
    if (r->answer) {
        tarn_answer_finish(r->answer, f, notice, ev->error != NULL);
        announce(p, error ? error : notice ? notice : _("Answered"), TRUE);
    }
    end_run(p);
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
    show_path(p);
}

static void on_event(TarnPage *p, const struct tarn_event *ev)
{
    struct run *r = &p->run;
    if (!r->active || ev->turn != r->turn)
        return;
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
        if (ev->span == TARN_SPAN_THOUGHT)
            r->n_thought++;
        break;
    case TARN_EV_SPAN_END:
        on_span_end(p, ev);
        break;
    case TARN_EV_NOTICE: {
        g_autofree char *text =
            tarn_words_valid(ev->text, (gssize)ev->text_size);
        tarn_page_notice(p, FALSE, text, NULL, NULL);
        break;
    }
    case TARN_EV_WAS_THOUGHT:
    case TARN_EV_WITHDRAWN:
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
        save(p, r->conversation, r->message);
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
static void on_events(TarnPage *p)
{
    if (!p->tick)
        p->tick =
            gtk_widget_add_tick_callback(GTK_WIDGET(p), on_tick, NULL, NULL);
    if (!p->guard)
        p->guard = g_timeout_add(DRAIN_MS, on_guard, p);
}

/* ---------------------------------------------------------------- commands */
/* A turn below the active path's end. */
static void start_turn(TarnPage *p, guint attempt)
{
    struct tarn_engine *e = tarn_worker_engine(p->worker);
    struct tarn_error err = { 0 };
    struct run *r = &p->run;
    TarnConversation *c = p->conversation;
    tarn_message_id parent = tarn_conversation_end(c);
    struct tarn_turn_options o = { .size = sizeof o,
                                   .thought_budget = (int32_t)p->budget,
                                   .attempt = attempt };
    struct tarn_sampling s = tarn_model_sampling(tarn_worker_model(p->worker));
    s.seed = tarn_random_seed();
    o.sampling = &s;
    if (tarn_turn_start(e, tarn_conversation_chat(c), &o, &r->turn, &err)) {
        show_error(p, &err);
        show_path(p);
        return;
    }
    r->active = TRUE;
    r->conversation = g_object_ref(c);
    r->message = tarn_conversation_end(c);
    r->saved = g_get_monotonic_time();
    tarn_conversation_note(c, r->message, parent);
    TarnFigures *f = tarn_conversation_figures(c, r->message);
    g_free(f->model);
    f->model = g_strdup(model_name(p));
    f->budget = p->budget;
    update_composer(p);
    show_path(p);
    tarn_transcript_follow(p->transcript);
    on_events(p);
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
        show_error(p, &err);
        tarn_composer_set_text(p->composer, text); /* nothing is lost */
        return;
    }
    save(p, p->conversation, id);
    start_turn(p, 0);
}

static void post(TarnPage *p, enum tarn_command_kind kind)
{
    struct tarn_error err = { 0 };
    struct tarn_command cmd = { .size = sizeof cmd,
                                .kind = kind,
                                .turn = p->run.turn };
    if (p->run.active &&
        tarn_engine_post(tarn_worker_engine(p->worker), &cmd, &err))
        show_error(p, &err);
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
    post(p, TARN_CMD_ANSWER_NOW);
}

gboolean tarn_page_is_running(TarnPage *p)
{
    return p->run.active;
}

void tarn_page_regenerate(TarnPage *p, guint message)
{
    struct tarn_error err = { 0 };
    struct tarn_message m = { .size = sizeof m };
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    if (!message)
        message = tarn_conversation_last_of(p->conversation, TARN_ASSISTANT);
    if (p->run.active || !tarn_worker_engine(p->worker) ||
        !tarn_chat_find(chat, message, &m) || m.role != TARN_ASSISTANT)
        return;
    if (tarn_chat_select(chat, m.parent, &err)) {
        show_error(p, &err);
        return;
    }
    start_turn(p, m.n_siblings);
}

void tarn_page_edit_last(TarnPage *p)
{
    tarn_message_id id = tarn_conversation_last_of(p->conversation, TARN_USER);
    GtkWidget *turn = id ? tarn_transcript_find(p->transcript, id) : NULL;
    if (turn && !p->run.active)
        tarn_message_edit(TARN_MESSAGE(turn));
}

void tarn_page_edited(TarnPage *p, guint message, const char *text)
{
    struct tarn_error err = { 0 };
    struct tarn_message m = { .size = sizeof m };
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    if (p->run.active || !tarn_worker_engine(p->worker) ||
        !tarn_chat_find(chat, message, &m))
        return;
    tarn_message_id id = tarn_conversation_add(
        p->conversation, m.parent, TARN_USER, text, strlen(text), &err);
    if (!id) {
        show_error(p, &err);
        return;
    }
    save(p, p->conversation, id);
    start_turn(p, 0);
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
        show_error(p, &err);
    show_path(p);
    save(p, p->conversation, 0);
}

void tarn_page_toggle_thought(TarnPage *p)
{
    tarn_message_id id =
        tarn_conversation_last_of(p->conversation, TARN_ASSISTANT);
    GtkWidget *turn = id ? tarn_transcript_find(p->transcript, id) : NULL;
    if (turn)
        tarn_answer_toggle_thought(TARN_ANSWER(turn));
}

void tarn_page_step(TarnPage *p, int delta)
{
    tarn_transcript_step(p->transcript, delta);
}

char *tarn_page_last_answer(TarnPage *p)
{
    tarn_message_id id =
        tarn_conversation_last_of(p->conversation, TARN_ASSISTANT);
    GtkWidget *turn = id ? tarn_transcript_find(p->transcript, id) : NULL;
    return turn ? tarn_answer_copy(TARN_ANSWER(turn), FALSE) : NULL;
}

void tarn_page_focus(TarnPage *p)
{
    tarn_composer_focus(p->composer);
}

void tarn_page_fill(TarnPage *p, const char *text)
{
    tarn_composer_set_text(p->composer, text);
    tarn_composer_focus(p->composer);
}

/* ------------------------------------------------------- model, conversation
 */
void tarn_page_set_loading(TarnPage *p, const char *model, int percent)
{
    gtk_widget_set_visible(GTK_WIDGET(p->loading), percent >= 0);
    if (percent < 0)
        return;
    g_autofree char *text =
        g_strdup_printf(_("Loading %s… %d%%"), model, percent);
    gtk_label_set_text(p->loading_text, text);
    gtk_progress_bar_set_fraction(p->loading_bar, percent / 100.0);
}

void tarn_page_model_changed(TarnPage *p, gboolean pocket)
{
    g_clear_pointer(&p->speed, g_free); /* measured with another model */
    p->used = 0;
    tarn_empty_set_pocket(p->empty, pocket);
    update_composer(p);
    update_status(p);
}

void tarn_page_set_budget(TarnPage *p, guint tokens)
{
    p->budget = tokens;
    update_composer(p);
}

TarnConversation *tarn_page_conversation(TarnPage *p)
{
    g_autofree char *draft = tarn_composer_get_text(p->composer);
    if (p->conversation)
        tarn_conversation_set_draft(p->conversation, draft);
    return p->conversation;
}

void tarn_page_set_conversation(TarnPage *p, TarnConversation *c)
{
    if (p->run.active && p->run.conversation != c) {
        tarn_page_stop(p);
        p->run.answer = NULL;
    }
    g_object_ref(c);
    g_clear_object(&p->conversation);
    p->conversation = c;
    p->used = 0;
    gsize n = tarn_chat_length(tarn_conversation_chat(c));
    p->from = n > SHOWN ? n - SHOWN : 0;
    tarn_transcript_cut(p->transcript, 0);
    show_path(p);
    tarn_composer_set_text(p->composer, tarn_conversation_draft(c));
    tarn_transcript_follow(p->transcript);
    update_composer(p);
    update_status(p);
}

void tarn_page_set_worker(TarnPage *p, TarnWorker *worker)
{
    p->worker = g_object_ref(worker);
    g_signal_connect_object(worker, "events", G_CALLBACK(on_events), p,
                            G_CONNECT_SWAPPED);
}

/* ------------------------------------------------------------------ object */
static void on_send(TarnPage *p, const char *text)
{
    tarn_page_send(p, text);
}

static void on_stop(TarnPage *p)
{
    tarn_page_stop(p);
}

static void on_draft(TarnPage *p)
{
    g_signal_emit(p, signals[DRAFT], 0);
}

static void on_example(TarnPage *p, const char *text)
{
    tarn_page_fill(p, text);
}

static void tarn_page_dispose(GObject *o)
{
    TarnPage *p = TARN_PAGE(o);
    GtkWidget *child;
    g_clear_handle_id(&p->guard, g_source_remove);
    if (p->tick)
        gtk_widget_remove_tick_callback(GTK_WIDGET(p), p->tick);
    p->tick = 0;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    g_clear_object(&p->conversation);
    g_clear_object(&p->run.conversation);
    g_clear_object(&p->worker);
    g_clear_pointer(&p->speed, g_free);
    G_OBJECT_CLASS(tarn_page_parent_class)->dispose(o);
}

static void tarn_page_class_init(TarnPageClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_page_dispose;
    g_type_ensure(TARN_TYPE_NOTICE);
    g_type_ensure(TARN_TYPE_EMPTY);
    g_type_ensure(TARN_TYPE_TRANSCRIPT);
    g_type_ensure(TARN_TYPE_COMPOSER);
    gtk_widget_class_set_template_from_resource(w,
                                                TARN_RESOURCES "/tarn-page.ui");
    gtk_widget_class_bind_template_child(w, TarnPage, notice);
    gtk_widget_class_bind_template_child(w, TarnPage, stack);
    gtk_widget_class_bind_template_child(w, TarnPage, empty);
    gtk_widget_class_bind_template_child(w, TarnPage, transcript);
    gtk_widget_class_bind_template_child(w, TarnPage, composer);
    gtk_widget_class_bind_template_child(w, TarnPage, loading);
    gtk_widget_class_bind_template_child(w, TarnPage, loading_text);
    gtk_widget_class_bind_template_child(w, TarnPage, loading_bar);
    gtk_widget_class_bind_template_child(w, TarnPage, announce);
    gtk_widget_class_bind_template_child(w, TarnPage, status);
    gtk_widget_class_bind_template_callback(w, on_send);
    gtk_widget_class_bind_template_callback(w, on_stop);
    gtk_widget_class_bind_template_callback(w, on_top);
    gtk_widget_class_bind_template_callback(w, on_draft);
    gtk_widget_class_bind_template_callback(w, on_example);
    GType t = TARN_TYPE_PAGE;
    signals[CHANGED] =
        g_signal_new("changed", t, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 2, TARN_TYPE_CONVERSATION, G_TYPE_UINT);
    signals[DRAFT] = g_signal_new("draft", t, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
    signals[IDLE] = g_signal_new("idle", t, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}

static void tarn_page_init(TarnPage *p)
{
    p->budget = 2048;
    gtk_widget_init_template(GTK_WIDGET(p));
    tarn_empty_set_pocket(p->empty, TRUE);
}
