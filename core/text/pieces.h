/* pieces.h - a prompt while it is written; for core/text only.
 *
 * Text appends to the open run; a marker closes it.  After a failed allocation
 * `failed` or text.failed is set and the rest does nothing harmful.
 *
 * Owns: out.  Threads: one at a time.
 */
#ifndef TARN_TEXT_PIECES_H
#define TARN_TEXT_PIECES_H

#include "core/text/text.h"
#include "core/text/turns.h"

#define TARN_NO_MESSAGE UINT32_MAX

struct tarn_builder {
    const struct tarn_text *t;
    enum tarn_layout layout;
    struct tarn_messages m;
    size_t last_user, last_answer; /* indices; SIZE_MAX: none */
    struct tarn_prompt out;
    size_t room;      /* of out.pieces */
    size_t run_begin; /* where the open run begins in out.text */
    uint32_t message; /* what is written now belongs to it */
    bool failed;      /* out of memory */
    struct tarn_error *err;
};

/* Text of the layout, and text from outside. */
void tarn_put(struct tarn_builder *b, const char *text);
void tarn_put_bytes(struct tarn_builder *b, const char *text, size_t size);
/* A marker; where the vocabulary lacks it, its name as text of the run. */
void tarn_put_control(struct tarn_builder *b, enum tarn_control c);
/* Closes the open run of text, if there is one. */
void tarn_put_end(struct tarn_builder *b);

#endif
