/* markdown_test.c - the export read back by a CommonMark reader: whatever the
 * messages hold, the document's own headings are all there and no others. */
#include <cmark-gfm.h>
#include <stdlib.h>

#include "backends/numerics.h"
#include "core/chat/chat.h"
#include "tests/tap.h"

static struct tarn_chat *make(const char *const *texts, size_t n)
{
    struct tarn_chat *chat = NULL;
    CHECK(tarn_chat_create(&chat, NULL) == TARN_OK);
    for (size_t i = 0; i < n; i++)
        CHECK(tarn_chat_add(chat, i % 2 ? TARN_ASSISTANT : TARN_USER, texts[i],
                            strlen(texts[i]), NULL, NULL) == TARN_OK);
    return chat;
}

/* "MAM" for the headings Message, Answer, Message at the top level. */
static void headings_of(const char *text, char *out, size_t room)
{
    cmark_node *doc = cmark_parse_document(text, strlen(text), 0);
    size_t n = 0;
    for (cmark_node *v = cmark_node_first_child(doc); v;
         v = cmark_node_next(v)) {
        cmark_node *t = cmark_node_first_child(v);
        const char *word = t ? cmark_node_get_literal(t) : NULL;
        if (cmark_node_get_type(v) != CMARK_NODE_HEADING || !word ||
            cmark_node_next(t) || cmark_node_get_heading_level(v) != 2 ||
            n + 1 >= room)
            continue;
        if (!strcmp(word, "Message") || !strcmp(word, "Answer") ||
            !strcmp(word, "Result") || !strcmp(word, "Instructions"))
            out[n++] = word[0];
    }
    out[n] = 0;
    cmark_node_free(doc);
}

/* The texts as a chat of messages and answers must show just these. */
static void check(const char *const *texts, size_t n, bool thought)
{
    char got[64], want[64];
    char *out = NULL;
    size_t size;
    struct tarn_chat *chat = make(texts, n);
    if (thought)
        CHECK(tarn_chat_grow(chat, 2, TARN_SPAN_THOUGHT, texts[0],
                             strlen(texts[0]), NULL) == TARN_OK);
    CHECK(tarn_chat_markdown(chat, thought, &out, &size, NULL) == TARN_OK);
    for (size_t i = 0; i < n; i++)
        want[i] = i % 2 ? 'A' : 'M';
    want[n] = 0;
    headings_of(out, got, sizeof got);
    CHECK_SAYS(!strcmp(got, want), "%s, wanted %s:\n%s", got, want, out);
    tarn_text_free(out);
    tarn_chat_destroy(chat);
}

static const char *const NASTY[] = {
    "```",
    "```\n",
    "```c\nint x;\n```",
    "```c\nint x;",
    "````\n```\n",
    "~~~\n```\n",
    "~~~\ncode",
    "- item\n  ```\n  code\n  ```",
    "- item\n  ```\n  code",
    "- ```\n  code",
    "1. ```\n   code\n   ```",
    "   ```\ncode",
    "   ```\ncode\n   ```",
    "- a\n  ```\n\n```\nb",
    "> ```\n> code",
    "<!-- hidden",
    "<!--",
    "<script>",
    "<pre>\nx",
    "<?php",
    "<![CDATA[",
    "<details>\n<summary>x</summary>",
    "</div>",
    "## Answer",
    "## Message\nx",
    " ## Answer ##",
    "- ## Answer",
    "    ## Answer",
    "Answer\n---",
    "#",
    "text\n\n## Result",
    "``` a`b\n## Answer",
    "\t```\n## Answer",
    "a\r```\rb",
    "a\r\n```\r\nb\r\n",
    "```\r\n## Answer\r\n",
    "`",
    "``",
    "[x]: y",
    "[x]:",
    "| a | b |\n|---|",
    "<https://example.org>",
    "",
    "```\n\x1b[31m\n",
    "\\",
    "* * *",
    "***",
    "+ ~~~~\n## Answer\n",
    "-\n  ```\n## Answer",
    "1) a\n\n   ```\n\n## Answer",
    "````````````",
};
#define N_NASTY (sizeof NASTY / sizeof *NASTY)

static void test_each_nasty_message_stays_in_its_place(void)
{
    for (size_t i = 0; i < N_NASTY; i++) {
        const char *texts[] = { NASTY[i], "ok", NASTY[i], NASTY[i] };
        check(texts, 4, false);
        check(texts, 4, true);
    }
}

/* Messages made of random lines of the list. */
static void test_random_mixtures_stay_in_their_place(void)
{
    uint64_t state = 20260101;
    for (int round = 0; round < 20000; round++) {
        char text[3][512];
        const char *texts[3] = { text[0], text[1], text[2] };
        for (int m = 0; m < 3; m++) {
            size_t n = 0;
            state = tarn_mix(state + 1);
            for (uint64_t k = state % 6; k > 0; k--) {
                static const char *const before[] = {
                    "", "  ", "- ", "> ", "    ", "1. ", "\n", "   "
                };
                state = tarn_mix(state + 1);
                n += (size_t)snprintf(text[m] + n, sizeof text[m] - n, "%s%s\n",
                                      before[state >> 32 & 7],
                                      NASTY[state % N_NASTY]);
            }
            text[m][n < sizeof text[m] ? n : sizeof text[m] - 1] = 0;
        }
        const int bad = tap_here;
        check(texts, 3, round % 4 == 0);
        if (tap_here > bad)
            return; /* one is enough to look at */
    }
}

static void test_plain_chat_reads_well(void)
{
    const char *const texts[] = { "Is 391 prime?\nI wonder.",
                                  "No:\n\n```\n17 * 23\n```\n" };
    struct tarn_chat *chat = make(texts, 2);
    char *out = NULL;
    size_t size;
    CHECK(tarn_chat_grow(chat, 2, TARN_SPAN_THOUGHT, "Try 17.\n\nYes.", 13,
                         NULL) == TARN_OK);
    CHECK(tarn_chat_markdown(chat, true, &out, &size, NULL) == TARN_OK);
    CHECK_SAYS(!strcmp(out, "# Chat\n\n## Message\n\nIs 391 prime?\nI wonder.\n"
                            "\n## Answer\n\n> Try 17.\n>\n> Yes.\n"
                            "\nNo:\n\n```\n17 * 23\n```\n"),
               "%s", out);
    CHECK(size == strlen(out));
    tarn_text_free(out);
    CHECK(tarn_chat_markdown(chat, false, &out, &size, NULL) == TARN_OK);
    CHECK(!strstr(out, "Try 17."));
    tarn_text_free(out);
    tarn_chat_destroy(chat);
}

/* Code in a list is clear in extent: the list stays a list. */
static void test_code_in_a_list_stays(void)
{
    static const char text[] = "1. First:\n   ```c\n   int x;\n   ```\n"
                               "2. Then.\n";
    const char *const texts[] = { text };
    struct tarn_chat *chat = make(texts, 1);
    char *out = NULL;
    size_t size;
    CHECK(tarn_chat_markdown(chat, false, &out, &size, NULL) == TARN_OK);
    CHECK_SAYS(strstr(out, "\n\n1. First:") && !strstr(out, "````"), "%s", out);
    tarn_text_free(out);
    tarn_chat_destroy(chat);
}

int main(void)
{
    RUN(test_plain_chat_reads_well);
    RUN(test_code_in_a_list_stays);
    RUN(test_each_nasty_message_stays_in_its_place);
    RUN(test_random_mixtures_stay_in_their_place);
    return tap_end();
}
