/* fuzz_chat.c - any bytes as a conversation.
 * What is accepted and written is read again and written the same; Markdown is
 * UTF-8 and begins as it should. */
#include <string.h>

#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/chat/chat.h"
#include "tests/fuzz/fuzz.h"

const char *const FUZZ_WORDS[] = { "{\"messages\":[",
                                   "]}",
                                   "{\"role\":\"user\",\"content\":\"",
                                   "\"},",
                                   "assistant",
                                   "system",
                                   "tool",
                                   "\"thinking\":\"",
                                   "\"tool_calls\":[",
                                   "```",
                                   "\\n",
                                   "~~~",
                                   "- ",
                                   "> ",
                                   "## Answer",
                                   "<!--",
                                   "\\u0000",
                                   "\\ud83d\\ude00",
                                   "\xff",
                                   "[{\"text\":\"a\"}]",
                                   "{\"tarn_chat\":1,\"active\":1,\"messages\":[",
                                   "\"id\":2,\"parent\":1,",
                                   "\"ids\":[1,2147483647],",
                                   "\"content_bytes\":[255,0],",
                                   "\"calls\":[{\"text\":\"f()\",\"cut\":true}],",
                                   "\"finished\":false,",
                                   "\"trace\":\"",
                                   ",\"trace_prompt\":[1,7]",
                                   NULL };

static const char *const SEEDS[] = {
    "[]",
    "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":"
    "\"assistant\",\"content\":\"a\\n```\\nb\",\"thinking\":\"t\"}]}",
    "[{\"role\":\"tool\",\"content\":null,\"tool_calls\":[{\"id\":1.50}],"
    "\"name\":\"x\"}]",
    "[{\"role\":\"tool\",\"content\":\"x\",\"k\":[{\"id\":3e330}],\"\":1e30}]",
    "[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"- "
    "```\\n## Answer\\n<!-- x\"}]}]",
    "{\"tarn_chat\":1,\"active\":3,\"messages\":[{\"id\":1,\"parent\":0,"
    "\"role\":\"user\",\"content_bytes\":[72,255]},{\"id\":2,\"parent\":1,"
    "\"role\":\"assistant\",\"content\":\"a\",\"thinking\":\"t\",\"ids\":[5,6]},"
    "{\"id\":3,\"parent\":1,\"role\":\"assistant\",\"content\":\"\",\"calls\":"
    "[{\"n\":1,\"text\":\"[f(x=1)]\"}],\"finished\":false,\"x\":1}]}",
#define TRACE                                                                  \
    "\"trace\":\"{\\\"tarn_trace\\\":1,\\\"n_vocab\\\":9,\\\"turn\\\":{"       \
    "\\\"budget\\\":3},\\\"n_tokens\\\":0,\\\"tokens\\\":[]}\""
    "{\"tarn_chat\":1,\"active\":2,\"messages\":[{\"id\":1,\"parent\":0,"
    "\"role\":\"assistant\",\"content\":\"a\"," TRACE
    ",\"trace_prompt\":[0,5,6]},{\"id\":2,\"parent\":1,\"role\":"
    "\"assistant\",\"content\":\"b\"," TRACE ",\"trace_prompt\":[2,7]}]}",
    "{\"tarn_chat\":1,\"active\":2,\"messages\":[{\"id\":1,\"parent\":0,"
    "\"role\":\"assistant\",\"content\":\"a\",\"trace\":\"{\","
    "\"trace_prompt\":[0,5,6]},{\"id\":2,\"parent\":1,\"role\":"
    "\"assistant\",\"content\":\"b\"," TRACE ",\"trace_prompt\":[2,7]}]}",
};

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    if (i >= sizeof SEEDS / sizeof *SEEDS)
        return false;
    tarn_buf_text(out, SEEDS[i]);
    return true;
}

/* The whole tree goes out and in and is the same. */
static void check_tree(const struct tarn_chat *chat)
{
    char *first = NULL, *second = NULL;
    size_t n_first, n_second;
    struct tarn_chat *again = NULL;
    FUZZ_CHECK(tarn_chat_tree_json(chat, &first, &n_first, NULL) == TARN_OK);
    FUZZ_CHECK(tarn_chat_from_json(first, n_first, &again, NULL) == TARN_OK);
    FUZZ_CHECK(!tarn_chat_lost(again)); /* nothing that is damaged is written */
    FUZZ_CHECK(tarn_chat_tree_json(again, &second, &n_second, NULL) ==
               TARN_OK);
    FUZZ_CHECK(n_first == n_second && !memcmp(first, second, n_first));
    tarn_text_free(first);
    tarn_text_free(second);
    tarn_chat_destroy(again);
}

static void check(const struct tarn_chat *chat)
{
    char *first = NULL, *second = NULL, *text = NULL;
    size_t n_first, n_second, n_text;
    struct tarn_chat *again = NULL;
    FUZZ_CHECK(tarn_chat_json(chat, &first, &n_first, NULL) == TARN_OK);
    FUZZ_CHECK(tarn_chat_from_json(first, n_first, &again, NULL) == TARN_OK);
    FUZZ_CHECK(tarn_chat_length(again) == tarn_chat_length(chat));
    FUZZ_CHECK(tarn_chat_json(again, &second, &n_second, NULL) == TARN_OK);
    FUZZ_CHECK(n_first == n_second && !memcmp(first, second, n_first));
    for (int thoughts = 0; thoughts < 2; thoughts++) {
        FUZZ_CHECK(tarn_chat_markdown(chat, thoughts, &text, &n_text, NULL) ==
                   TARN_OK);
        FUZZ_CHECK(tarn_utf8_valid(text, n_text));
        FUZZ_CHECK(!strncmp(text, "# Chat\n", 7) && strlen(text) == n_text);
        tarn_text_free(text);
    }
    tarn_text_free(first);
    tarn_text_free(second);
    tarn_chat_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t held = tarn_memory_held();
    struct tarn_chat *chat = NULL;
    struct tarn_error err = { TARN_OK, "" };
    const enum tarn_status s =
        tarn_chat_from_json((const char *)data, size, &chat, &err);
    FUZZ_CHECK(s == TARN_OK || s == TARN_BAD_FILE || s == TARN_LIMIT ||
               s == TARN_USAGE);
    FUZZ_CHECK(s == TARN_OK ? chat != NULL : !chat && err.text[0]);
    if (chat) {
        check(chat);
        check_tree(chat);
    }
    tarn_chat_destroy(chat);
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
