/* digests.c - digests of a device against those that are made of its own logits.
 *
 * The head's rows are chosen so that logits come as they like, in ties, all
 * equal, as zeros of both signs and with numbers that are none; vocabularies
 * are multiples of nothing. */
#include <math.h>
#include <stdio.h>

#include "backends/conformance/inside.h"
#include "backends/digest.h"

enum { K = 32, ROWS = 5, MOST_VOCAB = 5000, MOST_BEST = 600 };
enum heads { ANY, TIES, EQUAL, ZEROS, SPOILED, N_HEADS };

struct digests {
    struct conf_side *side;
    uint32_t n_vocab;
    enum heads head;
    struct conf_case *c;
    struct tarn_weight *w[3];
    struct tarn_prepared *prepared;
    float *logits; /* [ROWS][n_vocab] */
    int32_t *ids;  /* [2][ROWS][MOST_BEST] got and wanted */
    float *best;   /* the same */
    char *why;     /* [200] */
    struct tarn_error err;
};

/* table: activations; norm: ones; head [n_vocab][K]. */
static void make_tensors(struct digests *d)
{
    struct conf_case *c = d->c;
    conf_tensor(c, "table", TARN_F32, K, ROWS, 1, CONF_SANE);
    conf_vector(c, "norm", K, 1.0f, 0.1f);
    conf_tensor(c, "head", TARN_F32, K, d->n_vocab, 1, CONF_SANE);
    if (c->arena->out_of_memory)
        return;
    float *head = (float *)(uintptr_t)c->tensors[2].data;
    for (uint32_t i = 0; i < d->n_vocab; i++)
        for (uint32_t k = 0; k < K; k++) {
            float *v = &head[(size_t)i * K + k];
            if (d->head == EQUAL || (d->head == TIES && i >= 40))
                *v = head[i % (d->head == EQUAL ? 1 : 7) * (size_t)K + k];
            if (d->head == ZEROS)
                *v = i % 3 ? -0.0f : 0.0f;
        }
    if (d->head == SPOILED)
        head[(size_t)(d->n_vocab / 2) * K] = NAN;
}

static enum tarn_status prepare(struct digests *d)
{
    const struct tarn_backend *b = d->side->backend;
    enum tarn_status s = TARN_OK;
    for (int i = 0; i < 3 && s == TARN_OK; i++)
        s = b->weight(d->side->dev, &d->c->tensors[i], &d->w[i], &d->err);
    if (s != TARN_OK)
        return s;
    enum { NB = TARN_NO_BUFFER };
    const struct tarn_step steps[] = {
        { .op = TARN_EMBED, .a = NB, .b = NB, .c = NB, .out = 0, .w0 = d->w[0] },
        { .op = TARN_LOGITS, .a = 0, .b = NB, .c = NB, .out = NB,
          .w0 = d->w[1], .w1 = d->w[2] },
    };
    const uint32_t width = K;
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape, .n_embd = K, .norm_eps = 1e-5f },
        .steps = steps,
        .n_steps = 2,
        .widths = &width,
        .n_buffers = 1,
        .max_rows = ROWS,
        .max_pos = ROWS,
        .in_buffer = NB,
        .out_buffer = NB,
    };
    return b->prepare(d->side->dev, &plan, NULL, &d->prepared, &d->err);
}

/* All rows want logits but, of several, the second. */
static enum tarn_status run(struct digests *d, uint32_t n_rows, float *logits,
                            struct tarn_digest *digests)
{
    struct tarn_row rows[ROWS];
    for (uint32_t i = 0; i < n_rows; i++)
        rows[i] = (struct tarn_row){
            .token = (int32_t)i, .pos = i,
            .flags = i == 1 ? 0 : (uint32_t)TARN_ROW_LOGITS };
    const struct tarn_seq seq = { 0 };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows,
                                      .n_rows = n_rows,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .logits = logits,
                                      .digests = digests };
    d->side->watch.allocated_in_run = 0;
    d->side->watch.running = true;
    const enum tarn_status s =
        d->side->backend->run(d->prepared, &batch, &d->err);
    d->side->watch.running = false;
    return s;
}

static bool near(double a, double b)
{
    const double far = fabs(b) > 1 ? fabs(b) : 1;
    return isfinite(b) ? fabs(a - b) <= 1e-6 * far
                       : isnan(b) ? isnan(a) != 0 : isinf(a) && a < 0;
}

static bool agree(const struct digests *d, uint32_t row,
                  const struct tarn_digest *got, const struct tarn_digest *want)
{
    if (!near(got->log_sum_exp, want->log_sum_exp) ||
        (isfinite(want->log_sum_exp) && !near(got->entropy, want->entropy))) {
        snprintf(d->why, 200,
                 "%u tokens (%d), row %u: log-sum-exp %.9g, not %.9g; entropy "
                 "%.9g, not %.9g",
                 d->n_vocab, (int)d->head, row, got->log_sum_exp,
                 want->log_sum_exp, got->entropy, want->entropy);
        return false;
    }
    if (!isfinite(want->log_sum_exp))
        return true; /* no order is asked for */
    bool good = got->n_best == want->n_best;
    uint32_t at = 0;
    for (; good && at < want->n_best; at++)
        good = got->best_ids[at] == want->best_ids[at] &&
               tarn_f32_bits(got->best_logits[at]) ==
                   tarn_f32_bits(want->best_logits[at]);
    if (!good)
        snprintf(d->why, 200,
                 "%u tokens (%d), row %u: %u best of %u wanted, and of them "
                 "number %u is another",
                 d->n_vocab, (int)d->head, row, got->n_best, want->n_best, at);
    return good;
}

static struct tarn_digest digest_at(const struct digests *d, uint32_t k,
                                    uint32_t i)
{
    return (struct tarn_digest){ .k = k,
                                 .best_ids = d->ids + i * MOST_BEST,
                                 .best_logits = d->best + i * MOST_BEST };
}

/* Rows ask for different numbers. */
static bool compare(struct digests *d, uint32_t n_rows, uint32_t k)
{
    struct tarn_digest got[ROWS];
    const uint32_t n = n_rows > 1 ? n_rows - 1 : 1;
    for (uint32_t i = 0; i < n; i++)
        got[i] = digest_at(d, k > 3 * i ? k - 3 * i : k, i);
    const enum tarn_status s = run(d, n_rows, NULL, got);
    if (s != TARN_OK || d->side->watch.allocated_in_run) {
        snprintf(d->why, 200, "status %d, %u allocations: %.150s", (int)s,
                 d->side->watch.allocated_in_run, s ? d->err.text : "");
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct tarn_digest want = digest_at(d, got[i].k, ROWS + i);
        tarn_digest_row(&want, d->logits + (size_t)i * d->n_vocab, d->n_vocab);
        if (!agree(d, i, &got[i], &want))
            return false;
    }
    return true;
}

static const char *compare_all(struct digests *d)
{
    static const uint32_t ks[] = { 1, 8, 145, MOST_BEST };
    for (uint32_t n_rows = 1; n_rows <= ROWS; n_rows += 2) {
        if (run(d, n_rows, d->logits, NULL) != TARN_OK)
            return "plain logits can't be had";
        for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
            if (!compare(d, n_rows, ks[i]))
                return d->why;
    }
    return NULL;
}

static const char *check_one(struct conf_side *side, struct conf_arena *arena,
                             uint32_t n_vocab, enum heads head, bool has)
{
    struct digests d = { .side = side, .n_vocab = n_vocab, .head = head };
    const char *why = NULL;
    d.c = conf_alloc(arena, 1, sizeof *d.c);
    d.logits = conf_alloc(arena, (size_t)ROWS * n_vocab, sizeof(float));
    d.ids = conf_alloc(arena, 2 * ROWS * MOST_BEST, sizeof *d.ids);
    d.best = conf_alloc(arena, 2 * ROWS * MOST_BEST, sizeof *d.best);
    d.why = conf_alloc(arena, 200, 1);
    if (d.c) {
        d.c->arena = arena;
        d.c->random.state = n_vocab + (uint64_t)head;
        make_tensors(&d);
    }
    if (arena->out_of_memory)
        return "there is no memory for it";
    const enum tarn_status s = prepare(&d);
    struct tarn_digest one = digest_at(&d, 8, 0);
    if (s == TARN_UNSUPPORTED)
        why = NULL; /* a backend that is not complete */
    else if (s != TARN_OK)
        why = "a plain head can't be prepared";
    else if (has)
        why = compare_all(&d);
    else if (run(&d, 1, NULL, &one) != TARN_UNSUPPORTED)
        why = "a device without digests does not refuse them";
    if (d.prepared)
        side->backend->release(d.prepared);
    for (int i = 3; i-- > 0;)
        if (d.w[i])
            side->backend->weight_free(side->dev, d.w[i]);
    return why;
}

const char *conf_check_digests(struct conf_side *side, struct conf_arena *arena)
{
    static const uint32_t sizes[] = { 1, 7, 250, 1999, 2049, MOST_VOCAB };
    struct tarn_device_info info = { .size = sizeof info };
    if (side->backend->device_info(&side->watch.host, side->device, &info,
                                   NULL) != TARN_OK)
        return "device_info() fails";
    if (!info.digests)
        return check_one(side, arena, 7, ANY, false);
    const char *why = NULL;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !why; i++)
        for (int head = 0; head < N_HEADS && !why; head++)
            why = check_one(side, arena, sizes[i], (enum heads)head, true);
    return why;
}
