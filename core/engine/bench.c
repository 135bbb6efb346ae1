/* bench.c - timed passes of prefill and decode, and what they read.
 *
 * Times say how fast, bytes say how fast it could be: decode is bound by
 * reading, so what a step reads is counted here, from the file's tensors and
 * from the experts that were really chosen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/numerics.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/engine/engine.h"

/* Of the best logits: what a chat with the published settings asks for, top-k
 * 80 and penalties over 64 tokens. */
enum { USUAL = 80 + 64 + 1 };

struct pass {
    struct tarn_engine *e;
    struct tarn_sequence *s[TARN_MAX_SEQS];
    uint32_t n_seqs;
    uint64_t fixed;      /* bytes of weights that every step reads */
    uint64_t *slices;    /* [n_moe] bytes of one expert of a layer */
    uint16_t *chosen;    /* [n_seqs][n_moe][n_used] of the last step */
    uint64_t weights, kv; /* read by all steps of decode */
};

/* ------------------------------------------------------------------ bytes */

/* The embedding is a few rows, unless it is the head as well. */
static bool read_whole(const struct tarn_hparams *hp, const char *name)
{
    return !hp->own_head || strcmp(name, "token_embd.weight") != 0;
}

static void count_weights(struct pass *p)
{
    const struct tarn_model *m = p->e->model;
    const struct tarn_hparams *hp = &m->hp;
    uint32_t moe_of[TARN_MAX_LAYERS], n_moe = 0;
    for (uint32_t i = 0; i < hp->n_layers; i++) {
        moe_of[i] = n_moe;
        n_moe += hp->layers[i].moe;
    }
    for (size_t i = 0; i < tarn_gguf_n_tensors(m->gguf); i++) {
        const struct tarn_gguf_tensor *t = tarn_gguf_tensor_at(m->gguf, i);
        unsigned long layer = strncmp(t->name, "blk.", 4) == 0
                                  ? strtoul(t->name + 4, NULL, 10)
                                  : TARN_MAX_LAYERS;
        if (strstr(t->name, "_exps.") && layer < hp->n_layers &&
            hp->layers[layer].moe)
            p->slices[moe_of[layer]] += t->size / hp->n_expert;
        else if (read_whole(hp, t->name))
            p->fixed += t->size;
    }
}

static void count_step(struct pass *p)
{
    const struct tarn_hparams *hp = &p->e->model->hp;
    const struct tarn_type_traits tr =
        tarn_type_traits(p->e->cache.kv_type);
    p->weights += p->fixed;
    for (uint32_t l = 0; l < hp->n_moe; l++) {
        bool seen[TARN_MAX_EXPERTS] = { false };
        for (uint32_t k = 0; k < p->n_seqs; k++)
            for (uint32_t r = 0; r < hp->n_used; r++) {
                uint32_t x = p->chosen[((size_t)k * hp->n_moe + l) *
                                           hp->n_used + r];
                p->weights += seen[x] ? 0 : p->slices[l];
                seen[x] = true;
            }
    }
    for (uint32_t k = 0; k < p->n_seqs; k++)
        for (uint32_t a = 0; a < hp->n_attn; a++)
            p->kv += (uint64_t)p->s[k]->n_kv * 2 *
                     p->e->model->plan.kv_widths[a] / tr.block * tr.bytes;
}

/* ------------------------------------------------------------------ passes */

static enum tarn_status run_rows(struct pass *p, uint32_t n, bool logits,
                                 bool experts, struct tarn_error *err)
{
    struct tarn_engine *e = p->e;
    uint32_t n_rows = 0;
    for (uint32_t k = 0; k < p->n_seqs; k++) {
        for (uint32_t i = 0; i < n; i++) {
            uint32_t pos = p->s[k]->n_kv + i;
            uint64_t mixed = tarn_mix(pos * 64u + k + 1);
            e->rows[n_rows++] = (struct tarn_row){
                .token = (int32_t)(mixed % e->model->info.n_vocab),
                .pos = pos, .seq = k,
                .flags = logits && i + 1 == n ? (uint32_t)TARN_ROW_LOGITS : 0 };
        }
        e->seqs[k] = tarn_seq_view(p->s[k]);
    }
    struct tarn_batch b = { .size = sizeof b, .rows = e->rows,
                            .n_rows = n_rows, .seqs = e->seqs,
                            .n_seqs = p->n_seqs,
                            .digests = tarn_engine_digests(e, p->n_seqs, USUAL),
                            .experts = experts ? p->chosen : NULL };
    b.logits = logits && !b.digests ? e->logits : NULL;
    enum tarn_status st = tarn_engine_run(e, &b, err);
    for (uint32_t k = 0; !st && k < p->n_seqs; k++)
        tarn_seq_advance(p->s[k], p->s[k]->n_kv + n);
    return st;
}

static enum tarn_status run_passes(struct pass *p, struct tarn_bench *io,
                                   struct tarn_error *err)
{
    enum tarn_status st = TARN_OK;
    uint32_t most = p->e->max_rows / p->n_seqs;
    double began = tarn_now_ms();
    for (uint32_t at = 0; !st && at < io->n_prompt;) {
        uint32_t n = io->n_prompt - at < most ? io->n_prompt - at : most;
        at += n;
        st = run_rows(p, n, at == io->n_prompt, false, err);
    }
    double middle = tarn_now_ms();
    for (uint32_t i = 0; !st && i < io->n_tokens; i++) {
        st = run_rows(p, 1, true, p->chosen != NULL, err);
        if (!st)
            count_step(p); /* microseconds */
    }
    io->prefill_ms = middle - began;
    io->decode_ms = tarn_now_ms() - middle;
    uint32_t steps = io->n_tokens ? io->n_tokens : 1;
    io->weight_bytes = p->weights / steps;
    io->kv_bytes = p->kv / steps;
    return st;
}

static enum tarn_status open_pass(struct pass *p, uint32_t depth, uint64_t end,
                                  struct tarn_error *err)
{
    const struct tarn_hparams *hp = &p->e->model->hp;
    struct tarn_kv_cache *c = &p->e->cache;
    const uint32_t n = p->n_seqs;
    p->n_seqs = 0;
    p->slices = tarn_alloc(hp->n_moe, sizeof *p->slices);
    if (hp->n_moe)
        p->chosen = tarn_alloc((size_t)n * hp->n_moe * hp->n_used,
                               sizeof *p->chosen);
    if (!p->slices || (hp->n_moe && !p->chosen))
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for a benchmark");
    count_weights(p);
    enum tarn_status st = TARN_OK;
    for (; !st && p->n_seqs < n; p->n_seqs++) {
        struct tarn_sequence *s = tarn_kv_take_empty(c);
        p->s[p->n_seqs] = s;
        st = tarn_seq_reserve(c, s, (uint32_t)end, err);
        s->n_kv = s->tail_at = depth;
    }
    return st;
}

static void close_pass(struct pass *p)
{
    while (p->n_seqs--) { /* what was computed is not worth keeping */
        tarn_seq_rewind(&p->e->cache, p->s[p->n_seqs], 0);
        tarn_kv_give(&p->e->cache, p->s[p->n_seqs]);
    }
    tarn_free(p->slices);
    tarn_free(p->chosen);
}

enum tarn_status tarn_engine_bench(struct tarn_engine *e, struct tarn_bench *io,
                                   struct tarn_error *err)
{
    struct pass p = { .e = e, .n_seqs = io->n_seqs ? io->n_seqs : 1 };
    uint64_t end = (uint64_t)io->depth + io->n_prompt + io->n_tokens;
    if (tarn_engine_busy(e))
        return tarn_fail(err, TARN_BUSY, "the engine is generating an answer");
    if (p.n_seqs > e->cache.n_seqs || p.n_seqs > e->max_rows)
        return tarn_fail(err, TARN_USAGE,
                         "%u sequences at once are more than the engine's %u",
                         p.n_seqs, e->cache.n_seqs);
    if (end > e->cache.n_context)
        return tarn_fail(err, TARN_LIMIT,
                         "%llu positions do not fit the context of %u",
                         (unsigned long long)end, e->cache.n_context);
    tarn_gguf_settle(e->model->gguf); /* nothing shall run beside it */
    e->computing = true;
    enum tarn_status st = open_pass(&p, io->depth, end, err);
    if (!st)
        st = run_passes(&p, io, err);
    close_pass(&p);
    e->computing = false;
    return st;
}
