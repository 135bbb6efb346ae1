/* tarn-trace-compare.h - two traces beside each other: the beginning that they
 * share in one line, the token where they part, their steps from there on.
 *
 * Owns: nothing of the traces, which are read at once.  Threads: the main one.
 */
#ifndef TARN_GUI_TRACE_COMPARE_H
#define TARN_GUI_TRACE_COMPARE_H

#include <gtk/gtk.h>

#include "core/trace/trace.h"

#define TARN_TYPE_TRACE_COMPARE (tarn_trace_compare_get_type())
G_DECLARE_FINAL_TYPE(TarnTraceCompare, tarn_trace_compare, TARN, TRACE_COMPARE,
                     GtkBox)

/* The lanes of both above each other, then the words; b_name: what the second
 * one is.  Both must live until set() comes again, with NULL at the end. */
void tarn_trace_compare_set(TarnTraceCompare *c, const struct tarn_trace *a,
                            const struct tarn_trace *b, const char *b_name);
/* "A 412 tokens, B 286 tokens, same first 118, answers equal"; owned by the
 * caller.  *part_a, *part_b: the tokens where they part; beyond the end where
 * one goes on. */
char *tarn_trace_compare_line(const struct tarn_trace *a,
                              const struct tarn_trace *b, guint *part_a,
                              guint *part_b);

#endif
