/* tarn-window.h - the window: header, page, dialogs, actions.
 *
 * Opens models (file chooser, drop, command line) through the worker and
 * takes them when no turn is running; a file that is no model leaves the
 * present one in place.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_WINDOW_H
#define TARN_GUI_WINDOW_H

#include <adwaita.h>

#include "gui/tarn-settings.h"

#define TARN_TYPE_WINDOW (tarn_window_get_type())
G_DECLARE_FINAL_TYPE(TarnWindow, tarn_window, TARN, WINDOW,
                     AdwApplicationWindow)

/* settings: borrowed, lives as long as the application. */
TarnWindow *tarn_window_new(AdwApplication *app, TarnSettings *settings);
/* path NULL: the model of last time, else the pocket model. */
void tarn_window_open(TarnWindow *w, const char *path);

#endif
