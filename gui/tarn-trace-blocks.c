/* tarn-trace-blocks.c - see tarn-trace-blocks.h. */
#include "gui/tarn-trace-blocks.h"

#include "core/trace/view.h"
#include "gui/tarn-words.h"

/* From which a token has the next level of the ramp: as on the page. */
static const float UNSURE[] = { 0.9f, 0.75f, 0.5f, 0.3f, 0.15f, 0.05f };
static const double SLOW[] = { 1.25, 1.5, 2, 3, 4, 8 }; /* times the median */
enum { HOTTEST = 7 };

/* --------------------------------------------------------------------- blocks
 */
/* What kind of block a token is part of. */
static TarnTraceBlock kind_of(const struct tarn_trace *t,
                              const struct tarn_trace_token *k, guint i)
{
    guint step = tarn_view_step(t, i);
    gboolean gone = (k->flags & TARN_TRACE_WITHDRAWN) != 0;
    TarnTraceBlock b = { .first = i, .last = i, .step = -1, .gone = gone };
    if (gone)
        return b;
    b.span = k->span;
    if (step != TARN_VIEW_NOTHING)
        b.step = (int)step;
    return b;
}

GArray *tarn_trace_blocks(const struct tarn_trace *t)
{
    gsize n, n_unsure, at = 0;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    const struct tarn_trace_hesitation *h =
        tarn_trace_hesitations(t, &n_unsure);
    GArray *blocks = g_array_new(FALSE, TRUE, sizeof(TarnTraceBlock));
    for (guint i = 0; i < n; i++) {
        if (k[i].flags & TARN_TRACE_TAG)
            continue;
        TarnTraceBlock now = kind_of(t, &k[i], i);
        TarnTraceBlock *b = blocks->len ? &g_array_index(blocks, TarnTraceBlock,
                                                         blocks->len - 1)
                                        : NULL;
        if (!b || b->gone != now.gone || b->step != now.step ||
            b->span != now.span) {
            now.back =
                now.step >= 0 && tarn_trace_turns_back(t, (gsize)now.step);
            g_array_append_val(blocks, now);
            b = &g_array_index(blocks, TarnTraceBlock, blocks->len - 1);
        }
        while (at < n_unsure && h[at].last < i)
            at++;
        b->last = i;
        b->n++;
        b->us += tarn_view_us(t, i);
        b->bits += (double)k[i].entropy_bits;
        b->unsure |= at < n_unsure && h[at].first <= i;
        b->fork |= tarn_trace_is_fork(t, i);
    }
    return blocks;
}

gboolean tarn_trace_block_equal(const TarnTraceBlock *a,
                                const TarnTraceBlock *b)
{
    return a->first == b->first && a->last == b->last && a->step == b->step &&
           a->span == b->span && a->n == b->n && a->us == b->us &&
           a->gone == b->gone && a->unsure == b->unsure && a->back == b->back &&
           a->fork == b->fork;
}

gboolean tarn_trace_block_is_calm(const TarnTraceBlock *b)
{
    return b->step >= 0 && !b->unsure && !b->back && !b->fork;
}

char *tarn_trace_block_name(const TarnTraceBlock *b)
{
    if (b->gone)
        return g_strdup_printf(
            ngettext("✂ %u token taken back", "✂ %u tokens taken back", b->n),
            b->n);
    if (b->step >= 0)
        return g_strdup_printf(_("step %d"), b->step + 1);
    return g_strdup(b->span == TARN_SPAN_ANSWER ? _("Answer")
                    : b->span == TARN_SPAN_CALL ? _("Call")
                                                : _("Thought"));
}

char *tarn_trace_block_figures(const TarnTraceBlock *b)
{
    g_autofree char *time = tarn_words_duration((double)b->us / 1e3);
    return g_strdup_printf(ngettext("%u token · %s · %.2f bits%s%s",
                                    "%u tokens · %s · %.2f bits%s%s", b->n),
                           b->n, time, b->bits / MAX(b->n, 1),
                           b->unsure ? _(" · hesitation") : "",
                           b->back ? _(" · ↩ turn-back") : "");
}

char *tarn_trace_block_title(const struct tarn_trace *t,
                             const TarnTraceBlock *b)
{
    gsize n;
    tarn_trace_steps(t, &n);
    if (b->step < 0 || (gsize)b->step >= n)
        return g_strdup("");
    const struct tarn_trace_title title = tarn_trace_title(t, (gsize)b->step);
    g_autofree char *valid = tarn_words_valid(title.text, (gssize)title.size);
    return g_strstrip(g_strdelimit(g_steal_pointer(&valid), "\r\n\t", ' '));
}

/* -------------------------------------------------------------------- grounds
 */
static char *layer_name(int layer)
{
    return layer < 0 ? g_strdup(_("all layers"))
                     : g_strdup_printf(_("layer %d"), layer + 1);
}

char *tarn_trace_ground_name(enum tarn_trace_ground g, int layer)
{
    static const char *const NAMES[] = { N_("Entropy"), N_("Probability"),
                                         N_("Time per token"), N_("Experts"),
                                         N_("No colours") };
    g_autofree char *of = layer_name(layer);
    return g != TARN_GROUND_EXPERTS
               ? g_strdup(gettext(NAMES[MIN(g, TARN_GROUND_NONE)]))
               : g_strdup_printf(_("Experts of %s"), of);
}

char *tarn_trace_ground_tip(enum tarn_trace_ground g, int layer)
{
    g_autofree char *of = layer_name(layer);
    switch (g) {
    case TARN_GROUND_ENTROPY:
        return g_strdup(_("Darker: the model was less sure; from 0.1, 0.35, "
                          "0.75, 1.25, 2 and 3 bits"));
    case TARN_GROUND_SHARE:
        return g_strdup(_("Darker: the token was less likely; below 90, 75, "
                          "50, 30, 15 and 5 %"));
    case TARN_GROUND_TIME:
        return g_strdup(_("Darker: the token took longer; from 1.25, 1.5, 2, "
                          "3, 4 and 8 times the turn's median"));
    case TARN_GROUND_EXPERTS:
        return g_strdup_printf(_("Darker: more of the token's experts, in %s, "
                                 "were used by the token before, too"),
                               of);
    case TARN_GROUND_NONE:
    case TARN_N_GROUNDS:
        break;
    }
    return g_strdup(_("Text without colours"));
}

static int by_size(gconstpointer a, gconstpointer b)
{
    guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
    return (x > y) - (x < y);
}

static double median_us(const struct tarn_trace *t, guint n)
{
    g_autofree guint64 *all = g_new(guint64, n + 1);
    for (guint i = 0; i < n; i++)
        all[i] = tarn_view_us(t, i);
    qsort(all, n, sizeof *all, by_size);
    return n ? MAX(1, (double)all[n / 2]) : 1;
}

static void reuse_levels(const struct tarn_trace *t, int layer, guint n,
                         guint8 *levels)
{
    const struct tarn_trace_info *info = tarn_trace_info(t);
    const struct tarn_trace_token *k;
    guint used = info->n_expert_used, last = TARN_VIEW_NOTHING;
    guint from = layer < 0 ? 0 : (guint)layer;
    guint to = layer < 0 ? info->n_moe_layers : from + 1;
    gsize all_tokens;
    k = tarn_trace_tokens(t, &all_tokens);
    for (guint i = 0; i < n && to <= info->n_moe_layers; i++) {
        const guint16 *now, *before, *gates;
        guint sum = 0, all = used * (to - from);
        if (k[i].flags & TARN_TRACE_WITHDRAWN)
            continue;
        if (all && last != TARN_VIEW_NOTHING &&
            tarn_trace_experts_of(t, i, &now, &gates) &&
            tarn_trace_experts_of(t, last, &before, &gates)) {
            for (guint l = from; l < to; l++)
                sum += tarn_view_kept(now + l * used, before + l * used, used);
            levels[i] = (guint8)MIN((HOTTEST * sum + all / 2) / all, HOTTEST);
        }
        last = i;
    }
}

guint8 *tarn_trace_ground_levels(const struct tarn_trace *t,
                                 enum tarn_trace_ground g, int layer)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    guint8 *levels = g_malloc0(n + 1);
    double median = g == TARN_GROUND_TIME ? median_us(t, (guint)n) : 1;
    if (g == TARN_GROUND_EXPERTS)
        reuse_levels(t, layer, (guint)n, levels);
    for (guint i = 0; i < n; i++) {
        if (g == TARN_GROUND_ENTROPY)
            levels[i] = (guint8)tarn_view_ramp(k[i].entropy_bits);
        for (guint l = 0; l < G_N_ELEMENTS(SLOW); l++)
            if ((g == TARN_GROUND_SHARE && k[i].p < UNSURE[l]) ||
                (g == TARN_GROUND_TIME &&
                 (double)tarn_view_us(t, i) >= SLOW[l] * median))
                levels[i]++;
    }
    return levels;
}
