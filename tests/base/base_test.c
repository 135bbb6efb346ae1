/* base_test.c - memory, buffers, sentences, UTF-8. */
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "tests/tap.h"

static void test_products_that_wrap_are_refused(void)
{
    size_t n = 7;
    CHECK(!tarn_mul_size(SIZE_MAX / 2, 3, &n) && n == 7);
    CHECK(tarn_mul_size(SIZE_MAX / 2, 2, &n) && n == SIZE_MAX - 1);
    CHECK(tarn_mul_size(0, SIZE_MAX, &n) && n == 0);
    CHECK(!tarn_add_size(SIZE_MAX, 1, &n));
    CHECK(tarn_alloc(SIZE_MAX / 2, 3) == NULL);
    CHECK(tarn_alloc(SIZE_MAX, 1) == NULL);
    uint64_t u;
    CHECK(!tarn_mul_u64(UINT64_MAX, 2, &u));
}

static void test_memory_is_zero_and_counted(void)
{
    const int64_t held = tarn_memory_held();
    unsigned char *p = tarn_alloc(10, 3);
    CHECK(p && p[0] == 0 && p[29] == 0);
    p[29] = 9;
    p = tarn_realloc(p, 10, 1000, 3);
    CHECK(p && p[29] == 9 && p[30] == 0 && p[2999] == 0);
    void *a = tarn_alloc_aligned(100, 4096);
    CHECK(a && (uintptr_t)a % 4096 == 0);
    CHECK(tarn_memory_held() == held + 2);
    tarn_free(p);
    tarn_free_aligned(a);
    tarn_free(NULL);
    void *nothing = tarn_alloc(0, 8);
    CHECK(nothing != NULL);
    tarn_free(nothing);
    CHECK(tarn_memory_held() == held);
}

static void test_kth_allocation_fails(void)
{
    tarn_memory_fail_at(2, false);
    void *a = tarn_alloc(1, 1), *b = tarn_alloc(1, 1), *c = tarn_alloc(1, 1);
    CHECK(a && !b && c);
    tarn_free(a);
    tarn_free(c);
    tarn_memory_fail_at(1, true);
    CHECK(!tarn_alloc(1, 1) && !tarn_alloc_aligned(8, 8) && !tarn_dup_str("x"));
    tarn_memory_fail_at(0, false);
    a = tarn_alloc(1, 1);
    CHECK(a);
    tarn_free(a);
}

static void test_buffer_grows_and_is_taken(void)
{
    struct tarn_buf b = { 0 };
    for (int i = 0; i < 1000; i++)
        tarn_buf_printf(&b, "%03d", i);
    CHECK(!b.failed && b.size == 3000 && b.data[3000] == 0);
    CHECK(memcmp(b.data + 2997, "999", 3) == 0);
    tarn_buf_clear(&b);
    CHECK(b.size == 0 && b.data[0] == 0);
    tarn_buf_text(&b, "x");
    tarn_buf_byte(&b, 'y');
    char *s = tarn_buf_take(&b);
    CHECK(s && strcmp(s, "xy") == 0 && b.data == NULL);
    tarn_free(s);
    s = tarn_buf_take(&b);
    CHECK(s && *s == 0);
    tarn_free(s);
}

static void test_failed_buffer_does_nothing_more(void)
{
    const int64_t held = tarn_memory_held();
    struct tarn_buf b = { 0 };
    tarn_buf_text(&b, "something");
    tarn_memory_fail_at(1, false);
    for (int i = 0; i < 100; i++)
        tarn_buf_text(&b, "more");
    tarn_memory_fail_at(0, false);
    CHECK(b.failed);
    const size_t size = b.size;
    tarn_buf_text(&b, "x");
    CHECK(b.size == size);
    CHECK(tarn_buf_take(&b) == NULL);
    CHECK(tarn_memory_held() == held);
}

static void test_sentence_is_cut_at_a_character(void)
{
    struct tarn_error err;
    char text[400];
    memset(text, 'a', sizeof text);
    memcpy(text + 237, "\xe2\x82\xac\xe2\x82\xac", 6);
    text[300] = 0;
    CHECK(tarn_fail(&err, TARN_BAD_FILE, "%s", text) == TARN_BAD_FILE);
    CHECK(strlen(err.text) == 237);
    tarn_fail(&err, TARN_IO, "is gone");
    tarn_error_prefix(&err, "a\nb.gguf");
    CHECK_SAYS(strcmp(err.text, "a\\x0Ab.gguf: is gone") == 0, "%s", err.text);
    CHECK(err.status == TARN_IO);
    CHECK(tarn_fail(NULL, TARN_LIMIT, "x") == TARN_LIMIT);
}

static void test_foreign_text_is_escaped_and_cut(void)
{
    CHECK(strcmp(tarn_shown_str("a\x1b]8;;\x07").text, "a\\x1B]8;;\\x07") == 0);
    CHECK(strcmp(tarn_shown_str("\xe2\x80\xae\xc2\x9b").text,
                 "\\u{202E}\\u{009B}") == 0);
    CHECK(strcmp(tarn_shown_str("\xff\xc0\xafz").text, "\\xFF\\xC0\\xAFz") ==
          0);
    CHECK(strcmp(tarn_shown_str(NULL).text, "") == 0);
    char text[300];
    memset(text, 'a', 299);
    text[299] = 0;
    const struct tarn_shown s = tarn_shown_str(text);
    CHECK_SAYS(strlen(s.text) == 79 + 3 && strcmp(s.text + 79, "\u2026") == 0,
               "%s", s.text);
    text[80] = 0;
    CHECK(strlen(tarn_shown_str(text).text) == 80);
    memset(text, 0xff, 299);
    CHECK(strlen(tarn_shown(text, 299).text) <= 80 + 3);
    for (size_t i = 0; i + 4 <= 300; i += 4)
        memcpy(text + i, "\U00010348", 4);
    CHECK(tarn_utf8_valid(tarn_shown(text, 296).text,
                          strlen(tarn_shown(text, 296).text)));
}

static void test_every_scalar_value_goes_round(void)
{
    size_t bad = 0, good = 0;
    for (int32_t c = -1; c <= 0x110000; c++) {
        char b[4];
        int32_t back;
        const size_t n = tarn_utf8_encode(c, b);
        if (n == 0)
            continue;
        good++;
        bad += tarn_utf8_decode(b, n, &back) != n || back != c ||
               !tarn_utf8_valid(b, n);
        for (size_t k = 1; k < n; k++)
            bad += tarn_utf8_valid(b, k) || tarn_utf8_tail(b, k) != k ||
                   tarn_utf8_decode(b, k, &back) != 1 || back != -1;
        bad += tarn_utf8_tail(b, n) != 0;
    }
    CHECK_SAYS(bad == 0, "%zu bad", bad);
    CHECK(good == 0x110000 - 0x800);
}

static void test_broken_utf8_is_seen(void)
{
    static const char *const BAD[] = { "\x80",
                                       "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xe0\x9f\xbf",
                                       "\xed\xa0\x80",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xff" };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        CHECK_SAYS(!tarn_utf8_valid(BAD[i], strlen(BAD[i])), "case %zu", i);
        CHECK_SAYS(tarn_utf8_tail(BAD[i], strlen(BAD[i])) == 0, "case %zu", i);
    }
    CHECK(tarn_utf8_tail("\xed\xa0", 2) == 0); /* can't become a character */
    CHECK(tarn_utf8_tail("a\xf0\x9f\x98", 4) == 3);
    CHECK(tarn_utf8_tail("", 0) == 0);
}

int main(void)
{
    RUN(test_products_that_wrap_are_refused);
    RUN(test_memory_is_zero_and_counted);
    RUN(test_kth_allocation_fails);
    RUN(test_buffer_grows_and_is_taken);
    RUN(test_failed_buffer_does_nothing_more);
    RUN(test_sentence_is_cut_at_a_character);
    RUN(test_foreign_text_is_escaped_and_cut);
    RUN(test_every_scalar_value_goes_round);
    RUN(test_broken_utf8_is_seen);
    return tap_end();
}
