/* tarn-shot.h - a picture of the window for tests and documents.
 *
 * With TARN_SHOT=FILE.png in the environment the window paints itself into
 * that file TARN_SHOT_AFTER milliseconds (600) after it was shown, and ends
 * the program if TARN_SHOT_QUIT is set.  The window's tests also send it
 * SIGUSR1 for one more picture.
 */
#ifndef TARN_GUI_SHOT_H
#define TARN_GUI_SHOT_H

#include <gtk/gtk.h>

/* Does nothing without TARN_SHOT. */
void tarn_shot_arm(GtkWidget *window);

#endif
