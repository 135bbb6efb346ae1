/* slash_text.c - commands that bring text in or out: chats and files,
 * clipboard, search. */
#include <stdlib.h>
#include <string.h>

#include "cmd/shelf.h"
#include "cmd/slash.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

#define MAX_ATTACHED ((size_t)4 << 20)

/* ------------------------------------------------------------------- chats */

/* What was allowed was allowed in that chat. */
static void drop_box(struct cmd_talk *t)
{
    tarn_toolbox_destroy(t->box);
    t->box = NULL;
}

enum cmd_slash cmd_slash_new(struct cmd_talk *t, char *rest, uint32_t *attempt)
{
    struct tarn_message first = { 0 };
    struct tarn_chat *chat = NULL;
    struct tarn_error err = { 0 };
    (void)rest, (void)attempt;
    if (tarn_chat_create(&chat, &err) != TARN_OK) {
        cmd_slash_error(t, &err);
        return CMD_SLASH_DONE;
    }
    /* Instructions stay for the next chat. */
    if (tarn_chat_message(t->chat, 0, &first) && first.role == TARN_SYSTEM &&
        tarn_chat_add(chat, TARN_SYSTEM, first.text, first.text_size, NULL,
                      &err) != TARN_OK) {
        cmd_slash_error(t, &err);
        tarn_chat_destroy(chat);
        return CMD_SLASH_DONE;
    }
    tarn_chat_destroy(t->chat);
    t->chat = chat;
    t->last_id = cmd_talk_end(t);
    t->n_undo = 0;
    t->n_context = 0;
    cmd_records_forget(&t->records);
    cmd_shelf_forget(t);
    drop_box(t);
    tarn_buf_clear(&t->attached);
    cmd_view_say(&t->view, "A new chat.");
    return CMD_SLASH_DONE;
}

enum cmd_slash cmd_slash_open(struct cmd_talk *t, char *rest, uint32_t *attempt)
{
    struct tarn_chat *chat = NULL;
    struct tarn_error err = { 0 };
    char *text = NULL, *end = NULL, kept[1200] = "";
    size_t size;
    (void)attempt;
    const unsigned long n = strtoul(rest, &end, 10);
    if (!*end) { /* a number of /chats */
        if (!cmd_shelf_path(t, n, kept, sizeof kept))
            return CMD_SLASH_DONE;
        rest = kept;
    }
    enum tarn_status s =
        tarn_file_read(rest, CMD_MAX_MESSAGE, &text, &size, &err);
    if (s == TARN_OK)
        s = tarn_chat_from_json(text, size, &chat, &err);
    if (s == TARN_OK) {
        cmd_shelf_forget(t);
        cmd_shelf_read_title(t, text, size);
        if (!tarn_chat_lost(chat)) /* or else that file stays as it is */
            snprintf(t->file, sizeof t->file, "%s", kept);
    }
    tarn_free(text);
    if (s != TARN_OK) {
        tarn_error_prefix(&err, rest);
        cmd_slash_error(t, &err);
        return CMD_SLASH_DONE;
    }
    tarn_chat_destroy(t->chat);
    t->chat = chat;
    t->last_id = cmd_talk_end(t);
    t->n_undo = 0;
    t->n_context = 0;
    cmd_records_forget(&t->records);
    drop_box(t);
    cmd_view_say(&t->view, "%s messages read.",
                 tarn_count(tarn_chat_length(chat)).text);
    if (tarn_chat_lost(chat))
        cmd_view_say(&t->view, "%s", tarn_chat_lost(chat));
    return CMD_SLASH_DONE;
}

static void add_html(struct tarn_buf *b, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] == '<')
            tarn_buf_text(b, "&lt;");
        else if (text[i] == '&')
            tarn_buf_text(b, "&amp;");
        else if (text[i] != 0)
            tarn_buf_byte(b, text[i]);
}

/* For printing: the texts as they are, thoughts apart, no markup of theirs. */
static enum tarn_status chat_html(struct cmd_talk *t, char **out, size_t *size,
                                  struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    struct tarn_message m;
    const char *title = t->title[0] ? t->title : "tarn chat";
    tarn_buf_text(&b, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">"
                      "<title>");
    add_html(&b, title, strlen(title));
    tarn_buf_text(&b,
                  "</title><style>body{font:1em/1.55 sans-serif;max-width:72ch;"
                  "margin:2em auto}div{white-space:pre-wrap;overflow-wrap:"
                  "anywhere}.thought{color:#3a3a3a;border-left:3px solid "
                  "#8c8c8c;padding-left:1em;margin-bottom:1em}</style></head>"
                  "<body>\n");
    for (size_t i = 0; tarn_chat_message(t->chat, i, &m); i++) {
        tarn_buf_printf(&b, "<h2>%s</h2>\n", cmd_slash_role(m.role));
        if (m.thought && t->view.thought == CMD_THOUGHT_SHOW) {
            tarn_buf_text(&b, "<div class=\"thought\">");
            add_html(&b, m.thought, m.thought_size);
            tarn_buf_text(&b, "</div>\n");
        }
        tarn_buf_text(&b, "<div>");
        add_html(&b, m.text, m.text_size);
        tarn_buf_text(&b, "</div>\n");
    }
    tarn_buf_text(&b, "</body></html>\n");
    *size = b.size;
    *out = tarn_buf_take(&b);
    return *out ? TARN_OK
                : tarn_fail(err, TARN_NO_MEMORY,
                            "There was not enough memory to write the chat.");
}

enum cmd_slash cmd_slash_save(struct cmd_talk *t, char *rest, uint32_t *attempt)
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
    else if (dot && !strcmp(dot, ".html"))
        s = chat_html(t, &text, &size, &err);
    else
        s = tarn_fail(&err, TARN_USAGE,
                      "Name a file that ends in .json, .md or .html.");
    if (s == TARN_OK) {
        s = tarn_file_write(rest, text, size, &err);
        if (s != TARN_OK)
            tarn_error_prefix(&err, rest);
    }
    tarn_text_free(text);
    if (s == TARN_OK)
        cmd_view_say(&t->view, "Saved to %s.", tarn_shown_str(rest).text);
    else
        cmd_slash_error(t, &err);
    return CMD_SLASH_DONE;
}

/* ------------------------------------------------------------ text in and out
 */

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
    enum tarn_status s =
        tarn_text_encode(tarn_model_text(t->ses.model), text, size, &ids, err);
    const uint32_t room = tarn_engine_context(t->ses.engine);
    const uint64_t left = room > t->n_context ? room - t->n_context : 0;
    if (s == TARN_OK && ids.n > left)
        s = tarn_fail(err, TARN_LIMIT,
                      "%s is %s tokens long and %s are free. Attach a shorter "
                      "part of it.",
                      tarn_shown_str(name).text, tarn_count(ids.n).text,
                      tarn_count(left).text);
    if (s == TARN_OK)
        cmd_view_say(&t->view, "%s (%s tokens) goes with the next message.",
                     tarn_shown_str(name).text, tarn_count(ids.n).text);
    tarn_ids_finish(&ids);
    return s;
}

enum cmd_slash cmd_slash_file(struct cmd_talk *t, char *rest, uint32_t *attempt)
{
    struct tarn_error err = { 0 };
    char *text = NULL;
    size_t size = 0;
    (void)attempt;
    enum tarn_status s = tarn_file_read(rest, MAX_ATTACHED, &text, &size, &err);
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
        cmd_slash_error(t, &err);
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
            tarn_buf_byte(b,
                          i + k > size ? '=' : digits[v >> (18 - 6 * k) & 63]);
    }
}

enum cmd_slash cmd_slash_copy(struct cmd_talk *t, char *rest, uint32_t *attempt)
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

enum cmd_slash cmd_slash_find(struct cmd_talk *t, char *rest, uint32_t *attempt)
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
            cmd_view_say(&t->view, "%zu %s: %s", i + 1, cmd_slash_role(m.role),
                         tarn_shown(m.text + from, left < 60 ? left : 60).text);
            found++;
            break;
        }
    if (found == 0)
        cmd_view_say(&t->view, "Not found in this chat.");
    return CMD_SLASH_DONE;
}
