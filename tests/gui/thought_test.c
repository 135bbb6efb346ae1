/* thought_test.c - a thought by itself, where this process alone turns the main
 * loop: what may be pressed when (UX 4.3.1). */
#include "gui/tarn-thought.h"
#include "tests/tap.h"

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
    for (gint64 end = g_get_monotonic_time() + 400000;
         g_get_monotonic_time() < end;)
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    CHECK(!gtk_widget_get_sensitive(now));
    g_object_unref(t);
}

int main(void)
{
    if (!gtk_init_check()) {
        printf("1..0 # SKIP no display\n");
        return 0;
    }
    RUN(test_answer_now_takes_no_click_for_300_ms);
    RUN(test_a_short_thought_leaves_no_timer);
    return tap_end();
}
