/* tarn-rename.h - asks for a name: the title of a chat, a preset.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_RENAME_H
#define TARN_GUI_RENAME_H

#include <adwaita.h>

typedef struct {
    const char *title; /* names the field, too */
    const char *hint;  /* NULL: none */
    const char *deed;  /* the suggested button */
} TarnNameAsk; /* of msgids */

/* done: once, with a name that is not blank; not called when it is given up.
 * what: comes back.  user lives as long as the parent. */
void tarn_rename_present(GtkWindow *parent, const TarnNameAsk *ask, gint64 what,
                         const char *name,
                         void (*done)(gint64 what, const char *name,
                                      gpointer user),
                         gpointer user);

#endif
