/* tarn-rename.h - asks for the title of a chat.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_RENAME_H
#define TARN_GUI_RENAME_H

#include <adwaita.h>

/* done: once, with a title that is not blank; not called when it is given
 * up.  user lives as long as the parent. */
void tarn_rename_present(GtkWindow *parent, gint64 chat, const char *title,
                         void (*done)(gint64 chat, const char *title,
                                      gpointer user),
                         gpointer user);

#endif
