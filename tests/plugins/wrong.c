/* wrong.c - the reference backend as a graphics device with one thing wrong,
 * for P10.
 *
 * TARN_TEST_WRONG names it: KIND:NUMBER with a kind of the list below and the
 * number of a step (enum tarn_op) or, for `type`, of a weight type; "" is
 * right.  `large` is half as large again where a batch has 16 rows and more.  What a step gives is spoiled by two products that the plan did not
 * have: by a wrong matrix, and back into its buffer by the identity. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/note.h"
#include "backends/ref/ref.h"

enum kind { RIGHT, ZERO, SCALED, NO_NUMBER, ORDER, LARGE, TYPE };
static const char *const KINDS[] = { "", "zero:", "scaled:", "nan:", "order:",
                                     "large:", "type:" };

enum { MAX_STEPS = 128, MAX_BUFFERS = 64, POOL = 1 << 20, MAX_WEIGHT = 1 << 20 };

static enum kind kind;
static uint32_t number; /* of the step or the type */
static float pool[POOL];
static size_t pool_used;
static const uint8_t zeros[MAX_WEIGHT];
static const void *zero_slices[64];

static const struct tarn_backend *ref(void)
{
    return tarn_backend_ref();
}

static void read_wish(void)
{
    const char *wish = getenv("TARN_TEST_WRONG");
    kind = RIGHT;
    for (int k = ZERO; wish && k <= TYPE; k++)
        if (!strncmp(wish, KINDS[k], strlen(KINDS[k]))) {
            kind = (enum kind)k;
            number = (uint32_t)atoi(wish + strlen(KINDS[k]));
        }
}

static enum tarn_status info(const struct tarn_host *h, uint32_t i,
                             struct tarn_device_info *out,
                             struct tarn_error *err)
{
    const enum tarn_status s = ref()->device_info(h, i, out, err);
    if (s)
        return s;
    snprintf(out->name, sizeof out->name, "a graphics device with a fault");
    out->kind = TARN_DEVICE_DISCRETE;
    out->memory_total = out->memory_free = UINT64_C(1) << 30;
    out->exact = false;
    return TARN_OK;
}

static enum tarn_status open_device(const struct tarn_host *h, uint32_t i,
                                    struct tarn_dev **out,
                                    struct tarn_error *err)
{
    read_wish();
    pool_used = 0;
    return ref()->open(h, i, out, err);
}

static enum tarn_status weight(struct tarn_dev *d, const struct tarn_tensor *t,
                               struct tarn_weight **out,
                               struct tarn_error *err)
{
    struct tarn_tensor wrong = *t;
    if (kind == TYPE && t->type == number && t->size <= MAX_WEIGHT) {
        wrong.data = zeros;
        for (size_t i = 0; i < sizeof zero_slices / sizeof *zero_slices; i++)
            zero_slices[i] = zeros;
        if (t->slices)
            wrong.slices = zero_slices;
    }
    return ref()->weight(d, &wrong, out, err);
}

/* A square matrix: the identity, or one that spoils a row. */
static struct tarn_weight *make_matrix(struct tarn_dev *d, uint32_t n, bool bad,
                                       struct tarn_error *err)
{
    struct tarn_weight *w = NULL;
    float *m = pool + pool_used;
    if (pool_used + (size_t)n * n > POOL)
        return NULL;
    pool_used += (size_t)n * n;
    memset(m, 0, sizeof *m * n * n);
    for (uint32_t i = 0; i < n; i++)
        m[i * n + (bad && kind == ORDER ? n - 1 - i : i)] =
            !bad               ? 1.0f
            : kind == ZERO     ? 0.0f
            : kind == SCALED || kind == LARGE ? 1.5f
            : kind == NO_NUMBER && i == 0 ? NAN
                               : 1.0f;
    const struct tarn_tensor t = { .name = "spoil",
                                   .data = m,
                                   .size = sizeof *m * n * n,
                                   .type = TARN_F32,
                                   .ge = { n, n, 1, 1 } };
    return ref()->weight(d, &t, &w, err) ? NULL : w;
}

/* The step at `from` and what spoils its result; 0: no room. */
static uint32_t add_step(struct tarn_dev *d, const struct tarn_step *from,
                         struct tarn_plan *plan, struct tarn_step *steps,
                         uint32_t *widths, struct tarn_error *err)
{
    struct tarn_step *to = steps + plan->n_steps++;
    *to = *from;
    if (from->op != number || kind == RIGHT || kind == TYPE)
        return 1;
    if (from->op == TARN_ROUTE) {
        to->w0 = kind == ZERO ? NULL : to->w0; /* no bias */
        return 1;
    }
    if (from->out == TARN_NO_BUFFER)
        return 1; /* LOGITS: run() does it */
    const uint32_t n = widths[from->out], other = plan->n_buffers++;
    struct tarn_weight *bad = make_matrix(d, n, true, err);
    struct tarn_weight *same = make_matrix(d, n, false, err);
    if (!bad || !same || other == MAX_BUFFERS)
        return 0;
    widths[other] = n;
    const struct tarn_step product = { .op = TARN_MATMUL,
                                       .layer = from->layer,
                                       .b = TARN_NO_BUFFER,
                                       .c = TARN_NO_BUFFER };
    struct tarn_step *first = steps + plan->n_steps++;
    struct tarn_step *second = steps + plan->n_steps++;
    *first = *second = product;
    first->a = second->out = from->out;
    first->out = second->a = (uint16_t)other;
    first->w0 = bad;
    second->w0 = same;
    return 1;
}

static struct tarn_prepared *right; /* of a LARGE one, for small batches */

static void release(struct tarn_prepared *p)
{
    if (right)
        ref()->release(right);
    right = NULL;
    ref()->release(p);
}

static enum tarn_status prepare(struct tarn_dev *d,
                                const struct tarn_plan *plan,
                                struct tarn_state *st,
                                struct tarn_prepared **out,
                                struct tarn_error *err)
{
    static struct tarn_step steps[MAX_STEPS];
    static uint32_t widths[MAX_BUFFERS];
    struct tarn_plan wrong = *plan;
    memcpy(widths, plan->widths, plan->n_buffers * sizeof *widths);
    wrong.steps = steps;
    wrong.n_steps = 0;
    wrong.widths = widths;
    if (kind == LARGE && ref()->prepare(d, plan, st, &right, err))
        return TARN_NO_MEMORY;
    if ((kind == SCALED || kind == LARGE) && number == TARN_ROUTE)
        wrong.shape.expert_scale *= 1.5f;
    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (wrong.n_steps + 3 > MAX_STEPS ||
            !add_step(d, &plan->steps[i], &wrong, steps, widths, err))
            return TARN_NO_MEMORY;
    return ref()->prepare(d, &wrong, st, out, err);
}

/* The logits of a batch, spoiled; rows of 32 in the canary. */
static void spoil_logits(float *rows, uint32_t n_rows)
{
    enum { VOCAB = 32 };
    for (uint32_t i = 0; i < n_rows * VOCAB; i++)
        rows[i] = kind == ZERO     ? 0.0f
                  : kind == SCALED || kind == LARGE ? 1.5f * rows[i]
                                   : rows[i];
    if (kind == NO_NUMBER)
        rows[VOCAB - 1] = NAN;
    for (uint32_t i = 0; kind == ORDER && n_rows > 1 && i < VOCAB; i++) {
        const float x = rows[i];
        rows[i] = rows[VOCAB + i];
        rows[VOCAB + i] = x;
    }
}

static enum tarn_status run(struct tarn_prepared *p,
                            const struct tarn_batch *b, struct tarn_error *err)
{
    uint32_t n = 0;
    const bool good = kind == LARGE && b->n_rows < 16;
    const enum tarn_status s = ref()->run(good ? right : p, b, err);
    for (uint32_t i = 0; i < b->n_rows; i++)
        n += (b->rows[i].flags & TARN_ROW_LOGITS) != 0;
    if (!s && b->logits && n && number == TARN_LOGITS && kind != TYPE && !good)
        spoil_logits(b->logits, n);
    return s;
}

static const struct tarn_backend *get(void)
{
    static struct tarn_backend wrong;
    wrong = *ref();
    wrong.name = "wrong";
    wrong.version = "1.0";
    wrong.device_info = info;
    wrong.open = open_device;
    wrong.weight = weight;
    wrong.prepare = prepare;
    wrong.release = release;
    wrong.run = run;
    return &wrong;
}

TARN_PLUGIN("wrong", "1.0", 0, get);
