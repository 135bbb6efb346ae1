/* tarn-empty.c - see tarn-empty.h. */
#include "gui/tarn-empty.h"

#include "core/base/json.h"
#include "gui/tarn-config.h"
#include "gui/tarn-words.h"

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

static void add_example(TarnEmpty *e, const char *question)
{
    GtkWidget *b = gtk_button_new_with_label(gettext(question));
    GtkWidget *label = gtk_button_get_child(GTK_BUTTON(b));
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_button_set_has_frame(GTK_BUTTON(b), FALSE);
    gtk_widget_add_css_class(b, "example");
    g_signal_connect(b, "clicked", G_CALLBACK(on_example), e);
    gtk_box_append(e->examples, b);
}

/* web/examples.json, which the page has too. */
void tarn_empty_set_pocket(TarnEmpty *e, gboolean pocket)
{
    g_autoptr(GBytes) file = g_resources_lookup_data(
        TARN_RESOURCES "/examples.json", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    struct tarn_json *all = NULL;
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(e->examples))))
        gtk_box_remove(e->examples, child);
    if (!file || tarn_json_read(g_bytes_get_data(file, NULL),
                                g_bytes_get_size(file), &all, NULL))
        return;
    const struct tarn_json *list =
        tarn_json_get(all, pocket ? "pocket" : "other");
    for (const struct tarn_json *x = list ? list->first : NULL; x;
         x = x->next) {
        const struct tarn_json *question = tarn_json_get(x, "question");
        if (question && question->kind == TARN_JSON_STRING)
            add_example(e, question->text);
    }
    tarn_json_free(all);
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
