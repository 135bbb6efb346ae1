/* shelf.h - the chats of `tarn chat` on disk: one JSON file each, in the
 * user's data folder (XDG_DATA_HOME), for its owner's eyes only.
 *
 * A chat is written after each turn.  What cannot be written is said once;
 * the chat goes on in memory.
 *
 * Owns: nothing.  Threads: the main one.
 */
#ifndef TARN_CMD_SHELF_H
#define TARN_CMD_SHELF_H

#include "cmd/talk.h"

/* Nothing happens while the chat is empty or `t->no_save`. */
void cmd_shelf_save(struct cmd_talk *t);
/* A new chat begins: it gets a file of its own when it is saved. */
void cmd_shelf_forget(struct cmd_talk *t);
/* The chat number n of /chats, from 1; false, and a line, if there is none. */
bool cmd_shelf_path(struct cmd_talk *t, unsigned long n, char *path,
                    size_t size);
/* The title in a chat's text; "" if there is none. */
void cmd_shelf_read_title(struct cmd_talk *t, const char *text, size_t size);

#endif
