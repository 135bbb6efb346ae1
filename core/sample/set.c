/* set.c - members, ranks and sums of a set of candidates; see stage.h.
 *
 * Ranking only a beginning: the key of the wanted rank is found digit by
 * digit with a histogram (linear, whatever the values), what is at most that
 * key is moved to the front without changing the order of the rest, and then
 * sorted.  A full sort of 128,000 keys is three radix passes over the logit's
 * half; the ids are in order already, so stability settles the ties. */
#include "core/sample/stage.h"

#include <string.h>

#include "core/base/memory.h"

/* Below this many keys insertion is faster than clearing histograms. */
#define FEW 96
#define BLOCK 64

bool tarn_stages_init(struct tarn_stages *w, uint32_t n_vocab)
{
    *w = (struct tarn_stages){ .n_vocab = n_vocab };
    w->dense = tarn_alloc(n_vocab, sizeof *w->dense);
    w->key = tarn_alloc(n_vocab, sizeof *w->key);
    w->spare = tarn_alloc(n_vocab, sizeof *w->spare);
    w->p = tarn_alloc(n_vocab, sizeof *w->p);
    w->count = tarn_alloc(n_vocab, sizeof *w->count);
    w->radix = tarn_alloc(3, sizeof *w->radix);
    if (w->dense && w->key && w->spare && w->p && w->count && w->radix)
        return true;
    tarn_stages_finish(w);
    return false;
}

void tarn_stages_finish(struct tarn_stages *w)
{
    tarn_free(w->dense);
    tarn_free(w->key);
    tarn_free(w->spare);
    tarn_free(w->p);
    tarn_free(w->count);
    tarn_free(w->radix);
    *w = (struct tarn_stages){ 0 };
}

/* ------------------------------------------------------- members and ranks */

static void insertion_sort(uint64_t *key, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        const uint64_t k = key[i];
        uint32_t at = i;
        for (; at > 0 && key[at - 1] > k; at--)
            key[at] = key[at - 1];
        key[at] = k;
    }
}

/* Sorts key[0, n), which is in the order of ids, by way of other[0, n). */
static void radix_sort(uint64_t *key, uint64_t *other, uint32_t n,
                       uint32_t (*radix)[TARN_RADIX])
{
    memset(radix, 0, 3 * sizeof *radix);
    for (uint32_t i = 0; i < n; i++)
        for (int pass = 0; pass < 3; pass++)
            radix[pass]
                 [key[i] >> (32 + TARN_RADIX_BITS * pass) & (TARN_RADIX - 1)]++;
    uint64_t *from = key, *to = other;
    for (int pass = 0; pass < 3; pass++) {
        uint32_t *place = radix[pass];
        uint32_t sum = 0;
        for (uint32_t d = 0; d < TARN_RADIX; d++) {
            const uint32_t here = place[d];
            place[d] = sum;
            sum += here;
        }
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t d =
                from[i] >> (32 + TARN_RADIX_BITS * pass) & (TARN_RADIX - 1);
            to[place[d]++] = from[i];
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    memcpy(key, from, n * sizeof *key); /* three passes end in `other` */
}

/* The key of rank `want` (from 0) among key[0, n), by digits from the top;
 * other[0, n) is work space. */
static uint64_t key_of_rank(const uint64_t *key, uint32_t n, uint32_t want,
                            uint64_t *other, uint32_t *radix)
{
    const uint64_t *from = key;
    for (int shift = 64 - TARN_RADIX_BITS;; shift -= TARN_RADIX_BITS) {
        shift = shift < 0 ? 0 : shift; /* the last digits overlap: no harm */
        memset(radix, 0, sizeof *radix * TARN_RADIX);
        for (uint32_t i = 0; i < n; i++)
            radix[from[i] >> shift & (TARN_RADIX - 1)]++;
        uint32_t digit = 0;
        for (; want >= radix[digit]; digit++)
            want -= radix[digit];
        /* Only that digit's keys stay; writing never overtakes reading. */
        uint32_t left = 0;
        for (uint32_t i = 0; i < n; i++)
            if ((from[i] >> shift & (TARN_RADIX - 1)) == digit)
                other[left++] = from[i];
        from = other;
        n = left;
        if (n == 1 || shift == 0)
            return from[0]; /* keys are distinct */
    }
}

/* The best `want` members in order at the front; the worse ones behind them
 * in the order of ids, or nowhere. */
static void rank(struct tarn_stages *w, uint32_t want, bool drop)
{
    uint64_t *rest = w->key + w->sorted;
    const uint32_t n = w->n - w->sorted;
    const uint32_t more = want - w->sorted;
    if (more < n) {
        const uint64_t last =
            key_of_rank(rest, n, more - 1, w->spare, w->radix[0]);
        uint32_t better = 0, worse = n;
        for (uint32_t i = 0; i < n; i++) {
            w->spare[better] = rest[i]; /* better <= i: there is room */
            better += rest[i] <= last;
        }
        /* From the end, so that they keep their order in place. */
        for (uint32_t i = n; !drop && i-- > 0;)
            if (rest[i] > last)
                rest[--worse] = rest[i];
        memcpy(rest, w->spare, more * sizeof *rest);
    }
    if (more <= FEW)
        insertion_sort(rest, more);
    else
        radix_sort(rest, w->spare, more, w->radix);
    w->sorted = want;
    if (drop)
        w->n = want;
}

void tarn_stage_rank(struct tarn_stages *w, uint32_t want)
{
    want = want < w->n ? want : w->n;
    if (want > w->sorted)
        rank(w, want, false);
}

void tarn_stage_best(struct tarn_stages *w, uint32_t want)
{
    if (want > w->sorted && want < w->n)
        rank(w, want, true);
    else if (want < w->n)
        w->n = w->sorted = want;
}

static void sink(uint64_t *key, uint32_t n, uint32_t i)
{
    const uint64_t k = key[i];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n && key[child + 1] > key[child])
            child++;
        if (key[child] <= k)
            break;
        key[i] = key[child];
        i = child;
    }
    key[i] = k;
}

/* Heap sort: any order, whole keys.  Rare, so slower will do. */
void tarn_stage_sort_again(struct tarn_stages *w)
{
    for (uint32_t i = w->n / 2; i-- > 0;)
        sink(w->key, w->n, i);
    for (uint32_t n = w->n; n > 1;) {
        const uint64_t k = w->key[--n];
        w->key[n] = w->key[0];
        w->key[0] = k;
        sink(w->key, n, 0);
    }
    w->sorted = w->n;
}

/* -------------------------------------------------------------------- sums */

float tarn_stage_max(const struct tarn_stages *w)
{
    uint64_t best = w->key[0];
    if (w->sorted == 0)
        for (uint32_t i = 1; i < w->n; i++)
            best = w->key[i] < best ? w->key[i] : best;
    return tarn_stage_logit(best);
}

/* In blocks, since the loop without branches runs in vectors.  Scores far
 * below the best one are rare: then a block goes one by one. */
void tarn_stage_exp(const double *d, uint32_t n, double *e)
{
    for (uint32_t at = 0; at < n; at += BLOCK) {
        const uint32_t m = n - at < BLOCK ? n - at : BLOCK;
        bool inside = true;
        for (uint32_t i = at; i < at + m; i++)
            inside &= d[i] > -700.0;
        if (inside)
            for (uint32_t i = at; i < at + m; i++)
                e[i] = tarn_exp64_inside(d[i]);
        else
            for (uint32_t i = at; i < at + m; i++)
                e[i] = tarn_exp64(d[i]);
    }
}

double tarn_stage_softmax(struct tarn_stages *w)
{
    const double max = (double)tarn_stage_max(w);
    for (uint32_t i = 0; i < w->n; i++)
        w->p[i] = (double)tarn_stage_logit(w->key[i]) - max;
    tarn_stage_exp(w->p, w->n, w->p);
    double sum = 0;
    for (uint32_t i = 0; i < w->n; i++)
        sum += w->p[i];
    return sum;
}
