/* tarn-sideways.h - a scroller inside the transcript that scrolls sideways.
 *
 * GTK's own takes the wheel's up and down too, and does nothing with it: the
 * reader would be stuck on a table.  This one leaves that to the transcript.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_SIDEWAYS_H
#define TARN_GUI_SIDEWAYS_H

#include <gtk/gtk.h>

void tarn_sideways(GtkScrolledWindow *scroller);

#endif
