/* ref_blocks_test.c - the 21 types, through the steps EMBED and MATMUL.
 * Truth: tests/oracle/blocks (64 blocks per type and their values by another
 * program) and tests/oracle/quantvectors.json; every value bit by bit. */
#include <math.h>

#include "backends/numerics.h"
#include "backends/ref/ref.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/backends/bench.h"

static const uint32_t all_types[] = { TARN_F32,     TARN_F16,    TARN_BF16,
                                      TARN_Q4_0,    TARN_Q4_1,   TARN_Q5_0,
                                      TARN_Q5_1,    TARN_Q8_0,   TARN_Q2_K,
                                      TARN_Q3_K,    TARN_Q4_K,   TARN_Q5_K,
                                      TARN_Q6_K,    TARN_IQ4_NL, TARN_IQ4_XS,
                                      TARN_IQ2_XXS, TARN_IQ2_XS, TARN_IQ2_S,
                                      TARN_IQ3_XXS, TARN_IQ3_S,  TARN_MXFP4 };
#define N_TYPES (sizeof all_types / sizeof *all_types)

/* Bytes of tests/oracle/NAME; *size 0 if it can't be read. */
static char *oracle(const char *name, size_t *size)
{
    char path[512];
    char *data = NULL;
    struct tarn_error err;
    const char *tests = getenv("TARN_TESTS");
    snprintf(path, sizeof path, "%s/oracle/%s", tests ? tests : "tests", name);
    *size = 0;
    if (tarn_file_read(path, 1 << 20, &data, size, &err) != TARN_OK)
        printf("# %s: %s\n", path, err.text);
    return data;
}

/* All rows of a weight by the step EMBED. */
static bool embed_all(struct bench *b, struct tarn_weight *w, uint32_t k,
                      uint32_t n, float *out)
{
    const struct tarn_step step = { .op = TARN_EMBED, .out = 0, .w0 = w };
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape, .n_embd = k },
        .steps = &step,
        .n_steps = 1,
        .widths = &k,
        .n_buffers = 1,
        .max_rows = n,
        .max_pos = n,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = 0,
    };
    struct tarn_row rows[64];
    for (uint32_t i = 0; i < n; i++)
        rows[i] = (struct tarn_row){ .token = (int32_t)i, .pos = i };
    const struct tarn_seq seq = { 0 };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows,
                                      .n_rows = n,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .out = out };
    return bench_ok(b, bench_run(b, &plan, NULL, &batch));
}

static void test_every_block_dequantizes_exactly(void)
{
    struct bench b;
    bench_open(&b, tarn_backend_ref());
    int files = 0;
    for (size_t i = 0; i < N_TYPES; i++) {
        const struct tarn_type_traits t = tarn_type_traits(all_types[i]);
        if (t.block == 1)
            continue;
        char name[64];
        size_t size, want_size;
        snprintf(name, sizeof name, "blocks/%s.bin", t.name);
        char *data = oracle(name, &size);
        snprintf(name, sizeof name, "blocks/%s.f32", t.name);
        char *want = oracle(name, &want_size);
        CHECK_SAYS(size == 64 * (size_t)t.bytes &&
                       want_size == 64 * (size_t)t.block * 4,
                   "%s: %zu bytes", name, size);
        if (!data || !want)
            continue;
        float got[64 * 256];
        struct tarn_weight *w =
            bench_weight(&b, all_types[i], t.block, 64, 1, data);
        CHECK(embed_all(&b, w, t.block, 64, got));
        size_t differ = 0;
        for (size_t k = 0; k < 64 * (size_t)t.block; k++)
            differ += memcmp(got + k, want + 4 * k, 4) != 0;
        CHECK_SAYS(differ == 0, "%s: %zu values differ", t.name, differ);
        files++;
        free(data);
        free(want);
    }
    CHECK_SAYS(files == 18, "%d types", files);
    bench_close(&b);
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void check_vector(struct bench *b, const struct tarn_json *v, int *n)
{
    int64_t type = -1;
    const struct tarn_json *block = tarn_json_get(v, "block");
    const struct tarn_json *bits = tarn_json_get(v, "bits");
    CHECK(tarn_json_i64(tarn_json_get(v, "id"), &type) && block && bits);
    const struct tarn_type_traits t = tarn_type_traits((uint32_t)type);
    if (!block || !bits || t.block == 0) {
        CHECK_SAYS(false, "type %lld", (long long)type);
        return;
    }
    uint8_t data[256];
    CHECK(block->size == 2 * (size_t)t.bytes);
    CHECK(bits->size == 8 * (size_t)t.block);
    for (size_t i = 0; i < block->size / 2; i++)
        data[i] = (uint8_t)(hex_digit(block->text[2 * i]) << 4 |
                            hex_digit(block->text[2 * i + 1]));
    float got[256];
    struct tarn_weight *w =
        bench_weight(b, (uint32_t)type, t.block, 1, 1, data);
    CHECK(embed_all(b, w, t.block, 1, got));
    for (uint32_t i = 0; i < t.block; i++) {
        uint32_t want = 0;
        for (int k = 0; k < 8; k++)
            want =
                want << 4 | (uint32_t)hex_digit(bits->text[8 * i + (size_t)k]);
        CHECK_SAYS(tarn_f32_bits(got[i]) == want, "%s value %u: %08x, not %08x",
                   t.name, i, tarn_f32_bits(got[i]), want);
    }
    (*n)++;
}

static void test_quantvectors_hold(void)
{
    size_t size;
    char *text = oracle("quantvectors.json", &size);
    struct tarn_json *doc = NULL;
    struct tarn_error err;
    struct bench b;
    int n = 0;
    bench_open(&b, tarn_backend_ref());
    if (text && tarn_json_read(text, size, &doc, &err) == TARN_OK) {
        const struct tarn_json *v = tarn_json_get(doc, "vectors");
        for (v = v ? v->first : NULL; v; v = v->next)
            check_vector(&b, v, &n);
    }
    CHECK_SAYS(n == 36, "%d vectors", n);
    tarn_json_free(doc);
    free(text);
    bench_close(&b);
}

static uint64_t seed;

static uint64_t next_word(void)
{
    return tarn_mix(seed += UINT64_C(0x9e3779b97f4a7c15));
}

static float next_float(void)
{
    return (float)((double)(next_word() >> 11) * 0x1p-52 - 1.0);
}

/* Random blocks with scales that are numbers of a sane size. */
static void random_rows(uint32_t type, uint32_t k, uint32_t n, uint8_t *out)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    const size_t size = (size_t)k / t.block * t.bytes * n;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)next_word();
    for (size_t at = 0; at < size; at += t.bytes) {
        const size_t d = type == TARN_Q2_K   ? 80
                         : type == TARN_Q3_K ? 108
                         : type == TARN_Q6_K ? 208
                                             : 0;
        if (type == TARN_F32) {
            const float f = next_float();
            memcpy(out + at, &f, 4);
        } else if (type == TARN_MXFP4) {
            out[at] = (uint8_t)(120 + out[at] % 8);
        } else if (type == TARN_BF16) {
            out[at + 1] = (uint8_t)((out[at + 1] & 0x80) | 0x3e);
        } else {
            const bool two = type == TARN_Q2_K || type == TARN_Q4_K ||
                             type == TARN_Q5_K || type == TARN_Q4_1 ||
                             type == TARN_Q5_1;
            out[at + d + 1] = (uint8_t)((out[at + d + 1] & 0x83) | 0x20);
            if (two)
                out[at + d + 3] = (uint8_t)((out[at + d + 3] & 0x83) | 0x20);
        }
    }
}

enum { ROWS = 3, OUT = 5 };

/* y = W x for ROWS vectors that come from an F32 embedding. */
static void product(struct bench *b, struct tarn_weight *w, uint32_t k,
                    const float *x, float *y)
{
    struct tarn_weight *in = bench_weight(b, TARN_F32, k, ROWS, 1, x);
    const struct tarn_step steps[] = {
        { .op = TARN_EMBED, .out = 0, .w0 = in },
        { .op = TARN_MATMUL, .a = 0, .out = 1, .w0 = w },
    };
    const uint32_t widths[] = { k, OUT };
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape, .n_embd = OUT },
        .steps = steps,
        .n_steps = 2,
        .widths = widths,
        .n_buffers = 2,
        .max_rows = ROWS,
        .max_pos = 8,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = 1,
    };
    const struct tarn_row rows[ROWS] = { { 0 },
                                         { .token = 1, .pos = 1 },
                                         { .token = 2, .pos = 2 } };
    const struct tarn_seq seq = { 0 };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows,
                                      .n_rows = ROWS,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .out = y };
    bench_ok(b, bench_run(b, &plan, NULL, &batch));
}

/* What is left of x after rounding, as docs/numerics.md says it. */
static double rounded(const float *x, uint32_t i, uint32_t block)
{
    if (block == 1)
        return (double)x[i];
    float top = 0;
    for (uint32_t j = i / block * block; j < i / block * block + block; j++)
        top = fabsf(x[j]) > top ? fabsf(x[j]) : top;
    if (top < 1e-30f)
        return 0;
    return rint((double)(x[i] * (127.0f / top))) * (double)(top / 127.0f);
}

/* MATMUL against the plain float64 sum of dequantised weights times rounded
 * activations: the definition without its order. */
static void check_product(struct bench *b, uint32_t type, uint32_t k)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    static uint8_t data[OUT * 1024 * 4];
    static float x[ROWS * 1024], y[ROWS * OUT], w[OUT * 1024];
    random_rows(type, k, OUT, data);
    for (uint32_t i = 0; i < ROWS * k; i++)
        x[i] = i / k == 1 && i % k < t.block ? 0.0f : next_float();
    struct tarn_weight *weight = bench_weight(b, type, k, OUT, 1, data);
    CHECK(embed_all(b, weight, k, OUT, w));
    product(b, weight, k, x, y);
    for (uint32_t r = 0; r < ROWS; r++)
        for (uint32_t o = 0; o < OUT; o++) {
            double sum = 0, size = 0;
            for (uint32_t i = 0; i < k; i++) {
                const double term = (double)w[o * k + i] *
                                    rounded(x + (size_t)r * k, i, t.block);
                sum += term;
                size += fabs(term);
            }
            const double got = (double)y[r * OUT + o];
            /* At most 64 float roundings of partial sums. */
            CHECK_SAYS(fabs(got - sum) <= 4e-6 * size + 1e-30,
                       "%s, k %u, row %u, output %u: %.9g, not %.9g", t.name, k,
                       r, o, got, sum);
        }
}

static void test_products_are_sums_of_rounded_values(void)
{
    struct bench b;
    bench_open(&b, tarn_backend_ref());
    for (size_t i = 0; i < N_TYPES; i++) {
        const uint32_t block = tarn_type_traits(all_types[i]).block;
        check_product(&b, all_types[i], block);
        check_product(&b, all_types[i], block * 3);
        check_product(&b, all_types[i], block == 1 ? 67 : 768);
    }
    bench_close(&b);
}

/* Byte -128, the largest scales, and the highest numbers meet activations of
 * +-127: the integers stay exact. */
static void test_extreme_blocks_do_not_wrap(void)
{
    struct bench b;
    uint8_t data[OUT * 210];
    static float x[ROWS * 256], y[ROWS * OUT];
    bench_open(&b, tarn_backend_ref());
    memset(data, 0, sizeof data); /* Q6_K: numbers -32, scales -128, d 1 */
    for (int o = 0; o < OUT; o++) {
        memset(data + 210 * o + 192, 0x80, 16);
        data[210 * o + 209] = 0x3c;
    }
    for (int i = 0; i < ROWS * 256; i++)
        x[i] = i < 256 ? 1.0f : -1.0f;
    struct tarn_weight *w = bench_weight(&b, TARN_Q6_K, 256, OUT, 1, data);
    product(&b, w, 256, x, y);
    const float da = 1.0f / 127.0f;
    CHECK(y[0] == da * 133169152.0f); /* 128 * 32 * 127 * 256 */
    CHECK(y[OUT] == -y[0]);
    memset(data, 0x80, sizeof data); /* Q8_0: -128 everywhere */
    for (int i = 0; i < OUT * 8; i++) {
        data[34 * (i % 8)] = 0;
        data[34 * (i % 8) + 1] = 0x3c;
    }
    w = bench_weight(&b, TARN_Q8_0, 32, OUT, 1, data);
    for (int i = 0; i < ROWS * 32; i++)
        x[i] = -1.0f;
    product(&b, w, 32, x, y);
    CHECK(y[0] == da * (128 * 127 * 32));
    bench_close(&b);
}

static void test_poisoned_activations_poison_the_product(void)
{
    struct bench b;
    uint8_t data[OUT * 144];
    static float x[ROWS * 256], y[ROWS * OUT];
    bench_open(&b, tarn_backend_ref());
    random_rows(TARN_Q4_K, 256, OUT, data);
    for (int i = 0; i < ROWS * 256; i++)
        x[i] = 1.0f;
    x[77] = NAN;
    x[256 + 3] = -INFINITY;
    product(&b, bench_weight(&b, TARN_Q4_K, 256, OUT, 1, data), 256, x, y);
    CHECK(isnan(y[0]) && !isfinite(y[OUT]) && isfinite(y[2 * OUT]));
    bench_close(&b);
}

int main(void)
{
    RUN(test_every_block_dequantizes_exactly);
    RUN(test_quantvectors_hold);
    RUN(test_products_are_sums_of_rounded_values);
    RUN(test_extreme_blocks_do_not_wrap);
    RUN(test_poisoned_activations_poison_the_product);
    return tap_end();
}
