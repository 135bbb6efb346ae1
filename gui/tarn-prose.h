/* tarn-prose.h - a read-only text of styled runs, one selection across all.
 *
 * A GtkTextView, not labels: a label with 40,000 letters freezes GTK for
 * minutes, a text view whose lines are kept short does not (W03); links and
 * styles are tags, so no text is ever read as markup (W01).
 *
 * While the text grows, tarn_prose_update() compares with what is there and
 * touches only what differs: mostly it appends.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_PROSE_H
#define TARN_GUI_PROSE_H

#include <gtk/gtk.h>

#define TARN_TYPE_PROSE (tarn_prose_get_type())
G_DECLARE_FINAL_TYPE(TarnProse, tarn_prose, TARN, PROSE, GtkTextView)

GtkWidget *tarn_prose_new(void);

/* runs: TarnRun (tarn-markdown.h), all that follows what was closed before;
 * the first n_closed of them are final from now on. */
void tarn_prose_update(TarnProse *prose, GPtrArray *runs, guint n_closed);

/* Plain text, for thoughts and messages: appends valid UTF-8. */
void tarn_prose_append(TarnProse *prose, const char *text, gsize size);
void tarn_prose_clear(TarnProse *prose);

#endif
