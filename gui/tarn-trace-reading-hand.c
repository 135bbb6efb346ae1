/* tarn-trace-reading-hand.c - pointer and keys in the reading view, and what
 * is painted around its text.  See tarn-trace-reading-inside.h. */
#include "gui/tarn-trace-reading-inside.h"

enum { BRACKET_X = 9, BRACKET = 5 }; /* px */

/* ------------------------------------------------------------ pointer and keys
 */
static guint token_of(TarnTraceReading *r, guint block, int offset)
{
    const Shown *s = tarn_trace_reading_block(r, block);
    for (guint i = s->b.first; i <= s->b.last; i++) {
        Place p = g_array_index(r->places, Place, i);
        if (offset >= s->at + p.start && offset < s->at + p.end)
            return i;
    }
    return TARN_VIEW_NOTHING;
}

/* The block whose head, or whose folded text, lies there, or -1.  *offset: of
 * the character there, or -1. */
static int head_at(TarnTraceReading *r, double x, double y, int *offset)
{
    GtkTextIter at;
    int bx, by, top, height;
    GtkTextView *v = GTK_TEXT_VIEW(r);
    gtk_text_view_window_to_buffer_coords(v, GTK_TEXT_WINDOW_WIDGET, (int)x,
                                          (int)y, &bx, &by);
    gboolean inside = gtk_text_view_get_iter_at_location(v, &at, bx, by);
    gtk_text_view_get_line_yrange(v, &at, &top, &height);
    int character = gtk_text_iter_get_offset(&at);
    int i = tarn_trace_reading_block_of(r, character);
    *offset = inside ? character : -1;
    if (i < 0 || by < top || by >= top + height)
        return -1;
    const Shown *s = tarn_trace_reading_block(r, (guint)i);
    return tarn_trace_reading_can_fold(&s->b) &&
                   (character < s->head ||
                    (s->folded && character < s->end - 1))
               ? i
               : -1;
}

static void on_release(TarnTraceReading *r, int n, double x, double y)
{
    int offset, head = head_at(r, x, y, &offset);
    int i = offset >= 0 ? tarn_trace_reading_block_of(r, offset) : -1;
    if (n != 1 || gtk_text_buffer_get_has_selection(
                      gtk_text_view_get_buffer(GTK_TEXT_VIEW(r))))
        return;
    if (head >= 0) {
        tarn_trace_reading_turn(r, (guint)head);
        return;
    }
    guint token = i >= 0 ? token_of(r, (guint)i, offset) : TARN_VIEW_NOTHING;
    if (token != TARN_VIEW_NOTHING)
        g_signal_emit_by_name(r, "chosen", token);
}

static void on_motion(TarnTraceReading *r, double x, double y)
{
    int offset;
    gtk_widget_set_cursor_from_name(
        GTK_WIDGET(r), head_at(r, x, y, &offset) >= 0 ? "pointer" : "text");
}

static gboolean on_key(TarnTraceReading *r, guint key, guint code,
                       GdkModifierType m)
{
    GtkTextIter at;
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(r));
    gtk_text_buffer_get_iter_at_mark(b, &at, gtk_text_buffer_get_insert(b));
    int offset = gtk_text_iter_get_offset(&at);
    int i = tarn_trace_reading_block_of(r, offset);
    gboolean fold = key == GDK_KEY_space || key == GDK_KEY_KP_Space;
    (void)code;
    if (i < 0 || m & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK) ||
        (!fold && key != GDK_KEY_Return && key != GDK_KEY_KP_Enter))
        return FALSE;
    guint token = token_of(r, (guint)i, offset);
    if (fold || token == TARN_VIEW_NOTHING)
        tarn_trace_reading_turn(r, (guint)i);
    else
        g_signal_emit_by_name(r, "chosen", token);
    return TRUE;
}

void tarn_trace_reading_listen(TarnTraceReading *r)
{
    GtkGesture *click = gtk_gesture_click_new();
    GtkEventController *motion = gtk_event_controller_motion_new();
    GtkEventController *keys = gtk_event_controller_key_new();
    g_signal_connect_swapped(click, "released", G_CALLBACK(on_release), r);
    gtk_event_controller_set_name(GTK_EVENT_CONTROLLER(click), "fold");
    gtk_widget_add_controller(GTK_WIDGET(r), GTK_EVENT_CONTROLLER(click));
    g_signal_connect_swapped(motion, "motion", G_CALLBACK(on_motion), r);
    gtk_widget_add_controller(GTK_WIDGET(r), motion);
    g_signal_connect_swapped(keys, "key-pressed", G_CALLBACK(on_key), r);
    gtk_event_controller_set_name(keys, "fold");
    gtk_widget_add_controller(GTK_WIDGET(r), keys);
}

/* ------------------------------------------------------------ around the text
 */
static void paint_bracket(TarnTraceReading *r, GtkSnapshot *s, guint first,
                          guint last)
{
    GtkTextIter from, to, end;
    GdkRectangle a, z;
    GdkRGBA soft = { 0, 0, 0, 1 };
    gboolean rtl = gtk_widget_get_direction(GTK_WIDGET(r)) == GTK_TEXT_DIR_RTL;
    if (!tarn_trace_reading_range(r, first, &from, &end) ||
        !tarn_trace_reading_range(r, last, &to, &end))
        return;
    gtk_text_view_get_iter_location(GTK_TEXT_VIEW(r), &from, &a);
    gtk_text_view_get_iter_location(GTK_TEXT_VIEW(r), &to, &z);
    tarn_trace_reading_color(r, "tarn_soft", &soft);
    float x = rtl ? (float)(gtk_widget_get_width(GTK_WIDGET(r)) - BRACKET_X)
                  : BRACKET_X;
    float tick = rtl ? x - BRACKET + 1 : x;
    float y = (float)a.y, h = (float)(z.y + z.height - a.y);
    gtk_snapshot_append_color(s, &soft, &GRAPHENE_RECT_INIT(x, y, 1, h));
    gtk_snapshot_append_color(s, &soft,
                              &GRAPHENE_RECT_INIT(tick, y, BRACKET, 1));
    gtk_snapshot_append_color(s, &soft,
                              &GRAPHENE_RECT_INIT(tick, y + h - 1, BRACKET, 1));
}

/* Tokens that have text and are seen, or a block more. */
static gboolean seen(TarnTraceReading *r, guint *first, guint *last)
{
    GdkRectangle view;
    GtkTextIter from, to;
    GtkTextView *v = GTK_TEXT_VIEW(r);
    gtk_text_view_get_visible_rect(v, &view);
    gtk_text_view_get_line_at_y(v, &from, view.y, NULL);
    gtk_text_view_get_line_at_y(v, &to, view.y + view.height, NULL);
    gtk_text_iter_forward_to_line_end(&to);
    int a = tarn_trace_reading_block_of(r, gtk_text_iter_get_offset(&from));
    int z = tarn_trace_reading_block_of(r, gtk_text_iter_get_offset(&to));
    if (a < 0 || z < 0)
        return FALSE;
    *first = (guint)a;
    *last = (guint)z;
    return TRUE;
}

/* Hesitations, one bracket for each block they lie in. */
static void paint_brackets(TarnTraceReading *r, GtkSnapshot *s)
{
    gsize n;
    guint first, last;
    const struct tarn_trace_hesitation *h =
        tarn_trace_hesitations(r->trace, &n);
    if (!seen(r, &first, &last))
        return;
    for (gsize i = 0; i < n; i++)
        for (guint k = first; k <= last; k++) {
            const Shown *b = tarn_trace_reading_block(r, k);
            guint from = MAX(h[i].first, b->b.first);
            guint to = MIN(h[i].last, b->b.last);
            if (!b->folded && from <= to)
                paint_bracket(r, s, from, to);
        }
}

/* White space of the selected token. */
static void paint_signs(TarnTraceReading *r, GtkSnapshot *s)
{
    GtkTextIter at, to;
    GdkRGBA bright = { 0, 0, 0, 1 }, plain = { 0, 0, 0, 1 };
    if (!tarn_trace_reading_range(r, r->selected, &at, &to))
        return;
    tarn_trace_reading_color(r, "tarn_on_accent", &bright);
    tarn_trace_reading_color(r, "tarn_accent", &plain);
    for (; gtk_text_iter_compare(&at, &to) < 0;
         gtk_text_iter_forward_char(&at)) {
        gunichar c = gtk_text_iter_get_char(&at);
        GdkRectangle box;
        int w, h;
        if (c != ' ' && c != '\n' && c != '\t')
            continue;
        g_autoptr(PangoLayout) p =
            gtk_widget_create_pango_layout(GTK_WIDGET(r), c == ' '    ? "·"
                                                          : c == '\n' ? "↵"
                                                                      : "⇥");
        gtk_text_view_get_iter_location(GTK_TEXT_VIEW(r), &at, &box);
        pango_layout_get_pixel_size(p, &w, &h);
        int x = c == '\n' ? box.x + 2 : box.x + (box.width - w) / 2;
        gtk_snapshot_save(s);
        gtk_snapshot_translate(
            s, &GRAPHENE_POINT_INIT((float)x,
                                    (float)(box.y + (box.height - h) / 2)));
        gtk_snapshot_append_layout(s, p, c == '\n' ? &plain : &bright);
        gtk_snapshot_restore(s);
    }
}

void tarn_trace_reading_paint(TarnTraceReading *r, GtkTextViewLayer layer,
                              GtkSnapshot *s)
{
    if (!r->trace)
        return;
    if (layer == GTK_TEXT_VIEW_LAYER_BELOW_TEXT)
        paint_brackets(r, s);
    else
        paint_signs(r, s);
}
