/* judge.h - drafts of calls, and what becomes of them; inside of core/turn.
 *
 * call.c reads a block into one DRAFT after the other: a name, and arguments
 * each with its JSON, its kind and its own spelling.  judge.c holds each
 * against the declared tools: a call to run, one to offer, or nothing.
 *
 * Owns: nothing; struct work is call.c's.  Threads: one at a time.
 */
#ifndef TARN_TURN_JUDGE_H
#define TARN_TURN_JUDGE_H

#include "core/base/buf.h"
#include "core/turn/call.h"
#include "core/turn/literal.h"
#include "core/turn/tools.h"

struct tarn_call_argument {
    size_t name_at, name_size; /* in draft.names; size 0: positional */
    size_t json_at, json_size; /* in draft.json */
    size_t raw_at, raw_size;   /* in the block's text */
    enum tarn_literal_kind kind;
    bool dropped; /* another one of this name came later */
};

struct tarn_call_draft {
    const char *name;
    size_t name_size;
    struct tarn_call_argument *args; /* [TARN_CALL_MAX_ARGUMENTS] */
    size_t n;
    struct tarn_buf names, json;
};

struct tarn_call_work {
    struct tarn_literal l;
    const struct tarn_tools *tools;
    struct tarn_calls *out;
    struct tarn_call_draft d;
    size_t n_drafts;
    bool only_offer, failed;
};

bool tarn_call_same_name(const struct tarn_call_draft *d,
                         const struct tarn_call_argument *a, const char *name,
                         size_t size);
/* The draft becomes a call, an offer or nothing, in w->out. */
void tarn_call_judge(struct tarn_call_work *w);

#endif
