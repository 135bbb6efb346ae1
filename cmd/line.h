/* line.h - the line editor: UTF-8, wide characters, several lines, history,
 * bracketed paste.
 *
 *     cmd_line_create(&line, &err);
 *     switch (cmd_line_read(line, "> ", "", &text, &size)) ...
 *
 * Keys: arrows, Home, End, Ctrl+A/E/B/F, Alt+B/F by words, Backspace, Delete,
 * Ctrl+W/U/K, Up and Down (lines of the text, then history), Alt+Enter or a
 * backslash before Enter for a new line, Tab for the caller's completion,
 * Ctrl+L to redraw, Ctrl+C, Ctrl+D.  What is pasted never sends.
 *
 * Owns: the text and the history.  Threads: the main one.
 */
#ifndef TARN_CMD_LINE_H
#define TARN_CMD_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/types.h"

struct cmd_line;

enum cmd_line_result {
    CMD_LINE_TEXT,      /* *text is valid until the next call */
    CMD_LINE_END,       /* Ctrl+D on an empty line, or stdin's end */
    CMD_LINE_INTERRUPT, /* Ctrl+C on an empty line */
    CMD_LINE_QUIT       /* SIGTERM, SIGHUP */
};

enum tarn_status cmd_line_create(struct cmd_line **out, struct tarn_error *err);
void cmd_line_destroy(struct cmd_line *line);
/* Completes what stands before the cursor: returns what to add there, or
 * NULL. */
void cmd_line_on_tab(struct cmd_line *line,
                     const char *(*fn)(void *user, const char *text),
                     void *user);
/* For terminals that move no cursor, and for screen readers: the terminal's
 * own editing, nothing is drawn again. */
void cmd_line_plain(struct cmd_line *line);
/* Keys that were typed while nobody asked. */
void cmd_line_feed(struct cmd_line *line, const char *keys, size_t size);
/* prompt is ASCII; `begin` is put into the line to be edited; to: stdout or
 * stderr. */
enum cmd_line_result cmd_line_read(struct cmd_line *line, int to,
                                   const char *prompt, const char *begin,
                                   const char **text, size_t *size);
/* The same for an answer to a question: nothing of it goes into the history. */
enum cmd_line_result cmd_line_ask(struct cmd_line *l, int to,
                                  const char *question, const char **text,
                                  size_t *size);

#endif
