/* tarn-markdown.c - see tarn-markdown.h. */
#include "gui/tarn-markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>
#include <string.h>

#include "gui/tarn-words.h"

enum { /* W12 */
       MAX_DEPTH = 32,
       MAX_COLUMNS = 50,
       MAX_CELLS = 2000,
       MAX_CELL_TEXT = 500, /* characters: a cell is a GtkLabel */
       MAX_BLOCKS = 1000
};
enum { /* pixels over a paragraph: UX 3.5 */
       ABOVE_BLOCK = 16,
       ABOVE_ITEM = 4,
       ABOVE_HEADING = 24,
       BELOW_HEADING = 8
};

struct list {
    gboolean ordered, tight;
    int next;
};

struct walk {
    const char *text;
    gsize size;
    int joins;
    GPtrArray *blocks;
    TarnBlock *prose; /* where lines go on; NULL: a new one is needed */
    GPtrArray *cell;  /* runs of the open cell */
    struct list list[MAX_DEPTH];
    guint depth, quote; /* may be more than is kept */
    char marker[24];
    gboolean after_heading;
    guint bold, italic, strike, image;
    char *link;
    guint n_cells;
    TarnRun line; /* look of the open paragraph */
};

static void free_run(gpointer p)
{
    TarnRun *r = p;
    g_free(r->text);
    g_free(r->link);
    g_free(r);
}

static void free_block(gpointer p)
{
    TarnBlock *b = p;
    g_clear_pointer(&b->runs, g_ptr_array_unref);
    g_clear_pointer(&b->cells, g_ptr_array_unref);
    g_free(b->text);
    g_free(b->language);
    g_free(b->align);
    g_free(b);
}

gboolean tarn_run_same_look(const TarnRun *a, const TarnRun *b)
{
    return a->style == b->style && a->heading == b->heading &&
           a->depth == b->depth && a->above == b->above && a->hang == b->hang &&
           g_strcmp0(a->link, b->link) == 0;
}

char *tarn_runs_text(GPtrArray *runs)
{
    GString *s = g_string_new(NULL);
    for (guint i = 0; i < runs->len; i++)
        g_string_append(s, ((TarnRun *)runs->pdata[i])->text);
    return g_string_free(s, FALSE);
}

static void add_new_run(GPtrArray *runs, const TarnRun *look, const char *text)
{
    TarnRun *r = g_new(TarnRun, 1);
    *r = *look;
    r->text = g_strdup(text);
    r->link = g_strdup(look->link);
    g_ptr_array_add(runs, r);
}

static void add_run(GPtrArray *runs, const TarnRun *look, const char *text)
{
    TarnRun *last = runs->len ? runs->pdata[runs->len - 1] : NULL;
    if (!last || !tarn_run_same_look(last, look)) {
        add_new_run(runs, look, text);
        return;
    }
    char *both = g_strconcat(last->text, text, NULL);
    g_free(last->text);
    last->text = both;
}

static TarnBlock *add_block(struct walk *w, TarnBlockKind kind)
{
    TarnBlock *b = g_new0(TarnBlock, 1);
    b->kind = kind;
    b->quote = MIN(w->quote, MAX_DEPTH);
    b->depth = MIN(w->depth, MAX_DEPTH);
    if (kind == TARN_BLOCK_PROSE) {
        b->runs = g_ptr_array_new_with_free_func(free_run);
        b->depth = 0;
    }
    g_ptr_array_add(w->blocks, b);
    w->prose = kind == TARN_BLOCK_PROSE ? b : NULL;
    return b;
}

/* A new paragraph of prose; joined to the one before where that is prose. */
static void begin_line(struct walk *w, guint heading)
{
    guint quote = MIN(w->quote, MAX_DEPTH);
    gboolean first = w->blocks->len == 0;
    gboolean joined = first && w->joins == (int)quote;
    if (!w->prose || w->prose->quote != quote)
        add_block(w, TARN_BLOCK_PROSE);
    gboolean more = joined || w->prose->runs->len > 0;
    gboolean tight =
        w->depth && w->list[MIN(w->depth, MAX_DEPTH) - 1].tight && *w->marker;
    guint above = heading            ? ABOVE_HEADING
                  : w->after_heading ? BELOW_HEADING
                  : tight            ? ABOVE_ITEM
                                     : ABOVE_BLOCK;
    w->after_heading = heading > 0;
    TarnRun *last = w->prose->runs->len
                        ? w->prose->runs->pdata[w->prose->runs->len - 1]
                        : NULL;
    /* A run of its own: the one before may be final already. */
    if (last)
        add_new_run(w->prose->runs, last, "\n");
    else if (joined)
        add_new_run(w->prose->runs, &(TarnRun){ 0 }, "\n");
    w->line = (TarnRun){ .heading = (guint8)heading,
                         .depth = (guint8)MIN(w->depth, MAX_DEPTH),
                         .above = (guint8)(more ? above : 0),
                         .hang = *w->marker != 0 };
    if (*w->marker) {
        TarnRun look = w->line;
        look.style = TARN_STYLE_FAINT;
        add_run(w->prose->runs, &look, w->marker);
        *w->marker = 0;
    }
}

/* Text of the open paragraph or cell. */
static void say(struct walk *w, const char *text, guint extra)
{
    if (!text || !*text)
        return;
    TarnRun look = w->line;
    guint style = extra | (w->bold ? TARN_STYLE_BOLD : 0u) |
                  (w->italic ? TARN_STYLE_ITALIC : 0u) |
                  (w->strike ? TARN_STYLE_STRIKE : 0u) |
                  (w->link ? TARN_STYLE_LINK : 0u);
    look.style = (guint8)style;
    look.link = w->link;
    if (w->cell) {
        look.above = look.depth = look.heading = 0;
        look.hang = FALSE;
        add_run(w->cell, &look, text);
    } else {
        if (!w->prose)
            begin_line(w, 0);
        add_run(w->prose->runs, &look, text);
    }
}

/* Lines first .. last (from 1) of the source. */
static char *source_lines(const struct walk *w, int first, int last)
{
    const char *p = w->text, *end = w->text + w->size, *from = NULL;
    for (int line = 1; p < end; line++) {
        const char *nl = memchr(p, '\n', (gsize)(end - p));
        if (line == first)
            from = p;
        p = nl ? nl + 1 : end;
        if (line == last)
            break;
    }
    return from ? g_strndup(from, (gsize)(p - from)) : g_strdup("");
}

static gsize offset_of_line(const char *text, gsize size, int line)
{
    const char *p = text, *end = text + size;
    for (int i = 1; i < line && p < end; i++) {
        const char *nl = memchr(p, '\n', (gsize)(end - p));
        p = nl ? nl + 1 : end;
    }
    return (gsize)(p - text);
}

static void add_code(struct walk *w, const char *text, const char *info)
{
    TarnBlock *b = add_block(w, TARN_BLOCK_CODE);
    gsize n = strlen(text);
    b->text = g_strndup(text, n && text[n - 1] == '\n' ? n - 1 : n);
    b->language = g_strndup(info, strcspn(info, " \t{"));
    w->after_heading = FALSE;
    *w->marker = 0;
}

/* The table as it was typed, where it is too big or does not fit a label. */
static void table_as_text(struct walk *w, TarnBlock *b, cmark_node *n)
{
    g_clear_pointer(&b->cells, g_ptr_array_unref);
    g_clear_pointer(&b->align, g_free);
    b->kind = TARN_BLOCK_CODE;
    b->language = g_strdup("");
    b->text = source_lines(w, cmark_node_get_start_line(n),
                           cmark_node_get_end_line(n));
    g_strchomp(b->text);
}

static void begin_table(struct walk *w, cmark_node *n)
{
    TarnBlock *b = add_block(w, TARN_BLOCK_TABLE);
    b->n_columns = cmark_gfm_extensions_get_table_columns(n);
    b->align =
        g_memdup2(cmark_gfm_extensions_get_table_alignments(n), b->n_columns);
    b->cells =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    w->after_heading = FALSE;
}

static void end_table(struct walk *w, cmark_node *n)
{
    TarnBlock *b = w->blocks->pdata[w->blocks->len - 1];
    gboolean fits = b->n_columns > 0 && b->n_columns <= MAX_COLUMNS;
    w->n_cells += b->cells->len;
    fits = fits && w->n_cells <= MAX_CELLS && b->cells->len % b->n_columns == 0;
    for (guint i = 0; fits && i < b->cells->len; i++) {
        g_autofree char *text = tarn_runs_text(b->cells->pdata[i]);
        fits = g_utf8_strlen(text, -1) <= MAX_CELL_TEXT;
    }
    if (!fits)
        table_as_text(w, b, n);
}

static void begin_item(struct walk *w, cmark_node *n)
{
    struct list *l = &w->list[MIN(MAX(w->depth, 1), MAX_DEPTH) - 1];
    if (!strcmp(cmark_node_get_type_string(n), "tasklist"))
        g_strlcpy(w->marker,
                  cmark_gfm_extensions_get_tasklist_item_checked(n) ? "☑\t"
                                                                    : "☐\t",
                  sizeof w->marker);
    else if (l->ordered)
        g_snprintf(w->marker, sizeof w->marker, "%d.\t", l->next++);
    else
        g_strlcpy(w->marker, "•\t", sizeof w->marker);
}

static void begin_list(struct walk *w, cmark_node *n)
{
    w->depth++;
    if (w->depth <= MAX_DEPTH)
        w->list[w->depth - 1] =
            (struct list){ .ordered = cmark_node_get_list_type(n) ==
                                      CMARK_ORDERED_LIST,
                           .tight = cmark_node_get_list_tight(n),
                           .next = cmark_node_get_list_start(n) };
}

static void count(guint *n, gboolean enter)
{
    *n = enter ? *n + 1 : *n - 1;
}

static void begin_link(struct walk *w, const char *url)
{
    g_free(w->link);
    w->link = url && *url ? tarn_words_valid(url, -1) : NULL;
}

/* A link that may not be opened shows its address instead. */
static void end_link(struct walk *w)
{
    g_autofree char *url = g_steal_pointer(&w->link);
    if (!url || tarn_words_link_ok(url))
        return;
    g_autofree char *shown = g_strdup_printf(" (%s)", url);
    say(w, shown, 0);
}

static void on_inline(struct walk *w, cmark_node *n, gboolean enter)
{
    const char *literal = cmark_node_get_literal(n);
    switch (cmark_node_get_type(n)) {
    case CMARK_NODE_TEXT:
        say(w, literal, 0);
        break;
    case CMARK_NODE_SOFTBREAK:
        say(w, " ", 0);
        break;
    case CMARK_NODE_LINEBREAK:
        say(w, w->cell ? " " : "\xe2\x80\xa8", 0);
        break;
    case CMARK_NODE_CODE:
    case CMARK_NODE_HTML_INLINE:
        say(w, literal, TARN_STYLE_CODE);
        break;
    case CMARK_NODE_EMPH:
        count(&w->italic, enter);
        break;
    case CMARK_NODE_STRONG:
        count(&w->bold, enter);
        break;
    case CMARK_NODE_LINK:
        enter ? begin_link(w, cmark_node_get_url(n)) : end_link(w);
        break;
    case CMARK_NODE_IMAGE:
        if (!enter) { /* never fetched: alternative text and address */
            g_autofree char *url = tarn_words_valid(cmark_node_get_url(n), -1);
            g_autofree char *shown = g_strdup_printf(" (%s)", url);
            say(w, shown, 0);
        }
        break;
    default:
        if (!strcmp(cmark_node_get_type_string(n), "strikethrough"))
            count(&w->strike, enter);
    }
}

static void on_table(struct walk *w, cmark_node *n, gboolean enter)
{
    const char *type = cmark_node_get_type_string(n);
    TarnBlock *b = w->blocks->len ? w->blocks->pdata[w->blocks->len - 1] : NULL;
    if (!strcmp(type, "table")) {
        enter ? begin_table(w, n) : end_table(w, n);
    } else if (!strcmp(type, "table_cell")) {
        w->cell = NULL;
        if (enter && b && b->cells) {
            w->cell = g_ptr_array_new_with_free_func(free_run);
            g_ptr_array_add(b->cells, w->cell);
        }
    }
}

static void on_block(struct walk *w, cmark_node *n, gboolean enter)
{
    switch (cmark_node_get_type(n)) {
    case CMARK_NODE_BLOCK_QUOTE:
        count(&w->quote, enter);
        break;
    case CMARK_NODE_LIST:
        if (enter)
            begin_list(w, n);
        else
            w->depth--;
        break;
    case CMARK_NODE_ITEM:
        if (enter)
            begin_item(w, n);
        else if (*w->marker)
            begin_line(w, 0);
        break;
    case CMARK_NODE_PARAGRAPH:
        if (enter)
            begin_line(w, 0);
        break;
    case CMARK_NODE_HEADING:
        if (enter)
            begin_line(w, (guint)cmark_node_get_heading_level(n));
        break;
    case CMARK_NODE_CODE_BLOCK:
        if (enter)
            add_code(w, cmark_node_get_literal(n),
                     cmark_node_get_fence_info(n));
        break;
    case CMARK_NODE_HTML_BLOCK:
        if (enter)
            add_code(w, cmark_node_get_literal(n), "");
        break;
    case CMARK_NODE_THEMATIC_BREAK:
        if (enter)
            add_block(w, TARN_BLOCK_RULE);
        break;
    default:
        on_table(w, n, enter);
    }
}

static gboolean is_inline(cmark_node *n)
{
    guint type = (guint)cmark_node_get_type(n);
    return (type & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_INLINE;
}

/* Everything below one child of the document. */
static void walk_child(struct walk *w, cmark_node *child)
{
    cmark_iter *it = cmark_iter_new(child);
    cmark_event_type ev;
    while ((ev = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
        cmark_node *n = cmark_iter_get_node(it);
        /* A task item has a type of its own. */
        gboolean task = !strcmp(cmark_node_get_type_string(n), "tasklist");
        gboolean enter = ev == CMARK_EVENT_ENTER;
        if (task && enter)
            begin_item(w, n);
        else if (task && *w->marker)
            begin_line(w, 0);
        else if (!task && is_inline(n))
            on_inline(w, n, enter);
        else if (!task)
            on_block(w, n, enter);
    }
    cmark_iter_free(it);
}

/* A row of dashes with very many columns makes cmark fill up millions of
 * cells: such a text is read without tables (W12). */
static gboolean tables_are_sane(const char *text, gsize size)
{
    const char *end = text + size;
    while (text < end) {
        const char *nl = memchr(text, '\n', (gsize)(end - text));
        const char *stop = nl ? nl : end;
        guint bars = 0, other = 0;
        for (const char *p = text; p < stop; p++) {
            bars += *p == '|';
            other += !strchr("|-: \t\r", *p);
        }
        if (!other && bars > MAX_COLUMNS)
            return FALSE;
        text = nl ? nl + 1 : end;
    }
    return TRUE;
}

static cmark_node *parse(const char *text, gsize size)
{
    static gsize once;
    if (g_once_init_enter(&once)) {
        cmark_gfm_core_extensions_ensure_registered();
        g_once_init_leave(&once, 1);
    }
    static const char *const NAMES[] = { "table", "strikethrough", "autolink",
                                         "tasklist" };
    gboolean tables = tables_are_sane(text, size);
    cmark_parser *p = cmark_parser_new(CMARK_OPT_DEFAULT);
    for (gsize i = tables ? 0 : 1; i < G_N_ELEMENTS(NAMES); i++) {
        cmark_syntax_extension *e = cmark_find_syntax_extension(NAMES[i]);
        if (e)
            cmark_parser_attach_syntax_extension(p, e);
    }
    cmark_parser_feed(p, text, size);
    cmark_node *doc = cmark_parser_finish(p);
    cmark_parser_free(p);
    return doc;
}

/* The last block may change with every byte.  Where it stands on a line that
 * has no end yet, the one before may still swallow it: "|" is a paragraph
 * below a table, "| 1 |" one more row of it. */
static cmark_node *first_open(cmark_node *doc, const char *text, gsize size)
{
    cmark_node *last = cmark_node_last_child(doc);
    const char *nl = size ? memrchr(text, '\n', size) : NULL;
    gsize line = nl ? (gsize)(nl + 1 - text) : 0;
    if (last && cmark_node_previous(last) && line < size &&
        offset_of_line(text, size, cmark_node_get_start_line(last)) >= line)
        last = cmark_node_previous(last);
    /* A table that takes its head from a paragraph has that paragraph's first
     * line; what is left of the paragraph has none. */
    while (last && cmark_node_previous(last) &&
           cmark_node_get_start_line(cmark_node_previous(last)) == 0)
        last = cmark_node_previous(last);
    return last;
}

/* A line of marks alone says something else with every further byte ("-" is
 * the line below a heading, "- a" an item): it waits for more. */
static gsize without_marks(const char *text, gsize size)
{
    const char *nl = size ? memrchr(text, '\n', size) : NULL;
    gsize line = nl ? (gsize)(nl + 1 - text) : 0;
    for (gsize i = line; i < size; i++)
        if (!strchr(" \t-=#*_|`~>+:", text[i]))
            return size;
    return line;
}

GPtrArray *tarn_markdown_parse(const char *text, gsize size, int joins,
                               gboolean whole, gsize *open_at)
{
    if (!whole)
        size = without_marks(text, size);
    struct walk w = { .text = text, .size = size, .joins = joins };
    w.blocks = g_ptr_array_new_with_free_func(free_block);
    cmark_node *doc = parse(text, size);
    cmark_node *last = whole ? NULL : first_open(doc, text, size);
    *open_at = size;
    for (cmark_node *n = cmark_node_first_child(doc); n;
         n = cmark_node_next(n)) {
        if (n == last) {
            for (guint i = 0; i < w.blocks->len; i++) {
                TarnBlock *b = w.blocks->pdata[i];
                b->closed = TRUE;
                b->n_closed = b->runs ? b->runs->len : 0;
            }
            cmark_node *at = n;
            while (cmark_node_get_start_line(at) == 0 && cmark_node_next(at))
                at = cmark_node_next(at);
            *open_at =
                offset_of_line(text, size, cmark_node_get_start_line(at));
        }
        if (w.blocks->len >= MAX_BLOCKS) { /* the rest as it was typed */
            gsize from =
                offset_of_line(text, size, cmark_node_get_start_line(n));
            g_autofree char *rest = g_strndup(text + from, size - from);
            begin_line(&w, 0);
            say(&w, rest, 0);
            break;
        }
        walk_child(&w, n);
    }
    for (guint i = 0; whole && i < w.blocks->len; i++) {
        TarnBlock *b = w.blocks->pdata[i];
        b->closed = TRUE;
        b->n_closed = b->runs ? b->runs->len : 0;
    }
    /* The last closed prose block may have grown by the open paragraph. */
    if (!whole && last)
        for (guint i = 0; i < w.blocks->len; i++) {
            TarnBlock *b = w.blocks->pdata[i];
            if (b->runs && b->n_closed < b->runs->len)
                b->closed = FALSE;
        }
    g_free(w.link);
    cmark_node_free(doc);
    return w.blocks;
}
