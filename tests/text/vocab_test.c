/* vocab_test.c - vocabularies that are nonsense are refused (G19). */
#include "tests/tap.h"
#include "tests/text/small_vocab.h"

/* Opens v and wants a refusal whose sentence contains `words`. */
static void check_refused(struct small_vocab *v, const char *words)
{
    struct tarn_text *t;
    struct tarn_error err = { 0 };
    CHECK_SAYS(small_open(v, &t, &err) == TARN_BAD_FILE, "%s", words);
    CHECK_SAYS(strstr(err.text, words), "\"%s\" has no \"%s\"", err.text,
               words);
    CHECK(!t);
    small_finish(v);
}

static void check_ids(const struct tarn_text *t, const char *text,
                      const int32_t *wanted, size_t n)
{
    struct tarn_ids ids = { 0 };
    CHECK(tarn_text_encode(t, text, strlen(text), &ids, NULL) == TARN_OK);
    CHECK_SAYS(ids.n == n && !memcmp(ids.at, wanted, n * sizeof *wanted), "%s",
               text);
    tarn_ids_finish(&ids);
}

static void test_a_good_one_opens(void)
{
    struct small_vocab v;
    struct tarn_text *t;
    struct tarn_error err = { 0 };
    small_init(&v);
    v.embed_rows = v.n_tokens;
    CHECK_SAYS(small_open(&v, &t, &err) == TARN_OK, "%s", err.text);
    CHECK(tarn_text_n_vocab(t) == 265);
    check_ids(t, "abcab", (const int32_t[]){ 264, 263 }, 2);
    check_ids(t, "ba", (const int32_t[]){ 7 + 'b', 7 + 'a' }, 2);
    CHECK(tarn_text_kind(t, 5) == TARN_TOKEN_USER);
    tarn_text_close(t);
    small_finish(&v);
}

static void test_g19_no_tokens(void)
{
    struct small_vocab v;
    small_init(&v);
    v.no_tokens = true;
    check_refused(&v, "no list tokenizer.ggml.tokens");
    v = (struct small_vocab){
        .model = "gpt2", .pre = "lfm2", .eos = -1, .kinds_item = 5
    };
    check_refused(&v, "has 0 tokens");
}

static void test_g19_rows_of_the_embedding(void)
{
    struct small_vocab v;
    small_init(&v);
    v.embed_rows = v.n_tokens + 1;
    check_refused(&v, "265 tokens and the embedding 266 rows");
}

static void test_g19_empty_and_long_tokens(void)
{
    struct small_vocab v;
    small_init(&v);
    tarn_buf_clear(&v.tokens[100].text);
    check_refused(&v, "token 100 has 0 bytes");
    small_init(&v);
    for (int i = 0; i < 4096; i++)
        tarn_buf_byte(&v.tokens[263].text, 'x');
    check_refused(&v, "token 263 has 4098 bytes");
}

static void test_g19_duplicate_tokens(void)
{
    struct small_vocab v;
    small_init(&v);
    small_add(&v, "abc", 3, TARN_TOKEN_NORMAL);
    check_refused(&v, "token 265, \"abc\", is in the vocabulary twice");
    small_init(&v);
    small_add(&v, "<|pad|>", 7, TARN_TOKEN_UNUSED);
    check_refused(&v, "\"<|pad|>\", is in the vocabulary twice");
    small_init(&v);
    small_add(&v, "<|pad|>", 7, TARN_TOKEN_NORMAL); /* of another kind */
    check_refused(&v, "\"<|pad|>\", is in the vocabulary twice");
}

static void test_g19_a_byte_is_missing(void)
{
    struct small_vocab v;
    small_init(&v);
    tarn_buf_text(&v.tokens[7 + 0x41].text, "A");
    check_refused(&v, "no token for the byte 0x41");
}

static void test_g19_ids_outside(void)
{
    struct small_vocab v;
    small_init(&v);
    v.eos = 265;
    check_refused(&v, "tokenizer.ggml.eos_token_id is no id of the 265");
}

static void test_g19_kinds(void)
{
    struct small_vocab v;
    small_init(&v);
    v.n_kinds = 264;
    check_refused(&v, "265 tokens and 264 kinds");
    small_init(&v);
    v.no_kinds = true;
    check_refused(&v, "no list tokenizer.ggml.token_type");
    small_init(&v);
    v.tokens[9].kind = 7;
    check_refused(&v, "token 9 has no kind");
    small_init(&v);
    v.tokens[9].kind = -1;
    check_refused(&v, "token 9 has no kind");
    small_init(&v);
    v.kinds_item = 6; /* float32 */
    check_refused(&v, "has no kind");
}

static void test_g19_names_of_bytes(void)
{
    static const char *const NAMES[] = { "<0x-1>", "<0xG0>", "<0x0A",
                                         "<0x0A>>" };
    for (int i = 0; i < 4; i++) {
        struct small_vocab v;
        small_init(&v);
        small_add(&v, NAMES[i], strlen(NAMES[i]), TARN_TOKEN_BYTE);
        check_refused(&v, "token 265 should name a byte");
    }
    struct small_vocab v;
    struct tarn_text *t;
    small_init(&v);
    small_add(&v, "<0x0a>", 6, TARN_TOKEN_BYTE);
    CHECK(small_open(&v, &t, NULL) == TARN_OK);
    size_t size;
    CHECK(tarn_text_bytes(t, 265, &size)[0] == '\n' && size == 1);
    tarn_text_close(t);
    small_finish(&v);
}

static void test_g19_merges(void)
{
    static const struct {
        const char *merge, *words;
    } BAD[] = {
        { "zz a", "names an unknown token" },
        { "a zz", "names an unknown token" },
        { "b a", "makes an unknown token" },
        { "ab", "is not two tokens" },
        { "", "is not two tokens" },
        { " a", "is not two tokens" },
        { "a ", "names an unknown token" },
        { "a b c", "names an unknown token" },
        { "a b", "is there twice" },
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct small_vocab v;
        small_init(&v);
        small_merge(&v, BAD[i].merge);
        check_refused(&v, BAD[i].words);
    }
    struct small_vocab v;
    small_init(&v);
    v.no_merges = true;
    check_refused(&v, "no list tokenizer.ggml.merges");
}

/* A merge that would make or use a control token's text is left out. */
static void test_merges_never_reach_control_tokens(void)
{
    struct small_vocab v;
    struct tarn_text *t;
    small_init(&v);
    small_add(&v, "xy", 2, TARN_TOKEN_USER);
    small_add(&v, "xyz", 3, TARN_TOKEN_NORMAL);
    small_merge(&v, "x y");
    small_merge(&v, "xy z");
    CHECK(small_open(&v, &t, NULL) == TARN_OK);
    check_ids(t, "xy", (const int32_t[]){ 7 + 'x', 7 + 'y' }, 2);
    check_ids(t, "xyz", (const int32_t[]){ 266 }, 1); /* the whole piece */
    check_ids(t, "xyzb",
              (const int32_t[]){ 7 + 'x', 7 + 'y', 7 + 'z', 7 + 'b' }, 4);
    tarn_text_close(t);
    small_finish(&v);
}

static void test_g19_two_million_merges(void)
{
    struct small_vocab v;
    small_init(&v);
    const size_t n = 2000000;
    v.merges = realloc(v.merges, n * sizeof *v.merges);
    memset(v.merges + 2, 0, (n - 2) * sizeof *v.merges);
    v.n_merges = n; /* empty texts: the number alone is refused */
    check_refused(&v, "has 2000000 merges");
}

static void test_g19_other_tokenizers(void)
{
    struct small_vocab v;
    small_init(&v);
    v.model = "llama";
    check_refused(&v, "of the kind \"llama\"");
    small_init(&v);
    v.model = NULL;
    check_refused(&v, "of the kind \"\"");
    small_init(&v);
    v.pre = "qwen2";
    check_refused(&v, "the pre-tokenizer is \"qwen2\"");
    small_init(&v);
    v.pre = NULL;
    check_refused(&v, "the pre-tokenizer is \"\"");
    small_init(&v);
    v.model = "\x1b[31m";
    check_refused(&v, "\\x1B[31m");
}

/* Tokens whose text is outside the alphabet can be decoded, never encoded. */
static void test_tokens_outside_the_alphabet(void)
{
    struct small_vocab v;
    struct tarn_text *t;
    small_init(&v);
    small_add(&v, "a b", 3, TARN_TOKEN_NORMAL);
    small_add(&v, "\xe2\x96\x81", 3, TARN_TOKEN_NORMAL);
    CHECK(small_open(&v, &t, NULL) == TARN_OK);
    size_t size;
    CHECK(!memcmp(tarn_text_bytes(t, 265, &size), "a b", 3) && size == 3);
    check_ids(t, "\xe2\x96\x81",
              (const int32_t[]){ 7 + 0xe2, 7 + 0x96, 7 + 0x81 }, 3);
    tarn_text_close(t);
    small_finish(&v);
}

static void test_every_failed_allocation_is_survived(void)
{
    struct small_vocab v;
    struct tarn_buf file = { 0 };
    struct tarn_gguf *g;
    struct tarn_text *t = NULL;
    small_init(&v);
    small_write(&v, &file);
    CHECK(tarn_gguf_open_memory(file.data, file.size, "small", &g, NULL) ==
          TARN_OK);
    const int64_t held = tarn_memory_held();
    uint64_t k = 1;
    enum tarn_status s;
    do {
        struct tarn_error err = { 0 };
        tarn_memory_fail_at(k, true);
        s = tarn_text_open(g, &t, &err);
        tarn_memory_fail_at(0, false);
        CHECK(s == TARN_OK || (s == TARN_NO_MEMORY && err.text[0]));
        CHECK(s == TARN_OK || tarn_memory_held() == held);
    } while (s != TARN_OK && k++ < 100);
    CHECK_SAYS(s == TARN_OK && k > 5, "%d", (int)k);
    tarn_text_close(t);
    tarn_gguf_close(g);
    tarn_buf_finish(&file);
    small_finish(&v);
}

static void test_nothing_is_left_behind(void)
{
    CHECK(tarn_memory_held() == 0);
}

int main(void)
{
    RUN(test_a_good_one_opens);
    RUN(test_g19_no_tokens);
    RUN(test_g19_rows_of_the_embedding);
    RUN(test_g19_empty_and_long_tokens);
    RUN(test_g19_duplicate_tokens);
    RUN(test_g19_a_byte_is_missing);
    RUN(test_g19_ids_outside);
    RUN(test_g19_kinds);
    RUN(test_g19_names_of_bytes);
    RUN(test_g19_merges);
    RUN(test_merges_never_reach_control_tokens);
    RUN(test_g19_two_million_merges);
    RUN(test_g19_other_tokenizers);
    RUN(test_tokens_outside_the_alphabet);
    RUN(test_every_failed_allocation_is_survived);
    RUN(test_nothing_is_left_behind);
    return tap_end();
}
