/* circle.c - see circle.h. */
#include "core/trace/circle.h"

void tarn_circle_init(struct tarn_circle *c)
{
    tarn_loop_init(&c->loop);
    tarn_steps_init(&c->steps);
}

bool tarn_circle_token(struct tarn_circle *c, int32_t id, const void *bytes,
                       size_t size, struct tarn_circle_found *out)
{
    struct tarn_loop_found exact;
    struct tarn_step_begin step = { .loop = false };
    const bool circle = tarn_loop_token(&c->loop, id, &exact);
    const bool begins = tarn_steps_token(&c->steps, bytes, size, &step);
    if (circle)
        *out = (struct tarn_circle_found){ .back_to = exact.back_to,
                                           .matched = exact.matched };
    else if (begins && step.loop)
        *out = (struct tarn_circle_found){ .by_step = true,
                                           .back_to = step.back_to };
    return circle || (begins && step.loop);
}
