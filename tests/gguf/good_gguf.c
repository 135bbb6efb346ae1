/* good_gguf.c - the correct model that defects are put into; see bad_gguf.h.
 *
 * lfm2moe with 3 layers: 0 conv and dense, 1 attention, 2 conv; d 32, one
 * head of 32, 3 experts of which 2 are used, 288 tokens. */
#include "tests/gguf/bad_gguf.h"

#include <stdio.h>
#include <string.h>

#include "backends/backend.h"
#include "core/base/utf8.h"
#include "core/gguf/gguf.h"

enum { D = 32, FF = 32, LAYERS = 3, EXPERTS = 3, USED = 2, CONTEXT = 4096 };

/* --------------------------------------------------------------- the bytes */

void put_number(struct tarn_buf *b, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tarn_buf_byte(b, (int)(v >> 8 * i & 0xff));
}

void put_text(struct tarn_buf *b, const char *text, size_t size)
{
    put_number(b, size, 8);
    tarn_buf_add(b, text, size);
}

static void put_f32(struct tarn_buf *b, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_number(b, bits, 4);
}

static void pad(struct tarn_buf *b, uint64_t alignment)
{
    while (b->size % alignment && !b->failed)
        tarn_buf_byte(b, 0);
}

static void write_table(const struct gguf_plan *p, struct tarn_buf *out)
{
    uint64_t at = 0;
    for (size_t i = 0; i < p->n_tensors; i++) {
        const struct plan_tensor *t = &p->tensors[i];
        put_number(out, t->name_size, 8);
        tarn_buf_add(out, t->name.data, t->name.size);
        put_number(out, t->n_dims, 4);
        for (uint32_t d = 0; d < t->n_dims && d < 5; d++)
            put_number(out, t->ge[d], 8);
        put_number(out, t->type, 4);
        put_number(out, t->fixed ? t->offset : at, 8);
        at += (t->data.size + p->alignment - 1) / p->alignment * p->alignment;
    }
}

void gguf_plan_write(const struct gguf_plan *p, struct tarn_buf *out)
{
    if (p->instead.size) {
        tarn_buf_add(out, p->instead.data, p->instead.size);
        return;
    }
    tarn_buf_text(out, "GGUF");
    put_number(out, p->version, 4);
    put_number(
        out, p->n_tensors_said == UINT64_MAX ? p->n_tensors : p->n_tensors_said,
        8);
    put_number(out, p->n_keys_said == UINT64_MAX ? p->n_keys : p->n_keys_said,
               8);
    for (size_t i = 0; i < p->n_keys; i++)
        tarn_buf_add(out, p->keys[i].bytes.data, p->keys[i].bytes.size);
    write_table(p, out);
    pad(out, p->alignment);
    for (size_t i = 0; i < p->n_tensors; i++) {
        tarn_buf_add(out, p->tensors[i].data.data, p->tensors[i].data.size);
        pad(out, p->alignment);
    }
    if (p->cut < out->size)
        out->size = (size_t)p->cut;
}

void gguf_plan_finish(struct gguf_plan *p)
{
    for (size_t i = 0; i < p->n_keys; i++)
        tarn_buf_finish(&p->keys[i].bytes);
    for (size_t i = 0; i < p->n_tensors; i++) {
        tarn_buf_finish(&p->tensors[i].name);
        tarn_buf_finish(&p->tensors[i].data);
    }
    tarn_buf_finish(&p->instead);
    p->n_keys = p->n_tensors = 0;
}

/* -------------------------------------------------------------------- keys */

static struct plan_key *find_key(struct gguf_plan *p, const char *key)
{
    for (size_t i = 0; i < p->n_keys; i++)
        if (!strcmp(p->keys[i].name, key))
            return &p->keys[i];
    return NULL;
}

void plan_set(struct gguf_plan *p, const char *key, uint32_t kind,
              const void *value, size_t size)
{
    struct plan_key *k = find_key(p, key);
    if (!k) {
        k = &p->keys[p->n_keys++];
        *k = (struct plan_key){ 0 };
        snprintf(k->name, sizeof k->name, "%s", key);
    }
    tarn_buf_clear(&k->bytes);
    put_text(&k->bytes, key, strlen(key));
    put_number(&k->bytes, kind, 4);
    tarn_buf_add(&k->bytes, value, size);
}

static void set_number(struct gguf_plan *p, const char *key, uint32_t kind,
                       uint64_t v, size_t size)
{
    struct tarn_buf b = { 0 };
    put_number(&b, v, size);
    plan_set(p, key, kind, b.data, b.size);
    tarn_buf_finish(&b);
}

void plan_set_u32(struct gguf_plan *p, const char *key, uint32_t v)
{
    set_number(p, key, TARN_GGUF_U32, v, 4);
}

void plan_set_f32(struct gguf_plan *p, const char *key, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    set_number(p, key, TARN_GGUF_F32, bits, 4);
}

void plan_set_text(struct gguf_plan *p, const char *key, const char *text)
{
    struct tarn_buf b = { 0 };
    put_text(&b, text, strlen(text));
    plan_set(p, key, TARN_GGUF_STRING, b.data, b.size);
    tarn_buf_finish(&b);
}

void plan_set_i32s(struct gguf_plan *p, const char *key, const int32_t *v,
                   size_t n)
{
    struct tarn_buf b = { 0 };
    put_number(&b, TARN_GGUF_I32, 4);
    put_number(&b, n, 8);
    for (size_t i = 0; i < n; i++)
        put_number(&b, (uint32_t)v[i], 4);
    plan_set(p, key, TARN_GGUF_ARRAY, b.data, b.size);
    tarn_buf_finish(&b);
}

void plan_set_texts(struct gguf_plan *p, const char *key,
                    const char *const *texts, size_t n)
{
    struct tarn_buf b = { 0 };
    put_number(&b, TARN_GGUF_STRING, 4);
    put_number(&b, n, 8);
    for (size_t i = 0; i < n; i++)
        put_text(&b, texts[i], strlen(texts[i]));
    plan_set(p, key, TARN_GGUF_ARRAY, b.data, b.size);
    tarn_buf_finish(&b);
}

void plan_add_raw(struct gguf_plan *p, const void *bytes, size_t size)
{
    struct plan_key *k = &p->keys[p->n_keys++];
    *k = (struct plan_key){ 0 };
    tarn_buf_add(&k->bytes, bytes, size);
}

void plan_remove(struct gguf_plan *p, const char *key)
{
    struct plan_key *k = find_key(p, key);
    if (!k)
        return;
    tarn_buf_finish(&k->bytes);
    *k = p->keys[--p->n_keys];
}

/* ----------------------------------------------------------------- tensors */

struct plan_tensor *plan_tensor(struct gguf_plan *p, const char *name)
{
    for (size_t i = 0; i < p->n_tensors; i++)
        if (!strcmp(p->tensors[i].name.data, name))
            return &p->tensors[i];
    return NULL;
}

void plan_rename_tensor(struct plan_tensor *t, const char *name, size_t size)
{
    tarn_buf_clear(&t->name);
    tarn_buf_add(&t->name, name, size);
    t->name_size = size;
}

/* splitmix64 of the tensor's name and a counter: the same on any machine. */
static uint64_t random_word(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static float random_unit(uint64_t *state) /* [-1, 1) */
{
    return (float)(int64_t)random_word(state) * 0x1p-63f;
}

static void fill_tensor(struct plan_tensor *t)
{
    const struct tarn_type_traits traits = tarn_type_traits(t->type);
    const uint64_t n = t->ge[0] * t->ge[1] * t->ge[2] / traits.block;
    uint64_t state = t->name.size;
    for (size_t i = 0; i < t->name.size; i++)
        state = state * 31 + (unsigned char)t->name.data[i];
    const bool norm = strstr(t->name.data, "norm") != NULL;
    for (uint64_t i = 0; i < n; i++) {
        if (t->type == TARN_F32) {
            const float u = random_unit(&state);
            put_f32(&t->data, norm ? 1 + 0.2f * u : 0.4f * u);
            continue;
        }
        put_number(&t->data, 0x1800, 2); /* Q8_0: 2^-9, then 32 bytes */
        for (int k = 0; k < 4; k++)
            put_number(&t->data, random_word(&state), 8);
    }
}

struct plan_tensor *plan_add_tensor(struct gguf_plan *p, const char *name,
                                    uint32_t type, uint64_t ge0, uint64_t ge1,
                                    uint64_t ge2)
{
    struct plan_tensor *t = &p->tensors[p->n_tensors++];
    *t = (struct plan_tensor){ .type = type, .ge = { ge0, ge1, ge2, 1, 1 } };
    t->n_dims = ge2 > 1 ? 3 : ge1 > 1 ? 2 : 1;
    plan_rename_tensor(t, name, strlen(name));
    fill_tensor(t);
    return t;
}

void plan_remove_tensor(struct gguf_plan *p, const char *name)
{
    struct plan_tensor *t = plan_tensor(p, name);
    if (!t)
        return;
    tarn_buf_finish(&t->name);
    tarn_buf_finish(&t->data);
    *t = p->tensors[--p->n_tensors];
}

static void add_matrix(struct gguf_plan *p, int layer, const char *name,
                       uint64_t ge0, uint64_t ge1, uint64_t ge2)
{
    char full[80];
    snprintf(full, sizeof full, "blk.%d.%s.weight", layer, name);
    plan_add_tensor(p, full, TARN_Q8_0, ge0, ge1, ge2);
}

static void add_floats(struct gguf_plan *p, int layer, const char *name,
                       uint64_t ge0, uint64_t ge1)
{
    char full[80];
    snprintf(full, sizeof full, "blk.%d.%s", layer, name);
    plan_add_tensor(p, full, TARN_F32, ge0, ge1, 1);
}

static void add_layer(struct gguf_plan *p, int i)
{
    add_floats(p, i, "attn_norm.weight", D, 1);
    add_floats(p, i, "ffn_norm.weight", D, 1);
    if (i == 1) {
        add_matrix(p, i, "attn_q", D, D, 1);
        add_matrix(p, i, "attn_k", D, D, 1);
        add_matrix(p, i, "attn_v", D, D, 1);
        add_matrix(p, i, "attn_output", D, D, 1);
        add_floats(p, i, "attn_q_norm.weight", D, 1);
        add_floats(p, i, "attn_k_norm.weight", D, 1);
    } else {
        add_floats(p, i, "shortconv.conv.weight", 3, D);
        add_matrix(p, i, "shortconv.in_proj", D, 3 * D, 1);
        add_matrix(p, i, "shortconv.out_proj", D, D, 1);
    }
    if (i == 0) {
        add_matrix(p, i, "ffn_gate", D, FF, 1);
        add_matrix(p, i, "ffn_up", D, FF, 1);
        add_matrix(p, i, "ffn_down", FF, D, 1);
    } else {
        add_floats(p, i, "ffn_gate_inp.weight", D, EXPERTS);
        add_floats(p, i, "exp_probs_b.bias", EXPERTS, 1);
        add_matrix(p, i, "ffn_gate_exps", D, FF, EXPERTS);
        add_matrix(p, i, "ffn_up_exps", D, FF, EXPERTS);
        add_matrix(p, i, "ffn_down_exps", FF, D, EXPERTS);
    }
}

/* ------------------------------------------------------------ the vocabulary
 */

enum { N_WORDS = 288, N_NAMED = 18 };

static const char *const NAMED[N_NAMED] = { "<|pad|>",
                                            "<|startoftext|>",
                                            "<|endoftext|>",
                                            "<|fim_pre|>",
                                            "<|fim_mid|>",
                                            "<|fim_suf|>",
                                            "<|im_start|>",
                                            "<|im_end|>",
                                            "<|tool_list_start|>",
                                            "<|tool_list_end|>",
                                            "<|tool_call_start|>",
                                            "<|tool_call_end|>",
                                            "<|tool_response_start|>",
                                            "<|tool_response_end|>",
                                            "<|reserved_0|>",
                                            "<|reserved_1|>",
                                            "<think>",
                                            "</think>" };
static const char *const MERGES[] = { "t h", "th e", "i n",       "e r",
                                      "a n", "an d", "\u0120 a",  "\u0120 the",
                                      "r e", "o n",  "\u0120 in", "h e" };
enum { N_MERGES = sizeof MERGES / sizeof *MERGES };

/* How byte-level BPE spells a byte: printable ones as themselves, the others
 * from U+0100 on in ascending order. */
static int32_t letter_of_byte(int byte)
{
    int32_t next = 0x100;
    for (int b = 0; b <= byte; b++) {
        const bool plain = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) ||
                           (b >= 0xae && b <= 0xff);
        if (b == byte)
            return plain ? b : next;
        next += !plain;
    }
    return 0;
}

size_t plan_words(const char *const **out)
{
    static char room[N_WORDS][24];
    static const char *words[N_WORDS];
    for (size_t i = 0; i < N_WORDS; i++) {
        words[i] = room[i];
        memset(room[i], 0, sizeof room[i]);
        if (i < N_NAMED) {
            snprintf(room[i], sizeof room[i], "%s", NAMED[i]);
        } else if (i < N_NAMED + 256) {
            tarn_utf8_encode(letter_of_byte((int)(i - N_NAMED)), room[i]);
        } else if (i < N_NAMED + 256 + N_MERGES) {
            const char *m = MERGES[i - N_NAMED - 256], *blank = strchr(m, ' ');
            snprintf(room[i], sizeof room[i], "%.*s%s", (int)(blank - m), m,
                     blank + 1);
        } else {
            snprintf(room[i], sizeof room[i], "[unused%zu]", i);
        }
    }
    *out = words;
    return N_WORDS;
}

static void set_vocabulary(struct gguf_plan *p)
{
    const char *const *words;
    int32_t kinds[N_WORDS];
    const size_t n = plan_words(&words);
    for (size_t i = 0; i < n; i++)
        kinds[i] = i < 16                         ? 3
                   : i < N_NAMED                  ? 4
                   : i < 256 + N_NAMED + N_MERGES ? 1
                                                  : 5;
    plan_set_text(p, "tokenizer.ggml.model", "gpt2");
    plan_set_text(p, "tokenizer.ggml.pre", "lfm2");
    plan_set_texts(p, "tokenizer.ggml.tokens", words, n);
    plan_set_i32s(p, "tokenizer.ggml.token_type", kinds, n);
    plan_set_texts(p, "tokenizer.ggml.merges", MERGES, N_MERGES);
    plan_set_u32(p, "tokenizer.ggml.bos_token_id", 1);
    plan_set_u32(p, "tokenizer.ggml.eos_token_id", 7);
    plan_set_u32(p, "tokenizer.ggml.padding_token_id", 0);
    plan_set(p, "tokenizer.ggml.add_bos_token", TARN_GGUF_BOOL, "\1", 1);
    plan_set_text(p, "tokenizer.chat_template",
                  "{{- bos_token -}}{%- set preserve_thinking = false -%}"
                  "{{- 'List of tools: [' -}}{%- for m in messages -%}"
                  "{{- '<|im_start|>' + m['role'] + '\\n' + m['content'] + "
                  "'<|im_end|>\\n' -}}{%- endfor -%}"
                  "{%- if add_generation_prompt -%}"
                  "{{- '<|im_start|>assistant\\n' -}}{%- endif -%}");
}

void gguf_plan_good(struct gguf_plan *p)
{
    static const int32_t KV[LAYERS] = { 0, 1, 0 };
    memset(p, 0, sizeof *p);
    p->version = 3;
    p->alignment = 32;
    p->cut = p->n_keys_said = p->n_tensors_said = UINT64_MAX;
    plan_set_text(p, "general.architecture", "lfm2moe");
    plan_set_text(p, "general.name", "small and good");
    plan_set_text(p, "general.license", "other");
    plan_set_u32(p, "general.file_type", 7);
    plan_set_u32(p, "general.quantization_version", 2);
    plan_set_u32(p, "lfm2moe.vocab_size", N_WORDS);
    plan_set_u32(p, "lfm2moe.context_length", CONTEXT);
    plan_set_u32(p, "lfm2moe.embedding_length", D);
    plan_set_u32(p, "lfm2moe.block_count", LAYERS);
    plan_set_u32(p, "lfm2moe.feed_forward_length", FF);
    plan_set_u32(p, "lfm2moe.attention.head_count", 1);
    plan_set_i32s(p, "lfm2moe.attention.head_count_kv", KV, LAYERS);
    plan_set_f32(p, "lfm2moe.attention.layer_norm_rms_epsilon", 1e-5f);
    plan_set_f32(p, "lfm2moe.rope.freq_base", 5000000.0f);
    plan_set_u32(p, "lfm2moe.shortconv.l_cache", 3);
    plan_set_u32(p, "lfm2moe.expert_count", EXPERTS);
    plan_set_u32(p, "lfm2moe.expert_used_count", USED);
    plan_set_u32(p, "lfm2moe.expert_feed_forward_length", FF);
    plan_set_u32(p, "lfm2moe.leading_dense_block_count", 1);
    plan_set_u32(p, "lfm2moe.expert_gating_func", 2);
    set_vocabulary(p);
    plan_add_tensor(p, "token_embd.weight", TARN_Q8_0, D, N_WORDS, 1);
    plan_add_tensor(p, "token_embd_norm.weight", TARN_F32, D, 1, 1);
    for (int i = 0; i < LAYERS; i++)
        add_layer(p, i);
}
