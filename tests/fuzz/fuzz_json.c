/* fuzz_json.c - any bytes as JSON.
 * What is accepted, written and read again, is the same tree. */
#include <string.h>

#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "tests/fuzz/fuzz.h"

const char *const FUZZ_WORDS[] = { "{",
                                   "}",
                                   "[",
                                   "]",
                                   ",",
                                   ":",
                                   "\"",
                                   "\\",
                                   "\\u",
                                   "\\ud83d\\ude00",
                                   "\\ud800",
                                   "\\u0000",
                                   "null",
                                   "true",
                                   "false",
                                   "-0",
                                   "1e999",
                                   "1.5E-3",
                                   "123456789012345678901",
                                   "\"a\":",
                                   "[[[[[[[[",
                                   "]]]]]]]]",
                                   "\xf0\x9f\x98\x80",
                                   "\xed\xa0\x80",
                                   "\xef\xbb\xbf",
                                   " \t\r\n",
                                   NULL };

static const char *const SEEDS[] = {
    "null",
    "[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\\n\"]",
    "{\"a\":[1,{\"b\":\"c\"}],\"\":false}",
    "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\\n\\\"\\\\\\/\"}],"
    "\"tools\":[],\"add_generation_prompt\":true}",
    "{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1,"
    "\"10\":1,\"11\":1,\"12\":1,\"13\":1,\"14\":1,\"15\":1,\"16\":1,\"17\":1}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    " -0.0e+00"
};

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    if (i >= sizeof SEEDS / sizeof *SEEDS)
        return false;
    tarn_buf_text(out, SEEDS[i]);
    return true;
}

/* Depth is at most 64, so going down by calls is safe in a test. */
static void write_value(struct tarn_buf *b, const struct tarn_json *v)
{
    static const char *const WORDS[] = { "null", "false", "true" };
    const bool object = v->kind == TARN_JSON_OBJECT;
    if (v->kind <= TARN_JSON_TRUE) {
        tarn_buf_text(b, WORDS[v->kind]);
    } else if (v->kind == TARN_JSON_NUMBER) {
        tarn_buf_add(b, v->text, v->size);
    } else if (v->kind == TARN_JSON_STRING) {
        tarn_json_add_string(b, v->text, v->size, v->size % 2);
    } else {
        tarn_buf_byte(b, object ? '{' : '[');
        for (const struct tarn_json *c = v->first; c; c = c->next) {
            if (c != v->first)
                tarn_buf_byte(b, ',');
            if (object) {
                tarn_json_add_string(b, c->key, c->key_size, false);
                tarn_buf_byte(b, ':');
            }
            write_value(b, c);
        }
        tarn_buf_byte(b, object ? '}' : ']');
    }
}

static void check_same(const struct tarn_json *a, const struct tarn_json *b)
{
    int64_t i, k;
    double d, e;
    FUZZ_CHECK(a->kind == b->kind && a->n == b->n && a->size == b->size);
    FUZZ_CHECK(!a->size || !memcmp(a->text, b->text, a->size));
    FUZZ_CHECK(a->key_size == b->key_size);
    FUZZ_CHECK(!a->key_size || !memcmp(a->key, b->key, a->key_size));
    FUZZ_CHECK(tarn_json_i64(a, &i) == tarn_json_i64(b, &k));
    FUZZ_CHECK(tarn_json_f64(a, &d) == tarn_json_f64(b, &e));
    if (a->kind == TARN_JSON_STRING)
        FUZZ_CHECK(tarn_utf8_valid(a->text, a->size) && !a->text[a->size]);
    const struct tarn_json *y = b->first;
    for (const struct tarn_json *x = a->first; x; x = x->next, y = y->next) {
        FUZZ_CHECK(y);
        check_same(x, y);
    }
    FUZZ_CHECK(!y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tarn_json *a = NULL, *b = NULL;
    struct tarn_error err = { TARN_OK, "" };
    const int64_t held = tarn_memory_held();
    const enum tarn_status s = tarn_json_read(data, size, &a, &err);
    FUZZ_CHECK(s == TARN_OK || s == TARN_BAD_FILE || s == TARN_LIMIT);
    if (s) {
        FUZZ_CHECK(!a && !strncmp(err.text, "byte ", 5));
    } else {
        struct tarn_buf out = { 0 };
        write_value(&out, a);
        FUZZ_CHECK(tarn_json_read(out.data, out.size, &b, &err) == TARN_OK);
        check_same(a, b);
        tarn_buf_finish(&out);
        tarn_json_free(a);
        tarn_json_free(b);
    }
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
