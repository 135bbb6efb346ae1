/* tarn-trace-lanes.h - the timeline of a trace: paints the core's display list
 * and asks the core what lies under the pointer.  It computes no layout.
 *
 * Signals: "chosen" (token, candidate or -1): a click; "ranged" (first, last
 * token): a drag; "scaled": what is seen of it, or how large, may be another.
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
/* Tokens that are marked together; NOTHING: none. */
void tarn_trace_lanes_set_range(TarnTraceLanes *l, guint first, guint last);
/* Ticks above the spans; tokens (guint) are copied, NULL: none. */
void tarn_trace_lanes_set_hits(TarnTraceLanes *l, const GArray *tokens);
/* What comes behind this token is not painted; NOTHING: all is. */
void tarn_trace_lanes_set_until(TarnTraceLanes *l, guint token);
/* These tokens fill the width. */
void tarn_trace_lanes_zoom_to(TarnTraceLanes *l, guint first, guint last);
/* The scale at which so many tokens fill the width. */
void tarn_trace_lanes_share(TarnTraceLanes *l, guint n_tokens);
/* What is seen now, twice as large, in the colours of print and with the SVG's
 * caption; NULL: there is nothing to see. */
GdkTexture *tarn_trace_lanes_texture(TarnTraceLanes *l);
/* -1: all layers. */
void tarn_trace_lanes_set_layer(TarnTraceLanes *l, int layer);
/* A lane, or not; some are off until they are wanted. */
void tarn_trace_lanes_show(TarnTraceLanes *l, enum tarn_view_lane lane,
                           gboolean on);
/* How it looks now.  Borrowed. */
const struct tarn_view_options *tarn_trace_lanes_look(TarnTraceLanes *l);
/* The token in the middle stays; 0: all fit. */
void tarn_trace_lanes_zoom(TarnTraceLanes *l, double by);
/* The same for a slider: its place, in sixteenths of a doubling, and the ends
 * of its way. */
double tarn_trace_lanes_scale(TarnTraceLanes *l, double *least, double *most);
void tarn_trace_lanes_set_scale(TarnTraceLanes *l, double steps);
/* The tokens that are seen: those before `end`. */
void tarn_trace_lanes_seen(TarnTraceLanes *l, guint *first, guint *end);
/* What is said of the token under the pointer; NULL: nothing.  Borrowed. */
const char *tarn_trace_lanes_tip(TarnTraceLanes *l);
/* NULL without a trace.  Borrowed. */
struct tarn_trace_view *tarn_trace_lanes_view(TarnTraceLanes *l);
const struct tarn_view_list *tarn_trace_lanes_list(TarnTraceLanes *l);
/* What a click there would find. */
struct tarn_view_point tarn_trace_lanes_at(TarnTraceLanes *l, double x,
                                           double y);

#endif
