/* slash_trace.c - /trace, and the commands that take the tokens of an answer
 * up again: /more, /fork, /keep. */
#include <stdlib.h>
#include <string.h>

#include "cmd/slash.h"

/* The answer at the end of the active path, with its record. */
static const struct tarn_trace *last_trace(struct cmd_talk *t,
                                           struct tarn_message *m)
{
    struct tarn_message last = { .size = sizeof last };
    if (!tarn_chat_find(t->chat, cmd_talk_end(t), &last) ||
        last.role != TARN_ASSISTANT) {
        cmd_view_say(&t->view, "The chat does not end with an answer.");
        return NULL;
    }
    *m = last;
    const struct tarn_trace *trace = tarn_chat_trace(t->chat, last.id);
    if (!trace)
        cmd_view_say(&t->view, "The tokens of this answer are not recorded; "
                               "/again writes another one.");
    return trace;
}

/* The same, if the model that is loaded can go on from its tokens. */
static const struct tarn_trace *own_trace(struct cmd_talk *t,
                                          struct tarn_message *m)
{
    const struct tarn_trace *trace = last_trace(t, m);
    if (!trace || tarn_trace_fits(trace, tarn_model_info(t->ses.model)))
        return trace;
    cmd_view_say(&t->view, "This answer was written by another model file; "
                           "/again writes another one.");
    return NULL;
}

/* The next turn is a branch of that answer which begins with t->begin. */
static enum cmd_slash
branch_off(struct cmd_talk *t, const struct tarn_message *m, uint32_t *attempt)
{
    if (t->begin.failed || t->begin.n == 0) {
        tarn_ids_finish(&t->begin);
        cmd_view_say(&t->view, "There is nothing to go on from.");
        return CMD_SLASH_DONE;
    }
    cmd_talk_mark(t);
    *attempt = m->n_siblings;
    if (!cmd_slash_select(t, m->parent)) {
        tarn_ids_finish(&t->begin);
        return CMD_SLASH_DONE;
    }
    return CMD_SLASH_TURN;
}

/* In its own message; where others follow it, in a branch. */
enum cmd_slash cmd_slash_more(struct cmd_talk *t, char *rest, uint32_t *attempt)
{
    struct tarn_message m = { .size = sizeof m };
    (void)rest;
    if (!tarn_chat_find(t->chat, cmd_talk_end(t), &m) ||
        m.role != TARN_ASSISTANT) {
        cmd_view_say(&t->view, "The chat does not end with an answer.");
        return CMD_SLASH_DONE;
    }
    if (m.finished) {
        cmd_view_say(&t->view, "This answer has ended by itself.");
        return CMD_SLASH_DONE;
    }
    if (!tarn_chat_child(t->chat, m.id, 0)) {
        t->go_on = true;
        *attempt = m.sibling;
        return CMD_SLASH_TURN;
    }
    const struct tarn_trace *trace = own_trace(t, &m);
    if (!trace)
        return CMD_SLASH_DONE;
    cmd_record_ids(trace, SIZE_MAX, false, &t->begin);
    return branch_off(t, &m, attempt);
}

enum cmd_slash cmd_slash_keep(struct cmd_talk *t, char *rest, uint32_t *attempt)
{
    struct tarn_message m;
    size_t n = 0;
    const struct tarn_trace *trace = own_trace(t, &m);
    (void)rest;
    if (trace)
        tarn_trace_loops(trace, &n);
    if (trace && n == 0)
        cmd_view_say(&t->view, "Nothing was taken back in this answer.");
    if (!trace || n == 0)
        return CMD_SLASH_DONE;
    cmd_record_ids(trace, SIZE_MAX, true, &t->begin);
    t->keep_loops = true;
    return branch_off(t, &m, attempt);
}

/* ----------------------------------------------------------------- one token
 */

static void say_candidate(struct cmd_talk *t, const struct tarn_trace *trace,
                          const struct tarn_trace_token *token, unsigned k)
{
    const struct tarn_candidate *c = &token->best[k];
    size_t size;
    const char *piece = tarn_trace_piece(trace, c->id, &size);
    if (c->p <= 0)
        return;
    cmd_view_say(&t->view, "%u  %-24s %s%s", k + 1,
                 tarn_shown(piece, size).text, cmd_percent((double)c->p).text,
                 c->id == token->id ? "  taken" : "");
}

static void say_token(struct cmd_talk *t, const struct tarn_trace *trace,
                      size_t k)
{
    size_t place, size;
    const struct tarn_trace_token *token = cmd_record_token(trace, k, &place);
    if (!token) {
        cmd_view_say(&t->view, "There is no token %zu.", k);
        return;
    }
    const char *bytes = tarn_trace_bytes(trace, place, &size);
    cmd_view_say(&t->view, "Token %zu, \"%s\": %.1f bits, %s%s", k,
                 tarn_shown(bytes, size).text, (double)token->entropy_bits,
                 cmd_percent((double)token->p).text,
                 token->flags & TARN_TRACE_FORCED ? ", not drawn" : "");
    for (unsigned i = 0; i < 8; i++)
        say_candidate(t, trace, token, i);
}

static void save_trace(struct cmd_talk *t, const struct tarn_trace *trace,
                       const char *path)
{
    struct tarn_error err = { 0 };
    if (tarn_trace_save(trace, path, &err) != TARN_OK)
        cmd_slash_error(t, &err); /* it names the file */
    else
        cmd_view_say(&t->view, "Saved to %s.", tarn_shown_str(path).text);
}

enum cmd_slash cmd_slash_trace(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    struct tarn_message m;
    char *end = NULL;
    const struct tarn_trace *trace = last_trace(t, &m);
    (void)attempt;
    if (!trace)
        return CMD_SLASH_DONE;
    const unsigned long k = strtoul(rest, &end, 10);
    if (!strncmp(rest, "save ", 5)) {
        save_trace(t, trace, rest + 5 + strspn(rest + 5, " "));
    } else if (!*rest) {
        struct tarn_buf b = { 0 };
        tarn_trace_report(trace, &b);
        if (!b.failed)
            cmd_view_text(&t->view, b.data, b.size);
        tarn_buf_finish(&b);
    } else if (*end || *rest == '-') {
        cmd_view_say(&t->view,
                     "\"%s\" is neither a token's number nor save "
                     "PATH.",
                     tarn_shown_str(rest).text);
    } else {
        say_token(t, trace, k);
    }
    return CMD_SLASH_DONE;
}

/* "N K": from token N with its K-th candidate. */
enum cmd_slash cmd_slash_fork(struct cmd_talk *t, char *rest, uint32_t *attempt)
{
    struct tarn_message m;
    size_t place;
    char *end = NULL;
    const unsigned long n = strtoul(rest, &end, 10);
    char *second = end + strspn(end, " ");
    const unsigned long k = strtoul(second, &end, 10);
    const struct tarn_trace *trace = own_trace(t, &m);
    if (!trace)
        return CMD_SLASH_DONE;
    const struct tarn_trace_token *token = cmd_record_token(trace, n, &place);
    if (!*second || *end || !token || k < 1 || k > 8 ||
        token->best[k - 1].p <= 0) {
        cmd_view_say(&t->view, "/fork needs a token of the answer and one of "
                               "its candidates; /trace N shows them.");
        return CMD_SLASH_DONE;
    }
    cmd_record_ids(trace, n, false, &t->begin);
    tarn_ids_add(&t->begin, token->best[k - 1].id);
    return branch_off(t, &m, attempt);
}
