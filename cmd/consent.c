/* consent.c - see consent.h; with /tools. */
#include "cmd/consent.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/slash.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/text/value.h"

#define KEYS                                                                   \
    "y = once, a = these arguments in this chat, t = this tool in this chat,"  \
    " h = answer by hand, N = no"
#define KEYS_BY_HAND "This tool is not here. h = answer by hand, N = no"
#define QUESTION "Allow once? [y, a, t, h, N] "
#define QUESTION_BY_HAND "Answer by hand? [h, N] "

/* ---------------------------------------------------------------- the tools */

static const struct tarn_json *name_of(const struct tarn_json *tool)
{
    const struct tarn_json *f = tarn_json_get(tool, "function");
    return tarn_json_get(f ? f : tool, "name");
}

/* A box with the built-in tools that are not switched off. */
static enum tarn_status create_box(struct cmd_talk *t, struct tarn_error *err)
{
    struct tarn_json *doc = NULL;
    struct tarn_buf b = { 0 };
    const char *all = tarn_builtin_tools();
    uint32_t bit = 1;
    enum tarn_status s = tarn_json_read(all, strlen(all), &doc, err);
    tarn_buf_byte(&b, '[');
    for (const struct tarn_json *k = doc ? doc->first : NULL; k;
         k = k->next, bit <<= 1)
        if (!(t->tools_off & bit)) {
            tarn_buf_text(&b, b.size > 1 ? ", " : "");
            tarn_value_add(&b, k, TARN_VALUE_JSON);
        }
    tarn_buf_byte(&b, ']');
    tarn_json_free(doc);
    if (s == TARN_OK)
        s = b.failed ? tarn_fail(err, TARN_NO_MEMORY,
                                 "There was not enough memory for the tools.")
                     : tarn_toolbox_create(b.data, &t->box, err);
    tarn_buf_finish(&b);
    return s;
}

const char *cmd_consent_tools(struct cmd_talk *t)
{
    struct tarn_error err = { 0 };
    if (!t->tools)
        return NULL;
    if (!t->box && create_box(t, &err) != TARN_OK) {
        cmd_slash_error(t, &err);
        t->tools = false;
        return NULL;
    }
    return tarn_toolbox_tools(t->box);
}

static struct tarn_builtin_world world_now(void)
{
    const time_t now = time(NULL);
    struct tm local;
    struct tarn_builtin_world w = { .unix_ms = tarn_unix_ms() };
    if (localtime_r(&now, &local))
        w.utc_offset_minutes = (int)(local.tm_gmtoff / 60);
    return w;
}

/* ------------------------------------------------------------------ showing */

static void show_arguments(struct cmd_talk *t, const struct tarn_asked *a)
{
    struct tarn_json *doc = NULL;
    if (tarn_json_read(a->arguments, strlen(a->arguments), &doc, NULL) !=
            TARN_OK ||
        doc->kind != TARN_JSON_OBJECT) {
        cmd_view_text(&t->view, a->arguments, strlen(a->arguments));
    } else {
        for (const struct tarn_json *k = doc->first; k; k = k->next) {
            struct tarn_buf b = { 0 };
            tarn_buf_printf(&b, "  %.*s: ", (int)k->key_size, k->key);
            tarn_value_add(&b, k, TARN_VALUE_JSON);
            if (!b.failed)
                cmd_view_text(&t->view, b.data, b.size);
            tarn_buf_finish(&b);
        }
    }
    tarn_json_free(doc);
}

static void show_call(struct cmd_talk *t, const struct tarn_asked *a)
{
    char times[24] = "";
    if (a->times > 1)
        snprintf(times, sizeof times, " (x%u)", a->times);
    cmd_view_say(&t->view,
                 "The model wants to call %s%s:", tarn_shown_str(a->name).text,
                 times);
    show_arguments(t, a);
    if (a->offered) {
        cmd_view_say(&t->view, "It was written like this:");
        cmd_view_text(&t->view, a->written, a->written_size);
    }
    cmd_view_say(&t->view, "%s", a->effects ? a->effects : "Effects unknown.");
}

/* Foreign text in one line, or as it is. */
static void show_result(struct cmd_talk *t, const struct tarn_asked *a)
{
    static const char *const words[] = { "waits", "denied", "result",
                                         "not understood" };
    if (t->view.json) {
        struct tarn_buf b = { 0 };
        tarn_json_add_string(&b, a->result ? a->result : "",
                             a->result ? a->result_size : 0, false);
        if (!b.failed)
            fprintf(t->view.answer, "{\"e\":\"result\",\"text\":%s}\n", b.data);
        tarn_buf_finish(&b);
        return;
    }
    cmd_view_say(&t->view, "%s, %s:", tarn_shown_str(a->name).text,
                 words[a->decision]);
    if (a->result && t->view.side)
        cmd_view_text(&t->view, a->result, a->result_size);
}

/* ------------------------------------------------------------------- asking */

static enum tarn_status allow(struct cmd_talk *t, size_t i, enum tarn_allow how,
                              struct tarn_error *err)
{
    const struct tarn_builtin_world world = world_now();
    return tarn_toolbox_allow(t->box, i, how, &world, err);
}

static enum cmd_line_result read_line(struct cmd_talk *t, const char *prompt,
                                      const char **text, size_t *size)
{
    const int to = t->view.side == stdout ? STDOUT_FILENO : STDERR_FILENO;
    cmd_push(stdout);
    return cmd_line_ask(t->line, to, prompt, text, size);
}

static enum tarn_status by_hand(struct cmd_talk *t, size_t i, bool *quit,
                                struct tarn_error *err)
{
    const char *text;
    size_t size;
    const enum cmd_line_result r = read_line(t, "result> ", &text, &size);
    if (r == CMD_LINE_TEXT)
        return tarn_toolbox_answer(t->box, i, text, size, err);
    *quit = r == CMD_LINE_QUIT;
    tarn_toolbox_deny(t->box, i);
    return TARN_OK;
}

static enum tarn_status ask(struct cmd_talk *t, size_t i,
                            const struct tarn_asked *a, bool *quit,
                            struct tarn_error *err)
{
    const char *text = "";
    size_t size;
    show_call(t, a);
    cmd_view_say(&t->view, "%s", a->runs_here ? KEYS : KEYS_BY_HAND);
    const enum cmd_line_result r =
        read_line(t, a->runs_here ? QUESTION : QUESTION_BY_HAND, &text, &size);
    const char c = r == CMD_LINE_TEXT && size == 1 ? *text : 'n';
    *quit = r == CMD_LINE_QUIT;
    if (c == 'h')
        return by_hand(t, i, quit, err);
    if (a->runs_here && (c == 'y' || c == 'a' || c == 't'))
        return allow(t, i,
                     c == 'y'   ? TARN_ALLOW_ONCE
                     : c == 'a' ? TARN_ALLOW_THESE_ARGUMENTS
                                : TARN_ALLOW_TOOL,
                     err);
    tarn_toolbox_deny(t->box, i);
    return TARN_OK;
}

/* "calculator, clock": what runs here. */
static void list_tools(char *out, size_t size)
{
    const char *tools = tarn_builtin_tools();
    struct tarn_json *doc = NULL;
    size_t at = 0;
    *out = 0;
    if (tarn_json_read(tools, strlen(tools), &doc, NULL) != TARN_OK)
        return;
    for (const struct tarn_json *v = doc->first; v && at < size; v = v->next) {
        const struct tarn_json *name =
            tarn_json_get(tarn_json_get(v, "function"), "name");
        if (name && name->text)
            at += (size_t)snprintf(out + at, size - at, "%s%s",
                                   at ? ", " : "", name->text);
    }
    tarn_json_free(doc);
}

enum tarn_status cmd_consent_check(const char *allow, struct tarn_error *err)
{
    for (const char *at = allow; at;) {
        const size_t n = strcspn(at, ",");
        char name[64], all[160];
        snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : 0, at);
        if (!tarn_builtin_effects(name)) {
            list_tools(all, sizeof all);
            return tarn_fail(err, TARN_USAGE,
                             "--allow names the tool \"%s\", which is none "
                             "that runs here; these do: %s",
                             tarn_shown(at, n).text, all);
        }
        at = at[n] ? at + n + 1 : NULL;
    }
    return TARN_OK;
}

/* Where there is nobody to ask, only what --allow names is allowed. */
static bool named(const struct cmd_talk *t, const char *name)
{
    const size_t n = strlen(name);
    const char *at = t->allow ? t->allow : "";
    while (*at) {
        const size_t k = strcspn(at, ",");
        if (k == n && !memcmp(at, name, n))
            return true;
        at += k + (at[k] == ',');
    }
    return false;
}

static enum tarn_status decide(struct cmd_talk *t, size_t i,
                               const struct tarn_asked *a, bool *quit,
                               struct tarn_error *err)
{
    if (a->runs_here && (a->allowed || named(t, a->name)))
        return allow(t, i, TARN_ALLOW_ONCE, err);
    if (t->line)
        return ask(t, i, a, quit, err);
    tarn_toolbox_deny(t->box, i);
    return TARN_OK;
}

bool cmd_consent(struct cmd_talk *t, tarn_message_id message, bool *quit)
{
    struct tarn_asked a = { .size = sizeof a };
    struct tarn_error err = { 0 };
    bool go_on = false;
    if (!t->tools || !t->box || message == 0)
        return false;
    enum tarn_status s = tarn_toolbox_begin(t->box, t->chat, message, &err);
    for (size_t i = 0;
         s == TARN_OK && !*quit && tarn_toolbox_call(t->box, i, &a); i++) {
        if (a.decision == TARN_CALL_WAITS)
            s = decide(t, i, &a, quit, &err);
        if (s == TARN_OK && tarn_toolbox_call(t->box, i, &a))
            show_result(t, &a);
    }
    if (s == TARN_OK && !*quit)
        s = tarn_toolbox_finish(t->box, t->chat, &go_on, &err);
    if (s != TARN_OK)
        cmd_slash_error(t, &err);
    const tarn_message_id end = cmd_talk_end(t);
    t->last_id = end > t->last_id ? end : t->last_id;
    return s == TARN_OK && go_on && !*quit;
}

/* ------------------------------------------------------------------- /tools */

/* Tools with what they do, and which are on. */
static void say_tools(struct cmd_talk *t, const struct tarn_json *all)
{
    uint32_t bit = 1;
    for (const struct tarn_json *k = all->first; k; k = k->next, bit <<= 1) {
        const struct tarn_json *name = name_of(k);
        const char *effects = name ? tarn_builtin_effects(name->text) : NULL;
        if (name)
            cmd_view_say(&t->view, "%-14s %-3s  %s", name->text,
                         t->tools && !(t->tools_off & bit) ? "on" : "off",
                         effects ? effects : "Effects unknown.");
    }
}

/* "on", "off", both with a name behind it; false: it means nothing. */
static bool switch_tools(struct cmd_talk *t, const char *rest,
                         const struct tarn_json *all)
{
    const bool on = !strncmp(rest, "on", 2), off = !strncmp(rest, "off", 3);
    const char *name = rest + (on ? 2 : off ? 3 : 0);
    uint32_t bit = 1, every = 0, wanted = 0;
    for (const struct tarn_json *k = all->first; k; k = k->next, bit <<= 1) {
        every |= bit;
        if (*name == ' ' && name_of(k) &&
            !strcmp(name_of(k)->text, name + strspn(name, " ")))
            wanted = bit;
    }
    if ((!on && !off) || (*name && !wanted))
        return false;
    if (!*name)
        t->tools_off = 0;
    else if (on)
        t->tools_off = (t->tools ? t->tools_off : every) & ~wanted;
    else
        t->tools_off |= wanted;
    t->tools = on || (*name && t->tools && t->tools_off != every);
    tarn_toolbox_destroy(t->box); /* what was allowed goes with it */
    t->box = NULL;
    return true;
}

enum cmd_slash cmd_slash_tools(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    const char *name, *arguments, *all = tarn_builtin_tools();
    struct tarn_json *doc = NULL;
    (void)attempt;
    if (tarn_json_read(all, strlen(all), &doc, NULL) != TARN_OK) {
        cmd_view_say(&t->view, "There was not enough memory.");
        return CMD_SLASH_DONE;
    }
    if (*rest && !switch_tools(t, rest, doc))
        cmd_view_say(&t->view,
                     "\"%s\" is neither on nor off, nor one of them "
                     "with the name of a tool.",
                     tarn_shown_str(rest).text);
    say_tools(t, doc);
    tarn_json_free(doc);
    for (size_t i = 0;
         t->box && tarn_toolbox_allowed(t->box, i, &name, &arguments); i++)
        cmd_view_say(&t->view, "Allowed in this chat: %s%s%s",
                     tarn_shown_str(name).text, arguments ? " " : "",
                     arguments ? tarn_shown_str(arguments).text : "");
    cmd_view_say(&t->view, "Tools: %s (on or off).", t->tools ? "on" : "off");
    return CMD_SLASH_DONE;
}
