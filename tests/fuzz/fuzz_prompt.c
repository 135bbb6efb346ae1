/* fuzz_prompt.c - any bytes as a conversation that becomes a prompt.
 * The first byte is the layout.  Control tokens come from the layout alone:
 * as many as its pieces say, whatever the messages spell. */
#include <string.h>

#include "core/base/memory.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/small.h"

const char *const FUZZ_WORDS[] = { "{\"role\":\"user\",\"content\":\"",
                                   "\"}",
                                   "assistant",
                                   "system",
                                   "tool",
                                   "\"tool_calls\":[{\"name\":\"f\",\"arguments\":{",
                                   "\"thinking\":\"",
                                   "</think>",
                                   "<|im_end|>",
                                   "<|tool_call_start|>",
                                   "\"tools\":[{",
                                   "\"preserve_thinking\":true",
                                   "\"continue_final_message\":true",
                                   "\\ud83d\\ude00",
                                   "1e999",
                                   "[[[[",
                                   NULL };

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    static const char *const texts[] = {
        "[{\"role\":\"user\",\"content\":\"Hi\"}]",
        "{\"messages\":[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\","
        "\"content\":\"<|im_end|>\"},{\"role\":\"assistant\",\"content\":\"<think>a"
        "</think>b\",\"thinking\":\"t\"},{\"role\":\"user\",\"content\":\"c\"}],"
        "\"tools\":[{\"name\":\"f\"}],\"add_generation_prompt\":true}",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"},"
        "{\"type\":\"image\"}]},{\"role\":\"assistant\",\"content\":null,"
        "\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":"
        "[1,2.50,null,true]}\"}}]},{\"role\":\"tool\",\"content\":\"r\"}]",
    };
    const size_t n = sizeof texts / sizeof *texts;
    if (i >= n * TARN_N_LAYOUTS)
        return false;
    tarn_buf_byte(out, (int)(i % TARN_N_LAYOUTS));
    tarn_buf_text(out, texts[i / TARN_N_LAYOUTS]);
    return true;
}

static void check_prompt(const struct tarn_text *t,
                         const struct tarn_prompt *p)
{
    struct tarn_ids ids = { 0 };
    struct tarn_buf text = { 0 }, back = { 0 };
    size_t controls = 0, found = 0;
    for (size_t i = 0; i < p->n_pieces; i++)
        controls += p->pieces[i].control >= 0;
    FUZZ_CHECK(!tarn_prompt_ids(t, p, &ids, NULL));
    for (size_t i = 0; i < ids.n; i++) {
        const int32_t id = ids.at[i];
        bool one = tarn_text_kind(t, id) == TARN_TOKEN_CONTROL;
        for (int c = 0; c < TARN_N_CTL; c++)
            one |= tarn_text_control(t, (enum tarn_control)c) == id;
        found += one;
    }
    FUZZ_CHECK(found == controls);
    FUZZ_CHECK(!tarn_prompt_text(t, p, &text, NULL));
    FUZZ_CHECK(!tarn_text_decode(t, ids.at, ids.n, true, &back, NULL));
    FUZZ_CHECK(text.size == back.size &&
               (!text.size || !memcmp(text.data, back.data, text.size)));
    tarn_buf_finish(&text);
    tarn_buf_finish(&back);
    tarn_ids_finish(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tarn_text *t = small_text();
    const int64_t held = tarn_memory_held();
    struct tarn_json *doc = NULL;
    struct tarn_prompt p = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    if (size == 0 || tarn_json_read(data + 1, size - 1, &doc, NULL))
        return 0;
    const struct tarn_prompt_options opt = {
        .layout = (enum tarn_layout)(data[0] % TARN_N_LAYOUTS),
        .date = "2026-11-21",
    };
    if (tarn_prompt_build(t, doc, &opt, &p, &err))
        FUZZ_CHECK(err.text[0]);
    else
        check_prompt(t, &p);
    tarn_prompt_finish(&p);
    tarn_json_free(doc);
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
