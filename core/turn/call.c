/* call.c - see call.h.  A block is read into drafts (judge.h), in Python's or
 * JSON's form. */
#include "core/turn/call.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/text/value.h"
#include "core/turn/judge.h"

/* --------------------------------------------------------------- arguments */

/* The argument's place; `json` is what was appended to d->json from json_at
 * on. */
static bool add_argument(struct tarn_call_work *w, const char *name,
                         size_t size, struct tarn_call_argument a)
{
    struct tarn_call_draft *d = &w->d;
    if (d->n == TARN_CALL_MAX_ARGUMENTS)
        return tarn_literal_fail(&w->l, "more than 256 arguments");
    for (size_t i = 0; size > 0 && i < d->n; i++)
        if (tarn_call_same_name(d, &d->args[i], name, size) &&
            !d->args[i].dropped) {
            d->args[i].dropped = true;
            w->out->problems |= TARN_CALL_DUPLICATE;
        }
    a.name_at = d->names.size;
    a.name_size = size;
    tarn_buf_add(&d->names, name, size);
    a.json_size = d->json.size - a.json_at;
    d->args[d->n++] = a;
    w->failed |= d->names.failed | d->json.failed;
    return !w->failed;
}

static enum tarn_literal_kind kind_of(const struct tarn_json *v)
{
    switch (v->kind) {
    case TARN_JSON_NULL:
        return TARN_LITERAL_NULL;
    case TARN_JSON_FALSE:
    case TARN_JSON_TRUE:
        return TARN_LITERAL_BOOL;
    case TARN_JSON_NUMBER:
        return TARN_LITERAL_NUMBER;
    case TARN_JSON_STRING:
        return TARN_LITERAL_STRING;
    case TARN_JSON_ARRAY:
        return TARN_LITERAL_LIST;
    case TARN_JSON_OBJECT:
        return TARN_LITERAL_OBJECT;
    }
    return TARN_LITERAL_NULL;
}

/* How deep brackets are nested in JSON text. */
static int depth_of(const char *json, size_t size)
{
    int depth = 0, most = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        const char c = json[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{'))
            most = ++depth > most ? depth : most;
        else if (!quoted && (c == ']' || c == '}'))
            depth--;
    }
    return most;
}

/* All members of a JSON object. */
static bool add_members(struct tarn_call_work *w,
                        const struct tarn_json *object)
{
    for (const struct tarn_json *v = object->first; v; v = v->next) {
        const struct tarn_call_argument a = { .json_at = w->d.json.size,
                                              .kind = kind_of(v) };
        if (v->key_size == 0)
            return tarn_literal_fail(&w->l, "an argument has no name");
        if (!tarn_value_is_finite(v))
            return tarn_literal_fail(&w->l, "this is no finite number");
        tarn_value_add(&w->d.json, v, TARN_VALUE_JSON);
        if (!w->d.json.failed &&
            depth_of(w->d.json.data + a.json_at, w->d.json.size - a.json_at) >
                TARN_CALL_MAX_DEPTH)
            return tarn_literal_fail(&w->l, TARN_CALL_TOO_DEEP);
        if (!add_argument(w, v->key, v->key_size, a))
            return false;
    }
    return true;
}

/* JSON text that must be an object, as arguments. */
static bool add_object(struct tarn_call_work *w, const char *text, size_t size)
{
    struct tarn_json *doc = NULL;
    const enum tarn_status s = tarn_json_read(text, size, &doc, NULL);
    bool good = false;
    if (s == TARN_NO_MEMORY)
        w->failed = true;
    else if (s != TARN_OK || doc->kind != TARN_JSON_OBJECT)
        tarn_literal_fail(&w->l, "the arguments are no object");
    else
        good = add_members(w, doc);
    tarn_json_free(doc);
    return good;
}

/* `**{...}` */
static bool read_unpacked(struct tarn_call_work *w)
{
    struct tarn_buf json = { 0 };
    enum tarn_literal_kind kind;
    bool good = false;
    w->l.at += 2;
    tarn_literal_space(&w->l);
    if (tarn_literal_peek(&w->l) != '{')
        return tarn_literal_fail(&w->l, "only a mapping can be unpacked");
    if (tarn_literal_read(&w->l, &json, &kind) && !json.failed)
        good = add_object(w, json.data, json.size);
    w->failed |= json.failed;
    w->l.problems |= TARN_CALL_UNPACKING;
    tarn_buf_finish(&json);
    return good;
}

static bool read_argument(struct tarn_call_work *w)
{
    struct tarn_literal *l = &w->l;
    struct tarn_call_argument a = { .json_at = w->d.json.size };
    if (l->size - l->at >= 2 && !memcmp(l->text + l->at, "**", 2))
        return read_unpacked(w);
    const size_t name_at = l->at;
    size_t name_size = tarn_literal_ident(l, l->at, false);
    if (name_size > 0) {
        l->at += name_size;
        tarn_literal_space(l);
        if (tarn_literal_skip(l, '=')) {
            tarn_literal_space(l);
        } else { /* no name after all */
            l->at = name_at;
            name_size = 0;
        }
    }
    if (name_size == 0)
        l->problems |= TARN_CALL_POSITIONAL;
    a.raw_at = l->at;
    const bool good = tarn_literal_read(l, &w->d.json, &a.kind);
    w->failed |= w->d.json.failed;
    if (!good)
        return false;
    a.raw_size = l->at - a.raw_at;
    return add_argument(w, l->text + name_at, name_size, a);
}

static bool begin_draft(struct tarn_call_work *w, const char *name, size_t size)
{
    struct tarn_call_draft *d = &w->d;
    if (w->n_drafts++ == TARN_CALL_MAX_CALLS)
        return tarn_literal_fail(&w->l, "more than 64 calls");
    d->name = name;
    d->name_size = size;
    d->n = 0;
    tarn_buf_clear(&d->names);
    tarn_buf_clear(&d->json);
    return true;
}

/* ------------------------------------------------------------ Python's form */

static size_t dotted_name(const struct tarn_literal *l)
{
    size_t at = l->at;
    for (;;) {
        const size_t n = tarn_literal_ident(l, at, true);
        at += n;
        if (n == 0 || at >= l->size || l->text[at] != '.')
            return n == 0 ? 0 : at - l->at;
        at++;
    }
}

static bool read_call(struct tarn_call_work *w)
{
    struct tarn_literal *l = &w->l;
    const size_t n = dotted_name(l);
    if (n == 0)
        return tarn_literal_fail(l, "the name of a function is missing");
    if (!begin_draft(w, l->text + l->at, n))
        return false;
    l->at += n;
    tarn_literal_space(l);
    if (!tarn_literal_skip(l, '('))
        return tarn_literal_fail(l, "a bracket is missing behind the name");
    for (;;) {
        tarn_literal_space(l);
        if (tarn_literal_skip(l, ')'))
            break;
        if (!read_argument(w))
            return false;
        tarn_literal_space(l);
        if (tarn_literal_peek(l) != ')' && !tarn_literal_skip(l, ','))
            return tarn_literal_fail(l, "a comma is missing here");
    }
    tarn_call_judge(w);
    return !w->failed;
}

/* The whole block; `cut`: a closing bracket may be missing at the end. */
static bool read_python(struct tarn_call_work *w, bool cut)
{
    struct tarn_literal *l = &w->l;
    tarn_literal_space(l);
    const bool brackets = tarn_literal_skip(l, '[');
    if (!brackets)
        l->problems |= TARN_CALL_MISSING_BRACKETS;
    for (;;) {
        tarn_literal_space(l);
        if (brackets && tarn_literal_skip(l, ']'))
            break;
        if (cut && tarn_literal_peek(l) < 0 && w->n_drafts > 0)
            return true;
        if (!read_call(w))
            return false;
        tarn_literal_space(l);
        if (!brackets && tarn_literal_peek(l) < 0)
            return true;
        if (tarn_literal_skip(l, ','))
            continue;
        if (tarn_literal_peek(l) != ']' && !(cut && tarn_literal_peek(l) < 0))
            return tarn_literal_fail(l, "a comma is missing here");
    }
    tarn_literal_space(l);
    return tarn_literal_peek(l) < 0 ||
           tarn_literal_fail(l, "text follows the list of calls");
}

/* -------------------------------------------------------------- JSON's form */

static bool read_json_call(struct tarn_call_work *w, const struct tarn_json *v)
{
    const struct tarn_json *inner = tarn_json_get(v, "function");
    const struct tarn_json *f = inner ? inner : v;
    const struct tarn_json *name = tarn_json_get(f, "name");
    const struct tarn_json *args = tarn_json_get(f, "arguments");
    if (!args)
        args = tarn_json_get(f, "parameters");
    if (!name || name->kind != TARN_JSON_STRING ||
        !tarn_tool_name_valid(name->text, name->size))
        return tarn_literal_fail(&w->l, "a call has no name");
    if (!begin_draft(w, name->text, name->size))
        return false;
    if (args && args->kind == TARN_JSON_OBJECT) {
        if (!add_members(w, args))
            return false;
    } else if (args && args->kind == TARN_JSON_STRING) {
        if (!add_object(w, args->text, args->size))
            return false;
    } else if (args && args->kind != TARN_JSON_NULL) {
        return tarn_literal_fail(&w->l, "the arguments are no object");
    }
    tarn_call_judge(w);
    return !w->failed;
}

static bool read_json(struct tarn_call_work *w, const struct tarn_json *doc)
{
    if (doc->kind != TARN_JSON_ARRAY)
        return read_json_call(w, doc);
    for (const struct tarn_json *v = doc->first; v; v = v->next)
        if (!read_json_call(w, v))
            return false;
    return true;
}

/* Begins with `{` or `[{`. */
static bool looks_like_json(const char *text, size_t size)
{
    struct tarn_literal l = { .text = text, .size = size };
    tarn_literal_space(&l);
    if (tarn_literal_skip(&l, '['))
        tarn_literal_space(&l);
    return tarn_literal_peek(&l) == '{';
}

/* Begins with `[`, or a name and `(`: else it is prose. */
static bool looks_like_calls(const char *text, size_t size)
{
    struct tarn_literal l = { .text = text, .size = size };
    tarn_literal_space(&l);
    if (tarn_literal_peek(&l) == '[')
        return true;
    const size_t n = dotted_name(&l);
    l.at += n;
    tarn_literal_space(&l);
    return n > 0 && tarn_literal_peek(&l) == '(';
}

/* ------------------------------------------------------------------- blocks */

static void drop_calls(struct tarn_call **list, size_t *n)
{
    for (size_t i = 0; i < *n; i++) {
        tarn_free((*list)[i].name);
        tarn_free((*list)[i].arguments);
    }
    tarn_free(*list);
    *list = NULL;
    *n = 0;
}

void tarn_calls_finish(struct tarn_calls *c)
{
    drop_calls(&c->run, &c->n_run);
    drop_calls(&c->offer, &c->n_offer);
    *c = (struct tarn_calls){ 0 };
}

/* One attempt at Python's form. */
static bool attempt(struct tarn_call_work *w, const char *text, size_t size,
                    bool cut, bool loose)
{
    drop_calls(&w->out->run, &w->out->n_run);
    drop_calls(&w->out->offer, &w->out->n_offer);
    w->out->problems = 0;
    w->n_drafts = 0;
    w->l = (struct tarn_literal){ .text = text,
                                  .size = size,
                                  .loose_quotes = loose };
    return read_python(w, cut);
}

static bool read_block(struct tarn_call_work *w, const char *text, size_t size,
                       bool cut)
{
    struct tarn_json *doc = NULL;
    if (looks_like_json(text, size)) {
        struct tarn_error err;
        const enum tarn_status s = tarn_json_read(text, size, &doc, &err);
        w->failed |= s == TARN_NO_MEMORY;
        w->l = (struct tarn_literal){ .text = text, .size = size };
        const bool good = s == TARN_OK
                              ? read_json(w, doc)
                              : tarn_literal_fail(&w->l, "this is no JSON");
        tarn_json_free(doc);
        return good;
    }
    if (attempt(w, text, size, cut, false))
        return true;
    /* The strict reading failed: quotes within quotes, perhaps. */
    const struct tarn_literal strict = w->l;
    if (!w->failed && attempt(w, text, size, cut, true) &&
        w->l.problems & TARN_CALL_NESTED_QUOTES)
        return true;
    w->l = strict;
    return false;
}

static bool is_literal_reason(const char *why)
{
    return strstr(why, "literal") || strstr(why, "finite");
}

/* What was read of it does not count: a block runs whole or not at all. */
static void give_up(struct tarn_call_work *w)
{
    drop_calls(&w->out->run, &w->out->n_run);
    drop_calls(&w->out->offer, &w->out->n_offer);
    w->out->problems = 0;
    if (!w->l.wrong)
        return;
    w->out->byte = w->l.at;
    w->out->reason = w->l.wrong;
    w->out->problems = is_literal_reason(w->l.wrong) ? TARN_CALL_BAD_LITERAL
                                                     : TARN_CALL_NOT_UNDERSTOOD;
}

static void read_marked(struct tarn_call_work *w, const char *text, size_t size,
                        bool cut)
{
    struct tarn_literal l = { .text = text, .size = size };
    tarn_literal_space(&l);
    const bool empty = tarn_literal_peek(&l) < 0;
    w->only_offer = cut;
    if (empty) {
        w->out->problems = cut ? 0 : TARN_CALL_EMPTY_BLOCK;
    } else if (!looks_like_json(text, size) && !looks_like_calls(text, size)) {
        w->out->problems = cut ? 0 : TARN_CALL_TEXT_IN_BLOCK;
    } else if (read_block(w, text, size, cut)) {
        w->out->problems |= w->l.problems;
    } else {
        give_up(w);
        if (cut)
            w->out->problems = 0;
    }
    if (cut) {
        w->out->problems &= ~(uint32_t)TARN_CALL_MISSING_BRACKETS;
        w->out->problems |= TARN_CALL_UNTERMINATED;
    }
}

/* <tool_call>...</tool_call>: another family's markers, as text. */
static void strip_foreign(const char **text, size_t *size)
{
    static const char open[] = "<tool_call>", end[] = "</tool_call>";
    const size_t n_open = sizeof open - 1, n_end = sizeof end - 1;
    if (*size >= n_open + n_end && !memcmp(*text, open, n_open) &&
        !memcmp(*text + *size - n_end, end, n_end)) {
        *text += n_open;
        *size -= n_open + n_end;
    }
}

/* Without markers it is a call only if all of it is one to a known tool. */
static void read_bare(struct tarn_call_work *w, const char *text, size_t size)
{
    w->only_offer = true;
    strip_foreign(&text, &size);
    const bool good =
        w->tools &&
        (looks_like_json(text, size) || looks_like_calls(text, size)) &&
        read_block(w, text, size, false) && w->out->n_offer > 0 &&
        w->out->n_offer == w->n_drafts;
    if (!good) {
        w->l.wrong = NULL;
        give_up(w);
        return;
    }
    w->out->problems |= TARN_CALL_BARE_CALL | w->l.problems;
    w->out->problems &= ~(uint32_t)TARN_CALL_MISSING_BRACKETS;
}

enum tarn_status tarn_calls_read(const struct tarn_tools *tools,
                                 const char *text, size_t size,
                                 enum tarn_call_origin origin,
                                 struct tarn_calls *out, struct tarn_error *err)
{
    *out = (struct tarn_calls){ 0 };
    if (size > TARN_CALL_MAX_TEXT)
        return tarn_fail(err, TARN_LIMIT,
                         "The call has %zu bytes; at most %zu are allowed.",
                         size, TARN_CALL_MAX_TEXT);
    struct tarn_call_work w = { .tools = tools, .out = out };
    w.d.args = tarn_alloc(TARN_CALL_MAX_ARGUMENTS, sizeof *w.d.args);
    w.failed = !w.d.args;
    if (!w.failed && origin == TARN_CALL_BARE)
        read_bare(&w, text, size);
    else if (!w.failed)
        read_marked(&w, text, size, origin == TARN_CALL_CUT);
    tarn_free(w.d.args);
    tarn_buf_finish(&w.d.names);
    tarn_buf_finish(&w.d.json);
    if (w.failed) {
        tarn_calls_finish(out);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory to read a call.");
    }
    return TARN_OK;
}

const char *tarn_call_problem_name(unsigned i)
{
    static const char *const names[TARN_CALL_N_PROBLEMS] = {
        "missing_brackets",    "raw_control_in_string",
        "nested_quotes",       "leading_zero",
        "unknown_function",    "bare_call",
        "unterminated",        "positional_argument",
        "bare_word",           "coerced",
        "unknown_parameter",   "missing_required",
        "duplicate_parameter", "unpacking",
        "bad_literal",         "empty_block",
        "text_in_block",       "wrong_type",
        "wrong_value",         "not_understood",
    };
    return i < TARN_CALL_N_PROBLEMS ? names[i] : "";
}
