/* circle.h - does a thought go round in circles, by its tokens or by its steps?
 *
 * Exactly (core/turn/loop.h): the same tokens for the third time, 48 in all.
 * By step (steps.h): a step of at least 12 tokens for the third time among the
 * last 16.  What comes first counts.
 *
 * Owns: nothing, allocates nothing.  Threads: one at a time.
 */
#ifndef TARN_TRACE_CIRCLE_H
#define TARN_TRACE_CIRCLE_H

#include "core/trace/steps.h"
#include "core/turn/loop.h"

struct tarn_circle {
    struct tarn_loop loop;
    struct tarn_steps steps;
};
struct tarn_circle_found {
    bool by_step;
    uint32_t back_to; /* first token of the second time, counted from 0 */
    uint32_t matched; /* tokens in a row that were the same, if exact */
};
void tarn_circle_init(struct tarn_circle *c);
/* The next token of the thought and its bytes. */
bool tarn_circle_token(struct tarn_circle *c, int32_t id, const void *bytes,
                       size_t size, struct tarn_circle_found *out);

#endif
