/* trace_words_test.c - what a search of a trace finds, a trace as CSV and as
 * Markdown, sums of ranges, two traces compared, blocks to read and grounds.
 *
 *   trace_words_test TRACE.json */
#include <stdlib.h>

#include "core/trace/record.h" /* figures of one's own */
#include "core/trace/view.h"
#include "gui/tarn-trace-blocks.h"
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
    GArray *found = tarn_trace_search(trace, 0, G_MAXUINT, query, &wrong);
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

static const TarnTraceBlock *block(GArray *all, guint i)
{
    return &g_array_index(all, TarnTraceBlock, i);
}

/* Steps, what was taken back in their midst, answers and a call. */
static void test_blocks_are_read_as_one(void)
{
    g_autoptr(GArray) all = tarn_trace_blocks(trace);
    CHECK_SAYS(all->len == 7, "%u", all->len);
    if (all->len != 7)
        return;
    static const char *const NAMES[] = {
        "step 1", "step 2", "✂ 48 tokens taken back", "step 2", "Answer",
        "Call",   "Answer"
    };
    for (guint i = 0; i < 7; i++) {
        g_autofree char *name = tarn_trace_block_name(block(all, i));
        CHECK_SAYS(!strcmp(name, NAMES[i]), "%s", name);
    }
    CHECK(block(all, 2)->first == 27 && block(all, 2)->last == 74);
    g_autofree char *two = tarn_trace_block_figures(block(all, 1));
    g_autofree char *call = tarn_trace_block_figures(block(all, 5));
    g_autofree char *title = tarn_trace_block_title(trace, block(all, 1));
    CHECK_SAYS(!strcmp(two, "13 tokens · 0.1 s · 1.91 bits · hesitation · "
                            "↩ turn-back"), "%s", two);
    CHECK_SAYS(!strcmp(call, "1 token · 0.01 s · 0.10 bits"), "%s", call);
    CHECK_SAYS(g_str_has_prefix(title, "Wait word word"), "%s", title);
}

static void test_calm_is_a_step_without_events(void)
{
    TarnTraceBlock b = { .step = 3 };
    CHECK(tarn_trace_block_is_calm(&b));
    b.fork = TRUE;
    CHECK(!tarn_trace_block_is_calm(&b));
    b = (TarnTraceBlock){ .step = 3, .back = TRUE };
    CHECK(!tarn_trace_block_is_calm(&b));
    b = (TarnTraceBlock){ .step = 3, .unsure = TRUE };
    CHECK(!tarn_trace_block_is_calm(&b));
    b = (TarnTraceBlock){ .step = -1 };
    CHECK(!tarn_trace_block_is_calm(&b));
}

/* The same limits as on the page: tests/web/trace_test.mjs. */
static void test_grounds_have_levels(void)
{
    static const struct {
        float p;
        guint64 us;
        guint by_share, by_time;
    } WANTED[] = { { 0.9f, 10000, 0, 0 },  { 0.89f, 12500, 1, 1 },
                   { 0.75f, 14999, 1, 1 }, { 0.5f, 15000, 2, 2 },
                   { 0.49f, 20000, 3, 3 }, { 0.2f, 30000, 4, 4 },
                   { 0.1f, 40000, 5, 5 },  { 0.01f, 80000, 6, 6 } };
    gint64 shift = 0;
    g_autofree struct tarn_trace_token *was =
        g_memdup2(trace->tokens, n_tokens * sizeof *was);
    for (guint i = 0; i < n_tokens; i++) {
        if (i >= 1 && i <= G_N_ELEMENTS(WANTED)) {
            trace->tokens[i].p = WANTED[i - 1].p;
            shift += (gint64)WANTED[i - 1].us - 10000;
        }
        trace->tokens[i].us += (guint64)shift;
    }
    g_autofree guint8 *share =
        tarn_trace_ground_levels(trace, TARN_GROUND_SHARE, -1);
    g_autofree guint8 *time =
        tarn_trace_ground_levels(trace, TARN_GROUND_TIME, -1);
    g_autofree guint8 *none =
        tarn_trace_ground_levels(trace, TARN_GROUND_NONE, -1);
    for (guint i = 0; i < G_N_ELEMENTS(WANTED); i++)
        CHECK_SAYS(share[i + 1] == WANTED[i].by_share &&
                       time[i + 1] == WANTED[i].by_time && !none[i + 1],
                   "%u: %u %u", i, share[i + 1], time[i + 1]);
    memcpy(trace->tokens, was, n_tokens * sizeof *was);
    g_autofree guint8 *bits =
        tarn_trace_ground_levels(trace, TARN_GROUND_ENTROPY, -1);
    CHECK(bits[1] == 1 && bits[15] == 5 && bits[24] == 5);
}

/* Two layers of eight experts, two of them used. */
static void test_experts_that_stay_are_dark(void)
{
    static const guint16 IDS[5][4] = { { 0, 1, 4, 5 }, /* layer 1, layer 2 */
                                       { 1, 0, 6, 7 },
                                       { 1, 2, 7, 0 },
                                       { 3, 4, 7, 0 },
                                       { 3, 4, 0, 7 } };
    static const guint8 WANTED[3][5] = { { 0, 7, 4, 0, 7 },
                                         { 0, 0, 4, 7, 7 },
                                         { 0, 4, 4, 4, 7 } };
    struct tarn_trace_info was = trace->info;
    trace->info.n_moe_layers = 2;
    trace->info.n_expert = 8;
    trace->info.n_expert_used = 2;
    CHECK(!tarn_trace_shape(trace, NULL) &&
          tarn_trace_room_experts(trace, n_tokens));
    for (guint i = 0; i < 5; i++)
        memcpy(trace->expert_ids + i * 4, IDS[i], sizeof IDS[i]);
    for (guint k = 0; k < 3; k++) {
        g_autofree guint8 *levels = tarn_trace_ground_levels(
            trace, TARN_GROUND_EXPERTS, k < 2 ? (int)k : -1);
        CHECK_SAYS(!memcmp(levels, WANTED[k], 5), "%u: %u %u %u %u %u", k,
                   levels[0], levels[1], levels[2], levels[3], levels[4]);
        CHECK(levels[6] == 0); /* not recorded */
    }
    trace->info = was;
}

static void test_a_part_is_searched(void)
{
    char *wrong = NULL;
    g_autoptr(GArray) all = tarn_trace_search(trace, 0, 86, "H>2.5", &wrong);
    g_autoptr(GArray) some = tarn_trace_search(trace, 23, 30, "H>2.5", &wrong);
    g_autoptr(GArray) gone = tarn_trace_search(trace, 90, 99, "H>2.5", &wrong);
    CHECK(all->len == 4 && g_array_index(all, guint, 0) == 21);
    CHECK(some->len == 2 && g_array_index(some, guint, 0) == 23 &&
          g_array_index(some, guint, 1) == 24);
    CHECK(gone->len == 0 && !wrong);
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
    RUN(test_blocks_are_read_as_one);
    RUN(test_calm_is_a_step_without_events);
    RUN(test_grounds_have_levels);
    RUN(test_experts_that_stay_are_dark);
    RUN(test_a_part_is_searched);
    tarn_trace_destroy(trace);
    return tap_end();
}
