/* sample.c - one draw, from a row of logits to a token; see sample.h.
 *
 * The plain figures (probability, entropy, the eight best) are taken from the
 * logits as they came; then the stages of stage.h run in the order of DESIGN
 * section 6 on a copy. */
#include "core/sample/sample.h"

#include <float.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/sample/stage.h"

#define LN2 0.69314718055994530942
#define N_BEST 8
/* Kept at least, whatever the options say: the usual penalty window. */
#define MIN_HISTORY 64
/* Each purpose has its own random number, still of (seed, position, attempt)
 * alone.  The draw itself uses the seed as it is. */
#define SEED_XTC UINT64_C(0x5854435f636f696e)   /* "XTC_coin" */
#define SEED_AGAIN UINT64_C(0x6472617741676169) /* "drawAgai" */

struct tarn_sampler {
    struct tarn_sampling set;
    struct tarn_stages w;
    struct tarn_history history;
    struct tarn_breakers breakers;
    struct tarn_logit_bias *biases;
    size_t n_biases;
    uint32_t *run;  /* [history.room] for DRY; NULL if it is off */
    float *mu_then; /* [history.room] mu before each kept token, or NULL */
    float mu, mu_next;
    bool drawn; /* a draw waits for its accept */
    bool constrained;
    struct tarn_constraint constraint;
};

/* ------------------------------------------------------------------ making */

static enum tarn_status check_biases(uint32_t n_vocab,
                                     const struct tarn_sampler_options *opt,
                                     struct tarn_error *err)
{
    for (size_t i = 0; i < opt->n_biases; i++) {
        const struct tarn_logit_bias *b = &opt->biases[i];
        if (b->id < 0 || (uint32_t)b->id >= n_vocab)
            return tarn_fail(err, TARN_USAGE,
                             "The bias is for token %d; this model's tokens "
                             "are 0 to %u.",
                             (int)b->id, n_vocab - 1);
        if (b->bias != b->bias || b->bias > FLT_MAX)
            return tarn_fail(err, TARN_USAGE,
                             "The bias of token %d is %g; choose a finite "
                             "number, or minus infinity to forbid it.",
                             (int)b->id, (double)b->bias);
    }
    return TARN_OK;
}

static bool all_forbidden(struct tarn_sampler *s)
{
    struct tarn_stages *w = &s->w;
    memset(w->dense, 0, w->n_vocab * sizeof *w->dense);
    tarn_stage_bias(w, s->biases, s->n_biases);
    tarn_stage_gather(w);
    return w->n == 0;
}

static enum tarn_status allocate(struct tarn_sampler *s, uint32_t n_vocab,
                                 const struct tarn_sampler_options *opt,
                                 struct tarn_error *err)
{
    const bool dry = s->set.dry_multiplier > 0;
    size_t room = opt->max_history;
    room = room > MIN_HISTORY ? room : MIN_HISTORY;
    s->history.room = room;
    s->history.id = tarn_alloc(room, sizeof *s->history.id);
    s->biases = tarn_alloc(opt->n_biases, sizeof *s->biases);
    if (dry)
        s->run = tarn_alloc(room, sizeof *s->run);
    if (s->set.mirostat == 2)
        s->mu_then = tarn_alloc(room, sizeof *s->mu_then);
    if (!s->history.id || !s->biases || (dry && !s->run) ||
        (s->set.mirostat == 2 && !s->mu_then) ||
        !tarn_stages_init(&s->w, n_vocab) ||
        (dry && !tarn_breakers_init(&s->breakers, n_vocab, opt)))
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory for the sampler "
                         "(%u tokens, history of %zu).",
                         n_vocab, room);
    return TARN_OK;
}

enum tarn_status tarn_sampler_create(uint32_t n_vocab,
                                     const struct tarn_sampler_options *opt,
                                     struct tarn_sampler **out,
                                     struct tarn_error *err)
{
    const struct tarn_sampling set =
        opt->sampling ? *opt->sampling : tarn_sampling_default();
    enum tarn_status status = tarn_sampling_check(&set, err);
    if (status == TARN_OK && (n_vocab == 0 || n_vocab > INT32_MAX))
        status =
            tarn_fail(err, TARN_USAGE,
                      "A vocabulary of %u tokens cannot be sampled.", n_vocab);
    if (status == TARN_OK)
        status = check_biases(n_vocab, opt, err);
    if (status != TARN_OK)
        return status;
    struct tarn_sampler *s = tarn_alloc(1, sizeof *s);
    if (!s)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory for the sampler.");
    s->set = set;
    if (s->set.repeat_penalty == 0.0f)
        s->set.repeat_penalty = 1.0f;
    status = allocate(s, n_vocab, opt, err);
    if (status != TARN_OK)
        goto fail;
    s->n_biases = opt->n_biases;
    if (opt->n_biases > 0)
        memcpy(s->biases, opt->biases, opt->n_biases * sizeof *s->biases);
    if (all_forbidden(s)) {
        status = tarn_fail(err, TARN_USAGE,
                           "The biases forbid all %u tokens; leave at least "
                           "one.",
                           n_vocab);
        goto fail;
    }
    s->mu = 2.0f * s->set.mirostat_tau;
    s->constrained = opt->constraint != NULL;
    if (opt->constraint)
        s->constraint = *opt->constraint;
    *out = s;
    return TARN_OK;
fail:
    tarn_sampler_destroy(s);
    return status;
}

void tarn_sampler_destroy(struct tarn_sampler *s)
{
    if (!s)
        return;
    tarn_stages_finish(&s->w);
    tarn_breakers_finish(&s->breakers);
    tarn_free(s->history.id);
    tarn_free(s->biases);
    tarn_free(s->run);
    tarn_free(s->mu_then);
    tarn_free(s);
}

/* ----------------------------------------------------------------- history */

void tarn_sampler_accept(struct tarn_sampler *s, int32_t id)
{
    struct tarn_history *h = &s->history;
    const size_t at = (size_t)(h->n % h->room);
    h->id[at] = id;
    if (s->mu_then)
        s->mu_then[at] = s->mu;
    h->n++;
    if (!s->drawn)
        return;
    s->drawn = false;
    s->mu = s->mu_next;
    if (s->constrained && s->constraint.accept)
        s->constraint.accept(s->constraint.user, id);
}

void tarn_sampler_rewind(struct tarn_sampler *s, size_t n)
{
    struct tarn_history *h = &s->history;
    s->drawn = false;
    if (n >= h->n)
        return;
    const bool kept = h->n - n <= h->room;
    if (s->mu_then)
        s->mu = kept ? s->mu_then[n % h->room] : 2.0f * s->set.mirostat_tau;
    h->n = n;
}

/* ------------------------------------------------------------ plain figures */

struct plain {
    double max, sum;
    uint64_t best[N_BEST]; /* keys */
    uint32_t n_best;
    double entropy_bits;
};

/* One pass: false if a logit is NaN or +infinity. */
static bool find_best(const float *logits, uint32_t n, struct plain *out)
{
    uint64_t *best = out->best;
    uint32_t n_best = 0;
    uint32_t bad = 0;
    float last = -(float)INFINITY; /* what must be passed */
    for (uint32_t i = 0; i < n; i++) {
        const float l = logits[i];
        bad |= !(l <= FLT_MAX);
        if (!(l > last))
            continue;
        const uint64_t k = tarn_stage_key(l, (int32_t)i);
        uint32_t at = n_best < N_BEST ? n_best++ : N_BEST - 1;
        for (; at > 0 && best[at - 1] > k; at--)
            best[at] = best[at - 1];
        best[at] = k;
        if (n_best == N_BEST)
            last = tarn_stage_logit(best[N_BEST - 1]);
    }
    out->n_best = n_best;
    return !bad && n_best > 0;
}

/* The other pass: the sum of e^(l - max), and of that times (l - max). */
static void sum_up(const float *logits, uint32_t n, struct plain *out)
{
    enum { BLOCK = 128 };
    double e[BLOCK], d[BLOCK];
    const double max = (double)tarn_stage_logit(out->best[0]);
    double sum = 0, product = 0;
    for (uint32_t i = 0; i < n; i += BLOCK) {
        const uint32_t m = n - i < BLOCK ? n - i : BLOCK;
        for (uint32_t k = 0; k < m; k++)
            d[k] = (double)logits[i + k] - max;
        tarn_stage_exp(d, m, e);
        for (uint32_t k = 0; k < m; k++) {
            sum += e[k];
            product += e[k] > 0 ? e[k] * d[k] : 0; /* not 0 * -inf */
        }
    }
    out->max = max;
    out->sum = sum;
    out->entropy_bits = (tarn_log64(sum) - product / sum) / LN2;
    if (!(out->entropy_bits > 0))
        out->entropy_bits = 0;
}

/* What a digest says of them; false as find_best(), or if it makes no sense. */
static bool take_plain(const struct tarn_digest *d, uint32_t n_vocab,
                       struct plain *out)
{
    if (d->n_best == 0 || d->n_best > n_vocab ||
        !(d->log_sum_exp >= -DBL_MAX && d->log_sum_exp <= DBL_MAX))
        return false;
    for (uint32_t i = 0; i < d->n_best; i++)
        if (d->best_ids[i] < 0 || (uint32_t)d->best_ids[i] >= n_vocab ||
            !(d->best_logits[i] <= FLT_MAX))
            return false;
    out->n_best = 0;
    for (uint32_t i = 0; i < d->n_best && i < N_BEST; i++)
        if (d->best_logits[i] >= -FLT_MAX)
            out->best[out->n_best++] =
                tarn_stage_key(d->best_logits[i], d->best_ids[i]);
    out->max = (double)d->best_logits[0];
    out->sum = tarn_exp64(d->log_sum_exp - out->max);
    out->entropy_bits = d->entropy > 0 ? d->entropy / LN2 : 0;
    return out->n_best > 0 && out->sum > 0;
}

static float plain_p(const struct plain *f, float logit)
{
    return (float)(tarn_exp64((double)logit - f->max) / f->sum);
}

/* -------------------------------------------------------------------- draw */

static bool penalizes(const struct tarn_sampling *set)
{
    return set->repeat_penalty != 1.0f || set->frequency_penalty != 0.0f ||
           set->presence_penalty != 0.0f;
}

static void run_penalties(struct tarn_sampler *s)
{
    const struct tarn_sampling *set = &s->set;
    if (penalizes(set))
        tarn_stage_penalties(&s->w, &s->history, set->penalty_last_n,
                             set->repeat_penalty, set->frequency_penalty,
                             set->presence_penalty);
}

static void run_dense(struct tarn_sampler *s, const float *logits)
{
    const struct tarn_sampling *set = &s->set;
    struct tarn_stages *w = &s->w;
    tarn_stage_fill(w, logits);
    tarn_stage_bias(w, s->biases, s->n_biases);
    run_penalties(s);
    if (s->run) {
        const struct tarn_dry dry = { set->dry_multiplier, set->dry_base,
                                      set->dry_allowed_length,
                                      set->dry_last_n };
        tarn_stage_dry(w, &s->history, &dry, &s->breakers, s->run);
    }
}

static void run_cuts(struct tarn_sampler *s, double xtc_coin)
{
    const struct tarn_sampling *set = &s->set;
    struct tarn_stages *w = &s->w;
    if (set->mirostat == 2) {
        tarn_stage_dynamic(w, set->temperature, set->dynatemp_range,
                           set->dynatemp_exponent);
        tarn_stage_mirostat(w, s->mu);
        return;
    }
    if (set->top_n_sigma > 0)
        tarn_stage_top_n_sigma(w, set->top_n_sigma);
    tarn_stage_top_k(w, set->top_k);
    tarn_stage_typical(w, set->typical_p, 1);
    tarn_stage_top_p(w, set->top_p, 1);
    tarn_stage_min_p(w, set->min_p, 1);
    if (set->xtc_probability > 0 && xtc_coin <= (double)set->xtc_probability)
        tarn_stage_xtc(w, set->xtc_threshold, 1);
    tarn_stage_dynamic(w, set->temperature, set->dynatemp_range,
                       set->dynatemp_exponent);
}

/* The set anew, without what the constraint refuses. */
static void gather_allowed(struct tarn_sampler *s)
{
    struct tarn_stages *w = &s->w;
    const struct tarn_constraint *c = &s->constraint;
    const uint32_t *bits = c->mask ? c->mask(c->user) : NULL;
    uint32_t n = 0;
    if (bits) {
        tarn_stage_gather_of(w, bits);
        return;
    }
    tarn_stage_gather(w);
    for (uint32_t i = 0; i < w->n; i++) {
        w->key[n] = w->key[i];
        n += c->allows(c->user, tarn_stage_id(w->key[i]));
    }
    w->n = n;
}

static enum tarn_status no_scores(uint32_t position, struct tarn_error *err)
{
    return tarn_fail(err, TARN_BAD_FILE,
                     "The model produced no finite scores at position "
                     "%u; its file is damaged.",
                     position);
}

/* From the set that was gathered to a token; *out but for p. */
static enum tarn_status draw_from_set(struct tarn_sampler *s,
                                      const struct plain *plain,
                                      uint32_t position, uint32_t attempt,
                                      struct tarn_choice *out,
                                      struct tarn_error *err)
{
    struct tarn_stages *w = &s->w;
    const uint64_t seed = s->set.seed;
    if (w->n == 0)
        return tarn_fail(err, TARN_USAGE,
                         "Every token that could follow at position %u is "
                         "forbidden; allow some.",
                         position);
    const double coin = tarn_random(seed ^ SEED_XTC, position, attempt);
    run_cuts(s, coin);
    double p = 0;
    uint64_t key =
        w->key[tarn_stage_draw(w, tarn_random(seed, position, attempt), &p)];
    if (s->constrained &&
        !s->constraint.allows(s->constraint.user, tarn_stage_id(key))) {
        gather_allowed(s);
        if (w->n == 0)
            return tarn_fail(err, TARN_LIMIT,
                             "No token fits the required form at position "
                             "%u.",
                             position);
        run_cuts(s, coin);
        const double u = tarn_random(seed ^ SEED_AGAIN, position, attempt);
        key = w->key[tarn_stage_draw(w, u, &p)];
    }
    s->drawn = true;
    s->mu_next = s->mu - s->set.mirostat_eta * ((float)(-tarn_log64(p) / LN2) -
                                                s->set.mirostat_tau);
    *out = (struct tarn_choice){ .id = tarn_stage_id(key),
                                 .p_after = (float)p,
                                 .entropy_bits = (float)plain->entropy_bits };
    for (uint32_t i = 0; i < N_BEST; i++) {
        out->best[i] = (struct tarn_candidate){ .id = -1 };
        if (i < plain->n_best) {
            const float l = tarn_stage_logit(plain->best[i]);
            out->best[i].id = tarn_stage_id(plain->best[i]);
            out->best[i].p = plain_p(plain, l);
        }
    }
    return TARN_OK;
}

enum tarn_status tarn_sampler_draw(struct tarn_sampler *s, const float *logits,
                                   uint32_t position, uint32_t attempt,
                                   struct tarn_choice *out,
                                   struct tarn_error *err)
{
    struct plain plain;
    s->drawn = false;
    if (!find_best(logits, s->w.n_vocab, &plain))
        return no_scores(position, err);
    sum_up(logits, s->w.n_vocab, &plain);
    run_dense(s, logits);
    tarn_stage_gather(&s->w);
    const enum tarn_status status =
        draw_from_set(s, &plain, position, attempt, out, err);
    if (status == TARN_OK)
        out->p = plain_p(&plain, logits[out->id]);
    return status;
}

/* ----------------------------------------------------------------- digests
 * Why so many are enough: of k + t of the best, t of them lowered, at least k
 * are what they were, so nothing from outside can be among the k best.  One
 * more, so that top-k has something to cut: only then it leaves its set in the
 * order of ranks, as it does with the whole row. */

uint32_t tarn_sampler_wants(const struct tarn_sampler *s)
{
    const struct tarn_sampling *set = &s->set;
    const bool greedy = !(set->temperature > 0) && !(set->dynatemp_range > 0);
    uint32_t k = set->top_k > 0 ? (uint32_t)set->top_k : 1;
    if (set->mirostat == 2 || set->top_n_sigma > 0 || s->run ||
        s->n_biases > 0 || s->constrained)
        return 0;
    /* Without top-k these two may take out even the best one. */
    if (set->top_k <= 0 &&
        (!greedy || set->typical_p < 1.0f || set->xtc_probability > 0))
        return 0;
    if (penalizes(set) && (set->repeat_penalty < 1.0f ||
                           set->frequency_penalty < 0.0f ||
                           set->presence_penalty < 0.0f))
        return 0;
    if (k >= TARN_SAMPLER_MOST)
        return 0;
    if (penalizes(set))
        k += tarn_stage_touched(&s->w, &s->history, set->penalty_last_n,
                                TARN_SAMPLER_MOST);
    k = k + 1 < N_BEST ? N_BEST : k + 1;
    return k <= TARN_SAMPLER_MOST ? k : 0;
}

enum tarn_status tarn_sampler_draw_digest(struct tarn_sampler *s,
                                          const struct tarn_digest *digest,
                                          uint32_t position, uint32_t attempt,
                                          struct tarn_choice *out,
                                          struct tarn_error *err)
{
    struct plain plain;
    const uint32_t n = digest->n_best, wants = tarn_sampler_wants(s);
    s->drawn = false;
    if (wants == 0 || (n < wants && n < s->w.n_vocab))
        return tarn_fail(err, TARN_INTERNAL,
                         "The %u best scores don't do for the draw at "
                         "position %u.",
                         n, position);
    if (!take_plain(digest, s->w.n_vocab, &plain))
        return no_scores(position, err);
    tarn_stage_put(&s->w, digest->best_ids, digest->best_logits, n);
    run_penalties(s);
    tarn_stage_gather_put(&s->w, digest->best_ids, n);
    const enum tarn_status status =
        draw_from_set(s, &plain, position, attempt, out, err);
    for (uint32_t i = 0; i < n && status == TARN_OK; i++)
        if (digest->best_ids[i] == out->id)
            out->p = plain_p(&plain, digest->best_logits[i]);
    return status;
}
