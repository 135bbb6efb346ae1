/* tarn-trace-reading.h - a trace as text: the turn as it was written, a block
 * per step, each token on the ground of its entropy, or of something else.
 *
 * Steps fold, and what was taken back is folded at first: by a click on a
 * block's head, by Space where the caret is.  Return chooses the token there.
 *
 * Signals: "chosen" (token): a click.
 *
 * Owns: its text; the trace is borrowed until another one is set.  Threads: the
 * main one.
 */
#ifndef TARN_GUI_TRACE_READING_H
#define TARN_GUI_TRACE_READING_H

#include <gtk/gtk.h>

#include "core/trace/view.h"

#define TARN_TYPE_TRACE_READING (tarn_trace_reading_get_type())
G_DECLARE_FINAL_TYPE(TarnTraceReading, tarn_trace_reading, TARN, TRACE_READING,
                     GtkTextView)

/* The same trace again: it may have grown, and what was folded stays so.  NULL:
 * none; to be set before another trace. */
void tarn_trace_reading_set(TarnTraceReading *r, const struct tarn_trace *t);
/* Marks it and scrolls to it; TARN_VIEW_NOTHING: none. */
void tarn_trace_reading_select(TarnTraceReading *r, guint token);
/* Tokens (guint) that were searched for; NULL: none. */
void tarn_trace_reading_set_hits(TarnTraceReading *r, const GArray *tokens);
/* Of the ground of experts; -1: all layers. */
void tarn_trace_reading_set_layer(TarnTraceReading *r, int layer);
/* What the ground tells, and [Fold calm steps]: to stand above the text, once.
 * Owned by the caller, and not longer than the text. */
GtkWidget *tarn_trace_reading_bar(TarnTraceReading *r);

#endif
