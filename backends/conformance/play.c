/* play.c - runs a case on both sides and compares what comes out. */
#include <stdio.h>
#include <string.h>

#include "backends/conformance/inside.h"
#include "backends/numerics.h"

/* ------------------------------------------------------------------- host */

static void *watch_alloc(void *user, size_t size, size_t align)
{
    struct conf_watch *w = user;
    w->allocated_in_run += w->running;
    if (w->fail_after == 0)
        return NULL;
    if (w->fail_after > 0)
        w->fail_after--;
    void *p = w->real->alloc(w->real->user, size, align);
    w->held += p != NULL;
    return p;
}

static void watch_free(void *user, void *p)
{
    struct conf_watch *w = user;
    w->held -= p != NULL;
    if (p)
        w->real->free(w->real->user, p);
}

static void watch_log(void *user, int level, const char *sentence)
{
    struct conf_watch *w = user;
    if (w->real->log)
        w->real->log(w->real->user, level, sentence);
}

static void watch_parallel(void *user,
                           void (*fn)(void *arg, uint32_t i, uint32_t worker),
                           void *arg, uint32_t n)
{
    struct conf_watch *w = user;
    w->real->parallel(w->real->user, fn, arg, n);
}

static uint32_t watch_threads(void *user)
{
    struct conf_watch *w = user;
    return w->real->threads(w->real->user);
}

static bool watch_cancelled(void *user)
{
    struct conf_watch *w = user;
    w->asked++;
    return w->cancel_after > 0 && w->asked >= w->cancel_after;
}

static void watch_progress(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    (void)done;
    (void)total;
}

/* Makes the first experts present in all paged tensors of the layer (a case
 * has one layer of experts). */
static enum tarn_status watch_want(void *user, uint32_t layer,
                                   const uint16_t *ids, uint32_t n,
                                   uint32_t *n_present, struct tarn_error *err)
{
    struct conf_watch *w = user;
    (void)layer;
    (void)err;
    const uint32_t present = n < w->c->expert_slots ? n : w->c->expert_slots;
    for (uint32_t i = 0; i < w->c->n_tensors; i++) {
        const struct tarn_tensor *t = &w->c->tensors[i];
        for (uint32_t k = 0; w->slices[i] && k < present; k++)
            w->slices[i][ids[k]] =
                (const uint8_t *)t->data + t->size / t->ge[2] * ids[k];
    }
    *n_present = present;
    return TARN_OK;
}

static void watch_done(void *user, uint32_t layer)
{
    struct conf_watch *w = user;
    (void)layer;
    for (uint32_t i = 0; i < w->c->n_tensors; i++)
        for (uint64_t k = 0; w->slices[i] && k < w->c->tensors[i].ge[2]; k++)
            w->slices[i][k] = NULL;
}

void conf_watch_init(struct conf_watch *w, const struct tarn_host *real)
{
    memset(w, 0, sizeof *w);
    w->real = real;
    w->fail_after = -1;
    w->host = (struct tarn_host){
        .size = sizeof w->host,
        .user = w,
        .alloc = watch_alloc,
        .free = watch_free,
        .log = watch_log,
        .parallel = watch_parallel,
        .threads = watch_threads,
        .cancelled = watch_cancelled,
        .progress = watch_progress,
        .want_experts = watch_want,
        .done_experts = watch_done,
    };
}

/* ---------------------------------------------------------------- one side */

/* What one side made of a case. */
struct result {
    float *out;        /* [n_rows][n_embd] or NULL */
    float *logits;     /* [rows that want them][n_vocab] or NULL */
    uint16_t *experts; /* [n_rows][n_routes][n_expert_used] or NULL */
    float *gates;
    uint8_t *pages; /* [n_pages][page size] */
    float *tails;   /* [n_seqs][tail values], the last tail_out of each */
    uint32_t n_logits;
    size_t page_size, tail_values;
};

struct player {
    struct conf_side *side;
    struct conf_case *c;
    struct result *result;
    struct tarn_weight *weights[MAX_TENSORS];
    struct tarn_state *st;
    struct tarn_prepared *prepared;
    uint32_t turn[MAX_SEQS]; /* which of its two tails a sequence reads */
    struct tarn_error err;
};

static size_t page_size(const struct conf_case *c)
{
    const struct tarn_type_traits t = tarn_type_traits(c->state.kv_type);
    size_t size = 0;
    for (uint32_t i = 0; i < c->state.n_attn; i++)
        size += (size_t)c->kv_widths[i] / t.block * t.bytes * 512;
    return size;
}

static bool make_result(struct conf_case *c, struct result *r)
{
    const size_t used = c->shape.n_expert_used;
    memset(r, 0, sizeof *r);
    for (uint32_t i = 0; i < c->n_rows; i++)
        r->n_logits += (c->rows[i].flags & TARN_ROW_LOGITS) != 0;
    r->page_size = page_size(c);
    r->tail_values = c->state.n_conv == 0
                         ? 0
                         : (size_t)c->state.n_conv * (c->state.conv_len - 1) *
                               c->state.conv_width;
    r->out = conf_alloc(c->arena, (size_t)c->n_rows * c->shape.n_embd, 4);
    r->logits = conf_alloc(c->arena, (size_t)r->n_logits * c->n_vocab + 1, 4);
    r->experts = conf_alloc(c->arena, c->n_rows * c->n_routes * used + 1, 2);
    r->gates = conf_alloc(c->arena, c->n_rows * c->n_routes * used + 1, 4);
    r->pages = conf_alloc(c->arena, c->n_pages * r->page_size + 1, 1);
    r->tails = conf_alloc(c->arena, c->n_seqs * r->tail_values + 1, 4);
    return !c->arena->out_of_memory;
}

static enum tarn_status take_weights(struct player *p)
{
    const struct tarn_backend *b = p->side->backend;
    for (uint32_t i = 0; i < p->c->n_tensors; i++) {
        struct tarn_tensor t = p->c->tensors[i];
        p->side->watch.slices[i] = NULL;
        if (p->c->expert_slots > 0 && t.ge[2] > 1) {
            t.data = NULL;
            p->side->watch.slices[i] =
                conf_alloc(p->c->arena, (size_t)t.ge[2], sizeof(void *));
            t.slices = (const void *const *)p->side->watch.slices[i];
            if (!t.slices)
                return TARN_NO_MEMORY;
        }
        const enum tarn_status s =
            b->weight(p->side->dev, &t, &p->weights[i], &p->err);
        if (s != TARN_OK)
            return s;
    }
    return TARN_OK;
}

/* Random but sane contents for pages and, where the case wants that, tails
 * (new ones are zero); the same on both sides. */
static enum tarn_status fill_state(struct player *p)
{
    struct conf_random r = { p->c->random.state ^ 0x5eed };
    const struct tarn_backend *b = p->side->backend;
    const size_t size = p->result->page_size;
    uint8_t *page = conf_alloc(p->c->arena, size + 1, 1);
    float *tail = conf_alloc(p->c->arena, p->result->tail_values + 1, 4);
    if (!page || !tail)
        return TARN_NO_MEMORY;
    const struct tarn_type_traits t = tarn_type_traits(p->c->state.kv_type);
    enum tarn_status s = TARN_OK;
    for (uint32_t i = 0; i < p->c->n_pages && s == TARN_OK; i++) {
        conf_blocks(&r, p->c->state.kv_type, size / t.bytes, CONF_SANE, page);
        s = b->state_write(p->st, true, i, page, &p->err);
    }
    for (uint32_t i = 0;
         p->c->random_state && i < p->c->n_tails && s == TARN_OK; i++) {
        for (size_t k = 0; k < p->result->tail_values; k++)
            tail[k] = conf_float(&r);
        s = b->state_write(p->st, false, i, tail, &p->err);
    }
    return s;
}

static enum tarn_status open_state(struct player *p)
{
    struct conf_case *c = p->c;
    const struct tarn_backend *b = p->side->backend;
    if (c->state.n_attn == 0 && c->state.n_conv == 0)
        return TARN_OK;
    c->state.size = sizeof c->state;
    c->state.kv_widths = c->kv_widths;
    enum tarn_status s =
        b->state_open(p->side->dev, &c->state, &p->st, &p->err);
    /* In two goes: growing keeps what is there. */
    if (s == TARN_OK)
        s = b->state_room(p->st, c->n_pages / 2, c->n_tails / 2, &p->err);
    if (s == TARN_OK)
        s = b->state_room(p->st, c->n_pages, c->n_tails, &p->err);
    if (s == TARN_OK)
        s = fill_state(p);
    return s;
}

static enum tarn_status prepare(struct player *p)
{
    struct conf_case *c = p->c;
    struct tarn_step steps[MAX_STEPS];
    for (uint32_t i = 0; i < c->n_steps; i++) {
        steps[i] = c->steps[i].step;
        struct tarn_weight **w[3] = { &steps[i].w0, &steps[i].w1,
                                      &steps[i].w2 };
        for (int k = 0; k < 3; k++)
            *w[k] = c->steps[i].w[k] < 0 ? NULL : p->weights[c->steps[i].w[k]];
    }
    c->shape.size = sizeof c->shape;
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = c->shape,
        .steps = steps,
        .n_steps = c->n_steps,
        .widths = c->widths,
        .n_buffers = c->n_buffers,
        .max_rows = c->n_rows,
        .max_pos = MAX_PAGES * TARN_PAGE_POSITIONS,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = c->out_buffer,
    };
    return p->side->backend->prepare(p->side->dev, &plan, p->st, &p->prepared,
                                     &p->err);
}

/* Rows [first, end) as one batch; sequences are numbered anew. */
static enum tarn_status run_batch(struct player *p, uint32_t first,
                                  uint32_t end, uint32_t *n_logits)
{
    const struct conf_case *c = p->c;
    const size_t routed = (size_t)c->n_routes * c->shape.n_expert_used;
    struct tarn_row rows[MAX_ROWS];
    struct tarn_seq seqs[MAX_SEQS];
    uint32_t number[MAX_SEQS], which[MAX_SEQS], n_seqs = 0;
    for (uint32_t i = 0; i < MAX_SEQS; i++)
        number[i] = UINT32_MAX;
    for (uint32_t i = first; i < end; i++) {
        const uint32_t s = c->rows[i].seq;
        if (number[s] == UINT32_MAX) {
            const struct conf_seq *q = &c->seqs[s];
            seqs[n_seqs] = (struct tarn_seq){
                .pages = q->pages,
                .tail_in = q->tails[p->turn[s]],
                .tail_out = q->tails[q->in_place ? p->turn[s] : 1 - p->turn[s]],
            };
            which[n_seqs] = s;
            number[s] = n_seqs++;
        }
        rows[i - first] = c->rows[i];
        rows[i - first].seq = number[s];
    }
    const struct tarn_batch batch = {
        .size = sizeof batch,
        .rows = rows,
        .n_rows = end - first,
        .seqs = seqs,
        .n_seqs = n_seqs,
        .out = c->out_buffer == TARN_NO_BUFFER
                   ? NULL
                   : p->result->out + (size_t)first * c->shape.n_embd,
        .logits = p->result->logits + (size_t)*n_logits * c->n_vocab,
        .experts = routed ? p->result->experts + first * routed : NULL,
        .gates = routed ? p->result->gates + first * routed : NULL,
    };
    p->side->watch.running = true;
    const enum tarn_status s =
        p->side->backend->run(p->prepared, &batch, &p->err);
    p->side->watch.running = false;
    if (s != TARN_OK)
        return s;
    for (uint32_t i = first; i < end; i++)
        *n_logits += (c->rows[i].flags & TARN_ROW_LOGITS) != 0;
    for (uint32_t i = 0; i < n_seqs; i++)
        if (!c->seqs[which[i]].in_place)
            p->turn[which[i]] ^= 1;
    return TARN_OK;
}

static enum tarn_status run_rows(struct player *p, const uint8_t *cut)
{
    uint32_t n_logits = 0;
    for (uint32_t first = 0; first < p->c->n_rows;) {
        uint32_t end = first + 1;
        while (end < p->c->n_rows && !cut[end])
            end++;
        enum tarn_status s = run_batch(p, first, end, &n_logits);
        if (s == TARN_CANCELLED && p->side->watch.cancel_after > 0) {
            p->side->watch.cancel_after = 0; /* and once more, to the end */
            s = run_batch(p, first, end, &n_logits);
        }
        if (s != TARN_OK)
            return s;
        first = end;
    }
    return TARN_OK;
}

/* Positions of a page that are read back: those that rows have written, or all
 * where the case begins with some; the rest must come as zeros. */
static uint32_t written(const struct conf_case *c, uint32_t page)
{
    uint32_t n = c->random_state ? TARN_PAGE_POSITIONS : 0;
    for (uint32_t i = 0; i < c->n_rows; i++) {
        const uint32_t pos = c->rows[i].pos, at = pos / TARN_PAGE_POSITIONS;
        if (c->seqs[c->rows[i].seq].pages[at] == page &&
            pos % TARN_PAGE_POSITIONS + 1 > n)
            n = pos % TARN_PAGE_POSITIONS + 1;
    }
    return n;
}

static enum tarn_status read_state(struct player *p)
{
    const struct tarn_backend *b = p->side->backend;
    struct result *r = p->result;
    enum tarn_status s = TARN_OK;
    for (uint32_t i = 0; p->st && i < p->c->n_pages && s == TARN_OK; i++)
        s = b->state_read(p->st, true, i, written(p->c, i),
                          r->pages + i * r->page_size, &p->err);
    for (uint32_t i = 0; p->st && i < p->c->n_seqs && s == TARN_OK; i++)
        s = b->state_read(p->st, false, p->c->seqs[i].tails[p->turn[i]], 0,
                          r->tails + i * r->tail_values, &p->err);
    return s;
}

/* cancel_after: run() is stopped at this question; weight() may ask as well,
 * and is not. */
static enum tarn_status play_side(struct conf_side *side, struct conf_case *c,
                                  const uint8_t *cut, uint64_t cancel_after,
                                  struct result *result,
                                  struct tarn_error *err)
{
    struct player p = { .side = side, .c = c, .result = result };
    side->watch.c = c;
    enum tarn_status s = take_weights(&p);
    if (s == TARN_OK)
        s = open_state(&p);
    if (s == TARN_OK)
        s = prepare(&p);
    side->watch.asked = 0;
    side->watch.cancel_after = cancel_after;
    if (s == TARN_OK)
        s = run_rows(&p, cut);
    side->watch.cancel_after = 0;
    if (s == TARN_OK)
        s = read_state(&p);
    if (p.prepared)
        side->backend->release(p.prepared);
    if (p.st)
        side->backend->state_close(p.st);
    for (uint32_t i = 0; i < c->n_tensors; i++)
        if (p.weights[i])
            side->backend->weight_free(side->dev, p.weights[i]);
    *err = p.err;
    return s;
}

/* ------------------------------------------------------------- comparing */

/* Index of the first value whose bits differ, n if none; a NaN equals a NaN, a
 * zero a zero of either sign. */
static size_t first_other(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tarn_f32_bits(a[i]) != tarn_f32_bits(b[i]) && a[i] != b[i] &&
            !(a[i] != a[i] && b[i] != b[i]))
            return i;
    return n;
}

/* |a - b|^2 / |b|^2 over n values; a NaN on one side only: infinite. */
static double distance(const float *a, const float *b, size_t n)
{
    double above = 0, below = 0;
    for (size_t i = 0; i < n; i++) {
        const bool odd_a = a[i] - a[i] != 0.0f, odd_b = b[i] - b[i] != 0.0f;
        if (odd_a != odd_b)
            return (double)INFINITY;
        if (odd_a)
            continue;
        const double d = (double)a[i] - (double)b[i];
        above += d * d;
        below += (double)b[i] * (double)b[i];
    }
    return above == 0 ? 0 : below == 0 ? (double)INFINITY : above / below;
}

/* Rows of `width` values: true if they agree as the header says. */
static bool agree(const char *what, const float *want, const float *got,
                  size_t n_rows, size_t width, bool exact, bool loose,
                  char *why)
{
    const size_t n = n_rows * width;
    if (exact) {
        const size_t i = first_other(want, got, n);
        if (i < n)
            snprintf(why, 200, "%s row %zu value %zu is %.9g, not %.9g", what,
                     i / width, i % width, (double)got[i], (double)want[i]);
        return i == n;
    }
    const double all = distance(got, want, n);
    const double limit = loose ? 3e-2 : 1e-5;
    size_t far = 0;
    for (size_t i = 0; loose && i < n_rows; i++)
        far += distance(got + i * width, want + i * width, width) > 1e-6;
    if (all <= limit * limit && far <= n_rows / 2)
        return true;
    snprintf(why, 200, "%s differs by %.3g of its norm (%zu of %zu rows)", what,
             sqrt(all), far, n_rows);
    return false;
}

/* Pages as numbers: by the bytes where exact, else by value. */
static bool pages_agree(const struct conf_case *c, const struct result *want,
                        const struct result *got, bool exact, char *why)
{
    const size_t size = c->n_pages * want->page_size;
    if (exact || size == 0) {
        for (size_t i = 0; i < size; i++)
            if (want->pages[i] != got->pages[i]) {
                snprintf(why, 200, "byte %zu of page %zu is %u, not %u",
                         i % want->page_size, i / want->page_size,
                         got->pages[i], want->pages[i]);
                return false;
            }
        return true;
    }
    double above = 0, below = 0;
    for (size_t i = 0; c->state.kv_type == TARN_F16 && i < size; i += 2) {
        const double a = (double)tarn_f16_to_f32(
            (uint16_t)(want->pages[i] | want->pages[i + 1] << 8));
        const double b = (double)tarn_f16_to_f32(
            (uint16_t)(got->pages[i] | got->pages[i + 1] << 8));
        above += (a - b) * (a - b);
        below += a * a;
    }
    if (above <= 1e-6 * below)
        return true;
    snprintf(why, 200, "stored keys and values differ by %.3g of their norm",
             sqrt(above / below));
    return false;
}

static bool results_agree(const struct conf_case *c, const struct result *want,
                          const struct result *got, bool exact, char *why)
{
    const size_t routed = (size_t)c->n_routes * c->shape.n_expert_used;
    const size_t n_routed = c->n_rows * routed;
    if (c->out_buffer != TARN_NO_BUFFER &&
        !agree("output", want->out, got->out, c->n_rows, c->shape.n_embd, exact,
               c->loose, why))
        return false;
    if (!agree("logits", want->logits, got->logits, want->n_logits, c->n_vocab,
               exact, c->loose, why))
        return false;
    for (size_t i = 0; i < n_routed; i++)
        if (want->experts[i] != got->experts[i]) {
            snprintf(why, 200, "row %zu takes expert %u, not %u", i / routed,
                     got->experts[i], want->experts[i]);
            return false;
        }
    return agree("gates", want->gates, got->gates, c->n_rows, routed, exact,
                 c->loose, why) &&
           agree("tail", want->tails, got->tails, c->n_seqs, want->tail_values,
                 exact, c->loose, why) &&
           pages_agree(c, want, got, exact, why);
}

enum conf_verdict conf_play(struct conf_side sides[2], bool exact,
                            struct conf_case *c, char *why)
{
    struct result want, got;
    struct tarn_error err = { TARN_OK, "" };
    if (c->arena->out_of_memory || !make_result(c, &want) ||
        !make_result(c, &got))
        return CONF_NO_MEMORY;
    enum tarn_status s = play_side(&sides[0], c, c->cut[0], 0, &want, &err);
    if (s == TARN_OK) {
        struct conf_watch *w = &sides[1].watch;
        w->allocated_in_run = 0;
        s = play_side(&sides[1], c, c->cut[1], c->cancel_after, &got, &err);
        if (s == TARN_OK && w->allocated_in_run > 0) {
            snprintf(why, 200, "run() allocated %u times", w->allocated_in_run);
            return CONF_DIFFERENT;
        }
    } else {
        snprintf(why, 200, "the reference itself: %.170s", err.text);
        return CONF_DIFFERENT;
    }
    if (s == TARN_UNSUPPORTED) {
        snprintf(why, 200, "%.190s", err.text);
        return CONF_REFUSED;
    }
    if (s != TARN_OK) {
        snprintf(why, 200, "status %d: %.180s", (int)s, err.text);
        return CONF_DIFFERENT;
    }
    return results_agree(c, &want, &got, exact, why) ? CONF_SAME
                                                     : CONF_DIFFERENT;
}
