/* turn_form.c - what a turn was asked, in a trace and in its file: the prompt's
 * ids, the sampler's settings, limits, stop strings.  With these the turn can
 * be computed again. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/trace/record.h"

enum {
    MAX_STOPS = 16,
    MAX_STOP = 256,
    MAX_FORM = 1 << 20, /* a schema, declarations of tools */
    MAX_PROMPT = 1 << 20,
    MAX_PAGE = 1 << 20 /* positions */
};
#define MAX_STATE (INT64_C(1) << 36) /* bytes of a page, of tails */

static void free_text(const char *const *at)
{
    char *owned;
    memcpy(&owned, at, sizeof owned);
    tarn_free(owned);
}

static bool copy_text(const char **to, const char *text)
{
    *to = text ? tarn_dup_str(text) : NULL;
    return !text || *to;
}

void tarn_trace_free_turn(struct tarn_trace *t)
{
    struct tarn_trace_turn *u = &t->turn;
    int32_t *prompt;
    char **stops;
    memcpy(&prompt, &u->prompt, sizeof prompt); /* owned: see record.h */
    memcpy(&stops, &u->stops, sizeof stops);
    for (size_t i = 0; i < u->n_stops; i++)
        tarn_free(stops[i]);
    tarn_free(stops);
    tarn_free(prompt);
    free_text(&u->json_schema);
    free_text(&u->tools_json);
    *u = (struct tarn_trace_turn){ .n_prompt = 0 };
    t->has_turn = false;
}

const struct tarn_trace_turn *tarn_trace_turn(const struct tarn_trace *t)
{
    return t->has_turn ? &t->turn : NULL;
}

static enum tarn_status no_memory(struct tarn_error *err)
{
    return tarn_fail(err, TARN_NO_MEMORY,
                     "no memory for what the turn was asked");
}

static bool copy_stops(struct tarn_trace_turn *to, const char *const *stops,
                       size_t n)
{
    char **copy = tarn_alloc(MAX_STOPS, sizeof *copy);
    n = n < MAX_STOPS ? n : MAX_STOPS;
    if (!copy)
        return false;
    memcpy(&to->stops, &copy, sizeof copy);
    for (size_t i = 0; i < n; i++) {
        copy[i] = tarn_dup_str(stops[i]);
        if (!copy[i])
            return false;
        to->n_stops++;
    }
    return true;
}

enum tarn_status tarn_trace_set_turn(struct tarn_trace *t,
                                     const struct tarn_trace_turn *turn,
                                     struct tarn_error *err)
{
    tarn_trace_free_turn(t);
    if (turn->n_prompt > MAX_PROMPT)
        return tarn_fail(err, TARN_LIMIT,
                         "a prompt of %zu tokens is too long for a trace",
                         turn->n_prompt);
    int32_t *prompt = tarn_alloc(turn->n_prompt, sizeof *prompt);
    if (!prompt)
        return no_memory(err);
    if (turn->n_prompt)
        memcpy(prompt, turn->prompt, turn->n_prompt * sizeof *prompt);
    t->turn = *turn;
    t->turn.prompt = prompt;
    t->turn.stops = NULL;
    t->turn.n_stops = 0;
    t->turn.json_schema = t->turn.tools_json = NULL;
    if (!copy_stops(&t->turn, turn->stops, turn->n_stops) ||
        !copy_text(&t->turn.json_schema, turn->json_schema) ||
        !copy_text(&t->turn.tools_json, turn->tools_json)) {
        tarn_trace_free_turn(t);
        return no_memory(err);
    }
    t->has_turn = true;
    return TARN_OK;
}

enum tarn_status tarn_trace_set_prompt(struct tarn_trace *t, const int32_t *ids,
                                       size_t n, struct tarn_error *err)
{
    if (!t->has_turn)
        return tarn_fail(err, TARN_USAGE,
                         "the trace does not say what was asked");
    if (n > MAX_PROMPT)
        return tarn_fail(err, TARN_LIMIT,
                         "a prompt of %zu tokens is too long for a trace", n);
    int32_t *old, *copy = tarn_alloc(n, sizeof *copy);
    if (!copy)
        return no_memory(err);
    if (n)
        memcpy(copy, ids, n * sizeof *copy);
    memcpy(&old, &t->turn.prompt, sizeof old); /* owned: see record.h */
    tarn_free(old);
    t->turn.prompt = copy;
    t->turn.n_prompt = n;
    return TARN_OK;
}

/* ----------------------------------------------------------------- sampling */
#define AT(member) offsetof(struct tarn_sampling, member)

static const struct {
    const char *name;
    size_t at;
    bool whole;
} SETTINGS[] = {
    { "temperature", AT(temperature), false },
    { "top_k", AT(top_k), true },
    { "top_p", AT(top_p), false },
    { "min_p", AT(min_p), false },
    { "typical_p", AT(typical_p), false },
    { "top_n_sigma", AT(top_n_sigma), false },
    { "repeat_penalty", AT(repeat_penalty), false },
    { "frequency_penalty", AT(frequency_penalty), false },
    { "presence_penalty", AT(presence_penalty), false },
    { "penalty_last_n", AT(penalty_last_n), true },
    { "dry_multiplier", AT(dry_multiplier), false },
    { "dry_base", AT(dry_base), false },
    { "dry_allowed_length", AT(dry_allowed_length), true },
    { "dry_last_n", AT(dry_last_n), true },
    { "xtc_probability", AT(xtc_probability), false },
    { "xtc_threshold", AT(xtc_threshold), false },
    { "dynatemp_range", AT(dynatemp_range), false },
    { "dynatemp_exponent", AT(dynatemp_exponent), false },
    { "mirostat", AT(mirostat), true },
    { "mirostat_tau", AT(mirostat_tau), false },
    { "mirostat_eta", AT(mirostat_eta), false },
};
enum { N_SETTINGS = sizeof SETTINGS / sizeof *SETTINGS };

static void write_sampling(const struct tarn_sampling *s, struct tarn_buf *b)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const char *from = (const char *)s + SETTINGS[i].at;
        int32_t n;
        float v;
        tarn_buf_printf(b, "%s\"%s\":", i ? "," : "{", SETTINGS[i].name);
        if (SETTINGS[i].whole) {
            memcpy(&n, from, sizeof n);
            tarn_buf_printf(b, "%d", n);
        } else {
            memcpy(&v, from, sizeof v);
            tarn_json_add_f32(b, v);
        }
    }
    tarn_buf_byte(b, '}');
}

static void read_setting(struct tarn_scan *s, const char *name,
                         struct tarn_sampling *out)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        char *to = (char *)out + SETTINGS[i].at;
        if (strcmp(name, SETTINGS[i].name))
            continue;
        if (SETTINGS[i].whole) {
            const int32_t n = (int32_t)tarn_scan_i64(s, INT32_MIN, INT32_MAX);
            memcpy(to, &n, sizeof n);
        } else {
            const float v = (float)tarn_scan_f64(s, -1e30, 1e30);
            memcpy(to, &v, sizeof v);
        }
        return;
    }
    tarn_scan_value(s); /* of a newer tarn */
}

/* ------------------------------------------------------------------ writing */
static void write_form(struct tarn_buf *b, const char *key, const char *text)
{
    if (!text)
        return;
    tarn_buf_printf(b, ",\n\"%s\":", key);
    tarn_json_add_string(b, text, strlen(text), false);
}

void tarn_trace_write_turn(const struct tarn_trace *t, bool prompt,
                           struct tarn_buf *b)
{
    const struct tarn_trace_turn *u = &t->turn;
    tarn_buf_printf(b,
                    ",\n\"turn\":{\"budget\":%d,\"max_tokens\":%d,"
                    "\"begin\":%u,\"keep_loops\":%d,\"kv\":%u,\"context\":%u,"
                    "\n\"sampling\":",
                    u->budget, u->max_tokens, u->n_begin, u->keep_loops,
                    u->kv_type, u->n_context);
    write_sampling(&u->sampling, b);
    tarn_buf_text(b, ",\n\"stops\":[");
    for (size_t i = 0; i < u->n_stops; i++) {
        if (i)
            tarn_buf_byte(b, ',');
        tarn_json_add_string(b, u->stops[i], strlen(u->stops[i]), false);
    }
    tarn_buf_byte(b, ']');
    write_form(b, "json_schema", u->json_schema);
    write_form(b, "tools", u->tools_json);
    if (u->free_calls)
        tarn_buf_text(b, ",\"free_calls\":1");
    if (u->budget_given)
        tarn_buf_text(b, ",\"budget_given\":1");
    if (u->page_tokens)
        tarn_buf_printf(b, ",\"state\":[%u,%llu,%llu]", u->page_tokens,
                        (unsigned long long)u->page_bytes,
                        (unsigned long long)u->tail_bytes);
    if (prompt)
        tarn_buf_text(b, ",\n\"prompt\":[");
    for (size_t i = 0; prompt && i < u->n_prompt; i++)
        tarn_buf_printf(b, "%s%d", i ? "," : "", u->prompt[i]);
    tarn_buf_text(b, prompt ? "]}" : "}");
}

/* ------------------------------------------------------------------ reading */
struct reading {
    struct tarn_trace_turn turn;
    int32_t *prompt;
    size_t room;
    char stops[MAX_STOPS][MAX_STOP + 1];
    struct tarn_buf schema, tools;
};

static void read_prompt(struct reading *r, struct tarn_scan *s)
{
    tarn_scan_expect(s, '[');
    bool more = tarn_scan_peek(s) != ']';
    while (more && !s->reason) {
        struct tarn_trace_turn *u = &r->turn;
        if (u->n_prompt == MAX_PROMPT) {
            tarn_scan_fail(s, "the prompt is too long");
            return;
        }
        if (u->n_prompt == r->room) {
            const size_t room = r->room ? 2 * r->room : 256;
            int32_t *grown =
                tarn_realloc(r->prompt, r->room, room, sizeof *grown);
            s->no_memory |= !grown;
            if (!grown)
                return;
            r->prompt = grown;
            r->room = room;
        }
        r->prompt[u->n_prompt++] = (int32_t)tarn_scan_i64(s, 0, INT32_MAX);
        more = tarn_scan_skip(s, ',');
    }
    tarn_scan_expect(s, ']');
}

static void read_stops(struct reading *r, struct tarn_scan *s)
{
    size_t *n = &r->turn.n_stops;
    tarn_scan_expect(s, '[');
    bool more = tarn_scan_peek(s) != ']';
    while (more && !s->reason) {
        if (*n == MAX_STOPS) {
            tarn_scan_fail(s, "there are too many stop strings");
            return;
        }
        tarn_scan_word(s, r->stops[*n], sizeof r->stops[*n]);
        if (!r->stops[*n][0])
            tarn_scan_fail(s, "a stop string is empty");
        ++*n;
        more = tarn_scan_skip(s, ',');
    }
    tarn_scan_expect(s, ']');
}

static void read_sampling(struct reading *r, struct tarn_scan *s)
{
    char key[32];
    tarn_scan_expect(s, '{');
    bool more = tarn_scan_peek(s) != '}';
    while (more && !s->reason) {
        tarn_scan_word(s, key, sizeof key);
        tarn_scan_expect(s, ':');
        read_setting(s, key, &r->turn.sampling);
        more = tarn_scan_skip(s, ',');
    }
    tarn_scan_expect(s, '}');
}

/* Kept in `b` until the turn has its copy. */
static const char *read_form(struct tarn_buf *b, struct tarn_scan *s)
{
    tarn_buf_clear(b);
    tarn_scan_string(s, b);
    s->no_memory |= b->failed;
    if (b->size > MAX_FORM)
        tarn_scan_fail(s, "a schema is too long");
    return b->data ? b->data : "";
}

static void read_state(struct tarn_trace_turn *u, struct tarn_scan *s)
{
    tarn_scan_expect(s, '[');
    u->page_tokens = (uint32_t)tarn_scan_i64(s, 1, MAX_PAGE);
    tarn_scan_expect(s, ',');
    u->page_bytes = (uint64_t)tarn_scan_i64(s, 0, MAX_STATE);
    tarn_scan_expect(s, ',');
    u->tail_bytes = (uint64_t)tarn_scan_i64(s, 0, MAX_STATE);
    tarn_scan_expect(s, ']');
}

static void read_member(struct reading *r, const char *key, struct tarn_scan *s)
{
    struct tarn_trace_turn *u = &r->turn;
    if (!strcmp(key, "budget"))
        u->budget = (int32_t)tarn_scan_i64(s, INT32_MIN, INT32_MAX);
    else if (!strcmp(key, "max_tokens"))
        u->max_tokens = (int32_t)tarn_scan_i64(s, INT32_MIN, INT32_MAX);
    else if (!strcmp(key, "begin"))
        u->n_begin = (uint32_t)tarn_scan_i64(s, 0, MAX_PROMPT);
    else if (!strcmp(key, "keep_loops"))
        u->keep_loops = tarn_scan_i64(s, 0, 1);
    else if (!strcmp(key, "kv"))
        u->kv_type = (uint32_t)tarn_scan_i64(s, 0, 1000);
    else if (!strcmp(key, "context"))
        u->n_context = (uint32_t)tarn_scan_i64(s, 0, INT32_MAX);
    else if (!strcmp(key, "sampling"))
        read_sampling(r, s);
    else if (!strcmp(key, "stops"))
        read_stops(r, s);
    else if (!strcmp(key, "json_schema"))
        u->json_schema = read_form(&r->schema, s);
    else if (!strcmp(key, "tools"))
        u->tools_json = read_form(&r->tools, s);
    else if (!strcmp(key, "free_calls"))
        u->free_calls = tarn_scan_i64(s, 0, 1);
    else if (!strcmp(key, "budget_given"))
        u->budget_given = tarn_scan_i64(s, 0, 1);
    else if (!strcmp(key, "state"))
        read_state(u, s);
    else if (!strcmp(key, "prompt") && !r->prompt)
        read_prompt(r, s);
    else
        tarn_scan_value(s);
}

void tarn_trace_read_turn(struct tarn_trace *t, struct tarn_scan *s)
{
    struct reading r = { .turn = { .sampling = tarn_sampling_default() } };
    const char *stops[MAX_STOPS];
    char key[32];
    tarn_scan_expect(s, '{');
    bool more = tarn_scan_peek(s) != '}';
    while (more && !s->reason && !s->no_memory) {
        tarn_scan_word(s, key, sizeof key);
        tarn_scan_expect(s, ':');
        read_member(&r, key, s);
        more = tarn_scan_skip(s, ',');
    }
    tarn_scan_expect(s, '}');
    for (size_t i = 0; i < r.turn.n_stops; i++)
        stops[i] = r.stops[i];
    r.turn.stops = stops;
    r.turn.prompt = r.prompt;
    if (!s->reason && !s->no_memory)
        s->no_memory |= tarn_trace_set_turn(t, &r.turn, NULL) != TARN_OK;
    tarn_free(r.prompt);
    tarn_buf_finish(&r.schema);
    tarn_buf_finish(&r.tools);
}
