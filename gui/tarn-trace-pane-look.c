/* tarn-trace-pane-look.c - what the trace pane says of what it shows: whose
 * trace, at what scale, and which part of a very long one.  See
 * tarn-trace-pane-inside.h. */
#include "gui/tarn-trace-pane-inside.h"
#include "gui/tarn-words.h"

/* Beyond that table and search keep to what the timeline shows. */
enum { WHOLE = 200000 };

/* ----------------------------------------------------------------- whose it is
 */
void tarn_trace_pane_tell_name(TarnTracePane *p)
{
    gint64 ms = p->trace ? tarn_trace_info(p->trace)->unix_ms : 0;
    g_autofree char *when = ms > 0 ? tarn_words_date(ms / 1000) : NULL;
    g_autofree char *branch =
        p->n_branches > 1 && p->trace
            ? g_strdup_printf(_(", branch %u / %u"), p->branch, p->n_branches)
            : g_strdup("");
    g_autofree char *name =
        when ? g_strdup_printf(_("Answer of %s%s"), when, branch)
             : g_strdup("");
    gtk_label_set_text(p->of, name);
}

void tarn_trace_pane_set_branch(TarnTracePane *p, guint branch, guint n)
{
    p->branch = branch;
    p->n_branches = n;
    tarn_trace_pane_tell_name(p);
}

/* ------------------------------------------------------------------- the part
 */
gboolean tarn_trace_pane_take_part(TarnTracePane *p)
{
    gsize n;
    guint first = 0, end, was = p->first;
    tarn_trace_pane_tokens(p, &n);
    end = (guint)n;
    if (n > WHOLE)
        tarn_trace_lanes_seen(p->lanes, &first, &end);
    end = MIN(end, first + WHOLE);
    gboolean same = first == was && end == p->end;
    p->first = first;
    p->end = end;
    gtk_widget_set_visible(GTK_WIDGET(p->part), n > WHOLE);
    if (n > WHOLE && !same) {
        g_autofree char *whole = tarn_words_count(WHOLE);
        g_autofree char *from = tarn_words_count(first);
        g_autofree char *to = tarn_words_count(MAX(end, 1) - 1);
        g_autofree char *line =
            g_strdup_printf(_("Over %s tokens: table and search keep to the "
                              "visible part, %s to %s."),
                            whole, from, to);
        gtk_label_set_text(p->part, line);
    }
    return !same;
}

/* ------------------------------------------------------------------ the scale
 */
/* The timeline's scale or place is another one. */
void tarn_trace_pane_scaled(TarnTracePane *p)
{
    double least, most;
    if (!p->lanes) /* the pane is going */
        return;
    double at = tarn_trace_lanes_scale(p->lanes, &least, &most);
    const struct tarn_view_list *list = tarn_trace_lanes_list(p->lanes);
    g_autofree char *said = g_strdup_printf(_("%.2g px per token"),
                                            (double)list->zoom / TARN_ZOOM_ONE);
    p->scaling = TRUE;
    gtk_range_set_range(p->scale, least, most);
    gtk_range_set_value(p->scale, at);
    p->scaling = FALSE;
    gtk_accessible_update_property(
        GTK_ACCESSIBLE(p->scale), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, said, -1);
    if (tarn_trace_pane_take_part(p) && p->trace)
        tarn_trace_pane_part_changed(p);
}

static void on_scale(TarnTracePane *p)
{
    if (!p->scaling)
        tarn_trace_lanes_set_scale(p->lanes, gtk_range_get_value(p->scale));
}

static void on_less(TarnTracePane *p)
{
    tarn_trace_lanes_zoom(p->lanes, 0.5);
}

static void on_more(TarnTracePane *p)
{
    tarn_trace_lanes_zoom(p->lanes, 2);
}

static void on_fit(TarnTracePane *p)
{
    tarn_trace_lanes_zoom(p->lanes, 0);
}

GtkWidget *tarn_trace_pane_make_zooms(TarnTracePane *p)
{
    GtkWidget *scale = gtk_scale_new(GTK_ORIENTATION_HORIZONTAL, NULL);
    GtkWidget *fit = gtk_button_new_with_label(_("Fit"));
    p->zooms = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    p->scale = GTK_RANGE(scale);
    gtk_scale_set_draw_value(GTK_SCALE(scale), FALSE);
    gtk_range_set_increments(p->scale, 4, 16);
    gtk_widget_set_size_request(scale, 72, -1);
    gtk_accessible_update_property(
        GTK_ACCESSIBLE(scale), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Zoom"), -1);
    g_signal_connect_swapped(scale, "value-changed", G_CALLBACK(on_scale), p);
    gtk_widget_add_css_class(fit, "flat");
    g_signal_connect_swapped(fit, "clicked", G_CALLBACK(on_fit), p);
    gtk_box_append(GTK_BOX(p->zooms),
                   tarn_trace_pane_sign(p, "zoom-out-symbolic", _("Smaller"),
                                        G_CALLBACK(on_less)));
    gtk_box_append(GTK_BOX(p->zooms), scale);
    gtk_box_append(GTK_BOX(p->zooms),
                   tarn_trace_pane_sign(p, "zoom-in-symbolic", _("Larger"),
                                        G_CALLBACK(on_more)));
    gtk_box_append(GTK_BOX(p->zooms), fit);
    return p->zooms;
}
