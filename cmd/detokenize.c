/* detokenize.c - tarn detokenize: token ids in, bytes out. */
#include "cmd/cmd.h"
#include "cmd/text_file.h"
#include "core/base/memory.h"

enum { INPUT_LIMIT = 256 << 20 /* bytes of JSON */ };

static enum tarn_status read_ids(struct tarn_ids *ids, struct tarn_error *err)
{
    struct tarn_json *doc = NULL;
    enum tarn_status s = cmd_read_json(INPUT_LIMIT, &doc, err);
    if (s != TARN_OK)
        return s;
    if (doc->kind != TARN_JSON_ARRAY)
        s = tarn_fail(err, TARN_USAGE, "the input is no JSON array of ids");
    const struct tarn_json *v = s == TARN_OK ? doc->first : NULL;
    for (size_t i = 0; v && s == TARN_OK; v = v->next, i++) {
        int64_t id;
        if (!tarn_json_i64(v, &id) || id < 0 || id > INT32_MAX)
            s = tarn_fail(err, TARN_USAGE, "number %zu of the array is no id",
                          i);
        else
            tarn_ids_add(ids, (int32_t)id);
    }
    if (s == TARN_OK && ids->failed)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for the token ids");
    tarn_json_free(doc);
    return s;
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s != TARN_OK || a.help)
        return s;
    struct cmd_text_file v;
    struct tarn_ids ids = { 0 };
    struct tarn_buf out = { 0 };
    s = cmd_text_file_open(a.n_words ? a.words[0] : NULL, &v, err);
    if (s == TARN_OK)
        s = read_ids(&ids, err);
    if (s == TARN_OK)
        s = tarn_text_decode(v.text, ids.at, ids.n, true, &out, err);
    if (s == TARN_OK)
        s = cmd_write(out.data, out.size, err);
    tarn_buf_finish(&out);
    tarn_ids_finish(&ids);
    cmd_text_file_close(&v);
    return s;
}

const struct cmd cmd_detokenize = {
    .name = "detokenize",
    .summary = "token ids in, text out",
    .usage = "[MODEL] < IDS",
    .detail = "Reads a JSON array of ids on stdin and writes their bytes; "
              "control tokens give their\nnames.\n\n"
              "Example:\n  echo '[1,6,420]' | tarn detokenize model.gguf\n",
    .run = run,
};
