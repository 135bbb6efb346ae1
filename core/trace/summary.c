/* summary.c - what a trace tells: its parts, and the turn in one line. */
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/trace/record.h"

/* -------------------------------------------------------------------- parts */
bool tarn_trace_failed(const struct tarn_trace *t)
{
    return t->failed;
}

const struct tarn_trace_info *tarn_trace_info(const struct tarn_trace *t)
{
    return &t->info;
}

bool tarn_trace_fits(const struct tarn_trace *t,
                     const struct tarn_model_info *model)
{
    const struct tarn_trace_info *i = &t->info;
    return i->n_vocab == model->n_vocab &&
           (!i->model_bytes || i->model_bytes == model->file_bytes);
}

const struct tarn_trace_token *tarn_trace_tokens(const struct tarn_trace *t,
                                                 size_t *n)
{
    *n = t->n_tokens;
    return t->tokens;
}

const char *tarn_trace_bytes(const struct tarn_trace *t, size_t i,
                             size_t *size)
{
    const size_t at = t->tokens[i].text_at;
    const size_t end = i + 1 < t->n_tokens ? t->tokens[i + 1].text_at
                                           : t->bytes.size;
    *size = end - at;
    return t->bytes.data ? t->bytes.data + at : "";
}

const char *tarn_trace_piece(const struct tarn_trace *t, int32_t id,
                             size_t *size)
{
    *size = 0;
    if (t->text)
        return tarn_text_bytes(t->text, id, size);
    size_t lo = 0, hi = t->n_pieces;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (t->pieces[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == t->n_pieces || t->pieces[lo].id != id)
        return "";
    const size_t at = t->pieces[lo].at;
    *size = (lo + 1 < t->n_pieces ? t->pieces[lo + 1].at
                                  : t->piece_bytes.size) - at;
    return t->piece_bytes.data ? t->piece_bytes.data + at : "";
}

const struct tarn_trace_span *tarn_trace_spans(const struct tarn_trace *t,
                                               size_t *n)
{
    *n = t->n_spans;
    return t->spans;
}

const struct tarn_trace_step *tarn_trace_steps(const struct tarn_trace *t,
                                               size_t *n)
{
    *n = t->n_steps;
    return t->steps;
}

const struct tarn_trace_hesitation *
tarn_trace_hesitations(const struct tarn_trace *t, size_t *n)
{
    *n = t->n_hesitations;
    return t->hesitations;
}

const struct tarn_trace_loop *tarn_trace_loops(const struct tarn_trace *t,
                                               size_t *n)
{
    *n = t->n_loops;
    return t->loops;
}

bool tarn_trace_is_fork(const struct tarn_trace *t, size_t i)
{
    const struct tarn_trace_token *k = &t->tokens[i];
    return !(k->flags & TARN_TRACE_WITHDRAWN) &&
           tarn_fork(k->best[0].p, k->best[1].p, k->entropy_bits);
}

bool tarn_trace_hesitates(const struct tarn_trace *t, size_t i)
{
    for (size_t k = 0; k < t->n_hesitations; k++)
        if (i >= t->hesitations[k].first && i <= t->hesitations[k].last)
            return true;
    return false;
}

bool tarn_trace_experts_of(const struct tarn_trace *t, size_t i,
                           const uint16_t **ids, const uint16_t **gates)
{
    if (!t->n_slots || i >= t->room_experts ||
        t->expert_ids[i * t->n_slots] == UINT16_MAX)
        return false;
    *ids = t->expert_ids + i * t->n_slots;
    *gates = t->expert_gates + i * t->n_slots;
    return true;
}

/* The first bytes of a step: its tokens without tags and withdrawn ones. */
static size_t step_bytes(const struct tarn_trace *t, size_t step, char *out,
                         size_t room)
{
    const struct tarn_trace_step *s = &t->steps[step];
    const size_t end = step + 1 < t->n_steps ? t->steps[step + 1].first
                                             : t->n_tokens;
    size_t n = 0, offset = s->offset;
    for (size_t i = s->first; i <= end && i < t->n_tokens && n < room; i++) {
        const struct tarn_trace_token *k = &t->tokens[i];
        size_t size;
        const char *p = tarn_trace_bytes(t, i, &size);
        if (k->span != TARN_SPAN_THOUGHT ||
            (k->flags & (TARN_TRACE_WITHDRAWN | TARN_TRACE_TAG)))
            continue;
        /* the token in which the next step begins is partly of this one */
        if (i == end)
            size = t->steps[step + 1].offset;
        size_t take = size > offset ? size - offset : 0;
        take = take < room - n ? take : room - n;
        memcpy(out + n, p + offset, take);
        n += take;
        offset = 0;
    }
    return n;
}

struct tarn_trace_title tarn_trace_title(const struct tarn_trace *t, size_t i)
{
    struct tarn_trace_title title = { .size = 0 };
    char raw[256];
    const size_t n = step_bytes(t, i, raw, sizeof raw);
    size_t at = 0;
    while (at < n && (raw[at] == ' ' || (raw[at] >= '\t' && raw[at] <= '\r')))
        at++;
    for (unsigned k = 0; k < TARN_STEP_TITLE && at < n; k++) {
        int32_t c;
        const size_t size = tarn_utf8_decode(raw + at, n - at, &c);
        at += size;
        title.size += tarn_utf8_encode(c < 0 ? 0xFFFD : c,
                                       title.text + title.size);
    }
    title.text[title.size] = 0;
    return title;
}

bool tarn_trace_turns_back(const struct tarn_trace *t, size_t i)
{
    char raw[64];
    return tarn_turn_back(raw, step_bytes(t, i, raw, sizeof raw));
}

/* ------------------------------------------------------------------ summary */
static void add_thought(const struct tarn_trace *t,
                        const struct tarn_trace_span *s, double *bits,
                        struct tarn_trace_summary *sum)
{
    const size_t end = s->open ? t->n_tokens : s->first + s->n;
    for (size_t i = s->first; i < end; i++) {
        const struct tarn_trace_token *k = &t->tokens[i];
        if (k->span != TARN_SPAN_THOUGHT ||
            (k->flags & (TARN_TRACE_TAG | TARN_TRACE_WITHDRAWN)))
            continue;
        sum->tokens++;
        sum->forks += tarn_trace_is_fork(t, i);
        *bits += (double)k->entropy_bits;
    }
    sum->us += (s->open ? t->us : s->end_us) - s->begin_us;
}

struct tarn_trace_summary tarn_trace_summary(const struct tarn_trace *t)
{
    struct tarn_trace_summary sum = { .end = t->end,
                                      .steps = (uint32_t)t->n_steps,
                                      .hesitations =
                                          (uint32_t)t->n_hesitations };
    double bits = 0;
    for (size_t i = 0; i < t->n_spans; i++)
        if (t->spans[i].kind == TARN_SPAN_THOUGHT)
            add_thought(t, &t->spans[i], &bits, &sum);
    for (size_t i = 0; i < t->n_steps; i++)
        sum.turn_backs += tarn_trace_turns_back(t, i);
    for (size_t i = 0; i < t->n_loops; i++)
        sum.loops_broken += t->loops[i].broken;
    for (size_t i = 0; i < t->n_tokens; i++)
        sum.withdrawn += (t->tokens[i].flags & TARN_TRACE_WITHDRAWN) != 0;
    sum.mean_entropy = sum.tokens ? bits / sum.tokens : 0;
    return sum;
}

/* ----------------------------------------------------------------- one line */
static size_t add(struct tarn_trace_line *l, size_t at, const char *text)
{
    const size_t n = strlen(text);
    if (n > sizeof l->text - 1 - at)
        return at;
    memcpy(l->text + at, text, n + 1);
    return at + n;
}

/* 0.05 s, 9.3 s, 1 min 12 s, 1 h 04 min; 0.0 would say that nothing was
 * measured */
static size_t add_duration(struct tarn_trace_line *l, size_t at, uint64_t us)
{
    const uint64_t tenths = (us + 50000) / 100000;
    const uint64_t s = (us + 500000) / 1000000, min = (s + 30) / 60;
    char text[64];
    if (us < 95000)
        snprintf(text, sizeof text, "0.%02u s",
                 us < 10000 ? 1u : (unsigned)((us + 5000) / 10000));
    else if (tenths < 600)
        snprintf(text, sizeof text, "%u.%u s", (unsigned)(tenths / 10),
                 (unsigned)(tenths % 10));
    else if (s < 3600)
        snprintf(text, sizeof text, "%u min %02u s", (unsigned)(s / 60),
                 (unsigned)(s % 60));
    else
        snprintf(text, sizeof text, "%llu h %02u min",
                 (unsigned long long)(min / 60), (unsigned)(min % 60));
    return add(l, at, text);
}

static size_t add_count(struct tarn_trace_line *l, size_t at, uint32_t n,
                        const char *one, const char *many)
{
    if (!n)
        return at;
    at = add(l, at, ", ");
    at = add(l, at, tarn_count(n).text);
    return add(l, at, n == 1 ? one : many);
}

struct tarn_trace_line
tarn_trace_summary_line(const struct tarn_trace_summary *s)
{
    struct tarn_trace_line l = { "no thought" };
    if (!s->tokens)
        return l;
    size_t at = add(&l, 0, "thought ");
    at = add(&l, at, tarn_count(s->tokens).text);
    at = add(&l, at, s->tokens == 1 ? " token in " : " tokens in ");
    at = add_duration(&l, at, s->us);
    at = add_count(&l, at, s->hesitations, " hesitation", " hesitations");
    at = add_count(&l, at, s->loops_broken, " loop broken", " loops broken");
    switch (s->end) {
    case TARN_TRACE_END_BUDGET:
        add(&l, at, ", budget reached");
        break;
    case TARN_TRACE_END_ANSWERED:
        add(&l, at, ", answered on request");
        break;
    case TARN_TRACE_END_STOPPED:
        add(&l, at, ", stopped");
        break;
    case TARN_TRACE_END_CIRCLE:
        add(&l, at, ", closed in a circle");
        break;
    case TARN_TRACE_END_NONE:
    case TARN_TRACE_END_CLOSED:
    case TARN_TRACE_END_CUT:
        break;
    }
    return l;
}

const char *tarn_trace_end_name(enum tarn_trace_end end)
{
    static const char *const NAMES[] = { "none", "closed", "budget",
                                         "answered", "stopped", "circle",
                                         "cut" };
    return NAMES[end];
}

void tarn_trace_summary_json(const struct tarn_trace_summary *s,
                             struct tarn_buf *out)
{
    /* hundredths by integers: no locale's point */
    const uint32_t bits = (uint32_t)(s->mean_entropy * 100 + 0.5);
    tarn_buf_printf(out,
                    "{\"tokens\":%u,\"ms\":%llu,\"steps\":%u,"
                    "\"hesitations\":%u,\"forks\":%u,\"turn_backs\":%u,"
                    "\"loops_broken\":%u,\"withdrawn\":%u,"
                    "\"mean_entropy\":%u.%02u,\"end\":\"%s\"}",
                    s->tokens, (unsigned long long)((s->us + 500) / 1000),
                    s->steps, s->hesitations, s->forks, s->turn_backs,
                    s->loops_broken, s->withdrawn, bits / 100, bits % 100,
                    tarn_trace_end_name(s->end));
}
