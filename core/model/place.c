/* place.c - where a model's weights are: a backend, an open device, the plan
 * with its handles.  A model has one place, and may change it. */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/model/model.h"
#include "core/model/split.h"

/* Of a device's free memory: the rest goes into the ends of blocks. */
#define USED_PART(bytes) ((bytes) / 16 * 15)

/* ------------------------------------------------------------------ fitting */

/* Bytes of a layer's tensors; of all that belongs to no layer for n_layers.
 * Experts that are asked to stay with the processor don't count, nor what the
 * device reads in place. */
static uint64_t bytes_of(const struct tarn_model *m, uint32_t in_place,
                         uint32_t layer)
{
    uint64_t n = 0;
    for (size_t i = 0; i < tarn_gguf_n_tensors(m->gguf); i++) {
        const struct tarn_gguf_tensor *t = tarn_gguf_tensor_at(m->gguf, i);
        const bool inside = !strncmp(t->name, "blk.", 4);
        const unsigned long at =
            inside ? strtoul(t->name + 4, NULL, 10) : m->hp.n_layers;
        const bool stays = inside && strstr(t->name, "_exps.") &&
                           (at < m->cpu_experts ||
                            in_place == TARN_EXPERTS_IN_PLACE);
        n += at == layer && !stays ? t->size : 0;
    }
    return in_place == TARN_ALL_IN_PLACE ? 0 : n;
}

/* Bytes of one context, whole, and of the work, if all layers are there. */
struct needs {
    uint64_t kv, tails, work;
};

/* As cost() of the device says it, for the batches that an engine will take.
 * What it refuses needs nothing: a trial will tell. */
static struct needs needs_of(const struct tarn_model *m,
                             const struct tarn_backend *b)
{
    const uint32_t context = m->fit_context ? m->fit_context
                             : m->hp.context < TARN_DEFAULT_CONTEXT
                                 ? m->hp.context
                                 : TARN_DEFAULT_CONTEXT;
    uint32_t rows = m->fit_rows ? m->fit_rows : TARN_DEFAULT_ROWS;
    struct needs n = { 0 };
    struct tarn_model_plan blank;
    if (tarn_plan_make(m->gguf, &m->hp, b, NULL, &blank, NULL))
        return n;
    struct tarn_plan plan = tarn_plan_view(m, rows, context);
    struct tarn_state_shape state = tarn_state_view(m, m->fit_kv);
    plan.steps = blank.steps;
    plan.n_steps = blank.n_steps;
    plan.widths = blank.widths;
    plan.n_buffers = blank.n_buffers;
    state.kv_widths = blank.kv_widths;
    rows = rows < context ? rows : context;
    for (;; rows /= 2) {
        uint64_t page = 0, tail = 0;
        plan.max_rows = rows;
        if (b->cost(&m->host, 0, &plan, &state, &n.work, &page, &tail, NULL))
            break;
        n.kv =
            page * ((context + TARN_PAGE_POSITIONS - 1) / TARN_PAGE_POSITIONS);
        n.tails = tail * (1 + (TARN_DEFAULT_SEQS + TARN_DEFAULT_KEPT) *
                                  TARN_TAILS_PER_SEQ);
        if (m->fit_rows || rows <= 512 || n.work <= TARN_DEFAULT_WORK)
            break;
    }
    tarn_plan_finish(&blank);
    return n;
}

/* How many of the last layers a device has room for, with a context. */
static uint32_t layers_that_fit(const struct tarn_model *m,
                                const struct tarn_backend *b,
                                const struct tarn_device_info *d)
{
    const uint64_t room = USED_PART(d->memory_free);
    uint32_t n = 0, n_attn = 0, n_conv = 0;
    if (!d->memory_total)
        return m->hp.n_layers;
    const struct needs need = needs_of(m, b);
    /* Without weights cost() takes the vocabulary for a large one, which is
     * too much of a small device. */
    const uint64_t most = d->memory_free / 8;
    uint64_t taken = bytes_of(m, d->in_place, m->hp.n_layers) +
                     (need.work < most ? need.work : most);
    while (n < m->hp.n_layers) {
        const uint32_t layer = m->hp.n_layers - 1 - n;
        if (m->hp.layers[layer].n_head_kv)
            n_attn++;
        else
            n_conv++;
        taken += bytes_of(m, d->in_place, layer);
        const uint64_t kv = n_attn ? need.kv / m->hp.n_attn * n_attn : 0;
        const uint64_t tails = n_conv ? need.tails / m->hp.n_conv * n_conv : 0;
        if (taken + kv + tails > room)
            break;
        n++;
    }
    return n;
}

/* The best backend that computes with the processor; NULL: there is none. */
static const struct tarn_backend *processor(const struct tarn_model *m,
                                            const struct tarn_backend *but)
{
    for (size_t i = 0; i < m->rt->n_backends; i++) {
        const struct tarn_backend *b = m->rt->backends[i];
        struct tarn_device_info d = { .size = sizeof d };
        if (b != but && !tarn_device_look(b, &m->host, 0, &d, NULL) &&
            d.kind == TARN_DEVICE_CPU)
            return b;
    }
    return NULL;
}

/* ------------------------------------------------------------------ opening */

static enum tarn_status open_whole(struct tarn_model *m,
                                   const struct tarn_backend *b,
                                   struct tarn_place *p, struct tarn_error *err)
{
    p->backend = b;
    enum tarn_status s = tarn_device_open(b, &m->host, 0, &p->dev, err);
    return s ? s : tarn_plan_make(m->gguf, &m->hp, b, p->dev, &p->plan, err);
}

static enum tarn_status open_split(struct tarn_model *m,
                                   const struct tarn_backend *b,
                                   const struct tarn_backend *cpu,
                                   uint32_t layers, struct tarn_place *p,
                                   struct tarn_error *err)
{
    p->split = tarn_alloc(1, sizeof *p->split);
    if (!p->split)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for a split model");
    tarn_split_init(p->split, cpu, b, m->hp.n_layers - layers, m->cpu_experts,
                    &m->hp);
    p->backend = &p->split->table;
    enum tarn_status s = tarn_split_open(p->split, &m->host, &p->dev, err);
    return s ? s
             : tarn_plan_make(m->gguf, &m->hp, p->backend, p->dev, &p->plan,
                              err);
}

/* One try with so many layers on the device; none: all on the processor. */
static enum tarn_status try_layers(struct tarn_model *m,
                                   const struct tarn_backend *b,
                                   const struct tarn_backend *cpu,
                                   uint32_t layers, struct tarn_place *p,
                                   struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    if (layers == 0) {
        p->device = (struct tarn_device_info){ .size = sizeof p->device };
        s = tarn_device_look(cpu, &m->host, 0, &p->device, err);
        if (!s)
            s = open_whole(m, cpu, p, err);
    } else if (layers == m->hp.n_layers &&
               !(cpu && m->cpu_experts && m->hp.n_moe)) {
        s = open_whole(m, b, p, err);
    } else {
        s = open_split(m, b, cpu, layers, p, err);
    }
    if (s) {
        const struct tarn_device_info device = p->device;
        tarn_place_close(p);
        p->device = device;
    }
    return s;
}

/* After n layers did not fit: one less, then two, four and so on, since every
 * trial moves all weights. */
static uint32_t fewer(uint32_t n, uint32_t n_trials)
{
    const uint32_t off = UINT32_C(1) << (n_trials < 8 ? n_trials : 8);
    return n > off ? n - off : 0;
}

/* After a trial: the device may have found that it can't read in place. */
static bool found_out(const struct tarn_model *m, const struct tarn_backend *b,
                      struct tarn_device_info *d)
{
    struct tarn_device_info now = { .size = sizeof now };
    if (!d->in_place || tarn_device_look(b, &m->host, 0, &now, NULL) ||
        now.in_place == d->in_place)
        return false;
    *d = now;
    return true;
}

static void say_in_place(const struct tarn_model *m,
                         const struct tarn_device_info *d)
{
    if (d->in_place == TARN_ALL_IN_PLACE)
        tarn_log(m->rt, 0, "%s reads the weights where the file is mapped",
                 d->name);
    if (d->in_place == TARN_EXPERTS_IN_PLACE && m->hp.n_moe)
        tarn_log(m->rt, 0, "%s reads the experts in the machine's memory",
                 d->name);
}

enum tarn_status tarn_place_open(struct tarn_model *m,
                                 const struct tarn_backend *b, uint32_t layers,
                                 struct tarn_place *out, struct tarn_error *err)
{
    struct tarn_place p = { .device = { .size = sizeof p.device } };
    const uint32_t all = m->hp.n_layers;
    enum tarn_status s = tarn_device_look(b, &m->host, 0, &p.device, err);
    if (s)
        return s;
    const bool own = p.device.kind != TARN_DEVICE_CPU;
    const struct tarn_backend *cpu = own ? processor(m, b) : NULL;
    uint32_t n = all;
    if (own && cpu)
        n = layers == 0    ? layers_that_fit(m, b, &p.device)
            : layers < all ? layers
                           : all;
    s = try_layers(m, b, cpu, n, &p, err);
    /* A trial is the only thing that knows: a driver has its own ideas. */
    for (uint32_t k = 0; s == TARN_NO_MEMORY && cpu && layers == 0 && n > 0;
         k++) {
        n = found_out(m, b, &p.device) ? layers_that_fit(m, b, &p.device)
                                       : fewer(n, k);
        s = try_layers(m, b, cpu, n, &p, err);
    }
    if (s)
        return s;
    if (n > 0) {
        found_out(m, b, &p.device);
        say_in_place(m, &p.device);
    }
    if (p.split && m->cpu_experts > all - n)
        tarn_log(m->rt, 0,
                 "the experts of %u layers are with the processor",
                 (m->cpu_experts < all ? m->cpu_experts : all) - (all - n));
    if (n < all)
        tarn_log(m->rt, 0,
                 "%u of %u layers are on %s, the others on the "
                 "processor",
                 n, all, n ? p.device.name : "it: none");
    *out = p;
    return TARN_OK;
}

void tarn_place_close(struct tarn_place *p)
{
    tarn_plan_finish(&p->plan);
    if (p->dev)
        p->backend->close(p->dev);
    tarn_free(p->split);
    *p = (struct tarn_place){ .backend = NULL };
}

void tarn_model_change_place(struct tarn_model *m, struct tarn_place *p)
{
    const struct tarn_place old = { m->backend, m->dev, m->device, m->plan,
                                    m->split };
    m->backend = p->backend;
    m->dev = p->dev;
    m->device = p->device;
    m->plan = p->plan;
    m->split = p->split;
    m->info.backend = m->backend->name;
    *p = old;
}

enum tarn_status tarn_model_cost(const struct tarn_model *m,
                                 const struct tarn_plan *plan,
                                 const struct tarn_state_shape *shape,
                                 uint64_t *work_bytes, uint64_t *page_bytes,
                                 uint64_t *tail_bytes, struct tarn_error *err)
{
    return m->split ? tarn_split_cost(m->split, &m->host, plan, shape,
                                      work_bytes, page_bytes, tail_bytes, err)
                    : m->backend->cost(&m->host, 0, plan, shape, work_bytes,
                                       page_bytes, tail_bytes, err);
}

bool tarn_model_shrink(struct tarn_model *m)
{
    const struct tarn_backend *b = m->split ? m->split->part[1] : m->backend;
    const struct tarn_backend *cpu = processor(m, b);
    uint32_t n = m->hp.n_layers - (m->split ? m->split->n_first : 0);
    struct tarn_place p = { m->backend, m->dev, m->device, m->plan, m->split };
    enum tarn_status s = TARN_NO_MEMORY;
    if (m->device.kind == TARN_DEVICE_CPU || !cpu)
        return false;
    tarn_place_close(&p); /* first: its memory is what is missing */
    m->backend = cpu;
    m->info.backend = cpu->name;
    m->dev = NULL;
    m->plan = (struct tarn_model_plan){ 0 };
    m->split = NULL;
    while (s == TARN_NO_MEMORY && n > 0) {
        n = fewer(n, m->n_shrunk++);
        p = (struct tarn_place){ .device = m->device };
        s = try_layers(m, b, cpu, n, &p, NULL);
    }
    if (s)
        return false;
    tarn_model_change_place(m, &p);
    tarn_log(m->rt, 0,
             "%u of %u layers are on the graphics device, which has "
             "no room for more",
             n, m->hp.n_layers);
    return true;
}
