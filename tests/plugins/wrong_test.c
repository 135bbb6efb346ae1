/* wrong_test.c - fault P10: a device that says "done" and is wrong is
 * refused before it is used, whichever kernel it is, and that is remembered.
 *
 * Usage: wrong_test FOLDER-OF-STUBS.  Run with --probe it is the probe. */
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/plugins/search.h"

static const char *const STEPS[] = {
    [TARN_EMBED] = "EMBED",   [TARN_NORM] = "NORM",
    [TARN_MATMUL] = "MATMUL", [TARN_CONV] = "CONV",
    [TARN_ATTEND] = "ATTEND", [TARN_GLU] = "GLU",
    [TARN_ROUTE] = "ROUTE",   [TARN_EXPERTS] = "EXPERTS",
    [TARN_ADD] = "ADD",       [TARN_LOGITS] = "LOGITS"
};
static uint32_t n_variants;

static void check_wrong(const char *variant, const char *name)
{
    place_begin(&here);
    place_stub(&here, "wrong", NULL);
    setenv("TARN_TEST_WRONG", variant, 1);
    struct tarn_plugins *p = find_with(NULL, 20000);
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK_SAYS(q && q->state == TARN_PLUGIN_REFUSED && !q->backend,
               "%s %s is taken", variant, name);
    CHECK_SAYS(q && strstr(q->reason, "calculates wrongly"), "%s %s: %s",
               variant, name, q ? q->reason : "");
    tarn_plugins_free(p);
    place_end(&here);
    n_variants++;
}

static void check_every_step(const char *kind, uint32_t but)
{
    for (uint32_t op = TARN_EMBED; op <= TARN_LOGITS; op++) {
        char variant[32];
        snprintf(variant, sizeof variant, "%s:%u", kind, op);
        if (op != but)
            check_wrong(variant, STEPS[op]);
    }
}

static void test_p10_steps_that_give_zeros(void)
{
    check_every_step("zero", UINT32_MAX);
}

static void test_p10_steps_that_are_half_as_large_again(void)
{
    check_every_step("scaled", UINT32_MAX);
}

static void test_p10_steps_that_give_what_is_no_number(void)
{
    check_every_step("nan", TARN_ROUTE);
}

static void test_p10_steps_whose_results_are_in_another_order(void)
{
    check_every_step("order", TARN_ROUTE);
}

/* Kernels of many rows, while those of few are right. */
static void test_p10_steps_that_are_wrong_from_16_rows_on(void)
{
    check_every_step("large", UINT32_MAX);
}

static void test_p10_weight_types_that_give_zeros(void)
{
    static const uint32_t TYPES[] = { TARN_Q8_0, TARN_Q4_0, TARN_Q4_K,
                                      TARN_Q6_K, TARN_F16,  TARN_BF16 };
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        char variant[32];
        snprintf(variant, sizeof variant, "type:%u", TYPES[i]);
        check_wrong(variant, tarn_type_traits(TYPES[i]).name);
    }
    CHECK_SAYS(n_variants >= 20, "%u variants", n_variants);
}

/* The test can fail: without a fault it is taken.  And what was found out is
 * not found out again. */
static void test_p10_the_same_device_without_a_fault_is_taken(void)
{
    for (int wrong = 0; wrong < 2; wrong++) {
        place_begin(&here);
        place_stub(&here, "wrong", NULL);
        setenv("TARN_TEST_WRONG", wrong ? "zero:9" : "", 1);
        tarn_plugins_free(find_with(NULL, 20000));
        setenv("TARN_TEST_WRONG", wrong ? "" : "zero:9", 1);
        struct tarn_plugins *p = find_with(NULL, 20000);
        const struct tarn_plugin *q = tarn_plugins_at(p, 0);
        CHECK(q && q->remembered);
        CHECK_SAYS(q && q->state == (wrong ? TARN_PLUGIN_REFUSED
                                           : TARN_PLUGIN_READY),
                   "%s", q ? q->reason : "");
        tarn_plugins_free(p);
        place_end(&here);
    }
}

int main(int argc, char **argv)
{
    int code;
    if (tarn_plugins_probe_main(argc, argv, &code))
        return code;
    place_stubs = argc > 1 ? argv[1] : ".";
    umask(022);
    unsetenv("LD_LIBRARY_PATH");
    RUN(test_p10_the_same_device_without_a_fault_is_taken);
    RUN(test_p10_steps_that_give_zeros);
    RUN(test_p10_steps_that_are_half_as_large_again);
    RUN(test_p10_steps_that_give_what_is_no_number);
    RUN(test_p10_steps_whose_results_are_in_another_order);
    RUN(test_p10_steps_that_are_wrong_from_16_rows_on);
    RUN(test_p10_weight_types_that_give_zeros);
    return tap_end();
}
