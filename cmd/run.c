/* run.c - tarn run: one prompt, one answer, to a pipe. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#if !defined(__wasm__)
#include <unistd.h>
#endif

#include "cmd/cmd.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/trace/trace.h"

#define MAX_PROMPT (64u << 20)

struct run {
    const char *prompt, *system, *trace_path, *schema_path;
    char *schema; /* owned: its text, "" for any JSON; NULL: free */
    int32_t max_tokens, budget;
    uint32_t attempt;
    bool raw, think, json, any_json, terminal, experts;
    struct cmd_common common;
    struct cmd_sampling sampling;

    struct cmd_session ses;
    struct tarn_chat *chat;
    struct tarn_trace *trace; /* NULL: not asked for */
    struct tarn_sampling merged;
    struct tarn_buf thought, answer, calls, call;
    struct tarn_turn_summary sum;
    struct tarn_error failure;
    bool ended;
};

/* ---------------------------------------------------------------- interrupt */
static struct tarn_engine *interrupted_engine;
static volatile sig_atomic_t interrupted; /* the signal */

#if !defined(__wasm__)
static void on_interrupt(int number)
{
    interrupted = number;
    tarn_engine_stop_all(interrupted_engine);
    signal(number, SIG_DFL); /* a second one ends the program at once */
}
#endif

static void catch_interrupt(struct tarn_engine *engine)
{
    interrupted_engine = engine;
#if !defined(__wasm__)
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
#endif
}

/* ------------------------------------------------------------------- prompt */
static enum tarn_status start_chat(struct run *r, const char *text, size_t size,
                                   const struct tarn_turn_options *opt,
                                   tarn_turn_id *turn, struct tarn_error *err)
{
    tarn_message_id id;
    enum tarn_status s = tarn_chat_create(&r->chat, err);
    if (!s && r->system)
        s = tarn_chat_add(r->chat, TARN_SYSTEM, r->system, strlen(r->system),
                          &id, err);
    if (!s)
        s = tarn_chat_add(r->chat, TARN_USER, text, size, &id, err);
    if (!s)
        s = tarn_turn_start(r->ses.engine, r->chat, opt, turn, err);
    return s;
}

/* --raw: the text as it is, behind the beginning-of-text token. */
static enum tarn_status start_raw(struct run *r, const char *text, size_t size,
                                  const struct tarn_turn_options *opt,
                                  tarn_turn_id *turn, struct tarn_error *err)
{
    const struct tarn_text *t = tarn_model_text(r->ses.model);
    int32_t bos = tarn_text_control(t, TARN_CTL_BOS);
    struct tarn_ids ids = { 0 };
    if (bos >= 0)
        tarn_ids_add(&ids, bos);
    enum tarn_status s = tarn_text_encode(t, text, size, &ids, err);
    if (!s && ids.failed)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for the prompt");
    if (!s)
        s = tarn_turn_start_ids(r->ses.engine, ids.at, ids.n, opt, turn, err);
    tarn_ids_finish(&ids);
    return s;
}

static enum tarn_status start(struct run *r, const char *text, size_t size,
                              tarn_turn_id *turn, struct tarn_error *err)
{
    struct tarn_turn_options opt = {
        .size = sizeof opt, .sampling = &r->merged,
        .max_tokens = r->max_tokens, .thought_budget = r->budget,
        .budget_given = true,
        .attempt = r->attempt, .experts = r->experts && r->trace,
        .json_schema = r->schema,
    };
    enum tarn_status s = r->raw ? start_raw(r, text, size, &opt, turn, err)
                                : start_chat(r, text, size, &opt, turn, err);
    return !s && r->trace
               ? tarn_trace_note(r->trace, r->ses.engine, *turn, &opt, err)
               : s;
}

/* ------------------------------------------------------------------- events */
static void show_span(struct run *r, const struct tarn_event *ev)
{
    if (r->json || !r->think || ev->span != TARN_SPAN_THOUGHT)
        return;
    fputs(ev->kind == TARN_EV_SPAN ? "<think>\n" : "\n</think>\n\n", stdout);
}

/* Model output is foreign text: a terminal gets no control characters. */
static void put_text(const struct run *r, const char *text, size_t size)
{
    if (r->terminal)
        cmd_print_foreign(stdout, text, size);
    else
        fwrite(text, 1, size, stdout);
}

static void show_text(struct run *r, const struct tarn_event *ev)
{
    bool thought = ev->span == TARN_SPAN_THOUGHT;
    tarn_buf_add(thought ? &r->thought : &r->answer, ev->text, ev->text_size);
    if (r->json || (thought && !r->think))
        return;
    put_text(r, ev->text, ev->text_size);
    cmd_push(stdout);
}

/* A long call comes in pieces. */
static void take_call(struct run *r, const struct tarn_event *ev)
{
    tarn_buf_add(&r->call, ev->text, ev->text_size);
    if (!r->json) {
        fputs(ev->done == ev->text_size ? "<|tool_call_start|>" : "", stdout);
        put_text(r, ev->text, ev->text_size);
    }
    if (ev->done < ev->total)
        return;
    if (r->calls.size)
        tarn_buf_byte(&r->calls, ',');
    tarn_json_add_string(&r->calls, r->call.data ? r->call.data : "",
                         r->call.size, false);
    r->calls.failed |= r->call.failed;
    tarn_buf_clear(&r->call);
    if (!r->json)
        fputs(ev->cut ? "\n" : "<|tool_call_end|>\n", stdout);
}

static void take_event(struct run *r, const struct tarn_event *ev)
{
    switch ((enum tarn_event_kind)ev->kind) {
    case TARN_EV_SPAN:
    case TARN_EV_SPAN_END:
        show_span(r, ev);
        break;
    case TARN_EV_TEXT:
        show_text(r, ev);
        break;
    case TARN_EV_CALL:
        take_call(r, ev);
        break;
    case TARN_EV_NOTICE:
        fprintf(stderr, "tarn: %s\n", ev->text);
        break;
    case TARN_EV_END:
        r->sum = *ev->summary;
        if (ev->error)
            r->failure = *ev->error;
        r->ended = true;
        break;
    case TARN_EV_WAS_THOUGHT: /* too late for what was printed already */
        tarn_buf_add(&r->thought, r->answer.data, r->answer.size);
        tarn_buf_clear(&r->answer);
        break;
    case TARN_EV_WITHDRAWN:
        if (ev->span == TARN_SPAN_THOUGHT && ev->done < r->thought.size)
            r->thought.size = (size_t)ev->done;
        break;
    case TARN_EV_READING:
    case TARN_EV_TOKEN:
        break;
    }
}

static enum tarn_status begin_trace(struct run *r, struct tarn_error *err)
{
    const struct tarn_model_info *m = tarn_model_info(r->ses.model);
    struct tarn_trace_info info = {
        .size = sizeof info, .model = m->name, .backend = m->backend,
        .model_bytes = m->file_bytes, .n_vocab = m->n_vocab,
        .seed = r->merged.seed, .attempt = r->attempt,
        .unix_ms = tarn_unix_ms(),
    };
    if (r->experts) {
        info.n_moe_layers = m->n_moe_layers;
        info.n_expert = m->n_expert;
        info.n_expert_used = m->n_expert_used;
    }
    return tarn_trace_create(tarn_model_text(r->ses.model), &info, &r->trace,
                             err);
}

static void generate(struct run *r)
{
    struct tarn_event ev;
    while (!r->ended) {
        tarn_engine_step(r->ses.engine);
        while (tarn_engine_next_event(r->ses.engine, &ev)) {
            if (r->trace)
                tarn_trace_take(r->trace, &ev);
            take_event(r, &ev);
        }
    }
}

/* ------------------------------------------------------------------- result */
static double rate(uint32_t n, double ms)
{
    return ms > 0 ? n * 1000.0 / ms : 0;
}

static enum tarn_status print_json(const struct run *r, struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    const struct tarn_turn_summary *s = &r->sum;
    tarn_buf_text(&b, "{\"thought\":");
    tarn_json_add_string(&b, r->thought.data ? r->thought.data : "",
                         r->thought.size, false);
    tarn_buf_text(&b, ",\"answer\":");
    tarn_json_add_string(&b, r->answer.data ? r->answer.data : "",
                         r->answer.size, false);
    tarn_buf_printf(&b, ",\"calls\":[%s]", r->calls.data ? r->calls.data : "");
    tarn_buf_printf(&b, ",\"stop_reason\":\"%s\"", tarn_stop_name(s->reason));
    tarn_buf_printf(&b, ",\"prompt_tokens\":%u,\"thought_tokens\":%u"
                        ",\"answer_tokens\":%u,\"tokens\":%u,\"loops_broken\":%u"
                        ",\"withdrawn\":%u,\"seed\":%llu",
                    s->n_prompt, s->n_thought, s->n_answer, s->n_total,
                    s->n_loops, s->n_withdrawn,
                    (unsigned long long)r->merged.seed);
    tarn_buf_text(&b, ",\"prefill_tps\":");
    tarn_json_add_f32(&b, (float)rate(s->n_prompt - s->n_reused,
                                      s->prefill_ms));
    tarn_buf_text(&b, ",\"thought_tps\":");
    tarn_json_add_f32(&b, (float)rate(s->n_thought, s->thought_ms));
    tarn_buf_text(&b, ",\"answer_tps\":");
    tarn_json_add_f32(&b, (float)rate(s->n_answer, s->answer_ms));
    tarn_buf_text(&b, ",\"first_token_ms\":");
    tarn_json_add_f32(&b, (float)s->first_token_ms);
    tarn_buf_text(&b, "}\n");
    enum tarn_status st = TARN_OK;
    if (b.failed || r->thought.failed || r->answer.failed || r->calls.failed)
        st = tarn_fail(err, TARN_NO_MEMORY, "no memory for the result");
    else
        fwrite(b.data, 1, b.size, stdout);
    tarn_buf_finish(&b);
    return st;
}

static enum tarn_status finish(struct run *r, struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    if (r->json)
        s = print_json(r, err);
    else if (r->answer.size && r->answer.data[r->answer.size - 1] != '\n')
        putchar('\n');
    if (!s)
        s = cmd_flush(err);
    if (!s && r->trace)
        s = tarn_trace_save(r->trace, r->trace_path, err);
    if (!s && r->sum.reason == TARN_STOP_FAILED) {
        *err = r->failure;
        s = r->failure.status;
    }
    if (!s && r->sum.reason == TARN_STOP_CONTEXT)
        fprintf(stderr, "tarn: the context of %u tokens is full; the answer "
                        "ends here (--ctx makes it larger)\n",
                tarn_engine_context(r->ses.engine));
    if (!s && r->common.verbose)
        fprintf(stderr, "tarn: %u prompt tokens %.1f/s, %u thought %.1f/s, "
                        "%u answer %.1f/s\n",
                r->sum.n_prompt, rate(r->sum.n_prompt, r->sum.prefill_ms),
                r->sum.n_thought, rate(r->sum.n_thought, r->sum.thought_ms),
                r->sum.n_answer, rate(r->sum.n_answer, r->sum.answer_ms));
    return !s && interrupted ? (enum tarn_status)(128 + interrupted) : s;
}

static enum tarn_status read_schema(struct run *r, struct tarn_error *err)
{
    if (!r->schema_path && !r->any_json)
        return TARN_OK;
    if (r->schema_path && r->any_json)
        return tarn_fail(err, TARN_USAGE,
                         "--json-schema and --json-answer exclude each other");
    if (r->any_json) {
        r->schema = tarn_dup_str("");
        return r->schema ? TARN_OK
                         : tarn_fail(err, TARN_NO_MEMORY, "no memory");
    }
    return cmd_read_schema(r->schema_path, &r->schema, err);
}

static enum tarn_status compute(struct run *r, const char *word,
                                struct tarn_error *err)
{
    char *typed = NULL;
    size_t size = r->prompt ? strlen(r->prompt) : 0;
    tarn_turn_id turn;
    enum tarn_status s = TARN_OK;
    if (!r->prompt || !strcmp(r->prompt, "-"))
        s = cmd_read_stdin(MAX_PROMPT, &typed, &size, err);
    if (!s && !size && !r->raw)
        s = tarn_fail(err, TARN_USAGE, "the prompt is empty; give it with -p "
                                       "or on the standard input");
    if (!s && r->raw && r->system)
        s = tarn_fail(err, TARN_USAGE, "--raw and --system exclude each other: "
                                       "a raw text has no messages");
    if (!s)
        s = cmd_session_open(&r->ses, &r->common, word, true, err);
    if (!s)
        s = cmd_sampling_merge(&r->sampling, r->ses.model, &r->merged, err);
    if (!s && !r->raw)
        cmd_note_layout(r->ses.model);
    if (!s && r->trace_path)
        s = begin_trace(r, err);
    if (!s) {
        catch_interrupt(r->ses.engine);
        s = start(r, typed ? typed : r->prompt, size, &turn, err);
    }
    tarn_free(typed);
    if (s)
        return s;
    generate(r);
    return finish(r, err);
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    struct run r = { .budget = -1 };
#if !defined(__wasm__)
    r.terminal = isatty(STDOUT_FILENO);
#endif
    const struct cmd_option options[] = {
        { "--prompt", "-p", CMD_TEXT, &r.prompt, 0, 0, "TEXT",
          "the question; without it, or with -, standard input" },
        { "--system", NULL, CMD_TEXT, &r.system, 0, 0, "TEXT",
          "a system message before it" },
        { "--max-tokens", "-n", CMD_I32, &r.max_tokens, 1, 1e6, "N",
          "end after this many tokens, thought included" },
        { "--think-budget", NULL, CMD_I32, &r.budget, 0, 1e6, "N",
          "close the thought after this many tokens; 0: where it begins" },
        { "--attempt", NULL, CMD_U32, &r.attempt, 0, 4294967295.0, "N",
          "another draw with the same seed" },
        { "--think", NULL, CMD_FLAG, &r.think, 0, 0, NULL,
          "print the thought as well" },
        { "--raw", NULL, CMD_FLAG, &r.raw, 0, 0, NULL,
          "no chat layout: continue the text" },
        { "--trace", NULL, CMD_TEXT, &r.trace_path, 0, 0, "FILE",
          "record every token there (docs/trace.md), for your eyes only" },
        { "--experts", NULL, CMD_FLAG, &r.experts, 0, 0, NULL,
          "in the trace: the experts of every token too" },
        { "--json", NULL, CMD_FLAG, &r.json, 0, 0, NULL,
          "one object with thought, answer, counts and speeds" },
        { "--json-schema", NULL, CMD_TEXT, &r.schema_path, 0, 0, "FILE",
          "the answer fits this JSON Schema; the thought stays free" },
        { "--json-answer", NULL, CMD_FLAG, &r.any_json, 0, 0, NULL,
          "the answer is a JSON object or list" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    cmd_common_add(&a, &r.common);
    cmd_sampling_add(&a, &r.sampling);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    s = read_schema(&r, err);
    if (!s)
        s = compute(&r, a.n_words ? a.words[0] : NULL, err);
    tarn_free(r.schema);
    tarn_chat_destroy(r.chat);
    tarn_trace_destroy(r.trace);
    cmd_session_close(&r.ses);
    tarn_buf_finish(&r.thought);
    tarn_buf_finish(&r.answer);
    tarn_buf_finish(&r.calls);
    tarn_buf_finish(&r.call);
    return s;
}

const struct cmd cmd_run = {
    .name = "run",
    .summary = "one prompt, one answer",
    .usage = "[MODEL] -p TEXT [OPTIONS]",
    .detail = "The answer goes to stdout; with --think the thought too.\n\n"
              "Examples:\n  tarn run -p \"What is 17 + 25?\"\n"
              "  tarn run LFM2.5-8B-A1B-Q4_K_M.gguf --think < question.txt\n",
    .run = run,
};
