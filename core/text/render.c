/* render.c - the seven published chat layouts, written out.
 *
 * A prompt is built from pieces: the layout's markers are token ids, all that
 * came from outside is text, and text is never searched for markers (T01).
 * Ordinary text between two markers is one piece and encoded as one string,
 * since line breaks merge with what stands beside them.
 *
 * Where a vocabulary lacks a marker (<think> in most files, tool responses in
 * others) its name is ordinary text of the run, as the published templates
 * have it.  Layouts: docs/text.md. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/pieces.h"
#include "core/text/unicode.h"
#include "core/text/value.h"
#include "core/text/vocab.h"

enum { PROMPT_LIMIT = 64 << 20 /* bytes of text */ };

static void begin_turn(struct tarn_builder *b, size_t message, const char *role)
{
    b->message = message == SIZE_MAX ? TARN_NO_MESSAGE : (uint32_t)message;
    tarn_put_control(b, TARN_CTL_IM_START);
    tarn_put(b, role);
    tarn_put(b, "\n");
}

static void end_turn(struct tarn_builder *b)
{
    tarn_put_control(b, TARN_CTL_IM_END);
    tarn_put(b, "\n");
    tarn_put_end(b);
}

/* ---------------------------------------------------------------- contents */

static bool has_calls(enum tarn_layout layout)
{
    return layout != TARN_LAYOUT_A && layout != TARN_LAYOUT_B;
}

static void add_part(const struct tarn_builder *b, const struct tarn_json *part,
                     struct tarn_buf *out)
{
    const struct tarn_json *type = tarn_json_get(part, "type");
    if (part->kind == TARN_JSON_STRING && b->layout == TARN_LAYOUT_F) {
        tarn_buf_add(out, part->text, part->size);
    } else if (tarn_json_is_string(type, "text")) {
        const struct tarn_json *text = tarn_json_get(part, "text");
        tarn_buf_add(out, text->text, text->size);
    } else if (tarn_json_is_string(type, "image")) {
        tarn_buf_text(out, "<image>"); /* no picture is shown to the model */
    } else {
        tarn_value_add(out, part, TARN_VALUE_JSON);
    }
}

/* Content that is no string, as text.  Layouts A and B write its JSON. */
static void add_content(const struct tarn_builder *b,
                        const struct tarn_json *content, bool as_json,
                        struct tarn_buf *out)
{
    if (as_json || content->kind == TARN_JSON_OBJECT) {
        tarn_value_add(out, content, TARN_VALUE_JSON);
        return;
    }
    for (const struct tarn_json *p = content->first; p; p = p->next)
        add_part(b, p, out);
}

struct slice {
    const char *text;
    size_t size;
};

/* The text of a content; `made` holds it where it is no string. */
static struct slice content_text(const struct tarn_builder *b,
                                 const struct tarn_json *content, bool as_json,
                                 struct tarn_buf *made)
{
    if (!content)
        return (struct slice){ "", 0 };
    if (content->kind == TARN_JSON_STRING)
        return (struct slice){ content->text, content->size };
    add_content(b, content, as_json, made);
    return (struct slice){ made->data, made->size };
}

/* Behind the last closing tag of a thought, or all of it. */
static struct slice behind_thought(struct slice s)
{
    static const char TAG[] = "</think>";
    const size_t n = sizeof TAG - 1;
    for (size_t at = s.size; at >= n; at--)
        if (memcmp(s.text + at - n, TAG, n) == 0)
            return (struct slice){ s.text + at, s.size - at };
    return s;
}

/* Without white space at both ends, as Python's str.strip(). */
static struct slice strip(struct slice s)
{
    int32_t code;
    while (s.size > 0) {
        const size_t n = tarn_utf8_decode(s.text, s.size, &code);
        if (!tarn_unicode_strips(code))
            break;
        s.text += n;
        s.size -= n;
    }
    while (s.size > 0) {
        size_t n = 1;
        while (n < 4 && n < s.size && (s.text[s.size - n] & 0xc0) == 0x80)
            n++;
        if (tarn_utf8_decode(s.text + s.size - n, n, &code) != n ||
            !tarn_unicode_strips(code))
            break;
        s.size -= n;
    }
    return s;
}

/* ------------------------------------------------------------------- calls */

static void put_escaped(struct tarn_builder *b, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        if (c == '\\' || c == '\'')
            tarn_buf_byte(&b->out.text, '\\');
        if (c == '\n')
            tarn_put(b, "\\n");
        else if (c == '\r')
            tarn_put(b, "\\r");
        else
            tarn_buf_byte(&b->out.text, c);
    }
}

static void put_argument(struct tarn_builder *b, const struct tarn_json *v)
{
    const bool quotes =
        b->layout == TARN_LAYOUT_B2 || b->layout == TARN_LAYOUT_C;
    bool json = v->kind == TARN_JSON_OBJECT;
    if (v->kind == TARN_JSON_STRING) {
        tarn_put(b, quotes ? "\"" : "'");
        if (b->layout == TARN_LAYOUT_F)
            put_escaped(b, v->text, v->size);
        else
            tarn_put_bytes(b, v->text, v->size);
        tarn_put(b, quotes ? "\"" : "'");
        return;
    }
    if (v->kind == TARN_JSON_ARRAY)
        json = b->layout == TARN_LAYOUT_B2 || b->layout == TARN_LAYOUT_F;
    else if (v->kind == TARN_JSON_NULL)
        json = b->layout == TARN_LAYOUT_B2;
    tarn_value_add(&b->out.text, v, json ? TARN_VALUE_JSON : TARN_VALUE_PYTHON);
}

static void put_call(struct tarn_builder *b, const struct tarn_json *name,
                     const struct tarn_json *arguments)
{
    tarn_put_bytes(b, name->text, name->size);
    tarn_put(b, "(");
    const struct tarn_json *a = arguments ? arguments->first : NULL;
    for (; a; a = a->next) {
        tarn_put_bytes(b, a->key, a->key_size);
        tarn_put(b, "=");
        put_argument(b, a);
        if (a->next)
            tarn_put(b, ", ");
    }
    tarn_put(b, ")");
}

/* Arguments may come as JSON in a string, the usual API's form. */
static enum tarn_status put_any_call(struct tarn_builder *b, size_t message,
                                     const struct tarn_json *call)
{
    const struct tarn_json *name, *arguments;
    tarn_call_parts(call, &name, &arguments);
    if (!arguments || arguments->kind != TARN_JSON_STRING) {
        put_call(b, name, arguments);
        return TARN_OK;
    }
    if (arguments->size == 0) {
        put_call(b, name, NULL);
        return TARN_OK;
    }
    struct tarn_json *made;
    struct tarn_error inner;
    const enum tarn_status s =
        tarn_json_read(arguments->text, arguments->size, &made, &inner);
    if (s == TARN_NO_MEMORY)
        return tarn_fail(b->err, s, "%s", inner.text);
    if (s != TARN_OK)
        return tarn_fail(b->err, TARN_USAGE,
                         "message %zu has a tool call whose arguments are no "
                         "JSON: %s",
                         message, inner.text);
    const bool good =
        made->kind == TARN_JSON_OBJECT || made->kind == TARN_JSON_NULL;
    if (good)
        put_call(b, name, made);
    tarn_json_free(made);
    return good ? TARN_OK
                : tarn_fail(b->err, TARN_USAGE,
                            "message %zu has a tool call whose arguments are "
                            "no object",
                            message);
}

static enum tarn_status put_calls(struct tarn_builder *b, size_t message)
{
    const struct tarn_json *calls = b->m.at[message].calls;
    if (!calls || !has_calls(b->layout))
        return TARN_OK;
    tarn_put_control(b, TARN_CTL_TOOL_CALL);
    tarn_put(b, "[");
    for (const struct tarn_json *c = calls->first; c; c = c->next) {
        const enum tarn_status s = put_any_call(b, message, c);
        if (s != TARN_OK)
            return s;
        if (c->next)
            tarn_put(b, ", ");
    }
    tarn_put(b, "]");
    tarn_put_control(b, TARN_CTL_TOOL_CALL_END);
    return TARN_OK;
}

/* ------------------------------------------------------------------ turns */

/* Whether thoughts of this answer stay. */
static bool keeps_thought(const struct tarn_builder *b, size_t message)
{
    switch (b->layout) {
    case TARN_LAYOUT_A:
        return true;
    case TARN_LAYOUT_B:
    case TARN_LAYOUT_B2:
    case TARN_LAYOUT_C:
        return b->m.keep_past || message == b->last_answer;
    case TARN_LAYOUT_D:
    case TARN_LAYOUT_E:
    case TARN_LAYOUT_F:
        break;
    case TARN_N_LAYOUTS:
        return false;
    }
    return b->m.preserve || b->last_user == SIZE_MAX || message > b->last_user;
}

static void put_thought(struct tarn_builder *b, size_t message)
{
    const struct tarn_json *thought = b->m.at[message].thought;
    if (!thought || !keeps_thought(b, message) || b->layout < TARN_LAYOUT_C ||
        (b->layout == TARN_LAYOUT_F && thought->size == 0))
        return;
    tarn_put_control(b, TARN_CTL_THINK);
    tarn_put_bytes(b, thought->text, thought->size);
    tarn_put_control(b, TARN_CTL_THINK_END);
}

/* The words of an answer, without an earlier thought among them. */
static void put_words(struct tarn_builder *b, size_t message)
{
    struct tarn_buf made = { 0 };
    const struct slice all =
        content_text(b, b->m.at[message].content, !has_calls(b->layout), &made);
    struct slice words = all;
    if (!keeps_thought(b, message)) {
        words = behind_thought(all);
        if (words.size < all.size)
            words = strip(words);
    }
    tarn_put_bytes(b, words.text, words.size);
    b->failed = b->failed || made.failed;
    tarn_buf_finish(&made);
}

static enum tarn_status put_answer(struct tarn_builder *b, size_t message)
{
    const bool calls_first = b->layout < TARN_LAYOUT_D;
    enum tarn_status s = TARN_OK;
    put_thought(b, message);
    if (calls_first)
        s = put_calls(b, message);
    if (s == TARN_OK)
        put_words(b, message);
    if (s == TARN_OK && !calls_first)
        s = put_calls(b, message);
    return s;
}

static void put_content(struct tarn_builder *b, size_t message)
{
    struct tarn_buf made = { 0 };
    const struct slice s =
        content_text(b, b->m.at[message].content, !has_calls(b->layout), &made);
    tarn_put_bytes(b, s.text, s.size);
    b->failed = b->failed || made.failed;
    tarn_buf_finish(&made);
}

static enum tarn_status put_message(struct tarn_builder *b, size_t message)
{
    static const char *const ROLES[] = { "system", "user", "assistant",
                                         "tool" };
    const struct tarn_message *m = &b->m.at[message];
    const bool marked = m->role == TARN_TOOL && b->layout == TARN_LAYOUT_A;
    begin_turn(b, message, ROLES[m->role]);
    if (m->role == TARN_ASSISTANT) {
        const enum tarn_status s = put_answer(b, message);
        if (s != TARN_OK)
            return s;
        if (message + 1 == b->m.n && b->m.go_on)
            return TARN_OK;
        /* Layout C has its <|im_end|> inside the branch that prints the
         * content: without any there is none. */
        if (b->layout == TARN_LAYOUT_C && !m->content) {
            tarn_put_end(b);
            return TARN_OK;
        }
    } else {
        if (marked)
            tarn_put_control(b, TARN_CTL_TOOL_RESPONSE);
        put_content(b, message);
        if (marked)
            tarn_put_control(b, TARN_CTL_TOOL_RESPONSE_END);
    }
    end_turn(b);
    return TARN_OK;
}

/* ------------------------------------------------------- the system message */

/* Days since 1970-01-01 as a date: Howard Hinnant's civil_from_days. */
static void put_today(struct tarn_builder *b)
{
    const int64_t days = tarn_unix_ms() / 86400000 + 719468;
    const int64_t era = days / 146097, doe = days % 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153;
    const int64_t month = mp < 10 ? mp + 3 : mp - 9;
    tarn_buf_printf(&b->out.text, "%04d-%02d-%02d",
                    (int)(yoe + era * 400 + (month <= 2)), (int)month,
                    (int)(doy - (153 * mp + 2) / 5 + 1));
}

static void put_tools(struct tarn_builder *b, bool text_before)
{
    if (b->layout == TARN_LAYOUT_C || b->layout == TARN_LAYOUT_D) {
        tarn_put(b, text_before ? "\n\nToday's date: " : "Today's date: ");
        if (b->m.date)
            tarn_put(b, b->m.date);
        else
            put_today(b);
        tarn_put(b, "\n\nList of tools: ");
        tarn_value_add(&b->out.text, b->m.tools, TARN_VALUE_JSON);
        return;
    }
    tarn_put(b, text_before ? "\nList of tools: " : "List of tools: ");
    if (b->layout == TARN_LAYOUT_A)
        tarn_put_control(b, TARN_CTL_TOOL_LIST);
    tarn_put(b, "[");
    for (const struct tarn_json *t = b->m.tools->first; t; t = t->next) {
        if (t->kind == TARN_JSON_STRING)
            tarn_put_bytes(b, t->text, t->size);
        else
            tarn_value_add(&b->out.text, t, TARN_VALUE_JSON);
        if (t->next)
            tarn_put(b, ", ");
    }
    tarn_put(b, "]");
    if (b->layout == TARN_LAYOUT_A)
        tarn_put_control(b, TARN_CTL_TOOL_LIST_END);
}

static void put_system(struct tarn_builder *b)
{
    const bool given = b->m.at[0].role == TARN_SYSTEM;
    const struct tarn_json *content = given ? b->m.at[0].content : NULL;
    struct tarn_buf made = { 0 };
    if (content && content->kind == TARN_JSON_NULL)
        content = NULL;
    const struct slice s = content_text(b, content, false, &made);
    if (s.size > 0 || b->m.tools) {
        begin_turn(b, given ? 0 : SIZE_MAX, "system");
        tarn_put_bytes(b, s.text, s.size);
        if (b->m.tools)
            put_tools(b, s.size > 0);
        end_turn(b);
    }
    b->failed = b->failed || made.failed;
    tarn_buf_finish(&made);
}

/* ------------------------------------------------------------------ public */

/* Markers that every layout needs. */
static enum tarn_status check_markers(const struct tarn_builder *b)
{
    static const enum tarn_control NEEDED[] = { TARN_CTL_BOS, TARN_CTL_IM_START,
                                                TARN_CTL_IM_END };
    for (size_t i = 0; i < 3; i++)
        if (tarn_text_control(b->t, NEEDED[i]) < 0)
            return tarn_fail(b->err, TARN_BAD_FILE,
                             "the vocabulary has no %s, which every chat "
                             "layout needs; this is no chat model",
                             tarn_control_name(NEEDED[i]));
    return TARN_OK;
}

static enum tarn_status build(struct tarn_builder *b)
{
    enum tarn_status s = check_markers(b);
    if (s != TARN_OK)
        return s;
    b->last_user = b->last_answer = SIZE_MAX;
    for (size_t i = 0; i < b->m.n; i++) {
        if (b->m.at[i].role == TARN_USER)
            b->last_user = i;
        if (b->m.at[i].role == TARN_ASSISTANT)
            b->last_answer = i;
    }
    b->message = TARN_NO_MESSAGE;
    tarn_put_control(b, TARN_CTL_BOS);
    put_system(b);
    for (size_t i = b->m.at[0].role == TARN_SYSTEM; i < b->m.n; i++) {
        s = put_message(b, i);
        if (s != TARN_OK)
            return s;
    }
    if (b->m.generate) {
        begin_turn(b, SIZE_MAX, "assistant");
        if (tarn_layout_opens_thought(b->layout))
            tarn_put_control(b, TARN_CTL_THINK);
    }
    tarn_put_end(b);
    if (b->failed || b->out.text.failed)
        return tarn_fail(b->err, TARN_NO_MEMORY,
                         "not enough memory for the prompt");
    if (b->out.text.size > PROMPT_LIMIT)
        return tarn_fail(b->err, TARN_LIMIT,
                         "the prompt has %zu bytes (at most %d are allowed); "
                         "shorten the conversation",
                         b->out.text.size, PROMPT_LIMIT);
    return TARN_OK;
}

enum tarn_status tarn_prompt_build(const struct tarn_text *t,
                                   const struct tarn_json *conversation,
                                   const struct tarn_prompt_options *opt,
                                   struct tarn_prompt *out,
                                   struct tarn_error *err)
{
    struct tarn_builder b = { .t = t, .layout = opt->layout, .err = err };
    if ((unsigned)opt->layout >= TARN_N_LAYOUTS)
        return tarn_fail(err, TARN_USAGE, "there is no chat layout number %u",
                         (unsigned)opt->layout);
    enum tarn_status s = tarn_messages_read(conversation, opt, &b.m, err);
    if (s != TARN_OK)
        return s;
    s = build(&b);
    tarn_messages_finish(&b.m);
    if (s != TARN_OK) {
        tarn_prompt_finish(&b.out);
        return s;
    }
    /* The text does not move any more: its pieces stand in order in it. */
    size_t at = 0;
    for (size_t i = 0; i < b.out.n_pieces; i++)
        if (b.out.pieces[i].control < 0) {
            b.out.pieces[i].text = b.out.text.data + at;
            at += b.out.pieces[i].size;
        }
    *out = b.out;
    return TARN_OK;
}
