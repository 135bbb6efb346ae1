/* digest.h - struct tarn_digest made on the processor: from a whole row, or from
 * what a device found.
 *
 *     tarn_digest_row(d, logits, n_vocab);       // all of it
 *
 *     tarn_digest_begin(d);                      // or piece by piece:
 *     tarn_digest_offer(d, id, logit);           // candidates, in any order
 *     tarn_digest_rank(d);
 *     struct tarn_sums all = TARN_NO_SUMS;
 *     tarn_sums_join(&all, &part);               // of parts of the row
 *     tarn_digest_sums(d, &all);
 *
 * Sums are float64; how they were cut into parts shows in last digits only.
 *
 * Owns: nothing; allocates nothing.  Threads: any.
 */
#ifndef TARN_BACKENDS_DIGEST_H
#define TARN_BACKENDS_DIGEST_H

#include <float.h>

#include "backends/backend.h"
#include "backends/numerics.h"

/* ------------------------------------------------------------------ order
 * The sampler's order of candidates as one number, ascending: larger logits
 * first, equal ones by the lower id.  Float bits ascend with the value for
 * positive floats and descend for negative ones; this makes all descend. */
static inline uint64_t tarn_digest_key(float logit, int32_t id)
{
    const uint32_t u = tarn_f32_bits(logit + 0.0f); /* -0 becomes +0 */
    const uint32_t order = u & 0x80000000u ? u : ~u & 0x7fffffffu;
    return (uint64_t)order << 32 | (uint32_t)id;
}

/* --------------------------------------------------------------- the best
 * While candidates are offered they are a heap with the worst one on top. */
static inline uint64_t tarn_digest_key_at(const struct tarn_digest *d,
                                          uint32_t i)
{
    return tarn_digest_key(d->best_logits[i], d->best_ids[i]);
}

static inline void tarn_digest_set(struct tarn_digest *d, uint32_t i,
                                   int32_t id, float logit)
{
    d->best_ids[i] = id;
    d->best_logits[i] = logit;
}

/* Puts a candidate on top of the heap of n and lets it sink. */
static inline void tarn_digest_sink(struct tarn_digest *d, uint32_t n,
                                    int32_t id, float logit)
{
    const uint64_t key = tarn_digest_key(logit, id);
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n &&
            tarn_digest_key_at(d, child + 1) > tarn_digest_key_at(d, child))
            child++;
        if (tarn_digest_key_at(d, child) <= key)
            break;
        tarn_digest_set(d, i, d->best_ids[child], d->best_logits[child]);
        i = child;
    }
    tarn_digest_set(d, i, id, logit);
}

static inline void tarn_digest_begin(struct tarn_digest *d)
{
    d->n_best = 0;
}

static inline void tarn_digest_offer(struct tarn_digest *d, int32_t id,
                                     float logit)
{
    const uint64_t key = tarn_digest_key(logit, id);
    if (d->n_best == d->k) {
        if (d->k > 0 && key < tarn_digest_key_at(d, 0))
            tarn_digest_sink(d, d->k, id, logit);
        return;
    }
    uint32_t i = d->n_best++;
    for (; i > 0 && tarn_digest_key_at(d, (i - 1) / 2) < key; i = (i - 1) / 2)
        tarn_digest_set(d, i, d->best_ids[(i - 1) / 2],
                        d->best_logits[(i - 1) / 2]);
    tarn_digest_set(d, i, id, logit);
}

/* Behind the last offer: best first. */
static inline void tarn_digest_rank(struct tarn_digest *d)
{
    for (uint32_t n = d->n_best; n > 1;) {
        const int32_t id = d->best_ids[--n];
        const float logit = d->best_logits[n];
        tarn_digest_set(d, n, d->best_ids[0], d->best_logits[0]);
        tarn_digest_sink(d, n, id, logit);
    }
}

/* --------------------------------------------------------------- the sums */
struct tarn_sums {
    double max;     /* -infinity: nothing in it */
    double sum;     /* of e^(l - max) */
    double product; /* of e^(l - max) (l - max); not positive */
    bool bad;       /* a NaN or +infinity is among them */
};
#define TARN_NO_SUMS                                                           \
    {                                                                          \
        -(double)INFINITY, 0, 0, false                                         \
    }

/* The same sums with another maximum, not below the one they have. */
static inline void tarn_sums_move(struct tarn_sums *s, double max)
{
    const double off = s->max - max;
    const double f = s->sum > 0 ? tarn_exp64(off) : 0;
    s->product = f > 0 ? (s->product + s->sum * off) * f : 0;
    s->sum *= f;
    s->max = max;
}

static inline void tarn_sums_join(struct tarn_sums *all,
                                  const struct tarn_sums *part)
{
    struct tarn_sums other = *part;
    all->bad |= other.bad;
    if (all->bad || !(other.sum > 0))
        return;
    if (other.max > all->max)
        tarn_sums_move(all, other.max);
    else
        tarn_sums_move(&other, all->max);
    all->sum += other.sum;
    all->product += other.product;
}

static inline void tarn_digest_sums(struct tarn_digest *d,
                                    const struct tarn_sums *all)
{
    const double log_sum = all->sum > 0 ? tarn_log64(all->sum) : 0;
    d->log_sum_exp = all->bad        ? (double)NAN
                     : all->sum > 0 ? all->max + log_sum
                                    : -(double)INFINITY;
    d->entropy = all->sum > 0 ? log_sum - all->product / all->sum : 0;
    if (!(d->entropy > 0)) /* rounding */
        d->entropy = 0;
}

/* ----------------------------------------------------------- a whole row */
static inline void tarn_digest_row(struct tarn_digest *d, const float *logits,
                                   uint32_t n)
{
    struct tarn_sums all = TARN_NO_SUMS;
    tarn_digest_begin(d);
    for (uint32_t i = 0; i < n; i++) {
        all.bad |= !(logits[i] <= FLT_MAX);
        if ((double)logits[i] > all.max)
            all.max = (double)logits[i];
        tarn_digest_offer(d, (int32_t)i, logits[i]);
    }
    tarn_digest_rank(d);
    for (uint32_t i = 0; i < n && !all.bad && all.max >= -(double)FLT_MAX;
         i++) {
        const double off = (double)logits[i] - all.max;
        const double e = tarn_exp64(off);
        all.sum += e;
        all.product += e > 0 ? e * off : 0; /* not 0 * -infinity */
    }
    tarn_digest_sums(d, &all);
}

#endif
