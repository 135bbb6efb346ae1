/* chat_test.c - the tree of messages, growing answers, JSON. */
#include "core/chat/chat.h"

#include <stdlib.h>

#include "core/base/json.h"
#include "core/base/memory.h"
#include "tests/tap.h"

static struct tarn_chat *make(void)
{
    struct tarn_chat *chat = NULL;
    CHECK(tarn_chat_create(&chat, NULL) == TARN_OK);
    return chat;
}

static tarn_message_id add(struct tarn_chat *chat, enum tarn_role role,
                           const char *text)
{
    tarn_message_id id = 0;
    CHECK(tarn_chat_add(chat, role, text, strlen(text), &id, NULL) == TARN_OK);
    return id;
}

static tarn_message_id answer(struct tarn_chat *chat, tarn_message_id parent,
                              const char *text)
{
    tarn_message_id id = 0;
    CHECK(tarn_chat_begin(chat, parent, &id, NULL) == TARN_OK);
    CHECK(tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, text, strlen(text),
                         NULL) == TARN_OK);
    tarn_chat_end(chat, id, true);
    return id;
}

/* The active path in one line. */
static const char *path(const struct tarn_chat *chat)
{
    static char line[256];
    struct tarn_message m;
    size_t n = 0;
    line[0] = 0;
    for (size_t i = 0; tarn_chat_message(chat, i, &m); i++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s ", m.text);
    CHECK(tarn_chat_length(chat) == 0 || n > 0);
    return line;
}

/* ------------------------------------------------------------------- tree */

static void test_messages_make_a_path(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    CHECK(tarn_chat_length(chat) == 0 && !tarn_chat_message(chat, 0, &m));
    add(chat, TARN_SYSTEM, "s");
    const tarn_message_id q = add(chat, TARN_USER, "q");
    answer(chat, q, "a");
    CHECK(!strcmp(path(chat), "s q a "));
    CHECK(tarn_chat_message(chat, 2, &m) && m.role == TARN_ASSISTANT &&
          m.parent == q && m.finished && !m.thought && m.n_siblings == 1 &&
          m.sibling == 0 && m.size == sizeof m);
    CHECK(!tarn_chat_find(chat, 0, &m) && !tarn_chat_find(chat, 99, &m));
    tarn_chat_destroy(chat);
    tarn_chat_destroy(NULL);
}

static void test_edit_and_regenerate_make_branches(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    const tarn_message_id q1 = add(chat, TARN_USER, "q1");
    const tarn_message_id a1 = answer(chat, q1, "a1");
    add(chat, TARN_USER, "q2");
    /* edit q2 */
    CHECK(tarn_chat_select(chat, a1, NULL) == TARN_OK);
    const tarn_message_id q2b = add(chat, TARN_USER, "q2b");
    CHECK(!strcmp(path(chat), "q1 a1 q2b "));
    CHECK(tarn_chat_find(chat, q2b, &m) && m.n_siblings == 2 && m.sibling == 1);
    /* regenerate a1 */
    CHECK(tarn_chat_select(chat, q1, NULL) == TARN_OK);
    const tarn_message_id a1b = answer(chat, q1, "a1b");
    CHECK(!strcmp(path(chat), "q1 a1b "));
    CHECK(tarn_chat_find(chat, a1b, &m) && m.n_siblings == 2);
    /* edit the first message; then back to the very first branch */
    CHECK(tarn_chat_select(chat, 0, NULL) == TARN_OK);
    CHECK(tarn_chat_length(chat) == 0);
    const tarn_message_id q1b = add(chat, TARN_USER, "q1b");
    CHECK(tarn_chat_find(chat, q1b, &m) && m.n_siblings == 2 &&
          m.sibling == 1 && m.parent == 0);
    CHECK(tarn_chat_select(chat, q2b, NULL) == TARN_OK);
    CHECK(!strcmp(path(chat), "q1 a1 q2b "));
    tarn_chat_destroy(chat);
}

static void test_wrong_ids_and_roles_are_refused(void)
{
    struct tarn_chat *chat = make();
    struct tarn_error err = { 0 };
    tarn_message_id id = 7;
    CHECK(tarn_chat_select(chat, 3, &err) == TARN_USAGE);
    CHECK_SAYS(strstr(err.text, "3"), "%s", err.text);
    CHECK(tarn_chat_begin(chat, 0, &id, &err) == TARN_USAGE);
    CHECK(tarn_chat_begin(chat, 5, &id, &err) == TARN_USAGE);
    CHECK(tarn_chat_add(chat, (enum tarn_role)4, "", 0, &id, &err) ==
          TARN_USAGE);
    CHECK(tarn_chat_add(chat, TARN_USER, "", TARN_CHAT_MAX_TEXT + 1, &id,
                        &err) == TARN_LIMIT);
    CHECK(id == 7 && tarn_chat_length(chat) == 0);
    tarn_chat_destroy(chat);
}

/* ---------------------------------------------------------------- growing */

static void test_answer_grows_and_keeps_its_ids(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    const tarn_message_id q = add(chat, TARN_USER, "q");
    tarn_message_id id;
    size_t n = 9;
    CHECK(tarn_chat_begin(chat, q, &id, NULL) == TARN_OK);
    CHECK(tarn_chat_find(chat, id, &m) && !m.finished && m.text_size == 0 &&
          m.text[0] == 0);
    tarn_chat_grow(chat, id, TARN_SPAN_THOUGHT, "th", 2, NULL);
    tarn_chat_grow(chat, id, TARN_SPAN_THOUGHT, "ink", 3, NULL);
    tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, "a\0b", 3, NULL);
    for (int32_t i = 0; i < 1000; i++)
        CHECK(tarn_chat_grow_id(chat, id, i * 3, NULL) == TARN_OK);
    tarn_chat_end(chat, id, false);
    CHECK(tarn_chat_find(chat, id, &m) && !m.finished);
    CHECK(m.thought_size == 5 && !strcmp(m.thought, "think"));
    CHECK(m.text_size == 3 && !memcmp(m.text, "a\0b", 4));
    const int32_t *ids = tarn_chat_ids(chat, id, &n);
    CHECK(n == 1000 && ids[999] == 2997);
    tarn_chat_ids(chat, q, &n);
    CHECK(n == 0);
    CHECK(!tarn_chat_ids(chat, 99, &n) && n == 0);
    tarn_chat_destroy(chat);
}

/* An answer goes on: it is told again, and nothing is lost if that ends early. */
static void test_an_answer_that_goes_on_is_told_again(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    const tarn_message_id q = add(chat, TARN_USER, "q");
    tarn_message_id id;
    size_t n, size = 0;
    bool cut;
    char *text = NULL;
    CHECK(tarn_chat_begin(chat, q, &id, NULL) == TARN_OK);
    tarn_chat_grow(chat, id, TARN_SPAN_THOUGHT, "hm", 2, NULL);
    tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, "It\xEF\xBF\xBD", 5, NULL);
    tarn_chat_add_call(chat, id, "[f()]", 5, true, NULL);
    for (int32_t i = 0; i < 7; i++)
        tarn_chat_grow_id(chat, id, i, NULL);
    tarn_chat_end(chat, id, false);
    CHECK(tarn_chat_regrow(chat, id, NULL) == TARN_OK);
    CHECK(tarn_chat_find(chat, id, &m) && !m.text_size && !m.thought);
    tarn_chat_grow(chat, id, TARN_SPAN_THOUGHT, "h", 1, NULL);
    tarn_chat_grow_id(chat, id, 0, NULL);
    CHECK(!tarn_chat_tree_json(chat, &text, &size, NULL));
    CHECK_SAYS(strstr(text, "\"thinking\": \"hm\"") &&
                   strstr(text, "[0,1,2,3,4,5,6]"), "%s", text);
    tarn_text_free(text);
    tarn_chat_end(chat, id, false);
    CHECK(tarn_chat_find(chat, id, &m) && !strcmp(m.thought, "hm") &&
          m.text_size == 5 && m.n_calls == 1);
    CHECK(tarn_chat_call(chat, id, 0, &n, &cut) && n == 5 && cut);
    tarn_chat_ids(chat, id, &n);
    CHECK(n == 7);
    CHECK(tarn_chat_regrow(chat, id, NULL) == TARN_OK);
    tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, "It is", 5, NULL);
    tarn_chat_grow_id(chat, id, 9, NULL);
    tarn_chat_regrown(chat, id);
    tarn_chat_end(chat, id, false);
    CHECK(tarn_chat_find(chat, id, &m) && !strcmp(m.text, "It is") &&
          !m.thought && !m.n_calls && m.n_siblings == 1);
    tarn_chat_ids(chat, id, &n);
    CHECK(n == 1);
    CHECK(tarn_chat_regrow(chat, id, NULL) == TARN_OK);
    tarn_chat_destroy(chat); /* in the middle of it */
}

static void test_answer_without_anything_goes_again(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    const tarn_message_id q = add(chat, TARN_USER, "q");
    tarn_message_id id, other;
    CHECK(tarn_chat_begin(chat, q, &id, NULL) == TARN_OK);
    CHECK(tarn_chat_select(chat, q, NULL) == TARN_OK);
    CHECK(tarn_chat_begin(chat, q, &other, NULL) == TARN_OK);
    tarn_chat_grow(chat, other, TARN_SPAN_ANSWER, "x", 1, NULL);
    tarn_chat_end(chat, id, false);
    CHECK(!tarn_chat_find(chat, id, &m) && !strcmp(path(chat), "q x "));
    CHECK(tarn_chat_find(chat, other, &m) && m.n_siblings == 1 &&
          m.sibling == 0);
    CHECK(tarn_chat_select(chat, id, NULL) == TARN_USAGE);
    /* what comes late for it is no error */
    CHECK(tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, "y", 1, NULL) == TARN_OK);
    CHECK(tarn_chat_grow_id(chat, id, 1, NULL) == TARN_OK);
    tarn_chat_end(chat, id, true);
    tarn_chat_select(chat, q, NULL);
    CHECK(tarn_chat_begin(chat, q, &id, NULL) == TARN_OK);
    tarn_chat_grow_id(chat, id, 16, NULL); /* <think>, and stopped there */
    tarn_chat_end(chat, id, true);
    CHECK(!strcmp(path(chat), "q "));
    tarn_chat_destroy(chat);
}

static void test_answer_becomes_thought(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    tarn_message_id id;
    CHECK(tarn_chat_begin(chat, add(chat, TARN_USER, "q"), &id, NULL) ==
          TARN_OK);
    tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, "hm", 2, NULL);
    tarn_chat_was_thought(chat, id, NULL);
    tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, "yes", 3, NULL);
    CHECK(tarn_chat_find(chat, id, &m) && !strcmp(m.thought, "hm") &&
          !strcmp(m.text, "yes"));
    tarn_chat_destroy(chat);
}

static void test_destroy_waits_for_the_turn(void)
{
    const int64_t held = tarn_memory_held();
    struct tarn_chat *chat = make();
    tarn_message_id id;
    CHECK(tarn_chat_begin(chat, add(chat, TARN_USER, "q"), &id, NULL) ==
          TARN_OK);
    tarn_chat_hold(chat);
    tarn_chat_hold(chat);
    tarn_chat_destroy(chat);
    tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, "late", 4, NULL);
    tarn_chat_drop(chat);
    CHECK(tarn_memory_held() > held);
    tarn_chat_drop(chat);
    CHECK(tarn_memory_held() == held);
}

static void test_twenty_thousand_messages_are_quick(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    for (int i = 0; i < 20000; i++)
        add(chat, i % 2 ? TARN_ASSISTANT : TARN_USER, "text");
    size_t n = 0;
    while (tarn_chat_message(chat, n, &m))
        n++;
    CHECK(n == 20000 && tarn_chat_length(chat) == n);
    tarn_chat_destroy(chat);
}

/* ------------------------------------------------- whole messages, and acts */

static tarn_message_id put(struct tarn_chat *chat, tarn_message_id parent,
                           enum tarn_role role, const char *text,
                           const char *thought)
{
    static const int32_t ids[] = { 7, 8, 2147483647 };
    const struct tarn_message_parts p = {
        .size = sizeof p, .role = role, .text = text,
        .text_size = strlen(text), .thought = thought,
        .thought_size = thought ? strlen(thought) : 0, .ids = ids,
        .n_ids = thought ? 3 : 0, .unfinished = thought && !*thought };
    tarn_message_id id = 0;
    CHECK(tarn_chat_put(chat, parent, &p, &id, NULL) == TARN_OK);
    return id;
}

static void test_a_message_is_put_with_all_that_is_known_of_it(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    struct tarn_error err = { 0 };
    size_t n;
    const tarn_message_id q = put(chat, 0, TARN_USER, "q", NULL);
    const tarn_message_id a = put(chat, q, TARN_ASSISTANT, "a", "th");
    put(chat, q, TARN_ASSISTANT, "b", "");
    CHECK(!strcmp(path(chat), "q b "));
    CHECK(tarn_chat_find(chat, a, &m) && m.finished && m.n_siblings == 2 &&
          !strcmp(m.thought, "th"));
    CHECK(tarn_chat_message(chat, 1, &m) && !m.finished && m.thought &&
          m.thought_size == 0);
    CHECK(tarn_chat_ids(chat, a, &n)[2] == 2147483647 && n == 3);
    CHECK(tarn_chat_put(chat, 9, &(struct tarn_message_parts){ .text = "" },
                        NULL, &err) == TARN_USAGE && strstr(err.text, "9"));
    CHECK(!tarn_chat_undo(chat)); /* none of it is an act */
    tarn_chat_destroy(chat);
}

static void test_branches_are_found_from_above_and_below(void)
{
    struct tarn_chat *chat = make();
    const tarn_message_id q = add(chat, TARN_USER, "q");
    const tarn_message_id a = answer(chat, q, "a");
    add(chat, TARN_USER, "r");
    const tarn_message_id b = answer(chat, q, "b");
    const tarn_message_id s = add(chat, TARN_USER, "s");
    CHECK(tarn_chat_child(chat, 0, 0) == q && !tarn_chat_child(chat, 0, 1));
    CHECK(tarn_chat_child(chat, q, 0) == a && tarn_chat_child(chat, q, 1) == b);
    CHECK(tarn_chat_leaf(chat, 0) == s && tarn_chat_leaf(chat, q) == s);
    CHECK(tarn_chat_leaf(chat, a) == a + 1 && tarn_chat_leaf(chat, s) == s);
    CHECK(!tarn_chat_leaf(chat, 99) && !tarn_chat_child(chat, 99, 0));
    CHECK(tarn_chat_delete(chat, b, NULL) == TARN_OK);
    CHECK(tarn_chat_leaf(chat, q) == a + 1);
    tarn_chat_destroy(chat);
}

static void test_what_is_deleted_can_come_back(void)
{
    struct tarn_chat *chat = make();
    struct tarn_message m;
    struct tarn_error err = { 0 };
    const tarn_message_id q = add(chat, TARN_USER, "q");
    const tarn_message_id a = answer(chat, q, "a");
    const tarn_message_id r = add(chat, TARN_USER, "r");
    CHECK(!tarn_chat_select(chat, q, NULL));
    const tarn_message_id b = answer(chat, q, "b");
    CHECK(tarn_chat_delete(chat, b, NULL) == TARN_OK);
    CHECK(!strcmp(path(chat), "q a r ")); /* the branch beside it */
    CHECK(tarn_chat_delete(chat, a, NULL) == TARN_OK);
    CHECK(!strcmp(path(chat), "q ") && !tarn_chat_find(chat, r, &m));
    CHECK(tarn_chat_delete(chat, r, &err) == TARN_USAGE);
    CHECK(tarn_chat_select(chat, r, NULL) == TARN_USAGE);
    CHECK(tarn_chat_undo(chat) && !strcmp(path(chat), "q a r "));
    CHECK(tarn_chat_undo(chat) && !strcmp(path(chat), "q b "));
    CHECK(tarn_chat_find(chat, b, &m) && m.n_siblings == 2 && m.sibling == 1);
    CHECK(tarn_chat_find(chat, a, &m) && m.sibling == 0);
    tarn_chat_destroy(chat);
}

/* A turn is one act, and so is an edit or a new try with its answer. */
static void test_undo_takes_back_acts(void)
{
    struct tarn_chat *chat = make();
    const tarn_message_id q = add(chat, TARN_USER, "q");
    answer(chat, q, "a");
    const tarn_message_id r = add(chat, TARN_USER, "r");
    const tarn_message_id b = answer(chat, r, "b");
    tarn_chat_select(chat, 0, NULL); /* edit */
    const tarn_message_id e = add(chat, TARN_USER, "e");
    answer(chat, e, "c");
    tarn_chat_select(chat, e, NULL); /* a new try */
    answer(chat, e, "d");
    tarn_chat_select(chat, b, NULL); /* a switch */
    CHECK(!strcmp(path(chat), "q a r b "));
    CHECK(tarn_chat_undo(chat) && !strcmp(path(chat), "e d "));
    CHECK(tarn_chat_undo(chat) && !strcmp(path(chat), "e c "));
    CHECK(tarn_chat_undo(chat) && !strcmp(path(chat), "q a r b "));
    CHECK(tarn_chat_undo(chat) && !strcmp(path(chat), "q a "));
    CHECK(tarn_chat_undo(chat) && tarn_chat_length(chat) == 0);
    CHECK(!tarn_chat_undo(chat) && !tarn_chat_child(chat, 0, 0));
    for (int i = 0; i < 300; i++)
        tarn_chat_select(chat, 0, NULL);
    int n = 0;
    while (tarn_chat_undo(chat))
        n++;
    CHECK(n == 256);
    tarn_chat_destroy(chat);
}

/* ------------------------------------------------------------------- JSON */

static char *tree_of(const struct tarn_chat *chat)
{
    char *out = NULL;
    size_t size = 0;
    CHECK(tarn_chat_tree_json(chat, &out, &size, NULL) == TARN_OK &&
          size == strlen(out));
    return out;
}

static void test_the_whole_tree_goes_out_and_in(void)
{
    struct tarn_chat *chat = make(), *again = NULL;
    struct tarn_message m;
    struct tarn_error err = { 0 };
    size_t n;
    const tarn_message_id q = add(chat, TARN_USER, "q\xff\n");
    const tarn_message_id gone = answer(chat, q, "gone");
    tarn_chat_select(chat, q, NULL);
    put(chat, q, TARN_ASSISTANT, "a", "th");
    tarn_chat_delete(chat, gone, NULL);
    put(chat, q, TARN_ASSISTANT, "b", "");
    tarn_message_id begun;
    tarn_chat_begin(chat, q, &begun, NULL); /* nothing is said yet */
    char *text = tree_of(chat);
    CHECK_SAYS(!strcmp(text,
        "{\"tarn_chat\": 1, \"active\": 1, \"messages\": [\n"
        "{\"id\": 1, \"parent\": 0, \"role\": \"user\", "
        "\"content_bytes\": [113,255,10]},\n"
        "{\"id\": 2, \"parent\": 1, \"role\": \"assistant\", \"content\": "
        "\"a\", \"thinking\": \"th\", \"ids\": [7,8,2147483647]},\n"
        "{\"id\": 3, \"parent\": 1, \"role\": \"assistant\", \"content\": "
        "\"b\", \"thinking\": \"\", \"ids\": [7,8,2147483647], "
        "\"finished\": false}\n]}\n"), "%s", text);
    CHECK_SAYS(tarn_chat_from_json(text, strlen(text), &again, &err) ==
               TARN_OK, "%s", err.text);
    if (again) {
        char *twice = tree_of(again);
        CHECK(!strcmp(text, twice) && tarn_chat_length(again) == 1);
        CHECK(tarn_chat_ids(again, 2, &n) && n == 3);
        CHECK(tarn_chat_find(again, 3, &m) && !m.finished &&
              m.n_siblings == 2 && !tarn_chat_undo(again));
        CHECK(tarn_chat_find(again, 1, &m) && !memcmp(m.text, "q\xff\n", 4));
        tarn_text_free(twice);
    }
    tarn_text_free(text);
    tarn_chat_destroy(again);
    tarn_chat_destroy(chat);
}

/* Answers that have not begun are left out, with what leads to them alone. */
static void test_empty_answers_do_not_hold_each_other(void)
{
    static const char *const text =
        "{\"tarn_chat\":1,\"active\":3,\"messages\":["
        "{\"id\":1,\"parent\":0,\"role\":\"user\",\"content\":\"q\"},"
        "{\"id\":2,\"parent\":1,\"role\":\"assistant\",\"finished\":false},"
        "{\"id\":3,\"parent\":2,\"role\":\"assistant\",\"finished\":false},"
        "{\"id\":4,\"parent\":1,\"role\":\"assistant\",\"finished\":false},"
        "{\"id\":5,\"parent\":4,\"role\":\"user\",\"content\":\"r\"}]}";
    struct tarn_chat *chat = NULL;
    tarn_message_id id;
    CHECK(tarn_chat_from_json(text, strlen(text), &chat, NULL) == TARN_OK);
    CHECK(tarn_chat_written_id(chat, 1, &id) && id == 1);
    CHECK(tarn_chat_written_id(chat, 2, &id) && id == 0);
    CHECK(tarn_chat_written_id(chat, 3, &id) && id == 0);
    CHECK(tarn_chat_written_id(chat, 4, &id) && id == 2);
    CHECK(tarn_chat_written_id(chat, 5, &id) && id == 3);
    CHECK(tarn_chat_written_id(chat, 6, &id) && id == 0);
    tarn_chat_destroy(chat);
}

static void test_wrong_trees_are_refused(void)
{
    static const struct {
        const char *text;
        enum tarn_status status;
        const char *word;
    } ROWS[] = {
        { "{\"tarn_chat\":0,\"messages\":[]}", TARN_USAGE, "number" },
        { "{\"tarn_chat\":2,\"messages\":[]}", TARN_BAD_FILE, "newer" },
        { "{\"tarn_chat\":1}", TARN_USAGE, "messages" },
        { "{\"tarn_chat\":1,\"messages\":[]}", TARN_USAGE, "path" },
        { "{\"tarn_chat\":1,\"active\":1,\"messages\":[]}", TARN_USAGE,
          "path" },
#define ONE(x) "{\"tarn_chat\":1,\"active\":0,\"messages\":[{" x "}]}"
        { ONE("\"id\":2,\"parent\":0,\"role\":\"user\""), TARN_USAGE,
          "Message 1 has an id" },
        { ONE("\"id\":1,\"parent\":1,\"role\":\"user\""), TARN_USAGE,
          "parent" },
        { ONE("\"id\":1,\"parent\":0,\"role\":\"boss\""), TARN_USAGE,
          "role" },
        { ONE("\"id\":1,\"parent\":0,\"role\":\"user\",\"finished\":1"),
          TARN_USAGE, "finished" },
        { ONE("\"id\":1,\"parent\":0,\"role\":\"user\",\"ids\":[-1]"),
          TARN_USAGE, "id" },
        { ONE("\"id\":1,\"parent\":0,\"role\":\"user\",\"ids\":"
              "[2147483648]"), TARN_USAGE, "id" },
        { ONE("\"id\":1,\"parent\":0,\"role\":\"user\",\"content_bytes\":"
              "[256]"), TARN_USAGE, "byte" },
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct tarn_chat *chat = NULL;
        struct tarn_error err = { 0 };
        const enum tarn_status s = tarn_chat_from_json(
            ROWS[i].text, strlen(ROWS[i].text), &chat, &err);
        CHECK_SAYS(s == ROWS[i].status && !chat && err.text[0] &&
                       strstr(err.text, ROWS[i].word),
                   "%s: %d %s", ROWS[i].text, s, err.text);
    }
}

static void round_trip(const char *in, const char *want)
{
    struct tarn_chat *chat = NULL;
    struct tarn_error err = { 0 };
    char *out = NULL;
    size_t size = 0;
    CHECK_SAYS(tarn_chat_from_json(in, strlen(in), &chat, &err) == TARN_OK,
               "%s: %s", in, err.text);
    if (!chat)
        return;
    CHECK(tarn_chat_json(chat, &out, &size, NULL) == TARN_OK);
    CHECK(size == strlen(out));
    CHECK_SAYS(!strcmp(out, want), "%s", out);
    tarn_text_free(out);
    tarn_chat_destroy(chat);
}

static void test_json_in_and_out(void)
{
    round_trip("[]", "{\"messages\": []}\n");
    round_trip("{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
               "{\"content\":\"q\\u0000\\n\",\"role\":\"user\"}]}",
               "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, "
               "{\"role\": \"user\", \"content\": \"q\\u0000\\n\"}]}\n");
    round_trip("[{\"role\":\"assistant\",\"reasoning_content\":\"t\","
               "\"content\":null,\"tool_calls\":[{\"id\":1,\"x\":[true,1.50]}"
               "],\"n\":{}}]",
               "{\"messages\": [{\"role\": \"assistant\", \"content\": \"\", "
               "\"thinking\": \"t\", \"tool_calls\": [{\"id\": 1, \"x\": "
               "[true, 1.5]}], \"n\": {}}]}\n");
    round_trip("[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
               "\"text\":\"a\"},\"b\"]}]",
               "{\"messages\": [{\"role\": \"user\", \"content\": \"ab\"}]}\n");
    round_trip("[{\"role\":\"tool\"}]",
               "{\"messages\": [{\"role\": \"tool\", \"content\": \"\"}]}\n");
}

static void test_wrong_json_is_refused(void)
{
    const struct {
        const char *text;
        enum tarn_status status;
        const char *word;
    } rows[] = {
        { "", TARN_BAD_FILE, "" },
        { "{", TARN_BAD_FILE, "" },
        { "{}", TARN_USAGE, "messages" },
        { "{\"messages\":3}", TARN_USAGE, "messages" },
        { "[3]", TARN_USAGE, "message 0" },
        { "[{\"role\":\"user\"},{\"role\":\"boss\\u001b\"}]", TARN_USAGE,
          "message 1 is \"boss\\x1B\"" },
        { "[{\"content\":\"x\"}]", TARN_USAGE, "message 0" },
        { "[{\"role\":\"user\",\"content\":7}]", TARN_USAGE, "message 0" },
        { "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]",
          TARN_USAGE, "text only" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tarn_chat *chat = NULL;
        struct tarn_error err = { 0 };
        const enum tarn_status s = tarn_chat_from_json(
            rows[i].text, strlen(rows[i].text), &chat, &err);
        /* sentences begin with a capital: compare without the first letter */
        CHECK_SAYS(s == rows[i].status && !chat &&
                       strstr(err.text, rows[i].word + (*rows[i].word != 0)),
                   "%s: %d %s", rows[i].text, s, err.text);
    }
}

/* E01: each allocation of a small life fails once, and from then on. */
static void life(bool *failed)
{
    static const char text[] =
        "[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\","
        "\"content\":\"a\",\"thinking\":\"t\",\"x\":1}]";
    struct tarn_chat *chat = NULL;
    tarn_message_id id;
    char *out;
    size_t size;
    *failed = true;
    if (tarn_chat_from_json(text, sizeof text - 1, &chat, NULL) != TARN_OK)
        return;
    *failed = false;
    for (int i = 0; i < 20; i++)
        *failed |= tarn_chat_add(chat, TARN_USER, "x", 1, &id, NULL) != TARN_OK;
    struct tarn_message m;
    CHECK(tarn_chat_message(chat, 0, &m));
    if (tarn_chat_begin(chat, m.id, &id, NULL) == TARN_OK) {
        *failed |= tarn_chat_grow(chat, id, TARN_SPAN_ANSWER, "yy", 2, NULL) !=
                   TARN_OK;
        *failed |= tarn_chat_grow_id(chat, id, 5, NULL) != TARN_OK;
        tarn_chat_end(chat, id, true);
    } else {
        *failed = true;
    }
    if (tarn_chat_json(chat, &out, &size, NULL) == TARN_OK)
        tarn_text_free(out);
    else
        *failed = true;
    struct tarn_chat *again;
    if (tarn_chat_tree_json(chat, &out, &size, NULL) == TARN_OK) {
        if (tarn_chat_from_json(out, size, &again, NULL) == TARN_OK)
            tarn_chat_destroy(again);
        else
            *failed = true;
        tarn_text_free(out);
    } else {
        *failed = true;
    }
    if (tarn_chat_markdown(chat, true, &out, &size, NULL) == TARN_OK)
        tarn_text_free(out);
    else
        *failed = true;
    tarn_chat_destroy(chat);
}

static void test_e01_each_failed_allocation_is_an_error(void)
{
    const int64_t held = tarn_memory_held();
    for (int all = 0; all < 2; all++)
        for (uint64_t k = 1;; k++) {
            bool failed;
            tarn_memory_fail_at(k, all);
            life(&failed);
            tarn_memory_fail_at(0, false);
            CHECK(tarn_memory_held() == held);
            if (!failed) {
                CHECK_SAYS(k > 20, "%d", (int)k);
                break;
            }
        }
}

int main(void)
{
    RUN(test_messages_make_a_path);
    RUN(test_edit_and_regenerate_make_branches);
    RUN(test_wrong_ids_and_roles_are_refused);
    RUN(test_answer_grows_and_keeps_its_ids);
    RUN(test_an_answer_that_goes_on_is_told_again);
    RUN(test_answer_without_anything_goes_again);
    RUN(test_answer_becomes_thought);
    RUN(test_destroy_waits_for_the_turn);
    RUN(test_twenty_thousand_messages_are_quick);
    RUN(test_a_message_is_put_with_all_that_is_known_of_it);
    RUN(test_branches_are_found_from_above_and_below);
    RUN(test_what_is_deleted_can_come_back);
    RUN(test_undo_takes_back_acts);
    RUN(test_the_whole_tree_goes_out_and_in);
    RUN(test_empty_answers_do_not_hold_each_other);
    RUN(test_wrong_trees_are_refused);
    RUN(test_json_in_and_out);
    RUN(test_wrong_json_is_refused);
    RUN(test_e01_each_failed_allocation_is_an_error);
    return tap_end();
}
