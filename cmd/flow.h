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
    float bits;   /* most entropy of a token in the word that waits */
    bool heading, strong, code, first_word;
};

void cmd_flow_begin(struct cmd_flow *f);
void cmd_flow_put(struct cmd_flow *f, const char *text, size_t size);
/* A token of the word that waits had so many bits: from 0.75 it is underlined,
 * from 2 bold as well (UX 6.1.5). */
void cmd_flow_mark(struct cmd_flow *f, float bits);
/* Prints the word that waits (its end may still come). */
void cmd_flow_flush(struct cmd_flow *f);
/* Ends the line, if one is begun, and the style. */
void cmd_flow_end(struct cmd_flow *f);

#endif
