/* outputs_test.c - 300 model outputs, cut at every byte: the events are the
 * same as those of the whole, every good call is read, nothing else runs (C01).
 *
 *   outputs_test FOLDER_OF_ORACLE outputs.jsonl
 *
 * outputs.py writes the cases. */
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/gguf/gguf.h"
#include "core/tarn.h"
#include "core/text/value.h"
#include "core/turn/call.h"
#include "core/turn/reader.h"
#include "tests/tap.h"

static const char *const *arguments;
static struct tarn_text *text;
static struct tarn_tools *tools;

/* What was told: events in order, neighboring text joined; and in parts. */
struct told {
    struct tarn_buf events, thought, answer, calls;
    bool has_thought, text_last, judge;
};

static void begin(struct told *t, bool judge)
{
    tarn_buf_clear(&t->events);
    tarn_buf_clear(&t->thought);
    tarn_buf_clear(&t->answer);
    tarn_buf_clear(&t->calls);
    t->has_thought = t->text_last = false;
    t->judge = judge;
}

static void end(struct told *t)
{
    tarn_buf_finish(&t->events);
    tarn_buf_finish(&t->thought);
    tarn_buf_finish(&t->answer);
    tarn_buf_finish(&t->calls);
}

static void add_calls(struct told *t, const struct tarn_reader_event *ev,
                      enum tarn_call_origin origin)
{
    struct tarn_calls c;
    CHECK(!tarn_calls_read(tools, ev->text, ev->size, origin, &c, NULL));
    for (size_t i = 0; i < c.n_run; i++) {
        struct tarn_json *doc = NULL;
        tarn_buf_printf(&t->calls, "%s %s ", t->calls.size ? "," : "",
                        c.run[i].name);
        CHECK(!tarn_json_read(c.run[i].arguments, strlen(c.run[i].arguments),
                              &doc, NULL));
        if (doc)
            tarn_value_add(&t->calls, doc, TARN_VALUE_JSON);
        tarn_json_free(doc);
    }
    tarn_calls_finish(&c);
}

static void take(void *user, const struct tarn_reader_event *ev)
{
    struct told *t = user;
    const bool thought = ev->span == TARN_SPAN_THOUGHT;
    if (ev->kind == TARN_READ_TEXT && t->text_last) {
        tarn_buf_add(&t->events, ev->text, ev->size);
    } else {
        tarn_buf_printf(&t->events, "\n%d %u ", (int)ev->kind, ev->span);
        tarn_buf_add(&t->events, ev->text ? ev->text : "", ev->size);
    }
    t->text_last = ev->kind == TARN_READ_TEXT;
    if (!t->judge)
        return;
    if (ev->kind == TARN_READ_SPAN && thought)
        t->has_thought = true;
    if (ev->kind == TARN_READ_SPAN && ev->span == TARN_SPAN_ANSWER &&
        t->answer.size)
        tarn_buf_byte(&t->answer, '\n');
    if (ev->kind == TARN_READ_TEXT)
        tarn_buf_add(thought ? &t->thought : &t->answer, ev->text, ev->size);
    if (ev->kind == TARN_READ_CALL)
        add_calls(t, ev, TARN_CALL_BLOCK);
    if (ev->kind == TARN_READ_UNREAD)
        add_calls(t, ev, TARN_CALL_CUT);
}

/* step 0: in two parts, cut at `at`; else in parts of `step` bytes. */
static void read_cut(struct tarn_reader *r, const struct tarn_json *out,
                     size_t at, size_t step)
{
    tarn_reader_reset(r);
    if (step == 0) {
        tarn_reader_bytes(r, out->text, at, true);
        tarn_reader_bytes(r, out->text + at, out->size - at, true);
    }
    for (size_t i = 0; step && i < out->size; i += step)
        tarn_reader_bytes(r, out->text + i,
                          out->size - i < step ? out->size - i : step, true);
    tarn_reader_end(r);
}

static bool same(const struct tarn_buf *b, const struct tarn_json *want)
{
    return b->size == want->size &&
           (!b->size || !memcmp(b->data, want->text, b->size));
}

static void check_whole(const struct told *t, const struct tarn_json *line)
{
    const char *id = tarn_json_get(line, "id")->text;
    const struct tarn_json *thought = tarn_json_get(line, "thought");
    const struct tarn_json *answer = tarn_json_get(line, "answer");
    struct tarn_buf want = { 0 };
    for (const struct tarn_json *c = tarn_json_get(line, "calls")->first; c;
         c = c->next) {
        tarn_buf_printf(&want, "%s %s ", want.size ? "," : "",
                        tarn_json_get(c, "name")->text);
        tarn_value_add(&want, tarn_json_get(c, "arguments"), TARN_VALUE_JSON);
    }
    CHECK_SAYS(want.size == t->calls.size &&
                   (!want.size || !memcmp(want.data, t->calls.data, want.size)),
               "%s: calls%s, wanted%s", id,
               t->calls.size ? t->calls.data : " none",
               want.size ? want.data : " none");
    if (thought->kind == TARN_JSON_STRING)
        CHECK_SAYS(t->has_thought && same(&t->thought, thought), "%s: %s", id,
                   t->thought.data);
    else if (answer->kind == TARN_JSON_STRING)
        CHECK_SAYS(!t->has_thought, "%s: %s", id, t->thought.data);
    if (answer->kind == TARN_JSON_STRING)
        CHECK_SAYS(same(&t->answer, answer), "%s: %s, wanted %s", id,
                   t->answer.data, answer->text);
    tarn_buf_finish(&want);
}

static void check_line(struct tarn_reader *r, struct told *t,
                       const struct tarn_json *line)
{
    const struct tarn_json *out = tarn_json_get(line, "output");
    struct tarn_buf whole = { 0 };
    begin(t, true);
    read_cut(r, out, 0, 0);
    check_whole(t, line);
    tarn_buf_add(&whole, t->events.data, t->events.size);
    for (size_t at = 1; at <= out->size + 2; at++) {
        begin(t, false);
        if (at < out->size)
            read_cut(r, out, at, 0);
        else
            read_cut(r, out, 0, at - out->size + 1); /* 1, 2, 3 at a time */
        CHECK_SAYS(t->events.size == whole.size &&
                       !memcmp(t->events.data, whole.data, whole.size),
                   "%s cut at %zu: %s, wanted %s",
                   tarn_json_get(line, "id")->text, at, t->events.data,
                   whole.data);
    }
    tarn_buf_finish(&whole);
}

static void test_c01_outputs_cut_at_every_byte(void)
{
    char *file = NULL;
    size_t size = 0, n = 0, n_calls = 0;
    struct tarn_error err = { TARN_OK, "" };
    struct told told = { .judge = false };
    struct tarn_reader *r = NULL;
    const struct tarn_reader_options opt = { .event = take, .user = &told };
    CHECK_SAYS(!tarn_file_read(arguments[2], 1 << 20, &file, &size, &err), "%s",
               err.text);
    CHECK(!tarn_reader_create(text, &opt, &r, NULL));
    for (char *line = file, *next; line && *line; line = next) {
        struct tarn_json *doc = NULL;
        next = strchr(line, '\n');
        const size_t length = next ? (size_t)(next - line) : strlen(line);
        next = next ? next + 1 : NULL;
        CHECK_SAYS(!tarn_json_read(line, length, &doc, &err), "%s", err.text);
        if (!tools) {
            struct tarn_buf b = { 0 };
            tarn_value_add(&b, tarn_json_get(doc, "tools"), TARN_VALUE_JSON);
            CHECK_SAYS(!tarn_tools_create(b.data, b.size, &tools, &err), "%s",
                       err.text);
            tarn_buf_finish(&b);
        } else if (doc) {
            check_line(r, &told, doc);
            n_calls += tarn_json_get(doc, "calls")->n;
            n++;
        }
        tarn_json_free(doc);
    }
    CHECK_SAYS(n == 300 && n_calls > 250, "%zu outputs, %zu calls", n, n_calls);
    tarn_reader_destroy(r);
    end(&told);
    tarn_text_free(file);
}

int main(int argc, char **argv)
{
    char path[512];
    struct tarn_gguf *g = NULL;
    struct tarn_error err = { TARN_OK, "" };
    if (argc < 3)
        return 2;
    arguments = (const char *const *)argv;
    snprintf(path, sizeof path, "%s/tokenizer/vocab.gguf", argv[1]);
    if (tarn_gguf_open(path, &g, &err) || tarn_text_open(g, &text, &err)) {
        printf("Bail out! %s\n", err.text);
        return 1;
    }
    RUN(test_c01_outputs_cut_at_every_byte);
    tarn_tools_destroy(tools);
    tarn_text_close(text);
    tarn_gguf_close(g);
    return tap_end();
}
