/* check.c - what the cpu backend knows of its weights and states, for
 * plan_check.h.
 *
 * The core made the plan from a checked file, so a failure here is a broken
 * invariant of the core, not of the file. */
#include "backends/cpu/cpu.h"
#include "backends/plan_check.h"

static struct tarn_weight_facts weight_facts(const struct tarn_weight *w,
                                             enum tarn_role role)
{
    return (struct tarn_weight_facts){
        .name = "a weight",
        .k = w->k,
        .n_rows = w->rows,
        .n_slices = w->n_slices,
        .unfit = !w->data && role != TARN_AS_STACK
                     ? "only a stack of experts may come in pieces"
                     : NULL,
    };
}

static struct tarn_plan_facts facts_of(const struct tarn_state *st)
{
    return (struct tarn_plan_facts){
        .weight = weight_facts,
        .state = st ? &st->shape : NULL,
        .n_pages = st ? st->n_pages : 0,
        .n_tails = st ? st->n_tails : 0,
    };
}

/* Heads lie in one piece where the state has no pages yet (prepare.c). */
static bool fits_units(const struct tarn_plan *plan,
                       const struct tarn_state *st)
{
    for (uint32_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].op == TARN_ATTEND &&
            st->unit % plan->shape.head_dim != 0)
            return false;
    return true;
}

enum tarn_status tarn_cpu_check_plan(const struct tarn_plan *plan,
                                     const struct tarn_state *st,
                                     struct tarn_error *err)
{
    const struct tarn_plan_facts facts = facts_of(st);
    const enum tarn_status s = tarn_check_plan(plan, &facts, err);
    if (s == TARN_OK && !fits_units(plan, st))
        return tarn_backend_fail(err, TARN_INTERNAL,
                                 "The plan's heads don't fit the state's.");
    return s;
}

enum tarn_status tarn_cpu_check_batch(const struct tarn_prepared *p,
                                      const struct tarn_batch *b,
                                      struct tarn_error *err)
{
    const struct tarn_plan_facts facts = facts_of(p->st);
    const struct tarn_plan limits = { .max_rows = p->max_rows,
                                      .max_pos = p->max_pos,
                                      .in_buffer = p->in_buffer,
                                      .out_buffer = p->out_buffer };
    return tarn_check_batch(&limits, &facts, b, err);
}
