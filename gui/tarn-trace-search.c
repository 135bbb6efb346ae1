/* tarn-trace-search.c - see tarn-trace-search.h. */
#include "gui/tarn-trace-search.h"

#include <string.h>

#include "core/trace/view.h"
#include "gui/tarn-words.h"

enum measure { BITS, SHARE, MS, RANK };

typedef struct {
    const struct tarn_trace *trace;
    const struct tarn_trace_token *tokens; /* [n] */
    guint first, n; /* of the record; all below count from there */
    GString *text;  /* of all tokens, case-folded */
    guint *begins;  /* [n + 1] where each one's text begins */
    guint *group;   /* [n] number of the match it is part of; 0: none */
    gboolean *good; /* [n] */
} Search;

static void read_text(Search *s)
{
    s->text = g_string_new(NULL);
    for (guint i = 0; i < s->n; i++) {
        gsize size;
        const char *bytes = tarn_view_text_of(s->trace, s->first + i, &size);
        g_autofree char *valid = tarn_words_valid(bytes, (gssize)size);
        g_autofree char *folded = g_utf8_casefold(valid, -1);
        s->begins[i] = (guint)s->text->len;
        g_string_append(s->text, folded);
    }
    s->begins[s->n] = (guint)s->text->len;
}

/* Tokens that have a part of a place where the words stand. */
static void keep_words(Search *s, const char *words)
{
    g_autofree char *folded = g_utf8_casefold(words, -1);
    g_autofree guint8 *held = g_malloc0(s->n + 1);
    gsize size = strlen(folded);
    guint token = 0, number = 0;
    for (const char *at = s->text->str; size && (at = strstr(at, folded));
         at += size) {
        guint from = (guint)(at - s->text->str), to = from + (guint)size;
        number++;
        while (token < s->n && s->begins[token + 1] <= from)
            token++;
        for (guint i = token; i < s->n && s->begins[i] < to; i++) {
            held[i] = s->begins[i + 1] > s->begins[i];
            if (!s->group[i])
                s->group[i] = number;
        }
    }
    for (guint i = 0; i < s->n; i++)
        s->good[i] &= held[i];
}

static double value_of(const Search *s, guint i, enum measure what)
{
    const struct tarn_trace_token *k = &s->tokens[i];
    unsigned rank = tarn_view_rank(k);
    switch (what) {
    case BITS:
        return (double)k->entropy_bits;
    case SHARE:
        return (double)k->p * 100;
    case MS:
        return (double)tarn_view_us(s->trace, s->first + i) / 1e3;
    case RANK:
        break;
    }
    return rank ? rank : 9; /* none of the eight */
}

/* "H>2", "p<10%": FALSE if the term is none of these. */
static gboolean keep_measured(Search *s, const char *term)
{
    static const struct {
        const char *name;
        enum measure what;
    } NAMES[] = {
        { "H", BITS }, { "p", SHARE }, { "ms", MS }, { "rank", RANK }
    };
    for (gsize m = 0; m < G_N_ELEMENTS(NAMES); m++) {
        gsize n = strlen(NAMES[m].name);
        char *end = NULL;
        if (g_ascii_strncasecmp(term, NAMES[m].name, n) ||
            (term[n] != '<' && term[n] != '>'))
            continue;
        double limit = g_ascii_strtod(term + n + 1, &end);
        end += *end == '%';
        if (end == term + n + 1 || *end)
            return FALSE;
        for (guint i = 0; i < s->n; i++) {
            double x = value_of(s, i, NAMES[m].what);
            s->good[i] &= !(s->tokens[i].flags & TARN_TRACE_TAG) &&
                          (term[n] == '<' ? x < limit : x > limit);
        }
        return TRUE;
    }
    return FALSE;
}

static gboolean keep_kind(Search *s, const char *kind)
{
    static const char *const KINDS[] = { "fork", "hesitation", "loop",
                                         "forced" };
    guint which = 0;
    while (which < 4 && strcmp(kind, KINDS[which]))
        which++;
    for (guint i = 0; i < s->n && which < 4; i++)
        s->good[i] &=
            which == 0   ? tarn_trace_is_fork(s->trace, s->first + i)
            : which == 1 ? tarn_trace_hesitates(s->trace, s->first + i)
            : which == 2 ? (s->tokens[i].flags & TARN_TRACE_WITHDRAWN) != 0
                         : (s->tokens[i].flags & TARN_TRACE_FORCED) != 0;
    return which < 4;
}

static gboolean keep_span(Search *s, const char *name)
{
    static const char *const NAMES[] = { "thought", "answer", "call" };
    guint kind = 0;
    while (kind < 3 && strcmp(name, NAMES[kind]))
        kind++;
    for (guint i = 0; i < s->n && kind < 3; i++)
        s->good[i] &= s->tokens[i].span == kind + 1;
    return kind < 3;
}

static gboolean keep_step(Search *s, const char *number)
{
    guint64 n = 0;
    if (!g_ascii_string_to_unsigned(number, 10, 1, G_MAXUINT32 - 1, &n, NULL))
        return FALSE;
    for (guint i = 0; i < s->n; i++)
        s->good[i] &= tarn_view_step(s->trace, s->first + i) + 1 == n;
    return TRUE;
}

/* "L13.7": expert 7 of layer 13, as the pane counts them. */
static gboolean keep_expert(Search *s, const char *name)
{
    const struct tarn_trace_info *info = tarn_trace_info(s->trace);
    const char *dot = strchr(name, '.');
    guint64 layer = 0, expert = 0;
    g_autofree char *first = dot && (*name == 'L' || *name == 'l')
                                 ? g_strndup(name + 1, (gsize)(dot - name - 1))
                                 : NULL;
    if (!first ||
        !g_ascii_string_to_unsigned(first, 10, 1, 1 << 16, &layer, NULL) ||
        !g_ascii_string_to_unsigned(dot + 1, 10, 0, 1 << 16, &expert, NULL))
        return FALSE;
    for (guint i = 0; i < s->n; i++) {
        const guint16 *ids, *gates;
        gboolean used = FALSE;
        if (layer <= info->n_moe_layers &&
            tarn_trace_experts_of(s->trace, s->first + i, &ids, &gates))
            for (guint e = 0; e < info->n_expert_used; e++)
                used |= ids[(layer - 1) * info->n_expert_used + e] == expert;
        s->good[i] &= used;
    }
    return TRUE;
}

/* FALSE: what begins like a term is none. */
static gboolean keep(Search *s, const char *term)
{
    static const struct {
        const char *begin;
        gboolean (*keep)(Search *s, const char *rest);
    } FORMS[] = { { "is:", keep_kind },
                  { "span:", keep_span },
                  { "step:", keep_step },
                  { "expert:", keep_expert } };
    for (gsize i = 0; i < G_N_ELEMENTS(FORMS); i++)
        if (g_str_has_prefix(term, FORMS[i].begin))
            return FORMS[i].keep(s, term + strlen(FORMS[i].begin));
    if (!keep_measured(s, term))
        keep_words(s, term);
    return TRUE;
}

/* The next term, owned; NULL: there is none.  *quoted: only words. */
static char *next_term(const char **at, gboolean *quoted)
{
    *at += strspn(*at, " \t");
    *quoted = **at == '"';
    if (!**at)
        return NULL;
    const char *from = *at + (*quoted ? 1 : 0);
    gsize n = strcspn(from, *quoted ? "\"" : " \t");
    *at = from + n + (*quoted && from[n] == '"');
    return g_strndup(from, n);
}

static GArray *gather(const Search *s)
{
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(guint));
    guint last = 0;
    for (guint i = 0; i < s->n; i++) {
        if (!s->good[i] || (s->group[i] && s->group[i] == last))
            continue;
        guint token = s->first + i;
        last = s->group[i];
        g_array_append_val(hits, token);
    }
    return hits;
}

GArray *tarn_trace_search(const struct tarn_trace *t, guint first, guint end,
                          const char *query, char **wrong)
{
    gsize all;
    gboolean quoted, any = FALSE;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &all);
    guint n = MIN(end, (guint)all) - MIN(first, MIN(end, (guint)all));
    Search s = { .trace = t, .tokens = k + first, .first = first, .n = n };
    s.begins = g_new0(guint, n + 1);
    s.group = g_new0(guint, n + 1);
    s.good = g_new0(gboolean, n + 1);
    for (guint i = 0; i < s.n; i++)
        s.good[i] = TRUE;
    read_text(&s);
    *wrong = NULL;
    for (char *term; !*wrong && (term = next_term(&query, &quoted));
         g_free(term)) {
        any = TRUE;
        if (quoted)
            keep_words(&s, term);
        else if (!keep(&s, term))
            *wrong = g_strdup_printf(_("“%s” means nothing here."), term);
    }
    if (!any)
        s.n = 0;
    GArray *hits = *wrong ? NULL : gather(&s);
    g_string_free(s.text, TRUE);
    g_free(s.begins);
    g_free(s.group);
    g_free(s.good);
    return hits;
}
