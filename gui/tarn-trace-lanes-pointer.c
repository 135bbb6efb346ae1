/* tarn-trace-lanes-pointer.c - what a pointer does to the timeline.  See
 * tarn-trace-lanes-inside.h. */
#include "gui/tarn-trace-lanes-inside.h"
#include "gui/tarn-trace-table.h"
#include "gui/tarn-words.h"

enum { WORD = 64 }; /* bytes in the tip */

/* -------------------------------------------------------------- click and drag
 */
/* A double click zooms to the step, or to the marked range. */
static void zoom_here(TarnTraceLanes *l, const struct tarn_view_point *p)
{
    gsize n;
    const struct tarn_trace_step *s = tarn_trace_steps(l->trace, &n);
    if (l->from != TARN_VIEW_NOTHING && p->token >= l->from &&
        p->token <= l->to)
        tarn_trace_lanes_zoom_to(l, l->from, l->to);
    else if (p->step < n)
        tarn_trace_lanes_zoom_to(l, s[p->step].first,
                                 s[p->step].first + MAX(s[p->step].n, 1) - 1);
}

static void on_press(TarnTraceLanes *l, int n, double x, double y)
{
    gtk_widget_grab_focus(GTK_WIDGET(l));
    struct tarn_view_point p = tarn_trace_lanes_at(l, x, y);
    if (n == 2 && l->view) {
        zoom_here(l, &p);
        return;
    }
    if (p.token != TARN_VIEW_NOTHING)
        g_signal_emit_by_name(l, "chosen", p.token,
                              p.candidate < 8 ? (int)p.candidate : -1);
}

static void on_drag_begin(TarnTraceLanes *l, double x, double y)
{
    l->drag_x = x;
    l->drag_y = y;
}

static void on_drag(TarnTraceLanes *l, double dx, double dy)
{
    (void)dy;
    if (ABS(dx) < 4 || !l->view)
        return;
    tarn_trace_lanes_make_list(l);
    double last = l->list.plot_x + l->list.plot_w - 1;
    struct tarn_view_point a = tarn_trace_lanes_at(
        l, CLAMP(l->drag_x, l->list.plot_x, last), l->drag_y);
    struct tarn_view_point b = tarn_trace_lanes_at(
        l, CLAMP(l->drag_x + dx, l->list.plot_x, last), l->drag_y);
    if (a.token != TARN_VIEW_NOTHING && b.token != TARN_VIEW_NOTHING)
        g_signal_emit_by_name(l, "ranged", MIN(a.token, b.token),
                              MAX(a.token, b.token));
}

/* ---------------------------------------------------------------------- hover
 */
void tarn_trace_lanes_leave(TarnTraceLanes *l)
{
    g_clear_handle_id(&l->tip_wait, g_source_remove);
    g_clear_pointer(&l->tip, g_free);
    l->hovered = TARN_VIEW_NOTHING;
    gtk_widget_queue_draw(GTK_WIDGET(l));
}

/* 118 “ so” · 2.6 bits · 31% · 22.0 ms */
static char *tip_of(TarnTraceLanes *l, const struct tarn_view_point *p)
{
    gsize n, size;
    const struct tarn_trace_token *k = tarn_trace_tokens(l->trace, &n);
    const char *bytes = tarn_trace_bytes(l->trace, p->token, &size);
    g_autofree char *word = tarn_trace_one_line(bytes, MIN(size, WORD));
    g_autofree char *share = tarn_trace_percent(k[p->token].p);
    struct tarn_buf b = { 0 };
    tarn_buf_printf(&b, "%u “%s” · %.1f bits · %s · %.1f ms", p->token, word,
                    (double)k[p->token].entropy_bits, share,
                    (double)tarn_view_us(l->trace, p->token) / 1e3);
    if (p->expert != TARN_VIEW_NOTHING && p->lane == TARN_LANE_EXPERTS)
        tarn_buf_printf(&b, _(" · expert %u"), p->expert);
    if (p->lane == TARN_LANE_STATE)
        tarn_view_tell_state(l->trace, p->token, &b);
    char *valid = tarn_words_valid(b.data ? b.data : "", -1);
    tarn_buf_finish(&b);
    return valid;
}

static gboolean on_wait(gpointer user)
{
    TarnTraceLanes *l = user;
    struct tarn_view_point p = tarn_trace_lanes_at(l, l->pointer, l->pointer_y);
    l->tip_wait = 0;
    g_clear_pointer(&l->tip, g_free);
    if (p.token != TARN_VIEW_NOTHING)
        l->tip = tip_of(l, &p);
    gtk_widget_queue_draw(GTK_WIDGET(l));
    return G_SOURCE_REMOVE;
}

static void on_motion(TarnTraceLanes *l, double x, double y)
{
    struct tarn_view_point p = tarn_trace_lanes_at(l, x, y);
    gboolean same = p.token == l->hovered && ABS(y - l->pointer_y) < 1;
    if (x == l->pointer && y == l->pointer_y && l->tip)
        return;
    l->pointer = x;
    l->pointer_y = y;
    if (p.token == TARN_VIEW_NOTHING) {
        tarn_trace_lanes_leave(l);
        return;
    }
    if (!same)
        g_clear_pointer(&l->tip, g_free);
    l->hovered = p.token;
    if (!l->tip) {
        g_clear_handle_id(&l->tip_wait, g_source_remove);
        l->tip_wait = g_timeout_add(TIP_MS, on_wait, l);
    }
    gtk_widget_queue_draw(GTK_WIDGET(l));
}

const char *tarn_trace_lanes_tip(TarnTraceLanes *l)
{
    return l->tip;
}

/* ----------------------------------------------------------- wheel and fingers
 */
static GtkAdjustment *height_of(TarnTraceLanes *l)
{
    GtkWidget *s =
        gtk_widget_get_ancestor(GTK_WIDGET(l), GTK_TYPE_SCROLLED_WINDOW);
    return s ? gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(s))
             : NULL;
}

int tarn_trace_lanes_bottom(TarnTraceLanes *l)
{
    GtkAdjustment *a = height_of(l);
    double end =
        a ? gtk_adjustment_get_value(a) + gtk_adjustment_get_page_size(a)
          : l->list.height;
    return (int)end;
}

/* Whether all lanes are seen, so that up and down is of no use. */
static gboolean all_seen(TarnTraceLanes *l)
{
    GtkAdjustment *a = height_of(l);
    return !a || gtk_adjustment_get_upper(a) <= gtk_adjustment_get_page_size(a);
}

static gboolean on_scroll(TarnTraceLanes *l, double dx, double dy,
                          GtkEventControllerScroll *c)
{
    GdkModifierType m =
        gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(c));
    if (m & GDK_CONTROL_MASK) {
        tarn_trace_lanes_zoom_at(l, dy < 0 ? 1.25 : 0.8, l->pointer);
        return TRUE;
    }
    gboolean wide = l->list.content > l->list.plot_w;
    if (m & GDK_SHIFT_MASK || (wide && all_seen(l)))
        dx += dy;
    if (dx == 0)
        return FALSE; /* up and down is the pane's */
    l->look.zoom = l->look.zoom ? l->look.zoom : l->list.zoom;
    l->look.scroll = MAX(0, l->look.scroll + (gint64)(dx * 60));
    tarn_trace_lanes_leave(l);
    tarn_trace_lanes_stale(l);
    return TRUE;
}

static void on_pinch_begin(TarnTraceLanes *l)
{
    tarn_trace_lanes_make_list(l);
    l->pinched = l->list.zoom;
    tarn_trace_lanes_leave(l);
}

/* by: since the fingers came.  The token between them stays. */
static void on_pinch(TarnTraceLanes *l, double by, GtkGesture *g)
{
    double x, y;
    tarn_trace_lanes_make_list(l);
    if (!l->listed || l->pinched <= 0)
        return;
    if (!gtk_gesture_is_recognized(g) ||
        !gtk_gesture_get_bounding_box_center(g, &x, &y))
        x = l->list.plot_x + l->list.plot_w / 2.0;
    tarn_trace_lanes_zoom_at(l, by * l->pinched / l->list.zoom, x);
}

void tarn_trace_lanes_listen(TarnTraceLanes *l)
{
    GtkWidget *w = GTK_WIDGET(l);
    GtkGesture *click = gtk_gesture_click_new();
    GtkGesture *drag = gtk_gesture_drag_new();
    GtkGesture *pinch = gtk_gesture_zoom_new();
    GtkEventController *motion = gtk_event_controller_motion_new();
    GtkEventController *scroll =
        gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
    g_signal_connect_swapped(click, "pressed", G_CALLBACK(on_press), l);
    gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(click));
    g_signal_connect_swapped(drag, "drag-begin", G_CALLBACK(on_drag_begin), l);
    g_signal_connect_swapped(drag, "drag-update", G_CALLBACK(on_drag), l);
    gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(drag));
    gtk_gesture_group(drag, click);
    g_signal_connect_swapped(pinch, "begin", G_CALLBACK(on_pinch_begin), l);
    g_signal_connect_swapped(pinch, "scale-changed", G_CALLBACK(on_pinch), l);
    gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(pinch));
    g_signal_connect_swapped(motion, "enter", G_CALLBACK(on_motion), l);
    g_signal_connect_swapped(motion, "motion", G_CALLBACK(on_motion), l);
    g_signal_connect_swapped(motion, "leave",
                             G_CALLBACK(tarn_trace_lanes_leave), l);
    gtk_widget_add_controller(w, motion);
    g_signal_connect_swapped(scroll, "scroll", G_CALLBACK(on_scroll), l);
    gtk_widget_add_controller(w, scroll);
}
