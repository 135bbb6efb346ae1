/* terms.h - forks, hesitations, turn-backs: what the trace calls so.
 *
 * All of it is causal: what is said of a token depends on this one and those
 * before, so a trace that streams and one that is loaded agree.  H is a
 * token's entropy in bits of the plain distribution, before penalties,
 * temperature and cuts.
 *
 * A fork: p2 >= p1 / 2 and H >= 1.0.  A hesitation: A_t, the mean of the last
 * eight H, opens one at 1.25 and closes it below 0.70; one that would open
 * less than 24 tokens after the last one closed is that one again.  A model
 * that was measured may have a pair of its own (docs/trace.md).
 *
 * Owns: nothing, allocates nothing.  Threads: one at a time.
 */
#ifndef TARN_TRACE_TERMS_H
#define TARN_TRACE_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARN_FORK_BITS 1.0
#define TARN_HESITATION_MEAN 8u /* tokens */
#define TARN_HESITATION_OPEN 1.25
#define TARN_HESITATION_CLOSE 0.70
#define TARN_HESITATION_AGAIN 24u /* tokens */

/* p1, p2: the two largest probabilities. */
bool tarn_fork(float p1, float p2, float entropy_bits);

enum tarn_hesitation_event {
    TARN_HESITATION_NONE,
    TARN_HESITATION_OPENS,  /* a new one; its first token is `first` */
    TARN_HESITATION_REOPENS, /* the last one goes on */
    TARN_HESITATION_CLOSES  /* with this token */
};
struct tarn_hesitation {
    float last[TARN_HESITATION_MEAN]; /* H of token t at t % 8 */
    double open_bits, close_bits;     /* the pair in use */
    uint32_t n;                       /* tokens seen */
    uint32_t first;                   /* of the last one: t_open - 7 */
    uint32_t closed;                  /* its last token, if not open */
    bool any, open;
};
/* The pair of the model that its file calls `name` (NULL: none). */
void tarn_hesitation_pair(const char *name, double *open_bits,
                          double *close_bits);
/* At the beginning of a thought; 0 and 0: the usual pair. */
void tarn_hesitation_init(struct tarn_hesitation *h, double open_bits,
                          double close_bits);
/* The next token of the thought.  An open one ends with the span. */
enum tarn_hesitation_event tarn_hesitation_token(struct tarn_hesitation *h,
                                                 float entropy_bits);

/* Does a step that begins with this text turn back ("wait", "actually", ...,
 * in nine languages; white space and opening quotes before it don't count)?
 * 64 bytes of it are enough. */
bool tarn_turn_back(const void *text, size_t size);

#endif
