/* toolbox_test.c - calls wait for a yes, results go back, limits hold (C01,
 * C03 to C06). */
#include "core/turn/toolbox.h"

#include <stdlib.h>

#include "core/base/memory.h"
#include "core/chat/chat.h"
#include "tests/tap.h"

static const struct tarn_builtin_world WORLD = { .unix_ms = 0 };

static const char TOOLS[] =
    "[{\"name\":\"calculator\",\"parameters\":{\"properties\":{\"expression\":"
    "{\"type\":\"string\"}},\"required\":[\"expression\"]}},"
    "{\"name\":\"read_file\",\"parameters\":{\"properties\":{\"path\":{\"type\":"
    "\"string\"},\"lines\":{\"type\":\"integer\"}},\"required\":[\"path\"]}}]";

struct world {
    struct tarn_chat *chat;
    struct tarn_toolbox *box;
    tarn_message_id answer;
};

static void say(struct world *w, const char *text)
{
    CHECK(!tarn_chat_add(w->chat, TARN_USER, text, strlen(text), NULL, NULL));
}

/* An answer with one block of calls at the end of the chat. */
static void call(struct world *w, const char *block, bool cut)
{
    struct tarn_message last;
    CHECK(tarn_chat_message(w->chat, tarn_chat_length(w->chat) - 1, &last));
    CHECK(!tarn_chat_begin(w->chat, last.id, &w->answer, NULL));
    CHECK(!tarn_chat_add_call(w->chat, w->answer, block, strlen(block), cut,
                              NULL));
    tarn_chat_end(w->chat, w->answer, true);
}

static void begin(struct world *w, const char *tools)
{
    struct tarn_error err = { TARN_OK, "" };
    *w = (struct world){ 0 };
    CHECK(!tarn_chat_create(&w->chat, NULL));
    CHECK_SAYS(!tarn_toolbox_create(tools, &w->box, &err), "%s", err.text);
    say(w, "Hi");
}

static void end(struct world *w)
{
    tarn_toolbox_destroy(w->box);
    tarn_chat_destroy(w->chat);
}

static struct tarn_asked read_calls(struct world *w, size_t n)
{
    struct tarn_asked a = { 0 }, none;
    struct tarn_error err = { TARN_OK, "" };
    CHECK_SAYS(!tarn_toolbox_begin(w->box, w->chat, w->answer, &err), "%s",
               err.text);
    CHECK(tarn_toolbox_call(w->box, 0, &a) == (n > 0));
    CHECK(n == 0 || tarn_toolbox_call(w->box, n - 1, &none));
    CHECK(!tarn_toolbox_call(w->box, n, &none));
    return a;
}

static bool finish(struct world *w, enum tarn_status want)
{
    struct tarn_error err = { TARN_OK, "" };
    bool go_on = false;
    const enum tarn_status s =
        tarn_toolbox_finish(w->box, w->chat, &go_on, &err);
    CHECK_SAYS(s == want, "%d %s", s, err.text);
    CHECK(s == TARN_OK || (!go_on && err.text[0]));
    return go_on;
}

static const char *last_text(const struct world *w)
{
    static struct tarn_message m;
    CHECK(tarn_chat_message(w->chat, tarn_chat_length(w->chat) - 1, &m));
    CHECK(m.role == TARN_TOOL);
    return m.text;
}

static void test_nothing_runs_before_a_yes(void)
{
    struct world w;
    begin(&w, NULL);
    call(&w, "[calculator(expression=\"6*7\")]", false);
    struct tarn_asked a = read_calls(&w, 1);
    CHECK(!strcmp(a.name, "calculator") && a.runs_here && !a.allowed);
    CHECK(!strcmp(a.arguments, "{\"expression\": \"6*7\"}") && !a.offered);
    CHECK(a.decision == TARN_CALL_WAITS && !a.result && a.effects);
    CHECK(!strcmp(a.written, "[calculator(expression=\"6*7\")]"));
    CHECK(!tarn_toolbox_allow(w.box, 0, TARN_ALLOW_ONCE, &WORLD, NULL));
    CHECK(tarn_toolbox_call(w.box, 0, &a) && a.decision == TARN_CALL_DONE);
    CHECK(!strcmp(a.result, "42"));
    CHECK(tarn_toolbox_allow(w.box, 0, TARN_ALLOW_ONCE, &WORLD, NULL) ==
          TARN_USAGE);
    CHECK(finish(&w, TARN_OK));
    CHECK(!strcmp(last_text(&w), "42"));
    CHECK(!finish(&w, TARN_OK)); /* nothing is left */
    end(&w);
}

static void test_denied_or_forgotten_is_told(void)
{
    struct world w;
    begin(&w, NULL);
    call(&w, "[calculator(expression=\"1\"), clock()]", false);
    read_calls(&w, 2);
    tarn_toolbox_deny(w.box, 0);
    CHECK(finish(&w, TARN_OK));
    CHECK(strstr(last_text(&w), "did not allow"));
    CHECK(tarn_chat_length(w.chat) == 4);
    end(&w);
}

static void test_any_call_can_be_answered_by_hand(void)
{
    struct world w;
    begin(&w, TOOLS);
    call(&w, "[read_file(path='a.txt')]", false);
    struct tarn_asked a = read_calls(&w, 1);
    CHECK(!a.runs_here && !a.effects && a.decision == TARN_CALL_WAITS);
    CHECK(tarn_toolbox_allow(w.box, 0, TARN_ALLOW_TOOL, &WORLD, NULL) ==
          TARN_USAGE);
    CHECK(!tarn_toolbox_answer(w.box, 0, "one ", 4, NULL));
    CHECK(!tarn_toolbox_answer(w.box, 0, "two", 3, NULL));
    CHECK(finish(&w, TARN_OK));
    CHECK(!strcmp(last_text(&w), "one two"));
    end(&w);
}

static void test_a_call_twice_is_one_card(void)
{
    struct world w;
    begin(&w, NULL);
    call(&w, "[clock(), clock(), calculator(expression=\"2\")]", false);
    struct tarn_asked a = read_calls(&w, 2);
    CHECK(a.times == 2);
    CHECK(!tarn_toolbox_answer(w.box, 0, "noon", 4, NULL));
    CHECK(!tarn_toolbox_allow(w.box, 1, TARN_ALLOW_ONCE, &WORLD, NULL));
    CHECK(finish(&w, TARN_OK));
    CHECK(tarn_chat_length(w.chat) == 5);
    end(&w);
}

static void test_what_is_allowed_in_this_chat(void)
{
    struct world w;
    const char *name, *arguments;
    begin(&w, NULL);
    call(&w, "[calculator(expression=\"1+1\"), clock()]", false);
    read_calls(&w, 2);
    CHECK(!tarn_toolbox_allow(w.box, 0, TARN_ALLOW_THESE_ARGUMENTS, &WORLD,
                              NULL));
    CHECK(!tarn_toolbox_allow(w.box, 1, TARN_ALLOW_TOOL, &WORLD, NULL));
    finish(&w, TARN_OK);
    call(&w, "[calculator(expression=\"1+1\"), calculator(expression=\"1\"), "
             "clock()]",
         false);
    struct tarn_asked a = read_calls(&w, 3);
    CHECK(a.allowed);
    CHECK(tarn_toolbox_call(w.box, 1, &a) && !a.allowed);
    CHECK(tarn_toolbox_call(w.box, 2, &a) && a.allowed);
    CHECK(tarn_toolbox_allowed(w.box, 1, &name, &arguments) &&
          !strcmp(name, "clock") && !arguments);
    tarn_toolbox_withdraw(w.box, 1);
    CHECK(!tarn_toolbox_allowed(w.box, 1, &name, &arguments));
    CHECK(tarn_toolbox_call(w.box, 2, &a) && !a.allowed);
    end(&w);
}

/* What is only offered is never taken for allowed. */
static void test_an_offer_is_asked_every_time(void)
{
    struct world w;
    begin(&w, NULL);
    call(&w, "[clock()]", false);
    read_calls(&w, 1);
    CHECK(!tarn_toolbox_allow(w.box, 0, TARN_ALLOW_TOOL, &WORLD, NULL));
    finish(&w, TARN_OK);
    call(&w, "[Clock()]", false);
    struct tarn_asked a = read_calls(&w, 1);
    CHECK(a.offered && !a.allowed && a.decision == TARN_CALL_WAITS);
    call(&w, "[clock()", true);
    a = read_calls(&w, 1);
    CHECK(a.offered && !a.allowed);
    end(&w);
}

/* An answer of text alone. */
static void answer(struct world *w, const char *text, bool whole)
{
    struct tarn_message last;
    CHECK(tarn_chat_message(w->chat, tarn_chat_length(w->chat) - 1, &last));
    CHECK(!tarn_chat_begin(w->chat, last.id, &w->answer, NULL));
    CHECK(!tarn_chat_grow(w->chat, w->answer, TARN_SPAN_THOUGHT, "[clock()]", 9,
                          NULL));
    CHECK(!tarn_chat_grow(w->chat, w->answer, TARN_SPAN_ANSWER, text,
                          strlen(text), NULL));
    tarn_chat_end(w->chat, w->answer, whole);
}

/* Calls without markers, behind a thought: only where the caller says so. */
static void test_bare_calls_are_offered_where_allowed(void)
{
    static const struct {
        const char *text;
        size_t n;
        bool whole;
    } rows[] = {
        { "[clock()]", 1, true },
        { "calculator(expression=\"6*7\")", 1, true },
        { "[{\"name\": \"clock\", \"arguments\": {}}]", 1, true },
        { "[clock(), calculator(expression=\"1\")]", 2, true },
        { "[clock()]", 0, false }, /* it was stopped */
        { "Use [clock()] for that.", 0, true },
        { "[format_disk()]", 0, true },
        { "[clock(), format_disk()]", 0, true },
        { "", 0, true },
        { "17 + 25 = 42", 0, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        begin(&w, NULL);
        answer(&w, rows[i].text, rows[i].whole);
        read_calls(&w, 0);
        tarn_toolbox_bare(w.box, true);
        struct tarn_asked a = read_calls(&w, rows[i].n);
        if (rows[i].n) {
            CHECK(a.offered && !a.allowed && a.decision == TARN_CALL_WAITS);
            CHECK(!strcmp(a.written, rows[i].text));
            CHECK(!tarn_toolbox_allow(w.box, 0, TARN_ALLOW_TOOL, &WORLD, NULL));
        }
        CHECK(finish(&w, TARN_OK) == (rows[i].n > 0));
        end(&w);
    }
}

static void test_real_calls_go_before_bare_ones(void)
{
    struct world w;
    begin(&w, NULL);
    tarn_toolbox_bare(w.box, true);
    call(&w, "[clock()]", false);
    CHECK(!tarn_chat_grow(w.chat, w.answer, TARN_SPAN_ANSWER,
                          "calculator(expression=\"1\")", 26, NULL));
    struct tarn_asked a = read_calls(&w, 1);
    CHECK(!a.offered && !strcmp(a.name, "clock"));
    end(&w);
}

static void test_c01_what_is_not_understood_goes_back(void)
{
    static const struct {
        const char *block, *why;
        bool cut;
    } rows[] = {
        { "[calculator(expression=\"6*7]", "a string has no end", false },
        { "[calculator(expression=", "value is missing", true },
        { "[calculator(6*7)]", "comma", false },
        { "", "it is empty", false },
        { "I would call a tool", "text", false },
        { "[calculator(expression=open(\"x\"))]", "no literal", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        begin(&w, NULL);
        call(&w, rows[i].block, rows[i].cut);
        struct tarn_asked a = read_calls(&w, 1);
        CHECK(a.decision == TARN_CALL_REFUSED && !a.name[0]);
        CHECK_SAYS(a.result && !strncmp(a.result, "call not understood: ", 21) &&
                       strstr(a.result, rows[i].why),
                   "%s: %s", rows[i].block, a.result);
        CHECK(tarn_toolbox_allow(w.box, 0, TARN_ALLOW_ONCE, &WORLD, NULL) ==
              TARN_USAGE);
        CHECK(tarn_toolbox_answer(w.box, 0, "x", 1, NULL) == TARN_USAGE);
        CHECK(finish(&w, TARN_OK));
        CHECK(!strncmp(last_text(&w), "call not understood: ", 21));
        end(&w);
    }
}

static void test_c03_what_does_not_fit_is_refused(void)
{
    static const struct {
        const char *block, *why;
    } rows[] = {
        { "[format_disk()]", "there is no such tool" },
        { "[read_file()]", "missing" },
        { "[read_file(path='a', lines='many')]", "type" },
        { "[read_file(path='a', mode='w')]", "not known" },
        { "[read_file(path=['a'])]", "type" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        begin(&w, TOOLS);
        call(&w, rows[i].block, false);
        struct tarn_asked a = read_calls(&w, 1);
        CHECK(a.decision == TARN_CALL_REFUSED);
        CHECK_SAYS(strstr(a.result, rows[i].why), "%s: %s", rows[i].block,
                   a.result);
        end(&w);
    }
}

static void test_c03_the_third_wrong_call_in_a_row_ends_the_turn(void)
{
    struct world w;
    begin(&w, TOOLS);
    for (int i = 0; i < 2; i++) {
        call(&w, "[format_disk()]", false);
        read_calls(&w, 1);
        CHECK(finish(&w, TARN_OK));
    }
    call(&w, "[read_file(path='a')]", false); /* a good one between */
    read_calls(&w, 1);
    CHECK(finish(&w, TARN_OK));
    for (int i = 0; i < 3; i++) {
        call(&w, "[format_disk()]", false);
        read_calls(&w, 1);
        CHECK(finish(&w, i < 2 ? TARN_OK : TARN_LIMIT) == (i < 2));
    }
    say(&w, "Again"); /* the next turn begins anew */
    call(&w, "[format_disk()]", false);
    read_calls(&w, 1);
    CHECK(finish(&w, TARN_OK));
    end(&w);
}

static void test_c04_sixteen_calls_end_the_turn(void)
{
    static const char *const same[] = { "[clock()]", "[clock()]" };
    static const char *const turns[] = { "[clock()]",
                                         "[calculator(expression=\"1\")]" };
    for (int kind = 0; kind < 2; kind++) {
        struct world w;
        begin(&w, NULL);
        int n = 0;
        for (bool more = true; more && n < 40; n++) {
            call(&w, (kind ? turns : same)[n % 2], false);
            read_calls(&w, 1);
            CHECK(!tarn_toolbox_allow(w.box, 0, TARN_ALLOW_ONCE, &WORLD, NULL));
            more = finish(&w, n < 16 ? TARN_OK : TARN_LIMIT);
        }
        CHECK_SAYS(n == 17, "%d", n);
        /* what was done is there: the question, 16 pairs, the last call */
        CHECK(tarn_chat_length(w.chat) == 1 + 32 + 1);
        end(&w);
    }
}

static void test_c05_output_bombs_are_cut(void)
{
    static char part[1 << 20];
    struct world w;
    begin(&w, TOOLS);
    call(&w, "[read_file(path='/dev/zero')]", false);
    read_calls(&w, 1);
    memset(part, 'x', sizeof part);
    memcpy(part + (256 << 10) - 2, "\xE2\x82\xAC", 3); /* on the border */
    for (int i = 0; i < 10240; i++) /* 10 GB in all */
        CHECK(!tarn_toolbox_answer(w.box, 0, part, sizeof part, NULL));
    CHECK(finish(&w, TARN_OK));
    const char *text = last_text(&w);
    const size_t kept = (256 << 10) - 2;
    CHECK_SAYS(!strcmp(text + kept, "\n[cut: 10737156098 bytes left out]"), "%s",
               text + kept);
    end(&w);
}

static void test_the_end_of_the_chat_must_be_the_call(void)
{
    struct world w;
    begin(&w, NULL);
    call(&w, "[clock()]", false);
    read_calls(&w, 1);
    say(&w, "Never mind");
    finish(&w, TARN_USAGE);
    CHECK(tarn_chat_length(w.chat) == 3);
    end(&w);
}

static void test_wrong_declarations_are_refused(void)
{
    struct tarn_toolbox *box = NULL;
    struct tarn_error err = { TARN_OK, "" };
    CHECK(tarn_toolbox_create("{}", &box, &err) == TARN_USAGE && !box);
    CHECK(err.text[0]);
}

/* Every allocation fails in turn. */
static void test_out_of_memory(void)
{
    const int64_t held = tarn_memory_held();
    for (uint64_t k = 1, last = 0; last == 0 && k < 200; k++) {
        struct world w;
        bool go_on;
        begin(&w, NULL);
        call(&w, "[clock(), Clock(), none(), calculator(expression=\"1\")]",
             false);
        tarn_memory_fail_at(k, false);
        enum tarn_status s =
            tarn_toolbox_begin(w.box, w.chat, w.answer, NULL);
        for (size_t i = 0; !s && i < 3; i += 2)
            s = tarn_toolbox_allow(w.box, i, TARN_ALLOW_THESE_ARGUMENTS, &WORLD,
                                   NULL);
        if (!s)
            s = tarn_toolbox_finish(w.box, w.chat, &go_on, NULL);
        tarn_memory_fail_at(0, false);
        CHECK_SAYS(s == TARN_OK || s == TARN_NO_MEMORY || s == TARN_USAGE,
                   "%d at %d", s, (int)k);
        last = s == TARN_OK;
        end(&w);
    }
    CHECK(tarn_memory_held() == held);
}

int main(void)
{
    RUN(test_nothing_runs_before_a_yes);
    RUN(test_denied_or_forgotten_is_told);
    RUN(test_any_call_can_be_answered_by_hand);
    RUN(test_a_call_twice_is_one_card);
    RUN(test_what_is_allowed_in_this_chat);
    RUN(test_an_offer_is_asked_every_time);
    RUN(test_bare_calls_are_offered_where_allowed);
    RUN(test_real_calls_go_before_bare_ones);
    RUN(test_c01_what_is_not_understood_goes_back);
    RUN(test_c03_what_does_not_fit_is_refused);
    RUN(test_c03_the_third_wrong_call_in_a_row_ends_the_turn);
    RUN(test_c04_sixteen_calls_end_the_turn);
    RUN(test_c05_output_bombs_are_cut);
    RUN(test_the_end_of_the_chat_must_be_the_call);
    RUN(test_wrong_declarations_are_refused);
    RUN(test_out_of_memory);
    return tap_end();
}
