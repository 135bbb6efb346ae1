/* tarn-code.h - a block of code: language, copy button, highlighted text.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_CODE_H
#define TARN_GUI_CODE_H

#include <gtk/gtk.h>

#define TARN_TYPE_CODE (tarn_code_get_type())
G_DECLARE_FINAL_TYPE(TarnCode, tarn_code, TARN, CODE, GtkBox)

GtkWidget *tarn_code_new(void);
/* text: valid UTF-8.  While it only grows, only the new part is inserted.
 * Colours come when it is closed. */
void tarn_code_update(TarnCode *code, const char *text, const char *language,
                      gboolean closed);

#endif
