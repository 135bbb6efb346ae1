/* tarn-cull-box.c - see tarn-cull-box.h. */
#include "gui/tarn-cull-box.h"

G_DEFINE_TYPE(TarnCullBox, tarn_cull_box, GTK_TYPE_BOX)

enum { NEAR = 400 }; /* pixels beyond the view that count as visible */

static GtkWidget *view_of(GtkWidget *w)
{
    return gtk_widget_get_ancestor(w, GTK_TYPE_SCROLLED_WINDOW);
}

static void tarn_cull_box_snapshot(GtkWidget *w, GtkSnapshot *s)
{
    GtkWidget *view = view_of(w);
    double x, top = 0, height = G_MAXDOUBLE;
    if (view && gtk_widget_translate_coordinates(w, view, 0, 0, &x, &top))
        height = gtk_widget_get_height(view);
    for (GtkWidget *c = gtk_widget_get_first_child(w); c;
         c = gtk_widget_get_next_sibling(c)) {
        graphene_rect_t r;
        if (!gtk_widget_get_visible(c) || !gtk_widget_compute_bounds(c, w, &r))
            continue;
        double y = top + (double)r.origin.y;
        if (y + (double)r.size.height < -1)
            continue;
        if (y > height + 1)
            break;
        gtk_widget_snapshot_child(w, c, s);
    }
}

void tarn_cull_box_scrolled(TarnCullBox *box)
{
    GtkWidget *w = GTK_WIDGET(box), *view = view_of(w);
    if (!view)
        return;
    float height = (float)gtk_widget_get_height(view) + NEAR;
    gtk_widget_queue_draw(w);
    for (GtkWidget *c = gtk_widget_get_first_child(w); c;
         c = gtk_widget_get_next_sibling(c)) {
        graphene_rect_t r;
        if (TARN_IS_CULL_BOX(c) && gtk_widget_compute_bounds(c, view, &r) &&
            r.origin.y + r.size.height >= -NEAR && r.origin.y <= height)
            tarn_cull_box_scrolled(TARN_CULL_BOX(c));
    }
}

static void tarn_cull_box_class_init(TarnCullBoxClass *klass)
{
    GTK_WIDGET_CLASS(klass)->snapshot = tarn_cull_box_snapshot;
}

static void tarn_cull_box_init(TarnCullBox *box)
{
    gtk_orientable_set_orientation(GTK_ORIENTABLE(box),
                                   GTK_ORIENTATION_VERTICAL);
}
