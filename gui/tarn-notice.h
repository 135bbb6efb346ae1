/* tarn-notice.h - the bar under the header: one sentence, one button.
 *
 * At most one is shown; an error replaces a notice, never the other way
 * round (UX 4.9.1).
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_NOTICE_H
#define TARN_GUI_NOTICE_H

#include <gtk/gtk.h>

#define TARN_TYPE_NOTICE (tarn_notice_get_type())
G_DECLARE_FINAL_TYPE(TarnNotice, tarn_notice, TARN, NOTICE, GtkBox)

typedef enum { TARN_NOTICE_QUIET, TARN_NOTICE_ERROR } TarnNoticeLevel;

/* button: its label, with the action it runs ("win.budget(256)"); NULL: none.
 */
void tarn_notice_show(TarnNotice *n, TarnNoticeLevel level, const char *text,
                      const char *button, const char *action);
void tarn_notice_hide(TarnNotice *n);

#endif
