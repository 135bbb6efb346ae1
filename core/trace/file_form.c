/* file_form.c - a trace as a file; its form is told in docs/trace.md.
 *
 * One line per token, so that a trace can be read with the usual tools, and
 * few characters: 10,000 tokens of the 8B with experts are below 8 MB.  Only
 * what can't be found from the tokens is read back; the rest (summary, steps)
 * is for others.  A row has a fixed least size and the number of rows stands
 * before them, so memory is taken once and bounded by the file's size. */
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/trace/record.h"
#include "core/trace/scan.h"

enum {
    LEAST_ROW = 53, /* [0,"",0,0,0,0,0,0 and 16 times ,0 and ] and a comma */
    MAX_BITS = 64
};
#define MAX_US INT64_C(9000000000000000) /* exact in a double */

/* ------------------------------------------------------------------ experts */
/* A slot: id (1 byte; 2 if there are more than 256 experts), gate (2 bytes),
 * little-endian; all slots as base64 without padding. */
static const char LETTERS[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t slot_size(const struct tarn_trace *t)
{
    return t->info.n_expert > 256 ? 4 : 3;
}

static void write_base64(struct tarn_buf *b, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        const size_t left = n - i < 3 ? n - i : 3;
        const uint32_t v = (uint32_t)p[i] << 16 |
                           (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                           (left > 2 ? p[i + 2] : 0);
        for (size_t k = 0; k <= left; k++)
            tarn_buf_byte(b, LETTERS[v >> (18 - 6 * k) & 63]);
    }
}

/* Exactly n bytes. */
static bool read_base64(const char *text, size_t size, unsigned char *out,
                        size_t n)
{
    uint32_t v = 0;
    size_t bits = 0, to = 0;
    if (size != (n * 8 + 5) / 6)
        return false;
    for (size_t i = 0; i < size; i++) {
        const char *at = text[i] ? strchr(LETTERS, text[i]) : NULL;
        if (!at)
            return false;
        v = v << 6 | (uint32_t)(at - LETTERS);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        out[to++] = (unsigned char)(v >> bits);
    }
    return to == n;
}

static void write_experts(const struct tarn_trace *t, size_t i,
                          struct tarn_buf *b)
{
    const uint16_t *ids, *gates;
    const size_t wide = slot_size(t);
    unsigned char group[12]; /* three slots end at a border of base64 */
    size_t n = 0;
    const bool known = tarn_trace_experts_of(t, i, &ids, &gates);
    tarn_buf_text(b, ",\"");
    for (size_t k = 0; k < t->n_slots; k++) {
        const uint16_t id = known ? ids[k] : UINT16_MAX;
        const uint16_t gate = known ? gates[k] : UINT16_MAX;
        group[n++] = (unsigned char)id;
        if (wide == 4)
            group[n++] = (unsigned char)(id >> 8);
        group[n++] = (unsigned char)gate;
        group[n++] = (unsigned char)(gate >> 8);
        if (n == 3 * wide || k + 1 == t->n_slots) {
            write_base64(b, group, n);
            n = 0;
        }
    }
    tarn_buf_byte(b, '"');
}

/* ------------------------------------------------------------------ writing */
static void write_text(const char *p, size_t size, struct tarn_buf *b)
{
    if (tarn_utf8_valid(p, size)) {
        tarn_json_add_string(b, p, size, false);
        return;
    }
    for (size_t k = 0; k < size; k++)
        tarn_buf_printf(b, "%c%u", k ? ',' : '[', (unsigned char)p[k]);
    tarn_buf_byte(b, ']');
}

static void write_token(const struct tarn_trace *t, size_t i,
                        struct tarn_buf *b)
{
    const struct tarn_trace_token *k = &t->tokens[i];
    size_t size;
    const char *p = tarn_trace_bytes(t, i, &size);
    tarn_buf_printf(b, "%s[%d,", i ? ",\n" : "\n", k->id);
    write_text(p, size, b);
    tarn_buf_printf(b, ",%llu,", (unsigned long long)k->us);
    tarn_json_add_f32(b, k->p);
    tarn_buf_byte(b, ',');
    tarn_json_add_f32(b, k->p_after);
    tarn_buf_byte(b, ',');
    tarn_json_add_f32(b, k->entropy_bits);
    tarn_buf_printf(b, ",%u,%u", k->span, k->flags);
    for (size_t c = 0; c < 8; c++) {
        tarn_buf_printf(b, ",%d,", k->best[c].id);
        tarn_json_add_f32(b, k->best[c].p);
    }
    if (t->room_experts)
        write_experts(t, i, b);
    tarn_buf_byte(b, ']');
}

static void write_head(const struct tarn_trace *t, bool prompt,
                       struct tarn_buf *b)
{
    const struct tarn_trace_info *i = &t->info;
    const struct tarn_trace_summary sum = tarn_trace_summary(t);
    tarn_buf_printf(b, "{\"tarn_trace\":%d,\"tarn\":\"%s\",\n\"model\":",
                    TARN_TRACE_VERSION, TARN_VERSION);
    tarn_json_add_string(b, i->model, strlen(i->model), false);
    tarn_buf_printf(b, ",\"model_bytes\":%llu,\"n_vocab\":%u,\"backend\":",
                    (unsigned long long)i->model_bytes, i->n_vocab);
    tarn_json_add_string(b, i->backend, strlen(i->backend), false);
    tarn_buf_printf(b, ",\n\"seed\":\"%llu\",\"attempt\":%u,\"unix_ms\":%lld",
                    (unsigned long long)i->seed, i->attempt,
                    (long long)i->unix_ms);
    tarn_buf_text(b, ",\n\"hesitation_bits\":[");
    tarn_json_add_f64(b, i->open_bits);
    tarn_buf_byte(b, ',');
    tarn_json_add_f64(b, i->close_bits);
    tarn_buf_byte(b, ']');
    if (t->room_experts)
        tarn_buf_printf(b, ",\"experts\":[%u,%u,%u]", i->n_moe_layers,
                        i->n_expert, i->n_expert_used);
    tarn_buf_printf(b, ",\n\"end\":%d,\"stop\":%d,\"us\":%llu,\n\"summary\":",
                    (int)t->end, (int)t->reason, (unsigned long long)t->us);
    tarn_trace_summary_json(&sum, b);
    if (t->has_turn)
        tarn_trace_write_turn(t, prompt, b);
}

/* The bytes of every candidate, so that they can be shown without the model. */
static bool write_pieces(const struct tarn_trace *t, struct tarn_buf *b)
{
    const uint32_t n = t->info.n_vocab;
    unsigned char *seen = tarn_alloc((size_t)n / 8 + 1, 1);
    bool any = false;
    if (!seen)
        return false;
    for (size_t i = 0; i < t->n_tokens * 8; i++) {
        const int32_t id = t->tokens[i / 8].best[i % 8].id;
        if (id >= 0 && (uint32_t)id < n)
            seen[id / 8] |= (unsigned char)(1 << id % 8);
    }
    tarn_buf_text(b, ",\n\"pieces\":[");
    for (uint32_t id = 0; id < n; id++) {
        size_t size = 0;
        const char *p = seen[id / 8] & 1 << id % 8
                            ? tarn_trace_piece(t, (int32_t)id, &size) : "";
        if (!size)
            continue;
        tarn_buf_printf(b, "%s[%u,", any ? "," : "", id);
        write_text(p, size, b);
        tarn_buf_byte(b, ']');
        any = true;
    }
    tarn_buf_byte(b, ']');
    tarn_free(seen);
    return true;
}

static enum tarn_status write_all(const struct tarn_trace *t, bool prompt,
                                  struct tarn_buf *out, struct tarn_error *err)
{
    if (t->failed)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "the trace is not whole: there was no memory for it");
    write_head(t, prompt, out);
    tarn_buf_printf(out, ",\n\"n_tokens\":%zu,\n\"spans\":[", t->n_tokens);
    for (size_t i = 0; i < t->n_spans; i++) {
        const struct tarn_trace_span *s = &t->spans[i];
        tarn_buf_printf(out, "%s[%u,%u,%u,%llu,%llu]", i ? "," : "", s->kind,
                        s->first,
                        s->open ? (uint32_t)t->n_tokens - s->first : s->n,
                        (unsigned long long)s->begin_us,
                        (unsigned long long)(s->open ? t->us : s->end_us));
    }
    tarn_buf_text(out, "],\n\"loops\":[");
    for (size_t i = 0; i < t->n_loops; i++)
        tarn_buf_printf(out, "%s[%u,%u,%d]", i ? "," : "", t->loops[i].first,
                        t->loops[i].n, t->loops[i].broken);
    tarn_buf_byte(out, ']');
    const bool whole = write_pieces(t, out);
    tarn_buf_text(out, ",\n\"tokens\":[");
    for (size_t i = 0; i < t->n_tokens; i++)
        write_token(t, i, out);
    tarn_buf_text(out, "\n]}\n");
    return out->failed || !whole ? tarn_fail(err, TARN_NO_MEMORY,
                                   "no memory to write the trace")
                       : TARN_OK;
}

enum tarn_status tarn_trace_write(const struct tarn_trace *t,
                                  struct tarn_buf *out, struct tarn_error *err)
{
    return write_all(t, true, out, err);
}

enum tarn_status tarn_trace_write_short(const struct tarn_trace *t,
                                        struct tarn_buf *out,
                                        struct tarn_error *err)
{
    return write_all(t, false, out, err);
}

/* ------------------------------------------------------------------ reading */
struct reader {
    struct tarn_scan s;
    struct tarn_trace *t;
    struct tarn_buf word;   /* of experts */
    unsigned char *packed;  /* of one token's experts */
    size_t n_tokens;
    bool counted, has_tokens;
};

static void read_text(struct reader *r, struct tarn_buf *out)
{
    if (tarn_scan_peek(&r->s) == '"') {
        tarn_scan_string(&r->s, out);
        return;
    }
    tarn_scan_expect(&r->s, '[');
    do {
        tarn_buf_byte(out, (int)tarn_scan_i64(&r->s, 0, 255));
    } while (tarn_scan_skip(&r->s, ','));
    tarn_scan_expect(&r->s, ']');
}

static void read_experts(struct reader *r, size_t i)
{
    struct tarn_trace *t = r->t;
    const size_t wide = slot_size(t), n = t->n_slots * wide;
    uint16_t *ids = t->expert_ids + i * t->n_slots;
    uint16_t *gates = t->expert_gates + i * t->n_slots;
    tarn_buf_clear(&r->word);
    tarn_scan_expect(&r->s, ',');
    tarn_scan_string(&r->s, &r->word);
    if (r->s.reason)
        return;
    if (!read_base64(r->word.data ? r->word.data : "", r->word.size,
                     r->packed, n)) {
        tarn_scan_fail(&r->s, "a token's experts are damaged");
        return;
    }
    bool known = false;
    for (size_t k = 0; k < n; k++)
        known |= r->packed[k] != 255;
    for (size_t k = 0; known && k < t->n_slots; k++) {
        const unsigned char *p = r->packed + k * wide;
        const unsigned id = p[0] | (wide == 4 ? (unsigned)p[1] << 8 : 0);
        if (id >= t->info.n_expert)
            tarn_scan_fail(&r->s, "an expert is named that is not there");
        ids[k] = (uint16_t)id;
        gates[k] = (uint16_t)(p[wide - 2] | (unsigned)p[wide - 1] << 8);
    }
}

static double next_f64(struct tarn_scan *s, double hi)
{
    tarn_scan_expect(s, ',');
    return tarn_scan_f64(s, 0, hi);
}

static int64_t next_i64(struct tarn_scan *s, int64_t lo, int64_t hi)
{
    tarn_scan_expect(s, ',');
    return tarn_scan_i64(s, lo, hi);
}

static void read_token(struct reader *r, size_t i)
{
    struct tarn_trace *t = r->t;
    struct tarn_scan *s = &r->s;
    struct tarn_trace_token *k = &t->tokens[i];
    const int64_t most = t->info.n_vocab ? (int64_t)t->info.n_vocab - 1
                                         : INT32_MAX;
    tarn_scan_expect(s, '[');
    k->id = (int32_t)tarn_scan_i64(s, 0, most);
    k->text_at = (uint32_t)t->bytes.size;
    tarn_scan_expect(s, ',');
    read_text(r, &t->bytes);
    k->us = (uint64_t)next_i64(s, i ? (int64_t)t->tokens[i - 1].us : 0,
                               MAX_US);
    k->p = (float)next_f64(s, 1.001);
    k->p_after = (float)next_f64(s, 1.001);
    k->entropy_bits = (float)next_f64(s, MAX_BITS);
    k->span = (uint8_t)next_i64(s, 0, TARN_SPAN_CALL);
    k->flags = (uint8_t)next_i64(s, 0, 15);
    if ((k->flags & TARN_TRACE_BEFORE) && !(k->flags & TARN_TRACE_WITHDRAWN))
        tarn_scan_fail(s, "a token was taken back before, and is there");
    for (size_t c = 0; c < 8; c++) {
        k->best[c].id = (int32_t)next_i64(s, -1, most);
        k->best[c].p = (float)next_f64(s, 1.001);
    }
    if (t->room_experts)
        read_experts(r, i);
    tarn_scan_expect(s, ']');
}

static void read_tokens(struct reader *r)
{
    struct tarn_trace *t = r->t;
    struct tarn_scan *s = &r->s;
    if (!r->counted || r->has_tokens) {
        tarn_scan_fail(s, "the tokens stand in the wrong place");
        return;
    }
    r->has_tokens = true;
    tarn_scan_expect(s, '[');
    if (r->n_tokens > (s->size - s->at) / LEAST_ROW + 1) {
        tarn_scan_fail(s, "it has fewer tokens than it says");
        return;
    }
    t->tokens = tarn_alloc(r->n_tokens, sizeof *t->tokens);
    s->no_memory |= !t->tokens;
    t->room_tokens = t->tokens ? r->n_tokens : 0;
    if (t->n_slots && !s->no_memory) {
        const size_t row = LEAST_ROW + t->n_slots * slot_size(t);
        if (r->n_tokens > (s->size - s->at) / row + 1) {
            tarn_scan_fail(s, "it has fewer experts than it says");
            return;
        }
        r->packed = tarn_alloc(t->n_slots, slot_size(t));
        s->no_memory |= !r->packed || !tarn_trace_room_experts(t, r->n_tokens);
    }
    for (size_t i = 0; i < r->n_tokens && !s->reason && !s->no_memory; i++) {
        if (i)
            tarn_scan_expect(s, ',');
        read_token(r, i);
        s->no_memory |= t->bytes.failed || r->word.failed;
        if (!s->reason)
            t->n_tokens++;
    }
    tarn_scan_expect(s, ']');
}

static void read_spans(struct reader *r)
{
    struct tarn_trace *t = r->t;
    struct tarn_scan *s = &r->s;
    const int64_t n = (int64_t)r->n_tokens;
    int64_t first = 0;
    tarn_scan_expect(s, '[');
    if (!r->counted || t->n_spans)
        tarn_scan_fail(s, "the spans stand in the wrong place");
    bool more = tarn_scan_peek(s) != ']';
    while (more) {
        if (t->n_spans == TARN_TRACE_MAX_SPANS)
            tarn_scan_fail(s, "there are too many spans");
        if (!tarn_trace_grow(t, &t->spans, t->n_spans, &t->room_spans,
                             sizeof *t->spans))
            return;
        struct tarn_trace_span *k = &t->spans[t->n_spans++];
        tarn_scan_expect(s, '[');
        k->kind = (uint32_t)tarn_scan_i64(s, TARN_SPAN_THOUGHT,
                                          TARN_SPAN_CALL);
        k->first = (uint32_t)next_i64(s, first, n);
        k->n = (uint32_t)next_i64(s, 0, n - k->first);
        first = (int64_t)k->first + k->n;
        k->begin_us = (uint64_t)next_i64(s, 0, MAX_US);
        k->end_us = (uint64_t)next_i64(s, (int64_t)k->begin_us, MAX_US);
        tarn_scan_expect(s, ']');
        more = tarn_scan_skip(s, ',');
    }
    tarn_scan_expect(s, ']');
}

static void read_loops(struct reader *r)
{
    struct tarn_trace *t = r->t;
    struct tarn_scan *s = &r->s;
    const int64_t n = (int64_t)r->n_tokens;
    tarn_scan_expect(s, '[');
    if (!r->counted || t->n_loops)
        tarn_scan_fail(s, "the loops stand in the wrong place");
    bool more = tarn_scan_peek(s) != ']';
    while (more) {
        if (t->n_loops == TARN_TRACE_MAX_SPANS)
            tarn_scan_fail(s, "there are too many loops");
        if (!tarn_trace_grow(t, &t->loops, t->n_loops, &t->room_loops,
                             sizeof *t->loops))
            return;
        struct tarn_trace_loop *k = &t->loops[t->n_loops++];
        tarn_scan_expect(s, '[');
        k->first = (uint32_t)tarn_scan_i64(s, 0, n);
        k->n = (uint32_t)next_i64(s, 0, n - k->first);
        k->broken = next_i64(s, 0, 1);
        tarn_scan_expect(s, ']');
        more = tarn_scan_skip(s, ',');
    }
    tarn_scan_expect(s, ']');
}

static void read_pieces(struct reader *r)
{
    struct tarn_trace *t = r->t;
    struct tarn_scan *s = &r->s;
    int64_t least = 0;
    tarn_scan_expect(s, '[');
    if (t->n_pieces)
        tarn_scan_fail(s, "the pieces come twice");
    bool more = tarn_scan_peek(s) != ']';
    while (more) {
        if (!tarn_trace_grow(t, &t->pieces, t->n_pieces, &t->room_pieces,
                             sizeof *t->pieces))
            return;
        struct tarn_trace_piece *k = &t->pieces[t->n_pieces];
        tarn_scan_expect(s, '[');
        k->id = (int32_t)tarn_scan_i64(s, least, INT32_MAX);
        k->at = (uint32_t)t->piece_bytes.size;
        tarn_scan_expect(s, ',');
        read_text(r, &t->piece_bytes);
        tarn_scan_expect(s, ']');
        s->no_memory |= t->piece_bytes.failed;
        least = (int64_t)k->id + 1;
        t->n_pieces++;
        more = !s->no_memory && tarn_scan_skip(s, ',');
    }
    tarn_scan_expect(s, ']');
}

static void read_name(struct reader *r, char **own, const char **shown)
{
    char name[4 * TARN_TRACE_MAX_NAME];
    tarn_scan_word(&r->s, name, sizeof name);
    char *copy = tarn_dup_str(name);
    r->s.no_memory |= !copy;
    if (!copy)
        return;
    tarn_free(*own);
    *shown = *own = copy;
}

/* 2^64 - 1 is no number that every reader of JSON keeps: a string. */
static uint64_t read_seed(struct tarn_scan *s)
{
    char text[24];
    uint64_t v = 0;
    tarn_scan_word(s, text, sizeof text);
    for (const char *p = text; *p; p++) {
        const uint64_t digit = (uint64_t)(*p - '0');
        if (*p < '0' || *p > '9' || v > (UINT64_MAX - digit) / 10) {
            tarn_scan_fail(s, "the seed is no number");
            return 0;
        }
        v = v * 10 + digit;
    }
    return v;
}

static void read_expert_shape(struct reader *r)
{
    struct tarn_trace_info *i = &r->t->info;
    struct tarn_scan *s = &r->s;
    tarn_scan_expect(s, '[');
    i->n_moe_layers = (uint32_t)tarn_scan_i64(s, 1, 4096);
    i->n_expert = (uint32_t)next_i64(s, 1, 65535);
    i->n_expert_used = (uint32_t)next_i64(s, 1, i->n_expert);
    tarn_scan_expect(s, ']');
    if (r->has_tokens || tarn_trace_shape(r->t, NULL))
        tarn_scan_fail(s, "there are too many experts");
}

static void read_member(struct reader *r, const char *key)
{
    struct tarn_scan *s = &r->s;
    struct tarn_trace *t = r->t;
    struct tarn_trace_info *i = &t->info;
    if (!strcmp(key, "model")) {
        read_name(r, &t->model, &i->model);
    } else if (!strcmp(key, "backend")) {
        read_name(r, &t->backend, &i->backend);
    } else if (!strcmp(key, "model_bytes")) {
        i->model_bytes = (uint64_t)tarn_scan_i64(s, 0, INT64_MAX);
    } else if (!strcmp(key, "n_vocab")) {
        i->n_vocab = (uint32_t)tarn_scan_i64(s, 0, INT32_MAX);
    } else if (!strcmp(key, "seed")) {
        i->seed = read_seed(s);
    } else if (!strcmp(key, "attempt")) {
        i->attempt = (uint32_t)tarn_scan_i64(s, 0, UINT32_MAX);
    } else if (!strcmp(key, "unix_ms")) {
        i->unix_ms = tarn_scan_i64(s, 0, MAX_US);
    } else if (!strcmp(key, "hesitation_bits")) {
        tarn_scan_expect(s, '[');
        i->open_bits = tarn_scan_f64(s, 1e-3, MAX_BITS);
        i->close_bits = next_f64(s, i->open_bits);
        tarn_scan_expect(s, ']');
    } else if (!strcmp(key, "experts")) {
        read_expert_shape(r);
    } else if (!strcmp(key, "end")) {
        t->end = (enum tarn_trace_end)tarn_scan_i64(s, 0, TARN_TRACE_END_CUT);
    } else if (!strcmp(key, "stop")) {
        t->reason = (enum tarn_stop_reason)tarn_scan_i64(s, 0,
                                                         TARN_STOP_FAILED);
    } else if (!strcmp(key, "us")) {
        t->us = (uint64_t)tarn_scan_i64(s, 0, MAX_US);
    } else if (!strcmp(key, "n_tokens") && !r->counted) {
        r->n_tokens = (size_t)tarn_scan_i64(s, 0, TARN_TRACE_MAX_TOKENS);
        r->counted = true;
    } else if (!strcmp(key, "turn")) {
        tarn_trace_read_turn(t, s);
    } else if (!strcmp(key, "spans")) {
        read_spans(r);
    } else if (!strcmp(key, "loops")) {
        read_loops(r);
    } else if (!strcmp(key, "pieces")) {
        read_pieces(r);
    } else if (!strcmp(key, "tokens")) {
        read_tokens(r);
    } else {
        tarn_scan_value(s);
    }
}

static int64_t read_version(struct tarn_scan *s)
{
    char key[24];
    tarn_scan_expect(s, '{');
    tarn_scan_word(s, key, sizeof key);
    if (strcmp(key, "tarn_trace"))
        tarn_scan_fail(s, "it does not begin with \"tarn_trace\"");
    tarn_scan_expect(s, ':');
    return tarn_scan_i64(s, 1, INT32_MAX);
}

static enum tarn_status failure(const struct reader *r, struct tarn_error *err)
{
    const struct tarn_scan *s = &r->s;
    if (s->no_memory || r->t->failed)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no memory to read a trace of %zu bytes",
                         s->size);
    return tarn_fail(err, TARN_BAD_FILE,
                     "this is not a tarn trace: %s at byte %zu", s->reason,
                     s->reason_at);
}

/* The thoughts' steps and hesitations, from their tokens. */
static void find_terms(struct tarn_trace *t)
{
    for (size_t i = 0; i < t->n_spans && !t->failed; i++)
        if (t->spans[i].kind == TARN_SPAN_THOUGHT)
            tarn_trace_reread(t, (uint32_t)i);
}

static void read_members(struct reader *r)
{
    struct tarn_scan *s = &r->s;
    char key[64];
    while (tarn_scan_skip(s, ',')) {
        tarn_scan_word(s, key, sizeof key);
        tarn_scan_expect(s, ':');
        read_member(r, key);
        if (s->reason || s->no_memory || r->t->failed)
            return;
    }
    tarn_scan_expect(s, '}');
    if (tarn_scan_peek(s) || s->at < s->size)
        tarn_scan_fail(s, "something follows its end");
    if (!r->has_tokens)
        tarn_scan_fail(s, "it has no tokens");
}

enum tarn_status tarn_trace_read(const void *text, size_t size,
                                 struct tarn_trace **out,
                                 struct tarn_error *err)
{
    struct reader r = { .s = { .p = text, .size = size } };
    const struct tarn_trace_info empty = { .size = sizeof empty };
    if (size > TARN_TRACE_MAX_FILE)
        return tarn_fail(err, TARN_LIMIT,
                         "the trace has %zu bytes; %zu are read at most", size,
                         TARN_TRACE_MAX_FILE);
    enum tarn_status st = tarn_trace_create(NULL, &empty, &r.t, err);
    if (st)
        return st;
    const int64_t version = read_version(&r.s);
    if (!r.s.reason && version > TARN_TRACE_VERSION)
        st = tarn_fail(err, TARN_BAD_FILE,
                       "the trace has version %lld; this tarn reads up to %d, "
                       "a newer one is needed",
                       (long long)version, TARN_TRACE_VERSION);
    if (!st) {
        read_members(&r);
        if (!r.s.reason && !r.s.no_memory)
            find_terms(r.t);
        if (r.s.reason || r.s.no_memory || r.t->failed)
            st = failure(&r, err);
    }
    tarn_buf_finish(&r.word);
    tarn_free(r.packed);
    if (st)
        tarn_trace_destroy(r.t);
    else
        *out = r.t;
    return st;
}

/* -------------------------------------------------------------------- files */
enum tarn_status tarn_trace_save(const struct tarn_trace *t, const char *path,
                                 struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    enum tarn_status s = tarn_trace_write(t, &b, err);
    if (!s)
        s = tarn_file_write_private(path, b.data, b.size, err);
    tarn_buf_finish(&b);
    if (s)
        tarn_error_prefix(err, path);
    return s;
}

enum tarn_status tarn_trace_load(const char *path, struct tarn_trace **out,
                                 struct tarn_error *err)
{
    struct tarn_map m = { 0 };
    enum tarn_status s = tarn_map_open(path, &m, err);
    if (!s && m.size > TARN_TRACE_MAX_FILE)
        s = tarn_fail(err, TARN_LIMIT,
                      "the trace has %llu bytes; %zu are read at most",
                      (unsigned long long)m.size, TARN_TRACE_MAX_FILE);
    else if (!s)
        s = tarn_trace_read(m.data, (size_t)m.size, out, err);
    tarn_map_close(&m);
    if (s)
        tarn_error_prefix(err, path);
    return s;
}
