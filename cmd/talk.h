/* talk.h - the state of `tarn chat`, shared by its loop and its commands.
 *
 * Owns: all of it.  Threads: the main one is the face; the engine's owner is
 * a second one that chat.c starts.
 */
#ifndef TARN_CMD_TALK_H
#define TARN_CMD_TALK_H

#include "cmd/cmd.h"
#include "cmd/line.h"
#include "cmd/record.h"
#include "cmd/view.h"
#include "core/base/buf.h"
#include "core/turn/toolbox.h"

#define CMD_MAX_UNDO 64
#define CMD_MAX_MESSAGE ((size_t)64 << 20) /* RELIABILITY 1.8: prompt text */

struct cmd_talk {
    struct cmd_session ses;
    struct tarn_chat *chat;
    struct tarn_sampling sampling;
    int32_t budget;     /* of thoughts; below 0: none */
    int32_t max_tokens; /* 0: none */
    struct cmd_view view;
    struct cmd_line *line;
    tarn_message_id last_id;            /* the highest that was seen */
    tarn_message_id undo[CMD_MAX_UNDO]; /* ends of the active path */
    size_t n_undo;
    tarn_message_id edit_back; /* where to go if an edit is given up; 0 */
    bool editing;
    struct tarn_buf attached;    /* text of files, for the next message */
    struct tarn_buf typed;       /* a command's text for the line editor */
    char title[200], file[1024]; /* "": none yet; see shelf.h */
    unsigned n_files;
    bool no_save, unsaved_told;
    bool tools;               /* the model is told of them */
    uint32_t tools_off;       /* but not of these: a bit for each */
    const char *allow;        /* "name,name": without asking */
    struct tarn_toolbox *box; /* of this chat; NULL: not used yet */
    struct cmd_records records;
    struct tarn_ids begin; /* the next turn begins with these tokens */
    bool keep_loops;       /* the next turn breaks none */
    bool go_on;            /* the next turn is the rest of the last answer */
    uint32_t n_context;    /* tokens after the last turn */
    char *schema;          /* of the answer; "": any JSON; owned; NULL: free */
    char *next_model;      /* path, owned: NULL unless another is wanted */
    bool pocket;
};

/* The end of the active path; 0: the chat is empty. */
tarn_message_id cmd_talk_end(const struct cmd_talk *t);
/* Remembers the end for /undo. */
void cmd_talk_mark(struct cmd_talk *t);

/* A file becomes the schema of the answers, if it is one. */
enum tarn_status cmd_talk_schema(struct cmd_talk *t, const char *path,
                                 struct tarn_error *err);

enum cmd_slash {
    CMD_SLASH_DONE, /* ask for the next line */
    CMD_SLASH_EDIT, /* ask, with t->typed in the line */
    CMD_SLASH_TURN, /* the model's turn, with *attempt */
    CMD_SLASH_MODEL, /* t->next_model is to be opened */
    CMD_SLASH_QUIT
};
/* A line that begins with a slash. */
enum cmd_slash cmd_slash_run(struct cmd_talk *t, const char *text,
                             uint32_t *attempt);
/* Completes a command's name (for cmd_line_on_tab). */
const char *cmd_slash_complete(void *user, const char *text);

#endif
