/* memory_test.c - E01: every allocation from opening a model to closing it
 * fails once, and from there on; between lie answers, a branch, a rewind, a
 * saved state and its load.  Each time a sentence, nothing leaks, and a run
 * without faults afterwards says what it said before.
 *
 *   memory_test MODEL.gguf [EVERY]      (every EVERY-th allocation; default: all)
 */
#include <stdlib.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/tarn.h"
#include "tests/tap.h"

#define MOST 24

const struct tarn_backend *WORLD_BACKEND(void);

static const char *path;
static char state_path[] = "/tmp/tarn-memory-test-XXXXXX";
static uint64_t every = 1;

struct life {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    struct tarn_chat *chat;
    int32_t ids[MOST]; /* of all turns */
    int n;
    struct tarn_error *err;
};
static int32_t want[MOST];

static enum tarn_status open_life(struct life *l)
{
    static const struct tarn_backend *backends[1];
    backends[0] = WORLD_BACKEND();
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 1 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 128,
                                      .max_rows = 32, .n_sequences = 2 };
    enum tarn_status s = tarn_runtime_create(&ro, &l->rt, l->err);
    if (!s)
        s = tarn_model_open(l->rt, path, NULL, &l->model, l->err);
    if (!s)
        s = tarn_engine_create(l->model, &eo, &l->engine, l->err);
    if (!s)
        s = tarn_chat_create(&l->chat, l->err);
    return s;
}

static void close_life(struct life *l)
{
    tarn_chat_destroy(l->chat);
    tarn_engine_destroy(l->engine);
    tarn_model_close(l->model);
    tarn_runtime_destroy(l->rt);
}

static enum tarn_status run_turn(struct life *l, int n,
                                 const int32_t *begin, size_t n_begin)
{
    struct tarn_sampling greedy = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &greedy,
                                     .max_tokens = n, .begin = begin,
                                     .n_begin = n_begin };
    tarn_turn_id turn;
    greedy.temperature = 0;
    enum tarn_status s = tarn_turn_start(l->engine, l->chat, &opt, &turn,
                                         l->err);
    for (bool ended = s != TARN_OK; !ended;) {
        struct tarn_event ev;
        tarn_engine_step(l->engine);
        while (tarn_engine_next_event(l->engine, &ev)) {
            if (ev.kind == TARN_EV_TOKEN && l->n < MOST)
                l->ids[l->n++] = ev.id;
            if (ev.kind == TARN_EV_END && ev.error) {
                *l->err = *ev.error;
                s = ev.error->status;
            } else if (ev.kind == TARN_EV_END &&
                       ev.summary->reason == TARN_STOP_CANCELLED) {
                s = tarn_fail(l->err, TARN_NO_MEMORY,
                              "the answer was stopped: no memory");
            }
            ended |= ev.kind == TARN_EV_END;
        }
    }
    return s;
}

/* Eight tokens, a branch of four, and back to the third token of the first. */
static enum tarn_status talk(struct life *l)
{
    tarn_message_id id = 0;
    enum tarn_status s = tarn_chat_add(l->chat, TARN_USER, "Hi", 2, &id, l->err);
    if (!s)
        s = run_turn(l, 8, NULL, 0);
    const int32_t branch[2] = { l->ids[0], l->ids[2] };
    if (!s)
        s = tarn_chat_select(l->chat, id, l->err);
    if (!s)
        s = run_turn(l, 4, branch, 2);
    if (!s)
        s = tarn_chat_select(l->chat, id, l->err);
    return s ? s : run_turn(l, 6, l->ids, 3);
}

static enum tarn_status life(int32_t *ids, struct tarn_error *err)
{
    struct life l = { .err = err };
    struct tarn_chat *again = NULL;
    enum tarn_status s = open_life(&l);
    if (!s)
        s = talk(&l);
    if (!s)
        s = tarn_state_save(l.engine, l.chat, state_path, err);
    if (!s)
        s = tarn_state_load(l.engine, state_path, &again, err);
    tarn_chat_destroy(again);
    close_life(&l);
    memcpy(ids, l.ids, sizeof l.ids);
    return s;
}

static void check_mode(bool all)
{
    int32_t ids[MOST] = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    uint64_t k = 0, refused = 0;
    for (bool done = false; !done && k < 1000000; k += every) {
        int64_t held = tarn_memory_held();
        uint64_t before = tarn_memory_count();
        err = (struct tarn_error){ TARN_OK, "" };
        tarn_memory_fail_at(k + 1, all);
        enum tarn_status s = life(ids, &err);
        tarn_memory_fail_at(0, false);
        done = tarn_memory_count() - before <= k; /* it was never reached */
        CHECK_SAYS(tarn_memory_held() == held, "allocation %llu leaks",
                   (unsigned long long)k + 1);
        CHECK_SAYS(s == TARN_OK || s == TARN_NO_MEMORY,
                   "allocation %llu gives %d: %s", (unsigned long long)k + 1, s,
                   err.text);
        CHECK_SAYS(s == TARN_OK || err.text[0], "allocation %llu: no sentence",
                   (unsigned long long)k + 1);
        refused += s != TARN_OK;
        CHECK(!done || s == TARN_OK);
    }
    CHECK_SAYS(refused > 30 / every, "only %llu", (unsigned long long)refused);
    CHECK(!life(ids, &err) && !memcmp(ids, want, sizeof want));
    printf("# %llu allocations\n", (unsigned long long)k);
}

static void test_e01_any_allocation_may_fail_once(void)
{
    check_mode(false);
}

static void test_e01_all_allocations_may_fail_from_one_on(void)
{
    check_mode(true);
}

int main(int argc, char **argv)
{
    struct tarn_error err = { TARN_OK, "" };
    path = argc > 1 ? argv[1] : "model.gguf";
    every = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    const int fd = mkstemp(state_path);
    if (fd < 0)
        return 1;
    close(fd);
    CHECK_SAYS(!life(want, &err), "%s", err.text);
    RUN(test_e01_any_allocation_may_fail_once);
    RUN(test_e01_all_allocations_may_fail_from_one_on);
    unlink(state_path);
    return tap_end();
}
