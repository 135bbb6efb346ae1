/* tarn-trace-pane-inside.h - what the parts of the trace pane share:
 * tarn-trace-pane.c has content, selection and keys, -acts.c search, replay,
 * comparing and files, -look.c what is said of what is shown, -make.c the
 * widgets.
 *
 * Owns: see the members.  Threads: the main one.
 */
#ifndef TARN_GUI_TRACE_PANE_INSIDE_H
#define TARN_GUI_TRACE_PANE_INSIDE_H

#include "gui/tarn-trace-compare.h"
#include "gui/tarn-trace-details.h"
#include "gui/tarn-trace-pane.h"
#include "gui/tarn-trace-reading.h"
#include "gui/tarn-trace-table.h"

struct _TarnTracePane {
    GtkBox parent;
    GtkLabel *of, *sum, *say, *count; /* of: what it is the trace of */
    GtkLabel *part;                   /* table and search keep to one */
    GtkRange *scale;
    GtkWidget *zooms, *other_menu; /* other_menu: Compare */
    GtkStack *stack;
    TarnTraceLanes *lanes;
    TarnTraceReading *reading;
    TarnTraceTable *table;
    GtkDropDown *layer;
    TarnTraceDetails *details;
    TarnTraceCompare *compare;
    GtkWidget *note, *to_compare, *compared; /* compared: its page */
    GtkButton *play;
    GtkSearchEntry *search;
    GtkWidget *hunt[2]; /* previous, next */
    GArray *hits;       /* guint; NULL: nothing is looked for */
    GtkFileChooserNative *chooser;
    const struct tarn_trace *trace;     /* borrowed, or `own` */
    struct tarn_trace *own;             /* from a file */
    struct tarn_trace *other;           /* that is compared; owned */
    guint selected, anchor, mark, grow; /* anchor: a range begins there */
    double played_ms;                   /* of a replay */
    gint64 frame;                       /* µs, of its last frame */
    guint tick, speed;
    guint n_layers;
    guint branch, n_branches; /* from 1; 0: not known */
    guint first, end;         /* tokens of the table and the search */
    gboolean can_fork, scaling;
    gboolean text_old, table_old; /* made anew when they are seen */
};
/* tarn-trace-pane.c */
const struct tarn_trace_token *tarn_trace_pane_tokens(TarnTracePane *p,
                                                      gsize *n);
/* One token, or TARN_VIEW_NOTHING; candidate -1: the first.  Or a range. */
void tarn_trace_pane_select(TarnTracePane *p, guint token, int candidate);
void tarn_trace_pane_range(TarnTracePane *p, guint first, guint last);
void tarn_trace_pane_mark(TarnTracePane *p, guint rank);
void tarn_trace_pane_tell(TarnTracePane *p); /* the same, anew */
void tarn_trace_pane_fork(TarnTracePane *p);
void tarn_trace_pane_view_changed(TarnTracePane *p);
void tarn_trace_pane_part_changed(TarnTracePane *p);

/* tarn-trace-pane-look.c: the head's name; `first` and `end`, TRUE if they are
 * others now; slider and part follow the timeline. */
void tarn_trace_pane_tell_name(TarnTracePane *p);
gboolean tarn_trace_pane_take_part(TarnTracePane *p);
void tarn_trace_pane_scaled(TarnTracePane *p);
GtkWidget *tarn_trace_pane_make_zooms(TarnTracePane *p);

/* tarn-trace-pane-acts.c: what the field asks for; the next hit, or the one
 * before; plays, or pauses; back to the whole. */
void tarn_trace_pane_search(TarnTracePane *p);
void tarn_trace_pane_hunt(TarnTracePane *p, int step);
void tarn_trace_pane_replay(TarnTracePane *p);
void tarn_trace_pane_end_replay(TarnTracePane *p);
void tarn_trace_pane_forget_other(TarnTracePane *p);
void tarn_trace_pane_add_actions(TarnTracePane *p);
GMenu *tarn_trace_pane_menu(void);   /* owned by the caller */
GMenu *tarn_trace_pane_others(void); /* what to compare with; the same */

/* tarn-trace-pane-make.c */
void tarn_trace_pane_make(TarnTracePane *p);
/* A flat button with an icon. */
GtkWidget *tarn_trace_pane_sign(TarnTracePane *p, const char *icon,
                                const char *name, GCallback done);

#endif
