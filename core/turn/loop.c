/* loop.c - see loop.h. */
#include "core/turn/loop.h"

#include <string.h>

void tarn_loop_init(struct tarn_loop *l)
{
    memset(l, 0, sizeof *l);
}

bool tarn_loop_token(struct tarn_loop *l, int32_t id,
                     struct tarn_loop_found *out)
{
    uint32_t t = l->n++, found = 0;
    for (uint32_t p = 1; p <= TARN_LOOP_PERIODS && p <= t; p++) {
        bool same = l->ring[(t - p) % TARN_LOOP_PERIODS] == id;
        uint16_t m = same ? (uint16_t)(l->same[p] + (l->same[p] < UINT16_MAX))
                          : 0;
        l->same[p] = m;
        if (!found && m >= 2 * p && m + p >= TARN_LOOP_LEAST)
            found = p;
    }
    l->ring[t % TARN_LOOP_PERIODS] = id;
    if (!found)
        return false;
    *out = (struct tarn_loop_found){ .period = found,
                                     .matched = l->same[found],
                                     .back_to = t - l->same[found] + 1 };
    return true;
}
