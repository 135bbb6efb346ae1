/* stage.h - the sampler's stages one by one; for sample.c and its tests.
 *
 * A draw has two halves.  DENSE stages (bias, penalties, DRY) change a row of
 * logits addressed by token id.  Then the tokens that still have a finite
 * logit become a SET, and CUT stages take members out of it.
 *
 * A member is one 64-bit key: the logit's bits turned so that ascending keys
 * are descending logits, and below them the id.  So every order is total,
 * ties go to the lower id, and ranking is integer work.  A set rests either
 * in the order of ids (sorted == 0) or of ranks (sorted == n); while a stage
 * works, the first `sorted` members may be the best ones in order and the
 * rest in the order of ids.  Sums run in the order of the array.
 *
 *     tarn_stage_fill(&w, logits);           // w.dense
 *     tarn_stage_penalties(&w, ...);
 *     tarn_stage_gather(&w);                 // the set
 *     tarn_stage_top_k(&w, 80);
 *     i = tarn_stage_draw(&w, u, &p);        // an index into w.key
 *
 * Owns: struct tarn_stages owns its arrays.  Nothing here allocates but
 * tarn_stages_init().  Threads: one at a time.
 */
#ifndef TARN_SAMPLE_STAGE_H
#define TARN_SAMPLE_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/digest.h"
#include "backends/numerics.h"
#include "core/sample/sample.h"

#define TARN_RADIX_BITS 11
#define TARN_RADIX (1u << TARN_RADIX_BITS)

struct tarn_stages {
    uint32_t n_vocab;
    float *dense;                  /* [n_vocab] */
    bool blank;                    /* dense is -infinity but for what was put */
    uint64_t *key;                 /* [n_vocab] the set: n members */
    uint64_t *spare;               /* [n_vocab] */
    double *p;                     /* [n_vocab] work space */
    uint32_t *count;               /* [n_vocab] zero between calls */
    uint32_t (*radix)[TARN_RADIX]; /* [3] */
    uint32_t n, sorted;
};

bool tarn_stages_init(struct tarn_stages *w, uint32_t n_vocab);
void tarn_stages_finish(struct tarn_stages *w); /* zeroed allowed */

/* ------------------------------------------------------- members and ranks */

/* Ascending keys are descending logits, then ascending ids. */
static inline uint64_t tarn_stage_key(float logit, int32_t id)
{
    return tarn_digest_key(logit, id);
}

static inline float tarn_stage_logit(uint64_t key)
{
    const uint32_t order = (uint32_t)(key >> 32);
    return tarn_f32_of(order & 0x80000000u ? order : ~order & 0x7fffffffu);
}

static inline int32_t tarn_stage_id(uint64_t key)
{
    return (int32_t)(uint32_t)key;
}

/* Makes the best `want` members (all of them if there are fewer) the sorted
 * beginning. */
void tarn_stage_rank(struct tarn_stages *w, uint32_t want);
/* Keeps the best `want` members alone, in order. */
void tarn_stage_best(struct tarn_stages *w, uint32_t want);
/* After members of a ranked set were given other logits. */
void tarn_stage_sort_again(struct tarn_stages *w);
/* The largest logit; n >= 1. */
float tarn_stage_max(const struct tarn_stages *w);
/* e[i] = e^d[i], d[i] <= 0. */
void tarn_stage_exp(const double *d, uint32_t n, double *e);
/* p[i] = e^(logit_i - max); returns their sum. */
double tarn_stage_softmax(struct tarn_stages *w);

/* ------------------------------------------------------------ dense stages */
void tarn_stage_fill(struct tarn_stages *w, const float *logits);
/* Some logits alone, ids below n_vocab: all others are forbidden, until the
 * next fill. */
void tarn_stage_put(struct tarn_stages *w, const int32_t *ids,
                    const float *logits, uint32_t n);
void tarn_stage_bias(struct tarn_stages *w, const struct tarn_logit_bias *b,
                     size_t n);
/* What was accepted, newest last, as a ring. */
struct tarn_history {
    int32_t *id; /* [room] */
    size_t room;
    uint64_t n; /* accepted since the start; the last `room` are kept */
};
/* The i-th newest, 0 being the last; i < tarn_history_kept(). */
int32_t tarn_history_back(const struct tarn_history *h, size_t i);
size_t tarn_history_kept(const struct tarn_history *h);

/* How many tokens penalties over that window can touch; counting ends beyond
 * `most`. */
uint32_t tarn_stage_touched(const struct tarn_stages *w,
                            const struct tarn_history *h, int32_t last_n,
                            uint32_t most);
/* last_n < 0: all that is kept. */
void tarn_stage_penalties(struct tarn_stages *w, const struct tarn_history *h,
                          int32_t last_n, float repeat, float frequency,
                          float presence);

/* Breakers: texts that no repetition reaches across. */
struct tarn_breakers {
    uint8_t *of_token; /* [n_vocab] TARN_BREAKS, TARN_MAY_BREAK */
    const char *(*token_bytes)(void *user, int32_t id, size_t *size);
    void *user;
    char **texts; /* owned */
    size_t n, n_vocab;
};
#define TARN_BREAKS 1u    /* the token holds a whole breaker */
#define TARN_MAY_BREAK 2u /* it ends with the beginning of one */
bool tarn_breakers_init(struct tarn_breakers *b, uint32_t n_vocab,
                        const struct tarn_sampler_options *opt);
void tarn_breakers_finish(struct tarn_breakers *b);

struct tarn_dry {
    float multiplier, base;
    int32_t allowed_length, last_n; /* last_n < 0: all that is kept */
};
/* run [h->room] is work space. */
void tarn_stage_dry(struct tarn_stages *w, const struct tarn_history *h,
                    const struct tarn_dry *dry, const struct tarn_breakers *b,
                    uint32_t *run);

/* -------------------------------------------------------------- cut stages
 * Each leaves at least one member. */
void tarn_stage_gather(struct tarn_stages *w); /* may leave none */
/* Only what was put, n <= n_vocab ids; they are forbidden again afterwards. */
void tarn_stage_gather_put(struct tarn_stages *w, const int32_t *ids,
                           uint32_t n);
/* Only ids whose bit is set: id % 32 of word id / 32. */
void tarn_stage_gather_of(struct tarn_stages *w, const uint32_t *bits);
void tarn_stage_top_n_sigma(struct tarn_stages *w, float n_sigma);
void tarn_stage_top_k(struct tarn_stages *w, int32_t k);
void tarn_stage_typical(struct tarn_stages *w, float p, uint32_t min_keep);
void tarn_stage_top_p(struct tarn_stages *w, float p, uint32_t min_keep);
void tarn_stage_min_p(struct tarn_stages *w, float p, uint32_t min_keep);
/* Always cuts; whether it happens at all is the caller's coin. */
void tarn_stage_xtc(struct tarn_stages *w, float threshold, uint32_t min_keep);
void tarn_stage_temperature(struct tarn_stages *w, float t);
void tarn_stage_dynamic(struct tarn_stages *w, float t, float range,
                        float exponent);
/* Mirostat 2: takes out what surprises by more than mu bits. */
void tarn_stage_mirostat(struct tarn_stages *w, float mu);
/* The first member in the order of ranks at which the cumulative probability
 * exceeds u; ranks as far as it has to.  *p: its probability. */
uint32_t tarn_stage_draw(struct tarn_stages *w, double u, double *p);

#endif
