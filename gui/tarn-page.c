/* tarn-page.c - see tarn-page.h. */
#include <string.h>

#include "gui/tarn-config.h"
#include "gui/tarn-notes.h"
#include "gui/tarn-page-inside.h"
#include "gui/tarn-words.h"

enum { SHOWN = 30 /* turns made at first, and more when one scrolls up */ };

G_DEFINE_FINAL_TYPE(TarnPage, tarn_page, GTK_TYPE_BOX)

enum { CHANGED, DRAFT, IDLE, N_SIGNALS };
static guint signals[N_SIGNALS];

/* ------------------------------------------------------------------ status */
void tarn_page_update_status(TarnPage *p)
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
void tarn_page_announce(TarnPage *p, const char *text, gboolean matters)
{
    gint64 now = g_get_monotonic_time();
    if (!matters && now - p->announced < 2 * G_USEC_PER_SEC)
        return;
    p->announced = now;
    gtk_label_set_text(p->announce, text);
    tarn_composer_describe(p->composer, text);
}

void tarn_page_update_composer(TarnPage *p)
{
    gboolean here = p->run.active && p->run.conversation == p->conversation;
    tarn_composer_set_state(p->composer, here,
                            !p->run.active && !p->asking &&
                                tarn_worker_engine(p->worker));
    tarn_composer_set_budget(p->composer, p->settings->budget);
    tarn_composer_set_tools(p->composer, p->settings->tools);
    tarn_composer_set_schema(p->composer, p->schema != NULL);
    tarn_composer_set_ctrl_sends(p->composer, p->settings->ctrl_sends);
}

void tarn_page_notice(TarnPage *p, gboolean error, const char *text,
                      const char *button, const char *action)
{
    tarn_notice_show(p->notice, error ? TARN_NOTICE_ERROR : TARN_NOTICE_QUIET,
                     text, button, action);
    if (error)
        tarn_page_announce(p, text, TRUE);
}

void tarn_page_hide_notice(TarnPage *p)
{
    tarn_notice_hide(p->notice);
}

void tarn_page_show_error(TarnPage *p, const struct tarn_error *err)
{
    g_autofree char *text = tarn_words_valid(err->text, -1);
    tarn_page_notice(p, TRUE, text, NULL, NULL);
}

/* ------------------------------------------------------------------- turns */
const char *tarn_page_model_name(TarnPage *p)
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

static GtkWidget *make_answer(TarnPage *p, const struct tarn_message *m)
{
    TarnFigures *f = tarn_conversation_figures(p->conversation, m->id);
    TarnAnswer *a = TARN_ANSWER(tarn_answer_new(m->id, f->model));
    gboolean growing = p->run.active && p->run.message == m->id &&
                       p->run.conversation == p->conversation;
    const char *thought = m->thought;
    gsize size = m->thought_size;
    tarn_answer_set_thoughts(a, p->settings->thoughts);
    if (growing)
        tarn_answer_begin(a, f->budget);
    if (thought && size)
        tarn_answer_text(a, TARN_SPAN_THOUGHT, thought, size);
    if (growing && size && p->run.span != TARN_SPAN_THOUGHT)
        tarn_answer_thought_done(a, &p->run.thought);
    if (m->text_size)
        tarn_answer_text(a, TARN_SPAN_ANSWER, m->text, m->text_size);
    if (growing) {
        p->run.answer = a;
    } else {
        tarn_answer_finish(a, f);
        g_free(tarn_notes_show(a, p->conversation, m->id, NULL));
    }
    return GTK_WIDGET(a);
}

static GtkWidget *make_turn(TarnPage *p, const struct tarn_message *m)
{
    if (m->role == TARN_ASSISTANT)
        return make_answer(p, m);
    g_autofree char *text = tarn_words_valid(m->text, (gssize)m->text_size);
    TarnFigures *f = tarn_conversation_figures(p->conversation, m->id);
    GtkWidget *turn = tarn_message_new(m->id, text, f->time);
    if (m->role == TARN_SYSTEM)
        tarn_message_set_who(TARN_MESSAGE(turn), _("Instructions"));
    else if (m->role == TARN_TOOL)
        tarn_message_set_who(TARN_MESSAGE(turn), _("Result"));
    return turn;
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
void tarn_page_show_path(TarnPage *p)
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
    tarn_find_set_chat(p->find, p->conversation);
    if (p->asking && !tarn_transcript_find(p->transcript, p->asking))
        tarn_page_give_up_asking(p);
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

/* A hit of the search: its turn is made if it is not there yet. */
static void on_find(TarnPage *p, guint id, gboolean thought, guint nth,
                    const char *words)
{
    GtkWidget *turn = NULL, *seen;
    int y = 0;
    while (id && !(turn = tarn_transcript_find(p->transcript, id)) &&
           p->from > 0)
        on_top(p);
    if (p->marked)
        tarn_find_unmark(p->marked);
    g_set_weak_pointer(&p->marked, turn);
    if (!turn)
        return;
    if (thought && TARN_IS_ANSWER(turn))
        tarn_answer_open_thought(TARN_ANSWER(turn));
    seen = tarn_find_mark(turn, thought, nth, words, &y);
    tarn_transcript_show(p->transcript, seen ? seen : turn, y);
}

void tarn_page_reveal(TarnPage *p, guint message)
{
    GtkWidget *turn = NULL;
    while (message &&
           !(turn = tarn_transcript_find(p->transcript, message)) &&
           p->from > 0)
        on_top(p);
    if (!turn)
        return;
    if (TARN_IS_ANSWER(turn))
        tarn_answer_open_thought(TARN_ANSWER(turn));
    tarn_transcript_show(p->transcript, turn, 0);
}

/* ME19, ME20: what is no text or has no room is not attached. */
void tarn_page_attach(TarnPage *p, const char *name, const char *text,
                      gsize size)
{
    struct tarn_ids ids = { 0 };
    struct tarn_error err = { 0 };
    struct tarn_model *model = tarn_worker_model(p->worker);
    g_autofree char *shown = tarn_words_valid(name, -1);
    g_autofree char *said = NULL;
    if (memchr(text, 0, size) || !g_utf8_validate_len(text, size, NULL)) {
        said = g_strdup_printf(_("%s is not text. This model reads text only."),
                               shown);
    } else if (model && !tarn_text_encode(tarn_model_text(model), text, size,
                                          &ids, &err)) {
        guint room = tarn_engine_context(tarn_worker_engine(p->worker));
        gsize left = room > p->used ? room - p->used : 0;
        g_autofree char *n = tarn_words_count(ids.n);
        g_autofree char *m = tarn_words_count(left);
        if (ids.n > left)
            said = g_strdup_printf(_("%s is %s tokens long and %s are free. "
                                     "Attach a shorter part of it."),
                                   shown, n, m);
        else
            tarn_composer_attach(p->composer, shown, text, (guint)ids.n);
    }
    tarn_ids_finish(&ids);
    if (said || err.status)
        tarn_page_notice(p, TRUE, said ? said : err.text, NULL, NULL);
    tarn_composer_focus(p->composer);
}

void tarn_page_find(TarnPage *p)
{
    tarn_find_open(p->find);
}

void tarn_page_save(TarnPage *p, TarnConversation *c, tarn_message_id id)
{
    g_signal_emit(p, signals[CHANGED], 0, c, id);
}

void tarn_page_say_idle(TarnPage *p)
{
    g_signal_emit(p, signals[IDLE], 0);
}

/* ---------------------------------------------------------------- acts */
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

char *tarn_page_answer(TarnPage *p, guint message, gboolean thought)
{
    tarn_message_id id =
        message ? message
                : tarn_conversation_last_of(p->conversation, TARN_ASSISTANT);
    GtkWidget *turn = id ? tarn_transcript_find(p->transcript, id) : NULL;
    return TARN_IS_ANSWER(turn) ? tarn_answer_copy(TARN_ANSWER(turn), thought)
                                : NULL;
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
    gtk_widget_set_visible(GTK_WIDGET(p->loading_bar), TRUE);
    gtk_progress_bar_set_fraction(p->loading_bar, percent / 100.0);
}

void tarn_page_set_away(TarnPage *p, const char *why)
{
    gtk_widget_set_visible(GTK_WIDGET(p->loading), why != NULL);
    gtk_widget_set_visible(GTK_WIDGET(p->loading_bar), FALSE);
    gtk_label_set_text(p->loading_text, why ? why : "");
    tarn_page_update_composer(p);
    tarn_page_update_status(p);
}

void tarn_page_forget_speed(TarnPage *p)
{
    g_clear_pointer(&p->speed, g_free);
    tarn_page_update_status(p);
}

void tarn_page_set_schema(TarnPage *p, const char *schema)
{
    g_free(p->schema);
    p->schema = g_strdup(schema);
    tarn_page_update_composer(p);
    tarn_composer_focus(p->composer);
}

const char *tarn_page_schema(TarnPage *p)
{
    return p->schema;
}

/* The first message of the active path, if it is instructions. */
static gboolean find_instructions(TarnPage *p, struct tarn_message *m)
{
    *m = (struct tarn_message){ .size = sizeof *m };
    return tarn_chat_message(tarn_conversation_chat(p->conversation), 0, m) &&
           m->role == TARN_SYSTEM;
}

char *tarn_page_instructions(TarnPage *p)
{
    struct tarn_message m;
    return find_instructions(p, &m)
               ? tarn_words_valid(m.text, (gssize)m.text_size)
               : NULL;
}

gboolean tarn_page_set_instructions(TarnPage *p, const char *text)
{
    struct tarn_error err = { 0 };
    struct tarn_message m;
    gboolean had = find_instructions(p, &m);
    g_autofree char *old = tarn_page_instructions(p);
    if (p->run.active || !g_strcmp0(old, text) || (!had && (!text || !*text)))
        return FALSE;
    if (text && *text) {
        tarn_message_id id = tarn_conversation_add(
            p->conversation, 0, TARN_SYSTEM, text, strlen(text), &err);
        if (id)
            tarn_page_save(p, p->conversation, id);
    } else {
        tarn_chat_select(tarn_conversation_chat(p->conversation), 0, &err);
    }
    if (err.status)
        tarn_page_show_error(p, &err);
    p->from = 0;
    p->used = 0;
    tarn_page_show_path(p);
    tarn_page_update_status(p);
    tarn_composer_focus(p->composer);
    return !err.status;
}

void tarn_page_model_changed(TarnPage *p, gboolean pocket)
{
    g_clear_pointer(&p->speed, g_free); /* measured with another model */
    p->used = 0;
    tarn_empty_set_pocket(p->empty, pocket);
    tarn_page_update_composer(p);
    tarn_page_update_status(p);
}

void tarn_page_set_presets(TarnPage *p, char *const *names)
{
    tarn_composer_set_presets(p->composer, names);
}

void tarn_page_set_settings(TarnPage *p, const TarnSettings *settings)
{
    p->settings = settings;
    tarn_page_update_composer(p);
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
    tarn_page_give_up_asking(p);
    g_object_ref(c);
    g_clear_object(&p->conversation);
    p->conversation = c;
    p->used = 0;
    gsize n = tarn_chat_length(tarn_conversation_chat(c));
    p->from = n > SHOWN ? n - SHOWN : 0;
    tarn_transcript_cut(p->transcript, 0);
    tarn_page_show_path(p);
    tarn_composer_set_text(p->composer, tarn_conversation_draft(c));
    tarn_transcript_follow(p->transcript);
    tarn_page_update_composer(p);
    tarn_page_update_status(p);
}

void tarn_page_set_worker(TarnPage *p, TarnWorker *worker)
{
    p->worker = g_object_ref(worker);
    g_signal_connect_object(worker, "events", G_CALLBACK(tarn_page_on_events),
                            p, G_CONNECT_SWAPPED);
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

TarnTraces *tarn_page_traces(TarnPage *p)
{
    return p->traces;
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
    g_clear_weak_pointer(&p->marked);
    g_clear_pointer(&p->cards, g_ptr_array_unref);
    g_clear_object(&p->conversation);
    g_clear_object(&p->run.conversation);
    g_clear_object(&p->worker);
    g_clear_object(&p->traces);
    g_clear_pointer(&p->speed, g_free);
    g_clear_pointer(&p->schema, g_free);
    G_OBJECT_CLASS(tarn_page_parent_class)->dispose(o);
}

static void tarn_page_class_init(TarnPageClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_page_dispose;
    g_type_ensure(TARN_TYPE_NOTICE);
    g_type_ensure(TARN_TYPE_FIND);
    g_type_ensure(TARN_TYPE_EMPTY);
    g_type_ensure(TARN_TYPE_TRANSCRIPT);
    g_type_ensure(TARN_TYPE_COMPOSER);
    gtk_widget_class_set_template_from_resource(w,
                                                TARN_RESOURCES "/tarn-page.ui");
    gtk_widget_class_bind_template_child(w, TarnPage, notice);
    gtk_widget_class_bind_template_child(w, TarnPage, find);
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
    gtk_widget_class_bind_template_callback(w, on_find);
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
    p->cards = g_ptr_array_new();
    p->traces = tarn_traces_new();
    static TarnSettings usual; /* until the window brings its own */
    tarn_settings_reset(&usual);
    p->settings = &usual;
    gtk_widget_init_template(GTK_WIDGET(p));
    tarn_empty_set_pocket(p->empty, TRUE);
}
