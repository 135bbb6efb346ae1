/* tarn-empty.c - see tarn-empty.h. */
#include "gui/tarn-empty.h"

#include "gui/tarn-config.h"
#include "gui/tarn-words.h"

enum { N_EXAMPLES = 3 };

struct _TarnEmpty {
    GtkBox parent;
    GtkBox *examples;
};
G_DEFINE_FINAL_TYPE(TarnEmpty, tarn_empty, GTK_TYPE_BOX)

static guint signal_example;

static void on_example(GtkButton *button, gpointer user)
{
    GtkWidget *label = gtk_button_get_child(button);
    g_signal_emit(user, signal_example, 0,
                  gtk_label_get_text(GTK_LABEL(label)));
}

void tarn_empty_set_pocket(TarnEmpty *e, gboolean pocket)
{
    static const char *const SMALL[N_EXAMPLES] = {
        N_("What is 4821 + 977?"), N_("How many r's are in strawberry?"),
        N_("If today is Friday, what day was it 3 days ago?")
    };
    static const char *const LARGE[N_EXAMPLES] = {
        N_("Is 391 a prime number?"), N_("Sort: pear, fig, apple, date"),
        N_("What day is 40 days after a Monday?")
    };
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(e->examples))))
        gtk_box_remove(e->examples, child);
    for (int i = 0; i < N_EXAMPLES; i++) {
        GtkWidget *b =
            gtk_button_new_with_label(gettext(pocket ? SMALL[i] : LARGE[i]));
        GtkWidget *label = gtk_button_get_child(GTK_BUTTON(b));
        gtk_label_set_xalign(GTK_LABEL(label), 0);
        gtk_label_set_wrap(GTK_LABEL(label), TRUE);
        gtk_button_set_has_frame(GTK_BUTTON(b), FALSE);
        gtk_widget_add_css_class(b, "example");
        g_signal_connect(b, "clicked", G_CALLBACK(on_example), e);
        gtk_box_append(e->examples, b);
    }
}

static void tarn_empty_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_empty_parent_class)->dispose(o);
}

static void tarn_empty_class_init(TarnEmptyClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_empty_dispose;
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-empty.ui");
    gtk_widget_class_bind_template_child(w, TarnEmpty, examples);
    signal_example =
        g_signal_new("example", TARN_TYPE_EMPTY, G_SIGNAL_RUN_LAST, 0, NULL,
                     NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void tarn_empty_init(TarnEmpty *e)
{
    gtk_widget_init_template(GTK_WIDGET(e));
}
