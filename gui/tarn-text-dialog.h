/* tarn-text-dialog.h - asks for a longer text: instructions, a schema.
 *
 * Owns: what it is given is copied.  Threads: the main one.
 */
#ifndef TARN_GUI_TEXT_DIALOG_H
#define TARN_GUI_TEXT_DIALOG_H

#include <adwaita.h>

typedef struct {
    const char *title, *hint; /* the title names the field, too */
    const char *text;         /* to begin with; NULL: nothing */
    const char *deed;         /* the suggested button */
    const char *other;        /* a second one, "done" with NULL; or NULL */
    gboolean code;            /* in a monospace font */
    /* Owned sentence on what is wrong with it; NULL: good.  check NULL: any
     * text is good. */
    char *(*check)(const char *text);
    void (*done)(const char *text, gpointer user);
    gpointer user;
} TarnTextAsk;

void tarn_text_dialog_present(GtkWindow *parent, const TarnTextAsk *ask);

#endif
