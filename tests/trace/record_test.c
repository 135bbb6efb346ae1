/* record_test.c - events become a record; the line that sums it up. */
#include "tests/trace/turn.h"

static struct tarn_text plain = { false };

/* --------------------------------------------------------------- the record */
static void test_a_plain_turn(void)
{
    begin();
    draw(THINK), draws(W_WORD, 3), draw(W_WAIT), draw(CLOSE);
    draws('a', 2), draw(END);
    stop(TARN_STOP_END);
    size_t n, size;
    const struct tarn_trace_token *k = tarn_trace_tokens(turn.trace, &n);
    CHECK_SAYS(n == 9, "%zu", n);
    CHECK(k[0].flags == TARN_TRACE_TAG && k[0].span == TARN_SPAN_THOUGHT);
    CHECK(k[1].flags == 0 && k[1].id == W_WORD && k[1].us == 20000);
    CHECK(k[5].flags == TARN_TRACE_TAG && k[8].flags == TARN_TRACE_TAG);
    CHECK(k[6].span == TARN_SPAN_ANSWER && k[6].flags == 0);
    CHECK(!memcmp(tarn_trace_bytes(turn.trace, 4, &size), "Wait", 4) &&
          size == 4);
    const struct tarn_trace_span *s = tarn_trace_spans(turn.trace, &n);
    CHECK(n == 2 && s[0].kind == TARN_SPAN_THOUGHT && !s[0].open);
    CHECK_SAYS(s[0].first == 0 && s[0].n == 5, "%u, %u", s[0].first, s[0].n);
    CHECK(s[0].begin_us == 10000 && s[0].end_us == 60000);
    CHECK_SAYS(s[1].first == 6 && s[1].n == 3, "%u, %u", s[1].first, s[1].n);
    CHECK(line_is(turn.trace, "thought 4 tokens in 0.05 s"));
    CHECK(tarn_trace_summary(turn.trace).end == TARN_TRACE_END_CLOSED);
    finish();
}

static void test_no_thought(void)
{
    begin();
    draws('a', 3), draw(END);
    stop(TARN_STOP_END);
    CHECK(line_is(turn.trace, "no thought"));
    finish();
}

static void test_steps_titles_turn_backs(void)
{
    begin();
    draw(THINK), draws(W_WORD, 12), draw(W_BREAK), draw(W_WAIT);
    draws(W_WORD, 5), draw(CLOSE), draw('a'), draw(END);
    size_t n;
    const struct tarn_trace_step *s = tarn_trace_steps(turn.trace, &n);
    CHECK_SAYS(n == 2, "%zu", n);
    CHECK(s[0].first == 1 && s[0].n == 13);
    CHECK(s[1].first == 14 && s[1].n == 6 && s[1].offset == 0);
    CHECK(!strcmp(tarn_trace_title(turn.trace, 0).text,
                  "word word word word word word wo"));
    CHECK(!strcmp(tarn_trace_title(turn.trace, 1).text,
                  "Wait word word word word word"));
    CHECK(!tarn_trace_turns_back(turn.trace, 0));
    CHECK(tarn_trace_turns_back(turn.trace, 1));
    finish();
}

static void test_hesitations_and_forks(void)
{
    begin();
    draw(THINK);
    for (int i = 0; i < 48; i++)
        token(W_WORD, i >= 10 && i < 18 ? 2.0f : 0.1f, 0.4f,
              i % 4 ? 0.1f : 0.3f, false);
    draw(CLOSE);
    for (int i = 0; i < 20; i++) /* not in answers */
        token('a', 3.0f, 0.4f, 0.3f, false);
    draw(END);
    size_t n;
    const struct tarn_trace_hesitation *h =
        tarn_trace_hesitations(turn.trace, &n);
    CHECK(n == 1);
    CHECK_SAYS(n && h[0].first == 8 && h[0].last == 24, "%u..%u", h[0].first,
               h[0].last); /* 7 .. 23 of the thought, behind <think> */
    const struct tarn_trace_summary sum = tarn_trace_summary(turn.trace);
    CHECK_SAYS(sum.forks == 2, "%u", sum.forks); /* tokens 12 and 16 */
    CHECK(line_is(turn.trace, "thought 48 tokens in 0.5 s, 1 hesitation"));
    finish();
}

/* ------------------------------------------------------------- how it ended */
static void test_ends_of_a_thought(void)
{
    begin();
    draw(THINK), draws(W_WORD, 3), force(CLOSE), draw('a'), draw(END);
    CHECK(line_is(turn.trace, "thought 3 tokens in 0.04 s, budget reached"));
    size_t n;
    CHECK(tarn_trace_tokens(turn.trace, &n)[4].flags & TARN_TRACE_FORCED);
    finish();
    begin();
    draw(THINK), draws(W_WORD, 3), tarn_trace_answered(turn.trace);
    force(CLOSE), draw('a'), draw(END);
    CHECK(line_is(turn.trace, "thought 3 tokens in 0.04 s, answered on request"));
    finish();
    begin();
    draw(THINK), draws(W_WORD, 3), stop(TARN_STOP_CANCELLED);
    CHECK(line_is(turn.trace, "thought 3 tokens in 0.03 s, stopped"));
    finish();
    begin();
    draw(THINK), draws(W_WORD, 3), stop(TARN_STOP_LENGTH);
    CHECK(line_is(turn.trace, "thought 3 tokens in 0.03 s"));
    CHECK(tarn_trace_summary(turn.trace).end == TARN_TRACE_END_CUT);
    finish();
}

static void test_a_stray_close_makes_a_thought(void)
{
    begin();
    draws('a', 20), draw(CLOSE), draws('b', 4), draw(END);
    CHECK(line_is(turn.trace, "thought 20 tokens in 0.2 s"));
    size_t n;
    tarn_trace_steps(turn.trace, &n);
    CHECK(n == 1);
    finish();
}

static void test_tags_as_text(void)
{
    begin_with(&plain, &INFO);
    draw(W_OPEN), draw(W_OPEN2), draws(W_WORD, 14);
    draw(W_LT), draw(W_THINK), draw(W_GT), draw('a'), draw(END);
    CHECK(line_is(turn.trace, "thought 14 tokens in 0.2 s"));
    CHECK(tarn_trace_summary(turn.trace).end == TARN_TRACE_END_CLOSED);
    size_t n;
    const struct tarn_trace_token *k = tarn_trace_tokens(turn.trace, &n);
    for (size_t i = 0; i < n; i++)
        CHECK_SAYS(((k[i].flags & TARN_TRACE_TAG) != 0) ==
                       (i < 2 || (i > 15 && i < 19) || i == 20),
                   "token %zu", i);
    finish();
}

/* -------------------------------------------------------------- taking back */
static void thought_with_a_circle(bool circle)
{
    begin();
    draw(THINK);
    for (int i = 0; i < 60; i++) {
        token(i % 20 == 15 ? W_BREAK : i % 20 == 16 ? W_WAIT : W_WORD,
              i > 30 && i < 45 ? 2.0f : 0.2f, 0.9f, 0.1f, false);
        if (circle && (i == 20 || i == 40)) {
            for (int k = 0; k < 50; k++)
                token(k % 14 ? W_OTHER : W_BREAK, 3.0f, 0.5f, 0.4f, false);
            take_back((uint32_t)i + 2);
        }
    }
    draw(CLOSE), draw('a'), draw(END);
    stop(TARN_STOP_END);
}

static void test_taken_back_is_in_no_other_figure(void)
{
    thought_with_a_circle(false);
    struct tarn_trace *straight = turn.trace;
    turn.trace = NULL;
    finish();
    thought_with_a_circle(true);
    const struct tarn_trace_summary a = tarn_trace_summary(straight);
    const struct tarn_trace_summary b = tarn_trace_summary(turn.trace);
    CHECK(a.tokens == 60 && b.tokens == 60 && b.withdrawn == 100);
    CHECK_SAYS(a.steps == b.steps && a.steps == 4, "%u, %u", a.steps, b.steps);
    CHECK(a.hesitations == b.hesitations && a.hesitations == 1);
    CHECK(a.forks == b.forks && a.turn_backs == b.turn_backs);
    CHECK(a.turn_backs == 3);
    CHECK(a.mean_entropy >= b.mean_entropy && a.mean_entropy <= b.mean_entropy);
    CHECK(b.loops_broken == 2);
    size_t n;
    const struct tarn_trace_loop *l = tarn_trace_loops(turn.trace, &n);
    CHECK(n == 2 && l[0].first == 22 && l[0].n == 50 && l[1].first == 92);
    for (size_t i = 0; i < a.steps; i++)
        CHECK(!strcmp(tarn_trace_title(straight, i).text,
                      tarn_trace_title(turn.trace, i).text));
    CHECK(line_is(turn.trace, "thought 60 tokens in 1.6 s, 1 hesitation, "
                              "2 loops broken"));
    tarn_trace_destroy(straight);
    finish();
}

static void test_closed_in_a_circle(void)
{
    begin();
    draw(THINK), draws(W_WORD, 60), take_back(22), draws(W_OTHER, 60);
    take_back(40), force(CLOSE), draw('a'), draw(END);
    CHECK(line_is(turn.trace, "thought 39 tokens in 1.2 s, 1 loop broken, "
                              "closed in a circle"));
    finish();
}

/* ----------------------------------------------------------------- the line */
static void check_line(struct tarn_trace_summary s, const char *expected)
{
    const struct tarn_trace_line l = tarn_trace_summary_line(&s);
    CHECK_SAYS(!strcmp(l.text, expected), "\"%s\", not \"%s\"", l.text,
               expected);
}

static void test_the_lines_of_the_definition(void)
{
    check_line((struct tarn_trace_summary){ .tokens = 412, .us = 9300000,
                                            .hesitations = 3,
                                            .loops_broken = 1 },
               "thought 412 tokens in 9.3 s, 3 hesitations, 1 loop broken");
    check_line((struct tarn_trace_summary){ .tokens = 2048, .us = 72000000,
                                            .end = TARN_TRACE_END_BUDGET },
               "thought 2,048 tokens in 1 min 12 s, budget reached");
    check_line((struct tarn_trace_summary){ .tokens = 96, .us = 2100000,
                                            .end = TARN_TRACE_END_ANSWERED },
               "thought 96 tokens in 2.1 s, answered on request");
    check_line((struct tarn_trace_summary){ .tokens = 1, .us = 100000 },
               "thought 1 token in 0.1 s");
    check_line((struct tarn_trace_summary){ .steps = 0 }, "no thought");
    check_line((struct tarn_trace_summary){ .tokens = 1234567,
                                            .us = UINT64_C(3840000000) },
               "thought 1,234,567 tokens in 1 h 04 min");
    check_line((struct tarn_trace_summary){ .tokens = 2, .us = 59960000 },
               "thought 2 tokens in 1 min 00 s");
}

static void test_the_json_of_the_definition(void)
{
    const struct tarn_trace_summary s = {
        .tokens = 412, .us = 9300000, .steps = 14, .hesitations = 3,
        .forks = 41, .turn_backs = 2, .loops_broken = 1, .withdrawn = 96,
        .mean_entropy = 0.46, .end = TARN_TRACE_END_CLOSED };
    struct tarn_buf b = { 0 };
    tarn_trace_summary_json(&s, &b);
    CHECK_SAYS(!strcmp(b.data,
                  "{\"tokens\":412,\"ms\":9300,\"steps\":14,"
                  "\"hesitations\":3,\"forks\":41,\"turn_backs\":2,"
                  "\"loops_broken\":1,\"withdrawn\":96,"
                  "\"mean_entropy\":0.46,\"end\":\"closed\"}"), "%s", b.data);
    tarn_buf_finish(&b);
}

int main(void)
{
    RUN(test_a_plain_turn);
    RUN(test_no_thought);
    RUN(test_steps_titles_turn_backs);
    RUN(test_hesitations_and_forks);
    RUN(test_ends_of_a_thought);
    RUN(test_a_stray_close_makes_a_thought);
    RUN(test_tags_as_text);
    RUN(test_taken_back_is_in_no_other_figure);
    RUN(test_closed_in_a_circle);
    RUN(test_the_lines_of_the_definition);
    RUN(test_the_json_of_the_definition);
    return tap_end();
}
