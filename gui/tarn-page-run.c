/* tarn-page-run.c - turns: begun and steered; the acts that begin them.  See
 * tarn-page.h and tarn-page-inside.h; tarn-page-events.c hears of them. */
#include <string.h>

#include "gui/tarn-notes.h"
#include "gui/tarn-page-inside.h"
#include "gui/tarn-words.h"

/* ---------------------------------------------------------------- commands */
/* What is different in one turn; zero: nothing. */
struct other {
    guint attempt;
    int budget; /* where has_budget; below 0: none */
    gboolean has_budget, keep_loops;
    double warmer;        /* added to the temperature */
    const GArray *begin;  /* gint32: the answer begins with them */
    tarn_message_id from; /* it is the beginning of this one */
    gboolean go_on;       /* `from` is not finished: in its own message */
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

/* An answer that goes on is drawn as if it had never been stopped. */
static void draw_on(TarnPage *p, tarn_message_id message,
                    struct tarn_sampling *s)
{
    const struct tarn_trace *t =
        tarn_traces_of(p->traces, p->conversation, message);
    const struct tarn_trace_turn *turn = t ? tarn_trace_turn(t) : NULL;
    if (!turn)
        return;
    *s = turn->sampling;
    s->size = sizeof *s;
    s->seed = tarn_trace_info(t)->seed;
}

static gboolean post_turn(TarnPage *p, const struct other *other)
{
    struct tarn_error err = { 0 };
    struct tarn_sampling s = sampling_of(p, other);
    struct run *r = &p->run;
    if (other->go_on)
        draw_on(p, other->from, &s);
    r->budget = other->has_budget ? other->budget : p->settings->budget;
    struct tarn_turn_options o = { .size = sizeof o,
                                   .sampling = &s,
                                   .thought_budget = r->budget,
                                   .budget_given = true,
                                   .attempt = other->attempt,
                                   .tools_json = tarn_page_tools(p),
                                   .keep_loops = p->settings->keep_loops ||
                                                 other->keep_loops,
                                   .experts = true,
                                   .json_schema = p->schema,
                                   .go_on = other->go_on };
    if (other->begin) {
        o.begin = (const int32_t *)(gpointer)other->begin->data;
        o.n_begin = other->begin->len;
    }
    if (!tarn_turn_start(tarn_worker_engine(p->worker),
                         tarn_conversation_chat(p->conversation), &o, &r->turn,
                         &err)) {
        r->given = other->go_on ? tarn_turn_given(
                                      tarn_worker_engine(p->worker), r->turn)
                                : 0;
        tarn_traces_begin(p->traces, tarn_worker_engine(p->worker), r->turn, &o,
                          tarn_worker_model(p->worker), p->conversation,
                          tarn_conversation_end(p->conversation), other->from);
        return TRUE;
    }
    tarn_page_show_error(p, &err);
    tarn_page_show_path(p);
    return FALSE;
}

/* The message that goes on grows where it stands. */
static void show_going_on(TarnPage *p, tarn_message_id message)
{
    GtkWidget *turn = tarn_transcript_find(p->transcript, message);
    if (turn)
        p->run.answer = TARN_ANSWER(turn);
    if (turn)
        tarn_answer_go_on(TARN_ANSWER(turn));
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
    if (r->given)
        show_going_on(p, r->message);
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

void tarn_page_regenerate_with(TarnPage *p, guint message, int budget)
{
    struct other other = { .budget = budget, .has_budget = TRUE };
    branch_off(p, message, &other);
}

void tarn_page_regenerate_as(TarnPage *p, guint message, const char *way)
{
    int budget = tarn_conversation_figures(p->conversation, message)->budget;
    struct other other = { 0 };
    if (!strcmp(way, "longer") && budget >= 0)
        other = (struct other){ .budget = tarn_notes_longer(budget),
                                .has_budget = TRUE };
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

/* In its own message; where others follow it, in a branch. */
void tarn_page_continue(TarnPage *p, guint message)
{
    struct tarn_error err = { 0 };
    struct tarn_message m = { .size = sizeof m };
    struct tarn_chat *chat = tarn_conversation_chat(p->conversation);
    if (p->run.active || !tarn_worker_engine(p->worker) ||
        !tarn_chat_find(chat, message, &m))
        return;
    if (m.finished || tarn_chat_child(chat, message, 0)) {
        go_on_with(p, message, tarn_conversation_ids(p->conversation, message),
                   FALSE);
        return;
    }
    const struct other other = {
        .attempt = m.sibling,
        .budget = tarn_conversation_figures(p->conversation, message)->budget,
        .has_budget = TRUE,
        .from = message,
        .go_on = TRUE
    };
    if (tarn_conversation_end(p->conversation) != message &&
        tarn_chat_select(chat, message, &err))
        tarn_page_show_error(p, &err);
    else
        start_turn(p, &other);
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
