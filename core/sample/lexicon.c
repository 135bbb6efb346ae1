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

/* Ordinary tokens, by id; false: no memory. */
static bool gather(struct tarn_lexicon *lex)
{
    const struct tarn_text *t = lex->text;
    lex->ids = tarn_alloc(lex->n_vocab, sizeof *lex->ids);
    lex->words = tarn_alloc(lex->n_vocab / 32 + 1, sizeof *lex->words);
    if (!lex->ids || !lex->words)
        return false;
    for (uint32_t id = 0; id < lex->n_vocab; id++) {
        size_t size;
        tarn_text_bytes(t, (int32_t)id, &size);
        if (size > 0 && size <= TARN_MAX_TOKEN && !is_control(t, (int32_t)id)) {
            lex->ids[lex->n++] = (int32_t)id;
            lex->words[id / 32] |= 1u << (id % 32);
        }
    }
    return true;
}

static bool put_in_order(struct tarn_lexicon *lex)
{
    int32_t *other = tarn_alloc(lex->n_vocab, sizeof *other);
    if (!other)
        return false;
    int32_t *ids = lex->ids;
    lex->ids = sort(lex->text, ids, other, lex->n);
    tarn_free(lex->ids == ids ? other : ids);
    return true;
}

/* The bytes stand in the order in which a mask reads them: from the tokens'
 * own places they would come from all over the vocabulary. */
static bool line_up(struct tarn_lexicon *lex)
{
    size_t size, all = 0;
    lex->shared = tarn_alloc(lex->n_vocab, sizeof *lex->shared);
    lex->rest_at = tarn_alloc((size_t)lex->n + 1, sizeof *lex->rest_at);
    if (!lex->shared || !lex->rest_at)
        return false;
    for (uint32_t i = 0; i < lex->n; i++) {
        lex->shared[i] =
            i ? shared_bytes(lex->text, lex->ids[i - 1], lex->ids[i]) : 0;
        tarn_text_bytes(lex->text, lex->ids[i], &size);
        all += size - lex->shared[i];
        if (all > UINT32_MAX)
            return false;
        lex->rest_at[i + 1] = (uint32_t)all;
    }
    lex->rest = tarn_alloc(all + 1, 1);
    for (uint32_t i = 0; lex->rest && i < lex->n; i++) {
        const char *bytes = tarn_text_bytes(lex->text, lex->ids[i], &size);
        memcpy(lex->rest + lex->rest_at[i], bytes + lex->shared[i],
               size - lex->shared[i]);
    }
    return lex->rest != NULL;
}

enum tarn_status tarn_lexicon_create(const struct tarn_text *text,
                                     struct tarn_lexicon **out,
                                     struct tarn_error *err)
{
    const uint32_t n_vocab = tarn_text_n_vocab(text);
    struct tarn_lexicon *lex = tarn_alloc(1, sizeof *lex);
    if (lex)
        *lex = (struct tarn_lexicon){ .text = text, .n_vocab = n_vocab };
    if (!lex || !gather(lex) || !put_in_order(lex) || !line_up(lex)) {
        tarn_lexicon_destroy(lex);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory to sort the vocabulary "
                         "of %u tokens.",
                         n_vocab);
    }
    *out = lex;
    return TARN_OK;
}

void tarn_lexicon_destroy(struct tarn_lexicon *lex)
{
    if (!lex)
        return;
    tarn_free(lex->ids);
    tarn_free(lex->shared);
    tarn_free(lex->rest);
    tarn_free(lex->rest_at);
    tarn_free(lex->words);
    tarn_free(lex);
}
