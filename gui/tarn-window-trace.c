/* tarn-window-trace.c - the trace pane in the window: what it shows, and what
 * its acts do to the chat.  See tarn-window-inside.h. */
#include <string.h>

#include "gui/tarn-trace-pane.h"
#include "gui/tarn-traces.h"
#include "gui/tarn-window-inside.h"
#include "gui/tarn-words.h"

/* Three columns below 1,440 px leave the chat under 400 px: the sidebar folds
 * while the trace is open.  Two below 960 px do so too: then the trace stands
 * in the chat's place. */
enum { FOR_THREE = 1440, FOR_TWO = 960 };
enum { LEAST = 420, MOST = 760 }; /* px of the pane */
enum { SETTLE_US = 400000 };
enum place { AWAY, ALONE, BESIDE, THIRD };

/* Which one of its answer's branches is shown, where that is seen. */
static void show_branch(TarnWindow *w, TarnConversation *c)
{
    struct tarn_message m = { .size = sizeof m };
    gboolean known = w->traced && c == tarn_page_conversation(w->page) &&
                     tarn_chat_find(tarn_conversation_chat(c), w->traced, &m);
    tarn_trace_pane_set_branch(w->pane, known ? m.sibling + 1 : 0,
                               known ? m.n_siblings : 0);
}

static void show_last(TarnWindow *w)
{
    TarnConversation *c = NULL;
    tarn_message_id message = 0;
    const struct tarn_trace *t =
        tarn_traces_last(tarn_page_traces(w->page), &c, &message);
    if (!t) { /* of a chat that was read */
        c = tarn_page_conversation(w->page);
        message = tarn_conversation_last_of(c, TARN_ASSISTANT);
        t = tarn_traces_of(tarn_page_traces(w->page), c, message);
    }
    w->traced = t ? message : 0;
    g_set_object(&w->traced_in, c);
    tarn_trace_pane_set(w->pane, t, c == tarn_page_conversation(w->page));
    show_branch(w, c);
}

/* A record grows, or another turn has begun, which may have cost the oldest
 * record. */
static void on_traced(TarnWindow *w)
{
    if (gtk_widget_get_visible(GTK_WIDGET(w->pane)))
        show_last(w);
    else
        tarn_trace_pane_set(w->pane, NULL, FALSE);
}

void tarn_window_trace_of(TarnWindow *w, tarn_message_id message)
{
    TarnConversation *c = tarn_page_conversation(w->page);
    const struct tarn_trace *t =
        tarn_traces_of(tarn_page_traces(w->page), c, message);
    if (!t) {
        tarn_window_toast(w, _("The tokens of this answer are not recorded. "
                               "Regenerate writes another one."));
        return;
    }
    if (!w->pane || !gtk_widget_get_visible(GTK_WIDGET(w->pane)))
        tarn_window_show_trace(w);
    w->traced = message;
    tarn_trace_pane_set(w->pane, t, TRUE);
    g_set_object(&w->traced_in, c);
    show_branch(w, c);
}

/* ------------------------------------------------------------------ once more
 */
/* A record of one's own: the one that is shown may grow, or go. */
static struct tarn_trace *copy_of(const struct tarn_trace *t)
{
    struct tarn_buf b = { 0 };
    struct tarn_trace *copy = NULL;
    if (tarn_trace_write(t, &b, NULL) || b.failed ||
        tarn_trace_read(b.data, b.size, &copy, NULL))
        copy = NULL;
    tarn_buf_finish(&b);
    return copy;
}

typedef struct {
    TarnWindow *window;               /* while its worker has the seat */
    const struct tarn_trace *shown;   /* only compared */
    struct tarn_trace *trace, *again; /* owned */
    struct tarn_trace_difference found;
    struct tarn_error err;
} Again;

static void compute(struct tarn_engine *engine, const struct tarn_model *model,
                    gpointer data)
{
    Again *a = data;
    if (!tarn_trace_replay(a->trace, engine, tarn_model_text(model), &a->found,
                           &a->again, &a->err) &&
        a->again)
        tarn_trace_detach(a->again, NULL); /* the model may go before it */
}

static char *word_of(const struct tarn_trace *t, gsize i)
{
    gsize n, size;
    const struct tarn_trace_token *k = tarn_trace_tokens(t, &n);
    const char *bytes = i < n ? tarn_trace_piece(t, k[i].id, &size) : NULL;
    return bytes ? tarn_words_valid(bytes, (gssize)size)
                 : g_strdup(_("the end"));
}

/* MN17, MN18 */
static char *tell_again(const Again *a)
{
    gsize n;
    tarn_trace_tokens(a->trace, &n);
    g_autofree char *all = tarn_words_count(n);
    if (!a->found.differs)
        return g_strdup_printf(_("Reproduced: all %s tokens are the same."),
                               all);
    g_autofree char *here = word_of(a->again, a->found.at);
    g_autofree char *there = word_of(a->trace, a->found.at);
    if (strcmp(here, there))
        return g_strdup_printf(_("Not reproduced: token %u is “%s” here and "
                                 "“%s” in the trace."),
                               (guint)a->found.at, here, there);
    return g_strdup_printf(_("Not reproduced: token %u is the same, its %s is "
                             "not."),
                           (guint)a->found.at, a->found.what);
}

static void on_again(gpointer data)
{
    Again *a = data;
    TarnWindow *w = a->window;
    tarn_page_set_away(w->page, NULL);
    tarn_window_update_title(w);
    if (!w->pane || tarn_trace_pane_get(w->pane) != a->shown)
        return;
    if (a->err.status) {
        g_autofree char *said = tarn_words_valid(a->err.text, -1);
        tarn_trace_pane_say(w->pane, FALSE,
                            a->err.status == TARN_CANCELLED ? _("Stopped.")
                                                            : said);
        return;
    }
    g_autofree char *said = tell_again(a);
    if (a->found.differs)
        tarn_trace_pane_set_other(w->pane, g_steal_pointer(&a->again),
                                  _("computed here"));
    tarn_trace_pane_say(w->pane, !a->found.differs, said);
}

static void drop_again(gpointer data)
{
    Again *a = data;
    tarn_trace_destroy(a->trace);
    tarn_trace_destroy(a->again);
    g_free(a);
}

/* ME27 */
static gboolean is_of_this_model(TarnWindow *w, const struct tarn_trace *t)
{
    struct tarn_model *model = tarn_worker_model(w->worker);
    return model && tarn_trace_fits(t, tarn_model_info(model));
}

static void on_reproduce(TarnWindow *w)
{
    const struct tarn_trace *t = tarn_trace_pane_get(w->pane);
    if (tarn_page_is_running(w->page)) {
        tarn_trace_pane_say(w->pane, FALSE,
                            _("The answer is still being written."));
        return;
    }
    if (!tarn_worker_model(w->worker))
        return;
    if (!is_of_this_model(w, t)) {
        tarn_trace_pane_say(
            w->pane, FALSE,
            _("This trace was made with another model file; it can be read and "
              "replayed, not reproduced."));
        return;
    }
    Again *a = g_new0(Again, 1);
    a->window = w;
    a->shown = t;
    a->trace = copy_of(t);
    const TarnErrand errand = { compute, on_again, drop_again, a };
    if (!a->trace) {
        drop_again(a);
        tarn_trace_pane_say(w->pane, FALSE, _("There was not enough memory."));
    } else if (tarn_worker_send(w->worker, &errand)) {
        tarn_page_set_away(w->page, _("Computing the turn again…"));
    }
}

/* The nearest branch whose tokens are recorded. */
static void on_branch(TarnWindow *w)
{
    TarnConversation *c = tarn_page_conversation(w->page);
    const struct tarn_trace *t = NULL;
    struct tarn_message m = { .size = sizeof m };
    for (int i = 2; i < 64 && !t && w->traced; i++) {
        int delta = i % 2 ? i / 2 : -(i / 2);
        tarn_message_id other = tarn_conversation_sibling(c, w->traced, delta);
        t = other ? tarn_traces_of(tarn_page_traces(w->page), c, other) : NULL;
        if (t)
            tarn_chat_find(tarn_conversation_chat(c), other, &m);
    }
    struct tarn_trace *copy = t ? copy_of(t) : NULL;
    if (!copy) {
        tarn_trace_pane_say(w->pane, FALSE,
                            _("No other branch of this answer is recorded."));
        return;
    }
    g_autofree char *name =
        g_strdup_printf(_("branch %u of %u"), m.sibling + 1, m.n_siblings);
    tarn_trace_pane_set_other(w->pane, copy, name);
    tarn_trace_pane_show_compare(w->pane);
}

static void on_reveal(TarnWindow *w)
{
    gtk_widget_set_visible(GTK_WIDGET(w->page), TRUE);
    tarn_page_reveal(w->page, w->traced);
}

static void on_fork(TarnWindow *w, guint token, int id)
{
    if (tarn_page_is_running(w->page))
        tarn_window_toast(w, _("The answer is still being written."));
    else if (tarn_worker_model(w->worker) &&
             !is_of_this_model(w, tarn_trace_pane_get(w->pane)))
        tarn_window_toast(w, _("This answer was written by another model "
                               "file. Regenerate writes another one."));
    else
        tarn_page_fork(w->page, w->traced, token, id);
}

static enum place place_for(TarnWindow *w, int width)
{
    return !w->pane || !gtk_widget_get_visible(GTK_WIDGET(w->pane)) ? AWAY
           : width < FOR_TWO                                        ? ALONE
           : width < FOR_THREE                                      ? BESIDE
                                                                    : THIRD;
}

gboolean tarn_window_trace_misplaced(TarnWindow *w, int width)
{
    return (int)place_for(w, width) != w->trace_place;
}

/* The sidebar comes and goes over some frames, and the line between chat and
 * trace would stay where it was.  Later it is the person's. */
static gboolean on_frame(GtkWidget *paned, GdkFrameClock *clock, gpointer user)
{
    TarnWindow *w = user;
    int width = gtk_widget_get_width(GTK_WIDGET(w));
    int pane = CLAMP(width * 475 / 1000, LEAST, MOST);
    int wanted = MAX(gtk_widget_get_width(paned) - pane, 0);
    (void)clock;
    if (gtk_paned_get_position(w->paned) != wanted)
        gtk_paned_set_position(w->paned, wanted);
    if (g_get_monotonic_time() < w->trace_until)
        return G_SOURCE_CONTINUE;
    w->trace_tick = 0;
    return G_SOURCE_REMOVE;
}

void tarn_window_place_trace(TarnWindow *w)
{
    int width = gtk_widget_get_width(GTK_WIDGET(w));
    enum place place = place_for(w, width);
    gboolean sidebar =
        !w->narrow && w->settings->sidebar && (place == AWAY || place == THIRD);
    w->trace_place = (int)place;
    gtk_widget_set_visible(GTK_WIDGET(w->page), place != ALONE);
    if (!w->narrow)
        adw_flap_set_reveal_flap(w->flap, sidebar);
    if (place != BESIDE && place != THIRD)
        return;
    w->trace_until = g_get_monotonic_time() + SETTLE_US;
    if (!w->trace_tick)
        w->trace_tick = gtk_widget_add_tick_callback(GTK_WIDGET(w->paned),
                                                     on_frame, w, NULL);
}

static void on_closed(TarnWindow *w)
{
    gtk_widget_set_visible(GTK_WIDGET(w->pane), FALSE);
    tarn_window_place_trace(w);
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
    g_signal_connect_swapped(w->pane, "reproduce", G_CALLBACK(on_reproduce), w);
    g_signal_connect_swapped(w->pane, "branch", G_CALLBACK(on_branch), w);
    g_signal_connect_swapped(w->pane, "reveal", G_CALLBACK(on_reveal), w);
    g_signal_connect_object(tarn_page_traces(w->page), "changed",
                            G_CALLBACK(on_traced), w, G_CONNECT_SWAPPED);
    gtk_widget_set_size_request(GTK_WIDGET(w->pane), 340, -1);
    gtk_widget_set_visible(GTK_WIDGET(w->pane), FALSE);
    gtk_paned_set_end_child(w->paned, GTK_WIDGET(w->pane));
    gtk_paned_set_shrink_end_child(w->paned, FALSE);
    gtk_paned_set_resize_end_child(w->paned, FALSE);
}

void tarn_window_show_trace(TarnWindow *w)
{
    if (!w->pane)
        make_pane(w);
    if (gtk_widget_get_visible(GTK_WIDGET(w->pane))) {
        on_closed(w);
        return;
    }
    gtk_widget_set_visible(GTK_WIDGET(w->pane), TRUE);
    tarn_window_place_trace(w);
    show_last(w);
    tarn_trace_pane_focus(w->pane);
}

void tarn_window_open_trace(TarnWindow *w, const char *path)
{
    if (!w->pane || !gtk_widget_get_visible(GTK_WIDGET(w->pane)))
        tarn_window_show_trace(w);
    w->traced = 0;
    show_branch(w, NULL);
    tarn_trace_pane_open(w->pane, path);
}
