/* canary_test.c - every plugin of this build gives the canary's golden bits
 * (P10), and the judgement refuses what differs.
 *
 * Usage: canary_test FOLDER-OF-PLUGINS. */
#include <math.h>
#include <stdlib.h>

#include "plugins/canary.h"
#include "plugins/canary_golden.h"
#include "plugins/plugins.h"
#include "tests/tap.h"

static const char *folder = ".";

static void golden(float out[TARN_CANARY_LOGITS])
{
    memcpy(out, CANARY_GOLDEN, sizeof CANARY_GOLDEN);
}

static void test_plugins_of_this_build_pass(void)
{
    const char *dirs[] = { folder };
    struct tarn_plugin_options opt = { .size = sizeof opt,
                                       .dirs = dirs,
                                       .n_dirs = 1,
                                       .only_dirs = true,
                                       .probe_ms = 20000, /* sanitizers */
                                       .cache_dir = "" };
    struct tarn_plugins *p = NULL;
    struct tarn_error err = { TARN_OK, "" };
    CHECK_SAYS(!tarn_plugins_find(&opt, &p, &err), "%s", err.text);
    size_t n_exact = 0;
    for (size_t i = 0; p && i < tarn_plugins_count(p); i++) {
        const struct tarn_plugin *q = tarn_plugins_at(p, i);
        printf("# %s: %s %s, speed %.2f, probed in %.0f ms\n", q->name,
               tarn_plugins_state_name(q->state), q->reason, q->speed,
               q->probe_ms);
        /* refused is fine only for what this machine lacks */
        CHECK_SAYS(q->state != TARN_PLUGIN_REFUSED ||
                       strstr(q->reason, "this processor has no") ||
                       strstr(q->reason, "no device"),
                   "%s: %s", q->name, q->reason);
        if (!q->backend || !q->devices[0].exact)
            continue;
        float got[TARN_CANARY_LOGITS] = { 0 };
        CHECK_SAYS(!tarn_canary_run(q->backend, 0, got, &err), "%s: %s",
                   q->name, err.text);
        CHECK_SAYS(!tarn_canary_judge(got, true, &err), "%s: %s", q->name,
                   err.text);
        n_exact++;
    }
    CHECK(n_exact > 0);
    tarn_plugins_free(p);
}

static void test_golden_is_worth_comparing(void)
{
    float g[TARN_CANARY_LOGITS];
    double least = 1e9, most = 0;
    golden(g);
    for (size_t i = 0; i < TARN_CANARY_LOGITS; i++) {
        CHECK(isfinite(g[i]));
        least = fmin(least, fabs((double)g[i]));
        most = fmax(most, fabs((double)g[i]));
    }
    printf("# logits between %g and %g\n", least, most);
    CHECK(most > 0.1 && most < 1000);
    /* two sequences, three batches: no row is the one before it */
    for (uint32_t r = 1; r < TARN_CANARY_LOGITS / 32; r++)
        CHECK(memcmp(g + (r - 1) * 32, g + r * 32, 32 * sizeof *g) != 0);
}

static void test_p10_one_wrong_bit_is_refused(void)
{
    float g[TARN_CANARY_LOGITS];
    struct tarn_error err;
    for (size_t i = 0; i < TARN_CANARY_LOGITS; i++) {
        golden(g);
        g[i] = nextafterf(g[i], 1e9f);
        CHECK(tarn_canary_judge(g, true, &err) == TARN_DEVICE);
        CHECK(tarn_canary_judge(g, false, &err) == TARN_OK);
    }
}

static void test_p10_wrong_numbers_of_inexact_devices(void)
{
    float g[TARN_CANARY_LOGITS];
    golden(g);
    for (size_t i = 0; i < TARN_CANARY_LOGITS; i++)
        g[i] *= 1.05f; /* scaled */
    CHECK(tarn_canary_judge(g, false, NULL) == TARN_DEVICE);
    golden(g);
    g[77] = NAN;
    CHECK(tarn_canary_judge(g, false, NULL) == TARN_DEVICE);
    memset(g, 0, sizeof g);
    CHECK(tarn_canary_judge(g, false, NULL) == TARN_DEVICE);
    for (int many = 0; many < 2; many++) { /* only there */
        golden(g);
        for (uint32_t i = many ? TARN_CANARY_SMALL : 0;
             i < (many ? TARN_CANARY_LOGITS : TARN_CANARY_SMALL); i++)
            g[i] *= 1.025f;
        CHECK(tarn_canary_judge(g, false, NULL) == TARN_DEVICE);
    }
    golden(g); /* wrong row order */
    float row[32];
    memcpy(row, g, sizeof row);
    memcpy(g, g + 32, sizeof row);
    memcpy(g + 32, row, sizeof row);
    CHECK(tarn_canary_judge(g, false, NULL) == TARN_DEVICE);
}

int main(int argc, char **argv)
{
    int code;
    if (tarn_plugins_probe_main(argc, argv, &code))
        return code;
    if (argc > 1)
        folder = argv[1];
    RUN(test_golden_is_worth_comparing);
    RUN(test_plugins_of_this_build_pass);
    RUN(test_p10_one_wrong_bit_is_refused);
    RUN(test_p10_wrong_numbers_of_inexact_devices);
    return tap_end();
}
