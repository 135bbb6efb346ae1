/* dummy.c - see dummy.h.
 * A page holds the tokens of 256 positions, so a row knows all tokens before
 * it wherever the plan has attention; without, a row knows its own token. */
#include "backends/dummy/dummy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/dummy/options.h"
#include "backends/fail.h"
#include "backends/numerics.h"
#include "backends/state_shape.h"

struct tarn_dev {
    const struct tarn_host *host;
    struct tarn_dummy_options options;
    struct item *items; /* owned: everything made on the device */
    uint64_t n_runs, n_prepares;
};

/* First member of all that a device owns. */
struct item {
    struct item *next;
    struct tarn_dev *dev;
    bool is_state;
};

struct tarn_weight {
    struct item item;
    uint32_t n_rows;
};

struct tarn_state {
    struct item item;
    int32_t **pages; /* [n_pages] of [256] tokens */
    uint32_t n_pages, n_tails, n_attn;
    uint64_t page_size, tail_size; /* canonical bytes */
};

struct tarn_prepared {
    struct item item;
    struct tarn_state *st;
    uint32_t n_vocab, n_routes, n_expert, n_used, n_embd;
    bool has_out;
};

/* ----------------------------------------------------------------- memory */

static void *take(const struct tarn_host *host, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        return NULL;
    const size_t bytes = n * size + 1;
    void *p = host->alloc(host->user, bytes, 64);
    if (p)
        memset(p, 0, bytes);
    return p;
}

static void give(const struct tarn_host *host, void *p)
{
    if (p)
        host->free(host->user, p);
}

static enum tarn_status no_memory(struct tarn_error *err)
{
    return tarn_backend_fail(err, TARN_NO_MEMORY,
                             "There is no memory for the dummy device.");
}

static void *make_item(struct tarn_dev *dev, size_t size)
{
    struct item *i = take(dev->host, 1, size);
    if (!i)
        return NULL;
    i->dev = dev;
    i->next = dev->items;
    dev->items = i;
    return i;
}

static void drop_item(struct item *i)
{
    struct item **p = &i->dev->items;
    while (*p != i)
        p = &(*p)->next;
    *p = i->next;
    give(i->dev->host, i);
}

/* ----------------------------------------------------------------- device */

static uint32_t device_count(const struct tarn_host *host)
{
    (void)host;
    return 1;
}

static enum tarn_status device_info(const struct tarn_host *host,
                                    uint32_t index,
                                    struct tarn_device_info *out,
                                    struct tarn_error *err)
{
    struct tarn_dummy_options o;
    (void)host;
    if (index > 0)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "The dummy backend has one device.");
    const enum tarn_status s =
        tarn_dummy_options(getenv("TARN_DUMMY"), &o, err);
    if (s != TARN_OK)
        return s;
    *out = (struct tarn_device_info){
        .size = sizeof *out,
        .kind = TARN_DEVICE_SOFTWARE,
        .name = "Dummy",
        .detail = "makes its results up, for tests",
        .memory_total = o.memory,
        .memory_free = o.memory,
    };
    return TARN_OK;
}

static enum tarn_status open_device(const struct tarn_host *host,
                                    uint32_t device, struct tarn_dev **out,
                                    struct tarn_error *err)
{
    struct tarn_device_info info;
    struct tarn_dummy_options o;
    enum tarn_status s = device_info(host, device, &info, err);
    if (s == TARN_OK)
        s = tarn_dummy_options(getenv("TARN_DUMMY"), &o, err);
    if (s != TARN_OK)
        return s;
    struct tarn_dev *dev = take(host, 1, sizeof *dev);
    if (!dev)
        return no_memory(err);
    dev->host = host;
    dev->options = o;
    *out = dev;
    return TARN_OK;
}

static enum tarn_status take_weight(struct tarn_dev *dev,
                                    const struct tarn_tensor *t,
                                    struct tarn_weight **out,
                                    struct tarn_error *err)
{
    const uint64_t refuse = dev->options.refuse;
    char name[64];
    tarn_plain_name(name, sizeof name, t->name);
    if (tarn_type_traits(t->type).block == 0 || refuse == t->type ||
        refuse == 99 || t->ge[1] > INT32_MAX)
        return tarn_backend_fail(err, TARN_UNSUPPORTED,
                                 "The dummy device does not take \"%s\".",
                                 name);
    struct tarn_weight *w = make_item(dev, sizeof *w);
    if (!w)
        return no_memory(err);
    w->n_rows = (uint32_t)t->ge[1];
    *out = w;
    return TARN_OK;
}

static void free_weight(struct tarn_dev *dev, struct tarn_weight *w)
{
    (void)dev;
    if (w)
        drop_item(&w->item);
}

/* ------------------------------------------------------------------ state */

static enum tarn_status state_open(struct tarn_dev *dev,
                                   const struct tarn_state_shape *shape,
                                   struct tarn_state **out,
                                   struct tarn_error *err)
{
    struct tarn_state *st = make_item(dev, sizeof *st);
    if (!st)
        return no_memory(err);
    st->item.is_state = true;
    st->n_attn = shape->n_attn;
    tarn_state_bytes(shape, &st->page_size, &st->tail_size);
    *out = st;
    return TARN_OK;
}

static void state_close(struct tarn_state *st)
{
    if (!st)
        return;
    for (uint32_t i = 0; i < st->n_pages; i++)
        give(st->item.dev->host, st->pages[i]);
    give(st->item.dev->host, st->pages);
    drop_item(&st->item);
}

static enum tarn_status state_room(struct tarn_state *st, uint32_t n_pages,
                                   uint32_t n_tails, struct tarn_error *err)
{
    const struct tarn_host *host = st->item.dev->host;
    if (n_pages > st->n_pages) {
        int32_t **pages = take(host, n_pages, sizeof *pages);
        if (!pages)
            return no_memory(err);
        if (st->pages)
            memcpy(pages, st->pages, st->n_pages * sizeof *pages);
        give(host, st->pages);
        st->pages = pages;
        for (; st->n_pages < n_pages; st->n_pages++) {
            pages[st->n_pages] =
                take(host, TARN_PAGE_POSITIONS, sizeof **pages);
            if (!pages[st->n_pages])
                return no_memory(err);
        }
    }
    if (n_tails > st->n_tails)
        st->n_tails = n_tails;
    return TARN_OK;
}

static enum tarn_status check_number(const struct tarn_state *st, bool page,
                                     uint32_t n, struct tarn_error *err)
{
    return tarn_check_number(page, n, page ? st->n_pages : st->n_tails, err);
}

static enum tarn_status state_copy(struct tarn_state *st, bool page,
                                   uint32_t to, uint32_t from,
                                   struct tarn_error *err)
{
    enum tarn_status s = check_number(st, page, to, err);
    if (s == TARN_OK)
        s = check_number(st, page, from, err);
    if (s == TARN_OK && page && to != from)
        memcpy(st->pages[to], st->pages[from],
               TARN_PAGE_POSITIONS * sizeof **st->pages);
    return s;
}

/* The tokens stand at the beginning of the canonical bytes, as far as these
 * reach. */
static size_t page_bytes(const struct tarn_state *st, uint32_t n_pos)
{
    uint64_t n = n_pos < TARN_PAGE_POSITIONS ? n_pos : TARN_PAGE_POSITIONS;
    n *= sizeof(int32_t);
    return (size_t)(n < st->page_size ? n : st->page_size);
}

static enum tarn_status state_read(struct tarn_state *st, bool page, uint32_t n,
                                   uint32_t n_pos, void *out,
                                   struct tarn_error *err)
{
    const enum tarn_status s = check_number(st, page, n, err);
    if (s != TARN_OK)
        return s;
    memset(out, 0, (size_t)(page ? st->page_size : st->tail_size));
    if (page)
        memcpy(out, st->pages[n], page_bytes(st, n_pos));
    return TARN_OK;
}

static enum tarn_status state_write(struct tarn_state *st, bool page,
                                    uint32_t n, const void *in,
                                    struct tarn_error *err)
{
    const enum tarn_status s = check_number(st, page, n, err);
    if (s == TARN_OK && page)
        memcpy(st->pages[n], in, page_bytes(st, TARN_PAGE_POSITIONS));
    return s;
}

/* ------------------------------------------------------------------- plan */

static enum tarn_status prepare(struct tarn_dev *dev,
                                const struct tarn_plan *plan,
                                struct tarn_state *st,
                                struct tarn_prepared **out,
                                struct tarn_error *err)
{
    if (++dev->n_prepares == dev->options.nomem)
        return no_memory(err);
    struct tarn_prepared *p = make_item(dev, sizeof *p);
    if (!p)
        return no_memory(err);
    p->st = st;
    p->n_embd = plan->shape.n_embd;
    p->n_expert = plan->shape.n_expert;
    p->n_used = plan->shape.n_expert_used;
    p->has_out = plan->out_buffer != TARN_NO_BUFFER;
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        p->n_routes += plan->steps[i].op == TARN_ROUTE;
        if (plan->steps[i].op == TARN_LOGITS && plan->steps[i].w1)
            p->n_vocab = plan->steps[i].w1->n_rows;
    }
    *out = p;
    return TARN_OK;
}

static void release(struct tarn_prepared *p)
{
    if (p)
        drop_item(&p->item);
}

static enum tarn_status cost(const struct tarn_host *host, uint32_t device,
                             const struct tarn_plan *plan,
                             const struct tarn_state_shape *shape,
                             uint64_t *work_bytes, uint64_t *page_size,
                             uint64_t *tail_size, struct tarn_error *err)
{
    struct tarn_device_info info;
    const enum tarn_status s = device_info(host, device, &info, err);
    if (s != TARN_OK)
        return s;
    *work_bytes = 0; /* what a device that computes would take */
    for (uint32_t i = 0; i < plan->n_buffers; i++)
        *work_bytes +=
            (uint64_t)plan->widths[i] * plan->max_rows * sizeof(float);
    *page_size = 0;
    *tail_size = 0;
    if (shape)
        tarn_state_bytes(shape, page_size, tail_size);
    return TARN_OK;
}

static void close_device(struct tarn_dev *dev)
{
    if (!dev)
        return;
    while (dev->items)
        if (dev->items->is_state)
            state_close((struct tarn_state *)(void *)dev->items);
        else
            drop_item(dev->items);
    give(dev->host, dev);
}

/* -------------------------------------------------------------------- run */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Waits; true if the host wants to stop (and is heard). */
static bool rest(struct tarn_dev *dev, double ms, bool deaf)
{
    const double end = now_ms() + ms;
    for (double left = ms; left > 0; left = end - now_ms()) {
        if (!deaf && dev->host->cancelled &&
            dev->host->cancelled(dev->host->user))
            return true;
        const double nap = left < 5 ? left : 5;
        const struct timespec t = { 0, (long)(nap * 1e6) };
        nanosleep(&t, NULL);
    }
    return !deaf && dev->host->cancelled &&
           dev->host->cancelled(dev->host->user);
}

/* What a row knows: a hash of the tokens up to it, and how many of them stand
 * behind the last `after`. */
struct past {
    uint64_t hash;
    uint64_t answered; /* UINT64_MAX: no `after` yet */
};

static void add_token(const struct tarn_dummy_options *o, struct past *p,
                      int32_t token)
{
    p->hash = tarn_mix(p->hash ^ (uint32_t)token);
    if ((uint64_t)(uint32_t)token == o->after)
        p->answered = 0;
    else if (p->answered != UINT64_MAX)
        p->answered++;
}

static struct past look_back(const struct tarn_prepared *p,
                             const struct tarn_batch *b, uint32_t i)
{
    const struct tarn_dummy_options *o = &p->item.dev->options;
    const struct tarn_row *r = &b->rows[i];
    struct past past = { 1, UINT64_MAX };
    if (!p->st || p->st->n_attn == 0) {
        add_token(o, &past, r->token);
        return past;
    }
    for (uint32_t pos = 0; pos <= r->pos; pos++)
        add_token(o, &past,
                  p->st->pages[b->seqs[r->seq].pages[pos / 256]][pos % 256]);
    return past;
}

/* The likeliest next token: what it is told to say, the end, or any token of
 * the upper half of the vocabulary, which has no control tokens. */
static uint32_t next_token(const struct tarn_prepared *p,
                           const struct past *past)
{
    const struct tarn_dummy_options *o = &p->item.dev->options;
    const uint64_t at = past->answered == UINT64_MAX || past->answered < o->skip
                            ? UINT64_MAX
                            : past->answered - o->skip;
    uint64_t id = p->n_vocab / 2 + past->hash % (p->n_vocab - p->n_vocab / 2);
    if (at != UINT64_MAX && at < o->n_say)
        id = (uint64_t)o->say[at];
    else if (at != UINT64_MAX && at >= (o->n_say ? o->n_say : o->length))
        id = o->end;
    return (uint32_t)(id < p->n_vocab ? id : 0);
}

static void make_logits(const struct tarn_prepared *p, const struct past *past,
                        bool poisoned, float *logits)
{
    for (uint32_t id = 0; id < p->n_vocab; id++)
        logits[id] = (float)(tarn_mix(past->hash + id) >> 40) * 0x1p-21f;
    logits[next_token(p, past)] = 24.0f;
    for (uint32_t id = 0; poisoned && id < p->n_vocab; id++)
        logits[id] = NAN;
}

static void make_routes(const struct tarn_prepared *p,
                        const struct tarn_batch *b, uint32_t row)
{
    const size_t n = (size_t)p->n_routes * p->n_used;
    for (size_t i = 0; i < n; i++) {
        const uint64_t h = tarn_mix((uint64_t)b->rows[row].token << 32 |
                                    (b->rows[row].pos * 64u + i / p->n_used));
        if (b->experts) /* different ones within a layer */
            b->experts[row * n + i] =
                (uint16_t)((h + i % p->n_used) % p->n_expert);
        if (b->gates)
            b->gates[row * n + i] = 1.0f / (float)p->n_used;
    }
}

/* Faults of this run that end it; TARN_OK: none. */
static enum tarn_status fault(struct tarn_dev *dev, struct tarn_error *err)
{
    const struct tarn_dummy_options *o = &dev->options;
    const uint64_t n = ++dev->n_runs;
    if (n == o->fail)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "The dummy device was lost at run %llu, as it "
                                 "was told.",
                                 (unsigned long long)n);
    if (n == o->deaf)
        rest(dev, 5000, true);
    if (n == o->hang)
        while (!rest(dev, 1000, false))
            ;
    return TARN_OK;
}

static enum tarn_status run(struct tarn_prepared *p, const struct tarn_batch *b,
                            struct tarn_error *err)
{
    struct tarn_dev *dev = p->item.dev;
    const struct tarn_dummy_options *o = &dev->options;
    uint32_t n_logits = 0;
    const enum tarn_status s = fault(dev, err);
    if (s != TARN_OK)
        return s;
    for (uint32_t i = 0; i < b->n_rows; i++) {
        const struct tarn_row *r = &b->rows[i];
        if (p->st && p->st->n_attn > 0 && !(r->flags & TARN_ROW_REPLAY))
            p->st->pages[b->seqs[r->seq].pages[r->pos / 256]][r->pos % 256] =
                r->token;
        n_logits += (r->flags & TARN_ROW_LOGITS) != 0;
        make_routes(p, b, i);
        for (uint32_t k = 0; p->has_out && k < p->n_embd; k++)
            b->out[(size_t)i * p->n_embd + k] = (float)(r->token % 7) - 3.0f;
    }
    const double ms =
        (o->tps ? 1e3 * n_logits / (double)o->tps : 0) +
        (o->pps ? 1e3 * (b->n_rows - n_logits) / (double)o->pps : 0);
    if (rest(dev, ms, false))
        return tarn_backend_fail(err, TARN_CANCELLED,
                                 "The run was stopped on request.");
    for (uint32_t i = 0, at = 0; b->logits && i < b->n_rows; i++)
        if (p->n_vocab > 0 && (b->rows[i].flags & TARN_ROW_LOGITS)) {
            const struct past past = look_back(p, b, i);
            make_logits(p, &past, dev->n_runs == o->nan,
                        b->logits + (size_t)at++ * p->n_vocab);
        }
    return TARN_OK;
}

const struct tarn_backend *tarn_backend_dummy(void)
{
    static const struct tarn_backend dummy = {
        .size = sizeof dummy,
        .abi = TARN_BACKEND_ABI,
        .name = "dummy",
        .version = "1.0",
        .device_count = device_count,
        .device_info = device_info,
        .open = open_device,
        .close = close_device,
        .weight = take_weight,
        .weight_free = free_weight,
        .state_open = state_open,
        .state_close = state_close,
        .state_room = state_room,
        .state_copy = state_copy,
        .state_read = state_read,
        .state_write = state_write,
        .prepare = prepare,
        .release = release,
        .cost = cost,
        .run = run,
    };
    return &dummy;
}
