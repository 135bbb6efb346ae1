/* tarn-transfer.h - chats out to files and in from files.
 *
 * Out: JSON with everything, or Markdown of the active path, by the ending of
 * the name.  In: a file that is no model but holds a conversation.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_TRANSFER_H
#define TARN_GUI_TRANSFER_H

#include <adwaita.h>

#include "gui/tarn-conversation.h"

/* Asks where to, writes, then calls said() with one sentence; not when it was
 * given up.  One question at a time; user lives as long as the parent. */
void tarn_transfer_export(GtkWindow *parent, TarnConversation *c,
                          void (*said)(gpointer user, gboolean ok,
                                       const char *text),
                          gpointer user);
/* Whether the file begins as a chat does, not as a model. */
gboolean tarn_transfer_is_chat(GFile *file);
/* A new conversation, owned, and in *why what was left out, or NULL; or no
 * conversation and *why not.  One sentence, owned. */
TarnConversation *tarn_transfer_import(GFile *file, char **why);

#endif
