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
 * Branches.  Several sequences may use a page; whoever writes into it first
 * gets a copy (tarn_seq_reserve), so a branch costs the pages that differ.  A
 * prompt that leaves what a sequence holds goes on in a branch of it, and the
 * old one is kept until its slot or its pages are wanted: whatever was not
 * used for longest goes first.  Only what the same chat has merely gone on
 * from (a thought that the layout leaves out) is not worth a branch.
 *
 * Owns: the backend's state.  Threads: the engine's owner (and the face where
 * it says so).  Nothing is allocated after open but pages and tails (by the
 * backend) when a sequence grows.
 */
#ifndef TARN_ENGINE_CACHE_H
#define TARN_ENGINE_CACHE_H

#include <stdatomic.h>

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
    uint64_t chat;    /* whose answer it ends with; 0: nobody's */
    tarn_message_id message;
};

/* Who asks: a chat and the messages of its active path. */
struct tarn_asker {
    uint64_t chat; /* 0: nobody in particular */
    const tarn_message_id *path;
    size_t n_path;
};

struct tarn_kv_cache {
    struct tarn_model *model;
    struct tarn_state *state;
    uint32_t n_context, kv_type, replay; /* replay: (L-1) * n_conv */
    uint32_t *free_pages;                /* stack */
    uint32_t *page_users;                /* [max_pages] */
    uint32_t n_free, n_pages, max_pages; /* n_pages: the backend has */
    struct tarn_sequence *seqs;          /* [n_slots] */
    uint32_t n_slots; /* at once and kept */
    uint32_t n_seqs;  /* busy at once */
    uint32_t n_busy;
    uint64_t clock;
    uint64_t page_bytes, tail_bytes;
    atomic_uint shown_pages, shown_used, shown_kept; /* for the face */
};

struct tarn_kv_options {
    uint32_t n_context, kv_type;
    uint32_t n_seqs, n_kept; /* at once, and slots for others */
    uint64_t max_bytes;      /* of pages; 0: n_seqs whole contexts; one whole
                                context is always allowed */
};
enum tarn_status tarn_kv_open(struct tarn_kv_cache *c, struct tarn_model *m,
                              const struct tarn_kv_options *opt,
                              struct tarn_error *err);
void tarn_kv_close(struct tarn_kv_cache *c); /* zeroed allowed */

/* A sequence for these ids: the idle one that they go on from; or a branch of
 * the one with the longest common prefix; or an empty one.  NULL if as many
 * are busy as may be.  It becomes busy; *n_reused: positions that need not be
 * computed again (at most n - 1, so that logits can be had).  who: or NULL. */
struct tarn_sequence *tarn_kv_take(struct tarn_kv_cache *c, const int32_t *ids,
                                   uint32_t n, const struct tarn_asker *who,
                                   uint32_t *n_reused);
/* The same, but an empty one; nothing is known of what it will hold. */
struct tarn_sequence *tarn_kv_take_empty(struct tarn_kv_cache *c);
void tarn_kv_give(struct tarn_kv_cache *c, struct tarn_sequence *s);

/* Pages of its own for positions n_kv .. n - 1: shared ones are copied.  Gives
 * up idle sequences if there are none left. */
enum tarn_status tarn_seq_reserve(struct tarn_kv_cache *c,
                                  struct tarn_sequence *s, uint32_t n,
                                  struct tarn_error *err);
/* Nothing of what is in the pages and tails holds any more: the tokens of busy
 * sequences stay and are computed again, idle ones are empty. */
void tarn_kv_forget(struct tarn_kv_cache *c);
/* Forgets everything from position n on. */
void tarn_seq_rewind(struct tarn_kv_cache *c, struct tarn_sequence *s,
                     uint32_t n);
/* Keeps the tail at n_kv, so that a rewind to there is free. */
void tarn_seq_save_tail(struct tarn_kv_cache *c, struct tarn_sequence *s);
/* n_kv and pages were filled from outside: tails[0] is the tail at n_kv, or
 * nothing is known of it. */
void tarn_seq_know_tail(struct tarn_kv_cache *c, struct tarn_sequence *s,
                        bool exact);
/* What run() reads and writes. */
struct tarn_seq tarn_seq_view(const struct tarn_sequence *s);
/* After a good run that computed up to position n. */
void tarn_seq_advance(struct tarn_sequence *s, uint32_t n);

#endif
