/* memory_test.c - E01: every allocation from opening a model to the end of a
 * turn fails once, and from there on; each time a sentence, nothing leaks, and
 * a run without faults afterwards says what it said before.
 *
 *   memory_test MODEL.gguf
 */
#include <stdlib.h>

#include "backends/ref/ref.h"
#include "core/base/memory.h"
#include "core/tarn.h"
#include "tests/tap.h"

static const char *path;
static int32_t want[8];

/* The whole life of one answer of 4 tokens.  ids: what was drawn. */
static enum tarn_status life(int32_t *ids, struct tarn_error *err)
{
    static const struct tarn_backend *backends[1];
    backends[0] = tarn_backend_ref();
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 1 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 128,
                                      .max_rows = 32, .n_sequences = 2 };
    struct tarn_sampling greedy = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &greedy,
                                     .max_tokens = 4 };
    struct tarn_runtime *rt = NULL;
    struct tarn_model *model = NULL;
    struct tarn_engine *engine = NULL;
    struct tarn_chat *chat = NULL;
    tarn_message_id id;
    tarn_turn_id turn;
    greedy.temperature = 0;
    enum tarn_status s = tarn_runtime_create(&ro, &rt, err);
    if (!s)
        s = tarn_model_open(rt, path, NULL, &model, err);
    if (!s)
        s = tarn_engine_create(model, &eo, &engine, err);
    if (!s)
        s = tarn_chat_create(&chat, err);
    if (!s)
        s = tarn_chat_add(chat, TARN_USER, "Hi", 2, &id, err);
    if (!s)
        s = tarn_turn_start(engine, chat, &opt, &turn, err);
    for (bool ended = s != TARN_OK; !ended;) {
        struct tarn_event ev;
        int n = 0;
        tarn_engine_step(engine);
        while (tarn_engine_next_event(engine, &ev)) {
            if (ev.kind == TARN_EV_TOKEN && n < 8)
                ids[n++] = ev.id;
            if (ev.kind == TARN_EV_END && ev.error) {
                *err = *ev.error;
                s = ev.error->status;
            } else if (ev.kind == TARN_EV_END &&
                       ev.summary->reason == TARN_STOP_CANCELLED) {
                s = tarn_fail(err, TARN_NO_MEMORY,
                              "the answer was stopped: no memory");
            }
            ended |= ev.kind == TARN_EV_END;
        }
    }
    tarn_chat_destroy(chat);
    tarn_engine_destroy(engine);
    tarn_model_close(model);
    tarn_runtime_destroy(rt);
    return s;
}

static void check_mode(bool all)
{
    int32_t ids[8] = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    uint64_t k = 0, refused = 0;
    for (bool done = false; !done && k < 100000; k++) {
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
    CHECK_SAYS(refused > 30, "only %llu", (unsigned long long)refused);
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
    CHECK(!life(want, &err));
    RUN(test_e01_any_allocation_may_fail_once);
    RUN(test_e01_all_allocations_may_fail_from_one_on);
    return tap_end();
}
