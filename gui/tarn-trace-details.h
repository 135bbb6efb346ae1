/* tarn-trace-details.h - one token of a trace: its figures, its candidates,
 * its experts; or the sums of a range of tokens.
 *
 * Signals: "marked" (rank from 0): a candidate was clicked; "fork": the button
 * was pressed.
 *
 * Owns: nothing; the trace is borrowed until another one is shown.  Threads:
 * the main one.
 */
#ifndef TARN_GUI_TRACE_DETAILS_H
#define TARN_GUI_TRACE_DETAILS_H

#include <gtk/gtk.h>

#include "core/trace/view.h"

#define TARN_TYPE_TRACE_DETAILS (tarn_trace_details_get_type())
G_DECLARE_FINAL_TYPE(TarnTraceDetails, tarn_trace_details, TARN, TRACE_DETAILS,
                     GtkBox)

/* Candidates that are shown: at most six, from the fourth on only those with
 * a share of 0.1 per cent. */
guint tarn_trace_details_rows(const struct tarn_trace_token *k);

/* token beyond the last one, or trace NULL: hides itself.  v: of the trace. */
void tarn_trace_details_token(TarnTraceDetails *d, const struct tarn_trace *t,
                              const struct tarn_trace_view *v, guint token,
                              guint mark, gboolean can_fork);
/* What is said of a token from now on has its state, or not. */
void tarn_trace_details_with_state(TarnTraceDetails *d, gboolean on);
void tarn_trace_details_range(TarnTraceDetails *d, const struct tarn_trace *t,
                              guint first, guint last);
/* Whether a fork with the marked candidate is possible. */
gboolean tarn_trace_details_can_fork(TarnTraceDetails *d);
/* What is said of the token or the range; borrowed. */
const char *tarn_trace_details_said(TarnTraceDetails *d);

#endif
