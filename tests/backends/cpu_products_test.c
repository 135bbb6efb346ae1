/* cpu_products_test.c - every product of one build of the cpu backend against
 * ref, bit by bit: all types, odd numbers of rows and blocks, one to many
 * rows of activations (each way through a kernel), rows of zeros. */
#include "tests/backends/cpu_multiply.h"

static void test_every_type_in_every_shape_has_refs_bits(void)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        const uint32_t type = all_types[i];
        const uint32_t block = tarn_type_traits(type).block;
        const uint32_t step = block == 1 ? 31 : block;
        const uint32_t ks[] = { step, 3 * step, 9 * step };
        for (uint32_t k = 0; k < 3; k++) {
            compare(type, ks[k], 1, 1);
            compare(type, ks[k], 67, 1);
            compare(type, ks[k], 5, 2);
            compare(type, ks[k], 33, 5);
            compare(type, ks[k], 18, 17);
        }
        compare(type, block == 1 ? 64 : 2 * block, 7, 131);
        compare(type, block == 1 ? 256 : 8 * block, 130, 70);
    }
}

static void test_extreme_blocks_have_refs_bits(void)
{
    /* dice_blocks() puts the all-0, all-1 and scale-0 blocks first: with rows
     * of one block each of them is a row. */
    for (size_t i = 0; i < N_TYPES; i++)
        if (tarn_type_traits(all_types[i]).block > 1)
            for (uint32_t n = 1; n < 40; n += 13)
                compare(all_types[i], tarn_type_traits(all_types[i]).block, 16,
                        n);
}

/* Row r is made of byte r alone, but for its scales, which are as large or as
 * small as halves can be; activations are all 127, all -127, or in turns.  So
 * integer sums reach their bounds. */
static void compare_bytes(uint32_t type, uint32_t n, uint16_t scale)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    const uint32_t k = 3 * t.block;
    uint8_t *w = dice_blocks(type, 3 * 256);
    for (uint32_t i = 0; i < 3 * 256; i++) {
        uint8_t *p = w + (size_t)i * t.bytes;
        const uint16_t two[2] = { scale, (uint16_t)(scale ^ 0x8000) };
        memset(p, (int)(i / 3), t.bytes);
        switch (type) {
        case TARN_Q4_1:
        case TARN_Q5_1:
        case TARN_Q4_K:
        case TARN_Q5_K: memcpy(p, two, 4); break;
        case TARN_Q2_K: memcpy(p + 80, two, 4); break;
        case TARN_Q3_K: memcpy(p + 108, two, 2); break;
        case TARN_Q6_K: memcpy(p + 208, two, 2); break;
        case TARN_MXFP4: p[0] = scale > 1 ? 200 : 0; break;
        default: memcpy(p, two, 2); break;
        }
    }
    float *norm = malloc(k * sizeof *norm);
    float *x = malloc((size_t)n * k * sizeof *x);
    for (uint32_t i = 0; i < k; i++)
        norm[i] = 1.0f;
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t i = 0; i < k; i++)
            x[a * k + i] = a % 4 == 0 || (a % 4 > 1 && i >> a % 8 & 1)
                               ? 1.0f
                               : -1.0f;
    const struct product p = { type, k, 256, n, w, norm, x };
    compare_product(&p);
    free(w);
    free(norm);
    free(x);
}

static void test_bounds_of_every_byte_have_refs_bits(void)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (tarn_type_traits(all_types[i]).block > 1) {
            compare_bytes(all_types[i], 1, 0x7bff);
            compare_bytes(all_types[i], 9, 0x7bff);
            compare_bytes(all_types[i], 2, 0x0001);
        }
}

/* The wide run (suite slow): more lengths, rows and activations. */
static void test_many_shapes_have_refs_bits(void)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        const uint32_t type = all_types[i];
        const uint32_t block = tarn_type_traits(type).block;
        const uint32_t step = block == 1 ? 31 : block;
        for (uint32_t k = 1; k < 18; k += k < 8 ? 1 : 3)
            for (uint32_t n = 1; n < 64; n += n < 9 ? 1 : 13)
                compare(type, k * step, 1 + dice() % 80, n);
        for (uint32_t n = 3; block > 1 && n < 16; n++)
            compare_bytes(type, n, (uint16_t)(dice() & 0xfbff));
    }
}

int main(void)
{
    level = level_here();
    if (!level) {
        printf("1..0 # SKIP this machine can't run this build\n");
        return 0;
    }
    RUN(test_every_type_in_every_shape_has_refs_bits);
    RUN(test_extreme_blocks_have_refs_bits);
    RUN(test_bounds_of_every_byte_have_refs_bits);
    if (getenv("TARN_WIDE"))
        RUN(test_many_shapes_have_refs_bits);
    tarn_pool_destroy(crew.pool);
    return tap_end();
}
