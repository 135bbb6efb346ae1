/* form_test.c - a turn whose answer must fit a schema: the thought is free,
 * the answer whole, calls fit their tools.
 *
 *   form_test pocket.gguf */
#include "backends/backend.h"
#include "core/base/json.h"
#include "core/tarn.h"
#include "core/turn/builtin.h"
#include "tests/tap.h"

/* The build of the cpu backend for any processor: sooner than ref. */
const struct tarn_backend *WORLD_BACKEND(void);

static const char *model_path;
static const char SCHEMA[] =
    "{\"type\":\"object\",\"properties\":{\"sum\":{\"type\":\"integer\"},"
    "\"words\":{\"type\":\"string\"}},\"required\":[\"sum\",\"words\"],"
    "\"additionalProperties\":false}";

struct world {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
};

struct told {
    char thought[4096], answer[4096], call[4096];
    int32_t first; /* id of the first token */
    uint32_t n;
    struct tarn_turn_summary sum;
    struct tarn_error error;
};

static bool open_world(struct world *w)
{
    static const struct tarn_backend *backends[1];
    backends[0] = WORLD_BACKEND();
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 2 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 512 };
    *w = (struct world){ 0 };
    const bool good =
        !tarn_runtime_create(&ro, &w->rt, &err) &&
        !tarn_model_open(w->rt, model_path, NULL, &w->model, &err) &&
        !tarn_engine_create(w->model, &eo, &w->engine, &err);
    CHECK_SAYS(good, "%s", err.text);
    return good;
}

static void close_world(struct world *w)
{
    tarn_engine_destroy(w->engine);
    tarn_model_close(w->model);
    tarn_runtime_destroy(w->rt);
}

static void add(char *to, const struct tarn_event *ev)
{
    const size_t n = strlen(to);
    if (n + ev->text_size < 4096) {
        memcpy(to + n, ev->text, ev->text_size);
        to[n + ev->text_size] = 0;
    }
}

static enum tarn_status ask(struct world *w, const char *question,
                            const struct tarn_turn_options *opt,
                            struct told *t)
{
    struct tarn_chat *chat = NULL;
    tarn_turn_id turn;
    struct tarn_event ev;
    *t = (struct told){ .answer = "" };
    CHECK(!tarn_chat_create(&chat, NULL));
    CHECK(!tarn_chat_add(chat, TARN_USER, question, strlen(question), NULL,
                         NULL));
    enum tarn_status s =
        tarn_turn_start(w->engine, chat, opt, &turn, &t->error);
    for (bool ended = s != TARN_OK; !ended;) {
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev)) {
            if (ev.kind == TARN_EV_TEXT)
                add(ev.span == TARN_SPAN_THOUGHT ? t->thought : t->answer, &ev);
            if (ev.kind == TARN_EV_TOKEN && !t->n++)
                t->first = ev.id;
            if (ev.kind == TARN_EV_CALL)
                add(t->call, &ev);
            if (ev.kind == TARN_EV_END) {
                ended = true;
                t->sum = *ev.summary;
                if (ev.error)
                    t->error = *ev.error;
            }
        }
    }
    tarn_chat_destroy(chat);
    return s;
}

static bool is_the_object(const char *answer)
{
    struct tarn_json *doc = NULL;
    int64_t sum;
    const bool good =
        tarn_json_read(answer, strlen(answer), &doc, NULL) == TARN_OK &&
        doc->n == 2 && tarn_json_i64(tarn_json_get(doc, "sum"), &sum) &&
        tarn_json_get(doc, "words")->kind == TARN_JSON_STRING;
    tarn_json_free(doc);
    return good;
}

static void test_the_thought_is_free_and_the_answer_fits(void)
{
    struct world w;
    struct told free, bound;
    struct tarn_turn_options opt = { .size = sizeof opt, .max_tokens = 200 };
    if (!open_world(&w))
        return;
    ask(&w, "What is 17 + 25?", &opt, &free);
    opt.json_schema = SCHEMA;
    ask(&w, "What is 17 + 25?", &opt, &bound);
    CHECK_SAYS(!strcmp(free.thought, bound.thought) && bound.thought[0], "%s",
               bound.thought);
    CHECK_SAYS(is_the_object(bound.answer), "%s", bound.answer);
    CHECK(!is_the_object(free.answer));
    close_world(&w);
}

/* However few tokens there are: whole, or refused before. */
static void test_the_answer_is_whole_when_tokens_run_out(void)
{
    struct world w;
    struct told t;
    struct tarn_sampling hot = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &hot,
                                     .json_schema = SCHEMA };
    size_t refused = 0;
    if (!open_world(&w))
        return;
    hot.temperature = 2;
    hot.top_k = 0;
    for (int32_t n = 10; n <= 100; n += 30) {
        opt.max_tokens = n;
        hot.seed = (uint64_t)n;
        if (ask(&w, "What is 123456 + 654321?", &opt, &t)) {
            CHECK_SAYS(t.error.status == TARN_LIMIT, "%s", t.error.text);
            refused++;
            continue;
        }
        CHECK_SAYS(is_the_object(t.answer), "%d: %s %s", n, t.answer,
                   t.error.text);
        CHECK(t.sum.n_total <= (uint32_t)n);
    }
    CHECK_SAYS(refused > 0 && refused < 3, "%zu", refused);
    close_world(&w);
}

/* As hot as this any token is as likely as any other, and those that end a
 * turn come in a thought as well. */
static void test_no_turn_ends_in_the_thought_before_its_answer(void)
{
    struct world w;
    struct told t;
    struct tarn_sampling hot = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .max_tokens = 300 };
    size_t in_thought[2] = { 0 };
    if (!open_world(&w))
        return;
    CHECK(!ask(&w, "What is 17 + 25?", &opt, &t) && t.thought[0]);
    const int32_t think = t.first;
    hot.temperature = 100;
    hot.top_k = 0;
    opt.sampling = &hot;
    opt.begin = &think;
    opt.n_begin = 1;
    for (int bound = 0; bound < 2; bound++) {
        opt.json_schema = bound ? SCHEMA : NULL;
        for (hot.seed = 1; hot.seed <= 8; hot.seed++) {
            CHECK(!ask(&w, "Hi", &opt, &t));
            CHECK_SAYS(!bound || is_the_object(t.answer), "%s", t.answer);
            in_thought[bound] += !t.answer[0];
        }
    }
    CHECK_SAYS(in_thought[0] > 0 && in_thought[1] == 0, "%zu, %zu",
               in_thought[0], in_thought[1]);
    close_world(&w);
}

static void test_any_json(void)
{
    struct world w;
    struct told t;
    struct tarn_json *doc = NULL;
    struct tarn_turn_options opt = { .size = sizeof opt, .max_tokens = 120,
                                     .json_schema = "" };
    if (!open_world(&w))
        return;
    CHECK(!ask(&w, "What is 17 + 25?", &opt, &t));
    CHECK_SAYS(!tarn_json_read(t.answer, strlen(t.answer), &doc, NULL), "%s",
               t.answer);
    tarn_json_free(doc);
    close_world(&w);
}

static void test_a_wrong_schema_is_refused_at_once(void)
{
    struct world w;
    struct told t;
    struct tarn_turn_options opt = { .size = sizeof opt,
                                     .json_schema = "{\"oneOf\":[]}" };
    if (!open_world(&w))
        return;
    CHECK(ask(&w, "Hi", &opt, &t) == TARN_USAGE);
    CHECK_SAYS(strstr(t.error.text, "oneOf"), "%s", t.error.text);
    opt.json_schema = NULL;
    opt.max_tokens = 50;
    CHECK(!ask(&w, "What is 1 + 1?", &opt, &t) && t.answer[0]);
    close_world(&w);
}

/* A hot model writes nonsense, but between the markers only what fits. */
static void test_calls_fit_while_they_are_written(void)
{
    struct world w;
    struct told t;
    struct tarn_sampling hot = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .max_tokens = 150,
                                     .sampling = &hot,
                                     .tools_json = tarn_builtin_tools() };
    size_t n = 0;
    if (!open_world(&w))
        return;
    hot.temperature = 1.2f;
    hot.top_k = 0;
    for (hot.seed = 1; hot.seed <= 3; hot.seed++) {
        CHECK(!ask(&w, "What is 347 * 26?", &opt, &t));
        if (!t.call[0])
            continue;
        n++;
        CHECK_SAYS(!strncmp(t.call, "[calculator(expression=", 23) ||
                       !strncmp(t.call, "[clock()", 8) || t.call[0] == '{' ||
                       t.call[1] == '{',
                   "%s", t.call);
    }
    CHECK_SAYS(n > 0, "%zu", n);
    close_world(&w);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "models/pocket/pocket.gguf";
    RUN(test_the_thought_is_free_and_the_answer_fits);
    RUN(test_the_answer_is_whole_when_tokens_run_out);
    RUN(test_no_turn_ends_in_the_thought_before_its_answer);
    RUN(test_any_json);
    RUN(test_a_wrong_schema_is_refused_at_once);
    RUN(test_calls_fit_while_they_are_written);
    return tap_end();
}
