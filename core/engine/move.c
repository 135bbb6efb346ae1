/* move.c - the engine on another backend: chosen by a person between two
 * turns, or by need when a device fails in the middle of one.
 *
 * Everything is made there first; only then does anything change here.  K/V
 * pages and tails go over in their canonical bytes, so nothing is computed
 * twice.  From a device that failed nothing can be read: its sequences keep
 * their tokens and are computed again, where they are wanted. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/engine/engine.h"
#include "core/engine/state_file.h"
#include "core/model/split.h"

/* What an engine has on a device, besides the model's weights. */
struct there {
    struct tarn_place place; /* while it is not the model's */
    struct tarn_state *state;
    struct tarn_prepared *prepared;
};

/* The model's place and the engine's parts change hands. */
static void change(struct tarn_engine *e, struct there *t)
{
    struct tarn_state *state = e->cache.state;
    struct tarn_prepared *prepared = e->prepared;
    tarn_model_change_place(e->model, &t->place);
    e->cache.state = t->state;
    e->prepared = t->prepared;
    t->state = state;
    t->prepared = prepared;
}

static void close_there(struct there *t)
{
    if (t->prepared)
        t->place.backend->release(t->prepared);
    if (t->state)
        t->place.backend->state_close(t->state);
    tarn_place_close(&t->place);
}

static enum tarn_status open_there(struct tarn_engine *e,
                                   const struct tarn_backend *b,
                                   struct there *t, struct tarn_error *err)
{
    struct tarn_model *m = e->model;
    const struct tarn_kv_cache *c = &e->cache;
    *t = (struct there){ .state = NULL };
    enum tarn_status s =
        tarn_place_open(m, b, m->device_layers, &t->place, err);
    if (s)
        return s;
    struct tarn_state_shape shape = tarn_state_view(m, c->kv_type);
    struct tarn_plan plan = tarn_plan_view(m, e->max_rows, c->n_context);
    plan.steps = t->place.plan.steps;
    b = t->place.backend; /* it may be a split one */
    s = b->state_open(t->place.dev, &shape, &t->state, err);
    if (!s)
        s = b->state_room(t->state, c->n_pages,
                          1 + c->n_slots * TARN_TAILS_PER_SEQ, err);
    if (!s)
        s = b->prepare(t->place.dev, &plan, t->state, &t->prepared, err);
    if (s)
        close_there(t);
    return s;
}

/* ------------------------------------------------------------------ copying */

struct carrier {
    const struct tarn_backend *from, *to;
    struct tarn_state *in, *out;
    uint8_t *bytes; /* of a page or a tail */
    struct tarn_error *err;
};

static enum tarn_status carry(const struct carrier *k, bool page, uint32_t n)
{
    enum tarn_status s = k->from->state_read(
        k->in, page, n, TARN_PAGE_POSITIONS, k->bytes, k->err);
    return s ? s : k->to->state_write(k->out, page, n, k->bytes, k->err);
}

static enum tarn_status carry_all(const struct tarn_kv_cache *c,
                                  const struct carrier *k)
{
    enum tarn_status s = TARN_OK;
    for (uint32_t i = 0; i < c->n_pages && !s; i++)
        if (c->page_users[i])
            s = carry(k, true, i);
    for (uint32_t i = 0; i < c->n_slots && !s; i++) {
        const struct tarn_sequence *q = &c->seqs[i];
        if (q->tail != TARN_TAIL_ZERO && q->n_kv)
            s = carry(k, false, q->tail);
        if (!s && q->has_saved)
            s = carry(k, false, q->saved);
    }
    return s;
}

static enum tarn_status copy_state(struct tarn_engine *e, struct there *t,
                                   struct tarn_error *err)
{
    const struct tarn_state_sizes size = tarn_state_sizes(&e->cache);
    const size_t most = size.page > size.tail ? size.page : size.tail;
    struct carrier k = { .from = e->model->backend,
                         .to = t->place.backend,
                         .in = e->cache.state,
                         .out = t->state,
                         .bytes = tarn_alloc(most + 1, 1),
                         .err = err };
    if (!k.bytes)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory to move the state");
    const enum tarn_status s = carry_all(&e->cache, &k);
    tarn_free(k.bytes);
    return s;
}

/* ------------------------------------------------------------------- public */

static const struct tarn_backend *find_backend(const struct tarn_runtime *rt,
                                               const char *name)
{
    for (size_t i = 0; i < rt->n_backends; i++)
        if (!strcmp(rt->backends[i]->name, name))
            return rt->backends[i];
    return NULL;
}

enum tarn_status tarn_engine_move(struct tarn_engine *e, const char *backend,
                                  struct tarn_error *err)
{
    struct tarn_model *m = e->model;
    const struct tarn_backend *b = find_backend(m->rt, backend);
    struct there t;
    if (e->active || atomic_load(&e->incoming))
        return tarn_fail(err, TARN_BUSY, "the engine is generating an answer");
    if (!b)
        return tarn_fail(err, TARN_USAGE,
                         "there is no usable backend \"%s\"; tarn backends "
                         "lists them",
                         tarn_shown_str(backend).text);
    if (b == m->backend || (m->split && b == m->split->part[1]))
        return TARN_OK;
    if (m->n_engines > 1)
        return tarn_fail(err, TARN_BUSY,
                         "another engine of this model is at work");
    enum tarn_status s = open_there(e, b, &t, err);
    if (s)
        return s;
    s = copy_state(e, &t, err);
    if (!s)
        change(e, &t);
    close_there(&t); /* what was left, or what was not reached */
    return s;
}

bool tarn_engine_fall_back(struct tarn_engine *e, const struct tarn_error *why)
{
    const struct tarn_model *m = e->model;
    struct there t;
    if (m->device.kind == TARN_DEVICE_CPU || m->n_engines > 1)
        return false;
    for (size_t i = 0; i < m->rt->n_backends; i++) {
        const struct tarn_backend *b = m->rt->backends[i];
        struct tarn_device_info info = { .size = sizeof info };
        if (b == m->backend ||
            tarn_device_look(b, &m->host, 0, &info, NULL) ||
            info.kind != TARN_DEVICE_CPU || open_there(e, b, &t, NULL))
            continue;
        tarn_log(m->rt, 1, "%s Going on with the processor (%s).", why->text,
                 b->name);
        change(e, &t);
        close_there(&t);
        tarn_kv_forget(&e->cache);
        return true;
    }
    return false;
}
