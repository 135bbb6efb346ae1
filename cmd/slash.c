/* slash.c - the commands of `tarn chat` (UX 6.2): the table, and those that
 * move in the tree; see slash.h for the others. */
#include <stdlib.h>
#include <string.h>

#include "cmd/slash.h"
#include "cmd/term.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

struct slash {
    const char *name, *brief, *form, *does, *example; /* brief: 24 columns */
    enum cmd_slash (*run)(struct cmd_talk *t, char *rest, uint32_t *attempt);
};

/* ----------------------------------------------------------------- helpers */

void cmd_slash_error(struct cmd_talk *t, const struct tarn_error *err)
{
    cmd_view_say(&t->view, "%s", err->text);
}

bool cmd_slash_select(struct cmd_talk *t, tarn_message_id id)
{
    struct tarn_error err = { 0 };
    if (tarn_chat_select(t->chat, id, &err) == TARN_OK)
        return true;
    cmd_slash_error(t, &err);
    return false;
}

/* The k-th child of `parent`, from 0; 0 if there is none. */
static tarn_message_id child(const struct cmd_talk *t, tarn_message_id parent,
                             uint32_t k)
{
    struct tarn_message m;
    for (tarn_message_id id = 1; id <= t->last_id; id++)
        if (tarn_chat_find(t->chat, id, &m) && m.parent == parent &&
            m.sibling == k)
            return id;
    return 0;
}

/* Down from `id`, the newest branch each time. */
static tarn_message_id newest_leaf(const struct cmd_talk *t, tarn_message_id id)
{
    struct tarn_message m;
    for (tarn_message_id next = id; next != 0;) {
        id = next;
        next = 0;
        for (tarn_message_id k = t->last_id; k > id && next == 0; k--)
            if (tarn_chat_find(t->chat, k, &m) && m.parent == id)
                next = k;
    }
    return id;
}

const char *cmd_slash_role(enum tarn_role role)
{
    static const char *const words[] = { "instructions", "message", "answer",
                                         "result" };
    return words[role];
}

/* ---------------------------------------------------------------- branches */

/* "budget=N temp=X seed=N" for one answer and those after it. */
static bool take_settings(struct cmd_talk *t, char *rest)
{
    for (char *word = strtok(rest, " "); word; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        char *end = NULL;
        struct tarn_sampling s = t->sampling;
        struct tarn_error err = { 0 };
        int32_t budget = t->budget;
        bool known = value != NULL;
        if (value)
            *value++ = 0;
        if (known && !strcmp(word, "temp"))
            s.temperature = strtof(value, &end);
        else if (known && !strcmp(word, "seed"))
            s.seed = strtoull(value, &end, 10);
        else if (known && !strcmp(word, "budget"))
            budget = (int32_t)strtol(value, &end, 10);
        else
            known = false;
        if (!known || !*value || *end) {
            cmd_view_say(&t->view, "\"%s\" is none of budget=N temp=X seed=N.",
                         tarn_shown_str(word).text);
            return false;
        }
        if (tarn_sampling_check(&s, &err) != TARN_OK) {
            cmd_slash_error(t, &err);
            return false;
        }
        t->sampling = s;
        t->budget = budget;
    }
    return true;
}

static enum cmd_slash run_again(struct cmd_talk *t, char *rest,
                                uint32_t *attempt)
{
    struct tarn_message m;
    const tarn_message_id end = cmd_talk_end(t);
    if (!tarn_chat_find(t->chat, end, &m) || m.role == TARN_SYSTEM) {
        cmd_view_say(&t->view, "There is no answer to write again.");
        return CMD_SLASH_DONE;
    }
    if (!take_settings(t, rest))
        return CMD_SLASH_DONE;
    cmd_talk_mark(t);
    *attempt = m.role == TARN_ASSISTANT ? m.n_siblings : 0;
    if (m.role == TARN_ASSISTANT && !cmd_slash_select(t, m.parent))
        return CMD_SLASH_DONE;
    return CMD_SLASH_TURN;
}

static enum cmd_slash run_edit(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    struct tarn_message m, found = { 0 };
    const long wanted = *rest ? strtol(rest, NULL, 10) : 0;
    long n = 0;
    (void)attempt;
    for (size_t i = 0; tarn_chat_message(t->chat, i, &m); i++)
        if (m.role == TARN_USER && (++n == wanted || wanted == 0))
            found = m;
    if (found.id == 0) {
        cmd_view_say(&t->view, "There is no message %ld.", wanted);
        return CMD_SLASH_DONE;
    }
    tarn_buf_clear(&t->typed);
    tarn_buf_add(&t->typed, found.text, found.text_size);
    t->edit_back = cmd_talk_end(t);
    t->editing = true;
    if (!cmd_slash_select(t, found.parent))
        return CMD_SLASH_DONE;
    return CMD_SLASH_EDIT;
}

static void show_tail(struct cmd_talk *t)
{
    struct tarn_message m;
    const size_t n = tarn_chat_length(t->chat);
    for (size_t i = n > 2 ? n - 2 : 0; tarn_chat_message(t->chat, i, &m); i++) {
        cmd_view_say(&t->view, "%s %u / %u", cmd_slash_role(m.role),
                     m.sibling + 1, m.n_siblings);
        cmd_view_text(&t->view, m.text, m.text_size);
    }
}

static enum cmd_slash run_branch(struct cmd_talk *t, char *rest,
                                 uint32_t *attempt)
{
    struct tarn_message m;
    size_t at = tarn_chat_length(t->chat);
    (void)attempt;
    m.n_siblings = 0;
    while (at > 0 && m.n_siblings < 2)
        if (!tarn_chat_message(t->chat, --at, &m))
            break;
    if (m.n_siblings < 2) {
        cmd_view_say(&t->view, "This chat has one branch only.");
        return CMD_SLASH_DONE;
    }
    long to = (long)m.sibling + 1;
    if (!strcmp(rest, "-"))
        to--;
    else
        to = !*rest || !strcmp(rest, "+") ? to + 1 : strtol(rest, NULL, 10);
    if (to < 1 || to > (long)m.n_siblings) {
        cmd_view_say(&t->view, "The branches here are 1 to %u.", m.n_siblings);
        return CMD_SLASH_DONE;
    }
    cmd_talk_mark(t);
    if (cmd_slash_select(t,
                         newest_leaf(t, child(t, m.parent, (uint32_t)to - 1))))
        show_tail(t);
    return CMD_SLASH_DONE;
}

static void print_node(struct cmd_talk *t, const struct tarn_message *m,
                       unsigned depth, bool active)
{
    char text[64];
    size_t n = 0;
    for (size_t i = 0; i < m->text_size && n + 16 < sizeof text; i++)
        text[n++] = m->text[i] == '\n' ? ' ' : m->text[i];
    n -= n > 0 ? tarn_utf8_tail(text, n) : 0;
    cmd_view_say(&t->view, "%*s%s %u / %u%s %s", (int)(2 * depth), "",
                 cmd_slash_role(m->role), m->sibling + 1, m->n_siblings,
                 active ? " *" : "", tarn_shown(text, n).text);
}

/* Depth first without recursion: down, else right, else up. */
static enum cmd_slash run_tree(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    struct tarn_message m, on_path;
    tarn_message_id id = child(t, 0, 0);
    unsigned depth = 0;
    (void)rest, (void)attempt;
    if (id == 0)
        cmd_view_say(&t->view, "The chat is empty.");
    while (id != 0 && tarn_chat_find(t->chat, id, &m)) {
        bool active = false;
        for (size_t i = 0; tarn_chat_message(t->chat, i, &on_path); i++)
            active |= on_path.id == id;
        print_node(t, &m, depth, active);
        tarn_message_id next = child(t, id, 0);
        if (next != 0)
            depth++;
        while (next == 0 && tarn_chat_find(t->chat, id, &m)) {
            next = child(t, m.parent, m.sibling + 1);
            if (next == 0) {
                id = m.parent;
                depth -= depth > 0;
            }
        }
        id = next;
    }
    return CMD_SLASH_DONE;
}

static enum cmd_slash run_undo(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    (void)rest, (void)attempt;
    if (t->n_undo == 0)
        cmd_view_say(&t->view, "There is nothing to undo.");
    else if (cmd_slash_select(t, t->undo[--t->n_undo])) {
        cmd_view_say(&t->view, "Taken back.");
        show_tail(t);
    }
    return CMD_SLASH_DONE;
}

static enum cmd_slash run_quit(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    (void)t, (void)rest, (void)attempt;
    return CMD_SLASH_QUIT;
}

/* ------------------------------------------------------------------ choosing
 */

static enum cmd_slash run_help(struct cmd_talk *t, char *rest,
                               uint32_t *attempt);

static const struct slash COMMANDS[] = {
    { "help", "this list", "[COMMAND]",
      "this list, or one of them with an example", "/help again", run_help },
    { "new", "a new chat", "", "a new chat; instructions stay", "/new",
      cmd_slash_new },
    { "chats", "chats that were kept", "",
      "the chats that were kept, newest first", "/chats", cmd_slash_chats },
    { "open", "goes on with a chat", "N or PATH",
      "go on with one of them, or with a .json file", "/open 2",
      cmd_slash_open },
    { "title", "names this chat", "TEXT", "names this chat",
      "/title Primes and factors", cmd_slash_title },
    { "save", "as .json, .md or .html", "PATH",
      "the chat as .json, .md or .html", "/save chat.md", cmd_slash_save },
    { "again", "another answer", "[budget=N temp=X seed=N]",
      "another branch of the last answer", "/again temp=0.8", run_again },
    { "more", "goes on with an answer", "",
      "goes on with an answer that was stopped", "/more",
      cmd_slash_more },
    { "edit", "changes a message", "[N]",
      "puts message N (default: the last) into the line", "/edit 1", run_edit },
    { "branch", "another branch", "[N,+,-]", "switches to another branch",
      "/branch 1", run_branch },
    { "tree", "all branches", "", "the whole chat with its branches", "/tree",
      run_tree },
    { "undo", "takes the last act back", "",
      "takes back the last turn, edit or switch", "/undo", run_undo },
    { "keep", "undoes a broken circle", "",
      "undoes a broken circle: keeps what was taken back", "/keep",
      cmd_slash_keep },
    { "trace", "the answer's tokens", "[N, save PATH]",
      "the last answer token by token; N: one token's candidates", "/trace 12",
      cmd_slash_trace },
    { "fork", "another word at a token", "N K",
      "goes on from token N with candidate K", "/fork 12 2", cmd_slash_fork },
    { "budget", "most tokens of a thought", "[N,none]",
      "the most tokens a thought may use", "/budget 256", cmd_slash_budget },
    { "set", "settings of the sampler", "[NAME [VALUE]]",
      "settings of the sampler", "/set temp 0.7", cmd_slash_set },
    { "instructions", "before the first message", "[TEXT]",
      "the text placed before the first message",
      "/instructions Answer in one sentence.", cmd_slash_instructions },
    { "file", "attaches a text file", "PATH",
      "attaches a text file to the next message", "/file notes.txt",
      cmd_slash_file },
    { "schema", "what the answer must fit", "[PATH,json,none]",
      "the answer must fit this JSON Schema", "/schema answer.schema.json",
      cmd_slash_schema },
    { "tools", "calculator and clock", "[on,off [NAME]]",
      "calculator and clock, after you have allowed a call", "/tools on",
      cmd_slash_tools },
    { "thought", "shown, folded, hidden", "[show,fold,hide]",
      "how thoughts are displayed", "/thought fold", cmd_slash_thought },
    { "entropy", "marks unsure words", "[on,off]",
      "underlines where another word was likely", "/entropy on",
      cmd_slash_entropy },
    { "copy", "answer to the clipboard", "[thought]",
      "the last answer to the clipboard", "/copy", cmd_slash_copy },
    { "find", "searches this chat", "TEXT", "searches this chat", "/find prime",
      cmd_slash_find },
    { "backend", "computes with another", "[NAME]",
      "computes with another one from here on", "/backend vulkan",
      cmd_slash_backend },
    { "backends", "what can compute here", "",
      "what can compute here, and why the rest cannot", "/backends",
      cmd_slash_backends },
    { "models", "models on this computer", "[N or PATH]",
      "the models on this computer; goes on with one", "/models 2",
      cmd_slash_models },
    { "context", "how full it is", "", "how full the context is", "/context",
      cmd_slash_context },
    { "quit", "leaves", "", "leaves; so does Ctrl+D", "/quit", run_quit },
};
#define N_COMMANDS (sizeof COMMANDS / sizeof *COMMANDS)

/* All of them on one screen of 24 lines, in two columns where they fit. */
static void say_commands(struct cmd_talk *t)
{
    unsigned columns, rows;
    cmd_term_size(&columns, &rows);
    const size_t n_rows = columns >= 78 ? (N_COMMANDS + 1) / 2 : N_COMMANDS;
    for (size_t i = 0; i < n_rows; i++) {
        const struct slash *a = &COMMANDS[i];
        const struct slash *b =
            i + n_rows < N_COMMANDS ? &COMMANDS[i + n_rows] : NULL;
        if (b)
            cmd_view_say(&t->view, "/%-12s %-24s /%-12s %s", a->name, a->brief,
                         b->name, b->brief);
        else
            cmd_view_say(&t->view, "/%-12s %s", a->name, a->brief);
    }
    cmd_view_say(&t->view, "/help COMMAND tells more of one. //text sends a "
                           "line that begins with a slash.");
    cmd_view_say(&t->view, "Alt+Enter, or \\ before Enter: a new line. While "
                           "the model writes: Ctrl+C");
    cmd_view_say(&t->view, "stops, Ctrl+G answers now, Ctrl+O folds or shows "
                           "thoughts.");
}

static enum cmd_slash run_help(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    size_t i = 0;
    (void)attempt;
    rest += *rest == '/';
    while (i < N_COMMANDS && strcmp(rest, COMMANDS[i].name) != 0)
        i++;
    if (!*rest) {
        say_commands(t);
    } else if (i < N_COMMANDS) {
        const struct slash *c = &COMMANDS[i];
        cmd_view_say(&t->view, "/%s%s%s: %s", c->name, *c->form ? " " : "",
                     c->form, c->does);
        cmd_view_say(&t->view, "Example: %s", c->example);
    } else {
        cmd_view_say(&t->view, "There is no command /%s.",
                     tarn_shown_str(rest).text);
    }
    return CMD_SLASH_DONE;
}

/* Levenshtein's distance of two short words. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[32];
    const size_t n = strlen(b);
    if (n >= 31)
        return 99;
    for (size_t k = 0; k <= n; k++)
        row[k] = (unsigned)k;
    for (size_t i = 0; a[i]; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t k = 1; k <= n; k++) {
            const unsigned change = corner + (a[i] != b[k - 1]);
            corner = row[k];
            const unsigned least =
                row[k] < row[k - 1] ? row[k] + 1 : row[k - 1] + 1;
            row[k] = change < least ? change : least;
        }
    }
    return row[n];
}

static void say_unknown(struct cmd_talk *t, const char *name)
{
    size_t best = 0;
    for (size_t i = 1; i < N_COMMANDS; i++)
        if (distance(COMMANDS[i].name, name) <
            distance(COMMANDS[best].name, name))
            best = i;
    cmd_view_say(&t->view,
                 "There is no command /%s; did you mean /%s? Nothing was "
                 "sent.",
                 tarn_shown_str(name).text, COMMANDS[best].name);
}

enum cmd_slash cmd_slash_run(struct cmd_talk *t, const char *text,
                             uint32_t *attempt)
{
    char *line = tarn_dup_str(text + 1);
    if (!line) {
        cmd_view_say(&t->view, "There was not enough memory.");
        return CMD_SLASH_DONE;
    }
    char *rest = line + strcspn(line, " \n\t");
    if (*rest)
        *rest++ = 0;
    rest += strspn(rest, " \n\t");
    for (size_t n = strlen(rest); n > 0 && strchr(" \n\t", rest[n - 1]);)
        rest[--n] = 0;
    enum cmd_slash result = CMD_SLASH_DONE;
    size_t i = 0;
    while (i < N_COMMANDS && strcmp(COMMANDS[i].name, line) != 0)
        i++;
    if (i < N_COMMANDS && COMMANDS[i].form[0] && COMMANDS[i].form[0] != '[' &&
        !*rest)
        cmd_view_say(&t->view, "/%s needs %s.", line, COMMANDS[i].form);
    else if (i < N_COMMANDS)
        result = COMMANDS[i].run(t, rest, attempt);
    else
        say_unknown(t, line);
    tarn_free(line);
    return result;
}

const char *cmd_slash_complete(void *user, const char *text)
{
    static char more[32];
    const size_t n = strlen(text);
    const char *found = NULL;
    (void)user;
    if (text[0] != '/' || strchr(text, ' '))
        return NULL;
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strncmp(COMMANDS[i].name, text + 1, n - 1) != 0)
            continue;
        if (found)
            return NULL; /* more than one */
        found = COMMANDS[i].name;
    }
    if (!found)
        return NULL;
    snprintf(more, sizeof more, "%s ", found + n - 1);
    return more;
}
