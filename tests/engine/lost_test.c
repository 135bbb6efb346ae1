/* lost_test.c - G21: the model's file is cut between two tokens.  The turn
 * ends with a sentence, another model goes on, and what it says is what it
 * says without the accident.
 *
 *   lost_test MODEL.gguf      (a model with a chat layout; pocket in meson)
 */
#include <stdlib.h>
#include <unistd.h>

#include "backends/ref/ref.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/tarn.h"
#include "tests/tap.h"

enum { MOST = 12 };
static const char *model_path;
static char copy[] = "/tmp/tarn-lost-test-XXXXXX.gguf";

struct world {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    struct tarn_chat *chat;
    tarn_message_id question;
    int32_t ids[MOST];
    int n;
    bool ended;
    struct tarn_error error;
};

static void open_world(struct world *w, const char *path)
{
    static const struct tarn_backend *backends[1];
    backends[0] = tarn_backend_ref();
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 2 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 256,
                                      .max_rows = 32 };
    *w = (struct world){ 0 };
    CHECK_SAYS(!tarn_runtime_create(&ro, &w->rt, &err) &&
                   !tarn_model_open(w->rt, path, NULL, &w->model, &err) &&
                   !tarn_engine_create(w->model, &eo, &w->engine, &err) &&
                   !tarn_chat_create(&w->chat, &err) &&
                   !tarn_chat_add(w->chat, TARN_USER, "Hi", 2, &w->question,
                                  &err),
               "%s", err.text);
}

static void close_world(struct world *w)
{
    tarn_chat_destroy(w->chat);
    tarn_engine_destroy(w->engine);
    tarn_model_close(w->model);
    tarn_runtime_destroy(w->rt);
}

static void start(struct world *w)
{
    struct tarn_sampling greedy = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &greedy,
                                     .max_tokens = MOST };
    tarn_turn_id turn;
    greedy.temperature = 0;
    w->n = 0;
    w->ended = false;
    CHECK(!tarn_chat_select(w->chat, w->question, NULL));
    CHECK(!tarn_turn_start(w->engine, w->chat, &opt, &turn, NULL));
}

/* Until n tokens are there or the turn has ended. */
static void go_on(struct world *w, int n)
{
    for (int step = 0; step < 1000 && !w->ended && w->n < n; step++) {
        struct tarn_event ev;
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev)) {
            if (ev.kind == TARN_EV_TOKEN && w->n < MOST)
                w->ids[w->n++] = ev.id;
            if (ev.kind == TARN_EV_END) {
                w->ended = true;
                w->error = ev.error ? *ev.error : (struct tarn_error){ 0 };
            }
        }
    }
}

static void make_copy(void)
{
    char *bytes = NULL;
    size_t size = 0;
    CHECK(!tarn_file_read(model_path, 64 << 20, &bytes, &size, NULL) &&
          !tarn_file_write(copy, bytes, size, NULL));
    tarn_free(bytes);
}

static void check_sentence(const struct world *w)
{
    CHECK_SAYS(w->ended && w->error.status == TARN_IO &&
                   strstr(w->error.text, ".gguf: was changed while in use"),
               "%d: %s", (int)w->error.status, w->error.text);
}

static void test_g21_cut_file_ends_the_turn_and_nothing_else(void)
{
    struct world a, b;
    int32_t want[MOST];
    make_copy();
    open_world(&a, copy);
    open_world(&b, model_path);
    start(&b);
    go_on(&b, MOST + 1);
    CHECK(b.ended && b.error.status == TARN_OK && b.n > 5);
    memcpy(want, b.ids, sizeof want);
    const int n = b.n;
    close_world(&b);

    open_world(&b, model_path);
    start(&a);
    start(&b);
    go_on(&a, 3);
    go_on(&b, 3);
    CHECK(a.n == 3 && !memcmp(a.ids, want, 3 * sizeof *want));
    CHECK(truncate(copy, 8192) == 0);
    go_on(&a, MOST + 1);
    check_sentence(&a);
    CHECK(a.n == 3); /* nothing of the lost step was told */
    go_on(&b, MOST + 1);
    CHECK(b.ended && b.error.status == TARN_OK && b.n == n &&
          !memcmp(b.ids, want, (size_t)n * sizeof *want));
    /* Another try says the same and does nothing worse. */
    start(&a);
    go_on(&a, MOST + 1);
    check_sentence(&a);
    close_world(&a);
    close_world(&b);
}

static void test_g21_cut_file_in_logits_and_benchmark(void)
{
    struct world a;
    struct tarn_error err = { TARN_OK, "" };
    const int32_t ids[2] = { 1, 2 };
    const uint32_t rows[1] = { 1 };
    make_copy();
    open_world(&a, copy);
    float *logits =
        calloc(tarn_model_info(a.model)->n_vocab, sizeof *logits);
    struct tarn_eval io = { .size = sizeof io, .ids = ids, .n_ids = 2,
                            .rows = rows, .n_rows = 1, .logits = logits };
    struct tarn_bench pass = { .size = sizeof pass, .n_prompt = 2 };
    CHECK(tarn_eval(a.engine, &io, &err) == TARN_OK);
    CHECK(truncate(copy, 8192) == 0);
    CHECK(tarn_eval(a.engine, &io, &err) == TARN_IO);
    CHECK(tarn_engine_bench(a.engine, &pass, &err) == TARN_IO);
    free(logits);
    close_world(&a);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "model.gguf";
    const int fd = mkstemps(copy, 5);
    if (fd < 0)
        return 1;
    close(fd);
    RUN(test_g21_cut_file_ends_the_turn_and_nothing_else);
    RUN(test_g21_cut_file_in_logits_and_benchmark);
    unlink(copy);
    return tap_end();
}
