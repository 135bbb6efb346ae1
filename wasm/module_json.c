/* module_json.c - requests and events of the page as JSON; see module.h. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "wasm/module.h"

/* ------------------------------------------------------------------ path */
static bool read_key(const struct tarn_json *message, uint32_t *out)
{
    int64_t key;
    if (!tarn_json_i64(tarn_json_get(message, "key"), &key) || key <= 0 ||
        key > UINT32_MAX)
        return false;
    *out = (uint32_t)key;
    return true;
}

static bool read_role(const struct tarn_json *message, enum tarn_role *out)
{
    static const char *const NAMES[] = { "system", "user", "assistant",
                                         "tool" };
    const struct tarn_json *role = tarn_json_get(message, "role");
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (tarn_json_is_string(role, NAMES[i])) {
            *out = (enum tarn_role)i;
            return true;
        }
    return false;
}

enum tarn_status web_path_add(struct web *w, uint32_t key, tarn_message_id id,
                              struct tarn_error *err)
{
    if (w->n_path == w->path_room) {
        const size_t room = w->path_room ? 2 * w->path_room : 32;
        struct web_link *grown =
            tarn_realloc(w->path, w->path_room, room, sizeof *grown);
        if (!grown)
            return tarn_fail(err, TARN_NO_MEMORY, "no memory for the chat");
        w->path = grown;
        w->path_room = room;
    }
    w->path[w->n_path++] = (struct web_link){ key, id };
    return TARN_OK;
}

/* "calls": texts of blocks; at most MOST_CALLS of them count. */
enum { MOST_CALLS = 16 };

static size_t read_calls(const struct tarn_json *message,
                         struct tarn_call_text calls[MOST_CALLS])
{
    const struct tarn_json *list = tarn_json_get(message, "calls");
    size_t n = 0;
    for (const struct tarn_json *v = list ? list->first : NULL;
         v && n < MOST_CALLS; v = v->next)
        if (v->kind == TARN_JSON_STRING)
            calls[n++] = (struct tarn_call_text){ v->text, v->size, false };
    return n;
}

static enum tarn_status add_message(struct web *w, tarn_message_id parent,
                                    const struct tarn_json *message,
                                    tarn_message_id *id,
                                    struct tarn_error *err)
{
    uint32_t key;
    struct tarn_call_text calls[MOST_CALLS];
    struct tarn_message_parts parts = { .size = sizeof parts,
                                        .calls = calls };
    int32_t *ids = NULL;
    const struct tarn_json *text = tarn_json_get(message, "text");
    const struct tarn_json *thought = tarn_json_get(message, "thinking");
    if (!read_key(message, &key) || !read_role(message, &parts.role) ||
        !text || text->kind != TARN_JSON_STRING)
        return tarn_fail(err, TARN_USAGE,
                         "a message needs key, role and text");
    parts.text = text->text;
    parts.text_size = text->size;
    if (thought && thought->kind == TARN_JSON_STRING) {
        parts.thought = thought->text;
        parts.thought_size = thought->size;
    }
    parts.n_calls = read_calls(message, calls);
    const struct tarn_json *finished = tarn_json_get(message, "finished");
    parts.unfinished = finished && finished->kind == TARN_JSON_FALSE;
    enum tarn_status s = web_ids_read(tarn_json_get(message, "ids"), &ids,
                                      &parts.n_ids, err);
    parts.ids = ids;
    if (!s)
        s = tarn_chat_put(w->chat, parent, &parts, id, err);
    tarn_free(ids);
    return s ? s : web_path_add(w, key, *id, err);
}

enum tarn_status web_path_set(struct web *w, const struct tarn_json *path,
                              struct tarn_error *err)
{
    const struct tarn_json *message = path ? path->first : NULL;
    size_t same = 0;
    for (; message && same < w->n_path; message = message->next, same++) {
        uint32_t key;
        if (!read_key(message, &key) || key != w->path[same].key)
            break;
    }
    w->n_path = same;
    tarn_message_id end = same ? w->path[same - 1].id : 0;
    enum tarn_status s = tarn_chat_select(w->chat, end, err);
    for (; !s && message; message = message->next)
        s = add_message(w, end, message, &end, err);
    return s;
}

/* -------------------------------------------------------------- sampling */
static void read_float(const struct tarn_json *v, const char *key, float lo,
                       float hi, float *out)
{
    double x;
    if (tarn_json_f64(tarn_json_get(v, key), &x) && x >= (double)lo &&
        x <= (double)hi)
        *out = (float)x;
}

void web_sampling_read(const struct tarn_json *v, struct tarn_sampling *s)
{
    int64_t n;
    read_float(v, "temperature", 0, 10, &s->temperature);
    read_float(v, "top_p", 0, 1, &s->top_p);
    read_float(v, "min_p", 0, 1, &s->min_p);
    read_float(v, "repeat_penalty", 0.1f, 10, &s->repeat_penalty);
    if (tarn_json_i64(tarn_json_get(v, "top_k"), &n) && n >= 0 &&
        n <= INT32_MAX)
        s->top_k = (int32_t)n;
    if (tarn_json_i64(tarn_json_get(v, "seed"), &n) && n >= 0)
        s->seed = (uint64_t)n;
    /* Who asks for a temperature wants draws: a file that is made for the
     * likeliest token alone must not undo that. */
    double temperature;
    if (s->top_k == 1 && !tarn_json_get(v, "top_k") &&
        tarn_json_f64(tarn_json_get(v, "temperature"), &temperature) &&
        temperature > 0)
        s->top_k = tarn_sampling_default().top_k;
}

enum tarn_status web_ids_read(const struct tarn_json *v, int32_t **out,
                              size_t *n, struct tarn_error *err)
{
    *n = v ? v->n : 0;
    *out = tarn_alloc(*n, sizeof **out);
    if (!*out)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the turn");
    v = v ? v->first : NULL;
    for (size_t i = 0; v; v = v->next, i++) {
        int64_t id;
        if (!tarn_json_i64(v, &id) || id < 0 || id > INT32_MAX)
            return tarn_fail(err, TARN_USAGE, "id %zu is no token", i);
        (*out)[i] = (int32_t)id;
    }
    return TARN_OK;
}

/* ------------------------------------------------------------------ info */
static void add_text(struct tarn_buf *b, const char *key, const char *text)
{
    tarn_buf_printf(b, ",\"%s\":", key);
    tarn_json_add_string(b, text ? text : "", text ? strlen(text) : 0, false);
}

void web_info_write(struct tarn_buf *b, const struct web *w)
{
    const struct tarn_model_info *i = tarn_model_info(w->model);
    tarn_buf_printf(b, "{\"n_params\":%llu,\"file_bytes\":%llu",
                    (unsigned long long)i->n_params,
                    (unsigned long long)i->file_bytes);
    add_text(b, "name", i->name);
    add_text(b, "architecture", i->architecture);
    add_text(b, "file_type", i->file_type);
    add_text(b, "license", i->license);
    add_text(b, "backend", i->backend);
    tarn_buf_printf(b,
                    ",\"thinks\":%s,\"layout_known\":%s,\"n_vocab\":%u,"
                    "\"max_context\":%u,\"context\":%u,\"threads\":%u}",
                    i->thinks ? "true" : "false",
                    i->layout_known ? "true" : "false", i->n_vocab,
                    i->max_context, tarn_engine_context(w->engine),
                    tarn_runtime_threads(w->runtime));
}

/* ---------------------------------------------------------------- events */
static const char *span_name(uint32_t span)
{
    switch ((enum tarn_span_kind)span) {
    case TARN_SPAN_THOUGHT:
        return "thought";
    case TARN_SPAN_ANSWER:
        return "answer";
    case TARN_SPAN_CALL:
        return "call";
    }
    return "";
}

static void write_end(struct tarn_buf *b, const struct tarn_event *ev)
{
    const struct tarn_turn_summary *s = ev->summary;
    if (s) {
        add_text(b, "reason", tarn_stop_name(s->reason));
        tarn_buf_printf(b,
                        ",\"prompt\":%u,\"reused\":%u,\"thought\":%u,"
                        "\"answer\":%u,\"tokens\":%u,\"prefill_ms\":",
                        s->n_prompt, s->n_reused, s->n_thought, s->n_answer,
                        s->n_total);
        tarn_json_add_f64(b, s->prefill_ms);
        tarn_buf_text(b, ",\"thought_ms\":");
        tarn_json_add_f64(b, s->thought_ms);
        tarn_buf_text(b, ",\"answer_ms\":");
        tarn_json_add_f64(b, s->answer_ms);
        tarn_buf_text(b, ",\"first_ms\":");
        tarn_json_add_f64(b, s->first_token_ms);
        web_trace_sum(b);
    }
    if (ev->error) {
        tarn_buf_printf(b, ",\"status\":%u", (unsigned)ev->error->status);
        add_text(b, "error", ev->error->text);
    }
}

void web_event_write(struct tarn_buf *b, const struct tarn_event *ev)
{
    static const char *const NAMES[] = { "",      "reading",  "span",
                                         "text",  "token",    "span-end",
                                         "call",  "notice",   "end",
                                         "was-thought", "withdrawn" };
    const bool known = ev->kind < sizeof NAMES / sizeof *NAMES;
    tarn_buf_printf(b, "{\"e\":\"%s\",\"span\":\"%s\",\"ms\":",
                    known ? NAMES[ev->kind] : "", span_name(ev->span));
    tarn_json_add_f64(b, ev->ms);
    switch ((enum tarn_event_kind)ev->kind) {
    case TARN_EV_READING:
        tarn_buf_printf(b, ",\"done\":%llu,\"total\":%llu",
                        (unsigned long long)ev->done,
                        (unsigned long long)ev->total);
        break;
    case TARN_EV_CALL:
        tarn_buf_printf(b, ",\"more\":%s",
                        ev->done < ev->total ? "true" : "false");
        tarn_buf_text(b, ",\"text\":");
        tarn_json_add_string(b, ev->text, ev->text_size, false);
        break;
    case TARN_EV_TEXT:
    case TARN_EV_NOTICE:
        tarn_buf_text(b, ",\"text\":");
        tarn_json_add_string(b, ev->text, ev->text_size, false);
        if (ev->kind == TARN_EV_NOTICE && ev->total)
            tarn_buf_text(b, ",\"circle\":true");
        break;
    case TARN_EV_TOKEN:
        tarn_buf_printf(b, ",\"id\":%d", (int)ev->id);
        break;
    case TARN_EV_END:
        write_end(b, ev);
        break;
    case TARN_EV_WITHDRAWN:
        tarn_buf_printf(b, ",\"at\":%u,\"tokens\":%llu,\"keep\":%llu",
                        ev->at, (unsigned long long)ev->total,
                        (unsigned long long)ev->done);
        break;
    case TARN_EV_SPAN:
    case TARN_EV_SPAN_END:
    case TARN_EV_WAS_THOUGHT:
        break;
    }
    tarn_buf_byte(b, '}');
}
