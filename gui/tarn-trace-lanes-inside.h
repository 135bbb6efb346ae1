/* tarn-trace-lanes-inside.h - what the parts of the timeline share:
 * tarn-trace-lanes.c has the list and its scale, -paint.c the picture,
 * -pointer.c clicks, drags, the wheel, pinches, and the line and the tip under
 * the pointer.
 *
 * Owns: see the members.  Threads: the main one.
 */
#ifndef TARN_GUI_TRACE_LANES_INSIDE_H
#define TARN_GUI_TRACE_LANES_INSIDE_H

#include "gui/tarn-trace-lanes.h"

struct _TarnTraceLanes {
    GtkWidget parent;
    const struct tarn_trace *trace; /* borrowed */
    struct tarn_trace_view *view;
    struct tarn_view_list list;
    struct tarn_view_options look;
    GskRenderNode *node; /* the list, painted; NULL: not yet */
    GdkRGBA colors[TARN_N_ROLES];
    double pointer, pointer_y; /* px; x is for zooming, too */
    guint from, to, until;     /* tokens or NOTHING: marked; painted up to */
    GArray *hits;              /* guint */
    guint shared;              /* tokens of the scale; 0: its own */
    double drag_x, drag_y;
    double pinched;          /* zoom when two fingers came */
    guint hovered;           /* token under the pointer, or NOTHING */
    char *tip;               /* of it, after TIP_MS; NULL: not yet */
    guint tip_wait, telling; /* sources; 0: none */
    gboolean listed;
};
enum { TIP_MS = 100 };

/* tarn-trace-lanes.c: the list is there, where there is room for it; token
 * under x stays; the column of a token and `more` begins there, in the plot. */
void tarn_trace_lanes_make_list(TarnTraceLanes *l);
void tarn_trace_lanes_stale(TarnTraceLanes *l);
void tarn_trace_lanes_zoom_at(TarnTraceLanes *l, double by, double x);
float tarn_trace_lanes_edge(TarnTraceLanes *l, guint token, guint more);
/* Of its column; -1: it is not seen. */
float tarn_trace_lanes_middle(TarnTraceLanes *l, guint token);

/* -paint.c */
void tarn_trace_lanes_paint(TarnTraceLanes *l, GtkSnapshot *s);

/* -pointer.c */
void tarn_trace_lanes_listen(TarnTraceLanes *l);
void tarn_trace_lanes_leave(TarnTraceLanes *l); /* no line, no tip */
int tarn_trace_lanes_bottom(TarnTraceLanes *l); /* px that are seen */

#endif
