/* fuzz_model.c - any bytes as a model that is opened and run.
 * What is refused has its sentence; what is accepted computes logits, or says
 * why not, and gives everything back. */
#include <string.h>

#include "core/base/memory.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/small.h"
#include "tests/gguf/bad_gguf.h"

const char *const FUZZ_WORDS[] = { "lfm2moe.embedding_length",
                                   "lfm2moe.attention.head_count",
                                   "lfm2moe.attention.head_count_kv",
                                   "lfm2moe.expert_count",
                                   "lfm2moe.expert_used_count",
                                   "lfm2moe.shortconv.l_cache",
                                   "lfm2moe.rope.freq_base",
                                   "lfm2moe.leading_dense_block_count",
                                   "lfm2",
                                   "blk.1.attn_q.weight",
                                   "output.weight",
                                   "token_embd_norm.weight",
                                   "\x04",
                                   "\x06",
                                   NULL };

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    if (i >= GGUF_N_DEFECTS)
        return false;
    gguf_defect_write(&GGUF_DEFECTS[i], out);
    if (out->size > 100000) {
        tarn_buf_clear(out);
        gguf_defect_write(gguf_defect_find("good"), out);
    }
    return true;
}

static void compute(struct tarn_model *model)
{
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_engine *engine = NULL;
    const struct tarn_model_info *info = tarn_model_info(model);
    const struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 8,
                                            .max_rows = 4, .n_sequences = 1 };
    const int32_t ids[] = { 0, 1, 2 };
    const uint32_t rows[] = { 2 };
    if (info->n_vocab < 3 || info->n_vocab > 4096 || info->max_context < 8)
        return;
    float *logits = calloc(info->n_vocab, sizeof *logits);
    FUZZ_CHECK(logits);
    const struct tarn_eval io = { .size = sizeof io, .ids = ids, .n_ids = 3,
                                  .rows = rows, .n_rows = 1,
                                  .logits = logits };
    if (tarn_engine_create(model, &eo, &engine, &err) ||
        tarn_eval(engine, &io, &err))
        FUZZ_CHECK(err.text[0]);
    tarn_engine_destroy(engine);
    free(logits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tarn_model *model = NULL;
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime *rt = small_runtime();
    const int64_t held = tarn_memory_held();
    const struct tarn_model_options mo = { .size = sizeof mo, .data = data,
                                           .data_size = size, .check = true };
    const enum tarn_status s = tarn_model_open(rt, NULL, &mo, &model, &err);
    if (s)
        FUZZ_CHECK(s != TARN_INTERNAL && err.status == s && err.text[0]);
    else
        compute(model);
    tarn_model_close(model);
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
