/* tarn-presets.h - a name for instructions, settings of a turn and tools
 * together.
 *
 * A key file in the user's configuration folder, a group for each.  One that
 * cannot be read is kept as presets.ini.bad.
 *
 * Owns: nothing.  Threads: the main one.
 */
#ifndef TARN_GUI_PRESETS_H
#define TARN_GUI_PRESETS_H

#include "gui/tarn-settings.h"

/* Sorted; owned by the caller. */
char **tarn_presets_names(void);
/* One of that name is replaced.  instructions: NULL: none.  FALSE: it could not
 * be written; *reason: owned, a clause. */
gboolean tarn_presets_save(const char *name, const char *instructions,
                           const TarnSettings *s, char **reason);
/* *instructions: owned, NULL where it has none; of s only what a turn is made
 * with.  FALSE: there is none of that name. */
gboolean tarn_presets_take(const char *name, char **instructions,
                           TarnSettings *s);
/* Until the next one goes it can come back. */
void tarn_presets_remove(const char *name);
void tarn_presets_restore(void);

#endif
