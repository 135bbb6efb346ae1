/* record.h - traces of the turns, which the chat keeps: what /trace tells, and
 * where /more, /fork and /keep take the tokens from.
 *
 * The youngest CMD_MAX_RECORDS answers keep theirs, so that the chat's file,
 * which is written after each turn, stays small.
 *
 * Owns: the trace of the turn that runs.  Threads: the main one.
 */
#ifndef TARN_CMD_RECORD_H
#define TARN_CMD_RECORD_H

#include "cmd/cmd.h"
#include "core/trace/trace.h"

#define CMD_MAX_RECORDS 16

struct cmd_records {
    struct tarn_trace *now;               /* of the turn that runs, or NULL */
    tarn_message_id with[CMD_MAX_RECORDS]; /* oldest first */
    size_t n;
};

/* The trace of the turn that has begun; NULL: no memory, it is not recorded.
 * before: that of the message which goes on with it, or NULL. */
struct tarn_trace *cmd_records_begin(struct cmd_records *r,
                                     const struct cmd_session *ses,
                                     tarn_turn_id turn,
                                     const struct tarn_turn_options *opt,
                                     const struct tarn_trace *before);
/* The message of `chat` that it became; 0: it goes. */
void cmd_records_end(struct cmd_records *r, struct tarn_chat *chat,
                     tarn_message_id message);
/* Another chat takes the place of this one. */
void cmd_records_forget(struct cmd_records *r);

/* Appends the ids of tokens that were kept, up to number `until` of these
 * (SIZE_MAX: all).  taken: up to the last piece that was taken back, with it
 * instead of what came after. */
void cmd_record_ids(const struct tarn_trace *trace, size_t until, bool taken,
                    struct tarn_ids *out);
/* Its tokens so far as the engine counts them: no tags, all but the thought is
 * answer. */
void cmd_record_count(const struct tarn_trace *trace, uint32_t *n_thought,
                      uint32_t *n_answer);
/* The k-th token that was kept; NULL: there is none. */
const struct tarn_trace_token *cmd_record_token(const struct tarn_trace *trace,
                                                size_t k, size_t *place);

#endif
