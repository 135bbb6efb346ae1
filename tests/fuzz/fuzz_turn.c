/* fuzz_turn.c - any bytes as what a model wrote.
 *
 * The first byte says how the rest is cut and read.  The events are the same
 * as those of the whole; text is UTF-8; the arguments of a call that may run
 * are a JSON object no deeper than allowed. */
#include <string.h>

#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/tarn.h"
#include "core/turn/call.h"
#include "core/turn/reader.h"
#include "tests/fuzz/fuzz.h"

#define START "<|tool_call_start|>"
#define END "<|tool_call_end|>"

const char *const FUZZ_WORDS[] = {
    "<think>",    "</think>",
    START,        END,
    "<|im_end|>", "[",
    "]",          "(",
    ")",          "{",
    "}",          ",",
    "=",          ":",
    "\"",         "'",
    "\"\"\"",     "\\",
    "\\u12",      "\\ud83d",
    "**",         "None",
    "true",       "1e999",
    "-0",         "1_0",
    "[f(",        "s=",
    ")]",         "need(",
    "\xf0\x9f",   "\x9f",
    "\n",         "{\"name\": \"f\", \"arguments\": {",
    "[[[[[[[[",   "]]]]]]]]",
    "((((((((",   "{'k':{'k':{'k':",
    NULL
};

static const char *const SEEDS[] = {
    "\x01<think>a</think>b",
    "\x07"
    "a</think>b</think>c",
    "\x03<think>x " START "[f()]" END " y</think>z",
    "\x05Hi " START "[f(s=\"a\", i=3, l=[1, {'k': None}]), need(s='x')]" END
    " done<|im_end|>",
    "\x02" START "{\"name\": \"f\", \"arguments\": {\"s\": \"x\"}}" END,
    "\x09" START "[f(s='sed -n '1p' f')]" END "f(s='sed -n '1p' f')]" END,
    "\x0b" START "[f(s=\"",
    "\x8d[f(s=\"bare\")]",
    "\x04\xf0\x9f\x98\x80\xff<th",
};

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    if (i >= sizeof SEEDS / sizeof *SEEDS)
        return false;
    tarn_buf_text(out, SEEDS[i]);
    return true;
}

/* A vocabulary in three functions; the first id is beginning-of-text. */
struct tarn_text {
    bool thinks;
};

static const char *const CONTROLS[TARN_N_CTL] = { "<|startoftext|>",
                                                  "<|endoftext|>",
                                                  "<|im_start|>",
                                                  "<|im_end|>",
                                                  "<think>",
                                                  "</think>",
                                                  "<|tool_list_start|>",
                                                  "<|tool_list_end|>",
                                                  START,
                                                  END,
                                                  "<|tool_response_start|>",
                                                  "<|tool_response_end|>",
                                                  "<|pad|>" };

const char *tarn_text_bytes(const struct tarn_text *t, int32_t id, size_t *size)
{
    const char *text = t && id >= 0 && id < TARN_N_CTL ? CONTROLS[id] : "";
    *size = strlen(text);
    return text;
}

int32_t tarn_text_control(const struct tarn_text *t, enum tarn_control c)
{
    const bool think = c == TARN_CTL_THINK || c == TARN_CTL_THINK_END;
    return think && !t->thinks ? -1 : (int32_t)c;
}

bool tarn_text_is_end(const struct tarn_text *t, int32_t id)
{
    (void)t;
    return id >= 0 && id <= TARN_CTL_IM_END;
}

/* Joined text, so that the cut does not show. */
struct record {
    struct tarn_buf line;
    const struct tarn_tools *tools;
};

static int depth_of(const char *json)
{
    int depth = 0, most = 0;
    bool quoted = false;
    for (; *json; json++) {
        if (quoted && *json == '\\')
            json++;
        else if (*json == '"')
            quoted = !quoted;
        else if (!quoted && (*json == '[' || *json == '{'))
            most = ++depth > most ? depth : most;
        else if (!quoted && (*json == ']' || *json == '}'))
            depth--;
    }
    return most;
}

static void check_calls(const struct tarn_tools *tools, const char *text,
                        size_t size, enum tarn_call_origin origin)
{
    struct tarn_calls c;
    FUZZ_CHECK(tarn_calls_read(tools, text, size, origin, &c, NULL) == TARN_OK);
    FUZZ_CHECK(origin == TARN_CALL_BLOCK || c.n_run == 0);
    FUZZ_CHECK(c.byte <= size);
    for (size_t i = 0; i < c.n_run + c.n_offer; i++) {
        const struct tarn_call *call =
            i < c.n_run ? &c.run[i] : &c.offer[i - c.n_run];
        struct tarn_json *doc = NULL;
        FUZZ_CHECK(tarn_json_read(call->arguments, strlen(call->arguments),
                                  &doc, NULL) == TARN_OK);
        FUZZ_CHECK(doc->kind == TARN_JSON_OBJECT);
        FUZZ_CHECK(depth_of(call->arguments) <= TARN_CALL_MAX_DEPTH + 1);
        tarn_json_free(doc);
    }
    tarn_calls_finish(&c);
}

static void take(void *user, const struct tarn_reader_event *ev)
{
    struct record *r = user;
    if (ev->kind == TARN_READ_TEXT) {
        FUZZ_CHECK(ev->size > 0 && tarn_utf8_valid(ev->text, ev->size));
        tarn_buf_add(&r->line, ev->text, ev->size);
        return;
    }
    tarn_buf_printf(&r->line, "\n%d %u ", (int)ev->kind, ev->span);
    tarn_buf_add(&r->line, ev->text ? ev->text : "", ev->size);
    tarn_buf_byte(&r->line, '\n');
    if (ev->kind == TARN_READ_CALL || ev->kind == TARN_READ_UNREAD)
        check_calls(r->tools, ev->text, ev->size,
                    ev->kind == TARN_READ_CALL ? TARN_CALL_BLOCK
                                               : TARN_CALL_CUT);
}

static void read_all(const struct tarn_text *t, const char *text, size_t size,
                     size_t cut, unsigned flags, struct record *r)
{
    struct tarn_reader *reader = NULL;
    const struct tarn_reader_options opt = { .in_thought = flags & 1,
                                             .event = take,
                                             .user = r };
    FUZZ_CHECK(tarn_reader_create(t, &opt, &reader, NULL) == TARN_OK);
    for (size_t at = 0; at < size; at += cut)
        tarn_reader_bytes(reader, text + at, size - at < cut ? size - at : cut,
                          flags & 2);
    tarn_reader_end(reader);
    FUZZ_CHECK(!tarn_reader_failed(reader) && !r->line.failed);
    tarn_reader_destroy(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char declared[] =
        "[{\"name\":\"f\",\"parameters\":{\"properties\":{\"s\":{\"type\":"
        "\"string\"},\"i\":{\"type\":\"integer\"},\"l\":{}}}},"
        "{\"name\":\"need\",\"parameters\":{\"properties\":{\"s\":{}},"
        "\"required\":[\"s\"]}}]";
    const int64_t held = tarn_memory_held();
    if (size == 0)
        return 0;
    const unsigned flags = data[0];
    const char *text = (const char *)data + 1;
    const struct tarn_text t = { .thinks = flags & 4 };
    struct tarn_tools *tools = NULL;
    FUZZ_CHECK(tarn_tools_create(declared, sizeof declared - 1, &tools, NULL) ==
               TARN_OK);
    struct record whole = { .tools = tools }, parts = { .tools = tools };
    read_all(&t, text, size - 1, size, flags, &whole);
    read_all(&t, text, size - 1, 1 + (flags >> 4), flags, &parts);
    FUZZ_CHECK(whole.line.size == parts.line.size);
    FUZZ_CHECK(!whole.line.size ||
               !memcmp(whole.line.data, parts.line.data, whole.line.size));
    check_calls(flags & 8 ? tools : NULL, text, size - 1, TARN_CALL_BLOCK);
    check_calls(tools, text, size - 1, TARN_CALL_BARE);
    tarn_buf_finish(&whole.line);
    tarn_buf_finish(&parts.line);
    tarn_tools_destroy(tools);
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
