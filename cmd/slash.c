/* slash.c - the commands of `tarn chat` (UX 6.2), one function each. */
#include <stdlib.h>
#include <string.h>

#include "cmd/talk.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

#define MAX_ATTACHED ((size_t)4 << 20)

struct slash {
    const char *name, *form, *does, *example;
    enum cmd_slash (*run)(struct cmd_talk *t, char *rest, uint32_t *attempt);
};

/* ----------------------------------------------------------------- helpers */

static void say_error(struct cmd_talk *t, const struct tarn_error *err)
{
    cmd_view_say(&t->view, "%s", err->text);
}

static bool select_end(struct cmd_talk *t, tarn_message_id id)
{
    struct tarn_error err = { 0 };
    if (tarn_chat_select(t->chat, id, &err) == TARN_OK)
        return true;
    say_error(t, &err);
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
static tarn_message_id newest_leaf(const struct cmd_talk *t,
                                   tarn_message_id id)
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

static const char *role_word(enum tarn_role role)
{
    static const char *const words[] = { "instructions", "message", "answer",
                                         "result" };
    return words[role];
}

/* ------------------------------------------------------------------- chats */

static enum cmd_slash run_new(struct cmd_talk *t, char *rest,
                              uint32_t *attempt)
{
    struct tarn_message first = { 0 };
    struct tarn_chat *chat = NULL;
    struct tarn_error err = { 0 };
    (void)rest, (void)attempt;
    if (tarn_chat_create(&chat, &err) != TARN_OK) {
        say_error(t, &err);
        return CMD_SLASH_DONE;
    }
    /* Instructions stay for the next chat. */
    if (tarn_chat_message(t->chat, 0, &first) && first.role == TARN_SYSTEM &&
        tarn_chat_add(chat, TARN_SYSTEM, first.text, first.text_size, NULL,
                      &err) != TARN_OK) {
        say_error(t, &err);
        tarn_chat_destroy(chat);
        return CMD_SLASH_DONE;
    }
    tarn_chat_destroy(t->chat);
    t->chat = chat;
    t->last_id = cmd_talk_end(t);
    t->n_undo = 0;
    t->n_context = 0;
    tarn_buf_clear(&t->attached);
    cmd_view_say(&t->view, "A new chat.");
    return CMD_SLASH_DONE;
}

static enum cmd_slash run_open(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    struct tarn_chat *chat = NULL;
    struct tarn_error err = { 0 };
    char *text = NULL;
    size_t size;
    (void)attempt;
    enum tarn_status s =
        tarn_file_read(rest, CMD_MAX_MESSAGE, &text, &size, &err);
    if (s == TARN_OK)
        s = tarn_chat_from_json(text, size, &chat, &err);
    tarn_free(text);
    if (s != TARN_OK) {
        tarn_error_prefix(&err, rest);
        say_error(t, &err);
        return CMD_SLASH_DONE;
    }
    tarn_chat_destroy(t->chat);
    t->chat = chat;
    t->last_id = cmd_talk_end(t);
    t->n_undo = 0;
    t->n_context = 0;
    cmd_view_say(&t->view, "%s messages read.",
                 cmd_count(tarn_chat_length(chat)).text);
    return CMD_SLASH_DONE;
}

static enum cmd_slash run_save(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    struct tarn_error err = { 0 };
    char *text = NULL;
    size_t size = 0;
    const char *dot = strrchr(rest, '.');
    enum tarn_status s;
    (void)attempt;
    if (dot && !strcmp(dot, ".json"))
        s = tarn_chat_json(t->chat, &text, &size, &err);
    else if (dot && !strcmp(dot, ".md"))
        s = tarn_chat_markdown(t->chat, t->view.thought == CMD_THOUGHT_SHOW,
                               &text, &size, &err);
    else
        s = tarn_fail(&err, TARN_USAGE,
                      "Name a file that ends in .json or .md.");
    if (s == TARN_OK) {
        s = tarn_file_write(rest, text, size, &err);
        if (s != TARN_OK)
            tarn_error_prefix(&err, rest);
    }
    tarn_text_free(text);
    if (s == TARN_OK)
        cmd_view_say(&t->view, "Saved to %s.", tarn_shown_str(rest).text);
    else
        say_error(t, &err);
    return CMD_SLASH_DONE;
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
            say_error(t, &err);
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
    if (m.role == TARN_ASSISTANT && !select_end(t, m.parent))
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
    if (!select_end(t, found.parent))
        return CMD_SLASH_DONE;
    return CMD_SLASH_EDIT;
}

static void show_tail(struct cmd_talk *t)
{
    struct tarn_message m;
    const size_t n = tarn_chat_length(t->chat);
    for (size_t i = n > 2 ? n - 2 : 0; tarn_chat_message(t->chat, i, &m);
         i++) {
        cmd_view_say(&t->view, "%s %u / %u", role_word(m.role),
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
        cmd_view_say(&t->view, "The branches here are 1 to %u.",
                     m.n_siblings);
        return CMD_SLASH_DONE;
    }
    cmd_talk_mark(t);
    if (select_end(t, newest_leaf(t, child(t, m.parent, (uint32_t)to - 1))))
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
                 role_word(m->role), m->sibling + 1, m->n_siblings,
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
    else if (select_end(t, t->undo[--t->n_undo])) {
        cmd_view_say(&t->view, "Taken back.");
        show_tail(t);
    }
    return CMD_SLASH_DONE;
}

/* ---------------------------------------------------------------- settings */

static enum cmd_slash run_budget(struct cmd_talk *t, char *rest,
                                 uint32_t *attempt)
{
    char *end = NULL;
    const long n = strtol(rest, &end, 10);
    (void)attempt;
    if (!strcmp(rest, "none"))
        t->budget = 0;
    else if (*rest && !*end && n > 0 && n <= 1000000)
        t->budget = (int32_t)n;
    else if (*rest)
        cmd_view_say(&t->view, "The budget is a number of tokens from 1, or "
                               "none.");
    if (t->budget > 0)
        cmd_view_say(&t->view, "A thought may use %s tokens.",
                     cmd_count((uint64_t)t->budget).text);
    else
        cmd_view_say(&t->view, "Thoughts have no budget.");
    t->view.budget = t->budget;
    return CMD_SLASH_DONE;
}

struct setting {
    const char *name;
    size_t offset; /* in struct tarn_sampling */
    bool whole;
};
#define F(m) offsetof(struct tarn_sampling, m)
static const struct setting SETTINGS[] = {
    { "temp", F(temperature), false },
    { "top-k", F(top_k), true },
    { "top-p", F(top_p), false },
    { "min-p", F(min_p), false },
    { "typical", F(typical_p), false },
    { "repeat-penalty", F(repeat_penalty), false },
    { "repeat-last-n", F(penalty_last_n), true },
    { "frequency-penalty", F(frequency_penalty), false },
    { "presence-penalty", F(presence_penalty), false },
    { "dry-multiplier", F(dry_multiplier), false },
};
#define N_SETTINGS (sizeof SETTINGS / sizeof *SETTINGS)

static double setting_of(const struct tarn_sampling *s,
                         const struct setting *setting)
{
    const char *at = (const char *)s + setting->offset;
    float f;
    int32_t i;
    memcpy(&f, at, sizeof f);
    memcpy(&i, at, sizeof i);
    return setting->whole ? i : (double)f;
}

static void show_setting(struct cmd_talk *t, const struct setting *setting)
{
    const struct tarn_sampling usual = tarn_model_sampling(t->ses.model);
    cmd_view_say(&t->view, "%-18s %-8g (default %g)", setting->name,
                 setting_of(&t->sampling, setting),
                 setting_of(&usual, setting));
}

static void change_setting(struct cmd_talk *t, const struct setting *setting,
                           const char *value)
{
    struct tarn_sampling s = t->sampling;
    struct tarn_error err = { 0 };
    char *end = NULL;
    const double v = strtod(value, &end);
    if (*end || (setting->whole && (v < INT32_MIN || v > INT32_MAX))) {
        cmd_view_say(&t->view, "%s needs a number.", setting->name);
        return;
    }
    const float f = (float)v;
    const int32_t i = setting->whole ? (int32_t)v : 0;
    char *at = (char *)&s + setting->offset;
    if (setting->whole)
        memcpy(at, &i, sizeof i);
    else
        memcpy(at, &f, sizeof f);
    if (tarn_sampling_check(&s, &err) != TARN_OK) {
        say_error(t, &err);
        return;
    }
    t->sampling = s;
    show_setting(t, setting);
}

static enum cmd_slash run_set(struct cmd_talk *t, char *rest,
                              uint32_t *attempt)
{
    char *value = strchr(rest, ' ');
    bool found = false;
    (void)attempt;
    if (value)
        *value++ = 0;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (*rest && strcmp(rest, SETTINGS[i].name))
            continue;
        found = true;
        if (value && *value)
            change_setting(t, &SETTINGS[i], value);
        else
            show_setting(t, &SETTINGS[i]);
    }
    if (!strcmp(rest, "seed")) {
        found = true;
        if (value && *value)
            t->sampling.seed = strtoull(value, NULL, 10);
    }
    if (!*rest || !strcmp(rest, "seed"))
        cmd_view_say(&t->view, "%-18s %llu", "seed",
                     (unsigned long long)t->sampling.seed);
    if (!found)
        cmd_view_say(&t->view, "There is no setting \"%s\"; /set shows all.",
                     tarn_shown_str(rest).text);
    return CMD_SLASH_DONE;
}

static enum cmd_slash run_instructions(struct cmd_talk *t, char *rest,
                                       uint32_t *attempt)
{
    struct tarn_message first = { 0 };
    struct tarn_error err = { 0 };
    const bool have = tarn_chat_message(t->chat, 0, &first) &&
                      first.role == TARN_SYSTEM;
    (void)attempt;
    if (!*rest) {
        cmd_view_say(&t->view, have ? "The instructions are:"
                                    : "There are no instructions.");
        if (have)
            cmd_view_text(&t->view, first.text, first.text_size);
        return CMD_SLASH_DONE;
    }
    const size_t length = tarn_chat_length(t->chat);
    cmd_talk_mark(t);
    if (!select_end(t, 0))
        return CMD_SLASH_DONE;
    tarn_message_id id = 0;
    if (tarn_chat_add(t->chat, TARN_SYSTEM, rest, strlen(rest), &id, &err) !=
        TARN_OK)
        say_error(t, &err);
    else if (length > have)
        cmd_view_say(&t->view, "The chat begins again with these "
                               "instructions; /undo goes back.");
    else
        cmd_view_say(&t->view, "These are the instructions now.");
    t->last_id = id > t->last_id ? id : t->last_id;
    return CMD_SLASH_DONE;
}

static enum cmd_slash run_thought(struct cmd_talk *t, char *rest,
                                  uint32_t *attempt)
{
    static const char *const words[] = { "show", "fold", "hide" };
    (void)attempt;
    for (int i = 0; i < 3; i++)
        if (!strcmp(rest, words[i]))
            t->view.thought = (enum cmd_thought)i;
    cmd_view_say(&t->view, "Thoughts: %s (show, fold or hide).",
                 words[t->view.thought]);
    return CMD_SLASH_DONE;
}

/* ------------------------------------------------------------ text in and out */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum tarn_status check_file(struct cmd_talk *t, const char *name,
                                   const char *text, size_t size,
                                   struct tarn_error *err)
{
    struct tarn_ids ids = { 0 };
    if (memchr(text, 0, size) || !tarn_utf8_valid(text, size))
        return tarn_fail(err, TARN_USAGE,
                         "%s is not text. This model reads text only.",
                         tarn_shown_str(name).text);
    enum tarn_status s = tarn_text_encode(tarn_model_text(t->ses.model), text,
                                          size, &ids, err);
    const uint32_t room = tarn_engine_context(t->ses.engine);
    const uint64_t left = room > t->n_context ? room - t->n_context : 0;
    if (s == TARN_OK && ids.n > left)
        s = tarn_fail(err, TARN_LIMIT,
                      "%s is %s tokens long and %s are free. Attach a shorter "
                      "part of it.",
                      tarn_shown_str(name).text, cmd_count(ids.n).text,
                      cmd_count(left).text);
    if (s == TARN_OK)
        cmd_view_say(&t->view, "%s (%s tokens) goes with the next message.",
                     tarn_shown_str(name).text, cmd_count(ids.n).text);
    tarn_ids_finish(&ids);
    return s;
}

static enum cmd_slash run_file(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    struct tarn_error err = { 0 };
    char *text = NULL;
    size_t size = 0;
    (void)attempt;
    enum tarn_status s =
        tarn_file_read(rest, MAX_ATTACHED, &text, &size, &err);
    if (s != TARN_OK)
        tarn_error_prefix(&err, rest);
    else
        s = check_file(t, base_name(rest), text, size, &err);
    if (s == TARN_OK) {
        tarn_buf_printf(&t->attached, "File %s:\n\n",
                        tarn_shown_str(base_name(rest)).text);
        tarn_buf_add(&t->attached, text, size);
        tarn_buf_text(&t->attached, "\n\n");
    } else {
        say_error(t, &err);
    }
    tarn_free(text);
    return CMD_SLASH_DONE;
}

static void add_base64(struct tarn_buf *b, const char *text, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < size ? (uint8_t)text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            tarn_buf_byte(b, i + k > size ? '='
                                          : digits[v >> (18 - 6 * k) & 63]);
    }
}

static enum cmd_slash run_copy(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    struct tarn_message m = { 0 };
    struct tarn_buf b = { 0 };
    const bool thought = !strcmp(rest, "thought");
    (void)attempt;
    for (size_t i = tarn_chat_length(t->chat); i-- > 0;)
        if (tarn_chat_message(t->chat, i, &m) && m.role == TARN_ASSISTANT)
            break;
    const char *text = thought ? m.thought : m.text;
    const size_t size = thought ? m.thought_size : m.text_size;
    if (m.role != TARN_ASSISTANT || !text || !t->view.live) {
        cmd_view_say(&t->view, "There is nothing to copy here.");
        return CMD_SLASH_DONE;
    }
    add_base64(&b, text, size); /* OSC 52: the terminal's clipboard */
    if (!b.failed)
        fprintf(t->view.side, "\033]52;c;%s\a", b.data ? b.data : "");
    tarn_buf_finish(&b);
    cmd_view_say(&t->view, "Copied, if the terminal allows it.");
    return CMD_SLASH_DONE;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool holds_at(const char *text, const char *part)
{
    for (; *part; text++, part++)
        if (lower(*text) != lower(*part))
            return false;
    return true;
}

static enum cmd_slash run_find(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    struct tarn_message m;
    const size_t n = strlen(rest);
    size_t found = 0;
    (void)attempt;
    for (size_t i = 0; n > 0 && tarn_chat_message(t->chat, i, &m); i++)
        for (size_t at = 0; at + n <= m.text_size; at++) {
            if (!holds_at(m.text + at, rest))
                continue;
            size_t from = at > 20 ? at - 20 : 0;
            while (from < at && (m.text[from] & 0xC0) == 0x80)
                from++;
            const size_t left = m.text_size - from;
            cmd_view_say(&t->view, "%zu %s: %s", i + 1, role_word(m.role),
                         tarn_shown(m.text + from, left < 60 ? left : 60)
                             .text);
            found++;
            break;
        }
    if (found == 0)
        cmd_view_say(&t->view, "Not found in this chat.");
    return CMD_SLASH_DONE;
}

static enum cmd_slash run_context(struct cmd_talk *t, char *rest,
                                  uint32_t *attempt)
{
    const uint32_t room = tarn_engine_context(t->ses.engine);
    (void)rest, (void)attempt;
    cmd_view_say(&t->view, "%s of %s tokens (%u%%), %s messages.",
                 cmd_count(t->n_context).text, cmd_count(room).text,
                 (unsigned)((uint64_t)t->n_context * 100 / room),
                 cmd_count(tarn_chat_length(t->chat)).text);
    return CMD_SLASH_DONE;
}

static enum cmd_slash run_quit(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    (void)t, (void)rest, (void)attempt;
    return CMD_SLASH_QUIT;
}

/* ------------------------------------------------------------------ choosing */

static enum cmd_slash run_help(struct cmd_talk *t, char *rest,
                               uint32_t *attempt);

static const struct slash COMMANDS[] = {
    { "help", "[COMMAND]", "this list, or one of them with an example",
      "/help again", run_help },
    { "new", "", "a new chat; instructions stay", "/new", run_new },
    { "open", "PATH", "go on with a chat from a .json file",
      "/open chat.json", run_open },
    { "save", "PATH", "the chat as .json or .md", "/save chat.md", run_save },
    { "again", "[budget=N temp=X seed=N]", "another branch of the last answer",
      "/again temp=0.8", run_again },
    { "edit", "[N]", "puts message N (default: the last) into the line",
      "/edit 1", run_edit },
    { "branch", "[N,+,-]", "switches to another branch", "/branch 1",
      run_branch },
    { "tree", "", "the whole chat with its branches", "/tree", run_tree },
    { "undo", "", "takes back the last turn, edit or switch", "/undo",
      run_undo },
    { "budget", "[N,none]", "the most tokens a thought may use",
      "/budget 256", run_budget },
    { "set", "[NAME [VALUE]]", "settings of the sampler", "/set temp 0.7",
      run_set },
    { "instructions", "[TEXT]", "the text placed before the first message",
      "/instructions Answer in one sentence.", run_instructions },
    { "file", "PATH", "attaches a text file to the next message",
      "/file notes.txt", run_file },
    { "thought", "[show,fold,hide]", "how thoughts are displayed",
      "/thought fold", run_thought },
    { "copy", "[thought]", "the last answer to the clipboard", "/copy",
      run_copy },
    { "find", "TEXT", "searches this chat", "/find prime", run_find },
    { "context", "", "how full the context is", "/context", run_context },
    { "quit", "", "leaves; so does Ctrl+D", "/quit", run_quit },
};
#define N_COMMANDS (sizeof COMMANDS / sizeof *COMMANDS)

static enum cmd_slash run_help(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    (void)attempt;
    rest += *rest == '/';
    bool found = false;
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char left[64];
        if (*rest && strcmp(rest, COMMANDS[i].name))
            continue;
        found = true;
        snprintf(left, sizeof left, "/%s %s", COMMANDS[i].name,
                 COMMANDS[i].form);
        cmd_view_say(&t->view, "%-32s %s", left, COMMANDS[i].does);
        if (*rest)
            cmd_view_say(&t->view, "Example: %s", COMMANDS[i].example);
    }
    if (!found)
        cmd_view_say(&t->view, "There is no command /%s.",
                     tarn_shown_str(rest).text);
    if (!*rest)
        cmd_view_say(&t->view,
                     "//text sends a line that begins with a slash. "
                     "Alt+Enter, or \\ before Enter: a new line. While the "
                     "model writes: Ctrl+C stops, Ctrl+G answers now, Ctrl+O "
                     "folds or shows thoughts.");
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
