/* tarn-body.c - see tarn-body.h. */
#include "gui/tarn-body.h"

#include <string.h>

#include "gui/tarn-code.h"
#include "gui/tarn-markdown.h"
#include "gui/tarn-prose.h"
#include "gui/tarn-table.h"
#include "gui/tarn-words.h"

enum {
    INDENT = 24,       /* of a list level */
    MAX_BLOCKS = 2000, /* widgets of one answer; the rest is plain (W12) */
    SPARE = 8          /* a parse of n ms is followed by 8 n ms without one */
};

struct _TarnBody {
    TarnCullBox parent;
    GString *text;     /* all of it */
    gsize open_at;     /* bytes before it are shown for good */
    gsize shown;       /* bytes that tarn_body_show() has seen */
    GPtrArray *blocks; /* GtkWidget, borrowed */
    guint n_closed;    /* of blocks */
    int joins;         /* quote depth of the last block where prose may go on */
    TarnProse *plain;  /* borrowed; NULL while Markdown is read */
    gint64 not_before; /* µs */
    gboolean finished;
};
G_DEFINE_FINAL_TYPE(TarnBody, tarn_body, TARN_TYPE_CULL_BOX)

static GtkWidget *make_widget(const TarnBlock *b)
{
    switch (b->kind) {
    case TARN_BLOCK_PROSE:
        return tarn_prose_new();
    case TARN_BLOCK_CODE:
        return tarn_code_new();
    case TARN_BLOCK_TABLE:
        return tarn_table_new();
    case TARN_BLOCK_RULE:
        break;
    }
    return gtk_separator_new(GTK_ORIENTATION_HORIZONTAL);
}

static gboolean fits(GtkWidget *w, const TarnBlock *b)
{
    guint quote = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(w), "quote"));
    if (quote != b->quote)
        return FALSE;
    switch (b->kind) {
    case TARN_BLOCK_PROSE:
        return TARN_IS_PROSE(w);
    case TARN_BLOCK_CODE:
        return TARN_IS_CODE(w);
    case TARN_BLOCK_TABLE:
        return TARN_IS_TABLE(w);
    case TARN_BLOCK_RULE:
        return GTK_IS_SEPARATOR(w);
    }
    return FALSE;
}

static void update_widget(GtkWidget *w, const TarnBlock *b)
{
    if (b->kind == TARN_BLOCK_PROSE)
        tarn_prose_update(TARN_PROSE(w), b->runs, b->n_closed);
    else if (b->kind == TARN_BLOCK_CODE)
        tarn_code_update(TARN_CODE(w), b->text, b->language, b->closed);
    else if (b->kind == TARN_BLOCK_TABLE)
        tarn_table_update(TARN_TABLE(w), b);
}

/* A quote is a rule at the start edge; deeper ones stand further in. */
static void place(TarnBody *body, GtkWidget *w, const TarnBlock *b)
{
    g_object_set_data(G_OBJECT(w), "quote", GUINT_TO_POINTER(b->quote));
    gtk_widget_set_margin_start(w, INDENT * (int)b->depth +
                                       INDENT / 2 *
                                           (int)(b->quote ? b->quote - 1 : 0));
    if (b->quote)
        gtk_widget_add_css_class(w, "quote");
    gtk_box_append(GTK_BOX(body), w);
    g_ptr_array_add(body->blocks, w);
}

static void drop_after(TarnBody *body, guint n)
{
    while (body->blocks->len > n) {
        gtk_box_remove(GTK_BOX(body),
                       body->blocks->pdata[body->blocks->len - 1]);
        g_ptr_array_set_size(body->blocks, (int)body->blocks->len - 1);
    }
}

static void show_blocks(TarnBody *body, GPtrArray *blocks)
{
    /* The first block may go on in the last widget that is closed. */
    const TarnBlock *first = blocks->len ? blocks->pdata[0] : NULL;
    gboolean joined = first && first->kind == TARN_BLOCK_PROSE &&
                      body->joins == (int)first->quote;
    guint at = joined ? body->n_closed - 1 : body->n_closed;
    if (!joined && at && TARN_IS_PROSE(body->blocks->pdata[at - 1])) {
        /* What was a paragraph there has become something else. */
        g_autoptr(GPtrArray) none = g_ptr_array_new();
        tarn_prose_update(body->blocks->pdata[at - 1], none, 0);
    }
    guint closed = body->n_closed;
    for (guint i = 0; i < blocks->len; i++, at++) {
        const TarnBlock *b = blocks->pdata[i];
        if (at < body->blocks->len && !fits(body->blocks->pdata[at], b))
            drop_after(body, at);
        if (at == body->blocks->len)
            place(body, make_widget(b), b);
        update_widget(body->blocks->pdata[at], b);
        if (b->closed || b->n_closed) {
            closed = at + 1;
            body->joins = b->kind == TARN_BLOCK_PROSE ? (int)b->quote : -1;
        }
    }
    drop_after(body, MAX(at, closed));
    body->n_closed = closed;
}

/* From here on the text is shown as it was written. */
static void show_plain(TarnBody *body)
{
    if (!body->plain) {
        drop_after(body, body->n_closed);
        body->plain = TARN_PROSE(tarn_prose_new());
        gtk_box_append(GTK_BOX(body), GTK_WIDGET(body->plain));
    }
    tarn_prose_append(body->plain, body->text->str + body->open_at,
                      body->text->len - body->open_at);
    body->open_at = body->shown = body->text->len;
}

static void parse_rest(TarnBody *body, gboolean whole)
{
    gsize open_at;
    if (body->n_closed > MAX_BLOCKS) {
        show_plain(body);
        return;
    }
    GPtrArray *blocks = tarn_markdown_parse(body->text->str + body->open_at,
                                            body->text->len - body->open_at,
                                            body->joins, whole, &open_at);
    show_blocks(body, blocks);
    g_ptr_array_unref(blocks);
    body->open_at += open_at;
    body->shown = body->text->len;
}

void tarn_body_append(TarnBody *body, const char *text, gsize size)
{
    g_autofree char *valid = tarn_words_valid(text, (gssize)size);
    g_string_append(body->text, valid);
}

gboolean tarn_body_show(TarnBody *body)
{
    gint64 from = g_get_monotonic_time();
    if (body->finished || body->shown == body->text->len)
        return TRUE;
    if (from < body->not_before)
        return FALSE;
    gsize before = body->open_at;
    parse_rest(body, FALSE);
    gint64 now = g_get_monotonic_time();
    /* Blocks that were closed are paid for once; only what will be parsed
     * again counts. */
    if (body->open_at == before)
        body->not_before = now + (now - from) * SPARE;
    return TRUE;
}

void tarn_body_finish(TarnBody *body)
{
    if (body->finished)
        return;
    parse_rest(body, TRUE);
    body->finished = TRUE;
}

const char *tarn_body_text(TarnBody *body)
{
    return body->text->str;
}

static void tarn_body_finalize(GObject *o)
{
    TarnBody *body = TARN_BODY(o);
    g_string_free(body->text, TRUE);
    g_ptr_array_unref(body->blocks);
    G_OBJECT_CLASS(tarn_body_parent_class)->finalize(o);
}

static void tarn_body_class_init(TarnBodyClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = tarn_body_finalize;
}

static void tarn_body_init(TarnBody *body)
{
    body->text = g_string_new(NULL);
    body->blocks = g_ptr_array_new();
    body->joins = -1;
    gtk_box_set_spacing(GTK_BOX(body), 16);
}

GtkWidget *tarn_body_new(void)
{
    return g_object_new(TARN_TYPE_BODY, NULL);
}
