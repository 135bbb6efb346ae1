/* judge.c - see judge.h.  A value fits its parameter, or is turned into what
 * fits exactly ("3" for an integer, 75001 for a string), or the call does not
 * run: the model is told and may try again. */
#include "core/turn/judge.h"

#include <string.h>

#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/text/value.h"

bool tarn_call_same_name(const struct tarn_call_draft *d,
                         const struct tarn_call_argument *a, const char *name,
                         size_t size)
{
    return a->name_size == size &&
           memcmp(d->names.data + a->name_at, name, size) == 0;
}

static bool wants(struct tarn_call_work *w, const struct tarn_json *schema,
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
static bool unquote(struct tarn_call_work *w, const char *json, size_t size,
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
        (number && types & TARN_TOOL_INTEGER &&
         is_whole(doc->text, doc->size)) ||
        ((doc->kind == TARN_JSON_TRUE || doc->kind == TARN_JSON_FALSE) &&
         types & TARN_TOOL_BOOLEAN);
    tarn_json_free(doc);
    if (good)
        tarn_buf_add(out, json + 1, size - 2);
    return good;
}

/* Appends the argument's value as the parameter wants it; false: it can't be
 * one. */
static bool fit(struct tarn_call_work *w, const struct tarn_call_argument *a,
                const struct tarn_json *schema, struct tarn_buf *out)
{
    const unsigned types = tarn_tool_types(schema);
    /* No value at all (a word that is none): nothing was written yet. */
    const char *json = a->json_size ? w->d.json.data + a->json_at : "";
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

static bool has_argument(const struct tarn_call_draft *d, const char *name,
                         size_t size)
{
    for (size_t i = 0; i < d->n; i++)
        if (!d->args[i].dropped &&
            tarn_call_same_name(d, &d->args[i], name, size))
            return true;
    return false;
}

/* Positional arguments take the parameters that were not named, in order. */
static bool name_positions(struct tarn_call_draft *d,
                           const struct tarn_tool *tool)
{
    const struct tarn_json *v =
        tool->properties ? tool->properties->first : NULL;
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
static bool write_arguments(struct tarn_call_work *w,
                            const struct tarn_tool *tool, struct tarn_buf *b)
{
    struct tarn_call_draft *d = &w->d;
    bool good = true, first = true;
    tarn_buf_byte(b, '{');
    for (size_t i = 0; i < d->n; i++) {
        const struct tarn_call_argument *a = &d->args[i];
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
    const struct tarn_json *r =
        tool && tool->required ? tool->required->first : NULL;
    for (; r; r = r->next)
        if (r->kind == TARN_JSON_STRING && !has_argument(d, r->text, r->size)) {
            w->out->problems |= TARN_CALL_MISSING_REQUIRED;
            good = false;
        }
    w->failed |= b->failed;
    return good && !b->failed;
}

static void keep(struct tarn_call_work *w, bool offer, const char *name,
                 size_t size, struct tarn_buf *arguments)
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
void tarn_call_judge(struct tarn_call_work *w)
{
    struct tarn_call_draft *d = &w->d;
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
