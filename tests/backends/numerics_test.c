/* numerics_test.c - the functions that the contract fixes, bit by bit.
 * The two hashes are FNV-1a over float32 bits, a word at a time; GCC at -O0 to
 * -O3, clang and wasm gave the same ones. */
#include <float.h>

#include "backends/numerics.h"
#include "tests/tap.h"

static uint64_t add(uint64_t hash, uint32_t word)
{
    return (hash ^ word) * UINT64_C(1099511628211);
}

#define HASH_START UINT64_C(14695981039346656037)

static void test_exp_and_silu_have_the_hash_of_the_contract(void)
{
    uint64_t h = HASH_START;
    for (uint32_t i = 0; i < 4000000; i++) {
        const float x = -90.0f + (float)i * 4.5e-5f;
        h = add(h, tarn_f32_bits(tarn_exp(x)));
        h = add(h, tarn_f32_bits(tarn_silu(x)));
    }
    CHECK_SAYS(h == UINT64_C(0x6672ab3acaf3ff23), "%016llx",
               (unsigned long long)h);
}

static void test_rope_table_has_the_hash_of_the_contract(void)
{
    double inv[32];
    float s[32], c[32];
    uint64_t h = HASH_START;
    tarn_rope_inverse(1e6, 32, inv);
    for (uint32_t p = 0; p < 131072; p += 7) {
        tarn_rope_row(inv, 32, p, c, s);
        for (int i = 0; i < 32; i++) {
            h = add(h, tarn_f32_bits(s[i]));
            h = add(h, tarn_f32_bits(c[i]));
        }
    }
    CHECK_SAYS(h == UINT64_C(0xffc4299596e301a0), "%016llx",
               (unsigned long long)h);
}

static void test_exp_has_its_edges(void)
{
    CHECK(tarn_f32_bits(tarn_exp(0.0f)) == 0x3f800000u);
    CHECK(tarn_f32_bits(tarn_exp(-0.0f)) == 0x3f800000u);
    CHECK(tarn_f32_bits(tarn_exp(-87.0001f)) == 0);
    CHECK(tarn_f32_bits(tarn_exp(-INFINITY)) == 0);
    CHECK(tarn_exp(-87.0f) > 0.0f);
    CHECK(tarn_exp(1e30f) == tarn_exp(88.0f));
    CHECK(tarn_sigmoid(0.0f) == 0.5f);
    CHECK(isnan(tarn_silu(NAN)) && isnan(tarn_exp(NAN)));
}

static void test_every_half_goes_to_float_and_back(void)
{
    uint32_t bad = 0;
    for (uint32_t h = 0; h < 0x10000; h++) {
        const float f = tarn_f16_to_f32((uint16_t)h);
        const uint32_t e = h >> 10 & 31, m = h & 0x3ff;
        const bool nan = e == 31 && m != 0;
        double want = e == 0    ? ldexp(m, -24)
                      : e == 31 ? (double)INFINITY
                                : ldexp(1024 + m, (int)e - 25);
        want = h & 0x8000 ? -want : want;
        if (nan)
            bad += !isnan(f) || tarn_f32_to_f16(f) != (uint16_t)(h | 0x200);
        else
            bad += (double)f != want || tarn_f32_to_f16(f) != h;
    }
    CHECK_SAYS(bad == 0, "%u halves", bad);
}

static void test_float_to_half_rounds_to_nearest_even(void)
{
    uint32_t bad = 0;
    for (uint32_t h = 0; h < 0x7c00; h++) {
        const float low = tarn_f16_to_f32((uint16_t)h);
        const float high =
            h == 0x7bff ? 65536.0f : tarn_f16_to_f32((uint16_t)(h + 1));
        const float mid = (float)(((double)low + (double)high) / 2);
        const uint32_t u = tarn_f32_bits(mid);
        const uint32_t even = h & 1 ? h + 1 : h;
        bad += tarn_f32_to_f16(mid) != even;
        bad += tarn_f32_to_f16(tarn_f32_of(u - 1)) != h;
        bad += tarn_f32_to_f16(tarn_f32_of(u + 1)) != h + 1;
        bad += tarn_f32_to_f16(-mid) != (even | 0x8000);
    }
    CHECK_SAYS(bad == 0, "%u halves", bad);
    CHECK(tarn_f32_to_f16(FLT_MAX) == 0x7c00);
    CHECK(tarn_f32_to_f16(0x1p-25f) == 0 && tarn_f32_to_f16(0x1p-149f) == 0);
}

static void test_bf16_rounds_to_nearest_even(void)
{
    CHECK(tarn_f32_to_bf16(1.0f) == 0x3f80);
    CHECK(tarn_f32_to_bf16(tarn_f32_of(0x3f808000)) == 0x3f80);
    CHECK(tarn_f32_to_bf16(tarn_f32_of(0x3f818000)) == 0x3f82);
    CHECK(tarn_f32_to_bf16(tarn_f32_of(0x3f808001)) == 0x3f81);
    CHECK(isnan(tarn_bf16_to_f32(tarn_f32_to_bf16(NAN))));
    CHECK(tarn_f32_bits(tarn_bf16_to_f32(0xc049)) == 0xc0490000);
}

static void test_rne_ties_to_even(void)
{
    static const struct {
        float x;
        int32_t n;
    } cases[] = { { 0.5f, 0 },
                  { 1.5f, 2 },
                  { 2.5f, 2 },
                  { -0.5f, 0 },
                  { -1.5f, -2 },
                  { 126.5f, 126 },
                  { 1.25f, 1 },
                  { -3.75f, -4 },
                  { 4194303.0f, 4194303 },
                  { -4194303.0f, -4194303 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_SAYS(tarn_rne(cases[i].x) == cases[i].n, "%g gives %d",
                   (double)cases[i].x, tarn_rne(cases[i].x));
}

static void test_mxfp4_scale_has_its_subnormals(void)
{
    for (int e = 0; e < 255; e++)
        CHECK((double)tarn_e8m0_half((uint8_t)e) == ldexp(1.0, e - 128));
}

/* Golden values: tests/backends/numerics_golden.py (exact rationals, rounded
 * once), so no libm is trusted. */
static void test_exp64_and_log64_are_near_exact(void)
{
    static const struct {
        double x, exp, log;
    } cases[] = {
#include "tests/backends/numerics_golden.inc"
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double x = cases[i].x;
        const uint64_t e = tarn_f64_bits(tarn_exp64(x));
        const uint64_t l = tarn_f64_bits(tarn_log64(x));
        const uint64_t we = tarn_f64_bits(cases[i].exp);
        const uint64_t wl = tarn_f64_bits(cases[i].log);
        CHECK_SAYS(e - we + 1 <= 2, "exp(%a) = %a", x, tarn_exp64(x));
        CHECK_SAYS(x <= 0 || l - wl + 1 <= 2, "log(%a) = %a", x, tarn_log64(x));
    }
}

/* Against the 64-bit mantissa of long double where there is one. */
#if !defined(__wasm__)
static void test_exp64_and_log64_stay_below_one_ulp(void)
{
#if LDBL_MANT_DIG >= 64
    double worst_exp = 0, worst_log = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        const double x = tarn_random(1, i, 0) * 1417 - 708;
        /* Subnormal results are rounded twice: at most 1 ulp. */
        const long double e = expl((long double)x);
        const double ulp_e = nextafter((double)e, INFINITY) - (double)e;
        const double de = (double)fabsl((long double)tarn_exp64(x) - e) / ulp_e;
        worst_exp = de > worst_exp ? de : worst_exp;
        const double y =
            ldexp(1 + tarn_random(2, i, 0), (int)(tarn_random(3, i, 0) * 64) -
                                                32 + (i % 2 ? 0 : 32) % 33);
        const long double l = logl((long double)y);
        const double ulp_l =
            nextafter(fabs((double)l), INFINITY) - fabs((double)l);
        const double dl = (double)fabsl((long double)tarn_log64(y) - l) / ulp_l;
        worst_log = dl > worst_log ? dl : worst_log;
    }
    printf("# worst exp %.3f ulp, log %.3f ulp\n", worst_exp, worst_log);
    CHECK(worst_exp < 1.0 && worst_log < 1.0);
#else
    printf("# long double is no wider than double here: nothing compared\n");
#endif
    CHECK(tarn_exp64(0.0) == 1.0 && tarn_log64(1.0) == 0.0);
    CHECK(tarn_exp64(-INFINITY) == 0.0 && isinf(tarn_exp64(INFINITY)));
    CHECK(isinf(tarn_exp64(710.0)) && tarn_exp64(-746.0) == 0.0);
    CHECK(tarn_exp64(-745.0) == 0x1p-1074);
    CHECK(isnan(tarn_exp64(NAN)) && isnan(tarn_log64(NAN)));
    CHECK(isnan(tarn_log64(-1.0)) && tarn_log64(0.0) == -INFINITY);
    CHECK(isinf(tarn_log64(INFINITY)));
}
#endif

static void test_rope_inverse_of_odd_sizes_is_the_power(void)
{
    static const uint32_t halves[] = { 1, 3, 5, 6, 12, 40, 48, 64, 80 };
    for (size_t k = 0; k < sizeof halves / sizeof *halves; k++) {
        double inv[80];
        tarn_rope_inverse(5e6, halves[k], inv);
        for (uint32_t i = 0; i < halves[k]; i++) {
            const double want = pow(5e6, -(double)i / halves[k]);
            CHECK_SAYS(fabs(inv[i] / want - 1) < 1e-13, "half %u, %u: %g",
                       halves[k], i, inv[i] / want - 1);
        }
    }
}

static void test_l16_adds_in_its_own_order(void)
{
    float x[19], y[19], acc[16] = { 0 };
    for (int i = 0; i < 19; i++) {
        x[i] = (float)(i * i % 7) * 0.37f + 1e-3f;
        y[i] = (float)(i % 5) - 1.9f;
        acc[i % 16] += x[i] * y[i];
    }
    for (int step = 8; step > 0; step /= 2)
        for (int l = 0; l < step; l++)
            acc[l] += acc[l + step];
    CHECK(tarn_f32_bits(tarn_dot_l16(x, y, 19)) == tarn_f32_bits(acc[0]));
    CHECK(tarn_f32_bits(tarn_dot_l16(x, y, 0)) == 0);
}

static void test_quantized_block_is_symmetric_and_bounded(void)
{
    float x[32];
    int8_t q[32];
    for (int i = 0; i < 32; i++)
        x[i] = (float)(i - 16) * 0.25f;
    CHECK(tarn_quantize_block(x, 32, q) == 4.0f / 127.0f);
    CHECK(q[0] == -127 && q[16] == 0 && q[31] == 119);
    x[3] = 1e-31f;
    for (int i = 0; i < 32; i++)
        x[i] = i == 3 ? 1e-31f : 0.0f;
    CHECK(tarn_quantize_block(x, 32, q) == 0.0f && q[3] == 0);
    x[7] = NAN;
    x[8] = 5.0f;
    CHECK(isnan(tarn_quantize_block(x, 32, q)));
    x[7] = -INFINITY;
    CHECK(isinf(tarn_quantize_block(x, 32, q)) && q[8] != 0);
}

static void test_e10_router_ranks_and_breaks_ties_low(void)
{
    const float logits[6] = { 0.0f, 2.0f, 1.0f, 2.0f, -1.0f, 1.0f };
    uint16_t ids[4];
    float gates[4];
    tarn_route(logits, NULL, 6, 4, 1.0f, ids, gates);
    CHECK(ids[0] == 1 && ids[1] == 3 && ids[2] == 2 && ids[3] == 5);
    CHECK(gates[0] == gates[1] && gates[0] > gates[2]);
    /* The bias chooses but does not weigh. */
    const float bias[6] = { 0.0f, 0.0f, 0.0f, 0.0f, 3.0f, 0.0f };
    tarn_route(logits, bias, 6, 4, 0.0f, ids, gates);
    CHECK(ids[0] == 4 && ids[1] == 1 && ids[2] == 3 && ids[3] == 2);
    CHECK(gates[0] < gates[3]);
    const float p[4] = { tarn_sigmoid(-1.0f), tarn_sigmoid(2.0f),
                         tarn_sigmoid(2.0f), tarn_sigmoid(1.0f) };
    const float sum = ((p[0] + p[1]) + p[2]) + p[3];
    for (int i = 0; i < 4; i++)
        CHECK(gates[i] == p[i] / sum);
    tarn_route(logits, bias, 6, 4, 2.0f, ids, gates);
    CHECK(gates[1] == p[1] / sum * 2.0f);
}

static void test_e10_router_survives_nothing_but_nan(void)
{
    float logits[8], gates[3];
    uint16_t ids[3] = { 99, 99, 99 };
    for (int i = 0; i < 8; i++)
        logits[i] = -300.0f;
    tarn_route(logits, NULL, 8, 3, 1.0f, ids, gates);
    CHECK(ids[0] == 0 && ids[1] == 1 && ids[2] == 2);
    CHECK(gates[0] < 1e-30f); /* the floor keeps 0/0 away */
    for (int i = 0; i < 8; i++)
        logits[i] = NAN;
    tarn_route(logits, NULL, 8, 3, 1.0f, ids, gates);
    CHECK(ids[0] == 0 && ids[1] == 1 && ids[2] == 2);
}

static void test_random_depends_on_its_three_numbers_alone(void)
{
    CHECK(tarn_mix(0) == 0);
    CHECK(tarn_mix(UINT64_C(0x9e3779b97f4a7c15)) ==
          UINT64_C(0xe220a8397b1dcdaf));
    const double u = tarn_random(42, 7, 0);
    CHECK(u == tarn_random(42, 7, 0) && u >= 0 && u < 1);
    CHECK(u != tarn_random(43, 7, 0) && u != tarn_random(42, 8, 0) &&
          u != tarn_random(42, 7, 1));
    double sum = 0;
    for (uint32_t i = 0; i < 100000; i++)
        sum += tarn_random(5, i, 0);
    CHECK_SAYS(fabs(sum / 100000 - 0.5) < 0.005, "mean %g", sum / 100000);
}

int main(void)
{
    RUN(test_exp_and_silu_have_the_hash_of_the_contract);
    RUN(test_rope_table_has_the_hash_of_the_contract);
    RUN(test_exp_has_its_edges);
    RUN(test_every_half_goes_to_float_and_back);
    RUN(test_float_to_half_rounds_to_nearest_even);
    RUN(test_bf16_rounds_to_nearest_even);
    RUN(test_rne_ties_to_even);
    RUN(test_mxfp4_scale_has_its_subnormals);
    RUN(test_exp64_and_log64_are_near_exact);
#if !defined(__wasm__) /* expl() of that libc is exp(): no better than ours */
    RUN(test_exp64_and_log64_stay_below_one_ulp);
#endif
    RUN(test_rope_inverse_of_odd_sizes_is_the_power);
    RUN(test_l16_adds_in_its_own_order);
    RUN(test_quantized_block_is_symmetric_and_bounded);
    RUN(test_e10_router_ranks_and_breaks_ties_low);
    RUN(test_e10_router_survives_nothing_but_nan);
    RUN(test_random_depends_on_its_three_numbers_alone);
    return tap_end();
}
