/* lexicon.c - the vocabulary in the order of its bytes; see machine.h. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/sample/machine.h"

static bool is_control(const struct tarn_text *t, int32_t id)
{
    for (int c = 0; c < TARN_N_CTL; c++)
        if (tarn_text_control(t, (enum tarn_control)c) == id)
            return true;
    const enum tarn_text_kind kind = tarn_text_kind(t, id);
    return kind == TARN_TOKEN_CONTROL || kind == TARN_TOKEN_UNUSED ||
           kind == TARN_TOKEN_UNKNOWN;
}

static int compare(const struct tarn_text *t, int32_t a, int32_t b)
{
    size_t na, nb;
    const char *pa = tarn_text_bytes(t, a, &na);
    const char *pb = tarn_text_bytes(t, b, &nb);
    const int c = memcmp(pa, pb, na < nb ? na : nb);
    return c ? c : na < nb ? -1 : na > nb;
}

/* Merge sort from below. */
static int32_t *sort(const struct tarn_text *t, int32_t *ids, int32_t *other,
                     size_t n)
{
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t at = 0; at < n; at += 2 * run) {
            size_t a = at, mid = at + run < n ? at + run : n;
            size_t b = mid, end = mid + run < n ? mid + run : n;
            for (size_t i = at; i < end; i++)
                other[i] = b == end || (a < mid && compare(t, ids[a],
                                                           ids[b]) <= 0)
                               ? ids[a++]
                               : ids[b++];
        }
        int32_t *swap = ids;
        ids = other;
        other = swap;
    }
    return ids;
}

static uint16_t shared_bytes(const struct tarn_text *t, int32_t a, int32_t b)
{
    size_t na, nb, n = 0;
    const char *pa = tarn_text_bytes(t, a, &na);
    const char *pb = tarn_text_bytes(t, b, &nb);
    while (n < na && n < nb && pa[n] == pb[n])
        n++;
    return (uint16_t)n;
}

enum tarn_status tarn_lexicon_create(const struct tarn_text *text,
                                     struct tarn_lexicon **out,
                                     struct tarn_error *err)
{
    const uint32_t n_vocab = tarn_text_n_vocab(text);
    struct tarn_lexicon *lex = tarn_alloc(1, sizeof *lex);
    int32_t *a = tarn_alloc(n_vocab, sizeof *a);
    int32_t *b = tarn_alloc(n_vocab, sizeof *b);
    uint16_t *shared = tarn_alloc(n_vocab, sizeof *shared);
    uint32_t *words = tarn_alloc(n_vocab / 32 + 1, sizeof *words);
    if (!lex || !a || !b || !shared || !words) {
        tarn_free(lex);
        tarn_free(a);
        tarn_free(b);
        tarn_free(shared);
        tarn_free(words);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory to sort the vocabulary "
                         "of %u tokens.",
                         n_vocab);
    }
    uint32_t n = 0;
    for (uint32_t id = 0; id < n_vocab; id++) {
        size_t size;
        tarn_text_bytes(text, (int32_t)id, &size);
        if (size > 0 && size <= TARN_MAX_TOKEN &&
            !is_control(text, (int32_t)id)) {
            a[n++] = (int32_t)id;
            words[id / 32] |= 1u << (id % 32);
        }
    }
    int32_t *sorted = sort(text, a, b, n);
    for (uint32_t i = 1; i < n; i++)
        shared[i] = shared_bytes(text, sorted[i - 1], sorted[i]);
    tarn_free(sorted == a ? b : a);
    *lex = (struct tarn_lexicon){ text, sorted, shared, words, n, n_vocab };
    *out = lex;
    return TARN_OK;
}

void tarn_lexicon_destroy(struct tarn_lexicon *lex)
{
    if (!lex)
        return;
    tarn_free(lex->ids);
    tarn_free(lex->shared);
    tarn_free(lex->words);
    tarn_free(lex);
}
