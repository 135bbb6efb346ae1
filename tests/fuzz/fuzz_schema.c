/* fuzz_schema.c - any bytes as a JSON Schema, as tool declarations, as an
 * expression for the calculator.
 * The first byte says which, the second begins a walk: what is accepted as a
 * schema gives a text that is whole within the tokens that are allowed. */
#include <string.h>

#include "core/base/memory.h"
#include "core/sample/machine.h"
#include "core/sample/schema.h"
#include "core/turn/calc.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/small.h"

const char *const FUZZ_WORDS[] = {
    "{\"type\":\"", "object", "array", "string", "integer", "number",
    "\"properties\":{", "\"required\":[", "\"items\":", "\"anyOf\":[",
    "\"$ref\":\"#\"", "\"$ref\":\"#/$defs/a\"", "\"enum\":[", "\"const\":",
    "\"pattern\":\"^", "\"minimum\":", "\"maximum\":", "\"multipleOf\":",
    "\"minItems\":", "\"maxLength\":", "\"format\":\"date\"",
    "\"additionalProperties\":false", "(a|b)*", "[^\\\\d]", "{2,5}", "\\\\u00e4",
    "1e-7", "-0.5", "{\"name\":\"f\",\"parameters\":", "sqrt(", "**", "9223372036854775807",
    NULL
};

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    static const char *const texts[] = {
        "\x01" "a{}",
        "\x01" "b{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\","
        "\"minimum\":-5,\"maximum\":120},\"b\":{\"enum\":[1,\"x\",null]}},"
        "\"required\":[\"a\"]}",
        "\x01" "c{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"array\","
        "\"items\":{\"$ref\":\"#\"},\"maxItems\":3}}}",
        "\x01" "d{\"type\":\"string\",\"pattern\":\"^(ab?|[x-z\\\\d]{2,3})+$\"}",
        "\x01" "e{\"anyOf\":[{\"type\":\"string\",\"maxLength\":4},{\"type\":"
        "\"number\",\"exclusiveMaximum\":0.5}]}",
        "\x02" "f[{\"name\":\"f\",\"parameters\":{\"properties\":{\"s\":{\"type\":"
        "\"string\"},\"n\":{\"type\":\"integer\",\"multipleOf\":3}},"
        "\"required\":[\"s\"]}},{\"name\":\"g\"}]",
        "\x03" "gsqrt(2)*-3**2/(1+7//2)!",
    };
    if (i >= sizeof texts / sizeof *texts)
        return false;
    tarn_buf_text(out, texts[i]);
    return true;
}

static void walk(struct tarn_machine *m, uint32_t state)
{
    const struct tarn_text *t = small_text();
    const int32_t n_vocab = (int32_t)tarn_text_n_vocab(t);
    uint32_t left = tarn_machine_left(m);
    if (left > 200)
        return;
    for (left += 40; left > 0; left--) {
        const uint32_t *bits = tarn_machine_mask(m, left - 1);
        int32_t id = -1;
        for (int32_t k = 0; k < n_vocab && id < 0; k++) {
            const int32_t at =
                (int32_t)((state + (uint32_t)k) % (uint32_t)n_vocab);
            if (bits[at / 32] >> (at % 32) & 1)
                id = at;
        }
        if (tarn_machine_overflowed(m))
            return;
        if (id < 0)
            break;
        state = state * 1664525u + 1013904223u;
        size_t size;
        FUZZ_CHECK(tarn_machine_allows(m, id, left - 1));
        const char *bytes = tarn_text_bytes(t, id, &size);
        FUZZ_CHECK(tarn_machine_accept(m, bytes, size));
    }
    FUZZ_CHECK(tarn_machine_whole(m));
}

static const struct tarn_lexicon *lexicon(void)
{
    static struct tarn_lexicon *lex;
    if (!lex)
        FUZZ_CHECK(!tarn_lexicon_create(small_text(), &lex, NULL));
    return lex;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tarn_lexicon *lex = lexicon();
    const int64_t held = tarn_memory_held();
    struct tarn_grammar g = { 0 };
    struct tarn_machine *m = NULL;
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_calc c;
    if (size < 2)
        return 0;
    const char *text = (const char *)data + 2;
    if (data[0] % 4 == 3) {
        FUZZ_CHECK(tarn_calc(text, size - 2, &c) ? c.text[0] != 0
                                                 : c.wrong != NULL);
        return 0;
    }
    const enum tarn_status s =
        data[0] % 4 == 2 ? tarn_calls_compile(text, size - 2, &g, &err)
                         : tarn_schema_compile(text, size - 2, &g, &err);
    if (s) {
        FUZZ_CHECK(err.text[0] && !g.nodes);
        FUZZ_CHECK(s != TARN_INTERNAL && s != TARN_NO_MEMORY);
    } else {
        FUZZ_CHECK(!tarn_machine_create(&g, lex, &m, NULL));
        walk(m, data[1]);
    }
    tarn_machine_destroy(m);
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
