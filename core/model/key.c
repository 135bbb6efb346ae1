/* key.c - what names a model's content: SHA-256 of all that its file says about
 * itself and of a sample of every tensor.
 *
 * Hashing 5 GB would take longer than reading a chat again.  Metadata, names,
 * types and shapes tell models, quantizations and tokenizers apart; the first,
 * middle and last bytes of every tensor tell fine-tunes apart. */
#include <string.h>

#include "core/base/hash.h"
#include "core/model/model.h"

#define SAMPLE 256u /* bytes at each of the three places */

static void add_number(struct tarn_sha256 *h, uint64_t n)
{
    uint8_t b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(n >> 8 * i);
    tarn_sha256_add(h, b, sizeof b);
}

static void add_text(struct tarn_sha256 *h, const char *text)
{
    size_t n = strlen(text);
    add_number(h, n);
    tarn_sha256_add(h, text, n);
}

static void add_value(struct tarn_sha256 *h, const struct tarn_gguf_value *v)
{
    add_text(h, v->key);
    add_number(h, (uint64_t)v->kind);
    add_number(h, (uint64_t)v->item);
    add_number(h, v->n);
    add_number(h, v->raw_size);
    tarn_sha256_add(h, v->raw, v->raw_size);
}

static void add_tensor(struct tarn_sha256 *h, const struct tarn_gguf_tensor *t)
{
    const uint8_t *data = t->data;
    add_text(h, t->name);
    add_number(h, t->type);
    for (int i = 0; i < 4; i++)
        add_number(h, t->ge[i]);
    if (t->size <= 3 * SAMPLE) {
        tarn_sha256_add(h, data, (size_t)t->size);
        return;
    }
    tarn_sha256_add(h, data, SAMPLE);
    tarn_sha256_add(h, data + t->size / 2, SAMPLE);
    tarn_sha256_add(h, data + t->size - SAMPLE, SAMPLE);
}

void tarn_model_key(const struct tarn_model *m, uint8_t out[32])
{
    struct tarn_sha256 h;
    tarn_sha256_init(&h);
    for (size_t i = 0; i < tarn_gguf_n_values(m->gguf); i++)
        add_value(&h, tarn_gguf_value_at(m->gguf, i));
    for (size_t i = 0; i < tarn_gguf_n_tensors(m->gguf); i++)
        add_tensor(&h, tarn_gguf_tensor_at(m->gguf, i));
    tarn_sha256_end(&h, out);
}
