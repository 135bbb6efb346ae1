/* logits.c - tarn logits: token ids in, logits out. */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/base/file.h"
#include "core/base/memory.h"

struct request {
    int32_t *ids;
    size_t n_ids;
    uint32_t *rows;
    size_t n_rows;
    uint32_t n_beside;
};

static enum tarn_status choose_rows(const char *text, struct request *q,
                                    struct tarn_error *err)
{
    int32_t *list = NULL;
    size_t n = 0;
    bool all = !text || !strcmp(text, "all"), last = text && !strcmp(text, "last");
    if (!all && !last) {
        enum tarn_status s = cmd_parse_ids(text, &list, &n, err);
        if (s)
            return s;
        if (!n)
            return tarn_fail(err, TARN_USAGE, "--rows is empty; name all, last "
                                              "or numbers like 0,2");
    }
    q->n_rows = all ? q->n_ids : last ? 1 : n;
    q->rows = tarn_alloc(q->n_rows, sizeof *q->rows);
    enum tarn_status s = TARN_OK;
    if (!q->rows)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for %zu rows", q->n_rows);
    for (size_t i = 0; !s && i < q->n_rows; i++) {
        q->rows[i] = all ? (uint32_t)i
                     : last ? (uint32_t)(q->n_ids - 1) : (uint32_t)list[i];
        if (q->rows[i] >= q->n_ids || (i && q->rows[i] <= q->rows[i - 1]))
            s = tarn_fail(err, TARN_USAGE,
                          "--rows must ascend and stay below the %zu ids that "
                          "were given",
                          q->n_ids);
    }
    tarn_free(list);
    return s;
}

static enum tarn_status read_ids(const char *text, const char *file,
                                 struct request *q, struct tarn_error *err)
{
    if (!text == !file)
        return tarn_fail(err, TARN_USAGE,
                         "tarn logits needs --ids or --ids-file, one of them");
    if (text)
        return cmd_parse_ids(text, &q->ids, &q->n_ids, err);
    char *content;
    size_t size;
    enum tarn_status s = tarn_file_read(file, 16u << 20, &content, &size, err);
    if (s) {
        tarn_error_prefix(err, file);
        return s;
    }
    s = cmd_parse_ids(content, &q->ids, &q->n_ids, err);
    tarn_free(content);
    return s;
}

/* {"layer": [[expert, ...] per position]}, best first; layers by their number
 * in the model, as tests/oracle/reference.py reads them. */
static enum tarn_status write_experts(const struct tarn_model_info *info,
                                      const uint16_t *experts, size_t n_ids,
                                      const char *path, struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    uint32_t used = info->n_expert_used, moe = info->n_moe_layers;
    for (uint32_t l = 0; l < moe; l++) {
        tarn_buf_printf(&b, "%s\"%u\":[", l ? ",\n" : "{",
                        info->n_layers - moe + l);
        for (size_t t = 0; t < n_ids; t++)
            for (uint32_t k = 0; k < used; k++)
                tarn_buf_printf(&b, "%s%u%s", k ? "," : t ? ",[" : "[",
                                experts[(t * moe + l) * used + k],
                                k + 1 == used ? "]" : "");
        tarn_buf_text(&b, "]");
    }
    tarn_buf_text(&b, moe ? "}\n" : "{}\n");
    enum tarn_status s = b.failed
        ? tarn_fail(err, TARN_NO_MEMORY, "no memory for the experts' list")
        : tarn_file_write(path, b.data, b.size, err);
    if (s)
        tarn_error_prefix(err, path);
    tarn_buf_finish(&b);
    return s;
}

static enum tarn_status write_logits(const float *logits, size_t size,
                                     const char *path, struct tarn_error *err)
{
    if (!path) {
        fwrite(logits, 1, size, stdout);
        return cmd_flush(err);
    }
    enum tarn_status s = tarn_file_write(path, logits, size, err);
    if (s)
        tarn_error_prefix(err, path);
    return s;
}

static enum tarn_status compute(struct cmd_session *ses, struct request *q,
                                const char *path, const char *experts_path,
                                struct tarn_error *err)
{
    const struct tarn_model_info *info = tarn_model_info(ses->model);
    struct tarn_eval io = { .size = sizeof io, .ids = q->ids,
                            .n_ids = q->n_ids, .rows = q->rows,
                            .n_rows = q->n_rows,
                            .n_beside = q->n_beside };
    io.logits = tarn_alloc(q->n_rows * (size_t)info->n_vocab, sizeof(float));
    if (experts_path)
        io.experts = tarn_alloc(q->n_ids * info->n_moe_layers *
                                    info->n_expert_used + 1,
                                sizeof *io.experts);
    enum tarn_status s = TARN_OK;
    if (!io.logits || (experts_path && !io.experts))
        s = tarn_fail(err, TARN_NO_MEMORY,
                      "no memory for %zu rows of %u logits", q->n_rows,
                      info->n_vocab);
    if (!s)
        s = tarn_eval(ses->engine, &io, err);
    if (!s)
        s = write_logits(io.logits,
                         q->n_rows * (size_t)info->n_vocab * sizeof(float),
                         path, err);
    if (!s && experts_path)
        s = write_experts(info, io.experts, q->n_ids, experts_path, err);
    tarn_free(io.logits);
    tarn_free(io.experts);
    return s;
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    const char *ids = NULL, *file = NULL, *rows = NULL, *output = NULL;
    const char *experts = NULL;
    struct cmd_common common = { 0 };
    struct request q = { 0 };
    const struct cmd_option options[] = {
        { "--ids", NULL, CMD_TEXT, &ids, 0, 0, "N,N,...",
          "the tokens; nothing is put around them" },
        { "--ids-file", NULL, CMD_TEXT, &file, 0, 0, "FILE",
          "the same from a file" },
        { "--rows", NULL, CMD_TEXT, &rows, 0, 0, "all|last|N,...",
          "which positions' logits (default: all)" },
        { "--output", "-o", CMD_TEXT, &output, 0, 0, "FILE",
          "write there instead of to stdout" },
        { "--experts", NULL, CMD_TEXT, &experts, 0, 0, "FILE",
          "write the experts that were chosen, as JSON" },
        { "--beside", NULL, CMD_U32, &q.n_beside, 0, 63, "N",
          "let N other sequences share every batch: the logits must not "
          "change" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    cmd_common_add(&a, &common);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    struct cmd_session ses = { 0 };
    common.sequences = q.n_beside ? q.n_beside + 1 : 0;
    s = read_ids(ids, file, &q, err);
    if (!s && q.n_ids == 0)
        s = tarn_fail(err, TARN_USAGE, "the list of token ids is empty");
    if (!s)
        s = choose_rows(rows, &q, err);
    if (!s && !common.ctx)
        common.ctx = q.n_ids < 8 ? 8 : (uint32_t)q.n_ids;
    if (!s)
        s = cmd_session_open(&ses, &common, a.n_words ? a.words[0] : NULL,
                             true, err);
    if (!s)
        s = compute(&ses, &q, output, experts, err);
    cmd_session_close(&ses);
    tarn_free(q.ids);
    tarn_free(q.rows);
    return s;
}

const struct cmd cmd_logits = {
    .name = "logits",
    .summary = "token ids in, logits out",
    .usage = "[MODEL] (--ids N,N,... | --ids-file FILE) [--rows all|last|N,...]"
             " [-o FILE] [--beside N]",
    .detail = "Writes float32, little-endian, rows x vocabulary.\n\n"
              "Example:\n  tarn logits model.gguf --ids 1,17,42 --rows last "
              "-o last.f32\n",
    .run = run,
};
