/* markdown.c - a chat's active path as Markdown that nothing in it can break.
 *
 * Messages are Markdown themselves and stay as they are, so that they look
 * right.  What could reach past a message's end is met one by one:
 *   a code fence left open     is closed, or, where it stands in something
 *                              that makes its extent doubtful, the whole
 *                              message goes into a longer fence;
 *   a heading like one of ours gets a backslash;
 *   an HTML block at a line's beginning (<!--, <details>) gets one too: it
 *                              could hide what follows.
 * Thoughts are block quotes: nothing reaches out of those. */
#include "core/chat/chat.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

static const char *heading_of(enum tarn_role role)
{
    static const char *const headings[] = { "## Instructions", "## Message",
                                            "## Answer", "## Result" };
    return headings[(unsigned)role <= TARN_TOOL ? role : TARN_USER];
}

/* -------------------------------------------------------------- clean lines */

/* UTF-8 only, LF only, no control characters but tabs. */
static void add_clean(struct tarn_buf *b, const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        int32_t code;
        const size_t n = tarn_utf8_decode(text + i, size - i, &code);
        if (code == '\r')
            tarn_buf_byte(b, '\n');
        if (code == '\r' && i + 1 < size && text[i + 1] == '\n')
            i++;
        else if (code != '\r' && code != '\n' && code != '\t' &&
                 (code < 32 || (code >= 127 && code < 160)))
            tarn_buf_text(b, "\xEF\xBF\xBD");
        else if (code != '\r')
            tarn_buf_add(b, text + i, n);
        i += n;
    }
    while (b->size > 0 && b->data[b->size - 1] == '\n')
        b->data[--b->size] = 0;
}

struct line {
    const char *text;
    size_t size;   /* without the LF */
    size_t indent; /* spaces; a tab counts as 4 */
    const char *body;
    size_t n_body;
};

/* false at the end. */
static bool next_line(const char **at, const char *end, struct line *l)
{
    if (*at > end)
        return false;
    const char *lf = memchr(*at, '\n', (size_t)(end - *at));
    const char *stop = lf ? lf : end;
    *l = (struct line){ .text = *at, .size = (size_t)(stop - *at) };
    const char *p = *at;
    for (; p < stop && (*p == ' ' || *p == '\t'); p++)
        l->indent += *p == '\t' ? 4 : 1;
    l->body = p;
    l->n_body = (size_t)(stop - p);
    *at = stop + 1;
    return true;
}

static size_t run_of(const char *text, size_t size, char c)
{
    size_t n = 0;
    while (n < size && text[n] == c)
        n++;
    return n;
}

/* ------------------------------------------------------------------ fences */

struct fence {
    char c;        /* 0: none is open */
    size_t n;      /* its length */
    size_t indent; /* of the line that opened it */
};

/* Behind list markers: "- ```" begins a fence too. */
static void skip_markers(struct line *l)
{
    for (;;) {
        size_t n = 0;
        while (n < l->n_body && n < 9 && l->body[n] >= '0' && l->body[n] <= '9')
            n++;
        const char *marks = n > 0 ? ".)" : "-*+";
        if (n >= l->n_body || !strchr(marks, l->body[n]) || !l->body[n])
            return;
        size_t gap = run_of(l->body + n + 1, l->n_body - n - 1, ' ');
        if (gap == 0)
            return;
        l->body += n + 1 + gap;
        l->n_body -= n + 1 + gap;
        l->indent += n + 1 + gap;
    }
}

static bool opens(const struct line *l, struct fence *f)
{
    const char c = l->n_body > 0 ? l->body[0] : 0;
    const size_t n = run_of(l->body, l->n_body, c);
    if ((c != '`' && c != '~') || n < 3)
        return false;
    if (c == '`' && memchr(l->body + n, '`', l->n_body - n))
        return false;
    *f = (struct fence){ c, n, l->indent };
    return true;
}

static bool closes(const struct line *l, const struct fence *f)
{
    const size_t n = run_of(l->body, l->n_body, f->c);
    return n >= f->n &&
           run_of(l->body + n, l->n_body - n, ' ') == l->n_body - n;
}

enum extent { CLOSED, OPEN, DOUBTFUL };

/* One line further.  A fence that is not at the margin is clear only if all
 * lines up to its end stand at least as far in as it does. */
static enum extent step(struct line *l, struct fence *f)
{
    if (f->c == 0) {
        if (l->n_body > 0 && l->body[0] == '>' && l->indent < 4)
            return CLOSED; /* what is quoted stays in the quote */
        skip_markers(l);
        opens(l, f);
        return f->c ? OPEN : CLOSED;
    }
    if (closes(l, f) &&
        (f->indent == 0 ? l->indent < 4 : l->indent == f->indent)) {
        f->c = 0;
        return CLOSED;
    }
    const bool inside = l->n_body == 0 || l->indent >= f->indent;
    return inside && !(closes(l, f) && f->indent > 0) ? OPEN : DOUBTFUL;
}

static enum extent extent_of(const char *text, size_t size, struct fence *f)
{
    const char *at = text;
    struct line l;
    *f = (struct fence){ 0 };
    while (next_line(&at, text + size, &l))
        if (step(&l, f) == DOUBTFUL)
            return DOUBTFUL;
    return f->c == 0 ? CLOSED : f->indent == 0 ? OPEN : DOUBTFUL;
}

/* -------------------------------------------------------------------- lines */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A tag, a comment or the like; not <https://...>. */
static bool begins_html(const struct line *l)
{
    if (l->n_body < 2 || l->body[0] != '<')
        return false;
    size_t i = 1;
    while (i < l->n_body && is_letter(l->body[i]))
        i++;
    if (i > 1)
        return i >= l->n_body || l->body[i] != ':';
    return l->body[1] == '!' || l->body[1] == '?' || l->body[1] == '/';
}

/* Is the line one of our headings' words alone?  Underlined it would be that
 * heading. */
static bool is_heading_word(const struct line *l)
{
    size_t n = l->n_body;
    while (n > 0 && (l->body[n - 1] == ' ' || l->body[n - 1] == '\t'))
        n--;
    for (int r = TARN_SYSTEM; r <= TARN_TOOL; r++) {
        const char *word = heading_of((enum tarn_role)r) + 3;
        if (n == strlen(word) && memcmp(l->body, word, n) == 0)
            return true;
    }
    return false;
}

static bool needs_backslash(const struct line *l, bool after_word)
{
    if (begins_html(l) || (after_word && l->n_body > 0 &&
                           (l->body[0] == '-' || l->body[0] == '=')))
        return true;
    for (int r = TARN_SYSTEM; r <= TARN_TOOL; r++) {
        const char *h = heading_of((enum tarn_role)r);
        if (l->n_body >= strlen(h) && memcmp(l->body, h, strlen(h)) == 0)
            return true;
    }
    return false;
}

static void add_lines(struct tarn_buf *b, const char *text, size_t size)
{
    const char *at = text;
    struct fence f = { 0 };
    struct line l;
    bool after_word = false;
    while (next_line(&at, text + size, &l)) {
        const struct line raw = l;
        const bool in_code = f.c != 0;
        step(&l, &f);
        const bool mark =
            !in_code && raw.indent < 4 && needs_backslash(&l, after_word);
        after_word = is_heading_word(&l);
        tarn_buf_add(b, raw.text, (size_t)(l.body - raw.text));
        tarn_buf_text(b, mark ? "\\" : "");
        tarn_buf_add(b, l.body, l.n_body);
        tarn_buf_byte(b, '\n');
    }
    for (size_t i = 0; f.c && i < f.n; i++)
        tarn_buf_byte(b, f.c);
    if (f.c)
        tarn_buf_byte(b, '\n');
}

/* The whole in a fence that is longer than any in it. */
static void add_fenced(struct tarn_buf *b, const char *text, size_t size)
{
    size_t longest = 3;
    for (size_t i = 0; i < size; i++) {
        const size_t n = run_of(text + i, size - i, '`');
        longest = n > longest ? n : longest;
        i += n;
    }
    for (size_t i = 0; i <= longest; i++)
        tarn_buf_byte(b, '`');
    tarn_buf_byte(b, '\n');
    tarn_buf_add(b, text, size);
    tarn_buf_byte(b, '\n');
    for (size_t i = 0; i <= longest; i++)
        tarn_buf_byte(b, '`');
    tarn_buf_byte(b, '\n');
}

static void add_quoted(struct tarn_buf *b, const char *text, size_t size)
{
    const char *at = text;
    struct line l;
    while (next_line(&at, text + size, &l)) {
        tarn_buf_text(b, l.size > 0 ? "> " : ">");
        tarn_buf_add(b, l.text, l.size);
        tarn_buf_byte(b, '\n');
    }
}

static void add_part(struct tarn_buf *b, const char *text, size_t size,
                     bool quoted)
{
    struct tarn_buf clean = { 0 };
    struct fence f;
    add_clean(&clean, text, size);
    if (clean.size > 0) {
        tarn_buf_byte(b, '\n');
        if (quoted)
            add_quoted(b, clean.data, clean.size);
        else if (extent_of(clean.data, clean.size, &f) == DOUBTFUL)
            add_fenced(b, clean.data, clean.size);
        else
            add_lines(b, clean.data, clean.size);
    }
    b->failed |= clean.failed;
    tarn_buf_finish(&clean);
}

enum tarn_status tarn_chat_markdown(const struct tarn_chat *chat, bool thoughts,
                                    char **out, size_t *size,
                                    struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    struct tarn_message m;
    tarn_buf_text(&b, "# Chat\n");
    for (size_t i = 0; tarn_chat_message(chat, i, &m); i++) {
        tarn_buf_printf(&b, "\n%s\n", heading_of(m.role));
        if (thoughts && m.thought)
            add_part(&b, m.thought, m.thought_size, true);
        add_part(&b, m.text, m.text_size, false);
    }
    const size_t n = b.size;
    *out = tarn_buf_take(&b);
    if (!*out)
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory to write the chat.");
    *size = n;
    return TARN_OK;
}
