/* state_test.c - a row's logits depend on its sequence alone, and any position
 * can be returned to exactly.  Bit by bit, for every tiny model.
 *
 *   state_test MODELS_DIR
 */
#include <stdlib.h>

#include "backends/backend.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "core/engine/engine.h"
#include "tests/tap.h"

#define N 40u       /* tokens */

/* The cpu backend's build for any processor of this kind. */
const struct tarn_backend *WORLD_BACKEND(void);

static const char *folder;
static const char *const NAMES[] = { "dense-f32", "dense-k", "dense-legacy",
                                     "dense-q4_0", "moe-f32", "moe-iq",
                                     "moe-k", "moe-mx" };

struct bench {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    uint32_t n_vocab;
    int32_t ids[N];
    float *want; /* [N][n_vocab], all in one batch */
    float *got;
};

static int32_t id_at(const struct bench *b, uint32_t i, uint32_t salt)
{
    return (int32_t)((i * 2654435761u + salt * 40503u + 7) % (b->n_vocab - 40));
}

static bool open_bench(struct bench *b, const char *name, uint32_t max_rows,
                       uint32_t threads)
{
    static const struct tarn_backend *backends[1];
    backends[0] = WORLD_BACKEND();
    char path[512];
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = threads };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 64,
                                      .max_rows = max_rows,
                                      .n_sequences = 8 };
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    *b = (struct bench){ 0 };
    if (tarn_runtime_create(&ro, &b->rt, &err) ||
        tarn_model_open(b->rt, path, NULL, &b->model, &err) ||
        tarn_engine_create(b->model, &eo, &b->engine, &err)) {
        CHECK_SAYS(false, "%s: %s", name, err.text);
        return false;
    }
    b->n_vocab = tarn_model_info(b->model)->n_vocab;
    b->want = calloc((size_t)N * b->n_vocab, sizeof(float));
    b->got = calloc((size_t)N * b->n_vocab, sizeof(float));
    for (uint32_t i = 0; i < N; i++)
        b->ids[i] = id_at(b, i, 0);
    return b->want && b->got;
}

static void close_bench(struct bench *b)
{
    if (b->engine)
        tarn_engine_destroy(b->engine);
    tarn_model_close(b->model);
    tarn_runtime_destroy(b->rt);
    free(b->want);
    free(b->got);
}

static void eval_all(struct bench *b, float *out)
{
    uint32_t rows[N];
    struct tarn_error err = { TARN_OK, "" };
    for (uint32_t i = 0; i < N; i++)
        rows[i] = i;
    struct tarn_eval io = { .size = sizeof io, .ids = b->ids, .n_ids = N,
                            .rows = rows, .n_rows = N, .logits = out };
    CHECK_SAYS(!tarn_eval(b->engine, &io, &err), "%s", err.text);
}

static bool same(const struct bench *b, uint32_t row, const float *logits)
{
    return !memcmp(b->want + (size_t)row * b->n_vocab, logits,
                   b->n_vocab * sizeof(float));
}

/* Rows [s->tail_at, end) of up to 8 sequences in one run; logits of the last
 * row of each. */
static bool run(struct bench *b, struct tarn_sequence *const *s, uint32_t n,
                const uint32_t *end)
{
    struct tarn_engine *e = b->engine;
    uint32_t n_rows = 0;
    struct tarn_error err = { TARN_OK, "" };
    for (uint32_t k = 0; k < n; k++) {
        if (tarn_seq_reserve(&e->cache, s[k], end[k], &err))
            return false;
        for (uint32_t pos = s[k]->tail_at; pos < end[k]; pos++)
            e->rows[n_rows++] = (struct tarn_row){
                .token = s[k]->ids[pos], .pos = pos, .seq = k,
                .flags = (pos + 1 == end[k] ? (uint32_t)TARN_ROW_LOGITS : 0) |
                         (pos < s[k]->n_kv ? (uint32_t)TARN_ROW_REPLAY : 0) };
        e->seqs[k] = tarn_seq_view(s[k]);
    }
    struct tarn_batch batch = { .size = sizeof batch, .rows = e->rows,
                                .n_rows = n_rows, .seqs = e->seqs,
                                .n_seqs = n, .logits = e->logits };
    if (b->model->backend->run(e->prepared, &batch, &err)) {
        CHECK_SAYS(false, "%s", err.text);
        return false;
    }
    for (uint32_t k = 0; k < n; k++)
        tarn_seq_advance(s[k], end[k]);
    return true;
}

static void check_mixed(const char *name)
{
    struct bench b;
    struct tarn_sequence *s[8];
    uint32_t end[8], none;
    if (!open_bench(&b, name, 512, 2)) {
        close_bench(&b);
        return;
    }
    eval_all(&b, b.want);
    for (uint32_t k = 0; k < 8; k++) { /* 0 is ours, the others are noise */
        int32_t ids[N];
        for (uint32_t i = 0; i < N; i++)
            ids[i] = k ? id_at(&b, i, k) : b.ids[i];
        s[k] = tarn_kv_take(&b.engine->cache, ids, N, NULL, &none);
        tarn_seq_rewind(&b.engine->cache, s[k], 0); /* nothing of before */
        s[k]->n_ids = N;
        end[k] = 0;
    }
    /* Ours by 1 to 5 rows at a time, the others by other numbers. */
    while (end[0] < N) {
        for (uint32_t k = 0; k < 8; k++) {
            uint32_t step = 1 + (end[k] + k) % 5;
            end[k] = end[k] + step < N ? end[k] + step : N;
        }
        for (uint32_t k = 1; k < 8; k++)
            if (end[k] == N) { /* begin again: their rows stay in the mix */
                tarn_seq_rewind(&b.engine->cache, s[k], 0);
                s[k]->n_ids = N;
                end[k] = 2;
            }
        if (!run(&b, s, 8, end))
            break;
        CHECK_SAYS(same(&b, end[0] - 1, b.engine->logits),
                   "%s: position %u", name, end[0] - 1);
    }
    close_bench(&b);
}

static void check_cuts(const char *name)
{
    static const uint32_t CUTS[] = { 1, 7, 17 }, THREADS[] = { 1, 2, 3 };
    struct bench b, c;
    if (open_bench(&b, name, 512, 1)) {
        eval_all(&b, b.want);
        for (int i = 0; i < 3; i++) {
            if (open_bench(&c, name, CUTS[i], THREADS[i])) {
                eval_all(&c, c.got);
                CHECK_SAYS(!memcmp(b.want, c.got, (size_t)N * b.n_vocab *
                                                      sizeof(float)),
                           "%s in pieces of %u", name, CUTS[i]);
            }
            close_bench(&c);
        }
    }
    close_bench(&b);
}

/* E12: from every position p the rest is computed again, over another
 * continuation that was there before. */
static void check_rewind(const char *name)
{
    struct bench b;
    uint32_t none, end = N;
    if (!open_bench(&b, name, 512, 1)) {
        close_bench(&b);
        return;
    }
    eval_all(&b, b.want);
    for (uint32_t p = 1; p < N; p++) {
        struct tarn_kv_cache *c = &b.engine->cache;
        struct tarn_sequence *s = tarn_kv_take(c, b.ids, N, NULL, &none);
        tarn_seq_rewind(c, s, 0);
        memcpy(s->ids, b.ids, sizeof b.ids);
        for (uint32_t i = p; i < N; i++)
            s->ids[i] = id_at(&b, i, 9);
        s->n_ids = N;
        run(&b, &s, 1, &end);
        tarn_seq_rewind(c, s, p);
        if (p > 3) /* twice: what was guessed must not be taken for exact */
            tarn_seq_rewind(c, s, p - 2);
        memcpy(s->ids, b.ids, sizeof b.ids);
        s->n_ids = N;
        CHECK(s->n_kv == (p > 3 ? p - 2 : p));
        run(&b, &s, 1, &end);
        CHECK_SAYS(same(&b, N - 1, b.engine->logits), "%s: rewound to %u",
                   name, p);
        tarn_kv_give(c, s);
    }
    close_bench(&b);
}

#define FOR_ALL(check)                                                        \
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)                 \
    check(NAMES[i])

static void test_rows_do_not_depend_on_other_sequences(void)
{
    FOR_ALL(check_mixed);
}

static void test_batches_and_threads_change_nothing(void)
{
    FOR_ALL(check_cuts);
}

static void test_e12_rewind_is_exact_everywhere(void)
{
    FOR_ALL(check_rewind);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : ".";
    RUN(test_batches_and_threads_change_nothing);
    RUN(test_rows_do_not_depend_on_other_sequences);
    RUN(test_e12_rewind_is_exact_everywhere);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
