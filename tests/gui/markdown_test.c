/* markdown_test.c - Markdown to blocks: forms, hostile texts (W12), and that
 * a text in pieces ends as the same text at once. */
#include "gui/tarn-markdown.h"

#include <string.h>

#include "tests/tap.h"

/* One line per block: kind, quote, then what is in it. */
static void describe(GString *out, GPtrArray *blocks)
{
    static const char KIND[] = "pctr";
    for (guint i = 0; i < blocks->len; i++) {
        const TarnBlock *b = blocks->pdata[i];
        g_string_append_printf(out, "%c%u", KIND[b->kind], b->quote);
        for (guint k = 0; b->runs && k < b->runs->len; k++) {
            const TarnRun *r = b->runs->pdata[k];
            g_string_append_printf(
                out, "[%u,%u,%u %s%s%s]", r->style, r->heading, r->depth,
                r->text, r->link ? " -> " : "", r->link ? r->link : "");
        }
        if (b->text)
            g_string_append_printf(out, "{%s:%s}", b->language, b->text);
        for (guint k = 0; b->cells && k < b->cells->len; k++) {
            g_autofree char *cell = tarn_runs_text(b->cells->pdata[k]);
            g_string_append_printf(out, "|%s", cell);
        }
        g_string_append_c(out, '\n');
    }
}

static char *at_once(const char *text)
{
    gsize open;
    GString *s = g_string_new(NULL);
    GPtrArray *blocks =
        tarn_markdown_parse(text, strlen(text), -1, TRUE, &open);
    describe(s, blocks);
    g_ptr_array_unref(blocks);
    return g_string_free(s, FALSE);
}

/* Plain text of all blocks, in order: what a reader sees. */
static void plain(GString *out, const TarnBlock *b, guint n_runs)
{
    for (guint k = 0; b->runs && k < n_runs; k++)
        g_string_append(out, ((TarnRun *)b->runs->pdata[k])->text);
    if (b->text)
        g_string_append_printf(out, "{%s}", b->text);
    for (guint k = 0; b->cells && k < b->cells->len; k++) {
        g_autofree char *cell = tarn_runs_text(b->cells->pdata[k]);
        g_string_append_printf(out, "|%s", cell);
    }
    if (b->kind == TARN_BLOCK_RULE)
        g_string_append(out, "---");
}

/* Feeds one byte at a time as the window does: what is closed is dropped. */
static char *in_pieces(const char *text)
{
    gsize from = 0, open, size = strlen(text);
    int joins = -1;
    GString *s = g_string_new(NULL);
    for (gsize at = 1; at <= size + 1; at++) {
        gboolean whole = at == size + 1;
        GPtrArray *blocks = tarn_markdown_parse(
            text + from, MIN(at, size) - from, joins, whole, &open);
        for (guint i = 0; i < blocks->len; i++) {
            const TarnBlock *b = blocks->pdata[i];
            if (!b->closed && !b->n_closed)
                continue;
            plain(s, b, b->runs ? b->n_closed : 0);
            joins = b->kind == TARN_BLOCK_PROSE ? (int)b->quote : -1;
        }
        from += open;
        g_ptr_array_unref(blocks);
    }
    return g_string_free(s, FALSE);
}

static char *plain_at_once(const char *text)
{
    gsize open;
    GString *s = g_string_new(NULL);
    GPtrArray *blocks =
        tarn_markdown_parse(text, strlen(text), -1, TRUE, &open);
    for (guint i = 0; i < blocks->len; i++) {
        const TarnBlock *b = blocks->pdata[i];
        plain(s, b, b->runs ? b->runs->len : 0);
    }
    g_ptr_array_unref(blocks);
    return g_string_free(s, FALSE);
}

#define BLOCKS(text, want)                                                     \
    do {                                                                       \
        char *got_ = at_once(text);                                            \
        CHECK_SAYS(!strcmp(got_, want), "\n%s", got_);                         \
        g_free(got_);                                                          \
    } while (0)

static void test_paragraphs_become_one_prose(void)
{
    BLOCKS("a\nb\n\nc *d* **e** `f` ~~g~~\n",
           "p0[0,0,0 a b][0,0,0 \n][0,0,0 c ][2,0,0 d][0,0,0  ][1,0,0 e]"
           "[0,0,0  ][8,0,0 f][0,0,0  ][4,0,0 g]\n");
    BLOCKS("# A\n\nb\n", "p0[0,1,0 A][0,1,0 \n][0,0,0 b]\n");
}

static void test_lists_are_depth_and_marker(void)
{
    BLOCKS("- a\n  - b\n\n3. c\n4. d\n",
           "p0[32,0,1 •\t][0,0,1 a][0,0,1 \n][32,0,2 •\t][0,0,2 b]"
           "[0,0,2 \n][32,0,1 3.\t][0,0,1 c][0,0,1 \n][32,0,1 4.\t]"
           "[0,0,1 d]\n");
    BLOCKS("- [x] a\n- [ ] b\n",
           "p0[32,0,1 ☑\t][0,0,1 a][0,0,1 \n][32,0,1 ☐\t][0,0,1 b]\n");
}

static void test_code_quote_rule_and_table(void)
{
    BLOCKS("a\n```c x\nint b;\n```\n> q\n\n---\n",
           "p0[0,0,0 a]\nc0{c:int b;}\np1[0,0,0 q]\nr0\n");
    BLOCKS("| a | b |\n|---|--:|\n| 1 | *2* |\n", "t0|a|b|1|2\n");
}

static void test_links_show_addresses_that_do_not_open(void)
{
    BLOCKS("[a](https://b.c)\n", "p0[16,0,0 a -> https://b.c]\n");
    BLOCKS("[a](file:///b)\n",
           "p0[16,0,0 a -> file:///b][0,0,0  (file:///b)]\n");
    BLOCKS("![a](https://b.c/d.png)\n", "p0[0,0,0 a (https://b.c/d.png)]\n");
}

static void test_w01_markup_stays_text(void)
{
    BLOCKS("<span size=\"9999\">x</span>\n",
           "p0[8,0,0 <span size=\"9999\">][0,0,0 x][8,0,0 </span>]\n");
    BLOCKS("<script>\nx\n</script>\n", "c0{:<script>\nx\n</script>}\n");
}

static const char *const TEXTS[] = {
    "a\n\nb\n\nc\n",
    "# T\n\ntext *with* style\nand more\n\n- a\n- b\n\n1. c\n2. d\n",
    "a\n\n```python\nx = 1\n\ny = 2\n```\n\nb\n",
    "| n | m |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nafter\n",
    "before\n| n | m |\n|---|---|\n| 1 | 2 |\nafter\n",
    "> q\n> r\n\nx\n\n> s\n",
    "title\n=====\n\ntext\n\nother\n---\n\nend\n",
    "- a\n\n  more\n- b\n\n      code\n\nend\n",
    "a\n***\nb\n\n<b>c</b>\n\n[l](https://m.n) tail\n"
};

static void test_pieces_end_as_the_whole(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        g_autofree char *whole = plain_at_once(TEXTS[i]);
        g_autofree char *pieces = in_pieces(TEXTS[i]);
        CHECK_SAYS(!strcmp(whole, pieces), "text %zu:\n%s\n%s\n", i, whole,
                   pieces);
    }
}

static double parse_ms(const char *text, gsize size, guint *n_blocks)
{
    gsize open;
    gint64 from = g_get_monotonic_time();
    GPtrArray *blocks = tarn_markdown_parse(text, size, -1, TRUE, &open);
    *n_blocks = blocks->len;
    g_ptr_array_unref(blocks);
    return (double)(g_get_monotonic_time() - from) / 1e3;
}

static void bomb(const char *name, const char *unit, guint times,
                 const char *head)
{
    GString *s = g_string_new(head);
    guint n;
    for (guint i = 0; i < times; i++)
        g_string_append(s, unit);
    double ms = parse_ms(s->str, s->len, &n);
    printf("# %s: %zu bytes, %u blocks, %.0f ms\n", name, s->len, n, ms);
    CHECK_SAYS(n <= 5000, "%s: %u blocks", name, n);
    CHECK_SAYS(ms < 10000, "%s: %.0f ms", name, ms);
    g_string_free(s, TRUE);
}

static TarnBlockKind first_kind(const char *head, const char *unit, guint times)
{
    GString *s = g_string_new(head);
    gsize open;
    for (guint i = 0; i < times; i++)
        g_string_append(s, unit);
    GPtrArray *blocks = tarn_markdown_parse(s->str, s->len, -1, TRUE, &open);
    TarnBlockKind kind = ((TarnBlock *)blocks->pdata[0])->kind;
    g_ptr_array_unref(blocks);
    g_string_free(s, TRUE);
    return kind;
}

static void test_w12_bombs_stay_small(void)
{
    GString *head = g_string_new(NULL);
    for (int i = 0; i < 200; i++)
        g_string_append(head, "|a");
    g_string_append(head, "\n");
    for (int i = 0; i < 200; i++)
        g_string_append(head, "|-");
    g_string_append(head, "\n");
    bomb("quotes", ">", 32000, "");
    bomb("brackets", "[", 100000, "");
    bomb("stars", "a*", 50000, "");
    bomb("wide table", "|x\n", 32000, head->str);
    CHECK(first_kind(head->str, "|x\n", 1000) == TARN_BLOCK_PROSE);
    bomb("long table", "|x|y|\n", 5000, "|a|b|\n|-|-|\n");
    bomb("rules", "\n---\n", 20000, "");
    bomb("mails", "a@b.c ", 20000, "");
    g_string_free(head, TRUE);
}

static void test_w12_depth_is_limited(void)
{
    GString *s = g_string_new(NULL);
    gsize open;
    for (int i = 0; i < 200; i++)
        g_string_append(s, "> ");
    g_string_append(s, "deep\n");
    GPtrArray *blocks = tarn_markdown_parse(s->str, s->len, -1, TRUE, &open);
    CHECK(blocks->len == 1);
    CHECK(((TarnBlock *)blocks->pdata[0])->quote <= 32);
    g_ptr_array_unref(blocks);
    g_string_free(s, TRUE);
}

int main(void)
{
    RUN(test_paragraphs_become_one_prose);
    RUN(test_lists_are_depth_and_marker);
    RUN(test_code_quote_rule_and_table);
    RUN(test_links_show_addresses_that_do_not_open);
    RUN(test_w01_markup_stays_text);
    RUN(test_pieces_end_as_the_whole);
    RUN(test_w12_bombs_stay_small);
    RUN(test_w12_depth_is_limited);
    return tap_end();
}
