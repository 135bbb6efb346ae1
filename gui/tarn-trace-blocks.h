/* tarn-trace-blocks.h - a trace as stretches that are read as one, and what
 * the ground of a token tells.  No widgets.
 *
 * Owns: results are the caller's.  Threads: those of the trace.
 */
#ifndef TARN_GUI_TRACE_BLOCKS_H
#define TARN_GUI_TRACE_BLOCKS_H

#include <glib.h>

#include "core/trace/trace.h"

/* A step of the thought, what was taken back, or a stretch of another span;
 * tags between its tokens belong to none. */
typedef struct {
    guint first, last; /* tokens of the record */
    int step;          /* from 0; -1: none */
    guint span;        /* enum tarn_span_kind */
    guint n;           /* tokens */
    guint64 us;
    double bits;                 /* of all of them */
    gboolean gone;               /* taken back */
    gboolean unsure, back, fork; /* hesitation, turn-back, a fork within */
} TarnTraceBlock;

/* TarnTraceBlock, in order. */
GArray *tarn_trace_blocks(const struct tarn_trace *t);
gboolean tarn_trace_block_equal(const TarnTraceBlock *a,
                                const TarnTraceBlock *b);
/* A step without hesitation, turn-back or fork. */
gboolean tarn_trace_block_is_calm(const TarnTraceBlock *b);
/* "step 4", "Answer", "✂ 96 tokens taken back" */
char *tarn_trace_block_name(const TarnTraceBlock *b);
/* "40 tokens · 0.9 s · 0.91 bits · hesitation · ↩ turn-back" */
char *tarn_trace_block_figures(const TarnTraceBlock *b);
/* The first words of a step, in one line. */
char *tarn_trace_block_title(const struct tarn_trace *t,
                             const TarnTraceBlock *b);

enum tarn_trace_ground {
    TARN_GROUND_ENTROPY,
    TARN_GROUND_SHARE,
    TARN_GROUND_TIME,
    TARN_GROUND_EXPERTS, /* that the token before used, too */
    TARN_GROUND_NONE,
    TARN_N_GROUNDS
};
/* "Entropy"; layer from 0, -1: all of them. */
char *tarn_trace_ground_name(enum tarn_trace_ground g, int layer);
/* From where on a ground is darker, in a sentence. */
char *tarn_trace_ground_tip(enum tarn_trace_ground g, int layer);
/* Of each token of the record: 0..6 of the ramp, 0..7 of the heat for experts,
 * which is the lane's of all layers. */
guint8 *tarn_trace_ground_levels(const struct tarn_trace *t,
                                 enum tarn_trace_ground g, int layer);

#endif
