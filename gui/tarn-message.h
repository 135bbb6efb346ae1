/* tarn-message.h - what a person sent; can be edited in place.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_MESSAGE_H
#define TARN_GUI_MESSAGE_H

#include "gui/tarn-cull-box.h"

#define TARN_TYPE_MESSAGE (tarn_message_get_type())
G_DECLARE_FINAL_TYPE(TarnMessage, tarn_message, TARN, MESSAGE, TarnCullBox)

GtkWidget *tarn_message_new(guint id, const char *text, gint64 time);
/* "You" at first. */
void tarn_message_set_who(TarnMessage *m, const char *who);
void tarn_message_set_branch(TarnMessage *m, guint at, guint n);
/* Opens the editor: "Send as a new branch" runs win.edited with (us). */
void tarn_message_edit(TarnMessage *m);
const char *tarn_message_text(TarnMessage *m);

#endif
