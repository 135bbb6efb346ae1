/* tarn-window-trace.c - the trace pane in the window: what it shows, and what
 * its acts do to the chat.  See tarn-window-inside.h. */
#include "gui/tarn-trace-pane.h"
#include "gui/tarn-traces.h"
#include "gui/tarn-window-inside.h"
#include "gui/tarn-words.h"

enum { PANE = 640 }; /* px when it is opened first */

static void show_last(TarnWindow *w)
{
    TarnConversation *c = NULL;
    tarn_message_id message = 0;
    struct tarn_trace *t =
        tarn_traces_last(tarn_page_traces(w->page), &c, &message);
    w->traced = message;
    tarn_trace_pane_set(w->pane, t, c == tarn_page_conversation(w->page));
}

/* A record grows, or another turn has begun. */
static void on_traced(TarnWindow *w)
{
    if (gtk_widget_get_visible(GTK_WIDGET(w->pane)))
        show_last(w);
    else
        tarn_trace_pane_set(w->pane, NULL, FALSE);
}

static void on_fork(TarnWindow *w, guint token, int id)
{
    if (tarn_page_is_running(w->page))
        tarn_window_toast(w, _("The answer is still being written."));
    else
        tarn_page_fork(w->page, w->traced, token, id);
}

static void on_closed(TarnWindow *w)
{
    gtk_widget_set_visible(GTK_WIDGET(w->pane), FALSE);
    tarn_page_focus(w->page);
}

static void on_failed(TarnWindow *w, const char *text)
{
    tarn_page_notice(w->page, TRUE, text, NULL, NULL);
}

/* Made when it is asked for. */
static void make_pane(TarnWindow *w)
{
    w->pane = TARN_TRACE_PANE(tarn_trace_pane_new());
    g_signal_connect_swapped(w->pane, "fork", G_CALLBACK(on_fork), w);
    g_signal_connect_swapped(w->pane, "closed", G_CALLBACK(on_closed), w);
    g_signal_connect_swapped(w->pane, "failed", G_CALLBACK(on_failed), w);
    g_signal_connect_object(tarn_page_traces(w->page), "changed",
                            G_CALLBACK(on_traced), w, G_CONNECT_SWAPPED);
    gtk_widget_set_size_request(GTK_WIDGET(w->pane), 340, -1);
    gtk_paned_set_end_child(w->paned, GTK_WIDGET(w->pane));
    gtk_paned_set_shrink_end_child(w->paned, FALSE);
    gtk_paned_set_resize_end_child(w->paned, FALSE);
    int width = gtk_widget_get_width(GTK_WIDGET(w->paned));
    gtk_paned_set_position(w->paned, MAX(width - MAX(PANE, width / 2), 300));
}

void tarn_window_show_trace(TarnWindow *w)
{
    gboolean shown = w->pane && gtk_widget_get_visible(GTK_WIDGET(w->pane));
    if (!w->pane)
        make_pane(w);
    gtk_widget_set_visible(GTK_WIDGET(w->pane), !shown);
    if (shown) {
        tarn_page_focus(w->page);
        return;
    }
    show_last(w);
    tarn_trace_pane_focus(w->pane);
}

void tarn_window_open_trace(TarnWindow *w, const char *path)
{
    if (!w->pane || !gtk_widget_get_visible(GTK_WIDGET(w->pane)))
        tarn_window_show_trace(w);
    w->traced = 0;
    tarn_trace_pane_open(w->pane, path);
}
