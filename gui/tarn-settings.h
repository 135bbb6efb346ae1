/* tarn-settings.h - what the window remembers between two starts.
 *
 * A key file in the user's configuration folder.  A value that is missing or
 * makes no sense is the default; a file that cannot be read is kept as
 * window.ini.bad (W10).
 *
 * Owns: its strings.  Threads: the main one.
 */
#ifndef TARN_GUI_SETTINGS_H
#define TARN_GUI_SETTINGS_H

#include <glib.h>

typedef struct {
    int width, height;
    gboolean maximized;
    gboolean sidebar; /* beside the chat where there is room */
    gint64 chat;      /* number of the chat that was open; 0: none */
    char *draft;      /* of a chat that has no message yet */
    guint budget;     /* tokens; 0: no limit */
    char *model;      /* path; NULL: the pocket model */
    char *backend;    /* asked for on the command line, not kept; NULL: any */
    char *opening; /* the model that was being opened when the program ended */
} TarnSettings;

/* All but `backend`. */
void tarn_settings_load(TarnSettings *s);
void tarn_settings_save(const TarnSettings *s);
void tarn_settings_finish(TarnSettings *s);

#endif
