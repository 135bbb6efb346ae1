/* steps.c - see steps.h.
 *
 * Bytes become characters (a character belongs to the token of its first
 * byte), and each character passes four small machines: what waits for the
 * next visible character (B1, B3), the line's marker (B2, fences), the end of
 * a sentence, the hash of the step's text. */
#include "core/trace/steps.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/utf8.h"

enum marker {
    MARKER_START, /* only spaces so far */
    MARKER_HASH,
    MARKER_SPACE, /* whole, but for the space behind it */
    MARKER_DIGIT,
    MARKER_TICK,
    MARKER_NONE
};

struct character {
    int32_t code; /* -1: a byte that begins no character */
    const unsigned char *bytes;
    size_t size;
    uint32_t token, offset; /* of its first byte */
};

/* --------------------------------------------------------------- characters */
static bool is_white(int32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_closing(int32_t c)
{
    static const int32_t CLOSING[] = { '"', '\'', ')', ']', '}', 0x201D,
                                       0x2019, 0xBB, 0x300D, 0x300F, 0xFF09,
                                       0x3011 };
    for (size_t i = 0; i < sizeof CLOSING / sizeof *CLOSING; i++)
        if (CLOSING[i] == c)
            return true;
    return false;
}

/* Ends a sentence without a space behind it: ideographic, full-width, Arabic
 * and Urdu question mark and stop, danda. */
static bool is_full_stop(int32_t c)
{
    return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0x61F ||
           c == 0x6D4 || c == 0x964;
}

/* --------------------------------------------------------------------- hash */
void tarn_step_hash_init(struct tarn_step_hash *h)
{
    *h = (struct tarn_step_hash){ .value = TARN_FNV1A_START };
}

void tarn_step_hash_add(struct tarn_step_hash *h, const void *text,
                        size_t size)
{
    const unsigned char *p = text;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = p[i];
        if (is_white(c)) {
            h->space = h->any;
            continue;
        }
        if (h->space)
            h->value = tarn_fnv1a(h->value, " ", 1);
        h->space = false;
        h->any = true;
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c + 32);
        h->value = tarn_fnv1a(h->value, &c, 1);
    }
}

/* -------------------------------------------------------------------- steps */
void tarn_steps_init(struct tarn_steps *s)
{
    memset(s, 0, sizeof *s);
    s->first_line = s->blank = true;
    tarn_step_hash_init(&s->hash);
}

/* Tokens of the present step, the one that is read now included. */
static uint32_t tokens_of(const struct tarn_steps *s)
{
    return s->n - s->first + 1;
}

/* Has the step that ends now come before?  A loop: its third time.  Only the
 * last 16 count, this one among them. */
static void compare_step(struct tarn_steps *s, struct tarn_step_begin *out)
{
    const uint32_t n = s->n_kept < TARN_STEP_KEPT ? s->n_kept + 1
                                                  : TARN_STEP_KEPT;
    s->kept[s->n_kept % TARN_STEP_KEPT] = s->hash.value;
    s->kept_first[s->n_kept % TARN_STEP_KEPT] = s->first;
    s->n_kept++;
    uint32_t times = 0, second = 0;
    for (uint32_t i = s->n_kept - n; i != s->n_kept; i++) {
        if (s->kept[i % TARN_STEP_KEPT] != s->hash.value)
            continue;
        if (++times == 2)
            second = s->kept_first[i % TARN_STEP_KEPT];
    }
    out->loop = times >= TARN_STEP_TIMES;
    out->back_to = out->loop ? second : 0;
}

static void begin_step(struct tarn_steps *s, uint32_t token, uint32_t offset,
                       struct tarn_step_begin *out)
{
    *out = (struct tarn_step_begin){ .token = token, .offset = offset };
    if (token - s->first >= TARN_STEP_LEAST)
        compare_step(s, out);
    s->first = token;
    s->waits = s->waits_closing = false;
    tarn_step_hash_init(&s->hash);
}

/* B1 or B3 happened before: does the step begin with this character? */
static bool wait_for_step(struct tarn_steps *s, const struct character *c,
                          struct tarn_step_begin *out)
{
    if (!s->waits)
        return false;
    if (is_white(c->code)) {
        s->waits_closing = false;
        return false;
    }
    if (s->waits_closing && (is_closing(c->code) || is_full_stop(c->code)))
        return false;
    begin_step(s, c->token, c->offset, out);
    return true;
}

static void begin_marker(struct tarn_steps *s, const struct character *c)
{
    s->marker_token = c->token;
    s->marker_offset = c->offset;
    s->hash_before = s->hash;
    const bool indented = s->n_marker > 0;
    s->n_marker = 1;
    s->n_marker_text = 0;
    if (c->code == '#')
        s->marker = MARKER_HASH;
    else if (c->code == '-' || c->code == '*' || c->code == 0x2022)
        s->marker = MARKER_SPACE;
    else if (c->code >= '0' && c->code <= '9')
        s->marker = MARKER_DIGIT;
    else if (c->code == '`' && !indented)
        s->marker = MARKER_TICK;
    else
        s->marker = MARKER_NONE;
}

static void go_on_with_marker(struct tarn_steps *s, int32_t c)
{
    const bool digit = c >= '0' && c <= '9';
    if (s->marker == MARKER_HASH && c == '#' && s->n_marker < 6)
        s->n_marker++;
    else if (s->marker == MARKER_DIGIT && digit && s->n_marker < 3)
        s->n_marker++;
    else if (s->marker == MARKER_DIGIT && (c == '.' || c == ')'))
        s->marker = MARKER_SPACE;
    else if (s->marker == MARKER_TICK && c == '`')
        s->n_marker++;
    else
        s->marker = MARKER_NONE;
}

/* The third backtick: a fence begins, or the line that closes one. */
static void take_fence(struct tarn_steps *s)
{
    s->marker = MARKER_NONE;
    if (s->fence) {
        s->fence_line = true;
        return;
    }
    s->fence = s->guards = true;
    s->fence_token = s->marker_token;
}

/* B2 and fences; true if a step begins at the marker. */
static bool take_marker(struct tarn_steps *s, const struct character *c,
                        struct tarn_step_begin *out)
{
    if (s->marker == MARKER_NONE)
        return false;
    if (s->marker == MARKER_START && c->code == ' ') {
        if (++s->n_marker > 3)
            s->marker = MARKER_NONE;
        return false;
    }
    const bool whole = s->marker == MARKER_HASH || s->marker == MARKER_SPACE;
    if (whole && c->code == ' ') {
        s->marker = MARKER_NONE;
        if (s->first_line || s->guards || s->at_lf < TARN_STEP_LEAST ||
            s->marker_token <= s->first)
            return false;
        s->hash = s->hash_before;
        begin_step(s, s->marker_token, s->marker_offset, out);
        tarn_step_hash_add(&s->hash, s->marker_text, s->n_marker_text);
        return true;
    }
    if (s->marker == MARKER_START)
        begin_marker(s, c);
    else
        go_on_with_marker(s, c->code);
    if (s->marker == MARKER_NONE)
        return false;
    memcpy(s->marker_text + s->n_marker_text, c->bytes, c->size);
    s->n_marker_text = (uint8_t)(s->n_marker_text + c->size);
    if (s->marker == MARKER_TICK && s->n_marker == 3)
        take_fence(s);
    return false;
}

static void end_line(struct tarn_steps *s)
{
    if (s->fence_line)
        s->fence = s->guards = s->fence_line = false;
    else if (s->blank && !s->first_line && !s->guards &&
             tokens_of(s) >= TARN_STEP_LEAST)
        s->waits = true; /* B1 */
    s->at_lf = tokens_of(s);
    s->first_line = false;
    s->blank = true;
    s->marker = MARKER_START;
    s->n_marker = s->n_marker_text = 0;
}

/* B3. */
static void take_sentence(struct tarn_steps *s, int32_t c)
{
    const bool long_enough =
        !s->guards && tokens_of(s) >= TARN_STEP_SENTENCE;
    if (is_full_stop(c) && long_enough)
        s->waits = s->waits_closing = true;
    if (s->sentence && is_white(c) && long_enough)
        s->waits = true;
    if (!s->sentence || !is_closing(c))
        s->sentence = c == '.' || c == '!' || c == '?';
}

static bool take_character(struct tarn_steps *s, const struct character *c,
                           struct tarn_step_begin *out)
{
    if (s->guards && s->n - s->fence_token >= TARN_STEP_FENCE)
        s->guards = false;
    bool begins = wait_for_step(s, c, out);
    if (c->code == '\n') {
        take_sentence(s, c->code);
        end_line(s);
    } else {
        s->blank = s->blank && is_white(c->code);
        begins |= take_marker(s, c, out);
        take_sentence(s, c->code);
    }
    tarn_step_hash_add(&s->hash, c->bytes, c->size);
    return begins;
}

/* Hands the first character of s->part on. */
static bool take_part(struct tarn_steps *s, struct tarn_step_begin *out)
{
    struct character c = { .token = s->part_token[0],
                           .offset = s->part_offset[0] };
    unsigned char bytes[4];
    c.size = tarn_utf8_decode(s->part, s->n_part, &c.code);
    memcpy(bytes, s->part, c.size);
    c.bytes = bytes;
    s->n_part -= (uint32_t)c.size;
    for (uint32_t i = 0; i < s->n_part; i++) {
        s->part[i] = s->part[i + c.size];
        s->part_token[i] = s->part_token[i + c.size];
        s->part_offset[i] = s->part_offset[i + c.size];
    }
    return take_character(s, &c, out);
}

bool tarn_steps_token(struct tarn_steps *s, const void *bytes, size_t size,
                      struct tarn_step_begin *out)
{
    const unsigned char *p = bytes;
    bool begins = false;
    if (tokens_of(s) > TARN_STEP_MOST) {
        begin_step(s, s->n, 0, out);
        begins = true;
    }
    for (size_t i = 0; i < size; i++) {
        s->part[s->n_part] = p[i];
        s->part_token[s->n_part] = s->n;
        s->part_offset[s->n_part++] = (uint32_t)i;
        while (s->n_part && tarn_utf8_tail(s->part, s->n_part) < s->n_part)
            begins |= take_part(s, out);
    }
    s->n++;
    return begins;
}
