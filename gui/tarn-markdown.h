/* tarn-markdown.h - Markdown to a flat list of blocks.
 *
 * cmark-gfm parses; its nodes are walked with its iterator (never recursed
 * into, never rendered by the library: W12) and become blocks in reading
 * order: prose (paragraphs, headings, list items: runs of styled text), code,
 * tables, rules.  Quotes and lists are a depth and an indent on the blocks,
 * so nothing nests, whatever the text does.
 *
 * A text that still grows: blocks up to `open_at` are final whatever comes;
 * the caller shows them, drops these bytes and parses only the rest again.
 *
 * Owns: blocks and their parts (g_ptr_array_unref frees all).
 * Threads: any, one call at a time.
 */
#ifndef TARN_GUI_MARKDOWN_H
#define TARN_GUI_MARKDOWN_H

#include <glib.h>

typedef enum {
    TARN_BLOCK_PROSE,
    TARN_BLOCK_CODE,
    TARN_BLOCK_TABLE,
    TARN_BLOCK_RULE
} TarnBlockKind;

enum { /* bits of TarnRun.style */
       TARN_STYLE_BOLD = 1,
       TARN_STYLE_ITALIC = 2,
       TARN_STYLE_STRIKE = 4,
       TARN_STYLE_CODE = 8,
       TARN_STYLE_LINK = 16,
       TARN_STYLE_FAINT = 32
};

typedef struct {
    char *text;
    char *link; /* the address; NULL */
    guint8 style;
    guint8 heading; /* 1..6; 0: body */
    guint8 depth;   /* of lists */
    guint8 above;   /* pixels over the paragraph */
    gboolean hang;  /* the paragraph begins with a list marker */
} TarnRun;

typedef struct {
    TarnBlockKind kind;
    guint quote;     /* depth of quotes around it */
    guint depth;     /* depth of lists around it */
    GPtrArray *runs; /* TarnRun, of prose */
    guint n_closed;  /* runs that are final */
    gboolean closed; /* all of it is final */
    char *text;      /* of code */
    char *language;  /* may be "" */
    guint n_columns;
    guint8 *align;    /* [n_columns] 0, 'l', 'c', 'r' */
    GPtrArray *cells; /* row after row; each a GPtrArray of TarnRun */
} TarnBlock;

/* joins: the quote depth of the prose block that these bytes continue, or -1.
 * If the first block is prose of that depth, it begins with a line end.
 * whole: the text ends here, so that everything is final.
 * Returns a GPtrArray of TarnBlock. */
GPtrArray *tarn_markdown_parse(const char *text, gsize size, int joins,
                               gboolean whole, gsize *open_at);

/* The same text without marks, for cells, titles, screen readers. */
char *tarn_runs_text(GPtrArray *runs);
gboolean tarn_run_same_look(const TarnRun *a, const TarnRun *b);

#endif
