/* thought_test.c - a thought and an answer by themselves, where this process
 * alone turns the main loop: what may be pressed when (UX 4.3.1), and that a
 * short answer which comes in one piece can be seen. */
#include "core/tarn.h"
#include "gui/tarn-answer.h"
#include "gui/tarn-prose.h"
#include "gui/tarn-thought.h"
#include "tests/tap.h"

static void settle(int ms)
{
    for (gint64 end = g_get_monotonic_time() + ms * 1000;
         g_get_monotonic_time() < end;)
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
}

static GtkWidget *child(GtkWidget *w, const char *id)
{
    GObject *o = gtk_widget_get_template_child(w, TARN_TYPE_THOUGHT, id);
    return o ? GTK_WIDGET(o) : NULL;
}

/* A second click on what was Send must not press it. */
static void test_answer_now_takes_no_click_for_300_ms(void)
{
    GtkWidget *t = g_object_ref_sink(tarn_thought_new());
    GtkWidget *now = child(t, "answer_now");
    for (int again = 0; again < 2; again++) {
        const gint64 from = g_get_monotonic_time();
        tarn_thought_begin(TARN_THOUGHT(t), -1);
        CHECK(gtk_widget_get_visible(now) && !gtk_widget_get_sensitive(now));
        while (!gtk_widget_get_sensitive(now) &&
               g_get_monotonic_time() < from + 30 * G_USEC_PER_SEC)
            g_main_context_iteration(NULL, TRUE);
        CHECK(gtk_widget_get_sensitive(now));
        /* The loop's clock may be a little behind this one. */
        CHECK_SAYS(g_get_monotonic_time() - from >= 299000, "%" G_GINT64_FORMAT,
                   g_get_monotonic_time() - from);
    }
    g_object_unref(t);
}

/* Closed before its time came: nothing is left that would unlock it. */
static void test_a_short_thought_leaves_no_timer(void)
{
    GtkWidget *t = g_object_ref_sink(tarn_thought_new());
    GtkWidget *now = child(t, "answer_now");
    const TarnFigures f = { .budget = 40, .n_thought = 9 };
    tarn_thought_begin(TARN_THOUGHT(t), 40);
    tarn_thought_finish(TARN_THOUGHT(t), &f);
    CHECK(!gtk_widget_get_visible(now));
    settle(400);
    CHECK(!gtk_widget_get_sensitive(now));
    g_object_unref(t);
}

/* The prose with these words; NULL: none. */
static GtkWidget *prose_with(GtkWidget *w, const char *words)
{
    if (TARN_IS_PROSE(w)) {
        g_autofree char *text = NULL;
        g_object_get(gtk_text_view_get_buffer(GTK_TEXT_VIEW(w)), "text", &text,
                     NULL);
        return strstr(text, words) ? w : NULL;
    }
    GtkWidget *found = NULL;
    for (GtkWidget *c = gtk_widget_get_first_child(w); c && !found;
         c = gtk_widget_get_next_sibling(c))
        found = prose_with(c, words);
    return found;
}

static gboolean whole_turn(GtkWidget *w, GdkFrameClock *clock, gpointer user)
{
    TarnAnswer *a = TARN_ANSWER(w);
    const TarnFigures f = { .budget = -1, .n_thought = 3, .n_answer = 5 };
    (void)clock;
    tarn_answer_text(a, TARN_SPAN_THOUGHT, "4+2=6\n", 6);
    tarn_answer_thought_done(a, &f);
    tarn_answer_text(a, TARN_SPAN_ANSWER, "It is six.", 10);
    tarn_answer_frame(a);
    tarn_answer_finish(a, &f);
    *(gboolean *)user = TRUE;
    return G_SOURCE_REMOVE;
}

static void test_an_answer_in_one_piece_can_be_seen(void)
{
    GtkWidget *window = gtk_window_new(), *view = gtk_scrolled_window_new();
    GtkWidget *a = tarn_answer_new(1, "Pocket");
    gboolean over = FALSE;
    gtk_window_set_default_size(GTK_WINDOW(window), 500, 400);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(view), a);
    gtk_window_set_child(GTK_WINDOW(window), view);
    gtk_window_present(GTK_WINDOW(window));
    tarn_answer_begin(TARN_ANSWER(a), -1);
    for (int i = 0; i < 500 && !gtk_widget_get_mapped(a); i++)
        settle(20);
    settle(200);
    gtk_widget_add_tick_callback(a, whole_turn, &over, NULL);
    for (int i = 0; i < 500 && !over; i++)
        settle(20);
    GtkWidget *prose = prose_with(a, "It is six.");
    CHECK(over && prose);
    for (int i = 0; i < 150 && prose && gtk_widget_get_height(prose) < 12; i++)
        settle(20);
    CHECK_SAYS(prose && gtk_widget_get_height(prose) >= 12, "%d pixels",
               prose ? gtk_widget_get_height(prose) : -1);
    gtk_window_destroy(GTK_WINDOW(window));
}

int main(void)
{
    if (!gtk_init_check()) {
        printf("1..0 # SKIP no display\n");
        return 0;
    }
    RUN(test_answer_now_takes_no_click_for_300_ms);
    RUN(test_a_short_thought_leaves_no_timer);
    RUN(test_an_answer_in_one_piece_can_be_seen);
    return tap_end();
}
