/* sample_test.c - settings, hostile scores, constraint, history (S01-S03, S06,
 * E09). */
#include "core/sample/sample.h"

#include <math.h>
#include <stdlib.h>

#include "backends/numerics.h"
#include "core/base/memory.h"
#include "tests/tap.h"

static struct tarn_sampler *make(uint32_t n_vocab,
                                 const struct tarn_sampling *set)
{
    const struct tarn_sampler_options opt = { .sampling = set };
    struct tarn_sampler *s = NULL;
    struct tarn_error err = { 0 };
    const enum tarn_status status =
        tarn_sampler_create(n_vocab, &opt, &s, &err);
    CHECK_SAYS(status == TARN_OK, "%s", err.text);
    return s;
}

/* --------------------------------------------------------------- S01 */

struct field {
    const char *name;
    size_t offset;
    float legal[4];
    float refused[5]; /* the last one repeats if there are fewer */
};
#define F(m) offsetof(struct tarn_sampling, m)

static void test_s01_settings_out_of_range_are_refused(void)
{
    const float inf = (float)INFINITY, nan = (float)NAN;
    const struct field fields[] = {
        { "temperature",
          F(temperature),
          { 0, 1e-30f, 1, 100 },
          { nan, -1, 1e30f, inf, -inf } },
        { "top-p",
          F(top_p),
          { 0, 0.5f, 1, 1e-30f },
          { 2, nan, -0.1f, inf, -inf } },
        { "min-p",
          F(min_p),
          { 0, 0.5f, 1, 1e-30f },
          { 2, nan, -0.1f, inf, -inf } },
        { "typical",
          F(typical_p),
          { 0, 0.5f, 1, 1e-30f },
          { 2, nan, -0.1f, inf, -inf } },
        { "repeat-penalty",
          F(repeat_penalty),
          { 0, 0.5f, 1, 100 },
          { -1, nan, 1e30f, inf, -inf } },
        { "frequency-penalty",
          F(frequency_penalty),
          { 0, -2, 2, 100 },
          { nan, 101, -101, inf, -inf } },
        { "presence-penalty",
          F(presence_penalty),
          { 0, -2, 2, 100 },
          { nan, 101, -101, inf, -inf } },
        { "dry-multiplier",
          F(dry_multiplier),
          { 0, 0.8f, 2, 1000 },
          { nan, -1, 1001, inf, -inf } },
        { "xtc-probability",
          F(xtc_probability),
          { 0, 0.5f, 1, 1e-30f },
          { nan, -1, 1.01f, inf, -inf } },
        { "dynatemp-range",
          F(dynatemp_range),
          { 0, 0.5f, 1, 100 },
          { nan, -1, 101, inf, -inf } },
        { "top-n-sigma",
          F(top_n_sigma),
          { -1, 0, 1, 1000 },
          { nan, -2, 1001, inf, -inf } },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct tarn_error err = { 0 };
        for (int k = 0; k < 9; k++) {
            struct tarn_sampling set = tarn_sampling_default();
            const float v =
                k < 4 ? fields[i].legal[k] : fields[i].refused[k - 4];
            memcpy((char *)&set + fields[i].offset, &v, sizeof v);
            const enum tarn_status want = k < 4 ? TARN_OK : TARN_USAGE;
            const enum tarn_status got = tarn_sampling_check(&set, &err);
            CHECK_SAYS(got == want, "%s = %g: %d", fields[i].name, (double)v,
                       got);
            if (k >= 4)
                CHECK_SAYS(strstr(err.text, fields[i].name) &&
                               strstr(err.text, "choose"),
                           "%s", err.text);
        }
    }
}

static void test_s01_whole_numbers_out_of_range_are_refused(void)
{
    const struct {
        size_t offset;
        int32_t value;
        enum tarn_status want;
    } rows[] = {
        { F(top_k), -1, TARN_USAGE },
        { F(top_k), 0, TARN_OK },
        { F(top_k), INT32_MAX, TARN_OK },
        { F(top_k), INT32_MIN, TARN_USAGE },
        { F(penalty_last_n), -1, TARN_OK },
        { F(penalty_last_n), -2, TARN_USAGE },
        { F(penalty_last_n), INT32_MAX, TARN_OK },
        { F(dry_allowed_length), -1, TARN_USAGE },
        { F(dry_last_n), -2, TARN_USAGE },
        { F(dry_last_n), -1, TARN_OK },
        { F(mirostat), 1, TARN_USAGE },
        { F(mirostat), 2, TARN_OK },
        { F(mirostat), -1, TARN_USAGE },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tarn_sampling set = tarn_sampling_default();
        memcpy((char *)&set + rows[i].offset, &rows[i].value, 4);
        CHECK_SAYS(tarn_sampling_check(&set, NULL) == rows[i].want, "row %zu",
                   i);
    }
}

static void test_zeroed_settings_are_greedy(void)
{
    const struct tarn_sampling zero = { .size = sizeof zero };
    const float logits[] = { 1, 5, 5, -3 };
    struct tarn_sampler *s = make(4, &zero);
    struct tarn_choice c;
    CHECK(tarn_sampler_draw(s, logits, 0, 0, &c, NULL) == TARN_OK);
    CHECK(c.id == 1 && c.p_after == 1.0f); /* the lower id of equals */
    tarn_sampler_destroy(s);
}

/* The legal values of S01 in every combination of a table x three shapes:
 * always a legal id. */
static void test_s01_legal_settings_give_legal_ids(void)
{
    enum { V = 40 };
    float shape[3][V];
    for (int i = 0; i < V; i++) {
        shape[0][i] = 0.0f;
        shape[1][i] = i == 17 ? 1e38f : -1.0f;
        shape[2][i] = (float)((i * 7919) % 83) / 8.0f - 5.0f;
    }
    const float temps[] = { 0, 1e-30f, 0.2f, 100 };
    const float ps[] = { 0, 1e-30f, 0.5f, 1 };
    const int32_t ks[] = { 0, 1, 7, 1000 };
    for (int t = 0; t < 4; t++)
        for (int p = 0; p < 4; p++)
            for (int k = 0; k < 4; k++) {
                struct tarn_sampling set = tarn_sampling_default();
                set.temperature = temps[t];
                set.top_p = ps[p];
                set.min_p = ps[3 - p];
                set.typical_p = ps[p];
                set.top_k = ks[k];
                set.penalty_last_n = INT32_MAX; /* window > history */
                struct tarn_sampler *s = make(V, &set);
                for (uint32_t n = 0; n < 30; n++) {
                    struct tarn_choice c = { .id = -1 };
                    CHECK(tarn_sampler_draw(s, shape[n % 3], n, 0, &c, NULL) ==
                          TARN_OK);
                    CHECK(c.id >= 0 && c.id < V && c.p_after > 0 &&
                          c.p_after <= 1 && c.p >= 0 && c.p <= 1);
                    tarn_sampler_accept(s, c.id);
                }
                tarn_sampler_destroy(s);
            }
}

/* --------------------------------------------------------------- S02, E09 */

static void test_s02_one_finite_score_is_taken(void)
{
    const float low = -(float)INFINITY;
    const float one[] = { low, low, -7.0f, low, low };
    const float high[] = { 0, 1e38f, 2, -3e38f, low };
    for (int mirostat = 0; mirostat <= 2; mirostat += 2) {
        struct tarn_sampling set = tarn_sampling_default();
        set.mirostat = mirostat;
        set.temperature = 1.0f;
        set.top_k = 0;
        struct tarn_sampler *s = make(5, &set);
        struct tarn_choice c;
        for (uint32_t n = 0; n < 100; n++) {
            CHECK(tarn_sampler_draw(s, one, n, 0, &c, NULL) == TARN_OK);
            CHECK(c.id == 2 && c.p == 1.0f && c.entropy_bits == 0.0f);
            CHECK(c.best[0].id == 2 && c.best[1].id == -1);
            CHECK(tarn_sampler_draw(s, high, n, 0, &c, NULL) == TARN_OK);
            CHECK(c.id == 1 && c.p_after == 1.0f);
        }
        tarn_sampler_destroy(s);
    }
}

static void test_e09_scores_that_are_not_finite_are_an_error(void)
{
    const float inf = (float)INFINITY, nan = (float)NAN;
    const float bad[][4] = { { 1, nan, 2, 3 },
                             { nan, nan, nan, nan },
                             { 1, 2, inf, 3 },
                             { -inf, -inf, -inf, -inf },
                             { -inf, -inf, -inf, nan } };
    struct tarn_sampler *s = make(4, NULL);
    for (int i = 0; i < 5; i++) {
        struct tarn_error err = { 0 };
        struct tarn_choice c;
        CHECK(tarn_sampler_draw(s, bad[i], 77, 0, &c, &err) == TARN_BAD_FILE);
        CHECK_SAYS(strstr(err.text, "finite") && strstr(err.text, "77"), "%s",
                   err.text);
    }
    tarn_sampler_destroy(s);
}

/* --------------------------------------------------------------- S03 */

/* Every combination of filters on five tokens leaves a legal one.  Score
 * shapes hold ties, forbidden tokens and a giant. */
static void test_s03_every_combination_leaves_a_token(void)
{
    const float low = -(float)INFINITY;
    const float shapes[][5] = { { 0, 0, 0, 0, 0 },
                                { 5, 4, 3, 2, 1 },
                                { 1e30f, 0, low, -1, 1e30f },
                                { -40, -40, -39.5f, low, low } };
    const int32_t past[] = { 0, 1, 2, 0, 1, 2, 0, 1, 9, -5 };
    unsigned n_runs = 0;
    for (unsigned mask = 0; mask < 1u << 11; mask++)
        for (int strong = 0; strong < 2; strong++) {
            struct tarn_sampling set = { .size = sizeof set };
#define ON(bit, weak, hard, off)                                               \
    (mask & 1u << (bit) ? strong ? hard : weak : off)
            set.temperature = ON(0, 0.7f, 0.0f, 1.0f);
            set.top_k = ON(1, 3, 1, 0);
            set.top_p = ON(2, 0.9f, 0.0f, 1.0f);
            set.min_p = ON(3, 0.05f, 1.0f, 0.0f);
            set.typical_p = ON(4, 0.9f, 0.0f, 1.0f);
            set.top_n_sigma = ON(5, 1.0f, 1e-3f, 0.0f);
            set.xtc_probability = ON(6, 0.5f, 1.0f, 0.0f);
            set.xtc_threshold = strong ? 0.0f : 0.1f;
            set.repeat_penalty = ON(7, 1.1f, 100.0f, 1.0f);
            set.frequency_penalty = ON(7, 0.5f, 100.0f, 0.0f);
            set.penalty_last_n = -1;
            set.dry_multiplier = ON(8, 0.8f, 1000.0f, 0.0f);
            set.dry_base = strong ? 1000.0f : 1.75f;
            set.dry_last_n = -1;
            set.dynatemp_range = ON(9, 0.5f, 100.0f, 0.0f);
            set.dynatemp_exponent = strong ? 100.0f : 1.0f;
            set.mirostat = mask & 1u << 10 ? 2 : 0;
            set.mirostat_tau = strong ? 0.0f : 5.0f;
            set.mirostat_eta = strong ? 100.0f : 0.1f;
#undef ON
            struct tarn_sampler *s = make(5, &set);
            for (size_t i = 0; i < sizeof past / sizeof *past; i++)
                tarn_sampler_accept(s, past[i]);
            for (uint32_t k = 0; k < 8; k++) {
                const float *l = shapes[k % 4];
                struct tarn_choice c = { .id = -1 };
                const enum tarn_status status =
                    tarn_sampler_draw(s, l, k, 0, &c, NULL);
                if (status != TARN_OK || c.id < 0 || c.id > 4 ||
                    l[c.id] == low || !(c.p_after > 0))
                    CHECK_SAYS(false, "mask %x strong %d shape %u id %d", mask,
                               strong, k % 4, c.id);
                tarn_sampler_accept(s, c.id);
                n_runs++;
            }
            tarn_sampler_destroy(s);
        }
    CHECK(n_runs == 2048 * 2 * 8);
}

/* --------------------------------------------------------------- S06 */

static void test_s06_wrong_biases_are_refused(void)
{
    const float inf = (float)INFINITY;
    const struct {
        struct tarn_logit_bias b[5];
        size_t n;
        const char *word;
    } rows[] = {
        { { { 5, 1 } }, 1, "token 5" },
        { { { -1, 1 } }, 1, "token -1" },
        { { { INT32_MAX, 1 } }, 1, "2147483647" },
        { { { 0, (float)NAN } }, 1, "finite" },
        { { { 0, inf } }, 1, "finite" },
        { { { 0, -inf }, { 1, -inf }, { 2, -inf }, { 3, -inf }, { 4, -inf } },
          5,
          "forbid all" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct tarn_sampler_options opt = { .biases = rows[i].b,
                                                  .n_biases = rows[i].n };
        struct tarn_sampler *s = NULL;
        struct tarn_error err = { 0 };
        CHECK(tarn_sampler_create(5, &opt, &s, &err) == TARN_USAGE && !s);
        CHECK_SAYS(strstr(err.text, rows[i].word), "%s", err.text);
        tarn_sampler_destroy(s);
    }
}

static void test_forbidden_tokens_never_come(void)
{
    const float low = -(float)INFINITY;
    const struct tarn_logit_bias b[] = {
        { 1, low }, { 2, low }, { 2, 50 }, { 3, 3e38f }, { 3, 3e38f }
    };
    const struct tarn_sampler_options opt = { .biases = b, .n_biases = 5 };
    const float logits[] = { low, 9, 9, 0 };
    const float only[] = { low, 9, 9, low };
    struct tarn_sampler *s = NULL;
    struct tarn_choice c;
    struct tarn_error err = { 0 };
    CHECK(tarn_sampler_create(4, &opt, &s, NULL) == TARN_OK);
    for (uint32_t n = 0; n < 200; n++) {
        CHECK(tarn_sampler_draw(s, logits, n, 0, &c, NULL) == TARN_OK);
        CHECK(c.id == 3);
    }
    CHECK(tarn_sampler_draw(s, only, 0, 0, &c, &err) == TARN_USAGE);
    CHECK_SAYS(strstr(err.text, "forbidden"), "%s", err.text);
    tarn_sampler_destroy(s);
}

/* -------------------------------------------------------------- constraint */

struct rule {
    uint32_t allowed; /* bits */
    unsigned asked;
    int32_t accepted[16];
    unsigned n_accepted;
};

static bool rule_allows(void *user, int32_t id)
{
    struct rule *r = user;
    r->asked++;
    return r->allowed >> id & 1;
}

static void rule_accept(void *user, int32_t id)
{
    struct rule *r = user;
    if (r->n_accepted < 16)
        r->accepted[r->n_accepted++] = id;
}

static void test_constraint_is_asked_once_where_it_agrees(void)
{
    struct rule r = { .allowed = 0xff };
    const struct tarn_constraint c = { &r, rule_allows, rule_accept, NULL };
    const struct tarn_sampler_options opt = { .constraint = &c };
    const float logits[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    struct tarn_sampler *s = NULL;
    struct tarn_choice choice;
    CHECK(tarn_sampler_create(8, &opt, &s, NULL) == TARN_OK);
    tarn_sampler_accept(s, 5); /* the prompt is not the constraint's affair */
    CHECK(tarn_sampler_draw(s, logits, 1, 0, &choice, NULL) == TARN_OK);
    CHECK(r.asked == 1 && r.n_accepted == 0);
    tarn_sampler_accept(s, choice.id);
    CHECK(r.n_accepted == 1 && r.accepted[0] == choice.id);
    tarn_sampler_destroy(s);
}

/* What comes through the door has the probabilities of the allowed tokens
 * alone: chi-square with 2 degrees of freedom below 13.8 (p = 0.001). */
static void test_constraint_draws_again_without_bias(void)
{
    enum { N = 20000 };
    struct rule r = { .allowed = 1u << 1 | 1u << 4 | 1u << 6 };
    const struct tarn_constraint c = { &r, rule_allows, rule_accept, NULL };
    struct tarn_sampling set = { .size = sizeof set,
                                 .temperature = 1,
                                 .top_p = 1,
                                 .typical_p = 1,
                                 .seed = 11 };
    const struct tarn_sampler_options opt = { .constraint = &c,
                                              .sampling = &set };
    const float logits[8] = { 2, 0.5f, 1, 0, 1, 2, 0, 0.5f };
    struct tarn_sampler *s = NULL;
    struct tarn_choice choice;
    unsigned seen[8] = { 0 };
    CHECK(tarn_sampler_create(8, &opt, &s, NULL) == TARN_OK);
    for (uint32_t n = 0; n < N; n++) {
        CHECK(tarn_sampler_draw(s, logits, n, 0, &choice, NULL) == TARN_OK);
        seen[choice.id & 7]++;
    }
    double sum = 0, chi = 0;
    const int ids[] = { 1, 4, 6 };
    for (int i = 0; i < 3; i++)
        sum += tarn_exp64((double)logits[ids[i]]);
    for (int i = 0; i < 3; i++) {
        const double want = N * tarn_exp64((double)logits[ids[i]]) / sum;
        chi += (seen[ids[i]] - want) * (seen[ids[i]] - want) / want;
    }
    CHECK(seen[1] + seen[4] + seen[6] == N);
    CHECK_SAYS(chi < 13.8, "chi-square %g", chi);
    tarn_sampler_destroy(s);
}

static void test_constraint_reaches_past_the_cuts(void)
{
    struct rule r = { .allowed = 1u << 7 };
    const struct tarn_constraint c = { &r, rule_allows, rule_accept, NULL };
    const struct tarn_sampler_options opt = { .constraint = &c };
    float logits[8] = { 90, 80, 70, 60, 50, 40, 30, -500 };
    struct tarn_sampler *s = NULL;
    struct tarn_choice choice;
    struct tarn_error err = { 0 };
    CHECK(tarn_sampler_create(8, &opt, &s, NULL) == TARN_OK);
    CHECK(tarn_sampler_draw(s, logits, 1, 0, &choice, NULL) == TARN_OK);
    CHECK(choice.id == 7 && choice.p_after == 1.0f && choice.p < 1e-30f);
    r.allowed = 0;
    CHECK(tarn_sampler_draw(s, logits, 1, 0, &choice, &err) == TARN_LIMIT);
    CHECK_SAYS(strstr(err.text, "fits"), "%s", err.text);
    tarn_sampler_destroy(s);
}

/* ----------------------------------------------------------------- history */

static int32_t draw_at(struct tarn_sampler *s, const float *logits,
                       uint32_t position)
{
    struct tarn_choice c = { .id = -1 };
    CHECK(tarn_sampler_draw(s, logits, position, 0, &c, NULL) == TARN_OK);
    return c.id;
}

/* After rewind the same draws come as on the way there: penalties, DRY and
 * mirostat's state go back too. */
static void test_rewind_forgets_exactly(void)
{
    enum { V = 50, N = 300 };
    for (int mirostat = 0; mirostat <= 2; mirostat += 2) {
        struct tarn_sampling set = tarn_sampling_default();
        set.temperature = 1.0f;
        set.mirostat = mirostat;
        set.dry_multiplier = 0.8f;
        set.frequency_penalty = 0.3f;
        set.penalty_last_n = -1;
        const struct tarn_sampler_options opt = { .sampling = &set,
                                                  .max_history = N };
        struct tarn_sampler *s = NULL;
        float logits[V];
        int32_t first[N];
        CHECK(tarn_sampler_create(V, &opt, &s, NULL) == TARN_OK);
        for (uint32_t n = 0; n < N; n++) {
            for (uint32_t i = 0; i < V; i++)
                logits[i] = (float)((n * 31 + i * 17) % 23) / 4.0f;
            first[n] = draw_at(s, logits, n);
            tarn_sampler_accept(s, first[n]);
        }
        for (uint32_t from = 0; from < N; from += 37) {
            tarn_sampler_rewind(s, from);
            for (uint32_t n = from; n < N; n++) {
                for (uint32_t i = 0; i < V; i++)
                    logits[i] = (float)((n * 31 + i * 17) % 23) / 4.0f;
                const int32_t id = draw_at(s, logits, n);
                CHECK_SAYS(id == first[n], "mirostat %d from %u at %u",
                           mirostat, from, n);
                tarn_sampler_accept(s, id);
            }
        }
        tarn_sampler_destroy(s);
    }
}

static void test_draw_and_accept_allocate_nothing(void)
{
    struct tarn_sampling set = tarn_sampling_default();
    set.dry_multiplier = 1;
    set.typical_p = 0.9f;
    set.top_p = 0.9f;
    struct tarn_sampler *s = make(100, &set);
    float logits[100];
    for (int i = 0; i < 100; i++)
        logits[i] = (float)(i % 13);
    const uint64_t before = tarn_memory_count();
    for (uint32_t n = 0; n < 500; n++)
        tarn_sampler_accept(s, draw_at(s, logits, n));
    CHECK(tarn_memory_count() == before);
    tarn_sampler_destroy(s);
}

static void test_e01_each_failed_allocation_is_an_error(void)
{
    struct tarn_sampling set = tarn_sampling_default();
    set.dry_multiplier = 1;
    set.mirostat = 2;
    const struct tarn_logit_bias b[] = { { 1, 1 } };
    const struct tarn_sampler_options opt = { .sampling = &set,
                                              .biases = b,
                                              .n_biases = 1 };
    const int64_t held = tarn_memory_held();
    int failures = 0;
    for (uint64_t k = 1;; k++) {
        struct tarn_sampler *s = NULL;
        tarn_memory_fail_at(k, false);
        const enum tarn_status status =
            tarn_sampler_create(100, &opt, &s, NULL);
        tarn_memory_fail_at(0, false);
        tarn_sampler_destroy(s);
        CHECK(tarn_memory_held() == held);
        if (status == TARN_OK)
            break;
        CHECK(status == TARN_NO_MEMORY && !s);
        failures++;
    }
    CHECK_SAYS(failures >= 10, "%d", failures);
}

int main(void)
{
    RUN(test_s01_settings_out_of_range_are_refused);
    RUN(test_s01_whole_numbers_out_of_range_are_refused);
    RUN(test_zeroed_settings_are_greedy);
    RUN(test_s01_legal_settings_give_legal_ids);
    RUN(test_s02_one_finite_score_is_taken);
    RUN(test_e09_scores_that_are_not_finite_are_an_error);
    RUN(test_s03_every_combination_leaves_a_token);
    RUN(test_s06_wrong_biases_are_refused);
    RUN(test_forbidden_tokens_never_come);
    RUN(test_constraint_is_asked_once_where_it_agrees);
    RUN(test_constraint_draws_again_without_bias);
    RUN(test_constraint_reaches_past_the_cuts);
    RUN(test_rewind_forgets_exactly);
    RUN(test_draw_and_accept_allocate_nothing);
    RUN(test_e01_each_failed_allocation_is_an_error);
    return tap_end();
}
