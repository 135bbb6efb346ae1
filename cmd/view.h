/* view.h - how a turn looks in the terminal, or in a pipe (UX 6).
 *
 * Owns: what waits to be printed.  Threads: the main one.
 */
#ifndef TARN_CMD_VIEW_H
#define TARN_CMD_VIEW_H

#include "cmd/cmd.h"
#include "cmd/flow.h"

enum cmd_thought { CMD_THOUGHT_SHOW, CMD_THOUGHT_FOLD, CMD_THOUGHT_HIDE };

struct cmd_view {
    FILE *answer; /* where answers go */
    FILE *side;   /* thought, figures, notices; NULL: nowhere */
    bool live;    /* side is a terminal: lines may be redrawn */
    bool color, ascii, plain, json, quiet;
    bool dumb;    /* the terminal moves no cursor */
    bool tools;   /* calls are shown by who asks about them */
    bool entropy; /* words where another one was likely are underlined */
    enum cmd_thought thought;
    int32_t budget;

    /* inside */
    struct cmd_flow flow; /* columns 0: text goes out as it is */
    uint32_t span;
    bool open_line; /* what went out so did not end in a line feed */
    bool reading, thought_seen, answer_seen, status_shown, stopped, asked;
    bool circle; /* the answer goes round in one: Ctrl+G breaks it */
    uint32_t n_thought, n_total;
    uint32_t n_old; /* of the thought: printed before */
    uint64_t read_from;
    double read_from_ms, last_status_ms, thought_from_ms, thought_ms,
        last_text_ms;
};

/* Styles from the environment and --color (NULL: auto); TARN_USAGE. */
enum tarn_status cmd_view_init(struct cmd_view *v, const char *color,
                               const char *thought, bool plain, bool json,
                               struct tarn_error *err);
void cmd_view_begin(struct cmd_view *v);
/* One event of the turn. */
void cmd_view_event(struct cmd_view *v, const struct tarn_event *ev);
/* One of an answer that goes on, told again: counted, not printed.  The second:
 * that was all of it. */
void cmd_view_again(struct cmd_view *v, const struct tarn_event *ev);
void cmd_view_go_on(struct cmd_view *v, double ms);
/* Nothing came for a while: the word that waits is printed. */
void cmd_view_idle(struct cmd_view *v);
/* Folds or shows thoughts from here on (Ctrl+O). */
void cmd_view_fold(struct cmd_view *v);
/* The last line of a turn: figures. */
void cmd_view_summary(struct cmd_view *v, const struct tarn_turn_summary *s,
                      uint32_t branch, uint32_t n_branches);
/* One faint line of our own. */
void cmd_view_say(struct cmd_view *v, const char *format, ...)
    TARN_PRINTF(2, 3);
/* Text of a message, wrapped and escaped (for /tree, /find, ...). */
void cmd_view_text(struct cmd_view *v, const char *text, size_t size);

/* "9.3 s", "1 min 12 s"; "14.2 tok/s": UX 2.2. */
struct cmd_number {
    char text[32];
};
struct cmd_number cmd_duration(double ms);
struct cmd_number cmd_percent(double p); /* "73%", "0.4%", "<0.1%" */
struct cmd_number cmd_speed(uint32_t n, double ms);
const char *cmd_dot(const struct cmd_view *v); /* " · " */

#endif
