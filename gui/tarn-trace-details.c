/* tarn-trace-details.c - see tarn-trace-details.h. */
#include "gui/tarn-trace-details.h"

#include "core/trace/view.h"
#include "gui/tarn-trace-export.h"
#include "gui/tarn-trace-table.h"
#include "gui/tarn-words.h"

enum { LAYERS = 5, BAR = 140 };
enum { MOST = 6, SURE = 3 /* rows */ };

struct _TarnTraceDetails {
    GtkBox parent;
    GtkLabel *tell, *seed, *experts;
    GtkWidget *two, *rows, *foot, *fork;
    const struct tarn_trace *trace; /* borrowed */
    const struct tarn_trace_view *view; /* the same; or NULL */
    guint token, mark;
    gboolean with_state;
};
G_DEFINE_FINAL_TYPE(TarnTraceDetails, tarn_trace_details, GTK_TYPE_BOX)

enum { MARKED, FORK, N_SIGNALS };
static guint signals[N_SIGNALS];

static char *piece(TarnTraceDetails *d, gint32 id)
{
    gsize size;
    const char *bytes = tarn_trace_piece(d->trace, id, &size);
    return tarn_trace_one_line(bytes, size);
}

guint tarn_trace_details_rows(const struct tarn_trace_token *k)
{
    guint n = 0;
    while (n < MOST && k->best[n].id >= 0 &&
           (n < SURE || k->best[n].p >= 0.001f))
        n++;
    return n;
}

static void on_row(TarnTraceDetails *d, GtkButton *row)
{
    g_signal_emit(d, signals[MARKED], 0,
                  GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(row), "rank")));
}

static GtkWidget *label(const char *text, float x, const char *css)
{
    GtkWidget *l = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(l), x);
    if (css)
        gtk_widget_add_css_class(l, css);
    return l;
}

static GtkWidget *share_bar(float p, gboolean own)
{
    GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    GtkWidget *filled = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_widget_set_size_request(filled, (int)(p * BAR), 8);
    gtk_widget_add_css_class(filled, own ? "share-own" : "share");
    gtk_widget_set_valign(filled, GTK_ALIGN_CENTER);
    gtk_widget_set_size_request(bar, BAR, -1);
    gtk_widget_set_hexpand(bar, TRUE);
    gtk_box_append(GTK_BOX(bar), filled);
    return bar;
}

static GtkWidget *candidate_row(TarnTraceDetails *d,
                                const struct tarn_trace_token *k, guint c)
{
    g_autofree char *word = piece(d, k->best[c].id);
    g_autofree char *quoted = g_strdup_printf("%u  “%s”", c + 1, word);
    g_autofree char *share = tarn_trace_percent(k->best[c].p);
    gboolean own = k->best[c].id == k->id;
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
    GtkWidget *name = label(quoted, 0, "monospace");
    gtk_label_set_width_chars(GTK_LABEL(name), 14);
    gtk_label_set_max_width_chars(GTK_LABEL(name), 14);
    gtk_label_set_ellipsize(GTK_LABEL(name), PANGO_ELLIPSIZE_END);
    GtkWidget *number = label(share, 1, "numeric");
    gtk_label_set_width_chars(GTK_LABEL(number), 6);
    GtkWidget *say = label(own            ? _("chosen")
                           : c == d->mark ? _("marked")
                                          : "",
                           0, "soft");
    gtk_label_set_width_chars(GTK_LABEL(say), 7);
    gtk_box_append(GTK_BOX(box), name);
    gtk_box_append(GTK_BOX(box), share_bar(k->best[c].p, own));
    gtk_box_append(GTK_BOX(box), number);
    gtk_box_append(GTK_BOX(box), say);
    GtkWidget *row = gtk_button_new();
    gtk_button_set_child(GTK_BUTTON(row), box);
    gtk_widget_add_css_class(row, "flat");
    gtk_widget_add_css_class(row, "candidate");
    if (c == d->mark)
        gtk_widget_add_css_class(row, "marked");
    g_object_set_data(G_OBJECT(row), "rank", GUINT_TO_POINTER(c));
    g_autofree char *spoken = g_strdup_printf(
        "%s, %s%s%s", quoted, share, own ? ", " : "", own ? _("chosen") : "");
    gtk_accessible_update_property(GTK_ACCESSIBLE(row),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
    g_signal_connect_swapped(row, "clicked", G_CALLBACK(on_row), d);
    return row;
}

static void show_experts(TarnTraceDetails *d)
{
    const guint16 *ids, *gates;
    const struct tarn_trace_info *i = tarn_trace_info(d->trace);
    g_autoptr(GString) s = g_string_new(NULL);
    if (tarn_trace_experts_of(d->trace, d->token, &ids, &gates)) {
        for (guint l = 0; l < i->n_moe_layers && l < LAYERS; l++) {
            g_string_append_printf(s, _("%slayer %u   "), l ? "\n" : "", l + 1);
            for (guint e = 0; e < i->n_expert_used; e++)
                g_string_append_printf(s, "%s%u", e ? " · " : "",
                                       ids[l * i->n_expert_used + e]);
        }
        if (i->n_moe_layers > LAYERS)
            g_string_append_printf(s, _("\n%u more layers"),
                                   i->n_moe_layers - LAYERS);
    }
    gtk_label_set_text(d->experts, s->str);
}

static void clear_rows(TarnTraceDetails *d)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(d->rows)))
        gtk_box_remove(GTK_BOX(d->rows), child);
}

static void show_fork(TarnTraceDetails *d, const struct tarn_trace_token *k,
                      gboolean can_fork)
{
    gint32 wanted = k->best[d->mark % 8].id;
    gboolean good = can_fork && wanted >= 0 && wanted != k->id &&
                    !(k->flags & TARN_TRACE_WITHDRAWN);
    gtk_widget_set_visible(d->fork, good);
    if (!good)
        return;
    gsize n;
    const struct tarn_trace_step *steps = tarn_trace_steps(d->trace, &n);
    guint step = tarn_view_step(d->trace, d->token);
    g_autofree char *word = piece(d, wanted);
    g_autofree char *text =
        step < n && steps[step].first == d->token
            ? g_strdup(_("Think this step again"))
            : g_strdup_printf(_("Fork here with “%s”"), word);
    gtk_button_set_label(GTK_BUTTON(d->fork), text);
}

/* What none of the rows has. */
static GtkWidget *rest_row(const struct tarn_trace_token *k)
{
    float rest = 1;
    for (guint c = 0; c < tarn_trace_details_rows(k); c++)
        rest -= k->best[c].p;
    g_autofree char *share = tarn_trace_percent(MAX(rest, 0));
    g_autofree char *text = g_strdup_printf(_("rest %s"), share);
    GtkWidget *row = label(text, 0, "soft");
    gtk_widget_add_css_class(row, "numeric");
    gtk_widget_set_margin_start(row, 12);
    return row;
}

void tarn_trace_details_token(TarnTraceDetails *d, const struct tarn_trace *t,
                              const struct tarn_trace_view *v, guint token,
                              guint mark, gboolean can_fork)
{
    gsize n = 0;
    const struct tarn_trace_token *k = t ? tarn_trace_tokens(t, &n) : NULL;
    d->trace = t;
    d->view = v;
    d->token = token;
    d->mark = mark;
    gtk_widget_set_visible(GTK_WIDGET(d), token < n);
    gtk_widget_set_visible(d->two, TRUE);
    gtk_widget_set_visible(d->foot, TRUE);
    clear_rows(d);
    gtk_widget_set_visible(d->fork, FALSE);
    if (token >= n)
        return;
    k += token;
    struct tarn_buf b = { 0 };
    tarn_view_tell(t, token, &b);
    if (d->view && tarn_view_is_slow(d->view, token))
        tarn_buf_text(&b, ", slow");
    if (d->with_state)
        tarn_view_tell_state(t, token, &b);
    g_autofree char *said = tarn_words_valid(b.data ? b.data : "", -1);
    tarn_buf_finish(&b);
    gtk_label_set_text(d->tell, said);
    for (guint c = 0; c < tarn_trace_details_rows(k); c++)
        gtk_box_append(GTK_BOX(d->rows), candidate_row(d, k, c));
    if (tarn_trace_details_rows(k))
        gtk_box_append(GTK_BOX(d->rows), rest_row(k));
    show_experts(d);
    const struct tarn_trace_info *i = tarn_trace_info(t);
    g_autofree char *after = tarn_trace_percent(k->p_after);
    g_autofree char *seed = g_strdup_printf(
        _("after cuts %s · seed %" G_GUINT64_FORMAT " · attempt %u"), after,
        (guint64)i->seed, i->attempt);
    gtk_label_set_text(d->seed, seed);
    show_fork(d, k, can_fork);
}

void tarn_trace_details_with_state(TarnTraceDetails *d, gboolean on)
{
    d->with_state = on;
}

void tarn_trace_details_range(TarnTraceDetails *d, const struct tarn_trace *t,
                              guint first, guint last)
{
    g_autofree char *sum = tarn_trace_sum(t, first, last);
    g_autofree char *said =
        g_strdup_printf(_("tokens %u to %u: %s"), first, last, sum);
    d->trace = t;
    d->token = TARN_VIEW_NOTHING;
    gtk_widget_set_visible(GTK_WIDGET(d), TRUE);
    gtk_widget_set_visible(d->two, FALSE);
    gtk_widget_set_visible(d->foot, FALSE);
    gtk_widget_set_visible(d->fork, FALSE);
    clear_rows(d);
    gtk_label_set_text(d->tell, said);
}

gboolean tarn_trace_details_can_fork(TarnTraceDetails *d)
{
    return gtk_widget_get_visible(GTK_WIDGET(d)) &&
           gtk_widget_get_visible(d->fork);
}

const char *tarn_trace_details_said(TarnTraceDetails *d)
{
    return gtk_label_get_text(d->tell);
}

static void on_fork(TarnTraceDetails *d)
{
    g_signal_emit(d, signals[FORK], 0);
}

static void tarn_trace_details_class_init(TarnTraceDetailsClass *klass)
{
    GType t = G_TYPE_FROM_CLASS(klass);
    signals[MARKED] = g_signal_new("marked", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
    signals[FORK] = g_signal_new("fork", t, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}

static void tarn_trace_details_init(TarnTraceDetails *d)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(d), GTK_ORIENTATION_VERTICAL);
    gtk_box_set_spacing(GTK_BOX(d), 4);
    gtk_widget_add_css_class(GTK_WIDGET(d), "trace-details");
    d->tell = GTK_LABEL(g_object_new(GTK_TYPE_LABEL, "accessible-role",
                                     GTK_ACCESSIBLE_ROLE_STATUS, "xalign", 0.0,
                                     "wrap", TRUE, NULL));
    d->two = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 20);
    d->rows = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_set_hexpand(d->rows, TRUE);
    d->experts = GTK_LABEL(label("", 0, "soft"));
    gtk_widget_add_css_class(GTK_WIDGET(d->experts), "numeric");
    gtk_label_set_yalign(d->experts, 0);
    gtk_box_append(GTK_BOX(d->two), d->rows);
    gtk_box_append(GTK_BOX(d->two), GTK_WIDGET(d->experts));
    d->foot = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
    d->seed = GTK_LABEL(label("", 0, "soft"));
    gtk_label_set_ellipsize(d->seed, PANGO_ELLIPSIZE_END);
    gtk_widget_set_hexpand(GTK_WIDGET(d->seed), TRUE);
    d->fork = gtk_button_new();
    g_signal_connect_swapped(d->fork, "clicked", G_CALLBACK(on_fork), d);
    gtk_box_append(GTK_BOX(d->foot), GTK_WIDGET(d->seed));
    gtk_box_append(GTK_BOX(d->foot), d->fork);
    gtk_box_append(GTK_BOX(d), GTK_WIDGET(d->tell));
    gtk_box_append(GTK_BOX(d), d->two);
    gtk_box_append(GTK_BOX(d), d->foot);
    gtk_widget_set_visible(GTK_WIDGET(d), FALSE);
}
