/* digest_test.c - a draw from the best logits alone is the draw from the whole
 * row: the same token and the same probability after the cuts, bit for bit. */
#include <math.h>
#include <stdlib.h>

#include "backends/digest.h"
#include "core/base/error.h"
#include "core/sample/stage.h"
#include "tests/tap.h"

enum { MOST_VOCAB = 2000, MOST = TARN_SAMPLER_MOST };

static int32_t best_ids[MOST];
static float best_logits[MOST];
static uint64_t state = 1;

static uint32_t below(uint32_t n)
{
    return (uint32_t)(tarn_mix(++state) >> 33) % n;
}

static float part(void) /* [0, 1) */
{
    return (float)below(1u << 20) * 0x1p-20f;
}

static struct tarn_digest asking(uint32_t k)
{
    return (struct tarn_digest){ .k = k,
                                 .best_ids = best_ids,
                                 .best_logits = best_logits };
}

/* ------------------------------------------------------------------ rows */

/* Plain scores; few values, so that ties are everywhere; all the same; with
 * forbidden ones; far apart; zeros of both signs. */
static void fill(float *row, uint32_t n, uint32_t kind)
{
    for (uint32_t i = 0; i < n; i++) {
        const float x = part() + part() + part() - 1.5f;
        row[i] = kind == 1   ? (float)below(5)
                 : kind == 2 ? 0.25f
                 : kind == 4 ? x * 1e30f
                 : kind == 5 ? (below(2) ? 0.0f : -0.0f)
                             : x * 12;
        if (kind == 3 && below(3))
            row[i] = -INFINITY;
    }
    row[below(n)] = kind == 4 ? 3e38f : 6.5f;
}

/* ------------------------------------------------------ made on the host */

static const float *compared;

static int by_rank(const void *a, const void *b)
{
    const int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    if (compared[i] > compared[j] || compared[i] < compared[j])
        return compared[i] > compared[j] ? -1 : 1;
    return i < j ? -1 : 1;
}

static void test_a_digest_holds_the_best_of_its_row(void)
{
    static float row[MOST_VOCAB];
    static int32_t order[MOST_VOCAB];
    for (uint32_t turn = 0; turn < 400; turn++) {
        const uint32_t n = 1 + below(turn % 3 ? 60 : MOST_VOCAB);
        const uint32_t k = 1 + below(turn % 5 ? 40 : MOST);
        struct tarn_digest d = asking(k);
        fill(row, n, turn % 6);
        for (uint32_t i = 0; i < n; i++)
            order[i] = (int32_t)i;
        compared = row;
        qsort(order, n, sizeof *order, by_rank);
        tarn_digest_row(&d, row, n);
        CHECK(d.n_best == (k < n ? k : n));
        for (uint32_t i = 0; i < d.n_best; i++)
            CHECK_SAYS(d.best_ids[i] == order[i] &&
                           !memcmp(&d.best_logits[i], &row[order[i]], 4),
                       "turn %u: rank %u is token %d, not %d", turn, i,
                       d.best_ids[i], order[i]);
    }
}

/* The sums of a row, as one and in parts, against exp and log of libm. */
static void test_sums_do_not_depend_on_the_parts(void)
{
    static float row[MOST_VOCAB];
    for (uint32_t turn = 0; turn < 120; turn++) {
        const uint32_t n = 1 + below(MOST_VOCAB);
        struct tarn_digest d = asking(8), whole = asking(8);
        struct tarn_sums all = TARN_NO_SUMS;
        double sum = 0, product = 0;
        fill(row, n, turn % 6);
        tarn_digest_row(&whole, row, n);
        const double max = (double)whole.best_logits[0];
        for (uint32_t at = 0, end; at < n; at = end) {
            struct tarn_sums s = { .max = (double)row[at] };
            end = at + 1 + below(n - at);
            for (uint32_t i = at; i < end; i++)
                s.max = (double)row[i] > s.max ? (double)row[i] : s.max;
            for (uint32_t i = at; i < end && s.max > -INFINITY; i++) {
                const double e = exp((double)row[i] - s.max);
                s.sum += e;
                s.product += e > 0 ? e * ((double)row[i] - s.max) : 0;
            }
            tarn_sums_join(&all, &s);
        }
        tarn_digest_sums(&d, &all);
        for (uint32_t i = 0; i < n; i++) {
            const double e = exp((double)row[i] - max);
            sum += e;
            product += e > 0 ? e * ((double)row[i] - max) : 0;
        }
        const double lse = max + log(sum), h = log(sum) - product / sum;
        const double near = 1e-12 * (1 + fabs(lse));
        CHECK_SAYS(fabs(d.log_sum_exp - lse) <= near &&
                       fabs(whole.log_sum_exp - lse) <= near &&
                       fabs(d.entropy - h) <= 1e-10 &&
                       fabs(whole.entropy - h) <= 1e-10,
                   "turn %u: %.17g %.17g %.17g, %.17g %.17g %.17g", turn,
                   d.log_sum_exp, whole.log_sum_exp, lse, d.entropy,
                   whole.entropy, h);
    }
}

/* ---------------------------------------------------------------- stages */

/* In the order of ids, and gone from the dense picture afterwards, whatever
 * stood there before. */
static void test_what_was_put_is_all_there_is(void)
{
    static const int32_t ids[3] = { 40, 3, 17 };
    static const float logits[3] = { 2, 1, 1 };
    float row[50];
    struct tarn_stages w;
    CHECK(tarn_stages_init(&w, 50));
    fill(row, 50, 0);
    for (int turn = 0; turn < 2; turn++) {
        tarn_stage_fill(&w, row);
        tarn_stage_put(&w, ids, logits, 3);
        tarn_stage_gather(&w);
        CHECK_SAYS(w.n == 3, "%u", w.n);
        tarn_stage_gather_put(&w, ids, 3);
        CHECK(w.n == 3 && w.sorted == 0 && w.key[0] == tarn_stage_key(1, 3) &&
              w.key[1] == tarn_stage_key(1, 17) &&
              w.key[2] == tarn_stage_key(2, 40));
        tarn_stage_gather(&w);
        CHECK(w.n == 0);
    }
    tarn_stages_finish(&w);
}

/* ----------------------------------------------------------------- draws */

static struct tarn_sampling random_setting(void)
{
    struct tarn_sampling s = tarn_sampling_default();
    s.seed = state;
    s.temperature = below(6) ? 0.05f + 2 * part() : 0;
    s.top_k = (int32_t)(below(8) ? 1 + below(120) : 0);
    if (s.top_k == 0)
        s.temperature = 0;
    s.top_p = below(3) ? 1 : part();
    s.min_p = below(3) ? 0 : part() * 0.3f;
    s.repeat_penalty = below(4) ? 1 + part() : 1;
    s.frequency_penalty = below(3) ? 0 : 3 * part();
    s.presence_penalty = below(3) ? 0 : 3 * part();
    s.penalty_last_n = (int32_t)below(90);
    if (s.top_k > 0) {
        s.typical_p = below(3) ? 1 : part();
        s.xtc_probability = below(3) ? 0 : part();
        s.xtc_threshold = part() * 0.3f;
        s.dynatemp_range = below(3) ? 0 : part();
        s.dynatemp_exponent = 0.5f + 2 * part();
    }
    return s;
}

static struct tarn_sampler *make(uint32_t n_vocab, const struct tarn_sampling *set)
{
    const struct tarn_sampler_options opt = { .sampling = set,
                                              .max_history = 256 };
    struct tarn_sampler *s = NULL;
    CHECK(tarn_sampler_create(n_vocab, &opt, &s, NULL) == TARN_OK);
    return s;
}

static bool near(float a, float b, float by)
{
    return fabsf(a - b) <= by;
}

/* Both choices; `a` is that of the whole row. */
static bool same(const struct tarn_choice *a, const struct tarn_choice *b)
{
    bool good = a->id == b->id && !memcmp(&a->p_after, &b->p_after, 4) &&
                near(a->p, b->p, 1e-6f) &&
                near(a->entropy_bits, b->entropy_bits, 1e-5f);
    for (int i = 0; i < 8; i++)
        good = good && a->best[i].id == b->best[i].id &&
               (a->best[i].id < 0 || near(a->best[i].p, b->best[i].p, 1e-6f));
    return good;
}

/* One sampler draws from rows, another from digests, and now and then from a
 * row: what a digest put into its tables must not be seen there. */
static uint32_t play(uint32_t n_vocab, uint32_t kind)
{
    static float row[MOST_VOCAB];
    const struct tarn_sampling set = random_setting();
    struct tarn_sampler *a = make(n_vocab, &set), *b = make(n_vocab, &set);
    uint32_t most = 0;
    for (uint32_t n = below(120); n > 0; n--) {
        const int32_t id = (int32_t)below(n_vocab);
        tarn_sampler_accept(a, id);
        tarn_sampler_accept(b, id);
    }
    for (uint32_t at = 0; at < 24; at++) {
        struct tarn_choice x, y;
        struct tarn_error one = { TARN_OK, "" }, two = { TARN_OK, "" };
        const uint32_t k = tarn_sampler_wants(b);
        struct tarn_digest d = asking(k);
        fill(row, n_vocab, kind);
        tarn_digest_row(&d, row, n_vocab);
        most = k > most ? k : most;
        CHECK(k >= 8 && k <= MOST);
        const enum tarn_status s = tarn_sampler_draw(a, row, at, 1, &x, &one);
        const enum tarn_status t =
            below(8) ? tarn_sampler_draw_digest(b, &d, at, 1, &y, &two)
                     : tarn_sampler_draw(b, row, at, 1, &y, &two);
        CHECK_SAYS(s == t && (s || same(&x, &y)),
                   "vocabulary %u, kind %u, draw %u of %u: status %d and %d, "
                   "token %d and %d, after the cuts %.9g and %.9g, plain %.9g "
                   "and %.9g, entropy %.9g and %.9g",
                   n_vocab, kind, at, k, (int)s, (int)t, x.id, y.id,
                   (double)x.p_after, (double)y.p_after, (double)x.p,
                   (double)y.p, (double)x.entropy_bits, (double)y.entropy_bits);
        const int32_t id =
            s || below(4) == 0 ? (int32_t)below(n_vocab) : x.id;
        tarn_sampler_accept(a, id);
        tarn_sampler_accept(b, id);
    }
    tarn_sampler_destroy(a);
    tarn_sampler_destroy(b);
    return most;
}

static void test_draws_from_digests_are_those_from_rows(void)
{
    static const uint32_t sizes[] = { 3, 9, 64, 300, 1001, MOST_VOCAB };
    uint32_t most = 0;
    for (uint32_t turn = 0; turn < 480; turn++) {
        const uint32_t k = play(sizes[turn % 6], turn / 6 % 6);
        most = k > most ? k : most;
    }
    printf("# 480 settings, 24 draws each, up to %u logits\n", most);
    CHECK(most > 150);
}

/* The last of the tokens that may be needed is needed: all better ones were
 * punished. */
static void test_as_many_are_asked_for_as_penalties_touch(void)
{
    enum { V = 200, TOUCHED = 50 };
    float row[V];
    struct tarn_sampling set = tarn_sampling_default();
    struct tarn_choice c;
    set.temperature = 0;
    set.top_k = 0;
    set.repeat_penalty = 1;
    set.presence_penalty = 90;
    struct tarn_sampler *s = make(V, &set);
    for (int32_t i = 0; i < V; i++)
        row[i] = (float)(V - i) * 0.25f;
    for (int32_t i = 0; i < TOUCHED; i++)
        tarn_sampler_accept(s, i);
    const uint32_t k = tarn_sampler_wants(s);
    CHECK_SAYS(k == 1 + TOUCHED + 1, "%u", k);
    struct tarn_digest d = asking(k);
    tarn_digest_row(&d, row, V);
    CHECK(!tarn_sampler_draw_digest(s, &d, 0, 0, &c, NULL) && c.id == TOUCHED);
    for (int32_t i = 0; i < TOUCHED; i++) /* again: no more distinct ones */
        tarn_sampler_accept(s, i);
    CHECK(tarn_sampler_wants(s) == k);
    tarn_sampler_destroy(s);
}

/* ------------------------------------------------------------- not enough */

static uint32_t wants_with(void (*change)(struct tarn_sampling *s))
{
    struct tarn_sampling set = tarn_sampling_default();
    change(&set);
    struct tarn_sampler *s = make(MOST_VOCAB, &set);
    for (int32_t i = 0; i < 256; i++)
        tarn_sampler_accept(s, i);
    const uint32_t k = tarn_sampler_wants(s);
    tarn_sampler_destroy(s);
    return k;
}

#define SETTING(name, change)                                                  \
    static void name(struct tarn_sampling *s)                                  \
    {                                                                          \
        change;                                                                \
    }
SETTING(published, s->seed = 1)
SETTING(greedy, s->temperature = 0; s->top_k = 0)
SETTING(greedy_typical, s->temperature = 0; s->top_k = 0; s->typical_p = 0.5f)
SETTING(greedy_xtc, s->temperature = 0; s->top_k = 0; s->xtc_probability = 1)
SETTING(greedy_dynamic, s->temperature = 0; s->top_k = 0;
        s->dynatemp_range = 1)
SETTING(no_top_k, s->top_k = 0)
SETTING(large_top_k, s->top_k = INT32_MAX)
SETTING(mirostat, s->mirostat = 2)
SETTING(sigma, s->top_n_sigma = 1)
SETTING(dry, s->dry_multiplier = 1)
SETTING(praise, s->repeat_penalty = 0.9f)
SETTING(wish, s->presence_penalty = -1)
SETTING(wish_often, s->frequency_penalty = -1)
SETTING(long_window, s->penalty_last_n = -1; s->top_k = 400)
SETTING(long_window_off, s->penalty_last_n = -1; s->repeat_penalty = 1)

static bool allow(void *user, int32_t id)
{
    (void)user;
    return id >= 0;
}

static void test_whole_rows_where_digests_do_not_do(void)
{
    CHECK(wants_with(published) == 80 + 64 + 1);
    CHECK(wants_with(greedy) == 1 + 64 + 1);
    CHECK(wants_with(long_window_off) == 81);
    void (*const whole[])(struct tarn_sampling *) = {
        greedy_typical, greedy_xtc, greedy_dynamic, no_top_k, large_top_k,
        mirostat,       sigma,      dry,            praise,   wish,
        wish_often,     long_window
    };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        CHECK_SAYS(wants_with(whole[i]) == 0, "setting %zu", i);
    const struct tarn_sampling set = tarn_sampling_default();
    const struct tarn_logit_bias bias = { 3, 0.5f };
    const struct tarn_constraint form = { .allows = allow };
    struct tarn_sampler_options opt = { .sampling = &set, .n_biases = 1,
                                        .biases = &bias };
    struct tarn_sampler *s = NULL;
    CHECK(!tarn_sampler_create(50, &opt, &s, NULL));
    CHECK(tarn_sampler_wants(s) == 0);
    tarn_sampler_destroy(s);
    opt.n_biases = 0;
    opt.constraint = &form;
    CHECK(!tarn_sampler_create(50, &opt, &s, NULL));
    CHECK(tarn_sampler_wants(s) == 0);
    tarn_sampler_destroy(s);
}

static enum tarn_status draw_of(const struct tarn_digest *d,
                                struct tarn_error *err)
{
    struct tarn_sampler *s = make(300, NULL);
    struct tarn_choice c;
    const enum tarn_status status =
        tarn_sampler_draw_digest(s, d, 7, 0, &c, err);
    tarn_sampler_destroy(s);
    return status;
}

/* E09 from a digest, and digests that make no sense. */
static void test_e09_digests_without_numbers(void)
{
    static const float spoils[] = { NAN, INFINITY, -INFINITY };
    float row[300];
    struct tarn_error err = { TARN_OK, "" };
    for (int i = 0; i < 3; i++) {
        struct tarn_digest d = asking(81);
        fill(row, 300, 0);
        for (int k = 0; k < 300; k++)
            if (k == 17 || i == 2)
                row[k] = spoils[i];
        tarn_digest_row(&d, row, 300);
        CHECK_SAYS(draw_of(&d, &err) == TARN_BAD_FILE &&
                       strstr(err.text, "no finite scores at position 7"),
                   "%s", err.text);
    }
    fill(row, 300, 0);
    for (int i = 0; i < 4; i++) {
        struct tarn_digest d = asking(81);
        tarn_digest_row(&d, row, 300);
        CHECK(draw_of(&d, &err) == TARN_OK);
        if (i == 0)
            d.n_best = 80;
        else if (i == 1)
            best_ids[80] = 300;
        else if (i == 2)
            best_ids[3] = -1;
        else
            best_logits[70] = NAN;
        CHECK(draw_of(&d, &err) == (i ? TARN_BAD_FILE : TARN_INTERNAL));
    }
}

int main(void)
{
    const char *seed = getenv("TARN_SEED");
    state = seed ? strtoull(seed, NULL, 10) << 20 : 1;
    RUN(test_a_digest_holds_the_best_of_its_row);
    RUN(test_sums_do_not_depend_on_the_parts);
    RUN(test_what_was_put_is_all_there_is);
    RUN(test_draws_from_digests_are_those_from_rows);
    RUN(test_as_many_are_asked_for_as_penalties_touch);
    RUN(test_whole_rows_where_digests_do_not_do);
    RUN(test_e09_digests_without_numbers);
    return tap_end();
}
