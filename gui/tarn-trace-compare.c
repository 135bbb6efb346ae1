/* tarn-trace-compare.c - see tarn-trace-compare.h. */
#include "gui/tarn-trace-compare.h"

#include <string.h>

#include "gui/tarn-trace-export.h"
#include "gui/tarn-trace-lanes.h"
#include "gui/tarn-trace-table.h"
#include "gui/tarn-words.h"

enum { CANDIDATES = 3, MOST_STEPS = 200 };

struct _TarnTraceCompare {
    GtkBox parent;
    GtkLabel *line, *part;
    TarnTraceLanes *lanes[2];
    GtkLabel *names[2];
    GtkGrid *steps;
};
G_DEFINE_FINAL_TYPE(TarnTraceCompare, tarn_trace_compare, GTK_TYPE_BOX)

/* ------------------------------------------------------------------ comparing
 */
/* The next token that was kept, from `i` on. */
static guint kept(const struct tarn_trace *t, guint i)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    while (i < n && k[i].flags & TARN_TRACE_WITHDRAWN)
        i++;
    return i;
}

static guint count_kept(const struct tarn_trace *t)
{
    gsize n;
    guint count = 0;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    for (gsize i = 0; i < n; i++)
        count += !(k[i].flags & TARN_TRACE_WITHDRAWN);
    return count;
}

static char *answer_of(const struct tarn_trace *t)
{
    gsize n;
    GString *s = g_string_new(NULL);
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    for (guint i = 0; i < n; i++) {
        gsize size;
        const char *bytes = tarn_trace_bytes(t, i, &size);
        if (k[i].span == TARN_SPAN_ANSWER &&
            !(k[i].flags & (TARN_TRACE_TAG | TARN_TRACE_WITHDRAWN)))
            g_string_append_len(s, bytes, (gssize)size);
    }
    return g_strstrip(g_string_free(s, FALSE));
}

char *tarn_trace_compare_line(const struct tarn_trace *a,
                              const struct tarn_trace *b, guint *part_a,
                              guint *part_b)
{
    gsize n_a, n_b;
    const struct tarn_trace_token *x = tarn_trace_tokens(a, &n_a);
    const struct tarn_trace_token *y = tarn_trace_tokens(b, &n_b);
    guint i = kept(a, 0), j = kept(b, 0), same = 0;
    while (i < n_a && j < n_b && x[i].id == y[j].id) {
        same++;
        i = kept(a, i + 1);
        j = kept(b, j + 1);
    }
    *part_a = i;
    *part_b = j;
    g_autofree char *one = answer_of(a), *two = answer_of(b);
    g_autofree char *count_a = tarn_words_count(count_kept(a));
    g_autofree char *count_b = tarn_words_count(count_kept(b));
    g_autofree char *first = tarn_words_count(same);
    return g_strdup_printf(
        !strcmp(one, two)
            ? _("A %s tokens, B %s tokens, same first %s, answers equal")
            : _("A %s tokens, B %s tokens, same first %s, answers differ"),
        count_a, count_b, first);
}

/* -------------------------------------------------------------------- showing
 */
static void add_candidates(GString *s, const struct tarn_trace *t, guint i)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    if (i >= n) {
        g_string_append(s, _("the end"));
        return;
    }
    for (guint c = 0; c < CANDIDATES && k[i].best[c].p > 0; c++) {
        gsize size;
        const char *bytes = tarn_trace_piece(t, k[i].best[c].id, &size);
        g_autofree char *word = tarn_words_valid(bytes, (gssize)size);
        g_autofree char *share = tarn_trace_percent(k[i].best[c].p);
        g_string_append_printf(s, "%s%s“%s” %s", c ? ", " : "",
                               k[i].best[c].id == k[i].id ? "▸" : "", word,
                               share);
    }
}

static void show_part(TarnTraceCompare *c, const struct tarn_trace *a, guint i,
                      const struct tarn_trace *b, guint j)
{
    gsize n_a, n_b;
    tarn_trace_tokens(a, &n_a);
    tarn_trace_tokens(b, &n_b);
    g_autoptr(GString) s = g_string_new(NULL);
    if (i < n_a || j < n_b) {
        g_string_append_printf(s, _("They part at token %u: A "), i);
        add_candidates(s, a, i);
        g_string_append(s, _(" / B "));
        add_candidates(s, b, j);
    } else {
        g_string_append(s, _("They do not part."));
    }
    gtk_label_set_text(c->part, s->str);
}

static GtkWidget *cell(const char *text, const char *css)
{
    GtkWidget *l = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(l), 0);
    gtk_label_set_yalign(GTK_LABEL(l), 0);
    gtk_label_set_wrap(GTK_LABEL(l), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(l), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_selectable(GTK_LABEL(l), TRUE);
    gtk_widget_set_hexpand(l, TRUE);
    if (css)
        gtk_widget_add_css_class(l, css);
    return l;
}

/* What a block of text is: a step, or a span. */
static guint block_of(const struct tarn_trace *t,
                      const struct tarn_trace_token *k, guint i)
{
    guint step = tarn_view_step(t, i);
    return step != TARN_VIEW_NOTHING ? step + 16 : k[i].span;
}

static void add_side(TarnTraceCompare *c, const struct tarn_trace *t,
                     guint from, int column)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    int row = 0;
    for (guint i = kept(t, from); i < n && row < MOST_STEPS; row++) {
        guint block = block_of(t, k, i), last = i;
        while (last + 1 < n && block_of(t, k, last + 1) == block)
            last++;
        g_autofree char *text = g_strstrip(tarn_trace_text(t, i, last));
        g_autofree char *name =
            block >= 16 ? g_strdup_printf(_("step %u"), block - 15)
                        : g_strdup(block == TARN_SPAN_ANSWER ? _("Answer")
                                                             : _("Thought"));
        g_autofree char *whole = g_strdup_printf("%s\n%s", name, text);
        if (*text)
            gtk_grid_attach(c->steps, cell(whole, NULL), column, row, 1, 1);
        else
            row--;
        i = kept(t, last + 1);
    }
}

void tarn_trace_compare_set(TarnTraceCompare *c, const struct tarn_trace *a,
                            const struct tarn_trace *b, const char *b_name)
{
    GtkWidget *child;
    guint i, j;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(c->steps))))
        gtk_grid_remove(c->steps, child);
    tarn_trace_lanes_set(c->lanes[0], a, FALSE);
    tarn_trace_lanes_set(c->lanes[1], b, FALSE);
    if (!a || !b)
        return;
    g_autofree char *line = tarn_trace_compare_line(a, b, &i, &j);
    g_autofree char *named = g_strdup_printf(_("B: %s"), b_name);
    gtk_label_set_text(c->line, line);
    gtk_label_set_text(c->names[1], named);
    gsize n_a, n_b;
    tarn_trace_tokens(a, &n_a);
    tarn_trace_tokens(b, &n_b);
    guint most = (guint)MAX(n_a, n_b); /* the same scale */
    tarn_trace_lanes_share(c->lanes[0], most);
    tarn_trace_lanes_share(c->lanes[1], most);
    tarn_trace_lanes_select(c->lanes[0], i < n_a ? i : TARN_VIEW_NOTHING);
    tarn_trace_lanes_select(c->lanes[1], j < n_b ? j : TARN_VIEW_NOTHING);
    show_part(c, a, i, b, j);
    add_side(c, a, i, 0);
    add_side(c, b, j, 1);
}

static void tarn_trace_compare_class_init(TarnTraceCompareClass *klass)
{
    (void)klass;
}

static void tarn_trace_compare_init(TarnTraceCompare *c)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(c), GTK_ORIENTATION_VERTICAL);
    gtk_box_set_spacing(GTK_BOX(c), 8);
    gtk_widget_add_css_class(GTK_WIDGET(c), "trace-compare");
    c->line = GTK_LABEL(cell("", NULL));
    c->part = GTK_LABEL(cell("", NULL));
    c->steps = GTK_GRID(gtk_grid_new());
    gtk_grid_set_column_homogeneous(c->steps, TRUE);
    gtk_grid_set_column_spacing(c->steps, 16);
    gtk_grid_set_row_spacing(c->steps, 12);
    gtk_box_append(GTK_BOX(c), GTK_WIDGET(c->line));
    gtk_box_append(GTK_BOX(c), GTK_WIDGET(c->part));
    for (int i = 0; i < 2; i++) {
        c->names[i] = GTK_LABEL(cell(i ? "B" : _("A: this trace"), "soft"));
        c->lanes[i] = g_object_new(TARN_TYPE_TRACE_LANES, NULL);
        gtk_accessible_update_property(
            GTK_ACCESSIBLE(c->lanes[i]), GTK_ACCESSIBLE_PROPERTY_LABEL,
            i ? _("Timeline of B") : _("Timeline of A"), -1);
        gtk_box_append(GTK_BOX(c), GTK_WIDGET(c->names[i]));
        gtk_box_append(GTK_BOX(c), GTK_WIDGET(c->lanes[i]));
    }
    gtk_box_append(GTK_BOX(c), GTK_WIDGET(c->steps));
}
