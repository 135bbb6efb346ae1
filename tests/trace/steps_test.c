/* steps_test.c - where steps begin, however the text is cut into tokens. */
#include "core/trace/steps.h"

#include "tests/tap.h"

static struct tarn_steps s;
static struct {
    uint32_t n;
    struct tarn_step_begin at[64];
} seen;

static void begin(void)
{
    memset(&seen, 0, sizeof seen);
    tarn_steps_init(&s);
}

static void feed(const char *token)
{
    struct tarn_step_begin b;
    if (tarn_steps_token(&s, token, strlen(token), &b) && seen.n < 64)
        seen.at[seen.n++] = b;
}

static void words(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        feed(" word");
}

#define CHECK_STEPS(count, token0, offset0)                                   \
    CHECK_SAYS(seen.n == (count) && seen.at[0].token == (token0) &&           \
                   seen.at[0].offset == (offset0),                            \
               "%u steps, the first at token %u, byte %u", seen.n,            \
               seen.at[0].token, seen.at[0].offset)

/* ----------------------------------------------------------------------- B1 */
static void test_b1_blank_line_after_12_tokens(void)
{
    begin();
    words(11), feed(".\n"), feed("\n"), feed("So"), words(5);
    CHECK_STEPS(1, 13, 0);
    begin();
    words(11), feed(".\n\n"), feed(" \n"), feed(" So"), words(5);
    CHECK_STEPS(1, 13, 1);
}

static void test_b1_not_after_11_tokens(void)
{
    begin();
    words(9), feed(".\n"), feed("\n"), feed("So"), words(5);
    CHECK(seen.n == 0);
}

static void test_b1_break_and_next_word_in_one_token(void)
{
    begin();
    words(12), feed(".\n\nSo"), words(5);
    CHECK_STEPS(1, 12, 3);
}

static void test_b1_line_of_white_space_and_cr(void)
{
    begin();
    words(12), feed("\r\n"), feed(" \t\r\n"), feed("So");
    CHECK_STEPS(1, 14, 0);
}

static void test_b1_not_the_first_line(void)
{
    begin();
    for (int i = 0; i < 20; i++)
        feed(" ");
    feed("\n"), feed("So"), words(3);
    CHECK(seen.n == 0);
}

static void test_b1_nothing_follows(void)
{
    begin();
    words(12), feed("\n\n"), feed("  "), feed("\n");
    CHECK(seen.n == 0);
}

/* ----------------------------------------------------------------------- B2 */
static void test_b2_markers(void)
{
    static const char *const YES[] = { "# ", "###### ", "- ", "* ",
                                       "\u2022 ", "1. ", "12) ", "999. ",
                                       "   - " };
    static const char *const NO[] = { "####### ", "-x", "+ ", "1000. ", "1.5",
                                      "    - ", "\t- ", "1 ", "#x", "*\n" };
    for (size_t i = 0; i < sizeof YES / sizeof *YES; i++) {
        begin();
        words(12), feed("\n"), feed(YES[i]), feed("x");
        CHECK_SAYS(seen.n == 1 && seen.at[0].token == 13, "\"%s\": %u", YES[i],
                   seen.n);
    }
    for (size_t i = 0; i < sizeof NO / sizeof *NO; i++) {
        begin();
        words(12), feed("\n"), feed(NO[i]), feed("x");
        CHECK_SAYS(seen.n == 0, "\"%s\"", NO[i]);
    }
}

static void test_b2_known_late_from_its_first_byte(void)
{
    begin();
    words(12), feed("\n "), feed(" 1"), feed("2"), feed(")"), feed(" x");
    CHECK_STEPS(1, 13, 1);
    begin(); /* the bullet's three bytes in three tokens */
    words(12), feed("\n\xe2"), feed("\x80"), feed("\xa2"), feed(" x");
    CHECK_STEPS(1, 12, 1);
}

static void test_b2_needs_12_tokens_at_the_lf(void)
{
    begin(); /* 11 words and the LF's token: 12 */
    words(11), feed("\n"), feed("- x");
    CHECK(seen.n == 1);
    begin();
    words(10), feed("\n"), feed("- x");
    CHECK(seen.n == 0);
}

static void test_b2_after_b1_is_one_step(void)
{
    begin();
    words(12), feed("\n"), feed("\n"), feed("- "), feed("x"), words(3);
    CHECK_STEPS(1, 14, 0);
}

/* ----------------------------------------------------------------------- B3 */
static void test_b3_sentence_after_96_tokens(void)
{
    begin();
    words(95), feed("."), feed(" So"), words(3); /* the space is token 96 */
    CHECK_STEPS(1, 96, 1);
    begin();
    words(93), feed("."), feed(" So"), words(3);
    CHECK(seen.n == 0);
}

static void test_b3_closing_marks(void)
{
    begin();
    words(100), feed("!\u201d)"), feed("\u00bb \u00ab"), feed("So");
    CHECK_STEPS(1, 101, 3);
}

static void test_b3_needs_white_space(void)
{
    begin();
    words(100), feed(" 3.14"), feed(".x"), feed("?y"), words(3);
    CHECK(seen.n == 0);
}

static void test_b3_full_stops_without_space(void)
{
    begin();
    words(100), feed("\u3002"), feed("\u300d"), feed("\u6b21"), words(3);
    CHECK_STEPS(1, 102, 0);
    begin();
    words(100), feed("\uff1f\uff01"), feed("\u6b21");
    CHECK_STEPS(1, 101, 0);
    begin(); /* behind white space a closing mark is the next text */
    words(100), feed("\u0964 "), feed("\u300d");
    CHECK_STEPS(1, 101, 0);
}

/* ------------------------------------------------------------- 257, fences */
static void test_257_tokens(void)
{
    begin();
    words(256);
    CHECK(seen.n == 0);
    words(1);
    CHECK_STEPS(1, 256, 0);
    words(256);
    CHECK(seen.n == 2 && seen.at[1].token == 512);
}

static void test_fence_guards(void)
{
    begin();
    words(20), feed("\n"), feed("```c\n");
    words(20), feed("\n"), feed("\n"), feed("- x"), feed("\n\n# y ");
    feed("\n"), feed("```"), feed("\n");
    CHECK_SAYS(seen.n == 0, "%u", seen.n);
    feed("\n"), feed("So"); /* behind the fence it counts again */
    CHECK(seen.n == 1);
}

static void test_fence_begins_a_line(void)
{
    begin();
    words(20), feed(" ```\n"), feed("\n"), feed("So");
    CHECK(seen.n == 1); /* in the line: no fence */
}

static void test_fence_for_512_tokens_only(void)
{
    begin();
    words(20), feed("\n"), feed("```\n"); /* token 21 */
    words(511);
    const uint32_t n = seen.n; /* by the 257th token alone */
    CHECK_SAYS(n == 2 && seen.at[0].token == 256 && seen.at[1].token == 512,
               "%u", n);
    feed("\n"), feed("\n"), feed("x"); /* from token 533 on */
    CHECK_SAYS(seen.n == 3 && seen.at[2].token == 535, "%u, %u", seen.n,
               seen.at[2].token);
    words(20), feed("\n```\n"), feed("\n"), feed("y"); /* closes, opens not */
    CHECK_SAYS(seen.n == 4, "%u", seen.n);
}

/* ------------------------------------------------------- however it is cut */
static const char TEXT[] =
    "First we look at all of it.\n\n# One is a number, too\n"
    "12) two is another number\n   * three \u2022 four \u2022 five \u2022\n"
    "\u2022 six comes after five\n```\n- not in here, not in here\n\n"
    "# nor here\n```\n\n\u300c\u5176\u5b9e\u3002\u300d is the end of it\n \n"
    "- last of all comes this";

/* Pieces of k bytes, with k - 1 empty tokens before each so that the numbers of
 * tokens are alike: steps begin at the same bytes.  No line is near 12. */
static void test_cut_at_every_byte(void)
{
    const size_t size = sizeof TEXT - 1;
    uint32_t n[8], at[8][64];
    for (size_t k = 1; k < 8; k++) {
        begin();
        uint32_t byte_of[4096] = { 0 }, t = 0;
        struct tarn_step_begin b;
        n[k] = 0;
        for (size_t i = 0; i < size; i += k) {
            const size_t m = size - i < k ? size - i : k;
            for (size_t j = 0; j < k; j++, t++) {
                byte_of[t] = (uint32_t)i;
                if (tarn_steps_token(&s, TEXT + i, j + 1 == k ? m : 0, &b))
                    at[k][n[k]++] = byte_of[b.token] + b.offset;
            }
        }
        CHECK_SAYS(n[k] == n[1], "%zu: %u, not %u", k, n[k], n[1]);
        for (uint32_t i = 0; i < n[k] && i < n[1]; i++)
            CHECK_SAYS(at[k][i] == at[1][i], "%zu: step %u at %u, not %u", k,
                       i, at[k][i], at[1][i]);
    }
    CHECK_SAYS(n[1] == 6, "%u", n[1]); /* and the first */
}

static void test_broken_bytes(void)
{
    begin();
    words(12), feed("\xff\xfe\n\xc3\n"), feed("\xe2\x80"), feed("\n\n"),
        feed("\xf0\x9f");
    feed("x");
    CHECK_STEPS(1, 15, 0);
}

/* ------------------------------------------------------------ loops by step */
static void step(const char *first, uint32_t n)
{
    feed(first), words(n), feed(".\n\n");
}

static void test_the_third_same_step_is_a_loop(void)
{
    begin();
    step("Begin", 20);    /* 0..21 */
    step("We CHECK", 20); /* 22..43 */
    step("Other", 20);    /* 44..65 */
    step("we  check", 20); /* 66..87: the same but for case and space */
    step("More", 20);
    step("We check", 20);
    CHECK_SAYS(seen.n == 5 && !seen.at[4].loop, "%u", seen.n);
    feed("x"); /* now the sixth step is finished */
    CHECK(seen.n == 6 && seen.at[5].loop);
    CHECK_SAYS(seen.at[5].back_to == 66, "%u", seen.at[5].back_to);
}

static void test_short_steps_are_no_loop(void)
{
    begin();
    for (int i = 0; i < 6; i++) { /* never 12 tokens: never a step */
        feed("a"), words(5), feed(".\n\n");
    }
    for (uint32_t i = 0; i < seen.n; i++)
        CHECK(!seen.at[i].loop);
}

static void test_only_the_last_16_count(void)
{
    for (int others = 6; others <= 7; others++) {
        begin();
        char name[8] = "x";
        int k = 0;
        for (int times = 0; times < 3; times++) {
            step("same", 14);
            for (int i = 0; times < 2 && i < others; i++) {
                name[0] = (char)('A' + k % 26), name[1] = (char)('a' + k / 26);
                k++;
                step(name, 14);
            }
        }
        feed("x"); /* 3 same + 2 x others: 15 or 17 steps */
        bool loop = false;
        for (uint32_t i = 0; i < seen.n; i++)
            loop |= seen.at[i].loop;
        CHECK_SAYS(loop == (others == 6), "%d others", others);
    }
}

static void test_a_late_marker_belongs_to_the_new_step(void)
{
    /* the hash of a list item is the same whether B1 or B2 began it */
    begin();
    for (int i = 0; i < 3; i++) {
        feed(i ? "\n" : "\n\n"), feed("1"), feed("."), feed(" same"), words(14);
    }
    feed("\n"), feed("- x");
    CHECK_SAYS(seen.n == 3 && seen.at[2].loop, "%u", seen.n);
}

int main(void)
{
    RUN(test_b1_blank_line_after_12_tokens);
    RUN(test_b1_not_after_11_tokens);
    RUN(test_b1_break_and_next_word_in_one_token);
    RUN(test_b1_line_of_white_space_and_cr);
    RUN(test_b1_not_the_first_line);
    RUN(test_b1_nothing_follows);
    RUN(test_b2_markers);
    RUN(test_b2_known_late_from_its_first_byte);
    RUN(test_b2_needs_12_tokens_at_the_lf);
    RUN(test_b2_after_b1_is_one_step);
    RUN(test_b3_sentence_after_96_tokens);
    RUN(test_b3_closing_marks);
    RUN(test_b3_needs_white_space);
    RUN(test_b3_full_stops_without_space);
    RUN(test_257_tokens);
    RUN(test_fence_guards);
    RUN(test_fence_begins_a_line);
    RUN(test_fence_for_512_tokens_only);
    RUN(test_cut_at_every_byte);
    RUN(test_broken_bytes);
    RUN(test_the_third_same_step_is_a_loop);
    RUN(test_short_steps_are_no_loop);
    RUN(test_only_the_last_16_count);
    RUN(test_a_late_marker_belongs_to_the_new_step);
    return tap_end();
}
