/* tarn-trace-table.h - a row per token: what the timeline shows, as text.
 *
 * Signals: "chosen" (token).
 *
 * Owns: its rows' numbers; the trace is borrowed.  Threads: the main one.
 */
#ifndef TARN_GUI_TRACE_TABLE_H
#define TARN_GUI_TRACE_TABLE_H

#include <gtk/gtk.h>

#include "core/trace/view.h"

#define TARN_TYPE_TRACE_TABLE (tarn_trace_table_get_type())
G_DECLARE_FINAL_TYPE(TarnTraceTable, tarn_trace_table, TARN, TRACE_TABLE,
                     GtkBox)

/* 73%, 0.4%; owned by the caller. */
char *tarn_trace_percent(float p);
/* Line feeds and tabs have signs; owned by the caller. */
char *tarn_trace_one_line(const char *bytes, gsize size);
/* The tokens from `first` on, before `end`; grown: the same trace with more
 * tokens. */
void tarn_trace_table_set(TarnTraceTable *b, const struct tarn_trace *t,
                          guint first, guint end, gboolean grown);
void tarn_trace_table_select(TarnTraceTable *b, guint token);

#endif
