/* tarn-trace-export.h - a trace as text for other programs and for reading.
 *
 * Owns: results are the caller's (g_free).  Threads: those of the trace.
 */
#ifndef TARN_GUI_TRACE_EXPORT_H
#define TARN_GUI_TRACE_EXPORT_H

#include <glib.h>

#include "core/trace/trace.h"

/* The table: a row per token, RFC 4180, first row the names of columns. */
char *tarn_trace_csv(const struct tarn_trace *t);
/* The reading view: a block per step, hesitations as ⟨…⟩, what was taken back
 * struck through. */
char *tarn_trace_markdown(const struct tarn_trace *t);
/* The text of tokens first ... last, without tags; owned. */
char *tarn_trace_text(const struct tarn_trace *t, guint first, guint last);
/* "29 tokens · 0.8 s · 36.2 tok/s · 1.24 bits on average · 3 forks · 70 of 128
 * experts used": of tokens first ... last. */
char *tarn_trace_sum(const struct tarn_trace *t, guint first, guint last);

#endif
