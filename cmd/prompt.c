/* prompt.c - tarn prompt: the exact prompt of a conversation. */
#include "cmd/cmd.h"
#include "cmd/text_file.h"
#include "core/base/memory.h"

enum { INPUT_LIMIT = 64 << 20 /* bytes of JSON, as of a prompt */ };

struct request {
    const char *model, *layout, *date;
    bool ids;
};

/* The layout that was asked for, or that of the file. */
static enum tarn_status choose_layout(const struct request *q,
                                      const struct tarn_gguf *g,
                                      enum tarn_layout *out,
                                      struct tarn_error *err)
{
    struct tarn_gguf_string t;
    bool known;
    if (q->layout)
        return tarn_layout_find(q->layout, out)
                   ? TARN_OK
                   : tarn_fail(err, TARN_USAGE,
                               "--layout is \"%s\" but must be A, B, B2, C, "
                               "D, E or F",
                               tarn_shown_str(q->layout).text);
    const enum tarn_status s =
        tarn_gguf_string_or(g, "tokenizer.chat_template", &t, err);
    if (s != TARN_OK)
        return s;
    *out =
        tarn_layout_detect(t.text ? t.text : "", t.text ? t.size : 0, &known);
    if (!known)
        fprintf(stderr,
                "tarn: the file carries %s chat layout; tarn uses its own "
                "lfm2.5 layout (%s)\n",
                t.text ? "an unknown" : "no", tarn_layout_name(*out));
    return TARN_OK;
}

static enum tarn_status write_prompt(const struct tarn_text *t,
                                     const struct tarn_prompt *p, bool as_ids,
                                     struct tarn_error *err)
{
    struct tarn_ids ids = { 0 };
    struct tarn_buf text = { 0 };
    enum tarn_status s = as_ids ? tarn_prompt_ids(t, p, &ids, err)
                                : tarn_prompt_text(t, p, &text, err);
    if (s == TARN_OK)
        s = as_ids ? cmd_write_ids(&ids, err)
                   : cmd_write(text.data, text.size, err);
    tarn_ids_finish(&ids);
    tarn_buf_finish(&text);
    return s;
}

static enum tarn_status print_prompt(const struct request *q,
                                     struct tarn_error *err)
{
    struct cmd_text_file v;
    struct tarn_json *doc = NULL;
    struct tarn_prompt p = { 0 };
    struct tarn_prompt_options opt = { .date = q->date,
                                       .add_generation_prompt = true };
    enum tarn_status s = cmd_text_file_open(q->model, &v, err);
    if (s == TARN_OK)
        s = choose_layout(q, v.gguf, &opt.layout, err);
    if (s == TARN_OK)
        s = cmd_read_json(INPUT_LIMIT, &doc, err);
    if (s == TARN_OK)
        s = tarn_prompt_build(v.text, doc, &opt, &p, err);
    if (s == TARN_OK)
        s = write_prompt(v.text, &p, q->ids, err);
    tarn_prompt_finish(&p);
    tarn_json_free(doc);
    cmd_text_file_close(&v);
    return s;
}

/* YYYY-MM-DD, digits only: what the layouts C and D print. */
static bool is_date(const char *text)
{
    for (int i = 0; i < 10; i++) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (i == 4 || i == 7 ? text[i] != '-' : !digit)
            return false;
    }
    return text[10] == 0;
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    struct request q = { 0 };
    const struct cmd_option options[] = {
        { "--ids", NULL, CMD_FLAG, &q.ids, 0, 0, NULL,
          "write the token ids, a JSON array" },
        { "--layout", NULL, CMD_TEXT, &q.layout, 0, 0, "NAME",
          "A, B, B2, C, D, E or F instead of the file's" },
        { "--date", NULL, CMD_TEXT, &q.date, 0, 0, "YYYY-MM-DD",
          "today's date for the layouts that print it" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    const enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s != TARN_OK || a.help)
        return s;
    if (q.date && !is_date(q.date))
        return tarn_fail(err, TARN_USAGE,
                         "--date is \"%s\" but must be like 2026-11-20",
                         tarn_shown_str(q.date).text);
    q.model = a.n_words ? a.words[0] : NULL;
    return print_prompt(&q, err);
}

const struct cmd cmd_prompt = {
    .name = "prompt",
    .summary = "the exact prompt of a conversation",
    .usage = "[MODEL] [--ids] [--layout NAME] [--date YYYY-MM-DD] < JSON",
    .detail =
        "Reads {\"messages\":[...],\"tools\":[...]} on stdin, or the list of "
        "messages alone, and\nwrites what the model would be given.  "
        "\"add_generation_prompt\",\n\"continue_final_message\", "
        "\"keep_past_thinking\" and \"preserve_thinking\" are understood.\n\n"
        "Example:\n  echo '[{\"role\":\"user\",\"content\":\"Hi\"}]' | "
        "tarn prompt model.gguf\n",
    .run = run,
};
