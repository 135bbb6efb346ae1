/* reader.h - the turn reader: a stream of sampled tokens becomes spans.
 *
 * It consumes ids (or, for text of unknown origin, bytes) and emits events:
 * a span begins or ends, text arrives, a tool call is whole.  It works byte
 * by byte, so characters and tags may be cut anywhere and the joined events
 * are the same.  A control token counts only as an id; where a vocabulary has
 * no <think> token the tag is recognised in the text.
 *
 * Text handed out is whole characters; what is no UTF-8 becomes U+FFFD (one
 * for each maximal part).  White space around thoughts and answers is
 * trimmed, so it comes only when something follows it.
 *
 * An answer's span begins with its first visible character, a thought's and a
 * call's with their token.  Inside a thought only </think> and the end of the
 * turn count, inside a call only its end; every other control token there,
 * and stray ones in the answer, are text.  After a call there may be more
 * answers and calls.
 *
 * Owns: what it holds back.  Threads: one at a time.
 */
#ifndef TARN_TURN_READER_H
#define TARN_TURN_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"
#include "core/text/text.h"

struct tarn_reader;

enum tarn_reader_kind {
    TARN_READ_SPAN, /* span begins */
    TARN_READ_TEXT, /* text of the open span */
    TARN_READ_SPAN_END,
    TARN_READ_CALL,       /* text: the bytes between the call markers; parsing
                             them is the caller's next step (core/turn/call.h) */
    TARN_READ_UNREAD,     /* a call that was cut off: the text so far */
    TARN_READ_WAS_THOUGHT /* </think> without <think>: the answer that just
                             ended was the thought */
};

/* What was odd; bits. */
enum tarn_reader_problem {
    TARN_READ_MISSING_THINK_START = 1,
    TARN_READ_STRAY_THINK_END = 2,
    TARN_READ_CALL_IN_THOUGHT = 4,
    TARN_READ_UNTERMINATED_THOUGHT = 8,
    TARN_READ_ECHO = 16, /* a call's text again behind its end: left
                            out */
    TARN_READ_MISSING_CALL_START = 32
};

struct tarn_reader_event {
    enum tarn_reader_kind kind;
    uint32_t span;    /* enum tarn_span_kind of tarn.h */
    const char *text; /* valid during the call */
    size_t size;
};
typedef void (*tarn_reader_fn)(void *user, const struct tarn_reader_event *ev);

struct tarn_reader_options {
    bool in_thought; /* the prompt ended inside the thought (layout F) */
    tarn_reader_fn event;
    void *user;
};

enum tarn_status tarn_reader_create(const struct tarn_text *t,
                                    const struct tarn_reader_options *opt,
                                    struct tarn_reader **out,
                                    struct tarn_error *err);
void tarn_reader_destroy(struct tarn_reader *r);
/* As new: what was read is forgotten, nothing is told. */
void tarn_reader_reset(struct tarn_reader *r);
/* The span that text would belong to now: enum tarn_span_kind. */
uint32_t tarn_reader_span(const struct tarn_reader *r);
/* false: the token ends the turn. */
bool tarn_reader_token(struct tarn_reader *r, int32_t id);
/* Bytes in which a control token's text stands for the token if `special`.
 * What follows the end of the turn is ignored. */
void tarn_reader_bytes(struct tarn_reader *r, const void *text, size_t size,
                       bool special);
/* Flushes, closes spans; the reader takes nothing more. */
void tarn_reader_end(struct tarn_reader *r);
/* A token that ends the turn has come. */
bool tarn_reader_ended(const struct tarn_reader *r);
/* Bits of enum tarn_reader_problem, since the reset. */
uint32_t tarn_reader_problems(const struct tarn_reader *r);
bool tarn_reader_failed(const struct tarn_reader *r); /* memory ran out */

#endif
