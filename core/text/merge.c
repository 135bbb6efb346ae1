/* merge.c - byte-pair merges inside one piece.
 *
 * The pair of the lowest rank is merged first, the leftmost among equals,
 * until no pair is left that merges.  Short pieces (nearly all) are searched
 * from end to end for every merge; longer ones keep their pairs in a heap, so
 * that n bytes cost O(n log n) whatever they are (RELIABILITY T08).
 *
 * An entry of the heap may be stale: its pair was torn apart meanwhile.  It is
 * told by its rank, since rank and pair determine each other. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/text/vocab.h"

enum { SHORT_PIECE = 40 /* bytes; above it the heap is faster */ };
#define NO_RANK UINT32_MAX

/* ------------------------------------------------------------ short pieces */

struct pair {
    uint32_t id;     /* of the left symbol */
    uint32_t rank;   /* of the pair with the next symbol */
    uint32_t merged; /* what the pair becomes */
};

static void rank_pair(const struct tarn_text *t, struct pair *p, size_t n,
                      size_t i)
{
    const struct tarn_merge *m =
        i + 1 < n ? tarn_vocab_merge(t, p[i].id, p[i + 1].id) : NULL;
    p[i].rank = m ? m->rank : NO_RANK;
    p[i].merged = m ? m->id : 0;
}

static void merge_short(const struct tarn_text *t, const uint8_t *text,
                        size_t n, struct tarn_ids *out)
{
    struct pair p[SHORT_PIECE];
    for (size_t i = 0; i < n; i++)
        p[i].id = (uint32_t)t->byte_id[text[i]];
    for (size_t i = 0; i < n; i++)
        rank_pair(t, p, n, i);
    for (;;) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (p[i].rank < p[best].rank)
                best = i;
        if (p[best].rank == NO_RANK)
            break;
        p[best].id = p[best].merged;
        n--;
        memmove(p + best + 1, p + best + 2, (n - best - 1) * sizeof *p);
        rank_pair(t, p, n, best);
        if (best > 0)
            rank_pair(t, p, n, best - 1);
    }
    for (size_t i = 0; i < n; i++)
        tarn_ids_add(out, (int32_t)p[i].id);
}

/* ------------------------------------------------------------- long pieces */

struct symbol {
    struct pair pair;    /* pair.id == NO_RANK: merged into its left one */
    uint32_t prev, next; /* positions; n: none */
};

/* heap [2 n]: rank in the upper half, position in the lower, so that the
 * smallest is the next merge.  A merge takes one entry and adds two at most,
 * and there are fewer merges than symbols. */
struct heap {
    uint64_t *at;
    size_t n;
};

static void sift_down(struct heap *h, size_t i, uint64_t value)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->n)
            break;
        if (child + 1 < h->n && h->at[child + 1] < h->at[child])
            child++;
        if (h->at[child] >= value)
            break;
        h->at[i] = h->at[child];
        i = child;
    }
    h->at[i] = value;
}

static void push(struct heap *h, uint64_t value)
{
    size_t i = h->n++;
    while (i > 0 && h->at[(i - 1) / 2] > value) {
        h->at[i] = h->at[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->at[i] = value;
}

static uint64_t pop(struct heap *h)
{
    const uint64_t first = h->at[0];
    h->n--;
    if (h->n > 0)
        sift_down(h, 0, h->at[h->n]);
    return first;
}

/* Looks up the pair that begins at i; true if it merges. */
static bool rank_symbol(const struct tarn_text *t, struct symbol *s, size_t n,
                        uint32_t i)
{
    struct symbol *a = &s[i];
    const struct tarn_merge *m =
        a->next < n ? tarn_vocab_merge(t, a->pair.id, s[a->next].pair.id)
                    : NULL;
    a->pair.rank = m ? m->rank : NO_RANK;
    a->pair.merged = m ? m->id : 0;
    return m != NULL;
}

static uint64_t entry(const struct symbol *s, uint32_t i)
{
    return (uint64_t)s[i].pair.rank << 32 | i;
}

static void merge_long(const struct tarn_text *t, const uint8_t *text,
                       uint32_t n, struct symbol *s, struct heap *h,
                       struct tarn_ids *out)
{
    for (uint32_t i = 0; i < n; i++) {
        s[i].pair.id = (uint32_t)t->byte_id[text[i]];
        s[i].prev = i ? i - 1 : n;
        s[i].next = i + 1;
    }
    h->n = 0;
    for (uint32_t i = 0; i < n; i++)
        if (rank_symbol(t, s, n, i))
            h->at[h->n++] = entry(s, i);
    for (size_t i = h->n / 2; i-- > 0;)
        sift_down(h, i, h->at[i]);
    while (h->n > 0) {
        const uint64_t top = pop(h);
        const uint32_t i = (uint32_t)top;
        struct symbol *a = &s[i];
        if (a->pair.rank != top >> 32)
            continue; /* stale */
        struct symbol *b = &s[a->next];
        a->pair.id = a->pair.merged;
        b->pair.rank = NO_RANK;
        a->next = b->next;
        if (a->next < n)
            s[a->next].prev = i;
        if (rank_symbol(t, s, n, i))
            push(h, entry(s, i));
        if (a->prev < n && rank_symbol(t, s, n, a->prev))
            push(h, entry(s, a->prev));
    }
    for (uint32_t i = 0; i < n; i = s[i].next)
        tarn_ids_add(out, (int32_t)s[i].pair.id);
}

enum tarn_status tarn_merge_piece(const struct tarn_text *t,
                                  const uint8_t *text, size_t size,
                                  struct tarn_merge_work *work,
                                  struct tarn_ids *out, struct tarn_error *err)
{
    if (size <= SHORT_PIECE) {
        merge_short(t, text, size, out);
        return TARN_OK;
    }
    if (work->room < size) {
        size_t room = work->room ? work->room : 256;
        while (room < size)
            room *= 2;
        tarn_merge_work_finish(work);
        work->heap = tarn_alloc(2 * room, sizeof *work->heap);
        work->symbols = tarn_alloc(room, sizeof(struct symbol));
        if (!work->heap || !work->symbols) {
            tarn_merge_work_finish(work);
            return tarn_fail(err, TARN_NO_MEMORY,
                             "not enough memory to read a word of %zu bytes",
                             size);
        }
        work->room = room;
    }
    struct heap h = { work->heap, 0 };
    merge_long(t, text, (uint32_t)size, work->symbols, &h, out);
    return TARN_OK;
}

void tarn_merge_work_finish(struct tarn_merge_work *work)
{
    tarn_free(work->heap);
    tarn_free(work->symbols);
    *work = (struct tarn_merge_work){ 0 };
}
