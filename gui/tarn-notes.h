/* tarn-notes.h - the lines below an answer that say how its turn went, each
 * with what can be done about it (UX 2.3: MN02 to MN06, MN08, MN16).
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_NOTES_H
#define TARN_GUI_NOTES_H

#include "gui/tarn-answer.h"
#include "gui/tarn-conversation.h"

/* In place of those that are there.  error: a sentence of the core, or NULL.
 * The last sentence is returned for a screen reader, owned; NULL: none. */
char *tarn_notes_show(TarnAnswer *a, TarnConversation *c, tarn_message_id id,
                      const char *error);

/* The next longer budget. */
int tarn_notes_longer(int budget);

#endif
