/* flow.h - text that arrives in pieces, set in lines on a terminal.
 *
 * A word is printed when its end is known; nothing printed is moved.  Lines
 * break at words; each begins with `prefix` and in `style`.  Foreign
 * characters are escaped.
 *
 * Owns: the word that waits.  Threads: the main one.
 */
#ifndef TARN_CMD_FLOW_H
#define TARN_CMD_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cmd_flow {
    FILE *to;
    unsigned columns;
    const char *prefix; /* of every line; "" for none */
    unsigned prefix_width;
    const char *style; /* SGR sequence or "" */
    bool markdown;     /* headings and strong bold, code indented */
    bool color;

    /* inside */
    char word[256];
    size_t n_word;
    unsigned word_width, spaces, column;
    bool in_line; /* the prefix has been printed */
    bool heading, strong, code, first_word;
};

void cmd_flow_begin(struct cmd_flow *f);
void cmd_flow_put(struct cmd_flow *f, const char *text, size_t size);
/* Prints the word that waits (its end may still come). */
void cmd_flow_flush(struct cmd_flow *f);
/* Ends the line, if one is begun, and the style. */
void cmd_flow_end(struct cmd_flow *f);

#endif
