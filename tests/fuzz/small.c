/* small.c - see small.h. */
#include "tests/fuzz/small.h"

#include "backends/ref/ref.h"
#include "core/gguf/gguf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/gguf/bad_gguf.h"

const struct tarn_buf *small_file(void)
{
    static struct tarn_buf file;
    if (!file.size)
        gguf_defect_write(gguf_defect_find("good"), &file);
    return &file;
}

const struct tarn_text *small_text(void)
{
    static struct tarn_text *text;
    struct tarn_gguf *g = NULL;
    if (!text) {
        const struct tarn_buf *f = small_file();
        FUZZ_CHECK(!tarn_gguf_open_memory(f->data, f->size, "small", &g, NULL));
        FUZZ_CHECK(!tarn_text_open(g, &text, NULL));
        tarn_gguf_close(g);
    }
    return text;
}

struct tarn_runtime *small_runtime(void)
{
    static struct tarn_runtime *rt;
    static const struct tarn_backend *backends[1];
    backends[0] = tarn_backend_ref();
    const struct tarn_runtime_options opt = { .size = sizeof opt,
                                              .backends = backends,
                                              .n_backends = 1,
                                              .threads = 1 };
    if (!rt)
        FUZZ_CHECK(!tarn_runtime_create(&opt, &rt, NULL));
    return rt;
}

struct tarn_engine *small_engine(void)
{
    static struct tarn_model *model;
    static struct tarn_engine *engine;
    if (!engine) {
        const struct tarn_buf *f = small_file();
        const struct tarn_model_options mo = { .size = sizeof mo,
                                               .data = f->data,
                                               .data_size = f->size };
        const struct tarn_engine_options eo = { .size = sizeof eo,
                                                .n_context = 64,
                                                .max_rows = 16,
                                                .n_sequences = 1 };
        struct tarn_error err = { TARN_OK, "" };
        if (tarn_model_open(small_runtime(), NULL, &mo, &model, &err) ||
            tarn_engine_create(model, &eo, &engine, &err)) {
            fprintf(stderr, "%s\n", err.text);
            abort();
        }
    }
    return engine;
}
