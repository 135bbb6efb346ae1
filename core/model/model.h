/* model.h - an open model inside the core: numbers, weights, plan, device.
 *
 * Opening reads the file (gguf), checks that it is a whole lfm2 or lfm2moe
 * (hparams.c: fault G15-G17), gives the weights to a backend and lays
 * down the plan (plan.c), the straight list of steps that run() follows.
 *
 * Owns: file, tokenizer, device, weights.  Threads: read only once open, but
 * for `cancel`, which the engine that runs sets.
 */
#ifndef TARN_MODEL_H
#define TARN_MODEL_H

#include "backends/backend.h"
#include "core/gguf/gguf.h"
#include "core/tarn.h"

struct tarn_pool;

struct tarn_runtime {
    const struct tarn_backend **backends; /* owned list, borrowed entries */
    size_t n_backends;
    size_t preferred; /* index of the one named by the caller, or SIZE_MAX */
    struct tarn_pool *pool;
    uint32_t threads;
    void (*log)(void *user, int level, const char *sentence);
    void *log_user;
    uint32_t n_models; /* open: it goes with the last of them */
    bool doomed;
};

void tarn_log(const struct tarn_runtime *rt, int level, const char *format, ...)
    TARN_PRINTF(3, 4);

/* Limits of what is accepted, each printed in its sentence. */
#define TARN_MAX_LAYERS 512u
#define TARN_MAX_EMBD 65536u
#define TARN_MAX_EXPERTS 1024u
#define TARN_MAX_USED 32u
#define TARN_MAX_CONV 16u
#define TARN_MAX_CONTEXT 131072u

/* What an engine has room for if nobody says otherwise: turns at once, and
 * chats and branches kept beside them. */
#define TARN_DEFAULT_SEQS 4u
#define TARN_DEFAULT_KEPT 8u
#define TARN_TAILS_PER_SEQ 3u /* two in turns, one of the last prompt's end */
#define TARN_DEFAULT_CONTEXT 32768u
#define TARN_DEFAULT_ROWS 2048u
#define TARN_DEFAULT_WORK (UINT64_C(768) << 20) /* fewer rows above that */

struct tarn_layer {
    uint32_t n_head_kv; /* 0: a convolution layer */
    uint32_t n_ff;      /* inner size of the dense feed-forward */
    bool moe;
};

struct tarn_hparams {
    bool is_moe;
    uint32_t n_layers, n_embd, n_head, head_dim, n_vocab, context;
    uint32_t n_expert, n_used, n_ff_expert, n_dense; /* leading dense layers */
    uint32_t conv_len;
    float eps, rope_base, expert_scale;
    uint32_t n_attn, n_conv, n_moe;
    bool own_head; /* output.weight exists */
    struct tarn_layer layers[TARN_MAX_LAYERS];
};

/* The plan and what it needs; weights stand in steps. */
struct tarn_model_plan {
    struct tarn_step *steps;
    uint32_t n_steps;
    uint32_t *widths;
    uint32_t n_buffers;
    uint32_t *kv_widths; /* [n_attn] */
};

struct tarn_model {
    struct tarn_runtime *rt;
    struct tarn_gguf *gguf;
    struct tarn_text *text;
    struct tarn_hparams hp;
    struct tarn_model_info info;
    char name[128], license[64], file_type[24];
    struct tarn_device_info device;
    struct tarn_host host; /* user = this model */
    const struct tarn_backend *backend;
    struct tarn_dev *dev;
    struct tarn_model_plan plan;
    struct tarn_split *split; /* owned; NULL: one device */
    uint32_t device_layers;   /* as it was asked for, as is the next */
    uint32_t cpu_experts;
    uint32_t fit_context, fit_kv; /* for which layers must fit on a device */
    uint32_t fit_rows;            /* 0: the default, or fewer */
    uint32_t n_shrunk;
    /* Asked by the backend through the host while it runs. */
    bool (*cancelled)(void *user);
    void (*progress)(void *user, uint64_t done, uint64_t total);
    void *run_user;
    const struct tarn_model_options *opening; /* during open() only */
    uint32_t n_engines; /* the model goes with the last of them */
    bool doomed;
};

/* One engine less; the model goes if it was closed meanwhile. */
void tarn_model_unuse(struct tarn_model *m);

/* What device `index` of b says about itself, with texts fit for a sentence and
 * sizes that can be added up.  device.c. */
enum tarn_status tarn_device_look(const struct tarn_backend *b,
                                  const struct tarn_host *host, uint32_t index,
                                  struct tarn_device_info *out,
                                  struct tarn_error *err);
/* open() of b; what it changes in the process is put back and logged. */
enum tarn_status tarn_device_open(const struct tarn_backend *b,
                                  const struct tarn_host *host, uint32_t index,
                                  struct tarn_dev **out,
                                  struct tarn_error *err);

/* Where a model's weights are: a backend, an open device, the plan with its
 * handles.  place.c. */
struct tarn_place {
    const struct tarn_backend *backend;
    struct tarn_dev *dev;
    struct tarn_device_info device;
    struct tarn_model_plan plan;
    struct tarn_split *split; /* owned; NULL: all on one device */
};
/* All weights on device 0 of b, or the last layers where it is too small for
 * them and the processor can take the first.  layers 0: as many as fit. */
enum tarn_status tarn_place_open(struct tarn_model *m,
                                 const struct tarn_backend *b, uint32_t layers,
                                 struct tarn_place *out,
                                 struct tarn_error *err);
/* The device was too small after all: opens the model again with fewer layers
 * on it, at last with none.  False: there is nothing to try any more; without
 * a place (dev is NULL) if even that failed. */
bool tarn_model_shrink(struct tarn_model *m);
/* cost() of the place that the model has. */
enum tarn_status tarn_model_cost(const struct tarn_model *m,
                                 const struct tarn_plan *plan,
                                 const struct tarn_state_shape *shape,
                                 uint64_t *work_bytes, uint64_t *page_bytes,
                                 uint64_t *tail_bytes, struct tarn_error *err);
void tarn_place_close(struct tarn_place *p); /* zeroed allowed */
/* The model's place and *p change hands. */
void tarn_model_change_place(struct tarn_model *m, struct tarn_place *p);

enum tarn_status tarn_hparams_read(const struct tarn_gguf *g,
                                   struct tarn_hparams *out,
                                   struct tarn_error *err);
/* Every tensor of the architecture is there with the right shape; norms and
 * other F32 tensors are finite (G15, G20). */
enum tarn_status tarn_hparams_check_tensors(const struct tarn_gguf *g,
                                            const struct tarn_hparams *hp,
                                            bool values,
                                            struct tarn_error *err);

/* TARN_IO, naming the file, if it was changed or lost while in use: then what
 * was just computed is worth nothing.  After every run. */
enum tarn_status tarn_model_unchanged(const struct tarn_model *m,
                                      struct tarn_error *err);

/* Gives the weights to dev and makes the steps.  dev == NULL: steps without
 * weights, for cost(). */
enum tarn_status tarn_plan_make(const struct tarn_gguf *g,
                                const struct tarn_hparams *hp,
                                const struct tarn_backend *be,
                                struct tarn_dev *dev,
                                struct tarn_model_plan *out,
                                struct tarn_error *err);
void tarn_plan_finish(struct tarn_model_plan *p);
/* The two structs that backends want, filled from the model. */
struct tarn_plan tarn_plan_view(const struct tarn_model *m, uint32_t max_rows,
                                uint32_t max_pos);
struct tarn_state_shape tarn_state_view(const struct tarn_model *m,
                                        uint32_t kv_type);

#endif
