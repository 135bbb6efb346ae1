/* backend.h - what a backend must do, and all that it may know.
 *
 * A backend turns a plan into action.  The core reads a model file, makes a
 * plan (a straight list of steps with fixed meaning), hands over the weights,
 * and then calls run() once per batch of rows.  What a step means is defined
 * by backends/ref; how it is done is the backend's own affair.
 *
 *   device_info() -> open() -> weight()... -> state_open() -> prepare()
 *   -> state_room() -> run()...
 *
 * Owns: what it allocates itself (through the host).  Weight data are
 * borrowed: they stay mapped until weight_free().
 * Threads: calls on one device come from one thread at a time; a backend may
 * use the host's pool inside a call.
 * Fails: every function that can fail returns enum tarn_status and may fill
 * err with one sentence; outputs are untouched on failure.  Nothing aborts.
 * Run-time rule: run() allocates nothing and takes no lock.
 */
#ifndef TARN_BACKEND_H
#define TARN_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h" /* enum tarn_status, struct tarn_error */

#define TARN_BACKEND_ABI 1u

/* Opaque to the core; each backend has its own inside. */
struct tarn_dev;
struct tarn_weight;
struct tarn_state;
struct tarn_prepared;

/* ------------------------------------------------------------------ host
 * What a backend may ask of the program that loaded it.  Nothing else. */
struct tarn_host {
    uint32_t size;
    void *user; /* passed back as the first argument */
    void *(*alloc)(void *user, size_t size, size_t align); /* NULL: none left */
    void (*free)(void *user, void *p);
    void (*log)(void *user, int level, const char *sentence);
    /* Runs fn(arg, i, worker) for i in [0, n) on the shared pool and returns
     * when all are done: any order, any thread; worker < threads() picks the
     * scratch that prepare() allocated. */
    void (*parallel)(void *user,
                     void (*fn)(void *arg, uint32_t i, uint32_t worker),
                     void *arg, uint32_t n);
    uint32_t (*threads)(void *user);
    bool (*cancelled)(void *user); /* cheap; ask at least every 10 ms */
    /* Of weight() and of run(); cheap, may be NULL. */
    void (*progress)(void *user, uint64_t done, uint64_t total);
    /* Paging.  Makes as many of these experts of one layer present as there
     * are slots (at least one), pins them, and says how many of the first
     * ones: their entries in tarn_tensor.slices are then not NULL until
     * done_experts().  NULL: everything is resident, as in tarn itself so far;
     * the conformance suite pages. */
    enum tarn_status (*want_experts)(void *user, uint32_t layer,
                                     const uint16_t *ids, uint32_t n,
                                     uint32_t *n_present,
                                     struct tarn_error *err);
    void (*done_experts)(void *user, uint32_t layer);
};

/* --------------------------------------------------------------- devices */
enum tarn_device_kind { TARN_DEVICE_CPU, TARN_DEVICE_DISCRETE,
                        TARN_DEVICE_INTEGRATED, TARN_DEVICE_SOFTWARE };

/* Weights that take nothing of a device's memory, because it reads them in the
 * machine's: where they are mapped, without a copy, if the driver allows. */
enum tarn_in_place { TARN_COPIES, TARN_ALL_IN_PLACE, TARN_EXPERTS_IN_PLACE };

struct tarn_device_info {
    uint32_t size;
    uint32_t kind;             /* enum tarn_device_kind */
    char name[96];             /* UTF-8, for people */
    char detail[160];          /* driver, instruction sets, what is missing */
    uint64_t memory_total;     /* bytes; 0: the machine's own memory */
    uint64_t memory_free;      /* bytes, now */
    uint64_t max_weight_bytes; /* largest single tensor; 0: no limit */
    bool exact;                /* keeps the numerics contract bit for bit */
    bool digests;              /* can give struct tarn_digest for logits */
    uint32_t in_place;         /* enum tarn_in_place; may become COPIES when
                                  weight() finds that it can't */
};

/* ----------------------------------------------------------------- types
 * Numbers of the GGUF format; layouts: docs/formats.md. */
enum tarn_type {
    TARN_F32 = 0, TARN_F16 = 1, TARN_Q4_0 = 2, TARN_Q4_1 = 3, TARN_Q5_0 = 6,
    TARN_Q5_1 = 7, TARN_Q8_0 = 8, TARN_Q2_K = 10, TARN_Q3_K = 11,
    TARN_Q4_K = 12, TARN_Q5_K = 13, TARN_Q6_K = 14, TARN_IQ2_XXS = 16,
    TARN_IQ2_XS = 17, TARN_IQ3_XXS = 18, TARN_IQ4_NL = 20, TARN_IQ3_S = 21,
    TARN_IQ2_S = 22, TARN_IQ4_XS = 23, TARN_BF16 = 30, TARN_MXFP4 = 39
};

/* Values per block and bytes per block of a type that tarn runs; block 0: no
 * such type.  A row of n values takes n / block * bytes. */
struct tarn_type_traits {
    const char *name;
    uint32_t block, bytes;
};
static inline struct tarn_type_traits tarn_type_traits(uint32_t type)
{
    switch (type) {
    case TARN_F32: return (struct tarn_type_traits){ "F32", 1, 4 };
    case TARN_F16: return (struct tarn_type_traits){ "F16", 1, 2 };
    case TARN_BF16: return (struct tarn_type_traits){ "BF16", 1, 2 };
    case TARN_Q4_0: return (struct tarn_type_traits){ "Q4_0", 32, 18 };
    case TARN_Q4_1: return (struct tarn_type_traits){ "Q4_1", 32, 20 };
    case TARN_Q5_0: return (struct tarn_type_traits){ "Q5_0", 32, 22 };
    case TARN_Q5_1: return (struct tarn_type_traits){ "Q5_1", 32, 24 };
    case TARN_Q8_0: return (struct tarn_type_traits){ "Q8_0", 32, 34 };
    case TARN_IQ4_NL: return (struct tarn_type_traits){ "IQ4_NL", 32, 18 };
    case TARN_MXFP4: return (struct tarn_type_traits){ "MXFP4", 32, 17 };
    case TARN_Q2_K: return (struct tarn_type_traits){ "Q2_K", 256, 84 };
    case TARN_Q3_K: return (struct tarn_type_traits){ "Q3_K", 256, 110 };
    case TARN_Q4_K: return (struct tarn_type_traits){ "Q4_K", 256, 144 };
    case TARN_Q5_K: return (struct tarn_type_traits){ "Q5_K", 256, 176 };
    case TARN_Q6_K: return (struct tarn_type_traits){ "Q6_K", 256, 210 };
    case TARN_IQ2_XXS: return (struct tarn_type_traits){ "IQ2_XXS", 256, 66 };
    case TARN_IQ2_XS: return (struct tarn_type_traits){ "IQ2_XS", 256, 74 };
    case TARN_IQ2_S: return (struct tarn_type_traits){ "IQ2_S", 256, 82 };
    case TARN_IQ3_XXS: return (struct tarn_type_traits){ "IQ3_XXS", 256, 98 };
    case TARN_IQ3_S: return (struct tarn_type_traits){ "IQ3_S", 256, 110 };
    case TARN_IQ4_XS: return (struct tarn_type_traits){ "IQ4_XS", 256, 136 };
    default: return (struct tarn_type_traits){ NULL, 0, 0 };
    }
}

/* --------------------------------------------------------------- weights */
struct tarn_tensor {
    const char *name;
    const void *data; /* as in the file; any alignment; NULL if paged */
    /* A stack of experts: where each one is now, NULL where absent; the table
     * stays in place, its entries change only inside want_experts(). */
    const void *const *slices; /* [ge[2]] or NULL */
    uint64_t size;    /* bytes */
    uint32_t type;    /* GGUF number */
    uint64_t ge[4];   /* GGUF order: ge[0] is the row length, fastest */
};

/* ------------------------------------------------------------------ plan
 * Buffers hold one row of `width` float32 per row of the batch; they are
 * numbered 0 .. n_buffers-1.  A step reads and writes whole rows.  A row's
 * result depends on that row, its sequence's state and the weights, never on
 * what else is in the batch. */
enum tarn_op {
    TARN_EMBED,   /* out = row `token` of w0                                  */
    TARN_NORM,    /* out = rmsnorm(a) * w0                                    */
    TARN_MATMUL,  /* out = w0 . a                                             */
    TARN_CONV,    /* a = [B|C|X]: out = C * conv(B * X) with carried tail; w0 */
    TARN_ATTEND,  /* a = q, b = k, c = v: norms w0 (q), w1 (k), RoPE, K/V
                     written unless the row says not to, out = attention      */
    TARN_GLU,     /* out = silu(a) * b                                        */
    TARN_ROUTE,   /* a = router logits, w0 = bias or NULL: choice and weights
                     into routing slot `slot`                                 */
    TARN_EXPERTS, /* a through the experts of routing slot `slot`: w0 gate,
                     w1 up, w2 down stacks; out = weighted sum in rank order  */
    TARN_ADD,     /* out = a + b                                              */
    TARN_LOGITS   /* for rows that want them: logits = w1 . rmsnorm(a) * w0   */
};

#define TARN_NO_BUFFER UINT16_MAX

struct tarn_step {
    uint16_t op;          /* enum tarn_op */
    uint16_t layer;       /* of the model; for messages, traces, paging */
    uint16_t a, b, c, out; /* buffers or TARN_NO_BUFFER */
    uint16_t slot;        /* ROUTE/EXPERTS: routing slot; CONV/ATTEND: ordinal
                             among the layers of that kind on this device */
    struct tarn_weight *w0, *w1, *w2;
};

struct tarn_shape { /* constants of the model that steps need */
    uint32_t size;
    uint32_t n_embd, n_head, head_dim; /* K/V heads: width of b / head_dim,
                                          they may differ between layers */
    uint32_t conv_len;                            /* L; the tail is L-1 rows */
    uint32_t n_expert, n_expert_used;
    float norm_eps, rope_base, attn_scale, expert_scale;
    uint32_t expert_width; /* inner width of one expert; cost() needs it */
};

struct tarn_plan {
    uint32_t size;
    struct tarn_shape shape;
    const struct tarn_step *steps;
    uint32_t n_steps;
    const uint32_t *widths; /* [n_buffers] float32 per row */
    uint32_t n_buffers;
    uint32_t max_rows;  /* of a batch */
    uint32_t max_pos;   /* context length */
    uint32_t in_buffer, out_buffer; /* where rows cross a cut, else NO_BUFFER */
};

/* ----------------------------------------------------------------- state
 * Belongs to a device and is shared by all plans prepared on it (a model may
 * be cut into many segments).  One page holds K and V of 256 positions of
 * every attention layer of this device; one tail holds the L-1 rows of every
 * conv layer of this device.  The core counts, shares and copies them; the
 * backend only stores them. */
#define TARN_PAGE_POSITIONS 256u

struct tarn_state_shape {
    uint32_t size;
    const uint32_t *kv_widths; /* [n_attn] values of K (and of V) per position */
    uint32_t n_attn;
    uint32_t conv_width, conv_len, n_conv;
    uint32_t kv_type; /* GGUF number: F16, F32 or Q8_0 (heads of 32 n values) */
};

struct tarn_seq {
    const uint32_t *pages; /* [ceil(n_pos / 256)] page numbers, in order */
    uint32_t tail_in;      /* read */
    uint32_t tail_out;     /* written when run() succeeds; may equal tail_in,
                              but two tails make cancel and undo free */
};

/* ----------------------------------------------------------------- batch */
enum {
    TARN_ROW_LOGITS = 1,
    TARN_ROW_REPLAY = 2 /* K/V stand in the pages already: read, not written;
                           keys and values always come from the pages */
};

struct tarn_row {
    int32_t token;
    uint32_t pos;
    uint32_t seq;   /* index into seqs; rows of one sequence ascend in pos */
    uint32_t flags;
};

/* What a sampler needs of one row of logits when it does not need all of them:
 * so few bytes that a device far from the processor can send them with every
 * token.  Only devices that say `digests` are asked for them; the others refuse
 * (TARN_UNSUPPORTED).  digest.h makes them from a row. */
struct tarn_digest {
    uint32_t k;         /* in: so many of the best are wanted */
    uint32_t n_best;    /* out: k, or the whole vocabulary if that is less */
    int32_t *best_ids;  /* [k] the caller's; best first, ties (and -0 with +0)
                           by the lower id */
    float *best_logits; /* [k] their logits, bit for bit those of the row */
    double log_sum_exp; /* of the row; NaN if one of its logits is NaN or
                           +infinity, -infinity if all are -infinity */
    double entropy;     /* of its softmax, in nats; both within 1e-6, relative
                           to the value or to 1 */
};

struct tarn_batch {
    uint32_t size;
    const struct tarn_row *rows;
    uint32_t n_rows;
    const struct tarn_seq *seqs;
    uint32_t n_seqs;
    const float *in;  /* [n_rows][n_embd] at a cut, else NULL */
    float *out;       /* [n_rows][n_embd] at a cut, else NULL */
    float *logits;    /* [rows with TARN_ROW_LOGITS][n_vocab], in row order,
                         or NULL where digests are wanted instead */
    struct tarn_digest *digests; /* [rows with TARN_ROW_LOGITS]; read where
                                    logits is NULL */
    uint16_t *experts; /* [n_rows][ROUTE steps of the plan][n_expert_used] or
                          NULL */
    float *gates;      /* the same shape, or NULL */
};

/* --------------------------------------------------------------- backend */
struct tarn_backend {
    uint32_t size;
    uint32_t abi; /* TARN_BACKEND_ABI */
    const char *name;    /* "cpu-avx512", "vulkan", ... */
    const char *version;

    uint32_t (*device_count)(const struct tarn_host *host); /* never fails */
    enum tarn_status (*device_info)(const struct tarn_host *host, uint32_t index,
                                    struct tarn_device_info *out,
                                    struct tarn_error *err);
    enum tarn_status (*open)(const struct tarn_host *host, uint32_t device,
                             struct tarn_dev **out, struct tarn_error *err);
    void (*close)(struct tarn_dev *dev); /* NULL allowed; frees all below */

    /* May keep a pointer into t->data (and what shares its pages), copy it, or
     * repack it.  Refuses a type that it can't run with TARN_UNSUPPORTED: the
     * core then keeps that layer elsewhere. */
    enum tarn_status (*weight)(struct tarn_dev *dev, const struct tarn_tensor *t,
                               struct tarn_weight **out, struct tarn_error *err);
    void (*weight_free)(struct tarn_dev *dev, struct tarn_weight *w);

    /* State of this device; room() may be called again to grow, keeping what
     * is there.  New tails are zero. */
    enum tarn_status (*state_open)(struct tarn_dev *dev,
                                   const struct tarn_state_shape *shape,
                                   struct tarn_state **out,
                                   struct tarn_error *err);
    void (*state_close)(struct tarn_state *st);
    enum tarn_status (*state_room)(struct tarn_state *st, uint32_t n_pages,
                                   uint32_t n_tails, struct tarn_error *err);
    enum tarn_status (*state_copy)(struct tarn_state *st, bool page, uint32_t to,
                                   uint32_t from, struct tarn_error *err);
    /* Canonical bytes, for saving and for moving to another device.  Page: per
     * attention layer K then V, each [256][width] in kv_type, positions from
     * n_pos on as zero.  Tail: per conv layer [L-1][width] float32, oldest
     * first. */
    enum tarn_status (*state_read)(struct tarn_state *st, bool page, uint32_t n,
                                   uint32_t n_pos, void *out,
                                   struct tarn_error *err);
    enum tarn_status (*state_write)(struct tarn_state *st, bool page, uint32_t n,
                                    const void *in, struct tarn_error *err);

    /* All memory of running is taken here; cost() tells it beforehand, from a
     * plan whose weights may be NULL. */
    enum tarn_status (*prepare)(struct tarn_dev *dev, const struct tarn_plan *plan,
                                struct tarn_state *st,
                                struct tarn_prepared **out,
                                struct tarn_error *err);
    void (*release)(struct tarn_prepared *p);
    enum tarn_status (*cost)(const struct tarn_host *host, uint32_t device,
                             const struct tarn_plan *plan,
                             const struct tarn_state_shape *shape,
                             uint64_t *work_bytes, uint64_t *page_bytes,
                             uint64_t *tail_bytes, struct tarn_error *err);

    /* Runs the whole plan.  On TARN_CANCELLED or a failure all K/V of
     * positions before the batch and all tail_in are intact. */
    enum tarn_status (*run)(struct tarn_prepared *p, const struct tarn_batch *b,
                            struct tarn_error *err);
};

/* The one symbol of a plugin.  Before any of its code runs, the loader has
 * read the ELF note "tarn" (ABI, name, version, CPU features needed). */
#define TARN_BACKEND_SYMBOL "tarn_backend_v1"
typedef const struct tarn_backend *(*tarn_backend_fn)(void);

#endif
