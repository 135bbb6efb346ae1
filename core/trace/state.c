/* state.c - what a turn's sequence holds: positions of the context, pages of
 * K/V, tails.  Found from the prompt and the tokens that were kept; the record
 * says only how large a page and the tails are. */

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/trace/record.h"

bool tarn_trace_state(const struct tarn_trace *t, uint32_t kept,
                      struct tarn_trace_state *out)
{
    const struct tarn_trace_turn *u = &t->turn;
    if (!t->has_turn || !u->n_prompt || !u->page_tokens)
        return false;
    out->used = (uint32_t)u->n_prompt + kept;
    out->of = u->n_context;
    out->pages = (out->used + u->page_tokens - 1) / u->page_tokens;
    out->bytes = u->tail_bytes + out->pages * u->page_bytes;
    return true;
}

/* 1.3 GB, whole MB and kB below */
static void add_size(struct tarn_buf *b, uint64_t n)
{
    const uint64_t tenths = (n + 50000000) / 100000000;
    if (tenths >= 10)
        tarn_buf_printf(b, "%llu.%u GB", (unsigned long long)(tenths / 10),
                        (unsigned)(tenths % 10));
    else if (n >= 999500)
        tarn_buf_printf(b, "%u MB", (unsigned)((n + 500000) / 1000000));
    else
        tarn_buf_printf(b, "%u kB", (unsigned)((n + 500) / 1000));
}

void tarn_trace_state_line(const struct tarn_trace_state *s,
                           struct tarn_buf *out)
{
    tarn_buf_text(out, "context ");
    tarn_buf_text(out, tarn_count(s->used).text);
    tarn_buf_text(out, " of ");
    tarn_buf_text(out, tarn_count(s->of).text);
    tarn_buf_text(out, " tokens, state ");
    add_size(out, s->bytes);
}
