/* traces_test.c - traces in a chat's file: there and back, prompts not written
 * again and again, older files, and what is refused. */
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

/* One message with what stands for its trace, and more. */
static void check_refused(const struct tarn_trace *t, const char *more,
                          const char *why)
{
    struct tarn_buf file = { 0 }, b = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_chat *chat = NULL;
    tarn_buf_text(&b, "{\"tarn_chat\": 1, \"active\": 1, \"messages\": [\n"
                      "{\"id\": 1, \"parent\": 0, \"role\": \"assistant\", "
                      "\"content\": \"a\"");
    if (t) {
        CHECK(!tarn_trace_write_short(t, &file, NULL));
        tarn_buf_text(&b, ", \"trace\": ");
        tarn_json_add_string(&b, file.data, file.size, false);
    }
    tarn_buf_text(&b, more);
    tarn_buf_text(&b, "}\n]}\n");
    const enum tarn_status s = tarn_chat_from_json(b.data, b.size, &chat, &err);
    CHECK_SAYS(why ? s == TARN_USAGE && strstr(err.text, why) : !s,
               "%s: %d %s", more, s, err.text);
    tarn_chat_destroy(chat);
    tarn_buf_finish(&file);
    tarn_buf_finish(&b);
}

static void test_f06_wrong_prompts_are_refused(void)
{
    struct tarn_trace *t = trace_of(8, MOST);
    check_refused(t, ", \"trace_prompt\": [0,1,2]", NULL);
    check_refused(t, ", \"trace_prompt\": []", NULL);
    check_refused(t, "", NULL); /* it can be read, not computed again */
    check_refused(NULL, ", \"trace_prompt\": [0,1]", "fits no trace");
    check_refused(t, ", \"trace_prompt\": [1,1]", "fits no trace");
    check_refused(t, ", \"trace_prompt\": [2000000]", "fits no trace");
    check_refused(t, ", \"trace_prompt\": [0,-1]", "an id that is none");
    check_refused(t, ", \"trace_prompt\": {}", "no list");
    check_refused(t, ", \"trace_prompt\": [2147483647]", NULL);
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

static void test_e01_each_failed_allocation_is_an_error(void)
{
    struct tarn_chat *chat = NULL;
    size_t size;
    CHECK(!tarn_chat_create(&chat, NULL));
    ask(chat, 30, MOST);
    ask(chat, 300, MOST);
    char *text = json_of(chat, &size), *out;
    const int64_t held = tarn_memory_held();
    for (int reading = 0; reading < 2; reading++)
        for (uint64_t k = 1;; k++) {
            struct tarn_chat *again = NULL;
            struct tarn_error err = { TARN_OK, "" };
            size_t n;
            tarn_memory_fail_at(k, false);
            const enum tarn_status s =
                reading ? tarn_chat_from_json(text, size, &again, &err)
                        : tarn_chat_tree_json(chat, &out, &n, &err);
            tarn_memory_fail_at(0, false);
            CHECK_SAYS(!s || (s == TARN_NO_MEMORY && err.text[0]), "%d: %s", s,
                       err.text);
            if (!s && !reading)
                tarn_text_free(out);
            tarn_chat_destroy(again);
            CHECK(tarn_memory_held() == held);
            if (!s) {
                CHECK(k > 5);
                break;
            }
        }
    tarn_text_free(text);
    tarn_chat_destroy(chat);
}

int main(void)
{
    RUN(test_traces_go_out_and_in);
    RUN(test_the_file_grows_with_the_chat_not_its_square);
    RUN(test_a_trace_with_its_own_prompt_is_read);
    RUN(test_f06_wrong_prompts_are_refused);
    RUN(test_f06_shared_prompts_take_bounded_memory);
    RUN(test_a_trace_that_is_not_whole_is_left_out);
    RUN(test_e01_each_failed_allocation_is_an_error);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
