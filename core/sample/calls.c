/* calls.c - what may stand between the call markers; see schema.h.
 *
 * Python's form: [name(key=value, key=value), name()]; JSON's form:
 * [{"name": "f", "arguments": {...}}], or one such object.  Values are JSON's
 * in both, and in Python's True, False, None and strings in single quotes
 * besides. */
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/sample/schema_parts.h"

#define MAX_CALLS 16u /* in a block */
#define MAX_TOOLS 256u

struct calls {
    struct tarn_grammar *g;
    struct tarn_schema *s;
    uint32_t space, quoted; /* rules: white space, a string in single quotes */
};

static uint32_t character(struct calls *c, char byte, uint32_t to)
{
    const unsigned char u = (unsigned char)byte;
    return tarn_grammar_range(c->g, u, u, to);
}

static uint32_t space(struct calls *c, uint32_t to)
{
    return tarn_grammar_call(c->g, c->space, to);
}

static uint32_t text(struct calls *c, const char *t, uint32_t to)
{
    return tarn_grammar_text(c->g, t, strlen(t), to);
}

/* 'a string' with the escapes that both readers know alike. */
static uint32_t quoted_rule(struct calls *c)
{
    static const struct tarn_code_range PLAIN[] = {
        { 0x20, 0x21 }, { 0x23, 0x26 }, { 0x28, 0x5B }, { 0x5D, 0x10FFFF }
    };
    const uint32_t r = tarn_grammar_rule(c->g);
    const uint32_t close = character(c, '\'', tarn_grammar_return(c->g));
    const uint32_t end = tarn_grammar_return(c->g);
    struct tarn_byte_set letters = { { 0 } };
    for (const char *l = "\\'nt"; *l; l++)
        tarn_byte_add(&letters, (unsigned char)*l, (unsigned char)*l);
    const uint32_t ways[] = {
        tarn_json_class(c->g, PLAIN, 4, end),
        character(c, '"', end),
        character(c, '\\', tarn_grammar_bytes(c->g, &letters, end)),
    };
    const uint32_t one = tarn_grammar_split(c->g, ways, 3);
    tarn_grammar_start(
        c->g, r,
        character(c, '\'',
                  tarn_grammar_loop(c->g, one, 0, TARN_FOREVER, close)));
    return r;
}

/* Is this text the same between single quotes? */
static bool is_plain(const struct tarn_json *v)
{
    if (v->kind != TARN_JSON_STRING)
        return false;
    for (size_t i = 0; i < v->size; i++)
        if ((unsigned char)v->text[i] < 0x20 || v->text[i] == '\'' ||
            v->text[i] == '\\')
            return false;
    return true;
}

/* A value as Python's form has it. */
static uint32_t python_value(struct calls *c, const struct tarn_json *schema,
                             uint32_t rule, uint32_t to)
{
    const struct tarn_json *list = tarn_json_get(schema, "enum");
    const unsigned types = tarn_schema_types(schema);
    uint32_t all = tarn_grammar_call(c->g, rule, to);
    if (list && list->kind == TARN_JSON_ARRAY) {
        for (const struct tarn_json *k = list->first; k; k = k->next)
            if (is_plain(k))
                all = tarn_grammar_either(
                    c->g, all,
                    character(c, '\'',
                              tarn_grammar_text(c->g, k->text, k->size,
                                                character(c, '\'', to))));
        return all;
    }
    if (tarn_json_get(schema, "const") || tarn_json_get(schema, "$ref") ||
        tarn_json_get(schema, "anyOf"))
        return all;
    if (types == 0 || types & SCHEMA_BOOLEAN)
        all = tarn_grammar_either(
            c->g, all,
            tarn_grammar_either(c->g, text(c, "True", to),
                                text(c, "False", to)));
    if (types == 0 || types & SCHEMA_NULL)
        all = tarn_grammar_either(c->g, all, text(c, "None", to));
    const bool any_text =
        (types == 0 || types & SCHEMA_STRING) &&
        !tarn_json_get(schema, "minLength") &&
        !tarn_json_get(schema, "maxLength");
    return any_text ? tarn_grammar_either(
                          c->g, all, tarn_grammar_call(c->g, c->quoted, to))
                    : all;
}

static bool is_name(const struct tarn_json *key)
{
    for (size_t i = 0; i < key->key_size; i++) {
        const char ch = key->key[i];
        const bool letter = (ch >= 'a' && ch <= 'z') ||
                            (ch >= 'A' && ch <= 'Z') || ch == '_';
        if (!letter && (i == 0 || ch < '0' || ch > '9'))
            return false;
    }
    return key->key_size > 0;
}

static bool is_required(const struct tarn_json *list,
                        const struct tarn_json *key)
{
    const struct tarn_json *r = list ? list->first : NULL;
    while (r && (r->kind != TARN_JSON_STRING || r->size != key->key_size ||
                 memcmp(r->text, key->key, r->size)))
        r = r->next;
    return r != NULL;
}

/* name(key=value, ...): arguments in the declared order. */
static uint32_t python_call(struct calls *c, const struct tarn_json *name,
                            const struct tarn_json *parameters, uint32_t end)
{
    const struct tarn_json *p = tarn_json_get(parameters, "properties");
    const struct tarn_json *r = tarn_json_get(parameters, "required");
    const size_t n = p && p->kind == TARN_JSON_OBJECT ? p->n : 0;
    const struct tarn_json **all =
        tarn_alloc(n, sizeof(const struct tarn_json *));
    if (!all) {
        c->g->failed = true;
        return TARN_NO_NODE;
    }
    size_t i = 0;
    for (const struct tarn_json *k = n ? p->first : NULL; k; k = k->next)
        all[i++] = k;
    uint32_t later = character(c, ')', end), first = later;
    while (i-- > 0) {
        const bool required = is_required(r, all[i]);
        const uint32_t rule = tarn_schema_rule(c->s, all[i], parameters);
        uint32_t one = python_value(c, all[i], rule, later);
        one = character(c, '=', one);
        one = is_name(all[i]) ? tarn_grammar_text(c->g, all[i]->key,
                                                  all[i]->key_size, one)
                              : TARN_NO_NODE;
        const uint32_t with = character(c, ',', space(c, one));
        later = required ? with : tarn_grammar_either(c->g, with, later);
        first = required ? one : tarn_grammar_either(c->g, one, first);
    }
    tarn_free(all);
    return tarn_grammar_text(c->g, name->text, name->size,
                             character(c, '(', first));
}

/* {"name": "f", "arguments": {...}} */
static uint32_t json_call(struct calls *c, const struct tarn_json *name,
                          const struct tarn_json *parameters, uint32_t end)
{
    struct tarn_buf b = { 0 };
    tarn_json_add_string(&b, name->text, name->size, false);
    c->g->failed |= b.failed;
    uint32_t to = space(c, character(c, '}', end));
    const uint32_t rule =
        parameters && parameters->kind == TARN_JSON_OBJECT
            ? tarn_schema_rule(c->s, parameters, parameters)
            : TARN_NO_NODE;
    to = rule == TARN_NO_NODE ? text(c, "{}", to)
                              : tarn_grammar_call(c->g, rule, to);
    to = text(c, "\"arguments\":", space(c, to));
    to = character(c, ',', space(c, to));
    to = b.failed ? TARN_NO_NODE
                  : tarn_grammar_text(c->g, b.data, b.size, to);
    tarn_buf_finish(&b);
    to = text(c, "\"name\":", space(c, to));
    return character(c, '{', space(c, to));
}

/* [one, one, ...]: a rule's text one to MAX_CALLS times. */
static uint32_t list_of(struct calls *c, uint32_t rule, uint32_t end)
{
    uint32_t more = tarn_grammar_call(c->g, rule, tarn_grammar_return(c->g));
    more = character(c, ',', space(c, more));
    uint32_t to = space(c, character(c, ']', end));
    to = tarn_grammar_loop(c->g, more, 0, MAX_CALLS - 1, to);
    return character(c, '[', space(c, tarn_grammar_call(c->g, rule, to)));
}

static void add_tools(struct calls *c, const struct tarn_json *list)
{
    const uint32_t python = tarn_grammar_rule(c->g);
    const uint32_t json = tarn_grammar_rule(c->g);
    const uint32_t python_end = tarn_grammar_return(c->g);
    const uint32_t json_end = tarn_grammar_return(c->g);
    const uint32_t end = tarn_grammar_return(c->g);
    uint32_t in_python = TARN_NO_NODE, in_json = TARN_NO_NODE;
    for (const struct tarn_json *v = list->first; v; v = v->next) {
        const struct tarn_json *inner = tarn_json_get(v, "function");
        const struct tarn_json *f = inner ? inner : v;
        const struct tarn_json *name = tarn_json_get(f, "name");
        const struct tarn_json *p = tarn_json_get(f, "parameters");
        if (!name || name->kind != TARN_JSON_STRING)
            continue;
        in_python = tarn_grammar_either(c->g, in_python,
                                        python_call(c, name, p, python_end));
        in_json = tarn_grammar_either(c->g, in_json,
                                      json_call(c, name, p, json_end));
    }
    tarn_grammar_start(c->g, python, in_python);
    tarn_grammar_start(c->g, json, in_json);
    const uint32_t ways[] = { list_of(c, python, end), list_of(c, json, end),
                              tarn_grammar_call(c->g, json, end) };
    tarn_grammar_start(c->g, c->g->root, tarn_grammar_split(c->g, ways, 3));
}

enum tarn_status tarn_calls_compile(const char *tools_json, size_t size,
                                    struct tarn_grammar *out,
                                    struct tarn_error *err)
{
    struct tarn_json *doc = NULL;
    struct tarn_grammar g = { 0 };
    struct calls c = { .g = &g };
    if (size > TARN_SCHEMA_MAX_TEXT)
        return tarn_fail(err, TARN_LIMIT,
                         "The tool declarations have %zu bytes; at most %zu "
                         "are allowed.",
                         size, TARN_SCHEMA_MAX_TEXT);
    enum tarn_status st = tarn_json_read(tools_json, size, &doc, err);
    if (st == TARN_OK && (doc->kind != TARN_JSON_ARRAY || doc->n > MAX_TOOLS))
        st = tarn_fail(err, TARN_USAGE,
                       "The tool declarations are no list of up to %u.",
                       MAX_TOOLS);
    if (st == TARN_OK)
        st = tarn_schema_begin(&g, true, &c.s, err);
    if (st == TARN_OK) {
        g.root = tarn_grammar_rule(&g);
        c.space = tarn_schema_parts(c.s)->space;
        c.quoted = quoted_rule(&c);
        add_tools(&c, doc);
        st = tarn_schema_end(c.s, err);
    }
    if (st == TARN_OK)
        st = tarn_grammar_check(&g, err);
    tarn_schema_destroy(c.s);
    tarn_json_free(doc);
    if (st == TARN_OK)
        *out = g;
    else
        tarn_grammar_finish(&g);
    return st;
}
