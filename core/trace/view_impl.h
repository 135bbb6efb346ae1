/* view_impl.h - what the files of trace_view share.
 *
 * Owns: see struct.  Threads: one at a time.
 */
#ifndef TARN_TRACE_VIEW_IMPL_H
#define TARN_TRACE_VIEW_IMPL_H

#include "core/trace/record.h"
#include "core/trace/view.h"

enum { VIEW_LEVELS = 21, VIEW_GUTTER = 70, VIEW_SCALE = 40, VIEW_GAP = 12 };

/* Of one column, or of 2^level of them. */
struct view_sum {
    uint16_t h_min, h_max; /* entropy, 1/256 bits */
    uint16_t p_min;        /* probability of the chosen, 0..65535 */
    uint16_t forks;
    uint32_t h_sum;
    uint32_t us_max, us_sum; /* microseconds, at most 2^32 - 1 */
};

struct tarn_trace_view {
    const struct tarn_trace *t;
    uint32_t *tokens;       /* [n] of the record */
    uint32_t n, room, seen; /* seen: tokens of the record */
    uint32_t n_edits;       /* of the record, when they were seen */
    size_t n_loops;
    bool failed;
    /* level k: [n >> k] whole ones */
    struct view_sum *sums[VIEW_LEVELS];
    uint32_t room_sums[VIEW_LEVELS];
    uint32_t times[256]; /* how many columns took 2^(i/8) us */
};

/* What a list is being made of. */
struct view_build {
    const struct tarn_trace_view *v;
    const struct tarn_trace *t;
    const struct tarn_view_options *o;
    struct tarn_view_list *l;
    uint32_t zoom;
    int64_t scroll;
    int32_t x0, x1;      /* the plot */
    uint32_t first, end; /* columns that are seen, whole bins */
    uint32_t bin, level; /* columns per bar: 1 << level */
    int32_t y[TARN_N_LANES], h[TARN_N_LANES]; /* h 0: hidden */
    int32_t height;
    uint64_t slow_us;              /* above: slow */
    struct tarn_view_item nowhere; /* when memory is out: never read */
};

/* Sizes, zoom and columns from the options; shared with the inverse. */
void tarn_view_lay_out(struct view_build *b, const struct tarn_trace_view *v,
                       const struct tarn_view_options *o);
int32_t tarn_view_x(const struct view_build *b, uint32_t col); /* start edge */
/* Columns [first, first + n) summed; n is a power of two, first a multiple. */
struct view_sum tarn_view_sum(const struct tarn_trace_view *v, uint32_t first,
                              uint32_t n);
/* NULL: no memory. */
struct tarn_view_item *tarn_view_add(struct view_build *b,
                                     enum tarn_view_kind kind,
                                     enum tarn_view_lane lane,
                                     enum tarn_view_role role);
struct tarn_view_item *tarn_view_box(struct view_build *b,
                                     enum tarn_view_kind kind,
                                     enum tarn_view_lane lane,
                                     enum tarn_view_role role, int32_t x,
                                     int32_t y, int32_t w, int32_t h);
struct tarn_view_item *tarn_view_text(struct view_build *b,
                                      enum tarn_view_kind kind,
                                      enum tarn_view_lane lane, int32_t x,
                                      int32_t y, int32_t w, const char *text);
/* 0..height of a time on a logarithmic scale from 1 ms to 10 s. */
int32_t tarn_view_log(uint64_t us, int32_t height);

void tarn_view_frame(struct view_build *b); /* gutters, scales, ruler */
void tarn_view_marks(
    struct view_build *b); /* spans, steps, hesitations, loops */
void tarn_view_bars(struct view_build *b); /* entropy, chosen, others, time */
void tarn_view_experts(struct view_build *b);
void tarn_view_state(struct view_build *b);
/* "not recorded" in a lane whose data are not there. */
void tarn_view_missing(struct view_build *b, enum tarn_view_lane lane);
void tarn_view_cross(struct view_build *b);
/* Candidate whose dot or text is nearest to a height in the others lane. */
uint32_t tarn_view_candidate(const struct view_build *b, uint32_t col,
                             int32_t y);
/* Most candidates of a token that are drawn. */
uint32_t tarn_view_dots(const struct view_build *b);

#endif
