/* steps.h - a thought falls into steps; a step that comes for the third time.
 *
 * The thought's bytes are read as they come, token by token, characters cut
 * anywhere.  A step begins
 *   B1  behind an LF that ends a line of white space only (not the first
 *       line), if the step had 12 tokens there;
 *   B2  at a line's marker - #..######, -, *, the bullet, 1-3 digits with . or
 *       ) - after at most 3 spaces and with a space behind it, if the step had
 *       12 tokens at the LF before; known when the space has come, so the
 *       answer may name an earlier token;
 *   B3  behind the end of a sentence, if the step has 96 tokens: . ! ? with
 *       closing marks and white space, or one of the full stops of scripts
 *       that need no space, with closing marks and further full stops;
 *   and at the 257th token, whatever it holds.
 * After B1 and B3 it begins at the token with the next byte that is not white
 * space.  From a line that begins with ``` to the line that closes it B1 to B3
 * don't count, for at most 512 tokens.  White space is that of ASCII.
 *
 * Bytes that are no UTF-8 are characters of their own here.
 *
 * Owns: nothing, allocates nothing.  Threads: one at a time.
 */
#ifndef TARN_TRACE_STEPS_H
#define TARN_TRACE_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARN_STEP_LEAST 12u     /* tokens before B1, B2; of a step for loops */
#define TARN_STEP_SENTENCE 96u  /* tokens before B3 */
#define TARN_STEP_MOST 256u     /* tokens of a step */
#define TARN_STEP_FENCE 512u    /* tokens in which a fence guards */
#define TARN_STEP_TITLE 32u     /* characters */
#define TARN_STEP_KEPT 16u      /* finished steps that are compared */
#define TARN_STEP_TIMES 3u      /* the same step so often: a loop */

struct tarn_step_begin {
    uint32_t token;  /* in the thought, counted from 0 */
    uint32_t offset; /* byte of that token */
    /* The step that ended came for the third time among the last 16: the
     * thought would be taken back to `back_to`, the first token of its second
     * occurrence. */
    bool loop;
    uint32_t back_to;
};

/* A step's text, lower-cased (ASCII), runs of white space as one space and
 * none at the ends, as FNV-1a-64. */
struct tarn_step_hash {
    uint64_t value;
    bool any, space; /* something came; white space waits */
};
void tarn_step_hash_init(struct tarn_step_hash *h);
void tarn_step_hash_add(struct tarn_step_hash *h, const void *text,
                        size_t size);

struct tarn_steps {
    uint32_t n;         /* tokens seen */
    uint32_t first;     /* first token of the present step */
    /* the character that is being put together */
    unsigned char part[4];
    uint32_t part_token[4], part_offset[4], n_part;
    /* the line */
    bool first_line, blank;
    uint8_t marker;     /* enum of steps.c: where in a marker */
    uint8_t n_marker;   /* spaces, hashes, digits, backticks so far */
    char marker_text[8];
    uint8_t n_marker_text;
    uint32_t marker_token, marker_offset;
    uint32_t at_lf;     /* tokens of the step at the LF before this line */
    /* the sentence, and what waits for its next byte */
    bool sentence, waits, waits_closing;
    /* the fence */
    bool fence, fence_line, guards;
    uint32_t fence_token;
    /* loops by step */
    struct tarn_step_hash hash, hash_before; /* _before: the line's marker */
    uint64_t kept[TARN_STEP_KEPT];
    uint32_t kept_first[TARN_STEP_KEPT];
    uint32_t n_kept;    /* finished steps so far */
};

void tarn_steps_init(struct tarn_steps *s);
/* The next token of the thought; true if a step begins (the first one, at
 * token 0, is not announced). */
bool tarn_steps_token(struct tarn_steps *s, const void *bytes, size_t size,
                      struct tarn_step_begin *out);

#endif
