/* turn.h - a turn of the engine as a script, for tests of the trace.
 *
 * The vocabulary is a double (tests/text/double.h).  Tokens go through the
 * real turn reader, and what comes out becomes events in the engine's order:
 * spans, then the token.
 *
 * Included once per test program. */
#ifndef TARN_TESTS_TRACE_TURN_H
#define TARN_TESTS_TRACE_TURN_H

#include "core/base/memory.h"
#include "core/trace/trace.h"
#include "core/turn/reader.h"
#include "tests/tap.h"

static const char *const WORDS[] = {
    " word", " other", ".\n\n", "Wait", "</", "think", ">", "<th", "ink>",
    " \"\\\x01\u202e", "\xe2\x82", "f()"
};
#include "tests/text/double.h"

enum { W_WORD = WORD, W_OTHER, W_BREAK, W_WAIT, W_LT, W_THINK, W_GT, W_OPEN,
       W_OPEN2, W_ODD, W_CUT, W_CALL };
enum { THINK = CTL + TARN_CTL_THINK, CLOSE = CTL + TARN_CTL_THINK_END,
       END = CTL + TARN_CTL_IM_END, CALL = CTL + TARN_CTL_TOOL_CALL,
       CALL_END = CTL + TARN_CTL_TOOL_CALL_END };

/* ------------------------------------------------------------------- a turn */
static struct tarn_text thinking = { true };

static struct turn {
    struct tarn_text *text;
    struct tarn_trace *trace;
    struct tarn_reader *reader;
    uint32_t n;  /* tokens kept */
    double ms;
    int32_t ids[4096]; /* kept, for taking back */
    bool muted;
} turn;

static void tell(struct tarn_event ev)
{
    ev.size = sizeof ev;
    ev.ms = turn.ms;
    ev.at = ev.kind == TARN_EV_WITHDRAWN ? ev.at : turn.n;
    tarn_trace_take(turn.trace, &ev);
}

static void on_read(void *user, const struct tarn_reader_event *ev)
{
    (void)user;
    if (turn.muted)
        return;
    if (ev->kind == TARN_READ_SPAN)
        tell((struct tarn_event){ .kind = TARN_EV_SPAN, .span = ev->span });
    else if (ev->kind == TARN_READ_SPAN_END)
        tell((struct tarn_event){ .kind = TARN_EV_SPAN_END,
                                  .span = ev->span });
    else if (ev->kind == TARN_READ_WAS_THOUGHT)
        tell((struct tarn_event){ .kind = TARN_EV_WAS_THOUGHT,
                                  .span = TARN_SPAN_THOUGHT });
}

static const struct tarn_trace_info INFO = {
    .size = sizeof INFO, .model = "a \"model\"", .backend = "ref",
    .model_bytes = 5200000000, .n_vocab = N_VOCAB, .seed = UINT64_MAX,
    .attempt = 2, .unix_ms = 1790000000000
};

static void begin_with(struct tarn_text *text,
                       const struct tarn_trace_info *info)
{
    struct tarn_error err;
    turn = (struct turn){ .text = text };
    const struct tarn_reader_options opt = { .event = on_read };
    CHECK(tarn_trace_create(text, info, &turn.trace, &err) == TARN_OK);
    CHECK(tarn_reader_create(text, &opt, &turn.reader, &err) == TARN_OK);
}

static inline void begin(void)
{
    begin_with(&thinking, &INFO);
}

/* A token as the engine tells it; 10 ms each. */
static void token(int32_t id, float bits, float p1, float p2, bool forced)
{
    turn.ms += 10;
    const uint32_t before = tarn_reader_span(turn.reader);
    tarn_reader_token(turn.reader, id);
    const uint32_t after = tarn_reader_span(turn.reader);
    turn.ids[turn.n++ % 4096] = id;
    struct tarn_event ev = { .kind = TARN_EV_TOKEN, .id = id,
                             .span = after ? after : before,
                             .p = forced ? 0 : p1,
                             .p_after = forced ? 0 : p1,
                             .entropy_bits = bits };
    for (int i = 0; i < 8; i++)
        ev.best[i] = (struct tarn_candidate){ .id = -1 };
    ev.best[0] = (struct tarn_candidate){ id, p1 };
    ev.best[1] = (struct tarn_candidate){ W_OTHER, p2 };
    tell(ev);
}

static void draw(int32_t id)
{
    token(id, 0.1f, 0.9f, 0.05f, false);
}

static inline void draws(int32_t id, unsigned n)
{
    while (n--)
        draw(id);
}

static inline void force(int32_t id)
{
    token(id, 0.1f, 0, 0, true);
}

/* Tokens from the at-th on are taken back, as the engine does it. */
static inline void take_back(uint32_t at)
{
    const uint32_t n = turn.n - at;
    turn.muted = true;
    tarn_reader_reset(turn.reader);
    for (uint32_t i = 0; i < at; i++)
        tarn_reader_token(turn.reader, turn.ids[i]);
    turn.muted = false;
    turn.n = at;
    tell((struct tarn_event){ .kind = TARN_EV_WITHDRAWN, .at = at,
                              .span = tarn_reader_span(turn.reader),
                              .total = n });
}

static void stop(enum tarn_stop_reason reason)
{
    const struct tarn_turn_summary sum = { .reason = reason };
    tarn_reader_end(turn.reader);
    tell((struct tarn_event){ .kind = TARN_EV_END, .summary = &sum });
}

static void finish(void)
{
    tarn_trace_destroy(turn.trace);
    tarn_reader_destroy(turn.reader);
    turn = (struct turn){ 0 };
}

static inline bool line_is(const struct tarn_trace *t, const char *expected)
{
    const struct tarn_trace_summary s = tarn_trace_summary(t);
    const struct tarn_trace_line l = tarn_trace_summary_line(&s);
    if (strcmp(l.text, expected))
        printf("# \"%s\"\n", l.text);
    return !strcmp(l.text, expected);
}

#endif
