/* record.h - the traces of the turns since the start: what /trace tells, and
 * where /more, /fork and /keep take the tokens from.
 *
 * Owns: its traces; the oldest goes when there are too many.  Threads: the
 * main one.
 */
#ifndef TARN_CMD_RECORD_H
#define TARN_CMD_RECORD_H

#include "cmd/cmd.h"
#include "core/trace/trace.h"

#define CMD_MAX_RECORDS 64

struct cmd_records {
    struct cmd_record {
        tarn_message_id message;
        struct tarn_trace *trace; /* owned */
    } at[CMD_MAX_RECORDS];
    size_t n;
};

/* The trace of the turn that has begun; NULL: no memory, it is not recorded.
 * more: the message that goes on with it, or 0; its record stays until
 * cmd_records_end(). */
struct tarn_trace *cmd_records_begin(struct cmd_records *r,
                                     const struct cmd_session *ses,
                                     tarn_turn_id turn,
                                     const struct tarn_turn_options *opt,
                                     tarn_message_id more);
/* The message it became; without one the record goes. */
void cmd_records_end(struct cmd_records *r, tarn_message_id message);
/* NULL: that message was written before the start. */
const struct tarn_trace *cmd_records_of(const struct cmd_records *r,
                                        tarn_message_id message);
void cmd_records_clear(struct cmd_records *r);

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
