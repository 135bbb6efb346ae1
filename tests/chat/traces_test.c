/* traces_test.c - traces in a chat's file: there and back, prompts not written
 * again and again, older files, and what is damaged. */
#include <stdlib.h>

#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/chat/chat.h"
#include "core/trace/trace.h"
#include "tests/tap.h"

enum { MOST = 1 << 20, N_VOCAB = 300 };
static int32_t prompt[MOST];

static void tell(struct tarn_trace *t, struct tarn_event ev, double ms)
{
    ev.size = sizeof ev;
    ev.span = ev.kind == TARN_EV_END ? 0 : TARN_SPAN_THOUGHT;
    ev.ms = ms;
    for (int i = 0; i < 8; i++)
        ev.best[i] = (struct tarn_candidate){ i < 2 ? ev.id + i : -1,
                                              i < 2 ? 0.4f : 0 };
    tarn_trace_take(t, &ev);
}

static struct tarn_trace *new_trace(void)
{
    const struct tarn_trace_info info = { .size = sizeof info,
                                          .model = "a \"model\"",
                                          .n_vocab = N_VOCAB };
    struct tarn_trace *t = NULL;
    CHECK(!tarn_trace_create(NULL, &info, &t, NULL));
    return t;
}

/* A trace of a short turn that was asked with the first n ids of prompt[], and
 * behind `fork` others. */
static struct tarn_trace *trace_of(size_t n, size_t fork)
{
    struct tarn_trace_turn t = { .prompt = prompt, .n_prompt = n,
                                 .budget_given = true,
                                 .sampling = tarn_sampling_default() };
    struct tarn_error err;
    for (size_t i = 0; i < n; i++)
        prompt[i] = (int32_t)((i * 7 + (i >= fork)) % N_VOCAB);
    const struct tarn_turn_summary sum = { .reason = TARN_STOP_END };
    struct tarn_trace *trace = new_trace();
    CHECK(!tarn_trace_set_turn(trace, &t, &err));
    tell(trace, (struct tarn_event){ .kind = TARN_EV_SPAN }, 1);
    for (int i = 0; i < 9; i++)
        tell(trace, (struct tarn_event){ .kind = TARN_EV_TOKEN, .id = 7 * i,
                                         .p = 0.4f, .p_after = 0.5f,
                                         .entropy_bits = 1.25f }, 2 + i);
    tell(trace, (struct tarn_event){ .kind = TARN_EV_SPAN_END }, 20);
    tell(trace, (struct tarn_event){ .kind = TARN_EV_END, .summary = &sum },
         21);
    return trace;
}

/* A question and its answer, with a trace. */
static tarn_message_id ask(struct tarn_chat *chat, size_t n_prompt, size_t fork)
{
    tarn_message_id q, a;
    CHECK(!tarn_chat_add(chat, TARN_USER, "q", 1, &q, NULL));
    CHECK(!tarn_chat_begin(chat, q, &a, NULL));
    CHECK(!tarn_chat_grow(chat, a, TARN_SPAN_ANSWER, "a", 1, NULL));
    tarn_chat_end(chat, a, true);
    tarn_chat_attach(chat, a, trace_of(n_prompt, fork));
    return a;
}

static char *json_of(const struct tarn_chat *chat, size_t *size)
{
    struct tarn_error err = { TARN_OK, "" };
    char *out = NULL;
    *size = 0;
    CHECK_SAYS(!tarn_chat_tree_json(chat, &out, size, &err), "%s", err.text);
    return out;
}

static struct tarn_chat *chat_of(const char *text, size_t size)
{
    struct tarn_chat *chat = NULL;
    struct tarn_error err = { TARN_OK, "" };
    CHECK_SAYS(!tarn_chat_from_json(text, size, &chat, &err), "%s", err.text);
    return chat;
}

static bool same_trace(const struct tarn_trace *a, const struct tarn_trace *b)
{
    struct tarn_buf x = { 0 }, y = { 0 };
    const bool same = a && b && !tarn_trace_write(a, &x, NULL) &&
                      !tarn_trace_write(b, &y, NULL) && x.size == y.size &&
                      !memcmp(x.data, y.data, x.size);
    tarn_buf_finish(&x);
    tarn_buf_finish(&y);
    return same;
}

/* Branches, a message without a trace between, a prompt that is shorter. */
static void test_traces_go_out_and_in(void)
{
    struct tarn_chat *chat = NULL;
    tarn_message_id at[6];
    size_t size, twice_size;
    CHECK(!tarn_chat_create(&chat, NULL));
    at[0] = ask(chat, 40, MOST);
    at[1] = ask(chat, 90, MOST);
    CHECK(!tarn_chat_select(chat, at[0], NULL));
    at[2] = ask(chat, 95, 60);
    at[3] = ask(chat, 95, 60);
    at[4] = ask(chat, 20, 0);
    tarn_chat_attach(chat, at[3], NULL);
    at[5] = ask(chat, 99, 10);
    char *text = json_of(chat, &size);
    CHECK_SAYS(strstr(text, "\"trace_prompt\": [40,"), "%s", text);
    CHECK(strstr(text, "\"trace_prompt\": [0,"));
    struct tarn_chat *again = chat_of(text, size);
    for (int i = 0; again && i < 6; i++)
        CHECK_SAYS(i == 3 ? !tarn_chat_trace(again, at[i])
                          : same_trace(tarn_chat_trace(chat, at[i]),
                                       tarn_chat_trace(again, at[i])),
                   "message %u", at[i]);
    if (again) {
        const struct tarn_trace_turn *u =
            tarn_trace_turn(tarn_chat_trace(again, at[2]));
        CHECK(u && u->n_prompt == 95 && u->budget_given);
        char *twice = json_of(again, &twice_size);
        CHECK(size == twice_size && !memcmp(text, twice, size));
        tarn_text_free(twice);
    }
    tarn_text_free(text);
    tarn_chat_destroy(again);
    tarn_chat_destroy(chat);
}

/* Twenty turns, each prompt 500 ids longer: as much as the last one takes, and
 * not ten times that. */
static void test_the_file_grows_with_the_chat_not_its_square(void)
{
    struct tarn_chat *chat = NULL, *bare = NULL;
    size_t size, without;
    CHECK(!tarn_chat_create(&chat, NULL) && !tarn_chat_create(&bare, NULL));
    for (size_t i = 1; i <= 20; i++) {
        ask(chat, 500 * i, MOST);
        ask(bare, 0, MOST);
    }
    char *text = json_of(chat, &size), *other = json_of(bare, &without);
    printf("# 20 turns, prompts of 500 to 10,000 tokens: %zu bytes, %zu "
           "without prompts\n", size, without);
    CHECK(size - without < 10000 * 5);
    tarn_text_free(text);
    tarn_text_free(other);
    tarn_chat_destroy(chat);
    tarn_chat_destroy(bare);
}

/* As it was written before prompts had a place of their own. */
static void test_a_trace_with_its_own_prompt_is_read(void)
{
    struct tarn_trace *t = trace_of(30, MOST);
    struct tarn_buf file = { 0 }, b = { 0 };
    CHECK(!tarn_trace_write(t, &file, NULL));
    tarn_buf_text(&b, "{\"tarn_chat\": 1, \"active\": 1, \"messages\": [\n"
                      "{\"id\": 1, \"parent\": 0, \"role\": \"assistant\", "
                      "\"content\": \"a\", \"trace\": ");
    tarn_json_add_string(&b, file.data, file.size, false);
    tarn_buf_text(&b, "}\n]}\n");
    struct tarn_chat *chat = chat_of(b.data, b.size);
    if (chat)
        CHECK(same_trace(t, tarn_chat_trace(chat, 1)));
    tarn_chat_destroy(chat);
    tarn_trace_destroy(t);
    tarn_buf_finish(&file);
    tarn_buf_finish(&b);
}

/* A message behind `b`'s others: `record` stands for its trace, or NULL. */
static void add_message(struct tarn_buf *b, int id, const char *record,
                        size_t size, const char *more)
{
    if (id == 1)
        tarn_buf_text(b, "{\"tarn_chat\": 1, \"active\": 1, \"messages\": [");
    tarn_buf_printf(b, "%s\n{\"id\": %d, \"parent\": %d, \"role\": "
                       "\"assistant\", \"content\": \"a\"",
                    id > 1 ? "," : "", id, id - 1);
    if (record) {
        tarn_buf_text(b, ", \"trace\": ");
        tarn_json_add_string(b, record, size, false);
    }
    tarn_buf_text(b, more);
    tarn_buf_byte(b, '}');
}

/* The chat in b, whose end is added; its messages are there. */
static struct tarn_chat *end_of(struct tarn_buf *b, size_t n)
{
    struct tarn_message m;
    tarn_buf_text(b, "\n]}\n");
    struct tarn_chat *chat = chat_of(b->data, b->size);
    for (tarn_message_id id = 1; chat && id <= n; id++)
        CHECK(tarn_chat_find(chat, id, &m) && m.text_size == 1 &&
              m.finished);
    tarn_buf_finish(b);
    return chat;
}

/* What is written again is whole, and says nothing of what was lost. */
static void check_written(const struct tarn_chat *chat)
{
    size_t size;
    char *text = json_of(chat, &size);
    struct tarn_chat *again = chat_of(text, size);
    CHECK_SAYS(again && !tarn_chat_lost(again), "%s", tarn_chat_lost(again));
    tarn_chat_destroy(again);
    tarn_text_free(text);
}

static size_t prompt_of(const struct tarn_chat *chat, tarn_message_id id)
{
    const struct tarn_trace *t = tarn_chat_trace(chat, id);
    const struct tarn_trace_turn *u = t ? tarn_trace_turn(t) : NULL;
    return u ? u->n_prompt : 0;
}

/* One message with what stands for its trace, and more; the sentence has `why`
 * in it, or there is none. */
static void check_one(const struct tarn_trace *t, const char *more,
                      const char *why)
{
    struct tarn_buf file = { 0 }, b = { 0 };
    if (t)
        CHECK(!tarn_trace_write_short(t, &file, NULL));
    add_message(&b, 1, t ? file.data : NULL, file.size, more);
    struct tarn_chat *chat = end_of(&b, 1);
    const char *lost = tarn_chat_lost(chat);
    CHECK_SAYS(why ? lost && strstr(lost, why) : !lost, "%s: %s", more,
               lost ? lost : "nothing was lost");
    CHECK(!tarn_chat_trace(chat, 1) == !t);
    check_written(chat);
    tarn_chat_destroy(chat);
    tarn_buf_finish(&file);
}

/* The trace stays, without its prompt. */
static void test_f08_wrong_prompts_cost_no_chat(void)
{
    struct tarn_trace *t = trace_of(8, MOST);
    check_one(t, ", \"trace_prompt\": [0,1,2]", NULL);
    check_one(t, ", \"trace_prompt\": []", NULL);
    check_one(t, "", NULL); /* it can be read, not computed again */
    check_one(NULL, ", \"trace_prompt\": [0,1]", "a prompt and no trace");
    check_one(t, ", \"trace_prompt\": [1,1]", "more than there is above");
    check_one(t, ", \"trace_prompt\": [2000000]", "more than there is above");
    check_one(t, ", \"trace_prompt\": [0,-1]", "an id that is none");
    check_one(t, ", \"trace_prompt\": {}", "no list");
    check_one(t, ", \"trace_prompt\": [2147483647]", NULL);
    tarn_trace_destroy(t);
    t = new_trace(); /* of which nobody knows what was asked */
    check_one(t, ", \"trace_prompt\": [0,1]",
              "The trace of message 1 can be read, not computed again: the "
              "trace does not say what was asked.");
    tarn_trace_destroy(t);
}

/* Cut, changed, newer, no text: the message is there, the trace is not. */
static void test_f08_a_damaged_trace_costs_no_chat(void)
{
    struct tarn_trace *t = trace_of(8, MOST);
    struct tarn_buf file = { 0 };
    CHECK(!tarn_trace_write_short(t, &file, NULL));
    size_t lost = 0, n = 0;
    for (size_t at = 0; at < file.size; at += 7)
        for (int cut = 0; cut < 2; cut++) {
            struct tarn_buf b = { 0 };
            char *copy = malloc(file.size);
            memcpy(copy, file.data, file.size);
            copy[at] = '\x01'; /* legal nowhere */
            add_message(&b, 1, copy, cut ? at : file.size, "");
            free(copy);
            struct tarn_chat *chat = end_of(&b, 1);
            const char *said = tarn_chat_lost(chat);
            n++;
            lost += !tarn_chat_trace(chat, 1) && said &&
                    strstr(said, "Message 1 is read without its trace: this "
                                 "is not a tarn trace: ") &&
                    strstr(said, " at byte ");
            check_written(chat);
            tarn_chat_destroy(chat);
        }
    CHECK_SAYS(n > 100 && lost == n, "%zu of %zu", lost, n);
    static const char *const BAD[] = { ", \"trace\": 5", ", \"trace\": null",
                                       ", \"trace\": {\"tarn_trace\": 1}" };
    for (size_t i = 0; i < 3; i++)
        check_one(NULL, BAD[i], "the trace is no text");
    check_one(NULL, ", \"trace\": \"{\\\"tarn_trace\\\": 2}\"",
              "a newer one is needed");
    tarn_buf_finish(&file);
    tarn_trace_destroy(t);
}

/* Prompts are told by those above: where one's trace is damaged its prompt
 * still serves; where the prompt is, those that begin with it lose theirs, and
 * what begins anew is whole. */
static void test_f08_a_damaged_trace_costs_no_other(void)
{
    struct tarn_trace *t = trace_of(8, MOST);
    struct tarn_buf file = { 0 }, b = { 0 };
    CHECK(!tarn_trace_write_short(t, &file, NULL));
    add_message(&b, 1, file.data, file.size, ", \"trace_prompt\": [0,1,2]");
    add_message(&b, 2, file.data, 99, ", \"trace_prompt\": [2,3,4]");
    add_message(&b, 3, file.data, 0, ", \"trace_prompt\": [4,5]");
    add_message(&b, 4, file.data, file.size, ", \"trace_prompt\": [5,6]");
    struct tarn_chat *chat = end_of(&b, 4);
    const char *said = tarn_chat_lost(chat);
    CHECK_SAYS(said && strstr(said, "2 messages are read without their traces; "
                                    "message 2: "), "%s", said);
    CHECK(!tarn_chat_trace(chat, 2) && !tarn_chat_trace(chat, 3));
    CHECK(prompt_of(chat, 1) == 2 && prompt_of(chat, 4) == 6);
    for (int i = 0; prompt_of(chat, 4) == 6 && i < 6; i++)
        CHECK(tarn_trace_turn(tarn_chat_trace(chat, 4))->prompt[i] == i + 1);
    check_written(chat);
    tarn_chat_destroy(chat);

    add_message(&b, 1, file.data, file.size, ", \"trace_prompt\": [0,1,2]");
    add_message(&b, 2, file.data, 99, ", \"trace_prompt\": [2,-3]");
    add_message(&b, 3, file.data, file.size, ", \"trace_prompt\": [2,3]");
    add_message(&b, 4, file.data, file.size, ", \"trace_prompt\": [3,4]");
    add_message(&b, 5, file.data, file.size, ", \"trace_prompt\": [0,7,8]");
    add_message(&b, 6, file.data, file.size, ", \"trace_prompt\": [2,9]");
    add_message(&b, 7, file.data, 9, "");
    add_message(&b, 8, file.data, file.size, ", \"trace_prompt\": [1,9]");
    chat = end_of(&b, 8);
    said = tarn_chat_lost(chat);
    CHECK_SAYS(said && strstr(said, " 3 more can be read, not computed again."),
               "%s", said);
    for (tarn_message_id id = 1; id <= 8; id++)
        CHECK(!tarn_chat_trace(chat, id) == (id == 2 || id == 7));
    CHECK(prompt_of(chat, 1) == 2 && prompt_of(chat, 5) == 2 &&
          prompt_of(chat, 6) == 3);
    CHECK(!prompt_of(chat, 3) && !prompt_of(chat, 4) && !prompt_of(chat, 8));
    check_written(chat);
    tarn_chat_destroy(chat);
    tarn_buf_finish(&file);
    tarn_trace_destroy(t);
}

/* A small file that asks for much: 30 times a prompt of 2^20 ids. */
static void test_f06_shared_prompts_take_bounded_memory(void)
{
    struct tarn_chat *chat = NULL;
    struct tarn_buf file = { 0 }, b = { 0 };
    struct tarn_trace *t = trace_of(8, MOST);
    CHECK(!tarn_trace_write_short(t, &file, NULL));
    tarn_trace_destroy(t);
    tarn_buf_text(&b, "{\"tarn_chat\": 1, \"active\": 30, \"messages\": [");
    for (int i = 1; i <= 30; i++) {
        tarn_buf_printf(&b, "%s\n{\"id\": %d, \"parent\": %d, \"role\": "
                            "\"assistant\", \"content\": \"a\", \"trace\": ",
                        i > 1 ? "," : "", i, i - 1);
        tarn_json_add_string(&b, file.data, file.size, false);
        tarn_buf_printf(&b, ", \"trace_prompt\": [%d", i > 1 ? MOST - 1 : 0);
        for (int k = 0; i == 1 && k < MOST - 1; k++)
            tarn_buf_text(&b, ",5");
        tarn_buf_text(&b, "]}");
    }
    tarn_buf_text(&b, "\n]}\n");
    chat = chat_of(b.data, b.size);
    tarn_buf_finish(&file);
    tarn_buf_finish(&b);
    const struct tarn_trace *first = chat ? tarn_chat_trace(chat, 1) : NULL;
    const struct tarn_trace *last = chat ? tarn_chat_trace(chat, 30) : NULL;
    CHECK(first && tarn_trace_turn(first)->n_prompt == MOST - 1);
    CHECK(last && tarn_trace_turn(last)->n_prompt == 0);
    size_t all = 0;
    for (tarn_message_id id = 1; chat && id <= 30; id++)
        all += tarn_trace_turn(tarn_chat_trace(chat, id))->n_prompt;
    CHECK_SAYS(all <= 1 << 24 && all > 14 << 20, "%zu ids are held", all);
    tarn_chat_destroy(chat);
}

static void test_a_trace_that_is_not_whole_is_left_out(void)
{
    struct tarn_chat *chat = NULL;
    tarn_message_id q, a;
    size_t size;
    CHECK(!tarn_chat_create(&chat, NULL));
    CHECK(!tarn_chat_add(chat, TARN_USER, "q", 1, &q, NULL));
    CHECK(!tarn_chat_begin(chat, q, &a, NULL));
    CHECK(!tarn_chat_grow(chat, a, TARN_SPAN_ANSWER, "a", 1, NULL));
    struct tarn_trace *t = new_trace();
    tarn_memory_fail_at(1, true);
    tell(t, (struct tarn_event){ .kind = TARN_EV_TOKEN, .id = 7 }, 1);
    tarn_memory_fail_at(0, false);
    CHECK(tarn_trace_failed(t));
    tarn_chat_attach(chat, a, t);
    char *text = json_of(chat, &size);
    CHECK(text && !strstr(text, "trace"));
    tarn_text_free(text);
    tarn_chat_destroy(chat);
}

/* Reading or writing with each allocation failing in turn. */
static void fail_each(const struct tarn_chat *chat, const char *text,
                      size_t size)
{
    const int64_t held = tarn_memory_held();
    for (uint64_t k = 1;; k++) {
        struct tarn_chat *again = NULL;
        struct tarn_error err = { TARN_OK, "" };
        char *out;
        size_t n;
        tarn_memory_fail_at(k, false);
        const enum tarn_status s =
            text ? tarn_chat_from_json(text, size, &again, &err)
                 : tarn_chat_tree_json(chat, &out, &n, &err);
        tarn_memory_fail_at(0, false);
        CHECK_SAYS(!s || (s == TARN_NO_MEMORY && err.text[0]), "%d: %s", s,
                   err.text);
        if (!s && !text)
            tarn_text_free(out);
        tarn_chat_destroy(again);
        CHECK(tarn_memory_held() == held);
        if (!s) {
            CHECK(k > 5);
            return;
        }
    }
}

static void test_e01_each_failed_allocation_is_an_error(void)
{
    struct tarn_chat *chat = NULL;
    size_t size;
    CHECK(!tarn_chat_create(&chat, NULL));
    ask(chat, 30, MOST);
    ask(chat, 300, MOST);
    char *text = json_of(chat, &size);
    fail_each(chat, NULL, 0);
    fail_each(NULL, text, size);
    char *first = strstr(text, "n_tokens"); /* of the first trace */
    CHECK(first != NULL);
    if (first)
        *first = 'x';
    struct tarn_chat *damaged = chat_of(text, size);
    CHECK(tarn_chat_lost(damaged) && prompt_of(damaged, 4) == 300);
    tarn_chat_destroy(damaged);
    fail_each(NULL, text, size);
    tarn_text_free(text);
    tarn_chat_destroy(chat);
}

int main(void)
{
    RUN(test_traces_go_out_and_in);
    RUN(test_the_file_grows_with_the_chat_not_its_square);
    RUN(test_a_trace_with_its_own_prompt_is_read);
    RUN(test_f08_wrong_prompts_cost_no_chat);
    RUN(test_f08_a_damaged_trace_costs_no_chat);
    RUN(test_f08_a_damaged_trace_costs_no_other);
    RUN(test_f06_shared_prompts_take_bounded_memory);
    RUN(test_a_trace_that_is_not_whole_is_left_out);
    RUN(test_e01_each_failed_allocation_is_an_error);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
