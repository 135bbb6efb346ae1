/* tarn_chat.h - the part of tarn.h about conversations; include tarn.h.
 *
 * A CHAT is a tree of messages with an active path.  Edits, new tries and
 * forks are branches beside each other; nothing is lost but by delete(), and
 * that can be taken back.
 *
 * Owns: texts, ids and traces of its messages; what the getters give is
 * borrowed until the chat changes.  Threads: the face's.
 */
#ifndef TARN_CHAT_PUBLIC_H
#define TARN_CHAT_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"
#include "core/text/text.h" /* enum tarn_role */

struct tarn_chat;
struct tarn_trace; /* core/trace/trace.h */

typedef uint32_t tarn_message_id; /* 0: none */

struct tarn_message {
    uint32_t size;
    tarn_message_id id, parent;
    enum tarn_role role;
    const char *text;    /* of the answer, for an assistant */
    size_t text_size;
    const char *thought; /* NULL: none */
    size_t thought_size;
    bool finished;       /* false while it grows, or when it was stopped */
    uint32_t n_siblings, sibling; /* among messages with the same parent */
    uint32_t n_calls;    /* tool calls' blocks: tarn_chat_call() */
};

enum tarn_status tarn_chat_create(struct tarn_chat **out,
                                  struct tarn_error *err);
void tarn_chat_destroy(struct tarn_chat *chat);
/* Appends below the active path's end, which it becomes.  Text is copied. */
enum tarn_status tarn_chat_add(struct tarn_chat *chat, enum tarn_role role,
                               const char *text, size_t text_size,
                               tarn_message_id *out, struct tarn_error *err);
struct tarn_call_text { /* as tarn_chat_call() gives it */
    const char *text;
    size_t size;
    bool cut;
};
/* A message that is known whole (from a database, a file): below `parent`, any
 * message or 0 for the beginning; it ends the active path.  All is copied.  It
 * is no act that undo() would take back. */
struct tarn_message_parts {
    uint32_t size;
    enum tarn_role role;
    const char *text;
    size_t text_size;
    const char *thought; /* NULL: none */
    size_t thought_size;
    const int32_t *ids;  /* that were sampled for it, control tokens included;
                            they are used while they say what the text says */
    size_t n_ids;
    const struct tarn_call_text *calls; /* [n_calls] blocks of tool calls */
    size_t n_calls;
    bool unfinished;
};
enum tarn_status tarn_chat_put(struct tarn_chat *chat, tarn_message_id parent,
                               const struct tarn_message_parts *parts,
                               tarn_message_id *out, struct tarn_error *err);
/* The active path, root first.  Borrowed until the chat changes.  false: there
 * is no such message. */
size_t tarn_chat_length(const struct tarn_chat *chat);
bool tarn_chat_message(const struct tarn_chat *chat, size_t at,
                       struct tarn_message *out);
bool tarn_chat_find(const struct tarn_chat *chat, tarn_message_id id,
                    struct tarn_message *out);
/* Block i of tool calls that the model wrote in this message, as it wrote it
 * (core/turn/toolbox.h reads it); cut: its end never came.  NULL: there is no
 * such block.  Borrowed until the chat changes. */
const char *tarn_chat_call(const struct tarn_chat *chat, tarn_message_id id,
                           size_t i, size_t *size, bool *cut);
/* The path to `id` becomes active (0: the empty chat); what grows next is its
 * child.  So: edit = select(parent) + add; regenerate = select(question) +
 * turn_start. */
enum tarn_status tarn_chat_select(struct tarn_chat *chat, tarn_message_id id,
                                  struct tarn_error *err);
/* The k-th message (from 0) below `parent` (0: the beginning), 0 if there are
 * not so many; the end of the newest branch below `id`, itself if nothing is.
 * So: the next branch = select(leaf(child(parent, k + 1))). */
tarn_message_id tarn_chat_child(const struct tarn_chat *chat,
                                tarn_message_id parent, uint32_t k);
tarn_message_id tarn_chat_leaf(const struct tarn_chat *chat,
                               tarn_message_id id);
/* The message and all below it; if it was on the active path, the branch
 * beside it becomes active, or else the path ends above it. */
enum tarn_status tarn_chat_delete(struct tarn_chat *chat, tarn_message_id id,
                                  struct tarn_error *err);
/* Takes back the last act: a turn (question and answer), an edit or a new try
 * (with the choice of its place), a choice of a branch, a deletion.  256 acts
 * are kept.  false: there is none. */
bool tarn_chat_undo(struct tarn_chat *chat);

/* The ids sampled for a message, borrowed; n = 0 where there are none (typed,
 * imported without, edited). */
const int32_t *tarn_chat_ids(const struct tarn_chat *chat, tarn_message_id id,
                             size_t *n);
/* The record of the turn that wrote the message (core/trace/trace.h): moved;
 * NULL takes it away.  From here on tree_json() and state files hold it.  If
 * the chat may outlive the model, tarn_trace_detach() it before. */
void tarn_chat_attach(struct tarn_chat *chat, tarn_message_id id,
                      struct tarn_trace *trace);
/* Borrowed; NULL where there is none. */
const struct tarn_trace *tarn_chat_trace(const struct tarn_chat *chat,
                                         tarn_message_id id);

/* The whole tree with ids and traces: docs/chat.md; owned by the caller. */
enum tarn_status tarn_chat_tree_json(const struct tarn_chat *chat, char **out,
                                     size_t *size, struct tarn_error *err);
/* The usual form {"messages":[...]} of the active path; owned by the caller. */
enum tarn_status tarn_chat_json(const struct tarn_chat *chat, char **out,
                                size_t *size, struct tarn_error *err);
/* A conversation in one of these forms becomes a chat.  A damaged trace does
 * not cost the chat: it is left out, see lost(). */
enum tarn_status tarn_chat_from_json(const char *text, size_t size,
                                     struct tarn_chat **out,
                                     struct tarn_error *err);
/* One sentence on what was left out when the chat was read, for the person;
 * borrowed.  NULL: nothing was. */
const char *tarn_chat_lost(const struct tarn_chat *chat);
/* Markdown of the active path; thoughts only when asked for. */
enum tarn_status tarn_chat_markdown(const struct tarn_chat *chat,
                                    bool thoughts, char **out, size_t *size,
                                    struct tarn_error *err);
void tarn_text_free(char *owned);

#endif
