/* schema_parts.c - objects, lists, strings and numbers of a schema. */
#include "core/sample/schema_parts.h"

#include <string.h>

#include "core/base/memory.h"

/* ------------------------------------------------------------------ writing */
/* Without recursion: the value being written, and those around it. */
void tarn_schema_write(struct tarn_buf *b, const struct tarn_json *v)
{
    static const char *const WORDS[] = { "null", "false", "true" };
    const struct tarn_json *around[64];
    size_t depth = 0;
    bool member = false; /* v stands in around[depth - 1] */
    for (;;) {
        if (member && around[depth - 1]->kind == TARN_JSON_OBJECT) {
            tarn_json_add_string(b, v->key, v->key_size, false);
            tarn_buf_text(b, ": ");
        }
        if (v->kind == TARN_JSON_OBJECT || v->kind == TARN_JSON_ARRAY) {
            const bool object = v->kind == TARN_JSON_OBJECT;
            tarn_buf_byte(b, object ? '{' : '[');
            if (v->first && depth < 64) {
                around[depth++] = v;
                v = v->first;
                member = true;
                continue;
            }
            tarn_buf_byte(b, object ? '}' : ']');
        } else if (v->kind == TARN_JSON_STRING) {
            tarn_json_add_string(b, v->text, v->size, false);
        } else if (v->kind == TARN_JSON_NUMBER) {
            tarn_buf_add(b, v->text, v->size);
        } else {
            tarn_buf_text(b, WORDS[v->kind]);
        }
        while (depth > 0 && !v->next) {
            v = around[--depth];
            tarn_buf_byte(b, v->kind == TARN_JSON_OBJECT ? '}' : ']');
        }
        if (depth == 0)
            return;
        v = v->next;
        tarn_buf_text(b, ", ");
    }
}

/* ------------------------------------------------------------------ objects */
static uint32_t character(struct tarn_schema *s, char c, uint32_t to)
{
    const unsigned char u = (unsigned char)c;
    return tarn_grammar_range(s->g, u, u, to);
}

static uint32_t space(struct tarn_schema *s, uint32_t to)
{
    return tarn_grammar_call(s->g, s->parts.space, to);
}

static bool is_required(const struct tarn_json *required, const char *key,
                        size_t size)
{
    const struct tarn_json *r = required ? required->first : NULL;
    while (r && (r->kind != TARN_JSON_STRING || r->size != size ||
                 memcmp(r->text, key, size)))
        r = r->next;
    return r != NULL;
}

/* "key": value */
static uint32_t member(struct tarn_schema *s, const char *key, size_t size,
                       uint32_t rule, uint32_t to)
{
    struct tarn_buf b = { 0 };
    tarn_json_add_string(&b, key, size, false);
    tarn_buf_byte(&b, ':');
    s->g->failed |= b.failed;
    to = tarn_grammar_call(s->g, rule, to);
    to = b.failed ? TARN_NO_NODE
                  : tarn_grammar_text(s->g, b.data, b.size, space(s, to));
    tarn_buf_finish(&b);
    return to;
}

/* Any keys, values of one rule. */
static uint32_t map(struct tarn_schema *s, uint32_t rule, uint32_t end)
{
    const uint32_t close = character(s, '}', end);
    uint32_t one = tarn_grammar_call(s->g, rule, tarn_grammar_return(s->g));
    one = character(s, ':', space(s, one));
    one = tarn_grammar_call(s->g, s->parts.string, one);
    const uint32_t more = character(s, ',', space(s, one));
    uint32_t all = tarn_grammar_loop(s->g, more, 0, TARN_FOREVER,
                                     space(s, close));
    all = space(s, tarn_grammar_loop(s->g, one, 1, 1, all));
    return character(s, '{', tarn_grammar_either(s->g, close, all));
}

/* One more member in front of those that follow: `later` where one stands
 * before it, `first` where none does. */
struct members {
    uint32_t later, first;
};

static struct members with_member(struct tarn_schema *s, struct members m,
                                  const char *key, size_t size, uint32_t rule,
                                  bool required)
{
    const uint32_t one = member(s, key, size, rule, m.later);
    const uint32_t later = character(s, ',', space(s, one));
    const uint32_t first = space(s, one);
    if (required)
        return (struct members){ later, first };
    return (struct members){ tarn_grammar_either(s->g, later, m.later),
                             tarn_grammar_either(s->g, first, m.first) };
}

uint32_t tarn_schema_object(struct tarn_schema *s, const struct tarn_json *v,
                       uint32_t end)
{
    const struct tarn_json *p = tarn_json_get(v, "properties");
    const struct tarn_json *r = tarn_json_get(v, "required");
    const struct tarn_json *more = tarn_json_get(v, "additionalProperties");
    if (p && p->kind != TARN_JSON_OBJECT) {
        tarn_schema_fail(s, "properties", "must be an object of schemas");
        return TARN_NO_NODE;
    }
    if (r && r->kind != TARN_JSON_ARRAY) {
        tarn_schema_fail(s, "required", "must be a list of names");
        return TARN_NO_NODE;
    }
    const bool closed = more && more->kind == TARN_JSON_FALSE;
    if ((!p || !p->first) && (!r || !r->first) && !closed)
        return map(s,
                   more && more->kind == TARN_JSON_OBJECT
                       ? tarn_schema_inner(s, more, "additionalProperties", NULL)
                       : s->parts.value,
                   end);
    const struct tarn_json **all =
        tarn_alloc(p ? p->n : 0, sizeof(const struct tarn_json *));
    if (!all) {
        s->g->failed = true;
        return TARN_NO_NODE;
    }
    size_t n = 0;
    for (const struct tarn_json *k = p ? p->first : NULL; k; k = k->next)
        all[n++] = k;
    const uint32_t close = character(s, '}', end);
    struct members m = { space(s, close), close };
    /* What is required but not declared is any value, behind the others. */
    for (const struct tarn_json *k = r ? r->first : NULL; k; k = k->next) {
        bool declared = false;
        for (size_t i = 0; i < n && !declared; i++)
            declared = k->kind == TARN_JSON_STRING &&
                       all[i]->key_size == k->size &&
                       !memcmp(all[i]->key, k->text, k->size);
        if (k->kind != TARN_JSON_STRING) {
            tarn_schema_fail(s, "required", "must be a list of names");
            m.first = m.later = TARN_NO_NODE;
        } else if (!declared && closed) {
            tarn_schema_fail(s, "required", "names what is not declared");
        } else if (!declared) {
            m = with_member(s, m, k->text, k->size, s->parts.value, true);
        }
    }
    while (n-- > 0)
        m = with_member(s, m, all[n]->key, all[n]->key_size,
                        tarn_schema_inner(s, all[n], "properties", all[n]),
                        is_required(r, all[n]->key, all[n]->key_size));
    tarn_free(all);
    return character(s, '{', m.first);
}

/* -------------------------------------------------------------------- lists */
/* A count; false if it is none. */
static bool count_of(struct tarn_schema *s, const struct tarn_json *v,
                     const char *keyword, uint32_t *out)
{
    const struct tarn_json *k = tarn_json_get(v, keyword);
    double d;
    if (!k)
        return true;
    if (!tarn_json_f64(k, &d) || d < 0 || d > 1e6 || d != (double)(uint32_t)d)
        return tarn_schema_fail(s, keyword, "must be a whole number up to a million");
    *out = (uint32_t)d;
    return true;
}

uint32_t tarn_schema_array(struct tarn_schema *s, const struct tarn_json *v,
                      uint32_t end)
{
    const struct tarn_json *items = tarn_json_get(v, "items");
    const struct tarn_json *front = tarn_json_get(v, "prefixItems");
    uint32_t least = 0, most = TARN_FOREVER, rules[SCHEMA_ENUM], n = 0;
    if (!count_of(s, v, "minItems", &least) ||
        !count_of(s, v, "maxItems", &most))
        return TARN_NO_NODE;
    if (front && (front->kind != TARN_JSON_ARRAY || front->n > SCHEMA_ENUM)) {
        tarn_schema_fail(s, "prefixItems", "must be a list of up to 1,000 schemas");
        return TARN_NO_NODE;
    }
    for (const struct tarn_json *k = front ? front->first : NULL; k;
         k = k->next)
        rules[n++] = tarn_schema_inner(s, k, "prefixItems", NULL);
    const bool closed = items && items->kind == TARN_JSON_FALSE;
    if (closed)
        most = most < n ? most : n;
    const uint32_t rule = !items || closed ? s->parts.value
                                           : tarn_schema_inner(s, items, "items",
                                                          NULL);
    const uint32_t close = character(s, ']', end);
    const uint32_t done = space(s, close);
    /* Behind the listed ones: more of the same rule. */
    uint32_t one = tarn_grammar_call(s->g, rule, tarn_grammar_return(s->g));
    one = character(s, ',', space(s, one));
    const uint32_t before = n > 0 ? n : 1; /* items in front of the loop */
    uint32_t tail = TARN_NO_NODE;
    if (most >= before)
        tail = tarn_grammar_loop(s->g, one, least > before ? least - before : 0,
                                 most == TARN_FOREVER ? most : most - before,
                                 done);
    if (n == 0)
        rules[n++] = rule;
    while (n-- > 0) { /* behind item n */
        if (n + 1 < before && n + 1 >= least)
            tail = tarn_grammar_either(s->g, tail, done);
        if (n >= most)
            continue;
        tail = space(s, tarn_grammar_call(s->g, rules[n], tail));
        if (n > 0)
            tail = character(s, ',', tail);
    }
    if (most == 0)
        tail = TARN_NO_NODE;
    return character(s, '[',
                     tarn_grammar_either(s->g, tail,
                                         least == 0 ? close : TARN_NO_NODE));
}

/* ------------------------------------------------------------------ strings */
/* Narrower than the standards, so that no reader can mind: days to 28, whole
 * addresses. */
static const struct {
    const char *name, *pattern;
} FORMATS[] = {
#define DATE "\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])"
#define TIME                                                                   \
    "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-](0\\d|1[0-3]):"    \
    "[0-5]\\d)"
#define LABEL "[a-z0-9]{1,20}(-[a-z0-9]{1,20})?"
#define HOST LABEL "(\\." LABEL "){0,4}"
#define BYTE "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
    { "date", "^" DATE "$" },
    { "time", "^" TIME "$" },
    { "date-time", "^" DATE "T" TIME "$" },
    { "duration",
      "^P(\\d{1,4}W|\\d{1,4}Y(\\d{1,2}M)?(\\d{1,3}D)?(T\\d{1,2}H(\\d{1,2}M)?"
      "(\\d{1,2}S)?)?|\\d{1,3}D(T\\d{1,2}H)?|T(\\d{1,3}H(\\d{1,2}M)?|"
      "\\d{1,3}M(\\d{1,2}S)?|\\d{1,5}S))$" },
    { "email", "^[a-z0-9]{1,30}([._-][a-z0-9]{1,30})?@" LABEL "(\\." LABEL
               "){0,2}\\.[a-z]{2,6}$" },
    { "hostname", "^" HOST "$" },
    { "ipv4", "^(" BYTE "\\.){3}" BYTE "$" },
    { "ipv6", "^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$" },
    { "uuid", "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$" },
    { "uri", "^https?://" HOST "(/[A-Za-z0-9._~-]{1,40}){0,8}$" },
};

static uint32_t by_pattern(struct tarn_schema *s, const char *text, size_t size,
                           uint32_t end)
{
    uint32_t start;
    const char *wrong = tarn_grammar_pattern(s->g, text, size,
                                             character(s, '"', end), &start);
    if (wrong) {
        tarn_schema_fail(s, "pattern", wrong);
        return TARN_NO_NODE;
    }
    return character(s, '"', start);
}

uint32_t tarn_schema_string(struct tarn_schema *s, const struct tarn_json *v,
                       uint32_t end)
{
    const struct tarn_json *pattern = tarn_json_get(v, "pattern");
    const struct tarn_json *format = tarn_json_get(v, "format");
    uint32_t least = 0, most = TARN_FOREVER;
    if (s->loose)
        pattern = format = NULL;
    if (!count_of(s, v, "minLength", &least) ||
        !count_of(s, v, "maxLength", &most))
        return TARN_NO_NODE;
    const bool bounded = least > 0 || most != TARN_FOREVER;
    if ((pattern && format) || ((pattern || format) && bounded)) {
        tarn_schema_fail(s, pattern ? "pattern" : "format",
                    "together with another limit of the string is not "
                    "supported");
        return TARN_NO_NODE;
    }
    if (pattern && pattern->kind == TARN_JSON_STRING)
        return by_pattern(s, pattern->text, pattern->size, end);
    for (size_t i = 0; format && i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (tarn_json_is_string(format, FORMATS[i].name))
            return by_pattern(s, FORMATS[i].pattern,
                              strlen(FORMATS[i].pattern), end);
    if (pattern || format) {
        tarn_schema_fail(s, pattern ? "pattern" : "format",
                    pattern ? "must be text" : "is none of the known formats");
        return TARN_NO_NODE;
    }
    if (!bounded)
        return tarn_grammar_call(s->g, s->parts.string, end);
    const uint32_t one = tarn_json_character(s->g, tarn_grammar_return(s->g));
    return character(s, '"',
                     tarn_grammar_loop(s->g, one, least, most,
                                       character(s, '"', end)));
}

/* ------------------------------------------------------------------ numbers */
/* The stricter of two bounds; *open: the bound itself is left out. */
static bool bound(struct tarn_schema *s, const struct tarn_json *v,
                  const char *closed_word, const char *open_word, bool upper,
                  const char **text, bool *open)
{
    const struct tarn_json *a = tarn_json_get(v, closed_word);
    const struct tarn_json *b = tarn_json_get(v, open_word);
    double x = 0, y = 0;
    if (a && !tarn_json_f64(a, &x))
        return tarn_schema_fail(s, closed_word, "must be a number");
    if (b && !tarn_json_f64(b, &y))
        return tarn_schema_fail(s, open_word, "must be a number");
    *open = b && (!a || (upper ? y <= x : y >= x));
    *text = *open ? b->text : a ? a->text : NULL;
    return true;
}

uint32_t tarn_schema_number(struct tarn_schema *s, const struct tarn_json *v,
                       bool whole, uint32_t end)
{
    const struct tarn_json *multiple = tarn_json_get(v, "multipleOf");
    struct tarn_number_range r = { .whole = whole };
    double d = 0;
    uint32_t start;
    if (!bound(s, v, "minimum", "exclusiveMinimum", false, &r.least,
               &r.above) ||
        !bound(s, v, "maximum", "exclusiveMaximum", true, &r.most, &r.below))
        return TARN_NO_NODE;
    if (multiple) {
        if (!tarn_json_f64(multiple, &d) || d < 1 || d > 100 ||
            d != (double)(uint32_t)d) {
            tarn_schema_fail(s, "multipleOf", "must be a whole number from 1 to 100");
            return TARN_NO_NODE;
        }
        r.multiple = (uint32_t)d;
        r.whole = true;
    }
    if (!r.least && !r.most && !r.whole)
        return tarn_grammar_call(s->g, s->parts.number, end);
    if (!tarn_grammar_number(s->g, &r, end, &start)) {
        tarn_schema_fail(s, r.least ? "minimum" : "maximum",
                    "has more than 15 digits");
        return TARN_NO_NODE;
    }
    return start;
}
