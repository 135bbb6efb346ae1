/* check.c - what the Vulkan backend knows of its weights and states, and what
 * it can take, for plan_check.h. */
#include "backends/plan_check.h"
#include "backends/vulkan/inside.h"

enum { MAX_ROWS = 4096, MAX_POS = 1 << 20, MAX_HEAD = 256, MAX_EXPERTS = 1024 };

static struct tarn_weight_facts weight_facts(const struct tarn_weight *w,
                                             enum tarn_role role)
{
    const char *unfit = NULL;
    if (role == TARN_AS_VECTOR && !w->floats)
        unfit = "a vector of a quantised type";
    if (role == TARN_AS_KERNEL && !vk_is_plain(w->type))
        unfit = "a kernel of a quantised type";
    return (struct tarn_weight_facts){ w->name, w->k, w->n_rows, w->n_slices,
                                       unfit };
}

static struct tarn_plan_facts facts_of(const struct tarn_state *st,
                                       bool shapes_only)
{
    return (struct tarn_plan_facts){
        .shapes_only = shapes_only,
        .max_head = MAX_HEAD,
        .max_experts = MAX_EXPERTS,
        .weight = weight_facts,
        .state = st ? &st->shape : NULL,
        .n_pages = st ? st->n_pages : 0,
        .n_tails = st ? st->n_tails : 0,
    };
}

enum tarn_status vk_check_plan(const struct tarn_plan *plan,
                               const struct tarn_state *st, bool shapes_only,
                               struct tarn_error *err)
{
    const struct tarn_plan_facts facts = facts_of(st, shapes_only);
    if (plan->max_rows == 0 || plan->max_rows > MAX_ROWS ||
        plan->max_pos > MAX_POS || plan->n_buffers > 4096)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                                 "A plan for Vulkan may have 1 to 4,096 rows, "
                                 "1,048,576 positions and 4,096 buffers.");
    return tarn_check_plan(plan, &facts, err);
}

/* ------------------------------------------------------------------ batch */

/* Shaders clamp a token to the table; the sentence comes from here. */
static enum tarn_status check_token(const struct tarn_prepared *p,
                                    int32_t token, struct tarn_error *err)
{
    for (uint32_t i = 0; i < p->plan.n_steps; i++) {
        const struct tarn_step *s = &p->steps[i];
        if (s->op == TARN_EMBED &&
            (token < 0 || (uint32_t)token >= s->w0->n_rows))
            return tarn_backend_fail(err, TARN_INTERNAL,
                                     "Token %d is not among the model's %u.",
                                     token, s->w0->n_rows);
        if (s->op == TARN_EMBED)
            break;
    }
    return TARN_OK;
}

enum tarn_status vk_check_batch(struct tarn_prepared *p,
                                const struct tarn_batch *b,
                                struct tarn_error *err)
{
    const struct tarn_plan_facts facts = facts_of(p->st, false);
    enum tarn_status s = tarn_check_batch(&p->plan, &facts, b, err);
    if (s == TARN_OK && b->n_seqs > p->plan.max_rows)
        s = tarn_backend_fail(err, TARN_INTERNAL,
                              "A batch of %u sequences came; the plan was "
                              "prepared for %u.",
                              b->n_seqs, p->plan.max_rows);
    for (uint32_t i = 0; i < b->n_rows && s == TARN_OK; i++)
        s = check_token(p, b->rows[i].token, err);
    return s;
}
