/* chat_turn.c - the model's turns in `tarn chat`; see chat_turn.h.
 *
 * The main thread is the face: it waits for keys, signals and the engine's
 * events at once. */
#include "cmd/chat_turn.h"

#include "cmd/consent.h"
#include "cmd/term.h"
#include "core/base/clock.h"

#define IDLE_MS 200 /* then a word that waits for its end is printed */

static void post(struct cmd_talk *t, const struct cmd_turn *turn, uint32_t kind)
{
    const struct tarn_command cmd = { .size = sizeof cmd,
                                      .kind = kind,
                                      .turn = turn->id };
    struct tarn_error err = { 0 };
    if (tarn_engine_post(t->ses.engine, &cmd, &err) != TARN_OK)
        cmd_view_say(&t->view, "%s", err.text);
}

/* What an answer said that goes on is printed already. */
static void hear_again(struct cmd_talk *t, struct cmd_turn *turn,
                       const struct tarn_event *ev)
{
    cmd_view_again(&t->view, ev);
    if (ev->kind != TARN_EV_TOKEN || ++turn->told < turn->given)
        return;
    if (turn->trace)
        cmd_record_count(turn->trace, &turn->old_thought, &turn->old_answer);
    cmd_view_go_on(&t->view, ev->ms);
}

static void drain(struct cmd_talk *t, struct cmd_turn *turn)
{
    struct tarn_event ev;
    while (tarn_engine_next_event(t->ses.engine, &ev)) {
        if (ev.turn != turn->id)
            continue;
        t->last_id = ev.message > t->last_id ? ev.message : t->last_id;
        if (turn->trace)
            tarn_trace_take(turn->trace, &ev);
        if (turn->told < turn->given && ev.kind != TARN_EV_END)
            hear_again(t, turn, &ev);
        else
            cmd_view_event(&t->view, &ev);
        if (ev.kind != TARN_EV_END)
            continue;
        turn->ended = true;
        turn->summary = *ev.summary;
        if (ev.error) {
            turn->failed = true;
            turn->error = *ev.error;
        }
    }
}

/* Keys while the model writes: two of them are commands, the rest is kept for
 * the next line. */
static bool take_keys(struct cmd_talk *t, struct cmd_turn *turn)
{
    char keys[256];
    const size_t n = cmd_term_read(keys, sizeof keys);
    for (size_t i = 0; i < n; i++)
        if (keys[i] == 'G' - 64 && t->view.circle) {
            post(t, turn, TARN_CMD_BREAK_CIRCLE);
            t->view.circle = false;
        } else if (keys[i] == 'G' - 64) {
            post(t, turn, TARN_CMD_ANSWER_NOW);
            if (turn->trace)
                tarn_trace_answered(turn->trace);
            t->view.asked = true;
        } else if (keys[i] == 'O' - 64)
            cmd_view_fold(&t->view);
        else
            cmd_line_feed(t->line, keys + i, 1);
    return n > 0;
}

static void take_signals(struct cmd_talk *t, struct cmd_turn *turn, unsigned seen)
{
    if (seen & CMD_TERM_QUIT)
        turn->quit = true;
    if (!(seen & (CMD_TERM_INTERRUPT | CMD_TERM_QUIT)))
        return;
    turn->interrupted_ms = tarn_now_ms();
    t->view.stopped = true;
    post(t, turn, TARN_CMD_STOP);
}

static void watch(struct cmd_talk *t, struct cmd_turn *turn)
{
    bool keys = t->line != NULL;
    cmd_term_set_mode(t->line ? CMD_TERM_WATCH : CMD_TERM_COOKED);
    while (!turn->ended) {
        const unsigned seen = cmd_term_wait(keys, IDLE_MS);
        take_signals(t, turn, seen);
        if (seen & CMD_TERM_KEYS)
            keys = take_keys(t, turn);
        if (seen == 0)
            cmd_view_idle(&t->view);
        drain(t, turn);
    }
}

static void say_reason(struct cmd_talk *t, const struct cmd_turn *turn)
{
    const char *more = t->line && turn->trace ? " /more goes on." : "";
    switch (turn->summary.reason) {
    case TARN_STOP_CANCELLED:
        cmd_view_say(&t->view, "Stopped.%s", more);
        break;
    case TARN_STOP_LENGTH:
        cmd_view_say(&t->view, "The answer reached the limit of %s tokens.%s",
                     tarn_count(turn->summary.n_total).text, more);
        break;
    case TARN_STOP_CONTEXT:
        cmd_view_say(&t->view, "The context is full. /new begins a new chat; "
                               "--ctx makes it larger.");
        break;
    case TARN_STOP_FAILED:
        cmd_view_say(&t->view, "%s", turn->error.text);
        break;
    case TARN_STOP_END:
    case TARN_STOP_STRING:
        break;
    }
}

/* Of what came new: the rest has its line already. */
static void say_figures(struct cmd_talk *t, const struct cmd_turn *turn,
                        const struct tarn_message *m)
{
    struct tarn_turn_summary s = turn->summary;
    s.n_thought -= turn->old_thought < s.n_thought ? turn->old_thought
                                                   : s.n_thought;
    s.n_answer -= turn->old_answer < s.n_answer ? turn->old_answer : s.n_answer;
    s.n_total -= (uint32_t)turn->given;
    cmd_view_summary(&t->view, &s, m ? m->sibling + 1 : 0,
                     m ? m->n_siblings : 0);
}

/* The model's turn below the active path's end.  A turn that gave nothing is
 * taken back with its message, whose text goes into the line again. */
static enum tarn_status run_turn(struct cmd_talk *t, uint32_t attempt,
                                 struct cmd_turn *turn, struct tarn_error *err)
{
    const struct tarn_turn_options opt = { .size = sizeof opt,
                                           .sampling = &t->sampling,
                                           .thought_budget = t->budget,
                                           .budget_given = true,
                                           .max_tokens = t->max_tokens,
                                           .attempt = attempt,
                                           .tools_json = cmd_consent_tools(t),
                                           .keep_loops = t->keep_loops,
                                           .json_schema = t->schema,
                                           .begin = t->begin.at,
                                           .n_begin = t->begin.n,
                                           .go_on = t->go_on };
    *turn = (struct cmd_turn){ 0 };
    t->view.tools = t->tools;
    cmd_view_begin(&t->view);
    enum tarn_status s =
        tarn_turn_start(t->ses.engine, t->chat, &opt, &turn->id, err);
    tarn_ids_finish(&t->begin);
    t->keep_loops = t->go_on = false;
    if (s != TARN_OK)
        return s;
    if (opt.go_on)
        turn->given = tarn_turn_given(t->ses.engine, turn->id);
    if (t->line)
        turn->trace = cmd_records_begin(
            &t->records, &t->ses, turn->id, &opt,
            opt.go_on ? tarn_chat_trace(t->chat, cmd_talk_end(t)) : NULL);
    watch(t, turn);
    struct tarn_message m = { 0 };
    tarn_chat_find(t->chat, cmd_talk_end(t), &m);
    const bool written = m.role == TARN_ASSISTANT;
    const bool told = turn->told == turn->given;
    cmd_records_end(&t->records, t->chat, written && told ? m.id : 0);
    if (!turn->failed && told)
        say_figures(t, turn, written ? &m : NULL);
    t->n_context = turn->summary.n_prompt + turn->summary.n_total;
    say_reason(t, turn);
    if (turn->failed)
        *err = turn->error;
    return turn->failed ? turn->error.status : TARN_OK;
}

enum tarn_status cmd_turns_run(struct cmd_talk *t, uint32_t attempt,
                               struct cmd_turn *turn, struct tarn_error *err)
{
    enum tarn_status s = run_turn(t, attempt, turn, err);
    while (s == TARN_OK && turn->summary.reason == TARN_STOP_END &&
           !turn->quit && cmd_consent(t, cmd_talk_end(t), &turn->quit))
        s = run_turn(t, 0, turn, err);
    return s;
}
