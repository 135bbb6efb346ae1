/* call_test.c - tool calls: the reference outputs whole, wrong forms, limits
 * (C01, C02, C03, C09). */
#include "core/turn/call.h"

#include <stdlib.h>
#if !defined(__wasm__)
#include <pthread.h>
#endif

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/gguf/gguf.h"
#include "core/tarn.h"
#include "core/text/value.h"
#include "core/turn/reader.h"
#include "tests/tap.h"

static const char *folder;

/* ------------------------------------------------------ the reference outputs
 */

#define END_MARKER "<|tool_call_end|>"
#define START_MARKER "<|tool_call_start|>"

struct seen {
    const struct tarn_tools *tools;
    struct tarn_buf thought, answer, calls, offers, problems;
    bool has_thought, first_piece;
    uint32_t bits;
    size_t n_calls;
};

static void add_calls(struct seen *s, const struct tarn_call *list, size_t n,
                      struct tarn_buf *b)
{
    for (size_t i = 0; i < n; i++) {
        tarn_buf_printf(b, "%s{\"name\": \"%s\", \"arguments\": %s}",
                        b->size > 0 ? ", " : "", list[i].name,
                        list[i].arguments);
        s->n_calls++;
    }
}

static void read_calls(struct seen *s, const char *text, size_t size,
                       enum tarn_call_origin origin)
{
    struct tarn_calls c;
    struct tarn_error err = { 0 };
    CHECK(tarn_calls_read(s->tools, text, size, origin, &c, &err) == TARN_OK);
    add_calls(s, c.run, c.n_run, &s->calls);
    add_calls(s, c.offer, c.n_offer, &s->offers);
    s->bits |= c.problems;
    if (c.problems & TARN_CALL_TEXT_IN_BLOCK) {
        tarn_buf_text(&s->answer, s->answer.size > 0 ? "\n" : "");
        tarn_buf_add(&s->answer, text, size);
    }
    tarn_calls_finish(&c);
}

static void take(void *user, const struct tarn_reader_event *ev)
{
    struct seen *s = user;
    const bool thought = ev->span == TARN_SPAN_THOUGHT;
    switch (ev->kind) {
    case TARN_READ_SPAN:
        s->has_thought |= thought;
        if (ev->span == TARN_SPAN_ANSWER && s->answer.size > 0)
            tarn_buf_byte(&s->answer, '\n');
        break;
    case TARN_READ_TEXT:
        tarn_buf_add(thought ? &s->thought : &s->answer, ev->text, ev->size);
        break;
    case TARN_READ_CALL:
        read_calls(s, ev->text, ev->size, TARN_CALL_BLOCK);
        break;
    case TARN_READ_UNREAD:
        read_calls(s, ev->text, ev->size, TARN_CALL_CUT);
        break;
    case TARN_READ_WAS_THOUGHT:
        tarn_buf_add(&s->thought, s->answer.data, s->answer.size);
        tarn_buf_clear(&s->answer);
        s->has_thought = true;
        break;
    case TARN_READ_SPAN_END:
        break;
    }
}

/* A whole answer that is a call, or a call at the end of an open thought. */
static void look_for_bare(struct seen *s, uint32_t odd)
{
    if (odd & TARN_READ_UNTERMINATED_THOUGHT &&
        odd & TARN_READ_CALL_IN_THOUGHT) {
        char *at = s->thought.data, *begin = NULL;
        while ((at = strstr(at, START_MARKER)) != NULL)
            begin = at += strlen(START_MARKER);
        const size_t left =
            begin ? s->thought.size - (size_t)(begin - s->thought.data) : 0;
        const size_t n = strlen(END_MARKER);
        if (left > n && !strcmp(begin + left - n, END_MARKER))
            read_calls(s, begin, left - n, TARN_CALL_BARE);
        s->bits &= ~(uint32_t)TARN_CALL_BARE_CALL;
    } else if (s->n_calls == 0 && s->answer.size > 0 && s->bits == 0) {
        read_calls(s, s->answer.data, s->answer.size, TARN_CALL_BARE);
    }
}

static const char *odd_name(unsigned i)
{
    static const char *const names[] = { "missing_think_start",
                                         "stray_think_end",
                                         "call_in_thought",
                                         "unterminated_thought",
                                         "echo",
                                         "missing_start" };
    return names[i];
}

/* Exactly these problems, in any order. */
static void check_problems(const char *id, const struct tarn_json *want,
                           uint32_t bits, uint32_t odd)
{
    size_t n = 0;
    for (unsigned i = 0; i < 26; i++) {
        if (!((i < 20 ? bits >> i : odd >> (i - 20)) & 1))
            continue;
        const char *name =
            i < 20 ? tarn_call_problem_name(i) : odd_name(i - 20);
        bool found = false;
        for (const struct tarn_json *v = want->first; v; v = v->next)
            found |= tarn_json_is_string(v, name);
        CHECK_SAYS(found, "%s: %s was not expected", id, name);
        n++;
    }
    CHECK_SAYS(n == want->n, "%s: %zu problems, %zu wanted", id, n, want->n);
}

static void check_list(const char *id, const char *what,
                       const struct tarn_buf *got, const struct tarn_json *want)
{
    struct tarn_buf w = { 0 }, g = { 0 };
    tarn_buf_printf(&g, "[%s]", got->data ? got->data : "");
    if (want)
        tarn_value_add(&w, want, TARN_VALUE_JSON);
    else
        tarn_buf_text(&w, "[]");
    CHECK_SAYS(!strcmp(g.data, w.data), "%s: %s %s, wanted %s", id, what,
               g.data, w.data);
    tarn_buf_finish(&w);
    tarn_buf_finish(&g);
}

static void check_line(const struct tarn_text *t,
                       const struct tarn_json *toolsets,
                       const struct tarn_json *line, size_t cut)
{
    const struct tarn_json *out = tarn_json_get(line, "output");
    const struct tarn_json *e = tarn_json_get(line, "expect");
    const char *id = tarn_json_get(line, "id")->text;
    struct seen s = { .first_piece = true };
    struct tarn_buf json = { 0 };
    struct tarn_tools *tools = NULL;
    tarn_value_add(&json,
                   tarn_json_get(toolsets, tarn_json_get(line, "tools")->text),
                   TARN_VALUE_JSON);
    CHECK(tarn_tools_create(json.data, json.size, &tools, NULL) == TARN_OK);
    s.tools = tools;
    struct tarn_reader *r = NULL;
    const struct tarn_reader_options opt = { .in_thought = !strcmp(id, "t14"),
                                             .event = take,
                                             .user = &s };
    CHECK(tarn_reader_create(t, &opt, &r, NULL) == TARN_OK);
    /* t32: the first end marker is text, spelled by ordinary tokens. */
    const char *plain =
        !strcmp(id, "t32") ? strstr(out->text, END_MARKER) : NULL;
    for (size_t at = 0; at < out->size;) {
        size_t n = out->size - at < cut ? out->size - at : cut;
        const size_t from = plain ? (size_t)(plain - out->text) : out->size + 1;
        const size_t to = from + strlen(END_MARKER);
        if (at < from && at + n > from)
            n = from - at;
        const bool in_plain = at >= from && at < to;
        if (in_plain && at + n > to)
            n = to - at;
        tarn_reader_bytes(r, out->text + at, n, !in_plain);
        at += n;
    }
    tarn_reader_end(r);
    const uint32_t odd = tarn_reader_problems(r);
    look_for_bare(&s, odd);
    const struct tarn_json *thought = tarn_json_get(e, "reasoning");
    CHECK_SAYS(s.has_thought == (thought->kind == TARN_JSON_STRING), "%s", id);
    if (thought->kind == TARN_JSON_STRING)
        CHECK_SAYS(!strcmp(s.thought.data ? s.thought.data : "", thought->text),
                   "%s: thought %s", id, s.thought.data);
    CHECK_SAYS(!strcmp(s.answer.data ? s.answer.data : "",
                       tarn_json_get(e, "content")->text),
               "%s: answer %s", id, s.answer.data);
    check_list(id, "calls", &s.calls, tarn_json_get(e, "calls"));
    check_list(id, "offers", &s.offers, tarn_json_get(e, "candidates"));
    check_problems(id, tarn_json_get(e, "problems"), s.bits, odd);
    tarn_reader_destroy(r);
    tarn_tools_destroy(tools);
    tarn_buf_finish(&json);
    tarn_buf_finish(&s.thought);
    tarn_buf_finish(&s.answer);
    tarn_buf_finish(&s.calls);
    tarn_buf_finish(&s.offers);
}

static void test_reference_outputs(void)
{
    char path[512];
    static char line[8192];
    struct tarn_gguf *g = NULL;
    struct tarn_text *t = NULL;
    struct tarn_json *header = NULL;
    struct tarn_error err = { 0 };
    int n = 0;
    snprintf(path, sizeof path, "%s/tokenizer/vocab.gguf", folder);
    CHECK_SAYS(tarn_gguf_open(path, &g, &err) == TARN_OK &&
                   tarn_text_open(g, &t, &err) == TARN_OK,
               "%s", err.text);
    snprintf(path, sizeof path, "%s/toolcalls.jsonl", folder);
    FILE *f = t ? fopen(path, "rb") : NULL;
    CHECK(f);
    while (f && fgets(line, sizeof line, f)) {
        struct tarn_json *doc = NULL;
        CHECK(tarn_json_read(line, strlen(line), &doc, NULL) == TARN_OK);
        if (!header) {
            header = doc;
            continue;
        }
        for (size_t cut = 1; cut <= 29; cut += 7)
            check_line(t, tarn_json_get(header, "toolsets"), doc, cut);
        n++;
        tarn_json_free(doc);
    }
    CHECK_SAYS(n == 76, "%d lines", n);
    if (f)
        fclose(f);
    tarn_json_free(header);
    tarn_text_close(t);
    tarn_gguf_close(g);
}

/* ---------------------------------------------------------------- C01, C03 */

static const char TOOLS[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{"
    "\"type\":\"object\",\"properties\":{"
    "\"s\":{\"type\":\"string\"},\"i\":{\"type\":\"integer\"},"
    "\"x\":{\"type\":\"number\"},\"b\":{\"type\":\"boolean\"},"
    "\"l\":{\"type\":\"array\"},\"o\":{\"type\":\"object\"},"
    "\"c\":{\"type\":\"string\",\"enum\":[\"red\",\"blue\"]},"
    "\"a\":{},\"n\":{\"type\":[\"integer\",\"null\"]}}}}},"
    "{\"name\":\"need\",\"parameters\":{\"properties\":{\"s\":{\"type\":"
    "\"string\"}},\"required\":[\"s\"]}},{\"name\":\"any\"}]";

static struct tarn_tools *make_tools(void)
{
    struct tarn_tools *tools = NULL;
    struct tarn_error err = { 0 };
    CHECK_SAYS(tarn_tools_create(TOOLS, sizeof TOOLS - 1, &tools, &err) ==
                   TARN_OK,
               "%s", err.text);
    return tools;
}

struct row {
    const char *text, *run; /* arguments of the first call that runs, or NULL */
    uint32_t problems;
};

static void check_rows(const struct row *rows, size_t n)
{
    struct tarn_tools *tools = make_tools();
    for (size_t i = 0; i < n; i++) {
        struct tarn_calls c;
        CHECK(tarn_calls_read(tools, rows[i].text, strlen(rows[i].text),
                              TARN_CALL_BLOCK, &c, NULL) == TARN_OK);
        const char *got = c.n_run > 0 ? c.run[0].arguments : "none";
        CHECK_SAYS(!strcmp(got, rows[i].run ? rows[i].run : "none") &&
                       c.problems == rows[i].problems,
                   "%s: %s, problems %x (%s at %zu)", rows[i].text, got,
                   c.problems, c.reason ? c.reason : "", c.byte);
        CHECK_SAYS(!(c.problems & TARN_CALL_NOT_UNDERSTOOD) ||
                       (c.reason && c.byte <= strlen(rows[i].text)),
                   "%s", rows[i].text);
        tarn_calls_finish(&c);
    }
    tarn_tools_destroy(tools);
}

static void test_c01_malformed_calls_never_run(void)
{
    enum { NO = TARN_CALL_NOT_UNDERSTOOD, BAD = TARN_CALL_BAD_LITERAL };
    static const struct row rows[] = {
        { "[f(s=\"a]", NULL, NO },
        { "[f(s=\"a\"", NULL, NO },
        { "[f(s=\"a\")", NULL, NO },
        { "[f(s=\"a\") g]", NULL, NO },
        { "[f(s=\"a\")] and more", NULL, NO },
        { "[f(s=)]", NULL, NO },
        { "[f(=\"a\")]", NULL, NO },
        { "[f(s==\"a\")]", NULL, NO },
        { "[f(,)]", NULL, NO },
        { "[f(s=\"a\",,)]", NULL, NO },
        { "[f]", NULL, NO },
        { "[f.(s=1)]", NULL, NO },
        { "[3(s=1)]", NULL, NO },
        { "[f(i=1+1)]", NULL, NO },
        { "[f(i=-)]", NULL, BAD },
        { "[f(i=1e400)]", NULL, BAD },
        { "[f(i=1__0)]", NULL, BAD },
        { "[f(i=0x10)]", NULL, BAD },
        { "[f(i=1.2.3)]", NULL, BAD },
        { "[f(s=f\"{x}\")]", NULL, BAD },
        { "[f(s=b\"x\")]", NULL, BAD },
        { "[f(s=r'x')]", NULL, BAD },
        { "[f(s=g())]", NULL, BAD },
        { "[f(s=os.environ)]", NULL, BAD },
        { "[f(s=lambda: 1)]", NULL, NO },
        { "[f(l=[x for x in y])]", NULL, NO },
        { "[f(*[1])]", NULL, NO },
        { "[f(**[1])]", NULL, NO },
        { "[f(**x)]", NULL, NO },
        { "[f(o={1: 2})]", NULL, NO },
        { "[f(o={\"a\" 2})]", NULL, NO },
        { "[f(l=[1 2])]", NULL, NO },
        { "[f(l=[1,,2])]", NULL, NO },
        { "[f(l=[1)]", NULL, NO },
        { "[f(l=(1])]", NULL, NO },
        { "[f(l=[x])]", NULL, NO },
        { "{\"name\": \"f\"", NULL, NO },
        { "{\"name\": \"any\", \"arguments\": {\"a\": [1, {\"b\": -1e400}]}}",
          NULL, BAD },
        { "[{\"name\": 3}]", NULL, NO },
        { "[{\"arguments\": {}}]", NULL, NO },
        { "[{\"name\": \"a\\\"b\"}]", NULL, NO },
        { "[{\"name\": \"a\\u0000b\"}]", NULL, NO },
        { "[{\"name\": \"f\", \"arguments\": [1]}]", NULL, NO },
        { "[{\"name\": \"f\", \"arguments\": \"[1]\"}]", NULL, NO },
        { "[{\"name\": \"f\", \"arguments\": \"{\"}]", NULL, NO },
        { "[{\"name\": \"f\"}, 3]", NULL, NO },
        { "import os", NULL, TARN_CALL_TEXT_IN_BLOCK },
        { "  ", NULL, TARN_CALL_EMPTY_BLOCK },
        { "f(i=1); g()", NULL, NO },
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void test_values_of_every_kind(void)
{
    static const struct row rows[] = {
        { "[any(a=1, b=-2.50, c=1., d=.5, e=1e3, f=+7)]",
          "{\"a\": 1, \"b\": -2.50, \"c\": 1.0, \"d\": 0.5, \"e\": 1e3, "
          "\"f\": 7}",
          0 },
        { "[any(a=[], b=(), c={}, d=[[1], (2,), {'k': None}])]",
          "{\"a\": [], \"b\": [], \"c\": {}, \"d\": [[1], [2], {\"k\": "
          "null}]}",
          0 },
        { "[any(a=123456789012345678901234567890)]",
          "{\"a\": 123456789012345678901234567890}", 0 },
        { "[any(a='\\n\\t\\0\\a\\/\\x41\\u00e9\\U0001F600\\ud83d\\ude00')]",
          "{\"a\": \"\\n\\t\\u0000\\u0007/A\xC3\xA9\xF0\x9F\x98\x80"
          "\xF0\x9F\x98\x80\"}",
          0 },
        { "[any(a='\\ud83d', b='\\x4', c='\\\nx', d='\\q')]",
          "{\"a\": \"\xEF\xBF\xBD\", \"b\": \"\\\\x4\", \"c\": \"x\", \"d\": "
          "\"\\\\q\"}",
          0 },
        { "[any(a='''it's\n''')]", "{\"a\": \"it's\\n\"}", 0 },
        { "[any(a='\xFF')]", "{\"a\": \"\xEF\xBF\xBD\"}", 0 },
        { "[any(class=1, None=2)]", "{\"class\": 1, \"None\": 2}", 0 },
        { "[any(a=007)]", "{\"a\": 7}", TARN_CALL_LEADING_ZERO },
        { "[any(**{'a': 1, 'b': [2]})]", "{\"a\": 1, \"b\": [2]}",
          TARN_CALL_UNPACKING },
        { "[{\"name\": \"any\", \"arguments\": {\"a\": 1.50}}]", "{\"a\": 1.5}",
          0 },
        { "[any(a=1), any(a=2),]", "{\"a\": 1}", 0 },
        { "[any(a='x'y', b=1)]", "{\"a\": \"x'y\", \"b\": 1}",
          TARN_CALL_NESTED_QUOTES },
        /* as text: whatever stands between the first quote and the last */
        { "[any(a=\"x\" if 1 else \"y\")]",
          "{\"a\": \"x\\\" if 1 else \\\"y\"}", TARN_CALL_NESTED_QUOTES },
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void test_c03_calls_must_fit_their_tool(void)
{
    enum {
        TYPE = TARN_CALL_WRONG_TYPE,
        COERCED = TARN_CALL_COERCED,
        UNKNOWN = TARN_CALL_UNKNOWN_PARAMETER
    };
    static const struct row rows[] = {
        { "[f(s=\"a\", i=3, x=1.5, b=True, l=[1], o={}, n=None)]",
          "{\"s\": \"a\", \"i\": 3, \"x\": 1.5, \"b\": true, \"l\": [1], "
          "\"o\": {}, \"n\": null}",
          0 },
        { "[f(s=5)]", "{\"s\": \"5\"}", COERCED },
        { "[f(s=1_0)]", "{\"s\": \"1_0\"}", COERCED },
        { "[f(s=word)]", "{\"s\": \"word\"}", TARN_CALL_BARE_WORD },
        { "[f(i=word)]", NULL, TARN_CALL_BAD_LITERAL },
        { "[f(s=True)]", NULL, TYPE },
        { "[f(s=[])]", NULL, TYPE },
        { "[f(i=\"3\")]", "{\"i\": 3}", COERCED },
        { "[f(i=\"3.5\")]", NULL, TYPE },
        { "[f(i=3.5)]", NULL, TYPE },
        { "[f(i=1e2)]", NULL, TYPE },
        { "[f(i=\"three\")]", NULL, TYPE },
        { "[f(i=True)]", NULL, TYPE },
        { "[f(x=3)]", "{\"x\": 3}", 0 },
        { "[f(x=\"2.5\")]", "{\"x\": 2.5}", COERCED },
        { "[f(b=\"true\")]", "{\"b\": true}", COERCED },
        { "[f(b=\"False\")]", "{\"b\": false}", COERCED },
        { "[f(b=\"yes\")]", NULL, TYPE },
        { "[f(b=\"Falsy\")]", NULL, TYPE },
        { "[f(b=1)]", NULL, TYPE },
        { "[f(l={})]", NULL, TYPE },
        { "[f(o=[])]", NULL, TYPE },
        { "[f(c=\"red\")]", "{\"c\": \"red\"}", 0 },
        { "[f(c=\"green\")]", NULL, TARN_CALL_WRONG_VALUE },
        { "[f(c=blue)]", "{\"c\": \"blue\"}", TARN_CALL_BARE_WORD },
        { "[f(zz=1)]", NULL, UNKNOWN },
        { "[f(a=[1, {}])]", "{\"a\": [1, {}]}", 0 },
        { "[need()]", NULL, TARN_CALL_MISSING_REQUIRED },
        { "[need(s=\"x\")]", "{\"s\": \"x\"}", 0 },
        { "[need(t=\"x\")]", NULL, UNKNOWN | TARN_CALL_MISSING_REQUIRED },
        { "[nothing()]", NULL, TARN_CALL_UNKNOWN_FUNCTION },
        { "[need(\"x\")]", NULL, TARN_CALL_POSITIONAL },
        { "[f(i=1, i=2)]", "{\"i\": 2}", TARN_CALL_DUPLICATE },
        { "[{\"name\":\"f\",\"arguments\":{\"i\":\"4\"}}]", "{\"i\": 4}",
          COERCED },
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

/* With these two tables 60 calls, against five tools. */
static void test_c03_five_tools(void)
{
    static const char five[] =
        "[{\"name\":\"read\",\"parameters\":{\"properties\":{\"path\":{"
        "\"type\":\"string\"},\"lines\":{\"type\":\"integer\"}},\"required\":["
        "\"path\"]}},"
        "{\"name\":\"move\",\"parameters\":{\"properties\":{\"to\":{\"enum\":["
        "\"up\",\"down\"]},\"by\":{\"type\":\"number\"}},\"required\":[\"to\","
        "\"by\"]}},"
        "{\"name\":\"tag.add\",\"parameters\":{\"properties\":{\"tags\":{"
        "\"type\":\"array\"},\"opt\":{\"type\":\"object\"}}}},"
        "{\"name\":\"flag\",\"parameters\":{\"properties\":{\"on\":{\"type\":"
        "\"boolean\"},\"n\":{\"type\":[\"integer\",\"null\"]}}}},"
        "{\"name\":\"none\",\"parameters\":{\"properties\":{}}}]";
    static const struct {
        const char *text;
        bool runs;
    } rows[] = {
        { "[read(path='a')]", true },
        { "[read(path='a', lines=3)]", true },
        { "[read(path='a', lines=-3)]", true },
        { "[read(path='a', lines=None)]", true },
        { "[read(path=7)]", true }, /* as text */
        { "[read()]", false },
        { "[read(lines=3)]", false },
        { "[read(path=['a'])]", false },
        { "[read(path={'a': 1})]", false },
        { "[read(path='a', lines=3.5)]", false },
        { "[read(path='a', lines=True)]", false },
        { "[read(path='a', lines='x')]", false },
        { "[read(path='a', mode='w')]", false },
        { "[read('a')]", false },
        { "[move(to='up', by=1)]", true },
        { "[move(to='up', by=-0.5)]", true },
        { "[move(to='left', by=1)]", false },
        { "[move(to='up')]", false },
        { "[move(to='up', by='far')]", false },
        { "[move(to='up', by=1, by=2)]", true }, /* the last one counts */
        { "[tag.add(tags=[])]", true },
        { "[tag.add(tags={}, opt={})]", false },
        { "[tag.add(tags='a')]", false },
        { "[tag.add(opt=[])]", false },
        { "[tag(tags=[])]", false },
        { "[tag.remove(tags=[])]", false },
        { "[flag(on=True, n=None)]", true },
        { "[flag(on=1)]", false },
        { "[flag(n=[])]", false },
        { "[none()]", true },
        { "[none(x=1)]", false },
        { "[nothing()]", false },
    };
    struct tarn_tools *tools = NULL;
    CHECK(!tarn_tools_create(five, sizeof five - 1, &tools, NULL));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tarn_calls c;
        CHECK(!tarn_calls_read(tools, rows[i].text, strlen(rows[i].text),
                               TARN_CALL_BLOCK, &c, NULL));
        CHECK_SAYS((c.n_run == 1) == rows[i].runs, "%s: %zu run, problems %x",
                   rows[i].text, c.n_run, c.problems);
        CHECK(rows[i].runs || c.problems);
        tarn_calls_finish(&c);
    }
    tarn_tools_destroy(tools);
}

/* -------------------------------------------------------------------- C02 */

static void nested(int depth, char open, char close, bool good)
{
    struct tarn_buf b = { 0 };
    struct tarn_calls c;
    tarn_buf_text(&b, "[any(a=");
    for (int i = 0; i < depth; i++)
        tarn_buf_text(&b, open == '{' ? "{'k':" : open == '(' ? "(" : "[");
    tarn_buf_byte(&b, '1');
    for (int i = 0; i < depth; i++)
        tarn_buf_byte(&b, close);
    tarn_buf_text(&b, ")]");
    CHECK(tarn_calls_read(NULL, b.data, b.size, TARN_CALL_BLOCK, &c, NULL) ==
          TARN_OK);
    CHECK_SAYS((c.n_run == 1) == good, "%d of %c: %zu", depth, open, c.n_run);
    CHECK(good ||
          (c.problems == TARN_CALL_NOT_UNDERSTOOD && strstr(c.reason, "32")));
    tarn_calls_finish(&c);
    tarn_buf_finish(&b);
}

/* The same in JSON's form, whose reader allows 64. */
static void nested_json(int depth, bool good)
{
    struct tarn_buf b = { 0 };
    struct tarn_calls c;
    tarn_buf_text(&b, "{\"name\": \"any\", \"arguments\": {\"a\": ");
    for (int i = 0; i < depth; i++)
        tarn_buf_byte(&b, '[');
    for (int i = 0; i < depth; i++)
        tarn_buf_byte(&b, ']');
    tarn_buf_text(&b, "}}");
    CHECK(tarn_calls_read(NULL, b.data, b.size, TARN_CALL_BLOCK, &c, NULL) ==
          TARN_OK);
    CHECK_SAYS((c.n_run == 1) == good, "JSON %d deep: %zu", depth, c.n_run);
    tarn_calls_finish(&c);
    tarn_buf_finish(&b);
}

static void *nest_all(void *arg)
{
    const int depths[] = { 1, 31, 32, 33, 60000 };
    for (int i = 0; i < 5; i++) {
        nested(depths[i], '[', ']', depths[i] <= 32);
        nested(depths[i], '(', ')', depths[i] <= 32);
        nested(depths[i], '{', '}', depths[i] <= 32);
        nested_json(depths[i], depths[i] <= 32);
    }
    return arg;
}

/* On a thread with a 64 KiB stack. */
static void test_c02_deep_nesting_is_refused(void)
{
#if defined(__wasm__)
    nest_all(NULL);
#else
    pthread_t thread;
    pthread_attr_t attr;
    CHECK(pthread_attr_init(&attr) == 0);
    CHECK(pthread_attr_setstacksize(&attr, 64 << 10) == 0);
    if (pthread_create(&thread, &attr, nest_all, NULL) == 0)
        pthread_join(thread, NULL);
    else
        CHECK_SAYS(false, "no thread");
    pthread_attr_destroy(&attr);
#endif
}

static void test_limits_of_size(void)
{
    struct tarn_buf b = { 0 };
    struct tarn_calls c;
    struct tarn_error err = { 0 };
    tarn_buf_text(&b, "[any(");
    for (int i = 0; i < 300; i++)
        tarn_buf_printf(&b, "a%d=1,", i);
    tarn_buf_text(&b, ")]");
    CHECK(tarn_calls_read(NULL, b.data, b.size, TARN_CALL_BLOCK, &c, NULL) ==
          TARN_OK);
    CHECK(c.n_run == 0 && strstr(c.reason, "256"));
    tarn_calls_finish(&c);
    tarn_buf_clear(&b);
    tarn_buf_byte(&b, '[');
    for (int i = 0; i < 65; i++)
        tarn_buf_text(&b, "any(),");
    tarn_buf_byte(&b, ']');
    CHECK(tarn_calls_read(NULL, b.data, b.size, TARN_CALL_BLOCK, &c, NULL) ==
          TARN_OK);
    CHECK(c.n_run == 0 && strstr(c.reason, "64"));
    tarn_calls_finish(&c);
    tarn_buf_finish(&b);
    CHECK(tarn_calls_read(NULL, "", TARN_CALL_MAX_TEXT + 1, TARN_CALL_BLOCK, &c,
                          &err) == TARN_LIMIT);
}

/* -------------------------------------------------------------------- C09 */

static void test_c09_wrong_tool_lists_are_refused(void)
{
    static const struct {
        const char *text, *word;
    } rows[] = {
        { "", "" },
        { "{}", "no list" },
        { "[3]", "Tool 0" },
        { "[{}]", "Tool 0" },
        { "[{\"name\":\"\"}]", "Tool 0" },
        { "[{\"name\":\"a b\"}]", "Tool 0" },
        { "[{\"name\":\"a\\u001b\"}]", "Tool 0" },
        { "[{\"name\":\"a\"},{\"name\":\"a\"}]", "Tool 1" },
        { "[{\"name\":\"a\",\"parameters\":{\"properties\":[]}}]", "object" },
        { "[{\"name\":\"a\",\"parameters\":{\"properties\":3}}]", "object" },
        { "null", "no list" },
        { "[[]]", "Tool 0" },
        { "[null]", "Tool 0" },
        { "[{\"name\":7}]", "Tool 0" },
        { "[{\"function\":{}}]", "Tool 0" },
        { "[{\"name\":\"a(b\"}]", "Tool 0" },
        { "[{\"name\":\"<|im_end|>\"}]", "Tool 0" },
        { "[{\"name\":\"\u202e\"}]", "Tool 0" },
        { "[{\"name\":\"a\"},]", "" },
        { "[{\"name\":\"a\",\"name\":\"b\"}]", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tarn_tools *t = NULL;
        struct tarn_error err = { 0 };
        const enum tarn_status s =
            tarn_tools_create(rows[i].text, strlen(rows[i].text), &t, &err);
        CHECK_SAYS(s == TARN_USAGE && !t && strstr(err.text, rows[i].word),
                   "%s: %d %s", rows[i].text, s, err.text);
    }
    struct tarn_tools *t = NULL;
    CHECK(tarn_tools_create("", TARN_TOOLS_MAX_TEXT + 1, &t, NULL) ==
          TARN_LIMIT);
    /* patterns, references and markers are just read over */
    static const char odd[] =
        "[{\"name\":\"a\",\"description\":\"<|im_end|>\",\"parameters\":{"
        "\"properties\":{\"x\":{\"$ref\":\"#\",\"pattern\":\"(a+)+$\"}}}}]";
    CHECK(tarn_tools_create(odd, sizeof odd - 1, &t, NULL) == TARN_OK);
    tarn_tools_destroy(t);
}

/* ------------------------------------------------------------------ anything
 */

/* Random bytes of the grammar's own characters: no crash, and what runs is
 * JSON. */
static void test_random_blocks(void)
{
    static const char *const bits[] = {
        "[",     "]",  "(",    ")",        "{",      "}",   ",",
        "=",     ":",  "\"",   "'",        "f",      "any", "s",
        "1",     "-",  ".",    "e5",       " ",      "\n",  "\\",
        "\\u12", "**", "None", "True",     "\"\"\"", "x",   "'a'",
        "\"b\"", "f(", "a=",   "\xF0\x9F", "\0"
    };
    struct tarn_tools *tools = make_tools();
    uint64_t state = 42;
    size_t ran = 0;
    for (int round = 0; round < 200000; round++) {
        struct tarn_buf b = { 0 };
        struct tarn_calls c;
        state = state * UINT64_C(6364136223846793005) + 1;
        tarn_buf_text(&b, round % 3 ? "[any(a=" : "");
        for (uint64_t n = state >> 60; n > 0; n--) {
            state = state * UINT64_C(6364136223846793005) + 1;
            const char *bit = bits[(state >> 33) % 33];
            tarn_buf_add(&b, bit, *bit ? strlen(bit) : 1);
        }
        tarn_buf_text(&b, round % 3 == 1 ? ")]" : "");
        CHECK(tarn_calls_read(round % 2 ? tools : NULL, b.data ? b.data : "",
                              b.size, (enum tarn_call_origin)(round % 5 % 3),
                              &c, NULL) == TARN_OK);
        for (size_t i = 0; i < c.n_run; i++) {
            struct tarn_json *doc = NULL;
            CHECK_SAYS(tarn_json_read(c.run[i].arguments,
                                      strlen(c.run[i].arguments), &doc,
                                      NULL) == TARN_OK &&
                           doc->kind == TARN_JSON_OBJECT,
                       "%s gave %s", b.data, c.run[i].arguments);
            tarn_json_free(doc);
            ran++;
        }
        tarn_calls_finish(&c);
        tarn_buf_finish(&b);
    }
    CHECK_SAYS(ran > 100, "%zu ran", ran);
    tarn_tools_destroy(tools);
}

static void test_e01_each_failed_allocation_is_an_error(void)
{
    static const char text[] =
        "[f(s='a', i=\"3\", l=[1, {'k': 2}]), need('x'), f(**{'x': 1})]";
    struct tarn_tools *tools = make_tools();
    const int64_t held = tarn_memory_held();
    for (uint64_t k = 1;; k++) {
        struct tarn_calls c;
        tarn_memory_fail_at(k, false);
        const enum tarn_status s = tarn_calls_read(tools, text, sizeof text - 1,
                                                   TARN_CALL_BLOCK, &c, NULL);
        tarn_memory_fail_at(0, false);
        if (s == TARN_OK) {
            CHECK_SAYS(c.n_run == 2 && c.n_offer == 1, "%zu %zu %s", c.n_run,
                       c.n_offer, c.reason ? c.reason : "");
            tarn_calls_finish(&c);
            CHECK_SAYS(k > 10, "%d", (int)k);
            break;
        }
        CHECK(s == TARN_NO_MEMORY && tarn_memory_held() == held);
    }
    CHECK(tarn_memory_held() == held);
    tarn_tools_destroy(tools);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : "tests/oracle";
    RUN(test_reference_outputs);
    RUN(test_c01_malformed_calls_never_run);
    RUN(test_values_of_every_kind);
    RUN(test_c03_calls_must_fit_their_tool);
    RUN(test_c03_five_tools);
    RUN(test_c02_deep_nesting_is_refused);
    RUN(test_limits_of_size);
    RUN(test_c09_wrong_tool_lists_are_refused);
    RUN(test_random_blocks);
    RUN(test_e01_each_failed_allocation_is_an_error);
    return tap_end();
}
