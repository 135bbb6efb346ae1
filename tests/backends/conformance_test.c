/* conformance_test.c - the suite on `ref` itself, and on copies of it that
 * are wrong in one thing each: every one must be found out. */
#include "backends/conformance/conformance.h"
#include "backends/conformance/inside.h"
#include "backends/digest.h"
#include "backends/numerics.h"
#include "backends/ref/ref.h"
#include "tests/backends/bench.h"

static struct bench bench;

struct tally {
    bool quiet;
    uint32_t lines;
    char first[400]; /* the first line that was not ok */
};

static void report(void *user, const char *line, bool ok)
{
    struct tally *t = user;
    t->lines++;
    if (!ok && !t->first[0])
        snprintf(t->first, sizeof t->first, "%s", line);
    if (!ok && !t->quiet)
        printf("# %s\n", line);
}

static uint32_t suite(const struct tarn_backend *b, uint32_t cases,
                      struct tally *t)
{
    uint32_t passed = 0, failed = 0;
    CHECK(tarn_conformance_run(b, 0, &bench.host, 2026, cases, report, t,
                               &passed, &failed) == TARN_OK);
    CHECK(t->lines >= passed + failed);
    printf("# %u passed, %u failed\n", passed, failed);
    return failed;
}

static void test_the_reference_agrees_with_itself(void)
{
    struct tally t = { 0 };
    const int64_t held = bench.held;
    CHECK(suite(tarn_backend_ref(), 26, &t) == 0);
    CHECK(bench.held == held);
}

/* ----------------------------------------------------------------- samples */

enum { PARTS = 3, KINDS = 13, TYPES = 21 };

static struct {
    uint32_t of[KINDS][TYPES]; /* lines; [0] for kinds without types */
    uint32_t checks;
} seen;

/* A title is "kind number: words"; the number tells the type. */
static void note(void *user, const char *line, bool ok)
{
    (void)user;
    if (!ok)
        printf("# %s\n", line);
    for (uint32_t k = 0; k < KINDS; k++) {
        const size_t n = strlen(conf_kinds[k].name);
        if (strncmp(line, conf_kinds[k].name, n) || line[n] != ' ' ||
            line[n + 1] < '0' || line[n + 1] > '9')
            continue;
        const bool typed = conf_kinds[k].drawn == CONF_PER_TYPE ||
                           conf_kinds[k].drawn == CONF_DEALT;
        seen.of[k][typed ? strtoul(line + n, NULL, 10) % TYPES : 0]++;
        return;
    }
    seen.checks++;
}

/* What a part must have is there, and the three together have no type and no
 * kind less than the whole, whatever the seed. */
static void test_a_sample_has_every_step_and_every_type(void)
{
    CHECK(conf_n_kinds == KINDS && conf_n_types == TYPES);
    const char *v = getenv("TARN_SEED");
    const uint64_t seed = v ? strtoull(v, NULL, 10) : 1;
    uint32_t missing = 0;
    memset(&seen, 0, sizeof seen);
    for (uint32_t part = 0; part < PARTS; part++) {
        uint32_t passed = 0, failed = 0;
        CHECK(tarn_conformance_sample(tarn_backend_ref(), 0, &bench.host, seed,
                                      part, PARTS, note, NULL, &passed,
                                      &failed) == TARN_OK);
        CHECK(failed == 0);
        for (uint32_t k = 0; k < KINDS; k++)
            missing +=
                conf_kinds[k].drawn < CONF_PER_TYPE && seen.of[k][0] <= part;
    }
    for (uint32_t k = 0; k < KINDS; k++)
        for (uint32_t t = 0; t < TYPES; t++) {
            const uint32_t drawn = conf_kinds[k].drawn;
            const uint32_t least = drawn == CONF_PER_TYPE          ? 2
                                   : t == 0 || drawn == CONF_DEALT ? 1
                                                                   : 0;
            missing += seen.of[k][t] < least;
        }
    CHECK_SAYS(missing == 0, "seed %u: %u steps or types are missing",
               (unsigned)seed, missing);
    CHECK(seen.checks == conf_n_checks);
}

/* ------------------------------------------------------------ wrong copies */

static enum tarn_status run_drops_replay(struct tarn_prepared *p,
                                         const struct tarn_batch *b,
                                         struct tarn_error *err)
{
    struct tarn_row rows[512];
    struct tarn_batch other = *b;
    for (uint32_t i = 0; i < b->n_rows; i++) {
        rows[i] = b->rows[i];
        rows[i].flags &= ~(uint32_t)TARN_ROW_REPLAY;
    }
    other.rows = rows;
    return tarn_backend_ref()->run(p, &other, err);
}

static enum tarn_status run_flips_a_bit(struct tarn_prepared *p,
                                        const struct tarn_batch *b,
                                        struct tarn_error *err)
{
    const enum tarn_status s = tarn_backend_ref()->run(p, b, err);
    if (s == TARN_OK && b->out && b->n_rows > 2)
        b->out[0] = tarn_f32_of(tarn_f32_bits(b->out[0]) ^ 1);
    return s;
}

static enum tarn_status run_never_stops(struct tarn_prepared *p,
                                        const struct tarn_batch *b,
                                        struct tarn_error *err)
{
    enum tarn_status s;
    do
        s = tarn_backend_ref()->run(p, b, err);
    while (s == TARN_CANCELLED && bench.asked++ < 4);
    return s == TARN_CANCELLED ? TARN_OK : s;
}

static enum tarn_status run_is_idle(struct tarn_prepared *p,
                                    const struct tarn_batch *b,
                                    struct tarn_error *err)
{
    (void)p;
    (void)b;
    (void)err;
    return TARN_OK; /* computes nothing at all */
}

static enum tarn_status room_forgets(struct tarn_state *st, uint32_t n_pages,
                                     uint32_t n_tails, struct tarn_error *err)
{
    return tarn_backend_ref()->state_room(st, n_pages, n_tails - 1, err);
}

static enum tarn_status read_shows_too_much(struct tarn_state *st, bool page,
                                            uint32_t n, uint32_t n_pos,
                                            void *out, struct tarn_error *err)
{
    return tarn_backend_ref()->state_read(st, page, n, n_pos + 1, out, err);
}

static enum tarn_status weight_takes_all(struct tarn_dev *dev,
                                         const struct tarn_tensor *t,
                                         struct tarn_weight **out,
                                         struct tarn_error *err)
{
    struct tarn_tensor other = *t;
    if (t->type == TARN_Q6_K && t->ge[0] > 256) {
        static uint8_t zeros[1 << 20];
        other.data = zeros;
    }
    return tarn_backend_ref()->weight(dev, &other, out, err);
}

static void check_is_found_out(const char *name, struct tarn_backend wrong)
{
    struct tally t = { .quiet = true };
    const uint32_t failed = suite(&wrong, 0, &t);
    CHECK_SAYS(failed > 0, "%s passes", name);
    printf("# %s: %s\n", name, t.first);
}

static void test_wrong_backends_are_found_out(void)
{
    struct tarn_backend b = *tarn_backend_ref();
    b.run = run_drops_replay;
    check_is_found_out("replay writes", b);
    b.run = run_flips_a_bit;
    check_is_found_out("one bit", b);
    b.run = run_never_stops;
    check_is_found_out("deaf", b);
    b.run = run_is_idle;
    check_is_found_out("idle", b);
    b = *tarn_backend_ref();
    b.state_room = room_forgets;
    check_is_found_out("small room", b);
    b = *tarn_backend_ref();
    b.state_read = read_shows_too_much;
    check_is_found_out("reads too far", b);
    b = *tarn_backend_ref();
    b.weight = weight_takes_all;
    check_is_found_out("zero Q6_K", b);
    b = *tarn_backend_ref();
    b.name = "";
    check_is_found_out("nameless", b);
}

/* ------------------------------------------------------- devices not exact */

static float nudge; /* relative error of every other value that comes out */

static enum tarn_status info_not_exact(const struct tarn_host *host,
                                       uint32_t index,
                                       struct tarn_device_info *out,
                                       struct tarn_error *err)
{
    const enum tarn_status s =
        tarn_backend_ref()->device_info(host, index, out, err);
    out->exact = false;
    return s;
}

static uint32_t out_width; /* of the plan that was prepared last */

static enum tarn_status prepare_and_look(struct tarn_dev *dev,
                                         const struct tarn_plan *plan,
                                         struct tarn_state *st,
                                         struct tarn_prepared **out,
                                         struct tarn_error *err)
{
    out_width = plan->out_buffer == TARN_NO_BUFFER ? 0 : plan->shape.n_embd;
    return tarn_backend_ref()->prepare(dev, plan, st, out, err);
}

static enum tarn_status run_nudged(struct tarn_prepared *p,
                                   const struct tarn_batch *b,
                                   struct tarn_error *err)
{
    const enum tarn_status s = tarn_backend_ref()->run(p, b, err);
    for (size_t i = 0; s == TARN_OK && b->out && i < b->n_rows * out_width;
         i += 2)
        b->out[i] = nudge != nudge ? nudge : b->out[i] * (1.0f + nudge);
    return s;
}

static void test_other_devices_are_held_to_the_tolerance(void)
{
    struct tarn_backend b = *tarn_backend_ref();
    struct tally t = { 0 };
    b.device_info = info_not_exact;
    b.prepare = prepare_and_look;
    b.run = run_nudged;
    nudge = 4e-6f;
    CHECK(suite(&b, 26, &t) == 0);
    nudge = 3e-5f;
    check_is_found_out("off by 3e-5", b);
    nudge = (float)NAN;
    check_is_found_out("NaN", b);
}

/* ----------------------------------------------------------------- digests */
enum mistakes { NONE, SHORT, WRONG_TIES, WRONG_SUMS, NO_NAN, N_MISTAKES };
static enum mistakes mistake;
static uint32_t head_rows; /* of the head that was taken last */

static enum tarn_status info_digests(const struct tarn_host *host,
                                     uint32_t index,
                                     struct tarn_device_info *out,
                                     struct tarn_error *err)
{
    const enum tarn_status s =
        tarn_backend_ref()->device_info(host, index, out, err);
    out->digests = true;
    return s;
}

static enum tarn_status weight_notes_head(struct tarn_dev *dev,
                                          const struct tarn_tensor *t,
                                          struct tarn_weight **out,
                                          struct tarn_error *err)
{
    if (!strcmp(t->name, "head"))
        head_rows = (uint32_t)t->ge[1];
    return tarn_backend_ref()->weight(dev, t, out, err);
}

static void spoil(struct tarn_digest *d)
{
    if (mistake == SHORT && d->n_best > 1)
        d->n_best--;
    for (uint32_t i = 1; i < d->n_best && mistake == WRONG_TIES; i++)
        if (!(d->best_logits[i] < d->best_logits[i - 1])) {
            const int32_t id = d->best_ids[i];
            d->best_ids[i] = d->best_ids[i - 1];
            d->best_ids[i - 1] = id;
        }
    if (mistake == WRONG_SUMS)
        d->entropy += 1e-5;
    if (mistake == NO_NAN && d->log_sum_exp != d->log_sum_exp)
        d->log_sum_exp = 0;
}

static enum tarn_status run_digests(struct tarn_prepared *p,
                                    const struct tarn_batch *b,
                                    struct tarn_error *err)
{
    static float logits[5 * 5000];
    struct tarn_batch own = *b;
    uint32_t n = 0;
    if (!b->logits)
        own.logits = logits;
    const enum tarn_status s = tarn_backend_ref()->run(p, &own, err);
    for (uint32_t i = 0; i < b->n_rows && !s && !b->logits; i++)
        if (b->rows[i].flags & TARN_ROW_LOGITS) {
            struct tarn_digest *d = &b->digests[n];
            tarn_digest_row(d, logits + (size_t)n++ * head_rows, head_rows);
            spoil(d);
        }
    return s;
}

static void test_wrong_digests_are_found_out(void)
{
    struct tarn_backend b = *tarn_backend_ref();
    struct conf_arena arena = { .host = &bench.host };
    struct conf_side side = { .backend = &b };
    b.device_info = info_digests;
    b.weight = weight_notes_head;
    b.run = run_digests;
    conf_watch_init(&side.watch, &bench.host);
    CHECK(!b.open(&side.watch.host, 0, &side.dev, &bench.err));
    for (mistake = NONE; mistake < N_MISTAKES; mistake++) {
        const char *why = conf_check_digests(&side, &arena);
        CHECK_SAYS(!why == (mistake == NONE), "mistake %d: %s", (int)mistake,
                   why ? why : "not seen");
        printf("# %s\n", why ? why : "right");
        conf_empty(&arena);
    }
    b.run = tarn_backend_ref()->run; /* promised and refused */
    CHECK(conf_check_digests(&side, &arena) != NULL);
    conf_empty(&arena);
    b.close(side.dev);
}

int main(void)
{
    bench_open(&bench, tarn_backend_ref());
    RUN(test_the_reference_agrees_with_itself);
    RUN(test_a_sample_has_every_step_and_every_type);
    RUN(test_wrong_backends_are_found_out);
    RUN(test_other_devices_are_held_to_the_tolerance);
    RUN(test_wrong_digests_are_found_out);
    bench_close(&bench);
    return tap_end();
}
