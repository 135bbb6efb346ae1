/* pane.h - the trace pane alone in a window of 760 by 900, for the tests that
 * look into it.  Include it once.
 *
 * Owns: what show_pane() makes, until end_pane(). */
#ifndef TARN_TESTS_GUI_PANE_H
#define TARN_TESTS_GUI_PANE_H

#include "core/trace/trace.h"
#include "gui/tarn-trace-pane.h"
#include "tests/tap.h"

static const char *path; /* of the trace */
static GtkWidget *window;
static TarnTracePane *pane;
static struct tarn_trace *trace;

static inline GtkWidget *find(GtkWidget *w, GType type)
{
    if (g_type_is_a(G_OBJECT_TYPE(w), type))
        return w;
    for (GtkWidget *c = gtk_widget_get_first_child(w); c;
         c = gtk_widget_get_next_sibling(c)) {
        GtkWidget *found = find(c, type);
        if (found)
            return found;
    }
    return NULL;
}

static inline void settle(int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;
    while (g_get_monotonic_time() < end)
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
}

static inline TarnTraceLanes *lanes(void)
{
    return TARN_TRACE_LANES(find(GTK_WIDGET(pane), TARN_TYPE_TRACE_LANES));
}

/* The first label that begins so; NULL: none is visible. */
static inline const char *label_that_begins(const char *begin)
{
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    g_ptr_array_add(todo, pane);
    for (guint i = 0; i < todo->len; i++) {
        GtkWidget *w = todo->pdata[i];
        if (!gtk_widget_get_mapped(w))
            continue;
        if (GTK_IS_LABEL(w) &&
            g_str_has_prefix(gtk_label_get_text(GTK_LABEL(w)), begin))
            return gtk_label_get_text(GTK_LABEL(w));
        for (GtkWidget *c = gtk_widget_get_first_child(w); c;
             c = gtk_widget_get_next_sibling(c))
            g_ptr_array_add(todo, c);
    }
    return NULL;
}

static inline GtkButton *button_of(const char *label)
{
    const char *text = label_that_begins(label);
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    g_ptr_array_add(todo, pane);
    for (guint i = 0; text && i < todo->len; i++) {
        GtkWidget *w = todo->pdata[i];
        if (GTK_IS_BUTTON(w) &&
            !g_strcmp0(gtk_button_get_label(GTK_BUTTON(w)), label))
            return GTK_BUTTON(w);
        for (GtkWidget *c = gtk_widget_get_first_child(w); c;
             c = gtk_widget_get_next_sibling(c))
            g_ptr_array_add(todo, c);
    }
    return NULL;
}

/* FALSE: there is no such trace. */
static inline gboolean show_pane(void)
{
    struct tarn_error err = { 0 };
    CHECK_SAYS(!tarn_trace_load(path, &trace, &err), "%s", err.text);
    if (!trace)
        return FALSE;
    GtkCssProvider *css = gtk_css_provider_new();
    gtk_css_provider_load_from_resource(css, "/org/tarn/Tarn/style.css");
    gtk_style_context_add_provider_for_display(
        gdk_display_get_default(), GTK_STYLE_PROVIDER(css),
        GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    window = gtk_window_new();
    gtk_window_set_default_size(GTK_WINDOW(window), 760, 900);
    pane = TARN_TRACE_PANE(tarn_trace_pane_new());
    gtk_window_set_child(GTK_WINDOW(window), GTK_WIDGET(pane));
    tarn_trace_pane_set(pane, trace, FALSE);
    gtk_window_present(GTK_WINDOW(window));
    settle(300);
    return TRUE;
}

static inline void end_pane(void)
{
    tarn_trace_pane_set(pane, NULL, FALSE);
    gtk_window_destroy(GTK_WINDOW(window));
    settle(50);
    tarn_trace_destroy(trace);
}

#endif
