/* toolbox.c - see toolbox.h. */
#include "core/turn/toolbox.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/turn/call.h"
#include "core/turn/tools.h"

struct asked {
    char *name, *arguments, *written; /* owned */
    size_t written_size;
    uint32_t times;
    bool offered;
    enum tarn_decision decision;
    struct tarn_buf result;
    uint64_t left_out; /* bytes above the limit */
};

struct allowed {
    char *name, *arguments; /* owned; arguments NULL: any */
};

struct tarn_toolbox {
    char *json;
    struct tarn_tools *tools;
    struct asked *at; /* [n] */
    size_t n;
    struct allowed *allowed; /* [n_allowed] */
    size_t n_allowed;
    bool bare; /* calls without markers count */
    tarn_message_id message; /* whose calls these are */
    uint32_t n_calls, n_wrong; /* in this turn before; messages in a row */
};

static enum tarn_status no_memory(struct tarn_error *err)
{
    return tarn_fail(err, TARN_NO_MEMORY,
                     "There was not enough memory for a tool call.");
}

/* -------------------------------------------------------------------- life */
enum tarn_status tarn_toolbox_create(const char *tools_json,
                                     struct tarn_toolbox **out,
                                     struct tarn_error *err)
{
    struct tarn_toolbox *box = tarn_alloc(1, sizeof *box);
    if (!box)
        return no_memory(err);
    box->json = tarn_dup_str(tools_json ? tools_json : tarn_builtin_tools());
    enum tarn_status s = box->json ? TARN_OK : no_memory(err);
    if (s == TARN_OK)
        s = tarn_tools_create(box->json, strlen(box->json), &box->tools, err);
    if (s != TARN_OK) {
        tarn_toolbox_destroy(box);
        return s;
    }
    *out = box;
    return TARN_OK;
}

static void forget_calls(struct tarn_toolbox *box)
{
    for (size_t i = 0; i < box->n; i++) {
        tarn_free(box->at[i].name);
        tarn_free(box->at[i].arguments);
        tarn_free(box->at[i].written);
        tarn_buf_finish(&box->at[i].result);
    }
    tarn_free(box->at);
    box->at = NULL;
    box->n = 0;
    box->message = 0;
}

void tarn_toolbox_destroy(struct tarn_toolbox *box)
{
    if (!box)
        return;
    forget_calls(box);
    while (box->n_allowed > 0)
        tarn_toolbox_withdraw(box, 0);
    tarn_free(box->allowed);
    tarn_tools_destroy(box->tools);
    tarn_free(box->json);
    tarn_free(box);
}

const char *tarn_toolbox_tools(const struct tarn_toolbox *box)
{
    return box->json;
}

/* ----------------------------------------------------------------- reading */
static struct asked *add(struct tarn_toolbox *box, const char *name,
                         const char *arguments, const char *written,
                         size_t size)
{
    struct asked *more = tarn_realloc(box->at, box->n, box->n + 1, sizeof *more);
    if (!more)
        return NULL;
    box->at = more;
    struct asked *a = &box->at[box->n++];
    a->name = tarn_dup_str(name);
    a->arguments = tarn_dup_str(arguments);
    a->written = tarn_dup(written, size);
    a->written_size = size;
    a->times = 1;
    return a->name && a->arguments && a->written ? a : NULL;
}

/* The same call twice in a message is asked and run once. */
static bool add_call(struct tarn_toolbox *box, const struct tarn_call *call,
                     bool offered, const char *written, size_t size)
{
    for (size_t i = 0; i < box->n; i++)
        if (box->at[i].decision == TARN_CALL_WAITS &&
            !strcmp(box->at[i].name, call->name) &&
            !strcmp(box->at[i].arguments, call->arguments)) {
            box->at[i].times++;
            return true;
        }
    struct asked *a = add(box, call->name, call->arguments, written, size);
    if (a)
        a->offered = offered;
    return a != NULL;
}

#define NOT_UNDERSTOOD "call not understood"

/* What is wrong with a block, in words for the model. */
static void say_why(const struct tarn_toolbox *box, const struct tarn_calls *c,
                    struct tarn_buf *out)
{
    static const struct {
        uint32_t problem;
        const char *why;
    } WHYS[] = {
        { TARN_CALL_EMPTY_BLOCK, "it is empty" },
        { TARN_CALL_TEXT_IN_BLOCK, "it is text, not a call" },
        { TARN_CALL_UNKNOWN_PARAMETER, "a parameter is not known" },
        { TARN_CALL_MISSING_REQUIRED, "a required parameter is missing" },
        { TARN_CALL_WRONG_TYPE, "an argument has the wrong type" },
        { TARN_CALL_WRONG_VALUE, "an argument is none of the allowed values" },
        { TARN_CALL_BAD_LITERAL, "an argument is no literal value" },
        { TARN_CALL_POSITIONAL, "arguments need their names" },
        { TARN_CALL_UNTERMINATED, "its end is missing" },
    };
    if (c->reason) {
        tarn_buf_printf(out, NOT_UNDERSTOOD ": %s (byte %zu)", c->reason,
                        c->byte);
        return;
    }
    if (c->problems & TARN_CALL_UNKNOWN_FUNCTION) {
        tarn_buf_text(out, NOT_UNDERSTOOD ": there is no such tool; the tools "
                           "are:");
        for (size_t i = 0; i < box->tools->n; i++)
            tarn_buf_printf(out, "%s %.*s", i ? "," : "",
                            (int)box->tools->at[i].name_size,
                            box->tools->at[i].name);
        return;
    }
    for (size_t i = 0; i < sizeof WHYS / sizeof *WHYS; i++)
        if (c->problems & WHYS[i].problem) {
            tarn_buf_printf(out, NOT_UNDERSTOOD ": %s", WHYS[i].why);
            return;
        }
    tarn_buf_text(out, NOT_UNDERSTOOD);
}

static bool read_block(struct tarn_toolbox *box, const char *text, size_t size,
                       bool cut, enum tarn_status *s, struct tarn_error *err)
{
    const uint32_t wrong =
        TARN_CALL_UNKNOWN_PARAMETER | TARN_CALL_MISSING_REQUIRED |
        TARN_CALL_WRONG_TYPE | TARN_CALL_WRONG_VALUE | TARN_CALL_BAD_LITERAL;
    struct tarn_calls c;
    *s = tarn_calls_read(box->tools, text, size,
                         cut ? TARN_CALL_CUT : TARN_CALL_BLOCK, &c, err);
    if (*s != TARN_OK)
        return false;
    bool good = true;
    for (size_t i = 0; i < c.n_run && good; i++)
        good = add_call(box, &c.run[i], false, text, size);
    for (size_t i = 0; i < c.n_offer && good; i++)
        good = add_call(box, &c.offer[i], true, text, size);
    /* A call that fits nothing is in neither list. */
    const bool lost = c.n_run + c.n_offer == 0 || c.problems & wrong;
    if (good && lost) {
        struct asked *a = add(box, "", "{}", text, size);
        good = a != NULL;
        if (good) {
            a->decision = TARN_CALL_REFUSED;
            say_why(box, &c, &a->result);
            good = !a->result.failed;
        }
    }
    tarn_calls_finish(&c);
    if (!good)
        *s = no_memory(err);
    return good;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What this turn, back to its question, has had already. */
static void count_before(struct tarn_toolbox *box, const struct tarn_chat *chat,
                         tarn_message_id id)
{
    struct tarn_message m;
    bool in_a_row = true, all_wrong = true;
    uint32_t results = 0;
    box->n_calls = box->n_wrong = 0;
    if (!tarn_chat_find(chat, id, &m))
        return;
    while (tarn_chat_find(chat, m.parent, &m) && m.role != TARN_USER) {
        if (m.role == TARN_TOOL) {
            box->n_calls++;
            results++;
            all_wrong = all_wrong && begins(m.text, NOT_UNDERSTOOD);
        } else {
            in_a_row = in_a_row && results > 0 && all_wrong;
            box->n_wrong += in_a_row;
            results = 0;
            all_wrong = true;
        }
    }
}

void tarn_toolbox_bare(struct tarn_toolbox *box, bool yes)
{
    box->bare = yes;
}

/* What is not all calls is an ordinary answer. */
static enum tarn_status read_answer(struct tarn_toolbox *box,
                                    const struct tarn_chat *chat,
                                    tarn_message_id id, struct tarn_error *err)
{
    struct tarn_message m;
    struct tarn_calls c;
    if (!tarn_chat_find(chat, id, &m) || m.role != TARN_ASSISTANT ||
        !m.finished || m.text_size > TARN_CALL_MAX_TEXT)
        return TARN_OK;
    enum tarn_status s = tarn_calls_read(box->tools, m.text, m.text_size,
                                         TARN_CALL_BARE, &c, err);
    if (s != TARN_OK)
        return s;
    for (size_t i = 0; i < c.n_offer && s == TARN_OK; i++)
        if (!add_call(box, &c.offer[i], true, m.text, m.text_size))
            s = no_memory(err);
    tarn_calls_finish(&c);
    if (s != TARN_OK)
        forget_calls(box);
    return s;
}

enum tarn_status tarn_toolbox_begin(struct tarn_toolbox *box,
                                    const struct tarn_chat *chat,
                                    tarn_message_id message,
                                    struct tarn_error *err)
{
    forget_calls(box);
    count_before(box, chat, message);
    box->message = message;
    enum tarn_status s = TARN_OK;
    bool cut = false;
    size_t size;
    const char *text;
    for (size_t i = 0;
         (text = tarn_chat_call(chat, message, i, &size, &cut)) != NULL; i++)
        if (!read_block(box, text, size, cut, &s, err)) {
            forget_calls(box);
            return s;
        }
    return box->bare && box->n == 0 ? read_answer(box, chat, message, err)
                                    : TARN_OK;
}

/* ---------------------------------------------------------------- deciding */
static bool is_allowed(const struct tarn_toolbox *box, const struct asked *a)
{
    for (size_t i = 0; i < box->n_allowed; i++)
        if (!strcmp(box->allowed[i].name, a->name) &&
            (!box->allowed[i].arguments ||
             !strcmp(box->allowed[i].arguments, a->arguments)))
            return true;
    return false;
}

bool tarn_toolbox_call(const struct tarn_toolbox *box, size_t i,
                       struct tarn_asked *out)
{
    if (i >= box->n)
        return false;
    const struct asked *a = &box->at[i];
    const bool decided = a->decision != TARN_CALL_WAITS;
    *out = (struct tarn_asked){
        .size = sizeof *out,
        .name = a->name,
        .arguments = a->arguments,
        .effects = tarn_builtin_effects(a->name),
        .written = a->written,
        .written_size = a->written_size,
        .times = a->times,
        .runs_here = tarn_builtin_effects(a->name) != NULL,
        .offered = a->offered,
        .allowed = !a->offered && is_allowed(box, a),
        .decision = a->decision,
        .result = decided ? a->result.data ? a->result.data : "" : NULL,
        .result_size = a->result.size,
    };
    return true;
}

static enum tarn_status remember(struct tarn_toolbox *box, const struct asked *a,
                                 bool any, struct tarn_error *err)
{
    if (is_allowed(box, a) && !any)
        return TARN_OK;
    struct allowed *more = tarn_realloc(box->allowed, box->n_allowed,
                                        box->n_allowed + 1, sizeof *more);
    if (!more)
        return no_memory(err);
    box->allowed = more;
    struct allowed *w = &box->allowed[box->n_allowed];
    w->name = tarn_dup_str(a->name);
    w->arguments = any ? NULL : tarn_dup_str(a->arguments);
    if (!w->name || (!any && !w->arguments)) {
        tarn_free(w->name);
        tarn_free(w->arguments);
        return no_memory(err);
    }
    box->n_allowed++;
    return TARN_OK;
}

enum tarn_status tarn_toolbox_allow(struct tarn_toolbox *box, size_t i,
                                    enum tarn_allow how,
                                    const struct tarn_builtin_world *world,
                                    struct tarn_error *err)
{
    struct asked *a = i < box->n ? &box->at[i] : NULL;
    if (!a || a->decision != TARN_CALL_WAITS)
        return tarn_fail(err, TARN_USAGE, "No call number %zu waits.", i);
    char *result = NULL;
    size_t size = 0;
    enum tarn_status s = tarn_builtin_run(a->name, a->arguments, world, &result,
                                          &size, err);
    if (s == TARN_OK && how != TARN_ALLOW_ONCE)
        s = remember(box, a, how == TARN_ALLOW_TOOL, err);
    if (s == TARN_OK)
        s = tarn_toolbox_answer(box, i, result, size, err);
    tarn_text_free(result);
    return s;
}

void tarn_toolbox_deny(struct tarn_toolbox *box, size_t i)
{
    if (i < box->n && box->at[i].decision == TARN_CALL_WAITS)
        box->at[i].decision = TARN_CALL_DENIED;
}

enum tarn_status tarn_toolbox_answer(struct tarn_toolbox *box, size_t i,
                                     const char *text, size_t size,
                                     struct tarn_error *err)
{
    struct asked *a = i < box->n ? &box->at[i] : NULL;
    if (!a || (a->decision != TARN_CALL_WAITS && a->decision != TARN_CALL_DONE))
        return tarn_fail(err, TARN_USAGE, "No call number %zu waits.", i);
    const size_t room = TARN_TOOLBOX_MAX_RESULT - a->result.size;
    const size_t n = a->left_out > 0 ? 0 : size < room ? size : room;
    tarn_buf_add(&a->result, text, n);
    if (a->result.failed)
        return no_memory(err);
    a->left_out += size - n;
    if (n < size) { /* not in the middle of a character */
        const size_t part = tarn_utf8_tail(a->result.data, a->result.size);
        a->result.size -= part;
        a->left_out += part;
    }
    a->decision = TARN_CALL_DONE;
    return TARN_OK;
}

/* --------------------------------------------------------------- going on */
static enum tarn_status add_result(struct tarn_chat *chat, struct asked *a,
                                   struct tarn_error *err)
{
    static const char DENIED[] = "The person did not allow this call.";
    struct tarn_buf b = { 0 };
    if (a->decision == TARN_CALL_DENIED)
        tarn_buf_text(&b, DENIED);
    else
        tarn_buf_add(&b, a->result.data, a->result.size);
    if (a->left_out > 0)
        tarn_buf_printf(&b, "\n[cut: %llu bytes left out]",
                        (unsigned long long)a->left_out);
    enum tarn_status s = b.failed ? no_memory(err) : TARN_OK;
    for (uint32_t k = 0; k < a->times && s == TARN_OK; k++)
        s = tarn_chat_add(chat, TARN_TOOL, b.data ? b.data : "", b.size, NULL,
                          err);
    tarn_buf_finish(&b);
    return s;
}

/* TARN_LIMIT where the turn must end. */
static enum tarn_status check_limits(const struct tarn_toolbox *box,
                                     struct tarn_error *err)
{
    uint32_t n_calls = 0;
    bool wrong = true;
    for (size_t i = 0; i < box->n; i++) {
        n_calls += box->at[i].times;
        wrong = wrong && box->at[i].decision == TARN_CALL_REFUSED;
    }
    if (wrong && box->n_wrong + 1 >= TARN_TOOLBOX_MAX_WRONG)
        return tarn_fail(err, TARN_LIMIT,
                         "The model called tools %u times in a row in a way "
                         "that could not be understood; the answer ends here.",
                         box->n_wrong + 1);
    if (box->n_calls + n_calls > TARN_TOOLBOX_MAX_CALLS)
        return tarn_fail(err, TARN_LIMIT,
                         "This answer has made %u tool calls and wants %u "
                         "more; at most %u are allowed, so it ends here.",
                         box->n_calls, n_calls, TARN_TOOLBOX_MAX_CALLS);
    return TARN_OK;
}

enum tarn_status tarn_toolbox_finish(struct tarn_toolbox *box,
                                     struct tarn_chat *chat, bool *go_on,
                                     struct tarn_error *err)
{
    struct tarn_message last;
    const size_t length = tarn_chat_length(chat);
    *go_on = false;
    if (box->n == 0)
        return TARN_OK;
    if (length == 0 || !tarn_chat_message(chat, length - 1, &last) ||
        last.id != box->message)
        return tarn_fail(err, TARN_USAGE,
                         "The chat has gone on; the calls no longer stand at "
                         "its end.");
    enum tarn_status s = check_limits(box, err);
    for (size_t i = 0; i < box->n && s == TARN_OK; i++) {
        tarn_toolbox_deny(box, i);
        s = add_result(chat, &box->at[i], err);
    }
    *go_on = s == TARN_OK;
    forget_calls(box);
    return s;
}

/* ----------------------------------------------------------------- allowed */
bool tarn_toolbox_allowed(const struct tarn_toolbox *box, size_t i,
                          const char **name, const char **arguments)
{
    if (i >= box->n_allowed)
        return false;
    *name = box->allowed[i].name;
    *arguments = box->allowed[i].arguments;
    return true;
}

void tarn_toolbox_withdraw(struct tarn_toolbox *box, size_t i)
{
    if (i >= box->n_allowed)
        return;
    tarn_free(box->allowed[i].name);
    tarn_free(box->allowed[i].arguments);
    box->n_allowed--;
    memmove(box->allowed + i, box->allowed + i + 1,
            (box->n_allowed - i) * sizeof *box->allowed);
}
