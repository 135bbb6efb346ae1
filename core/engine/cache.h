/* cache.h - K/V pages, convolution tails, and the sequences that use them.
 *
 * A sequence is a list of token ids of which the first n_kv have K/V in pages.
 * Its convolution tail stands at tail_at <= n_kv; rows [tail_at, n_kv) are
 * run again without writing K/V ("replay") before new ones.  So going back to
 * any position costs nothing but setting three numbers: see
 * tarn_seq_rewind().
 *
 * Why replay is exact: a conv layer's tail at p depends on its last L-1
 * inputs, and these on the tails below; with K/V of all earlier positions in
 * place, running the (L-1) * n_conv tokens before p gives the exact tails
 * whatever the tail was at the beginning (zero at position 0).
 *
 * Owns: the backend's state.  Threads: the engine's owner (and the face where
 * it says so).  Nothing is allocated after open but pages and tails (by the
 * backend) when a sequence grows.
 */
#ifndef TARN_ENGINE_CACHE_H
#define TARN_ENGINE_CACHE_H

#include "core/model/model.h"

#define TARN_TAIL_ZERO 0u /* never written */

struct tarn_sequence {
    int32_t *ids;   /* [room] */
    uint32_t n_ids; /* known tokens */
    uint32_t n_kv;  /* of these: in the pages */
    uint32_t *pages;
    uint32_t n_pages;
    uint32_t tails[2]; /* written in turns, so that a failed run loses nothing */
    uint32_t tail;     /* the one that holds, or TARN_TAIL_ZERO */
    uint32_t tail_at;
    bool guessed;      /* the tail becomes exact when replay reaches n_kv */
    uint32_t saved, saved_at; /* a kept tail (end of the last prompt) */
    bool has_saved, busy;
    uint64_t used_at; /* for choosing which idle one to give up */
};

struct tarn_kv_cache {
    struct tarn_model *model;
    struct tarn_state *state;
    uint32_t n_context, kv_type, replay; /* replay: (L-1) * n_conv */
    uint32_t *free_pages;                /* stack */
    uint32_t n_free, n_pages, max_pages;
    struct tarn_sequence *seqs;
    uint32_t n_seqs;
    uint64_t clock;
};

enum tarn_status tarn_kv_open(struct tarn_kv_cache *c, struct tarn_model *m,
                                 uint32_t n_context, uint32_t kv_type,
                                 uint32_t n_seqs, struct tarn_error *err);
void tarn_kv_close(struct tarn_kv_cache *c); /* zeroed allowed */

/* An idle sequence for these ids: the one with the longest common prefix,
 * rewound to it; else an empty one, else the idle one that was not used for
 * longest.  NULL if all are busy.  It becomes busy; *n_reused: positions that
 * need not be computed again (at most n - 1, so that logits can be had). */
struct tarn_sequence *tarn_kv_take(struct tarn_kv_cache *c, const int32_t *ids,
                                      uint32_t n, uint32_t *n_reused);
void tarn_kv_give(struct tarn_kv_cache *c, struct tarn_sequence *s);

/* Pages for positions below n; gives up idle sequences if there are none
 * left. */
enum tarn_status tarn_seq_reserve(struct tarn_kv_cache *c,
                                  struct tarn_sequence *s, uint32_t n,
                                  struct tarn_error *err);
/* Forgets everything from position n on. */
void tarn_seq_rewind(struct tarn_kv_cache *c, struct tarn_sequence *s,
                     uint32_t n);
/* Keeps the tail at n_kv, so that a rewind to there is free. */
void tarn_seq_save_tail(struct tarn_kv_cache *c, struct tarn_sequence *s);
/* What run() reads and writes. */
struct tarn_seq tarn_seq_view(const struct tarn_sequence *s);
/* After a good run that computed up to position n. */
void tarn_seq_advance(struct tarn_sequence *s, uint32_t n);

#endif
