/* finite.c - scores that are no numbers (E09).
 *
 * A graphics device may have gone wrong: the processor computes the step again.
 * Where it says the same, or there is no device, the file is damaged; then the
 * beginning of the plan is run again, shorter and shorter, to find the layer
 * that gives the first value that is none.  The turn is lost by then, so this
 * may take memory. */
#include <math.h>
#include <stdio.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/engine/engine.h"

struct search {
    struct tarn_engine *e;
    struct tarn_row *rows; /* [n_rows] the last one's state comes by replay */
    float *out;            /* [n_rows][n_embd] */
    uint32_t n_rows;
    struct tarn_seq seq;
};

/* Are all values behind the first n layers finite?  *known: it could be run. */
static bool finite_behind(struct search *f, uint32_t n, bool *known)
{
    struct tarn_engine *e = f->e;
    const struct tarn_model *m = e->model;
    const uint32_t n_embd = m->hp.n_embd;
    struct tarn_prepared *p = NULL;
    struct tarn_plan plan = tarn_plan_view(m, f->n_rows, e->cache.n_context);
    uint32_t k = 0;
    while (k < plan.n_steps && plan.steps[k].op != TARN_LOGITS &&
           (plan.steps[k].op == TARN_EMBED || plan.steps[k].layer < n))
        k++;
    plan.n_steps = k;
    plan.out_buffer = plan.steps[0].out;
    const struct tarn_batch b = { .size = sizeof b, .rows = f->rows,
                                  .n_rows = f->n_rows, .seqs = &f->seq,
                                  .n_seqs = 1, .out = f->out };
    *known = !m->backend->prepare(m->dev, &plan, e->cache.state, &p, NULL) &&
             !m->backend->run(p, &b, NULL);
    if (p)
        m->backend->release(p);
    bool all = true;
    for (size_t i = 0; i < n_embd && *known; i++)
        all &= isfinite(f->out[(size_t)(f->n_rows - 1) * n_embd + i]) != 0;
    return all;
}

/* What is no number stays none, so the first layer is found by halves: 0: the
 * embedding, n_layers + 1: the head.  -1: not known. */
static int64_t first_layer(struct search *f)
{
    uint32_t good = 0, bad = f->e->model->hp.n_layers + 1;
    bool known;
    if (!finite_behind(f, 0, &known) || !known)
        return known ? 0 : -1;
    while (bad - good > 1) {
        const uint32_t mid = good + (bad - good) / 2;
        const bool all = finite_behind(f, mid, &known);
        if (!known)
            return -1;
        *(all ? &good : &bad) = mid;
    }
    return bad;
}

static int64_t search(struct tarn_engine *e, struct tarn_sequence *s)
{
    const uint32_t last = s->n_kv - 1, again = e->cache.replay;
    const uint32_t from = last > again ? last - again : 0;
    struct search f = { .e = e, .n_rows = last - from + 1,
                        .seq = tarn_seq_view(s) };
    if (e->model->split)
        return -1; /* its halves know their own plans only */
    f.seq.tail_in = TARN_TAIL_ZERO;
    f.rows = tarn_alloc(f.n_rows, sizeof *f.rows);
    f.out = tarn_alloc((size_t)f.n_rows * e->model->hp.n_embd, sizeof *f.out);
    int64_t layer = -1;
    if (f.rows && f.out) {
        for (uint32_t i = 0; i < f.n_rows; i++)
            f.rows[i] = (struct tarn_row){ .token = s->ids[from + i],
                                           .pos = from + i,
                                           .flags = TARN_ROW_REPLAY };
        layer = first_layer(&f);
    }
    tarn_free(f.rows);
    tarn_free(f.out);
    return layer;
}

static void fail(struct tarn_request *q)
{
    const uint32_t n = q->engine->model->hp.n_layers;
    const int64_t layer = q->seq->n_kv ? search(q->engine, q->seq) : -1;
    struct tarn_error err = { TARN_OK, "" };
    char where[64] = "";
    if (layer == 0)
        snprintf(where, sizeof where, " (first in the token's embedding)");
    else if (layer > n)
        snprintf(where, sizeof where, " (first in the head)");
    else if (layer > 0)
        snprintf(where, sizeof where, " (first in layer %u)",
                 (unsigned)(layer - 1));
    tarn_fail(&err, TARN_BAD_FILE,
              "The model produced no finite scores at position %u%s; its file "
              "is damaged.",
              q->seq->n_ids, where);
    tarn_request_fail(q, &err);
}

void tarn_engine_mend_scores(struct tarn_engine *e)
{
    const struct tarn_request *first = NULL;
    for (const struct tarn_request *q = e->active; q && !first; q = q->next)
        first = q->no_scores ? q : NULL;
    if (!first)
        return;
    struct tarn_error why = { TARN_OK, "" };
    tarn_fail(&why, TARN_DEVICE,
              "The device gave no finite scores at position %u.",
              first->seq->n_ids);
    const bool again = tarn_engine_fall_back(e, &why);
    for (struct tarn_request *q = e->active; q; q = q->next) {
        if (q->no_scores && !again)
            fail(q);
        q->no_scores = false;
    }
}
