/* text_file.c - see text_file.h. */
#include "cmd/text_file.h"

#include "cmd/cmd.h"

enum tarn_status cmd_text_file_open(const char *word, struct cmd_text_file *out,
                                    struct tarn_error *err)
{
    const char *path = NULL;
    *out = (struct cmd_text_file){ 0 };
    enum tarn_status s = cmd_model_path(word, &path, err);
    if (s == TARN_OK)
        s = tarn_gguf_open(path, &out->gguf, err);
    if (s != TARN_OK)
        return s;
    s = tarn_text_open(out->gguf, &out->text, err);
    if (s != TARN_OK) {
        tarn_error_prefix(err, path);
        cmd_text_file_close(out);
    }
    return s;
}

void cmd_text_file_close(struct cmd_text_file *v)
{
    tarn_text_close(v->text);
    tarn_gguf_close(v->gguf);
    *v = (struct cmd_text_file){ 0 };
}

enum tarn_status cmd_write(const char *data, size_t size,
                           struct tarn_error *err)
{
    if (size > 0)
        fwrite(data, 1, size, stdout); /* cmd_flush() sees what was lost */
    return cmd_flush(err);
}

enum tarn_status cmd_write_ids(const struct tarn_ids *ids,
                               struct tarn_error *err)
{
    printf("[");
    for (size_t i = 0; i < ids->n; i++)
        printf(i ? ",%d" : "%d", (int)ids->at[i]);
    printf("]\n");
    return cmd_flush(err);
}
