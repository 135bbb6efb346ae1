/* bind.c - see bind.h. */
#include "core/engine/bind.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/sample/schema.h"

#define THINK "<think>"
/* Tokens kept for closing a thought: its tag as text, line feeds. */
#define RESERVE 24u

static bool is_control(const struct tarn_bind *b, int32_t id)
{
    return id == b->think || id == b->call_begin || id == b->call_end ||
           tarn_text_is_end(b->text, id);
}

static enum tarn_status make_machine(struct tarn_grammar *g,
                                     enum tarn_status s,
                                     const struct tarn_lexicon *lex,
                                     struct tarn_machine **out,
                                     struct tarn_error *err)
{
    return s == TARN_OK ? tarn_machine_create(g, lex, out, err) : s;
}

enum tarn_status tarn_bind_init(struct tarn_bind *b,
                                const struct tarn_text *text,
                                const struct tarn_lexicon *lex,
                                const char *json_schema,
                                const char *tools_json, struct tarn_error *err)
{
    struct tarn_grammar g = { 0 };
    const bool any = json_schema && !*json_schema;
    enum tarn_status s = TARN_OK;
    *b = (struct tarn_bind){ .text = text };
    b->think = tarn_text_control(text, TARN_CTL_THINK);
    b->call_begin = tarn_text_control(text, TARN_CTL_TOOL_CALL);
    b->call_end = tarn_text_control(text, TARN_CTL_TOOL_CALL_END);
    b->bits = tarn_alloc(tarn_text_n_vocab(text) / 32 + 1, sizeof *b->bits);
    if (!b->bits)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory for the required form.");
    for (uint32_t id = 0; id < tarn_text_n_vocab(text); id++)
        if (is_control(b, (int32_t)id) && b->n_controls < TARN_BIND_CONTROLS)
            b->controls[b->n_controls++] = (int32_t)id;
    if (json_schema)
        s = make_machine(&g,
                         tarn_schema_compile(any ? NULL : json_schema,
                                             strlen(json_schema), &g, err),
                         lex, &b->answer, err);
    if (s == TARN_OK && tools_json && b->call_begin >= 0 && b->call_end >= 0) {
        s = tarn_calls_compile(tools_json, strlen(tools_json), &g, err);
        if (s == TARN_USAGE || s == TARN_LIMIT)
            s = TARN_OK; /* what can't be bound is judged when it is read */
        else
            s = make_machine(&g, s, lex, &b->call, err);
    }
    if (s != TARN_OK)
        tarn_bind_finish(b);
    return s;
}

void tarn_bind_finish(struct tarn_bind *b)
{
    tarn_machine_destroy(b->answer);
    tarn_machine_destroy(b->call);
    tarn_free(b->bits);
    *b = (struct tarn_bind){ 0 };
}

void tarn_bind_reset(struct tarn_bind *b)
{
    if (b->answer)
        tarn_machine_reset(b->answer);
    if (b->call)
        tarn_machine_reset(b->call);
    b->had_thought = b->had_call = false;
    b->tag = 0;
}

void tarn_bind_next(struct tarn_bind *b, uint32_t span, uint32_t most)
{
    b->span = span;
    b->most = most;
}

uint32_t tarn_bind_needs(const struct tarn_bind *b)
{
    return b->answer && !tarn_machine_dead(b->answer)
               ? tarn_machine_left(b->answer) + RESERVE
               : 0;
}

/* A forced token may have left the form (then it is dead), or a block begun
 * where too few tokens are left to end it. */
static bool can_be_kept(const struct tarn_bind *b,
                        const struct tarn_machine *m)
{
    return m && !tarn_machine_dead(m) && tarn_machine_left(m) <= b->most + 1;
}

/* The machine that speaks now; NULL: no form binds this text. */
static struct tarn_machine *machine_of(const struct tarn_bind *b)
{
    struct tarn_machine *m = b->span == TARN_SPAN_CALL     ? b->call
                             : b->span == TARN_SPAN_ANSWER ? b->answer
                                                           : NULL;
    return can_be_kept(b, m) ? m : NULL;
}

/* The thought is free but for its end: a turn that ended within it would have
 * no answer, where one of a form was asked for. */
static bool owes_answer(const struct tarn_bind *b)
{
    return b->span == TARN_SPAN_THOUGHT && !b->had_call &&
           can_be_kept(b, b->answer) && !tarn_machine_begun(b->answer);
}

/* Ends the turn, and not by derailing. */
static bool is_good_end(const struct tarn_bind *b, int32_t id)
{
    return tarn_text_is_end(b->text, id) &&
           id != tarn_text_control(b->text, TARN_CTL_IM_START) &&
           id != tarn_text_control(b->text, TARN_CTL_BOS);
}

/* The tokens that are no text: may this one come? */
static bool allows_control(const struct tarn_bind *b,
                           const struct tarn_machine *m, int32_t id)
{
    if (b->span == TARN_SPAN_CALL)
        return id == b->call_end && tarn_machine_whole(m);
    const bool begins = !tarn_machine_begun(m) && b->tag == 0;
    const bool room = b->most > tarn_machine_left(m) + 2 * RESERVE;
    if (id == b->think)
        return begins && !b->had_thought && !b->had_call && room;
    if (id == b->call_begin)
        return begins && b->call && room &&
               b->most > tarn_machine_left(b->call) + 2 * RESERVE;
    return is_good_end(b, id) && b->tag == 0 &&
           (tarn_machine_whole(m) || (b->had_call && begins));
}

/* Where <think> is text: a token that goes on spelling it. */
static bool goes_on_with_tag(const struct tarn_bind *b,
                             const struct tarn_machine *m, int32_t id)
{
    size_t n;
    const char *bytes = tarn_text_bytes(b->text, id, &n);
    return b->think < 0 && b->span == TARN_SPAN_ANSWER && !b->had_thought &&
           !b->had_call && !tarn_machine_begun(m) && n > 0 &&
           n <= sizeof THINK - 1 - b->tag &&
           (b->tag > 0 || b->most > tarn_machine_left(m) + 2 * RESERVE) &&
           !memcmp(bytes, &THINK[b->tag], n);
}

static bool allows(void *user, int32_t id)
{
    struct tarn_bind *b = user;
    struct tarn_machine *m = machine_of(b);
    if (!m)
        return !owes_answer(b) || !tarn_text_is_end(b->text, id);
    if (is_control(b, id))
        return allows_control(b, m, id);
    if (goes_on_with_tag(b, m, id))
        return true;
    return b->tag == 0 && tarn_machine_allows(m, id, b->most);
}

static void set(struct tarn_bind *b, int32_t id, bool yes)
{
    b->bits[id / 32] &= ~(1u << (id % 32));
    b->bits[id / 32] |= (uint32_t)yes << (id % 32);
}

static const uint32_t *mask(void *user)
{
    struct tarn_bind *b = user;
    struct tarn_machine *m = machine_of(b);
    const uint32_t n_vocab = tarn_text_n_vocab(b->text);
    if (!m && !owes_answer(b))
        return NULL;
    if (!m) {
        memset(b->bits, 0xff, (n_vocab / 32 + 1) * sizeof *b->bits);
        for (uint32_t i = 0; i < b->n_controls; i++)
            set(b, b->controls[i], !tarn_text_is_end(b->text, b->controls[i]));
        return b->bits;
    }
    const bool tags = b->think < 0 && !b->had_thought &&
                      b->span == TARN_SPAN_ANSWER && !tarn_machine_begun(m);
    const uint32_t *words =
        b->tag == 0 ? tarn_machine_mask(m, b->most) : NULL;
    if (words)
        memcpy(b->bits, words, (n_vocab / 32 + 1) * sizeof *words);
    else
        memset(b->bits, 0, (n_vocab / 32 + 1) * sizeof *b->bits);
    for (uint32_t i = 0; i < b->n_controls; i++)
        set(b, b->controls[i], allows_control(b, m, b->controls[i]));
    for (uint32_t id = 0; tags && id < n_vocab; id++)
        if (goes_on_with_tag(b, m, (int32_t)id))
            set(b, (int32_t)id, true);
    return b->bits;
}

struct tarn_constraint tarn_bind_constraint(struct tarn_bind *b)
{
    return (struct tarn_constraint){ .user = b, .allows = allows,
                                     .mask = mask };
}

static bool accept_text(struct tarn_machine *m, const struct tarn_text *t,
                        int32_t id)
{
    size_t n;
    const char *bytes = tarn_text_bytes(t, id, &n);
    tarn_machine_accept(m, bytes, n);
    return !tarn_machine_overflowed(m);
}

bool tarn_bind_token(struct tarn_bind *b, int32_t id, uint32_t span)
{
    b->had_thought |= span == TARN_SPAN_THOUGHT || id == b->think;
    if (span == TARN_SPAN_THOUGHT) {
        b->tag = 0;
        return true;
    }
    if (span == TARN_SPAN_CALL) {
        if (b->call && id == b->call_end)
            tarn_machine_reset(b->call);
        return id == b->call_end || !b->call ||
               accept_text(b->call, b->text, id);
    }
    if (id == b->call_begin && b->call) {
        tarn_machine_reset(b->call);
        b->had_call = true;
    }
    if (!b->answer || is_control(b, id))
        return true;
    if (goes_on_with_tag(b, b->answer, id)) {
        size_t n;
        tarn_text_bytes(b->text, id, &n);
        b->tag += (uint32_t)n;
        return true;
    }
    return accept_text(b->answer, b->text, id);
}
