/* tarn-answer.h - a turn of the model: name, thought, answer, figures.
 *
 *     a = tarn_answer_new(id, "Pocket");
 *     tarn_answer_begin(a, budget);              // it will grow
 *     tarn_answer_text(a, TARN_SPAN_..., ...);   // many times a frame
 *     tarn_answer_frame(a);                      // once a frame
 *     tarn_answer_finish(a, &figures);
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_ANSWER_H
#define TARN_GUI_ANSWER_H

#include "gui/tarn-cull-box.h"
#include "gui/tarn-figures.h"

#define TARN_TYPE_ANSWER (tarn_answer_get_type())
G_DECLARE_FINAL_TYPE(TarnAnswer, tarn_answer, TARN, ANSWER, TarnCullBox)

GtkWidget *tarn_answer_new(guint id, const char *model);
/* budget: below 0: none. */
void tarn_answer_begin(TarnAnswer *a, int budget);
/* It will be made anew when all that it says has been told once more; until
 * then it stays as it is, without its notes and buttons. */
void tarn_answer_go_on(TarnAnswer *a);
/* enum tarn_thoughts; before anything is shown. */
void tarn_answer_set_thoughts(TarnAnswer *a, guint how);
/* Tokens of the message read so far; a determinate bar (UX 4.3.4). */
void tarn_answer_reading(TarnAnswer *a, guint64 done, guint64 total);
/* span: enum tarn_span_kind; a call is shown as it was written. */
void tarn_answer_text(TarnAnswer *a, guint span, const char *text, gsize size);
void tarn_answer_count(TarnAnswer *a, guint n_thought, double ms);
/* The thought is closed; what follows is the answer. */
void tarn_answer_thought_done(TarnAnswer *a, const TarnFigures *f);
/* FALSE: something is left for a later frame. */
gboolean tarn_answer_frame(TarnAnswer *a);
void tarn_answer_finish(TarnAnswer *a, const TarnFigures *f);
/* A line below the answer (MN02 ...), with a button or NULL; target: floating
 * or NULL. */
void tarn_answer_note(TarnAnswer *a, const char *text, gboolean error,
                      const char *button, const char *action, GVariant *target);
void tarn_answer_clear_notes(TarnAnswer *a);
/* Calls of tools: cards in place of the text that was written. */
void tarn_answer_clear_calls(TarnAnswer *a);
void tarn_answer_add_card(TarnAnswer *a, GtkWidget *card);
void tarn_answer_set_branch(TarnAnswer *a, guint at, guint n);
void tarn_answer_open_thought(TarnAnswer *a);
void tarn_answer_toggle_thought(TarnAnswer *a);
/* Markdown of the answer, or with the thought as a quote before it; owned. */
char *tarn_answer_copy(TarnAnswer *a, gboolean thought);

#endif
