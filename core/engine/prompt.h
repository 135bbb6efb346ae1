/* prompt.h - the token ids of a conversation.
 *
 * The layout renders the active path as pieces; an assistant's text that the
 * model itself generated is put in as the ids that were sampled, so the cache
 * matches and nothing is computed again that need not be.
 */
#ifndef TARN_ENGINE_PROMPT_H
#define TARN_ENGINE_PROMPT_H

#include "core/model/model.h"

/* The ids of the first n messages of the active path.  tools_json: a JSON array
 * or NULL.  Appends to out; what was there before a failure is not taken back. */
enum tarn_status tarn_prompt_of_path(const struct tarn_model *m,
                                     const struct tarn_chat *chat, size_t n,
                                     const char *tools_json,
                                     struct tarn_ids *out,
                                     struct tarn_error *err);
/* The ids of an answer that is to go on: as they were sampled, without what
 * ended it; without ids, or with another model's, its thought and text encoded
 * (TARN_USAGE if it has calls). */
enum tarn_status tarn_prompt_of_answer(const struct tarn_model *m,
                                       const struct tarn_chat *chat,
                                       tarn_message_id id,
                                       struct tarn_ids *out,
                                       struct tarn_error *err);

/* prompt_calls.c: turns in which the model called tools. */
/* Appends a message's blocks of calls, markers by their names. */
void tarn_prompt_spell_calls(const struct tarn_chat *chat, tarn_message_id id,
                             struct tarn_buf *out);
/* How many pieces from `at` on are one whole turn with calls; 0: none. */
size_t tarn_prompt_call_turn(const struct tarn_model *m,
                             const struct tarn_chat *chat,
                             const struct tarn_prompt *p, size_t at);
/* Its ids: as they were sampled where they were kept; else the calls' markers
 * as tokens and all other text encoded. */
enum tarn_status tarn_prompt_add_call_turn(
    const struct tarn_model *m, const struct tarn_chat *chat,
    const struct tarn_prompt_piece *pieces, size_t n, struct tarn_ids *out,
    struct tarn_error *err);

#endif
