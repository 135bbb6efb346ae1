/* schema.c - see schema.h.
 *
 * Every schema becomes a rule.  Schemas inside one are not gone into: they are
 * put on a list, which is also where references find what is there already,
 * so nesting and recursion cost no stack. */
#include "core/sample/schema.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/sample/schema_parts.h"
#include "core/tarn.h"

/* ---------------------------------------------------------------- the list */
static size_t hash_of(const struct tarn_json *v)
{
    return (size_t)(((uintptr_t)v >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20);
}

/* The slot of v: empty, or its item's number + 1. */
static uint32_t *slot_of(struct tarn_schema *s, const struct tarn_json *v)
{
    for (size_t i = hash_of(v);; i++) {
        uint32_t *slot = &s->slots[i & (SCHEMA_SLOTS - 1)];
        if (*slot == 0 || s->items[*slot - 1].v == v)
            return slot;
    }
}

static uint32_t add_item(struct tarn_schema *s, const struct tarn_json *v,
                         const struct tarn_json *root, const char *keyword,
                         const struct tarn_json *key)
{
    uint32_t *slot = slot_of(s, v);
    if (*slot)
        return s->items[*slot - 1].rule;
    if (s->n_items == SCHEMA_ITEMS) {
        s->g->failed = s->g->too_large = true;
        return TARN_NO_NODE;
    }
    const uint32_t rule = tarn_grammar_rule(s->g);
    if (rule == TARN_NO_NODE)
        return rule;
    s->items[s->n_items++] = (struct schema_item){
        .v = v, .root = root, .rule = rule, .parent = s->now,
        .keyword = keyword, .key = key
    };
    *slot = s->n_items;
    return rule;
}

uint32_t tarn_schema_inner(struct tarn_schema *s, const struct tarn_json *v,
                      const char *keyword, const struct tarn_json *key)
{
    return add_item(s, v, s->items[s->now].root, keyword, key);
}

uint32_t tarn_schema_rule(struct tarn_schema *s, const struct tarn_json *v,
                          const struct tarn_json *root)
{
    s->now = SCHEMA_NONE;
    return add_item(s, v, root, NULL, NULL);
}

/* ------------------------------------------------------------------ trouble */
/* Where the present schema stands: "properties/age". */
static struct tarn_shown place(const struct tarn_schema *s)
{
    char path[160];
    size_t at = sizeof path - 1;
    path[at] = 0;
    for (uint32_t i = s->now; i != SCHEMA_NONE; i = s->items[i].parent) {
        const struct schema_item *item = &s->items[i];
        const char *parts[2] = { item->key ? item->key->key : NULL,
                                 item->keyword };
        for (int k = 0; k < 2; k++) {
            const size_t n = parts[k] ? strlen(parts[k]) : 0;
            if (n == 0 || n + 1 > at)
                continue;
            at -= n;
            memcpy(path + at, parts[k], n);
            path[--at] = '/';
        }
    }
    return tarn_shown_str(at < sizeof path - 1 ? path + at + 1 : "its top");
}

bool tarn_schema_fail(struct tarn_schema *s, const char *keyword, const char *why)
{
    if (s->loose) {
        s->anything = true;
        return false;
    }
    if (s->status == TARN_OK)
        s->status = tarn_fail(s->err, TARN_USAGE, "The schema at %s: \"%s\" %s.",
                              place(s).text, tarn_shown_str(keyword).text, why);
    return false;
}

/* ----------------------------------------------------------------- keywords */
#define KNOWN                                                                  \
    "type", "properties", "required", "additionalProperties", "items",         \
        "prefixItems", "minItems", "maxItems", "enum", "const", "anyOf",       \
        "allOf", "$ref", "nullable", "pattern", "format", "minLength",         \
        "maxLength", "minimum", "maximum", "exclusiveMinimum",                 \
        "exclusiveMaximum", "multipleOf"
#define SAY_NOTHING                                                            \
    "$defs", "definitions", "title", "description", "default", "example",      \
        "examples", "$schema", "$id", "$comment", "deprecated", "readOnly",    \
        "writeOnly", "strict"

static bool is_one_of(const struct tarn_json *v, const char *const *words,
                      size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) == v->key_size &&
            !memcmp(words[i], v->key, v->key_size))
            return true;
    return false;
}

static bool says_nothing(const struct tarn_json *v)
{
    static const char *const words[] = { SAY_NOTHING };
    return is_one_of(v, words, sizeof words / sizeof *words);
}

static bool check_keywords(struct tarn_schema *s, const struct tarn_json *v)
{
    static const char *const known[] = { KNOWN };
    for (const struct tarn_json *k = v->first; k; k = k->next) {
        if (says_nothing(k) || is_one_of(k, known, sizeof known / sizeof *known))
            continue;
        if (!s->loose)
            return tarn_schema_fail(s, k->key, "is not supported");
    }
    return true;
}

/* The keyword stands alone but for what says nothing. */
static bool stands_alone(struct tarn_schema *s, const struct tarn_json *v,
                         const char *keyword)
{
    for (const struct tarn_json *k = v->first; k; k = k->next)
        if (!says_nothing(k) && strcmp(k->key, keyword) &&
            strcmp(k->key, "nullable")) {
            if (!s->loose)
                tarn_schema_fail(s, k->key, "beside $ref, anyOf or allOf is not "
                                       "supported");
            return s->loose;
        }
    return true;
}

unsigned tarn_schema_types(const struct tarn_json *v)
{
    static const struct {
        const char *name;
        unsigned bit;
    } TYPES[] = { { "string", SCHEMA_STRING },   { "number", SCHEMA_NUMBER },
                  { "integer", SCHEMA_INTEGER }, { "boolean", SCHEMA_BOOLEAN },
                  { "null", SCHEMA_NULL },       { "array", SCHEMA_ARRAY },
                  { "object", SCHEMA_OBJECT } };
    const struct tarn_json *t = tarn_json_get(v, "type");
    const bool list = t && t->kind == TARN_JSON_ARRAY;
    unsigned bits = 0;
    for (const struct tarn_json *one = list ? t->first : t; one;
         one = list ? one->next : NULL) {
        unsigned bit = 0;
        for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
            if (tarn_json_is_string(one, TYPES[i].name))
                bit = TYPES[i].bit;
        bits |= bit ? bit : SCHEMA_UNKNOWN;
    }
    return bits;
}

/* Without a type: what its keywords speak of. */
static unsigned types_by_keywords(const struct tarn_json *v)
{
    static const struct {
        const char *keyword;
        unsigned bit;
    } SIGNS[] = {
        { "properties", SCHEMA_OBJECT }, { "required", SCHEMA_OBJECT },
        { "additionalProperties", SCHEMA_OBJECT }, { "items", SCHEMA_ARRAY },
        { "prefixItems", SCHEMA_ARRAY }, { "minItems", SCHEMA_ARRAY },
        { "maxItems", SCHEMA_ARRAY },    { "pattern", SCHEMA_STRING },
        { "format", SCHEMA_STRING },     { "minLength", SCHEMA_STRING },
        { "maxLength", SCHEMA_STRING },  { "minimum", SCHEMA_NUMBER },
        { "maximum", SCHEMA_NUMBER },    { "multipleOf", SCHEMA_NUMBER },
        { "exclusiveMinimum", SCHEMA_NUMBER },
        { "exclusiveMaximum", SCHEMA_NUMBER },
    };
    unsigned bits = 0;
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
        if (tarn_json_get(v, SIGNS[i].keyword))
            bits |= SIGNS[i].bit;
    return bits;
}

/* --------------------------------------------------------------- references */
/* One part of a JSON pointer, ~1 and ~0 resolved; false: too long. */
static bool next_part(const char **at, const char *end, char out[256])
{
    size_t n = 0;
    for (; *at < end && **at != '/'; (*at)++) {
        char c = **at;
        if (c == '~' && *at + 1 < end) {
            (*at)++;
            c = **at == '1' ? '/' : '~';
        }
        if (n + 1 >= 256)
            return false;
        out[n++] = c;
    }
    out[n] = 0;
    return true;
}

static const struct tarn_json *resolve(const struct tarn_json *root,
                                       const struct tarn_json *ref)
{
    char part[256];
    const struct tarn_json *v = root;
    if (ref->kind != TARN_JSON_STRING || ref->size == 0 || *ref->text != '#')
        return NULL;
    const char *at = ref->text + 1, *end = ref->text + ref->size;
    while (v && at < end) {
        if (*at++ != '/' || !next_part(&at, end, part))
            return NULL;
        if (v->kind == TARN_JSON_ARRAY) {
            size_t i = 0;
            for (const char *d = part; *d; d++)
                i = *d >= '0' && *d <= '9' && i < 100000
                        ? i * 10 + (size_t)(*d - '0')
                        : SIZE_MAX / 16;
            v = tarn_json_at(v, i);
        } else {
            v = tarn_json_get(v, part);
        }
    }
    return v;
}

static uint32_t reference(struct tarn_schema *s, const struct tarn_json *v,
                          const struct tarn_json *ref, uint32_t end)
{
    const struct tarn_json *to = resolve(s->items[s->now].root, ref);
    if (!stands_alone(s, v, "$ref"))
        return TARN_NO_NODE;
    if (!to) {
        tarn_schema_fail(s, "$ref", "does not lead to a place in this document");
        return TARN_NO_NODE;
    }
    return tarn_grammar_call(s->g, tarn_schema_inner(s, to, "$ref", NULL), end);
}

/* ------------------------------------------------------------------- a schema */
static uint32_t any_of(struct tarn_schema *s, const struct tarn_json *v,
                       const char *keyword, uint32_t end)
{
    const struct tarn_json *list = tarn_json_get(v, keyword);
    uint32_t all = TARN_NO_NODE;
    if (!stands_alone(s, v, keyword))
        return all;
    if (list->kind != TARN_JSON_ARRAY || list->n == 0) {
        tarn_schema_fail(s, keyword, "must be a list of schemas");
        return all;
    }
    if (!strcmp(keyword, "allOf") && list->n > 1) {
        tarn_schema_fail(s, keyword, "of more than one schema is not supported");
        return all;
    }
    for (const struct tarn_json *k = list->first; k; k = k->next)
        all = tarn_grammar_either(
            s->g, all,
            tarn_grammar_call(s->g, tarn_schema_inner(s, k, keyword, NULL), end));
    return all;
}

static unsigned type_of(const struct tarn_json *v)
{
    switch (v->kind) {
    case TARN_JSON_NULL:
        return SCHEMA_NULL;
    case TARN_JSON_FALSE:
    case TARN_JSON_TRUE:
        return SCHEMA_BOOLEAN;
    case TARN_JSON_NUMBER:
        return SCHEMA_NUMBER |
               (memchr(v->text, '.', v->size) || memchr(v->text, 'e', v->size) ||
                        memchr(v->text, 'E', v->size)
                    ? 0
                    : SCHEMA_INTEGER);
    case TARN_JSON_STRING:
        return SCHEMA_STRING;
    case TARN_JSON_ARRAY:
        return SCHEMA_ARRAY;
    case TARN_JSON_OBJECT:
        return SCHEMA_OBJECT;
    }
    return 0;
}

uint32_t tarn_schema_literal(struct tarn_schema *s, const struct tarn_json *v,
                        uint32_t end)
{
    struct tarn_buf b = { 0 };
    tarn_schema_write(&b, v);
    s->g->failed |= b.failed;
    const uint32_t node =
        b.failed ? TARN_NO_NODE
                 : tarn_grammar_text(s->g, b.data, b.size, end);
    tarn_buf_finish(&b);
    return node;
}

/* The listed values that have one of the types (0: any). */
static uint32_t literals(struct tarn_schema *s, const struct tarn_json *list,
                         unsigned types, uint32_t end)
{
    uint32_t ways[SCHEMA_ENUM];
    size_t n = 0;
    if (list->kind != TARN_JSON_ARRAY || list->n == 0 ||
        list->n > SCHEMA_ENUM) {
        tarn_schema_fail(s, "enum", "must be a list of 1 to 1,000 values");
        return TARN_NO_NODE;
    }
    for (const struct tarn_json *k = list->first; k; k = k->next)
        if (types == 0 || types & type_of(k))
            ways[n++] = tarn_schema_literal(s, k, end);
    return tarn_grammar_split(s->g, ways, n);
}

static uint32_t by_types(struct tarn_schema *s, const struct tarn_json *v,
                         unsigned types, uint32_t end)
{
    uint32_t ways[6];
    size_t n = 0;
    if (types & SCHEMA_OBJECT)
        ways[n++] = tarn_schema_object(s, v, end);
    if (types & SCHEMA_ARRAY)
        ways[n++] = tarn_schema_array(s, v, end);
    if (types & SCHEMA_STRING)
        ways[n++] = tarn_schema_string(s, v, end);
    if (types & (SCHEMA_NUMBER | SCHEMA_INTEGER))
        ways[n++] = tarn_schema_number(s, v, !(types & SCHEMA_NUMBER), end);
    if (types & SCHEMA_BOOLEAN)
        ways[n++] = tarn_grammar_either(
            s->g, tarn_grammar_text(s->g, "true", 4, end),
            tarn_grammar_text(s->g, "false", 5, end));
    if (types & SCHEMA_NULL)
        ways[n++] = tarn_grammar_text(s->g, "null", 4, end);
    return tarn_grammar_split(s->g, ways, n);
}

static uint32_t compile(struct tarn_schema *s, const struct tarn_json *v,
                        uint32_t end)
{
    const struct tarn_json *k;
    if (v->kind == TARN_JSON_TRUE || (v->kind == TARN_JSON_OBJECT && !v->first))
        return tarn_grammar_call(s->g, s->parts.value, end);
    if (v->kind == TARN_JSON_FALSE) {
        tarn_schema_fail(s, "false", "fits nothing");
        return TARN_NO_NODE;
    }
    if (v->kind != TARN_JSON_OBJECT) {
        tarn_schema_fail(s, "schema", "is neither an object nor true");
        return TARN_NO_NODE;
    }
    if (!check_keywords(s, v))
        return TARN_NO_NODE;
    if ((k = tarn_json_get(v, "$ref")))
        return reference(s, v, k, end);
    if (tarn_json_get(v, "anyOf"))
        return any_of(s, v, "anyOf", end);
    if (tarn_json_get(v, "allOf"))
        return any_of(s, v, "allOf", end);
    unsigned types = tarn_schema_types(v);
    if (types & SCHEMA_UNKNOWN) {
        tarn_schema_fail(s, "type", "is no type that JSON has");
        return TARN_NO_NODE;
    }
    if ((k = tarn_json_get(v, "const")))
        return types == 0 || types & type_of(k) ? tarn_schema_literal(s, k, end)
                                                : TARN_NO_NODE;
    if ((k = tarn_json_get(v, "enum")))
        return literals(s, k, types, end);
    types = types ? types : types_by_keywords(v);
    return types ? by_types(s, v, types, end)
                 : tarn_grammar_call(s->g, s->parts.value, end);
}

static void compile_item(struct tarn_schema *s, uint32_t i)
{
    const struct schema_item item = s->items[i];
    const struct tarn_json *nullable = tarn_json_get(item.v, "nullable");
    s->now = i;
    s->anything = false;
    const uint32_t end = tarn_grammar_return(s->g);
    uint32_t start = compile(s, item.v, end);
    if (s->anything)
        start = tarn_grammar_call(s->g, s->parts.value, end);
    else if (nullable && nullable->kind == TARN_JSON_TRUE)
        start = tarn_grammar_either(s->g, start,
                                    tarn_grammar_text(s->g, "null", 4, end));
    tarn_grammar_start(s->g, item.rule, start);
    if (tarn_schema_types(item.v) & (SCHEMA_ARRAY | SCHEMA_OBJECT) ||
        types_by_keywords(item.v) & (SCHEMA_ARRAY | SCHEMA_OBJECT))
        if (item.rule != TARN_NO_NODE)
            s->g->rules[item.rule].bracket = true;
}

/* -------------------------------------------------------------------- public */
enum tarn_status tarn_schema_begin(struct tarn_grammar *g, bool loose,
                                   struct tarn_schema **out,
                                   struct tarn_error *err)
{
    struct tarn_schema *s = tarn_alloc(1, sizeof *s);
    if (!s)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory for the schema.");
    s->g = g;
    s->loose = loose;
    s->err = err;
    s->now = SCHEMA_NONE;
    tarn_json_parts(g, &s->parts);
    *out = s;
    return TARN_OK;
}

const struct tarn_json_parts *tarn_schema_parts(const struct tarn_schema *s)
{
    return &s->parts;
}

enum tarn_status tarn_schema_end(struct tarn_schema *s, struct tarn_error *err)
{
    s->err = err;
    for (; s->n_done < s->n_items && s->status == TARN_OK && !s->g->failed;
         s->n_done++)
        compile_item(s, s->n_done);
    return s->status;
}

void tarn_schema_destroy(struct tarn_schema *s)
{
    tarn_free(s);
}

/* {"name":...,"schema":{...}}, also below "json_schema". */
static const struct tarn_json *unwrap(const struct tarn_json *doc)
{
    const struct tarn_json *v = tarn_json_get(doc, "json_schema");
    const struct tarn_json *inner = tarn_json_get(v ? v : doc, "schema");
    return inner && inner->kind == TARN_JSON_OBJECT &&
                   !tarn_json_get(doc, "properties")
               ? inner
               : doc;
}

/* What may stand before the text: a model puts a line feed or two behind its
 * thought. */
static uint32_t with_feeds(struct tarn_grammar *g, uint32_t start)
{
    return tarn_grammar_loop(
        g, tarn_grammar_range(g, '\n', '\n', tarn_grammar_return(g)), 0, 2,
        start);
}

static uint32_t any_brackets(struct tarn_schema *s, uint32_t end)
{
    /* as a schema would say it: an object or a list of anything */
    static const struct tarn_json NOTHING = { .kind = TARN_JSON_OBJECT };
    return tarn_grammar_either(s->g, tarn_schema_object(s, &NOTHING, end),
                               tarn_schema_array(s, &NOTHING, end));
}

enum tarn_status tarn_schema_compile(const char *text, size_t size,
                                     struct tarn_grammar *out,
                                     struct tarn_error *err)
{
    struct tarn_json *doc = NULL;
    struct tarn_schema *s = NULL;
    struct tarn_grammar g = { 0 };
    enum tarn_status st = TARN_OK;
    if (text && size > TARN_SCHEMA_MAX_TEXT)
        return tarn_fail(err, TARN_LIMIT,
                         "The schema has %zu bytes; at most %zu are allowed.",
                         size, TARN_SCHEMA_MAX_TEXT);
    if (text && (st = tarn_json_read(text, size, &doc, err)) != TARN_OK) {
        if (st == TARN_BAD_FILE && err)
            err->status = TARN_USAGE;
        return st == TARN_BAD_FILE ? TARN_USAGE : st;
    }
    st = tarn_schema_begin(&g, false, &s, err);
    if (st == TARN_OK) {
        const uint32_t end = tarn_grammar_return(&g);
        const struct tarn_json *root = doc ? unwrap(doc) : NULL;
        g.root = tarn_grammar_rule(&g);
        const uint32_t start =
            doc ? tarn_grammar_call(&g, tarn_schema_rule(s, root, root), end)
                : any_brackets(s, end);
        tarn_grammar_start(&g, g.root, with_feeds(&g, start));
        st = tarn_schema_end(s, err);
    }
    if (st == TARN_OK)
        st = tarn_grammar_check(&g, err);
    tarn_schema_destroy(s);
    tarn_json_free(doc);
    if (st == TARN_OK)
        *out = g;
    else
        tarn_grammar_finish(&g);
    return st;
}

enum tarn_status tarn_schema_check(const char *text, size_t size,
                                   struct tarn_error *err)
{
    struct tarn_grammar g = { 0 };
    const enum tarn_status s = tarn_schema_compile(text, size, &g, err);
    tarn_grammar_finish(&g);
    return s;
}
