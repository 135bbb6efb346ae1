/* prompt.h - the token ids of a conversation.
 *
 * The layout renders the active path as pieces; an assistant's text that the
 * model itself generated is put in as the ids that were sampled, so the cache
 * matches and nothing is computed again that need not be.
 */
#ifndef TARN_ENGINE_PROMPT_H
#define TARN_ENGINE_PROMPT_H

#include "core/model/model.h"

/* tools_json: a JSON array or NULL.  Appends to out. */
enum tarn_status tarn_prompt_of_chat(const struct tarn_model *m,
                                     const struct tarn_chat *chat,
                                     const char *tools_json,
                                     struct tarn_ids *out,
                                     struct tarn_error *err);

#endif
