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

enum tarn_thoughts {
    TARN_THOUGHTS_LIVE,
    TARN_THOUGHTS_FOLDED,
    TARN_THOUGHTS_OPEN
};
enum tarn_kv { TARN_KV_F16, TARN_KV_F32, TARN_KV_Q8_0 };
enum tarn_scheme { TARN_SCHEME_SYSTEM, TARN_SCHEME_LIGHT, TARN_SCHEME_DARK };

typedef struct {
    int width, height;
    gboolean maximized;
    gboolean sidebar; /* beside the chat where there is room */
    gint64 chat;      /* number of the chat that was open; 0: none */
    char *draft;      /* of a chat that has no message yet */
    int budget;       /* tokens of a thought; below 0: no limit */
    guint thoughts;   /* enum tarn_thoughts */
    gboolean keep_loops;
    gboolean tools; /* the model is told of the built-in ones */
    double temperature, repeat_penalty; /* below 0: as the model's file says */
    int top_k;                          /* the same */
    gint64 seed;                        /* below 0: new in each turn */
    guint context;                      /* tokens; 0: as the program decides */
    guint kv;                           /* enum tarn_kv */
    guint scheme;                       /* enum tarn_scheme */
    gboolean ctrl_sends;                /* Return makes a new line */
    char *model;                        /* path; NULL: the pocket model */
    char *backend; /* asked for on the command line, not kept; NULL: any */
    char *opening; /* the model that was being opened when the program ended */
} TarnSettings;

/* What Settings shows, all of it, as on a fresh start. */
void tarn_settings_reset(TarnSettings *s);
/* All but `backend`. */
void tarn_settings_load(TarnSettings *s);
void tarn_settings_save(const TarnSettings *s);
void tarn_settings_finish(TarnSettings *s);
/* A file of them, or of something like them (what: "settings"); one that is no
 * key file is put aside as NAME.bad.  k stays empty where there is none. */
void tarn_settings_read_file(GKeyFile *k, const char *name, const char *what);
/* Only what a turn is made with: budget, loops, tools, sampling, seed. */
void tarn_settings_read_turn(TarnSettings *s, GKeyFile *k, const char *group);
void tarn_settings_write_turn(const TarnSettings *s, GKeyFile *k,
                              const char *group);

#endif
