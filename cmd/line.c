/* line.c - see line.h.
 *
 * The text is bytes (valid UTF-8 or shown as U+FFFD), the cursor a byte
 * offset at a character's beginning.  After every key the whole line is drawn
 * again from the row where the prompt stands: a few hundred bytes, and right
 * whatever happened before. */
#include "cmd/line.h"

#include <string.h>
#include <unistd.h>

#include "cmd/term.h"
#include "cmd/width.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

#define MAX_HISTORY 200
#define MAX_TEXT ((size_t)8 << 20)

enum key { /* beyond bytes */
           KEY_NONE = 256,
           KEY_UP,
           KEY_DOWN,
           KEY_LEFT,
           KEY_RIGHT,
           KEY_HOME,
           KEY_END,
           KEY_DELETE,
           KEY_WORD_LEFT,
           KEY_WORD_RIGHT,
           KEY_NEW_LINE,
           KEY_PASTE,
           KEY_PASTE_END,
           KEY_STDIN_END,
           KEY_RESIZE,
           KEY_QUIT,
           KEY_INTERRUPT
};

struct cmd_line {
    struct tarn_buf text, kept, result;
    size_t cursor;
    char *history[MAX_HISTORY];
    size_t n_history, at_history;
    unsigned rows_above; /* of the cursor, below the prompt's row */
    int to;
    const char *prompt;
    bool pasting, asking;
    bool plain; /* the terminal edits, nothing is drawn */
    const char *(*complete)(void *user, const char *text);
    void *user;
    struct tarn_buf fed; /* keys not read yet */
    size_t fed_at;
};

enum tarn_status cmd_line_create(struct cmd_line **out, struct tarn_error *err)
{
    struct cmd_line *l = tarn_alloc(1, sizeof *l);
    if (!l)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the line editor");
    *out = l;
    return TARN_OK;
}

void cmd_line_destroy(struct cmd_line *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n_history; i++)
        tarn_free(l->history[i]);
    tarn_buf_finish(&l->text);
    tarn_buf_finish(&l->kept);
    tarn_buf_finish(&l->result);
    tarn_buf_finish(&l->fed);
    tarn_free(l);
}

void cmd_line_plain(struct cmd_line *l)
{
    l->plain = true;
}

void cmd_line_on_tab(struct cmd_line *l,
                     const char *(*fn)(void *user, const char *text),
                     void *user)
{
    l->complete = fn;
    l->user = user;
}

void cmd_line_feed(struct cmd_line *l, const char *keys, size_t size)
{
    tarn_buf_add(&l->fed, keys, size);
}

/* -------------------------------------------------------------------- keys */

/* The next byte, -1 if none came in time, or a key for what is no byte. */
static int next_byte(struct cmd_line *l, int timeout_ms)
{
    if (l->fed_at >= l->fed.size) {
        char bytes[4096];
        tarn_buf_clear(&l->fed);
        l->fed_at = 0;
        const unsigned seen = cmd_term_wait(true, timeout_ms);
        if (seen & CMD_TERM_QUIT)
            return KEY_QUIT;
        if (seen & CMD_TERM_INTERRUPT)
            return KEY_INTERRUPT;
        if (seen & CMD_TERM_RESIZE)
            return KEY_RESIZE;
        if (!(seen & CMD_TERM_KEYS))
            return timeout_ms < 0 ? KEY_NONE : -1;
        const size_t n = cmd_term_read(bytes, sizeof bytes);
        if (n == 0) /* a terminal that hangs up says so by a signal, too */
            return cmd_term_wait(false, 0) & CMD_TERM_QUIT ? KEY_QUIT
                                                           : KEY_STDIN_END;
        tarn_buf_add(&l->fed, bytes, n);
        if (l->fed.failed)
            return KEY_STDIN_END;
    }
    return (unsigned char)l->fed.data[l->fed_at++];
}

static enum key key_of_sequence(const char *s)
{
    static const struct {
        const char *text;
        enum key key;
    } keys[] = {
        { "[A", KEY_UP },
        { "OA", KEY_UP },
        { "[B", KEY_DOWN },
        { "OB", KEY_DOWN },
        { "[C", KEY_RIGHT },
        { "OC", KEY_RIGHT },
        { "[D", KEY_LEFT },
        { "OD", KEY_LEFT },
        { "[H", KEY_HOME },
        { "OH", KEY_HOME },
        { "[1~", KEY_HOME },
        { "[7~", KEY_HOME },
        { "[F", KEY_END },
        { "OF", KEY_END },
        { "[4~", KEY_END },
        { "[8~", KEY_END },
        { "[3~", KEY_DELETE },
        { "[1;5C", KEY_WORD_RIGHT },
        { "[1;3C", KEY_WORD_RIGHT },
        { "[1;5D", KEY_WORD_LEFT },
        { "[1;3D", KEY_WORD_LEFT },
        { "f", KEY_WORD_RIGHT },
        { "b", KEY_WORD_LEFT },
        { "\r", KEY_NEW_LINE },
        { "\n", KEY_NEW_LINE },
        { "[200~", KEY_PASTE },
        { "[201~", KEY_PASTE_END },
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(keys[i].text, s))
            return keys[i].key;
    return KEY_NONE;
}

/* After ESC: CSI and SS3 sequences to their final byte, or one more byte. */
static enum key read_sequence(struct cmd_line *l)
{
    char s[16];
    size_t n = 0;
    for (;;) {
        const int c = next_byte(l, 50);
        if (c < 0 || c > 255 || n + 2 >= sizeof s)
            return KEY_NONE;
        s[n++] = (char)c;
        s[n] = 0;
        const bool first = n == 1;
        if (first && (c == '[' || c == 'O'))
            continue;
        if (first || s[0] == 'O' || (c >= 0x40 && c < 0x7f))
            return key_of_sequence(s);
    }
}

static int next_key(struct cmd_line *l)
{
    const int c = next_byte(l, -1);
    return c == 27 ? (int)read_sequence(l) : c;
}

/* ----------------------------------------------------------------- drawing */

static void send_bytes(struct cmd_line *l, const struct tarn_buf *b)
{
    size_t at = 0;
    while (!b->failed && at < b->size) {
        const ssize_t n = write(l->to, b->data + at, b->size - at);
        if (n <= 0)
            return;
        at += (size_t)n;
    }
}

/* Where the text leads to, in rows and columns from the prompt. */
struct place {
    unsigned row, column;
};

static void advance(struct place *p, int width, unsigned columns)
{
    if (p->column + (unsigned)width > columns) {
        p->row++;
        p->column = 0;
    }
    p->column += (unsigned)width;
}

static void draw(struct cmd_line *l)
{
    struct tarn_buf b = { 0 };
    unsigned columns, rows;
    cmd_term_size(&columns, &rows);
    if (l->rows_above > 0)
        tarn_buf_printf(&b, "\033[%uA", l->rows_above);
    tarn_buf_text(&b, "\r\033[J");
    tarn_buf_text(&b, l->prompt);
    struct place p = { 0, (unsigned)strlen(l->prompt) };
    struct place cursor = p;
    const char *text = l->text.data;
    for (size_t i = 0; i < l->text.size;) {
        char shown[16];
        int width;
        if (i == l->cursor)
            cursor = p;
        if (text[i] == '\n') {
            tarn_buf_text(&b, "\r\n  ");
            p = (struct place){ p.row + 1, 2 };
            i++;
            continue;
        }
        if (text[i] == '\t') {
            tarn_buf_text(&b, "    ");
            for (int k = 0; k < 4; k++)
                advance(&p, 1, columns);
            i++;
            continue;
        }
        i += cmd_shown_char(text + i, l->text.size - i, shown, &width);
        tarn_buf_text(&b, shown);
        advance(&p, width, columns);
    }
    if (l->cursor >= l->text.size)
        cursor = p;
    /* A full last column leaves the terminal's cursor in doubt. */
    if (p.column >= columns) {
        tarn_buf_text(&b, "\r\n");
        p = (struct place){ p.row + 1, 0 };
    }
    if (cursor.column >= columns)
        cursor = (struct place){ cursor.row + 1, 0 };
    if (p.row > cursor.row)
        tarn_buf_printf(&b, "\033[%uA", p.row - cursor.row);
    tarn_buf_text(&b, "\r");
    if (cursor.column > 0)
        tarn_buf_printf(&b, "\033[%uC", cursor.column);
    l->rows_above = cursor.row;
    send_bytes(l, &b);
    tarn_buf_finish(&b);
}

/* ----------------------------------------------------------------- editing */

static void insert(struct cmd_line *l, const char *text, size_t size)
{
    const size_t tail = l->text.size - l->cursor;
    if (size > MAX_TEXT - l->text.size)
        return;
    tarn_buf_add(&l->text, text, size); /* makes room */
    if (l->text.failed)
        return;
    char *at = l->text.data + l->cursor;
    memmove(at + size, at, tail);
    memcpy(at, text, size);
    l->cursor += size;
}

static void erase(struct cmd_line *l, size_t from, size_t to)
{
    if (from >= to)
        return;
    memmove(l->text.data + from, l->text.data + to, l->text.size - to + 1);
    l->text.size -= to - from;
    l->cursor = from;
}

static void set_text(struct cmd_line *l, const char *text)
{
    tarn_buf_clear(&l->text);
    tarn_buf_text(&l->text, text);
    l->cursor = l->text.size;
}

static size_t step_left(const struct cmd_line *l, size_t at)
{
    while (at > 0 && (l->text.data[--at] & 0xC0) == 0x80)
        continue;
    return at;
}

static size_t step_right(const struct cmd_line *l, size_t at)
{
    while (at < l->text.size) {
        at++;
        if (at == l->text.size || (l->text.data[at] & 0xC0) != 0x80)
            break;
    }
    return at;
}

static bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static size_t word_left(const struct cmd_line *l, size_t at)
{
    while (at > 0 && blank(l->text.data[at - 1]))
        at--;
    while (at > 0 && !blank(l->text.data[at - 1]))
        at--;
    return at;
}

static size_t word_right(const struct cmd_line *l, size_t at)
{
    while (at < l->text.size && blank(l->text.data[at]))
        at++;
    while (at < l->text.size && !blank(l->text.data[at]))
        at++;
    return at;
}

static size_t line_begin(const struct cmd_line *l, size_t at)
{
    while (at > 0 && l->text.data[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(const struct cmd_line *l, size_t at)
{
    while (at < l->text.size && l->text.data[at] != '\n')
        at++;
    return at;
}

/* To the line above, or below, in the text; false if there is none. */
static bool move_line(struct cmd_line *l, bool up)
{
    const size_t begin = line_begin(l, l->cursor);
    const size_t end = line_end(l, l->cursor);
    if (up ? begin == 0 : end == l->text.size)
        return false;
    const size_t column = l->cursor - begin;
    const size_t other = up ? line_begin(l, begin - 1) : end + 1;
    const size_t last = line_end(l, other);
    l->cursor = other + column < last ? other + column : last;
    while (l->cursor > other && (l->text.data[l->cursor] & 0xC0) == 0x80)
        l->cursor--;
    return true;
}

static void move_history(struct cmd_line *l, bool up)
{
    if (up ? l->at_history == 0 : l->at_history == l->n_history)
        return;
    if (l->at_history == l->n_history) { /* keep what is being written */
        tarn_buf_clear(&l->kept);
        tarn_buf_add(&l->kept, l->text.data, l->text.size);
    }
    l->at_history += up ? (size_t)-1 : 1;
    set_text(l, l->at_history < l->n_history ? l->history[l->at_history]
                : l->kept.data               ? l->kept.data
                                             : "");
}

static void remember(struct cmd_line *l)
{
    if (l->n_history > 0 && !strcmp(l->history[l->n_history - 1], l->text.data))
        return;
    char *copy = tarn_dup(l->text.data, l->text.size);
    if (!copy)
        return;
    if (l->n_history == MAX_HISTORY) {
        tarn_free(l->history[0]);
        memmove(l->history, l->history + 1,
                (MAX_HISTORY - 1) * sizeof *l->history);
        l->n_history--;
    }
    l->history[l->n_history++] = copy;
}

static void complete(struct cmd_line *l)
{
    if (!l->complete || l->cursor != l->text.size || !l->text.data)
        return;
    const char *more = l->complete(l->user, l->text.data);
    if (more)
        insert(l, more, strlen(more));
}

/* Keys that move or delete; false if it is none of them. */
static bool edit_key(struct cmd_line *l, int key)
{
    const size_t at = l->cursor;
    switch (key) {
    case KEY_LEFT:
    case 'B' - 64:
        l->cursor = step_left(l, at);
        return true;
    case KEY_RIGHT:
    case 'F' - 64:
        l->cursor = step_right(l, at);
        return true;
    case KEY_WORD_LEFT:
        l->cursor = word_left(l, at);
        return true;
    case KEY_WORD_RIGHT:
        l->cursor = word_right(l, at);
        return true;
    case KEY_HOME:
    case 'A' - 64:
        l->cursor = line_begin(l, at);
        return true;
    case KEY_END:
    case 'E' - 64:
        l->cursor = line_end(l, at);
        return true;
    case KEY_DELETE:
        erase(l, at, step_right(l, at));
        return true;
    case 127:
    case 'H' - 64:
        erase(l, step_left(l, at), at);
        return true;
    case 'W' - 64:
        erase(l, word_left(l, at), at);
        return true;
    case 'U' - 64:
        erase(l, line_begin(l, at), at);
        return true;
    case 'K' - 64:
        erase(l, at, line_end(l, at));
        return true;
    case KEY_UP:
    case 'P' - 64:
        if (!move_line(l, true))
            move_history(l, true);
        return true;
    case KEY_DOWN:
    case 'N' - 64:
        if (!move_line(l, false))
            move_history(l, false);
        return true;
    case KEY_NEW_LINE:
        insert(l, "\n", 1);
        return true;
    case 'I' - 64:
        complete(l);
        return true;
    default:
        return false;
    }
}

/* What is pasted is text, whatever it holds; only its end is a key. */
static void paste_key(struct cmd_line *l, int key)
{
    const char c = (char)key;
    if (key == KEY_PASTE_END)
        l->pasting = false;
    else if (key == KEY_NEW_LINE || key == '\r')
        insert(l, "\n", 1);
    else if (key < 256 && (key >= 32 || key == '\n' || key == '\t'))
        insert(l, &c, 1);
}

/* --------------------------------------------------------------------- read */

/* Enter: sends, or begins a new line after a backslash. */
static bool enter(struct cmd_line *l)
{
    if (l->cursor > 0 && l->cursor == l->text.size &&
        l->text.data[l->cursor - 1] == '\\') {
        erase(l, l->cursor - 1, l->cursor);
        insert(l, "\n", 1);
        return false;
    }
    return true;
}

static void leave(struct cmd_line *l)
{
    struct tarn_buf b = { 0 };
    l->cursor = l->text.size;
    draw(l);
    tarn_buf_text(&b, "\033[?2004l\r\n");
    send_bytes(l, &b);
    tarn_buf_finish(&b);
    l->rows_above = 0;
    /* Not as it was found: an end of input typed before the next line would
     * arrive there as a zero byte. */
    cmd_term_set_mode(CMD_TERM_WATCH);
}

/* One key; true when *out is the result. */
static bool take_key(struct cmd_line *l, int key, enum cmd_line_result *out)
{
    const char c = (char)key;
    if (key == KEY_STDIN_END || key == KEY_QUIT) {
        *out = key == KEY_QUIT ? CMD_LINE_QUIT : CMD_LINE_END;
        return true;
    }
    if (l->pasting) {
        paste_key(l, key);
        return false;
    }
    if (key == KEY_PASTE) {
        l->pasting = true;
        return false;
    }
    if (key == 'C' - 64 || key == KEY_INTERRUPT) {
        *out = CMD_LINE_INTERRUPT;
        if (l->text.size == 0)
            return true;
        set_text(l, "");
        return false;
    }
    if (key == 'D' - 64) {
        *out = CMD_LINE_END;
        if (l->text.size == 0)
            return true;
        erase(l, l->cursor, step_right(l, l->cursor));
        return false;
    }
    if (key == 'Z' - 64) {
        cmd_term_suspend();
        l->rows_above = 0;
        return false;
    }
    *out = CMD_LINE_TEXT;
    if (key == '\r' || key == '\n')
        return enter(l);
    if (!edit_key(l, key) && key >= 32 && key < 256)
        insert(l, &c, 1);
    return false;
}

/* A line as the terminal gives it.  What there would be to edit stands above
 * it. */
static enum cmd_line_result read_plain(struct cmd_line *l, const char *begin)
{
    struct tarn_buf ask = { 0 };
    tarn_buf_clear(&l->text);
    tarn_buf_text(&l->text, "");
    if (*begin)
        tarn_buf_printf(&ask, "It was: %s\n", tarn_shown_str(begin).text);
    tarn_buf_text(&ask, l->prompt);
    cmd_term_set_mode(CMD_TERM_COOKED);
    send_bytes(l, &ask);
    tarn_buf_finish(&ask);
    for (;;) {
        int key = next_byte(l, -1);
        /* An end of input typed during the answer comes as a byte: as itself,
         * or as zero where the terminal had taken it for an end already. */
        if (key == 0 || key == 'D' - 64)
            key = KEY_STDIN_END;
        if (key == KEY_STDIN_END && l->text.size == 0)
            return CMD_LINE_END;
        if (key == KEY_QUIT)
            return CMD_LINE_QUIT;
        if (key == KEY_INTERRUPT) {
            tarn_buf_clear(&l->text);
            return CMD_LINE_INTERRUPT;
        }
        if (key == '\n' && l->text.size > 0 &&
            l->text.data[l->text.size - 1] == '\\')
            l->text.data[l->text.size - 1] = '\n';
        else if (key == '\n' || key == KEY_STDIN_END)
            return CMD_LINE_TEXT;
        else if (key < 256 && l->text.size < MAX_TEXT)
            tarn_buf_byte(&l->text, key);
        if (l->text.failed)
            return CMD_LINE_END;
    }
}

/* What was read, for the caller. */
static void give(struct cmd_line *l, const char **text, size_t *size)
{
    tarn_buf_clear(&l->result);
    tarn_buf_add(&l->result, l->text.data ? l->text.data : "", l->text.size);
    *text = l->result.data ? l->result.data : "";
    *size = l->result.size;
}

enum cmd_line_result cmd_line_read(struct cmd_line *l, int to,
                                   const char *prompt, const char *begin,
                                   const char **text, size_t *size)
{
    enum cmd_line_result result = CMD_LINE_END;
    struct tarn_buf on = { 0 };
    l->to = to;
    l->prompt = prompt;
    l->rows_above = 0;
    l->pasting = false;
    l->at_history = l->n_history;
    if (l->plain) {
        result = read_plain(l, begin);
        cmd_term_set_mode(CMD_TERM_WATCH);
        give(l, text, size);
        return result;
    }
    set_text(l, begin);
    cmd_term_set_mode(CMD_TERM_EDIT);
    tarn_buf_text(&on, "\033[?2004h");
    send_bytes(l, &on);
    tarn_buf_finish(&on);
    draw(l);
    for (;;) {
        const int key = next_key(l);
        const bool done = take_key(l, key, &result);
        if (done || l->text.failed)
            break;
        if (l->fed_at >= l->fed.size) /* else more keys are waiting */
            draw(l);
    }
    leave(l);
    if (l->text.failed) {
        tarn_buf_finish(&l->text);
        return CMD_LINE_END;
    }
    if (result == CMD_LINE_TEXT && l->text.size > 0 && !l->asking)
        remember(l);
    give(l, text, size);
    return result;
}

enum cmd_line_result cmd_line_ask(struct cmd_line *l, int to,
                                  const char *question, const char **text,
                                  size_t *size)
{
    l->asking = true;
    const enum cmd_line_result r =
        cmd_line_read(l, to, question, "", text, size);
    l->asking = false;
    return r;
}
