/* builtin.h - the tools that are built in: a calculator and a clock.
 *
 * Both only compute: they read no file, write none and reach no network.
 *
 * Owns: nothing; results are the caller's.  Threads: any.
 */
#ifndef TARN_TURN_BUILTIN_H
#define TARN_TURN_BUILTIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"

/* What the model is told: a JSON array of declarations, for tools_json. */
const char *tarn_builtin_tools(void);
/* What running it does, a sentence for the person who is asked; NULL: no tool
 * of ours has this name. */
const char *tarn_builtin_effects(const char *name);

struct tarn_builtin_world {
    int64_t unix_ms;       /* now: tarn_unix_ms() */
    int utc_offset_minutes; /* of the person's clock */
};
/* arguments: a JSON object, as in struct tarn_call.  The result is text for the
 * model, "error: ..." where the arguments are wrong; free it with
 * tarn_text_free().  TARN_USAGE: no such tool; TARN_NO_MEMORY. */
enum tarn_status tarn_builtin_run(const char *name, const char *arguments,
                                  const struct tarn_builtin_world *world,
                                  char **result, size_t *size,
                                  struct tarn_error *err);

#endif
