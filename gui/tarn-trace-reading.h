/* tarn-trace-reading.h - a trace as text: the turn as it was written, a block
 * per step, each token on the ground of its entropy.
 *
 * Signals: "chosen" (token): a click.
 *
 * Owns: its text; the trace is borrowed during the call.  Threads: the main
 * one.
 */
#ifndef TARN_GUI_TRACE_READING_H
#define TARN_GUI_TRACE_READING_H

#include <gtk/gtk.h>

#include "core/trace/view.h"

#define TARN_TYPE_TRACE_READING (tarn_trace_reading_get_type())
G_DECLARE_FINAL_TYPE(TarnTraceReading, tarn_trace_reading, TARN, TRACE_READING,
                     GtkTextView)

void tarn_trace_reading_set(TarnTraceReading *r, const struct tarn_trace *t);
/* Marks it and scrolls to it; TARN_VIEW_NOTHING: none. */
void tarn_trace_reading_select(TarnTraceReading *r, guint token);
/* Tokens (guint) that were searched for; NULL: none. */
void tarn_trace_reading_set_hits(TarnTraceReading *r, const GArray *tokens);

#endif
