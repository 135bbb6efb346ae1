/* loop_test.c - the vectors of circles: what is one, when it shows, where it
 * goes back to. */
#include "core/turn/loop.h"
#include "tests/tap.h"

struct seen {
    bool found;
    uint32_t at;
    struct tarn_loop_found loop;
};

static struct tarn_loop loop;
static struct seen seen;

static void begin(void)
{
    tarn_loop_init(&loop);
    seen = (struct seen){ 0 };
}

static void feed(int32_t id)
{
    struct tarn_loop_found f;
    uint32_t at = loop.n;
    if (tarn_loop_token(&loop, id, &f) && !seen.found)
        seen = (struct seen){ true, at, f };
}

static void feed_others(void)
{
    for (int32_t i = 0; i < 20; i++)
        feed(5000 + i * i);
}

static void feed_range(int32_t n, int times)
{
    for (int k = 0; k < times; k++)
        for (int32_t i = 0; i < n; i++)
            feed(i);
}

static void test_one_token_over_and_over(void)
{
    begin();
    feed_others();
    for (int i = 0; i < 60; i++)
        feed(7);
    CHECK(seen.found && seen.at == 67 && seen.loop.period == 1);
    CHECK(seen.loop.back_to == 21);
}

static void test_five_tokens(void)
{
    begin();
    feed_others();
    feed_range(5, 12);
    CHECK(seen.found && seen.at == 67 && seen.loop.period == 5);
    CHECK(seen.loop.matched == 43 && seen.loop.back_to == 25);
}

static void test_three_copies_are_needed(void)
{
    begin();
    feed_others();
    feed_range(16, 4);
    CHECK(seen.found && seen.at == 67 && seen.loop.period == 16);
    CHECK(seen.loop.back_to == 36);
    begin();
    feed_others();
    feed_range(16, 2);
    CHECK(!seen.found);
}

static void test_the_longest_period_is_256(void)
{
    begin();
    feed_others();
    feed_range(256, 3);
    CHECK(seen.found && seen.at == 787 && seen.loop.period == 256);
    CHECK(seen.loop.back_to == 276);
    begin();
    feed_others();
    feed_range(257, 4);
    CHECK(!seen.found);
}

static void test_a_counting_list_is_no_circle(void)
{
    begin();
    for (int32_t k = 0; k < 40; k++) {
        feed(11);
        feed(12);
        feed(2000 + k);
    }
    CHECK(!seen.found);
}

int main(void)
{
    RUN(test_one_token_over_and_over);
    RUN(test_five_tokens);
    RUN(test_three_copies_are_needed);
    RUN(test_the_longest_period_is_256);
    RUN(test_a_counting_list_is_no_circle);
    return tap_end();
}
