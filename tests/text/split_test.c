/* split_test.c - the pre-tokenizer and the character classes under it.
 *
 * usage: split_test oracle/pretokenizer.jsonl */
#include "core/base/hash.h"
#include "core/base/utf8.h"
#include "core/text/split.h"
#include "core/text/unicode.h"
#include "tests/tap.h"
#include "tests/text/help.h"

static const char *pieces_path;

/* Unicode 15.1.  The hashes are FNV-1a over the members of a class, four bytes
 * little-endian each, and were computed from another implementation's data
 * (unicodedata of Python 3.13). */
static void check_class(enum tarn_unicode_kind kind, unsigned n_wanted,
                        uint64_t hash_wanted)
{
    uint64_t hash = TARN_FNV1A_START;
    unsigned n = 0;
    for (int32_t c = 0; c < 0x110000; c++) {
        if (tarn_unicode_kind(c) != kind)
            continue;
        const unsigned char b[4] = { (unsigned char)c, (unsigned char)(c >> 8),
                                     (unsigned char)(c >> 16), 0 };
        hash = tarn_fnv1a(hash, b, 4);
        n++;
    }
    CHECK_SAYS(n == n_wanted, "class %d: %u", (int)kind, n);
    CHECK_SAYS(hash == hash_wanted, "class %d: 0x%llx", (int)kind,
               (unsigned long long)hash);
}

static void test_unicode_classes(void)
{
    check_class(TARN_LETTER, 136726, UINT64_C(0xdbaec3d534f3b0b0));
    check_class(TARN_NUMBER, 1831, UINT64_C(0xdfd05502bceff783));
    check_class(TARN_SPACE, 25, UINT64_C(0x7db14e6e1f1a2f5));
    CHECK(tarn_unicode_kind(-1) == TARN_OTHER_CHAR);
    CHECK(tarn_unicode_kind(0x10ffff) == TARN_OTHER_CHAR);
    CHECK(tarn_unicode_kind(0x110000) == TARN_OTHER_CHAR);
    CHECK(tarn_unicode_kind(0x2ebf0) == TARN_LETTER);    /* new in 15.1 */
    CHECK(tarn_unicode_kind(0x1c89) == TARN_OTHER_CHAR); /* new in 16 */
}

static void test_printable_characters(void)
{
    uint64_t hash = TARN_FNV1A_START;
    unsigned n = 0;
    for (int32_t c = 0; c < 0x110000; c++) {
        if (!tarn_unicode_printable(c))
            continue;
        const unsigned char b[4] = { (unsigned char)c, (unsigned char)(c >> 8),
                                     (unsigned char)(c >> 16), 0 };
        hash = tarn_fnv1a(hash, b, 4);
        n++;
    }
    CHECK_SAYS(n == 149625 && hash == UINT64_C(0xfbc88e5c44aaa14b), "%u 0x%llx",
               n, (unsigned long long)hash);
    CHECK(!tarn_unicode_printable(-1));
    unsigned strips = 0;
    for (int32_t c = 0; c < 0x110000; c++)
        strips += tarn_unicode_strips(c);
    CHECK(strips == 29);
}

static void test_oracle_pieces(void)
{
    size_t size;
    char *file = help_read(pieces_path, &size);
    const char *at = file;
    struct tarn_json *line = help_line(&at); /* the header */
    tarn_json_free(line);
    unsigned n_lines = 0;
    for (; (line = help_line(&at)); n_lines++) {
        const struct tarn_json *text = tarn_json_get(line, "text");
        const struct tarn_json *pieces = tarn_json_get(line, "pieces");
        const struct tarn_json *p = pieces->first;
        size_t begin = 0;
        while (begin < text->size && p) {
            const size_t end = tarn_split_next(text->text, text->size, begin);
            CHECK_SAYS(end - begin == p->size &&
                           !memcmp(text->text + begin, p->text, p->size),
                       "\"%s\": \"%.*s\" instead of \"%s\"", text->text,
                       (int)(end - begin), text->text + begin, p->text);
            begin = end;
            p = p->next;
        }
        CHECK_SAYS(begin == text->size && !p, "\"%s\"", text->text);
        tarn_json_free(line);
    }
    CHECK_SAYS(n_lines == 134, "%u lines", n_lines);
    tarn_free(file);
}

/* Checks text against pieces parted by '|'. */
static void check_split(const char *text, size_t size, const char *wanted)
{
    struct tarn_buf got = { 0 };
    for (size_t at = 0; at < size;) {
        const size_t end = tarn_split_next(text, size, at);
        if (at)
            tarn_buf_byte(&got, '|');
        tarn_buf_add(&got, text + at, end - at);
        at = end;
    }
    CHECK_SAYS(got.size == strlen(wanted) &&
                   !memcmp(got.data, wanted, got.size),
               "\"%s\" instead of \"%s\"", got.data, wanted);
    tarn_buf_finish(&got);
}

static void test_t04_bad_bytes_are_others(void)
{
    check_split("a\x80"
                "b",
                3,
                "a|\x80"
                "b");
    check_split("\xff\xfe ok", 5, "\xff\xfe| ok");
    check_split(" \xc3(x", 4, " \xc3(|x");
    check_split("1\xed\xa0\x80"
                "2",
                5, "1|\xed\xa0\x80|2");
    check_split("\xf0\x9f\x98", 3, "\xf0\x9f\x98");
    check_split("\xf4\x90\x80\x80\n\nx", 7, "\xf4\x90\x80\x80\n\n|x");
}

static void test_ends_of_text(void)
{
    check_split("'", 1, "'");
    check_split("'r", 2, "'r");
    check_split("'re", 3, "'re");
    check_split("x'", 2, "x|'");
    check_split(" ", 1, " ");
    check_split("\xe3\x80\x80\xe3\x80\x80"
                "a",
                7,
                "\xe3\x80\x80|\xe3\x80\x80"
                "a");
    check_split("\n \n \n x", 7, "\n \n \n| x");
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    pieces_path = argv[1];
    RUN(test_unicode_classes);
    RUN(test_printable_characters);
    RUN(test_oracle_pieces);
    RUN(test_t04_bad_bytes_are_others);
    RUN(test_ends_of_text);
    return tap_end();
}
