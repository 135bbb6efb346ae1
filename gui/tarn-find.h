/* tarn-find.h - find in this chat: the bar below the header.
 *
 *     tarn_find_set_chat(find, conversation);   // whenever the path changes
 *     tarn_find_open(find);
 *
 * Hits are counted in the texts of the active path, case folded; thoughts only
 * while their box is ticked.  Signal "go" (message id, thought?, number of the
 * hit in that text, words): show it.  Signal "closed": id 0 has no hit.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_FIND_H
#define TARN_GUI_FIND_H

#include <gtk/gtk.h>

#include "gui/tarn-conversation.h"

#define TARN_TYPE_FIND (tarn_find_get_type())
G_DECLARE_FINAL_TYPE(TarnFind, tarn_find, TARN, FIND, GtkBox)

void tarn_find_set_chat(TarnFind *f, TarnConversation *c);
void tarn_find_open(TarnFind *f);
void tarn_find_close(TarnFind *f);

/* The hit number `nth` of words below a turn's widget is selected, all are
 * coloured; below its thought, or below the rest.  The widget that holds it,
 * and *y within it; NULL: it is not displayed (Markdown signs, for example). */
GtkWidget *tarn_find_mark(GtkWidget *turn, gboolean thought, guint nth,
                          const char *words, int *y);
/* Takes the colours away again. */
void tarn_find_unmark(GtkWidget *turn);

#endif
