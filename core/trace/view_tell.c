/* view_tell.c - a token in words: tips, details, and what a screen reader says
 * in place of the picture. */
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/trace/view_impl.h"

uint32_t tarn_view_step(const struct tarn_trace *t, uint32_t token)
{
    size_t lo = 0, hi = t->n_steps;
    if (token >= t->n_tokens || t->tokens[token].span != TARN_SPAN_THOUGHT ||
        t->tokens[token].flags & (TARN_TRACE_TAG | TARN_TRACE_WITHDRAWN))
        return TARN_VIEW_NOTHING;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (t->steps[mid].first <= token)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? (uint32_t)lo - 1 : TARN_VIEW_NOTHING;
}

const char *tarn_view_text_of(const struct tarn_trace *t, uint32_t token,
                              size_t *size)
{
    const char *p = tarn_trace_bytes(t, token, size);
    const size_t begin = t->tokens[token].text_at;
    /* what the tokens before have begun, at most three bytes */
    const size_t most = begin < 3 ? begin : 3;
    const size_t open = tarn_utf8_tail(p - most, most);
    if (open && *size) {
        p -= open;
        *size += open;
    }
    *size -= tarn_utf8_tail(p, *size);
    return p;
}

/* 22 ms, 1.2 s */
static void add_time(struct tarn_buf *b, uint64_t us)
{
    if (us < 10000)
        tarn_buf_printf(b, "%u.%u ms", (unsigned)(us / 1000),
                        (unsigned)(us / 100 % 10));
    else if (us < 1000000)
        tarn_buf_printf(b, "%u ms", (unsigned)((us + 500) / 1000));
    else
        tarn_buf_printf(b, "%u.%u s", (unsigned)(us / 1000000),
                        (unsigned)(us / 100000 % 10));
}

static const char *span_name(unsigned span)
{
    static const char *const NAMES[] = { "before the thought", "thought",
                                         "answer", "call" };
    return NAMES[span < 4 ? span : 0];
}

void tarn_view_tell(const struct tarn_trace *t, uint32_t token,
                    struct tarn_buf *out)
{
    if (token >= t->n_tokens)
        return;
    const struct tarn_trace_token *k = &t->tokens[token];
    const uint32_t step = tarn_view_step(t, token);
    const unsigned tenths = (unsigned)((double)k->entropy_bits * 10 + 0.5);
    const unsigned rank = tarn_view_rank(k);
    size_t size;
    const char *p = tarn_trace_bytes(t, token, &size);
    tarn_buf_printf(out, "token %u of %zu, %s", token, t->n_tokens,
                    span_name(k->span));
    if (step != TARN_VIEW_NOTHING)
        tarn_buf_printf(out, ", step %u%s", step + 1,
                        tarn_trace_turns_back(t, step) ? " (turn-back)" : "");
    tarn_buf_printf(out, ", \u201c%s\u201d, entropy %u.%u bits, ",
                    tarn_shown(p, size).text, tenths / 10, tenths % 10);
    add_time(out, tarn_view_us(t, token));
    if (k->flags & TARN_TRACE_FORCED)
        tarn_buf_text(out, ", not drawn");
    else if (rank)
        tarn_buf_printf(out, ", rank %u", rank);
    else
        tarn_buf_text(out, ", none of the eight likeliest");
    if (k->flags & TARN_TRACE_WITHDRAWN)
        tarn_buf_text(out, ", taken back");
    if (tarn_trace_is_fork(t, token))
        tarn_buf_text(out, ", fork");
}
