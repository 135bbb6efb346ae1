/* tree.h - what a chat is made of, for the files of this room.
 *
 * Owns: see struct.  Threads: the face's.
 */
#ifndef TARN_CHAT_TREE_H
#define TARN_CHAT_TREE_H

#include "core/base/buf.h"
#include "core/chat/chat.h"
#include "core/trace/trace.h"

struct call {
    char *text; /* owned */
    size_t size;
    bool cut;
};

struct message {
    tarn_message_id parent;
    enum tarn_role role;
    struct tarn_buf text, thought;
    struct tarn_ids ids;
    struct call *calls; /* [n_calls] */
    uint32_t n_calls;
    char *extra; /* or NULL */
    struct tarn_trace *trace; /* or NULL */
    uint32_t sibling, n_children; /* among those that are not hidden */
    tarn_message_id newest; /* child; 0: none */
    tarn_message_id hidden; /* by this message's deletion; 0: it is there */
    bool has_thought, finished;
    struct message *before; /* what it said, while that is told again; or NULL:
                               text, thought, ids and calls only */
};

/* What undo() takes back, newest last. */
enum act_kind { ACT_SELECT, ACT_ADD, ACT_DELETE };
struct act {
    enum act_kind kind;
    tarn_message_id id;  /* added (the question, if an answer followed) or
                            deleted */
    tarn_message_id end; /* of the active path before */
};
#define TARN_CHAT_ACTS 256u

struct tarn_chat {
    struct message **at;   /* [room], owned; id i is at[i - 1] */
    tarn_message_id *path; /* [room] root first */
    size_t n, room, n_path;
    uint32_t n_roots;
    tarn_message_id newest_root;
    struct act acts[TARN_CHAT_ACTS];
    uint32_t n_acts;
    uint64_t number; /* 0: no engine has asked yet */
    unsigned held;
    bool doomed;
    struct tarn_error lost; /* TARN_OK: nothing was left out when it was read */
};

/* tree.c.  NULL: no such message, or hidden. */
struct message *tarn_chat_at(const struct tarn_chat *chat, tarn_message_id id);
/* How many are below `parent` (0: how many roots there are). */
uint32_t *tarn_chat_children(struct tarn_chat *chat, tarn_message_id parent);
void tarn_chat_walk(struct tarn_chat *chat, tarn_message_id end);
tarn_message_id tarn_chat_end_id(const struct tarn_chat *chat);
enum tarn_status tarn_chat_no_memory(struct tarn_error *err, size_t size);

/* acts.c */
void tarn_chat_hide(struct tarn_chat *chat, tarn_message_id id);
/* The path ended with `end` before. */
void tarn_chat_note_select(struct tarn_chat *chat, tarn_message_id end);
void tarn_chat_note_add(struct tarn_chat *chat, tarn_message_id id,
                        tarn_message_id end);

/* chat_json.c: of one message, for both forms. */
bool tarn_chat_role_of(const struct tarn_json *v, enum tarn_role *out);
enum tarn_status tarn_chat_content_of(const struct tarn_json *v, size_t index,
                                      struct tarn_buf *out,
                                      struct tarn_error *err);
enum tarn_status tarn_chat_keep_others(struct tarn_chat *chat,
                                       tarn_message_id id,
                                       const struct tarn_json *v,
                                       struct tarn_error *err);
/* chat_whole.c */
/* What is wrong with a list of ids ("has an id that is none"), or NULL; out
 * may have failed. */
const char *tarn_chat_ids_of(const struct tarn_json *list,
                             struct tarn_ids *out);
enum tarn_status tarn_chat_read_whole(const struct tarn_json *doc,
                                      struct tarn_chat *chat,
                                      struct tarn_error *err);

/* chat_traces.c: what the whole form says of a message's trace. */
enum tarn_status tarn_chat_add_trace(struct tarn_buf *b,
                                     const struct tarn_chat *chat,
                                     const struct message *m,
                                     struct tarn_error *err);
/* While a file is read: begin with n_messages, end with end_traces(). */
struct tarn_traces_in {
    size_t n_messages, n_ids; /* in the file; of all prompts so far */
    struct tarn_loss {
        size_t n;
        tarn_message_id first;
        struct tarn_error why; /* of the first */
    } lost, cut; /* traces; their prompts only */
    struct tarn_ids *left; /* [n_messages] or NULL: prompts whose trace lacks
                              them; failed: not known */
};
/* The message is there.  Only TARN_NO_MEMORY is an error. */
enum tarn_status tarn_chat_read_trace(struct tarn_chat *chat,
                                      tarn_message_id id,
                                      const struct tarn_json *v,
                                      struct tarn_traces_in *in,
                                      struct tarn_error *err);
/* Fills chat->lost. */
void tarn_chat_end_traces(struct tarn_chat *chat, struct tarn_traces_in *in);

#endif
