/* tarn-words.h - how the window writes numbers, and what it lets through.
 *
 * Foreign text (of a model, a file, a chat) passes tarn_words_valid() before
 * GTK sees it: invalid UTF-8 and NUL make GTK drop the whole piece (W02).
 * Long runs without a place to break, and long lines, cost GTK's layout
 * quadratic time (W03): tarn_words_break() puts marks into what is displayed,
 * tarn_words_unbreak() takes them out of what is copied.
 *
 * Owns: results are the caller's (g_free).  Threads: any.
 */
#ifndef TARN_GUI_WORDS_H
#define TARN_GUI_WORDS_H

#include <glib.h>
#include <glib/gi18n.h>

/* Same length in characters or more; never NULL. */
char *tarn_words_valid(const char *text, gssize size);

/* State of a growing text; zero at its start. */
typedef struct {
    guint run;  /* characters since the last place to break */
    guint line; /* characters since the line's start */
} TarnBreak;
/* text is valid UTF-8. */
void tarn_words_break(GString *out, const char *text, gsize size,
                      TarnBreak *state);
char *tarn_words_unbreak(const char *text);

/* "2,048" */
char *tarn_words_count(guint64 n);
/* "0.03 s", "9.3 s", "1 min 12 s", "1 h 04 min" */
char *tarn_words_duration(double ms);
/* "14.2 tok/s", from 100 on without decimals; NULL if nothing was measured */
char *tarn_words_speed(guint tokens, double ms);
/* "5.2 GB", "10 MB" */
char *tarn_words_size(guint64 bytes);
/* "14:05" today, "yesterday", "Tue", "3 May", "3 May 2026" */
char *tarn_words_date(gint64 unix_seconds);
/* "9.5 M", "8.3 B" */
char *tarn_words_params(guint64 n);

/* One line, cut to max characters with "…". */
char *tarn_words_line(const char *text, guint max);

/* Whether a click may open it: http, https, mailto (W11). */
gboolean tarn_words_link_ok(const char *address);

#endif
