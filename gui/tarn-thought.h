/* tarn-thought.h - a thought: watched while it is written, then one line.
 *
 * Plain text, whatever is in it (UX 4.3.1).  It folds by itself when it
 * closes, unless a person has touched it.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_THOUGHT_H
#define TARN_GUI_THOUGHT_H

#include <gtk/gtk.h>

#include "gui/tarn-figures.h"

#define TARN_TYPE_THOUGHT (tarn_thought_get_type())
G_DECLARE_FINAL_TYPE(TarnThought, tarn_thought, TARN, THOUGHT, GtkBox)

GtkWidget *tarn_thought_new(void);
/* enum tarn_thoughts: while it arrives (default), folded, open. */
void tarn_thought_set_how(TarnThought *t, guint how);
/* Text arrives: open, with a counting head and "Answer now". */
void tarn_thought_begin(TarnThought *t, int budget);
void tarn_thought_append(TarnThought *t, const char *text, gsize size);
void tarn_thought_count(TarnThought *t, guint n_tokens, double ms);
/* Done: the summary line, folded unless a person has touched it. */
void tarn_thought_finish(TarnThought *t, const TarnFigures *f);
void tarn_thought_set_open(TarnThought *t, gboolean open);
gboolean tarn_thought_get_open(TarnThought *t);

#endif
