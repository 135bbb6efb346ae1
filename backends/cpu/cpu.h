/* cpu.h - the inside of the cpu backend.
 *
 * One source, built once per level (base, avx2, avx512, wasm128, ...): the
 * compiler's flags say what vec.h and kernels.c may use, nothing is chosen
 * at run time.  From the outside in:
 *
 *     cpu.c      device and weights      run.c      a batch through the plan
 *     state.c    pages and tails         matmul.c   phases of matrix products
 *     prepare.c  memory and phases       experts.c  rows grouped by expert
 *     attend.c, attend_chunk.c           elements.c norms, gates, small steps
 *     quantize.c activations to int8     kernels.c  the table of products
 *
 * A product has one shape: `struct cpu_tile`, some rows of a weight against
 * some rows of activations.  Rows of activations are quantised once (A256 or
 * A32, KERNELS 1.4) and met through pointers, so experts gather for free.
 *
 * Owns: see each struct.  Threads: the host's; tasks share nothing but what
 * they read.
 */
#ifndef TARN_CPU_H
#define TARN_CPU_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/backend.h"
#include "backends/cpu/unpack.h"

/* ---------------------------------------------------------- activations */
enum cpu_form { CPU_F32, CPU_A32, CPU_A256, CPU_FORMS };

/* Where the parts of one quantised row of k values stand, in bytes.
 * A256: q8 [k] i8, d [k/256] f32, s32 [k/32] i16, s16 [k/16] i16, q16 [k] i16
 * A32:  q8 [k] i8, d [k/32] f32, sum [k/32] i32, q16 [k] i16
 * q16 is q8 again, widened: only where some weight goes the common way. */
struct cpu_act_layout {
    size_t d, sums, s16, q16, stride;
};
static inline struct cpu_act_layout tarn_cpu_act_layout(uint32_t form,
                                                        uint32_t k, bool wide)
{
    struct cpu_act_layout l = { 0 };
    size_t end;
    l.d = k;
    if (form == CPU_A256) {
        l.sums = l.d + k / 256 * sizeof(float);
        l.s16 = l.sums + k / 32 * sizeof(int16_t);
        end = l.s16 + k / 16 * sizeof(int16_t);
    } else {
        l.sums = l.d + k / 32 * sizeof(float);
        end = l.sums + k / 32 * sizeof(int32_t);
    }
    l.q16 = (end + 63) & ~(size_t)63;
    end = wide ? l.q16 + 2 * (size_t)k : end;
    /* An odd number of cache lines: rows that are met together do not fall
     * into the same few sets of the first cache. */
    l.stride = (((end + 63) / 64) | 1) * 64;
    return l;
}

/* x [k] to one row of `form`; k divides by the form's block. */
void tarn_cpu_quantize(uint32_t form, const float *x, uint32_t k, bool wide,
                       uint8_t *row);

/* -------------------------------------------------------------- products */
struct cpu_ops;

/* y[t][r] = weight row r . activations t, r < n_rows, t < n_acts. */
struct cpu_tile {
    const struct cpu_ops *ops;
    const uint8_t *w; /* row 0 of the tile */
    size_t row_bytes;
    uint32_t n_rows, k, n_acts;
    const uint8_t *const *acts; /* [n_acts] quantised rows, or float rows */
    float *const *y;            /* [n_acts]; row r of the tile at y[t][y_at+r] */
    size_t y_at;
    void *scratch; /* of ops->scratch(k) bytes, 64-aligned */
    /* Weights that this thread will probably want next, to be fetched on the
     * way; NULL: not known. */
    const uint8_t *next;
    size_t next_bytes;
};
typedef void (*cpu_tile_fn)(const struct cpu_tile *t);

struct cpu_ops {
    uint32_t type; /* GGUF number */
    uint32_t form; /* enum cpu_form */
    bool wide;     /* reads q16 */
    uint32_t many_from; /* fewer rows of activations go through `one` */
    cpu_tile_fn one;    /* n_acts == 1 */
    cpu_tile_fn many;
    size_t (*scratch)(uint32_t k); /* for `many`; NULL: none */
};
/* NULL for a type that is not run. */
const struct cpu_ops *tarn_cpu_ops(uint32_t type);
/* Bytes for `many` of any type. */
size_t tarn_cpu_any_scratch(uint32_t k);
/* Any n_rows and n_acts. */
void tarn_cpu_mul(const struct cpu_tile *t);
/* Rows of a weight that `many` unpacks at a time; chunks are multiples. */
extern const uint32_t tarn_cpu_panel;
extern const uint32_t tarn_cpu_even_from; /* rows: an expert's are gathered */
/* Multiply-adds per second and thread of the slowest product, roughly: how
 * much may be done between two questions whether to stop. */
extern const uint64_t tarn_cpu_pace;

/* The common way (common.c): any quantised type through cpu_unpack_fn. */
void tarn_cpu_common_many(const struct cpu_tile *t);
size_t tarn_cpu_common_many_scratch(uint32_t k);
/* Kernels of one type and level: TYPE_LEVEL.c; `one` and `many` as above. */
void tarn_cpu_q2_k_one(const struct cpu_tile *t);
void tarn_cpu_q3_k_one(const struct cpu_tile *t);
void tarn_cpu_q4_k_one(const struct cpu_tile *t);
void tarn_cpu_q5_k_one(const struct cpu_tile *t);
void tarn_cpu_q6_k_one(const struct cpu_tile *t);
void tarn_cpu_iq4_xs_one(const struct cpu_tile *t);
void tarn_cpu_iq2_xxs_one(const struct cpu_tile *t);
void tarn_cpu_iq2_xs_one(const struct cpu_tile *t);
void tarn_cpu_iq2_s_one(const struct cpu_tile *t);
void tarn_cpu_iq3_xxs_one(const struct cpu_tile *t);
void tarn_cpu_iq3_s_one(const struct cpu_tile *t);
void tarn_cpu_q4_0_one(const struct cpu_tile *t);
void tarn_cpu_q4_1_one(const struct cpu_tile *t);
void tarn_cpu_q5_0_one(const struct cpu_tile *t);
void tarn_cpu_q5_1_one(const struct cpu_tile *t);
void tarn_cpu_q8_0_one(const struct cpu_tile *t);
void tarn_cpu_iq4_nl_one(const struct cpu_tile *t);
void tarn_cpu_mxfp4_one(const struct cpu_tile *t);
void tarn_cpu_many_256(const struct cpu_tile *t); /* Q4_K, Q5_K, Q6_K */
size_t tarn_cpu_many_256_scratch(uint32_t k);
void tarn_cpu_many_32(const struct cpu_tile *t); /* all of A32 */
size_t tarn_cpu_many_32_scratch(uint32_t k);
void tarn_cpu_many_bytes(const struct cpu_tile *t); /* Q4_0, Q4_K-Q6_K */
size_t tarn_cpu_many_bytes_scratch(uint32_t k);
/* F32, F16, BF16 (floats.c). */
void tarn_cpu_f32_one(const struct cpu_tile *t);
void tarn_cpu_f32_many(const struct cpu_tile *t);
void tarn_cpu_f16_one(const struct cpu_tile *t);
void tarn_cpu_f16_many(const struct cpu_tile *t);
void tarn_cpu_bf16_one(const struct cpu_tile *t);
void tarn_cpu_bf16_many(const struct cpu_tile *t);
size_t tarn_cpu_floats_scratch(uint32_t k);

/* ---------------------------------------------------------------- device
 * What is made on a device hangs on it, newest first; closing frees it. */
struct cpu_owned {
    struct cpu_owned *next, **back;
};
enum cpu_kind { CPU_WEIGHTS, CPU_STATES, CPU_PLANS, CPU_KINDS };
struct tarn_dev {
    const struct tarn_host *host;
    struct cpu_owned *owned[CPU_KINDS];
};
void tarn_cpu_own(struct tarn_dev *dev, enum cpu_kind kind,
                  struct cpu_owned *o);
void tarn_cpu_disown(struct cpu_owned *o);

struct tarn_weight {
    struct cpu_owned owned;
    struct tarn_dev *dev;
    float *floats; /* owned; of a small tensor that is not F32 */
    const struct cpu_ops *ops;
    const uint8_t *data;          /* borrowed; NULL if paged */
    const void *const *slices;    /* [n_slices] borrowed, or NULL */
    uint32_t type, k;             /* k: values of a row */
    uint32_t rows, n_slices;      /* ge[1], ge[2] */
    size_t row_bytes, slice_bytes;
};
/* All values of a norm, a bias or a convolution's kernel. */
const float *tarn_cpu_floats(const struct tarn_weight *w);
/* Makes tarn_cpu_floats() possible; false if memory is out. */
bool tarn_cpu_make_floats(struct tarn_weight *w);
/* Row r as floats. */
void tarn_cpu_row(const struct tarn_weight *w, uint32_t r, float *y);
/* Expert e's matrix, or NULL where it is absent. */
const uint8_t *tarn_cpu_slice(const struct tarn_weight *w, uint32_t e);

/* ----------------------------------------------------------------- state
 * A page, per attention layer: K, scales of K, V, scales of V.  Values of a
 * K/V width are cut into units (a head, once a plan has said how long heads
 * are).  K [width/unit][16 groups][unit][16 keys], V [width/unit][256][unit];
 * scales (q8_0 only) [width/32][256].  Each tail has two copies: run() writes
 * the one that is not current and turns it over when all went well (layer by
 * layer, since plans of other layers may share the state). */
struct cpu_kv {
    uint32_t width;
    size_t k, k_scale, v, v_scale; /* byte offsets within a page */
};
struct tarn_state {
    struct cpu_owned owned;
    struct tarn_dev *dev;
    struct tarn_state_shape shape; /* kv_widths: a copy behind kv */
    uint32_t unit; /* divides all widths; a head from prepare() on */
    struct cpu_kv *kv;  /* [n_attn] owned */
    size_t page_bytes, tail_floats; /* of one copy */
    uint8_t **pages;    /* [n_pages] in blocks */
    uint8_t **blocks;   /* [n_blocks] owned: pages come several at a time */
    float **tails;      /* [n_tails] owned, two copies each */
    uint8_t *current;   /* [n_tails][n_conv] 0 or 1 */
    uint32_t n_pages, n_blocks, n_tails;
};
size_t tarn_cpu_page_layout(const struct tarn_state_shape *shape,
                            struct cpu_kv *kv);
/* Stores K and V [width] of position t (0..255) into a page. */
void tarn_cpu_kv_put(const struct tarn_state *st, uint8_t *page,
                     uint32_t attn, uint32_t t, const float *k,
                     const float *v);
/* The copy of a tail that is current (or the other) for a conv layer:
 * [L-1][width], oldest first. */
float *tarn_cpu_tail(const struct tarn_state *st, uint32_t tail,
                     uint32_t conv, bool other);
void tarn_cpu_tail_turn(const struct tarn_state *st, uint32_t tail,
                        uint32_t conv);

enum tarn_status tarn_cpu_state_open(struct tarn_dev *dev,
                                     const struct tarn_state_shape *shape,
                                     struct tarn_state **out,
                                     struct tarn_error *err);
void tarn_cpu_state_close(struct tarn_state *st);
enum tarn_status tarn_cpu_state_room(struct tarn_state *st, uint32_t n_pages,
                                     uint32_t n_tails, struct tarn_error *err);
enum tarn_status tarn_cpu_state_copy(struct tarn_state *st, bool page,
                                     uint32_t to, uint32_t from,
                                     struct tarn_error *err);
enum tarn_status tarn_cpu_state_read(struct tarn_state *st, bool page,
                                     uint32_t n, uint32_t n_pos, void *out,
                                     struct tarn_error *err);
enum tarn_status tarn_cpu_state_write(struct tarn_state *st, bool page,
                                      uint32_t n, const void *in,
                                      struct tarn_error *err);

/* --------------------------------------------------------------- prepared */
#define CPU_PHASE_MATS 4

/* A step, or some MATMUL steps that read the same rows. */
struct cpu_phase {
    uint32_t step, n_steps;
    uint32_t quantize; /* bit per form: make it of buffer a first */
    uint32_t moe;      /* ROUTE: its number among the ROUTE steps */
};

/* Pieces that a worker has to itself: first and end, 32 bits each. */
struct cpu_range {
    _Atomic uint64_t from_to;
    uint8_t apart[56]; /* a cache line each */
};

struct cpu_buffer {
    float *data;   /* [max_rows][stride] */
    size_t stride; /* floats; width rounded up to 16 */
    uint32_t width;
};

/* Scratch of EXPERTS; a pair is one (row, rank), pairs are sorted by expert. */
struct cpu_experts {
    uint32_t *count, *start; /* [n_expert] pairs of an expert, first of them */
    uint16_t *list;          /* [n_expert] experts that have pairs */
    uint32_t *place;         /* [max_rows * used] where a pair went */
    float *hidden, *out;     /* [max_rows * used][stride]; may be one */
    size_t stride;           /* floats */
    uint8_t *acts; /* [max_rows * used] gathered, then quantised hidden rows */
};

/* Rows of a batch, one after another: cleared as far as batches went. */
struct cpu_area {
    uint8_t *at;
    uint64_t row; /* bytes of a row of the batch */
};

struct tarn_prepared {
    struct cpu_owned owned;
    struct tarn_dev *dev;
    struct tarn_state *st;
    struct tarn_shape shape;
    uint32_t n_steps, n_phases, n_buffers, n_moe, n_slots, threads;
    uint32_t max_rows, max_pos, in_buffer, out_buffer;
    bool wide; /* some weight reads q16 */
    /* All in one block: */
    struct tarn_step *steps;  /* [n_steps] */
    struct cpu_phase *phases; /* [n_phases] */
    struct cpu_range *ranges; /* [threads] of the pieces of a phase: run.c */
    struct cpu_buffer *buffers;
    struct cpu_area *areas; /* [n_areas] */
    uint32_t n_areas, n_clear; /* the latter: rows that are cleared */
    struct cpu_part *parts;    /* [max(CPU_PHASE_MATS, n_expert)] */
    uint8_t *acts[CPU_FORMS];  /* quantised rows of the buffer last asked for */
    const uint8_t **act_rows;  /* [max_rows * max(CPU_PHASE_MATS, 3 * used)] */
    float **y_rows;            /* the same */
    double *rope_inverse;      /* [head_dim / 2] */
    float *rope;               /* [max_rows][head_dim]: cosines, sines */
    float *q, *k;              /* [max_rows][width]: after norm and RoPE */
    float *partial, *wide_kv;  /* attention: see attend.c */
    float *norm;               /* [max_rows][n_embd], rows that want logits */
    uint32_t *logit_rows;      /* [max_rows] */
    uint32_t *prev;            /* [max_rows] row before of that sequence */
    uint8_t *last;             /* [max_rows] no later row of that sequence */
    uint16_t *route_ids;       /* [n_slots][max_rows][used] */
    float *route_gates;
    struct cpu_experts experts;
    uint8_t *scratch; /* [threads][scratch_bytes] */
    size_t scratch_bytes, product_scratch; /* the latter: `many` alone */
};

/* check.c: a sentence if they can't be run as they stand. */
enum tarn_status tarn_cpu_check_plan(const struct tarn_plan *plan,
                                     const struct tarn_state *st,
                                     struct tarn_error *err);
enum tarn_status tarn_cpu_check_batch(const struct tarn_prepared *p,
                                      const struct tarn_batch *b,
                                      struct tarn_error *err);
enum tarn_status tarn_cpu_prepare(struct tarn_dev *dev,
                                  const struct tarn_plan *plan,
                                  struct tarn_state *st,
                                  struct tarn_prepared **out,
                                  struct tarn_error *err);
void tarn_cpu_release(struct tarn_prepared *p);
/* Before a batch may use its rows; false: the host wants to stop. */
bool tarn_cpu_clear_rows(struct tarn_prepared *p, uint32_t n_rows);
enum tarn_status tarn_cpu_cost(const struct tarn_host *host, uint32_t device,
                               const struct tarn_plan *plan,
                               const struct tarn_state_shape *shape,
                               uint64_t *work_bytes, uint64_t *page_bytes,
                               uint64_t *tail_bytes, struct tarn_error *err);
enum tarn_status tarn_cpu_run(struct tarn_prepared *p,
                              const struct tarn_batch *b,
                              struct tarn_error *err);

/* Rows of a piece of attention; p->partial holds as many per thread. */
#define TARN_CPU_ATTEND_ROWS 8u

/* ------------------------------------------------------------------- run */
struct cpu_run {
    struct tarn_prepared *p;
    const struct tarn_batch *b;
    struct tarn_error *err;
    uint32_t n_rows, n_logits;
};

/* fn(arg, i, worker) for i in [0, n); `work` is multiply-adds per piece.
 * Asks cancelled() often enough; false: stop. */
typedef void (*cpu_task_fn)(void *arg, uint32_t i, uint32_t worker);
bool tarn_cpu_parallel(const struct cpu_run *r, cpu_task_fn fn, void *arg,
                       uint32_t n, uint64_t work);
enum tarn_status tarn_cpu_stopped(const struct cpu_run *r);

/* Rows [0, n) at x (stride floats) to quantised rows at acts. */
bool tarn_cpu_quantize_rows(const struct cpu_run *r, uint32_t form,
                            const float *x, size_t stride, uint32_t k,
                            uint32_t n, uint8_t *acts);
/* Pointers to n rows: p->acts[form], or the floats themselves. */
void tarn_cpu_point(const struct tarn_prepared *p, uint32_t form,
                    const float *x, size_t stride, uint32_t k, uint32_t n,
                    const uint8_t **rows);

/* One weight against n rows of activations, cut into pieces.  With w_up:
 * y = silu(w . acts) * (w_up . acts_up), as one piece of work. */
struct cpu_part {
    const struct tarn_weight *w, *w_up;
    const uint8_t *data, *data_up; /* row 0 (of an expert's slice) */
    uint32_t n;
    const uint8_t *const *acts, *const *acts_up; /* [n] */
    float *const *y;                             /* [n] */
    /* tarn_cpu_multiply() fills these: */
    uint32_t first;         /* number of its first piece */
    uint32_t chunk, chunks; /* weight rows of a piece; pieces of rows */
    uint32_t split, splits; /* activations of a piece; pieces of those */
};
/* All pieces of all parts at once; false: stopped. */
bool tarn_cpu_multiply(const struct cpu_run *r, struct cpu_part *parts,
                       uint32_t n_parts);
size_t tarn_cpu_gated_scratch(void);

enum tarn_status tarn_cpu_run_matmul(const struct cpu_run *r,
                                     const struct cpu_phase *ph);
enum tarn_status tarn_cpu_run_logits(const struct cpu_run *r,
                                     const struct tarn_step *s);
enum tarn_status tarn_cpu_run_embed(const struct cpu_run *r,
                                    const struct tarn_step *s);
enum tarn_status tarn_cpu_run_norm(const struct cpu_run *r,
                                   const struct tarn_step *s);
enum tarn_status tarn_cpu_run_glu(const struct cpu_run *r,
                                  const struct tarn_step *s);
enum tarn_status tarn_cpu_run_add(const struct cpu_run *r,
                                  const struct tarn_step *s);
enum tarn_status tarn_cpu_run_conv(const struct cpu_run *r,
                                   const struct tarn_step *s);
enum tarn_status tarn_cpu_run_route(const struct cpu_run *r,
                                    const struct tarn_step *s, uint32_t moe);
enum tarn_status tarn_cpu_run_attend(const struct cpu_run *r,
                                     const struct tarn_step *s);
enum tarn_status tarn_cpu_run_experts(const struct cpu_run *r,
                                      const struct tarn_step *s);

void tarn_cpu_norm_row(const float *x, const float *w, uint32_t n, float eps,
                       float *y);
void tarn_cpu_glu_row(const float *a, const float *b, uint32_t n, float *y);

#endif
