/* list.h - the subcommands that this build has.  One line each to add one:
 * declare it and put it into CMD_LIST, in the order of `tarn --help`. */
#ifndef TARN_CMD_LIST_H
#define TARN_CMD_LIST_H

extern const struct cmd cmd_run;
extern const struct cmd cmd_inspect;
extern const struct cmd cmd_logits;
extern const struct cmd cmd_tokenize;
extern const struct cmd cmd_detokenize;
extern const struct cmd cmd_prompt;
extern const struct cmd cmd_events;
extern const struct cmd cmd_trace;
extern const struct cmd cmd_bench;
#if !defined(__wasm__)
/* What needs a terminal, threads or plugins. */
extern const struct cmd cmd_chat;
extern const struct cmd cmd_backends;
extern const struct cmd cmd_web;
#define CMD_CHAT &cmd_chat,
#define CMD_NATIVE &cmd_backends, &cmd_web,
#else
#define CMD_CHAT
#define CMD_NATIVE
#endif

/* clang-format off */
#define CMD_LIST \
    CMD_CHAT \
    &cmd_run, \
    &cmd_inspect, \
    &cmd_logits, \
    &cmd_tokenize, \
    &cmd_detokenize, \
    &cmd_prompt, \
    &cmd_events, \
    &cmd_trace, \
    &cmd_bench, \
    CMD_NATIVE
/* clang-format on */

#endif
