/* merge_test.c - merges of words of any length, against the plain rule.
 *
 * usage: merge_test oracle/tokenizer/vocab.gguf */
#include "core/text/vocab.h"
#include "tests/tap.h"
#include "tests/text/small_vocab.h"

/* The definition: merge the pair of the lowest rank, the leftmost among
 * equals, until none is left. */
static void merge_plainly(const struct tarn_text *t, const uint8_t *word,
                          size_t n, int32_t *out, size_t *n_out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = t->byte_id[word[i]];
    for (;;) {
        const struct tarn_merge *best = NULL;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            const struct tarn_merge *m =
                tarn_vocab_merge(t, (uint32_t)out[i], (uint32_t)out[i + 1]);
            if (m && (!best || m->rank < best->rank)) {
                best = m;
                at = i;
            }
        }
        if (!best)
            break;
        out[at] = (int32_t)best->id;
        n--;
        memmove(out + at + 1, out + at + 2, (n - at - 1) * sizeof *out);
    }
    *n_out = n;
}

static bool same_as_plain(const struct tarn_text *t, const uint8_t *word,
                          size_t n)
{
    static int32_t plain[1024];
    size_t n_plain = 0;
    struct tarn_ids ids = { 0 };
    struct tarn_merge_work work = { 0 };
    merge_plainly(t, word, n, plain, &n_plain);
    const bool same =
        tarn_merge_piece(t, word, n, &work, &ids, NULL) == TARN_OK &&
        ids.n == n_plain && !memcmp(ids.at, plain, n_plain * sizeof *plain);
    tarn_merge_work_finish(&work);
    tarn_ids_finish(&ids);
    return same;
}

static void check_words(const struct tarn_text *t, const char *alphabet,
                        uint64_t seed, int n_words)
{
    uint8_t word[1024];
    const size_t n_letters = strlen(alphabet);
    for (int k = 0; k < n_words; k++) {
        const size_t n = 1 + help_random(&seed) % (k % 8 ? 90 : 1000);
        size_t run = 0;
        uint8_t letter = 0;
        for (size_t i = 0; i < n; i++) {
            if (run == 0) { /* runs of one letter now and then */
                const uint64_t r = help_random(&seed);
                letter = (uint8_t)alphabet[r % n_letters];
                run = r >> 32 & 3 ? 1 : 1 + (r >> 40) % 20;
            }
            word[i] = letter;
            run--;
        }
        CHECK_SAYS(same_as_plain(t, word, n), "word %d of \"%s\"", k, alphabet);
    }
}

static const char *vocab_path;

static void test_words_of_the_oracle_vocabulary(void)
{
    static const char *const ALPHABETS[] = {
        " ",
        "-",
        "ab",
        "the in",
        "etaoin srhld",
        "- =*_#.",
        "abcdefghijklmnopqrstuvwxyz",
        "\xd0\xb0\xb5\xbe\xd1",
        "\xe4\xb8\xad",
    };
    struct tarn_text *t = help_open(vocab_path);
    for (size_t i = 0; i < sizeof ALPHABETS / sizeof ALPHABETS[0]; i++)
        check_words(t, ALPHABETS[i], i + 1, 150);
    tarn_text_close(t);
}

static bool has_merge(const struct small_vocab *v, const char *merge)
{
    for (size_t i = 0; i < v->n_merges; i++)
        if (!strcmp(v->merges[i].data, merge))
            return true;
    return false;
}

static bool has_token(const struct small_vocab *v, const char *token)
{
    for (size_t i = 0; i < v->n_tokens; i++)
        if (!strcmp(v->tokens[i].text.data, token))
            return true;
    return false;
}

/* Adds a random merge of two of the tokens made of x and y. */
static void add_random_merge(struct small_vocab *v, uint64_t *seed)
{
    enum { FIRST = 263, LONGEST = 8 };
    const char *part[2];
    for (int i = 0; i < 2; i++) {
        const size_t k = help_random(seed) % (v->n_tokens - FIRST + 2);
        part[i] = k == 0   ? "x"
                  : k == 1 ? "y"
                           : v->tokens[FIRST + k - 2].text.data;
    }
    char both[64], merge[64];
    snprintf(both, sizeof both, "%s%s", part[0], part[1]);
    snprintf(merge, sizeof merge, "%s %s", part[0], part[1]);
    if (strlen(both) > LONGEST || strpbrk(both, "abc") || has_merge(v, merge))
        return;
    if (!has_token(v, both))
        small_add(v, both, strlen(both), TARN_TOKEN_NORMAL);
    small_merge(v, merge);
}

/* Random merges of two letters: a later merge may make a pair of an earlier
 * rank, which no trained vocabulary has, and one token has many ways. */
static void test_words_of_hostile_vocabularies(void)
{
    for (uint64_t round = 1; round <= 100; round++) {
        struct small_vocab v;
        uint64_t seed = round;
        small_init(&v);
        for (int i = 0; i < 300; i++)
            add_random_merge(&v, &seed);
        struct tarn_text *t;
        struct tarn_error err = { 0 };
        CHECK_SAYS(small_open(&v, &t, &err) == TARN_OK, "%s", err.text);
        if (t)
            check_words(t, "xy", round, 50);
        tarn_text_close(t);
        small_finish(&v);
    }
}

/* Words above 64 KB are cut; what lies on both sides is encoded alone. */
static void test_t08_long_words_are_cut_between_characters(void)
{
    struct tarn_text *t = help_open(vocab_path);
    struct tarn_buf long_word = { 0 };
    struct tarn_ids all = { 0 }, parts = { 0 };
    tarn_buf_text(&long_word, "a");
    for (int i = 0; i < 70000; i++) /* 3 bytes each: 65,536 is inside one */
        tarn_buf_text(&long_word, "\xe4\xb8\xad");
    CHECK(tarn_text_encode(t, long_word.data, long_word.size, &all, NULL) ==
          TARN_OK);
    for (size_t at = 0; at < long_word.size;) {
        size_t n = long_word.size - at;
        if (n > 65536)
            n = at == 0 ? 1 + 65535 / 3 * 3 : 65535;
        CHECK(tarn_text_encode(t, long_word.data + at, n, &parts, NULL) ==
              TARN_OK);
        at += n;
    }
    CHECK(all.n == parts.n &&
          !memcmp(all.at, parts.at, all.n * sizeof *all.at));
    struct tarn_buf back = { 0 };
    CHECK(tarn_text_decode(t, all.at, all.n, false, &back, NULL) == TARN_OK);
    CHECK(back.size == long_word.size &&
          !memcmp(back.data, long_word.data, back.size));
    tarn_buf_finish(&back);
    tarn_buf_finish(&long_word);
    tarn_ids_finish(&all);
    tarn_ids_finish(&parts);
    tarn_text_close(t);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    vocab_path = argv[1];
    RUN(test_words_of_the_oracle_vocabulary);
    RUN(test_words_of_hostile_vocabularies);
    RUN(test_t08_long_words_are_cut_between_characters);
    return tap_end();
}
