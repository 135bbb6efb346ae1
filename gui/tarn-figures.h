/* tarn-figures.h - what was measured of a turn, and the lines that say it.
 *
 * Kept with the chat, so that an old turn can say it too.
 *
 * Owns: `model`.  Threads: any.
 */
#ifndef TARN_GUI_FIGURES_H
#define TARN_GUI_FIGURES_H

#include <glib.h>

typedef struct {
    char *model; /* name; owned */
    gint64 time; /* unix seconds */
    guint n_thought, n_answer;
    double thought_ms, answer_ms;
    guint reason;   /* enum tarn_stop_reason; 0: unknown */
    gboolean asked; /* "answer now" was pressed */
    gboolean cut;   /* read back unfinished: the program had ended */
    int budget;     /* tokens; below 0: none */
} TarnFigures;

void tarn_figures_finish(TarnFigures *f);
void tarn_figures_copy(TarnFigures *to, const TarnFigures *from);

/* "Thought 412 tokens in 9.3 s · stopped"; NULL where there was no thought
 * (UX 7.2). */
char *tarn_figures_thought(const TarnFigures *f);
/* "96 tokens in 2.1 s · 45.2 tok/s"; NULL if nothing was measured. */
char *tarn_figures_answer(const TarnFigures *f);

#endif
