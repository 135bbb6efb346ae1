/* turns.c - see turns.h. */
#include "core/text/turns.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

struct reading {
    struct tarn_messages *out;
    struct tarn_error *err;
    size_t i; /* the message that is read */
    bool system_seen, turn_seen;
    size_t calls_open; /* calls whose results may follow */
};

static enum tarn_status bad(const struct reading *r, const char *format, ...)
    TARN_PRINTF(2, 3);

static enum tarn_status bad(const struct reading *r, const char *format, ...)
{
    char what[160];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    return tarn_fail(r->err, TARN_USAGE, "message %zu %s", r->i, what);
}

/* A member that is there and not null. */
static const struct tarn_json *member(const struct tarn_json *v,
                                      const char *key)
{
    const struct tarn_json *m = tarn_json_get(v, key);
    return m && m->kind != TARN_JSON_NULL ? m : NULL;
}

static bool is_kind(const struct tarn_json *v, enum tarn_json_kind kind)
{
    return v && v->kind == kind;
}

/* ---------------------------------------------------------------- a message */

static enum tarn_status read_role(const struct reading *r,
                                  const struct tarn_json *v,
                                  enum tarn_role *out)
{
    static const char *const ROLES[] = { "system", "user", "assistant",
                                         "tool" };
    const struct tarn_json *role = tarn_json_get(v, "role");
    if (!is_kind(role, TARN_JSON_STRING))
        return bad(r, "has no role");
    for (int i = 0; i < 4; i++)
        if (tarn_json_is_string(role, ROLES[i])) {
            *out = (enum tarn_role)i;
            return TARN_OK;
        }
    return bad(r,
               "has the role \"%.60s\"; system, user, assistant and tool are "
               "known",
               tarn_shown(role->text, role->size).text);
}

static enum tarn_status check_parts(const struct reading *r,
                                    const struct tarn_json *content)
{
    size_t i = 0;
    for (const struct tarn_json *p = content->first; p; p = p->next, i++) {
        if (p->kind != TARN_JSON_OBJECT && p->kind != TARN_JSON_STRING)
            return bad(r, "has a part %zu that is no object", i);
        if (tarn_json_is_string(tarn_json_get(p, "type"), "text") &&
            !is_kind(tarn_json_get(p, "text"), TARN_JSON_STRING))
            return bad(r, "has a text part %zu without text", i);
    }
    return TARN_OK;
}

static enum tarn_status read_content(const struct reading *r,
                                     const struct tarn_json *v,
                                     const struct tarn_json **out)
{
    const struct tarn_json *content = tarn_json_get(v, "content");
    *out = content;
    if (!content)
        return TARN_OK;
    switch (content->kind) {
    case TARN_JSON_NULL:
    case TARN_JSON_STRING:
    case TARN_JSON_OBJECT:
        return TARN_OK;
    case TARN_JSON_ARRAY:
        return check_parts(r, content);
    case TARN_JSON_NUMBER:
    case TARN_JSON_TRUE:
    case TARN_JSON_FALSE:
        break;
    }
    return bad(r, "has a content that is neither text nor a list of parts");
}

void tarn_call_parts(const struct tarn_json *call,
                     const struct tarn_json **name,
                     const struct tarn_json **arguments)
{
    const struct tarn_json *f = tarn_json_get(call, "function");
    *name = tarn_json_get(f ? f : call, "name");
    *arguments = tarn_json_get(f ? f : call, "arguments");
}

static enum tarn_status read_calls(const struct reading *r,
                                   const struct tarn_json *v,
                                   const struct tarn_json **out)
{
    const struct tarn_json *calls = member(v, "tool_calls");
    *out = NULL;
    if (!calls)
        return TARN_OK;
    if (calls->kind != TARN_JSON_ARRAY)
        return bad(r, "has tool_calls that are no list");
    for (const struct tarn_json *c = calls->first; c; c = c->next) {
        const struct tarn_json *name, *arguments;
        tarn_call_parts(c, &name, &arguments);
        if (!is_kind(name, TARN_JSON_STRING) || name->size == 0)
            return bad(r, "has a tool call without a name");
        if (arguments && arguments->kind != TARN_JSON_OBJECT &&
            arguments->kind != TARN_JSON_STRING &&
            arguments->kind != TARN_JSON_NULL)
            return bad(r, "has a tool call whose arguments are no object");
    }
    if (calls->first)
        *out = calls;
    return TARN_OK;
}

/* The published layouts know `thinking`; clients of the usual API send
 * `reasoning_content`, some `reasoning`. */
static enum tarn_status read_thought(const struct reading *r,
                                     const struct tarn_json *v,
                                     const struct tarn_json **out)
{
    static const char *const KEYS[] = { "thinking", "reasoning",
                                        "reasoning_content" };
    *out = NULL;
    for (int i = 0; i < 3 && !*out; i++)
        *out = member(v, KEYS[i]);
    if (*out && (*out)->kind != TARN_JSON_STRING)
        return bad(r, "has a thought that is no text");
    return TARN_OK;
}

static bool is_empty(const struct tarn_json *content)
{
    return !content || content->kind == TARN_JSON_NULL ||
           (content->kind == TARN_JSON_STRING && content->size == 0) ||
           (content->kind == TARN_JSON_ARRAY && content->n == 0);
}

static bool spells_call(const struct tarn_json *content)
{
    return is_kind(content, TARN_JSON_STRING) &&
           strstr(content->text, "<|tool_call_start|>");
}

/* Whether this turn may stand here. */
static enum tarn_status check_turn(struct reading *r,
                                   const struct tarn_message *m, bool last)
{
    const bool open = r->out->go_on && last; /* still being written */
    switch (m->role) {
    case TARN_SYSTEM:
        if (r->system_seen)
            return bad(r, "is a second system message; put all instructions "
                          "into one");
        r->system_seen = true;
        return TARN_OK;
    case TARN_USER:
        if (is_empty(m->content))
            return bad(r, "is empty");
        r->calls_open = 0;
        break;
    case TARN_ASSISTANT:
        if (!r->turn_seen)
            return bad(r, "is an answer before any question");
        if (is_empty(m->content) && !m->calls && !m->thought && !open)
            return bad(r, "is empty");
        /* Layouts A and B have no calls; the caller puts their text into the
         * content, and how many they are is not looked at. */
        r->calls_open = m->calls                  ? m->calls->n
                        : spells_call(m->content) ? SIZE_MAX
                                                  : 0;
        break;
    case TARN_TOOL:
        if (r->calls_open == 0)
            return bad(r, "is a tool result without a call");
        if (!m->content || m->content->kind == TARN_JSON_NULL)
            return bad(r, "is a tool result without content");
        r->calls_open--;
        break;
    }
    r->turn_seen = true;
    return TARN_OK;
}

static enum tarn_status read_message(struct reading *r,
                                     const struct tarn_json *v)
{
    struct tarn_message *m = &r->out->at[r->i];
    if (v->kind != TARN_JSON_OBJECT)
        return bad(r, "is no object");
    enum tarn_status s = read_role(r, v, &m->role);
    if (s == TARN_OK)
        s = read_content(r, v, &m->content);
    if (s == TARN_OK && m->role == TARN_ASSISTANT) {
        s = read_calls(r, v, &m->calls);
        if (s == TARN_OK)
            s = read_thought(r, v, &m->thought);
    }
    return s == TARN_OK ? check_turn(r, m, v->next == NULL) : s;
}

/* --------------------------------------------------------- the conversation */

/* A flag of the conversation; it may also stand in the objects in which other
 * programs keep what they hand to a template. */
static bool flag(const struct tarn_json *conversation, const char *key,
                 bool other)
{
    const struct tarn_json *const places[] = {
        conversation, tarn_json_get(conversation, "options"),
        tarn_json_get(conversation, "chat_template_kwargs")
    };
    for (int i = 0; i < 3; i++) {
        const struct tarn_json *v = tarn_json_get(places[i], key);
        if (is_kind(v, TARN_JSON_TRUE))
            return true;
        if (is_kind(v, TARN_JSON_FALSE))
            return false;
    }
    return other;
}

static void read_flags(const struct tarn_json *c,
                       const struct tarn_prompt_options *opt,
                       struct tarn_messages *out)
{
    out->keep_past = flag(c, "keep_past_thinking", opt->keep_thoughts);
    out->preserve = flag(c, "preserve_thinking", opt->keep_thoughts);
    out->go_on = flag(c, "continue_final_message", opt->continue_final);
    out->generate =
        flag(c, "add_generation_prompt", opt->add_generation_prompt) &&
        !out->go_on;
    out->date = opt->date;
}

static enum tarn_status read_list(const struct tarn_json *list,
                                  struct tarn_messages *out,
                                  struct tarn_error *err)
{
    struct reading r = { .out = out, .err = err };
    out->at = tarn_alloc(list->n, sizeof *out->at);
    if (!out->at)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "not enough memory for %zu messages", list->n);
    out->n = list->n;
    for (const struct tarn_json *v = list->first; v; v = v->next, r.i++) {
        const enum tarn_status s = read_message(&r, v);
        if (s != TARN_OK)
            return s;
    }
    if (out->go_on && out->at[out->n - 1].role != TARN_ASSISTANT) {
        r.i = out->n - 1;
        return bad(&r, "is no answer that can be continued");
    }
    return TARN_OK;
}

enum tarn_status tarn_messages_read(const struct tarn_json *conversation,
                                    const struct tarn_prompt_options *opt,
                                    struct tarn_messages *out,
                                    struct tarn_error *err)
{
    *out = (struct tarn_messages){ 0 };
    const struct tarn_json *list = conversation;
    if (is_kind(conversation, TARN_JSON_OBJECT))
        list = tarn_json_get(conversation, "messages");
    if (!is_kind(list, TARN_JSON_ARRAY))
        return tarn_fail(err, TARN_USAGE,
                         "the conversation has no list \"messages\"");
    if (list->n == 0)
        return tarn_fail(err, TARN_USAGE, "the conversation has no messages");
    const struct tarn_json *tools = member(conversation, "tools");
    if (tools && tools->kind != TARN_JSON_ARRAY)
        return tarn_fail(err, TARN_USAGE, "\"tools\" is no list");
    out->tools = tools && tools->first ? tools : NULL;
    read_flags(conversation, opt, out);
    const enum tarn_status s = read_list(list, out, err);
    if (s != TARN_OK)
        tarn_messages_finish(out);
    return s;
}

void tarn_messages_finish(struct tarn_messages *m)
{
    tarn_free(m->at);
    *m = (struct tarn_messages){ 0 };
}
