/* words_test.c - numbers as the window writes them, and what it lets through
 * (W01, W02, W03, W11). */
#include "gui/tarn-words.h"

#include <string.h>

#include "tests/tap.h"

#define SAYS(call, want)                                                       \
    do {                                                                       \
        char *got_ = (call);                                                   \
        CHECK_SAYS(!g_strcmp0(got_, want), "\"%s\"", got_ ? got_ : "(null)");  \
        g_free(got_);                                                          \
    } while (0)

static void test_numbers_have_their_units(void)
{
    SAYS(tarn_words_count(0), "0");
    SAYS(tarn_words_count(2048), "2,048");
    SAYS(tarn_words_count(1234567), "1,234,567");
    SAYS(tarn_words_duration(400), "0.4 s");
    SAYS(tarn_words_duration(34), "0.03 s");
    SAYS(tarn_words_duration(96), "0.1 s");
    SAYS(tarn_words_duration(0), "0.01 s");
    SAYS(tarn_words_duration(59940), "59.9 s");
    SAYS(tarn_words_duration(59960), "1 min 0 s");
    SAYS(tarn_words_duration(72000), "1 min 12 s");
    SAYS(tarn_words_duration(3840000), "1 h 04 min");
    SAYS(tarn_words_speed(96, 2124), "45.2 tok/s");
    SAYS(tarn_words_speed(1000, 2000), "500 tok/s");
    SAYS(tarn_words_speed(4087, 1000), "4,090 tok/s");
    SAYS(tarn_words_speed(9996, 10000), "1,000 tok/s");
    SAYS(tarn_words_speed(0, 2000), NULL);
    SAYS(tarn_words_size(5200000000u), "5.2 GB");
    SAYS(tarn_words_size(10208992), "10 MB");
    SAYS(tarn_words_params(9518048), "9.5 M");
}

static void test_lines_are_cut_with_dots(void)
{
    SAYS(tarn_words_line("  a\n b\tc ", 40), "a b c");
    SAYS(tarn_words_line("abcdef", 4), "abcd…");
    SAYS(tarn_words_line("ab cd", 3), "ab…");
    SAYS(tarn_words_line("äöü", 3), "äöü");
}

static void test_w02_foreign_bytes_become_valid(void)
{
    SAYS(tarn_words_valid("a\0b", 3), "a\xef\xbf\xbd"
                                      "b");
    SAYS(tarn_words_valid("\xc3", 1), "\xef\xbf\xbd");
    SAYS(tarn_words_valid("ok ä", -1), "ok ä");
    SAYS(tarn_words_valid(NULL, -1), "");
    for (int byte = 0; byte < 256; byte++) {
        char text[3] = { 'x', (char)byte, 'y' };
        g_autofree char *valid = tarn_words_valid(text, 3);
        CHECK_SAYS(g_utf8_validate(valid, -1, NULL), "byte %d", byte);
        CHECK_SAYS(valid[0] == 'x' && valid[strlen(valid) - 1] == 'y',
                   "byte %d: \"%s\"", byte, valid);
    }
}

static void test_w03_long_runs_are_broken_and_mended(void)
{
    GString *long_run = g_string_new(NULL), *shown = g_string_new(NULL);
    for (int i = 0; i < 20000; i++)
        g_string_append_c(long_run, 'a');
    TarnBreak state = { 0 };
    tarn_words_break(shown, long_run->str, long_run->len, &state);
    gsize longest = 0, run = 0;
    for (const char *p = shown->str; *p; p++) {
        run = *p == 'a' ? run + 1 : 0;
        longest = MAX(longest, run);
    }
    CHECK_SAYS(longest <= 200, "a run of %zu letters", longest);
    SAYS(tarn_words_unbreak(shown->str), long_run->str);
    g_string_free(long_run, TRUE);
    g_string_free(shown, TRUE);
}

static void test_w03_breaks_do_not_depend_on_pieces(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 3000; i++)
        g_string_append(text, i % 37 ? "ä" : "e\u0301 ");
    GString *whole = g_string_new(NULL), *pieces = g_string_new(NULL);
    TarnBreak a = { 0 }, b = { 0 };
    tarn_words_break(whole, text->str, text->len, &a);
    for (const char *p = text->str; *p; p = g_utf8_next_char(p))
        tarn_words_break(pieces, p, (gsize)(g_utf8_next_char(p) - p), &b);
    CHECK(!strcmp(whole->str, pieces->str));
    g_string_free(text, TRUE);
    g_string_free(whole, TRUE);
    g_string_free(pieces, TRUE);
}

static void test_w11_only_three_schemes_open(void)
{
    static const char *const GOOD[] = { "http://a", "https://a.b/c?d",
                                        "HTTPS://A", "mailto:a@b.c" };
    static const char *const BAD[] = { "",
                                       "http://",
                                       "https:",
                                       "//a",
                                       "/etc/passwd",
                                       "file:///etc/passwd",
                                       "javascript:alert(1)",
                                       "JaVaScRiPt:x",
                                       "data:text/html,x",
                                       "ftp://a",
                                       "smb://a",
                                       "ssh://a",
                                       "tel:1",
                                       "sms:1",
                                       "ghelp:x",
                                       "help:x",
                                       "vnc://a",
                                       "about:blank",
                                       "view-source:x",
                                       "blob:x",
                                       "ws://a",
                                       "git://a",
                                       "man:x",
                                       "info:x",
                                       "computer:",
                                       "trash:///",
                                       " https://a",
                                       "https//a",
                                       "mailto:",
                                       "xhttp://a" };
    for (gsize i = 0; i < G_N_ELEMENTS(GOOD); i++)
        CHECK_SAYS(tarn_words_link_ok(GOOD[i]), "%s", GOOD[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(BAD); i++)
        CHECK_SAYS(!tarn_words_link_ok(BAD[i]), "%s", BAD[i]);
    CHECK(!tarn_words_link_ok(NULL));
}

int main(void)
{
    RUN(test_numbers_have_their_units);
    RUN(test_lines_are_cut_with_dots);
    RUN(test_w02_foreign_bytes_become_valid);
    RUN(test_w03_long_runs_are_broken_and_mended);
    RUN(test_w03_breaks_do_not_depend_on_pieces);
    RUN(test_w11_only_three_schemes_open);
    return tap_end();
}
