/* module_tools.c - calls of tools: what waits for the person, what was
 * decided, the results that go back to the model; see module.h and
 * core/turn/toolbox.h. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "wasm/module.h"

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

void web_tools_close(struct web *w)
{
    tarn_toolbox_destroy(w->box);
    w->box = NULL;
}

const char *web_tools_begin(struct web *w, const struct tarn_json *want)
{
    const struct tarn_json *chat = tarn_json_get(want, "chat");
    const struct tarn_json *tools = tarn_json_get(want, "tools");
    const char *id = chat && chat->kind == TARN_JSON_STRING ? chat->text : "";
    char name[sizeof w->box_chat];
    snprintf(name, sizeof name, "%s", id);
    if (strcmp(w->box_chat, name) != 0)
        web_tools_close(w); /* what is allowed is allowed in one chat */
    memcpy(w->box_chat, name, sizeof name);
    if (!tools || tools->kind != TARN_JSON_TRUE)
        return NULL;
    if (!w->box && tarn_toolbox_create(NULL, &w->box, &w->err) != TARN_OK)
        return NULL;
    return tarn_toolbox_tools(w->box);
}

/* -------------------------------------------------------------------- out */
static void add_text(struct tarn_buf *b, const char *key, const char *text,
                     size_t size)
{
    tarn_buf_printf(b, ",\"%s\":", key);
    if (text)
        tarn_json_add_string(b, text, size, false);
    else
        tarn_buf_text(b, "null");
}

static void add_call(struct tarn_buf *b, const struct tarn_asked *a)
{
    static const char *const DECISIONS[] = { "waits", "denied", "done",
                                             "refused" };
    tarn_buf_printf(b,
                    "{\"decision\":\"%s\",\"times\":%u,\"runs_here\":%s,"
                    "\"offered\":%s,\"allowed\":%s",
                    DECISIONS[a->decision], a->times,
                    a->runs_here ? "true" : "false",
                    a->offered ? "true" : "false",
                    a->allowed ? "true" : "false");
    add_text(b, "name", a->name, a->name ? strlen(a->name) : 0);
    add_text(b, "arguments", a->arguments,
             a->arguments ? strlen(a->arguments) : 0);
    add_text(b, "effects", a->effects, a->effects ? strlen(a->effects) : 0);
    add_text(b, "written", a->written, a->written_size);
    add_text(b, "result", a->result, a->result_size);
    tarn_buf_byte(b, '}');
}

static void write_calls(struct web *w)
{
    struct tarn_asked a = { .size = sizeof a };
    tarn_buf_byte(&w->out, '[');
    for (size_t i = 0; tarn_toolbox_call(w->box, i, &a); i++) {
        if (i)
            tarn_buf_byte(&w->out, ',');
        add_call(&w->out, &a);
    }
    tarn_buf_byte(&w->out, ']');
}

/* ---------------------------------------------------------------- exports */
/* The calls of the last message, as a JSON array; empty without tools. */
EXPORT("tarn_web_calls") uint32_t tarn_web_calls(void)
{
    struct web *w = web_the();
    struct tarn_message m = { .size = sizeof m };
    tarn_buf_clear(&w->out);
    const size_t n = w->chat ? tarn_chat_length(w->chat) : 0;
    if (!w->box || n == 0 || !tarn_chat_message(w->chat, n - 1, &m) ||
        m.n_calls == 0) {
        tarn_buf_text(&w->out, "[]");
        return TARN_OK;
    }
    const enum tarn_status s =
        tarn_toolbox_begin(w->box, w->chat, m.id, &w->err);
    if (!s)
        write_calls(w);
    return s;
}

static enum tarn_status decide(struct web *w, const struct tarn_json *want,
                               size_t i)
{
    static const char *const HOW[] = { "once", "arguments", "tool" };
    const struct tarn_json *how = tarn_json_get(want, "how");
    const struct tarn_json *text = tarn_json_get(want, "text");
    struct tarn_builtin_world world = { .unix_ms = tarn_unix_ms() };
    int64_t offset = 0;
    if (tarn_json_i64(tarn_json_get(want, "offset"), &offset) &&
        offset > -1440 && offset < 1440)
        world.utc_offset_minutes = (int)offset;
    for (size_t k = 0; k < sizeof HOW / sizeof *HOW; k++)
        if (tarn_json_is_string(how, HOW[k]))
            return tarn_toolbox_allow(w->box, i, (enum tarn_allow)k, &world,
                                      &w->err);
    if (tarn_json_is_string(how, "hand") && text &&
        text->kind == TARN_JSON_STRING)
        return tarn_toolbox_answer(w->box, i, text->text, text->size, &w->err);
    tarn_toolbox_deny(w->box, i); /* whatever is not understood is a no */
    return TARN_OK;
}

/* request: {"call":i,"how":"once"|"arguments"|"tool"|"deny"|"hand","text":...,
 * "offset":minutes}; out: all calls again. */
EXPORT("tarn_web_decide")
uint32_t tarn_web_decide(const char *request, size_t size)
{
    struct web *w = web_the();
    struct tarn_json *want = NULL;
    int64_t i = -1;
    tarn_buf_clear(&w->out);
    if (!w->box)
        return tarn_fail(&w->err, TARN_USAGE, "no call waits");
    enum tarn_status s = tarn_json_read(request, size, &want, &w->err);
    if (!s && (!tarn_json_i64(tarn_json_get(want, "call"), &i) || i < 0))
        s = tarn_fail(&w->err, TARN_USAGE, "which call?");
    if (!s)
        s = decide(w, want, (size_t)i);
    if (!s)
        write_calls(w);
    tarn_json_free(want);
    return s;
}

/* The results become messages; the first of them gets this key of the page's,
 * the next ones those that follow.  out: {"go_on":...,"messages":[{"role":...,
 * "text":...},...]} */
EXPORT("tarn_web_results") uint32_t tarn_web_results(uint32_t key)
{
    struct web *w = web_the();
    struct tarn_message m = { .size = sizeof m };
    bool go_on = false;
    tarn_buf_clear(&w->out);
    if (!w->box || !w->chat)
        return tarn_fail(&w->err, TARN_USAGE, "no call waits");
    const size_t before = tarn_chat_length(w->chat);
    enum tarn_status s =
        tarn_toolbox_finish(w->box, w->chat, &go_on, &w->err);
    tarn_buf_printf(&w->out, "{\"go_on\":%s,\"messages\":[",
                    go_on ? "true" : "false");
    for (size_t i = before; !s && tarn_chat_message(w->chat, i, &m); i++) {
        if (i > before)
            tarn_buf_byte(&w->out, ',');
        tarn_buf_printf(&w->out, "{\"role\":\"%s\"",
                        m.role == TARN_TOOL ? "tool" : "user");
        add_text(&w->out, "text", m.text, m.text_size);
        tarn_buf_byte(&w->out, '}');
        s = web_path_add(w, key++, m.id, &w->err);
    }
    tarn_buf_text(&w->out, "]}");
    return s;
}
