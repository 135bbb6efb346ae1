/* record.c - see record.h. */
#include "cmd/record.h"

#include <string.h>

struct tarn_trace *cmd_records_begin(struct cmd_records *r,
                                     const struct cmd_session *ses,
                                     tarn_turn_id turn,
                                     const struct tarn_turn_options *opt,
                                     const struct tarn_trace *before)
{
    const struct tarn_model_info *info = tarn_model_info(ses->model);
    const struct tarn_trace_info what = { .size = sizeof what,
                                          .model = info->name,
                                          .backend = info->backend,
                                          .model_bytes = info->file_bytes,
                                          .n_vocab = info->n_vocab,
                                          .seed = opt->sampling->seed,
                                          .attempt = opt->attempt };
    if (tarn_trace_create(tarn_model_text(ses->model), &what, &r->now, NULL))
        return NULL;
    if (before && tarn_trace_fits(before, info)) /* it begins with that */
        tarn_trace_go_on(r->now, before, tarn_turn_given(ses->engine, turn),
                         NULL);
    tarn_trace_note(r->now, ses->engine, turn, opt, NULL);
    return r->now;
}

static void remember(struct cmd_records *r, struct tarn_chat *chat,
                     tarn_message_id message)
{
    size_t at = 0;
    while (at < r->n && r->with[at] != message)
        at++;
    if (at == r->n && r->n == CMD_MAX_RECORDS)
        tarn_chat_attach(chat, r->with[at = 0], NULL);
    else if (at == r->n)
        r->n++;
    memmove(r->with + at, r->with + at + 1,
            (r->n - at - 1) * sizeof *r->with);
    r->with[r->n - 1] = message;
}

void cmd_records_end(struct cmd_records *r, struct tarn_chat *chat,
                     tarn_message_id message)
{
    struct tarn_trace *now = r->now;
    r->now = NULL;
    if (!now)
        return;
    if (message == 0 || tarn_trace_failed(now) ||
        tarn_trace_detach(now, NULL) != TARN_OK) {
        tarn_trace_destroy(now);
        return;
    }
    remember(r, chat, message);
    tarn_chat_attach(chat, message, now);
}

void cmd_records_forget(struct cmd_records *r)
{
    r->n = 0;
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
