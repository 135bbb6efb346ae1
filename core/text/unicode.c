/* unicode.c - see unicode.h. */
#include "core/text/unicode.h"

bool tarn_unicode_printable(int32_t code)
{
    /* How many turns are at or before code: odd means inside a run. */
    size_t lo = 0, hi = tarn_unicode_n_turns;
    while (lo < hi) {
        const size_t middle = lo + (hi - lo) / 2;
        if (code >= (int32_t)tarn_unicode_turns[middle])
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo % 2 == 1;
}

bool tarn_unicode_strips(int32_t code)
{
    return tarn_unicode_kind(code) == TARN_SPACE ||
           (code >= 0x1c && code <= 0x1f);
}
