/* schema_test.c - JSON Schema and tool declarations as grammars: which texts
 * fit, which schemas are refused, tokens and masks, memory. */
#include "core/sample/schema.h"

#include <stdlib.h>

#include "core/base/memory.h"
#include "core/gguf/gguf.h"
#include "core/sample/machine.h"
#include "tests/tap.h"

static const char *folder;
static struct tarn_gguf *gguf;
static struct tarn_text *text;
static struct tarn_lexicon *lex;

static struct tarn_machine *make(const char *schema, bool calls)
{
    struct tarn_grammar g = { 0 };
    struct tarn_machine *m = NULL;
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s =
        calls ? tarn_calls_compile(schema, strlen(schema), &g, &err)
              : tarn_schema_compile(schema, schema ? strlen(schema) : 0, &g,
                                    &err);
    if (!s)
        s = tarn_machine_create(&g, lex, &m, &err);
    CHECK_SAYS(!s, "%s: %s", schema, err.text);
    return m;
}

static bool fits(struct tarn_machine *m, const char *t)
{
    tarn_machine_reset(m);
    return tarn_machine_accept(m, t, strlen(t)) && tarn_machine_whole(m);
}

struct row {
    const char *schema;
    const char *good[12], *bad[14];
};

static void check_rows(const struct row *rows, size_t n, bool calls)
{
    for (size_t i = 0; i < n; i++) {
        struct tarn_machine *m = make(rows[i].schema, calls);
        if (!m)
            continue;
        for (size_t k = 0; k < 12 && rows[i].good[k]; k++)
            CHECK_SAYS(fits(m, rows[i].good[k]), "%s: %s", rows[i].schema,
                       rows[i].good[k]);
        for (size_t k = 0; k < 14 && rows[i].bad[k]; k++)
            CHECK_SAYS(!fits(m, rows[i].bad[k]), "%s: %s", rows[i].schema,
                       rows[i].bad[k]);
        CHECK(!tarn_machine_overflowed(m));
        tarn_machine_destroy(m);
    }
}

static void test_values_that_fit(void)
{
    static const struct row rows[] = {
        { "{}",
          { "1", "null", "true", "\"a\"", "[]", "{}", "[1, [2], {\"a\": {}}]",
            "{\"a\": 1,\"b\":\n  []}", "-0.5e+3", "\n\n1" },
          { "", "nul", "[1", "[1,]", "{\"a\"}", "{a:1}", "01", "1.", ".5",
            "\"\\x\"", "\"\n\"", "1 2", "\n\n\n1", "[1]]" } },
        { "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},"
          "\"b\":{\"type\":\"null\"}},\"required\":[\"a\"],"
          "\"additionalProperties\":false}",
          { "{\"a\": 1}", "{\"a\":1,\"b\":null}", "{\n  \"a\": -7,\n  \"b\": null\n}" },
          { "{}", "{\"b\":null}", "{\"b\":null,\"a\":1}", "{\"a\":1,}",
            "{\"a\":1.5}", "{\"a\":1,\"c\":1}", "{\"a\":1,\"a\":1}", "{,\"a\":1}" } },
        { "{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1},\"b\":"
          "{\"const\":2},\"c\":{\"const\":3}}}",
          { "{}", "{\"a\":1}", "{\"b\":2}", "{\"c\":3}", "{\"a\":1,\"c\":3}",
            "{\"a\":1,\"b\":2,\"c\":3}" },
          { "{\"c\":3,\"a\":1}", "{\"a\":2}", "{,}", "{\"a\":1 \"b\":2}" } },
        { "{\"type\":\"array\",\"items\":{\"const\":0},\"minItems\":2,"
          "\"maxItems\":3}",
          { "[0,0]", "[0, 0, 0]" },
          { "[]", "[0]", "[0,0,0,0]", "[0,1]" } },
        { "{\"type\":\"array\",\"maxItems\":0}", { "[]" }, { "[0]", "[ ]" } },
        { "{\"prefixItems\":[{\"const\":1},{\"const\":2}],\"items\":false}",
          { "[]", "[1]", "[1,2]" }, { "[2]", "[1,2,3]", "[1,2,2]" } },
        { "{\"enum\":[\"re\",\"red\",1,[1, 2],{\"a\":null}]}",
          { "\"re\"", "\"red\"", "1", "[1, 2]", "{\"a\": null}" },
          { "\"r\"", "\"rede\"", "2", "[1]", "11" } },
        { "{\"type\":[\"string\",\"null\"],\"enum\":[1,null,\"x\"]}",
          { "null", "\"x\"" }, { "1" } },
        { "{\"type\":\"string\",\"nullable\":true}", { "null", "\"\"" }, { "1" } },
        { "{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}",
          { "\"ab\"", "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"", "\"\\n\\u00e4\"" },
          { "\"a\"", "\"abcd\"", "\"\"", "\"\\ud83d\\ude00\"", "\"\xC3\"", "\"\xFF" "ab\"" } },
        { "{\"anyOf\":[{\"const\":\"aa\"},{\"type\":\"integer\"}]}",
          { "\"aa\"", "12" }, { "\"a\"", "1.0", "aa" } },
        { "{\"$ref\":\"#/$defs/a~1b\",\"$defs\":{\"a/b\":{\"type\":\"array\","
          "\"items\":{\"$ref\":\"#\"},\"maxItems\":2}}}",
          { "[]", "[[],[[]]]" }, { "[1]", "[[],[],[]]" } },
        { "{\"name\":\"x\",\"strict\":true,\"schema\":{\"const\":5}}",
          { "5" }, { "6" } },
    };
    check_rows(rows, sizeof rows / sizeof *rows, false);
}

static void test_numbers_between_bounds(void)
{
    static const struct row rows[] = {
        { "{\"type\":\"integer\",\"minimum\":-12,\"maximum\":105}",
          { "0", "-12", "-9", "105", "99", "100", "7" },
          { "-13", "106", "-0", "00", "1.0", "1e1", "1000", "-100" } },
        { "{\"type\":\"integer\",\"exclusiveMinimum\":9,\"exclusiveMaximum\":12}",
          { "10", "11" }, { "9", "12", "1", "110" } },
        { "{\"type\":\"integer\",\"minimum\":0.5,\"maximum\":2.5}",
          { "1", "2" }, { "0", "3" } },
        { "{\"type\":\"integer\",\"multipleOf\":7,\"minimum\":-20,\"maximum\":100}",
          { "0", "7", "98", "-14" }, { "1", "-21", "105", "-7.0", "70." } },
        { "{\"type\":\"number\",\"minimum\":-1.25,\"maximum\":3.875}",
          { "0", "-1.25", "-1.2", "3.875", "3.8", "3.8749", "-0.5", "1.2500", "3.87500" },
          { "-1.26", "3.876", "4", "-1.251", "3.8751", "-2", "1.", "-0.0" } },
        { "{\"type\":\"number\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":1}",
          { "0.5", "0.01", "0.99999" }, { "0", "1", "0.0", "1.0", "-0.1" } },
        { "{\"type\":\"number\",\"minimum\":1e3,\"maximum\":1.5e3}",
          { "1000", "1500", "1499.9" }, { "999", "1500.1", "1e3" } },
        { "{\"type\":\"number\",\"maximum\":-0.001}",
          { "-0.001", "-1", "-123.5" }, { "0", "-0.0009", "1" } },
        { "{\"minimum\":3,\"exclusiveMinimum\":3,\"maximum\":3.5}",
          { "3.1", "3.5" }, { "3", "3.0" } },
    };
    check_rows(rows, sizeof rows / sizeof *rows, false);
}

static void test_patterns(void)
{
    static const struct row rows[] = {
        { "{\"pattern\":\"^a+b?$\"}", { "\"a\"", "\"aab\"" }, { "\"\"", "\"abb\"", "\"ba\"" } },
        { "{\"pattern\":\"b\"}", { "\"b\"", "\"abc\"" }, { "\"ac\"" } },
        { "{\"pattern\":\"^a|b$\"}", { "\"axx\"", "\"xxb\"" }, { "\"xax\"" } },
        { "{\"pattern\":\"^(ab|c){2,3}$\"}", { "\"abc\"", "\"ccc\"", "\"abab\"" }, { "\"c\"", "\"cccc\"" } },
        { "{\"pattern\":\"^[^\\\\d\\\\s]$\"}", { "\"x\"", "\"\\\"\"", "\"\xC3\xA4\"" }, { "\"1\"", "\" \"", "\"\\n\"" } },
        { "{\"pattern\":\"^\\\\u00e4[\\\\u{1F600}-\\\\u{1F610}]\\\\x41\\\\.$\"}",
          { "\"\xC3\xA4\xF0\x9F\x98\x80" "A.\"" }, { "\"aA.\"", "\"\xC3\xA4\xF0\x9F\x99\x80" "A.\"" } },
        { "{\"pattern\":\"^(?:x(?<n>y)*?)??$\"}", { "\"\"", "\"x\"", "\"xyy\"" }, { "\"y\"" } },
        { "{\"pattern\":\"^(a*)*$\"}", { "\"\"", "\"aaaa\"" }, { "\"b\"" } },
        { "{\"pattern\":\"^[\\\\]\\\\-a]+$\"}", { "\"]-a\"" }, { "\"b\"" } },
        { "{\"format\":\"date\"}", { "\"2026-02-28\"" }, { "\"2026-13-01\"", "\"2026-2-1\"" } },
        { "{\"format\":\"ipv4\"}", { "\"127.0.0.1\"", "\"255.255.255.255\"" }, { "\"256.0.0.1\"", "\"1.2.3\"" } },
        { "{\"format\":\"uuid\"}", { "\"01234567-89ab-cdef-0123-456789abcdef\"" }, { "\"0123\"" } },
    };
    check_rows(rows, sizeof rows / sizeof *rows, false);
}

static void test_any_json_is_an_object_or_a_list(void)
{
    static const struct row rows[] = {
        { NULL, { "{}", "[]", "{\"a\": [1, {}]}", "[[[]]]" }, { "1", "\"a\"", "null", "{} " } },
    };
    check_rows(rows, 1, false);
}

/* The sentence names what is not supported. */
static void test_what_is_not_supported_is_named(void)
{
    static const struct {
        const char *schema, *words[2];
    } rows[] = {
        { "{\"type\":\"array\",\"uniqueItems\":true}", { "uniqueItems", "not supported" } },
        { "{\"oneOf\":[]}", { "oneOf", "not supported" } },
        { "{\"not\":{}}", { "not", "not supported" } },
        { "{\"type\":\"object\",\"properties\":{\"a\":{\"if\":{}}}}", { "properties/a", "\"if\"" } },
        { "{\"type\":\"array\",\"items\":{\"contains\":{}}}", { "items", "contains" } },
        { "{\"type\":\"object\",\"patternProperties\":{}}", { "patternProperties", "not supported" } },
        { "{\"type\":\"object\",\"minProperties\":1}", { "minProperties", "" } },
        { "{\"type\":\"colour\"}", { "type", "no type" } },
        { "{\"type\":\"string\",\"format\":\"regex\"}", { "format", "known" } },
        { "{\"type\":\"string\",\"pattern\":\"(?=a)\"}", { "pattern", "looks ahead" } },
        { "{\"type\":\"string\",\"pattern\":\"(?<!a)\"}", { "pattern", "looks behind" } },
        { "{\"type\":\"string\",\"pattern\":\"(a)\\\\1\"}", { "pattern", "refers back" } },
        { "{\"type\":\"string\",\"pattern\":\"\\\\bx\"}", { "pattern", "word border" } },
        { "{\"type\":\"string\",\"pattern\":\"\\\\p{L}\"}", { "pattern", "Unicode property" } },
        { "{\"type\":\"string\",\"pattern\":\"a^b\"}", { "pattern", "anchor" } },
        { "{\"type\":\"string\",\"pattern\":\"(a\"}", { "pattern", "not closed" } },
        { "{\"type\":\"string\",\"pattern\":\"[a\"}", { "pattern", "without an end" } },
        { "{\"type\":\"string\",\"pattern\":\"*a\"}", { "pattern", "sign" } },
        { "{\"type\":\"string\",\"pattern\":\"a{5000}\"}", { "pattern", "1,000" } },
        { "{\"type\":\"string\",\"pattern\":\"a{2,1}\"}", { "pattern", "upside down" } },
        { "{\"type\":\"string\",\"pattern\":\"\\\\\"}", { "pattern", "backslash" } },
        { "{\"type\":\"string\",\"pattern\":\"a\",\"maxLength\":3}", { "pattern", "not supported" } },
        { "{\"type\":\"number\",\"multipleOf\":0.01}", { "multipleOf", "whole" } },
        { "{\"type\":\"number\",\"minimum\":1.2345678901234567}", { "minimum", "15 digits" } },
        { "{\"type\":\"array\",\"minItems\":-1}", { "minItems", "whole" } },
        { "{\"$ref\":\"other.json\"}", { "$ref", "this document" } },
        { "{\"$ref\":\"#/$defs/none\"}", { "$ref", "this document" } },
        { "{\"$ref\":\"#\",\"type\":\"string\"}", { "type", "beside" } },
        { "{\"$ref\":\"#\"}", { "refers to itself", "" } },
        { "{\"anyOf\":[{\"$ref\":\"#\"},{\"type\":\"null\"}]}", { "refers to itself", "" } },
        { "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}", { "No finite text", "" } },
        { "{\"type\":\"integer\",\"minimum\":5,\"maximum\":4}", { "No finite text", "" } },
        { "{\"enum\":[]}", { "enum", "list" } },
        { "{\"allOf\":[{},{}]}", { "allOf", "not supported" } },
        { "{\"anyOf\":3}", { "anyOf", "list" } },
        { "{\"type\":\"object\",\"properties\":[]}", { "properties", "object" } },
        { "{\"type\":\"object\",\"properties\":{\"a\":false},\"required\":[\"a\"]}", { "fits nothing", "" } },
        { "{\"type\":\"object\",\"required\":[\"a\"],\"additionalProperties\":false}", { "required", "declared" } },
        { "3", { "neither", "" } },
        { "{\"a\":", { "byte", "" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tarn_grammar g = { 0 };
        struct tarn_error err = { TARN_OK, "" };
        const enum tarn_status s = tarn_schema_compile(
            rows[i].schema, strlen(rows[i].schema), &g, &err);
        CHECK_SAYS(s == TARN_USAGE && err.status == s &&
                       strstr(err.text, rows[i].words[0]) &&
                       strstr(err.text, rows[i].words[1]),
                   "%s: %d %s", rows[i].schema, s, err.text);
        tarn_grammar_finish(&g);
    }
}

static const char TOOLS[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"calc\",\"parameters\":{"
    "\"type\":\"object\",\"properties\":{\"expr\":{\"type\":\"string\"}},"
    "\"required\":[\"expr\"]}}},"
    "{\"name\":\"get_weather.now\",\"parameters\":{\"type\":\"object\","
    "\"properties\":{\"city\":{\"type\":\"string\",\"pattern\":\"(a+)+$\"},"
    "\"unit\":{\"enum\":[\"C\",\"F\"]},\"days\":{\"type\":\"integer\","
    "\"minimum\":1,\"maximum\":7},\"exact\":{\"type\":\"boolean\"},"
    "\"where\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}}},"
    "\"required\":[\"city\"]}},{\"name\":\"noop\"}]";

static void test_calls_fit_their_tools(void)
{
    static const struct row rows[] = {
        { TOOLS,
          { "[calc(expr=\"1+1\")]", "[calc(expr='1+1')]", "[noop()]",
            "[get_weather.now(city=\"Oslo\", unit='C', days=3, exact=True, where=[1, 2.5])]",
            "[get_weather.now(city=\"(\", exact=false), noop()]",
            "[{\"name\": \"calc\", \"arguments\": {\"expr\": \"2\"}}]",
            "{\"name\":\"noop\",\"arguments\":{}}",
            "[calc(expr='a\"b')]" },
          { "[calc()]", "[calc(expr=1)]", "[calc(1)]", "[other()]", "calc(expr=\"1\")",
            "[get_weather.now(city=\"Oslo\", days=9)]", "[get_weather.now(unit='C')]",
            "[get_weather.now(city='Oslo', unit='K')]", "[calc(expr=\"1\"), ]",
            "[]", "[noop(x=1)]", "{\"name\": \"x\", \"arguments\": {}}" } },
        { "[{\"name\":\"f\",\"parameters\":{\"properties\":{\"x\":{\"oneOf\":[1]},"
          "\"y\":{\"$ref\":\"#\"}}}}]",
          { "[f(x=[1, {}])]", "[f()]", "[f(x=None)]", "[f(y={\"x\": 1})]" }, { "[f(z=1)]" } },
    };
    check_rows(rows, 2, true);
}

/* C09: what a hostile list of tools may do. */
static void test_c09_hostile_tools_are_bounded(void)
{
    struct tarn_buf b = { 0 };
    struct tarn_grammar g = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    tarn_buf_text(&b, "[{\"name\":\"f\",\"parameters\":{\"properties\":{");
    for (int i = 0; i < 5000; i++)
        tarn_buf_printf(&b, "%s\"p%d\":{\"$ref\":\"#/properties/p%d\"}",
                        i ? "," : "", i, i + 1);
    tarn_buf_text(&b, "}}}]");
    CHECK(tarn_calls_compile(b.data, b.size, &g, &err) == TARN_LIMIT);
    CHECK_SAYS(strstr(err.text, "too large"), "%s", err.text);
    tarn_grammar_finish(&g);
    tarn_buf_clear(&b);
    tarn_buf_text(&b, "[{\"name\":\"f\",\"parameters\":{\"properties\":{\"a\":");
    for (int i = 0; i < 40; i++)
        tarn_buf_text(&b, "{\"items\":");
    tarn_buf_text(&b, "{}");
    for (int i = 0; i < 40; i++)
        tarn_buf_byte(&b, '}');
    tarn_buf_text(&b, "}}}]");
    CHECK_SAYS(tarn_calls_compile(b.data, b.size, &g, &err) == TARN_OK, "%s",
               err.text);
    tarn_grammar_finish(&g);
    tarn_buf_clear(&b); /* an enum of 20,000 */
    tarn_buf_text(&b, "[{\"name\":\"f\",\"parameters\":{\"properties\":{\"a\":"
                      "{\"enum\":[0");
    for (int i = 1; i < 20000; i++)
        tarn_buf_printf(&b, ",%d", i);
    tarn_buf_text(&b, "]}}}}]");
    CHECK(tarn_calls_compile(b.data, b.size, &g, &err) == TARN_OK);
    tarn_grammar_finish(&g);
    CHECK(tarn_calls_compile(b.data, TARN_SCHEMA_MAX_TEXT + 1, &g, &err) ==
          TARN_LIMIT);
    tarn_buf_finish(&b);
}

static void test_a_mask_is_what_each_token_is_allowed(void)
{
    static const char *const begun[] = { "", "{\"a\": \"", "{\"a\": \"x\", \"b\": [1",
                                         "{\"a\": \"\xE2\x82" };
    struct tarn_machine *m =
        make("{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":"
             "\"array\",\"items\":{\"type\":\"integer\",\"maximum\":500}}},"
             "\"required\":[\"a\",\"b\"]}",
             false);
    const int32_t n_vocab = (int32_t)tarn_text_n_vocab(text);
    for (size_t i = 0; i < 4; i++)
        for (uint32_t most = 3; most < 60; most += 8) {
            size_t n = 0, size;
            tarn_machine_reset(m);
            CHECK(tarn_machine_accept(m, begun[i], strlen(begun[i])));
            const uint32_t *bits = tarn_machine_mask(m, most);
            for (int32_t id = 0; id < n_vocab; id++) {
                const bool set = bits[id / 32] >> (id % 32) & 1;
                n += set;
                tarn_text_bytes(text, id, &size);
                CHECK_SAYS(set == tarn_machine_allows(m, id, most),
                           "%s: %d (%zu bytes)", begun[i], id, size);
            }
            CHECK((n > 0) == (most + 1 >= tarn_machine_left(m)));
        }
    tarn_machine_destroy(m);
}

/* Random walks of many bytes: the tables are emptied on the way, and the text
 * is whole in the end. */
static void test_long_texts_are_whole_in_the_end(void)
{
    struct tarn_machine *m = make(
        "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
        "\"s\":{\"type\":\"string\",\"minLength\":3,\"maxLength\":900},\"n\":"
        "{\"type\":\"number\",\"minimum\":-5,\"maximum\":7000},\"c\":{\"$ref\":"
        "\"#\"}},\"required\":[\"s\",\"n\"]}}",
        false);
    uint64_t state = 3;
    for (int round = 0; round < 6; round++) {
        uint32_t left = 3000;
        tarn_machine_reset(m);
        while (left > 0 && !(tarn_machine_whole(m) && left < 100)) {
            const uint32_t *bits = tarn_machine_mask(m, left - 1);
            int32_t id = -1;
            for (int tries = 0; tries < 100000 && id < 0; tries++) {
                state = state * UINT64_C(6364136223846793005) + 1;
                const int32_t k = (int32_t)((state >> 33) %
                                            tarn_text_n_vocab(text));
                if (bits[k / 32] >> (k % 32) & 1)
                    id = k;
            }
            if (id < 0 && tarn_machine_whole(m))
                break;
            CHECK_SAYS(id >= 0, "nothing may follow, %u left", left);
            if (id < 0)
                break;
            size_t size;
            const char *bytes = tarn_text_bytes(text, id, &size);
            CHECK(tarn_machine_accept(m, bytes, size));
            left--;
        }
        CHECK(tarn_machine_whole(m));
        CHECK(!tarn_machine_overflowed(m));
    }
    tarn_machine_destroy(m);
}

static void test_depth_is_bounded(void)
{
    struct tarn_machine *m = make("{}", false);
    char nest[200];
    memset(nest, '[', sizeof nest);
    CHECK(tarn_machine_accept(m, nest, 60));
    CHECK(!tarn_machine_accept(m, nest, 1));
    tarn_machine_destroy(m);
}

static void test_out_of_memory(void)
{
    static const char schema[] =
        "{\"properties\":{\"a\":{\"pattern\":\"a|b\"},\"b\":{\"enum\":[1,2]},"
        "\"c\":{\"multipleOf\":3}}}";
    const int64_t held = tarn_memory_held();
    bool good = false;
    for (uint64_t k = 1; k < 400 && !good; k++) {
        struct tarn_grammar g = { 0 };
        struct tarn_machine *m = NULL;
        struct tarn_error err = { TARN_OK, "" };
        tarn_memory_fail_at(k, false);
        enum tarn_status s =
            tarn_schema_compile(schema, sizeof schema - 1, &g, &err);
        if (!s)
            s = tarn_machine_create(&g, lex, &m, &err);
        tarn_memory_fail_at(0, false);
        good = s == TARN_OK;
        CHECK_SAYS(good || (s == TARN_NO_MEMORY && err.text[0]), "%d %s", s,
                   err.text);
        tarn_machine_destroy(m);
    }
    CHECK(good);
    good = false;
    for (uint64_t k = 1; k < 400 && !good; k++) {
        struct tarn_grammar g = { 0 };
        tarn_memory_fail_at(k, false);
        const enum tarn_status s =
            tarn_calls_compile(TOOLS, sizeof TOOLS - 1, &g, NULL);
        tarn_memory_fail_at(0, false);
        good = s == TARN_OK;
        CHECK(good || s == TARN_NO_MEMORY);
        tarn_grammar_finish(&g);
    }
    CHECK(good);
    CHECK(tarn_memory_held() == held);
}

int main(int argc, char **argv)
{
    char path[512];
    struct tarn_error err = { TARN_OK, "" };
    folder = argc > 1 ? argv[1] : "tests/oracle/sampler";
    snprintf(path, sizeof path, "%s/../tokenizer/vocab.gguf", folder);
    if (tarn_gguf_open(path, &gguf, &err) || tarn_text_open(gguf, &text, &err) ||
        tarn_lexicon_create(text, &lex, &err)) {
        printf("Bail out! %s\n", err.text);
        return 1;
    }
    RUN(test_values_that_fit);
    RUN(test_numbers_between_bounds);
    RUN(test_patterns);
    RUN(test_any_json_is_an_object_or_a_list);
    RUN(test_what_is_not_supported_is_named);
    RUN(test_calls_fit_their_tools);
    RUN(test_c09_hostile_tools_are_bounded);
    RUN(test_a_mask_is_what_each_token_is_allowed);
    RUN(test_long_texts_are_whole_in_the_end);
    RUN(test_depth_is_bounded);
    RUN(test_out_of_memory);
    tarn_lexicon_destroy(lex);
    tarn_text_close(text);
    tarn_gguf_close(gguf);
    return tap_end();
}
