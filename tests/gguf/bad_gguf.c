/* bad_gguf.c - named defects by their numbers in the list of faults; see
 * bad_gguf.h.  `says` is part of the sentence that must be seen. */
#include "tests/gguf/bad_gguf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backends/backend.h"
#include "core/gguf/gguf.h"

/* ------------------------------------------------------- ways to spoil it */

static void be_good(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)p, (void)a, (void)text;
}

static void be_text(struct gguf_plan *p, uint64_t a, const char *text)
{
    tarn_buf_add(&p->instead, text, a ? (size_t)a : strlen(text));
    for (int i = 0; i < 100; i++)
        tarn_buf_text(&p->instead, " and so on");
}

static void be_zero(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    while (a--)
        tarn_buf_byte(&p->instead, 0);
}

static void cut_at(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    p->cut = a;
}

static void set_version(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    p->version = (uint32_t)a;
}

static void say_keys(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    p->n_keys_said = a;
}

static void say_tensors(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    p->n_tensors_said = a;
}

/* A string value that says it has `a` bytes and has the text's. */
static void long_string(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct tarn_buf b = { 0 };
    put_number(&b, a, 8);
    tarn_buf_text(&b, text);
    plan_set(p, "general.name", TARN_GGUF_STRING, b.data, b.size);
    tarn_buf_finish(&b);
}

/* A key whose name says `a` bytes. */
static void key_name(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct tarn_buf b = { 0 };
    put_number(&b, a, 8);
    for (uint64_t i = 0; i < a && i < 300; i++)
        tarn_buf_byte(&b, i < strlen(text) ? text[i] : text[0] ? 'x' : 0);
    put_number(&b, TARN_GGUF_U8, 4);
    put_number(&b, 1, 1);
    plan_add_raw(p, b.data, b.size);
    tarn_buf_finish(&b);
}

static void tensor_name(struct gguf_plan *p, uint64_t a, const char *text)
{
    char name[100];
    memset(name, 'n', sizeof name);
    memcpy(name, text, strlen(text));
    if (a == 2)
        name[1] = 0; /* NUL inside */
    struct plan_tensor *t = plan_tensor(p, "blk.0.ffn_norm.weight");
    plan_rename_tensor(t, name, a < sizeof name ? (size_t)a : 0);
    t->name_size = a;
}

/* Key "x.array" with `a` elements, or (text "n") with elements of kind a. */
static void bad_array(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct tarn_buf b = { 0 };
    put_number(&b, *text == 'n' ? a : TARN_GGUF_U8, 4);
    put_number(&b, *text == 'n' ? 2 : a, 8);
    put_number(&b, 0, 8);
    plan_set(p, "x.array", TARN_GGUF_ARRAY, b.data, b.size);
    tarn_buf_finish(&b);
}

static void nest_arrays(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct tarn_buf b = { 0 };
    (void)text;
    while (a--) {
        put_number(&b, TARN_GGUF_ARRAY, 4);
        put_number(&b, 1, 8);
    }
    plan_set(p, "x.array", TARN_GGUF_ARRAY, b.data, b.size);
    tarn_buf_finish(&b);
}

/* The value 2 as kind a, of whatever size. */
static void value_kind(struct gguf_plan *p, uint64_t a, const char *text)
{
    plan_set(p, text, (uint32_t)a, "\2\0\0\0\0\0\0\0", a == TARN_GGUF_BOOL ? 1 : 8);
}

static void bool_array(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct tarn_buf b = { 0 };
    put_number(&b, TARN_GGUF_BOOL, 4);
    put_number(&b, 3, 8);
    put_number(&b, a, 3);
    plan_set(p, text, TARN_GGUF_ARRAY, b.data, b.size);
    tarn_buf_finish(&b);
}

/* A known key (text) with the value a, written as another kind. */
static void as_kind(struct gguf_plan *p, const char *key, uint32_t kind,
                    uint64_t bits, size_t size)
{
    struct tarn_buf b = { 0 };
    put_number(&b, bits, size);
    plan_set(p, key, kind, b.data, b.size);
    tarn_buf_finish(&b);
}

static void as_u8(struct gguf_plan *p, uint64_t a, const char *text)
{
    as_kind(p, text, TARN_GGUF_U8, a, 1);
}

static void as_i32(struct gguf_plan *p, uint64_t a, const char *text)
{
    as_kind(p, text, TARN_GGUF_I32, a, 4);
}

static void as_u64(struct gguf_plan *p, uint64_t a, const char *text)
{
    as_kind(p, text, TARN_GGUF_U64, a, 8);
}

static void as_i64(struct gguf_plan *p, uint64_t a, const char *text)
{
    as_kind(p, text, TARN_GGUF_I64, a, 8);
}

static void as_f64(struct gguf_plan *p, uint64_t a, const char *text)
{
    const double d = (double)a;
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    as_kind(p, text, TARN_GGUF_F64, bits, 8);
}

static void as_text(struct gguf_plan *p, uint64_t a, const char *text)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)a);
    plan_set_text(p, text, digits);
}

static void as_array(struct gguf_plan *p, uint64_t a, const char *text)
{
    const int32_t v[1] = { (int32_t)a };
    plan_set_i32s(p, text, v, 1);
}

static void set_u32(struct gguf_plan *p, uint64_t a, const char *text)
{
    plan_set_u32(p, text, (uint32_t)a);
}

static void key_twice(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct tarn_buf b = { 0 };
    (void)a;
    put_text(&b, text, strlen(text));
    put_number(&b, TARN_GGUF_U8, 4);
    put_number(&b, 1, 1);
    plan_add_raw(p, b.data, b.size);
    tarn_buf_finish(&b);
}

static void tensor_twice(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)a;
    plan_rename_tensor(plan_tensor(p, "blk.2.ffn_norm.weight"), text,
                       strlen(text));
}

/* Two names of a bytes that differ in the last one only. */
static void long_twins(struct gguf_plan *p, uint64_t a, const char *text)
{
    char name[100];
    (void)text;
    memset(name, 'n', sizeof name);
    plan_rename_tensor(plan_tensor(p, "blk.0.ffn_norm.weight"), name,
                       (size_t)a);
    name[a - 1] = 'm';
    plan_rename_tensor(plan_tensor(p, "blk.2.ffn_norm.weight"), name,
                       (size_t)a);
}

static void set_alignment(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    plan_set_u32(p, "general.alignment", (uint32_t)a);
    if (a >= 8 && a <= 65536 && !(a & (a - 1)))
        p->alignment = a;
}

static const char VICTIM[] = "blk.1.ffn_up_exps.weight";

static void n_dims(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    plan_tensor(p, VICTIM)->n_dims = (uint32_t)a;
}

static void one_dim(struct gguf_plan *p, uint64_t a, const char *text)
{
    plan_tensor(p, VICTIM)->ge[*text - '0'] = a;
}

static void all_dims(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct plan_tensor *t = plan_tensor(p, VICTIM);
    (void)text;
    t->n_dims = 4;
    for (int d = 0; d < 4; d++)
        t->ge[d] = a;
}

static void set_type(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    plan_tensor(p, VICTIM)->type = (uint32_t)a;
}

static void set_offset(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct plan_tensor *t = plan_tensor(p, VICTIM);
    (void)text;
    t->fixed = true;
    t->offset = a;
}

/* The last tensor on top of the one before; a: bytes that it is moved. */
static void overlap(struct gguf_plan *p, uint64_t a, const char *text)
{
    uint64_t at = 0;
    (void)text;
    for (size_t i = 0; i + 1 < p->n_tensors; i++)
        at += (p->tensors[i].data.size + 31) / 32 * 32;
    p->tensors[p->n_tensors - 1].fixed = true;
    p->tensors[p->n_tensors - 1].offset = at - a;
}

/* The table in another order than the data. */
static void shuffle(struct gguf_plan *p, uint64_t a, const char *text)
{
    uint64_t at = 0;
    (void)text;
    for (size_t i = 0; i < p->n_tensors; i++) {
        p->tensors[i].fixed = true;
        p->tensors[i].offset = at;
        at += (p->tensors[i].data.size + 31) / 32 * 32;
    }
    /* The data go out in table order, so two of one size change places. */
    struct plan_tensor *x = plan_tensor(p, "blk.0.attn_norm.weight"),
                       *y = plan_tensor(p, "blk.2.ffn_norm.weight");
    const uint64_t offset = x->offset;
    x->offset = y->offset;
    y->offset = offset;
    const struct tarn_buf data = x->data;
    x->data = y->data;
    y->data = data;
    (void)a;
}

static void gap(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)text;
    while (a--)
        tarn_buf_byte(&p->tensors[3].data, 0);
}

static void no_tensor(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)a;
    plan_remove_tensor(p, text);
}

static void more_tensors(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)a;
    plan_add_tensor(p, text, TARN_F32, 8, 1, 1);
}

static void transpose(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct plan_tensor *t = plan_tensor(p, text);
    const uint64_t x = t->ge[0];
    (void)a;
    t->ge[0] = t->ge[1];
    t->ge[1] = x;
}

/* Fewer slices than the metadata say; a: how many. */
static void n_slices(struct gguf_plan *p, uint64_t a, const char *text)
{
    plan_tensor(p, text)->ge[2] = a;
}

/* Another type than its neighbors': any mix is allowed. */
static void other_type(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct plan_tensor *t = plan_tensor(p, text);
    struct plan_tensor *u =
        plan_add_tensor(p, text, (uint32_t)a, t->ge[0], t->ge[1], t->ge[2]);
    const struct plan_tensor old = *t;
    *t = *u;
    *u = old;
    tarn_buf_finish(&u->name);
    tarn_buf_finish(&u->data);
    p->n_tensors--;
}

static void no_key(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)a;
    plan_remove(p, text);
}

static void set_f32(struct gguf_plan *p, uint64_t a, const char *text)
{
    static const float VALUES[] = { 0, -1, NAN, INFINITY };
    plan_set_f32(p, text, VALUES[a]);
}

static void kv_heads(struct gguf_plan *p, uint64_t a, const char *text)
{
    static const int32_t VALUES[][3] = {
        { 0, 0, 0 }, { 0, 3, 0 }, { 0, -1, 0 }, { 0, 0x7fffffff, 0 }
    };
    const size_t n = *text == 's' ? 2 : 3; /* short: one layer is missing */
    plan_set_i32s(p, "lfm2moe.attention.head_count_kv",
                  VALUES[*text == 's' ? 1 : a], n);
}

static void embedding(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct plan_tensor *t = plan_tensor(p, "token_embd.weight");
    (void)text;
    t->ge[1] = a;
    t->data.size = (size_t)a * 34;
}

static void architecture(struct gguf_plan *p, uint64_t a, const char *text)
{
    plan_set_text(p, "general.architecture", text);
    if (!a)
        return;
    plan_set_text(p, "general.type", "adapter"); /* LoRA */
    for (size_t i = 0; i < p->n_tensors; i++)
        tarn_buf_text(&p->tensors[i].name, ".lora_a");
    for (size_t i = 0; i < p->n_tensors; i++)
        p->tensors[i].name_size = p->tensors[i].name.size;
}

static void vocabulary_only(struct gguf_plan *p, uint64_t a, const char *text)
{
    (void)a, (void)text;
    while (p->n_tensors)
        plan_remove_tensor(p, p->tensors[0].name.data);
}

/* The words with word number a replaced. */
static void one_word(struct gguf_plan *p, uint64_t a, const char *text)
{
    const char *const *words;
    const char *changed[400];
    char longest[5000];
    const size_t n = plan_words(&words);
    memcpy(changed, words, n * sizeof *words);
    memset(longest, 'w', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    changed[a] = *text == 'L' && !text[1] ? longest : text;
    plan_set_texts(p, "tokenizer.ggml.tokens", changed, n);
}

static void fewer_words(struct gguf_plan *p, uint64_t a, const char *text)
{
    const char *const *words;
    const size_t n = plan_words(&words);
    (void)text;
    plan_set_texts(p, "tokenizer.ggml.tokens", words, a < n ? (size_t)a : n);
}

static void word_kinds(struct gguf_plan *p, uint64_t a, const char *text)
{
    int32_t kinds[400];
    for (size_t i = 0; i < 400; i++)
        kinds[i] = *text == 'k' ? 99 : i < 16 ? 3 : 1;
    plan_set_i32s(p, "tokenizer.ggml.token_type", kinds, (size_t)a);
}

static void one_merge(struct gguf_plan *p, uint64_t a, const char *text)
{
    const char *const merges[] = { "t h", "th e", text };
    plan_set_texts(p, "tokenizer.ggml.merges", merges, a ? (size_t)a : 3);
}

static void many_merges(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct tarn_buf b = { 0 };
    put_number(&b, TARN_GGUF_STRING, 4);
    put_number(&b, a, 8);
    while (a--)
        put_text(&b, text, strlen(text));
    plan_set(p, "tokenizer.ggml.merges", TARN_GGUF_ARRAY, b.data, b.size);
    tarn_buf_finish(&b);
}

static void set_text(struct gguf_plan *p, uint64_t a, const char *text)
{
    static const char *const KEYS[] = { "tokenizer.chat_template",
                                        "tokenizer.ggml.pre",
                                        "tokenizer.ggml.model" };
    plan_set_text(p, KEYS[a], text);
}

/* A value (F32) or a scale (Q8_0) of row 1 becomes NaN or infinite. */
static void poison(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct plan_tensor *t = plan_tensor(p, text);
    const bool inf = a & 1;
    if (t->type == TARN_F32) {
        const size_t at = (size_t)(t->ge[1] > 1 ? t->ge[0] * 4 : 4);
        memcpy(t->data.data + at, inf ? "\0\0\x80\x7f" : "\1\0\xc0\x7f", 4);
    } else {
        memcpy(t->data.data + t->ge[0] / 32 * 34, inf ? "\0\xfc" : "\1\x7e", 2);
    }
}

static void zero_scales(struct gguf_plan *p, uint64_t a, const char *text)
{
    struct plan_tensor *t = plan_tensor(p, text);
    (void)a;
    for (size_t i = 0; i < t->data.size; i += 34)
        memset(t->data.data + i, 0, 2);
}

/* ------------------------------------------------------------------- table */

#define FILE_ DEFECT_FILE
#define TEXT_ DEFECT_TEXT
#define MODEL DEFECT_MODEL
#define NONE_ DEFECT_NONE
#define HUGE_63 (UINT64_C(1) << 63)
#define A "lfm2moe."

const struct gguf_defect GGUF_DEFECTS[] = {
    { "G00", "good", NONE_, "", be_good, 0, NULL },

    { "G01", "cut-magic", FILE_, "is cut: needs at least 8 bytes, has 2", cut_at, 2, NULL },
    { "G01", "cut-header", FILE_, "is cut: needs at least 24 bytes, has 20", cut_at, 20, NULL },
    { "G01", "cut-keys", FILE_, "is cut: needs at least", cut_at, 900, NULL },
    { "G01", "cut-table", FILE_, "is cut: needs at least", cut_at, 7000, NULL },
    { "G01", "cut-data", FILE_, "is cut: needs ", cut_at, 30000, NULL },

    { "G03", "web-page", FILE_, "is a web page", be_text, 0, "<!DOCTYPE html>\n<html>" },
    { "G03", "web-page-2", FILE_, "is a web page", be_text, 0, "\n  <HTML lang=en>" },
    { "G03", "git-lfs", FILE_, "is a Git LFS pointer", be_text, 0, "version https://git-lfs.github.com/spec/v1\n" },
    { "G03", "zip", FILE_, "is a zip archive or a PyTorch checkpoint", be_text, 0, "PK\3\4" },
    { "G03", "ggml", FILE_, "is in the old GGML format", be_text, 0, "GGML" },
    { "G03", "ggml-as-written", FILE_, "is in the old GGML format", be_text, 0, "lmgg" },
    { "G03", "ggjt", FILE_, "is in the old GGJT format", be_text, 0, "GGJT" },
    { "G03", "safetensors", FILE_, "is a safetensors file", be_text, 30, "\x20\1\0\0\0\0\0\0{\"__metadata__\":{}}   " },
    { "G03", "all-zero", FILE_, "begins with zeros only", be_zero, 5000, NULL },
    { "G03", "other-text", FILE_, "it begins with \"\\x1B]8;\", not with \"GGUF\"", be_text, 0, "\x1b]8;;" },

    { "G04", "version-0", FILE_, "obsolete GGUF version 0", set_version, 0, NULL },
    { "G04", "version-1", FILE_, "obsolete GGUF version 1", set_version, 1, NULL },
    { "G04", "version-2", NONE_, "", set_version, 2, NULL },
    { "G04", "version-4", FILE_, "GGUF version 4, newer than 3", set_version, 4, NULL },
    { "G04", "version-max", FILE_, "GGUF version 4294967295, newer than 3", set_version, 0xffffffff, NULL },
    { "G04", "big-endian", FILE_, "other byte order", set_version, 0x03000000, NULL },

    { "G05", "keys-2^32", FILE_, "4,294,967,296 metadata keys; at most 4,096", say_keys, UINT64_C(1) << 32, NULL },
    { "G05", "keys-2^61", FILE_, "metadata keys; at most 4,096", say_keys, UINT64_C(1) << 61, NULL },
    { "G05", "keys-2^63", FILE_, "metadata keys; at most 4,096", say_keys, HUGE_63, NULL },
    { "G05", "keys-max", FILE_, "18,446,744,073,709,551,614 metadata keys", say_keys, UINT64_MAX - 1, NULL },
    { "G05", "keys-4097", FILE_, "4,097 metadata keys", say_keys, 4097, NULL },
    { "G05", "keys-too-many-for-the-file", FILE_, "is cut", say_keys, 4096, NULL },
    { "G05", "tensors-2^32", FILE_, "4,294,967,296 tensors; at most 65,536", say_tensors, UINT64_C(1) << 32, NULL },
    { "G05", "tensors-2^61", FILE_, "tensors; at most 65,536", say_tensors, UINT64_C(1) << 61, NULL },
    { "G05", "tensors-2^63", FILE_, "tensors; at most 65,536", say_tensors, HUGE_63, NULL },
    { "G05", "tensors-max", FILE_, "tensors; at most 65,536", say_tensors, UINT64_MAX - 1, NULL },
    { "G05", "tensors-65537", FILE_, "65,537 tensors", say_tensors, 65537, NULL },
    { "G05", "tensors-too-many-for-the-file", FILE_, "is cut", say_tensors, 65536, NULL },

    { "G06", "string-2^63", FILE_, "key \"general.name\" has a string of 9,223,372,036,854,775,808 bytes; at most 1,048,576", long_string, HUGE_63, "x" },
    { "G06", "string-max", FILE_, "key \"general.name\" has a string of 18,446,744,073,709,551,615", long_string, UINT64_MAX, "x" },
    { "G06", "string-longer-than-the-file", FILE_, "is cut", long_string, 200000, "x" },
    { "G06", "key-empty", FILE_, "has 0 bytes; allowed are 1 to 256", key_name, 0, "" },
    { "G06", "key-257", FILE_, "has 257 bytes; allowed are 1 to 256", key_name, 257, "k" },
    { "G06", "key-256", NONE_, "", key_name, 256, "k" },
    { "G06", "key-2^63", FILE_, "has 9,223,372,036,854,775,808 bytes", key_name, HUGE_63, "k" },
    { "G06", "key-with-nul", FILE_, "has a NUL byte in it", key_name, 4, "" },
    { "G06", "key-no-utf8", FILE_, "(\"a\\xFFxx\") is not UTF-8", key_name, 4, "a\xff" },
    { "G06", "tensor-name-empty", FILE_, "has 0 bytes; allowed are 1 to 64", tensor_name, 0, "" },
    { "G06", "tensor-name-2^64-1", FILE_, "has 18,446,744,073,709,551,615 bytes", tensor_name, UINT64_MAX, "" },
    { "G06", "tensor-name-with-nul", FILE_, "has a NUL byte in it", tensor_name, 2, "a" },
    { "G06", "tensor-name-no-utf8", FILE_, "is not UTF-8", tensor_name, 9, "\xc0\x80" },

    { "G07", "array-2^63", FILE_, "key \"x.array\" is an array of 9,223,372,036,854,775,808 elements; at most 4,194,304", bad_array, HUGE_63, "" },
    { "G07", "array-max", FILE_, "elements; at most 4,194,304", bad_array, UINT64_MAX, "" },
    { "G07", "array-2^22+1", FILE_, "4,194,305 elements", bad_array, (1 << 22) + 1, "" },
    { "G07", "array-longer-than-the-file", FILE_, "is cut", bad_array, 1 << 22, "" },
    { "G07", "array-type-13", FILE_, "array of the unknown type 13; allowed are 0 to 12", bad_array, 13, "n" },
    { "G07", "array-type-max", FILE_, "array of the unknown type 4294967295", bad_array, 0xffffffff, "n" },
    { "G07", "arrays-nested", FILE_, "is an array of arrays", nest_arrays, 10000, NULL },

    { "G08", "value-type-13", FILE_, "key \"x.y\" is of the unknown type 13", value_kind, 13, "x.y" },
    { "G08", "value-type-negative", FILE_, "unknown type -2147483648", value_kind, 0x80000000, "x.y" },
    { "G08", "bool-2", FILE_, "is of type bool and holds 2; allowed are 0 and 1", value_kind, TARN_GGUF_BOOL, "tokenizer.ggml.add_bos_token" },
    { "G08", "bool-array", FILE_, "is of type bool and holds 7", bool_array, 0x070100, "x.bools" },
    { "G08", "bool-array-good", NONE_, "", bool_array, 0x010001, "x.bools" },
    { "G08", "count-as-u8", NONE_, "", as_u8, 3, A "block_count" },
    { "G08", "count-as-i32", NONE_, "", as_i32, 3, A "block_count" },
    { "G08", "count-as-u64", NONE_, "", as_u64, 3, A "block_count" },
    { "G08", "count-as-i64", NONE_, "", as_i64, 3, A "block_count" },
    { "G08", "count-as-u64-max", MODEL, "key \"lfm2moe.block_count\" is at least", as_u64, UINT64_MAX, A "block_count" },
    { "G08", "count-as-i64-negative", MODEL, "key \"lfm2moe.block_count\" is -1", as_i64, UINT64_MAX, A "block_count" },
    { "G08", "count-as-f64", MODEL, "key \"lfm2moe.block_count\" is of type f64; a whole number was expected", as_f64, 3, A "block_count" },
    { "G08", "count-as-string", MODEL, "is of type string; a whole number was expected", as_text, 3, A "block_count" },
    { "G08", "count-as-array", MODEL, "is of type array; a whole number was expected", as_array, 3, A "block_count" },
    { "G08", "epsilon-as-string", MODEL, "is of type string; a number was expected", as_text, 1, A "attention.layer_norm_rms_epsilon" },

    { "G09", "key-twice", FILE_, "has the key \"general.name\" twice", key_twice, 0, "general.name" },
    { "G09", "tensor-twice", FILE_, "has the tensor \"blk.1.ffn_norm.weight\" twice", tensor_twice, 0, "blk.1.ffn_norm.weight" },
    { "G09", "twins-of-65-bytes", FILE_, "has 65 bytes; allowed are 1 to 64", long_twins, 65, NULL },
    { "G09", "twins-of-64-bytes", MODEL, "blk.0.ffn_norm.weight", long_twins, 64, NULL },

    { "G10", "alignment-0", FILE_, "key \"general.alignment\" is 0, allowed are 8 to 65536", set_alignment, 0, NULL },
    { "G10", "alignment-1", FILE_, "is 1, allowed are 8", set_alignment, 1, NULL },
    { "G10", "alignment-3", FILE_, "is 3, allowed are 8", set_alignment, 3, NULL },
    { "G10", "alignment-13", FILE_, "is 13, which is not a power of two", set_alignment, 13, NULL },
    { "G10", "alignment-2^31", FILE_, "is 2147483648, allowed are 8", set_alignment, 1u << 31, NULL },
    { "G10", "alignment-as-string", FILE_, "is of type string; a whole number was expected", as_text, 32, "general.alignment" },
    { "G10", "alignment-4096", NONE_, "", set_alignment, 4096, NULL },
    { "G10", "alignment-8", NONE_, "", set_alignment, 8, NULL },

    { "G11", "dims-0", FILE_, "has 0 dimensions; allowed are 1 to 4", n_dims, 0, NULL },
    { "G11", "dims-5", FILE_, "has 5 dimensions", n_dims, 5, NULL },
    { "G11", "dims-max", FILE_, "has 4,294,967,295 dimensions", n_dims, 0xffffffff, NULL },
    { "G11", "row-0", FILE_, "dimension 0 of tensor \"blk.1.ffn_up_exps.weight\" is 0; allowed are 1 to 2147483647", one_dim, 0, "0" },
    { "G11", "slices-0", FILE_, "dimension 2 of tensor", one_dim, 0, "2" },
    { "G11", "row-2^63", FILE_, "is -9223372036854775808", one_dim, HUGE_63, "0" },
    { "G11", "rows-negative", FILE_, "dimension 1 of tensor \"blk.1.ffn_up_exps.weight\" is -1", one_dim, UINT64_MAX, "1" },
    { "G11", "product-overflows", FILE_, "would need more than 70,368,744,177,664 bytes", all_dims, 0x7fffffe0, NULL },
    { "G11", "product-2^64", FILE_, "would need more than", all_dims, 1 << 16, NULL },
    { "G11", "row-no-multiple", FILE_, "rows of 33 values, which is no multiple of the 32 of a Q8_0 block", one_dim, 33, "0" },

    { "G12", "type-42", FILE_, "is of the unknown type 42; tarn runs F32", set_type, 42, NULL },
    { "G12", "type-negative", FILE_, "is of the unknown type -1; tarn runs F32", set_type, 0xffffffff, NULL },
    { "G12", "type-4", FILE_, "is of type 4 (Q4_2, which was withdrawn); tarn runs F32", set_type, 4, NULL },
    { "G12", "type-5", FILE_, "is of type 5 (Q4_3, which was withdrawn)", set_type, 5, NULL },
    { "G12", "type-iq1_s", FILE_, "is of type 19 (IQ1_S); tarn runs F32 F16 BF16", set_type, 19, NULL },
    { "G12", "type-repacked", FILE_, "is of type 31 (a repacked Q4_0", set_type, 31, NULL },

    { "G13", "offset-not-aligned", FILE_, "begins at 33, which is no multiple of the file's alignment of 32", set_offset, 33, NULL },
    { "G13", "offset-beyond-the-end", FILE_, "begins at 32,000,000 of the data, behind their end", set_offset, 32000000, NULL },
    { "G13", "offset-2^63", FILE_, "behind their end", set_offset, HUGE_63, NULL },
    { "G13", "offset-wraps", FILE_, "behind their end", set_offset, UINT64_MAX - 31, NULL },

    { "G14", "overlap-whole", FILE_, "overlap by", overlap, 32, NULL },
    { "G14", "overlap-same-place", FILE_, "overlap by", set_offset, 0, NULL },
    { "G14", "shuffled", NONE_, "", shuffle, 0, NULL },
    { "G14", "gap", NONE_, "", gap, 640, NULL },

    { "G15", "no-embedding", MODEL, "token_embd.weight", no_tensor, 0, "token_embd.weight" },
    { "G15", "no-norm", MODEL, "blk.2.ffn_norm.weight", no_tensor, 0, "blk.2.ffn_norm.weight" },
    { "G15", "no-router", MODEL, "blk.1.ffn_gate_inp.weight", no_tensor, 0, "blk.1.ffn_gate_inp.weight" },
    { "G15", "no-experts", MODEL, "blk.2.ffn_down_exps.weight", no_tensor, 0, "blk.2.ffn_down_exps.weight" },
    { "G15", "extra-tensor", NONE_, "", more_tensors, 0, "something.else.weight" },
    { "G15", "transposed", MODEL, "blk.0.shortconv.in_proj.weight", transpose, 0, "blk.0.shortconv.in_proj.weight" },
    { "G15", "transposed-conv", MODEL, "blk.2.shortconv.conv.weight", transpose, 0, "blk.2.shortconv.conv.weight" },
    { "G15", "experts-2-of-3", MODEL, "blk.1.ffn_up_exps.weight", n_slices, 2, VICTIM },
    { "G15", "experts-other-types", NONE_, "", other_type, TARN_F32, VICTIM },

    { "G16", "layers-0", MODEL, "lfm2moe.block_count", set_u32, 0, A "block_count" },
    { "G16", "layers-1", MODEL, "lfm2moe.attention.head_count_kv has 3 entries", set_u32, 1, A "block_count" },
    { "G16", "layers-10^6", MODEL, "lfm2moe.block_count", set_u32, 1000000, A "block_count" },
    { "G16", "layers-missing", MODEL, "has no key \"lfm2moe.block_count\"", no_key, 0, A "block_count" },
    { "G16", "heads-0", MODEL, "lfm2moe.attention.head_count", set_u32, 0, A "attention.head_count" },
    { "G16", "heads-3", MODEL, "no multiple of the 3 heads", set_u32, 3, A "attention.head_count" },
    { "G16", "kv-heads-short", MODEL, "lfm2moe.attention.head_count_kv", kv_heads, 0, "short" },
    { "G16", "kv-heads-all-0", MODEL, "is 0 for every layer", kv_heads, 0, "" },
    { "G16", "kv-heads-3-of-1", MODEL, "lfm2moe.attention.head_count_kv", kv_heads, 1, "" },
    { "G16", "kv-heads-negative", MODEL, "lfm2moe.attention.head_count_kv", kv_heads, 2, "" },
    { "G16", "kv-heads-2^31", MODEL, "lfm2moe.attention.head_count_kv", kv_heads, 3, "" },
    { "G16", "used-0", MODEL, "lfm2moe.expert_used_count", set_u32, 0, A "expert_used_count" },
    { "G16", "used-4-of-3", MODEL, "lfm2moe.expert_used_count", set_u32, 4, A "expert_used_count" },
    { "G16", "experts-0", MODEL, "lfm2moe.expert_count", set_u32, 0, A "expert_count" },
    { "G16", "experts-2^32", MODEL, "lfm2moe.expert_count", set_u32, 0xffffffff, A "expert_count" },
    { "G16", "width-0", MODEL, "lfm2moe.embedding_length", set_u32, 0, A "embedding_length" },
    { "G16", "width-odd", MODEL, "heads of 31 values", set_u32, 31, A "embedding_length" },
    { "G16", "width-64", MODEL, "token_embd.weight", set_u32, 64, A "embedding_length" },
    { "G16", "rope-0", MODEL, "lfm2moe.rope.freq_base", set_f32, 0, A "rope.freq_base" },
    { "G16", "rope-negative", MODEL, "lfm2moe.rope.freq_base", set_f32, 1, A "rope.freq_base" },
    { "G16", "rope-nan", MODEL, "lfm2moe.rope.freq_base", set_f32, 2, A "rope.freq_base" },
    { "G16", "epsilon-0", MODEL, "layer_norm_rms_epsilon", set_f32, 0, A "attention.layer_norm_rms_epsilon" },
    { "G16", "epsilon-nan", MODEL, "layer_norm_rms_epsilon", set_f32, 2, A "attention.layer_norm_rms_epsilon" },
    { "G16", "context-0", MODEL, "lfm2moe.context_length", set_u32, 0, A "context_length" },
    { "G16", "context-2^31", MODEL, "lfm2moe.context_length", set_u32, 0x80000000, A "context_length" },
    { "G16", "conv-0", MODEL, "lfm2moe.shortconv.l_cache", set_u32, 0, A "shortconv.l_cache" },
    { "G16", "conv-1", MODEL, "lfm2moe.shortconv.l_cache", set_u32, 1, A "shortconv.l_cache" },
    { "G16", "conv-64", MODEL, "lfm2moe.shortconv.l_cache", set_u32, 64, A "shortconv.l_cache" },
    { "G16", "dense-layers-9", MODEL, "lfm2moe.leading_dense_block_count", set_u32, 9, A "leading_dense_block_count" },
    { "G16", "gating-9", MODEL, "lfm2moe.expert_gating_func", set_u32, 9, A "expert_gating_func" },
    { "G16", "rows-of-embedding", MODEL, "288 tokens but \"token_embd.weight\" has 280 rows", embedding, 280, NULL },

    { "G17", "llama", MODEL, "is a llama model; tarn runs lfm2 and lfm2moe", architecture, 0, "llama" },
    { "G17", "qwen3", MODEL, "is a qwen3 model; tarn runs lfm2 and lfm2moe", architecture, 0, "qwen3" },
    { "G17", "mmproj", MODEL, "is a clip model", architecture, 0, "clip" },
    { "G17", "adapter", MODEL, "is of type adapter", architecture, 1, "lfm2moe" },
    { "G17", "control-characters", MODEL, "is a \\x1B]0;x\\x07 model", architecture, 0, "\x1b]0;x\x07" },
    { "G17", "no-architecture", MODEL, "general.architecture", no_key, 0, "general.architecture" },
    { "G17", "vocabulary-only", MODEL, "token_embd.weight", vocabulary_only, 0, NULL },

    { "G19", "no-words", TEXT_, "tokenizer.ggml.tokens", no_key, 0, "tokenizer.ggml.tokens" },
    { "G19", "words-0", TEXT_, "the vocabulary has 0 tokens", fewer_words, 0, NULL },
    { "G19", "word-empty", TEXT_, "token 280 has 0 bytes", one_word, 280, "" },
    { "G19", "word-twice", TEXT_, "token 280, \"the\", is in the vocabulary twice", one_word, 280, "the" },
    { "G19", "word-5000-bytes", TEXT_, "token 280 has 4999 bytes (1 to 4096", one_word, 280, "L" },
    { "G19", "byte-missing", TEXT_, "no token for the byte 0x52", one_word, 100, "[gone]" },
    { "G19", "bos-out-of-range", TEXT_, "tokenizer.ggml.bos_token_id", set_u32, 288, "tokenizer.ggml.bos_token_id" },
    { "G19", "eos-out-of-range", TEXT_, "tokenizer.ggml.eos_token_id", set_u32, 0xffffffff, "tokenizer.ggml.eos_token_id" },
    { "G19", "kinds-short", TEXT_, "288 tokens and 100 kinds", word_kinds, 100, "" },
    { "G19", "kinds-unknown", TEXT_, "token 0 has no kind from 1 to 6", word_kinds, 288, "k" },
    { "G19", "kinds-as-string", TEXT_, "tokenizer.ggml.token_type", as_text, 1, "tokenizer.ggml.token_type" },
    { "G19", "merge-of-unknown-words", TEXT_, "merge 2, \"zz yy\", names an unknown token", one_merge, 0, "zz yy" },
    { "G19", "merge-without-blank", TEXT_, "merge 2, \"the\", is not two tokens", one_merge, 0, "the" },
    { "G19", "merge-twice", TEXT_, "merge 2, \"t h\", is there twice", one_merge, 0, "t h" },
    { "G19", "merges-2000000", TEXT_, "2000000 merges (at most 1048576", many_merges, 2000000, "t h" },
    { "G19", "no-merges", TEXT_, "tokenizer.ggml.merges", no_key, 0, "tokenizer.ggml.merges" },
    { "G19", "pre-unknown", TEXT_, "the pre-tokenizer is \"nobody-knows\"; tarn runs \"lfm2\"", set_text, 1, "nobody-knows" },
    { "G19", "model-unknown", TEXT_, "the tokenizer is of the kind \"llama\"; tarn runs \"gpt2\"", set_text, 2, "llama" },

    { "G20", "norm-nan", MODEL, "tensor \"blk.1.attn_norm.weight\" (F32) holds a value in row 0", poison, 0, "blk.1.attn_norm.weight" },
    { "G20", "norm-inf", MODEL, "tensor \"token_embd_norm.weight\" (F32) holds a value in row 0", poison, 1, "token_embd_norm.weight" },
    { "G20", "conv-nan", MODEL, "tensor \"blk.0.shortconv.conv.weight\" (F32) holds a value in row 1", poison, 0, "blk.0.shortconv.conv.weight" },
    { "G20", "router-inf", MODEL, "tensor \"blk.2.ffn_gate_inp.weight\" (F32) holds a value in row 1", poison, 1, "blk.2.ffn_gate_inp.weight" },
    { "G20", "scale-nan", NONE_, "tensor \"blk.1.attn_q.weight\" (Q8_0) holds a scale in row 1", poison, 0, "blk.1.attn_q.weight" },
    { "G20", "scale-inf", NONE_, "tensor \"token_embd.weight\" (Q8_0) holds a scale in row 1", poison, 1, "token_embd.weight" },
    { "G20", "scales-zero", NONE_, "tensor \"blk.0.ffn_up.weight\" (Q8_0) holds nothing", zero_scales, 0, "blk.0.ffn_up.weight" },

    { "G24", "template-strange", NONE_, "", set_text, 0, "{% for i in range(999999999) %}{{ ''.__class__ }}\x1b[2J{% endfor %}" },
    { "G24", "template-early", NONE_, "", set_text, 0, "{{ strftime_now('%Y') }} preserve_thinking Today's date: <|im_start|>" },
};

const size_t GGUF_N_DEFECTS = sizeof GGUF_DEFECTS / sizeof *GGUF_DEFECTS;

const struct gguf_defect *gguf_defect_find(const char *name)
{
    for (size_t i = 0; i < GGUF_N_DEFECTS; i++)
        if (!strcmp(GGUF_DEFECTS[i].name, name))
            return &GGUF_DEFECTS[i];
    return NULL;
}

void gguf_defect_write(const struct gguf_defect *d, struct tarn_buf *out)
{
    struct gguf_plan p;
    gguf_plan_good(&p);
    d->apply(&p, d->a, d->text);
    gguf_plan_write(&p, out);
    gguf_plan_finish(&p);
}
