/* tarn-trace-reading.c - see tarn-trace-reading.h.  One text view: selection
 * goes across steps, and what reads the screen gets plain text. */
#include "gui/tarn-trace-reading.h"

#include "gui/tarn-words.h"

typedef struct {
    int start, end; /* characters; both 0: not in the text */
} Place;

struct _TarnTraceReading {
    GtkTextView parent;
    GArray *places; /* Place of every token */
    GtkTextTag *levels[7], *head, *sum, *fork, *gone, *unsure, *hit, *on;
};
G_DEFINE_FINAL_TYPE(TarnTraceReading, tarn_trace_reading, GTK_TYPE_TEXT_VIEW)

enum { CHOSEN, N_SIGNALS };
static guint signals[N_SIGNALS];

static void paint_tags(TarnTraceReading *r)
{
    GtkStyleContext *c = gtk_widget_get_style_context(GTK_WIDGET(r));
    GdkRGBA color;
    for (int i = 1; i < 7; i++) {
        g_autofree char *name = g_strdup_printf("tarn_ramp_%d", i);
        if (gtk_style_context_lookup_color(c, name, &color))
            g_object_set(r->levels[i], "background-rgba", &color, NULL);
        if (i >= 4 && gtk_style_context_lookup_color(c, "tarn_ink", &color))
            g_object_set(r->levels[i], "foreground-rgba", &color, NULL);
    }
    if (gtk_style_context_lookup_color(c, "tarn_soft", &color)) {
        g_object_set(r->sum, "foreground-rgba", &color, NULL);
        g_object_set(r->gone, "foreground-rgba", &color, NULL);
    }
    if (gtk_style_context_lookup_color(c, "tarn_ramp_edge", &color))
        g_object_set(r->fork, "underline-rgba", &color, NULL);
    if (gtk_style_context_lookup_color(c, "tarn_match_bg", &color))
        g_object_set(r->hit, "background-rgba", &color, NULL);
    if (gtk_style_context_lookup_color(c, "tarn_accent", &color))
        g_object_set(r->on, "background-rgba", &color, NULL);
    if (gtk_style_context_lookup_color(c, "tarn_on_accent", &color))
        g_object_set(r->on, "foreground-rgba", &color, NULL);
}

static void append(GtkTextBuffer *b, const char *text, GtkTextTag *tag)
{
    GtkTextIter end;
    gtk_text_buffer_get_end_iter(b, &end);
    gtk_text_buffer_insert_with_tags(b, &end, text, -1, tag, NULL);
}

/* What a block of tokens is called: a step, a span, or what was taken back. */
static int block_of(const struct tarn_trace *t,
                    const struct tarn_trace_token *k, guint i)
{
    guint step = tarn_view_step(t, i);
    if (k->flags & TARN_TRACE_WITHDRAWN)
        return -10;
    return step != TARN_VIEW_NOTHING ? (int)step : -1 - (int)k->span;
}

static void append_head(TarnTraceReading *r, GtkTextBuffer *b,
                        const struct tarn_trace *t, guint first, int block)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    guint count = 0, last = first;
    double bits = 0;
    guint64 us = 0;
    for (guint i = first; i < n; i++) {
        if (k[i].flags & TARN_TRACE_TAG)
            continue;
        if (block_of(t, &k[i], i) != block)
            break;
        count++;
        bits += (double)k[i].entropy_bits;
        us += tarn_view_us(t, i);
        last = i;
    }
    g_autofree char *name = NULL;
    if (block >= 0)
        name = g_strdup_printf(_("step %d"), block + 1);
    else
        name = g_strdup(block == -10                     ? _("✂ taken back:")
                        : block == -1 - TARN_SPAN_ANSWER ? _("Answer")
                        : block == -1 - TARN_SPAN_CALL   ? _("Call")
                                                         : _("Thought"));
    g_autofree char *time = tarn_words_duration((double)us / 1e3);
    g_autofree char *sum =
        g_strdup_printf(ngettext("  %u token · %s · %.2f bits%s\n",
                                 "  %u tokens · %s · %.2f bits%s\n", count),
                        count, time, bits / MAX(count, 1),
                        block >= 0 && tarn_trace_turns_back(t, (gsize)block)
                            ? _(" · ↩ turn-back")
                            : "");
    (void)last;
    append(b, gtk_text_buffer_get_char_count(b) ? "\n\n" : "", r->sum);
    append(b, name, r->head);
    append(b, sum, r->sum);
}

static void append_token(TarnTraceReading *r, GtkTextBuffer *b,
                         const struct tarn_trace *t, guint i)
{
    gsize n, size;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n) + i;
    const char *bytes = tarn_view_text_of(t, i, &size);
    g_autofree char *valid = tarn_words_valid(bytes, (gssize)size);
    Place p = { .start = gtk_text_buffer_get_char_count(b) };
    append(b, valid, r->levels[tarn_view_ramp(k->entropy_bits)]);
    p.end = gtk_text_buffer_get_char_count(b);
    GtkTextIter from, to;
    gtk_text_buffer_get_iter_at_offset(b, &from, p.start);
    gtk_text_buffer_get_end_iter(b, &to);
    if (tarn_trace_is_fork(t, i))
        gtk_text_buffer_apply_tag(b, r->fork, &from, &to);
    if (k->flags & TARN_TRACE_WITHDRAWN)
        gtk_text_buffer_apply_tag(b, r->gone, &from, &to);
    if (tarn_trace_hesitates(t, i))
        gtk_text_buffer_apply_tag(b, r->unsure, &from, &to);
    g_array_index(r->places, Place, i) = p;
}

void tarn_trace_reading_set(TarnTraceReading *r, const struct tarn_trace *t)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(r));
    gsize n = 0;
    const struct tarn_trace_token *k = t ? tarn_trace_tokens(t, &n) : NULL;
    int block = -100;
    gtk_text_buffer_set_text(b, "", 0);
    g_array_set_size(r->places, 0);
    g_array_set_size(r->places, (guint)n);
    paint_tags(r);
    for (guint i = 0; i < n; i++) {
        if (k[i].flags & TARN_TRACE_TAG)
            continue;
        int now = block_of(t, &k[i], i);
        if (now != block)
            append_head(r, b, t, i, now);
        block = now;
        append_token(r, b, t, i);
    }
}

void tarn_trace_reading_select(TarnTraceReading *r, guint token)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(r));
    GtkTextIter from, to;
    gtk_text_buffer_get_bounds(b, &from, &to);
    gtk_text_buffer_remove_tag(b, r->on, &from, &to);
    if (token >= r->places->len)
        return;
    Place p = g_array_index(r->places, Place, token);
    if (p.end <= p.start)
        return;
    gtk_text_buffer_get_iter_at_offset(b, &from, p.start);
    gtk_text_buffer_get_iter_at_offset(b, &to, p.end);
    gtk_text_buffer_apply_tag(b, r->on, &from, &to);
    gtk_text_view_scroll_to_iter(GTK_TEXT_VIEW(r), &from, 0.1, FALSE, 0, 0);
}

void tarn_trace_reading_set_hits(TarnTraceReading *r, const GArray *tokens)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(r));
    GtkTextIter from, to;
    gtk_text_buffer_get_bounds(b, &from, &to);
    gtk_text_buffer_remove_tag(b, r->hit, &from, &to);
    for (guint i = 0; tokens && i < tokens->len; i++) {
        guint token = g_array_index(tokens, guint, i);
        if (token >= r->places->len)
            continue;
        Place p = g_array_index(r->places, Place, token);
        gtk_text_buffer_get_iter_at_offset(b, &from, p.start);
        gtk_text_buffer_get_iter_at_offset(b, &to, p.end);
        gtk_text_buffer_apply_tag(b, r->hit, &from, &to);
    }
}

static void on_release(TarnTraceReading *r, int n, double x, double y)
{
    GtkTextIter at;
    int bx, by;
    if (n != 1 || gtk_text_buffer_get_has_selection(
                      gtk_text_view_get_buffer(GTK_TEXT_VIEW(r))))
        return;
    gtk_text_view_window_to_buffer_coords(
        GTK_TEXT_VIEW(r), GTK_TEXT_WINDOW_WIDGET, (int)x, (int)y, &bx, &by);
    if (!gtk_text_view_get_iter_at_location(GTK_TEXT_VIEW(r), &at, bx, by))
        return;
    int offset = gtk_text_iter_get_offset(&at);
    for (guint i = 0; i < r->places->len; i++) {
        Place p = g_array_index(r->places, Place, i);
        if (offset >= p.start && offset < p.end) {
            g_signal_emit(r, signals[CHOSEN], 0, i);
            return;
        }
    }
}

static void tarn_trace_reading_finalize(GObject *o)
{
    g_array_unref(TARN_TRACE_READING(o)->places);
    G_OBJECT_CLASS(tarn_trace_reading_parent_class)->finalize(o);
}

static void tarn_trace_reading_class_init(TarnTraceReadingClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = tarn_trace_reading_finalize;
    signals[CHOSEN] =
        g_signal_new("chosen", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0,
                     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void tarn_trace_reading_init(TarnTraceReading *r)
{
    GtkTextView *v = GTK_TEXT_VIEW(r);
    GtkTextBuffer *b = gtk_text_view_get_buffer(v);
    r->places = g_array_new(FALSE, TRUE, sizeof(Place));
    for (int i = 0; i < 7; i++)
        r->levels[i] = gtk_text_buffer_create_tag(b, NULL, NULL);
    r->head =
        gtk_text_buffer_create_tag(b, NULL, "weight", PANGO_WEIGHT_BOLD, NULL);
    r->sum = gtk_text_buffer_create_tag(b, NULL, "scale", 0.85, NULL);
    r->fork = gtk_text_buffer_create_tag(b, NULL, "underline",
                                         PANGO_UNDERLINE_SINGLE, NULL);
    r->gone = gtk_text_buffer_create_tag(b, NULL, "strikethrough", TRUE, NULL);
    r->unsure = gtk_text_buffer_create_tag(b, NULL, "left-margin", 36, NULL);
    r->hit = gtk_text_buffer_create_tag(b, NULL, NULL);
    r->on = gtk_text_buffer_create_tag(b, NULL, NULL, NULL);
    gtk_text_view_set_editable(v, FALSE);
    gtk_text_view_set_cursor_visible(v, FALSE);
    gtk_text_view_set_wrap_mode(v, GTK_WRAP_WORD_CHAR);
    gtk_text_view_set_left_margin(v, 20);
    gtk_text_view_set_right_margin(v, 20);
    gtk_text_view_set_top_margin(v, 12);
    gtk_text_view_set_bottom_margin(v, 12);
    gtk_text_view_set_pixels_inside_wrap(v, 4);
    GtkGesture *click = gtk_gesture_click_new();
    g_signal_connect_swapped(click, "released", G_CALLBACK(on_release), r);
    gtk_widget_add_controller(GTK_WIDGET(r), GTK_EVENT_CONTROLLER(click));
}
