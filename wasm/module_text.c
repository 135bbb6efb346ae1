/* module_text.c - what the page asks about texts before it sends them: the
 * tokens of an attachment, whether a schema can be used; see module.h. */
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "wasm/module.h"

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

/* out: {"tokens":n,"bytes":b}; b: bytes of the first `most` tokens, whole
 * characters only. */
EXPORT("tarn_web_count")
uint32_t tarn_web_count(const char *text, size_t size, uint32_t most)
{
    struct web *w = web_the();
    struct tarn_ids ids = { 0 };
    size_t bytes = 0, n;
    tarn_buf_clear(&w->out);
    if (!w->model)
        return tarn_fail(&w->err, TARN_USAGE, "no model is open");
    const struct tarn_text *t = tarn_model_text(w->model);
    const enum tarn_status s = tarn_text_encode(t, text, size, &ids, &w->err);
    for (size_t i = 0; !s && i < ids.n && i < most; i++, bytes += n)
        tarn_text_bytes(t, ids.at[i], &n);
    if (bytes > size)
        bytes = size;
    if (!s)
        tarn_buf_printf(&w->out, "{\"tokens\":%zu,\"bytes\":%zu}", ids.n,
                        bytes - tarn_utf8_tail(text, bytes));
    tarn_ids_finish(&ids);
    return s;
}

/* TARN_OK if an answer can be bound to it. */
EXPORT("tarn_web_schema")
uint32_t tarn_web_schema(const char *text, size_t size)
{
    return tarn_schema_check(size ? text : NULL, size, &web_the()->err);
}
