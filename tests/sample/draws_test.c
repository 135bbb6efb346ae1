/* draws_test.c - what is drawn: golden draws, chi-square, independence (S02,
 * S04, S05).
 *
 * draws.golden holds one hash per setting of 4,096 draws from fixed scores;
 * written by this program with --write (build native, run
 * `sample_draws ORACLE FOLDER --write`).  Every build, WebAssembly included,
 * must give the same. */
#include "core/sample/sample.h"

#include <math.h>
#include <stdlib.h>

#include "backends/numerics.h"
#include "core/base/clock.h"
#include "core/base/hash.h"
#include "tests/tap.h"

enum { V = 1000, N = 4096 };

static const char *folder;
static bool writing;

/* Scores made of integers: the same on every machine. */
static void scores(float *logits, uint32_t n, uint32_t row)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t r = tarn_mix((uint64_t)row << 32 | i);
        const int32_t sum = (int32_t)(r & 0xffff) +
                            (int32_t)(r >> 16 & 0xffff) +
                            (int32_t)(r >> 32 & 0xffff) - 98304;
        logits[i] = (float)sum / 4096.0f;
    }
}

static struct tarn_sampler *make(uint32_t n_vocab,
                                 const struct tarn_sampling *set)
{
    const struct tarn_sampler_options opt = { .sampling = set,
                                              .max_history = N };
    struct tarn_sampler *s = NULL;
    CHECK(tarn_sampler_create(n_vocab, &opt, &s, NULL) == TARN_OK);
    return s;
}

static struct tarn_sampling plain(uint64_t seed)
{
    return (struct tarn_sampling){ .size = sizeof(struct tarn_sampling),
                                   .temperature = 1,
                                   .top_p = 1,
                                   .typical_p = 1,
                                   .seed = seed };
}

static struct tarn_sampling setting(int i)
{
    struct tarn_sampling s = i == 0 ? tarn_sampling_default() : plain(7);
    s.seed = 7;
    if (i == 2)
        s.top_p = 0.9f;
    if (i == 3)
        s.typical_p = 0.8f;
    if (i == 4) {
        s.top_n_sigma = 2;
        s.min_p = 0.01f;
        s.xtc_probability = 0.5f;
        s.xtc_threshold = 0.02f;
        s.dynatemp_range = 0.5f;
        s.dynatemp_exponent = 1.5f;
        s.temperature = 0.8f;
    }
    if (i == 5) {
        s.mirostat = 2;
        s.mirostat_tau = 4;
        s.mirostat_eta = 0.2f;
    }
    if (i == 6) {
        s.dry_multiplier = 0.8f;
        s.dry_base = 1.75f;
        s.dry_last_n = 256;
        s.repeat_penalty = 1.1f;
        s.presence_penalty = 0.25f;
        s.penalty_last_n = 128;
        s.top_k = 5;
    }
    return s;
}
#define N_SETTINGS 7

static uint64_t hash_draws(int i)
{
    static float logits[V];
    const struct tarn_sampling set = setting(i);
    struct tarn_sampler *s = make(V, &set);
    uint64_t hash = TARN_FNV1A_START;
    for (uint32_t n = 0; n < N; n++) {
        struct tarn_choice c = { .id = -1 };
        if (n % 16 == 0)
            scores(logits, V, n / 16);
        CHECK(tarn_sampler_draw(s, logits, n, n % 3, &c, NULL) == TARN_OK);
        tarn_sampler_accept(s, c.id);
        hash = tarn_fnv1a(hash, &c.id, sizeof c.id);
        hash = tarn_fnv1a(hash, &c.p, sizeof c.p);
        hash = tarn_fnv1a(hash, &c.p_after, sizeof c.p_after);
        hash = tarn_fnv1a(hash, &c.entropy_bits, sizeof c.entropy_bits);
        hash = tarn_fnv1a(hash, c.best, sizeof c.best);
    }
    tarn_sampler_destroy(s);
    return hash;
}

static void test_s04_draws_are_the_golden_ones(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/draws.golden", folder);
    FILE *f = fopen(path, writing ? "w" : "r");
    CHECK(f);
    for (int i = 0; f && i < N_SETTINGS; i++) {
        const uint64_t hash = hash_draws(i);
        unsigned long long want = 0;
        if (writing)
            fprintf(f, "%016llx\n", (unsigned long long)hash);
        else
            CHECK(fscanf(f, "%llx", &want) == 1);
        CHECK_SAYS(writing || want == hash, "setting %d: %016llx", i,
                   (unsigned long long)hash);
    }
    if (f)
        fclose(f);
}

/* S05: in any order, with anything drawn in between, on any sampler. */
static void test_s05_draws_depend_on_seed_position_attempt_alone(void)
{
    const uint64_t seeds[] = { 0, 1, UINT64_MAX };
    const uint32_t numbers[] = { 0, 1, 2, 0x80000000u, UINT32_MAX };
    static float logits[V];
    for (int i = 0; i < V; i++)
        logits[i] = 0;
    for (int k = 0; k < 3; k++) {
        const struct tarn_sampling set = plain(seeds[k]);
        struct tarn_sampler *a = make(V, &set), *b = make(V, &set);
        int32_t got[25];
        struct tarn_choice c;
        for (int i = 0; i < 25; i++) {
            tarn_sampler_draw(a, logits, numbers[i / 5], numbers[i % 5], &c,
                              NULL);
            got[i] = c.id;
        }
        for (int i = 24; i >= 0; i--) {
            for (uint32_t n = 0; n < 3; n++) { /* noise */
                tarn_sampler_draw(b, logits, 99, n, &c, NULL);
                tarn_sampler_accept(b, c.id);
            }
            tarn_sampler_draw(b, logits, numbers[i / 5], numbers[i % 5], &c,
                              NULL);
            CHECK(c.id == got[i]);
        }
        int same = 0;
        for (int i = 0; i < 25; i++)
            for (int j = 0; j < i; j++)
                same += got[i] == got[j];
        CHECK_SAYS(same <= 6, "%d equal pairs of 300", same);
        tarn_sampler_destroy(a);
        tarn_sampler_destroy(b);
    }
}

/* Chi-square of `n` draws over positions or attempts against the exact
 * probabilities; cells below an expectation of 8 are joined.  The limit is
 * df + 4 sqrt(2 df): beyond 4 sigma. */
static void chi_square(const float *logits, uint32_t n_vocab, uint32_t n,
                       bool by_attempt)
{
    const struct tarn_sampling set = plain(3);
    struct tarn_sampler *s = make(n_vocab, &set);
    unsigned *seen = calloc(n_vocab, sizeof *seen);
    for (uint32_t i = 0; i < n; i++) {
        struct tarn_choice c = { .id = 0 };
        tarn_sampler_draw(s, logits, by_attempt ? 5 : i, by_attempt ? i : 0, &c,
                          NULL);
        seen[c.id]++;
    }
    double sum = 0, chi = 0, want_rest = 0, seen_rest = 0;
    int cells = 0;
    for (uint32_t i = 0; i < n_vocab; i++)
        sum += tarn_exp64((double)logits[i]);
    for (uint32_t i = 0; i < n_vocab; i++) {
        want_rest += n * tarn_exp64((double)logits[i]) / sum;
        seen_rest += seen[i];
        if (want_rest < 8 && i + 1 < n_vocab)
            continue;
        chi += (seen_rest - want_rest) * (seen_rest - want_rest) /
               (want_rest > 1 ? want_rest : 1);
        cells++;
        want_rest = seen_rest = 0;
    }
    const double df = cells - 1;
    CHECK_SAYS(chi < df + 4 * sqrt(2 * df), "chi-square %g of %g degrees", chi,
               df);
    free(seen);
    tarn_sampler_destroy(s);
}

static void test_s02_draws_follow_the_probabilities(void)
{
    float logits[64];
    scores(logits, 64, 9);
    chi_square(logits, 64, 100000, false);
    chi_square(logits, 64, 100000, true);
    for (int i = 0; i < 64; i++)
        logits[i] = 0;
    chi_square(logits, 64, 100000, false);
}

/* Not a bar: what a draw costs at 128,000 tokens, for the record. */
static void test_time_of_a_draw_at_128000(void)
{
    enum { BIG = 128000, TIMES = 30 };
    static float logits[BIG];
    const char *const names[] = { "default",  "plain",      "top-p 0.9",
                                  "typical",  "sigma, XTC", "mirostat",
                                  "penalties" };
    scores(logits, BIG, 3);
    for (int i = 0; i < N_SETTINGS; i++) {
        const struct tarn_sampling set = setting(i);
        struct tarn_sampler *s = make(BIG, &set);
        struct tarn_choice c = { .id = -1 };
        double best = 1e9;
        for (uint32_t n = 0; n < TIMES; n++) {
            const double start = tarn_now_ms();
            CHECK(tarn_sampler_draw(s, logits, n, 0, &c, NULL) == TARN_OK);
            const double ms = tarn_now_ms() - start;
            best = ms < best ? ms : best;
            tarn_sampler_accept(s, c.id);
        }
        printf("# %s: %.3f ms\n", names[i], best);
        tarn_sampler_destroy(s);
    }
}

int main(int argc, char **argv)
{
    folder = argc > 2 ? argv[2] : "tests/sample";
    writing = argc > 3 && strcmp(argv[3], "--write") == 0;
    RUN(test_s04_draws_are_the_golden_ones);
    RUN(test_s05_draws_depend_on_seed_position_attempt_alone);
    RUN(test_s02_draws_follow_the_probabilities);
    RUN(test_time_of_a_draw_at_128000);
    return tap_end();
}
