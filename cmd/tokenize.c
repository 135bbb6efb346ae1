/* tokenize.c - tarn tokenize: bytes in, token ids out. */
#include "cmd/cmd.h"
#include "cmd/text_file.h"
#include "core/base/memory.h"

static enum tarn_status tokenize(const char *model, bool special,
                                 struct tarn_error *err)
{
    struct cmd_text_file v;
    struct tarn_ids ids = { 0 };
    char *text = NULL;
    size_t size = 0;
    enum tarn_status s = cmd_text_file_open(model, &v, err);
    if (s == TARN_OK)
        s = cmd_read_stdin(INT32_MAX, &text, &size, err);
    if (s == TARN_OK)
        s = special ? tarn_text_encode_special(v.text, text, size, &ids, err)
                    : tarn_text_encode(v.text, text, size, &ids, err);
    if (s == TARN_OK)
        s = cmd_write_ids(&ids, err);
    tarn_ids_finish(&ids);
    tarn_free(text);
    cmd_text_file_close(&v);
    return s;
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    bool special = false;
    const struct cmd_option options[] = {
        { "--special", NULL, CMD_FLAG, &special, 0, 0, NULL,
          "read the names of control tokens as these tokens" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    const enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s != TARN_OK || a.help)
        return s;
    return tokenize(a.n_words ? a.words[0] : NULL, special, err);
}

const struct cmd cmd_tokenize = {
    .name = "tokenize",
    .summary = "text in, token ids out",
    .usage = "[MODEL] [--special] < TEXT",
    .detail = "Reads any bytes on stdin and writes a JSON array of ids.  "
              "Nothing is added at the\nends.  Without --special no text can "
              "become a control token.\n\n"
              "Example:\n  printf 'Hello' | tarn tokenize model.gguf\n",
    .run = run,
};
