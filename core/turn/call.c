/* call.c - see call.h.
 *
 * A block is read into DRAFTS: a name and arguments, each with its JSON, its
 * kind and its own spelling.  Then each draft is judged against the declared
 * tools, and becomes a call to run, one to offer, or nothing. */
#include "core/turn/call.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/text/value.h"
#include "core/turn/literal.h"
#include "core/turn/tools.h"

struct argument {
    size_t name_at, name_size; /* in draft.names; size 0: positional */
    size_t json_at, json_size; /* in draft.json */
    size_t raw_at, raw_size;   /* in the block's text */
    enum tarn_literal_kind kind;
    bool dropped;              /* another one of this name came later */
};

struct draft {
    const char *name;
    size_t name_size;
    struct argument *args; /* [TARN_CALL_MAX_ARGUMENTS] */
    size_t n;
    struct tarn_buf names, json;
};

struct work {
    struct tarn_literal l;
    const struct tarn_tools *tools;
    struct tarn_calls *out;
    struct draft d;
    size_t n_drafts;
    bool only_offer, failed;
};

/* --------------------------------------------------------------- arguments */

static bool same_name(const struct draft *d, const struct argument *a,
                      const char *name, size_t size)
{
    return a->name_size == size &&
           memcmp(d->names.data + a->name_at, name, size) == 0;
}

/* The argument's place; `json` is what was appended to d->json from json_at
 * on. */
static bool add_argument(struct work *w, const char *name, size_t size,
                         struct argument a)
{
    struct draft *d = &w->d;
    if (d->n == TARN_CALL_MAX_ARGUMENTS)
        return tarn_literal_fail(&w->l, "more than 256 arguments");
    for (size_t i = 0; size > 0 && i < d->n; i++)
        if (same_name(d, &d->args[i], name, size) && !d->args[i].dropped) {
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
    case TARN_JSON_NULL: return TARN_LITERAL_NULL;
    case TARN_JSON_FALSE:
    case TARN_JSON_TRUE: return TARN_LITERAL_BOOL;
    case TARN_JSON_NUMBER: return TARN_LITERAL_NUMBER;
    case TARN_JSON_STRING: return TARN_LITERAL_STRING;
    case TARN_JSON_ARRAY: return TARN_LITERAL_LIST;
    case TARN_JSON_OBJECT: return TARN_LITERAL_OBJECT;
    }
    return TARN_LITERAL_NULL;
}

/* All members of a JSON object. */
static bool add_members(struct work *w, const struct tarn_json *object)
{
    for (const struct tarn_json *v = object->first; v; v = v->next) {
        const struct argument a = { .json_at = w->d.json.size,
                                    .kind = kind_of(v) };
        if (v->key_size == 0)
            return tarn_literal_fail(&w->l, "an argument has no name");
        tarn_value_add(&w->d.json, v, TARN_VALUE_JSON);
        if (!add_argument(w, v->key, v->key_size, a))
            return false;
    }
    return true;
}

/* JSON text that must be an object, as arguments. */
static bool add_object(struct work *w, const char *text, size_t size)
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
static bool read_unpacked(struct work *w)
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

static bool read_argument(struct work *w)
{
    struct tarn_literal *l = &w->l;
    struct argument a = { .json_at = w->d.json.size };
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

/* ----------------------------------------------------------------- judging */

static bool wants(struct work *w, const struct tarn_json *schema,
                  const char *json, size_t size)
{
    const struct tarn_json *list = tarn_json_get(schema, "enum");
    if (!list || list->kind != TARN_JSON_ARRAY)
        return true;
    bool found = false;
    for (const struct tarn_json *v = list->first; v && !found; v = v->next) {
        struct tarn_buf b = { 0 };
        tarn_value_add(&b, v, TARN_VALUE_JSON);
        found = !b.failed && b.size == size && !memcmp(b.data, json, size);
        w->failed |= b.failed;
        tarn_buf_finish(&b);
    }
    return found;
}

static bool is_whole(const char *json, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (json[i] == '.' || json[i] == 'e' || json[i] == 'E')
            return false;
    return true;
}

/* A string that spells exactly a value of one of the types. */
static bool unquote(struct work *w, const char *json, size_t size,
                    unsigned types, struct tarn_buf *out)
{
    struct tarn_json *doc = NULL;
    enum tarn_status s = TARN_BAD_FILE;
    if (size >= 3 && !memchr(json, '\\', size))
        s = tarn_json_read(json + 1, size - 2, &doc, NULL);
    w->failed |= s == TARN_NO_MEMORY;
    if (s != TARN_OK) {
        const bool python = size == 6 || size == 7;
        if (!python || !(types & TARN_TOOL_BOOLEAN))
            return false;
        const bool yes = !memcmp(json, "\"True\"", 6);
        if (!yes && memcmp(json, "\"False\"", size < 7 ? size : 7))
            return false;
        tarn_buf_text(out, yes ? "true" : "false");
        return true;
    }
    const bool number = doc->kind == TARN_JSON_NUMBER;
    const bool good =
        (number && types & TARN_TOOL_NUMBER) ||
        (number && types & TARN_TOOL_INTEGER && is_whole(doc->text,
                                                         doc->size)) ||
        ((doc->kind == TARN_JSON_TRUE || doc->kind == TARN_JSON_FALSE) &&
         types & TARN_TOOL_BOOLEAN);
    tarn_json_free(doc);
    if (good)
        tarn_buf_add(out, json + 1, size - 2);
    return good;
}

/* Appends the argument's value as the parameter wants it; false: it can't be
 * one. */
static bool fit(struct work *w, const struct argument *a,
                const struct tarn_json *schema, struct tarn_buf *out)
{
    const unsigned types = tarn_tool_types(schema);
    const char *json = w->d.json.data + a->json_at;
    const size_t size = a->json_size, from = out->size;
    static const unsigned fits[] = {
        [TARN_LITERAL_STRING] = TARN_TOOL_STRING,
        [TARN_LITERAL_NUMBER] = TARN_TOOL_NUMBER,
        [TARN_LITERAL_BOOL] = TARN_TOOL_BOOLEAN,
        [TARN_LITERAL_NULL] = ~0u,
        [TARN_LITERAL_LIST] = TARN_TOOL_ARRAY,
        [TARN_LITERAL_OBJECT] = TARN_TOOL_OBJECT,
        [TARN_LITERAL_WORD] = 0,
    };
    const bool spelled =
        types & TARN_TOOL_STRING && a->raw_size > 0 &&
        (a->kind == TARN_LITERAL_NUMBER || a->kind == TARN_LITERAL_WORD);
    if (a->kind == TARN_LITERAL_WORD && !spelled) {
        w->out->problems |= TARN_CALL_BAD_LITERAL;
        return false;
    }
    if (types == 0 || fits[a->kind] & types ||
        (a->kind == TARN_LITERAL_NUMBER && types & TARN_TOOL_INTEGER &&
         is_whole(json, size))) {
        tarn_buf_add(out, json, size);
    } else if (spelled) {
        tarn_json_add_string(out, w->l.text + a->raw_at, a->raw_size, false);
        w->out->problems |= a->kind == TARN_LITERAL_WORD ? TARN_CALL_BARE_WORD
                                                         : TARN_CALL_COERCED;
    } else if (a->kind == TARN_LITERAL_STRING &&
               unquote(w, json, size, types, out)) {
        w->out->problems |= TARN_CALL_COERCED;
    } else {
        w->out->problems |= TARN_CALL_WRONG_TYPE;
        return false;
    }
    if (!out->failed && a->kind != TARN_LITERAL_NULL &&
        !wants(w, schema, out->data + from, out->size - from)) {
        w->out->problems |= TARN_CALL_WRONG_VALUE;
        return false;
    }
    return true;
}

static const struct tarn_json *schema_of(const struct tarn_tool *tool,
                                         const char *name, size_t size)
{
    const struct tarn_json *v =
        tool && tool->properties ? tool->properties->first : NULL;
    while (v && (v->key_size != size || memcmp(v->key, name, size)))
        v = v->next;
    return v;
}

static bool has_argument(const struct draft *d, const char *name, size_t size)
{
    for (size_t i = 0; i < d->n; i++)
        if (!d->args[i].dropped && same_name(d, &d->args[i], name, size))
            return true;
    return false;
}

/* Positional arguments take the parameters that were not named, in order. */
static bool name_positions(struct draft *d, const struct tarn_tool *tool)
{
    const struct tarn_json *v = tool->properties ? tool->properties->first
                                                 : NULL;
    for (size_t i = 0; i < d->n; i++) {
        if (d->args[i].name_size > 0)
            continue;
        while (v && has_argument(d, v->key, v->key_size))
            v = v->next;
        if (!v)
            return false;
        d->args[i].name_at = d->names.size;
        d->args[i].name_size = v->key_size;
        tarn_buf_add(&d->names, v->key, v->key_size);
        if (d->names.failed)
            return false;
    }
    return true;
}

/* The arguments as a JSON object; false if they don't fit the tool. */
static bool write_arguments(struct work *w, const struct tarn_tool *tool,
                            struct tarn_buf *b)
{
    struct draft *d = &w->d;
    bool good = true, first = true;
    tarn_buf_byte(b, '{');
    for (size_t i = 0; i < d->n; i++) {
        const struct argument *a = &d->args[i];
        const char *name = d->names.data + a->name_at;
        if (a->dropped)
            continue;
        const struct tarn_json *schema = schema_of(tool, name, a->name_size);
        if (tool && tool->properties && !schema) {
            w->out->problems |= TARN_CALL_UNKNOWN_PARAMETER;
            good = false;
            continue;
        }
        tarn_buf_text(b, first ? "" : ", ");
        first = false;
        tarn_json_add_string(b, name, a->name_size, false);
        tarn_buf_text(b, ": ");
        good = fit(w, a, schema, b) && good;
    }
    tarn_buf_byte(b, '}');
    const struct tarn_json *r = tool && tool->required ? tool->required->first
                                                       : NULL;
    for (; r; r = r->next)
        if (r->kind == TARN_JSON_STRING &&
            !has_argument(d, r->text, r->size)) {
            w->out->problems |= TARN_CALL_MISSING_REQUIRED;
            good = false;
        }
    w->failed |= b->failed;
    return good && !b->failed;
}

static void keep(struct work *w, bool offer, const char *name, size_t size,
                 struct tarn_buf *arguments)
{
    struct tarn_call **list = offer ? &w->out->offer : &w->out->run;
    size_t *n = offer ? &w->out->n_offer : &w->out->n_run;
    struct tarn_call *more = tarn_realloc(*list, *n, *n + 1, sizeof *more);
    char *copy = tarn_dup(name, size);
    char *text = tarn_buf_take(arguments);
    if (more)
        *list = more;
    if (!more || !copy || !text) {
        tarn_free(copy);
        tarn_free(text);
        w->failed = true;
        return;
    }
    more[(*n)++] = (struct tarn_call){ copy, text };
}

/* The draft becomes a call, an offer or nothing. */
static void judge(struct work *w)
{
    struct draft *d = &w->d;
    const struct tarn_tool *tool = NULL;
    bool offer = w->only_offer;
    if (w->tools) {
        tool = tarn_tools_find(w->tools, d->name, d->name_size);
        if (!tool) {
            w->out->problems |= TARN_CALL_UNKNOWN_FUNCTION;
            tool = tarn_tools_near(w->tools, d->name, d->name_size);
            offer = true;
            if (!tool)
                return;
        }
    }
    for (size_t i = 0; i < d->n; i++)
        if (d->args[i].name_size == 0) {
            offer = true;
            if (!tool || !name_positions(d, tool))
                return;
        }
    struct tarn_buf b = { 0 };
    if (write_arguments(w, tool, &b))
        keep(w, offer, tool ? tool->name : d->name,
             tool ? tool->name_size : d->name_size, &b);
    tarn_buf_finish(&b);
}

static bool begin_draft(struct work *w, const char *name, size_t size)
{
    struct draft *d = &w->d;
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

static bool read_call(struct work *w)
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
    judge(w);
    return !w->failed;
}

/* The whole block; `cut`: a closing bracket may be missing at the end. */
static bool read_python(struct work *w, bool cut)
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

static bool read_json_call(struct work *w, const struct tarn_json *v)
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
    judge(w);
    return !w->failed;
}

static bool read_json(struct work *w, const struct tarn_json *doc)
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
static bool attempt(struct work *w, const char *text, size_t size, bool cut,
                    bool loose)
{
    drop_calls(&w->out->run, &w->out->n_run);
    drop_calls(&w->out->offer, &w->out->n_offer);
    w->out->problems = 0;
    w->n_drafts = 0;
    w->l = (struct tarn_literal){ .text = text, .size = size,
                                  .loose_quotes = loose };
    return read_python(w, cut);
}

static bool read_block(struct work *w, const char *text, size_t size,
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
static void give_up(struct work *w)
{
    drop_calls(&w->out->run, &w->out->n_run);
    drop_calls(&w->out->offer, &w->out->n_offer);
    w->out->problems = 0;
    if (!w->l.wrong)
        return;
    w->out->byte = w->l.at;
    w->out->reason = w->l.wrong;
    w->out->problems = is_literal_reason(w->l.wrong)
                           ? TARN_CALL_BAD_LITERAL
                           : TARN_CALL_NOT_UNDERSTOOD;
}

static void read_marked(struct work *w, const char *text, size_t size,
                        bool cut)
{
    struct tarn_literal l = { .text = text, .size = size };
    tarn_literal_space(&l);
    const bool empty = tarn_literal_peek(&l) < 0;
    w->only_offer = cut;
    if (empty) {
        w->out->problems = cut ? 0 : TARN_CALL_EMPTY_BLOCK;
    } else if (!looks_like_json(text, size) &&
               !looks_like_calls(text, size)) {
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
static void read_bare(struct work *w, const char *text, size_t size)
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
                                 struct tarn_calls *out,
                                 struct tarn_error *err)
{
    *out = (struct tarn_calls){ 0 };
    if (size > TARN_CALL_MAX_TEXT)
        return tarn_fail(err, TARN_LIMIT,
                         "The call has %zu bytes; at most %zu are allowed.",
                         size, TARN_CALL_MAX_TEXT);
    struct work w = { .tools = tools, .out = out };
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
        "missing_brackets",   "raw_control_in_string", "nested_quotes",
        "leading_zero",       "unknown_function",      "bare_call",
        "unterminated",       "positional_argument",   "bare_word",
        "coerced",            "unknown_parameter",     "missing_required",
        "duplicate_parameter", "unpacking",            "bad_literal",
        "empty_block",        "text_in_block",         "wrong_type",
        "wrong_value",        "not_understood",
    };
    return i < TARN_CALL_N_PROBLEMS ? names[i] : "";
}
