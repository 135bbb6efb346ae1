/* fuzz_text.c - any bytes as text, and any bytes as a vocabulary.
 * The first byte says which.  Text encodes, holds no control token and decodes
 * to itself; a vocabulary that is accepted encodes and decodes as well. */
#include <string.h>

#include "core/base/memory.h"
#include "core/gguf/gguf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/small.h"
#include "tests/gguf/bad_gguf.h"

const char *const FUZZ_WORDS[] = { "<|im_end|>",
                                   "<|tool_call_start|>",
                                   "<think>",
                                   "tokenizer.ggml.tokens",
                                   "tokenizer.ggml.merges",
                                   "tokenizer.ggml.token_type",
                                   "tokenizer.ggml.eos_token_id",
                                   "  ",
                                   "\r\n\n",
                                   "'re",
                                   "123456",
                                   "\xf0\x9f\x98\x80",
                                   "\xe2\x80\x8d",
                                   "\xed\xa0\x80",
                                   "\xc2\xa0",
                                   "\xff",
                                   NULL };

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    static const char *const texts[] = {
        "", "Hello, world! It's 12345 o'clock.\n\n  Yes\r\n",
        "<|im_start|>user\nHi<|im_end|>", "\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80\xff\xc3",
    };
    const size_t n = sizeof texts / sizeof *texts;
    tarn_buf_byte(out, i >= n);
    if (i < n) {
        tarn_buf_text(out, texts[i]);
        return true;
    }
    if (i - n >= GGUF_N_DEFECTS)
        return false;
    gguf_defect_write(&GGUF_DEFECTS[i - n], out);
    if (out->size > 100000) {
        tarn_buf_clear(out);
        tarn_buf_byte(out, 1);
        tarn_buf_add(out, small_file()->data, small_file()->size);
    }
    return true;
}

static void check_text(const struct tarn_text *t, const void *text,
                       size_t size)
{
    struct tarn_ids ids = { 0 };
    struct tarn_buf back = { 0 };
    FUZZ_CHECK(!tarn_text_encode(t, text, size, &ids, NULL) && !ids.failed);
    for (size_t i = 0; i < ids.n; i++) {
        FUZZ_CHECK(ids.at[i] >= 0 &&
                   (uint32_t)ids.at[i] < tarn_text_n_vocab(t));
        FUZZ_CHECK(tarn_text_kind(t, ids.at[i]) != TARN_TOKEN_CONTROL);
    }
    FUZZ_CHECK(!tarn_text_decode(t, ids.at, ids.n, false, &back, NULL));
    FUZZ_CHECK(back.size == size &&
               (!size || !memcmp(back.data, text, size)));
    tarn_buf_finish(&back);
    ids.n = 0;
    FUZZ_CHECK(!tarn_text_encode_special(t, text, size, &ids, NULL));
    tarn_ids_finish(&ids);
}

static void check_vocabulary(const uint8_t *data, size_t size)
{
    static const char sample[] = "Hi <|im_end|> 12 \xe2\x82\xac\xff";
    struct tarn_gguf *g = NULL;
    struct tarn_text *t = NULL;
    struct tarn_error err = { TARN_OK, "" };
    if (tarn_gguf_open_memory(data, size, "fuzz", &g, &err))
        return;
    const enum tarn_status s = tarn_text_open(g, &t, &err);
    FUZZ_CHECK(s == TARN_OK || err.text[0]);
    if (s == TARN_OK)
        check_text(t, sample, sizeof sample - 1);
    tarn_text_close(t);
    tarn_gguf_close(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tarn_text *t = small_text();
    const int64_t held = tarn_memory_held();
    if (size > 0 && data[0] & 1)
        check_vocabulary(data + 1, size - 1);
    else if (size > 0)
        check_text(t, data + 1, size - 1);
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
