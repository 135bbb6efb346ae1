/* tarn-trace-export.c - see tarn-trace-export.h. */
#include "gui/tarn-trace-export.h"

#include <string.h>

#include "core/trace/view.h"
#include "gui/tarn-words.h"

static const char *span_name(guint span)
{
    static const char *const NAMES[] = { "", "thought", "answer", "call" };
    return span < G_N_ELEMENTS(NAMES) ? NAMES[span] : "";
}

static char *token_text(const struct tarn_trace *t, guint i)
{
    gsize size;
    const char *bytes = tarn_view_text_of(t, i, &size);
    return tarn_words_valid(bytes, (gssize)size);
}

/* A field in quotes, which are doubled inside. */
static void add_field(GString *s, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
    g_autofree char *doubled = g_strjoinv("\"\"", parts);
    g_string_append_printf(s, ",\"%s\"", doubled);
}

static void add_number(GString *s, double x)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(s, ",%s",
                           g_ascii_formatd(digits, sizeof digits, "%.6g", x));
}

static void add_row(GString *s, const struct tarn_trace *t, guint i)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n) + i;
    guint step = tarn_view_step(t, i);
    g_autofree char *text = token_text(t, i);
    g_string_append_printf(s, "%u", i);
    add_field(s, text);
    add_field(s, span_name(k->span));
    g_string_append_c(s, ',');
    if (step != TARN_VIEW_NOTHING)
        g_string_append_printf(s, "%u", step + 1);
    add_number(s, (double)k->entropy_bits);
    add_number(s, (double)k->p);
    g_string_append_printf(s, ",%u", tarn_view_rank(k));
    add_number(s, (double)tarn_view_us(t, i) / 1e3);
    g_string_append_printf(s, ",%d,%d", (k->flags & TARN_TRACE_WITHDRAWN) != 0,
                           (k->flags & TARN_TRACE_FORCED) != 0);
    for (guint c = 0; c < 3; c++) {
        gsize size;
        const char *bytes = tarn_trace_piece(t, k->best[c].id, &size);
        g_autofree char *piece = tarn_words_valid(bytes, (gssize)size);
        add_field(s, k->best[c].p > 0 ? piece : "");
        add_number(s, (double)MAX(k->best[c].p, 0));
    }
    g_string_append(s, "\r\n");
}

char *tarn_trace_csv(const struct tarn_trace *t)
{
    gsize n;
    GString *s = g_string_new("token,text,span,step,bits,p,rank,ms,taken_back,"
                              "forced,first,p_first,second,p_second,third,"
                              "p_third\r\n");
    tarn_trace_tokens(t, &n);
    for (guint i = 0; i < n; i++)
        add_row(s, t, i);
    return g_string_free(s, FALSE);
}

/* ------------------------------------------------------------------ markdown
 */
typedef struct {
    const struct tarn_trace *trace;
    GString *out;
    guint block;
    gboolean hesitant, gone;
} Writing;

static void close_marks(Writing *w)
{
    g_string_append(w->out, w->gone ? "~~" : "");
    g_string_append(w->out, w->hesitant ? "⟩" : "");
    w->gone = w->hesitant = FALSE;
}

/* Text that is no markup: what Markdown would take for one is escaped. */
static void add_plain(GString *s, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_{}[]<>#|~", *text))
            g_string_append_c(s, '\\');
        g_string_append_c(s, *text);
    }
}

static void begin_block(Writing *w, guint i)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(w->trace, &n) + i;
    guint step = tarn_view_step(w->trace, i);
    guint block = step != TARN_VIEW_NOTHING ? step + 16 : k->span;
    if (block == w->block)
        return;
    close_marks(w);
    w->block = block;
    if (step != TARN_VIEW_NOTHING)
        g_string_append_printf(w->out, "\n\n### step %u\n\n", step + 1);
    else
        g_string_append_printf(w->out, "\n\n### %s\n\n", span_name(k->span));
}

static void write_token(Writing *w, guint i)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(w->trace, &n) + i;
    g_autofree char *text = token_text(w->trace, i);
    gboolean gone = (k->flags & TARN_TRACE_WITHDRAWN) != 0;
    gboolean hesitant = !gone && tarn_trace_hesitates(w->trace, i);
    if (k->flags & TARN_TRACE_TAG || !*text)
        return;
    begin_block(w, i);
    if (hesitant != w->hesitant || gone != w->gone)
        close_marks(w);
    g_string_append(w->out, hesitant && !w->hesitant ? "⟨" : "");
    g_string_append(w->out, gone && !w->gone ? "~~" : "");
    w->hesitant = hesitant;
    w->gone = gone;
    add_plain(w->out, text);
}

char *tarn_trace_markdown(const struct tarn_trace *t)
{
    const struct tarn_trace_summary sum = tarn_trace_summary(t);
    const struct tarn_trace_info *info = tarn_trace_info(t);
    g_autofree char *model = tarn_words_valid(info->model, -1);
    g_autofree char *backend = tarn_words_valid(info->backend, -1);
    gsize n;
    Writing w = { .trace = t, .out = g_string_new("# Trace\n\n") };
    g_string_append_printf(w.out, "%s\n\n", tarn_trace_summary_line(&sum).text);
    add_plain(w.out, model);
    g_string_append(w.out, " · ");
    add_plain(w.out, backend);
    g_string_append_printf(w.out, " · seed %" G_GUINT64_FORMAT " · attempt %u",
                           (guint64)info->seed, info->attempt);
    tarn_trace_tokens(t, &n);
    for (guint i = 0; i < n; i++)
        write_token(&w, i);
    close_marks(&w);
    g_string_append_c(w.out, '\n');
    return g_string_free(w.out, FALSE);
}

/* --------------------------------------------------------------------- ranges
 */
char *tarn_trace_text(const struct tarn_trace *t, guint first, guint last)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    GString *s = g_string_new(NULL);
    for (guint i = first; i < n && i <= last; i++) {
        g_autofree char *text = token_text(t, i);
        if (!(k[i].flags & TARN_TRACE_TAG))
            g_string_append(s, text);
    }
    return g_string_free(s, FALSE);
}

/* Experts of all layers that were used in the range; 0: not recorded. */
static guint experts_used(const struct tarn_trace *t, guint first, guint last)
{
    const struct tarn_trace_info *info = tarn_trace_info(t);
    gsize all = (gsize)info->n_moe_layers * info->n_expert;
    g_autofree guint8 *used = g_malloc0(all + 1);
    guint count = 0;
    for (guint i = first; i <= last; i++) {
        const guint16 *ids, *gates;
        if (!tarn_trace_experts_of(t, i, &ids, &gates))
            continue;
        for (guint k = 0; k < info->n_moe_layers * info->n_expert_used; k++) {
            gsize at =
                (gsize)(k / info->n_expert_used) * info->n_expert + ids[k];
            if (at < all)
                used[at] = 1;
        }
    }
    for (gsize i = 0; i < all; i++)
        count += used[i];
    return count;
}

char *tarn_trace_sum(const struct tarn_trace *t, guint first, guint last)
{
    const struct tarn_trace_info *info = tarn_trace_info(t);
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    guint count = 0, forks = 0;
    double bits = 0, ms = 0;
    if (!n || first > last)
        return g_strdup("");
    last = MIN(last, (guint)n - 1);
    for (guint i = first; i <= last; i++) {
        ms += (double)tarn_view_us(t, i) / 1e3;
        if (k[i].flags & (TARN_TRACE_TAG | TARN_TRACE_WITHDRAWN))
            continue;
        count++;
        bits += (double)k[i].entropy_bits;
        forks += tarn_trace_is_fork(t, i);
    }
    g_autofree char *tokens = tarn_words_count(count);
    g_autofree char *time = tarn_words_duration(ms);
    g_autofree char *speed = tarn_words_speed(count, ms);
    GString *s = g_string_new(NULL);
    g_string_append_printf(
        s, ngettext("%s token · %s", "%s tokens · %s", count), tokens, time);
    if (speed)
        g_string_append_printf(s, " · %s", speed);
    g_string_append_printf(s, _(" · %.2f bits on average"),
                           bits / MAX(count, 1));
    g_string_append_printf(s, ngettext(" · %u fork", " · %u forks", forks),
                           forks);
    guint used = experts_used(t, first, last);
    if (used)
        g_string_append_printf(s, _(" · %u of %u experts used"), used,
                               info->n_moe_layers * info->n_expert);
    return g_string_free(s, FALSE);
}
