/* time_test.c - linear time and constant stack, whatever the text (T06, T08).
 *
 * usage: time_test oracle/tokenizer/vocab.gguf [MIB]
 *
 * Every kind of text is encoded at two sizes, the larger 8 times the smaller;
 * the fastest of some alternating runs counts, so that other work on the
 * machine does not.  Rates are printed for the reader. */
#include "core/base/clock.h"
#include "tests/tap.h"
#include "tests/text/help.h"

#if defined(__linux__)
#include <pthread.h>
#include <time.h>
#endif

enum { RUNS = 3 };
static struct tarn_text *text;
static size_t small = (size_t)1 << 20;

/* Time of this thread on a processor, where the system knows it. */
static double busy_ms(void)
{
#if defined(__linux__)
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0)
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
#endif
    return tarn_now_ms();
}

/* Kept from run to run: how the system hands out 32 MB for the first time is
 * not what is measured. */
static struct tarn_ids ids;

static double encode_ms(const char *data, size_t size)
{
    ids.n = 0;
    const double begin = busy_ms();
    const enum tarn_status s = tarn_text_encode(text, data, size, &ids, NULL);
    const double ms = busy_ms() - begin;
    CHECK(s == TARN_OK && ids.n > 0);
    return ms;
}

static void check_linear(const char *name, const char *data)
{
    double a = 1e9, b = 1e9;
    encode_ms(data, 8 * small);
    for (int i = 0; i < RUNS; i++) {
        const double x = encode_ms(data, small);
        const double y = encode_ms(data, 8 * small);
        a = x < a ? x : a;
        b = y < b ? y : b;
    }
    printf("# %s: %.1f ms, %.1f ms, ratio %.2f, %.1f MB/s\n", name, a, b, b / a,
           (double)(8 * small) / 1e3 / b);
    CHECK_SAYS(b <= 10 * a, "%s: %.1f ms, then %.1f ms", name, a, b);
}

static void repeat(char *out, const char *what)
{
    const size_t n = strlen(what) + (what[0] == 0);
    for (size_t at = 0; at < 8 * small; at += n)
        memcpy(out + at, what, n);
}

static char *room;

static void test_t06_one_character_repeated(void)
{
    static const struct {
        const char *name, *what;
    } TEXTS[] = {
        { "letters", "a" },
        { "blanks", " " },
        { "newlines", "\n" },
        { "digits", "7" },
        { "hyphens", "-" },
        { "marks", "\xcc\x80" },
        { "NULs", "" },
        { "bad bytes", "\xff" },
        { "Han", "\xe4\xb8\xad" },
        { "blank lines", " \n" },
        { "words", "word " },
        { "apostrophes", "'" },
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        repeat(room, TEXTS[i].what);
        check_linear(TEXTS[i].name, room);
    }
}

static void test_t06_random_words(void)
{
    uint64_t state = 6;
    for (size_t i = 0; i < 8 * small; i++)
        room[i] = (char)('a' + help_random(&state) % 26);
    check_linear("random letters", room);
    for (size_t i = 0; i < 8 * small; i++)
        room[i] = (char)help_random(&state);
    check_linear("random bytes", room);
}

/* Words made of the vocabulary's own tokens, letters only, so that they hang
 * together and merge as deeply as they can. */
static void test_t08_tokens_as_one_word(void)
{
    uint64_t state = 8;
    const uint32_t n_vocab = tarn_text_n_vocab(text);
    int32_t longest = 0;
    size_t longest_size = 0;
    for (size_t at = 0; at < 8 * small;) {
        const int32_t id = (int32_t)(help_random(&state) % n_vocab);
        size_t size;
        const char *bytes = tarn_text_bytes(text, id, &size);
        bool letters = size > 0;
        for (size_t i = 0; i < size; i++)
            letters = letters && bytes[i] >= 'a' && bytes[i] <= 'z';
        if (!letters)
            continue;
        if (size > longest_size) {
            longest = id;
            longest_size = size;
        }
        memcpy(room + at, bytes, size);
        at += size;
    }
    check_linear("tokens as a word", room);
    char word[128];
    const char *bytes = tarn_text_bytes(text, longest, &longest_size);
    snprintf(word, sizeof word, "%.*s", (int)longest_size, bytes);
    repeat(room, word);
    check_linear(word, room);
    repeat(room, word + 1); /* the first letter cut off */
    check_linear(word + 1, room);
}

#if defined(__linux__)
static void *encode_all(void *arg)
{
    (void)arg;
    static const char *const WHAT[] = { "a", " ", "\n", "-", "\xff" };
    for (int i = 0; i < 5; i++) {
        repeat(room, WHAT[i]);
        encode_ms(room, 8 * small);
    }
    return NULL;
}
#endif

/* On a stack of 64 KiB: any depth that grows with the text would end here. */
static void test_t06_constant_stack(void)
{
#if defined(__linux__)
    pthread_attr_t attr;
    pthread_t thread;
    CHECK(!pthread_attr_init(&attr));
    CHECK(!pthread_attr_setstacksize(&attr, 65536));
    CHECK(!pthread_create(&thread, &attr, encode_all, NULL));
    CHECK(!pthread_join(thread, NULL));
    pthread_attr_destroy(&attr);
#else
    printf("# no threads here\n");
#endif
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    text = help_open(argv[1]);
    if (argc > 2)
        small = (size_t)strtoul(argv[2], NULL, 10) << 20;
    room = malloc(8 * small + 256); /* the last repeat may pass the end */
    if (!room)
        return 1;
    RUN(test_t06_constant_stack);
    RUN(test_t06_one_character_repeated);
    RUN(test_t06_random_words);
    RUN(test_t08_tokens_as_one_word);
    free(room);
    tarn_ids_finish(&ids);
    tarn_text_close(text);
    return tap_end();
}
