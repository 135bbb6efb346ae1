/* turns.h - a conversation as JSON, checked, as a list of turns.
 *
 * What no chat layout can express is refused with the index of the message
 * (fault T09): an unknown role, a second system message, an empty turn,
 * an answer before any question, a tool result without a call, parts of the
 * wrong kind.
 *
 * Owns: the list; the JSON is borrowed.  Threads: one at a time.
 */
#ifndef TARN_TEXT_TURNS_H
#define TARN_TEXT_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/json.h"
#include "core/text/text.h"

struct tarn_message {
    enum tarn_role role;
    const struct tarn_json *content; /* string, list, object, null; NULL if it
                                        is missing */
    const struct tarn_json *thought; /* string or NULL */
    const struct tarn_json *calls;   /* list with something in it, or NULL */
};

struct tarn_messages {
    struct tarn_message *at;
    size_t n;
    const struct tarn_json *tools; /* list with something in it, or NULL */
    bool generate, keep_past, preserve, go_on;
    const char *date; /* or NULL */
};

enum tarn_status tarn_messages_read(const struct tarn_json *conversation,
                                    const struct tarn_prompt_options *opt,
                                    struct tarn_messages *out,
                                    struct tarn_error *err);
void tarn_messages_finish(struct tarn_messages *m);

/* One call of a message: its name, and its arguments as they were given:
 * object, string, null or NULL. */
void tarn_call_parts(const struct tarn_json *call,
                     const struct tarn_json **name,
                     const struct tarn_json **arguments);

#endif
