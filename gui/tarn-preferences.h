/* tarn-preferences.h - the window of settings.
 *
 * Every row says its default; each page has a button that brings its defaults
 * back (UX 4.12).
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_PREFERENCES_H
#define TARN_GUI_PREFERENCES_H

#include <adwaita.h>

#include "gui/tarn-settings.h"

/* settings: borrowed for as long as the window lives, changed in place; then
 * changed() is called. */
void tarn_preferences_present(GtkWindow *parent, TarnSettings *settings,
                              void (*changed)(gpointer user), gpointer user);

#endif
