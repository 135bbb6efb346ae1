/* small_vocab.h - vocabularies made in memory, good ones and broken ones. */
#ifndef TARN_TESTS_TEXT_SMALL_VOCAB_H
#define TARN_TESTS_TEXT_SMALL_VOCAB_H

#include "core/base/utf8.h"
#include "tests/text/help.h"

struct small_token {
    struct tarn_buf text;
    int32_t kind;
};

struct small_vocab {
    const char *model, *pre; /* NULL: the key is left out */
    struct small_token *tokens;
    size_t n_tokens;
    struct tarn_buf *merges;
    size_t n_merges;
    int64_t eos;         /* -1: left out */
    uint32_t kinds_item; /* type of the list of kinds: 5 is int32 */
    uint64_t n_kinds;    /* how many of them are written */
    uint64_t embed_rows; /* rows of token_embd.weight; 0: no tensor */
    bool no_tokens, no_kinds, no_merges; /* leave the list out */
};

static inline void small_number(struct tarn_buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        tarn_buf_byte(b, (int)(v >> (8 * i) & 0xff));
}

static inline void small_string(struct tarn_buf *b, const char *text,
                                size_t size)
{
    small_number(b, size, 8);
    tarn_buf_add(b, text, size);
}

static inline void small_add(struct small_vocab *v, const char *text,
                             size_t size, int32_t kind)
{
    v->tokens = realloc(v->tokens, (v->n_tokens + 1) * sizeof *v->tokens);
    v->tokens[v->n_tokens] = (struct small_token){ .kind = kind };
    tarn_buf_add(&v->tokens[v->n_tokens++].text, text, size);
    v->n_kinds = v->n_tokens;
}

static inline void small_merge(struct small_vocab *v, const char *text)
{
    v->merges = realloc(v->merges, (v->n_merges + 1) * sizeof *v->merges);
    v->merges[v->n_merges] = (struct tarn_buf){ 0 };
    tarn_buf_text(&v->merges[v->n_merges++], text);
}

/* The letter of the file's alphabet for a byte. */
static inline size_t small_letter(int byte, char out[4])
{
    int32_t code = byte, shifted = 256;
    for (int b = 0; b < 256; b++) {
        const bool kept =
            (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        if (b == byte && !kept)
            code = shifted;
        shifted += !kept;
    }
    return tarn_utf8_encode(code, out);
}

/* A good one: five control tokens, <think> and its end, the 256 bytes in
 * order from id 7, "ab" (263) and "abc" (264) with their merges. */
static inline void small_init(struct small_vocab *v)
{
    static const char *const CONTROL[] = { "<|pad|>", "<|startoftext|>",
                                           "<|endoftext|>", "<|im_start|>",
                                           "<|im_end|>" };
    *v = (struct small_vocab){
        .model = "gpt2", .pre = "lfm2", .eos = 4, .kinds_item = 5
    };
    for (int i = 0; i < 5; i++)
        small_add(v, CONTROL[i], strlen(CONTROL[i]), TARN_TOKEN_CONTROL);
    small_add(v, "<think>", 7, TARN_TOKEN_USER);
    small_add(v, "</think>", 8, TARN_TOKEN_USER);
    for (int b = 0; b < 256; b++) {
        char letter[4];
        small_add(v, letter, small_letter(b, letter), TARN_TOKEN_NORMAL);
    }
    small_add(v, "ab", 2, TARN_TOKEN_NORMAL);
    small_add(v, "abc", 3, TARN_TOKEN_NORMAL);
    small_merge(v, "a b");
    small_merge(v, "ab c");
}

static inline void small_key(struct tarn_buf *b, const char *key, uint32_t kind)
{
    small_string(b, key, strlen(key));
    small_number(b, kind, 4);
}

static inline uint64_t small_lists(const struct small_vocab *v,
                                   struct tarn_buf *b)
{
    uint64_t n = 0;
    if (!v->no_tokens) {
        small_key(b, "tokenizer.ggml.tokens", 9);
        small_number(b, 8, 4);
        small_number(b, v->n_tokens, 8);
        for (size_t i = 0; i < v->n_tokens; i++)
            small_string(b, v->tokens[i].text.data, v->tokens[i].text.size);
        n++;
    }
    if (!v->no_kinds) {
        small_key(b, "tokenizer.ggml.token_type", 9);
        small_number(b, v->kinds_item, 4);
        small_number(b, v->n_kinds, 8);
        for (size_t i = 0; i < v->n_kinds; i++)
            small_number(b, i < v->n_tokens ? (uint64_t)v->tokens[i].kind : 1,
                         4);
        n++;
    }
    if (!v->no_merges) {
        small_key(b, "tokenizer.ggml.merges", 9);
        small_number(b, 8, 4);
        small_number(b, v->n_merges, 8);
        for (size_t i = 0; i < v->n_merges; i++)
            small_string(b, v->merges[i].data, v->merges[i].size);
        n++;
    }
    return n;
}

/* A GGUF file of it. */
static inline void small_write(const struct small_vocab *v,
                               struct tarn_buf *out)
{
    struct tarn_buf b = { 0 };
    uint64_t n = 1;
    small_key(&b, "general.architecture", 8);
    small_string(&b, "lfm2", 4);
    if (v->model) {
        small_key(&b, "tokenizer.ggml.model", 8);
        small_string(&b, v->model, strlen(v->model));
        n++;
    }
    if (v->pre) {
        small_key(&b, "tokenizer.ggml.pre", 8);
        small_string(&b, v->pre, strlen(v->pre));
        n++;
    }
    if (v->eos >= 0) {
        small_key(&b, "tokenizer.ggml.eos_token_id", 4);
        small_number(&b, (uint64_t)v->eos, 4);
        n++;
    }
    n += small_lists(v, &b);
    tarn_buf_text(out, "GGUF");
    small_number(out, 3, 4);
    small_number(out, v->embed_rows > 0, 8);
    small_number(out, n, 8);
    tarn_buf_add(out, b.data, b.size);
    if (v->embed_rows) { /* 32 columns of F32 */
        small_string(out, "token_embd.weight", 17);
        small_number(out, 2, 4);
        small_number(out, 32, 8);
        small_number(out, v->embed_rows, 8);
        small_number(out, 0, 4); /* F32 */
        small_number(out, 0, 8); /* at the beginning of the data */
    }
    while (out->size % 32)
        tarn_buf_byte(out, 0);
    for (uint64_t i = 0; i < v->embed_rows * 32; i++)
        small_number(out, 0, 4);
    tarn_buf_finish(&b);
}

static inline void small_finish(struct small_vocab *v)
{
    for (size_t i = 0; i < v->n_tokens; i++)
        tarn_buf_finish(&v->tokens[i].text);
    for (size_t i = 0; i < v->n_merges; i++)
        tarn_buf_finish(&v->merges[i]);
    free(v->tokens);
    free(v->merges);
}

/* Opens it; *out is NULL if that fails. */
static inline enum tarn_status small_open(const struct small_vocab *v,
                                          struct tarn_text **out,
                                          struct tarn_error *err)
{
    struct tarn_buf file = { 0 };
    struct tarn_gguf *g;
    *out = NULL;
    small_write(v, &file);
    enum tarn_status s =
        tarn_gguf_open_memory(file.data, file.size, "small", &g, err);
    if (s == TARN_OK) {
        s = tarn_text_open(g, out, err);
        tarn_gguf_close(g);
    }
    tarn_buf_finish(&file);
    return s;
}

#endif
