/* trace_words_test.c - what a search of a trace finds, a trace as CSV and as
 * Markdown, sums of ranges, two traces compared.
 *
 *   trace_words_test TRACE.json */
#include <stdlib.h>

#include "core/trace/view.h"
#include "gui/tarn-trace-compare.h"
#include "gui/tarn-trace-export.h"
#include "gui/tarn-trace-search.h"
#include "tests/tap.h"

static struct tarn_trace *trace;
static const struct tarn_trace_token *tokens;
static gsize n_tokens;

/* -1: refused, with a sentence. */
static int hits(const char *query)
{
    char *wrong = NULL;
    GArray *found = tarn_trace_search(trace, query, &wrong);
    int n = found ? (int)found->len : -1;
    CHECK((found == NULL) == (wrong != NULL));
    for (guint i = 1; found && i < found->len; i++)
        CHECK(g_array_index(found, guint, i - 1) <
              g_array_index(found, guint, i));
    if (found)
        g_array_unref(found);
    g_free(wrong);
    return n;
}

static void test_terms_find_what_they_say(void)
{
    int forks = 0, gone = 0, sure = 0, unsure = 0, answer = 0, first = 0;
    int slow = 0, second = 0;
    for (guint i = 0; i < n_tokens; i++) {
        const struct tarn_trace_token *k = &tokens[i];
        gboolean tag = (k->flags & TARN_TRACE_TAG) != 0;
        forks += tarn_trace_is_fork(trace, i);
        gone += (k->flags & TARN_TRACE_WITHDRAWN) != 0;
        unsure += !tag && k->entropy_bits > 1;
        sure += !tag && k->p > 0.5f;
        answer += k->span == TARN_SPAN_ANSWER;
        first += tarn_view_step(trace, i) == 0;
        slow += !tag && tarn_view_us(trace, i) > 5000;
        second += !tag && tarn_view_rank(k) > 1;
    }
    CHECK(forks > 0 && gone > 0 && unsure > 0 && sure > 0 && answer > 0);
    CHECK(hits("is:fork") == forks);
    CHECK(hits("is:loop") == gone);
    CHECK(hits("H>1") == unsure && hits("h>1.0") == unsure);
    CHECK(hits("p>50%") == sure && hits("p>50") == sure);
    CHECK(hits("span:answer") == answer);
    CHECK(hits("step:1") == first && hits("step:99") == 0);
    CHECK(hits("ms>5") == slow && hits("rank>1") == second);
    CHECK(hits("H>1 p>50%") == 0 || hits("H>1 p>50%") < unsure);
    CHECK(hits("is:fork is:loop H>99") == 0);
    CHECK(hits("expert:L1.0") == 0); /* none are recorded */
    CHECK(hits("") == 0 && hits("   ") == 0);
}

static void test_words_are_found_whatever_their_case(void)
{
    int waits = 0;
    for (guint i = 0; i < n_tokens; i++) {
        gsize size;
        const char *text = tarn_trace_bytes(trace, i, &size);
        waits += size == 4 && !memcmp(text, "Wait", 4);
    }
    CHECK(waits > 0 && hits("wait") == waits && hits("WAIT") == waits);
    CHECK(hits("\"word word\"") > 0);
    CHECK(hits("\"d w\"") > 0);      /* over two tokens */
    CHECK(hits("\"word word\"") < hits("word"));
    CHECK(hits("word span:answer") < hits("word"));
    CHECK(hits("nowhere") == 0);
    CHECK(hits("\"unclosed") == 0);
}

static void test_what_means_nothing_is_refused(void)
{
    CHECK(hits("is:nothing") == -1);
    CHECK(hits("span:nowhere") == -1);
    CHECK(hits("step:x") == -1 && hits("step:") == -1);
    CHECK(hits("expert:13") == -1 && hits("expert:Lx.1") == -1);
    CHECK(hits("H>") == 0); /* a word */
}

/* Fields of every row; 0: they differ, or a quote is open. */
static int columns_of(const char *csv, int *n_rows)
{
    int columns = 0, here = 1;
    gboolean quoted = FALSE;
    *n_rows = 0;
    for (; *csv; csv++) {
        if (*csv == '"')
            quoted = !quoted;
        else if (*csv == ',' && !quoted)
            here++;
        else if (*csv == '\n' && !quoted) {
            if (columns && here != columns)
                return 0;
            columns = here;
            here = 1;
            (*n_rows)++;
        }
    }
    return quoted ? 0 : columns;
}

static void test_csv_has_a_row_per_token(void)
{
    int n;
    g_autofree char *csv = tarn_trace_csv(trace);
    CHECK(columns_of(csv, &n) == 16);
    CHECK_SAYS(n == (int)n_tokens + 1, "%d rows", n);
    CHECK(g_utf8_validate(csv, -1, NULL));
    CHECK(strstr(csv, "\" word\",\"thought\",1,") != NULL);
}

static int count(const char *text, const char *part)
{
    int n = 0;
    while ((text = strstr(text, part))) {
        text += strlen(part);
        n++;
    }
    return n;
}

static void test_markdown_is_the_reading_view(void)
{
    gsize n;
    g_autofree char *md = tarn_trace_markdown(trace);
    tarn_trace_steps(trace, &n);
    CHECK(count(md, "### step ") >= (int)n && count(md, "### answer") >= 1);
    CHECK(count(md, "⟨") > 0 && count(md, "⟨") == count(md, "⟩"));
    CHECK(count(md, "~~") > 0 && count(md, "~~") % 2 == 0);
    CHECK(strstr(md, "thought 27 tokens") != NULL);
    CHECK(g_utf8_validate(md, -1, NULL));
}

static void test_ranges_have_sums(void)
{
    g_autofree char *sum = tarn_trace_sum(trace, 1, 4);
    g_autofree char *text = tarn_trace_text(trace, 1, 3);
    g_autofree char *all = tarn_trace_sum(trace, 0, 100000);
    CHECK_SAYS(g_str_has_prefix(sum, "4 tokens · 0.04 s · 100 tok/s"), "%s",
               sum);
    CHECK(!strcmp(text, " word word word"));
    CHECK(strstr(all, " forks") != NULL);
    g_autofree char *none = tarn_trace_sum(trace, 9, 3);
    CHECK(!*none);
}

static void test_a_trace_equals_itself(void)
{
    guint a, b;
    g_autofree char *line = tarn_trace_compare_line(trace, trace, &a, &b);
    CHECK(a == n_tokens && b == n_tokens);
    CHECK_SAYS(strstr(line, "answers equal") != NULL, "%s", line);
}

int main(int argc, char **argv)
{
    struct tarn_error err = { 0 };
    CHECK_SAYS(!tarn_trace_load(argc > 1 ? argv[1] : "", &trace, &err), "%s",
               err.text);
    if (!trace)
        return tap_end() + 1;
    tokens = tarn_trace_tokens(trace, &n_tokens);
    RUN(test_terms_find_what_they_say);
    RUN(test_words_are_found_whatever_their_case);
    RUN(test_what_means_nothing_is_refused);
    RUN(test_csv_has_a_row_per_token);
    RUN(test_markdown_is_the_reading_view);
    RUN(test_ranges_have_sums);
    RUN(test_a_trace_equals_itself);
    tarn_trace_destroy(trace);
    return tap_end();
}
