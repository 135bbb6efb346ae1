/* encode_cost.c - what encoding costs, whatever the text (T06, T08).
 *
 * usage: encode_cost oracle/tokenizer/vocab.gguf [KIB]
 *
 * Every kind of text is encoded at KIB and at 8 times as much, in this order;
 * encode_cost.py counts the instructions of each.  Prints a line per kind with
 * both times on this machine and the rate of the larger. */
#include "core/base/clock.h"
#include "tests/text/help.h"

static struct tarn_text *text;
static struct tarn_ids ids;
static size_t small = (size_t)1 << 20;

static double encode_ms(const char *data, size_t size)
{
    ids.n = 0;
    const double begin = tarn_now_ms();
    if (tarn_text_encode(text, data, size, &ids, NULL) != TARN_OK || !ids.n) {
        fprintf(stderr, "encode_cost: it can't be encoded\n");
        exit(1);
    }
    return tarn_now_ms() - begin;
}

static void encode_both(const char *name, const char *data)
{
    const double a = encode_ms(data, small), b = encode_ms(data, 8 * small);
    printf("%s: %.1f ms, %.1f ms, %.1f MB/s\n", name, a, b,
           (double)(8 * small) / 1e3 / b);
}

static void repeat(char *out, const char *what)
{
    const size_t n = strlen(what) + (what[0] == 0);
    for (size_t at = 0; at < 8 * small; at += n)
        memcpy(out + at, what, n);
}

static char *room;

static void one_character_repeated(void)
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
        encode_both(TEXTS[i].name, room);
    }
}

static void random_words(void)
{
    uint64_t state = 6;
    for (size_t i = 0; i < 8 * small; i++)
        room[i] = (char)('a' + help_random(&state) % 26);
    encode_both("random letters", room);
    for (size_t i = 0; i < 8 * small; i++)
        room[i] = (char)help_random(&state);
    encode_both("random bytes", room);
}

/* Words made of the vocabulary's own tokens, letters only, so that they hang
 * together and merge as deeply as they can. */
static void tokens_as_one_word(void)
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
    encode_both("tokens as a word", room);
    char word[128];
    const char *bytes = tarn_text_bytes(text, longest, &longest_size);
    snprintf(word, sizeof word, "%.*s", (int)longest_size, bytes);
    repeat(room, word);
    encode_both(word, room);
    repeat(room, word + 1); /* the first letter cut off */
    encode_both(word + 1, room);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    text = help_open(argv[1]);
    if (argc > 2)
        small = (size_t)strtoul(argv[2], NULL, 10) << 10;
    room = malloc(8 * small + 256); /* the last repeat may pass the end */
    if (!room || !small)
        return 1;
    one_character_repeated();
    random_words();
    tokens_as_one_word();
    free(room);
    tarn_ids_finish(&ids);
    tarn_text_close(text);
    return 0;
}
