/* pattern.c - a regular expression as nodes; see grammar.h.
 *
 * ECMAScript's syntax (what JSON Schema means by a pattern) without what looks
 * around or back.  Nothing backtracks: nodes are walked all at once.  A group
 * becomes a rule and is read when its turn comes, so nesting costs no stack. */
#include <string.h>

#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/sample/grammar.h"

#define MAX_GROUPS 128u
#define MAX_ELEMENTS 256u
#define MAX_RANGES 64u
#define MAX_TIMES 1000u
#define LAST_CODE 0x10FFFFu

struct element {
    bool group;
    uint32_t rule;           /* of a group */
    uint32_t first, n;       /* of a class: its ranges */
    uint32_t least, most;
};

struct group {
    size_t at, end; /* its text, without brackets */
    uint32_t rule;
};

struct pattern {
    struct tarn_grammar *g;
    const char *text;
    size_t at, end;
    struct group groups[MAX_GROUPS];
    uint32_t n_groups;
    struct element elements[MAX_ELEMENTS];
    uint32_t n_elements;
    struct tarn_code_range ranges[MAX_ELEMENTS + 4 * MAX_RANGES];
    uint32_t n_ranges;
    const char *wrong;
};

static bool fail(struct pattern *p, const char *why)
{
    if (!p->wrong)
        p->wrong = why;
    return false;
}

/* ----------------------------------------------------------------- classes */
static bool add_range(struct pattern *p, uint32_t lo, uint32_t hi)
{
    if (p->n_ranges == sizeof p->ranges / sizeof *p->ranges)
        return fail(p, "has too many characters in its classes");
    p->ranges[p->n_ranges++] = (struct tarn_code_range){ lo, hi };
    return true;
}

/* What is in none of the ranges from `first` on takes their place. */
static bool complement(struct pattern *p, uint32_t first)
{
    struct tarn_code_range *r = p->ranges + first;
    const uint32_t n = p->n_ranges - first;
    struct tarn_code_range old[MAX_RANGES];
    if (n > MAX_RANGES)
        return fail(p, "has too many characters in a class");
    for (uint32_t i = 1; i < n; i++) /* in the order of lo */
        for (uint32_t k = i; k > 0 && r[k].lo < r[k - 1].lo; k--) {
            const struct tarn_code_range swap = r[k];
            r[k] = r[k - 1];
            r[k - 1] = swap;
        }
    memcpy(old, r, n * sizeof *old);
    p->n_ranges = first;
    uint32_t from = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (old[i].lo > from && !add_range(p, from, old[i].lo - 1))
            return false;
        from = old[i].hi + 1 > from ? old[i].hi + 1 : from;
    }
    return from > LAST_CODE || add_range(p, from, LAST_CODE);
}

/* \d \w \s and their opposites. */
static bool add_named(struct pattern *p, char name)
{
    static const struct tarn_code_range SPACES[] = {
        { 0x09, 0x0D }, { 0x20, 0x20 }, { 0xA0, 0xA0 }, { 0x1680, 0x1680 },
        { 0x2000, 0x200A }, { 0x2028, 0x2029 }, { 0x202F, 0x202F },
        { 0x205F, 0x205F }, { 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF }
    };
    const uint32_t first = p->n_ranges;
    const char lower = (char)(name | 32);
    bool good = true;
    if (lower == 'd' || lower == 'w')
        good = add_range(p, '0', '9');
    if (lower == 'w')
        good = good && add_range(p, 'A', 'Z') && add_range(p, '_', '_') &&
               add_range(p, 'a', 'z');
    for (size_t i = 0; lower == 's' && good && i < 10; i++)
        good = add_range(p, SPACES[i].lo, SPACES[i].hi);
    return good && (lower == name || complement(p, first));
}

static int peek(const struct pattern *p)
{
    return p->at < p->end ? (unsigned char)p->text[p->at] : -1;
}

static bool skip(struct pattern *p, char c)
{
    if (peek(p) != (unsigned char)c)
        return false;
    p->at++;
    return true;
}

static bool read_hex(struct pattern *p, size_t n, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        const int c = peek(p), lower = c | 32;
        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            *out = *out << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return fail(p, "has a wrong \\x or \\u");
        p->at++;
    }
    return true;
}

static bool read_code_in_braces(struct pattern *p, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 7 && !skip(p, '}'); i++) {
        uint32_t d;
        if (!read_hex(p, 1, &d))
            return false;
        *out = *out << 4 | d;
    }
    return (*out <= LAST_CODE && p->text[p->at - 1] == '}') ||
           fail(p, "has a wrong \\u{}");
}

/* Behind a backslash: one character, or a named class (*named). */
static bool read_escape(struct pattern *p, uint32_t *code, char *named)
{
    static const char FROM[] = "ntrfv0", TO[] = "\n\t\r\f\v\0";
    const int c = peek(p);
    *named = 0;
    if (c <= 0)
        return fail(p, "ends with a backslash");
    p->at++;
    if (strchr("dDwWsS", c)) {
        *named = (char)c;
        return true;
    }
    const char *found = strchr(FROM, c);
    if (found && !(c == '0' && peek(p) >= '0' && peek(p) <= '9')) {
        *code = (unsigned char)TO[found - FROM];
        return true;
    }
    if (c == 'x')
        return read_hex(p, 2, code);
    if (c == 'u')
        return skip(p, '{') ? read_code_in_braces(p, code)
                            : read_hex(p, 4, code);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
        (c >= 'A' && c <= 'Z'))
        return fail(p, c == 'b' || c == 'B'
                           ? "has a word border (\\b), which is not supported"
                       : c == 'p' || c == 'P'
                           ? "has a Unicode property (\\p), which is not "
                             "supported"
                       : c == 'k' || (c >= '1' && c <= '9')
                           ? "refers back to a group, which is not supported"
                           : "has an escape that is not known");
    *code = (uint32_t)c;
    return c < 0x80 || fail(p, "has an escape that is not known");
}

static bool read_plain(struct pattern *p, uint32_t *code)
{
    int32_t c;
    const size_t n = tarn_utf8_decode(p->text + p->at, p->end - p->at, &c);
    if (c < 0)
        return fail(p, "is not UTF-8");
    p->at += n;
    *code = (uint32_t)c;
    return true;
}

/* Behind [. */
static bool read_class(struct pattern *p)
{
    const uint32_t first = p->n_ranges;
    const bool opposite = skip(p, '^');
    while (!skip(p, ']')) {
        uint32_t lo = 0, hi = 0;
        char named = 0;
        if (peek(p) < 0)
            return fail(p, "has a class without an end");
        if (skip(p, '\\')) {
            if (peek(p) == 'b') { /* a backspace, in a class */
                p->at++;
                lo = '\b';
            } else if (peek(p) == '-') {
                p->at++;
                lo = '-';
            } else if (!read_escape(p, &lo, &named)) {
                return false;
            }
        } else if (!read_plain(p, &lo)) {
            return false;
        }
        if (named) {
            if (!add_named(p, named))
                return false;
            continue;
        }
        hi = lo;
        if (peek(p) == '-' && p->at + 1 < p->end && p->text[p->at + 1] != ']') {
            p->at++;
            if (skip(p, '\\') ? !read_escape(p, &hi, &named)
                              : !read_plain(p, &hi))
                return false;
            if (named || hi < lo)
                return fail(p, "has a class whose range is upside down");
        }
        if (!add_range(p, lo, hi))
            return false;
    }
    return !opposite || complement(p, first);
}

/* ---------------------------------------------------------------- elements */
/* To the bracket that closes the group whose text begins at p->at. */
static bool skip_group(struct pattern *p)
{
    int depth = 1;
    bool in_class = false;
    for (; p->at < p->end; p->at++) {
        const char c = p->text[p->at];
        if (c == '\\')
            p->at++;
        else if (in_class)
            in_class = c != ']';
        else if (c == '[')
            in_class = true;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return true;
    }
    return fail(p, "has a bracket that is not closed");
}

/* Behind (. */
static bool read_group(struct pattern *p, struct element *e)
{
    if (skip(p, '?')) {
        if (skip(p, '<')) {
            if (peek(p) == '=' || peek(p) == '!')
                return fail(p, "looks behind, which is not supported");
            while (peek(p) >= 0 && !skip(p, '>'))
                p->at++;
        } else if (!skip(p, ':')) {
            return fail(p, "looks ahead, which is not supported");
        }
    }
    if (p->n_groups == MAX_GROUPS)
        return fail(p, "has more than 128 groups");
    struct group *g = &p->groups[p->n_groups++];
    *g = (struct group){ .at = p->at, .rule = tarn_grammar_rule(p->g) };
    if (!skip_group(p))
        return false;
    g->end = p->at++;
    e->group = true;
    e->rule = g->rule;
    return true;
}

static bool read_count(struct pattern *p, uint32_t *out)
{
    const size_t from = p->at;
    *out = 0;
    for (; peek(p) >= '0' && peek(p) <= '9' && *out <= MAX_TIMES; p->at++)
        *out = *out * 10 + (uint32_t)(peek(p) - '0');
    return p->at > from;
}

static bool read_times(struct pattern *p, struct element *e)
{
    const size_t from = p->at;
    e->least = e->most = 1;
    if (skip(p, '*')) {
        e->least = 0;
        e->most = TARN_FOREVER;
    } else if (skip(p, '+')) {
        e->most = TARN_FOREVER;
    } else if (skip(p, '?')) {
        e->least = 0;
    } else if (skip(p, '{')) {
        if (!read_count(p, &e->least))
            return fail(p, "has a bracket { that counts nothing");
        e->most = e->least;
        if (skip(p, ',') && !read_count(p, &e->most))
            e->most = TARN_FOREVER;
        if (!skip(p, '}'))
            return fail(p, "has a bracket { that is not closed");
        if (e->least > MAX_TIMES ||
            (e->most > MAX_TIMES && e->most != TARN_FOREVER))
            return fail(p, "repeats something more than 1,000 times");
        if (e->most < e->least)
            return fail(p, "has a repetition upside down");
    }
    if (p->at > from)
        skip(p, '?'); /* lazy: the same strings */
    return true;
}

static bool read_element(struct pattern *p)
{
    if (p->n_elements == MAX_ELEMENTS)
        return fail(p, "has too many parts");
    struct element *e = &p->elements[p->n_elements++];
    *e = (struct element){ .first = p->n_ranges };
    uint32_t code = 0;
    char named = 0;
    bool good;
    if (skip(p, '(')) {
        good = read_group(p, e);
    } else if (skip(p, '[')) {
        good = read_class(p);
    } else if (skip(p, '.')) {
        good = add_range(p, '\n', '\n') && add_range(p, '\r', '\r') &&
               add_range(p, 0x2028, 0x2029) && complement(p, e->first);
    } else if (skip(p, '\\')) {
        good = read_escape(p, &code, &named) &&
               (named ? add_named(p, named) : add_range(p, code, code));
    } else if (strchr("*+?{})]^$", peek(p))) {
        return fail(p, peek(p) == '^' || peek(p) == '$'
                           ? "has an anchor in its middle, which is not "
                             "supported"
                           : "has a sign where a character was expected");
    } else {
        good = read_plain(p, &code) && add_range(p, code, code);
    }
    e->n = p->n_ranges - e->first;
    return good && read_times(p, e);
}

/* ------------------------------------------------------------------- nodes */
static uint32_t once(struct pattern *p, const struct element *e, uint32_t to)
{
    return e->group ? tarn_grammar_call(p->g, e->rule, to)
                    : tarn_json_class(p->g, p->ranges + e->first, e->n, to);
}

static uint32_t anything(struct pattern *p, uint32_t to)
{
    static const struct tarn_code_range ALL = { 0, LAST_CODE };
    const uint32_t body =
        tarn_json_class(p->g, &ALL, 1, tarn_grammar_return(p->g));
    return tarn_grammar_loop(p->g, body, 0, TARN_FOREVER, to);
}

/* One alternative, up to a bar or the end; `outer`: what is not anchored may
 * stand anywhere. */
static bool read_alternative(struct pattern *p, bool outer, uint32_t to,
                             uint32_t *out)
{
    const bool from_begin = outer && skip(p, '^');
    bool to_end = false;
    p->n_elements = p->n_ranges = 0;
    while (peek(p) >= 0 && peek(p) != '|') {
        if (outer && peek(p) == '$' &&
            (p->at + 1 == p->end || p->text[p->at + 1] == '|')) {
            p->at++;
            to_end = true;
            break;
        }
        if (!read_element(p))
            return false;
    }
    if (outer && !to_end)
        to = anything(p, to);
    for (uint32_t i = p->n_elements; i-- > 0;) {
        const struct element *e = &p->elements[i];
        if (e->least == 1 && e->most == 1)
            to = once(p, e, to);
        else
            to = tarn_grammar_loop(p->g,
                                   once(p, e, tarn_grammar_return(p->g)),
                                   e->least, e->most, to);
    }
    *out = outer && !from_begin ? anything(p, to) : to;
    return true;
}

static bool read_all(struct pattern *p, bool outer)
{
    for (uint32_t i = 0; i < p->n_groups; i++) {
        const struct group group = p->groups[i];
        uint32_t all = TARN_NO_NODE, one;
        p->at = group.at;
        p->end = group.end;
        do {
            if (!read_alternative(p, outer, tarn_grammar_return(p->g), &one))
                return false;
            all = tarn_grammar_either(p->g, all, one);
        } while (skip(p, '|'));
        tarn_grammar_start(p->g, group.rule, all);
        outer = false;
    }
    return true;
}

const char *tarn_grammar_pattern(struct tarn_grammar *g, const char *text,
                                 size_t size, uint32_t to, uint32_t *out)
{
    struct pattern *p = tarn_alloc(1, sizeof *p);
    *out = TARN_NO_NODE;
    if (!p) {
        g->failed = true;
        return NULL;
    }
    p->g = g;
    p->text = text;
    p->groups[p->n_groups++] =
        (struct group){ .end = size, .rule = tarn_grammar_rule(g) };
    read_all(p, true);
    const char *wrong = p->wrong;
    *out = tarn_grammar_call(g, p->groups[0].rule, to);
    tarn_free(p);
    return wrong;
}
