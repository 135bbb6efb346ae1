/* tarn-trace-table.c - see tarn-trace-table.h. */
#include "gui/tarn-trace-table.h"

#include "gui/tarn-words.h"

struct _TarnTraceTable {
    GtkBox parent;
    const struct tarn_trace *trace; /* borrowed */
    GtkColumnView *table;
    GtkStringList *numbers; /* of tokens, in decimal */
    guint first;            /* the least of them */
    GtkSingleSelection *picked;
    gboolean picking;
};
G_DEFINE_FINAL_TYPE(TarnTraceTable, tarn_trace_table, GTK_TYPE_BOX)

enum { CHOSEN, N_SIGNALS };
static guint signals[N_SIGNALS];

char *tarn_trace_percent(float p)
{
    return p < 0.001f ? g_strdup("<0.1%")
                      : g_strdup_printf(p >= 0.1f ? "%.0f%%" : "%.1f%%",
                                        (double)p * 100);
}

static const struct tarn_trace_token *tokens_of(TarnTraceTable *p, gsize *n)
{
    *n = 0;
    return p->trace ? tarn_trace_tokens(p->trace, n) : NULL;
}

enum { NUMBER, TEXT, SPAN, STEP, BITS, SHARE, RANK, TIME, LIKELY };

char *tarn_trace_one_line(const char *bytes, gsize size)
{
    g_autofree char *valid = tarn_words_valid(bytes, (gssize)size);
    GString *s = g_string_new(valid);
    g_string_replace(s, "\n", "↵", 0);
    g_string_replace(s, "\t", "⇥", 0);
    return g_string_free(s, FALSE);
}

static const char *span_name(guint span)
{
    static const char *const NAMES[] = { "", N_("thought"), N_("answer"),
                                         N_("call") };
    return span && span < G_N_ELEMENTS(NAMES) ? gettext(NAMES[span]) : "";
}

/* The first three candidates. */
static char *likely(const struct tarn_trace *t,
                    const struct tarn_trace_token *k)
{
    GString *s = g_string_new(NULL);
    for (guint c = 0; c < 3 && k->best[c].id >= 0; c++) {
        gsize size;
        const char *bytes = tarn_trace_piece(t, k->best[c].id, &size);
        g_autofree char *word = tarn_trace_one_line(bytes, size);
        g_autofree char *share = tarn_trace_percent(k->best[c].p);
        g_string_append_printf(s, "%s%s %s", c ? "  " : "", word, share);
    }
    return g_string_free(s, FALSE);
}

static char *cell(TarnTraceTable *p, guint i, int column)
{
    gsize n, size;
    const struct tarn_trace_token *k = tokens_of(p, &n);
    if (i >= n)
        return g_strdup("");
    guint step = tarn_view_step(p->trace, i);
    switch (column) {
    case NUMBER:
        return g_strdup_printf("%u", i);
    case TEXT: {
        const char *bytes = tarn_trace_bytes(p->trace, i, &size);
        return tarn_trace_one_line(bytes, size);
    }
    case SPAN:
        return g_strdup(span_name(k[i].span));
    case STEP:
        return step == TARN_VIEW_NOTHING ? g_strdup("")
                                         : g_strdup_printf("%u", step + 1);
    case BITS:
        return g_strdup_printf("%.2f", (double)k[i].entropy_bits);
    case SHARE:
        return tarn_trace_percent(k[i].p);
    case RANK:
        return k[i].flags & TARN_TRACE_FORCED ? g_strdup("▲")
               : tarn_view_rank(&k[i])
                   ? g_strdup_printf("%u", tarn_view_rank(&k[i]))
                   : g_strdup(">8");
    case LIKELY:
        return likely(p->trace, &k[i]);
    default:
        return g_strdup_printf("%.1f",
                               (double)tarn_view_us(p->trace, i) / 1000);
    }
}

static guint index_of(gpointer item)
{
    return (guint)g_ascii_strtoull(gtk_string_object_get_string(item), NULL,
                                   10);
}

static void on_setup(GtkSignalListItemFactory *f, GtkListItem *item)
{
    (void)f;
    GtkWidget *l = gtk_label_new("");
    gtk_label_set_xalign(GTK_LABEL(l), 0);
    gtk_widget_add_css_class(l, "numeric");
    gtk_list_item_set_child(item, l);
}

static void on_bind(GtkSignalListItemFactory *f, GtkListItem *item,
                    gpointer user)
{
    TarnTraceTable *p = user;
    int column = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(f), "column"));
    g_autofree char *text =
        cell(p, index_of(gtk_list_item_get_item(item)), column);
    gtk_label_set_text(GTK_LABEL(gtk_list_item_get_child(item)), text);
}

static int by_bits(gconstpointer a, gconstpointer b, gpointer user)
{
    gsize n;
    const struct tarn_trace_token *k = tokens_of(user, &n);
    guint x = index_of((gpointer)a), y = index_of((gpointer)b);
    if (x >= n || y >= n)
        return 0;
    return (k[x].entropy_bits > k[y].entropy_bits) -
           (k[x].entropy_bits < k[y].entropy_bits);
}

static int by_share(gconstpointer a, gconstpointer b, gpointer user)
{
    gsize n;
    const struct tarn_trace_token *k = tokens_of(user, &n);
    guint x = index_of((gpointer)a), y = index_of((gpointer)b);
    return x < n && y < n ? (k[x].p > k[y].p) - (k[x].p < k[y].p) : 0;
}

static int compare(TarnTraceTable *p, gconstpointer a, gconstpointer b,
                   uint64_t (*of)(const struct tarn_trace *, uint32_t))
{
    gsize n;
    tokens_of(p, &n);
    guint x = index_of((gpointer)a), y = index_of((gpointer)b);
    if (x >= n || y >= n)
        return 0;
    guint64 u = of(p->trace, x), v = of(p->trace, y);
    return (u > v) - (u < v);
}

static int by_time(gconstpointer a, gconstpointer b, gpointer user)
{
    return compare(user, a, b, tarn_view_us);
}

/* What is of no step comes last. */
static uint64_t step_of(const struct tarn_trace *t, uint32_t token)
{
    return tarn_view_step(t, token);
}

static int by_step(gconstpointer a, gconstpointer b, gpointer user)
{
    return compare(user, a, b, step_of);
}

static int by_rank(gconstpointer a, gconstpointer b, gpointer user)
{
    gsize n;
    const struct tarn_trace_token *k = tokens_of(user, &n);
    guint x = index_of((gpointer)a), y = index_of((gpointer)b);
    if (x >= n || y >= n)
        return 0;
    guint u = tarn_view_rank(&k[x]), v = tarn_view_rank(&k[y]);
    u = u ? u : 9; /* none of the eight */
    v = v ? v : 9;
    return (u > v) - (u < v);
}

static int by_number(gconstpointer a, gconstpointer b, gpointer user)
{
    (void)user;
    guint x = index_of((gpointer)a), y = index_of((gpointer)b);
    return (x > y) - (x < y);
}

static void add_column(TarnTraceTable *p, int column, const char *title,
                       GCompareDataFunc by)
{
    GtkListItemFactory *f = gtk_signal_list_item_factory_new();
    g_object_set_data(G_OBJECT(f), "column", GINT_TO_POINTER(column));
    g_signal_connect(f, "setup", G_CALLBACK(on_setup), NULL);
    GtkColumnViewColumn *c = gtk_column_view_column_new(title, f);
    g_signal_connect(f, "bind", G_CALLBACK(on_bind), p);
    gtk_column_view_column_set_expand(c, column == TEXT);
    if (by) {
        GtkSorter *s = GTK_SORTER(gtk_custom_sorter_new(by, p, NULL));
        gtk_column_view_column_set_sorter(c, s);
        g_object_unref(s);
    }
    gtk_column_view_append_column(p->table, c);
    g_object_unref(c);
}

/* ------------------------------------------------------------------- content
 */
void tarn_trace_table_set(TarnTraceTable *p, const struct tarn_trace *t,
                          guint first, guint end, gboolean grown)
{
    guint have = g_list_model_get_n_items(G_LIST_MODEL(p->numbers));
    guint from = grown && first == p->first && have <= end - first ? have : 0;
    g_autoptr(GPtrArray) more = g_ptr_array_new_with_free_func(g_free);
    p->trace = t;
    p->first = first;
    for (guint i = first + from; i < end; i++)
        g_ptr_array_add(more, g_strdup_printf("%u", i));
    g_ptr_array_add(more, NULL);
    p->picking = TRUE;
    gtk_string_list_splice(p->numbers, from, have - from,
                           (const char *const *)more->pdata);
    p->picking = FALSE;
}

void tarn_trace_table_select(TarnTraceTable *p, guint token)
{
    guint n = g_list_model_get_n_items(G_LIST_MODEL(p->picked));
    p->picking = TRUE;
    for (guint i = 0; i < n && token != TARN_VIEW_NOTHING; i++) {
        g_autoptr(GObject) s =
            g_list_model_get_item(G_LIST_MODEL(p->picked), i);
        if (index_of(s) != token)
            continue;
        gtk_single_selection_set_selected(p->picked, i);
        break;
    }
    p->picking = FALSE;
}

static void on_picked(TarnTraceTable *p)
{
    gpointer s = gtk_single_selection_get_selected_item(p->picked);
    if (!p->picking && s)
        g_signal_emit(p, signals[CHOSEN], 0, index_of(s));
}

static void tarn_trace_table_dispose(GObject *o)
{
    TarnTraceTable *p = TARN_TRACE_TABLE(o);
    p->trace = NULL;
    p->picking = TRUE;
    g_clear_object(&p->numbers);
    G_OBJECT_CLASS(tarn_trace_table_parent_class)->dispose(o);
}

static void tarn_trace_table_class_init(TarnTraceTableClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = tarn_trace_table_dispose;
    signals[CHOSEN] =
        g_signal_new("chosen", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0,
                     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void tarn_trace_table_init(TarnTraceTable *p)
{
    p->numbers = gtk_string_list_new(NULL);
    p->table = GTK_COLUMN_VIEW(gtk_column_view_new(NULL));
    add_column(p, NUMBER, _("no."), by_number);
    add_column(p, TEXT, _("text"), NULL);
    add_column(p, SPAN, _("span"), NULL);
    add_column(p, STEP, _("step"), by_step);
    add_column(p, BITS, _("bits"), by_bits);
    add_column(p, SHARE, "%", by_share);
    add_column(p, RANK, _("rank"), by_rank);
    add_column(p, TIME, _("ms"), by_time);
    add_column(p, LIKELY, _("most likely"), NULL);
    GtkSortListModel *sorted = gtk_sort_list_model_new(
        G_LIST_MODEL(g_object_ref(p->numbers)),
        g_object_ref(gtk_column_view_get_sorter(p->table)));
    p->picked = gtk_single_selection_new(G_LIST_MODEL(sorted));
    gtk_single_selection_set_autoselect(p->picked, FALSE);
    gtk_single_selection_set_can_unselect(p->picked, TRUE);
    g_signal_connect_swapped(p->picked, "notify::selected-item",
                             G_CALLBACK(on_picked), p);
    gtk_column_view_set_model(p->table, GTK_SELECTION_MODEL(p->picked));
    GtkWidget *s = gtk_scrolled_window_new();
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(s), GTK_WIDGET(p->table));
    gtk_widget_set_vexpand(s, TRUE);
    gtk_widget_set_hexpand(s, TRUE);
    gtk_box_append(GTK_BOX(p), s);
}
