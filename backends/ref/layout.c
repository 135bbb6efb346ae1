/* layout.c - the work memory of a plan: one block, cut up in one place.
 * Called twice, to count and to cut, so the two can't disagree. */
#include "backends/ref/inside.h"

struct carving {
    uint8_t *base; /* NULL: only counting */
    size_t at;
    bool full; /* more than size_t holds */
};

/* n * m elements of `size` bytes at a multiple of 64. */
static void *carve(struct carving *c, size_t n, size_t m, size_t size)
{
    const size_t at = (c->at + 63) / 64 * 64;
    if (c->full || at < c->at || (m != 0 && n > SIZE_MAX / m) ||
        n * m > (SIZE_MAX - at) / size) {
        c->full = true;
        return NULL;
    }
    c->at = at + n * m * size;
    return c->base ? c->base + at : NULL;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

uint32_t tarn_ref_slots(const struct tarn_plan *plan)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].op == TARN_ROUTE ||
            plan->steps[i].op == TARN_EXPERTS)
            n = larger(n, plan->steps[i].slot + 1u);
    return n;
}

/* What the plan's steps are made of. */
struct extent {
    bool attends, experts, logits;
    uint32_t max_width, expert_width, max_k;
};

static struct extent measure(const struct tarn_plan *plan)
{
    struct extent e = { 0 };
    for (uint32_t i = 0; i < plan->n_buffers; i++)
        e.max_width = larger(e.max_width, plan->widths[i]);
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const struct tarn_step *s = &plan->steps[i];
        e.attends |= s->op == TARN_ATTEND;
        e.logits |= s->op == TARN_LOGITS;
        e.experts |= s->op == TARN_EXPERTS;
        if (s->op == TARN_EXPERTS && s->w0)
            e.expert_width = larger(e.expert_width, s->w0->n_rows);
    }
    /* A plan without weights: as the shape says, else as wide as can be. */
    if (e.experts && e.expert_width == 0)
        e.expert_width =
            plan->shape.expert_width ? plan->shape.expert_width : e.max_width;
    e.max_k = larger(larger(e.max_width, e.expert_width),
                     larger(plan->shape.conv_len, plan->shape.head_dim));
    return e;
}

size_t tarn_ref_carve(const struct tarn_plan *plan, uint32_t n_slots,
                      void *base, struct tarn_ref_work *work)
{
    const struct tarn_shape *shape = &plan->shape;
    const struct extent e = measure(plan);
    const size_t rows = plan->max_rows, half = shape->head_dim / 2;
    const size_t used = shape->n_expert_used;
    struct carving c = { base, 0, false };
    float **buffers = carve(&c, plan->n_buffers, 1, sizeof(float *));
    work->buffers = buffers;
    for (uint32_t i = 0; i < plan->n_buffers; i++) {
        float *buffer = carve(&c, rows, plan->widths[i], sizeof(float));
        if (buffers)
            buffers[i] = buffer;
    }
    work->vector = carve(&c, e.max_k, 1, sizeof(float));
    work->q = carve(&c, rows, e.max_k, 1);
    work->d = carve(&c, rows, e.max_k / 32 + 1, sizeof(float));
    work->x = carve(&c, rows, 1, sizeof(float *));
    work->y = carve(&c, rows, 1, sizeof(float *));
    work->chosen = carve(&c, n_slots * rows, used, sizeof(uint16_t));
    work->gates = carve(&c, n_slots * rows, used, sizeof(float));
    if (e.logits)
        work->normed = carve(&c, rows, e.max_width, sizeof(float));
    if (e.attends) {
        const size_t chunks = plan->max_pos / TARN_PAGE_POSITIONS + 1;
        const size_t head = shape->head_dim;
        work->inverse = carve(&c, half, 1, sizeof(double));
        work->cosines = carve(&c, rows, half, sizeof(float));
        work->sines = carve(&c, rows, half, sizeof(float));
        work->query = carve(&c, e.max_width, 1, sizeof(float));
        work->key = carve(&c, e.max_width, 1, sizeof(float));
        work->k_turned = carve(&c, TARN_PAGE_POSITIONS, head, sizeof(float));
        work->v_chunk = carve(&c, TARN_PAGE_POSITIONS, head, sizeof(float));
        work->part = carve(&c, shape->n_head * chunks, 2 + head, sizeof(float));
    }
    if (e.experts) {
        work->gate = carve(&c, rows, e.expert_width, sizeof(float));
        work->up = carve(&c, rows, e.expert_width, sizeof(float));
        work->outputs = carve(&c, rows * used, e.max_width, sizeof(float));
        work->at = carve(&c, rows, 1, sizeof(uint32_t));
        work->wanted = carve(&c, shape->n_expert, 1, sizeof(uint16_t));
    }
    return c.full ? SIZE_MAX : c.at;
}
