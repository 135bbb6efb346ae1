/* inside.h - the structs behind the handles of the reference backend.
 *
 * A device owns all that is made on it; lists are singly linked, closing the
 * device frees them.  The work memory of a plan is one block, cut up by
 * tarn_ref_carve(), which also tells its size beforehand.
 *
 * Owns: as said at each struct.  Threads: one at a time per device.
 */
#ifndef TARN_REF_INSIDE_H
#define TARN_REF_INSIDE_H

#include "backends/backend.h"

struct tarn_dev {
    const struct tarn_host *host; /* borrowed */
    struct tarn_weight *weights;  /* owned, as are the next two */
    struct tarn_state *states;
    struct tarn_prepared *prepared;
};

struct tarn_weight {
    struct tarn_weight *next;
    char name[64];
    const uint8_t *data;       /* borrowed; NULL if paged */
    const void *const *slices; /* borrowed; NULL if resident */
    uint32_t type;
    uint32_t k, n_rows, n_slices; /* ge[0], ge[1], ge[2] */
    size_t row_size, slice_size;  /* bytes */
};

struct tarn_state {
    struct tarn_state *next;
    struct tarn_dev *dev;
    struct tarn_state_shape shape; /* kv_widths: the copy below */
    uint32_t *kv_widths;           /* [n_attn] owned */
    size_t *kv_at;    /* [n_attn] owned; bytes to a layer's K in a page */
    size_t page_size; /* bytes; canonical layout of state_read() */
    size_t window;    /* float32 of one conv layer: [L-1][conv_width] */
    uint32_t n_pages, n_tails;
    uint8_t **pages; /* [n_pages], each owned */
    /* Every tail has two copies of each window.  run() writes the one that is
     * not current and turns them when it has succeeded, so a failure leaves no
     * trace even where tail_out is tail_in.  Layers turn one by one, since a
     * plan may hold some of them only. */
    float **tails;    /* [n_tails], each [n_conv][2][window], owned */
    uint8_t *current; /* [n_tails][n_conv] 0 or 1 */
};

/* The work memory of one plan; all pointers into one block. */
struct tarn_ref_work {
    float **buffers;        /* [n_buffers] of [max_rows][width] */
    double *inverse;        /* [head_dim / 2] RoPE */
    float *cosines, *sines; /* [max_rows][head_dim / 2] */
    uint16_t *chosen;       /* [n_slots][max_rows][n_expert_used] */
    float *gates;           /* the same */
    float *vector;          /* [max_k] one row of a weight as float32 */
    int8_t *q;              /* [max_rows][max_k] quantised activations */
    float *d;               /* [max_rows][max_k / 32] their scales */
    const float **x;        /* [max_rows] rows that a product reads */
    float **y;              /* [max_rows] rows that it writes */
    float *normed;          /* [max_rows][n_embd] LOGITS */
    /* ATTEND */
    float *query, *key; /* [n_head * head_dim], one row */
    float *k_turned;    /* [head_dim][256] keys of a chunk, transposed */
    float *v_chunk;     /* [256][head_dim] */
    float *part;        /* [n_head][n_chunks][2 + head_dim]: m, l, o */
    /* EXPERTS */
    float *gate, *up; /* [max_rows][expert width] */
    float *outputs;   /* [max_rows][n_expert_used][n_embd] */
    uint32_t *at;     /* [max_rows] place (row * used + rank) */
    uint16_t *wanted; /* [n_expert] */
};

struct tarn_prepared {
    struct tarn_prepared *next;
    struct tarn_dev *dev;
    struct tarn_state *st; /* borrowed; NULL if no step has state */
    struct tarn_plan plan; /* steps and widths: the copies below */
    struct tarn_step *steps;
    uint32_t *widths;
    uint32_t n_slots; /* routing slots */
    void *block;      /* owned */
    struct tarn_ref_work work;
    uint64_t effort; /* multiply-adds since cancelled() was asked */
};

/* alloc and free through the host; alloc gives zeroed memory. */
void *tarn_ref_alloc(const struct tarn_host *host, size_t n, size_t size);
void tarn_ref_free(const struct tarn_host *host, void *p);

/* Counts work; true if the host wants the run to stop. */
bool tarn_ref_tired(struct tarn_prepared *p, uint64_t multiply_adds);

/* ------------------------------------------------------------ check.c */

/* Refuses a plan that makes no sense (INTERNAL) or can't be run
 * (UNSUPPORTED).  Steps may lack weights where `shapes_only`. */
enum tarn_status tarn_ref_check_plan(const struct tarn_plan *plan,
                                     const struct tarn_state *st,
                                     bool shapes_only, struct tarn_error *err);
enum tarn_status tarn_ref_check_batch(const struct tarn_prepared *p,
                                      const struct tarn_batch *b,
                                      struct tarn_error *err);

/* ----------------------------------------------------------- layout.c */

/* Cuts a block at base (NULL: only counts) for the plan.  The bytes needed;
 * SIZE_MAX if they can't be counted in size_t. */
size_t tarn_ref_carve(const struct tarn_plan *plan, uint32_t n_slots,
                      void *base, struct tarn_ref_work *work);
uint32_t tarn_ref_slots(const struct tarn_plan *plan);

/* ------------------------------------------------------------ state.c */
enum tarn_status tarn_ref_state_open(struct tarn_dev *dev,
                                     const struct tarn_state_shape *shape,
                                     struct tarn_state **out,
                                     struct tarn_error *err);
void tarn_ref_state_close(struct tarn_state *st);
enum tarn_status tarn_ref_state_room(struct tarn_state *st, uint32_t n_pages,
                                     uint32_t n_tails, struct tarn_error *err);
enum tarn_status tarn_ref_state_copy(struct tarn_state *st, bool page,
                                     uint32_t to, uint32_t from,
                                     struct tarn_error *err);
enum tarn_status tarn_ref_state_read(struct tarn_state *st, bool page,
                                     uint32_t n, uint32_t n_pos, void *out,
                                     struct tarn_error *err);
enum tarn_status tarn_ref_state_write(struct tarn_state *st, bool page,
                                      uint32_t n, const void *in,
                                      struct tarn_error *err);
enum tarn_ref_kv { TARN_REF_K, TARN_REF_V };
/* One position of one layer: x [width] is rounded to the state's type. */
void tarn_ref_kv_put(struct tarn_state *st, uint32_t page, uint32_t layer,
                     enum tarn_ref_kv kv, uint32_t at, const float *x);
/* Values [first, first + n) of one position (whole blocks of 32 for Q8_0). */
void tarn_ref_kv_get(const struct tarn_state *st, uint32_t page, uint32_t layer,
                     enum tarn_ref_kv kv, uint32_t at, uint32_t first,
                     uint32_t n, float *out);
/* One layer's window [L-1][conv_width] of a tail; next: the copy that becomes
 * current when the run succeeds. */
float *tarn_ref_tail(const struct tarn_state *st, uint32_t tail, uint32_t layer,
                     bool next);

/* ----------------------------------------------------------- matrix.c */

/* Row `row` of slice 0 as float32. */
void tarn_ref_row(const struct tarn_weight *w, uint64_t row, float *out);
/* y[t] = W x[t] for n rows; W is at data (a slice of w).  False if the host
 * wants to stop. */
bool tarn_ref_matmul(struct tarn_prepared *p, const struct tarn_weight *w,
                     const uint8_t *data, const float *const *x,
                     float *const *y, uint32_t n);

/* ------------------------------------------------------------ steps.c */
enum tarn_status tarn_ref_run(struct tarn_prepared *p,
                              const struct tarn_batch *b,
                              struct tarn_error *err);

#endif
