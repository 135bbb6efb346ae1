/* view.h - a trace as a picture: record, width and zoom become a display list,
 * and a point becomes what lies there.
 *
 * The lanes and levels of detail of the trace pane.  Everything is whole
 * pixels and integer arithmetic, so that every face, on every machine, gets
 * the same list; colours are named by role, texts carry the room they have.
 * A face paints items in order and computes no layout.
 *
 *     tarn_trace_view_create(trace, &view, &err);
 *     tarn_trace_view_update(view);               // after tokens came
 *     struct tarn_view_list list = { 0 };
 *     tarn_trace_view_list(view, &options, &list);
 *     for (i < list.n) paint(&list.items[i]);
 *     tarn_trace_view_at(view, &options, x, y);   // the inverse
 *
 * The axis counts columns: the tokens that were kept; what was taken back has
 * no width.  Below 1.5 px per token columns are gathered in bins of a power of
 * two, from sums that are built while tokens arrive (52 bytes per token).
 *
 * Owns: the view its sums; a list its items.  The trace is borrowed.
 * Threads: those of the trace.
 */
#ifndef TARN_TRACE_VIEW_H
#define TARN_TRACE_VIEW_H

#include "core/base/buf.h"
#include "core/trace/trace.h"

struct tarn_trace_view;

enum tarn_view_lane {
    TARN_LANE_HEAD, TARN_LANE_SPANS, TARN_LANE_STEPS, TARN_LANE_ENTROPY,
    TARN_LANE_HESITATION, TARN_LANE_LOOP, TARN_LANE_CHOSEN, TARN_LANE_OTHERS,
    TARN_LANE_EXPERTS, TARN_LANE_TIME, TARN_LANE_STATE, TARN_LANE_RULER,
    TARN_LANE_CROSS, /* the line of the selected token, over all of them */
    TARN_N_LANES
};
#define TARN_LANE_NONE 255u
#define TARN_LANES_OFF (1u << TARN_LANE_STATE) /* unless one wants them */

enum tarn_view_kind {
    TARN_VIEW_RECT,    /* filled */
    TARN_VIEW_BAR,     /* filled, with a contour of 1 px: `edge` */
    TARN_VIEW_BAND,    /* filled; detail: enum tarn_view_pattern */
    TARN_VIEW_LINE,    /* 1 px, from x,y to x+w,y+h (h may be negative) */
    TARN_VIEW_DASH,    /* the same, dashed 3 and 3 */
    TARN_VIEW_DOT,     /* a disc that fills its box */
    TARN_VIEW_RING,    /* a circle of 1 px in its box */
    TARN_VIEW_FORCED,  /* a triangle in its box, point up */
    TARN_VIEW_BRACKET, /* left, bottom and right side of its box, 1 px */
    TARN_VIEW_TEXT,    /* in its box, cut; detail: enum tarn_view_anchor */
    TARN_VIEW_CHIP,    /* a text on a rounded box of surface */
    TARN_VIEW_FLAG,    /* the same on accent */
    TARN_VIEW_HEAT     /* cells of 1 px width: see tarn_view_item */
};
enum tarn_view_pattern { TARN_PATTERN_SOLID, TARN_PATTERN_HATCH,
                         TARN_PATTERN_BARS };
enum tarn_view_anchor { TARN_ANCHOR_START, TARN_ANCHOR_MIDDLE,
                        TARN_ANCHOR_END };

enum tarn_view_role {
    TARN_ROLE_NONE, TARN_ROLE_INK, TARN_ROLE_SOFT, TARN_ROLE_FAINT,
    TARN_ROLE_LINE, TARN_ROLE_SURFACE, TARN_ROLE_ACCENT, TARN_ROLE_ON_ACCENT,
    TARN_ROLE_RAMP, /* and six more: levels of entropy */
    TARN_ROLE_RAMP_EDGE = TARN_ROLE_RAMP + 7,
    TARN_ROLE_THOUGHT, TARN_ROLE_ANSWER, TARN_ROLE_CALL,
    TARN_ROLE_HEAT, /* and seven more */
    TARN_N_ROLES = TARN_ROLE_HEAT + 8
};
/* As in the style sheets: "ink", "ramp-3", "span-thought", "heat-7". */
const char *tarn_view_role_name(enum tarn_view_role role);

#define TARN_VIEW_NOTHING UINT32_MAX

struct tarn_view_item {
    uint8_t kind, lane, role, edge; /* edge: a role, or TARN_ROLE_NONE */
    int32_t x, y, w, h;             /* px from the top at the start edge */
    uint32_t token, n; /* of the record, from the first one of n columns;
                          TARN_VIEW_NOTHING: none.  HEAT: n rows */
    uint32_t at, size; /* of its text, or of its cells: levels 0..7, [rows]
                          [w], row by row */
    uint32_t detail;   /* as the kind says; of a dot: its candidate */
};

struct tarn_view_list {
    struct tarn_view_item *items;
    size_t n, room;
    struct tarn_buf text, cells;
    int32_t width, height;
    int32_t plot_x, plot_w; /* where the axis is */
    int64_t content;        /* px that all columns need */
    uint32_t zoom;          /* that was taken */
    int64_t scroll;
    bool failed;
};
void tarn_view_list_finish(struct tarn_view_list *l);

/* zoom: px per token in 1/65536. */
#define TARN_ZOOM_ONE 65536u
#define TARN_ZOOM_MOST (160u * TARN_ZOOM_ONE)
struct tarn_view_options {
    uint32_t size;
    int32_t width;     /* px, gutters included */
    uint32_t zoom;     /* 0: all columns fit */
    int64_t scroll;    /* px of the axis before the plot's start */
    int32_t layer;     /* of the experts lane; -1: all layers */
    uint32_t hidden;   /* lanes that are left out, 1 << lane */
    uint32_t selected; /* token of the record, or TARN_VIEW_NOTHING */
};

enum tarn_status tarn_trace_view_create(const struct tarn_trace *t,
                                        struct tarn_trace_view **out,
                                        struct tarn_error *err);
void tarn_trace_view_destroy(struct tarn_trace_view *v);
/* Takes what has come since; false: no memory. */
bool tarn_trace_view_update(struct tarn_trace_view *v);
uint32_t tarn_trace_view_columns(const struct tarn_trace_view *v);
/* The token of a column, and the column that a token is or stands before. */
uint32_t tarn_trace_view_token(const struct tarn_trace_view *v, uint32_t col);
uint32_t tarn_trace_view_column(const struct tarn_trace_view *v,
                                uint32_t token);
/* The list is made anew in place (its memory is kept); l->failed: no memory. */
void tarn_trace_view_list(const struct tarn_trace_view *v,
                          const struct tarn_view_options *o,
                          struct tarn_view_list *l);

struct tarn_view_point {
    uint32_t lane;      /* enum tarn_view_lane or TARN_LANE_NONE */
    uint32_t token;     /* of the record, or TARN_VIEW_NOTHING */
    uint32_t first, n;  /* the bin: its first token and its columns */
    uint32_t step;      /* from 0, or TARN_VIEW_NOTHING */
    uint32_t candidate; /* of a dot or a text in the lane of the others */
    uint32_t layer, expert;
};
struct tarn_view_point tarn_trace_view_at(const struct tarn_trace_view *v,
                                          const struct tarn_view_options *o,
                                          int32_t x, int32_t y);

/* ------------------------------------------------------- for the other views */
/* 0..6 by the ramp's limits. */
unsigned tarn_view_ramp(float entropy_bits);
/* Step of a token, from 0, or TARN_VIEW_NOTHING. */
uint32_t tarn_view_step(const struct tarn_trace *t, uint32_t token);
/* 1 = most likely; 0: none of the eight. */
unsigned tarn_view_rank(const struct tarn_trace_token *k);
/* "token 118 of 508, thought, step 4, " so", entropy 2.6 bits, 22 ms, rank 2":
 * foreign text escaped.  For tips, details and whoever can't see the picture. */
void tarn_view_tell(const struct tarn_trace *t, uint32_t token,
                    struct tarn_buf *out);
/* ", context 118 of 32,768 tokens, state 19 MB": with this token; nothing where
 * it is not recorded or the token was taken back. */
void tarn_view_tell_state(const struct tarn_trace *t, uint32_t token,
                          struct tarn_buf *out);
/* The characters that end in a token: where one is cut by a token's end, it is
 * the last of its tokens that shows it.  size 0: none. */
const char *tarn_view_text_of(const struct tarn_trace *t, uint32_t token,
                              size_t *size);
/* How many of a layer's experts [used] of one token another one has as well. */
uint32_t tarn_view_kept(const uint16_t *now, const uint16_t *before,
                        uint32_t used);
/* Microseconds since the token before. */
uint64_t tarn_view_us(const struct tarn_trace *t, uint32_t token);
/* It took more than four times the turn's median. */
bool tarn_view_is_slow(const struct tarn_trace_view *v, uint32_t token);

/* On paper ("#3A3A3A" or "none"): text black to grey, the light ramp, heat and
 * spans. */
const char *tarn_view_print_color(unsigned role);
/* The whole picture as SVG with the colours of print, text as text, the same
 * bytes from every face. */
void tarn_trace_view_svg(const struct tarn_trace_view *v,
                         const struct tarn_view_options *o,
                         struct tarn_buf *out);

#endif
