/* chat_turn.h - a turn of the model in `tarn chat`: begun, watched, printed.
 *
 * Owns: nothing.  Threads: the main one.
 */
#ifndef TARN_CMD_CHAT_TURN_H
#define TARN_CMD_CHAT_TURN_H

#include "cmd/talk.h"

struct cmd_turn {
    tarn_turn_id id;
    struct tarn_turn_summary summary;
    struct tarn_error error;
    struct tarn_trace *trace; /* borrowed; NULL: not recorded */
    bool ended, failed, quit;
    double interrupted_ms; /* when Ctrl+C came last, 0: never */
    /* An answer that goes on is told again first: so many tokens, those that
     * have come, and what the engine counts of them. */
    size_t given, told;
    uint32_t old_thought, old_answer;
};

/* The model's turn below the active path's end (or the answer there goes on:
 * t->go_on), and those that follow from its calls.  turn: the last of them. */
enum tarn_status cmd_turns_run(struct cmd_talk *t, uint32_t attempt,
                               struct cmd_turn *turn, struct tarn_error *err);

#endif
