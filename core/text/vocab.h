/* vocab.h - the tables behind struct tarn_text; for core/text only.
 *
 * Every token's bytes stand in one block.  Two tables of open addressing are
 * built once: bytes -> normal token, and pair of ids -> merge.  Control,
 * user-defined and unused tokens are in neither, so no text can become one
 * of them (fault T01).
 *
 * Owns: its memory.  Threads: any, read only.
 */
#ifndef TARN_TEXT_VOCAB_H
#define TARN_TEXT_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text/text.h"

enum {
    TARN_TOKEN_LIMIT = 4096,    /* bytes of a token as the file writes it */
    TARN_MERGE_LIMIT = 1 << 20, /* merges of a vocabulary */
    TARN_WORD_LIMIT = 64 * 1024 /* bytes of a piece that are merged at once;
                                   longer ones are cut (T08) */
};

struct tarn_merge {
    uint32_t left, right; /* ids */
    uint32_t rank;        /* line of the merge, from 1; 0: slot is free */
    uint32_t id;          /* what they become */
};

struct tarn_word_slot {
    uint32_t hash; /* upper half of the hash of the bytes */
    uint32_t id;   /* id + 1; 0: slot is free */
};

struct tarn_text {
    uint32_t n_vocab;
    uint32_t *offset; /* [n_vocab + 1] into bytes */
    char *bytes;
    uint8_t *kind; /* [n_vocab] enum tarn_text_kind */

    uint64_t seed;                /* of both hashes */
    struct tarn_word_slot *words; /* [1 << word_bits] */
    unsigned word_bits;
    struct tarn_merge *merges; /* [1 << merge_bits] */
    unsigned merge_bits;
    uint32_t longest; /* bytes of the longest normal token */
    int32_t byte_id[256];

    int32_t *special; /* ids of control and user-defined tokens, the longest
                         text first */
    size_t n_special;
    int32_t control[TARN_N_CTL];
    int32_t ends[8]; /* tokens that end a turn */
    size_t n_ends;
};

static inline uint64_t tarn_mix64(uint64_t x)
{
    /* Finalizer of splitmix64 (Steele, Lea, Flood 2014). */
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t tarn_vocab_hash(uint64_t seed, const void *text, size_t size);
/* The slot of these bytes, or the free one where they belong. */
struct tarn_word_slot *tarn_vocab_slot(const struct tarn_text *t, uint64_t hash,
                                       const void *text, size_t size);
/* The normal token with exactly these bytes, or -1. */
int32_t tarn_vocab_word(const struct tarn_text *t, const void *text,
                        size_t size);

static inline size_t tarn_merge_hash(const struct tarn_text *t, uint32_t left,
                                     uint32_t right)
{
    return (size_t)tarn_mix64(((uint64_t)left << 32 | right) ^ t->seed);
}

/* NULL if the pair does not merge. */
static inline const struct tarn_merge *
tarn_vocab_merge(const struct tarn_text *t, uint32_t left, uint32_t right)
{
    const size_t mask = ((size_t)1 << t->merge_bits) - 1;
    size_t at = tarn_merge_hash(t, left, right);
    for (;; at++) {
        const struct tarn_merge *m = &t->merges[at & mask];
        if (m->rank == 0)
            return NULL;
        if (m->left == left && m->right == right)
            return m;
    }
}

const char *tarn_control_name(enum tarn_control c);

/* The byte-to-character alphabet of the file: one letter of `text` (UTF-8)
 * gives a byte; -1 if it is no letter of it.  *used: bytes of the letter. */
int tarn_alphabet_byte(const uint8_t *text, size_t size, size_t *used);

/* merge.c: appends the ids of one piece of at most TARN_WORD_LIMIT bytes.
 * `work` is kept from call to call and belongs to one caller. */
struct tarn_merge_work {
    void *memory;
};
enum tarn_status tarn_merge_piece(const struct tarn_text *t,
                                  const uint8_t *text, size_t size,
                                  struct tarn_merge_work *work,
                                  struct tarn_ids *out, struct tarn_error *err);
void tarn_merge_work_finish(struct tarn_merge_work *work);

#endif
