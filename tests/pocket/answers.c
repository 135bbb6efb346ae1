/* answers.c - many chats in, one answer each out, with the model loaded once.
 *
 *   answers MODEL.gguf [TEMPERATURE TOP_K REPEAT_PENALTY SEED] <chats >answers
 *
 * A line of input is {"messages": [...], "tools": TEXT, "budget": N}; tools (a
 * JSON array as a text) and budget (tokens of thought) may be missing.  With
 * "ids" it is exactly these tokens, and messages are not looked at.  A line of
 * output: thought, answer, calls, stop, tokens, loops.  Without sampling
 * settings those of the file hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/ref/ref.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/tarn.h"

#define MAX_LINE (1u << 20)
#define MAX_TOKENS 1200

#if defined(CPU_IS_avx2)
const struct tarn_backend *tarn_backend_cpu_avx2(void);
#endif
const struct tarn_backend *tarn_backend_cpu_base(void);

/* Every build gives the same bits; this one is only quicker. */
static const struct tarn_backend *quickest(void)
{
#if defined(CPU_IS_avx2)
    return __builtin_cpu_supports("avx2") ? tarn_backend_cpu_avx2()
                                          : tarn_backend_ref();
#else
    return tarn_backend_cpu_base();
#endif
}

struct world {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    struct tarn_sampling sampling;
};

struct told {
    struct tarn_buf thought, answer, calls;
    struct tarn_turn_summary sum;
    struct tarn_error error;
    bool ended;
};

static enum tarn_status open_world(struct world *w, const char *path,
                                   struct tarn_error *err)
{
    static const struct tarn_backend *backends[1];
    backends[0] = quickest();
    struct tarn_runtime_options ro = {
        .size = sizeof ro, .backends = backends, .n_backends = 1, .threads = 1
    };
    struct tarn_engine_options eo = {
        .size = sizeof eo, .n_context = 2048, .max_rows = 256, .n_sequences = 1
    };
    enum tarn_status s = tarn_runtime_create(&ro, &w->rt, err);
    if (!s)
        s = tarn_model_open(w->rt, path, NULL, &w->model, err);
    if (!s)
        s = tarn_engine_create(w->model, &eo, &w->engine, err);
    return s;
}

static void take(struct told *t, const struct tarn_event *ev)
{
    struct tarn_buf *b = &t->answer;
    switch ((enum tarn_event_kind)ev->kind) {
    case TARN_EV_TEXT:
        if (ev->span == TARN_SPAN_THOUGHT)
            b = &t->thought;
        tarn_buf_add(b, ev->text, ev->text_size);
        break;
    case TARN_EV_CALL:
        tarn_buf_add(&t->calls, ev->text, ev->text_size);
        break;
    case TARN_EV_WITHDRAWN:
        if (ev->span == TARN_SPAN_THOUGHT && ev->done < t->thought.size)
            t->thought.size = (size_t)ev->done;
        break;
    case TARN_EV_WAS_THOUGHT:
        tarn_buf_add(&t->thought, t->answer.data, t->answer.size);
        tarn_buf_clear(&t->answer);
        break;
    case TARN_EV_END:
        t->sum = *ev->summary;
        if (ev->error)
            t->error = *ev->error;
        t->ended = true;
        break;
    case TARN_EV_READING:
    case TARN_EV_SPAN:
    case TARN_EV_TOKEN:
    case TARN_EV_SPAN_END:
    case TARN_EV_NOTICE:
        break;
    }
}

static void add_text(struct tarn_buf *b, const char *key,
                     const struct tarn_buf *v)
{
    tarn_buf_printf(b, "\"%s\":", key);
    tarn_json_add_string(b, v->data ? v->data : "", v->size, true);
}

static void print(const struct told *t)
{
    struct tarn_buf b = { 0 };
    tarn_buf_byte(&b, '{');
    add_text(&b, "thought", &t->thought);
    tarn_buf_byte(&b, ',');
    add_text(&b, "answer", &t->answer);
    tarn_buf_byte(&b, ',');
    add_text(&b, "calls", &t->calls);
    tarn_buf_printf(&b,
                    ",\"stop\":\"%s\",\"thought_tokens\":%u,\"tokens\":%u,"
                    "\"loops\":%u}",
                    tarn_stop_name(t->sum.reason), t->sum.n_thought,
                    t->sum.n_total, t->sum.n_loops);
    puts(b.failed ? "{}" : b.data);
    tarn_buf_finish(&b);
}

static enum tarn_status start_ids(struct world *w, const struct tarn_json *ids,
                                  const struct tarn_turn_options *opt,
                                  struct tarn_error *err)
{
    static int32_t at[2048];
    size_t n = 0;
    tarn_turn_id id;
    for (const struct tarn_json *v = ids->first; v && n < 2048; v = v->next) {
        int64_t x = 0;
        tarn_json_i64(v, &x);
        at[n++] = (int32_t)x;
    }
    return tarn_turn_start_ids(w->engine, at, n, opt, &id, err);
}

static enum tarn_status answer(struct world *w, const char *line, size_t size,
                               struct tarn_error *err)
{
    struct tarn_json *doc = NULL;
    struct tarn_chat *chat = NULL;
    struct told t = { 0 };
    enum tarn_status s = tarn_json_read(line, size, &doc, err);
    if (!s)
        s = tarn_chat_from_json(line, size, &chat, err);
    if (!s) {
        const struct tarn_json *tools = tarn_json_get(doc, "tools");
        int64_t budget = 0;
        tarn_json_i64(tarn_json_get(doc, "budget"), &budget);
        struct tarn_turn_options opt = {
            .size = sizeof opt,
            .sampling = &w->sampling,
            .max_tokens = MAX_TOKENS,
            .thought_budget = (int32_t)budget,
            .tools_json = tools ? tools->text : NULL,
        };
        const struct tarn_json *ids = tarn_json_get(doc, "ids");
        tarn_turn_id id;
        s = ids ? start_ids(w, ids, &opt, err)
                : tarn_turn_start(w->engine, chat, &opt, &id, err);
    }
    struct tarn_event ev;
    while (!s && !t.ended) {
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev))
            take(&t, &ev);
    }
    if (!s && t.error.status) {
        *err = t.error;
        s = t.error.status;
    }
    if (!s)
        print(&t);
    tarn_buf_finish(&t.thought);
    tarn_buf_finish(&t.answer);
    tarn_buf_finish(&t.calls);
    tarn_chat_destroy(chat);
    tarn_json_free(doc);
    return s;
}

int main(int argc, char **argv)
{
    static char line[MAX_LINE];
    struct world w = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s = TARN_USAGE;
    if (argc == 2 || argc == 6)
        s = open_world(&w, argv[1], &err);
    if (!s) {
        w.sampling = tarn_model_sampling(w.model);
        w.sampling.seed = 1;
    }
    if (!s && argc == 6) {
        w.sampling.temperature = strtof(argv[2], NULL);
        w.sampling.top_k = atoi(argv[3]);
        w.sampling.repeat_penalty = strtof(argv[4], NULL);
        w.sampling.seed = strtoull(argv[5], NULL, 10);
    }
    while (!s && fgets(line, sizeof line, stdin)) {
        s = answer(&w, line, strlen(line), &err);
        fflush(stdout);
    }
    if (s)
        fprintf(stderr, "answers: %s\n",
                err.text[0] ? err.text : "see the head of answers.c");
    tarn_engine_destroy(w.engine);
    tarn_model_close(w.model);
    tarn_runtime_destroy(w.rt);
    return (int)s;
}
