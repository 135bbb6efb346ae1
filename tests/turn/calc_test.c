/* calc_test.c - the built-in tools: values, refusals, the clock. */
#include "core/turn/calc.h"

#include "core/base/memory.h"
#include "core/tarn.h"
#include "core/turn/builtin.h"
#include "tests/tap.h"

struct row {
    const char *text, *value;
};

static void test_values(void)
{
    static const struct row rows[] = {
        { "17 + 25", "42" }, { "1+2*3", "7" }, { "(1+2)*3", "9" },
        { "0.1+0.2", "0.3" }, { "19.99*3", "59.97" }, { "10/4", "2.5" },
        { "10/5", "2" }, { "7//2", "3" }, { "-7//2", "-4" }, { "-7 % 3", "2" },
        { "7.5 // 2", "3" }, { "2**10", "1024" }, { "2^-1", "0.5" },
        { "-2**2", "-4" }, { "2**3**2", "512" }, { "2**-3**2", "0.001953125" },
        { "3*-2", "-6" }, { "--3", "3" }, { "+3", "3" }, { "2**0.5", "1.4142135623731" },
        { "8**(1/3)", "2" }, { "sqrt(16)", "4" }, { "abs(-2.5)", "2.5" },
        { "round(2.5)", "3" }, { "round(-2.5)", "-3" },
        { "round(2.675, 2)", "2.68" }, { "round(1234, -2)", "1200" },
        { "floor(-1.5)", "-2" }, { "ceil(1.2)", "2" }, { "min(3, 1, 2)", "1" },
        { "max(3, 1, 2)", "3" }, { "sum(1,2,3.5)", "6.5" }, { "gcd(12,18)", "6" },
        { "5!", "120" }, { "3!!", "720" }, { "20!", "2432902008176640000" },
        { "123456789*987654321", "121932631112635269" },
        { "9223372036854775807", "9.22337203685478e+18" },
        { "999999999999999999", "999999999999999999" },
        { "2**62+2**61", "6917529027641081856" }, { "2**64", "1.84467440737096e+19" },
        { "1e3", "1000" }, { "1.5e-3*2", "0.003" }, { "1_000+1", "1001" },
        { "sin(pi)", "0" }, { "sin(pi/6)", "0.5" }, { "cos(0)", "1" },
        { "tan(pi/4)", "1" }, { "ln(e)", "1" }, { "log10(1000)", "3" },
        { "log2(1024)", "10" }, { "exp(0)", "1" }, { "pow(2, 8)", "256" },
        { "6 \xC3\x97 7", "42" }, { "84 \xC3\xB7 2", "42" },
        { "50 \xE2\x88\x92 8", "42" }, { " 1\n+\t2 ", "3" },
        { "2*pi", "6.28318530717959" }, { "0", "0" }, { "-0", "0" }, { "0.0", "0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tarn_calc c;
        CHECK_SAYS(tarn_calc(rows[i].text, strlen(rows[i].text), &c) &&
                       !strcmp(c.text, rows[i].value),
                   "%s = %s, wanted %s (%s)", rows[i].text, c.text,
                   rows[i].value, c.wrong ? c.wrong : "");
    }
}

static void test_what_is_no_expression_is_refused(void)
{
    static const struct row rows[] = {
        { "", "missing" }, { "1+", "missing" }, { "(1", "closed" },
        { "1)", "opened" }, { "1,2", "comma" }, { "(1,2)", "comma" },
        { "2 3", "operator" }, { "1/0", "zero" }, { "1//0", "zero" },
        { "5 % 0", "zero" }, { "0**-1", "zero" }, { "sqrt(-1)", "root" },
        { "(-8)**0.5", "root" }, { "ln(0)", "logarithm" }, { "f(1)", "known" },
        { "x", "known" }, { "import os", "known" }, { "sqrt 4", "bracket" },
        { "min()", "value" }, { "sqrt(1,2)", "number of values" },
        { "171!", "factorial" }, { "2.5!", "factorial" }, { "1e400", "large" },
        { "100!*100!", "large" }, { "10**1000", "large" }, { "sin(1e9)", "million" },
        { "__import__('os')", "expected" }, { "1;2", "operator" },
        { "\"a\"", "expected" }, { "2.5e", "operator" }, { ".", "number" },
        { "1..2", "operator" }, { "gcd(1.5,2)", "whole" }, { "\xFF", "expected" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tarn_calc c;
        CHECK_SAYS(!tarn_calc(rows[i].text, strlen(rows[i].text), &c) &&
                       strstr(c.wrong, rows[i].value) &&
                       c.byte <= strlen(rows[i].text),
                   "%s: %s%s at %zu", rows[i].text, c.text,
                   c.wrong ? c.wrong : "", c.byte);
    }
}

static void test_depth_and_length_are_bounded(void)
{
    static char text[TARN_CALC_MAX_TEXT + 1];
    struct tarn_calc c;
    memset(text, '(', sizeof text);
    CHECK(!tarn_calc(text, TARN_CALC_MAX_TEXT, &c) && strstr(c.wrong, "64"));
    memset(text, '-', sizeof text);
    CHECK(!tarn_calc(text, TARN_CALC_MAX_TEXT, &c) && strstr(c.wrong, "64"));
    memset(text, '1', sizeof text);
    CHECK(!tarn_calc(text, sizeof text, &c) && strstr(c.wrong, "long"));
    CHECK(!tarn_calc(text, TARN_CALC_MAX_TEXT, &c) && strstr(c.wrong, "large"));
    for (size_t i = 0; i < TARN_CALC_MAX_TEXT; i++)
        text[i] = "2^"[i % 2];
    CHECK(!tarn_calc(text, TARN_CALC_MAX_TEXT, &c));
}

/* Random bytes of the grammar: no crash, and a value is a number. */
static void test_random_expressions(void)
{
    static const char letters[] = "0123456789.e+-*/%^!(),  pisqrtmaxln";
    uint64_t state = 7;
    size_t good = 0;
    for (int round = 0; round < 100000; round++) {
        char text[24];
        struct tarn_calc c;
        for (size_t i = 0; i < sizeof text; i++) {
            state = state * UINT64_C(6364136223846793005) + 1;
            text[i] = letters[(state >> 40) % (sizeof letters - 1)];
        }
        if (tarn_calc(text, state >> 59, &c)) {
            good++;
            CHECK_SAYS(strspn(c.text, "0123456789.e+-") == strlen(c.text) &&
                           c.text[0],
                       "%.24s gave %s", text, c.text);
        } else {
            CHECK(c.wrong && !c.text[0]);
        }
    }
    CHECK_SAYS(good > 500, "%zu", good);
}

static void check_run(const char *name, const char *arguments,
                      const char *want)
{
    const struct tarn_builtin_world world = {
        .unix_ms = INT64_C(1763744103000), .utc_offset_minutes = -90
    };
    char *result = NULL;
    size_t size = 0;
    CHECK(tarn_builtin_run(name, arguments, &world, &result, &size, NULL) ==
          TARN_OK);
    CHECK_SAYS(result && !strcmp(result, want) && size == strlen(want),
               "%s %s: %s", name, arguments, result);
    tarn_text_free(result);
}

static void test_the_tools(void)
{
    check_run("calculator", "{\"expression\": \"6*7\"}", "42");
    check_run("calculator", "{\"expression\": \"6*\"}",
              "error: a value is missing at the end (at character 3)");
    check_run("calculator", "{}",
              "error: the argument expression is missing");
    check_run("calculator", "[]", "error: the arguments are no object");
    check_run("clock", "{}", "Friday 2025-11-21 15:25:03 UTC-01:30");
    char *result = NULL;
    size_t size;
    struct tarn_error err = { TARN_OK, "" };
    CHECK(tarn_builtin_run("rm", "{}", NULL, &result, &size, &err) ==
              TARN_USAGE &&
          !result && strstr(err.text, "rm"));
    CHECK(tarn_builtin_effects("clock") && !tarn_builtin_effects("Clock"));
}

static void test_the_clock_at_the_ends_of_time(void)
{
    struct tarn_builtin_world world = { .unix_ms = INT64_MAX,
                                        .utc_offset_minutes = 100000 };
    char *result = NULL;
    size_t size;
    CHECK(!tarn_builtin_run("clock", "{}", &world, &result, &size, NULL));
    CHECK_SAYS(strstr(result, "9999-12-31"), "%s", result);
    tarn_text_free(result);
    world = (struct tarn_builtin_world){ INT64_MIN, -100000 };
    CHECK(!tarn_builtin_run("clock", "{}", &world, &result, &size, NULL));
    CHECK_SAYS(strstr(result, "0001-01-01"), "%s", result);
    tarn_text_free(result);
    world = (struct tarn_builtin_world){ -1, 0 };
    CHECK(!tarn_builtin_run("clock", "{}", &world, &result, &size, NULL));
    CHECK_SAYS(!strcmp(result, "Wednesday 1969-12-31 23:59:59 UTC+00:00"), "%s",
               result);
    tarn_text_free(result);
}

static void test_out_of_memory(void)
{
    const struct tarn_builtin_world world = { 0 };
    const int64_t held = tarn_memory_held();
    for (uint64_t k = 1; k < 20; k++) {
        char *result = NULL;
        size_t size;
        tarn_memory_fail_at(k, false);
        const enum tarn_status s =
            tarn_builtin_run("calculator", "{\"expression\": \"1/0\"}", &world,
                             &result, &size, NULL);
        tarn_memory_fail_at(0, false);
        CHECK(s == TARN_OK ? result != NULL
                           : s == TARN_NO_MEMORY && !result);
        tarn_text_free(result);
    }
    CHECK(tarn_memory_held() == held);
}

int main(void)
{
    RUN(test_values);
    RUN(test_what_is_no_expression_is_refused);
    RUN(test_depth_and_length_are_bounded);
    RUN(test_random_expressions);
    RUN(test_the_tools);
    RUN(test_the_clock_at_the_ends_of_time);
    RUN(test_out_of_memory);
    return tap_end();
}
