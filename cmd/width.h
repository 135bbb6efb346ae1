/* width.h - how many columns a character takes in a terminal.
 *
 * Own small tables, so that the answer does not hang on the locale.
 * Threads: any.
 */
#ifndef TARN_CMD_WIDTH_H
#define TARN_CMD_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 (combining), 1 or 2. */
int cmd_char_width(int32_t code);
/* C0, DEL, C1 and bidi controls: never sent to a terminal as they are. */
bool cmd_is_control(int32_t code);
/* The character at text[0] as it may be shown: itself, or \xNN, \u{NNNN},
 * U+FFFD.  out has room for 16 bytes and is terminated; *width: its columns.
 * Returns the bytes that were read; size >= 1. */
size_t cmd_shown_char(const char *text, size_t size, char out[16], int *width);

#endif
