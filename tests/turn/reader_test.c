/* reader_test.c - the turn reader: spans, cuts, broken text, stray tags.
 *
 * Events are written down as one line: {T...} thought, {A...} answer, {C...}
 * call, with !...! for what was cut off and ^ for "that was the thought". */
#include "core/turn/reader.h"

#include <stdlib.h>

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/tarn.h"
#include "tests/tap.h"

static const char *const WORDS[] = { "hello ",   "</thi", "nk>",
                                     "\xF0\x9F", "<th",   "ink>x" };
#include "tests/text/double.h"

/* ------------------------------------------------------------------ events */

struct record {
    struct tarn_buf line;
    bool valid;
};

static void note(void *user, const struct tarn_reader_event *ev)
{
    struct record *rec = user;
    static const char letters[] = "?TAC";
    rec->valid &= ev->span <= TARN_SPAN_CALL;
    switch (ev->kind) {
    case TARN_READ_SPAN:
        tarn_buf_printf(&rec->line, "{%c", letters[ev->span]);
        break;
    case TARN_READ_TEXT:
        rec->valid &= ev->size > 0 && tarn_utf8_valid(ev->text, ev->size);
        tarn_buf_add(&rec->line, ev->text, ev->size);
        break;
    case TARN_READ_SPAN_END:
        tarn_buf_byte(&rec->line, '}');
        break;
    case TARN_READ_CALL:
        tarn_buf_add(&rec->line, ev->text, ev->size);
        break;
    case TARN_READ_UNREAD:
        tarn_buf_printf(&rec->line, "!%.*s!", (int)ev->size, ev->text);
        break;
    case TARN_READ_WAS_THOUGHT:
        tarn_buf_byte(&rec->line, '^');
        break;
    }
}

static struct tarn_reader *make(const struct tarn_text *t, bool in_thought,
                                struct record *rec)
{
    const struct tarn_reader_options opt = { .in_thought = in_thought,
                                             .event = note,
                                             .user = rec };
    struct tarn_reader *r = NULL;
    *rec = (struct record){ .valid = true };
    CHECK(tarn_reader_create(t, &opt, &r, NULL) == TARN_OK);
    return r;
}

static void expect(struct record *rec, const char *want, const char *input,
                   size_t cut)
{
    const char *got = rec->line.data ? rec->line.data : "";
    CHECK_SAYS(strcmp(got, want) == 0, "%s, cut %zu: %s, wanted %s", input, cut,
               got, want);
    CHECK(rec->valid && !rec->line.failed);
    tarn_buf_finish(&rec->line);
}

/* Bytes with the names of control tokens, in pieces of `cut` bytes. */
static void feed(const struct tarn_text *t, bool in_thought, const char *text,
                 size_t size, size_t cut, bool special, const char *want)
{
    struct record rec;
    struct tarn_reader *r = make(t, in_thought, &rec);
    for (size_t at = 0; at < size; at += cut)
        tarn_reader_bytes(r, text + at, size - at < cut ? size - at : cut,
                          special);
    tarn_reader_end(r);
    CHECK(!tarn_reader_failed(r));
    tarn_reader_destroy(r);
    expect(&rec, want, text, cut);
}

/* The same as ids: names become control tokens if they may, the rest bytes. */
static void feed_ids(const struct tarn_text *t, bool in_thought,
                     const char *text, size_t size, const char *want)
{
    struct record rec;
    struct tarn_reader *r = make(t, in_thought, &rec);
    for (size_t at = 0; at < size;) {
        int32_t id = (unsigned char)text[at];
        size_t step = 1;
        for (int c = 0; c < TARN_N_CTL; c++) {
            const size_t n = strlen(CONTROLS[c]);
            const int32_t control = tarn_text_control(t, (enum tarn_control)c);
            if (control >= 0 && n <= size - at &&
                memcmp(text + at, CONTROLS[c], n) == 0) {
                id = control;
                step = n;
            }
        }
        at += step;
        if (!tarn_reader_token(r, id))
            break;
    }
    tarn_reader_end(r);
    tarn_reader_destroy(r);
    expect(&rec, want, text, 0);
}

/* Every size of pieces, as ids, with and without <think> tokens. */
static void everyway(const char *text, size_t size, bool in_thought,
                     const char *want)
{
    const struct tarn_text with = { true }, without = { false };
    for (size_t cut = 1; cut <= size; cut++) {
        feed(&with, in_thought, text, size, cut, true, want);
        feed(&without, in_thought, text, size, cut, true, want);
    }
    feed_ids(&with, in_thought, text, size, want);
    feed_ids(&without, in_thought, text, size, want);
}

/* ------------------------------------------------------------------- tests */

#define START "<|tool_call_start|>"
#define END "<|tool_call_end|>"

static void test_spans_whatever_the_cut(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "Hello.", "{AHello.}" },
        { "<think>a</think>b", "{Ta}{Ab}" },
        { "\n\n<think>a</think>b", "{Ta}{Ab}" },
        { "<think>\nI need it.\n</think>\n\nOne moment.\n",
          "{TI need it.}{AOne moment.}" },
        { "<think></think>Hello.", "{T}{AHello.}" },
        { "<think>a", "{Ta}" },
        { "<think>", "{T}" },
        { "", "" },
        { " \n ", "" },
        { "a</think>b", "{Aa}^{Ab}" },
        { "</think>b", "{Ab}" },
        { "<think>a</think>b</think>c", "{Ta}{Ab</think>c}" },
        { "<think>a</think>b<think>c", "{Ta}{Ab<think>c}" },
        { "b<think>c", "{Ab<think>c}" },
        { "<think>a<think>b</think>c", "{Ta<think>b}{Ac}" },
        { "a < b </ c <thin> </thin", "{Aa < b </ c <thin> </thin}" },
        { "<<think>a", "{A<<think>a}" },
        { "<think>x</</think>y", "{Tx</}{Ay}" },
        { START "[f(x=1)]" END, "{C[f(x=1)]}" },
        { "<think>t</think>" START "[f()]" END, "{Tt}{C[f()]}" },
        { "Let me check. " START "[f()]" END " Done.\n",
          "{ALet me check.}{C[f()]}{ADone.}" },
        { START "[f()]" END START "[g()]" END, "{C[f()]}{C[g()]}" },
        { START " [ f( ) ] " END, "{C [ f( ) ] }" },
        { START "[f(x=\"<think>\")]" END, "{C[f(x=\"<think>\")]}" },
        { START "[f(x=", "{C![f(x=!}" },
        { START END, "{C}" },
        { "<think>maybe " START "[f()]" END " no</think>Hi",
          "{Tmaybe " START "[f()]" END " no}{AHi}" },
        { "<think>a " START "[f()]" END, "{Ta " START "[f()]" END "}" },
        { "[f()]" END, "{A[f()]}" },
        { START "[f()]" END "<think>b</think>c", "{C[f()]}{Tb}{Ac}" },
        { "a<|im_end|>b", "{Aa}" },
        { "<think>a<|endoftext|></think>b", "{Ta}" },
        { START "[f(<|im_end|>", "{C![f(!}" },
        { "a <|pad|><|tool_response_start|> b",
          "{Aa <|pad|><|tool_response_start|> b}" },
        { "  indented\n\n    code  ", "{Aindented\n\n    code}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        everyway(rows[i].text, strlen(rows[i].text), false, rows[i].want);
}

static void test_layout_f_begins_inside_the_thought(void)
{
    everyway("I need it.</think> Yes.", 23, true, "{TI need it.}{AYes.}");
    everyway("<think>a</think>b", 17, true, "{Ta}{Ab}");
    everyway("\n<think>a</think>b", 18, true, "{Ta}{Ab}");
    everyway("a<think>b", 9, true, "{Ta<think>b}");
    everyway("never closed", 12, true, "{Tnever closed}");
    everyway("", 0, true, "{T}");
}

/* A person's text, a file's or a tool's never counts as a tag where the
 * vocabulary has tokens for them. */
static void test_text_alone_is_no_control_token(void)
{
    const struct tarn_text with = { true }, without = { false };
    static const char text[] =
        "<think>a</think>" START "[f()]" END "<|im_end|>b";
    for (size_t cut = 1; cut <= sizeof text - 1; cut++) {
        struct record rec;
        char want[128];
        snprintf(want, sizeof want, "{A%s}", text);
        feed(&with, false, text, sizeof text - 1, cut, false, want);
        feed(&without, false, text, sizeof text - 1, cut, false,
             "{Ta}{A" START "[f()]" END "<|im_end|>b}");
        struct tarn_reader *r = make(&with, false, &rec);
        for (size_t i = 0; i < sizeof text - 1; i++)
            CHECK(tarn_reader_token(r, (unsigned char)text[i]));
        tarn_reader_end(r);
        tarn_reader_destroy(r);
        expect(&rec, want, text, 0);
    }
}

/* Where the vocabulary has no such token the tag is spelled by ordinary
 * tokens, over any borders. */
static void test_tags_over_token_borders(void)
{
    const struct tarn_text without = { false };
    const int32_t ids[] = { WORD + 4, WORD + 5, ' ', WORD + 0,
                            WORD + 1, WORD + 2, 'y' };
    struct record rec;
    struct tarn_reader *r = make(&without, false, &rec);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        CHECK(tarn_reader_token(r, ids[i]));
        CHECK_SAYS(
            tarn_reader_span(r) ==
                (i == 0 || i >= 5 ? TARN_SPAN_ANSWER : TARN_SPAN_THOUGHT),
            "token %zu: span %u", i, tarn_reader_span(r));
    }
    CHECK(!tarn_reader_token(r, CTL + TARN_CTL_IM_END));
    CHECK(!tarn_reader_token(r, 'z'));
    tarn_reader_end(r);
    tarn_reader_destroy(r);
    expect(&rec, "{Tx hello}{Ay}", "ids", 0);
}

/* T05: characters cut anywhere; broken ones become one U+FFFD for each maximal
 * part. */
#define BAD "\xEF\xBF\xBD"
static void test_t05_broken_utf8_becomes_replacement(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "\xF0\x9F\x98\x80", "{A\xF0\x9F\x98\x80}" },
        { "a\xF0\x9F\x98", "{Aa" BAD "}" },
        { "\xF0\x9F\x98z", "{A" BAD "z}" },
        { "\xFF\xFE", "{A" BAD BAD "}" },
        { "\xC0\xAF", "{A" BAD BAD "}" },
        { "\xED\xA0\x80", "{A" BAD BAD BAD "}" },
        { "\xE2\x82\xE2\x82\xAC", "{A" BAD "\xE2\x82\xAC}" },
        { "\x80", "{A" BAD "}" },
        { "<think>\xE2\x82</think>\xE2\x82", "{T" BAD "}{A" BAD "}" },
        { "\xE2\x82" START "[]" END, "{A" BAD "}{C[]}" },
        { "\xE2\x82</think>b", "{A" BAD "}^{Ab}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        everyway(rows[i].text, strlen(rows[i].text), false, rows[i].want);
}

static void test_t05_every_character_cut_at_every_byte(void)
{
    const struct tarn_text with = { true };
    for (int32_t code = 0x21; code < 0x110000; code += code < 0x3000 ? 1 : 97) {
        char text[8], want[16];
        const size_t n = tarn_utf8_encode(code, text);
        if (n == 0 || (code >= 0x7f && code < 0xa0))
            continue;
        snprintf(want, sizeof want, "{A%.*s}", (int)n, text);
        feed(&with, false, text, n, 1, false, want);
    }
}

/* The outputs of the reference file: thought and answer as it has them. */
static void check_line(const struct tarn_json *line)
{
    const struct tarn_text with = { true };
    const struct tarn_json *out = tarn_json_get(line, "output");
    const struct tarn_json *e = tarn_json_get(line, "expect");
    const struct tarn_json *thought = tarn_json_get(e, "reasoning");
    const struct tarn_json *answer = tarn_json_get(e, "content");
    const char *id = tarn_json_get(line, "id")->text;
    /* Calls' own affairs: an echo of the call, the end marker as text in a
     * call (a text cannot tell), prose in a block. */
    if (!strcmp(id, "t37") || !strcmp(id, "t32") || !strcmp(id, "t67"))
        return;
    struct tarn_buf want = { 0 }, got = { 0 };
    tarn_buf_printf(&want, "%s|%s",
                    thought->kind == TARN_JSON_STRING ? thought->text : "",
                    answer->text);
    for (size_t cut = 1; cut <= 7; cut += 3) {
        struct record rec;
        struct tarn_reader *r = make(&with, !strcmp(id, "t14"), &rec);
        for (size_t at = 0; at < out->size; at += cut)
            tarn_reader_bytes(r, out->text + at,
                              out->size - at < cut ? out->size - at : cut,
                              true);
        tarn_reader_end(r);
        tarn_reader_destroy(r);
        /* {T..}, {A..} and {A..}^ of the record, in the form of `want`. */
        struct tarn_buf t = { 0 }, a = { 0 };
        for (const char *p = rec.line.data; p && *p;) {
            const char *next = strchr(p + 1, '{');
            /* braces of JSON calls are inside {C...}: next span only */
            while (next && (next[-1] != '}' && next[-1] != '^'))
                next = strchr(next + 1, '{');
            const char *end = next ? next : p + strlen(p);
            const bool was = end[-1] == '^';
            const size_t n = (size_t)(end - p) - 3 - was;
            if (p[1] == 'T' || was)
                tarn_buf_add(&t, p + 2, n);
            else if (p[1] == 'A')
                tarn_buf_add(&a, p + 2, n);
            p = end;
        }
        tarn_buf_clear(&got);
        tarn_buf_printf(&got, "%s|%s", t.data ? t.data : "",
                        a.data ? a.data : "");
        CHECK_SAYS(!strcmp(got.data, want.data), "%s: %s, wanted %s (%s)", id,
                   got.data, want.data, rec.line.data);
        tarn_buf_finish(&t);
        tarn_buf_finish(&a);
        tarn_buf_finish(&rec.line);
    }
    tarn_buf_finish(&want);
    tarn_buf_finish(&got);
}

static const char *folder;

static void test_reference_outputs(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/toolcalls.jsonl", folder);
    FILE *f = fopen(path, "rb");
    static char line[8192];
    int n = 0;
    CHECK(f);
    while (f && fgets(line, sizeof line, f)) {
        struct tarn_json *doc = NULL;
        CHECK(tarn_json_read(line, strlen(line), &doc, NULL) == TARN_OK);
        if (tarn_json_get(doc, "id")) {
            check_line(doc);
            n++;
        }
        tarn_json_free(doc);
    }
    if (f)
        fclose(f);
    CHECK_SAYS(n == 76, "%d lines", n);
}

static void count_text(void *user, const struct tarn_reader_event *ev)
{
    *(size_t *)user += ev->size;
}

/* Whatever fails: the reader says so, or all text has come. */
static void test_failed_memory_is_told(void)
{
    const struct tarn_text with = { true };
    const int64_t held = tarn_memory_held();
    static const char text[] = "<think> a b </think> c d " START "[f()]" END;
    int failures = 0;
    for (uint64_t k = 1; k < 40; k++) {
        size_t seen = 0;
        struct tarn_reader *r = NULL;
        struct tarn_error err = { 0 };
        const struct tarn_reader_options opt = { .event = count_text,
                                                 .user = &seen };
        tarn_memory_fail_at(k, true);
        if (tarn_reader_create(&with, &opt, &r, &err) == TARN_OK) {
            tarn_reader_bytes(r, text, sizeof text - 1, true);
            tarn_reader_end(r);
            failures += tarn_reader_failed(r);
            CHECK(tarn_reader_failed(r) || seen == strlen("a bc d[f()]"));
        } else {
            CHECK(err.status == TARN_NO_MEMORY);
            failures++;
        }
        tarn_memory_fail_at(0, false);
        tarn_reader_destroy(r);
        CHECK(tarn_memory_held() == held);
    }
    CHECK_SAYS(failures >= 3, "%d", failures);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : "tests/oracle";
    RUN(test_spans_whatever_the_cut);
    RUN(test_layout_f_begins_inside_the_thought);
    RUN(test_text_alone_is_no_control_token);
    RUN(test_tags_over_token_borders);
    RUN(test_t05_broken_utf8_becomes_replacement);
    RUN(test_t05_every_character_cut_at_every_byte);
    RUN(test_reference_outputs);
    RUN(test_failed_memory_is_told);
    return tap_end();
}
