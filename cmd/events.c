/* events.c - tarn events: the turn reader on a stream of tokens or text.
 *
 * Text of one span is one line, whatever the cut, so that outputs can be
 * compared. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/text_file.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/turn/call.h"
#include "core/turn/reader.h"

#define INPUT_LIMIT ((size_t)64 << 20)

struct events {
    const struct tarn_tools *tools; /* or NULL */
    struct tarn_buf text; /* of the span that is open or has just ended */
    uint32_t span;
    bool waiting; /* text is not printed yet */
    bool failed;
    bool bare, called;       /* look for calls without markers; one had some */
    struct tarn_buf answer; /* all of it, where bare */
};

static const char *kind_name(uint32_t span)
{
    return span == TARN_SPAN_THOUGHT ? "thought"
           : span == TARN_SPAN_CALL  ? "call"
                                     : "answer";
}

static void print_text(struct events *e, const char *kind, const char *text,
                       size_t size, const char *rest)
{
    struct tarn_buf b = { 0 };
    tarn_json_add_string(&b, text, size, false);
    e->failed |= b.failed;
    printf("{\"e\":\"%s\"%s,\"text\":%s}\n", kind, rest,
           b.data ? b.data : "\"\"");
    tarn_buf_finish(&b);
}

/* A span with its text, once it is known what it was. */
static void settle(struct events *e)
{
    if (!e->waiting)
        return;
    e->waiting = false;
    printf("{\"e\":\"span\",\"kind\":\"%s\"}\n", kind_name(e->span));
    if (e->text.size > 0)
        print_text(e, "text", e->text.data, e->text.size, "");
    if (e->bare && e->span == TARN_SPAN_ANSWER)
        tarn_buf_add(&e->answer, e->text.data, e->text.size);
    e->failed |= e->text.failed | e->answer.failed;
    tarn_buf_clear(&e->text);
}

static void print_calls(const char *kind, const struct tarn_call *list,
                        size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("{\"e\":\"%s\",\"name\":\"%s\",\"arguments\":%s}\n", kind,
               list[i].name, list[i].arguments);
}

/* Why nothing came of a block: where reading stopped, or what was odd. */
static void print_unread(struct events *e, const struct tarn_calls *c,
                         const char *text, size_t size, bool cut)
{
    char rest[640];
    size_t n =
        (size_t)snprintf(rest, sizeof rest, ",\"byte\":%zu,\"reason\":\"%s",
                         cut ? size : c->byte,
                         cut         ? "the call was cut off"
                         : c->reason ? c->reason
                                     : "");
    for (unsigned i = 0; !cut && !c->reason && i < TARN_CALL_N_PROBLEMS; i++)
        if (c->problems >> i & 1)
            n += (size_t)snprintf(rest + n, sizeof rest - n, "%s%s",
                                  rest[n - 1] == '"' ? "" : ", ",
                                  tarn_call_problem_name(i));
    snprintf(rest + n, sizeof rest - n, "\"");
    print_text(e, "unread", text, size, rest);
}

static void take_call(struct events *e, const struct tarn_reader_event *ev)
{
    struct tarn_calls c;
    const bool cut = ev->kind == TARN_READ_UNREAD;
    settle(e);
    e->called = true;
    if (tarn_calls_read(e->tools, ev->text, ev->size,
                        cut ? TARN_CALL_CUT : TARN_CALL_BLOCK, &c,
                        NULL) != TARN_OK) {
        e->failed = true;
        return;
    }
    print_calls("call", c.run, c.n_run);
    print_calls("offer", c.offer, c.n_offer);
    if (cut || (c.problems && c.n_run + c.n_offer == 0))
        print_unread(e, &c, ev->text, ev->size, cut);
    tarn_calls_finish(&c);
}

/* An answer that is all calls, without markers. */
static void take_bare(struct events *e)
{
    struct tarn_calls c;
    if (!e->bare || e->called || e->answer.size > TARN_CALL_MAX_TEXT)
        return;
    if (tarn_calls_read(e->tools, e->answer.data ? e->answer.data : "",
                        e->answer.size, TARN_CALL_BARE, &c, NULL) != TARN_OK) {
        e->failed = true;
        return;
    }
    print_calls("offer", c.offer, c.n_offer);
    tarn_calls_finish(&c);
}

static void take(void *user, const struct tarn_reader_event *ev)
{
    struct events *e = user;
    switch (ev->kind) {
    case TARN_READ_SPAN:
        settle(e);
        e->span = ev->span;
        e->waiting = true;
        break;
    case TARN_READ_TEXT:
        tarn_buf_add(&e->text, ev->text, ev->size);
        break;
    case TARN_READ_SPAN_END:
        break;
    case TARN_READ_WAS_THOUGHT:
        e->span = TARN_SPAN_THOUGHT;
        break;
    case TARN_READ_CALL:
    case TARN_READ_UNREAD:
        take_call(e, ev);
        break;
    }
}

/* The input as ids, if it is a JSON array of them. */
static bool read_ids(const char *text, size_t size, struct tarn_ids *ids)
{
    struct tarn_json *doc = NULL;
    int64_t id;
    if (size == 0 || tarn_json_read(text, size, &doc, NULL) != TARN_OK)
        return false;
    bool all = doc->kind == TARN_JSON_ARRAY && doc->n > 0;
    const struct tarn_json *v = all ? doc->first : NULL;
    for (; v && all; v = v->next) {
        all = tarn_json_i64(v, &id) && id >= 0 && id <= INT32_MAX;
        if (all)
            tarn_ids_add(ids, (int32_t)id);
    }
    tarn_json_free(doc);
    if (!all)
        ids->n = 0;
    return all;
}

/* Layout F ends its prompt inside the thought. */
static bool begins_in_thought(const struct tarn_gguf *g)
{
    struct tarn_gguf_string t = { NULL, 0 };
    bool known;
    if (tarn_gguf_string_or(g, "tokenizer.chat_template", &t, NULL) !=
            TARN_OK ||
        !t.text)
        return false;
    return tarn_layout_opens_thought(
        tarn_layout_detect(t.text, t.size, &known));
}

struct input {
    char *text;
    size_t size;
    const char *tools_path; /* or NULL */
    struct tarn_tools *tools;
    uint32_t cut;
    bool plain, bare;
};

static enum tarn_status read_tools(struct input *in, struct tarn_error *err)
{
    char *json = NULL;
    size_t size;
    enum tarn_status s =
        tarn_file_read(in->tools_path, TARN_TOOLS_MAX_TEXT, &json, &size, err);
    if (s == TARN_OK)
        s = tarn_tools_create(json, size, &in->tools, err);
    if (s != TARN_OK)
        tarn_error_prefix(err, in->tools_path);
    tarn_free(json);
    return s;
}

static enum tarn_status feed(const struct cmd_text_file *v,
                             const struct input *in, struct tarn_error *err)
{
    struct events e = { .tools = in->tools, .bare = in->bare };
    struct tarn_ids ids = { 0 };
    struct tarn_reader *r = NULL;
    const struct tarn_reader_options opt = {
        .in_thought = begins_in_thought(v->gguf), .event = take, .user = &e
    };
    enum tarn_status s = tarn_reader_create(v->text, &opt, &r, err);
    if (s != TARN_OK)
        return s;
    bool more = true;
    if (!in->plain && read_ids(in->text, in->size, &ids)) {
        for (size_t i = 0; more && i < ids.n; i++)
            more = tarn_reader_token(r, ids.at[i]);
    } else {
        const size_t cut = in->cut > 0 ? in->cut : in->size + 1;
        for (size_t at = 0; at < in->size; at += cut)
            tarn_reader_bytes(r, in->text + at,
                              in->size - at < cut ? in->size - at : cut,
                              !in->plain);
    }
    more = !tarn_reader_ended(r);
    tarn_reader_end(r);
    settle(&e);
    take_bare(&e);
    printf("{\"e\":\"end\",\"reason\":\"%s\"}\n", more ? "cut" : "end");
    if (e.failed || ids.failed || tarn_reader_failed(r))
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory to read the turn");
    tarn_reader_destroy(r);
    tarn_buf_finish(&e.text);
    tarn_buf_finish(&e.answer);
    tarn_ids_finish(&ids);
    return s == TARN_OK ? cmd_flush(err) : s;
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    struct cmd_args a;
    struct input in = { 0 };
    struct cmd_text_file v = { 0 };
    const struct cmd_option options[] = {
        { "--cut", NULL, CMD_U32, &in.cut, 1, INT32_MAX, "N",
          "feed N bytes at a time; the events are the same" },
        { "--text", NULL, CMD_FLAG, &in.plain, 0, 0, NULL,
          "all of the input is text: no control tokens in it" },
        { "--tools", NULL, CMD_TEXT, &in.tools_path, 0, 0, "FILE",
          "JSON list of declared tools; calls must fit them" },
        { "--bare", NULL, CMD_FLAG, &in.bare, 0, 0, NULL,
          "with --tools: an answer that is all calls, without markers, is "
          "offered" },
    };
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s != TARN_OK || a.help)
        return s;
    s = cmd_text_file_open(a.n_words ? a.words[0] : NULL, &v, err);
    if (s == TARN_OK && in.tools_path)
        s = read_tools(&in, err);
    if (s == TARN_OK)
        s = cmd_read_stdin(INPUT_LIMIT, &in.text, &in.size, err);
    if (s == TARN_OK)
        s = feed(&v, &in, err);
    tarn_free(in.text);
    tarn_tools_destroy(in.tools);
    cmd_text_file_close(&v);
    return s;
}

const struct cmd cmd_events = {
    .name = "events",
    .summary = "what the turn reader makes of a model's output",
    .usage = "[MODEL] [OPTIONS] < OUTPUT",
    .detail = "Reads a model's output on stdin: bytes, in which the name of a "
              "control token stands\nfor the token, or a JSON array of ids. "
              "Writes one JSON object per line.\n\n"
              "Example:\n  printf '<think>a</think>b' | tarn events\n",
    .run = run,
};
