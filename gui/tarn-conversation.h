/* tarn-conversation.h - a chat of the core with what the window adds to it:
 * figures per turn, a title, the draft, its number in the archive.
 *
 * The core's chat is a tree; this object remembers its nodes, so that it can
 * name siblings and find the newest leaf below a branch.
 *
 * Owns: the chat.  Threads: the main one (the engine's face).
 */
#ifndef TARN_GUI_CONVERSATION_H
#define TARN_GUI_CONVERSATION_H

#include <glib-object.h>

#include "core/turn/toolbox.h"
#include "gui/tarn-figures.h"

#define TARN_TYPE_CONVERSATION (tarn_conversation_get_type())
G_DECLARE_FINAL_TYPE(TarnConversation, tarn_conversation, TARN, CONVERSATION,
                     GObject)

/* NULL: no memory. */
TarnConversation *tarn_conversation_new(void);
/* chat: moved, also on failure; all its messages are known then. */
TarnConversation *tarn_conversation_of(struct tarn_chat *chat);
struct tarn_chat *tarn_conversation_chat(TarnConversation *c);

/* "New chat" until the first message; then its first 40 characters, until
 * somebody names it. */
const char *tarn_conversation_title(TarnConversation *c);
void tarn_conversation_set_title(TarnConversation *c, const char *title);
gboolean tarn_conversation_is_empty(TarnConversation *c);

/* Number in the archive; 0: not there yet. */
gint64 tarn_conversation_number(TarnConversation *c);
void tarn_conversation_set_number(TarnConversation *c, gint64 number);
/* Number of a message in the archive.  The core's numbers have gaps where an
 * answer stayed empty, and are given anew when a chat is read. */
guint tarn_conversation_row(TarnConversation *c, tarn_message_id id);
void tarn_conversation_set_row(TarnConversation *c, tarn_message_id id,
                               guint row);
const char *tarn_conversation_draft(TarnConversation *c);
void tarn_conversation_set_draft(TarnConversation *c, const char *draft);

/* A message below `parent` (0: the root), which becomes the active path's
 * end.  text: any bytes.  0 and err filled: failed. */
tarn_message_id tarn_conversation_add(TarnConversation *c,
                                      tarn_message_id parent,
                                      enum tarn_role role, const char *text,
                                      gsize size, struct tarn_error *err);
/* The same for a message that is known whole. */
tarn_message_id tarn_conversation_put(TarnConversation *c,
                                      tarn_message_id parent,
                                      const struct tarn_message_parts *parts,
                                      struct tarn_error *err);
/* The core added one itself (a turn began): remember it. */
void tarn_conversation_note(TarnConversation *c, tarn_message_id id,
                            tarn_message_id parent);
/* Last of the active path; 0: none. */
tarn_message_id tarn_conversation_end(TarnConversation *c);
tarn_message_id tarn_conversation_last_of(TarnConversation *c,
                                          enum tarn_role role);

/* The sibling `delta` away, 0 if there is none. */
tarn_message_id tarn_conversation_sibling(TarnConversation *c,
                                          tarn_message_id id, int delta);
/* Makes the path through id, down to its newest leaf, the active one. */
gboolean tarn_conversation_enter(TarnConversation *c, tarn_message_id id,
                                 struct tarn_error *err);

/* Borrowed; made when first asked for. */
TarnFigures *tarn_conversation_figures(TarnConversation *c, tarn_message_id id);
/* Token ids (gint32) as they were drawn; borrowed, empty at first.  `back`: of
 * a thought whose circle was broken, with what was taken back. */
GArray *tarn_conversation_ids(TarnConversation *c, tarn_message_id id);
GArray *tarn_conversation_back(TarnConversation *c, tarn_message_id id);
/* Sentences of the core about that turn (char *); borrowed, empty at first. */
GPtrArray *tarn_conversation_notices(TarnConversation *c, tarn_message_id id);
/* The tools of this chat, and what was allowed in it; borrowed, made when
 * first asked for.  NULL: err says why. */
struct tarn_toolbox *tarn_conversation_box(TarnConversation *c,
                                           struct tarn_error *err);
#endif
