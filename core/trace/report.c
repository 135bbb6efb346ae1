/* report.c - a trace in words: what `tarn trace` prints, and what stands for
 * the picture where nobody can see it.  All foreign text is escaped. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/trace/record.h"

/* A step or a hesitation: some of the record's tokens. */
struct piece {
    size_t last;
    uint32_t n;
    double bits; /* mean */
    uint64_t us;
};

static bool counts(const struct tarn_trace_token *k)
{
    return k->span == TARN_SPAN_THOUGHT &&
           !(k->flags & (TARN_TRACE_WITHDRAWN | TARN_TRACE_TAG));
}

/* From token `first` on, `most` tokens that count, none behind `last`. */
static struct piece measure(const struct tarn_trace *t, size_t first,
                            size_t last, uint32_t most)
{
    struct piece p = { .last = first };
    for (size_t i = first; i <= last && i < t->n_tokens && p.n < most; i++) {
        if (!counts(&t->tokens[i]))
            continue;
        p.bits += (double)t->tokens[i].entropy_bits;
        p.last = i;
        p.n++;
    }
    p.bits = p.n ? p.bits / p.n : 0;
    if (first < t->n_tokens)
        p.us = t->tokens[p.last].us - (first ? t->tokens[first - 1].us : 0);
    return p;
}

static uint32_t kept(const struct tarn_trace *t)
{
    uint32_t n = 0;
    for (size_t i = 0; i < t->n_tokens; i++)
        n += !(t->tokens[i].flags & TARN_TRACE_WITHDRAWN);
    return n;
}

/* 1 = most likely; 0: none of the eight. */
static unsigned rank_of(const struct tarn_trace_token *k)
{
    for (unsigned i = 0; i < 8; i++)
        if (k->best[i].id == k->id)
            return i + 1;
    return 0;
}

/* --------------------------------------------------------------------- text */
/* Tenths by integers: the same in every locale. */
static void add_tenths(struct tarn_buf *b, double v, const char *unit)
{
    const unsigned tenths = (unsigned)(v * 10 + 0.5);
    tarn_buf_printf(b, "%u.%u %s", tenths / 10, tenths % 10, unit);
}

/* 73%, 0.4%, <0.1% */
static void add_percent(struct tarn_buf *b, float p)
{
    const unsigned mille = (unsigned)((double)p * 1000 + 0.5);
    if (p > 0 && (double)p < 0.001)
        tarn_buf_text(b, "<0.1%");
    else if (mille < 10)
        tarn_buf_printf(b, "%u.%u%%", mille / 10, mille % 10);
    else
        tarn_buf_printf(b, "%u%%", (unsigned)((double)p * 100 + 0.5));
}

/* Several words in a line: white space, whatever it is, becomes a space. */
static struct tarn_shown shown_line(const char *text, size_t size)
{
    char line[200];
    size = size < sizeof line ? size : sizeof line;
    for (size_t i = 0; i < size; i++)
        line[i] = text[i] >= '\t' && text[i] <= '\r' ? ' ' : text[i];
    return tarn_shown(line, size - tarn_utf8_tail(line, size));
}

static void add_quoted(const char *p, size_t size, struct tarn_buf *b)
{
    tarn_buf_printf(b, "\u201c%s\u201d ", tarn_shown(p, size).text);
}

static void add_steps(const struct tarn_trace *t, struct tarn_buf *b)
{
    if (t->n_steps)
        tarn_buf_text(b, "\nSteps\n");
    for (size_t i = 0; i < t->n_steps; i++) {
        const struct tarn_trace_step *s = &t->steps[i];
        const struct piece p = measure(t, s->first, t->n_tokens, s->n);
        const struct tarn_trace_title title = tarn_trace_title(t, i);
        tarn_buf_printf(b, "  %3zu  from token %5u, %3u tokens, ", i + 1,
                        s->first, s->n);
        add_tenths(b, (double)p.us / 1e6, "s, ");
        add_tenths(b, p.bits, "bits ");
        tarn_buf_printf(b, "%s %s%s\n",
                        tarn_trace_turns_back(t, i) ? "\u21a9" : " ",
                        shown_line(title.text, title.size).text,
                        s->repeats ? " (for the third time)" : "");
    }
}

static void add_hesitations(const struct tarn_trace *t, struct tarn_buf *b)
{
    if (t->n_hesitations)
        tarn_buf_text(b, "\nHesitations\n");
    for (size_t i = 0; i < t->n_hesitations; i++) {
        const struct tarn_trace_hesitation *h = &t->hesitations[i];
        const struct piece p = measure(t, h->first, h->last, UINT32_MAX);
        struct tarn_buf text = { 0 };
        for (size_t k = h->first; k <= h->last && text.size < 100; k++) {
            size_t size;
            const char *bytes = tarn_trace_bytes(t, k, &size);
            if (counts(&t->tokens[k]))
                tarn_buf_add(&text, bytes, size);
        }
        tarn_buf_printf(b, "  tokens %u to %u, ", h->first, h->last);
        add_tenths(b, p.bits, "bits  ");
        tarn_buf_printf(b, "\u201c%s\u201d\n",
                        shown_line(text.data ? text.data : "",
                                   text.size).text);
        b->failed |= text.failed;
        tarn_buf_finish(&text);
    }
}

static void add_forks(const struct tarn_trace *t, struct tarn_buf *b)
{
    bool any = false;
    for (size_t i = 0; i < t->n_tokens; i++) {
        const struct tarn_trace_token *k = &t->tokens[i];
        if (!counts(k) || !tarn_trace_is_fork(t, i))
            continue;
        if (!any)
            tarn_buf_text(b, "\nForks\n");
        any = true;
        const struct tarn_candidate *other =
            &k->best[k->best[0].id == k->id ? 1 : 0];
        size_t size, other_size;
        const char *p = tarn_trace_bytes(t, i, &size);
        const char *q = tarn_trace_piece(t, other->id, &other_size);
        tarn_buf_printf(b, "  token %zu  ", i);
        add_quoted(p, size, b);
        add_percent(b, k->p);
        tarn_buf_text(b, ", or ");
        add_quoted(q, other_size, b);
        add_percent(b, other->p);
        tarn_buf_text(b, ", ");
        add_tenths(b, (double)k->entropy_bits, "bits\n");
    }
}

static void add_loops(const struct tarn_trace *t, struct tarn_buf *b)
{
    if (t->n_loops)
        tarn_buf_text(b, "\nLoops\n");
    for (size_t i = 0; i < t->n_loops; i++)
        tarn_buf_printf(b, "  at token %u: %u tokens taken back%s\n",
                        t->loops[i].first, t->loops[i].n,
                        t->loops[i].broken ? "" : ", the thought closed");
}

void tarn_trace_report(const struct tarn_trace *t, struct tarn_buf *out)
{
    const struct tarn_trace_summary s = tarn_trace_summary(t);
    const struct tarn_trace_info *i = &t->info;
    tarn_buf_printf(out, "%s\n", tarn_trace_summary_line(&s).text);
    tarn_buf_printf(out, "%s", tarn_shown_str(i->model).text);
    tarn_buf_printf(out, ", %s, seed %llu, attempt %u, %zu tokens\n",
                    tarn_shown_str(i->backend).text,
                    (unsigned long long)i->seed, i->attempt, t->n_tokens);
    struct tarn_trace_state state;
    if (tarn_trace_state(t, kept(t), &state)) {
        tarn_trace_state_line(&state, out);
        tarn_buf_printf(out, " in %u page%s\n", state.pages,
                        state.pages == 1 ? "" : "s");
    }
    add_steps(t, out);
    add_hesitations(t, out);
    add_forks(t, out);
    add_loops(t, out);
}

/* --------------------------------------------------------------------- JSON */
static void json_steps(const struct tarn_trace *t, struct tarn_buf *b)
{
    for (size_t i = 0; i < t->n_steps; i++) {
        const struct tarn_trace_step *s = &t->steps[i];
        const struct piece p = measure(t, s->first, t->n_tokens, s->n);
        const struct tarn_trace_title title = tarn_trace_title(t, i);
        tarn_buf_printf(b, "%s\n{\"first\":%u,\"tokens\":%u,\"us\":%llu,"
                        "\"mean_entropy\":", i ? "," : "", s->first, s->n,
                        (unsigned long long)p.us);
        tarn_json_add_f32(b, (float)p.bits);
        tarn_buf_printf(b, ",\"turn_back\":%s,\"repeats\":%s,\"title\":",
                        tarn_trace_turns_back(t, i) ? "true" : "false",
                        s->repeats ? "true" : "false");
        tarn_json_add_string(b, title.text, title.size, true);
        tarn_buf_byte(b, '}');
    }
}

static void json_hesitations(const struct tarn_trace *t, struct tarn_buf *b)
{
    for (size_t i = 0; i < t->n_hesitations; i++) {
        const struct tarn_trace_hesitation *h = &t->hesitations[i];
        const struct piece p = measure(t, h->first, h->last, UINT32_MAX);
        tarn_buf_printf(b, "%s\n{\"first\":%u,\"last\":%u,\"mean_entropy\":",
                        i ? "," : "", h->first, h->last);
        tarn_json_add_f32(b, (float)p.bits);
        tarn_buf_byte(b, '}');
    }
}

static void json_forks(const struct tarn_trace *t, struct tarn_buf *b)
{
    bool any = false;
    for (size_t i = 0; i < t->n_tokens; i++) {
        const struct tarn_trace_token *k = &t->tokens[i];
        if (!counts(k) || !tarn_trace_is_fork(t, i))
            continue;
        size_t size;
        const char *p = tarn_trace_bytes(t, i, &size);
        tarn_buf_printf(b, "%s\n{\"at\":%zu,\"id\":%d,\"text\":",
                        any ? "," : "", i, k->id);
        any = true;
        tarn_json_add_string(b, p, size, true);
        tarn_buf_printf(b, ",\"rank\":%u,\"p\":", rank_of(k));
        tarn_json_add_f32(b, k->p);
        tarn_buf_text(b, ",\"entropy\":");
        tarn_json_add_f32(b, k->entropy_bits);
        tarn_buf_text(b, ",\"best\":[");
        for (size_t c = 0; c < 8 && k->best[c].id >= 0; c++) {
            p = tarn_trace_piece(t, k->best[c].id, &size);
            tarn_buf_printf(b, "%s[%d,", c ? "," : "", k->best[c].id);
            tarn_json_add_string(b, p, size, true);
            tarn_buf_byte(b, ',');
            tarn_json_add_f32(b, k->best[c].p);
            tarn_buf_byte(b, ']');
        }
        tarn_buf_text(b, "]}");
    }
}

void tarn_trace_report_json(const struct tarn_trace *t, struct tarn_buf *out)
{
    const struct tarn_trace_summary s = tarn_trace_summary(t);
    const struct tarn_trace_info *i = &t->info;
    tarn_buf_text(out, "{\"model\":");
    tarn_json_add_string(out, i->model, strlen(i->model), true);
    tarn_buf_text(out, ",\"backend\":");
    tarn_json_add_string(out, i->backend, strlen(i->backend), true);
    tarn_buf_printf(out, ",\"seed\":\"%llu\",\"attempt\":%u,\"n_tokens\":%zu,\n"
                    "\"summary\":", (unsigned long long)i->seed, i->attempt,
                    t->n_tokens);
    tarn_trace_summary_json(&s, out);
    tarn_buf_text(out, ",\n\"steps\":[");
    json_steps(t, out);
    tarn_buf_text(out, "],\n\"hesitations\":[");
    json_hesitations(t, out);
    tarn_buf_text(out, "],\n\"forks\":[");
    json_forks(t, out);
    tarn_buf_text(out, "],\n\"loops\":[");
    for (size_t k = 0; k < t->n_loops; k++)
        tarn_buf_printf(out, "%s{\"first\":%u,\"tokens\":%u,\"broken\":%s}",
                        k ? "," : "", t->loops[k].first, t->loops[k].n,
                        t->loops[k].broken ? "true" : "false");
    tarn_buf_byte(out, ']');
    struct tarn_trace_state state;
    if (tarn_trace_state(t, kept(t), &state))
        tarn_buf_printf(out,
                        ",\n\"state\":{\"used\":%u,\"context\":%u,"
                        "\"pages\":%u,\"bytes\":%llu}",
                        state.used, state.of, state.pages,
                        (unsigned long long)state.bytes);
    tarn_buf_text(out, "}\n");
}
