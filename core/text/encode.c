/* encode.c - text to ids and back.
 *
 * A piece of the pre-tokenizer that is a token is taken whole, before any
 * merge; otherwise it is merged (merge.c).  Pieces above TARN_WORD_LIMIT bytes
 * are cut at the border of a character and their parts treated alike: no
 * ordinary text has such words, and memory and time stay bounded (T08). */
#include <limits.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/text/split.h"
#include "core/text/vocab.h"

void tarn_ids_add(struct tarn_ids *ids, int32_t id)
{
    if (ids->failed)
        return;
    if (ids->n == ids->room) {
        const size_t room = ids->room ? ids->room * 2 : 64;
        int32_t *at = room > ids->room
                          ? tarn_realloc(ids->at, ids->n, room, sizeof *at)
                          : NULL;
        if (!at) {
            ids->failed = true;
            return;
        }
        ids->at = at;
        ids->room = room;
    }
    ids->at[ids->n++] = id;
}

void tarn_ids_finish(struct tarn_ids *ids)
{
    tarn_free(ids->at);
    *ids = (struct tarn_ids){ 0 };
}

/* ---------------------------------------------------------------- encoding */

static enum tarn_status encode_word(const struct tarn_text *t,
                                    const uint8_t *text, size_t size,
                                    struct tarn_merge_work *work,
                                    struct tarn_ids *out,
                                    struct tarn_error *err)
{
    if (size <= t->longest) {
        const int32_t id = tarn_vocab_word(t, text, size);
        if (id >= 0) {
            tarn_ids_add(out, id);
            return TARN_OK;
        }
    }
    return tarn_merge_piece(t, text, size, work, out, err);
}

/* How much of a piece of `size` bytes, above the limit, is taken at once. */
static size_t cut_word(const uint8_t *text)
{
    size_t n = TARN_WORD_LIMIT;
    while (n > TARN_WORD_LIMIT - 3 && (text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static enum tarn_status encode_run(const struct tarn_text *t,
                                   const uint8_t *text, size_t size,
                                   struct tarn_merge_work *work,
                                   struct tarn_ids *out, struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    for (size_t at = 0; at < size && s == TARN_OK && !out->failed;) {
        const size_t end = tarn_split_next(text, size, at);
        while (end - at > TARN_WORD_LIMIT && s == TARN_OK) {
            const size_t n = cut_word(text + at);
            s = encode_word(t, text + at, n, work, out, err);
            at += n;
        }
        if (s == TARN_OK)
            s = encode_word(t, text + at, end - at, work, out, err);
        at = end;
    }
    return s;
}

/* What both ways to encode check and leave behind. */
static enum tarn_status check_size(size_t size, struct tarn_error *err)
{
    if (size <= INT32_MAX)
        return TARN_OK;
    return tarn_fail(err, TARN_LIMIT,
                     "the text has %zu bytes (at most 2,147,483,647 are "
                     "allowed); split it",
                     size);
}

static enum tarn_status settle(enum tarn_status s, struct tarn_ids *out,
                               size_t n_before, struct tarn_error *err)
{
    if (s == TARN_OK && out->failed)
        s = tarn_fail(err, TARN_NO_MEMORY,
                      "not enough memory for the tokens of the text");
    if (s != TARN_OK)
        out->n = n_before;
    return s;
}

enum tarn_status tarn_text_encode(const struct tarn_text *t, const void *text,
                                  size_t size, struct tarn_ids *out,
                                  struct tarn_error *err)
{
    enum tarn_status s = check_size(size, err);
    if (s != TARN_OK)
        return s;
    struct tarn_merge_work work = { 0 };
    const size_t n_before = out->n;
    s = encode_run(t, text, size, &work, out, err);
    tarn_merge_work_finish(&work);
    return settle(s, out, n_before, err);
}

/* ---------------------------------------------------- with special tokens */

/* Where names of special tokens were found.  The longest name is looked for in
 * the whole text first, then the next in what is left between, and so on. */
struct found {
    uint32_t *begins; /* [n] positions at which some name may begin */
    size_t n;
    uint8_t *taken; /* [size] bytes that belong to a name */
    int32_t *names; /* [n] the id found at begins[i], or -1 */
};

static void find_begins(const struct tarn_text *t, const uint8_t *text,
                        size_t size, struct found *f)
{
    bool first[256] = { false };
    for (size_t i = 0; i < t->n_special; i++)
        first[(uint8_t)t->bytes[t->offset[t->special[i]]]] = true;
    for (size_t i = 0; i < size; i++)
        if (first[text[i]]) {
            if (f->begins)
                f->begins[f->n] = (uint32_t)i;
            f->n++;
        }
}

static void find_name(const struct tarn_text *t, int32_t id,
                      const uint8_t *text, size_t size, struct found *f)
{
    size_t n;
    const char *name = tarn_text_bytes(t, id, &n);
    for (size_t i = 0; i < f->n; i++) {
        const size_t at = f->begins[i];
        if (n > size - at || memcmp(text + at, name, n) != 0 ||
            memchr(f->taken + at, 1, n))
            continue;
        memset(f->taken + at, 1, n);
        f->names[i] = id;
    }
}

static enum tarn_status encode_found(const struct tarn_text *t,
                                     const uint8_t *text, size_t size,
                                     const struct found *f,
                                     struct tarn_ids *out,
                                     struct tarn_error *err)
{
    struct tarn_merge_work work = { 0 };
    enum tarn_status s = TARN_OK;
    size_t at = 0;
    for (size_t i = 0; i < f->n && s == TARN_OK; i++) {
        if (f->names[i] < 0)
            continue;
        size_t n;
        tarn_text_bytes(t, f->names[i], &n);
        s = encode_run(t, text + at, f->begins[i] - at, &work, out, err);
        tarn_ids_add(out, f->names[i]);
        at = f->begins[i] + n;
    }
    if (s == TARN_OK)
        s = encode_run(t, text + at, size - at, &work, out, err);
    tarn_merge_work_finish(&work);
    return s;
}

enum tarn_status tarn_text_encode_special(const struct tarn_text *t,
                                          const void *text, size_t size,
                                          struct tarn_ids *out,
                                          struct tarn_error *err)
{
    enum tarn_status s = check_size(size, err);
    if (s != TARN_OK)
        return s;
    struct found f = { 0 };
    const size_t n_before = out->n;
    find_begins(t, text, size, &f);
    f.begins = tarn_alloc(f.n, sizeof *f.begins);
    f.names = tarn_alloc(f.n, sizeof *f.names);
    f.taken = tarn_alloc(size, 1);
    if (f.begins && f.names && f.taken) {
        f.n = 0;
        find_begins(t, text, size, &f);
        memset(f.names, 0xff, f.n * sizeof *f.names);
        for (size_t i = 0; i < t->n_special; i++)
            find_name(t, t->special[i], text, size, &f);
        s = encode_found(t, text, size, &f, out, err);
    } else {
        s = tarn_fail(err, TARN_NO_MEMORY,
                      "not enough memory for a text of %zu bytes", size);
    }
    tarn_free(f.begins);
    tarn_free(f.names);
    tarn_free(f.taken);
    return settle(s, out, n_before, err);
}

/* ---------------------------------------------------------------- decoding */

enum tarn_status tarn_text_decode(const struct tarn_text *t, const int32_t *ids,
                                  size_t n, bool special, struct tarn_buf *out,
                                  struct tarn_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= t->n_vocab)
            return tarn_fail(err, TARN_USAGE,
                             "number %zu of the ids is %d; the vocabulary has "
                             "the ids 0 to %u",
                             i, (int)ids[i], (unsigned)t->n_vocab - 1);
    for (size_t i = 0; i < n; i++) {
        const enum tarn_text_kind kind = (enum tarn_text_kind)t->kind[ids[i]];
        if (!special && kind != TARN_TOKEN_NORMAL && kind != TARN_TOKEN_USER &&
            kind != TARN_TOKEN_BYTE)
            continue;
        size_t size;
        const char *bytes = tarn_text_bytes(t, ids[i], &size);
        tarn_buf_add(out, bytes, size);
    }
    return out->failed ? tarn_fail(err, TARN_NO_MEMORY,
                                   "not enough memory for the text")
                       : TARN_OK;
}
