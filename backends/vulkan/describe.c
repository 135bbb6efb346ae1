/* describe.c - a batch as words for the shaders: rows, positions, pages, and
 * for the convolution which earlier value every tap meets. */
#include <string.h>

#include "backends/numerics.h"
#include "backends/vulkan/run.h"

static void put_address(uint32_t *at, uint64_t address)
{
    at[0] = (uint32_t)address;
    at[1] = (uint32_t)(address >> 32);
}

static void describe_rows(struct vk_run_state *r, uint32_t *words)
{
    const struct tarn_batch *b = r->b;
    uint32_t n = 0;
    for (uint32_t t = 0; t < b->n_rows; t++) {
        words[4 * t] = (uint32_t)b->rows[t].token;
        words[4 * t + 1] = b->rows[t].pos;
        words[4 * t + 2] = b->rows[t].seq;
        words[4 * t + 3] = b->rows[t].flags;
        if (!r->n_logits || !(b->rows[t].flags & TARN_ROW_LOGITS))
            continue;
        words[r->map.picked + n] = t;
        if (r->flags & VK_WANTS_DIGESTS)
            words[r->map.wanted + n] = b->digests[n].k;
        n++;
    }
}

static void describe_attention(struct vk_run_state *r, uint32_t *words)
{
    const struct tarn_prepared *p = r->p;
    const uint32_t half = p->plan.shape.head_dim / 2;
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        float *turn = (float *)(void *)(words + r->map.turns + 2 * half * t);
        tarn_rope_row(p->inverse, half, r->b->rows[t].pos, turn, turn + half);
    }
    /* Pages that rows of the batch see. */
    for (uint32_t t = 0; t < r->b->n_rows; t++) {
        const uint32_t s = r->b->rows[t].seq;
        const uint32_t last = r->b->rows[t].pos / TARN_PAGE_POSITIONS;
        uint32_t *entry = words + r->map.pages + 2 * s * r->map.pages_per_seq;
        if (t + 1 < r->b->n_rows && r->b->rows[t + 1].seq == s)
            continue; /* the next row sees them all */
        for (uint32_t k = 0; k <= last; k++) {
            const struct vk_spot *spot = &p->st->pages[r->b->seqs[s].pages[k]];
            put_address(entry + 2 * k, spot->buffer->address + spot->at);
        }
    }
}

/* For every row and tap: which earlier value it meets (shaders/conv.comp);
 * then the same for the rows of the new tails. */
static void describe_tails(struct vk_run_state *r, uint32_t *words)
{
    const struct tarn_state *st = r->p->st;
    const struct tarn_batch *b = r->b;
    const uint32_t taps = st->shape.conv_len, length = taps - 1;
    uint32_t *entries = words + r->map.entries;
    uint32_t *tails = entries + (size_t)b->n_rows * taps;
    for (uint32_t s = 0; s < b->n_seqs; s++)
        for (uint32_t j = 0; j < length; j++)
            tails[((size_t)s * length + j) * taps] = ~j; /* -1 - j */
    for (uint32_t t = 0; t < b->n_rows; t++) {
        /* The sequence's moving window stands in its tail rows. */
        uint32_t *window = tails + (size_t)b->rows[t].seq * length * taps;
        for (uint32_t j = 0; j < length; j++)
            entries[(size_t)t * taps + j] = window[(size_t)j * taps];
        entries[(size_t)t * taps + length] = t;
        for (uint32_t j = 0; j + 1 < length; j++)
            window[(size_t)j * taps] = window[(size_t)(j + 1) * taps];
        if (length)
            window[(size_t)(length - 1) * taps] = t;
    }
    for (uint32_t s = 0; s < b->n_seqs; s++) {
        const struct tarn_seq *seq = &b->seqs[s];
        const struct vk_spot *in = &st->tails[seq->tail_in];
        const struct vk_spot *out = &st->tails[seq->tail_out];
        uint32_t *address = words + r->map.tails + 4 * s;
        put_address(address, in->buffer->address + in->at);
        put_address(address + 2, out->buffer->address + out->at);
        uint32_t *offset = words + r->map.offsets + 2 * s * st->shape.n_conv;
        for (uint32_t i = 0; i < st->shape.n_conv; i++) {
            offset[2 * i] = vk_tail_word(st, seq->tail_in, i, false);
            offset[2 * i + 1] = vk_tail_word(st, seq->tail_out, i, true);
        }
    }
}

/* Where rows that cross a cut stand on the host's side. */
uint64_t vk_cut_in_at(const struct tarn_prepared *p)
{
    return p->at.up_size -
           (uint64_t)p->plan.max_rows * p->plan.shape.n_embd * 4;
}

uint64_t vk_cut_out_at(const struct vk_run_state *r)
{
    return (r->p->at.logits_down + 255) / 256 * 256;
}

uint64_t vk_routes_at(const struct vk_run_state *r)
{
    const struct tarn_plan *plan = &r->p->plan;
    return vk_cut_out_at(r) +
           (plan->out_buffer != TARN_NO_BUFFER
                ? (uint64_t)plan->max_rows * plan->shape.n_embd * 4
                : 0);
}

void vk_describe(struct vk_run_state *r)
{
    struct tarn_prepared *p = r->p;
    uint32_t *words = p->ground->up.map;
    describe_rows(r, words);
    if (p->attends)
        describe_attention(r, words);
    if (p->convolves)
        describe_tails(r, words);
    if (p->plan.in_buffer != TARN_NO_BUFFER)
        memcpy((uint8_t *)p->ground->up.map + vk_cut_in_at(p), r->b->in,
               (size_t)r->b->n_rows * p->plan.shape.n_embd * 4);
}
