/* chat.h - what the engine needs of a chat beyond tarn.h.
 *
 * While a turn runs the engine's face side holds the chat (hold/drop): if the
 * person destroys it meanwhile, it lives on until the turn's END is drained.
 * The message that grows keeps the ids that were sampled, control tokens
 * included, so that history is never encoded again.
 *
 * Owns: its messages.  Ids are never used twice.  Threads: the face's.
 */
#ifndef TARN_CHAT_H
#define TARN_CHAT_H

#include "core/tarn.h"

/* An unfinished assistant message below `parent`, which must be a message
 * (TARN_USAGE otherwise); the active path now ends with it. */
enum tarn_status tarn_chat_begin(struct tarn_chat *chat, tarn_message_id parent,
                                 tarn_message_id *out, struct tarn_error *err);
/* Appends text of a span (thought; everything else is the answer).  A message
 * that is gone is no error. */
enum tarn_status tarn_chat_grow(struct tarn_chat *chat, tarn_message_id id,
                                uint32_t span, const char *text, size_t size,
                                struct tarn_error *err);
enum tarn_status tarn_chat_grow_id(struct tarn_chat *chat, tarn_message_id id,
                                   int32_t token, struct tarn_error *err);
/* An answer that goes on is told again from its beginning: what it said is set
 * aside until regrown() says that all of it came again.  If it ends before
 * that, unfinished, what was set aside comes back. */
enum tarn_status tarn_chat_regrow(struct tarn_chat *chat, tarn_message_id id,
                                  struct tarn_error *err);
void tarn_chat_regrown(struct tarn_chat *chat, tarn_message_id id);
/* finished: the model ended its turn itself.  A message without any text,
 * thought or answer, is removed again: no layout takes an empty turn. */
void tarn_chat_end(struct tarn_chat *chat, tarn_message_id id, bool finished);

/* TARN_READ_WAS_THOUGHT of the reader: what the answer said so far was the
 * thought. */
void tarn_chat_was_thought(struct tarn_chat *chat, tarn_message_id id,
                           struct tarn_error *err);

/* Takes back what was generated last: `n_ids` sampled ids and `size` bytes of
 * the span's text stay. */
void tarn_chat_withdraw(struct tarn_chat *chat, tarn_message_id id,
                        size_t n_ids, uint32_t span, size_t size);

/* The chat's number, which it gets from *last (the last one given) at the
 * first call.  Numbers of two engines may be equal: that only makes a cache
 * keep less. */
uint64_t tarn_chat_number(struct tarn_chat *chat, uint64_t *last);

/* A block of tool calls of a message that grows; text is copied. */
enum tarn_status tarn_chat_add_call(struct tarn_chat *chat, tarn_message_id id,
                                    const char *text, size_t size, bool cut,
                                    struct tarn_error *err);

/* tarn_chat_destroy() waits for the last drop(). */
void tarn_chat_hold(struct tarn_chat *chat);
void tarn_chat_drop(struct tarn_chat *chat);

/* ---------------------------------------------------- inside of core/chat */
#include "core/base/buf.h"

#define TARN_CHAT_MAX_TEXT ((size_t)64 << 20) /* bytes of one message */
#define TARN_CHAT_MAX_MESSAGES (1u << 20)

const char *tarn_role_name(enum tarn_role role);
/* Keys of an imported message that a chat has no place for, as JSON text
 * (`"tool_calls": [...]`), kept for the way out.  extra is moved. */
void tarn_chat_keep_extra(struct tarn_chat *chat, tarn_message_id id,
                          char *extra);
const char *tarn_chat_extra(const struct tarn_chat *chat, tarn_message_id id);
/* The number that tarn_chat_tree_json() gives the message; 0: it is left out.
 * False: there is no memory. */
bool tarn_chat_written_id(const struct tarn_chat *chat, tarn_message_id id,
                          tarn_message_id *out);

#endif
