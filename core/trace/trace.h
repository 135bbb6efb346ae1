/* trace.h - the record of a turn: what every face takes, shows and keeps.
 *
 * A trace is fed with the engine's events and holds, per token, its id, bytes,
 * time, probability, entropy and candidates; per turn its spans, steps,
 * hesitations and what was taken back.  All of the latter is found from the
 * tokens, so a trace that streams and one that was loaded agree (terms:
 * steps.h, terms.h).  The file's form: docs/trace.md.
 *
 *     tarn_trace_create(tarn_model_text(model), &info, &trace, &err);
 *     while (tarn_engine_next_event(engine, &ev)) tarn_trace_take(trace, &ev);
 *     struct tarn_trace_summary sum = tarn_trace_summary(trace);
 *     tarn_trace_save(trace, "turn.json", &err);
 *
 * Owns: all that it holds; `text` must outlive the feeding.  What the getters
 * give is borrowed until the trace is fed again.  Threads: one at a time.
 */
#ifndef TARN_TRACE_H
#define TARN_TRACE_H

#include "core/tarn.h"

#define TARN_TRACE_VERSION 1
#define TARN_TRACE_MAX_TOKENS ((size_t)1 << 20)
#define TARN_TRACE_MAX_SPANS ((size_t)1 << 14) /* and pieces taken back */
#define TARN_TRACE_MAX_FILE ((size_t)1 << 30)  /* bytes */

struct tarn_trace;

struct tarn_trace_info {
    uint32_t size;
    const char *model, *backend; /* names; NULL: "" */
    uint64_t model_bytes;        /* of its file; 0: not known */
    uint32_t n_vocab;
    uint64_t seed;
    uint32_t attempt;
    int64_t unix_ms;             /* when the turn began */
    double open_bits, close_bits; /* of hesitations; 0: the model's pair */
    /* Only for tarn_trace_experts(); 0: none are recorded. */
    uint32_t n_moe_layers, n_expert, n_expert_used;
};

enum {
    TARN_TRACE_FORCED = 1,    /* not drawn: budget, "answer now", fork */
    TARN_TRACE_WITHDRAWN = 2, /* taken back; in no figure but its own */
    TARN_TRACE_TAG = 4,       /* <think> and the like: no text */
    TARN_TRACE_BEFORE = 8     /* was taken back before the answer went on */
};
struct tarn_trace_token {
    int32_t id;
    float p, p_after, entropy_bits;
    struct tarn_candidate best[8];
    uint64_t us;      /* since the turn began; never less than before */
    uint32_t text_at; /* of its bytes; they end where the next one's begin */
    uint8_t span;     /* enum tarn_span_kind; 0: before the first */
    uint8_t flags;
};
/* Tokens are named by their place in the record, withdrawn ones counted. */
struct tarn_trace_span {
    uint32_t kind, first, n;
    uint64_t begin_us, end_us;
    bool open;
};
struct tarn_trace_step {
    uint32_t first, offset; /* its first token and the byte in it */
    uint32_t n;             /* tokens, without tags and withdrawn ones */
    bool repeats;           /* the third time among 16 (steps.h) */
};
struct tarn_trace_hesitation {
    uint32_t first, last;
    bool open;
};
struct tarn_trace_loop { /* a piece that was taken back */
    uint32_t first, n;
    bool broken; /* false: the thought was closed instead */
};
enum tarn_trace_end { /* how the (last) thought ended */
    TARN_TRACE_END_NONE, /* no thought, or it goes on */
    TARN_TRACE_END_CLOSED, TARN_TRACE_END_BUDGET, TARN_TRACE_END_ANSWERED,
    TARN_TRACE_END_STOPPED, TARN_TRACE_END_CIRCLE,
    TARN_TRACE_END_CUT /* the turn ended inside it */
};

enum tarn_status tarn_trace_create(const struct tarn_text *text,
                                   const struct tarn_trace_info *info,
                                   struct tarn_trace **out,
                                   struct tarn_error *err);
void tarn_trace_destroy(struct tarn_trace *t); /* NULL allowed */
/* Any event of the one turn.  Out of memory or more tokens than a trace may
 * hold: tarn_trace_failed() from then on. */
void tarn_trace_take(struct tarn_trace *t, const struct tarn_event *ev);
/* TARN_CMD_ANSWER_NOW was posted: the events don't tell. */
void tarn_trace_answered(struct tarn_trace *t);
/* The vocabulary may go from here on: what is shown of it is kept.  Nothing can
 * be fed any more. */
enum tarn_status tarn_trace_detach(struct tarn_trace *t,
                                   struct tarn_error *err);
/* Of the last token: ids and gates (0..1, kept to 1/65535), both
 * [n_moe_layers][n_expert_used], best first. */
void tarn_trace_experts(struct tarn_trace *t, const uint16_t *ids,
                        const float *gates);
bool tarn_trace_failed(const struct tarn_trace *t);

/* What the turn was asked, so that it can be computed again.  All is copied;
 * without it a trace can be read, not replayed. */
struct tarn_trace_turn {
    const int32_t *prompt; /* [n_prompt] */
    size_t n_prompt;
    struct tarn_sampling sampling;
    int32_t budget, max_tokens; /* 0: no limit, but see budget_given */
    uint32_t n_begin;           /* first tokens of the record, without those
                                   of TARN_TRACE_BEFORE: given */
    bool keep_loops;
    const char *const *stops;
    size_t n_stops;
    uint32_t kv_type, n_context;
    const char *json_schema, *tools_json; /* or NULL */
    bool free_calls;
    bool budget_given; /* budget 0 is one */
    /* Of the state: positions and bytes of a page, bytes of a chat's tails.
     * 0: not known. */
    uint32_t page_tokens;
    uint64_t page_bytes, tail_bytes;
};
enum tarn_status tarn_trace_set_turn(struct tarn_trace *t,
                                     const struct tarn_trace_turn *turn,
                                     struct tarn_error *err);
/* The same from what a face has: after tarn_turn_start(), before its events
 * are drained. */
enum tarn_status tarn_trace_note(struct tarn_trace *t,
                                 const struct tarn_engine *engine,
                                 tarn_turn_id turn,
                                 const struct tarn_turn_options *opt,
                                 struct tarn_error *err);
const struct tarn_trace_turn *tarn_trace_turn(const struct tarn_trace *t);
/* The turn forks from another: tokens that are given to it (tarn_turn_options
 * .begin) take their figures from that one's.  Before the first event. */
enum tarn_status tarn_trace_inherit(struct tarn_trace *t,
                                    const struct tarn_trace *from,
                                    size_t n_begin, struct tarn_error *err);

/* The turn goes on where another was stopped (tarn_turn_options.go_on): the
 * record begins with that one's, n_given tokens (tarn_turn_given()) with their
 * times and what was taken back between them; times go on from its last.
 * Before the first event.  Where other tokens are told, as inherit(). */
enum tarn_status tarn_trace_go_on(struct tarn_trace *t,
                                  const struct tarn_trace *from,
                                  size_t n_given, struct tarn_error *err);

/* Where two records part, or nowhere; times don't count. */
struct tarn_trace_difference {
    bool differs;
    size_t at;        /* token */
    const char *what; /* "token", "probability", "candidates", "experts" ... */
};
struct tarn_trace_difference tarn_trace_compare(const struct tarn_trace *a,
                                                const struct tarn_trace *b);
/* Computes the turn again, on the calling thread, which must own the engine,
 * and compares token by token; acts by hand come where they came.  *again:
 * what was computed, up to the first difference and some tokens; owned by the
 * caller, or NULL where nobody wants it.  TARN_USAGE: the file does not say
 * what was asked, or the engine's context is too small. */
enum tarn_status tarn_trace_replay(const struct tarn_trace *t,
                                   struct tarn_engine *engine,
                                   const struct tarn_text *text,
                                   struct tarn_trace_difference *out,
                                   struct tarn_trace **again,
                                   struct tarn_error *err);

/* ---------------------------------------------------------------- what it is */
const struct tarn_trace_info *tarn_trace_info(const struct tarn_trace *t);
/* This model's file wrote it, so its ids mean the same there.  A trace that
 * does not know its file's size fits any of the same vocabulary's size. */
bool tarn_trace_fits(const struct tarn_trace *t,
                     const struct tarn_model_info *model);
const struct tarn_trace_token *tarn_trace_tokens(const struct tarn_trace *t,
                                                 size_t *n);
/* The bytes of token i; a character may be cut. */
const char *tarn_trace_bytes(const struct tarn_trace *t, size_t i,
                             size_t *size);
/* The bytes of a candidate; size 0 where the trace does not know them. */
const char *tarn_trace_piece(const struct tarn_trace *t, int32_t id,
                             size_t *size);
const struct tarn_trace_span *tarn_trace_spans(const struct tarn_trace *t,
                                               size_t *n);
const struct tarn_trace_step *tarn_trace_steps(const struct tarn_trace *t,
                                               size_t *n);
const struct tarn_trace_hesitation *
tarn_trace_hesitations(const struct tarn_trace *t, size_t *n);
const struct tarn_trace_loop *tarn_trace_loops(const struct tarn_trace *t,
                                               size_t *n);
bool tarn_trace_is_fork(const struct tarn_trace *t, size_t i);
/* Token i lies within a hesitation. */
bool tarn_trace_hesitates(const struct tarn_trace *t, size_t i);
/* false: not recorded.  gates: 0..65535 for 0..1. */
bool tarn_trace_experts_of(const struct tarn_trace *t, size_t i,
                           const uint16_t **ids, const uint16_t **gates);
/* The first characters of step i, at most 32, as UTF-8 without white space in
 * front, broken bytes as U+FFFD. */
struct tarn_trace_title {
    char text[132];
    size_t size;
};
struct tarn_trace_title tarn_trace_title(const struct tarn_trace *t, size_t i);
bool tarn_trace_turns_back(const struct tarn_trace *t, size_t i); /* step i */

/* ---------------------------------------------------------------- in one line */
/* Of the turn's thoughts: tokens, forks and entropy without tags and withdrawn
 * tokens; time inside thoughts. */
struct tarn_trace_summary {
    uint32_t tokens, steps, hesitations, forks, turn_backs, loops_broken;
    uint32_t withdrawn;
    uint64_t us;
    double mean_entropy; /* bits */
    enum tarn_trace_end end;
};
struct tarn_trace_summary tarn_trace_summary(const struct tarn_trace *t);
/* "thought 412 tokens in 9.3 s, 3 hesitations, 1 loop broken", "no thought" */
struct tarn_trace_line {
    char text[160];
};
struct tarn_trace_line
tarn_trace_summary_line(const struct tarn_trace_summary *s);
void tarn_trace_summary_json(const struct tarn_trace_summary *s,
                             struct tarn_buf *out);
const char *tarn_trace_end_name(enum tarn_trace_end end); /* "closed" */

/* In words: the line, steps, hesitations, forks, loops; foreign text escaped.
 * The second says the same to programs. */
void tarn_trace_report(const struct tarn_trace *t, struct tarn_buf *out);
void tarn_trace_report_json(const struct tarn_trace *t, struct tarn_buf *out);

/* ------------------------------------------------------------------- as a file */
enum tarn_status tarn_trace_write(const struct tarn_trace *t,
                                  struct tarn_buf *out,
                                  struct tarn_error *err);
/* Without the prompt's ids, for who keeps them elsewhere (docs/chat.md) and
 * gives them back to the trace that was read. */
enum tarn_status tarn_trace_write_short(const struct tarn_trace *t,
                                        struct tarn_buf *out,
                                        struct tarn_error *err);
enum tarn_status tarn_trace_set_prompt(struct tarn_trace *t, const int32_t *ids,
                                       size_t n, struct tarn_error *err);
/* Everything is checked: TARN_BAD_FILE with the byte and the reason,
 * TARN_LIMIT, TARN_NO_MEMORY.  At most 4 times `size` bytes are taken. */
enum tarn_status tarn_trace_read(const void *text, size_t size,
                                 struct tarn_trace **out,
                                 struct tarn_error *err);
/* Only its owner may read the file, whatever the umask says. */
enum tarn_status tarn_trace_save(const struct tarn_trace *t, const char *path,
                                 struct tarn_error *err);
enum tarn_status tarn_trace_load(const char *path, struct tarn_trace **out,
                                 struct tarn_error *err);

#endif
