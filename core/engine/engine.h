/* engine.h - requests, and the step that computes for all of them.
 *
 * A request is one turn being generated.  The face makes it (face.c), hands
 * it over through a lock-free list, and frees it when it has drained its END
 * event.  In between it belongs to the owner (engine.c, request.c).
 *
 * step(): take new requests; pick rows (one per decoding request first, then
 * chunks of prompts); run the plan; sample; emit events.  No allocation, no
 * lock: only wait() sleeps on a condition.
 */
#ifndef TARN_ENGINE_H
#define TARN_ENGINE_H

#include <stdatomic.h>

#include "core/base/buf.h"
#include "core/engine/bind.h"
#include "core/engine/cache.h"
#include "core/engine/ring.h"
#include "core/sample/sample.h"
#include "core/trace/circle.h"
#include "core/turn/reader.h"

#define TARN_MAX_SEQS 64u
#define TARN_MAX_KEPT 256u
/* Rows of a prompt per step while another request decodes: the decoding one
 * waits for them, so few. */
#define TARN_MIXED_ROWS 64u
#define TARN_MAX_STOPS 16u
#define TARN_MAX_CALL ((size_t)64 << 10) /* bytes: a step's events must fit */

enum tarn_phase { TARN_PHASE_NEW, TARN_PHASE_PREFILL, TARN_PHASE_DECODE,
                  TARN_PHASE_DONE };

struct tarn_request {
    struct tarn_request *next; /* in the list of new ones, or of active ones */
    struct tarn_engine *engine;
    tarn_turn_id id;
    enum tarn_phase phase;

    int32_t *prompt; /* [n_prompt + n_given] */
    uint32_t n_prompt, n_reused;
    uint32_t n_given, n_told; /* tokens the answer begins with; told already */
    struct tarn_sequence *seq;
    struct tarn_sampling sampling;
    struct tarn_sampler *sampler;
    struct tarn_reader *reader;
    struct tarn_bind bind; /* the form of the answer and of calls */
    bool bound;
    uint32_t attempt;
    uint32_t budget, max_tokens; /* UINT32_MAX: no limit */
    char *stops[TARN_MAX_STOPS];
    size_t n_stops;
    char *held;  /* the end of the answer that may begin a stop string */
    size_t n_held, held_room;

    /* Set by the face, read by the owner. */
    atomic_bool stop, answer_now, break_circle;

    int32_t forced[16]; /* to be taken instead of drawn tokens */
    uint32_t n_forced;
    bool keep_loops;
    struct tarn_circle circle; /* of the open span */
    bool told_circle;          /* of the answer */
    uint32_t span_first;       /* its first token, counted in the turn */
    uint32_t last_break;       /* token at which a circle was broken last */
    int32_t excluded;          /* not to be drawn next; -1: none */
    uint32_t n_tries;          /* circles of the answer that were broken */
    bool no_scores;            /* what this step computed is no number */
    bool muted;                /* the reader reads again: tell nothing */
    size_t span_bytes;         /* text of the open span so far */
    uint32_t row; /* index of its logits in this step's batch, or UINT32_MAX */
    uint32_t batch_row; /* index of that row among all */
    /* [max_rows][n_slots], where experts are wanted: lent to the batch. */
    uint16_t *expert_ids;
    float *expert_gates;
    uint32_t n_slots; /* MoE layers x experts used; 0: not wanted */
    const struct tarn_request *lender; /* whose tables this batch fills */
    uint32_t chunk_end; /* position this step computes up to */
    bool in_batch, hit_stop;
    struct tarn_turn_summary sum;
    double began, prefill_done, span_began;
    enum tarn_stop_reason reason;
    struct tarn_error error;

    /* Face's side. */
    struct tarn_chat *chat;
    tarn_message_id message;
    struct tarn_buf call; /* the block of calls that comes in pieces */
    /* The answer goes on: what it said is told again first. */
    enum { TARN_AGAIN_NO, TARN_AGAIN_WAITS, TARN_AGAIN_COMES,
           TARN_AGAIN_LOST /* no memory: the message stays what it was */
    } again;
    uint64_t chat_number;  /* read by the owner too, as are the next two */
    tarn_message_id *path; /* [n_path] the question and all above it */
    size_t n_path;
};

struct tarn_engine {
    struct tarn_model *model;
    struct tarn_kv_cache cache;
    struct tarn_prepared *prepared;
    uint32_t max_rows;
    struct tarn_row *rows;  /* [max_rows] */
    struct tarn_seq *seqs;  /* [n_seqs] */
    float *logits;          /* [n_seqs][n_vocab] */
    /* Instead of them, from a device that gives these. */
    struct tarn_digest *digests; /* [n_seqs] into the next two */
    int32_t *best_ids;           /* [n_seqs][TARN_SAMPLER_MOST] */
    float *best_logits;          /* the same */
    struct tarn_ring ring;

    _Atomic(struct tarn_request *) incoming; /* stack, pushed by the face */
    struct tarn_request *active;             /* owner's, in order of arrival */
    atomic_bool interrupt; /* a stop was posted: cut the running batch short */
    atomic_bool woken, starved, stop_all;
    struct tarn_mutex *mutex; /* for wait() only */
    struct tarn_cond *cond;
    void (*on_event)(void *user);
    void *on_event_user;

    /* Face's side. */
    struct tarn_lexicon *lexicon; /* made when a form is asked for first */
    tarn_turn_id last_id;
    uint64_t last_chat; /* numbers given to chats */
    struct tarn_request **live; /* [n_live] waiting for their END */
    size_t n_live, live_room;
    bool computing; /* in eval(): cancel is not asked */
    double told_at; /* when progress was last told */
};

/* Some turn is waiting or being computed. */
bool tarn_engine_busy(struct tarn_engine *e);
/* The backend's run(), then a look at whether the weights were what they were
 * when the file was opened (TARN_IO). */
enum tarn_status tarn_engine_run(struct tarn_engine *e,
                                 const struct tarn_batch *b,
                                 struct tarn_error *err);

/* engine.c: the first n digests shall have k each (at most TARN_SAMPLER_MOST);
 * a batch of so many rows may then ask for them.  NULL: the device has none. */
struct tarn_digest *tarn_engine_digests(struct tarn_engine *e, uint32_t n,
                                        uint32_t k);

/* move.c: owner.  The device has failed: everything goes on with the processor
 * and is computed again.  False: there is no such way. */
bool tarn_engine_fall_back(struct tarn_engine *e, const struct tarn_error *why);

/* finite.c: owner, behind a step.  Requests with no_scores: the processor
 * computes them again where a device did, else they fail. */
void tarn_engine_mend_scores(struct tarn_engine *e);

/* request.c: owner. */
void tarn_request_begin(struct tarn_request *q);
void tarn_request_reading(struct tarn_request *q);
/* A part (0..1) of the rows of this step's batch is done. */
void tarn_request_progress(struct tarn_request *q, double part);
/* Tells tokens that were given, as many as the ring can take at once; false
 * while there are more. */
bool tarn_request_tell_given(struct tarn_request *q);
/* One row came, of logits or (logits are NULL) as a digest: draw, read, emit;
 * may end the request. */
void tarn_request_token(struct tarn_request *q, float *logits,
                        const struct tarn_digest *digest);
void tarn_request_end(struct tarn_request *q, enum tarn_stop_reason reason);
void tarn_request_fail(struct tarn_request *q, const struct tarn_error *err);
/* steer.c: budget, answer now, circles. */
void tarn_request_steer(struct tarn_request *q);
/* Behind a token that was read: counts it as thought, answer, or tag. */
void tarn_request_count(struct tarn_request *q, uint32_t before,
                        uint32_t after);
/* Behind a drawn token: circles of the thought are broken, those of an answer
 * told, those of a call end the turn. */
void tarn_request_watch(struct tarn_request *q, int32_t id);
/* A span begins, or goes on behind what was given. */
void tarn_request_watch_anew(struct tarn_request *q);
void tarn_request_watch_given(struct tarn_request *q, int32_t id);
/* Takes back all tokens of the turn from `at` on (counted from 0). */
void tarn_request_withdraw(struct tarn_request *q, uint32_t at);
void tarn_emit(struct tarn_request *q, struct tarn_event *ev);
void tarn_request_event(void *user, const struct tarn_reader_event *ev);
uint32_t tarn_request_room(const struct tarn_request *q);
void tarn_request_free(struct tarn_request *q);

#endif
