/* record.c - see record.h. */
#include "cmd/record.h"

#include <string.h>

static void drop(struct cmd_records *r, size_t i)
{
    tarn_trace_destroy(r->at[i].trace);
    memmove(r->at + i, r->at + i + 1, (r->n - i - 1) * sizeof *r->at);
    r->n--;
}

struct tarn_trace *cmd_records_begin(struct cmd_records *r,
                                     const struct cmd_session *ses,
                                     tarn_turn_id turn,
                                     const struct tarn_turn_options *opt,
                                     tarn_message_id more)
{
    const struct tarn_model_info *info = tarn_model_info(ses->model);
    const struct tarn_trace_info what = { .size = sizeof what,
                                          .model = info->name,
                                          .backend = info->backend,
                                          .model_bytes = info->file_bytes,
                                          .n_vocab = info->n_vocab,
                                          .seed = opt->sampling->seed,
                                          .attempt = opt->attempt };
    const struct tarn_trace *before = cmd_records_of(r, more);
    struct tarn_trace *trace = NULL;
    if (tarn_trace_create(tarn_model_text(ses->model), &what, &trace, NULL))
        return NULL;
    if (before) /* it begins with what was said */
        tarn_trace_go_on(trace, before, tarn_turn_given(ses->engine, turn),
                         NULL);
    tarn_trace_note(trace, ses->engine, turn, opt, NULL);
    if (r->n == CMD_MAX_RECORDS)
        drop(r, 0);
    r->at[r->n++] = (struct cmd_record){ 0, trace };
    return trace;
}

void cmd_records_end(struct cmd_records *r, tarn_message_id message)
{
    if (r->n == 0 || r->at[r->n - 1].message != 0)
        return;
    if (message == 0 || tarn_trace_failed(r->at[r->n - 1].trace)) {
        drop(r, r->n - 1);
        return;
    }
    for (size_t i = r->n; i-- > 0;) /* it is the beginning of this one */
        if (r->at[i].message == message)
            drop(r, i);
    r->at[r->n - 1].message = message;
}

const struct tarn_trace *cmd_records_of(const struct cmd_records *r,
                                        tarn_message_id message)
{
    for (size_t i = r->n; i-- > 0 && message != 0;)
        if (r->at[i].message == message)
            return r->at[i].trace;
    return NULL;
}

void cmd_records_clear(struct cmd_records *r)
{
    while (r->n > 0)
        drop(r, r->n - 1);
}

void cmd_record_ids(const struct tarn_trace *trace, size_t until, bool taken,
                    struct tarn_ids *out)
{
    size_t n, n_loops, kept = 0, stop = SIZE_MAX;
    const struct tarn_trace_token *tokens = tarn_trace_tokens(trace, &n);
    const struct tarn_trace_loop *loops = tarn_trace_loops(trace, &n_loops);
    if (taken && n_loops > 0)
        stop = loops[n_loops - 1].first + loops[n_loops - 1].n;
    const uint32_t first = taken && n_loops > 0 ? loops[n_loops - 1].first : 0;
    for (size_t i = 0; i < n && i < stop && kept < until; i++) {
        const bool gone = (tokens[i].flags & TARN_TRACE_WITHDRAWN) != 0;
        if (gone && !(stop != SIZE_MAX && i >= first))
            continue;
        tarn_ids_add(out, tokens[i].id);
        kept++;
    }
}

void cmd_record_count(const struct tarn_trace *trace, uint32_t *n_thought,
                      uint32_t *n_answer)
{
    size_t n;
    const struct tarn_trace_token *tokens = tarn_trace_tokens(trace, &n);
    *n_thought = *n_answer = 0;
    for (size_t i = 0; i < n; i++)
        if (!(tokens[i].flags & (TARN_TRACE_TAG | TARN_TRACE_WITHDRAWN)))
            ++*(tokens[i].span == TARN_SPAN_THOUGHT ? n_thought : n_answer);
}

const struct tarn_trace_token *cmd_record_token(const struct tarn_trace *trace,
                                                size_t k, size_t *place)
{
    size_t n;
    const struct tarn_trace_token *tokens = tarn_trace_tokens(trace, &n);
    for (size_t i = 0; i < n; i++) {
        if (tokens[i].flags & TARN_TRACE_WITHDRAWN)
            continue;
        *place = i;
        if (k-- == 0)
            return &tokens[i];
    }
    return NULL;
}
