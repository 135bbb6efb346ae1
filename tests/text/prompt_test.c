/* prompt_test.c - the chat layouts, against the published templates' output.
 *
 * usage: prompt_test oracle/tokenizer/vocab.gguf oracle/prompts.json */
#include "tests/tap.h"
#include "tests/text/help.h"

static const char *vocab_path, *prompts_path;
static struct tarn_text *text;

static const struct tarn_prompt_options OPTIONS = { .date = "2026-11-20",
                                                    .add_generation_prompt =
                                                        true };

static enum tarn_status build(const char *json, enum tarn_layout layout,
                              struct tarn_prompt *out, struct tarn_error *err)
{
    struct tarn_prompt_options opt = OPTIONS;
    struct tarn_json *doc = help_json(json, strlen(json));
    opt.layout = layout;
    const enum tarn_status s = tarn_prompt_build(text, doc, &opt, out, err);
    tarn_json_free(doc);
    return s;
}

/* ------------------------------------------------------------- the oracle */

/* What the published template fails on; ours does what layout F does: null
 * and missing content are empty, arguments in a string are read. */
static const struct {
    const char *id, *layout, *answer;
} ERRORS[] = {
    { "p16_content_null", "B2",
      "<|tool_call_start|>[get_weather(city=\"Oslo\")]<|tool_call_end|>" },
    { "p16_content_null", "C",
      "<|tool_call_start|>[get_weather(city=\"Oslo\")]<|tool_call_end|>" },
    { "p16_content_null", "D",
      "<|tool_call_start|>[get_weather(city='Oslo')]<|tool_call_end|>" },
    { "p16_content_null", "E",
      "<|tool_call_start|>[get_weather(city='Oslo')]<|tool_call_end|>" },
    { "p17_no_content_key", "A", "" },
    { "p17_no_content_key", "B", "" },
    { "p18_arguments_as_json_string", "B2",
      "<|tool_call_start|>[get_weather(city=\"Oslo\")]<|tool_call_end|>" },
    { "p18_arguments_as_json_string", "C",
      "<|tool_call_start|>[get_weather(city=\"Oslo\")]<|tool_call_end|>" },
    { "p18_arguments_as_json_string", "D",
      "<|tool_call_start|>[get_weather(city='Oslo')]<|tool_call_end|>" },
    { "p18_arguments_as_json_string", "E",
      "<|tool_call_start|>[get_weather(city='Oslo')]<|tool_call_end|>" },
    { "p18_arguments_as_json_string", "F",
      "<|tool_call_start|>[get_weather(city='Oslo')]<|tool_call_end|>" },
};
enum { N_ERRORS = sizeof ERRORS / sizeof ERRORS[0] };

static void check_error_case(const struct tarn_json *id, const char *layout,
                             const struct tarn_buf *got, bool seen[N_ERRORS])
{
    for (int i = 0; i < N_ERRORS; i++) {
        if (!tarn_json_is_string(id, ERRORS[i].id) ||
            strcmp(layout, ERRORS[i].layout) != 0)
            continue;
        seen[i] = true;
        struct tarn_buf wanted = { 0 };
        tarn_buf_printf(&wanted,
                        "<|im_start|>assistant\n%s<|im_end|>\n"
                        "<|im_start|>tool\n",
                        ERRORS[i].answer);
        CHECK_SAYS(strstr(got->data, wanted.data), "%s %s: %s", id->text,
                   layout, got->data);
        tarn_buf_finish(&wanted);
        return;
    }
    CHECK_SAYS(false, "%s %s is no known error", id->text, layout);
}

/* The texts of these spell control tokens, so the ids of the prompt are not
 * those of the whole text read with special tokens. */
static bool spells_tokens(const struct tarn_json *id)
{
    static const char *const IDS[] = { "p08_inline_past_thought",
                                       "p09_inline_past_thought_kept",
                                       "p20_specials_in_user_text",
                                       "p22_two_steps_after_user" };
    for (int i = 0; i < 4; i++)
        if (tarn_json_is_string(id, IDS[i]))
            return true;
    return false;
}

static size_t count_controls(const struct tarn_prompt *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_pieces; i++)
        n += p->pieces[i].control >= 0;
    return n;
}

static void check_ids(const struct tarn_prompt *p, const struct tarn_buf *all,
                      bool spells, const char *name)
{
    struct tarn_ids ids = { 0 }, whole = { 0 };
    struct tarn_buf back = { 0 };
    CHECK(tarn_prompt_ids(text, p, &ids, NULL) == TARN_OK);
    CHECK(ids.n > 1 && ids.at[0] == tarn_text_control(text, TARN_CTL_BOS));
    CHECK_SAYS(help_count_special(text, &ids) == count_controls(p), "%s", name);
    size_t n_bos = 0;
    for (size_t i = 0; i < ids.n; i++)
        n_bos += ids.at[i] == ids.at[0];
    CHECK(n_bos == 1);
    CHECK(tarn_text_decode(text, ids.at, ids.n, true, &back, NULL) == TARN_OK);
    CHECK_SAYS(back.size == all->size &&
                   !memcmp(back.data, all->data, all->size),
               "%s", name);
    CHECK(tarn_text_encode_special(text, all->data, all->size, &whole, NULL) ==
          TARN_OK);
    const bool same =
        ids.n == whole.n && !memcmp(ids.at, whole.at, ids.n * sizeof *ids.at);
    CHECK_SAYS(same || spells, "%s: the ids differ", name);
    tarn_ids_finish(&ids);
    tarn_ids_finish(&whole);
    tarn_buf_finish(&back);
}

static void check_prompt(const struct tarn_json *conversation,
                         const struct tarn_json *expected, bool seen[N_ERRORS],
                         int *n_rendered)
{
    const struct tarn_json *id = tarn_json_get(expected, "id");
    const struct tarn_json *prompt = tarn_json_get(expected, "prompt");
    const char *layout = tarn_json_get(expected, "layout")->text;
    struct tarn_prompt_options opt = OPTIONS;
    struct tarn_prompt p = { 0 };
    struct tarn_buf got = { 0 };
    struct tarn_error err = { 0 };
    CHECK(tarn_layout_find(layout, &opt.layout));
    CHECK_SAYS(tarn_prompt_build(text, conversation, &opt, &p, &err) == TARN_OK,
               "%s %s: %s", id->text, layout, err.text);
    CHECK(tarn_prompt_text(text, &p, &got, NULL) == TARN_OK);
    if (prompt->kind == TARN_JSON_STRING) {
        ++*n_rendered;
        CHECK_SAYS(got.size == prompt->size &&
                       !memcmp(got.data, prompt->text, got.size),
                   "%s %s:\n#  %s\n#  %s", id->text, layout, got.data,
                   prompt->text);
    } else {
        check_error_case(id, layout, &got, seen);
    }
    check_ids(&p, &got, spells_tokens(id), id->text);
    tarn_prompt_finish(&p);
    tarn_buf_finish(&got);
}

static void test_oracle_prompts(void)
{
    size_t size;
    char *file = help_read(prompts_path, &size);
    struct tarn_json *doc = help_json(file, size);
    const struct tarn_json *e = tarn_json_get(doc, "expected")->first;
    bool seen[N_ERRORS] = { false };
    int n_rendered = 0;
    for (; e; e = e->next) {
        const struct tarn_json *id = tarn_json_get(e, "id");
        const struct tarn_json *c = tarn_json_get(doc, "cases")->first;
        while (c && !tarn_json_is_string(tarn_json_get(c, "id"), id->text))
            c = c->next;
        CHECK_SAYS(c, "%s", id->text);
        if (c)
            check_prompt(c, e, seen, &n_rendered);
    }
    CHECK_SAYS(n_rendered == 157, "%d", n_rendered);
    for (int i = 0; i < N_ERRORS; i++)
        CHECK_SAYS(seen[i], "%s %s", ERRORS[i].id, ERRORS[i].layout);
    tarn_json_free(doc);
    tarn_free(file);
}

/* ------------------------------------------------------------ single rules */

static void check_text(const char *json, enum tarn_layout layout,
                       const char *wanted)
{
    struct tarn_prompt p = { 0 };
    struct tarn_buf got = { 0 };
    struct tarn_error err = { 0 };
    CHECK_SAYS(build(json, layout, &p, &err) == TARN_OK, "%s", err.text);
    CHECK(tarn_prompt_text(text, &p, &got, NULL) == TARN_OK);
    CHECK_SAYS(got.data && !strcmp(got.data, wanted), "%s", got.data);
    tarn_prompt_finish(&p);
    tarn_buf_finish(&got);
}

static void test_a_list_of_messages_is_a_conversation(void)
{
    check_text("[{\"role\":\"user\",\"content\":\"Hi\"}]", TARN_LAYOUT_E,
               "<|startoftext|><|im_start|>user\nHi<|im_end|>\n"
               "<|im_start|>assistant\n");
}

static void test_an_answer_can_be_continued(void)
{
    static const char JSON[] =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},"
        "{\"role\":\"assistant\",\"content\":\"He\"}],"
        "\"continue_final_message\":true,\"add_generation_prompt\":true}";
    check_text(JSON, TARN_LAYOUT_F,
               "<|startoftext|><|im_start|>user\nHi<|im_end|>\n"
               "<|im_start|>assistant\nHe");
}

static void test_thoughts_by_any_name(void)
{
    static const char *const NAMES[] = { "thinking", "reasoning",
                                         "reasoning_content" };
    for (int i = 0; i < 3; i++) {
        char json[200];
        snprintf(json, sizeof json,
                 "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
                 "{\"role\":\"assistant\",\"content\":\"b\",\"%s\":\"t\"}],"
                 "\"add_generation_prompt\":false}",
                 NAMES[i]);
        check_text(json, TARN_LAYOUT_E,
                   "<|startoftext|><|im_start|>user\na<|im_end|>\n"
                   "<|im_start|>assistant\n<think>t</think>b<|im_end|>\n");
    }
}

static void test_empty_thoughts(void)
{
    static const char JSON[] =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
        "{\"role\":\"assistant\",\"content\":\"b\",\"thinking\":\"\"}],"
        "\"add_generation_prompt\":false}";
    check_text(JSON, TARN_LAYOUT_D,
               "<|startoftext|><|im_start|>user\na<|im_end|>\n"
               "<|im_start|>assistant\n<think></think>b<|im_end|>\n");
    check_text(JSON, TARN_LAYOUT_F,
               "<|startoftext|><|im_start|>user\na<|im_end|>\n"
               "<|im_start|>assistant\nb<|im_end|>\n");
}

/* White space as Python strips it: also U+001C and U+3000, not U+200B. */
static void test_words_behind_a_thought_are_stripped(void)
{
    check_text("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
               "{\"role\":\"assistant\",\"content\":"
               "\"x</think>y</think> \\n\\u001c\\u3000b\\u200b\\u3000\\t\"},"
               "{\"role\":\"user\",\"content\":\"c\"}],"
               "\"add_generation_prompt\":false}",
               TARN_LAYOUT_E,
               "<|startoftext|><|im_start|>user\na<|im_end|>\n"
               "<|im_start|>assistant\nb\xe2\x80\x8b<|im_end|>\n"
               "<|im_start|>user\nc<|im_end|>\n");
}

/* Values as Python's str() and json.dumps() print them (3.11). */
static void test_values_as_python_prints_them(void)
{
    static const char JSON[] =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
        "{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":"
        "\"f\",\"arguments\":{\"l\":[\"it's\",\"q\\\"\",\"'\\\"\",\"\\\\\\n"
        "\\r\\t\\u0000\\u007f\\u00a0\\u00e9\\u200b\\ud83d\\ude00\\udb40\\udc01"
        "\",{\"k\":[{}, []]},-0,-0.0,1e22,1e16,123456789012345678.0,1e-4,"
        "0.00001,1.5e300,5e-324,5.684341886080802e-14,1E400,-1E400,0.1,100.0,"
        "12345678901234567890]}}}]},"
        "{\"role\":\"tool\",\"content\":\"\"}],"
        "\"add_generation_prompt\":false}";
    check_text(JSON, TARN_LAYOUT_E,
               "<|startoftext|><|im_start|>user\na<|im_end|>\n"
               "<|im_start|>assistant\n<|tool_call_start|>[f(l=[\"it's\", "
               "'q\"', '\\'\"', '\\\\\\n\\r\\t\\x00\\x7f\\xa0\xc3\xa9\\u200b"
               "\xf0\x9f\x98\x80\\U000e0001', {'k': [{}, []]}, 0, -0.0, 1e+22,"
               " 1e+16, 1.2345678901234568e+17, 0.0001, 1e-05, 1.5e+300, "
               "5e-324, 5.684341886080802e-14, inf, -inf, 0.1, 100.0, "
               "12345678901234567890])]<|tool_call_end|><|im_end|>\n"
               "<|im_start|>tool\n<|im_end|>\n");
    check_text(JSON, TARN_LAYOUT_F,
               "<|startoftext|><|im_start|>user\na<|im_end|>\n"
               "<|im_start|>assistant\n<|tool_call_start|>[f(l=[\"it's\", "
               "\"q\\\"\", \"'\\\"\", \"\\\\\\n\\r\\t\\u0000\x7f\xc2\xa0\xc3"
               "\xa9\xe2\x80\x8b\xf0\x9f\x98\x80\xf3\xa0\x80\x81\", "
               "{\"k\": [{}, []]}, 0, -0.0, 1e+22,"
               " 1e+16, 1.2345678901234568e+17, 0.0001, 1e-05, 1.5e+300, "
               "5e-324, 5.684341886080802e-14, Infinity, -Infinity, 0.1, "
               "100.0, 12345678901234567890])]<|tool_call_end|><|im_end|>\n"
               "<|im_start|>tool\n<|im_end|>\n");
}

static void test_pieces_know_their_message(void)
{
    struct tarn_prompt p = { 0 };
    struct tarn_error err;
    CHECK(build("[{\"role\":\"system\",\"content\":\"s\"},"
                "{\"role\":\"user\",\"content\":\"u\"}]",
                TARN_LAYOUT_F, &p, &err) == TARN_OK);
    static const struct {
        uint32_t message;
        enum tarn_control name; /* TARN_N_CTL: text */
        const char *text;
    } WANTED[] = {
        { UINT32_MAX, TARN_CTL_BOS, "" },
        { 0, TARN_CTL_IM_START, "" },
        { 0, TARN_N_CTL, "system\ns" },
        { 0, TARN_CTL_IM_END, "" },
        { 0, TARN_N_CTL, "\n" },
        { 1, TARN_CTL_IM_START, "" },
        { 1, TARN_N_CTL, "user\nu" },
        { 1, TARN_CTL_IM_END, "" },
        { 1, TARN_N_CTL, "\n" },
        { UINT32_MAX, TARN_CTL_IM_START, "" },
        { UINT32_MAX, TARN_N_CTL, "assistant\n" },
        { UINT32_MAX, TARN_CTL_THINK, "" },
    };
    CHECK_SAYS(p.n_pieces == 12, "%zu", p.n_pieces);
    for (size_t i = 0; i < p.n_pieces && i < 12; i++) {
        const struct tarn_prompt_piece *q = &p.pieces[i];
        CHECK_SAYS(q->message == WANTED[i].message &&
                       q->name == WANTED[i].name &&
                       (q->control < 0) == (q->name == TARN_N_CTL) &&
                       q->size == strlen(WANTED[i].text) &&
                       !memcmp(q->text ? q->text : "", WANTED[i].text, q->size),
                   "piece %zu", i);
    }
    tarn_prompt_finish(&p);
}

/* A vocabulary without <think>: the tag is part of the run. */
static void test_missing_markers_are_text(void)
{
    size_t size;
    struct tarn_error err;
    char *file = help_read(vocab_path, &size);
    for (size_t i = 0; i + 8 < size; i++)
        if (!memcmp(file + i, "<think>", 7) || !memcmp(file + i, "</think>", 8))
            file[i + 5] = 'g';
    struct tarn_gguf *g;
    struct tarn_text *other;
    CHECK(tarn_gguf_open_memory(file, size, "v", &g, &err) == TARN_OK);
    CHECK(tarn_text_open(g, &other, &err) == TARN_OK);
    tarn_gguf_close(g);
    CHECK(tarn_text_control(other, TARN_CTL_THINK) == -1);
    struct tarn_text *const mine = text;
    text = other;
    struct tarn_prompt p = { 0 };
    CHECK(build("[{\"role\":\"user\",\"content\":\"u\"}]", TARN_LAYOUT_F, &p,
                &err) == TARN_OK);
    const struct tarn_prompt_piece *last = &p.pieces[p.n_pieces - 1];
    CHECK(last->control == -1 && last->size == 17 &&
          !memcmp(last->text, "assistant\n<think>", 17));
    tarn_prompt_finish(&p);
    text = mine;
    tarn_text_close(other);
    tarn_free(file);
}

/* ------------------------------------------------------------- detection */

static void check_layout(const char *template, const char *name, bool is_known)
{
    bool known;
    const enum tarn_layout l =
        tarn_layout_detect(template, strlen(template), &known);
    CHECK_SAYS(!strcmp(tarn_layout_name(l), name) && known == is_known,
               "%s: %s", template, tarn_layout_name(l));
}

static void test_g24_layouts_are_told_by_signs_alone(void)
{
    check_layout("x <|tool_list_start|> List of tools: [", "A", true);
    check_layout("List of tools: [ keep_past_thinking", "B", true);
    check_layout("List of tools: [ keep_past_thinking tool_calls", "B2", true);
    check_layout("strftime_now keep_past_thinking", "C", true);
    check_layout("strftime_now preserve_thinking", "D", true);
    check_layout("List of tools: [ preserve_thinking", "E", true);
    check_layout("List of tools: [ preserve_thinking assistant\\n<think>", "F",
                 true);
    check_layout("{{ '<|im_start|>' }}", "B", false);
    check_layout("", "B", false);
    CHECK(tarn_layout_opens_thought(TARN_LAYOUT_F) &&
          !tarn_layout_opens_thought(TARN_LAYOUT_E));
    enum tarn_layout l;
    CHECK(tarn_layout_find("B2", &l) && l == TARN_LAYOUT_B2);
    CHECK(!tarn_layout_find("G", &l) && !tarn_layout_find("", &l));
}

static void test_nothing_is_left_behind(void)
{
    tarn_text_close(text);
    CHECK(tarn_memory_held() == 0);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    vocab_path = argv[1];
    prompts_path = argv[2];
    text = help_open(vocab_path);
    RUN(test_oracle_prompts);
    RUN(test_a_list_of_messages_is_a_conversation);
    RUN(test_an_answer_can_be_continued);
    RUN(test_thoughts_by_any_name);
    RUN(test_empty_thoughts);
    RUN(test_words_behind_a_thought_are_stripped);
    RUN(test_values_as_python_prints_them);
    RUN(test_pieces_know_their_message);
    RUN(test_missing_markers_are_text);
    RUN(test_g24_layouts_are_told_by_signs_alone);
    RUN(test_nothing_is_left_behind);
    return tap_end();
}
