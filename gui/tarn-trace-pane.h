/* tarn-trace-pane.h - how a turn went: timeline, text by steps, table, and the
 * token that is selected with its candidates and experts.
 *
 * Signals: "fork" (token, counted among those kept, id): a runner-up is wanted
 * in its place; "reproduce": it is to be computed again; "branch": it is to be
 * compared with another one of the same answer; "reveal": the chat shall show
 * the turn; "closed"; "failed" (sentence).
 *
 * Keys: arrows (Ctrl: by step, Shift: a range) select, Up and Down mark a
 * candidate, Return forks, H F L go to the next hesitation, fork, loop (Shift:
 * back), + - 0 zoom, T the next view, Space replays (in the text: folds), /
 * searches, C copies, R reveals, Esc.
 *
 * Owns: a trace that was opened from a file; others are borrowed.  Threads: the
 * main one.
 */
#ifndef TARN_GUI_TRACE_PANE_H
#define TARN_GUI_TRACE_PANE_H

#include <gtk/gtk.h>

#include "core/trace/trace.h"
#include "gui/tarn-trace-lanes.h"

#define TARN_TYPE_TRACE_PANE (tarn_trace_pane_get_type())
G_DECLARE_FINAL_TYPE(TarnTracePane, tarn_trace_pane, TARN, TRACE_PANE, GtkBox)

GtkWidget *tarn_trace_pane_new(void);
/* NULL: nothing yet.  The same again: it has grown.  The record must live until
 * another one is set. */
void tarn_trace_pane_set(TarnTracePane *p, const struct tarn_trace *t,
                         gboolean can_fork);
/* Which one of the answer's branches it is, from 1; 0: not known. */
void tarn_trace_pane_set_branch(TarnTracePane *p, guint branch, guint n);
void tarn_trace_pane_open(TarnTracePane *p, const char *path);
const struct tarn_trace *tarn_trace_pane_get(TarnTracePane *p);
/* A sentence on what became of an act; NULL: none. */
void tarn_trace_pane_say(TarnTracePane *p, gboolean good, const char *text);
/* The trace that is compared with the present one: moved; name: what it is.
 * NULL: none. */
void tarn_trace_pane_set_other(TarnTracePane *p, struct tarn_trace *other,
                               const char *name);
void tarn_trace_pane_show_compare(TarnTracePane *p);
/* For keys of the window. */
void tarn_trace_pane_focus(TarnTracePane *p);

#endif
