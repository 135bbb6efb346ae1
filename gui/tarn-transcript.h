/* tarn-transcript.h - the chat column: turns below each other, and following.
 *
 * New text is followed only while the view is at the end; any scroll up ends
 * that at once, a round button takes it up again (UX 4.1.4).
 *
 * Signal "top": the view has come near the beginning of what is there.
 *
 * Owns: its turns.  Threads: the main one.
 */
#ifndef TARN_GUI_TRANSCRIPT_H
#define TARN_GUI_TRANSCRIPT_H

#include <gtk/gtk.h>

#define TARN_TYPE_TRANSCRIPT (tarn_transcript_get_type())
G_DECLARE_FINAL_TYPE(TarnTranscript, tarn_transcript, TARN, TRANSCRIPT,
                     GtkWidget)

void tarn_transcript_set_title(TarnTranscript *t, const char *title);
/* turn: TarnMessage or TarnAnswer; id: of its message. */
void tarn_transcript_append(TarnTranscript *t, guint id, GtkWidget *turn);
GtkWidget *tarn_transcript_find(TarnTranscript *t, guint id);
guint tarn_transcript_length(TarnTranscript *t);
/* Before all others; what is on the screen stays where it is. */
void tarn_transcript_prepend(TarnTranscript *t, guint id, GtkWidget *turn);
/* id of turn number `at`; 0: there is none. */
guint tarn_transcript_id(TarnTranscript *t, guint at);
/* Removes turns from number n on. */
void tarn_transcript_cut(TarnTranscript *t, guint n);
void tarn_transcript_follow(TarnTranscript *t);
/* Scrolls so that y of a widget inside a turn stands in the upper third; what
 * was made just now gets its place in the next frames. */
void tarn_transcript_show(TarnTranscript *t, GtkWidget *inside, int y);
/* Moves the view by turns (Alt+Up, Alt+Down). */
void tarn_transcript_step(TarnTranscript *t, int delta);

#endif
