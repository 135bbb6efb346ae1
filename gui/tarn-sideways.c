/* tarn-sideways.c - see tarn-sideways.h. */
#include "gui/tarn-sideways.h"

void tarn_sideways(GtkScrolledWindow *scroller)
{
    gtk_scrolled_window_set_policy(scroller, GTK_POLICY_AUTOMATIC,
                                   GTK_POLICY_NEVER);
    g_autoptr(GListModel) list =
        gtk_widget_observe_controllers(GTK_WIDGET(scroller));
    for (guint i = 0; i < g_list_model_get_n_items(list); i++) {
        g_autoptr(GObject) c = g_list_model_get_item(list, i);
        if (GTK_IS_EVENT_CONTROLLER_SCROLL(c))
            gtk_event_controller_scroll_set_flags(
                GTK_EVENT_CONTROLLER_SCROLL(c),
                GTK_EVENT_CONTROLLER_SCROLL_HORIZONTAL |
                    GTK_EVENT_CONTROLLER_SCROLL_KINETIC);
    }
}
