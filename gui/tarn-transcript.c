/* tarn-transcript.c - see tarn-transcript.h. */
#include "gui/tarn-transcript.h"

#include "gui/tarn-config.h"
#include "gui/tarn-cull-box.h"
#include "gui/tarn-words.h"

enum {
    AT_END = 24,    /* px */
    NEAR_TOP = 300, /* px */
    SHOW_FRAMES = 6,
    HOLD_US = 1000 * 1000 /* text views correct their heights for a while */
};

struct _TarnTranscript {
    GtkWidget parent;
    GtkWidget *overlay; /* the template's only child */
    GtkScrolledWindow *scroller;
    TarnCullBox *column;
    GtkButton *down;
    GArray *ids; /* guint, in order */
    gboolean following, by_us, allocating;
    guint show_down, top;
    GtkWidget *anchor; /* borrowed: a turn that shall not move, or NULL */
    float anchor_y;
    gint64 hold;      /* µs, until then */
    GtkWidget *shown; /* weak: to be scrolled to, for some frames */
    int shown_y;
    guint show_tick, frames;
    double last_value;
};
G_DEFINE_FINAL_TYPE(TarnTranscript, tarn_transcript, GTK_TYPE_WIDGET)

static guint signal_top;

static GtkAdjustment *vertical(TarnTranscript *t)
{
    return gtk_scrolled_window_get_vadjustment(t->scroller);
}

static double end_of(GtkAdjustment *a)
{
    return gtk_adjustment_get_upper(a) - gtk_adjustment_get_page_size(a);
}

static void set_value(TarnTranscript *t, double value)
{
    t->by_us = TRUE;
    gtk_adjustment_set_value(vertical(t), value);
    t->by_us = FALSE;
}

static gboolean show_down(gpointer user)
{
    TarnTranscript *t = user;
    t->show_down = 0;
    gtk_widget_set_visible(GTK_WIDGET(t->down), !t->following);
    return G_SOURCE_REMOVE;
}

/* The button comes and goes later: this may be within an allocation. */
static void set_following(TarnTranscript *t, gboolean following)
{
    t->following = following;
    if (!t->show_down)
        t->show_down = g_idle_add(show_down, t);
}

static gboolean say_top(gpointer user)
{
    TarnTranscript *t = user;
    t->top = 0;
    g_signal_emit(t, signal_top, 0);
    return G_SOURCE_REMOVE;
}

static void on_value(TarnTranscript *t, GtkAdjustment *a)
{
    double value = gtk_adjustment_get_value(a);
    if (!t->by_us) /* the reader moves what is held; it is held there */
        t->anchor_y += (float)(t->last_value - value);
    if (value < NEAR_TOP && value < t->last_value && !t->top)
        t->top = g_idle_add(say_top, t);
    gboolean at_end = end_of(a) - value <= AT_END;
    if (at_end)
        set_following(t, TRUE);
    else if (!t->by_us && value < t->last_value)
        set_following(t, FALSE);
    t->last_value = value;
    tarn_cull_box_scrolled(t->column);
}

/* Where the anchor has to be moved to stand where it stood; 0: nowhere. */
static double drift(TarnTranscript *t)
{
    graphene_rect_t r;
    if (!t->anchor || g_get_monotonic_time() > t->hold ||
        !gtk_widget_compute_bounds(t->anchor, GTK_WIDGET(t->scroller), &r))
        return 0;
    return (double)(r.origin.y - t->anchor_y);
}

static void tarn_transcript_measure(GtkWidget *w, GtkOrientation orientation,
                                    int size, int *least, int *natural,
                                    int *base, int *natural_base)
{
    gtk_widget_measure(TARN_TRANSCRIPT(w)->overlay, orientation, size, least,
                       natural, base, natural_base);
}

/* A viewport must not be scrolled from within its own allocation (the frame
 * would be painted without it), and a frame later is late: the text would
 * jump.  So it is allocated, scrolled to the new end, and allocated again. */
static void tarn_transcript_size_allocate(GtkWidget *w, int width, int height,
                                          int baseline)
{
    TarnTranscript *t = TARN_TRANSCRIPT(w);
    GtkAdjustment *a = vertical(t);
    t->allocating = TRUE;
    gtk_widget_allocate(t->overlay, width, height, baseline, NULL);
    double value = gtk_adjustment_get_value(a);
    double wanted = t->following ? end_of(a) : value + drift(t);
    if (wanted != value) {
        set_value(t, wanted);
        gtk_widget_allocate(t->overlay, width, height, baseline, NULL);
    }
    t->allocating = FALSE;
    t->last_value = gtk_adjustment_get_value(a);
}

/* A text view that corrects its height within an allocation has the viewport
 * allocated anew, but none of those around it, and so not scrolled: once more,
 * from here, before the frame is painted. */
static void on_extent(TarnTranscript *t)
{
    if (!t->allocating)
        gtk_widget_queue_allocate(GTK_WIDGET(t));
}

static gboolean on_scroll(TarnTranscript *t, double dx, double dy)
{
    (void)dx;
    if (dy < 0 && end_of(vertical(t)) > 0)
        set_following(t, FALSE);
    return FALSE;
}

void tarn_transcript_follow(TarnTranscript *t)
{
    set_following(t, TRUE);
    set_value(t, end_of(vertical(t)));
}

void tarn_transcript_set_title(TarnTranscript *t, const char *title)
{
    g_autofree char *name = g_strdup_printf(_("Chat “%s”"), title);
    gtk_accessible_update_property(GTK_ACCESSIBLE(t->column),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void tarn_transcript_append(TarnTranscript *t, guint id, GtkWidget *turn)
{
    g_array_append_val(t->ids, id);
    gtk_box_append(GTK_BOX(t->column), turn);
}

void tarn_transcript_prepend(TarnTranscript *t, guint id, GtkWidget *turn)
{
    GtkWidget *first = gtk_widget_get_first_child(GTK_WIDGET(t->column));
    graphene_rect_t r;
    gint64 now = g_get_monotonic_time();
    if ((!t->anchor || now > t->hold) && first &&
        gtk_widget_compute_bounds(first, GTK_WIDGET(t->scroller), &r)) {
        t->anchor = first;
        t->anchor_y = r.origin.y;
    }
    t->hold = now + HOLD_US;
    g_array_prepend_val(t->ids, id);
    gtk_box_prepend(GTK_BOX(t->column), turn);
}

static GtkWidget *child_at(TarnTranscript *t, guint at)
{
    GtkWidget *c = gtk_widget_get_first_child(GTK_WIDGET(t->column));
    while (c && at--)
        c = gtk_widget_get_next_sibling(c);
    return c;
}

GtkWidget *tarn_transcript_find(TarnTranscript *t, guint id)
{
    for (guint i = 0; i < t->ids->len; i++)
        if (g_array_index(t->ids, guint, i) == id)
            return child_at(t, i);
    return NULL;
}

guint tarn_transcript_length(TarnTranscript *t)
{
    return t->ids->len;
}

guint tarn_transcript_id(TarnTranscript *t, guint at)
{
    return at < t->ids->len ? g_array_index(t->ids, guint, at) : 0;
}

void tarn_transcript_cut(TarnTranscript *t, guint n)
{
    t->anchor = NULL;
    while (t->ids->len > n) {
        GtkWidget *last = gtk_widget_get_last_child(GTK_WIDGET(t->column));
        gtk_box_remove(GTK_BOX(t->column), last);
        g_array_set_size(t->ids, t->ids->len - 1);
    }
}

static gboolean show_tick(GtkWidget *w, GdkFrameClock *clock, gpointer user)
{
    TarnTranscript *t = TARN_TRANSCRIPT(w);
    graphene_rect_t r;
    (void)clock;
    (void)user;
    if (t->shown && t->frames-- > 0 &&
        gtk_widget_compute_bounds(t->shown, GTK_WIDGET(t->scroller), &r)) {
        GtkAdjustment *a = vertical(t);
        double third = gtk_adjustment_get_page_size(a) / 3;
        double to = gtk_adjustment_get_value(a) + (double)r.origin.y +
                    t->shown_y - third;
        gtk_adjustment_set_value(a, to);
        return G_SOURCE_CONTINUE;
    }
    g_clear_weak_pointer(&t->shown);
    t->show_tick = 0;
    return G_SOURCE_REMOVE;
}

void tarn_transcript_show(TarnTranscript *t, GtkWidget *inside, int y)
{
    set_following(t, FALSE);
    t->anchor = NULL;
    g_set_weak_pointer(&t->shown, inside);
    t->shown_y = y;
    t->frames = SHOW_FRAMES;
    if (!t->show_tick)
        t->show_tick =
            gtk_widget_add_tick_callback(GTK_WIDGET(t), show_tick, NULL, NULL);
}

void tarn_transcript_step(TarnTranscript *t, int delta)
{
    GtkWidget *view = GTK_WIDGET(t->scroller), *target = NULL;
    graphene_rect_t r;
    double value = gtk_adjustment_get_value(vertical(t));
    for (GtkWidget *c = gtk_widget_get_first_child(GTK_WIDGET(t->column)); c;
         c = gtk_widget_get_next_sibling(c)) {
        if (!gtk_widget_compute_bounds(c, view, &r))
            continue;
        if (delta < 0 && r.origin.y < -1)
            target = c;
        if (delta > 0 && r.origin.y > 33) {
            target = c;
            break;
        }
    }
    if (!target || !gtk_widget_compute_bounds(target, view, &r))
        return;
    set_following(t, FALSE);
    gtk_adjustment_set_value(vertical(t), value + (double)r.origin.y - 32);
}

static void tarn_transcript_dispose(GObject *o)
{
    g_clear_handle_id(&TARN_TRANSCRIPT(o)->show_down, g_source_remove);
    g_clear_handle_id(&TARN_TRANSCRIPT(o)->top, g_source_remove);
    if (TARN_TRANSCRIPT(o)->show_tick)
        gtk_widget_remove_tick_callback(GTK_WIDGET(o),
                                        TARN_TRANSCRIPT(o)->show_tick);
    TARN_TRANSCRIPT(o)->show_tick = 0;
    g_clear_weak_pointer(&TARN_TRANSCRIPT(o)->shown);
    g_clear_pointer(&TARN_TRANSCRIPT(o)->overlay, gtk_widget_unparent);
    G_OBJECT_CLASS(tarn_transcript_parent_class)->dispose(o);
}

static void tarn_transcript_finalize(GObject *o)
{
    g_array_unref(TARN_TRANSCRIPT(o)->ids);
    G_OBJECT_CLASS(tarn_transcript_parent_class)->finalize(o);
}

static void tarn_transcript_class_init(TarnTranscriptClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_transcript_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_transcript_finalize;
    g_type_ensure(TARN_TYPE_CULL_BOX);
    w->measure = tarn_transcript_measure;
    w->size_allocate = tarn_transcript_size_allocate;
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-transcript.ui");
    gtk_widget_class_bind_template_child(w, TarnTranscript, overlay);
    gtk_widget_class_bind_template_child(w, TarnTranscript, scroller);
    gtk_widget_class_bind_template_child(w, TarnTranscript, column);
    gtk_widget_class_bind_template_child(w, TarnTranscript, down);
    gtk_widget_class_bind_template_callback(w, tarn_transcript_follow);
    signal_top = g_signal_new("top", TARN_TYPE_TRANSCRIPT, G_SIGNAL_RUN_LAST, 0,
                              NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void tarn_transcript_init(TarnTranscript *t)
{
    t->ids = g_array_new(FALSE, FALSE, sizeof(guint));
    gtk_widget_init_template(GTK_WIDGET(t));
    set_following(t, TRUE);
    GtkAdjustment *a = vertical(t);
    g_signal_connect_object(a, "value-changed", G_CALLBACK(on_value), t,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(a, "changed", G_CALLBACK(on_extent), t,
                            G_CONNECT_SWAPPED);
    GtkEventController *c =
        gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
    gtk_event_controller_set_propagation_phase(c, GTK_PHASE_CAPTURE);
    g_signal_connect_swapped(c, "scroll", G_CALLBACK(on_scroll), t);
    gtk_widget_add_controller(GTK_WIDGET(t->scroller), c);
}
