/* tools.c - see call.h and tools.h.  Only names, types, enums and what is
 * required are looked at; the rest of a schema is the model's reading. */
#include "core/turn/tools.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

bool tarn_tool_name_valid(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const char c = name[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '.')
            return false;
    }
    return size > 0 && size <= 128;
}

static enum tarn_status add_tool(struct tarn_tools *t,
                                 const struct tarn_json *v,
                                 struct tarn_error *err)
{
    const struct tarn_json *inner = tarn_json_get(v, "function");
    const struct tarn_json *f = inner ? inner : v;
    const struct tarn_json *name = tarn_json_get(f, "name");
    const struct tarn_json *schema = tarn_json_get(f, "parameters");
    if (!name || name->kind != TARN_JSON_STRING ||
        !tarn_tool_name_valid(name->text, name->size))
        return tarn_fail(err, TARN_USAGE,
                         "Tool %zu has no name of 1 to 128 letters, digits, "
                         "\"_\", \"-\" or \".\".",
                         t->n);
    if (tarn_tools_find(t, name->text, name->size))
        return tarn_fail(err, TARN_USAGE,
                         "Tool %zu is named \"%s\" like "
                         "another one.",
                         t->n, tarn_shown(name->text, name->size).text);
    struct tarn_tool *tool = &t->at[t->n++];
    *tool = (struct tarn_tool){ .name = name->text, .name_size = name->size };
    tool->properties = tarn_json_get(schema, "properties");
    tool->required = tarn_json_get(schema, "required");
    if (tool->properties && tool->properties->kind != TARN_JSON_OBJECT)
        return tarn_fail(err, TARN_USAGE,
                         "The properties of tool \"%s\" are no object.",
                         tarn_shown(name->text, name->size).text);
    return TARN_OK;
}

enum tarn_status tarn_tools_create(const char *json, size_t size,
                                   struct tarn_tools **out,
                                   struct tarn_error *err)
{
    if (size > TARN_TOOLS_MAX_TEXT)
        return tarn_fail(err, TARN_LIMIT,
                         "The tool declarations have %zu bytes; at most %zu "
                         "are allowed.",
                         size, TARN_TOOLS_MAX_TEXT);
    struct tarn_tools *t = tarn_alloc(1, sizeof *t);
    if (!t)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory for the tools.");
    enum tarn_status s = tarn_json_read(json, size, &t->doc, err);
    if (s == TARN_BAD_FILE) {
        s = TARN_USAGE; /* what a person or a program gave, no model file */
        if (err)
            err->status = s;
    } else if (s == TARN_OK && t->doc->kind != TARN_JSON_ARRAY) {
        s = tarn_fail(err, TARN_USAGE, "The tool declarations are no list.");
    } else if (s == TARN_OK && t->doc->n > TARN_TOOLS_MAX) {
        s = tarn_fail(err, TARN_LIMIT,
                      "There are %zu tools; at most %d are allowed.", t->doc->n,
                      TARN_TOOLS_MAX);
    } else if (s == TARN_OK) {
        t->at = tarn_alloc(t->doc->n, sizeof *t->at);
        if (!t->at)
            s = tarn_fail(err, TARN_NO_MEMORY,
                          "There was not enough memory for the tools.");
    }
    const struct tarn_json *v = s == TARN_OK ? t->doc->first : NULL;
    for (; v && s == TARN_OK; v = v->next)
        s = add_tool(t, v, err);
    if (s != TARN_OK) {
        tarn_tools_destroy(t);
        return s;
    }
    *out = t;
    return TARN_OK;
}

void tarn_tools_destroy(struct tarn_tools *t)
{
    if (!t)
        return;
    tarn_json_free(t->doc);
    tarn_free(t->at);
    tarn_free(t);
}

const struct tarn_tool *tarn_tools_find(const struct tarn_tools *t,
                                        const char *name, size_t size)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].name_size == size &&
            memcmp(t->at[i].name, name, size) == 0)
            return &t->at[i];
    return NULL;
}

static char folded(char c)
{
    return c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

const struct tarn_tool *tarn_tools_near(const struct tarn_tools *t,
                                        const char *name, size_t size)
{
    const struct tarn_tool *found = NULL;
    for (size_t i = 0; i < t->n; i++) {
        size_t k = 0;
        while (k < size && t->at[i].name_size == size &&
               folded(t->at[i].name[k]) == folded(name[k]))
            k++;
        if (k < size || t->at[i].name_size != size)
            continue;
        if (found)
            return NULL;
        found = &t->at[i];
    }
    return found;
}

static unsigned type_of(const struct tarn_json *v)
{
    static const char *const names[] = { "string",  "integer", "number",
                                         "boolean", "array",   "object" };
    for (unsigned i = 0; i < 6; i++)
        if (tarn_json_is_string(v, names[i]))
            return 1u << i;
    return 0;
}

unsigned tarn_tool_types(const struct tarn_json *schema)
{
    const struct tarn_json *type = tarn_json_get(schema, "type");
    if (!type || type->kind != TARN_JSON_ARRAY)
        return type_of(type);
    unsigned all = 0;
    for (const struct tarn_json *v = type->first; v; v = v->next)
        all |= type_of(v);
    return all;
}
