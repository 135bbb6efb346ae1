/* tarn-empty.h - what an empty chat shows: a sentence and three examples.
 *
 * A click fills the composer (signal "example" with the text), it does not
 * send.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_EMPTY_H
#define TARN_GUI_EMPTY_H

#include <gtk/gtk.h>

#define TARN_TYPE_EMPTY (tarn_empty_get_type())
G_DECLARE_FINAL_TYPE(TarnEmpty, tarn_empty, TARN, EMPTY, GtkBox)

/* pocket: examples that the small model answers right (tests/e2e asks it). */
void tarn_empty_set_pocket(TarnEmpty *e, gboolean pocket);

#endif
