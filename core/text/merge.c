/* merge.c - byte-pair merges inside one piece.
 *
 * The pair of the lowest rank is merged first, the leftmost among equals,
 * until no pair is left that merges.  Short pieces (nearly all) are searched
 * from end to end for every merge.
 *
 * Longer ones keep the places of their pairs in a heap of queues.  A queue
 * holds places of one rank in ascending order; a place that fits at the end of
 * the queue that last got this rank goes there and costs nothing, another one
 * begins a queue.  So n bytes cost O(n log n) whatever they are (fault
 * T08), and long runs of one letter, where nearly all places queue up, little
 * more than O(n).  (One heap entry per place was tried: 3 to 9 MB/s for runs
 * of blanks, hyphens or letters, against 15 to 30.)
 *
 * A place may be stale: its pair was torn apart meanwhile.  It is told by its
 * rank, since rank and pair determine each other. */
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
    struct pair pair;    /* pair.rank is NO_RANK where nothing merges */
    uint32_t prev, next; /* positions; n: none */
};

struct place {
    uint32_t at;   /* position of the pair's left symbol */
    uint32_t next; /* place of the same queue, or NONE */
};
#define NONE UINT32_MAX

struct queue {
    uint64_t key;   /* rank in the upper half, position of the first place in
                       the lower: the smallest is the next merge */
    uint32_t first; /* place */
};

/* The queue that last got a place of this rank; one for every rank modulo
 * N_TAILS, so most ranks of a piece find theirs. */
struct tail {
    uint32_t rank; /* NO_RANK: free */
    uint32_t last; /* place */
};
enum { N_TAILS = 1024 };

/* For n symbols.  A merge takes one place and adds two at most, and there are
 * fewer merges than symbols: 3 n places in all, 2 n queues at a time. */
struct work {
    size_t room;          /* n */
    struct symbol *s;     /* [room] */
    struct place *places; /* [3 room] */
    struct queue *heap;   /* [2 room] */
    size_t n_places, n_queues;
    struct tail tails[N_TAILS];
};

/* The arrays follow the head in one block. */
_Static_assert(sizeof(struct work) % _Alignof(struct queue) == 0,
               "the heap is aligned");

static void sift_down(struct work *w, size_t i, struct queue value)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= w->n_queues)
            break;
        if (child + 1 < w->n_queues &&
            w->heap[child + 1].key < w->heap[child].key)
            child++;
        if (w->heap[child].key >= value.key)
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = value;
}

static void push_queue(struct work *w, struct queue value)
{
    size_t i = w->n_queues++;
    while (i > 0 && w->heap[(i - 1) / 2].key > value.key) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = value;
}

/* The pair at symbol i merges: notes its place. */
static void push(struct work *w, uint32_t i)
{
    const uint32_t rank = w->s[i].pair.rank;
    const uint32_t place = (uint32_t)w->n_places++;
    struct tail *tail = &w->tails[rank % N_TAILS];
    w->places[place] = (struct place){ i, NONE };
    if (tail->rank == rank && w->places[tail->last].at < i)
        w->places[tail->last].next = place;
    else
        push_queue(w, (struct queue){ (uint64_t)rank << 32 | i, place });
    *tail = (struct tail){ rank, place };
}

/* Takes the next place; gives the key it was noted with. */
static uint64_t pop(struct work *w)
{
    const struct queue top = w->heap[0];
    const uint32_t rank = (uint32_t)(top.key >> 32);
    const uint32_t next = w->places[top.first].next;
    struct tail *tail = &w->tails[rank % N_TAILS];
    if (next != NONE) {
        const struct queue rest = { (uint64_t)rank << 32 | w->places[next].at,
                                    next };
        sift_down(w, 0, rest);
        return top.key;
    }
    if (tail->rank == rank && tail->last == top.first)
        tail->rank = NO_RANK; /* nothing may queue behind it any more */
    w->n_queues--;
    if (w->n_queues > 0)
        sift_down(w, 0, w->heap[w->n_queues]);
    return top.key;
}

/* Looks up the pair that begins at i and notes its place if it merges. */
static void rank_symbol(const struct tarn_text *t, struct work *w, size_t n,
                        uint32_t i)
{
    struct symbol *a = &w->s[i];
    const struct tarn_merge *m =
        a->next < n ? tarn_vocab_merge(t, a->pair.id, w->s[a->next].pair.id)
                    : NULL;
    a->pair.rank = m ? m->rank : NO_RANK;
    a->pair.merged = m ? m->id : 0;
    if (m)
        push(w, i);
}

static void merge_long(const struct tarn_text *t, const uint8_t *text,
                       uint32_t n, struct work *w, struct tarn_ids *out)
{
    struct symbol *s = w->s;
    w->n_places = w->n_queues = 0;
    for (size_t i = 0; i < N_TAILS; i++)
        w->tails[i].rank = NO_RANK;
    for (uint32_t i = 0; i < n; i++) {
        s[i].pair.id = (uint32_t)t->byte_id[text[i]];
        s[i].prev = i ? i - 1 : n;
        s[i].next = i + 1;
    }
    for (uint32_t i = 0; i < n; i++)
        rank_symbol(t, w, n, i);
    while (w->n_queues > 0) {
        const uint64_t key = pop(w);
        const uint32_t i = (uint32_t)key;
        struct symbol *a = &s[i];
        if (a->pair.rank != key >> 32)
            continue; /* stale */
        struct symbol *b = &s[a->next];
        a->pair.id = a->pair.merged;
        b->pair.rank = NO_RANK;
        a->next = b->next;
        if (a->next < n)
            s[a->next].prev = i;
        rank_symbol(t, w, n, i);
        if (a->prev < n)
            rank_symbol(t, w, n, a->prev);
    }
    for (uint32_t i = 0; i < n; i = s[i].next)
        tarn_ids_add(out, (int32_t)s[i].pair.id);
}

/* One block: the head, then the arrays in the order of their alignment. */
static struct work *make_work(size_t size)
{
    size_t room = 256;
    while (room < size)
        room *= 2;
    const size_t queues = 2 * room * sizeof(struct queue),
                 places = 3 * room * sizeof(struct place),
                 symbols = room * sizeof(struct symbol);
    struct work *w = tarn_alloc(sizeof *w + queues + places + symbols, 1);
    if (!w)
        return NULL;
    char *p = (char *)(w + 1);
    w->room = room;
    w->heap = (struct queue *)(void *)p;
    w->places = (struct place *)(void *)(p + queues);
    w->s = (struct symbol *)(void *)(p + queues + places);
    return w;
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
    struct work *w = work->memory;
    if (!w || w->room < size) {
        tarn_free(w);
        work->memory = w = make_work(size);
        if (!w)
            return tarn_fail(err, TARN_NO_MEMORY,
                             "not enough memory to read a word of %zu bytes",
                             size);
    }
    merge_long(t, text, (uint32_t)size, w, out);
    return TARN_OK;
}

void tarn_merge_work_finish(struct tarn_merge_work *work)
{
    tarn_free(work->memory);
    work->memory = NULL;
}
