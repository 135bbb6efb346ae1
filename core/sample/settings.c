/* settings.c - defaults and ranges of the sampler's settings (S01).
 *
 * Zero is off or greedy everywhere, so a zeroed struct is legal.  Ranges are
 * wide: they keep out what has no meaning, not what is unwise. */
#include "core/sample/sample.h"

#include <stdio.h>

#include "core/base/error.h"

struct tarn_sampling tarn_sampling_default(void)
{
    return (struct tarn_sampling){
        .size = sizeof(struct tarn_sampling),
        .temperature = 0.2f,
        .top_k = 80,
        .top_p = 1.0f,
        .typical_p = 1.0f,
        .repeat_penalty = 1.05f,
        .penalty_last_n = 64,
        .dry_base = 1.75f,
        .dry_allowed_length = 2,
        .dry_last_n = -1,
        .xtc_threshold = 0.1f,
        .dynatemp_exponent = 1.0f,
        .mirostat_tau = 5.0f,
        .mirostat_eta = 0.1f,
    };
}

struct range {
    const char *name;
    double value, low, high;
};

/* A NaN is in no range. */
static bool inside(const struct range *r)
{
    return r->value >= r->low && r->value <= r->high;
}

enum tarn_status tarn_sampling_check(const struct tarn_sampling *s,
                                     struct tarn_error *err)
{
    const struct range ranges[] = {
        { "temperature", (double)s->temperature, 0, 100 },
        { "top-k", s->top_k, 0, INT32_MAX },
        { "top-p", (double)s->top_p, 0, 1 },
        { "min-p", (double)s->min_p, 0, 1 },
        { "typical", (double)s->typical_p, 0, 1 },
        { "top-n-sigma", (double)s->top_n_sigma, -1, 1000 },
        { "repeat-penalty", (double)s->repeat_penalty, 0, 100 },
        { "repeat-last-n", s->penalty_last_n, -1, INT32_MAX },
        { "frequency-penalty", (double)s->frequency_penalty, -100, 100 },
        { "presence-penalty", (double)s->presence_penalty, -100, 100 },
        { "dry-multiplier", (double)s->dry_multiplier, 0, 1000 },
        { "dry-base", (double)s->dry_base, s->dry_multiplier > 0 ? 1 : 0,
          1000 },
        { "dry-allowed-length", s->dry_allowed_length, 0, INT32_MAX },
        { "dry-last-n", s->dry_last_n, -1, INT32_MAX },
        { "xtc-probability", (double)s->xtc_probability, 0, 1 },
        { "xtc-threshold", (double)s->xtc_threshold, 0, 1 },
        { "dynatemp-range", (double)s->dynatemp_range, 0, 100 },
        { "dynatemp-exponent", (double)s->dynatemp_exponent, 0, 100 },
        { "mirostat-tau", (double)s->mirostat_tau, 0, 100 },
        { "mirostat-eta", (double)s->mirostat_eta, 0, 100 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *r = &ranges[i];
        if (inside(r))
            continue;
        if (r->high >= INT32_MAX)
            return tarn_fail(err, TARN_USAGE,
                             "%s is %g; choose a number from %g up.", r->name,
                             r->value, r->low);
        return tarn_fail(err, TARN_USAGE,
                         "%s is %g; choose a number from %g to %g.", r->name,
                         r->value, r->low, r->high);
    }
    if (s->mirostat != 0 && s->mirostat != 2)
        return tarn_fail(err, TARN_USAGE,
                         "mirostat is %d; choose 0 (off) or 2.",
                         (int)s->mirostat);
    return TARN_OK;
}
