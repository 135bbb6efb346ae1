/* reader.c - see reader.h.
 *
 * Four layers, each a byte or a character at a time, so that no cut of the
 * stream can change the result:
 *   tags    bytes that may become a tag are held back until they are one or
 *           cannot be one;
 *   UTF-8   bytes become whole characters;
 *   space   white space waits for something visible;
 *   out     text is collected and handed out before the next event and at the
 *           end of each call. */
#include "core/turn/reader.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/tarn.h"

#define MAX_TAG 64 /* bytes of a control token's name */
#define ROOM 4096   /* of text, from the beginning */

struct tag {
    const char *text; /* borrowed from the tokenizer, or constant */
    size_t size;
    enum tarn_control control;
    bool in_text; /* recognized even in ordinary text */
};

struct tarn_reader {
    const struct tarn_text *t;
    struct tarn_reader_options opt;
    struct tag tags[TARN_N_CTL];
    size_t n_tags;
    uint32_t span; /* open: enum tarn_span_kind; 0: none */
    bool started, had_thought, had_call, ended, failed;
    bool visible; /* the open span has text */
    uint32_t problems;
    unsigned echo; /* bits: may be the last call again from its byte 0, 1 */
    size_t n_echo; /* bytes of it that are held back */
    char held[MAX_TAG];
    size_t n_held;
    char part[4]; /* of a character */
    size_t n_part;
    struct tarn_buf space, out, call;
};

/* --------------------------------------------------------------------- out */

static void emit(struct tarn_reader *r, enum tarn_reader_kind kind,
                 const char *text, size_t size)
{
    const struct tarn_reader_event ev = { kind, r->span, text, size };
    if (r->opt.event)
        r->opt.event(r->opt.user, &ev);
}

static void flush(struct tarn_reader *r)
{
    r->failed |= r->out.failed | r->space.failed | r->call.failed;
    if (r->out.size > 0)
        emit(r, TARN_READ_TEXT, r->out.data, r->out.size);
    tarn_buf_clear(&r->out);
}

static void open_span(struct tarn_reader *r, uint32_t span)
{
    r->span = span;
    r->visible = false;
    tarn_buf_clear(&r->space);
    emit(r, TARN_READ_SPAN, NULL, 0);
}

static void close_span(struct tarn_reader *r)
{
    flush(r);
    tarn_buf_clear(&r->space);
    if (r->span != 0)
        emit(r, TARN_READ_SPAN_END, NULL, 0);
    r->span = 0;
    r->visible = false;
}

/* ------------------------------------------------------------- space, UTF-8 */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void put_char(struct tarn_reader *r, const char *text, size_t size)
{
    if (size == 1 && is_space(*text)) {
        if (r->visible)
            tarn_buf_add(&r->space, text, 1);
        return;
    }
    if (r->span == 0)
        open_span(r, TARN_SPAN_ANSWER);
    tarn_buf_add(&r->out, r->space.data, r->space.size);
    tarn_buf_clear(&r->space);
    tarn_buf_add(&r->out, text, size);
    r->visible = true;
}

/* What was held of a character will not be completed. */
static void give_up_part(struct tarn_reader *r)
{
    if (r->n_part > 0)
        put_char(r, "\xEF\xBF\xBD", 3);
    r->n_part = 0;
}

static void put_byte(struct tarn_reader *r, char byte);

/* What was held back as an echo is text after all. */
static void release_echo(struct tarn_reader *r)
{
    const size_t from = r->echo & 1 ? 0 : 1, n = r->n_echo;
    r->echo = 0;
    r->n_echo = 0;
    for (size_t i = 0; i < n; i++)
        put_byte(r, r->call.data[from + i]);
}

/* Does the last call's text, with or without its bracket, go on repeating? */
static bool goes_on_echoing(struct tarn_reader *r, char byte)
{
    unsigned still = 0;
    for (unsigned from = 0; from < 2; from++)
        if (r->echo >> from & 1 && from + r->n_echo < r->call.size &&
            r->call.data[from + r->n_echo] == byte)
            still |= 1u << from;
    if (!still) {
        release_echo(r);
        return false;
    }
    r->echo = still;
    r->n_echo++;
    return true;
}

/* Is all of it held back? */
static bool echo_is_whole(const struct tarn_reader *r)
{
    for (unsigned from = 0; from < 2; from++)
        if (r->echo >> from & 1 && r->n_echo > 0 &&
            from + r->n_echo == r->call.size)
            return true;
    return false;
}

static void put_byte(struct tarn_reader *r, char byte)
{
    if (r->span == TARN_SPAN_CALL) {
        tarn_buf_add(&r->call, &byte, 1);
        return;
    }
    if (r->echo && goes_on_echoing(r, byte))
        return;
    r->part[r->n_part] = byte;
    if (tarn_utf8_tail(r->part, r->n_part + 1) == r->n_part + 1) {
        r->n_part++;
        return;
    }
    if (tarn_utf8_valid(r->part, r->n_part + 1)) {
        put_char(r, r->part, r->n_part + 1);
        r->n_part = 0;
        return;
    }
    const bool alone = r->n_part == 0;
    give_up_part(r);
    if (alone)
        put_char(r, "\xEF\xBF\xBD", 3);
    else
        put_byte(r, byte); /* it may begin the next one: one level deep */
}

static void put_bytes(struct tarn_reader *r, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put_byte(r, text[i]);
}

/* ---------------------------------------------------------------- controls */

static void begin_thought(struct tarn_reader *r, const char *name, size_t size)
{
    if (r->span == 0) {
        open_span(r, TARN_SPAN_THOUGHT);
        r->had_thought = true;
    } else if (r->span != TARN_SPAN_THOUGHT || r->visible) {
        put_bytes(r, name, size);
    } /* else the layout has opened the thought already */
}

static void end_thought(struct tarn_reader *r, const char *name, size_t size)
{
    if (r->span == TARN_SPAN_THOUGHT) {
        give_up_part(r);
        close_span(r);
    } else if (r->had_thought || r->had_call) {
        put_bytes(r, name, size); /* a stray one */
        if (r->span != TARN_SPAN_CALL)
            r->problems |= TARN_READ_STRAY_THINK_END;
    } else {
        give_up_part(r);
        const bool answered = r->span == TARN_SPAN_ANSWER;
        close_span(r);
        if (answered)
            emit(r, TARN_READ_WAS_THOUGHT, NULL, 0);
        r->problems |= TARN_READ_MISSING_THINK_START;
        r->had_thought = true;
    }
}

static void begin_call(struct tarn_reader *r, const char *name, size_t size)
{
    if (r->span == TARN_SPAN_THOUGHT || r->span == TARN_SPAN_CALL) {
        put_bytes(r, name, size);
        if (r->span == TARN_SPAN_THOUGHT)
            r->problems |= TARN_READ_CALL_IN_THOUGHT;
        return;
    }
    give_up_part(r);
    close_span(r);
    tarn_buf_clear(&r->call);
    open_span(r, TARN_SPAN_CALL);
    r->had_call = true;
}

static void end_call(struct tarn_reader *r, const char *name, size_t size)
{
    if (r->span == TARN_SPAN_CALL) {
        r->failed |= r->call.failed;
        emit(r, TARN_READ_CALL, r->call.data ? r->call.data : "", r->call.size);
        close_span(r);
        r->echo = 3;
        r->n_echo = 0;
    } else if (r->span == TARN_SPAN_THOUGHT) {
        put_bytes(r, name, size);
    } else { /* nothing was begun: not worth showing */
        r->problems |= TARN_READ_MISSING_CALL_START;
    }
}

/* name: the bytes that stand for the token where it does not count. */
static void control(struct tarn_reader *r, enum tarn_control c,
                    const char *name, size_t size)
{
    if (c == TARN_CTL_TOOL_CALL_END && echo_is_whole(r)) {
        r->problems |= TARN_READ_ECHO;
        r->echo = 0;
        r->n_echo = 0;
        return;
    }
    release_echo(r);
    if (c == TARN_CTL_THINK)
        begin_thought(r, name, size);
    else if (c == TARN_CTL_THINK_END)
        end_thought(r, name, size);
    else if (c == TARN_CTL_TOOL_CALL)
        begin_call(r, name, size);
    else if (c == TARN_CTL_TOOL_CALL_END)
        end_call(r, name, size);
    else
        put_bytes(r, name, size);
}

/* -------------------------------------------------------------------- tags */

static const struct tag *whole_tag(const struct tarn_reader *r, bool special)
{
    for (size_t i = 0; i < r->n_tags; i++)
        if ((special || r->tags[i].in_text) && r->tags[i].size == r->n_held &&
            memcmp(r->tags[i].text, r->held, r->n_held) == 0)
            return &r->tags[i];
    return NULL;
}

static bool begins_tag(const struct tarn_reader *r, bool special)
{
    for (size_t i = 0; i < r->n_tags; i++)
        if ((special || r->tags[i].in_text) && r->tags[i].size > r->n_held &&
            memcmp(r->tags[i].text, r->held, r->n_held) == 0)
            return true;
    return false;
}

/* Lets go what cannot become a tag any more. */
static void settle(struct tarn_reader *r, bool special)
{
    while (r->n_held > 0 && !r->ended) {
        const struct tag *tag = whole_tag(r, special);
        if (tag) {
            r->n_held = 0;
            const int32_t id = tarn_text_control(r->t, tag->control);
            if (id >= 0 && tarn_text_is_end(r->t, id))
                r->ended = true;
            else
                control(r, tag->control, tag->text, tag->size);
            return;
        }
        if (begins_tag(r, special))
            return;
        put_byte(r, r->held[0]);
        memmove(r->held, r->held + 1, --r->n_held);
    }
}

static void take_bytes(struct tarn_reader *r, const char *text, size_t size,
                       bool special)
{
    for (size_t i = 0; i < size && !r->ended; i++) {
        r->held[r->n_held++] = text[i];
        settle(r, special);
    }
}

static void let_go(struct tarn_reader *r)
{
    put_bytes(r, r->held, r->n_held);
    r->n_held = 0;
}

static void add_tag(struct tarn_reader *r, enum tarn_control c,
                    const char *text, size_t size, bool in_text)
{
    if (size > 0 && size < MAX_TAG)
        r->tags[r->n_tags++] = (struct tag){ text, size, c, in_text };
}

/* ------------------------------------------------------------------ public */

enum tarn_status tarn_reader_create(const struct tarn_text *t,
                                    const struct tarn_reader_options *opt,
                                    struct tarn_reader **out,
                                    struct tarn_error *err)
{
    struct tarn_reader *r = tarn_alloc(1, sizeof *r);
    if (!r)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory to read the turn.");
    r->t = t;
    r->opt = *opt;
    for (int c = 0; c < TARN_N_CTL; c++) {
        const int32_t id = tarn_text_control(t, (enum tarn_control)c);
        size_t size;
        const char *name = tarn_text_bytes(t, id, &size);
        if (id >= 0)
            add_tag(r, (enum tarn_control)c, name, size, false);
        else if (c == TARN_CTL_THINK)
            add_tag(r, TARN_CTL_THINK, "<think>", 7, true);
        else if (c == TARN_CTL_THINK_END)
            add_tag(r, TARN_CTL_THINK_END, "</think>", 8, true);
    }
    /* More than a token's text: decoding then allocates nothing, but for
     * calls. */
    tarn_buf_reserve(&r->out, ROOM);
    tarn_buf_reserve(&r->space, ROOM);
    if (r->out.failed || r->space.failed) {
        tarn_reader_destroy(r);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory to read the turn.");
    }
    *out = r;
    return TARN_OK;
}

void tarn_reader_destroy(struct tarn_reader *r)
{
    if (!r)
        return;
    tarn_buf_finish(&r->space);
    tarn_buf_finish(&r->out);
    tarn_buf_finish(&r->call);
    tarn_free(r);
}

/* Where the layout has opened the thought, its span begins with the first
 * thing that comes, so that no event is sent while the reader is made. */
static void start(struct tarn_reader *r)
{
    if (r->opt.in_thought && !r->started)
        begin_thought(r, "", 0);
    r->started = true;
}

void tarn_reader_reset(struct tarn_reader *r)
{
    r->span = 0;
    r->started = r->had_thought = r->had_call = r->ended = false;
    r->visible = false;
    r->n_held = r->n_part = r->n_echo = 0;
    r->echo = r->problems = 0;
    tarn_buf_clear(&r->space);
    tarn_buf_clear(&r->out);
    tarn_buf_clear(&r->call);
}

uint32_t tarn_reader_span(const struct tarn_reader *r)
{
    if (r->opt.in_thought && !r->started)
        return TARN_SPAN_THOUGHT;
    return r->span != 0 ? r->span : TARN_SPAN_ANSWER;
}

bool tarn_reader_token(struct tarn_reader *r, int32_t id)
{
    if (r->ended)
        return false;
    start(r);
    if (tarn_text_is_end(r->t, id)) {
        r->ended = true;
        return false;
    }
    size_t size;
    const char *bytes = tarn_text_bytes(r->t, id, &size);
    for (int c = 0; c < TARN_N_CTL; c++)
        if (id >= 0 && tarn_text_control(r->t, (enum tarn_control)c) == id) {
            let_go(r);
            control(r, (enum tarn_control)c, bytes, size);
            flush(r);
            return true;
        }
    take_bytes(r, bytes, size, false);
    flush(r);
    return true;
}

void tarn_reader_bytes(struct tarn_reader *r, const void *text, size_t size,
                       bool special)
{
    start(r);
    take_bytes(r, text, size, special);
    flush(r);
}

void tarn_reader_end(struct tarn_reader *r)
{
    start(r);
    let_go(r);
    release_echo(r);
    if (r->span == TARN_SPAN_THOUGHT)
        r->problems |= TARN_READ_UNTERMINATED_THOUGHT;
    if (r->span == TARN_SPAN_CALL)
        emit(r, TARN_READ_UNREAD, r->call.data ? r->call.data : "",
             r->call.size);
    else
        give_up_part(r);
    close_span(r);
    r->ended = true;
}

bool tarn_reader_ended(const struct tarn_reader *r)
{
    return r->ended;
}

uint32_t tarn_reader_problems(const struct tarn_reader *r)
{
    return r->problems;
}

bool tarn_reader_failed(const struct tarn_reader *r)
{
    return r->failed;
}
