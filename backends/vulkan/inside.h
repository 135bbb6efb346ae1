/* inside.h - the structs behind the handles of the Vulkan backend.
 *
 *   instance.c   libvulkan, the instance, judging and listing devices
 *   device.c     opening one; submitting and waiting
 *   memory.c     buffers, and moving bytes to and from them
 *   weight.c     weights, in planes
 *   import.c     weights where the file is mapped (import.h)
 *   pipe.c       shaders to pipelines, and their cache on disk
 *   state.c      pages and tails
 *   check.c      plans and batches that make no sense
 *   layout.c     the work memory of a plan
 *   record.c     steps to dispatches
 *   experts.c    the dispatches of EXPERTS
 *   run.c        a batch
 *   digest.c     what of its logits comes back
 *   canary.c     does the device still calculate as it did?
 *
 * Shaders get addresses (buffer device address), so nothing is bound.
 *
 * Owns: as said at each struct.  Threads: one at a time per device.
 */
#ifndef TARN_VULKAN_INSIDE_H
#define TARN_VULKAN_INSIDE_H

#include "backends/backend.h"
#include "backends/fail.h"
#include "backends/vulkan/api.h"
#include "backends/vulkan/digest.h"

/* -------------------------------------------------------------- instance */
struct vk_instance {
    struct vk_global_api global;
    struct vk_instance_api fn;
    VkInstance handle;
};

enum { VK_MAX_DEVICES = 64 };

/* What a physical device can do, as far as it matters here. */
struct vk_device_facts {
    VkPhysicalDevice handle;
    uint32_t kind; /* enum tarn_device_kind */
    char name[96], driver[96];
    char refusal[160]; /* why it can't be used; "" if it can */
    uint32_t vendor, device, driver_version, api_version;
    uint8_t uuid[VK_UUID_SIZE];
    uint32_t queue_family;
    uint32_t subgroup;                  /* lanes of a subgroup */
    uint32_t max_shared;                /* bytes of a workgroup */
    uint32_t max_lanes;                 /* of a workgroup */
    uint64_t max_allocation;            /* bytes */
    uint64_t memory_total, memory_free; /* of its own largest heap */
    bool budget;                        /* memory_free was told, not guessed */
    bool integer_dot, fast_dot;
    uint32_t import_at; /* pages can be imported; their size, or 0 */
    VkPhysicalDeviceMemoryProperties memory;
};

/* The process's instance, made at the first call; borrowed, valid until
 * vk_instance_give().  *facts [VK_MAX_DEVICES], best first, usable ones before
 * refused ones; *n_usable of *n. */
struct vk_list {
    struct vk_device_facts facts[VK_MAX_DEVICES];
    uint32_t n, n_usable;
};
enum tarn_status vk_instance_take(const struct vk_instance **out,
                                  struct tarn_error *err);
void vk_instance_give(void);
void vk_devices_list(const struct vk_instance *in, struct vk_list *out);
/* The sentence for no usable device. */
enum tarn_status vk_no_device(const struct vk_list *list,
                              struct tarn_error *err);

/* ---------------------------------------------------------------- tuning
 * Sizes that follow from the device; $TARN_VULKAN_TUNE ("wg=64,lpr=32")
 * overrides them, for tests and experiments. */
struct vk_tuning {
    uint32_t wg;       /* lanes of a workgroup */
    uint32_t lpr;      /* lanes that share a row of a matrix */
    uint32_t nt;       /* vectors that a lane takes at once, at most 8 */
    uint32_t lanes;    /* 1: a lane does a row of a norm; else the workgroup */
    uint32_t tile;     /* lanes of a tile of rows and vectors; 0: no tiles */
    uint32_t from;     /* vectors from which on tiles are worth it */
    bool dot;          /* integer dot product instructions */
    bool half;         /* tiles keep integers as float16, sum in float32 */
    bool stage;        /* weights go through a staging buffer */
    uint32_t piece_us; /* longest submission that is aimed at */
    uint32_t hung_ms;  /* without an answer the device counts as lost */
    uint32_t canary;   /* runs between two looks at its arithmetic */
    uint32_t import;   /* enum tarn_in_place */
};
void vk_tuning_choose(const struct vk_device_facts *f, struct vk_tuning *t);

/* ---------------------------------------------------------------- memory */
struct vk_buffer {
    VkBuffer handle;
    VkDeviceMemory memory;
    uint64_t size, address;
    void *map; /* NULL: not visible to the host */
};
enum vk_place { VK_ON_DEVICE, VK_UP, VK_DOWN, VK_IN_HOST };

struct vk_block { /* of weights; owned by the device */
    struct vk_block *next;
    struct vk_buffer buffer;
    enum vk_place place;
    uint64_t used;
    uint32_t n_users;
};

/* --------------------------------------------------------------- shaders */
enum vk_shader {
    VK_SH_NORM,
    VK_SH_QUANT,
    VK_SH_PAIR,
    VK_SH_CONV,
    VK_SH_TURN,
    VK_SH_ATTEND,
    VK_SH_MERGE,
    VK_SH_ROUTE,
    VK_SH_GROUP,
    VK_SH_COMBINE,
    VK_SH_PEAKS,
    VK_SH_BOUND,
    VK_SH_PICK,
    VK_SH_MAT, /* + type, as the next three */
    VK_SH_TILE = VK_SH_MAT + 64,
    VK_SH_HALF = VK_SH_TILE + 64,
    VK_SH_EMBED = VK_SH_HALF + 64,
    VK_SH_END = VK_SH_EMBED + 64
};
enum { VK_SPECS = 7, VK_MAX_PIPES = 512 };
struct vk_pipe {
    uint32_t shader;
    uint32_t spec[VK_SPECS];
    VkPipeline handle;
};

/* The push constants of every shader. */
struct vk_args {
    uint64_t p[8];
    uint32_t n[16];
};
_Static_assert(sizeof(struct vk_args) == 128, "what every device allows");

/* ---------------------------------------------------------------- device */
struct tarn_dev {
    const struct tarn_host *host; /* borrowed */
    struct vk_device_facts facts;
    struct vk_tuning tune;
    struct vk_device_api fn;
    VkDevice handle;
    VkQueue queue;
    VkCommandPool pool;
    VkSemaphore timeline;
    uint64_t submitted; /* last value that the timeline will reach */
    VkPipelineLayout layout;
    VkPipelineCache cache;
    size_t cache_size;     /* as it came from disk */
    struct vk_pipe *pipes; /* [VK_MAX_PIPES] owned */
    uint32_t n_pipes;
    VkCommandBuffer transfer;
    struct vk_buffer stage;  /* host visible, for weights and state */
    struct vk_buffer grids;  /* code tables of the IQ types */
    uint64_t grid_at[40];    /* address by type; 0: none */
    double rate;             /* multiply-adds per microsecond, measured */
    bool refuses;            /* to import; nothing more is offered */
    bool lost;               /* nothing more is asked of it */
    bool settled;            /* and nothing of what was asked still runs */
    struct vk_block *blocks; /* owned, as are the next four */
    struct vk_ground *grounds;
    struct tarn_weight *weights;
    struct tarn_state *states;
    struct tarn_prepared *prepared;
};

struct tarn_weight {
    struct tarn_weight *next;
    struct vk_block *block;  /* NULL: the pages are the file's own */
    struct vk_buffer pages;  /* imported; else nothing */
    char name[64];
    uint32_t type, k, n_rows, n_slices;
    uint32_t form;      /* 0 planes, 1 as in the file (shaders/blocks.glsl) */
    uint32_t row_words, slice_words; /* in planes; bytes as in the file */
    uint64_t address;                /* of the rows */
    uint64_t floats; /* address of float32 values: plain types, one row */
    uint64_t size;   /* bytes on the device; none of imported ones */
};

struct vk_room { /* pages or tails that were made at once */
    struct vk_room *next;
    struct vk_buffer buffer;
};

struct tarn_state {
    struct tarn_state *next;
    struct tarn_dev *dev;
    struct tarn_state_shape shape; /* kv_widths: the copy below */
    uint32_t *kv_widths;           /* [n_attn] owned */
    uint32_t *kv_at;    /* [n_attn] owned; words to a layer's K in a page */
    uint64_t page_size; /* bytes, the same as in the canonical form */
    uint64_t window;    /* float32 of one conv layer */
    struct vk_room *rooms;
    struct vk_spot *pages, *tails; /* [n_pages], [n_tails] owned */
    uint32_t n_pages, n_tails;
    uint8_t *current; /* [n_tails][n_conv]: which of two windows holds */
};
struct vk_spot {
    struct vk_buffer *buffer;
    uint64_t at; /* bytes */
};

enum vk_form { VK_A32, VK_A256, VK_FORMS }; /* of rounded rows */

/* Work memory of a plan: offsets in bytes into one device buffer. */
struct vk_work {
    uint64_t *buffers; /* [n_buffers] owned by the prepared plan */
    uint64_t q[VK_FORMS], d[VK_FORMS], s[VK_FORMS];
    uint64_t ids, gates;        /* [n_routes][max_rows][used] */
    uint64_t gate, up, outputs; /* experts, by place */
    uint64_t tiles, places;
    uint64_t turned, parts; /* attention */
    uint64_t normed, logits;
    struct vk_digests digests;
    uint64_t batch;
    uint64_t size;
    uint32_t logit_rows; /* computed at once */
    uint64_t logits_down; /* bytes of them, or of their digests, on the host's
                             side, which begins with them */
    uint64_t parts_size;
    uint64_t up_size, down_size; /* bytes of the host's side */
};

/* Memory that plans of a device work in, one at a time: the device's side, and
 * the host's for what goes up and down. */
struct vk_ground {
    struct vk_ground *next;
    struct vk_buffer work, up, down;
    uint32_t n_users;
};

struct vk_class { /* a recorded batch */
    uint32_t n_rows, n_seqs, n_logits, flags;
    uint64_t used_at;
    VkCommandBuffer cb; /* NULL: free */
};
enum { VK_CLASSES = 8, VK_CLASS_ROWS = 64, VK_PIECES = 4 };

struct tarn_prepared {
    struct tarn_prepared *next;
    struct tarn_dev *dev;
    struct tarn_state *st;
    struct tarn_plan plan;
    struct tarn_step *steps; /* owned, as all below */
    uint32_t *widths;
    struct vk_work at;
    struct vk_ground *ground; /* shared; NULL: not yet taken */
    bool attends, convolves; /* some step does */
    uint32_t n_routes;
    uint32_t max_chunks;
    uint16_t *route_of; /* [n_steps] ordinal of the routing an EXPERTS uses */
    double *inverse;    /* [head_dim / 2] */
    struct vk_class classes[VK_CLASSES];
    VkCommandBuffer pieces[VK_PIECES]; /* made when first needed */
    uint32_t n_pieces;
    uint64_t clock;
    uint64_t canary; /* what its first matrix made of a fixed row */
    uint64_t n_runs;
};

/* ------------------------------------------------------------ functions */

/* Zeroed; NULL: none left. */
void *vk_alloc(const struct tarn_host *host, size_t n, size_t size);
void vk_free(const struct tarn_host *host, void *p);

/* The sentence for a failed call; device lost marks the device. */
enum tarn_status vk_failed(struct tarn_dev *dev, VkResult r, const char *call,
                           struct tarn_error *err);

/* device.c */
enum tarn_status vk_begin(struct tarn_dev *dev, VkCommandBuffer cb, bool once,
                          struct tarn_error *err);
void vk_barrier(struct tarn_dev *dev, VkCommandBuffer cb);
/* The timeline reaches ++submitted when cb is done. */
enum tarn_status vk_submit(struct tarn_dev *dev, VkCommandBuffer cb,
                           struct tarn_error *err);
/* Waits in slices; 10 s without an end is a device that hangs.  *stop (may be
 * NULL) becomes true when the host asks meanwhile; the wait goes on. */
enum tarn_status vk_wait(struct tarn_dev *dev, uint64_t value, bool *stop,
                         struct tarn_error *err);
/* Before memory of a lost device goes: it may be slow, not dead, and still use
 * it. */
void vk_settle(struct tarn_dev *dev);
enum tarn_status vk_submit_and_wait(struct tarn_dev *dev, VkCommandBuffer cb,
                                    struct tarn_error *err);

/* memory.c */
enum tarn_status vk_buffer_make(struct tarn_dev *dev, uint64_t size,
                                enum vk_place place, struct vk_buffer *out,
                                struct tarn_error *err);
void vk_buffer_free(struct tarn_dev *dev, struct vk_buffer *b);
/* n words of zero; waits. */
enum tarn_status vk_clear(struct tarn_dev *dev, struct vk_buffer *b,
                          struct tarn_error *err);
/* Copies between a buffer and the host through the staging buffer. */
enum tarn_status vk_write(struct tarn_dev *dev, struct vk_buffer *to,
                          uint64_t at, const void *from, uint64_t size,
                          struct tarn_error *err);
enum tarn_status vk_read(struct tarn_dev *dev, struct vk_buffer *from,
                         uint64_t at, void *to, uint64_t size,
                         struct tarn_error *err);
enum tarn_status vk_copy(struct tarn_dev *dev, struct vk_buffer *to,
                         struct vk_buffer *from, const VkBufferCopy *regions,
                         uint32_t n, struct tarn_error *err);
enum tarn_status vk_stage_make(struct tarn_dev *dev, struct tarn_error *err);

/* weight.c */
enum tarn_status vk_weight_take(struct tarn_dev *dev,
                                const struct tarn_tensor *t,
                                struct tarn_weight **out,
                                struct tarn_error *err);
void vk_weight_free(struct tarn_dev *dev, struct tarn_weight *w);
enum tarn_status vk_grids_make(struct tarn_dev *dev, struct tarn_error *err);

/* pipe.c */
struct vk_code {
    const uint32_t *words;
    size_t size;
};
struct vk_code vk_shader_code(uint32_t shader, bool dot);
/* The pipeline of a shader with these constants; made if it is new. */
enum tarn_status vk_pipe_get(struct tarn_dev *dev, uint32_t shader,
                             const uint32_t spec[VK_SPECS], VkPipeline *out,
                             struct tarn_error *err);
void vk_cache_load(struct tarn_dev *dev);
void vk_cache_save(struct tarn_dev *dev);

/* state.c */
enum tarn_status vk_state_open(struct tarn_dev *dev,
                               const struct tarn_state_shape *shape,
                               struct tarn_state **out, struct tarn_error *err);
void vk_state_close(struct tarn_state *st);
enum tarn_status vk_state_room(struct tarn_state *st, uint32_t n_pages,
                               uint32_t n_tails, struct tarn_error *err);
enum tarn_status vk_state_copy(struct tarn_state *st, bool page, uint32_t to,
                               uint32_t from, struct tarn_error *err);
enum tarn_status vk_state_read(struct tarn_state *st, bool page, uint32_t n,
                               uint32_t n_pos, void *out,
                               struct tarn_error *err);
enum tarn_status vk_state_write(struct tarn_state *st, bool page, uint32_t n,
                                const void *in, struct tarn_error *err);
/* Word of a tail at which a layer's window begins. */
uint32_t vk_tail_word(const struct tarn_state *st, uint32_t tail,
                      uint32_t layer, bool next);

/* check.c */
enum tarn_status vk_check_plan(const struct tarn_plan *plan,
                               const struct tarn_state *st, bool shapes_only,
                               struct tarn_error *err);
enum tarn_status vk_check_batch(struct tarn_prepared *p,
                                const struct tarn_batch *b,
                                struct tarn_error *err);

/* layout.c: out->buffers may be NULL; n_conv: of the state.  False: more
 * bytes than can be counted. */
bool vk_layout(const struct vk_tuning *t, const struct tarn_plan *plan,
               uint32_t n_conv, struct vk_work *out);
/* Where the parts of a batch's description lie, in words. */
struct vk_batch_map {
    uint32_t turns, pages, entries, tails, offsets, picked, wanted, words;
    uint32_t pages_per_seq;
};
struct vk_batch_map vk_batch_layout(const struct tarn_prepared *p,
                                    uint32_t n_rows, uint32_t n_seqs,
                                    uint32_t n_logits);
enum tarn_status vk_prepare(struct tarn_dev *dev, const struct tarn_plan *plan,
                            struct tarn_state *st, struct tarn_prepared **out,
                            struct tarn_error *err);
void vk_release(struct tarn_prepared *p);

bool vk_is_wide(uint32_t type);  /* A256 */
bool vk_is_plain(uint32_t type); /* F32, F16, BF16 */

enum { VK_CANARY_ROWS = 256 }; /* of a product that are looked at */
/* canary.c: TARN_DEVICE if the device calculates otherwise than at first. */
enum tarn_status vk_canary(struct tarn_prepared *p, bool first,
                           struct tarn_error *err);

/* run.c */
enum tarn_status vk_run(struct tarn_prepared *p, const struct tarn_batch *b,
                        struct tarn_error *err);

#endif
