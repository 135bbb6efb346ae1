/* cut.c - the stages that take candidates out, temperature, the draw.
 *
 * Formulas, a second time: tests/oracle/sampler/check.py.  Probabilities are
 * float64, exp and log those of numerics.h.  A stage that only compares with a
 * threshold leaves the order as it is; one that needs ranks ranks no further
 * than it must. */
#include "core/sample/stage.h"

#include <float.h>
#include <string.h>

/* Ranked at first where a stage doesn't know how many it needs; then eight
 * times as many, and so on. */
#define RANK_FIRST 256

static bool finite_logit(float l)
{
    return (tarn_f32_bits(l) & 0x7f800000u) != 0x7f800000u;
}

void tarn_stage_gather(struct tarn_stages *w)
{
    uint32_t n = 0;
    for (uint32_t id = 0; id < w->n_vocab; id++) {
        w->key[n] = tarn_stage_key(w->dense[id], (int32_t)id);
        n += finite_logit(w->dense[id]);
    }
    w->n = n;
    w->sorted = 0;
}

void tarn_stage_gather_put(struct tarn_stages *w, const int32_t *ids,
                           uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        w->key[i] = (uint32_t)ids[i];
    w->n = n;
    tarn_stage_sort_again(w); /* a set begins in the order of ids */
    w->n = w->sorted = 0;
    for (uint32_t i = 0; i < n; i++) {
        const int32_t id = tarn_stage_id(w->key[i]);
        const float l = w->dense[id];
        w->key[w->n] = tarn_stage_key(l, id);
        w->n += finite_logit(l);
        w->dense[id] = -(float)INFINITY;
    }
}

void tarn_stage_gather_of(struct tarn_stages *w, const uint32_t *bits)
{
    uint32_t n = 0;
    for (uint32_t from = 0; from < w->n_vocab; from += 32) {
        const uint32_t word = bits[from / 32];
        const uint32_t left = w->n_vocab - from;
        for (uint32_t k = 0; word && k < 32 && k < left; k++) {
            const float l = w->dense[from + k];
            w->key[n] = tarn_stage_key(l, (int32_t)(from + k));
            n += (word >> k & 1) & finite_logit(l);
        }
    }
    w->n = n;
    w->sorted = 0;
}

/* Keeps the members whose logit is at least `least`. */
static void keep_from(struct tarn_stages *w, double least)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++)
        if ((double)tarn_stage_logit(w->key[i]) >= least)
            w->key[n++] = w->key[i];
    w->n = n;
    if (w->sorted > 0)
        w->sorted = n;
}

void tarn_stage_top_n_sigma(struct tarn_stages *w, float n_sigma)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < w->n; i++)
        sum += (double)tarn_stage_logit(w->key[i]);
    const double mean = sum / (double)w->n;
    for (uint32_t i = 0; i < w->n; i++) {
        const double d = (double)tarn_stage_logit(w->key[i]) - mean;
        squares += d * d;
    }
    const double sigma = sqrt(squares / (double)w->n);
    keep_from(w, (double)tarn_stage_max(w) - (double)n_sigma * sigma);
}

void tarn_stage_top_k(struct tarn_stages *w, int32_t k)
{
    if (k <= 0 || (uint32_t)k >= w->n)
        return;
    tarn_stage_best(w, (uint32_t)k);
}

/* ----------------------------------------------------------------- typical
 * A heap of positions by (distance, position), so that only as many are
 * ranked as the sum needs.  Distances are not negative: their bits ascend. */
struct heap {
    const double *distance;
    uint64_t *at; /* positions */
    uint32_t n;
};

static bool nearer(const struct heap *h, uint64_t a, uint64_t b)
{
    return h->distance[a] < h->distance[b] ||
           (!(h->distance[b] < h->distance[a]) && a < b);
}

static void sink(struct heap *h, uint32_t i)
{
    const uint64_t v = h->at[i];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= h->n)
            break;
        if (child + 1 < h->n && nearer(h, h->at[child + 1], h->at[child]))
            child++;
        if (!nearer(h, h->at[child], v))
            break;
        h->at[i] = h->at[child];
        i = child;
    }
    h->at[i] = v;
}

void tarn_stage_typical(struct tarn_stages *w, float p, uint32_t min_keep)
{
    if (p >= 1.0f)
        return;
    const double max = (double)tarn_stage_max(w);
    const double sum = tarn_stage_softmax(w);
    const double log_sum = tarn_log64(sum);
    double entropy = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        const double log_p =
            (double)tarn_stage_logit(w->key[i]) - max - log_sum;
        entropy -= w->p[i] / sum * log_p;
    }
    for (uint32_t i = 0; i < w->n; i++) {
        const double d =
            max + log_sum - entropy - (double)tarn_stage_logit(w->key[i]);
        w->p[i] = d < 0 ? -d : d;
    }
    struct heap h = { w->p, w->spare, w->n };
    for (uint32_t i = 0; i < w->n; i++)
        w->spare[i] = i;
    for (uint32_t i = w->n / 2; i-- > 0;)
        sink(&h, i);
    double kept = 0;
    for (uint32_t n = 1; h.n > 0; n++) {
        const uint64_t i = h.at[0];
        kept += tarn_exp64((double)tarn_stage_logit(w->key[i]) - max) / sum;
        w->p[i] = -1; /* kept */
        if (kept > (double)p && n >= min_keep)
            break;
        h.at[0] = h.at[--h.n];
        sink(&h, 0);
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->p[i] < 0)
            w->key[n++] = w->key[i];
    w->n = n;
    if (w->sorted > 0)
        w->sorted = n;
}

/* ---------------------------------------------------------- top-p, min-p, XTC
 */

void tarn_stage_top_p(struct tarn_stages *w, float p, uint32_t min_keep)
{
    if (p >= 1.0f)
        return;
    const double max = (double)tarn_stage_max(w);
    const double sum = tarn_stage_softmax(w);
    double kept = 0;
    uint32_t n = 0;
    while (n < w->n) {
        if (n == w->sorted)
            tarn_stage_rank(w, n == 0 ? RANK_FIRST : 8 * n);
        kept += tarn_exp64((double)tarn_stage_logit(w->key[n]) - max) / sum;
        n++;
        if (kept >= (double)p && n >= min_keep)
            break;
    }
    w->n = w->sorted = n;
}

void tarn_stage_min_p(struct tarn_stages *w, float p, uint32_t min_keep)
{
    if (!(p > 0.0f))
        return;
    const double least = (double)tarn_stage_max(w) + tarn_log64((double)p);
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++)
        n += (double)tarn_stage_logit(w->key[i]) >= least;
    if (n >= min_keep)
        keep_from(w, least);
    else
        tarn_stage_top_k(w, (int32_t)min_keep);
}

void tarn_stage_xtc(struct tarn_stages *w, float threshold, uint32_t min_keep)
{
    if (w->n < 2 || threshold > 0.5f)
        return;
    const double sum = tarn_stage_softmax(w);
    uint64_t last = 0; /* the least likely one above the threshold */
    uint32_t above = 0;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->p[i] / sum >= (double)threshold) {
            above++;
            last = w->key[i] > last ? w->key[i] : last;
        }
    if (above < 2 || w->n - (above - 1) < min_keep)
        return;
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->key[i] >= last)
            w->key[n++] = w->key[i];
    w->n = n;
    if (w->sorted > 0)
        w->sorted = n;
}

/* ------------------------------------------------------------- temperature */

/* A tiny t would send logits out of range.  The softmax does not mind if the
 * maximum is taken off first; what still leaves the range has probability 0
 * and goes.  Rounding may make neighbors equal; then ids decide again. */
static void divide(struct tarn_stages *w, float t)
{
    const float max = tarn_stage_max(w);
    const float off = finite_logit(max / t) ? 0.0f : max;
    uint32_t n = 0;
    bool in_order = true;
    for (uint32_t i = 0; i < w->n; i++) {
        const float l = (tarn_stage_logit(w->key[i]) - off) / t;
        w->key[n] = tarn_stage_key(l, tarn_stage_id(w->key[i]));
        if (!finite_logit(l))
            continue;
        in_order = in_order && (n == 0 || w->key[n] > w->key[n - 1]);
        n++;
    }
    w->n = n;
    if (w->sorted > 0) {
        w->sorted = n;
        if (!in_order)
            tarn_stage_sort_again(w);
    }
}

/* Only the best stays: the largest logit, the lowest id. */
static void keep_best(struct tarn_stages *w)
{
    uint64_t best = w->key[0];
    for (uint32_t i = 1; i < w->n; i++)
        best = w->key[i] < best ? w->key[i] : best;
    w->key[0] = best;
    w->n = w->sorted = 1;
}

void tarn_stage_temperature(struct tarn_stages *w, float t)
{
    if (!(t > 0.0f))
        keep_best(w);
    else if (t != 1.0f)
        divide(w, t);
}

void tarn_stage_dynamic(struct tarn_stages *w, float t, float range,
                        float exponent)
{
    if (!(range > 0.0f)) {
        tarn_stage_temperature(w, t);
        return;
    }
    if (w->n < 2)
        return;
    const double max = (double)tarn_stage_max(w);
    const double sum = tarn_stage_softmax(w);
    const double log_sum = tarn_log64(sum);
    double entropy = 0;
    for (uint32_t i = 0; i < w->n; i++)
        entropy -= w->p[i] / sum *
                   ((double)tarn_stage_logit(w->key[i]) - max - log_sum);
    double share = entropy / tarn_log64((double)w->n);
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    if (exponent != 1.0f)
        share = share > 0 ? tarn_exp64((double)exponent * tarn_log64(share))
                : exponent > 0.0f ? 0
                                  : 1;
    const double low = t > range ? (double)(t - range) : 0;
    const double high = (double)t + (double)range;
    tarn_stage_temperature(w, (float)(low + (high - low) * share));
}

/* -------------------------------------------------------------------- draw */

void tarn_stage_mirostat(struct tarn_stages *w, float mu)
{
    const double max = (double)tarn_stage_max(w);
    const double log_sum = tarn_log64(tarn_stage_softmax(w));
    /* -log2 p <= mu, solved for the logit. */
    const double least = max + log_sum - (double)mu * 0.69314718055994530942;
    if (least > max)
        keep_best(w);
    else
        keep_from(w, least);
}

uint32_t tarn_stage_draw(struct tarn_stages *w, double u, double *p)
{
    const double max = (double)tarn_stage_max(w);
    const double sum = tarn_stage_softmax(w);
    double reached = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        if (i == w->sorted)
            tarn_stage_rank(w, i == 0 ? RANK_FIRST : 8 * i);
        const double here =
            tarn_exp64((double)tarn_stage_logit(w->key[i]) - max) / sum;
        if (here <= 0)
            break; /* none after this one has a chance; rounding ate u */
        at = i;
        *p = here;
        reached += here;
        if (reached > u)
            break;
    }
    return at;
}
