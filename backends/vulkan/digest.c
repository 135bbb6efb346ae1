/* digest.c - what of the logits comes back: the rows, or a digest of each.
 *
 * A digest costs three dispatches: the peaks of at most 2,048 blocks of a row
 * and the sums of its parts; a bound that at least k peaks reach; a list of the
 * logits that reach it.  Some KB come back and are ranked here.  Where too many
 * logits are as good as each other for the list, the row itself is fetched,
 * with a submission of its own. */
#include <string.h>

#include "backends/digest.h"
#include "backends/vulkan/run.h"

enum {
    MOST_BLOCKS = 2048,
    LISTED = 512,       /* the core asks for no more; ties come on top */
    MOST_LISTED = 1024, /* of large vocabularies */
    MOST_ROWS = 64,     /* in one submission; more are done in turns */
    PEAK_ROWS = 16,     /* whose peaks there is room for */
    LANES = 64,         /* at least, so that parts are few */
    HEAD = 4,           /* words of a record, as the next (order.glsl) */
    PART = 4
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t lanes_of(const struct vk_tuning *t)
{
    return t->wg > LANES ? t->wg : LANES;
}

_Static_assert(MOST_ROWS <= 64, "take_digests() has a bit per row");

/* ----------------------------------------------------------------- sizes */

void vk_digest_layout(const struct vk_tuning *t, uint64_t n_vocab,
                      uint32_t logit_rows, struct vk_digests *out)
{
    const uint64_t per = (n_vocab + MOST_BLOCKS - 1) / MOST_BLOCKS;
    const uint32_t wg = lanes_of(t);
    const uint32_t n = n_vocab < 2 * MOST_LISTED ? (uint32_t)n_vocab
                                                 : 2 * MOST_LISTED;
    out->n_blocks = (uint32_t)(per ? (n_vocab + per - 1) / per : 0);
    out->n_parts = (out->n_blocks + wg - 1) / wg;
    out->room = n / 2 > LISTED ? n / 2 : smaller(n, LISTED);
    out->words = HEAD + PART * out->n_parts + 2 * out->room;
    out->rows = smaller(logit_rows, MOST_ROWS);
    out->peak_rows = smaller(out->rows, PEAK_ROWS);
}

/* ------------------------------------------------------------- recording */

/* n rows of those computed, from `row` on; the first is number `wanted` of the
 * batch's. */
static void record_some(struct vk_recorder *r, uint32_t n_vocab, uint32_t row,
                        uint32_t wanted, uint32_t n)
{
    const struct vk_work *at = &r->p->at;
    const struct vk_digests *d = &at->digests;
    const uint64_t base = r->p->ground->work.address;
    const uint32_t wg = lanes_of(&r->p->dev->tune);
    const uint32_t spec[VK_SPECS] = { wg };
    const uint32_t bound_spec[VK_SPECS] = { wg, MOST_BLOCKS };
    const uint64_t k = base + at->batch + 4 * (uint64_t)(r->map->wanted + wanted);
    const uint64_t records = base + d->records + 4 * (uint64_t)d->words * row;
    const double all = (double)n_vocab * n;
    const struct vk_args a = {
        .p = { base + at->logits + 4 * (uint64_t)n_vocab * row, records,
               base + d->peaks },
        .n = { n_vocab, n, d->n_blocks, d->n_parts, d->words, d->room },
    };
    const struct vk_args bound = {
        .p = { base + d->peaks, records, k },
        .n = { n, d->n_blocks, d->words },
    };
    vk_dispatch_flat(r, VK_SH_PEAKS, spec, &a, (uint64_t)d->n_parts * n, all);
    vk_dispatch_flat(r, VK_SH_BOUND, bound_spec, &bound, n,
                     32.0 * d->n_blocks * n);
    vk_dispatch_flat(r, VK_SH_PICK, spec, &a, (uint64_t)d->n_parts * n, all);
}

void vk_record_results(struct vk_recorder *r, const struct tarn_step *s,
                       uint32_t first, uint32_t n, bool digests)
{
    const struct vk_work *at = &r->p->at;
    const struct vk_digests *d = &at->digests;
    for (uint32_t i = 0; digests && i < n; i += d->peak_rows)
        record_some(r, s->w1->n_rows, i, first + i,
                    smaller(n - i, d->peak_rows));
    if (r->status || !r->cb)
        return;
    const VkBufferCopy rows = { at->logits, 0,
                                (uint64_t)n * s->w1->n_rows * 4 };
    const VkBufferCopy records = { d->records, 0, (uint64_t)n * d->words * 4 };
    vk_barrier(r->p->dev, r->cb);
    r->p->dev->fn.CmdCopyBuffer(r->cb, r->p->ground->work.handle,
                                r->p->ground->down.handle, 1,
                                digests ? &records : &rows);
}

/* ---------------------------------------------------------------- taking */

static float float_of(uint32_t word)
{
    float f;
    memcpy(&f, &word, sizeof f);
    return f;
}

/* The row is still where the device computed it; it comes in the place of the
 * records. */
static enum tarn_status fetch_row(struct vk_run_state *r, uint32_t i,
                                  struct tarn_digest *out)
{
    const struct tarn_prepared *p = r->p;
    const uint64_t size = (uint64_t)r->n_vocab * 4;
    const VkBufferCopy row = { p->at.logits + i * size, 0, size };
    const enum tarn_status s = vk_copy(p->dev, &p->ground->down,
                                       &p->ground->work, &row, 1, r->err);
    if (s == TARN_OK)
        tarn_digest_row(out, p->ground->down.map, r->n_vocab);
    return s;
}

static void read_record(const struct vk_digests *d, const uint32_t *record,
                        struct tarn_digest *out)
{
    struct tarn_sums all = TARN_NO_SUMS;
    const uint32_t *part = record + HEAD;
    for (uint32_t i = 0; i < d->n_parts; i++, part += PART) {
        const struct tarn_sums s = { .max = (double)float_of(part[0]),
                                     .sum = (double)float_of(part[1]),
                                     .product = (double)float_of(part[2]),
                                     .bad = part[3] != 0 };
        tarn_sums_join(&all, &s);
    }
    tarn_digest_sums(out, &all);
    tarn_digest_begin(out);
    for (uint32_t i = 0; i < record[0]; i++)
        tarn_digest_offer(out, (int32_t)part[2 * i], float_of(part[2 * i + 1]));
    tarn_digest_rank(out);
}

/* Words [0] is how many reach the bound: a list that is too short, or longer
 * than its room, is no list. */
static bool list_is_whole(const struct vk_run_state *r, const uint32_t *record,
                          const struct tarn_digest *want)
{
    const uint32_t least = want->k < r->n_vocab ? want->k : r->n_vocab;
    return record[0] <= r->p->at.digests.room && record[0] >= least;
}

static enum tarn_status take_digests(struct vk_run_state *r, uint32_t first,
                                     uint32_t n)
{
    const struct vk_digests *d = &r->p->at.digests;
    const uint32_t *records = r->p->ground->down.map;
    uint64_t missing = 0; /* a bit per row */
    enum tarn_status s = TARN_OK;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t *record = records + (size_t)i * d->words;
        struct tarn_digest *out = &r->b->digests[first + i];
        if (list_is_whole(r, record, out))
            read_record(d, record, out);
        else
            missing |= UINT64_C(1) << i;
    }
    for (uint32_t i = 0; i < n && s == TARN_OK; i++)
        if (missing >> i & 1)
            s = fetch_row(r, i, &r->b->digests[first + i]);
    return s;
}

enum tarn_status vk_take_results(struct vk_run_state *r, uint32_t first,
                                 uint32_t n)
{
    if (r->flags & VK_WANTS_DIGESTS)
        return take_digests(r, first, n);
    memcpy(r->b->logits + (size_t)first * r->n_vocab, r->p->ground->down.map,
           (size_t)n * r->n_vocab * 4);
    return TARN_OK;
}

uint32_t vk_logit_rows(const struct vk_run_state *r)
{
    return r->flags & VK_WANTS_DIGESTS ? r->p->at.digests.rows
                                       : r->p->at.logit_rows;
}
