/* tarn-cull-box.h - a vertical box that paints only what its view shows.
 *
 * The transcript is one of these, its turns are others, their blocks lie in
 * a third.  All children are laid out and reachable (selection, screen
 * readers); a frame costs what is visible.
 *
 * Threads: the main one, like every widget here.
 */
#ifndef TARN_GUI_CULL_BOX_H
#define TARN_GUI_CULL_BOX_H

#include <gtk/gtk.h>

#define TARN_TYPE_CULL_BOX (tarn_cull_box_get_type())
G_DECLARE_DERIVABLE_TYPE(TarnCullBox, tarn_cull_box, TARN, CULL_BOX, GtkBox)

struct _TarnCullBoxClass {
    GtkBoxClass parent_class;
};

/* What was skipped before may be visible now: call when the view scrolls. */
void tarn_cull_box_scrolled(TarnCullBox *box);

#endif
