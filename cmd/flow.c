/* flow.c - see flow.h. */
#include "cmd/flow.h"

#include <string.h>

#include "cmd/width.h"
#include "core/base/utf8.h"

#define RESET "\033[0m"
#define BOLD "\033[1m"

void cmd_flow_begin(struct cmd_flow *f)
{
    f->n_word = f->word_width = f->spaces = f->column = 0;
    f->bits = 0;
    f->in_line = f->heading = f->strong = f->code = false;
    f->first_word = true;
}

static void styled(const struct cmd_flow *f, const char *sgr)
{
    if (f->color)
        fputs(sgr, f->to);
}

static void begin_line(struct cmd_flow *f)
{
    if (f->in_line)
        return;
    f->in_line = true;
    styled(f, f->style);
    fputs(f->prefix, f->to);
    f->column = f->prefix_width;
    if (f->heading || f->strong)
        styled(f, BOLD);
}

static void end_line(struct cmd_flow *f)
{
    begin_line(f); /* an empty line has its prefix too */
    if (*f->style || f->heading || f->strong)
        styled(f, RESET);
    fputc('\n', f->to);
    f->in_line = false;
}

static bool is_fence(const struct cmd_flow *f)
{
    return f->n_word >= 3 &&
           (!memcmp(f->word, "```", 3) || !memcmp(f->word, "~~~", 3));
}

static bool is_heading(const struct cmd_flow *f)
{
    size_t n = 0;
    while (n < f->n_word && f->word[n] == '#')
        n++;
    return n > 0 && n <= 6 && n == f->n_word;
}

/* The word, and bold from each `**` to the next. */
static void print_word(struct cmd_flow *f)
{
    for (size_t i = 0; i < f->n_word; i++) {
        const bool mark = f->markdown && !f->code && i + 1 < f->n_word &&
                          f->word[i] == '*' && f->word[i + 1] == '*';
        if (!mark) {
            fputc(f->word[i], f->to);
            continue;
        }
        if (!f->strong)
            styled(f, BOLD);
        fputs("**", f->to);
        if (f->strong && !f->heading)
            styled(f, RESET);
        f->strong = !f->strong;
        i++;
    }
}

#define SOME_BITS 0.75f /* levels 3 and 5 of UX 3.2 */
#define MANY_BITS 2.0f

static void begin_mark(struct cmd_flow *f)
{
    if (f->bits >= SOME_BITS)
        styled(f, f->bits >= MANY_BITS ? "\033[1;4m" : "\033[4m");
}

static void end_mark(struct cmd_flow *f)
{
    if (f->bits >= SOME_BITS) {
        styled(f, RESET);
        styled(f, f->style);
        if (f->heading || f->strong)
            styled(f, BOLD);
    }
    f->bits = 0;
}

void cmd_flow_mark(struct cmd_flow *f, float bits)
{
    if (f->n_word > 0 && bits > f->bits)
        f->bits = bits;
}

void cmd_flow_flush(struct cmd_flow *f)
{
    if (f->n_word == 0)
        return;
    if (f->markdown && f->first_word) {
        const bool fence = is_fence(f);
        if (fence)
            f->code = !f->code;
        f->heading = !f->code && !fence && is_heading(f);
        if (f->code || fence)
            f->spaces += 4;
    }
    f->first_word = false;
    if (!f->code && f->in_line && f->column > f->prefix_width &&
        f->column + f->spaces + f->word_width > f->columns) {
        end_line(f);
        f->spaces = 0;
    }
    begin_line(f);
    for (; f->spaces > 0; f->spaces--, f->column++)
        fputc(' ', f->to);
    begin_mark(f);
    print_word(f);
    end_mark(f);
    f->column += f->word_width;
    f->n_word = f->word_width = 0;
}

static void put_char(struct cmd_flow *f, const char *text, size_t size)
{
    char shown[16];
    int width;
    if (*text == '\n') {
        cmd_flow_flush(f);
        f->spaces = 0;
        end_line(f);
        f->heading = f->strong = false;
        f->first_word = true;
        return;
    }
    if (*text == ' ' || *text == '\t') {
        cmd_flow_flush(f);
        f->spaces += *text == ' ' ? 1 : 4;
        return;
    }
    cmd_shown_char(text, size, shown, &width);
    const size_t n = strlen(shown);
    /* Scripts without spaces break between any two characters. */
    if (width == 2 || f->n_word + n > sizeof f->word ||
        f->word_width + (unsigned)width + f->prefix_width > f->columns)
        cmd_flow_flush(f);
    memcpy(f->word + f->n_word, shown, n);
    f->n_word += n;
    f->word_width += (unsigned)width;
}

void cmd_flow_put(struct cmd_flow *f, const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        int32_t code;
        const size_t n = tarn_utf8_decode(text + i, size - i, &code);
        put_char(f, text + i, n);
        i += n;
    }
}

void cmd_flow_end(struct cmd_flow *f)
{
    cmd_flow_flush(f);
    if (f->in_line)
        end_line(f);
    cmd_flow_begin(f);
}
