/* gguf_values_test.c - G20: values and block scales that are not finite are
 * found by the check, in every type. */
#include "backends/backend.h"
#include "core/base/error.h"
#include "core/gguf/gguf.h"
#include "tests/gguf/bad_gguf.h"
#include "tests/tap.h"

/* One block of NaN (or infinity) as scale in row 2 of a tensor of 4 rows. */
static void check_poison(uint32_t type, size_t scale_at, bool inf)
{
    static unsigned char data[4 * 2 * 256 * 4];
    const struct tarn_type_traits traits = tarn_type_traits(type);
    const uint64_t row = 2 * traits.block; /* two blocks */
    struct tarn_gguf_tensor t = { .name = "x",
                                  .type = type,
                                  .n_dims = 2,
                                  .ge = { row, 4, 1, 1 },
                                  .data = data };
    struct tarn_error err = { TARN_OK, "" };
    t.size = 8 * traits.bytes;
    memset(data, 0x11, sizeof data);
    CHECK_SAYS(tarn_gguf_check_tensor(&t, &err) == TARN_OK, "%s: %s",
               traits.name, err.text);
    unsigned char *scale = data + 5 * traits.bytes + scale_at; /* row 2 */
    if (type == TARN_MXFP4) {
        scale[0] = 255;
    } else if (type == TARN_F32 || type == TARN_BF16) {
        const size_t up = type == TARN_F32 ? 2 : 0;
        scale[up] = inf ? 0x80 : 0xc1;
        scale[up + 1] = inf ? 0xff : 0x7f;
    } else {
        scale[0] = inf ? 0 : 1;
        scale[1] = inf ? 0xfc : 0x7e;
    }
    CHECK_SAYS(tarn_gguf_check_tensor(&t, &err) == TARN_BAD_FILE, "%s at %zu",
               traits.name, scale_at);
    CHECK_SAYS(strstr(err.text, "in row 2 that is not a finite number"), "%s",
               err.text);
}

static void test_g20_one_poisoned_block_of_every_type(void)
{
    static const struct {
        uint32_t type;
        int first, second;
    } ALL[] = {
        { TARN_F32, 0, -1 },    { TARN_F16, 0, -1 },     { TARN_BF16, 0, -1 },
        { TARN_Q4_0, 0, -1 },   { TARN_Q4_1, 0, 2 },     { TARN_Q5_0, 0, -1 },
        { TARN_Q5_1, 0, 2 },    { TARN_Q8_0, 0, -1 },    { TARN_Q2_K, 80, 82 },
        { TARN_Q3_K, 108, -1 }, { TARN_Q4_K, 0, 2 },     { TARN_Q5_K, 0, 2 },
        { TARN_Q6_K, 208, -1 }, { TARN_IQ2_XXS, 0, -1 }, { TARN_IQ2_XS, 0, -1 },
        { TARN_IQ2_S, 0, -1 },  { TARN_IQ3_XXS, 0, -1 }, { TARN_IQ3_S, 0, -1 },
        { TARN_IQ4_NL, 0, -1 }, { TARN_IQ4_XS, 0, -1 },  { TARN_MXFP4, 0, -1 },
    };
    CHECK(sizeof ALL / sizeof *ALL == 21);
    for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++)
        for (int inf = 0; inf < 2; inf++) {
            check_poison(ALL[i].type, (size_t)ALL[i].first, inf);
            if (ALL[i].second >= 0)
                check_poison(ALL[i].type, (size_t)ALL[i].second, inf);
        }
}

static void test_g20_defects_are_found_by_the_check(void)
{
    for (size_t i = 0; i < GGUF_N_DEFECTS; i++) {
        const struct gguf_defect *d = &GGUF_DEFECTS[i];
        if (strcmp(d->number, "G20"))
            continue;
        struct tarn_buf b = { 0 };
        struct tarn_gguf *g = NULL;
        size_t n = 0;
        gguf_defect_write(d, &b);
        CHECK(tarn_gguf_open_memory(b.data, b.size, "m", &g, NULL) == 0);
        for (size_t k = 0; k < tarn_gguf_n_tensors(g); k++) {
            struct tarn_error err = { TARN_OK, "" };
            if (tarn_gguf_check_tensor(tarn_gguf_tensor_at(g, k), &err)) {
                n++;
                CHECK_SAYS(strstr(err.text, d->says), "%s: %s", d->name,
                           err.text);
            }
        }
        CHECK_SAYS(n == 1, "%s: %zu tensors refused", d->name, n);
        tarn_gguf_close(g);
        tarn_buf_finish(&b);
    }
}

static void test_g20_denormal_scales_are_usual(void)
{
    unsigned char block[34 * 2] = { 1 };
    struct tarn_gguf_tensor t = { .name = "x",
                                  .type = TARN_Q8_0,
                                  .ge = { 64, 1, 1, 1 },
                                  .size = 68,
                                  .data = block };
    CHECK(tarn_gguf_check_tensor(&t, NULL) == TARN_OK);
    block[1] = 0x80;
    CHECK(tarn_gguf_check_tensor(&t, NULL) == TARN_OK);
    block[0] = 0; /* -0 only */
    CHECK(tarn_gguf_check_tensor(&t, NULL) == TARN_BAD_FILE);
}

int main(void)
{
    RUN(test_g20_one_poisoned_block_of_every_type);
    RUN(test_g20_defects_are_found_by_the_check);
    RUN(test_g20_denormal_scales_are_usual);
    return tap_end();
}
