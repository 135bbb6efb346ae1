/* inside.h - how a case is described, and who plays it.
 *
 * A case is data: tensors, steps, rows, sequences.  play.c runs it once on
 * each side and compares all that comes out; cases.c and network.c make cases.
 *
 * Owns: a case's memory comes from one arena, emptied after each case.
 */
#ifndef TARN_CONFORMANCE_INSIDE_H
#define TARN_CONFORMANCE_INSIDE_H

#include "backends/backend.h"
#include "backends/conformance/conformance.h"

enum {
    MAX_TENSORS = 96,
    MAX_STEPS = 96,
    MAX_BUFFERS = 12,
    MAX_SEQS = 6,
    MAX_ROWS = 320,
    MAX_PAGES = 4
};

/* ----------------------------------------------------------------- random */
struct conf_random {
    uint64_t state;
};
uint64_t conf_word(struct conf_random *r);
/* [low, high] */
uint32_t conf_range(struct conf_random *r, uint32_t low, uint32_t high);
float conf_float(struct conf_random *r); /* (-1, 1) */
/* n rows of k activations: plain ones, zeros, spikes, tiny and large ones. */
void conf_rows(struct conf_random *r, uint32_t k, uint32_t n, float *out);

enum conf_scales { CONF_SANE, CONF_EXTREME, CONF_EDGES };
/* n_blocks blocks of any bytes with the scales of a kind; all finite. */
void conf_blocks(struct conf_random *r, uint32_t type, uint64_t n_blocks,
                 enum conf_scales scales, uint8_t *out);

extern const uint32_t conf_types[];
extern const uint32_t conf_n_types;

/* ------------------------------------------------------------------ arena */
struct conf_arena {
    const struct tarn_host *host;
    struct conf_chunk *chunks;
    bool out_of_memory;
};
/* Zeroed; never NULL for the caller: without memory, a scratch that is large
 * enough is not to be had, so `out_of_memory` is set and NULL returned. */
void *conf_alloc(struct conf_arena *a, size_t n, size_t size);
void conf_empty(struct conf_arena *a);

/* ------------------------------------------------------------------- case */
struct conf_step {
    struct tarn_step step; /* w0 .. w2 are set by play.c */
    int16_t w[3];          /* tensors, -1: none */
};

struct conf_seq {
    uint32_t pages[MAX_PAGES];
    uint32_t tails[2];
    bool in_place; /* tail_out is tail_in; else the two change places */
};

struct conf_case {
    char title[160];
    struct conf_arena *arena;
    struct conf_random random;
    bool exact; /* the device under test is: makers choose by it */
    struct tarn_tensor tensors[MAX_TENSORS];
    uint32_t n_tensors;
    struct conf_step steps[MAX_STEPS];
    uint32_t n_steps;
    struct tarn_shape shape;
    uint32_t widths[MAX_BUFFERS];
    uint32_t n_buffers;
    uint32_t out_buffer; /* or TARN_NO_BUFFER */
    uint32_t n_vocab;    /* of LOGITS */
    uint32_t n_routes;   /* ROUTE steps */

    struct tarn_state_shape state;
    uint32_t kv_widths[8];
    uint32_t n_pages, n_tails;
    bool random_state; /* what stands in pages and tails before is meant */

    struct tarn_row rows[MAX_ROWS];
    uint32_t n_rows;
    struct conf_seq seqs[MAX_SEQS];
    uint32_t n_seqs;
    uint8_t cut[2][MAX_ROWS]; /* per side: a batch begins at this row */

    uint32_t expert_slots; /* > 0: experts are paged through so many */
    uint64_t cancel_after; /* > 0: the side under test is told to stop then,
                              and the batch is run again */
    bool loose;            /* values are rounded on the way: see the header */
};

/* Adds a tensor of random contents and returns its number; data from the arena.
 */
int16_t conf_tensor(struct conf_case *c, const char *name, uint32_t type,
                    uint32_t k, uint32_t n_rows, uint32_t n_slices,
                    enum conf_scales scales);
/* An F32 tensor of activations; the step EMBED brings them into a buffer. */
uint16_t conf_input(struct conf_case *c, uint32_t width, uint32_t n_rows);
/* An F32 vector of values around `mean`. */
int16_t conf_vector(struct conf_case *c, const char *name, uint32_t n,
                    float mean, float spread);
uint16_t conf_buffer(struct conf_case *c, uint32_t width);
struct tarn_step *conf_step(struct conf_case *c, uint16_t op, uint16_t a,
                            uint16_t out, int16_t w0, int16_t w1, int16_t w2);
/* n rows of one sequence at positions 0 .. n-1, tokens 0 .. n-1. */
void conf_plain_rows(struct conf_case *c, uint32_t n);
/* Both sides cut the rows at random places. */
void conf_random_cuts(struct conf_case *c);

/* ------------------------------------------------------------------- play */
struct conf_watch { /* the host of the side under test */
    struct tarn_host host;
    const struct tarn_host *real;
    bool running; /* inside run(): allocating is a mistake */
    uint32_t allocated_in_run;
    int64_t fail_after; /* allocations that still succeed; < 0: all */
    int64_t held;
    uint64_t asked, cancel_after;
    const struct conf_case *c;
    const void **slices[MAX_TENSORS]; /* paged tensors' tables */
};

struct conf_side {
    const struct tarn_backend *backend;
    uint32_t device;
    struct tarn_dev *dev;
    struct conf_watch watch;
};

void conf_watch_init(struct conf_watch *w, const struct tarn_host *real);

enum conf_verdict { CONF_SAME, CONF_DIFFERENT, CONF_REFUSED, CONF_NO_MEMORY };
/* Plays the case on sides[0] (ref) and sides[1]; why [200] is filled unless
 * they are the same. */
enum conf_verdict conf_play(struct conf_side sides[2], bool exact,
                            struct conf_case *c, char *why);

/* ------------------------------------------------------------------ cases
 * Makers fill an empty case; `i` picks among the edges of a kind. */
typedef void (*conf_make_fn)(struct conf_case *c, uint32_t i);
enum {
    CONF_PER_TYPE = 1000, /* one of each weight type, in two of the parts */
    CONF_DEALT,           /* the same, each type in one part */
    CONF_ONE_PART         /* one case, in one part only */
};
struct conf_kind {
    const char *name;
    conf_make_fn make;
    uint32_t sweep; /* cases i in [0, sweep) belong to the fixed sweep */
    uint32_t light; /* i in [0, light) are cheap enough for a sample */
    uint32_t drawn; /* of them in a part of a sample; or as below */
};
extern const struct conf_kind conf_kinds[];
extern const uint32_t conf_n_kinds;

/* Several sequences, rows interleaved, each from its first position on;
 * fills rows, seqs, n_pages and n_tails. */
void conf_mixed_rows(struct conf_case *c, uint32_t n_rows, uint32_t n_seqs,
                     const uint32_t *first);

void conf_make_network(struct conf_case *c, uint32_t i);
void conf_make_replay(struct conf_case *c, uint32_t i);
void conf_make_cancel(struct conf_case *c, uint32_t i);

/* Checks that need no twin; each returns NULL or what is wrong. */
struct conf_check {
    const char *name;
    const char *(*check)(struct conf_side *side, struct conf_arena *arena);
};
const char *conf_check_digests(struct conf_side *side,
                               struct conf_arena *arena);
extern const struct conf_check conf_checks[];
extern const uint32_t conf_n_checks;

#endif
