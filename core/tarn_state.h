/* tarn_state.h - the part of tarn.h about state files; include tarn.h.
 *
 * A chat and the state that computed it, so that it goes on another day
 * without being read again: docs/state.md.  A file belongs to the model's
 * content, the K/V type and the arithmetic.  Computes nothing; TARN_BUSY while
 * a turn is running.
 *
 * Owns: nothing.  Threads: the face's.
 */
#ifndef TARN_STATE_PUBLIC_H
#define TARN_STATE_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/types.h"

struct tarn_chat;
struct tarn_engine;

/* Mode 0600.  chat NULL: the ids that were used last. */
enum tarn_status tarn_state_save(struct tarn_engine *engine,
                                 struct tarn_chat *chat, const char *path,
                                 struct tarn_error *err);
/* The same piece by piece, where there are no files; write returns false to
 * give up (TARN_IO). */
typedef bool (*tarn_write_fn)(void *user, const void *data, size_t size);
enum tarn_status tarn_state_save_to(struct tarn_engine *engine,
                                    struct tarn_chat *chat,
                                    tarn_write_fn write, void *user,
                                    struct tarn_error *err);
/* Everything is checked before anything changes: TARN_BAD_FILE with what is
 * wrong and where, TARN_LIMIT if the context is too small, TARN_IO.  *chat is
 * owned by the caller; NULL if the file has none.  chat NULL: not wanted. */
enum tarn_status tarn_state_load(struct tarn_engine *engine, const char *path,
                                 struct tarn_chat **chat,
                                 struct tarn_error *err);
/* The same of a file's bytes, borrowed during the call. */
enum tarn_status tarn_state_load_from(struct tarn_engine *engine,
                                      const void *data, size_t size,
                                      struct tarn_chat **chat,
                                      struct tarn_error *err);
/* The chat alone, with any model: for when the state is refused. */
enum tarn_status tarn_state_chat(const char *path, struct tarn_chat **chat,
                                 struct tarn_error *err);

#endif
