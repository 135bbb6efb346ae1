/* loop.h - does the model go round in circles?
 *
 * Exact: for every period P up to 256 it counts how many tokens in a row equal
 * the one P before.  A circle of period P is there when that count m_P is at
 * least 2 P and m_P + P at least 48: three copies, 48 tokens.  The smallest
 * such P counts.  A list that counts upwards is no circle.
 *
 * Owns: nothing.  Threads: one at a time.
 */
#ifndef TARN_TURN_LOOP_H
#define TARN_TURN_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define TARN_LOOP_PERIODS 256u
#define TARN_LOOP_LEAST 48u /* tokens of all copies together */

struct tarn_loop {
    int32_t ring[TARN_LOOP_PERIODS]; /* the last ids */
    uint16_t same[TARN_LOOP_PERIODS + 1]; /* m_P, saturating */
    uint32_t n;                      /* tokens seen */
};

struct tarn_loop_found {
    uint32_t period, matched; /* P and m_P */
    uint32_t back_to;         /* first token of the second copy */
};

void tarn_loop_init(struct tarn_loop *l);
/* The next token of the span; true if a circle is there now. */
bool tarn_loop_token(struct tarn_loop *l, int32_t id,
                     struct tarn_loop_found *out);

#endif
