/* slash.h - the commands of `tarn chat`, spread over slash.c (table, branches),
 * slash_set.c (settings), slash_trace.c (tokens), shelf.c (chats), slash_list.c
 * (context, models, backends) and slash_text.c (files, clipboard, search).
 *
 * Owns: nothing.  Threads: the main one.
 */
#ifndef TARN_CMD_SLASH_H
#define TARN_CMD_SLASH_H

#include "cmd/talk.h"

/* rest: what stands behind the name, trimmed; may be changed.  *attempt is
 * set where the model's turn follows. */
typedef enum cmd_slash cmd_slash_fn(struct cmd_talk *t, char *rest,
                                    uint32_t *attempt);

cmd_slash_fn cmd_slash_new;
cmd_slash_fn cmd_slash_open;
cmd_slash_fn cmd_slash_save;
cmd_slash_fn cmd_slash_budget;
cmd_slash_fn cmd_slash_set;
cmd_slash_fn cmd_slash_instructions;
cmd_slash_fn cmd_slash_thought;
cmd_slash_fn cmd_slash_file;
cmd_slash_fn cmd_slash_copy;
cmd_slash_fn cmd_slash_find;
cmd_slash_fn cmd_slash_context;
cmd_slash_fn cmd_slash_backend;
cmd_slash_fn cmd_slash_backends;
cmd_slash_fn cmd_slash_models;
cmd_slash_fn cmd_slash_schema;
cmd_slash_fn cmd_slash_more;
cmd_slash_fn cmd_slash_keep;
cmd_slash_fn cmd_slash_trace;
cmd_slash_fn cmd_slash_fork;
cmd_slash_fn cmd_slash_entropy;
cmd_slash_fn cmd_slash_chats;
cmd_slash_fn cmd_slash_title;
cmd_slash_fn cmd_slash_tools;

void cmd_slash_error(struct cmd_talk *t, const struct tarn_error *err);
/* The active path ends with id; false, and a line, if it can't. */
bool cmd_slash_select(struct cmd_talk *t, tarn_message_id id);
const char *cmd_slash_role(enum tarn_role role); /* UX 2.1's words */

#endif
