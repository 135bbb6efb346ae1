/* sample.h - which token comes next.
 *
 * One implementation for all faces; the order is in
 * README.md, the arithmetic in docs/numerics.md 11.  Probabilities are float64 sums in
 * index order with the exp and log of backends/numerics.h; equal logits rank
 * by the lower id.  The random number of a draw depends on (seed, position,
 * attempt) alone.
 *
 *     tarn_sampler_create(n_vocab, &sampling, ..., &s, &err);
 *     tarn_sampler_accept(s, id);            // every prompt token, in order
 *     tarn_sampler_draw(s, logits, pos, attempt, &choice, &err);
 *     tarn_sampler_accept(s, choice.id);
 *
 * Owns: its work space (nothing is allocated by draw and accept).
 * Threads: one at a time.
 */
#ifndef TARN_SAMPLE_H
#define TARN_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/backend.h" /* struct tarn_digest */
#include "core/base/types.h"
#include "core/tarn.h" /* struct tarn_sampling, struct tarn_candidate */

struct tarn_sampler;

/* The set of tokens that may come next; the door for JSON Schema and typed
 * tool arguments. */
struct tarn_constraint {
    void *user;
    bool (*allows)(void *user, int32_t id); /* asked for likely ids first */
    void (*accept)(void *user, int32_t id); /* or NULL */
    /* All at once: bit id % 32 of word id / 32.  NULL, or giving NULL: every
     * id is asked for. */
    const uint32_t *(*mask)(void *user);
};

struct tarn_logit_bias {
    int32_t id;
    float bias; /* -INFINITY forbids */
};

struct tarn_sampler_options {
    const struct tarn_sampling *sampling;
    const struct tarn_logit_bias *biases;
    size_t n_biases;
    /* DRY breakers: texts as token sequences need every token's bytes. */
    const char *(*token_bytes)(void *user, int32_t id, size_t *size);
    void *token_user;
    const char *const *breakers; /* NULL: newline : " * */
    size_t n_breakers;
    size_t max_history; /* tokens kept, e.g. the context length */
    const struct tarn_constraint *constraint; /* or NULL */
};

struct tarn_choice {
    int32_t id;
    float p;                       /* of the plain softmax, before any stage */
    float p_after;                 /* after the cuts and the temperature */
    float entropy_bits;            /* of the plain distribution */
    struct tarn_candidate best[8]; /* of the plain distribution; id -1: none */
};

/* Published defaults for a model that says nothing itself. */
struct tarn_sampling tarn_sampling_default(void);
/* TARN_USAGE naming the setting and its range (fault S01).  Zero is
 * greedy (temperature, top_p, typical_p) or off (all others). */
enum tarn_status tarn_sampling_check(const struct tarn_sampling *s,
                                     struct tarn_error *err);

enum tarn_status tarn_sampler_create(uint32_t n_vocab,
                                     const struct tarn_sampler_options *opt,
                                     struct tarn_sampler **out,
                                     struct tarn_error *err);
void tarn_sampler_destroy(struct tarn_sampler *s);
/* Into the history of penalties and DRY.  After a draw the constraint and
 * mirostat are told as well, whatever id it is. */
void tarn_sampler_accept(struct tarn_sampler *s, int32_t id);
/* Forgets all but the first n accepted tokens (rewind). */
void tarn_sampler_rewind(struct tarn_sampler *s, size_t n);
/* logits [n_vocab], unchanged.  TARN_BAD_FILE if none is finite or one is NaN
 * or +Inf (E09); TARN_USAGE if biases forbid all that could follow; TARN_LIMIT
 * if the constraint allows none.  Under 1 ms at 128,000 tokens. */
enum tarn_status tarn_sampler_draw(struct tarn_sampler *s, const float *logits,
                                   uint32_t position, uint32_t attempt,
                                   struct tarn_choice *out,
                                   struct tarn_error *err);

/* How many of the best logits the next draw needs to be the same, bit for bit,
 * as from the whole row; 0: it needs the row.  That is so with top-k (or greedy)
 * where nothing before it looks at all logits (biases, DRY, top-n-sigma,
 * mirostat, a constraint) and penalties only lower: then k and as many as they
 * can touch will do. */
#define TARN_SAMPLER_MOST 512u
uint32_t tarn_sampler_wants(const struct tarn_sampler *s);
/* draw() from at least so many.  The token and its probability after the cuts
 * are those of draw(); the plain figures rest on the digest's sums and may
 * differ in last digits.  Fails as draw() does; TARN_INTERNAL if the digest is
 * too small. */
enum tarn_status tarn_sampler_draw_digest(struct tarn_sampler *s,
                                          const struct tarn_digest *digest,
                                          uint32_t position, uint32_t attempt,
                                          struct tarn_choice *out,
                                          struct tarn_error *err);

/* The stages one by one, for tests: core/sample/stage.h. */

#endif
