/* tarn-trace-lanes.h - the timeline of a trace: paints the core's display list
 * and asks the core what lies under the pointer.  It computes no layout.
 *
 * Signals: "chosen" (token, candidate or -1): a click.
 *
 * Owns: the list and what was painted; the trace is borrowed.  Threads: the
 * main one.
 */
#ifndef TARN_GUI_TRACE_LANES_H
#define TARN_GUI_TRACE_LANES_H

#include <gtk/gtk.h>

#include "core/trace/view.h"

#define TARN_TYPE_TRACE_LANES (tarn_trace_lanes_get_type())
G_DECLARE_FINAL_TYPE(TarnTraceLanes, tarn_trace_lanes, TARN, TRACE_LANES,
                     GtkWidget)

/* NULL: none.  keep: zoom and place stay (the same trace has grown). */
void tarn_trace_lanes_set(TarnTraceLanes *l, const struct tarn_trace *t,
                          gboolean keep);
void tarn_trace_lanes_select(TarnTraceLanes *l, guint token);
/* -1: all layers. */
void tarn_trace_lanes_set_layer(TarnTraceLanes *l, int layer);
/* The token in the middle stays; 0: all fit. */
void tarn_trace_lanes_zoom(TarnTraceLanes *l, double by);
/* NULL without a trace.  Borrowed. */
struct tarn_trace_view *tarn_trace_lanes_view(TarnTraceLanes *l);
const struct tarn_view_list *tarn_trace_lanes_list(TarnTraceLanes *l);
/* What a click there would find. */
struct tarn_view_point tarn_trace_lanes_at(TarnTraceLanes *l, double x,
                                           double y);

#endif
