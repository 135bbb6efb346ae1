/* tarn-shelf.h - between a conversation and its rows in the archive.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_SHELF_H
#define TARN_GUI_SHELF_H

#include "gui/tarn-archive.h"
#include "gui/tarn-conversation.h"

/* Queues the message `id` (0: none) and what the list says of its chat. */
void tarn_shelf_save(TarnArchive *a, TarnConversation *c, tarn_message_id id);
/* The same with all its messages (a chat that was imported). */
void tarn_shelf_save_all(TarnArchive *a, TarnConversation *c);
/* A conversation from its rows; info may be NULL.  NULL: no memory. */
TarnConversation *tarn_shelf_load(gint64 number, GPtrArray *rows,
                                  const TarnChatInfo *info);

#endif
