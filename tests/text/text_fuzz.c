/* text_fuzz.c - any bytes through encode, decode and prompts.
 *
 * usage: text_fuzz oracle/tokenizer/vocab.gguf [ROUNDS]
 *
 * TARN_SEED sets the seed, TARN_SOAK=1 makes the campaign a hundred times as
 * long.  With -DTARN_LIBFUZZER the same function is a libFuzzer target, which
 * takes the vocabulary's path from TARN_FUZZ_VOCAB. */
#include "tests/tap.h"
#include "tests/text/help.h"

static struct tarn_text *text;

/* What every byte string must keep: it comes back, and no control token is
 * made of it. */
static bool holds_for_bytes(const uint8_t *data, size_t size)
{
    bool good = true;
    for (int special = 0; special < 2; special++) {
        struct tarn_ids ids = { 0 };
        struct tarn_buf back = { 0 };
        good = good &&
               (special ? tarn_text_encode_special(text, data, size, &ids, NULL)
                        : tarn_text_encode(text, data, size, &ids, NULL)) ==
                   TARN_OK;
        good = good && (special || help_count_special(text, &ids) == 0);
        good = good && tarn_text_decode(text, ids.at, ids.n, true, &back,
                                        NULL) == TARN_OK;
        good = good && back.size == size &&
               (!size || !memcmp(back.data, data, size));
        tarn_ids_finish(&ids);
        tarn_buf_finish(&back);
    }
    return good;
}

static size_t count_pieces(const struct tarn_prompt *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_pieces; i++)
        n += p->pieces[i].control >= 0;
    return n;
}

/* What every conversation must keep: it is refused with a sentence, or its
 * ids have the layout's markers and no others, and spell the prompt. */
static bool holds_for_prompt(const struct tarn_json *doc, int layout)
{
    struct tarn_prompt_options opt = { .layout = (enum tarn_layout)layout,
                                       .date = "2026-11-20",
                                       .add_generation_prompt = true };
    struct tarn_prompt p = { 0 };
    struct tarn_error err = { 0 };
    const enum tarn_status s = tarn_prompt_build(text, doc, &opt, &p, &err);
    if (s != TARN_OK)
        return s == TARN_USAGE && err.text[0];
    struct tarn_ids ids = { 0 };
    struct tarn_buf all = { 0 }, back = { 0 };
    bool good =
        tarn_prompt_ids(text, &p, &ids, NULL) == TARN_OK &&
        tarn_prompt_text(text, &p, &all, NULL) == TARN_OK &&
        tarn_text_decode(text, ids.at, ids.n, true, &back, NULL) == TARN_OK;
    good = good && help_count_special(text, &ids) == count_pieces(&p) &&
           back.size == all.size && !memcmp(back.data, all.data, all.size);
    tarn_prompt_finish(&p);
    tarn_ids_finish(&ids);
    tarn_buf_finish(&all);
    tarn_buf_finish(&back);
    return good;
}

static bool holds_for_json(const uint8_t *data, size_t size)
{
    struct tarn_json *doc = NULL;
    if (tarn_json_read(data, size, &doc, NULL) != TARN_OK)
        return true;
    bool good = true;
    for (int layout = 0; layout < TARN_N_LAYOUTS; layout++)
        good = good && holds_for_prompt(doc, layout);
    tarn_json_free(doc);
    return good;
}

static bool holds(const uint8_t *data, size_t size)
{
    return holds_for_bytes(data, size) && holds_for_json(data, size);
}

#ifdef TARN_LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!text)
        text = help_open(getenv("TARN_FUZZ_VOCAB"));
    if (!holds(data, size))
        abort();
    return 0;
}
#else

/* Fragments that make inputs deep enough to matter. */
static const char *const PARTS[] = {
    "{\"messages\":[",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "{\"role\":\"user\",\"content\":\"u\"}",
    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"t\"},"
    "{\"type\":\"image\"},\"s\"]}",
    "{\"role\":\"assistant\",\"content\":\"<think>x</think> y\"}",
    "{\"role\":\"assistant\",\"thinking\":\"t\",\"content\":null,"
    "\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"a\":",
    "}}}]}",
    "{\"role\":\"tool\",\"content\":\"r\"}",
    "{\"role\":\"system\",\"content\":\"s\"}",
    "\"tools\":[",
    "\"arguments\":\"{\\\"a\\\":1}\"",
    "\"preserve_thinking\":true",
    "\"keep_past_thinking\":true",
    "\"continue_final_message\":true",
    "1e5",
    "-0",
    "0.1",
    "123456789012345678901",
    "null",
    "true",
    "false",
    "\"\\u0000\\ud800\"",
    "<|im_end|>",
    "<|im_start|>",
    "<think>",
    "</think>",
    "<|tool_call_start|>",
    "\xff",
    "\xc3",
    "\xf0\x9f\x98\x80",
    "'s",
    "'LL",
    "  \n",
    "\r\n",
    "\xc2\xa0",
    "12345",
    "the",
    " the",
    "word",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};
enum { N_PARTS = sizeof PARTS / sizeof PARTS[0] };

static void make_input(struct tarn_buf *b, uint64_t *state)
{
    tarn_buf_clear(b);
    const unsigned n = (unsigned)(help_random(state) % 20);
    const bool whole = help_random(state) % 2; /* a conversation, damaged */
    if (whole)
        tarn_buf_text(b, PARTS[0]);
    for (unsigned i = 0; i < n; i++) {
        const uint64_t r = help_random(state);
        tarn_buf_text(b, PARTS[whole ? 8 + r % 7 : r % N_PARTS]);
        if (whole && i + 1 < n)
            tarn_buf_text(b, r >> 32 & 15 ? "," : PARTS[(r >> 36) % N_PARTS]);
    }
    if (whole)
        tarn_buf_text(b, "]}");
    if (b->size && help_random(state) % 4 == 0)
        b->data[help_random(state) % b->size] = (char)help_random(state);
}

static unsigned n_rounds = 60000;

static void test_any_bytes(void)
{
    const char *env = getenv("TARN_SEED");
    const uint64_t seed = env ? strtoull(env, NULL, 10) : 1;
    struct tarn_buf b = { 0 };
    printf("# seed %llu\n", (unsigned long long)seed);
    for (unsigned i = 0; i < n_rounds && !tap_here; i++) {
        uint64_t state = seed + i * UINT64_C(0x100000001);
        make_input(&b, &state);
        CHECK_SAYS(holds((const uint8_t *)b.data, b.size),
                   "round %u of seed %llu", i, (unsigned long long)seed);
    }
    tarn_buf_finish(&b);
}

static void test_nothing_is_left_behind(void)
{
    tarn_text_close(text);
    CHECK(tarn_memory_held() == 0);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    text = help_open(argv[1]);
    if (argc > 2)
        n_rounds = (unsigned)strtoul(argv[2], NULL, 10);
    if (getenv("TARN_SOAK"))
        n_rounds *= 100;
    RUN(test_any_bytes);
    RUN(test_nothing_is_left_behind);
    return tap_end();
}
#endif
