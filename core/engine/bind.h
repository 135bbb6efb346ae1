/* bind.h - what the answer, and the arguments of calls, must look like.
 *
 * The thought is free, but no turn ends in it while a bound answer is owed.
 * The answer follows a JSON schema where one was asked for, tool calls their
 * declarations where tools are declared.  The sampler asks through a
 * constraint; the request tells every token that was taken, in order, before
 * the reader reads it.  A text that is bound is always whole when the tokens
 * run out: tokens that lead too far are not allowed.
 *
 * Owns: its machines; the lexicon is the engine's.  Threads: made by the face,
 * then the owner's.
 */
#ifndef TARN_ENGINE_BIND_H
#define TARN_ENGINE_BIND_H

#include "core/sample/machine.h"
#include "core/sample/sample.h"
#include "core/turn/reader.h"

#define TARN_BIND_CONTROLS 32u

struct tarn_bind {
    struct tarn_machine *answer, *call; /* NULL: free */
    const struct tarn_text *text;
    uint32_t *bits;       /* [n_vocab / 32 + 1] of the last mask */
    uint32_t most;        /* tokens that may come behind the next one */
    uint32_t span;        /* enum tarn_span_kind that the next one goes to */
    bool had_thought, had_call;
    uint32_t tag;         /* bytes of <think>, where it is text, so far */
    int32_t think;        /* control ids, or -1 */
    int32_t call_begin, call_end;
    int32_t controls[TARN_BIND_CONTROLS]; /* these, and what ends a turn */
    uint32_t n_controls;
};

/* json_schema NULL: free; "": any JSON.  tools_json NULL: free. */
enum tarn_status tarn_bind_init(struct tarn_bind *b,
                                const struct tarn_text *text,
                                const struct tarn_lexicon *lex,
                                const char *json_schema,
                                const char *tools_json,
                                struct tarn_error *err);
void tarn_bind_finish(struct tarn_bind *b); /* zeroed allowed */
void tarn_bind_reset(struct tarn_bind *b);
/* Before a draw: where its token goes, and how many may follow it. */
void tarn_bind_next(struct tarn_bind *b, uint32_t span, uint32_t most);
/* A token was taken, in this span.  false: the form is too ambiguous. */
bool tarn_bind_token(struct tarn_bind *b, int32_t id, uint32_t span);
/* Tokens that the answer needs at least; 0: it is free. */
uint32_t tarn_bind_needs(const struct tarn_bind *b);
/* For the sampler; user: the struct tarn_bind. */
struct tarn_constraint tarn_bind_constraint(struct tarn_bind *b);

#endif
