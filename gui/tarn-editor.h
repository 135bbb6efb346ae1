/* tarn-editor.h - a text that is edited in place of a message or an answer.
 *
 * Return (Shift+Return: a new line) or the button ends it with signal "done"
 * (text), Escape or Cancel with "cancelled".  Hidden while it is not open.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_EDITOR_H
#define TARN_GUI_EDITOR_H

#include <gtk/gtk.h>

#define TARN_TYPE_EDITOR (tarn_editor_get_type())
G_DECLARE_FINAL_TYPE(TarnEditor, tarn_editor, TARN, EDITOR, GtkBox)

/* name: of the field, for a screen reader; done: what the button says. */
void tarn_editor_open(TarnEditor *e, const char *text, const char *name,
                      const char *done);

#endif
