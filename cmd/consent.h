/* consent.h - tool calls in the terminal: shown whole, allowed, denied or
 * answered by hand (UX 6.1.6).
 *
 * Owns: nothing.  Threads: the main one.
 */
#ifndef TARN_CMD_CONSENT_H
#define TARN_CMD_CONSENT_H

#include "cmd/talk.h"

/* What the model is told of the tools; NULL: they are off. */
const char *cmd_consent_tools(struct cmd_talk *t);
/* What --allow names ("name,name" or NULL) must run here; TARN_USAGE. */
enum tarn_status cmd_consent_check(const char *allow, struct tarn_error *err);
/* The calls of a message that ended.  Decides all of them, with the person
 * where there is one; true: results were added and another turn follows.
 * *quit: the terminal is gone. */
bool cmd_consent(struct cmd_talk *t, tarn_message_id message, bool *quit);

#endif
