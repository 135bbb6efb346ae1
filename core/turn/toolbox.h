/* toolbox.h - a chat's tools: which calls wait, what the person said to them,
 * and the results that go back to the model.
 *
 * A face keeps one box per chat.  The model is told of the tools; when a turn
 * ends, its message may hold calls.  Nothing runs before the person has seen
 * the exact name and arguments and said yes, now or earlier in this chat; a
 * call that the core cannot run (any but the built-in ones) is answered by
 * hand.  When all are decided, the results become messages and the next turn
 * begins:
 *
 *     tarn_toolbox_create(NULL, &box, &err);          // calculator and clock
 *     topt.tools_json = tarn_toolbox_tools(box);
 *     ... tarn_turn_start(), drain events up to TARN_EV_END ...
 *     tarn_toolbox_begin(box, chat, ev.message, &err);
 *     for (i = 0; tarn_toolbox_call(box, i, &call); i++)
 *         if (call.decision == TARN_CALL_WAITS)
 *             show it; then, as the person wants, one of
 *                 tarn_toolbox_allow(box, i, TARN_ALLOW_ONCE, &world, &err);
 *                 tarn_toolbox_deny(box, i);
 *                 tarn_toolbox_answer(box, i, text, size, &err); // by hand
 *     tarn_toolbox_finish(box, chat, &go_on, &err);
 *     if (go_on) start the next turn with the same options, else it is over
 *
 * A call with `allowed` was allowed before: call tarn_toolbox_allow() without
 * asking.  One with `runs_here` false has no [Allow], only [Deny] and the
 * answer by hand.  One with `offered` was not written as it should be; show
 * what was made of it beside `written`.
 *
 * Limits: 16 calls in a turn (from a question to its answer), results of 256
 * KiB, three messages in a row whose calls could not be read.
 *
 * Owns: all it holds; strings are borrowed until the next call that takes the
 * box.  Threads: one at a time, the face's.
 */
#ifndef TARN_TURN_TOOLBOX_H
#define TARN_TURN_TOOLBOX_H

#include "core/tarn.h"
#include "core/turn/builtin.h"

#define TARN_TOOLBOX_MAX_CALLS 16u          /* in a turn */
#define TARN_TOOLBOX_MAX_RESULT (256u << 10) /* bytes */
#define TARN_TOOLBOX_MAX_WRONG 3u           /* messages in a row */

struct tarn_toolbox;

/* tools_json: declarations as in struct tarn_turn_options; NULL: the built-in
 * tools.  TARN_USAGE, TARN_LIMIT: what is wrong with them. */
enum tarn_status tarn_toolbox_create(const char *tools_json,
                                     struct tarn_toolbox **out,
                                     struct tarn_error *err);
void tarn_toolbox_destroy(struct tarn_toolbox *box); /* NULL allowed */
const char *tarn_toolbox_tools(const struct tarn_toolbox *box);

/* Some models and files leave the markers out.  With yes, a message without calls
 * whose whole answer, thought aside, is calls to declared tools has these; they
 * are `offered`, so nothing of them ever runs unasked.  Off at first. */
void tarn_toolbox_bare(struct tarn_toolbox *box, bool yes);

/* Reads the calls of a finished message; what was there before is forgotten,
 * what is allowed is kept. */
enum tarn_status tarn_toolbox_begin(struct tarn_toolbox *box,
                                    const struct tarn_chat *chat,
                                    tarn_message_id message,
                                    struct tarn_error *err);

enum tarn_decision {
    TARN_CALL_WAITS,
    TARN_CALL_DENIED,
    TARN_CALL_DONE,   /* it ran, or was answered by hand */
    TARN_CALL_REFUSED /* it could not be read or does not fit its tool: the
                         model is told, nobody is asked */
};
struct tarn_asked {
    uint32_t size;
    const char *name;      /* "" if it was refused */
    const char *arguments; /* a JSON object */
    const char *effects;   /* a sentence; NULL: unknown */
    const char *written;   /* the block as the model wrote it */
    size_t written_size;
    uint32_t times;        /* the same call so often in this message */
    bool runs_here, offered, allowed;
    enum tarn_decision decision;
    const char *result;    /* for the model; NULL while it waits */
    size_t result_size;
};
bool tarn_toolbox_call(const struct tarn_toolbox *box, size_t i,
                       struct tarn_asked *out);

enum tarn_allow {
    TARN_ALLOW_ONCE,
    TARN_ALLOW_THESE_ARGUMENTS, /* from now on in this chat */
    TARN_ALLOW_TOOL             /* the tool, whatever its arguments */
};
/* Yes: it runs.  TARN_USAGE for what does not run here or was decided. */
enum tarn_status tarn_toolbox_allow(struct tarn_toolbox *box, size_t i,
                                    enum tarn_allow how,
                                    const struct tarn_builtin_world *world,
                                    struct tarn_error *err);
void tarn_toolbox_deny(struct tarn_toolbox *box, size_t i);
/* The result by hand, or from a tool of the face's own; may come in parts.
 * What is above the limit is counted and left out. */
enum tarn_status tarn_toolbox_answer(struct tarn_toolbox *box, size_t i,
                                     const char *text, size_t size,
                                     struct tarn_error *err);
/* All results become messages at the end of the active path, which must be
 * the message of begin(); what still waits is denied.  *go_on: another turn
 * should begin.  TARN_LIMIT: the turn is over, err says why. */
enum tarn_status tarn_toolbox_finish(struct tarn_toolbox *box,
                                     struct tarn_chat *chat, bool *go_on,
                                     struct tarn_error *err);

/* What is allowed in this chat: arguments NULL: whatever they are. */
bool tarn_toolbox_allowed(const struct tarn_toolbox *box, size_t i,
                          const char **name, const char **arguments);
void tarn_toolbox_withdraw(struct tarn_toolbox *box, size_t i);

#endif
