/* term.h - the terminal as a device: modes, size, signals as readable events.
 *
 * A command that talks opens it once.  Signals are caught and written to a
 * pipe, so that one poll() hears of keys, signals and the engine alike; the
 * terminal's mode is put back at close, at exit and before a stop (Ctrl+Z).
 *
 * Owns: the terminal's mode, the handlers, two pipes.  One at a time in a
 * process, since signals are the process'.  Threads: the main one; only
 * cmd_term_poke() may be called from any.
 */
#ifndef TARN_CMD_TERM_H
#define TARN_CMD_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/types.h"

enum cmd_term_mode {
    CMD_TERM_COOKED, /* as it was found */
    CMD_TERM_EDIT,   /* every key comes as it is, Ctrl+C too */
    CMD_TERM_WATCH   /* no echo; Ctrl+C and Ctrl+Z are signals */
};

enum cmd_term_event {                         /* bits */
                      CMD_TERM_KEYS = 1,      /* stdin can be read */
                      CMD_TERM_POKED = 2,     /* cmd_term_poke() was called */
                      CMD_TERM_INTERRUPT = 4, /* SIGINT */
                      CMD_TERM_RESIZE = 8, /* SIGWINCH, or back from Ctrl+Z */
                      CMD_TERM_QUIT =
                          16 /* SIGTERM or SIGHUP: leave with code 143 */
};

enum tarn_status cmd_term_open(struct tarn_error *err);
void cmd_term_close(void);
/* Nothing where stdin is no terminal. */
void cmd_term_set_mode(enum cmd_term_mode mode);
/* Ctrl+Z at a prompt: the terminal as it was found, stop, and on again. */
void cmd_term_suspend(void);
/* Columns and rows of the terminal on stdout, else stderr; 80 x 24. */
void cmd_term_size(unsigned *columns, unsigned *rows);
/* Waits; timeout_ms < 0: for ever.  0 if the time is up. */
unsigned cmd_term_wait(bool keys, int timeout_ms);
void cmd_term_poke(void);
/* What is there of stdin, at most `room` bytes; 0 at its end. */
size_t cmd_term_read(char *out, size_t room);

#endif
