/* terms_test.c - forks, hesitations (the vectors of their definition) and
 * turn-backs.  The vectors of exact circles are in tests/turn/loop_test.c. */
#include "core/trace/terms.h"

#include <math.h>

#include "tests/tap.h"

/* ------------------------------------------------------------- hesitations */
static struct {
    struct tarn_hesitation h;
    uint32_t n, first[8], last[8]; /* the hesitations */
} seen;

static void begin(void)
{
    memset(&seen, 0, sizeof seen);
    tarn_hesitation_init(&seen.h, 0, 0);
}

static void feed(double bits, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        const uint32_t t = seen.h.n;
        const enum tarn_hesitation_event e =
            tarn_hesitation_token(&seen.h, (float)bits);
        if (e == TARN_HESITATION_OPENS)
            seen.first[seen.n++] = seen.h.first;
        if (e == TARN_HESITATION_CLOSES)
            seen.last[seen.n - 1] = t;
    }
}

static void end(void)
{
    if (seen.h.open)
        seen.last[seen.n - 1] = seen.h.n - 1;
}

static void test_one_hesitation(void)
{
    begin();
    feed(0.1, 10), feed(2.0, 8), feed(0.1, 30), end();
    CHECK_SAYS(seen.n == 1, "%u", seen.n);
    CHECK_SAYS(seen.first[0] == 7 && seen.last[0] == 23, "%u..%u",
               seen.first[0], seen.last[0]);
}

static void test_one_that_opens_again(void)
{
    begin();
    feed(0.1, 10), feed(2.0, 8), feed(0.1, 12), feed(2.0, 8), feed(0.1, 30);
    end();
    CHECK_SAYS(seen.n == 1, "%u", seen.n);
    CHECK_SAYS(seen.first[0] == 7 && seen.last[0] == 43, "%u..%u",
               seen.first[0], seen.last[0]);
}

static void test_two_the_last_ends_with_the_span(void)
{
    begin();
    feed(0.1, 10), feed(2.0, 8), feed(0.1, 40), feed(2.0, 8), feed(0.1, 5);
    end();
    CHECK_SAYS(seen.n == 2, "%u", seen.n);
    CHECK(seen.first[0] == 7 && seen.last[0] == 23);
    CHECK_SAYS(seen.first[1] == 55 && seen.last[1] == 70, "%u..%u",
               seen.first[1], seen.last[1]);
}

static void test_thresholds_are_exact(void)
{
    begin();
    feed(1.24, 40), end();
    CHECK(seen.n == 0);
    begin();
    feed(1.25, 40), end();
    CHECK(seen.n == 1 && seen.first[0] == 0 && seen.last[0] == 39);
    begin();
    feed(9.9, 7), end();
    CHECK(seen.n == 0);
}

static void test_opens_again_within_24_only(void)
{
    /* closes at t = 23; A_t reaches 1.25 with the fifth 2.0 */
    for (uint32_t quiet = 17; quiet <= 28; quiet++) {
        begin();
        feed(0.1, 10), feed(2.0, 8), feed(0.1, quiet), feed(2.0, 8);
        const uint32_t opens = 18 + quiet + 4, expected = opens - 23 < 24 ? 1 : 2;
        CHECK_SAYS(seen.n == expected, "%u quiet tokens: %u", quiet, seen.n);
    }
}

static void test_a_models_own_pair(void)
{
    memset(&seen, 0, sizeof seen);
    tarn_hesitation_init(&seen.h, 3.0, 2.5);
    feed(2.9, 20);
    CHECK(seen.n == 0);
    feed(3.1, 20);
    CHECK(seen.n == 1 && seen.h.open);
    feed(2.4, 8);
    CHECK(!seen.h.open);
}

static void test_pairs_by_name(void)
{
    double up, down;
    tarn_hesitation_pair("tarn pocket", &up, &down);
    CHECK_SAYS(up < TARN_HESITATION_OPEN && down < TARN_HESITATION_CLOSE &&
                   down > 0 && down < up, "%g, %g", up, down);
    static const char *const others[] = { "LFM2.5-8B-A1B", "tarn pocket 2", "",
                                          NULL };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        tarn_hesitation_pair(others[i], &up, &down);
        CHECK(up == 1.25 && down == 0.70);
    }
}

static void test_no_number_opens_nothing(void)
{
    begin();
    feed((double)NAN, 20), end();
    CHECK(seen.n == 0);
}

/* ------------------------------------------------------------------- forks */
static void test_forks(void)
{
    CHECK(tarn_fork(0.4f, 0.2f, 1.0f));
    CHECK(!tarn_fork(0.4f, 0.199f, 1.0f));
    CHECK(!tarn_fork(0.4f, 0.2f, 0.999f));
    CHECK(tarn_fork(0.5f, 0.5f, 1.0f));
    CHECK(!tarn_fork(0, 0, 5.0f)); /* not recorded */
}

/* -------------------------------------------------------------- turn-backs */
static bool back(const char *text)
{
    return tarn_turn_back(text, strlen(text));
}

static void test_turn_backs_in_all_languages(void)
{
    static const char *const YES[] = {
        "Wait, 5", "actually it", " \n Hmm...", "No.", "no", "But wait!",
        "\"Hold on", "Let me re-check", "let me re-read", "On second thought",
        "Alternatively,", "Moment,", "Warte mal", "Eigentlich", "Nein!",
        "Doch ", "Attends", "Attendez", "En fait,", "Non,", "Espera",
        "En realidad", "Mejor dicho:", "Na verdade", "N\u00e3o,",
        "\u201cWait\u201d", "\u00abNon\u00bb", "\u7b49\u7b49\uff0c",
        "\u4e0d\u5bf9\u3002", "\u5176\u5b9e\u8fd9", "\u7b49\u4e00\u4e0b",
        "\u300c\u5f85\u3063\u3066", "\u3044\u3084\u3001", "\u5b9f\u306f\u6b21",
        "\u3084\u306f\u308a", "\uc7a0\uae50,", "\uc544\ub2c8 ", "\uc0ac\uc2e4",
        "\u0627\u0646\u062a\u0638\u0631\u060c", "\u0644\u0643\u0646 ",
        "\u0641\u064a \u0627\u0644\u0648\u0627\u0642\u0639", "\u0644\u0627\u060c"
    };
    for (size_t i = 0; i < sizeof YES / sizeof *YES; i++)
        CHECK_SAYS(back(YES[i]), "%s", YES[i]);
}

static void test_what_only_begins_like_one(void)
{
    static const char *const NO[] = {
        "", "  ", "Now", "Waiter", "not", "So wait", "Momentum", "nonsense",
        "esperanza", "Let me rest", "But now", "hmmm", "\"", "n\xc3",
        "\u0644\u0627\u0646", "\uc544\ub2c8\uc694"
    };
    for (size_t i = 0; i < sizeof NO / sizeof *NO; i++)
        CHECK_SAYS(!back(NO[i]), "%s", NO[i]);
}

int main(void)
{
    RUN(test_one_hesitation);
    RUN(test_one_that_opens_again);
    RUN(test_two_the_last_ends_with_the_span);
    RUN(test_thresholds_are_exact);
    RUN(test_opens_again_within_24_only);
    RUN(test_a_models_own_pair);
    RUN(test_pairs_by_name);
    RUN(test_no_number_opens_nothing);
    RUN(test_forks);
    RUN(test_turn_backs_in_all_languages);
    RUN(test_what_only_begins_like_one);
    return tap_end();
}
