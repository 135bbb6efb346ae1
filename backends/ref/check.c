/* check.c - what ref knows of its weights and states, for plan_check.h. */
#include "backends/plan_check.h"
#include "backends/ref/inside.h"

static struct tarn_weight_facts weight_facts(const struct tarn_weight *w,
                                             enum tarn_role role)
{
    return (struct tarn_weight_facts){
        .name = w->name,
        .k = w->k,
        .n_rows = w->n_rows,
        .n_slices = w->n_slices,
        .unfit = !w->data && role != TARN_AS_STACK
                     ? "only a stack of experts may come in pieces"
                     : NULL,
    };
}

static struct tarn_plan_facts facts_of(const struct tarn_state *st,
                                       bool shapes_only)
{
    return (struct tarn_plan_facts){
        .shapes_only = shapes_only,
        .weight = weight_facts,
        .state = st ? &st->shape : NULL,
        .n_pages = st ? st->n_pages : 0,
        .n_tails = st ? st->n_tails : 0,
    };
}

enum tarn_status tarn_ref_check_plan(const struct tarn_plan *plan,
                                     const struct tarn_state *st,
                                     bool shapes_only, struct tarn_error *err)
{
    const struct tarn_plan_facts facts = facts_of(st, shapes_only);
    if (plan->max_rows == 0 || plan->max_rows > 65536 ||
        plan->max_pos > 1u << 24 || tarn_ref_slots(plan) > 4096)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                                 "A plan may have 1 to 65,536 rows, 16,777,216 "
                                 "positions and 4,096 routing slots.");
    return tarn_check_plan(plan, &facts, err);
}

enum tarn_status tarn_ref_check_batch(const struct tarn_prepared *p,
                                      const struct tarn_batch *b,
                                      struct tarn_error *err)
{
    const struct tarn_plan_facts facts = facts_of(p->st, false);
    return tarn_check_batch(&p->plan, &facts, b, err);
}
