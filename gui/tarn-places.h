/* tarn-places.h - where the program's own files lie.
 *
 * Threads: any.
 */
#ifndef TARN_GUI_PLACES_H
#define TARN_GUI_PLACES_H

#include <glib.h>

/* The small model that ships: TARN_POCKET, else beside the program in a build
 * tree, else below the prefix.  NULL: not found.  Owned by the caller. */
char *tarn_places_pocket(void);
/* The folder of the running program; owned by the caller. */
char *tarn_places_program(void);

#endif
