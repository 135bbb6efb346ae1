/* tarn-thought.c - see tarn-thought.h. */
#include "gui/tarn-thought.h"

#include "gui/tarn-config.h"
#include "gui/tarn-prose.h"
#include "gui/tarn-settings.h"
#include "gui/tarn-words.h"

enum {
    LINES = 10, /* high while it arrives */
    LINE_HEIGHT = 22,
    AT_END = 24,      /* px: as near counts as following */
    NO_CLICK_MS = 300 /* a double click on Send must not press Answer now */
};

struct _TarnThought {
    GtkBox parent;
    GtkButton *head;
    GtkLabel *summary;
    GtkImage *chevron;
    GtkButton *answer_now;
    GtkProgressBar *budget_bar;
    GtkScrolledWindow *scroller;
    TarnProse *text;
    GString *pending; /* while folded, nothing is laid out: text waits here */
    int budget; /* below 0: none */
    guint unlock, how; /* enum tarn_thoughts */
    gboolean arriving, touched, at_end;
};
G_DEFINE_FINAL_TYPE(TarnThought, tarn_thought, GTK_TYPE_BOX)

static void set_summary(TarnThought *t, const char *text)
{
    gtk_label_set_text(t->summary, text);
    gtk_widget_set_tooltip_text(GTK_WIDGET(t->head), text);
    gtk_accessible_update_property(GTK_ACCESSIBLE(t->head),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

static void flush(TarnThought *t)
{
    if (!t->pending->len || !gtk_widget_get_visible(GTK_WIDGET(t->scroller)))
        return;
    tarn_prose_append(t->text, t->pending->str, t->pending->len);
    g_string_truncate(t->pending, 0);
}

/* Unfolded by a person, or while it arrives in ten lines that scroll. */
static void set_height(TarnThought *t)
{
    gboolean low = t->arriving && !t->touched;
    gtk_scrolled_window_set_policy(t->scroller, GTK_POLICY_NEVER,
                                   low ? GTK_POLICY_AUTOMATIC
                                       : GTK_POLICY_NEVER);
    gtk_scrolled_window_set_max_content_height(t->scroller,
                                               low ? LINES * LINE_HEIGHT : -1);
}

void tarn_thought_set_open(TarnThought *t, gboolean open)
{
    gtk_widget_set_visible(GTK_WIDGET(t->scroller), open);
    gtk_image_set_from_icon_name(t->chevron, open ? "pan-down-symbolic"
                                                  : "pan-end-symbolic");
    gtk_accessible_update_state(GTK_ACCESSIBLE(t->head),
                                GTK_ACCESSIBLE_STATE_EXPANDED, open, -1);
    if (open)
        gtk_widget_add_css_class(GTK_WIDGET(t), "open");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(t), "open");
    set_height(t);
    flush(t);
}

gboolean tarn_thought_get_open(TarnThought *t)
{
    return gtk_widget_get_visible(GTK_WIDGET(t->scroller));
}

static void on_head(TarnThought *t)
{
    t->touched = TRUE;
    tarn_thought_set_open(t, !tarn_thought_get_open(t));
}

static void on_answer_now(TarnThought *t)
{
    gtk_widget_set_sensitive(GTK_WIDGET(t->answer_now), FALSE);
    gtk_widget_activate_action(GTK_WIDGET(t), "win.answer-now", NULL);
}

static gboolean unlock(gpointer user)
{
    TarnThought *t = user;
    t->unlock = 0;
    gtk_widget_set_sensitive(GTK_WIDGET(t->answer_now), TRUE);
    return G_SOURCE_REMOVE;
}

void tarn_thought_begin(TarnThought *t, int budget)
{
    t->arriving = TRUE;
    t->budget = budget;
    tarn_thought_set_open(t, t->how != TARN_THOUGHTS_FOLDED);
    gtk_widget_set_visible(GTK_WIDGET(t->budget_bar), budget > 0);
    gtk_widget_set_visible(GTK_WIDGET(t->answer_now), TRUE);
    gtk_widget_set_sensitive(GTK_WIDGET(t->answer_now), FALSE);
    g_clear_handle_id(&t->unlock, g_source_remove);
    t->unlock = g_timeout_add(NO_CLICK_MS, unlock, t);
    tarn_thought_count(t, 0, 0);
}

void tarn_thought_append(TarnThought *t, const char *text, gsize size)
{
    g_autofree char *valid = tarn_words_valid(text, (gssize)size);
    const char *from = valid;
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(t->text));
    if (!t->pending->len && !gtk_text_buffer_get_char_count(b))
        while (*from == '\n' || *from == ' ')
            from++; /* the layout's own line end after the tag */
    g_string_append(t->pending, from);
    flush(t);
}

void tarn_thought_count(TarnThought *t, guint n_tokens, double ms)
{
    g_autofree char *n = tarn_words_count(n_tokens);
    g_autofree char *speed = tarn_words_speed(n_tokens > 8 ? n_tokens : 0, ms);
    g_autofree char *most = tarn_words_count((guint64)MAX(t->budget, 0));
    g_autofree char *line =
        t->budget >= 0 ? g_strdup_printf(_("Thinking · %s of %s tokens"), n, most)
                  : g_strdup_printf(ngettext("Thinking · %s token",
                                             "Thinking · %s tokens", n_tokens),
                                    n);
    g_autofree char *whole =
        speed ? g_strconcat(line, " · ", speed, NULL) : g_strdup(line);
    set_summary(t, whole);
    if (t->budget > 0)
        gtk_progress_bar_set_fraction(t->budget_bar,
                                      MIN(1, n_tokens / (double)t->budget));
}

/* The line end before the closing tag is the layout's, not the thought's. */
static void trim_end(TarnThought *t)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(t->text));
    while (t->pending->len &&
           g_ascii_isspace(t->pending->str[t->pending->len - 1]))
        g_string_truncate(t->pending, t->pending->len - 1);
    if (t->pending->len)
        return;
    GtkTextIter end, from;
    gtk_text_buffer_get_end_iter(b, &end);
    from = end;
    while (gtk_text_iter_backward_char(&from) &&
           g_unichar_isspace(gtk_text_iter_get_char(&from)))
        gtk_text_buffer_delete(b, &from, &end);
}

void tarn_thought_finish(TarnThought *t, const TarnFigures *f)
{
    g_autofree char *line = tarn_figures_thought(f);
    t->arriving = FALSE;
    g_clear_handle_id(&t->unlock, g_source_remove);
    gtk_widget_set_visible(GTK_WIDGET(t->answer_now), FALSE);
    gtk_widget_set_visible(GTK_WIDGET(t->budget_bar), FALSE);
    set_summary(t, line ? line : _("Thought"));
    trim_end(t);
    if (!t->touched)
        tarn_thought_set_open(t, t->how == TARN_THOUGHTS_OPEN);
    else
        set_height(t);
}

void tarn_thought_set_how(TarnThought *t, guint how)
{
    t->how = how;
}

/* Inside the ten lines, new text is followed while the view is at the end. */
static void on_value(TarnThought *t, GtkAdjustment *a)
{
    t->at_end = gtk_adjustment_get_upper(a) - gtk_adjustment_get_page_size(a) -
                    gtk_adjustment_get_value(a) <=
                AT_END;
}

static void on_upper(TarnThought *t, GParamSpec *p, GtkAdjustment *a)
{
    (void)p;
    if (t->at_end && t->arriving)
        gtk_adjustment_set_value(a, gtk_adjustment_get_upper(a));
}

static gboolean on_scroll(TarnThought *t, double dx, double dy)
{
    (void)dx;
    /* Scrolling back to read is a touch: it will not fold under the reader. */
    if (dy < 0 && t->arriving)
        t->touched = TRUE, t->at_end = FALSE;
    return FALSE;
}

static void on_mark(TarnThought *t, GtkTextIter *where, GtkTextMark *mark)
{
    (void)where;
    (void)mark;
    if (gtk_text_buffer_get_has_selection(
            gtk_text_view_get_buffer(GTK_TEXT_VIEW(t->text))))
        t->touched = TRUE;
}

static void tarn_thought_dispose(GObject *o)
{
    GtkWidget *child;
    g_clear_handle_id(&TARN_THOUGHT(o)->unlock, g_source_remove);
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_thought_parent_class)->dispose(o);
}

static void tarn_thought_finalize(GObject *o)
{
    g_string_free(TARN_THOUGHT(o)->pending, TRUE);
    G_OBJECT_CLASS(tarn_thought_parent_class)->finalize(o);
}

static void tarn_thought_class_init(TarnThoughtClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_thought_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_thought_finalize;
    g_type_ensure(TARN_TYPE_PROSE);
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-thought.ui");
    gtk_widget_class_bind_template_child(w, TarnThought, head);
    gtk_widget_class_bind_template_child(w, TarnThought, summary);
    gtk_widget_class_bind_template_child(w, TarnThought, chevron);
    gtk_widget_class_bind_template_child(w, TarnThought, answer_now);
    gtk_widget_class_bind_template_child(w, TarnThought, budget_bar);
    gtk_widget_class_bind_template_child(w, TarnThought, scroller);
    gtk_widget_class_bind_template_child(w, TarnThought, text);
    gtk_widget_class_bind_template_callback(w, on_head);
    gtk_widget_class_bind_template_callback(w, on_answer_now);
}

static void tarn_thought_init(TarnThought *t)
{
    t->pending = g_string_new(NULL);
    t->at_end = TRUE;
    gtk_widget_init_template(GTK_WIDGET(t));
    GtkAdjustment *a = gtk_scrolled_window_get_vadjustment(t->scroller);
    g_signal_connect_swapped(a, "value-changed", G_CALLBACK(on_value), t);
    g_signal_connect_swapped(a, "notify::upper", G_CALLBACK(on_upper), t);
    g_signal_connect_object(gtk_text_view_get_buffer(GTK_TEXT_VIEW(t->text)),
                            "mark-set", G_CALLBACK(on_mark), t,
                            G_CONNECT_SWAPPED);
    GtkEventController *c =
        gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
    gtk_event_controller_set_propagation_phase(c, GTK_PHASE_CAPTURE);
    g_signal_connect_swapped(c, "scroll", G_CALLBACK(on_scroll), t);
    gtk_widget_add_controller(GTK_WIDGET(t->scroller), c);
}

GtkWidget *tarn_thought_new(void)
{
    return g_object_new(TARN_TYPE_THOUGHT, NULL);
}
