/* corpus.c - answers bound by schemas, for another program to judge.
 *
 *   schema_corpus MODEL SCHEMAS.jsonl SEED N TOKENS
 *
 * Prints a line {"schema":i,"seed":s,"answer":"...","reason":"end"} for every
 * schema and each of N seeds, at temperature 2 with nothing cut.  A model
 * without a chat layout gets ids alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/tarn.h"
#include "core/text/value.h"

/* The build of the cpu backend for any processor: sooner than ref. */
const struct tarn_backend *WORLD_BACKEND(void);

struct world {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    struct tarn_error err;
};

static bool open_world(struct world *w, const char *path)
{
    static const struct tarn_backend *backends[1];
    backends[0] = WORLD_BACKEND();
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 2 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 256,
                                      .max_rows = 32, .n_sequences = 16 };
    *w = (struct world){ 0 };
    return !tarn_runtime_create(&ro, &w->rt, &w->err) &&
           !tarn_model_open(w->rt, path, NULL, &w->model, &w->err) &&
           !tarn_engine_create(w->model, &eo, &w->engine, &w->err);
}

static void print_answer(size_t schema, uint64_t seed,
                         const struct tarn_buf *answer,
                         const struct tarn_event *end)
{
    struct tarn_buf b = { 0 };
    tarn_buf_printf(&b, "{\"schema\":%zu,\"seed\":%llu,\"answer\":", schema,
                    (unsigned long long)seed);
    tarn_json_add_string(&b, answer->data ? answer->data : "", answer->size,
                         false);
    tarn_buf_text(&b, ",\"reason\":");
    const char *reason = end->error ? end->error->text
                                    : tarn_stop_name(end->summary->reason);
    tarn_json_add_string(&b, reason, strlen(reason), false);
    tarn_buf_text(&b, "}\n");
    fwrite(b.data, 1, b.size, stdout);
    tarn_buf_finish(&b);
}

/* All turns at once; the engine runs as many as it has sequences. */
static bool run_all(struct world *w, const char *schema, size_t number,
                    uint64_t seed, uint32_t n, int32_t tokens)
{
    struct tarn_buf answers[64] = { { 0 } };
    tarn_turn_id turns[64];
    const int32_t prompt[] = { 0, 1, 2, 3 };
    for (uint32_t i = 0; i < n; i++) {
        struct tarn_sampling set = { .size = sizeof set, .temperature = 2,
                                     .top_p = 1, .typical_p = 1,
                                     .repeat_penalty = 1, .seed = seed + i };
        struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &set,
                                         .max_tokens = tokens,
                                         .thought_budget = 8,
                                         .json_schema = schema };
        if (tarn_turn_start_ids(w->engine, prompt, 4, &opt, &turns[i],
                                &w->err))
            return false;
    }
    struct tarn_event ev;
    for (uint32_t left = n; left > 0;) {
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev))
            for (uint32_t i = 0; i < n; i++) {
                if (turns[i] != ev.turn)
                    continue;
                if (ev.kind == TARN_EV_TEXT && ev.span == TARN_SPAN_ANSWER)
                    tarn_buf_add(&answers[i], ev.text, ev.text_size);
                if (ev.kind == TARN_EV_END) {
                    print_answer(number, seed + i, &answers[i], &ev);
                    tarn_buf_finish(&answers[i]);
                    left--;
                }
            }
    }
    return true;
}

/* {"name":...,"schema":...}: the schema alone, as text. */
static bool schema_of(const char *line, size_t size, struct tarn_buf *out)
{
    struct tarn_json *doc = NULL;
    const bool good = tarn_json_read(line, size, &doc, NULL) == TARN_OK;
    if (good)
        tarn_value_add(out, tarn_json_get(doc, "schema"), TARN_VALUE_JSON);
    tarn_json_free(doc);
    return good && !out->failed;
}

int main(int argc, char **argv)
{
    struct world w;
    char *text = NULL;
    size_t size = 0, number = 0;
    if (argc < 6)
        return 2;
    const uint64_t seed = strtoull(argv[3], NULL, 10);
    const uint32_t n = (uint32_t)strtoul(argv[4], NULL, 10);
    const int32_t tokens = (int32_t)strtol(argv[5], NULL, 10);
    bool good = n <= 64 && open_world(&w, argv[1]) &&
                !tarn_file_read(argv[2], 1 << 20, &text, &size, &w.err);
    for (char *line = text; good && line && *line; number++) {
        struct tarn_buf schema = { 0 };
        char *end = strchr(line, '\n');
        const size_t length = end ? (size_t)(end - line) : strlen(line);
        good = schema_of(line, length, &schema) &&
               run_all(&w, schema.data, number, seed, n, tokens);
        tarn_buf_finish(&schema);
        line = end ? end + 1 : NULL;
    }
    if (!good)
        fprintf(stderr, "schema %zu: %s\n", number, w.err.text);
    tarn_text_free(text);
    tarn_engine_destroy(w.engine);
    tarn_model_close(w.model);
    tarn_runtime_destroy(w.rt);
    return good ? 0 : 1;
}
