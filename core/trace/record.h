/* record.h - what a trace is made of, for the files of this room.
 *
 * Owns: see struct.  Threads: one at a time.
 */
#ifndef TARN_TRACE_RECORD_H
#define TARN_TRACE_RECORD_H

#include "core/trace/scan.h"
#include "core/trace/steps.h"
#include "core/trace/terms.h"
#include "core/trace/trace.h"

#define TARN_TRACE_NO_SPAN UINT32_MAX
#define TARN_TRACE_MAX_TEXT ((size_t)1 << 30)
#define TARN_TRACE_MAX_NAME ((size_t)255)
#define TARN_TRACE_MAX_SLOTS 4096u /* MoE layers x experts used */

struct tarn_trace_piece {
    int32_t id;
    uint32_t at; /* in piece_bytes; ends where the next one begins */
};

struct tarn_trace {
    struct tarn_trace_info info; /* its strings are owned */
    char *model, *backend;
    const struct tarn_text *text; /* borrowed; NULL when loaded */
    struct tarn_trace_token *tokens;
    struct tarn_trace_span *spans;
    struct tarn_trace_step *steps;
    struct tarn_trace_hesitation *hesitations;
    struct tarn_trace_loop *loops;
    size_t n_tokens, room_tokens, n_spans, room_spans, n_steps, room_steps;
    size_t n_hesitations, room_hesitations, n_loops, room_loops;
    struct tarn_buf bytes; /* of all tokens, one behind the other */
    /* When loaded: the candidates' bytes, by ascending id. */
    struct tarn_trace_piece *pieces;
    size_t n_pieces, room_pieces;
    struct tarn_buf piece_bytes;
    uint16_t *expert_ids, *expert_gates; /* [room_experts][slots] */
    size_t room_experts;
    uint32_t n_slots;      /* 0: no experts */
    uint64_t us;           /* of the last event */
    struct tarn_trace_turn turn; /* its lists are owned */
    bool has_turn;
    struct tarn_trace_token *given; /* [n_given] figures that are inherited */
    uint16_t *given_ids, *given_gates; /* [n_given][slots] or NULL */
    size_t n_given;
    /* While what is above is told again, see inherit.c; its fed[i]: how many
     * tokens before the i-th were given. */
    struct tarn_trace *before; /* owned, or NULL */
    size_t told;               /* place of the token that is told next */
    uint64_t before_us;        /* what it took; added to the events' times */
    uint32_t n_edits;          /* 1: tokens are others than they were */
    enum tarn_trace_end end;
    enum tarn_stop_reason reason; /* 0: the turn goes on */
    bool failed;

    /* The thought that is read now. */
    uint32_t thought;      /* its span, or TARN_TRACE_NO_SPAN */
    struct tarn_steps reader;
    struct tarn_hesitation hesitation;
    uint32_t *fed;         /* place in the record of the thought's token k */
    size_t n_fed, room_fed;
    size_t first_step;     /* of this thought; its hesitations follow */
    size_t first_hesitation;

    /* Since the last token. */
    bool span_changed, thought_ended, withdrew, answered;
};

/* Room for one more element; false and `failed` if there is none. */
bool tarn_trace_grow(struct tarn_trace *t, void *array, size_t n, size_t *room,
                     size_t size);
/* The thought of span i is read (again) from its tokens. */
void tarn_trace_reread(struct tarn_trace *t, uint32_t span);
/* n_slots from info; TARN_USAGE if the shape is out of bounds. */
enum tarn_status tarn_trace_shape(struct tarn_trace *t,
                                  struct tarn_error *err);
/* state.c: what the sequence holds with the prompt and so many kept tokens;
 * false: not recorded. */
struct tarn_trace_state {
    uint32_t used, of; /* positions; of: the context */
    uint32_t pages;
    uint64_t bytes; /* of pages and tails */
};
bool tarn_trace_state(const struct tarn_trace *t, uint32_t kept,
                      struct tarn_trace_state *out);
/* "context 1,442 of 32,768 tokens, state 19 MB" */
void tarn_trace_state_line(const struct tarn_trace_state *s,
                           struct tarn_buf *out);

/* inherit.c */
/* As tarn_trace_go_on(), for tokens without any of the flags `gone`. */
enum tarn_status tarn_trace_begin_as(struct tarn_trace *t,
                                     const struct tarn_trace *from,
                                     size_t n_given, uint8_t gone,
                                     struct tarn_error *err);
/* What was known of the token at this place; of its experts. */
void tarn_trace_take_figures(struct tarn_trace *t, struct tarn_trace_token *k);
void tarn_trace_take_experts(struct tarn_trace *t, size_t i);
/* A token was taken; the turn ended. */
void tarn_trace_told_again(struct tarn_trace *t, int32_t id);
void tarn_trace_not_told_again(struct tarn_trace *t);

/* turn_form.c */
void tarn_trace_free_turn(struct tarn_trace *t);
void tarn_trace_write_turn(const struct tarn_trace *t, bool prompt,
                           struct tarn_buf *out);
void tarn_trace_read_turn(struct tarn_trace *t, struct tarn_scan *s);
bool tarn_trace_room_experts(struct tarn_trace *t, size_t n_tokens);

#endif
