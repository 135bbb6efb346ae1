/* vocab_read.c - reads and checks the vocabulary of a file (fault G19).
 *
 * One pass over the tokens, one over the merges, no allocation per token:
 * 128,000 tokens with as many merges take about 40 ms. */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/memory.h"
#include "core/text/vocab.h"

/* What the file says, while it is read. */
struct reading {
    const struct tarn_gguf *g;
    struct tarn_error *err;
    struct tarn_text *t;
    const struct tarn_gguf_value *tokens, *kinds, *merges;
    /* Texts of all tokens that are not in t->words, as the file has them. */
    struct tarn_table others;
};

/* Bytes that a token stands for; false if a character is none of the
 * alphabet.  `out` has room for `size`. */
static bool unspell(const char *text, size_t size, char *out, size_t *n_out)
{
    size_t n = 0;
    for (size_t at = 0; at < size;) {
        size_t used;
        const int byte =
            tarn_alphabet_byte((const uint8_t *)text + at, size - at, &used);
        if (byte < 0)
            return false;
        out[n++] = (char)byte;
        at += used;
    }
    *n_out = n;
    return true;
}

/* ------------------------------------------------------------------ tokens */

/* false: there already. */
static bool add_word(struct tarn_text *t, uint32_t id)
{
    const char *text = t->bytes + t->offset[id];
    const size_t size = t->offset[id + 1] - t->offset[id];
    const uint64_t hash = tarn_vocab_hash(t->seed, text, size);
    struct tarn_word_slot *slot = tarn_vocab_slot(t, hash, text, size);
    if (slot->id != 0)
        return false;
    *slot = (struct tarn_word_slot){ (uint32_t)(hash >> 32), id + 1 };
    if (size > t->longest)
        t->longest = (uint32_t)size;
    if (size == 1)
        t->byte_id[(uint8_t)text[0]] = (int32_t)id;
    return true;
}

/* Enough bits that a table of 1 << bits slots is at most seven tenths full. */
static unsigned bits_for(size_t n)
{
    unsigned bits = 4;
    while (((size_t)1 << bits) / 10 * 7 < n)
        bits++;
    return bits;
}

static bool is_special(enum tarn_text_kind kind)
{
    return kind == TARN_TOKEN_CONTROL || kind == TARN_TOKEN_USER;
}

static void note_control(struct tarn_text *t, uint32_t id)
{
    const char *text = t->bytes + t->offset[id];
    const size_t size = t->offset[id + 1] - t->offset[id];
    for (unsigned c = 0; c < TARN_N_CTL; c++) {
        const char *name = tarn_control_name((enum tarn_control)c);
        if (strlen(name) == size && memcmp(name, text, size) == 0)
            t->control[c] = (int32_t)id;
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "<0x0A>" of a token of the kind byte; -1 if it is none. */
static int byte_name(const struct tarn_gguf_string *s)
{
    if (s->size != 6 || memcmp(s->text, "<0x", 3) != 0 || s->text[5] != '>')
        return -1;
    const int a = hex_digit(s->text[3]), b = hex_digit(s->text[4]);
    return a < 0 || b < 0 ? -1 : a * 16 + b;
}

static enum tarn_status twice(struct reading *r, uint32_t id)
{
    const struct tarn_gguf_string *s = &r->tokens->strings[id];
    return tarn_fail(r->err, TARN_BAD_FILE,
                     "token %u, \"%s\", is in the vocabulary twice; the file "
                     "is damaged, fetch it again",
                     (unsigned)id, tarn_shown(s->text, s->size).text);
}

/* Puts a token that text cannot become among the others. */
static enum tarn_status add_other(struct reading *r, uint32_t id)
{
    const struct tarn_gguf_string *s = &r->tokens->strings[id];
    bool found;
    if (!tarn_table_put(&r->others, s->text, s->size, id, &found))
        return tarn_fail(r->err, TARN_NO_MEMORY,
                         "not enough memory for the vocabulary");
    return found ? twice(r, id) : TARN_OK;
}

static enum tarn_status read_token(struct reading *r, uint32_t id)
{
    struct tarn_text *t = r->t;
    const struct tarn_gguf_string *s = &r->tokens->strings[id];
    int64_t kind;
    if (s->size == 0 || s->size > TARN_TOKEN_LIMIT)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "token %u has %zu bytes (1 to %d are allowed); the "
                         "file is damaged, fetch it again",
                         (unsigned)id, s->size, TARN_TOKEN_LIMIT);
    if (!tarn_gguf_i64_of(r->kinds, id, &kind) || kind < TARN_TOKEN_NORMAL ||
        kind > TARN_TOKEN_BYTE)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "token %u has no kind from 1 to 6; the file is "
                         "damaged, fetch it again",
                         (unsigned)id);
    char *out = t->bytes + t->offset[id];
    size_t size = s->size;
    bool word = kind == TARN_TOKEN_NORMAL;
    if (word)
        word = unspell(s->text, s->size, out, &size);
    if (!word) {
        size = s->size;
        memcpy(out, s->text, size);
    }
    if (kind == TARN_TOKEN_BYTE) {
        const int byte = byte_name(s);
        if (byte < 0)
            return tarn_fail(r->err, TARN_BAD_FILE,
                             "token %u should name a byte and is \"%s\"; the "
                             "file is damaged, fetch it again",
                             (unsigned)id, tarn_shown(s->text, s->size).text);
        out[0] = (char)byte;
        size = 1;
    }
    t->kind[id] = (uint8_t)kind;
    t->offset[id + 1] = t->offset[id] + (uint32_t)size;
    if (word)
        return add_word(t, id) ? TARN_OK : twice(r, id);
    if (is_special((enum tarn_text_kind)kind)) {
        note_control(t, id);
        t->n_special++;
    }
    return add_other(r, id);
}

/* Two tokens of different kinds with the same text in the file. */
static enum tarn_status check_others(struct reading *r)
{
    char bytes[TARN_TOKEN_LIMIT];
    size_t size;
    for (uint32_t id = 0; id < r->t->n_vocab; id++) {
        const struct tarn_gguf_string *s = &r->tokens->strings[id];
        if (r->t->kind[id] != TARN_TOKEN_NORMAL &&
            unspell(s->text, s->size, bytes, &size) &&
            tarn_vocab_word(r->t, bytes, size) >= 0)
            return twice(r, id);
    }
    return TARN_OK;
}

static enum tarn_status read_tokens(struct reading *r)
{
    struct tarn_text *t = r->t;
    size_t n_bytes = 0;
    for (uint64_t i = 0; i < r->tokens->n; i++)
        if (!tarn_add_size(n_bytes, r->tokens->strings[i].size, &n_bytes))
            n_bytes = SIZE_MAX;
    if (n_bytes > UINT32_MAX / 2)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the vocabulary has %zu bytes of text; the file is "
                         "damaged, fetch it again",
                         n_bytes);
    t->word_bits = bits_for(t->n_vocab);
    t->offset = tarn_alloc((size_t)t->n_vocab + 1, sizeof *t->offset);
    t->bytes = tarn_alloc(n_bytes + 1, 1);
    t->kind = tarn_alloc(t->n_vocab, 1);
    t->words = tarn_alloc((size_t)1 << t->word_bits, sizeof *t->words);
    if (!t->offset || !t->bytes || !t->kind || !t->words ||
        !tarn_table_init(&r->others, 64))
        return tarn_fail(r->err, TARN_NO_MEMORY,
                         "not enough memory for the vocabulary");
    for (uint32_t id = 0; id < t->n_vocab; id++) {
        const enum tarn_status s = read_token(r, id);
        if (s != TARN_OK)
            return s;
    }
    for (uint32_t id = 0; id < t->n_vocab; id++) {
        const uint8_t byte = (uint8_t)t->bytes[t->offset[id]];
        if (t->kind[id] == TARN_TOKEN_BYTE && t->byte_id[byte] < 0)
            t->byte_id[byte] = (int32_t)id;
    }
    for (int b = 0; b < 256; b++)
        if (t->byte_id[b] < 0)
            return tarn_fail(r->err, TARN_BAD_FILE,
                             "the vocabulary has no token for the byte "
                             "0x%02x; the file is damaged, fetch it again",
                             (unsigned)b);
    return check_others(r);
}

/* ---------------------------------------------------------------- merges */

enum part { PART_WORD, PART_OTHER, PART_UNKNOWN };

/* Which token one side of a merge names. */
static enum part find_part(const struct reading *r, const char *text,
                           size_t size, char *bytes, size_t *n_bytes,
                           uint32_t *id)
{
    if (size > 0 && size <= TARN_TOKEN_LIMIT &&
        unspell(text, size, bytes, n_bytes)) {
        const int32_t found = tarn_vocab_word(r->t, bytes, *n_bytes);
        *id = (uint32_t)found;
        if (found >= 0)
            return PART_WORD;
    }
    return tarn_table_get(&r->others, text, size) ? PART_OTHER : PART_UNKNOWN;
}

static enum tarn_status bad_merge(struct reading *r, uint64_t line,
                                  const char *what)
{
    const struct tarn_gguf_string *s = &r->merges->strings[line];
    return tarn_fail(r->err, TARN_BAD_FILE,
                     "merge %u, \"%s\", %s; the file is damaged, fetch it "
                     "again",
                     (unsigned)line, tarn_shown(s->text, s->size).text, what);
}

static bool add_merge(struct tarn_text *t, const struct tarn_merge *m)
{
    const size_t mask = ((size_t)1 << t->merge_bits) - 1;
    size_t at = tarn_merge_hash(t, m->left, m->right);
    for (;; at++) {
        struct tarn_merge *slot = &t->merges[at & mask];
        if (slot->rank == 0) {
            *slot = *m;
            return true;
        }
        if (slot->left == m->left && slot->right == m->right)
            return false;
    }
}

static enum tarn_status read_merge(struct reading *r, uint64_t line)
{
    char bytes[2 * TARN_TOKEN_LIMIT];
    const struct tarn_gguf_string *s = &r->merges->strings[line];
    const char *blank =
        s->size > 1 ? memchr(s->text + 1, ' ', s->size - 1) : NULL;
    if (!blank)
        return bad_merge(r, line, "is not two tokens");
    const size_t n_left = (size_t)(blank - s->text);
    struct tarn_merge m = { .rank = (uint32_t)line + 1 };
    size_t left = 0, right = 0;
    const enum part a = find_part(r, s->text, n_left, bytes, &left, &m.left);
    if (a == PART_UNKNOWN)
        return bad_merge(r, line, "names an unknown token");
    const enum part b = find_part(r, blank + 1, s->size - n_left - 1,
                                  bytes + left, &right, &m.right);
    if (b == PART_UNKNOWN)
        return bad_merge(r, line, "names an unknown token");
    if (a == PART_OTHER || b == PART_OTHER)
        return TARN_OK; /* would pass through a control token: left out */
    const int32_t id = tarn_vocab_word(r->t, bytes, left + right);
    if (id < 0) {
        /* A control token's text may be reachable; text must not reach it. */
        memmove(bytes, s->text, n_left);
        memmove(bytes + n_left, blank + 1, s->size - n_left - 1);
        return tarn_table_get(&r->others, bytes, s->size - 1)
                   ? TARN_OK
                   : bad_merge(r, line, "makes an unknown token");
    }
    m.id = (uint32_t)id;
    return add_merge(r->t, &m) ? TARN_OK : bad_merge(r, line, "is there twice");
}

static enum tarn_status read_merges(struct reading *r)
{
    const uint64_t n = r->merges->n;
    if (n > TARN_MERGE_LIMIT)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the vocabulary has %llu merges (at most %d are "
                         "allowed); the file is damaged, fetch it again",
                         (unsigned long long)n, TARN_MERGE_LIMIT);
    r->t->merge_bits = bits_for((size_t)n);
    r->t->merges =
        tarn_alloc((size_t)1 << r->t->merge_bits, sizeof *r->t->merges);
    if (!r->t->merges)
        return tarn_fail(r->err, TARN_NO_MEMORY,
                         "not enough memory for the vocabulary");
    for (uint64_t i = 0; i < n; i++) {
        const enum tarn_status s = read_merge(r, i);
        if (s != TARN_OK)
            return s;
    }
    return TARN_OK;
}

/* -------------------------------------------------------------- the whole */

/* Ids of control and user-defined tokens, the longest text first: sorted by
 * counting, since a comparison sort of libc may allocate behind our back. */
static enum tarn_status sort_special(struct reading *r)
{
    struct tarn_text *t = r->t;
    uint32_t *begin = tarn_alloc(TARN_TOKEN_LIMIT + 2, sizeof *begin);
    t->special = tarn_alloc(t->n_special, sizeof *t->special);
    if (!begin || !t->special) {
        tarn_free(begin);
        return tarn_fail(r->err, TARN_NO_MEMORY,
                         "not enough memory for the vocabulary");
    }
    for (uint32_t id = 0; id < t->n_vocab; id++)
        if (is_special((enum tarn_text_kind)t->kind[id]))
            begin[t->offset[id + 1] - t->offset[id]]++;
    uint32_t at = 0;
    for (uint32_t size = TARN_TOKEN_LIMIT + 1; size-- > 0;) {
        const uint32_t n = begin[size];
        begin[size] = at;
        at += n;
    }
    for (uint32_t id = 0; id < t->n_vocab; id++)
        if (is_special((enum tarn_text_kind)t->kind[id]))
            t->special[begin[t->offset[id + 1] - t->offset[id]]++] =
                (int32_t)id;
    tarn_free(begin);
    return TARN_OK;
}

/* An optional id of the file; -1 if it names none. */
static enum tarn_status read_id(struct reading *r, const char *key,
                                int32_t *out)
{
    const struct tarn_gguf_value *v = tarn_gguf_find(r->g, key);
    int64_t id;
    *out = -1;
    if (!v)
        return TARN_OK;
    if (!tarn_gguf_i64_of(v, 0, &id) || id < 0 || id >= r->t->n_vocab)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "%s is no id of the %u tokens; the file is damaged, "
                         "fetch it again",
                         key, (unsigned)r->t->n_vocab);
    *out = (int32_t)id;
    return TARN_OK;
}

static void add_end(struct tarn_text *t, int32_t id)
{
    if (id >= 0 && t->n_ends < sizeof t->ends / sizeof t->ends[0])
        t->ends[t->n_ends++] = id;
}

static enum tarn_status read_ids(struct reading *r)
{
    static const struct {
        const char *key;
        bool ends;
        int control; /* takes this place if no token has the name */
    } KEYS[] = {
        { "tokenizer.ggml.bos_token_id", false, TARN_CTL_BOS },
        { "tokenizer.ggml.eos_token_id", true, -1 },
        { "tokenizer.ggml.eot_token_id", true, -1 },
        { "tokenizer.ggml.eom_token_id", true, -1 },
        { "tokenizer.ggml.unknown_token_id", false, -1 },
        { "tokenizer.ggml.padding_token_id", false, TARN_CTL_PAD },
    };
    static const enum tarn_control ENDS[] = { TARN_CTL_IM_END, TARN_CTL_EOT,
                                              TARN_CTL_IM_START, TARN_CTL_BOS };
    struct tarn_text *t = r->t;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        int32_t id;
        const enum tarn_status s = read_id(r, KEYS[i].key, &id);
        if (s != TARN_OK)
            return s;
        if (KEYS[i].ends)
            add_end(t, id);
        if (id >= 0 && KEYS[i].control >= 0 &&
            t->control[KEYS[i].control] < 0 &&
            t->kind[id] == TARN_TOKEN_CONTROL)
            t->control[KEYS[i].control] = id;
    }
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++)
        add_end(t, t->control[ENDS[i]]);
    return TARN_OK;
}

static bool equals(const struct tarn_gguf_string *s, const char *text)
{
    return s->text && s->size == strlen(text) &&
           memcmp(s->text, text, s->size) == 0;
}

/* The kind of tokenizer and of pre-tokenizer. */
static enum tarn_status check_names(struct reading *r)
{
    /* Names that converters give to one and the same expression. */
    static const char *const PRE[] = { "lfm2", "llama-bpe", "llama3",
                                       "llama-v3" };
    struct tarn_gguf_string s;
    enum tarn_status bad =
        tarn_gguf_string_or(r->g, "tokenizer.ggml.model", &s, r->err);
    if (bad != TARN_OK)
        return bad;
    if (!equals(&s, "gpt2"))
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the tokenizer is of the kind \"%s\"; tarn runs "
                         "\"gpt2\" (byte-level BPE)",
                         s.text ? tarn_shown(s.text, s.size).text : "");
    bad = tarn_gguf_string_or(r->g, "tokenizer.ggml.pre", &s, r->err);
    if (bad != TARN_OK)
        return bad;
    for (size_t i = 0; i < sizeof PRE / sizeof PRE[0]; i++)
        if (equals(&s, PRE[i]))
            return TARN_OK;
    return tarn_fail(r->err, TARN_BAD_FILE,
                     "the pre-tokenizer is \"%s\"; tarn runs \"lfm2\"",
                     s.text ? tarn_shown(s.text, s.size).text : "");
}

static enum tarn_status find_array(struct reading *r, const char *key,
                                   bool strings,
                                   const struct tarn_gguf_value **out)
{
    const struct tarn_gguf_value *v = tarn_gguf_find(r->g, key);
    if (!v || v->kind != TARN_GGUF_ARRAY ||
        strings != (v->item == TARN_GGUF_STRING))
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the file has no list %s; it is damaged or no "
                         "language model",
                         key);
    *out = v;
    return TARN_OK;
}

static enum tarn_status find_lists(struct reading *r)
{
    enum tarn_status s = check_names(r);
    if (s == TARN_OK)
        s = find_array(r, "tokenizer.ggml.tokens", true, &r->tokens);
    if (s == TARN_OK)
        s = find_array(r, "tokenizer.ggml.token_type", false, &r->kinds);
    if (s == TARN_OK)
        s = find_array(r, "tokenizer.ggml.merges", true, &r->merges);
    if (s != TARN_OK)
        return s;
    const unsigned long long n = r->tokens->n;
    if (n == 0 || n > INT32_MAX)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the vocabulary has %llu tokens; the file is damaged "
                         "or no language model",
                         n);
    if (r->kinds->n != n)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the vocabulary has %llu tokens and %llu kinds; the "
                         "file is damaged, fetch it again",
                         n, (unsigned long long)r->kinds->n);
    const struct tarn_gguf_tensor *rows =
        tarn_gguf_tensor(r->g, "token_embd.weight");
    if (rows && rows->ge[1] != n)
        return tarn_fail(r->err, TARN_BAD_FILE,
                         "the vocabulary has %llu tokens and the embedding "
                         "%llu rows; the file is damaged, fetch it again",
                         n, (unsigned long long)rows->ge[1]);
    r->t->n_vocab = (uint32_t)n;
    return TARN_OK;
}

enum tarn_status tarn_text_open(const struct tarn_gguf *g,
                                struct tarn_text **out, struct tarn_error *err)
{
    struct reading r = { .g = g, .err = err };
    r.t = tarn_alloc(1, sizeof *r.t);
    if (!r.t)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "not enough memory for the vocabulary");
    for (size_t i = 0; i < TARN_N_CTL; i++)
        r.t->control[i] = -1;
    for (size_t i = 0; i < 256; i++)
        r.t->byte_id[i] = -1;
    /* Nobody outside can prepare collisions: where the block lies and when is
     * not known to the author of a file. */
    r.t->seed = tarn_mix64((uint64_t)(uintptr_t)r.t ^
                           tarn_mix64((uint64_t)(tarn_now_ms() * 1e6)));
    enum tarn_status s = find_lists(&r);
    if (s == TARN_OK)
        s = read_tokens(&r);
    if (s == TARN_OK)
        s = read_merges(&r);
    if (s == TARN_OK)
        s = sort_special(&r);
    if (s == TARN_OK)
        s = read_ids(&r);
    tarn_table_finish(&r.others);
    if (s == TARN_OK)
        *out = r.t;
    else
        tarn_text_close(r.t);
    return s;
}
