/* tarn-trace-reading-inside.h - what the parts of the reading view share:
 * tarn-trace-reading.c has the text, its grounds and its folds, -hand.c
 * pointer and keys, and what is painted around the text.
 *
 * Owns: see the members.  Threads: the main one.
 */
#ifndef TARN_GUI_TRACE_READING_INSIDE_H
#define TARN_GUI_TRACE_READING_INSIDE_H

#include "gui/tarn-trace-blocks.h"
#include "gui/tarn-trace-reading.h"

enum { TARN_RAMP = 7, TARN_HEAT = 8 }; /* levels */

typedef struct {
    TarnTraceBlock b;
    int at, head, end; /* characters: where it begins; its text; its end */
    gboolean folded;
} Shown;

typedef struct {
    int start, end; /* characters behind its block's `at`; both 0: none */
} Place;

struct _TarnTraceReading {
    GtkTextView parent;
    const struct tarn_trace *trace; /* borrowed */
    GArray *blocks;                 /* Shown */
    GArray *places;                 /* Place of every token */
    GHashTable *folds; /* a block's first token: 1 folded, 2 not; by hand */
    guint8 *levels;
    GArray *hits; /* guint */
    enum tarn_trace_ground ground;
    int layer;
    guint selected;
    gboolean calm, listing;
    GtkTextTag *ramp[TARN_RAMP], *heat[TARN_HEAT];
    GtkTextTag *head, *sum, *fork, *gone, *hit, *on;
    GtkDropDown *grounds; /* borrowed, or NULL: there is no bar */
    GtkButton *fold;
};

/* tarn-trace-reading.c */
Shown *tarn_trace_reading_block(TarnTraceReading *r, guint i);
/* The block that holds that character, or -1. */
int tarn_trace_reading_block_of(TarnTraceReading *r, int offset);
/* Where a token's characters are; FALSE: it has none. */
gboolean tarn_trace_reading_range(TarnTraceReading *r, guint token,
                                  GtkTextIter *from, GtkTextIter *to);
gboolean tarn_trace_reading_can_fold(const TarnTraceBlock *b);
void tarn_trace_reading_turn(TarnTraceReading *r, guint block);
gboolean tarn_trace_reading_color(TarnTraceReading *r, const char *name,
                                  GdkRGBA *color);

/* tarn-trace-reading-hand.c */
void tarn_trace_reading_listen(TarnTraceReading *r);
void tarn_trace_reading_paint(TarnTraceReading *r, GtkTextViewLayer layer,
                              GtkSnapshot *s);

#endif
