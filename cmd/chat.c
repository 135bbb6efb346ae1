/* chat.c - tarn chat: a conversation in the terminal, or one answer in a pipe
 * (UX 6).
 *
 * The main thread is the face (chat_turn.c).  The engine's owner is a second
 * thread, so that a stop is heard in the middle of a long prompt. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/chat_turn.h"
#include "cmd/consent.h"
#include "cmd/shelf.h"
#include "cmd/talk.h"
#include "cmd/term.h"
#include "core/base/clock.h"
#include "core/base/memory.h"
#include "store/models.h"

#define EXIT_INTERRUPT 130
#define EXIT_TERMINATED 143

struct owner {
    struct tarn_engine *engine;
    pthread_t thread;
    atomic_bool quit;
    bool running;
};

struct options {
    struct cmd_common common;
    struct cmd_sampling sampling;
    const char *system, *prompt, *color, *thought, *save_state, *resume;
    const char *schema;
    int32_t budget, max_tokens;
    bool plain, json, quiet;
};

/* --------------------------------------------------------------- the owner */

static void *own(void *arg)
{
    struct owner *o = arg;
    while (!atomic_load(&o->quit))
        if (tarn_engine_step(o->engine) != TARN_MORE)
            tarn_engine_wait(o->engine);
    return NULL;
}

static void poke(void *user)
{
    (void)user;
    cmd_term_poke();
}

static enum tarn_status owner_start(struct owner *o, struct tarn_engine *engine,
                                    struct tarn_error *err)
{
    o->engine = engine;
    tarn_engine_on_event(engine, poke, NULL);
    if (pthread_create(&o->thread, NULL, own, o) != 0)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no thread left for the engine");
    o->running = true;
    return TARN_OK;
}

static void owner_stop(struct owner *o)
{
    if (!o->running)
        return;
    atomic_store(&o->quit, true);
    tarn_engine_stop_all(o->engine);
    tarn_engine_wake(o->engine);
    pthread_join(o->thread, NULL);
    o->running = false;
}

/* ---------------------------------------------------------------- the chat */

tarn_message_id cmd_talk_end(const struct cmd_talk *t)
{
    struct tarn_message m;
    const size_t n = tarn_chat_length(t->chat);
    return n > 0 && tarn_chat_message(t->chat, n - 1, &m) ? m.id : 0;
}

void cmd_talk_mark(struct cmd_talk *t)
{
    if (t->n_undo == CMD_MAX_UNDO) {
        memmove(t->undo, t->undo + 1, (CMD_MAX_UNDO - 1) * sizeof *t->undo);
        t->n_undo--;
    }
    t->undo[t->n_undo++] = cmd_talk_end(t);
}

/* ---------------------------------------------------------------- taking back
 */

/* Ids ascend, so a message that was sent just now is above the old end. */
static void take_back(struct cmd_talk *t)
{
    struct tarn_message m;
    if (!tarn_chat_find(t->chat, cmd_talk_end(t), &m) || m.role != TARN_USER)
        return;
    const tarn_message_id old = t->n_undo > 0 ? t->undo[--t->n_undo] : m.parent;
    if (m.id <= old) { /* /again: the answers that are there stay in sight */
        tarn_chat_select(t->chat, old, NULL);
        return;
    }
    tarn_buf_clear(&t->typed);
    tarn_buf_add(&t->typed, m.text, m.text_size);
    tarn_chat_select(t->chat, m.parent, NULL);
    t->editing = old != m.parent; /* an edit can still be given up */
    t->edit_back = old;
}

/* ------------------------------------------------------------- a conversation
 */

/* Adds the message with what was attached. */
static enum tarn_status add_message(struct cmd_talk *t, const char *text,
                                    size_t size, struct tarn_error *err)
{
    tarn_message_id id = 0;
    cmd_talk_mark(t);
    tarn_buf_add(&t->attached, text, size);
    enum tarn_status s = TARN_NO_MEMORY;
    if (t->attached.failed)
        tarn_fail(err, s, "There was not enough memory for the message.");
    else
        s = tarn_chat_add(t->chat, TARN_USER, t->attached.data,
                          t->attached.size, &id, err);
    if (t->attached.failed)
        tarn_buf_finish(&t->attached);
    tarn_buf_clear(&t->attached);
    t->last_id = id > t->last_id ? id : t->last_id;
    return s;
}

/* Reads one line, until it is something for the model. */
enum next {
    NEXT_TURN,
    NEXT_MODEL,
    NEXT_LEAVE,
    NEXT_INTERRUPTED,
    NEXT_TERMINATED
};

static bool is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != ' ' && text[i] != '\n' && text[i] != '\t')
            return false;
    return true;
}

/* An edit that came to nothing: back to where the path ended. */
static void give_up_edit(struct cmd_talk *t)
{
    if (t->editing)
        tarn_chat_select(t->chat, t->edit_back, NULL);
    t->editing = false;
}

/* The line, with its first slash gone where there are two. */
static bool take_line(struct cmd_talk *t, const char *text, size_t size,
                      uint32_t *attempt, enum next *next)
{
    struct tarn_error err = { 0 };
    if (is_blank(text, size) && t->attached.size == 0) {
        give_up_edit(t);
        return false;
    }
    if (text[0] == '/' && text[1] != '/') {
        give_up_edit(t);
        switch (cmd_slash_run(t, text, attempt)) {
        case CMD_SLASH_TURN:
            *next = NEXT_TURN;
            return true;
        case CMD_SLASH_MODEL:
            *next = NEXT_MODEL;
            return true;
        case CMD_SLASH_QUIT:
            *next = NEXT_LEAVE;
            return true;
        case CMD_SLASH_EDIT:
        case CMD_SLASH_DONE:
            break;
        }
        return false;
    }
    const size_t skip = text[0] == '/';
    const bool edited = t->editing;
    t->editing = false;
    if (add_message(t, text + skip, size - skip, &err) != TARN_OK) {
        cmd_view_say(&t->view, "%s", err.text);
        return false;
    }
    if (edited) /* undo leads to where the edit began */
        t->undo[t->n_undo - 1] = t->edit_back;
    *next = NEXT_TURN;
    *attempt = 0;
    return true;
}

static enum next ask(struct cmd_talk *t, uint32_t *attempt)
{
    double interrupted = 0;
    for (;;) {
        const char *text = "";
        size_t size = 0;
        enum next next = NEXT_LEAVE;
        const int to = t->view.side == stdout ? STDOUT_FILENO : STDERR_FILENO;
        cmd_push(stdout);
        const enum cmd_line_result r =
            cmd_line_read(t->line, to, "> ", t->typed.data ? t->typed.data : "",
                          &text, &size);
        tarn_buf_clear(&t->typed);
        if (r == CMD_LINE_END)
            return NEXT_LEAVE;
        if (r == CMD_LINE_QUIT)
            return NEXT_TERMINATED;
        if (r == CMD_LINE_INTERRUPT) {
            const double now = tarn_now_ms();
            give_up_edit(t);
            if (interrupted > 0 && now - interrupted < 1000)
                return NEXT_INTERRUPTED;
            interrupted = now;
            cmd_view_say(&t->view, "Ctrl+D or /quit leaves");
            continue;
        }
        if (take_line(t, text, size, attempt, &next))
            return next;
    }
}

static enum tarn_status converse(struct cmd_talk *t)
{
    struct cmd_turn turn = { 0 };
    uint32_t attempt = 0;
    for (;;) {
        struct tarn_error err = { 0 };
        switch (ask(t, &attempt)) {
        case NEXT_MODEL:
        case NEXT_LEAVE:
            return TARN_OK;
        case NEXT_INTERRUPTED:
            return (enum tarn_status)EXIT_INTERRUPT;
        case NEXT_TERMINATED:
            return (enum tarn_status)EXIT_TERMINATED;
        case NEXT_TURN:
            break;
        }
        if (cmd_turns_run(t, attempt, &turn, &err) != TARN_OK && !turn.failed)
            cmd_view_say(&t->view, "%s", err.text);
        take_back(t);
        cmd_shelf_save(t);
        if (turn.quit)
            return (enum tarn_status)EXIT_TERMINATED;
        if (t->view.answer != t->view.side)
            cmd_push(t->view.answer);
        else
            fputc('\n', stdout);
    }
}

/* A pipe: all of it is one message. */
static enum tarn_status answer_once(struct cmd_talk *t, const char *prompt,
                                    struct tarn_error *err)
{
    char *typed = NULL;
    size_t size = 0;
    struct cmd_turn turn;
    enum tarn_status s = TARN_OK;
    if (prompt) {
        tarn_buf_text(&t->attached, prompt);
        tarn_buf_byte(&t->attached, '\n');
    }
    s = cmd_read_stdin(CMD_MAX_MESSAGE, &typed, &size, err);
    while (s == TARN_OK && size > 0 && typed[size - 1] == '\n')
        size--;
    if (s == TARN_OK && is_blank(typed, size) && !prompt)
        s = tarn_fail(err, TARN_USAGE, "the input holds no message");
    if (s == TARN_OK)
        s = add_message(t, typed, size, err);
    tarn_free(typed);
    if (s == TARN_OK)
        s = cmd_turns_run(t, 0, &turn, err);
    if (s == TARN_OK)
        s = cmd_flush(err);
    if (s != TARN_OK)
        return s;
    if (turn.quit)
        return (enum tarn_status)EXIT_TERMINATED;
    if (turn.summary.reason == TARN_STOP_CANCELLED)
        return (enum tarn_status)EXIT_INTERRUPT;
    if (turn.summary.reason == TARN_STOP_LENGTH ||
        turn.summary.reason == TARN_STOP_CONTEXT)
        return tarn_fail(err, TARN_LIMIT,
                         "the answer was ended by a limit (%s)",
                         tarn_stop_name(turn.summary.reason));
    return TARN_OK;
}

/* ------------------------------------------------------------------ opening */

static void greet(struct cmd_talk *t)
{
    const struct tarn_model_info *info = tarn_model_info(t->ses.model);
    const double n = (double)info->n_params;
    const char *dot = cmd_dot(&t->view);
    cmd_view_say(&t->view,
                 "tarn %s%s%s (%.1f %s%s%s)%s%s%scontext %s      "
                 "/help",
                 TARN_VERSION, dot, tarn_shown_str(info->name).text,
                 n >= 1e9 ? n / 1e9 : n / 1e6, n >= 1e9 ? "B" : "M",
                 info->file_type[0] ? ", " : "", info->file_type, dot,
                 info->backend, dot,
                 tarn_count(tarn_engine_context(t->ses.engine)).text);
    if (t->pocket)
        cmd_view_say(&t->view,
                     "This is the pocket model, a small helper for trying "
                     "tarn out. It makes mistakes with facts.\n"
                     "The real one is LFM2.5-8B-A1B: tarn chat "
                     "LFM2.5-8B-A1B-Q4_K_M.gguf");
    fputc('\n', t->view.side);
}

static bool is_pocket(const char *word)
{
    const char *slash = word ? strrchr(word, '/') : NULL;
    return !word || !strcmp(slash ? slash + 1 : word, "pocket.gguf");
}

/* A state of another model or of another tarn: its chat is read again. */
static enum tarn_status resume_chat(struct cmd_talk *t, const char *path,
                                    struct tarn_error *err)
{
    struct tarn_error other;
    struct tarn_message m;
    enum tarn_status s = tarn_state_load(t->ses.engine, path, &t->chat, err);
    if (s == TARN_BAD_FILE && !tarn_state_chat(path, &t->chat, &other)) {
        fprintf(stderr, "tarn: %s; the chat is read again from its text\n",
                err->text);
        s = TARN_OK;
    }
    if (s == TARN_OK && !t->chat)
        return tarn_fail(err, TARN_BAD_FILE, "%s: holds no chat",
                         tarn_shown_str(path).text);
    if (s == TARN_OK && tarn_chat_lost(t->chat))
        fprintf(stderr, "tarn: %s\n", tarn_chat_lost(t->chat));
    while (s == TARN_OK && tarn_chat_find(t->chat, t->last_id + 1, &m))
        t->last_id++;
    return s;
}

static enum tarn_status begin_chat(struct cmd_talk *t, const struct options *o,
                                   struct tarn_error *err)
{
    const char *system = o->system;
    if (o->resume)
        return resume_chat(t, o->resume, err);
    enum tarn_status s = tarn_chat_create(&t->chat, err);
    if (s == TARN_OK && system)
        s = tarn_chat_add(t->chat, TARN_SYSTEM, system, strlen(system),
                          &t->last_id, err);
    return s;
}

/* For /models and for Models of the window. */
static void remember_model(struct cmd_talk *t)
{
    struct tarn_models *all = NULL;
    if (t->no_save || !t->line)
        return;
    if (tarn_models_load(&all, NULL) == TARN_OK)
        tarn_models_note(all, tarn_model_info(t->ses.model), NULL);
    tarn_models_free(all);
}

/* t->next_model takes the place of the open one, which stays if it cannot.
 * The chat goes on: its text is read again. */
static void change_model(struct cmd_talk *t, const struct options *o)
{
    struct cmd_session fresh;
    struct tarn_sampling sampling;
    struct tarn_error err = { 0 };
    char *path = t->next_model;
    t->next_model = NULL;
    enum tarn_status s = cmd_session_open(&fresh, &o->common, path, true, &err);
    if (s == TARN_OK && (s = cmd_sampling_merge(&o->sampling, fresh.model,
                                                &sampling, &err)) != TARN_OK)
        cmd_session_close(&fresh);
    if (s != TARN_OK) {
        cmd_view_say(&t->view, "%s", err.text);
    } else {
        cmd_session_close(&t->ses);
        t->ses = fresh;
        t->sampling = sampling;
        t->n_context = 0;
        t->pocket = is_pocket(path);
        cmd_note_layout(t->ses.model);
        remember_model(t);
        cmd_view_say(&t->view, "Going on with %s (%s).",
                     tarn_shown_str(tarn_model_info(t->ses.model)->name).text,
                     tarn_model_info(t->ses.model)->backend);
    }
    tarn_free(path);
}

/* Until the person leaves; a new model gets a thread of its own. */
static enum tarn_status converse_with_models(struct cmd_talk *t,
                                             const struct options *o,
                                             struct owner *owner,
                                             struct tarn_error *err)
{
    enum tarn_status s = converse(t);
    while (s == TARN_OK && t->next_model) {
        owner_stop(owner);
        change_model(t, o);
        *owner = (struct owner){ 0 };
        s = owner_start(owner, t->ses.engine, err);
        if (s == TARN_OK)
            s = converse(t);
    }
    return s;
}

static enum tarn_status talk(struct cmd_talk *t, const struct options *o,
                             const char *word, struct tarn_error *err)
{
    struct owner owner = { 0 };
    const bool person = isatty(STDIN_FILENO);
    enum tarn_status s = cmd_session_open(&t->ses, &o->common, word, true, err);
    if (s == TARN_OK)
        s = cmd_sampling_merge(&o->sampling, t->ses.model, &t->sampling, err);
    if (s == TARN_OK && o->schema)
        s = cmd_talk_schema(t, o->schema, err);
    if (s == TARN_OK)
        s = begin_chat(t, o, err);
    if (s == TARN_OK && person)
        s = cmd_line_create(&t->line, err);
    if (s == TARN_OK && person && (t->view.plain || t->view.dumb))
        cmd_line_plain(t->line);
    if (s == TARN_OK)
        s = cmd_term_open(err);
    if (s == TARN_OK)
        s = owner_start(&owner, t->ses.engine, err);
    if (s == TARN_OK) {
        cmd_note_layout(t->ses.model);
        t->pocket = is_pocket(word);
        if (person && t->view.side) {
            greet(t);
            cmd_line_on_tab(t->line, cmd_slash_complete, t);
        }
        if (person && o->prompt)
            tarn_buf_text(&t->typed, o->prompt);
        remember_model(t);
        s = person ? converse_with_models(t, o, &owner, err)
                   : answer_once(t, o->prompt, err);
    }
    owner_stop(&owner);
    cmd_term_close();
    if (o->save_state && (s == TARN_OK || (int)s == EXIT_TERMINATED)) {
        const enum tarn_status saved =
            tarn_state_save(t->ses.engine, t->chat, o->save_state, err);
        s = saved == TARN_OK ? s : saved;
    }
    return s;
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    struct options o = { .budget = -1 };
    struct cmd_talk t = { 0 };
    struct cmd_args args;
    const struct cmd_option options[] = {
        { "--prompt", "-p", CMD_TEXT, &o.prompt, 0, 0, "TEXT",
          "the first message; in a pipe it stands before the input" },
        { "--system", NULL, CMD_TEXT, &o.system, 0, 0, "TEXT",
          "instructions, placed before the first message" },
        { "--thought", NULL, CMD_TEXT, &o.thought, 0, 0, "HOW",
          "show (default), fold or hide" },
        { "--budget", NULL, CMD_I32, &o.budget, 0, 1000000, "N",
          "most tokens of a thought (default: no limit); 0: none" },
        { "--max-tokens", "-n", CMD_I32, &o.max_tokens, 0, 1000000, "N",
          "most tokens of a turn (default: what the context holds)" },
        { "--json-schema", NULL, CMD_TEXT, &o.schema, 0, 0, "FILE",
          "every answer must fit this JSON Schema" },
        { "--color", NULL, CMD_TEXT, &o.color, 0, 0, "WHEN",
          "auto (default), always or never" },
        { "--save-state", NULL, CMD_TEXT, &o.save_state, 0, 0, "FILE",
          "at the end: the chat and all that was computed for it" },
        { "--resume", NULL, CMD_TEXT, &o.resume, 0, 0, "FILE",
          "go on with what --save-state wrote; nothing is read again" },
        { "--plain", NULL, CMD_FLAG, &o.plain, 0, 0, NULL,
          "words instead of signs, nothing is redrawn" },
        { "--quiet", "-q", CMD_FLAG, &o.quiet, 0, 0, NULL, "no figures" },
        { "--tools", NULL, CMD_FLAG, &t.tools, 0, 0, NULL,
          "the model may ask for a calculator and a clock" },
        { "--allow", NULL, CMD_TEXT, &t.allow, 0, 0, "TOOL,...",
          "these run without a question; with --tools" },
        { "--no-save", NULL, CMD_FLAG, &t.no_save, 0, 0, NULL,
          "don't keep the chat for /chats" },
        { "--json", NULL, CMD_FLAG, &o.json, 0, 0, NULL,
          "one JSON object per line" },
    };
    cmd_args_init(&args, self, 1);
    cmd_args_add(&args, options, sizeof options / sizeof *options);
    cmd_sampling_add(&args, &o.sampling);
    cmd_common_add(&args, &o.common);
    enum tarn_status s = cmd_args_parse(&args, argc, argv, err);
    if (s != TARN_OK || args.help)
        return s;
    s = cmd_consent_check(t.allow, err);
    if (s == TARN_OK)
        s = cmd_view_init(&t.view, o.color, o.thought, o.plain, o.json, err);
    if (s != TARN_OK)
        return s;
    t.view.quiet = o.quiet;
    t.budget = t.view.budget = o.budget;
    t.max_tokens = o.max_tokens;
    s = talk(&t, &o, args.n_words > 0 ? args.words[0] : NULL, err);
    tarn_chat_destroy(t.chat);
    tarn_toolbox_destroy(t.box);
    cmd_session_close(&t.ses);
    cmd_line_destroy(t.line);
    tarn_buf_finish(&t.attached);
    tarn_buf_finish(&t.typed);
    tarn_ids_finish(&t.begin);
    tarn_free(t.schema);
    tarn_free(t.next_model);
    if ((int)s == EXIT_TERMINATED) {
        cmd_push(stdout);
        _exit(EXIT_TERMINATED);
    }
    return s;
}

const struct cmd cmd_chat = {
    "chat", "talk with a model in the terminal", "[MODEL] [OPTIONS]",
    "Without MODEL the small pocket model answers. /help lists what can be\n"
    "typed; Ctrl+C stops an answer. Where the input is a pipe, all of it is\n"
    "one message and only the answer is printed.\n\n"
    "Examples:\n"
    "  tarn chat LFM2.5-8B-A1B-Q4_K_M.gguf --budget 1024\n"
    "  tarn chat -p \"Shorten this:\" <notes.txt >short.txt\n"
    "  tarn chat --save-state monday.state\n"
    "  tarn chat --resume monday.state --save-state monday.state\n",
    run
};
