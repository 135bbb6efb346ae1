/* tarn-chat-row.h - a chat in the sidebar: title, time and model; rename,
 * delete.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_CHAT_ROW_H
#define TARN_GUI_CHAT_ROW_H

#include <gtk/gtk.h>

#include "gui/tarn-archive.h"

#define TARN_TYPE_CHAT_ROW (tarn_chat_row_get_type())
G_DECLARE_FINAL_TYPE(TarnChatRow, tarn_chat_row, TARN, CHAT_ROW, GtkListBoxRow)

GtkWidget *tarn_chat_row_new(const TarnChatInfo *info);
gint64 tarn_chat_row_number(TarnChatRow *row);
/* "Today", "Yesterday", "This week", "May", "May 2025"; borrowed. */
const char *tarn_chat_row_group(TarnChatRow *row);
/* Whether the title holds the words, whatever their case. */
gboolean tarn_chat_row_matches(TarnChatRow *row, const char *words);

#endif
