/* fuzz_gguf.c - any bytes as a model file.
 * What is accepted has every tensor inside the file and none on another, all
 * strings inside the file, and can be read whole. */
#include <string.h>

#include "backends/backend.h"
#include "core/base/memory.h"
#include "core/gguf/gguf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/gguf/bad_gguf.h"

const char *const FUZZ_WORDS[] = { "GGUF",
                                   "general.architecture",
                                   "general.alignment",
                                   "split.count",
                                   "split.no",
                                   "lfm2moe",
                                   "blk.0.ffn_norm.weight",
                                   "token_embd.weight",
                                   "tokenizer.ggml.tokens",
                                   "\x09",
                                   "\x08",
                                   "\x0c",
                                   NULL };

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    if (i >= GGUF_N_DEFECTS)
        return false;
    gguf_defect_write(&GGUF_DEFECTS[i], out);
    if (out->size > 100000) { /* two million merges: too slow to be changed */
        tarn_buf_clear(out);
        gguf_defect_write(gguf_defect_find("good"), out);
    }
    return true;
}

static bool inside(const void *p, uint64_t n, const uint8_t *data, size_t size)
{
    const uint8_t *q = p;
    return q >= data && q <= data + size && n <= (size_t)(data + size - q);
}

static void check_values(const struct tarn_gguf *g, const uint8_t *data,
                         size_t size)
{
    for (size_t i = 0; i < tarn_gguf_n_values(g); i++) {
        const struct tarn_gguf_value *v = tarn_gguf_value_at(g, i);
        int64_t n;
        double d;
        FUZZ_CHECK(tarn_gguf_find(g, v->key) == v);
        FUZZ_CHECK(inside(v->raw, v->raw_size, data, size));
        for (uint64_t k = 0; v->strings && k < v->n; k++)
            FUZZ_CHECK(
                inside(v->strings[k].text, v->strings[k].size, data, size));
        if (v->n) {
            tarn_gguf_i64_of(v, v->n - 1, &n);
            tarn_gguf_f64_of(v, v->n - 1, &d);
        }
        FUZZ_CHECK(!tarn_gguf_i64_of(v, v->n, &n));
    }
}

static void check_tensors(const struct tarn_gguf *g, const uint8_t *data,
                          size_t size)
{
    const size_t n = tarn_gguf_n_tensors(g);
    for (size_t i = 0; i < n; i++) {
        const struct tarn_gguf_tensor *t = tarn_gguf_tensor_at(g, i);
        const struct tarn_type_traits traits = tarn_type_traits(t->type);
        FUZZ_CHECK(traits.block && t->ge[0] % traits.block == 0);
        FUZZ_CHECK(tarn_gguf_tensor(g, t->name) == t);
        FUZZ_CHECK(inside(t->data, t->size, data, size));
        FUZZ_CHECK(t->size == t->ge[0] / traits.block * traits.bytes *
                                  t->ge[1] * t->ge[2] * t->ge[3]);
        tarn_gguf_check_tensor(t, NULL);
        for (size_t k = 0; k < i && n < 100; k++) {
            const struct tarn_gguf_tensor *u = tarn_gguf_tensor_at(g, k);
            FUZZ_CHECK(t->offset + t->size <= u->offset ||
                       u->offset + u->size <= t->offset);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tarn_gguf *g = NULL;
    struct tarn_error err = { TARN_OK, "" };
    const int64_t held = tarn_memory_held();
    const enum tarn_status s =
        tarn_gguf_open_memory(data, size, "fuzz", &g, &err);
    if (s) {
        FUZZ_CHECK(s == TARN_BAD_FILE && err.status == s);
        FUZZ_CHECK(!strncmp(err.text, "fuzz: ", 6) && err.text[6]);
        for (const char *c = err.text; *c; c++)
            FUZZ_CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
    } else {
        check_values(g, data, size);
        check_tensors(g, data, size);
        tarn_gguf_close(g);
    }
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
