/* tarn.h - the whole public interface of the core; what every face is made of.
 *
 * The picture in your head: a RUNTIME holds backends and threads.  A MODEL is
 * an open file with a plan on one or more devices.  An ENGINE owns a model's
 * memory and does all computing, in steps.  A CHAT is a tree of messages; one
 * TURN at a time grows from its active path.  A face posts COMMANDS and drains
 * EVENTS; nothing calls back into it from another thread.
 *
 *     tarn_runtime_create(&opt, &rt, &err);
 *     tarn_model_open(rt, "pocket.gguf", &mopt, &model, &err);
 *     tarn_engine_create(model, &eopt, &engine, &err);
 *     tarn_chat_create(&chat, &err);
 *     tarn_chat_add(chat, TARN_USER, "Hi", 2, &id, &err);
 *     tarn_turn_start(engine, chat, &topt, &turn, &err);
 *     while (tarn_engine_step(engine) == TARN_MORE)          // or a thread
 *         while (tarn_engine_next_event(engine, &ev)) show(&ev);
 *
 * Threads.  Two may be at work on an engine: its OWNER, which calls step() and
 * wait() and nothing else, and the FACE, which calls everything else.  They
 * may be the same thread.  Chats belong to the face: turn_start() copies what
 * it needs, and next_event() writes what was generated into the chat.
 * Strings in events are valid until the next call of next_event().
 *
 * Structs that a caller fills begin with `size`: put sizeof there and zero the
 * rest; zero is a sensible choice for every member unless it says otherwise.
 */
#ifndef TARN_H
#define TARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"
#include "core/tarn_chat.h"
#include "core/text/text.h"

struct tarn_backend; /* backends/backend.h */

struct tarn_runtime;
struct tarn_model;
struct tarn_engine;

#define TARN_VERSION "0.1.0"

/* ---------------------------------------------------------------- runtime */
struct tarn_runtime_options {
    uint32_t size;
    /* What may compute.  Natively plugins/ found, judged and loaded them (and
     * keeps the report of refusals); in WebAssembly it is a static table.
     * Best first. */
    const struct tarn_backend *const *backends;
    size_t n_backends;
    const char *backend; /* name, or NULL: the first one */
    uint32_t threads;    /* 0: what the affinity mask and quota allow */
    void (*log)(void *user, int level, const char *sentence); /* or NULL */
    void *log_user;
};
enum tarn_status tarn_runtime_create(const struct tarn_runtime_options *opt,
                                     struct tarn_runtime **out,
                                     struct tarn_error *err);
void tarn_runtime_destroy(struct tarn_runtime *rt); /* waits for its models */
uint32_t tarn_runtime_threads(const struct tarn_runtime *rt);

/* ------------------------------------------------------------------ model */
struct tarn_engine_options;
struct tarn_model_options {
    uint32_t size;
    const void *data; /* a model in memory instead of a file; borrowed */
    size_t data_size;
    void (*progress)(void *user, uint64_t done, uint64_t total);
    bool (*cancelled)(void *user);
    void *user;
    bool check; /* look for NaN and Inf in block scales as well (G20) */
    uint32_t device_layers; /* last ones, on a graphics device; 0: what fits */
    uint32_t cpu_experts;   /* the processor has these of the first N layers */
    /* Of the engine to come: what fits depends on its context.  Borrowed
     * during the call; NULL: its defaults. */
    const struct tarn_engine_options *engine;
};
/* path is NULL or a display name where opt->data is given. */
enum tarn_status tarn_model_open(struct tarn_runtime *rt, const char *path,
                                 const struct tarn_model_options *opt,
                                 struct tarn_model **out,
                                 struct tarn_error *err);
void tarn_model_close(struct tarn_model *model); /* waits for its engines */
/* The small model that ships: TARN_POCKET, else beside the program in a build
 * tree, else below the prefix.  false: not found, or longer than `room`. */
bool tarn_pocket_path(char *out, size_t room);

struct tarn_model_info {
    uint32_t size;
    const char *path;
    const char *name;         /* general.name, or the file's name */
    const char *architecture; /* "lfm2" or "lfm2moe" */
    const char *license;      /* may be "" */
    const char *file_type;    /* "Q4_K_M"; "" if the file doesn't say */
    const char *backend;      /* that runs it */
    const char *device;
    enum tarn_layout layout;
    bool layout_known;        /* false: the file carries an unknown template */
    bool thinks;              /* the vocabulary has thought tags */
    uint64_t file_bytes, n_params;
    uint32_t n_vocab, n_layers, n_embd, n_head, n_expert, n_expert_used;
    uint32_t n_moe_layers, n_attn_layers, n_conv_layers;
    uint32_t max_context; /* of the file, at most 131,072 */
};
const struct tarn_model_info *tarn_model_info(const struct tarn_model *model);
const struct tarn_text *tarn_model_text(const struct tarn_model *model);
/* What names the content of the file, whatever it is called: SHA-256 of its
 * metadata, tensor table and a sample of every tensor. */
void tarn_model_key(const struct tarn_model *model, uint8_t out[32]);

/* -------------------------------------------------------------------- fit */
struct tarn_fit { /* bytes */
    uint64_t weights;  /* mapped, shared with the page cache */
    uint64_t kv;       /* of the whole context */
    uint64_t tails, work, total;
};
/* Exact bytes for this context and K/V type, before anything is taken.
 * kv_type: GGUF number (F16, F32, Q8_0). */
enum tarn_status tarn_model_fit(const struct tarn_model *model,
                                uint32_t n_context, uint32_t kv_type,
                                uint32_t max_rows, struct tarn_fit *out,
                                struct tarn_error *err);

/* ----------------------------------------------------------------- engine */
enum tarn_progress { TARN_IDLE, TARN_MORE, TARN_FAILED };

struct tarn_engine_options {
    uint32_t size;
    uint32_t n_context; /* positions per sequence; 0: the smaller of the
                           model's and 32,768 */
    uint32_t kv_type;   /* enum tarn_type: F16, F32, Q8_0; see kv_default */
    bool kv_given;      /* false: F16 */
    uint32_t max_rows;  /* of a batch; 0: 512 to 2,048 by memory */
    uint32_t n_sequences; /* turns at once; 0: 4 */
    uint32_t n_kept;      /* chats and branches of chats that stay in the cache
                             besides; 0: 8; UINT32_MAX: none */
    uint64_t kv_bytes;    /* most memory for K/V pages; what was not used for
                             longest makes room.  Never less than one whole
                             context; 0: as many contexts as turns at once,
                             and at most a quarter of the free memory beyond
                             one */
};
enum tarn_status tarn_engine_create(struct tarn_model *model,
                                    const struct tarn_engine_options *opt,
                                    struct tarn_engine **out,
                                    struct tarn_error *err);
void tarn_engine_destroy(struct tarn_engine *engine); /* owner must be gone */
uint32_t tarn_engine_context(const struct tarn_engine *engine);
uint32_t tarn_engine_kv_type(const struct tarn_engine *engine);

/* What the state takes now, exactly.  Chats and branches share pages of 256
 * positions; a page that several use is counted once. */
struct tarn_state_memory {
    uint32_t size;
    uint32_t n_kept;       /* chats and branches in the cache that rest */
    uint32_t pages_used, pages_taken, pages_most; /* used: hold something;
                              taken: from the system, they come back when the
                              engine goes */
    uint64_t page_bytes;
    uint64_t kv_bytes;     /* pages_taken of them */
    uint64_t tail_bytes;   /* of all convolution tails */
    uint32_t page_tokens;  /* positions of a page */
    uint64_t chat_tail_bytes; /* of the tails, those of one chat or branch */
};
void tarn_engine_state_memory(const struct tarn_engine *engine,
                              struct tarn_state_memory *out);
/* Owner.  Computes one batch, emits its events.  A stop posted meanwhile is
 * seen within 50 ms because run() asks cancelled(). */
enum tarn_progress tarn_engine_step(struct tarn_engine *engine);
/* Owner.  Blocks until there is work or tarn_engine_wake() was called. */
void tarn_engine_wait(struct tarn_engine *engine);
void tarn_engine_wake(struct tarn_engine *engine); /* any thread */
/* Calls fn on the owner's thread whenever the queue of events was empty and is
 * not any more (eventfd, g_idle_add).  Set before the first turn. */
void tarn_engine_on_event(struct tarn_engine *engine, void (*fn)(void *user),
                          void *user);

/* Goes on with another backend; K/V and tails move along.  As tarn_eval(). */
enum tarn_status tarn_engine_move(struct tarn_engine *engine,
                                  const char *backend, struct tarn_error *err);

/* Ids in, logits out, no chat: for tests, perplexity, `tarn logits`.
 * Computes on the calling thread; TARN_BUSY while a turn is running. */
struct tarn_eval {
    uint32_t size;
    const int32_t *ids;   /* [n_ids] */
    const uint32_t *rows; /* [n_rows] indices into ids, ascending */
    size_t n_ids, n_rows;
    float *logits;        /* out: [n_rows][n_vocab] */
    uint16_t *experts;    /* out: [n_ids][n_moe_layers][n_expert_used] or NULL */
    uint32_t n_beside;    /* sequences of other tokens that share every batch:
                             our logits must not change.  TARN_USAGE with
                             experts, or if the engine has no more than that */
};
enum tarn_status tarn_eval(struct tarn_engine *engine,
                           const struct tarn_eval *io, struct tarn_error *err);

/* One timed pass: n_prompt tokens as prefill, then n_tokens one at a time, in
 * each of n_seqs sequences at once, beginning at position `depth` (whose K/V
 * are zeros: speed does not depend on values).  Times in milliseconds. */
struct tarn_bench {
    uint32_t size;
    uint32_t n_prompt, n_tokens, depth, n_seqs; /* n_seqs 0: 1 */
    double prefill_ms, decode_ms;               /* results */
    /* Read by one step of decode (a token of every sequence), on average:
     * weights, each once, of the experts those that were chosen; K/V. */
    uint64_t weight_bytes, kv_bytes;
};
enum tarn_status tarn_engine_bench(struct tarn_engine *engine,
                                   struct tarn_bench *io,
                                   struct tarn_error *err);

/* -------------------------------------------------------------------- turn */
struct tarn_sampling {       /* order of the stages: core/sample/README.md */
    uint32_t size;
    float temperature, top_p, min_p, typical_p, top_n_sigma;
    int32_t top_k;
    float repeat_penalty, frequency_penalty, presence_penalty;
    int32_t penalty_last_n;
    float dry_multiplier, dry_base;
    int32_t dry_allowed_length, dry_last_n;
    float xtc_probability, xtc_threshold;
    float dynatemp_range, dynatemp_exponent;
    int32_t mirostat;        /* 0 or 2 */
    float mirostat_tau, mirostat_eta;
    uint64_t seed;           /* draw of (seed, position, attempt) */
};
/* What the model's file says (general.sampling.*), else the published
 * defaults. */
struct tarn_sampling tarn_model_sampling(const struct tarn_model *model);
/* What is published for models that say nothing themselves. */
struct tarn_sampling tarn_sampling_default(void);
/* TARN_USAGE naming the setting and its range. */
enum tarn_status tarn_sampling_check(const struct tarn_sampling *s,
                                     struct tarn_error *err);
/* A fresh seed from the clock, for when nobody gave one. */
uint64_t tarn_random_seed(void);

struct tarn_turn_options {
    uint32_t size;
    const struct tarn_sampling *sampling; /* NULL: tarn_model_sampling() */
    int32_t thought_budget;  /* tokens without tags; below 0: no limit, and 0
                                too unless budget_given */
    int32_t max_tokens;      /* of the whole turn; 0 and below: the context */
    const char *const *stops; /* of the answer only */
    size_t n_stops;
    uint32_t attempt;        /* regenerate: 1, 2, ... gives other draws */
    const char *tools_json;  /* a JSON array of tool declarations, or NULL;
                                the loop of calls, bare ones among them if
                                wanted: core/turn/toolbox.h */
    bool keep_loops;         /* don't break a thought that goes in circles */
    /* Ids that the answer begins with, as if they had been drawn.  So: fork =
     * select(question) + an earlier answer's ids up to a token + another
     * candidate in its place; nothing that is in the cache is run again.
     * Undo a broken circle = what stayed before it, what was taken back, and
     * keep_loops.  None may end the turn.  They are told like drawn ones, with
     * p_after 0 and no candidates. */
    const int32_t *begin;
    size_t n_begin;
    bool experts;            /* TARN_EV_TOKEN names them */
    const char *json_schema; /* of the answer (core/sample/schema.h); "": any
                                JSON object or list; NULL: free */
    bool free_calls;         /* calls need not fit the tools */
    bool budget_given;       /* thought_budget 0: closed where it begins */
    /* The answer that the active path ends with was stopped or cut: it goes on
     * in its own message.  It is told again from its beginning, as `begin` is
     * (which must be empty then), and max_tokens are those that come new.  If
     * the turn ends before all was told, the message stays what it was.
     * TARN_USAGE: the answer is finished, or messages follow it. */
    bool go_on;
};
/* Whether json_schema can be used: TARN_USAGE names the place and the keyword.
 * Needs no model. */
enum tarn_status tarn_schema_check(const char *text, size_t size,
                                   struct tarn_error *err);
typedef uint32_t tarn_turn_id;

/* An assistant's message begins below the active path's end, which must be a
 * user's or a tool's (but see go_on). */
enum tarn_status tarn_turn_start(struct tarn_engine *engine,
                                 struct tarn_chat *chat,
                                 const struct tarn_turn_options *opt,
                                 tarn_turn_id *out, struct tarn_error *err);
/* The same without a chat: exactly these ids, nothing is put around them. */
enum tarn_status tarn_turn_start_ids(struct tarn_engine *engine,
                                     const int32_t *ids, size_t n_ids,
                                     const struct tarn_turn_options *opt,
                                     tarn_turn_id *out,
                                     struct tarn_error *err);

/* The ids of the turn's prompt; borrowed until its TARN_EV_END is taken.  NULL:
 * it has ended. */
const int32_t *tarn_turn_prompt(const struct tarn_engine *engine,
                                tarn_turn_id turn, size_t *n);

/* How many tokens the answer began with: those of `begin`, or of the answer that
 * goes on.  0 when it has ended. */
size_t tarn_turn_given(const struct tarn_engine *engine, tarn_turn_id turn);

/* --------------------------------------------------------------- commands */
enum tarn_command_kind {
    TARN_CMD_STOP = 1,   /* end the turn, keep what is written */
    TARN_CMD_ANSWER_NOW, /* close the thought */
    TARN_CMD_BREAK_CIRCLE /* of an answer: back to its second time */
};
struct tarn_command {
    uint32_t size;
    uint32_t kind;
    tarn_turn_id turn;
};
enum tarn_status tarn_engine_post(struct tarn_engine *engine,
                                  const struct tarn_command *cmd,
                                  struct tarn_error *err);

/* Stops every turn.  May be called from a signal handler. */
void tarn_engine_stop_all(struct tarn_engine *engine);

/* ----------------------------------------------------------------- events */
enum tarn_span_kind { TARN_SPAN_THOUGHT = 1, TARN_SPAN_ANSWER, TARN_SPAN_CALL };

enum tarn_event_kind {
    TARN_EV_READING = 1, /* done of total tokens of the prompt */
    TARN_EV_SPAN,        /* a span begins */
    TARN_EV_TEXT,        /* text of the open span, whole characters only */
    TARN_EV_TOKEN,       /* a token was drawn: its figures (after its text) */
    TARN_EV_SPAN_END,
    TARN_EV_CALL,        /* text: a block of calls as the model wrote it, or
                            a piece of a long one (`done` bytes with it of
                            `total`); `cut`: its end never came */
    TARN_EV_NOTICE,      /* text: a sentence for the person; `total`: the answer
                            is in a circle, TARN_CMD_BREAK_CIRCLE may help */
    TARN_EV_END,         /* stop reason, counts, times */
    TARN_EV_WAS_THOUGHT, /* a stray </think>: the answer shown so far was the
                            thought; the chat has been told */
    TARN_EV_WITHDRAWN    /* `total` tokens from `at` on were taken back; of the
                            open span's text the first `done` bytes stay */
};
enum tarn_stop_reason {
    TARN_STOP_END = 1, /* the model ended its turn */
    TARN_STOP_LENGTH,  /* max_tokens */
    TARN_STOP_CONTEXT, /* the context is full */
    TARN_STOP_STRING,  /* one of `stops` */
    TARN_STOP_CANCELLED,
    TARN_STOP_FAILED   /* error says why */
};
const char *tarn_stop_name(enum tarn_stop_reason reason);

struct tarn_candidate {
    int32_t id;
    float p;
};
struct tarn_turn_summary {
    enum tarn_stop_reason reason;
    uint32_t n_prompt;   /* tokens of the prompt */
    uint32_t n_reused;   /* of these: already in the cache */
    uint32_t n_replayed; /* of what was in the cache: run again to get the state
                            there */
    /* Tokens of the turn that were kept, those of `begin` among them.  Tags of
     * the thought and the end of the turn are in n_total only. */
    uint32_t n_thought, n_answer, n_total;
    uint32_t n_loops, n_withdrawn; /* circles broken, tokens taken back */
    double prefill_ms, thought_ms, answer_ms, first_token_ms;
};
struct tarn_event {
    uint32_t size;
    uint32_t kind;
    tarn_turn_id turn;
    tarn_message_id message; /* the message that grows; 0 without a chat */
    uint32_t span;           /* enum tarn_span_kind */
    uint32_t at;             /* token number within the turn */
    int32_t id;
    float p, p_after, entropy_bits;
    struct tarn_candidate best[8];
    double ms;               /* since the turn began */
    const char *text;        /* NUL behind it */
    size_t text_size;
    uint64_t done, total;
    bool cut;                /* TARN_EV_CALL */
    const struct tarn_turn_summary *summary; /* TARN_EV_END */
    const struct tarn_error *error;          /* TARN_EV_END when it failed */
    /* TARN_EV_TOKEN, if asked for: of the pass that drew it, best first,
     * [n_moe_layers][n_expert_used] = n_experts; else NULL. */
    const uint16_t *experts;
    const float *gates;
    uint32_t n_experts;
};
/* Face.  false: nothing there now. */
bool tarn_engine_next_event(struct tarn_engine *engine,
                            struct tarn_event *out);

#include "core/tarn_state.h"

#endif
