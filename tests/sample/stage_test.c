/* stage_test.c - every stage against tests/oracle/sampler/cases.json.
 *
 * A step starts from what was left of the step before it in our own run, so a
 * chain is compared as a whole.  Where logits tie the reference keeps other
 * members of the tie (its sort is not stable): there the kept logits are
 * compared, not the ids. */
#include "core/sample/stage.h"

#include <math.h>
#include <stdlib.h>

#include "backends/numerics.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "tests/tap.h"

#define TOLERANCE 1e-6

static const char *folder;

static char *slurp(const char *name, size_t *size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *text = malloc(1 << 20);
    *size = text ? fread(text, 1, 1 << 20, f) : 0;
    fclose(f);
    return text;
}

static double number(const struct tarn_json *v, const char *key)
{
    double d = NAN;
    tarn_json_f64(tarn_json_get(v, key), &d);
    return d;
}

/* tests/oracle/tokenizer/vocab.gguf: ids 18 + b are the bytes b. */
static const char *byte_token(void *user, int32_t id, size_t *size)
{
    static char text[2];
    (void)user;
    *size = id >= 18 && id < 18 + 256;
    text[0] = (char)(id - 18);
    return text;
}

static void run_dry(struct tarn_stages *w, const struct tarn_history *h,
                    const struct tarn_json *s)
{
    const char *texts[8];
    size_t n = 0;
    for (const struct tarn_json *b = tarn_json_get(s, "breakers")->first; b;
         b = b->next)
        texts[n++] = b->text;
    const struct tarn_sampler_options opt = { .breakers = texts,
                                              .n_breakers = n,
                                              .token_bytes = byte_token };
    const struct tarn_dry dry = { (float)number(s, "multiplier"),
                                  (float)number(s, "base"),
                                  (int32_t)number(s, "allowed_length"),
                                  (int32_t)number(s, "last_n") };
    struct tarn_breakers b;
    uint32_t run[256];
    CHECK(tarn_breakers_init(&b, w->n_vocab, &opt));
    tarn_stage_dry(w, h, &dry, &b, run);
    tarn_breakers_finish(&b);
}

static void run_bias(struct tarn_stages *w, const struct tarn_json *s)
{
    for (const struct tarn_json *b = tarn_json_get(s, "bias")->first; b;
         b = b->next) {
        int64_t id;
        double bias;
        CHECK(tarn_json_i64(tarn_json_at(b, 0), &id));
        CHECK(tarn_json_f64(tarn_json_at(b, 1), &bias));
        const struct tarn_logit_bias one = { (int32_t)id, (float)bias };
        tarn_stage_bias(w, &one, 1);
    }
}

static bool run_dense(struct tarn_stages *w, const struct tarn_history *h,
                      const struct tarn_json *s)
{
    const struct tarn_json *name = tarn_json_get(s, "sampler");
    if (tarn_json_is_string(name, "penalties"))
        tarn_stage_penalties(
            w, h, (int32_t)number(s, "last_n"), (float)number(s, "repeat"),
            (float)number(s, "freq"), (float)number(s, "present"));
    else if (tarn_json_is_string(name, "dry"))
        run_dry(w, h, s);
    else if (tarn_json_is_string(name, "logit_bias"))
        run_bias(w, s);
    else
        return false;
    tarn_stage_gather(w);
    return true;
}

static bool run_cut(struct tarn_stages *w, const struct tarn_json *s)
{
    const struct tarn_json *name = tarn_json_get(s, "sampler");
    const float p = (float)number(s, "p"), t = (float)number(s, "t");
    double keep = 1;
    tarn_json_f64(tarn_json_get(s, "min_keep"), &keep);
    const uint32_t min_keep = (uint32_t)keep;
    if (tarn_json_is_string(name, "top_n_sigma"))
        tarn_stage_top_n_sigma(w, (float)number(s, "n"));
    else if (tarn_json_is_string(name, "top_k"))
        tarn_stage_top_k(w, (int32_t)number(s, "k"));
    else if (tarn_json_is_string(name, "typical"))
        tarn_stage_typical(w, p, min_keep);
    else if (tarn_json_is_string(name, "top_p"))
        tarn_stage_top_p(w, p, min_keep);
    else if (tarn_json_is_string(name, "min_p"))
        tarn_stage_min_p(w, p, min_keep);
    else if (tarn_json_is_string(name, "xtc"))
        tarn_stage_xtc(w, t, min_keep);
    else if (tarn_json_is_string(name, "temp"))
        tarn_stage_temperature(w, t);
    else if (tarn_json_is_string(name, "temp_ext"))
        tarn_stage_dynamic(w, t, (float)number(s, "delta"),
                           (float)number(s, "exponent"));
    else
        return false;
    return true;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int by_id(const void *a, const void *b)
{
    const int32_t x = tarn_stage_id(*(const uint64_t *)a);
    const int32_t y = tarn_stage_id(*(const uint64_t *)b);
    return (x > y) - (x < y);
}

/* What is left, against the step's "ids", "logits" and "p". */
static void compare(const struct tarn_stages *w, const struct tarn_json *step,
                    const char *name, bool ties)
{
    const struct tarn_json *ids = tarn_json_get(step, "ids");
    const struct tarn_json *logits = tarn_json_get(step, "logits");
    const struct tarn_json *ps = tarn_json_get(step, "p");
    CHECK_SAYS(w->n == logits->n, "%s: %u left, %zu wanted", name, w->n,
               logits->n);
    if (w->n != logits->n)
        return;
    uint64_t *key = malloc(w->n * sizeof *key);
    double *mine = malloc(w->n * sizeof *mine);
    double *want = malloc(w->n * sizeof *want);
    memcpy(key, w->key, w->n * sizeof *key);
    qsort(key, w->n, sizeof *key, by_id);
    const struct tarn_json *l = logits->first, *id = ids->first;
    for (uint32_t i = 0; i < w->n; i++, l = l->next) {
        mine[i] = (double)tarn_stage_logit(key[i]);
        tarn_json_f64(l, &want[i]);
        if (ties || ids->kind == TARN_JSON_STRING)
            continue;
        int64_t n = -1;
        tarn_json_i64(id, &n);
        CHECK_SAYS(n == tarn_stage_id(key[i]), "%s: id %d, not %d", name,
                   tarn_stage_id(key[i]), (int)n);
        id = id->next;
    }
    if (ties) {
        qsort(mine, w->n, sizeof *mine, by_value);
        qsort(want, w->n, sizeof *want, by_value);
    }
    double max = mine[0], sum = 0, worst = 0, worst_p = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        const double scale = fabs(want[i]) > 1 ? fabs(want[i]) : 1;
        worst = fmax(worst, fabs(mine[i] - want[i]) / scale);
        max = fmax(max, mine[i]);
    }
    for (uint32_t i = 0; i < w->n; i++)
        sum += tarn_exp64(mine[i] - max);
    if (!ties) {
        const struct tarn_json *p = ps->first;
        for (uint32_t i = 0; i < w->n; i++, p = p->next) {
            double v = NAN;
            tarn_json_f64(p, &v);
            worst_p = fmax(worst_p, fabs(tarn_exp64(mine[i] - max) / sum - v));
        }
    }
    CHECK_SAYS(worst <= TOLERANCE, "%s: logits differ by %g", name, worst);
    CHECK_SAYS(worst_p <= TOLERANCE, "%s: p differ by %g", name, worst_p);
    free(key);
    free(mine);
    free(want);
}

static void run_case(const struct tarn_json *c)
{
    int32_t past[256];
    float logits[4096];
    struct tarn_history h = { past, 256, 0 };
    struct tarn_stages w;
    const char *name = tarn_json_get(c, "name")->text;
    const uint32_t n_vocab = (uint32_t)number(c, "vocab");
    for (const struct tarn_json *t = tarn_json_get(c, "history")->first; t;
         t = t->next) {
        int64_t id = -1;
        tarn_json_i64(t, &id);
        past[h.n++] = (int32_t)id;
    }
    uint32_t n = 0;
    for (const struct tarn_json *l = tarn_json_get(c, "logits")->first; l;
         l = l->next) {
        double d = NAN;
        tarn_json_f64(l, &d);
        logits[n++] = (float)d;
    }
    CHECK(n == n_vocab && tarn_stages_init(&w, n_vocab));
    tarn_stage_fill(&w, logits);
    tarn_stage_gather(&w);
    for (const struct tarn_json *step = tarn_json_get(c, "steps")->first; step;
         step = step->next) {
        const struct tarn_json *s = tarn_json_get(step, "sampler");
        CHECK_SAYS(run_dense(&w, &h, s) || run_cut(&w, s), "%s: unknown", name);
        compare(&w, step, name, strstr(name, "ties") != NULL);
    }
    tarn_stages_finish(&w);
}

static void test_stages_agree_with_reference(void)
{
    size_t size = 0;
    char *text = slurp("cases.json", &size);
    struct tarn_json *doc = NULL;
    struct tarn_error err;
    CHECK(text && tarn_json_read(text, size, &doc, &err) == TARN_OK);
    CHECK(doc && doc->n == 30);
    for (const struct tarn_json *c = doc ? doc->first : NULL; c; c = c->next)
        run_case(c);
    tarn_json_free(doc);
    free(text);
}

/* ------------------------------------------------------------------- ranks */

static uint64_t state = 1;
static uint32_t rnd(uint32_t n)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(tarn_mix(state) % n);
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void test_keys_keep_logits_and_order(void)
{
    const float logits[] = { 3e38f, 7.5f,    1e-40f, 0.0f,
                             -0.0f, -1e-40f, -7.5f,  -3e38f };
    for (int i = 0; i < 8; i++) {
        const uint64_t k = tarn_stage_key(logits[i], 7);
        CHECK(tarn_stage_logit(k) == logits[i] && tarn_stage_id(k) == 7);
        if (i > 0 && logits[i] != logits[i - 1])
            CHECK(k > tarn_stage_key(logits[i - 1], 2000000000));
    }
    CHECK(tarn_stage_key(0.0f, 1) < tarn_stage_key(-0.0f, 2));
}

/* Any beginning, extended in any way, equals a full sort; the rest stays in
 * the order of ids. */
static void test_rank_equals_full_sort(void)
{
    enum { N = 5000 };
    static float logits[N];
    static uint64_t want[N];
    struct tarn_stages w;
    CHECK(tarn_stages_init(&w, N));
    for (int round = 0; round < 60; round++) {
        const uint32_t levels = 1 + rnd(round < 30 ? 50 : 1000000);
        for (int i = 0; i < N; i++)
            logits[i] = ((float)rnd(levels) - (float)levels / 2) / 64.0f;
        tarn_stage_fill(&w, logits);
        tarn_stage_gather(&w);
        memcpy(want, w.key, sizeof want);
        qsort(want, N, sizeof *want, by_key);
        for (uint32_t to = 1 + rnd(200);; to += 1 + rnd(2500)) {
            tarn_stage_rank(&w, to);
            CHECK(w.sorted >= (to < N ? to : N) && w.n == N);
            CHECK(memcmp(want, w.key, w.sorted * sizeof *want) == 0);
            uint32_t wrong = 0; /* in the order of ids? */
            for (uint32_t i = w.sorted + 1; i < N; i++)
                wrong += tarn_stage_id(w.key[i]) <= tarn_stage_id(w.key[i - 1]);
            CHECK(wrong == 0);
            if (to >= N)
                break;
        }
    }
    tarn_stages_finish(&w);
}

/* Temperature may make neighbors equal; the lower id goes first then. */
static void test_temperature_keeps_ties_by_id(void)
{
    const float logits[] = { 1.0f, 1.00000012f, 1.00000024f, 0.5f };
    struct tarn_stages w;
    CHECK(tarn_stages_init(&w, 4));
    tarn_stage_fill(&w, logits);
    tarn_stage_gather(&w);
    tarn_stage_rank(&w, 4);
    CHECK(tarn_stage_id(w.key[0]) == 2);
    tarn_stage_temperature(&w, 3.0f);
    for (uint32_t i = 1; i < w.n; i++)
        CHECK(w.key[i - 1] < w.key[i]);
    tarn_stages_finish(&w);
}

static void test_tiny_temperature_takes_the_best(void)
{
    const float logits[] = { -1e30f, 2.0f, 3e38f, 3e38f, -3e38f };
    struct tarn_stages w;
    double p = 0;
    CHECK(tarn_stages_init(&w, 5));
    for (int sorted = 0; sorted < 2; sorted++) {
        tarn_stage_fill(&w, logits);
        tarn_stage_gather(&w);
        if (sorted)
            tarn_stage_rank(&w, 5);
        tarn_stage_temperature(&w, 1e-38f);
        CHECK(tarn_stage_id(w.key[tarn_stage_draw(&w, 0.1, &p)]) == 2);
        CHECK(p == 0.5);
    }
    tarn_stages_finish(&w);
}

/* Two equal halves: top-p 0.5 is reached by one, typical 0.5 must be passed. */
static void test_sums_at_the_very_border(void)
{
    const float logits[] = { 1, 1 };
    struct tarn_stages w;
    CHECK(tarn_stages_init(&w, 2));
    tarn_stage_fill(&w, logits);
    tarn_stage_gather(&w);
    tarn_stage_typical(&w, 0.5f, 1);
    CHECK(w.n == 2);
    tarn_stage_top_p(&w, 0.5f, 1);
    CHECK(w.n == 1 && tarn_stage_id(w.key[0]) == 0);
    tarn_stages_finish(&w);
}

/* ---------------------------------------------------------------- breakers */

static const char *word(void *user, int32_t id, size_t *size)
{
    static const char *const words[] = { "a", "b", "c", "x#", "#y", "#", "##" };
    (void)user;
    *size = strlen(words[id]);
    return words[id];
}

/* A breaker "##" spread over two tokens stops a repetition where it begins. */
static void test_breaker_over_two_tokens(void)
{
    const char *const texts[] = { "##" };
    const struct tarn_sampler_options opt = { .breakers = texts,
                                              .n_breakers = 1,
                                              .token_bytes = word };
    /* a b c x# #y a b | c would go on: with the breaker only a b counts */
    int32_t past[] = { 3, 4, 0, 1, 2, 3, 4, 0, 1 };
    const struct tarn_history h = { past, 9, 9 };
    const struct tarn_dry dry = { 1.0f, 2.0f, 1, -1 };
    const float zero[7] = { 0 };
    struct tarn_breakers b;
    struct tarn_stages w;
    uint32_t run[9];
    CHECK(tarn_breakers_init(&b, 7, &opt) && tarn_stages_init(&w, 7));
    CHECK(b.of_token[6] == TARN_BREAKS && b.of_token[3] == TARN_MAY_BREAK &&
          b.of_token[0] == 0 && b.of_token[4] == 0);
    tarn_stage_fill(&w, zero);
    tarn_stage_dry(&w, &h, &dry, &b, run);
    CHECK_SAYS(w.dense[2] == -2.0f, "%g", (double)w.dense[2]);
    tarn_stage_fill(&w, zero);
    tarn_stage_dry(&w, &h, &dry, NULL, run);
    CHECK_SAYS(w.dense[2] == -8.0f, "%g", (double)w.dense[2]);
    tarn_stages_finish(&w);
    tarn_breakers_finish(&b);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : "tests/oracle/sampler";
    RUN(test_stages_agree_with_reference);
    RUN(test_keys_keep_logits_and_order);
    RUN(test_rank_equals_full_sort);
    RUN(test_temperature_keeps_ties_by_id);
    RUN(test_tiny_temperature_takes_the_best);
    RUN(test_sums_at_the_very_border);
    RUN(test_breaker_over_two_tokens);
    return tap_end();
}
